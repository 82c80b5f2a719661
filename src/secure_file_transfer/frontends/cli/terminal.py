"""What may be printed where: colours, safe names, numbers for people, widths.

Everything asks the streams at the moment of printing, so that pipes and tests get what they should.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

from ...paths import display

_JOINER = "\u200d"
_STYLES = {
    "bold": "1",
    "dim": "2",
    "red": "1;31",
    "yellow": "33",
    "green": "32",
    "cyan": "36",
    "folder": "1;34",
}


def prepare() -> None:
    """Make every character printable: what the stream's encoding lacks is escaped, never a crash."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at it. A closed stream is nobody's."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def has_colour(stream: TextIO) -> bool:
    """Colours only where a terminal shows them and nobody asked for none (https://no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def styled(text: str, style: str, stream: TextIO) -> str:
    """`text` in one of the few styles, or plain where the stream has no colour."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if text and has_colour(stream) else text


def width() -> int:
    """Columns of the terminal; 80 where there is none. The environment's `COLUMNS` wins."""
    return max(20, shutil.get_terminal_size((80, 24)).columns)


def safe(text: str) -> str:
    """Text with everything escaped that could move a cursor, ring a bell or turn the reading direction.

    The joiner of emoji sequences passes: it only draws.
    """
    parts = text.split(_JOINER)
    return _JOINER.join(
        "".join(display(part[at : at + 100])[1:-1] for at in range(0, len(part), 100)) for part in parts
    )


def name_for(text: str, stream: TextIO) -> str:
    """A name as it may be printed: escaped on a terminal, untouched in a pipe, where programs read it."""
    return safe(text) if is_terminal(stream) else text


def out(line: str) -> None:
    """One line of data."""
    sys.stdout.write(line + "\n")


def note(line: str, *, quiet: bool = False) -> None:
    """One line for people."""
    if not quiet:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def cells(text: str) -> int:
    """How many columns a terminal needs for it: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """`text` with spaces up to a number of terminal columns."""
    spaces = " " * max(0, columns - cells(text))
    return spaces + text if right else text + spaces


def size_text(size: float) -> str:
    """Bytes for people, with binary units: `999 B`, `1.0 KiB`, `12.3 MiB`, `345 GiB`."""
    if size < 1024:
        return f"{int(size)} B"
    for unit in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        size /= 1024
        if size < 999.5 or unit == "PiB":
            break
    return f"{size:.1f} {unit}" if size < 99.95 else f"{size:.0f} {unit}"


def time_text(moment_us: int) -> str:
    """A moment in local time, in the manner of ISO 8601: `2026-11-21 09:30`."""
    return f"{local_time(moment_us):%Y-%m-%d %H:%M}"


def local_time(moment_us: int) -> datetime:
    """A moment in the time zone of this computer, clipped to the years a calendar has."""
    try:
        return datetime.fromtimestamp(moment_us / 1_000_000).astimezone()
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0).astimezone()


def duration_text(seconds: float) -> str:
    """Seconds for people: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def count_text(number: int, one: str, many: str = "") -> str:
    """`1 file`, `12,345 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The rows as data; people at a terminal see what the columns are."""
    if is_terminal(sys.stdout) and rows:
        first, *lines = table([head, *rows])
        out(styled(first, "dim", sys.stdout))
    else:
        lines = table(rows)
    for line in lines:
        out(line)


def table(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Aligned columns, two spaces between; the last one is not padded unless it is right-aligned."""
    if not rows:
        return []
    last = len(rows[0]) - 1
    widths = [max(cells(row[at]) for row in rows) for at in range(last + 1)]
    return [
        "  ".join(
            text if at == last and at not in right else padded(text, widths[at], right=at in right)
            for at, text in enumerate(row)
        ).rstrip()
        for row in rows
    ]


def ask(question: str) -> bool:
    """A question on the terminal; anything but yes is no. The caller makes sure that somebody is there."""
    return prompt(f"{question} [y/N] ").strip().lower() in {"y", "yes"}


def prompt(text: str) -> str:
    """One line that a person types. Never call it inside an event loop, where Ctrl-C would have to wait for Enter.

    Raises:
        KeyboardInterrupt: also at the end of input.
    """
    sys.stderr.write(text)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise KeyboardInterrupt
    return line.rstrip("\n")
