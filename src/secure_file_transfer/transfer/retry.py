"""When to try again, and when to stop."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..errors import SecureFileTransferError


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

    def delays(self, chance: Callable[[], float] = random.random) -> Iterator[float]:
        """Seconds to wait before each further try. `chance` gives numbers from 0 to 1."""
        for number in range(self.tries - 1):
            yield min(self.ceiling, self.first * 2**number) * (0.5 + chance() / 2)

    @staticmethod
    def helps(error: SecureFileTransferError) -> bool:
        """Whether the same request may succeed later."""
        return error.retryable
