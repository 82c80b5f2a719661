"""A vault drive with everything behind it, for tests that look behind it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from secure_file_transfer.model import KIB, TimeUs
from secure_file_transfer.ports import BlobStore, Catalog, CatalogTx
from secure_file_transfer.seal.keys import DriveKeys
from secure_file_transfer.services.block_leases import BlockLeases
from secure_file_transfer.services.sweep import Sweeper
from secure_file_transfer.services.vault import VaultTree
from secure_file_transfer.storage.blobs import LocalBlobStore
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.clock import FakeClock

T = TypeVar("T")

BLOCK = 40 * KIB
"""Just more than what is kept in the catalog, so that small files have many blocks."""


class VaultWorld:
    """One vault drive under `root`; `tree` is what a service would see of it."""

    def __init__(self, root: Path, *, block_size: int = BLOCK) -> None:
        self.root = root
        self.clock = FakeClock()
        self.path = root / "catalog.db"
        self.catalog = open_catalog(self.path, self.clock)
        self.disk = LocalBlobStore(root / "blobs")
        self.leases = BlockLeases()
        self.keys = DriveKeys.generate()
        self.block_size = block_size
        self.drive = self.catalog.write(lambda tx: tx.drives.create("home", None, TimeUs(0)))
        self.tree = self.tree_on()

    def close(self) -> None:
        self.catalog.close()

    def tree_on(self, *, blobs: BlobStore | None = None, catalog: Catalog | None = None) -> VaultTree:
        """The same drive over another store or catalog."""
        return VaultTree(
            self.drive,
            self.keys,
            catalog or self.catalog,
            blobs or self.disk,
            self.clock,
            self.leases,
            self.block_size,
        )

    def sweeper(self, *, grace: float = 0, blobs: BlobStore | None = None) -> Sweeper:
        return Sweeper(self.catalog, blobs or self.disk, self.leases, self.clock, grace)

    def sweep_all(self) -> None:
        """Later, when nothing is young any more: beyond any time at which the disk says it stored a blob."""
        for _ in range(2):  # blocks are released by the first run, and swept by the second
            self.clock.set(max(self.clock.now_us(), 4_000_000_000_000_000) + 1_000_000)
            self.sweeper().run()

    def blobs(self) -> list[Path]:
        """The files of the blob store."""
        return sorted(path for path in (self.root / "blobs").rglob("*") if path.is_file())

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What somebody does who can write to the catalog's file."""
        with closing(sqlite3.connect(self.path, timeout=10)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def counts(self) -> dict[str, int]:
        """How many rows there are of each kind, and how many blobs."""
        tables = {name: self.sql(f"SELECT count(*) FROM {name}")[0][0] for name in ("nodes", "versions", "blocks")}  # noqa: S608 - names of ours
        return {**tables, "blobs": len(self.blobs())}


@contextmanager
def vault_world(root: Path, *, block_size: int = BLOCK) -> Iterator[VaultWorld]:
    """A world that is closed at the end, when nothing may be leased any more."""
    world = VaultWorld(root, block_size=block_size)
    try:
        yield world
        assert len(world.leases) == 0, "somebody kept a lease"
    finally:
        world.close()


class RetryingCatalog:
    """Runs every write twice: the first time for nothing, as after a commit that failed."""

    def __init__(self, inner: Catalog) -> None:
        self.inner = inner

    def read(self, work: Callable[[CatalogTx], T]) -> T:
        return self.inner.read(work)

    def write(self, work: Callable[[CatalogTx], T]) -> T:
        def fail(tx: CatalogTx) -> None:
            work(tx)
            raise _UndoneError

        try:
            self.inner.write(fail)
        except _UndoneError:
            return self.inner.write(work)
        raise AssertionError("the catalog swallowed an error")

    def close(self) -> None:
        self.inner.close()


class _UndoneError(Exception):
    pass
