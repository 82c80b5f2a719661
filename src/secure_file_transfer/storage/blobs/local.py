"""Sealed blocks as files on a local disk: `<root>/ab/abcd…`, one file per block."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ...errors import BlockDamagedError, disk_errors
from ...ports import Buffer
from .. import durable, platform

_KEY = re.compile(r"[0-9a-f]{64}")
_SHARDS = [f"{number:02x}" for number in range(256)]
_LEFTOVER_SECONDS = 3600.0
"""A temporary file this old belongs to no living write: one lasts seconds."""


class LocalBlobStore:
    """A `ports.BlobStore` in a directory of its own. Directories are 0700, files 0600.

    Keys spread over 256 directories, so that none grows beyond what a file system lists quickly. They are all made at
    the start and synchronised once, which leaves two synchronisations for a block: its bytes, and its name.
    """

    def __init__(self, root: Path) -> None:
        """Raises NoSpaceError, StorageError when the directories cannot be made."""
        self._root = root
        with disk_errors("preparing the block store"):
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for shard in _SHARDS:
                (root / shard).mkdir(mode=0o700, exist_ok=True)
            platform.sync_directory(root)
            platform.sync_directory(root.parent)

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError("a blob's key is 64 lower-case hexadecimal digits")
        return self._root / key[:2] / key

    def put(self, key: str, data: Buffer) -> None:
        """Store whole or not at all; durable once it returns. What is there under that key is replaced."""
        durable.write_file(self._path(key), data)

    def get(self, key: str, offset: int = 0, length: int | None = None) -> bytes:
        """The bytes from `offset`, at most `length` of them; fewer where the blob ends, which its seal will notice."""
        path = self._path(key)
        with disk_errors("reading a block"):
            try:
                handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | platform.NO_FOLLOW)
            except FileNotFoundError:
                raise BlockDamagedError(
                    f"Block {key[:12]}… is missing from the disk", hint="Restore it from a backup of the server."
                ) from None
            try:
                left = max(os.fstat(handle).st_size - offset, 0)
                wanted = left if length is None else min(length, left)
                if offset:
                    os.lseek(handle, offset, os.SEEK_SET)
                return _read(handle, wanted)
            finally:
                os.close(handle)

    def delete(self, key: str) -> None:
        """Remove it; one that is not there is fine."""
        with disk_errors("removing a block"), suppress(FileNotFoundError):
            self._path(key).unlink()

    def scan(self) -> Iterator[tuple[str, float]]:
        """Every key with the Unix time when it was stored. What a crash left half written is removed on the way."""
        for shard in _SHARDS:
            with disk_errors("looking through the blocks"):
                with os.scandir(self._root / shard) as entries:
                    found = [
                        (entry.name, Path(entry.path)) for entry in entries if entry.is_file(follow_symlinks=False)
                    ]
                for name, path in found:
                    if name.startswith(durable.TEMP_PREFIX):
                        _drop_leftover(path)
                    elif _KEY.fullmatch(name) and name.startswith(shard):
                        with suppress(FileNotFoundError):  # deleted since
                            yield name, path.stat().st_mtime

    def free_bytes(self) -> int:
        """How much more the disk takes."""
        with disk_errors("asking for free space"):
            return shutil.disk_usage(self._root).free


def _read(handle: int, wanted: int) -> bytes:
    data = os.read(handle, wanted)
    if len(data) == wanted:  # the rule; a signal or a network disk may give less
        return data
    pieces = [data]
    while pieces[-1] and (wanted := wanted - len(pieces[-1])):
        pieces.append(os.read(handle, wanted))
    return b"".join(pieces)


def _drop_leftover(path: Path) -> None:
    with suppress(FileNotFoundError):
        if path.stat().st_mtime < time.time() - _LEFTOVER_SECONDS:
            path.unlink()
