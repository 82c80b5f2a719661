"""A tree of which somebody is told which files went out whole, and came in."""

from collections.abc import Iterator

from secure_file_transfer.model import Conflict, Entry, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import Buffer, Content, Draft, Expectation, FileTree, Written

from .visitors import Teller

_ANYTHING = Expectation()
_ROOT = RemotePath()


class WatchedTree:
    """A `ports.FileTree` as one visitor uses it. `prefix` stands before the paths that are told."""

    def __init__(self, tree: FileTree, teller: Teller, prefix: RemotePath = _ROOT) -> None:
        self._tree = tree
        self._teller = teller
        self._prefix = prefix
        self.stat = tree.stat
        self.list = tree.list
        self.make_folder = tree.make_folder
        self.move = tree.move
        self.copy = tree.copy
        self.set_modified = tree.set_modified
        self.remove = tree.remove
        self.usage = tree.usage

    def open(self, path: RemotePath) -> Content:
        """See `ports.FileTree`."""
        content = self._tree.open(path)
        return _WatchedContent(content, self._teller, self._told(path))

    def draft(self, path: RemotePath, *, size: int | None = None, replaces: bool = True) -> Draft:
        """See `ports.FileTree`."""
        draft = self._tree.draft(path, size=size, replaces=replaces)
        return _WatchedDraft(draft, self._teller, self._told(path))

    def _told(self, path: RemotePath) -> str:
        return str(RemotePath((*self._prefix.parts, *path.parts)))


class _WatchedContent:
    """To open it may have been a look only; what counts is what was handed out."""

    def __init__(self, content: Content, teller: Teller, file: str) -> None:
        self._content = content
        self._teller = teller
        self._file = file

    @property
    def entry(self) -> Entry:
        return self._content.entry

    def chunks(self, offset: int, length: int) -> Iterator[Buffer]:
        return self._counted(self._content.chunks(offset, length))

    def _counted(self, pieces: Iterator[Buffer]) -> Iterator[Buffer]:
        count = 0
        try:
            for piece in pieces:
                count += len(piece)
                yield piece
        finally:
            self._teller.read(self._file, count, self._content.entry.size)

    def remember(self, sha256: bytes) -> None:
        self._content.remember(sha256)

    def close(self) -> None:
        self._content.close()


class _WatchedDraft:
    """Given up counts as cut once something of it had come."""

    def __init__(self, draft: Draft, teller: Teller, file: str) -> None:
        self._draft = draft
        self._teller = teller
        self._file = file
        self._begun = False

    @property
    def size(self) -> int:
        return self._draft.size

    def append(self, data: Buffer) -> None:
        self._begun = True
        self._draft.append(data)

    def commit(
        self,
        *,
        conflict: Conflict = Conflict.OVERWRITE,
        expect: Expectation = _ANYTHING,
        sha256: bytes | None = None,
        size: int | None = None,
        modified_us: TimeUs | None = None,
    ) -> Written:
        written = self._draft.commit(
            conflict=conflict, expect=expect, sha256=sha256, size=size, modified_us=modified_us
        )
        self._begun = False
        if written.outcome != "skipped":
            folder = self._file.rpartition("/")[0]
            self._teller.stored(f"{folder}/{written.entry.name}", written.entry.size)
        return written

    def abort(self) -> None:
        count = self._draft.size
        self._draft.abort()
        if self._begun:
            self._begun = False
            self._teller.cut(self._file, count)
