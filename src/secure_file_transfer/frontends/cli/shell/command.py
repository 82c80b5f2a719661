"""`shell`: the command that begins a session, at a terminal or for a script."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from ....errors import NotAFolderError
from ....model import Kind
from ....paths import display
from ..connection import connected, remote, run, session
from ..options import Flag, Quiet, Remote, Server
from ..terminal import is_terminal, note, safe, styled
from .running import LINE_MAX, Shell, script

if TYPE_CHECKING:
    from ....client import Whoami


def shell(
    path: Remote = "/",
    /,
    *,
    command: Annotated[str | None, Parameter(alias="-c", metavar="LINE")] = None,
    keep_going: Annotated[bool, Flag, Parameter(alias="-k")] = False,
    server: Server = None,
    quiet: Quiet = False,
) -> int:
    """Work with the files on the server as in a shell.

    Commands have the names of Unix and those of FTP: ls or LIST, get or RETR, share or SHAR; 'help' lists them. Paths
    may be relative, '..' is the folder above, and *.txt stands for what matches. Ctrl-C ends the running command,
    Ctrl-D the shell.

    Without a terminal it reads a script from standard input, one command a line. It ends at the first that fails,
    with the exit code of that; a hyphen in front of a command lets it fail.

        sft shell
        sft shell /photos -c 'ls -l; get *.jpg'
        sft shell < nightly.txt

    Args:
        path: The folder to begin in.
        command: Do this line instead of asking for lines; ';' separates commands.
        keep_going: Go on after failures; the exit code is 1 if there were any.
    """
    interactive = command is None and is_terminal(sys.stdin)
    start = remote(path)

    async def look() -> "tuple[Whoami, str]":
        async with connected(server) as client:
            me = await client.whoami()
            if not start.is_root and (await client.stat(str(start))).kind is not Kind.FOLDER:
                raise NotAFolderError(f"{display(str(start))} is a file", hint="Begin in a folder.")
            return me, client.url

    with session(server):
        me, url = run(look())
        here = Shell(interactive=interactive, quiet=quiet, cwd=start)
        if not interactive:
            lines = _stdin() if command is None else _pieces(command)
            return script(here, lines, keep_going=keep_going, numbered=command is None)
        return _interactive(here, me, url)


def _interactive(here: Shell, me: "Whoami", url: str) -> int:
    from ....client import Profiles
    from .interactive import interact

    name = "guest" if me.account is None else me.account.name
    hint = styled("'help' lists the commands, Ctrl-D leaves.", "dim", sys.stderr)
    note(f"{safe(name)} at {url}. {hint}", quiet=here.quiet)
    history = Profiles().path.with_name("shell-history")
    return interact(here, f"{name}@{urlsplit(url).hostname}", history)


def _stdin() -> Iterator[bytes]:
    """The lines of standard input; of one that is too long, no more than shows that it is."""
    while line := sys.stdin.buffer.readline(LINE_MAX + 1):
        yield line
        while len(line) > LINE_MAX and not line.endswith(b"\n"):  # its end is no line of its own
            line = sys.stdin.buffer.readline(LINE_MAX + 1)
            if not line:
                return


def _pieces(text: str) -> Iterator[bytes]:
    return iter(text.encode(errors="surrogateescape").splitlines())
