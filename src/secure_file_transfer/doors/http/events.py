"""`GET /api/v1/events`: the handshake of the event stream, and what its messages ask for. See docs/protocol.md."""

import asyncio
import base64
import binascii
import json
from collections import deque
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from websockets.frames import CloseCode
from websockets.utils import accept_key

from ...errors import InvalidRequestError, SecureFileTransferError, ShuttingDownError, SignInRequiredError
from ...paths import RemotePath
from ...ports import Topic
from ...services.events import Chosen, Events, Subscription
from ...services.networks import source_of
from ...services.presence import Connection
from . import cookies
from .context import DOOR, Context, joined_fields
from .exchange import SWITCH, Exchange, Switch
from .problems import answer
from .socket import READ_SIZE, SESSION_ENDED, EventSocket

PATH = b"/api/v1/events"
TICK = 1.0
AT_ONCE = 100
"""Sockets that are served before others have a turn: an event for everybody must not hold up a listing."""
_KEY_BYTES = 16
_MEMBERS = {"topics", "watch", "after"}


class EventDoor:
    """All event sockets of one event loop."""

    def __init__(self, context: Context, hub: Events) -> None:
        self._context, self._hub = context, hub
        self._sockets: set[EventSocket] = set()
        self._here: dict[EventSocket, Connection] = {}
        self._room = memoryview(bytearray(READ_SIZE))
        self._woken: deque[EventSocket] = deque()
        self._draining = False
        self._ticking: asyncio.Task[None] | None = None
        self._working: set[asyncio.Task[None]] = set()

    # --- the handshake ----------------------------------------------------------------------------------------------

    async def serve(self, exchange: Exchange) -> None:
        """Turn one request into a socket, or refuse it as any other.

        Raises:
            SignInRequiredError, ForbiddenError, TooManyRequestsError, BusyError
        """
        scope = exchange.scope
        fields = joined_fields(scope["headers"])
        switch: Switch | None = scope.get(SWITCH)
        key = _key(fields)
        if key is None or switch is None:
            refusal = InvalidRequestError("Events are told over a WebSocket", hint="See docs/protocol.md.")
            extra = [(b"upgrade", b"websocket"), (b"sec-websocket-version", b"13")]
            await exchange.answer(*answer(refusal, status=HTTPStatus.UPGRADE_REQUIRED, extra=extra))
            return
        cookies.require_own_socket(fields)
        caller = self._context.caller(scope)
        who = await self._context.workers.run(caller.principal)
        loop = asyncio.get_running_loop()
        socket = EventSocket(self, self._room, loop.time)

        def wake() -> None:
            self._woken.append(socket)  # one word to the loop for however many there are
            if not self._draining:
                self._draining = True
                with suppress(RuntimeError):  # the loop has ended, and all that was on it
                    loop.call_soon_threadsafe(self._drain)

        socket.subscription = subscription = self._hub.subscribe(who, source_of(caller.address), wake)
        switched = False
        try:
            switched = switch(socket, _head(key, exchange))
        finally:
            if not switched:
                subscription.end()
        if not switched:
            return
        exchange.status, exchange.done = HTTPStatus.SWITCHING_PROTOCOLS, True
        self._sockets.add(socket)
        if (live := self._context.services.live) is not None:
            here = self._here[socket] = live.presence.open(DOOR, caller.address, caller.agent)
            here.signed(who)
        if self._ticking is None:
            self._ticking = loop.create_task(self._tick())

    def closed(self, socket: EventSocket) -> None:
        """The connection is gone."""
        self._sockets.discard(socket)
        if (here := self._here.pop(socket, None)) is not None:
            here.close()
        if socket.subscription is not None:
            socket.subscription.end()

    # --- messages ---------------------------------------------------------------------------------------------------

    def received(self, socket: EventSocket, text: str) -> None:
        """A message has come: answer it, which takes a trip to the catalog."""
        task = asyncio.get_running_loop().create_task(self._answer(socket, text))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _answer(self, socket: EventSocket, text: str) -> None:
        subscription = socket.subscription
        assert subscription is not None  # noqa: S101 - it was there before the first message
        try:
            chosen = await self._context.workers.run(lambda: _choose(subscription, text))
            socket.send(_told("subscribed", _chosen_json(chosen), chosen.position))
        except SignInRequiredError as error:
            socket.close(SESSION_ENDED, error.code)
        except SecureFileTransferError as error:
            socket.send(_told("refused", _error_json(error)))
            if not subscription.begun:
                socket.close(CloseCode.POLICY_VIOLATION, error.code)
        except RuntimeError:
            socket.close(CloseCode.GOING_AWAY, ShuttingDownError.row.code)  # the worker threads are gone
        finally:
            socket.proceed()

    # --- everybody --------------------------------------------------------------------------------------------------

    def _drain(self) -> None:
        """Serve those for whom something waits, some at a time."""
        for _ in range(AT_ONCE):
            if not self._woken:
                break
            self._woken.popleft().flush()
        if self._woken:
            asyncio.get_running_loop().call_soon(self._drain)
            return
        self._draining = False
        if self._woken:  # somebody came in between
            self._draining = True
            asyncio.get_running_loop().call_soon(self._drain)

    async def _tick(self) -> None:
        """One clock for all of them."""
        try:
            while self._sockets:
                await asyncio.sleep(TICK)
                now = asyncio.get_running_loop().time()
                for count, socket in enumerate(list(self._sockets), 1):
                    socket.look(now)
                    if count % AT_ONCE == 0:
                        await asyncio.sleep(0)
        finally:
            self._ticking = None


