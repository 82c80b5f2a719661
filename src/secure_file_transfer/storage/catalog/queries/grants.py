"""Grants: who else may do what with a node and all below it."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....errors import ConflictError, NotFoundError
from ....model import AccountId, DriveId, GroupId, NodeId, PlacedGrant, Received, Rights, ShareGrant, TimeUs
from ..sql import Row, Sql, Statement
from ..tables import accounts, drives, grants, groups, members, mounts, nodes
from .listing import COLUMNS, node_of

_TO = sa.and_(
    grants.c.node_id == bindparam("node"),
    grants.c.account_id.is_(bindparam("to")),
    grants.c.group_id.is_(bindparam("to_group")),
)
_SET = Statement(sa.update(grants).where(_TO).values(rights=bindparam("mask"), created_us=bindparam("now")))
_INSERT = Statement(
    sa.insert(grants).values(
        node_id=bindparam("node"),
        account_id=bindparam("to"),
        group_id=bindparam("to_group"),
        rights=bindparam("mask"),
        created_us=bindparam("now"),
    )
)
_DELETE = Statement(sa.delete(grants).where(_TO))
_DELETE_ALL = Statement(sa.delete(grants).where(grants.c.node_id == bindparam("node")))
_NAMED = (
    sa.select(
        grants.c.node_id,
        grants.c.account_id,
        grants.c.group_id,
        sa.func.coalesce(accounts.c.name, sa.literal("@") + groups.c.name),
        grants.c.rights,
        grants.c.created_us,
    )
    .join(nodes, nodes.c.id == grants.c.node_id)
    .outerjoin(accounts, accounts.c.id == grants.c.account_id)
    .outerjoin(groups, groups.c.id == grants.c.group_id)
)
_IN_DRIVE = nodes.c.drive_id == bindparam("drive")
_OF_DRIVE = Statement(_NAMED.where(_IN_DRIVE).order_by(grants.c.node_id, grants.c.id))
_PLACED = _NAMED.add_columns(grants.c.id, nodes.c.drive_id)
_GET = Statement(_PLACED.where(grants.c.id == bindparam("number")))
_AFTER = _PLACED.where(grants.c.id > bindparam("after")).order_by(grants.c.id).limit(bindparam("most"))
_PAGE = Statement(_AFTER)
_PAGE_OF = Statement(_AFTER.where(_IN_DRIVE))
_MINE = sa.or_(
    grants.c.account_id == bindparam("me"),
    grants.c.group_id.in_(sa.select(members.c.group_id).where(members.c.account_id == bindparam("me"))),
)
_RECEIVED = Statement(
    sa.select(accounts.c.name, grants.c.rights, *COLUMNS)
    .join(nodes, nodes.c.id == grants.c.node_id)
    .join(drives, drives.c.id == nodes.c.drive_id)
    .join(accounts, accounts.c.id == drives.c.owner_id)
    .where(_MINE, drives.c.owner_id != bindparam("me"))
    .order_by(accounts.c.name_key, nodes.c.id)
)


def _up() -> Statement:
    """From a node to the root of its drive, with the account's grants on the way.

    Only the root of a drive that somebody owns, or of a folder drive, is the end of the way: a removed node's way ends
    below it.
    """
    up = sa.select(nodes.c.id, nodes.c.parent_id).where(nodes.c.id == bindparam("node")).cte("up", recursive=True)
    up = up.union(sa.select(nodes.c.id, nodes.c.parent_id).where(nodes.c.id == up.c.parent_id))
    end = sa.func.coalesce(drives.c.owner_id, mounts.c.drive_id)
    return Statement(
        sa.select(grants.c.rights, end)
        .select_from(up)
        .outerjoin(grants, sa.and_(grants.c.node_id == up.c.id, _MINE))
        .outerjoin(drives, drives.c.root_id == up.c.id)
        .outerjoin(mounts, mounts.c.drive_id == drives.c.id)
        .where(sa.or_(grants.c.rights.is_not(None), end.is_not(None)))
    )


_WAY_UP = _up()


class Grants:
    """See `ports.Grants`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def put(self, node_id: NodeId, to: AccountId | None, to_group: GroupId | None, rights: Rights, now: TimeUs) -> None:
        """Grant, in place of an earlier grant. Raises NotFoundError: one of them is gone."""
        values = {"node": node_id, "to": to, "to_group": to_group, "mask": int(rights), "now": now}
        if self._sql.run(_SET, **values):
            return
        try:
            self._sql.run(_INSERT, **values)
        except ConflictError:
            raise NotFoundError("The file, account or group is gone") from None

    def delete(self, node_id: NodeId, to: AccountId | None, to_group: GroupId | None) -> int:
        """Take it back; both None: all on this node. Returns how many."""
        if to is None and to_group is None:
            return self._sql.run(_DELETE_ALL, node=node_id)
        return self._sql.run(_DELETE, node=node_id, to=to, to_group=to_group)

    def of_drive(self, drive_id: DriveId) -> Sequence[ShareGrant]:
        """All grants on a drive's nodes."""
        return [_grant(row) for row in self._sql.rows(_OF_DRIVE, drive=drive_id)]

    def page(self, drive_id: DriveId | None, after: int, limit: int) -> Sequence[PlacedGrant]:
        """Those of a drive, or of everybody, by number."""
        if drive_id is None:
            return [_placed(row) for row in self._sql.rows(_PAGE, after=after, most=limit)]
        return [_placed(row) for row in self._sql.rows(_PAGE_OF, drive=drive_id, after=after, most=limit)]

    def get(self, number: int) -> PlacedGrant | None:
        """The grant of that number, or None."""
        row = self._sql.row(_GET, number=number)
        return _placed(row) if row else None

    def received(self, account_id: AccountId) -> Sequence[Received]:
        """What others granted to the account."""
        found: dict[int, list[Row]] = {}
        for row in self._sql.rows(_RECEIVED, me=account_id):
            found.setdefault(row[2], []).append(row)
        return [
            Received(rows[0][0], node_of(rows[0][2:]), Rights(reduce(or_, (row[1] for row in rows))))
            for node_id, rows in found.items()
            if self.rights(account_id, NodeId(node_id))
        ]

    def rights(self, account_id: AccountId, node_id: NodeId) -> Rights:
        """What it was granted on the node and above it."""
        rows = self._sql.rows(_WAY_UP, node=node_id, me=account_id)
        if not any(end is not None for _, end in rows):
            return Rights.NONE
        return Rights(reduce(or_, (rights for rights, _ in rows if rights is not None), 0))


def _grant(row: Row) -> ShareGrant:
    node_id, to, to_group, name, rights, created_us = row
    return ShareGrant(node_id, to, to_group, name, Rights(rights), created_us)


def _placed(row: Row) -> PlacedGrant:
    *grant, number, drive_id = row
    return PlacedGrant(number, drive_id, _grant(tuple(grant)))
