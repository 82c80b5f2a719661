"""Second factors: what makes the codes of an account, which was used last, and its recovery codes."""

import json
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects.sqlite import insert

from ....errors import ConflictError, NotFoundError
from ....model import AccountId
from ....ports import Factor
from ..sql import Sql, Statement
from ..tables import factors, recovery_codes

_THIS = factors.c.account_id == bindparam("account")
_GET = Statement(sa.select(factors.c.account_id, factors.c.salt, factors.c.confirmed, factors.c.last_step).where(_THIS))
_ADD = insert(factors).values({each.name: bindparam(each.name) for each in factors.c})
_BEGIN = Statement(
    _ADD.on_conflict_do_update(
        index_elements=["account_id"], set_={each.name: _ADD.excluded[each.name] for each in factors.c}
    )
)
_USE_STEP = Statement(
    sa.update(factors)
    .where(_THIS, factors.c.last_step < bindparam("step"))
    .values(last_step=bindparam("step"), confirmed=1)
)
_DELETE = Statement(sa.delete(factors).where(_THIS))
_CODES = recovery_codes.c.account_id == bindparam("account")
_ADD_CODE = Statement(sa.insert(recovery_codes).values({each.name: bindparam(each.name) for each in recovery_codes.c}))
_USE_CODE = Statement(sa.delete(recovery_codes).where(_CODES, recovery_codes.c.code_hash == bindparam("hashed")))
_DELETE_CODES = Statement(sa.delete(recovery_codes).where(_CODES))
_CONFIRMED = Statement(
    sa.select(factors.c.account_id).where(
        factors.c.confirmed != 0,
        factors.c.account_id.in_(sa.select(sa.func.json_each(bindparam("ids")).table_valued("value").c.value)),
    )
)
_COUNT = Statement(sa.select(sa.func.count()).select_from(recovery_codes).where(_CODES))


class Factors:
    """See `ports.Factors`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def get(self, account_id: AccountId) -> Factor | None:
        """The factor of an account, whether confirmed or not."""
        row = self._sql.row(_GET, account=account_id)
        return Factor(row[0], row[1], bool(row[2]), row[3]) if row else None

    def begin(self, account_id: AccountId, salt: bytes) -> None:
        """A new one in place of any other, not confirmed yet.

        Raises:
            NotFoundError: there is no such account.
        """
        try:
            self._sql.run(_BEGIN, account_id=account_id, salt=salt, confirmed=0, last_step=0)
        except ConflictError:
            raise NotFoundError(f"There is no account {account_id}") from None

    def use_step(self, account_id: AccountId, step: int) -> bool:
        """A code of that step of time was right: the factor is confirmed. False if one as late was used before."""
        return bool(self._sql.run(_USE_STEP, account=account_id, step=step))

    def set_codes(self, account_id: AccountId, hashes: Sequence[bytes]) -> None:
        """Put these recovery codes in place of all others."""
        self._sql.run(_DELETE_CODES, account=account_id)
        for each in hashes:
            self._sql.run(_ADD_CODE, account_id=account_id, code_hash=each)

    def use_code(self, account_id: AccountId, code_hash: bytes) -> bool:
        """Use a recovery code up. False if there is none such."""
        return bool(self._sql.run(_USE_CODE, account=account_id, hashed=code_hash))

    def codes_left(self, account_id: AccountId) -> int:
        """How many recovery codes there are."""
        row = self._sql.row(_COUNT, account=account_id)
        return int(row[0]) if row else 0

    def confirmed(self, account_ids: Sequence[AccountId]) -> set[AccountId]:
        """Which of them have one that counts."""
        return {AccountId(number) for (number,) in self._sql.rows(_CONFIRMED, ids=json.dumps(account_ids))}

    def delete(self, account_id: AccountId) -> None:
        """No second factor any more, and no recovery codes."""
        self._sql.run(_DELETE, account=account_id)
        self._sql.run(_DELETE_CODES, account=account_id)
