"""Certificates from elsewhere: requests for an organisation's authority to sign, and taking in what it signed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from secure_file_transfer.errors import ConfigurationError
from secure_file_transfer.ports import Clock

from .certificates import (
    CA_CERT,
    CA_CHAIN,
    CA_FORMER,
    CA_KEY,
    OWN_CA,
    OWN_CERT,
    OWN_KEY,
    SERVER_CERT,
    Certificates,
    alternative_names,
)
from .pem import (
    CaKey,
    as_datetime,
    ca_key_in,
    cert_pem,
    certificates_in,
    day_text,
    is_ca,
    key_pem,
    key_usage,
    names_of,
    private_key_in,
    read_pem,
    spki,
)

REQUEST_KEY = "request_key.pem"
"""The key of a server certificate that was requested and has not come yet."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was taken in. `authority` tells an authority from a server certificate."""

    authority: bool
    subject: str
    issuer: str
    expires: datetime
    fingerprint: str
    warnings: tuple[str, ...]


class Adoption:
    """Exchanges with an authority elsewhere, on the certificates of a data directory. A running server notices."""

    def __init__(self, certificates: Certificates, clock: Clock) -> None:
        self._certificates = certificates
        self._clock = clock

    def authority_request(self) -> bytes:
        """A request (PKCS #10, PEM) to sign this server's authority, as one below the organisation's.

        Raises:
            ConfigurationError: the authority's key is not here, or cannot be used.
        """
        ca = self._certificates.authority()
        builder = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(certificates_in(ca.cert, "The authority's certificate")[0].subject)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(key_usage(for_ca=True), critical=True)
        )
        return _signed(builder, ca_key_in(ca.key, "the authority's key"))

    def server_request(self, hosts: list[str]) -> bytes:
        """A request to sign a server certificate for these hosts. Its new key waits here for the answer.

        Raises:
            ConfigurationError: a host is malformed, or there is none.
            NoSpaceError, StorageError
        """
        names = alternative_names(hosts)
        waiting = self._path(REQUEST_KEY)
        if waiting.exists():  # an answer to an earlier request must still fit
            key = ca_key_in(read_pem(waiting, "key"), str(waiting))
        else:
            self._certificates.client_authorities()  # makes the folder
            key = ec.generate_private_key(ec.SECP256R1())
            self._certificates.write(waiting, key_pem(key))
        first = next((name.value for name in names if isinstance(name, x509.DNSName)), str(names[0].value))
        common = x509.NameAttribute(x509.NameOID.COMMON_NAME, first if len(first) <= 64 else "server")
        builder = (
            x509.CertificateSigningRequestBuilder()
            .subject_name(x509.Name([common]))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
        )
        return _signed(builder, key)

    def show(self) -> dict[str, Adopted]:
        """What is in use: the authority, and the server's certificate where there is one already."""
        found = {"authority": CA_CERT, "server": OWN_CERT if self._path(OWN_CERT).exists() else SERVER_CERT}
        self._certificates.client_authorities()
        return {
            name: _described(certificates_in(read_pem(self._path(file), "certificate"), file)[0])
            for name, file in found.items()
            if self._path(file).exists()
        }

    def adopt(self, pem: bytes, key: bytes | None = None) -> Adopted:
        """Take in a certificate, those above it after it, and its key unless it belongs to a request made here.

        Whether it is an authority's or a server's is written in it.

        Raises:
            ConfigurationError: it has expired, does not fit the key, or cannot be what it shall be.
            NoSpaceError, StorageError
        """
        chain = certificates_in(pem, "What is to be imported")
        first = chain[0]
        if first.not_valid_after_utc <= as_datetime(self._clock.now_us()):
            raise ConfigurationError(f"The certificate expired on {day_text(first.not_valid_after_utc)}")
        for below, above in pairwise(chain):
            _check_link(below, above)
        self._certificates.make_directory()
        warnings = self._adopt_authority(chain, key) if is_ca(first) else self._adopt_server(chain, key)
        return _described(first, warnings)

    def _path(self, name: str) -> Path:
        return self._certificates.directory / name

    def _adopt_authority(self, chain: list[x509.Certificate], key: bytes | None) -> list[str]:
        write, first = self._certificates.write, chain[0]
        usage = first.extensions.get_extension_for_class(x509.KeyUsage).value if _has_usage(first) else None
        if usage is not None and not (usage.key_cert_sign and usage.crl_sign):
            raise ConfigurationError(
                "That authority may not sign certificates and lists of revoked ones (key usage)",
                hint="Have it signed with keyCertSign and cRLSign, as the request asks.",
            )
        if key is None:
            present = self._certificates.authority()
            _check_fits(first, present.key, "this server's authority; export its request with: sft ca export-csr")
        else:
            ca_key_in(key, "the given file")
            _check_fits(first, key, "the given key")
            self._keep_former(spki(first))
            write(self._path(CA_KEY), key)
        write(self._path(CA_CHAIN), b"".join(cert_pem(each) for each in chain[1:]))
        write(self._path(CA_CERT), cert_pem(first))
        if key is not None:
            return ["Clients that trust the former authority must trust this one: have them sign in again."]
        return []

    def _keep_former(self, new_key: bytes) -> None:
        """Devices with a certificate of the present authority stay: the list of those that were grows by it."""
        present, former = self._path(CA_CERT), self._path(CA_FORMER)
        if not present.exists():
            return
        kept = certificates_in(read_pem(present, "certificate"), str(present))[:1]
        kept += certificates_in(read_pem(former, "certificate"), str(former)) if former.exists() else []
        now = as_datetime(self._clock.now_us())
        good = [each for each in kept if spki(each) != new_key and each.not_valid_after_utc > now]
        self._certificates.write(former, b"".join(map(cert_pem, good)))

    def _adopt_server(self, chain: list[x509.Certificate], key: bytes | None) -> list[str]:
        write, first, waiting = self._certificates.write, chain[0], self._path(REQUEST_KEY)
        if key is None:
            if not waiting.exists():
                raise ConfigurationError(
                    "No server certificate was requested here, so there is no key for this one",
                    hint="Give its key with --key, or request one with: sft ca export-csr --server.",
                )
            key = read_pem(waiting, "key")
        _check_fits(first, key, "the key of the request")
        private_key_in(key, "the given file")
        if not names_of(first):
            raise ConfigurationError(
                "The certificate has no subject alternative name (SAN), so clients would refuse it",
                hint="Have it signed with the names of the request.",
            )
        sent = [each for each in chain if each.subject != each.issuer] or [first]
        write(self._path(OWN_KEY), key)
        write(self._path(OWN_CA), cert_pem(chain[-1]))
        write(self._path(OWN_CERT), b"".join(map(cert_pem, sent)))
        waiting.unlink(missing_ok=True)
        top = chain[-1]
        if top is first and top.subject != top.issuer:
            return ["The file holds no certificate above this one; clients must know that authority already."]
        return []


