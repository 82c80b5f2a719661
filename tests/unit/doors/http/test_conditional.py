from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.doors.http.conditional import (
    TAGS_MAX,
    expectation,
    http_date,
    not_modified,
    parse_tags,
    wanted_range,
)
from secure_file_transfer.errors import InvalidRequestError, PreconditionFailedError, RangeNotSatisfiableError
from secure_file_transfer.model import Entry, Kind, TimeUs
from secure_file_transfer.ports import Expectation

NOON = TimeUs(int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()) * 1_000_000 + 999_999)
AT_NOON = "Sat, 21 Nov 2026 12:00:00 GMT"
BEFORE = "Sat, 21 Nov 2026 11:59:59 GMT"
AFTER = "Sat, 21 Nov 2026 12:00:01 GMT"


def entry(size: int = 10) -> Entry:
    return Entry("/a", "a", Kind.FILE, size, NOON, NOON, bytes(32), "tag")


def fields(**given: str) -> dict[bytes, bytes]:
    return {name.replace("_", "-").encode(): value.encode() for name, value in given.items()}


def test_dates_are_rounded_down_to_the_second() -> None:
    assert http_date(NOON) == AT_NOON


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        ("*", [("*", False)]),
        ('"a"', [("a", False)]),
        ('W/"a" , "b"', [("a", True), ("b", False)]),
        ('""', [("", False)]),
        ('"a,b"', [("a,b", False)]),
    ],
)
def test_tags_are_read(value: str, tags: list[tuple[str, bool]]) -> None:
    assert [(tag.value, tag.weak) for tag in parse_tags(value.encode()) or ()] == tags


@pytest.mark.parametrize(
    "value",
    ["", "a", '"a', 'a"', '"a" "b"', '"a",', ',"a"', '*, "a"', 'w/"a"', '"a\x01"', ",".join(['"a"'] * (TAGS_MAX + 1))],
)
def test_tags_that_cannot_be_read_are_refused_and_not_dropped(value: str) -> None:
    with pytest.raises(InvalidRequestError):
        parse_tags(value.encode())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (fields(), Expectation()),
        (fields(if_match='"a", W/"b"'), Expectation(match=("a",))),
        (fields(if_match='W/"b"'), Expectation(match=())),
        (fields(if_match="*"), Expectation(match=("*",))),
        (fields(if_none_match="*"), Expectation(none_match=("*",))),
        (fields(if_none_match='W/"b"'), Expectation(none_match=("b",))),
    ],
)
def test_what_a_write_expects(given: dict[bytes, bytes], expected: Expectation) -> None:
    assert expectation(given) == expected


def test_a_write_is_not_guarded_by_a_date() -> None:
    with pytest.raises(InvalidRequestError):
        expectation(fields(if_unmodified_since=AT_NOON))


# RFC 9110, 13.2.2: True is 304, False goes on, None is 412.
@pytest.mark.parametrize(
    ("given", "result"),
    [
        (fields(), False),
        (fields(if_match='"tag"'), False),
        (fields(if_match="*"), False),
        (fields(if_match='"other"'), None),
        (fields(if_match='W/"tag"'), None),
        (fields(if_unmodified_since=AT_NOON), False),
        (fields(if_unmodified_since=BEFORE), None),
        (fields(if_unmodified_since="yesterday"), False),
        (fields(if_match='"tag"', if_unmodified_since=BEFORE), False),
        (fields(if_none_match='"tag"'), True),
        (fields(if_none_match='W/"tag"'), True),
        (fields(if_none_match="*"), True),
        (fields(if_none_match='"other"'), False),
        (fields(if_modified_since=AT_NOON), True),
        (fields(if_modified_since=AFTER), True),
        (fields(if_modified_since=BEFORE), False),
        (fields(if_modified_since="never"), False),
        (fields(if_none_match='"other"', if_modified_since=AFTER), False),
        (fields(if_match='"other"', if_none_match='"tag"'), None),
    ],
)
def test_conditions_of_a_read_in_their_order(given: dict[bytes, bytes], result: bool | None) -> None:
    if result is None:
        with pytest.raises(PreconditionFailedError):
            not_modified(given, entry())
    else:
        assert not_modified(given, entry()) is result


@pytest.mark.parametrize(
    ("value", "span"),
    [
        ("bytes=0-9", (0, 10)),
        ("bytes=0-0", (0, 1)),
        ("bytes=9-9", (9, 1)),
        ("bytes=3-", (3, 7)),
        ("bytes=3-99999999", (3, 7)),
        ("bytes=-3", (7, 3)),
        ("bytes=-10", (0, 10)),
        ("bytes=-99", (0, 10)),
        ("BYTES = 1-2 ", (1, 2)),
        ("lines=1-2", None),
        ("1-2", None),
    ],
)
def test_ranges(value: str, span: tuple[int, int] | None) -> None:
    assert wanted_range(fields(range=value), entry()) == span


@pytest.mark.parametrize(
    "value",
    [
        "10-",
        "10-11",
        "5-4",
        "-0",
        "-",
        "",
        "a-b",
        "0-1,3-4",
        "0-1, 0-1",
        "--1",
        "1-2-3",
        "+1-2",
        "0x1-2",
        "1" * 20 + "-",
        "٣-",
    ],
)
def test_ranges_outside_malformed_or_several_are_refused(value: str) -> None:
    with pytest.raises(RangeNotSatisfiableError):
        wanted_range(fields(range=f"bytes={value}"), entry())


@pytest.mark.parametrize("value", ["0-", "0-0", "-1", "-0"])
def test_an_empty_file_has_no_range(value: str) -> None:
    with pytest.raises(RangeNotSatisfiableError):
        wanted_range(fields(range=f"bytes={value}"), entry(0))


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('"tag"', True),
        ('W/"tag"', False),
        ('"other"', False),
        (AT_NOON, True),
        (AFTER, False),
        (BEFORE, False),
        ("?", False),
    ],
)
def test_if_range_sends_the_whole_file_when_it_changed(condition: str, holds: bool) -> None:
    span = wanted_range(fields(range="bytes=1-2", if_range=condition), entry())
    assert span == ((1, 2) if holds else None)


@given(st.binary(max_size=40), st.integers(0, 2**40))
def test_a_range_that_is_granted_lies_within_the_file(value: bytes, size: int) -> None:
    try:
        span = wanted_range({b"range": b"bytes=" + value}, entry(size))
    except RangeNotSatisfiableError:
        return
    assert span is not None
    assert 0 <= span[0] < span[0] + span[1] <= size
