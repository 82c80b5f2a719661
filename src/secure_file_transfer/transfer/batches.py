"""Which small files travel together."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def batches(items: Iterable[tuple[T, int]], *, most_items: int, most_bytes: int) -> Iterator[list[T]]:
    """Groups of items, in their order, none with more items or bytes than that; an item is (itself, its bytes)."""
    group: list[T] = []
    size = 0
    for item, length in items:
        if group and (len(group) >= most_items or size + length > most_bytes):
            yield group
            group, size = [], 0
        group.append(item)
        size += length
    if group:
        yield group
