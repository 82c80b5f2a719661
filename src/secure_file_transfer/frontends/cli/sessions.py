"""`sessions` and `guard`: who is signed in, and who has to wait after wrong guesses."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from .connection import connected, run
from .ending import end
from .failures import UsageError
from .options import Flag, Json, Quiet, Server
from .terminal import count_text, note, print_table, safe, time_text
from .values import print_json, time_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...client import SessionInfo

_AGENT_MAX = 24


def sessions_list(*, everybody: Annotated[bool, Flag] = False, server: Server = None, json: Json = False) -> int:
    """List your sessions.

    The one with the star is the one you are using.

        sft sessions list
        sft sessions list --everybody

    Args:
        everybody: Those of all accounts; for operators.
    """

    async def work() -> "Sequence[SessionInfo]":
        async with connected(server) as client:
            return await client.sessions(everybody=everybody)

    found = run(work())
    if json:
        print_json([_session_value(each) for each in found])
        return 0
    rows = [
        [
            f"{'*' if each.current else ' '} {each.number}",
            *([_who(each)] if everybody else []),
            time_text(each.seen_us),
            safe(each.address),
            each.door,
            _short(safe(each.agent)),
        ]
        for each in found
    ]
    head = ["  ID", *(["ACCOUNT"] if everybody else []), "LAST USED", "ADDRESS", "DOOR", "PROGRAM"]
    print_table(head, rows)
    return 0


def sessions_end(
    *number: Annotated[int, Parameter(metavar="ID")],
    all_: Annotated[bool, Parameter(name="--all", negative="", show_default=False)] = False,
    user: Annotated[str | None, Parameter(alias="-u", metavar="NAME")] = None,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """End sessions; their transfers stop.

    That takes less than a second, also for a transfer that hangs.

        sft sessions end 12 15
        sft sessions end --all
        sft sessions end --all --user sara

    Args:
        number: The number that 'sft sessions list' shows.
        all_: All your sessions but the one you are using.
        user: With --all: all sessions of this account; for operators.
    """
    ended = end(
        number,
        "sessions",
        lambda client, each: client.end_session(each),
        lambda client, whose: client.end_sessions(whose),
        all_=all_,
        user=user,
        server=server,
    )
    if json:
        print_json({"ended": ended})
    note(f"{count_text(ended, 'session')} ended.", quiet=quiet)
    return 0


def guard_list(*, server: Server = None, json: Json = False, quiet: Quiet = False) -> int:
    """List who has to wait.

    After too many wrong passwords or codes. A source is an IPv4 address or an IPv6 network; an account waits for
    strangers only; a pair is an account at a source from which it has signed in before. Whom operators have blocked
    with 'sft kick --block' is listed too.

        sft guard list
    """

    async def work() -> "list[dict[str, Any]]":
        async with connected(server) as client:
            return [
                {
                    "kind": each.kind,
                    "subject": each.subject,
                    "guesses": each.guesses,
                    "until_us": each.until_us,
                    "author": each.author,
                    "reason": each.reason,
                }
                for each in await client.guard_blocks()
            ]

    blocks = run(work())
    if json:
        print_json([{**each, "until": time_value(each.pop("until_us"))} for each in blocks])
        return 0
    rows = [
        [each["kind"], safe(each["subject"]), str(each["guesses"]), time_text(each["until_us"]), _why(each)]
        for each in blocks
    ]
    print_table(["KIND", "WHO", "WRONG", "UNTIL", "WHY"], rows)
    if not rows:
        note("Nobody has to wait.", quiet=quiet)
    return 0


def guard_unblock(
    *who: Annotated[str, Parameter(metavar="WHO")],
    all_: Annotated[bool, Parameter(name="--all", negative="", show_default=False)] = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Let somebody guess again at once.

        sft guard unblock 192.0.2.7
        sft guard unblock sara
        sft guard unblock --all

    Args:
        who: An address, a network or an account.
        all_: Everybody.
    """
    if bool(who) == all_:
        raise UsageError("Say whom", hint="Give addresses or accounts, or --all.")

    async def work() -> int:
        async with connected(server) as client:
            return sum([await client.guard_unblock(each) for each in (who or (None,))])

    unblocked = run(work())
    if json:
        print_json({"unblocked": unblocked})
    note(f"{count_text(unblocked, 'block')} lifted.", quiet=quiet)
    return 0


def _why(block: dict[str, Any]) -> str:
    """An operator's word; or what the guard counts."""
    if not block["author"]:
        return "wrong guesses"
    return f"blocked by {safe(block['author'])}: {safe(block['reason']) or 'no reason given'}"


def _session_value(each: "SessionInfo") -> dict[str, Any]:
    return {
        "id": each.number,
        "account": {"name": each.account.name, "role": each.account.role},
        "door": each.door,
        "address": each.address,
        "agent": each.agent,
        "since": time_value(each.since_us),
        "seen": time_value(each.seen_us),
        "expires": time_value(each.expires_us),
        "current": each.current,
        "link": each.link,
        "guest": each.guest,
    }


def _who(each: "SessionInfo") -> str:
    """The account; of a visitor, whose link it is."""
    name = safe(each.account.name)
    if each.link is None:
        return name
    return f"{safe(each.guest)}, link #{each.link} of {name}" if each.guest else f"link #{each.link} of {name}"


def _short(text: str) -> str:
    return text if len(text) <= _AGENT_MAX else text[: _AGENT_MAX - 1] + "…"
