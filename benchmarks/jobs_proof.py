"""Proof that jobs survive `kill -9`: each is done once and whole, or leaves nothing. Run by `benchmarks.proofs`."""

import hashlib
import io
import os
import random
import sqlite3
import time
import zipfile
from contextlib import closing, suppress
from pathlib import Path

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.client import JobInfo
from secure_file_transfer.errors import NotFoundError, SecureFileTransferError
from secure_file_transfer.model import JobState, Kind
from secure_file_transfer.storage.durable import TEMP_PREFIX
from secure_file_transfer.testing.process import ServerProcess

MIB = 1 << 20
# Nothing is kept of what jobs remove or replace, so that all of it must be gone at the end.
_SETTINGS = {"SFT_JOBS_MAX": "4", "SFT_SWEEP_GRACE_MINUTES": "0", "SFT_TRASH_DAYS": "0", "SFT_VERSIONS_KEPT": "0"}
_PASSWORD = "a long enough word to say"  # noqa: S105 - of accounts that live for a minute
_FILES = 24
_MORE_ROUNDS = 10
"""When all jobs happened to have ended before each kill, so many more tell something."""
_SECONDS = 300.0
_TREE, _WORK = "/tree", "/Shared/omid/work"

Digests = dict[str, str]


class People:
    """Sara has a tree, Omid a folder that she may write to; Omid may read the tree, and Ada is an operator.

    They sign in once: a session outlives the server.
    """

    def __init__(self, server: ServerProcess) -> None:
        """The accounts are there."""
        self._server = server
        self._tokens: dict[str, str] = {}
        self._clients: dict[str, SecureFileTransferClient] = {}

    def __getitem__(self, name: str) -> SecureFileTransferClient:
        if name not in self._clients:
            server, token = self._server, self._tokens.get(name)
            client = SecureFileTransferClient("127.0.0.1", server.port, cafile=server.cafile, token=token)
            self._tokens[name] = token or client.sign_in(name, _PASSWORD).token
            self._clients[name] = client
        return self._clients[name]

    def leave(self) -> None:
        """Let go of all connections."""
        while self._clients:
            self._clients.popitem()[1].close()


def prove_jobs(folder: Path, *, rounds: int, seed: int, size: int) -> str:
    """Copies, moves, archives and verifications are begun, the server is killed; afterwards all of them come to an end.

    Raises:
        AssertionError
    """
    chance = random.Random(seed)  # noqa: S311 - chance, not secrets
    server = ServerProcess(folder / "data", env=_SETTINGS)
    server.start()
    hit = done = interrupted = kills = 0
    try:
        for name in ("sara", "omid", "ada"):
            server.add_user(name, _PASSWORD, admin=name == "ada")
        people = People(server)
        whole = _fill(people, chance, size)
        people.leave()
        begin = _swept(server)
        while kills < rounds or (not hit and kills < rounds + _MORE_ROUNDS):
            ended, under_way = _round(server, people, chance, kills, whole)
            kills += 1
            hit += under_way
            done += sum(job.state is JobState.DONE for job in ended)
            interrupted += sum(job.state is JobState.INTERRUPTED for job in ended)
        if not hit:
            raise AssertionError("no job was under way at any kill")
        if (end := _swept(server)) != begin:
            raise AssertionError(f"something is left: {begin} before, {end} after")
    finally:
        server.kill()
    return (
        f"{kills} kills, {hit} jobs hit in the middle: {done} done once and whole, {interrupted} interrupted with "
        f"nothing left; after the sweep there are as many nodes, versions, blocks and blobs as before ({begin})"
    )


