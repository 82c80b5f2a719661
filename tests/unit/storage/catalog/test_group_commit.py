"""The one writer: what it does when operations, the disk or other programs misbehave."""

import gc
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from secure_file_transfer.errors import NoSpaceError, ShuttingDownError, StorageError
from secure_file_transfer.ports import CatalogTx
from secure_file_transfer.storage.catalog import SqliteCatalog, connections, group_commit, open_catalog
from secure_file_transfer.storage.catalog.connections import connect
from secure_file_transfer.storage.catalog.group_commit import GROUP_MAX, GroupCommit
from secure_file_transfer.storage.catalog.sql import Sql
from secure_file_transfer.testing.contracts.catalog_kit import set_fact


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.sqlite3"


@pytest.fixture
def catalog(path: Path) -> Iterator[SqliteCatalog]:
    catalog = open_catalog(path)
    yield catalog
    catalog.close()


def fact(catalog: SqliteCatalog, name: str) -> str | None:
    return catalog.read(lambda tx: tx.facts.get(name))


def in_one_group(catalog: SqliteCatalog, *works: Callable[[CatalogTx], object]) -> list[Future[object]]:
    """Write all of `works`, in their order, in one group: the one that is under way waits until they all queue."""
    held, go = threading.Event(), threading.Event()

    def hold(_: CatalogTx) -> None:
        held.set()
        assert go.wait(30)

    futures: list[Future[object]] = []
    with ThreadPoolExecutor(len(works) + 1) as pool:
        pool.submit(catalog.write, hold)
        assert held.wait(30)
        for work in works:
            futures.append(pool.submit(catalog.write, work))
            while catalog._writer._waiting.qsize() < len(futures):
                os.sched_yield()
        go.set()
    return futures


def raw(tx: CatalogTx) -> sqlite3.Connection:
    """The driver's connection under a transaction."""
    sql = getattr(tx, "_sql")  # noqa: B009 - the port does not know it
    assert isinstance(sql, Sql)
    return sql._open()


def fill_up(tx: CatalogTx) -> None:
    """What a full disk does: the file may not grow by a page."""
    connection = raw(tx)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


def make_room(tx: CatalogTx) -> None:
    raw(tx).execute("PRAGMA max_page_count = 1000000")


def bulky(name: str, letter: str = "x") -> Callable[[CatalogTx], None]:
    return lambda tx: tx.facts.set(name, letter * 100_000)


def test_a_full_disk_fails_what_does_not_fit_and_nothing_else(catalog: SqliteCatalog) -> None:
    set_fact(catalog, "small", "old")
    catalog.write(fill_up)
    small, big, other = in_one_group(
        catalog, lambda tx: tx.facts.set("small", "new"), bulky("big"), lambda tx: tx.facts.set("small2", "new")
    )
    assert isinstance(big.exception(), NoSpaceError)
    # SQLite may undo the statement or everything; either way every answer is the truth.
    for future, name, old in ((small, "small", "old"), (other, "small2", None)):
        assert fact(catalog, name) == ("new" if future.exception() is None else old)
        assert isinstance(future.exception(), NoSpaceError | None)
    assert fact(catalog, "big") is None
    catalog.write(make_room)
    catalog.write(bulky("big"))
    assert fact(catalog, "big") == "x" * 100_000


def test_work_that_ignores_that_sqlite_undid_everything_cannot_go_on_outside_a_transaction(
    catalog: SqliteCatalog,
) -> None:
    def work(tx: CatalogTx) -> None:
        # A trigger that says ROLLBACK ends the transaction on the spot, as some disk errors do; itself included.
        raw(tx).execute("CREATE TEMP TRIGGER bang BEFORE INSERT ON main.facts BEGIN SELECT RAISE(ROLLBACK, '!'); END")
        with pytest.raises(StorageError):
            tx.facts.set("first", "1")
        with pytest.raises(RuntimeError):
            tx.facts.set("second", "2")

    before, wrong, after = in_one_group(
        catalog, lambda tx: tx.facts.set("before", "1"), work, lambda tx: tx.facts.set("after", "1")
    )
    for future in (before, wrong):
        assert isinstance(future.exception(), StorageError), "the group was undone, and everybody in it is told"
    assert after.exception() is None, "it had not begun"
    assert [fact(catalog, name) for name in ("before", "first", "second", "after")] == [None, None, None, "1"]


def test_a_transaction_cannot_be_used_after_its_work(catalog: SqliteCatalog) -> None:
    kept: list[CatalogTx] = []
    catalog.write(kept.append)
    catalog.read(kept.append)
    for tx in kept:
        with pytest.raises(RuntimeError):
            tx.facts.get("a")
    set_fact(catalog, "a", "1")


def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_itself(catalog: SqliteCatalog) -> None:
    with pytest.raises(RuntimeError):
        catalog.write(lambda tx: set_fact(catalog, "inner", "1"))
    assert fact(catalog, "inner") is None


