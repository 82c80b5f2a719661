"""A folder drive, confined by the kernel and by walking, and a world outside of it."""

from pathlib import Path

import pytest

from secure_file_transfer.storage import platform
from secure_file_transfer.storage.folder import FolderTree
from secure_file_transfer.testing.clock import FakeClock


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "drive"
    path.mkdir()
    return path


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "outside"
    path.mkdir()
    (path / "secret").write_bytes(b"secret of the world outside")
    return path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["openat2", "walk"])
def drive(request: pytest.FixtureRequest, root: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> FolderTree:
    if request.param == "walk":
        monkeypatch.setattr(platform, "HAS_OPENAT2", False)
    elif not platform.HAS_OPENAT2:
        pytest.skip("this kernel has no openat2")
    return FolderTree(root, clock)
