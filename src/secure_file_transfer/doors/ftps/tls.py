"""TLS of the door: one context for each control connection, and bytes in and out of it.

A context has its own keys for session tickets. So whatever connection resumes a session under it can only have
learned that session from this control connection: nobody else's data connection fits (attack 16).

It is TLS 1.2, whose sessions are begun within the handshake and may be resumed any number of times. The tickets of
TLS 1.3 come after it. A client that only sends never reads them, and when it then closes, its system throws away what
was still on its way here and resets the connection: rclone's uploads were cut. Without tickets on data connections
curl has no second one: OpenSSL takes each for one connection only, and the next upload could not resume.

TLS works on memory here, not on sockets: whole buffers go over the wire in one call, where OpenSSL would take a call
for each record and two to read one.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path

from ...ports import Buffer
from ..sockets import tls_context

RECORD = 16 * 1024
"""Plaintext of one TLS record, and so the most that one read brings (RFC 8446, 5.1)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the door shows of itself, and whose certificates it asks for.

    With `device_cas` (PEM) peers are asked for a certificate of these authorities; with `client_cafile` they need one
    of those. Raises ConfigurationError: the files cannot be read, or do not belong together.
    """

    certfile: Path
    keyfile: Path
    device_cas: str | None = None
    client_cafile: Path | None = None

    def __post_init__(self) -> None:
        self.context()

    def context(self) -> ssl.SSLContext:
        """A context for one control connection and its data connections."""
        context = tls_context(self.certfile, self.keyfile, self.client_cafile, self.device_cas, alpn="ftp")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        # An end that TLS says nothing of is no end (attack 17); Python lets it pass unless told otherwise.
        context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
        return context


class TlsError(Exception):
    """The peer broke TLS, or the connection."""


class TlsEnd(TlsError):  # noqa: N818 - it is how a stream should end
    """The peer says over TLS that nothing more comes."""


class Tls:
    """The server's side of one TLS connection, on memory."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def feed(self, data: Buffer) -> None:
        """Bytes from the wire; none when it has ended."""
        if len(data):
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def pull(self) -> bytes:
        """Bytes for the wire."""
        return self._outgoing.read()

    def shake(self) -> bool:
        """Go on with the handshake, and say whether it is over. Raises TlsError."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except (ssl.SSLError, OSError) as error:
            raise TlsError(str(error)) from None
        return True

    def read_into(self, view: memoryview) -> int:
        """Bytes of the stream; 0 where more has to be fed first. Raises TlsEnd, TlsError."""
        try:
            count = self._tls.read(min(RECORD, len(view)), view)
        except ssl.SSLWantReadError:
            return 0
        except ssl.SSLZeroReturnError:
            raise TlsEnd from None
        except (ssl.SSLError, OSError) as error:
            raise TlsError(str(error)) from None
        if not count:  # Python's word for the same
            raise TlsEnd
        return int(count)

    def write(self, data: Buffer) -> None:
        """Bytes for the stream; `pull` has them then. Raises TlsError."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._tls.write(view) :]
        except (ssl.SSLError, OSError) as error:
            raise TlsError(str(error)) from None

    def finish(self) -> None:
        """Say that nothing more comes; `pull` has it then."""
        try:
            self._tls.unwrap()
        except (ssl.SSLError, OSError, ValueError):
            return

    @property
    def resumed(self) -> bool:
        """Whether the handshake resumed a session of this context."""
        return bool(self._tls.session_reused)

    @property
    def certificate(self) -> bytes | None:
        """The one (DER) whose key the peer was proven to hold; a resumed session keeps that of its begin."""
        return self._tls.getpeercert(binary_form=True) or None
