"""Sessions, by account and by the hash of their token."""

import json
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....errors import ConflictError, NotFoundError
from ....model import Account, AccountId, DeviceId, LinkId, Session, SessionId, TimeUs
from ..sql import Row, Sql, Statement
from ..tables import accounts, device_sessions, links, sessions
from .accounts import COLUMNS as ACCOUNT_COLUMNS
from .accounts import account_of

_COLUMNS = (
    sessions.c.id,
    sessions.c.account_id,
    sessions.c.door,
    sessions.c.address,
    sessions.c.agent,
    sessions.c.created_us,
    sessions.c.seen_us,
    sessions.c.expires_us,
    device_sessions.c.device_id,
    sessions.c.link_id,
    sessions.c.counted,
    sessions.c.guest,
)
_THIS = sessions.c.id == bindparam("session")
_OF_ACCOUNT = sa.and_(sessions.c.account_id == bindparam("account"), sessions.c.link_id.is_(None))
_INSERT = Statement(
    sa.insert(sessions)
    .values({each.name: bindparam(each.name) for each in sessions.c if each.name != "id"})
    .returning(sessions.c.id)
)
_BY_TOKEN = Statement(
    sa.select(*_COLUMNS, *ACCOUNT_COLUMNS)
    .select_from(sessions.join(accounts).outerjoin(device_sessions))
    .where(sessions.c.token_hash == bindparam("token"))
)
_COUNT = Statement(
    sa.select(sessions.c.door, sa.func.count())
    .where(sessions.c.expires_us > bindparam("now"))
    .group_by(sessions.c.door)
)
_TOUCH = Statement(sa.update(sessions).where(_THIS).values(seen_us=bindparam("seen")))
_SET_TOKEN = Statement(sa.update(sessions).where(_THIS).values(token_hash=bindparam("new_hash")))
_OF = Statement(
    sa.select(*_COLUMNS).select_from(sessions.outerjoin(device_sessions)).where(_OF_ACCOUNT).order_by(sessions.c.id)
)
_GET = Statement(
    sa.select(*_COLUMNS, *ACCOUNT_COLUMNS).select_from(sessions.join(accounts).outerjoin(device_sessions)).where(_THIS)
)
_ALL = Statement(
    sa.select(*_COLUMNS, *ACCOUNT_COLUMNS)
    .select_from(sessions.join(accounts).outerjoin(device_sessions))
    .order_by(sessions.c.seen_us.desc(), sessions.c.id.desc())
    .limit(bindparam("most"))
)
_BIND = Statement(sa.insert(device_sessions).values(session_id=bindparam("session"), device_id=bindparam("device")))
_DELETE = Statement(sa.delete(sessions).where(_THIS))
_DELETE_OF = Statement(sa.delete(sessions).where(_OF_ACCOUNT))
_DELETE_OTHERS = Statement(sa.delete(sessions).where(_OF_ACCOUNT, sessions.c.id != bindparam("but")))
_GUESTS = Statement(sa.select(sessions.c.guest).where(sessions.c.link_id == bindparam("link")))
_OF_LINK = Statement(
    sa.select(*_COLUMNS)
    .select_from(sessions.outerjoin(device_sessions))
    .where(sessions.c.link_id == bindparam("link"))
    .order_by(sessions.c.id)
)
_DELETE_EXPIRED = Statement(sa.delete(sessions).where(sessions.c.expires_us <= bindparam("now")))


def _ended() -> Statement:
    """Which of many ids, given as one JSON array, are of no session that lasts."""
    asked = sa.func.json_each(bindparam("ids")).table_valued("value")
    serves = (
        sa.exists()
        .where(links.c.id == sessions.c.link_id, accounts.c.id == links.c.account_id, accounts.c.disabled == 0)
        .where(
            sa.or_(links.c.downloads_max.is_(None), links.c.downloads < links.c.downloads_max, sessions.c.counted == 1)
        )
    )
    over = sa.or_(
        sessions.c.id.is_(None),
        sessions.c.expires_us <= bindparam("now"),
        sessions.c.seen_us <= bindparam("idle"),
        sa.and_(sessions.c.link_id.is_not(None), ~serves),
    )
    return Statement(
        sa.select(asked.c.value).select_from(asked.outerjoin(sessions, sessions.c.id == asked.c.value)).where(over)
    )


_ENDED = _ended()


