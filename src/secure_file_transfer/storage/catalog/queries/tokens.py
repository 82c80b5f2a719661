"""API tokens, by account and by the hash of their text."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam

from ....errors import ConflictError, NotFoundError
from ....model import Account, AccountId, ApiToken, Scope, TimeUs, TokenId
from ..sql import Row, Sql, Statement
from ..tables import accounts, api_tokens
from .accounts import COLUMNS as ACCOUNT_COLUMNS
from .accounts import account_of

_COLUMNS = (
    api_tokens.c.id,
    api_tokens.c.account_id,
    accounts.c.name,
    api_tokens.c.name,
    api_tokens.c.scopes,
    api_tokens.c.path,
    api_tokens.c.created_us,
    api_tokens.c.expires_us,
    api_tokens.c.seen_us,
    api_tokens.c.address,
)
_OWNED = api_tokens.join(accounts)
_THIS = api_tokens.c.id == bindparam("token")
_OF_ACCOUNT = api_tokens.c.account_id == bindparam("account")
_LISTED = sa.select(*_COLUMNS).select_from(_OWNED).order_by(api_tokens.c.id).limit(bindparam("most"))
_BOTH = sa.select(*_COLUMNS, *ACCOUNT_COLUMNS).select_from(_OWNED)
_INSERT = Statement(
    sa.insert(api_tokens)
    .values({each.name: bindparam(each.name) for each in api_tokens.c if each.name not in {"id", "seen_us"}})
    .returning(api_tokens.c.id)
)
_GET = Statement(_BOTH.where(_THIS))
_BY_HASH = Statement(_BOTH.where(api_tokens.c.token_hash == bindparam("hash")))
_ALL = Statement(_LISTED)
_OF = Statement(_LISTED.where(_OF_ACCOUNT))
_TOUCH = Statement(sa.update(api_tokens).where(_THIS).values(seen_us=bindparam("seen"), address=bindparam("from")))
_DELETE = Statement(sa.delete(api_tokens).where(_THIS))
_DELETE_OF = Statement(sa.delete(api_tokens).where(_OF_ACCOUNT))
_DELETE_EXPIRED = Statement(sa.delete(api_tokens).where(api_tokens.c.expires_us <= bindparam("now")))
_KNOWN = frozenset(Scope)


class Tokens:
    """See `ports.Tokens`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def create(
        self,
        account_id: AccountId,
        token_hash: bytes,
        name: str,
        scopes: Iterable[Scope],
        path: str,
        now: TimeUs,
        expires: TimeUs | None,
    ) -> TokenId:
        """A new token.

        Raises:
            NotFoundError: there is no such account.
        """
        try:
            ((token_id,),) = self._sql.rows(
                _INSERT,
                account_id=account_id,
                token_hash=token_hash,
                name=name,
                scopes=" ".join(sorted(scopes)),
                path=path,
                created_us=now,
                expires_us=expires,
                address="",
            )
        except ConflictError:
            raise NotFoundError(f"There is no account {account_id}") from None
        return TokenId(token_id)

    def get(self, token_id: TokenId) -> tuple[ApiToken, Account] | None:
        """The token and its account, whether or not it has expired: the caller knows what time it is."""
        row = self._sql.row(_GET, token=token_id)
        return _both(row) if row else None

    def by_hash(self, token_hash: bytes) -> tuple[ApiToken, Account] | None:
        """The same, by the hash of its text."""
        row = self._sql.row(_BY_HASH, hash=token_hash)
        return _both(row) if row else None

    def of(self, account_id: AccountId | None, limit: int) -> Sequence[ApiToken]:
        """Those of an account, or of everybody, the oldest first."""
        rows = (
            self._sql.rows(_ALL, most=limit)
            if account_id is None
            else self._sql.rows(_OF, account=account_id, most=limit)
        )
        return [_token(row) for row in rows]

    def touch(self, token_id: TokenId, address: str, now: TimeUs) -> None:
        """It was just used, from there."""
        self._sql.run(_TOUCH, token=token_id, seen=now, **{"from": address})

    def delete(self, token_id: TokenId) -> None:
        """End it. One that has ended already is fine."""
        self._sql.run(_DELETE, token=token_id)

    def delete_of(self, account_id: AccountId) -> int:
        """End all tokens of an account; returns how many."""
        return self._sql.run(_DELETE_OF, account=account_id)

    def delete_expired(self, now: TimeUs) -> int:
        """Remove those whose time is up; returns how many."""
        return self._sql.run(_DELETE_EXPIRED, now=now)


def _token(row: Row) -> ApiToken:
    id_, account_id, account, name, scopes, *rest = row
    # A scope of a newer version of this program gives nothing here.
    known = frozenset(Scope(each) for each in scopes.split() if each in _KNOWN)
    return ApiToken(id_, account_id, account, name, known, *rest)


def _both(row: Row) -> tuple[ApiToken, Account]:
    return _token(row[: len(_COLUMNS)]), account_of(row[len(_COLUMNS) :])
