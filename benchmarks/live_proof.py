"""Proof that an operator sees, ends and warns many clients at once, and what that costs the server.

Run by `benchmarks.proofs`. The clients upload at a steady pace from a few processes, so the server moves the same
bytes in both runs: one with the live layer and an operator who watches, one without either. What the layer costs is
the difference of the server's own processor time. Clocks are those of one computer, so moments can be compared.
"""

import asyncio
import functools
import multiprocessing
import os
import shutil
import ssl
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from secure_file_transfer import AsyncClient
from secure_file_transfer.client import LiveEvent
from secure_file_transfer.config import load
from secure_file_transfer.model import Role
from secure_file_transfer.server.house import House
from secure_file_transfer.testing.process import ServerProcess

from .proofs import PASSWORD, say

LIMIT = 1.0
"""Seconds, as promised."""
COST = 0.05
"""Of one core, as `top` shows it; what that is of the work without the layer is told beside it."""
RAMP = 3.0
"""Seconds until all clients have begun, and so many of a run that are left for what the operator does."""
LATE = 2.0
"""Seconds by which the slowest client may miss its pace before two runs are not the same work."""
PIECE = 64 * 1024
PROCESSES = 4
ACTS = 5
"""Clients that are ended, and as many that are warned."""
_BARE = """
import sys
from secure_file_transfer.services.presence import Presence
Presence.seen = Presence.begun = Presence.left = lambda *_, **__: None
from secure_file_transfer.frontends.cli import main
sys.exit(main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Load:
    """What the clients do: so many bytes a second each, for so long."""

    port: int
    cafile: Path
    rate: int
    seconds: float


@dataclass
class Outcome:
    """One upload: when it began and ended, by the clock of the computer, and what the server answered."""

    began: float = 0.0
    ended: float = 0.0
    sent: int = 0
    status: bytes = b""


async def _upload(load: Load, token: str, late: float, context: ssl.SSLContext) -> Outcome:
    await asyncio.sleep(late)
    reader, writer = await asyncio.open_connection("127.0.0.1", load.port, ssl=context, server_hostname="localhost")
    size = int(load.rate * load.seconds) // PIECE * PIECE
    head = f"PUT /api/v1/files/f-{token[4:12]} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    done = Outcome(time.monotonic())
    with suppress(OSError):
        writer.write(f"{head}Content-Length: {size}\r\n\r\n".encode())
        answer = asyncio.ensure_future(reader.readline())
        while done.sent < size and not answer.done():
            writer.write(bytes(PIECE))
            await writer.drain()
            done.sent += PIECE
            await asyncio.wait([answer], timeout=max(0.0, done.began + done.sent / load.rate - time.monotonic()))
        done.status = await answer
    done.ended = time.monotonic()
    writer.transport.abort()
    return done


def _process(load: Load, tokens: Sequence[str]) -> list[Outcome]:
    """Some of the clients. They do not all begin in the same moment."""

    async def work() -> list[Outcome]:
        context = ssl.create_default_context(cafile=str(load.cafile))
        step = 2.0 / max(1, len(tokens))
        return await asyncio.gather(*(_upload(load, each, at * step, context) for at, each in enumerate(tokens)))

    return asyncio.run(work())


@dataclass
class Watching:
    """What the operator sees: of each session, when which state was told, and how far it was."""

    seen: dict[str, list[tuple[float, str, int]]] = field(default_factory=dict)

    def hear(self, event: LiveEvent) -> None:
        """One more."""
        if event.topic == "clients":
            state = "left" if event.kind == "left" else str(event.data["state"])
            moment = (time.monotonic(), state, int(event.data["bytes"]))
            self.seen.setdefault(str(event.data["id"]), []).append(moment)

    def first(self, session: str, after: float, state: str) -> float:
        """How long after a moment a state was first told."""
        found = [at for at, told, _ in self.seen.get(session, ()) if at >= after and told == state]
        return (found[0] - after) if found else float("inf")

    def over(self, session: str, ended: float) -> float:
        """How long after its end it was told to rest; that may come before its client has read the answer."""
        at, state, _ = self.seen[session][-1]
        return max(0.0, at - ended) if state == "idle" else float("inf")

    def gap(self, session: str, begin: float, end: float) -> float:
        """The longest time in which nothing was told of it while it moved."""
        moments = [at for at, _, _ in self.seen.get(session, ()) if begin <= at <= end]
        return max((b - a for a, b in zip([begin, *moments], [*moments, end], strict=True)), default=end - begin)


@dataclass(frozen=True)
class Crowd:
    """A server and the sessions of its clients: their numbers and tokens."""

    server: ServerProcess
    sessions: list[tuple[str, str]]
    boss: str


def _crowd(folder: Path, clients: int, command: Sequence[str]) -> Crowd:
    server = ServerProcess(folder / "data", env={"SFT_PROFILES": str(folder / "profiles.json")}, command=command)
    house = House(load(data_dir=server.data_dir, host="127.0.0.1", port=0))
    try:
        open_for = functools.partial(house.sessions.open_for, door="http", address="127.0.0.1", agent="proof")
        people = [house.accounts.create(f"person-{number}", PASSWORD) for number in range(min(10, clients))]
        signed = [open_for(people[number % len(people)]) for number in range(clients)]
        boss = open_for(house.accounts.create("boss", PASSWORD, Role.ADMIN))
    finally:
        house.close()
    return Crowd(server.start(), [(str(each.session.id), each.token) for each in signed], boss.token)


class Operator:
    """An operator at work, with what is seen, done and heard."""

    def __init__(self, crowd: Crowd) -> None:
        """Chooses whom to end and whom to warn."""
        self.watching = Watching()
        self.told, self.kicks, self.warnings = dict[str, float](), dict[str, float](), dict[str, float]()
        self._crowd = crowd
        step = max(1, len(crowd.sessions) // (2 * ACTS))
        self._victims = crowd.sessions[::step][:ACTS]
        self._warned = [each for each in crowd.sessions[1::step] if each not in self._victims][:ACTS]

    def _client(self, token: str) -> AsyncClient:
        server = self._crowd.server
        return AsyncClient("127.0.0.1", server.port, cafile=server.cafile, token=token, timeout=60)

    async def _watch(self) -> None:
        async with self._client(self._crowd.boss) as client:
            async for event in client.events(topics=["clients"]):
                self.watching.hear(event)

    async def _receive(self, session: str, token: str) -> None:
        async with self._client(token) as client:
            async for event in client.events(topics=["warnings"]):
                if event.topic == "warnings":
                    self.told.setdefault(session, time.monotonic())

    async def _act(self) -> None:
        async with self._client(self._crowd.boss) as client:
            await client.clients()  # the handshake is not what is measured
            for session, _ in self._victims:
                self.kicks[session] = time.monotonic()
                await client.kick(session, reason="the proof")
            for session, _ in self._warned:
                self.warnings[session] = time.monotonic()
                await client.warn(session, "the proof")

    async def work(
        self, run: "Callable[[], Awaitable[list[Outcome]]]", calm: Awaitable[float]
    ) -> tuple[list[Outcome], float]:
        """Watch a run from before its begin until after its end; act once the `calm` is over, and tell what it told."""
        listening = [asyncio.create_task(self._watch())]
        listening += [asyncio.create_task(self._receive(*each)) for each in self._warned]
        try:
            await asyncio.sleep(2)
            running = asyncio.ensure_future(run())
            took = await calm
            await self._act()
            outcomes = await running
            await asyncio.sleep(2)
            return outcomes, took
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)


def _measured(sessions: Sequence[tuple[str, str]], done: Sequence[Outcome], operator: Operator) -> dict[str, float]:
    """The slowest of each kind, in seconds."""
    watching, kicks = operator.watching, operator.kicks
    outcomes = dict(zip((session for session, _ in sessions), done, strict=True))
    kept = {session: each for session, each in outcomes.items() if session not in kicks}
    if bad := [each.status for each in kept.values() if not each.status.startswith(b"HTTP/1.1 201")]:
        raise AssertionError(f"{len(bad)} uploads failed, such as {bad[0]!r}")
    if wrong := [session for session in kicks if not outcomes[session].status.startswith(b"HTTP/1.1 401")]:
        raise AssertionError(f"somebody who was ended was not told: {outcomes[wrong[0]]}")
    begun = [watching.first(session, each.began, "uploading") for session, each in outcomes.items()]
    told, never = operator.told, float("inf")
    return {
        "begin": max(begun),
        "typical begin": statistics.median(begun),
        "end": max(watching.over(session, each.ended) for session, each in kept.items()),
        "progress": max(watching.gap(session, each.began, each.ended) for session, each in kept.items()),
        "kick": max(outcomes[session].ended - at for session, at in kicks.items()),
        "warn": max(told.get(session, never) - at for session, at in operator.warnings.items()),
    }


def _processor(pid: int) -> float:
    """Seconds of processor time that a process has taken (Linux)."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


