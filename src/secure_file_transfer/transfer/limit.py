"""How fast bytes may move: a token bucket that everything which moves bytes draws from."""

from ..model import KIB

LEAST = 8 * KIB
"""Bytes per second. With less, connections would fall silent for longer than servers wait."""
_CATCH_UP = 0.25
"""Seconds of the rate that may be saved up, so that a thread which is woken late loses nothing."""
_SLICES = 16
_PIECE_MIN, _PIECE_MAX = 2 * KIB, 256 * KIB


class RateLimit:
    """Bytes per second for all who share it, in the order in which they ask.

    Whoever asks is told when to go on, and is not asked to come again: so nobody is passed over, and connections that
    each ask for one piece at a time get equal parts. Seconds are of any one monotonic clock.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.piece = int(min(max(rate / _SLICES, _PIECE_MIN), _PIECE_MAX))
        """How many bytes to ask for at once, so that the stream is smooth."""
        self._free_at: float | None = None

    def reserve(self, count: int, now: float) -> float:
        """Seconds until these bytes may move; those who ask later come after them."""
        free_at = now if self._free_at is None else max(self._free_at, now - _CATCH_UP)
        self._free_at = free_at + count / self.rate
        return max(0.0, free_at - now)
