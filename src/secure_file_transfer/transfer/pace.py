"""How many connections at once: as many as the way there calls for, and more only while more of them move more."""

from ..model import KIB, MIB

_LEAST = 2
_START = 4
_NEAR_MOST = 8
"""Over a short way each connection is as fast as the computers are; more than this only cost."""
_NEAR = 0.01
"""Seconds of round trip. Up to this a way is short: the same building, the same city."""
_FILL = 119 * MIB
"""Bytes per second of the line that a new client assumes, 1 Gbit/s, ..."""
_WINDOW = 512 * KIB
"""... and bytes that one connection has under way where nobody tuned anything."""
_INTERVAL = 0.5
_INTERVAL_TRIPS = 5
_REST_MAX = 32
_PATIENCE = 6
_GAIN = 0.25
"""Of what a step up would bring if every connection were as fast as before, it must bring this much."""
_LOSS = 0.02
"""A step down that costs less than this is kept: fewer connections for the same."""


def _useful(limit: int, round_trip: float) -> int:
    return limit if round_trip > _NEAR else min(limit, _NEAR_MOST)


class Parallelism:
    """Climbs the hill of throughput: doubles, keeps that if it paid, else takes it back and rests longer.

    One connection moves at most its window in a round trip (RFC 7323, section 1.1), so a long way begins with enough
    of them to fill a fast line, and a short one with few. `width` is how many requests may run now.
    """

    def __init__(self, limit: int, round_trip: float = 0.0) -> None:
        """`limit` is what our user and the server allow; `round_trip` is in seconds."""
        self._limit = limit
        self._trip = round_trip
        wanted = max(_START, int(_FILL * round_trip / _WINDOW))
        self.width = min(wanted, _useful(limit, round_trip))
        self._before: tuple[int, float] | None = None  # the width and the rate before the step on trial
        self._settling = True
        self._up = True
        self._pause = 1
        # A beginning that is wide already was chosen for the way; less of it is tried when it had time to work.
        self._rest = 1 if self.width <= _START else _PATIENCE

    @property
    def interval(self) -> float:
        """Seconds that one sample should take: some round trips, which is how long a connection takes to speed up."""
        return max(_INTERVAL, _INTERVAL_TRIPS * self._trip)

    def round_trip(self, seconds: float) -> None:
        """An exchange of small messages took so long. The shortest one counts: the others have waited somewhere."""
        if not self._trip or seconds < self._trip:
            self._trip = seconds

    def sample(self, moved: int, seconds: float, *, full: bool) -> None:
        """So many bytes moved in that time. `full` says that all of `width` was in use throughout."""
        if not full or seconds <= 0:  # what nobody asked for cannot be measured
            if self._before is not None:
                self.width, self._before = self._before[0], None
            self._settling = True
        elif self._settling:
            self._settling = False  # connections shake hands and speed up, or finish what they have
        elif self._before is None:
            self._rest -= 1
            if self._rest <= 0:
                self._step(moved / seconds)
        else:
            self._judge(moved / seconds, *self._before)

    def _step(self, rate: float) -> None:
        """Try another width, the other direction where there is nothing left in this one."""
        for up in (self._up, not self._up):
            width = min(self.width * 2, _useful(self._limit, self._trip)) if up else max(self.width // 2, _LEAST)
            if width > self.width if up else width < self.width:
                self._before, self._up = (self.width, rate), up
                self.width, self._settling = width, True
                return

    def _judge(self, rate: float, width: int, before: float) -> None:
        self._before = None
        if rate >= before * self._needed(width):
            self._rest = self._pause = 1
            return
        # A step down that does not pay has cost much of the throughput while it was tried.
        least = 1 if self.width > width else 2 * _PATIENCE
        self.width, self._settling = width, True
        self._up = not self._up
        self._pause = self._rest = min(max(self._pause * 2, least), _REST_MAX)

    def _needed(self, width: int) -> float:
        """By what a rate must have been multiplied for the step from `width` to stand."""
        if self.width > width:
            return 1 + (self.width / width - 1) * _GAIN
        return 1 - _LOSS if self.width >= _START else 1 + _LOSS


def run_length(left: int, width: int, *, least: int, most: int) -> int:
    """How many bytes one request should fetch when `left` are to come over `width` connections.

    Long ones, for each costs a round trip and some work; but enough of them that every connection has some to the end.
    """
    return max(least, min(most, left // (2 * width)))
