"""`passwd` and `register`: one's own account on a server."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .connection import choose, connected, run
from .failures import UsageError
from .options import Json, PasswordStdin, Quiet, Server
from .passwords import ask_password, new_password, read_password
from .signin import address_typed, ask_name, confirmed, trusted
from .terminal import count_text, note, safe
from .values import print_json


def passwd(
    *, password_stdin: PasswordStdin = False, server: Server = None, json: Json = False, quiet: Quiet = False
) -> int:
    """Change your password; ends all your other sessions.

    With --password-stdin, the first line is the old password and the second one the new.

        sft passwd
        sft passwd --password-stdin < passwords.txt
    """
    from ...client import Profiles

    profile = choose(server)
    if password_stdin:
        old, new = read_password("old password"), read_password("new password")
    else:
        old = ask_password("Old password: ")
        new = new_password(safe(profile.account or "your account"), from_stdin=False)

    async def work() -> tuple[int, str | None]:
        async with connected(server) as client:
            return await client.change_password(old, new)

    ended, token = run(work())
    if token is not None and any(each.url == profile.url for each in Profiles().all()):
        Profiles().add(replace(profile, token=token), current=False)
    if json:
        print_json({"ended": ended})
    others = f"{count_text(ended, 'other session')} ended" if ended else "there was no other session"
    note(f"Your password is changed; {others}.", quiet=quiet)
    return 0


def register(
    url: str,
    /,
    *,
    user: Annotated[str | None, Parameter(alias="-u", metavar="NAME")] = None,
    email: Annotated[str, Parameter(metavar="ADDRESS", show_default=False)] = "",
    password_stdin: PasswordStdin = False,
    fingerprint: Annotated[str | None, Parameter(metavar="SHA256")] = None,
    cafile: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Make an account for yourself, if you may.

    Some servers do not allow it, and on others an operator has to approve the account first.

        sft register nas.example
        sft register nas --user sara --email sara@example.com

    Args:
        url: HOST, HOST:PORT or https://HOST:PORT. HOST alone means port 5000.
        user: The name that you want; asked for by default.
        email: How the operator can reach you.
        fingerprint: Trust the server if its authority has this SHA-256, without asking.
        cafile: Trust the servers of this certificate authority (PEM).
    """
    from ...client import AsyncClient

    if fingerprint is not None and cafile is not None:
        raise UsageError("--fingerprint and --cafile say the same in two ways", hint="Give one of them.")
    trust = trusted(address_typed(url), fingerprint, cafile)
    if trust.question and not confirmed(trust):
        note("Nothing was sent and nothing was remembered.", quiet=quiet)
        return 1
    name = user or ask_name(trust.url)
    password = new_password(safe(name), from_stdin=password_stdin)

    async def work() -> bool:
        async with AsyncClient(trust.url, ca_pem=trust.ca_pem) as client:
            return await client.register(name, password, email=email)

    ready = run(work())
    if json:
        print_json({"name": name, "status": "ready" if ready else "waiting"})
    if ready:
        note(f"You have an account now. Sign in: sft login {trust.url} --user {safe(name)}", quiet=quiet)
    else:
        note("Your account waits for an operator to approve it. Sign in afterwards:", quiet=quiet)
        note(f"sft login {trust.url} --user {safe(name)}", quiet=quiet)
    return 0
