"""`token create`, `list` and `rm`: what programs sign in with."""

import sys
import unicodedata
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from ...errors import NotFoundError
from ...paths import RemotePath
from .connection import connected, remote, run
from .ending import end
from .failures import UsageError
from .options import Flag, Json, PasswordStdin, Quiet, Server
from .passwords import ask_password, read_password
from .terminal import count_text, is_terminal, note, out, print_table, safe, styled, time_text
from .values import print_json, seconds_of, time_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...client import ApiTokenInfo, CreatedToken

NEVER = "never"
ScopeName = Literal["files:read", "files:write", "files:delete", "shares", "admin"]
"""`model.Scope`; of an enumeration the parser would take the names of its members."""


def token_create(
    name: str,
    /,
    *,
    scope: Annotated[
        tuple[ScopeName, ...], Parameter(metavar="SCOPE", negative="", show_choices=True, show_default=False)
    ] = ("files:read",),
    path: Annotated[str, Parameter(metavar="PATH")] = "/",
    expire: Annotated[str, Parameter(metavar="TIME")] = "90d",
    password_stdin: PasswordStdin = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Make a token for a program.

    It is printed this once. Give it to the program as SFT_TOKEN, or with 'sft login --token-stdin'. It does no more
    than its scopes say, nothing outside of its path, and never more than you may yourself at that time.

        sft token create nightly --scope files:read --scope files:write --path /backups
        sft token create reader --expire 12h > reader.token

    Args:
        name: What it is for, so that you know it again.
        scope: What it may do, files:read by default; give it several times for several scopes.
        path: Only what lies at or below this path exists for it.
        expire: How long it lasts, such as 30m, 12h or 90d, or 'never'.
    """
    seconds = None if expire == NEVER else _lifetime(expire)
    below = remote(path)
    password = read_password() if password_stdin else ask_password("Your password: ")

    async def work() -> "CreatedToken":
        async with connected(server) as client:
            made = await client.create_token(
                unicodedata.normalize("NFC", name), password, scopes=scope, path=str(below), seconds=seconds
            )
            if not below.is_root:
                try:
                    await client.stat(str(below))
                except NotFoundError:
                    note(f"{safe(str(below))} is not there now; until it is, this token finds nothing.", quiet=quiet)
            return made

    made = run(work())
    if json:
        print_json({"text": made.text, "token": _value(made.token)})
    else:
        out(made.text)
    ends = "does not expire" if made.token.expires_us is None else f"expires {time_text(made.token.expires_us)}"
    note(f"Token {made.token.number} for {_what(made.token)}; it {ends}.", quiet=quiet)
    note("It is shown this once. 'sft token rm' ends it.", quiet=quiet or not is_terminal(sys.stderr))
    return 0


def token_list(*, everybody: Annotated[bool, Flag] = False, server: Server = None, json: Json = False) -> int:
    """List your tokens.

        sft token list

    Args:
        everybody: Those of all accounts; for operators.
    """

    async def work() -> "Sequence[ApiTokenInfo]":
        async with connected(server) as client:
            return await client.tokens(everybody=everybody)

    found = run(work())
    if json:
        print_json([_value(each) for each in found])
        return 0
    rows = [
        [
            str(each.number),
            *([safe(each.account)] if everybody else []),
            safe(each.name),
            _ends(each),
            "never" if each.seen_us is None else f"{time_text(each.seen_us)} {safe(each.address)}",
            _what(each),
        ]
        for each in found
    ]
    head = ["ID", *(["ACCOUNT"] if everybody else []), "NAME", "EXPIRES", "LAST USED", "FOR"]
    print_table(head, rows)
    if not rows:
        note("There are no tokens. 'sft token create NAME' makes one.", quiet=not is_terminal(sys.stderr))
    return 0


def token_rm(
    *number: Annotated[int, Parameter(metavar="ID")],
    all_: Annotated[bool, Parameter(name="--all", negative="", show_default=False)] = False,
    user: Annotated[str | None, Parameter(alias="-u", metavar="NAME")] = None,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Revoke tokens; what they transfer stops.

    That takes less than a second. Tokens outlast a new password: if somebody knew the old one, revoke them too.

        sft token rm 3
        sft token rm --all

    Args:
        number: The number that 'sft token list' shows.
        all_: All your tokens.
        user: With --all: all tokens of this account; for operators.
    """
    revoked = end(
        number,
        "tokens",
        lambda client, each: client.revoke_token(each),
        lambda client, whose: client.revoke_tokens(whose),
        all_=all_,
        user=user,
        server=server,
    )
    if json:
        print_json({"revoked": revoked})
    note(f"{count_text(revoked, 'token')} revoked.", quiet=quiet)
    return 0


def _lifetime(text: str) -> int:
    try:
        return seconds_of(text)
    except ValueError as error:
        raise UsageError(f"--expire {text}: {error}", hint=f"Or '{NEVER}'.") from None


def _ends(token: "ApiTokenInfo") -> str:
    if token.expires_us is None:
        return NEVER
    return styled("expired", "red", sys.stdout) if token.expired else time_text(token.expires_us)


def _what(token: "ApiTokenInfo") -> str:
    below = "" if RemotePath.parse(token.path).is_root else f" below {safe(token.path)}"
    return safe(" ".join(token.scopes)) + below


def _value(token: "ApiTokenInfo") -> dict[str, Any]:
    return {
        "id": token.number,
        "account": token.account,
        "name": token.name,
        "scopes": list(token.scopes),
        "path": token.path,
        "created": time_value(token.created_us),
        "expires": time_value(token.expires_us),
        "seen": time_value(token.seen_us),
        "address": token.address,
        "status": "expired" if token.expired else "active",
    }
