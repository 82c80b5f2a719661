"""What the rest of this package knows of a directory on a disk: what is visible, how it looks, how errors read.

Nothing here, or above it, ever joins a path and hands it to the system. Every access is a single name below the
handle of a directory that was reached without following a link, so there is nothing to escape with.
"""

import errno
import hashlib
import os
import stat
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from ...errors import (
    ConflictError,
    ForbiddenError,
    InvalidNameError,
    NotAFolderError,
    NotFoundError,
    StorageError,
    disk_errors,
)
from ...model import Entry, Kind, TimeUs
from ...paths import RemotePath, check_name, display
from .. import durable, platform

_DIGESTS_MAX = 32_768
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
NOT_A_DIRECTORY = {errno.ENOTDIR, errno.ELOOP}
"""What opening a directory by handle says of anything else, a link included."""

NOT_EMPTY = {errno.ENOTEMPTY, errno.EEXIST}
"""What removing a directory that holds something says; POSIX leaves the choice."""

Mark = tuple[int, int, int, int, int]
"""What tells one content of a file from another: device, inode, size, and both its times in nanoseconds.

The change time belongs to it because a client may choose the modification time, and inode numbers are used again.
"""


def mark(status: os.stat_result) -> Mark:
    """The mark of a file as it is now."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def is_hidden(name: str) -> bool:
    """Whether a name belongs to a write in progress; on disks that ignore case as well."""
    return name[: len(durable.TEMP_PREFIX)].casefold() == durable.TEMP_PREFIX


def is_shown(name: str) -> bool:
    """Whether a name on the disk is one that a path of ours can hold."""
    try:
        return not is_hidden(check_name(name))
    except InvalidNameError:
        return False


def kind_of(status: os.stat_result) -> Kind | None:
    """What it is to us: only plain files and directories exist. Links, devices, pipes and sockets do not."""
    if stat.S_ISREG(status.st_mode):
        return Kind.FILE
    return Kind.FOLDER if stat.S_ISDIR(status.st_mode) else None


def modified_us(status: os.stat_result) -> TimeUs:
    """The modification time."""
    return TimeUs(status.st_mtime_ns // 1000)


def etag(status: os.stat_result) -> str:
    """An opaque tag made from the mark."""
    return hashlib.sha256(repr(mark(status)).encode()).hexdigest()[:32]


class Digests:
    """SHA-256 digests of files whose bytes went through our hands, as long as the file keeps its mark. Bounded."""

    def __init__(self, limit: int = _DIGESTS_MAX) -> None:
        self._limit = limit
        self._lock = Lock()
        self._known: OrderedDict[Mark, bytes] = OrderedDict()

    def get(self, status: os.stat_result) -> bytes | None:
        """The digest of the content that the file has now, if it is known."""
        with self._lock:
            digest = self._known.get(mark(status))
            if digest is not None:
                self._known.move_to_end(mark(status))
            return digest

    def put(self, status: os.stat_result, digest: bytes | None) -> None:
        """Remember it; the one not asked for longest makes room."""
        if digest is None:
            return
        with self._lock:
            self._known[mark(status)] = digest
            self._known.move_to_end(mark(status))
            if len(self._known) > self._limit:
                self._known.popitem(last=False)


def entry(path: RemotePath | str, name: str, status: os.stat_result, digests: Digests) -> Entry:
    """The entry for what the disk says."""
    kind = Kind.FOLDER if stat.S_ISDIR(status.st_mode) else Kind.FILE
    modified = modified_us(status)
    born = getattr(status, "st_birthtime", None)  # Linux does not tell; then the earliest time known must do
    created = min(status.st_ctime_ns // 1000, modified) if born is None else int(born * 1_000_000)
    return Entry(
        path=str(path),
        name=name,
        kind=kind,
        size=status.st_size if kind is Kind.FILE else 0,
        modified_us=modified,
        created_us=TimeUs(created),
        sha256=digests.get(status) if kind is Kind.FILE else None,
        etag=etag(status),
    )


def not_found(path: RemotePath) -> NotFoundError:
    """There is nothing, or nothing that a drive shows."""
    return NotFoundError(f"{display(str(path))} is not there", hint="List the folder to see what is there.").because(
        "path", path=str(path)
    )


@contextmanager
def folder_errors(doing: str, path: RemotePath) -> Iterator[None]:
    """Turn what the system says into what a person needs to know."""
    try:
        with disk_errors(doing):
            try:
                yield
            except FileNotFoundError:
                raise not_found(path) from None
            except OSError as error:
                if error.errno in _REFUSED:
                    raise ForbiddenError(
                        f"The server's own account may not do that: {doing} {display(str(path))}",
                        hint="Ask the operator for the permissions of that folder on the server's disk.",
                    ).because("disk", path=str(path)) from error
                if error.errno == errno.ENAMETOOLONG:
                    raise InvalidNameError(
                        f"{display(str(path))} is too long for the server's disk", hint="Choose a shorter name."
                    ).because("disk", path=str(path)) from error
                if error.errno == errno.EXDEV:
                    raise ConflictError(
                        f"{display(str(path))} lies on another disk", hint="Copy it there, then remove it here."
                    ).because("drives") from error
                raise
    except RecursionError:
        raise StorageError(f"{display(str(path))} is nested too deeply", hint="Ask the operator.") from None


def status_of(directory: int, name: str) -> os.stat_result | None:
    """What stands at a name, whatever it is; None where nothing does."""
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


def shown_at(directory: int, name: str) -> os.stat_result | None:
    """What stands at a name, if a drive shows it."""
    if is_hidden(name):
        return None
    status = status_of(directory, name)
    return status if status is not None and kind_of(status) is not None else None


@contextmanager
def opened(handle: int) -> Iterator[int]:
    """Close a handle at the end."""
    try:
        yield handle
    finally:
        os.close(handle)


def open_root(root: Path) -> int:
    """A handle of the drive's root, a path without links in it.

    The operator may name a link, which was followed once. What somebody else turned into one later is not.
    """
    try:
        return platform.open_without_links(root)
    except OSError as error:
        raise StorageError(
            f"The folder of this drive cannot be opened: {error.strerror}",
            hint="The operator should check that its disk is mounted.",
        ) from error


def open_folder(root: Path, path: RemotePath, base: RemotePath) -> int:
    """A handle of the folder at `path`, where `base` is the path of the root.

    Raises:
        NotFoundError: nothing is there, or a link or a hidden name is.
        NotAFolderError: a file stands there or on the way.
    """
    skipped = len(base.parts)
    if not path.is_within(base) or any(is_hidden(part) for part in path.parts[skipped:]):
        raise not_found(path)
    with folder_errors("opening", path), opened(open_root(root)) as top:
        try:
            return platform.open_beneath(top, path.parts[skipped:])
        except OSError as error:
            if error.errno in NOT_A_DIRECTORY:
                raise _in_the_way(top, path, skipped) from None
            raise


def _in_the_way(top: int, path: RemotePath, skipped: int) -> NotFoundError | NotAFolderError:
    """Which error it is when a component is no directory: a file may be named, a link must look like nothing."""
    for depth in range(skipped + 1, len(path.parts) + 1):
        here = RemotePath(path.parts[:depth])
        with suppress(OSError), opened(platform.open_beneath(top, here.parent.parts[skipped:])) as above:
            status = status_of(above, here.name)
            if status is not None and stat.S_ISREG(status.st_mode):
                return NotAFolderError(f"{display(str(here))} is a file, not a folder", hint="Check the path.").because(
                    "path", path=str(here)
                )
            if status is None or kind_of(status) is None:
                break
    return not_found(path)


def open_child(directory: int, name: str) -> int:
    """A handle of the directory `name` in `directory`, which may have been swapped for a link.

    Raises:
        OSError: it is not a directory.
    """
    return os.open(name, platform.DIRECTORY | platform.NO_FOLLOW, dir_fd=directory)
