"""Blocks and batches made smaller before they go, in threads, within a bound of memory of their own."""

import asyncio
import threading
import time
import zlib
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import zstandard

from ..model import KIB, MIB, Compression
from ..transfer.squeeze import WORTH, Habit, Line, Yield, sample
from .budget import Budget
from .how import How
from .lanes import Buffer

MEMORY = 6 * MIB
"""Bytes of compressed content that wait at once, apart from the content itself."""
THREADS = 2
"""That many compressors: what they work in is up to 15 MiB each at level 9, and 4 at the default."""
LEAST = 512
"""What is smaller goes as it is."""
_PIECE = 128 * KIB
_AS_IF = 2 * MIB


@dataclass(frozen=True, slots=True)
class Packed:
    """A body and its content coding, which is empty when it goes as it is."""

    body: Sequence[Buffer]
    coding: str = ""

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return sum(map(len, self.body))

    @property
    def headers(self) -> Mapping[str, str]:
        """What tells the server."""
        return {"Content-Encoding": self.coding} if self.coding else {}


class Squeezer:
    """What is known of the line for one kind of requests, and compressors in threads of their own.

    `codings` are those that the server takes.
    """

    def __init__(
        self, codings: Collection[str], *, room: Budget | None = None, threads: ThreadPoolExecutor | None = None
    ) -> None:
        self._codings, self._room = codings, room or Budget(MEMORY)
        self._threads = threads or ThreadPoolExecutor(THREADS, thread_name_prefix="sft-squeeze")
        self._line = Line()
        self._news = asyncio.Event()

    def another(self) -> "Squeezer":
        """The same memory and threads, for another kind of requests."""
        return Squeezer(self._codings, room=self._room, threads=self._threads)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)

    @asynccontextmanager
    async def packed(self, data: Buffer, how: How, habit: Habit) -> AsyncIterator[Packed]:
        """The smaller form of `data` where there is one and it pays; sent within, it also measures the line.

        Memory for it is held until the end.
        """
        coding = await self._chosen(data, how, habit)
        if coding is Compression.NONE:
            async with self._measured(Packed([data])) as packed:
                yield packed
            return
        held = await self._room.take(len(data), how.control)
        try:
            loop = asyncio.get_running_loop()
            pieces, what = await loop.run_in_executor(self._threads, _compressed, data, coding, how.level)
            habit.learned(what)
            packed = Packed(pieces, coding.value) if pieces else Packed([data])
            left = packed.size if pieces else 0
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
        size, arrived = packed.size, False
        self._line.begin(size, time.monotonic())
        try:
            yield packed
            arrived = True
        finally:
            self._line.end(size, time.monotonic(), arrived=arrived)
            self._news.set()  # wakes those who wait now
            self._news.clear()


class _Compressors(threading.local):
    """A compressor for each thread, used again and again: what it works in is megabytes at the higher levels."""

    level = 0
    zstd: zstandard.ZstdCompressor

    def of(self, level: int) -> zstandard.ZstdCompressor:
        """That of this level."""
        if self.level != level:
            # As if blocks were small: larger ones gain little by tables that are larger yet.
            parameters = zstandard.ZstdCompressionParameters.from_level(level, source_size=_AS_IF)
            self.zstd, self.level = zstandard.ZstdCompressor(compression_params=parameters), level
        return self.zstd


_compressors = _Compressors()


def _sampled(data: memoryview, level: int) -> Yield:
    return _compressed(sample(data), Compression.ZSTD, level)[1]


def _compressed(data: Buffer, coding: Compression, level: int) -> tuple[list[bytes], Yield]:
    """The pieces of the compressed form, none when it is hardly smaller; and what that says of others like it."""
    pieces: list[bytes] = []
    # The thread's own time: what it waits for others is no fault of the content, and comes by chance.
    begin, most, size = time.thread_time(), len(data) * WORTH, 0
    for piece in _zstd(data, level) if coding is Compression.ZSTD else _gzip(data, level):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            return [], Yield(1.0, 1.0)
    seconds = max(time.thread_time() - begin, 1e-6)
    return pieces, Yield(size / len(data), len(data) / seconds)


def _zstd(data: Buffer, level: int) -> Iterator[bytes]:
    # In pieces: one large piece of memory for each block would stay with the thread for good.
    chunker = _compressors.of(level).chunker(size=len(data), chunk_size=_PIECE)
    yield from chunker.compress(data)
    yield from chunker.finish()  # type: ignore[no-untyped-call]


def _gzip(data: Buffer, level: int) -> Iterator[bytes]:
    stream, view = zlib.compressobj(level, wbits=16 + zlib.MAX_WBITS), memoryview(data)
    for at in range(0, len(view), _PIECE):
        yield stream.compress(view[at : at + _PIECE])
    yield stream.flush()