def _key(fields: dict[bytes, bytes]) -> str | None:
    """What the handshake is answered by (RFC 6455, 4.2.1); None when it is none."""
    key = fields.get(b"sec-websocket-key", b"").decode("latin-1").strip()
    if fields.get(b"upgrade", b"").strip().lower() != b"websocket" or fields.get(b"sec-websocket-version") != b"13":
        return None
    with suppress(binascii.Error, ValueError):
        if len(base64.b64decode(key, validate=True)) == _KEY_BYTES:
            return key
    return None


def _head(key: str, exchange: Exchange) -> bytes:
    fields = [(b"upgrade", b"websocket"), (b"connection", b"Upgrade")]
    fields += [(b"sec-websocket-accept", accept_key(key).encode()), *exchange.extra]
    return b"".join([b"HTTP/1.1 101 Switching Protocols\r\n", *(b"%s: %s\r\n" % each for each in fields), b"\r\n"])


def _choose(subscription: Subscription, text: str) -> Chosen:
    """What a message asks for.

    Raises:
        InvalidRequestError, InvalidNameError, ForbiddenError, SignInRequiredError
    """
    try:
        wanted: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise _not_understood("It is not JSON") from None
    if not isinstance(wanted, dict) or wanted.keys() - _MEMBERS:
        raise _not_understood(f"It is an object with any of {', '.join(sorted(_MEMBERS))}")
    after = wanted.get("after")
    if after is not None and not isinstance(after, str):
        raise _not_understood("after is the id of an event")
    topics, watch = _texts(wanted, "topics"), _texts(wanted, "watch")
    if unknown := [each for each in topics or () if each not in list(Topic)]:
        raise _not_understood(f"topics are {', '.join(Topic)}, not {unknown[0][:40]!r}")
    return subscription.choose(
        None if topics is None else [Topic(each) for each in topics],
        None if watch is None else [RemotePath.parse(each) for each in watch],
        after,
    )


def _texts(wanted: dict[str, Any], name: str) -> list[str] | None:
    value = wanted.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _not_understood(f"{name} is a list of texts")
    return value


def _not_understood(how: str) -> InvalidRequestError:
    return InvalidRequestError(f"The message is not understood: {how}", hint="See docs/protocol.md.")


def _told(kind: str, data: dict[str, Any], number: str | None = None) -> bytes:
    event = {"id": number, "topic": Topic.SERVER, "kind": kind, "data": data}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _chosen_json(chosen: Chosen) -> dict[str, Any]:
    refused = [{"path": path, **_error_json(error)} for path, error in chosen.refused]
    return {"topics": list(chosen.topics), "watch": list(chosen.watched), "refused": refused}


def _error_json(error: SecureFileTransferError) -> dict[str, Any]:
    return {"code": error.code, "detail": str(error), "hint": error.hint}
