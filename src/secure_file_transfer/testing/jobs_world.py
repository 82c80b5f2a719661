"""Three accounts with files, and the jobs service over them, done in the test's own thread, one after the other."""

import hashlib
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from secure_file_transfer.model import LEVELS, Job, JobId, JobKind, JobState, Kind, LogEvent, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import Catalog, CatalogTx, Event, FileTree
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.audit import Audit
from secure_file_transfer.services.jobs import Jobs, recover
from secure_file_transfer.services.sweep import Sweeper
from secure_file_transfer.services.vault import VaultTree
from secure_file_transfer.services.vault_content import VaultContent
from secure_file_transfer.storage.events import LocalEventBus

from .rights_world import SharingWorld

T = TypeVar("T")


class KilledError(BaseException):
    """The process is gone."""


class MortalCatalog:
    """A catalog of a process that dies after so many writes: nothing that comes later is written, by nobody."""

    def __init__(self, inner: Catalog) -> None:
        self.inner = inner
        self.left: int | None = None
        """Writes until the end; None is far away."""
        self.before: Callable[[], None] = lambda: None
        """Is called before each write."""

    def read(self, work: Callable[[CatalogTx], T]) -> T:
        return self.inner.read(work)

    def write(self, work: Callable[[CatalogTx], T]) -> T:
        if self.left == 0:
            raise KilledError
        if self.left is not None:
            self.left -= 1
        self.before()
        return self.inner.write(work)

    def close(self) -> None:
        self.inner.close()


class _HeardTree(VaultTree):
    on_open: Callable[[RemotePath], None]

    def open(self, path: RemotePath) -> VaultContent:
        self.on_open(path)
        return super().open(path)


