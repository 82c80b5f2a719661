"""Which files of a tree take part: `--include` and `--exclude`.

A pattern looks like those of gitignore: `*` and `?` stand for anything but a slash, `**` for anything, `[a-z]` for one
of these; a slash at the end means folders only; a slash anywhere else ties the pattern to the top of the tree,
and without one it matches at any depth. It matches a file also by matching a folder above it.

The first pattern that matches decides. Where none does, the file takes part, unless there are only includes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import InvalidRequestError
from ..paths import display

Parts = tuple[str, ...]
"""A path below the top of a tree, as its names; the top itself is empty."""

_WILD = re.compile(r"(?P<deep>\*\*/)|(?P<all>\*\*)|(?P<star>\*)|(?P<one>\?)|\[(?P<set>[!^]?\]?[^]]*)\]|\\(?P<plain>.)")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One `--include` or `--exclude`."""

    include: bool
    text: str

    @classmethod
    def parse(cls, rule: str) -> "Pattern":
        """Read `+ PATTERN` or `- PATTERN`.

        Raises:
            InvalidRequestError
        """
        if rule[:2] not in {"+ ", "- "}:
            raise InvalidRequestError(
                f"{display(rule)} is no filter", hint="Write '- PATTERN' to exclude and '+ PATTERN' to include."
            )
        return cls(rule[0] == "+", rule[2:])


class Filter:
    """Patterns in the order in which they were given."""

    def __init__(self, patterns: Sequence[Pattern] = ()) -> None:
        """Compile them.

        Raises:
            InvalidRequestError: one of them can match nothing, or is no pattern.
        """
        self._rules = [(pattern.include, *_compiled(pattern.text)) for pattern in patterns]
        self._default = not patterns or not all(pattern.include for pattern in patterns)

    def takes(self, path: Parts, *, folder: bool) -> bool:
        """Whether a file, or a folder for its own sake, takes part."""
        at = self._deciding(path, folder=folder)
        return self._default if at is None else self._rules[at][0]

    def enters(self, path: Parts) -> bool:
        """Whether something in that folder may take part: it does, or an include comes before what forbids it."""
        at = self._deciding(path, folder=True)
        if at is None or self._rules[at][0]:
            return True
        return any(include for include, _, _ in self._rules[:at])

    def _deciding(self, path: Parts, *, folder: bool) -> int | None:
        if not self._rules:
            return None
        spots = ["/".join(path[:length]) for length in range(1, len(path) + 1)]
        for at, (_, regex, only_folders) in enumerate(self._rules):
            for number, spot in enumerate(spots, 1):
                if (folder or number < len(spots) or not only_folders) and regex.fullmatch(spot):
                    return at
        return None


def _compiled(text: str) -> tuple[re.Pattern[str], bool]:
    bare = text.removesuffix("/")
    tied = "/" in bare
    bare = bare.removeprefix("/")
    if not bare or "//" in text:
        raise InvalidRequestError(f"{display(text)} is no pattern", hint="Write something like '*.tmp' or 'cache/'.")
    try:
        return re.compile(("" if tied else "(?:.*/)?") + _regex(bare), re.DOTALL), text.endswith("/")
    except re.error:
        raise InvalidRequestError(
            f"{display(text)} is no pattern", hint="A '[' that is meant itself is written '\\['."
        ) from None


def _regex(glob: str) -> str:
    parts, end = [], 0
    for found in _WILD.finditer(glob):
        parts.append(re.escape(glob[end : found.start()]))
        end = found.end()
        match found.lastgroup:
            case "deep":
                parts.append("(?:.*/)?")
            case "all":
                parts.append(".*")
            case "star":
                parts.append("[^/]*")
            case "one":
                parts.append("[^/]")
            case "set":
                parts.append(_one_of(found["set"]))
            case _:
                parts.append(re.escape(found["plain"]))
    return "".join(parts) + re.escape(glob[end:])


def _one_of(inside: str) -> str:
    """A class of characters; a slash is in none."""
    negated = inside[:1] in {"!", "^"}
    # A character, or a range of them; everything is escaped, for `re` has signs of its own for sets.
    items = re.findall("(.)-(.)|(.)", inside[1:] if negated else inside, re.DOTALL)
    chars = "".join(f"{re.escape(a)}-{re.escape(b)}" if a else re.escape(one) for a, b, one in items)
    return f"(?!/)[{'^' if negated else ''}{chars}]"
