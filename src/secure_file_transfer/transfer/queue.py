"""Who is next: by priority, and among equals by arrival."""

import heapq
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")

DEFAULT_PRIORITY = 3
"""As in RFC 9218, so that there is something before it and something after it."""
_SLACK = 64


def urgency(priority: int) -> int:
    """What RFC 9218 calls a priority on the wire: 0 to 7. Numbers beyond that still order what waits here."""
    return min(7, max(0, priority))


class PriorityQueue(Generic[T]):
    """Lower numbers first, equal ones in order of arrival. No item may wait twice."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, T]] = []
        self._place: dict[T, tuple[int | None, int]] = {}
        self._held = 0
        self._arrivals = count()

    def __len__(self) -> int:
        """How many can be popped."""
        return len(self._place) - self._held

    def put(self, item: T, priority: int | None) -> None:
        """Let it wait. An item that waits already gets a new priority, and keeps its arrival.

        None holds it back: it keeps its arrival and is never next, until it gets a number again.
        """
        arrival = self._place[item][1] if item in self._place else next(self._arrivals)
        self._forget(item)
        self._place[item] = (priority, arrival)
        if priority is None:
            self._held += 1
        else:
            heapq.heappush(self._heap, (priority, arrival, item))

    def pop(self) -> T:
        """Take the next one.

        Raises:
            IndexError: nobody waits.
        """
        item = self.first()
        heapq.heappop(self._heap)
        del self._place[item]
        return item

    def first(self) -> T:
        """The next one, which stays.

        Raises:
            IndexError: nobody waits.
        """
        while True:
            priority, arrival, item = self._heap[0]
            if self._place.get(item) == (priority, arrival):  # else it left, or waits under another number
                return item
            heapq.heappop(self._heap)

    def discard(self, item: T) -> bool:
        """Let it go; whether it waited."""
        waited = item in self._place
        self._forget(item)
        return waited

    def _forget(self, item: T) -> None:
        place = self._place.pop(item, None)
        if place is not None and place[0] is None:
            self._held -= 1
        if len(self._heap) > 2 * len(self._place) + _SLACK:  # mostly of items that left or moved
            self._heap = [entry for entry in self._heap if self._place.get(entry[2]) == entry[:2]]
            heapq.heapify(self._heap)
