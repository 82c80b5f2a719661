"""Verifying: every block of every file is read, its seal opened, and the whole compared with its SHA-256.

A walk keeps no more than where it stands in each folder on the way down, so it goes on after a restart where it was: at
the file after the last one that was looked at.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

from secure_file_transfer.errors import BlockDamagedError, IsAFolderError, NotAFolderError, NotFoundError
from secure_file_transfer.model import Entry, Kind, Page
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Content

DAMAGED_MAX = 1000
"""Damaged files that are named; the others are counted."""
_ERROR_MAX = 500
_PAGE = 200

Listing = Callable[[RemotePath, str | None, int], Page]
"""A page of a folder: its path, where it begins, and how many entries."""
Step = Callable[[int, int], None]


@dataclass(slots=True)
class _At:
    """A folder that is being walked: the page one is on, and the last name on it that is done with."""

    path: RemotePath
    cursor: str | None = None
    last: str | None = None
    page: Page | None = None


class Walk:
    """All entries at a path and below, each once, folders before what is in them.

    What comes or goes meanwhile may be seen or not. `place` says where it is, and a walk that is begun with that goes
    on behind the last entry it gave whose successor was asked for.
    """

    def __init__(self, listing: Listing, path: RemotePath, place: Any = None, skip: RemotePath | None = None) -> None:
        self._list = listing
        self._skip = skip
        self._stack = [_At(path)] if place is None else [_At(RemotePath.parse(p), c, n) for p, c, n in place]

    @property
    def place(self) -> list[list[str | None]]:
        """Where it is, as JSON would say it."""
        return [[str(at.path), at.cursor, at.last] for at in self._stack]

    def __iter__(self) -> Iterator[tuple[RemotePath, Entry]]:
        while self._stack:
            at = self._stack[-1]
            if at.page is None:
                with suppress(NotFoundError, NotAFolderError):
                    at.page = self._list(at.path, at.cursor, _PAGE)
            if at.page is None:  # it has gone
                self._stack.pop()
                continue
            page = at.page
            yield from self._page(at, page)
            if self._stack[-1] is at:
                at.cursor, at.last, at.page = page.cursor, None, None
                if page.cursor is None:
                    self._stack.pop()

    def _page(self, at: _At, page: Page) -> Iterator[tuple[RemotePath, Entry]]:
        """The entries of a page that are left; it ends early where a folder begins."""
        names = [entry.name for entry in page.entries]
        begin = names.index(at.last) + 1 if at.last in names else 0
        for entry in page.entries[begin:]:
            path = at.path / entry.name
            if path != self._skip:
                yield path, entry
            at.last = entry.name
            if entry.kind is Kind.FOLDER and path != self._skip:
                self._stack.append(_At(path))
                return


@dataclass(slots=True)
class Findings:
    """What was verified so far, and what is damaged."""

    files: int = 0
    size: int = 0
    damaged: list[dict[str, str]] = field(default_factory=list)
    damaged_files: int = 0

    @classmethod
    def read(cls, place: Mapping[str, Any] | None) -> "Findings":
        """What `value` wrote."""
        return cls(**place["found"]) if place and "found" in place else cls()

    def value(self) -> dict[str, Any]:
        """As JSON would say it."""
        return {
            "files": self.files,
            "size": self.size,
            "damaged": list(self.damaged),
            "damaged_files": self.damaged_files,
        }

    def add_damaged(self, name: str, error: str) -> None:
        """One more file is not what was stored."""
        self.damaged_files += 1
        if len(self.damaged) < DAMAGED_MAX:
            self.damaged.append({"path": name, "error": error[:_ERROR_MAX]})


def verify_file(open_: Callable[[], Content], entry: Entry, name: str, found: Findings, step: Step) -> None:
    """Read all of a file. One that goes away meanwhile is not damaged; `step` hears of what was read.

    Where no SHA-256 was known, as of files that others put on a folder drive, it is from then on.
    """
    done = 0
    try:
        with closing(open_()) as content:
            digest = hashlib.sha256()
            for piece in content.chunks(0, content.entry.size):
                digest.update(piece)
                done += len(piece)
                step(len(piece), 0)
            if content.entry.sha256 is None:
                content.remember(digest.digest())
            elif content.entry.sha256 != digest.digest():
                found.add_damaged(name, f"The content of {display(name)} does not have its SHA-256")
    except (NotFoundError, IsAFolderError):
        pass
    except BlockDamagedError as error:
        found.add_damaged(name, str(error))
    found.files += 1
    found.size += done
    # What could not be read counts as looked at: the job comes to its end.
    step(max(0, entry.size - done), 1)
