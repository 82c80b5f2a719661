"""The order of a large folder, kept while it is read page by page, so that not every page reads all of it anew.

A page that continues another may be taken from what the folder was when it was last read whole, as long as no name in
it came or went. What is kept is bounded for the whole process; folders that are too large are read anew each time.
"""

import os
import time
from array import array
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

from ...model import Kind

KEPT_MIN, KEPT_MAX = 2_000, 250_000
"""Names in one folder for which it pays, and of all that is kept: about 100 bytes each."""
SECONDS = 30.0
"""How long sizes and times may have been others."""

Position = tuple[int, str, str]
"""What rows are ordered by within folders and within files: number (size, time or 0), name in folded case, name."""
Key = tuple[int, int, int, int, str, bool]


def key_of(folder: int, sort: str, *, descending: bool) -> Key:
    """What names an order of a folder as it is: another one once a name came or went."""
    status = os.fstat(folder)
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, sort, descending


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a folder shows, in order: folders first. Compact: what is asked for is put together then."""

    names: list[str]
    numbers: "array[int]"
    folders: int
    descending: bool
    taken: float

    def after(self, kind: Kind, edge: Position, limit: int) -> list[tuple[Kind, Position]]:
        """At most `limit` rows that follow a place, which need not be there any more."""
        low, high = (0, self.folders) if kind is Kind.FOLDER else (self.folders, len(self.names))
        while low < high:
            middle = (low + high) // 2
            here = self._position(middle)
            if here >= edge if self.descending else here <= edge:
                low = middle + 1
            else:
                high = middle
        return [
            (Kind.FOLDER if at < self.folders else Kind.FILE, self._position(at))
            for at in range(low, min(low + limit, len(self.names)))
        ]

    def _position(self, at: int) -> Position:
        name = self.names[at]
        return self.numbers[at], name.casefold(), name


class Snapshots:
    """Those of a process. Whoever finds none being taken takes one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._taking = Lock()
        self._kept: OrderedDict[Key, Snapshot] = OrderedDict()

    def get(self, key: Key) -> Snapshot | None:
        """The one with this key, unless it is too old."""
        with self._lock:
            found = self._kept.get(key)
            if found is None or time.monotonic() - found.taken > SECONDS:
                return None
            self._kept.move_to_end(key)
            return found

    def take(self, key: Key, rows: Iterable[tuple[Kind, Position]]) -> Snapshot | None:
        """Read `rows` and keep them in order; None if there are too few or too many, or another thread does so now."""
        if not self._taking.acquire(blocking=False):
            return None
        try:
            taken = time.monotonic()
            found: list[tuple[Kind, Position]] = []
            for row in rows:
                found.append(row)
                if len(found) > KEPT_MAX:
                    return None
            if len(found) < KEPT_MIN:
                return None
            descending = key[-1]
            found.sort(key=lambda row: row[1], reverse=descending)
            found.sort(key=lambda row: row[0])
            snapshot = Snapshot(
                [name for _, (_, _, name) in found],
                array("q", (number for _, (number, _, _) in found)),
                sum(kind is Kind.FOLDER for kind, _ in found),
                descending,
                taken,
            )
        finally:
            self._taking.release()
        with self._lock:
            self._kept[key] = snapshot
            self._kept.move_to_end(key)
            while sum(len(each.names) for each in self._kept.values()) > KEPT_MAX:
                self._kept.popitem(last=False)
        return snapshot
