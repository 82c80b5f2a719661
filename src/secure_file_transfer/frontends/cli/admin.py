"""`user`, `key`, `cert` and `sweep`: work on the server's data, on the spot. A running server sees the changes."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ...errors import ConfigurationError
from ...model import Role
from .failures import UsageError
from .options import Config, DataDir, Flag, Json, PasswordStdin, Quiet, Yes
from .passwords import new_password
from .settings import load_settings
from .terminal import ask, count_text, is_terminal, note, out, safe
from .values import print_json


def user_add(
    name: str,
    /,
    *,
    admin: Annotated[bool, Flag] = False,
    password_stdin: PasswordStdin = False,
    data_dir: DataDir = None,
    config: Config = None,
    quiet: Quiet = False,
) -> int:
    """Make an account.

    It gets a home of its own that no other account can see. The password is asked for, never given as an argument.

        sft user add sara
        sft user add --admin ali
        sft user add bot --password-stdin < password.txt

    Args:
        name: The name to sign in with.
        admin: May also manage the server.
    """
    settings = load_settings(data_dir, config)
    password = new_password(safe(name), from_stdin=password_stdin)
    from ... import server

    with server.open_local(settings) as local:
        account = local.accounts.create(name, password, Role.ADMIN if admin else Role.USER)
    note(f"{safe(account.name)} can sign in now.", quiet=quiet)
    return 0


def user_passwd(
    name: str,
    /,
    *,
    password_stdin: PasswordStdin = False,
    revoke_tokens: Annotated[bool, Flag] = False,
    data_dir: DataDir = None,
    config: Config = None,
    quiet: Quiet = False,
) -> int:
    """Set a new password; ends all sessions.

    API tokens outlast it, so that scripts go on. If somebody else knew the old password, revoke them as well.

        sft user passwd sara
        sft user passwd sara --revoke-tokens

    Args:
        name: The account.
        revoke_tokens: Revoke all its API tokens.
    """
    settings = load_settings(data_dir, config)
    password = new_password(safe(name), from_stdin=password_stdin)
    from ... import server

    with server.open_local(settings) as local:
        local.accounts.set_password(name, password)
        ended = local.tokens.revoke_of(name) if revoke_tokens else 0
        left = len(local.tokens.of(name))
    note(f"{safe(name)} has a new password, and is signed out everywhere.", quiet=quiet)
    if revoke_tokens:
        note(f"{count_text(ended, 'token')} revoked.", quiet=quiet)
    elif left:
        note(f"{count_text(left, 'token')} still there. If the old password leaked: --revoke-tokens.", quiet=quiet)
    return 0


def user_disable(name: str, /, *, data_dir: DataDir = None, config: Config = None, quiet: Quiet = False) -> int:
    """Lock an account; ends all its sessions.

    Its files stay.

        sft user disable sara

    Args:
        name: The account.
    """
    return _set_disabled(name, data_dir, config, disabled=True, quiet=quiet)


def user_enable(name: str, /, *, data_dir: DataDir = None, config: Config = None, quiet: Quiet = False) -> int:
    """Unlock an account.

        sft user enable sara

    Args:
        name: The account.
    """
    return _set_disabled(name, data_dir, config, disabled=False, quiet=quiet)


def _set_disabled(name: str, data_dir: Path | None, config: Path | None, *, disabled: bool, quiet: bool) -> int:
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        local.accounts.set_disabled(name, disabled)
    note(f"{safe(name)} {'cannot sign in any more' if disabled else 'can sign in again'}.", quiet=quiet)
    return 0


def user_role(
    name: str,
    role: Annotated[Role, Parameter(metavar="admin|user")],
    /,
    *,
    data_dir: DataDir = None,
    config: Config = None,
    quiet: Quiet = False,
) -> int:
    """Make an administrator, or not; ends sessions.

        sft user role sara admin
        sft user role sara user

    Args:
        name: The account.
        role: What it may do: 'admin' manages the server.
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        local.accounts.set_role(name, role)
    note(f"{safe(name)} is {'an administrator' if role is Role.ADMIN else 'an ordinary account'} now.", quiet=quiet)
    return 0


def user_reset_totp(name: str, /, *, data_dir: DataDir = None, config: Config = None, quiet: Quiet = False) -> int:
    """Take the second factor away from an account.

    For somebody who has lost the device and the recovery codes. The password alone is enough then.

        sft user reset-totp sara

    Args:
        name: The account.
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        local.reset_totp(name)
    note(f"{safe(name)} signs in without a code now.", quiet=quiet)
    return 0


def user_delete(
    name: str, /, *, yes: Yes = False, data_dir: DataDir = None, config: Config = None, quiet: Quiet = False
) -> int:
    """Delete an account with all its files.

    There is no way back. 'sft user disable' keeps the files.

        sft user delete sara

    Args:
        name: The account.
    """
    if not yes:
        if not is_terminal(sys.stdin):
            raise UsageError("There is no terminal to ask whether you are sure", hint="Give --yes if you are.")
        if not ask(f"Delete {safe(name)} and all files of {safe(name)}?"):
            note("Nothing was deleted.", quiet=quiet)
            return 1
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        local.accounts.delete(name)
    note(f"{safe(name)} is deleted.", quiet=quiet)
    return 0


def key_rotate(*, data_dir: DataDir = None, config: Config = None, json: Json = False, quiet: Quiet = False) -> int:
    """Put a new master key in place of the old one.

    The keys of all drives are wrapped anew; no file is touched. Afterwards the old key opens nothing, so back up the
    new one.

        sft key rotate
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        old, new = local.rotate_master_key()
    if json:
        print_json({"old": old, "new": new})
    note(f"The master key is now {new}; {old} is gone. Back up the new key file.", quiet=quiet)
    return 0


def cert_init(
    *,
    host: Annotated[tuple[str, ...], Parameter(metavar="HOST", negative="")] = (),
    out_dir: Annotated[Path, Parameter(name=["--out", "-o"], metavar="DIR", show_default=False)] = Path(),
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Make a certificate authority and a server certificate.

    Four PEM files: the authority's certificate, which clients trust, and its key, which you lock away; the
    server's certificate and its key.

        sft cert init --host nas.example --host 192.168.1.5 --out certificates

    Args:
        host: A name or address under which clients reach the server. Can be repeated.
        out_dir: Where to write them; the current folder by default.
    """
    if not host:
        raise UsageError("A certificate needs at least one host", hint="Give --host with the server's name or address.")
    from ... import server

    try:
        files = server.init_certificates(out_dir, list(host))
    except OSError as error:
        raise ConfigurationError(f"The certificates cannot be written to '{out_dir}': {error.strerror}") from None
    if json:
        print_json([str(file) for file in files])
    else:
        for file in files:
            out(str(file))
    note("Clients need the first file only. Keep the keys to yourself.", quiet=quiet)
    return 0


def sweep(*, data_dir: DataDir = None, config: Config = None, json: Json = False, quiet: Quiet = False) -> int:
    """Give back the space of removed files now.

    A running server does this by itself every few minutes; this is for one that is stopped.

        sft sweep
    """
    from ... import server

    with server.open_local(load_settings(data_dir, config)) as local:
        report = local.sweep()
    if json:
        print_json({"nodes": report.nodes, "blocks": report.blocks, "blobs": report.blobs})
    parts = [count_text(report.nodes, "entry", "entries"), count_text(report.blocks, "block")]
    note(f"Swept {', '.join(parts)} and {count_text(report.blobs, 'stored object')}.", quiet=quiet)
    return 0
