"""The calls that differ between operating systems, each behind one function with a portable fallback.

Nothing else in `storage` asks which system it runs on.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl
    import resource

_OPENAT2 = 437  # the same number on every architecture that Python runs on, as for all calls since Linux 5.1
_RESOLVE_NO_MAGICLINKS, _RESOLVE_NO_SYMLINKS, _RESOLVE_BENEATH = 0x02, 0x04, 0x08
_RENAME_NOREPLACE = 1
_M_ARENA_MAX = -8
FILES_MAX = 65_536
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP}

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
"""How a directory is opened."""

NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
"""Added to every opening of a name that others may have swapped for a symbolic link."""

CAN_CONFINE = os.open in os.supports_dir_fd and os.scandir in os.supports_fd and hasattr(os, "O_NOFOLLOW")
"""Whether this system can walk a tree by directory handles, so that no symbolic link can lead out of it."""


def allow_many_files(wanted: int = FILES_MAX) -> None:
    """Let this process have as many open files and connections as the system grants without being asked again.

    Many systems begin at 1024, for the sake of old programs; a thousand FTPS sessions are more.
    """
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            with suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def share_one_heap() -> None:
    """Have all threads of this program share one heap of the C library; to be called before there are any.

    With glibc each thread has its own, and what one has freed no other can use: with a dozen threads that hold blocks
    that is some 40 MiB. Other C libraries share anyway.
    """
    if (mallopt := getattr(_libc, "mallopt", None)) is not None:
        mallopt(_M_ARENA_MAX, 1)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def _openat2(root: int, path: bytes) -> int:
    how = _OpenHow(
        flags=DIRECTORY | NO_FOLLOW,
        mode=0,
        resolve=_RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS | _RESOLVE_NO_MAGICLINKS,
    )
    if _libc is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    handle = int(
        _libc.syscall(
            ctypes.c_long(_OPENAT2),
            ctypes.c_int(root),
            ctypes.c_char_p(path),
            ctypes.byref(how),
            ctypes.c_size_t(ctypes.sizeof(how)),
        )
    )
    if handle < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return handle


def _probe_openat2() -> bool:
    """Whether the kernel has openat2 and no sandbox forbids it; asked once."""
    if not CAN_CONFINE or _libc is None:
        return False
    here = os.open(".", DIRECTORY)
    try:
        os.close(_openat2(here, b"."))
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(here)


HAS_OPENAT2 = _probe_openat2()


def open_beneath(root: int, parts: Sequence[str]) -> int:
    """A handle of the directory `parts` below `root`, reached without following one symbolic link.

    On Linux the kernel resolves the whole path at once and refuses to leave `root` (openat2). Elsewhere each
    component is opened from the handle of the one before, and none of them may be a link.

    Raises:
        OSError: ENOENT; ENOTDIR or ELOOP for anything that is not a directory, links included.
    """
    if not parts:
        return os.dup(root)
    if HAS_OPENAT2:
        return _openat2(root, os.fsencode("/".join(parts)))
    handle = os.dup(root)
    try:
        for part in parts:
            below = os.open(part, DIRECTORY | NO_FOLLOW, dir_fd=handle)
            os.close(handle)
            handle = below
    except BaseException:
        os.close(handle)
        raise
    return handle


def open_without_links(path: Path) -> int:
    """A handle of the directory at an absolute path, none of whose components is a symbolic link.

    Where the kernel cannot look at all of them at once, at the last one alone: others may well be unreadable.

    Raises:
        OSError
    """
    if not HAS_OPENAT2:
        return os.open(path, DIRECTORY | NO_FOLLOW)
    top = os.open(path.anchor, DIRECTORY)
    try:
        return open_beneath(top, path.parts[1:])
    finally:
        os.close(top)


def rename_new(source_dir: int, source: str, target_dir: int, target: str) -> None:
    """Rename a file or directory to a name that must be free: decided and done in one step.

    Raises:
        FileExistsError: something has that name.
    """
    if _libc is not None:
        arguments = (source_dir, os.fsencode(source), target_dir, os.fsencode(target), _RENAME_NOREPLACE)
        if _libc.renameat2(*arguments) == 0:
            return
        code = ctypes.get_errno()
        if code not in _UNSUPPORTED:
            raise OSError(code, os.strerror(code), target)
    rename_new_portably(source_dir, source, target_dir, target)


def rename_new_portably(source_dir: int, source: str, target_dir: int, target: str) -> None:
    """`rename_new` in POSIX's own terms.

    A directory first claims the name with an empty one, which rename may replace; a file is linked, then unlinked.
    """
    try:
        os.link(source, target, src_dir_fd=source_dir, dst_dir_fd=target_dir, follow_symlinks=False)
    except (PermissionError, IsADirectoryError):
        # Either a directory, or a file system without hard links, where POSIX offers nothing better than this.
        _claim_and_rename(source_dir, source, target_dir, target)
    else:
        os.unlink(source, dir_fd=source_dir)


def _claim_and_rename(source_dir: int, source: str, target_dir: int, target: str) -> None:
    try:
        handle = os.open(source, DIRECTORY | NO_FOLLOW, dir_fd=source_dir)
    except NotADirectoryError:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, 0o600, dir_fd=target_dir))
        undo = os.unlink
    else:
        os.close(handle)
        os.mkdir(target, 0o700, dir_fd=target_dir)
        undo = os.rmdir
    try:
        os.rename(source, target, src_dir_fd=source_dir, dst_dir_fd=target_dir)
    except BaseException:
        undo(target, dir_fd=target_dir)
        raise


def sync_directory(directory: Path | int) -> None:
    """Make the names in a directory durable. Windows cannot do that, and does not need to on NTFS."""
    if sys.platform == "win32":
        return
    if isinstance(directory, int):
        os.fsync(directory)
        return
    handle = os.open(directory, DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Take an exclusive lock on an open file, without waiting; False when somebody else has it.

    The lock belongs to the open file and ends with it, at the latest when the process dies.
    """
    try:
        if sys.platform == "win32":
            # Windows forbids others to read a locked range, so lock one that is never read.
            os.lseek(handle, 1 << 30, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EAGAIN, errno.EACCES, errno.EDEADLK}:
            return False
        raise
    return True
