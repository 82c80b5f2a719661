"""Who follows a long operation on a drive: hears how far it is, may stop it, and is there when its result appears."""

from collections.abc import Mapping
from typing import Any

from secure_file_transfer.model import Entry
from secure_file_transfer.ports import CatalogTx


class Watch:
    """This one lets everything pass; jobs have another."""

    @property
    def copied(self) -> str | None:
        """Of a move between drives that was cut: where the copy is that it has made already."""
        return None

    @property
    def patient(self) -> bool:
        """Whether it has a thread of its own, so that it need not make room for what the doors do."""
        return False

    def step(self, size: int = 0, items: int = 0) -> None:
        """So much more is done. Never within a transaction. Raises when it must go no further."""

    def published(self, tx: CatalogTx, entry: Entry, *, last: bool = True) -> None:
        """In the transaction that makes the result visible; `last` when nothing is left to do after it.

        Raises when it must not be: nothing of it happens then. May be run again, as all that is done in transactions.
        """

    def note(self, tx: CatalogTx, place: Mapping[str, Any]) -> None:
        """In the transaction of a step after which a restart has to go on elsewhere. Must not raise."""


UNWATCHED = Watch()
