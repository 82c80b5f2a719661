"""What is kept of what was deleted and replaced."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..model import AccountId, DriveId, Node, NodeId, TimeUs, Trashed, TrashId, VersionId


@dataclass(frozen=True, slots=True)
class Kept:
    """An earlier version, and how many bytes it has."""

    id: VersionId
    drive_id: DriveId
    size: int


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes and files of something in the trash; `whole` unless there was more than was looked at."""

    size: int
    files: int
    whole: bool = True


class Trash(Protocol):
    """What was deleted and can come back, see `model.Trashed`."""

    def put(
        self, node: Node, folder: str, seen: str, author: str, account_id: AccountId | None, now: TimeUs
    ) -> TrashId:
        """Take it out of the tree, with all that lies below: one row. Links to anything in it end.

        Raises:
            ConflictError: it is the root of a drive.
        """

    def get(self, trash_id: TrashId) -> Trashed | None: ...
    def list(self, drive_id: DriveId, before: TrashId | None, limit: int) -> Sequence[Trashed]:
        """What lies in the trash of a drive, what came last first; those that came before `before`."""

    def oldest(self, drive_id: DriveId, limit: int) -> Sequence[Trashed]:
        """The same, what came first first."""

    def take(self, trash_id: TrashId) -> None:
        """Forget that it lies there; its node is the caller's to relocate in the same transaction."""

    def drop(self, trash_id: TrashId) -> None:
        """It is removed for good: `Nodes.purge_batch` gives back the space."""

    def give_way(self, trash_id: TrashId, weight: Weight) -> None:
        """It is there no more for anybody, and makes room for so much until `due` names it and it is dropped."""

    def due(self, before: TimeUs, limit: int) -> Sequence[TrashId]:
        """Those that gave way, and those that were deleted before that time."""

    def of_drive(self, drive_id: DriveId, limit: int) -> Sequence[TrashId]:
        """All of a drive, also those that gave way."""

    def weigh(self, node_id: NodeId, limit: int) -> Weight:
        """Count what is in something that was deleted, looking at up to `limit` nodes."""

    def note(self, trash_id: TrashId, weight: Weight) -> None:
        """Remember what was counted."""

    def unweighed(self, limit: int) -> Sequence[Trashed]:
        """Those that nobody has counted yet."""

    def room(self, drive_id: DriveId) -> tuple[Weight, Weight]:
        """What gave way already, and what still could, as far as it was counted."""
