"""What limits the path to a server, judged from measurements with 1, 2, 4 … connections."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

_NEAR = 0.95
"""As good as the best."""
_GAIN = 1.10
"""Twice the connections have to gain this much to be worth a further step."""
_GROWS = 1.25
"""Twice the connections that gain this much are not at their end yet."""
_BUSY = 0.85
"""Of the processors' time: more is not to be had."""
_NEIGHBOUR = 0.002
"""Seconds of a round trip below which both are taken to stand in one place."""
_STORES_SLOWLY = 1.5
"""How much faster down than up means that the server's storing is slow."""
_MEGABIT = 125_000
_LINES = tuple(speed * _MEGABIT for speed in (100, 1000, 2500, 5000, 10_000))
_LINE_LEAST, _LINE_MOST = 0.85, 0.98
"""What of a line's speed is left once Ethernet, IP, TCP and TLS have had their part."""


@dataclass(frozen=True, slots=True)
class Step:
    """What so many connections moved. `busy` is the share of this computer's processor time in use, 0 to 1."""

    connections: int
    size: int
    seconds: float
    busy: float = 0.0

    @property
    def rate(self) -> float:
        """Bytes per second."""
        return self.size / self.seconds


class Limit(StrEnum):
    """What stands in the way of more."""

    THIS_COMPUTER = "this_computer"
    """Its processors are busy."""
    ROUND_TRIP = "round_trip"
    """Each connection waits for the other side most of the time, and there are not enough of them."""
    LINE = "line"
    """The bandwidth between the two."""
    SERVER = "server"
    """Its processors or its network."""
    STORING = "storing"
    """The server takes in more slowly than it gives out: its disk, or its processors."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The judgement on one direction."""

    best: Step
    """The fewest connections that are as good as any number."""
    limit: Limit
    window: float
    """Bytes that one connection alone moves in a round trip."""
    gain: float
    """How many times as much as one connection."""


def worth_more(steps: Sequence[Step], most: int) -> bool:
    """Whether to try twice as many connections after these steps; 4 are always tried where that many may be."""
    if not steps:
        return True
    wide = steps[-1].connections
    if wide * 2 > most:
        return False
    return wide < 4 or steps[-1].rate >= steps[-2].rate * _GAIN


def diagnose(steps: Sequence[Step], round_trip: float, *, other_way: float = 0.0) -> Diagnosis:
    """Judge the steps of one direction, the first of which has one connection.

    `round_trip` is in seconds. `other_way` is the best rate of the other direction, given when this one is up.
    """
    top = max(step.rate for step in steps)
    best = next(step for step in steps if step.rate >= top * _NEAR)
    limit = _limit(steps, best, top, round_trip, other_way)
    return Diagnosis(best, limit, steps[0].rate * round_trip, best.rate / steps[0].rate)


def _limit(steps: Sequence[Step], best: Step, top: float, round_trip: float, other_way: float) -> Limit:
    near = round_trip < _NEIGHBOUR
    grows = len(steps) > 1 and steps[-1].rate >= steps[-2].rate * _GROWS
    if best.busy >= _BUSY:
        return Limit.THIS_COMPUTER
    if grows and not near:
        return Limit.ROUND_TRIP
    if not near or any(line * _LINE_LEAST <= top <= line * _LINE_MOST for line in _LINES):
        return Limit.LINE
    return Limit.STORING if other_way >= top * _STORES_SLOWLY else Limit.SERVER
