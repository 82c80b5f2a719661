"""Groups of accounts."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....errors import ConflictError, ExistsError, NotFoundError
from ....model import Account, AccountId, Group, GroupId, TimeUs
from ....paths import display
from ..names import name_key
from ..sql import Sql, Statement
from ..tables import accounts, groups, members
from .accounts import COLUMNS, account_of

_COLUMNS = (groups.c.id, groups.c.name, groups.c.created_us)
_THIS = groups.c.id == bindparam("of")
_BY_NAME = Statement(sa.select(*_COLUMNS).where(groups.c.name_key == bindparam("key")))
_ALL = Statement(sa.select(*_COLUMNS).order_by(groups.c.name_key))
_INSERT = Statement(
    sa.insert(groups)
    .values(name=bindparam("name"), name_key=bindparam("name_key"), created_us=bindparam("created_us"))
    .returning(groups.c.id)
)
_RENAME = Statement(sa.update(groups).where(_THIS).values(name=bindparam("called"), name_key=bindparam("key")))
_DELETE = Statement(sa.delete(groups).where(_THIS))
_ADD = Statement(
    sa.insert(members).prefix_with("OR IGNORE").values(group_id=bindparam("group"), account_id=bindparam("account"))
)
_REMOVE = Statement(
    sa.delete(members).where(members.c.group_id == bindparam("group"), members.c.account_id == bindparam("account"))
)
_MEMBERS = Statement(
    sa.select(*COLUMNS)
    .join(members, members.c.account_id == accounts.c.id)
    .where(members.c.group_id == bindparam("group"))
    .order_by(accounts.c.name_key)
)


class Groups:
    """See `ports.Groups`. Changing a group that is not there raises NotFoundError."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def create(self, name: str, now: TimeUs) -> Group:
        """A new group without members. Raises ExistsError."""
        try:
            ((number,),) = self._sql.rows(_INSERT, name=name, name_key=name_key(name), created_us=now)
        except ExistsError:
            raise _taken(name) from None
        return Group(number, name, now)

    def by_name(self, name: str) -> Group | None:
        """The group of that name, or None."""
        row = self._sql.row(_BY_NAME, key=name_key(name))
        return Group(*row) if row else None

    def all(self) -> Sequence[Group]:
        """All of them, by name."""
        return [Group(*row) for row in self._sql.rows(_ALL)]

    def rename(self, group_id: GroupId, name: str) -> None:
        """Give it another name. Raises ExistsError, NotFoundError."""
        try:
            changed = self._sql.run(_RENAME, of=group_id, called=name, key=name_key(name))
        except ExistsError:
            raise _taken(name) from None
        if not changed:
            raise _gone()

    def delete(self, group_id: GroupId) -> None:
        """Remove it; memberships and grants go with it."""
        self._sql.run(_DELETE, of=group_id)

    def add(self, group_id: GroupId, account_id: AccountId) -> None:
        """Make the account a member. Raises NotFoundError."""
        try:
            self._sql.run(_ADD, group=group_id, account=account_id)
        except ConflictError:
            raise _gone() from None

    def remove(self, group_id: GroupId, account_id: AccountId) -> bool:
        """Whether it was a member."""
        return self._sql.run(_REMOVE, group=group_id, account=account_id) > 0

    def members(self, group_id: GroupId) -> Sequence[Account]:
        """Its members, by name."""
        return [account_of(row) for row in self._sql.rows(_MEMBERS, group=group_id)]


def _taken(name: str) -> ExistsError:
    return ExistsError(f"There is already a group {display(name)}", hint="Choose another name.").because(
        "group", name=name
    )


def _gone() -> NotFoundError:
    return NotFoundError("This group or account is gone")