async def _calm(pid: int, seconds: float) -> float:
    """What share of a core a process takes once all clients have begun, and before anybody is ended or warned."""
    await asyncio.sleep(RAMP)
    before, begin = _processor(pid), time.monotonic()
    await asyncio.sleep(seconds - 2 * RAMP)
    return (_processor(pid) - before) / (time.monotonic() - begin)


def _on_pace(done: Sequence[Outcome], seconds: float) -> None:
    """Raises AssertionError: the clients were not served as fast as they asked, so they were not the same work."""
    slowest = max(each.ended - each.began for each in done)
    if slowest > seconds + LATE:
        raise AssertionError(f"this machine is too busy to measure: an upload took {slowest:.1f} s, not {seconds:.0f}")


def _run(folder: Path, load: tuple[int, int, float], *, live: bool, paced: bool) -> tuple[float, dict[str, float]]:
    """Of so many clients, at a rate, for so long: the share of a core that the server takes, and what was measured."""
    clients, rate, seconds = load
    with ExitStack() as stack:
        folder.mkdir()
        crowd = _crowd(folder, clients, () if live else [sys.executable, "-c", _BARE])
        stack.callback(shutil.rmtree, folder)
        stack.callback(crowd.server.kill)
        load_ = Load(crowd.server.port, crowd.server.cafile, rate, seconds)
        context = multiprocessing.get_context("spawn")
        # All of them are there before the clock runs.
        meet = context.Barrier(PROCESSES).wait
        pool = stack.enter_context(ProcessPoolExecutor(PROCESSES, context, initializer=meet))
        list(pool.map(_process, [load_] * PROCESSES, [()] * PROCESSES))
        shares = [crowd.sessions[at::PROCESSES] for at in range(PROCESSES)]

        async def everybody() -> list[Outcome]:
            loop = asyncio.get_running_loop()
            work = [loop.run_in_executor(pool, _process, load_, [token for _, token in share]) for share in shares]
            each = [iter(found) for found in await asyncio.gather(*work)]
            return [next(each[at % PROCESSES]) for at in range(clients)]

        async def work(operator: Operator) -> tuple[list[Outcome], float]:
            calm = _calm(crowd.server.pid, seconds)
            if live:
                return await operator.work(everybody, calm)
            running = asyncio.ensure_future(everybody())
            took = await calm
            return await running, took

        operator = Operator(crowd)
        done, took = asyncio.run(work(operator))
        measured = _measured(crowd.sessions, done, operator) if live else {}
        if paced:
            _on_pace(done, seconds)
        return took, measured


