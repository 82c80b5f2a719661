"""The rules of RFC 9110 for conditional requests (section 13) and byte ranges (section 14). Pure.

Entity tags are handed about without their quotes, except where a client may send weak ones.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime

from ...errors import InvalidRequestError, PreconditionFailedError, RangeNotSatisfiableError
from ...model import Entry, TimeUs
from ...ports import Expectation
from .schemas import as_datetime

_SECOND_US = 1_000_000
_TAG = re.compile(rb'[ \t]*(?P<weak>W/)?"(?P<tag>[\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?P<end>,|$)')
_RANGE = re.compile(rb"[ \t]*(?P<first>[0-9]{0,19})-(?P<last>[0-9]{0,19})[ \t]*")
TAGS_MAX = 100
"""More tags than any client has versions of one file."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One entity tag of a condition."""

    value: str
    weak: bool


def http_date(when: TimeUs) -> str:
    """An IMF-fixdate, in whole seconds, rounded down: the file is never younger than it claims."""
    return format_datetime(as_datetime(when).replace(microsecond=0), usegmt=True)


def _seconds(value: bytes | None) -> int | None:
    """A date field in seconds since the epoch; one that cannot be read counts as absent (13.1.3, 13.1.4)."""
    if value is None:
        return None
    try:
        when = parsedate_to_datetime(value.decode("ascii"))
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def parse_tags(value: bytes | None) -> tuple[Tag, ...] | None:
    """The tags of `If-Match` or `If-None-Match`; `*` is the one tag `*`. None when there is no such field.

    Raises:
        InvalidRequestError: malformed, or more than `TAGS_MAX`. A condition that is dropped quietly loses updates.
    """
    if value is None:
        return None
    if value.strip(b" \t") == b"*":
        return (Tag("*", weak=False),)
    tags: list[Tag] = []
    at, more = 0, True
    while more:
        match = _TAG.match(value, at)
        if match is None or len(tags) == TAGS_MAX:
            raise InvalidRequestError(
                "The entity tags of the condition cannot be read", hint='Send If-Match: "tag", with the quotes, or *.'
            )
        tags.append(Tag(match["tag"].decode("latin-1"), weak=match["weak"] is not None))
        at, more = match.end(), bool(match["end"])
    return tuple(tags)


def expectation(headers: Mapping[bytes, bytes]) -> Expectation:
    """What a write demands of what is there now.

    `If-Match` compares strongly (13.1.1): a weak tag never matches, so it is left out and an empty tuple remains.

    Raises:
        InvalidRequestError: malformed, or a date condition, which is too coarse to guard a write.
    """
    if b"if-unmodified-since" in headers:
        raise InvalidRequestError("A write cannot be guarded by a date", hint="Use If-Match with the file's ETag.")
    match, none_match = parse_tags(headers.get(b"if-match")), parse_tags(headers.get(b"if-none-match"))
    return Expectation(
        match=None if match is None else tuple(tag.value for tag in match if not tag.weak),
        none_match=None if none_match is None else tuple(tag.value for tag in none_match),
    )


def _named(tags: tuple[Tag, ...], entry: Entry, *, strong: bool) -> bool:
    return any(tag.value == "*" or (tag.value == entry.etag and not (strong and tag.weak)) for tag in tags)


def not_modified(headers: Mapping[bytes, bytes], entry: Entry) -> bool:
    """Whether the answer to a `GET` or `HEAD` is 304, in the order of RFC 9110, 13.2.2.

    Raises:
        PreconditionFailedError: `If-Match` or `If-Unmodified-Since` does not hold.
        InvalidRequestError: a condition that cannot be read.
    """
    modified = entry.modified_us // _SECOND_US
    match = parse_tags(headers.get(b"if-match"))
    if match is not None:
        if not _named(match, entry, strong=True):
            raise PreconditionFailedError(hint="The file has changed; read it anew.")
    else:
        unmodified_since = _seconds(headers.get(b"if-unmodified-since"))
        if unmodified_since is not None and modified > unmodified_since:
            raise PreconditionFailedError(hint="The file has changed; read it anew.")
    none_match = parse_tags(headers.get(b"if-none-match"))
    if none_match is not None:
        return _named(none_match, entry, strong=False)
    modified_since = _seconds(headers.get(b"if-modified-since"))
    return modified_since is not None and modified <= modified_since


def _if_range_holds(value: bytes, entry: Entry) -> bool:
    """Whether the range may be sent (13.1.5): the same strong tag, or exactly the same date."""
    if value.startswith((b'"', b"W/")):
        return value == b'"' + entry.etag.encode("latin-1", "replace") + b'"'
    return _seconds(value) == entry.modified_us // _SECOND_US


def wanted_range(headers: Mapping[bytes, bytes], entry: Entry) -> tuple[int, int] | None:
    """The (offset, length) that a `GET` asks for; None for the whole file.

    An unknown unit is ignored (14.2), as is a range whose `If-Range` does not hold.

    Raises:
        RangeNotSatisfiableError: malformed, several ranges (one request could ask for the file a thousand times
            over), or outside the file.
    """
    value = headers.get(b"range")
    if value is None:
        return None
    unit, _, spec = value.partition(b"=")
    if unit.strip(b" \t").lower() != b"bytes":
        return None
    condition = headers.get(b"if-range")
    if condition is not None and not _if_range_holds(condition, entry):
        return None
    match = _RANGE.fullmatch(spec)
    if match is None:
        raise RangeNotSatisfiableError(
            "The range cannot be read, or is not a single one", hint="Ask for one range, such as bytes=0-499."
        )
    first, last = match["first"], match["last"]
    offset, end = 0, entry.size
    if first:
        offset = int(first)
        if last:
            end = min(int(last) + 1, entry.size)
    else:
        offset = max(0, entry.size - int(last or b"0"))
    if offset >= end or (first and last and int(last) < int(first)):
        raise RangeNotSatisfiableError(
            f"The range lies outside the file, which has {entry.size} bytes", hint="Ask for bytes that are there."
        )
    return offset, end - offset
