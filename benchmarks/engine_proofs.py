"""Proofs of the client's engine; run by `benchmarks.proofs`."""

import asyncio
import hashlib
import os
import shutil
from pathlib import Path

from secure_file_transfer import AsyncClient
from secure_file_transfer.testing.process import ServerProcess

from .proofs import MIB, PASSWORD, USER, started


async def _client(server: ServerProcess) -> AsyncClient:
    client = AsyncClient("127.0.0.1", server.port, cafile=server.cafile, username=USER, password=PASSWORD, timeout=20)
    await client.whoami()
    return client


def random_file(path: Path, total: int) -> None:
    """A new file of so many random bytes."""
    with path.open("wb") as stream:
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

        random_file(path, total)
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


def digest_of(path: Path) -> str:
    """SHA-256 of one file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
