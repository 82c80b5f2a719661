"""Proofs of the client's engine; run by `benchmarks.proofs`."""

import asyncio
import hashlib
import os
import random
import shutil
from pathlib import Path

from secure_file_transfer import AsyncClient
from secure_file_transfer.testing.process import ServerProcess
from secure_file_transfer.testing.proxy import FaultProxy, Harm

from .proofs import MIB, PASSWORD, USER, say, started


async def _client(server: ServerProcess, port: int | None = None) -> AsyncClient:
    client = AsyncClient(
        "127.0.0.1", port or server.port, cafile=server.cafile, username=USER, password=PASSWORD, timeout=20
    )
    await client.whoami()
    return client


def _random_file(path: Path, total: int, front: bytes = b"") -> None:
    with path.open("wb") as stream:
        stream.write(front)
        for start in range(0, total, 16 * MIB):
            stream.write(os.urandom(min(16 * MIB, total - start)))


async def _delta(server: ServerProcess, folder: Path, total: int) -> list[float]:
    """Shares of the file that are sent: the first time, with 1 % changed in place, with 1 KiB in the front."""
    path, shares = folder / "file", []
    async with await _client(server) as client:

        async def send() -> None:
            before = client.traffic.sent
            await client.send_file(path, "/file")
            shares.append((client.traffic.sent - before) / total)

        _random_file(path, total)
        await send()
        with path.open("r+b") as changed:
            changed.seek(total // 2)
            changed.write(os.urandom(total // 100))
        await send()
        longer = folder / "longer"
        with longer.open("wb") as stream, path.open("rb") as rest:
            stream.write(os.urandom(1024))
            shutil.copyfileobj(rest, stream, MIB)
        longer.replace(path)
        await send()
    return shares


def prove_delta(folder: Path, *, total: int) -> str:
    """Of a file that was changed, little more than the change is sent."""
    server = started(folder)
    try:
        first, changed, inserted = asyncio.run(_delta(server, folder, total))
    finally:
        server.kill()
    if not (first >= 1 and changed <= 0.03 and inserted <= 0.02):
        raise AssertionError(f"sent: {first:.2%}, 1 % changed {changed:.2%}, 1 KiB inserted {inserted:.2%}")
    return f"{total / MIB:.0f} MiB: 1 % changed in place sends {changed:.2%}, 1 KiB in the front {inserted:.2%}"


async def _cut(server: ServerProcess, folder: Path, direction: str, at: int, total: int) -> int:
    """One transfer with one cut; returns how many bytes moved beyond the file's own."""
    path, back = folder / "file", folder / "back"
    name = f"/{direction}-{at}"
    if direction == "up":
        _random_file(path, total)
    with FaultProxy(server.port, Harm(direction, [at])) as proxy:
        async with await _client(server, proxy.port) as client:
            if direction == "up":
                await client.send_file(path, name)
            else:
                await client.receive_file("/file", back)
            moved = client.traffic.sent if direction == "up" else client.traffic.received
        if proxy.happened != 1:
            raise AssertionError(f"no cut at {at}: this proved nothing")
    if direction == "up":
        async with await _client(server) as client:
            await client.receive_file(name, back)
            await client.remove(name)
    if digest_of(back) != digest_of(path):
        raise AssertionError(f"{direction}, cut at {at}: what arrived is different")
    back.unlink()
    return moved - total


def digest_of(path: Path) -> str:
    """SHA-256 of one file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


async def _cuts(server: ServerProcess, folder: Path, rounds: int, seed: int, total: int) -> int:
    chance, worst = random.Random(seed), 0  # noqa: S311 - repeatable, not secret
    for direction in ("up", "down"):
        if direction == "down":
            _random_file(folder / "file", total)
            async with await _client(server) as client:
                await client.send_file(folder / "file", "/file")
        for turn in range(rounds):
            worst = max(worst, await _cut(server, folder, direction, chance.randrange(20_000, total), total))
            if turn % 20 == 19:
                say(f"{direction}: {turn + 1} cuts")
    return worst


def prove_cuts(folder: Path, *, rounds: int, seed: int, total: int) -> str:
    """Connections that are cut anywhere: everything arrives whole, and hardly more than a block goes twice."""
    server = started(folder)
    try:
        worst = asyncio.run(_cuts(server, folder, rounds, seed, total))
    finally:
        server.kill()
    if worst > 13 * MIB:
        raise AssertionError(f"{worst / MIB:.1f} MiB went twice (seed {seed})")
    return (
        f"{rounds} cuts each way in {total / MIB:.0f} MiB, seed {seed}: all whole, {worst / MIB:.1f} MiB twice at most"
    )
