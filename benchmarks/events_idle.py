"""Proof about thousands of idle event connections. Run by `benchmarks.proofs events-idle`.

Each is of a session of its own and watches a folder, as a window that somebody left open does. The clients are
processes of their own: this module run as a program is one.
"""

import asyncio
import base64
import http.client
import json
import os
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from secure_file_transfer.config import load
from secure_file_transfer.server.house import House
from secure_file_transfer.storage.platform import allow_many_files
from secure_file_transfer.testing.process import ServerProcess

from .proofs import PASSWORD, Caller, say, started

KIB = 1024
MEMORY_MAX = 64 * KIB
LISTING_MAX = 0.25
OF_ACCOUNT = 250
OF_SOURCE = 500
OF_PROCESS = 2500
AT_ONCE = 20
"""Handshakes under way in one process."""
FILES = 50
LARGE = 128 << 20


def prove_idle_events(folder: Path, *, connections: int, listings: int, large: int = LARGE) -> str:
    """The memory that each idle connection takes, and how long a listing takes beside all of them."""
    allow_many_files()
    server = started(folder)
    peers: list[subprocess.Popen[str]] = []
    try:
        tokens = _sessions(server, connections)
        caller = Caller(server)
        for number in range(FILES):
            caller.put(f"{number}.txt", b"x", 1)
        alone = _listings(caller, listings)
        before = server.memory()
        begin = time.monotonic()
        # What large files leave of the heap counts as well: buffers of connections may come from there.
        caller.put("large", bytes(large), large)
        caller.digest("large")
        # The last connection of each process is of the caller, who will change something.
        peers += [
            _peer(server, at, [*tokens[at : at + OF_PROCESS - 1], caller.token])
            for at in range(0, connections, OF_PROCESS)
        ]
        for peer in peers:
            _expect(peer, "all")
        say(f"{connections} connections after {time.monotonic() - begin:.0f} s")
        each = (server.memory() - before) / connections
        busy = _cpu(server)
        beside = _listings(caller, listings)
        busy = _cpu(server) - busy
        heard = _told(caller, peers)
    finally:
        for peer in peers:
            peer.kill()
            peer.communicate()  # and close its pipes
        server.kill()
    p99 = _p99(beside)
    told = f"{connections} idle event connections: {each / KIB:.1f} KiB each; a listing of {FILES} files takes "
    told += f"{statistics.median(beside) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms (alone "
    told += f"{statistics.median(alone) * 1000:.0f} ms, p99 {_p99(alone) * 1000:.0f} ms); server CPU meanwhile "
    told += f"{busy:.1f} s in {sum(beside):.1f} s; a change reached its watchers after {heard * 1000:.0f} ms"
    if each > MEMORY_MAX or p99 > LISTING_MAX:
        raise AssertionError(told)
    return told


