"""Large files on their way down: block by block over several connections, each verified, none fetched twice."""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from blake3 import blake3

from ..errors import (
    InterruptedTransferError,
    NotFoundError,
    PreconditionFailedError,
    ProtocolViolationError,
    SecureFileTransferError,
)
from ..model import MIB, Entry
from ..paths import RemotePath, display
from ..transfer.cutting import sizes_for
from ..transfer.pace import run_length
from ..transfer.retry import Tries
from .api import Api
from .blocks import BlockService, Piece, block_id
from .how import How
from .lanes import Answer
from .local import SourceFile
from .many import side_by_side
from .naming import Named
from .parts import BlockFile
from .streams import wrong_content
from .uploading import BlockReader
from .wire import FileBlocks

_CHANGES_MAX = 3


_RUN_MIN = 2 * MIB
_RUN = 16 * MIB
"""One request asks for up to so many bytes that lie side by side: a server does some work for each request."""
_PART = 1 * MIB
"""A block is read, verified and written in such parts, so that memory does not follow the size of blocks."""
_buffers = threading.local()


def _buffer(length: int) -> memoryview:
    """A buffer of this thread's own, used again and again: fresh memory costs as much as copying into it."""
    if not hasattr(_buffers, "data"):
        _buffers.data = bytearray(_PART)
    return memoryview(_buffers.data)[:length]


def _parts(piece: Piece) -> Iterator[tuple[int, memoryview]]:
    """Where each part of a block begins in the file, and a buffer for it."""
    for at in range(0, piece.length, _PART):
        yield piece.offset + at, _buffer(min(_PART, piece.length - at))


class BlockDownload:
    """Fetches the blocks of one file that are not here yet."""

    def __init__(
        self,
        api: Api,
        service: BlockService,
        found: FileBlocks,
        target: Path,
        how: How,
        on_bytes: Callable[[int], None],
    ) -> None:
        self._api, self._service, self._found, self._count = api, service, found, on_bytes
        self._how = how
        self._path = RemotePath.parse(found.entry.path)
        self.part = BlockFile(target, found.blocks)
        self._size = sum(length for _, length in found.blocks)
        self._named = Named(self._path, self._size)
        self._target = target
        self._loop = asyncio.get_running_loop()
        starts = itertools.accumulate((length for _, length in found.blocks), initial=0)
        self._pieces = [
            Piece(number, name, start, length)
            for number, ((name, length), start) in enumerate(zip(found.blocks, starts, strict=False))
        ]
        self._here = [asyncio.Event() for _ in self._pieces]

    async def _run(self, work: Callable[..., object], *args: object) -> None:
        await self._loop.run_in_executor(self._api.executor, work, *args)

    def _on_bytes(self, count: int) -> None:
        self._named.done += count
        self._count(count)

    def stands(self) -> bool:
        """Whether the file at the target is this one already, block by block."""
        try:
            source = SourceFile(self._target)
        except SecureFileTransferError:
            return False
        try:
            return source.size == self._size and all(self._read(source, piece) for piece in self._pieces)
        except SecureFileTransferError:
            return False
        finally:
            source.close()

    def _read(self, source: SourceFile, piece: Piece) -> memoryview | None:
        """A block from the place in the file that it should have, if it is there."""
        if piece.offset + piece.length > source.size:
            return None
        data = memoryview(bytearray(piece.length))
        source.read_at(piece.offset, data)
        return data if block_id(data, self._found.naming_key) == piece.name else None

    async def fetch(self) -> None:
        """Have the whole file in the part, verified.

        Raises:
            DigestMismatchError: what comes is never what was announced.
            PreconditionFailedError: the file on the server was replaced meanwhile.
        """
        await self._run(self._look)
        for piece in self._pieces:
            if self._here[piece.number].is_set():
                self._on_bytes(piece.length)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hash())
                await side_by_side(self._runs(), self._fetch, self._api.connections)
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        if self._found.entry.sha256 is not None and self.part.sha256 != self._found.entry.sha256:
            raise wrong_content(self._found.entry.path)

    def _runs(self) -> Iterator[list[Piece]]:
        """What is not here, in pieces that lie side by side."""
        run: list[Piece] = []
        size = 0
        left = sum(piece.length for piece in self._pieces if not self._here[piece.number].is_set())
        most = run_length(left, self._api.turns.width, least=_RUN_MIN, most=_RUN)
        for piece in self._pieces:
            here = self._here[piece.number].is_set()
            if run and (here or size + piece.length > most):
                yield run
                left -= size
                run, size = [], 0
                most = run_length(left, self._api.turns.width, least=_RUN_MIN, most=_RUN)
            if not here:
                run.append(piece)
                size += piece.length
        if run:
            yield run

    async def _fetch(self, run: list[Piece]) -> None:
        """Have a run. What arrives damaged is fetched again, and only that."""
        tries: dict[int, Tries] = {}  # of each block: a run of many may have many that are damaged once
        damaged: list[Piece] = []
        etag = self._found.entry.etag
        await self._service.fetch(self._path, etag, run, partial(self._take, damaged), self._how, self._named)
        while damaged:
            piece, wrong = damaged.pop(), wrong_content(self._found.entry.path)
            again = tries.setdefault(piece.number, self._service.retry.begun())
            if (delay := again.delay(wrong)) is None:
                raise again.ended(wrong)
            await asyncio.sleep(delay)
            await self._service.fetch(self._path, etag, [piece], partial(self._take, damaged), self._how, self._named)

    def _take(self, damaged: list[Piece], answer: Answer, piece: Piece) -> None:
        """Read one block, in the connection's thread. It counts as here only once all of it is verified."""
        digest = blake3(key=self._found.naming_key)
        for offset, part in _parts(piece):
            answer.fill(part)
            digest.update(part)
            self.part.write_at(offset, part)
        if digest.digest() == piece.name:
            self._loop.call_soon_threadsafe(self._arrived, piece)
        else:
            damaged.append(piece)

    def _arrived(self, piece: Piece) -> None:
        self._here[piece.number].set()
        self._on_bytes(piece.length)

    async def _hash(self) -> None:
        for piece in self._pieces:
            await self._here[piece.number].wait()
            await self._run(self._hash_one, piece)

    def _hash_one(self, piece: Piece) -> None:
        for offset, part in _parts(piece):
            self.part.hash(offset, part)

    def _look(self) -> None:
        """Find what an earlier try has left, and what the file that stands at the target has already."""
        blocks, key = self._found.blocks, self._found.naming_key
        for number in self.part.verified(blocks, key):
            self._here[number].set()
        with contextlib.suppress(SecureFileTransferError):  # what cannot be read cannot help
            if not self._how.resumes or self._continue():
                self._borrow()

    def _continue(self) -> bool:
        """Take the blocks that are in their places; whether there is so much besides that they may have moved."""
        source = SourceFile(self._target)
        try:
            other = source.size
            for piece in self._pieces:
                if (data := self._read(source, piece)) is not None:
                    other -= piece.length
                    if not self._here[piece.number].is_set():
                        self.part.write_at(piece.offset, data)
                        self._here[piece.number].set()
            return other > self._service.terms.block_max
        finally:
            source.close()

    def _borrow(self) -> None:
        """Take the blocks that the file at the target has anywhere, where cutting it finds them."""
        wanted: dict[bytes, list[int]] = {}
        for piece in self._pieces:
            if not self._here[piece.number].is_set():
                wanted.setdefault(piece.name, []).append(piece.number)
        if not wanted:
            return
        source = SourceFile(self._target)
        try:
            terms = self._service.terms
            sizes = sizes_for(source.size, least=terms.block_min, most=terms.block_max)
            reader = BlockReader(source, sizes, self._found.naming_key)
            while not reader.at_end:
                for block in reader.next():
                    for number in wanted.get(block.name, ()):
                        self.part.write_at(self._pieces[number].offset, block.data)
                        self._here[number].set()
        finally:
            source.close()


