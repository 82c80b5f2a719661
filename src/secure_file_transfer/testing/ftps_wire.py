"""An FTP client over TLS for tests: it sends exactly what it is told, in any order, also what no client should.

One `FtpsWire` is one control connection. Data connections are opened apart from the commands that use them, so that a
test can steal one, cut one, or leave one lying.
"""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

SECONDS = 30.0
PIECE = 1 << 16


@dataclass(frozen=True)
class FtpsSite:
    """Where a server is, and who may use it."""

    port: int
    user: str
    password: str
    cafile: Path
    host: str = "127.0.0.1"
    base: str = ""
    """The folder that may be written to, when it is not the root."""

    def context(self) -> ssl.SSLContext:
        """Trusts this server and nobody else."""
        return ssl.create_default_context(cafile=str(self.cafile))


@dataclass(frozen=True)
class Reply:
    """What the server answered: `lines` without the code and the line ends."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it in one line."""
        return " / ".join(self.lines)


class HungUpError(ConnectionError):
    """The server closed the control connection."""


class FtpsWire:
    """A control connection."""

    def __init__(
        self,
        site: FtpsSite,
        *,
        source: str = "127.0.0.1",
        context: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """Connect and read the greeting; nothing is encrypted yet."""
        self.site, self.source = site, source
        self.context = context or site.context()
        self.sock: socket.socket = socket.create_connection((site.host, site.port), seconds, (source, 0))
        self._buffer = b""
        self.greeting = self.reply()

    @classmethod
    def signed_in(cls, site: FtpsSite, *, source: str = "127.0.0.1") -> Self:
        """Encrypted, signed in, binary: ready for work."""
        wire = cls(site, source=source)
        wire.secure()
        wire.sign_in()
        return wire

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- lines and replies ---

    def send(self, line: str) -> None:
        """One command."""
        self.send_bytes(line.encode() + b"\r\n")

    def send_bytes(self, data: bytes) -> None:
        """Whatever it is."""
        self.sock.sendall(data)

    def reply(self) -> Reply:
        """The next one, of one line or several."""
        first = self._line()
        code, lines = first[:3], [first[4:]]
        if first[3:4] == "-":
            while True:
                line = self._line()
                last = line.startswith(f"{code} ")
                lines.append(line[4:] if last else line)
                if last:
                    break
        return Reply(int(code), tuple(lines))

    def _line(self) -> str:
        while b"\r\n" not in self._buffer:
            piece = self.sock.recv(PIECE)
            if not piece:
                raise HungUpError(f"closed after {self._buffer[-200:]!r}")
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode("utf-8", "replace")

    def ask(self, line: str, *codes: int) -> Reply:
        """A command and its reply, which must be one of `codes` when there are any."""
        self.send(line)
        return self._expect(line, codes)

    def finish(self, *codes: int) -> Reply:
        """The reply that ends a transfer."""
        return self._expect("the end of the transfer", codes or (226,))

    def _expect(self, what: str, codes: tuple[int, ...]) -> Reply:
        reply = self.reply()
        if codes and reply.code not in codes:
            raise AssertionError(f"{what}: {reply.code} {reply.text}")
        return reply

    def rest_is_silence(self) -> bool:
        """Whether the server said no more and hung up."""
        try:
            return not self._buffer and self.sock.recv(1) == b""
        except (ConnectionError, ssl.SSLError):
            return True

    # --- signing in ---

    def secure(self) -> None:
        """AUTH TLS, and encrypt from here on."""
        self.ask("AUTH TLS", 234)
        self.encrypt()

    def encrypt(self) -> None:
        """The handshake alone."""
        self.sock = self.context.wrap_socket(self.sock, server_hostname=self.site.host)

    def sign_in(self, user: str | None = None, password: str | None = None) -> None:
        """With the site's account, unless told otherwise."""
        if self.ask(f"USER {user or self.site.user}", 230, 331).code == 331:
            self.ask(f"PASS {password or self.site.password}", 230)
        self.ask("PBSZ 0", 200)
        self.ask("PROT P", 200)
        self.ask("TYPE I", 200)

    # --- data connections ---

    def passive_port(self) -> int:
        """Ask for one."""
        return int(self.ask("EPSV", 229).text.rpartition("(|||")[2].partition("|")[0])

    def connect_data(self, port: int, *, source: str | None = None) -> socket.socket:
        """The TCP connection to a passive port; from another address when told so."""
        return socket.create_connection((self.site.host, port), SECONDS, (source or self.source, 0))

    def encrypt_data(self, plain: socket.socket, *, resume: bool = True) -> ssl.SSLSocket:
        """Its handshake, with the control connection's TLS session or with a new one."""
        session = self.sock.session if resume and isinstance(self.sock, ssl.SSLSocket) else None
        return self.context.wrap_socket(plain, server_hostname=self.site.host, session=session)

    @contextmanager
    def transfer(self, command: str, *, rest: int = 0, resume: bool = True) -> Iterator[ssl.SSLSocket]:
        """The data connection of a command that has begun; what follows the 150 is left to the caller."""
        plain = self.connect_data(self.passive_port())
        try:
            if rest:
                self.ask(f"REST {rest}", 350)
            self.ask(command, 125, 150)
            tls = self.encrypt_data(plain, resume=resume)
        except BaseException:
            plain.close()
            raise
        with tls:
            yield tls

    def fetch(self, command: str, *, rest: int = 0, resume: bool = True) -> bytes:
        """Everything that a command sends, after a clean end."""
        got = bytearray()
        with self.transfer(command, rest=rest, resume=resume) as data:
            while piece := data.recv(PIECE):
                got += piece
            hang_up(data)
        self.finish(226, 250)
        return bytes(got)

    def store(self, command: str, body: bytes, *, rest: int = 0, resume: bool = True) -> Reply:
        """Send all of it and end cleanly."""
        with self.transfer(command, rest=rest, resume=resume) as data:
            data.sendall(body)
            hang_up(data)
        return self.finish(226, 250)

    def names(self, folder: str = "") -> set[str]:
        """What MLSD says is in a folder, without the folder itself and its parent."""
        lines = self.fetch(f"MLSD {folder}".rstrip()).decode().splitlines()
        facts = [line.partition(" ") for line in lines]
        return {name for fact, _, name in facts if "type=cdir" not in fact.lower() and "type=pdir" not in fact.lower()}

    def exists(self, path: str) -> bool:
        """Whether it can be seen."""
        return self.ask(f"MLST {path}", 250, 550).code == 250

    # --- endings ---

    def close(self) -> None:
        """Without a word."""
        self.sock.close()

    def quit(self) -> None:
        """As clients do."""
        self.ask("QUIT", 221)
        self.close()

    def abort(self) -> None:
        """Reset, as when a machine loses its power."""
        reset(self.sock)


def hang_up(tls: ssl.SSLSocket) -> None:
    """Say that the stream ends here, and wait for the same from the server if it is so polite."""
    with contextlib.suppress(OSError, ValueError):
        tls.unwrap().close()


def reset(sock: socket.socket) -> None:
    """Close with a RST and without close_notify."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def cut(tls: ssl.SSLSocket) -> None:
    """End the TCP stream in order, but TLS without close_notify: what a man in the middle can do."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(tls, socket.SHUT_WR)
