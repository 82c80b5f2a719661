import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from secure_file_transfer.config import ClientCertificates
from secure_file_transfer.errors import (
    ClientCertificateError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    SignInFailedError,
    SignInRequiredError,
    TooManyRequestsError,
)
from secure_file_transfer.model import Account, DeviceId, Principal, Role, Scope, TimeUs
from secure_file_transfer.ports import CatalogTx
from secure_file_transfer.services import devices as module
from secure_file_transfer.services.beliefs import BELIEVED_SECONDS
from secure_file_transfer.services.certificates import Pair, make_ca
from secure_file_transfer.services.credentials import Credentials, Shown
from secure_file_transfer.services.devices import Devices, Enrolment
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.sessions import Sessions
from secure_file_transfer.services.tokens import Tokens, Wish
from secure_file_transfer.storage.catalog import SqliteCatalog, open_catalog
from secure_file_transfer.testing.clock import FakeClock

GOOD = "tangerine bicycle"
DAY_US = 86_400 * 1_000_000
HASHER = PasswordHasher(time_cost=1, memory_kib=8, lanes=1)


def request(key: object | None = None, name: str = "x") -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    )
    key = key or ec.generate_private_key(ec.SECP256R1())
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM).decode()  # type: ignore[arg-type]


@dataclass
class World:
    catalog: SqliteCatalog
    clock: FakeClock
    sessions: Sessions
    devices: Devices
    ca: Pair
    ada: Account
    bob: Account

    def credentials(self, demand: str = "optional", *, alone: bool = True) -> Credentials:
        made = Credentials(self.catalog, self.clock, self.sessions, ClientCertificates(demand), alone=alone)
        self.devices.on_revoked = made.forget
        return made

    def enrol(self, account: Account | None = None) -> Enrolment:
        return self.devices.enrol(Principal(account or self.ada, None), request(), "laptop", address="::1")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = FakeClock()
    catalog = open_catalog(tmp_path / "c", clock)
    sessions = Sessions(catalog, clock, HASHER, 30 * DAY_US)
    ca = make_ca("test", clock.now_us())
    devices = Devices(catalog, clock, sessions, lambda: ca, 90 * DAY_US)

    def account(tx: CatalogTx, name: str, role: Role) -> Account:
        home = tx.drives.create(name, None, TimeUs(0))
        return tx.accounts.create(name, role, home.id, HASHER.hash(GOOD), TimeUs(0))

    ada = catalog.write(lambda tx: account(tx, "ada", Role.ADMIN))
    bob = catalog.write(lambda tx: account(tx, "bob", Role.USER))
    yield World(catalog, clock, sessions, devices, ca, ada, bob)
    catalog.close()


def shown(made: Enrolment | None = None, token: str | None = None) -> Shown:
    certificate = x509.load_pem_x509_certificate(made.issued.certificate.encode()) if made else None
    der = certificate.public_bytes(Encoding.DER) if certificate else None
    return Shown(token, der, "http", "192.0.2.1", "test")


def test_a_certificate_is_for_clients_alone_and_named_after_its_account(world: World) -> None:
    world.devices.crl_url = "https://nas:5000/ca.crl"
    made = world.enrol()
    cert = x509.load_pem_x509_certificate(made.issued.certificate.encode())
    issuer = x509.load_pem_x509_certificate(made.issued.chain.encode())
    cert.verify_directly_issued_by(issuer)
    assert cert.subject.rfc4514_string() == "CN=ada"
    usage = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    (point,) = cert.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name
    assert point.full_name[0].value == "https://nas:5000/ca.crl"
    assert made.device.fingerprint == hashlib.sha256(cert.public_bytes(Encoding.DER)).digest()
    assert made.issued.expires_us == made.device.expires_us == world.clock.now_us() + 90 * DAY_US
    assert world.enrol().issued.serial != made.issued.serial


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["P-521", "Ed25519", "RSA"],
)
def test_usual_keys_are_taken(world: World, key: object) -> None:
    assert world.devices.enrol(Principal(world.ada, None), request(key), "x", address="").device.name == "x"


