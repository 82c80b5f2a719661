"""TLS of the door: one context for each control connection, and what its connections tell.

A context has its own keys for session tickets. So whatever connection resumes a session under it can only have
learned that session from this control connection: nobody else's data connection fits (attack 16).
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from OpenSSL import SSL, crypto
from OpenSSL._util import lib as _openssl  # pyOpenSSL has no public name for SSL_session_reused

from ...errors import ConfigurationError

# Forward secrecy and authenticated encryption only (RFC 9325).
CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"
_PARTIAL_WRITE = 1  # SSL_MODE_ENABLE_PARTIAL_WRITE, which pyOpenSSL sets
_ALPN = b"ftp"


class AnotherProtocolError(Exception):
    """The peer wants to speak something else: by ALPN, so it says so before it says anything (attack 20)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the door shows of itself, and whose certificates it asks for."""

    chain: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes
    device_cas: tuple[x509.Certificate, ...]
    required: bool

    @classmethod
    def load(
        cls, certfile: Path, keyfile: Path, device_cas: str | None = None, client_cafile: Path | None = None
    ) -> "Identity":
        """Read the files now, so that later connections do not meet half of a renewal.

        With `device_cas` (PEM) peers are asked for a certificate of these authorities; with `client_cafile` they need
        one of those.

        Raises:
            ConfigurationError: they cannot be read, or do not belong together.
        """
        try:
            chain = tuple(x509.load_pem_x509_certificates(certfile.read_bytes()))
            key = load_pem_private_key(keyfile.read_bytes(), None)
            asked = client_cafile.read_bytes() if client_cafile else (device_cas or "").encode("ascii")
            cas = tuple(x509.load_pem_x509_certificates(asked)) if asked.strip() else ()
            found = cls(chain, key, cas, client_cafile is not None)
            found.context().check_privatekey()
        except (OSError, ValueError, TypeError, SSL.Error) as error:
            raise ConfigurationError(
                f"The certificate {certfile} and the key {keyfile} cannot be used: {error}",
                hint="Both must be PEM files that belong together, and the key must not be encrypted.",
            ) from error
        return found

    def context(self) -> SSL.Context:
        """A context for one control connection and its data connections."""
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.clear_mode(_PARTIAL_WRITE)  # a blocking connection sends a whole buffer in one call, not one record
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        # Not TLS 1.3: there the server sends session tickets after the handshake, and clients that only send (curl,
        # rclone) never read them. They close with bytes unread, so their system resets the connection, and the end of
        # the upload is lost. OpenSSL can be told to send none, pyOpenSSL cannot.
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        context.set_cipher_list(CIPHERS)
        context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE)
        context.use_certificate(self.chain[0])
        for each in self.chain[1:]:
            context.add_extra_chain_cert(each)
        context.use_privatekey(self.key)  # type: ignore[arg-type] # whatever a certificate can have
        context.set_session_id(b"ftps")  # without it sessions of peers that show a certificate are never resumed
        context.set_alpn_select_callback(_choose)
        if self.device_cas:
            store = context.get_cert_store()
            assert store is not None  # noqa: S101 - a new context has one
            # Our authority may be an intermediate one: what it signed is good, what others under the same root did is
            # not.
            store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
            for each in self.device_cas:
                store.add_cert(crypto.X509.from_cryptography(each))
            context.set_client_ca_list([crypto.X509.from_cryptography(each).get_subject() for each in self.device_cas])
            context.set_verify(SSL.VERIFY_PEER | (SSL.VERIFY_FAIL_IF_NO_PEER_CERT if self.required else 0))
        return context


def _choose(_: SSL.Connection, offered: list[bytes]) -> bytes:
    if _ALPN in offered:
        return _ALPN
    raise AnotherProtocolError


def resumed(connection: SSL.Connection) -> bool:
    """Whether the handshake resumed a session of this context."""
    return bool(_openssl.SSL_session_reused(connection._ssl))  # noqa: SLF001 - see the import


def shown_certificate(connection: SSL.Connection) -> bytes | None:
    """The certificate (DER) whose key the peer was proven to hold; a resumed session keeps that of its begin."""
    found = connection.get_peer_certificate(as_cryptography=True)
    return None if found is None else found.public_bytes(Encoding.DER)
