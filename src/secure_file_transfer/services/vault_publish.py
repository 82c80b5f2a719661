"""Publishing files of a vault drive: the one place where a taken name is judged and a new version is written."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from secure_file_transfer.errors import ForbiddenError, NotAFolderError, NotFoundError
from secure_file_transfer.model import Conflict, Kind, Node, NodeId, TimeUs, VersionId
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import BlockRow, CatalogTx, Expectation, Written

from .quota import Purse
from .vault_nodes import (
    Room,
    Whole,
    changed,
    check_expectation,
    entry_of,
    find,
    find_folder,
    find_place,
    free_name,
    is_a_folder,
    is_kept,
    make_folder,
    write_version,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file goes, what it replaces there, and whether what is there stays instead."""

    path: RemotePath
    parent_id: NodeId
    there: Node | None
    skipped: bool


class Publisher:
    """Publishes any number of files within one transaction, and looks each folder up once. `finish` ends it."""

    def __init__(self, tx: CatalogTx, room: Room, now: TimeUs, *, files: int = 1) -> None:
        """`files` is how many there may be."""
        self._tx = tx
        self._room = room
        self._now = now
        self._folders: dict[tuple[str, ...], Node] = {}
        self._renamed: set[NodeId] = set()
        self._written: set[NodeId] = set()
        self._files = files
        self._numbers: Iterator[VersionId] = iter(())
        self._more_bytes = self._more_files = 0
        self._known: Purse | None = None

    @property
    def _purse(self) -> Purse:
        self._known = self._known or Purse(self._tx, self._room.drive.id, all_counts=self._room.growing)
        return self._known

    def place(
        self, path: RemotePath, whole: Whole, conflict: Conflict, expect: Expectation, *, parents: bool = False
    ) -> Place:
        """Decide, without publishing anything; with `parents`, missing folders are made.

        RESUME is over once all bytes are here, and then means OVERWRITE. What was decided is to be written before the
        next file is decided about: both take room.

        Raises:
            PreconditionFailedError, NotFoundError, NotAFolderError, IsAFolderError, ExistsError, ForbiddenError
            QuotaExceededError
        """
        place = self._find(path, whole.modified_us, conflict, expect, parents=parents)
        if not place.skipped:
            before = (place.there.size, 1) if place.there else (0, 0)
            self._purse.require(self._more_bytes + whole.size - before[0], self._more_files + 1 - before[1])
        return place

    def _find(
        self, path: RemotePath, modified_us: TimeUs, conflict: Conflict, expect: Expectation, *, parents: bool
    ) -> Place:
        if path.is_root:
            raise is_a_folder(path)
        shared_itself = self._room.is_anchor(path)
        if shared_itself:
            parent_id, there = find_place(self._tx, self._room, path)
        else:
            parent = self._folders.get(path.parts[:-1]) or self._folder(path.parent, make=parents)
            parent_id, there = parent.id, self._tx.nodes.child(parent.id, path.name)
        check_expectation(expect, path, there)
        if there is not None and conflict is Conflict.RENAME:
            if shared_itself:
                raise ForbiddenError(
                    f"{display(str(path))} was shared by itself: there is no room for another file beside it",
                    hint="Replace it, or put the file elsewhere.",
                ).because("single", path=str(path))
            path, there = path.parent / free_name(self._tx, parent_id, path.name), None
        if there is None:
            return Place(path, parent_id, None, skipped=False)
        if there.kind is Kind.FOLDER:
            raise is_a_folder(path)
        stays = conflict is Conflict.SKIP or (conflict is Conflict.NEWER and modified_us <= there.modified_us)
        return Place(path, parent_id, there, skipped=stays)

    def _folder(self, path: RemotePath, *, make: bool) -> Node:
        if make and not path.is_root:
            make_folder(self._tx, self._room, path, self._now, parents=True)
        found = self._folders[path.parts] = find_folder(self._tx, self._room, path)
        return found

    def write(self, place: Place, whole: Whole, blocks: Iterable[BlockRow]) -> Written:
        """Do what was decided. `blocks` are those of the manifest that may have no row yet.

        Raises:
            StorageError: a block of the manifest is not there.
        """
        there, path = place.there, str(place.path)
        if there is not None and place.skipped:
            return Written(entry_of(there, path), "skipped")
        for row in blocks:
            self._tx.blocks.insert(row, self._now)
        number = next(self._numbers, None)
        if number is None:
            self._numbers = self._tx.versions.next_ids(self._files)
            number = next(self._numbers)
        size, files = self._more_bytes + whole.size, self._more_files
        keep = there is not None and is_kept(self._room, self._purse, there, whole, size, files)
        node, went = write_version(
            self._tx, self._room, place.parent_id, place.path.name, there, whole, self._now, number, keep=keep
        )
        self._more_bytes += whole.size - went
        self._written.add(place.parent_id)
        if there is None:
            self._renamed.add(place.parent_id)
            self._more_files += 1
        return Written(entry_of(node, path), "replaced" if there else "created")

    def finish(self) -> None:
        """Count what was written, and say of every folder with a new name in it that it changed."""
        if self._more_bytes or self._more_files:
            self._tx.drives.add_usage(self._room.drive.id, self._more_bytes, self._more_files)
        for folder_id in self._renamed:
            self._tx.nodes.touch(folder_id, self._now)
        changed(self._tx, self._room, *self._written)


def publish(
    tx: CatalogTx,
    room: Room,
    path: RemotePath,
    whole: Whole,
    conflict: Conflict,
    expect: Expectation,
    now: TimeUs,
    blocks: Iterable[BlockRow],
) -> Written:
    """Decide about one file and publish it. It may be run again, so it changes nothing but the catalog.

    Raises:
        PreconditionFailedError, NotFoundError, NotAFolderError, IsAFolderError, QuotaExceededError, StorageError
    """
    publisher = Publisher(tx, room, now)
    written = publisher.write(publisher.place(path, whole, conflict, expect), whole, blocks)
    publisher.finish()
    return written


def require_room(tx: CatalogTx, room: Room, path: RemotePath, size: int, conflict: Conflict) -> None:
    """Refuse a file of that size before it is sent, if it cannot fit even in place of what is there now.

    Raises:
        QuotaExceededError
    """
    there = None
    with suppress(NotFoundError, NotAFolderError):  # its folder may be about to be made
        there = find(tx, room, path)
    is_file = there is not None and there.kind is Kind.FILE
    if is_file and conflict in {Conflict.SKIP, Conflict.NEWER}:
        return  # it may well stay
    Purse(tx, room.drive.id, looking=True).require(size - (there.size if there else 0), 0 if is_file else 1)
