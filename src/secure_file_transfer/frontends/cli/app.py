"""The parser: built from the table of commands, run once."""

import difflib
from collections.abc import Sequence

from cyclopts import App, Group
from cyclopts.exceptions import CycloptsError, UnknownCommandError, UnusedCliTokensError

from ...version import __version__
from .commands import COMMANDS, GROUPS, Command
from .failures import UsageError
from .helptext import Formatter, find
from .options import STDIO

_SHARED = frozenset({"--server", "--json", "--quiet", "-q", "--yes", "-y"})
_PACKAGE = __name__.rpartition(".")[0]


def build() -> App:
    """The whole command line, with every command still unimported."""
    app = App(
        name="sft",
        help="Move files to and from your own server, encrypted and verified.",
        version=f"sft {__version__}",
        usage="Usage: sft COMMAND [OPTIONS] [ARGUMENTS]",
        help_format="plaintext",
        help_formatter=Formatter(),
        group_parameters=Group("Options", sort_key=10),
        group_arguments=Group("Arguments", sort_key=1),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    groups = {name: Group(name, sort_key=number) for number, name in enumerate(GROUPS)}
    for command in COMMANDS:
        if command.parts:
            family = App(
                name=command.name,
                help=command.summary,
                usage=f"Usage: sft {command.name} {command.usage}",
                group=groups[command.group],
                help_format="plaintext",
                help_formatter=Formatter(command.parts),
                version_flags=(),
            )
            for part in command.parts:
                _add(family, part, f"sft {command.name}")
            app.command(family)
        else:
            _add(app, command, "sft", groups[command.group])
    return app


def _add(app: App, command: Command, caller: str, group: Group | None = None) -> None:
    app.command(
        f"{_PACKAGE}.{command.target}",
        name=command.name,
        group=group,
        usage=f"Usage: {caller} {command.name} {command.usage}",
        version_flags=(),
    )


def run(arguments: Sequence[str]) -> int:
    """Parse and run; returns the exit code.

    Raises:
        UsageError: the words do not make a command.
        And whatever the command raises.
    """
    tokens = [*arguments[1:], "--help"] if arguments[:1] == ["help"] else list(arguments)
    tokens = _shared_last(tokens)
    if tokens[:1] in (["put"], ["get"]):
        # To the parser a lone hyphen is the beginning of an option.
        tokens = [STDIO if word == "-" else word for word in tokens]
    try:
        result = build()(tokens, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise _usage_error(error, tokens) from None
    return result if isinstance(result, int) else 0


def _shared_last(tokens: list[str]) -> list[str]:
    """Shared options may also stand before the command, as in `sft --server nas ls`."""
    at = 0
    while at < len(tokens) and (tokens[at] in _SHARED or tokens[at].startswith("--server=")):
        at += 2 if tokens[at] == "--server" else 1
    words = 1 if (command := find(tokens[at : at + 1])) is None or not command.parts else 2
    return [*tokens[at : at + words], *tokens[:at], *tokens[at + words :]] if 0 < at < len(tokens) else tokens


def _usage_error(error: CycloptsError, tokens: Sequence[str]) -> UsageError:
    """The parser's complaint in our words."""
    chain = list(error.command_chain or ())
    if isinstance(error, UnknownCommandError):
        known = [command.name for command in (COMMANDS if not chain else (find(chain) or COMMANDS[0]).parts)]
        given = (error.unused_tokens or tokens or [""])[0]
        close = difflib.get_close_matches(given, known, 1)
        caller = " ".join(["sft", *chain])
        if given.startswith("-"):
            return UsageError(f"There is no command before '{given}'", hint=f"See '{caller} --help'.")
        return UsageError(
            f"There is no command '{caller} {given}'",
            hint=f"Did you mean '{caller} {close[0]}'?" if close else f"See '{caller} --help'.",
        )
    return UsageError(complaint(error), hint=f"See '{' '.join(['sft', *chain])} --help'.")


def complaint(error: CycloptsError) -> str:
    """What is wrong with the words after a command."""
    if isinstance(error, UnusedCliTokensError):
        return f"Too many arguments: {' '.join(error.unused_tokens or ())}"
    return str(error).strip().rstrip(".")
