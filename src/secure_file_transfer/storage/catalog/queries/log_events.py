"""Events of the log: written in batches, read by filters, forgotten by age and by number."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....model import Category, LogEvent, LogFilter, Severity, TimeUs
from ....ports import LogRecord
from ..sql import Row, Sql, Statement
from ..tables import log_events as log

_SEVERITIES = list(Severity)
_RANK = {severity: rank for rank, severity in enumerate(_SEVERITIES)}
_COLUMNS = (
    log.c.id,
    log.c.at_us,
    log.c.category,
    log.c.severity,
    log.c.kind,
    log.c.text,
    log.c.actor,
    log.c.address,
    log.c.door,
    log.c.target,
    log.c.session_id,
    log.c.request,
)
_INSERT = Statement(
    sa.insert(log).values({each.name: bindparam(each.name) for each in log.c if each.name != "id"}).returning(log.c.id)
)
_LAST = Statement(sa.select(sa.func.max(log.c.id)))
_OLD = sa.select(log.c.id).where(log.c.at_us < bindparam("time")).order_by(log.c.at_us).limit(bindparam("most"))
_DELETE_BEFORE = Statement(sa.delete(log).where(log.c.id.in_(_OLD)))
_BEYOND = Statement(sa.select(log.c.id).order_by(log.c.id.desc()).limit(1).offset(bindparam("rows")))
_FIRST = sa.select(log.c.id).where(log.c.id <= bindparam("number")).order_by(log.c.id).limit(bindparam("most"))
_DELETE_THROUGH = Statement(sa.delete(log).where(log.c.id.in_(_FIRST)))
_SEARCHED = (log.c.text, log.c.target, log.c.actor, log.c.address, log.c.kind)
_CONDITIONS: dict[str, sa.ColumnElement[bool]] = {
    "since": log.c.at_us >= bindparam("since"),
    "until": log.c.at_us < bindparam("until"),
    "actor": log.c.actor == bindparam("actor"),
    "address": log.c.address == bindparam("address"),
    "door": log.c.door == bindparam("door"),
    "session": log.c.session_id == bindparam("session"),
    "request": sa.and_(log.c.request == bindparam("request"), log.c.request != sa.literal_column("''")),
    "search": sa.or_(*(each.like(bindparam("search"), escape="\\") for each in _SEARCHED)),
    "before": sa.or_(
        log.c.at_us < bindparam("before"),
        sa.and_(log.c.at_us == bindparam("before"), log.c.id < bindparam("before_id")),
    ),
    "number": log.c.id > bindparam("number"),
}


@lru_cache(maxsize=256)
def _select(names: tuple[str, ...], categories: int, severity: int, *, newest: bool) -> Statement:
    """The statement for the filters of these names."""
    query = sa.select(*_COLUMNS).where(*(_CONDITIONS[name] for name in names))
    if categories:
        query = query.where(log.c.category.in_([bindparam(f"category{at}") for at in range(categories)]))
    if severity:
        # As a literal, for only then does the database know that the index of warnings will do.
        query = query.where(log.c.severity >= sa.literal_column(str(severity)))
    if newest and "before" in names:
        query = query.where(log.c.at_us <= bindparam("before"))  # where the index begins
    order = (log.c.at_us.desc(), log.c.id.desc()) if newest else (log.c.id,)
    return Statement(query.order_by(*order).limit(bindparam("most")))


class LogEvents:
    """See `ports.LogEvents`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def add(self, events: Sequence[LogEvent]) -> Sequence[int]:
        """Write them down, in that order; returns their numbers."""
        numbers = []
        for event in events:
            ((number,),) = self._sql.rows(_INSERT, **_values(event))
            numbers.append(int(number))
        return numbers

    def newest(self, wanted: LogFilter, before: tuple[int, int] | None, limit: int) -> Sequence[LogRecord]:
        """The latest first, by time and then number; `before` is the time and number of the one that came last."""
        given = {} if before is None else {"before": before[0], "before_id": before[1]}
        return self._found(wanted, given, limit, newest=True)

    def after(self, wanted: LogFilter, number: int, limit: int) -> Sequence[LogRecord]:
        """Those with greater numbers, in the order in which they were written down."""
        return self._found(wanted, {"number": number}, limit, newest=False)

    def _found(self, wanted: LogFilter, place: Mapping[str, int], limit: int, *, newest: bool) -> list[LogRecord]:
        values: dict[str, Any] = {
            "since": wanted.since_us,
            "until": wanted.until_us,
            "actor": wanted.actor or None,
            "address": wanted.address or None,
            "door": wanted.door or None,
            "session": wanted.session,
            "request": wanted.request or None,
            "search": _pattern(wanted.search) if wanted.search else None,
            **place,
        }
        values = {name: value for name, value in values.items() if value is not None}
        names = tuple(name for name in values if name in _CONDITIONS)
        statement = _select(names, len(wanted.categories), _RANK[wanted.severity], newest=newest)
        values |= {f"category{at}": each.value for at, each in enumerate(wanted.categories)}
        return [_record(row) for row in self._sql.rows(statement, most=limit, **values)]

    def last(self) -> int:
        """The greatest number that was used; 0 before the first."""
        row = self._sql.row(_LAST)
        return int(row[0]) if row and row[0] is not None else 0

    def delete_before(self, time: TimeUs, limit: int) -> int:
        """Forget up to `limit` events from before that time; returns how many."""
        return self._sql.run(_DELETE_BEFORE, time=time, most=limit)

    def beyond(self, rows: int) -> int:
        """The number up to which there are more than `rows`, counted from the latest; 0 while there are not."""
        row = self._sql.row(_BEYOND, rows=rows)
        return int(row[0]) if row else 0

    def delete_through(self, number: int, limit: int) -> int:
        """Forget up to `limit` of the oldest up to this number; returns how many."""
        return self._sql.run(_DELETE_THROUGH, number=number, most=limit)


def _pattern(text: str) -> str:
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


def _values(event: LogEvent) -> dict[str, Any]:
    return {
        "at_us": event.at_us,
        "category": event.category.value,
        "severity": _RANK[event.severity],
        "kind": event.kind,
        "text": event.text,
        "actor": event.actor,
        "address": event.address,
        "door": event.door,
        "target": event.target,
        "session_id": event.session,
        "request": event.request,
    }


def _record(row: Row) -> LogRecord:
    number, at_us, category, severity, *rest = row
    return number, LogEvent(at_us, Category(category), _SEVERITIES[severity], *rest)
