"""Copying within a vault drive: new names and versions for blocks that are there already.

A small tree is copied in one transaction, exactly as it is at that instant. A large one would keep everybody else's
writes waiting, so it grows in many transactions under a folder that is already taken out of the tree, and takes its
place in the last one: whole or not at all either way. If it never gets there, that folder is one more removed
folder, and the next purge clears it. Files that go away while a large tree is copied may be left out.
"""

import secrets
from dataclasses import dataclass

from secure_file_transfer.errors import ConflictError
from secure_file_transfer.model import Conflict, Entry, Kind, Node, NodeId, SortKey, TimeUs
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import CatalogTx, NodeCursor, check_journey

from .quota import Purse, charge
from .vault_nodes import (
    Room,
    Whole,
    changed,
    check_apart,
    entry_of,
    find,
    find_folder,
    is_kept,
    place_for,
    version_of,
    write_version,
)
from .vault_trash import discard

BATCH = 500
"""Work of one transaction, in nodes and entries of manifests: a few tens of milliseconds."""


@dataclass(frozen=True, slots=True)
class _Step:
    """A folder whose children are still to be copied, from `after` on."""

    source_id: NodeId
    target_id: NodeId
    path: str
    after: NodeCursor | None = None


@dataclass(frozen=True, slots=True)
class _Grown:
    """What is left to do, and how many bytes and entries were just done."""

    todo: tuple[_Step, ...]
    size: int = 0
    items: int = 0


def copy(room: Room, source: RemotePath, target: RemotePath, conflict: Conflict) -> Entry:
    """Copy a file or a tree; times of modification are kept.

    Raises:
        InvalidRequestError, ConflictError, ExistsError, NotFoundError, NotAFolderError, NoSpaceError, StorageError
        QuotaExceededError: nothing was copied.
        BlockDamagedError: the record of a file in it was altered; nothing was copied.
    """
    check_journey(source, target, conflict)
    now = room.clock.now_us()
    if room.catalog.read(lambda tx: _is_small(tx, room, source)):
        return room.catalog.write(lambda tx: _copy_at_once(tx, room, source, target, conflict, now))
    with room.leases.building():
        top, steps = room.catalog.write(lambda tx: _begin(tx, room, source, target, conflict, now))
        room.watch.step(top.size, 1)
        while steps:
            grown = _Grown(tuple(steps))
            grown = room.catalog.write(lambda tx, todo=grown.todo: _batch(tx, room, source, todo, now))  # type: ignore[misc]
            steps = list(grown.todo)
            room.watch.step(grown.size, grown.items)
        return room.catalog.write(lambda tx: _finish(tx, room, source, top, target, conflict, now))


def _is_small(tx: CatalogTx, room: Room, source: RemotePath) -> bool:
    left, waiting = BATCH, [find(tx, room, source)]
    while waiting:
        node = waiting.pop()
        left -= 1 + node.size // room.block_size
        if left < 0:
            return False
        if node.kind is Kind.FOLDER:
            waiting += tx.nodes.list(node.id, SortKey.NAME, descending=False, after=None, limit=left + 1)
    return True


def _copy_at_once(
    tx: CatalogTx, room: Room, source: RemotePath, target: RemotePath, conflict: Conflict, now: TimeUs
) -> Entry:
    node, parent = find(tx, room, source), find_folder(tx, room, target.parent)
    path, there = place_for(tx, parent, target, node.kind, conflict)
    if source == path:
        raise ConflictError(f"{display(str(source))} is there already", hint="Choose another name.").because(
            "taken", path=str(source)
        )
    check_apart(tx, node, parent, there)
    if node.kind is Kind.FILE:
        new = _copy_file(tx, room, node, str(source), parent.id, path.name, there, now)
    else:
        new = _copy_folder(tx, room, node, parent.id, path.name, now)
        steps: tuple[_Step, ...] = (_Step(node.id, new.id, str(source)),)
        while steps:
            steps = _grow(tx, room, steps, now).todo
    if there is None:
        tx.nodes.touch(parent.id, now)
    changed(tx, room, parent.id)
    entry = entry_of(new, str(path))
    room.watch.published(tx, entry)
    return entry


