"""`user list`, `set`, `approve`, `reject` and `reset`: accounts and their limits, on the spot."""

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ...model import Account
from ...sizes import parse_size
from .failures import UsageError
from .options import Config, DataDir, Json, Quiet
from .settings import load_settings
from .terminal import (
    cells,
    count_text,
    is_terminal,
    note,
    out,
    print_table,
    safe,
    size_text,
    time_text,
    width,
)
from .values import print_json, time_value

if TYPE_CHECKING:
    from ...server import Listed

Size = Annotated[str | None, Parameter(metavar="BYTES", show_default=False)]
Count = Annotated[str | None, Parameter(metavar="COUNT", show_default=False)]
Text = Annotated[str | None, Parameter(metavar="TEXT", show_default=False)]
When = Annotated[str | None, Parameter(metavar="DATE|DAYS|never", show_default=False)]

_COLUMNS = 4
"""Those that are never cut."""
_NOTES_MIN = 20
_DAYS = re.compile(r"([0-9]{1,5})d", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def user_list(*, data_dir: DataDir = None, config: Config = None, json: Json = False, quiet: Quiet = False) -> int:
    """List the accounts, and what each holds of what it may.

    A terminal shows as much of what is special about each as fits into a line; --json has all of it.

        sft user list
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        found, now = local.accounts.listed(), local.now_us()
    if json:
        print_json([_value(each) for each in found])
        return 0
    rows = [
        [
            safe(each.account.name),
            each.account.role,
            _used(each.bytes, each.account.quota_bytes),
            time_text(each.account.created_us),
            _notes(each, now),
        ]
        for each in found
    ]
    print_table(["NAME", "ROLE", "USED", "CREATED", ""], _fitted(rows) if is_terminal(sys.stdout) else rows)
    if not rows:
        note("There are no accounts yet. Make one with 'sft user add --admin NAME'.", quiet=quiet)
    return 0


def _fitted(rows: list[list[str]]) -> list[list[str]]:
    """The rows as a terminal has room for them: of what is special the most important comes first."""
    taken = sum(max(cells(row[at]) for row in rows) + 2 for at in range(_COLUMNS)) if rows else 0
    room = max(width() - taken, _NOTES_MIN)
    return [[*row[:_COLUMNS], _cut(row[_COLUMNS], room)] for row in rows]


def _cut(text: str, columns: int) -> str:
    if cells(text) <= columns:
        return text
    while cells(text) >= columns:
        text = text[:-1]
    return text.rstrip(" ,") + "…"


def _value(each: "Listed") -> dict[str, Any]:
    account = each.account
    return {
        "name": account.name,
        "role": account.role,
        "disabled": account.disabled,
        "pending": account.pending,
        "email": account.email,
        "note": account.note,
        "created": time_value(account.created_us),
        "expires": time_value(account.expires_us),
        "bytes": each.bytes,
        "files": each.files,
        "quota": account.quota_bytes or None,
        "quota_files": account.quota_files or None,
        "rate_up": account.rate_up,
        "rate_down": account.rate_down,
    }


def _used(size: int, quota: int) -> str:
    return f"{size_text(size)} of {size_text(quota)}" if quota else size_text(size)


def _notes(each: "Listed", now: int) -> str:
    """What is special about an account."""
    account = each.account
    notes = ["waits for approval"] if account.pending else []
    notes += ["disabled"] if account.disabled else []
    if account.expires_us is not None:
        notes.append(f"{'expired' if account.expires_us <= now else 'until'} {time_text(account.expires_us)}")
    if account.quota_files:
        notes.append(f"{each.files:,} of {count_text(account.quota_files, 'file')}")
    notes += _rates(account)
    return ", ".join([*notes, *filter(None, (safe(account.email), safe(account.note)))])


def _rates(account: Account) -> list[str]:
    pairs = (("up", account.rate_up), ("down", account.rate_down))
    return [f"{way} {size_text(rate)}/s" for way, rate in pairs if rate]


def user_set(
    name: str,
    /,
    *,
    quota: Size = None,
    quota_files: Count = None,
    expire: When = None,
    email: Text = None,
    note_: Annotated[str | None, Parameter(name="--note", metavar="TEXT", show_default=False)] = None,
    rate_up: Size = None,
    rate_down: Size = None,
    data_dir: DataDir = None,
    config: Config = None,
    quiet: Quiet = False,
) -> int:
    """Change what an account may hold, how fast it is, until when it is good.

    A quota is what its home may hold, whoever puts it there. The rates are for all its transfers together, on every
    door; those that run follow within a second. From the moment it expires an account cannot sign in, and its
    sessions end; its files stay.

        sft user set sara --quota 10G --quota-files 100000
        sft user set sara --expire 2027-01-01 --note "until the end of the project"
        sft user set sara --rate-up 10M --rate-down 2.5M
        sft user set sara --quota 0 --expire never

    Args:
        name: The account.
        quota: Bytes that its home may hold; 0 is no limit.
        quota_files: Files that its home may hold; 0 is no limit.
        expire: The day on which it ends (it cannot sign in on that day), a number of days such as 30d, or never.
        email: How to reach its owner; '' forgets it.
        note_: One line for yourself; '' forgets it.
        rate_up: Bytes a second that it may send; 0 is no limit.
        rate_down: Bytes a second that it may fetch; 0 is no limit.
    """
    if all(each is None for each in (quota, quota_files, expire, email, note_, rate_up, rate_down)):
        raise UsageError("There is nothing to set", hint="See what can be set with: sft user set --help.")
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        account = local.accounts.change(
            name,
            server.Change(
                email=email,
                note=note_,
                expires_us=_moment(expire, local.now_us()),
                quota_bytes=_number(quota, "--quota", parse_size),
                quota_files=_number(quota_files, "--quota-files", _count),
                rate_up=_number(rate_up, "--rate-up", parse_size),
                rate_down=_number(rate_down, "--rate-down", parse_size),
            ),
        )
    note(f"{safe(account.name)}: {', '.join(_limits(account))}.", quiet=quiet)
    return 0


def _limits(account: Account) -> list[str]:
    """All that limits an account, in words."""
    kept = [size_text(account.quota_bytes)] if account.quota_bytes else []
    kept += [count_text(account.quota_files, "file")] if account.quota_files else []
    until = "for ever" if account.expires_us is None else f"until {time_text(account.expires_us)}"
    return [f"holds {' and '.join(kept) or 'as much as there is room for'}", *_rates(account), f"good {until}"]


def _number(text: str | None, option: str, read: Callable[[str], int]) -> int | None:
    try:
        return None if text is None else read(text)
    except ValueError as error:
        raise UsageError(f"{option} {safe(text or '')}: {error}") from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise ValueError("a whole number is needed")
    return int(text)


def _moment(text: str | None, now: int) -> int | None:
    """Microseconds since 1970; 0 is never."""
    if text is None:
        return None
    if text == "never":
        return 0
    if days := _DAYS.fullmatch(text):
        return now + int(days[1]) * 86_400_000_000
    try:
        # The day begins where the operator is.
        day = datetime.strptime(text, "%Y-%m-%d").astimezone()
    except ValueError:
        raise UsageError(f"--expire {safe(text)}: a day such as 2027-01-01, 30d, or never is needed") from None
    return (day - _EPOCH) // timedelta(microseconds=1)


def user_approve(name: str, /, *, data_dir: DataDir = None, config: Config = None, quiet: Quiet = False) -> int:
    """Let an account that registered itself sign in.

        sft user approve sara

    Args:
        name: The account.
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        local.accounts.approve(name)
    note(f"{safe(name)} can sign in now.", quiet=quiet)
    return 0


def user_reject(name: str, /, *, data_dir: DataDir = None, config: Config = None, quiet: Quiet = False) -> int:
    """Remove an account that registered itself and waits.

        sft user reject sara

    Args:
        name: The account.
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        local.accounts.reject(name)
    note(f"{safe(name)} is removed.", quiet=quiet)
    return 0


def user_reset(
    name: str,
    /,
    *,
    hours: Annotated[int, Parameter(metavar="HOURS")] = 24,
    data_dir: DataDir = None,
    config: Config = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Print a link by which somebody sets a new password.

    The link works once. Until it is used the old password stays as it is; then all sessions of the account end. A
    second factor stays on.

        sft user reset sara
        sft user reset sara --hours 2

    Args:
        name: The account.
        hours: How long the link is good.
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        made = local.resets.begin(name, hours)
        link = f"{local.url()}/reset/{made.code}"
    if json:
        print_json({"account": made.account, "link": link, "expires": time_value(made.expires_us)})
        return 0
    out(link)
    note(f"Give it to {safe(made.account)} only. It works once, until {time_text(made.expires_us)}.", quiet=quiet)
    return 0
