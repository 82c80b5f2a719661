from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from secure_file_transfer.errors import (
    ConflictError,
    ExistsError,
    InvalidNameError,
    InvalidRequestError,
    NotFoundError,
    SignInFailedError,
    SignInRequiredError,
    StorageError,
    WeakPasswordError,
)
from secure_file_transfer.model import AccountId, Drive, DriveId, Role, TimeUs
from secure_file_transfer.ports import Catalog, CatalogTx
from secure_file_transfer.services.accounts import Accounts, check_account_name
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.sessions import Sessions, SignedIn
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.clock import FakeClock

GOOD = "tangerine bicycle"
BETTER = "marmalade telescope"


class Homes:
    """Makes bare drives, and remembers which ones were to go."""

    def __init__(self) -> None:
        self.removed: list[DriveId] = []
        self.broken = False

    def create_in(self, tx: CatalogTx, name: str, owner_id: AccountId | None) -> Drive:
        return tx.drives.create(name, owner_id, TimeUs(0))

    def remove_in(self, tx: CatalogTx, drive_id: DriveId) -> None:
        if self.broken:
            raise StorageError("no more")
        self.removed.append(drive_id)


@dataclass
class World:
    catalog: Catalog
    clock: FakeClock
    homes: Homes
    sessions: Sessions
    accounts: Accounts

    def sign_in(self, name: str, password: str) -> SignedIn:
        return self.sessions.sign_in(name, password, door="http", address="192.0.2.1", agent="test")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    catalog, clock, homes = open_catalog(tmp_path / "catalog.db"), FakeClock(), Homes()
    passwords = PasswordHasher(time_cost=1, memory_kib=8, lanes=1)
    sessions = Sessions(catalog, clock, passwords, lifetime_us=3600 * 1_000_000)
    yield World(catalog, clock, homes, sessions, Accounts(catalog, clock, passwords, homes, sessions))
    catalog.close()


@pytest.mark.parametrize(
    "name", ["a", "alice", "Alice.Smith", "alice@example.com", "_svc-1", "7up", "آرش", "हिन्दी", "太郎", "x" * 64]
)
def test_names_of_every_script_are_fine(name: str) -> None:
    assert check_account_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", "x" * 65, "a b", " a", "a\n", "a\x00b", "a/b", "a\\b", ".", "..", ".hidden", "dot.", "-rf", "a:b", "a*",
        "<b>", "cafe\u0301", "\uff41dmin", "a\u200db", "a\u200cb", "a\u202eb", "a\ufe0f", "a\u034f", "a\U000e0101",
        "\u0301a", "\u115fa", "\ud800", "@", "._-", "😀", "guest", "Anonymous", "\ud83da",
    ],
)  # fmt: skip
def test_names_that_are_refused(name: str, world: World) -> None:
    with pytest.raises(InvalidNameError) as refused:
        world.accounts.create(name, GOOD)
    assert refused.value.hint
    assert refused.value.hint.isprintable()
    # Attack 44. The non-joiner is the one invisible character that may be shown: Persian is not legible without it.
    assert str(refused.value).replace("\u200c", "").isprintable()
    assert world.accounts.all() == []


def test_a_new_account_has_a_home_of_its_own_and_can_sign_in(world: World) -> None:
    world.clock.advance(5)
    alice = world.accounts.create("Alice", GOOD)
    assert (alice.name, alice.role, alice.disabled) == ("Alice", Role.USER, False)
    assert alice.created_us == world.clock.now_us()
    home = world.catalog.read(lambda tx: tx.drives.get(alice.home_id))
    assert home is not None
    assert home.owner_id == alice.id
    assert world.sign_in("alice", GOOD).account == alice
    assert world.accounts.get("ALICE") == alice


def test_accounts_are_listed_by_name(world: World) -> None:
    for name in ("bob", "Alice", "carol"):
        world.accounts.create(name, GOOD)
    assert [account.name for account in world.accounts.all()] == ["Alice", "bob", "carol"]


def test_a_taken_name_leaves_no_second_home(world: World) -> None:
    world.accounts.create("alice", GOOD)
    with pytest.raises(ExistsError):
        world.accounts.create("ALICE", BETTER)
    assert len(world.catalog.read(lambda tx: tx.drives.all())) == 1
    world.sign_in("alice", GOOD)


def test_a_weak_password_makes_no_account_and_changes_none(world: World) -> None:
    with pytest.raises(WeakPasswordError):
        world.accounts.create("alice", "short")
    assert world.accounts.all() == []
    world.accounts.create("alice", GOOD)
    with pytest.raises(WeakPasswordError):
        world.accounts.set_password("ALICE", "the alice in the mirror")  # leans on the name, whatever the case
    world.sign_in("alice", GOOD)


def test_the_password_is_kept_as_an_argon2id_hash_only(world: World, tmp_path: Path) -> None:
    alice = world.accounts.create("alice", GOOD)
    assert world.catalog.read(lambda tx: tx.accounts.password_hash(alice.id)).startswith("$argon2id$")


