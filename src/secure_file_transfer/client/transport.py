"""One HTTP request, with every way it can fail turned into a typed error.

Nothing of aiohttp leaves this module except the open response inside the context manager.
"""

import asyncio
import json
import random
import ssl
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from ..errors import (
    ForbiddenError,
    InterruptedTransferError,
    NotFoundError,
    ProtocolViolationError,
    SecureFileTransferError,
    SignInRequiredError,
    TimedOutError,
    TooLargeError,
    TooManyRequestsError,
    UnreachableError,
)
from ..version import __version__
from . import trust as trusting
from .trust import Address, Trust
from .wire import problem_error

JSON_MAX = 64 * 1024 * 1024
"""An answer larger than this is refused; the largest honest one is a page of 10,000 entries."""
PROBLEM_MAX = 64 * 1024
MESSAGE_MAX = 1024 * 1024
"""Of a WebSocket: the server tells nothing of more than a tenth of it."""
_ABNORMAL = 1006
PROBLEM_TYPE = "application/problem+json"
_RETRY_DIGITS = 9
_BUSY: Mapping[int, type[SecureFileTransferError]] = {
    429: TooManyRequestsError,
    502: InterruptedTransferError,
    503: UnreachableError,
    504: TimedOutError,
}
_SOCKET_REFUSED: Mapping[int, type[SecureFileTransferError]] = {
    401: SignInRequiredError,
    403: ForbiddenError,
    404: NotFoundError,
}
READ_BUFFER = 1024 * 1024
"""What aiohttp may read ahead of us per connection. Measured: 64 KiB pauses the transport so often that a
download is a quarter slower."""
_CONNECT_SECONDS = 30.0
_REMEMBERED = 256
"""Connections of a pool that are looked at when it is closed; it never has so many at once."""
_CLOSE_SECONDS = 2.0
"""For the goodbye of a WebSocket."""
_RETRY_DELAYS = (0.1, 0.4)
"""Seconds before a GET is tried again that was never sent; each is stretched by up to half at random."""

Query = Sequence[tuple[str, str]]


class _Connector(aiohttp.TCPConnector):
    """A pool that ends what it cannot use again at once.

    The library would shake hands for up to 30 seconds with a peer that may be the very reason for the end, and an
    event loop that stops meanwhile leaves the socket open.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._made: deque[asyncio.Transport] = deque(maxlen=_REMEMBERED)

    async def _wrap_create_connection(self, *args: Any, **options: Any) -> Any:
        made = await super()._wrap_create_connection(*args, **options)
        self._made.append(made[0])
        return made

    def abort_all(self) -> None:
        """End those too that nobody waits for: of requests that were given up while their connection was made."""
        for transport in self._made:
            transport.abort()

    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        if (should_close or protocol.should_close) and protocol.transport is not None:
            protocol.transport.abort()
        super()._release(key, protocol, should_close=should_close)


class Closed(Exception):  # noqa: N818 - how a connection ended, which is no error yet
    """The other side has closed a WebSocket: why, by its code; None when it only fell silent."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


class Socket:
    """A WebSocket that texts come by."""

    def __init__(self, made: aiohttp.ClientWebSocketResponse, silence: float) -> None:
        self._made, self._silence = made, silence

    async def send(self, text: str) -> None:
        """Send one text; one that is lost shows when the next is waited for."""
        with suppress(ConnectionError, aiohttp.ClientError):
            await self._made.send_str(text)

    async def receive(self) -> str:
        """The next text. Raises Closed."""
        try:
            message = await self._made.receive(self._silence)
        except TimeoutError:
            raise Closed(None, "") from None
        if message.type is aiohttp.WSMsgType.TEXT:
            return str(message.data)
        code = self._made.close_code
        raise Closed(_ABNORMAL if code is None else code, str(message.extra or ""))


