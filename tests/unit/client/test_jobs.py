"""Jobs seen by the client: what a server may say of them, and how long one bears with it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.client import AsyncClient, JobInfo
from secure_file_transfer.client.jobs import _job
from secure_file_transfer.errors import (
    CancelledTransferError,
    InvalidNameError,
    InvalidRequestError,
    NoSpaceError,
    ProtocolViolationError,
    ShuttingDownError,
)
from secure_file_transfer.testing.fake_server import FakeServer

GOOD: dict[str, Any] = {
    "id": 7,
    "owner": "mona",
    "kind": "zip",
    "what": {"paths": ["/a"], "target": "/a.zip", "conflict": "skip"},
    "state": "running",
    "percent": 40,
    "size": 4,
    "size_total": 10,
    "items": 1,
    "items_total": None,
    "rate": 3,
    "eta": 2,
    "message": "packing",
    "result": None,
    "error": None,
    "created": "2026-11-21T09:30:00Z",
    "started": "2026-11-21T09:30:01Z",
    "ended": None,
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "7"},
        {"id": -1},
        {"state": "resting"},
        {"state": None},
        {"what": []},
        {"what": {}},
        {"what": {"paths": "/a", "target": "/b"}},
        {"what": {"paths": [1], "target": "/b"}},
        {"what": {"source": "/a", "target": 1}},
        {"size": 1.5},
        {"size_total": "many"},
        {"eta": True},
        {"percent": 1 << 63},
        {"message": None},
        {"result": []},
        {"result": {"path": 1}},
        {"result": {"sha256": "abc"}},
        {"result": {"damaged": [{"path": "/a"}]}},
        {"result": {"damaged": "all"}},
        {"error": "bad"},
        {"error": {"code": 1, "message": ""}},
        {"created": None},
        {"ended": "yesterday"},
    ],
)
def test_what_is_no_job_is_refused(wrong: dict[str, Any]) -> None:
    assert isinstance(_job(GOOD), JobInfo)
    with pytest.raises(ProtocolViolationError):
        _job({**GOOD, **wrong})


def test_what_goes_to_a_terminal_is_harmless() -> None:
    job = _job({**GOOD, "percent": 4000, "message": "a\x1b[2J", "error": {"code": "x", "message": "b\x07"}})
    assert (job.percent, job.message, job.error) == (100, "a\\u001b[2J", "b\\u0007")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeServer]:
    with FakeServer(tmp_path) as fake:
        yield fake


def client_of(server: FakeServer) -> AsyncClient:
    return AsyncClient(server.url, cafile=server.files.cafile, token=server.token)


async def test_one_waits_to_the_end_and_sees_each_step(server: FakeServer) -> None:
    server.jobs.steps = [{"percent": 10, "state": "running"}, ShuttingDownError(), {"percent": 100, "state": "done"}]
    seen: list[int] = []
    async with client_of(server) as client:
        begun = await client.start_verify("/a")
        ended = await client.wait_for_job(begun.number, on_progress=lambda job: seen.append(job.percent))
    assert (begun.state, ended.state, seen) == ("waiting", "done", [10, 100])


async def test_patience_ends(server: FakeServer) -> None:
    server.jobs.add("verify", {"path": "/", "all": False})
    server.jobs.steps = [ShuttingDownError() for _ in range(50)]
    async with client_of(server) as client:
        with pytest.raises(ShuttingDownError):
            await client.wait_for_job(1, patience=0)


@pytest.mark.parametrize(
    ("end", "error"),
    [
        ({"state": "cancelled"}, CancelledTransferError),
        ({"state": "failed", "error": {"code": "no_space", "message": "full"}}, NoSpaceError),
    ],
)
async def test_one_that_fails_raises_its_error(server: FakeServer, end: dict[str, Any], error: type[Exception]) -> None:
    server.jobs.add("verify", {"path": "/", "all": False}, **end)
    async with client_of(server) as client:
        with pytest.raises(error):
            await client.wait_for_job(1)
        assert (await client.job(1)).ended


async def test_who_stops_waiting_stops_nothing(server: FakeServer) -> None:
    async with client_of(server) as client:
        begun = await client.start_copy("/a", "/b", conflict="rename")
        waiting = asyncio.create_task(client.wait_for_job(begun.number))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert [job.state for job in await client.jobs()] == ["waiting"]
        assert (await client.cancel_job(begun.number)).state == "cancelling"


async def test_what_makes_no_sense_is_refused_here(server: FakeServer) -> None:
    async with client_of(server) as client:
        with pytest.raises(InvalidNameError):
            await client.start_zip(["/a/../b"], "/b.zip")
        with pytest.raises(InvalidRequestError):
            await client.start_move("/a", "/b", conflict="newer")
    assert server.jobs.jobs == {}
