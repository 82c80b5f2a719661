"""The vault drive against the contract of file trees, also over a catalog whose every write runs twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer.ports import FileTree
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.contracts.file_tree import FileTreeContract
from secure_file_transfer.testing.contracts.tree_shaping import Folders, Moving
from secure_file_transfer.testing.contracts.tree_writing import Conflicts
from secure_file_transfer.testing.vault_world import RetryingCatalog, VaultWorld, vault_world


class _OnVault:
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[VaultWorld]:
        with vault_world(tmp_path, block_size=FileTreeContract.block_size) as world:
            yield world

    @pytest.fixture
    def clock(self, world: VaultWorld) -> FakeClock:
        return world.clock


class TestVaultTree(_OnVault, FileTreeContract):
    @pytest.fixture
    def tree(self, world: VaultWorld) -> FileTree:
        return world.tree


class TestVaultTreeWhoseWritesRunTwice(_OnVault, Conflicts, Folders, Moving):
    @pytest.fixture
    def tree(self, world: VaultWorld) -> FileTree:
        return world.tree_on(catalog=RetryingCatalog(world.catalog))
