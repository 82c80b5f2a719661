"""What a vault drive does with the catalog inside one transaction: find a path, judge a taken name, write a version."""

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from secure_file_transfer.errors import (
    BlockDamagedError,
    ConflictError,
    ExistsError,
    IsAFolderError,
    NotAFolderError,
    NotFoundError,
    PreconditionFailedError,
)
from secure_file_transfer.logger import get_logger
from secure_file_transfer.model import (
    Conflict,
    Drive,
    DriveId,
    Entry,
    Kind,
    Manifest,
    Node,
    NodeId,
    TimeUs,
    Version,
    VersionId,
)
from secure_file_transfer.paths import RemotePath, display, numbered
from secure_file_transfer.ports import Audience, BlobStore, Catalog, CatalogTx, Clock, Event, Expectation, Topic
from secure_file_transfer.seal.keys import DriveKeys

from .block_leases import BlockLeases
from .keeping import NOBODY, NOTHING, By, Keeping
from .quota import Purse
from .watch import UNWATCHED, Watch

_NAMES_TRIED = 10_000
_log = get_logger()


def nobody_hears(_: Event) -> None:
    """Where nothing is told of changes."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where somebody else's view of a drive begins: `path` is that of the node as they see it.

    `verify` raises, in the transaction of whatever is done, unless they still have the rights that it is done by.
    """

    path: RemotePath
    node_id: NodeId
    verify: Callable[[CatalogTx], None]


@dataclass(frozen=True, slots=True)
class Room:
    """What the parts of one vault drive share.

    With `anchors` it is seen by somebody it was shared with: their paths lead to nothing but what is at an anchor or
    below, and follow the node wherever its owner puts it. What is `growing` is a copy that looks removed, and yet
    takes room. `watch` follows what is done by this view, `by` is who does it, and `keeping` what is kept then.
    """

    drive: Drive
    keys: DriveKeys
    catalog: Catalog
    blobs: BlobStore
    clock: Clock
    leases: BlockLeases
    block_size: int
    anchors: tuple[Anchor, ...] = ()
    growing: bool = False
    publish: Callable[[Event], None] = nobody_hears
    watch: Watch = UNWATCHED
    keeping: Keeping = NOTHING
    by: By = NOBODY

    def start(self, tx: CatalogTx, path: RemotePath) -> tuple[Node | None, tuple[str, ...]]:
        """The node where the way along a path begins, and the names that follow."""
        if not self.anchors:
            return tx.nodes.get(self.drive.root_id), path.parts
        above = [anchor for anchor in self.anchors if path.is_within(anchor.path)]
        if not above:
            return None, ()
        anchor = max(above, key=lambda each: len(each.path.parts))
        anchor.verify(tx)
        return tx.nodes.get(anchor.node_id), path.parts[len(anchor.path.parts) :]

    def is_anchor(self, path: RemotePath) -> bool:
        """Whether it is the path of something that was shared itself, whose folder one may not even see."""
        return any(anchor.path == path for anchor in self.anchors)


@dataclass(frozen=True, slots=True)
class Whole:
    """A content that is ready to become a version: its blocks are durable or go with the same transaction."""

    size: int
    sha256: bytes
    manifest: Manifest
    modified_us: TimeUs


# --- telling ----------------------------------------------------------------------------------------------------


def changed(tx: CatalogTx, room: Room, *folders: NodeId | None, moved: NodeId | None = None) -> None:
    """Tell whoever watches these folders that names or contents in them changed, once that is durable.

    Every change of a vault drive passes here, whichever door it came through. With `moved`, that folder is elsewhere
    now, or gone, and with it all below: see `moved_event`.
    """
    if room.growing:
        return
    for folder in dict.fromkeys(folders):
        if folder is not None:
            place = (room.drive.id, folder)
            event = Event(Topic.FILES, "changed", {}, Audience(folder=place), f"{room.drive.id}.{folder}")
            tx.afterwards(partial(room.publish, event))
    if moved is not None:
        tx.afterwards(partial(room.publish, moved_event(room.drive.id, moved)))


