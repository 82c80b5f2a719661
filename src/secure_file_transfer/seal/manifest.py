"""The one spelling of a manifest in bytes: what the catalog stores and what a version's MAC covers.

36 bytes per entry: the block id, then its plaintext length as a big-endian 32-bit integer. A manifest has exactly one
encoding, and every encoding that is accepted encodes back to the same bytes.
"""

import struct

from secure_file_transfer.errors import BlockDamagedError
from secure_file_transfer.model import BLOCK_SIZE_MAX, BlockId, BlockRef, Manifest

_ENTRY = struct.Struct(">32sI")
ENTRY_SIZE = _ENTRY.size
"""Bytes per entry."""
_ID_SIZE = 32


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest as bytes, `ENTRY_SIZE` of them per entry; empty for an empty file.

    Raises:
        ValueError: an id is not 32 bytes, or a length is not 1 to `BLOCK_SIZE_MAX` (struct would pad or cut ids).
    """
    for ref in manifest:
        if len(ref.id) != _ID_SIZE or not 1 <= ref.length <= BLOCK_SIZE_MAX:
            raise ValueError(f"not a manifest entry: an id of {len(ref.id)} bytes, a block of {ref.length} bytes")
    return b"".join([_ENTRY.pack(ref.id, ref.length) for ref in manifest])


def decode_manifest(data: bytes) -> Manifest:
    """The manifest that `encode_manifest` gave these bytes for.

    Raises:
        BlockDamagedError: a piece of an entry is left over, or a length is not 1 to `BLOCK_SIZE_MAX`.
    """
    if len(data) % ENTRY_SIZE:
        raise BlockDamagedError(
            f"A stored manifest has {len(data)} bytes, which is not a whole number of entries",
            hint="The catalog is damaged: restore it from a backup.",
        )
    manifest = tuple([BlockRef(BlockId(block_id), length) for block_id, length in _ENTRY.iter_unpack(data)])
    for ref in manifest:
        if not 1 <= ref.length <= BLOCK_SIZE_MAX:
            raise BlockDamagedError(
                f"A stored manifest names a block of {ref.length} bytes, which no block has",
                hint="The catalog is damaged: restore it from a backup.",
            )
    return manifest
