import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.doors.http.uploads import Buffers
from secure_file_transfer.model import MIB
from secure_file_transfer.paths import RemotePath

DATA = bytes(range(256)) * 15_000  # 3.66 blocks
A = RemotePath(("a",))


def digest(data: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


async def test_a_new_file_is_created_and_described(call: Any, house: Any) -> None:
    answer = await call("PUT", "/api/v1/files/d/a%20b.txt", body=b"hello")
    assert answer.status == 201
    assert answer.json["outcome"] == "created"
    entry = answer.json["entry"]
    assert entry["path"] == "/d/a b.txt"
    assert entry["sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert answer.headers["etag"] == f'"{entry["etag"]}"'
    assert answer.headers["repr-digest"] == digest(b"hello")
    assert answer.headers["location"] == "/api/v1/files/d/a%20b.txt"
    assert house.drafts == 0


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize("size", [0, 1, 256 * 1024, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 7])
@pytest.mark.parametrize("step", [1000, 65_536, 262_144, 5 * MIB])
async def test_sizes_around_the_block_in_odd_steps(call: Any, house: Any, size: int, step: int, length: bool) -> None:
    data = DATA[:size]
    pieces = [data[at : at + step] for at in range(0, size, step)] or [b""]
    answer = await call("PUT", "/api/v1/files/a", body=[*pieces, b""], length=length)
    assert answer.status == 201
    assert house.tree[A][1] == data
    assert (house.drafts, house.aborted) == (0, 0)


async def test_replacing_says_so(call: Any, house: Any) -> None:
    house.put("/a", b"old")
    answer = await call("PUT", "/api/v1/files/a", body=b"new")
    assert (answer.status, answer.json["outcome"]) == (200, "replaced")
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("query", "status", "outcome", "stored"),
    [
        ("conflict=overwrite", 200, "replaced", b"new"),
        ("conflict=skip", 200, "skipped", b"old"),
        ("conflict=newer&modified=2020-01-01T00:00:00Z", 200, "skipped", b"old"),
        ("conflict=newer&modified=2030-01-01T00:00:00Z", 200, "replaced", b"new"),
        ("conflict=rename", 201, "created", b"old"),
    ],
)
async def test_conflicts(call: Any, house: Any, query: str, status: int, outcome: str, stored: bytes) -> None:
    house.put("/a", b"old")
    answer = await call("PUT", f"/api/v1/files/a?{query}", body=b"new")
    assert (answer.status, answer.json["outcome"]) == (status, outcome)
    assert house.tree[A][1] == stored
    assert house.drafts == 0


async def test_the_modification_time_is_kept(call: Any, house: Any) -> None:
    answer = await call("PUT", "/api/v1/files/a?modified=2020-02-03T04:05:06.789%2B01:00&parents=true", body=b"x")
    assert answer.json["entry"]["modified"] == "2020-02-03T03:05:06.789000Z"
    assert ("draft", A, True) in house.calls


@pytest.mark.parametrize("field", ["content-digest", "repr-digest"])
async def test_a_declared_digest_is_compared(call: Any, house: Any, field: str) -> None:
    good = await call("PUT", "/api/v1/files/a", body=b"hello", headers={field: digest(b"hello")})
    assert good.status == 201
    bad = await call("PUT", "/api/v1/files/b", body=b"hello", headers={field: digest(b"other")})
    assert (bad.status, bad.code) == (422, "digest_mismatch")
    assert RemotePath(("b",)) not in house.tree
    assert (house.drafts, house.aborted) == (0, 1)


async def test_preconditions(call: Any, house: Any) -> None:
    entry = house.put("/a", b"old")
    for headers in ({"if-none-match": "*"}, {"if-match": '"other"'}, {"if-match": f'W/"{entry.etag}"'}):
        answer = await call("PUT", "/api/v1/files/a", body=b"new", headers=headers)
        assert (answer.status, answer.code) == (412, "precondition_failed")
    assert house.tree[A][1] == b"old"
    answer = await call("PUT", "/api/v1/files/a", body=b"new", headers={"if-match": f'"{entry.etag}"'})
    assert answer.status == 200


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {"content-encoding": "gzip"}),
        ("", {"content-encoding": "identity, gzip"}),
        ("", {"content-range": "bytes 0-4/10"}),
        ("", {"content-digest": "md5=:XUFAKrxLKna5cZ2REBfFkg==:"}),
        ("", {"content-digest": "sha-256=:AAAA:"}),
        ("", {"repr-digest": "nonsense"}),
        ("", {"if-match": "unquoted"}),
        ("", {"if-unmodified-since": "Sat, 21 Nov 2026 12:00:00 GMT"}),
        ("conflict=resume", {}),
        ("conflict=", {}),
        ("conflict=skip&conflict=overwrite", {}),
        ("confict=skip", {}),
        ("token=sft_secret", {}),
        ("parents=yes", {}),
        ("modified=yesterday", {}),
        ("conflict=%ff", {}),
    ],
)
async def test_what_cannot_be_understood_is_refused_before_the_body(
    call: Any, house: Any, query: str, headers: dict[str, str]
) -> None:
    answer = await call("PUT", f"/api/v1/files/a?{query}", body=b"hello", headers=headers)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.headers["connection"] == "close"
    assert "sft_secret" not in answer.body.decode()
    assert house.drafts == 0
    assert not [c for c in house.calls if c[0] == "draft"]


