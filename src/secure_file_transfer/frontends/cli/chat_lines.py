"""Conversations as lines of a terminal. What others wrote can do no more there than be read."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .terminal import cells, local_time, padded, safe, styled, width

if TYPE_CHECKING:
    from ...client import ChatInfo, ChatMessage

NAME_MAX = 16
_TAB = "    "
_TEXT_MIN = 20
# They turn the direction of reading, which terminals do by themselves or not at all.
_DIRECTIONS = dict.fromkeys(map(ord, "\u061c\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069"))


def readable(text: str) -> str:
    """One line of somebody's text as a terminal may show it."""
    return safe(text.translate(_DIRECTIONS).replace("\t", _TAB))


def peer_name(peer: str, name: str) -> str:
    """Whom one talks to."""
    if peer == "operators":
        return "the operators"
    return f"{readable(name)} (guest)" if peer == "guest" else readable(name)


def wrapped(text: str, columns: int) -> list[str]:
    """One line as several of at most so many columns: broken at spaces, and within words that are too long."""
    lines: list[str] = []
    line: str | None = None
    for word in text.split(" "):
        joined = word if line is None else f"{line} {word}"
        if cells(joined) <= columns:
            line = joined
            continue
        if line:
            lines.append(line)
        line = ""
        for char in word:
            if line and cells(line + char) > columns:
                lines.append(line)
                line = ""
            line += char
    return [*lines, line or ""]


class Lines:
    """Messages as lines, each day under its date. `me` is what we are called, where we have a name."""

    def __init__(self, me: str | None, *, columns: int | None = None) -> None:
        self._me = me
        self._columns = columns
        self._day = ""
        self._names = len("you")

    def of(self, messages: "Iterable[ChatMessage]") -> list[str]:
        """The lines of some messages, which come after all before."""
        lines: list[str] = []
        for message in messages:
            when = local_time(message.at_us)
            if (day := f"{when:%Y-%m-%d}") != self._day:
                self._day = day
                lines.append(styled(day, "dim", sys.stdout))
            lines += self.message(message, f"{when:%H:%M}")
        return lines

    def message(self, message: "ChatMessage", when: str) -> list[str]:
        """`09:31  sara  text`; what does not fit into one line goes on below the beginning of the text.

        So nothing that somebody writes can look like a line of somebody else.
        """
        own = message.mine and (self._me is None or message.sender == self._me)
        name = _shortened("you" if own else readable(message.sender))
        self._names = max(self._names, cells(name))
        indent = len(when) + 2 + self._names + 2
        head = f"{styled(when, 'dim', sys.stdout)}  {styled(padded(name, self._names), _style(message), sys.stdout)}  "
        room = max(_TEXT_MIN, (self._columns or width()) - indent)
        lines = [piece for line in _text(message).split("\n") for piece in wrapped(readable(line), room)]
        return [head + lines[0], *(" " * indent + line for line in lines[1:])]


def _text(message: "ChatMessage") -> str:
    """The text; behind a link stands where it leads, unless it says so itself."""
    return "".join(
        each.text if each.path is None or each.text.rstrip("/") == f":{each.path}" else f"{each.text} [:{each.path}]"
        for each in message.segments
    )


def _style(message: "ChatMessage") -> str:
    return "green" if message.mine else "cyan"


def _shortened(name: str) -> str:
    if cells(name) <= NAME_MAX:
        return name
    while cells(name) > NAME_MAX - 1:
        name = name[:-1]
    return name + "…"


def chat_rows(chats: "Sequence[ChatInfo]", columns: int) -> list[list[str]]:
    """Conversations as rows of a table: number, other side, unread, when, and the beginning of the last message."""
    rows = []
    for each in chats:
        said = each.latest
        when = f"{local_time(said.at_us):%Y-%m-%d %H:%M}" if said else ""
        text = " ".join(readable(line) for line in said.text.split("\n")) if said else ""
        gone = ", has left" if each.gone else ""
        unread = str(each.unread) if each.unread else ""
        rows.append([str(each.number), peer_name(each.peer, each.name) + gone, unread, when, text])
    room = max(_TEXT_MIN, columns - sum(max((cells(row[at]) for row in rows), default=0) + 2 for at in range(4)) - 2)
    return [[*row[:4], row[4] if cells(row[4]) <= room else wrapped(row[4], room - 1)[0] + "…"] for row in rows]
