"""Quota: how much the home of an account may hold, whoever puts it there.

It is judged where something is published, in the transaction that publishes it, so of two who race for the last
bytes one gets them (attack 49). Everything earlier only spares people from sending what would be refused then.

What lies unfinished (uploads that wait for their rest, blocks of no file yet) has as much room again beside the files.
Counted together with them, a full account could not even replace a file by a smaller one; and room that was reserved by
lengths would be lost to whatever somebody began and left. So nobody takes more than twice their quota of the disk, and
only until what is unfinished ends by itself.

What lies in the trash, and what files were before they were replaced, counts as well: else somebody could fill the disk
by deleting. But it never stands in the way: where something does not fit, as much of it as is needed goes for good, in
the same transaction; first from the trash what was deleted first, then versions that were replaced first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from secure_file_transfer.errors import QuotaExceededError
from secure_file_transfer.model import Account, AccountId, DriveId, Node
from secure_file_transfer.ports import CatalogTx, Clock, Weight

_REMOVED_MAX = 10_000
"""Removed nodes that are looked at before a refusal; the sweep takes them away soon."""
_GOING_MAX = 1000
"""What is kept and has to go is looked at in pieces of so many."""
_HELD_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Left:
    """What still fits; None is no limit. Less than nothing is left where a quota was lowered."""

    bytes: int | None
    files: int | None

    def takes(self, size: int, files: int) -> bool:
        """Whether so much more fits. What makes it less, or no more, always does."""
        return (self.bytes is None or size <= max(self.bytes, 0)) and (
            self.files is None or files <= max(self.files, 0)
        )

    def holds(self) -> bool:
        """Whether there is no more than may be."""
        return min(self.bytes or 0, self.files or 0) >= 0


class Purse:
    """What still fits into a drive, within one transaction.

    What was removed and waits for the sweep takes no room, unless `all_counts`: a large copy that grows looks removed
    itself. `looking` is for transactions that only read: what could make room counts as room.
    """

    def __init__(self, tx: CatalogTx, drive_id: DriveId, *, all_counts: bool = False, looking: bool = False) -> None:
        self._tx = tx
        self._drive_id = drive_id
        self._room = tx.drives.room(drive_id)
        self._all_counts = all_counts
        self._looking = looking
        self._looked = False
        self._freed = (0, 0)

    def require(self, size: int, files: int) -> None:
        """See that so much more fits. Raises QuotaExceededError: it does not."""
        if not self.fits(size, files):
            raise exceeded(self._tx, self._drive_id)

    def fits(self, size: int, files: int) -> bool:
        """Whether so much more fits, once what is only kept has made room."""
        if self._left.takes(size, files) or self.left.takes(size, files):
            return True
        return not self._looking and self._make_room(lambda left: left.takes(size, files))

    def require_kept(self) -> None:
        """Raises QuotaExceededError: there is more already than may be."""
        if not (self.left.holds() or self._make_room(Left.holds)):
            raise exceeded(self._tx, self._drive_id)

    @property
    def left(self) -> Left:
        """All of it."""
        if not self._looked and (self._room.quota_bytes or self._room.quota_files):
            self._looked = True
            if not self._all_counts:
                self._free(*self._tx.drives.removed(self._drive_id, _REMOVED_MAX))
            gone, kept = self._tx.trash.room(self._drive_id)
            self._free(gone.size, gone.files)
            if self._looking:
                self._free(kept.size + self._tx.versions.kept_size(self._drive_id), kept.files)
        return self._left

    @property
    def _left(self) -> Left:
        return self._after(0, 0)

    def _after(self, size: int, files: int) -> Left:
        """What is left, as far as it is known, once so much more is free.

        To look for what was removed costs more than most publications need.
        """
        room = self._room
        return Left(
            room.quota_bytes - room.bytes + self._freed[0] + size if room.quota_bytes else None,
            room.quota_files - room.files + self._freed[1] + files if room.quota_files else None,
        )

    def _free(self, size: int, files: int) -> None:
        self._freed = (self._freed[0] + size, self._freed[1] + files)

    # --- making room ------------------------------------------------------------------------------------------------

    def _make_room(self, enough: Callable[[Left], bool]) -> bool:
        """Let go of what is only kept, until it is enough; of nothing if all of it would not be."""
        self._weigh()
        _, kept = self._tx.trash.room(self._drive_id)
        if not enough(self._after(kept.size + self._tx.versions.kept_size(self._drive_id), kept.files)):
            return False
        while not enough(self._left):
            if not (self._empty_trash(enough) or self._drop_versions(enough)):
                return False
        return True

    def _weigh(self) -> None:
        for each in self._tx.trash.oldest(self._drive_id, _GOING_MAX):
            if each.size is None:
                self._tx.trash.note(each.id, self._tx.trash.weigh(each.node.id, _REMOVED_MAX))

    def _empty_trash(self, enough: Callable[[Left], bool]) -> bool:
        trashed = self._tx.trash.oldest(self._drive_id, _GOING_MAX)
        for each in trashed:
            weight = Weight(each.size or 0, each.files or 0)
            self._tx.trash.give_way(each.id, weight)
            self._free(weight.size, weight.files)
            if enough(self._left):
                break
        return bool(trashed)

    def _drop_versions(self, enough: Callable[[Left], bool]) -> bool:
        kept = self._tx.versions.kept(self._drive_id, _GOING_MAX)
        for each in kept:
            self._tx.versions.delete(each.id)
            self._tx.drives.add_usage(self._drive_id, -each.size, 0)
            self._free(each.size, 0)
            if enough(self._left):
                break
        return bool(kept)


def charge(
    tx: CatalogTx, drive_id: DriveId, size: int, files: int, *, all_counts: bool = False, later: Node | None = None
) -> None:
    """Count what is put into a drive in this transaction; less than nothing gives it back.

    What will be replaced `later` makes room already.

    Raises:
        QuotaExceededError: there is no room for it.
    """
    spared = (later.size, 1) if later else (0, 0)
    Purse(tx, drive_id, all_counts=all_counts).require(size - spared[0], files - spared[1])
    tx.drives.add_usage(drive_id, size, files)


def exceeded(tx: CatalogTx, drive_id: DriveId) -> QuotaExceededError:
    """The refusal, which says whose quota it is where that can be another's than the sender's."""
    drive = tx.drives.get(drive_id)
    owner = tx.accounts.get(drive.owner_id) if drive and drive.owner_id else None
    return refusal(owner.name if owner else "")


def refusal(owner: str) -> QuotaExceededError:
    """The same where the owner is known."""
    whose = f"of {owner} " if owner else ""
    return QuotaExceededError(
        f"The quota {whose}is used up: there is no room for this",
        hint="Remove some files, or ask the operator for more.",
    ).because("owner" if owner else "", name=owner)


def require_unfinished(tx: CatalogTx, drive_id: DriveId, size: int) -> None:
    """Refuse when so many more bytes of unfinished uploads would be more than the quota.

    Raises:
        QuotaExceededError
    """
    quota = tx.drives.room(drive_id).quota_bytes
    if quota and size > 0 and tx.uploads.unfinished(drive_id) + size > quota:
        raise exceeded(tx, drive_id)


class HeldBlocks:
    """Bounds the blocks that an account has sent and made no file of. One object serves all threads.

    The sum is asked for when what was left of it is spent, and now and then, not with every block. So what races may
    pass by the blocks that are on their way at that moment.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._left: dict[AccountId, tuple[int, float]] = {}

    def take(self, account: Account, size: int, ask: Callable[[], int]) -> None:
        """Count a block of so many bytes; `ask` says how many there are. Raises QuotaExceededError."""
        if not account.quota_bytes:
            return
        moment = self._clock.monotonic()
        with self._lock:
            rest, until = self._left.get(account.id, (0, 0.0))
            if moment >= until or rest < size:
                rest, until = account.quota_bytes - ask(), moment + _HELD_SECONDS
                self._left = {each: known for each, known in self._left.items() if known[1] > moment}
            if rest < size:
                self._left.pop(account.id, None)
                raise refusal(account.name)
            self._left[account.id] = rest - size, until
