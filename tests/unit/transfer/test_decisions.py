"""Who is next, what goes together, how many at once, and when to try again."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.errors import (
    TABLE,
    InterruptedTransferError,
    NotFoundError,
    SecureFileTransferError,
    TooManyRequestsError,
)
from secure_file_transfer.transfer.batches import batches
from secure_file_transfer.transfer.queue import PriorityQueue, urgency
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


def test_who_is_held_keeps_its_place_and_is_never_next() -> None:
    queue: PriorityQueue[str] = PriorityQueue()
    for item in "abc":
        queue.put(item, 3)
    queue.put("a", None)
    assert (len(queue), queue.pop()) == (2, "b")
    queue.put("a", 3)
    assert [queue.pop() for _ in range(len(queue))] == ["a", "c"]
    queue.put("d", None)
    queue.put("d", None)
    assert (len(queue), queue.discard("d"), len(queue)) == (0, True, 0)


def test_what_moves_to_and_fro_does_not_pile_up() -> None:
    queue: PriorityQueue[str] = PriorityQueue()
    for item in "ab":
        queue.put(item, 3)
    for turn in range(10_000):
        queue.put("a", turn % 5)
        queue.put("a", None)
    assert len(queue._heap) < 200
    queue.put("a", 0)
    assert [queue.pop() for _ in range(2)] == ["a", "b"]


@pytest.mark.parametrize(("priority", "said"), [(-9, 0), (0, 0), (3, 3), (7, 7), (8, 7), (1000, 7)])
def test_priorities_on_the_wire_are_those_of_rfc_9218(priority: int, said: int) -> None:
    assert urgency(priority) == said


# --- what goes together ---------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 50)), st.integers(1, 5), st.integers(50, 80))
def test_batches_keep_the_order_and_the_limits(sizes: list[int], most_items: int, most_bytes: int) -> None:
    groups = list(batches(enumerate(sizes), most_items=most_items, most_bytes=most_bytes))
    assert list(itertools.chain(*groups)) == list(range(len(sizes)))
    for group in groups:
        assert 1 <= len(group) <= most_items
        assert sum(sizes[item] for item in group) <= most_bytes


# --- when to try again ----------------------------------------------------------------------------------------------


def delays(retry: Retry, chance: float, error: SecureFileTransferError) -> list[float]:
    """All that one request waits while it fails in the same way each time."""
    tries, found = retry.begun(lambda: chance), []
    while (delay := tries.delay(error)) is not None:
        found.append(delay)
    assert tries.waited == pytest.approx(sum(found))
    return found


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_delays_grow_to_a_ceiling_and_end(chance: float) -> None:
    found = delays(Retry(), chance, InterruptedTransferError())
    assert len(found) == Retry().tries - 1
    assert found == sorted(found)
    assert 0.04 < found[0] <= 0.1
    assert found[-1] <= Retry().ceiling
    assert 10 < sum(found) < 60


def test_only_what_the_table_calls_retryable_is_tried_again() -> None:
    for kind in TABLE.values():
        again = Retry().begun(lambda: 0.5).delay(kind())
        assert (again is not None) == kind.row.retryable


@pytest.mark.parametrize(
    ("asked", "least", "most"), [(None, 0.05, 0.1), (0.0, 0.05, 0.1), (5.0, 5.0, 5.5), (86_400.0, 60.0, 66.0)]
)
@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_a_server_that_says_when_is_believed_up_to_a_minute(
    asked: float | None, least: float, most: float, chance: float
) -> None:
    error = TooManyRequestsError()
    error.retry_after = asked
    assert least <= delays(Retry(tries=2), chance, error)[0] <= most


def test_the_end_says_how_often_it_was_tried() -> None:
    tries, error = Retry(tries=3).begun(lambda: 1.0), InterruptedTransferError("cut", hint="Try again.")
    while tries.delay(error) is not None:
        pass
    assert str(tries.ended(error)) == "cut (3 tries, 0 s of waiting in between)"
    assert error.hint == "Try again."
    once, final = Retry().begun(), NotFoundError("gone")
    assert once.delay(final) is None
    assert str(once.ended(final)) == "gone"