def tampered() -> str:
    """A request whose signature is somebody else's."""
    one = x509.load_pem_x509_csr(request(name="one").encode()).public_bytes(Encoding.DER)
    two = x509.load_pem_x509_csr(request(name="two").encode()).public_bytes(Encoding.DER)
    key_at = one.index(b"\x03\x42\x00\x04")
    other = two.index(b"\x03\x42\x00\x04")
    swapped = one[:key_at] + two[other : other + 68] + one[key_at + 68 :]
    return x509.load_der_x509_csr(swapped).public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x" * 20_000,
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----",
        "سلام",
        request(ec.generate_private_key(ec.SECP192R1())),
        request(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - refused, as it should be
        tampered(),
    ],
    ids=["empty", "huge", "garbage", "not ascii", "P-192", "RSA 1024", "another's key"],
)
def test_what_does_not_prove_a_good_key_is_refused(world: World, bad: str) -> None:
    code = world.devices.code_for("ada").code
    with pytest.raises(InvalidRequestError):
        world.devices.enrol_by_code(code, bad, "x", address="")
    assert world.devices.of(None) == []
    assert world.devices.enrol_by_code(code, request(), "x", address="").device.account == "ada", (
        "the code is still good"
    )


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb", "\u202eevil"])
def test_a_device_has_a_visible_name(world: World, name: str) -> None:
    with pytest.raises(InvalidRequestError):
        world.devices.enrol(Principal(world.ada, None), request(), name, address="")


def test_a_code_works_once_and_for_its_account(world: World) -> None:
    made = world.devices.new_code(Principal(world.bob, None))
    assert made.code not in repr(made)
    enrolled = world.devices.enrol_by_code(made.code.lower().replace("-", " "), request(), "x", address="")
    assert enrolled.device.account == "bob"
    with pytest.raises(NotFoundError):
        world.devices.enrol_by_code(made.code, request(), "x", address="")


def test_a_code_expires_and_a_disabled_account_s_is_no_good(world: World) -> None:
    old, late = world.devices.code_for("bob", 30).code, world.devices.code_for("bob", 60).code
    world.clock.advance(30 * 60)
    with pytest.raises(NotFoundError) as expired:
        world.devices.enrol_by_code(old, request(), "x", address="")
    with pytest.raises(NotFoundError) as wrong:
        world.devices.enrol_by_code("AAAAA-AAAAA-AAAAA-AAAAA", request(), "x", address="")
    world.catalog.write(lambda tx: tx.accounts.set_disabled(world.bob.id, disabled=True))
    with pytest.raises(NotFoundError) as locked:
        world.devices.enrol_by_code(late, request(), "x", address="")
    assert str(expired.value) == str(wrong.value) == str(locked.value)


def test_wrong_codes_from_one_place_are_limited_and_other_places_do_not_notice(world: World) -> None:
    code = world.devices.new_code(Principal(world.ada, None)).code
    for _ in range(10):
        with pytest.raises(NotFoundError):
            world.devices.enrol_by_code("AAAAA-AAAAA-AAAAA-AAAAA", request(), "x", address="192.0.2.1")
    with pytest.raises(TooManyRequestsError):
        world.devices.enrol_by_code(code, request(), "x", address="192.0.2.1")
    assert world.devices.enrol_by_code(code, request(), "x", address="192.0.2.2").device.account == "ada"


def test_codes_devices_and_renewals_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(module.CODES_MAX):
        world.devices.code_for("bob")
    with pytest.raises(ConflictError):
        world.devices.code_for("bob")
    monkeypatch.setattr(module, "DEVICES_MAX", 2)
    first = world.enrol()
    world.enrol()
    with pytest.raises(ConflictError):
        world.enrol()
    for _ in range(module.CERTIFICATES_MAX - 1):
        world.devices.renew(first.device, request())
    with pytest.raises(ConflictError):
        world.devices.renew(first.device, request())
    world.devices.revoke_any(first.device.id)
    assert world.enrol().device.id > first.device.id, "a revoked one makes room"


def test_only_operators_see_and_end_the_devices_of_others(world: World) -> None:
    ada, bob, guest = Principal(world.ada, None), Principal(world.bob, None), Principal(None, None)
    hers, his = world.enrol().device, world.enrol(world.bob).device
    assert world.devices.list(bob) == world.devices.list(bob, "BOB") == [his]
    assert world.devices.list(ada, everybody=True) == [hers, his]
    assert world.devices.list(ada, "bob") == [his]
    for account in ("ada", "nobody", "\0"):
        with pytest.raises(NotFoundError, match="no such account"):
            world.devices.list(bob, account)
        with pytest.raises(NotFoundError, match="no such account"):
            world.devices.new_code(bob, account)
    with pytest.raises(ForbiddenError):
        world.devices.list(bob, everybody=True)
    for number in (hers.id, DeviceId(99)):
        with pytest.raises(NotFoundError, match="no such device"):
            world.devices.revoke(bob, number)
    with pytest.raises(SignInRequiredError):
        world.devices.list(guest)
    assert world.devices.revoke(ada, his.id).revoked_us == world.clock.now_us()


