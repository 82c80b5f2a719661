"""Single blocks of a vault drive: sealed, stored for good, read back."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import structlog

from secure_file_transfer.errors import BlockDamagedError, StorageError
from secure_file_transfer.model import INLINE_BLOCK_MAX, BlockId, BlockRef
from secure_file_transfer.ports import Buffer
from secure_file_transfer.seal.block import seal, sealed_size, unseal

from .vault_nodes import Room

PUTTING = ThreadPoolExecutor(8, thread_name_prefix="block-put")
"""Threads that wait for the disk, so that one block's synchronisation does not hold up the next."""

_log = structlog.get_logger()


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
