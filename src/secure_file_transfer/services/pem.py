"""Certificates and keys as bytes: reading them, with faults told to a person, and what each new one begins with."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PrivateKeyTypes

from secure_file_transfer.errors import ConfigurationError
from secure_file_transfer.model import TimeUs

SKEW = timedelta(days=1)
"""Certificates begin a day ago: a laptop with the wrong time zone must not refuse a new server."""
_FILE_MAX = 1024 * 1024

CaKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
"""What an authority signs with: ours have elliptic curves, an organisation's may have RSA."""


def issuer_id(ca: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """The extension by which a certificate names the key that signed it."""
    try:
        own = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:  # not one of ours: somebody put his own authority in its place
        public = ca.public_key()
        if not isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(public)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def begin(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    """What every certificate begins with; the serial number is random (159 bits)."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def key_usage(*, for_ca: bool) -> x509.KeyUsage:
    """For an authority, or for a server or device."""
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


def key_pem(key: CaKey) -> bytes:
    """A private key as PEM, without a passphrase: what holds it is readable by its owner alone."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def cert_pem(cert: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    return cert.public_bytes(serialization.Encoding.PEM)


def as_datetime(time_us: TimeUs) -> datetime:
    """The same moment, to the second: certificates know no smaller unit."""
    return datetime.fromtimestamp(time_us // 1_000_000, UTC)


def names_of(cert: x509.Certificate) -> list[x509.GeneralName]:
    """The subject alternative names; none when there are none, or they are malformed."""
    with suppress(x509.ExtensionNotFound, ValueError):
        return list(cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    return []


def day_text(when: datetime) -> str:
    """A day, for people."""
    return when.strftime("%Y-%m-%d")


def read_pem(path: Path, what: str) -> bytes:
    """The content of a file. Raises ConfigurationError."""
    try:
        with path.open("rb") as file:
            return file.read(_FILE_MAX)
    except OSError as error:
        raise ConfigurationError(
            f"The {what} file {path} cannot be read: {error.strerror or error}",
            hint="Check the path and who may read it.",
        ) from None


def certificates_in(pem: bytes, what: str) -> list[x509.Certificate]:
    """All certificates of a PEM, at least one. Raises ConfigurationError."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:  # what the library says is for programmers
        raise ConfigurationError(
            f"{what} is not a PEM certificate",
            hint="It begins with -----BEGIN CERTIFICATE-----. Copy it here anew, whole, or restore it from a backup.",
        ) from None


def private_key_in(pem: bytes, what: str) -> PrivateKeyTypes:
    """The private key of a PEM. Raises ConfigurationError."""
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


def ca_key_in(pem: bytes, what: str) -> CaKey:
    """The private key of an authority. Raises ConfigurationError: also for a kind that does not fit."""
    key = private_key_in(pem, what)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ConfigurationError(f"The key in {what} is neither an elliptic-curve key nor an RSA key")
    return key


def is_ca(cert: x509.Certificate) -> bool:
    """Whether it may sign certificates (RFC 5280, 4.2.1.9)."""
    with suppress(x509.ExtensionNotFound, ValueError):
        return cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    return False


def spki(holder: PrivateKeyTypes | x509.Certificate) -> bytes:
    """The public key in DER form, to compare by."""
    return holder.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
