"""Proofs that take longer than tests may: each is a command, and each has a short version in the tests.

.venv/bin/python -m benchmarks.proofs roundtrip    1 GiB, 10,000 small files and odd names: CLI, library, curl
.venv/bin/python -m benchmarks.proofs kill         kill -9 in the middle of uploads, 20 times
.venv/bin/python -m benchmarks.proofs memory       the server's memory while 4 GiB go up and down
.venv/bin/python -m benchmarks.proofs sealed       no plaintext on the disk; a flipped bit is never delivered
.venv/bin/python -m benchmarks.proofs delta        a changed file again: how much of it is sent
.venv/bin/python -m benchmarks.proofs cuts         connections cut at random bytes, up and down (--rounds 100)
"""

import argparse
import asyncio
import hashlib
import http.client
import json
import os
import random
import secrets
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from secure_file_transfer import AsyncClient, SecureFileTransferClient
from secure_file_transfer.testing.process import ServerProcess
from secure_file_transfer.testing.proxy import FaultProxy, Harm

from .run import digest, size, workplace

MIB = 1 << 20
USER, PASSWORD = "prover", "a long enough proof"
ODD_NAMES = (
    "with spaces in it.txt",
    "گزارش می‌خواهم ۱۴۰۵.pdf",
    "party 🎉 👨‍👩‍👧‍👦.jpg",
    "a:b 'quoted' #1 100%.txt",
    "archive.tar.gz",
    "empty",
)


