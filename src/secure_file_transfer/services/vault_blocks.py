"""The blocks of a vault drive: bytes are cut into them, sealed, stored for good, and read back.

The caller's thread hashes and seals; a few shared threads wait for the disk, so that one block's synchronisation does
not hold up the next.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from secure_file_transfer.errors import BlockDamagedError, SecureFileTransferError, StorageError
from secure_file_transfer.logger import get_logger
from secure_file_transfer.model import INLINE_BLOCK_MAX, MIB, BlockId, BlockRef
from secure_file_transfer.ports import BlockRow, Buffer
from secure_file_transfer.seal.block import seal, sealed_size, unseal

from .block_leases import drop_unrecorded
from .vault_nodes import Room

PUTS_MAX = 4
"""Blocks of one writer that wait for the disk at the same time."""
PUTS_BYTES_MAX = 32 * MIB
"""The same in bytes; with the block being filled and the one being sealed it bounds a writer's memory."""
PUTTING = ThreadPoolExecutor(8, thread_name_prefix="block-put")
"""Threads that wait for the disk, so that one block's synchronisation does not hold up the next."""

_log = get_logger()


class BlockWriter:
    """Cuts what it is given into blocks and stores them. Used by one thread at a time.

    What it stored is nobody's until its `rows` are in the catalog and somebody refers to it there; until `close`
    nobody else deletes it. `head` are bytes that come before the first ones written, less than a block of them.
    """

    def __init__(self, room: Room, head: bytes = b"") -> None:
        self._room = room
        self._lease = room.leases.lease()
        self._buffer = bytearray(head)
        self._manifest: list[BlockRef] = []
        self._inline: dict[BlockId, bytes] = {}
        self._stored: dict[BlockId, int] = {}
        self._puts: deque[Future[None]] = deque()
        self._puts_max = max(1, min(PUTS_MAX, PUTS_BYTES_MAX // room.block_size))

    @property
    def rest(self) -> bytes:
        """The bytes that wait to become a block."""
        return bytes(self._buffer)

    @property
    def manifest(self) -> tuple[BlockRef, ...]:
        """The blocks that were cut so far."""
        return tuple(self._manifest)

    def write(self, view: memoryview) -> None:
        """Fill the buffer and store it whenever it is a block; a whole block that is at hand is not copied first.

        Raises:
            NoSpaceError, StorageError: perhaps about earlier bytes, whose storing had not ended yet.
        """
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

    def settle(self) -> None:
        """Have every block that was cut on the disk. Raises NoSpaceError, StorageError."""
        while self._puts:
            self._puts.popleft().result()

    def finish(self) -> None:
        """Make what is left the last and shorter block, and have all on the disk. Raises NoSpaceError, StorageError."""
        if self._buffer:
            self._store(self._buffer, last=True)
            self._buffer.clear()
        self.settle()

    def rows(self) -> Iterator[BlockRow]:
        """What the catalog needs to know of the blocks before somebody refers to them."""
        drive_id = self._room.drive.id
        for block_id, length in self._stored.items():
            yield BlockRow(block_id, drive_id, length, None)
        for ref in self._manifest if self._inline else ():
            if ref.id in self._inline:
                yield BlockRow(ref.id, drive_id, ref.length, self._inline[ref.id])

    def close(self, *, drop: bool) -> None:
        """Let go of the blocks; with `drop`, give back the space of those that nobody refers to."""
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


def seal_block(room: Room, block_id: BlockId, data: Buffer) -> bytes:
    """The sealed form of a block. What will be kept in the catalog is opened again and compared.

    That costs 1 % for a small block, whose time goes into the catalog, and 13 % for a large one, which is not.

    Raises:
        StorageError: the machine miscalculated.
    """
    key = room.keys.block_key(block_id)
    sealed = seal(key, data)
    if len(data) <= INLINE_BLOCK_MAX and unseal(key, sealed) != data:
        raise StorageError("A block could not be opened again right after it was sealed", hint="Send it again.")
    return sealed


def keep_blob(room: Room, block_id: BlockId, sealed: bytes) -> None:
    """Have the block on disk when this returns: put it there, unless it lies there already and is whole.

    A block whose row is there and whose blob was damaged is put right on the way: to send it again repairs it. The
    caller holds a lease on it.

    Raises:
        NoSpaceError, StorageError
    """
    key = block_id.hex()
    if room.catalog.read(lambda tx: tx.blocks.missing([block_id])):
        room.blobs.put(key, sealed)
        return
    with suppress(BlockDamagedError):
        if room.blobs.get(key, 0, len(sealed) + 1) == sealed:
            return
    _log.warning("a damaged block was stored anew", drive=room.drive.id, block=key)
    room.blobs.put(key, sealed)


def read_block(room: Room, ref: BlockRef, sealed: bytes | None = None) -> bytes:
    """The whole content of a block; `sealed` is its inline form where that is at hand.

    Raises:
        BlockDamagedError: it is not there, or not what was stored.
    """
    if sealed is None and ref.length <= INLINE_BLOCK_MAX:
        row = room.catalog.read(lambda tx: tx.blocks.get(ref.id))
        sealed = row.data if row else None
    if sealed is None:
        # One byte more than it should have shows a blob that grew, without reading all of what it grew to.
        sealed = room.blobs.get(ref.id.hex(), 0, sealed_size(ref.length) + 1)
    data = unseal(room.keys.block_key(ref.id), sealed)
    if len(data) != ref.length:
        raise BlockDamagedError(f"A stored block holds {len(data)} bytes, not {ref.length}")
    return data
