"""The folder drive against the contract of file trees, on this kernel and as on one with nothing but POSIX."""

import ctypes
import os
from pathlib import Path

import pytest

from secure_file_transfer.ports import FileTree
from secure_file_transfer.storage import platform
from secure_file_transfer.storage.folder import FolderTree, content
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.contracts.file_tree import FileTreeContract


class TestFolderTree(FileTreeContract):
    block_size = content.PIECE

    @pytest.fixture
    def tree(self, tmp_path: Path, clock: FakeClock) -> FileTree:
        return FolderTree(tmp_path, clock)


class TestFolderTreeWithoutLinuxCalls(FileTreeContract):
    block_size = content.PIECE

    @pytest.fixture
    def tree(self, tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> FileTree:
        monkeypatch.setattr(platform, "HAS_OPENAT2", False)
        monkeypatch.setattr(platform, "rename_new", platform.rename_new_portably)
        monkeypatch.delattr(os, "copy_file_range", raising=False)
        return FolderTree(tmp_path, clock)


def test_this_kernel_confines_paths_itself() -> None:
    """So that the first class above tests what it seems to test."""
    release = tuple(int(part) for part in os.uname().release.split(".")[:2])
    if os.uname().sysname != "Linux" or release < (5, 6):
        pytest.skip("openat2 came with Linux 5.6")
    assert platform.HAS_OPENAT2
    assert hasattr(ctypes.CDLL(None), "renameat2")
