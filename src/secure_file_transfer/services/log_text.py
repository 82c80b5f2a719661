"""An event of the log as others read it: as JSON, and as one line of text."""

from datetime import UTC, datetime, timedelta
from typing import Any

from secure_file_transfer.paths import escaped
from secure_file_transfer.ports import LogRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIELDS = ("number", "time", "severity", "category", "kind", "actor", "address", "door", "text", "target", "session",
          "request")  # fmt: skip
"""Of an event, in the order of its columns."""


def moment(at_us: int) -> datetime:
    """The time as such, in UTC."""
    return _EPOCH + timedelta(microseconds=at_us)


def record_json(record: LogRecord) -> dict[str, Any]:
    """Everything there is of an event, by the names of `FIELDS`; nothing in it moves a terminal."""
    number, event = record
    return {
        "number": number,
        "time": moment(event.at_us).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "severity": event.severity.value,
        "category": event.category.value,
        "kind": escaped(event.kind),
        "actor": escaped(event.actor),
        "address": escaped(event.address),
        "door": escaped(event.door),
        "text": escaped(event.text),
        "target": escaped(event.target),
        "session": event.session,
        "request": escaped(event.request),
    }
