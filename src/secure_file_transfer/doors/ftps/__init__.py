"""The FTPS door: FTP over TLS (RFC 959, 2228, 2389, 2428, 3659, 4217) for programs that speak nothing newer."""
