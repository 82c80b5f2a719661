"""What waits for one subscriber: bounded, whatever happens and however slowly it is read."""

import json
from collections.abc import Hashable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from secure_file_transfer.model import TimeUs

CHANGED, GONE = "changed", "gone"
"""What a subscriber hears of a folder that it watches: it holds something else, or is not there for it any more."""
RESYNC = "resync"
"""The event that stands for all that was lost: look at everything again."""
ALIVE = "alive"
"""The event that only says how far everything is."""

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ABOUT_ONE = 64
"""Bytes that one event takes in a queue besides its text."""


def event_id(epoch: str, number: int) -> str:
    """How subscribers name an event: the server's run, and its number in that."""
    return f"{epoch}.{number}"


def number_in(epoch: str, text: str) -> int | None:
    """The number, if the id is of this run."""
    of, dot, digits = text.partition(".")
    known = of == epoch and dot and digits.isascii() and digits.isdecimal() and len(digits) < 19  # fits 64 bits
    return int(digits) if known else None


def written(epoch: str, number: int, topic: str, kind: str, data: Mapping[str, Any], at_us: TimeUs) -> bytes:
    """An event as it goes over the wire."""
    event = {"id": event_id(epoch, number), "topic": topic, "kind": kind, "data": data, "at": _time(at_us)}
    return _JSON.encode(event).encode("utf-8", "replace")


def _time(at_us: TimeUs) -> str:
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="microseconds").replace("+00:00", "Z")


class EventQueue:
    """Texts by slot. A later text takes the slot of an earlier one, and its own place at the end.

    When there are too many, all of them give way to one word. The caller holds a lock.
    """

    __slots__ = ("_bytes", "_waiting", "lost", "lost_at")

    def __init__(self) -> None:
        self._waiting: dict[Hashable, bytes] | None = None
        self._bytes = 0
        self.lost = False
        """Whether something gave way, which is to be told before anything else."""
        self.lost_at = 0
        """The number of the last event that may have."""

    def __bool__(self) -> bool:
        return self.lost or bool(self._waiting)

    def put(self, slot: Hashable, text: bytes, number: int, *, count_max: int, bytes_max: int) -> None:
        """Take one more, or lose all up to this one."""
        waiting = self._waiting
        if waiting is None:
            waiting = self._waiting = {}
        old = waiting.pop(slot, None)
        if old is not None:
            self._bytes -= len(old) + _ABOUT_ONE
        self._bytes += len(text) + _ABOUT_ONE
        waiting[slot] = text
        if len(waiting) > count_max or self._bytes > bytes_max:
            self.lose(number)

    def lose(self, number: int) -> None:
        """Forget all that waits, up to the event with this number."""
        self._waiting, self._bytes, self.lost, self.lost_at = None, 0, True, number

    def take(self, most: int) -> list[bytes]:
        """The next ones, at most so many."""
        waiting = self._waiting
        if waiting is None:
            return []
        if len(waiting) <= most:
            self._waiting, self._bytes = None, 0
            return list(waiting.values())
        taken = [waiting.pop(slot) for slot in list(waiting)[:most]]
        self._bytes -= sum(len(each) + _ABOUT_ONE for each in taken)
        return taken