def moved_event(drive_id: DriveId, node_id: NodeId) -> Event:
    """Whoever watches anything in the drive has to look where it is now, and whether they may still see it."""
    return Event(Topic.FILES, "moved", {}, Audience(folder=(drive_id, node_id)), str(drive_id))


# --- finding ----------------------------------------------------------------------------------------------------


def find(tx: CatalogTx, room: Room, path: RemotePath) -> Node:
    """The file or folder at a path. Raises NotFoundError."""
    node, names = room.start(tx, path)
    for name in names:
        if node is None or node.kind is not Kind.FOLDER:
            break
        node = tx.nodes.child(node.id, name)
    else:
        if node is not None:
            return node
    raise not_found(path)


def find_folder(tx: CatalogTx, room: Room, path: RemotePath) -> Node:
    """The folder at a path. Raises NotFoundError, and NotAFolderError when it or something before it is a file."""
    node, names = room.start(tx, path)
    for name in names:
        if node is None or node.kind is not Kind.FOLDER:
            break
        node = tx.nodes.child(node.id, name)
    if node is None:
        raise not_found(path)
    if node.kind is not Kind.FOLDER:
        raise NotAFolderError(f"{display(str(path))} is not a folder", hint="Name a folder that is there.").because(
            "path", path=str(path)
        )
    return node


def find_place(tx: CatalogTx, room: Room, path: RemotePath) -> tuple[NodeId, Node | None]:
    """The folder that a file at `path` lies in, or would lie in, and what is there now.

    Raises:
        NotFoundError, NotAFolderError
        IsAFolderError: a folder that was shared itself: what is beside it is not to be seen, nor written.
    """
    if not room.is_anchor(path):
        folder = find_folder(tx, room, path.parent)
        return folder.id, tx.nodes.child(folder.id, path.name)
    node = find(tx, room, path)
    if node.kind is Kind.FOLDER or node.parent_id is None:
        raise is_a_folder(path)
    return node.parent_id, node


def entry_of(node: Node, path: str) -> Entry:
    """A node as doors show it: named as the path is, which ends otherwise than in its own drive where it is shared."""
    return Entry(
        path=path,
        name=path.rpartition("/")[2],
        kind=node.kind,
        size=node.size,
        modified_us=node.modified_us,
        created_us=node.created_us,
        sha256=node.sha256,
        etag=etag_of(node),
    )


def etag_of(node: Node) -> str:
    """128 bits of the digest name a content. A folder's changes when names in it do."""
    return node.sha256[:16].hex() if node.sha256 else f"{node.id:x}-{node.modified_us:x}"


# --- judging ----------------------------------------------------------------------------------------------------


def path_of(tx: CatalogTx, drive_id: DriveId, node_id: NodeId) -> RemotePath | None:
    """Where a node is in its drive; None once it was removed."""
    drive, names = tx.drives.get(drive_id), list[str]()
    node = tx.nodes.get(node_id)
    while node is not None and drive is not None:
        if node.id == drive.root_id:
            return RemotePath(tuple(reversed(names)))
        names.append(node.name)
        node = None if node.parent_id is None else tx.nodes.get(node.parent_id)
    return None


def place_for(
    tx: CatalogTx, parent: Node, target: RemotePath, kind: Kind, conflict: Conflict
) -> tuple[RemotePath, Node | None]:
    """Where something that is moved or copied goes, and the file that it replaces there. Raises ExistsError."""
    there = tx.nodes.child(parent.id, target.name)
    if there is None:
        return target, None
    if conflict is Conflict.RENAME:
        return target.parent / free_name(tx, parent.id, target.name), None
    if conflict is Conflict.OVERWRITE and kind is there.kind is Kind.FILE:
        return target, there
    raise taken(target)


def check_apart(tx: CatalogTx, node: Node, parent: Node, there: Node | None) -> None:
    """Refuse what would put a node into itself, or in its own place.

    Where drives are shared one node may have several paths, so paths alone do not tell.

    Raises:
        ConflictError
    """
    if there is not None and there.id == node.id:
        raise ConflictError(f"{display(node.name)} is there already", hint="Choose another name.").because(
            "taken", path=node.name
        )
    if node.kind is Kind.FOLDER and tx.nodes.is_within(parent.id, node.id):
        raise ConflictError(f"{display(node.name)} cannot go into itself", hint="Choose another folder.").because(
            "into_itself", path=node.name
        )