def test_the_list_of_revoked_ones_is_signed_and_made_anew_when_it_changes_and_every_day(world: World) -> None:
    made = world.enrol()
    issuer = x509.load_pem_x509_certificate(world.ca.cert)
    empty = world.devices.crl()
    assert world.devices.crl() is empty
    world.devices.revoke_any(made.device.id)
    crl = x509.load_der_x509_crl(world.devices.crl())
    assert crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    assert [each.serial_number for each in crl] == [made.issued.serial]
    assert crl.next_update_utc
    assert (crl.next_update_utc - crl.last_update_utc).days == 7
    world.clock.advance(86_400)
    later = x509.load_der_x509_crl(world.devices.crl())
    assert later.last_update_utc > crl.last_update_utc
    number = x509.CRLNumber
    assert (
        later.extensions.get_extension_for_class(number).value.crl_number
        > crl.extensions.get_extension_for_class(number).value.crl_number
    )
    world.clock.advance(90 * 86_400)
    world.devices.remove_expired()
    assert list(x509.load_der_x509_crl(world.devices.crl())) == []
    assert world.devices.of(None) == []


# --- who asks ---------------------------------------------------------------------------------------------------


def test_a_certificate_alone_signs_in_with_one_session_of_its_own(world: World) -> None:
    credentials, made = world.credentials(), world.enrol()
    first, again = credentials.principal(shown(made)), credentials.principal(shown(made))
    assert first.account == world.ada
    assert first.session
    assert again.session
    assert (first.session.id, first.session.device_id) == (again.session.id, made.device.id)
    assert world.devices.name_of(first.session) == "laptop"
    world.sessions.end(first.session.id)
    with pytest.raises(SignInRequiredError):
        world.sessions.check(first)
    anew = credentials.principal(shown(made))
    assert anew.session
    assert anew.session.id > first.session.id
    (device,) = world.devices.of(None)
    assert (device.seen_us, device.address) == (world.clock.now_us(), "192.0.2.1")


def test_attack_33_a_revoked_device_is_out_at_once_and_its_transfers_stop(world: World) -> None:
    credentials, made = world.credentials(), world.enrol()
    who = credentials.principal(shown(made))
    world.devices.revoke(who, made.device.id)
    with pytest.raises(SignInRequiredError):
        world.sessions.check(who)
    with pytest.raises(ClientCertificateError):
        credentials.principal(shown(made))
    token = world.sessions.open_for(world.ada, door="http", address="", agent="").token
    with pytest.raises(ClientCertificateError):
        credentials.principal(shown(made, token))


def test_attack_33_a_revocation_by_another_process_counts_within_half_a_second(world: World) -> None:
    credentials, made = world.credentials(), world.enrol()
    who = credentials.principal(shown(made))
    world.catalog.write(lambda tx: tx.devices.revoke(made.device.id, world.clock.now_us()))
    world.clock.advance(BELIEVED_SECONDS)
    with pytest.raises(ClientCertificateError):
        credentials.principal(shown(made))
    with pytest.raises(SignInRequiredError):
        world.sessions.check(who)


def test_an_answer_from_before_a_revocation_is_not_believed_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials, made = world.credentials(), world.enrol()
    read = world.catalog.read

    def interrupted(work: object) -> object:
        found = read(work)  # type: ignore[arg-type, var-annotated]
        monkeypatch.undo()
        world.devices.revoke_any(made.device.id)
        return found

    monkeypatch.setattr(world.catalog, "read", interrupted)
    with pytest.raises(SignInRequiredError):
        # Only this one request had asked before; and the session it would have got is gone too.
        credentials.principal(shown(made, "sft_" + "x" * 43))
    with pytest.raises(ClientCertificateError):
        credentials.principal(shown(made))


def test_an_expired_certificate_is_refused_whatever_tls_says(world: World) -> None:
    credentials, made = world.credentials(), world.enrol()
    world.clock.advance(90 * 86_400 - 1)
    assert credentials.principal(shown(made)).account
    world.clock.advance(1)
    with pytest.raises(ClientCertificateError, match="expired"):
        credentials.principal(shown(made))


