"""`GET` and `HEAD /api/v1/files/{path}`, and `GET /api/v1/zip`: contents on their way out.

The first block is read and verified before the status line leaves, so damage there is a clean `500`. Damage later
cuts the connection short of `Content-Length`, or of the last chunk: nobody can take that for the whole.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

from ...errors import (
    InvalidRequestError,
    PreconditionFailedError,
    RangeNotSatisfiableError,
    SecureFileTransferError,
    SourceChangedError,
)
from ...logger import get_logger
from ...model import Entry, Principal, VersionId
from ...paths import RemotePath
from ...ports import Buffer, Content
from ...services.archive import zip_stream
from ...services.traffic import About, Direction
from . import digests, problems
from .conditional import http_date, not_modified, wanted_range
from .context import Context, joined_fields
from .exchange import Exchange, shown_path
from .media import PLAIN, type_of
from .passage import Passage
from .problems import Headers, described
from .query import read_pairs
from .workers import Pull, gathered

ZIP_PIECE = 512 * 1024
_DIGITS_MAX = 18
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"
_log = get_logger()


def disposition(name: str) -> bytes:
    """`Content-Disposition: attachment` with any file name (RFC 6266, RFC 8187).

    The plain form keeps only harmless ASCII, so no name can end the quotes, the parameter or the header (attack 38).
    """
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_. ()") else "_" for c in name) or "download"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=_ATTRIBUTE_CHARACTERS)}".encode()


def _etag(entry: Entry) -> bytes:
    return b'"' + entry.etag.encode() + b'"'


def _validators(entry: Entry) -> Headers:
    return [
        (b"etag", _etag(entry)),
        (b"last-modified", http_date(entry.modified_us).encode()),
        (b"cache-control", b"private, no-cache"),
    ]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a request for a file is answered: status, headers, and which bytes."""

    status: int
    headers: Headers
    offset: int = 0
    length: int = 0


def plan(fields: dict[bytes, bytes], entry: Entry, *, head: bool, kind: bytes = PLAIN) -> Plan:
    """Decide the answer; `kind` is the type that the content gets.

    Raises:
        PreconditionFailedError, RangeNotSatisfiableError, InvalidRequestError
    """
    if not_modified(fields, entry):
        return Plan(304, _validators(entry))
    # RFC 9110, 14.2: only GET knows ranges.
    span = None if head else wanted_range(fields, entry)
    offset, length = span or (0, entry.size)
    headers = [
        *_validators(entry),
        (b"content-type", kind),
        (b"content-length", b"%d" % length),
        (b"content-disposition", disposition(entry.name)),
        (b"accept-ranges", b"bytes"),
    ]
    if entry.sha256 is not None:
        headers.append((b"repr-digest", digests.field_value(entry.sha256)))
        if span is None:
            headers.append((b"content-digest", digests.field_value(entry.sha256)))
    if span is not None:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (offset, offset + length - 1, entry.size)))
    return Plan(206 if span else 200, headers, offset, length)


class _Gone:
    """Watches for the peer's leaving during a long answer."""

    def __init__(self, exchange: Exchange) -> None:
        self._task = asyncio.create_task(self._watch(exchange))

    @staticmethod
    async def _watch(exchange: Exchange) -> None:
        while (await exchange.receive())["type"] != "http.disconnect":
            pass

    def __bool__(self) -> bool:
        return self._task.done()

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


@dataclass(frozen=True, slots=True)
class Opened:
    """What the first trip to a worker thread brought: the plan, the first piece, and the way to the others."""

    plan: Plan
    first: Buffer | None
    rest: Iterator[Buffer] | None
    close: Callable[[], None]
    about: About | None = None


def _nothing() -> None:
    pass


def _steady(piece: Buffer) -> Buffer:
    """Bytes that stay as they are while the transport holds them: a source may use its buffer again."""
    return piece if isinstance(piece, bytes) or (isinstance(piece, memoryview) and piece.readonly) else bytes(piece)


def _open_content(content: Content, fields: dict[bytes, bytes], *, head: bool, kind: bytes) -> Opened:
    """Decide, and read the first piece. Closes the content where nothing more is needed of it, and on errors."""
    try:
        try:
            planned = plan(fields, content.entry, head=head, kind=kind)
        except RangeNotSatisfiableError as error:
            raise _WithHeaders(error, [(b"content-range", b"bytes */%d" % content.entry.size)]) from None
        except PreconditionFailedError as error:
            raise _WithHeaders(error, [(b"etag", _etag(content.entry))]) from None
        if head or not planned.length:
            content.close()
            return Opened(planned, None, None, _nothing)
        chunks = content.chunks(planned.offset, planned.length)
        steps = map(_steady, chunks)
        first = next(steps, None)
        if first is None:
            raise SourceChangedError("The file ended early", hint="Try again.")
        if len(first) >= planned.length:
            content.close()
            return Opened(planned, first, None, _nothing)
        return Opened(planned, first, steps, lambda: close_all(chunks, content))
    except BaseException:
        content.close()
        raise


