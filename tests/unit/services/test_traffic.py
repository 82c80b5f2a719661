"""The server's limits on transfers, as every door meets them. No thread runs and no time passes here by itself."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.errors import BusyError, SignInRequiredError, StorageError
from secure_file_transfer.model import MIB, Account, AccountId, DriveId, Principal, Role, TimeUs
from secure_file_transfer.services.traffic import (
    LOOK_SECONDS,
    TINY,
    Direction,
    Traffic,
    Transfer,
    account_rates,
    urgency,
)
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.transfer.rate import BURST_SECONDS
from secure_file_transfer.transfer.turns import SLICE_SECONDS

GUEST = Principal(None, None)


def account(number: int, up: int = 0, down: int = 0) -> Principal:
    made = Account(AccountId(number), f"a{number}", Role.USER, False, DriveId(number), TimeUs(0), up, down)
    return Principal(made, None)


ANN, BOB = account(1), account(2)


@dataclass
class World:
    clock: FakeClock = field(default_factory=FakeClock)
    rates: dict[AccountId, tuple[int, int]] = field(default_factory=dict)
    ended: set[Principal] = field(default_factory=set)
    woken: list[str] = field(default_factory=list)
    broken: bool = False

    def traffic(self, **options: Any) -> Traffic:
        return Traffic(self.clock, read_rates=self.read, check=self.check, **options)

    def read(self, ids: Any) -> dict[AccountId, tuple[int, int]]:
        if self.broken:
            raise StorageError
        return {each: self.rates[each] for each in ids if each in self.rates}

    def check(self, who: Principal) -> None:
        if who in self.ended:
            raise SignInRequiredError

    def begin(self, traffic: Traffic, who: Principal, name: str = "", **options: Any) -> Transfer:
        options = {"direction": Direction.UP, "address": "192.0.2.1", "size": MIB, **options}
        return traffic.begin(who, wake=lambda: self.woken.append(name), **options)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("", 3),
        ("u=0", 0),
        ("u=7, i", 7),
        ("i;x=1, u=5;y", 5),
        ("u=1, u=6", 6),
        ("u=8", 3),
        ("u=-1", 3),
        ("u=12", 3),
        ("U=1", 3),
        ("urgent", 3),
        ("u=1 2", 3),
        ("\x00,,u=2", 2),
    ],
)
def test_the_priority_field_is_read_and_what_is_wrong_ignored(field: str, expected: int) -> None:
    assert urgency(field) == expected


def test_without_limits_nothing_is_asked(world: World) -> None:
    traffic = world.traffic()
    transfer = world.begin(traffic, ANN)
    traffic.moved(transfer, 10**12)
    assert (transfer.limited, traffic.wait(transfer), traffic.queued) == (False, 0.0, False)


def test_a_transfer_waits_for_a_place_and_is_woken(world: World) -> None:
    traffic = world.traffic(places=1)
    first, second = world.begin(traffic, ANN, "first"), world.begin(traffic, BOB, "second")
    assert (traffic.wait(first), traffic.wait(second)) == (0.0, LOOK_SECONDS)
    assert world.woken == []
    traffic.leave(first)
    assert world.woken == ["second"]
    assert traffic.wait(second) == 0.0
    traffic.leave(first)
    traffic.leave(second)


def test_priority_decides_who_is_next(world: World) -> None:
    traffic = world.traffic(places=1)
    first = world.begin(traffic, ANN)
    world.begin(traffic, ANN, "later", urgency=7)
    world.begin(traffic, ANN, "sooner", urgency=0)
    traffic.leave(first)
    assert world.woken == ["sooner"]


def test_tiny_content_passes_without_a_place(world: World) -> None:
    traffic = world.traffic(places=1)
    world.begin(traffic, ANN)
    assert traffic.wait(world.begin(traffic, BOB, size=TINY)) == 0.0
    assert traffic.wait(world.begin(traffic, BOB, size=TINY + 1)) > 0.0
    assert traffic.wait(world.begin(traffic, BOB, size=None)) > 0.0


def test_a_slow_transfer_gives_its_place_up_and_gets_it_again(world: World) -> None:
    traffic = world.traffic(places=1)
    slow, other = world.begin(traffic, ANN, "slow"), world.begin(traffic, BOB, "other")
    world.clock.advance(SLICE_SECONDS)
    traffic.tick()
    assert world.woken == ["other"]
    assert (traffic.wait(other), traffic.wait(slow)) == (0.0, LOOK_SECONDS)
    traffic.leave(other)
    assert traffic.wait(slow) == 0.0


def test_beyond_the_room_it_is_busy_and_the_largest_crowd_pays(world: World) -> None:
    traffic = world.traffic(places=1, room=2)
    world.begin(traffic, ANN)
    world.begin(traffic, ANN)
    last = world.begin(traffic, ANN, "last")
    with pytest.raises(BusyError) as refused:
        world.begin(traffic, ANN)
    assert refused.value.retryable
    bob = world.begin(traffic, BOB)
    assert world.woken == ["last"]
    with pytest.raises(BusyError):
        traffic.wait(last)
    traffic.leave(last)
    assert traffic.wait(bob) > 0


def test_guests_are_told_apart_by_address(world: World) -> None:
    traffic = world.traffic(places=1)
    first = world.begin(traffic, GUEST, address="192.0.2.1")
    world.begin(traffic, GUEST, "same", address="192.0.2.1")
    world.begin(traffic, GUEST, "other", address="192.0.2.2")
    traffic.leave(first)
    assert world.woken == ["other"]


def test_29_a_session_that_ends_ends_the_waiting(world: World) -> None:
    traffic = world.traffic(places=1)
    world.begin(traffic, ANN)
    waiting = world.begin(traffic, BOB, "bob")
    traffic.wait(waiting)
    traffic.tick()
    assert world.woken == []
    world.ended.add(BOB)
    traffic.tick()
    assert world.woken == ["bob"]
    with pytest.raises(SignInRequiredError):
        traffic.wait(waiting)


def test_29_a_session_that_ends_ends_a_transfer_slowed_by_its_rate(world: World) -> None:
    traffic, who = world.traffic(), account(3, up=1000)
    transfer = world.begin(traffic, who)
    traffic.moved(transfer, MIB)
    assert traffic.wait(transfer) == LOOK_SECONDS
    world.ended.add(who)
    traffic.tick()
    with pytest.raises(SignInRequiredError):
        traffic.wait(transfer)


def drive(world: World, traffic: Traffic, transfers: list[Transfer], seconds: float, piece: int) -> list[int]:
    """Move as much as may be moved, in that time; what each moved."""
    moved, ends = [0] * len(transfers), world.clock.monotonic() + seconds
    while world.clock.monotonic() < ends:
        for number, transfer in enumerate(transfers):
            if traffic.wait(transfer) == 0:
                traffic.moved(transfer, piece)
                moved[number] += piece
        world.clock.advance(0.01)
    return moved


@pytest.mark.parametrize("direction", Direction)
def test_the_account_and_the_server_limit_each_direction(world: World, direction: Direction) -> None:
    traffic = world.traffic(rates=(600_000, 300_000))
    slow = account(3, up=200_000, down=100_000)
    transfers = [world.begin(traffic, who, direction=direction) for who in (slow, slow, ANN)]
    one, two, free = drive(world, traffic, transfers, 60.0, 10_000)
    unit = 100_000 if direction is Direction.DOWN else 200_000
    slack = 3 * unit * BURST_SECONDS + 40_000
    assert abs(one + two - unit * 60) <= slack
    assert abs(one - two) <= slack
    assert abs(one + two + free - 3 * unit * 60) <= slack


def test_up_and_down_do_not_share(world: World) -> None:
    traffic = world.traffic(rates=(100_000, 100_000))
    up, down = world.begin(traffic, ANN), world.begin(traffic, ANN, direction=Direction.DOWN)
    assert all(moved >= 950_000 for moved in drive(world, traffic, [up, down], 10.0, 10_000))


def test_a_changed_rate_holds_at_the_next_tick_for_who_waits_already(world: World) -> None:
    traffic, who = world.traffic(), account(3, up=1000)
    transfer = world.begin(traffic, who, "it")
    traffic.moved(transfer, MIB)
    assert traffic.wait(transfer) > 0
    world.rates[AccountId(3)] = (0, 0)
    traffic.tick()
    assert world.woken == ["it"]
    assert (traffic.wait(transfer), transfer.limited) == (0.0, False)


def test_a_limit_set_later_catches_a_transfer_that_runs(world: World) -> None:
    traffic = world.traffic()
    transfer = world.begin(traffic, ANN)
    world.rates[AccountId(1)] = (1000, 0)
    traffic.tick()
    assert transfer.limited
    traffic.moved(transfer, MIB)
    assert traffic.wait(transfer) > 0


def test_a_catalog_that_fails_changes_nothing(world: World) -> None:
    traffic, who = world.traffic(), account(3, up=1000)
    transfer = world.begin(traffic, who)
    world.broken = True
    with pytest.raises(StorageError):
        traffic.tick()
    assert transfer.limited


def test_what_has_left_is_forgotten(world: World) -> None:
    traffic, who = world.traffic(places=2), account(3, up=1000)
    for _ in range(3):
        transfer = world.begin(traffic, who)
        traffic.moved(transfer, MIB)
        traffic.leave(transfer)
    assert traffic.wait(world.begin(traffic, who)) == 0.0


@pytest.mark.parametrize(("rates", "expected"), [((0, 0), MIB), ((160_000, 0), 16 * 1024), ((2**30, 2**22), 2**18)])
def test_slices_fit_the_rate(world: World, rates: tuple[int, int], expected: int) -> None:
    assert world.begin(world.traffic(rates=(rates[1], 0)), account(1, up=rates[0])).slice == expected


@pytest.fixture
def running(world: World) -> Iterator[Callable[..., Traffic]]:
    made: list[tuple[Traffic, threading.Thread]] = []

    def start(**options: Any) -> Traffic:
        traffic = world.traffic(**options)
        thread = threading.Thread(target=traffic.run)
        thread.start()
        made.append((traffic, thread))
        return traffic

    yield start
    for traffic, thread in made:
        traffic.close()
        thread.join(10)
        assert not thread.is_alive()


def test_its_thread_ticks_while_there_are_transfers_and_survives_errors(
    world: World, running: Callable[..., Traffic]
) -> None:
    asked = threading.Semaphore(0)
    world.broken = True
    traffic = running()
    traffic_read = world.read

    def read(ids: Any) -> dict[AccountId, tuple[int, int]]:
        asked.release()
        return traffic_read(ids)

    traffic._read_rates = read
    transfer = world.begin(traffic, ANN)
    assert asked.acquire(timeout=10)
    assert asked.acquire(timeout=10)
    traffic.leave(transfer)
    world.begin(traffic, ANN)
    assert asked.acquire(timeout=10)


def test_rates_come_from_the_catalog(tmp_path: Path) -> None:
    catalog = open_catalog(tmp_path / "catalog.db")
    drive_ = catalog.write(lambda tx: tx.drives.create("x", None, TimeUs(0)))
    made = catalog.write(lambda tx: tx.accounts.create("ann", Role.USER, drive_.id, "", TimeUs(0)))
    catalog.write(lambda tx: tx.accounts.set_rates(made.id, 5, 6))
    assert account_rates(catalog)([made.id, AccountId(99)]) == {made.id: (5, 6)}
    assert catalog.read(lambda tx: tx.accounts.get(made.id)) == replace(made, rate_up=5, rate_down=6)
    catalog.close()
