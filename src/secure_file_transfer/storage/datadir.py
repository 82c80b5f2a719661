"""The directory that holds all of a server's data, and the promise that only one server works on it."""

import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import ConfigurationError, DataDirectoryInUseError, disk_errors
from . import platform

_OTHERS = 0o077


class DataLock:
    """The exclusive right to a data directory. It ends with `release`, or with the process, however that ends."""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle

    def release(self) -> None:
        """Let others in. Calling it again is fine."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class DataDirectory:
    """The tree below `path`, made where it is missing, readable by its owner alone.

    It holds `catalog.sqlite3` (the catalog makes it), `blobs/`, `keys/`, `tls/` and `server.lock`.
    """

    def __init__(self, path: Path) -> None:
        """Prepare the directory.

        Raises:
            ConfigurationError: it cannot be made or entered, or it is somebody else's directory.
            NoSpaceError, StorageError
        """
        self.path = path.absolute()
        self.catalog = self.path / "catalog.sqlite3"
        self.blobs = self.path / "blobs"
        self.keys = self.path / "keys"
        self.tls = self.path / "tls"
        self.lock_file = self.path / "server.lock"
        with disk_errors(f"preparing {self.path}"):
            try:
                self._prepare()
            except (PermissionError, FileExistsError, NotADirectoryError) as error:
                raise ConfigurationError(
                    f"The data directory {self.path} cannot be used: {error.strerror}",
                    hint="Name another directory with data_dir, or let the server's user own this one.",
                ) from error

    def _prepare(self) -> None:
        ours = self.keys.is_dir()
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        open_to_others = stat.S_IMODE(self.path.stat().st_mode) & _OTHERS
        if os.name == "posix" and open_to_others and not ours and any(self.path.iterdir()):
            raise ConfigurationError(
                f"The directory {self.path} holds other things and is open to other users",
                hint=f"Name an empty or new directory with data_dir, or close this one: chmod 700 {self.path}",
            )
        for directory in (self.path, self.blobs, self.keys, self.tls):
            directory.mkdir(mode=0o700, exist_ok=True)
            if os.name == "posix" and stat.S_IMODE(directory.stat().st_mode) & _OTHERS:
                directory.chmod(0o700)
        platform.sync_directory(self.path)
        platform.sync_directory(self.path.parent)

    def lock(self) -> DataLock:
        """Take the directory for this server. Keep the lock as long as anything works on the data.

        Raises:
            DataDirectoryInUseError: naming the process that has it.
            NoSpaceError, StorageError
        """
        with disk_errors(f"locking {self.path}"):
            handle = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | platform.NO_FOLLOW, 0o600)
            try:
                if not platform.try_lock(handle):
                    os.lseek(handle, 0, os.SEEK_SET)
                    holder = os.read(handle, 32).decode("ascii", "replace").strip()
                    who = f"Another server (pid {holder})" if holder.isdigit() else "Another server"
                    raise DataDirectoryInUseError(
                        f"{who} works on the data directory {self.path}",
                        hint="Stop it first, or name another directory with data_dir.",
                    )
                os.lseek(handle, 0, os.SEEK_SET)
                os.ftruncate(handle, 0)
                os.write(handle, b"%d\n" % os.getpid())
            except BaseException:
                os.close(handle)
                raise
        return DataLock(handle)
