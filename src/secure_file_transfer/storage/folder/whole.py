"""What is done to a whole directory tree: copied, removed, counted. Always by handles, never by paths.

A name that is a directory at one look may be a link at the next; it is then an object to unlink, not a way to follow.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress

from ...errors import NotFoundError
from ...model import Kind
from ...paths import RemotePath
from .. import platform
from . import disk
from .content import FolderContent, pour
from .draft import Yard

_LEFTOVER_US = 3600 * 1_000_000
_TRIES = 3


def names_in(directory: int) -> list[str]:
    """Every name in a directory, shown or not."""
    with os.scandir(directory) as found:
        return [item.name for item in found]


def copy_tree(yard: Yard, source: int, target: int, path: RemotePath) -> None:
    """Copy what `source` shows into the empty directory `target`; durable when it returns.

    Files that go away meanwhile are left out.

    Raises:
        SourceChangedError, OSError
    """
    for name in filter(disk.is_shown, names_in(source)):
        yard.verify()
        status = disk.shown_at(source, name)
        kind = None if status is None else disk.kind_of(status)
        if kind is Kind.FILE:
            with suppress(NotFoundError):
                _copy_file(yard, source, target, path / name)
        elif kind is Kind.FOLDER:
            os.mkdir(name, dir_fd=target)
            with (
                disk.opened(disk.open_child(source, name)) as below,
                disk.opened(disk.open_child(target, name)) as made,
            ):
                copy_tree(yard, below, made, path / name)
                keep_mode(below, made)
    platform.sync_directory(target)


def _copy_file(yard: Yard, source: int, target: int, path: RemotePath) -> None:
    content = FolderContent(source, path, yard.digests)
    try:
        made = os.open(path.name, os.O_RDWR | os.O_CREAT | os.O_EXCL | platform.NO_FOLLOW, 0o666, dir_fd=target)
        with disk.opened(made), disk.opened(content.duplicate()) as handle:
            pour(content, made)
            keep_mode(handle, made)
            when = content.entry.modified_us * 1000
            os.utime(made, ns=(when, when))
            os.fsync(made)
            yard.digests.put(os.fstat(made), content.entry.sha256)
    finally:
        content.close()


def keep_mode(source: int, target: int) -> None:
    """Give `target` the permissions of `source`, without its special bits."""
    with suppress(PermissionError):  # a disk without modes
        os.fchmod(target, stat.S_IMODE(os.fstat(source).st_mode) & 0o777)


def _nothing() -> None:
    pass


def remove_tree(parent: int, name: str, verify: Callable[[], None] = _nothing) -> None:
    """Remove a name and all below it. Links in it are removed, what they point to is not touched.

    `verify` is asked before each folder is emptied; what it raises leaves the rest as it is.

    Raises:
        OSError: what is left is still there; ENOTEMPTY when somebody keeps adding to it.
    """
    for attempt in range(_TRIES):
        verify()
        try:
            handle = disk.open_child(parent, name)
        except OSError as error:
            if error.errno not in disk.NOT_A_DIRECTORY:
                raise
            os.unlink(name, dir_fd=parent)
            return
        with disk.opened(handle):
            for below in names_in(handle):
                with suppress(FileNotFoundError):
                    _remove_below(handle, below, verify)
        try:
            os.rmdir(name, dir_fd=parent)
            return
        except OSError:
            if attempt == _TRIES - 1:
                raise


def _remove_below(parent: int, name: str, verify: Callable[[], None]) -> None:
    """Files go at once; unlinking a directory fails, whatever the system says of it."""
    try:
        os.unlink(name, dir_fd=parent)
    except (IsADirectoryError, PermissionError):
        remove_tree(parent, name, verify)


def files_in(yard: Yard, directory: int) -> Iterator[int]:
    """The size of every file that is shown, in the whole tree. Leftovers of a crash are removed on the way."""
    for name in names_in(directory):
        if disk.is_hidden(name):
            _drop_leftover(yard, directory, name)
            continue
        status = disk.shown_at(directory, name)
        if status is None or not disk.is_shown(name):
            continue
        if disk.kind_of(status) is Kind.FILE:
            yield status.st_size
            continue
        with suppress(FileNotFoundError, NotADirectoryError), disk.opened(disk.open_child(directory, name)) as below:
            yield from files_in(yard, below)


def _drop_leftover(yard: Yard, directory: int, name: str) -> None:
    """A draft keeps its file locked while it lives; one without a lock, and not brand new, is nobody's."""
    with suppress(OSError):
        flags = os.O_RDONLY | platform.NO_FOLLOW | os.O_NONBLOCK
        with disk.opened(os.open(name, flags, dir_fd=directory)) as handle:
            old = disk.modified_us(os.fstat(handle)) < yard.clock.now_us() - _LEFTOVER_US
            if old and platform.try_lock(handle):
                remove_tree(directory, name)
