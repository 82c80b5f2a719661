"""`sft shell`: many commands over one connection, in the words of Unix and in those of FTP."""
