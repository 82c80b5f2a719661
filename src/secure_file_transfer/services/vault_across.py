"""Moving and copying from one vault drive to another: every block is opened with one key and sealed with the other.

A copy is put together out of sight, below a folder that looks removed in the drive it goes to, by drafts like any
other: rights, quota and the digest of each file are looked at where they always are. It takes its place in one last
transaction, so nobody ever sees half a tree; if it never gets there, it is one more removed folder, and the next purge
clears it. Both ends are asked for their rights again with every step, and twice a second within a file.

A move is a copy, and then a removal of just what was copied: what has changed or come meanwhile is noticed, and the
source stays.
"""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import BoundedSemaphore

from secure_file_transfer.errors import BusyError, NotFoundError, SourceChangedError
from secure_file_transfer.model import Conflict, Entry, Kind, Node, NodeId, TimeUs
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import CatalogTx, Expectation, check_journey

from .quota import Purse
from .vault import VaultTree
from .vault_nodes import Anchor, Room, Whole, changed, entry_of, find, find_folder, free_name, place_for, version_of
from .vault_publish import Place, Publisher
from .watch import Watch

PAGE = 200
"""Entries that are looked at together. Memory is bounded by them and by how deep a tree is."""
AT_ONCE = 4
"""Journeys between drives of one process. Each keeps a thread of its door busy, and the others have to go on."""

_running = BoundedSemaphore(AT_ONCE)
_Check = Callable[[], None]
_Pair = tuple[RemotePath, RemotePath, str | None, str | None]
_NEW = Expectation(none_match=("*",))


@dataclass(frozen=True, slots=True)
class _Folder:
    """One that is still to be copied, from `cursor` on; all of it is there once `done`."""

    source: RemotePath
    target: RemotePath
    modified_us: TimeUs
    cursor: str | None = None
    done: bool = False


def journey(
    one: VaultTree,
    other: VaultTree,
    source: RemotePath,
    target: RemotePath,
    conflict: Conflict,
    check: _Check,
    *,
    moving: bool,
) -> Entry:
    """Copy or move a file or a tree from `one` drive to `other`. `check` raises when it must go no further.

    Raises:
        InvalidRequestError, ConflictError, ExistsError, NotFoundError, NotAFolderError: as within a drive.
        BusyError: as many of these run as may.
        SourceChangedError: moving, and the source is not what was copied any more: both are there now.
        NoSpaceError, QuotaExceededError, StorageError, BlockDamagedError: nothing was copied.
        SignInRequiredError, ForbiddenError: the session, or a grant, has ended meanwhile; nothing was copied.
    """
    check_journey(source, target, conflict)
    watch = other.room.watch
    if not watch.patient and not _running.acquire(blocking=False):
        raise BusyError("The server copies between drives as much as it may", hint="Try again in a while.")
    try:
        # Both drives are of one data directory, and so are their leases.
        with other.room.leases.building():
            if watch.copied is None:
                copied = _copied(one, other, source, target, conflict, check, last=not moving)
            else:
                copied = other.stat(RemotePath.parse(watch.copied))
            if moving:
                _remove(one, source, other, RemotePath.parse(copied.path), check)
            return copied
    finally:
        if not watch.patient:
            _running.release()


# --- the copy ---------------------------------------------------------------------------------------------------------


def _copied(
    one: VaultTree,
    other: VaultTree,
    source: RemotePath,
    target: RemotePath,
    conflict: Conflict,
    check: _Check,
    *,
    last: bool,
) -> Entry:
    room = other.room
    now = room.clock.now_us()
    entry = one.stat(source)
    holder = room.catalog.write(lambda tx: _begin(tx, room, entry.kind, target, conflict, now))

    def still(tx: CatalogTx) -> None:
        find_folder(tx, room, target.parent)

    hidden = other.only(Anchor(target.parent, holder, still), growing=True)
    if entry.kind is Kind.FILE:
        _copy_file(one, hidden, source, target, check, room.watch)
    else:
        _copy_folders(one, hidden, _Folder(source, target, entry.modified_us), check, room.watch)
    check()

    def finish(tx: CatalogTx) -> Entry:
        done = _finish(tx, room, hidden.room, target, conflict, now)
        room.watch.published(tx, done, last=last)
        return done

    return room.catalog.write(finish)


def _begin(tx: CatalogTx, room: Room, kind: Kind, target: RemotePath, conflict: Conflict, now: TimeUs) -> NodeId:
    """The folder to build in. Refuses already what the end would refuse."""
    parent = find_folder(tx, room, target.parent)
    place_for(tx, parent, target, kind, conflict)
    holder = tx.nodes.create(room.drive.id, parent.id, f".sft-copy-{secrets.token_hex(8)}", Kind.FOLDER, now)
    tx.nodes.detach(holder.id)
    return holder.id


def _copy_folders(one: VaultTree, hidden: VaultTree, top: _Folder, check: _Check, watch: Watch) -> None:
    hidden.make_folder(top.target)
    watch.step(0, 1)
    todo = [top]
    while todo:
        check()
        at = todo.pop()
        if at.done:  # nothing comes into it any more, so this is the last change of its time
            _touch(hidden.room, at)
            continue
        page = one.list(at.source, cursor=at.cursor, limit=PAGE)
        todo.append(_Folder(at.source, at.target, at.modified_us, page.cursor, done=page.cursor is None))
        for entry in page.entries:
            below = at.source / entry.name, at.target / entry.name
            if entry.kind is Kind.FILE:
                _copy_file(one, hidden, *below, check, watch)
            else:
                hidden.make_folder(below[1])
                watch.step(0, 1)
                todo.append(_Folder(*below, entry.modified_us))


