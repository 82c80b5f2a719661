"""Bodies on their way in, whole blocks at a time, and `PUT /api/v1/files/{path}`.

While one block is hashed, sealed and stored in a worker thread, the next one arrives; the event loop only copies.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ...errors import InvalidRequestError
from ...model import Conflict, TimeUs
from ...paths import RemotePath
from ...ports import Buffer, Draft, Expectation, Written
from ...services.traffic import About, Direction
from . import digests, schemas
from .bodies import fresh
from .conditional import expectation
from .context import Context, joined_fields
from .exchange import Exchange, Target
from .passage import Passage
from .problems import Headers
from .query import read_query

T = TypeVar("T")

SMALL = 256 * 1024
"""Bodies that are known to be at most this large do not take a block's buffer."""
KEPT_BUFFERS = 4
CONFLICTS = {c.value: c for c in (Conflict.OVERWRITE, Conflict.SKIP, Conflict.RENAME, Conflict.NEWER)}


@dataclass(frozen=True, slots=True)
class Wish:
    """What an upload declares and asks for."""

    conflict: Conflict
    parents: bool
    expect: Expectation
    modified_us: TimeUs | None
    sha256: bytes | None
    length: int | None


def read_wish(headers: Headers, query: bytes) -> Wish:
    """What the headers and the query of an upload say.

    Raises:
        InvalidRequestError: anything that cannot be read, or is not supported: it must not be ignored.
    """
    fields = joined_fields(headers)
    if fields.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise InvalidRequestError("Content codings are not taken", hint="Send the file as it is.")
    if b"content-range" in fields:
        # RFC 9110, 14.5: a server that does not support partial PUT must not store a part as the whole.
        raise InvalidRequestError("A part of a file cannot be stored by PUT", hint="Send the whole file.")
    options = read_query(query, {"conflict", "modified", "parents"})
    conflict, parents = options.get("conflict", "overwrite"), options.get("parents", "false")
    if conflict not in CONFLICTS:
        raise InvalidRequestError("There is no such conflict choice", hint=f"Choose one of {', '.join(CONFLICTS)}.")
    if parents not in {"true", "false"}:
        raise InvalidRequestError("parents is true or false")
    modified = options.get("modified")
    length = fields.get(b"content-length")
    return Wish(
        conflict=CONFLICTS[conflict],
        parents=parents == "true",
        expect=expectation(fields),
        modified_us=None if modified is None else schemas.read_time(modified),
        sha256=digests.declared_sha256(headers),
        length=None if length is None else int(length),
    )


@dataclass
class Buffers:
    """Block buffers to use again: fresh ones cost a page fault for every 4 KiB written.

    Only what lies idle is bounded. A fresh buffer takes memory as it is filled, so a thousand slow uploads cost what
    they have sent and no more.
    """

    size: int
    _idle: list[memoryview] = field(default_factory=list)

    def take(self) -> memoryview:
        """One of `size` bytes, with anything in it."""
        if self._idle:
            return self._idle.pop()
        return fresh(self.size)

    def give_back(self, buffer: memoryview) -> None:
        """Keep it for the next."""
        if len(self._idle) < KEPT_BUFFERS:
            self._idle.append(buffer)


