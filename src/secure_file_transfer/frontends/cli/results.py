"""What became of many items: told while they happen, counted at the end."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import SessionEndedError
from ...paths import display
from .failures import SOME_FAILED, is_hopeless, report_error
from .terminal import note

if TYPE_CHECKING:
    from ...client import Transferred
    from ...errors import SecureFileTransferError

_TOLD_MAX = 10
"""Failures and remarks after which only their number is told."""

_TOLD_ONCE = frozenset({"maintenance", "server_full", "shutting_down"})


@dataclass
class Tally:
    """The items of one command."""

    quiet: bool = False
    files: int = 0
    size: int = 0
    skipped: int = 0
    failed: "list[Transferred]" = field(default_factory=list)
    values: list[dict[str, Any]] = field(default_factory=list)
    """What `--json` prints."""
    read_back: int = 0
    _remarks: int = 0
    _told: int = 0
    _last: str = ""

    def add(self, result: "Transferred") -> None:
        """One more item is finished. Called in the event loop."""
        self.values.append(_value(result))
        if result.error is not None:
            self.failed.append(result)
            self._tell(result.error)
        elif result.outcome == "skipped":
            self.skipped += 1
            if result.reason:
                self._remark(f"skipped {display(str(result.local))}: {result.reason}")
        else:
            self.files += 1
            self.read_back += result.read_back
            self.size += result.entry.size if result.entry is not None else 0

    def _tell(self, error: "SecureFileTransferError") -> None:
        """What an operator decided for the whole server is not told again for each item."""
        again = error.code in _TOLD_ONCE and str(error) == self._last
        if self._told < _TOLD_MAX and not again:
            report_error(error)
            self._told += 1
            self._last = str(error)

    @property
    def all_read_back(self) -> bool:
        """Whether every file that went was compared with what the server has stored."""
        return 0 < self.files == self.read_back

    def _remark(self, text: str) -> None:
        self._remarks += 1
        if self._remarks <= _TOLD_MAX:
            note(text, quiet=self.quiet)

    def renamed(self, source: str, target: str) -> None:
        """An item lies under another name than the one that was asked for."""
        self._remark(f"{display(source)} is now {display(target)}")

    def finish(self) -> int:
        """Tell what was too much to tell; returns the exit code.

        1 if some failed; if all of them failed in the same way, the exit code of that failure.
        """
        more = len(self.failed) - self._told
        if more > 0:
            note(f"… and {more:,} more failed")
        if self._remarks > _TOLD_MAX:
            note(f"… and {self._remarks - _TOLD_MAX:,} more were skipped or renamed", quiet=self.quiet)
        errors = [result.error for result in self.failed if result.error is not None]
        if not errors:
            return 0
        for error in errors:
            if isinstance(error, SessionEndedError):  # whatever else went wrong: somebody meant it
                return error.row.exit
        same = len({error.code for error in errors}) == 1
        alone = self.files + self.skipped + len(errors) == 1
        if same and (alone or (is_hopeless(errors[0]) and not self.files)):
            return errors[0].row.exit
        return SOME_FAILED


def _value(result: "Transferred") -> dict[str, Any]:
    value: dict[str, Any] = {"local": str(result.local), "remote": result.remote, "outcome": result.outcome}
    if result.entry is not None and result.outcome != "failed":
        value["size"] = result.entry.size
        value["sha256"] = result.entry.sha256.hex() if result.entry.sha256 else None
    if result.read_back:
        value["read_back"] = True
    if result.error is not None:
        value["error"] = {"code": result.error.code, "message": str(result.error), "hint": result.error.hint}
    if result.reason:
        value["reason"] = result.reason
    return value
