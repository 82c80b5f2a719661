"""How far a transfer has come, told often enough for eyes and seldom enough for speed."""

import time
from collections.abc import Callable
from dataclasses import dataclass

_INTERVAL = 0.05
"""Seconds between two reports: at most 20 a second."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One report. Bytes and files count over the whole call; `total` is None while nobody knows it.

    `path` is the item that moved last: a local path for uploads, a remote one for downloads. A skipped file counts
    as done without its bytes.
    """

    path: str
    done: int
    total: int | None
    files_done: int
    files_total: int


OnProgress = Callable[[Progress], None]
"""Is called in the client's event loop, so it must be quick. What it raises ends the transfer."""


class Meter:
    """Counts for one call and reports at most 20 times a second, plus once when the last file is done."""

    def __init__(
        self,
        report: OnProgress | None,
        *,
        total: int | None,
        files_total: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._report = report
        self._clock = clock
        self._next = float("-inf")
        self._done = 0
        self._total = total
        self._files_done = 0
        self._files_total = files_total

    def add(self, path: str, count: int) -> None:
        """`count` more bytes of `path` have moved; negative when they have to move again."""
        self._done += count
        if self._clock() >= self._next:
            self._tell(path)

    def file_done(self, path: str) -> None:
        """One more file needs nothing any more, whatever became of it."""
        self._files_done += 1
        if self._files_done == self._files_total or self._clock() >= self._next:
            self._tell(path)

    def expect(self, total: int | None) -> None:
        """The number of bytes became known."""
        self._total = total

    def _tell(self, path: str) -> None:
        self._next = self._clock() + _INTERVAL
        if self._report is not None:
            self._report(Progress(path, self._done, self._total, self._files_done, self._files_total))
