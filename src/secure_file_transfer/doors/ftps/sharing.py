"""SHAR, UNSH, SHWM and SHBM: sharing by FTP. The services decide; here words are read and lines written.

A path may be in quotes, within which a quote is doubled; without them a level and a user are taken from the end, so
names with spaces need none as long as nothing is left out.
"""

import re
from collections.abc import Callable

from ...errors import InvalidRequestError, NotFoundError
from ...model import LEVELS, Rights
from ...paths import RemotePath
from ...services.shares import Shares
from .replies import Refused, Reply
from .session import Session

_WORD = re.compile(r'"((?:[^"]|"")*)"(?!\S)|(?<!\S)([^\s"]\S*)')
_RIGHTS_MAX = int(Rights.ALL)


def words(text: str) -> list[str]:
    """The words of an argument; one in quotes is a word with whatever is in it. Raises Refused."""
    if _WORD.sub("", text).strip():
        raise Refused(501, "A quote is left open.")
    return [match[1].replace('""', '"') if match[1] is not None else match[2] for match in _WORD.finditer(text)]


def read_level(text: str) -> Rights:
    """A level: its name, or a number from 0 to 15. Raises InvalidRequestError."""
    named = LEVELS.get(text.strip().lower())
    if named is not None:
        return named
    if text.strip().isascii() and text.strip().isdecimal() and int(text) <= _RIGHTS_MAX:
        return Rights(int(text))
    raise InvalidRequestError("That is no level", hint=f"Send 0 to 15 or one of {', '.join(LEVELS)}.")


def level_text(rights: Rights) -> str:
    """A level as it is shown: the number, and its name where it has one."""
    name = next((name for name, level in LEVELS.items() if level == rights), None)
    return f"{int(rights)} ({name})" if name else str(int(rights))


def _shares(session: Session) -> Shares:
    if session.services.shares is None:
        raise Refused(502, "Nothing is shared on this server.")
    return session.services.shares


def share(session: Session, argument: str) -> Reply:
    """SHAR path [user [level]]; what is left out is asked for."""
    _shares(session)
    given = words(argument)
    match given:
        case [path]:
            return _ask(session, "With whom? ACCT and a name.", lambda to: _ask_level(session, path, to))
        case [path, to]:
            return _ask_level(session, path, to)
        case [path, to, level]:
            return _grant(session, session.path(path), to, level)
    *_, to, level = given
    # A path with spaces and without quotes: all that comes before the last two words, as it was typed.
    path = argument.strip()[: -len(level)].rstrip()[: -len(to)].rstrip()
    return _grant(session, session.path(path), to, level)


def _ask_level(session: Session, path: str, to: str) -> Reply:
    place = session.path(path)
    if not to.strip():
        raise Refused(501, "Nobody was named; nothing was shared.")
    return _ask(
        session,
        f"Which level? ACCT and 0 to 15, or {', '.join(LEVELS)}.",
        lambda level: _grant(session, place, to.strip(), level),
    )


def _ask(session: Session, question: str, then: Callable[[str], Reply]) -> Reply:
    session.asked = then
    return Reply(332, question)


def _grant(session: Session, path: RemotePath, to: str, level: str) -> Reply:
    rights = read_level(level)
    if not rights:  # level 0 is how FTP's sharing takes everything back
        return _revoke(session, path, to)
    given = _shares(session).grant(session.principal, path, to, rights)
    return Reply(200, f"{given.to} has level {level_text(given.rights)} on {given.path}.")


def unshare(session: Session, argument: str) -> Reply:
    """UNSH path [user]: from one, or from everybody."""
    given = words(argument)
    text = argument.strip()
    if len(given) == 2:
        return _revoke(session, session.path(given[0]), given[1])
    if len(given) == 1:
        return _revoke(session, session.path(given[0]), None)
    to = given[-1]
    try:  # `a b c` may be a name with spaces, or one with a user behind it
        return _revoke(session, session.path(text), None)
    except NotFoundError:
        return _revoke(session, session.path(text[: -len(to)].rstrip()), to)


def _revoke(session: Session, path: RemotePath, to: str | None) -> Reply:
    count = _shares(session).revoke(session.principal, path, to)
    return Reply(200, f"{path} is shared with {to or f'{count} fewer'}{' no more' if to else ''}.")


def shared_with_me(session: Session, _: str) -> Reply:
    """SHWM: owner, level and path of each, separated by tabs' worth of plain spaces."""
    found = _shares(session).received(session.principal)
    lines = tuple(f"{each.owner} {level_text(each.rights)} {each.path}" for each in found)
    return Reply(200, f"Shared with you: {len(found)}", lines, "End")


def shared_by_me(session: Session, _: str) -> Reply:
    """SHBM: user, level and path of each."""
    found = _shares(session).given(session.principal)
    lines = tuple(f"{each.to} {level_text(each.rights)} {each.path}" for each in found)
    return Reply(200, f"Shared by you: {len(found)}", lines, "End")
