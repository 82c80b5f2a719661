import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.doors.http.conditional import http_date
from secure_file_transfer.doors.http.schemas import read_time, write_time
from secure_file_transfer.errors import InvalidRequestError
from secure_file_transfer.model import TimeUs


@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
def test_times_are_read_back_as_written(when: int) -> None:
    assert read_time(write_time(TimeUs(when))) == when


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01t00:00:00.5z", 500_000),
        ("1970-01-01T00:00:00.123456789Z", 123_456),
        ("1969-12-31T23:59:59Z", -1_000_000),
    ],
)
def test_times(text: str, when: int) -> None:
    assert read_time(text) == when


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "19700101T000000Z",
        "1970-13-01T00:00:00Z",
        "1970-01-01 00:00:00Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T25:00:00Z",
        "٢٠٢٦-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "1790000000",
        "1970-01-01T00:00:00Z\n",
    ],
)
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        read_time(text)


@pytest.mark.parametrize("when", [-(2**63), 2**63 - 1])
def test_times_that_no_calendar_holds_are_brought_within_it(when: int) -> None:
    assert len(write_time(TimeUs(when))) == len("1970-01-01T00:00:00.000000Z")
    assert http_date(TimeUs(when)).endswith("GMT")
