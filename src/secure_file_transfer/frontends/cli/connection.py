"""Which server a command talks to, as whom, and how it is stopped."""

import os
import signal
import threading
import unicodedata
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from ...errors import CertificateError, SessionEndedError, SignInRequiredError
from ...paths import RemotePath
from ...sizes import parse_size
from .failures import Stopped, UsageError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Runner

    from ...client import AsyncClient, Profile

T = TypeVar("T")


class Session:
    """One event loop and one client for several commands, as the shell needs them: no handshake before each."""

    def __init__(self, profile: "Profile", runner: "Runner", address: str) -> None:
        """`address` is that of the server, or of a link to something there."""
        self.url, self.runner, self.address = profile.url, runner, address
        self._profile: Profile | None = None
        self._client: AsyncClient | None = None

    async def client(self) -> "AsyncClient":
        """The client; a new one if somebody has signed in anew meanwhile, in another window."""
        profile = choose(self.address)
        if self._client is None or profile != self._profile:
            await self.close()
            self._client, self._profile = _client(profile), profile
            await _visit(self._client, self.address, profile)
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()


_sessions: list[Session] = []
"""The session that commands are part of: one, or none as in `sft ls`."""


@contextmanager
def session(server: str | None) -> Iterator[Session]:
    """Within it all commands talk to this server, over the same connections.

    Raises:
        What `choose` raises.
    """
    import asyncio

    from ...client.links import split_link

    profile = choose(server)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        kept = Session(profile, runner, server if server and split_link(server) else profile.url)
        _sessions.append(kept)
        try:
            yield kept
        finally:
            _sessions.remove(kept)
            runner.run(kept.close())


def in_session() -> bool:
    """Whether the command is one of several in a shell of ours."""
    return bool(_sessions)


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
    try:
        with ExitStack() as stack:
            if _sessions:
                runner = _sessions[-1].runner
            else:
                runner = stack.enter_context(asyncio.Runner(loop_factory=_loop_factory()))
            return runner.run(_stoppable(work, got))
    except asyncio.CancelledError:
        if got:
            raise Stopped(got[0], hint) from None
        raise
    except KeyboardInterrupt:
        raise KeyboardInterrupt(hint) from None


async def _stoppable(work: Coroutine[Any, Any, T], got: list[int]) -> T:
    """The work, cancelled by a signal, which is then in `got`."""
    import asyncio

    loop, task, heard = asyncio.get_running_loop(), asyncio.current_task(), []

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
                    heard.append(number)
    try:
        return await work
    finally:
        for number in heard:
            loop.remove_signal_handler(number)


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


def addressed(paths: Sequence[str], server: str | None) -> tuple[list[str], str | None]:
    """Paths that were typed as whole addresses, as in `https://nas:5000/a.txt`, and the server that these name.

    Raises:
        UsageError: they name several servers; or we are in a shell, which has one already.
        ConfigurationError: that is no address.
    """
    found: list[str] = []
    servers: set[str] = set()
    for path in paths:
        parts = urlsplit(path)
        if not path.startswith("https://"):
            found.append(path)
            continue
        servers.add(address_of(f"https://{parts.netloc}"))
        found.append(unquote(parts.path) or "/")
    if not servers:
        return found, server
    if len(servers) > 1 or len(found) != sum(path.startswith("https://") for path in paths):
        raise UsageError("These lie on several servers", hint="Ask one server at a time.")
    if in_session():
        raise UsageError("In a shell all paths are on its server", hint="Leave out https:// and what follows it.")
    return found, servers.pop()


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
        from .visits import remembered

        # Visitors act by the link alone, whoever is signed in.
        url = address_of(found[0])
        ca_pem = next((profile.ca_pem for profile in Profiles().all() if profile.url == url), None)
        return Profile(url, ca_pem, remembered(server))
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
    """A client for the chosen server, which moves at most `limit` bytes per second; within a session, that of it.

    Raises:
        What `choose` raises, and every error of the client, with hints that fit the command line.
    """
    from ...client.links import split_link

    kept = _sessions[-1] if _sessions else None
    server = server if kept is None else kept.address
    profile = choose(server)
    try:
        if kept is not None and limit is None:
            yield await kept.client()
        else:
            async with _client(profile, limit) as client:
                await _visit(client, server, profile)
                yield client
    except SessionEndedError:
        raise
    except SignInRequiredError as error:
        if server is not None and split_link(server):
            raise SignInRequiredError(
                "The link has ended", hint="Run the same command again, or ask for a new link."
            ) from error
        what = "You are not signed in to" if profile.token is None else "Your session has ended at"
        raise SignInRequiredError(f"{what} {profile.url}", hint=f"Sign in with 'sft login {profile.url}'.") from error
    except CertificateError as error:
        if not os.environ.get("SFT_CAFILE") and profile.ca_pem is None:
            hint = f"If it is your own server: 'sft login {profile.url}' shows its fingerprint and asks."
            raise CertificateError(str(error), hint=hint) from None
        raise


async def _visit(client: "AsyncClient", server: str | None, profile: "Profile") -> None:
    """Open the link, if it is one."""
    from ...client.links import split_link

    if server is not None and split_link(server):
        from .visits import visit

        await visit(client, server, profile.token)


def _client(profile: "Profile", limit: int | None = None) -> "AsyncClient":
    from ...client import AsyncClient

    cafile = os.environ.get("SFT_CAFILE") or None
    return AsyncClient(
        profile.url,
        cafile=cafile,
        ca_pem=None if cafile else profile.ca_pem,
        token=profile.token,
        # Not SFT_CERTFILE: that is a server's own certificate.
        certfile=os.environ.get("SFT_DEVICE") or profile.certfile,
        limit=limit,
    )
