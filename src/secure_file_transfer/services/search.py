"""Finding files and folders by name, below a folder, as far as one may see.

It walks through the tree with what `Files.list` shows, so what is not for somebody is not found by them either,
whether it lies in their home, below `/Shared` or on a folder drive. One step looks at a bounded number of entries; the
cursor says where the next one goes on.
"""

import fnmatch
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from secure_file_transfer.errors import (
    ForbiddenError,
    InvalidNameError,
    InvalidRequestError,
    NotAFolderError,
    NotFoundError,
)
from secure_file_transfer.model import Entry, Kind, Page, Principal, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import cursors

from .chat_text import search_key, search_words
from .families import FAMILIES, family
from .files import Files

LIMIT_MAX = 1000
SCAN_MAX = 20_000
"""Entries that one step looks at."""
LISTS_MAX = 1000
"""Folders that one step lists."""
_PAGE = 1000
_FEW = 50
_BESIDE = ("Drives", "Shared")
_Position = tuple[RemotePath, str | None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for.

    Args:
        name: words that a name has to hold, all of them, anywhere and in any order; with `*` or `?` a pattern for all
            of the name. Case, marks and the forms of a letter make no difference. Empty: any name.
        kind: `file`, `folder`, or one of `families.FAMILIES`.
        since_us: changed then or later.
        larger: files of at least so many bytes.
    """

    name: str = ""
    kind: str | None = None
    since_us: TimeUs | None = None
    larger: int | None = None


def search(
    files: Files, who: Principal, path: RemotePath, wanted: Wanted, *, cursor: str | None = None, limit: int = 200
) -> Page:
    """One step of a search below `path`, in the order of the tree: a folder's entries, then what lies below them.

    There may be a cursor though little or nothing was found; None is the end.

    Raises:
        NotFoundError, NotAFolderError: of `path`.
        InvalidRequestError: nothing is looked for, too many words, or a bad cursor or limit.
    """
    if not 1 <= limit <= LIMIT_MAX:
        raise InvalidRequestError(f"A page has 1 to {LIMIT_MAX} entries, not {limit}")
    fits = _judge(wanted)
    walk = _Walk(files, who)
    found: list[Entry] = []
    for folder, at in walk.positions(path, _read_cursor(cursor, path)):
        following = at
        while True:
            room = limit - len(found)
            if (found and room < min(_FEW, limit)) or walk.tired:
                return Page(found, _write_cursor(folder, following))
            page = walk.look(folder, following, min(_PAGE, room), must=folder == path)
            found += filter(fits, page.entries)
            following = page.cursor
            if following is None:
                break
    return Page(found, None)


class _Walk:
    """The folders below a folder, each before those that lie in it."""

    def __init__(self, files: Files, who: Principal) -> None:
        self._files = files
        self._who = who
        self._seen = 0
        self._lists = 0

    @property
    def tired(self) -> bool:
        """Whether this step has looked at enough."""
        return self._seen >= SCAN_MAX or self._lists >= LISTS_MAX

    def look(self, folder: RemotePath, cursor: str | None, limit: int, *, must: bool = False) -> Page:
        """A page of a folder. What vanished meanwhile, or is not to be seen, is empty, unless it must be there."""
        try:
            page = self._files.list(self._who, folder, cursor=cursor, limit=limit)
        except (NotFoundError, NotAFolderError, ForbiddenError):
            if must:
                raise
            page = Page([], None)
        self._seen += len(page.entries)
        self._lists += 1
        return page

    def positions(self, top: RemotePath, begin: _Position | None) -> Iterator[_Position]:
        """Where to look, from the position on where an earlier step ended."""
        if begin is None:
            at = top
            yield top, None
        else:
            at = begin[0]
            yield begin
        on_the_way = list(zip(_ancestors(top, at), at.parts[len(top.parts) :], strict=True))
        stack = [self._folders(folder, after=name) for folder, name in on_the_way]
        stack.append(self._folders(at))
        while stack:
            folder = next(stack[-1], None)
            if folder is None:
                stack.pop()
            else:
                yield folder, None
                stack.append(self._folders(folder))

    def _folders(self, folder: RemotePath, *, after: str | None = None) -> Iterator[RemotePath]:
        """Those in a folder, which come first in it; with `after`, those that come after one of this name."""
        cursor: str | None = None
        while True:
            page = self.look(folder, cursor, _PAGE)
            for entry in page.entries:
                if entry.kind is not Kind.FOLDER:
                    return
                if after is None or _order(folder, entry.name) > _order(folder, after):
                    yield folder / entry.name
            cursor = page.cursor
            if cursor is None:
                return


def _ancestors(top: RemotePath, at: RemotePath) -> list[RemotePath]:
    """The folders above `at`, from `top` on."""
    found: list[RemotePath] = []
    while at != top:
        at = at.parent
        found.append(at)
    return found[::-1]


def _order(folder: RemotePath, name: str) -> tuple[bool, str, str]:
    """As listings have it: in the first one, what lies beside the home comes before what lies in it."""
    return not (folder.is_root and name in _BESIDE), name.casefold(), name


# --- judging ----------------------------------------------------------------------------------------------------


def _judge(wanted: Wanted) -> Callable[[Entry], bool]:
    tests: list[Callable[[Entry], bool]] = []
    kind, since, larger = wanted.kind, wanted.since_us, wanted.larger
    if kind in {"file", "folder"}:
        tests.append(lambda entry: (entry.kind is Kind.FOLDER) == (kind == "folder"))
    elif kind is not None:
        if kind not in FAMILIES:
            raise InvalidRequestError(f"There is no kind {kind[:20]!r}", hint=f"file, folder, {', '.join(FAMILIES)}.")
        tests.append(lambda entry: entry.kind is Kind.FILE and family(entry.name) == kind)
    if since is not None:
        tests.append(lambda entry: entry.modified_us >= since)
    if larger is not None:
        tests.append(lambda entry: entry.kind is Kind.FILE and entry.size >= larger)
    if wanted.name.strip():
        tests.append(_name_test(wanted.name))
    if not tests:
        raise InvalidRequestError("Nothing is looked for", hint="Give a part of the name, or a filter.").because(
            "search_empty"
        )
    return lambda entry: all(test(entry) for test in tests)


def _name_test(name: str) -> Callable[[Entry], bool]:
    words = search_words(name)
    if "*" in name or "?" in name:
        whole = re.compile(fnmatch.translate(search_key(name).replace("[", "[[]")))
        return lambda entry: whole.fullmatch(_key(entry.name)) is not None

    def holds(entry: Entry) -> bool:
        key = _key(entry.name)
        return all(word in key for word in words)

    return holds


def _key(name: str) -> str:
    """`search_key`, short cut for most names there are."""
    return name.lower() if name.isascii() else search_key(name)


# --- cursors ----------------------------------------------------------------------------------------------------


def _write_cursor(folder: RemotePath, following: str | None) -> str:
    return cursors.write(str(folder), following)


def _read_cursor(cursor: str | None, top: RemotePath) -> _Position | None:
    """Raises InvalidRequestError."""
    if cursor is None:
        return None
    try:
        path, following = cursors.read(cursor)
        folder = RemotePath.parse(path) if isinstance(path, str) else None
        if folder is None or not folder.is_within(top) or not (following is None or isinstance(following, str)):
            raise ValueError(path)
    except (ValueError, InvalidNameError):
        raise InvalidRequestError("The cursor is not valid", hint="Begin the search again.") from None
    return folder, following
