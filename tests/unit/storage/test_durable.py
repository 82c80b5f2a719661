"""The durable write and blocks on a local disk: modes, the order of synchronisation, what a failure leaves."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_file_transfer.errors import NoSpaceError, SecureFileTransferError, StorageError
from secure_file_transfer.storage import durable
from secure_file_transfer.storage.blobs import LocalBlobStore
from secure_file_transfer.storage.durable import write_file

KEY = "0123456789abcdef" * 4


def names_in(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refuse(code: int) -> Callable[..., None]:
    def call(*args: object, **named: object) -> None:
        raise OSError(code, os.strerror(code))

    return call


def fail_on(monkeypatch: pytest.MonkeyPatch, call: str, number: int, code: int) -> None:
    """Let the `number`-th call of `os.<call>` fail."""
    real = getattr(os, call)
    count = iter(range(1, 1000))

    def stub(*args: object, **named: object) -> object:
        if next(count) == number:
            raise OSError(code, os.strerror(code))
        return real(*args, **named)

    monkeypatch.setattr(os, call, stub)


def test_a_new_file_is_whole_and_private(tmp_path: Path) -> None:
    write_file(tmp_path / "key", b"secret")
    assert (tmp_path / "key").read_bytes() == b"secret"
    assert mode(tmp_path / "key") == 0o600
    assert names_in(tmp_path) == ["key"]


def test_the_mode_asked_for_is_the_mode_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        write_file(tmp_path / "cert", b"public", mode=0o644)
    finally:
        os.umask(before)
    assert mode(tmp_path / "cert") == 0o644


def test_attack_57_a_secret_is_private_before_its_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = os.write

    def write(handle: int, data: bytes) -> int:
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode))
        return real(handle, data)

    before = os.umask(0)
    try:
        monkeypatch.setattr(os, "write", write)
        write_file(tmp_path / "key", b"secret")
    finally:
        os.umask(before)
    assert seen == [0o600]


def test_a_file_is_replaced_and_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"untouched")
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    write_file(tmp_path / "key", b"one")
    write_file(tmp_path / "key", b"two")
    assert (tmp_path / "key").read_bytes() == b"two"
    assert not (tmp_path / "key").is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"untouched"


def test_a_system_that_takes_few_bytes_at_a_time_gets_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:3]))
    write_file(tmp_path / "key", memoryview(b"0123456789"))
    assert (tmp_path / "key").read_bytes() == b"0123456789"


def test_bytes_are_synchronised_before_the_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(handle: int) -> None:
        order.append("directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def note_replace(*args: str) -> None:
        order.append("rename")
        replace(*args)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    write_file(tmp_path / "key", b"one")
    assert order == ["file", "rename", "directory"]


@pytest.mark.parametrize(
    ("call", "code", "error"),
    [
        ("open", errno.EMFILE, StorageError),
        ("write", errno.ENOSPC, NoSpaceError),
        ("write", errno.EDQUOT, NoSpaceError),
        ("write", errno.EIO, StorageError),
        ("fsync", errno.EIO, StorageError),
        ("fsync", errno.ENOSPC, NoSpaceError),
        ("replace", errno.EIO, StorageError),
    ],
)
def test_attack_52_a_failure_leaves_the_old_content_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, error: type[SecureFileTransferError]
) -> None:
    write_file(tmp_path / "key", b"old")
    with monkeypatch.context() as broken:
        broken.setattr(os, call, refuse(code))
        with pytest.raises(error):
            write_file(tmp_path / "key", b"new")
    assert (tmp_path / "key").read_bytes() == b"old"
    assert names_in(tmp_path) == ["key"]
    write_file(tmp_path / "key", b"new")
    assert (tmp_path / "key").read_bytes() == b"new"


def test_attack_52_a_directory_that_cannot_be_synchronised_is_no_acknowledgement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_on(monkeypatch, "fsync", 2, errno.EIO)
    with pytest.raises(StorageError):
        write_file(tmp_path / "key", b"new")
    assert names_in(tmp_path) == ["key"]


@pytest.mark.parametrize(("call", "code"), [("write", errno.ENOSPC), ("fsync", errno.EIO)])
def test_attack_52_a_block_that_fails_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    store = LocalBlobStore(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(os, call, refuse(code))
        with pytest.raises((NoSpaceError, StorageError)):
            store.put(KEY, b"block")
    assert list(store.scan()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    store.put(KEY, b"block")
    assert store.get(KEY) == b"block"


def test_blocks_and_their_directories_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = LocalBlobStore(tmp_path / "blobs")
        store.put(KEY, b"block")
    finally:
        os.umask(before)
    assert mode(tmp_path / "blobs" / KEY[:2] / KEY) == 0o600
    assert {mode(path) for path in [tmp_path / "blobs", *(tmp_path / "blobs").iterdir()]} == {0o700}


def test_a_block_costs_two_synchronisations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalBlobStore(tmp_path)
    count: list[int] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        count.append(handle)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    for number in range(10):
        store.put(f"{number:064x}", b"block")
    assert len(count) == 20


def test_a_scan_ignores_strangers_and_removes_only_old_leftovers(tmp_path: Path) -> None:
    store = LocalBlobStore(tmp_path)
    store.put(KEY, b"block")
    shard = tmp_path / KEY[:2]
    young, old = shard / durable.temp_name(), shard / durable.temp_name()
    strangers = [shard / "README", shard / ("f" * 64), shard / KEY.upper(), tmp_path / "lost+found"]
    for path in (young, old, *strangers):
        path.write_bytes(b"x")
    (shard / ("01" * 32)).symlink_to(KEY)
    os.utime(old, (old.stat().st_mtime - 3700,) * 2)
    assert [key for key, _ in store.scan()] == [KEY]
    assert not old.exists()
    assert young.exists()
    assert all(path.exists() for path in strangers)


def test_a_short_block_gives_what_is_there_for_its_seal_to_find(tmp_path: Path) -> None:
    store = LocalBlobStore(tmp_path)
    store.put(KEY, b"0123456789")
    os.truncate(tmp_path / KEY[:2] / KEY, 4)
    assert store.get(KEY) == b"0123"
    assert store.get(KEY, 2, 5) == b"23"
    assert store.get(KEY, 8, 5) == b""


def test_a_block_that_cannot_be_read_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalBlobStore(tmp_path)
    store.put(KEY, b"0123456789")
    monkeypatch.setattr(os, "read", refuse(errno.EIO))
    with pytest.raises(StorageError):
        store.get(KEY)


def test_short_reads_are_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalBlobStore(tmp_path)
    store.put(KEY, b"0123456789")
    real = os.read
    monkeypatch.setattr(os, "read", lambda handle, count: real(handle, min(count, 3)))
    assert store.get(KEY) == b"0123456789"
    assert store.get(KEY, 1, 7) == b"1234567"


def test_no_handle_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalBlobStore(tmp_path)
    store.put(KEY, b"x")
    before = len(names_in(Path("/proc/self/fd")))
    for _ in range(20):
        store.put(KEY, b"x")
        store.get(KEY)
        list(store.scan())
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", refuse(errno.EIO))
            with pytest.raises(StorageError):
                store.put(KEY, b"x")
    assert len(names_in(Path("/proc/self/fd"))) == before
