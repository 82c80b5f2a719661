"""What a client is made with: the address, whom to trust, and who we are."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from ..errors import ConfigurationError, SecureFileTransferError
from ..model import DEFAULT_PORT
from ..paths import display
from ..transfer.limit import LEAST
from . import wire
from .local import local_errors
from .trust import Address, Trust, check_fingerprint, make_context


@dataclass(frozen=True, slots=True)
class Options:
    """What a client was made with. Secrets stay out of `repr`."""

    address: Address
    trust: Trust
    token: str | None = field(repr=False)
    username: str | None
    password: str | None = field(repr=False)
    connections: int
    timeout: float
    limit: float | None


class Configured:
    """What both clients, the asynchronous and the synchronous, are made with."""

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        cafile: str | Path | None = None,
        ca_pem: str | None = None,
        fingerprint: str | None = None,
        token: str | None = None,
        username: str | None = None,
        password: str | None = None,
        certfile: str | Path | None = None,
        keyfile: str | Path | None = None,
        connections: int = 24,
        timeout: float = 60,
        limit: float | None = None,
    ) -> None:
        """Remember all this; nothing is connected yet.

        Args:
            host: a host name, an IP address, `host:port`, or a URL such as `https://nas.example:5000`.
            port: default 5000, and 443 for a URL that names no port.
            cafile: the PEM file of the authority to trust, instead of the system's roots.
            ca_pem: the same as text.
            fingerprint: trust the authority that the server gives at /ca.pem if its SHA-256 is this one.
            token: of a session, as `sign_in` returned it, or an API token.
            username: sign in by name and password at the first request that needs it.
            password: goes with `username`.
            certfile: the client's own certificate (PEM), for servers that ask for one.
            keyfile: its private key, unless it is in `certfile`.
            connections: at most so many at once, 1 to 64; also how many files move at once. Only as many are used as
                the length of the way calls for, as the server states, and as long as more of them move more.
            timeout: seconds that the other side may stay silent. A connection that does is given up, and what it was
                moving goes again over another.
            limit: bytes per second, at least 8192, of all transfers of this client together, up and down.

        Raises:
            ConfigurationError: a contradiction, or a file that cannot be used.
            CertificateError: the authority is not a certificate.
        """
        if sum(given is not None for given in (cafile, ca_pem, fingerprint)) > 1:
            raise ConfigurationError("Give only one of `cafile`, `ca_pem` and `fingerprint`")
        if (username is None) != (password is None):
            raise ConfigurationError("`username` and `password` belong together")
        if token is not None and username is not None:
            raise ConfigurationError("Give either `token`, or `username` and `password`")
        if not (1 <= connections <= 64 and timeout > 0):
            raise ConfigurationError("`connections` lies between 1 and 64, and `timeout` above 0")
        if limit is not None and not LEAST <= limit < float("inf"):
            raise ConfigurationError(f"`limit` is at least {LEAST} bytes per second", hint="Without it there is none.")
        trust = Trust(
            ca_pem=_read_cafile(Path(cafile)) if cafile is not None else ca_pem,
            fingerprint=None if fingerprint is None else check_fingerprint(fingerprint),
            certfile=None if certfile is None else Path(certfile),
            keyfile=None if keyfile is None else Path(keyfile),
        )
        make_context(trust)  # what cannot work is said now, not at the first request
        self._options = Options(
            address=read_address(host, port),
            trust=trust,
            token=None if token is None else wire.check_token(token),
            username=username,
            password=password,
            connections=connections,
            timeout=timeout,
            limit=limit,
        )
        self._made()

    @classmethod
    def _with(cls, options: Options) -> Self:
        """One more client with the same options."""
        client = cls.__new__(cls)
        client._options = options  # noqa: SLF001 - one of our own kind
        client._made()  # noqa: SLF001
        return client

    def _made(self) -> None:
        """For what a kind of client needs besides its options."""

    @property
    def url(self) -> str:
        """The root of the server, without a slash at the end: `https://host:port`."""
        return self._options.address.url

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"


def _read_cafile(path: Path) -> str:
    try:
        with local_errors("read the certificate authority", path):
            return path.read_text(encoding="ascii", errors="replace")
    except SecureFileTransferError as error:
        raise ConfigurationError(
            str(error), hint="Give the path of the server's CA certificate (PEM); the server gives it at /ca.pem."
        ) from None


def read_address(host: str, port: int | None = None) -> Address:
    """Read a host name, an address, `host:port` or a URL.

    Raises:
        ConfigurationError: it is none of them, is not HTTPS, or carries more than host and port.
    """
    bare = "://" not in host
    if bare and host.count(":") > 1 and not host.startswith("["):
        host = f"[{host}]"
    try:
        parts = urlsplit(f"https://{host}" if bare else host)
        name, given = parts.hostname, parts.port
    except ValueError:
        name, parts, given = None, urlsplit(""), None
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("An address carries no name and password", hint="Use `username` and `password`.")
    if parts.scheme != "https" or not name or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{display(host)} is not the address of a server", hint="Write `host`, `host:port` or `https://host:port`."
        )
    if given is not None and port is not None and given != port:
        raise ConfigurationError(f"{display(host)} already names a port, and {port} is another one")
    number = next(n for n in (port, given, DEFAULT_PORT if bare else 443) if n is not None)
    if not 1 <= number <= 65535:
        raise ConfigurationError(f"{number} is not a port")
    return Address(name, number)
