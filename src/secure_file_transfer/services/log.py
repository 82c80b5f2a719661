"""Reading the log: page by page, as it grows, and whole, as a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from secure_file_transfer.errors import InvalidRequestError
from secure_file_transfer.model import Category, LogFilter, Principal
from secure_file_transfer.ports import Catalog, CatalogTx, LogRecord

from .accounts import require_operator_in_person, signed_in
from .audit import Audit
from .log_export import Form, exported

LIMIT_MAX = 1000
_EXPORTED = 1000
"""Read at a time: each is a short snapshot of its own, so that an export keeps no old pages of the catalog."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some events. `cursor` leads to the next, older ones; None where there are none. `last` is the greatest number."""

    records: Sequence[LogRecord]
    cursor: str | None
    last: int


class Log:
    """The log, for those who may read it: operators in person all of it, everybody what they did themselves."""

    def __init__(self, catalog: Catalog, audit: Audit) -> None:
        self._catalog = catalog
        self._audit = audit

    def newest(
        self, who: Principal, wanted: LogFilter, *, cursor: str | None = None, limit: int = 100, mine: bool = False
    ) -> LogPage:
        """The latest first.

        Raises:
            SignInRequiredError, ForbiddenError
            InvalidRequestError: no such cursor, or not 1 to `LIMIT_MAX` events.
        """
        wanted, before = _allowed(who, wanted, mine=mine), _place(cursor)
        _check_limit(limit)

        def look(tx: CatalogTx) -> tuple[Sequence[LogRecord], int]:
            return tx.log.newest(wanted, before, limit + 1), tx.log.last()

        found, last = self._catalog.read(look)
        records = found[:limit]
        more = len(found) > limit
        return LogPage(records, f"{records[-1][1].at_us}-{records[-1][0]}" if more else None, last)

    def after(self, who: Principal, wanted: LogFilter, number: int, *, limit: int = 100, mine: bool = False) -> LogPage:
        """What was written down after the event of that number, the oldest first: to follow the log.

        `last` of the page is where to go on. Raises as `newest` does.
        """
        wanted = _allowed(who, wanted, mine=mine)
        _check_limit(limit)

        def look(tx: CatalogTx) -> tuple[Sequence[LogRecord], int]:
            return tx.log.after(wanted, number, limit), tx.log.last()

        records, last = self._catalog.read(look)
        return LogPage(records, None, records[-1][0] if len(records) == limit else max(last, number))

    def export(self, who: Principal, wanted: LogFilter, form: Form, *, mine: bool = False) -> Iterator[bytes]:
        """All of them as a file, the oldest first, piece by piece; memory stays bounded. Raises as `newest` does."""
        wanted = _allowed(who, wanted, mine=mine)
        self._audit.record(Category.ADMINISTRATION, "log.exported", f"The log was exported as .{form}", who=who)
        return exported(self._records(wanted), form)

    def _records(self, wanted: LogFilter) -> Iterator[LogRecord]:
        number = 0
        last = self._catalog.read(lambda tx: tx.log.last())
        while found := self._catalog.read(lambda tx, after=number: tx.log.after(wanted, after, _EXPORTED)):  # type: ignore[misc]
            for record in found:
                if record[0] > last:
                    return  # what comes while it is made would never end
                yield record
            number = found[-1][0]


def _allowed(who: Principal, wanted: LogFilter, *, mine: bool) -> LogFilter:
    if not mine:
        require_operator_in_person(who)
        return wanted
    account = signed_in(who)
    # What somebody did who had this name before is not theirs (attack 30).
    since = max(account.created_us, wanted.since_us or 0)
    return replace(wanted, actor=account.name, since_us=since)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= LIMIT_MAX:
        raise InvalidRequestError(f"A page of the log has 1 to {LIMIT_MAX} events")


def _place(cursor: str | None) -> tuple[int, int] | None:
    if cursor is None:
        return None
    time, _, number = cursor.partition("-")
    if not all(each.isascii() and each.isdecimal() and len(each) < 19 for each in (time, number)):
        raise InvalidRequestError("That is no cursor of the log", hint="Begin without one.")
    return int(time), int(number)
