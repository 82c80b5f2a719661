"""While files move: warnings of the operators stand below the progress, and a pause of theirs is said."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from ...errors import SecureFileTransferError
from .failures import warn
from .progress import Display
from .terminal import is_terminal, safe

if TYPE_CHECKING:
    from ...client import AsyncClient, OperatorWarning

LOOK_SECONDS = 5.0
"""Between two questions; the answers to what moves say sooner that there is something."""
TICK_SECONDS = 0.25
_HELD = "Paused by an operator. It goes on by itself when they let it."


class _Attendant:
    """What one command has been told, and what of it stands."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client
        self._standing: Sequence[OperatorWarning] = ()
        self._told: set[int] = set()
        self._visible = False

    def remarks(self) -> Sequence[str]:
        """The lines below the progress. Asked for by whoever draws it."""
        self._visible = True
        lines = [f"{_sentence(each)}  (sft warnings ack {each.id})" for each in self._standing]
        return [_HELD, *lines] if self._client.held else lines

    async def look(self) -> None:
        """Look again and again. Ends where there are no warnings for us, as for API tokens and at older servers."""
        ticks = latest = 0
        while True:
            if self._client.warned > latest or ticks % round(LOOK_SECONDS / TICK_SECONDS) == 0:
                try:
                    self._standing = await self._client.warnings()
                except SecureFileTransferError as error:
                    if not error.retryable:
                        return
                latest = max([self._client.warned, *(each.id for each in self._standing)])
                self._tell()
            ticks += 1
            await asyncio.sleep(TICK_SECONDS)

    def _tell(self) -> None:
        """Where nothing is drawn, one line for each."""
        import sys

        if is_terminal(sys.stderr) and self._visible:
            return
        self.tell_rest()

    def tell_rest(self) -> None:
        """Print what still stands and was not printed."""
        for each in self._standing:
            if each.id not in self._told:
                self._told.add(each.id)
                warn(_sentence(each), f"Acknowledge it: sft warnings ack {each.id}")


def _sentence(warning: "OperatorWarning") -> str:
    return f"{safe(warning.author)}: {safe(warning.text)}"


@asynccontextmanager
async def attending(client: "AsyncClient", display: Display) -> AsyncIterator[None]:
    """Within it, `display` shows what operators want to be seen. What was not acknowledged is said again at the end."""
    attendant = _Attendant(client)
    display.remarks = attendant.remarks
    looking = asyncio.get_running_loop().create_task(attendant.look())
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        attendant.tell_rest()
