"""Jobs at the command line: what people see of them, and what scripts get."""

import json
import re
from typing import Any

import pytest

from secure_file_transfer.errors import ShuttingDownError
from secure_file_transfer.frontends.cli.jobs import words
from secure_file_transfer.testing.fake_server import FakeServer

from .conftest import SFT, Run, on_terminal

DONE = {"state": "done", "percent": 100, "ended": "2026-11-21T09:31:00.000000Z"}
ZIPPED = {**DONE, "result": {"path": "/photos.zip", "size": 3 << 20, "sha256": "ab" * 32}}
WHOLE = {"files": 12, "size": 5 << 20, "damaged_files": 0, "damaged": []}
DAMAGED = {**WHOLE, "damaged_files": 2, "damaged": [{"path": "/a", "error": "x"}, {"path": "/b\x1b[31m", "error": "y"}]}
HALF = {"state": "running", "percent": 43, "size": 43 << 20, "size_total": 100 << 20, "items": 4, "items_total": 9}
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def plain(text: str) -> str:
    return ESCAPES.sub("", text).replace("\r", "")


def test_zip_waits_and_says_what_came_of_it(sft: Run, signed_in: FakeServer) -> None:
    signed_in.jobs.steps = [HALF, ZIPPED]
    ran = sft("zip", "/photos", "/a.txt", "/photos.zip")
    assert (ran.code, ran.out) == (0, "")
    assert "'/photos.zip', 3.0 MiB in" in ran.err
    assert signed_in.jobs.jobs[1]["what"] == {
        "paths": ["/photos", "/a.txt"],
        "target": "/photos.zip",
        "conflict": "skip",
    }


