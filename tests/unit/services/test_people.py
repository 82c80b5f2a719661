"""Expiry, details, resets, registration and one's own password, before one catalog."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.config import ClientCertificates
from secure_file_transfer.config import Registration as Mode
from secure_file_transfer.errors import (
    ClientCertificateError,
    ConflictError,
    ExistsError,
    ForbiddenError,
    InvalidNameError,
    InvalidRequestError,
    NotFoundError,
    SignInFailedError,
    SignInRequiredError,
    TooManyRequestsError,
    TotpRequiredError,
    WeakPasswordError,
)
from secure_file_transfer.model import AccountId, Drive, DriveId, Principal, Role, TimeUs
from secure_file_transfer.ports import Catalog, CatalogTx
from secure_file_transfer.services import registration
from secure_file_transfer.services.accounts import Accounts, Change, require_operator
from secure_file_transfer.services.credentials import Credentials, Shown
from secure_file_transfer.services.guard import Guard
from secure_file_transfer.services.own_password import OwnPassword
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.registration import Registration
from secure_file_transfer.services.resets import Resets
from secure_file_transfer.services.sessions import Sessions, SignedIn
from secure_file_transfer.services.totp import SecondFactor
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.clock import FakeClock

OLD = "tangerine bicycle"
NEW = "marmalade telescope"
HERE = "192.0.2.1"
DAY_US = 86_400_000_000


class Homes:
    def create_in(self, tx: CatalogTx, name: str, owner_id: AccountId | None) -> Drive:
        return tx.drives.create(name, owner_id, TimeUs(0))

    def remove_in(self, tx: CatalogTx, drive_id: DriveId) -> None:
        """The tests do not look at what becomes of it."""


@dataclass
class World:
    catalog: Catalog
    clock: FakeClock
    hasher: PasswordHasher
    guard: Guard
    factors: SecondFactor
    sessions: Sessions
    accounts: Accounts
    resets: Resets
    own: OwnPassword

    def sign_in(self, name: str, password: str, **more: Any) -> SignedIn:
        return self.sessions.sign_in(name, password, door="http", address=HERE, agent="test", **more)

    def registration(self, mode: Mode, **more: Any) -> Registration:
        return Registration(self.catalog, self.clock, self.accounts, self.guard, mode, **more)

    def principal(self, signed: SignedIn) -> Principal:
        return self.sessions.resolve(signed.token)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    catalog, clock = open_catalog(tmp_path / "catalog.db"), FakeClock()
    hasher, guard = PasswordHasher(time_cost=1, memory_kib=8, lanes=1), Guard(clock)
    factors = SecondFactor(catalog, clock, guard, lambda _, salt: salt * 2)
    sessions = Sessions(catalog, clock, hasher, 10**15, guard=guard, factors=factors)
    accounts = Accounts(catalog, clock, hasher, Homes(), sessions)
    accounts.create("root", OLD, Role.ADMIN)
    accounts.create("sara", OLD)
    resets = Resets(catalog, clock, hasher, guard, sessions)
    own = OwnPassword(catalog, clock, hasher, sessions)
    yield World(catalog, clock, hasher, guard, factors, sessions, accounts, resets, own)
    catalog.close()


# --- details and expiry -----------------------------------------------------------------------------------------


def test_details_change_one_by_one(world: World) -> None:
    world.accounts.change("SARA", Change(email="sara@example.com", quota_bytes=5))
    world.accounts.change("sara", Change(note="برای می‌تابستان", quota_files=7, expires_us=world.clock.now_us() + 10))
    found = world.accounts.get("sara")
    assert (found.email, found.note, found.quota_bytes, found.quota_files) == (
        "sara@example.com",
        "برای می‌تابستان",
        5,
        7,
    )
    assert found.expires_us == world.clock.now_us() + 10
    found = world.accounts.change("sara", Change(email="", quota_bytes=0, expires_us=0))
    assert (found.email, found.quota_bytes, found.expires_us, found.quota_files) == ("", 0, None, 7)
    assert found == world.accounts.get("sara")


@pytest.mark.parametrize(
    "change",
    [
        Change(email="sara"), Change(email="a b@c"), Change(email="a@b\n"), Change(email="x" * 250 + "@a.de"),
        Change(email="<b>@c"), Change(note="two\nlines"), Change(note="a\u202eb"),
        Change(email="a\u202e@b.c"), Change(note="\x1b[31m"), Change(note="x" * 501),
        Change(quota_bytes=-1), Change(quota_files=2**63), Change(expires_us=-1),
        Change(expires_us=2**58), Change(rate_up=2**41),
    ],
)  # fmt: skip
def test_details_that_make_no_sense_are_refused(world: World, change: Change) -> None:
    before = world.accounts.get("sara")
    with pytest.raises(InvalidRequestError):
        world.accounts.change("sara", change)
    with pytest.raises(InvalidRequestError):
        world.accounts.create("omid", OLD, Role.USER, change)
    assert world.accounts.get("sara") == before


def test_from_the_moment_it_expires_an_account_is_out(world: World) -> None:
    """Attack 29: also what runs, at that moment, however lately it was asked."""
    signed = world.sign_in("sara", OLD)
    world.accounts.change("sara", Change(expires_us=world.clock.now_us() + 1_000_000))
    who = world.principal(signed)
    world.clock.advance(0.999)
    world.sessions.check(who)
    world.clock.advance(0.001)
    with pytest.raises(SignInRequiredError):
        world.sessions.check(who)
    with pytest.raises(SignInRequiredError):
        world.sessions.resolve(signed.token)
    with pytest.raises(SignInFailedError) as refused:
        world.sign_in("sara", OLD)
    with pytest.raises(SignInFailedError) as wrong:
        world.sign_in("sara", NEW)
    assert (str(refused.value), refused.value.hint) == (str(wrong.value), wrong.value.hint)
    with pytest.raises(SignInFailedError):
        world.sessions.open_for(world.accounts.get("sara"), door="http", address=HERE, agent="")
    world.accounts.change("sara", Change(expires_us=0))
    world.sign_in("sara", OLD)


def test_an_expiry_in_the_past_ends_the_sessions_in_the_same_transaction(world: World) -> None:
    world.sign_in("sara", OLD)
    world.accounts.change("sara", Change(expires_us=1))
    account = world.accounts.get("sara")
    assert world.catalog.read(lambda tx: tx.sessions.of(account.id)) == []


@pytest.mark.parametrize(
    "change", [Change(disabled=True), Change(role=Role.USER), Change(expires_us=2**57), Change(expires_us=1)]
)
def test_the_last_administrator_cannot_be_changed_into_none(world: World, change: Change) -> None:
    """Attack 32, and what an operator might do to himself: another who expires some day does not count."""
    world.accounts.create("second", OLD, Role.ADMIN, Change(expires_us=2**57))
    signed = world.sign_in("root", OLD)
    before = world.accounts.get("root")
    with pytest.raises(ConflictError, match="last administrator"):
        world.accounts.change("root", change)
    with pytest.raises(ConflictError, match="last administrator"):
        world.accounts.delete("root")
    assert world.accounts.get("root") == before
    require_operator(world.principal(signed))
    world.accounts.change("second", Change(expires_us=0))
    world.accounts.change("root", change)


def test_an_account_that_is_made_again_inherits_nothing(world: World) -> None:
    """Attack 30."""
    world.accounts.change("sara", Change(quota_bytes=5, email="a@b.c", note="x", expires_us=2**57))
    code = world.resets.begin("sara").code
    world.accounts.delete("sara")
    again = world.accounts.create("sara", NEW)
    assert (again.quota_bytes, again.email, again.note, again.expires_us, again.pending) == (0, "", "", None, False)
    assert world.accounts.get("sara") == again
    with pytest.raises(NotFoundError):
        world.resets.complete(code, OLD, address=HERE)
    assert world.accounts.listed()[-1].bytes == 0


def test_accounts_are_listed_with_what_they_hold(world: World) -> None:
    sara = world.accounts.get("sara")
    world.catalog.write(lambda tx: tx.drives.add_usage(sara.home_id, 70, 3))
    assert [(each.account.name, each.bytes, each.files) for each in world.accounts.listed()] == [
        ("root", 0, 0),
        ("sara", 70, 3),
    ]
    assert world.accounts.one("SARA").files == 3


# --- one's own password -----------------------------------------------------------------------------------------


def test_changing_the_password_ends_the_other_sessions_and_renews_this_one(world: World) -> None:
    """Attack 29. Whoever had the password, or this session's token, is out; what this session does goes on."""
    mine, other = world.sign_in("sara", OLD), world.sign_in("sara", OLD)
    who = world.principal(mine)
    world.principal(other)
    changed = world.own.change(who, OLD, NEW, address=HERE, renew=True)
    assert changed.ended == 1
    assert changed.signed
    for dead in (mine.token, other.token):
        with pytest.raises(SignInRequiredError):
            world.sessions.resolve(dead)
    world.sessions.check(who)
    assert world.sessions.resolve(changed.signed.token).session == mine.session
    with pytest.raises(SignInFailedError):
        world.sign_in("sara", OLD)
    world.sign_in("sara", NEW)


