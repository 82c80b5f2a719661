"""The server's own certificate authority, the server's certificate, and what can be wrong with somebody else's.

Clients pin the authority's fingerprint on first use, so the server's certificate may be renewed, and may follow the
machine to new addresses, without anybody noticing.
"""

import os
import secrets
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from secure_file_transfer.errors import ConfigurationError, ExistsError, disk_errors
from secure_file_transfer.model import TimeUs
from secure_file_transfer.ports import Clock

from .hosts import local_hosts, parse_host

__all__ = [
    "Certificates",
    "Pair",
    "TlsFiles",
    "Write",
    "check_server_files",
    "fingerprint",
    "init",
    "local_hosts",
    "make_ca",
    "make_server_certificate",
    "needs_renewal",
]

_SKEW = timedelta(days=1)
"""Certificates begin a day ago: a laptop with the wrong time zone must not refuse a new server."""
_CA_LIFE = timedelta(days=3652)
_SERVER_LIFE = timedelta(days=397) - _SKEW
"""In all 397 days: within what browsers accept, and what public authorities kept to."""
_RENEW_BEFORE = timedelta(days=30)
_FILE_MAX = 1024 * 1024

_CA_CERT, _CA_KEY, _CERT, _KEY = "ca_cert.pem", "ca_key.pem", "server_cert.pem", "server_key.pem"

Write = Callable[[Path, bytes], None]
"""Writes a file durably, whole or not at all, with mode 0600 from the first byte (attack 57)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A private key and its certificate (perhaps followed by its issuer's), both PEM."""

    key: bytes = field(repr=False)
    cert: bytes


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What a TLS server is started with. `fingerprint` is the authority's: what people compare and clients pin."""

    ca_cert: Path
    chain: Path
    key: Path
    fingerprint: str


# --- making -----------------------------------------------------------------------------------------------------


