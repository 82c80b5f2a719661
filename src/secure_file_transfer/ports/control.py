"""What the catalog keeps of what operators do to those who are connected: endings, bars and warnings."""

from collections.abc import Sequence
from typing import Protocol

from ..model import AccountId, Bar, SessionId, TimeUs, Warned, WarningId


class Endings(Protocol):
    """Why sessions were ended, so that whoever comes with one of them can be told."""

    def end(self, session_id: SessionId, reason: str, now: TimeUs, most: int) -> bool:
        """End a session and keep the reason; of all reasons the `most` latest stay. False: there is no such session."""

    def reason(self, session_id: SessionId) -> str | None: ...
    def reason_of_token(self, token_hash: bytes) -> str | None: ...
    def delete_before(self, moment: TimeUs) -> int:
        """Forget what was ended before; returns how many."""


class Bars(Protocol):
    """Who is shut out of new sign-ins."""

    def put(self, bar: Bar) -> None:
        """In place of one of the same kind and subject."""

    def all(self) -> Sequence[Bar]: ...
    def delete(self, kind: str, subject: str) -> None: ...
    def delete_expired(self, now: TimeUs) -> int: ...


class Warnings(Protocol):
    """Warnings of operators."""

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

    def get(self, warning_id: WarningId) -> Warned | None: ...
    def latest(self, limit: int) -> Sequence[Warned]:
        """The newest first."""

    def open(self, limit: int) -> Sequence[Warned]:
        """Those that nobody has acknowledged, the oldest first."""

    def acknowledge(self, warning_id: WarningId, now: TimeUs) -> bool:
        """False: it was already, or is not there."""

    def delete_before(self, moment: TimeUs) -> int:
        """Forget what was sent before; returns how many."""
