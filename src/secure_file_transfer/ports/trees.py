"""A drive as services see it, whether its content lies in blocks or in a folder of the disk."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from ..errors import ConflictError, InvalidRequestError
from ..model import (
    Conflict,
    Entry,
    Kind,
    Page,
    SortKey,
    TimeUs,
    TrashId,
    Usage,
)
from ..paths import RemotePath, display
from .storage import Buffer


class Content(Protocol):
    """An open file: one version, whatever happens to the path meanwhile."""

    @property
    def entry(self) -> Entry: ...

    def chunks(self, offset: int, length: int) -> Iterator[Buffer]:
        """The bytes [offset, offset + length), in pieces of at most one block, each verified before it is given.

        Raises:
            BlockDamagedError: before any byte of the bad piece is released.
            SourceChangedError: a folder drive's file changed meanwhile.
        """

    def remember(self, sha256: bytes) -> None:
        """Whoever read all of it found this digest: where it was not known, it is now, until the content changes."""

    def close(self) -> None:
        """Let go of it. Calling it again is fine."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a writer demands of what is there now (RFC 9110, 13.1). Both None: nothing.

    `match` and `none_match` hold etags without quotes; `("*",)` means any existing file.
    """

    match: tuple[str, ...] | None = None
    none_match: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a commit did. `outcome` is created, replaced or skipped."""

    entry: Entry
    outcome: str


class Draft(Protocol):
    """A file on its way in. Nobody can see it until `commit`; then everybody sees all of it."""

    @property
    def size(self) -> int:
        """Bytes taken so far."""

    def append(self, data: Buffer) -> None:
        """Take the next bytes, at most one block of them; `data` may be reused once it returns.

        Raises:
            NoSpaceError, StorageError
        """

    def commit(
        self,
        *,
        conflict: Conflict = Conflict.OVERWRITE,
        expect: Expectation = Expectation(),
        sha256: bytes | None = None,
        size: int | None = None,
        modified_us: TimeUs | None = None,
    ) -> Written:
        """Publish. The conflict choice and the expectation are decided in the same instant as the publication.

        Raises:
            DigestMismatchError, LengthMismatchError: not what was declared.
            PreconditionFailedError: the expectation does not hold.
            NotFoundError, NotAFolderError, IsAFolderError: the parent is gone, or the name belongs to a folder.
            QuotaExceededError: the owner of the drive has no room for it.
            NoSpaceError, StorageError
        """

    def abort(self) -> None:
        """Forget it and give back the space. After a commit, or again, it does nothing."""


_JOURNEY_CHOICES = frozenset({Conflict.SKIP, Conflict.OVERWRITE, Conflict.RENAME})


def check_journey(source: RemotePath, target: RemotePath, conflict: Conflict) -> None:
    """Refuse what no move or copy can be, whatever is there. Raises InvalidRequestError, ConflictError."""
    if conflict not in _JOURNEY_CHOICES:
        raise InvalidRequestError(
            f"'{conflict}' is no choice for moving and copying", hint="Choose skip, overwrite or rename."
        )
    if source.is_root or target.is_root:
        raise ConflictError("The root of a drive stays where it is", hint="Choose a folder in it.").because("root")
    if target != source and target.is_within(source):
        raise ConflictError(
            f"{display(str(source))} cannot go into itself, to {display(str(target))}", hint="Choose another folder."
        ).because("into_itself", path=str(source))


class FileTree(Protocol):
    """The files of one drive. Below policy: it asks nobody's rights."""

    def stat(self, path: RemotePath) -> Entry:
        """Raises NotFoundError."""

    def list(
        self,
        path: RemotePath,
        *,
        sort: SortKey = SortKey.NAME,
        descending: bool = False,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Page:
        """One page of a folder. Raises NotFoundError, NotAFolderError, InvalidRequestError (a bad cursor)."""

    def make_folder(self, path: RemotePath, *, parents: bool = False) -> Entry:
        """With `parents`, make what is missing on the way, and accept a folder that is there already.

        Raises:
            ExistsError, NotFoundError (no parent), NotAFolderError.
        """

    def move(self, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP) -> Entry:
        """Rename within the drive; `target` is the new path itself.

        SKIP raises when the name is taken, OVERWRITE replaces a file by a file, RENAME finds a free name.

        Raises:
            ExistsError, NotFoundError, ConflictError (into itself, the root).
        """

    def copy(self, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP) -> Entry:
        """The same for a copy, of a whole tree if need be. Content is not stored twice where it can be shared."""

    def set_modified(self, path: RemotePath, modified_us: TimeUs) -> Entry:
        """Say when a file or folder changed last. Raises NotFoundError, ConflictError (the root)."""

    def remove(self, path: RemotePath, *, recursive: bool = False) -> TrashId | None:
        """Remove it; tells where it lies in the trash, or None: it is gone for good.

        Raises NotFoundError, NotEmptyError, ConflictError (the root).
        """

    def open(self, path: RemotePath) -> Content:
        """Raises NotFoundError, IsAFolderError, BlockDamagedError."""

    def draft(self, path: RemotePath, *, size: int | None = None, replaces: bool = True) -> Draft:
        """Begin a file. The parent must be there.

        `size` is how long it will be, where that is known: what cannot fit need not be sent. `replaces` says that a
        file of that name may make room for it.

        Raises:
            NotFoundError, NotAFolderError, IsAFolderError, QuotaExceededError
        """

    def usage(self) -> Usage: ...


class MountedTree(FileTree, Protocol):
    """A folder drive, which services know by a catalog that does not hold its files."""

    def seen_from(self, base: RemotePath, verify: Callable[[], None]) -> "MountedTree":
        """The same drive as somebody sees it whose path to its root is `base`.

        `verify` raises unless they still may; it is called in the instant before anything changes.
        """

    def place(self, path: RemotePath) -> str:
        """What the folder at a path is called within the drive. Raises NotFoundError, NotAFolderError."""


Changed = Callable[[str, bool], None]
"""Told what changed in a drive: the place of a folder; and whether that folder is elsewhere now, or gone, with all
below it, or names and contents in it are others."""


class FolderPlaces(Protocol):
    """The server's disk, as far as folders of it may become drives."""

    def resolve(self, path: str) -> tuple[str, Kind]:
        """The path without links in it, and what is there.

        Raises:
            NotFoundError, ForbiddenError, InvalidRequestError
        """

    def tree(self, path: str, kind: Kind, changed: Changed) -> MountedTree:
        """What a drive shows that was mounted there. Raises StorageError, ForbiddenError."""

    def watch(self, folders: Mapping[Hashable, tuple[str, str]], changed: Callable[[Hashable], None]) -> None:
        """See what other programs do in these folders from now on, and in no others; by drive's path and place.

        `changed` is called with the key of one that changed, from any thread, and at first for each that is new. Those
        that cannot be watched are left out.
        """
