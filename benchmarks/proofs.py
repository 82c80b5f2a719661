"""Proofs that take longer than tests may: each is a command, and each has a short version in the tests.

.venv/bin/python -m benchmarks.proofs roundtrip    1 GiB, 10,000 small files and odd names: CLI, library, curl
.venv/bin/python -m benchmarks.proofs kill         kill -9 in the middle of uploads, 20 times
.venv/bin/python -m benchmarks.proofs memory       the server's memory while 4 GiB go up and down
.venv/bin/python -m benchmarks.proofs sealed       no plaintext on the disk; a flipped bit is never delivered
.venv/bin/python -m benchmarks.proofs listing      a folder of 100,000 files: a page in any order, a rename
.venv/bin/python -m benchmarks.proofs full         a full disk (root only: it mounts a small one in memory)
.venv/bin/python -m benchmarks.proofs tus-cuts     resumable uploads, cut off at 200 byte positions
.venv/bin/python -m benchmarks.proofs tus-kill     resumable uploads, through kill -9 of the server, 20 times
.venv/bin/python -m benchmarks.proofs delta        a changed file again: how much of it is sent
.venv/bin/python -m benchmarks.proofs cuts         connections cut at 200 byte positions, up and down
.venv/bin/python -m benchmarks.proofs corrupt      a byte changed on the way in 1,000 blocks, up and down
.venv/bin/python -m benchmarks.proofs restart      the server and clients killed during 20 transfers
.venv/bin/python -m benchmarks.proofs crowd        100 clients at once: is anybody starved?
.venv/bin/python -m benchmarks.proofs writers      several writers to one path at once, and If-Match
.venv/bin/python -m benchmarks.proofs guesses      1,000 wrong passwords from 50 sources, beside a signed-in upload
.venv/bin/python -m benchmarks.proofs revocation   how fast what runs is dead: 4 ways to transfer, 6 ways to end it
.venv/bin/python -m benchmarks.proofs timing       "not yours" takes as long as "not there"; no name of an account shows
.venv/bin/python -m benchmarks.proofs engine-memory  both sides' memory while 2 GiB go up and down by blocks
.venv/bin/python -m benchmarks.proofs ftps-attacks  attacks on the FTPS door, while somebody beside moves files
.venv/bin/python -m benchmarks.proofs ftps-idle    500 idle FTPS sessions: how long a listing takes beside them
.venv/bin/python -m benchmarks.proofs folder-races    folder drives while another program swaps in links (--races)
.venv/bin/python -m benchmarks.proofs folder-listing  a folder drive of 100,000 files, listed whole in every order
.venv/bin/python -m benchmarks.proofs chat         1,000 messages while both sides lose the connection 20 times
.venv/bin/python -m benchmarks.proofs events-idle  10,000 idle event connections: memory of each, a listing beside them
.venv/bin/python -m benchmarks.proofs jobs         kill -9 in the middle of copies, moves, archives and verifications
.venv/bin/python -m benchmarks.proofs web-load     the web app's first view, with nothing in the browser's cache
.venv/bin/python -m benchmarks.proofs web-folder   the web app with a folder of 100,000 files: opened, scrolled through
.venv/bin/python -m benchmarks.proofs web-upload   a large file from Chromium while the network is cut ten times
.venv/bin/python -m benchmarks.proofs web-many     10,000 small files dropped into the web app as a folder
.venv/bin/python -m benchmarks.proofs rights       who may do what by HTTP, against a model (--steps 20000)
"""

import argparse
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

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.testing import rights_machine
from secure_file_transfer.testing.process import ServerProcess

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

    token: str

    def __init__(self, server: ServerProcess, name: str = USER, *, token: str | None = None) -> None:
        """Signs in, unless there is a token."""
        self.server = server
        self.context = ssl.create_default_context(cafile=str(server.cafile))
        if token is not None:
            self.token = token
            return
        body = json.dumps({"name": name, "password": PASSWORD})
        status, answer = self.call("POST", "/api/v1/sessions", body, {"Content-Type": "application/json"})
        if status != http.client.CREATED:
            raise AssertionError(f"sign-in: {status}: {answer!r}")
        self.token = json.loads(answer)["token"]

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


def started(folder: Path, *, admin: bool = False, **env: str) -> ServerProcess:
    """A server with one account. Without an administrator the web app waits for one to be made."""
    server = ServerProcess(folder / "data", env={"SFT_PROFILES": str(folder / "profiles.json"), **env})
    server.add_user(USER, PASSWORD, admin=admin)
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


# --- a full disk ------------------------------------------------------------------------------------------------


def prove_full(folder: Path) -> str:
    """Uploads until the disk is full: 507, the old version is intact, the space comes back, and work goes on."""
    disk = folder / "data"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", str(disk)], check=True)
    try:
        server = started(folder)
        try:
            caller = Caller(server)
            old, big = os.urandom(5 * MIB), os.urandom(80 * MIB)
            statuses = [caller.put("file", old, len(old)), caller.put("file", big, len(big))]
            free = shutil.disk_usage(disk).free
            statuses.append(caller.put("other", big, len(big)))
            back = shutil.disk_usage(disk).free
            statuses.append(caller.put("small", b"still works", 11))
            if statuses != [201, 507, 507, 201]:
                raise AssertionError(f"statuses {statuses}")
            if caller.digest("file") != hashlib.sha256(old).hexdigest() or "other" in caller.names():
                raise AssertionError("the old version did not survive")
            if back < free - MIB:
                raise AssertionError(f"{free - back} bytes were lost")
        finally:
            server.kill()
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    return "a disk of 64 MiB: 507, the old version whole, the space given back, the next small file stored"


