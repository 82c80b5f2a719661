"""`totp`: codes of an authenticator app beside the password."""

import sys
from collections.abc import Sequence

from ...errors import SignInFailedError
from .connection import connected, run
from .failures import UsageError
from .options import Json, Quiet, Server
from .passwords import ask_password
from .terminal import count_text, is_terminal, note, out, prompt
from .values import print_json


def totp_status(*, server: Server = None, json: Json = False) -> int:
    """Show whether your sign-ins need a code.

    sft totp status
    """

    async def work() -> tuple[bool, int]:
        async with connected(server) as client:
            return await client.totp()

    enabled, left = run(work())
    if json:
        print_json({"enabled": enabled, "recovery_left": left})
        return 0
    out(f"On; {count_text(left, 'recovery code')} left." if enabled else "Off.")
    return 0


def totp_enable(*, server: Server = None, quiet: Quiet = False) -> int:
    """Ask for a code of your authenticator app at each sign-in.

    Shows a QR code for the app, and asks for your password and for a first code of it. Then it prints ten recovery
    codes for the day when you lose the device: each works once, so write them down.

        sft totp enable
    """
    _require_terminal()
    password = ask_password("Your password: ")

    async def begin() -> tuple[str, str]:
        async with connected(server) as client:
            return await client.begin_totp(password)

    secret, uri = run(begin())
    from .banner import print_code

    print_code(uri)
    note("Scan this with your authenticator app, or type the key into it:")
    note(f"\n    {' '.join(secret[at : at + 4] for at in range(0, len(secret), 4))}\n")

    async def confirm(code: str) -> Sequence[str]:
        async with connected(server) as client:
            return await client.confirm_totp(code)

    for left in (2, 1, 0):
        try:
            codes = run(confirm(prompt("The code it shows now: ").strip()))
            break
        except SignInFailedError:
            if not left:
                raise
            note("That is not the code. Wait for the next one.")
    note("Sign-ins need a code from now on. Keep these recovery codes; each works once:", quiet=quiet)
    _print_codes(codes)
    return 0


def totp_recovery(*, server: Server = None, quiet: Quiet = False) -> int:
    """Get ten new recovery codes in place of the old ones.

    sft totp recovery
    """
    code = _ask_code()

    async def work() -> Sequence[str]:
        async with connected(server) as client:
            return await client.renew_recovery(code)

    codes = run(work())
    note("The old recovery codes are dead. The new ones; each works once:", quiet=quiet)
    _print_codes(codes)
    return 0


def totp_disable(*, server: Server = None, quiet: Quiet = False) -> int:
    """Sign in without codes again.

    Asks for a code, or a recovery code, once more.

        sft totp disable
    """
    code = _ask_code()

    async def work() -> None:
        async with connected(server) as client:
            await client.disable_totp(code)

    run(work())
    note("Sign-ins need no code any more.", quiet=quiet)
    return 0


def _ask_code() -> str:
    _require_terminal()
    return prompt("Code, or a recovery code: ").strip()


def _require_terminal() -> None:
    if not is_terminal(sys.stdin):
        raise UsageError("There is no terminal to ask for the code", hint="Run this on a terminal.")


def _print_codes(codes: Sequence[str]) -> None:
    for code in codes:
        out(f"    {code}")
