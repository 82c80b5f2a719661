import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier

import pytest

from secure_file_transfer.errors import (
    ConflictError,
    ExistsError,
    InvalidNameError,
    NotFoundError,
    TooManyRequestsError,
    WeakPasswordError,
)
from secure_file_transfer.model import AccountId, Drive, DriveId, Role, TimeUs
from secure_file_transfer.ports import Catalog, CatalogTx
from secure_file_transfer.services.accounts import Accounts
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.sessions import Sessions, SignedIn
from secure_file_transfer.services.setup import Setup
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.clock import FakeClock

GOOD = "tangerine bicycle"
DAY = 24 * 3600


class Homes:
    def create_in(self, tx: CatalogTx, name: str, owner_id: AccountId | None) -> Drive:
        return tx.drives.create(name, owner_id, TimeUs(0))

    def remove_in(self, tx: CatalogTx, drive_id: DriveId) -> None:
        pass


@dataclass
class World:
    catalog: Catalog
    clock: FakeClock
    accounts: Accounts
    sessions: Sessions
    setup: Setup

    def complete(self, code: str, name: str = "boss", password: str = GOOD) -> SignedIn:
        return self.setup.complete(code, name, password, door="http", address="192.0.2.1", agent="test")

    def restarted(self) -> Setup:
        return Setup(self.catalog, self.clock, self.accounts, self.sessions)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    catalog, clock = open_catalog(tmp_path / "catalog.db"), FakeClock()
    hasher = PasswordHasher(time_cost=1, memory_kib=8, lanes=1)
    sessions = Sessions(catalog, clock, hasher, 3600 * 1_000_000)
    accounts = Accounts(catalog, clock, hasher, Homes(), sessions)
    yield World(catalog, clock, accounts, sessions, Setup(catalog, clock, accounts, sessions))
    catalog.close()


