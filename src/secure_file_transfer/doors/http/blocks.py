"""The block protocol's routes. Bodies are taken whole, within a budget, by whoever may write at all."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from starlette.exceptions import HTTPException

from ...errors import InvalidRequestError, NotFoundError
from ...model import BLOCK_SIZE_MAX, BLOCK_SIZE_MIN, MIB, BlockId, Principal
from ...paths import RemotePath
from ...ports import Buffer
from ...services.batch_read import read_many
from ...services.blocks import MISSING_MAX, Blocks
from ...services.commits import BATCH_BYTES_MAX, BATCH_FILE_MAX, FILES_MAX, Commits
from ...services.hashers import Hint
from ...services.traffic import Direction
from ...transfer.frames import MEDIA_TYPE, FrameReader
from . import block_schemas, schemas
from .bodies import CODINGS, Body, Budget, Spare, declared_length, decoded
from .context import Context, joined_fields
from .downloads import Opened, Plan, close_all, send_opened
from .exchange import Exchange
from .passage import Passage
from .query import read_query
from .workers import gathered

T = TypeVar("T")
CONNECTIONS = 24
"""So many at once are of use to one client."""
JSON_MAX = 4 * MIB
"""Of a commit: some 50,000 blocks."""
READ_PIECE = 512 * 1024

_ID = re.compile(rb"/([0-9a-f]{64})")
_HINT = re.compile(rb"([0-9a-f]{32});[ ]*index=([0-9]{1,9});[ ]*count=([0-9]{1,9})")


class BlockRoutes:
    """Everything under `RESOURCES`."""

    RESOURCES = frozenset({b"transfer", b"blocks", b"commits", b"batch", b"manifests"})

    def __init__(self, context: Context) -> None:
        self._context = context
        self._budget = Budget()
        self._spare = Spare()

    async def serve(self, exchange: Exchange, resource: bytes, rest: bytes) -> None:
        """Answer a request; `rest` is what follows the resource, with its slash."""
        method = exchange.scope["method"]
        if resource == b"manifests":
            _only(method, "GET")
            await self._manifest(exchange, RemotePath.from_url(rest))
        elif (resource, rest) == (b"transfer", b""):
            _only(method, "GET")
            await self._transfer(exchange)
        elif resource == b"blocks" and (named := _ID.fullmatch(rest)):
            _only(method, "PUT")
            await self._put(exchange, BlockId(bytes.fromhex(named[1].decode())))
        elif (resource, rest) in _POSTED:
            _only(method, "POST")
            await _POSTED[resource, rest](self, exchange)
        else:
            raise NotFoundError("There is nothing at this address", hint="See docs/protocol.md.")

    @property
    def _blocks(self) -> Blocks:
        blocks = self._context.services.blocks
        if blocks is None:
            raise NotFoundError("There are no blocks here", hint="Send whole files to /api/v1/files/.")
        return blocks

    async def _transfer(self, exchange: Exchange) -> None:
        caller, blocks = self._context.caller(exchange.scope), self._blocks

        def work() -> bytes:
            who = caller.principal()
            path = RemotePath.parse(read_query(exchange.scope["query_string"], {"path"}).get("path", "/"))
            return schemas.dump(
                {
                    "naming_key": blocks.naming_key(who, path).hex(),
                    "block_min": BLOCK_SIZE_MIN,
                    "block_default": min(max(self._context.services.block_size, BLOCK_SIZE_MIN), BLOCK_SIZE_MAX),
                    "block_max": BLOCK_SIZE_MAX,
                    "missing_max": MISSING_MAX,
                    "batch_bytes_max": BATCH_BYTES_MAX,
                    "batch_file_max": BATCH_FILE_MAX,
                    "batch_files_max": FILES_MAX,
                    "connections": CONNECTIONS,
                    "codings": CODINGS,
                }
            )

        await _answer(exchange, await self._context.workers.run(work))

    async def _manifest(self, exchange: Exchange, path: RemotePath) -> None:
        caller, blocks = self._context.caller(exchange.scope), self._blocks

        def work() -> bytes:
            entry, manifest, key = blocks.manifest(caller.principal(), path)
            return schemas.dump(
                {
                    "entry": schemas.entry_json(entry),
                    "naming_key": key.hex(),
                    "blocks": [[ref.id.hex(), ref.length] for ref in manifest],
                }
            )

        await _answer(exchange, await self._context.workers.run(work))

    async def _put(self, exchange: Exchange, block_id: BlockId) -> None:
        fields = joined_fields(exchange.scope["headers"])
        hint, coding, blocks = (
            _read_hint(fields.get(b"upload-hint")),
            fields.get(b"content-encoding", b""),
            self._blocks,
        )

        def work(who: Principal, body: Buffer, release: Callable[[], None]) -> None:
            try:
                data = decoded(coding, body, BLOCK_SIZE_MAX)
            except BaseException:
                release()
                raise
            blocks.put(who, block_id, data, hint, release)

        async with Passage(self._context, exchange, Direction.UP) as passage:
            await self._with_kept_body(exchange, BLOCK_SIZE_MAX, work, passage)
        await exchange.answer(204, [(b"cache-control", b"no-store")], b"")

    async def _missing(self, exchange: Exchange) -> None:
        blocks = self._blocks

        def work(who: Principal, body: Buffer) -> bytes:
            asked = block_schemas.taken(block_schemas.MissingIn, body)
            ids = [BlockId(bytes.fromhex(each)) for each in asked.ids]
            return schemas.dump({"missing": [each.hex() for each in blocks.missing(who, ids, asked.meant())]})

        await _answer(exchange, await self._with_body(exchange, MIB, work))

    async def _commit(self, exchange: Exchange) -> None:
        commits, traffic = Commits(self._blocks), self._context.services.traffic
        address = self._context.caller(exchange.scope).address

        def work(who: Principal, body: Buffer) -> bytes:
            if traffic is not None:  # what is here already needs no transfer to become a file
                traffic.require_open(who, address)
            wanted = block_schemas.taken(block_schemas.CommitIn, body)
            results = commits.commit(who, [each.listed() for each in wanted.files])
            return schemas.dump(block_schemas.results_json(results))

        await _answer(exchange, await self._with_body(exchange, JSON_MAX, work))

    async def _batch(self, exchange: Exchange) -> None:
        commits = Commits(self._blocks)
        fields = joined_fields(exchange.scope["headers"])
        coding = fields.get(b"content-encoding", b"")
        if fields.get(b"content-type", b"").strip().lower() != MEDIA_TYPE.encode():
            raise InvalidRequestError("A batch has another content type", hint=f"Send {MEDIA_TYPE}.")

        def work(who: Principal, body: Buffer) -> bytes:
            reader = FrameReader(data_max=BATCH_FILE_MAX, frames_max=FILES_MAX)
            files = [block_schemas.small(frame) for frame in reader.feed(decoded(coding, body, BATCH_BYTES_MAX))]
            reader.finish()
            return schemas.dump(block_schemas.results_json(commits.batch(who, files)))

        async with Passage(self._context, exchange, Direction.UP) as passage:
            content = await self._with_body(exchange, BATCH_BYTES_MAX, work, passage)
        await _answer(exchange, content)

    async def _read(self, exchange: Exchange) -> None:
        blocks = self._blocks

        def work(who: Principal, body: Buffer) -> Opened:
            reads = read_many(blocks, who, block_schemas.taken(block_schemas.ReadIn, body).paths)
            steps = gathered(map(block_schemas.read_frame, reads), READ_PIECE)
            headers = [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store")]
            return Opened(Plan(200, headers), next(steps, None), steps, partial(close_all, steps, reads))

        async with Passage(self._context, exchange, Direction.DOWN) as passage:
            opened = await self._with_body(exchange, JSON_MAX, work, passage, storing=False)
            await send_opened(self._context, exchange, opened)

    async def _with_body(
        self,
        exchange: Exchange,
        most: int,
        work: Callable[[Principal, Buffer], T],
        passage: Passage | None = None,
        *,
        storing: bool | None = None,
    ) -> T:
        """Read the body, and `work` with it in a thread: see `_with_kept_body`."""

        def released(who: Principal, body: Buffer, release: Callable[[], None]) -> T:
            try:
                return work(who, body)
            finally:
                release()

        return await self._with_kept_body(exchange, most, released, passage, storing=storing)

    async def _with_kept_body(
        self,
        exchange: Exchange,
        most: int,
        work: Callable[[Principal, Buffer, Callable[[], None]], T],
        passage: Passage | None = None,
        *,
        storing: bool | None = None,
    ) -> T:
        """Read the body once it is clear who sends it and there is room for it, and `work` with it in a thread.

        `work` sees to it that its last argument is called once nobody needs the body any more. What moves content has
        a `passage`. `storing` is for bodies that are contents, by default those with a passage: refused unread if
        nothing may be written, and done in few threads.
        """
        context, blocks = self._context, self._blocks
        storing = passage is not None if storing is None else storing
        length = declared_length(exchange, most)
        caller = context.caller(exchange.scope)

        def enter() -> Principal:
            who = caller.principal()
            blocks.desk(who, writing=storing)
            return who

        who = await context.workers.run(enter)
        account = who.account.id if who.account else None
        if passage is not None:
            await passage.enter(who, length if storing else None)
        body, future = Body(self._budget, self._spare, account, length), None
        try:
            await body.read(exchange)
            threads = context.storing if storing else context.workers
            future = threads.submit(lambda: work(who, body.data, body.release))
            return await asyncio.wrap_future(future)
        finally:
            if future is None:
                body.release()
            if future is None or future.done():
                body.leave()
            else:  # the request is gone, its work is not
                loop = asyncio.get_running_loop()
                future.add_done_callback(lambda _: _later(loop, body.leave))


_POSTED = {
    (b"blocks", b"/missing"): BlockRoutes._missing,  # noqa: SLF001 - its own
    (b"commits", b""): BlockRoutes._commit,  # noqa: SLF001
    (b"batch", b""): BlockRoutes._batch,  # noqa: SLF001
    (b"batch", b"/read"): BlockRoutes._read,  # noqa: SLF001
}


def _later(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop has ended, and all that was on it
        loop.call_soon_threadsafe(work)


def _only(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise HTTPException(405, headers={"Allow": ", ".join(allowed)})


def _read_hint(value: bytes | None) -> Hint | None:
    if value is None:
        return None
    found = _HINT.fullmatch(value)
    if found is None or int(found[2]) >= int(found[3]):
        raise InvalidRequestError(
            "The Upload-Hint cannot be read", hint="Send <32 hexadecimal digits>; index=<n>; count=<m>."
        )
    return Hint(found[1].decode(), int(found[2]))


async def _answer(exchange: Exchange, content: bytes) -> None:
    await exchange.answer(
        200,
        [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(content)),
            (b"cache-control", b"no-store"),
        ],
        content,
    )