def test_a_session_without_a_token_of_its_own_stays_as_it_is(world: World) -> None:
    mine = world.sign_in("sara", OLD)
    assert world.own.change(world.principal(mine), OLD, NEW, address=HERE, renew=False).signed is None
    world.sessions.resolve(mine.token)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (NEW, "another good password", SignInFailedError), ("", NEW, SignInFailedError),
        (OLD, OLD, WeakPasswordError), (OLD, "short", WeakPasswordError), (OLD, "sara sara sara", WeakPasswordError),
    ],
)  # fmt: skip
def test_a_password_change_that_is_refused_changes_nothing(
    world: World, old: str, new: str, error: type[Exception]
) -> None:
    """Attack 22 for the empty one."""
    mine, other = world.sign_in("sara", OLD), world.sign_in("sara", OLD)
    with pytest.raises(error):
        world.own.change(world.principal(mine), old, new, address=HERE, renew=True)
    world.principal(mine)
    world.principal(other)
    world.sign_in("sara", OLD)


def test_guesses_at_the_old_password_are_counted(world: World) -> None:
    who = world.principal(world.sign_in("sara", OLD))
    for _ in range(10):
        with pytest.raises(SignInFailedError):
            world.own.change(who, NEW, NEW, address=HERE, renew=True)
    with pytest.raises(TooManyRequestsError):
        world.own.change(who, OLD, NEW, address=HERE, renew=True)


