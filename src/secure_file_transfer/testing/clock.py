"""A clock that stands still until a test moves it."""

from threading import Lock

from secure_file_transfer.model import TimeUs

START_US = TimeUs(1_767_225_600_000_000)
"""2026-01-01T00:00:00Z."""

_US_PER_SECOND = 1_000_000


class FakeClock:
    """A `ports.Clock` for tests: both of its hands move only by `advance`, and by the same amount."""

    def __init__(self, now_us: int = START_US) -> None:
        self._lock = Lock()
        self._start_us = now_us
        self._passed_us = 0

    def now_us(self) -> TimeUs:
        """Wall clock."""
        with self._lock:
            return TimeUs(self._start_us + self._passed_us)

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        with self._lock:
            return self._passed_us / _US_PER_SECOND

    def advance(self, seconds: float = 0.0, *, us: int = 0) -> TimeUs:
        """Let time pass; returns the new wall clock.

        Raises:
            ValueError: for a step backwards. A wall clock may jump, see `set`; `monotonic` may not.
        """
        step = round(seconds * _US_PER_SECOND) + us
        if step < 0:
            raise ValueError("time does not run backwards; use set() for a wall clock that jumps")
        with self._lock:
            self._passed_us += step
            return TimeUs(self._start_us + self._passed_us)

    def set(self, now_us: int) -> None:
        """Move the wall clock alone, as an operator or NTP does."""
        with self._lock:
            self._start_us = now_us - self._passed_us
