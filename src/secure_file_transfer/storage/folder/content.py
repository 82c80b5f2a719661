"""An open file of a folder drive: pinned by its handle, watched for changes by other programs."""

import errno
import os
import stat
import time
from collections.abc import Iterator
from threading import Lock

from ...errors import IsAFolderError, SourceChangedError, StorageError, disk_errors
from ...model import MIB, Entry
from ...paths import RemotePath, display
from ...ports import Buffer
from .. import durable, platform
from . import disk

PIECE = 1 * MIB
_POUR = 64 * MIB
_TICK_NS = 20_000_000
"""Longer than the kernel's clock for times of files takes for a step: a hundredth of a second at most."""
_NO_KERNEL_COPY = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM}
_OPEN = os.O_RDONLY | platform.NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


class FolderContent:
    """A `ports.Content`. Many threads may read it at once."""

    def __init__(self, folder: int, path: RemotePath, digests: disk.Digests) -> None:
        """Open the file `path.name` in the directory with that handle.

        Raises:
            NotFoundError, IsAFolderError, ForbiddenError, StorageError
        """
        # Looked at before it is opened, because opening a device can already do something ...
        self._require_file(disk.shown_at(folder, path.name), path)
        self._lock = Lock()
        self._digests = digests
        self._handle: int | None = os.open(path.name, _OPEN, dir_fd=folder)
        try:
            # ... and once more afterwards, because it may have been swapped in between.
            self._status = self._require_file(_settled(self._handle), path)
        except BaseException:
            self.close()
            raise
        self._entry = disk.entry(path, path.name, self._status, digests)

    @staticmethod
    def _require_file(status: os.stat_result | None, path: RemotePath) -> os.stat_result:
        if status is not None and stat.S_ISDIR(status.st_mode):
            raise IsAFolderError(f"{display(str(path))} is a folder", hint="List it, or download it as an archive.")
        if status is None or not stat.S_ISREG(status.st_mode):
            raise disk.not_found(path)
        return status

    @property
    def entry(self) -> Entry:
        """The file as it was when it was opened."""
        return self._entry

    def chunks(self, offset: int, length: int) -> Iterator[Buffer]:
        """The bytes [offset, offset + length), a MiB at a time, each looked at again before it is given.

        Raises:
            SourceChangedError: another program wrote to the file, or cut it short, since it was opened.
            StorageError
        """
        with disk.opened(self.duplicate()) as handle:
            end = offset + length
            while offset < end:
                with disk_errors("reading a file"):
                    piece = os.pread(handle, min(PIECE, end - offset), offset)
                    self.check_unchanged(handle)
                if not piece:
                    raise self._changed()
                yield piece
                offset += len(piece)

    def remember(self, sha256: bytes) -> None:
        """This is the digest of all of it, as whoever read it found. Known until the file changes."""
        self._digests.put(self._status, sha256)

    def duplicate(self) -> int:
        """A handle of one's own, so that closing the content elsewhere cannot pull the number away underneath.

        Raises:
            StorageError: the content is closed.
        """
        with self._lock:
            if self._handle is None:
                raise StorageError("The file is already closed")
            return os.dup(self._handle)

    def check_unchanged(self, handle: int) -> None:
        """Raises SourceChangedError unless size and time are those of the moment when it was opened.

        The change time stays out of it: removing or renaming the path moves it and does not touch the content.
        """
        now = os.fstat(handle)
        if (now.st_size, now.st_mtime_ns) != (self._status.st_size, self._status.st_mtime_ns):
            raise self._changed()

    def _changed(self) -> SourceChangedError:
        return SourceChangedError(
            f"{display(self._entry.path)} changed while it was read", hint="Fetch it again from the start."
        )

    def close(self) -> None:
        """Let go of the file. Calling it again is fine; readers that have begun may finish."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def _settled(handle: int) -> os.stat_result:
    """The status of a file by which every later change of it can be told.

    Within one step of the kernel's clock a second write gives a file the time that it has. So one that was written to
    in this very moment is looked at again once the step is over. Where its two times differ, the one was chosen (as
    with all that we write), and a write would not choose the same.
    """
    status = os.fstat(handle)
    age = time.time_ns() - status.st_mtime_ns
    if status.st_mtime_ns == status.st_ctime_ns and 0 <= age < _TICK_NS:
        time.sleep((_TICK_NS - age) / 1e9)
        status = os.fstat(handle)
    return status


def pour(content: FolderContent, target: int) -> None:
    """Copy all of a file to an empty one, inside the kernel where it can: there blocks are shared, or never leave it.

    Raises:
        SourceChangedError: the copy is not one content, so it is of no use.
        OSError
    """
    done = _kernel_copy(content, target)
    for piece in content.chunks(done, content.entry.size - done):
        durable.write_all(target, piece, done)
        done += len(piece)


def _kernel_copy(content: FolderContent, target: int) -> int:
    """How many bytes the kernel copied; it may not be able to."""
    done, size = 0, content.entry.size
    copy_file_range = getattr(os, "copy_file_range", None)
    if copy_file_range is None:
        return 0
    with disk.opened(content.duplicate()) as source:
        try:
            while done < size and (step := copy_file_range(source, target, min(_POUR, size - done), done, done)):
                done += step
        except OSError as error:
            if error.errno not in _NO_KERNEL_COPY:
                raise
        content.check_unchanged(source)
    return done
