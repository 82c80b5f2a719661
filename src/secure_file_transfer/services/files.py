"""The files service: what every door calls. It asks for rights, then lets the tree do the work."""

import hashlib
from collections.abc import Callable, Iterator
from threading import Event

from secure_file_transfer.errors import (
    ConflictError,
    ForbiddenError,
    IsAFolderError,
    NotAFolderError,
    NotFoundError,
    ShuttingDownError,
)
from secure_file_transfer.model import (
    Category,
    Conflict,
    Entry,
    Kind,
    Page,
    Principal,
    Rights,
    SortKey,
    TimeUs,
    TrashId,
    Usage,
    VersionId,
)
from secure_file_transfer.paths import RemotePath, display, numbered
from secure_file_transfer.ports import Buffer, Content, Draft, Expectation, FileTree, Written

from .access import Access, Grant, rightful, together
from .audit import SILENT, Audit
from .file_log import Reading, Writing
from .vault import VaultTree
from .vault_across import journey
from .vault_nodes import no_version

_ANYTHING = Expectation()
_NAMES_TRIED = 1000
_Check = Callable[[], None]
_Make = Callable[[FileTree, RemotePath], Draft]


def _nobody_ends(_: Principal) -> None:
    pass


def _nothing() -> None:
    pass


class Files:
    """Every operation on files, for a principal.

    Besides what each method names, all raise SignInRequiredError when the principal sees no files at all,
    NotFoundError for what it may not see, and ForbiddenError for what it may see but not do.

    Args:
        access: who may do what.
        alive: raises when the principal's session has ended; asked again with every piece of a transfer, so that a
            transfer dies with its session; one of something shared ends with its grant, too.
        on_removed: called after something was removed, so that its space can be given back soon.
    """

    def __init__(
        self,
        access: Access,
        alive: Callable[[Principal], None] = _nobody_ends,
        *,
        on_removed: Callable[[], None] = _nothing,
        audit: Audit = SILENT,
    ) -> None:
        self.audit = audit
        self._access = access
        self._alive = alive
        self._on_removed = on_removed
        self._stopping = Event()

    def stop(self) -> None:
        """The server stops: end what goes on by itself for long, with nobody who feeds it. Nothing half is left."""
        self._stopping.set()

    def _tree(self, principal: Principal, needed: Rights, path: RemotePath, *, above: bool = False) -> FileTree:
        grant = self._access.grant(principal, path, above=above)
        grant.require(needed, path)
        return grant.tree

    def stat(self, principal: Principal, path: RemotePath) -> Entry:
        """What is at a path. Raises NotFoundError."""
        return self._tree(principal, Rights.READ, path).stat(path)

    def rights(self, principal: Principal, path: RemotePath) -> Rights:
        """What the principal may do at a path, and below it unless more was granted there. Raises NotFoundError."""
        return self._access.grant(principal, path).rights

    def list(
        self,
        principal: Principal,
        path: RemotePath,
        *,
        sort: SortKey = SortKey.NAME,
        descending: bool = False,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Page:
        """One page of a folder, 1 to 10,000 entries. Raises NotFoundError, NotAFolderError, InvalidRequestError.

        The first page of a home begins, besides those entries, with `/Drives` and `/Shared` when there is something in
        them.
        """
        tree = self._tree(principal, Rights.READ, path)
        page = tree.list(path, sort=sort, descending=descending, cursor=cursor, limit=limit)
        if path.is_root and cursor is None and (beside := self._access.beside(principal)):
            return Page([*beside, *page.entries], page.cursor)
        return page

    def make_folder(self, principal: Principal, path: RemotePath, *, parents: bool = False) -> Entry:
        """Make a folder, as `ports.FileTree` says. Raises ExistsError, NotFoundError, NotAFolderError.

        It takes the right to read as well: the answer tells what is there.
        """
        grant = self._access.grant(principal, path, above=True)
        grant.require(Rights.READ | Rights.CREATE, path)
        entry = _make_folder(grant, path, parents=parents)
        self._told(principal, "folder.created", f"The folder {display(str(path))} was made", path)
        return entry

    def _told(self, who: Principal, kind: str, text: str, path: RemotePath) -> None:
        self.audit.record(Category.FILE, kind, text, target=str(path), who=who)

    def move(
        self, principal: Principal, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP
    ) -> Entry:
        """Rename or move, as `ports.FileTree` says.

        From one drive to another it is a copy, and then a removal of what was copied: see `vault_across.journey` for
        what that raises besides.

        Raises:
            ExistsError, NotFoundError, NotAFolderError, ConflictError
            InvalidRequestError: `conflict` is not SKIP, OVERWRITE or RENAME.
        """
        entry = self._move(principal, source, target, conflict)
        self._told(principal, "file.moved", f"{display(str(source))} is {display(entry.path)} now", source)
        return entry

    def _move(self, principal: Principal, source: RemotePath, target: RemotePath, conflict: Conflict) -> Entry:
        leaving, arriving = self._journey(principal, Rights.READ | Rights.DELETE, source, target, conflict)
        tree = together(leaving, arriving)
        if tree is None:
            return self._across(principal, leaving, arriving, source, target, conflict, moving=True)
        entry = tree.move(source, target, conflict=conflict)
        if conflict is Conflict.OVERWRITE:
            self._on_removed()
        return entry

    def copy(
        self, principal: Principal, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP
    ) -> Entry:
        """The same for a copy, of a whole tree if need be."""
        entry = self._copy(principal, source, target, conflict)
        self._told(principal, "file.copied", f"{display(str(source))} was copied to {display(entry.path)}", source)
        return entry

    def _copy(self, principal: Principal, source: RemotePath, target: RemotePath, conflict: Conflict) -> Entry:
        leaving, arriving = self._journey(principal, Rights.READ, source, target, conflict)
        tree = together(leaving, arriving)
        if tree is None:
            return self._across(principal, leaving, arriving, source, target, conflict, moving=False)
        return tree.copy(source, target, conflict=conflict)

    def goes_across(self, principal: Principal, source: RemotePath, target: RemotePath) -> bool:
        """Whether a way leads from one drive to another, so that every byte has to move."""
        return (
            together(self._access.grant(principal, source), self._access.grant(principal, target, above=True)) is None
        )

    def may_relocate(
        self, principal: Principal, source: RemotePath, target: RemotePath, conflict: Conflict, *, moving: bool
    ) -> None:
        """Refuse already what a move or copy would be refused for now, but for a name that is taken.

        Raises:
            NotFoundError, NotAFolderError, ForbiddenError
        """
        needed = Rights.READ | Rights.DELETE if moving else Rights.READ
        leaving, arriving = self._journey(principal, needed, source, target, conflict)
        leaving.tree.stat(source)
        if arriving.tree.stat(target.parent).kind is not Kind.FOLDER:
            raise NotAFolderError(
                f"{display(str(target.parent))} is not a folder", hint="Choose another place."
            ).because("path", path=str(target.parent))

    def _across(
        self,
        principal: Principal,
        leaving: Grant,
        arriving: Grant,
        source: RemotePath,
        target: RemotePath,
        conflict: Conflict,
        *,
        moving: bool,
    ) -> Entry:
        """Between two drives: with the rights at both ends, and no longer than they and the session last."""
        one, other = leaving.tree, arriving.tree
        if not (isinstance(one, VaultTree) and isinstance(other, VaultTree)):
            raise ConflictError(
                f"{display(str(source))} and {display(str(target))} lie on drives that differ",
                hint="Fetch it from the one and send it to the other.",
            ).because("drives")

        def check() -> None:
            self._require_running()
            self._alive(principal)
            leaving.check()
            arriving.check()

        try:
            return journey(one, other, source, target, conflict, check, moving=moving)
        finally:
            self._on_removed()  # at least of the folder that the copy was built in

    def _journey(
        self, principal: Principal, needed: Rights, source: RemotePath, target: RemotePath, conflict: Conflict
    ) -> tuple[Grant, Grant]:
        leaving = self._access.grant(principal, source, above=Rights.DELETE in needed)
        leaving.require(needed, source)
        arriving = self._access.grant(principal, target, above=True)
        arriving.require(_to_arrive(conflict), target)
        return leaving, arriving

    def set_modified(self, principal: Principal, path: RemotePath, modified_us: TimeUs) -> Entry:
        """Say when a file or folder changed last. Raises NotFoundError, ConflictError (the root)."""
        entry = self._tree(principal, Rights.READ | Rights.WRITE, path).set_modified(path, modified_us)
        self._told(principal, "file.dated", f"{display(str(path))} has another time of change", path)
        return entry

    def remove(
        self, principal: Principal, path: RemotePath, *, recursive: bool = False, permanent: bool = False
    ) -> TrashId | None:
        """Delete a file or folder: into the trash of its drive, where it has one, and not `permanent`ly.

        Tells where it lies there, for whoever can put it back; None: it is gone for good, or another's to put back.

        Raises:
            NotFoundError, NotEmptyError, ConflictError: the root.
            ForbiddenError: for good, and it is another's, who is to have it in the trash.
        """
        tree = self._tree(principal, Rights.READ | Rights.DELETE, path, above=True)
        if permanent and isinstance(tree, VaultTree):
            if tree.room.anchors and tree.room.keeping.trash_days:
                raise ForbiddenError(
                    f"Only its owner can delete {display(str(path))} for good", hint="Delete it into the trash."
                ).because("for_good", path=str(path))
            tree = tree.without_trash()
        trash_id = tree.remove(path, recursive=recursive)
        below = " with all that was in it" if recursive else ""
        if trash_id is None:
            self._on_removed()
            self._told(principal, "file.removed", f"{display(str(path))} was removed{below}", path)
            return None
        self._told(principal, "file.trashed", f"{display(str(path))} was moved to the trash{below}", path)
        return trash_id if principal.account is not None else None

    def open(
        self, principal: Principal, path: RemotePath, *, told: bool = True, version: VersionId | None = None
    ) -> Content:
        """Open a file for reading; what was read of it is written down when it is closed, unless somebody else does.

        With `version`, what the file was then; visitors of links see it as it is now.

        Raises:
            NotFoundError, IsAFolderError, BlockDamagedError
        """
        grant = self._access.grant(principal, path)
        grant.require(Rights.READ, path)
        audit = self.audit if told else SILENT
        reading = Reading(audit, principal, path)
        if version is None:
            content = grant.tree.open(path)
        elif principal.account is None or principal.link is not None or not isinstance(grant.tree, VaultTree):
            raise no_version(path)
        else:
            content = grant.tree.open_version(path, version)
        return _WatchedContent(content, self._watch(principal, grant), grant.fetch, reading)

    def digest(self, principal: Principal, path: RemotePath) -> bytes:
        """The SHA-256 of a file. Where it is not known, the file is read: on folder drives, once after each change.

        Raises:
            NotFoundError, IsAFolderError
            SourceChangedError: it changed meanwhile.
        """
        content = self.open(principal, path)
        try:
            if known := content.entry.sha256:
                return known
            sha256 = hashlib.sha256()
            for piece in content.chunks(0, content.entry.size):
                self._require_running()
                sha256.update(piece)
            content.remember(sha256.digest())
            return sha256.digest()
        finally:
            content.close()

    def _require_running(self) -> None:
        if self._stopping.is_set():
            raise ShuttingDownError("The server stops before this is done", hint="Try again in a moment.")

    def _watch(self, principal: Principal, grant: Grant) -> _Check:
        def check() -> None:
            self._alive(principal)
            grant.check()

        return check

    def draft(
        self,
        principal: Principal,
        path: RemotePath,
        *,
        parents: bool = False,
        size: int | None = None,
        make: _Make | None = None,
    ) -> Draft:
        """Begin a file; with `parents`, missing folders on the way are made first, and stay whatever comes of it.

        `size` is how long it will be, where that is known: what cannot fit is refused now.

        `make` turns the tree and the path into the draft where that is not the tree's own.

        The draft keeps the principal's rights when it is committed, see `access.rightful`. Without the right to read
        there are no folders to be seen, so files go to the top.

        Raises:
            NotFoundError, NotAFolderError, IsAFolderError, ForbiddenError, QuotaExceededError
        """
        grant = self._access.grant(principal, path)
        grant.require_writing(path, parents=parents)
        if parents and grant.below_top(path) > 1:
            _make_folder(grant, path.parent, parents=True)
        replaces = Rights.WRITE in grant.rights
        draft = _begin(grant, path, make or (lambda tree, at: tree.draft(at, size=size, replaces=replaces)))
        writing = Writing(self.audit, principal)
        return _RightfulDraft(draft, grant.rights, path, self._watch(principal, grant), writing)

    def usage(self, principal: Principal) -> Usage:
        """What the principal's tree holds, and how much more it takes."""
        return self._tree(principal, Rights.READ, RemotePath()).usage()


def _make_folder(grant: Grant, path: RemotePath, *, parents: bool) -> Entry:
    """Missing folders are made below the top of what one may use, never on the way to it."""
    if parents and not grant.top.is_root:
        grant.tree.stat(grant.top)
    return grant.tree.make_folder(path, parents=parents)


def _to_arrive(conflict: Conflict) -> Rights:
    """The right to read is among them: whether a name is taken tells what is there."""
    needed = Rights.READ | Rights.CREATE
    return needed | Rights.WRITE if conflict is Conflict.OVERWRITE else needed


def _begin(grant: Grant, path: RemotePath, make: _Make) -> Draft:
    """The tree's draft. A folder of that name is not told to those who cannot read: it is a taken name like any."""
    if Rights.READ in grant.rights or path.is_root:
        return make(grant.tree, path)
    for number in range(_NAMES_TRIED):
        try:
            return make(grant.tree, path.parent / numbered(path.name, number) if number else path)
        except IsAFolderError:
            if Rights.CREATE not in grant.rights:
                raise NotFoundError(f"{display(str(path))} is not there").because("path", path=str(path)) from None
    raise NotFoundError(f"No free name was found for {display(str(path))}", hint="Choose another name.")


class _RightfulDraft:
    """A draft that keeps to its principal's rights and dies with its session."""

    def __init__(self, draft: Draft, rights: Rights, path: RemotePath, check: _Check, writing: Writing) -> None:
        self._writing = writing
        self._draft = draft
        self._rights = rights
        self._path = path
        self._check = check

    @property
    def size(self) -> int:
        return self._draft.size

    def append(self, data: Buffer) -> None:
        self._check()
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
        self._check()
        with rightful(self._rights, self._path, conflict, expect) as (conflict_, expect_):
            written = self._draft.commit(
                conflict=conflict_, expect=expect_, sha256=sha256, size=size, modified_us=modified_us
            )
        self._writing.done(written)
        return written

    def abort(self) -> None:
        self._draft.abort()


class _WatchedContent:
    """A content whose pieces stop when its reader's session ends. `fetch` is asked before the first of them."""

    def __init__(self, content: Content, check: _Check, fetch: _Check, reading: Reading) -> None:
        self._reading = reading
        self._content = content
        self._check = check
        self._fetch = fetch

    @property
    def entry(self) -> Entry:
        return self._content.entry

    def chunks(self, offset: int, length: int) -> Iterator[Buffer]:
        pieces = self._content.chunks(offset, length)
        self._reading.asked(length)
        return self._watched(pieces)

    def _watched(self, pieces: Iterator[Buffer]) -> Iterator[Buffer]:
        self._fetch()
        for piece in pieces:
            self._check()
            self._reading.got(len(piece))
            yield piece

    def remember(self, sha256: bytes) -> None:
        self._content.remember(sha256)

    def close(self) -> None:
        self._content.close()
        self._reading.done()
