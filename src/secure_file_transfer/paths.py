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
# Percent-encoded separators and NUL, overlong forms among them: harmless here, where nothing decodes twice, but not in
# the next program.
_ENCODED_SEPARATOR = re.compile(
    r"%(?:25)*(?:2f|5c|00|c0%(?:25)*(?:af|80)|c1%(?:25)*9c|e0%(?:25)*80%(?:25)*af|u00(?:2f|5c|00))", re.IGNORECASE
)
_ENCODED_DOT = re.compile(r"%(?:25)*(?:2e|c0%(?:25)*ae|u002e)", re.IGNORECASE)
_STRAY_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_STREAM = re.compile(r":[^:]*:\$")  # how NTFS names another stream of the same file
_DOTS = frozenset({".", ".."})
_TOO_LONG = "long", f"a name cannot be longer than {NAME_MAX_BYTES} bytes"
_ZWNJ, _ZWJ, _EMOJI_STYLE = "\u200c", "\u200d", "\ufe0f"
_VIRAMA = 9  # canonical combining class
# Characters that show nothing though their category says letter, mark or symbol (Default_Ignorable_Code_Point, and
# the empty Braille pattern).
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | {
    chr(point) for point in range(0xFE00, 0xFE0F)
}
_KEYCAP, _KEYCAP_BASES = "\u20e3", frozenset("0123456789#*")
_PICTURES_ELSEWHERE = frozenset("\u203c\u2049\u2139\u2194\u25fd\u25fe\u3030")  # emoji that are not symbols by category
_REGION_FLAGS = re.compile(  # England, Scotland, Wales: the flags that are spelled with invisible letters
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|"
    "\U000e0077\U000e006c\U000e0073)\U000e007f"
)
# Most names: letters, digits and a few marks of ASCII. They break no rule, and need not be looked at one by one.
_PLAIN = re.compile(r"[0-9A-Za-z_-](?:[0-9A-Za-z_. -]{0,200}[0-9A-Za-z_-])?")


def _is_picture(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sk"} or char in _PICTURES_ELSEWHERE


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
    return (before == _EMOJI_STYLE or _is_picture(before)) and _is_picture(after)


def _style_in_place(name: str, at: int) -> bool:
    """Whether the variation selector at `at` chooses a look: an emoji's, or that of a Han character."""
    before, after = name[at - 1 : at], name[at + 1 : at + 2]
    if not before:
        return False
    if name[at] == _EMOJI_STYLE:
        return _is_picture(before) or (before in _KEYCAP_BASES and after == _KEYCAP)
    return "IDEOGRAPH" in unicodedata.name(before, "")


def _shows_nothing(name: str, at: int) -> bool:
    """Whether the character at `at` is invisible where it stands, or changes only the order of its neighbours."""
    char = name[at]
    if char in {_ZWNJ, _ZWJ}:
        return not _joiner_in_place(name, at)
    if char == _EMOJI_STYLE or "\U000e0100" <= char <= "\U000e01ef":
        return not _style_in_place(name, at)
    return char in _BLANK or unicodedata.category(char) == "Cf"


def _fault(name: str) -> tuple[str, str] | None:  # noqa: C901, PLR0912 - a list of rules, one line each
    """What is wrong with a name, for programs and for people; or None."""
    if not name:
        return "empty", "a name cannot be empty"
    if name in _DOTS:
        return "dots", "'.' and '..' are not names"
    if len(name) > NAME_MAX_BYTES:
        return _TOO_LONG
    size = len(name.encode(errors="surrogatepass"))
    name = _REGION_FLAGS.sub("\U0001f3f4", name)
    for at, char in enumerate(name):
        if char in "/\\" or char in _SEPARATOR_TWINS:
            return "separator", "a name cannot contain a path separator or a character that looks like one"
        if unicodedata.category(char) in {"Cc", "Zl", "Zp", "Cs"}:
            return "control", "a name cannot contain control characters or line breaks"
        if _shows_nothing(name, at):
            return "invisible", "a name cannot contain invisible or direction-changing characters"
    if size > NAME_MAX_BYTES:
        return _TOO_LONG
    if unicodedata.normalize("NFC", name) != name:
        return "form", "a name must be in Unicode normal form C (NFC)"
    if name[-1] in ". " or unicodedata.category(name[-1]) == "Zs":
        return "end", "a name cannot end with a dot or a space"
    seen = unicodedata.normalize("NFKC", name)
    if seen in _DOTS or "/" in seen or "\\" in seen or _ENCODED_DOT.sub(".", name) in _DOTS:
        return "disguise", "a name cannot disguise a path separator or a parent folder"
    if _ENCODED_SEPARATOR.search(name):
        return "disguise", "a name cannot contain an encoded path separator"
    if _STREAM.search(name):
        return "stream", "a name cannot name a stream of another file"
    return None


def check_name(name: str) -> str:
    """Return `name` unchanged, or refuse it.

    Raises:
        InvalidNameError: with the rule that it breaks.
    """
    if _PLAIN.fullmatch(name):
        return name
    if fault := _fault(name):
        raise InvalidNameError(f"{display(name)}: {fault[1]}", hint="Choose another name.").because(fault[0], name=name)
    return name


def escaped(text: str) -> str:
    """Text in which whatever could move a cursor, end a line or change direction is shown as its code."""
    if text.isprintable():
        return text
    return "".join(
        c if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} or c == _ZWNJ else f"\\u{ord(c):04x}"
        for c in text
    )


