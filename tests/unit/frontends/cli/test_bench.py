import json
import signal
import subprocess

import pytest

from secure_file_transfer.client.measuring import Measured, Way
from secure_file_transfer.errors import NoSpaceError
from secure_file_transfer.frontends.cli.bench import explained, report
from secure_file_transfer.model import MIB
from secure_file_transfer.testing.fake_server import FakeServer
from secure_file_transfer.transfer.diagnosis import Diagnosis, Limit, Step

from .conftest import SFT, Run

SHORT = ("--size", "2M", "--seconds", "1")


def names(server: FakeServer) -> list[str]:
    return [str(path) for path in server.tree.items if not path.is_root]


def test_it_measures_both_ways_and_leaves_nothing(sft: Run, signed_in: FakeServer) -> None:
    ran = sft("bench", *SHORT)
    assert ran.code == 0, ran.err
    assert ran.err == ""
    lines = ran.out.splitlines()
    assert lines[0] == signed_in.url
    assert [line.split()[0] for line in lines if line.endswith("/s")][:3] == ["1", "2", "4"]
    assert sum("limits it: " in line for line in lines) == 2
    assert max(map(len, lines)) <= 80
    assert names(signed_in) == []


def test_json_has_all_of_it(sft: Run, signed_in: FakeServer) -> None:
    ran = sft("bench", *SHORT, "--json")
    said = json.loads(ran.out)
    assert said["server"] == signed_in.url
    assert 0 < said["round_trip_seconds"] < 10
    for direction in ("up", "down"):
        found = said[direction]
        assert Limit(found["limit"])
        assert found["connections"] in [step["connections"] for step in found["steps"]]
        assert 0 < sum(step["bytes"] for step in found["steps"]) <= 2 * MIB


@pytest.mark.parametrize(
    "arguments", [("--size", "many"), ("--size", "1K"), ("--size", "65G"), ("--seconds", "0"), ("--seconds", "1e9")]
)
def test_what_cannot_be_measured_is_refused(sft: Run, signed_in: FakeServer, arguments: tuple[str, ...]) -> None:
    ran = sft("bench", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert arguments[0] in ran.err
    assert not signed_in.requests


def test_it_needs_an_account(sft: Run, server: FakeServer) -> None:
    ran = sft("bench")
    assert ran.code == 6
    assert "sft login" in ran.err


def test_an_ended_session_is_told_and_nothing_else(sft: Run, signed_in: FakeServer) -> None:
    signed_in.tokens.clear()
    ran = sft("bench", *SHORT)
    assert (ran.code, "Your session has ended" in ran.err, "still at" in ran.err) == (6, True, False)
    assert [method for method, _ in signed_in.requests].count("DELETE") == 0


def test_after_a_failure_nothing_is_left(sft: Run, signed_in: FakeServer) -> None:
    signed_in.after["PUT /api/v1/files/"] = (3, NoSpaceError("full"))
    ran = sft("bench", *SHORT)
    assert (ran.code, "full" in ran.err) == (NoSpaceError("").row.exit, True)
    assert names(signed_in) == []


def test_data_that_cannot_be_removed_is_named(sft: Run, signed_in: FakeServer) -> None:
    signed_in.faults["DELETE"] = [NoSpaceError("full")]
    ran = sft("bench", *SHORT)
    [folder] = {name for name in names(signed_in) if name.count("/") == 1}
    assert ran.code == NoSpaceError("").row.exit
    assert f"still at {folder}" in ran.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_and_nothing_is_left(signed_in: FakeServer, number: int, code: int) -> None:
    process = subprocess.Popen([*SFT, "bench", "--size", "64G", "--seconds", "600"], stderr=subprocess.PIPE)
    while len(signed_in.requests) < 30:  # it is at work
        assert process.poll() is None
    process.send_signal(number)
    assert process.wait(20) == code
    assert process.stderr is not None
    process.stderr.close()
    assert names(signed_in) == []


@pytest.mark.parametrize("limit", list(Limit))
@pytest.mark.parametrize("columns", [80, 120])
def test_each_limit_is_told_in_lines_that_fit(monkeypatch: pytest.MonkeyPatch, limit: Limit, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    steps = [Step(2**at, round(rate * MIB), 1.0, 0.9) for at, rate in enumerate((1, 2, 4, 100))]
    found = Diagnosis(steps[-1], limit, 100_000, 100.0)
    lines = list(report("https://nas.example:5000", Measured(Way(0.1, 0.1, 0.1), steps, steps[:2]), found, found))
    assert max(map(len, lines)) <= min(columns, 100)
    because, advice = explained(found, 0.1)
    assert because.endswith(".")
    assert advice.endswith(".")
    assert because.split()[0] in "\n".join(lines)


def test_the_table_as_people_see_it() -> None:
    up = [Step(1, 10 * MIB, 1.0), Step(2, 20 * MIB, 1.0), Step(4, 40 * MIB, 1.0)]
    down = [Step(1, 100 * MIB, 1.0)]
    measured = Measured(Way(0.0241, 0.024, 0.052), up, down)
    lines = list(
        report(
            "https://nas.example:5000",
            measured,
            Diagnosis(up[-1], Limit.ROUND_TRIP, 252_000, 4.0),
            Diagnosis(down[0], Limit.LINE, 2_500_000, 1.0),
        )
    )
    assert lines[:10] == [
        "https://nas.example:5000",
        "",
        "round trip      24.1 ms  a question on an open connection",
        "new connection  76.0 ms  TCP 24.0 ms, TLS 52.0 ms",
        "",
        "connections          up       down",
        "          1  10.0 MiB/s  100 MiB/s",
        "          2  20.0 MiB/s",
        "          4  40.0 MiB/s",
        "",
    ]
    assert lines[10] == "Up    40.0 MiB/s (336 Mbit/s) with 4 connections"
    assert lines[-4] == "Down  100 MiB/s (839 Mbit/s) with 1 connection"
