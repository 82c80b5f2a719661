"""What is written down of contents that come and go: an event for each transfer, with its size and how long it took."""

from collections.abc import Sequence

from secure_file_transfer.model import Category, Principal, Severity
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Written

from .audit import Audit

EACH_MAX = 20
"""Files of one batch that have an event each.

Of more there is one for all: a batch of a thousand small files takes less time than a thousand events would.
"""


class Writing:
    """A file on its way in, since now."""

    def __init__(self, audit: Audit, who: Principal) -> None:
        self._audit = audit
        self._who = who
        self._began = audit.seconds()

    def done(self, written: Written) -> None:
        """It is there."""
        _written(self._audit, self._who, written, self._audit.seconds() - self._began)


class Reading:
    """A content on its way out, since now."""

    def __init__(self, audit: Audit, who: Principal, path: RemotePath) -> None:
        self._audit = audit
        self._who = who
        self._path = str(path)
        self._began = audit.seconds()
        self._asked = self._got = 0

    def asked(self, length: int) -> None:
        """So many bytes are wanted."""
        self._asked += length

    def got(self, count: int) -> None:
        """So many were handed out."""
        self._got += count

    def done(self) -> None:
        """That was all, or all that there will be."""
        if not self._asked:
            return
        took = _took(self._audit.seconds() - self._began)
        if self._got >= self._asked:
            kind, text = "file.downloaded", f"{display(self._path)} was fetched: {self._got:,} bytes{took}"
        else:
            kind = "file.download-cut"
            text = f"{display(self._path)} was fetched in part: {self._got:,} of {self._asked:,} bytes{took}"
        self._asked = 0
        self._audit.record(Category.TRANSFER, kind, text, target=self._path, who=self._who)


def written_many(audit: Audit, who: Principal, results: Sequence[object], began: float) -> None:
    """A batch of files is there, or what of it could be."""
    written = [each for each in results if isinstance(each, Written) and each.outcome != "skipped"]
    seconds = audit.seconds() - began
    if len(written) <= EACH_MAX:
        for each in written:
            _written(audit, who, each, seconds)
    else:
        size = sum(each.entry.size for each in written)
        text = f"{len(written):,} small files were stored together: {size:,} bytes{_took(seconds)}"
        _many(audit, who, "files.stored", text, [each.entry.path for each in written])
    if failed := sum(isinstance(each, Exception) for each in results):
        text = f"{failed:,} of {len(results):,} files were not stored"
        audit.record(Category.TRANSFER, "files.refused", text, severity=Severity.WARNING, who=who)


def read_many(audit: Audit, who: Principal, paths: Sequence[str], size: int, count: int, began: float) -> None:
    """Small files were fetched together."""
    text = f"{count:,} small files were fetched together: {size:,} bytes{_took(audit.seconds() - began)}"
    if len(paths) == 1:
        text = f"{display(paths[0])} was fetched: {size:,} bytes"
    _many(audit, who, "files.downloaded", text, paths)


def _many(audit: Audit, who: Principal, kind: str, text: str, paths: Sequence[str]) -> None:
    """`target` begins with the folder that holds them all, and names the first."""
    shown = ", ".join(paths[:EACH_MAX]) + (" …" if len(paths) > EACH_MAX else "")
    audit.record(Category.TRANSFER, kind, text, target=shown, who=who)


def _written(audit: Audit, who: Principal, written: Written, seconds: float) -> None:
    if written.outcome == "skipped":
        return
    entry = written.entry
    verb = "stored" if written.outcome == "created" else "replaced"
    text = f"{display(entry.path)} was {verb}: {entry.size:,} bytes{_took(seconds)}"
    audit.record(Category.TRANSFER, f"file.{written.outcome}", text, target=entry.path, who=who)


def _took(seconds: float) -> str:
    return f" in {seconds:.1f} s" if seconds >= 0.05 else ""
