"""pyftpdlib's event loop in a thread of its own, and the ways between it and other threads.

The loop is not made for threads. So others leave what shall happen in a queue and wake it through a socket; and what
could take time (the catalog, a disk, a password's hash) never happens on it.
"""

import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pyftpdlib.ioloop import IOLoop  # first: it alone imports asyncore without a warning

from .faults import fault


class _Waker:
    """What the loop sees of the queue: the reading end of a pair of sockets."""

    def __init__(self, on_wake: Callable[[], None]) -> None:
        self._on_wake = on_wake
        self.reading, self.writing = socket.socketpair()
        self.reading.setblocking(False)
        self.writing.setblocking(False)
        self._fileno = self.reading.fileno()

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        with suppress(BlockingIOError):
            while len(self.reading.recv(4096)) == 4096:
                pass
        self._on_wake()

    def handle_close(self) -> None:
        """Nobody closes it but ourselves."""

    def handle_error(self) -> None:
        fault("the loop was woken in vain")

    def close(self) -> None:
        self.reading.close()
        self.writing.close()


class Loop:
    """The loop and its thread. `call` may be used from anywhere, all else from the loop's thread."""

    def __init__(self) -> None:
        self.ioloop: Any = IOLoop()
        self._queue: deque[Callable[[], None]] = deque()
        self._waker = _Waker(self._run_queue)
        self.ioloop.register(self._waker.reading.fileno(), self._waker, self.ioloop.READ)
        self._ends = False
        self._thread = threading.Thread(target=self._work, name="ftps", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def call(self, what: Callable[[], None]) -> None:
        """Let the loop do it soon. After the end of the loop it is not done."""
        self._queue.append(what)
        with suppress(OSError):  # full: it will wake anyway; closed: it has ended
            self._waker.writing.send(b"\0")

    def later(self, seconds: float, what: Callable[[], None]) -> Any:
        """Do it after so many seconds; the result has `cancel`, `cancelled` and `reset`."""
        return self.ioloop.call_later(seconds, what)

    def stop(self) -> None:
        """End, and close what is still open on it. From another thread."""

        def end() -> None:
            self._ends = True

        self.call(end)
        if self._thread.is_alive():
            self._thread.join()
        else:
            self.ioloop.close()

    def _run_queue(self) -> None:
        while self._queue:
            try:
                self._queue.popleft()()
            except Exception:  # noqa: BLE001 - one session's fault must not end the door
                fault("a step of the FTPS door failed")

    def _work(self) -> None:
        soonest: float | None = None
        while not self._ends:
            try:
                soonest = self.ioloop.loop(soonest, blocking=False)
            except Exception:  # noqa: BLE001 - the same
                fault("a turn of the FTPS door's loop failed")
        self.ioloop.close()