async def test_without_sign_in_nothing_is_read(call: Any, house: Any) -> None:
    answer = await call("PUT", "/api/v1/files/a?confict=x", body=b"hello", token=None)
    assert (answer.status, answer.code) == (401, "sign_in_required")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["connection"] == "close"
    assert house.calls == []


@pytest.mark.parametrize("size", [0, 10, MIB, 2 * MIB + 5])
async def test_attack_51_a_client_that_vanishes_leaves_nothing(call: Any, house: Any, size: int) -> None:
    answer = await call("PUT", "/api/v1/files/a", body=[DATA[:size]], vanish=True)
    assert answer.code == "interrupted"
    assert A not in house.tree
    assert (house.drafts, house.aborted) == (0, 1)


@pytest.mark.parametrize("size", [10, 3 * MIB])
async def test_a_full_disk_gives_the_space_back_before_it_answers(call: Any, house: Any, size: int) -> None:
    house.put("/a", b"old")
    house.full = True
    answer = await call("PUT", "/api/v1/files/a", body=[DATA[:size], DATA[:size]])
    assert (answer.status, answer.code) == (507, "no_space")
    assert house.tree[A][1] == b"old"
    assert house.drafts == 0


async def test_small_bodies_take_two_trips_to_a_thread(call: Any, house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from secure_file_transfer.doors.http.workers import Workers

    trips = 0
    pool = call.app._context.workers._pool
    submit = pool.submit

    def counting(*work: Any) -> Any:
        nonlocal trips
        trips += 1
        return submit(*work)

    assert isinstance(call.app._context.workers, Workers)
    monkeypatch.setattr(pool, "submit", counting)
    assert (await call("PUT", "/api/v1/files/a", body=b"x" * 4096)).status == 201
    assert trips == 2
    assert (await call("GET", "/api/v1/files/a")).status == 200
    assert trips == 3


async def test_buffers_are_used_again(call: Any, house: Any) -> None:
    for _ in range(3):
        assert (await call("PUT", "/api/v1/files/a", body=[DATA, b""])).status in {200, 201}
    assert len(call.app._buffers._idle) == 2


def test_a_fresh_buffer_takes_memory_only_as_it_is_filled() -> None:
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("only Linux tells")
    buffers = Buffers(16 * MIB)

    def resident() -> int:
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    before = resident()
    taken = [buffers.take() for _ in range(16)]
    for buffer in taken:
        buffer[:5] = b"hello"
    assert resident() - before < 16 * MIB
    taken[0][:] = bytes(16 * MIB)
    buffers.give_back(taken[0])
    assert buffers.take() is taken[0]
