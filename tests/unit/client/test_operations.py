"""What a server says of its limits and itself, read with suspicion."""

from typing import Any

import pytest

from secure_file_transfer.client import operations
from secure_file_transfer.client.operations import LimitValues, StopPlan, Ways
from secure_file_transfer.errors import ProtocolViolationError

VALUES: dict[str, Any] = {
    "clients": 1,
    "transfers": 2,
    "rate_up": 3,
    "rate_down": 4,
    "maintenance": True,
    "text": "soon",
}
LIMITS: dict[str, Any] = {
    **VALUES,
    "configured": {**VALUES, "clients": 9},
    "changed": {"clients": {"at": "2026-01-01T00:00:00Z", "by": "ada"}, "unheard-of": {"at": "x", "by": 5}},
}
WAYS = {"up": 5, "down": 6}
DETAILS: dict[str, Any] = {
    "clients": 1,
    **dict.fromkeys(("running", "waiting", "bytes", "speeds"), WAYS),
    "stored_bytes": 7,
    "stored_files": 8,
    "free_bytes": 9,
    "limits": VALUES,
}
STATUS: dict[str, Any] = {
    "version": "1",
    "since": "2026-01-01T00:00:00Z",
    "uptime_seconds": 1.5,
    "maintenance": False,
    "text": "",
    "stopping": {"after_transfers": True, "within_seconds": None},
    "details": DETAILS,
}


def test_limits_are_read() -> None:
    found = operations._limits(LIMITS)
    assert found.values == LimitValues(1, 2, 3, 4, maintenance=True, text="soon")
    assert (found.configured.clients, {name: by for name, (_, by) in found.changed.items()}) == (9, {"clients": "ada"})


def test_a_status_is_read_with_and_without_details() -> None:
    found = operations._status(STATUS)
    assert (found.uptime_seconds, found.stopping) == (1.5, StopPlan(after_transfers=True, within_seconds=None))
    assert found.details
    assert (found.details.speeds, found.details.free_bytes) == (Ways(5, 6), 9)
    assert operations._status({**STATUS, "details": None, "stopping": None}).details is None


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {**LIMITS, "clients": -1},
        {**LIMITS, "clients": True},
        {**LIMITS, "maintenance": 1},
        {**LIMITS, "text": None},
        {**LIMITS, "configured": None},
        {**LIMITS, "changed": []},
        {**LIMITS, "changed": {"clients": {"at": "yesterday", "by": "ada"}}},
        {**LIMITS, "changed": {"clients": None}},
    ],
)
def test_what_are_no_limits(wrong: Any) -> None:
    with pytest.raises(ProtocolViolationError):
        operations._limits(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {**STATUS, "uptime_seconds": "1"},
        {**STATUS, "uptime_seconds": -1},
        {**STATUS, "uptime_seconds": True},
        {**STATUS, "uptime_seconds": float("inf")},
        {**STATUS, "since": 5},
        {**STATUS, "stopping": {"after_transfers": "x", "within_seconds": None}},
        {**STATUS, "details": {**DETAILS, "running": 5}},
        {**STATUS, "details": {**DETAILS, "speeds": {"up": 1.5, "down": 0}}},
        {**STATUS, "details": {**DETAILS, "limits": {}}},
    ],
)
def test_what_is_no_status(wrong: Any) -> None:
    with pytest.raises(ProtocolViolationError):
        operations._status(wrong)


def test_hostile_texts_are_made_plain() -> None:
    found = operations._limits({**LIMITS, "text": "\x1b]0;evil\x07\n" + "x" * 5000})
    assert found.values.text.isprintable()
    assert len(found.values.text) < 1200
