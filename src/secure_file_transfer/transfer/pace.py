"""How many connections at once: more while more of them move more."""

_START = 4
_STEP = 2
_LEAST = 2
_INTERVAL = 0.5
"""Seconds of traffic that one measurement takes."""
_PAUSE = 0.1
"""Seconds without traffic that are no pause yet."""
_GAIN = 1.05
"""A step that does not gain this much is taken back."""
_REST_MAX = 32


class Parallelism:
    """Climbs the hill of throughput: tries a step, keeps it if it paid, else takes it back and rests longer.

    `width` is how many requests may run now. Times are seconds of any one clock.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.width = min(_START, limit)
        self._step = _STEP
        self._before: float | None = None  # the rate before the step on trial
        self._rest = self._pause = 1
        self._since = self._until = 0.0
        self._bytes = 0

    def record(self, count: int, begin: float, end: float) -> None:
        """One request moved so many bytes in that time."""
        if begin > self._until + _PAUSE:  # nothing ran meanwhile: idle time is not slowness
            self._since, self._bytes = begin, 0
        self._until = max(self._until, end)
        self._bytes += count
        if self._until - self._since >= _INTERVAL:
            self._judge(self._bytes / (self._until - self._since))
            self._since, self._bytes = self._until, 0

    def _judge(self, rate: float) -> None:
        if self._before is not None:
            if rate >= self._before * _GAIN:
                self._pause = self._rest = 1
            else:
                self.width -= self._step
                self._step = -self._step
                self._pause = self._rest = min(self._pause * 2, _REST_MAX)
            self._before = None
            if self._rest > 1:
                return
        self._rest -= 1
        if self._rest > 0:
            return
        self._rest = 1
        if not _LEAST <= self.width + self._step <= self._limit:
            self._step = -self._step
        if _LEAST <= self.width + self._step <= self._limit:
            self._before = rate
            self.width += self._step
