"""`cert enroll`, `code`, `list`, `revoke` and `renew`: this computer, and others, as devices of an account."""

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...errors import ConfigurationError, SecureFileTransferError
from .connection import choose, connected, run
from .failures import UsageError, warn
from .options import Config, DataDir, Flag, Json, Quiet, Server, Yes
from .passwords import ask_secret, read_password
from .settings import load_settings
from .terminal import ask, is_terminal, note, out, print_table, safe, time_text
from .values import print_json, time_value

if TYPE_CHECKING:
    from ...client import DeviceInfo, Enrolled, Profile, ServerInfo
    from ...model import Device, TimeUs

Local = Annotated[
    bool,
    Parameter(
        negative="", show_default=False, help="Work on the data directory on this machine, as the server's operator."
    ),
]


def cert_enroll(
    url: str | None = None,
    /,
    *,
    name: Annotated[str | None, Parameter(metavar="NAME")] = None,
    code: Annotated[bool, Flag] = False,
    fingerprint: Annotated[str | None, Parameter(metavar="SHA256")] = None,
    cafile: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Let this computer sign in by a certificate.

    Its key is made here and never leaves. The certificate renews itself, and 'sft cert revoke' ends it. Whoever is
    signed in needs nothing more; a computer that is not needs a one-time code from 'sft cert code'.

        sft cert enroll
        sft cert enroll nas.example --code
        sft cert enroll nas.example --code --fingerprint 9F:86:… < code.txt

    Args:
        url: The server; the one you signed in to last by default.
        name: What to call this device; the computer's name by default.
        code: Enrol with a one-time code, which is asked for, or read from the first line of standard input.
        fingerprint: Trust the server if its authority has this SHA-256, without asking.
        cafile: Trust the servers of this certificate authority (PEM).
    """
    if code:
        profile = _with_code(url or server, name, fingerprint, cafile, quiet=quiet)
        if profile is None:
            return 1
        before, enrolled = profile
    else:
        if fingerprint is not None or cafile is not None:
            raise UsageError("Trust was settled when you signed in", hint="Give --fingerprint with --code only.")
        before = choose(url or server)
        enrolled = run(_enrolled_by_session(before, name))
    return _told(before, enrolled, json=json, quiet=quiet)


def _with_code(
    url: str | None, name: str | None, fingerprint: str | None, cafile: Path | None, *, quiet: bool
) -> "tuple[Profile, Enrolled] | None":
    from ...client import Profile
    from .signin import confirmed, trusted

    trust = trusted(choose(url).url if url is None else url, fingerprint, cafile)
    if trust.question and not confirmed(trust):
        note("Nothing was sent and nothing was remembered.", quiet=quiet)
        return None
    secret = ask_secret("Enrolment code: ", "--code") if is_terminal(sys.stdin) else read_password("code")
    profile = Profile(trust.url, trust.ca_pem)
    return profile, run(_enrolled_by_code(profile, name, secret))


async def _enrolled_by_code(profile: "Profile", name: str | None, code: str) -> "Enrolled":
    from ...client import AsyncClient

    async with AsyncClient(profile.url, ca_pem=profile.ca_pem) as client:
        return await client.enroll_device(_device_file(profile.url), name, code=code)


async def _enrolled_by_session(profile: "Profile", name: str | None) -> "Enrolled":
    async with connected(profile.url) as client:
        return await client.enroll_device(_device_file(profile.url), name)


def _device_file(url: str) -> Path:
    """Where this computer's key and certificate for a server lie: beside the profiles."""
    from ...client import Profiles

    name = url.removeprefix("https://").replace(":", "_").replace("[", "").replace("]", "")
    return Profiles().path.parent / "devices" / f"{name}.pem"


def _told(before: "Profile", enrolled: "Enrolled", *, json: bool, quiet: bool) -> int:
    from ...client import Profiles

    device = enrolled.device
    # The certificate takes the place of the token, which would only be one more secret on this disk.
    info = run(_put_in_place(before))
    token = None if info.certificate_sign_in else before.token
    Profiles().add(replace(before, token=token, account=device.account, certfile=str(enrolled.certfile)))
    if json:
        print_json({"url": before.url, "device": device_value(device), "certfile": str(enrolled.certfile)})
    until = time_text(enrolled.expires_us)
    note(f"This device is '{safe(device.name)}' of {safe(device.account)}, number {device.id}.", quiet=quiet)
    note(f"Its key and certificate: {enrolled.certfile}", quiet=quiet)
    note(f"Good until {until}; it renews itself before that.", quiet=quiet)
    if info.client_certificates == "off":
        warn("The server does not look at certificates.", "Its operator sets tls_client_certificates.")
    elif token is None and not info.certificate_sign_in:
        note(f"Now sign in with your password: sft login {before.url}", quiet=quiet)
    return 0


async def _put_in_place(profile: "Profile") -> "ServerInfo":
    """End the session that a certificate takes the place of, where it signs in by itself."""
    from ...client import AsyncClient

    async with AsyncClient(profile.url, ca_pem=profile.ca_pem, token=profile.token) as client:
        info = await client.server_info()
        if info.certificate_sign_in and profile.token is not None:
            with suppress(SecureFileTransferError):  # one that has ended already, say
                await client.sign_out()
        return info


def cert_code(
    user: str | None = None,
    /,
    *,
    minutes: Annotated[int, Parameter(metavar="NUMBER")] = 30,
    local: Local = False,
    server: Server = None,
    data_dir: DataDir = None,
    config: Config = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Make a one-time code that enrols a device.

    For yourself; an administrator makes it for anybody, and the server's operator on the spot with --local.

        sft cert code
        sft cert code sara --minutes 120
        sft cert code sara --local

    Args:
        user: Whose device; your own by default.
        minutes: How long it is good, at most a day.
    """
    if local:
        if user is None:
            raise UsageError("Whose device shall it enrol?", hint="Name the account: sft cert code NAME --local.")
        from ... import server as running

        with running.open_local(load_settings(data_dir, config)) as house:
            made = house.devices.code_for(user, minutes)
            code, account, expires = made.code, made.account, made.expires_us
    else:
        code, account, expires = run(_code(server, user, minutes))
    if json:
        print_json({"code": code, "account": account, "expires": time_value(expires)})
    else:
        out(code)
    note(f"It enrols one device of {safe(account)}, once, until {time_text(expires)}.", quiet=quiet)
    note("On that device: sft cert enroll SERVER --code", quiet=quiet)
    return 0


async def _code(server: str | None, user: str | None, minutes: int) -> "tuple[str, str, TimeUs]":
    async with connected(server) as client:
        made = await client.device_code(user, minutes=minutes)
        return made.code, made.account, made.expires_us


def cert_list(
    user: str | None = None,
    /,
    *,
    everybody: Annotated[bool, Parameter(name=["--all", "-a"], negative="", show_default=False)] = False,
    local: Local = False,
    server: Server = None,
    data_dir: DataDir = None,
    config: Config = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """List the devices that sign in by certificates.

    sft cert list
    sft cert list --all

    Args:
        user: Whose; your own by default. For administrators.
        everybody: Those of all accounts. For administrators.
    """
    found: Sequence[DeviceInfo | Device]
    if local:
        from ... import server as running

        with running.open_local(load_settings(data_dir, config)) as house:
            found = house.devices.of(user)
    else:
        found = run(_devices(server, user, everybody=everybody))
    if json:
        print_json([device_value(device) for device in found])
        return 0
    rows = [
        [
            str(device.id),
            safe(device.name),
            safe(device.account),
            _status(device),
            time_text(device.expires_us)[:10],
            time_text(device.seen_us) if device.seen_us is not None else "never",
        ]
        for device in found
    ]
    print_table(["NO", "NAME", "ACCOUNT", "STATUS", "GOOD UNTIL", "LAST SEEN"], rows)
    if not rows:
        note("There are no devices. 'sft cert enroll' makes this computer one.", quiet=quiet)
    return 0


async def _devices(server: str | None, user: str | None, *, everybody: bool) -> "Sequence[DeviceInfo]":
    async with connected(server) as client:
        return await client.devices(user, everybody=everybody)


def _status(device: "DeviceInfo | Device") -> str:
    if device.revoked_us is not None:
        return "revoked"
    return "expired" if device.expires_us <= time.time() * 1_000_000 else "active"


def device_value(device: "DeviceInfo | Device") -> dict[str, object]:
    """A device, for programs."""
    return {
        "id": device.id,
        "name": device.name,
        "account": device.account,
        "status": _status(device),
        "fingerprint": device.fingerprint.hex(),
        "created": time_value(device.created_us),
        "expires": time_value(device.expires_us),
        "seen": time_value(device.seen_us),
        "address": device.address,
    }


def cert_revoke(
    number: int,
    /,
    *,
    yes: Yes = False,
    local: Local = False,
    server: Server = None,
    data_dir: DataDir = None,
    config: Config = None,
    quiet: Quiet = False,
) -> int:
    """End a device at once.

    Its certificate is refused from now on, also by connections that are open, and what it transfers stops.

        sft cert revoke 3

    Args:
        number: Which, as 'sft cert list' shows it.
    """
    if not yes:
        if not is_terminal(sys.stdin):
            raise UsageError("There is no terminal to ask whether you are sure", hint="Give --yes if you are.")
        if not ask(f"Revoke device {number}? It has to be enrolled again to come back."):
            note("Nothing was revoked.", quiet=quiet)
            return 1
    device: DeviceInfo | Device
    if local:
        from ... import server as running
        from ...model import DeviceId

        with running.open_local(load_settings(data_dir, config)) as house:
            device = house.devices.revoke_any(DeviceId(number))
    else:
        device = run(_revoked(server, number))
    note(f"'{safe(device.name)}' of {safe(device.account)} is revoked.", quiet=quiet)
    return 0


async def _revoked(server: str | None, number: int) -> "DeviceInfo":
    async with connected(server) as client:
        return await client.revoke_device(number)


def cert_renew(*, server: Server = None, json: Json = False, quiet: Quiet = False) -> int:
    """Renew this computer's certificate now.

    It renews itself, whenever a command is run and less than a third of its life is left.

        sft cert renew
    """

    async def work() -> "Enrolled":
        async with connected(server) as client:
            return await client.renew_device()

    if choose(server).certfile is None:
        raise ConfigurationError("This computer is not enrolled there", hint="Enrol it: sft cert enroll.")
    enrolled = run(work())
    if json:
        print_json({"device": device_value(enrolled.device), "certfile": str(enrolled.certfile)})
    note(f"Renewed: good until {time_text(enrolled.expires_us)}.", quiet=quiet)
    return 0
