"""Who relies on which block right now, so that nobody deletes a block from under somebody else.

A block has two parts, a row in the catalog and (when it is large) a blob, and no transaction spans both. Three parties
touch them: drafts write blobs and later record their rows, readers follow a manifest, and the sweep or an aborted
draft deletes. The rules that keep them apart:

1. Whoever is about to rely on a block takes a lease on it *first*, and only then looks whether it is there.
2. Whoever is about to delete one condemns it first, which succeeds only while nobody has a lease; while it is
   condemned, a new lease waits. A blob goes only when the block is condemned and has no row.
3. No lease is taken, and nothing is condemned, inside a transaction: the catalog's writer must never wait for us.

Leases live in this process only. That suffices because one server at a time works on a data directory.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from secure_file_transfer.model import BlockId
from secure_file_transfer.ports import BlobStore, Catalog


class BlockLeases:
    """The leases of one data directory. Safe for many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._counts: dict[BlockId, int] = {}
        self._condemned: set[BlockId] = set()
        self._builders = 0
        self._purging = False

    def __len__(self) -> int:
        """How many blocks are leased."""
        return len(self._counts)

    def lease(self) -> "Lease":
        """An empty lease, to be filled with `add` and given back with `release`."""
        return Lease(self)

    @contextmanager
    def condemn(self, block_ids: Iterable[BlockId]) -> Iterator[list[BlockId]]:
        """Those of the blocks that nobody relies on; until the end of the block, nobody can begin to.

        Those that another thread has condemned are left to it.
        """
        with self._changed:
            free = [each for each in dict.fromkeys(block_ids) if each not in self._counts]
            free = [each for each in free if each not in self._condemned]
            self._condemned.update(free)
        try:
            yield free
        finally:
            with self._changed:
                self._condemned.difference_update(free)
                self._changed.notify_all()

    @contextmanager
    def building(self) -> Iterator[None]:
        """A tree is being put together out of sight, from nodes that look removed: no purge until it is done."""
        with self._changed:
            while self._purging:
                self._changed.wait()
            self._builders += 1
        try:
            yield
        finally:
            with self._changed:
                self._builders -= 1

    @contextmanager
    def purging(self) -> Iterator[bool]:
        """Whether removed nodes may be purged now; while they may, no building begins."""
        with self._changed:
            may = not self._builders and not self._purging
            self._purging = self._purging or may
        try:
            yield may
        finally:
            if may:
                with self._changed:
                    self._purging = False
                    self._changed.notify_all()

    def _take(self, block_ids: Iterable[BlockId]) -> None:
        wanted = list(block_ids)
        with self._changed:
            while not self._condemned.isdisjoint(wanted):
                self._changed.wait()
            for each in wanted:
                self._counts[each] = self._counts.get(each, 0) + 1

    def _give(self, block_ids: Iterable[BlockId]) -> None:
        with self._changed:
            for each in block_ids:
                left = self._counts[each] - 1
                if left:
                    self._counts[each] = left
                else:
                    del self._counts[each]


class Lease:
    """The blocks that one draft or reader relies on. Used by one thread at a time."""

    __slots__ = ("_ids", "_leases")

    def __init__(self, leases: BlockLeases) -> None:
        self._leases = leases
        self._ids: set[BlockId] = set()

    def add(self, block_ids: Iterable[BlockId]) -> None:
        """Rely on these too. Waits while somebody is just deleting one; it is gone then, so look again afterwards."""
        new = set(block_ids) - self._ids
        self._leases._take(new)  # noqa: SLF001 - a lease is a part of the leases
        self._ids |= new

    def release(self) -> None:
        """Rely on none of them any more. Calling it again is fine."""
        ids, self._ids = self._ids, set()
        self._leases._give(ids)  # noqa: SLF001


def drop_unrecorded(catalog: Catalog, blobs: BlobStore, leases: BlockLeases, block_ids: Iterable[BlockId]) -> int:
    """Delete the blobs of those blocks that have no row and that nobody relies on; returns how many.

    Raises:
        StorageError: some may be left; `Sweeper.sweep_orphans` finds them.
    """
    with leases.condemn(block_ids) as free:
        unknown = catalog.read(lambda tx: tx.blocks.missing(free)) if free else set()
        for each in unknown:
            blobs.delete(each.hex())
        return len(unknown)
