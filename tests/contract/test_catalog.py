"""The catalog on SQLite keeps every promise of its port."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secure_file_transfer.errors import NoSpaceError, SecureFileTransferError
from secure_file_transfer.storage.catalog import SqliteCatalog, open_catalog
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.contracts.catalog import CatalogContract


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
    def break_commit(
        self, catalog: SqliteCatalog, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[type[SecureFileTransferError]], None]:
        writer = catalog._writer
        commit = writer._commit

        def break_next(kind: type[SecureFileTransferError]) -> None:
            def fail(connection: sqlite3.Connection) -> None:
                monkeypatch.setattr(writer, "_commit", commit)
                error = sqlite3.OperationalError("injected")
                full = kind is NoSpaceError
                error.sqlite_errorcode = sqlite3.SQLITE_FULL if full else sqlite3.SQLITE_IOERR_FSYNC
                raise error

            monkeypatch.setattr(writer, "_commit", fail)

        return break_next
