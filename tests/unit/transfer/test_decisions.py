"""Who is next, what goes together, how many at once, and when to try again."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.errors import TABLE, InterruptedTransferError, NotFoundError
from secure_file_transfer.transfer.batches import batches
from secure_file_transfer.transfer.pace import Parallelism
from secure_file_transfer.transfer.queue import PriorityQueue
from secure_file_transfer.transfer.retry import Retry

# --- who is next ----------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 3)))
def test_lower_numbers_first_and_equal_ones_by_arrival(priorities: list[int]) -> None:
    queue: PriorityQueue[int] = PriorityQueue()
    for item, priority in enumerate(priorities):
        queue.put(item, priority)
    got = [queue.pop() for _ in range(len(queue))]
    assert got == sorted(range(len(priorities)), key=lambda item: (priorities[item], item))
    with pytest.raises(IndexError):
        queue.pop()


def test_a_priority_can_change_while_waiting_and_the_arrival_stays() -> None:
    queue: PriorityQueue[str] = PriorityQueue()
    for item in "abc":
        queue.put(item, 5)
    queue.put("c", 1)
    queue.put("a", 9)
    queue.put("a", 5)
    assert [queue.pop() for _ in range(3)] == ["c", "a", "b"]


def test_who_leaves_is_never_served() -> None:
    queue: PriorityQueue[str] = PriorityQueue()
    queue.put("a", 1)
    queue.put("b", 1)
    assert queue.discard("a")
    assert not queue.discard("a")
    assert (len(queue), queue.pop(), len(queue)) == (1, "b", 0)


# --- what goes together ---------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 50)), st.integers(1, 5), st.integers(50, 80))
def test_batches_keep_the_order_and_the_limits(sizes: list[int], most_items: int, most_bytes: int) -> None:
    groups = list(batches(enumerate(sizes), most_items=most_items, most_bytes=most_bytes))
    assert list(itertools.chain(*groups)) == list(range(len(sizes)))
    for group in groups:
        assert 1 <= len(group) <= most_items
        assert sum(sizes[item] for item in group) <= most_bytes


# --- how many at once -----------------------------------------------------------------------------------------------


def ran(pace: Parallelism, rate_of: "dict[int, float]", seconds: float) -> list[int]:
    """The widths over time on a way whose rate depends on the width."""
    now, widths = 0.0, []
    while now < seconds:
        widths.append(pace.width)
        rate = rate_of[min(pace.width, max(rate_of))]
        pace.record(int(rate * 0.1), now, now + 0.1)
        now += 0.1
    return widths


def test_it_starts_at_four_or_at_the_limit() -> None:
    assert Parallelism(8).width == 4
    assert Parallelism(2).width == 2


def test_a_window_per_connection_is_answered_with_all_connections() -> None:
    widths = ran(Parallelism(8), {width: 10e6 * width for width in range(1, 9)}, 10)
    assert widths[-1] == 8


def test_where_more_moves_nothing_more_it_stays_near_the_start() -> None:
    widths = ran(Parallelism(64), dict.fromkeys(range(1, 65), 100e6), 60)
    assert max(widths) <= 6
    assert min(widths) >= 2
    assert widths.count(4) > len(widths) // 2


def test_where_more_moves_less_it_narrows() -> None:
    widths = ran(Parallelism(8), {width: 100e6 / width for width in range(1, 9)}, 60)
    assert widths[-1] == 2


def test_idle_time_is_not_slowness() -> None:
    pace = Parallelism(8)
    for turn in range(50):  # one request of 0.3 s a minute: nothing can be learned from that
        pace.record(10_000_000, turn * 60.0, turn * 60.0 + 0.3)
    assert pace.width == 4


# --- when to try again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_delays_grow_to_a_ceiling_and_end(chance: float) -> None:
    delays = list(Retry().delays(lambda: chance))
    assert len(delays) == Retry().tries - 1
    assert delays == sorted(delays)
    assert 0.04 < delays[0] <= 0.1
    assert delays[-1] <= Retry().ceiling
    assert 10 < sum(delays) < 60


def test_only_what_the_table_calls_retryable_is_tried_again() -> None:
    assert Retry.helps(InterruptedTransferError())
    assert not Retry.helps(NotFoundError())
    assert {code for code, kind in TABLE.items() if Retry.helps(kind())} == {
        code for code, kind in TABLE.items() if kind.row.retryable
    }