def display(text: str) -> str:
    """Text that is safe to print: quotes it, and escapes what could move a cursor or change direction."""
    shown = escaped(text[:NAME_MAX_BYTES])
    return f"'{shown}'" + ("…" if len(text) > NAME_MAX_BYTES else "")


@dataclass(frozen=True, slots=True)
class RemotePath:
    """An absolute path in a tree: a tuple of checked names. The root is the empty tuple.

    However it comes to be, its names were checked: whoever holds one holds no `..` and no separator in a name.
    Comparisons are by component, so `/home/al` is no prefix of `/home/alice`.
    """

    parts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.parts) > DEPTH_MAX:
            raise InvalidNameError(f"The path has more than {DEPTH_MAX} parts", hint="Use a flatter tree.").because(
                "deep", most=DEPTH_MAX
            )
        for part in self.parts:
            check_name(part)
        if len(str(self).encode()) > PATH_MAX_BYTES:
            raise InvalidNameError(
                f"The path is longer than {PATH_MAX_BYTES} bytes", hint="Use shorter names."
            ).because("path_long", most=PATH_MAX_BYTES)

    @classmethod
    def parse(cls, text: str) -> "RemotePath":
        """Read `/a/b`, `a/b` or `/a/b/`; every name is checked, nothing is resolved.

        Raises:
            InvalidNameError: for any name that `check_name` refuses, `..` among them, and for `//`.
        """
        if text in {"", "/"}:
            return cls()
        return cls(tuple(text.removeprefix("/").removesuffix("/").split("/")))

    def resolve(self, text: str) -> "RemotePath":
        """What `text` names as seen from this folder, as in FTP and a shell: `/a`, `a/b`, `./a`, `../a`, `a/`.

        `.` and `..` are taken by name, here and nowhere later; empty steps count for nothing.

        Raises:
            InvalidNameError: for any name that `check_name` refuses, and for a way that leads out above the root.
        """
        names = [] if text.startswith("/") else list(self.parts)
        for step in text.split("/"):
            if step == "..":
                if not names:
                    raise InvalidNameError(f"{display(text)} leads out of your files", hint="Begin at /.")
                names.pop()
            elif step not in {"", "."}:
                names.append(step)
        return RemotePath(tuple(names))

    @classmethod
    def from_url(cls, raw: bytes) -> "RemotePath":
        """Read the path part of a URL as it stood on the wire: split first, then decode each name once.

        Raises:
            InvalidNameError: also for bytes that are not UTF-8 (overlong forms included) once decoded, and for a `%`
                that begins no escape.
        """
        if _STRAY_PERCENT.search(raw):
            raise InvalidNameError("The path holds a '%' that begins no escape", hint="Write a percent sign as %25.")
        if raw in {b"", b"/"}:
            return cls()
        try:
            names = [
                unquote_to_bytes(piece).decode() for piece in raw.removeprefix(b"/").removesuffix(b"/").split(b"/")
            ]
        except UnicodeDecodeError:
            raise InvalidNameError("The path is not valid UTF-8", hint="Encode names as UTF-8.") from None
        return cls(tuple(names))

    def __str__(self) -> str:
        return "/" + "/".join(self.parts)

    def __truediv__(self, name: str) -> "RemotePath":
        return RemotePath((*self.parts, name))

    def walk(self, text: str) -> "RemotePath":
        """Where somebody who stands in this folder means to go: `/a`, `a`, `./a`, `../a`; above the root is the root.

        Only for what a person types. What arrives from elsewhere is read by `parse`, which resolves nothing.

        Raises:
            InvalidNameError
        """
        names = [] if text.startswith("/") else list(self.parts)
        for name in text.split("/"):
            if name == "..":
                del names[-1:]
            elif name not in {"", "."}:
                names.append(name)
        return RemotePath(tuple(names))

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


# An ending short enough to be a file type; `.tar.gz` and its kin are one ending.
_ENDING = re.compile(r"(.+?)(\.(?:tar\.)?\w{1,10})", re.DOTALL)


def numbered(name: str, number: int) -> str:
    """The name that `rename` tries as its `number`-th choice: `report (2).tar.gz` for `report.tar.gz`.

    Stays within the byte limit of a name by shortening the stem.
    """
    match = _ENDING.fullmatch(name)
    stem, ending = match.groups() if match else (name, "")
    tail = f" ({number}){ending}"
    room = NAME_MAX_BYTES - len(tail.encode())
    short = stem.encode()[:room].decode(errors="ignore")
    # The cut may fall inside a sequence of joined characters; what it leaves must still be a name.
    while short and _fault(short + tail):
        short = short[:-1]
    return check_name((short or "_") + tail)