class Caller:
    """A bare HTTPS caller: nothing of ours between it and the server."""

    def __init__(self, server: ServerProcess) -> None:
        """Signs in."""
        self.server = server
        self.context = ssl.create_default_context(cafile=str(server.cafile))
        body = json.dumps({"name": USER, "password": PASSWORD})
        status, answer = self.call("POST", "/api/v1/sessions", body, {"Content-Type": "application/json"})
        if status != http.client.CREATED:
            raise AssertionError(f"sign-in: {status}: {answer!r}")
        self.token: str = json.loads(answer)["token"]

    def connect(self) -> http.client.HTTPSConnection:
        """A new connection."""
        return http.client.HTTPSConnection("127.0.0.1", self.server.port, context=self.context, timeout=60)

    def headers(self) -> dict[str, str]:
        """Who asks."""
        return {"Authorization": f"Bearer {self.token}"}

    def call(
        self, method: str, path: str, body: str | bytes | Iterator[bytes] | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """One request on its own connection."""
        connection = self.connect()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def put(self, name: str, body: bytes | Iterator[bytes], length: int) -> int:
        """Upload; returns the status."""
        headers = {**self.headers(), "Content-Length": str(length)}
        return self.call("PUT", f"/api/v1/files/{quote(name)}", body, headers)[0]

    def digest(self, name: str) -> str:
        """Download, and hash what arrives."""
        connection = self.connect()
        try:
            connection.request("GET", f"/api/v1/files/{quote(name)}", headers=self.headers())
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise AssertionError(f"{name}: {response.status}: {response.read()!r}")
            total = hashlib.sha256()
            while piece := response.read(MIB):
                total.update(piece)
            return total.hexdigest()
        finally:
            connection.close()

    def names(self) -> list[str]:
        """What is in the root folder."""
        status, answer = self.call("GET", "/api/v1/folders/?limit=10000", None, self.headers())
        if status != http.client.OK:
            raise AssertionError(f"listing: {status}: {answer!r}")
        return [entry["name"] for entry in json.loads(answer)["entries"]]


def started(folder: Path, **env: str) -> ServerProcess:
    """A server with one account."""
    server = ServerProcess(folder / "data", env={"SFT_PROFILES": str(folder / "profiles.json"), **env})
    server.add_user(USER, PASSWORD)
    return server.start()


def say(text: str) -> None:
    """Progress, for people."""
    print(text, file=sys.stderr, flush=True)


# --- kill -9 ----------------------------------------------------------------------------------------------------


class Uploads:
    """Threads that upload random files without pause, and know which of them were acknowledged."""

    def __init__(self, caller: Caller, turn: int, seed: int) -> None:
        """`turn` makes the names unique."""
        self.caller, self.turn = caller, turn
        self.tried: dict[str, str] = {}
        self.acknowledged: set[str] = set()
        self.begun = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._work, args=(lane, seed + lane)) for lane in range(4)]
        for thread in self._threads:
            thread.start()

    def _work(self, lane: int, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        for number in range(10_000):
            body = chance.randbytes(chance.choice((0, 100, 4096, 40_000, 3 * MIB, 9 * MIB)))
            name = f"{self.turn}-{lane}-{number}"
            self.tried[name] = hashlib.sha256(body).hexdigest()
            self.begun.release()
            try:
                status = self.caller.put(name, body, len(body))
            except (OSError, http.client.HTTPException):
                return  # the server is gone
            if status != http.client.CREATED:
                raise AssertionError(f"{name}: {status}")
            self.acknowledged.add(name)

    def wait(self) -> None:
        """Until the server has ended them all."""
        for thread in self._threads:
            thread.join()


def prove_kill(folder: Path, *, rounds: int, seed: int) -> str:
    """Kill -9 at random points: what was acknowledged is whole, nothing half is visible, ready again at once."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    tried: dict[str, str] = {}
    acknowledged: set[str] = set()
    slowest = 0.0
    server = started(folder)
    try:
        for turn in range(rounds):
            uploads = Uploads(Caller(server), turn, chance.getrandbits(32))
            for _ in range(chance.randrange(8, 60)):
                uploads.begun.acquire()
            server.kill()
            uploads.wait()
            tried |= uploads.tried
            acknowledged |= uploads.acknowledged
            server.start()
            slowest = max(slowest, server.ready_seconds)
            caller = Caller(server)
            names = set(caller.names())
            if lost := acknowledged - names:
                raise AssertionError(f"acknowledged and gone: {sorted(lost)}")
            for name in names & set(uploads.tried):
                if caller.digest(name) != tried[name]:
                    raise AssertionError(f"{name} is not what was sent")
            say(f"kill {turn + 1}: {len(uploads.acknowledged)} acknowledged, ready in {server.ready_seconds:.2f} s")
        caller = Caller(server)
        for name in caller.names():
            if caller.digest(name) != tried[name]:
                raise AssertionError(f"{name} is not what was sent")
    finally:
        server.kill()
    if not acknowledged:
        raise AssertionError("nothing was acknowledged: this proved nothing")
    return (
        f"{rounds} kills, seed {seed}: {len(acknowledged)} acknowledged files of {len(tried)} tried, all whole; "
        f"ready again in at most {slowest:.2f} s"
    )


# --- memory -----------------------------------------------------------------------------------------------------


def prove_memory(folder: Path, *, total: int) -> str:
    """The server's resident memory while one big file goes up and down, above what it was before."""
    server = started(folder)
    try:
        caller = Caller(server)
        caller.put("warm-up", bytes(100), 100)
        caller.digest("warm-up")
        server.forget_peak()
        idle = server.memory()
        sent = hashlib.sha256()

        def body() -> Iterator[bytes]:
            for _ in range(total // MIB):
                piece = secrets.token_bytes(MIB)
                sent.update(piece)
                yield piece

        if caller.put("big", body(), total // MIB * MIB) != http.client.CREATED:
            raise AssertionError("the upload was refused")
        up = server.peak_memory() - idle
        if caller.digest("big") != sent.hexdigest():
            raise AssertionError("what came down is not what went up")
        peak = server.peak_memory() - idle
    finally:
        server.kill()
    if peak > 64 * MIB:
        raise AssertionError(f"memory grew by {peak / MIB:.0f} MiB (up: {up / MIB:.0f} MiB)")
    return f"{total / (1 << 30):.2f} GiB up and down: memory grew by {peak / MIB:.1f} MiB (up: {up / MIB:.1f} MiB)"


# --- sealed -----------------------------------------------------------------------------------------------------


def prove_sealed(folder: Path, *, flips: int, seed: int) -> str:
    """No plaintext in the data directory; a flipped bit in a stored block is reported and never delivered."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    marker = b"The quick brown fox jumps over the sealed dog. "
    bodies = {"small": marker * 20, "medium": marker * 5000, "large": marker * 200_000}
    server = started(folder)
    try:
        caller = Caller(server)
        for name, body in bodies.items():
            caller.put(name, body, len(body))
        found = [str(path) for path in server.data_dir.rglob("*") if path.is_file() and marker in path.read_bytes()]
        if found:
            raise AssertionError(f"plaintext in {found}")
        blobs = [path for path in (server.data_dir / "blobs").rglob("*") if path.is_file()]
        if not blobs:
            raise AssertionError("no stored blocks: this proved nothing")
        refused = sum(_flip_refused(caller, chance.choice(blobs), bodies, chance) for _ in range(flips))
    finally:
        server.kill()
    if refused != flips:
        raise AssertionError(f"{flips - refused} of {flips} flips were not noticed")
    return f"no plaintext in {folder.name}; {flips} flipped bits, seed {seed}: every one refused"


def _flip_refused(caller: Caller, blob: Path, bodies: dict[str, bytes], chance: random.Random) -> bool:
    """Flip one bit, read everything, put the bit back; True if somebody noticed and nobody got false bytes."""
    whole = blob.read_bytes()
    at = chance.randrange(len(whole))
    blob.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
    refusals = 0
    for name, body in bodies.items():
        connection = caller.connect()
        connection.request("GET", f"/api/v1/files/{name}", headers=caller.headers())
        try:
            response = connection.getresponse()
            got = response.read()
        except http.client.IncompleteRead as cut:
            got = cut.partial
            refusals += 1
        else:
            if response.status != http.client.OK:
                refusals += json.loads(got)["code"] == "block_damaged"
                continue
        finally:
            connection.close()
        if not body.startswith(got):
            raise AssertionError(f"{name}: false bytes were delivered")
    blob.write_bytes(whole)
    return refusals > 0


# --- round trip -------------------------------------------------------------------------------------------------


def prove_roundtrip(folder: Path, *, big: int, files: int) -> str:
    """One big file, many small ones and odd names, up and down through the CLI, the library and plain curl."""
    source = folder / "source"
    (tree := source / "tree").mkdir(parents=True)
    with (source / "big.bin").open("wb") as stream:
        for start in range(0, big, 16 * MIB):
            stream.write(os.urandom(min(16 * MIB, big - start)))
    for number in range(files):
        (tree / f"{number:05}.bin").write_bytes(os.urandom(4096))
    for name in ODD_NAMES:
        (source / name).write_bytes(b"" if name == "empty" else os.urandom(10_000))
    wanted = digest(source)
    server = started(folder)
    try:
        for way in (_by_cli, _by_library, _by_curl):
            target = folder / f"back{way.__name__}"
            target.mkdir()
            way(server, source, target)
            if digest(target / "source") != wanted:
                raise AssertionError(f"{way.__name__}: what came back is different")
            shutil.rmtree(target)
            say(f"{way.__name__}: identical")
    finally:
        server.kill()
    return (
        f"{big / MIB:.0f} MiB, {files} small files and {len(ODD_NAMES)} odd names: identical by CLI, library and curl"
    )


def _by_cli(server: ServerProcess, source: Path, target: Path) -> None:
    login = ["login", server.url, "--cafile", str(server.cafile), "--user", USER, "--password-stdin"]
    server.sft(*login, text=PASSWORD + "\n")
    server.sft("put", "-r", str(source), "/")
    server.sft("get", "-r", "/source", str(target))
    server.sft("rm", "-r", "--yes", "/source")


def _by_library(server: ServerProcess, source: Path, target: Path) -> None:
    with SecureFileTransferClient(
        host="127.0.0.1", port=server.port, cafile=str(server.cafile), username=USER, password=PASSWORD
    ) as client:
        client.send_tree(source, "/source")
        client.receive_tree("/source", target / "source")
        client.remove("/source", recursive=True)


def _by_curl(server: ServerProcess, source: Path, target: Path) -> None:
    caller = Caller(server)
    header = target / "header"
    header.write_text(f"Authorization: Bearer {caller.token}")
    base = f"{server.url}/api/v1/files/source"
    paths = [path.relative_to(source) for path in source.rglob("*") if path.is_file()]
    for up in (True, False):
        lines = []
        for path in paths:
            lines.append(f'url = "{base}/{quote(str(path))}{"?parents=true" if up else ""}"')
            word, place = ("upload-file", source / path) if up else ("output", target / "source" / path)
            lines.append(f'{word} = "{place}"')
        config = target / "curl.conf"
        config.write_text("\n".join(lines))
        command = ["curl", "-sS", "--fail-early", "--fail", "--create-dirs", "--cacert", str(server.cafile)]
        subprocess.run([*command, "-H", f"@{header}", "--config", str(config)], check=True, stdout=subprocess.DEVNULL)
        config.unlink()
    header.unlink()


# --- delta and cuts ---------------------------------------------------------------------------------------------


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


# --- the command ------------------------------------------------------------------------------------------------


def main() -> int:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("proof", choices=["roundtrip", "kill", "memory", "sealed", "delta", "cuts"])
    parser.add_argument("--rounds", type=int, default=20, help="kills, flipped bits, or cuts each way")
    parser.add_argument("--size", type=size, help="bytes of the big file")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    options = parser.parse_args()
    proofs: dict[str, Callable[[Path], str]] = {
        "roundtrip": lambda folder: prove_roundtrip(folder, big=options.size or 1 << 30, files=options.files),
        "kill": lambda folder: prove_kill(folder, rounds=options.rounds, seed=options.seed),
        "memory": lambda folder: prove_memory(folder, total=options.size or 4 << 30),
        "delta": lambda folder: prove_delta(folder, total=options.size or 1 << 30),
        "cuts": lambda folder: prove_cuts(
            folder, rounds=options.rounds, seed=options.seed, total=options.size or 32 * MIB
        ),
        "sealed": lambda folder: prove_sealed(folder, flips=options.rounds, seed=options.seed),
    }
    # Kills are proven on a disk, not in memory.
    folder = Path(tempfile.mkdtemp()) if options.proof == "kill" else workplace(3 * (options.size or 4 << 30))
    try:
        print(proofs[options.proof](folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
