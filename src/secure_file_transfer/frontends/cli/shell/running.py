"""Doing lines: finding the command, reading its options as `sft` does, and calling the function behind both."""

import difflib
from collections.abc import AsyncIterator, Callable, Iterable
from functools import cache
from inspect import BoundArguments
from typing import TYPE_CHECKING, Any

from ....model import Entry, SortKey
from ....paths import RemotePath
from ..connection import connected, run
from ..failures import INTERRUPTED, SOME_FAILED, USAGE, UsageError, guarded, place, report
from ..options import STDIO
from . import places
from .lexer import is_pattern, plain, split
from .table import NAMES, VERBS, Verb, Words, find

if TYPE_CHECKING:
    from cyclopts import App

_SIGNALLED = 128
LINE_MAX = 64 * 1024
_HELP = frozenset({"--help", "-h"})


class Shell:
    """Where somebody stands, and how their lines are done. All of it within `connection.session`."""

    def __init__(self, *, interactive: bool, quiet: bool = False, cwd: RemotePath | None = None) -> None:
        self.interactive, self.quiet = interactive, quiet
        self.cwd = self.before = cwd or RemotePath()
        self.renaming: RemotePath | None = None
        self.ended = False

    def go(self, folder: RemotePath) -> None:
        """Stand in another folder from now on."""
        self.before, self.cwd = self.cwd, folder

    def line(self, text: str, label: str = "sft:") -> int:
        """Do what a line says, up to what fails; returns the exit code. What goes wrong is told.

        A command with a hyphen in front may fail, as in the batch files of sftp.
        """
        with place(label, NAMES):
            statements: list[list[str]] = []

            def read() -> int:
                for part in text.split("\n"):  # and nowhere else: a line separator hides no second command
                    statements.extend(split(part))
                return 0

            code = guarded(read)
            for words in statements:
                if code or self.ended:
                    break
                may_fail = len(words[0]) > 1 and words[0].startswith("-")
                name = words[0][1:] if may_fail else words[0]
                code = guarded(lambda name=name, words=words: self._do(plain(name), words[1:]))  # type: ignore[misc]
                if may_fail and not is_end(code):
                    code = 0
        return code

    def _do(self, name: str, words: list[str]) -> int:
        from cyclopts.exceptions import CycloptsError

        from ..app import complaint
        from .helppage import print_help

        verb = find(name)
        if verb is None:
            close = difflib.get_close_matches(name.lower(), NAMES, 1)
            meant = find(close[0]) if close else None
            hint = f"Did you mean '{meant.name}'?" if meant is not None else "See 'help'."
            raise UsageError(f"There is no command '{name}' here", hint=hint)
        if _HELP & set(words):
            print_help(verb.name)
            return 0
        if any(word == "--server" or word.startswith("--server=") for word in words):
            raise UsageError("This shell talks to one server", hint="Start another one with 'sft shell --server'.")
        try:
            command, bound, extra = parser().parse_args([verb.name, *words], exit_on_error=False, print_error=False)
        except CycloptsError as error:
            raise UsageError(plain(complaint(error)), hint=f"See 'help {verb.name}'.") from None
        bound.arguments.pop("server", None)  # of the environment
        if self.quiet and "quiet" in bound.signature.parameters:
            bound.arguments["quiet"] = True
        if verb.words is Words.LIST and is_pattern(bound.arguments.get("path", "")):
            return self._list_matching(bound.arguments)
        self._put_in_place(verb, bound)
        return int(command(*bound.args, **bound.kwargs, **dict.fromkeys(extra, self)))

    def _put_in_place(self, verb: Verb, bound: BoundArguments) -> None:
        """Give every path its meaning where we stand, and take the marks from all other words."""
        given = bound.arguments
        if "paths" in given:
            given["paths"] = tuple(self._paths(verb.words, list(given["paths"])))
        if "path" in given or verb.words is Words.LIST:
            word = given.get("path", ".")
            if verb.words is Words.LOCAL:
                given["path"] = places.one_here(word)
            elif word != STDIO:
                given["path"] = places.there(self.cwd, word)
        for name, value in given.items():
            if name not in {"path", "paths"} and type(value) is str:
                given[name] = plain(value)

    def _paths(self, kind: Words, words: list[str]) -> list[str]:
        if not words:
            return []
        if kind in {Words.PUT, Words.MPUT}:
            if STDIO in words:
                raise UsageError("Standard input is the shell's own", hint="Name a file; for a pipe, leave this shell.")
            to = "." if kind is Words.MPUT or len(words) == 1 else words.pop()
            target = places.there(self.cwd, to)
            return [*places.all_here(words), target]
        if kind in {Words.GET, Words.MGET}:
            to = "." if kind is Words.MGET or len(words) == 1 else words.pop()
            return [*places.all_there(self.cwd, words), to if to == STDIO else places.one_here(to)]
        if kind is Words.MOVE and len(words) > 1:
            target = places.there(self.cwd, words.pop())
            return [*places.all_there(self.cwd, words), target]
        if kind is Words.LOCAL:
            return places.all_here(words)
        if kind is Words.REMOTE:
            return places.all_there(self.cwd, words)
        return [places.there(self.cwd, word) for word in words]

    def _list_matching(self, given: dict[str, Any]) -> int:
        """List what matches a pattern, itself and not what is in it: `LIST *.txt`."""
        from ..browse import print_entries

        if given.get("recursive"):
            raise UsageError("-R goes with a folder, not with a pattern", hint="Name the folder.")
        word = given["path"]

        async def work() -> int:
            async with connected(None) as client:
                found = await places.matching(client, self.cwd, word)
            if "sort" in given or "reverse" in given:
                found.sort(key=_ORDER[given.get("sort", SortKey.NAME)], reverse=given.get("reverse", False))

            async def entries() -> AsyncIterator[Entry]:
                for entry in found:
                    yield entry

            await print_entries(
                entries(),
                long=given.get("long", False),
                full="/" in word,
                json=given.get("json", False),
                quiet=given.get("quiet", False),
            )
            return 0

        return run(work())


