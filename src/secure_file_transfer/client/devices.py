"""This computer as a device: its key is made here and never leaves, and its certificate renews itself."""

import asyncio
import os
import secrets
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from ..errors import ClientCertificateError, ConfigurationError, ProtocolViolationError, SecureFileTransferError
from ..model import TimeUs
from ..paths import display
from . import wire
from .api import Api
from .local import local_errors
from .wire import DeviceCode, DeviceInfo

_AGAIN_SECONDS = 3600.0
"""When a renewal fails it is tried again after so long; the certificate is still good for weeks."""
_PEM_MAX = 1024 * 1024
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device, the file with its key and certificate, and until when that is good."""

    device: DeviceInfo
    certfile: Path
    expires_us: TimeUs


class DeviceRequests(Api):
    """What an AsyncClient does about devices."""

    _renewing: asyncio.Lock | None = None
    _renew_at: float | None = None
    _ends_at: float | None = None
    """Unix times; None as long as nobody looked."""

    async def enroll_device(
        self, certfile: str | Path, name: str | None = None, *, code: str | None = None
    ) -> Enrolled:
        """Make a key on this computer and have the server certify it, for the account that is signed in.

        `certfile` will hold both, readable by its owner alone; give it to a client as `certfile=`, which then needs no
        password. `name` tells the device from others; the name of this computer by default. With a `code` nobody
        needs to be signed in.

        Raises:
            NotFoundError: the code is wrong or too old.
            SignInRequiredError, ConflictError
        """
        path = Path(certfile)
        key, request = _key_and_request()
        values = {"request": request, "name": name or socket.gethostname()[:64] or "device"}
        if code is not None:
            answer = await self._ask("POST", "/api/v1/devices", {**values, "code": code}, token=None, expect=(201,))
        else:
            answer = await self._call("POST", "/api/v1/devices", values, expect=(201,))
        return _kept(path, key, answer)

    async def renew_device(self) -> Enrolled:
        """Have a new key certified for this device, into the file that `certfile` names.

        A client does this by itself when less than a third of the certificate's life is left.

        Raises:
            ConfigurationError: this client has no file that holds both key and certificate.
            ClientCertificateError: the certificate is not good any more.
        """
        path = self._options.trust.certfile
        if path is None or self._options.trust.keyfile is not None:
            raise ConfigurationError(
                "There is no device certificate to renew", hint="Enrol this device first: sft cert enroll."
            )
        key, request = _key_and_request()
        answer = await self._ask("POST", "/api/v1/devices/renewal", {"request": request}, token=None, expect=(201,))
        enrolled = _kept(path, key, answer)
        self._wire().reload_certificate()
        self._renew_at, self._ends_at = _times(path)
        return enrolled

    async def devices(self, account: str | None = None, *, everybody: bool = False) -> list[DeviceInfo]:
        """Your devices; for an administrator also those of another account, or of everybody.

        Raises:
            NotFoundError, ForbiddenError
        """
        query = [("account", account)] if account is not None else []
        query += [("everybody", "true")] if everybody else []
        return wire.devices(await self._call("GET", "/api/v1/devices", query=query))

    async def revoke_device(self, device_id: int) -> DeviceInfo:
        """End a device: its certificate is refused from now on, and what it transfers stops.

        Raises:
            NotFoundError: there is no such device, or it is not yours.
        """
        return wire.device(await self._call("DELETE", f"/api/v1/devices/{int(device_id)}"))

    async def device_code(self, account: str | None = None, *, minutes: int = 30) -> DeviceCode:
        """A one-time code by which a new device enrols; for yourself, or by an administrator for anybody.

        Raises:
            NotFoundError, ConflictError
        """
        values = {"minutes": minutes, **({"account": account} if account is not None else {})}
        return wire.device_code(await self._call("POST", "/api/v1/devices/codes", values, expect=(201,)))

    async def _token(self) -> str | None:
        if self._options.trust.certfile is not None:
            await self._renew_in_time()
        return await super()._token()

    async def _renew_in_time(self) -> None:
        """Renew the certificate when it is time. That it fails must not fail what was asked for.

        Raises:
            ClientCertificateError: it has ended, so no server can take it.
        """
        path = self._options.trust.certfile
        if self._renew_at is None or self._ends_at is None:
            # Only what we can put back in one step: key and certificate in one file, as we write it.
            whole = path is not None and self._options.trust.keyfile is None
            self._renew_at, self._ends_at = _times(path) if path and whole else (_NEVER, _NEVER)
        if time.time() < self._renew_at:
            return
        if time.time() >= self._ends_at:
            raise ClientCertificateError(
                f"The certificate of this device in {display(str(path))} has expired",
                hint="Enrol it again: sft login, then sft cert enroll; or with a code: sft cert enroll URL --code.",
            )
        if self._renewing is None:
            self._renewing = asyncio.Lock()
        async with self._renewing:
            if time.time() >= self._renew_at:
                self._renew_at = time.time() + _AGAIN_SECONDS
                with suppress(SecureFileTransferError):
                    await self.renew_device()


def _key_and_request() -> tuple[bytes, str]:
    """A new private key, and a request for it signed by itself. The server decides about all names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "device")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        request.public_bytes(Encoding.PEM).decode(),
    )


def _kept(path: Path, key: bytes, answer: object) -> Enrolled:
    enrolment = wire.enrolment(answer)
    try:
        certificate = x509.load_pem_x509_certificate(enrolment.certificate.encode())
    except ValueError:
        raise ProtocolViolationError("The server's answer holds no certificate") from None
    if certificate.public_key() != load_pem_private_key(key, None).public_key():
        raise ProtocolViolationError("The server certified another key than the one that was sent")
    _write(path, key + enrolment.certificate.encode() + enrolment.chain.encode())
    return Enrolled(enrolment.device, path, enrolment.expires_us)


def _write(path: Path, data: bytes) -> None:
    """Put the file there whole; 0600 from its first byte (attack 57)."""
    with local_errors("write", path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise


def read_certificate(path: Path) -> x509.Certificate:
    """The first certificate in a file.

    Raises:
        ConfigurationError: there is none, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return x509.load_pem_x509_certificates(file.read(_PEM_MAX))[0]
    except (OSError, ValueError):
        raise ConfigurationError(
            f"There is no client certificate in {display(str(path))}", hint="Enrol this device again: sft cert enroll."
        ) from None


def _times(path: Path) -> tuple[float, float]:
    """When less than a third of a certificate's life is left, and when it ends.

    Both are never for a file that holds none, and the first for one that we could not replace.
    """
    try:
        certificate = read_certificate(path)
    except ConfigurationError:
        return _NEVER, _NEVER
    begins, ends = certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
    # One that has ended is told of, wherever it lies.
    return (ends - (ends - begins) / 3 if os.access(path.parent, os.W_OK) else ends), ends
