"""`sft share`: give a folder or a file to whoever is near, at once."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from cyclopts import Parameter
from cyclopts.validators import Number

from ...errors import ConfigurationError
from ...model import Rights
from .failures import UsageError, warn
from .links import end_time
from .options import Flag, Json, Local, PasswordStdin, Quiet, Yes
from .passwords import read_password
from .share_words import banner, happened_json, happened_text, share_json
from .terminal import ask, is_terminal, note, out

if TYPE_CHECKING:
    from ...server import Share, Wish

_TICK_SECONDS = 0.25
_QUESTION = "Share it all the same?"


def share(
    *paths: Annotated[Local, Parameter(metavar="PATH")],
    write: Annotated[bool, Flag] = False,
    overwrite: Annotated[bool, Flag] = False,
    drop: Annotated[bool, Flag] = False,
    no_password: Annotated[bool, Flag] = False,
    password_stdin: PasswordStdin = False,
    expire: Annotated[str | None, Parameter(metavar="TIME")] = None,
    max_downloads: Annotated[int | None, Parameter(metavar="N", validator=Number(gte=1))] = None,
    max_clients: Annotated[int | None, Parameter(metavar="N", validator=Number(gte=1, lte=1000))] = None,
    name: Annotated[str, Parameter(metavar="TEXT", show_default=False)] = "",
    host: Annotated[str | None, Parameter(metavar="ADDRESS")] = None,
    port: Annotated[int | None, Parameter(alias="-p", metavar="NUMBER", validator=Number(gte=0, lte=65535))] = None,
    ftps: Annotated[bool, Flag] = False,
    no_discovery: Annotated[bool, Flag] = False,
    json: Json = False,
    quiet: Quiet = False,
    yes: Yes = False,
) -> int:
    """Share folders and files of this computer, now.

    It lasts until you press Ctrl-C. Nobody needs an account or a program: guests open the address in a browser, or
    scan the code, and type the password. You see who is there and what they fetch. What others change in the folder
    meanwhile, guests see.

        sft share photos
        sft share photos --write --expire 2h
        sft share report.pdf --max-downloads 3
        sft share inbox --drop --name "Photos of the wedding"

    Args:
        paths: Folders and files of this computer.
        write: Guests may add files. A taken name gets a number; nothing that is there is touched.
        overwrite: With --write: guests may also replace files.
        drop: Guests may add files to this folder, and see nothing.
        no_password: Ask for no password. Whoever reaches this computer gets in.
        password_stdin: Use the password in the first line of standard input, instead of a new random one.
        expire: When it ends: in 30min, 12h, 7d or 2w; or at a time such as 2026-12-24T18:00.
        max_downloads: How many guests may fetch something.
        max_clients: How many guests may be here at once. Who does nothing for five minutes gives way.
        name: What guests see as its title, instead of the name of the folder.
        host: The address to listen on; all of them by default.
        port: The port; 5000 by default, or the next one that is free.
        ftps: Speak FTPS as well: any name, and the password.
        no_discovery: Do not announce it on the local network, where 'sft discover' finds it.
    """
    from ... import server

    wish = _wish(
        paths,
        rights=_rights(write=write, overwrite=overwrite, drop=drop, paths=paths),
        password=_password(no_password=no_password, from_stdin=password_stdin),
        name=name,
        ends_in=None if expire is None else end_time(expire).timestamp() - time.time(),
        downloads_max=max_downloads,
        clients_max=max_clients,
        host=host,
        port=port,
        ftps=ftps,
        discovery=not no_discovery,
        quiet_logs=is_terminal(sys.stdout) and not json,
    )
    if not _meant(server.risks(wish.paths), yes=yes):
        note("Nothing is shared.", quiet=quiet)
        return 1
    with _Signals() as asked, server.open_share(wish) as shared:
        _begin(shared, wish, json=json)
        if _drawable() and not (json or quiet):
            from .share_view import View

            why = View(shared, asked).run()
        else:
            why = _told(shared, asked, json=json, quiet=quiet)
    note(why, quiet=quiet)
    return 0


def _wish(paths: Sequence[Local], **given: Any) -> "Wish":
    from ...server import Wish

    return Wish([Path(path) for path in paths], **given)


def _rights(*, write: bool, overwrite: bool, drop: bool, paths: Sequence[Local]) -> Rights:
    if not paths:
        raise UsageError("Nothing to share", hint="Name a folder or a file, such as: sft share photos")
    if drop and (write or overwrite):
        raise UsageError("With --drop guests see nothing; with --write they do", hint="Give one of them.")
    if overwrite and not write:
        raise UsageError("--overwrite goes with --write", hint="Give both, or neither.")
    folders = [Path(path).is_dir() for path in paths]
    if drop and folders != [True]:
        raise UsageError("--drop takes one folder, where the files go", hint="Make one: mkdir inbox")
    if write and not any(folders):
        raise UsageError("--write needs a folder, where the files go", hint="Share the folder that the file is in.")
    if drop:
        return Rights.CREATE
    return Rights.READ | (Rights.CREATE if write else 0) | (Rights.WRITE if overwrite else 0)


def _password(*, no_password: bool, from_stdin: bool) -> str | None:
    if no_password and from_stdin:
        raise UsageError("--no-password and --password-stdin contradict each other", hint="Give one of them.")
    if no_password:
        return None
    from ...server import new_password

    return read_password() if from_stdin else new_password()


def _meant(risks: Sequence[str], *, yes: bool) -> bool:
    """Make sure that somebody means to give that away."""
    for each in risks:
        warn(each, "Every guest will be able to read all of it.")
    if not risks or yes:
        return True
    if not is_terminal(sys.stdin):
        raise ConfigurationError("There is no terminal to ask whether that is meant", hint="Give --yes if it is.")
    return ask(_QUESTION)


class _Signals:
    """What was asked of us by signals: `asked` counts Ctrl-C, `ended` says that somebody wants us gone at once."""

    def __init__(self) -> None:
        self.interrupts = 0
        self.ended = False

    def __enter__(self) -> Self:
        import signal

        def interrupted(*_: object) -> None:
            self.interrupts += 1

        def ended(*_: object) -> None:
            self.ended = True

        self._before = {}
        for name, handler in (("SIGINT", interrupted), ("SIGTERM", ended), ("SIGHUP", ended)):
            if (number := getattr(signal, name, None)) is not None:
                self._before[number] = signal.signal(number, handler)
        return self

    def __exit__(self, *_: object) -> None:
        import signal

        for number, handler in self._before.items():
            signal.signal(number, handler)


def _begin(shared: "Share", wish: "Wish", *, json: bool) -> None:
    if json:
        out(_line(share_json(shared, wish.password)))
    else:
        banner(shared, wish.password)
        for warning in shared.warnings:
            warn(warning)
        if wish.password is None:
            warn("There is no password: whoever reaches this computer over the network gets in.")
    sys.stdout.flush()


def _told(shared: "Share", asked: _Signals, *, json: bool, quiet: bool) -> str:
    """Say what happens, one line each, for those who read it later; returns why it ended."""
    while not (asked.ended or asked.interrupts or shared.over):
        shared.guests()
        for each in shared.happenings():
            if json:
                out(_line(happened_json(each)))
            elif not quiet:
                out(happened_text(each, dated=True))
        sys.stdout.flush()
        time.sleep(_TICK_SECONDS)
    return "The time is up; the share has ended." if shared.over else "The share has ended."


def _drawable() -> bool:
    """Whether somebody looks, on a terminal where lines can be drawn anew, and can press keys."""
    return is_terminal(sys.stdout) and is_terminal(sys.stdin) and os.environ.get("TERM") != "dumb"


def _line(value: Any) -> str:
    from .values import text_of

    return text_of(value)
