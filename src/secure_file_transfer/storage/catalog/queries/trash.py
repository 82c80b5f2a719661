"""What was deleted and can come back."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....errors import ConflictError
from ....model import AccountId, DriveId, Node, NodeId, TimeUs, Trashed, TrashId
from ....ports import Clock, Weight
from ..sql import Row, Sql, Statement
from ..tables import links, nodes, trash
from .listing import COLUMNS, node_of
from .nodes import Nodes

_ALL = 9_007_199_254_740_991
_MOST = bindparam("most", type_=sa.Integer)
_THIS = trash.c.id == bindparam("number")
_HERE = trash.c.drive_id == bindparam("drive")
_LEFT = trash.c.gone == sa.text("0")
_TAKE_OUT = Statement(
    sa.update(nodes).where(nodes.c.id == bindparam("node"), nodes.c.parent_id.is_not(None)).values(parent_id=None)
)
_FIELDS = [each for each in trash.c if each.name not in {"id", "size", "files", "gone"}]
_INSERT = Statement(
    sa.insert(trash).values({each.name: bindparam(each.name) for each in _FIELDS}).returning(trash.c.id)
)
_LINKS = Statement(
    sa.select(links.c.id, links.c.node_id)
    .join(nodes, nodes.c.id == links.c.node_id)
    .where(nodes.c.drive_id == bindparam("drive"))
)
_END_LINK = Statement(sa.delete(links).where(links.c.id == bindparam("link")))
_SELECT = sa.select(
    trash.c.id,
    trash.c.parent_id,
    trash.c.folder,
    trash.c.seen,
    trash.c.deleted_us,
    trash.c.author,
    trash.c.account_id,
    trash.c.size,
    trash.c.files,
    *COLUMNS,
).join(nodes, nodes.c.id == trash.c.node_id)
_GET = Statement(_SELECT.where(_THIS, _LEFT))
_LIST = Statement(
    _SELECT.where(_HERE, _LEFT, trash.c.id < bindparam("before")).order_by(trash.c.id.desc()).limit(_MOST)
)
_OLDEST = Statement(_SELECT.where(_HERE, _LEFT).order_by(trash.c.id).limit(_MOST))
_UNWEIGHED = Statement(_SELECT.where(_LEFT, trash.c.size.is_(None)).order_by(trash.c.id).limit(_MOST))
_DELETE = Statement(sa.delete(trash).where(_THIS).returning(trash.c.node_id))
_REMOVE = Statement(sa.update(nodes).where(nodes.c.id == bindparam("node")).values(detached_us=bindparam("now")))
_NOTE = Statement(sa.update(trash).where(_THIS).values(size=bindparam("bytes"), files=bindparam("count")))
_GIVE_WAY = Statement(
    sa.update(trash).where(_THIS).values(size=bindparam("bytes"), files=bindparam("count"), gone=sa.text("1"))
)
_DUE = Statement(
    sa.select(trash.c.id)
    .where(sa.or_(trash.c.gone == sa.text("1"), trash.c.deleted_us < bindparam("before")))
    .order_by(trash.c.id)
    .limit(_MOST)
)
_OF_DRIVE = Statement(sa.select(trash.c.id).where(_HERE).limit(_MOST))
_ROOM = Statement(
    sa.select(
        trash.c.gone,
        sa.func.coalesce(sa.func.sum(trash.c.size), 0),
        sa.func.coalesce(sa.func.sum(trash.c.files), 0),
    )
    .where(_HERE)
    .group_by(trash.c.gone)
)


def _weigh() -> Statement:
    here = (nodes.c.id, nodes.c.size, nodes.c.version_id)
    down = sa.select(*here).where(nodes.c.id == bindparam("node")).cte("down", recursive=True)
    down = down.union_all(sa.select(*here).where(nodes.c.parent_id == down.c.id))
    # The limit ends the walk, not just its answer.
    some = sa.select(down.c.size, down.c.version_id).limit(_MOST).subquery()
    return Statement(
        sa.select(sa.func.coalesce(sa.func.sum(some.c.size), 0), sa.func.count(some.c.version_id), sa.func.count())
    )


_WEIGH = _weigh()


class Trash:
    """See `ports.Trash`."""

    __slots__ = ("_clock", "_sql")

    def __init__(self, sql: Sql, clock: Clock) -> None:
        self._sql = sql
        self._clock = clock

    def put(
        self, node: Node, folder: str, seen: str, author: str, account_id: AccountId | None, now: TimeUs
    ) -> TrashId:
        """Take it out of the tree. Links to anything in it end. Raises ConflictError: it is the root of a drive."""
        tree = Nodes(self._sql, self._clock)
        for link, linked in self._sql.rows(_LINKS, drive=node.drive_id):
            if tree.is_within(linked, node.id):
                self._sql.run(_END_LINK, link=link)
        if not self._sql.run(_TAKE_OUT, node=node.id):
            raise ConflictError("The root of a drive cannot be removed")
        ((number,),) = self._sql.rows(
            _INSERT,
            node_id=node.id,
            drive_id=node.drive_id,
            parent_id=node.parent_id,
            folder=folder,
            seen=seen,
            deleted_us=now,
            author=author,
            account_id=account_id,
        )
        return TrashId(number)

    def get(self, trash_id: TrashId) -> Trashed | None:
        """What has that number, or None."""
        row = self._sql.row(_GET, number=trash_id)
        return _trashed(row) if row else None

    def list(self, drive_id: DriveId, before: TrashId | None, limit: int) -> Sequence[Trashed]:
        """What lies in the trash of a drive, what came last first."""
        rows = self._sql.rows(_LIST, drive=drive_id, before=_ALL if before is None else before, most=limit)
        return [_trashed(row) for row in rows]

    def oldest(self, drive_id: DriveId, limit: int) -> Sequence[Trashed]:
        """The same, what came first first."""
        return [_trashed(row) for row in self._sql.rows(_OLDEST, drive=drive_id, most=limit)]

    def take(self, trash_id: TrashId) -> None:
        """Forget that it lies there."""
        self._sql.rows(_DELETE, number=trash_id)

    def drop(self, trash_id: TrashId) -> None:
        """It is removed for good."""
        for (node_id,) in self._sql.rows(_DELETE, number=trash_id):
            self._sql.run(_REMOVE, node=node_id, now=self._clock.now_us())

    def give_way(self, trash_id: TrashId, weight: Weight) -> None:
        """It is there no more for anybody, and makes room for so much."""
        self._sql.run(_GIVE_WAY, number=trash_id, bytes=weight.size, count=weight.files)

    def due(self, before: TimeUs, limit: int) -> Sequence[TrashId]:
        """Those that gave way, and those that were deleted before that time."""
        return [TrashId(row[0]) for row in self._sql.rows(_DUE, before=before, most=limit)]

    def of_drive(self, drive_id: DriveId, limit: int) -> Sequence[TrashId]:
        """All of a drive."""
        return [TrashId(row[0]) for row in self._sql.rows(_OF_DRIVE, drive=drive_id, most=limit)]

    def weigh(self, node_id: NodeId, limit: int) -> Weight:
        """Count what is in something that was deleted."""
        ((size, files, looked),) = self._sql.rows(_WEIGH, node=node_id, most=limit)
        return Weight(int(size), int(files), looked < limit)

    def note(self, trash_id: TrashId, weight: Weight) -> None:
        """Remember what was counted."""
        self._sql.run(_NOTE, number=trash_id, bytes=weight.size, count=weight.files)

    def unweighed(self, limit: int) -> Sequence[Trashed]:
        """Those that nobody has counted yet."""
        return [_trashed(row) for row in self._sql.rows(_UNWEIGHED, most=limit)]

    def room(self, drive_id: DriveId) -> tuple[Weight, Weight]:
        """What gave way already, and what still could."""
        found = {gone: Weight(int(size), int(files)) for gone, size, files in self._sql.rows(_ROOM, drive=drive_id)}
        return found.get(1, Weight(0, 0)), found.get(0, Weight(0, 0))


def _trashed(row: Row) -> Trashed:
    number, parent_id, folder, seen, deleted_us, author, account_id, size, files, *node = row
    return Trashed(number, node_of(tuple(node)), parent_id, folder, seen, deleted_us, author, account_id, size, files)
