"""The catalog on SQLite, put together: one writer, many readers, one file."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ...ports import CatalogTx, Clock
from ..clock import SystemClock
from .connections import Readers
from .group_commit import GroupCommit
from .queries import Tx
from .schema import prepare
from .sql import Sql

T = TypeVar("T")


class SqliteCatalog:
    """A `ports.Catalog` in one SQLite file. Other processes may have it open at the same time."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._readers = Readers(path)
        self._writer = GroupCommit(path)

    def read(self, work: Callable[[CatalogTx], T]) -> T:
        """Run `work` on a snapshot, which begins with its first query. An attempt to write raises StorageError.

        Raises:
            ShuttingDownError: after `close`.
            StorageError
        """
        connection = self._readers.take()
        sql = Sql(connection)
        try:
            connection.execute("BEGIN")  # touches no file yet, so it cannot fail
            return work(Tx(sql, self._clock, []))
        finally:
            sql.end()
            self._readers.give(connection)

    def write(self, work: Callable[[CatalogTx], T]) -> T:
        """Run `work` in a transaction, see `GroupCommit.submit`."""
        later: list[Callable[[], None]] = []

        def once(sql: Sql) -> T:
            later.clear()
            return work(Tx(sql, self._clock, later))

        result = self._writer.submit(once)
        for tell in later:
            tell()
        return result

    def tell_groups(self, told: Callable[[int], None]) -> None:
        """Tell how many writes each transaction is of, from now on. `told` must be quick."""
        self._writer.on_group = told

    def close(self) -> None:
        """Finish the writes that wait, and let go of the file. Calling it again is fine."""
        self._readers.close()
        self._writer.close()  # last: whoever closes last folds the log into the file


def open_catalog(path: Path, clock: Clock | None = None) -> SqliteCatalog:
    """Open the catalog at `path`; make it where there is none, and bring an older one up to date.

    `clock` says when blocks were released and nodes were removed; the system's by default.

    Raises:
        CatalogTooNewError: a newer version of this program wrote it. It is left untouched.
        NoSpaceError, StorageError
    """
    prepare(path)
    return SqliteCatalog(path, clock or SystemClock())