def test_without_waiting_its_number_is_the_data(sft: Run, signed_in: FakeServer) -> None:
    ran = sft("zip", "--no-wait", "/photos", "/photos.zip")
    assert (ran.code, ran.out) == (0, "1\n")
    assert "Job 1 goes on at the server: 'sft jobs wait 1', 'sft jobs cancel 1'." in ran.err
    ran = sft("verify", "--no-wait", "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "2\n", "")
    assert signed_in.jobs.jobs[2]["what"] == {"path": "/", "all": False}


@pytest.mark.parametrize(
    "arguments", [["zip"], ["zip", "/a"], ["zip", "/a", "/b"], ["zip", "/a", ".zip"], ["verify", "--all", "/x"]]
)
def test_a_slip_begins_nothing(sft: Run, signed_in: FakeServer, arguments: list[str]) -> None:
    assert sft(*arguments).code == 2
    assert signed_in.jobs.jobs == {}


def test_a_verification_that_finds_nothing_wrong(sft: Run, signed_in: FakeServer) -> None:
    signed_in.jobs.steps = [{**DONE, "result": WHOLE}]
    ran = sft("verify", "/photos")
    assert (ran.code, ran.out) == (0, "")
    assert "12 files, 5.0 MiB in" in ran.err
    assert "everything is whole" in ran.err


def test_what_is_damaged_is_listed_and_the_exit_code_says_so(sft: Run, signed_in: FakeServer) -> None:
    signed_in.jobs.steps = [{**DONE, "result": DAMAGED}]
    ran = sft("verify")
    assert (ran.code, ran.out) == (9, "/a\n/b\x1b[31m\n")  # a pipe gets names as they are
    assert "2 files of 12 cannot be read as stored" in ran.err
    signed_in.jobs.steps = [{**DONE, "result": DAMAGED}]
    ran = sft("verify", "--json")
    assert ran.code == 9
    assert json.loads(ran.out)["result"] == DAMAGED
    assert sft("jobs", "wait", "1").code == 9


def test_on_a_terminal_a_hostile_name_does_nothing(signed_in: FakeServer) -> None:
    signed_in.jobs.steps = [{**DONE, "result": DAMAGED}]
    ran = on_terminal([*SFT, "verify"])
    assert ran.code == 9
    assert "/b\\u001b[31m" in ran.out


@pytest.mark.parametrize(
    ("end", "code", "said"),
    [
        (
            {"state": "failed", "error": {"code": "no_space", "message": "No space left on the disk"}},
            11,
            "No space left",
        ),
        ({"state": "cancelled"}, 13, "Job 1 was cancelled"),
        ({"state": "interrupted", "error": {"code": "interrupted", "message": "cut"}}, 7, "was interrupted: cut"),
    ],
)
def test_one_that_fails_says_why(sft: Run, signed_in: FakeServer, end: dict[str, Any], code: int, said: str) -> None:
    signed_in.jobs.steps = [{**DONE, "percent": 40, **end}]
    ran = sft("zip", "/photos", "/photos.zip")
    assert ran.code == code
    assert said in ran.err


def test_a_server_that_goes_away_is_waited_for(sft: Run, signed_in: FakeServer) -> None:
    signed_in.jobs.steps = [HALF, ShuttingDownError(), ShuttingDownError(), ZIPPED]
    assert sft("zip", "/photos", "/photos.zip").code == 0


def test_ctrl_c_ends_the_looking_on_and_not_the_job(signed_in: FakeServer) -> None:
    signed_in.jobs.steps = [{**HALF, "message": "packing"}]
    ran = on_terminal([*SFT, "zip", "/photos", "/photos.zip"], [("packing", "\x03")])
    assert ran.code == 130
    said = " ".join(plain(ran.out).split())
    assert "Job 1 goes on at the server: 'sft jobs wait 1', 'sft jobs cancel 1'." in said
    assert ("POST", "/api/v1/jobs/1/cancel") not in signed_in.requests


def test_progress_is_shown_as_of_a_transfer(signed_in: FakeServer) -> None:
    signed_in.jobs.steps = [{**HALF, "message": "packing"}, {**HALF, "message": "packing"}, ZIPPED]
    ran = on_terminal([*SFT, "zip", "/photos", "/photos.zip"], size=(120, 24))
    assert "43.0 MiB of 100 MiB" in plain(ran.out)
    assert "packing" in ran.out


def test_cp_and_mv_in_the_background(sft: Run, signed_in: FakeServer) -> None:
    ran = sft("cp", "--background", "/a", "/b")
    assert (ran.code, ran.out) == (0, "1\n")
    ran = sft("mv", "--background", "--json", "--conflict", "rename", "/a", "/c/")
    assert [job["kind"] for job in json.loads(ran.out)] == ["move"]
    assert [job["what"] for job in signed_in.jobs.jobs.values()] == [
        {"source": "/a", "target": "/b", "conflict": "skip"},
        {"source": "/a", "target": "/c/a", "conflict": "rename"},
    ]


def filled(server: FakeServer) -> None:
    server.jobs.add("verify", {"path": "/", "all": True}, **DONE, result=DAMAGED)
    server.jobs.add(
        "copy", {"source": "/photos", "target": "/a very long way " * 8, "conflict": "skip"}, **HALF, eta=185
    )
    paths = ["/a", "/b", "/c\x1b[2J", "/d"]
    failed = {"state": "failed", "error": {"code": "no_space", "message": "No space left"}}
    server.jobs.add("zip", {"paths": paths, "target": "/x.zip", "conflict": "skip"}, **failed)


@pytest.mark.parametrize("columns", [80, 120])
def test_the_list_fits_the_terminal(signed_in: FakeServer, columns: int) -> None:
    filled(signed_in)
    ran = on_terminal([*SFT, "jobs", "list"], size=(columns, 24))
    lines = plain(ran.out).splitlines()
    assert ran.code == 0
    assert max(map(len, lines)) <= columns
    assert [line.split()[:3] for line in lines[:2]] == [["ID", "STATE", "DONE"], ["3", "failed", "0"]]
    assert "zip /a /b and 2 more to /x.zip: No space left" in lines[1]
    assert "3 min 05 s" in lines[2]
    assert lines[2].endswith("…")
    assert "verify all drives: 2 files damaged" in lines[3]


def test_the_list_for_scripts(sft: Run, signed_in: FakeServer) -> None:
    assert sft("jobs", "list").out == ""
    filled(signed_in)
    ran = sft("jobs", "list")
    assert [line.split()[0] for line in ran.out.splitlines()] == ["3", "2", "1"]
    assert json.loads(sft("jobs", "list", "--json").out) == list(reversed(signed_in.jobs.jobs.values()))
    assert sft("jobs", "list", "--everybody").out.count("mona") == 3
    assert ("GET", "/api/v1/jobs") in signed_in.requests


def test_one_in_full(sft: Run, signed_in: FakeServer) -> None:
    filled(signed_in)
    shown = sft("jobs", "show", "2").out
    assert "43 %, 43.0 MiB of 100 MiB, 4 of 9 files and folders" in shown
    assert "3 min 05 s at" in shown
    assert "2026-11-21 09:30 by mona" in shown
    damaged = sft("jobs", "show", "1").out
    assert "12 files read, 2 damaged" in damaged
    assert "\x1b[2J" not in sft("jobs", "show", "3").out
    assert sft("jobs", "show", "9").code == 3


def test_jobs_are_cancelled_and_forgotten(sft: Run, signed_in: FakeServer) -> None:
    filled(signed_in)
    ran = sft("jobs", "cancel", "2", "1")
    assert ran.code == 0
    assert "Job 2 is cancelled." in ran.err
    assert "Job 1 has ended already." in ran.err
    assert sft("jobs", "rm", "2").code == 4
    assert sft("jobs", "rm", "1", "9").code == 1
    ran = sft("jobs", "rm", "--all")
    assert (ran.code, "1 job forgotten." in ran.err) == (0, True)
    assert list(signed_in.jobs.jobs) == [2]
    for wrong in (["cancel"], ["rm"], ["rm", "--all", "3"]):
        assert sft("jobs", *wrong).code == 2


@pytest.mark.parametrize(
    ("kind", "sources", "target", "said"),
    [
        ("verify", (), "", "verify all drives"),
        ("copy", ("/a",), "/b", "copy /a to /b"),
        ("zip", ("/a", "/b", "/c"), "/z.zip", "zip /a /b /c to /z.zip"),
        ("zip", ("/a", "/b", "/c", "/d"), "/z.zip", "zip /a /b and 2 more to /z.zip"),
    ],
)
def test_a_job_in_words(kind: str, sources: tuple[str, ...], target: str, said: str) -> None:
    class Job:
        pass

    job: Any = Job()
    job.kind, job.sources, job.target, job.what = kind, sources, target, {}
    assert words(job) == said
    if len(sources) > 3:
        job.what = {"more": 990}
        assert words(job) == "zip /a /b and 992 more to /z.zip"
