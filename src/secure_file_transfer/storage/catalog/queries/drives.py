"""Drives: the roots of trees."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....errors import ConflictError, NotFoundError
from ....model import AccountId, Drive, DriveId, Kind, TimeUs
from ....ports import DriveRoom
from ..sql import Sql, Statement
from ..tables import accounts, drives, nodes

_COLUMNS = sa.select(
    drives.c.id,
    drives.c.name,
    drives.c.root_id,
    drives.c.owner_id,
    drives.c.wrapped_key,
    drives.c.bytes,
    drives.c.files,
)
_THIS = drives.c.id == bindparam("drive")
_GET = Statement(_COLUMNS.where(_THIS))
_ALL = Statement(_COLUMNS.order_by(drives.c.id))
_INSERT = Statement(
    sa.insert(drives)
    .values(name=bindparam("name"), owner_id=bindparam("owner_id"), wrapped_key=b"", bytes=0, files=0)
    .returning(drives.c.id)
)
_INSERT_ROOT = Statement(
    sa.insert(nodes)
    .values(
        drive_id=bindparam("drive_id"),
        name="",
        name_key="",
        kind=int(Kind.FOLDER),
        size=0,
        modified_us=bindparam("now"),
        created_us=bindparam("now"),
    )
    .returning(nodes.c.id)
)
_SET_ROOT = Statement(sa.update(drives).where(_THIS).values(root_id=bindparam("root")))
_SET_KEY = Statement(sa.update(drives).where(_THIS).values(wrapped_key=bindparam("key")))
_SET_OWNER = Statement(sa.update(drives).where(_THIS).values(owner_id=bindparam("owner")))
_ADD_USAGE = Statement(
    sa.update(drives)
    .where(_THIS)
    .values(bytes=drives.c.bytes + bindparam("more_bytes"), files=drives.c.files + bindparam("more_files"))
)
_TOTALS = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(drives.c.bytes), 0), sa.func.coalesce(sa.func.sum(drives.c.files), 0))
)
_ROOM = Statement(
    sa.select(drives.c.bytes, drives.c.files, accounts.c.quota_bytes, accounts.c.quota_files)
    .select_from(drives.join(accounts, accounts.c.id == drives.c.owner_id))
    .where(_THIS)
)


def _removed() -> Statement:
    here = (nodes.c.id, nodes.c.size, nodes.c.version_id)
    top = sa.select(*here).where(nodes.c.detached_us.is_not(None), nodes.c.drive_id == bindparam("drive"))
    down = top.cte("down", recursive=True)
    down = down.union_all(sa.select(*here).where(nodes.c.parent_id == down.c.id))
    # The limit ends the walk, not just its answer.
    some = sa.select(down.c.size, down.c.version_id).limit(bindparam("most", type_=sa.Integer)).subquery()
    return Statement(sa.select(sa.func.coalesce(sa.func.sum(some.c.size), 0), sa.func.count(some.c.version_id)))


_REMOVED = _removed()
_DELETE_ROOT = Statement(sa.delete(nodes).where(nodes.c.id == bindparam("root")))
_DELETE = Statement(sa.delete(drives).where(_THIS))


class Drives:
    """See `ports.Drives`. Setting something of a drive that is not there raises NotFoundError."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def create(self, name: str, owner_id: AccountId | None, now: TimeUs) -> Drive:
        """A new drive with an empty root and an empty `wrapped_key`."""
        ((drive_id,),) = self._sql.rows(_INSERT, name=name, owner_id=owner_id)
        ((root_id,),) = self._sql.rows(_INSERT_ROOT, drive_id=drive_id, now=now)
        self._sql.run(_SET_ROOT, drive=drive_id, root=root_id)
        return Drive(drive_id, name, root_id, owner_id, b"", 0, 0)

    def get(self, drive_id: DriveId) -> Drive | None:
        """The drive, or None."""
        row = self._sql.row(_GET, drive=drive_id)
        return Drive(*row) if row else None

    def all(self) -> Sequence[Drive]:
        """All of them, the oldest first."""
        return [Drive(*row) for row in self._sql.rows(_ALL)]

    def set_key(self, drive_id: DriveId, wrapped_key: bytes) -> None:
        """Keep the drive's key, as the master key sealed it."""
        self._change(_SET_KEY, drive=drive_id, key=wrapped_key)

    def set_owner(self, drive_id: DriveId, owner_id: AccountId | None) -> None:
        """Give it to an account, or to nobody."""
        self._change(_SET_OWNER, drive=drive_id, owner=owner_id)

    def add_usage(self, drive_id: DriveId, size: int, files: int) -> None:
        """Add to the counters; negative numbers subtract."""
        self._change(_ADD_USAGE, drive=drive_id, more_bytes=size, more_files=files)

    def room(self, drive_id: DriveId) -> DriveRoom:
        """What it holds and may hold; without a limit for a drive that nobody owns, or that is not there."""
        row = self._sql.row(_ROOM, drive=drive_id)
        return DriveRoom(*row) if row else DriveRoom(0, 0, 0, 0)

    def totals(self) -> tuple[int, int]:
        """Bytes and files of all drives."""
        ((size, files),) = self._sql.rows(_TOTALS)
        return int(size), int(files)

    def removed(self, drive_id: DriveId, limit: int) -> tuple[int, int]:
        """Bytes and files that are removed and still counted, looking at up to `limit` nodes at a time."""
        ((size, files),) = self._sql.rows(_REMOVED, drive=drive_id, most=limit)
        return int(size), int(files)

    def delete(self, drive_id: DriveId) -> None:
        """Remove the drive and its root.

        Blocks may still name the drive; without references they are swept like any others.

        Raises:
            ConflictError: it still has nodes besides the root, or it is an account's home.
        """
        drive = self.get(drive_id)
        if drive is None:
            return
        try:
            self._sql.run(_SET_ROOT, drive=drive_id, root=None)
            self._sql.run(_DELETE_ROOT, root=drive.root_id)
            self._sql.run(_DELETE, drive=drive_id)
        except ConflictError:
            raise ConflictError(
                f"The drive {drive_id} still holds files, or is still an account's home",
                hint="Remove its files and its account first.",
            ) from None

    def _change(self, statement: Statement, **values: object) -> None:
        if not self._sql.run(statement, **values):
            raise NotFoundError(f"There is no drive {values['drive']}")
