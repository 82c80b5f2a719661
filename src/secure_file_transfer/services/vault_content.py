"""Reading a file of a vault drive: one version, block by block, each piece verified before it is given."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import accumulate

from secure_file_transfer.errors import BlockDamagedError, RangeNotSatisfiableError
from secure_file_transfer.logger import get_logger
from secure_file_transfer.model import INLINE_BLOCK_MAX, MIB, BlockId, BlockRef, Entry, Kind, Node, Version, VersionId
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Buffer, CatalogTx
from secure_file_transfer.seal.block import span, unseal_span

from .block_leases import Lease
from .vault_blocks import read_block
from .vault_nodes import Room, earlier_version, entry_of, find, is_a_folder, version_of

_INLINE_AT_ONCE = 8
"""So many small blocks are read together with the version, which spares small files every further step."""
_PIECE = 1 * MIB
"""A block is opened in parts of at most so much: readers at once are many, and blocks may be large."""

_log = get_logger()


class VaultContent:
    """A `ports.Content`. What it needs stays stored until `close`, whatever becomes of the path."""

    def __init__(self, room: Room, entry: Entry, version: Version, inline: dict[BlockId, bytes], lease: Lease) -> None:
        self._room = room
        self._entry = entry
        self._manifest = version.manifest
        self._starts = [0, *accumulate(ref.length for ref in version.manifest)]
        self._inline = inline
        self._lease = lease
        self._open = True

    @property
    def entry(self) -> Entry:
        """The file as it was when it was opened. Its size and digest are those that the version's MAC covers."""
        return self._entry

    def chunks(self, offset: int, length: int) -> Iterator[Buffer]:
        """The bytes [offset, offset + length), a block or a part of one at a time.

        Only the frames that hold the range are fetched and opened.

        Raises:
            RangeNotSatisfiableError: the range does not lie within the file.
            BlockDamagedError: before any byte of the bad piece is released.
        """
        if not 0 <= offset <= offset + length <= self._entry.size:
            raise RangeNotSatisfiableError(
                f"{display(self._entry.path)} has {self._entry.size} bytes; {length} at {offset} are not in it"
            )
        return self._pieces(offset, offset + length)

    def _pieces(self, at: int, end: int) -> Iterator[Buffer]:
        number = bisect_right(self._starts, at) - 1
        while at < end:
            start, stop = self._starts[number], min(self._starts[number + 1], end, at + _PIECE)
            yield self._piece(number, at - start, stop - at)
            at = stop
            number += at == self._starts[number + 1]

    def _piece(self, number: int, offset: int, length: int) -> bytes:
        if not self._open:
            raise ValueError("this content is closed")
        ref = self._manifest[number]
        try:
            return self._read(ref, offset, length)
        except BlockDamagedError as error:
            _log.error("stored data is damaged", drive=self._room.drive.id, path=self._entry.path, block=ref.id.hex())
            raise BlockDamagedError(
                f"Block {number + 1} of {display(self._entry.path)} is damaged: {error}", hint=error.hint
            ) from error

    def _read(self, ref: BlockRef, offset: int, length: int) -> bytes:
        kept = self._inline.get(ref.id)
        if length == ref.length or ref.length <= INLINE_BLOCK_MAX:
            data = read_block(self._room, ref, kept)
            return data if length == ref.length else data[offset : offset + length]
        room = self._room
        wanted = span(ref.length, offset, length)
        return unseal_span(
            room.keys.block_key(ref.id), wanted, room.blobs.get(ref.id.hex(), wanted.offset, wanted.length)
        )

    def remember(self, sha256: bytes) -> None:
        """It is known from the beginning."""

    def close(self) -> None:
        """Let go of its blocks. Calling it again is fine."""
        self._open = False
        self._lease.release()


def open_content(room: Room, path: RemotePath, number: VersionId | None = None) -> VaultContent:
    """Open the file at a path, or the version of it that has this number.

    Raises NotFoundError, IsAFolderError, BlockDamagedError.
    """

    def look(tx: CatalogTx) -> tuple[Node, Version, dict[BlockId, bytes]]:
        node = find(tx, room, path)
        if node.kind is Kind.FOLDER:
            raise is_a_folder(path)
        if number is None:
            version = version_of(tx, room, node, str(path))
        else:
            version = earlier_version(tx, room, node, number, path)
            node = replace(
                node,
                version_id=version.id,
                size=version.size,
                sha256=version.sha256,
                modified_us=version.created_us if version.modified_us is None else version.modified_us,
            )
        small = [ref.id for ref in version.manifest if ref.length <= INLINE_BLOCK_MAX]
        rows = [tx.blocks.get(each) for each in small[:_INLINE_AT_ONCE]]
        return node, version, {row.id: row.data for row in rows if row and row.data is not None}

    while True:
        node, version, inline = room.catalog.read(look)
        lease = room.leases.lease()
        needed = {ref.id for ref in version.manifest} - inline.keys()
        if needed:
            lease.add(needed)
        # Between the look and the lease the version may have gone, and the sweep with it. If it is still there now,
        # the lease was in time.
        if not needed or room.catalog.read(partial(_is_there, node=node, number=number)):
            return VaultContent(room, entry_of(node, str(path)), version, inline, lease)
        lease.release()


def _is_there(tx: CatalogTx, node: Node, number: VersionId | None) -> bool:
    """Whether a file is still what it was, or still has that version."""
    return tx.nodes.get(node.id) == node if number is None else tx.versions.get(number) is not None
