"""Reading and writing beside other programs, on disks that fail: changes, digests, order, leftovers."""

import errno
import hashlib
import itertools
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_file_transfer.errors import (
    ConflictError,
    NoSpaceError,
    NotFoundError,
    SecureFileTransferError,
    SourceChangedError,
    StorageError,
)
from secure_file_transfer.model import Conflict
from secure_file_transfer.ports import Expectation
from secure_file_transfer.storage import platform
from secure_file_transfer.storage.folder import FolderTree, content, disk
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.contracts.tree_kit import at, read, write

SECRET = b"secret of the world outside"


def on_disk(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def refuse(code: int) -> Callable[..., None]:
    def call(*args: object, **named: object) -> None:
        raise OSError(code, os.strerror(code))

    return call


@pytest.mark.parametrize("change", ["grow", "shrink", "rewrite", "empty"])
def test_a_file_that_changes_while_it_is_read_is_never_a_mixture(drive: FolderTree, root: Path, change: str) -> None:
    size = 3 * content.PIECE
    (root / "f").write_bytes(b"1" * size)
    opened = drive.open(at("/f"))
    pieces = opened.chunks(0, size)
    assert bytes(next(pieces)) == b"1" * content.PIECE
    with (root / "f").open("r+b") as file:
        if change == "grow":
            file.seek(0, os.SEEK_END)
            file.write(b"2")
        elif change == "shrink":
            file.truncate(size - 1)
        elif change == "empty":
            file.truncate(0)
        else:
            file.write(b"2" * size)
    with pytest.raises(SourceChangedError):
        list(pieces)
    opened.close()


def test_reading_past_the_end_is_a_change_and_not_an_endless_wait(drive: FolderTree, root: Path) -> None:
    (root / "f").write_bytes(b"123")
    opened = drive.open(at("/f"))
    with pytest.raises(SourceChangedError):
        list(opened.chunks(0, 4))
    opened.close()


def test_a_closed_content_reads_nothing_and_never_another_file(drive: FolderTree, root: Path) -> None:
    (root / "f").write_bytes(b"1" * (2 * content.PIECE))
    opened = drive.open(at("/f"))
    begun = opened.chunks(0, 2 * content.PIECE)
    next(begun)
    opened.close()
    with (root / "other").open("wb") as other:  # takes the number of the handle that was closed
        other.write(SECRET)
        with pytest.raises(StorageError):
            list(opened.chunks(0, 10))
        assert bytes(next(begun)) == b"1" * content.PIECE


def test_digests_are_known_for_what_came_through_us_until_it_changes(drive: FolderTree, root: Path) -> None:
    write(drive, "/ours", b"ours")
    (root / "theirs").write_bytes(b"theirs")
    digest = hashlib.sha256(b"ours").digest()
    assert {entry.name: entry.sha256 for entry in drive.list(at("/")).entries} == {"ours": digest, "theirs": None}
    assert drive.move(at("/ours"), at("/moved")).sha256 == digest
    assert drive.copy(at("/moved"), at("/copied")).sha256 == digest
    assert drive.copy(at("/theirs"), at("/copied theirs")).sha256 is None
    before = (root / "moved").stat()
    (root / "moved").write_bytes(b"OURS")
    os.utime(root / "moved", ns=(before.st_atime_ns, before.st_mtime_ns))  # same size and time, other content
    assert drive.stat(at("/moved")).sha256 is None
    assert read(drive, "/copied") == b"ours"


def test_the_memory_of_digests_is_bounded(root: Path) -> None:
    digests = disk.Digests(limit=3)
    files = [root / str(number) for number in range(5)]
    for file in files:
        file.write_bytes(b"x")
        digests.put(file.stat(), file.name.encode())
        assert digests.get(files[0].stat()) == b"0" or file is not files[0]
    assert [digests.get(file.stat()) for file in files] == [b"0", None, None, b"3", b"4"]


def test_attack_52_a_full_disk_leaves_nothing_and_the_draft_can_go_on(
    drive: FolderTree, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "f").write_bytes(b"old")
    made = drive.draft(at("/f"))
    made.append(b"first ")
    real, calls = os.pwrite, itertools.count()

    def half(handle: int, data: bytes, offset: int) -> int:
        if next(calls):
            raise OSError(errno.ENOSPC, "full")
        return real(handle, data[:3], offset)

    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", half)
        with pytest.raises(NoSpaceError):
            made.append(b"second")
    assert made.size == 6
    made.append(b"2nd")
    assert made.commit(sha256=hashlib.sha256(b"first 2nd").digest(), size=9).entry.size == 9
    assert read(drive, "/f") == b"first 2nd"
    assert on_disk(root) == ["f"]


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_attack_52_a_commit_that_fails_leaves_the_old_content(
    drive: FolderTree, root: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    (root / "f").write_bytes(b"old")
    with monkeypatch.context() as broken:
        broken.setattr(os, call, refuse(errno.EIO))
        with pytest.raises(StorageError):
            write(drive, "/f", b"new")
    assert on_disk(root) == ["f"]
    assert read(drive, "/f") == b"old"


def test_bytes_then_name_then_directory_are_made_durable(drive: FolderTree, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    fsync, rename_new = os.fsync, platform.rename_new

    def note_fsync(handle: int) -> None:
        order.append("directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def note_rename(*args: object) -> None:
        order.append("name")
        rename_new(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(platform, "rename_new", note_rename)
    write(drive, "/f", b"x")
    assert order == ["file", "name", "directory"]


@pytest.mark.parametrize("theirs", ["file", "folder"])
@pytest.mark.parametrize("conflict", [Conflict.SKIP, Conflict.RENAME, Conflict.OVERWRITE])
def test_another_program_that_takes_the_name_first_is_not_overrun(
    drive: FolderTree, root: Path, monkeypatch: pytest.MonkeyPatch, theirs: str, conflict: Conflict
) -> None:
    real = platform.rename_new

    def late(source: int, temp: str, target: int, name: str) -> None:
        if name == "f" and not (root / "f").exists():
            (root / "f").write_bytes(b"theirs") if theirs == "file" else (root / "f").mkdir()
        real(source, temp, target, name)

    monkeypatch.setattr(platform, "rename_new", late)
    try:
        outcome = write(drive, "/f", b"ours", conflict=conflict).outcome
    except SecureFileTransferError as error:
        outcome = error.code
    expected = {
        (Conflict.SKIP, "file"): "skipped",
        (Conflict.RENAME, "file"): "created",
        (Conflict.OVERWRITE, "file"): "replaced",
        (Conflict.RENAME, "folder"): "created",
    }
    assert outcome == expected.get((conflict, theirs), "is_a_folder")
    assert (root / "f").is_dir() == (theirs == "folder")
    if theirs == "file":
        assert (root / "f").read_bytes() == (b"ours" if conflict is Conflict.OVERWRITE else b"theirs")
    assert not [name for name in on_disk(root) if name.startswith(".")]


def test_create_only_holds_against_another_program(
    drive: FolderTree, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = platform.rename_new

    def late(source: int, temp: str, target: int, name: str) -> None:
        (root / "f").write_bytes(b"theirs")
        real(source, temp, target, name)

    monkeypatch.setattr(platform, "rename_new", late)
    with pytest.raises(SecureFileTransferError) as caught:
        write(drive, "/f", b"ours", expect=Expectation(none_match=("*",)))
    assert caught.value.code == "precondition_failed"
    assert (root / "f").read_bytes() == b"theirs"


def test_a_draft_whose_folder_was_moved_away_is_not_published_elsewhere(drive: FolderTree, root: Path) -> None:
    drive.make_folder(at("/a"))
    made = drive.draft(at("/a/f"))
    drive.move(at("/a"), at("/b"))
    drive.make_folder(at("/a"))
    with pytest.raises(NotFoundError):
        made.commit()
    made.abort()
    assert on_disk(root / "a") == on_disk(root / "b") == []


def test_an_ended_draft_says_so(drive: FolderTree) -> None:
    made = drive.draft(at("/f"))
    made.commit()
    with pytest.raises(ConflictError):
        made.append(b"x")
    with pytest.raises(ConflictError):
        made.commit()


def test_a_replaced_file_keeps_its_permissions_and_a_new_one_follows_the_umask(drive: FolderTree, root: Path) -> None:
    before = os.umask(0o027)
    try:
        write(drive, "/new", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((root / "new").stat().st_mode) == 0o640
    (root / "new").chmod(0o4755)
    write(drive, "/new", b"y")
    assert stat.S_IMODE((root / "new").stat().st_mode) == 0o755
    assert stat.S_IMODE((root / drive.copy(at("/new"), at("/copy")).name).stat().st_mode) & 0o4000 == 0


def test_what_a_crash_left_is_removed_but_no_living_draft(drive: FolderTree, root: Path, clock: FakeClock) -> None:
    clock.set(int(time.time() * 1_000_000))  # the files get their times from the disk
    (root / "d").mkdir()
    living = drive.draft(at("/d/f"))
    living.append(b"x")
    (root / "d" / ".sft-dead").write_bytes(b"x" * 100)
    (root / "d" / ".sft-tree" / "sub").mkdir(parents=True)
    (root / "d" / ".sft-tree" / "sub" / "f").write_bytes(b"x")
    os.mkfifo(root / "d" / ".sft-pipe")
    (root / "d" / ".sft-link").symlink_to(root)
    count = len(on_disk(root / "d"))
    assert drive.usage().files == 0
    assert len(on_disk(root / "d")) == count  # all of them are new
    clock.advance(3700)
    drive.usage()
    left = on_disk(root / "d")
    assert ".sft-dead" not in left
    assert ".sft-tree" not in left
    assert ".sft-pipe" not in left
    living.commit()
    assert read(drive, "/d/f") == b"x"


def test_an_abort_from_elsewhere_waits_for_the_write_that_is_running(
    drive: FolderTree, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = drive.draft(at("/f"))
    writing, aborted = threading.Event(), threading.Event()
    real = os.pwrite

    def slow(handle: int, data: bytes, offset: int) -> int:
        writing.set()
        assert not aborted.wait(0.05)  # otherwise the number of the handle could be another file's by now
        return real(handle, data, offset)

    def abort() -> None:
        assert writing.wait(30)
        made.abort()
        aborted.set()

    monkeypatch.setattr(os, "pwrite", slow)
    thread = threading.Thread(target=abort)
    thread.start()
    made.append(b"x")
    thread.join()
    with pytest.raises(ConflictError):
        made.append(b"y")
    assert on_disk(root) == []


def test_a_file_that_was_written_to_this_moment_is_looked_at_once_more(
    drive: FolderTree, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the kernel's clock has gone on, another write may leave all that can be seen of a file as it is."""
    (root / "f").write_bytes(b"first")
    now = (root / "f").stat().st_mtime_ns + 1_000_000
    waited = []

    def write_meanwhile(seconds: float) -> None:
        waited.append(seconds)
        (root / "f").write_bytes(b"later")

    monkeypatch.setattr(time, "time_ns", lambda: now)
    monkeypatch.setattr(time, "sleep", write_meanwhile)
    assert read(drive, "/f") == b"later"
    assert waited == [pytest.approx(0.019)]
    now += 10_000_000_000  # long ago
    assert read(drive, "/f") == b"later"
    write(drive, "/mine", b"x")  # its time was chosen by us
    now = (root / "mine").stat().st_mtime_ns
    assert read(drive, "/mine") == b"x"
    assert len(waited) == 1
