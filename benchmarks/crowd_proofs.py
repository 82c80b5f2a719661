"""Proofs about many at once: fairness among a hundred clients, writers to one path, memory while large files move.

Run by `benchmarks.proofs`.
"""

import asyncio
import hashlib
import os
import random
import statistics
import subprocess
import time
from pathlib import Path

from secure_file_transfer import AsyncClient
from secure_file_transfer.client import Written
from secure_file_transfer.errors import PreconditionFailedError
from secure_file_transfer.testing.process import ServerProcess, sft_command

from .engine_proofs import digest_of, random_file
from .proofs import MIB, PASSWORD, Caller, say, started
from .run import digest

_CONNECTIONS = 4
_MEMORY = 64 * MIB
"""What one running transfer may take, on either side."""


# --- a crowd ----------------------------------------------------------------------------------------------------


class Member:
    """One client with files of its own."""

    def __init__(self, number: int, folder: Path, chance: random.Random, big: int) -> None:
        """Makes the files: one of some MiB, and small ones."""
        self.name = f"member-{number}"
        self.here, self.back = folder / self.name, folder / f"{self.name}-back"
        self.here.mkdir()
        self.seconds = 0.0
        (self.here / "large").write_bytes(chance.randbytes(chance.randrange(big, 2 * big)))
        for at in range(20):
            (self.here / f"small-{at}").write_bytes(chance.randbytes(chance.choice((0, 100, 4096, 50_000))))

    async def go(self, server: ServerProcess, token: str, begin: asyncio.Event) -> None:
        """Send all, fetch all."""
        client = AsyncClient(
            "127.0.0.1", server.port, cafile=server.cafile, token=token, connections=_CONNECTIONS, timeout=60
        )
        async with client:
            await begin.wait()
            since = time.monotonic()
            await client.send_tree(self.here, f"/{self.name}")
            await client.receive_tree(f"/{self.name}", self.back)
            self.seconds = time.monotonic() - since


def _tokens(server: ServerProcess, people: int) -> list[str]:
    """Sessions of some people; each is shared by several clients, as one person has several computers."""
    names = [f"person-{number}" for number in range(people)]
    for name in names:
        server.add_user(name, PASSWORD)
    return [Caller(server, name).token for name in names]


async def _gather(server: ServerProcess, tokens: list[str], members: list[Member]) -> None:
    begin = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for at, member in enumerate(members):
            group.create_task(member.go(server, tokens[at % len(tokens)], begin))
        begin.set()


