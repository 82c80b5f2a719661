"""What the door knows of TLS besides bytes: which context new connections get, and which certificate a peer showed.

uvicorn does not hand the peer's certificate to the application. Here it becomes the TLS extension of ASGI, in one
place, once for each connection.
"""

import base64
import binascii
import ssl
from asyncio import BaseTransport
from collections.abc import Mapping, Sequence
from typing import Any, Self

from cryptography import x509

from ...errors import InvalidRequestError
from .addresses import BY_PROXY

_VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}
_FIELD = b"client-cert"


class SwitchedContext(ssl.SSLContext):
    """A server's TLS settings that can be replaced while it runs: every new connection gets the `current` ones.

    Loading another certificate into a context that is in use would leave it without one when key and certificate do
    not fit; and nothing else of it, such as which authorities of clients it knows, could be taken back.
    """

    current: ssl.SSLContext

    def __new__(cls, current: ssl.SSLContext) -> Self:
        """One that begins with these settings."""
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made.current = current
        return made

    def __init__(self, current: ssl.SSLContext) -> None:
        """See `__new__`, where the standard library makes its contexts."""

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """What asyncio and uvloop call at the begin of each connection."""
        return self.current.wrap_bio(*arguments, **options)


def tls_extension(transport: BaseTransport) -> dict[str, Any] | None:
    """The `tls` extension of ASGI (version 0.2) for a connection; None when it has no TLS.

    The chain holds the peer's own certificate only: that is all that Python tells of it before version 3.13.
    """
    tls = transport.get_extra_info("ssl_object")
    if tls is None:
        return None
    der = tls.getpeercert(binary_form=True)
    return {
        "server_cert": None,
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(der)] if der else [],
        "client_cert_name": x509.load_der_x509_certificate(der).subject.rfc4514_string() if der else None,
        "client_cert_error": None,
        "tls_version": _VERSIONS.get(tls.version() or ""),
        "cipher_suite": None,
    }


def shown_certificate(scope: Mapping[str, Any]) -> bytes | None:
    """The certificate (DER) that the sender of a request holds the key of.

    From a trusted proxy it is what the proxy says (`Client-Cert`, RFC 9440), and never the proxy's own; from
    anybody else only what was shown in the handshake counts, and the header is not looked at.

    Raises:
        InvalidRequestError: a proxy sent something that is not one certificate.
    """
    if scope.get(BY_PROXY):
        return _forwarded([value for name, value in scope["headers"] if name == _FIELD])
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", ())
    return ssl.PEM_cert_to_DER_cert(chain[0]) if chain else None


def _forwarded(values: Sequence[bytes]) -> bytes | None:
    """A byte sequence of structured fields (RFC 8941, 3.3.5): `:base64:`."""
    if not values:
        return None
    try:
        (value,) = values
        text = value.strip(b" \t")
        if len(text) < 3 or not (text.startswith(b":") and text.endswith(b":")):
            raise ValueError
        return base64.b64decode(text[1:-1], validate=True)
    except (ValueError, binascii.Error):
        raise InvalidRequestError(
            "The proxy's Client-Cert is not one certificate in the form of RFC 9440",
            hint="See deploy/nginx.conf for how a proxy sends it.",
        ) from None
