"""`limits`, `status` and `stop`: what is said when, and what is refused before anybody is asked."""

from dataclasses import replace
from typing import Any

import pytest

from secure_file_transfer.client import LimitValues, ServerDetails, ServerStatus, StopPlan, Ways
from secure_file_transfer.frontends.cli import operations
from secure_file_transfer.frontends.cli.terminal import cells
from secure_file_transfer.model import MIB, TimeUs

FREE = LimitValues(0, 0, 0, 0, maintenance=False, text="")
NONE = Ways(0, 0)
DETAILS = ServerDetails(3, Ways(1, 2), NONE, Ways(MIB, 2 * MIB), Ways(1024, 0), MIB, 1, 5 * MIB, FREE)
STATUS = ServerStatus("1.0", TimeUs(0), 90.0, maintenance=False, text="", stopping=None, details=DETAILS)


def lines(found: ServerStatus) -> dict[str, str]:
    return {line.split("  ")[0]: line.split("  ", 1)[1].strip() for line in operations._status_lines(found)}


def test_an_operator_sees_what_moves() -> None:
    said = lines(STATUS)
    assert said["Clients"] == "3"
    assert said["Transfers"] == "3 running (1 up, 2 down)"
    assert said["Up"] == "1.0 KiB/s, 1.0 MiB so far"
    assert said["Stored"] == "1.0 MiB in 1 file, 5.0 MiB free"
    limits = LimitValues(10, 4, 0, MIB, maintenance=False, text="")
    said = lines(replace(STATUS, details=replace(DETAILS, waiting=Ways(7, 0), limits=limits)))
    assert said["Clients"] == "3 of 10"
    assert said["Transfers"] == "3 of 4 running (1 up, 2 down), 7 waiting"
    assert said["Down"] == "0 B/s of 1.0 MiB/s, 2.0 MiB so far"


def test_others_see_whether_it_works() -> None:
    assert list(lines(replace(STATUS, details=None))) == ["Server", "State"]
    said = lines(replace(STATUS, details=None, maintenance=True, text="Back at 18:00"))
    assert said["Maintenance"] == "no new transfers: Back at 18:00"
    plan = StopPlan(after_transfers=True, within_seconds=90)
    assert lines(replace(STATUS, stopping=plan))["Stopping"].startswith("once its transfers are done, after 1 min 30 s")
    assert lines(replace(STATUS, stopping=StopPlan(after_transfers=False, within_seconds=None)))["Stopping"] == "now"


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_each_line_is_one_line_whatever_an_operator_wrote(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for text in ("x" * 500, "日" * 500, "\x1b[2J\u202e" * 50):
        line = next(
            line
            for line in operations._status_lines(replace(STATUS, details=None, maintenance=True, text=text))
            if line.startswith("Maintenance")
        )
        assert cells(line) <= columns
        assert line.isprintable()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("limits", "--rate-up", "fast"), "--rate-up fast"),
        (("limits", "--clients", "-1"), "clients"),
        (("limits", "--maintenance", "maybe"), "maintenance"),
        (("stop", "--within", "5m"), "--after-transfers"),
        (("stop", "--after-transfers", "--within", "soon"), "--within soon"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(sft: Any, arguments: tuple[str, ...], told: str) -> None:
    ran = sft(*arguments)
    assert ran.code == 2
    assert told in ran.err
