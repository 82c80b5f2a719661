"""Forms with files (`multipart/form-data`, RFC 7578), read as they arrive: bytes in, events out, nothing held back.

A browser without scripts can send files in no other way. Only what browsers and curl write is understood.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import InvalidRequestError, LengthMismatchError

HEAD_MAX = 8 * 1024
"""Of one part: its name, the file's name and type."""
PARTS_MAX = 1000
_BOUNDARY = re.compile(
    rb"multipart/form-data\s*;.*?\bboundary=(?:\"([^\"]{1,70})\"|([^\s;\"]{1,70}))(?=[\s;]|$)",
    re.IGNORECASE | re.DOTALL,
)
# RFC 2046, 5.1.1: what a boundary is made of.
_GOOD_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]*[0-9A-Za-z'()+_,./:=?-]")
_PARAMETER = re.compile(r';\s*(name|filename)="((?:\\["\\]|[^"\r\n])*)"', re.IGNORECASE)
_ESCAPED = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class Begin:
    """A part. `filename` is None for a plain field, and empty where no file was chosen."""

    name: str
    filename: str | None


@dataclass(frozen=True, slots=True)
class Data:
    """The next bytes of the part."""

    data: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The part is whole."""


Event = Begin | Data | End


def boundary_of(content_type: bytes) -> bytes:
    """What separates the parts.

    Raises:
        InvalidRequestError
    """
    found = _BOUNDARY.match(content_type.strip())
    boundary = (found[1] or found[2]) if found else b""
    if not _GOOD_BOUNDARY.fullmatch(boundary):
        raise InvalidRequestError("The form cannot be read", hint="Send it as multipart/form-data.")
    return boundary


class FormParser:
    """Cuts a body into its parts. `feed` it what arrives, and `close` it in the end."""

    def __init__(self, boundary: bytes) -> None:
        self._mark = b"\r\n--" + boundary
        self._held = bytearray(b"\r\n")  # so that the first mark begins a line like all others
        self._step = self._preamble
        self._parts = 0
        self._over = False

    def feed(self, data: bytes | memoryview) -> Iterator[Event]:
        """What the next bytes bring. Read all of it before more is fed.

        Raises:
            InvalidRequestError
        """
        self._held += data
        while (events := self._step()) is not None:
            yield from events

    def close(self) -> None:
        """Raises LengthMismatchError: the body ended in the middle."""
        if not self._over:
            raise LengthMismatchError("The form was cut off", hint="Send it again.")

    # Each step takes what it can from what is held; None: it needs more.

    def _preamble(self) -> list[Event] | None:
        at = self._held.find(self._mark)
        if at < 0:
            del self._held[: -len(self._mark)]
            return None
        del self._held[: at + len(self._mark)]
        self._step = self._after_mark
        return []

    def _after_mark(self) -> list[Event] | None:
        if len(self._held) < 2:
            return None
        ending = bytes(self._held[:2])
        del self._held[:2]
        if ending == b"--":
            self._over = True
            self._step = self._epilogue
            return []
        self._parts += 1
        if ending != b"\r\n" or self._parts > PARTS_MAX:
            raise InvalidRequestError("The form cannot be read")
        self._step = self._head
        return []

    def _head(self) -> list[Event] | None:
        at = self._held.find(b"\r\n\r\n")
        if at < 0 and len(self._held) <= HEAD_MAX:
            return None
        if not 0 <= at <= HEAD_MAX:
            raise InvalidRequestError("A part of the form has too long a head")
        lines = bytes(self._held[:at]).split(b"\r\n")
        # The line break before the content may be that of the next mark: a part can be empty.
        del self._held[: at + 2]
        self._step = self._first
        return [_begin(lines)]

    def _first(self) -> list[Event] | None:
        if len(self._held) < len(self._mark):
            return None
        if not self._held.startswith(self._mark):
            del self._held[:2]
        self._step = self._content
        return []

    def _content(self) -> list[Event] | None:
        at = self._held.find(self._mark)
        if at < 0:
            ready = len(self._held) - len(self._mark)
            return [Data(self._taken(ready))] if ready > 0 else None
        found: list[Event] = [Data(self._taken(at))] if at else []
        del self._held[: len(self._mark)]
        self._step = self._after_mark
        return [*found, End()]

    def _taken(self, count: int) -> bytes:
        data = bytes(memoryview(self._held)[:count])
        del self._held[:count]
        return data

    def _epilogue(self) -> list[Event] | None:
        self._held.clear()
        return None


def _begin(lines: list[bytes]) -> Begin:
    """What a part's head says.

    Raises:
        InvalidRequestError: it does not say its name.
    """
    for line in lines:
        field, _, value = line.partition(b":")
        if field.strip().lower() == b"content-disposition":
            try:
                text = value.decode()
            except UnicodeDecodeError:
                raise InvalidRequestError("A name in the form is not in UTF-8") from None
            found = {name.lower(): _plain(quoted) for name, quoted in _PARAMETER.findall(text)}
            if "name" in found:
                return Begin(found["name"], found.get("filename"))
    raise InvalidRequestError("A part of the form has no name")


def _plain(quoted: str) -> str:
    """As curl writes quotes in a name, or as browsers do (HTML, 4.10.21.8)."""
    text = _ESCAPED.sub(r"\1", quoted)
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