def _touch(room: Room, at: _Folder) -> None:
    room.catalog.write(lambda tx: tx.nodes.touch(find(tx, room, at.target).id, at.modified_us))


def _copy_file(
    one: VaultTree, hidden: VaultTree, source: RemotePath, target: RemotePath, check: _Check, watch: Watch
) -> None:
    content = one.open(source)
    try:
        entry, draft = content.entry, hidden.draft(target)
        try:
            for piece in content.chunks(0, entry.size):
                check()
                draft.append(piece)
                watch.step(len(piece))
            check()
            draft.commit(expect=_NEW, sha256=entry.sha256, size=entry.size, modified_us=entry.modified_us)
            watch.step(0, 1)
        finally:
            draft.abort()
    finally:
        content.close()


def _finish(tx: CatalogTx, room: Room, hidden: Room, target: RemotePath, conflict: Conflict, now: TimeUs) -> Entry:
    """Put the finished copy in its place; what is replaced stays the same node, with what was granted on it."""
    node, parent = find(tx, hidden, target), find_folder(tx, room, target.parent)
    path, there = place_for(tx, parent, target, node.kind, conflict)
    if there is None:
        tx.nodes.relocate(node.id, parent.id, path.name)
        tx.nodes.touch(parent.id, now)
        changed(tx, room, parent.id)
        entry = entry_of(find(tx, room, path), str(path))
    else:
        # Checked before it is signed anew: a copy must not turn an altered record into a good one.
        version = version_of(tx, hidden, node, str(target))
        whole = Whole(version.size, version.sha256, version.manifest, node.modified_us)
        publisher = Publisher(tx, room, now)
        entry = publisher.write(Place(path, parent.id, there, skipped=False), whole, ()).entry
        publisher.finish()
    # While it grew it looked removed, so others may have taken the room.
    Purse(tx, room.drive.id).require_kept()
    return entry


# --- and the removal --------------------------------------------------------------------------------------------------


def _remove(one: VaultTree, source: RemotePath, other: VaultTree, target: RemotePath, check: _Check) -> None:
    """Take the source out of sight, so that nobody writes to it; then compare; then let it go, or put it back."""
    room, watch = one.room, other.room.watch
    now = room.clock.now_us()

    def take(tx: CatalogTx) -> Node:
        node = find(tx, room, source)
        tx.nodes.detach(node.id)
        if node.parent_id is not None:
            tx.nodes.touch(node.parent_id, now)
        changed(tx, room, node.parent_id, moved=node.id if node.kind is Kind.FOLDER else None)
        # If nobody comes back to compare, it has to be put back before the next purge: see `put_back`.
        watch.note(tx, {"taken": [node.id, node.parent_id, node.name]})
        return node

    def back(tx: CatalogTx) -> None:
        put_back(tx, node.id, node.parent_id, node.name)
        changed(tx, room, node.parent_id)
        watch.note(tx, {"taken": None})

    check()
    node = room.catalog.write(take)
    gone = one.only(Anchor(source, node.id, lambda _: None))
    same = False
    try:
        same = _alike(gone, source, other, target, check)
    finally:
        if not same:
            room.catalog.write(back)
    if not same:
        raise SourceChangedError(
            f"{display(str(source))} changed while it was moved: it is still there, and so is the copy",
            hint=f"Remove {display(str(target))} and move it again, or remove one of the two.",
        )


def put_back(tx: CatalogTx, node_id: NodeId, parent_id: NodeId | None, name: str) -> None:
    """Let a source that was taken out of sight be seen again where it was, under a free name if need be.

    One that is gone, or has no place any more, stays so.
    """
    node = tx.nodes.get(node_id)
    if node is None or node.parent_id is not None or parent_id is None or tx.nodes.get(parent_id) is None:
        return
    taken = tx.nodes.child(parent_id, name) is not None
    tx.nodes.relocate(node_id, parent_id, free_name(tx, parent_id, name) if taken else name)


def _alike(one: VaultTree, source: RemotePath, other: VaultTree, target: RemotePath, check: _Check) -> bool:
    """Whether two files or trees have the same names and contents; only how the tops are called may differ."""
    with suppress(NotFoundError):  # the copy was moved on already
        first, second = one.stat(source), other.stat(target)
        if _traits(first)[1:] != _traits(second)[1:]:
            return False
        todo: list[_Pair] = [(source, target, None, None)] if first.kind is Kind.FOLDER else []
        while todo:
            check()
            here, there, mine, theirs = todo.pop()
            page = one.list(here, cursor=mine, limit=PAGE)
            mirror = other.list(there, cursor=theirs, limit=PAGE)
            if list(map(_traits, page.entries)) != list(map(_traits, mirror.entries)):
                return False
            if (page.cursor is None) != (mirror.cursor is None):
                return False
            if page.cursor is not None:
                todo.append((here, there, page.cursor, mirror.cursor))
            folders = (each.name for each in page.entries if each.kind is Kind.FOLDER)
            todo += [(here / name, there / name, None, None) for name in folders]
        return True
    return False


def _traits(entry: Entry) -> tuple[str, Kind, int, bytes | None]:
    return entry.name, entry.kind, entry.size, entry.sha256
