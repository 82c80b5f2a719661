"""How fast bytes may move: a token bucket that several transfers may share."""

BURST_SECONDS = 0.25
"""How much of what was not used may be caught up on: enough to make up for timers that wake late."""


class RateLimit:
    """At most `rate` bytes in a second; 0 is no limit. Times are seconds of any one clock.

    Bytes are paid for after they moved: whoever took some waits until they are earned. Those who share a limit are
    served in the order in which they took, so transfers that each take a little and wait get equal shares. A ticket
    counts bytes, not seconds, so that a change of the rate holds for those who wait already.
    """

    def __init__(self, rate: int, now: float) -> None:
        self._rate = rate
        self._at = now
        self._taken = 0
        self._earned = rate * BURST_SECONDS

    @property
    def rate(self) -> int:
        """Bytes in a second; 0 is no limit."""
        return self._rate

    def change(self, rate: int, now: float) -> None:
        """Another rate from now on."""
        self._earn(now)
        self._rate = rate

    def take(self, count: int, now: float) -> float:
        """So many bytes moved; returns the seconds to wait before the next ones."""
        return self.wait(self.reserve(count, now), now)

    def reserve(self, count: int, now: float) -> int:
        """The same; returns the ticket to ask `wait` with."""
        self._earn(now)
        self._taken += count
        return self._taken

    def wait(self, ticket: int, now: float) -> float:
        """Seconds until the bytes of this ticket are earned."""
        self._earn(now)
        return max(0.0, (ticket - self._earned) / self._rate) if self._rate else 0.0

    def _earn(self, now: float) -> None:
        if self._rate:
            most = self._taken + self._rate * BURST_SECONDS
            self._earned = min(self._earned + self._rate * (now - self._at), most)
        else:
            self._earned = float(self._taken)
        self._at = now
