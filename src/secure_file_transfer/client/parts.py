"""A file that arrives as blocks in any order, and that goes on where an earlier try has stopped."""

import errno
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .blocks import block_id
from .local import PartialFile, local_errors

Blocks = Sequence[tuple[bytes, int]]


class BlockFile(PartialFile):
    """A partial file with a name that follows from its content, so that the next try finds it.

    Only one process at a time writes to it; another one that wants the same file gets a name of its own.
    """

    def __init__(self, target: Path, blocks: Blocks) -> None:
        names = hashlib.sha256(b"".join(name for name, _ in blocks))
        super().__init__(target, names.hexdigest()[:8])

    def _open(self) -> int:
        if self._over:
            raise OSError(errno.ECANCELED, "the transfer has ended")
        if self._fd is None:
            self._fd = self._claimed()
            if self._fd is None:
                self.path = PartialFile(self.target).path
                self._fd = os.open(self.path, _FLAGS | os.O_EXCL, 0o666)
        return self._fd

    def _claimed(self) -> int | None:
        """The file of an earlier try, or a new one; None if somebody else is at work on it."""
        fd = os.open(self.path, _FLAGS | os.O_NOFOLLOW, 0o666)
        try:
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(fd).st_ino == self.path.lstat().st_ino:
                return fd  # else it was published between our two steps
        except (OSError, ImportError):  # Windows has no such lock: every try begins anew there
            pass
        os.close(fd)
        return None

    def verified(self, blocks: Blocks, key: bytes) -> set[int]:
        """Which blocks an earlier try has left here, by their numbers, each read and compared with its name."""
        found: set[int] = set()
        with self._lock, local_errors("read", self.path):
            fd = self._open()
            there, at = os.fstat(fd).st_size, 0
            for number, (name, length) in enumerate(blocks):
                if at + length <= there and block_id(_pread(fd, at, memoryview(bytearray(length))), key) == name:
                    found.add(number)
                at += length
            os.truncate(fd, at)
        return found

    def write_at(self, offset: int, data: Any) -> None:
        """Put a block into its place.

        Raises:
            NoSpaceError, StorageError, ...
        """
        with local_errors("write", self.target):
            view = memoryview(data)
            with self._lock:
                fd = self._open()
                while view:
                    count = os.pwrite(fd, view, offset)
                    offset, view = offset + count, view[count:]

    def hash(self, offset: int, buffer: memoryview) -> None:
        """Count what lies there in the digest of the whole. The calls follow the file's order."""
        with local_errors("read", self.path):
            _pread(self._open(), offset, buffer)
        self._sha256.update(buffer)

    def keep(self) -> None:
        """Leave it for the next try."""
        with self._lock:
            self._over = True
            fd, self._fd = self._fd, None
            if fd is not None:
                os.close(fd)


_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)


def _pread(fd: int, offset: int, data: memoryview) -> memoryview:
    got = 0
    while got < len(data):
        count = os.preadv(fd, [data[got:]], offset + got)
        if not count:
            raise OSError(errno.EIO, "the file became shorter")
        got += count
    return data
