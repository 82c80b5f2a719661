"""A server in three lines. Without accounts it only takes new files, into the folder `received`."""

from secure_file_transfer import SecureFileTransferServer

server = SecureFileTransferServer(host="127.0.0.1", port=12345, certfile="server_cert.pem", keyfile="server_key.pem")
server.start()
