"""Verbs that move content or listings over the data connection. They run in the transfer's own thread.

While one block is sent or received another is read or stored by a second thread: both ends of the pipe work at once.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

from ...errors import InterruptedTransferError, IsAFolderError, RangeNotSatisfiableError, SecureFileTransferError
from ...model import Conflict, Entry, Kind
from ...paths import RemotePath, display
from ...ports import Buffer
from ...services.doing import Doing
from ...services.incoming import Arrived, Incoming
from ...services.traffic import About, Direction
from .data import Stream, partial
from .listing import Columns, argument_of_list, encoded, entries, facts, matching
from .replies import Refused, Reply
from .session import DOOR
from .transfer import Transfer

_ASIDE = ThreadPoolExecutor(8, thread_name_prefix="ftps-aside")
"""Threads that read or store a block while another one is on the wire. They never wait for a peer."""
_FIRST = 64 * 1024
_DONE = "That was all of it."


# --- listings ---------------------------------------------------------------------------------------------------


def long_list(transfer: Transfer, argument: str) -> Reply:
    """LIST."""
    session = transfer.session
    path, pages = matching(session, argument_of_list(argument))
    columns = Columns(session.name, session.services.files.rights(session.principal, path), time.time())
    return _send_lines(transfer, pages, columns.line)


def names(transfer: Transfer, argument: str) -> Reply:
    """NLST: names, each with what the argument had before it, so that they can be asked for as they are."""
    text = argument_of_list(argument)
    _, pages = matching(transfer.session, text)
    before = text.rpartition("/")[0] + "/" if "/" in text else ""
    return _send_lines(transfer, pages, lambda entry: before + entry.name)


def facts_list(transfer: Transfer, argument: str) -> Reply:
    """MLSD."""
    session = transfer.session
    path = session.path(argument)
    if session.services.files.stat(session.principal, path).kind is not Kind.FOLDER:
        raise Refused(501, f"{display(str(path))} is not a folder; MLST is for files.")
    rights, wanted = session.services.files.rights(session.principal, path), session.facts
    return _send_lines(transfer, entries(session, path), lambda entry: f"{facts(entry, rights, wanted)} {entry.name}")


def _send_lines(transfer: Transfer, pages: Iterable[list[Entry]], line: Callable[[Entry], str]) -> Reply:
    session = transfer.session
    if session.services.presence is not None:
        session.services.presence.seen(session.principal, DOOR, session.peer, session.agent, Doing.LISTING)
    stream = transfer.open("Here it comes.")
    for page in pages:
        if page:
            stream.write(encoded(map(line, page)))
            transfer.check()
    transfer.finish(stream)
    return Reply(226, _DONE)


# --- down -------------------------------------------------------------------------------------------------------


def retrieve(transfer: Transfer, argument: str) -> Reply:
    """RETR, from the offset that REST gave."""
    session = transfer.session
    path, offset = session.path(argument), session.offset
    content = session.services.files.open(session.principal, path)
    try:
        size = content.entry.size
        if offset > size:
            raise RangeNotSatisfiableError(f"{display(str(path))} has {size} bytes", hint="Begin at 0.")
        transfer.enter(Direction.DOWN, size - offset, About(str(path), size, offset))
        pieces = content.chunks(offset, size - offset)
        first = next(pieces, None) if size > offset else None  # damage at the begin is told before anything else
        stream = transfer.open(f"{size - offset} bytes follow.")
        if first is not None:
            transfer.send(stream, first)
            for piece in _ahead(pieces):
                transfer.send(stream, piece)
        transfer.finish(stream)
    finally:
        content.close()
    return Reply(226, _DONE)


def _ahead(pieces: Iterator[Buffer]) -> Iterator[Buffer]:
    """The same, one step ahead of whoever reads them. A piece that is still being used is never overwritten."""
    pending: Future[Buffer | None] = _ASIDE.submit(next, pieces, None)
    try:
        while (piece := pending.result()) is not None:
            if not isinstance(piece, bytes):
                piece = bytes(piece)
            pending = _ASIDE.submit(next, pieces, None)
            yield piece
    finally:
        wait([pending])


# --- up ---------------------------------------------------------------------------------------------------------


def store(transfer: Transfer, argument: str) -> Reply:
    """STOR; after REST it goes on there."""
    offset = transfer.session.offset
    return _receive(transfer, transfer.session.path(argument), at=offset or 0, go_on=offset > 0)


def append(transfer: Transfer, argument: str) -> Reply:
    """APPE: at the end of what is here, be it a file or a part of one that was cut."""
    return _receive(transfer, transfer.session.path(argument), at=None, go_on=True)


def store_unique(transfer: Transfer, argument: str) -> Reply:
    """STOU: under a name that nothing has yet, told in the first reply (RFC 1123, 4.1.2.9)."""
    session = transfer.session
    ending = secrets.token_hex(4)
    path = session.path(argument) if argument.strip() else session.cwd / "upload"
    path = path.parent / f"{path.name[:200]}-{ending}"
    return _receive(transfer, path, at=0, go_on=False, conflict=Conflict.RENAME, said=f"FILE: {path}")


def _receive(
    transfer: Transfer,
    path: RemotePath,
    *,
    at: int | None,
    go_on: bool,
    conflict: Conflict = Conflict.OVERWRITE,
    said: str = "Send it.",
) -> Reply:
    session = transfer.session
    services, size = session.services, session.options.block_size
    if path.is_root:
        raise IsAFolderError("'/' is a folder", hint="Name a file.")
    incoming = Incoming(services.files, services.uploads, session.principal, path, size, conflict)
    intake = _Intake(incoming, size)
    try:
        if go_on:
            incoming.go_on(at)
        transfer.enter(Direction.UP, None, About(str(path)))
        stream = transfer.open(said)
        intake.read(transfer, stream)
        transfer.finish(stream)
        transfer.check()
        arrived = intake.finish()
    except InterruptedTransferError:
        intake.cut()
        raise
    except BaseException:
        intake.drop()
        raise
    return Reply(226, f"{_DONE} It is {display(arrived.path)}, {arrived.size} bytes.")


class _Intake:
    """Two buffers: one is filled from the wire while the other one is stored."""

    def __init__(self, incoming: Incoming, size: int) -> None:
        self._incoming = incoming
        self._size = size
        self._spare: memoryview | None = None
        self._pending: Future[None] | None = None
        self._rest: Buffer = b""
        self._intact = True

    def read(self, transfer: Transfer, stream: Stream) -> None:
        """Until the end of the stream. Raises InterruptedTransferError, and what storing raises."""
        small = memoryview(bytearray(_FIRST))
        count = self._fill(transfer, stream, small)
        if count < len(small):
            self._rest = small[:count]
            return
        view = memoryview(bytearray(self._size))
        view[:count] = small
        while True:
            count += self._fill(transfer, stream, view[count:], view[:count])
            if count < len(view):
                self._rest = view[:count]
                return
            self._settle()
            self._pending = _ASIDE.submit(self._incoming.append, view)
            view, self._spare = self._spare or memoryview(bytearray(self._size)), view
            count = 0

    def _fill(self, transfer: Transfer, stream: Stream, view: memoryview, before: memoryview | None = None) -> int:
        try:
            return transfer.fill(stream, view)
        except InterruptedTransferError as error:
            whole = view if before is None else memoryview(before.obj)  # both are parts of one buffer
            self._rest = whole[: (0 if before is None else len(before)) + partial(error)]
            raise

    def _settle(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            self._intact = False  # unless all goes well
            pending.result()
            self._intact = True

    def finish(self) -> Arrived:
        """Publish."""
        self._settle()
        if len(self._rest):
            self._incoming.append(self._rest)
        return self._incoming.finish()

    def cut(self) -> None:
        """Keep what came."""
        try:
            self._settle()
            if len(self._rest):
                self._incoming.append(self._rest)
        except SecureFileTransferError:
            self._incoming.drop()
        else:
            self._incoming.cut()

    def drop(self) -> None:
        """Let go of it."""
        if self._pending is not None:
            wait([self._pending])
        self._incoming.drop()
