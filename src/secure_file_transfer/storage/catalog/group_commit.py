"""Group commit: one thread writes for all, and many waiting operations share one transaction and one fsync.

While the thread waits for the disk, new operations gather; the next transaction takes them all. An operation that
finds nobody else waiting is committed at once.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from ...errors import SecureFileTransferError, ShuttingDownError, StorageError
from .connections import connect, patiently
from .sql import Sql, typed

T = TypeVar("T")

GROUP_MAX = 256
"""Operations in one transaction: enough that the fsync no longer counts, few enough that none waits long."""

LOG_MAX = 64 * 1024 * 1024
"""Bytes of write-ahead log after which the writer insists on a checkpoint. SQLite's own checkpoints never start the
log anew while readers overlap without a gap."""

_CHECKPOINT_MS = 1000


class _Operation:
    """One caller's work, and what came of it. `done` is locked until then."""

    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Callable[[Sql], Any]) -> None:
        self.work = work
        self.done = threading.Lock()
        self.done.acquire()
        self.result: Any = None
        self.error: BaseException | None = None


class GroupCommit:
    """The only writer of a catalog in this process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._log_max = LOG_MAX
        self.on_group: Callable[[int], None] | None = None
        """Called with the number of operations of each transaction. Must be quick."""
        self._connection: sqlite3.Connection | None = None
        self._waiting: SimpleQueue[_Operation | None] = SimpleQueue()
        self._door = threading.Lock()
        self._closed = False
        self._ending = False
        self._thread = threading.Thread(target=self._serve, name="catalog-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Sql], T]) -> T:
        """Have `work` done in a transaction; it is durable when this returns.

        Raises:
            ShuttingDownError: after `close`.
            NoSpaceError, StorageError: the group's commit failed; nothing of it happened.
            RuntimeError: called from inside another operation, which would wait for itself.
            Exception: whatever `work` raises; then it alone is undone.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("a write inside a write would wait for itself: use the transaction at hand")
        operation = _Operation(work)
        with self._door:
            if self._closed:
                raise ShuttingDownError("The catalog is closed")
            self._waiting.put(operation)
        operation.done.acquire()
        if operation.error is not None:
            try:
                raise operation.error
            finally:
                operation.error = None  # its traceback leads back to this frame: let go of it
        result: T = operation.result
        return result

    def close(self) -> None:
        """Finish what waits, and stop. Calling it again is fine."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    # --- on the writer's thread ---------------------------------------------------------------------------------

    def _serve(self) -> None:
        while not self._ending and (first := self._waiting.get()) is not None:
            group = [first]
            try:
                self._run(group)
            except BaseException as error:  # noqa: BLE001 - whatever it was, nobody may be left waiting
                self._drop_connection()
                for operation in group:
                    operation.error = operation.error or _for_all(error)
            for operation in group:
                operation.done.release()
            if self.on_group is not None:
                self.on_group(len(group))
            del first, group, operation  # an idle writer holds nobody's work alive
            self._mind_the_log()
        self._drop_connection()

    def _run(self, group: list[_Operation]) -> None:
        connection = self._begin()
        done = 0
        while done < len(group):
            _apply(connection, group[done])
            done += 1
            if done == len(group) < GROUP_MAX:
                self._let_in(group)
        self._commit(connection)

    def _let_in(self, group: list[_Operation]) -> None:
        """Whoever came while the others were served."""
        with suppress(Empty):
            operation = self._waiting.get_nowait()
            if operation is None:
                self._ending = True
            else:
                group.append(operation)

    def _begin(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path, writable=True)
            self._connection.execute("PRAGMA busy_timeout = 0")
        patiently(self._connection, "BEGIN IMMEDIATE")
        return self._connection

    def _commit(self, connection: sqlite3.Connection) -> None:
        """The seam at which tests make the disk fail."""
        connection.execute("COMMIT")

    def _drop_connection(self) -> None:
        """After a failure nothing that SQLite still holds in memory is trusted: the next group opens the file anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.rollback()
            with suppress(sqlite3.Error):
                connection.close()

    def _mind_the_log(self) -> None:
        """Move the log into the database when it has grown beyond bounds; the callers have their answers already."""
        try:
            size = self._log.stat().st_size
            if size <= self._log_max or self._connection is None:
                return
            self._connection.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_MS}")
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._log_max = size + LOG_MAX if busy else LOG_MAX
        except (OSError, sqlite3.Error):
            self._drop_connection()  # the log is whole; the next commit will say what is wrong


def _apply(connection: sqlite3.Connection, operation: _Operation) -> None:
    """Run one operation; if it raises, undo it alone.

    Raises:
        SecureFileTransferError: SQLite undid the whole group, as a full disk can make it do.
    """
    sql = Sql(connection)
    connection.execute("SAVEPOINT operation")
    try:
        operation.result = operation.work(sql)
    except BaseException as error:  # noqa: BLE001 - it belongs to the caller, whatever it is
        operation.error = error
    finally:
        sql.end()
    if not connection.in_transaction:
        if isinstance(operation.error, SecureFileTransferError):
            raise operation.error
        raise StorageError("The database undid the change, and others with it", hint="Try again.")
    if operation.error is not None:
        connection.execute("ROLLBACK TO operation")
    connection.execute("RELEASE operation")


def _for_all(error: BaseException) -> SecureFileTransferError:
    """The failure of a group, as each of its operations meets it. Each gets its own: tracebacks are not shared."""
    if isinstance(error, sqlite3.Error):
        mine = typed(error)
    elif isinstance(error, SecureFileTransferError):
        mine = type(error)(str(error), hint=error.hint)
    else:
        mine = StorageError(f"The catalog's writer failed: {error!r}")
    mine.__cause__ = error
    return mine
