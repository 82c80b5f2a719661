"""`sft link`: what is asked before anything is sent."""

from datetime import UTC, datetime, timedelta

import pytest

from secure_file_transfer.frontends.cli.failures import UsageError
from secure_file_transfer.frontends.cli.links import end_time, link_create, link_rm


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("30min", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_a_while_from_now(text: str, after: timedelta) -> None:
    before = datetime.now(UTC)
    ends = end_time(text)
    assert before + after <= ends <= datetime.now(UTC) + after


def test_a_moment() -> None:
    assert end_time("2026-12-24T18:00+00:00") == datetime(2026, 12, 24, 18, tzinfo=UTC)
    assert end_time("2026-12-24T18:00").tzinfo is not None


@pytest.mark.parametrize("text", ["", "soon", "0d", "7", "7 d", "-1d", "7m", "100000d", "2026-13-01"])
def test_no_time(text: str) -> None:
    with pytest.raises(UsageError):
        end_time(text)


def test_contradictions_are_told_before_anything_is_asked() -> None:
    with pytest.raises(UsageError):
        link_create("/x", drop=True, level="viewer")
    with pytest.raises(UsageError):
        link_rm()
