"""The client's own disk."""

import errno
import os
import stat
from pathlib import Path

import pytest

from secure_file_transfer.client import local
from secure_file_transfer.client.local import PartialFile
from secure_file_transfer.errors import (
    InvalidNameError,
    NoSpaceError,
    NotAFolderError,
    NotFoundError,
    SecureFileTransferError,
    StorageError,
)
from secure_file_transfer.model import Conflict, TimeUs


@pytest.mark.parametrize("number", list(local._ERRORS))
def test_every_known_refusal_names_the_path_and_what_to_do(number: int) -> None:
    with pytest.raises(SecureFileTransferError, match="'thing'") as caught, local.local_errors("write", Path("thing")):
        raise OSError(number, os.strerror(number))
    assert caught.value.hint


def test_an_unknown_refusal_is_a_storage_error() -> None:
    with pytest.raises(StorageError, match="Input/output"), local.local_errors("write", Path("thing")):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_nul_in_a_path_is_a_bad_name() -> None:
    with pytest.raises(InvalidNameError):
        local.SourceFile(Path("a\0b"))


@pytest.mark.parametrize("name", ["f", "x" * 255, "é" * 127, ".hidden", "a.b.c"])
def test_the_partial_file_of_any_name_lies_beside_it(tmp_path: Path, name: str) -> None:
    part = PartialFile(tmp_path / name)
    part.write([b"one", b"two"])
    (found,) = tmp_path.iterdir()
    assert found.name.startswith(".")
    assert found.name.endswith(".sft-part")
    assert part.publish(TimeUs(5_000_000), Conflict.SKIP) == (tmp_path / name, "created")
    (found,) = tmp_path.iterdir()
    assert (found.name, found.read_bytes(), found.stat().st_mtime) == (name, b"onetwo", 5)
    part.discard()
    assert found.exists()


def test_a_received_file_has_the_mode_of_any_other(tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    part = PartialFile(tmp_path / "received")
    part.publish(None, Conflict.OVERWRITE)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_after_a_discard_nothing_is_made(tmp_path: Path) -> None:
    part = PartialFile(tmp_path / "f")
    part.write([b"x"])
    part.discard()
    with pytest.raises(StorageError):
        part.write([b"y"])
    with pytest.raises(StorageError):
        part.publish(None, Conflict.OVERWRITE)
    assert list(tmp_path.iterdir()) == []


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [b"abc", b"", b"defgh", b"i"]
    for taken in range(10):
        monkeypatch.setattr(os, "writev", lambda fd, parts, taken=taken: os.write(fd, b"".join(parts)[:taken]))
        part = PartialFile(tmp_path / str(taken))
        part.write(parts)
        part.publish(None, Conflict.OVERWRITE)
        assert (tmp_path / str(taken)).read_bytes() == b"abcdefghi"


def test_without_hard_links_a_name_is_claimed_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "not here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    (tmp_path / "f").write_bytes(b"theirs")
    part = PartialFile(tmp_path / "f")
    part.write([b"mine"])
    path, _ = part.publish(None, Conflict.RENAME)
    assert (path.name, path.read_bytes()) == ("f (1)", b"mine")
    assert (tmp_path / "f").read_bytes() == b"theirs"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "there"),
    [("a:b", "a_b"), ("CON", "_CON"), ("nul.txt", "_nul.txt"), ("com1", "_com1"), ("conx", "conx"), ("a?*", "a__")],
)
def test_windows_gets_names_that_it_takes(name: str, there: str) -> None:
    assert local.local_name(name, windows=True) == there
    assert local.local_name(name, windows=False) == name


def test_a_walk_names_links_and_never_follows_them(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "f").write_bytes(b"123")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    found = [(str(path.relative_to(tmp_path)), kind, size) for path, kind, size in local.walk(tmp_path)]
    assert found == [
        ("a", "folder", 0),
        ("pipe", "other", 0),
        ("a/b", "folder", 0),
        ("a/f", "file", 3),
        ("a/loop", "link", 0),
    ]


def test_a_walk_goes_on_past_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "f").touch()
    before = os.scandir

    def scandir(path: Path) -> object:
        if path.name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied")
        return before(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert [(path.name, kind) for path, kind, _ in local.walk(tmp_path)] == [
        ("closed", "folder"),
        ("open", "folder"),
        ("f", "file"),
        ("closed", "error"),
    ]


def test_a_walk_of_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(NotFoundError):
        list(local.walk(tmp_path / "missing"))
    with pytest.raises(NotAFolderError):
        list(local.walk(tmp_path / "f"))


def test_a_folder_cannot_be_made_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    for path in (tmp_path / "f", tmp_path / "f" / "g"):
        with pytest.raises(NotAFolderError):
            local.make_folder(path)


def test_a_full_disk_is_no_space(tmp_path: Path) -> None:
    with pytest.raises(NoSpaceError, match="No space"), local.local_errors("write", tmp_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
