"""What operators set while the server runs."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from ....model import TimeUs
from ....ports import SettingRow
from ..sql import Sql, Statement
from ..tables import settings

_ALL = Statement(
    sa.select(settings.c.name, settings.c.value, settings.c.changed_us, settings.c.changed_by).order_by(settings.c.name)
)
_ADD = insert(settings).values(
    name=sa.bindparam("name"),
    value=sa.bindparam("value"),
    changed_us=sa.bindparam("now"),
    changed_by=sa.bindparam("by"),
)
_NEW = {name: _ADD.excluded[name] for name in ("value", "changed_us", "changed_by")}
_SET = Statement(_ADD.on_conflict_do_update(index_elements=["name"], set_=_NEW))
_DELETE = Statement(sa.delete(settings).where(settings.c.name == sa.bindparam("setting")))


class Settings:
    """See `ports.Settings`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def all(self) -> Sequence[SettingRow]:
        """All of them, by name."""
        return [SettingRow(*row) for row in self._sql.rows(_ALL)]

    def set(self, name: str, value: str | None, by: str, now: TimeUs) -> None:
        """Set it; None forgets it."""
        if value is None:
            self._sql.run(_DELETE, setting=name)
        else:
            self._sql.run(_SET, name=name, value=value, now=now, by=by)
