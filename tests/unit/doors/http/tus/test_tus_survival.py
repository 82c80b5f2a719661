"""What is left of an upload when connections, sessions and servers end."""

import asyncio
import hashlib
import random
from base64 import b64encode
from typing import Any

from secure_file_transfer.model import MIB

UPLOADS = "/api/v1/uploads"
CONTENT = "application/offset+octet-stream"
UNKNOWN = f"{UPLOADS}/{'A' * 32}"


async def test_what_arrived_before_the_cut_is_kept(desk: Any) -> None:
    target = await desk.create(len(desk.data))
    at = 0
    for size in (0, 1, 5000, MIB - 1, MIB, MIB + 1):
        answer = await desk.patch(target, at, [desk.data[at : at + size], b""] if size else [b"", b""], vanish=True)
        assert answer.code == "interrupted"
        at += size
        assert await desk.offset(target) == at
    answer = await desk.patch(target, at, desk.data[at:])
    assert answer.status == 204
    assert await desk.read("a.bin") == desk.data


async def test_a_restart_between_two_pieces(desk: Any) -> None:
    target = await desk.create(len(desk.data))
    at = 0
    for size in (1, 2 * MIB, 77_777):
        assert (await desk.patch(target, at, desk.data[at : at + size])).status == 204
        at += size
        desk.restart()
        assert await desk.offset(target) == at
    answer = await desk.patch(target, at, desk.data[at:])
    assert answer.headers["repr-digest"] == f"sha-256=:{b64encode(hashlib.sha256(desk.data).digest()).decode()}:"
    assert await desk.read("a.bin") == desk.data


async def test_small_pieces_leave_few_blocks_and_no_litter(desk: Any) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - data, not a secret
    print("seed", seed)
    source = random.Random(seed)  # noqa: S311
    target = await desk.create(len(desk.data))
    at = 0
    while at < len(desk.data) - MIB:
        size = source.choice([1, 700, 40_000, 50_000, 60_000])
        assert (await desk.patch(target, at, desk.data[at : at + size])).status == 204
        at += size
        lengths = desk.blocks()
        assert sum(lengths) == at
        assert len(lengths) <= 2 * at // MIB + 22, lengths
    blobs = [path for path in (desk.folder / "blobs").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in blobs) < at + 2 * MIB, "short blocks that were joined are gone"
    await desk.patch(target, at, desk.data[at:])
    assert await desk.read("a.bin") == desk.data


async def test_attack_29_the_end_of_a_session_ends_a_slow_upload_within_a_second(desk: Any) -> None:
    target, held = await desk.create(10), desk.held()
    running = held.patch(target, b"1234567890")  # of which nothing ever comes
    await held.began.wait()
    desk.house.sessions.end_all(desk.house.accounts.get("ada").id)
    answer = await asyncio.wait_for(running, 1)
    assert answer.code == "sign_in_required"
