"""One connection: uvicorn's HTTP/1.1 protocol, and the limits that it does not set.

What is added, and the attack or failure it answers:
- a complete header block within `head_seconds` (slowloris), of at most `HEAD_MAX` bytes (header bomb);
- a peer that falls silent in the middle of a body, or stops reading an answer, is dropped after `idle_seconds`;
- chunk framing, extensions and trailers are bounded as the head is, and trailers never become headers;
- HTTP/1.0 and 1.1 only, one `Host`, `Transfer-Encoding` only as `chunked` and only in 1.1 (request smuggling; the
  parser itself already refuses conflicting lengths);
- an upgrade is refused: the parser would skip the body and take its bytes for the next request; but for a WebSocket
  at `SOCKET_PATH`, without a body and with nothing behind it;
- (for speed) a long body of known length goes past the parser, straight into the buffers of whoever reads it;
- a connection closed while the body still arrives is read on for a moment, so that a reset does not
  destroy the answer on its way to the peer (RFC 9112, 9.6).
"""

import asyncio
import select
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import httptools
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from ...errors import (
    InterruptedTransferError,
    InvalidRequestError,
    SecureFileTransferError,
    TimedOutError,
    TooLargeError,
)
from . import problems
from .exchange import ABORT_KEY, DIRECT, SWITCH, Successor, Target
from .limits import Limits
from .passage import GONE
from .tls import tls_extension

HEAD_MAX = 64 * 1024
"""nginx takes 32 KiB, Apache 8 KiB a line; cookies and tokens of the largest single sign-on systems fit."""
FIELDS_MAX = 128
READ_SIZE = 256 * 1024
"""Of the memory that all connections of a listener read into in turn; as much as TLS hands over at once."""
DIRECT_MIN = 64 * 1024
"""Bytes of a body that are worth going past the parser."""
LINGER_SECONDS = 2.0
LINGER_MAX = 32 * 1024 * 1024
HEADER_FIELDS_TOO_LARGE = 431
SOCKET_PATH = b"/api/v1/events"