def _begin(
    tx: CatalogTx, room: Room, source: RemotePath, target: RemotePath, conflict: Conflict, now: TimeUs
) -> tuple[Node, list[_Step]]:
    """The top of the copy, out of sight from its first instant. Refuses already what the end would refuse."""
    node, parent = find(tx, room, source), find_folder(tx, room, target.parent)
    _, there = place_for(tx, parent, target, node.kind, conflict)
    check_apart(tx, node, parent, there)
    if node.kind is Kind.FILE:  # a large file, or a folder that has just become a file
        top = _copy_file(tx, room, node, str(source), parent.id, _hidden_name(), None, now, later=there)
        tx.nodes.detach(top.id)
        return top, []
    top = _copy_folder(tx, room, node, parent.id, _hidden_name(), now)
    tx.nodes.detach(top.id)
    return top, [_Step(node.id, top.id, str(source))]


def _hidden_name() -> str:
    return f".sft-copy-{secrets.token_hex(8)}"


def _batch(tx: CatalogTx, room: Room, source: RemotePath, steps: tuple[_Step, ...], now: TimeUs) -> _Grown:
    """The next part of a hidden copy, as long as one may see the source."""
    room.start(tx, source)
    return _grow(tx, room, steps, now, hidden=True)


def _grow(tx: CatalogTx, room: Room, steps: tuple[_Step, ...], now: TimeUs, *, hidden: bool = False) -> _Grown:
    """Copy about `BATCH` more. May be run again, so it changes nothing but the catalog.

    A `hidden` copy looks removed while it grows, and takes room all the same.
    """
    left, todo, size, items = BATCH, list(steps), 0, 0
    while todo and left > 0:
        step = todo.pop()
        page = tx.nodes.list(step.source_id, SortKey.NAME, descending=False, after=step.after, limit=left)
        for number, node in enumerate(page):
            path = f"{step.path.rstrip('/')}/{node.name}"
            left -= 1 + node.size // room.block_size
            size, items = size + node.size, items + 1
            if node.kind is Kind.FILE:
                _copy_file(tx, room, node, path, step.target_id, node.name, None, now, hidden=hidden)
            if left <= 0 or number == len(page) - 1:
                todo.append(
                    _Step(step.source_id, step.target_id, step.path, NodeCursor(node.kind, node.name, node.name))
                )
            if node.kind is Kind.FOLDER:
                new = _copy_folder(tx, room, node, step.target_id, node.name, now)
                todo.append(_Step(node.id, new.id, path))
            if left <= 0:
                break
    return _Grown(tuple(todo), size, items)


def _finish(
    tx: CatalogTx, room: Room, source: RemotePath, top: Node, target: RemotePath, conflict: Conflict, now: TimeUs
) -> Entry:
    """Put the finished copy in its place."""
    room.start(tx, source)  # whoever may not see it any more gets no copy of it either
    parent = find_folder(tx, room, target.parent)
    path, there = place_for(tx, parent, target, top.kind, conflict)
    if there is not None:
        discard(tx, room, there, path, now)
    tx.nodes.relocate(top.id, parent.id, path.name)
    tx.nodes.touch(parent.id, now)
    changed(tx, room, parent.id)
    # While it grew it looked removed, so others may have taken the room.
    Purse(tx, room.drive.id).require_kept()
    entry = entry_of(find(tx, room, path), str(path))
    room.watch.published(tx, entry)
    return entry


def _copy_file(
    tx: CatalogTx,
    room: Room,
    node: Node,
    path: str,
    parent_id: NodeId,
    name: str,
    there: Node | None,
    now: TimeUs,
    *,
    hidden: bool = False,
    later: Node | None = None,
) -> Node:
    """A copy of one file in place of the one that is `there`; it will replace another `later`."""
    # Checked before it is signed anew: a copy must not turn an altered record into a good one.
    version = version_of(tx, room, node, path)
    whole = Whole(version.size, version.sha256, version.manifest, node.modified_us)
    before = (there.size, 1) if there else (0, 0)
    charge(tx, room.drive.id, whole.size - before[0], 1 - before[1], all_counts=hidden, later=later)
    (number,) = tx.versions.next_ids(1)
    keep = there is not None and is_kept(room, Purse(tx, room.drive.id), there, whole, there.size, 0)
    node, went = write_version(tx, room, parent_id, name, there, whole, now, number, keep=keep)
    if went != before[0]:
        tx.drives.add_usage(room.drive.id, before[0] - went, 0)
    return node


def _copy_folder(tx: CatalogTx, room: Room, node: Node, parent_id: NodeId, name: str, now: TimeUs) -> Node:
    new = tx.nodes.create(room.drive.id, parent_id, name, Kind.FOLDER, now)
    tx.nodes.touch(new.id, node.modified_us)
    return tx.nodes.get(new.id) or new
