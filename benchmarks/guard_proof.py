"""Proof about guesses: a thousand wrong passwords from fifty sources. Run by `benchmarks.proofs`."""

import asyncio
import http.client
import ssl
import threading
import time
from collections import Counter
from pathlib import Path

import aiohttp

from .proofs import MIB, PASSWORD, USER, Caller, say, started

SOURCES = 50
SOURCE_BUDGET, ACCOUNT_BUDGET = 10, 30
KEEPS = 0.8
"""What a signed-in client keeps of its throughput at least."""


def prove_guesses(folder: Path, *, guesses: int, seconds: float) -> str:
    """Guess at one account, then at one name after another, at full speed, while somebody signed in uploads."""
    server = started(folder)
    try:
        caller = Caller(server)
        idle = _rate(caller, seconds, None)
        say(f"alone: {idle:.0f} MiB/s")
        flood = threading.Event()
        seen: Counter[int] = Counter()

        def attack() -> None:
            seen.update(asyncio.run(_guess(server.url, server.cafile, guesses, flood)))

        thread = threading.Thread(target=attack)
        thread.start()
        flood.wait(30)
        under = _rate(caller, seconds, thread)
        thread.join()
    finally:
        server.stop()
    tried, refused = seen[http.client.UNAUTHORIZED], seen[http.client.TOO_MANY_REQUESTS]
    if seen.total() != guesses or tried + refused != guesses or tried > SOURCES * SOURCE_BUDGET:
        raise AssertionError(f"budgets do not hold: {dict(seen)}")
    share = under / idle
    told = f"{guesses} guesses from {SOURCES} sources: {tried} tried, {refused} refused; "
    told += f"a signed-in client keeps {share:.0%} of {idle:.0f} MiB/s"
    if share < KEEPS:
        raise AssertionError(told)
    return told


def _rate(caller: Caller, seconds: float, until: threading.Thread | None) -> float:
    """MiB/s of uploads, one after another: for some seconds, or as long as somebody works."""
    body, sent, began = bytes(16 * MIB), 0, time.monotonic()
    while (until is not None and until.is_alive()) or time.monotonic() - began < (seconds if until is None else 0.1):
        if caller.put("load", body, len(body)) not in {http.client.CREATED, http.client.OK}:
            raise AssertionError("the signed-in client was refused")
        sent += 16
    return sent / (time.monotonic() - began)


async def _guess(url: str, cafile: Path, guesses: int, begun: threading.Event) -> Counter[int]:
    """Half of them at one account, half at names that are none; each source is an address of the loopback network."""
    context = ssl.create_default_context(cafile=cafile)
    seen: Counter[int] = Counter()

    async def source(number: int) -> None:
        connector = aiohttp.TCPConnector(ssl=context, local_addr=(f"127.0.1.{number + 1}", 0), limit=4)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def one(turn: int) -> None:
                name = USER if turn % 2 else f"nobody-{number}-{turn}"
                values = {"name": name, "password": PASSWORD + "?"}
                async with session.post(f"{url}/api/v1/sessions", json=values) as answer:
                    seen[answer.status] += 1
                    begun.set()

            await asyncio.gather(*(one(turn) for turn in range(guesses // SOURCES)))

    await asyncio.gather(*(source(number) for number in range(SOURCES)))
    return seen
