"""The table of who is connected, fitted to the terminal: on a narrow one the least needed columns are left out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .terminal import cells, count_text, duration_text, safe, size_text, table

if TYPE_CHECKING:
    from rich.text import Text

    from ...client import ConnectedClient

_COLUMNS = ("ID", "WHO", "DOOR", "ADDRESS", "STATE", "FILE", "DONE", "RATE", "LEFT", "SINCE")
_LEAVE_OUT = ("SINCE", "ADDRESS", "DOOR", "LEFT", "RATE", "ID")
"""In this order, until the rest fits."""
_RIGHT = frozenset({"DONE", "RATE", "LEFT", "SINCE"})
_FILE_MIN = 14
_NAME_MAX = 20
_STYLES = {"uploading": "cyan", "downloading": "green", "paused": "yellow", "signing in": "dim", "idle": "dim"}


def rows_of(found: "Sequence[ConnectedClient]", now: float) -> tuple[Sequence[str], list[Sequence[str]]]:
    """All columns, whole."""
    return _COLUMNS, [_row(each, now) for each in found]


def lines_of(found: "Sequence[ConnectedClient]", now: float, columns: int) -> list[str]:
    """The table with its head, no line wider than `columns` if that can be."""
    rows = [
        list(_COLUMNS),
        *([_short(text, name) for text, name in zip(_row(each, now), _COLUMNS, strict=True)] for each in found),
    ]
    names = list(_COLUMNS)
    for name in ("", *_LEAVE_OUT):
        if name:
            at = names.index(name)
            names.remove(name)
            for row in rows:
                del row[at]
        room = _room(rows, names, columns)
        if room >= _FILE_MIN:
            break
    at = names.index("FILE")
    for row in rows:
        row[at] = _cut(row[at], max(room, _FILE_MIN))
    return table(rows, right=frozenset(names.index(name) for name in names if name in _RIGHT))


def shown(found: "Sequence[ConnectedClient]", now: float, columns: int, height: int) -> "Text":
    """The same as a picture of the present moment, for a terminal of this size."""
    from rich.text import Text

    moving = [each for each in found if each.files]
    order = sorted(found, key=lambda each: (not each.files, each.name, each.id))
    head, *lines = lines_of(order, now, columns)
    rate = sum(each.rate for each in moving)
    summary = f"{count_text(len(found), 'client')}, {len(moving)} moving, {size_text(rate)}/s"
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(summary + "\n\n", "bold").append(head + "\n", "dim")
    fit = max(1, height - 6)
    for each, line in list(zip(order, lines, strict=True))[:fit]:
        text.append(line + "\n", _STYLES.get(each.state, ""))
    if len(lines) > fit:
        text.append(f"… and {len(lines) - fit:,} more\n", "dim")
    return text.append("\nCtrl-C ends this.", "dim")


def _row(each: "ConnectedClient", now: float) -> list[str]:
    more = f" (+{each.files - 1})" if each.files > 1 else ""
    name = safe(each.name) if each.name else "?"
    return [
        safe(each.id),
        f"{name} (token)" if each.kind == "token" else name,
        safe(each.door),
        safe(each.address),
        safe(each.state),
        safe(each.path) + more if each.path else "",
        "" if not each.files else size_text(each.done) if each.percent is None else f"{each.percent}%",
        f"{size_text(each.rate)}/s" if each.rate else "",
        duration_text(each.eta) if each.eta is not None else "",
        duration_text(max(0.0, now - each.since_us / 1_000_000)),
    ]


def _short(text: str, column: str) -> str:
    return _cut(text, _NAME_MAX) if column == "WHO" else text


def _room(rows: Sequence[Sequence[str]], names: Sequence[str], columns: int) -> int:
    """What is left for the file."""
    rest = sum(max(cells(row[at]) for row in rows) + 2 for at, name in enumerate(names) if name != "FILE")
    return columns - rest


def _cut(text: str, columns: int) -> str:
    """The end of a path says more than its beginning."""
    if cells(text) <= columns:
        return text
    while text and cells(text) >= columns:
        text = text[1:]
    return "…" + text
