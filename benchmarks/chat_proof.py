"""Proof about chat: whatever happens to the connections, each message arrives once and in order.

Run by `benchmarks.proofs`.
"""

import asyncio
import os
import random
import time
from contextlib import aclosing
from pathlib import Path

from secure_file_transfer import AsyncClient
from secure_file_transfer.testing.process import ServerProcess
from secure_file_transfer.testing.proxy import FaultProxy, Harm

from .proofs import MIB, PASSWORD, Caller

NAMES = ("ada", "bob")
_SECONDS = 300.0
_FILE = 4 * MIB
_RATE = 8 * MIB
"""What moves meanwhile: a file, and bytes a second."""


class _Side:
    """One of the two who talk: it sends its messages, and follows the conversation from its beginning."""

    def __init__(self, name: str, client: AsyncClient, number: int, count: int, total: int) -> None:
        self.name, self.client, self.number = name, client, number
        self.count, self.total = count, total
        self.sent = 0
        self.heard: list[tuple[int, str, str]] = []

    async def talk(self) -> None:
        """Say all of it, one after the other."""
        for number in range(self.count):
            await self.client.send_message(self.number, f"{self.name} {number}")
            self.sent += 1

    async def listen(self) -> None:
        """Hear all that both say."""
        async with aclosing(self.client.follow_chat(self.number, 0)) as following:
            async for news in following:
                self.heard += [(each.sequence, each.sender, each.text) for each in news.messages]
                if len(self.heard) >= self.total:
                    return


async def _cut(proxy: FaultProxy, sides: list[_Side], cuts: int, chance: random.Random) -> int:
    """Cut every connection so many times while they talk; how many connections that were."""
    total = sum(side.count for side in sides)
    points = sorted(chance.sample(range(1, total), cuts))
    severed = 0
    for point in points:
        while sum(side.sent for side in sides) < point:  # noqa: ASYNC110 - a count that two tasks move
            await asyncio.sleep(0.001)
        await asyncio.sleep(chance.random() * 0.01)  # somewhere within a request, or between two
        severed += proxy.open
        await asyncio.to_thread(proxy.cut_all)
    return severed


async def _move(server: ServerProcess, token: str, over: asyncio.Event) -> int:
    """Send files meanwhile; how many bytes."""
    moved, data = 0, os.urandom(_FILE)
    client = AsyncClient("127.0.0.1", server.port, cafile=server.cafile, token=token, timeout=60, limit=_RATE)
    async with client:
        while not over.is_set():
            await client.put_bytes(data, "/meanwhile")
            moved += _FILE
    return moved


async def _conversation(
    server: ServerProcess, proxy: FaultProxy, messages: int, cuts: int, chance: random.Random
) -> tuple[list[_Side], int, int]:
    """Both sides when all is said and heard, how many connections were cut, and how many bytes moved meanwhile."""
    tokens = [Caller(server, name).token for name in NAMES]
    one, other = (
        AsyncClient("127.0.0.1", proxy.port, cafile=server.cafile, token=token, timeout=20) for token in tokens
    )
    over = asyncio.Event()
    moving = asyncio.create_task(_move(server, tokens[0], over))
    try:
        async with one, other, asyncio.timeout(_SECONDS):
            number = (await one.open_chat(NAMES[1])).number
            pairs = zip(NAMES, (one, other), strict=True)
            sides = [_Side(name, client, number, messages // 2, messages) for name, client in pairs]
            async with asyncio.TaskGroup() as group:
                for side in sides:
                    group.create_task(side.listen())
                    group.create_task(side.talk())
                cutting = group.create_task(_cut(proxy, sides, cuts, chance))
    finally:
        over.set()
        moved = await moving
    return sides, cutting.result(), moved


def prove_chat(folder: Path, *, messages: int, cuts: int, seed: int) -> str:
    """Two people talk while files move and all connections of the two are cut again and again.

    Each hears each message once, in one order.
    """
    messages -= messages % 2
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    server = ServerProcess(folder / "server", env={"SFT_CHAT_RATE": "1000000"})
    for name in NAMES:
        server.add_user(name, PASSWORD)
    with server, FaultProxy(server.port, Harm()) as proxy:
        since = time.monotonic()
        sides, severed, moved = asyncio.run(_conversation(server, proxy, messages, cuts, chance))
        seconds, opened = time.monotonic() - since, proxy.connections
    one, other = sides
    if [sequence for sequence, _, _ in one.heard] != list(range(1, messages + 1)):
        raise AssertionError(f"what {one.name} heard has gaps, repetitions or another order (seed {seed})")
    if one.heard != other.heard:
        raise AssertionError(f"the two did not hear the same (seed {seed})")
    for side in sides:
        said = [text for _, sender, text in one.heard if sender == side.name]
        if said != [f"{side.name} {number}" for number in range(side.count)]:
            raise AssertionError(f"what {side.name} said did not arrive once and in order (seed {seed})")
    if not moved:
        raise AssertionError("no file went meanwhile")
    if severed < 2 * cuts:
        raise AssertionError(f"only {severed} connections were cut (seed {seed})")
    return (
        f"{messages} messages of two people, all connections cut {cuts} times ({severed} of {opened} connections), "
        f"seed {seed}: each arrived once and in order on both sides, in {seconds:.1f} s, while {moved // MIB} MiB of "
        "files went to the server"
    )
