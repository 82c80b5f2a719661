"""The real time."""

import time

from ..model import TimeUs


class SystemClock:
    """A `ports.Clock` that asks the operating system."""

    def now_us(self) -> TimeUs:
        """Wall clock."""
        return TimeUs(time.time_ns() // 1000)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
