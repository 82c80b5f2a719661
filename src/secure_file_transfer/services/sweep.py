"""Giving back space: of removed files, of blocks that no version names, of what a crash left behind.

Every step can be cut off anywhere and finds its work again next time: a removed node is marked, an unreferenced
block's row goes before its blob, and a blob without a row is found by looking through the store.
"""

import threading
from dataclasses import dataclass
from itertools import islice

from secure_file_transfer.errors import ConflictError
from secure_file_transfer.logger import get_logger
from secure_file_transfer.model import INLINE_BLOCK_MAX, BlockId, DriveId, NodeId, SortKey, TimeUs
from secure_file_transfer.ports import BlobStore, Catalog, CatalogTx, Clock

from .block_leases import BlockLeases, drop_unrecorded
from .keeping import NOTHING, Keeping
from .vault_nodes import trim
from .vaults import removed_drives, write_removed_drives

BATCH = 256
"""Nodes or blocks per transaction, so that nobody else's write waits long."""

ORPHAN_SECONDS = 3600.0
"""How often `run` looks through the whole blob store. Only a crash makes orphans, so the first run matters most."""

_WEIGHED_MAX = 10_000_000

_log = get_logger()


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What one run removed: entries of trees, blocks in the catalog, and blobs that nobody knew."""

    nodes: int
    blocks: int
    blobs: int


class Sweeper:
    """Sweeps one data directory. For one thread at a time; `stop` may come from another.

    Args:
        catalog: where removed nodes and unreferenced blocks are marked.
        blobs: where their bytes lie.
        leases: the ones that every draft and reader of this data directory uses.
        clock: compared with the catalog's times, and with the blob store's.
        grace: seconds for which an unreferenced block or an unknown blob is left alone.
        keeping: how long what was deleted or replaced is kept.
    """

    def __init__(
        self,
        catalog: Catalog,
        blobs: BlobStore,
        leases: BlockLeases,
        clock: Clock,
        grace: float = 3600.0,
        keeping: Keeping = NOTHING,
    ) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._leases = leases
        self._clock = clock
        self._grace = grace
        self._keeping = keeping
        self._counted = False
        self._stopped = threading.Event()
        self._orphans_at: float | None = None

    def stop(self) -> None:
        """Let a run that is under way end after its present batch, and any later one at once."""
        self._stopped.set()

    def run(self) -> SweepReport:
        """Everything that is due. Raises StorageError; what was done by then is done."""
        self.expire_uploads()
        self.end_claims()
        self.empty_trash()
        self.drop_versions()
        nodes, blocks, blobs = self.purge_removed(), self.sweep_blocks(), 0
        now = self._clock.monotonic()
        if self._orphans_at is None or now - self._orphans_at >= ORPHAN_SECONDS:
            blobs = self.sweep_orphans()
            self._orphans_at = now
        return SweepReport(nodes, blocks, blobs)

    def expire_uploads(self) -> int:
        """Forget uploads whose time is up, or whose account is gone; returns how many. Their blocks are swept next.

        One that is being written lives: every piece of it that is recorded puts off its end.
        """
        count = 0
        while not self._stopped.is_set():
            done = self._catalog.write(lambda tx: _expire(tx, self._clock.now_us()))
            count += done
            if done < BATCH:
                break
        return count

    def end_claims(self) -> None:
        """Forget claims on blocks that have ended; what nobody else uses is then swept like any other block."""
        now = self._clock.now_us()
        while not self._stopped.is_set() and self._catalog.write(lambda tx: tx.claims.delete_expired(now, BATCH)):
            pass

    def empty_trash(self) -> int:
        """Remove for good what was deleted long enough ago, or had to make room; returns how many.

        What is too large to be counted by whoever deleted it is counted here.
        """
        count = 0
        while not self._stopped.is_set():
            with self._leases.purging() as may:
                if not may:  # a large copy does not count what is removed as room, so what gave way has to wait
                    return count
                before = self._keeping.trash_before(self._clock.now_us())
                done = self._catalog.write(lambda tx, before=before: _drop_due(tx, before))  # type: ignore[misc]
            count += done
            if done < BATCH:
                break
        for each in self._catalog.read(lambda tx: tx.trash.unweighed(BATCH)):
            weight = self._catalog.read(lambda tx, each=each: tx.trash.weigh(each.node.id, _WEIGHED_MAX))  # type: ignore[misc]
            self._catalog.write(lambda tx, each=each, weight=weight: tx.trash.note(each.id, weight))  # type: ignore[misc]
        return count

    def drop_versions(self) -> int:
        """Forget earlier versions that are too old, and once, of each file those that are too many."""
        keeping, count = self._keeping, 0
        if not keeping.keeps_versions:
            keeping = NOTHING
        while not self._stopped.is_set():
            before = TimeUs(keeping.versions_before(self._clock.now_us()) + (0 if keeping.keeps_versions else 1))
            done = self._catalog.write(lambda tx, before=before: _drop_old(tx, before))  # type: ignore[misc]
            count += done
            if done < BATCH:
                break
        while not (self._counted or self._stopped.is_set()):  # what was set is set while the server runs
            crowded = self._catalog.read(lambda tx: tx.versions.crowded(keeping.versions, BATCH))
            for node_id in crowded:
                self._catalog.write(lambda tx, node_id=node_id: _trim(tx, node_id, keeping.versions))  # type: ignore[misc]
            count += len(crowded)
            self._counted = len(crowded) < BATCH
        return count

    def purge_removed(self) -> int:
        """Delete removed nodes, and empty and delete removed drives; returns how many nodes went."""
        count = 0
        while not self._stopped.is_set():
            with self._leases.purging() as may:
                if not may:  # a large copy is being made; its nodes look like removed ones
                    return count
                done = self._catalog.write(lambda tx: tx.nodes.purge_batch(BATCH))
            count += done
            try:
                if not done and not self._catalog.write(_empty_removed_drive):
                    break
            except ConflictError as error:  # one drive that cannot go must not keep all other space
                _log.error("a removed drive is still in use", error=str(error))
                break
        return count

    def sweep_blocks(self) -> int:
        """Delete blocks that no version has named for longer than the grace period; returns how many."""
        count = 0
        while not self._stopped.is_set():
            before = TimeUs(self._clock.now_us() - round(self._grace * 1_000_000))
            # Those that somebody still reads stay in the answer: ask for enough to get past them.
            limit = BATCH + len(self._leases)
            rows = self._catalog.read(lambda tx, b=before, n=limit: tx.blocks.unreferenced(b, n))  # type: ignore[misc]
            large = {row.id for row in rows if row.length > INLINE_BLOCK_MAX}
            done = self._delete([row.id for row in rows], large)
            if not done:
                break
            count += done
        return count

    def _delete(self, block_ids: list[BlockId], large: set[BlockId]) -> int:
        if not block_ids:
            return 0
        with self._leases.condemn(block_ids) as free:
            gone = self._catalog.write(lambda tx: tx.blocks.delete_unreferenced(free)) if free else set()
            for each in gone & large:
                self._blobs.delete(each.hex())
            return len(gone)

    def sweep_orphans(self) -> int:
        """Delete blobs that no row knows and that are older than the grace period; returns how many."""
        before = self._clock.now_us() / 1_000_000 - self._grace
        count = 0
        old = (BlockId(bytes.fromhex(key)) for key, stored in self._blobs.scan() if stored < before)
        while not self._stopped.is_set() and (batch := list(islice(old, BATCH))):
            count += drop_unrecorded(self._catalog, self._blobs, self._leases, batch)
        return count


def _expire(tx: CatalogTx, now: TimeUs) -> int:
    expired = tx.uploads.expired(now, BATCH)
    for each in expired:
        tx.uploads.delete(each)
    return len(expired)


def _drop_due(tx: CatalogTx, before: TimeUs) -> int:
    due = tx.trash.due(before, BATCH)
    for each in due:
        tx.trash.drop(each)
    return len(due)


def _drop_old(tx: CatalogTx, before: TimeUs) -> int:
    old = tx.versions.kept_before(before, BATCH)
    for each in old:
        tx.versions.delete(each.id)
        tx.drives.add_usage(each.drive_id, -each.size, 0)
    return len(old)


def _trim(tx: CatalogTx, node_id: NodeId, most: int) -> None:
    node, went = tx.nodes.get(node_id), trim(tx, node_id, most)
    if node is not None:
        tx.drives.add_usage(node.drive_id, -went, 0)


def _empty_removed_drive(tx: CatalogTx) -> bool:
    """Take the next names out of a removed drive, or delete it once it is empty; whether there was one."""
    waiting = removed_drives(tx)
    if not waiting:
        return False
    drive_id: DriveId = waiting[0]
    drive = tx.drives.get(drive_id)
    names = (
        tx.nodes.list(drive.root_id, SortKey.NAME, descending=False, after=None, limit=BATCH)
        if drive is not None
        else ()
    )
    for node in names:
        tx.nodes.detach(node.id)
    trashed = tx.trash.of_drive(drive_id, BATCH)
    for each in trashed:
        tx.trash.drop(each)
    if not names and not trashed:
        tx.drives.delete(drive_id)
        write_removed_drives(tx, waiting[1:])
    return True
