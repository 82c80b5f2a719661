"""Blocks and batches made smaller before they go, in threads, within a bound of memory of their own."""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Collection, Mapping
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import zstandard

from ..model import KIB, MIB, Compression
from ..transfer.squeeze import WORTH, Habit, Line, Yield, sample
from .budget import Budget
from .how import How
from .lanes import Buffer

MEMORY = 16 * MIB
"""Bytes that compressing and what it gave may take at once, apart from the content itself."""
LEAST = 512
"""What is smaller goes as it is."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A body and its content coding, which is empty when it goes as it is."""

    body: Buffer
    coding: str = ""

    @property
    def headers(self) -> Mapping[str, str]:
        """What tells the server."""
        return {"Content-Encoding": self.coding} if self.coding else {}


class Squeezer:
    """What is known of the line for one kind of requests, and compressors in the `threads`.

    `codings` are those that the server takes.
    """

    def __init__(self, threads: Executor, codings: Collection[str], room: Budget | None = None) -> None:
        self._threads, self._codings = threads, codings
        self._room = room or Budget(MEMORY)
        self._line = Line()
        self._news = asyncio.Event()

    def another(self) -> "Squeezer":
        """The same memory, for another kind of requests."""
        return Squeezer(self._threads, self._codings, self._room)

    @asynccontextmanager
    async def packed(self, data: Buffer, how: How, habit: Habit) -> AsyncIterator[Packed]:
        """The smaller form of `data` where there is one and it pays; sent within, it also measures the line.

        Memory for it is held until the end.
        """
        coding = await self._chosen(data, how, habit)
        if coding is Compression.NONE:
            async with self._measured(Packed(data)) as packed:
                yield packed
            return
        held = await self._room.take(len(data) + _workspace(coding, how.level, len(data)), how.control)
        try:
            loop = asyncio.get_running_loop()
            body, what = await loop.run_in_executor(self._threads, _compress, data, coding, how.level)
            habit.learned(what)
            packed = Packed(body, coding.value) if what.ratio <= WORTH else Packed(data)
            del body
            left = len(packed.body) if packed.coding else 0
            if left < held:
                self._room.give(held - left, how.control)
                held = left
            async with self._measured(packed):
                yield packed
        finally:
            self._room.give(held, how.control)

    async def _chosen(self, data: Buffer, how: How, habit: Habit) -> Compression:
        auto = how.compress is Compression.AUTO
        coding = Compression.ZSTD if auto else how.compress
        if coding.value not in self._codings or len(data) < LEAST or (auto and not await self._pays(data, how, habit)):
            return Compression.NONE
        return coding

    async def _pays(self, data: Buffer, how: How, habit: Habit) -> bool:
        if not habit.tried:
            return False
        what = habit.known
        if what is None:
            loop = asyncio.get_running_loop()
            what = await loop.run_in_executor(self._threads, _sampled, memoryview(data), how.level)
            habit.learned(what)
        if what.ratio > WORTH:
            return False
        while (seconds := self._line.patience(what, time.monotonic())) > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            except TimeoutError:
                break
        return self._line.pays(what, time.monotonic())

    @asynccontextmanager
    async def _measured(self, packed: Packed) -> AsyncIterator[Packed]:
        size, arrived = len(packed.body), False
        self._line.begin(size, time.monotonic())
        try:
            yield packed
            arrived = True
        finally:
            self._line.end(size, time.monotonic(), arrived=arrived)
            self._news.set()  # wakes those who wait now
            self._news.clear()


def _workspace(coding: Compression, level: int, size: int) -> int:
    """Bytes that a compressor takes while it is at work."""
    if coding is Compression.GZIP:
        return 256 * KIB + size // 1000  # RFC 1951 data that does not shrink grows a little
    parameters = zstandard.ZstdCompressionParameters.from_level(level, source_size=size)
    return parameters.estimated_compression_context_size()


def _sampled(data: memoryview, level: int) -> Yield:
    return _compress(sample(data), Compression.ZSTD, level)[1]


def _compress(data: Buffer, coding: Compression, level: int) -> tuple[bytes, Yield]:
    begin = time.perf_counter()
    if coding is Compression.ZSTD:
        made = zstandard.ZstdCompressor(level=level).compress(data)
    else:
        stream = zlib.compressobj(level, wbits=16 + zlib.MAX_WBITS)
        made = stream.compress(data) + stream.flush()
    seconds = max(time.perf_counter() - begin, 1e-9)
    return made, Yield(len(made) / len(data), len(data) / seconds)
