"""Accounts."""

import json
from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects.sqlite import insert

from ....errors import ConflictError, ExistsError, NotFoundError
from ....model import Account, AccountId, DriveId, Role, TimeUs
from ....paths import display
from ..names import name_key
from ..sql import Row, Sql, Statement
from ..tables import accounts, known_sources, resets, sessions

COLUMNS = (
    accounts.c.id,
    accounts.c.name,
    accounts.c.role,
    accounts.c.disabled,
    accounts.c.home_id,
    accounts.c.created_us,
    accounts.c.rate_up,
    accounts.c.rate_down,
    accounts.c.quota_bytes,
    accounts.c.quota_files,
    accounts.c.email,
    accounts.c.note,
    accounts.c.expires_us,
    accounts.c.pending,
)
"""What `account_of` reads."""

_THIS = accounts.c.id == bindparam("account")
_GET = Statement(sa.select(*COLUMNS).where(_THIS))
_BY_NAME = Statement(sa.select(*COLUMNS).where(accounts.c.name_key == bindparam("key")))
_ALL = Statement(sa.select(*COLUMNS).order_by(accounts.c.name_key))
_INSERT = Statement(
    sa.insert(accounts)
    .values({each: bindparam(each) for each in ("name", "name_key", "role", "home_id", "password_hash", "created_us")})
    .values(disabled=0)
    .returning(accounts.c.id)
)
_HASH = Statement(sa.select(accounts.c.password_hash).where(_THIS))
_SET_HASH = Statement(sa.update(accounts).where(_THIS).values(password_hash=bindparam("hash")))
_SET_DISABLED = Statement(sa.update(accounts).where(_THIS).values(disabled=bindparam("off")))
_SET_RATES = Statement(sa.update(accounts).where(_THIS).values(rate_up=bindparam("up"), rate_down=bindparam("down")))
_SET_DETAILS = Statement(
    sa.update(accounts)
    .where(_THIS)
    .values({each: bindparam(each) for each in ("quota_bytes", "quota_files", "email", "note", "expires_us")})
)
_SET_PENDING = Statement(sa.update(accounts).where(_THIS).values(pending=bindparam("waits")))
_COUNT_PENDING = Statement(sa.select(sa.func.count()).select_from(accounts).where(accounts.c.pending != sa.text("0")))
_SET_ROLE = Statement(sa.update(accounts).where(_THIS).values(role=bindparam("new_role")))
_SOURCES = known_sources.c.account_id == bindparam("account")
_KNOWS = Statement(sa.select(sa.literal(1)).where(_SOURCES, known_sources.c.source == bindparam("from_source")))
_ADD_SOURCE = insert(known_sources).values({each.name: bindparam(each.name) for each in known_sources.c})
_REMEMBER = Statement(
    _ADD_SOURCE.on_conflict_do_update(
        index_elements=["account_id", "source"], set_={"seen_us": _ADD_SOURCE.excluded.seen_us}
    )
)
_LATEST = (
    sa.select(known_sources.c.source)
    .where(_SOURCES)
    .order_by(known_sources.c.seen_us.desc(), known_sources.c.source)
    .limit(bindparam("most"))
)
_FORGET_OLD = Statement(sa.delete(known_sources).where(_SOURCES, known_sources.c.source.not_in(_LATEST)))
_FORGET_SOURCES = Statement(sa.delete(known_sources).where(_SOURCES))


def _seen() -> Statement:
    asked = sa.func.json_each(bindparam("ids")).table_valued("value")
    signed_in = sa.select(known_sources.c.account_id.label("account"), known_sources.c.seen_us.label("seen"))
    used = sa.select(sessions.c.account_id, sessions.c.seen_us).where(sessions.c.link_id.is_(None))
    both = sa.union_all(
        signed_in.where(known_sources.c.account_id.in_(sa.select(asked.c.value))),
        used.where(sessions.c.account_id.in_(sa.select(asked.c.value))),
    ).subquery()
    return Statement(sa.select(both.c.account, sa.func.max(both.c.seen)).group_by(both.c.account))


_SEEN = _seen()
_DELETE = Statement(sa.delete(accounts).where(_THIS))
_ADD_RESET = insert(resets).values({each.name: bindparam(each.name) for each in resets.c})
_SET_RESET = Statement(
    _ADD_RESET.on_conflict_do_update(
        index_elements=["account_id"],
        set_={"sha256": _ADD_RESET.excluded.sha256, "expires_us": _ADD_RESET.excluded.expires_us},
    )
)
_BY_RESET = Statement(
    sa.select(*COLUMNS)
    .select_from(accounts.join(resets))
    .where(resets.c.sha256 == bindparam("hash"), resets.c.expires_us > bindparam("now"))
)
_DELETE_RESET = Statement(sa.delete(resets).where(resets.c.account_id == bindparam("account")))


def account_of(row: Row) -> Account:
    """The account that a row of `COLUMNS` holds."""
    number, name, role, disabled, *rest = row[:-1]
    return replace(Account(number, name, Role(role), bool(disabled), *rest), pending=bool(row[-1]))


