"""What every door stands on: sockets that listen, and TLS as this server speaks it."""

import os
import socket
import ssl
from pathlib import Path

from ..errors import ConfigurationError

# TLS 1.2 only with forward secrecy and authenticated encryption (RFC 9325); TLS 1.3 has nothing else.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


def tls_context(
    certfile: Path,
    keyfile: Path,
    client_cafile: Path | None = None,
    device_cas: str | None = None,
    *,
    alpn: str = "http/1.1",
) -> ssl.SSLContext:
    """TLS 1.2 or newer, for the protocol that `alpn` names.

    With `client_cafile` only peers with a certificate from there get in.

    With `device_cas` (PEM) peers are asked for a certificate of these authorities; who has none gets in as well, and
    what that is good for is decided later: a device that is about to enrol has none yet.

    Raises:
        ConfigurationError: the files cannot be read, or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols([alpn])
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        # An encrypted key would make OpenSSL ask on the terminal, where nobody may be.
        context.load_cert_chain(certfile, keyfile, password=lambda: "")
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"The certificate {certfile} and the key {keyfile} cannot be used: {error}",
            hint="Both must be PEM files that belong together, and the key must not be encrypted.",
        ) from error
    if client_cafile is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_verify_locations(client_cafile)
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"The client certificate authority {client_cafile} cannot be used: {error}",
                hint="It must be a PEM file with one CA certificate or more.",
            ) from error
    elif device_cas is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
        # Our authority may be an intermediate one: what it signed is good, what others under the same root did is not.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=device_cas)
    return context


def bind(
    host: str,
    port: int,
    *,
    fault: str = "Cannot listen",
    hint: str = "Choose another address or port, or stop what uses it.",
) -> list[socket.socket]:
    """Sockets on every address of `host`, all on the same port; 0 lets the system choose one.

    Raises:
        ConfigurationError: the address is not ours, or the port is taken or needs more privileges; in these words.
    """
    sockets: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, proto, _, address in dict.fromkeys(found):
            sock = socket.socket(family, kind, proto)
            sockets.append(sock)
            if os.name == "posix":  # on Windows the option would let others take the port away
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(len(found) > 1))
            chosen = sockets[0].getsockname()[1] if len(sockets) > 1 else port
            sock.bind((address[0], chosen, *address[2:]))
            sock.setblocking(False)
    except OSError as error:
        for sock in sockets:
            sock.close()
        raise ConfigurationError(
            f"{fault} on {host or '*'} port {port}: {error.strerror or error}",
            hint=hint,
        ) from error
    return sockets
