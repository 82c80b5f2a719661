"""The blob stores against their contract."""

from collections.abc import Callable
from pathlib import Path

import pytest

from secure_file_transfer.errors import NoSpaceError, StorageError
from secure_file_transfer.ports import BlobStore
from secure_file_transfer.storage.blobs import LocalBlobStore
from secure_file_transfer.testing.contracts.blobs import BlobStoreContract
from secure_file_transfer.testing.faults import (
    Damage,
    FailingBlobStore,
    RefusingBlobStore,
    disk_full,
    flipped,
    truncated,
)

KEY, OTHER = "ab" * 32, "cd" * 32


class TestLocalBlobStore(BlobStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> BlobStore:
        return LocalBlobStore(tmp_path / "blobs")


class TestWrappedByFaultsThatDoNotStrike(BlobStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> BlobStore:
        return FailingBlobStore(LocalBlobStore(tmp_path / "blobs"))


@pytest.fixture
def local(tmp_path: Path) -> LocalBlobStore:
    return LocalBlobStore(tmp_path / "blobs")


def test_a_fault_strikes_where_it_is_told_to(local: LocalBlobStore) -> None:
    store = FailingBlobStore(local, put_at=2, get_at=range(1, 3), error=disk_full)
    store.put(KEY, b"one")
    with pytest.raises(NoSpaceError):
        store.put(OTHER, b"two")
    assert [key for key, _ in local.scan()] == [KEY]
    for _ in range(2):
        with pytest.raises(NoSpaceError):
            store.get(KEY)
    assert store.get(KEY) == b"one"
    assert store.calls == {"put": 2, "get": 3}


def test_a_lost_answer_has_stored(local: LocalBlobStore) -> None:
    store = FailingBlobStore(local, put_at=1, lost_answer=True)
    with pytest.raises(StorageError):
        store.put(KEY, b"one")
    assert local.get(KEY) == b"one"


@pytest.mark.parametrize(
    ("damage", "expected"),
    [(flipped(0), b"\x01\x00"), (flipped(-1), b"\x00\x80"), (truncated(1), b"\x00"), (truncated(9), b"")],
)
def test_damage_shows_on_the_way_back(local: LocalBlobStore, damage: Damage, expected: bytes) -> None:
    local.put(KEY, b"\x00\x00")
    assert FailingBlobStore(local, damage=damage).get(KEY) == expected
    late = FailingBlobStore(local, damage=damage, damage_at=2)
    assert [late.get(KEY), late.get(KEY)] == [b"\x00\x00", expected]


def test_the_refusing_store_refuses_everything() -> None:
    store = RefusingBlobStore()
    calls: list[Callable[[], object]] = [
        lambda: store.put(KEY, b""),
        lambda: store.get(KEY),
        lambda: store.delete(KEY),
        store.scan,
        store.free_bytes,
    ]
    for call in calls:
        with pytest.raises(AssertionError):
            call()