def _fill(people: People, chance: random.Random, size: int) -> Digests:
    """Sara's tree: what it holds by path from its top."""
    whole = {}
    sara, omid = people["sara"], people["omid"]
    sara.make_folder(_TREE)
    for number in range(_FILES):
        data = chance.randbytes(size // _FILES)
        name = f"{number % 3}/{number}"
        sara.make_folder(f"{_TREE}/{number % 3}", parents=True)
        sara.put_bytes(data, f"{_TREE}/{name}")
        whole[name] = hashlib.sha256(data).hexdigest()
    omid.make_folder("/work")
    omid.grant("/work", "sara", "editor")
    sara.grant(_TREE, "omid", "viewer")
    return whole


def _round(
    server: ServerProcess, people: People, chance: random.Random, number: int, whole: Digests
) -> tuple[list[JobInfo], int]:
    """Begin one job of each kind, kill the server, and look at what came of them; and how many were under way."""
    moving = f"/moving {number}"
    people["sara"].copy(_TREE, moving)
    kinds = chance.sample(["copy", "move"], 2)
    begun = [("sara", kind, _begin(people["sara"], kind, number)) for kind in kinds]
    begun.append(("omid", "zip", _begin(people["omid"], "zip", number)))
    begun.append(("ada", "verify", _begin(people["ada"], "verify", number)))
    time.sleep(chance.uniform(0, 0.8))
    server.kill()
    people.leave()
    under_way = _running(server)
    server.start()
    ended = [_ended(people[name], job.number) for name, _, job in begun]
    for (name, kind, _), job in zip(begun, ended, strict=True):
        if job.state not in {JobState.DONE, JobState.INTERRUPTED}:
            raise AssertionError(f"{kind} of {name}: {job.state}, {job.code} {job.error}")
        _check(people, kind, number, job, whole)
    with suppress(NotFoundError):
        people["sara"].remove(moving, recursive=True)
    people.leave()
    return ended, under_way


def _begin(client: SecureFileTransferClient, kind: str, number: int) -> JobInfo:
    if kind == "copy":
        return client.start_copy(_TREE, f"{_WORK}/copy {number}")
    if kind == "move":
        return client.start_move(f"/moving {number}", f"{_WORK}/moved {number}")
    if kind == "zip":
        return client.start_zip(["/Shared/sara/tree"], f"/{number}.zip")
    return client.start_verify(everything=True)


def _ended(client: SecureFileTransferClient, number: int) -> JobInfo:
    deadline = time.monotonic() + _SECONDS
    with suppress(SecureFileTransferError):
        client.wait_for_job(number)
    if time.monotonic() > deadline:
        raise AssertionError(f"job {number} took too long")
    return client.job(number)


def _check(people: People, kind: str, number: int, job: JobInfo, whole: Digests) -> None:
    """What was made is whole, or not there; then it goes away."""
    if kind == "verify":
        if job.state is JobState.DONE and (job.result is None or job.result.damaged_files):
            raise AssertionError(f"verified: {job.result}")
        return
    name, path = {
        "copy": ("sara", f"{_WORK}/copy {number}"),
        "move": ("sara", f"{_WORK}/moved {number}"),
        "zip": ("omid", f"/{number}.zip"),
    }[kind]
    client = people[name]
    try:
        entry = client.stat(path)
    except NotFoundError:
        if job.state is JobState.DONE:
            raise AssertionError(f"{kind} is done, and {path} is not there") from None
        if kind == "move" and _tree(client, f"/moving {number}") != whole:
            raise AssertionError("a move lost its source") from None
        return
    if job.state is not JobState.DONE:
        raise AssertionError(f"{kind} is {job.state}, and {path} is there")
    found = _tree(client, path) if entry.kind is Kind.FOLDER else _archive(client, path)
    if found != whole:
        raise AssertionError(f"{path} is not whole")
    if kind == "move":
        with suppress(NotFoundError):
            client.stat(f"/moving {number}")
            raise AssertionError("a move left its source")
    client.remove(path, recursive=True)


def _tree(client: SecureFileTransferClient, top: str) -> Digests:
    found, waiting = {}, [top]
    while waiting:
        for entry in client.list(waiting.pop()):
            if entry.kind is Kind.FOLDER:
                waiting.append(entry.path)
            else:
                found[entry.path.removeprefix(f"{top}/")] = entry.sha256.hex() if entry.sha256 else ""
    return found


def _archive(client: SecureFileTransferClient, path: str) -> Digests:
    data = client.get_bytes(path)  # compared with its SHA-256 on the way
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return {
            name.removeprefix("tree/"): hashlib.sha256(opened.read(name)).hexdigest()
            for name in opened.namelist()
            if not name.endswith("/")
        }


def _running(server: ServerProcess) -> int:
    return _count(server, "jobs WHERE state = 'running'")


def _swept(server: ServerProcess) -> dict[str, int]:
    """How much there is of everything once nothing is left that nobody needs; the server runs again afterwards."""
    server.stop()
    for path in (server.data_dir / "blobs").rglob(f"{TEMP_PREFIX}*"):
        os.utime(path, (0, 0))  # what was half written is removed once it is old
    for _ in range(2):  # blocks are released by the first, and swept by the second
        server.sft("sweep")
    found = {name: _count(server, name) for name in ("nodes", "versions", "blocks")}
    found["hidden"] = _count(server, "nodes WHERE detached_us IS NOT NULL")
    found["blobs"] = sum(1 for path in (server.data_dir / "blobs").rglob("*") if path.is_file())
    server.start()
    return found


def _count(server: ServerProcess, what: str) -> int:
    with closing(sqlite3.connect(server.data_dir / "catalog.sqlite3")) as connection:
        (count,) = connection.execute(f"SELECT count(*) FROM {what}").fetchone()  # noqa: S608 - words of ours
        return int(count)
