"""`python -m secure_file_transfer.frontends.cli.reference`: prints docs/cli.md, made from the commands themselves."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import TABLE
from .commands import COMMANDS, GROUPS, Command
from .helptext import overview

_COLUMNS = "100"

_HEAD = """\
# The command line

Every command of `sft`, as `sft COMMAND --help` tells it. This page is made from the commands
(`python -m secure_file_transfer.frontends.cli.reference`).

## Ground rules

- Standard output is data, standard error is for people: `sft ls | sort` and `sft get /x - | tar -x` are safe.
- `--json` prints the objects of [the protocol](protocol.md). Times are UTC there, and local time elsewhere.
- A path on the server begins at the top folder, with or without a slash in front. `-` is standard input or output.
- On a terminal, whatever in a name could move the cursor or turn the reading direction is escaped; in a pipe names
  are untouched.
- Passwords are typed, or come as one line with `--password-stdin`. They are never arguments.
- Ctrl-C stops at once. No half file stays, on either side.

## Environment

| variable | meaning |
| --- | --- |
| `SFT_SERVER` | the server to use, as with `--server` |
| `SFT_TOKEN` | an API token, for scripts that do not sign in; needs `SFT_SERVER` |
| `SFT_CAFILE` | the certificate authority to trust, a PEM file |
| `SFT_PROFILES` | the file that remembers servers and sessions |
| `SFT_CONFIG`, `SFT_DATA_DIR`, … | the server's settings, see [operations](operations.md) |
| `NO_COLOR` | any value: no colours |
| `SFT_DEBUG` | any value: show where an error came from |

## Exit codes
"""


def text() -> str:
    """The whole page."""
    with _columns():
        parts = [_HEAD, _exit_codes(), "## Overview\n", _block(overview(io.StringIO()))]
        for group in GROUPS:
            parts.append(f"## {group}\n")
            for command in COMMANDS:
                if command.group == group:
                    parts += _section(command, ())
    return "\n".join(parts)


def _exit_codes() -> str:
    rows: dict[int, list[str]] = {}
    for code, error in sorted(TABLE.items()):
        rows.setdefault(error.row.exit, []).append(f"`{code}`")
    fixed = {
        0: "done",
        1: "some of several items failed, or you answered no",
        2: "the command was called wrongly",
        130: "interrupted by Ctrl-C",
        141: "the reader of the output went away",
        143: "ended by SIGTERM",
    }
    meanings = fixed | {number: ", ".join(codes) for number, codes in rows.items()}
    lines = ["| code | meaning |", "| --- | --- |", *(f"| {code} | {meanings[code]} |" for code in sorted(meanings))]
    return "\n".join(lines) + "\n"


def _section(command: Command, above: tuple[str, ...]) -> Iterator[str]:
    names = (*above, command.name)
    yield f"### sft {' '.join(names)}\n"
    yield _block(_help(names))
    for part in command.parts:
        yield from _section(part, names)


def _help(names: tuple[str, ...]) -> str:
    from rich.console import Console

    from .app import build

    page = io.StringIO()
    build().help_print(list(names), console=Console(file=page, width=int(_COLUMNS), color_system=None))
    return page.getvalue()


def _block(content: str) -> str:
    lines = [line.rstrip() for line in content.strip().splitlines()]
    return "\n".join(["```text", *lines, "```\n"])


@contextmanager
def _columns() -> Iterator[None]:
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _COLUMNS
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


if __name__ == "__main__":
    sys.stdout.write(text())
