"""Single values of the server."""

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from ..sql import Sql, Statement
from ..tables import facts

_GET = Statement(sa.select(facts.c.value).where(facts.c.name == sa.bindparam("fact")))
_ADD = insert(facts).values(name=sa.bindparam("name"), value=sa.bindparam("value"))
_SET = Statement(_ADD.on_conflict_do_update(index_elements=["name"], set_={"value": _ADD.excluded.value}))
_DELETE = Statement(sa.delete(facts).where(facts.c.name == sa.bindparam("fact")))


class Facts:
    """See `ports.Facts`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def get(self, name: str) -> str | None:
        """The value, or None."""
        row = self._sql.row(_GET, fact=name)
        return row[0] if row else None

    def set(self, name: str, value: str | None) -> None:
        """Set it; None deletes it."""
        if value is None:
            self._sql.run(_DELETE, fact=name)
        else:
            self._sql.run(_SET, name=name, value=value)
