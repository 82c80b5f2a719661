"""What happened of late, so that whoever was away for a moment can go on where they were."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from secure_file_transfer.ports import Event

_ABOUT_ONE = 512
"""Bytes that one event takes besides its text."""


@dataclass(frozen=True, slots=True)
class Past:
    """An event, and what is sent of it, but to those who watch its folder: they get a path of their own."""

    event: Event
    text: bytes


def slot_of(event: Event) -> Hashable:
    """Of events with the same one only the last matters."""
    return event.number if event.key is None else (event.topic, event.kind, event.key, event.audience)


class EventRing:
    """The latest events, in order, bounded by count and bytes. The caller holds a lock."""

    def __init__(self, count_max: int, bytes_max: int) -> None:
        self._count_max, self._bytes_max = count_max, bytes_max
        self._past: dict[Hashable, Past] = {}
        self._bytes = 0
        self._forgotten = 0

    def add(self, slot: Hashable, past: Past) -> None:
        """Remember it in its slot, and forget the oldest where there is no more room."""
        self._drop(slot)  # the new one says all that the old one said
        self._past[slot] = past
        self._bytes += len(past.text) + _ABOUT_ONE
        while len(self._past) > self._count_max or self._bytes > self._bytes_max:
            oldest = next(iter(self._past))
            self._forgotten = self._past[oldest].event.number
            self._drop(oldest)

    def _drop(self, slot: Hashable) -> None:
        if (old := self._past.pop(slot, None)) is not None:
            self._bytes -= len(old.text) + _ABOUT_ONE

    def forget(self, up_to: int) -> None:
        """Events up to this one were lost."""
        self._past.clear()
        self._bytes, self._forgotten = 0, up_to

    def since(self, number: int, which: Callable[[Event], bool]) -> Iterator[Past] | None:
        """Those after an event; None when some of them may be forgotten."""
        if number < self._forgotten:
            return None
        newest_first = takewhile(lambda past: past.event.number > number, reversed(self._past.values()))
        return reversed([past for past in newest_first if which(past.event)])
