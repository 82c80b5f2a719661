"""Who is connected to the server, and for operators: end, warn, pause. And one's own warnings."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..errors import InvalidRequestError, NotFoundError, ProtocolViolationError
from ..model import TimeUs
from .events import Live, LiveEvent
from .wire_values import listed, members, text_of, time_us, violation, whole


@dataclass(frozen=True, slots=True)
class ConnectedClient:
    """Somebody who is connected. `id` is the number of the session, or `t5` of an API token, `c7` of a connection.

    `path`, `done`, `size` and `percent` are of the file that moves now, one of `files`; `rate` is in bytes a second
    and `eta` in seconds for all of them together. `received` and `sent` are bytes as the server sees it.
    """

    id: str
    name: str
    kind: str
    door: str
    address: str
    agent: str
    since_us: TimeUs
    state: str
    path: str
    done: int
    size: int | None
    percent: int | None
    files: int
    rate: int
    eta: int | None
    received: int
    sent: int


@dataclass(frozen=True, slots=True)
class OperatorWarning:
    """A warning of an operator. It stands until its receiver acknowledges it."""

    id: int
    to: str
    author: str
    text: str
    created_us: TimeUs
    acknowledged_us: TimeUs | None


class PresenceRequests(Live):
    """See `AsyncClient`."""

    async def clients(self) -> Sequence[ConnectedClient]:
        """Who is connected and what they do; for operators everybody, else ourselves.

        Raises:
            SignInRequiredError, ForbiddenError
        """
        return [_client(each) for each in listed(await self._call("GET", "/api/v1/clients"), "clients")]

    async def watch_clients(self, *, every: float = 0.25) -> AsyncIterator[Sequence[ConnectedClient]]:
        """The same list again and again, as it changes, at most once in `every` seconds; until you stop asking.

        Raises what `clients` does.
        """
        board, changed = dict[str, ConnectedClient](), asyncio.Event()
        listening = asyncio.get_running_loop().create_task(self._follow(board, changed))
        listening.add_done_callback(lambda _: changed.set())
        try:
            while not listening.done():
                await changed.wait()
                changed.clear()
                yield list(board.values())
                await asyncio.sleep(every)
            await listening
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _follow(self, board: dict[str, ConnectedClient], changed: asyncio.Event) -> None:
        """By events; where there are none, by asking each second."""
        with suppress(NotFoundError, InvalidRequestError, ProtocolViolationError):
            async for event in self.events(topics=["clients"]):
                await self._change(board, event)
                changed.set()
        while True:
            await self._renew_board(board)
            changed.set()
            await asyncio.sleep(1)

    async def _change(self, board: dict[str, ConnectedClient], event: LiveEvent) -> None:
        if event.topic != "clients":  # we hear from now on, or have missed something
            await self._renew_board(board)
        elif event.kind == "left":
            board.pop(text_of(event.data, "id"), None)
        else:
            client = _client(event.data)
            board[client.id] = client

    async def _renew_board(self, board: dict[str, ConnectedClient]) -> None:
        found = await self.clients()
        board.clear()
        board.update((each.id, each) for each in found)

    async def kick(self, client: str, *, reason: str = "", block_minutes: int = 0, block_address: bool = False) -> None:
        """End a client within a second, and tell it why; for operators.

        With `block_minutes` its account cannot sign in for so long; with `block_address` nobody can from there.

        Raises:
            NotFoundError, ForbiddenError, ConflictError, InvalidRequestError
        """
        values = {"reason": reason, "block_minutes": block_minutes, "block_address": block_address}
        await self._call("POST", f"{_of(client)}/kick", values, expect=(204,))

    async def pause_client(self, client: str) -> None:
        """Hold what a client moves, for as long as you like; for operators.

        Raises:
            NotFoundError, ForbiddenError
        """
        await self._call("POST", f"{_of(client)}/pause", expect=(204,))

    async def resume_client(self, client: str) -> None:
        """Let it go on. Raises what `pause_client` does."""
        await self._call("POST", f"{_of(client)}/resume", expect=(204,))

    async def warn(self, client: str, text: str) -> OperatorWarning:
        """Show a client a warning until it is acknowledged; for operators.

        Raises:
            NotFoundError, ForbiddenError, ConflictError, InvalidRequestError
        """
        return _warning(await self._call("POST", f"{_of(client)}/warnings", {"text": text}, expect=(201,)))

    async def warn_account(self, account: str, text: str) -> OperatorWarning:
        """The same to an account, wherever it is signed in. Raises what `warn` does."""
        values = {"account": account, "text": text}
        found = _warnings(await self._call("POST", "/api/v1/warnings", values, expect=(201,)))
        if len(found) != 1:
            raise violation("the answer to a warning")
        return found[0]

    async def warn_everybody(self, text: str) -> Sequence[OperatorWarning]:
        """The same to everybody who is connected but us. Raises what `warn` does."""
        values = {"everybody": True, "text": text}
        return _warnings(await self._call("POST", "/api/v1/warnings", values, expect=(201,)))

    async def warnings(self, *, everybody: bool = False) -> Sequence[OperatorWarning]:
        """Our own warnings that stand; or for operators the latest of all, acknowledged or not.

        Raises:
            SignInRequiredError, ForbiddenError
        """
        query = [("all", "true")] if everybody else []
        return _warnings(await self._call("GET", "/api/v1/warnings", query=query))

    async def acknowledge(self, warning: int) -> None:
        """Say that we have read a warning. Raises NotFoundError: it is not ours."""
        await self._call("POST", f"/api/v1/warnings/{int(warning)}/acknowledge", expect=(204,))


def _of(client: str) -> str:
    return f"/api/v1/clients/{quote(client, safe='')}"


def _maybe(values: Any, name: str) -> int | None:
    return None if values.get(name) is None else whole(values, name)


def _client(value: object) -> ConnectedClient:
    values = members(value, "a client")
    return ConnectedClient(
        text_of(values, "id"),
        text_of(values, "name"),
        text_of(values, "kind"),
        text_of(values, "door"),
        text_of(values, "address"),
        text_of(values, "agent"),
        time_us(values.get("since")),
        text_of(values, "state"),
        text_of(values, "path"),
        whole(values, "bytes"),
        _maybe(values, "size"),
        _maybe(values, "percent"),
        whole(values, "files"),
        whole(values, "rate"),
        _maybe(values, "eta"),
        whole(values, "received"),
        whole(values, "sent"),
    )


def _warning(value: object) -> OperatorWarning:
    values = members(value, "a warning")
    acknowledged = values.get("acknowledged")
    return OperatorWarning(
        whole(values, "id"),
        text_of(values, "to"),
        text_of(values, "author"),
        text_of(values, "text"),
        time_us(values.get("created")),
        None if acknowledged is None else time_us(acknowledged),
    )


def _warnings(value: object) -> list[OperatorWarning]:
    return [_warning(each) for each in listed(value, "warnings")]
