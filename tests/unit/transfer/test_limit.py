"""How fast bytes may move."""

import heapq
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.model import KIB, MIB
from secure_file_transfer.transfer.limit import LEAST, RateLimit


def moved(limit: RateLimit, lanes: int, seconds: float, *, late: float = 0.0) -> tuple[int, Counter[int]]:
    """What so many connections move in that time, each one piece after the other; `late` is how late each wakes."""
    ready = [(0.0, lane) for lane in range(lanes)]
    total, by_lane = 0, Counter[int]()
    while ready[0][0] < seconds:
        now, lane = heapq.heappop(ready)
        total += limit.piece
        by_lane[lane] += limit.piece
        heapq.heappush(ready, (now + limit.reserve(limit.piece, now) + late, lane))
    return total, by_lane


@given(st.integers(LEAST, 2 * 1024 * MIB), st.integers(1, 16))
def test_a_transfer_of_ten_seconds_is_within_five_percent(rate: int, lanes: int) -> None:
    total, _ = moved(RateLimit(rate), lanes, 10.0)
    # Each connection has one piece in hand when the time is over; pieces are a sixteenth of a second at most.
    hand = lanes * RateLimit(rate).piece
    assert rate * 9.5 <= total <= rate * 10.5 + hand


@pytest.mark.parametrize("rate", [64 * KIB, 1 * MIB, 10 * MIB, 500 * MIB])
@pytest.mark.parametrize("lanes", [1, 4, 16])
def test_a_minute_is_exact_and_the_parts_are_equal(rate: int, lanes: int) -> None:
    total, by_lane = moved(RateLimit(rate), lanes, 60.0)
    assert total == pytest.approx(rate * 60, rel=0.02)
    assert max(by_lane.values()) - min(by_lane.values()) <= 2 * RateLimit(rate).piece


def test_threads_that_wake_late_lose_nothing() -> None:
    total, _ = moved(RateLimit(10 * MIB), 1, 60.0, late=0.01)
    assert total == pytest.approx(600 * MIB, rel=0.02)


def test_a_pause_saves_up_a_quarter_of_a_second_at_most() -> None:
    limit = RateLimit(1 * MIB)
    limit.reserve(1, 0.0)
    assert [limit.reserve(MIB // 4, 3600.0) for _ in range(4)] == pytest.approx([0.0, 0.0, 0.25, 0.5])


def test_everybody_goes_in_the_order_of_asking() -> None:
    limit = RateLimit(1 * MIB)
    delays = [limit.reserve(64 * KIB, 0.0) for _ in range(10)]
    assert delays == sorted(delays)
    assert delays[-1] == pytest.approx(9 / 16)


def test_pieces_are_smooth_and_not_silly() -> None:
    assert RateLimit(LEAST).piece == 2 * KIB
    assert RateLimit(1 * MIB).piece == 64 * KIB
    assert RateLimit(1024 * MIB).piece == 256 * KIB
