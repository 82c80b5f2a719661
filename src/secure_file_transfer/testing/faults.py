"""Blob stores that fail on purpose: wrappers with the interface of what they wrap, put in at the seam."""

import errno
from collections import Counter
from collections.abc import Callable, Iterator
from threading import Lock

from secure_file_transfer.errors import SecureFileTransferError, disk_errors
from secure_file_transfer.ports import BlobStore, Buffer

Damage = Callable[[bytes], bytes]
"""What happens to bytes on their way back."""


def disk_full() -> SecureFileTransferError:
    """What a store raises when the disk is full (ENOSPC)."""
    return _typed(errno.ENOSPC)


def disk_broken() -> SecureFileTransferError:
    """What a store raises when the disk fails (EIO)."""
    return _typed(errno.EIO)


def _typed(code: int) -> SecureFileTransferError:
    try:
        with disk_errors("failing on purpose"):
            raise OSError(code, errno.errorcode[code])
    except SecureFileTransferError as error:
        return error


def flipped(bit: int) -> Damage:
    """One bit of the bytes is turned over, counted from the start (or with a negative number from the end)."""

    def damage(data: bytes) -> bytes:
        if not data:
            return data
        at = bit % (len(data) * 8)
        changed = bytearray(data)
        changed[at // 8] ^= 1 << at % 8
        return bytes(changed)

    return damage


def truncated(by: int) -> Damage:
    """The last bytes are missing."""
    return lambda data: data[: max(len(data) - by, 0)]


class WrappedBlobStore:
    """Passes every call on. The others override what they change."""

    def __init__(self, inner: BlobStore) -> None:
        self.inner = inner

    def put(self, key: str, data: Buffer) -> None:
        self.inner.put(key, data)

    def get(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        return self.inner.get(key, offset, length)

    def delete(self, key: str) -> None:
        self.inner.delete(key)

    def scan(self) -> Iterator[tuple[str, float]]:
        return self.inner.scan()

    def free_bytes(self) -> int:
        return self.inner.free_bytes()


class CountingBlobStore(WrappedBlobStore):
    """Counts the calls by name, in `calls`."""

    def __init__(self, inner: BlobStore) -> None:
        super().__init__(inner)
        self._lock = Lock()
        self.calls: Counter[str] = Counter()

    def _count(self, call: str) -> int:
        with self._lock:
            self.calls[call] += 1
            return self.calls[call]

    def put(self, key: str, data: Buffer) -> None:
        self._count("put")
        super().put(key, data)

    def get(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        self._count("get")
        return super().get(key, offset, length)

    def delete(self, key: str) -> None:
        self._count("delete")
        super().delete(key)

    def scan(self) -> Iterator[tuple[str, float]]:
        self._count("scan")
        return super().scan()

    def free_bytes(self) -> int:
        self._count("free_bytes")
        return super().free_bytes()


class FailingBlobStore(CountingBlobStore):
    """Fails where it is told to; every other call passes.

    `put_at` and `get_at` are the numbers of the calls that fail, counted from 1: one of them, several, or with
    `range(3, 10**9)` the third and all that follow. A failing `put` stores nothing; with `lost_answer` it stores and
    fails all the same, as when the connection to a store breaks before its answer. `damage` changes what `get` returns,
    in the calls of `damage_at` or, when that is None, in all.
    """

    def __init__(
        self,
        inner: BlobStore,
        *,
        put_at: int | range | None = None,
        get_at: int | range | None = None,
        error: Callable[[], SecureFileTransferError] = disk_broken,
        lost_answer: bool = False,
        damage: Damage | None = None,
        damage_at: int | range | None = None,
    ) -> None:
        super().__init__(inner)
        self._put_at, self._get_at, self._damage_at = map(_calls, (put_at, get_at, damage_at))
        self._error = error
        self._lost_answer = lost_answer
        self._damage = damage

    def put(self, key: str, data: Buffer) -> None:
        fails = self._count("put") in self._put_at
        if not fails or self._lost_answer:
            self.inner.put(key, data)
        if fails:
            raise self._error()

    def get(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        number = self._count("get")
        if number in self._get_at:
            raise self._error()
        data = self.inner.get(key, offset, length)
        if self._damage is not None and (not self._damage_at or number in self._damage_at):
            return self._damage(data)
        return data


def _calls(numbers: int | range | None) -> range:
    if numbers is None:
        return range(0)
    return range(numbers, numbers + 1) if isinstance(numbers, int) else numbers


class RefusingBlobStore:
    """Refuses every call: put it where a component must not touch the store at all."""

    def put(self, key: str, data: Buffer) -> None:
        raise AssertionError(f"put({key}, {len(data)} bytes) was not to be called")

    def get(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        raise AssertionError(f"get({key}, {offset}, {length}) was not to be called")

    def delete(self, key: str) -> None:
        raise AssertionError(f"delete({key}) was not to be called")

    def scan(self) -> Iterator[tuple[str, float]]:
        raise AssertionError("scan() was not to be called")

    def free_bytes(self) -> int:
        raise AssertionError("free_bytes() was not to be called")
