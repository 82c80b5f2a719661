"""When to try again, and when to stop."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import PausedError, SecureFileTransferError

_WAIT_MAX = 60.0
"""Seconds. A server that asks for more patience than this is waited for no longer."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Exponential backoff with full jitter above a half: some half a minute in all, then a clear end.

    Only errors whose row of the table says so are tried again; every other one ends at once.
    """

    first: float = 0.1
    """Seconds before the second try."""
    ceiling: float = 5.0
    tries: int = 12
    """All of them, with the first."""

    def begun(self, chance: Callable[[], float] = random.random) -> "Tries":
        """The tries of one request. `chance` gives numbers from 0 to 1."""
        return Tries(self, chance)


class Tries:
    """The tries of one request, counted."""

    def __init__(self, retry: Retry, chance: Callable[[], float]) -> None:
        self._retry, self._chance = retry, chance
        self.failed = 0
        self.waited = 0.0

    def delay(self, error: SecureFileTransferError) -> float | None:
        """Seconds to wait before the next try, now that one has failed; None: it was the last.

        A server that says how long to wait (`Retry-After`, RFC 9110, section 10.2.3) is believed, up to a minute.
        """
        if isinstance(error, PausedError):  # that may take hours, and says nothing of the way
            return max(1.0, min(error.retry_after or 0.0, _WAIT_MAX)) * (1 + self._chance() / 10)
        self.failed += 1
        if not error.retryable or self.failed >= self._retry.tries:
            return None
        usual = min(self._retry.ceiling, self._retry.first * 2.0 ** (self.failed - 1)) * (0.5 + self._chance() / 2)
        asked = min(error.retry_after or 0.0, _WAIT_MAX)
        # Those who were sent away together do not all come back in the same moment.
        delay = max(usual, asked * (1 + self._chance() / 10))
        self.waited += delay
        return delay

    def ended(self, error: SecureFileTransferError) -> SecureFileTransferError:
        """The same error, saying how often it was tried where that was more than once."""
        if self.failed > 1:
            error.args = (f"{error} ({self.failed} tries, {self.waited:.0f} s of waiting in between)", *error.args[1:])
        return error