def test_an_operators_reset_in_between_wins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    who = world.principal(world.sign_in("sara", OLD))
    hash_ = world.hasher.hash

    def slow(password: str) -> str:
        monkeypatch.undo()
        world.accounts.set_password("sara", "what the operator chose")
        return hash_(password)

    monkeypatch.setattr(world.hasher, "hash", slow)
    with pytest.raises(SignInRequiredError):
        world.own.change(who, OLD, NEW, address=HERE, renew=True)
    world.sign_in("sara", "what the operator chose")


def test_a_guest_has_no_password(world: World) -> None:
    with pytest.raises(SignInRequiredError):
        world.own.change(Principal(None, None), OLD, NEW, address=HERE, renew=True)
    with pytest.raises(SignInRequiredError):
        world.own.change(Principal(world.accounts.get("sara"), None), OLD, NEW, address=HERE, renew=True)


# --- resets -----------------------------------------------------------------------------------------------------


def test_a_link_sets_a_password_once_and_ends_all_sessions(world: World) -> None:
    signed = world.sign_in("sara", OLD)
    made = world.resets.begin("SARA")
    assert (made.account, made.expires_us) == ("sara", world.clock.now_us() + DAY_US)
    assert made.code not in repr(made)
    world.sign_in("sara", OLD)  # nothing changes before it is used
    assert world.resets.account(made.code.lower().replace("-", " "), address=HERE).name == "sara"
    assert world.resets.complete(made.code, NEW, address=HERE).name == "sara"
    with pytest.raises(SignInRequiredError):
        world.sessions.resolve(signed.token)
    world.sign_in("sara", NEW)
    with pytest.raises(NotFoundError):
        world.resets.complete(made.code, OLD, address=HERE)


