"""What the authority signs besides the server's certificate: certificates of devices, and the list of revoked ones.

What a request asks for is not looked at, except for its key: the name, the use and the life of a certificate are the
server's to decide.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from secure_file_transfer.errors import ConfigurationError, InvalidRequestError
from secure_file_transfer.model import TimeUs

from .certificates import Pair
from .pem import as_datetime, begin, ca_key_in, cert_pem, certificates_in, day_text, issuer_id, key_usage

REQUEST_MAX = 16 * 1024
"""Characters of a request: one with an RSA key of 4096 bits has less than 2,000."""
CRL_LIFE = timedelta(days=7)
"""How long whoever has the list may go by it."""
_RSA_BITS = (2048, 4096)


@dataclass(frozen=True, slots=True)
class Issued:
    """A fresh certificate of a device, PEM, and its issuers', first the one that signed it."""

    certificate: str
    chain: str
    fingerprint: bytes
    serial: int
    expires_us: TimeUs


def issue_client(ca: Pair, request: str, name: str, now_us: TimeUs, life_us: int, crl_url: str | None) -> Issued:
    """Sign the key of a certificate request (PKCS #10, PEM) for use by a TLS client, and nothing else.

    The request's own signature proves that whoever sends it has the private key. `name` becomes the common name, so
    that people recognise the certificate; nothing goes by it.

    Raises:
        InvalidRequestError: it is no request, its signature is wrong, or its key is of a kind that is not taken.
        ConfigurationError: the authority cannot be used, or has expired.
    """
    key = _key_of(request)
    issuers = certificates_in(ca.cert, "The authority's certificate")
    now = as_datetime(now_us)
    end = min(now + timedelta(microseconds=life_us), issuers[0].not_valid_after_utc)
    if end <= now:
        raise ConfigurationError(f"The certificate authority expired on {day_text(issuers[0].not_valid_after_utc)}")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    builder = (
        begin(subject, issuers[0].subject, key, now, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(for_ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(issuer_id(issuers[0]), critical=False)
    )
    if crl_url is not None:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    certificate = builder.sign(ca_key_in(ca.key, "the authority's key"), hashes.SHA256())
    return Issued(
        cert_pem(certificate).decode(),
        b"".join(map(cert_pem, issuers)).decode(),
        certificate.fingerprint(hashes.SHA256()),
        certificate.serial_number,
        TimeUs(int(certificate.not_valid_after_utc.timestamp()) * 1_000_000),
    )


def _key_of(request: str) -> CertificateIssuerPublicKeyTypes:
    try:
        if len(request) > REQUEST_MAX:
            raise ValueError
        csr = x509.load_pem_x509_csr(request.encode("ascii"))
        key = csr.public_key()
        # The kind is judged first: checking the signature of a giant key would be work for nothing.
        if not _is_taken(key):
            raise InvalidRequestError(
                "The key in the certificate request is of a kind that is not taken",
                hint="Use an elliptic curve (P-256), Ed25519, or RSA with 2048 to 4096 bits.",
            )
        if not csr.is_signature_valid:
            raise InvalidSignature
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature):
        raise InvalidRequestError(
            "That is no certificate request, or it was not signed with its own key",
            hint="Send PKCS #10 in PEM form, as `openssl req -new` writes it.",
        ) from None
    assert isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey)  # noqa: S101 - for the type checker
    return key


def _is_taken(key: object) -> bool:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return 256 <= key.curve.key_size <= 521
    if isinstance(key, rsa.RSAPublicKey):
        return _RSA_BITS[0] <= key.key_size <= _RSA_BITS[1]
    return isinstance(key, ed25519.Ed25519PublicKey)


def make_crl(ca: Pair, revoked: Iterable[tuple[int, TimeUs]], now_us: TimeUs) -> bytes:
    """The list of revoked certificates (RFC 5280, 5) in DER form: serial numbers, and since when."""
    issuer = certificates_in(ca.cert, "The authority's certificate")[0]
    now = as_datetime(now_us)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now)
        .next_update(now + CRL_LIFE)
        # Numbers have to rise; the time does, and needs no memory.
        .add_extension(x509.CRLNumber(now_us // 1_000), critical=False)
        .add_extension(issuer_id(issuer), critical=False)
    )
    for serial, when in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(as_datetime(when))
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(ca_key_in(ca.key, "the authority's key"), hashes.SHA256()).public_bytes(Encoding.DER)
