"""How long what was deleted, and what was replaced, can come back; and who did it."""

from dataclasses import dataclass

from secure_file_transfer.model import AccountId, TimeUs

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Keeping:
    """Days for which what was deleted stays in the trash; how many earlier versions a file has, and for how many days.

    With 0 days, or 0 versions, nothing of it is kept.
    """

    trash_days: int = 0
    versions: int = 0
    version_days: int = 0

    @property
    def keeps_versions(self) -> bool:
        """Whether a file that is replaced keeps what it was."""
        return self.versions > 0 and self.version_days > 0

    def trash_ends(self, deleted_us: TimeUs) -> TimeUs:
        """When something that was deleted then goes for good."""
        return TimeUs(deleted_us + self.trash_days * _DAY_US)

    def trash_before(self, now: TimeUs) -> TimeUs:
        """What was deleted before that time goes now."""
        return TimeUs(now - self.trash_days * _DAY_US)

    def version_ends(self, kept_us: TimeUs) -> TimeUs:
        """When a version that was replaced then goes."""
        return TimeUs(kept_us + self.version_days * _DAY_US)

    def versions_before(self, now: TimeUs) -> TimeUs:
        """What was replaced before that time goes now."""
        return TimeUs(now - self.version_days * _DAY_US)


NOTHING = Keeping()
"""What is deleted or replaced is gone."""


@dataclass(frozen=True, slots=True)
class By:
    """Who does it: a name to show, and the account, where there is one."""

    name: str = ""
    account_id: AccountId | None = None


NOBODY = By()
