"""What `--help` looks like: no boxes, two columns, the most used first."""

import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from .commands import COMMANDS, GROUPS, Command
from .terminal import cells, padded, styled, width

if TYPE_CHECKING:
    from cyclopts.help import HelpPanel
    from rich.console import Console, ConsoleOptions

_WIDEST = 100
"""Longer lines are hard to read, however wide the terminal is."""
_LABEL_MAX = 26
_HARD_SPACE = "\u00a0"

_FIRST_STEPS = (
    ("sft serve", "Start a server here; it says what to do next"),
    ("sft login HOST", "Sign in to one"),
    ("sft put -r photos /", "Send a folder"),
    ("sft ls -l", "See what is there"),
)


def overview(stream: TextIO | None = None) -> str:
    """The answer to `sft` and `sft --help`."""
    stream = stream or sys.stdout
    lines = [f"{styled('sft', 'bold', stream)} moves files to and from your own server, encrypted and verified.", ""]
    lines += [*heading("First steps", stream), *two_columns(_FIRST_STEPS, stream, 21)]
    for group in GROUPS:
        rows = [(command.name, command.summary.rstrip(".")) for command in COMMANDS if command.group == group]
        lines += ["", *heading(group, stream), *two_columns(rows, stream, 16)]
    lines += ["", "'sft COMMAND --help' explains a command and gives examples."]
    return "\n".join(lines) + "\n"


class Formatter:
    """How the parser's help pages are drawn."""

    show_metavar = True

    def __init__(self, parts: Sequence[Command] = ()) -> None:
        """`parts` are the commands of a family: the parser does not know their lines before it imports them."""
        self._summaries = {part.name: part.summary for part in parts}

    def render_usage(self, console: "Console", options: "ConsoleOptions", usage: Any) -> None:  # noqa: ARG002
        """The first line."""
        text = str(usage).strip().removeprefix("Usage:").strip()
        _print(console, [f"{styled('Usage:', 'bold', console.file)} {text}", ""])  # type: ignore[arg-type]

    def render_description(self, console: "Console", options: "ConsoleOptions", description: Any) -> None:  # noqa: ARG002
        """The docstring: paragraphs are filled, indented lines (examples) stay as they are."""
        content = getattr(description, "primary_renderable", None)
        if content is not None:
            _print(console, [*_paragraphs(content.plain), ""])

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: "HelpPanel") -> None:  # noqa: ARG002
        """One titled list."""
        rows = [(_label(entry), _meaning(entry)) for entry in panel.entries]
        rows = [(label, meaning or self._summaries.get(label, "")) for label, meaning in rows]
        if rows:
            stream: Any = console.file
            longest = max(cells(label) for label, _ in rows)
            _print(
                console,
                [*heading(str(panel.title), stream), *two_columns(rows, stream, min(_LABEL_MAX, longest) + 2), ""],
            )


def _print(console: "Console", lines: Iterable[str]) -> None:
    console.file.write("\n".join(lines) + "\n")


def heading(text: str, stream: TextIO) -> list[str]:
    """The title of a list."""
    return [styled(text, "bold", stream)]


def two_columns(rows: Iterable[tuple[str, str]], stream: TextIO, column: int) -> list[str]:
    """Label and meaning in two columns; a label that is too long gets a line of its own."""
    lines = []
    space = max(20, min(width(), _WIDEST) - column - 2)
    for label, meaning in rows:
        words = [line.replace(_HARD_SPACE, " ") for line in _wrap(meaning, space)] or [""]
        first = f"  {styled(label, 'cyan', stream)}"
        if cells(label) + 1 < column:
            lines.append(f"{first}{padded('', column - cells(label))}{words.pop(0)}".rstrip())
        else:
            lines.append(first)
        lines += [f"  {padded('', column)}{line}" for line in words]
    return lines


def _paragraphs(text: str) -> list[str]:
    lines: list[str] = []
    for paragraph in text.strip("\n").split("\n\n"):
        if paragraph.startswith("    "):
            lines += textwrap.indent(textwrap.dedent(paragraph), "  ").splitlines()
        else:
            lines += _wrap(" ".join(paragraph.split()), min(width(), _WIDEST))
        lines.append("")
    return lines[:-1]


def _label(entry: Any) -> str:
    if entry.positional_label:
        return str(entry.positional_label)
    names = [*entry.shorts, *entry.names]
    label = ", ".join(names)
    return f"{label} {entry.metavar}" if entry.metavar else label


def _meaning(entry: Any) -> str:
    text = getattr(getattr(entry.description, "primary_renderable", entry.description), "plain", "") or ""
    extras = []
    if entry.choices:
        extras.append(" | ".join(entry.choices))
    if entry.default is not None and entry.default not in {"False", "None"}:
        extras.append(f"default: {entry.default}")
    if entry.env_var:
        extras.append(f"or {', '.join(entry.env_var)}")
    if entry.required and not entry.positional_label:
        extras.append("required")
    brackets = [f"[{extra}]".replace(" ", _HARD_SPACE) for extra in extras]
    return " ".join([text.strip(), *brackets]).strip()


def _wrap(text: str, columns: int) -> list[str]:
    return textwrap.wrap(text, columns, break_on_hyphens=False)


def find(names: Sequence[str]) -> Command | None:
    """The command that is called by these words, or None."""
    choices: Sequence[Command] = COMMANDS
    found = None
    for name in names:
        found = next((command for command in choices if command.name == name), None)
        if found is None:
            return None
        choices = found.parts
    return found
