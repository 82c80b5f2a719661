"""Whole trees, listings, and what the system refuses."""

import errno
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_file_transfer.errors import (
    ConfigurationError,
    ForbiddenError,
    InvalidRequestError,
    NoSpaceError,
    SecureFileTransferError,
    SourceChangedError,
    StorageError,
)
from secure_file_transfer.model import Conflict, Kind, SortKey
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import Expectation
from secure_file_transfer.storage import durable, platform
from secure_file_transfer.storage.folder import FolderTree, disk, draft, whole
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.contracts.tree_kit import at, names, read, write

SECRET = b"secret of the world outside"


def on_disk(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def refuse(code: int) -> Callable[..., None]:
    def call(*args: object, **named: object) -> None:
        raise OSError(code, os.strerror(code))

    return call


def test_a_copy_is_invisible_until_it_is_whole_and_leaves_nothing_when_it_fails(
    drive: FolderTree, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "d" / "e").mkdir(parents=True)
    (root / "d" / "f").write_bytes(b"x")
    real = whole.copy_tree

    def copy_tree(yard: draft.Yard, source: int, target: int, path: RemotePath) -> None:
        real(yard, source, target, path)
        assert names(drive) == ["d"]
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as full:
        full.setattr(whole, "copy_tree", copy_tree)
        with pytest.raises(NoSpaceError):
            drive.copy(at("/d"), at("/copy"))
    assert on_disk(root) == ["d"]
    drive.copy(at("/d"), at("/copy"))
    assert on_disk(root / "copy") == ["e", "f"]


def test_a_file_that_changes_while_it_is_copied_is_not_copied(
    drive: FolderTree, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "f").write_bytes(b"1" * 1000)
    real = os.copy_file_range

    def copy_file_range(*args: int) -> int:
        done = real(*args)
        (root / "f").write_bytes(b"2" * 1000)
        return done

    monkeypatch.setattr(os, "copy_file_range", copy_file_range)
    with pytest.raises(SourceChangedError):
        drive.copy(at("/f"), at("/g"))
    assert on_disk(root) == ["f"]


def test_one_of_two_names_of_a_file_can_be_moved_over_the_other(drive: FolderTree, root: Path) -> None:
    (root / "a").write_bytes(b"x")
    (root / "b").hardlink_to(root / "a")
    drive.move(at("/a"), at("/b"), conflict=Conflict.OVERWRITE)
    assert on_disk(root) == ["b"]
    assert read(drive, "/b") == b"x"


def test_replacing_one_name_of_a_file_leaves_its_other_name_alone(drive: FolderTree, root: Path, outside: Path) -> None:
    (root / "a").hardlink_to(outside / "secret")
    write(drive, "/a", b"new")
    assert (outside / "secret").read_bytes() == SECRET


@pytest.mark.parametrize("choice", [Conflict.NEWER, Conflict.RESUME])
def test_moving_knows_no_newer_and_no_resume(drive: FolderTree, root: Path, choice: Conflict) -> None:
    (root / "a").write_bytes(b"x")
    for verb in (drive.move, drive.copy):
        with pytest.raises(InvalidRequestError):
            verb(at("/a"), at("/b"), conflict=choice)


@pytest.mark.parametrize("descending", [False, True])
def test_names_that_differ_only_in_case_are_all_listed_once(drive: FolderTree, root: Path, descending: bool) -> None:
    given = ["a", "A", "b", "B", "ß", "ss", "SS", "ẞ"]
    for name in given:
        (root / name).write_bytes(b"x")
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = drive.list(at("/"), cursor=cursor, limit=1, descending=descending)
        seen += [entry.name for entry in page.entries]
        cursor = page.cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(on_disk(root))
    assert len(seen) == len(set(seen)) == len(given)


def test_a_cursor_belongs_to_its_order(drive: FolderTree, root: Path) -> None:
    for number in range(3):
        (root / str(number)).write_bytes(b"x")
    cursor = drive.list(at("/"), limit=1).cursor
    for wrong in ({"sort": SortKey.SIZE}, {"descending": True}):
        with pytest.raises(InvalidRequestError):
            drive.list(at("/"), cursor=cursor, **wrong)
    with pytest.raises(InvalidRequestError):
        drive.list(at("/"), limit=0)


def test_an_entry_that_goes_during_the_listing_is_left_out(
    drive: FolderTree, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        (root / name).write_bytes(b"x")
    real = disk.shown_at

    def shown_at(folder: int, name: str) -> os.stat_result | None:
        if name == "b":
            (root / "b").unlink(missing_ok=True)
        return real(folder, name)

    monkeypatch.setattr(disk, "shown_at", shown_at)
    assert names(drive) == ["a", "c"]


def test_a_large_folder_is_listed_whole(drive: FolderTree, root: Path) -> None:
    count = 3_000
    for number in range(count):
        (root / f"{number:05d}").touch()
    seen: list[str] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        page = drive.list(at("/"), cursor=cursor, limit=700)
        seen += [entry.name for entry in page.entries]
        cursor = page.cursor
    assert seen == [f"{number:05d}" for number in range(count)]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_what_the_system_forbids_is_forbidden_and_not_worth_another_try(
    drive: FolderTree, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(os, "mkdir", refuse(code))
    with pytest.raises(ForbiddenError) as caught:
        drive.make_folder(at("/d"))
    assert not caught.value.retryable


def test_a_root_that_is_gone_is_a_storage_error(drive: FolderTree, root: Path) -> None:
    root.rmdir()
    with pytest.raises(StorageError):
        drive.stat(at("/"))
    with pytest.raises(StorageError):
        drive.list(at("/"))
    with pytest.raises(StorageError):
        drive.draft(at("/f"))


def test_a_root_that_is_no_directory_is_a_configuration_error(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "file").write_bytes(b"x")
    for path in (tmp_path / "file", tmp_path / "missing"):
        with pytest.raises(ConfigurationError):
            FolderTree(path, clock)


def test_the_operator_may_name_the_root_by_a_link(tmp_path: Path, root: Path, clock: FakeClock) -> None:
    (tmp_path / "link").symlink_to(root)
    write(FolderTree(tmp_path / "link", clock), "/f", b"x")
    assert on_disk(root) == ["f"]


def test_a_file_and_a_directory_are_renamed_portably_only_to_free_names(root: Path) -> None:
    handle = os.open(root, platform.DIRECTORY)
    (root / "f").write_bytes(b"f")
    (root / "g").write_bytes(b"g")
    (root / "d").mkdir()
    (root / "e").mkdir()
    for source, taken in itertools.product("fd", "ge"):
        with pytest.raises(FileExistsError):
            platform.rename_new_portably(handle, source, handle, taken)
    assert on_disk(root) == ["d", "e", "f", "g"]
    for source in "fd":
        platform.rename_new_portably(handle, source, handle, source * 2)
    assert on_disk(root) == ["dd", "e", "ff", "g"]
    os.close(handle)


def test_a_disk_without_hard_links_still_never_overruns_a_name(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = os.open(root, platform.DIRECTORY)
    (root / "f").write_bytes(b"f")
    (root / "g").write_bytes(b"g")
    monkeypatch.setattr(os, "link", refuse(errno.EPERM))
    with pytest.raises(FileExistsError):
        platform.rename_new_portably(handle, "f", handle, "g")
    platform.rename_new_portably(handle, "f", handle, "h")
    assert (root / "g").read_bytes() == b"g"
    assert (root / "h").read_bytes() == b"f"
    os.close(handle)


def test_no_handle_stays_open(drive: FolderTree, root: Path, outside: Path) -> None:
    (root / "link").symlink_to(outside)
    write(drive, "/f", b"x")
    drive.make_folder(at("/d/e"), parents=True)
    before = len(on_disk(Path("/proc/self/fd")))
    for number in range(5):
        write(drive, "/d/g", b"x", modified_us=number)
        read(drive, "/f")
        drive.list(at("/d"))
        drive.copy(at("/d"), at(f"/c{number}"))
        drive.move(at(f"/c{number}"), at("/m"))
        drive.remove(at("/m"), recursive=True)
        drive.usage()
        failures: list[Callable[[], object]] = [
            lambda: drive.open(at("/link")),
            lambda: drive.open(at("/d")),
            lambda: drive.list(at("/f")),
            lambda: drive.draft(at("/link/x")),
            lambda: drive.draft(at("/f/x")),
            lambda: drive.copy(at("/f"), at("/d")),
            lambda: drive.move(at("/f"), at("/d")),
            lambda: drive.make_folder(at("/f")),
            lambda: write(drive, "/f", b"x", expect=Expectation(none_match=("*",))),
            lambda: drive.draft(at("/d")),
            lambda: drive.copy(at("/d"), at("/d/x")),
        ]
        for failure in failures:
            with pytest.raises(SecureFileTransferError):
                failure()
    assert len(on_disk(Path("/proc/self/fd"))) == before
    assert names(drive) == ["d", "f"]
    assert drive.stat(at("/d")).kind is Kind.FOLDER
    assert not list(root.rglob(durable.TEMP_PREFIX + "*"))
