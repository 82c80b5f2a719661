"""An organisation's authority signs ours, or takes its place, or signs the server's certificate."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from secure_file_transfer.errors import ConfigurationError
from secure_file_transfer.services.adoption import Adoption
from secure_file_transfer.services.certificates import Certificates, check_server_files, fingerprint, make_ca
from secure_file_transfer.storage.durable import write_file
from secure_file_transfer.testing.clock import START_US, FakeClock

NOW = datetime.fromtimestamp(START_US / 1_000_000, UTC)
HOSTS = ["localhost", "127.0.0.1"]


class Organisation:
    """A root authority with an RSA key, as many have."""

    def __init__(self, name: str = "Org Root") -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.cert = (
            self._begin(self.name, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def _begin(self, subject: x509.Name, key: object, days: int = 365) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=1))
            .not_valid_after(NOW + timedelta(days=days))
        )

    @property
    def pem(self) -> bytes:
        return self.cert.public_bytes(Encoding.PEM)

    def sign(self, request: bytes, *, days: int = 365, bare: bool = False) -> bytes:
        """What `openssl ca` with `copy_extensions` does."""
        csr = x509.load_pem_x509_csr(request)
        assert csr.is_signature_valid
        builder = self._begin(csr.subject, csr.public_key(), days)
        for extension in () if bare else csr.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def kept(tmp_path: Path, clock: FakeClock) -> Certificates:
    return Certificates(tmp_path / "tls", clock, write_file)


@pytest.fixture
def adoption(kept: Certificates, clock: FakeClock) -> Adoption:
    return Adoption(kept, clock)


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    return Organisation()


def test_our_authority_signed_by_an_organisation_s(
    kept: Certificates, adoption: Adoption, organisation: Organisation
) -> None:
    before = kept.ensure(HOSTS)
    pinned = x509.load_pem_x509_certificate(before.ca_cert.read_bytes())
    signed = organisation.sign(adoption.authority_request())
    adopted = adoption.adopt(signed + organisation.pem)
    assert (adopted.authority, adopted.issuer, adopted.warnings) == (True, "CN=Org Root", ())
    files = kept.ensure(HOSTS)
    chain = x509.load_pem_x509_certificates(files.chain.read_bytes())
    assert len(chain) == 3, "the server's own, ours, and the organisation's"
    for below, above in pairwise(chain):
        below.verify_directly_issued_by(above)
    assert len(x509.load_pem_x509_certificates(files.ca_cert.read_bytes())) == 1, "/ca.pem holds one, to be pinned"
    chain[0].verify_directly_issued_by(pinned)  # whoever trusts the former certificate of the same key stays
    assert kept.ensure(HOSTS) == files
    assert adoption.show()["authority"].issuer == "CN=Org Root"


def test_an_organisation_s_authority_with_its_key_takes_the_place_of_ours(
    kept: Certificates, adoption: Adoption, organisation: Organisation
) -> None:
    old = kept.ensure(HOSTS)
    former = x509.load_pem_x509_certificate(old.ca_cert.read_bytes())
    other = make_ca("Their CA", START_US)
    assert adoption.adopt(other.cert, other.key).warnings
    files = kept.ensure(HOSTS)
    assert files.fingerprint == fingerprint(other.cert)
    assert kept.authority().key == other.key
    known = x509.load_pem_x509_certificates(kept.client_authorities())
    assert known == [x509.load_pem_x509_certificate(other.cert), former], "devices of the former one stay"
    assert (kept.directory / "ca_key.pem").stat().st_mode & 0o777 == 0o600
    key = organisation.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    adoption.adopt(organisation.pem, key)  # one with RSA signs as well
    leaf = x509.load_pem_x509_certificates(kept.ensure(HOSTS).chain.read_bytes())[0]
    leaf.verify_directly_issued_by(organisation.cert)
    assert len(x509.load_pem_x509_certificates(kept.client_authorities())) == 3


def test_a_server_certificate_that_was_requested_here(
    kept: Certificates, adoption: Adoption, organisation: Organisation, clock: FakeClock
) -> None:
    kept.ensure(HOSTS)
    request = adoption.server_request(["files.example.org", "192.0.2.7"])
    assert (
        x509.load_pem_x509_csr(request).public_key()
        == x509.load_pem_x509_csr(adoption.server_request(["other.example"])).public_key()
    ), "an answer to the first one still fits"
    assert (kept.directory / "request_key.pem").stat().st_mode & 0o777 == 0o600
    adopted = adoption.adopt(organisation.sign(request) + organisation.pem)
    assert (adopted.authority, adopted.warnings) == (False, ())
    files = kept.ensure(HOSTS)
    assert files.ca_cert.read_bytes() == organisation.pem
    assert len(x509.load_pem_x509_certificates(files.chain.read_bytes())) == 1, "nobody needs to be sent the root"
    assert check_server_files(files.chain, files.key, clock.now_us()) == []
    assert not (kept.directory / "request_key.pem").exists()
    assert kept.authority().key, "devices still get their certificates here"
    clock.advance(366 * 86_400)
    with pytest.raises(ConfigurationError, match="expired"):
        kept.ensure(HOSTS)


def test_a_server_certificate_with_its_key(
    kept: Certificates, adoption: Adoption, organisation: Organisation, tmp_path: Path, clock: FakeClock
) -> None:
    elsewhere = Adoption(Certificates(tmp_path / "elsewhere", clock, write_file), clock)
    signed = organisation.sign(elsewhere.server_request(HOSTS))
    with pytest.raises(ConfigurationError, match="No server certificate was requested"):
        adoption.adopt(signed)
    key = (tmp_path / "elsewhere" / "request_key.pem").read_bytes()
    assert adoption.adopt(signed, key).warnings, "without the root clients must know it already"
    assert kept.ensure(HOSTS).key.read_bytes() == key


def test_what_cannot_work_is_refused_and_nothing_is_touched(
    kept: Certificates, adoption: Adoption, organisation: Organisation
) -> None:
    files = kept.ensure(HOSTS)
    ours, theirs = adoption.authority_request(), adoption.server_request(HOSTS)
    before = {path.name: path.read_bytes() for path in kept.directory.iterdir()}
    stranger = make_ca("x", START_US)
    for pem, key in (
        (b"garbage", None),
        (organisation.sign(ours, days=0), None),  # expired
        (organisation.sign(ours) + stranger.cert, None),  # not the one that signed it
        (organisation.pem, None),  # not our key
        (organisation.pem, stranger.key),
        (organisation.sign(theirs, bare=True), None),  # no names
        (organisation.sign(theirs), stranger.key),
        (organisation.sign(theirs), b"garbage"),
    ):
        with pytest.raises(ConfigurationError) as refused:
            adoption.adopt(pem, key)
        assert str(refused.value)
    assert {path.name: path.read_bytes() for path in kept.directory.iterdir()} == before
    assert kept.ensure(HOSTS) == files
