"""A vault drive: its tree in the catalog, its content as sealed blocks."""

import copy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from secure_file_transfer.errors import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotEmptyError,
    NotFoundError,
)
from secure_file_transfer.model import (
    Conflict,
    Drive,
    Entry,
    Kind,
    Node,
    Page,
    SortKey,
    TimeUs,
    TrashId,
    Usage,
    VersionId,
)
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import (
    BlobStore,
    Catalog,
    CatalogTx,
    Clock,
    DriveRoom,
    Event,
    NodeCursor,
    check_journey,
    cursors,
)
from secure_file_transfer.seal.keys import DriveKeys

from . import vault_copy
from .block_leases import BlockLeases
from .keeping import NOTHING, By, Keeping
from .quota import Left, Purse
from .vault_content import VaultContent, open_content
from .vault_draft import VaultDraft
from .vault_nodes import (
    Anchor,
    Room,
    changed,
    check_apart,
    entry_of,
    find,
    find_folder,
    find_place,
    is_a_folder,
    make_folder,
    nobody_hears,
    place_for,
)
from .vault_trash import discard
from .watch import UNWATCHED, Watch

PAGE_MAX = 10_000


class VaultTree:
    """A `ports.FileTree`. Safe for many threads; every change is one transaction of the catalog.

    Names are compared exactly. A folder's time of modification is when a name in it came, went or changed.
    """

    def __init__(
        self,
        drive: Drive,
        keys: DriveKeys,
        catalog: Catalog,
        blobs: BlobStore,
        clock: Clock,
        leases: BlockLeases,
        block_size: int,
        publish: Callable[[Event], None] = nobody_hears,
        keeping: Keeping = NOTHING,
    ) -> None:
        self._room = Room(drive, keys, catalog, blobs, clock, leases, block_size, publish=publish, keeping=keeping)

    @property
    def room(self) -> Room:
        """What the parts of this drive share, for the services beside it."""
        return self._room

    def seen_from(self, *anchors: Anchor) -> "VaultTree":
        """The same drive as somebody sees it whom parts of it were shared with; paths are theirs."""
        view = copy.copy(self)
        view._room = replace(self._room, anchors=(*self._room.anchors, *anchors))  # noqa: SLF001 - its own kind
        return view

    def only(self, anchor: Anchor, *, growing: bool = False) -> "VaultTree":
        """The same drive with nothing to be seen but what is at this anchor or below; a copy may be `growing` there."""
        view = copy.copy(self)
        view._room = replace(  # noqa: SLF001 - its own kind
            self._room, anchors=(anchor,), growing=growing, watch=UNWATCHED
        )
        return view

    def watched(self, watch: Watch) -> "VaultTree":
        """The same drive, with somebody who follows the copies, moves and drafts that are made by this view."""
        view = copy.copy(self)
        view._room = replace(self._room, watch=watch)  # noqa: SLF001 - its own kind
        return view

    def acted_by(self, by: By) -> "VaultTree":
        """The same drive, where it is remembered who deletes and replaces."""
        view = copy.copy(self)
        view._room = replace(self._room, by=by)  # noqa: SLF001 - its own kind
        return view

    def without_trash(self) -> "VaultTree":
        """The same drive, where what is removed is gone for good."""
        view = copy.copy(self)
        keeping = replace(self._room.keeping, trash_days=0)
        view._room = replace(self._room, keeping=keeping)  # noqa: SLF001 - its own kind
        return view

    def stat(self, path: RemotePath) -> Entry:
        """Raises NotFoundError."""
        return entry_of(self._room.catalog.read(lambda tx: find(tx, self._room, path)), str(path))

    def list(
        self,
        path: RemotePath,
        *,
        sort: SortKey = SortKey.NAME,
        descending: bool = False,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Page:
        """One page of a folder. Raises NotFoundError, NotAFolderError, InvalidRequestError."""
        if not 1 <= limit <= PAGE_MAX:
            raise InvalidRequestError(f"A page has 1 to {PAGE_MAX} entries, not {limit}")
        after = None if cursor is None else _read_cursor(cursor, sort)

        def look(tx: CatalogTx) -> list[Node]:
            folder = find_folder(tx, self._room, path)
            return list(tx.nodes.list(folder.id, sort, descending=descending, after=after, limit=limit + 1))

        nodes = self._room.catalog.read(look)
        more = len(nodes) > limit
        base = str(path).rstrip("/")
        entries = [entry_of(node, f"{base}/{node.name}") for node in nodes[:limit]]
        return Page(entries, _write_cursor(nodes[limit - 1], sort) if more else None)

    def make_folder(self, path: RemotePath, *, parents: bool = False) -> Entry:
        """Make it, as `ports.FileTree` says. Raises ExistsError, NotFoundError, NotAFolderError."""
        now = self._room.clock.now_us()
        return self._room.catalog.write(lambda tx: make_folder(tx, self._room, path, now, parents=parents))

    def move(self, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP) -> Entry:
        """Rename: one row, whatever lies below. Raises ExistsError, NotFoundError, NotAFolderError, ConflictError."""
        check_journey(source, target, conflict)
        if source == target:
            raise ConflictError(f"{display(str(source))} is there already", hint="Choose another name.").because(
                "taken", path=str(source)
            )
        now = self._room.clock.now_us()

        def work(tx: CatalogTx) -> Entry:
            node, parent = find(tx, self._room, source), find_folder(tx, self._room, target.parent)
            path, there = place_for(tx, parent, target, node.kind, conflict)
            check_apart(tx, node, parent, there)
            if there is not None:
                discard(tx, self._room, there, path, now)
            tx.nodes.relocate(node.id, parent.id, path.name)
            tx.nodes.touch(parent.id, now)
            if node.parent_id is not None and node.parent_id != parent.id:
                tx.nodes.touch(node.parent_id, now)
            changed(tx, self._room, parent.id, node.parent_id, moved=node.id if node.kind is Kind.FOLDER else None)
            entry = entry_of(find(tx, self._room, path), str(path))
            self._room.watch.published(tx, entry)
            return entry

        return self._room.catalog.write(work)

    def copy(self, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP) -> Entry:
        """Copy a file or a whole tree; no content is stored twice. See `vault_copy`."""
        return vault_copy.copy(self._room, source, target, conflict)

    def set_modified(self, path: RemotePath, modified_us: TimeUs) -> Entry:
        """Say when it changed last. Raises NotFoundError, ConflictError."""
        if path.is_root:
            raise ConflictError("The root of a drive stays as it is", hint="Name something in it.")

        def work(tx: CatalogTx) -> Entry:
            node = find(tx, self._room, path)
            tx.nodes.touch(node.id, modified_us)
            changed(tx, self._room, node.parent_id)
            return entry_of(find(tx, self._room, path), str(path))

        return self._room.catalog.write(work)

    def remove(self, path: RemotePath, *, recursive: bool = False) -> TrashId | None:
        """Put it into the trash, where there is one: one row, whatever lies below.

        Otherwise it is gone, and the sweep gives back the space. Raises NotFoundError, NotEmptyError, ConflictError.
        """
        if path.is_root:
            raise ConflictError("The root of a drive cannot be removed", hint="Remove what is in it.")
        now = self._room.clock.now_us()

        def work(tx: CatalogTx) -> TrashId | None:
            node = find(tx, self._room, path)
            if not recursive and tx.nodes.has_children(node.id):
                raise NotEmptyError(f"{display(str(path))} is not empty", hint="Ask for a recursive removal.").because(
                    "path", path=str(path)
                )
            trash_id = discard(tx, self._room, node, path, now)
            if node.parent_id is not None:
                tx.nodes.touch(node.parent_id, now)
            changed(tx, self._room, node.parent_id, moved=node.id if node.kind is Kind.FOLDER else None)
            return trash_id

        return self._room.catalog.write(work)

    def open(self, path: RemotePath) -> VaultContent:
        """Open a file. Raises NotFoundError, IsAFolderError, BlockDamagedError."""
        return open_content(self._room, path)

    def open_version(self, path: RemotePath, number: VersionId) -> VaultContent:
        """Open a version of a file. Raises NotFoundError, IsAFolderError, BlockDamagedError."""
        return open_content(self._room, path, number)

    def draft(self, path: RemotePath, *, size: int | None = None, replaces: bool = True) -> VaultDraft:
        """Begin a file. Raises NotFoundError, NotAFolderError, IsAFolderError, QuotaExceededError."""

        def look(tx: CatalogTx) -> int | None:
            there = None if path.is_root else find_place(tx, self._room, path)[1]
            if path.is_root or (there is not None and there.kind is Kind.FOLDER):
                raise is_a_folder(path)
            purse = Purse(tx, self._room.drive.id, all_counts=self._room.growing, looking=True)
            # How a taken name is dealt with is not known yet.
            before = (there.size, 1) if there and replaces else (0, 0)
            purse.require((size or 0) - before[0], 1 - before[1])
            left = purse.left.bytes
            return None if left is None else max(left, 0) + before[0]

        return VaultDraft(self._room, path, self._room.catalog.read(look))

    def usage(self) -> Usage:
        """What is in it, with the trash, earlier versions, and removed files until they are swept.

        Raises ForbiddenError where it is another's.
        """
        if self._room.anchors:
            raise ForbiddenError("How much the whole drive holds is its owner's affair")

        def look(tx: CatalogTx) -> tuple[Drive | None, DriveRoom, Left]:
            drive_id = self._room.drive.id
            return tx.drives.get(drive_id), tx.drives.room(drive_id), Purse(tx, drive_id, looking=True).left

        drive, room, left = self._room.catalog.read(look)
        if drive is None:
            raise NotFoundError("This drive was removed")
        free = self._room.blobs.free_bytes()
        if left.bytes is not None:
            free = min(free, max(left.bytes, 0))
        return Usage(drive.bytes, drive.files, free, room.quota_bytes or None, room.quota_files or None)


# --- cursors ----------------------------------------------------------------------------------------------------


def _write_cursor(last: Node, sort: SortKey) -> str:
    values: dict[SortKey, int | str] = {
        SortKey.NAME: last.name,
        SortKey.SIZE: last.size,
        SortKey.MODIFIED: last.modified_us,
    }
    return cursors.write(sort.value, int(last.kind), values[sort], last.name)


def _read_cursor(text: str, sort: SortKey) -> NodeCursor:
    """Raises InvalidRequestError for anything that `_write_cursor` does not write for the same order."""
    with suppress(ValueError):
        of, kind, value, name = cursors.read(text)
        wanted = str if sort is SortKey.NAME else int
        if of == sort.value and type(value) is wanted and type(name) is str:
            return NodeCursor(Kind(kind), value, name)
    raise InvalidRequestError(
        "That cursor does not continue this listing", hint="Use the cursor of the page before, in the same order."
    )
