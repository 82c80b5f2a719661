"""A file on its way into a vault drive, in one go."""

import hashlib

from secure_file_transfer.errors import ConflictError, DigestMismatchError, LengthMismatchError
from secure_file_transfer.model import Conflict, TimeUs
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Buffer, CatalogTx, Expectation, Written

from .quota import exceeded
from .vault_blocks import BlockWriter
from .vault_nodes import Room, Whole
from .vault_publish import publish

_ANYTHING = Expectation()


class VaultDraft:
    """A `ports.Draft`. Used by one thread at a time. After an `append` that failed only `abort` is left.

    `size_max` is what there was room for when it began; None is no limit. Nothing longer can be published, as a rule,
    so nothing longer is stored.
    """

    def __init__(self, room: Room, path: RemotePath, size_max: int | None = None) -> None:
        self._room = room
        self._path = path
        self._size_max = size_max
        self._blocks = BlockWriter(room)
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._failed = False
        self._over = False

    @property
    def size(self) -> int:
        """Bytes taken so far."""
        return self._size

    def append(self, data: Buffer) -> None:
        """Take the next bytes; `data` may be reused once it returns.

        Raises:
            QuotaExceededError: the owner of the drive has no room for so much.
            NoSpaceError, StorageError: perhaps about earlier bytes, whose storing had not ended yet.
        """
        self._require_open()
        self._failed = True  # unless all goes well
        with memoryview(data).cast("B") as view:
            self._size += len(view)
            if self._size_max is not None and self._size > self._size_max:
                raise self._room.catalog.read(lambda tx: exceeded(tx, self._room.drive.id))
            self._sha256.update(view)
            self._blocks.write(view)
        self._failed = False

    def commit(
        self,
        *,
        conflict: Conflict = Conflict.OVERWRITE,
        expect: Expectation = _ANYTHING,
        sha256: bytes | None = None,
        size: int | None = None,
        modified_us: TimeUs | None = None,
    ) -> Written:
        """Publish, as `ports.Draft` says.

        When it raises, nothing was published; `abort` then gives back the space.
        """
        self._require_open()
        shown = display(str(self._path))
        if size is not None and size != self._size:
            raise LengthMismatchError(f"{shown}: {self._size} bytes arrived, {size} were declared")
        digest = self._sha256.digest()
        if sha256 is not None and sha256 != digest:
            raise DigestMismatchError(f"{shown}: the content is not the one that was declared", hint="Send it again.")
        self._failed = True  # unless all goes well
        self._blocks.finish()
        self._failed = False
        now = self._room.clock.now_us()
        whole = Whole(self._size, digest, self._blocks.manifest, now if modified_us is None else modified_us)

        def work(tx: CatalogTx) -> Written:
            done = publish(tx, self._room, self._path, whole, conflict, expect, now, self._blocks.rows())
            if done.outcome != "skipped":
                self._room.watch.published(tx, done.entry)
            return done

        written = self._room.catalog.write(work)
        self._end(drop=written.outcome == "skipped")
        return written

    def abort(self) -> None:
        """Forget it and give back the space. After a commit, or again, it does nothing."""
        if not self._over:
            self._end(drop=True)

    def _end(self, *, drop: bool) -> None:
        self._over = True
        self._blocks.close(drop=drop)

    def _require_open(self) -> None:
        if self._over or self._failed:
            raise ConflictError(f"The upload of {display(str(self._path))} has ended", hint="Begin a new one.")
