"""The guard by itself, and in front of the sign-in."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Barrier

import pytest

from secure_file_transfer.errors import (
    ForbiddenError,
    NoSpaceError,
    SecureFileTransferError,
    SignInFailedError,
    SignInRequiredError,
    TooManyRequestsError,
)
from secure_file_transfer.model import AccountId, Drive, LogEvent, Principal, Role, TimeUs
from secure_file_transfer.ports import CatalogTx
from secure_file_transfer.services.accounts import Accounts
from secure_file_transfer.services.audit import Audit
from secure_file_transfer.services.guard import Guard, Rules
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.sessions import Sessions, SignedIn
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.clock import FakeClock

GOOD = "tangerine bicycle"
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.1"


class Homes:
    def create_in(self, tx: CatalogTx, name: str, owner_id: AccountId | None) -> Drive:
        return tx.drives.create(name, owner_id, TimeUs(0))

    def remove_in(self, tx: CatalogTx, drive_id: object) -> None:
        pass


@dataclass
class World:
    clock: FakeClock
    guard: Guard
    sessions: Sessions
    accounts: Accounts

    def sign_in(self, name: str = "alice", password: str = GOOD, address: str = HOME) -> SignedIn:
        return self.sessions.sign_in(name, password, door="http", address=address, agent="test")

    def outcome(self, name: str = "alice", password: str = "wrong", address: str = HOME) -> str:
        try:
            self.sign_in(name, password, address)
        except SecureFileTransferError as error:
            return error.code
        return "in"

    def operator(self) -> Principal:
        return self.sessions.resolve(self.sign_in("boss", address="203.0.113.9").token)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from make(tmp_path, Rules())


def make(folder: Path, rules: Rules) -> Iterator[World]:
    catalog, clock = open_catalog(folder / "catalog.db"), FakeClock()
    hasher = PasswordHasher(time_cost=1, memory_kib=8, lanes=1, waiting=1000)
    guard = Guard(clock, rules)
    sessions = Sessions(catalog, clock, hasher, 3600 * 1_000_000 * 48, guard=guard)
    accounts = Accounts(catalog, clock, hasher, Homes(), sessions)
    accounts.create("alice", GOOD)
    accounts.create("boss", GOOD, Role.ADMIN)
    yield World(clock, guard, sessions, accounts)
    catalog.close()


def address(number: int) -> str:
    return f"198.51.{100 + number // 250}.{number % 250 + 1}"


# --- budgets ----------------------------------------------------------------------------------------------------


def test_a_source_has_ten_wrong_guesses_a_minute_whatever_it_guesses_at(world: World) -> None:
    names = ["alice", "nobody", "", "boss", "\0"]
    seen = [world.outcome(names[n % 5]) for n in range(10)]
    assert seen == ["sign_in_failed"] * 10
    assert world.outcome("alice", GOOD) == "too_many_requests"
    world.clock.advance(60)
    assert world.outcome("alice", GOOD) == "in"


def test_the_wait_doubles(world: World) -> None:
    number = count()

    def spend() -> int:
        while world.outcome(f"user{next(number)}") == "sign_in_failed":
            pass
        with pytest.raises(TooManyRequestsError) as refused:
            world.sign_in()
        assert refused.value.seconds
        assert refused.value.hint
        world.clock.advance(refused.value.seconds)
        return refused.value.seconds

    assert [spend() for _ in range(4)] == [60, 120, 240, 480]


def test_attack_26_one_budget_for_a_64_and_for_ipv4_in_ipv6(world: World) -> None:
    for number in range(10):
        assert world.outcome(address=f"2001:db8::{number + 1:x}") == "sign_in_failed"
    assert world.outcome(address="2001:db8::ffff") == "too_many_requests"
    assert world.outcome(address="2001:db8:0:1::1") == "sign_in_failed"
    for number in range(10):
        world.outcome("nobody", address=HOME if number % 2 else f"::ffff:{HOME}")
    assert world.outcome(address=HOME) == "too_many_requests"


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_an_account_has_thirty_an_hour_from_all_sources_and_so_has_one_that_is_none(world: World, name: str) -> None:
    seen = [world.outcome(name, address=address(n)) for n in range(31)]
    assert seen == ["sign_in_failed"] * 30 + ["too_many_requests"]
    assert world.outcome(name.upper(), GOOD, address=address(99)) == "too_many_requests"
    world.clock.advance(3600)
    assert world.outcome(name, address=address(99)) == "sign_in_failed"


def test_attack_27_the_refusal_does_not_tell_which_accounts_there_are(world: World) -> None:
    shown = []
    for name in ("alice", "nobody"):
        for n in range(30):
            world.outcome(name, address=address(n + (100 if name == "alice" else 200)))
        with pytest.raises(TooManyRequestsError) as refused:
            world.sign_in(name, address=ELSEWHERE)
        shown.append((str(refused.value), refused.value.hint, refused.value.seconds))
    assert shown[0] == shown[1]
    assert "alice" not in str(shown)


def test_strangers_cannot_lock_anybody_out_from_where_they_usually_are(world: World) -> None:
    world.sign_in(address=HOME)
    for n in range(40):
        world.outcome(address=address(n))
    assert world.outcome("alice", GOOD, ELSEWHERE) == "too_many_requests"
    # Nor somebody who shares the address, by guessing at others.
    for _ in range(11):
        world.outcome("nobody", address=HOME)
    assert world.outcome("boss", GOOD, HOME) == "too_many_requests"
    assert world.outcome("alice", GOOD, HOME) == "in"


def test_from_a_known_source_guesses_are_bounded_too(world: World) -> None:
    world.sign_in(address=HOME)
    seen = [world.outcome(address=HOME) for _ in range(11)]
    assert seen == ["sign_in_failed"] * 10 + ["too_many_requests"]
    assert world.outcome("alice", GOOD, ELSEWHERE) == "in", "the account itself is not blocked by that"
    # They count against the source as well: nobody gets ten more for each account that was ever there.
    assert world.outcome("boss", address=HOME) == "too_many_requests"


def test_a_new_password_forgets_from_where_people_came(world: World) -> None:
    world.sign_in(address=HOME)
    world.accounts.set_password("alice", "marmalade telescope")
    for n in range(30):
        world.outcome(address=address(n))
    assert world.outcome("alice", "marmalade telescope", HOME) == "too_many_requests"


def test_whoever_is_signed_in_stays_so_while_the_budgets_are_spent(world: World) -> None:
    signed = world.sign_in(address=HOME)
    for n in range(40):
        world.outcome(address=address(n))
        world.outcome("nobody", address=HOME)
    world.clock.advance(30)
    principal = world.sessions.resolve(signed.token)
    world.sessions.check(principal)
    for _ in range(20):
        with pytest.raises(SignInRequiredError):
            world.sessions.resolve("sft_" + "A" * 43)
    assert world.sessions.resolve(signed.token) == principal, "a bad token is no guess"


def test_a_right_password_and_the_weather_cost_nothing(world: World) -> None:
    for _ in range(40):
        assert world.outcome("alice", GOOD) == "in"
    for error in (NoSpaceError(), TooManyRequestsError()):
        for _ in range(40):
            with pytest.raises(type(error)), world.guard.attempt(HOME, "alice"):
                raise error
    assert world.outcome() == "sign_in_failed"


def test_whatever_else_goes_wrong_is_a_guess(world: World) -> None:
    for _ in range(10):
        with pytest.raises(ZeroDivisionError), world.guard.attempt(HOME):
            raise ZeroDivisionError
    with pytest.raises(TooManyRequestsError), world.guard.attempt(HOME):
        pass


def test_a_thousand_guesses_at_once_from_fifty_sources_keep_to_the_budgets(world: World) -> None:
    """The proof of the guard: at full speed, in threads, all at the same account."""
    begin = Barrier(20, timeout=30)

    def guess(number: int) -> str:
        if number < 20:
            begin.wait()
        return world.outcome("alice", address=address(number % 50))

    with ThreadPoolExecutor(20) as pool:
        seen = list(pool.map(guess, range(1000)))
    assert seen.count("sign_in_failed") == 30
    assert seen.count("too_many_requests") == 970

    def guess_names(number: int) -> str:
        return world.outcome(f"user{number}", address=f"203.0.113.{number % 50 + 1}")

    with ThreadPoolExecutor(20) as pool:
        seen = list(pool.map(guess_names, range(1000)))
    assert seen.count("sign_in_failed") == 500


def test_who_is_refused_leaves_nothing_in_memory(world: World) -> None:
    for n in range(200):
        world.outcome(f"user{n}")
    assert len(world.guard._sources) == 1
    assert len(world.guard._accounts) == 10


# --- lists ------------------------------------------------------------------------------------------------------


def test_an_allowed_network_has_no_budget_of_its_own_but_accounts_have(tmp_path: Path) -> None:
    for world in make(tmp_path, Rules(allow=["192.0.2.0/24"])):
        assert [world.outcome(f"user{n}") for n in range(40)] == ["sign_in_failed"] * 40
        seen = [world.outcome("alice") for _ in range(11)]
        assert seen[-1] == "too_many_requests"
        assert world.outcome("boss", GOOD) == "in"


def test_a_refused_network_is_not_let_in_at_all() -> None:
    guard = Guard(FakeClock(), Rules(refuse=["198.51.100.0/24", "2001:db8::/32"]))
    for bad in ("198.51.100.7", "::ffff:198.51.100.7", "2001:db8::7"):
        with pytest.raises(ForbiddenError):
            guard.admit(bad)
    for good in ("198.51.101.7", "2001:db9::7", ""):
        guard.admit(good)


# --- what operators see -----------------------------------------------------------------------------------------


def test_operators_see_who_has_to_wait_and_let_them_off(world: World) -> None:
    for n in range(30):
        world.outcome(address=address(n))
    for n in range(30):
        world.outcome("hunter2-typed-into-the-name", address=address(n + 40))
    for _ in range(10):
        world.outcome("nobody", address=HOME)
    operator = world.operator()
    blocks = world.guard.blocks(operator)
    assert {(each.kind, each.subject, each.guesses) for each in blocks} == {
        ("source", HOME, 10),
        ("account", "alice", 30),
        ("account", "(no such account)", 30),
    }
    assert all(each.until_us > world.clock.now_us() for each in blocks)
    assert world.guard.unblock(operator, "Alice") == 1
    assert world.outcome("alice", GOOD, ELSEWHERE) == "in"
    assert world.guard.unblock(operator, "2001:db8::1") == 0
    assert world.guard.unblock(operator, HOME) == 1
    assert world.outcome("alice", GOOD, HOME) == "in"
    assert world.guard.unblock(operator, None) == 1
    assert world.guard.blocks(operator) == []


def test_nobody_else_sees_or_unblocks(world: World) -> None:
    user = world.sessions.resolve(world.sign_in().token)
    acts: list[Callable[[Principal], object]] = [world.guard.blocks, lambda who: world.guard.unblock(who, None)]
    for act in acts:
        with pytest.raises(ForbiddenError):
            act(user)
        with pytest.raises(SignInRequiredError):
            act(Principal(None, None))


def test_attack_42_a_flood_of_guesses_is_a_few_events_without_what_was_typed() -> None:
    clock = FakeClock()
    kept: list[LogEvent] = []
    audit = Audit(clock, kept.append)
    guard = Guard(clock, audit=audit)
    for n in range(33):
        guess(guard, address(n), guard.stranger("secret\x1b[2J\n-typed-here"))
    for _ in range(10_000):
        guess(guard, HOME, None)
    assert [(each.kind, each.target) for each in kept if each.kind == "guard.blocked"] == [
        ("guard.blocked", "(no such account)"),
        ("guard.blocked", HOME),
    ]
    assert len(kept) < 10
    clock.advance(61)
    audit.settle()
    assert "9,989 more times" in kept[-1].text
    assert "secret" not in str(kept)


def guess(guard: Guard, source: str, subject: str | None) -> None:
    with suppress(SignInFailedError, TooManyRequestsError), guard.attempt(source, subject):
        raise SignInFailedError


def test_the_plain_interface_serves_other_secrets(world: World) -> None:
    for n in range(30):
        with pytest.raises(SignInFailedError), world.guard.attempt(address(n), "link:7"):
            raise SignInFailedError
    with pytest.raises(TooManyRequestsError), world.guard.attempt(ELSEWHERE, "link:7"):
        pytest.fail("tried all the same")
    with world.guard.attempt(ELSEWHERE, "link:8"):
        pass
