"""A request's way through the server's limits on transfers: the waiting that `services.traffic` asks for.

While a request waits its body stays unread, so the peer is slowed by TCP and nothing piles up here.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from ...errors import InterruptedTransferError
from ...model import Principal
from ...services.traffic import About, Direction, Traffic, Transfer, urgency
from .context import DOOR, Context, joined_fields
from .exchange import Exchange
from .named import named

GONE = "sft.gone"
"""Where the connection leaves a function in the scope that says whether the peer has gone."""


NOTICE = b"operator-warning"
"""Tells a client that moves something the number of its latest warning: nobody has to ask again and again."""


class Passage:
    """Use it as a context, and `enter` it once it is clear who asks; from then on the exchange keeps to the limits."""

    def __init__(self, context: Context, exchange: Exchange, direction: Direction) -> None:
        self._context = context
        self._traffic = context.services.traffic
        self._caller = context.caller(exchange.scope)
        self._exchange = exchange
        self._direction = direction
        self._transfer: Transfer | None = None
        self._woken = asyncio.Event()
        self._gone: Callable[[], bool] = exchange.scope.get(GONE, lambda: False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._traffic is not None and self._transfer is not None:
            self._exchange.count()
            self._exchange.passage = None
            self._traffic.leave(self._transfer)

    @property
    def queued(self) -> bool:
        """Whether there is a line to wait in, so that it pays to ask for the size first."""
        return self._traffic is not None and self._traffic.queued

    async def enter(self, who: Principal | None, size: int | None, about: About | None = None) -> None:
        """Wait for a place to move `size` bytes, if that is known. Entering again is fine.

        `about` is what is known of it; the client may say more, see `named`.

        Raises:
            BusyError, PausedError, SignInRequiredError
            InterruptedTransferError: the peer has gone.
        """
        if self._traffic is None or self._transfer is not None or who is None:
            return
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended, and all that was on it
                loop.call_soon_threadsafe(self._woken.set)

        fields = joined_fields(self._exchange.scope["headers"])
        field = fields.get(b"priority", b"")
        self._transfer = self._traffic.begin(
            who,
            self._caller.address,
            self._direction,
            wake,
            urgency=urgency(field.decode("latin-1")),
            size=size,
            door=DOOR,
            about=named(fields.get(b"transfer-name", b""), about),
        )
        self._exchange.passage = self
        live = self._context.services.live
        if live is not None and (standing := live.control.standing(who)):
            self._exchange.extra.append((NOTICE, b"%d" % standing[-1].id))
        if self._transfer.limited:
            await self._wait(self._traffic, self._transfer)

    def piece_max(self, direction: Direction) -> int | None:
        """How many bytes may move at a time that way; None where nothing limits."""
        transfer = self._transfer
        return transfer.slice if transfer is not None and direction is self._direction and transfer.limited else None

    def count(self, direction: Direction, count: int) -> None:
        """So many bytes went by that way; those that are no content, such as an upload's answer, do not count."""
        if self._transfer is not None and direction is self._direction:
            self._transfer.count += count

    def filling(self, so_far: Callable[[], int] | None) -> None:
        """How many bytes have come of a piece that is not counted yet."""
        if self._transfer is not None and self._direction is Direction.UP:
            self._transfer.filling = so_far

    async def moved(self, count: int) -> None:
        """So many bytes went by: wait until more may."""
        if self._traffic is not None and self._transfer is not None:
            self._traffic.moved(self._transfer, count)
            await self._wait(self._traffic, self._transfer)

    async def _wait(self, traffic: Traffic, transfer: Transfer) -> None:
        while (seconds := traffic.wait(transfer)) > 0:
            if self._gone():
                raise InterruptedTransferError("The peer has gone", hint="Send it again.")
            self._woken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._woken.wait()
