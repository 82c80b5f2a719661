"""Verbs on files and folders that move no content."""

import re
import time
from contextlib import suppress

from ...errors import ExistsError, ForbiddenError, IsAFolderError, NotAFolderError, NotFoundError
from ...model import Conflict, Entry, Kind, Rights
from ...paths import RemotePath, display
from .listing import Columns, entries, facts, read_stamp, stamp
from .replies import Refused, Reply, refusal
from .session import Session

LISTED_MAX = 1000
"""Entries in one STAT: its reply goes over the control connection, which has other things to carry."""
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)


def _quoted(path: RemotePath) -> str:
    """RFC 959, appendix II: quotes within are doubled."""
    return '"' + str(path).replace('"', '""') + '"'


def _file(session: Session, path: RemotePath) -> Entry:
    entry = session.services.files.stat(session.principal, path)
    if entry.kind is Kind.FOLDER:
        raise IsAFolderError(f"{display(str(path))} is a folder")
    return entry


def where(session: Session, _: str) -> Reply:
    """PWD."""
    return Reply(257, f"{_quoted(session.cwd)} is where you are.")


def go(session: Session, argument: str) -> Reply:
    """CWD."""
    target = _above(session) if argument.strip() in {"..", "../"} else session.path(argument)
    if session.services.files.stat(session.principal, target).kind is not Kind.FOLDER:
        raise NotAFolderError(f"{display(str(target))} is not a folder")
    session.cwd = target
    return Reply(250, f"You are in {_quoted(target)}.")


def up(session: Session, _: str) -> Reply:
    """CDUP; the root is its own parent."""
    session.cwd = _above(session)
    return Reply(250, f"You are in {_quoted(session.cwd)}.")


def _above(session: Session) -> RemotePath:
    return session.cwd.parent


def make(session: Session, argument: str) -> Reply:
    """MKD."""
    path = session.path(argument)
    try:
        session.services.files.make_folder(session.principal, path)
    except ExistsError as error:
        # RFC 959 knows no 553 for MKD, and clients that make folders side by side take 550 for "is there already".
        raise Refused(550, refusal(error).text) from None
    return Reply(257, f"{_quoted(path)} is there now.")


def remove_folder(session: Session, argument: str) -> Reply:
    """RMD, of an empty folder."""
    path = session.path(argument)
    if session.services.files.stat(session.principal, path).kind is not Kind.FOLDER:
        raise NotAFolderError(f"{display(str(path))} is not a folder", hint="DELE removes files.")
    session.services.files.remove(session.principal, path)
    return Reply(250, "It is gone.")


def remove_file(session: Session, argument: str) -> Reply:
    """DELE, of a published file, or else of one's own unfinished upload."""
    path, who = session.path(argument), session.principal
    try:
        _file(session, path)
    except NotFoundError:
        uploads = session.services.uploads
        unfinished = uploads.unfinished(who, path) if uploads else None
        if uploads is None or unfinished is None:
            raise
        uploads.remove(who, unfinished.id)
    else:
        session.services.files.remove(who, path)
    return Reply(250, "It is gone.")


def rename_from(session: Session, argument: str) -> Reply:
    """RNFR. Whoever may not move it hears so now."""
    path = session.path(argument)
    files, who = session.services.files, session.principal
    files.stat(who, path)
    if not path.is_root and Rights.DELETE not in files.rights(who, path.parent):
        raise ForbiddenError(f"You may not move away {display(str(path))}", hint="Ask its owner for the right to.")
    session.renaming = path
    return Reply(350, "Now the new name: RNTO.")


def rename_to(session: Session, argument: str) -> Reply:
    """RNTO. A file replaces a file, as `rename` does and FTP's clients expect; a folder replaces nothing."""
    source, session.renaming = session.renaming, None
    if source is None:
        raise Refused(503, "First RNFR.")
    target, files, who = session.path(argument), session.services.files, session.principal
    if source == target:
        return Reply(250, "It has that name already.")
    there = None
    with suppress(NotFoundError):
        there = files.stat(who, target)
    replaces = there is not None and there.kind is Kind.FILE and files.stat(who, source).kind is Kind.FILE
    files.move(who, source, target, conflict=Conflict.OVERWRITE if replaces else Conflict.SKIP)
    return Reply(250, "It has its new name.")


def size(session: Session, argument: str) -> Reply:
    """SIZE: to whoever was cut while sending a file it tells how much of that is here."""
    path = session.path(argument)
    uploads = session.services.uploads
    unfinished = uploads.unfinished(session.principal, path) if uploads else None
    return Reply(213, str(unfinished.offset if unfinished else _file(session, path).size))


def modified(session: Session, argument: str) -> Reply:
    """MDTM; with a time before the name, as some clients do, it sets it."""
    first, _, rest = argument.partition(" ")
    if rest and read_stamp(first) is not None:
        return set_modified(session, argument)
    return Reply(213, stamp(session.services.files.stat(session.principal, session.path(argument)).modified_us))


def set_modified(session: Session, argument: str) -> Reply:
    """MFMT time path."""
    text, _, name = argument.partition(" ")
    when = read_stamp(text)
    if when is None or not name.strip():
        raise Refused(501, "Send MFMT YYYYMMDDHHMMSS path.")
    path = session.path(name)
    session.services.files.set_modified(session.principal, path, when)
    return Reply(213, f"Modify={text}; {path}")


def digest(session: Session, argument: str) -> Reply:
    """HASH path: algorithm, range, digest, path (draft-bryan-ftpext-hash)."""
    path = session.path(argument)
    return Reply(213, f"SHA-256 0-{_file(session, path).size} {_sha256(session, path)} {path}")


def plain_digest(session: Session, argument: str) -> Reply:
    """XSHA256 path."""
    name = argument.strip()
    if name.startswith('"') and name.endswith('"') and len(name) > 2:
        name = name[1:-1]
    return Reply(250, _sha256(session, session.path(name)).upper())


def _sha256(session: Session, path: RemotePath) -> str:
    """Most are known; a file of a folder drive may have to be read."""
    _file(session, path)
    return session.services.files.digest(session.principal, path).hex()


def space(session: Session, argument: str) -> Reply:
    """ALLO: whether so many bytes would find room."""
    match = _NUMBER.match(argument.strip())
    if match is None:
        raise Refused(501, "That is no number of bytes.")
    usage = session.services.files.usage(session.principal)
    left = usage.free if usage.quota is None else min(usage.free, usage.quota - usage.bytes)
    if int(match[0]) > left:
        raise Refused(552, f"There is room for {max(left, 0)} bytes only.")
    return Reply(200, "There is room for it.")


def about(session: Session, argument: str) -> Reply:
    """MLST: the facts of one entry, over the control connection."""
    path = session.path(argument)
    entry = session.services.files.stat(session.principal, path)
    rights = session.services.files.rights(session.principal, path)
    return Reply(250, "Listing:", (f"{facts(entry, rights, session.facts)} {path}",), "End")


def listed(session: Session, argument: str) -> Reply:
    """STAT path: a listing over the control connection."""
    path = session.path(argument)
    rights = session.services.files.rights(session.principal, path)
    columns = Columns(session.name, rights, time.time())
    lines: list[str] = []
    for page in entries(session, path):
        lines += map(columns.line, page)
        if len(lines) > LISTED_MAX:
            lines[LISTED_MAX:] = ["... and more; LIST shows all of them"]
            break
    return Reply(213, f"Status of {path}:", tuple(lines), "End")
