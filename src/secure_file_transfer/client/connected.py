"""What every request of a client shares: its connections, its turns, and who it is."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from ..errors import ForbiddenError, NotFoundError, PausedError, SessionEndedError, SignInRequiredError
from ..model import KIB
from ..transfer.limit import RateLimit
from ..transfer.retry import Retry
from . import wire
from .blocks import BlockService
from .control import Calls
from .flow import Flow
from .how import How
from .lanes import Lanes, Traffic
from .options import Configured
from .transport import READ_BUFFER, Query, Transport, read_json
from .turns import Turns
from .wire import ServerInfo, SignIn, Whoami

T = TypeVar("T")

_RENEWAL_SECONDS = 60.0
"""A session that ends so soon after it was renewed was ended by somebody who meant it."""
_LANE_RATE = 32 * KIB
"""Bytes per second. A slower connection may look like a dead one to the server."""


class Connected(Configured):
    """A client's connections to its server, and its session there."""

    _transport: Transport | None = None
    _session_token: str | None = None
    _renewed: float | None = None
    _signing_in: "asyncio.Lock | None" = None
    _pool: ThreadPoolExecutor | None = None
    _lanes: Lanes | None = None
    _flow: Flow | None = None
    _turns: Turns | None = None
    _calls: Calls | None = None
    _blocks: BlockService | None = None
    _blocks_asked: asyncio.Lock | None = None
    _retry = Retry()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the transfers that run, and close the connections. The session on the server stays; see `sign_out`."""
        if self._calls is not None:
            await self._calls.end()
        transport, self._transport = self._transport, None
        lanes, blocks = self._lanes, self._blocks
        self._lanes = self._blocks = self._blocks_asked = None
        pool, self._pool = self._pool, None
        turns, self._turns = self._turns, None
        if turns is not None:
            turns.close()
        if lanes is not None:
            lanes.close()
        if blocks is not None:
            blocks.close()
        if transport is not None:
            await transport.close()
        if pool is not None:
            pool.shutdown(wait=False)

    @property
    def executor(self) -> ThreadPoolExecutor:
        """The threads that read, hash and write files."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(min(8, self._options.connections), thread_name_prefix="sft-disk")
        return self._pool

    @property
    def connections(self) -> int:
        """How many files move at once."""
        return self._options.connections

    async def _steered(self, how: How, work: Coroutine[Any, Any, T]) -> T:
        """Do the work of one call under its control, until we are closed."""
        if self._calls is None:
            self._calls = Calls()
        return await how.control.steer(work, self._calls)

    def _wire(self) -> Transport:
        if self._transport is None:
            options = self._options
            self._transport = Transport(
                options.address,
                options.trust,
                connections=options.connections,
                silence=options.timeout,
                ahead=4 * self.flow.piece if self.flow.limited else READ_BUFFER,
            )
        return self._transport

    @property
    def flow(self) -> Flow:
        """What all transfers of this client move, and how fast they may."""
        if self._flow is None:
            limit = self._options.limit
            self._flow = Flow(None if limit is None else RateLimit(limit))
        return self._flow

    @property
    def held(self) -> bool:
        """Whether an operator of the server has paused our transfers: they wait, and go on by themselves."""
        return self._flow is not None and self._flow.held

    @property
    def warned(self) -> int:
        """The number of the latest warning of operators that an answer of the server spoke of; see `warnings`."""
        return self.flow.warned

    @property
    def turns(self) -> Turns:
        """Which of its transfers is next."""
        if self._turns is None:
            options = self._options
            most = options.connections if options.limit is None else max(1, int(options.limit / _LANE_RATE))
            self._turns = Turns(self.flow, min(options.connections, most))
        return self._turns

    @property
    def traffic(self) -> Traffic:
        """Bytes of content that transfers by blocks and batches have moved, with all that had to move again."""
        return Traffic() if self._lanes is None else self._lanes.traffic

    async def block_service(self) -> BlockService | None:
        """The block protocol, or None where the server or our rights do not offer it."""
        if self._blocks_asked is None:
            self._blocks_asked = asyncio.Lock()
        async with self._blocks_asked:
            if self._lanes is None:
                self._lanes = Lanes(
                    self._options.address,
                    await self._wire().context(),
                    self.turns,
                    self.flow,
                    limit=self._options.connections,
                    silence=self._options.timeout,
                )
                with suppress(NotFoundError, ForbiddenError, SignInRequiredError):
                    begin = time.monotonic()
                    terms = wire.block_terms(await self._call("GET", "/api/v1/transfer", query=[("path", "/")]))
                    self.turns.learn(limit=terms.connections, round_trip=time.monotonic() - begin)
                    self._blocks = BlockService(self._lanes, terms, self._token, self._renew, self._retry)
        return self._blocks

    # --- who we are ---------------------------------------------------------------------------------------------

    async def server_info(self) -> ServerInfo:
        """What the server says of itself; needs no sign-in."""
        return wire.server_info(await self._ask("GET", "/api/v1/server", token=None))

    async def setup(self, code: str, name: str, password: str) -> SignIn:
        """Make the first administrator with the one-time code that the server printed, and sign in as them.

        Raises:
            NotFoundError: the server has an administrator already, or the code is wrong.
            WeakPasswordError
        """
        values = {"code": code, "name": name, "password": password}
        return self._keep(await self._ask("POST", "/api/v1/setup", values, token=None, expect=(201,)))

    async def sign_in(self, name: str, password: str, code: str | None = None) -> SignIn:
        """Begin a session and use it from now on; `code` is of the second factor, where the account has one.

        Raises:
            TotpRequiredError: the password is right, and a code is needed as well.
            SignInFailedError: wrong name or password, or a disabled account.
            TooManyRequestsError
        """
        values = {"name": name, "password": password} | ({} if code is None else {"code": code})
        return self._keep(await self._ask("POST", "/api/v1/sessions", values, token=None, expect=(201,)))

    def _keep(self, value: object) -> SignIn:
        signed = wire.sign_in(value)
        self._session_token = signed.token
        return signed

    async def sign_out(self) -> None:
        """End the session: its token is dead at once, here and on the server. One that has ended is what was wanted."""
        token = await self._token()
        # Its end cuts its connections, at times before the answer is through: the second try finds it gone.
        with suppress(SignInRequiredError):
            await self._ask("DELETE", "/api/v1/sessions/current", token=token, expect=(204,))
        self._session_token = ""

    async def whoami(self) -> Whoami:
        """Who the server takes us for.

        Raises:
            SignInRequiredError: there is no session, or it has ended.
        """
        return wire.whoami(await self._call("GET", "/api/v1/sessions/current"))

    async def _token(self) -> str | None:
        """The token to send, signing in first if a name and password were given. "" marks a signed-out client."""
        options = self._options
        if self._session_token is None and options.username is not None and options.password is not None:
            if self._signing_in is None:
                self._signing_in = asyncio.Lock()
            async with self._signing_in:
                if self._session_token is None:
                    await self.sign_in(options.username, options.password)
        token = options.token if self._session_token is None else self._session_token
        return token or None

    async def _renew(self, token: str | None, error: SignInRequiredError) -> None:
        """Sign in again, where a name and password were given, after `token` was refused with `error`.

        Raises:
            SignInRequiredError: that cannot be, or was just done: whoever ends our session again and again means it.
        """
        options = self._options
        if isinstance(error, SessionEndedError):
            raise error
        if options.username is None or options.password is None or not token or self._signing_in is None:
            hint = "Sign in again, then make the same call: what was moved already is not moved again."
            raise SignInRequiredError(str(error), hint=hint) from None
        async with self._signing_in:
            if self._session_token != token:
                return  # somebody else has done it
            now = time.monotonic()
            if self._renewed is not None and now - self._renewed < _RENEWAL_SECONDS:
                raise error
            self._renewed = now
            await self.sign_in(options.username, options.password)

    # --- requests -----------------------------------------------------------------------------------------------

    async def _call(
        self,
        method: str,
        path: str,
        values: object = None,
        *,
        query: Query = (),
        expect: Sequence[int] = (200,),
        silence: float = 0,
    ) -> Any:
        """A request as whoever we are."""
        return await self._signed(
            lambda token: self._ask(method, path, values, token=token, query=query, expect=expect, silence=silence)
        )

    async def _signed(self, work: Callable[[str | None], Awaitable[T]]) -> T:
        """Do something with our token, once more if the session has ended and can be renewed, or until it may."""
        token, renewed = await self._token(), False
        while True:
            try:
                return await work(token)
            except SignInRequiredError as error:
                if renewed:
                    raise
                await self._renew(token, error)
                token, renewed = await self._token(), True
            except PausedError as error:
                await self._hold(error)

    async def unless_held(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something, again and again while an operator holds it; nothing of it is done then."""
        while True:
            try:
                return await work()
            except PausedError as error:
                await self._hold(error)

    async def _hold(self, error: PausedError) -> None:
        seconds = max(1.0, error.retry_after or 0.0)
        self.flow.hold(seconds)
        await asyncio.sleep(seconds)

    async def _ask(
        self,
        method: str,
        path: str,
        values: object = None,
        *,
        token: str | None,
        query: Query = (),
        expect: Sequence[int] = (200,),
        silence: float = 0,
    ) -> Any:
        body = None if values is None else json.dumps(values).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        async with self._wire().request(
            method, path, query=query, headers=headers, token=token, body=body, expect=expect, silence=silence
        ) as response:
            return None if response.status == 204 else await read_json(response)