async def download(
    api: Api,
    service: BlockService,
    entry: Entry,
    target: Path,
    how: How,
    on_bytes: Callable[[int], None],
) -> tuple[Path, str, Entry] | None:
    """Fetch a file to exactly `target`; None where the server has no manifest of it.

    What a try leaves that was cancelled, or whose failure will pass, is kept beside the target; the next goes on there.

    Raises:
        InterruptedTransferError: the file on the server keeps changing.
    """
    for _ in range(_CHANGES_MAX):
        try:
            found = await service.manifest(RemotePath.parse(entry.path), how)
        except NotFoundError:
            return None
        if found.entry.path != entry.path:
            raise ProtocolViolationError(f"The server answers for another file than {display(entry.path)}")
        with contextlib.suppress(PreconditionFailedError):
            path, outcome = await _published(api, service, found, target, how, on_bytes)
            return path, outcome, found.entry
    raise InterruptedTransferError(f"{display(entry.path)} changes while it is fetched", hint="Try again later.")


async def _published(
    api: Api,
    service: BlockService,
    found: FileBlocks,
    target: Path,
    how: How,
    on_bytes: Callable[[int], None],
) -> tuple[Path, str]:
    loop, went = asyncio.get_running_loop(), 0

    def count(size: int) -> None:
        nonlocal went
        went += size
        on_bytes(size)

    work = BlockDownload(api, service, found, target, how, count)
    if how.resumes and await loop.run_in_executor(api.executor, work.stands):
        return target, "skipped"
    try:
        await work.fetch()
        return await loop.run_in_executor(api.executor, work.part.publish, found.entry.modified_us, how.word)
    except BaseException as error:
        # What was cancelled, by whomever, is likely to be asked for again.
        passing = went and (isinstance(error, asyncio.CancelledError) or getattr(error, "retryable", False))
        # Waits for threads that may still write, even while we are being cancelled.
        await asyncio.shield(loop.run_in_executor(api.executor, work.part.keep if passing else work.part.discard))
        on_bytes(-went)
        raise
