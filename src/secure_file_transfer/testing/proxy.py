"""A loopback TCP proxy that does harm: cuts at a byte, stalls, delays, and caps what is under way.

It sees only TLS records, as a bad network does.
"""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_PIECE = 64 * 1024
_WINDOW = 16 * 1024 * 1024
"""What may be under way on a long line that has no window of its own."""


@dataclass
class Harm:
    """What befalls connections. Positions count over all connections, in one direction: `up` or `down`.

    `cuts` are positions at which the connection that carries that byte is reset; each cuts once. `latency` is
    seconds one way; `window` how many bytes of one connection may be under way in one direction (0: any); `rate` how
    many bytes a second all connections together may move in each direction (0: any).
    """

    direction: str = "up"
    cuts: Sequence[int] = ()
    stall_at: int | None = None
    latency: float = 0.0
    window: int = 0
    rate: float = 0.0


class FaultProxy:
    """Listens on a port that the system chooses, in a thread of its own; a context manager."""

    def __init__(self, target_port: int, harm: Harm) -> None:
        self.harm = harm
        self.port = 0
        self.passed = {"up": 0, "down": 0}
        """Bytes that were handed on, by direction."""
        self.connections = 0
        self.open = 0
        """How many there are now."""
        self.happened = 0
        """How many cuts were made."""
        self.stalled = threading.Event()
        """Set once a connection stands still."""
        self._target = target_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._cuts = sorted(harm.cuts)
        self._free_at = {"up": 0.0, "down": 0.0}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut_all(self) -> None:
        """Reset every connection there is at this moment."""
        asyncio.run_coroutine_threadsafe(self._cut_all(), self._loop).result(10)

    async def _cut_all(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        assert self._server is not None
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        writers = [writer]
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
            writers.append(there_writer)
            self._writers.update(writers)
            ways = [
                asyncio.create_task(self._carry("up", reader, there_writer)),
                asyncio.create_task(self._carry("down", there_reader, writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass  # we stop
        finally:
            self._writers.difference_update(writers)
            self.open -= 1
            for each in writers:
                each.transport.abort()

    async def _carry(self, direction: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        harm = self.harm
        far = _FarWay(harm.latency, harm.window, writer) if harm.latency else None
        most = min(_PIECE, harm.window or _PIECE)
        with suppress(OSError):
            try:
                while data := await reader.read(most):
                    if direction == harm.direction and await self._harmed(data, writer):
                        return
                    if harm.rate:
                        await self._line(direction, len(data))
                    self.passed[direction] += len(data)
                    if far is not None:
                        await far.send(data)
                    else:
                        writer.write(data)
                        await writer.drain()
                if far is not None:
                    await far.settle()
            finally:
                if far is not None:
                    far.close()

    async def _line(self, direction: str, count: int) -> None:
        """Wait until the line, which all connections share, has carried so many bytes more."""
        self._free_at[direction] = max(self._free_at[direction], self._loop.time()) + count / self.harm.rate
        await asyncio.sleep(self._free_at[direction] - self._loop.time())

    async def _harmed(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection ends in the middle of these bytes."""
        harm, at = self.harm, self.passed[self.harm.direction]
        if harm.stall_at is not None and at <= harm.stall_at < at + len(data):
            harm.stall_at = None
            self.stalled.set()
            await asyncio.Event().wait()
        if self._cuts and at <= self._cuts[0] < at + len(data):
            cut = self._cuts.pop(0)
            self.happened += 1
            self.passed[harm.direction] += cut - at
            writer.write(data[: cut - at])
            return True
        return False


class _FarWay:
    """One way of a long line: what is sent arrives a latency later, and its room in the window is free after two."""

    def __init__(self, latency: float, window: int, writer: asyncio.StreamWriter) -> None:
        self._latency, self._room, self._writer = latency, window or _WINDOW, writer
        self._loop = asyncio.get_running_loop()
        self._free = asyncio.Event()
        self._under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._task = asyncio.create_task(self._deliver())

    async def send(self, data: bytes) -> None:
        """Wait until the window has room for it, and send it."""
        while self._room < len(data) and not self._task.done():
            self._free.clear()
            await self._free.wait()
        self._room -= len(data)
        self._under_way.put_nowait((self._loop.time() + self._latency, data))

    async def _deliver(self) -> None:
        with suppress(OSError):
            while True:
                due, data = await self._under_way.get()
                await asyncio.sleep(due - self._loop.time())
                self._writer.write(data)
                await self._writer.drain()
                self._loop.call_later(self._latency, self._arrived, len(data))
                self._under_way.task_done()

    def _arrived(self, count: int) -> None:
        self._room += count
        self._free.set()

    async def settle(self) -> None:
        """Wait until all has arrived, or nothing can any more."""
        empty = asyncio.create_task(self._under_way.join())
        try:
            await asyncio.wait({empty, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            empty.cancel()

    def close(self) -> None:
        """Nothing more arrives."""
        self._task.cancel()
