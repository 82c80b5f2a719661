"""What operators change of the limits while transfers run, and what they see of them. No time passes by itself."""

from typing import Any

import pytest

from secure_file_transfer.errors import MaintenanceError, SecureFileTransferError
from secure_file_transfer.model import (
    MIB,
    Account,
    AccountId,
    DriveId,
    Principal,
    Role,
    Session,
    SessionId,
    TimeUs,
)
from secure_file_transfer.services.meter import STEP_SECONDS, STEPS, WINDOW_SECONDS
from secure_file_transfer.services.traffic import (
    LOOK_SECONDS,
    PAUSE_SECONDS,
    TINY,
    Direction,
    Traffic,
    Transfer,
    client_key,
)
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.transfer.rate import BURST_SECONDS

GUEST = Principal(None, None)


def account(number: int, session: int | None = None) -> Principal:
    made = Account(AccountId(number), f"a{number}", Role.USER, False, DriveId(number), TimeUs(0))
    session_of = None
    if session is not None:
        session_of = Session(SessionId(session), made.id, "http", "::1", "", TimeUs(0), TimeUs(0), TimeUs(2**60))
    return Principal(made, session_of)


ANN, BOB = account(1, 1), account(2, 2)


class World:
    def __init__(self, **options: Any) -> None:
        self.clock = FakeClock()
        self.traffic = Traffic(self.clock, **options)
        self.woken: list[str] = []

    def begin(self, who: Principal = ANN, name: str = "", **options: Any) -> Transfer:
        options = {"direction": Direction.UP, "address": "192.0.2.1", "size": MIB, **options}
        return self.traffic.begin(who, wake=lambda: self.woken.append(name), **options)

    def waits(self, *transfers: Transfer) -> list[bool]:
        return [self.traffic.wait(each) > 0 for each in transfers]


def refusal() -> SecureFileTransferError:
    return MaintenanceError("no")


# --- places -------------------------------------------------------------------------------------------------------


def test_a_limit_that_comes_holds_for_those_who_move_already() -> None:
    world = World()
    first, second = world.begin(ANN), world.begin(BOB)
    tiny = world.begin(ANN, size=TINY)
    assert not any(each.limited for each in (first, second, tiny))
    world.traffic.change_places(1)
    assert [first.limited, second.limited, tiny.limited, world.traffic.queued] == [True, True, False, True]
    assert world.waits(first, second, tiny) == [True, False, False]
    third = world.begin(BOB)
    assert world.waits(third) == [True]
    world.traffic.leave(second)
    assert sum(world.waits(first, third)) == 1
    for each in (first, third, tiny, third):
        world.traffic.leave(each)


def test_a_limit_that_goes_lets_everybody_move() -> None:
    world = World(places=1)
    first, second = world.begin(ANN, "first"), world.begin(BOB, "second")
    assert world.waits(first, second) == [False, True]
    world.traffic.change_places(0)
    assert "second" in world.woken
    assert world.waits(first, second) == [False, False]
    assert [first.limited, second.limited, world.traffic.queued] == [False, False, False]
    world.traffic.leave(first)
    world.traffic.leave(second)
    world.traffic.change_places(1)
    assert world.waits(world.begin(), world.begin()) == [False, True]


def test_more_places_wake_those_who_wait() -> None:
    world = World(places=1)
    transfers = [world.begin(ANN, str(number)) for number in range(4)]
    world.traffic.change_places(3)
    assert world.woken == ["1", "2"]
    assert world.waits(*transfers) == [False, False, False, True]
    world.traffic.change_places(3)
    assert world.woken == ["1", "2"]


def test_fewer_places_hold_with_the_next_piece() -> None:
    world = World(places=3)
    transfers = [world.begin(ANN) for _ in range(3)]
    world.clock.advance(1)
    world.traffic.change_places(1)
    assert sum(world.waits(*transfers)) == 2
    moving = next(each for each in transfers if world.traffic.wait(each) == 0)
    world.traffic.leave(moving)
    assert sum(world.waits(*(each for each in transfers if each is not moving))) == 1


# --- rates --------------------------------------------------------------------------------------------------------


def test_the_servers_rates_change_for_those_who_wait_already() -> None:
    world = World(rates=(1000, 0))
    transfer = world.begin(ANN, "ann")
    world.traffic.moved(transfer, MIB)
    assert world.traffic.wait(transfer) == LOOK_SECONDS
    world.traffic.change_rates((0, 0))
    assert world.woken == ["ann"]
    assert (world.traffic.wait(transfer), transfer.limited) == (0.0, False)
    world.traffic.change_rates((0, 500))
    assert (world.woken, transfer.limited) == (["ann"], False)
    world.traffic.change_rates((4000, 500))
    world.clock.advance(1)
    world.traffic.moved(transfer, 4000)
    world.clock.advance(1)
    assert world.traffic.wait(transfer) == pytest.approx(0, abs=BURST_SECONDS)


# --- no new transfers ---------------------------------------------------------------------------------------------


