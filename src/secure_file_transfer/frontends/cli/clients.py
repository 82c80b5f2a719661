"""The commands about who is connected: clients, kick, warn, pause, resume and warnings."""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ...errors import NotFoundError
from .clients_table import lines_of, rows_of, shown
from .connection import connected, run
from .failures import UsageError
from .options import Json, Quiet, Server
from .terminal import count_text, is_terminal, note, out, print_table, safe, styled, time_text, width
from .values import print_json, seconds_of, text_of, time_value

if TYPE_CHECKING:
    from ...client import AsyncClient, ConnectedClient, OperatorWarning


Client = Annotated[str, Parameter(metavar="ID|USER")]


def clients(
    *,
    watch: Annotated[bool, Parameter(alias="-w", negative="", show_default=False)] = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """List who is connected, and what they do.

    Operators see everybody, others themselves.

        sft clients
        sft clients --watch

    Args:
        watch: Keep the list up to date until Ctrl-C; with --json a line for each look.
    """

    async def work() -> None:
        async with connected(server) as client:
            if watch:
                await _watch(client, json=json)
                return
            found = await client.clients()
        if json:
            print_json([_value(each) for each in found])
            return
        if found and is_terminal(sys.stdout):
            first, *lines = lines_of(found, time.time(), width())
            for line in (styled(first, "dim", sys.stdout), *lines):
                out(line)
        else:
            print_table(*rows_of(found, time.time()))
        if not found:
            note("Nobody is connected.", quiet=quiet)

    try:
        run(work())
    except KeyboardInterrupt:
        if not watch:
            raise
    return 0


async def _watch(client: "AsyncClient", *, json: bool) -> None:
    if json or not is_terminal(sys.stdout):
        async for found in client.watch_clients(every=1):
            out(text_of([_value(each) for each in found]))
            sys.stdout.flush()
        return
    from rich.console import Console
    from rich.live import Live

    console = Console()
    with Live(console=console, auto_refresh=False, screen=True) as live:
        async for found in client.watch_clients():
            live.update(shown(found, time.time(), console.width, console.height), refresh=True)


def kick(
    who: Client,
    *,
    reason: Annotated[str, Parameter(alias="-m", metavar="TEXT")] = "",
    block: Annotated[str | None, Parameter(metavar="TIME")] = None,
    block_address: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Disconnect somebody; what they transfer stops.

    That takes less than a second, and they are told the reason. For operators.

        sft kick 12 --reason "The disk is being changed"
        sft kick sara --block 10m

    Args:
        who: The number that 'sft clients' shows, or an account: all its clients.
        reason: What they are told.
        block: No new sign-ins for so long, such as 10m, 2h or 1d; 'sft guard list' shows it, 'sft guard unblock' ends
            it.
        block_address: With --block: nobody can sign in from their address either.
    """
    if block_address and block is None:
        raise UsageError("--block-address goes with --block", hint="Say for how long: --block 10m.")
    minutes = _minutes(block)

    async def work() -> list[str]:
        async with connected(server) as client:
            found = await _named(client, who)
            for each in found:
                await client.kick(each, reason=reason, block_minutes=minutes, block_address=block_address)
            return found

    ended = run(work())
    if json:
        print_json({"kicked": ended})
    note(f"{count_text(len(ended), 'client')} disconnected.", quiet=quiet)
    return 0


def warn(
    *words: Annotated[str, Parameter(metavar="ID|USER TEXT")],
    all_: Annotated[bool, Parameter(name="--all", negative="", show_default=False)] = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Warn somebody; it stands on their screen until they acknowledge it.

    An account sees it wherever it is signed in. 'sft warnings list --sent' shows who has acknowledged. For operators.

        sft warn sara "The server stops at noon."
        sft warn --all "The server stops at noon."

    Args:
        words: The number that 'sft clients' shows or an account, and the text.
        all_: Everybody who is connected.
    """
    if len(words) != (1 if all_ else 2):
        raise UsageError("Say whom to warn, and of what", hint='Such as: sft warn sara "The server stops at noon."')

    async def work() -> "Sequence[OperatorWarning]":
        async with connected(server) as client:
            if all_:
                return await client.warn_everybody(words[0])
            if any(each.id == words[0] for each in await client.clients()):
                return [await client.warn(words[0], words[1])]
            return [await client.warn_account(words[0], words[1])]

    sent = run(work())
    if json:
        print_json([_warning_value(each) for each in sent])
    note(f"{count_text(len(sent), 'warning')} sent.", quiet=quiet)
    return 0


def pause(who: Client, *, server: Server = None, json: Json = False, quiet: Quiet = False) -> int:
    """Hold what somebody transfers, for as long as you like.

    Nothing of it fails; 'sft resume' lets it go on. For operators.

        sft pause sara

    Args:
        who: The number that 'sft clients' shows, or an account: all its clients.
    """
    return _hold(who, server, json=json, quiet=quiet, paused=True)


def resume(who: Client, *, server: Server = None, json: Json = False, quiet: Quiet = False) -> int:
    """Let somebody's transfers go on after 'sft pause'.

        sft resume sara

    Args:
        who: The number that 'sft clients' shows, or an account: all its clients.
    """
    return _hold(who, server, json=json, quiet=quiet, paused=False)


def _hold(who: str, server: str | None, *, json: bool, quiet: bool, paused: bool) -> int:
    async def work() -> list[str]:
        async with connected(server) as client:
            found = await _named(client, who)
            for each in found:
                await (client.pause_client(each) if paused else client.resume_client(each))
            return found

    held = run(work())
    if json:
        print_json({"paused" if paused else "resumed": held})
    note(f"{count_text(len(held), 'client')} {'paused' if paused else 'resumed'}.", quiet=quiet)
    return 0


def warnings_list(
    *,
    sent: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """List the warnings of the operators that you have not acknowledged.

        sft warnings list
        sft warnings list --sent

    Args:
        sent: Those to everybody, and who acknowledged them when; for operators.
    """

    async def work() -> "Sequence[OperatorWarning]":
        async with connected(server) as client:
            return await client.warnings(everybody=sent)

    found = run(work())
    if json:
        print_json([_warning_value(each) for each in found])
        return 0
    rows = [
        [
            str(each.id),
            *([safe(each.to)] if sent else []),
            safe(each.author),
            time_text(each.created_us),
            *([_acknowledged(each)] if sent else []),
            safe(each.text),
        ]
        for each in found
    ]
    head = ["ID", *(["TO"] if sent else []), "FROM", "SENT", *(["ACKNOWLEDGED"] if sent else []), "TEXT"]
    print_table(head, rows)
    if not rows:
        note("No warning stands." if not sent else "No warning was sent.", quiet=quiet)
    return 0


def warnings_ack(
    *number: Annotated[int, Parameter(metavar="ID")],
    all_: Annotated[bool, Parameter(name="--all", negative="", show_default=False)] = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Say that you have read a warning; it stands no more.

        sft warnings ack 12
        sft warnings ack --all

    Args:
        number: The number that 'sft warnings list' shows.
        all_: All of them.
    """
    if bool(number) == all_:
        raise UsageError("Say which warnings", hint="Give their numbers, or --all.")

    async def work() -> int:
        async with connected(server) as client:
            ids = number or [each.id for each in await client.warnings()]
            for each in ids:
                await client.acknowledge(each)
            return len(ids)

    count = run(work())
    if json:
        print_json({"acknowledged": count})
    note(f"{count_text(count, 'warning')} acknowledged.", quiet=quiet)
    return 0


async def _named(client: "AsyncClient", who: str) -> list[str]:
    """The clients that somebody means: one by its id, or all of an account.

    Raises:
        NotFoundError
    """
    found = await client.clients()
    ids = [each.id for each in found if each.id == who]
    ids = ids or [each.id for each in found if each.kind == "account" and each.name.casefold() == who.casefold()]
    if not ids and who.isdecimal():
        return [who]  # a session that rests
    if not ids:
        raise NotFoundError(f"{safe(who)} is not connected", hint="See who is: sft clients.")
    return ids


def _minutes(text: str | None) -> int:
    if text is None:
        return 0
    try:
        return -(-seconds_of(text) // 60)
    except ValueError as error:
        raise UsageError(f"--block {safe(text)}: {error}") from None


def _acknowledged(each: "OperatorWarning") -> str:
    return "-" if each.acknowledged_us is None else time_text(each.acknowledged_us)


def _value(each: "ConnectedClient") -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name,
        "kind": each.kind,
        "door": each.door,
        "address": each.address,
        "agent": each.agent,
        "since": time_value(each.since_us),
        "state": each.state,
        "path": each.path,
        "bytes": each.done,
        "size": each.size,
        "percent": each.percent,
        "files": each.files,
        "rate": each.rate,
        "eta": each.eta,
        "received": each.received,
        "sent": each.sent,
    }


def _warning_value(each: "OperatorWarning") -> dict[str, Any]:
    return {
        "id": each.id,
        "to": each.to,
        "author": each.author,
        "text": each.text,
        "created": time_value(each.created_us),
        "acknowledged": None if each.acknowledged_us is None else time_value(each.acknowledged_us),
    }
