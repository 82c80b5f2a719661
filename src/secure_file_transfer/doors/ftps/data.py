"""Data connections: how one comes to be, and the bytes that go through it.

Bytes move in a thread of the transfer's own, over a blocking socket and in whole buffers; the loop only accepts. A
peer that stands still is noticed by the socket's own timeouts, and whoever wants a transfer to end shuts its socket.
"""

import queue
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from ...errors import BusyError, InterruptedTransferError
from ...ports import Buffer
from ...services.networks import read_address
from . import tls
from .faults import fault
from .loop import Loop
from .replies import Refused

WIRE = 256 * 1024
"""Bytes that go to the system in one call."""
TAKEN = 1024 * 1024
"""Bytes that are asked of it in one call. Measured: a third less time of the processor than with a quarter of that."""
SHAKING_SECONDS = 10
"""For the handshake of a data connection: whoever knocked first and says nothing keeps the right one no longer."""
KNOCKING_MAX = 4
"""Connections from the right address that wait until one of them proves to be the right one."""
_LINGER = struct.pack("ii", 1, 0)


def same_host(one: str, other: str) -> bool:
    """Whether two texts are the same address."""
    found = read_address(one)
    return found is not None and found == read_address(other)


class Ports:
    """The ports for passive connections. Each belongs to one session while it is open. Used on the loop only.

    `ports` empty: whichever the system chooses.
    """

    def __init__(self, ports: range) -> None:
        self._ports = ports
        self._next = 0

    def bind(self, family: int, host: str) -> socket.socket:
        """A socket that listens on the next free port. Raises BusyError."""
        count = len(self._ports) or 1
        for step in range(count):
            at = (self._next + step) % count
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                if sys.platform != "win32":  # there the option would let others take the port away
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((host, self._ports[at] if self._ports else 0))
                sock.listen(KNOCKING_MAX)
            except OSError:
                sock.close()
                continue
            sock.setblocking(False)
            self._next = at + 1
            return sock
        raise BusyError("All ports for data connections are in use", hint="Try again in a moment.")


class Passive:
    """A port that waits for the peer of one session; who comes from elsewhere is sent away (attack 16).

    Made and closed on the loop; `take` is for the transfer's thread.
    """

    def __init__(self, loop: Loop, sock: socket.socket, peer: str) -> None:
        self._loop = loop
        self._sock = sock
        self._peer = peer
        self._knocking: queue.Queue[socket.socket | None] = queue.Queue(KNOCKING_MAX)
        self._fileno = sock.fileno()  # pyftpdlib's loop asks for it when it closes
        self._open = True
        loop.ioloop.register(self._fileno, self, loop.ioloop.READ)

    @property
    def port(self) -> int:
        """The port."""
        return int(self._sock.getsockname()[1])

    def take(self, seconds: float) -> socket.socket:
        """The next connection. Raises Refused: none came in time."""
        try:
            found = self._knocking.get(timeout=seconds) if seconds > 0 else self._knocking.get_nowait()
        except queue.Empty:
            found = None
        if found is None:
            raise Refused(425, "No data connection came.")
        return found

    def close(self) -> None:
        """Give the port back."""
        if self._open:
            self._open = False
            self._loop.ioloop.unregister(self._fileno)
            self._sock.close()
            with suppress(queue.Empty):
                while (found := self._knocking.get_nowait()) is not None:
                    found.close()
            with suppress(queue.Full):
                self._knocking.put_nowait(None)

    # --- what the loop calls ---------------------------------------------------------------------------------------

    def readable(self) -> bool:
        """It only accepts."""
        return self._open

    def writable(self) -> bool:
        """Never."""
        return False

    def handle_read_event(self) -> None:
        """Somebody knocks."""
        try:
            sock, address = self._sock.accept()
        except OSError:
            return
        if not same_host(str(address[0]), self._peer):
            sock.close()
            return
        try:
            self._knocking.put_nowait(sock)
        except queue.Full:
            sock.close()

    def handle_close(self) -> None:
        """The loop saw an error on the socket."""
        self.close()

    def handle_error(self) -> None:
        """A fault of ours."""
        fault("a passive port failed")
        self.close()


