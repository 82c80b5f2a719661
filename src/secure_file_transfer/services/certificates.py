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
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from secure_file_transfer.errors import ConfigurationError, ExistsError, disk_errors
from secure_file_transfer.model import TimeUs
from secure_file_transfer.ports import Clock

from .hosts import local_hosts, parse_host
from .pem import (
    SKEW,
    as_datetime,
    begin,
    ca_key_in,
    cert_pem,
    certificates_in,
    day_text,
    issuer_id,
    key_pem,
    key_usage,
    names_of,
    private_key_in,
    read_pem,
    spki,
)

__all__ = [
    "Certificates",
    "Pair",
    "TlsFiles",
    "Write",
    "alternative_names",
    "check_server_files",
    "fingerprint",
    "init",
    "local_hosts",
    "make_ca",
    "make_server_certificate",
    "needs_renewal",
]

_CA_LIFE = timedelta(days=3652)
_SERVER_LIFE = timedelta(days=397) - SKEW
"""In all 397 days: within what browsers accept, and what public authorities kept to."""
_RENEW_BEFORE = timedelta(days=30)

CA_CERT, CA_KEY = "ca_cert.pem", "ca_key.pem"
SERVER_CERT, SERVER_KEY = "server_cert.pem", "server_key.pem"
CA_CHAIN = "ca_chain.pem"
"""The authorities above ours, where an organisation's signed it; servers send them along."""
CA_FORMER = "ca_former.pem"
"""Authorities that ours took the place of: the certificates of devices that they signed are good until they end."""
OWN_CERT, OWN_KEY, OWN_CA = "own_cert.pem", "own_key.pem", "own_ca.pem"
"""A server certificate of somebody else's authority, as `sft ca import` puts it here; it comes before our own."""

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
    now = as_datetime(now_us)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Secure File Transfer"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),  # ub-common-name, RFC 5280, appendix A
        ]
    )
    cert = (
        begin(name, name, key.public_key(), now, now + _CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(for_ca=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Pair(key_pem(key), cert_pem(cert))


def make_server_certificate(ca: Pair, hosts: Iterable[str], now_us: TimeUs) -> Pair:
    """A new key, and a certificate for it that names every host; those of the authority follow in `cert`.

    `hosts` are names (international ones too, and `*.example.com`) and IPv4 or IPv6 addresses.

    Raises:
        ConfigurationError: something in `hosts` is neither, or there is none, or the authority has expired.
    """
    names = alternative_names(hosts)
    ca_key = ca_key_in(ca.key, "the authority's key")
    issuers = certificates_in(ca.cert, "The authority's certificate")
    ca_cert = issuers[0]
    now = as_datetime(now_us)
    end = min(now + _SERVER_LIFE, ca_cert.not_valid_after_utc)
    if end <= now:
        raise ConfigurationError(f"The certificate authority expired on {day_text(ca_cert.not_valid_after_utc)}")
    key = ec.generate_private_key(ec.SECP256R1())
    first = next((name.value for name in names if isinstance(name, x509.DNSName)), str(names[0].value))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, first if len(first) <= 64 else "server")])
    cert = (
        begin(subject, ca_cert.subject, key.public_key(), now, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(for_ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(issuer_id(ca_cert), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return Pair(key_pem(key), b"".join(map(cert_pem, [cert, *issuers])))


def alternative_names(hosts: Iterable[str]) -> list[x509.DNSName | x509.IPAddress]:
    """Hosts as a certificate names them. Raises ConfigurationError: one is malformed, or there is none."""
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
    return certificates_in(cert_pem, "The certificate")[0].fingerprint(hashes.SHA256()).hex(":").upper()


def needs_renewal(cert_pem: bytes, hosts: Iterable[str], now_us: TimeUs) -> bool:
    """Whether a certificate ends within 30 days, is not valid yet, or lacks one of the hosts.

    Raises:
        ConfigurationError: there is no certificate in it, or a host is malformed.
    """
    cert = certificates_in(cert_pem, "The server's certificate")[0]
    now = as_datetime(now_us)
    lacking = set(alternative_names(hosts)) - set(names_of(cert))
    return bool(lacking) or not cert.not_valid_before_utc <= now < cert.not_valid_after_utc - _RENEW_BEFORE


def check_server_files(certfile: Path, keyfile: Path, now_us: TimeUs) -> list[str]:
    """Check somebody's own certificate and key before a server is started with them.

    Returns:
        What will trouble clients though the server can start, each with the fix; empty when all is well.

    Raises:
        ConfigurationError: a file is missing, unreadable, not PEM, locked by a passphrase; certificate and key do
            not belong together; the certificate has expired; TLS refuses it for another reason.
    """
    cert = certificates_in(read_pem(certfile, "certificate"), f"The certificate file {certfile}")[0]
    key = private_key_in(read_pem(keyfile, "key"), str(keyfile))
    if spki(key) != spki(cert):
        raise ConfigurationError(
            f"The key in {keyfile} does not belong to the certificate in {certfile}",
            hint="Give the key that the certificate was requested with; in a chain, the server's own comes first.",
        )
    if cert.not_valid_after_utc <= as_datetime(now_us):
        raise ConfigurationError(
            f"The certificate in {certfile} expired on {day_text(cert.not_valid_after_utc)}",
            hint="Renew it, or check the clock of this machine.",
        )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile, lambda: "")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ConfigurationError(f"TLS does not accept {certfile} with {keyfile}: {error}") from None
    return list(_warnings(certfile, keyfile, cert, as_datetime(now_us)))


def _warnings(certfile: Path, keyfile: Path, cert: x509.Certificate, now: datetime) -> Iterable[str]:
    if not names_of(cert):
        yield (
            f"{certfile} has no subject alternative name (SAN), so clients will refuse it: they do not look at the"
            " common name. Make one that works with `sft cert init --host NAME`, or add"
            ' `-addext "subjectAltName=DNS:NAME,IP:ADDRESS"` to `openssl req -x509`, or an extension file with that'
            " line (`-extfile`) to `openssl x509 -req`."
        )
    if cert.not_valid_before_utc > now:
        yield f"{certfile} is not valid before {day_text(cert.not_valid_before_utc)}. Check the clock of this machine."
    if cert.not_valid_after_utc - now < _RENEW_BEFORE:
        yield f"{certfile} expires on {day_text(cert.not_valid_after_utc)}. Renew it soon."
    with suppress(x509.ExtensionNotFound):
        usage = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        if not {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usage):
            yield f"{certfile} is not meant for servers (extended key usage). Request it for `serverAuth`."
    if os.name == "posix" and keyfile.stat().st_mode & 0o007:
        yield f"Every user of this machine can read the key. Protect it: chmod 600 {keyfile}"


# --- keeping ----------------------------------------------------------------------------------------------------


class Certificates:
    """The authority and the server's certificate in one directory, made when first asked for.

    Call `ensure` from one thread at a time. Safe after a crash at any point: keys are written before their
    certificates, and a pair that does not fit together is made anew. The authority's key may be taken away and kept
    elsewhere: then nothing new can be signed, and what is there serves as long as it is valid.
    """

    def __init__(self, directory: Path, clock: Clock, write: Write) -> None:
        self.directory = directory
        self.write = write
        self._clock = clock

    def ensure(self, hosts: Sequence[str]) -> TlsFiles:
        """Make what is missing, and renew the server's certificate where it is time.

        It is time when it ends within 30 days, lacks one of the hosts, or does not come from this authority. One that
        was imported is taken as it is.

        Raises:
            ConfigurationError: a file is there and cannot be used; others may read a key; the authority has
                expired, or its key is needed and is not here; a host is malformed.
            NoSpaceError, StorageError
        """
        ca = self._ca()
        if self._path(OWN_CERT).exists():
            return self._imported()
        if not self._server_is_good(ca, hosts):
            self._check_key(ca)
            self._keep(make_server_certificate(ca, hosts, self._clock.now_us()), SERVER_KEY, SERVER_CERT)
        return TlsFiles(self._path(CA_CERT), self._path(SERVER_CERT), self._path(SERVER_KEY), fingerprint(ca.cert))

    def authority(self) -> Pair:
        """The authority that signs, made when it is missing. Its certificate comes first, those above it follow.

        Raises:
            ConfigurationError: it cannot be used, or its key is not here.
        """
        ca = self._ca()
        self._check_key(ca)
        return ca

    def client_authorities(self) -> bytes:
        """The authorities, as PEM, whose certificates devices may have: this one and those before it.

        Raises:
            ConfigurationError: this one cannot be used.
        """
        ca, former = certificates_in(self._ca().cert, "The authority's certificate")[0], self._path(CA_FORMER)
        return cert_pem(ca) + (read_pem(former, "certificate") if former.exists() else b"")

    def end_soon(self, expires_us: TimeUs) -> bool:
        """Whether a certificate that is good until then should be replaced by now."""
        return as_datetime(expires_us) - as_datetime(self._clock.now_us()) < _RENEW_BEFORE

    def _ca(self) -> Pair:
        self.make_directory()
        return self._load_ca() if self._path(CA_CERT).exists() else self._new_ca()

    def _check_key(self, ca: Pair) -> None:
        if not ca.key:
            raise ConfigurationError(
                f"The authority's key is not in {self.directory}, so nothing new can be signed",
                hint=f"Put {CA_KEY} back, or have a server certificate signed elsewhere: sft ca export-csr --server.",
            )

    def _imported(self) -> TlsFiles:
        chain, key, ca = map(self._path, (OWN_CERT, OWN_KEY, OWN_CA))
        check_server_files(chain, key, self._clock.now_us())
        return TlsFiles(ca, chain, key, fingerprint(read_pem(ca, "certificate")))

    def _path(self, name: str) -> Path:
        return self.directory / name

    def make_directory(self) -> None:
        """Make the folder, for its owner alone."""
        with disk_errors("making the folder for certificates"):
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _keep(self, pair: Pair, key_name: str, cert_name: str) -> None:
        self.write(self._path(key_name), pair.key)
        self.write(self._path(cert_name), pair.cert)

    def _new_ca(self) -> Pair:
        # A key without a certificate is what a crash leaves between the two; nobody has seen it, so it may go.
        ca = make_ca(_ca_name(), self._clock.now_us())
        self._keep(ca, CA_KEY, CA_CERT)
        return ca

    def _load_ca(self) -> Pair:
        key_path, cert_path = self._path(CA_KEY), self._path(CA_CERT)
        pem = read_pem(cert_path, "certificate")
        cert = certificates_in(pem, f"The certificate file {cert_path}")[0]
        if self._path(CA_CHAIN).exists():
            pem += read_pem(self._path(CA_CHAIN), "certificate")
        ca = Pair(self._read_key(CA_KEY) if key_path.exists() else b"", pem)
        anew = f"move {CA_CERT} and {CA_KEY} away: new ones are made, which every client must trust anew."
        if ca.key and spki(private_key_in(ca.key, str(key_path))) != spki(cert):
            raise ConfigurationError(
                f"{key_path} does not belong to {cert_path}", hint=f"Restore both from a backup, or {anew}"
            )
        if cert.not_valid_after_utc <= as_datetime(self._clock.now_us()):
            raise ConfigurationError(
                f"The certificate authority {cert_path} expired on {day_text(cert.not_valid_after_utc)}",
                hint=f"Check the clock of this machine, or {anew}",
            )
        return ca

    def _read_key(self, name: str) -> bytes:
        path = self._path(name)
        key = read_pem(path, "key")
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise ConfigurationError(
                f"Other users of this machine may read the private key {path}",
                hint=f"Protect it (chmod 600 {path}), and if others have had access, make new certificates.",
            )
        return key

    def _server_is_good(self, ca: Pair, hosts: Sequence[str]) -> bool:
        if not (self._path(SERVER_KEY).exists() and self._path(SERVER_CERT).exists()):
            return False
        key = self._read_key(SERVER_KEY)
        try:
            chain = read_pem(self._path(SERVER_CERT), "certificate")
            cert, *above = certificates_in(chain, "The server's certificate")
            issuers = certificates_in(ca.cert, "The authority's certificate")
            cert.verify_directly_issued_by(issuers[0])
            fits = spki(private_key_in(key, SERVER_KEY)) == spki(cert)
        except (ConfigurationError, InvalidSignature, ValueError, TypeError):
            return False  # ours to make, so a damaged one is simply made again
        if not ca.key:  # there is no other
            return fits and self._clock.now_us() < cert.not_valid_after_utc.timestamp() * 1_000_000
        # Where an organisation has signed our authority since, its certificates have to go along.
        return fits and above == issuers and not needs_renewal(chain, hosts, self._clock.now_us())


def init(out_dir: Path, hosts: Sequence[str], clock: Clock, write: Write) -> TlsFiles:
    """A new authority and a server certificate in a directory, for servers elsewhere (`sft cert init`).

    Raises:
        ExistsError: one of the files is there already; nothing was written.
        ConfigurationError: no host, or a malformed one.
        NoSpaceError, StorageError
    """
    if taken := [name for name in (CA_CERT, CA_KEY, SERVER_CERT, SERVER_KEY) if os.path.lexists(out_dir / name)]:
        raise ExistsError(
            f"{out_dir} already holds {', '.join(taken)}",
            hint="Choose another directory, or move those files away: whoever trusts them must trust the new ones.",
        )
    alternative_names(hosts)  # a malformed host is told before anything is written
    return Certificates(out_dir, clock, write).ensure(hosts)


def _ca_name() -> str:
    # The random part keeps two authorities of one machine apart in a system's trust store, which goes by name.
    return f"{socket.gethostname()[:40]} CA {secrets.token_hex(4)}"
