"""How entries are written: the columns of LIST, the facts of MLST and MLSD, times."""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from ...errors import InvalidNameError, NotFoundError
from ...model import Entry, Kind, Rights, TimeUs
from ...paths import RemotePath
from .session import Session

PAGE = 1000
_HALF_A_YEAR = 180 * 24 * 3600
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MAGIC = frozenset("*?[")
_US = 1_000_000


def stamp(when: TimeUs) -> str:
    """A time of MDTM and of the facts (RFC 3659, 2.3), in whole seconds, UTC."""
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(when // _US))


def read_stamp(text: str) -> TimeUs | None:
    """The same, read; a fraction of a second may follow."""
    whole, _, fraction = text.partition(".")
    if len(whole) != 14 or not (whole + fraction).isascii() or not (whole + fraction).isdecimal():
        return None
    try:
        found = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return TimeUs(int(found.timestamp()) * _US + int((fraction + "000000")[:6]))


def letters(rights: Rights, kind: Kind) -> str:
    """The rights as the fact `perm` has them (RFC 3659, 7.5.5)."""
    wanted: tuple[tuple[str, Rights], ...]
    if kind is Kind.FOLDER:
        wanted = (
            ("c", Rights.CREATE),
            ("d", Rights.DELETE),
            ("e", Rights.READ),
            ("f", Rights.DELETE),
            ("l", Rights.READ),
            ("m", Rights.READ | Rights.CREATE),
            ("p", Rights.DELETE),
        )
    else:
        wanted = (
            ("a", Rights.READ | Rights.WRITE),
            ("d", Rights.DELETE),
            ("f", Rights.DELETE),
            ("r", Rights.READ),
            ("w", Rights.WRITE),
        )
    return "".join(letter for letter, needed in wanted if not needed & ~rights)


def facts(entry: Entry, rights: Rights, wanted: tuple[str, ...]) -> str:
    """The facts of an entry, without its name."""
    values = {
        "type": "dir" if entry.kind is Kind.FOLDER else "file",
        "size": str(entry.size) if entry.kind is Kind.FILE else "",
        "modify": stamp(entry.modified_us),
        "perm": letters(rights, entry.kind),
    }
    return "".join(f"{name}={values[name]};" for name in wanted if values[name] or name == "perm")


class Columns:
    """Lines as `ls -l` prints them: what all clients can read that do not know MLSD."""

    def __init__(self, owner: str, rights: Rights, now: float) -> None:
        # A name with spaces would move the columns.
        self._owner = "".join(c if c.isascii() and c.isalnum() else "_" for c in owner)[:16] or "owner"
        self._now = now
        read, write = Rights.READ in rights, bool(rights & (Rights.WRITE | Rights.CREATE))
        self._file = f"-{'r' if read else '-'}{'w' if Rights.WRITE in rights else '-'}-------"
        self._folder = f"d{'r' if read else '-'}{'w' if write else '-'}{'x' if read else '-'}------"

    def line(self, entry: Entry) -> str:
        """One entry."""
        mode = self._folder if entry.kind is Kind.FOLDER else self._file
        seconds = entry.modified_us // _US
        when = time.gmtime(seconds)
        old = abs(self._now - seconds) > _HALF_A_YEAR
        third = f"{when.tm_year:5d}" if old else f"{when.tm_hour:02d}:{when.tm_min:02d}"
        date = f"{_MONTHS[when.tm_mon - 1]} {when.tm_mday:2d} {third}"
        return f"{mode} 1 {self._owner:8} {self._owner:8} {entry.size:12d} {date} {entry.name}"


def argument_of_list(text: str) -> str:
    """The path that LIST and NLST are given, without the options that some clients send along."""
    words = text.strip().split(" ")
    while words and words[0].startswith("-"):
        words.pop(0)
    return " ".join(words)


def entries(session: Session, path: RemotePath) -> Iterator[list[Entry]]:
    """A folder in pages; a file is a page of one. Raises NotFoundError."""
    files, who = session.services.files, session.principal
    entry = files.stat(who, path)
    if entry.kind is Kind.FILE:
        yield [entry]
        return
    cursor: str | None = None
    while True:
        page = files.list(who, path, cursor=cursor, limit=PAGE)
        yield list(page.entries)
        cursor = page.cursor
        if cursor is None:
            return


def matching(session: Session, text: str) -> tuple[RemotePath, Iterator[list[Entry]]]:
    """What a LIST or NLST of `text` shows, and the folder it is in. The last name may be a pattern.

    The first page is there when this returns, so what is wrong is known before anything is sent.

    Raises:
        NotFoundError, InvalidNameError
    """
    folder, _, last = text.rpartition("/")
    if _MAGIC & set(last):
        try:
            path = session.path(text)
            session.services.files.stat(session.principal, path)
        except (NotFoundError, InvalidNameError):
            base = session.path(folder + "/" if text.startswith("/") else folder)
            chosen = ([each for each in page if fnmatchcase(each.name, last)] for page in entries(session, base))
            return base, _begun(chosen)
    path = session.path(text)
    return path, _begun(entries(session, path))


def _begun(pages: Iterator[list[Entry]]) -> Iterator[list[Entry]]:
    first = next(pages)

    def all_of_them() -> Iterator[list[Entry]]:
        yield first
        yield from pages

    return all_of_them()


def encoded(lines: Iterable[str]) -> bytes:
    """Lines as they go over the data connection."""
    return "".join(f"{line}\r\n" for line in lines).encode(errors="replace")
