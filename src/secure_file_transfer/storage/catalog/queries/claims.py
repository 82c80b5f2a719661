"""Claims on blocks: who sent which lately."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects.sqlite import insert

from ....model import AccountId, BlockId, DriveId, TimeUs
from ..sql import Sql, Statement
from ..tables import blocks, claims

_ACCOUNT = bindparam("account", type_=sa.Integer)
_EXPIRES = bindparam("expires", type_=sa.Integer)
_NUMBER = sa.select(blocks.c.num).where(blocks.c.id == bindparam("block"))
_ADD = Statement(
    insert(claims)
    .from_select(
        ["account_id", "block_num", "expires_us"],
        sa.select(_ACCOUNT, blocks.c.num, _EXPIRES).where(blocks.c.id == bindparam("block")),
    )
    .on_conflict_do_update(
        index_elements=["account_id", "block_num"],
        set_={"expires_us": sa.func.max(claims.c.expires_us, sa.literal_column("excluded.expires_us"))},
    )
)
_OWN = (
    sa.exists()
    .where(claims.c.block_num == blocks.c.num, claims.c.account_id == _ACCOUNT)
    .where(claims.c.expires_us > bindparam("now"))
)
_CLAIMABLE = Statement(
    sa.select(blocks.c.length).where(
        blocks.c.id == bindparam("block"),
        blocks.c.drive_id == bindparam("drive"),
        sa.or_(blocks.c.refs > sa.text("0"), _OWN),
    )
)
_HELD = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(blocks.c.length), 0))
    .select_from(claims.join(blocks))
    .where(claims.c.account_id == _ACCOUNT, claims.c.expires_us > bindparam("now"), blocks.c.refs == sa.text("0"))
)
_SHORTEN = Statement(
    sa.update(claims)
    .where(claims.c.account_id == _ACCOUNT, claims.c.block_num == _NUMBER.scalar_subquery())
    .where(claims.c.expires_us > _EXPIRES)
    .values(expires_us=_EXPIRES)
)
_EXPIRED = Statement(
    sa.select(claims.c.account_id, claims.c.block_num)
    .where(claims.c.expires_us <= bindparam("now"))
    .order_by(claims.c.expires_us)
    .limit(bindparam("most", type_=sa.Integer))
)
_DELETE = Statement(sa.delete(claims).where(claims.c.account_id == _ACCOUNT, claims.c.block_num == bindparam("num")))


class Claims:
    """See `ports.Claims`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def add(self, account_id: AccountId, block_ids: Sequence[BlockId], expires: TimeUs) -> None:
        """Let the account name these until then.

        Raises:
            ConflictError: there is no such account.
        """
        self._sql.many(_ADD, ({"account": account_id, "block": each, "expires": expires} for each in block_ids))

    def claimable(
        self, account_id: AccountId, drive_id: DriveId, block_ids: Sequence[BlockId], now: TimeUs
    ) -> dict[BlockId, int]:
        """Those that a version of the drive names, or that the account has a claim on; their lengths."""
        found: dict[BlockId, int] = {}
        for each in block_ids:
            row = self._sql.row(_CLAIMABLE, block=each, drive=drive_id, account=account_id, now=now)
            if row is not None:
                found[each] = row[0]
        return found

    def held(self, account_id: AccountId, now: TimeUs) -> int:
        """Bytes of the blocks that only the account's claims keep."""
        ((size,),) = self._sql.rows(_HELD, account=account_id, now=now)
        return int(size)

    def shorten(self, account_id: AccountId, block_ids: Sequence[BlockId], expires: TimeUs) -> None:
        """Let the account's claims on these end then, if not before."""
        self._sql.many(_SHORTEN, ({"account": account_id, "block": each, "expires": expires} for each in block_ids))

    def delete_expired(self, now: TimeUs, limit: int) -> int:
        """Forget up to `limit` claims that have ended."""
        ended = self._sql.rows(_EXPIRED, now=now, most=limit)
        return self._sql.many(_DELETE, ({"account": account_id, "num": num} for account_id, num in ended))
