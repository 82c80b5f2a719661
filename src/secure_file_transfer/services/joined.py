"""Several folders and files of the disk under one root that cannot be changed: what `sft share` gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from secure_file_transfer.errors import (
    ConflictError,
    ExistsError,
    ForbiddenError,
    InvalidRequestError,
    IsAFolderError,
    NotFoundError,
    SecureFileTransferError,
    StorageError,
)
from secure_file_transfer.model import Conflict, Entry, Kind, Page, SortKey, TimeUs, Usage
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Content, Draft, Expectation, FileTree, Written, check_journey

_ROOT = RemotePath()
_ANYTHING = Expectation()
_CURSOR_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Place:
    """Where something lies in a tree of its own. Of a file's tree nothing else is shown."""

    tree: FileTree
    path: RemotePath
    kind: Kind


class JoinedTree:
    """A `ports.FileTree` whose root holds each of `places` under its name. The root itself stays as it is.

    Names that are gone from the disk are gone from the root.
    """

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = dict(places)

    # --- looking --------------------------------------------------------------------------------------------------

    def stat(self, path: RemotePath) -> Entry:
        """Raises NotFoundError."""
        if path.is_root:
            entries = self._entries()
            modified = max((each.modified_us for each in entries), default=TimeUs(0))
            return Entry("/", "", Kind.FOLDER, 0, modified, modified, None, "root")
        place, inner = self._find(path)
        return _shown(place.tree.stat(inner), path)

    def list(
        self,
        path: RemotePath,
        *,
        sort: SortKey = SortKey.NAME,
        descending: bool = False,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Page:
        """One page. Raises NotFoundError, NotAFolderError, InvalidRequestError."""
        if not path.is_root:
            place, inner = self._find(path)
            page = place.tree.list(inner, sort=sort, descending=descending, cursor=cursor, limit=limit)
            return Page([_shown(each, path / each.name) for each in page.entries], page.cursor)
        start = _read_place(cursor)
        entries = sorted(self._entries(), key=lambda entry: _order(entry, sort), reverse=descending)
        entries.sort(key=lambda entry: entry.kind)
        end = start + limit
        return Page(entries[start:end], str(end) if end < len(entries) else None)

    def open(self, path: RemotePath) -> Content:
        """Raises NotFoundError, IsAFolderError."""
        if path.is_root:
            raise IsAFolderError("'/' is a folder", hint="List it, or download it as an archive.")
        place, inner = self._find(path)
        return _ShownContent(place.tree.open(inner), path)

    def usage(self) -> Usage:
        """That of all of them together; `free` is the least of theirs."""
        size = files = 0
        free = None
        for name, place in self._places.items():
            if place.kind is Kind.FILE:
                size, files = size + self._size(name), files + 1
                continue
            found = place.tree.usage()
            size, files = size + found.bytes, files + found.files
            free = found.free if free is None else min(free, found.free)
        return Usage(size, files, free or 0, None)

    # --- changing -------------------------------------------------------------------------------------------------

    def draft(self, path: RemotePath, *, size: int | None = None, replaces: bool = True) -> Draft:
        """Begin a file. Raises NotFoundError, NotAFolderError, IsAFolderError; ForbiddenError at the root."""
        place, inner = self._writable(path)
        return _ShownDraft(place.tree.draft(inner, size=size, replaces=replaces), path)

    def make_folder(self, path: RemotePath, *, parents: bool = False) -> Entry:
        """Raises ExistsError, NotFoundError, NotAFolderError; ForbiddenError at the root."""
        if len(path.parts) <= 1 and (path.is_root or path.name in self._places):
            entry = self.stat(path)
            if parents and entry.kind is Kind.FOLDER:
                return entry
            raise ExistsError(f"{display(str(path))} is there already", hint="Choose another name.").because(
                "path", path=str(path)
            )
        place, inner = self._writable(path)
        return _shown(place.tree.make_folder(inner, parents=parents), path)

    def move(self, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP) -> Entry:
        """Raises what `ports.FileTree` says; ConflictError from one of what was joined to another."""
        place, start, goal = self._both(source, target, conflict)
        entry = place.tree.move(start, goal, conflict=conflict)
        return _shown(entry, target.parent / entry.name)

    def copy(self, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP) -> Entry:
        """The same for a copy."""
        place, start, goal = self._both(source, target, conflict)
        entry = place.tree.copy(start, goal, conflict=conflict)
        return _shown(entry, target.parent / entry.name)

    def set_modified(self, path: RemotePath, modified_us: TimeUs) -> Entry:
        """Raises NotFoundError, ConflictError (the root); ForbiddenError for what was joined."""
        place, inner = self._writable(path)
        return _shown(place.tree.set_modified(inner, modified_us), path)

    def remove(self, path: RemotePath, *, recursive: bool = False) -> None:
        """Raises NotFoundError, NotEmptyError; ForbiddenError for what was joined."""
        place, inner = self._writable(path)
        place.tree.remove(inner, recursive=recursive)

    # --- finding --------------------------------------------------------------------------------------------------

    def _find(self, path: RemotePath) -> tuple[Place, RemotePath]:
        name, *rest = path.parts
        place = self._places.get(name)
        if place is None or (rest and place.kind is Kind.FILE):
            raise NotFoundError(
                f"{display(str(path))} is not there", hint="List the folder to see what is there."
            ).because("path", path=str(path))
        return place, RemotePath((*place.path.parts, *rest))

    def _writable(self, path: RemotePath) -> tuple[Place, RemotePath]:
        if len(path.parts) <= 1:
            _refuse(path)
        return self._find(path)

    def _both(self, source: RemotePath, target: RemotePath, conflict: Conflict) -> tuple[Place, RemotePath, RemotePath]:
        check_journey(source, target, conflict)
        (place, start), (other, goal) = self._writable(source), self._writable(target)
        if place is not other:
            raise ConflictError(
                f"{display(source.parts[0])} and {display(target.parts[0])} lie apart", hint="Fetch it and send it."
            ).because("drives")
        return place, start, goal

    def _size(self, name: str) -> int:
        try:
            return self.stat(_ROOT / name).size
        except SecureFileTransferError:
            return 0

    def _entries(self) -> Sequence[Entry]:
        found = []
        for name in self._places:
            try:
                found.append(self.stat(_ROOT / name))
            except (NotFoundError, StorageError):  # gone, or on a disk that is away
                continue
        return found


class _ShownContent:
    """A content under the path that its reader knows."""

    def __init__(self, content: Content, path: RemotePath) -> None:
        self._content = content
        self.entry = _shown(content.entry, path)
        self.chunks = content.chunks
        self.remember = content.remember
        self.close = content.close


class _ShownDraft:
    """A draft whose result is told by the path that its writer knows."""

    def __init__(self, draft: Draft, path: RemotePath) -> None:
        self._draft = draft
        self._path = path
        self.append = draft.append
        self.abort = draft.abort

    @property
    def size(self) -> int:
        return self._draft.size

    def commit(
        self,
        *,
        conflict: Conflict = Conflict.OVERWRITE,
        expect: Expectation = _ANYTHING,
        sha256: bytes | None = None,
        size: int | None = None,
        modified_us: TimeUs | None = None,
    ) -> Written:
        done = self._draft.commit(conflict=conflict, expect=expect, sha256=sha256, size=size, modified_us=modified_us)
        return replace(done, entry=_shown(done.entry, self._path.parent / done.entry.name))


def _shown(entry: Entry, path: RemotePath) -> Entry:
    return replace(entry, path=str(path), name=path.name)


def _refuse(path: RemotePath) -> NoReturn:
    raise ForbiddenError(
        f"{display(str(path))} cannot be changed: here are several folders side by side", hint="Go into one of them."
    ).because("joined", path=str(path))


def _order(entry: Entry, sort: SortKey) -> tuple[int, str, str]:
    first = {SortKey.NAME: 0, SortKey.SIZE: entry.size, SortKey.MODIFIED: entry.modified_us}[sort]
    return first, entry.name.casefold(), entry.name


def _read_place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < _CURSOR_DIGITS):
        raise InvalidRequestError("That cursor does not continue this listing", hint="Use that of the page before.")
    return int(cursor)
