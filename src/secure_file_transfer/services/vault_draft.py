"""A file on its way into a vault drive: cut into blocks, hashed, sealed, stored, and published in one transaction.

The caller's thread hashes and seals; a few shared threads wait for the disk.
"""

import hashlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress

import structlog

from secure_file_transfer.errors import (
    ConflictError,
    DigestMismatchError,
    LengthMismatchError,
    SecureFileTransferError,
)
from secure_file_transfer.model import INLINE_BLOCK_MAX, MIB, BlockId, BlockRef, Conflict, Manifest, TimeUs
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import BlockRow, Buffer, CatalogTx, Expectation, Written

from .block_leases import drop_unrecorded
from .vault_blocks import PUTTING, keep_blob, seal_block
from .vault_nodes import Room, Whole
from .vault_publish import Publisher

PUTS_MAX = 4
"""Blocks of one draft that wait for the disk at the same time."""
PUTS_BYTES_MAX = 32 * MIB
"""The same in bytes; with the block being filled and the one being sealed it bounds a draft's memory."""

_ANYTHING = Expectation()
_log = structlog.get_logger()


class VaultDraft:
    """A `ports.Draft`. Used by one thread at a time. After an `append` that failed only `abort` is left."""

    def __init__(self, room: Room, path: RemotePath) -> None:
        self._room = room
        self._path = path
        self._lease = room.leases.lease()
        self._sha256 = hashlib.sha256()
        self._size = 0
        self._buffer = bytearray()
        self._manifest: list[BlockRef] = []
        self._inline: dict[BlockId, bytes] = {}
        self._stored: dict[BlockId, int] = {}
        self._puts: deque[Future[None]] = deque()
        self._puts_max = max(1, min(PUTS_MAX, PUTS_BYTES_MAX // room.block_size))
        self._failed = False
        self._over = False

    @property
    def size(self) -> int:
        """Bytes taken so far."""
        return self._size

    def append(self, data: Buffer) -> None:
        """Take the next bytes; `data` may be reused once it returns.

        Raises:
            NoSpaceError, StorageError: perhaps about earlier bytes, whose storing had not ended yet.
        """
        self._require_open()
        self._failed = True  # unless all goes well
        with memoryview(data).cast("B") as view:
            self._size += len(view)
            self._sha256.update(view)
            self._cut(view)
        self._failed = False

    def _cut(self, view: memoryview) -> None:
        """Fill the buffer and store it whenever it is a block; a whole block that is at hand is not copied first."""
        block_size, at = self._room.block_size, 0
        while at < len(view):
            step = min(block_size - len(self._buffer), len(view) - at)
            with view[at : at + step] as piece:
                if step == block_size:
                    self._store(piece)
                else:
                    self._buffer += piece
            at += step
            if len(self._buffer) == block_size:
                self._store(self._buffer)
                self._buffer.clear()

    def _store(self, block: Buffer, *, last: bool = False) -> None:
        ref = BlockRef(self._room.keys.block_id(block), len(block))
        self._manifest.append(ref)
        if ref.id in self._inline or ref.id in self._stored:
            return
        sealed = seal_block(self._room, ref.id, block)
        self._lease.add([ref.id])
        if ref.length <= INLINE_BLOCK_MAX:
            self._inline[ref.id] = sealed
            return
        self._stored[ref.id] = ref.length
        if last:
            keep_blob(self._room, ref.id, sealed)
            return
        while len(self._puts) >= self._puts_max or (self._puts and self._puts[0].done()):
            self._puts.popleft().result()
        self._puts.append(PUTTING.submit(keep_blob, self._room, ref.id, sealed))

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
        self._finish_storing()
        now = self._room.clock.now_us()
        whole = Whole(self._size, digest, tuple(self._manifest), now if modified_us is None else modified_us)
        written = self._room.catalog.write(lambda tx: self._publish(tx, whole, conflict, expect, now))
        self._end(drop=written.outcome == "skipped")
        return written

    def _finish_storing(self) -> None:
        """Every block durable, the last and shorter one too."""
        self._failed = True  # unless all goes well
        if self._buffer:
            self._store(self._buffer, last=True)
            self._buffer.clear()
        while self._puts:
            self._puts.popleft().result()
        self._failed = False

    def _publish(self, tx: CatalogTx, whole: Whole, conflict: Conflict, expect: Expectation, now: TimeUs) -> Written:
        """Decide and do, in one transaction. It may be run again, so it changes nothing of this draft."""
        publisher = Publisher(tx, self._room, now)
        place = publisher.place(self._path, whole.modified_us, conflict, expect)
        written = publisher.write(place, whole, self._rows(whole.manifest))
        publisher.finish()
        return written

    def _rows(self, manifest: Manifest) -> Iterator[BlockRow]:
        drive_id = self._room.drive.id
        for block_id, length in self._stored.items():
            yield BlockRow(block_id, drive_id, length, None)
        for ref in manifest if self._inline else ():
            if ref.id in self._inline:
                yield BlockRow(ref.id, drive_id, ref.length, self._inline[ref.id])

    def abort(self) -> None:
        """Forget it and give back the space. After a commit, or again, it does nothing."""
        if not self._over:
            self._end(drop=True)

    def _end(self, *, drop: bool) -> None:
        self._over = True
        while self._puts:
            with suppress(SecureFileTransferError):
                self._puts.popleft().result()
        self._lease.release()
        stored, self._stored = self._stored, {}
        self._buffer, self._inline, self._manifest = bytearray(), {}, []
        if drop and stored:
            try:
                drop_unrecorded(self._room.catalog, self._room.blobs, self._room.leases, stored)
            except SecureFileTransferError as error:  # the sweep finds what is left
                _log.warning("an upload that was given up left blocks behind", blocks=len(stored), error=str(error))

    def _require_open(self) -> None:
        if self._over or self._failed:
            raise ConflictError(f"The upload of {display(str(self._path))} has ended", hint="Begin a new one.")
