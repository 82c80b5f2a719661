"""Signing in to a share (`sft share`): no account, only its password, and a name if one likes."""

import sys
from typing import TYPE_CHECKING

from ...client.wire import time_text as moment
from ...errors import UnreachableError
from .connection import run
from .passwords import ask_password, read_password
from .terminal import is_terminal, note, prompt, safe, time_text
from .values import print_json

if TYPE_CHECKING:
    from ...client import VisitInfo
    from .signin import ServerTrust


def visit_share(trust: "ServerTrust", name: str | None, *, password_stdin: bool, json: bool, quiet: bool) -> int:
    """Become a guest of the share, and remember it as the server to use.

    Raises:
        SignInFailedError, TooManyRequestsError, BusyError, UsageError
    """
    from ...client import AsyncClient, Profile, Profiles

    share = trust.share
    if share is None:
        raise UnreachableError(f"{trust.url} shares nothing")
    asks = is_terminal(sys.stdin) and not password_stdin
    note(f"{trust.url} shares {safe(share.name)}. You need no account there.", quiet=quiet)
    called = prompt("Your name, if you like: ").strip() if name is None and asks else name or ""
    password = None
    if share.protected:
        password = read_password() if password_stdin else ask_password("Password of the share: ")
    url = f"{trust.url}/s/{share.secret}"

    async def work() -> "VisitInfo":
        async with AsyncClient(trust.url, ca_pem=trust.ca_pem) as client:
            return await client.visit(url, password, name=called)

    visit = run(work())
    expires = moment(visit.ends_us)
    Profiles().add(Profile(trust.url, trust.ca_pem, visit.token, visit.guest, expires))
    if json:
        print_json({"url": trust.url, "guest": visit.guest, "share": share.name, "expires": expires})
    note(f"You are there as {safe(visit.guest)}, until {time_text(visit.ends_us)}.", quiet=quiet)
    return 0
