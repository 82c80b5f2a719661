"""Measuring the way to a server: how long a question takes, and how much several connections move."""

import asyncio
import os
import secrets
import socket
import ssl
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..errors import NotFoundError, SecureFileTransferError
from ..model import KIB, MIB
from ..paths import RemotePath
from ..transfer.diagnosis import Step, worth_more
from . import trust as trusting
from .api import Api
from .flow import Flow
from .lanes import Answer, Buffer, Lane, nothing
from .trust import Address

MOST_CONNECTIONS = 16
_STEPS = 5
"""Of one direction: 1, 2, 4, 8 and 16 connections."""
_QUESTIONS = 9
_HANDSHAKES = 3
_CONNECT_SECONDS = 30.0
_FIRST, _LEAST, _MOST = 256 * KIB, 64 * KIB, 8 * MIB
"""Bytes of one request: of the first, and the bounds for the others."""
_REQUEST_SECONDS = 0.2
"""What a request is to take: long enough for its own price not to count, short enough to end in time."""
_PIECE = 1 * MIB
_ANSWER_MAX = 64 * KIB


@dataclass(frozen=True, slots=True)
class Way:
    """The times of the way to a server, in seconds, each a median."""

    round_trip: float
    """A question on an open connection, and its answer."""
    connect: float
    """Opening a TCP connection."""
    handshake: float
    """Agreeing on TLS in it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was measured."""

    way: Way
    up: Sequence[Step]
    down: Sequence[Step]


OnMoved = Callable[[str, int, int], None]
"""Hears of a direction, its number of connections, and how many bytes have moved in all. From any thread."""


async def measure(api: Api, *, size: int, seconds: float, on_moved: OnMoved | None = None) -> Measured:
    """Measure the way to the server, with at most `size` bytes each way and within about so many seconds.

    Random data goes to a hidden folder at the top of the account's drive, and is removed however this ends.

    Raises:
        SecureFileTransferError: also when the data could not be removed; the message says where it is.
    """
    loop, options = asyncio.get_running_loop(), api._options  # noqa: SLF001 - one room
    context = await api._wire().context()  # noqa: SLF001
    probe = _Probe(options.address, context, options.timeout, size, seconds, on_moved)
    pool = ThreadPoolExecutor(MOST_CONNECTIONS, thread_name_prefix="sft-bench")
    try:
        way = await loop.run_in_executor(pool, probe.way)
        if (token := await api._token()) is not None:  # noqa: SLF001
            probe.headers = {"Authorization": f"Bearer {token}"}
        try:
            await _made(api, probe)
            up = await probe.direction(pool, "up")
            down = await probe.direction(pool, "down")
        finally:
            await asyncio.shield(_removed(api, probe, pool))
    finally:
        await asyncio.shield(_ended(probe, pool))
    return Measured(way, up, down)


async def _made(api: Api, probe: "_Probe") -> None:
    try:
        await api.make_folder(probe.folder)
    except SecureFileTransferError:
        probe.folder = ""  # nothing to remove
        raise


async def _ended(probe: "_Probe", pool: ThreadPoolExecutor) -> None:
    probe.stop()
    await asyncio.get_running_loop().run_in_executor(None, pool.shutdown)
    probe.close()


async def _removed(api: Api, probe: "_Probe", pool: ThreadPoolExecutor) -> None:
    await _ended(probe, pool)  # nobody may write to what is being removed
    try:
        with suppress(NotFoundError):
            if probe.folder:
                await api.remove(probe.folder, recursive=True, permanent=True)
    except SecureFileTransferError as error:
        raise type(error)(
            f"The data of the measurement is still at {probe.folder}: {error}", hint="Remove that folder."
        ) from error


