"""How often somebody may do something: a token bucket for each of them, in bounded memory."""

import math
from collections import OrderedDict
from threading import Lock

from secure_file_transfer.ports import Clock

REMEMBERED_MAX = 10_000
"""Buckets at once. Beyond it the one that was used longest ago is forgotten, which fills it."""


class Pace:
    """So many times a minute, and `burst` of them at once."""

    def __init__(self, clock: Clock, per_minute: float, burst: int) -> None:
        self._clock = clock
        self._rate = per_minute / 60
        self._burst = burst
        self._lock = Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, *keys: str) -> int:
        """Take one from the bucket of each; 0, or the whole seconds until all have one. Then nothing was taken."""
        with self._lock:
            now = self._clock.monotonic()
            filled = {key: self._filled(key, now) for key in keys}
            wait = max((1 - level) / self._rate for level in filled.values())
            if wait > 0:
                return math.ceil(wait)
            for key, level in filled.items():
                self._buckets[key] = (level - 1, now)
                self._buckets.move_to_end(key)
            while len(self._buckets) > REMEMBERED_MAX:
                self._buckets.popitem(last=False)
            return 0

    def _filled(self, key: str, now: float) -> float:
        level, since = self._buckets.get(key, (float(self._burst), now))
        return min(float(self._burst), level + (now - since) * self._rate)