def test_closed_to_new_ones_those_that_run_go_on_and_others_are_refused() -> None:
    world = World()
    running = world.begin(ANN)
    world.traffic.close_to_new(refusal)
    for size in (MIB, TINY, 0, None):
        with pytest.raises(MaintenanceError):
            world.begin(BOB, size=size)
    assert not world.traffic.drained()
    part = world.begin(ANN)  # another piece of what Ann's program sends
    world.traffic.leave(running)
    world.traffic.leave(part)
    world.clock.advance(PAUSE_SECONDS)
    assert not world.traffic.drained()
    part = world.begin(ANN)
    world.traffic.leave(part)
    world.clock.advance(PAUSE_SECONDS + 0.1)
    assert world.traffic.drained()
    with pytest.raises(MaintenanceError):
        world.begin(ANN)
    world.traffic.close_to_new(None)
    world.traffic.leave(world.begin(BOB))


def test_who_was_between_two_requests_when_it_was_closed_goes_on() -> None:
    world = World()
    world.traffic.leave(world.begin(ANN))
    world.traffic.leave(world.begin(BOB))
    world.clock.advance(PAUSE_SECONDS)
    world.traffic.leave(world.begin(BOB))
    world.clock.advance(0.1)
    world.traffic.close_to_new(refusal)
    world.traffic.leave(world.begin(BOB))
    with pytest.raises(MaintenanceError):
        world.begin(ANN)


def test_another_session_of_the_same_account_is_new() -> None:
    world = World()
    world.begin(account(1, 1))
    world.traffic.close_to_new(refusal)
    with pytest.raises(MaintenanceError):
        world.begin(account(1, 5))


def test_another_refusal_does_not_let_those_in_who_came_meanwhile() -> None:
    world = World()
    running = world.begin(ANN)
    world.traffic.close_to_new(refusal)
    world.traffic.close_to_new(lambda: SecureFileTransferError("stops"))
    with pytest.raises(SecureFileTransferError, match="stops"):
        world.begin(BOB)
    world.traffic.leave(world.begin(ANN))
    world.traffic.leave(running)


def test_with_nothing_under_way_it_is_drained_at_once() -> None:
    world = World()
    world.traffic.close_to_new(refusal)
    assert world.traffic.drained()


# --- what is seen -------------------------------------------------------------------------------------------------


def test_transfers_are_counted_by_direction_and_by_whether_they_wait() -> None:
    world = World(places=2)
    for way in (Direction.UP, Direction.DOWN, Direction.DOWN, Direction.DOWN):
        world.begin(ANN, direction=way)
    assert world.traffic.counts() == {
        (Direction.UP, False): 1,
        (Direction.DOWN, False): 1,
        (Direction.DOWN, True): 2,
    }
    assert world.traffic.clients() == {client_key(ANN, "")}


def test_bytes_are_counted_by_door_and_direction_while_they_move_and_after() -> None:
    world = World()
    transfer = world.begin(ANN, door="http")
    other = world.begin(BOB, door="ftps", direction=Direction.DOWN)
    transfer.count += 5
    other.count += 7
    expected = {("http", Direction.UP): 5, ("ftps", Direction.DOWN): 7}
    assert world.traffic.bytes_moved() == expected
    world.traffic.leave(transfer)
    assert world.traffic.bytes_moved() == expected
    world.traffic.leave(transfer)
    assert world.traffic.bytes_moved() == expected


def test_speeds_are_those_of_the_last_seconds() -> None:
    world = World()
    transfer = world.begin(ANN, door="http")
    kind = "http", Direction.UP
    assert world.traffic.speeds() == {kind: 0.0}
    for _ in range(20):
        transfer.count += 1000
        world.clock.advance(1)
        speed = world.traffic.speeds()[kind]
    assert speed == pytest.approx(1000)
    world.traffic.leave(transfer)
    world.clock.advance(WINDOW_SECONDS)
    world.traffic.speeds()
    world.clock.advance(WINDOW_SECONDS)
    assert world.traffic.speeds()[kind] == 0.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((ANN, "::1"), (ANN, "::2"), True),
        ((account(1, 1), "::1"), (account(1, 2), "::1"), False),
        ((GUEST, "::1"), (GUEST, "::2"), False),
        ((GUEST, "::1"), (GUEST, "::1"), True),
    ],
)
def test_who_is_one_client(one: tuple[Principal, str], other: tuple[Principal, str], same: bool) -> None:
    assert (client_key(*one) == client_key(*other)) is same


def test_what_moved_lately_is_told_step_by_step_and_forgotten_in_the_end() -> None:
    world = World()
    kind = ("http", Direction.UP)
    one = world.begin(door="http")
    one.count += 1000
    world.traffic.tick()
    world.clock.advance(3 * STEP_SECONDS)
    one.count += 500
    world.traffic.leave(one)
    world.clock.advance(STEP_SECONDS)
    world.traffic.tick()
    world.clock.advance(STEP_SECONDS)
    steps = [step[kind] for step in world.traffic.lately()]
    assert (len(steps), steps[-5:]) == (STEPS, [1000, 0, 0, 0, 500])
    assert sum(steps) == world.traffic.bytes_moved()[kind]
    world.clock.advance(STEPS * STEP_SECONDS)
    assert not any(sum(step.values()) for step in world.traffic.lately())


def test_what_is_remembered_of_the_past_has_an_end() -> None:
    world = World()
    one = world.begin(door="http")
    for _ in range(3 * STEPS):
        one.count += 1
        world.traffic.tick()
        world.clock.advance(STEP_SECONDS)
    assert len(world.traffic._meter._steps) == STEPS + 1
    assert sum(sum(step.values()) for step in world.traffic.lately()) == STEPS