def free_name(tx: CatalogTx, parent_id: NodeId, name: str) -> str:
    """The first numbered form of `name` that nothing in the folder has. Raises ExistsError after very many."""
    for number in range(1, _NAMES_TRIED):
        choice = numbered(name, number)
        if tx.nodes.child(parent_id, choice) is None:
            return choice
    raise ExistsError(f"No free name was found for {display(name)}", hint="Choose another name.").because(
        "no_free_name", name=name
    )


def check_expectation(expect: Expectation, path: RemotePath, there: Node | None) -> None:
    """Raises PreconditionFailedError unless what is there (a folder counts as nothing) is what the writer expects."""
    tag = etag_of(there) if there is not None and there.kind is Kind.FILE else None
    if (expect.match is not None and not _holds(expect.match, tag)) or (
        expect.none_match is not None and _holds(expect.none_match, tag)
    ):
        raise PreconditionFailedError(
            f"{display(str(path))} is not what you expected", hint="Fetch its present state, then decide again."
        )


def _holds(tags: Iterable[str], tag: str | None) -> bool:
    return tag is not None and (tuple(tags) == ("*",) or tag in tags)


# --- folders ----------------------------------------------------------------------------------------------------


def make_folder(tx: CatalogTx, room: Room, path: RemotePath, now: TimeUs, *, parents: bool) -> Entry:
    """Make it, as `ports.FileTree` says. Raises ExistsError, NotFoundError, NotAFolderError."""
    if parents or path.is_root:
        start, names = room.start(tx, path)
        if start is None:
            raise not_found(path)
        if names and start.kind is not Kind.FOLDER:
            raise NotAFolderError(f"{display(start.name)} in {display(str(path))} is not a folder").because(
                "path", path=str(path)
            )
        at = start
    else:
        at, names = find_folder(tx, room, path.parent), path.parts[-1:]
    made = False
    for name in names:
        there = tx.nodes.child(at.id, name)
        made = there is None
        if there is None:
            there = tx.nodes.create(room.drive.id, at.id, name, Kind.FOLDER, now)
            tx.nodes.touch(at.id, now)
            changed(tx, room, at.id)
        elif there.kind is not Kind.FOLDER and name is not path.parts[-1]:
            raise NotAFolderError(f"{display(name)} in {display(str(path))} is not a folder").because(
                "path", path=str(path)
            )
        at = there
    if not made and (at.kind is not Kind.FOLDER or not parents):
        raise taken(path)
    return entry_of(at, str(path))


# --- versions ---------------------------------------------------------------------------------------------------


def version_of(tx: CatalogTx, room: Room, node: Node, path: str) -> Version:
    """The current version of a file, with its MAC checked.

    A row that was altered, moved here from another file or drive, or replaced by an older one is refused (attack 56).

    Raises:
        BlockDamagedError
    """
    version = _checked(tx, room, node, node.version_id, path)
    if version is None:
        raise _damaged(room, node, path, "is missing")
    if (version.size, version.sha256) != (node.size, node.sha256):
        raise _damaged(room, node, path, "was altered")
    return version


def earlier_version(tx: CatalogTx, room: Room, node: Node, number: VersionId, path: RemotePath) -> Version:
    """A version of a file by its number, also the current one, with its MAC checked.

    Raises:
        NotFoundError: the file has no such version.
        BlockDamagedError
    """
    if all(each.id != number for each in tx.versions.of(node.id)):
        raise no_version(path)
    version = _checked(tx, room, node, number, str(path))
    if version is None:
        raise no_version(path)
    return version


def _checked(tx: CatalogTx, room: Room, node: Node, number: VersionId | None, path: str) -> Version | None:
    try:
        version = None if number is None else tx.versions.get(number)
    except BlockDamagedError as error:
        raise _damaged(room, node, path, f"cannot be read: {error}") from error
    if version is not None and not (
        hmac.compare_digest(_mac(room.keys, version), version.mac)
        and (version.id, version.node_id) == (number, node.id)
        and sum(ref.length for ref in version.manifest) == version.size
    ):
        raise _damaged(room, node, path, "was altered")
    return version


