"""A TLS server that says whatever a test wants, byte by byte: for hostile, broken and vanishing servers."""

import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Asked:
    """One request: its head, read whole; the body is still in the connection, `length` bytes of it."""

    method: str
    target: str
    headers: Mapping[str, str]
    connection: socket.socket

    @property
    def length(self) -> int:
        return int(self.headers.get("content-length", "0"))

    def read(self, count: int) -> bytes:
        """That many bytes of the body, or fewer if the client leaves."""
        data = b""
        while len(data) < count and (more := self.connection.recv(min(65536, count - len(data)))):
            data += more
        return data


def answer(
    status: int, value: object = None, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """A whole answer; `value` becomes JSON."""
    data = json.dumps(value).encode() if body is None else body
    sent = {"Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})}
    lines = "".join(f"{name}: {text}\r\n" for name, text in sent.items())
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + data


def entry(path: str, **changes: Any) -> dict[str, Any]:
    """An entry as an honest server would give it, except for the changes."""
    return {
        "path": path,
        "name": path.rsplit("/", 1)[-1],
        "kind": "file",
        "size": 5,
        "modified": "2026-01-01T00:00:00.000000Z",
        "created": "2026-01-01T00:00:00.000000Z",
        "sha256": None,
        "etag": "v1",
        **changes,
    }


Script = Callable[[Asked], bytes | None]


class ScriptedServer:
    """Calls `script` for each request and sends what it returns; None closes the connection at once.

    Without a context it speaks plain TCP. `asked` keeps method and target of every request.
    """

    def __init__(self, script: Script, context: ssl.SSLContext | None) -> None:
        self._script = script
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = [threading.Thread(target=self._accept, daemon=True)]
        self.asked: list[tuple[str, str]] = []
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with suppress(OSError), plain:
            if self._context is None:
                self._talk(plain)
            else:
                with self._context.wrap_socket(plain, server_side=True) as connection:
                    self._open.append(connection)
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        while True:
            head = b""
            while b"\r\n\r\n" not in head:
                # One by one, so that the body stays in the connection.
                byte = connection.recv(1)
                if not byte:
                    return
                head += byte
            first, *lines = head.decode("latin-1").split("\r\n")
            found = re.match(r"(\w+) (\S+) ", first)
            if not found:
                return
            headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines if ": " in line)}
            self.asked.append((found[1], found[2]))
            said = self._script(Asked(found[1], found[2], headers, connection))
            if said is None:
                return
            connection.sendall(said)
