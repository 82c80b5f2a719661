"""The log on its way into the catalog: a bounded queue, a thread that writes batches, and what is forgotten."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from secure_file_transfer.errors import SecureFileTransferError
from secure_file_transfer.model import Category, LogEvent, Severity, TimeUs
from secure_file_transfer.ports import OPERATORS, Catalog, CatalogTx, Clock, Event, EventBus, LogRecord, Topic

from .log_text import record_json

QUEUE_MAX = 10_000
"""Events that wait: about 10 MiB. Beyond that, what is less than a warning is counted and dropped."""
URGENT_MAX = 2 * QUEUE_MAX
"""Warnings and errors that wait; there are limits to everything."""
BATCH_MAX = 500
GATHER_SECONDS = 0.1
"""What comes within this time is written together: who sends one small file after the other shares the disk with
ten commits a second for the log, and not with one for each file."""
RETRY_SECONDS = 1.0
SETTLE_SECONDS = 5.0
SWEPT_MAX = 500
"""Rows that one transaction forgets: nobody else's write should wait for long."""
_DAY_US = 86_400_000_000
_Keep = Callable[[LogEvent], None]


class Journal:
    """Writes events down. One object for a process; from any thread.

    Args:
        catalog: where.
        clock: for what is too old.
        bus: who hears of what was written down.
        mirror: is given every event at once, whatever becomes of it.
        days: how long events are kept; 0 is for ever.
        rows: how many are kept; 0 is all.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        bus: EventBus,
        mirror: _Keep,
        *,
        days: int = 0,
        rows: int = 0,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._bus = bus
        self._mirror = mirror
        self._days, self._rows = days, rows
        self._waiting: deque[LogEvent] = deque()
        self._dropped = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ends = False
        self.settle: Callable[[], None] = lambda: None
        """Called every few seconds while there is anything to write, and at the end: repeated events are summed up."""

    def keep(self, event: LogEvent) -> None:
        """Write it down; it is durable when this returns.

        Where the disk fails it waits in the queue: what it tells of has happened all the same.
        """
        self._mirror(event)
        try:
            self._write([event])
        except SecureFileTransferError:
            self._enqueue(event)

    def later(self, event: LogEvent) -> None:
        """Write it down soon. Never waits."""
        self._mirror(event)
        self._enqueue(event)

    def _enqueue(self, event: LogEvent) -> None:
        urgent = event.severity in {Severity.WARNING, Severity.ERROR}
        with self._changed:
            if len(self._waiting) >= (URGENT_MAX if urgent else QUEUE_MAX):
                self._dropped += 1
                return
            self._waiting.append(event)
            if self._thread is None and not self._ends:
                self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
                self._thread.start()
            if len(self._waiting) in {1, BATCH_MAX}:
                self._changed.notify_all()

    def flush(self, seconds: float) -> bool:
        """Wait until all that was handed over is written down; whether it was, in this time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, seconds)

    def close(self) -> None:
        """Write down what waits. Before the catalog is closed."""
        self.settle()
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        while self._waiting or self._dropped:
            if not self._write_batch():
                return  # the disk does not take it; the mirror has it all

    def sweep(self) -> int:
        """Forget what is too old or too much, a batch at a time; returns how many."""
        count = 0
        if self._days:
            before = TimeUs(self._clock.now_us() - self._days * _DAY_US)
            count += self._swept(lambda tx: tx.log.delete_before(before, SWEPT_MAX))
        if self._rows:
            beyond = self._catalog.read(lambda tx: tx.log.beyond(self._rows))
            count += self._swept(lambda tx: tx.log.delete_through(beyond, SWEPT_MAX))
        return count

    def _swept(self, work: Callable[[CatalogTx], int]) -> int:
        count = 0
        while not self._ends and (gone := self._catalog.write(work)):
            count += gone
        return count

    # --- the thread -----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        settles = self._clock.monotonic() + SETTLE_SECONDS
        while True:
            with self._changed:
                if not self._waiting and not self._ends:
                    self._changed.wait(SETTLE_SECONDS)
                if self._waiting:
                    self._changed.wait_for(lambda: self._ends or len(self._waiting) >= BATCH_MAX, GATHER_SECONDS)
                if self._ends:
                    return
            if (now := self._clock.monotonic()) >= settles:
                self.settle()
                settles = now + SETTLE_SECONDS
            if self._waiting and not self._write_batch():
                with self._changed:
                    self._changed.wait_for(lambda: self._ends, RETRY_SECONDS)

    def _write_batch(self) -> bool:
        """Whether the next batch is written; otherwise it waits on."""
        with self._changed:
            batch = [self._waiting[at] for at in range(min(len(self._waiting), BATCH_MAX))]
            dropped = self._dropped
        told = [*batch, self._told_dropped(dropped)] if dropped else batch
        try:
            self._write(told)
        except SecureFileTransferError:
            return False
        with self._changed:
            for _ in batch:
                self._waiting.popleft()
            self._dropped -= dropped
            if not self._waiting:
                self._changed.notify_all()
        if dropped:
            self._mirror(told[-1])
        return True

    def _told_dropped(self, count: int) -> LogEvent:
        text = f"{count:,} events were not written down, for there were too many at once"
        return LogEvent(self._clock.now_us(), Category.ERROR, Severity.WARNING, "log.dropped", text)

    def _write(self, events: Sequence[LogEvent]) -> None:
        numbers = self._catalog.write(lambda tx: tx.log.add(events))
        for record in zip(numbers, events, strict=True):
            self._tell(record)

    def _tell(self, record: LogRecord) -> None:
        self._bus.publish(Event(Topic.LOG, "written", record_json(record), OPERATORS))
