"""What operators do to those who are connected: endings, bars and warnings."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects.sqlite import insert

from ....errors import ConflictError, NotFoundError
from ....model import AccountId, Bar, SessionId, TimeUs, Warned, WarningId
from ..sql import Row, Sql, Statement
from ..tables import bars, ended_sessions, operator_warnings, sessions

_SESSION = sessions.c.id == bindparam("session", type_=sa.Integer)
_KEEP_REASON = Statement(
    insert(ended_sessions).from_select(
        ["session_id", "token_hash", "reason", "ended_us"],
        sa.select(
            sessions.c.id,
            sessions.c.token_hash,
            bindparam("reason", type_=sa.Text),
            bindparam("now", type_=sa.Integer),
        ).where(_SESSION),
    )
)
_END = Statement(sa.delete(sessions).where(_SESSION))
_TRIM = Statement(
    sa.delete(ended_sessions).where(
        ended_sessions.c.session_id.in_(
            sa.select(ended_sessions.c.session_id)
            .order_by(ended_sessions.c.ended_us.desc(), ended_sessions.c.session_id.desc())
            .limit(-1)
            .offset(bindparam("most", type_=sa.Integer))
        )
    )
)
_REASON = Statement(sa.select(ended_sessions.c.reason).where(ended_sessions.c.session_id == bindparam("session")))
_REASON_OF_TOKEN = Statement(
    sa.select(ended_sessions.c.reason).where(ended_sessions.c.token_hash == bindparam("token"))
)
_FORGET_ENDINGS = Statement(sa.delete(ended_sessions).where(ended_sessions.c.ended_us < bindparam("moment")))

_THIS_BAR = sa.and_(bars.c.kind == bindparam("kind"), bars.c.subject == bindparam("subject"))
_PUT_BAR = Statement(sa.insert(bars).values({each.name: bindparam(each.name) for each in bars.c}))
_DELETE_BAR = Statement(sa.delete(bars).where(_THIS_BAR))
_ALL_BARS = Statement(
    sa.select(bars.c.kind, bars.c.subject, bars.c.reason, bars.c.author, bars.c.created_us, bars.c.until_us).order_by(
        bars.c.created_us, bars.c.kind, bars.c.subject
    )
)
_EXPIRED_BARS = Statement(sa.delete(bars).where(bars.c.until_us <= bindparam("now")))

_COLUMNS = (
    operator_warnings.c.id,
    operator_warnings.c.account_id,
    operator_warnings.c.session_id,
    operator_warnings.c.receiver,
    operator_warnings.c.author,
    operator_warnings.c.text,
    operator_warnings.c.created_us,
    operator_warnings.c.acknowledged_us,
)
_WARN = Statement(
    sa.insert(operator_warnings)
    .values(
        {each.name: bindparam(each.name) for each in operator_warnings.c if each.name not in {"id", "acknowledged_us"}}
    )
    .returning(operator_warnings.c.id)
)
_THIS_WARNING = operator_warnings.c.id == bindparam("warning")
_GET = Statement(sa.select(*_COLUMNS).where(_THIS_WARNING))
_LATEST = Statement(sa.select(*_COLUMNS).order_by(operator_warnings.c.id.desc()).limit(bindparam("most")))
_OPEN = Statement(
    sa.select(*_COLUMNS)
    .where(operator_warnings.c.acknowledged_us.is_(None))
    .order_by(operator_warnings.c.id)
    .limit(bindparam("most"))
)
_ACKNOWLEDGE = Statement(
    sa.update(operator_warnings)
    .where(_THIS_WARNING, operator_warnings.c.acknowledged_us.is_(None))
    .values(acknowledged_us=bindparam("now"))
)
_FORGET_WARNINGS = Statement(sa.delete(operator_warnings).where(operator_warnings.c.created_us < bindparam("moment")))


class Endings:
    """See `ports.Endings`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def end(self, session_id: SessionId, reason: str, now: TimeUs, most: int) -> bool:
        """End a session and keep the reason; of all reasons the `most` latest stay. False: there is no such session."""
        kept = self._sql.run(_KEEP_REASON, session=session_id, reason=reason, now=now)
        self._sql.run(_END, session=session_id)
        self._sql.run(_TRIM, most=most)
        return kept > 0

    def reason(self, session_id: SessionId) -> str | None:
        """Why it was ended, if somebody said so."""
        row = self._sql.row(_REASON, session=session_id)
        return row[0] if row else None

    def reason_of_token(self, token_hash: bytes) -> str | None:
        """The same, by the hash of its token."""
        row = self._sql.row(_REASON_OF_TOKEN, token=token_hash)
        return row[0] if row else None

    def delete_before(self, moment: TimeUs) -> int:
        """Forget what was ended before; returns how many."""
        return self._sql.run(_FORGET_ENDINGS, moment=moment)


class Bars:
    """See `ports.Bars`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def put(self, bar: Bar) -> None:
        """In place of one of the same kind and subject."""
        self.delete(bar.kind, bar.subject)
        self._sql.run(
            _PUT_BAR,
            kind=bar.kind,
            subject=bar.subject,
            reason=bar.reason,
            author=bar.author,
            created_us=bar.created_us,
            until_us=bar.until_us,
        )

    def all(self) -> Sequence[Bar]:
        """The oldest first."""
        return [Bar(*row) for row in self._sql.rows(_ALL_BARS)]

    def delete(self, kind: str, subject: str) -> None:
        """One that is not there is fine."""
        self._sql.run(_DELETE_BAR, kind=kind, subject=subject)

    def delete_expired(self, now: TimeUs) -> int:
        """Remove those whose time is up; returns how many."""
        return self._sql.run(_EXPIRED_BARS, now=now)


class Warnings:
    """See `ports.Warnings`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def create(
        self,
        account_id: AccountId | None,
        session_id: SessionId | None,
        receiver: str,
        author: str,
        text: str,
        now: TimeUs,
    ) -> WarningId:
        """A new one. Raises NotFoundError: there is no such account."""
        try:
            ((warning_id,),) = self._sql.rows(
                _WARN,
                account_id=account_id,
                session_id=session_id,
                receiver=receiver,
                author=author,
                text=text,
                created_us=now,
            )
        except ConflictError:
            raise NotFoundError(f"There is no account {account_id}") from None
        return WarningId(warning_id)

    def get(self, warning_id: WarningId) -> Warned | None:
        """One, by its number."""
        row = self._sql.row(_GET, warning=warning_id)
        return _warned(row) if row else None

    def latest(self, limit: int) -> Sequence[Warned]:
        """The newest first."""
        return [_warned(row) for row in self._sql.rows(_LATEST, most=limit)]

    def open(self, limit: int) -> Sequence[Warned]:
        """Those that nobody has acknowledged, the oldest first."""
        return [_warned(row) for row in self._sql.rows(_OPEN, most=limit)]

    def acknowledge(self, warning_id: WarningId, now: TimeUs) -> bool:
        """False: it was already, or is not there."""
        return self._sql.run(_ACKNOWLEDGE, warning=warning_id, now=now) > 0

    def delete_before(self, moment: TimeUs) -> int:
        """Forget what was sent before; returns how many."""
        return self._sql.run(_FORGET_WARNINGS, moment=moment)


def _warned(row: Row) -> Warned:
    return Warned(*row)