class JobsWorld(SharingWorld):
    """`jobs` is the service of a server that never started; `work` does what waits."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root
        self.bus = LocalEventBus()
        self.events: list[Event] = []
        self.bus.subscribe(self.events.append)
        self.written: list[LogEvent] = []
        self.mortal = MortalCatalog(self.catalog)
        self.on_open: Callable[[RemotePath], None] = lambda _: None
        """Is called before a job opens a file."""
        self.jobs = self.service()

    def service(self) -> Jobs:
        """Another one over the same catalog, as after a restart."""

        def mortal(tree: VaultTree) -> VaultTree:
            room = tree.room
            heard = _HeardTree(room.drive, room.keys, self.mortal, room.blobs, self.clock, room.leases, room.block_size)
            heard.on_open = self._open
            return heard

        def access_of(view: Callable[[FileTree], FileTree]) -> Access:
            return Access(lambda drive: view(mortal(self.trees[drive])), self.mortal, self.clock)

        return Jobs(
            self.mortal,
            self.clock,
            self.bus,
            Audit(self.clock, self.written.append),
            access_of,
            lambda _: None,
            lambda: [(number, f"owner-{number}", tree) for number, tree in sorted(self.trees.items())],
        )

    def _open(self, path: RemotePath) -> None:
        self.on_open(path)

    def begin(self, name: str, kind: JobKind | str, **what: Any) -> Job:
        """A job of that account."""
        return self.jobs.begin(self.who[name], JobKind(kind), _whole(JobKind(kind), what))

    def work(self, job_id: JobId) -> Job:
        """Do it, and say what became of it."""
        self.jobs._do(job_id)  # noqa: SLF001 - what its threads do
        return self.job(job_id)

    def done(self, name: str, kind: JobKind | str, **what: Any) -> Job:
        """A job of that account, begun and done."""
        return self.work(self.begin(name, kind, **what).id)

    def job(self, job_id: JobId) -> Job:
        """As the catalog has it."""
        found = self.catalog.read(lambda tx: tx.jobs.get(job_id))
        assert found is not None
        return found

    def restart(self) -> None:
        """As after `kill -9`: what the process knew is gone."""
        self.mortal = MortalCatalog(self.catalog)
        recover(self.catalog, self.clock)
        self.jobs = self.service()

    def whole(self, name: str, path: str) -> dict[str, str | None]:
        """All that is below a folder, by path from there, with the SHA-256 of what is read."""
        found: dict[str, str | None] = {}
        waiting = [RemotePath.parse(path)]
        top = len(waiting[0].parts)
        while waiting:
            at = waiting.pop()
            for entry in self.files.list(self.who[name], at).entries:
                below = at / entry.name
                label = "/".join(below.parts[top:])
                if entry.kind is Kind.FOLDER:
                    waiting.append(below)
                    found[label] = None
                else:
                    found[label] = hashlib.sha256(self.read(name, str(below))).hexdigest()
        return found

    def swept(self) -> dict[str, int]:
        """How many nodes, versions, blocks and blobs there are once all that nobody needs is gone."""
        room = next(iter(self.trees.values())).room
        for _ in range(2):  # blocks are released by the first run, and swept by the second
            self.clock.set(max(self.clock.now_us(), 4_000_000_000_000_000) + 1_000_000)
            Sweeper(self.catalog, room.blobs, room.leases, self.clock, 0).run()
        with closing(sqlite3.connect(self.root / "catalog.db")) as connection:
            rows = {
                name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608 - names of ours
                for name in ("nodes", "versions", "blocks")
            }
        return {**rows, "blobs": sum(1 for _ in room.blobs.scan())}


def _whole(kind: JobKind, what: Mapping[str, Any]) -> dict[str, Any]:
    if kind is JobKind.VERIFY:
        return {"path": "/", "all": False, **what}
    return {"conflict": "skip", **what}


# --- what tests of jobs share ---------------------------------------------------------------------------------------

FILES = {
    "/wood/a/1": b"one" * 20_000,
    "/wood/a/2": b"two",
    "/wood/c/d/large": bytes(range(256)) * 800,
    "/wood/c/d/empty": b"",
    "/wood/last": b"last",
}
SHARED = "/Shared/ada/work"
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "copy": ("copy", {"source": "/wood", "target": "/forest"}),
    "copy of a small one": ("copy", {"source": "/wood/a/2", "target": "/forest"}),
    "copy to another drive": ("copy", {"source": "/wood", "target": f"{SHARED}/forest"}),
    "move": ("move", {"source": "/wood", "target": "/forest"}),
    "move to another drive": ("move", {"source": "/wood", "target": f"{SHARED}/forest"}),
    "zip": ("zip", {"paths": ["/wood"], "target": "/wood.zip"}),
    "zip with another name": ("zip", {"paths": ["/wood/a/1"], "target": "/wood/last", "conflict": "rename"}),
    "verify": ("verify", {"path": "/"}),
}


def ask(world: JobsWorld, name: str) -> Job:
    kind, what = ASKED[name]
    return world.begin("bob", kind, **what)


def state(world: JobsWorld) -> dict[str, Any]:
    """All that anybody sees."""
    return {name: world.whole(name, "/") for name in ("ada", "bob")}


def at(path: str) -> RemotePath:
    return RemotePath.parse(path)


def made(path: Path) -> Path:
    path.mkdir()
    return path


def prepare(world: JobsWorld) -> None:
    world.folder("ada", "/work")
    world.shares.grant(world.who["ada"], at("/work"), "bob", LEVELS["editor"])
    for folder in ("/wood", "/wood/a", "/wood/c", "/wood/c/d", "/wood/c/none"):
        world.folder("bob", folder)
    for path, data in FILES.items():
        draft = world.files.draft(world.who["bob"], at(path))
        draft.append(data)
        draft.commit(modified_us=TimeUs(1_600_000_000_000_000))


def in_the_middle(world: JobsWorld, act: Callable[[], object]) -> None:
    """Do something while a job is under way: after its third write, and let more than a second pass."""
    count = 0

    def before() -> None:
        nonlocal count
        count += 1
        world.clock.advance(0.6)
        if count == 3:
            act()

    world.mortal.before = before


def in_thread(act: Callable[[], object]) -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - handed on
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def cancelling(job: Job) -> Job:
    return replace(job, state=JobState.CANCELLING)
