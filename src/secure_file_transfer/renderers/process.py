"""Pictures drawn in a process of their own, see `worker`: this side starts it, feeds it, and waits only so long."""

import importlib.util
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from ..errors import BusyError, UnsupportedContentError
from ..logger import get_logger
from ..ports import Buffer

_HEAD = struct.Struct("!BHQ")
_KINDS = {"image": 0, "pdf": 1}
_WORKER = Path(__file__).with_name("worker.py")
_ANSWER_MAX = 8 * 1024 * 1024
AT_ONCE = 2
SECONDS = 10.0
"""For one picture, with the reading of its content; the copy that draws it is killed earlier, by itself."""
_log = get_logger()


def available() -> bool:
    """Whether this machine can draw: a system that forks, and both libraries."""
    known = all(importlib.util.find_spec(name) is not None for name in ("PIL", "pypdfium2"))
    return known and sys.platform != "win32"


class ProcessRenderer:
    """A `ports.Renderer`. The process is started with the first picture, and again when it has died."""

    def __init__(self, *, seconds: float = SECONDS, at_once: int = AT_ONCE) -> None:
        self._seconds = seconds
        self._places = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def render(self, kind: str, box: int, size: int, pieces: Iterable[Buffer]) -> bytes:
        """As `ports.Renderer` says."""
        if not self._places.acquire(timeout=self._seconds):
            raise BusyError("Too many pictures are drawn at once", hint="Try again in a moment.")
        try:
            with closing(self._copy()) as peer:
                until = time.monotonic() + self._seconds
                try:
                    return self._drawn(peer, _HEAD.pack(_KINDS[kind], box, size), pieces, until)
                except (OSError, TimeoutError):
                    raise _no_picture() from None
        finally:
            self._places.release()

    def _drawn(self, peer: socket.socket, head: bytes, pieces: Iterable[Buffer], until: float) -> bytes:
        _send(peer, head, until)
        for piece in pieces:
            _send(peer, piece, until)
        peer.shutdown(socket.SHUT_WR)
        answer = bytearray()
        while len(answer) < _ANSWER_MAX:
            peer.settimeout(max(0.001, until - time.monotonic()))
            got = peer.recv(256 * 1024)
            if not got:
                break
            answer += got
        if answer[:1] != b"\x01" or len(answer) >= _ANSWER_MAX:
            raise _no_picture()
        return bytes(answer[1:])

    def _copy(self) -> socket.socket:
        """Our end of a socket whose other end a new copy of the process has."""
        ours, theirs = socket.socketpair()
        try:
            with closing(theirs), self._lock:
                self._hand_over(theirs)
        except BaseException:
            ours.close()
            raise
        return ours

    def _hand_over(self, theirs: socket.socket) -> None:
        for _ in range(2):
            try:
                socket.send_fds(self._running(), [b"1"], [theirs.fileno()])
                return
            except OSError as error:  # it has died meanwhile
                _log.warning("the process that draws pictures has ended", detail=str(error))
                self._end()
        raise BusyError("Pictures cannot be drawn now", hint="Try again in a moment.")

    def _running(self) -> socket.socket:
        if self._closed:
            raise BusyError("The server stops", hint="Try again in a moment.")
        if self._control is None:
            ours, theirs = socket.socketpair()
            with theirs:
                number = theirs.fileno()
                # No environment, no folder, no output: it has nothing of the server's but this socket.
                self._process = subprocess.Popen(  # noqa: S603 - our own script, with our own Python
                    [sys.executable, "-I", str(_WORKER), str(number), str(self._seconds * 0.8)],
                    pass_fds=[number],
                    env={},
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            self._control = ours
        return self._control

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._closed = True
            self._end()


def _send(peer: socket.socket, data: Buffer, until: float) -> None:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    peer.settimeout(left)
    peer.sendall(data)


def _no_picture() -> UnsupportedContentError:
    return UnsupportedContentError("There is no picture of this file", hint="It is damaged, too large, or no image.")
