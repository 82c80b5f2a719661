"""What operators see of everybody: accounts page by page, what is shared, and the certificates in use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer.config import load
from secure_file_transfer.errors import ForbiddenError, NotFoundError
from secure_file_transfer.model import LEVELS, LinkId, Principal, Rights, Role, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.accounts import Change
from secure_file_transfer.services.certificate_view import CertificateView, Ending, Origin
from secure_file_transfer.services.certificates import Certificates
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.links import Terms
from secure_file_transfer.services.roster import State, Wanted
from secure_file_transfer.storage.durable import write_file
from secure_file_transfer.testing.clock import FakeClock

PASSWORD = "a long enough word to say"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(load(data_dir=tmp_path_factory.mktemp("house") / "data"))
    house.accounts.create("ada", PASSWORD, Role.ADMIN, Change(note="runs it"))
    for name in ("bob", "Cyn", "dora"):
        house.accounts.create(name, PASSWORD, details=Change(email=f"{name}@example.com"))
    files = Files(Access(house.vaults.tree, house.catalog, house.clock), house.credentials.check)
    for name in ("ada", "bob"):
        files.make_folder(who(house, name), RemotePath.parse("/photos"))
    yield house
    house.close()


def who(house: House, name: str) -> Principal:
    return Principal(house.accounts.get(name), None)


def names(house: House, wanted: Wanted) -> list[str]:
    return [each.account.name for each in house.accounts.page(wanted).accounts]


def test_accounts_come_page_by_page(house: House) -> None:
    first = house.accounts.page(Wanted(limit=2))
    assert ([each.account.name for each in first.accounts], first.total, first.more) == (["ada", "bob"], 4, True)
    rest = house.accounts.page(Wanted(limit=2, after="bob"))
    assert ([each.account.name for each in rest.accounts], rest.total, rest.more) == (["Cyn", "dora"], 4, False)


def test_accounts_are_found_by_what_is_known_of_them(house: House) -> None:
    assert names(house, Wanted(search="CYN@EX")) == ["Cyn"]
    assert names(house, Wanted(search="runs")) == ["ada"]
    assert names(house, Wanted(role=Role.ADMIN)) == ["ada"]
    house.accounts.set_disabled("dora", disabled=True)
    assert names(house, Wanted(state=State.DISABLED)) == ["dora"]
    assert names(house, Wanted(state=State.ACTIVE, role=Role.USER)) == ["bob", "Cyn"]
    house.accounts.set_disabled("dora", disabled=False)


def test_when_somebody_was_here_last_is_known(house: House) -> None:
    assert house.accounts.one("bob").seen_us is None
    house.sessions.sign_in("bob", PASSWORD, door="http", address="192.0.2.1", agent="test")
    assert house.accounts.one("bob").seen_us is not None


def test_operators_see_and_end_what_others_share(house: House) -> None:
    ada, bob, photos = who(house, "ada"), who(house, "bob"), RemotePath.parse("/photos")
    house.shares.grant(bob, photos, "cyn", LEVELS["viewer"])
    house.shares.grant(ada, photos, "bob", LEVELS["editor"])
    grants, after = house.oversight.grants(ada, None, 0, 10)
    assert [(each.owner, str(each.path), each.grant.to) for each in grants] == [
        ("bob", "/photos", "Cyn"),
        ("ada", "/photos", "bob"),
    ]
    assert after is None
    assert house.oversight.grants(ada, None, 0, 1)[1] == grants[0].number
    assert [each.owner for each in house.oversight.grants(ada, "ada", 0, 10)[0]] == ["ada"]
    house.oversight.revoke_grant(ada, grants[0].number)
    assert house.shares.given(bob) == []
    assert len(house.shares.given(ada)) == 1
    with pytest.raises(NotFoundError):
        house.oversight.revoke_grant(ada, grants[0].number)


def test_attack_58_operators_end_the_links_of_others_and_never_see_their_secrets(house: House) -> None:
    ada, bob = who(house, "ada"), who(house, "bob")
    made = house.links.create(bob, RemotePath.parse("/photos"), Terms(Rights.READ))
    assert made.secret is not None
    visit = house.links.open(made.secret, None, door="http", address="192.0.2.1", agent="test")
    (seen,), after = house.oversight.links(ada, None, 0, 10)
    assert (seen.link.owner, str(seen.path), seen.secret, after) == ("bob", "/photos", None, None)
    assert house.oversight.links(ada, "ada", 0, 10)[0] == []
    house.oversight.revoke_link(ada, seen.link.id)
    with pytest.raises(NotFoundError):
        house.links.find(made.secret)
    assert house.catalog.read(lambda tx: tx.sessions.get(visit.session.id)) is None
    with pytest.raises(NotFoundError):
        house.oversight.revoke_link(ada, seen.link.id)


def test_nobody_else_sees_or_ends_anything(house: House, tmp_path: Path) -> None:
    bob, view = who(house, "bob"), CertificateView(house.certificates, house.adoption, None)
    for act in (
        lambda: house.oversight.grants(bob, None, 0, 10),
        lambda: house.oversight.links(bob, None, 0, 10),
        lambda: house.oversight.revoke_grant(bob, 1),
        lambda: house.oversight.revoke_link(bob, LinkId(1)),
        lambda: view.in_use(bob),
        lambda: view.request(bob),
        lambda: view.reload(bob),
    ):
        with pytest.raises(ForbiddenError):
            act()


def test_certificates_are_shown_as_they_are(house: House) -> None:
    ada = who(house, "ada")
    tls = house.certificates.ensure(["files.example.org", "192.0.2.7"])
    view = CertificateView(house.certificates, house.adoption, None)
    used = view.in_use(ada)
    assert (used.origin, used.signs) == (Origin.OWN, True)
    assert used.authority.fingerprint == tls.fingerprint
    assert used.server.names == ("files.example.org", "192.0.2.7")
    assert used.server.issuer == used.authority.subject
    assert used.server.begins_us < house.clock.now_us() < used.server.expires_us
    configured = CertificateView(house.certificates, house.adoption, tls.ca_cert).in_use(ada)
    assert (configured.origin, configured.server) == (Origin.CONFIGURED, used.authority)
    request = view.request(ada)
    assert request.startswith(b"-----BEGIN CERTIFICATE REQUEST-----")


def test_the_certificate_that_is_shown_is_told_and_not_one_that_was_refused(house: House) -> None:
    ada = who(house, "ada")
    view = CertificateView(house.certificates, house.adoption, None)
    assert view.ending() is None
    view.note(house.certificates.ensure(["localhost"]).chain)
    shown = view.in_use(ada).server
    write_file(house.certificates.directory / "server_cert.pem", b"not a certificate")
    assert view.in_use(ada).server == view.reload(ada).server == shown
    assert view.ending() == Ending(shown.expires_us, soon=False)


@pytest.mark.parametrize(("days", "soon"), [(31, False), (30, False), (29, True), (-1, True)])
def test_one_rule_says_what_is_soon(tmp_path: Path, days: int, soon: bool) -> None:
    clock = FakeClock()
    kept = Certificates(tmp_path, clock, write_file)
    assert kept.end_soon(TimeUs(clock.now_us() + days * 86_400_000_000)) is soon