class _WithHeaders(Exception):  # noqa: N818 - carries an error to where it is answered
    """An error, and the headers that only this place knows."""

    def __init__(self, error: Exception, headers: Headers) -> None:
        super().__init__(str(error))
        self.error = error
        self.headers = headers


async def get_file(context: Context, exchange: Exchange, path: RemotePath) -> None:
    """Send the file at `path`, or the part of it that is asked for."""
    scope = exchange.scope
    caller = context.caller(scope)
    head = scope["method"] == "HEAD"
    version = _version(scope["query_string"])

    def begin() -> Opened:
        kind = type_of(path.name, scope["query_string"])
        content = context.services.files.open(caller.principal(), path, version=version)
        opened = _open_content(content, joined_fields(scope["headers"]), head=head, kind=kind)
        size, plan = content.entry.size, opened.plan
        goes_on = plan.offset + plan.length == size
        return replace(opened, about=About(str(path), size, plan.offset if goes_on else 0))

    async with Passage(context, exchange, Direction.DOWN) as passage:
        if passage.queued and not head:  # before anything is read: a waiting request holds no block in memory
            size = await caller.run(lambda who: context.services.files.stat(who, path).size)
            await passage.enter(caller.who, size, About(str(path), size))
        try:
            opened = await context.workers.run(begin, undo=lambda opened: opened.close())
        except _WithHeaders as carried:
            await exchange.answer(*problems.answer(carried.error, extra=carried.headers))
            return
        await _enter(passage, caller.who, opened)
        await send_opened(context, exchange, opened)


def _version(query: bytes) -> VersionId | None:
    """Which version of the file is asked for."""
    values = [value for name, value in read_pairs(query) if name == "version"]
    if not values:
        return None
    if len(values) > 1 or not (values[0].isascii() and values[0].isdecimal() and len(values[0]) <= _DIGITS_MAX):
        raise InvalidRequestError("The version is not a number", hint="List the versions to see their numbers.")
    return VersionId(int(values[0]))


async def send_opened(context: Context, exchange: Exchange, opened: Opened) -> None:
    """Send the first piece, then the others as they are read; close in the end."""
    start = {"type": "http.response.start", "status": opened.plan.status, "headers": opened.plan.headers}
    if opened.rest is None:
        await exchange.send(start)
        await exchange.send({"type": "http.response.body", "body": opened.first or b""})
        return
    pull = Pull(context.workers, opened.rest, opened.close)
    gone = _Gone(exchange)
    try:
        pull.ahead()
        await exchange.send(start)
        piece = opened.first
        while piece is not None and not gone:
            await exchange.send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await pull.step()
        if not gone:
            await exchange.send({"type": "http.response.body", "body": b""})
    except Exception as error:
        if not exchange.status:
            raise
        context.refused(exchange.scope, error)
        _log.error("answer cut off", path=shown_path(exchange.scope), **described(error))
        if isinstance(error, SecureFileTransferError) and error.row.status < 500:
            exchange.cut()  # whoever may not have it any more does not get what waits for them either
    finally:
        pull.close()
        await gone.stop()


async def _enter(passage: Passage, who: Principal | None, opened: Opened) -> None:
    if opened.first is None:  # nothing but headers
        return
    try:
        await passage.enter(who, opened.plan.length, opened.about)
    except BaseException:
        opened.close()
        raise


async def get_zip(
    context: Context, exchange: Exchange, folder: RemotePath | None = None, name: str | None = None
) -> None:
    """Send one folder, or any selection, as a ZIP archive: `folder`, called `name`, or what the query names."""
    scope = exchange.scope
    caller = context.caller(scope)

    def begin() -> Opened:
        who = caller.principal()
        paths = _asked(scope["query_string"]) if folder is None else [folder]
        called = name or (paths[0].name if len(paths) == 1 else "") or "files"
        stream = zip_stream(context.services.files, who, paths)
        steps = gathered(stream, ZIP_PIECE)
        headers: Headers = [
            (b"content-type", b"application/zip"),
            (b"content-disposition", disposition(f"{called}.zip")),
            (b"cache-control", b"no-store"),
        ]
        about = About(str(paths[0] if len(paths) == 1 else paths[0].parent))
        return Opened(Plan(200, headers), next(steps, None), steps, lambda: close_all(steps, stream), about)

    async with Passage(context, exchange, Direction.DOWN) as passage:
        if passage.queued:
            await passage.enter(await caller.run(lambda who: who), None)
        opened = await context.workers.run(begin, undo=lambda opened: opened.close())
        await _enter(passage, caller.who, opened)
        await send_opened(context, exchange, opened)


def _asked(query: bytes) -> list[RemotePath]:
    pairs = read_pairs(query)
    if not pairs or any(name != "path" for name, _ in pairs):
        raise InvalidRequestError("A ZIP needs one path or more", hint="Ask for /api/v1/zip?path=/folder.")
    return [RemotePath.parse(value) for _, value in pairs]


def close_all(*things: object) -> None:
    """Close whichever of them can be closed."""
    for thing in things:
        close = getattr(thing, "close", None)
        if close is not None:
            close()
