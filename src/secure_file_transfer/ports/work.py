"""Long operations in the catalog."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ..model import AccountId, Job, JobId, TimeUs, TokenId


class Jobs(Protocol):
    """Jobs. They go with their account."""

    def create(
        self, account_id: AccountId, token_id: TokenId | None, kind: str, what: Mapping[str, Any], now: TimeUs
    ) -> JobId:
        """A new one that waits. Raises NotFoundError when there is no such account."""

    def get(self, job_id: JobId) -> Job | None: ...
    def of(self, account_id: AccountId | None, limit: int) -> Sequence[Job]:
        """Those of an account, or of everybody, the newest first; at most `limit`."""

    def of_token(self, token_id: TokenId, limit: int) -> Sequence[Job]:
        """Those that were begun with a token, the newest first, whether or not the token is still there."""

    def unended(self) -> Sequence[Job]:
        """All that have not ended, the oldest first."""

    def count_unended(self, account_id: AccountId) -> int: ...
    def save(self, job: Job) -> None:
        """Write all of it that changes: not whose it is, nor what was asked for. One that is gone stays gone."""

    def delete(self, job_id: JobId) -> None: ...
    def trim(self, account_id: AccountId, keep: int) -> int:
        """Forget those of an account that have ended, but for the newest `keep` of all its jobs; returns how many."""

    def delete_ended(self, before: TimeUs, limit: int) -> int:
        """Forget up to `limit` of those that ended at that time or before; returns how many."""
