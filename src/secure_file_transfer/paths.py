"""The one authority for names and paths. No other module splits, joins, decodes or judges a remote path.

A name that is accepted has exactly one spelling, looks like what it is, and means the same to every file system:
that is why near-twins and disguises are refused at the gate and never repaired silently.
"""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from .errors import InvalidNameError

NAME_MAX_BYTES = 255
"""The limit of ext4, XFS, APFS and NTFS (there in UTF-16 units); a longer name could not be downloaded again."""

PATH_MAX_BYTES = 4096
"""PATH_MAX of Linux."""

DEPTH_MAX = 200
"""Deeper trees break PATH_MAX anyway; recursion over a path stays bounded."""

# Characters that look like a separator and that compatibility normalisation does not unmask.
_SEPARATOR_TWINS = frozenset("\u2044\u2215\u2216\u29f5\u29f8\u29f9\ufe68\uff0f\uff3c")
# Percent-encoded separators and NUL: harmless here, where nothing decodes twice, but not in the next program.
_ENCODED_SEPARATOR = re.compile(r"%(?:25)*(?:2f|5c|00)", re.IGNORECASE)
_ENCODED_DOT = re.compile(r"%(?:25)*2e", re.IGNORECASE)
_DOTS = frozenset({".", ".."})
_ZWNJ, _ZWJ, _EMOJI_STYLE = "\u200c", "\u200d", "\ufe0f"
_VIRAMA = 9  # canonical combining class


def _joiner_in_place(name: str, at: int) -> bool:
    """Whether the zero-width (non-)joiner at `at` does visible work, after RFC 5892, appendices A.1 and A.2.

    Persian needs ZWNJ inside words and emoji need ZWJ inside sequences; anywhere else they make invisible twins.
    """
    before, after = name[at - 1 : at], name[at + 1 : at + 2]
    if not before or not after:
        return False
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if name[at] == _ZWNJ:
        # Marks may sit on the letter before; both neighbours must be letters of a joining script.
        base = name[:at].rstrip("".join(c for c in name if unicodedata.category(c) == "Mn"))[-1:]
        return all(c and unicodedata.bidirectional(c) == "AL" for c in (base, after))
    pictures = {"So", "Sk"}
    return (before == _EMOJI_STYLE or unicodedata.category(before) in pictures) and (
        unicodedata.category(after) in pictures
    )


def _fault(name: str) -> str | None:  # noqa: C901 - a list of rules, one line each
    """What is wrong with a name, or None."""
    if not name:
        return "a name cannot be empty"
    if name in _DOTS:
        return "'.' and '..' are not names"
    for at, char in enumerate(name):
        if char in "/\\" or char in _SEPARATOR_TWINS:
            return "a name cannot contain a path separator or a character that looks like one"
        category = unicodedata.category(char)
        if category in {"Cc", "Zl", "Zp", "Cs"}:
            return "a name cannot contain control characters or line breaks"
        if category == "Cf" and not (char in {_ZWNJ, _ZWJ} and _joiner_in_place(name, at)):
            return "a name cannot contain invisible or direction-changing characters"
    if len(name.encode()) > NAME_MAX_BYTES:
        return f"a name cannot be longer than {NAME_MAX_BYTES} bytes"
    if unicodedata.normalize("NFC", name) != name:
        return "a name must be in Unicode normal form C (NFC)"
    if name[-1] in ". " or unicodedata.category(name[-1]) == "Zs":
        return "a name cannot end with a dot or a space"
    seen = unicodedata.normalize("NFKC", name)
    if seen in _DOTS or "/" in seen or "\\" in seen or _ENCODED_DOT.sub(".", name) in _DOTS:
        return "a name cannot disguise a path separator or a parent folder"
    if _ENCODED_SEPARATOR.search(name):
        return "a name cannot contain an encoded path separator"
    if "::$" in name:
        return "a name cannot contain '::$'"
    return None


def check_name(name: str) -> str:
    """Return `name` unchanged, or refuse it.

    Raises:
        InvalidNameError: with the rule that it breaks.
    """
    if fault := _fault(name):
        raise InvalidNameError(f"{display(name)}: {fault}", hint="Choose another name.")
    return name


