"""`limits`, `status` and `stop`: how a running server is, and how it is steered."""

import asyncio
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from ...sizes import parse_size
from .connection import connected, run
from .failures import UsageError
from .options import Flag, Json, Quiet, Server, Yes
from .terminal import (
    ask,
    cells,
    count_text,
    duration_text,
    is_terminal,
    note,
    out,
    safe,
    size_text,
    styled,
    table,
    time_text,
    width,
)
from .values import print_json, seconds_of, text_of, time_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...client import ServerLimits, ServerStatus
    from ...client.operations import ServerDetails, StopPlan, Ways

Count = Annotated[int | None, Parameter(metavar="N", validator=Number(gte=0))]
Rate = Annotated[str | None, Parameter(metavar="RATE")]
SECONDS = 2.0
"""Between two looks of `status --watch`."""
_LABELS = {
    "clients": "Clients",
    "transfers": "Transfers at once",
    "rate_up": "Bandwidth up",
    "rate_down": "Bandwidth down",
    "maintenance": "Maintenance",
    "text": "Text",
}


def limits(
    *,
    clients: Count = None,
    transfers: Count = None,
    rate_up: Rate = None,
    rate_down: Rate = None,
    maintenance: Annotated[Literal["on", "off"] | None, Parameter(show_choices=True)] = None,
    text: Annotated[str | None, Parameter(metavar="TEXT")] = None,
    reset: Annotated[bool, Flag] = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Show the server's limits, or change them while it runs.

    For operators. A change holds at once, also for what runs already, and survives a restart.

        sft limits
        sft limits --clients 100 --transfers 8 --rate-up 10M
        sft limits --maintenance on --text "Back at 18:00"
        sft limits --reset

    Args:
        clients: How many clients may be connected at once; operators always come in. 0 is no limit.
        transfers: How many transfers move content at once; the others wait in order of priority. 0 is no limit.
        rate_up: Bytes per second that all clients together may send, such as 500K or 10M. 0 is no limit.
        rate_down: The same for what they fetch.
        maintenance: on: no new transfers begin; those that run may finish, and listings go on.
        text: What those are told who are refused meanwhile.
        reset: Back to what the configuration says, before what else is given here.
    """
    changes: dict[str, int | bool | str | None] = dict.fromkeys(_LABELS) if reset else {}
    given = {
        "clients": clients,
        "transfers": transfers,
        "rate_up": _rate("--rate-up", rate_up),
        "rate_down": _rate("--rate-down", rate_down),
        "maintenance": None if maintenance is None else maintenance == "on",
        "text": text,
    }
    changes.update({name: value for name, value in given.items() if value is not None})

    async def work() -> "ServerLimits":
        async with connected(server) as client:
            return await client.change_limits(**changes) if changes else await client.limits()

    found = run(work())
    if json:
        print_json(_limits_value(found))
    elif not (changes and quiet):
        _print_limits(found)
    return 0


def status(
    *,
    watch: Annotated[bool, Parameter(alias="-w", negative="", show_default=False)] = False,
    server: Server = None,
    json: Json = False,
) -> int:
    """Show how the server is.

    Operators see who is connected, what moves and what is stored; everybody sees whether it is in maintenance.

        sft status
        sft status --watch

    Args:
        watch: Look again every two seconds, until Ctrl-C. With --json: one line for each look.
    """
    show = _show_json(watch=watch) if json else _show_text(watch=watch)

    async def work() -> None:
        async with connected(server) as client:
            show(await client.server_status())
            while watch:
                await asyncio.sleep(SECONDS)
                show(await client.server_status())

    run(work())
    return 0


def stop(
    *,
    after_transfers: Annotated[bool, Flag] = False,
    within: Annotated[str | None, Parameter(metavar="TIME")] = None,
    server: Server = None,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Stop the server.

    For operators. Whatever runs gets a few seconds to end, unless it may finish.

        sft stop --after-transfers
        sft stop --after-transfers --within 30m --yes

    Args:
        after_transfers: Begin no new transfers, let those that run finish, and stop then.
        within: Wait no longer than this for them, such as 90s or 30m.
    """
    if within is not None and not after_transfers:
        raise UsageError("--within says how long to wait for transfers", hint="Give --after-transfers as well.")
    try:
        seconds = None if within is None else seconds_of(within)
    except ValueError as error:
        raise UsageError(f"--within {within}: {error}") from None
    if not yes and is_terminal(sys.stdin):
        what = "once its transfers are done" if after_transfers else "now"
        if not ask(f"Stop the server {what}?"):
            note("Nothing was done.", quiet=quiet)
            return 1

    async def work() -> "StopPlan":
        async with connected(server) as client:
            return await client.stop_server(after_transfers=after_transfers, within_seconds=seconds)

    plan = run(work())
    if json:
        print_json(asdict(plan))
    note(_sentence(plan), quiet=quiet)
    return 0


def _sentence(plan: "StopPlan") -> str:
    if not plan.after_transfers:
        return "The server stops."
    return f"The server begins no new transfers, and stops {_when(plan)}."


def _when(plan: "StopPlan") -> str:
    if not plan.after_transfers:
        return "now"
    bound = "" if plan.within_seconds is None else f", after {duration_text(plan.within_seconds)} at the latest"
    return f"once its transfers are done{bound}"


def _cut(text: str, columns: int) -> str:
    """What fits on one line, so that `--watch` knows how many lines to write over."""
    while cells(text) > columns:
        text = text[:-2] + "…"
    return text


def _rate(option: str, text: str | None) -> int | None:
    try:
        return None if text is None else parse_size(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from None


def _limits_value(found: "ServerLimits") -> dict[str, Any]:
    changed = {name: {"at": time_value(at), "by": by} for name, (at, by) in found.changed.items()}
    return {**asdict(found.values), "configured": asdict(found.configured), "changed": changed}


def _print_limits(found: "ServerLimits") -> None:
    values = asdict(found.values)
    rows = []
    for name, label in _LABELS.items():
        if name == "text" and not values[name]:
            continue
        at, by = found.changed.get(name, (None, ""))
        rows.append([label, _shown(name, values[name]), "" if at is None else f"set by {safe(by)}, {time_text(at)}"])
    for line in table(rows):
        out(line)


def _shown(name: str, value: int | bool | str) -> str:
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    if not value:
        return "no limit"
    return f"{size_text(value)}/s" if name.startswith("rate") else f"{value:,}"


def _show_json(*, watch: bool) -> "Callable[[ServerStatus], None]":
    def show(found: "ServerStatus") -> None:
        value = {**asdict(found), "since": time_value(found.since_us)}
        del value["since_us"]
        if watch:
            out(text_of(value))
            sys.stdout.flush()
        else:
            print_json(value)

    return show


def _show_text(*, watch: bool) -> "Callable[[ServerStatus], None]":
    lines = 0

    def show(found: "ServerStatus") -> None:
        nonlocal lines
        told = _status_lines(found)
        if lines and is_terminal(sys.stdout):
            sys.stdout.write(f"\x1b[{lines}A\x1b[J")  # over what was shown before
        elif lines:
            out("")
        for line in told:
            out(line)
        lines = len(told)
        if watch:
            sys.stdout.flush()

    return show


def _status_lines(found: "ServerStatus") -> list[str]:
    rows = [
        ["Server", f"{safe(found.version)}, since {time_text(found.since_us)} ({duration_text(found.uptime_seconds)})"]
    ]
    if found.stopping is not None:
        rows.append(["Stopping", styled(_when(found.stopping), "yellow", sys.stdout)])
    if found.maintenance:
        told = "no new transfers" + (f": {safe(found.text)}" if found.text else "")
        rows.append(["Maintenance", styled(_cut(told, width() - 14), "yellow", sys.stdout)])
    if found.details is not None:
        rows += _detail_rows(found.details)
    elif not found.maintenance and found.stopping is None:
        rows.append(["State", "works"])
    return table(rows)


def _detail_rows(details: "ServerDetails") -> list[list[str]]:
    limits_ = details.limits

    def of(limit: int) -> str:
        return f" of {limit:,}" if limit else ""

    def speed(now: int, limit: int) -> str:
        return f"{size_text(now)}/s" + (f" of {size_text(limit)}/s" if limit else "")

    def sum_of(ways: "Ways") -> int:
        return ways.up + ways.down

    moving = f"{details.running.up:,} up, {details.running.down:,} down"
    waiting = f", {sum_of(details.waiting):,} waiting" if sum_of(details.waiting) else ""
    stored = f"{size_text(details.stored_bytes)} in {count_text(details.stored_files, 'file')}"
    return [
        ["Clients", f"{details.clients:,}{of(limits_.clients)}"],
        ["Transfers", f"{sum_of(details.running):,}{of(limits_.transfers)} running ({moving}){waiting}"],
        ["Up", f"{speed(details.speeds.up, limits_.rate_up)}, {size_text(details.bytes.up)} so far"],
        ["Down", f"{speed(details.speeds.down, limits_.rate_down)}, {size_text(details.bytes.down)} so far"],
        ["Stored", f"{stored}, {size_text(details.free_bytes)} free"],
    ]
