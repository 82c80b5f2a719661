"""`logs`: what happened on the server, to be searched, followed and exported."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ...model import Category, LogFilter, Severity
from .connection import connected, run
from .failures import UsageError
from .options import Flag, Json, Quiet, Server
from .terminal import cells, count_text, is_terminal, local_time, note, out, padded, safe, styled, width
from .values import moment_of, text_of, time_value

if TYPE_CHECKING:
    from ...client import AsyncClient, LogLine

FOLLOW_SECONDS = 1.0
_EXPORTS = ("xlsx", "txt", "csv", "jsonl")
_STYLES = {"debug": "dim", "info": "", "warning": "yellow", "error": "red"}
_MARKS = {"debug": "debug", "info": "info", "warning": "WARN", "error": "ERROR"}
_TIME_COLUMNS = 19
_MARK_COLUMNS = 5
_WHO_COLUMNS = 26


def logs(
    *,
    since: Annotated[str | None, Parameter(metavar="TIME")] = None,
    until: Annotated[str | None, Parameter(metavar="TIME")] = None,
    category: Annotated[
        tuple[Category, ...], Parameter(alias="-c", negative="", metavar="NAME", show_choices=False, show_default=False)
    ] = (),
    severity: Annotated[
        Severity, Parameter(alias="-s", metavar="LEVEL", show_choices=False, show_default=False)
    ] = Severity.DEBUG,
    user: Annotated[str, Parameter(alias="-u", metavar="NAME", show_default=False)] = "",
    address: Annotated[str, Parameter(metavar="IP", show_default=False)] = "",
    door: Annotated[str, Parameter(metavar="NAME", show_default=False)] = "",
    session: Annotated[int | None, Parameter(metavar="ID")] = None,
    request: Annotated[str, Parameter(metavar="ID", show_default=False)] = "",
    search: Annotated[str, Parameter(alias="-g", metavar="TEXT", show_default=False)] = "",
    limit: Annotated[int, Parameter(alias="-n")] = 100,
    mine: Annotated[bool, Flag] = False,
    follow: Annotated[bool, Parameter(alias="-f", negative="", show_default=False)] = False,
    export: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """See what happened; follow it; export it.

    The newest events come last. Operators see all of them, everybody else their own with --mine.

        sft logs --since 2h --severity warning
        sft logs --user sara --category transfer --follow
        sft logs --since 2026-11-01 --export november.xlsx

    Args:
        since: From then on: how long ago, such as 30m, 2h or 7d, or a date, or a date and time.
        until: Before then.
        category: Only these: server, connection, sign-in, transfer, file, sharing, chat, security, administration,
            error.
        severity: At least debug, info, warning or error.
        user: What this account, or guest, did.
        address: What came from this address.
        door: What came in by http or ftps, or was done on the spot: local.
        session: What was done in this session.
        request: What was done for this request.
        search: Events with this in their text, object, account, address or kind.
        limit: How many, the latest ones.
        mine: What you did yourself.
        follow: Go on with what happens from now on, until Ctrl-C.
        export: Write all events that fit to a file: .xlsx, .txt, .csv or .jsonl.
    """
    if limit < 1:
        raise UsageError("--limit is at least 1")
    if export is not None and follow:
        raise UsageError(
            "--export and --follow do not go together", hint="An export ends with what happened until now."
        )
    wanted = LogFilter(
        moment_of(since, "--since"), moment_of(until, "--until"), category, severity, user, address, door, session,
        request, search,
    )  # fmt: skip
    if export is not None:
        return _export(export, wanted, server, mine=mine, quiet=quiet)
    show = _json_line if json else _Lines().show

    async def work() -> None:
        async with connected(server) as client:
            # Where to go on is asked first: what happens between the two questions is shown twice rather than never.
            _, last = await client.log_after(None, wanted, mine=mine) if follow else ([], 0)
            found = list(reversed(await client.log(wanted, limit=limit, mine=mine)))
            for line in found:
                show(line)
            if follow:
                await _follow(client, wanted, max([last, *(line.number for line in found)]), show, mine=mine)
            elif not found and not json:
                note("Nothing of that kind happened.", quiet=quiet)

    run(work())
    return 0


async def _follow(client: "AsyncClient", wanted: LogFilter, last: int, show: Any, *, mine: bool) -> None:
    from ...client import Hints

    # Events say that there is something, never what: each line is asked for once, by the number of the last.
    async with Hints(client, [] if mine else ["log"]) as hints:  # only operators hear of the log
        while True:
            lines, last = await client.log_after(last, wanted, mine=mine)
            for line in lines:
                show(line)
            sys.stdout.flush()
            if not lines:
                await hints.wait(FOLLOW_SECONDS)


def _export(target: Path, wanted: LogFilter, server: str | None, *, mine: bool, quiet: bool) -> int:
    form = target.suffix.lower().removeprefix(".")
    if form not in _EXPORTS:
        raise UsageError(
            f"{target.name} has no ending that says what it shall be", hint="Use .xlsx, .txt, .csv or .jsonl."
        )
    part = target.with_name(f".{target.name}.part-{os.getpid()}")

    async def work() -> int:
        size = 0
        async with connected(server) as client:
            with part.open("xb") as file:
                async for piece in client.log_pieces(form, wanted, mine=mine):
                    file.write(piece)
                    size += len(piece)
        return size

    try:
        size = run(work())
        part.replace(target)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}", hint="Choose another file.") from None
    finally:
        part.unlink(missing_ok=True)
    note(f"{safe(str(target))}: {count_text(size, 'byte')}", quiet=quiet)
    return 0


def _json_line(line: "LogLine") -> None:
    """One object a line: they come one by one."""
    told = {name: getattr(line, name) for name in line.__slots__ if name != "at_us"}
    out(text_of({"time": time_value(line.at_us), **told, "severity": line.severity.value}))


class _Lines:
    """Events as lines for people: time, severity, who, what. In a pipe each is one line however long."""

    def __init__(self) -> None:
        self._day = ""
        self._for_people = is_terminal(sys.stdout)

    def show(self, line: "LogLine") -> None:
        """Print one."""
        moment = local_time(line.at_us)
        mark = padded(_MARKS[line.severity.value], _MARK_COLUMNS)
        who = safe(" ".join(filter(None, (line.actor, line.address))) or line.door or "-")
        text = safe(line.text)
        if not self._for_people:
            out("  ".join((f"{moment:%Y-%m-%d %H:%M:%S}", mark, padded(line.kind, 20), who, text)))
            return
        if (day := f"{moment:%A %Y-%m-%d}") != self._day:
            self._day = day
            out(styled(day, "bold", sys.stdout))
        style = _STYLES[line.severity.value]
        columns = min(_WHO_COLUMNS, width() // 4)
        head = [styled(f"{moment:%H:%M:%S}", "dim", sys.stdout), styled(mark, style, sys.stdout) if style else mark]
        indent = 8 + 2 + _MARK_COLUMNS + 2 + columns + 2
        first, *rest = _wrapped(text, max(20, width() - indent))
        shown = [styled(each, style, sys.stdout) if style else each for each in (first, *rest)]
        out("  ".join((*head, styled(padded(_cut(who, columns), columns), "cyan", sys.stdout), shown[0])))
        for each in shown[1:]:
            out(" " * indent + each)


def _cut(text: str, columns: int) -> str:
    if cells(text) <= columns:
        return text
    while cells(text) > columns - 1:
        text = text[:-1]
    return text + "…"


def _wrapped(text: str, columns: int) -> Sequence[str]:
    """Lines of at most so many columns, broken between words where that is possible."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if line and cells(line) + 1 + cells(word) > columns:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
        while cells(line) > columns:
            head = line[:columns]
            while cells(head) > columns:
                head = head[:-1]
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line] if line or not lines else lines