def display(text: str) -> str:
    """Text that is safe to print: quotes it, and escapes what could move a cursor or change direction."""
    shown = "".join(
        c if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} or c == _ZWNJ else f"\\u{ord(c):04x}"
        for c in text[:NAME_MAX_BYTES]
    )
    return f"'{shown}'" + ("…" if len(text) > NAME_MAX_BYTES else "")


@dataclass(frozen=True, slots=True)
class RemotePath:
    """An absolute path in a tree: a tuple of checked names. The root is the empty tuple.

    Comparisons are by component, so `/home/al` is no prefix of `/home/alice`.
    """

    parts: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "RemotePath":
        """Read `/a/b`, `a/b` or `/a/b/`; every name is checked, nothing is resolved.

        Raises:
            InvalidNameError: for any name that `check_name` refuses, `..` among them, and for `//`.
        """
        return cls._of(text.removeprefix("/").removesuffix("/").split("/") if text.strip("/") else _root(text))

    @classmethod
    def from_url(cls, raw: bytes) -> "RemotePath":
        """Read the path part of a URL as it stood on the wire: split first, then decode each name once.

        Raises:
            InvalidNameError: also for bytes that are not UTF-8 (overlong forms included) once decoded.
        """
        pieces = raw.removeprefix(b"/").removesuffix(b"/")
        try:
            names = [unquote_to_bytes(piece).decode() for piece in pieces.split(b"/")] if pieces else []
        except UnicodeDecodeError:
            raise InvalidNameError("The path is not valid UTF-8", hint="Encode names as UTF-8.") from None
        return cls._of(names)

    @classmethod
    def _of(cls, names: list[str]) -> "RemotePath":
        if len(names) > DEPTH_MAX:
            raise InvalidNameError(f"The path has more than {DEPTH_MAX} parts", hint="Use a flatter tree.")
        path = cls(tuple(check_name(name) for name in names))
        if len(str(path).encode()) > PATH_MAX_BYTES:
            raise InvalidNameError(f"The path is longer than {PATH_MAX_BYTES} bytes", hint="Use shorter names.")
        return path

    def __str__(self) -> str:
        return "/" + "/".join(self.parts)

    def __truediv__(self, name: str) -> "RemotePath":
        return RemotePath._of([*self.parts, name])

    @property
    def name(self) -> str:
        """The last name; empty for the root."""
        return self.parts[-1] if self.parts else ""

    @property
    def parent(self) -> "RemotePath":
        """The folder that holds it; the root is its own parent."""
        return RemotePath(self.parts[:-1])

    @property
    def is_root(self) -> bool:
        """Whether it is the root of the tree."""
        return not self.parts

    def is_within(self, folder: "RemotePath") -> bool:
        """Whether it is `folder` itself or lies below it."""
        return self.parts[: len(folder.parts)] == folder.parts

    def to_url(self) -> str:
        """The percent-encoded form, `/` first, that `from_url` reads back to the same path."""
        return "/" + "/".join(quote(part, safe="") for part in self.parts)


def _root(text: str) -> list[str]:
    if text in {"", "/"}:
        return []
    raise InvalidNameError(f"{display(text)}: a name cannot be empty", hint="Write single slashes.")


def numbered(name: str, number: int) -> str:
    """The name that `rename` tries as its `number`-th choice: `report (2).tar.gz` for `report.tar.gz`.

    Stays within the byte limit of a name by shortening the stem.
    """
    stem, dot, suffix = name.partition(".") if name.count(".") and not name.startswith(".") else (name, "", "")
    tail = f" ({number}){dot}{suffix}"
    room = NAME_MAX_BYTES - len(tail.encode())
    if room < 1:  # an absurdly long "suffix": treat the whole name as the stem
        tail = f" ({number})"
        stem, room = name, NAME_MAX_BYTES - len(tail.encode())
    return check_name(unicodedata.normalize("NFC", stem.encode()[:room].decode(errors="ignore")) + tail)