def _damaged(room: Room, node: Node, path: str, how: str) -> BlockDamagedError:
    _log.error("stored data is damaged", drive=room.drive.id, node=node.id, path=path, record=how)
    return BlockDamagedError(
        f"The record of the content of {display(path)} {how}",
        hint="Restore the catalog from a backup, and check the disk.",
    )


def write_version(
    tx: CatalogTx,
    room: Room,
    parent_id: NodeId,
    name: str,
    there: Node | None,
    whole: Whole,
    now: TimeUs,
    number: VersionId,
    *,
    keep: bool = False,
) -> tuple[Node, int]:
    """Make a file, or give the one that is `there` a new content.

    What it was stays as an earlier version with `keep`, and else its blocks are released. The drive's usage is the
    caller's to count: the bytes of what went come with the file.
    """
    node = there or tx.nodes.create_file(
        room.drive.id, parent_id, name, number, whole.size, whole.sha256, whole.modified_us, now
    )
    mac = room.keys.manifest_mac(
        node_id=node.id,
        version_id=number,
        size=whole.size,
        sha256=whole.sha256,
        created_us=now,
        manifest=whole.manifest,
    )
    author, modified_us = room.by.name, whole.modified_us
    version = Version(number, node.id, whole.size, whole.sha256, now, whole.manifest, mac, author, modified_us)
    tx.versions.insert(version)
    went = 0
    if there is not None:
        tx.nodes.set_version(node.id, version, modified_us)
        went = _let_go(tx, room, there, now, keep=keep)
    return replace(node, size=whole.size, sha256=whole.sha256, version_id=version.id, modified_us=modified_us), went


def is_kept(room: Room, purse: Purse, there: Node | None, whole: Whole, size: int, files: int) -> bool:
    """Whether what a file was stays as an earlier version, where there are so many bytes and files more then.

    Not what has the same content still, or none at all; nor where there is no room for both.
    """
    return (
        room.keeping.keeps_versions
        and there is not None
        and there.size > 0
        and there.sha256 != whole.sha256
        and purse.fits(size, files)
    )


def _let_go(tx: CatalogTx, room: Room, there: Node, now: TimeUs, *, keep: bool) -> int:
    """Of the version that was replaced, or of what comes after as many as are kept; returns how many bytes."""
    if there.version_id is None:
        return 0
    if not keep:
        tx.versions.delete(there.version_id)
        return there.size
    tx.versions.keep(there.version_id, room.drive.id, now)
    return trim(tx, there.id, room.keeping.versions)


def trim(tx: CatalogTx, node_id: NodeId, most: int) -> int:
    """Forget the earlier versions of a file that are more than `most`, the oldest; returns their bytes."""
    excess = [each for each in tx.versions.of(node_id) if each.kept_us is not None][most:]
    for each in excess:
        tx.versions.delete(each.id)
    return sum(each.size for each in excess)


def _mac(keys: DriveKeys, version: Version) -> bytes:
    return keys.manifest_mac(
        node_id=version.node_id,
        version_id=version.id,
        size=version.size,
        sha256=version.sha256,
        created_us=version.created_us,
        manifest=version.manifest,
    )


# --- errors -----------------------------------------------------------------------------------------------------


def not_found(path: RemotePath) -> NotFoundError:
    """Nothing is at a path."""
    return NotFoundError(f"{display(str(path))} is not there", hint="List the folder to see what is there.").because(
        "path", path=str(path)
    )


def no_version(path: RemotePath) -> NotFoundError:
    """A file has no version of that number."""
    return NotFoundError(
        f"{display(str(path))} has no such version", hint="List its versions to see which there are."
    ).because("version", path=str(path))


def taken(path: RemotePath) -> ExistsError:
    """Something is at a path."""
    return ExistsError(
        f"{display(str(path))} is there already", hint="Choose another name, or remove it first."
    ).because("path", path=str(path))


def is_a_folder(path: RemotePath) -> IsAFolderError:
    """A folder is at a path."""
    return IsAFolderError(
        f"{display(str(path))} is a folder", hint="Choose another name, or remove the folder."
    ).because("path", path=str(path))
