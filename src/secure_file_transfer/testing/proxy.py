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
        self.open = 0
        """How many there are now."""
        self.happened = 0
        """How many cuts were made."""
        self._target = target_port
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
            self.open -= 1
            for each in writers:
                each.transport.abort()

    async def _carry(self, direction: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        harm = self.harm
        most = min(_PIECE, harm.window or _PIECE)
        with suppress(OSError):
            under_way: asyncio.Queue[bytes] = asyncio.Queue(max(1, harm.window // most) if harm.window else 64)
            late = asyncio.create_task(self._deliver(under_way, writer)) if harm.latency else None
            try:
                while data := await reader.read(most):
                    if direction == harm.direction and await self._harmed(data, writer):
                        return
                    self.passed[direction] += len(data)
                    if late is not None:
                        await under_way.put(data)
                    else:
                        writer.write(data)
                        await writer.drain()
            finally:
                if late is not None:
                    late.cancel()

    async def _deliver(self, under_way: "asyncio.Queue[bytes]", writer: asyncio.StreamWriter) -> None:
        """One way of a long line: what was sent arrives a latency later, a window full at most in a round trip."""
        with suppress(OSError):
            while True:
                data = [await under_way.get()]
                await asyncio.sleep(self.harm.latency * (2 if self.harm.window else 1))
                while not under_way.empty():
                    data.append(under_way.get_nowait())
                writer.writelines(data)
                await writer.drain()

    async def _harmed(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection ends in the middle of these bytes."""
        harm, at = self.harm, self.passed[self.harm.direction]
        if harm.stall_at is not None and at <= harm.stall_at < at + len(data):
            harm.stall_at = None
            await asyncio.Event().wait()
        if self._cuts and at <= self._cuts[0] < at + len(data):
            cut = self._cuts.pop(0)
            self.happened += 1
            self.passed[harm.direction] += cut - at
            writer.write(data[: cut - at])
            return True
        return False
