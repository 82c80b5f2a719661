"""Jobs, by account."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....errors import ConflictError, NotFoundError
from ....model import AccountId, Job, JobId, JobState, TimeUs, TokenId
from ..sql import Row, Sql, Statement
from ..tables import accounts, jobs

_FIXED = ("id", "account_id", "token_id", "kind", "what", "created_us")
_CHANGING = tuple(each.name for each in jobs.c if each.name not in _FIXED)
_JSON = frozenset({"what", "place", "result"})
_NAMES = ("owner", *(each.name for each in jobs.c))
_SELECT = sa.select(accounts.c.name, *jobs.c).select_from(jobs.join(accounts))
_THIS = jobs.c.id == bindparam("job")
_OF_ACCOUNT = jobs.c.account_id == bindparam("account")
_UNENDED = jobs.c.ended_us.is_(None)
_NEWEST = _SELECT.order_by(jobs.c.id.desc()).limit(bindparam("most"))
_INSERT = Statement(
    sa.insert(jobs)
    .values(
        {name: bindparam(name) for name in _FIXED if name != "id"}
        | {"state": JobState.WAITING.value, "size": 0, "items": 0, "percent": 0, "rate": 0}
        | {"message": "", "code": "", "error": ""}
    )
    .returning(jobs.c.id)
)
_GET = Statement(_SELECT.where(_THIS))
_ALL = Statement(_NEWEST)
_OF = Statement(_NEWEST.where(_OF_ACCOUNT))
_OF_TOKEN = Statement(_NEWEST.where(jobs.c.token_id == bindparam("token")))
_LIVE = Statement(_SELECT.where(_UNENDED).order_by(jobs.c.id))
_COUNT = Statement(sa.select(sa.func.count()).select_from(jobs).where(_OF_ACCOUNT, _UNENDED))
_SAVE = Statement(sa.update(jobs).where(_THIS).values({name: bindparam(name) for name in _CHANGING}))
_DELETE = Statement(sa.delete(jobs).where(_THIS))
_OLD = sa.select(jobs.c.id).where(jobs.c.ended_us <= bindparam("before")).limit(bindparam("most"))
_DELETE_OLD = Statement(sa.delete(jobs).where(jobs.c.id.in_(_OLD)))
_NEWEST_OF = sa.select(jobs.c.id).where(_OF_ACCOUNT).order_by(jobs.c.id.desc()).limit(bindparam("keep"))
_TRIM = Statement(sa.delete(jobs).where(_OF_ACCOUNT, ~_UNENDED, jobs.c.id.not_in(_NEWEST_OF)))


class Jobs:
    """See `ports.Jobs`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def create(
        self, account_id: AccountId, token_id: TokenId | None, kind: str, what: Mapping[str, Any], now: TimeUs
    ) -> JobId:
        """A new one that waits.

        Raises:
            NotFoundError: there is no such account.
        """
        try:
            ((job_id,),) = self._sql.rows(
                _INSERT, account_id=account_id, token_id=token_id, kind=kind, what=_text(what), created_us=now
            )
        except ConflictError:
            raise NotFoundError(f"There is no account {account_id}") from None
        return JobId(job_id)

    def get(self, job_id: JobId) -> Job | None:
        """One."""
        row = self._sql.row(_GET, job=job_id)
        return _job(row) if row else None

    def of(self, account_id: AccountId | None, limit: int) -> Sequence[Job]:
        """Those of an account, or of everybody, the newest first."""
        rows = (
            self._sql.rows(_ALL, most=limit)
            if account_id is None
            else self._sql.rows(_OF, account=account_id, most=limit)
        )
        return [_job(row) for row in rows]

    def of_token(self, token_id: TokenId, limit: int) -> Sequence[Job]:
        """Those that were begun with a token, the newest first."""
        return [_job(row) for row in self._sql.rows(_OF_TOKEN, token=token_id, most=limit)]

    def unended(self) -> Sequence[Job]:
        """All that have not ended, the oldest first."""
        return [_job(row) for row in self._sql.rows(_LIVE)]

    def count_unended(self, account_id: AccountId) -> int:
        """How many of an account have not ended."""
        ((count,),) = self._sql.rows(_COUNT, account=account_id)
        return int(count)

    def save(self, job: Job) -> None:
        """Write all of it that changes. One that is gone stays gone."""
        values = {name: getattr(job, name) for name in _CHANGING}
        texts = {name: _text(values[name]) for name in _JSON & values.keys()}
        self._sql.run(_SAVE, job=job.id, **{**values, "state": job.state.value, **texts})

    def delete(self, job_id: JobId) -> None:
        """Forget it. One that is not there is fine."""
        self._sql.run(_DELETE, job=job_id)

    def trim(self, account_id: AccountId, keep: int) -> int:
        """Forget those of an account that have ended, but for the newest `keep` of all its jobs; returns how many."""
        return self._sql.run(_TRIM, account=account_id, keep=keep)

    def delete_ended(self, before: TimeUs, limit: int) -> int:
        """Forget up to `limit` of those that ended at that time or before; returns how many."""
        return self._sql.run(_DELETE_OLD, before=before, most=limit)


def _text(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"))


def _job(row: Row) -> Job:
    values = dict(zip(_NAMES, row, strict=True))
    for name in _JSON:
        values[name] = None if values[name] is None else json.loads(values[name])
    return Job(**{**values, "state": JobState(values["state"])})
