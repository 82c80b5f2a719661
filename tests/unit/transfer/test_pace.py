"""How many connections at once, on ways of several kinds."""

from collections.abc import Callable
from itertools import groupby

import pytest

from secure_file_transfer.model import MIB
from secure_file_transfer.transfer.pace import Parallelism, run_length

Way = Callable[[int], float]
"""Bytes per second with so many connections."""


def windowed(trip: float, window: float = MIB, line: float = 1250e6) -> Way:
    """Each connection moves a window in a round trip; all together what the line carries."""
    return lambda width: min(width * window / trip, line)


def flat(rate: float) -> Way:
    return lambda _: rate


def ran(pace: Parallelism, way: Way, seconds: float) -> list[int]:
    """The widths over time."""
    now, widths = 0.0, [pace.width]
    while now < seconds:
        took = pace.interval
        pace.sample(int(way(pace.width) * took), took, full=True)
        now += took
        widths.append(pace.width)
    return widths


@pytest.mark.parametrize(
    ("limit", "trip", "width"),
    [(16, 0.0, 4), (16, 0.001, 4), (2, 0.0, 2), (1, 0.1, 1), (16, 0.03, 7), (16, 0.1, 16), (64, 0.1, 23), (8, 0.3, 8)],
)
def test_it_begins_with_what_fills_a_fast_line_over_such_a_way(limit: int, trip: float, width: int) -> None:
    assert Parallelism(limit, trip).width == width


def test_a_long_way_with_a_small_window_gets_all_connections() -> None:
    widths = ran(Parallelism(16, 0.1), windowed(0.1), 60)
    assert widths.count(16) > len(widths) * 0.9, "looking whether less would do is rare where it costs"
    widths = ran(Parallelism(64, 0.1), windowed(0.1), 30)
    assert max(widths) == widths[-1] == 64
    assert windowed(0.1)(widths[0]) > 10e6 * 8, "eight times one stream from the first moment"


def test_a_short_way_never_gets_more_than_eight() -> None:
    widths = ran(Parallelism(64, 0.002), windowed(0.002, line=1e12), 60)
    assert max(widths) == 8
    assert widths[-1] == 8


@pytest.mark.parametrize(("limit", "trip"), [(16, 0.0), (16, 0.0005), (64, 0.002)])
def test_where_more_moves_nothing_more_it_stays_where_it_began(limit: int, trip: float) -> None:
    widths = ran(Parallelism(limit, trip), flat(100e6), 120)
    assert widths.count(4) > len(widths) * 0.8
    assert set(widths) <= {2, 4, 8}


def test_a_long_thin_way_gives_back_what_does_not_help() -> None:
    widths = ran(Parallelism(16, 0.1), flat(1.25e6), 120)
    assert widths[0] == 16
    order = [width for width, _ in groupby(widths)]
    assert order[:5] == [16, 8, 4, 2, 4], "it gives back, and looks whether even less would do"
    assert widths.count(4) > len(widths) * 0.8, "and rests longer and longer before it tries again"


def test_where_more_moves_less_it_narrows() -> None:
    assert ran(Parallelism(8), lambda width: 100e6 / width, 60)[-1] == 2


def test_it_never_leaves_its_limits() -> None:
    for limit in (1, 2, 3, 5, 16):
        for way in (flat(1e6), windowed(0.1), lambda width: 1e8 / width):
            assert all(1 <= width <= limit for width in ran(Parallelism(limit, 0.1), way, 60))


def test_what_nobody_asked_for_is_no_measure() -> None:
    pace = Parallelism(16, 0.03)
    for _ in range(50):
        pace.sample(0, 0.5, full=False)
    assert pace.width == 7


def test_a_trial_that_nobody_used_is_taken_back() -> None:
    pace = Parallelism(16)
    pace.sample(50 * MIB, 0.5, full=True)
    pace.sample(50 * MIB, 0.5, full=True)
    assert pace.width == 8, "on trial"
    pace.sample(1, 0.5, full=False)
    assert pace.width == 4


def test_the_shortest_round_trip_counts() -> None:
    pace = Parallelism(16, 0.1)
    pace.round_trip(0.3)
    assert pace.interval == 0.5
    pace.round_trip(0.004)
    assert max(ran(pace, windowed(0.004, line=1e12), 60)[2:]) == 16, "what helps is not taken away"
    assert Parallelism(16, 0.3).interval == 1.5


@pytest.mark.parametrize(
    ("left", "width", "length"),
    [(1024, 4, 16), (256, 16, 8), (64, 16, 2), (1, 16, 1), (0, 4, 1), (100, 1, 16)],
)
def test_runs_are_long_but_enough_for_all(left: int, width: int, length: int) -> None:
    assert run_length(left * MIB, width, least=MIB, most=16 * MIB) == length * MIB
