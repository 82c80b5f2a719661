"""Who is next where only so many may at once."""

import random
from collections import Counter

from secure_file_transfer.transfer.turns import AGE_SECONDS, SLICE_SECONDS, State, Turn, Turns


def joined(turns: Turns, owner: str, urgency: int = 3, now: float = 0.0) -> Turn:
    turn, _ = turns.join(owner, urgency, now)
    assert turn is not None
    return turn


def order(turns: Turns, running: Turn, now: float = 0.0) -> list[tuple[object, int]]:
    """Who follows whom, when each leaves at once."""
    followed = []
    while begun := turns.leave(running, now):
        (running,) = begun
        followed.append((running.owner, running.urgency))
    return followed


def test_those_who_find_a_place_move_at_once_and_the_others_wait() -> None:
    turns = Turns(2, 10)
    assert [joined(turns, "ann").state for _ in range(3)] == [State.MOVING, State.MOVING, State.WAITING]
    assert (turns.moving, turns.waiting) == (2, 1)


def test_the_more_urgent_go_first_and_equals_by_arrival() -> None:
    turns = Turns(1, 10)
    first = joined(turns, "ann")
    waiting = [joined(turns, "ann", urgency) for urgency in (5, 3, 0, 3, 7)]
    followed = [first]
    while begun := turns.leave(followed[-1], 0.0):
        followed += begun
    assert followed[1:] == [waiting[2], waiting[1], waiting[3], waiting[0], waiting[4]]


def test_equal_accounts_take_turns_however_many_requests_each_has() -> None:
    turns = Turns(1, 100)
    first = joined(turns, "ann")
    for _ in range(6):
        joined(turns, "ann")
    for name in ("bob", "bob", "eve"):
        joined(turns, name)
    assert [owner for owner, _ in order(turns, first)][:4] == ["bob", "eve", "ann", "bob"]


def test_no_account_has_more_than_its_share_while_others_wait() -> None:
    turns = Turns(4, 100)
    flood = [joined(turns, "ann", 0) for _ in range(40)]
    patient = [joined(turns, "bob", 7) for _ in range(2)]
    turns.leave(flood[0], 0.0)
    turns.leave(flood[1], 0.0)
    assert [turn.state for turn in patient] == [State.MOVING, State.MOVING]


def test_an_account_with_urgent_requests_without_end_starves_nobody() -> None:
    turns = Turns(1, 1000)
    running, now = joined(turns, "ann", 0), 0.0
    late = joined(turns, "ann", 7)
    other = joined(turns, "bob", 7)
    reached: dict[Turn, float] = {}
    while len(reached) < 2 and now < 3600.0:
        joined(turns, "ann", 0, now)
        now += 0.5
        (running,) = turns.leave(running, now)
        if running in {late, other}:
            reached[running] = now
    assert set(reached) == {late, other}
    assert max(reached.values()) <= 8 * AGE_SECONDS + 120


def test_a_stream_of_newcomers_starves_nobody() -> None:
    turns = Turns(1, 1000)
    running, now = joined(turns, "ann"), 0.0
    mine = joined(turns, "ann")
    for number in range(1000):
        joined(turns, f"new {number}", 0, now)
        now += 0.5
        (running,) = turns.leave(running, now)
        if running is mine:
            break
    assert running is mine


def test_a_place_held_too_long_goes_to_who_waits() -> None:
    turns = Turns(1, 10)
    slow = joined(turns, "ann")
    waiting = joined(turns, "bob")
    assert turns.look(SLICE_SECONDS - 0.1) == []
    assert turns.look(SLICE_SECONDS) == [waiting]
    assert (slow.state, waiting.state) == (State.RESTING, State.MOVING)
    assert turns.again(slow, SLICE_SECONDS) == []
    assert turns.leave(waiting, 3.0) == [slow]


def test_the_transfers_of_one_account_take_turns_too() -> None:
    turns = Turns(2, 10)
    large = [joined(turns, "ann") for _ in range(2)]
    waiting = joined(turns, "ann")
    assert turns.look(SLICE_SECONDS) == [waiting]
    assert large[0].state is State.RESTING


def test_a_resting_turn_that_never_asks_again_takes_no_place() -> None:
    turns = Turns(1, 10)
    silent = joined(turns, "ann")
    waiting = [joined(turns, "bob") for _ in range(3)]
    turns.look(SLICE_SECONDS)
    assert turns.leave(waiting[0], 2.0) == [waiting[1]]
    assert turns.leave(silent, 2.0) == []
    assert turns.leave(waiting[1], 2.0) == [waiting[2]]


