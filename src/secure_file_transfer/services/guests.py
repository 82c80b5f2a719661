"""What visitors of a link are called, so that several behind one address stay apart."""

import re
import unicodedata
from collections.abc import Iterable

NAME_MAX = 40
"""Characters: enough for a person's name, short enough for a table."""
_TYPED_MAX = 400
_OURS = re.compile(r"Guest ([1-9][0-9]{0,8})", re.ASCII)


def cleaned(wanted: str) -> str:
    """A name that somebody chose, as it may be shown: one line without anything invisible; empty where none is left."""
    text = unicodedata.normalize("NFC", wanted[:_TYPED_MAX])
    text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:NAME_MAX].strip()


def guest_name(wanted: str, taken: Iterable[str]) -> str:
    """The name of a new visitor: what it chose, told apart from the others of its link; or the next `Guest N`."""
    used = set(taken)
    chosen = cleaned(wanted)
    folded = {each.casefold() for each in used}
    if not chosen or _OURS.fullmatch(chosen):
        numbers = [int(found[1]) for each in used if (found := _OURS.fullmatch(each))]
        return f"Guest {max(numbers, default=0) + 1}"
    name, number = chosen, 2
    while name.casefold() in folded:
        name, number = f"{chosen} ({number})", number + 1
    return name
