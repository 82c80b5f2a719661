"""Proof about guesses: a thousand wrong ones from fifty sources, at every door there is. Run by `benchmarks.proofs`.

The guesses come from a process of their own, in rounds; the upload is measured for some seconds at the beginning of
each round and just before it, and rests while the round comes to its end: hashing yields to whoever else wants the
processor, so an upload that never stops would leave it a few hashes a second, and each would wait for the other.

Every source makes twenty guesses, of which ten are its budget. So half of the thousand are tried; half of those, the
ones at passwords, cost the server a hash of 64 MiB. The others are refused before that. A minute later sources may
guess again, and more are tried.

Guessers bring their own processors, and here they share ours. So what the client could have sent is what it sent just
before, less the part of the machine that the guessing process itself took. Both figures are told.
"""

import asyncio
import http.client
import json
import multiprocessing
import os
import ssl
import statistics
import time
from base64 import b32decode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from secure_file_transfer.testing.process import ServerProcess

from .proofs import MIB, PASSWORD, USER, Caller, say, started

SOURCES = 50
SOURCE_BUDGET = 10
"""Wrong guesses a minute, as by default."""
ACCOUNT_BUDGET = 30
"""Wrong guesses an hour, as by default."""
EACH = 20
"""Guesses of each source: twice its budget."""
KEEPS = 0.8
"""What a signed-in client keeps of its throughput at least."""
_ROUNDS = (4, 3, 3, 10)
"""How many guesses each source makes in each round; the last ones find all budgets spent."""
_WITH_CODES, _NOBODY = "coder", "nobody"
_WINDOW = 58.0
"""The minute of a source's budget, less what an answer may take on its way."""


@dataclass(frozen=True)
class Guess:
    """One guess. `account` is whose budget it is for, if that of an account that is guessed at again and again."""

    source: int
    account: str | None
    path: str
    body: dict[str, str]


@dataclass(frozen=True)
class Seen:
    """What became of a guess, and when the answer came."""

    guess: Guess
    at: float
    status: int
    detail: str


def _plan(source: int, turn: int) -> Guess:
    """Ten different ones, and then the same again: three of them at accounts that all sources guess at."""

    def sign_in(name: str, password: str = PASSWORD + "?", **more: str) -> Guess:
        return Guess(source, name, "sessions", {"name": name, "password": password, **more})

    kind = turn % 10
    if kind == 0:
        return sign_in(USER)
    if kind == 1:  # the password is known; the code is what is guessed
        return sign_in(_WITH_CODES, PASSWORD, code=f"recovery-{source}-{turn}")
    if kind == 2:
        return sign_in(_NOBODY)
    if kind in {3, 4}:
        body = {"code": f"WRONG-{source}-{turn}", "name": "me", "password": PASSWORD}
        return Guess(source, None, "setup", body)
    if kind in {5, 6}:
        body = {"code": f"WRONG-{source}-{turn}", "name": "mine", "request": "-"}
        return Guess(source, None, "devices", body)
    return Guess(source, None, "sessions", {"name": f"name-{source}-{turn}", "password": PASSWORD})


# --- the guesses, in a process of their own ---------------------------------------------------------------------


def _guesser(url: str, cafile: Path, sources: int, pipe: Connection) -> None:
    """Make the guesses that come through the pipe, and say what became of them, until there are no more."""
    asyncio.run(_guess_all(url, cafile, sources, pipe))


async def _guess_all(url: str, cafile: Path, sources: int, pipe: Connection) -> None:
    context = ssl.create_default_context(cafile=cafile)

    def source(number: int) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=context, local_addr=(f"127.0.1.{number + 1}", 0), limit=4)
        return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(150))

    sessions = [source(number) for number in range(sources)]

    async def one(guess: Guess) -> Seen:
        async with sessions[guess.source].post(f"{url}/api/v1/{guess.path}", json=guess.body) as answer:
            detail = (await answer.json(content_type=None))["detail"]
            return Seen(guess, time.monotonic(), answer.status, detail)

    while guesses := await asyncio.to_thread(pipe.recv):
        pipe.send(await asyncio.gather(*map(one, guesses)))
    for session in sessions:
        await session.close()


