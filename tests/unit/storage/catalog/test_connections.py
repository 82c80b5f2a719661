"""Every connection is set up for safety before speed."""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from secure_file_transfer.errors import ConfigurationError, NoSpaceError, ShuttingDownError, StorageError
from secure_file_transfer.storage.catalog import connections, open_catalog
from secure_file_transfer.storage.catalog.connections import Readers, connect, make_file
from secure_file_transfer.storage.catalog.sql import typed

FULL_SYNC = 2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "it's 100% #1?.sqlite3"
    open_catalog(path).close()
    return path


@pytest.mark.parametrize("writable", [False, True])
def test_a_commit_reaches_the_disk_and_references_are_checked(path: Path, *, writable: bool) -> None:
    with closing(connect(path, writable=writable)) as connection:
        values = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("synchronous", "foreign_keys", "trusted_schema", "journal_mode", "query_only")
        }
        assert connection.isolation_level is None
    assert values == {
        "synchronous": FULL_SYNC,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "journal_mode": "wal",
        "query_only": int(not writable),
    }


def test_a_path_with_unusual_characters_names_that_file_alone(path: Path) -> None:
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_file_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        connect(tmp_path / "gone", writable=True)
    assert list(tmp_path.iterdir()) == []


def test_a_sqlite_that_is_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(ConfigurationError, match="SQLite"):
        make_file(tmp_path / "c")


def test_a_file_system_without_a_log_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(StorageError, match="write-ahead log"):
        connections.use_wal(connection)


def test_readers_are_used_again_and_closed_at_the_end(path: Path) -> None:
    readers = Readers(path)
    first, second = readers.take(), readers.take()
    assert first is not second
    readers.give(first)
    assert readers.take() is first
    readers.give(second)
    readers.close()
    readers.give(first)  # it was out when the stock was closed
    for connection in (first, second):
        with pytest.raises(sqlite3.ProgrammingError):
            connection.execute("SELECT 1")
    with pytest.raises(ShuttingDownError):
        readers.take()


def test_a_reader_that_comes_back_in_the_middle_forgets_its_snapshot(path: Path) -> None:
    readers = Readers(path)
    connection = readers.take()
    connection.execute("BEGIN")
    connection.execute("SELECT * FROM facts").fetchall()
    readers.give(connection)
    assert not connection.in_transaction
    readers.close()


def test_a_broken_reader_is_not_kept(path: Path) -> None:
    readers = Readers(path)
    connection = readers.take()
    connection.close()
    readers.give(connection)
    again = readers.take()
    assert again is not connection
    readers.give(again)
    readers.close()


def test_a_connection_may_go_from_thread_to_thread(path: Path) -> None:
    readers = Readers(path)
    connection = readers.take()
    seen: list[object] = []
    thread = Thread(target=lambda: seen.append(connection.execute("SELECT 7").fetchone()))
    thread.start()
    thread.join()
    readers.give(connection)
    readers.close()
    assert seen == [(7,)]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, NoSpaceError),
        (sqlite3.SQLITE_BUSY, StorageError),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StorageError),
        (sqlite3.SQLITE_IOERR_FSYNC, StorageError),
        (sqlite3.SQLITE_CORRUPT, StorageError),
        (None, StorageError),
    ],
)
def test_what_sqlite_says_becomes_a_typed_error(code: int | None, kind: type[Exception]) -> None:
    error = sqlite3.OperationalError("what it says")
    if code is not None:
        error.sqlite_errorcode = code
    assert type(typed(error)) is kind
