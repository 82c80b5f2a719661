"""One request and its answer, as every route sees them: the headers that all answers carry, and an honest end."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from .problems import Headers

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CONTENT_POLICY = b"default-src 'none'; frame-ancestors 'none'; sandbox"
"""For everything that is no page: it never runs or loads anything, even when somebody opens it in a browser."""

_SECURITY: Headers = [
    (b"server", b"SecureFileTransfer"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
_log = structlog.get_logger()


ABORT_KEY = "sft.abort"
"""Where the connection leaves the way to cut it at once, with all that waits to be sent."""


class Exchange:
    """Wraps the `receive` and `send` of one request."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self._body_read = not _has_body(scope)
        self._began = time.monotonic()
        self.status = 0
        self.sent = 0
        self.done = False

    async def receive(self) -> Message:
        """The next piece of the body, or the news that the peer is gone."""
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._body_read = True
        return message

    async def send(self, message: Message) -> None:
        """Pass it on. The first message gets the common headers.

        An answer that comes before the whole body closes the connection: with `Expect: 100-continue` nobody knows
        whether the body will follow, and its bytes must never be taken for a request.
        """
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = list(message.get("headers", ()))
            headers = [*given, *_SECURITY]
            if not any(name == b"content-security-policy" for name, _ in given):
                headers.append((b"content-security-policy", CONTENT_POLICY))
            if not self._body_read:
                headers.append((b"connection", b"close"))
            message = {"type": "http.response.start", "status": self.status, "headers": headers}
        else:
            self.sent += len(message.get("body", b""))
            self.done = not message.get("more_body", False)
        await self._send(message)

    async def answer(self, status: int, headers: Headers, content: bytes) -> None:
        """A whole answer."""
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": content})

    def cut(self) -> None:
        """End the connection with whatever is on its way: an answer that nobody may have any more."""
        abort = self.scope.get(ABORT_KEY)
        if abort is not None:
            abort()

    def log(self) -> None:
        """One line, without the query: it may hold what a confused client puts there.

        Nothing where nobody has set up logging: structlog would print to the standard output of somebody's script.
        """
        if not structlog.is_configured():
            return
        client = self.scope.get("client")
        _log.info(
            "request",
            method=self.scope["method"],
            path=raw_path(self.scope).decode("latin-1"),
            status=self.status,
            bytes=self.sent,
            whole=self.done,
            milliseconds=round((time.monotonic() - self._began) * 1000),
            address=client[0] if client else None,
        )


def raw_path(scope: Scope) -> bytes:
    """The path as it stood on the wire. The decoded one is never looked at: decoding loses what separates names."""
    raw = scope["raw_path"]
    assert isinstance(raw, bytes)  # noqa: S101 - the server's promise
    return raw


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0")
        for name, value in scope["headers"]
    )
