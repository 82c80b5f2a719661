"""The data directory: private from the start, and one server's alone."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from secure_file_transfer.errors import ConfigurationError, DataDirectoryInUseError, StorageError
from secure_file_transfer.storage.datadir import DataDirectory

HOLDER = """
import sys
from pathlib import Path
from secure_file_transfer.storage.datadir import DataDirectory
lock = DataDirectory(Path(sys.argv[1])).lock()
print("locked", flush=True)
sys.stdin.read()
"""


def names_in(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def modes(data: DataDirectory) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in (data.path, data.blobs, data.keys, data.tls)}


def test_the_tree_is_made_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        data = DataDirectory(tmp_path / "deep" / "data")
    finally:
        os.umask(before)
    assert modes(data) == {0o700}
    assert data.catalog == tmp_path / "deep" / "data" / "catalog.sqlite3"
    assert not data.catalog.exists()


def test_a_tree_that_is_there_is_kept_and_closed_again(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path / "data")
    (first.keys / "master.key").write_bytes(b"key")
    for path in (first.path, first.keys, first.blobs):
        path.chmod(0o755)
    again = DataDirectory(tmp_path / "data")
    assert modes(again) == {0o700}
    assert (again.keys / "master.key").read_bytes() == b"key"


def test_an_empty_directory_is_taken(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    assert modes(DataDirectory(tmp_path / "data")) == {0o700}


def test_somebody_elses_directory_is_not_taken_over(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    (home / "letter.txt").write_text("dear")
    with pytest.raises(ConfigurationError, match="other things") as caught:
        DataDirectory(home)
    assert "chmod 700" in caught.value.hint
    assert names_in(home) == ["letter.txt"]
    assert stat.S_IMODE(home.stat().st_mode) == 0o755
    home.chmod(0o700)
    assert modes(DataDirectory(home)) == {0o700}


@pytest.mark.parametrize("below", [False, True])
def test_a_file_in_the_way_is_a_configuration_error(tmp_path: Path, below: bool) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        DataDirectory(tmp_path / "file" / "data" if below else tmp_path / "file")


def test_only_one_holds_the_lock(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "data")
    lock = data.lock()
    with pytest.raises(DataDirectoryInUseError, match=rf"Another server \(pid {os.getpid()}\) works on"):
        DataDirectory(tmp_path / "data").lock()
    lock.release()
    lock.release()
    with data.lock(), pytest.raises(DataDirectoryInUseError):
        data.lock()
    data.lock().release()
    assert stat.S_IMODE(data.lock_file.stat().st_mode) == 0o600


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "data")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(DataDirectoryInUseError, match=rf"pid {holder.pid}\b"):
            data.lock()
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=30)
        data.lock().release()


def test_a_lock_file_that_says_nothing_sensible_still_locks(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "data")
    with data.lock():
        data.lock_file.write_bytes(b"\xff\x1b[31m")
        with pytest.raises(DataDirectoryInUseError, match=r"^Another server works on"):
            data.lock()


def test_a_lock_file_swapped_for_a_link_is_not_followed(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "data")
    (tmp_path / "precious").write_text("content")
    data.lock_file.symlink_to(tmp_path / "precious")
    with pytest.raises(StorageError):
        data.lock()
    assert (tmp_path / "precious").read_text() == "content"
