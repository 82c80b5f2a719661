"""A file on its way into a folder drive: a hidden file in the very directory where it will stand."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, RLock

from ...errors import (
    ConflictError,
    DigestMismatchError,
    ExistsError,
    IsAFolderError,
    LengthMismatchError,
    PreconditionFailedError,
)
from ...model import Conflict, Kind, TimeUs
from ...paths import RemotePath, display, numbered
from ...ports import Buffer, Changed, Clock, Expectation, Written
from .. import durable, platform
from . import disk
from .content import FolderContent, pour

_ANYTHING = Expectation()
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | platform.NO_FOLLOW
_ATTEMPTS = 10_000
"""How many numbered names are tried, and how often a race against another program is run again."""


_locks = tuple(Lock() for _ in range(256))


@contextmanager
def deciding(*folders: int) -> Iterator[None]:
    """Held while it is decided what becomes of names in directories with these handles, and done.

    Directories are told apart by what they are, and not by drive: several drives may show one.
    """
    found = (os.fstat(folder) for folder in folders)
    with ExitStack() as stack:
        for number in sorted({hash((each.st_dev, each.st_ino)) % len(_locks) for each in found}):
            stack.enter_context(_locks[number])
        yield


@dataclass(frozen=True, slots=True)
class Yard:
    """What the parts of one drive share."""

    root: Path
    clock: Clock
    digests: disk.Digests
    base: RemotePath
    """The path of the root, as whoever uses this view of it says it."""

    verify: Callable[[], None]
    """Raises, just before something changes, unless whoever uses this view still may do that."""

    changed: Changed
    """Told what changed, once it has."""

    def place(self, path: RemotePath) -> str:
        """What a path is called within the drive."""
        return "/" + "/".join(path.parts[len(self.base.parts) :])

    def tell(self, *paths: RemotePath, moved: RemotePath | None = None) -> None:
        """The folders that these paths lie in have changed; with `moved`, a folder that was there is not any more."""
        for place in dict.fromkeys(self.place(path.parent) for path in paths):
            self.changed(place, False)
        if moved is not None:
            self.changed(self.place(moved), True)

    def open_folder(self, path: RemotePath) -> int:
        """A handle of a folder, see `disk.open_folder`."""
        return disk.open_folder(self.root, path, self.base)


def publish_new(source: int, temp: str, target: int, path: RemotePath, conflict: Conflict) -> RemotePath | None:
    """Rename to a name that must be free, or with RENAME to the first free one; None when the name is taken."""
    for number in range(_ATTEMPTS if conflict is Conflict.RENAME else 1):
        name = numbered(path.name, number) if number else path.name
        with suppress(FileExistsError):
            platform.rename_new(source, temp, target, name)
            return path.parent / name
    return None


class FolderDraft:
    """A `ports.Draft`. One thread writes; another may abort, which waits for the write that is running.

    Its file is locked while it lives, so that a sweep can tell it from what a crash left behind.
    """

    def __init__(self, yard: Yard, folder: int, path: RemotePath) -> None:
        """Begin a file in the directory with that handle."""
        self._yard = yard
        self._path = path
        self._temp = durable.temp_name()
        self._size = 0
        self._sha256 = hashlib.sha256()
        self._open = True
        self._busy = RLock()
        self._folder = os.dup(folder)
        try:
            self._handle = os.open(self._temp, _CREATE, 0o666, dir_fd=folder)
        except BaseException:
            os.close(self._folder)
            raise
        with suppress(OSError):  # a disk without locks
            platform.try_lock(self._handle)

    @property
    def size(self) -> int:
        """Bytes taken so far."""
        return self._size

    def append(self, data: Buffer) -> None:
        """Take the next bytes. After an error the same bytes may be offered again.

        Raises:
            NoSpaceError, StorageError
        """
        with self._busy:
            self._require_open()
            with disk.folder_errors("writing", self._path):
                durable.write_all(self._handle, data, self._size)
            self._sha256.update(data)
            self._size += memoryview(data).nbytes

    def pour(self, content: FolderContent) -> None:
        """Take all of another file at once. Its digest is then known only if the other's was."""
        with self._busy, disk.folder_errors("copying", self._path):
            self._require_open()
            pour(content, self._handle)
        self._size = content.entry.size

    def commit(
        self,
        *,
        conflict: Conflict = Conflict.OVERWRITE,
        expect: Expectation = _ANYTHING,
        sha256: bytes | None = None,
        size: int | None = None,
        modified_us: TimeUs | None = None,
    ) -> Written:
        """Publish, as `ports.Draft` says. RESUME is over once all bytes are here, and then means OVERWRITE.

        Raises:
            ExistsError: the name belongs to something that a drive does not show, such as a link.
        """
        with self._busy:
            self._require_open()
            if size is not None and size != self._size:
                raise LengthMismatchError(
                    f"{display(str(self._path))}: {self._size} bytes arrived, {size} were declared"
                )
            digest = self._sha256.digest()
            if sha256 is not None and sha256 != digest:
                raise DigestMismatchError(
                    f"{display(str(self._path))}: the content is not the one that was declared", hint="Send it again."
                )
            return self.publish(
                conflict, expect, digest, self._yard.clock.now_us() if modified_us is None else modified_us
            )

    def publish(self, conflict: Conflict, expect: Expectation, digest: bytes | None, when: TimeUs) -> Written:
        """Make the bytes durable, decide, and give them their name."""
        with self._busy, disk.folder_errors("writing", self._path):
            self._require_open()
            os.ftruncate(self._handle, self._size)  # an append that failed half-way may have left a tail
            os.utime(self._handle, ns=(when * 1000, when * 1000))
            os.fsync(self._handle)
            with deciding(self._folder):
                self._require_same_folder()
                self._yard.verify()
                written = self._decide(conflict, expect, digest, when)
            if written.outcome != "skipped":
                platform.sync_directory(self._folder)
            self._finish(remove=written.outcome == "skipped")
        if written.outcome != "skipped":
            self._yard.tell(self._path)
        return written

    def _decide(self, conflict: Conflict, expect: Expectation, digest: bytes | None, when: TimeUs) -> Written:
        """Look and act until both agree: another program may take or free the name in between."""
        for _ in range(_ATTEMPTS):
            there = disk.status_of(self._folder, self._path.name)
            _check_expectation(expect, self._path, there)
            if there is None:
                if publish_new(self._folder, self._temp, self._folder, self._path, Conflict.SKIP):
                    return self._written(self._path, digest, "created")
            elif conflict is Conflict.RENAME:
                if path := publish_new(self._folder, self._temp, self._folder, self._path, conflict):
                    return self._written(path, digest, "created")
                break
            else:
                _require_file(there, self._path)
                if conflict is Conflict.SKIP or (conflict is Conflict.NEWER and when <= disk.modified_us(there)):
                    return Written(disk.entry(self._path, self._path.name, there, self._yard.digests), "skipped")
                return self._replace(there, digest)
        raise ExistsError(
            f"No free name was found for {display(str(self._path))}", hint="Choose another name."
        ).because("no_free_name", name=str(self._path))

    def _replace(self, there: os.stat_result, digest: bytes | None) -> Written:
        with suppress(OSError):  # a disk without modes
            os.fchmod(self._handle, stat.S_IMODE(there.st_mode) & 0o777)
        try:
            os.rename(self._temp, self._path.name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        except IsADirectoryError:
            raise _is_a_folder(self._path) from None
        return self._written(self._path, digest, "replaced")

    def _written(self, path: RemotePath, digest: bytes | None, outcome: str) -> Written:
        status = os.fstat(self._handle)
        self._yard.digests.put(status, digest)
        return Written(disk.entry(path, path.name, status, self._yard.digests), outcome)

    def _require_same_folder(self) -> None:
        """The folder may have been removed, or moved away with the draft in it: then the path is not there."""
        with disk.opened(self._yard.open_folder(self._path.parent)) as now:
            if not os.path.samestat(os.fstat(now), os.fstat(self._folder)):
                raise disk.not_found(self._path.parent)

    def _require_open(self) -> None:
        if not self._open:
            raise ConflictError(f"The upload of {display(str(self._path))} has ended", hint="Begin a new one.")

    def abort(self) -> None:
        """Forget it and give back the space. After a commit, or again, it does nothing."""
        with self._busy:
            if self._open:
                self._finish(remove=True)

    def _finish(self, *, remove: bool) -> None:
        self._open = False
        if remove:
            with suppress(OSError):
                os.unlink(self._temp, dir_fd=self._folder)
        os.close(self._handle)
        os.close(self._folder)


def _is_a_folder(path: RemotePath) -> IsAFolderError:
    return IsAFolderError(
        f"{display(str(path))} is a folder", hint="Choose another name, or remove the folder."
    ).because("path", path=str(path))


def _require_file(there: os.stat_result, path: RemotePath) -> None:
    kind = disk.kind_of(there)
    if kind is Kind.FOLDER:
        raise _is_a_folder(path)
    if kind is None:
        raise ExistsError(
            f"{display(str(path))} is taken by something that this drive does not show", hint="Choose another name."
        ).because("hidden", path=str(path))


def _check_expectation(expect: Expectation, path: RemotePath, there: os.stat_result | None) -> None:
    tag = disk.etag(there) if there is not None and disk.kind_of(there) is Kind.FILE else None
    if (expect.match is not None and not _holds(expect.match, tag)) or (
        expect.none_match is not None and _holds(expect.none_match, tag)
    ):
        raise PreconditionFailedError(
            f"{display(str(path))} is not what you expected", hint="Fetch its present state, then decide again."
        )


def _holds(tags: tuple[str, ...], tag: str | None) -> bool:
    return tag is not None and (tags == ("*",) or tag in tags)