def test_renewing_gives_the_device_one_more_certificate_and_revoking_ends_both(world: World) -> None:
    credentials, made = world.credentials(), world.enrol()
    world.clock.advance(60 * 86_400)
    renewed = world.devices.renew(credentials.device(shown(made)), request())
    assert renewed.device.id == made.device.id
    assert renewed.device.expires_us == world.clock.now_us() + 90 * DAY_US
    for each in (made, renewed):
        session = credentials.principal(shown(each)).session
        assert session
        assert session.device_id == made.device.id
    world.devices.revoke_any(made.device.id)
    for each in (made, renewed):
        with pytest.raises(ClientCertificateError):
            credentials.device(shown(each))


def test_a_disabled_or_deleted_account_s_devices_are_refused(world: World) -> None:
    credentials, made = world.credentials(), world.enrol(world.bob)
    assert credentials.principal(shown(made)).account == world.bob
    world.catalog.write(lambda tx: tx.accounts.set_disabled(world.bob.id, disabled=True))
    world.clock.advance(BELIEVED_SECONDS)
    with pytest.raises(ClientCertificateError):
        credentials.principal(shown(made))
    world.catalog.write(lambda tx: tx.accounts.delete(world.bob.id))
    with pytest.raises(ClientCertificateError):
        credentials.principal(shown(made))


def test_attack_30_an_account_made_again_has_no_devices(world: World) -> None:
    made = world.enrol(world.bob)
    world.catalog.write(lambda tx: tx.accounts.delete(world.bob.id))
    home = world.catalog.write(lambda tx: tx.drives.create("bob", None, TimeUs(0)))
    world.catalog.write(lambda tx: tx.accounts.create("bob", Role.USER, home.id, "x", TimeUs(0)))
    with pytest.raises(ClientCertificateError):
        world.credentials().principal(shown(made))
    assert world.devices.of("bob") == []


def test_a_session_of_a_device_is_good_with_that_device_only(world: World) -> None:
    credentials = world.credentials(alone=False)
    made, other, stranger = world.enrol(), world.enrol(), world.enrol(world.bob)
    with pytest.raises(SignInRequiredError):
        credentials.principal(shown(made))
    with pytest.raises(SignInFailedError):
        credentials.sign_in("ada", GOOD, shown(stranger))
    token = credentials.sign_in("ada", GOOD, shown(made)).token
    assert credentials.principal(shown(made, token)).account == world.ada
    for wrong in (None, other, stranger):
        with pytest.raises(ClientCertificateError):
            credentials.principal(shown(wrong, token))
    free = credentials.sign_in("ada", GOOD, shown()).token
    assert credentials.principal(shown(None, free)).account == world.ada
    with pytest.raises(ClientCertificateError, match="another account"):
        credentials.principal(shown(stranger, free))


def test_required_refuses_whatever_comes_without(world: World) -> None:
    credentials, made = world.credentials("required"), world.enrol()
    token = world.sessions.open_for(world.ada, door="http", address="", agent="").token
    with pytest.raises(ClientCertificateError):
        credentials.principal(shown(None, token))
    with pytest.raises(ClientCertificateError):
        credentials.sign_in("ada", GOOD, shown())
    assert credentials.principal(shown(made, token)).account == world.ada


def test_off_looks_at_no_certificate(world: World) -> None:
    credentials, made = world.credentials("off"), world.enrol()
    assert not credentials.alone
    with pytest.raises(SignInRequiredError):
        credentials.principal(shown(made))
    world.devices.revoke_any(made.device.id)
    token = world.sessions.open_for(world.ada, door="http", address="", agent="").token
    assert credentials.principal(shown(made, token)).account == world.ada


def test_where_certificates_are_required_an_api_token_needs_one_of_the_same_account(world: World) -> None:
    tokens = Tokens(world.catalog, world.clock, world.sessions)
    credentials = Credentials(
        world.catalog, world.clock, world.sessions, ClientCertificates.REQUIRED, alone=True, tokens=tokens
    )
    made = tokens.create(Principal(world.ada, None), GOOD, Wish("x", {Scope.FILES_READ}), address="::1")
    own, other = world.enrol(), world.enrol(world.bob)
    who = credentials.principal(shown(own, made.text))
    assert who.token
    assert who.token.id == made.token.id
    for certificate in (None, other):
        with pytest.raises(ClientCertificateError):
            credentials.principal(shown(certificate, made.text))
    world.devices.on_revoked = credentials.forget
    world.devices.revoke_any(own.device.id)
    with pytest.raises(ClientCertificateError):
        credentials.principal(shown(own, made.text))
