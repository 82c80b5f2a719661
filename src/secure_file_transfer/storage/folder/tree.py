"""A `ports.FileTree` over a plain directory of the server's disk."""

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from ...errors import (
    ConfigurationError,
    ConflictError,
    ExistsError,
    InvalidNameError,
    IsAFolderError,
    NotAFolderError,
    NotEmptyError,
    NotFoundError,
)
from ...model import Conflict, Entry, Kind, Page, SortKey, TimeUs, Usage
from ...paths import RemotePath, display
from ...ports import Changed, Clock, Expectation, check_journey
from .. import durable, platform
from . import disk, listing, whole
from .content import FolderContent
from .draft import FolderDraft, Yard, deciding, publish_new


def _nothing() -> None:
    pass


def _nobody_hears(place: str, moved: bool) -> None:
    pass


class FolderTree:
    """Shows `root` as it is: plain files and directories whose names our rules accept; nothing else exists.

    No access leaves `root`, whatever other programs do to it meanwhile: every step goes from the handle of one
    directory to a single name in it and follows no symbolic link. Names that begin with `.sft-` belong to writes in
    progress and cannot be used.

    Decisions about a name are taken under a lock of its directory, which all drives of a process share. Against other
    programs, what creates a name never replaces anything; an `If-Match` is only as good as their manners.
    """

    def __init__(self, root: Path, clock: Clock, changed: Changed = _nobody_hears) -> None:
        """`changed` is told what changes through this drive; not what other programs do.

        Raises:
            ConfigurationError: `root` is not a directory, or the system cannot confine a walk.
        """
        if not platform.CAN_CONFINE:
            raise ConfigurationError(
                "Folder drives need a system with directory handles, such as Linux or macOS",
                hint="Use a vault drive on this system.",
            )
        if not root.is_dir():
            raise ConfigurationError(f"{root} is not a directory", hint="Name a directory that is there.")
        self._yard = Yard(root.resolve(), clock, disk.Digests(), RemotePath(), _nothing, changed)

    def seen_from(self, base: RemotePath, verify: Callable[[], None]) -> "FolderTree":
        """See `ports.MountedTree`."""
        view = copy.copy(self)
        view._yard = replace(self._yard, base=base, verify=verify)  # noqa: SLF001 - its own kind
        return view

    def place(self, path: RemotePath) -> str:
        """See `ports.MountedTree`."""
        os.close(self._yard.open_folder(path))
        return self._yard.place(path)

    def _is_root(self, path: RemotePath) -> bool:
        return path == self._yard.base

    @contextmanager
    def _parent(self, path: RemotePath, doing: str) -> Iterator[int]:
        """A handle of the folder that holds `path`."""
        with disk.opened(self._yard.open_folder(path.parent)) as folder, disk.folder_errors(doing, path):
            yield folder

    @contextmanager
    def _parent_of_known(self, path: RemotePath, doing: str) -> Iterator[tuple[int, os.stat_result]]:
        """The same for a path that must be there, with its status; a file on the way means that it is not there."""
        with suppress(NotAFolderError), self._parent(path, doing) as folder:
            status = disk.shown_at(folder, path.name)
            if status is None:
                raise disk.not_found(path)
            yield folder, status
            return
        raise disk.not_found(path)

    def _entry(self, path: RemotePath, folder: int) -> Entry:
        status = disk.shown_at(folder, path.name)
        if status is None:
            raise disk.not_found(path)
        return disk.entry(path, path.name, status, self._yard.digests)

    def stat(self, path: RemotePath) -> Entry:
        """Raises NotFoundError."""
        if self._is_root(path):
            with disk.opened(disk.open_root(self._yard.root)) as root:
                return disk.entry(path, path.name, os.fstat(root), self._yard.digests)
        with self._parent_of_known(path, "looking at") as (_, status):
            return disk.entry(path, path.name, status, self._yard.digests)

    def list(
        self,
        path: RemotePath,
        *,
        sort: SortKey = SortKey.NAME,
        descending: bool = False,
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Page:
        """One page of a folder. Raises NotFoundError, NotAFolderError, InvalidRequestError."""
        with disk.opened(self._yard.open_folder(path)) as folder, disk.folder_errors("listing", path):
            order = listing.Order(sort, descending)
            return listing.page(folder, path, order, cursor, limit, self._yard.digests)

    def make_folder(self, path: RemotePath, *, parents: bool = False) -> Entry:
        """Make it, as `ports.FileTree` says. Raises ExistsError, NotFoundError, NotAFolderError, InvalidNameError."""
        _refuse_hidden(path)
        if self._is_root(path) or (parents and self._is_folder(path)):
            if parents:
                return self.stat(path)
            raise _taken(path)
        if parents and not self._is_folder(path.parent):
            with suppress(ExistsError):  # somebody else made it just now
                self.make_folder(path.parent, parents=True)
        with self._parent(path, "making") as folder:
            self._yard.verify()
            try:
                os.mkdir(path.name, dir_fd=folder)
            except FileExistsError:
                if not (parents and self._is_folder(path)):
                    raise _taken(path) from None
            platform.sync_directory(folder)
            self._yard.tell(path)
            return self._entry(path, folder)

    def set_modified(self, path: RemotePath, modified_us: TimeUs) -> Entry:
        """Say when it changed last. Raises NotFoundError, ConflictError."""
        if self._is_root(path):
            raise ConflictError("The root of a drive stays as it is", hint="Name something in it.")
        with self._parent(path, "changing the time of") as folder:
            self._entry(path, folder)  # nothing but files and folders
            self._yard.verify()
            nanoseconds = modified_us * 1000
            os.utime(path.name, ns=(nanoseconds, nanoseconds), dir_fd=folder, follow_symlinks=False)
            self._yard.tell(path)
            return self._entry(path, folder)

    def _is_folder(self, path: RemotePath) -> bool:
        try:
            return self.stat(path).kind is Kind.FOLDER
        except NotFoundError:
            return False

    def move(self, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP) -> Entry:
        """Rename, as `ports.FileTree` says. Raises ExistsError, NotFoundError, NotAFolderError, ConflictError."""
        check_journey(source, target, conflict)
        self._refuse_root(source, target)
        _refuse_hidden(target)
        if source == target:
            raise ConflictError(f"{display(str(source))} is there already", hint="Choose another name.").because(
                "taken", path=str(source)
            )
        with (
            self._parent_of_known(source, "moving") as (start, _),
            self._parent(target, "moving") as goal,
            deciding(start, goal),
        ):
            status = disk.shown_at(start, source.name)
            if status is None:
                raise disk.not_found(source)
            self._yard.verify()
            there = disk.status_of(goal, target.name)
            arrived: RemotePath | None = target
            if conflict is Conflict.OVERWRITE and there is not None:
                if not disk.kind_of(status) is disk.kind_of(there) is Kind.FILE:
                    raise _taken(target)
                os.rename(source.name, target.name, src_dir_fd=start, dst_dir_fd=goal)
                if os.path.samestat(status, there):  # two names of one file, which rename leaves both
                    os.unlink(source.name, dir_fd=start)
            else:
                arrived = publish_new(start, source.name, goal, target, conflict)
            if arrived is None:
                raise _taken(target)
            if (moved := disk.shown_at(goal, arrived.name)) is not None:
                self._yard.digests.put(moved, self._yard.digests.get(status))
            platform.sync_directory(goal)
            platform.sync_directory(start)
            self._yard.tell(source, arrived, moved=source if disk.kind_of(status) is Kind.FOLDER else None)
            return self._entry(arrived, goal)

    def copy(self, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP) -> Entry:
        """Copy a file or a tree; nothing of it is visible before all of it is there and durable.

        Times of modification are kept. What this drive does not show is not copied.

        Raises:
            ExistsError, NotFoundError, NotAFolderError, ConflictError, SourceChangedError, NoSpaceError, StorageError
        """
        check_journey(source, target, conflict)
        self._refuse_root(source, target)
        _refuse_hidden(target)
        with self._parent_of_known(source, "copying") as (start, status), self._parent(target, "copying") as goal:
            if conflict is not Conflict.RENAME:
                there = disk.status_of(goal, target.name)
                both_files = there is not None and disk.kind_of(status) is disk.kind_of(there) is Kind.FILE
                if there is not None and (conflict is Conflict.SKIP or not both_files):
                    raise _taken(target)
                if source == target:
                    raise ConflictError(
                        f"{display(str(source))} is there already", hint="Choose another name."
                    ).because("taken", path=str(source))
            if disk.kind_of(status) is Kind.FOLDER:
                return self._copy_folder(start, goal, source, target, conflict)
            return self._copy_file(start, goal, source, target, conflict)

    def _copy_file(self, start: int, goal: int, source: RemotePath, target: RemotePath, conflict: Conflict) -> Entry:
        content = FolderContent(start, source, self._yard.digests)
        try:
            draft = FolderDraft(self._yard, goal, target)
            try:
                draft.pour(content)
                entry = content.entry
                written = draft.publish(conflict, Expectation(), entry.sha256, entry.modified_us)
            except IsAFolderError:
                raise _taken(target) from None
            finally:
                draft.abort()
        finally:
            content.close()
        if written.outcome == "skipped":
            raise _taken(target)
        return written.entry

    def _copy_folder(self, start: int, goal: int, source: RemotePath, target: RemotePath, conflict: Conflict) -> Entry:
        temp = durable.temp_name()
        os.mkdir(temp, 0o700, dir_fd=goal)
        try:
            with (
                disk.opened(disk.open_child(start, source.name)) as old,
                disk.opened(disk.open_child(goal, temp)) as new,
            ):
                platform.try_lock(new)
                whole.copy_tree(self._yard, old, new, source)
                whole.keep_mode(old, new)
                with deciding(goal):
                    self._yard.verify()
                    arrived = publish_new(goal, temp, goal, target, conflict)
            if arrived is None:
                raise _taken(target)
        except BaseException:
            with suppress(OSError):
                whole.remove_tree(goal, temp)
            raise
        platform.sync_directory(goal)
        self._yard.tell(arrived)
        return self._entry(arrived, goal)

    def remove(self, path: RemotePath, *, recursive: bool = False) -> None:
        """Remove it. A link in a folder that is removed goes too; what it points to stays.

        Raises:
            NotFoundError, ConflictError (the root)
            NotEmptyError: also when all that the folder holds is something that this drive does not show.
        """
        if self._is_root(path):
            raise ConflictError("The root of a drive cannot be removed", hint="Remove what is in it.")
        with self._parent_of_known(path, "removing") as (folder, status):
            if disk.kind_of(status) is Kind.FOLDER and not recursive:
                self._yard.verify()
                self._remove_empty(folder, path)
            else:
                self._remove_whole(folder, path, status)
            platform.sync_directory(folder)
            self._yard.tell(path, moved=path if disk.kind_of(status) is Kind.FOLDER else None)

    def _remove_whole(self, folder: int, path: RemotePath, status: os.stat_result) -> None:
        try:
            if disk.kind_of(status) is Kind.FOLDER:
                whole.remove_tree(folder, path.name, self._yard.verify)
            else:
                self._yard.verify()
                os.unlink(path.name, dir_fd=folder)  # never a folder that took the file's place just now
        except IsADirectoryError:
            raise disk.not_found(path) from None
        except OSError as error:
            raise _not_empty(path, error) from error

    @staticmethod
    def _remove_empty(folder: int, path: RemotePath) -> None:
        with disk.opened(disk.open_child(folder, path.name)) as handle:
            names = whole.names_in(handle)
            if not all(map(disk.is_hidden, names)):
                raise NotEmptyError(f"{display(str(path))} is not empty", hint="Ask for a recursive removal.").because(
                    "path", path=str(path)
                )
            for name in names:  # writes in progress, which will find their folder gone
                whole.remove_tree(handle, name)
        try:
            os.rmdir(path.name, dir_fd=folder)
        except OSError as error:
            raise _not_empty(path, error) from error

    def open(self, path: RemotePath) -> FolderContent:
        """Open a file. Raises NotFoundError, IsAFolderError."""
        if self._is_root(path):
            raise IsAFolderError(
                f"{display(str(path))} is a folder", hint="List it, or download it as an archive."
            ).because("path", path=str(path))
        with self._parent_of_known(path, "opening") as (folder, _):
            return FolderContent(folder, path, self._yard.digests)

    def draft(self, path: RemotePath, *, size: int | None = None, replaces: bool = True) -> FolderDraft:  # noqa: ARG002 - folders have no quota
        """Begin a file. Raises NotFoundError, NotAFolderError, IsAFolderError, InvalidNameError."""
        _refuse_hidden(path)
        if self._is_folder(path):
            raise IsAFolderError(f"{display(str(path))} is a folder", hint="Choose another name.").because(
                "path", path=str(path)
            )
        with self._parent(path, "writing") as folder:
            return FolderDraft(self._yard, folder, path)

    def usage(self) -> Usage:
        """Counted by walking the whole tree, which takes as long as it is large.

        What a crash has left behind more than an hour ago is removed on the way.
        """
        root = RemotePath()
        with disk.opened(disk.open_root(self._yard.root)) as top, disk.folder_errors("counting", root):
            size = files = 0
            for each in whole.files_in(self._yard, top):
                size, files = size + each, files + 1
            space = os.fstatvfs(top)
            return Usage(bytes=size, files=files, free=space.f_bavail * space.f_frsize, quota=None)

    def _refuse_root(self, *paths: RemotePath) -> None:
        if any(map(self._is_root, paths)):
            raise ConflictError("The root of a drive stays where it is", hint="Choose something in it.")


def _refuse_hidden(path: RemotePath) -> None:
    for part in path.parts:
        if disk.is_hidden(part):
            raise InvalidNameError(
                f"{display(part)}: names that begin with '{durable.TEMP_PREFIX}' are the server's own",
                hint="Choose another name.",
            ).because("reserved", name=part)


def _taken(path: RemotePath) -> ExistsError:
    return ExistsError(
        f"{display(str(path))} is there already", hint="Choose another name, or remove it first."
    ).because("path", path=str(path))


def _not_empty(path: RemotePath, error: OSError) -> Exception:
    """ENOTEMPTY after the folder was emptied: somebody added to it meanwhile."""
    if error.errno in disk.NOT_EMPTY:
        return NotEmptyError(
            f"{display(str(path))} is not empty", hint="Ask again: something was added meanwhile."
        ).because("path", path=str(path))
    return error