def prove_live(
    folder: Path, *, clients: int, rate: int, seconds: float, pairs: int = 1, cost: float | None = COST
) -> str:
    """So many uploads at once under an operator's eyes: every change, kick and warning within a second, for little.

    `rate` is that of each, in bytes a second. With and without the layer take turns, `pairs` times, and the median is
    judged. With `cost` None the processor's time is told and not judged.
    """
    load, slowest = (clients, rate, seconds), dict[str, float]()
    bare, live, judged = list[float](), list[float](), cost is not None
    for pair in range(pairs):
        say(f"{clients} clients without the live layer, and with an operator who watches: {pair + 1} of {pairs}")
        bare.append(_run(folder / "bare", load, live=False, paced=judged)[0])
        took, measured = _run(folder / "live", load, live=True, paced=judged)
        live.append(took)
        slowest = {name: max(value, slowest.get(name, 0.0)) for name, value in measured.items()}
    said = ", ".join(f"{name} {value * 1000:.0f} ms" for name, value in slowest.items())
    base, more = statistics.median(bare), statistics.median(b - a for a, b in zip(bare, live, strict=True))
    text = (
        f"{clients} clients at {rate // 1024} KiB/s each; slowest: {said}; processor: {more:+.1%} of a core, where the "
        f"server without it takes {base:.1%}, so {more / base:+.1%} ({pairs} pairs)"
    )
    if late := {name: value for name, value in slowest.items() if value >= LIMIT}:
        raise AssertionError(f"late: {sorted(late)}; {text}")
    if cost is not None and more > cost:
        raise AssertionError(text)
    return text
