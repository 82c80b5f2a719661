"""The client's own disk: files that are read as they were, and files that appear whole or not at all.

Synchronous, for worker threads. Every refusal of the operating system becomes a typed error that names the path.
"""

import errno
import hashlib
import io
import os
import re
import secrets
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import (
    ExistsError,
    ForbiddenError,
    InvalidNameError,
    InvalidRequestError,
    IsAFolderError,
    NoSpaceError,
    NotAFolderError,
    NotFoundError,
    SecureFileTransferError,
    SourceChangedError,
    StorageError,
)
from ..model import MIB, Conflict, TimeUs
from ..paths import NAME_MAX_BYTES, display, numbered

READ_SIZE = 2 * MIB
"""One read, one hash call, one write to TLS. Measured here: 1 MiB 0.88, 2 MiB 0.94, 4 MiB 0.93 GB/s."""
_IOV_MAX = 512
_PART_SUFFIX = ".sft-part"
_NUMBERS_MAX = 10_000

_WINDOWS_BAD = re.compile(r'[<>:"|?*]')
_WINDOWS_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")

_ERRORS: dict[int, tuple[type[SecureFileTransferError], str]] = {
    errno.ENOSPC: (NoSpaceError, "Free some space on this computer and try again."),
    errno.EDQUOT: (NoSpaceError, "Your quota on this computer is used up; free some space."),
    errno.EFBIG: (NoSpaceError, "The file system here takes no file of this size."),
    errno.EACCES: (ForbiddenError, "Check who may use it here."),
    errno.EPERM: (ForbiddenError, "Check who may use it here."),
    errno.EROFS: (ForbiddenError, "The file system here is read-only."),
    errno.ENOENT: (NotFoundError, "Check the path."),
    errno.EISDIR: (IsAFolderError, "Name a file."),
    errno.ENOTDIR: (NotAFolderError, "A file stands where a folder is needed."),
    errno.EEXIST: (ExistsError, "Choose another name, or another way to treat conflicts."),
    errno.ENAMETOOLONG: (InvalidNameError, "The file system here takes no name of this length."),
    errno.ELOOP: (InvalidNameError, "The path runs through a circle of links."),
}


@contextmanager
def local_errors(doing: str, path: Path) -> Iterator[None]:
    """Turn an OSError or an impossible path into a typed error.

    Raises:
        NoSpaceError, ForbiddenError, NotFoundError, ...: what the operating system said, see the table above.
        StorageError: anything else it said.
    """
    try:
        yield
    except OSError as error:
        kind, hint = _ERRORS.get(error.errno or 0, (StorageError, ""))
        raise kind(f"Cannot {doing} {display(str(path))}: {error.strerror or error}", hint=hint) from error
    except ValueError as error:  # a NUL in the path
        raise InvalidNameError(f"Cannot {doing} {display(str(path))}: {error}") from error