_ORDER: dict[SortKey, Callable[[Entry], tuple[Any, ...]]] = {
    SortKey.NAME: lambda entry: (entry.kind, entry.path),
    SortKey.SIZE: lambda entry: (entry.kind, entry.size, entry.path),
    SortKey.MODIFIED: lambda entry: (entry.kind, entry.modified_us, entry.path),
}


def is_end(code: int) -> bool:
    """Whether this exit code says that nobody is there any more: a signal, or nobody who reads what we print."""
    return code > _SIGNALLED and code != INTERRUPTED


def script(shell: Shell, lines: Iterable[bytes], *, keep_going: bool = False, numbered: bool = True) -> int:
    """Do the lines of a script up to the first failure, whose exit code it returns; with `keep_going` all of them.

    Errors say in which line, where they are `numbered`.
    """
    failed = 0
    for number, raw in enumerate(lines, 1):
        label = f"sft: line {number}:" if numbered else "sft:"
        code = shell.line(text, label) if (text := _text(raw, label)) is not None else USAGE
        if code and (not keep_going or is_end(code) or code == INTERRUPTED):
            return code
        failed = failed or (SOME_FAILED if code else 0)
        if shell.ended:
            break
    return failed


def _text(raw: bytes, label: str) -> str | None:
    """A line of a script; None if it is none, which is told."""
    if len(raw) > LINE_MAX:
        report(f"The line is longer than {LINE_MAX // 1024} KiB", "Is it a script?", label=label)
    else:
        try:
            return raw.decode().removeprefix("\ufeff").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            report("The line is not UTF-8", "Save the script as UTF-8.", label=label)
    return None


@cache
def parser() -> "App":
    """The commands of the shell with the options of their namesakes in `sft`; nothing is imported before it is used."""
    from cyclopts import App, Group

    from .helppage import Page

    app = App(
        name="sft shell",
        help_format="plaintext",
        help_formatter=Page(),
        group_parameters=Group("Options", sort_key=10),
        group_arguments=Group("Arguments", sort_key=1),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        version_flags=(),
    )
    package = __name__.rsplit(".", 2)[0]
    for verb in VERBS:
        app.command(
            f"{package}.{verb.target}", name=verb.name, usage=f"Usage: {verb.name} {verb.usage}", version_flags=()
        )
    return app
