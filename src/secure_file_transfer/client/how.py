"""How one call of the library wants its files to travel: said once, checked once, and handed down whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ..errors import InvalidRequestError
from ..model import Conflict
from ..paths import display

UPLOAD_CONFLICTS = (Conflict.OVERWRITE, Conflict.SKIP, Conflict.RENAME, Conflict.NEWER)


def choice(conflict: Conflict | str, allowed: Sequence[Conflict]) -> Conflict:
    """One of the allowed ways to treat a taken name.

    Raises:
        InvalidRequestError: naming those that exist.
    """
    if conflict not in set(allowed):
        raise InvalidRequestError(
            f"{display(str(conflict))} is no way to treat a taken name here",
            hint="Use " + ", ".join(known.value for known in allowed) + ".",
        )
    return Conflict(conflict)


@dataclass(frozen=True, slots=True)
class How:
    """The choices of one call. Whoever does a part of the work finds them here, so a new choice is one more field."""

    conflict: Conflict = Conflict.OVERWRITE
    parents: bool = False
    priority: int = 0

    @classmethod
    def asked(cls, *, conflict: Conflict | str, parents: bool = False, priority: int = 0) -> Self:
        """What a caller asked for.

        Raises:
            InvalidRequestError: it is not to be had.
        """
        return cls(choice(conflict, UPLOAD_CONFLICTS), parents, priority)

    @property
    def once(self) -> bool:
        """Whether doing it a second time, because the answer was lost, would do something else."""
        return self.conflict is Conflict.RENAME