def refused(act: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(NotFoundError) as error:
        act()
    return str(error.value), error.value.hint


def test_the_code_makes_the_first_administrator_and_signs_it_in(world: World) -> None:
    assert world.setup.needed()
    signed = world.complete(world.setup.begin())
    assert signed.account.role is Role.ADMIN
    assert world.sessions.resolve(signed.token).account == world.accounts.get("boss")
    assert not world.setup.needed()
    assert not world.restarted().needed()


def test_a_code_is_125_random_bits_without_look_alikes_in_five_groups(world: World) -> None:
    codes = [world.setup.begin() for _ in range(20)]
    assert len(set(codes)) == 20
    for code in codes:
        assert re.fullmatch(r"[2-9A-HJ-NP-Z]{5}(-[2-9A-HJ-NP-Z]{5}){4}", code)


def test_the_code_may_be_typed_in_lower_case_with_spaces(world: World) -> None:
    world.complete(f" {world.setup.begin().lower().replace('-', ' ')} ")


def test_attack_42_the_code_itself_is_not_in_the_catalog(world: World, tmp_path: Path) -> None:
    code = world.setup.begin()
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert code.encode() not in held
    assert code.replace("-", "").encode() not in held


def test_a_new_start_makes_a_new_code_and_kills_the_old_one(world: World) -> None:
    old, new = world.setup.begin(), world.restarted().begin()
    refused(lambda: world.complete(old))
    world.complete(new)


def test_a_code_lives_a_day_to_the_microsecond(world: World) -> None:
    code = world.setup.begin()
    world.clock.advance(DAY)
    refused(lambda: world.complete(code))
    code = world.setup.begin()
    world.clock.advance(DAY, us=-1)
    world.complete(code)


def test_attack_25_set_up_after_set_up_looks_like_a_wrong_code_and_like_no_code(world: World) -> None:
    never = refused(lambda: world.complete("A" * 25))
    code = world.setup.begin()
    wrong = refused(lambda: world.complete("A" * 25))
    world.complete(code)
    again = refused(lambda: world.complete(code, "second"))
    weak = refused(lambda: world.complete(code, "second", "weak"))
    restarted = refused(lambda: world.restarted().complete(code, "second", GOOD, door="http", address="", agent=""))
    assert never == wrong == again == weak == restarted
    assert [account.name for account in world.accounts.all()] == ["boss"]


def test_attack_25_after_set_up_a_stranger_costs_no_writing_and_no_hashing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = world.setup.begin()
    world.complete(code)
    for target, name in ((world.catalog, "write"), (world.accounts, "creation")):
        monkeypatch.setattr(target, name, lambda *_: pytest.fail("work was done for a stranger"))
    refused(lambda: world.complete(code))
    refused(lambda: world.complete("A" * 25))


def test_the_code_is_forgotten_once_it_is_used(world: World) -> None:
    code = world.setup.begin()
    assert world.catalog.read(lambda tx: tx.facts.get("setup_code"))
    world.complete(code)
    assert world.catalog.read(lambda tx: tx.facts.get("setup_code")) is None


def test_attack_25_a_code_left_over_is_dead_once_an_administrator_came_another_way(world: World) -> None:
    code = world.setup.begin()
    world.accounts.create("boss", GOOD, Role.ADMIN)
    refused(lambda: world.complete(code, "second"))
    with pytest.raises(ConflictError):
        world.setup.begin()
    assert [account.name for account in world.accounts.all()] == ["boss"]


def test_ordinary_accounts_and_disabled_administrators_do_not_end_the_set_up(world: World) -> None:
    world.accounts.create("user", GOOD)
    gone = world.accounts.create("gone", GOOD, Role.ADMIN)
    world.catalog.write(lambda tx: tx.accounts.set_disabled(gone.id, disabled=True))
    assert world.setup.needed()
    world.complete(world.setup.begin())


@pytest.mark.parametrize(
    ("name", "password", "error"),
    [
        ("boss", "short", WeakPasswordError),
        ("boss", "the boss is back", WeakPasswordError),
        ("bo ss", GOOD, InvalidNameError),
        ("user", GOOD, ExistsError),
    ],
)
def test_a_refused_name_or_password_leaves_the_code_good(
    world: World, name: str, password: str, error: type[Exception]
) -> None:
    world.accounts.create("user", GOOD)
    code = world.setup.begin()
    for _ in range(30):
        with pytest.raises(error):
            world.complete(code, name, password)
    assert world.setup.needed()
    world.complete(code)


def test_with_a_wrong_code_nobody_learns_whether_name_or_password_would_do(world: World) -> None:
    world.accounts.create("user", GOOD)
    world.setup.begin()
    shown = {
        refused(lambda: world.complete("A" * 25)),
        refused(lambda: world.complete("A" * 25, "user")),
        refused(lambda: world.complete("A" * 25, "boss", "short")),
        refused(lambda: world.complete("A" * 25, "bo ss")),
    }
    assert len(shown) == 1


@pytest.mark.parametrize("guess", ["", "A" * 25, "\x00", "\ud800", "x" * 1_000_000, "0" * 25])
def test_ten_wrong_codes_a_minute_and_the_code_stays_good(world: World, guess: str) -> None:
    code = world.setup.begin()
    for _ in range(10):
        refused(lambda: world.complete(guess))
    for each in (guess, code):
        with pytest.raises(TooManyRequestsError):
            world.complete(each)
    world.clock.advance(60)
    world.complete(code)


def test_a_refused_name_or_password_is_no_wrong_code(world: World) -> None:
    code = world.setup.begin()
    for _ in range(20):
        with pytest.raises(WeakPasswordError):
            world.complete(code, password="short")
    world.complete(code)


def test_a_code_that_an_older_version_kept_is_read(world: World) -> None:
    code = world.setup.begin()

    def grow(tx: CatalogTx) -> None:
        kept = json.loads(tx.facts.get("setup_code") or "")
        tx.facts.set("setup_code", json.dumps({**kept, "wrong": 3}))

    world.catalog.write(grow)
    world.complete(code)


def test_two_who_race_with_the_right_code_make_one_administrator(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    code = world.setup.begin()
    both = Barrier(2, timeout=30)
    creation = world.accounts.creation

    def at_the_same_time(name: str, password: str, role: Role) -> Callable[[CatalogTx], object]:
        work = creation(name, password, role)
        both.wait()  # by now each of them has been told that its code is right
        return work

    monkeypatch.setattr(world.accounts, "creation", at_the_same_time)

    def attempt(name: str) -> str:
        try:
            return world.complete(code, name).account.name
        except NotFoundError:
            return "refused"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(attempt, ["first", "zweiter"]))
    assert "refused" in outcomes
    (winner,) = (outcome for outcome in outcomes if outcome != "refused")
    assert [account.name for account in world.accounts.all()] == [winner]
    assert len(world.catalog.read(lambda tx: tx.drives.all())) == 1
