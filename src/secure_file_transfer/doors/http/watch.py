"""Ends what runs for a session that has ended: every request, on every route, within a second (attack 29).

Services check the session before each block. That is not enough for a request that waits: for a peer that sends or
reads slowly, or not at all. So all requests that last are looked at together, a few times a second.
"""

import asyncio
from collections.abc import Callable

from ...errors import SecureFileTransferError, SignInRequiredError
from ...model import Principal
from .exchange import Exchange
from .workers import Workers

SECONDS = 0.2
"""Between two looks. With the half second for which a session's life is believed, that makes less than one."""
PRINCIPAL_KEY = "sft.principal"
"""Where a request's principal is left in its scope once it is known."""


class Watch:
    """Used on the event loop only; sessions are asked in a thread of its own, which no transfer can keep busy."""

    def __init__(self, check: Callable[[Principal], None]) -> None:
        self._check = check
        self._running: dict[asyncio.Task[None], Exchange] = {}
        self._ended: dict[asyncio.Task[None], SignInRequiredError] = {}
        self._thread = Workers("http-watch", 1)
        self._look: asyncio.Task[None] | None = None

    def begin(self, exchange: Exchange) -> "asyncio.Task[None] | None":
        """The request that the current task works on is to be watched, until `end`."""
        task = asyncio.current_task()
        if task is not None:
            self._running[task] = exchange
            if self._look is None:
                self._look = asyncio.create_task(self._looking())
        return task

    def end(self, task: "asyncio.Task[None] | None") -> None:
        """It is over."""
        if task is not None:
            self._running.pop(task, None)
            self._ended.pop(task, None)

    def verdict(self, task: "asyncio.Task[None] | None") -> SignInRequiredError | None:
        """Why the task was cancelled, if it was by us; the cancellation is then undone."""
        error = None if task is None else self._ended.pop(task, None)
        if error is not None and task is not None:
            task.uncancel()
        return error

    def close(self) -> None:
        """Let the thread go."""
        self._thread.close()

    async def _looking(self) -> None:
        """As long as anything runs. Requests shorter than one look cost nothing but their place in the table."""
        try:
            while self._running:
                await asyncio.sleep(SECONDS)
                asked = {
                    task: who
                    for task, exchange in self._running.items()
                    if (who := exchange.scope.get(PRINCIPAL_KEY)) is not None and (who.session or who.token) is not None
                }
                if asked:
                    self._cancel(await self._thread.run(lambda asked=asked: self._dead(asked)))  # type: ignore[misc]
        finally:
            self._look = None

    def _dead(self, asked: dict["asyncio.Task[None]", Principal]) -> dict["asyncio.Task[None]", SignInRequiredError]:
        dead = {}
        for task, who in asked.items():
            try:
                self._check(who)
            except SignInRequiredError as error:
                dead[task] = error
            except SecureFileTransferError:
                continue  # the catalog does not answer now; whoever needs it will say so
        return dead

    def _cancel(self, dead: dict["asyncio.Task[None]", SignInRequiredError]) -> None:
        for task, error in dead.items():
            if task in self._running and not task.done():
                self._ended[task] = error
                task.cancel()