def test_nobody_is_moved_out_while_nobody_waits() -> None:
    turns = Turns(2, 10)
    pair = [joined(turns, "ann") for _ in range(2)]
    assert turns.look(3600.0) == []
    assert {turn.state for turn in pair} == {State.MOVING}


def test_a_less_urgent_one_waits_until_its_patience_makes_it_equal() -> None:
    turns = Turns(1, 10)
    joined(turns, "ann", 3)
    waiting = joined(turns, "bob", 5)
    assert turns.look(2 * AGE_SECONDS - 0.1) == []
    assert turns.look(2 * AGE_SECONDS) == [waiting]


def test_who_has_more_than_its_share_gives_way_first() -> None:
    turns = Turns(3, 10)
    bob = joined(turns, "bob", 7)
    ann = [joined(turns, "ann", 0) for _ in range(2)]
    eve = joined(turns, "eve", 7)
    assert turns.look(SLICE_SECONDS) == [eve]
    assert bob.state is State.MOVING
    assert sorted(turn.state.name for turn in ann) == ["MOVING", "RESTING"]


def test_a_full_room_loses_the_last_of_the_largest_crowd() -> None:
    turns = Turns(1, 3)
    joined(turns, "ann")
    crowd = [joined(turns, "ann") for _ in range(3)]
    turn, lost = turns.join("bob", 3, 0.0)
    assert turn is not None
    assert lost is crowd[2]
    assert turns.join("ann", 3, 0.0) == (None, None)
    assert turns.waiting == 3


def test_those_who_have_begun_are_never_sent_away() -> None:
    turns = Turns(1, 1)
    begun = joined(turns, "ann")
    joined(turns, "bob")
    turns.look(SLICE_SECONDS)
    turns.again(begun, SLICE_SECONDS)
    turn, lost = turns.join("eve", 3, SLICE_SECONDS)
    assert (turn is None, lost) == (False, None)
    assert turns.join("ann", 3, SLICE_SECONDS) == (None, None)


def test_whatever_happens_places_are_used_and_never_exceeded() -> None:
    seed = random.randrange(2**32)  # noqa: S311 - a seed to repeat it with
    chance = random.Random(seed)  # noqa: S311
    turns, now = Turns(3, 20), 0.0
    there: list[Turn] = []
    for _ in range(5000):
        now += chance.random()
        what = chance.randrange(4)
        if what == 0 or not there:
            turn, lost = turns.join(chance.choice("abcd"), chance.randrange(8), now)
            there = [each for each in [*there, turn] if each is not None and each is not lost]
        elif what == 1:
            turns.leave(there.pop(chance.randrange(len(there))), now)
        elif what == 2:
            turns.look(now)
        else:
            resting = [turn for turn in there if turn.state is State.RESTING]
            for turn in resting[:1]:
                turns.again(turn, now)
        states = Counter(turn.state for turn in there)
        assert (turns.moving, turns.waiting) == (states[State.MOVING], states[State.WAITING]), f"seed {seed}"
        assert turns.moving == 3 or (turns.moving < 3 and not turns.waiting), f"seed {seed}"


def test_fewer_places_let_those_rest_who_moved_longest() -> None:
    turns = Turns(4, 10)
    moving = [joined(turns, "ann", now=float(at)) for at in range(4)]
    assert turns.resize(2, 4.0) == []
    assert [turn.state for turn in moving] == [State.RESTING, State.RESTING, State.MOVING, State.MOVING]
    assert turns.again(moving[0], 5.0) == []
    assert turns.leave(moving[2], 6.0) == [moving[0]]
    assert (turns.moving, turns.waiting) == (2, 0)


def test_more_places_let_those_begin_who_wait() -> None:
    turns = Turns(1, 10)
    first, *others = [joined(turns, "ann") for _ in range(4)]
    assert turns.resize(3, 1.0) == others[:2]
    assert [turn.state for turn in (first, *others)] == [State.MOVING] * 3 + [State.WAITING]


def test_those_who_move_already_are_taken_over_even_if_they_are_too_many() -> None:
    turns = Turns(1, 10)
    taken = [turns.adopt(owner, 3, 0.0) for owner in ("ann", "bob", "eve")]
    assert turns.moving == 3
    turns.resize(1, 0.0)
    assert Counter(turn.state for turn in taken) == {State.MOVING: 1, State.RESTING: 2}
