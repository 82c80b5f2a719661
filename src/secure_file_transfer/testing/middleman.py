"""A man in the middle: it ends TLS with a certificate of its own, follows HTTP/1.1, and may do harm to bodies.

A client talks to it only if it trusts that certificate; that is what a test arranges. For harm that needs no look
into TLS there is `proxy.FaultProxy`.
"""

import io
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from .certificates import ServerFiles, TestAuthority

_PIECE = 64 * 1024
_HEAD_LINES_MAX = 200
_GOODBYE_SECONDS = 5.0
_SECONDS = 60.0
"""Silence after which a connection counts as dead."""


@dataclass
class Body:
    """A body with a length, on its way. `status` is that of an answer, 0 for a request."""

    direction: str
    """`up` or `down`."""
    method: str
    target: str
    status: int
    headers: Mapping[str, str]
    """Of its own message; names in lower case."""
    length: int
    passed: int = 0
    """How many of its bytes went on before."""


Tamper = Callable[[Body, memoryview], int | None]
"""Sees each piece of a body before it goes on, and may change it in place. A number says how many bytes of the piece
go on before the connection is cut; None, that all do. Called from the thread of each connection, one at a time."""


class Middleman:
    """Listens on a port that the system chooses; a context manager. Clients trust `files.cafile`."""

    def __init__(self, target_port: int, target_cafile: Path, folder: Path, tamper: Tamper) -> None:
        folder.mkdir(exist_ok=True)
        self.files: ServerFiles = TestAuthority("Middleman").issue(folder)
        self._target = target_port
        self._away = ssl.create_default_context(cafile=str(target_cafile))
        self._tamper = tamper
        self._one_at_a_time = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (self._listener, *self._open):
            with suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)  # of TLS, too: no goodbye
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        context = self.files.context()
        with suppress(OSError):  # the listener was closed
            while True:
                here, _ = self._listener.accept()
                self._start(self._serve, here, context)

    def _serve(self, here: socket.socket, context: ssl.SSLContext) -> None:
        here.settimeout(_SECONDS)
        with suppress(OSError, ValueError), here:  # one of the two has left, or we did
            there = socket.create_connection(("127.0.0.1", self._target), _SECONDS)
            with (
                there,
                context.wrap_socket(here, server_side=True) as near,
                self._away.wrap_socket(there, server_hostname="127.0.0.1") as far,
            ):
                pair = {near, far}
                self._open |= pair
                try:
                    _Conversation(near, far, self._guarded).run()
                finally:
                    self._open -= pair

    def _guarded(self, body: Body, piece: memoryview) -> int | None:
        with self._one_at_a_time:
            return self._tamper(body, piece)


class _Conversation:
    """One connection: request and answer in turn, by one thread."""

    def __init__(self, near: ssl.SSLSocket, far: ssl.SSLSocket, tamper: Tamper) -> None:
        self._near, self._far, self._tamper = near, far, tamper
        self._from_near = cast("io.BufferedReader", near.makefile("rb", _PIECE))
        self._from_far = cast("io.BufferedReader", far.makefile("rb", _PIECE))
        self._buffer = memoryview(bytearray(_PIECE))

    def run(self) -> None:
        """Until one side ends it.

        Raises:
            OSError: the usual end. ValueError: it is not HTTP.
        """
        while True:
            first, headers = self._head(self._from_near, self._far)
            method, target, _ = first.split(" ", 2)
            self._pass(Body("up", method, target, 0, headers, _length(headers)), self._from_near, self._far)
            first, headers = self._head(self._from_far, self._near)
            status = int(first.split(" ", 2)[1])
            length = 0 if method == "HEAD" or status in {204, 304} else _length(headers)
            if headers.get("transfer-encoding") == "chunked":
                self._pass_chunks()
            else:
                self._pass(Body("down", method, target, status, headers, length), self._from_far, self._near)
            if headers.get("connection", "").lower() == "close":
                return

    @staticmethod
    def _head(source: io.BufferedReader, sink: ssl.SSLSocket) -> tuple[str, dict[str, str]]:
        lines: list[bytes] = []
        while not lines or lines[-1] != b"\r\n":
            lines.append(source.readline(_PIECE))
            if not lines[-1].endswith(b"\n") or len(lines) > _HEAD_LINES_MAX:
                raise ConnectionAbortedError
        sink.sendall(b"".join(lines))
        first, *fields = [line.decode("latin-1").strip() for line in lines[:-1]]
        pairs = (field.partition(":") for field in fields)
        return first, {name.strip().lower(): value.strip() for name, _, value in pairs}

    def _pass(self, body: Body, source: io.BufferedReader, sink: ssl.SSLSocket) -> None:
        while body.passed < body.length:
            count = source.readinto1(self._buffer[: body.length - body.passed])
            if not count:
                raise ConnectionAbortedError
            piece = self._buffer[:count]
            until = self._tamper(body, piece)
            try:
                sink.sendall(piece[:until])
            except OSError:
                return  # it reads no more: a server that refuses may have answered already
            body.passed += count if until is None else until
            if until is not None:
                self._cut(sink)

    def _pass_chunks(self) -> None:
        """A body without a length goes on as it is."""
        left = 1
        while left:
            line = self._from_far.readline(_PIECE)
            left = int(line.split(b";")[0], 16)
            self._near.sendall(line + self._from_far.read(left + 2))

    def _cut(self, sink: ssl.SSLSocket) -> None:
        """End both connections without the goodbye of TLS. What went on before arrives: the cut is where it is said."""
        socket.socket.shutdown(self._far if sink is self._near else self._near, socket.SHUT_RDWR)
        socket.socket.shutdown(sink, socket.SHUT_WR)
        # To close a connection with something unread in it would take back what is still on its way.
        sink.settimeout(_GOODBYE_SECONDS)
        while socket.socket.recv(sink, _PIECE):
            pass
        raise ConnectionAbortedError


def _length(headers: Mapping[str, str]) -> int:
    return int(headers.get("content-length", "0"))