class Sessions:
    """See `ports.Sessions`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def create(
        self,
        account_id: AccountId,
        token_hash: bytes,
        door: str,
        address: str,
        agent: str,
        now: TimeUs,
        ends: TimeUs,
        *,
        device_id: DeviceId | None = None,
        link_id: LinkId | None = None,
        guest: str = "",
    ) -> Session:
        """A new session, perhaps of a device, or of a visitor by a link.

        Raises:
            NotFoundError: there is no such account, no such device, or no such link.
        """
        try:
            ((session_id,),) = self._sql.rows(
                _INSERT,
                account_id=account_id,
                token_hash=token_hash,
                door=door,
                address=address,
                agent=agent,
                created_us=now,
                seen_us=now,
                expires_us=ends,
                link_id=link_id,
                counted=0,
                guest=guest,
            )
            if device_id is not None:
                self._sql.run(_BIND, session=session_id, device=device_id)
        except ConflictError:
            raise NotFoundError(f"There is no account {account_id}, or not that device or link of it") from None
        return Session(session_id, account_id, door, address, agent, now, now, ends, device_id, link_id, guest=guest)

    def by_token(self, token_hash: bytes) -> tuple[Session, Account] | None:
        """The session and its account, whether or not it has expired: the caller knows what time it is."""
        row = self._sql.row(_BY_TOKEN, token=token_hash)
        return _both(row) if row else None

    def of_link(self, link_id: LinkId) -> Sequence[Session]:
        """All visitors of a link, whether or not they have expired, the oldest first."""
        return [_session(row) for row in self._sql.rows(_OF_LINK, link=link_id)]

    def guests(self, link_id: LinkId) -> Sequence[str]:
        """What the visitors of a link are called."""
        return [str(name) for (name,) in self._sql.rows(_GUESTS, link=link_id)]

    def touch(self, session_id: SessionId, now: TimeUs) -> None:
        """It was just used. One that has ended meanwhile stays ended."""
        self._sql.run(_TOUCH, session=session_id, seen=now)

    def set_token(self, session_id: SessionId, token_hash: bytes) -> None:
        """It is found by another token from now on."""
        self._sql.run(_SET_TOKEN, session=session_id, new_hash=token_hash)

    def of(self, account_id: AccountId) -> Sequence[Session]:
        """All sessions of an account, without those of visitors, the oldest first."""
        return [_session(row) for row in self._sql.rows(_OF, account=account_id)]

    def get(self, session_id: SessionId) -> tuple[Session, Account] | None:
        """The session and its account, whether or not it has expired."""
        row = self._sql.row(_GET, session=session_id)
        return _both(row) if row else None

    def all(self, limit: int) -> Sequence[tuple[Session, Account]]:
        """Those used last, at most `limit`."""
        return [_both(row) for row in self._sql.rows(_ALL, most=limit)]

    def ended(self, session_ids: Sequence[SessionId], now: TimeUs, idle_since: TimeUs) -> Sequence[SessionId]:
        """Those of them that do not last."""
        return [number for (number,) in self._sql.rows(_ENDED, ids=json.dumps(session_ids), now=now, idle=idle_since)]

    def count(self, now: TimeUs) -> dict[str, int]:
        """How many have not expired, by door."""
        return {str(door): int(count) for door, count in self._sql.rows(_COUNT, now=now)}

    def delete(self, session_id: SessionId) -> None:
        """End it. One that has ended already is fine."""
        self._sql.run(_DELETE, session=session_id)

    def delete_of(self, account_id: AccountId, *, but: SessionId | None = None) -> int:
        """End all sessions of an account, `but` one; returns how many."""
        if but is None:
            return self._sql.run(_DELETE_OF, account=account_id)
        return self._sql.run(_DELETE_OTHERS, account=account_id, but=but)

    def delete_expired(self, now: TimeUs) -> int:
        """Remove those whose time is up; returns how many."""
        return self._sql.run(_DELETE_EXPIRED, now=now)


def _session(row: Row) -> Session:
    number, account, door, address, agent, created, seen, expires, device, link, counted, guest = row[: len(_COLUMNS)]
    return Session(number, account, door, address, agent, created, seen, expires, device, link, bool(counted), guest)


def _both(row: Row) -> tuple[Session, Account]:
    return _session(row), account_of(row[len(_COLUMNS) :])
