"""The catalog and the blob store with a stopwatch: what they do takes as long as before, but for a fraction of a µs."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from ...ports import BlobStore, Buffer, Catalog, CatalogTx

T = TypeVar("T")
Observe = Callable[[float], None]
now = time.perf_counter


class TimedCatalog:
    """A `ports.Catalog` that tells how long each transaction took, also one that failed."""

    def __init__(self, catalog: Catalog, reads: Observe, writes: Observe) -> None:
        self._catalog = catalog
        self._reads, self._writes = reads, writes

    def read(self, work: Callable[[CatalogTx], T]) -> T:
        """See `ports.Catalog`."""
        began = now()
        try:
            return self._catalog.read(work)
        finally:
            self._reads(now() - began)

    def write(self, work: Callable[[CatalogTx], T]) -> T:
        """See `ports.Catalog`."""
        began = now()
        try:
            return self._catalog.write(work)
        finally:
            self._writes(now() - began)

    def close(self) -> None:
        """See `ports.Catalog`."""
        self._catalog.close()


class TimedBlobs:
    """A `ports.BlobStore` that tells how long each blob took, also one that failed, and how large those were."""

    def __init__(
        self, blobs: BlobStore, seconds: Callable[[str, float], None], sizes: Callable[[str, int], None]
    ) -> None:
        self._blobs = blobs
        self._seconds, self._sizes = seconds, sizes

    def put(self, key: str, data: Buffer) -> None:
        """See `ports.BlobStore`."""
        self._timed("put", lambda: self._blobs.put(key, data))
        self._sizes("put", memoryview(data).nbytes)

    def get(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """See `ports.BlobStore`."""
        data = self._timed("get", lambda: self._blobs.get(key, offset, length))
        self._sizes("get", len(data))
        return data

    def delete(self, key: str) -> None:
        """See `ports.BlobStore`."""
        self._timed("delete", lambda: self._blobs.delete(key))

    def scan(self) -> Iterator[tuple[str, float]]:
        """See `ports.BlobStore`."""
        return self._blobs.scan()

    def free_bytes(self) -> int:
        """See `ports.BlobStore`."""
        return self._blobs.free_bytes()

    def _timed(self, kind: str, work: Callable[[], T]) -> T:
        began = now()
        try:
            return work()
        finally:
            self._seconds(kind, now() - began)
