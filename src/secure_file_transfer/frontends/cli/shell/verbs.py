"""The commands that only the shell has: where one stands, here and there, and the words of FTP that are two steps."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ....client.local import local_errors
from ....errors import NotAFolderError, NotEmptyError
from ....model import LEVELS, Entry, Kind, TimeUs
from ....paths import RemotePath, display
from ..change import each, mv
from ..connection import connected, remote, run
from ..failures import UsageError
from ..options import STDIO, Flag, Local, Quiet, Remote
from ..terminal import is_terminal, name_for, out, prompt
from .running import Shell

_Shell = Annotated[Shell, Parameter(parse=False)]


def cd(path: Remote = "/", /, *, shell: _Shell) -> int:
    """Go to a folder.

    Without a path to the top folder, with a hyphen to where you were before.

        cd /photos/2026
        cd ..
        cd -

    Args:
        path: The folder.
    """
    folder = shell.before if path == STDIO else remote(path)

    async def work() -> None:
        async with connected(None) as client:
            if not folder.is_root and (await client.stat(str(folder))).kind is not Kind.FOLDER:
                raise NotAFolderError(f"{display(str(folder))} is a file", hint="Choose a folder.")

    run(work())
    shell.go(folder)
    return 0


def cdup(*, shell: _Shell) -> int:
    """Go one folder up."""
    shell.go(shell.cwd.parent)
    return 0


def pwd(*, shell: _Shell) -> int:
    """Show which folder you are in."""
    out(name_for(str(shell.cwd), sys.stdout))
    return 0


def rmdir(*paths: Remote) -> int:
    """Remove empty folders.

    Args:
        paths: The folders.
    """
    if not paths:
        raise UsageError("No folder to remove", hint="Name it.")

    async def work() -> int:
        async with connected(None) as client:

            async def one(path: str) -> None:
                folder = str(remote(path))
                if (await client.stat(folder)).kind is not Kind.FOLDER:
                    raise NotAFolderError(f"{display(folder)} is a file", hint="Use 'rm' for files.")
                try:
                    await client.remove(folder)
                except NotEmptyError:
                    hint = "'rm -r' removes it with all that is in it."
                    raise NotEmptyError(f"{display(folder)} is not empty", hint=hint) from None

            return await each(paths, one)

    return run(work())


def rnfr(path: Remote, /, *, shell: _Shell) -> int:
    """Say what to rename; RNTO says to what.

    Args:
        path: What is there.
    """

    async def work() -> RemotePath:
        async with connected(None) as client:
            await client.stat(str(remote(path)))
        return remote(path)

    shell.renaming = run(work())
    return 0


def rnto(path: Remote, /, *, shell: _Shell) -> int:
    """Rename what RNFR said.

    Args:
        path: Its new name, or the folder that receives it.
    """
    source, shell.renaming = shell.renaming, None
    if source is None:
        raise UsageError("Nothing to rename", hint="Say what with RNFR first, or use 'mv'.")
    return mv(str(source), path)


def share(
    path: Remote, to: str | None = None, level: str | None = None, /, *, quiet: Quiet = False, shell: _Shell
) -> int:
    """Share a file or folder.

    A viewer reads; a contributor also adds new files; an editor may do everything but share it on; a dropbox takes
    files and shows nothing. What you leave out is asked for. Sharing again replaces the earlier level.

        share /photos sara viewer
        share /inbox @scanners dropbox
        share /plan.txt sara 12

    Args:
        path: What to share: something of yours.
        to: An account, or @ and a group.
        level: viewer, dropbox, contributor, editor, or a number: read 8, write 4, create 2 and delete 1, added up; 0
            stops sharing.
    """
    from ..sharing import grant, revoke

    to = to or _asked(shell, "Share with (an account, or @ and a group): ")
    level = (level or _asked(shell, f"Level ({', '.join(LEVELS)}, or 0 to 15): ")).lower()
    if level.isascii() and level.isdecimal() and int(level[:3]) == 0:
        return revoke(path, to, quiet=quiet)
    return grant(path, to, level, quiet=quiet)


def _asked(shell: Shell, question: str) -> str:
    if not (shell.interactive and is_terminal(sys.stdin)):
        raise UsageError("Say with whom to share it and at which level", hint="As in: share PATH USER LEVEL")
    answer = prompt(question).strip()
    if not answer:
        raise UsageError("Nothing was typed, so nothing is shared")
    return answer


def lcd(path: Local = "~", /) -> int:
    """Go to a folder of this computer.

    Args:
        path: The folder; your home by default.
    """
    folder = Path(path).expanduser() if path == "~" else Path(path)
    with local_errors("go to", folder):
        os.chdir(folder)
    return 0


def lpwd() -> int:
    """Show which folder of this computer you are in."""
    with local_errors("find", Path()):
        out(name_for(str(Path.cwd()), sys.stdout))
    return 0


def lls(*paths: Local, long: Annotated[bool, Flag, Parameter(alias="-l")] = False, quiet: Quiet = False) -> int:
    """List a folder of this computer.

    Args:
        paths: The folder to list, or files.
        long: Size, time of change and name, one line each.
    """
    from ..browse import print_entries

    given = [Path(path) for path in paths] or [Path()]
    with local_errors("list", given[0]):
        alone = given[0] if len(given) == 1 and given[0].is_dir() else None
        listed = given if alone is None else list(alone.iterdir())
        found = [_local_entry(path, str(path) if alone is None else path.name) for path in listed]
    found.sort(key=lambda entry: (entry.kind, entry.name))

    async def entries() -> AsyncIterator[Entry]:
        for entry in found:
            yield entry

    run(print_entries(entries(), long=long, full=False, json=False, quiet=quiet))
    return 0


def _local_entry(path: Path, name: str) -> Entry:
    """A file here as the listing shows it."""
    status = path.lstat()
    kind = Kind.FOLDER if path.is_dir() else Kind.FILE
    moment = TimeUs(status.st_mtime_ns // 1000)
    return Entry(str(path), name, kind, status.st_size if kind is Kind.FILE else 0, moment, moment, None, "")


def help_(command: str | None = None, /) -> int:
    """Explain the commands, or one.

    Args:
        command: Its name, either one.
    """
    from .helppage import print_help

    print_help(command)
    return 0


def quit_(*, shell: _Shell) -> int:
    """Leave, as Ctrl-D does."""
    shell.ended = True
    return 0