def test_attack_29_a_new_password_ends_every_session_and_the_old_password(world: World) -> None:
    world.accounts.create("alice", GOOD)
    world.accounts.create("bob", GOOD)
    first, second, other = (world.sign_in(name, GOOD) for name in ("alice", "alice", "bob"))
    for signed in (first, second, other):
        world.sessions.resolve(signed.token)
    world.accounts.set_password("Alice", BETTER)
    for signed in (first, second):
        with pytest.raises(SignInRequiredError):
            world.sessions.resolve(signed.token)
    world.sessions.resolve(other.token)
    with pytest.raises(SignInFailedError):
        world.sign_in("alice", GOOD)
    world.sign_in("alice", BETTER)


def test_attack_29_a_disabled_account_is_out_at_once_and_comes_back_without_its_old_sessions(world: World) -> None:
    world.accounts.create("alice", GOOD)
    signed = world.sign_in("alice", GOOD)
    principal = world.sessions.resolve(signed.token)
    world.accounts.set_disabled("alice", disabled=True)
    with pytest.raises(SignInRequiredError):
        world.sessions.check(principal)
    with pytest.raises(SignInFailedError):
        world.sign_in("alice", GOOD)
    assert world.accounts.get("alice").disabled
    world.accounts.set_disabled("alice", disabled=False)
    with pytest.raises(SignInRequiredError):
        world.sessions.resolve(signed.token)
    world.sign_in("alice", GOOD)


def test_attack_30_an_account_made_again_inherits_nothing(world: World) -> None:
    before = world.accounts.create("alice", GOOD)
    signed = world.sign_in("alice", GOOD)
    principal = world.sessions.resolve(signed.token)
    world.accounts.delete("alice")
    assert world.homes.removed == [before.home_id]
    with pytest.raises(SignInRequiredError):
        world.sessions.check(principal)
    after = world.accounts.create("alice", BETTER)
    assert after.home_id != before.home_id
    assert after.id != before.id
    with pytest.raises(SignInRequiredError):
        world.sessions.resolve(signed.token)
    with pytest.raises(SignInFailedError):
        world.sign_in("alice", GOOD)
    assert list(world.catalog.read(lambda tx: tx.sessions.of(after.id))) == []


def test_a_deletion_that_fails_half_way_deletes_nothing(world: World) -> None:
    world.accounts.create("alice", GOOD)
    signed = world.sign_in("alice", GOOD)
    world.homes.broken = True
    with pytest.raises(StorageError):
        world.accounts.delete("alice")
    assert world.sessions.resolve(signed.token).account == world.accounts.get("alice")


@pytest.mark.parametrize("name", ["nobody", "", "a\x00b", "\ud800", "x" * 10_000])
def test_an_unknown_name_is_not_found_with_the_way_to_the_list(world: World, name: str) -> None:
    for act in (
        lambda: world.accounts.get(name),
        lambda: world.accounts.delete(name),
        lambda: world.accounts.set_password(name, BETTER),
        lambda: world.accounts.set_disabled(name, disabled=True),
    ):
        with pytest.raises(NotFoundError) as refused:
            act()
        assert "sft user list" in refused.value.hint
        assert str(refused.value).isprintable()


def test_the_last_administrator_who_can_sign_in_stays(world: World) -> None:
    world.accounts.create("root", GOOD, Role.ADMIN)
    world.accounts.create("second", GOOD, Role.ADMIN)
    world.accounts.create("user", GOOD)
    world.accounts.set_disabled("second", disabled=True)
    signed = world.sign_in("root", GOOD)
    with pytest.raises(ConflictError, match="last administrator") as refused:
        world.accounts.set_disabled("root", disabled=True)
    assert "sft user add" in refused.value.hint
    with pytest.raises(ConflictError):
        world.accounts.delete("root")
    world.sessions.resolve(signed.token)
    world.accounts.delete("user")
    world.accounts.delete("second")  # a disabled one is no help and may go
    world.accounts.create("third", GOOD, Role.ADMIN)
    world.accounts.delete("root")
    assert [account.name for account in world.accounts.all()] == ["third"]


def test_an_account_is_found_by_a_decomposed_name_too(world: World) -> None:
    rene = world.accounts.create("ren\u00e9", GOOD)
    assert world.accounts.get("rene\u0301") == rene
    assert world.sign_in("rene\u0301", GOOD).account == rene


def test_rates_are_set_one_by_one_and_seen_at_once(world: World) -> None:
    world.accounts.create("sara", GOOD)
    signed = world.sign_in("sara", GOOD)
    world.sessions.resolve(signed.token)
    assert world.accounts.set_rates("SARA", up=5).rate_up == 5
    world.accounts.set_rates("sara", down=7)
    seen = world.sessions.resolve(signed.token).account
    assert seen is not None
    assert (seen.rate_up, seen.rate_down) == (5, 7)
    assert seen == world.accounts.get("sara")


@pytest.mark.parametrize("rate", [-1, 2**40 + 1])
def test_rates_that_make_no_sense_are_refused(world: World, rate: int) -> None:
    world.accounts.create("sara", GOOD)
    with pytest.raises(InvalidRequestError):
        world.accounts.set_rates("sara", up=rate)
    with pytest.raises(NotFoundError):
        world.accounts.set_rates("omid", up=1)
