"""Nothing leads out of a folder drive: links, special files, hidden and disguised names, races."""

import itertools
import os
import socket
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from secure_file_transfer.errors import (
    ExistsError,
    InvalidNameError,
    NotEmptyError,
    NotFoundError,
    SecureFileTransferError,
    StorageError,
)
from secure_file_transfer.model import Conflict
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.storage.folder import FolderTree, disk, whole
from secure_file_transfer.testing.contracts.tree_kit import at, names, read, write

SECRET = b"secret of the world outside"


def on_disk(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


@pytest.mark.parametrize("target", ["relative", "absolute", "inside", "dangling", "self"])
def test_attack_7_a_link_is_not_there(drive: FolderTree, root: Path, outside: Path, target: str) -> None:
    for folder in (outside, root / "real"):
        (folder / "sub").mkdir(parents=True)
        (folder / "sub" / "f").write_bytes(b"x")
    (root / "real" / "secret").write_bytes(b"inside")
    to = {
        "relative": Path("../outside"),
        "absolute": outside,
        "inside": Path("real"),
        "dangling": Path("gone"),
        "self": Path("link"),
    }[target]
    (root / "link").symlink_to(to)
    (root / "real" / "file").symlink_to(outside / "secret")
    assert names(drive) == ["real"]
    assert names(drive, "/real") == ["sub", "secret"]
    for path in ("/link", "/link/secret", "/link/new", "/link/sub", "/link/sub/f", "/real/file"):
        looks: list[Callable[[RemotePath], object]] = [
            drive.stat,
            drive.open,
            lambda path: drive.remove(path, recursive=True),
            lambda path: drive.move(path, at("/x")),
            lambda path: drive.copy(path, at("/x")),
            drive.list,
        ]
        for look in looks:
            with pytest.raises(NotFoundError):
                look(at(path))
    for path in ("/link/new", "/link/secret", "/link/sub/new", "/link/sub/f"):
        makes: list[Callable[[RemotePath], object]] = [
            drive.draft,
            drive.make_folder,
            lambda path: drive.move(at("/real/secret"), path),
            lambda path: drive.copy(at("/real/secret"), path),
        ]
        for make in makes:
            with pytest.raises(NotFoundError):
                make(at(path))
    with pytest.raises(SecureFileTransferError):
        drive.make_folder(at("/link/new"), parents=True)
    assert (root / "link").is_symlink()
    assert on_disk(outside) == ["secret", "sub"]
    assert on_disk(outside / "sub") == ["f"]
    assert (outside / "secret").read_bytes() == SECRET


@pytest.mark.parametrize("conflict", [Conflict.OVERWRITE, Conflict.SKIP, Conflict.NEWER])
def test_attack_7_a_link_is_neither_written_through_nor_replaced(
    drive: FolderTree, root: Path, outside: Path, conflict: Conflict
) -> None:
    (root / "link").symlink_to(outside / "secret")
    with pytest.raises(ExistsError):
        write(drive, "/link", b"new", conflict=conflict)
    write(drive, "/mine", b"mine")
    for verb in (drive.move, drive.copy):
        with pytest.raises(ExistsError):
            verb(at("/mine"), at("/link"), conflict=Conflict.OVERWRITE)
    with pytest.raises(ExistsError):
        drive.make_folder(at("/link"))
    assert write(drive, "/link", b"new", conflict=Conflict.RENAME).outcome == "created"
    assert names(drive) == ["link (1)", "mine"]
    assert (outside / "secret").read_bytes() == SECRET
    assert (root / "link").is_symlink()


def test_attack_7_removing_and_copying_a_folder_leaves_alone_what_its_links_point_to(
    drive: FolderTree, root: Path, outside: Path
) -> None:
    (root / "d" / "e").mkdir(parents=True)
    (root / "d" / "e" / "f").write_bytes(b"x")
    (root / "d" / "link").symlink_to(outside)
    (root / "d" / "e" / "link").symlink_to(outside / "secret")
    drive.copy(at("/d"), at("/copy"))
    assert on_disk(root / "copy") == ["e"]
    assert on_disk(root / "copy" / "e") == ["f"]
    drive.remove(at("/d"), recursive=True)
    assert on_disk(root) == ["copy"]
    assert on_disk(outside) == ["secret"]


def test_special_files_are_not_there_and_open_does_not_wait_for_them(drive: FolderTree, root: Path) -> None:
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "socket"))
    with suppress(PermissionError):
        os.mknod(root / "device", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    assert names(drive) == []
    for name in on_disk(root):
        with pytest.raises(NotFoundError):
            drive.open(at(f"/{name}"))
        with pytest.raises(NotFoundError):
            drive.list(at(f"/{name}/x"))
        with pytest.raises(ExistsError):
            write(drive, f"/{name}", b"x")
    assert len(on_disk(root)) >= 2


SWAPPER = """
import ctypes, sys
libc, here, exchange = ctypes.CDLL(None), -100, 2
one, other = (name.encode() for name in sys.argv[1:])
print("swapping", flush=True)
while libc.renameat2(here, one, here, other, exchange) == 0:
    pass
"""


@contextmanager
def swapping(root: Path, outside: Path) -> Iterator[None]:
    """Another program exchanges the folder `d` for a link that leads out, and back, as fast as it can."""
    (root / "d").mkdir()
    (root / "d" / "secret").write_bytes(b"inside")
    (root / "other").symlink_to(outside)
    command = [sys.executable, "-c", SWAPPER, str(root / "d"), str(root / "other")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as swapper:
        assert swapper.stdout is not None
        assert swapper.stdout.readline() == "swapping\n"
        yield
        assert swapper.poll() is None  # it swapped to the end
        swapper.kill()


def test_attack_8_a_race_of_links_against_every_call_never_escapes(
    drive: FolderTree, root: Path, outside: Path
) -> None:
    seen: Counter[str] = Counter()
    number = itertools.count()

    def read_inside() -> None:
        assert read(drive, "/d/secret") == b"inside"

    calls: list[Callable[[], object]] = [
        lambda: write(drive, f"/d/new{next(number)}", b"x"),
        read_inside,
        lambda: [entry.path for entry in drive.list(at("/d")).entries],
        lambda: drive.make_folder(at(f"/d/dir{next(number)}")),
        lambda: drive.make_folder(at(f"/d/a{next(number)}/b"), parents=True),
        lambda: drive.copy(at("/d/secret"), at(f"/d/copy{next(number)}")),
        lambda: drive.move(at("/d/secret"), at("/d/secret2")),
        lambda: drive.move(at("/d/secret2"), at("/d/secret")),
        lambda: drive.remove(at("/d/sub"), recursive=True),
        lambda: drive.stat(at("/d/secret")),
    ]
    (outside / "sub").mkdir()
    (outside / "sub" / "kept").write_bytes(SECRET)
    before = {path: path.stat().st_mtime_ns for path in (outside, *outside.rglob("*"))}
    with swapping(root, outside):
        for turn in range(50_000):
            if turn >= 2_000 and min(seen["not_found"], seen["done"]) > 50:  # both faces of it were met
                break
            try:
                calls[turn % len(calls)]()
                result = "done"
            except SecureFileTransferError as error:
                result = error.code
            seen[result] += 1
        else:
            pytest.fail(f"there was no race: {seen}")
    assert {path: path.stat().st_mtime_ns for path in (outside, *outside.rglob("*"))} == before
    assert (outside / "secret").read_bytes() == SECRET


def test_attack_8_a_folder_swapped_for_a_link_while_it_is_removed(
    drive: FolderTree, root: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "d" / "e").mkdir(parents=True)
    real = whole.names_in

    def names_in(directory: int) -> list[str]:
        found = real(directory)
        if "e" in found:  # seen as a folder, and now it is a link
            (root / "d" / "e").rmdir()
            (root / "d" / "e").symlink_to(outside)
        return found

    monkeypatch.setattr(whole, "names_in", names_in)
    drive.remove(at("/d"), recursive=True)
    assert on_disk(root) == []
    assert on_disk(outside) == ["secret"]


def test_attack_8_a_file_swapped_for_a_link_between_look_and_open(
    drive: FolderTree, root: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "f").write_bytes(b"x")
    status = (root / "f").stat()
    (root / "f").unlink()
    (root / "f").symlink_to(outside / "secret")
    monkeypatch.setattr(disk, "status_of", lambda folder, name: status)
    with pytest.raises((NotFoundError, StorageError)):
        drive.open(at("/f"))


@pytest.mark.parametrize("name", [".sft-x", ".sft-0123456789abcdef", ".SFT-x", ".sft-"])
def test_the_names_of_writes_in_progress_are_invisible_and_refused(drive: FolderTree, root: Path, name: str) -> None:
    (root / name).write_bytes(b"x")
    (root / "real").write_bytes(b"x")
    assert names(drive) == ["real"]
    for path in (f"/{name}", f"/{name}/x"):
        for look in (drive.stat, drive.open, drive.list, drive.remove):
            with pytest.raises(NotFoundError):
                look(at(path))
        makes: list[Callable[[RemotePath], object]] = [
            drive.draft,
            lambda path: drive.make_folder(path, parents=True),
            lambda path: drive.move(at("/real"), path),
            lambda path: drive.copy(at("/real"), path),
        ]
        for make in makes:
            with pytest.raises(InvalidNameError):
                make(at(path))
    assert on_disk(root) == sorted([name, "real"])


def test_names_that_our_rules_refuse_are_not_shown_counted_or_copied(drive: FolderTree, root: Path) -> None:
    (root / "d").mkdir()
    for name in (b"a\\b", b"e\xcc\x81", b"\xff\xfe", b"a\nb", b"ends.", b"a\xe2\x80\xaeb", b"fine"):
        Path(os.fsdecode(os.fsencode(root / "d") + b"/" + name)).write_bytes(b"x")
    assert names(drive, "/d") == ["fine"]
    assert drive.usage().files == 1
    drive.copy(at("/d"), at("/e"))
    assert on_disk(root / "e") == ["fine"]
    (root / "d" / "fine").unlink()
    with pytest.raises(NotEmptyError):
        drive.remove(at("/d"))
    drive.remove(at("/d"), recursive=True)
    assert on_disk(root) == ["e"]