class _Refused(Exception):  # noqa: N818 - a signal through the parser, no error of its own
    """Leaves the parser's callbacks with an answer."""

    def __init__(self, error: SecureFileTransferError, status: int | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.status = status


class _LingeringTransport:
    """The transport as uvicorn's request cycle sees it: `close` with the body unread becomes a polite farewell."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self.write = connection.transport.write
        self.is_closing = connection.transport.is_closing

    def close(self) -> None:
        self._connection.farewell()


class Connection(HttpToolsProtocol):
    """See the module. `limits` is set on a subclass by `connection_factory`."""

    limits = Limits()

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._watch: asyncio.TimerHandle | None = None
        self._heard = 0.0
        self._head_since: float | None = None
        self._head_bytes = 0
        self._unframed = 0
        self._head_size = 0
        self._in_head = True
        self._running: RequestResponseCycle | None = None
        self._unsent = 0
        self._unsent_since = 0.0
        self._leaving = False
        self._discarded = 0
        self._left = 0  # bytes of the present body that are still to come, where its length is known
        self._past_parser = False
        self._target: Target | None = None
        self._filled: asyncio.Future[None] | None = None
        self._tls: dict[str, Any] | None = None
        self._switching = False

    # --- the watch ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, with the clock for the first request running."""
        super().connection_made(transport)
        self._tls = tls_extension(transport)
        self._heard = self._head_since = self.loop.time()
        self._watch = self.loop.call_later(self.limits.tick, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; nothing may keep the connection in memory."""
        if self._watch is not None:
            self._watch.cancel()
        if self._answering():
            # With pipelining the request at work is not the last one read, which is all that uvicorn tells.
            assert self._running is not None  # noqa: S101 - for the type checker
            self._abandon(self._running)
        self.pipeline.clear()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def _look(self) -> None:
        """Check every clock. One timer per connection and tick is cheaper than one per request."""
        now = self.loop.time()
        if self.flow.read_paused:
            self._heard = now  # the silence is ours
        if self._head_since is not None and self._answering():
            self._head_since = now  # the next request's clock waits for the present answer
        if self._head_since is not None and now - self._head_since >= self.limits.head_seconds:
            self._time_out("The request line and headers took too long")
        elif self._body_awaited() and now - self._heard >= self.limits.idle_seconds:
            self._time_out("The body stopped arriving")
        elif self._stalled(now):
            self.transport.abort()
        if not self.transport.is_closing() and not self._leaving:
            self._watch = self.loop.call_later(self.limits.tick, self._look)

    def _abandon(self, cycle: RequestResponseCycle) -> None:
        """Let whoever works on the request learn that nobody waits."""
        cycle.disconnected = True
        cycle.message_event.set()
        if self._filled is not None and not self._filled.done():
            self._filled.set_exception(InterruptedTransferError("The upload was cut off", hint="Send it again."))

    def _answering(self) -> bool:
        return self._running is not None and not self._running.response_complete

    def _body_awaited(self) -> bool:
        cycle = self._running
        return (
            cycle is not None
            and cycle is self.cycle
            and cycle.more_body
            and not cycle.response_complete
            and not cycle.waiting_for_100_continue
            and not self.flow.read_paused
        )

    def _stalled(self, now: float) -> bool:
        """Whether the peer has taken nothing of what waits for it, for too long."""
        unsent = self.transport.get_write_buffer_size()
        if unsent == 0 or unsent != self._unsent:
            self._unsent, self._unsent_since = unsent, now
            return False
        return now - self._unsent_since >= self.limits.idle_seconds

    def _hung_up(self) -> bool:
        """Whether the peer has closed while nobody reads, which only Linux tells; elsewhere the reading will."""
        if not self.flow.read_paused or not hasattr(select, "POLLRDHUP"):
            return False
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLRDHUP)
        return bool(poll.poll(0))

    def _time_out(self, message: str) -> None:
        if self._in_head and not self._head_bytes:
            self.transport.abort()  # it never said anything: there is nothing to answer
        else:
            self._refuse(TimedOutError(message, hint="Try again over a better connection."))

    # --- bytes in -----------------------------------------------------------------------------------------------

    def room(self) -> memoryview | None:
        """Where the next bytes are to go; None for `data_received`."""
        target = self._target
        return None if target is None else target.view[target.at : target.at + self._left]

    def came(self, count: int) -> None:
        """So many bytes are in the `room`."""
        target, filled = self._target, self._filled
        assert target is not None and filled is not None  # noqa: S101, PT018 - there was room
        self._heard = self.loop.time()
        target.at += count
        self._left -= count
        if not self._left or target.at == len(target.view):
            self._target = None
            if not filled.done():
                filled.set_result(None)
            if self._left:
                self.flow.pause_reading()
            else:
                self._end_body()

    async def _fill(self, cycle: RequestResponseCycle, target: Target) -> int | None:
        """See `exchange.FillDirectly`. From its first call on the parser sees nothing more of this body."""
        if cycle is not self.cycle or cycle.body or cycle.disconnected or self.transport.is_closing():
            return None
        if not self._past_parser and (self._left < DIRECT_MIN or cycle.waiting_for_100_continue):
            return None  # `receive` says that the body may come
        if not self._left:
            return None
        self._past_parser = True
        self._target, self._filled = target, self.loop.create_future()
        self.flow.resume_reading()
        try:
            await self._filled
        finally:
            self._target = self._filled = None
        return self._left

    def _end_body(self) -> None:
        """The parser has not seen this body; what follows gets one that begins with a new message."""
        self._past_parser = False
        self.parser = httptools.HttpRequestParser(self)
        self.on_message_complete()

    def _take_unasked(self, data: bytes) -> bytes:
        """Bytes of a body that has gone past the parser, while nobody has given room; what follows the body."""
        body, rest = data[: self._left], data[self._left :]
        self._left -= len(body)
        self.cycle.body += body
        self.cycle.message_event.set()
        self.flow.pause_reading()
        if not self._left:
            self._end_body()
        return rest

    def data_received(self, data: bytes) -> None:
        """Feed the parser, within the limits."""
        if self._leaving:
            self._discarded += len(data)
            if self._discarded > LINGER_MAX:
                self.transport.abort()
            return
        if self.transport.is_closing():
            return
        if self._switching:
            self._refuse(InvalidRequestError("Wait for the answer before you send frames"))
            return
        self._unset_keepalive_if_required()
        self._heard = self.loop.time()
        if self._past_parser:
            data = self._take_unasked(data)
            if not data:
                return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_since is None:
                self._head_since = self._heard
        self._unframed += len(data)
        self._feed(data)

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
            if self._unframed > HEAD_MAX:
                self._too_much_framing()
        except httptools.HttpParserUpgrade as upgrade:
            if not self._switching or upgrade.args[0] != len(data):
                self._refuse(InvalidRequestError("Wait for the answer before you send frames"))
        except httptools.HttpParserError as error:
            cause = error.__context__
            if isinstance(cause, _Refused):
                self._refuse(cause.error, cause.status)
            else:
                self._refuse(InvalidRequestError("That is no HTTP/1.1 request that can be understood"))
        except _Refused as refused:
            self._refuse(refused.error, refused.status)

    def _too_much_framing(self) -> None:
        raise _Refused(
            TooLargeError("The headers are too large", hint=f"At most {HEAD_MAX // 1024} KiB fit."),
            HEADER_FIELDS_TOO_LARGE,
        )

    def _refuse(self, error: SecureFileTransferError, status: int | None = None) -> None:
        """Answer with a problem where no answer has begun, and close."""
        running = self._running
        if running is not None and not running.response_complete:
            if running.response_started or self.pipeline:
                self.transport.abort()  # an answer in the middle of another would be taken for its content
                return
            self._abandon(running)
        content = problems.body(error, status=status)
        head = [
            STATUS_LINE[status or error.row.status],
            *(b"%s: %s\r\n" % header for header in self.server_state.default_headers),
            b"content-type: %s\r\ncontent-length: %d\r\n" % (problems.CONTENT_TYPE, len(content)),
            b"cache-control: no-store\r\nconnection: close\r\n\r\n",
        ]
        self.transport.write(b"".join([*head, content]))
        if isinstance(error, TooLargeError):
            self._linger()
        else:
            self.transport.close()

    # --- the parser's callbacks ---------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        if self._tls is not None:
            self.scope["extensions"] = {"tls": cast("dict[object, object]", self._tls)}
        self._in_head = True
        self._head_size = 0
        if self._head_since is None:
            self._head_since = self._heard

    def on_url(self, url: bytes) -> None:
        """Count it."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count it. A trailer is dropped: the application has read the headers already, and decided by them."""
        self._count(len(name) + len(value) + 4)
        if self._in_head:
            super().on_header(name, value)

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > HEAD_MAX or len(self.headers) > FIELDS_MAX:
            self._too_much_framing()

    def on_headers_complete(self) -> None:
        """Refuse what would make two readers of one request disagree; then start it."""
        version = self.parser.get_http_version()
        hosts = sum(name == b"host" for name, _ in self.headers)
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if version not in {"1.0", "1.1"}:
            raise _Refused(InvalidRequestError(f"HTTP/{version} is not spoken here", hint="Use HTTP/1.1."))
        if hosts > 1 or (version == "1.1" and not hosts):
            raise _Refused(InvalidRequestError("A request has exactly one Host header"))
        if codings and (codings != [b"chunked"] or version == "1.0"):
            raise _Refused(InvalidRequestError("The only Transfer-Encoding taken is chunked, in HTTP/1.1"))
        if self.parser.should_upgrade():
            if not self._may_switch():
                raise _Refused(InvalidRequestError("This server does not change protocols"))
            self._switching = True
        self._in_head = False
        self._head_since = None
        self._head_bytes = 0
        self._unframed = 0
        super().on_headers_complete()
        self.cycle.transport = _LingeringTransport(self)  # type: ignore[assignment]
        self._left = next((int(value) for name, value in self.headers if name == b"content-length"), 0)
        if self._left:
            extensions: dict[Any, Any] = self.scope.setdefault("extensions", {})
            extensions[DIRECT] = partial(self._fill, self.cycle)
        cycle, scope = self.cycle, self.cycle.scope
        scope[GONE] = lambda: cycle.disconnected or self._hung_up()  # type: ignore[literal-required]
        scope[ABORT_KEY] = self.transport.abort  # type: ignore[literal-required]
        if self._switching:
            cycle.keep_alive = False  # whatever else is answered, no request can follow
            scope[SWITCH] = partial(self._switch, cycle)  # type: ignore[literal-required]

    def _may_switch(self) -> bool:
        """Whether the request may ask for a WebSocket. Whoever sends it is asked later, as with every request."""
        names = {name for name, _ in self.headers}
        return (
            self.url.partition(b"?")[0] == SOCKET_PATH
            and self.parser.get_method() == b"GET"
            and self._get_upgrade() == b"websocket"
            and not names & {b"content-length", b"transfer-encoding"}
            and not self._answering()
        )

    def _switch(self, cycle: RequestResponseCycle, protocol: Successor, head: bytes) -> bool:
        """See `exchange.Switch`. Nothing of this object is needed any more."""
        if cycle.disconnected or self.transport.is_closing():
            return False
        if self._watch is not None:
            self._watch.cancel()
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        self.connections.discard(self)
        protocol.join(self.connections)
        cycle.disconnected = True  # nobody waits for another answer
        self.transport.write(head)
        self.flow.resume_reading()
        return True

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """Content: the framing around it is counted anew."""
        self._unframed = 0
        self._left -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Whatever follows is the head of the next request."""
        self._in_head = True
        self._unframed = 0
        super().on_message_complete()

    # --- the end ------------------------------------------------------------------------------------------------

    def farewell(self) -> None:
        """Close after an answer; gently, when the peer is still sending."""
        if self._running is not None and self._running.more_body and not self.transport.is_closing():
            self._linger()
        else:
            self.transport.close()

    def _linger(self) -> None:
        self._leaving = True
        self.flow.resume_reading()
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def on_response_complete(self) -> None:
        """The next request may begin, unless this was the last."""
        if not self._leaving and self.cycle is self._running and self.cycle.more_body:
            self.farewell()  # what still arrives of this body must not be read as a request
        if not self._leaving:
            super().on_response_complete()


class _Reader(asyncio.BufferedProtocol):
    """Stands between the transport and a connection, so that TLS decrypts into the memory where bytes are wanted.

    The transport asks for memory, fills it and tells in one go, so connections that want none of their own share it.
    """

    def __init__(self, connection: Connection, shared: memoryview) -> None:
        self._connection, self._shared, self._direct = connection, shared, False
        self.connection_lost = connection.connection_lost  # type: ignore[method-assign]
        self.connection_made = connection.connection_made  # type: ignore[method-assign,assignment]
        self.eof_received = connection.eof_received  # type: ignore[method-assign]
        self.pause_writing = connection.pause_writing  # type: ignore[method-assign]
        self.resume_writing = connection.resume_writing  # type: ignore[method-assign]

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        room = self._connection.room()
        self._direct = room is not None
        return self._shared if room is None else room

    def buffer_updated(self, nbytes: int) -> None:
        if self._direct:
            self._connection.came(nbytes)
        else:
            self._connection.data_received(bytes(self._shared[:nbytes]))


def connection_factory(limits: Limits) -> Callable[..., asyncio.BufferedProtocol]:
    """Makes the connections of one event loop, with these limits."""
    shared = memoryview(bytearray(READ_SIZE))
    kind = type("LimitedConnection", (Connection,), {"limits": limits})

    def make(**given: Any) -> asyncio.BufferedProtocol:
        return _Reader(kind(**given), shared)

    return make
