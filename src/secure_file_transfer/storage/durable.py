"""The one recipe for a file that is whole or absent, and that survives a power cut once it is acknowledged.

Temporary file beside the target, write, fsync, rename, fsync of the directory. An fsync that fails is never
repeated on the same file: the kernel may have dropped the pages and would report success.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from ..errors import disk_errors
from ..ports import Buffer
from . import platform

TEMP_PREFIX = ".sft-"
"""Names that begin so belong to a write in progress, or to one that a crash cut short."""

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | platform.NO_FOLLOW


def temp_name() -> str:
    """A name that nobody has, for a file on its way."""
    return TEMP_PREFIX + secrets.token_hex(8)


def write_all(handle: int, data: Buffer, offset: int | None = None) -> None:
    """Write every byte, at `offset` or where the file stands; the system may take them in several helpings."""
    left = memoryview(data).cast("B")
    while left:
        if offset is None:
            done = os.write(handle, left)
        else:
            done = os.pwrite(handle, left, offset)
            offset += done
        left = left[done:]


def write_file(path: Path, data: Buffer, mode: int = 0o600) -> None:
    """Create or replace `path`; when this returns, the new content is durable. Otherwise the old one stands.

    The file has its final `mode` before it holds a byte.

    Raises:
        NoSpaceError, StorageError: nothing was replaced and no space is held. Only when the directory itself
            cannot be synchronised may the new content be there already.
    """
    temp = path.parent / temp_name()
    with disk_errors(f"writing {path.name}"):
        handle = os.open(temp, _CREATE, mode)
        try:
            try:
                if hasattr(os, "fchmod"):
                    os.fchmod(handle, mode)  # whatever the umask says
                write_all(handle, data)
                os.fsync(handle)
            finally:
                os.close(handle)
            temp.replace(path)
        except BaseException:
            with suppress(OSError):
                temp.unlink()
            raise
        platform.sync_directory(path.parent)
