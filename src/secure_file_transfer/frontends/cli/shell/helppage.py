"""What `help` prints: made from the table, and for one command from its own description."""

import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..failures import UsageError, spoken
from ..helptext import Formatter, heading, two_columns
from ..terminal import out
from .table import GROUPS, find

if TYPE_CHECKING:
    from cyclopts.help import HelpPanel
    from rich.console import Console, ConsoleOptions

_PIPE = re.compile(r"  \w.* \| ")
"""An example for the other kind of shell."""
HIDDEN = frozenset({"--server", "--help"})
"""Options that make no sense in a shell that talks to one server and has `help`."""


class Page(Formatter):
    """A help page without what makes no sense in a shell that talks to one server."""

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: "HelpPanel") -> None:
        """One titled list."""
        panel.entries = [entry for entry in panel.entries if not HIDDEN & set(entry.names)]
        super().__call__(console, options, panel)


def overview() -> list[str]:
    """All commands, by group: the name, what FTP calls it, the line of the table."""
    lines: list[str] = []
    for group, verbs in GROUPS.items():
        labels = [(f"{verb.name:<9} {verb.ftp}".rstrip(), verb.summary.rstrip(".")) for verb in verbs]
        lines += [*heading(group, sys.stdout), *two_columns(labels, sys.stdout, 22), ""]
    return [*lines, "'help COMMAND' explains one. Tab completes names, ';' separates commands."]


def page(name: str) -> Iterable[str]:
    """The description of one command.

    Raises:
        UsageError: there is none of this name.
    """
    import io

    from rich.console import Console

    from ..terminal import width
    from .running import parser

    verb = find(name)
    if verb is None:
        raise UsageError(f"There is no command '{name}' here", hint="See 'help'.")
    text = io.StringIO()
    parser().help_print([verb.name], console=Console(file=text, width=width(), color_system=None))
    lines = [line.rstrip() for line in spoken(text.getvalue()).strip().splitlines()]
    lines = [line for line in lines if not _PIPE.match(line)]
    if verb.others:
        lines += ["", f"Also: {', '.join(verb.others)}"]
    return lines


def print_help(name: str | None) -> None:
    """Print one of the two."""
    for line in overview() if name is None else page(name):
        out(line)
