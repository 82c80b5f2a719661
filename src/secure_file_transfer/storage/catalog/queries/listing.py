"""Pages of a folder, read off an index: the cost of a page does not depend on the size of the folder.

Folders come first in every order, so a page is at most two queries, one for each kind; within a kind all columns run
in the same direction, which lets `(key, name_key, name) > (?, ?, ?)` start in the middle of the index.
"""

from collections.abc import Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....model import Kind, Node, NodeId, SortKey
from ....ports import NodeCursor
from ..names import name_key
from ..sql import Row, Sql, Statement
from ..tables import nodes

COLUMNS = (
    nodes.c.id,
    nodes.c.drive_id,
    nodes.c.parent_id,
    nodes.c.name,
    nodes.c.kind,
    nodes.c.size,
    nodes.c.modified_us,
    nodes.c.created_us,
    nodes.c.version_id,
    nodes.c.sha256,
)
"""What `node_of` reads."""

_ORDERS = {
    SortKey.NAME: (nodes.c.name_key, nodes.c.name),
    SortKey.SIZE: (nodes.c.size, nodes.c.name_key, nodes.c.name),
    SortKey.MODIFIED: (nodes.c.modified_us, nodes.c.name_key, nodes.c.name),
}
_KINDS = (Kind.FOLDER, Kind.FILE)


def node_of(row: Row) -> Node:
    """The node that a row of `COLUMNS` holds."""
    number, drive_id, parent_id, name, kind, size, modified_us, created_us, version_id, sha256 = row
    return Node(number, drive_id, parent_id, name, _KINDS[kind], size, modified_us, created_us, version_id, sha256)


@cache
def statement(sort: SortKey, *, descending: bool, begun: bool) -> Statement:
    """The query for one kind of children in one order; `begun` continues after a row."""
    order = _ORDERS[sort]
    query = sa.select(*COLUMNS).where(nodes.c.parent_id == bindparam("parent"), nodes.c.kind == bindparam("sort_of"))
    if begun:
        here, there = sa.tuple_(*order), sa.tuple_(*(bindparam(f"after_{column.name}") for column in order))
        query = query.where(here < there if descending else here > there)
    query = query.order_by(*(column.desc() if descending else column.asc() for column in order))
    return Statement(query.limit(bindparam("most", type_=sa.Integer)))


def page(
    sql: Sql, parent_id: NodeId, sort: SortKey, *, descending: bool, after: NodeCursor | None, limit: int
) -> Sequence[Node]:
    """Up to `limit` children behind `after`, which need not be there any more."""
    found: list[Row] = []
    for kind in _KINDS:
        if after and kind < after.kind:
            continue
        begun = after if after and after.kind == kind else None
        place = _place(begun, sort) if begun else {}
        found += sql.rows(
            statement(sort, descending=descending, begun=begun is not None),
            parent=parent_id,
            sort_of=int(kind),
            most=limit - len(found),
            **place,
        )
        if len(found) >= limit:
            break
    return [node_of(row) for row in found]


def _place(after: NodeCursor, sort: SortKey) -> dict[str, object]:
    place: dict[str, object] = {"after_name_key": name_key(after.name), "after_name": after.name}
    if sort is not SortKey.NAME:  # there the key follows from the name
        place[f"after_{_ORDERS[sort][0].name}"] = after.value
    return place
