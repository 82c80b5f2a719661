"""The blob stores against their contract."""

from pathlib import Path

import pytest

from secure_file_transfer.ports import BlobStore
from secure_file_transfer.storage.blobs import LocalBlobStore
from secure_file_transfer.testing.contracts.blobs import BlobStoreContract


class TestLocalBlobStore(BlobStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> BlobStore:
        return LocalBlobStore(tmp_path / "blobs")