class Transport:
    """A pool of TLS connections to one server. Use it inside one running event loop; close it at the end."""

    def __init__(
        self,
        address: Address,
        trust: Trust,
        *,
        connections: int,
        silence: float,
        ahead: int = READ_BUFFER,
        retry_delays: Sequence[float] = _RETRY_DELAYS,
    ) -> None:
        self.address = address
        self.silence = silence
        """Seconds the other side may stay silent."""
        self._trust = trust
        self._connections = connections
        self._ahead = ahead
        self._retry_delays = retry_delays
        self._session: aiohttp.ClientSession | None = None
        self._lasting: aiohttp.ClientSession | None = None
        self._contexts: list[ssl.SSLContext] = []
        self._starting = asyncio.Lock()

    async def close(self) -> None:
        """Close all connections. A later request opens new ones."""
        sessions = self._session, self._lasting
        self._session = self._lasting = None
        for session in filter(None, sessions):
            connector = session.connector
            await session.close()
            if isinstance(connector, _Connector):
                connector.abort_all()
            await asyncio.sleep(0)  # the sockets close in the next turn of the loop

    async def context(self) -> ssl.SSLContext:
        """How to verify the server: a fresh context, for connections besides the pool's."""
        await self._started()
        return self._context()

    def reload_certificate(self) -> None:
        """The client's own certificate was renewed: new connections show the new one."""
        trust = self._trust
        if trust.certfile is not None:
            for context in self._contexts:
                context.load_cert_chain(trust.certfile, trust.keyfile, password=lambda: b"")

    def _context(self) -> ssl.SSLContext:
        self._contexts.append(trusting.make_context(self._trust))
        return self._contexts[-1]

    async def _started(self) -> aiohttp.ClientSession:
        if self._session is not None:
            return self._session
        async with self._starting:
            if self._session is None:
                self._trust = await trusting.pinned(self.address, self._trust, self.silence)
                self._session = self._pool(self._connections)
        return self._session

    def _pool(self, limit: int) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=_Connector(
                ssl=self._context(),
                limit=limit,
                # The system's own resolver: it knows /etc/hosts, mDNS and VPNs as every program does.
                resolver=aiohttp.ThreadedResolver(),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=self._ahead,
            timeout=self._patience(self.silence),
            headers={
                "User-Agent": f"secure-file-transfer/{__version__}",
                "Accept-Encoding": "identity",
            },
        )

    @asynccontextmanager
    async def socket(self, path: str, *, token: str | None, silence: float) -> AsyncIterator["Socket"]:
        """A WebSocket, beside the pool: it lasts, and must not take a connection from those who transfer.

        Raises:
            SecureFileTransferError: the typed error of everything that keeps it from being made.
        """
        await self._started()
        if self._lasting is None:
            self._lasting = self._pool(0)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                made = await self._lasting.ws_connect(
                    URL(self.address.url + path, encoded=True),
                    headers=headers,
                    max_msg_size=MESSAGE_MAX,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
                )
        except TimeoutError:
            raise trusting.timed_out(self.address) from None
        except aiohttp.WSServerHandshakeError as error:
            raise _refused_socket(self.address, error) from None
        except aiohttp.ClientError as error:
            await self._translate(error, begun=False)
        try:
            yield Socket(made, silence)
        finally:
            await made.close()

    def _patience(self, silence: float) -> aiohttp.ClientTimeout:
        connect = min(self.silence, _CONNECT_SECONDS)
        return aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=max(silence, self.silence))

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        body: bytes | AsyncIterable[bytes] | None = None,
        expect: Sequence[int] = (200,),
        silence: float = 0,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and give the response, whose status is one of `expect`.

        `path` is percent-encoded already; the server may be silent for `silence` seconds, if that is more than it
        may anyway. Leaving the block early drops the connection, whatever was under way.

        Raises:
            SecureFileTransferError: the typed error of everything that can happen, also while the body is read.
        """
        session = await self._started()
        url = URL(self.address.url + path + ("?" + urlencode(query, quote_via=quote) if query else ""), encoded=True)
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        response: aiohttp.ClientResponse | None = None
        try:
            response = await self._send(session, method, url, sent, body, self._patience(silence))
            await self._check(response, expect)
            yield response
        except aiohttp.ClientError as error:
            await self._translate(error, begun=response is not None)
        finally:
            if response is not None:
                # Only a response that was read to its end gives its connection back.
                if not response.content.at_eof():
                    response.close()
                response.release()

    async def _send(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        body: bytes | AsyncIterable[bytes] | None,
        patience: aiohttp.ClientTimeout,
    ) -> aiohttp.ClientResponse:
        delays = iter(self._retry_delays if method == "GET" and body is None else ())
        while True:
            try:
                return await session.request(
                    method, url, data=body, headers=headers, allow_redirects=False, timeout=patience
                )
            except aiohttp.ClientConnectorError as error:
                # Nothing was sent yet. What a certificate or a resolver says does not change within a second.
                delay = next(delays, None)
                passing = isinstance(error.os_error, ConnectionRefusedError | ConnectionResetError)
                if delay is None or not passing or isinstance(error, aiohttp.ClientSSLError):
                    raise
            await asyncio.sleep(delay * random.uniform(1, 1.5))  # noqa: S311 - jitter is no secret

    async def _check(self, response: aiohttp.ClientResponse, expect: Sequence[int]) -> None:
        if response.status in expect:
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise ProtocolViolationError(f"{self.address} sent a compressed answer that nobody asked for")
            return
        if 300 <= response.status < 400 and response.status != 304:
            raise ProtocolViolationError(
                f"{self.address} wants to send us to another address; that is refused",
                hint="Give the address of the server itself.",
            )
        await self._raise_problem(response)

    async def _raise_problem(self, response: aiohttp.ClientResponse) -> NoReturn:
        """Raise the error that an answer carries, or say that it carries none."""
        data = b""
        if response.content_type == PROBLEM_TYPE:
            data = await read_at_most(response, PROBLEM_MAX)
        raise problem_of(self.address, response.status, data, retry_after(response.headers.get("Retry-After")))

    async def _translate(self, error: aiohttp.ClientError, *, begun: bool) -> NoReturn:
        address = self.address
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            cause = error.certificate_error
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise await trusting.explain(address, self._trust, cause) from None
        if isinstance(error, aiohttp.ServerTimeoutError):
            raise trusting.timed_out(address) from None
        if isinstance(error, aiohttp.ClientConnectorError):
            reason = error.os_error
            if isinstance(reason, ssl.SSLError):
                raise trusting.tls_error(address, reason) from None
            raise trusting.unreachable(address, reason) from None
        if isinstance(error, aiohttp.ClientResponseError | aiohttp.InvalidURL):
            raise ProtocolViolationError(f"{address} did not answer in the form of HTTP") from None
        told = str(error.__cause__ or error).upper()
        if "CERTIFICATE" in told and isinstance(error.__cause__ or error.__context__, ssl.SSLError):
            # TLS 1.3 tells of a missing or refused client certificate only after the handshake.
            raise trusting.refused(address, told) from None
        raise InterruptedTransferError(
            f"The connection to {address} was cut" + (" in the middle of the answer" if begun else ""),
            # A server may refuse a certificate without a word.
            hint="Try again."
            if begun or self._trust.certfile is None
            else "Try again; if that does not help, the server does not take this client certificate.",
        ) from None


def _refused_socket(address: Address, error: aiohttp.WSServerHandshakeError) -> SecureFileTransferError:
    """Of a handshake only the status is left; its words are those of the table."""
    kind = _SOCKET_REFUSED.get(error.status) or _BUSY.get(error.status)
    if kind is None:
        return _unexplained(address, error.status)
    refusal = kind()
    refusal.retry_after = retry_after(error.headers.get("Retry-After") if error.headers else None)
    return refusal


def retry_after(field: str | None) -> float | None:
    """Seconds to wait, as a `Retry-After` field says it.

    None where there is none, or a date, which no server of this protocol sends.
    """
    text = (field or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) <= _RETRY_DIGITS else None


def problem_of(
    address: Address, status: int, problem_json: bytes, wait: float | None = None
) -> SecureFileTransferError:
    """The error that an answer carries, or one that says that it carries none. `wait` is its `Retry-After`.

    What stands in front of a server (a proxy, a balancer) has no words of ours for being busy, but its status is clear.
    """
    problem = _parse(problem_json)
    error: SecureFileTransferError
    if isinstance(problem, dict) and isinstance(problem.get("code"), str):
        error = problem_error(problem)
    elif status in _BUSY:
        error = _BUSY[status](f"{address} is too busy at the moment", hint="Try again later.")
    else:
        error = _unexplained(address, status)
    error.retry_after = wait
    return error


def _unexplained(address: Address, status: int) -> ProtocolViolationError:
    return ProtocolViolationError(
        f"{address} answered with status {status} and no explanation",
        hint="Check the address: another program, or a proxy, may be answering there.",
    )


def _parse(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


async def read_at_most(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The whole body.

    Raises:
        TooLargeError: it is longer than `limit`.
    """
    parts, size = [], 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > limit:
            raise TooLargeError("The server's answer is longer than any honest one")
    return b"".join(parts)


async def read_json(response: aiohttp.ClientResponse) -> Any:
    """The body, as JSON.

    Raises:
        ProtocolViolationError: it is none.
    """
    value = _parse(await read_at_most(response, JSON_MAX)) if response.content_type == "application/json" else None
    if value is None:
        raise ProtocolViolationError(
            "The server's answer is not JSON", hint="Check the address; another program may be answering there."
        )
    return value