class Accounts:
    """See `ports.Accounts`. Setting something of an account that is not there raises NotFoundError."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def create(self, name: str, role: Role, home_id: DriveId, password_hash: str, now: TimeUs) -> Account:
        """A new account. Its home's owner is set apart, see `Drives.set_owner`.

        Raises:
            ExistsError: the name, case-folded, is taken.
            NotFoundError: there is no such drive.
        """
        try:
            ((account_id,),) = self._sql.rows(
                _INSERT,
                name=name,
                name_key=name_key(name),
                role=role.value,
                home_id=home_id,
                password_hash=password_hash,
                created_us=now,
            )
        except ExistsError:
            raise ExistsError(f"There is already an account {display(name)}", hint="Choose another name.").because(
                "account", name=name
            ) from None
        except ConflictError:
            raise NotFoundError(f"There is no drive {home_id}") from None
        return Account(account_id, name, role, disabled=False, home_id=home_id, created_us=now)

    def get(self, account_id: AccountId) -> Account | None:
        """The account, or None."""
        row = self._sql.row(_GET, account=account_id)
        return account_of(row) if row else None

    def by_name(self, name: str) -> Account | None:
        """The account of that name, case-folded."""
        row = self._sql.row(_BY_NAME, key=name_key(name))
        return account_of(row) if row else None

    def password_hash(self, account_id: AccountId) -> str:
        """The hash in PHC string form.

        Raises:
            NotFoundError
        """
        row = self._sql.row(_HASH, account=account_id)
        if row is None:
            raise _gone(account_id)
        return str(row[0])

    def set_password_hash(self, account_id: AccountId, password_hash: str) -> None:
        """Replace the hash."""
        self._change(_SET_HASH, account=account_id, hash=password_hash)

    def set_disabled(self, account_id: AccountId, *, disabled: bool) -> None:
        """Lock it out, or let it in again."""
        self._change(_SET_DISABLED, account=account_id, off=int(disabled))

    def set_rates(self, account_id: AccountId, up: int, down: int) -> None:
        """Limit its transfers."""
        self._change(_SET_RATES, account=account_id, up=up, down=down)

    def set_details(self, account: Account) -> None:
        """Its quota, e-mail address, note and expiry shall be those of `account`."""
        self._change(
            _SET_DETAILS,
            account=account.id,
            quota_bytes=account.quota_bytes,
            quota_files=account.quota_files,
            email=account.email,
            note=account.note,
            expires_us=account.expires_us,
        )

    def set_pending(self, account_id: AccountId, *, pending: bool) -> None:
        """Whether it waits for an operator."""
        self._change(_SET_PENDING, account=account_id, waits=int(pending))

    def count_pending(self) -> int:
        """How many wait."""
        row = self._sql.row(_COUNT_PENDING)
        return int(row[0]) if row else 0

    def set_reset(self, account_id: AccountId, sha256: bytes, expires: TimeUs) -> None:
        """The hash of the code that gives it a new password, in place of any other.

        Raises:
            NotFoundError
        """
        try:
            self._sql.run(_SET_RESET, account_id=account_id, sha256=sha256, expires_us=expires)
        except ConflictError:
            raise _gone(account_id) from None

    def by_reset(self, sha256: bytes, now: TimeUs) -> Account | None:
        """Whose code it is; None for one that is unknown, used or too old."""
        row = self._sql.row(_BY_RESET, hash=sha256, now=now)
        return account_of(row) if row else None

    def forget_reset(self, account_id: AccountId) -> None:
        """No code gives it a new password."""
        self._sql.run(_DELETE_RESET, account=account_id)

    def set_role(self, account_id: AccountId, role: Role) -> None:
        """Make it an administrator, or an ordinary account again."""
        self._change(_SET_ROLE, account=account_id, new_role=role.value)

    def knows(self, account_id: AccountId, source: str) -> bool:
        """Whether it has signed in from there."""
        return self._sql.row(_KNOWS, account=account_id, from_source=source) is not None

    def remember(self, account_id: AccountId, source: str, now: TimeUs, most: int) -> None:
        """It has just signed in from there.

        Raises:
            NotFoundError
        """
        try:
            self._sql.run(_REMEMBER, account_id=account_id, source=source, seen_us=now)
        except ConflictError:
            raise _gone(account_id) from None
        self._sql.run(_FORGET_OLD, account=account_id, most=most)

    def forget_sources(self, account_id: AccountId) -> None:
        """It has signed in from nowhere."""
        self._sql.run(_FORGET_SOURCES, account=account_id)

    def seen(self, account_ids: Sequence[AccountId]) -> dict[AccountId, TimeUs]:
        """When each was here last; those who never were are not in it."""
        return {AccountId(each): TimeUs(last) for each, last in self._sql.rows(_SEEN, ids=json.dumps(account_ids))}

    def all(self) -> Sequence[Account]:
        """All of them, by case-folded name."""
        return [account_of(row) for row in self._sql.rows(_ALL)]

    def delete(self, account_id: AccountId) -> None:
        """Remove it; its sessions go and its drives lose their owner, by the tables' foreign keys."""
        self._sql.run(_DELETE, account=account_id)

    def _change(self, statement: Statement, **values: object) -> None:
        if not self._sql.run(statement, **values):
            raise _gone(values["account"])


def _gone(account_id: object) -> NotFoundError:
    return NotFoundError(f"There is no account {account_id}")
