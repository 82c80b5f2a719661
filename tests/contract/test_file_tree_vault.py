"""The vault drive against the contract of file trees."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer.model import TimeUs
from secure_file_transfer.ports import FileTree
from secure_file_transfer.seal.keys import DriveKeys
from secure_file_transfer.services.block_leases import BlockLeases
from secure_file_transfer.services.vault import VaultTree
from secure_file_transfer.storage.blobs import LocalBlobStore
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.contracts.file_tree import FileTreeContract


class TestVaultTree(FileTreeContract):
    @pytest.fixture
    def tree(self, tmp_path: Path, clock: FakeClock) -> Iterator[FileTree]:
        catalog = open_catalog(tmp_path / "catalog.db", clock)
        drive = catalog.write(lambda tx: tx.drives.create("home", None, TimeUs(0)))
        blobs = LocalBlobStore(tmp_path / "blobs")
        yield VaultTree(drive, DriveKeys.generate(), catalog, blobs, clock, BlockLeases(), self.block_size)
        catalog.close()
