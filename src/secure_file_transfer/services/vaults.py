"""The vault drives of a server: made, found and removed."""

import json
import threading
from collections.abc import Sequence

from secure_file_transfer.errors import NotFoundError
from secure_file_transfer.model import AccountId, Drive, DriveId
from secure_file_transfer.ports import BlobStore, Catalog, CatalogTx, Clock, EventBus
from secure_file_transfer.seal.keys import DriveKeys

from .block_leases import BlockLeases
from .keeping import NOTHING, Keeping
from .keys import Keys
from .vault import VaultTree
from .vault_nodes import nobody_hears

REMOVED = "removed_drives"
"""The fact in the catalog that lists drives which are to be emptied and deleted by the sweep."""


class Vaults:
    """All vault drives of one data directory."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: BlobStore,
        keys: Keys,
        clock: Clock,
        leases: BlockLeases,
        block_size: int,
        bus: EventBus | None = None,
        keeping: Keeping = NOTHING,
    ) -> None:
        """`bus` carries what changes in any of them; `keeping` is what can come back there."""
        self._catalog = catalog
        self._blobs = blobs
        self._keys = keys
        self._clock = clock
        self._leases = leases
        self._block_size = block_size
        self._keeping = keeping
        self._publish = nobody_hears if bus is None else bus.publish
        self._lock = threading.Lock()
        self._trees: dict[DriveId, VaultTree] = {}

    def create(self, name: str, owner_id: AccountId | None = None) -> Drive:
        """A new, empty drive with its own key. Raises WrongKeyError, NoSpaceError, StorageError."""
        return self._catalog.write(lambda tx: self.create_in(tx, name, owner_id))

    def create_in(self, tx: CatalogTx, name: str, owner_id: AccountId | None) -> Drive:
        """The same within the caller's transaction."""
        drive = tx.drives.create(name, owner_id, self._clock.now_us())
        tx.drives.set_key(drive.id, self._keys.new_drive_secret(drive.id, tx))
        return tx.drives.get(drive.id) or drive

    def totp_secret(self, drive_id: DriveId, salt: bytes) -> bytes:
        """The secret of a second factor that belongs to the drive's owner and to a salt.

        Raises:
            NotFoundError, WrongKeyError, BlockDamagedError
        """
        return self._drive_keys(drive_id).totp_secret(salt)

    def link_secret(self, drive_id: DriveId, salt: bytes) -> bytes:
        """The secret of a link to something in the drive that belongs to a salt, 32 bytes.

        Raises:
            NotFoundError, WrongKeyError, BlockDamagedError
        """
        return self._drive_keys(drive_id).link_secret(salt)

    def _drive_keys(self, drive_id: DriveId) -> DriveKeys:
        drive = self._catalog.read(lambda tx: tx.drives.get(drive_id))
        if drive is None:
            raise NotFoundError("This drive is not there, or was removed")
        return self._keys.drive_keys(drive)

    def tree(self, drive_id: DriveId) -> VaultTree:
        """The files of a drive. Remembered.

        Raises:
            NotFoundError: there is no such drive, or it was removed.
            WrongKeyError, BlockDamagedError: its key cannot be had.
        """
        if known := self._trees.get(drive_id):
            return known

        def look(tx: CatalogTx) -> Drive | None:
            return None if drive_id in removed_drives(tx) else tx.drives.get(drive_id)

        drive = self._catalog.read(look)
        if drive is None:
            raise NotFoundError("This drive is not there, or was removed")
        keys = self._keys.drive_keys(drive)
        tree = VaultTree(
            drive,
            keys,
            self._catalog,
            self._blobs,
            self._clock,
            self._leases,
            self._block_size,
            self._publish,
            self._keeping,
        )
        with self._lock:
            return self._trees.setdefault(drive_id, tree)

    def all(self) -> Sequence[tuple[DriveId, str, VaultTree]]:
        """Every drive that was not removed: its number, the name of its owner (or its own), its files."""

        def look(tx: CatalogTx) -> list[tuple[DriveId, str]]:
            gone, found = set(removed_drives(tx)), []
            for drive in tx.drives.all():
                owner = tx.accounts.get(drive.owner_id) if drive.owner_id is not None else None
                if drive.id not in gone:
                    found.append((drive.id, owner.name if owner else drive.name))
            return sorted(found)

        return [(number, name, self.tree(number)) for number, name in self._catalog.read(look)]

    def remove(self, drive_id: DriveId) -> None:
        """Take a drive away, with all that is in it. The sweep gives back the space."""
        self._catalog.write(lambda tx: self.remove_in(tx, drive_id))
        self._forget(drive_id)  # once more: somebody may have asked for it before the transaction was over

    def remove_in(self, tx: CatalogTx, drive_id: DriveId) -> None:
        """The same within the caller's transaction. Whoever had it as a home must be gone by its end."""
        write_removed_drives(tx, [*removed_drives(tx), drive_id])
        self._forget(drive_id)

    def _forget(self, drive_id: DriveId) -> None:
        with self._lock:
            self._trees.pop(drive_id, None)


def removed_drives(tx: CatalogTx) -> list[DriveId]:
    """The drives that wait to be emptied and deleted."""
    return [DriveId(each) for each in json.loads(tx.facts.get(REMOVED) or "[]")]


def write_removed_drives(tx: CatalogTx, drives: list[DriveId]) -> None:
    """Keep that list; an empty one takes no room."""
    tx.facts.set(REMOVED, json.dumps(sorted(set(drives))) if drives else None)