class Flood:
    """The process that guesses."""

    def __init__(self, server: ServerProcess, sources: int) -> None:
        """Starts it."""
        spawning = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawning.Pipe()
        arguments = (server.url, server.cafile, sources, theirs)
        self._process = spawning.Process(target=_guesser, args=arguments, daemon=True)
        self._process.start()
        theirs.close()

    def begin(self, guesses: Sequence[Guess]) -> None:
        """All at once, as fast as four connections of each source go."""
        self._pipe.send(guesses)

    @property
    def processor(self) -> float:
        """Seconds of a processor that it has used."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def over(self) -> bool:
        """Whether all were answered."""
        return self._pipe.poll()

    def end(self) -> list[Seen]:
        """What became of them."""
        seen: list[Seen] = self._pipe.recv()
        return seen

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


# --- the client that is signed in -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """What went up, in MiB, in how many seconds, and what the guessing process took of the processors meanwhile."""

    sent: float
    seconds: float
    guessing: float

    @property
    def rate(self) -> float:
        """MiB/s."""
        return self.sent / self.seconds

    @property
    def left(self) -> float:
        """The part of the machine that guessers elsewhere would have left."""
        return 1 - self.guessing / (self.seconds * (os.cpu_count() or 1))


class Uploader:
    """Uploads without pause, and measures it."""

    def __init__(self, caller: Caller) -> None:
        """Signed in already."""
        self._caller = caller
        self._body = os.urandom(16 * MIB)  # always the same: what is measured is the way, not the room on the disk

    def send(self, seconds: float, flood: Flood | None = None) -> Load:
        """Upload for so long, or until the flood is over."""
        sent, began, processor = 0, time.monotonic(), flood.processor if flood else 0.0
        while time.monotonic() - began < seconds and not (flood and flood.over):
            if self._caller.put("load", self._body, len(self._body)) not in {http.client.CREATED, http.client.OK}:
                raise AssertionError("the signed-in client was refused")
            sent += 16
        return Load(sent, time.monotonic() - began, (flood.processor - processor) if flood else 0.0)


_Round = tuple[Load, Load]


# --- the proof --------------------------------------------------------------------------------------------------


def prove_guesses(
    folder: Path, *, sources: int = SOURCES, account_budget: int = ACCOUNT_BUDGET, seconds: float, keeps: float = KEEPS
) -> str:
    """Guess at accounts that are there and that are not, at codes of three kinds; upload meanwhile."""
    server = started(folder, {"SFT_GUARD_ACCOUNT_GUESSES": str(account_budget)})
    try:
        _add_second_factor(server)
        uploader, flood = Uploader(Caller(server)), Flood(server, sources)
        try:
            seen, rounds = _rounds(uploader, flood, sources, seconds)
        finally:
            flood.close()
        Caller(server)  # whoever knows the password still comes in from where they usually are
    finally:
        server.stop()
    tried = _check_budgets(seen, sources, account_budget)
    sent = sum(under.sent for _, under in rounds)
    plain = sent / sum(before.rate * under.seconds for before, under in rounds)
    share = sent / sum(before.rate * under.seconds * under.left for before, under in rounds)
    idle = statistics.median(before.rate for before, _ in rounds)
    told = f"{len(seen)} guesses from {sources} sources: {tried} tried, {len(seen) - tried} refused, "
    told += f"{account_budget} tried at each of 3 accounts; a signed-in client keeps {share:.0%} of {idle:.0f} MiB/s "
    told += f"({plain:.0%} with the guessing process on the same machine)"
    if share < keeps:
        raise AssertionError(told)
    return told


def _add_second_factor(server: ServerProcess) -> None:
    """An account whose sign-in needs a code."""
    server.add_user(_WITH_CODES, PASSWORD)
    caller = Caller(server, _WITH_CODES)

    def post(path: str, body: dict[str, str]) -> Any:
        headers = {**caller.headers(), "Content-Type": "application/json"}
        status, answer = caller.call("POST", f"/api/v1/{path}", json.dumps(body), headers)
        if status >= http.client.BAD_REQUEST:
            raise AssertionError(f"{path}: {status}: {answer!r}")
        return json.loads(answer)

    secret = b32decode(post("totp", {"password": PASSWORD})["secret"])
    post("totp/confirm", {"code": TOTP(secret, 6, SHA1(), 30).generate(int(time.time())).decode()})  # noqa: S303 - RFC 6238


def _rounds(uploader: Uploader, flood: Flood, sources: int, seconds: float) -> tuple[list[Seen], list[_Round]]:
    """What became of all guesses; what the uploader sent before each round and in it."""
    seen: list[Seen] = []
    rounds: list[_Round] = []
    turn = 0
    uploader.send(seconds / 3)  # what is slower only the first time
    for length in _ROUNDS:
        before = uploader.send(seconds)
        guesses = [_plan(source, at) for at in range(turn, turn + length) for source in range(sources)]
        turn += length
        flood.begin(guesses)
        under = uploader.send(seconds, flood)
        round_ = flood.end()
        seen += round_
        rounds.append((before, under))
        counted = Counter("refused" if each.status == http.client.TOO_MANY_REQUESTS else "tried" for each in round_)
        say(
            f"{len(round_)} guesses: {counted['tried']} tried, {counted['refused']} refused; {under.rate:.0f} of"
            f" {before.rate:.0f} MiB/s in {under.seconds:.1f} s; guessing took {1 - under.left:.0%} of the machine"
        )
    return seen, rounds


def _check_budgets(seen: Sequence[Seen], sources: int, account_budget: int) -> int:
    """Exactly the budgets were tried, of each source and each account; returns how many that is."""
    if len(seen) != sources * EACH:
        raise AssertionError(f"{len(seen)} answers to {sources * EACH} guesses")
    for each in seen:
        if each.status == http.client.TOO_MANY_REQUESTS:
            right = each.detail == "Too many wrong guesses"  # and not that the line was too long
        elif each.guess.path == "sessions":
            right = each.status == http.client.UNAUTHORIZED
        else:
            right = each.status == http.client.NOT_FOUND
        if not right:
            raise AssertionError(f"{each.guess.path}: {each.status}: {each.detail}")
    tried = [each for each in seen if each.status != http.client.TOO_MANY_REQUESTS]
    for number in range(sources):
        times = sorted(each.at for each in tried if each.guess.source == number)
        most = max(sum(0 <= at - since < _WINDOW for at in times) for since in times)
        # A slow machine may take longer than the minute, in which case there are a few more to try.
        whole = times[-1] - times[0] < _WINDOW
        if most > SOURCE_BUDGET or len(times) < SOURCE_BUDGET or (whole and len(times) != SOURCE_BUDGET):
            raise AssertionError(f"source {number}: {len(times)} guesses were tried, {most} of them within a minute")
    for name in (USER, _WITH_CODES, _NOBODY):
        count = sum(each.guess.account == name for each in tried)
        if count != account_budget:
            raise AssertionError(f"account {name}: {count} guesses were tried")
    return len(tried)
