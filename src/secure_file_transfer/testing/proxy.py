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


@dataclass
class Harm:
    """What befalls connections. Positions count over all connections, in one direction: `up` or `down`.

    `cuts` are positions at which the connection that carries that byte is reset; each cuts once. `latency` is
    seconds one way; `window` how many bytes of one connection may be under way in one direction (0: any).
    """

    direction: str = "up"
    cuts: Sequence[int] = ()
    stall_at: int | None = None
    latency: float = 0.0
    window: int = 0


class FaultProxy:
    """Listens on a port that the system chooses, in a thread of its own; a context manager."""

    def __init__(self, target_port: int, harm: Harm) -> None:
        self.harm = harm
        self.port = 0
        self.passed = {"up": 0, "down": 0}
        """Bytes that were handed on, by direction."""
        self.connections = 0
        self.happened = 0
        """How many cuts were made."""
        self.stalled = threading.Event()
        """Set once a connection stands still."""
        self._target = target_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._cuts = sorted(harm.cuts)
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
            for each in writers:
                each.transport.abort()

    async def _carry(self, direction: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        harm = self.harm
        with suppress(OSError):
            line = _Line(writer, harm.latency, harm.window) if harm.latency else None
            try:
                while data := await reader.read(min(_PIECE, harm.window or _PIECE)):
                    if direction == harm.direction and await self._harmed(data, writer):
                        return
                    self.passed[direction] += len(data)
                    if line is not None:
                        await line.send(data)
                    else:
                        writer.write(data)
                        await writer.drain()
            finally:
                if line is not None:
                    line.close()

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


class _Line:
    """One way of a long line: what is sent arrives a latency later, and is acknowledged another latency later."""

    def __init__(self, writer: asyncio.StreamWriter, latency: float, window: int) -> None:
        self._writer, self._latency, self._window = writer, latency, window or 1 << 40
        self._loop = asyncio.get_running_loop()
        self._under_way = 0
        self._acknowledged = asyncio.Event()
        self._queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._delivery = asyncio.create_task(self._deliver())

    async def send(self, data: bytes) -> None:
        """Put it on the line, once the window has room for it."""
        while self._under_way and self._under_way + len(data) > self._window:
            self._acknowledged.clear()
            await self._acknowledged.wait()
        self._under_way += len(data)
        self._queue.put_nowait((self._loop.time() + self._latency, data))

    def close(self) -> None:
        """Forget what is still under way."""
        self._delivery.cancel()

    async def _deliver(self) -> None:
        with suppress(OSError):
            while True:
                due, data = await self._queue.get()
                if (early := due - self._loop.time()) > 0:
                    await asyncio.sleep(early)
                self._writer.write(data)
                await self._writer.drain()
                self._loop.call_later(self._latency, self._arrived, len(data))

    def _arrived(self, count: int) -> None:
        self._under_way -= count
        self._acknowledged.set()