def _sessions(server: ServerProcess, count: int) -> list[str]:
    """Tokens of so many sessions, put into the catalog beside the running server."""
    house = House(load(data_dir=server.data_dir))
    try:
        names = [f"idle-{number}" for number in range(-(-count // OF_ACCOUNT))]
        accounts = [house.accounts.create(name, PASSWORD) for name in names]

        def begin(number: int) -> str:
            account = accounts[number // OF_ACCOUNT]
            return house.sessions.open_for(account, door="http", address="127.0.0.1", agent="idle").token

        with ThreadPoolExecutor(32) as threads:
            return list(threads.map(begin, range(count)))
    finally:
        house.close()


def _peer(server: ServerProcess, first: int, tokens: Sequence[str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.events_idle", str(server.port), str(server.cafile), str(first)]
    peer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert peer.stdin is not None
    peer.stdin.write("\n".join(tokens) + "\n\n")
    peer.stdin.flush()
    return peer


def _expect(peer: "subprocess.Popen[str]", word: str) -> None:
    assert peer.stdout is not None
    line = peer.stdout.readline().strip()
    if line != word:
        raise AssertionError(f"a client said {line!r} and not {word!r}")


def _told(caller: Caller, peers: "Sequence[subprocess.Popen[str]]") -> float:
    """Seconds from a change to when the watchers of that folder, one in each process, have heard."""
    begin = time.perf_counter()
    caller.put("news.txt", b"x", 1)
    for peer in peers:
        _expect(peer, "heard")
    return time.perf_counter() - begin


def _listings(caller: Caller, count: int) -> list[float]:
    seconds, connection = [], caller.connect()
    for _ in range(count):
        begin = time.perf_counter()
        connection.request("GET", "/api/v1/folders/", headers=caller.headers())
        response = connection.getresponse()
        entries = json.loads(response.read())["entries"]
        seconds.append(time.perf_counter() - begin)
        if response.status != http.client.OK or len(entries) < FILES:
            raise AssertionError(f"{response.status}: {len(entries)} entries")
    connection.close()
    return seconds


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[max(0, len(seconds) * 99 // 100 - 1)]


def _cpu(server: ServerProcess) -> float:
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- a client process -----------------------------------------------------------------------------------------------


class Peer(asyncio.Protocol):
    """One connection that does what it must: the handshake, its wish, and an answer to each ping."""

    def __init__(self, token: str, crowd: "PeerCrowd") -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._token, self._crowd = token, crowd
        self._transport: asyncio.Transport
        self._data = b""
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        self._transport = transport  # type: ignore[assignment]
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._token}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """The server must keep them all."""
        os.write(2, f"a connection was lost: {exc} {self._data!r}\n".encode())
        os._exit(1)

    def data_received(self, data: bytes) -> None:
        """The head, then frames."""
        self._data += data
        if not self._open and b"\r\n\r\n" in self._data:
            head, _, self._data = self._data.partition(b"\r\n\r\n")
            self._open = head.startswith(b"HTTP/1.1 101 ")
            self._say(1, b'{"watch":["/"]}')
        while self._open and len(self._data) >= 2:
            length, begin = self._data[1] & 127, 2
            if length == 126:
                length, begin = int.from_bytes(self._data[2:4], "big"), 4
            if len(self._data) < begin + length:
                return
            opcode, content = self._data[0] & 15, self._data[begin : begin + length]
            self._data = self._data[begin + length :]
            if opcode == 9:
                self._say(10, content)
            elif not self.ready.done():
                self.ready.set_result(None)
            elif b'"changed"' in content:
                self._crowd.heard()

    def _say(self, opcode: int, content: bytes) -> None:
        self._transport.write(bytes([128 | opcode, 128 | len(content), 0, 0, 0, 0]) + content)


class PeerCrowd:
    """All connections of one process."""

    def __init__(self, port: int, context: ssl.SSLContext, first: int) -> None:
        self._port, self._context, self._first = port, context, first
        self._places = asyncio.Semaphore(AT_ONCE)
        self._said = False

    def heard(self) -> None:
        """Say so, once."""
        if not self._said:
            self._said = True
            print("heard", flush=True)

    async def join(self, number: int, token: str) -> None:
        """One more."""
        source = (self._first + number) // OF_SOURCE
        async with self._places:
            _, peer = await asyncio.get_running_loop().create_connection(
                lambda: Peer(token, self),
                "127.0.0.1",
                self._port,
                ssl=self._context,
                server_hostname="localhost",
                local_addr=(f"127.0.5.{source + 1}", 0),
                ssl_handshake_timeout=300,
            )
            await peer.ready


async def _serve(port: int, cafile: str, first: int, tokens: Sequence[str]) -> None:
    crowd = PeerCrowd(port, ssl.create_default_context(cafile=cafile), first)
    await asyncio.gather(*(crowd.join(number, token) for number, token in enumerate(tokens)))
    print("all", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    import uvloop

    allow_many_files()
    known = list(iter(lambda: sys.stdin.readline().strip(), ""))
    uvloop.run(_serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), known))