def make_ca(common_name: str, now_us: TimeUs) -> Pair:
    """A new certificate authority: ECDSA P-256, ten years, for end certificates only (RFC 5280, 4.2.1)."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = _datetime(now_us)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Secure File Transfer"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),  # ub-common-name, RFC 5280, appendix A
        ]
    )
    cert = (
        _builder(name, name, key.public_key(), now, now + _CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(for_ca=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Pair(_key_pem(key), _cert_pem(cert))


def make_server_certificate(ca: Pair, hosts: Iterable[str], now_us: TimeUs) -> Pair:
    """A new key, and a certificate for it that names every host; the authority's certificate follows in `cert`.

    `hosts` are names (international ones too, and `*.example.com`) and IPv4 or IPv6 addresses.

    Raises:
        ConfigurationError: something in `hosts` is neither, or there is none, or the authority has expired.
    """
    names = _alternative_names(hosts)
    ca_key, ca_cert = (
        _private_key(ca.key, "the authority's key"),
        _certificates(ca.cert, "The authority's certificate")[0],
    )
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise ConfigurationError("The authority's key is not an elliptic-curve key")
    now = _datetime(now_us)
    end = min(now + _SERVER_LIFE, ca_cert.not_valid_after_utc)
    if end <= now:
        raise ConfigurationError(f"The certificate authority expired on {_day(ca_cert.not_valid_after_utc)}")
    key = ec.generate_private_key(ec.SECP256R1())
    first = next((name.value for name in names if isinstance(name, x509.DNSName)), str(names[0].value))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, first if len(first) <= 64 else "server")])
    cert = (
        _builder(subject, ca_cert.subject, key.public_key(), now, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(for_ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(_issuer_id(ca_cert), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return Pair(_key_pem(key), _cert_pem(cert) + _cert_pem(ca_cert))


def _issuer_id(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        own = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:  # not one of ours: somebody put his own authority in its place
        public = ca.public_key()
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(public)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, for_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not for_ca,
        key_cert_sign=for_ca,
        crl_sign=for_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _cert_pem(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.PEM)


def _datetime(time_us: TimeUs) -> datetime:
    return datetime.fromtimestamp(time_us // 1_000_000, UTC)


def _alternative_names(hosts: Iterable[str]) -> list[x509.DNSName | x509.IPAddress]:
    parsed = dict.fromkeys(parse_host(host) for host in hosts)
    if not parsed:
        raise ConfigurationError(
            "A server certificate needs a host name or address", hint="Name at least one: --host files.example.com."
        )
    return [x509.DNSName(host) if isinstance(host, str) else x509.IPAddress(host) for host in parsed]


# --- judging ----------------------------------------------------------------------------------------------------


def fingerprint(cert_pem: bytes) -> str:
    """SHA-256 of the first certificate's DER form, as `openssl x509 -fingerprint -sha256` prints it: `AB:CD:…`.

    Raises:
        ConfigurationError: there is no certificate in it.
    """
    return _certificates(cert_pem, "The certificate")[0].fingerprint(hashes.SHA256()).hex(":").upper()


def needs_renewal(cert_pem: bytes, hosts: Iterable[str], now_us: TimeUs) -> bool:
    """Whether a certificate ends within 30 days, is not valid yet, or lacks one of the hosts.

    Raises:
        ConfigurationError: there is no certificate in it, or a host is malformed.
    """
    cert = _certificates(cert_pem, "The server's certificate")[0]
    now = _datetime(now_us)
    lacking = set(_alternative_names(hosts)) - set(_names_of(cert))
    return bool(lacking) or not cert.not_valid_before_utc <= now < cert.not_valid_after_utc - _RENEW_BEFORE


def check_server_files(certfile: Path, keyfile: Path, now_us: TimeUs) -> list[str]:
    """Check somebody's own certificate and key before a server is started with them.

    Returns:
        What will trouble clients though the server can start, each with the fix; empty when all is well.

    Raises:
        ConfigurationError: a file is missing, unreadable, not PEM, locked by a passphrase; certificate and key do
            not belong together; the certificate has expired; TLS refuses it for another reason.
    """
    cert = _certificates(_read(certfile, "certificate"), f"The certificate file {certfile}")[0]
    key = _private_key(_read(keyfile, "key"), str(keyfile))
    if _spki(key) != _spki(cert):
        raise ConfigurationError(
            f"The key in {keyfile} does not belong to the certificate in {certfile}",
            hint="Give the key that the certificate was requested with; in a chain, the server's own comes first.",
        )
    if cert.not_valid_after_utc <= _datetime(now_us):
        raise ConfigurationError(
            f"The certificate in {certfile} expired on {_day(cert.not_valid_after_utc)}",
            hint="Renew it, or check the clock of this machine.",
        )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile, lambda: "")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ConfigurationError(f"TLS does not accept {certfile} with {keyfile}: {error}") from None
    return list(_warnings(certfile, keyfile, cert, _datetime(now_us)))


def _warnings(certfile: Path, keyfile: Path, cert: x509.Certificate, now: datetime) -> Iterable[str]:
    if not _names_of(cert):
        yield (
            f"{certfile} has no subject alternative name (SAN), so clients will refuse it: they do not look at the"
            " common name. Make one that works with `sft cert init --host NAME`, or add"
            ' `-addext "subjectAltName=DNS:NAME,IP:ADDRESS"` to `openssl req -x509`, or an extension file with that'
            " line (`-extfile`) to `openssl x509 -req`."
        )
    if cert.not_valid_before_utc > now:
        yield f"{certfile} is not valid before {_day(cert.not_valid_before_utc)}. Check the clock of this machine."
    if cert.not_valid_after_utc - now < _RENEW_BEFORE:
        yield f"{certfile} expires on {_day(cert.not_valid_after_utc)}. Renew it soon."
    with suppress(x509.ExtensionNotFound):
        usage = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if not {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usage):
            yield f"{certfile} is not meant for servers (extended key usage). Request it for `serverAuth`."
    if os.name == "posix" and keyfile.stat().st_mode & 0o007:
        yield f"Every user of this machine can read the key. Protect it: chmod 600 {keyfile}"


def _names_of(cert: x509.Certificate) -> list[x509.GeneralName]:
    with suppress(x509.ExtensionNotFound, ValueError):
        return list(cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    return []


def _day(when: datetime) -> str:
    return when.strftime("%Y-%m-%d")


def _read(path: Path, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_FILE_MAX)
    except OSError as error:
        raise ConfigurationError(
            f"The {what} file {path} cannot be read: {error.strerror or error}",
            hint="Check the path and who may read it.",
        ) from None


def _certificates(pem: bytes, what: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise ConfigurationError(
            f"{what} is not a PEM certificate: {error}",
            hint="It begins with -----BEGIN CERTIFICATE-----.",
        ) from None


def _private_key(pem: bytes, what: str) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(pem, None)
    except TypeError:
        raise ConfigurationError(
            f"The private key in {what} is locked by a passphrase",
            hint="A server starts unattended: unlock it into a file that only the server may read (openssl pkey).",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError(
            f"There is no usable PEM private key in {what}", hint="It begins with -----BEGIN PRIVATE KEY-----."
        ) from None


def _spki(holder: PrivateKeyTypes | x509.Certificate) -> bytes:
    return holder.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


# --- keeping ----------------------------------------------------------------------------------------------------


class Certificates:
    """The authority and the server's certificate in one directory, made when first asked for.

    Call `ensure` from one thread at a time. Safe after a crash at any point: keys are written before their
    certificates, and a pair that does not fit together is made anew.
    """

    def __init__(self, directory: Path, clock: Clock, write: Write) -> None:
        self._directory = directory
        self._clock = clock
        self._write = write

    def ensure(self, hosts: Sequence[str]) -> TlsFiles:
        """Make what is missing, and renew the server's certificate where it is time.

        It is time when it ends within 30 days, lacks one of the hosts, or does not come from this authority.

        Raises:
            ConfigurationError: a file is there and cannot be used; others may read a key; the authority has
                expired; a host is malformed.
            NoSpaceError, StorageError
        """
        self._make_directory()
        ca = self._load_ca() if self._path(_CA_CERT).exists() else self._new_ca()
        if not self._server_is_good(ca, hosts):
            self._keep(make_server_certificate(ca, hosts, self._clock.now_us()), _KEY, _CERT)
        return self._files(ca)

    def _path(self, name: str) -> Path:
        return self._directory / name

    def _files(self, ca: Pair) -> TlsFiles:
        return TlsFiles(self._path(_CA_CERT), self._path(_CERT), self._path(_KEY), fingerprint(ca.cert))

    def _make_directory(self) -> None:
        with disk_errors("making the folder for certificates"):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _keep(self, pair: Pair, key_name: str, cert_name: str) -> None:
        self._write(self._path(key_name), pair.key)
        self._write(self._path(cert_name), pair.cert)

    def _new_ca(self) -> Pair:
        # A key without a certificate is what a crash leaves between the two; nobody has seen it, so it may go.
        ca = make_ca(_ca_name(), self._clock.now_us())
        self._keep(ca, _CA_KEY, _CA_CERT)
        return ca

    def _load_ca(self) -> Pair:
        key_path, cert_path = self._path(_CA_KEY), self._path(_CA_CERT)
        ca = Pair(self._read_key(_CA_KEY), _read(cert_path, "certificate"))
        cert = _certificates(ca.cert, f"The certificate file {cert_path}")[0]
        anew = f"move {_CA_CERT} and {_CA_KEY} away: new ones are made, which every client must trust anew."
        if _spki(_private_key(ca.key, str(key_path))) != _spki(cert):
            raise ConfigurationError(
                f"{key_path} does not belong to {cert_path}", hint=f"Restore both from a backup, or {anew}"
            )
        if cert.not_valid_after_utc <= _datetime(self._clock.now_us()):
            raise ConfigurationError(
                f"The certificate authority {cert_path} expired on {_day(cert.not_valid_after_utc)}",
                hint=f"Check the clock of this machine, or {anew}",
            )
        return ca

    def _read_key(self, name: str) -> bytes:
        path = self._path(name)
        key = _read(path, "key")
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise ConfigurationError(
                f"Other users of this machine may read the private key {path}",
                hint=f"Protect it (chmod 600 {path}), and if others have had access, make new certificates.",
            )
        return key

    def _server_is_good(self, ca: Pair, hosts: Sequence[str]) -> bool:
        if not (self._path(_KEY).exists() and self._path(_CERT).exists()):
            return False
        key = self._read_key(_KEY)
        try:
            chain = _read(self._path(_CERT), "certificate")
            cert = _certificates(chain, "The server's certificate")[0]
            cert.verify_directly_issued_by(_certificates(ca.cert, "The authority's certificate")[0])
            fits = _spki(_private_key(key, _KEY)) == _spki(cert)
        except (ConfigurationError, InvalidSignature, ValueError, TypeError):
            return False  # ours to make, so a damaged one is simply made again
        return fits and not needs_renewal(chain, hosts, self._clock.now_us())


def init(out_dir: Path, hosts: Sequence[str], clock: Clock, write: Write) -> TlsFiles:
    """A new authority and a server certificate in a directory, for servers elsewhere (`sft cert init`).

    Raises:
        ExistsError: one of the files is there already; nothing was written.
        ConfigurationError: no host, or a malformed one.
        NoSpaceError, StorageError
    """
    if taken := [name for name in (_CA_CERT, _CA_KEY, _CERT, _KEY) if os.path.lexists(out_dir / name)]:
        raise ExistsError(
            f"{out_dir} already holds {', '.join(taken)}",
            hint="Choose another directory, or move those files away: whoever trusts them must trust the new ones.",
        )
    _alternative_names(hosts)  # a malformed host is told before anything is written
    return Certificates(out_dir, clock, write).ensure(hosts)


def _ca_name() -> str:
    # The random part keeps two authorities of one machine apart in a system's trust store, which goes by name.
    return f"{socket.gethostname()[:40]} CA {secrets.token_hex(4)}"
