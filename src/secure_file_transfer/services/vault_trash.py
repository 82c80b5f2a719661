"""The trash of a vault drive, within one transaction: how something gets there, and back.

What lies there is a node without a parent. So no path leads to it, its name is free, and nothing that was granted on it
or below it holds: the way up from there does not end at a drive. To put it there, and to put it back, is one row
whatever lies below.
"""

from functools import partial

from secure_file_transfer.errors import ExistsError, NotAFolderError
from secure_file_transfer.model import Conflict, Entry, Kind, Node, TimeUs, Trashed, TrashId
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import Audience, CatalogTx, Event, Topic

from .vault_nodes import Room, changed, entry_of, find_folder, make_folder, path_of, place_for

WEIGHED_MAX = 1000
"""Nodes that are counted while somebody waits; a larger tree is counted by the sweep."""


def discard(tx: CatalogTx, room: Room, node: Node, path: RemotePath, now: TimeUs) -> TrashId | None:
    """Take something out of the tree that is at `path` for whoever does it; None: for good."""
    if not room.keeping.trash_days:
        tx.nodes.detach(node.id)
        return None
    folder = RemotePath() if node.parent_id is None else path_of(tx, room.drive.id, node.parent_id) or RemotePath()
    trash_id = tx.trash.put(node, str(folder), str(path), room.by.name, room.by.account_id, now)
    weight = tx.trash.weigh(node.id, WEIGHED_MAX)
    if weight.whole:
        tx.trash.note(trash_id, weight)
    tell(tx, room)
    return trash_id


def tell(tx: CatalogTx, room: Room) -> None:
    """Once it is durable, tell the drive's owner that something else lies in the trash than before."""
    drive = tx.drives.get(room.drive.id)
    if drive is not None and drive.owner_id is not None:
        news = Event(Topic.FILES, "trash", {}, Audience(accounts=frozenset({drive.owner_id})), "trash")
        tx.afterwards(partial(room.publish, news))


def restore(tx: CatalogTx, room: Room, trashed: Trashed, conflict: Conflict, now: TimeUs) -> Entry:
    """Put something back where it was; `room` is seen by the drive's owner.

    The folder that it lay in may be elsewhere by now. Where it is gone, one is made at the same place; where that
    cannot be, it comes to the top.

    Raises:
        ExistsError: the name is taken, see `place_for`.
    """
    node = trashed.node
    folder = _folder_for(tx, room, trashed, now)
    parent = find_folder(tx, room, folder)
    path, there = place_for(tx, parent, folder / node.name, node.kind, conflict)
    tx.trash.take(trashed.id)
    if there is not None:
        discard(tx, room, there, path, now)
    tx.nodes.relocate(node.id, parent.id, path.name)
    tx.nodes.touch(parent.id, now)
    tell(tx, room)
    changed(tx, room, parent.id, moved=node.id if node.kind is Kind.FOLDER else None)
    return entry_of(tx.nodes.get(node.id) or node, str(path))


def _folder_for(tx: CatalogTx, room: Room, trashed: Trashed, now: TimeUs) -> RemotePath:
    place = path_of(tx, room.drive.id, trashed.parent_id)
    if place is not None:
        return place
    folder = RemotePath.parse(trashed.folder)
    try:
        make_folder(tx, room, folder, now, parents=True)
    except (NotAFolderError, ExistsError):  # a file has the name of a folder on the way
        return RemotePath()
    return folder
