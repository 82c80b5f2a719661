"""What the catalog keeps of the log."""

from collections.abc import Sequence
from typing import Protocol

from ..model import LogEvent, LogFilter, TimeUs

LogRecord = tuple[int, LogEvent]
"""An event with its number: later ones have greater numbers, and none is used twice."""


class LogEvents(Protocol):
    """Events that were written down. They are never changed, only forgotten."""

    def add(self, events: Sequence[LogEvent]) -> Sequence[int]:
        """Write them down, in that order; returns their numbers."""

    def newest(self, wanted: LogFilter, before: tuple[int, int] | None, limit: int) -> Sequence[LogRecord]:
        """The latest first, by time and then number; `before` is the time and number of the one that came last."""

    def after(self, wanted: LogFilter, number: int, limit: int) -> Sequence[LogRecord]:
        """Those with greater numbers, in the order in which they were written down."""

    def last(self) -> int:
        """The greatest number that was used; 0 before the first."""

    def delete_before(self, time: TimeUs, limit: int) -> int:
        """Forget up to `limit` events from before that time; returns how many."""

    def beyond(self, rows: int) -> int:
        """The number up to which there are more than `rows`, counted from the latest; 0 while there are not."""

    def delete_through(self, number: int, limit: int) -> int:
        """Forget up to `limit` of the oldest up to this number; returns how many."""
