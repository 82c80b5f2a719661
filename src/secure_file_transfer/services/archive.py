"""Folders and selections as one ZIP archive, made while it is sent.

Contents are stored as they are: what is worth sending is mostly compressed already, and the line's speed counts. Names
are UTF-8, sizes may pass 4 GiB (Zip64). Times stand in the classic field, as UTC, and exactly in Info-ZIP's
"extended timestamp", which unpackers prefer.

An archive that is cut off has no directory at its end: no unpacker takes it for a whole one.
"""

import datetime as dt
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from typing import IO, cast

from secure_file_transfer.errors import InvalidRequestError, IsAFolderError, NotAFolderError, NotFoundError
from secure_file_transfer.model import KIB, Category, Entry, Kind, Principal
from secure_file_transfer.paths import RemotePath, numbered
from secure_file_transfer.ports import Buffer

from .files import Files

PIECE_MIN = 64 * KIB
"""Pieces of the archive are at least this large, but for the last."""
SELECTION_MAX = 1000
"""Paths in one selection; each is looked up before the first byte leaves."""

_PAGE = 1000
_SHOWN = 20
_FOLDER_MODE, _FILE_MODE = 0o040755 << 16 | 0x10, 0o100644 << 16
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EARLIEST, _LATEST = 315_532_800, 4_354_819_198
"""Unix times of what the classic field can say: 1980-01-01 to 2107-12-31 23:59:58."""
_UNIX_TIME = struct.Struct("<HHBl")
_UNIX_TIME_ID, _HAS_MODIFIED, _UNIX_TIME_MAX = 0x5455, 1, 2**31 - 1

Step = Callable[[int, int], None]
"""Hears how many bytes and members more went in; may raise, which ends it."""
_Member = tuple[str, RemotePath, Entry]
"""A name in the archive, and what stands for it."""


def _ignore(size: int, members: int) -> None:
    pass


def zip_stream(
    files: Files, principal: Principal, paths: Sequence[RemotePath], step: Step | None = None
) -> Iterator[bytes]:
    """The archive of the files and folders at `paths`, in pieces; read as far as it is asked for.

    Each is named by its last part, made unique by a number; the root stands for everything in it. Folders are in it
    even when empty. What goes away while the archive is made is left out. Memory: one block, and some hundred
    bytes for every member, which the directory at the end needs.

    With a `step` somebody else writes down what becomes of it.

    Raises:
        InvalidRequestError, NotFoundError, SignInRequiredError: at once.
        BlockDamagedError, SourceChangedError, SignInRequiredError: later, from the iterator.
    """
    chosen = list(dict.fromkeys(paths))
    if not 1 <= len(chosen) <= SELECTION_MAX:
        raise InvalidRequestError(
            f"An archive is made of 1 to {SELECTION_MAX} paths, not {len(chosen)}", hint="Choose the folder above them."
        ).because("selection", most=SELECTION_MAX)
    tops = [(path, files.stat(principal, path)) for path in chosen]
    return _told(files, principal, tops) if step is None else _pieces(files, principal, tops, step)


def _told(files: Files, principal: Principal, tops: list[tuple[RemotePath, Entry]]) -> Iterator[bytes]:
    """The same pieces; how many bytes of them went out is written down in the end."""
    shown = ", ".join(str(path) for path, _ in tops[:_SHOWN]) + (" …" if len(tops) > _SHOWN else "")
    size, cut = 0, " in part"
    try:
        for piece in _pieces(files, principal, tops, _ignore):
            size += len(piece)
            yield piece
        cut = ""
    finally:
        text = f"A ZIP archive was fetched{cut}: {size:,} bytes"
        files.audit.record(Category.TRANSFER, "zip.downloaded", text, target=shown, who=principal)


class _Sink:
    """Where `zipfile` writes: a file without a way back, that is emptied as it fills."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._held = 0

    def write(self, data: Buffer) -> int:
        part = data if isinstance(data, bytes) else bytes(data)  # whoever gave it may use its buffer again
        self._parts.append(part)
        self._held += len(part)
        return len(part)

    def flush(self) -> None:
        pass

    def take(self, least: int) -> Iterator[bytes]:
        """All that is held, once it is `least` bytes."""
        if self._held >= least:
            piece = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts, self._held = [], 0
            yield piece


def _pieces(files: Files, principal: Principal, tops: list[tuple[RemotePath, Entry]], step: Step) -> Iterator[bytes]:
    sink = _Sink()
    # An error, or a reader that leaves, ends the `with` blocks early: what they still write is never handed out.
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_STORED) as archive:
        for name, path, entry in _members(files, principal, tops):
            if entry.kind is Kind.FOLDER:
                archive.writestr(_info(name + "/", entry), b"")
            else:
                with (
                    suppress(NotFoundError, IsAFolderError),
                    closing(files.open(principal, path, told=False)) as content,
                ):
                    size = content.entry.size
                    with archive.open(_info(name, content.entry), "w") as member:
                        for piece in content.chunks(0, size):
                            member.write(piece)
                            step(len(piece), 0)
                            yield from sink.take(PIECE_MIN)
            step(0, 1)
            yield from sink.take(PIECE_MIN)
    yield from sink.take(1)


def _members(files: Files, principal: Principal, tops: list[tuple[RemotePath, Entry]]) -> Iterator[_Member]:
    """Everything that goes in, folders before what is in them."""
    used: set[str] = set()
    for path, entry in tops:
        chosen = _children(files, principal, path, "") if path.is_root else iter([(path.name, path, entry)])
        for name, below, member in chosen:
            free = name
            number = 0
            while free in used:
                number += 1
                free = numbered(name, number)
            used.add(free)
            yield from _below(files, principal, (free, below, member))


def _below(files: Files, principal: Principal, top: _Member) -> Iterator[_Member]:
    """A member and all that is in it; open folders wait on a stack, a page of each at most."""
    waiting: list[Iterator[_Member]] = [iter([top])]
    while waiting:
        member = next(waiting[-1], None)
        if member is None:
            waiting.pop()
            continue
        yield member
        name, path, entry = member
        if entry.kind is Kind.FOLDER:
            waiting.append(_children(files, principal, path, name + "/"))


def _children(files: Files, principal: Principal, path: RemotePath, prefix: str) -> Iterator[_Member]:
    cursor = None
    with suppress(NotFoundError, NotAFolderError):
        while True:
            page = files.list(principal, path, cursor=cursor, limit=_PAGE)
            for entry in page.entries:
                yield prefix + entry.name, path / entry.name, entry
            cursor = page.cursor
            if cursor is None:
                return


def _info(name: str, entry: Entry) -> zipfile.ZipInfo:
    seconds = entry.modified_us // 1_000_000
    moment = _EPOCH + dt.timedelta(seconds=min(max(seconds, _EARLIEST), _LATEST))
    info = zipfile.ZipInfo(name, moment.timetuple()[:6])
    info.external_attr = _FOLDER_MODE if entry.kind is Kind.FOLDER else _FILE_MODE
    info.create_system = 3  # Unix, whatever system this runs on: the mode above is a Unix mode
    info.file_size = entry.size  # a hint that decides whether this member needs Zip64
    if entry.size * 1.05 > zipfile.ZIP64_LIMIT:  # the library's own condition
        info.extract_version = zipfile.ZIP64_VERSION  # Python before 3.11.4 forgets it where the size comes last
    if 0 <= seconds <= _UNIX_TIME_MAX:
        info.extra = _UNIX_TIME.pack(_UNIX_TIME_ID, 5, _HAS_MODIFIED, seconds)
    return info
