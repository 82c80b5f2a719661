"""One WebSocket (RFC 6455) of the event stream, after its handshake: frames in, frames out, and nothing that grows.

The frames are the `websockets` library's; what is bounded here, and the attack or failure that it answers:
- a message is text, of at most `MESSAGE_MAX` bytes in all its fragments, and so many frames come in a while (floods of
  tiny frames, of pings, of empty fragments);
- while a peer does not read, nothing is read from it, so that what it makes us answer cannot pile up;
- what waits to be sent stays with the hub, which bounds it; a peer that takes nothing for long is dropped;
- no task and no timer of its own: ten thousand of them wait at the price of their TLS state.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, cast

from websockets.exceptions import InvalidState
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import SERVER, State
from websockets.protocol import Protocol as Frames

from ...services.events import Subscription
from .exchange import Successor

MESSAGE_MAX = 64 * 1024
READ_SIZE = 64 * 1024
FRAMES_MAX = 200
FRAMES_SECONDS = 10.0
SEND_BUFFER = 32 * 1024
"""Bytes that may wait in a connection; the rest waits with the hub, where it can still merge."""
PING_SECONDS = 45.0
"""After so long without a word in either direction the peer is asked whether it is there. Proxies drop what is silent
for a minute."""
SILENCE_SECONDS = 75.0
"""Of a peer that does not answer."""
FIRST_SECONDS = 10.0
"""From the handshake to the first message."""
CLOSE_SECONDS = 2.0
STALL_SECONDS = 60.0

SESSION_ENDED = 4401
"""Of the codes for private use (RFC 6455, 7.4.2): the session has ended."""

_quiet = logging.getLogger("uvicorn.websockets")
_quiet.setLevel(logging.ERROR)


class Owner(Protocol):
    """Who made the socket and answers its messages."""

    def received(self, socket: "EventSocket", text: str) -> None:
        """A message has come. No other will until `proceed`."""

    def closed(self, socket: "EventSocket") -> None:
        """The connection is gone."""


class EventSocket(Successor):
    """The protocol of a connection from its upgrade to its end. Used on the event loop only."""

    __slots__ = (
        "_busy",
        "_closing_since",
        "_count",
        "_count_since",
        "_frames",
        "_heard",
        "_message",
        "_now",
        "_others",
        "_owner",
        "_pinged",
        "_room",
        "_stalled_since",
        "_told",
        "subscription",
        "transport",
    )

    def __init__(self, owner: Owner, room: memoryview, now: Callable[[], float]) -> None:
        """`room` is memory that all sockets of one loop read into in turn."""
        self._owner, self._room, self._now = owner, room, now
        self._frames = Frames(SERVER, max_size=MESSAGE_MAX, logger=_quiet)
        self._message: list[bytes] | None = None
        self._heard = self._told = self._pinged = self._count_since = now()
        self._count = 0
        self._busy = False
        self._stalled_since: float | None = None
        self._closing_since: float | None = None
        self._others: set[Any] | None = None
        self.subscription: Subscription | None = None
        self.transport: asyncio.Transport

    # --- the connection ---------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is ours from now on."""
        # uvloop's transports are of no class of asyncio's.
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(SEND_BUFFER)

    def join(self, connections: set[Any]) -> None:
        """See `Successor`."""
        self._others = connections
        connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """It is gone."""
        if self._others is not None:
            self._others.discard(self)
        self._owner.closed(self)

    def pause_writing(self) -> None:
        """The peer does not take what it gets: leave the rest with the hub, and hear nothing from it."""
        self._stalled_since = self._now()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """It does again."""
        self._stalled_since = None
        if not self._busy:
            self.transport.resume_reading()
        self.flush()

    def shutdown(self) -> None:
        """The server stops."""
        self.close(CloseCode.GOING_AWAY, "the server stops")

    # --- frames in --------------------------------------------------------------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Where the next bytes go."""
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        """So many came."""
        self._heard = self._now()
        self._frames.receive_data(bytes(self._room[:nbytes]))
        for frame in self._frames.events_received():
            if isinstance(frame, Frame):
                self._came(frame)
        self._write_out()

    def _came(self, frame: Frame) -> None:
        if self._frames.state is not State.OPEN or self._too_many():
            return
        if frame.opcode is Opcode.BINARY:
            self.close(CloseCode.UNSUPPORTED_DATA, "text only")
        elif frame.opcode in {Opcode.TEXT, Opcode.CONT}:
            pieces = self._message = [] if self._message is None else self._message
            pieces.append(bytes(frame.data))
            if frame.fin:
                self._message = None
                self._complete(b"".join(pieces))

    def _too_many(self) -> bool:
        if self._heard - self._count_since >= FRAMES_SECONDS:
            self._count_since, self._count = self._heard, 0
        self._count += 1
        if self._count > FRAMES_MAX:
            self.close(CloseCode.POLICY_VIOLATION, "too many messages")
        return self._count > FRAMES_MAX

    def _complete(self, message: bytes) -> None:
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self.close(CloseCode.INVALID_DATA, "not UTF-8")
            return
        if self._busy:
            self.close(CloseCode.POLICY_VIOLATION, "wait for the answer before the next message")
            return
        self._busy = True
        self.transport.pause_reading()
        self._owner.received(self, text)

    def proceed(self) -> None:
        """The message is answered: the next may come."""
        self._busy = False
        if self._stalled_since is None and not self.transport.is_closing():
            self.transport.resume_reading()
        self.flush()

    # --- frames out -------------------------------------------------------------------------------------------------

    def send(self, text: bytes) -> None:
        """One message, at once."""
        if self._frames.state is State.OPEN and not self.transport.is_closing():
            self._frames.send_text(text)
            self._write_out()

    def flush(self) -> None:
        """Send what the hub has for it, as far as the peer takes it; say goodbye when the session has ended."""
        subscription = self.subscription
        if subscription is None or self._busy or self._closing_since is not None:
            return
        while self._stalled_since is None and not self.transport.is_closing() and (some := subscription.take()):
            for text in some:
                self._frames.send_text(text)
            self._told = self._now()
            self._write_out()
        if subscription.ended is not None:
            self.close(SESSION_ENDED, subscription.ended.code)

    def close(self, code: int, reason: str = "") -> None:
        """Say why, and close once the peer has said so too, or soon."""
        if self._closing_since is not None or self.transport.is_closing():
            return
        self._closing_since = self._now()
        with suppress(InvalidState):
            self._frames.send_close(code, reason)
        self._write_out()

    def _write_out(self) -> None:
        pieces = self._frames.data_to_send()
        if not pieces or self.transport.is_closing():
            return
        if data := b"".join(pieces):
            self.transport.write(data)
        if not pieces[-1]:  # the end of the stream: the frames are over, for whatever reason
            self.transport.close()

    # --- the clock --------------------------------------------------------------------------------------------------

    def look(self, now: float) -> None:
        """Called now and then: is the peer still there?"""
        if self._closing_since is not None:
            if now - self._closing_since >= CLOSE_SECONDS:
                self.transport.abort()
        elif self._stalled_since is not None:
            if now - self._stalled_since >= STALL_SECONDS:
                self.transport.abort()
        elif self._busy:
            self._heard = now  # the silence is ours
        elif self.subscription is None or not self.subscription.begun:
            if now - self._heard >= FIRST_SECONDS:
                self.close(CloseCode.POLICY_VIOLATION, "say what you want to hear of")
        elif now - self._heard >= SILENCE_SECONDS:
            self.transport.abort()
        elif now - max(self._pinged, min(self._told, self._heard)) >= PING_SECONDS:
            self._pinged = now
            self.subscription.mark()
            self.flush()
            self._frames.send_ping(b"")
            self._write_out()