def test_even_exit_of_an_operation_belongs_to_its_caller(catalog: SqliteCatalog) -> None:
    def leave(_: CatalogTx) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        catalog.write(leave)
    set_fact(catalog, "a", "1")


def test_groups_are_bounded(catalog: SqliteCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "GROUP_MAX", 4)
    assert GROUP_MAX == 256
    sizes: list[int] = []
    run = GroupCommit._run

    def counted(self: GroupCommit, group: list[group_commit._Operation]) -> None:
        run(self, group)
        sizes.append(len(group))

    monkeypatch.setattr(GroupCommit, "_run", counted)
    futures = in_one_group(catalog, *(bulky(str(number)) for number in range(10)))
    assert [future.exception() for future in futures] == [None] * 10
    assert sum(sizes) == 11
    assert max(sizes) == 4


def test_a_lost_file_fails_every_write_until_it_is_back(
    catalog: SqliteCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_fact(catalog, "a", "1")

    def refuse(path: Path, *, writable: bool) -> sqlite3.Connection:
        raise StorageError("no such disk")

    catalog._writer._drop_connection()  # as after any failed group; the writer is at rest
    with monkeypatch.context() as patch:
        patch.setattr(group_commit, "connect", refuse)
        for _ in range(2):
            with pytest.raises(StorageError, match="no such disk"):
                set_fact(catalog, "a", "2")
    set_fact(catalog, "a", "3")
    assert fact(catalog, "a") == "3"


def test_a_lock_of_another_program_is_waited_for(catalog: SqliteCatalog, path: Path) -> None:
    with closing(connect(path, writable=True)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO facts VALUES ('theirs', '1')")
        writer = threading.Thread(target=set_fact, args=(catalog, "ours", "1"))
        writer.start()
        assert fact(catalog, "theirs") is None
        other.execute("COMMIT")
        writer.join(timeout=30)
    assert (fact(catalog, "theirs"), fact(catalog, "ours")) == ("1", "1")


def test_a_lock_that_is_never_given_back_is_reported(
    catalog: SqliteCatalog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.0)
    with closing(connect(path, writable=True)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="locked"):
            set_fact(catalog, "a", "1")
        other.execute("ROLLBACK")
    set_fact(catalog, "a", "1")


def test_the_log_does_not_grow_without_bound_under_overlapping_readers(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "LOG_MAX", 1_000_000)
    catalog = open_catalog(path)
    log = path.with_name(path.name + "-wal")
    turns = (threading.Semaphore(1), threading.Semaphore(0))
    stop = threading.Event()

    def read_without_a_gap(me: int) -> None:
        """Each of two readers ends its snapshot only after the other has begun one."""
        with closing(connect(path, writable=False)) as connection:
            while turns[me].acquire(timeout=30) and not stop.is_set():
                if connection.in_transaction:
                    connection.execute("COMMIT")
                connection.execute("BEGIN")
                connection.execute("SELECT name FROM facts").fetchall()
                turns[1 - me].release()
            turns[1 - me].release()

    readers = [threading.Thread(target=read_without_a_gap, args=(me,)) for me in (0, 1)]
    for reader in readers:
        reader.start()
    largest = 0
    for at in range(80):
        catalog.write(bulky(str(at % 3), chr(ord("A") + at)))  # SQLite does not write what is the same
        largest = max(largest, log.stat().st_size)
    stop.set()
    for reader in readers:
        reader.join(timeout=30)
        assert not reader.is_alive()
    catalog.close()
    print(f"the log grew to {largest} bytes")
    assert 0 < largest < 3_000_000, "80 writes of 100 kB went through it"


def test_an_idle_writer_keeps_nothing_of_its_last_work_alive(catalog: SqliteCatalog) -> None:
    class Big:
        def __call__(self, tx: CatalogTx) -> None:
            tx.facts.set("a", "1")

    work = Big()
    gone = weakref.ref(work)
    catalog.write(work)
    del work
    set_fact(catalog, "a", "2")
    gc.collect()
    assert gone() is None


def test_writes_that_come_during_close_are_done_or_refused_never_lost(path: Path) -> None:
    catalog = open_catalog(path)
    done: list[int] = []
    started = threading.Barrier(9)

    def write(number: int) -> None:
        started.wait(30)
        for at in range(1000):
            try:
                set_fact(catalog, f"{number}-{at}", "1")
            except ShuttingDownError:
                return
            done.append(number * 1000 + at)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    started.wait(30)
    while len(done) < 100:
        os.sched_yield()
    catalog.close()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
    again = open_catalog(path)
    with closing(connect(path, writable=False)) as connection:
        stored = {name for (name,) in connection.execute("SELECT name FROM facts")}
    again.close()
    assert stored == {f"{number // 1000}-{number % 1000}" for number in done}
