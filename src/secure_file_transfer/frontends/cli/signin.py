"""`login`, `logout`, `whoami` and `servers`: who you are, and where."""

import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from cyclopts import Parameter

from ...errors import (
    CertificateError,
    ClientCertificateError,
    ConfigurationError,
    InterruptedTransferError,
    TotpRequiredError,
    UnreachableError,
)
from ...model import API_TOKEN_PREFIX, DEFAULT_PORT
from .connection import address_of, choose, connected, run
from .failures import UsageError, warn
from .options import Flag, Json, PasswordStdin, Quiet, Server
from .passwords import ask_password, new_password, read_password
from .terminal import ask, is_terminal, note, out, prompt, safe, styled, time_text
from .values import print_json, time_value

if TYPE_CHECKING:
    from ...client import Profile, ShareInfo, SignIn, Whoami


def login(
    url: str,
    /,
    *,
    user: Annotated[str | None, Parameter(alias="-u", metavar="NAME")] = None,
    password_stdin: PasswordStdin = False,
    token_stdin: Annotated[bool, Flag] = False,
    fingerprint: Annotated[str | None, Parameter(metavar="SHA256")] = None,
    cafile: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    guest: Annotated[bool, Flag] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Sign in to a server and remember it.

    A server that your system does not trust yet shows its fingerprint: compare it with the one that the server
    printed when it started, and say yes only if they are the same. From then on nothing else is believed.

    What somebody shares by 'sft share' needs no account: it asks for the share's password, and for a name if you like.

    A server that still waits for its first administrator asks for the one-time code that it printed.

        sft login nas.example
        sft login https://192.168.1.5:5000 --user sara
        sft login nas --user bot --password-stdin --cafile ca.pem < password.txt
        sft login nas --token-stdin --cafile ca.pem < nightly.token

    Args:
        url: HOST, HOST:PORT or https://HOST:PORT. HOST alone means port 5000.
        user: Your name there; asked for by default. Guests of a share may choose any.
        token_stdin: Use the API token in the first line of standard input, see 'sft token create'.
        fingerprint: Trust the server if its authority has this SHA-256, without asking.
        cafile: Trust the servers of this certificate authority (PEM).
        guest: Remember the server without signing in, where it allows that.
    """
    if fingerprint is not None and cafile is not None:
        raise UsageError("--fingerprint and --cafile say the same in two ways", hint="Give one of them.")
    if token_stdin and (guest or password_stdin or user is not None):
        raise UsageError("--token-stdin says who you are", hint="Leave out --user, --password-stdin and --guest.")
    address = address_typed(url)
    trust = trusted(address, fingerprint, cafile)
    if trust.question and not confirmed(trust):
        note("Nothing was sent and nothing was remembered.", quiet=quiet)
        return 1
    if guest:
        return _remember_guest(trust, quiet=quiet)
    if trust.share is not None and not token_stdin:
        from .guest import visit_share

        return visit_share(trust, user, password_stdin=password_stdin, json=json, quiet=quiet)
    if token_stdin:
        return _remember_token(trust, read_password("token"), json=json, quiet=quiet)
    signed = _set_up(trust, user, from_stdin=password_stdin) if trust.setup else None
    if signed is None:
        name = user or ask_name(trust.url)
        password = read_password() if password_stdin else ask_password(f"Password of {safe(name)}: ")
        signed = _signed_in(trust, name, password)
    return _remember(trust, signed, json=json, quiet=quiet)


@dataclass(frozen=True)
class ServerTrust:
    """A server whose certificate holds against `ca_pem` (None: the system's authorities).

    `question` says that a person must confirm the fingerprint first; `changed` that it was another one before.
    """

    url: str
    ca_pem: str | None = None
    fingerprint: str = ""
    question: bool = False
    changed: bool = False
    setup: bool = False
    share: "ShareInfo | None" = None


def address_typed(url: str) -> str:
    """The root of the server. A pasted set-up link is fine, but the code in it is not used: see `_set_up`."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    if parts.scheme == "http":
        raise UsageError("The server speaks https only", hint=f"Write https://{parts.netloc}.")
    if parts.path in {"/setup", "/setup/"}:
        note("The code is not taken from the command line, where others can see it.")
        return address_of(f"https://{parts.netloc}")
    return address_of(url)


def trusted(url: str, fingerprint: str | None, cafile: Path | None) -> ServerTrust:
    """Find out whom to trust, with nothing secret sent."""
    from ...client import Profiles

    if cafile is not None:
        return run(_reached(ServerTrust(url, _read(cafile))))
    if fingerprint is not None:
        return run(_by_fingerprint(url, fingerprint))
    known = next((profile.ca_pem for profile in Profiles().all() if profile.url == url), None)
    for ca_pem in (known, None) if known else (None,):
        try:
            return run(_reached(ServerTrust(url, ca_pem)))
        except CertificateError:
            continue
        except UnreachableError as error:
            raise _better(error, url) from None
    return run(_first_contact(url, known))


async def _reached(trust: ServerTrust) -> ServerTrust:
    """Ask the server what it is, over a connection that is verified."""
    from ...client import AsyncClient

    async with AsyncClient(trust.url, ca_pem=trust.ca_pem) as client:
        info = await client.server_info()
        return replace(trust, setup=info.setup, share=info.share)


async def _by_fingerprint(url: str, fingerprint: str) -> ServerTrust:
    from ...client.options import read_address
    from ...client.trust import Trust, check_fingerprint, pinned

    pin = Trust(fingerprint=check_fingerprint(fingerprint))
    return await _reached(ServerTrust(url, (await pinned(read_address(url), pin, 30)).ca_pem))


async def _first_contact(url: str, known: str | None) -> ServerTrust:
    """Fetch the authority, and make sure that it would do before anybody is asked about it."""
    from ...client import fetch_ca
    from ...client.options import read_address

    address = read_address(url)
    pem, fingerprint = await fetch_ca(address.host, address.port)
    return await _reached(ServerTrust(url, pem, fingerprint, question=True, changed=known is not None and known != pem))


def confirmed(trust: ServerTrust) -> bool:
    """Show the fingerprint and ask."""
    pairs = trust.fingerprint.split(":")
    half = len(pairs) // 2
    if trust.changed:
        warn(
            f"{trust.url} shows another certificate authority than when you signed in last.",
            "Either the server was set up anew, or somebody is between you and it. Ask its operator.",
        )
    note(f"This computer does not know {trust.url} yet.")
    note("The SHA-256 fingerprint of its certificate authority is")
    note("")
    for line in (pairs[:half], pairs[half:]):
        note(f"    {styled(':'.join(line), 'bold', sys.stderr)}")
    note("")
    if not is_terminal(sys.stdin):
        raise CertificateError(
            "There is no terminal to ask whether that is right",
            hint="In scripts, give --fingerprint with what the server printed, or --cafile.",
        )
    return ask("Is this the fingerprint that the server printed?")


def _better(error: UnreachableError, url: str) -> UnreachableError:
    """`https://host` means port 443, as everywhere; say so to whoever forgot the port."""
    if urlsplit(url).port == 443:
        host = urlsplit(url).hostname
        return UnreachableError(str(error), hint=f"Did you mean port {DEFAULT_PORT}? Try 'sft login {host}'.")
    return error


def _read(cafile: Path) -> str:
    try:
        return cafile.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise ConfigurationError(
            f"The certificate authority '{cafile}' cannot be read: {error.strerror}",
            hint="Give the path of a PEM file.",
        ) from None


def ask_name(url: str) -> str:
    """Your name there; the one you had last, or the one you have here, is offered."""
    from ...client import Profiles

    if not is_terminal(sys.stdin):
        raise UsageError("There is no terminal to ask for your name", hint="Give it with --user.")
    import getpass

    own = next((profile.account for profile in Profiles().all() if profile.url == url), None) or ""
    if not own:
        with suppress(OSError, KeyError):
            own = getpass.getuser()
    typed = prompt(f"User name [{own}]: " if own else "User name: ").strip()
    if not (typed or own):
        raise UsageError("A user name is needed")
    return typed or own


def _set_up(trust: ServerTrust, user: str | None, *, from_stdin: bool) -> "SignIn | None":
    """Make the first administrator, or None where nobody can be asked for the code."""
    if from_stdin or not is_terminal(sys.stdin):
        return None
    note("This server waits for its first administrator. Type the one-time code that it")
    note("printed (the part of the link after '#'), or press Enter if you have an account.")
    code = prompt("Set-up code: ").strip()
    if not code:
        return None
    name = user or ask_name(trust.url)
    return run(_begin(trust, code, name, new_password(safe(name), from_stdin=False)))


async def _begin(trust: ServerTrust, code: str, name: str, password: str) -> "SignIn":
    from ...client import AsyncClient

    async with AsyncClient(trust.url, ca_pem=trust.ca_pem) as client:
        return await client.setup(code, name, password)


def _signed_in(trust: ServerTrust, name: str, password: str) -> "SignIn":
    """Sign in, along with this computer's certificate where it is enrolled and the certificate is still good."""
    from ...client import Profiles

    known = next((profile for profile in Profiles().all() if profile.url == trust.url), None)
    if known is not None and known.certfile is not None:
        try:
            return _with_code(trust, name, password, known.certfile)
        except (CertificateError, ClientCertificateError, ConfigurationError, InterruptedTransferError) as error:
            warn(f"This computer's certificate is of no use there any more: {error}")
            Profiles().add(replace(known, certfile=None), current=False)
    return _with_code(trust, name, password, None)


def _with_code(trust: ServerTrust, name: str, password: str, certfile: str | None) -> "SignIn":
    """Sign in; ask for the code of the second factor where the server wants one."""
    try:
        return run(_sign_in(trust, name, password, None, certfile))
    except TotpRequiredError as error:
        if not is_terminal(sys.stdin):
            raise TotpRequiredError(
                str(error), hint="Sign in on a terminal; the session then serves scripts too."
            ) from None
        return run(_sign_in(trust, name, password, prompt("Code: ").strip(), certfile))


async def _sign_in(trust: ServerTrust, name: str, password: str, code: str | None, certfile: str | None) -> "SignIn":
    from ...client import AsyncClient

    async with AsyncClient(trust.url, ca_pem=trust.ca_pem, certfile=certfile) as client:
        return await client.sign_in(name, password, code)


def _remember(trust: ServerTrust, signed: "SignIn", *, json: bool, quiet: bool) -> int:
    from ...client import Profile, Profiles

    account, expires = signed.account, time_value(signed.expires_us)
    certfile = next((known.certfile for known in Profiles().all() if known.url == trust.url), None)
    Profiles().add(Profile(trust.url, trust.ca_pem, signed.token, account.name, expires, certfile))
    if json:
        print_json({"url": trust.url, "account": {"name": account.name, "role": account.role}, "expires": expires})
    note(f"Signed in to {trust.url} as {safe(account.name)}, until {time_text(signed.expires_us)}.", quiet=quiet)
    return 0


def _remember_token(trust: ServerTrust, token: str, *, json: bool, quiet: bool) -> int:
    """Remember an API token once the server has said whose it is."""
    from ...client import AsyncClient, Profile, Profiles

    certfile = next((known.certfile for known in Profiles().all() if known.url == trust.url), None)

    async def work() -> "Whoami":
        async with AsyncClient(trust.url, ca_pem=trust.ca_pem, token=token, certfile=certfile) as client:
            return await client.whoami()

    me = run(work())
    name = me.account.name if me.account else "guest"
    expires = time_value(me.expires_us)
    Profiles().add(Profile(trust.url, trust.ca_pem, token, name, expires, certfile))
    if json:
        role = me.account.role if me.account else None
        print_json({"url": trust.url, "account": {"name": name, "role": role}, "expires": expires})
    note(f"{trust.url} is remembered with a token of {safe(name)}.", quiet=quiet)
    return 0


def _remember_guest(trust: ServerTrust, *, quiet: bool) -> int:
    from ...client import Profile, Profiles

    Profiles().add(Profile(trust.url, trust.ca_pem))
    note(f"{trust.url} is remembered. You are a guest there.", quiet=quiet)
    return 0


def logout(*, server: Server = None, quiet: Quiet = False) -> int:
    """Sign out; the server forgets the session at once.

    The server's certificate authority stays known, so that the next 'sft login' needs no question. An API token is
    only forgotten here.

        sft logout
    """
    from ...client import Profiles

    profile = choose(server)
    if profile.token is None:
        if profile.certfile is not None:
            note("This computer signs in by its certificate. 'sft cert revoke' ends that.", quiet=quiet)
        else:
            note(f"You are not signed in to {profile.url}.", quiet=quiet)
        return 0
    if profile.token.startswith(API_TOKEN_PREFIX):
        Profiles().add(replace(profile, token=None, expires=None))
        note(f"The token for {profile.url} is forgotten here. 'sft token rm' ends it.", quiet=quiet)
        return 0
    run(_sign_out(profile))
    Profiles().add(replace(profile, token=None, expires=None))
    note(f"Signed out of {profile.url}.", quiet=quiet)
    return 0


async def _sign_out(profile: "Profile") -> None:
    async with connected(profile.url) as client:
        await client.sign_out()


def whoami(*, server: Server = None, json: Json = False) -> int:
    """Show who you are and where.

    sft whoami
    """

    async def work() -> int:
        async with connected(server) as client:
            me = await client.whoami()
            url = client.url
        if json:
            account = None if me.account is None else {"name": me.account.name, "role": me.account.role}
            times = {"since": time_value(me.since_us), "expires": time_value(me.expires_us)}
            used = me.token
            token = None if used is None else {"name": used.name, "scopes": list(used.scopes), "path": used.path}
            print_json(
                {"url": url, "account": account, **times, "address": me.address, "device": me.device, "token": token}
            )
            return 0
        rows = [("name", safe(me.guest or "guest") if me.account is None else safe(me.account.name))]
        if me.account is not None:
            rows.append(("role", me.account.role))
        rows.append(("server", url))
        if me.since_us is not None:
            rows.append(("since", time_text(me.since_us)))
        if me.expires_us is not None:
            rows.append(("until", time_text(me.expires_us)))
        rows.append(("address", safe(me.address)))
        if me.device is not None:
            rows.append(("device", safe(me.device)))
        if me.token is not None:
            rows.append(("token", safe(me.token.name)))
            rows.append(("for", safe(" ".join(me.token.scopes))))
            rows.append(("below", safe(me.token.path)))
        for name, value in rows:
            out(f"{styled(f'{name:<8}', 'dim', sys.stdout)}  {value}")
        return 0

    return run(work())


def servers(
    *,
    use: Annotated[str | None, Parameter(metavar="URL")] = None,
    forget: Annotated[str | None, Parameter(metavar="URL")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """List the servers you know, or choose another one.

    The one with the star is used when a command names none.

        sft servers
        sft servers --use nas.example

    Args:
        use: Use this one from now on.
        forget: Forget this one, its certificate authority and your session there. Sign out first to end the session.
    """
    from ...client import Profiles

    profiles = Profiles()
    if use is not None:
        profiles.set_current(address_of(use))
    if forget is not None:
        profiles.remove(address_of(forget))
    current, known = profiles.current, profiles.all()
    if json:
        print_json(
            [
                {
                    "url": profile.url,
                    "account": profile.account,
                    "signed_in": profile.token is not None or profile.certfile is not None,
                    "expires": profile.expires,
                    "current": current is not None and profile.url == current.url,
                }
                for profile in known
            ]
        )
        return 0
    for profile in known:
        mark = "*" if current is not None and profile.url == current.url else " "
        signed = profile.account and (profile.token or profile.certfile)
        who = f"as {safe(profile.account or '')}" if signed else "signed out"
        out(f"{mark} {profile.url}  {styled(who, 'dim', sys.stdout)}")
    if not known:
        note("You have not signed in to any server. Try 'sft login HOST'.", quiet=quiet)
    return 0
