"""A tree of which somebody is told what moves in and out."""

from collections.abc import Iterator

from secure_file_transfer.model import Conflict, Entry, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import Buffer, Content, Draft, Expectation, FileTree, Written

from .traffic import Direction
from .visitors import Move, Mover

_ANYTHING = Expectation()
_ROOT = RemotePath()


class WatchedTree:
    """A `ports.FileTree` as one visitor uses it. `prefix` stands before the paths that are told."""

    def __init__(self, tree: FileTree, mover: Mover, prefix: RemotePath = _ROOT) -> None:
        self._tree = tree
        self._mover = mover
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
        return _WatchedContent(content, self._mover, self._told(path))

    def draft(self, path: RemotePath, *, size: int | None = None, replaces: bool = True) -> Draft:
        """See `ports.FileTree`."""
        draft = self._tree.draft(path, size=size, replaces=replaces)
        return _WatchedDraft(draft, self._mover, self._told(path), size)

    def _told(self, path: RemotePath) -> str:
        return str(RemotePath((*self._prefix.parts, *path.parts)))


class _WatchedContent:
    """Moves as long as somebody reads its pieces: to open it may have been a look only."""

    def __init__(self, content: Content, mover: Mover, file: str) -> None:
        self._content = content
        self._mover = mover
        self._file = file

    @property
    def entry(self) -> Entry:
        return self._content.entry

    def chunks(self, offset: int, length: int) -> Iterator[Buffer]:
        return self._counted(self._content.chunks(offset, length))

    def _counted(self, pieces: Iterator[Buffer]) -> Iterator[Buffer]:
        move = self._mover.begin(Direction.DOWN, self._file, self._content.entry.size)
        try:
            for piece in pieces:
                move.moved(len(piece))
                yield piece
        finally:
            move.end()

    def remember(self, sha256: bytes) -> None:
        self._content.remember(sha256)

    def close(self) -> None:
        self._content.close()


class _WatchedDraft:
    """Moves from its first byte to its end."""

    def __init__(self, draft: Draft, mover: Mover, file: str, size: int | None) -> None:
        self._draft = draft
        self._mover = mover
        self._about = file, size
        self._move: Move | None = None

    @property
    def size(self) -> int:
        return self._draft.size

    def append(self, data: Buffer) -> None:
        self._begun().moved(len(data))
        self._draft.append(data)

    def _begun(self) -> Move:
        if self._move is None:
            self._move = self._mover.begin(Direction.UP, *self._about)
        return self._move

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
        self._begun().end(None if written.outcome == "skipped" else written.entry)
        return written

    def abort(self) -> None:
        self._draft.abort()
        if self._move is not None:
            self._move.end()
