"""Single values of the server's answers, checked. Every reader here raises ProtocolViolationError."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..errors import InvalidRequestError, ProtocolViolationError
from ..model import TimeUs
from ..paths import display

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
PRINTABLE = re.compile(r"[\x21-\x7e]{1,1024}")


def violation(what: str) -> ProtocolViolationError:
    """What to raise when an answer is not what the protocol says."""
    return ProtocolViolationError(
        f"The server's answer is not valid: {what}",
        hint="Check the address; another program may be answering there.",
    )


def members(value: object, what: str) -> Mapping[str, Any]:
    """The members of an object."""
    if not isinstance(value, dict):
        raise violation(f"{what} is not an object")
    return value


def text_of(values: Mapping[str, Any], name: str) -> str:
    """A member that is a text."""
    value = values.get(name)
    if not isinstance(value, str):
        raise violation(f"'{name}' is not a text")
    return value


def whole(values: Mapping[str, Any], name: str) -> int:
    """A member that is a whole number, no larger than a catalog holds."""
    value = values.get(name)
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise violation(f"'{name}' is not a whole number")
    return value


def flag(values: Mapping[str, Any], name: str) -> bool:
    """A member that is true or false."""
    value = values.get(name)
    if not isinstance(value, bool):
        raise violation(f"'{name}' is not true or false")
    return value


def listed(value: object, name: str) -> list[Mapping[str, Any]]:
    """A member that is a list of objects."""
    items = members(value, "the answer").get(name)
    if not isinstance(items, list):
        raise violation(f"'{name}' is not a list")
    return [members(item, "an item of a list") for item in items]


def hex_digest(value: object) -> bytes:
    """A SHA-256, a block id or a key in hexadecimal digits."""
    if not isinstance(value, str) or not HEX_DIGEST.fullmatch(value):
        raise violation("a block id or key is not 64 hexadecimal digits")
    return bytes.fromhex(value)


def time_us(text: object) -> TimeUs:
    """Read an RFC 3339 time with its offset."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is not None and moment.tzinfo is not None:
            return TimeUs((moment - EPOCH) // timedelta(microseconds=1))
    except (ValueError, OverflowError):
        pass
    raise violation("a time is not in the form of RFC 3339")


def time_text(moment: TimeUs) -> str:
    """Write a time as the protocol does: RFC 3339, UTC, microseconds.

    Raises:
        InvalidRequestError: it lies outside the years 1 to 9999.
    """
    try:
        moment_utc = EPOCH + timedelta(microseconds=moment)
        return moment_utc.isoformat(timespec="microseconds").replace("+00:00", "Z")
    except OverflowError:
        raise InvalidRequestError("The modification time lies outside the calendar") from None


def plain(text: str) -> str:
    """A sentence of the server, without what could move a cursor or turn the direction of reading."""
    return display(text[:1000]).removesuffix("…")[1:-1]
