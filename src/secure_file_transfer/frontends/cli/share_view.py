"""The live view of a share: who is there, what moves, and keys to act on it. Drawn in place, below what was said."""

import os
import select
import signal
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import SecureFileTransferError
from .share_words import happened_text
from .terminal import count_text, has_colour, safe, size_text, width

if TYPE_CHECKING:
    from ...server import Share, Visitor

_TICK_SECONDS = 0.25
_SAID_MAX = 4
_NARROW = 70
"""Below so many columns addresses give way to names and files."""
_KEYS = {"\x1b[A": "up", "\x1bOA": "up", "\x1b[B": "down", "\x1bOB": "down", "k": "kick", "w": "warn", "q": "end"}
_SHUT_MINUTES = 60
"""How long an address is shut out along with its guest."""
_TEXT_MAX = 300
_NAME_MAX = 24


class Asked(Protocol):
    """What signals have asked for."""

    interrupts: int
    ended: bool


class View:
    """Runs until somebody wants the share to end."""

    def __init__(self, shared: "Share", asked: Asked) -> None:
        self._shared = shared
        self._asked = asked
        self._said: deque[str] = deque(maxlen=_SAID_MAX)
        self._guests: Sequence[Visitor] = ()
        self._chosen: int | None = None
        self._question = ""
        self._kick: Visitor | None = None
        self._warn: Visitor | None = None
        self._text = ""
        self._seen: set[int] = set()

    def run(self) -> str:
        """Show it; returns why it ended."""
        from rich.console import Console
        from rich.live import Live

        console = Console(file=sys.stdout, highlight=False, no_color=not has_colour(sys.stdout) or None)
        with _keys() as read, Live(console=console, auto_refresh=False, transient=True) as live:
            shown = None
            while not self._over():
                self._look()
                drawn = self._facts()
                if drawn != shown:
                    live.update(self._drawn(), refresh=True)
                    shown = drawn
                for key in read(_TICK_SECONDS):
                    self._press(key)
        for line in self._said:
            console.print(line, markup=False)
        return self._why()

    # --- what happens ---------------------------------------------------------------------------------------------

    def _over(self) -> bool:
        """Whether it is to end. Ctrl-C asks first when something moves; a second one means it."""
        asked = self._asked
        if asked.ended or self._shared.over:
            return True
        if not asked.interrupts:
            return False
        busy = self._shared.busy()
        if not busy or (asked.interrupts > 1 and self._question and self._kick is None):
            return True
        self._kick = None
        verb = "is" if busy == 1 else "are"
        self._question = f"{count_text(busy, 'guest')} {verb} transferring. End the share now? y/n"
        return False

    def _look(self) -> None:
        self._guests = self._shared.guests()
        self._seen.update(each.id for each in self._guests)
        self._said.extend(happened_text(each) for each in self._shared.happenings())
        if self._chosen is not None and self._chosen not in {each.id for each in self._guests}:
            self._chosen = None
        if self._chosen is None and self._guests:
            self._chosen = self._guests[0].id

    def _press(self, key: str) -> None:
        if self._question:
            self._answer(key)
            return
        if self._warn is not None:
            self._type(self._warn, key)
            return
        chosen = next((each for each in self._guests if each.id == self._chosen), None)
        match _KEYS.get(key):
            case "up" | "down" as way:
                self._choose(-1 if way == "up" else 1)
            case "kick":
                self._kick = chosen
                if chosen is not None:
                    self._question = f"Send {_short(chosen.name)} away? y yes   s yes, and shut its address out   n no"
            case "warn":
                self._warn, self._text = chosen, ""
            case "end":
                self._asked.interrupts += 1

    def _answer(self, key: str) -> None:
        """`y` is yes, and everything else no."""
        kick, self._kick, self._question = self._kick, None, ""
        if kick is not None:
            if key.lower() in {"y", "s"}:
                self._shared.end_guest(kick, block_minutes=_SHUT_MINUTES if key.lower() == "s" else 0)
        elif key.lower() == "y":
            self._asked.ended = True
        else:
            self._asked.interrupts = 0

    def _type(self, guest: "Visitor", key: str) -> None:
        """A warning, letter by letter: Enter sends it, Esc forgets it."""
        if key in {"\r", "\n"}:
            self._warn = None
            if self._text.strip():
                try:
                    self._shared.warn_guest(guest, self._text)
                except SecureFileTransferError as error:
                    self._said.append(str(error))
        elif key.startswith("\x1b"):
            self._warn = None
        elif key in {"\x7f", "\b"}:
            self._text = self._text[:-1]
        elif key.isprintable() and len(self._text) < _TEXT_MAX:
            self._text += key

    def _choose(self, step: int) -> None:
        at = next((at for at, each in enumerate(self._guests) if each.id == self._chosen), None)
        if at is not None:
            self._chosen = self._guests[max(0, min(at + step, len(self._guests) - 1))].id

    def _why(self) -> str:
        who = count_text(len(self._seen), "guest")
        if self._shared.over:
            return f"The time is up; the share has ended. {who} came."
        return f"The share has ended. {who} came." if self._seen else "The share has ended. Nobody came."

    # --- how it looks ---------------------------------------------------------------------------------------------

    def _facts(self) -> Any:
        """What is drawn, so that nothing is drawn twice."""
        rows = [self._row(each) for each in self._guests]
        typed = self._warn and self._text
        return rows, list(self._said), self._question, typed, self._chosen, os.get_terminal_size() if _sized() else None

    def _room(self) -> int:
        """How many guests fit on the screen, beside everything else."""
        lines = os.get_terminal_size().lines if _sized() else 24
        return max(3, lines - _SAID_MAX - 6)

    def _row(self, each: "Visitor") -> tuple[str, str, str, str, str]:
        name, address = safe(each.name), safe(each.address)
        if each.direction is None:
            minutes = int(each.away_seconds // 60)
            return name, address, f"away {minutes} min" if each.away else "here", "", _total(each)
        verb = "sends" if each.direction.name == "UP" else "fetches"
        what = f"{verb} {safe(each.file.lstrip('/'))}"
        done = f"{100 * each.done // each.size}%" if each.size else size_text(each.done)
        return name, address, what, done, f"{size_text(each.rate)}/s" if each.rate else ""

    def _drawn(self) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        parts: list[Any] = []
        if self._guests:
            narrow = width() < _NARROW
            table = Table(box=None, padding=(0, 2, 0, 0), expand=True, header_style="dim", pad_edge=False)
            table.add_column("  GUEST", no_wrap=True, overflow="ellipsis", max_width=_NAME_MAX)
            if not narrow:
                table.add_column("ADDRESS", no_wrap=True, overflow="ellipsis", max_width=_NAME_MAX)
            table.add_column("", no_wrap=True, overflow="ellipsis", ratio=1)
            table.add_column("", no_wrap=True, justify="right", min_width=4)
            table.add_column("", no_wrap=True, justify="right", min_width=10)
            shown = self._window()
            for each in shown:
                cells = [Text(cell) for cell in self._row(each)]
                mark = "> " if each.id == self._chosen else "  "
                cells[0] = Text(mark + cells[0].plain, style="bold" if each.direction else "")
                if each.away:
                    cells[2].stylize("dim")
                cells[3].stylize("cyan")
                cells[4].stylize("dim" if each.direction is None else "green")
                table.add_row(*(cells[:1] + cells[2:] if narrow else cells))
            parts.append(table)
            if hidden := len(self._guests) - len(shown):
                parts.append(Text(f"  and {count_text(hidden, 'other')}", style="dim"))
        else:
            parts.append(Text("Nobody is here yet.", style="dim"))
        parts.append(Text(""))
        parts += [Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in self._said]
        if self._said:
            parts.append(Text(""))
        if self._warn is not None and not self._question:
            parts.append(Text(f"Warn {_short(self._warn.name)}: {safe(self._text)}_", style="bold yellow"))
            parts.append(Text("Enter sends   Esc forgets", style="dim"))
        elif self._question:
            parts.append(Text(self._question, style="bold yellow", no_wrap=True, overflow="ellipsis"))
        else:
            keys = "up/down choose   w warn   k send away   " if self._guests else ""
            parts.append(Text(f"{keys}Ctrl-C end the share", style="dim", no_wrap=True, overflow="ellipsis"))
        return Group(*parts)

    def _window(self) -> Sequence["Visitor"]:
        """As many as fit, the chosen one among them."""
        room = self._room()
        at = next((at for at, each in enumerate(self._guests) if each.id == self._chosen), 0)
        first = max(0, min(at - room // 2, len(self._guests) - room))
        return self._guests[first : first + room]


def _short(name: str) -> str:
    """A name that leaves room for the rest of a question."""
    name = safe(name)
    return name if len(name) <= _NAME_MAX else name[: _NAME_MAX - 1] + "…"


def _total(each: "Visitor") -> str:
    """What somebody who rests has moved so far."""
    parts = []
    if each.fetched:
        parts.append(f"{each.fetched:,} fetched")
    if each.sent:
        parts.append(f"{each.sent:,} sent")
    return ", ".join(parts)


def _sized() -> bool:
    with suppress(OSError, ValueError):
        os.get_terminal_size(sys.stdout.fileno())
        return True
    return False


@contextmanager
def _keys() -> "Iterator[Any]":
    """Keys as they are pressed, without an echo; the terminal is as it was afterwards.

    Ctrl-Z is no key here: a server that is stopped would leave its guests hanging.
    """
    try:
        import termios
        import tty
    except ImportError:  # a system without these: the view works, and Ctrl-C ends it
        import time

        def wait(seconds: float) -> list[str]:
            time.sleep(seconds)
            return []

        yield wait
        return
    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    stopped = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        tty.setcbreak(handle, termios.TCSANOW)
        yield lambda seconds: _pressed(handle, seconds)
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
        signal.signal(signal.SIGTSTP, stopped)


def _pressed(handle: int, seconds: float) -> list[str]:
    """The keys that were pressed within that time; a cursor key is one."""
    if not select.select([handle], [], [], seconds)[0]:
        return []
    text = os.read(handle, 256).decode(errors="replace")
    found = []
    while text:
        size = 3 if text[:2] in {"\x1b[", "\x1bO"} else 1
        found.append(text[:size])
        text = text[size:]
    return found
