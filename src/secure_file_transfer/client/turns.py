"""Whose request runs next, and how many run at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ..errors import CancelledTransferError
from ..transfer.pace import Parallelism
from ..transfer.queue import PriorityQueue
from .control import TransferControl
from .flow import Flow

_Turn = asyncio.Future[None]


class Turns:
    """As many requests at once as pay, by priority and then in order of arrival; for one event loop."""

    def __init__(self, flow: Flow, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._flow, self._limit, self._clock = flow, limit, clock
        self._pace = Parallelism(limit)
        self._waiting: PriorityQueue[_Turn] = PriorityQueue()
        self._control_of: dict[_Turn, TransferControl] = {}
        self._given = 0
        self._closed = False
        self._ticking: asyncio.TimerHandle | None = None
        self._begun, self._moved = 0.0, 0  # of the sample: when, and how many bytes had moved by then
        self._full = False

    @property
    def width(self) -> int:
        """How many may run now."""
        return self._pace.width

    @property
    def running(self) -> int:
        """How many run."""
        return self._given

    @property
    def waiting(self) -> int:
        """How many wait, those that are paused too."""
        return len(self._control_of)

    def learn(self, *, limit: int, round_trip: float) -> None:
        """What became known of the server and the way there."""
        self._limit = min(limit, self._limit)
        self._pace = Parallelism(self._limit, round_trip)
        self._serve()

    def round_trip(self, seconds: float) -> None:
        """A small message and its answer took so long."""
        self._pace.round_trip(seconds)

    def close(self) -> None:
        """Send all home who wait."""
        self._closed = True
        if self._ticking is not None:
            self._ticking.cancel()
        for turn in self._control_of:
            if not turn.done():
                turn.set_exception(_closed())

    @asynccontextmanager
    async def turn(self, control: TransferControl) -> AsyncIterator[None]:
        """Run one request within. While its control is paused it waits.

        Raises:
            CancelledTransferError: the client was closed.
        """
        if self._closed:
            raise _closed()
        await self._wait(control)
        try:
            yield
        finally:
            self._given -= 1
            self._serve()

    async def _wait(self, control: TransferControl) -> None:
        turn: _Turn = asyncio.get_running_loop().create_future()
        self._control_of[turn] = control
        control.listen(self._again)
        self._waiting.put(turn, control.place)
        self._serve()
        try:
            await turn
        except BaseException:
            if not self._waiting.discard(turn):  # it was its turn already
                self._given -= 1
                self._serve()
            raise
        finally:
            del self._control_of[turn]

    def _again(self) -> None:
        """Somebody was paused, resumed, or given another priority."""
        for turn, control in self._control_of.items():
            if not turn.done():
                self._waiting.put(turn, control.place)
        self._serve()

    def _serve(self) -> None:
        while self._waiting and self._given < self._pace.width and not self._closed:
            turn = self._waiting.pop()
            if not turn.done():
                self._given += 1
                turn.set_result(None)
        if self._given < self._pace.width:
            self._full = False
        if self._given and self._ticking is None and not self._closed:
            self._sample_from_now()

    # --- how many -----------------------------------------------------------------------------------------------

    def _sample_from_now(self) -> None:
        self._begun, self._moved = self._clock(), self._flow.moved
        self._full = self._given >= self._pace.width
        self._ticking = asyncio.get_running_loop().call_later(self._pace.interval, self._sampled)

    def _sampled(self) -> None:
        self._ticking = None
        self._pace.sample(self._flow.moved - self._moved, self._clock() - self._begun, full=self._full)
        self._serve()
        if self._given and self._ticking is None:
            self._sample_from_now()


def _closed() -> CancelledTransferError:
    return CancelledTransferError(
        "The client was closed during the transfer; nothing was published",
        hint="The same call again sends or fetches only what is left.",
    )
