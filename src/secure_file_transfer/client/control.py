"""One hand on running transfers: pause, go on, end, and change their place among the others."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from enum import StrEnum
from typing import Any, TypeVar

from ..errors import CancelledTransferError
from ..transfer.queue import DEFAULT_PRIORITY

T = TypeVar("T")


class TransferState(StrEnum):
    """What the transfers of a control do at this moment."""

    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class TransferControl:
    """Steers the calls that it is given to as `control=`, from any thread and at any time.

    ```python
    control = TransferControl()
    threading.Thread(target=client.send_file, args=("disk.img",), kwargs={"control": control}).start()
    control.pause()
    ```

    One control may steer several calls, at once or one after the other.
    """

    def __init__(self, priority: int = DEFAULT_PRIORITY) -> None:
        self._lock = threading.Lock()
        self._priority = priority
        self._paused = self._cancelled = self._used = False
        self._calls: set[_Call] = set()
        self._listeners: dict[Callable[[], None], asyncio.AbstractEventLoop] = {}

    def pause(self) -> None:
        """Let no further block or batch begin. What runs at this moment, at most one on each connection, is finished.

        So is a file that travels whole, in one request. A pause may last as long as you like: connections that the
        server closes meanwhile are opened again. It may come before the call, which then waits.
        """
        self._change(paused=True)

    def resume(self) -> None:
        """Go on after `pause`."""
        self._change(paused=False)

    def cancel(self) -> None:
        """End the calls now, with CancelledTransferError, and every later one that gets this control.

        Nothing half is published. The same call again, with a new control, goes on where this one ended.
        """
        with self._lock:
            self._cancelled = True
            calls = list(self._calls)
        for call in calls:
            _soon(call.loop, call.cancel)

    @property
    def priority(self) -> int:
        """Lower goes first; 3 unless something else was said. Set it at any time: what waits finds its new place."""
        return self._priority

    @priority.setter
    def priority(self, priority: int) -> None:
        self._change(priority=priority)

    @property
    def state(self) -> TransferState:
        """`ready` before the first call, then `running`, `paused` or `finished`; after `cancel` always `cancelled`."""
        with self._lock:
            if self._cancelled:
                return TransferState.CANCELLED
            if self._used and not self._calls:
                return TransferState.FINISHED
            if self._paused:
                return TransferState.PAUSED
            return TransferState.RUNNING if self._calls else TransferState.READY

    # --- for the client -----------------------------------------------------------------------------------------

    @property
    def place(self) -> int | None:
        """Where its next request waits: its priority, or None while nothing of it may begin."""
        with self._lock:
            return None if self._paused else self._priority

    def listen(self, changed: Callable[[], None]) -> None:
        """Have `changed` called in this thread's event loop whenever `place` may be another."""
        with self._lock:
            self._listeners[changed] = asyncio.get_running_loop()

    def forget(self, changed: Callable[[], None]) -> None:
        """The end of `listen`."""
        with self._lock:
            self._listeners.pop(changed, None)

    def _change(self, *, paused: bool | None = None, priority: int | None = None) -> None:
        with self._lock:
            self._paused = self._paused if paused is None else paused
            self._priority = self._priority if priority is None else priority
            listeners = list(self._listeners.items())
        for changed, loop in listeners:
            _soon(loop, changed)

    async def steer(self, work: Coroutine[Any, Any, T], calls: "Calls") -> T:
        """Do the work of one call under this control; `calls` are those of its client.

        Raises:
            CancelledTransferError: `cancel` ended it, or its client was closed.
        """
        call = _Call()
        with self._lock:
            cancelled, self._used = self._cancelled, True
            self._calls.add(call)
        calls.add(call)
        try:
            if cancelled:
                work.close()
                raise call.error
            return await work
        except asyncio.CancelledError:
            if call.ended():
                raise call.error from None
            raise
        finally:
            with self._lock:
                self._calls.discard(call)
            calls.discard(call)
            call.ended()


class Calls:
    """The calls of one client that run."""

    def __init__(self) -> None:
        self._running: set[_Call] = set()
        self._none = asyncio.Event()

    def add(self, call: "_Call") -> None:
        """It begins."""
        self._running.add(call)

    def discard(self, call: "_Call") -> None:
        """It has ended."""
        self._running.discard(call)
        if not self._running:
            self._none.set()

    async def end(self) -> None:
        """End all of them, because their client is closed, and wait until they have cleaned up."""
        self._none.clear()
        for call in self._running:
            call.cancel("The client was closed during the transfer")
        if self._running:
            await self._none.wait()


class _Call:
    """A task that can be cancelled by us without being mistaken for cancelled by its owner, as asyncio.timeout does."""

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - we are in a coroutine
        self.loop, self._task = asyncio.get_running_loop(), task
        self._before = task.cancelling()
        self._over = self._cancelled = False
        self._reason = "The transfer was cancelled"

    @property
    def error(self) -> CancelledTransferError:
        """What its caller hears."""
        return CancelledTransferError(
            f"{self._reason}; nothing was published",
            hint="The same call again sends or fetches only what is left.",
        )

    def cancel(self, reason: str = "") -> None:
        """Called in the loop."""
        if not self._over:
            self._over = self._cancelled = True
            self._reason = reason or self._reason
            self._task.cancel()

    def ended(self) -> bool:
        """Take our cancellation back; whether it was ours alone."""
        self._over = True
        if not self._cancelled:
            return False
        self._cancelled = False
        return self._task.uncancel() <= self._before


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop has ended, and the call with it
        loop.call_soon_threadsafe(call)
