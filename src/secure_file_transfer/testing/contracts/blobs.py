"""What every `ports.BlobStore` promises. A new implementation names itself in a fixture `store`:

class TestMyBlobs(BlobStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> BlobStore:
        return MyBlobs(tmp_path)
"""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from secure_file_transfer.errors import BlockDamagedError
from secure_file_transfer.model import KIB, MIB
from secure_file_transfer.ports import BlobStore, Buffer

ABSENT = "0" * 64


def key_of(data: bytes) -> str:
    """A key, made from the content only so that tests need not invent one."""
    return hashlib.sha256(data).hexdigest()


def body(size: int, seed: int = 1) -> bytes:
    """Bytes that repeat nowhere."""
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(size)


class BlobStoreContract:
    """Every promise of `ports.BlobStore`, tried."""

    @pytest.fixture
    def store(self) -> BlobStore:
        raise NotImplementedError("name the store under test in a fixture called 'store'")

    @pytest.mark.parametrize("size", [0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 4 * MIB + 100])
    def test_what_was_put_comes_back(self, store: BlobStore, size: int) -> None:
        data = body(size)
        store.put(key_of(data), data)
        assert store.get(key_of(data)) == data

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_any_buffer_is_taken_and_may_be_reused(self, store: BlobStore, kind: type) -> None:
        data = body(10_000)
        buffer: Buffer = kind(bytearray(data))
        store.put(ABSENT, buffer)
        if not isinstance(buffer, bytes):
            buffer[:] = bytes(len(data))
        assert store.get(ABSENT) == data

    @pytest.mark.parametrize(
        ("offset", "length"),
        [(0, 0), (0, 1), (0, 999), (1, 998), (500, 10), (999, 1), (999, 5), (1000, 1), (2000, 5), (0, 5000), (7, None)],
    )
    def test_a_range_ends_where_the_blob_ends(self, store: BlobStore, offset: int, length: int | None) -> None:
        data = body(1000)
        store.put(ABSENT, data)
        end = None if length is None else offset + length
        assert store.get(ABSENT, offset, length) == data[offset:end]

    def test_putting_the_same_again_is_fine(self, store: BlobStore) -> None:
        data = body(1000)
        store.put(ABSENT, data)
        store.put(ABSENT, data)
        assert store.get(ABSENT) == data
        assert [key for key, _ in store.scan()] == [ABSENT]

    def test_a_damaged_blob_is_mended_by_putting_it_again(self, store: BlobStore) -> None:
        store.put(ABSENT, body(900, seed=2))
        store.put(ABSENT, body(1000))
        assert store.get(ABSENT) == body(1000)

    def test_a_blob_that_is_missing_is_damage(self, store: BlobStore) -> None:
        with pytest.raises(BlockDamagedError):
            store.get(ABSENT)

    def test_delete_removes_and_forgives(self, store: BlobStore) -> None:
        store.put(ABSENT, body(10))
        store.delete(ABSENT)
        store.delete(ABSENT)
        assert list(store.scan()) == []
        with pytest.raises(BlockDamagedError):
            store.get(ABSENT)

    def test_scan_gives_every_key_and_when_it_was_stored(self, store: BlobStore) -> None:
        before = time.time()
        keys = {key_of(body(10, seed)) for seed in range(50)}
        for key in keys:
            store.put(key, key.encode())
        found = dict(store.scan())
        assert set(found) == keys
        assert all(before - 2 <= stored <= time.time() + 2 for stored in found.values())

    def test_blobs_may_be_deleted_during_a_scan(self, store: BlobStore) -> None:
        keys = {key_of(body(10, seed)) for seed in range(20)}
        for key in keys:
            store.put(key, b"x")
        seen = set()
        for key, _ in store.scan():
            seen.add(key)
            store.delete(key)
        assert seen == keys
        assert list(store.scan()) == []

    @pytest.mark.parametrize(
        "key",
        ["", "0" * 63, "0" * 65, "A" * 64, "../" + "0" * 61, "0" * 63 + "/", "0" * 63 + "\n", "\u0660" * 64, "g" * 64],
    )
    def test_a_key_of_another_form_is_refused(self, store: BlobStore, key: str) -> None:
        for call in (lambda: store.put(key, b"x"), lambda: store.get(key), lambda: store.delete(key)):
            with pytest.raises(ValueError, match="key"):
                call()
        assert list(store.scan()) == []

    def test_many_threads_put_and_get_at_once(self, store: BlobStore) -> None:
        bodies = [body(200_000 + seed, seed) for seed in range(16)]

        def there_and_back(data: bytes) -> bool:
            store.put(key_of(data), data)
            return store.get(key_of(data)) == data

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(there_and_back, bodies))
        assert {key for key, _ in store.scan()} == {key_of(data) for data in bodies}

    def test_many_threads_put_one_key(self, store: BlobStore) -> None:
        data = body(300_000)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: store.put(ABSENT, data), range(16)))
        assert store.get(ABSENT) == data
        assert [key for key, _ in store.scan()] == [ABSENT]

    def test_it_says_how_much_more_it_takes(self, store: BlobStore) -> None:
        assert store.free_bytes() > 0
