"""What limits a path, by the figures of typical ones."""

import pytest

from secure_file_transfer.model import KIB, MIB
from secure_file_transfer.transfer.diagnosis import Limit, Step, diagnose, worth_more


def steps(*rates: float, busy: float = 0.2) -> list[Step]:
    """With 1, 2, 4 … connections, in MiB per second."""
    return [Step(2**at, round(rate * MIB), 1.0, busy) for at, rate in enumerate(rates)]


@pytest.mark.parametrize(
    ("rates", "busy", "round_trip", "other_way", "limit", "connections"),
    [
        pytest.param((10, 20, 40, 79, 155), 0.2, 0.1, 0, Limit.ROUND_TRIP, 16, id="far away, small windows"),
        pytest.param((10, 20, 40, 41), 0.2, 0.1, 0, Limit.LINE, 4, id="far away, until the line is full"),
        pytest.param((2.3, 2.4, 2.4), 0.0, 0.02, 11, Limit.LINE, 1, id="a home line, slower up than down"),
        pytest.param((105, 112, 112), 0.3, 0.0004, 112, Limit.LINE, 2, id="a full gigabit in the house"),
        pytest.param((11.2, 11.2, 11.1), 0.1, 0.0004, 11, Limit.LINE, 1, id="a full line of 100 Mbit/s"),
        pytest.param((60, 61, 61), 0.3, 0.0004, 112, Limit.STORING, 1, id="a slow disk in the house"),
        pytest.param((60, 61, 61), 0.3, 0.0004, 70, Limit.SERVER, 1, id="a slow server in the house"),
        pytest.param((60, 61, 61), 0.3, 0.0004, 0, Limit.SERVER, 1, id="the same, down"),
        pytest.param((300, 500, 510), 0.97, 0.0002, 0, Limit.THIS_COMPUTER, 2, id="busy here"),
        pytest.param((300, 600, 1100), 0.97, 0.1, 0, Limit.THIS_COMPUTER, 4, id="busy here, however far"),
        pytest.param((50,), 0.1, 0.1, 0, Limit.LINE, 1, id="one step says little"),
        pytest.param((40, 90, 60), 0.1, 0.05, 0, Limit.LINE, 2, id="too many connections harm"),
    ],
)
def test_the_limit_of_a_path(
    rates: tuple[float, ...], busy: float, round_trip: float, other_way: float, limit: Limit, connections: int
) -> None:
    found = diagnose(steps(*rates, busy=busy), round_trip, other_way=other_way * MIB)
    assert (found.limit, found.best.connections) == (limit, connections)


def test_what_it_says_of_one_connection() -> None:
    found = diagnose(steps(10, 20, 40, 79), 0.1)
    assert found.window == pytest.approx(1024 * KIB)
    assert found.gain == pytest.approx(7.9)


@pytest.mark.parametrize(
    ("rates", "most", "wanted"),
    [
        ((), 16, True),
        ((10,), 16, True),
        ((10, 10), 16, True),
        ((10, 10, 10), 16, False),
        ((10, 10, 11.1), 16, True),
        ((10, 20, 40, 80, 160), 16, False),
        ((10, 20), 2, False),
    ],
)
def test_whether_more_connections_are_worth_a_try(rates: tuple[float, ...], most: int, *, wanted: bool) -> None:
    assert worth_more(steps(*rates), most) is wanted
