"""Blocks: which exist, who refers to them, and the content of the small ones."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects.sqlite import insert

from ....model import BlockId, TimeUs
from ....ports import BlockRow
from ..sql import Sql, Statement
from ..tables import blocks, claims, inline_blocks

_THIS = blocks.c.id == bindparam("block")
_GET = Statement(
    sa.select(blocks.c.id, blocks.c.drive_id, blocks.c.length, inline_blocks.c.data)
    .select_from(blocks.outerjoin(inline_blocks))
    .where(_THIS)
)
_THERE = Statement(sa.select(blocks.c.num).where(_THIS))
_INSERT = Statement(
    insert(blocks)
    .on_conflict_do_nothing(index_elements=["id"])
    .values(
        id=bindparam("id"),
        drive_id=bindparam("drive_id"),
        length=bindparam("length"),
        refs=0,
        released_us=bindparam("now"),
    )
    .returning(blocks.c.num)
)
_INSERT_DATA = Statement(sa.insert(inline_blocks).values(num=bindparam("num"), data=bindparam("data")))
_UNUSED = sa.and_(blocks.c.refs == sa.text("0"), ~sa.exists().where(claims.c.block_num == blocks.c.num))
_UNREFERENCED = Statement(
    sa.select(blocks.c.id, blocks.c.drive_id, blocks.c.length)
    .where(_UNUSED, blocks.c.released_us < bindparam("before"))
    .order_by(blocks.c.released_us)
    .limit(bindparam("most", type_=sa.Integer))
)
_DELETE = Statement(sa.delete(blocks).where(_THIS, _UNUSED))
_HOLD = Statement(sa.update(blocks).where(_THIS).values(refs=blocks.c.refs + bindparam("count")))
_RELEASE = Statement(
    sa.update(blocks).where(_THIS).values(refs=blocks.c.refs - bindparam("count"), released_us=bindparam("now"))
)


class Blocks:
    """See `ports.Blocks`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def get(self, block_id: BlockId) -> BlockRow | None:
        """The block with its inline data, or None."""
        row = self._sql.row(_GET, block=block_id)
        return BlockRow(*row) if row else None

    def missing(self, block_ids: Sequence[BlockId]) -> set[BlockId]:
        """Those that have no row."""
        return {block_id for block_id in block_ids if self._sql.row(_THERE, block=block_id) is None}

    def insert(self, row: BlockRow, now: TimeUs) -> None:
        """Record a block with no references; one that is there already is left as it is."""
        new = self._sql.row(_INSERT, id=row.id, drive_id=row.drive_id, length=row.length, now=now)
        if new and row.data is not None:
            self._sql.run(_INSERT_DATA, num=new[0], data=row.data)

    def unreferenced(self, before: TimeUs, limit: int) -> Sequence[BlockRow]:
        """Blocks without references whose last use ended before that time, the longest unused first."""
        return [
            BlockRow(block_id, drive_id, length, None)
            for block_id, drive_id, length in self._sql.rows(_UNREFERENCED, before=before, most=limit)
        ]

    def delete_unreferenced(self, block_ids: Sequence[BlockId]) -> set[BlockId]:
        """Delete the rows that still have no references, with their inline data; returns which."""
        return {block_id for block_id in block_ids if self._sql.run(_DELETE, block=block_id)}

    # --- for versions -------------------------------------------------------------------------------------------

    def hold(self, counts: dict[BlockId, int]) -> bool:
        """Add so many references to each; whether all of them have a row."""
        held = self._sql.many(_HOLD, ({"block": block, "count": count} for block, count in counts.items()))
        return held == len(counts)

    def release(self, counts: dict[BlockId, int], now: TimeUs) -> None:
        """Take back so many references from each."""
        self._sql.many(_RELEASE, ({"block": block, "count": count, "now": now} for block, count in counts.items()))
