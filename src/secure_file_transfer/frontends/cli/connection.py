"""Which server a command talks to, as whom, and how it is stopped."""

import os
import signal
import threading
import unicodedata
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import CertificateError, SignInFailedError, SignInRequiredError
from ...paths import RemotePath
from ...sizes import parse_size
from .failures import Stopped, UsageError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from ...client import AsyncClient, Profile

T = TypeVar("T")


RESUME = "Run the same command again: it goes on where it was, and moves only what is left."


def run(work: Coroutine[Any, Any, T], *, hint: str = "") -> T:
    """Run a command's work to its end.

    Ctrl-C, SIGTERM and a closed terminal cancel it, so that whatever is half done is undone before we leave.

    Raises:
        Stopped: a signal other than Ctrl-C ended it.
        KeyboardInterrupt: with `hint`, what to do after it.
    """
    import asyncio

    got: list[int] = []

    async def main() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def stop(number: int) -> None:
            got.append(number)
            if task is not None:
                task.cancel()

        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # A signal that our caller ignores (nohup) stays ignored. Threads other than the first cannot listen.
            if number is not None and threading.current_thread() is threading.main_thread():
                with suppress(NotImplementedError):
                    if signal.getsignal(number) is signal.SIG_DFL:
                        loop.add_signal_handler(number, stop, number)
        return await work

    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(main())
    except asyncio.CancelledError:
        if got:
            raise Stopped(got[0], hint) from None
        raise
    except KeyboardInterrupt:
        raise KeyboardInterrupt(hint) from None


def _loop_factory() -> "Callable[[], AbstractEventLoop] | None":
    """Uvloop where there is one; None is Python's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def remote(text: str) -> RemotePath:
    """A path that a person typed: `a/b` means `/a/b`, and the keyboard's Unicode form does not matter.

    Raises:
        InvalidNameError
    """
    return RemotePath.parse(unicodedata.normalize("NFC", text))


def is_folder(local: str) -> bool:
    """Whether a path of this computer is a folder; a path that cannot be one is none."""
    try:
        return Path(local).is_dir()
    except (OSError, ValueError):
        return False


def address_of(server: str) -> str:
    """The root of a server as profiles know it: `https://host:port`.

    Raises:
        ConfigurationError: it is no address.
    """
    from ...client.options import read_address

    return read_address(server).url


def choose(server: str | None) -> "Profile":
    """The server to talk to, with what we know of it.

    The one named wins over the one signed in to last. A token from the environment never goes to a server that was
    not named along with it.

    Raises:
        SignInRequiredError: none is named and none is known.
        UsageError, ConfigurationError
    """
    from ...client import Profile, Profiles
    from ...client.links import split_link

    if server is not None and (found := split_link(server)):
        # Visitors act by the link alone, whoever is signed in.
        url = address_of(found[0])
        return Profile(url, next((profile.ca_pem for profile in Profiles().all() if profile.url == url), None), None)
    token = os.environ.get("SFT_TOKEN") or None
    if server is None:
        if token is not None:
            raise UsageError("SFT_TOKEN is set, but not which server it belongs to", hint="Set SFT_SERVER as well.")
        current = Profiles().current
        if current is None:
            raise SignInRequiredError(
                "You are not signed in to any server",
                hint="Sign in with 'sft login HOST', or start a server here with 'sft serve'.",
            )
        return current
    url = address_of(server)
    known = next((profile for profile in Profiles().all() if profile.url == url), Profile(url))
    return known if token is None else Profile(url, known.ca_pem, token, certfile=known.certfile)


def rate_of(limit: str | None) -> int | None:
    """Bytes per second that a person typed.

    Raises:
        UsageError: they are none, or too few.
    """
    if limit is None:
        return None
    from ...transfer.limit import LEAST

    try:
        rate = parse_size(limit.removesuffix("/s"))
    except ValueError as error:
        raise UsageError(f"--limit {limit}: {error}") from None
    if rate < LEAST:
        raise UsageError(f"--limit {limit} is too slow to work", hint=f"The least is {LEAST // 1024}K.")
    return rate


@asynccontextmanager
async def connected(server: str | None, *, limit: int | None = None) -> AsyncIterator["AsyncClient"]:
    """A client for the chosen server, which moves at most `limit` bytes per second.

    Raises:
        What `choose` raises, and every error of the client, with hints that fit the command line.
    """
    from ...client import AsyncClient
    from ...client.links import split_link

    profile = choose(server)
    cafile = os.environ.get("SFT_CAFILE") or None
    # Not SFT_CERTFILE: that is a server's own certificate.
    certfile = os.environ.get("SFT_DEVICE") or profile.certfile
    client = AsyncClient(
        profile.url,
        cafile=cafile,
        ca_pem=None if cafile else profile.ca_pem,
        token=profile.token,
        certfile=certfile,
        limit=limit,
    )
    try:
        async with client:
            if server is not None and split_link(server):
                await _visit(client, server)
            yield client
    except SignInRequiredError as error:
        if server is not None and split_link(server):
            raise SignInRequiredError(
                "The link has ended", hint="Run the same command again, or ask for a new link."
            ) from error
        what = "You are not signed in to" if profile.token is None else "Your session has ended at"
        raise SignInRequiredError(f"{what} {profile.url}", hint=f"Sign in with 'sft login {profile.url}'.") from error
    except CertificateError as error:
        if cafile is None and profile.ca_pem is None:
            hint = f"If it is your own server: 'sft login {profile.url}' shows its fingerprint and asks."
            raise CertificateError(str(error), hint=hint) from None
        raise


async def _visit(client: "AsyncClient", url: str) -> None:
    """Open a link; its password is asked for where it has one, and there is somebody to ask."""
    from .passwords import ask_password

    try:
        await client.visit(url)
    except SignInFailedError:
        await client.visit(url, ask_password("Password of the link: "))
