"""Send one file, then three at once, to a server on this machine that takes anonymous uploads.

The server is the one of `server.py`; `ca_cert.pem` is the authority that its certificate comes from.
"""

from secure_file_transfer import SecureFileTransferClient

client = SecureFileTransferClient(host="127.0.0.1", port=12345, cafile="ca_cert.pem")
client.send_file("example.txt")
client.send_files_in_parallel(["file1.txt", "file2.txt", "file3.txt"])
