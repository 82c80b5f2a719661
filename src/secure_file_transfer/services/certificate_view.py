"""The certificates that a server uses, as operators look at them. What is changed about them is changed on the spot."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from secure_file_transfer.model import Category, Principal, TimeUs

from .accounts import require_operator
from .adoption import Adoption
from .audit import SILENT, Audit
from .certificates import CA_CERT, CA_KEY, OWN_CERT, SERVER_CERT, Certificates
from .pem import certificates_in, names_of, read_pem


class Origin(StrEnum):
    """Where the server's certificate is from: its own authority, an import, or files that the configuration names."""

    OWN = "own"
    IMPORTED = "imported"
    CONFIGURED = "configured"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What people want to know of one. `fingerprint` is the SHA-256 of its DER form, as `AB:CD:…`."""

    subject: str
    issuer: str
    fingerprint: str
    names: tuple[str, ...]
    begins_us: TimeUs
    expires_us: TimeUs


@dataclass(frozen=True, slots=True)
class InUse:
    """The server's certificate, and the authority that signs devices and, where it is its own, that certificate."""

    server: Certificate
    origin: Origin
    authority: Certificate
    signs: bool
    """Whether the authority's key is here; without it nothing new can be signed."""


@dataclass(frozen=True, slots=True)
class Ending:
    """When the server's certificate ends, and whether somebody should see to it."""

    expires_us: TimeUs
    soon: bool


class CertificateView:
    """Reads the files anew each time, but for the certificate that the server shows: a file may hold one it refused."""

    on_reload: Callable[[], object] | None = None
    """Lets the running server take what its files hold now; raises what is wrong with them."""

    def __init__(
        self, certificates: Certificates, adoption: Adoption, certfile: Path | None, audit: Audit = SILENT
    ) -> None:
        """`certfile` is the server's certificate where the configuration names one."""
        self._certificates = certificates
        self._adoption = adoption
        self._certfile = certfile
        self._audit = audit
        self._shown: Certificate | None = None

    def note(self, chain: Path) -> None:
        """The server shows this one from now on. Raises ConfigurationError."""
        self._shown = _read(chain)

    def ending(self) -> Ending | None:
        """Of the certificate that the server shows; no file is read."""
        shown = self._shown
        return None if shown is None else Ending(shown.expires_us, self.ends_soon(shown))

    def ends_soon(self, certificate: Certificate) -> bool:
        """Whether it should be replaced by now."""
        return self._certificates.end_soon(certificate.expires_us)

    def reload(self, principal: Principal) -> InUse:
        """Take the server's certificate from its files now.

        Raises:
            SignInRequiredError, ForbiddenError
            ConfigurationError: it cannot be used; the server goes on with the one it has.
        """
        require_operator(principal)
        if self.on_reload is not None:
            self.on_reload()
        found = self.in_use(principal)
        text = f"The certificate files were read again; in use is {found.server.fingerprint}"
        self._audit.record(Category.SERVER, "certificate.reloaded", text, who=principal)
        return found

    def in_use(self, principal: Principal) -> InUse:
        """Raises SignInRequiredError, ForbiddenError, ConfigurationError: one of them cannot be read."""
        require_operator(principal)
        self._certificates.client_authorities()  # makes what is missing
        folder = self._certificates.directory
        origin, path = Origin.OWN, folder / SERVER_CERT
        if self._certfile is not None:
            origin, path = Origin.CONFIGURED, self._certfile
        elif (folder / OWN_CERT).exists():
            origin, path = Origin.IMPORTED, folder / OWN_CERT
        return InUse(self._shown or _read(path), origin, _read(folder / CA_CERT), (folder / CA_KEY).exists())

    def request(self, principal: Principal) -> bytes:
        """A request to sign the authority, for an organisation's (PKCS #10, PEM).

        Raises:
            SignInRequiredError, ForbiddenError
            ConfigurationError: its key is not here.
        """
        require_operator(principal)
        return self._adoption.authority_request()


def _read(path: Path) -> Certificate:
    found = certificates_in(read_pem(path, "certificate"), f"The certificate file {path.name}")[0]
    return Certificate(
        found.subject.rfc4514_string(),
        found.issuer.rfc4514_string(),
        found.fingerprint(hashes.SHA256()).hex(":").upper(),
        tuple(str(each.value) for each in names_of(found) if isinstance(each, x509.DNSName | x509.IPAddress)),
        _time(found.not_valid_before_utc.timestamp()),
        _time(found.not_valid_after_utc.timestamp()),
    )


def _time(seconds: float) -> TimeUs:
    return TimeUs(int(seconds) * 1_000_000)