# --- the command ------------------------------------------------------------------------------------------------


def main() -> int:
    """Run one of them."""
    # They use what is here.
    from . import (
        chat_proof,
        crowd_proofs,
        engine_proofs,
        fault_proofs,
        folder_proofs,
        guard_proof,
        jobs_proof,
        listing_proof,
        live_proof,
        log_proof,
        restart_proofs,
        revocation_proof,
        timing_proof,
        tus_proofs,
        web_proofs,
    )
    from .events_idle import prove_idle_events
    from .ftps_attacks import prove_attacks
    from .ftps_idle import prove_idle
    from .web_view_proofs import prove_folder, prove_load

    proofs: dict[str, Callable[[Path, argparse.Namespace], str]] = {
        "roundtrip": lambda at, o: prove_roundtrip(at, big=o.size or 1 << 30, files=o.files or 10_000),
        "kill": lambda at, o: prove_kill(at, rounds=o.rounds, seed=o.seed),
        "memory": lambda at, o: prove_memory(at, total=o.size or 4 << 30),
        "delta": lambda at, o: engine_proofs.prove_delta(at, total=o.size or 1 << 30),
        "cuts": lambda at, o: fault_proofs.prove_cuts(at, cuts=o.cuts, seed=o.seed, total=o.size or 24 * MIB),
        "corrupt": lambda at, o: fault_proofs.prove_corrupt(at, blocks=o.blocks, seed=o.seed),
        "restart": lambda at, o: restart_proofs.prove_restarts(
            at, transfers=o.transfers, kills=o.kills, seed=o.seed, size=o.size or 128 * MIB
        ),
        "crowd": lambda at, o: crowd_proofs.prove_crowd(
            at, clients=o.clients, people=10, seed=o.seed, big=o.size or 2 * MIB
        ),
        "live": lambda at, o: live_proof.prove_live(at, clients=o.clients, rate=256 * 1024, seconds=20, pairs=3),
        "writers": lambda at, o: crowd_proofs.prove_writers(at, writers=o.rounds, seed=o.seed),
        "engine-memory": lambda at, o: crowd_proofs.prove_engine_memory(at, total=o.size or 2 << 30, several=4),
        "sealed": lambda at, o: prove_sealed(at, flips=o.rounds, seed=o.seed),
        "listing": lambda at, o: listing_proof.prove_listing(at, files=o.files or 100_000),
        "log-export": lambda at, o: log_proof.prove_export(at, rows=o.files or 100_000),
        "log-cost": lambda at, _: log_proof.prove_cost(at, times=50),
        "folder-races": lambda at, o: folder_proofs.prove_races(at, races=o.races, seed=o.seed),
        "folder-listing": lambda at, o: folder_proofs.prove_large(at, files=o.files or 100_000),
        "full": lambda at, _: prove_full(at),
        "chat": lambda at, o: chat_proof.prove_chat(at, messages=1000, cuts=o.rounds, seed=o.seed),
        "rights": lambda _, o: rights_machine.run(o.steps),
        "guesses": lambda at, _: guard_proof.prove_guesses(at, seconds=4),
        "revocation": lambda at, o: revocation_proof.prove_revocation(at, total=o.size or 1 << 30, rate=64 * MIB),
        "jobs": lambda at, o: jobs_proof.prove_jobs(at, rounds=o.rounds, seed=o.seed, size=o.size or 256 * MIB),
        "timing": lambda at, o: timing_proof.prove_timing(at, pairs=1000, heavy=60, seed=o.seed),
        "ftps-attacks": lambda at, _: prove_attacks(at),
        "ftps-idle": lambda at, o: prove_idle(at, sessions=o.sessions, listings=500),
        "events-idle": lambda at, o: prove_idle_events(at, connections=o.connections, listings=1000),
        "tus-cuts": lambda at, o: tus_proofs.prove_cuts(at, cuts=o.cuts, seed=o.seed),
        "web-load": lambda at, o: prove_load(at, runs=o.rounds),
        "web-folder": lambda at, o: prove_folder(at, files=o.files or 100_000),
        "tus-kill": lambda at, o: tus_proofs.prove_kills(at, rounds=o.rounds, seed=o.seed),
        "web-upload": lambda at, o: web_proofs.prove_upload(at, total=o.size or 5 << 30, cuts=10, seed=o.seed),
        "web-many": lambda at, o: web_proofs.prove_many(at, files=o.files or 10_000),
    }
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("proof", choices=list(proofs))
    parser.add_argument("--rounds", type=int, default=20, help="kills, flipped bits, or lost connections of a chat")
    parser.add_argument("--connections", type=int, default=10_000, help="idle event connections")
    parser.add_argument("--cuts", type=int, default=200, help="each way")
    parser.add_argument("--blocks", type=int, default=1000, help="that are changed on the way")
    parser.add_argument("--transfers", type=int, default=20)
    parser.add_argument("--kills", type=int, default=3, help="of the server during the transfers")
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--sessions", type=int, default=500, help="that are idle")
    parser.add_argument("--size", type=size, help="bytes of the big file, or of each")
    parser.add_argument("--files", type=int)
    parser.add_argument("--races", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    options = parser.parse_args()
    # Kills are proven on a disk, not in memory.
    on_disk = options.proof in {"kill", "tus-kill", "restart", "log-cost", "jobs"}
    folder = Path(tempfile.mkdtemp()) if on_disk else workplace(3 * (options.size or 4 << 30))
    try:
        print(proofs[options.proof](folder, options))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
