"""An upload that survives the server, as a vault drive sees it: blocks that are added to it, and its publication.

What is recorded of an upload is durable and referenced, so nothing but its end can take it away. Small pieces would
leave small blocks: a new piece takes the short blocks before it along, as long as they are less than twice as long as
what they join. As in counting with binary digits, few short blocks are left at any time, and each byte is
written again only a few times however small the pieces are.
"""

import hashlib
from collections.abc import Callable, Sequence

from secure_file_transfer.errors import ConflictError, LengthMismatchError, NotFoundError
from secure_file_transfer.model import INLINE_BLOCK_MAX, BlockId, BlockRef, Conflict, TimeUs, Upload
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Buffer, CatalogTx, Expectation, Written

from .quota import require_unfinished
from .vault_blocks import BlockWriter, read_block
from .vault_nodes import Room, Whole
from .vault_publish import publish

_SHORT_BLOCKS_MAX = 64
_ANYTHING = Expectation()


class VaultUpload:
    """What one request adds to an upload. Used by one thread at a time.

    `coming` is how many bytes are expected. After a method that failed only `close` is left.
    """

    def __init__(self, room: Room, upload: Upload, coming: int) -> None:
        """Raises BlockDamagedError: the end of what is there cannot be read, so nothing can be joined to it."""
        self._room = room
        self._id = upload.id
        self._replaced = _to_join(room, upload, coming)
        head = b"".join([read_block(room, ref) for ref in self._replaced])
        self._blocks = BlockWriter(room, head)
        self._recorded = upload.offset
        self._appended = False

    @property
    def recorded(self) -> int:
        """How many bytes of the upload are durable."""
        return self._recorded

    def append(self, data: Buffer) -> None:
        """Take the next bytes; `data` may be reused once it returns. Raises NoSpaceError, StorageError."""
        with memoryview(data).cast("B") as view:
            self._appended = self._appended or len(view) > 0
            self._blocks.write(view)

    def save(self, expires: TimeUs, *, last: bool) -> None:
        """Record the whole blocks, or with `last` everything, and let the upload live until `expires`.

        Raises:
            NotFoundError, ConflictError: the upload was removed, or is not what it was.
            QuotaExceededError: what lies unfinished would be more than the quota.
            NoSpaceError, StorageError
        """
        if not self._appended:
            return
        if last:
            self._blocks.finish()
        else:
            self._blocks.settle()
        new = self._blocks.manifest
        if not new:
            return
        room, now, old = self._room, self._room.clock.now_us(), self._replaced
        more = sum(ref.length for ref in new) - sum(ref.length for ref in old)
        # The short blocks that were joined are given back at once: until the sweep comes they could fill the disk.
        with room.leases.condemn([ref.id for ref in old]) as free:

            def work(tx: CatalogTx) -> set[BlockId]:
                there = tx.uploads.get(self._id)
                if there is None:
                    raise NotFoundError("This upload was removed", hint="Begin a new one.")
                if there.offset != self._recorded:
                    raise ConflictError("Somebody else has written to this upload")
                require_unfinished(tx, room.drive.id, more)
                for row in self._blocks.rows():
                    tx.blocks.insert(row, now)
                tx.uploads.extend(self._id, len(old), new, expires)
                return tx.blocks.delete_unreferenced(free)

            gone = room.catalog.write(work)
            for each in {ref.id for ref in old if ref.length > INLINE_BLOCK_MAX} & gone:
                room.blobs.delete(each.hex())
        self._recorded += more
        self._replaced = ()
        rest = self._blocks.rest
        self._blocks.close(drop=False)
        self._blocks = BlockWriter(room, rest)

    def close(self) -> None:
        """Forget what was not recorded. Calling it again is fine."""
        self._blocks.close(drop=True)


def _to_join(room: Room, upload: Upload, coming: int) -> tuple[BlockRef, ...]:
    """The short blocks at the end of an upload that become one with what comes."""
    tail = room.catalog.read(lambda tx: tx.uploads.tail(upload.id, _SHORT_BLOCKS_MAX))
    joined, total = 0, min(coming, room.block_size)
    taken = 0
    for ref in reversed(tail):
        if ref.length >= 2 * total or ref.length >= room.block_size or taken + ref.length > room.block_size:
            break
        joined, total, taken = joined + 1, total + ref.length, taken + ref.length
    if taken == room.block_size:  # a head is less than a block
        joined -= 1
    return tail[len(tail) - joined :]


def digest(room: Room, uploads: Sequence[Upload], check: Callable[[], None]) -> bytes:
    """The SHA-256 of the uploads' bytes, one after the other, by reading them; `check` may stop it at each block.

    Raises:
        BlockDamagedError
    """
    sha256 = hashlib.sha256()
    for upload in uploads:
        for ref in room.catalog.read(lambda tx, at=upload.id: tx.uploads.manifest(at)):  # type: ignore[misc]
            check()
            sha256.update(read_block(room, ref))
    return sha256.digest()


class FinishedUpload:
    """A `ports.Draft` of bytes that are durable already: one upload, or several in a row. No byte moves.

    `then` runs in the transaction that publishes, with what that did.
    """

    def __init__(
        self,
        room: Room,
        path: RemotePath,
        uploads: Sequence[Upload],
        sha256: bytes,
        then: Callable[[CatalogTx, Written], None],
    ) -> None:
        self._room = room
        self._path = path
        self._uploads = uploads
        self._sha256 = sha256
        self._then = then

    @property
    def size(self) -> int:
        """The bytes of all of them."""
        return sum(each.offset for each in self._uploads)

    def append(self, data: Buffer) -> None:  # noqa: ARG002 - the signature is the port's
        """Nothing can be added."""
        raise ConflictError(f"The upload of {display(str(self._path))} has ended", hint="Begin a new one.")

    def commit(
        self,
        *,
        conflict: Conflict = Conflict.OVERWRITE,
        expect: Expectation = _ANYTHING,
        sha256: bytes | None = None,
        size: int | None = None,
        modified_us: TimeUs | None = None,
    ) -> Written:
        """Publish, as `ports.Draft` says. Raises ConflictError too: an upload changed or was removed meanwhile."""
        if (sha256 or self._sha256) != self._sha256 or (self.size if size is None else size) != self.size:
            raise LengthMismatchError(f"{display(str(self._path))}: the content is not the one that was declared")
        now = self._room.clock.now_us()
        when = now if modified_us is None else modified_us

        def work(tx: CatalogTx) -> Written:
            if any(tx.uploads.get(each.id) != each for each in self._uploads):
                raise ConflictError("The upload changed while it was being finished", hint="Ask for its offset.")
            manifest = tuple([ref for each in self._uploads for ref in tx.uploads.manifest(each.id)])
            whole = Whole(self.size, self._sha256, manifest, when)
            written = publish(tx, self._room, self._path, whole, conflict, expect, now, ())
            self._then(tx, written)
            return written

        return self._room.catalog.write(work)

    def abort(self) -> None:
        """The uploads stay what they are."""
