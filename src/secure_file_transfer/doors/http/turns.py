"""Whose sign-in is next. Hashing a password takes a tenth of a second of a core, so those who want it wait in line.

The line is one for each source, and they are served in rotation: whoever sends a thousand sign-ins waits for
themselves, everybody else for one round at most (attack 47). A line that is full turns its own people away; when all
places are taken, a newcomer takes the last place of the longest line.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from ...errors import TooManyRequestsError
from .workers import Workers

T = TypeVar("T")
_Line = deque["asyncio.Future[None]"]

WAITING_MAX = 256
"""In all lines. They hold no thread, only a connection, which they have anyway."""
EACH_MAX = 16


class Turns:
    """Runs work in threads, `at_once` at a time. Used on the event loop only."""

    def __init__(
        self, workers: Workers, at_once: int, *, waiting_max: int = WAITING_MAX, each_max: int = EACH_MAX
    ) -> None:
        self._workers = workers
        self._free = at_once
        self._waiting_max, self._each_max = waiting_max, each_max
        self._waiting = 0
        self._lines: OrderedDict[str, _Line] = OrderedDict()

    async def run(self, source: str, work: Callable[[], T]) -> T:
        """Run it in a thread when it is the source's turn.

        Raises:
            TooManyRequestsError: there is no place left in the line.
        """
        await self._enter(source)
        try:
            return await self._workers.run(work)
        finally:
            self._next()

    async def _enter(self, source: str) -> None:
        if self._free:
            self._free -= 1
            return
        line = self._lines.get(source, ())
        if len(line) >= self._each_max:
            raise _full()
        if self._waiting >= self._waiting_max:
            longest = max(self._lines.values(), key=len)
            if len(longest) <= len(line) + 1:
                raise _full()
            longest.pop().set_exception(_full())
            self._waiting -= 1
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(source, deque()).append(turn)
        self._waiting += 1
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                if turn.exception() is None:
                    self._next()
            else:
                self._leave(source, turn)
            raise

    def _leave(self, source: str, turn: "asyncio.Future[None]") -> None:
        with suppress(KeyError, ValueError):
            self._lines[source].remove(turn)
            self._waiting -= 1
            if not self._lines[source]:
                del self._lines[source]

    def _next(self) -> None:
        """A turn is over: the first of the next line has it, and that line goes to the end."""
        while self._lines:
            source, line = self._lines.popitem(last=False)
            turn = line.popleft()
            if line:
                self._lines[source] = line
            self._waiting -= 1
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


def _full() -> TooManyRequestsError:
    return TooManyRequestsError("Too many people sign in at once", hint="Try again in a few seconds.").because(
        "sign_ins"
    )
