"""What was stored, fetched once more and compared with what was sent. Nothing is written, and little held."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import (
    BlockDamagedError,
    DigestMismatchError,
    ForbiddenError,
    NotFoundError,
    PreconditionFailedError,
    SecureFileTransferError,
    SignInRequiredError,
)
from ..model import MIB
from ..paths import RemotePath, display
from ..transfer.frames import Frame
from . import wire
from .api import Api
from .blocks import BlockService, Piece, block_id
from .how import How
from .lanes import Answer
from .local import SourceFile
from .naming import Named
from .small import arriving
from .wire import Written

_RUN = 8 * MIB
"""One request asks for up to so many bytes that lie side by side."""
_AGAIN = 2
"""How often a block that came back wrong is asked for again: it may have been damaged on the way."""
_SEND_AGAIN = "Send it again, which replaces what is damaged there. If this repeats, the server's disk or memory fails."


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Say of every failure that the file was stored, and what to do next."""
    shown = display(path)
    try:
        yield
    except PreconditionFailedError:
        raise _replaced(path) from None
    except (NotFoundError, ForbiddenError, SignInRequiredError):
        raise ForbiddenError(
            f"{shown} was stored, but cannot be read back: you may not read there, or it is gone again",
            hint="Ask for the right to read, or send without reading back.",
        ) from None
    except BlockDamagedError:
        raise BlockDamagedError(f"{shown} was stored, but the server cannot read it back", hint=_SEND_AGAIN) from None


def _replaced(path: str) -> PreconditionFailedError:
    return PreconditionFailedError(
        f"{display(path)} was stored, and replaced by somebody before it could be read back",
        hint="Look at what is there now, and send it again if it should be yours.",
    )


def _different(path: str) -> DigestMismatchError:
    return DigestMismatchError(
        f"{display(path)} was stored, but what the server gives back is not what was sent", hint=_SEND_AGAIN
    )


class BlockCheck:
    """Reads a file back by its blocks, several at once, each compared with its id; then the whole with its SHA-256."""

    def __init__(
        self, service: BlockService, api: Api, written: Written, how: How, on_bytes: Callable[[int], None]
    ) -> None:
        self._service, self._threads, self._how, self._on_bytes = service, api.executor, how, on_bytes
        self._path, self._etag = written.entry.path, written.entry.etag
        self._named = Named(RemotePath.parse(self._path), written.entry.size)
        self._sha256 = hashlib.sha256()
        self._buffers: list[bytearray] = []

    async def run(self, manifest: Sequence[tuple[bytes, int]], sha256: bytes) -> None:
        """Compare.

        Raises:
            DigestMismatchError: it is not what was sent, and what `_told` says.
        """
        hashed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        hashed.set_result(None)
        with _told(self._path):
            try:
                async with asyncio.TaskGroup() as group:
                    for run in _runs(manifest):
                        # In the file's order, so whoever waits for those before it never waits for their memory.
                        size = max(_RUN, sum(piece.length for piece in run))
                        held = await self._service.budget.take(size, self._how.control)
                        hashed = group.create_task(self._one(run, held, hashed))
            except BaseExceptionGroup as failures:
                raise failures.exceptions[0] from None
        if self._sha256.digest() != sha256:
            raise _different(self._path)

    async def _one(self, run: list[Piece], held: int, before: "asyncio.Future[None]") -> None:
        size = sum(piece.length for piece in run)
        buffer = self._buffers.pop() if self._buffers else bytearray(max(size, _RUN))
        buffer = buffer if len(buffer) >= size else bytearray(size)
        try:
            data = memoryview(buffer)[:size]
            await self._fetch(run, data)
            await before
            await asyncio.get_running_loop().run_in_executor(self._threads, self._sha256.update, data)
            self._on_bytes(size)
            self._buffers.append(buffer)
        finally:
            self._service.budget.give(held, self._how.control)

    async def _fetch(self, run: list[Piece], data: memoryview) -> None:
        start, key, wrong = run[0].offset, self._service.terms.naming_key, list[Piece]()

        def take(answer: Answer, piece: Piece) -> None:
            part = data[piece.offset - start :][: piece.length]
            answer.fill(part)
            if block_id(part, key) != piece.name:
                wrong.append(piece)

        path = RemotePath.parse(self._path)
        await self._service.fetch(path, self._etag, run, take, self._how, self._named)
        tries = self._service.retry.begun()
        for _ in range(_AGAIN):
            if not wrong or (delay := tries.delay(_different(self._path))) is None:
                break
            await asyncio.sleep(delay)
            again, wrong[:] = wrong[:], []
            for piece in again:
                await self._service.fetch(path, self._etag, [piece], take, self._how, self._named)
        if wrong:
            raise _different(self._path)


def _runs(manifest: Sequence[tuple[bytes, int]]) -> Iterator[list[Piece]]:
    run: list[Piece] = []
    size = offset = 0
    for number, (name, length) in enumerate(manifest):
        if run and size + length > _RUN:
            yield run
            run, size = [], 0
        run.append(Piece(number, name, offset, length))
        size, offset = size + length, offset + length
    if run:
        yield run


async def check_whole(api: Api, written: Written, sha256: bytes | None, on_bytes: Callable[[int], None]) -> None:
    """Read a file back in one stream, and compare its SHA-256.

    Raises:
        DigestMismatchError, and what `_told` says.
    """
    digest, path, loop = hashlib.sha256(), written.entry.path, asyncio.get_running_loop()

    def update(parts: list[bytes]) -> None:
        for part in parts:
            digest.update(part)

    with _told(path):
        async with api.get_stream(path) as stream:
            if stream.etag != written.entry.etag:
                raise _replaced(path)
            async for parts in stream.batches():
                await loop.run_in_executor(api.executor, update, parts)
                on_bytes(sum(map(len, parts)))
    if digest.digest() != sha256:
        raise _different(path)


@dataclass(frozen=True, slots=True)
class Expected:
    """A small file that was stored, and what was read of it here."""

    written: Written
    source: SourceFile


async def check_batch(
    service: BlockService, files: Sequence[Expected], how: How
) -> list[SecureFileTransferError | None]:
    """Read small files back together; what is wrong with each, None where nothing is."""
    wanted = {file.written.entry.path: file for file in files}
    found: dict[str, SecureFileTransferError | None] = {}

    def take(answer: Answer) -> None:
        for path, frame in arriving(answer, wanted):
            found[path] = _failure(wanted[path], frame)

    try:
        if wanted:
            size = sum(file.written.entry.size for file in files)
            await service.read_batch([RemotePath.parse(path) for path in wanted], take, how, size)
    except SecureFileTransferError as error:
        for path in wanted:
            found.setdefault(path, error)
    return [found.get(path, _different(path)) for path in wanted]


def _failure(file: Expected, frame: Frame) -> SecureFileTransferError | None:
    path, head = file.written.entry.path, frame.header
    try:
        with _told(path):
            if "error" in head:
                raise wire.problem(head["error"])
            if head.get("etag") != file.written.entry.etag:
                raise _replaced(path)
            if hashlib.sha256(frame.data).digest() != file.source.sha256:
                raise _different(path)
        file.source.check()
    except SecureFileTransferError as error:
        return error
    return None
