"""Pages of a folder, in order, by a cursor that names a position and not a number of rows.

The first page keeps as many keys as it has rows, whatever the folder holds. Those that follow come from a snapshot of
the whole order where one can be had (see `snapshots`), and else are found by reading the folder anew.
"""

import heapq
import os
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import InvalidRequestError
from ...model import Entry, Kind, Page, SortKey
from ...paths import RemotePath
from ...ports import cursors
from . import disk
from .snapshots import Position, Snapshots, key_of

_INT_BITS = 63
_snapshots = Snapshots()


@dataclass(frozen=True, slots=True)
class Order:
    """How a listing is ordered."""

    sort: SortKey
    descending: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended."""

    kind: Kind
    position: Position


def encode(order: Order, place: Place) -> str:
    """The cursor for a place."""
    number, _, name = place.position
    return cursors.write(order.sort.value, int(order.descending), int(place.kind), number, name)


def decode(order: Order, cursor: str) -> Place:
    """The place that a cursor names.

    Raises:
        InvalidRequestError: no page of this order gave it.
    """
    try:
        sort, descending, kind, number, name = cursors.read(cursor)
        if (sort, descending) != (order.sort, int(order.descending)):
            raise ValueError
        if not (type(kind) is int and type(number) is int and type(name) is str) or number.bit_length() > _INT_BITS:
            raise ValueError
        return Place(Kind(kind), (number, name.casefold(), name))
    except ValueError:
        raise InvalidRequestError(
            "The cursor does not belong to this listing", hint="Begin the listing again without a cursor."
        ) from None


def page(folder: int, path: RemotePath, order: Order, cursor: str | None, limit: int, digests: disk.Digests) -> Page:
    """One page of the directory with that handle."""
    if limit < 1:
        raise InvalidRequestError("A page holds at least one entry", hint="Ask for limit=1000.")
    after = None if cursor is None else decode(order, cursor)
    places = _found(folder, order, after, limit) if after is None else _following(folder, order, after, limit)
    more = len(places) > limit
    entries = [entry for place in places[:limit] if (entry := _entry(folder, path, place, digests)) is not None]
    return Page(entries, encode(order, places[limit - 1]) if more else None)


def _following(folder: int, order: Order, after: Place, limit: int) -> list[Place]:
    """One more than a page that follows a place."""
    key = key_of(folder, order.sort, descending=order.descending)
    snapshot = _snapshots.get(key) or _snapshots.take(key, _rows(folder, order))
    if snapshot is None:
        return _found(folder, order, after, limit)
    return [Place(kind, position) for kind, position in snapshot.after(after.kind, after.position, limit + 1)]


def _rows(folder: int, order: Order) -> Iterator[tuple[Kind, Position]]:
    for kind in (Kind.FOLDER, Kind.FILE):
        for position in _positions(folder, kind, order, None):
            yield kind, position


def _found(folder: int, order: Order, after: Place | None, limit: int) -> list[Place]:
    """The same, or of the first page, by reading the folder; what is kept meanwhile is no more than that."""
    places: list[Place] = []
    for kind in (Kind.FOLDER, Kind.FILE):
        if after is not None and kind < after.kind:
            continue
        edge = after.position if after is not None and kind is after.kind else None
        pick = heapq.nlargest if order.descending else heapq.nsmallest
        room = limit + 1 - len(places)  # one more than asked tells whether there is more
        places += [Place(kind, position) for position in pick(room, _positions(folder, kind, order, edge))]
        if len(places) > limit:
            break
    return places


def _positions(folder: int, kind: Kind, order: Order, edge: Position | None) -> Iterator[Position]:
    with os.scandir(folder) as found:
        for item in found:
            if kind is Kind.FOLDER:
                if not item.is_dir(follow_symlinks=False):
                    continue
            elif not item.is_file(follow_symlinks=False):
                continue
            number = _number(item, kind, order.sort)
            if number is None:
                continue
            position = (number, item.name.casefold(), item.name)
            if edge is not None and (position >= edge if order.descending else position <= edge):
                continue
            if disk.is_shown(item.name):
                yield position


def _number(item: os.DirEntry[str], kind: Kind, sort: SortKey) -> int | None:
    """The number that comes before the name in this order; None for what has just gone."""
    if sort is SortKey.NAME or (sort is SortKey.SIZE and kind is Kind.FOLDER):
        return 0
    try:
        status = item.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return status.st_size if sort is SortKey.SIZE else disk.modified_us(status)


def _entry(folder: int, path: RemotePath, place: Place, digests: disk.Digests) -> Entry | None:
    name = place.position[2]
    status = disk.shown_at(folder, name)
    if status is None:  # gone between the two looks
        return None
    return disk.entry(f"/{name}" if path.is_root else f"{path}/{name}", name, status, digests)
