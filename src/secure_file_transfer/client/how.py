"""How one call of the library wants its files to travel: said once, checked once, and handed down whole."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from ..errors import InvalidRequestError
from ..model import Compression, Conflict
from ..paths import display
from ..transfer.queue import urgency
from .control import TransferControl

UPLOAD_CONFLICTS = (Conflict.OVERWRITE, Conflict.SKIP, Conflict.RENAME, Conflict.NEWER)
TRANSFER_CONFLICTS = (*UPLOAD_CONFLICTS, Conflict.RESUME)
"""What transfers of files offer. `resume` is made of other requests, so no request knows the word."""
LEVELS = range(1, 10)
LEVEL = 3
"""What zstd takes by default: text to a quarter, at some 300 MB/s here."""


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


def priority_field(priority: int | None) -> dict[str, str]:
    """The header that tells a server how urgent a request is (RFC 9218)."""
    return {} if priority is None else {"Priority": f"u={urgency(priority)}"}


@dataclass(frozen=True, slots=True)
class How:
    """The choices of one call. Whoever does a part of the work finds them here, so a new choice is one more field."""

    conflict: Conflict = Conflict.OVERWRITE
    parents: bool = False
    control: TransferControl = field(default_factory=TransferControl)
    """Also of calls that nobody steers: it holds their priority."""
    compress: Compression = Compression.AUTO
    level: int = LEVEL
    read_back: bool = False

    @classmethod
    def asked(
        cls,
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
        parents: bool = False,
        priority: int | None = None,
        control: TransferControl | None = None,
        compress: Compression | str = Compression.AUTO,
        level: int = LEVEL,
        read_back: bool = False,
    ) -> Self:
        """What a caller asked for. A `priority` is the control's from now on.

        Raises:
            InvalidRequestError: it is not to be had.
        """
        if compress not in set(Compression):
            raise InvalidRequestError(
                f"{display(str(compress))} is no way to compress",
                hint="Use " + ", ".join(known.value for known in Compression) + ".",
            )
        if level not in LEVELS:
            raise InvalidRequestError(f"There is no compression level {level}", hint="Use 1 (fast) to 9 (small).")
        control = TransferControl() if control is None else control
        if priority is not None:
            control.priority = priority
        return cls(choice(conflict, TRANSFER_CONFLICTS), parents, control, Compression(compress), level, read_back)

    @property
    def headers(self) -> dict[str, str]:
        """What every request of the call tells the server."""
        return priority_field(self.control.priority)

    @property
    def resumes(self) -> bool:
        """Whether what is there already is to be looked at first."""
        return self.conflict is Conflict.RESUME

    @property
    def word(self) -> Conflict:
        """The conflict choice of the request that stores a file in the end."""
        return Conflict.OVERWRITE if self.resumes else self.conflict

    @property
    def passes(self) -> int:
        """How often each byte moves."""
        return 2 if self.read_back else 1

    @property
    def once(self) -> bool:
        """Whether doing it a second time, because the answer was lost, would do something else."""
        return self.conflict is Conflict.RENAME
