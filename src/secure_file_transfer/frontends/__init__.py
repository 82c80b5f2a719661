"""What people touch: the command line and the desktop app. They know the client and the server's face, no more."""