class Intake:
    """Reads a body into blocks, and hands each to `append` in a worker thread while the next one arrives.

    `rest` is what had arrived when the reading was cut short, behind all that was handed over; empty otherwise.
    """

    def __init__(self, context: Context, buffers: Buffers, append: Callable[[Buffer], object]) -> None:
        self.rest: Buffer = b""
        self._workers = context.workers
        self._buffers = buffers
        self._append_to = append
        self._pending: Future[Any] | None = None
        self._taken: list[memoryview] = []

    @property
    def intact(self) -> bool:
        """Whether all that was handed over was taken. Asked once nothing runs any more."""
        return self._pending is None or not (self._pending.cancelled() or self._pending.exception())

    async def read(self, exchange: Exchange, length: int | None) -> Buffer:
        """Read the body to its end, and append all whole blocks but the last piece, which is returned.

        Raises:
            InterruptedTransferError: the peer left.
            Whatever `append` raises.
        """
        first = await exchange.peek()
        if exchange.body_came and len(first) <= self._buffers.size:
            return first
        block = memoryview(bytearray(length)) if length and length <= SMALL else self._take()
        target = Target(block)
        try:
            while True:
                await exchange.fill(target)
                if exchange.body_ended:
                    return target.view[: target.at]
                block = await self._append(block)
                target = Target(block)
        except BaseException:
            self.rest = target.view[: target.at]
            raise

    def _take(self) -> memoryview:
        buffer = self._buffers.take()
        self._taken.append(buffer)
        return buffer

    async def _append(self, block: memoryview) -> memoryview:
        """Hand a full block over once the one before is stored; returns the buffer for the next."""
        await self._settled()
        self._pending = self._workers.submit(lambda: self._append_to(block))
        return next((other for other in self._taken if other is not block), None) or self._take()

    async def _settled(self) -> None:
        if self._pending is not None:
            await asyncio.wrap_future(self._pending)

    async def finish(self, rest: Buffer, finish: Callable[[], T]) -> T:
        """Append what is left, and do the last step, in one trip to a thread."""
        await self._settled()

        def work() -> T:
            if len(rest):
                self._append_to(rest)
            result = finish()
            self._release()
            return result

        self._pending = future = self._workers.submit(work)
        return await asyncio.wrap_future(future)

    def abandon(self, undo: Callable[[], object]) -> "Future[None]":
        """Give everything back, after what still runs; `undo` comes first."""

        def work() -> None:
            undo()
            self._release()

        return self._workers.finally_do(self._pending, work)

    def _release(self) -> None:
        while self._taken:
            self._buffers.give_back(self._taken.pop())


async def put_file(context: Context, buffers: Buffers, exchange: Exchange, path: RemotePath) -> None:
    """Store the body as the file at `path`, and answer once it is durable."""
    scope = exchange.scope
    caller = context.caller(scope)

    def begin() -> tuple[Draft, Wish]:
        who = caller.principal()
        wish = read_wish(scope["headers"], scope["query_string"])
        return context.services.files.draft(who, path, parents=wish.parents, size=wish.length), wish

    draft, wish = await context.workers.run(begin, undo=lambda begun: begun[0].abort())

    def publish() -> tuple[Written, bytes]:
        written = draft.commit(
            conflict=wish.conflict,
            expect=wish.expect,
            sha256=wish.sha256,
            size=wish.length,
            modified_us=wish.modified_us,
        )
        return written, schemas.dump({"entry": schemas.entry_json(written.entry), "outcome": written.outcome})

    intake = Intake(context, buffers, draft.append)
    try:
        async with Passage(context, exchange, Direction.UP) as passage:
            await passage.enter(caller.who, wish.length, About(str(path), wish.length))
            rest = await intake.read(exchange, wish.length)
        written, content = await intake.finish(rest, publish)
    except asyncio.CancelledError:
        intake.abandon(draft.abort)
        raise
    except Exception:
        # The answer says that nothing was kept; by then it is so.
        await asyncio.wrap_future(intake.abandon(draft.abort))
        raise
    headers: Headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(content)),
        (b"cache-control", b"no-store"),
        (b"etag", b'"' + written.entry.etag.encode() + b'"'),
    ]
    if written.entry.sha256 is not None:
        headers.append((b"repr-digest", digests.field_value(written.entry.sha256)))
    if written.outcome == "created":
        location = "/api/v1/files" + RemotePath.parse(written.entry.path).to_url()
        headers.append((b"location", location.encode()))
    await exchange.answer(201 if written.outcome == "created" else 200, headers, content)