class Active:
    """A connection to the peer, which listens; PORT and EPRT."""

    def __init__(self, host: str, port: int, source: tuple[str, int]) -> None:
        self._target = host, port
        self._source = source
        self._tried = False

    def take(self, seconds: float) -> socket.socket:
        """Connect. Raises Refused."""
        if self._tried:
            raise Refused(425, "The data connection was not the right one.")
        self._tried = True
        for source in (self._source, (self._source[0], 0)):  # another transfer to the same port may hold the first
            try:
                return self._connect(source, seconds)
            except OSError as error:
                failure = error
        raise Refused(425, f"No data connection to {self._target[0]} port {self._target[1]}: {failure.strerror}.")

    def _connect(self, source: tuple[str, int], seconds: float) -> socket.socket:
        sock = socket.socket(socket.AF_INET6 if ":" in self._target[0] else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(source)
            sock.settimeout(max(seconds, 0.1))
            sock.connect(self._target)
        except BaseException:
            sock.close()
            raise
        return sock

    def close(self) -> None:
        """There is nothing to give back."""


class Stream:
    """A data connection. All but `cut` is for one thread."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, stall_seconds: float) -> None:
        self._sock = sock
        self._stall = stall_seconds
        sock.settimeout(stall_seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._tls = tls.Tls(context)
        self._buffer: memoryview | None = None
        self._lock = Lock()
        self._open = True

    def handshake(self) -> None:
        """Raises Refused: it failed."""
        ends = time.monotonic() + SHAKING_SECONDS
        try:
            while not self._tls.shake():
                self._push()
                self._sock.settimeout(min(self._stall, max(ends - time.monotonic(), 0.001)))
                self._tls.feed(self._sock.recv(WIRE))
            self._sock.settimeout(self._stall)
            self._push()
        except (tls.TlsError, OSError):
            raise Refused(522, "The TLS handshake on the data connection failed.") from None

    @property
    def resumed(self) -> bool:
        """Whether it went on with a session of its control connection."""
        return self._tls.resumed

    @property
    def certificate(self) -> bytes | None:
        """What the peer showed."""
        return self._tls.certificate

    def read_into(self, view: memoryview) -> int:
        """Fill it, as far as bytes come; fewer only at the end of the stream.

        Raises:
            InterruptedTransferError: it ended without TLS saying so, which anybody on the way can do (attack 17); or
                the peer stood still.
        """
        at, size = 0, len(view)
        buffer = self._buffer = self._buffer or memoryview(bytearray(TAKEN))
        try:
            while at < size:
                count = self._tls.read_into(view[at:])
                at += count
                if not count:
                    self._tls.feed(buffer[: self._sock.recv_into(buffer)])
        except tls.TlsEnd:
            return at
        except TimeoutError:
            raise _PartialError(at, f"Nothing came for {self._stall:g} seconds") from None
        except (tls.TlsError, OSError):
            raise _PartialError(at, "The data connection was cut") from None
        return at

    def write(self, data: Buffer) -> None:
        """Send all of it. Raises InterruptedTransferError."""
        view = memoryview(data)
        try:
            for at in range(0, len(view), WIRE):
                self._tls.write(view[at : at + WIRE])
                self._push()
        except TimeoutError:
            raise InterruptedTransferError(f"Nothing was taken for {self._stall:g} seconds") from None
        except (tls.TlsError, OSError):
            raise InterruptedTransferError("The data connection was cut") from None

    def _push(self) -> None:
        """What TLS has for the wire. Each step may take its time, so a slow peer is none that stands still."""
        view = memoryview(self._tls.pull())
        while view:
            view = view[self._sock.send(view) :]

    def finish(self) -> None:
        """Say over TLS that this is all."""
        self._tls.finish()
        with suppress(OSError):
            self._push()

    def cut(self) -> None:
        """End it from another thread; whoever reads or writes comes back with an error."""
        with self._lock, suppress(OSError):
            if self._open:
                self._sock.shutdown(socket.SHUT_RDWR)

    def close(self, *, abruptly: bool = False) -> None:
        """Let go of it; `abruptly` so that the peer cannot take what it has for the whole."""
        with self._lock:
            if not self._open:
                return
            self._open = False
            with suppress(OSError):
                if abruptly:
                    self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
            self._sock.close()


class _PartialError(InterruptedTransferError):
    """`count` bytes of the buffer had come."""

    row = InterruptedTransferError.row

    def __init__(self, count: int, message: str) -> None:
        super().__init__(message, hint="What came is kept: ask for SIZE, then REST and STOR, or APPE.")
        self.count = count


def partial(error: BaseException) -> int:
    """How many bytes came before a read failed."""
    return error.count if isinstance(error, _PartialError) else 0


def fitting(
    way: Passive | Active, begin: Callable[[socket.socket], Stream], fits: Callable[[Stream], bool], seconds: float
) -> Stream:
    """The first data connection that shakes hands and fits; the others are closed, and the wait goes on.

    `begin` makes the stream, and may remember it so that it can be cut.

    Raises:
        Refused: none came in time, or the last that came was not the right one.
    """
    ends, refused = time.monotonic() + seconds, Refused(425, "No data connection came.")
    while True:
        try:
            sock = way.take(ends - time.monotonic())
        except Refused:
            if isinstance(way, Active):
                raise
            break
        try:
            stream = begin(sock)
        except OSError:
            sock.close()
            continue
        try:
            stream.handshake()
            if fits(stream):
                return stream
            refused = Refused(522, "The data connection has to resume the TLS session of the control connection.")
        except Refused as error:
            refused = error
        stream.close()
        if isinstance(way, Active):
            break
        ends = min(ends, time.monotonic() + 2)  # a client that did it wrong will not try again
    raise refused
