"""A folder drive as a guest of a share uses it, against the contract of file trees: to be watched changes nothing."""

from pathlib import Path
from typing import Any, cast

import pytest

from secure_file_transfer.model import Principal, Session, SessionId, TimeUs
from secure_file_transfer.ports import FileTree
from secure_file_transfer.services.visitors import Visitors
from secure_file_transfer.services.watched import WatchedTree
from secure_file_transfer.storage.folder import FolderTree, content
from secure_file_transfer.testing.clock import START_US, FakeClock
from secure_file_transfer.testing.contracts.file_tree import FileTreeContract


class TestWatchedTree(FileTreeContract):
    block_size = content.PIECE

    @pytest.fixture
    def tree(self, tmp_path: Path, clock: FakeClock) -> FileTree:
        nowhere = cast("Any", None)  # neither the catalog nor the sessions are asked by what moves
        session = Session(SessionId(1), nowhere, "http", "192.0.2.1", "", START_US, START_US, TimeUs(START_US + 10**12))
        mover = Visitors(nowhere, clock, nowhere).seen(Principal(None, session))
        return WatchedTree(FolderTree(tmp_path, clock), mover)