def _described(cert: x509.Certificate, warnings: Iterable[str] = ()) -> Adopted:
    return Adopted(
        is_ca(cert),
        cert.subject.rfc4514_string(),
        cert.issuer.rfc4514_string(),
        cert.not_valid_after_utc,
        cert.fingerprint(hashes.SHA256()).hex(":").upper(),
        tuple(warnings),
    )


def _signed(builder: x509.CertificateSigningRequestBuilder, key: CaKey) -> bytes:
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _has_usage(cert: x509.Certificate) -> bool:
    return any(isinstance(each.value, x509.KeyUsage) for each in cert.extensions)


def _check_fits(cert: x509.Certificate, key: bytes, whose: str) -> None:
    if spki(private_key_in(key, "the key file")) != spki(cert):
        raise ConfigurationError(
            f"The certificate ({cert.subject.rfc4514_string() or 'without a name'}) does not belong to {whose}",
            hint="In a file with several, the certificate that was asked for comes first; its key goes with --key.",
        )


def _check_link(below: x509.Certificate, above: x509.Certificate) -> None:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        raise ConfigurationError(
            f"In the file, {below.subject.rfc4514_string()} is not signed by what follows it,"
            f" {above.subject.rfc4514_string()}",
            hint="Put them in order: the certificate itself, then the one that signed it, and so on.",
        ) from None
