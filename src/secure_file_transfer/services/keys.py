"""The server's keys: which master key this data belongs to, the keys of its drives, and how the master key changes.

The catalog records the id of the master key. A rotation is: stage the next key durably, wrap every drive's key again
and record the new id in one transaction, promote. The record decides at each point in between which key is right,
so a crash anywhere leaves a server that starts; and another process that rotates is noticed, not fought.
"""

import threading
from contextlib import suppress

from secure_file_transfer.errors import ConfigurationError, ConflictError, WrongKeyError
from secure_file_transfer.model import Drive, DriveId
from secure_file_transfer.ports import Catalog, CatalogTx, KeySource
from secure_file_transfer.seal.keys import DriveKeys, MasterKey, new_secret, wrapped_with

FACT = "master_key_id"
"""The fact in the catalog that names the master key."""


class Keys:
    """The key ring of one data directory. Safe for many threads. Call `open` before anything else."""

    def __init__(self, catalog: Catalog, source: KeySource) -> None:
        self._catalog = catalog
        self._source = source
        self._lock = threading.Lock()
        self._masters: dict[str, MasterKey] = {}
        self._drives: dict[DriveId, tuple[bytes, DriveKeys]] = {}
        """By drive, with the wrapped form they came from: an id that is used again never gets an older drive's keys."""

    def __repr__(self) -> str:
        return f"Keys({self._source.describes})"

    def open(self) -> None:
        """Find the master key of this data, or make it on the first start. Finishes a rotation that was interrupted.

        Raises:
            WrongKeyError: there is a key, or none, but not the one this data is sealed with. Nothing was changed.
            ConfigurationError, StorageError
        """
        if self._catalog.read(_recorded) is None:
            self._begin()
        if self._find_staged():
            # The lock tells an interrupted rotation from one that runs: whoever runs it promotes by itself.
            with suppress(ConflictError), self._source.rotation():
                self._settle()

    def drive_keys(self, drive: Drive) -> DriveKeys:
        """The keys of a drive. Remembered; the first time costs one AES-GCM.

        Raises:
            WrongKeyError: its key was wrapped with a master key that is not at hand.
            BlockDamagedError: its wrapped key was altered.
        """
        known = self._drives.get(drive.id)
        if known and known[0] == drive.wrapped_key:
            return known[1]
        master = self._master(wrapped_with(drive.wrapped_key))
        keys = DriveKeys(master.unwrap(drive.id, drive.wrapped_key))
        with self._lock:
            self._drives[drive.id] = (drive.wrapped_key, keys)
        return keys

    def new_drive_secret(self, drive_id: DriveId, tx: CatalogTx) -> bytes:
        """A new drive's random key, wrapped: to be stored in the same transaction `tx`.

        The transaction says which master key is the right one at that instant. Another process may have rotated
        since this one started, and a drive wrapped with the old key would be lost.

        Raises:
            WrongKeyError: the right master key is not at hand.
        """
        return self._master(_recorded(tx) or "").wrap(drive_id, new_secret())

    def rotate(self) -> tuple[str, str]:
        """Put a new master key in place of the old one; returns both ids, old first. Touches no block.

        Raises:
            ConflictError: another process rotates right now.
            WrongKeyError, ConfigurationError, StorageError: the old key is still the one in use.
        """
        with self._source.rotation():
            self._settle()
            staged = self._source.stage()
            old_id = self._catalog.write(lambda tx: self._rewrap(tx, staged))
            self._remember({staged.id: staged})
            self._source.promote()
        return old_id, staged.id

    def _begin(self) -> None:
        """First start: take the key that is there, or make one, and record it."""
        candidates = self._source.candidates()
        key = candidates[0] if candidates else self._source.create()

        def record(tx: CatalogTx) -> None:
            if _recorded(tx) is None:  # else another process was faster, and `_find_staged` compares
                tx.facts.set(FACT, key.id)

        self._catalog.write(record)

    def _find_staged(self) -> bool:
        """Load the recorded key; whether it is the staged one and not, as it should be, the one in use."""
        wanted = self._catalog.read(_recorded) or ""
        self._master(wanted, fresh=True)
        return self._source.candidates()[0].id != wanted

    def _settle(self) -> None:
        """With the right to rotate: see what others did, and finish what a crash left."""
        if self._find_staged():
            self._source.promote()

    def _master(self, key_id: str, *, fresh: bool = False) -> MasterKey:
        """The master key with this id; looks again at the source when it is not one of those known."""
        if not fresh and (known := self._masters.get(key_id)):
            return known
        given = {key.id: key for key in self._source.candidates()}
        if key_id not in given:
            raise WrongKeyError(
                f"This data is sealed with master key {key_id}. {self._source.describes} gives "
                f"{' and '.join(given) or 'no key'}",
                hint="Restore the right key there, or start with the source that holds it. Nothing was changed.",
            )
        self._remember(given)
        return given[key_id]

    def _remember(self, masters: dict[str, MasterKey]) -> None:
        """Also keeps the key from before a rotation, for whoever read a drive's row just before it."""
        with self._lock:
            self._masters = {**self._masters, **masters}

    def _rewrap(self, tx: CatalogTx, staged: MasterKey) -> str:
        """Inside the transaction: every drive's key under the next master key. Returns the id of the one before."""
        old_id = _recorded(tx) or ""
        if staged.id == old_id:
            raise ConfigurationError(f"The next master key is {old_id}, the one in use", hint="Give another one.")
        for drive in tx.drives.all():
            if not drive.wrapped_key:  # a folder drive, which has none
                continue
            secret = self._master(wrapped_with(drive.wrapped_key)).unwrap(drive.id, drive.wrapped_key)
            tx.drives.set_key(drive.id, staged.wrap(drive.id, secret))
        tx.facts.set(FACT, staged.id)
        return old_id


def _recorded(tx: CatalogTx) -> str | None:
    """The id of the master key that this data is sealed with; None before the first start."""
    return tx.facts.get(FACT)
