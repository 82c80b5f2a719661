"""Giving back the space of what was removed, a bounded piece at a time, leaves first."""

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....model import DriveId, Kind, NodeId
from ....ports import Clock
from ..sql import Sql, Statement
from ..tables import nodes
from .drives import Drives
from .versions import Versions

_COLUMNS = (nodes.c.id, nodes.c.drive_id, nodes.c.kind, nodes.c.size, nodes.c.version_id)
_DETACHED = Statement(
    sa.select(*_COLUMNS)
    .where(nodes.c.detached_us.is_not(None))
    .order_by(nodes.c.detached_us)
    .limit(bindparam("most", type_=sa.Integer))
)
_CHILDREN = Statement(
    sa.select(*_COLUMNS)
    .where(nodes.c.parent_id == bindparam("parent"), nodes.c.kind == bindparam("sort_of"))
    .limit(bindparam("most", type_=sa.Integer))
)
_DELETE = Statement(sa.delete(nodes).where(nodes.c.id == bindparam("node")))

_Leaf = tuple[NodeId, DriveId, Kind, int, int | None]


def batch(sql: Sql, clock: Clock, limit: int) -> int:
    """Delete up to `limit` nodes that are detached or lie below a detached one; returns how many."""
    return _Purge(sql, clock).run(limit)


class _Purge:
    """One batch. `path` is the way down from a detached folder to the one that is being emptied."""

    def __init__(self, sql: Sql, clock: Clock) -> None:
        self._sql = sql
        self._versions = Versions(sql, clock)
        self._freed: dict[DriveId, tuple[int, int]] = {}

    def run(self, limit: int) -> int:
        left = limit
        while left > 0 and (detached := self._sql.rows(_DETACHED, most=left)):
            for row in detached:
                left = self._below((row[0], row[1], row[2], row[3], row[4]), left)
                if left <= 0:
                    break
        for drive_id, (size, files) in self._freed.items():
            Drives(self._sql).add_usage(drive_id, -size, -files)
        return limit - left

    def _below(self, top: _Leaf, left: int) -> int:
        """Empty one detached node from below, and remove it if the limit allows; returns what is left of that."""
        path = [top]
        while path and left > 0:
            here = path[-1]
            files = self._children(here, Kind.FILE, left)
            left -= self._delete(files)
            if left <= 0:
                break
            folders = self._children(here, Kind.FOLDER, 1)
            if folders:
                path += folders
            else:
                left -= self._delete([path.pop()])
        return left

    def _children(self, folder: _Leaf, kind: Kind, most: int) -> list[_Leaf]:
        if folder[2] == Kind.FILE:
            return []
        rows = self._sql.rows(_CHILDREN, parent=folder[0], sort_of=int(kind), most=most)
        return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]

    def _delete(self, leaves: list[_Leaf]) -> int:
        for node_id, drive_id, kind, size, version_id in leaves:
            earlier = self._versions.delete_of(node_id) if kind == Kind.FILE else 0
            if version_id is not None:
                freed, files = self._freed.get(drive_id, (0, 0))
                self._freed[drive_id] = (freed + size + earlier, files + 1)
        self._sql.many(_DELETE, ({"node": leaf[0]} for leaf in leaves))
        return len(leaves)
