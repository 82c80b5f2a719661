"""Mounts: which directory of the server's disk a folder drive shows."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....errors import ExistsError
from ....model import AccountId, DriveId, Kind, Mount, Rights, TimeUs
from ....paths import display
from ..names import name_key
from ..sql import Row, Sql, Statement
from ..tables import drives, grants, members, mounts, nodes

_SELECT = sa.select(
    mounts.c.drive_id,
    drives.c.root_id,
    mounts.c.name,
    mounts.c.path,
    mounts.c.kind,
    mounts.c.created_us,
).join(drives, drives.c.id == mounts.c.drive_id)
_GET = Statement(_SELECT.where(mounts.c.drive_id == bindparam("drive")))
_BY_NAME = Statement(_SELECT.where(mounts.c.name_key == bindparam("key")))
_ALL = Statement(_SELECT.order_by(mounts.c.name_key))
_INSERT = Statement(
    sa.insert(mounts).values(
        drive_id=bindparam("drive_id"),
        name=bindparam("name"),
        name_key=bindparam("key"),
        path=bindparam("path"),
        kind=bindparam("kind"),
        created_us=bindparam("now"),
    )
)
# What links to the drive are shown as.
_NAME_ROOT = Statement(
    sa.update(nodes)
    .where(nodes.c.id == bindparam("root"))
    .values(name=bindparam("name"), name_key=bindparam("key"), kind=bindparam("kind"))
)
_MINE = sa.or_(
    grants.c.account_id == bindparam("me"),
    grants.c.group_id.in_(sa.select(members.c.group_id).where(members.c.account_id == bindparam("me"))),
)
_RECEIVED = Statement(
    _SELECT.add_columns(grants.c.rights)
    .join(grants, grants.c.node_id == drives.c.root_id)
    .where(_MINE)
    .order_by(mounts.c.name_key)
)


class Mounts:
    """See `ports.Mounts`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def create(self, drive_id: DriveId, name: str, path: str, target: str, kind: Kind, now: TimeUs) -> None:
        """Say what a drive shows. Raises ExistsError: another one has this name."""
        try:
            self._sql.run(_INSERT, drive_id=drive_id, name=name, key=name_key(name), path=path, kind=int(kind), now=now)
        except ExistsError:
            raise ExistsError(
                f"There is a folder drive {display(name)} already", hint="Choose another name, or unmount that one."
            ) from None
        made = self.get(drive_id)
        if made is not None:
            self._sql.run(_NAME_ROOT, root=made.root_id, name=target, key=name_key(target), kind=int(kind))

    def get(self, drive_id: DriveId) -> Mount | None:
        """What a drive shows; None for a vault drive."""
        row = self._sql.row(_GET, drive=drive_id)
        return _mount(row) if row else None

    def by_name(self, name: str) -> Mount | None:
        """The same by its name, whatever the case."""
        row = self._sql.row(_BY_NAME, key=name_key(name))
        return _mount(row) if row else None

    def all(self) -> Sequence[Mount]:
        """All of them, by name."""
        return [_mount(row) for row in self._sql.rows(_ALL)]

    def received(self, account_id: AccountId) -> Sequence[tuple[Mount, Rights]]:
        """Those that were granted to an account, itself or by its groups, and what it may do there."""
        found: dict[Mount, list[int]] = {}
        for row in self._sql.rows(_RECEIVED, me=account_id):
            found.setdefault(_mount(row[:-1]), []).append(row[-1])
        return [(mount, Rights(reduce(or_, rights))) for mount, rights in found.items()]


def _mount(row: Row) -> Mount:
    drive, root, name, path, kind, created = row
    return Mount(drive, root, name, path, Kind(kind), created)
