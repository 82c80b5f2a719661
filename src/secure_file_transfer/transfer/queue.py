"""Who is next: by priority, and among equals by arrival."""

import heapq
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


class PriorityQueue(Generic[T]):
    """Lower numbers first, equal ones in order of arrival. No item may wait twice."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, T]] = []
        self._place: dict[T, tuple[int, int]] = {}
        self._arrivals = count()

    def __len__(self) -> int:
        return len(self._place)

    def put(self, item: T, priority: int) -> None:
        """Let it wait. An item that waits already gets a new priority, and keeps its arrival."""
        arrival = self._place[item][1] if item in self._place else next(self._arrivals)
        self._place[item] = (priority, arrival)
        heapq.heappush(self._heap, (priority, arrival, item))

    def pop(self) -> T:
        """Take the next one.

        Raises:
            IndexError: nobody waits.
        """
        while True:
            priority, arrival, item = heapq.heappop(self._heap)
            if self._place.get(item) == (priority, arrival):  # else it left, or waits under another number
                del self._place[item]
                return item

    def discard(self, item: T) -> bool:
        """Let it go; whether it waited."""
        return self._place.pop(item, None) is not None
