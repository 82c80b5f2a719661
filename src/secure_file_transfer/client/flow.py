"""The bytes of one client on their way: counted for all connections together, and slowed to its limit."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

from ..model import MIB
from ..transfer.limit import RateLimit

_PIECE = 1 * MIB
_HELD_LONGER = 2.0
"""Seconds for which nobody who asks again is taken for free."""


class Flow:
    """What passes through the connections of a client, in both directions. Used by many threads."""

    def __init__(
        self,
        limit: RateLimit | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._limit = limit
        self._clock, self._wait, self._sleep = clock, wait, sleep
        self._lock = threading.Lock()
        self.limited = limit is not None
        self.piece = _PIECE if limit is None else limit.piece
        """How many bytes to move at once."""
        self.moved = 0
        self._held_until = float("-inf")
        self.warned = 0
        """The number of the latest warning of operators that the server spoke of."""

    @property
    def held(self) -> bool:
        """Whether an operator of the server holds what we move."""
        return self._clock() < self._held_until

    def hold(self, seconds: float) -> None:
        """The server said so, and is asked again after so many seconds."""
        self._held_until = self._clock() + seconds + _HELD_LONGER

    def _pass(self, count: int) -> float:
        with self._lock:
            self.moved += count
            return 0.0 if self._limit is None else self._limit.reserve(count, self._clock())

    def passes(self, count: int, stop: threading.Event) -> None:
        """So many bytes are to move, or have moved: wait until that is right, or `stop` is set. In a thread."""
        if (seconds := self._pass(count)) > 0:
            self._wait(stop, seconds)

    async def passing(self, count: int) -> None:
        """The same, in the event loop."""
        if (seconds := self._pass(count)) > 0:
            await self._sleep(seconds)