class SourceFile:
    """A regular file to be sent. What is read is one state of it, or SourceChangedError."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            IsAFolderError, InvalidRequestError: it is not a regular file.
            NotFoundError, ForbiddenError, ...
        """
        self.path = path
        # A cancelled transfer closes the file while a thread may still read it, and numbers of files are reused.
        self._lock = threading.Lock()
        with local_errors("read", path):
            # O_NONBLOCK: opening a named pipe must not wait for somebody to write into it.
            flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
            self._fd = os.open(path, flags)
            self._before = os.fstat(self._fd)
        if not stat.S_ISREG(self._before.st_mode):
            self.close()
            if stat.S_ISDIR(self._before.st_mode):
                raise IsAFolderError(f"{display(str(path))} is a folder", hint="Send a folder as a tree.")
            raise InvalidRequestError(f"{display(str(path))} is not a regular file")
        self.size = self._before.st_size
        self._left = self.size
        self._sha256 = hashlib.sha256()

    @property
    def modified_us(self) -> TimeUs:
        """When it was last changed."""
        return TimeUs(self._before.st_mtime_ns // 1000)

    @property
    def sha256(self) -> bytes:
        """The digest of what was read so far."""
        return self._sha256.digest()

    def read(self) -> bytes:
        """The next piece; empty at the end. The last piece is held back unless the file is still the same.

        Raises:
            SourceChangedError: so that nothing wrong is ever published: the upload ends one piece too short.
        """
        with self._lock, local_errors("read", self.path):
            data = os.read(self._fd, min(READ_SIZE, self._left)) if self._left else b""
            self._moved(len(data))
        self._sha256.update(data)
        return data

    def fill(self, buffer: memoryview) -> None:
        """Read exactly as many bytes as the buffer holds; like `read`, but without hashing. See `update`.

        Raises:
            SourceChangedError
        """
        got = 0
        with self._lock, local_errors("read", self.path), io.FileIO(self._fd, closefd=False) as file:
            while got < len(buffer):
                count = file.readinto(buffer[got:]) or 0
                got += count
                self._moved(count)

    def _moved(self, count: int) -> None:
        self._left -= count
        if count and self._left > 0:
            return
        if self._left or self._changed():
            raise changed(self.path)

    def _changed(self) -> bool:
        after = os.fstat(self._fd)
        return (after.st_size, after.st_mtime_ns) != (self.size, self._before.st_mtime_ns)

    def read_at(self, offset: int, buffer: memoryview) -> None:
        """Read a part of it again, once all was read. Nothing is hashed.

        Raises:
            SourceChangedError: it is not what it was.
        """
        with self._lock, local_errors("read", self.path), io.FileIO(self._fd, closefd=False) as file:
            file.seek(offset)
            while buffer and (count := file.readinto(buffer) or 0):
                buffer = buffer[count:]
            if buffer or self._changed():
                raise changed(self.path)

    def check(self) -> None:
        """Whether its path still leads to what was read, even when it is closed.

        Raises:
            SourceChangedError
        """
        try:
            now: os.stat_result | None = self.path.stat()
        except OSError:
            now = None
        if now is None or _state(now) != _state(self._before):
            raise SourceChangedError(
                f"{display(str(self.path))} changed after it was read; the server has it as it was then",
                hint="Send it again when nothing writes to it.",
            )

    def update(self, data: memoryview) -> None:
        """Count what `fill` has read in the digest. The calls follow the file's order."""
        self._sha256.update(data)

    def read_all(self) -> bytes:
        """The whole content. For small files."""
        parts = []
        while True:
            parts.append(self.read())
            if not self._left:
                return b"".join(parts)

    def close(self) -> None:
        """Let go of it. Calling it again is fine."""
        with self._lock:
            fd, self._fd = self._fd, -1
            if fd >= 0:
                os.close(fd)


def _state(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev


def changed(path: Path) -> SourceChangedError:
    """It is not one state of a file that was read."""
    return SourceChangedError(
        f"{display(str(path))} changed while it was read", hint="Try again when nothing writes to it."
    )


class PartialFile:
    """A file on its way in, under a name beside its own that nobody takes for it.

    It is made by the first `write` or by `publish`; nothing is made after `discard`.
    """

    def __init__(self, target: Path, mark: str | None = None) -> None:
        self.target = target
        # Random, so that two downloads of the same file never write into each other; short enough for any name.
        tail = f".{mark or secrets.token_hex(4)}{_PART_SUFFIX}"
        stem = os.fsencode(target.name)[: NAME_MAX_BYTES - len(tail) - 1].decode(errors="ignore")
        self.path = target.with_name(f".{stem}{tail}")
        self._sha256 = hashlib.sha256()
        self._fd: int | None = None
        self._over = False
        self._lock = threading.Lock()  # a cancelled transfer discards it while a thread may still write

    @property
    def sha256(self) -> bytes:
        """The digest of what was written so far."""
        return self._sha256.digest()

    def _open(self) -> int:
        if self._over:
            raise OSError(errno.ECANCELED, "the transfer has ended")
        if self._fd is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            self._fd = os.open(self.path, flags, 0o666)  # the umask decides, as for every file a person makes
        return self._fd

    def write(self, parts: Sequence[bytes | memoryview]) -> None:
        """Append all parts.

        Raises:
            NotFoundError, ForbiddenError, NoSpaceError, StorageError, ...
        """
        with self._lock, local_errors("write", self.target):
            fd = self._open()
            for at in range(0, len(parts), _IOV_MAX):
                _write_all(fd, parts[at : at + _IOV_MAX])
            for part in parts:
                self._sha256.update(part)

    def begin_with(self, path: Path, most: int) -> int:
        """Begin with a copy of the file at `path`, and return its size.

        Raises:
            SourceChangedError: it is not a beginning of `most` bytes any more.
            NoSpaceError, ...
        """
        source = SourceFile(path)
        try:
            if source.size >= most:
                raise changed(path)
            while data := source.read():
                self.write([data])
            return source.size
        finally:
            source.close()

    def publish(self, modified_us: TimeUs | None, conflict: Conflict) -> tuple[Path, str]:
        """Make it durable, then give it its name. Returns the path, which `rename` may change, and the outcome.

        The folder is not synchronised: after a power failure the old state of the name is as good as the new one,
        and both are whole.

        Raises:
            ExistsError: with `skip`, somebody took the name meanwhile.
            NoSpaceError, StorageError, ...
        """
        with self._lock, local_errors("write", self.target):
            fd = self._open()
            os.fsync(fd)
            self._fd, self._over = None, True
            os.close(fd)
            if modified_us is not None:
                os.utime(self.path, ns=(modified_us * 1000, modified_us * 1000))
            if conflict in {Conflict.OVERWRITE, Conflict.NEWER}:
                outcome = "replaced" if self.target.exists() else "created"
                self.path.replace(self.target)
                return self.target, outcome
            return self._publish_as_new(conflict), "created"

    def _publish_as_new(self, conflict: Conflict) -> Path:
        for number in range(_NUMBERS_MAX):
            path = self.target.with_name(numbered(self.target.name, number)) if number else self.target
            try:
                _link(self.path, path)
                return path
            except FileExistsError:
                if conflict is not Conflict.RENAME:
                    raise
        raise FileExistsError(errno.EEXIST, "no free name was found")

    def discard(self) -> None:
        """Remove it, unless it was published. Calling it again is fine."""
        with self._lock, suppress(OSError):
            self._over = True
            fd, self._fd = self._fd, None
            if fd is not None:
                os.close(fd)
            self.path.unlink(missing_ok=True)


def _write_all(fd: int, parts: Sequence[bytes | memoryview]) -> None:
    if not hasattr(os, "writev"):
        parts = [b"".join(parts)]
    written = os.writev(fd, parts) if hasattr(os, "writev") else 0
    for part in parts:
        if written >= len(part):
            written -= len(part)
            continue
        rest = memoryview(part)[written:]
        written = 0
        while rest:
            rest = rest[os.write(fd, rest) :]


def _link(source: Path, target: Path) -> None:
    """Rename without replacing. File systems without hard links get an empty claim of the name first."""
    try:
        target.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        source.replace(target)
    else:
        source.unlink()


def local_name(name: str, *, windows: bool = os.name == "nt") -> str:
    """The name under which a remote file can lie here: its own, except where Windows would not take it."""
    if not windows:
        return name
    name = _WINDOWS_BAD.sub("_", name)
    return f"_{name}" if _WINDOWS_RESERVED.fullmatch(name) else name


def file_size(path: Path) -> int:
    """The size of the file at `path`.

    Raises:
        NotFoundError, ForbiddenError, ...
    """
    with local_errors("read", path):
        return path.stat().st_size


def file_time(path: Path) -> TimeUs | None:
    """When the thing at `path` was last changed, or None if nothing is there."""
    try:
        return TimeUs(path.stat().st_mtime_ns // 1000)
    except FileNotFoundError:
        return None


def make_folder(path: Path) -> None:
    """Make a folder and what is missing above it.

    Raises:
        NotAFolderError: a file has the name.
        ForbiddenError, NoSpaceError, ...
    """
    with local_errors("make the folder", path):
        try:
            path.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, "a file has that name") from None


def is_part(name: str) -> bool:
    """Whether a name is that of a file on its way in, of this program."""
    return name.startswith(".") and name.endswith(_PART_SUFFIX)


def sha256_of(path: Path) -> bytes:
    """The digest of a file.

    Raises:
        SourceChangedError, NotFoundError, ForbiddenError, ...
    """
    source = SourceFile(path)
    try:
        while source.read():
            pass
        return source.sha256
    finally:
        source.close()


def walk(root: Path) -> Iterator[tuple[Path, str, int | SecureFileTransferError]]:
    """Everything below a folder: path, kind (`folder`, `file`, `link`, `other`, `error`) and size or the error.

    Folders come before what they hold. Links are named, never followed.

    Raises:
        NotFoundError, NotAFolderError, ForbiddenError: `root` itself cannot be read.
    """
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with local_errors("read the folder", folder):
                found = sorted(os.scandir(folder), key=lambda item: item.name)
        except SecureFileTransferError as error:
            if folder is root:
                raise
            yield folder, "error", error
            continue
        for item in found:
            path = Path(item.path)
            try:
                with local_errors("read", path):
                    status = item.stat(follow_symlinks=False)
            except SecureFileTransferError as error:
                yield path, "error", error
                continue
            kind = _kind(status.st_mode)
            if kind == "folder":
                waiting.append(path)
            yield path, kind, status.st_size if kind == "file" else 0


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISREG(mode):
        return "file"
    return "link" if stat.S_ISLNK(mode) else "other"
