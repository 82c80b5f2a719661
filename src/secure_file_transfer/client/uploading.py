"""One file on its way up by blocks: read once, cut, named, asked about, and sent where it is missing."""

import asyncio
import itertools
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from ..errors import MissingBlocksError, ProtocolViolationError
from ..paths import RemotePath
from ..transfer.cutting import Sizes, cut, sizes_for
from ..transfer.squeeze import Habit
from . import wire
from .blocks import BlockService, block_id
from .how import How
from .local import SourceFile, changed
from .naming import Named
from .wire import Written

_AGAIN_MAX = 3
"""How often a commit may ask for one block. A server that still lacks it then keeps nothing."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a file, in memory."""

    index: int
    name: bytes
    data: memoryview


class BlockReader:
    """A file as blocks, some at a time, in order. For one thread at a time."""

    def __init__(self, source: SourceFile, sizes: Sizes, key: bytes) -> None:
        self._source, self._sizes, self._key = source, sizes, key
        self._left = source.size
        self._rest = memoryview(b"")
        self._count = 0

    @property
    def at_end(self) -> bool:
        """Whether all of it was given."""
        return not self._left and not self._rest

    @property
    def window(self) -> int:
        """How many bytes the next step holds in memory."""
        return min(self._sizes.largest, self._left + len(self._rest))

    def next(self, buffer: bytearray | None = None) -> list[Block]:
        """The next blocks. What they share is the buffer, or else a new one of `window` bytes.

        Raises:
            SourceChangedError
        """
        window = memoryview(bytearray(self.window) if buffer is None else buffer)[: self.window]
        window[: len(self._rest)] = self._rest
        fresh = window[len(self._rest) :]
        self._source.fill(fresh)
        self._left -= len(fresh)
        found, at = [], 0
        for length in cut(window, self._sizes, last=not self._left):
            data = window[at : at + length]
            found.append(Block(self._count, block_id(data, self._key), data))
            self._count, at = self._count + 1, at + length
        # A copy: a view would keep the whole window in memory.
        self._rest = memoryview(bytes(window[at:]))
        return found


_SURELY_NEW = 12
"""After so many windows in a row of which the server had nothing, those that follow do not wait for its answer, which
takes a round trip. An earlier try had fewer on their way at once, so it left nothing beyond."""


