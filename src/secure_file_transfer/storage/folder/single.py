"""A `ports.FileTree` over one file of the server's disk: a root that holds it and nothing else, to be read."""

import copy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from ...errors import ForbiddenError, InvalidRequestError, IsAFolderError, NotAFolderError, NotFoundError
from ...model import Conflict, Entry, Kind, Page, SortKey, TimeUs, Usage
from ...paths import RemotePath, display
from ...ports import Clock, Draft
from . import disk
from .content import FolderContent
from .tree import FolderTree

_NOTHING = TimeUs(0)


class SingleFile:
    """Shows the file `path` alone, or an empty root while it is away. Whatever is beside it does not exist."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Raises ConfigurationError, InvalidNameError."""
        self._name = path.name
        self._base = RemotePath()
        self._file = self._base / self._name
        self._folder = FolderTree(path.parent, clock)

    def seen_from(self, base: RemotePath, verify: Callable[[], None]) -> "SingleFile":
        """See `ports.MountedTree`."""
        view = copy.copy(self)
        view._base, view._file = base, base / self._name  # noqa: SLF001 - its own kind
        view._folder = self._folder.seen_from(base, verify)  # noqa: SLF001
        return view

    def place(self, path: RemotePath) -> str:
        """See `ports.MountedTree`."""
        if path == self._base:
            return "/"
        self.stat(path)
        raise NotAFolderError(f"{display(str(path))} is a file, not a folder", hint="Check the path.").because(
            "path", path=str(path)
        )

    def stat(self, path: RemotePath) -> Entry:
        """Raises NotFoundError."""
        if path == self._file:
            return self._inside()
        if path != self._base:
            raise disk.not_found(path)
        root = Entry(str(path), path.name, Kind.FOLDER, 0, _NOTHING, _NOTHING, None, "empty")
        with suppress(NotFoundError):
            file = self._inside()
            return replace(root, modified_us=file.modified_us, created_us=file.created_us, etag=f"{file.etag}-root")
        return root

    def _inside(self) -> Entry:
        entry = self._folder.stat(self._file)
        if entry.kind is not Kind.FILE:
            raise disk.not_found(self._file)
        return entry

    def list(
        self,
        path: RemotePath,
        *,
        sort: SortKey = SortKey.NAME,  # noqa: ARG002 - one file has one order
        descending: bool = False,  # noqa: ARG002
        cursor: str | None = None,
        limit: int = 1000,
    ) -> Page:
        """The file, if it is there. Raises NotFoundError, NotAFolderError, InvalidRequestError."""
        if path == self._file:
            self._inside()
            raise NotAFolderError(f"{display(str(path))} is a file, not a folder", hint="Check the path.").because(
                "path", path=str(path)
            )
        if path != self._base:
            raise disk.not_found(path)
        if cursor is not None or limit < 1:
            raise InvalidRequestError("All that is here fits on one page", hint="Ask without a cursor.")
        with suppress(NotFoundError):
            return Page([self._inside()], None)
        return Page([], None)

    def open(self, path: RemotePath) -> FolderContent:
        """Open the file. Raises NotFoundError, IsAFolderError."""
        if path == self._base:
            raise IsAFolderError(f"{display(str(path))} is a folder", hint="List it.").because("path", path=str(path))
        if path != self._file:
            raise disk.not_found(path)
        try:
            return self._folder.open(path)
        except IsAFolderError:
            raise disk.not_found(path) from None

    def usage(self) -> Usage:
        """Of that file."""
        with suppress(NotFoundError):
            return Usage(self._inside().size, 1, 0, None)
        return Usage(0, 0, 0, None)

    def make_folder(self, path: RemotePath, *, parents: bool = False) -> Entry:  # noqa: ARG002 - the port's signature
        """Refused."""
        self._refuse(path)

    def move(self, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP) -> Entry:  # noqa: ARG002 - the port's signature
        """Refused."""
        self._refuse(source)

    def copy(self, source: RemotePath, target: RemotePath, *, conflict: Conflict = Conflict.SKIP) -> Entry:  # noqa: ARG002 - the port's signature
        """Refused."""
        self._refuse(target)

    def set_modified(self, path: RemotePath, modified_us: TimeUs) -> Entry:  # noqa: ARG002 - the port's signature
        """Refused."""
        self._refuse(path)

    def remove(self, path: RemotePath, *, recursive: bool = False) -> None:  # noqa: ARG002 - the port's signature
        """Refused."""
        self._refuse(path)

    def draft(self, path: RemotePath, *, size: int | None = None, replaces: bool = True) -> Draft:  # noqa: ARG002 - the port's signature
        """Refused."""
        self._refuse(path)

    def _refuse(self, path: RemotePath) -> NoReturn:
        raise ForbiddenError(
            f"{display(str(path))}: this drive is one file, to be read", hint="Ask the operator to mount its folder."
        ).because("one_file", path=str(path))
