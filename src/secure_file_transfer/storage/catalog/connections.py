"""Connections to the SQLite file, each set up the same way, and a stock of those that only read."""

import os
import sqlite3
import time
from collections import deque
from pathlib import Path
from threading import Lock
from urllib.parse import quote

from ...errors import ConfigurationError, ShuttingDownError, StorageError, disk_errors
from .sql import typed

SQLITE_MIN = (3, 37)
"""STRICT tables came with 3.37, RETURNING with 3.35."""

BUSY_SECONDS = 30.0
"""How long to wait for another program that has the catalog locked."""

_POLL_SECONDS = 0.001
_WRITER_CACHE_KIB = 16 * 1024
_READER_CACHE_KIB = 1024
"""There are as many readers as worker threads; the operating system caches the file for all of them."""

_JOURNAL_KEPT = 64 * 1024 * 1024
_CHECKPOINT_PAGES = 2000


def connect(path: Path, *, writable: bool) -> sqlite3.Connection:
    """A connection on which no transaction begins by itself. It may be handed from thread to thread.

    Raises:
        NoSpaceError, StorageError
    """
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",  # never makes the file: see `make_file`
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
    except sqlite3.Error as error:
        raise typed(error) from error
    try:
        for pragma in (
            "synchronous = FULL",
            "foreign_keys = ON",
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "temp_store = MEMORY",
            "secure_delete = FAST",
            f"journal_size_limit = {_JOURNAL_KEPT}",
            f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
            f"cache_size = -{_WRITER_CACHE_KIB if writable else _READER_CACHE_KIB}",
            f"query_only = {'OFF' if writable else 'ON'}",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error as error:
        connection.close()
        raise typed(error) from error
    return connection


def patiently(connection: sqlite3.Connection, text: str) -> sqlite3.Cursor:
    """Run a statement that needs a lock; while another program has it, try again for `BUSY_SECONDS`.

    SQLite's own waiting looks ten times a second: a busy server leaves gaps that it would hardly ever hit.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return connection.execute(text)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(_POLL_SECONDS)


def use_wal(connection: sqlite3.Connection) -> None:
    """Keep a write-ahead log, so that readers never wait for the writer.

    Raises:
        StorageError: the file system cannot do it.
    """
    (mode,) = patiently(connection, "PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StorageError(
            "The file system under the catalog does not support a write-ahead log",
            hint="Keep the data directory on a local disk, not on a network share.",
        )


def make_file(path: Path) -> None:
    """Make an empty database file, where there is none, that only its owner can read.

    SQLite gives the log and the shared memory beside it the same mode. A file that is there is not opened here: to
    close any handle on it would drop the locks that SQLite holds for another catalog in this process (POSIX locks
    belong to the process).

    Raises:
        ConfigurationError: this Python's SQLite is too old.
        NoSpaceError, StorageError
    """
    if sqlite3.sqlite_version_info < SQLITE_MIN:
        raise ConfigurationError(
            f"This Python comes with SQLite {sqlite3.sqlite_version}; at least 3.37 is needed",
            hint="Use a Python with a newer SQLite.",
        )
    with disk_errors(f"making {path.name}"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            if os.name == "posix" and path.stat().st_mode & 0o077:
                path.chmod(0o600)


class Readers:
    """A stock of read-only connections: the one used last is handed out first, so few of them stay warm."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._lock = Lock()
        self._closed = False

    def take(self) -> sqlite3.Connection:
        """A connection without a transaction.

        Raises:
            ShuttingDownError: after `close`.
            StorageError
        """
        if self._closed:
            raise ShuttingDownError("The catalog is closed")
        try:
            return self._idle.pop()
        except IndexError:
            return connect(self._path, writable=False)

    def give(self, connection: sqlite3.Connection) -> None:
        """Take it back; what it was in the middle of is over."""
        try:
            connection.rollback()
        except sqlite3.Error:
            connection.close()
            return
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close those at rest; the others are closed when they come back."""
        with self._lock:
            self._closed = True
        while self._idle:
            self._idle.pop().close()
