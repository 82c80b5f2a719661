"""Reading many small files at once: looked up and opened by the dozen, each verified before it is given."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from secure_file_transfer.errors import BlockDamagedError, SecureFileTransferError, TooLargeError
from secure_file_transfer.model import INLINE_BLOCK_MAX, Entry, Kind, Node, Principal, Rights, Version
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Buffer, CatalogTx

from .blocks import Blocks, Desk
from .commits import BATCH_FILE_MAX, FILES_MAX
from .file_log import read_many as told
from .vault_blocks import read_block
from .vault_content import open_content
from .vault_nodes import entry_of, find_folder, is_a_folder, not_found, version_of

STEP = 64
"""Files that are looked up in one transaction."""


@dataclass(frozen=True, slots=True)
class Read:
    """One file, or why there is none."""

    path: str
    entry: Entry | None
    data: Buffer
    error: SecureFileTransferError | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    node: Node
    version: Version
    inline: bytes | None


def read_many(blocks: Blocks, principal: Principal, paths: Sequence[str]) -> Iterator[Read]:
    """The files at these paths, in order. Holds a few dozen of them at a time.

    Raises:
        SignInRequiredError, NotFoundError: see `Blocks`.
        TooLargeError: more than `FILES_MAX` paths.
    """
    if len(paths) > FILES_MAX:
        raise TooLargeError(f"At most {FILES_MAX} files go together", hint="Ask for the others in another request.")
    return _steps(blocks, principal, blocks.desk(principal), paths)


def _steps(blocks: Blocks, principal: Principal, desk: Desk, paths: Sequence[str]) -> Iterator[Read]:
    began, size, count = blocks.audit.seconds(), 0, 0
    try:
        for start in range(0, len(paths), STEP):
            blocks.alive(principal)
            wanted = paths[start : start + STEP]
            for path, found in zip(wanted, _look_up(desk, wanted), strict=True):
                read = _read(desk, path, found)
                if isinstance(read.error, BlockDamagedError):
                    blocks.audit.refused(read.error, "Reading", who=principal)
                count += read.entry is not None
                size += len(read.data)
                yield read
    finally:
        if count:
            told(blocks.audit, principal, paths, size, count, began)


def _look_up(desk: Desk, paths: Sequence[str]) -> list[_Found | SecureFileTransferError]:
    room = desk.room

    def work(tx: CatalogTx) -> list[_Found | SecureFileTransferError]:
        folders: dict[tuple[str, ...], Node] = {}
        return [one(tx, folders, path) for path in paths]

    def one(tx: CatalogTx, folders: dict[tuple[str, ...], Node], text: str) -> _Found | SecureFileTransferError:
        try:
            path = RemotePath.parse(text)
            desk.grant.require(Rights.READ, path)
            if path.is_root:
                raise is_a_folder(path)
            parent = folders.get(path.parent.parts)
            if parent is None:
                parent = folders[path.parent.parts] = _folder(tx, desk, path)
            node = tx.nodes.child(parent.id, path.name)
            if node is None:
                raise not_found(path)
            if node.kind is Kind.FOLDER:
                raise is_a_folder(path)
            if node.size > BATCH_FILE_MAX:
                raise TooLargeError(f"{display(text)} is too large for a batch", hint="Fetch it by itself.")
            version = version_of(tx, room, node, text)
            first = version.manifest[0] if len(version.manifest) == 1 else None
            row = tx.blocks.get(first.id) if first and first.length <= INLINE_BLOCK_MAX else None
            return _Found(node, version, row.data if row else None)
        except SecureFileTransferError as error:
            return error

    return room.catalog.read(work)


def _folder(tx: CatalogTx, desk: Desk, path: RemotePath) -> Node:
    try:
        return find_folder(tx, desk.room, path.parent)
    except SecureFileTransferError:
        raise not_found(path) from None


def _read(desk: Desk, path: str, found: _Found | SecureFileTransferError) -> Read:
    if isinstance(found, SecureFileTransferError):
        return Read(path, None, b"", found)
    try:
        if found.inline is not None:
            data: Buffer = read_block(desk.room, found.version.manifest[0], found.inline)
            return Read(path, entry_of(found.node, path), data)
        if not found.node.size:
            return Read(path, entry_of(found.node, path), b"")
        content = open_content(desk.room, RemotePath.parse(path))
        try:
            if content.entry.size > BATCH_FILE_MAX:  # it has just been replaced
                raise TooLargeError(f"{display(path)} is too large for a batch", hint="Fetch it by itself.")
            return Read(path, content.entry, b"".join(content.chunks(0, content.entry.size)))
        finally:
            content.close()
    except BlockDamagedError as error:
        return Read(path, None, b"", error)
    except SecureFileTransferError as error:
        return Read(path, None, b"", error)
