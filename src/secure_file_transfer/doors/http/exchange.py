"""One request and its answer, as every route sees them: the headers that all answers carry, and an honest end."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from ...errors import InterruptedTransferError
from ...services.traffic import Direction
from .problems import Headers

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CONTENT_POLICY = b"default-src 'none'; frame-ancestors 'none'; sandbox"
"""For everything that is no page: it never runs or loads anything, even when somebody opens it in a browser."""

_SECURITY: Headers = [
    (b"server", b"SecureFileTransfer"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
# The secret of a link, or the code of a reset.
_SECRET_IN_PATH = re.compile(r"(?i)^((?:/|%2f)+(?:s|reset)(?:/|%2f)+).*", re.DOTALL)
_log = structlog.get_logger()


ABORT_KEY = "sft.abort"
"""Where the connection leaves the way to cut it at once, with all that waits to be sent."""


@dataclass(slots=True)
class Target:
    """Memory that a body is read into; `at` says how much of it is filled, whatever became of the rest."""

    view: memoryview
    at: int = 0


FillDirectly = Callable[[Target], Awaitable[int | None]]
"""Fill the target with the next bytes of a body, without a copy; how many are still to come. None: ask `receive`."""
DIRECT = "sft.body"
"""The ASGI extension of our own server that offers it."""


class Successor(asyncio.BufferedProtocol):
    """What a connection may go on as, after its last request."""

    transport: asyncio.Transport

    def join(self, connections: set[Any]) -> None:
        """Be among those whose `shutdown` is called when the server stops, and leave them at the end."""
        raise NotImplementedError

    def shutdown(self) -> None:
        """The server stops."""
        raise NotImplementedError


Switch = Callable[[Successor, bytes], bool]
"""Give the connection to another protocol once these bytes are sent; whether the peer is still there. The request is
over then, and needs no answer."""
SWITCH = "sft.switch"
"""Where our own server leaves it in the scope, if the request asks for another protocol and may."""


class Pace(Protocol):
    """What keeps a transfer to the limits, see `passage.Passage`."""

    def piece_max(self, direction: Direction) -> int | None:
        """How many bytes may move at a time that way; None where nothing limits."""

    async def moved(self, count: int) -> None:
        """The same, for those that are paid: wait until more may."""

    def count(self, direction: Direction, count: int) -> None:
        """So many bytes went by, for whoever watches."""

    def filling(self, so_far: Callable[[], int] | None) -> None:
        """How many bytes have come of a piece that is not counted yet."""


class Exchange:
    """Wraps the `receive` and `send` of one request. Both keep to `passage`, while there is one."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self._body_read = not _has_body(scope)
        self._directly: FillDirectly | None = scope.get("extensions", {}).get(DIRECT)
        self._piece = memoryview(b"")
        self._came = False
        self._began = time.monotonic()
        self.status = 0
        self.sent = 0
        self.done = False
        self.passage: Pace | None = None
        self.extra: Headers = []
        """Headers that whatever is answered has besides."""
        self._received = 0

    async def receive(self) -> Message:
        """The next piece of the body, or the news that the peer is gone."""
        await self._pay()
        message = await self._receive()
        self._received = len(message.get("body", b""))
        if self.passage is not None:
            self.passage.count(Direction.UP, self._received)
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._body_read = True
            self._came = message["type"] == "http.request"
        return message

    async def _pay(self) -> int | None:
        """Wait for what was received last; how much may come next, where anything limits that."""
        count = self.count()
        most = None if self.passage is None else self.passage.piece_max(Direction.UP)
        if most is not None and self.passage is not None:
            await self.passage.moved(count)
        return most

    def count(self) -> int:
        """What was received last is told to the passage, and forgotten here."""
        count, self._received = self._received, 0
        if self.passage is not None:
            self.passage.count(Direction.UP, count)
        return count

    @property
    def body_came(self) -> bool:
        """Whether all of the body has come, so that it ends with what `peek` gives."""
        return self._came

    @property
    def body_ended(self) -> bool:
        """Whether all of the body was read."""
        return self._came and not self._piece

    async def peek(self) -> memoryview:
        """What has come of the body, or else its next piece; `fill` and `piece` begin with the same bytes.

        Raises:
            InterruptedTransferError: the peer left.
        """
        if not self._piece and not self._came:
            message = await self.receive()
            if message["type"] != "http.request":
                raise InterruptedTransferError("The upload was cut off", hint="Send it again.")
            self._piece = memoryview(message.get("body", b""))
        return self._piece

    async def piece(self) -> memoryview:
        """The next piece of the body. Raises as `peek` does."""
        piece, self._piece = await self.peek(), memoryview(b"")
        return piece

    async def fill(self, target: Target) -> None:
        """Read the next bytes of the body until the target is full or the body ends.

        Raises:
            InterruptedTransferError: the peer left; `target.at` says what came before.
        """
        while target.at < len(target.view) and not self.body_ended:
            if not self._piece and self._directly is not None and await self._fill_directly(self._directly, target):
                continue
            piece = await self.peek()
            step = min(len(target.view) - target.at, len(piece))
            target.view[target.at : target.at + step] = piece[:step]
            target.at += step
            self._piece = piece[step:]

    async def _fill_directly(self, directly: FillDirectly, target: Target) -> bool:
        """Whether any came that way."""
        most = await self._pay()
        begin = target.at
        part = Target(target.view if most is None else target.view[: begin + most], begin)
        passage = self.passage
        if passage is not None:
            passage.filling(lambda: part.at - begin)
        try:
            left = await directly(part)
        finally:
            self._received, target.at = part.at - begin, part.at
            if passage is not None:
                passage.filling(None)
                passage.count(Direction.UP, self._received)
        if left is None:
            return False
        self._came = self._body_read = left == 0
        return True

    async def send(self, message: Message) -> None:
        """Pass it on. The first message gets the common headers.

        An answer that comes before the whole body closes the connection: with `Expect: 100-continue` nobody knows
        whether the body will follow, and its bytes must never be taken for a request.
        """
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = list(message.get("headers", ()))
            own = {name for name, _ in given}
            headers = [*given, *self.extra, *(each for each in _SECURITY if each[0] not in own)]
            if b"content-security-policy" not in own:
                headers.append((b"content-security-policy", CONTENT_POLICY))
            if not self._body_read:
                headers.append((b"connection", b"close"))
            message = {"type": "http.response.start", "status": self.status, "headers": headers}
        else:
            length = len(message.get("body", b""))
            self.sent += length
            self.done = not message.get("more_body", False)
            if self.passage is not None:
                self.passage.count(Direction.DOWN, length)
            if self.passage is not None and (most := self.passage.piece_max(Direction.DOWN)) is not None:
                await self._send_slowly(self.passage, message, most)
                return
        await self._send(message)

    async def _send_slowly(self, passage: Pace, message: Message, most: int) -> None:
        """A piece of content in smaller ones: one of several megabytes would be a burst and then a long silence."""
        rest = memoryview(message.get("body", b""))
        while True:
            piece, rest = rest[:most], rest[most:]
            await passage.moved(len(piece))  # paid before it goes: what comes next may be the end
            await self._send({**message, "body": piece, "more_body": bool(rest) or message.get("more_body", False)})
            if not rest:
                return

    async def answer(self, status: int, headers: Headers, content: bytes) -> None:
        """A whole answer."""
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": content})

    def cut(self) -> None:
        """End the connection with whatever is on its way: an answer that nobody may have any more."""
        abort = self.scope.get(ABORT_KEY)
        if abort is not None:
            abort()

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self._began

    def log(self) -> None:
        """One line, without the query: it may hold what a confused client puts there.

        Nothing where nobody has set up logging: structlog would print to the standard output of somebody's script.
        """
        if not structlog.is_configured():
            return
        client = self.scope.get("client")
        _log.info(
            "request",
            method=self.scope["method"],
            path=shown_path(self.scope),
            status=self.status,
            bytes=self.sent,
            whole=self.done,
            milliseconds=round(self.seconds * 1000),
            address=client[0] if client else None,
        )


RESET = b"/reset/"
"""What follows it is a one-time code."""


def shown_path(scope: Scope) -> str:
    """The path as a log may hold it: without the secret of a link or the code of a reset (attack 42)."""
    return _SECRET_IN_PATH.sub(r"\1…", raw_path(scope).decode("latin-1"))


def raw_path(scope: Scope) -> bytes:
    """The path as it stood on the wire. The decoded one is never looked at: decoding loses what separates names."""
    raw = scope["raw_path"]
    assert isinstance(raw, bytes)  # noqa: S101 - the server's promise
    return raw


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0")
        for name, value in scope["headers"]
    )
