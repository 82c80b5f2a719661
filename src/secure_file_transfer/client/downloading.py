"""Large files on their way down: block by block over several connections, each verified, none fetched twice."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from ..errors import (
    InterruptedTransferError,
    NotFoundError,
    PreconditionFailedError,
    ProtocolViolationError,
    SecureFileTransferError,
)
from ..model import Conflict, Entry
from ..paths import RemotePath, display
from ..transfer.cutting import sizes_for
from .api import Api
from .blocks import BlockService
from .local import SourceFile
from .parts import BlockFile
from .streams import wrong_content
from .uploading import BlockReader
from .wire import FileBlocks

_CHANGES_MAX = 3


class BlockDownload:
    """Fetches the blocks of one file that are not here yet."""

    def __init__(self, api: Api, service: BlockService, found: FileBlocks, target: Path) -> None:
        self._api, self._service, self._found = api, service, found
        self._path = RemotePath.parse(found.entry.path)
        self.part = BlockFile(target, found.blocks)
        self._target = target
        self._offsets: list[int] = []
        at = 0
        for _, length in found.blocks:
            self._offsets.append(at)
            at += length
        self._here: list[asyncio.Event] = [asyncio.Event() for _ in found.blocks]

    async def _run(self, work: Callable[..., object], *args: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._api.executor, work, *args)

    async def fetch(self, on_bytes: Callable[[int], None]) -> None:
        """Have the whole file in the part, verified.

        Raises:
            DigestMismatchError: the server's own statements contradict each other.
            PreconditionFailedError: the file on the server was replaced meanwhile.
        """
        await self._run(self._look)
        for number, event in enumerate(self._here):
            if event.is_set():
                on_bytes(self._found.blocks[number][1])
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hash())
                for number, event in enumerate(self._here):
                    if not event.is_set():
                        held = await self._service.budget.take(self._found.blocks[number][1])
                        group.create_task(self._block(number, held, on_bytes))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        if self._found.entry.sha256 is not None and self.part.sha256 != self._found.entry.sha256:
            raise wrong_content(self._found.entry.path)

    async def _block(self, number: int, held: int, on_bytes: Callable[[int], None]) -> None:
        (name, length), offset = self._found.blocks[number], self._offsets[number]
        try:
            await self._service.fetch(
                self._path,
                self._found.entry.etag,
                self._found.naming_key,
                name,
                offset,
                length,
                partial(self.part.write_at, offset),
            )
        finally:
            await self._service.budget.give(held)
        self._here[number].set()
        on_bytes(length)

    async def _hash(self) -> None:
        for number, event in enumerate(self._here):
            await event.wait()
            await self._run(self.part.hash, self._offsets[number], self._found.blocks[number][1])

    def _look(self) -> None:
        """Find what an earlier try has left, and what the file that stands at the target has already."""
        blocks, key = self._found.blocks, self._found.naming_key
        for number in self.part.verified(blocks, key):
            self._here[number].set()
        wanted: dict[bytes, list[int]] = {}
        for number, (name, _) in enumerate(blocks):
            if not self._here[number].is_set():
                wanted.setdefault(name, []).append(number)
        if wanted:
            with contextlib.suppress(SecureFileTransferError):  # what cannot be read cannot help
                self._borrow(wanted)

    def _borrow(self, wanted: Mapping[bytes, list[int]]) -> None:
        source = SourceFile(self._target)
        try:
            terms = self._service.terms
            sizes = sizes_for(source.size, least=terms.block_min, most=terms.block_max)
            reader = BlockReader(source, sizes, self._found.naming_key)
            while not reader.at_end:
                for block in reader.next():
                    for number in wanted.get(block.name, ()):
                        self.part.write_at(self._offsets[number], block.data)
                        self._here[number].set()
        finally:
            source.close()


async def download(
    api: Api,
    service: BlockService,
    entry: Entry,
    target: Path,
    conflict: Conflict,
    on_bytes: Callable[[int], None],
) -> tuple[Path, str, Entry] | None:
    """Fetch a file to exactly `target`; None where the server has no manifest of it.

    What a failure that will pass has left is kept beside the target, and the next try goes on there.

    Raises:
        InterruptedTransferError: the file on the server keeps changing.
    """
    for _ in range(_CHANGES_MAX):
        try:
            found = await service.manifest(RemotePath.parse(entry.path))
        except NotFoundError:
            return None
        if found.entry.path != entry.path:
            raise ProtocolViolationError(f"The server answers for another file than {display(entry.path)}")
        work = BlockDownload(api, service, found, target)
        with contextlib.suppress(PreconditionFailedError):
            path, outcome = await _published(api, work, found.entry, conflict, on_bytes)
            return path, outcome, found.entry
    raise InterruptedTransferError(f"{display(entry.path)} changes while it is fetched", hint="Try again later.")


async def _published(
    api: Api, work: BlockDownload, entry: Entry, conflict: Conflict, on_bytes: Callable[[int], None]
) -> tuple[Path, str]:
    loop, went = asyncio.get_running_loop(), 0

    def count(size: int) -> None:
        nonlocal went
        went += size
        on_bytes(size)

    try:
        await work.fetch(count)
        return await loop.run_in_executor(api.executor, work.part.publish, entry.modified_us, conflict)
    except BaseException as error:
        passing = isinstance(error, SecureFileTransferError) and error.retryable and went
        # Waits for threads that may still write, even while we are being cancelled.
        await asyncio.shield(loop.run_in_executor(api.executor, work.part.keep if passing else work.part.discard))
        on_bytes(-went)
        raise