def test_a_weak_password_does_not_use_the_link_up(world: World) -> None:
    code = world.resets.begin("sara").code
    with pytest.raises(WeakPasswordError):
        world.resets.complete(code, "sara", address=HERE)
    world.resets.complete(code, NEW, address=HERE)


def test_a_link_ends_by_time_by_a_newer_one_and_by_any_other_new_password(world: World) -> None:
    def dead(code: str) -> None:
        with pytest.raises(NotFoundError):
            world.resets.complete(code, "yet another password", address=HERE)

    late = world.resets.begin("sara", 2).code
    world.clock.advance(2 * 3600)
    dead(late)
    old = world.resets.begin("sara").code
    newer = world.resets.begin("sara").code
    dead(old)
    world.accounts.set_password("sara", NEW)
    dead(newer)
    own = world.resets.begin("sara").code
    world.own.change(world.principal(world.sign_in("sara", NEW)), NEW, OLD, address=HERE, renew=False)
    dead(own)
    for hours in (0, 169):
        with pytest.raises(InvalidRequestError):
            world.resets.begin("sara", hours)


@pytest.mark.parametrize("change", [Change(disabled=True), Change(expires_us=1)])
def test_there_is_no_reset_for_whoever_may_not_sign_in(world: World, change: Change) -> None:
    """Attack 31: neither a new link, nor one from before, also not once the account is let in again."""
    code = world.resets.begin("sara").code
    world.accounts.change("sara", change)
    with pytest.raises(ConflictError):
        world.resets.begin("sara")
    with pytest.raises(NotFoundError) as refused:
        world.resets.complete(code, NEW, address=HERE)
    with pytest.raises(NotFoundError) as wrong:
        world.resets.complete("K7RWM", NEW, address=HERE)
    assert str(refused.value) == str(wrong.value)
    world.accounts.change("sara", Change(disabled=False, expires_us=0))
    with pytest.raises(NotFoundError):
        world.resets.complete(code, NEW, address=HERE)
    world.sign_in("sara", OLD)


def test_an_account_that_expires_meanwhile_gets_no_password(world: World) -> None:
    """Attack 31."""
    code = world.resets.begin("sara").code
    world.accounts.change("sara", Change(expires_us=world.clock.now_us() + 1_000_000))
    world.clock.advance(1)
    with pytest.raises(NotFoundError):
        world.resets.complete(code, NEW, address=HERE)


def test_guesses_at_links_are_counted(world: World) -> None:
    code = world.resets.begin("sara").code
    for _ in range(10):
        with pytest.raises(NotFoundError):
            world.resets.account("K7RWM-AAAAA", address=HERE)
    with pytest.raises(TooManyRequestsError):
        world.resets.complete(code, NEW, address=HERE)
    world.resets.complete(code, NEW, address="198.51.100.7")


def test_a_second_factor_stays_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def demand(*_: object) -> Callable[[CatalogTx], None]:
        raise TotpRequiredError

    world.resets.complete(world.resets.begin("sara").code, NEW, address=HERE)
    monkeypatch.setattr(world.factors, "demand", demand)
    with pytest.raises(TotpRequiredError):
        world.sign_in("sara", NEW)


# --- registration -----------------------------------------------------------------------------------------------


def test_nobody_registers_unless_the_operator_allows_it(world: World) -> None:
    with pytest.raises(ForbiddenError):
        world.registration(Mode.OFF).register("omid", NEW, source=HERE)
    assert len(world.accounts.all()) == 2


def test_whoever_registers_gets_an_ordinary_account_with_a_quota(world: World) -> None:
    register = world.registration(Mode.OPEN, quota_bytes=1000).register
    assert register("omid", NEW, email="omid@example.com", source=HERE)
    account = world.sign_in("omid", NEW).account
    assert (account.role, account.email, account.quota_bytes, account.pending) == (
        Role.USER, "omid@example.com", 1000, False
    )  # fmt: skip


