"""What was typed before, in a file that only its owner can read."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from prompt_toolkit.history import History

from ..failures import UsageError
from .lexer import plain, split
from .table import find

KEPT_MAX = 1000
_READ_MAX = 1024 * 1024
_LINE_MAX = 4096


def worth_keeping(line: str) -> bool:
    """Whether a line goes into the history: all its commands are ours, and it does not begin with a space.

    Who types `PASS secret` out of habit, or pastes a password into the wrong window, finds it nowhere afterwards.
    """
    if line[:1].isspace() or "\n" in line or len(line) > _LINE_MAX:
        return False
    try:
        statements = split(line)
    except UsageError:
        return False
    return bool(statements) and all(find(plain(words[0]).removeprefix("-")) for words in statements)


class PrivateHistory(History):
    """The lines worth keeping, in a file of 0600; the newest `KEPT_MAX` of them. Without the file it works too."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def append_string(self, string: str) -> None:
        """Remember a line, unless it is a repetition or not worth it."""
        if worth_keeping(string) and string != next(iter(self.get_strings()[-1:]), None):
            super().append_string(string)

    def load_history_strings(self) -> Iterable[str]:
        """The lines, newest first."""
        lines = self._read()
        if len(lines) > 2 * KEPT_MAX:
            lines = lines[-KEPT_MAX:]
            with suppress(OSError):
                self._write(lines, os.O_TRUNC)
        return [line for line in reversed(lines[-KEPT_MAX:]) if worth_keeping(line)]

    def store_string(self, string: str) -> None:
        """Add a line to the file. One that cannot be written is no reason to disturb anybody."""
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write([string], os.O_APPEND)

    def _read(self) -> list[str]:
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _READ_MAX))
                return [line for line in file.read(_READ_MAX).decode(errors="replace").split("\n") if line]
        except OSError:
            return []

    def _write(self, lines: list[str], how: int) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | how | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(descriptor, "wb") as file:
            if os.name == "posix" and stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
                os.fchmod(descriptor, 0o600)
            file.write("".join(f"{line}\n" for line in lines).encode())
