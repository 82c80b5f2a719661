"""How far a job is, how fast it goes and how long it will still take, without jumping about."""

import math

from secure_file_transfer.model import KIB
from secure_file_transfer.ports import Clock

ITEM_BYTES = 16 * KIB
"""What looking after one file or folder costs, in bytes: so many small ones take as long as one large one."""
SMOOTHED_SECONDS = 5.0
"""What happened longer ago counts for little."""
_ETA_MAX = 30 * 86_400


class Meter:
    """Begins at so much that is done already, which counts for no speed."""

    def __init__(self, clock: Clock, size: int, items: int) -> None:
        self._clock = clock
        self._at = clock.monotonic()
        self._size, self._work = size, _work(size, items)
        self._rate: float | None = None
        self._pace: float | None = None

    def look(self, size: int, items: int) -> None:
        """So much is done by now."""
        now, work = self._clock.monotonic(), _work(size, items)
        seconds = now - self._at
        if seconds <= 0:
            return
        share = 1 - math.exp(-seconds / SMOOTHED_SECONDS)
        self._rate = _towards(self._rate, (size - self._size) / seconds, share)
        self._pace = _towards(self._pace, (work - self._work) / seconds, share)
        self._at, self._size, self._work = now, size, work

    @property
    def rate(self) -> int:
        """Bytes a second."""
        return round(self._rate or 0)

    def eta(self, size_total: int | None, items_total: int | None) -> int | None:
        """Seconds until all is done; None while nobody can tell."""
        if size_total is None or items_total is None or not self._pace:
            return None
        left = max(0, _work(size_total, items_total) - self._work)
        return min(math.ceil(left / self._pace), _ETA_MAX)


def percent(size: int, items: int, size_total: int | None, items_total: int | None) -> int:
    """How much of it is done. Less than 100 until it has ended: counting is not the last thing that is done."""
    if size_total is None or items_total is None:
        return 0
    total = _work(size_total, items_total)
    return min(99, 100 * _work(size, items) // total) if total else 0


def _work(size: int, items: int) -> int:
    return size + items * ITEM_BYTES


def _towards(old: float | None, new: float, share: float) -> float:
    return new if old is None else old + (new - old) * share