class _Probe:
    """The connections and what they have moved. Its methods but `direction` block."""

    def __init__(
        self,
        address: Address,
        context: ssl.SSLContext,
        silence: float,
        size: int,
        seconds: float,
        on_moved: OnMoved | None,
    ) -> None:
        self.folder = f"/.sft-bench-{secrets.token_hex(4)}"
        self.headers: Mapping[str, str] = {}
        self._address, self._context = address, context
        self._lanes = [Lane(address, context, silence, Flow()) for _ in range(MOST_CONNECTIONS)]
        self._step_bytes, self._step_seconds = max(size // _STEPS, 1), seconds / (2 * _STEPS)
        self._on_moved = on_moved or (lambda *_: None)
        self._data = memoryview(os.urandom(_MOST))
        self._lock = threading.Lock()
        self._left = 0
        self._moved = 0
        self._files: list[tuple[str, int]] = []
        self._stopped = False

    def stop(self) -> None:
        """End whatever runs."""
        self._stopped = True
        for lane in self._lanes:
            lane.abort()

    def close(self) -> None:
        """Close the connections, once nothing runs."""
        for lane in self._lanes:
            lane.close()

    # --- time ---------------------------------------------------------------------------------------------------

    def way(self) -> Way:
        """How long connections and questions take."""
        self._ask(self._lanes[0])
        answers = [self._ask(self._lanes[0]) for _ in range(_QUESTIONS)]
        try:
            opened = [self._handshake() for _ in range(_HANDSHAKES)]
        except OSError as error:
            raise trusting.unreachable(self._address, error) from None
        connects, handshakes = zip(*opened, strict=True)
        return Way(statistics.median(answers), statistics.median(connects), statistics.median(handshakes))

    def _ask(self, lane: Lane) -> float:
        begin = time.perf_counter()
        lane.exchange("GET", "/api/v1/server", {}, (), (200,), _whole)
        return time.perf_counter() - begin

    def _handshake(self) -> tuple[float, float]:
        host, port = self._address.host, self._address.port
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]  # names are not what is measured
        begin = time.perf_counter()
        with socket.create_connection((str(found[4][0]), port), _CONNECT_SECONDS) as plain:
            connected = time.perf_counter()
            with self._context.wrap_socket(plain, server_hostname=host):
                return connected - begin, time.perf_counter() - connected

    # --- bytes --------------------------------------------------------------------------------------------------

    async def direction(self, pool: ThreadPoolExecutor, direction: str) -> list[Step]:
        """All the steps of one direction."""
        loop, steps = asyncio.get_running_loop(), list[Step]()
        wide = 1
        while worth_more(steps, MOST_CONNECTIONS):
            wide = 2 ** len(steps)
            lanes = self._lanes[:wide]
            await asyncio.gather(*(loop.run_in_executor(pool, self._ask, lane) for lane in lanes))  # open them
            self._left, before = self._step_bytes, self._moved
            begin, processor = time.perf_counter(), _Processor()
            until = begin + self._step_seconds
            work = self._send if direction == "up" else self._fetch
            tell = lambda moved, wide=wide: self._on_moved(direction, wide, moved)  # noqa: E731 - two words of context
            await asyncio.gather(*(loop.run_in_executor(pool, self._run, work, lane, until, tell) for lane in lanes))
            seconds = time.perf_counter() - begin
            steps.append(Step(wide, self._moved - before, seconds, processor.busy()))
        return steps

    def _run(self, work: Callable[[Lane, int], None], lane: Lane, until: float, tell: Callable[[int], None]) -> None:
        """Requests of one connection, one after another, each as long as the one before suggests."""
        wanted = _FIRST
        while not self._stopped:
            with self._lock:
                count = min(wanted, self._left)
                self._left -= count
            if not count:
                return
            begin = time.perf_counter()
            work(lane, count)
            now = time.perf_counter()
            with self._lock:
                self._moved += count
                tell(self._moved)
            if now >= until:
                return
            wanted = max(_LEAST, min(_MOST, int(count / (now - begin) * min(_REQUEST_SECONDS, until - now))))

    def _send(self, lane: Lane, count: int) -> None:
        name = secrets.token_hex(8)
        headers = {**self.headers, "Content-Type": "application/octet-stream"}
        # The name in front: no two contents are the same, so nobody on the way can save any of it.
        body: list[Buffer] = [name.encode(), self._data[: count - 16]]
        lane.exchange("PUT", self._url(name), headers, body, (200, 201), _whole)
        with self._lock:
            self._files.append((name, count))

    def _fetch(self, lane: Lane, count: int) -> None:
        while count:
            name, length = secrets.choice(self._files)
            part = min(count, length)
            headers = {**self.headers, "Range": f"bytes=0-{part - 1}"}
            lane.exchange("GET", self._url(name), headers, (), (206,), partial(_drained, length=part))
            count -= part

    def _url(self, name: str) -> str:
        return f"/api/v1/files{RemotePath.parse(f'{self.folder}/{name}').to_url()}"


def _whole(answer: Answer) -> None:
    answer.read(_ANSWER_MAX)


def _drained(answer: Answer, *, length: int) -> None:
    buffer = memoryview(bytearray(min(length, _PIECE)))
    for at in range(0, length, _PIECE):
        answer.fill(buffer[: min(_PIECE, length - at)])
    nothing(answer)


class _Processor:
    """How busy this computer's processors are; elsewhere than on Linux, how busy this program keeps them."""

    def __init__(self) -> None:
        self._before = self._read()

    def busy(self) -> float:
        """The share of their time since the beginning, 0 to 1."""
        busy, total = (now - then for now, then in zip(self._read(), self._before, strict=True))
        return min(1.0, max(0.0, busy / total)) if total > 0 else 0.0

    @staticmethod
    def _read() -> tuple[float, float]:
        try:
            first = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
            # user, nice, system, idle, waiting for the disk, interrupts (two kinds), stolen
            times = [float(word) for word in first.split()[1:9]]
            return sum(times) - times[3] - times[4], sum(times)
        except (OSError, ValueError, IndexError):
            return time.process_time(), time.monotonic() * (os.cpu_count() or 1)