def prove_crowd(folder: Path, *, clients: int, people: int, seed: int, big: int) -> str:
    """Many clients at once, each with its own files: all come back identical, and none is starved."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    server = started(folder)
    try:
        tokens = _tokens(server, people)
        members = [Member(number, folder, chance, big) for number in range(clients)]
        asyncio.run(_gather(server, tokens, members))
    finally:
        server.kill()
    for member in members:
        if digest(member.back) != digest(member.here):
            raise AssertionError(f"{member.name} got something else than was sent")
    times = [member.seconds for member in members]
    median, slowest = statistics.median(times), max(times)
    said = f"median {median:.1f} s, slowest {slowest:.1f} s ({slowest / median:.2f} times)"
    if slowest > 5 * median:
        raise AssertionError(f"somebody was starved (seed {seed}): {said}")
    return f"{clients} clients of {people} people at once, seed {seed}: all files identical both ways; {said}"


# --- memory of both sides ---------------------------------------------------------------------------------------


class _Watched:
    """Clients as processes, and the most memory that each has had."""

    def __init__(self, server: ServerProcess, token: str) -> None:
        self._server = server
        self._env = {**os.environ, "SFT_CAFILE": str(server.cafile), "SFT_TOKEN": token, "SFT_SERVER": server.url}

    def run(self, *commands: list[str]) -> int:
        """Run them at once; the most resident bytes of any of them (Linux)."""
        running = [
            subprocess.Popen([*sft_command(), *words, "--quiet"], env=self._env, stdin=subprocess.DEVNULL)
            for words in commands
        ]
        peak = 0
        while any(process.poll() is None for process in running):
            peak = max([peak, *(_peak(process.pid) for process in running)])
            time.sleep(0.01)
        if failed := [process.args for process in running if process.returncode]:
            raise AssertionError(f"{failed} failed")
        return peak


def _peak(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0  # it has just ended
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def prove_engine_memory(folder: Path, *, total: int, several: int) -> str:
    """Memory of `sft put`, `sft get` and the server, for one large file and for several at once."""
    server = started(folder)
    said = []
    try:
        watched = _Watched(server, Caller(server).token)
        files = [folder / f"file-{number}" for number in range(several)]
        (warm := folder / "warm").write_bytes(os.urandom(300_000))
        # What a client needs to do anything at all: one block, up and down.
        idle = max(watched.run(["put", str(warm), "/warm"]), watched.run(["get", "/warm", str(folder / "back")]))
        for some in (files[:1], files):
            for file in some:
                random_file(file, total // len(some))
            ups = [["put", str(file), f"/{file.name}"] for file in some]
            downs = [["get", f"/{file.name}", str(file.with_suffix(".back"))] for file in some]
            for direction, commands in (("up", ups), ("down", downs)):
                server.forget_peak()
                before = server.memory()
                client = watched.run(*commands) - idle
                grown = server.peak_memory() - before
                said.append(f"{len(some)} {direction}: client {client / MIB:.0f}, server {grown / MIB:.0f}")
                say(said[-1] + " MiB")
                if client > _MEMORY or grown > _MEMORY * len(some):
                    raise AssertionError(f"too much memory: {said[-1]} MiB above idle")
            for file in some:
                if digest_of(file) != digest_of(back := file.with_suffix(".back")):
                    raise AssertionError(f"{file.name} came back different")
                back.unlink()
    finally:
        server.kill()
    return f"{total / MIB:.0f} MiB, MiB above idle: {'; '.join(said)}"


# --- writers to one path ----------------------------------------------------------------------------------------


async def _read_all_the_while(client: AsyncClient, whole: dict[str, int], done: asyncio.Event) -> int:
    """How often the file was read until the writers were done; each time it is one of the versions."""
    count = 0
    while not done.is_set():
        data = await client.get_bytes("/one")
        if hashlib.sha256(data).hexdigest() not in whole:
            raise AssertionError(f"a mixture of {len(data)} bytes was read")
        count += 1
    return count


async def _write_at_once(server: ServerProcess, token: str, folder: Path, versions: int, chance: random.Random) -> str:
    files = [folder / f"version-{number}" for number in range(versions)]
    for file in files:
        file.write_bytes(chance.randbytes(chance.randrange(5 * MIB, 9 * MIB)))
    whole, done = {digest_of(file): number for number, file in enumerate(files)}, asyncio.Event()
    clients = [AsyncClient("127.0.0.1", server.port, cafile=server.cafile, token=token) for _ in range(3)]
    try:
        await clients[0].send_file(files[0], "/one")
        reading = asyncio.create_task(_read_all_the_while(clients[2], whole, done))
        # By blocks and as one stream: two ways in.
        await asyncio.gather(
            *(clients[0].send_file(file, "/one") for file in files[::2]),
            *(clients[1].put_bytes(file.read_bytes(), "/one") for file in files[1::2]),
        )
        done.set()
        reads = await reading
        there = await clients[2].stat("/one")
        # Not the version that is there: to write it again changes nothing, the tag neither, so one more may follow.
        others = [file for file in files if digest_of(file) != (there.sha256 or b"").hex()]
        outcomes = await asyncio.gather(
            *(
                clients[number % 2].put_bytes(file.read_bytes(), "/one", if_match=there.etag)
                for number, file in enumerate(others)
            ),
            return_exceptions=True,
        )
        refused = sum(isinstance(outcome, PreconditionFailedError) for outcome in outcomes)
        won = [outcome for outcome in outcomes if isinstance(outcome, Written)]
        left = hashlib.sha256(await clients[2].get_bytes("/one")).digest()
        if refused != versions - 2 or len(won) != 1 or won[0].entry.sha256 != left:
            raise AssertionError(f"If-Match let {len(won)} through and refused {refused}")
    finally:
        for client in clients:
            await client.close()
    return (
        f"{versions} writers to one path, {reads} reads meanwhile: always one whole version; If-Match let one through"
    )


def prove_writers(folder: Path, *, writers: int, seed: int) -> str:
    """Writers to one path at once: whoever reads gets one whole version; and `If-Match` lets one of them through."""
    server = started(folder)
    try:
        token, chance = Caller(server).token, random.Random(seed)  # noqa: S311 - repeatable, not secret
        return f"{asyncio.run(_write_at_once(server, token, folder, writers, chance))} (seed {seed})"
    finally:
        server.kill()
