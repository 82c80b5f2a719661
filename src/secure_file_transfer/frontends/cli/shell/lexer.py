"""Reading a line as people write it, with quotes, backslashes, `;` and `#`; and writing a name so that it is read back.

What is special only without quotes (`*`, `?`, `[`, and `~` in front) carries a mark afterwards, so that a quoted star
stays a star. The mark is a character that no name can hold.
"""

import re
from dataclasses import dataclass, field

from ..failures import UsageError
from ..options import STDIO

MARK = "\0"
_MARKED = re.compile(f"{MARK}(.)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_SPECIAL = re.compile(r"""([\s'"\\;#*?\[~])""")


@dataclass
class Line:
    """A line as far as it was read. Unfinished is one with an open `quote`, or `cut` after a lone backslash."""

    statements: list[list[str]] = field(default_factory=lambda: [[]])
    quote: str = ""
    cut: bool = False
    in_word: bool = False
    """Whether the last word goes on where the line ends."""
    comment: bool = False
    _bare: bool = True
    """Whether nothing of the last word was quoted."""

    def take(self, char: str, following: str) -> int:
        """Read a character, perhaps together with the one that follows; returns how many."""
        if self.quote:
            return self._take_quoted(char, following)
        if char in " \t;":
            self._end_word()
            if char == ";":
                self.statements.append([])
        elif char == "#" and not self.in_word:
            self.comment = True
        elif char == "\\":
            self._add(following, bare=False)
            self.cut = not following
            return 2
        elif char in "'\"":
            self._add("", bare=False)
            self.quote = char
        else:
            special = char in "*?[" or (char == "~" and not self.in_word)
            self._add(MARK + char if special else char)
        return 1

    def _take_quoted(self, char: str, following: str) -> int:
        if char == self.quote:
            self.quote = ""
        elif char == "\\" and self.quote == '"' and following and following in '"\\':
            self._add(following, bare=False)
            return 2
        else:
            self._add(char, bare=False)
        return 1

    def _add(self, text: str, *, bare: bool = True) -> None:
        words = self.statements[-1]
        if self.in_word:
            words[-1] += text
        else:
            words.append(text)
        self._bare = bare and (self._bare or not self.in_word)
        self.in_word = True

    def _end_word(self) -> None:
        words = self.statements[-1]
        if self.in_word and self._bare and words[-1] == "-":
            words[-1] = STDIO
        self.in_word = False


def read(text: str) -> Line:
    """Read a line, or the beginning of one.

    Raises:
        UsageError: it holds a control character.
    """
    if _CONTROL.search(text):
        raise UsageError("The line holds a control character", hint="Leave it out; no name can hold one.")
    line, at = Line(), 0
    while at < len(text) and not line.comment:
        at += line.take(text[at], text[at + 1 : at + 2])
    return line


def split(text: str) -> list[list[str]]:
    """The statements of a whole line, each its words. There is none in an empty line or a comment.

    Raises:
        UsageError: a quote or a backslash has nothing to end it.
    """
    line = read(text + " " if not text.endswith("\\") else text)
    if line.quote:
        raise UsageError(
            f"The quote {line.quote} is not closed", hint=f"Close it, or write \\{line.quote} for the mark."
        )
    if line.cut:
        raise UsageError("The line ends with a backslash", hint="Write \\\\ for the backslash itself.")
    return [statement for statement in line.statements if statement]


def plain(word: str) -> str:
    """The word without marks."""
    return _MARKED.sub(r"\1", word)


def is_pattern(word: str) -> bool:
    """Whether it stands for what matches it."""
    return any(f"{MARK}{char}" in word for char in "*?[")


def pattern(word: str) -> str:
    """The pattern that `fnmatch` and `glob` understand: what was quoted matches itself."""
    escaped = re.sub(f"(?<!{MARK})([*?\\[])", r"[\1]", word)
    return plain(escaped)


def quoted(text: str, quote: str = "") -> str:
    """`text` written so that it is read back as it is, after an opening quote or without one."""
    if quote == "'":
        return text.replace("'", "'\\''")
    if quote == '"':
        return re.sub(r'(["\\])', r"\\\1", text)
    return _SPECIAL.sub(r"\\\1", text)