class BlockUpload:
    """Sends what the server does not have of one file, and commits it."""

    def __init__(
        self,
        service: BlockService,
        source: SourceFile,
        target: RemotePath,
        threads: Executor,
        how: How,
        on_bytes: Callable[[int], None],
    ) -> None:
        self._target = target
        self._service, self._source, self._threads, self._count = service, source, threads, on_bytes
        self._named = Named(target, source.size)
        self._how, self._habit = how, Habit()
        terms = service.terms
        self.sizes = sizes_for(source.size, least=terms.block_min, most=terms.block_max)
        self._reader = BlockReader(source, self.sizes, terms.naming_key)
        self._buffers: list[bytearray] = []
        self.manifest: list[tuple[bytes, int]] = []
        self._hint = secrets.token_hex(16)
        self._new_in_a_row = 0
        # How many blocks there will be is known at the end only.
        self._count_max = source.size // self.sizes.smallest + 1

    def _on_bytes(self, count: int) -> None:
        self._named.done += count
        self._count(count)

    async def send(self) -> None:
        """Have every block on the server.

        Raises:
            SourceChangedError: nothing was published.
        """
        loop, budget = asyncio.get_running_loop(), self._service.budget
        hashed: asyncio.Future[None] = loop.create_future()
        hashed.set_result(None)
        try:
            async with asyncio.TaskGroup() as group:
                while not self._reader.at_end:
                    held = await budget.take(self._reader.window, self._how.control)
                    # Used again and again: fresh memory costs as much as copying into it.
                    buffer = self._buffers.pop() if self._buffers else bytearray(self._reader.window)
                    blocks = await loop.run_in_executor(self._threads, self._reader.next, buffer)
                    if not self.manifest:
                        self._habit.begins(blocks[0].data if blocks else b"")
                    self.manifest += [(block.name, len(block.data)) for block in blocks]
                    hashed = group.create_task(self._hash(blocks, hashed))
                    group.create_task(self._window(blocks, buffer, held, hashed))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        self._buffers.clear()  # what follows has its own, as large together

    async def _hash(self, blocks: list[Block], before: "asyncio.Future[None]") -> None:
        await before  # a digest follows the order of the file
        await asyncio.get_running_loop().run_in_executor(self._threads, self._update, blocks)

    def _update(self, blocks: list[Block]) -> None:
        for block in blocks:
            self._source.update(block.data)

    async def _window(self, blocks: list[Block], buffer: bytearray, held: int, hashed: "asyncio.Future[None]") -> None:
        try:
            async with asyncio.TaskGroup() as group:
                if self._new_in_a_row >= _SURELY_NEW:
                    missing = {block.name for block in blocks}
                    group.create_task(self._ask(blocks))  # for those that follow
                else:
                    missing = await self._ask(blocks)
                for block in blocks:
                    if block.name in missing:
                        missing.discard(block.name)
                        group.create_task(self._put(block))
                    else:
                        self._on_bytes(len(block.data))
            await asyncio.shield(hashed)
            self._buffers.append(buffer)
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        finally:
            self._service.budget.give(held, self._how.control)

    async def _ask(self, blocks: list[Block]) -> set[bytes]:
        names = {block.name for block in blocks}
        # Asked with the first blocks, so that a file for which there is no room is not sent in vain.
        into = {"path": str(self._target), "size": self._source.size, "conflict": self._how.word.value}
        first = bool(blocks) and not blocks[0].index
        missing = await self._service.missing(list(names), self._how, into if first else None)
        self._new_in_a_row = self._new_in_a_row + 1 if missing == names else 0
        return missing

    async def _put(self, block: Block) -> None:
        hint = self._hint_of(block.index)
        await self._service.put(block.name, block.data, hint, self._how, self._habit, self._named)
        self._on_bytes(len(block.data))

    def _hint_of(self, index: int) -> str:
        return f"{self._hint}; index={index}; count={self._count_max}"

    async def commit(self) -> Written:
        """Publish it under its name. Blocks that the server lacks all the same, or found damaged, are sent again.

        Raises:
            SourceChangedError: a block that has to go again is not what it was.
            MissingBlocksError: the server never has them all.
        """
        values = {
            "path": str(self._target),
            "size": self._source.size,
            "sha256": self._source.sha256.hex(),
            "modified": wire.time_text(self._source.modified_us),
            "conflict": self._how.word.value,
            "parents": self._how.parents,
            "hint": self._hint,
            "blocks": [[name.hex(), length] for name, length in self.manifest],
        }
        asked = Counter[str]()
        while True:
            [result] = await self._service.commit([values], self._how)
            if isinstance(result, Written):
                return result
            if not isinstance(result, MissingBlocksError) or not result.blocks:
                raise result
            asked.update(set(result.blocks))
            if max(asked.values()) > _AGAIN_MAX:
                raise result
            await self._send_again([bytes.fromhex(name) for name in result.blocks])

    async def _send_again(self, names: Sequence[bytes]) -> None:
        """Read these blocks from the file once more, and send them."""
        starts = itertools.accumulate((length for _, length in self.manifest), initial=0)
        places = {
            name: (index, start, length)
            for index, ((name, length), start) in enumerate(zip(self.manifest, starts, strict=False))
        }
        try:
            async with asyncio.TaskGroup() as group:
                for name in dict.fromkeys(names):
                    if name not in places:
                        raise ProtocolViolationError("The server asks for a block that is not in this file")
                    index, start, length = places[name]
                    held = await self._service.budget.take(length, self._how.control)
                    group.create_task(self._again(name, index, start, length, held))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _again(self, name: bytes, index: int, start: int, length: int, held: int) -> None:
        try:
            data = memoryview(bytearray(length))
            await asyncio.get_running_loop().run_in_executor(self._threads, self._read_again, name, start, data)
            await self._service.put(name, data, self._hint_of(index), self._how, self._habit, self._named)
        finally:
            self._service.budget.give(held, self._how.control)

    def _read_again(self, name: bytes, start: int, data: memoryview) -> None:
        self._source.read_at(start, data)
        if block_id(data, self._service.terms.naming_key) != name:
            raise changed(self._source.path)
