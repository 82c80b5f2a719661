"""What `sft serve` says when it is ready: where it is, how to know it, what to do next."""

import os
import shutil
import sys
from typing import TYPE_CHECKING

from ...version import __version__
from .terminal import has_colour, is_terminal, out, styled, width

if TYPE_CHECKING:
    from ...server import Announcement

_QUIET_ZONE = 2
"""Light modules around the code. The standard asks for 4; every reader tried takes 2, and rows are scarce."""
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_RESET = "\x1b[0m"
_BLACK_ON_WHITE = "\x1b[38;5;16;48;5;231m"
"""From the fixed part of the palette, so that no theme can turn it round: dark modules must be dark."""


def print_banner(said: "Announcement") -> None:
    """Print it to standard output, plain where nobody looks. The last line names Ctrl-C."""
    code = _qr(said.setup_url) if said.setup_url is not None else []
    words = [
        styled("Secure File Transfer", "bold", sys.stdout) + f" {__version__}",
        "",
        *rows_of("address", *said.urls),
        *(rows_of("FTPS", *said.ftps_urls) if said.ftps_urls else ()),
        *rows_of("fingerprint", *_halves(said.fingerprint)),
        *(rows_of("metrics", said.metrics_url) if said.metrics_url is not None else ()),
        *rows_of("data", str(said.data_dir)),
        *(f"\n{styled('warning:', 'yellow', sys.stdout)} {warning}" for warning in said.warnings),
        "",
    ]
    if said.setup_url is None:
        words.append(f"To sign in: {styled(f'sft login {said.urls[0]}', 'cyan', sys.stdout)}")
    else:
        words += ["This link makes you the administrator. It works once, for 24 hours:", ""]
        words += [f"  {styled(said.setup_url, 'cyan', sys.stdout)}", ""]
    end = []
    if said.setup_url is not None:
        end.append("Your browser will warn: it does not know this server's authority yet.")
    end.append("Compare the fingerprint when 'sft login' shows it. Ctrl-C stops the server.")
    # Words stay in view: where not all of it fits, the code is what scrolls away.
    fits = len(words) + len(code) + len(end) + 1 < shutil.get_terminal_size((80, 24)).lines
    if code and not fits:
        end.insert(0, "Scroll up for the link's QR code.")
    for line in [*words, *code, *end] if fits else [*code, *words, *end]:
        out(line)
    sys.stdout.flush()


def print_code(text: str) -> None:
    """A QR code, where there is a terminal that can show it."""
    for line in _qr(text):
        out(line)


def rows_of(name: str, *values: str) -> list[str]:
    """Lines with a name before the first one."""
    return [
        f"  {styled(('' if at else name).ljust(11), 'dim', sys.stdout)}  {value}" for at, value in enumerate(values)
    ]


def _halves(fingerprint: str) -> list[str]:
    """Two lines of 16 pairs: 95 characters in one would break just anywhere on a terminal of 80 columns."""
    pairs = fingerprint.split(":")
    half = len(pairs) // 2
    return [":".join(pairs[:half]) + ":", ":".join(pairs[half:])] if half > 8 else [fingerprint]


def _qr(url: str) -> list[str]:
    """The code's lines and an empty one, or nothing where it cannot be drawn."""
    if not (is_terminal(sys.stdout) and _can_draw()):
        return []
    colour = has_colour(sys.stdout)
    lines = qr_lines(url, colour=colour)
    columns = len(lines[0]) - (len(_BLACK_ON_WHITE) + len(_RESET) if colour else 0)
    return [*(f"  {line}" for line in lines), ""] if columns + 2 <= width() else []


def _can_draw() -> bool:
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    return encoding.startswith("utf") and os.environ.get("TERM") != "dumb"


def qr_lines(text: str, *, colour: bool) -> list[str]:
    """A QR code in half blocks, two rows of modules in each line.

    With colour it is black on white on every terminal. Without, the light modules are drawn, which is right on dark
    terminals; on light ones the code is inverted, as most readers accept.
    """
    import segno

    code = segno.make(text, error="l", boost_error=False, micro=False)
    rows = [[bool(cell) for cell in row] for row in code.matrix_iter(border=_QUIET_ZONE)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    if not colour:
        rows = [[not cell for cell in row] for row in rows]
    lines = [
        "".join(_HALVES[pair] for pair in zip(top, bottom, strict=True))
        for top, bottom in zip(rows[::2], rows[1::2], strict=True)
    ]
    return [f"{_BLACK_ON_WHITE}{line}{_RESET}" for line in lines] if colour else lines