def test_who_waits_cannot_sign_in_and_is_told_so_after_the_right_password_only(world: World) -> None:
    assert not world.registration(Mode.APPROVAL).register("omid", NEW, source=HERE)
    with pytest.raises(SignInFailedError, match="approve"):
        world.sign_in("omid", NEW)
    with pytest.raises(SignInFailedError) as wrong:
        world.sign_in("omid", OLD)
    assert "approve" not in str(wrong.value) + wrong.value.hint
    with pytest.raises(SignInFailedError):
        world.sessions.open_for(world.accounts.get("omid"), door="http", address=HERE, agent="")
    with pytest.raises(ConflictError):
        world.resets.begin("omid")
    world.accounts.change("omid", Change(role=Role.ADMIN))
    with pytest.raises(ConflictError):  # one who waits is no administrator yet
        world.accounts.delete("root")
    world.accounts.change("omid", Change(role=Role.USER))
    world.accounts.approve("OMID")
    world.sign_in("omid", NEW)
    for decide in (world.accounts.approve, world.accounts.reject):
        with pytest.raises(NotFoundError):
            decide("omid")


def test_who_is_rejected_is_gone(world: World) -> None:
    world.registration(Mode.APPROVAL).register("omid", NEW, source=HERE)
    world.accounts.reject("omid")
    assert [each.name for each in world.accounts.all()] == ["root", "sara"]
    with pytest.raises(NotFoundError):
        world.accounts.reject("sara")


@pytest.mark.parametrize(
    ("name", "password", "error"),
    [
        ("", NEW, InvalidNameError), ("omid", "", WeakPasswordError), ("guest", NEW, InvalidNameError),
        ("omid", "omid omid omid", WeakPasswordError), ("a/b", NEW, InvalidNameError),
    ],
)  # fmt: skip
def test_the_rules_for_names_and_passwords_hold(world: World, name: str, password: str, error: type[Exception]) -> None:
    """Attack 22."""
    with pytest.raises(error):
        world.registration(Mode.OPEN).register(name, password, source=HERE)
    assert len(world.accounts.all()) == 2


def test_asking_for_taken_names_costs_the_budget_of_guesses(world: World) -> None:
    register = world.registration(Mode.OPEN).register
    for _ in range(10):
        with pytest.raises(ExistsError):
            register("Sara", NEW, source=HERE)
    with pytest.raises(TooManyRequestsError):
        register("omid", NEW, source=HERE)
    with pytest.raises(TooManyRequestsError):
        world.sign_in("root", OLD)
    register("omid", NEW, source="198.51.100.7")


def test_few_accounts_are_made_from_one_source(world: World) -> None:
    register = world.registration(Mode.OPEN).register
    for number in range(registration.MADE.guesses):
        register(f"omid{number}", NEW, source="2001:db8::1")
    with pytest.raises(TooManyRequestsError) as refused:
        register("omid", NEW, source="2001:db8::2")
    assert refused.value.seconds
    world.clock.advance(3600)
    register("omid", NEW, source="2001:db8::2")


def test_so_many_wait_at_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "WAITING_MAX", 1)
    register = world.registration(Mode.APPROVAL).register
    register("omid", NEW, source=HERE)
    with pytest.raises(TooManyRequestsError):
        register("zara", NEW, source=HERE)
    world.accounts.approve("omid")
    register("zara", NEW, source=HERE)


# --- certificates -----------------------------------------------------------------------------------------------


def test_a_device_of_an_expired_account_is_refused_at_that_moment(world: World) -> None:
    """Attack 29, by certificate: an answer that is believed for half a second does not last longer than the account."""
    sara = world.accounts.get("sara")
    now = world.clock.now_us()
    der = b"a certificate"

    def enrol(tx: CatalogTx) -> None:
        device_id = tx.devices.create(sara.id, "laptop", HERE, now)
        tx.devices.add_certificate(device_id, hashlib.sha256(der).digest(), 1, now, TimeUs(now + DAY_US))

    world.catalog.write(enrol)
    credentials = Credentials(world.catalog, world.clock, world.sessions, ClientCertificates.OPTIONAL, alone=True)
    shown = Shown(None, der, "http", HERE, "test")
    world.accounts.change("sara", Change(expires_us=now + 400_000))
    assert credentials.principal(shown).name == "sara"
    world.clock.advance(0.4)
    with pytest.raises(ClientCertificateError):
        credentials.principal(shown)
    world.accounts.change("sara", Change(expires_us=0))
    assert credentials.principal(shown).name == "sara"
