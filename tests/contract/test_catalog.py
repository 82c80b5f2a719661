"""The catalog on SQLite keeps every promise of its port."""

import random
import secrets
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secure_file_transfer.errors import NoSpaceError, SecureFileTransferError
from secure_file_transfer.model import NodeId, SortKey
from secure_file_transfer.ports import CatalogTx
from secure_file_transfer.storage.catalog import SqliteCatalog, open_catalog
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.contracts.catalog import CatalogContract
from secure_file_transfer.testing.contracts.catalog_kit import EVER


class TestSqliteCatalog(CatalogContract):
    @pytest.fixture
    def catalog(self, tmp_path: Path, clock: FakeClock) -> Iterator[SqliteCatalog]:
        catalog = open_catalog(tmp_path / "catalog.sqlite3", clock)
        yield catalog
        catalog.close()

    @pytest.fixture
    def commits(self, catalog: SqliteCatalog, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
        writer = catalog._writer
        commit = writer._commit
        done: list[sqlite3.Connection] = []

        def counted(connection: sqlite3.Connection) -> None:
            commit(connection)
            done.append(connection)

        monkeypatch.setattr(writer, "_commit", counted)
        return lambda: len(done)

    @pytest.fixture
    def break_commits(
        self, catalog: SqliteCatalog, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[type[SecureFileTransferError] | None], None]:
        writer = catalog._writer
        commit = writer._commit

        def break_with(kind: type[SecureFileTransferError] | None) -> None:
            def fail(connection: sqlite3.Connection) -> None:
                error = sqlite3.OperationalError("injected")
                full = kind is NoSpaceError
                error.sqlite_errorcode = sqlite3.SQLITE_FULL if full else sqlite3.SQLITE_IOERR_FSYNC
                raise error

            monkeypatch.setattr(writer, "_commit", fail if kind else commit)

        return break_with


WRITERS = """
import sys, threading
from pathlib import Path
from secure_file_transfer.model import Kind
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.contracts.catalog_kit import block, keep, publish

catalog, name, count = open_catalog(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
drive = catalog.write(lambda tx: tx.drives.create(name, None, 0))
speak = threading.Lock()

def write(thread):
    for number in range(count):
        def work(tx):
            label = f"{name}-{thread}-{number}"
            node = tx.nodes.create(drive.id, drive.root_id, label, Kind.FILE, 0)
            refs = [block(hash((name, thread, number)) % 2**60, 4000)]
            keep(tx, drive, refs, b"d" * 4000)
            publish(tx, node, refs)
            return node.id, label
        node_id, label = catalog.write(work)
        with speak:
            print(node_id, label, flush=True)

threads = [threading.Thread(target=write, args=(thread,)) for thread in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
catalog.close()
"""
"""Publishes files from eight threads, and says of each that it is durable."""


def start(path: Path, name: str, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", WRITERS, path, name, str(count)], stdout=subprocess.PIPE, text=True)


def check(catalog: SqliteCatalog, said: dict[int, str]) -> None:
    """Every file that was acknowledged is there, whole; and what is there fits together."""

    def work(tx: CatalogTx) -> None:
        for number, label in said.items():
            node = tx.nodes.get(NodeId(number))
            assert node
            assert node.name == label
            assert node.version_id
            version = tx.versions.get(node.version_id)
            assert version
            for ref in version.manifest:
                stored = tx.blocks.get(ref.id)
                assert stored
                assert stored.data == b"d" * 4000
        for drive in tx.drives.all():
            assert drive.bytes == drive.files * 4000
            nodes = tx.nodes.list(drive.root_id, SortKey.NAME, descending=False, after=None, limit=100_000)
            assert drive.files == len(nodes)
        assert tx.blocks.unreferenced(EVER, 10) == []

    catalog.read(work)


def test_whatever_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite3"
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    said: dict[int, str] = {}
    for life in range(5):
        process = start(path, f"life{life}", 100_000)
        assert process.stdout
        said |= dict(pair(process.stdout.readline()) for _ in range(chance.randrange(1, 400)))
        process.send_signal(signal.SIGKILL)
        said |= pairs(process.stdout.read())
        process.wait(timeout=30)
        process.stdout.close()
        assert process.returncode == -signal.SIGKILL
        catalog = open_catalog(path)
        check(catalog, said)
        catalog.close()
    assert len(said) > 5


def test_two_processes_write_at_once_and_neither_starves(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite3"
    busy = start(path, "busy", 100_000)
    assert busy.stdout
    said = dict([pair(busy.stdout.readline())])
    small = start(path, "small", 5)
    answers = small.communicate(timeout=60)[0]
    assert small.returncode == 0
    assert len(pairs(answers)) == 40
    busy.kill()
    said |= pairs(busy.stdout.read()) | pairs(answers)
    busy.wait(timeout=30)
    busy.stdout.close()
    catalog = open_catalog(path)
    check(catalog, said)
    catalog.close()


def pairs(text: str) -> dict[int, str]:
    """All lines that were said in full before the process died."""
    return dict(pair(line) for line in text.splitlines(keepends=True) if line.endswith("\n"))


def pair(line: str) -> tuple[int, str]:
    number, _, label = line.strip().partition(" ")
    return int(number), label


LIMITED = """
import resource, signal, sys
from pathlib import Path
from secure_file_transfer.errors import StorageError
from secure_file_transfer.storage.catalog import open_catalog

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
catalog = open_catalog(path)
catalog.write(lambda tx: tx.facts.set("0", "x" * 50_000))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, hard))
number = failures = 0
while failures < 3:
    number += 1
    try:
        catalog.write(lambda tx: tx.facts.set(str(number), "x" * 50_000))
    except StorageError:
        failures += 1
        assert catalog.read(lambda tx: tx.facts.get(str(number))) is None
        number -= 1
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
catalog.write(lambda tx: tx.facts.set("last", "1"))
print(number)
"""


def test_a_disk_that_refuses_to_write_loses_nothing_and_is_forgiven_when_it_works_again(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite3"
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, path], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    count = int(done.stdout)
    assert count >= 5
    catalog = open_catalog(path)
    stored = catalog.read(lambda tx: [tx.facts.get(str(number)) for number in range(count + 2)])
    assert stored == ["x" * 50_000] * (count + 1) + [None]
    assert catalog.read(lambda tx: tx.facts.get("last")) == "1"
    catalog.close()
