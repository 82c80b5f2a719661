"""What `--json` prints: the members of docs/protocol.md, so that scripts read commands and the API alike."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ...model import Entry, Kind
from .failures import UsageError
from .terminal import out, safe

_TIME = re.compile(r"([1-9][0-9]{0,5})(s|m|h|d|w|y)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_value(moment_us: int | None) -> str | None:
    """RFC 3339 in UTC with microseconds."""
    if moment_us is None:
        return None
    return f"{_EPOCH + timedelta(microseconds=moment_us):%Y-%m-%dT%H:%M:%S.%fZ}"


def seconds_of(text: str) -> int:
    """How long, as people write it: `90d`, `12h`, `30m`.

    Raises:
        ValueError
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError("a time is needed, such as 30m, 12h or 90d")
    return int(found[1]) * _SECONDS[found[2]]


def moment_of(text: str | None, option: str) -> int | None:
    """Microseconds since 1970: how long ago, a date, or a date and time; without a zone it is that of this computer.

    Raises:
        UsageError: it is none of these; `option` is where it was given.
    """
    if text is None:
        return None
    try:
        if re.fullmatch(r"[0-9]+[a-z]", text):
            return int((datetime.now(UTC).timestamp() - seconds_of(text)) * 1_000_000)
        return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{option} {safe(text)!r} is no time", hint="Such as 2h, 7d, 2026-11-01 or 2026-11-01T09:30."
        ) from None


def entry_value(entry: Entry) -> dict[str, Any]:
    """An Entry."""
    return {
        "path": entry.path,
        "name": entry.name,
        "kind": "folder" if entry.kind is Kind.FOLDER else "file",
        "size": entry.size,
        "modified": time_value(entry.modified_us),
        "created": time_value(entry.created_us),
        "sha256": entry.sha256.hex() if entry.sha256 else None,
        "etag": entry.etag,
    }


def text_of(value: object) -> str:
    """One line of JSON; names stay readable."""
    return json.dumps(value, ensure_ascii=False)


def print_json(value: object) -> None:
    """One JSON document."""
    out(json.dumps(value, ensure_ascii=False, indent=2))
