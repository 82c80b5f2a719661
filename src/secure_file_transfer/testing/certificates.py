"""Authorities and server certificates for tests: made in milliseconds, valid for a day."""

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class TestAuthority:
    """A certificate authority; `issue` writes server certificates that come from it."""

    __test__ = False  # for pytest

    def __init__(self, name: str = "Test CA") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self.certificate = (
            _begin(self._name, self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> str:
        """The authority's certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def issue(
        self,
        folder: Path,
        names: Sequence[str] = ("localhost", "127.0.0.1"),
        *,
        starts: timedelta = timedelta(hours=-1),
        lasts: timedelta = timedelta(days=1),
    ) -> "ServerFiles":
        """A certificate for these host names and addresses, with its key, written into `folder`."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _begin(_name("server"), self._name, key, starts=starts, lasts=lasts)
        alternatives = [_general(name) for name in names]
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        files = ServerFiles(folder / "ca.pem", folder / "server.pem", folder / "server.key")
        files.cafile.write_text(self.pem)
        files.certfile.write_bytes(certificate.public_bytes(Encoding.PEM))
        files.keyfile.touch(mode=0o600)
        files.keyfile.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return files


class ServerFiles:
    """The three files of a TLS server."""

    def __init__(self, cafile: Path, certfile: Path, keyfile: Path) -> None:
        self.cafile, self.certfile, self.keyfile = cafile, certfile, keyfile

    def context(self) -> ssl.SSLContext:
        """For a server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certfile, self.keyfile)
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _begin(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    starts: timedelta = timedelta(hours=-1),
    lasts: timedelta = timedelta(days=1),
) -> x509.CertificateBuilder:
    begin = datetime.now(UTC) + starts
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + lasts)
    )
