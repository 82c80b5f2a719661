"""Proof that transfers go on where they were when either side is killed. Run by `benchmarks.proofs`."""

import http.client
import json
import os
import random
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.testing.process import ServerProcess, sft_command
from secure_file_transfer.testing.proxy import FaultProxy, Harm

from .engine_proofs import digest_of, random_file
from .proofs import MIB, Caller, say, started

_SECONDS = 600.0
"""A transfer that takes longer has come to a halt."""
_FAR = Harm(latency=0.05, window=128 << 10)
"""A long way, so that all are under way when something is killed."""
_OVERHEAD = 1.003
"""What TLS and HTTP add."""
_HANDSHAKE = 16 << 10


class Transfer:
    """One `sft put` or `sft get` through a proxy of its own, which counts its bytes and connections."""

    def __init__(self, server: ServerProcess, folder: Path, token: str, name: str, direction: str, size: int) -> None:
        """Not begun."""
        self.name, self.direction, self.size = name, direction, size
        self.proxy = FaultProxy(server.port, _FAR)
        self.local = folder / f"{direction}-{name}"
        self.log = folder / f"{name}.log"
        self.digest = ""
        self.broken = 0
        """How many connections were open when something was killed, all in all."""
        self._seen = 0
        self._env = {**os.environ, "SFT_CAFILE": str(server.cafile), "SFT_TOKEN": token, "NO_COLOR": "1"}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Begin, or begin again, with the same words."""
        self._seen = self.moved
        words = (
            ["put", str(self.local), f"/{self.name}"]
            if self.direction == "up"
            else ["get", f"/{self.name}", str(self.local)]
        )
        command = [*sft_command(), *words, "--server", f"https://127.0.0.1:{self.proxy.port}"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    @property
    def moved(self) -> int:
        """Bytes on the wire so far, in its direction."""
        return self.proxy.passed[self.direction]

    @property
    def ended(self) -> bool:
        """Whether it is over.

        Raises:
            AssertionError: it failed.
        """
        code = self._process.poll() if self._process else None
        if code:
            raise AssertionError(f"{self.name} ended with {code}: {self.log.read_text()[-1000:]}")
        return code == 0

    def far_on(self, count: int) -> bool:
        """Whether so many bytes have moved since the last start or kill."""
        return self.ended or self.moved - self._seen >= count

    def mark(self) -> None:
        """Something is killed: what is under way on the open connections may have to go again."""
        self._seen = self.moved
        self.broken += self.proxy.open

    def kill(self) -> None:
        """Kill -9."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def judged(self, block: int) -> tuple[float, float]:
        """What moved, in sizes of the file; and what moved twice, in largest blocks for a connection that broke.

        Raises:
            AssertionError: it was more than that.
        """
        again = self.moved - self.size * _OVERHEAD - _HANDSHAKE * self.proxy.connections
        if again > block * self.broken:
            raise AssertionError(f"{self.name}: {again / MIB:.1f} MiB moved twice, {self.broken} connections broke")
        return self.moved / self.size, again / (block * self.broken) if self.broken else 0.0


def _until(what: str, transfers: list[Transfer], count: int) -> None:
    """Wait until each of them has moved so many bytes more, or is done."""
    deadline = time.monotonic() + _SECONDS
    while not all(each.far_on(count) for each in transfers):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: {[each.name for each in transfers if not each.far_on(count)]} do not move")
        time.sleep(0.005)


def _prepared(server: ServerProcess, folder: Path, caller: Caller, count: int, size: int) -> list[Transfer]:
    """Half go up, half come down; the server has what comes down already."""
    found = []
    for number in range(count):
        direction = "down" if number % 2 else "up"
        each = Transfer(server, folder, caller.token, f"file-{number}", direction, size)
        random_file(source := each.local if direction == "up" else folder / "source", size)
        if direction == "down":
            with SecureFileTransferClient("127.0.0.1", server.port, cafile=server.cafile, token=caller.token) as client:
                client.send_file(source, f"/{each.name}")
        each.digest = digest_of(source)
        found.append(each)
    return found


def _largest_block(caller: Caller, name: str) -> int:
    status, answer = caller.call("GET", f"/api/v1/manifests/{name}", None, caller.headers())
    if status != http.client.OK:
        raise AssertionError(f"{name}: {status}: {answer!r}")
    lengths: list[int] = [length for _, length in json.loads(answer)["blocks"]]
    return max(lengths)


def _kill(server: ServerProcess, transfers: list[Transfer], chance: random.Random) -> int:
    """Kill the server and start it again, and then a third of the clients; returns how many of these there were."""
    for each in transfers:
        each.mark()
    server.kill()
    server.start()
    _until("after the server's restart", transfers, MIB)
    running = [each for each in transfers if not each.ended]
    chosen = chance.sample(running, -(-len(running) // 3))
    for each in chosen:
        each.mark()
        each.kill()
        each.start()
    return len(chosen)


def prove_restarts(folder: Path, *, transfers: int, kills: int, seed: int, size: int) -> str:
    """The server and clients are killed in the middle of transfers: all end well, and none starts over."""
    chance, killed = random.Random(seed), 0  # noqa: S311 - repeatable, not secret
    server = started(folder)
    with ExitStack() as stack:
        stack.callback(server.kill)
        caller = Caller(server)
        every = _prepared(server, folder, caller, transfers, size)
        for each in every:
            stack.enter_context(each.proxy)
            stack.callback(each.start().kill)
        for turn in range(kills):
            _until("before a kill", every, size // (kills + 2) // 2)
            killed += _kill(server, every, chance)
            running = sum(not each.ended for each in every)
            say(f"kill {turn + 1}: {running} of {transfers} under way, {killed} clients killed so far")
        _until("the end", every, 1 << 62)
        if not killed:
            raise AssertionError("nothing was under way at the kills: this proved nothing")
        results = [each.judged(_largest_block(caller, each.name)) for each in every]
        for each in every:
            if not caller.digest(each.name) == digest_of(each.local) == each.digest:
                raise AssertionError(f"{each.name} is not what was sent")
    most, worst = (max(column) for column in zip(*results, strict=True))
    return (
        f"{transfers} transfers of {size / MIB:.0f} MiB, seed {seed}, server killed {kills} times and clients {killed}"
        f" times: all whole; at most {most:.2f} of a file moved, {worst:.2f} of a block again for a connection"
    )
