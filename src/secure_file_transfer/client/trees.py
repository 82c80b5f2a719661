"""The two ends of a sync: a folder here and a folder on the server, with the same few verbs."""

import asyncio
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ..errors import (
    ExistsError,
    InvalidNameError,
    NotAFolderError,
    NotFoundError,
    ProtocolViolationError,
    SecureFileTransferError,
)
from ..model import Conflict, Entry, Kind, TimeUs
from ..paths import RemotePath, display
from ..transfer.filters import Filter, Parts
from ..transfer.sync import Action, Item
from . import local as disk
from .api import Api
from .many import side_by_side

T = TypeVar("T")
Fits = Callable[[Parts], object]
"""Raises a SecureFileTransferError for what the other end cannot take."""

_ENTRIES_MAX = 5_000_000
"""More entries in one tree than this are taken for a hostile server's."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of the source that does not take part, and why. `error` is None where that is as it should be."""

    path: str
    reason: str = ""
    error: SecureFileTransferError | None = None


@dataclass(slots=True)
class Survey:
    """What one end holds. `kept` are the places that nobody touches, and what is there."""

    items: dict[Parts, Item] = field(default_factory=dict)
    kept: dict[Parts, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    complete: bool = True
    passed: set[Parts] = field(default_factory=set)
    """Folders that do not take part themselves, but something in them may."""

    def admits(self, chosen: Filter, path: Parts, *, folder: bool) -> bool:
        """Whether something is to be looked at; what is not is left alone."""
        if chosen.takes(path, folder=folder):
            return True
        if folder and chosen.enters(path):
            self.passed.add(path)
            return True
        self.kept[path] = "something that is left out"
        return False

    def settle(self, *, source: bool) -> None:
        """Forget the folders that were only passed through, if nothing in them takes part.

        In the target they also stay for the sake of what is left alone in them.
        """
        inner = [path for path in self.items if path not in self.passed]
        held = inner if source else [*inner, *self.kept]
        needed = {path[:length] for path in held for length in range(1, len(path))}
        for path in self.passed - needed:
            del self.items[path]


class LocalTree:
    """A folder here."""

    def __init__(self, api: Api, root: Path) -> None:
        self._api, self.root = api, root
        self._places: dict[Parts, Path] = {}

    def __str__(self) -> str:
        return str(self.root)

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._api.executor, work, *args)

    def place(self, path: Parts) -> Path:
        """Where something lies, or will lie. Names on the disk may have another Unicode form."""
        if not path:
            return self.root
        known = self._places.get(path)
        return self.place(path[:-1]) / disk.local_name(path[-1]) if known is None else known

    async def survey(self, chosen: Filter, fits: Fits | None) -> Survey:
        """All that takes part.

        `fits` refuses what the target cannot take. It makes this the source: what cannot be read is left out, too,
        while in a target that ends everything.

        Raises:
            NotFoundError, NotAFolderError, ForbiddenError, ...: the folder itself, or the target, cannot be read.
        """
        survey = Survey()
        self._places = {}
        await self._run(self._walk, survey, chosen, fits)
        survey.settle(source=fits is not None)
        return survey

    def _walk(self, survey: Survey, chosen: Filter, fits: Fits | None) -> None:
        waiting: list[Parts] = [()]
        while waiting:
            folder = waiting.pop()
            try:
                found = self._listing(folder)
            except SecureFileTransferError as error:
                if fits is None or not folder:
                    raise
                survey.complete = False
                survey.left_out.append(LeftOut("/".join(folder), error=error))
                continue
            for item, status in found:
                path = (*folder, unicodedata.normalize("NFC", item.name))
                if self._take(survey, chosen, path, item, status, fits):
                    waiting.append(path)

    def _listing(self, folder: Parts) -> list[tuple["os.DirEntry[str]", os.stat_result]]:
        place = self.place(folder)
        found = []
        with disk.local_errors("read the folder", place), os.scandir(place) as items:
            for item in items:
                with suppress(FileNotFoundError):  # it went while we were reading
                    found.append((item, item.stat(follow_symlinks=False)))
        # Of two names that differ only in their Unicode form, the one in normal form C takes part.
        return sorted(found, key=lambda one: (not unicodedata.is_normalized("NFC", one[0].name), one[0].name))

    def _take(
        self,
        survey: Survey,
        chosen: Filter,
        path: Parts,
        item: "os.DirEntry[str]",
        status: os.stat_result,
        fits: Fits | None,
    ) -> bool:
        """Note one thing; returns whether it is a folder to be entered."""
        shown = "/".join(path)
        folder = stat.S_ISDIR(status.st_mode)
        if disk.is_part(item.name):
            survey.kept[path] = "an unfinished download"
            return False
        if not survey.admits(chosen, path, folder=folder):
            return False
        if not folder and not stat.S_ISREG(status.st_mode):
            link = stat.S_ISLNK(status.st_mode)
            survey.kept[path] = "a symbolic link" if link else "something that is no file"
            if fits is not None:
                reason = "a symbolic link is not followed" if link else "not a regular file"
                survey.left_out.append(LeftOut(shown, reason))
            return False
        if path in survey.items:
            survey.left_out.append(LeftOut(shown, error=_twin(self.place(path), item.name)))
            return False
        if fits is not None:
            try:
                fits(path)
            except SecureFileTransferError as error:
                survey.left_out.append(LeftOut(shown, error=error))
                return False
        self._places[path] = Path(item.path)
        modified = TimeUs(status.st_mtime_ns // 1000)
        survey.items[path] = Item(Kind.FOLDER) if folder else Item(Kind.FILE, status.st_size, modified)
        return folder

    async def digests(self, paths: set[Parts]) -> dict[Parts, bytes]:
        """Of files. What cannot be read now has none."""
        found: dict[Parts, bytes] = {}

        async def one(path: Parts) -> None:
            with suppress(SecureFileTransferError):
                found[path] = await self._run(disk.sha256_of, self.place(path))

        await side_by_side(sorted(paths), one, self._api.connections)
        return found

    def respell(self, spelling: dict[Parts, Parts]) -> None:
        """Know the same places under other paths."""
        self._places = {spelling.get(path, path): place for path, place in self._places.items()}

    async def ignores_case(self) -> bool:
        """Whether the file system takes `a` and `A` for one name, found out without writing anything."""
        return await self._run(self._ignores_case)

    def _ignores_case(self) -> bool:
        for place in [*self._places.values(), self.root.absolute()]:
            other = place.with_name(place.name.swapcase()) if place.name else place
            if other != place:
                with suppress(OSError):
                    return other.samefile(place)
                return False
        return False

    async def make(self, path: Parts) -> None:
        """Make a folder; the empty path is the top, with all above it."""
        await self._run(disk.make_folder, self.place(path))

    async def move(self, action: Action) -> None:
        """Rename something, and never over anything but the file it is to replace."""
        await self._run(self._move, action)
        for path in [path for path in self._places if path[: len(action.source)] == action.source]:
            place = self._places.pop(path)
            if path == action.source:
                continue
            inner = [part.name for part in _up_to(place, len(path) - len(action.source))]
            self._places[action.path + path[len(action.source) :]] = self.place(action.path).joinpath(*inner)

    def _move(self, action: Action) -> None:
        here, there = self.place(action.source), self.place(action.path)
        with disk.local_errors("move", here):
            if not action.replaces and os.path.lexists(there) and not there.samefile(here):
                raise ExistsError(f"{display(str(there))} is there already")
            here.replace(there)

    async def delete(self, action: Action) -> None:
        """Remove a file, or a folder with what was known to be in it; anything newer stays, and is told."""
        await self._run(self._delete, action)

    def _delete(self, action: Action) -> None:
        for path in reversed(action.below):
            place = self.place(path)
            with disk.local_errors("remove", place), suppress(FileNotFoundError):
                if stat.S_ISDIR(place.lstat().st_mode):
                    place.rmdir()
                else:
                    place.unlink()


def _up_to(place: Path, count: int) -> Iterator[Path]:
    """The last `count` steps of a path, the upper ones first."""
    return reversed([place, *place.parents][:count])


def _twin(first: Path, name: str) -> InvalidNameError:
    return InvalidNameError(
        f"{display(name)} and {display(first.name)} in {display(str(first.parent))} are the same name to other systems",
        hint="Rename one of them.",
    )


class RemoteTree:
    """A folder on the server."""

    def __init__(self, api: Api, top: RemotePath) -> None:
        self._api, self.top = api, top
        self.entries: dict[Parts, Entry] = {}

    def __str__(self) -> str:
        return f":{self.top}"

    def path(self, path: Parts) -> RemotePath:
        """Where something lies, or will lie."""
        known = self.entries.get(path)
        return RemotePath((*self.top.parts, *path)) if known is None else RemotePath.parse(known.path)

    async def survey(self, chosen: Filter, *, source: bool, local: bool = False) -> Survey:
        """All that takes part, level by level. `local`: under the names that it can have on this computer.

        Raises:
            NotFoundError, NotAFolderError: the folder itself.
            ProtocolViolationError: from a server that cannot be trusted with anything more.
        """
        if (await self._api.stat(str(self.top))).kind is not Kind.FOLDER:
            raise NotAFolderError(
                f"{display(str(self.top))} is a file on the server", hint="Sync works on folders; use 'put' or 'get'."
            )
        survey, self.entries = Survey(), {}
        level: list[Parts] = [()]
        while level:
            below: list[Parts] = []

            async def read(folder: Parts, below: list[Parts] = below) -> None:
                try:
                    async for entry in self._api.list(str(self.path(folder))):
                        self._take(survey, chosen, folder, entry, below, local=local)
                except ProtocolViolationError:
                    raise
                except (NotFoundError, SecureFileTransferError) as error:
                    if not source or not folder or error.retryable:
                        raise
                    survey.complete = False
                    survey.left_out.append(LeftOut("/".join(folder), error=error))

            await side_by_side(level, read, self._api.connections)
            level = below
        survey.settle(source=source)
        return survey

    def _take(
        self, survey: Survey, chosen: Filter, above: Parts, entry: Entry, below: list[Parts], *, local: bool
    ) -> None:
        path = (*above, disk.local_name(entry.name) if local else entry.name)
        folder = entry.kind is Kind.FOLDER
        if not survey.admits(chosen, path, folder=folder):
            return
        if path in survey.items:
            survey.left_out.append(LeftOut("/".join(path), error=_twin(Path(self.entries[path].path), entry.name)))
            return
        if len(survey.items) >= _ENTRIES_MAX:
            raise ProtocolViolationError("The server lists more entries than anybody would have")
        self.entries[path] = entry
        file = Item(Kind.FILE, entry.size, entry.modified_us, entry.sha256)
        survey.items[path] = Item(Kind.FOLDER) if folder else file
        if folder:
            below.append(path)

    async def make(self, path: Parts) -> None:
        """Make a folder; the empty path is the top, with all above it."""
        target = self.path(path)
        if not target.is_root:
            await self._api.make_folder(str(target), parents=True)

    async def move(self, action: Action) -> None:
        """Rename something, and never over anything but the file it is to replace."""
        how = Conflict.OVERWRITE if action.replaces else Conflict.SKIP
        await self._api.move(str(self.path(action.source)), str(self.path(action.path)), conflict=how)
        for path in [path for path in self.entries if path[: len(action.source)] == action.source]:
            del self.entries[path]

    async def delete(self, action: Action) -> None:
        """Remove a file or a folder; what is gone already is fine."""
        with suppress(NotFoundError):
            await self._api.remove(str(self.path(action.path)), recursive=action.item.kind is Kind.FOLDER)


Top = LocalTree | RemoteTree
