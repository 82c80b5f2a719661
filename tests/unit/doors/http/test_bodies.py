"""Bodies in memory: how many bytes at once, and what compressed ones may become."""

import asyncio
import gzip
import random
from dataclasses import dataclass
from typing import Any, cast

import pytest
import zstandard

from secure_file_transfer.doors.http.bodies import SPARE_MAX, SPARE_MIN, TOTAL_MAX, Body, Budget, Spare, decoded, fresh
from secure_file_transfer.doors.http.exchange import Exchange
from secure_file_transfer.errors import (
    InterruptedTransferError,
    InvalidRequestError,
    TooLargeError,
    TooManyRequestsError,
)
from secure_file_transfer.model import BLOCK_SIZE_MAX, AccountId

ONE, TWO, THREE = AccountId(1), AccountId(2), AccountId(3)


async def begun(budget: Budget, who: AccountId, size: int) -> "asyncio.Task[None]":
    task = asyncio.create_task(budget.take(who, size))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


async def test_who_finds_no_room_waits_in_line() -> None:
    budget = Budget(total=10, each=10)
    await budget.take(ONE, 6)
    large, small = await begun(budget, TWO, 9), await begun(budget, THREE, 1)
    assert not large.done()
    assert not small.done(), "nobody overtakes: the large one would wait for ever"
    budget.give(ONE, 6)
    await asyncio.wait_for(asyncio.gather(large, small), 5)
    assert budget.free == 0


async def test_one_account_does_not_take_the_room_of_others() -> None:
    budget = Budget(total=100, each=10)
    await budget.take(ONE, 10)
    waiting = await begun(budget, ONE, 5)
    await asyncio.wait_for(budget.take(TWO, 10), 5)
    assert not waiting.done()
    budget.give(ONE, 10)
    await asyncio.wait_for(waiting, 5)


async def test_more_than_ones_share_goes_alone() -> None:
    budget = Budget(total=100, each=10)
    await asyncio.wait_for(budget.take(ONE, 50), 5)
    waiting = await begun(budget, ONE, 1)
    assert not waiting.done()
    budget.give(ONE, 50)
    await asyncio.wait_for(waiting, 5)


async def test_patience_ends_and_those_behind_go_on() -> None:
    budget = Budget(total=10, each=10, patience=0.01)
    await budget.take(ONE, 5)
    with pytest.raises(TooManyRequestsError):
        await budget.take(TWO, 6)
    await asyncio.wait_for(budget.take(THREE, 5), 5)
    budget.give(ONE, 5)
    budget.give(THREE, 5)
    assert budget.free == 10


async def test_who_leaves_the_line_holds_nothing() -> None:
    budget = Budget(total=10, each=10)
    await budget.take(ONE, 5)
    gone = await begun(budget, TWO, 8)
    gone.cancel()
    just = await begun(budget, THREE, 5)
    await asyncio.wait([gone])
    assert just.done()
    given = asyncio.create_task(budget.take(TWO, 5))
    budget.give(ONE, 5)
    await asyncio.sleep(0)
    given.cancel()
    await asyncio.wait([given])
    budget.give(THREE, 5)
    if not given.cancelled():
        budget.give(TWO, 5)
    assert budget.free == 10


async def test_the_room_is_never_overdrawn() -> None:
    seed = random.randrange(2**32)  # noqa: S311 - data, not a secret
    print("seed", seed)
    source = random.Random(seed)  # noqa: S311
    budget = Budget(total=50, each=20)

    async def client(who: AccountId) -> None:
        for _ in range(50):
            size = source.randint(1, 30)
            await budget.take(who, size)
            assert 0 <= budget.free <= 50
            await asyncio.sleep(0)
            budget.give(who, size)

    await asyncio.wait_for(asyncio.gather(*(client(AccountId(n % 5)) for n in range(20))), 30)
    assert budget.free == 50
    assert not budget._held


def test_buffers_are_used_again_within_bounds() -> None:
    spare = Spare()
    first = spare.take(3 * SPARE_MIN)
    assert len(first) == 3 * SPARE_MIN
    spare.give(first)
    assert len(spare.take(SPARE_MIN)) < len(first), "half of a buffer is not left unused"
    assert len(spare.take(len(first) + 1)) > len(first)
    assert spare.take(len(first) - 12_345) is first
    assert spare.take(len(first)) is not first
    for size in (1, SPARE_MIN - 1, SPARE_MAX + 1):
        spare.give(memoryview(bytearray(size)))
    assert spare._bytes == 0
    for _ in range(5):
        spare.give(spare.take(SPARE_MAX // 2))
        spare.give(fresh(SPARE_MAX // 2))
    spare.give(first)
    assert spare._bytes == sum(map(len, spare._idle)) <= SPARE_MAX
    assert spare.take(len(first)) is first


# --- bodies ------------------------------------------------------------------------------------------------------


class Peer:
    """Sends what it is told, when it is told; stands in for the server underneath."""

    def __init__(self, length: int) -> None:
        self._left = length
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()

    def send(self, piece: bytes | None) -> None:
        self._pieces.put_nowait(piece)

    async def receive(self) -> dict[str, Any]:
        piece = await self._pieces.get()
        if piece is None:
            return {"type": "http.disconnect"}
        self._left -= len(piece)
        return {"type": "http.request", "body": piece, "more_body": self._left > 0}


@dataclass
class Sent:
    peer: Peer
    body: Body
    task: "asyncio.Task[None]"


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def coming(budget: Budget, who: int, length: int, first: bytes = b"") -> Sent:
    peer, body = Peer(length), Body(budget, Spare(), AccountId(who), length)
    exchange = Exchange({"headers": [(b"content-length", b"%d" % length)]}, peer.receive, cast("Any", None))
    sent = Sent(peer, body, asyncio.create_task(body.read(exchange)))
    if first:
        peer.send(first)
    await settle()
    return sent


async def test_a_slow_body_holds_what_it_sent_once_others_wait() -> None:
    budget = Budget(total=100, each=100)
    slow = await coming(budget, 1, 90, b"x" * 10)
    slow.body.shrink()
    assert budget.free == 10
    fast = await coming(budget, 2, 80, b"y" * 80)
    assert not fast.task.done()
    slow.body.shrink()
    await settle()
    assert fast.task.done()
    assert fast.body.data == b"y" * 80
    assert budget.free == 10
    slow.peer.send(b"z" * 20)
    await settle()
    assert not slow.task.done()
    fast.body.leave()
    slow.peer.send(b"z" * 60)
    await asyncio.wait_for(slow.task, 5)
    assert slow.body.data == b"x" * 10 + b"z" * 80
    slow.body.leave()
    assert (budget.free, budget._held) == (100, {})


@pytest.mark.parametrize("shrunk", [False, True])
@pytest.mark.parametrize("end", [None, b"x" * 200])
async def test_whatever_ends_a_body_gives_its_room_back(shrunk: bool, end: bytes | None) -> None:
    budget = Budget(total=100, each=100)
    sent = await coming(budget, 1, 100, b"x" * 10)
    waiting = await begun(budget, AccountId(2), 50)
    if shrunk:
        sent.body.shrink()
        await settle()
        assert waiting.done()
    sent.peer.send(end)
    with pytest.raises((InterruptedTransferError, InvalidRequestError)):
        await asyncio.wait_for(sent.task, 5)
    sent.body.leave()
    await asyncio.wait_for(waiting, 5)
    budget.give(AccountId(2), 50)
    assert (budget.free, budget._held) == (100, {})


async def test_100_slow_blocks_do_not_stop_a_fast_one() -> None:
    budget = Budget()
    size = 4 * 2**20
    slow = [await coming(budget, 1 + number // 8, size, b"x") for number in range(100)]
    assert budget.free == 0
    fast = await coming(budget, 99, size, bytes(size))
    for each in slow:
        each.body.shrink()
        await settle()
    assert fast.task.done()
    fast.body.leave()
    assert not any(each.task.done() for each in slow)
    for each in slow:
        each.peer.send(None)
    await asyncio.gather(*(each.task for each in slow), return_exceptions=True)
    for each in slow:
        each.body.leave()
    assert (budget.free, budget._held) == (TOTAL_MAX, {})


# --- codings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 100_000, BLOCK_SIZE_MAX])
def test_a_compressed_block_comes_back(size: int) -> None:
    data = (b"some text that repeats " * (size // 23 + 1))[:size]
    assert decoded(b"zstd", bytearray(zstandard.compress(data)), BLOCK_SIZE_MAX) == data
    assert decoded(b" GZIP ", bytearray(gzip.compress(data)), BLOCK_SIZE_MAX) == data
    for coding in (b"", b"identity"):
        assert decoded(coding, bytearray(data), BLOCK_SIZE_MAX) == data


def lying_zstd() -> bytes:
    """It says that it holds 44 bytes, and holds 200."""
    frame = bytearray(zstandard.compress(b"a" * 200))
    assert frame[5] == 200
    frame[5] = 44
    return bytes(frame)


def without_size() -> bytes:
    stream = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    return stream.compress(b"abc" * 100) + stream.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"zstd", zstandard.compress(b"abc")[:-1]),
        (b"zstd", zstandard.compress(b"abc") + b"x"),
        (b"zstd", zstandard.compress(b"abc") * 2),
        (b"zstd", b""),
        (b"zstd", b"nonsense"),
        (b"zstd", lying_zstd()),
        (b"zstd", without_size()),
        (b"gzip", gzip.compress(b"abc", mtime=0)[:-1]),
        (b"gzip", gzip.compress(b"abc", mtime=0) + b"x"),
        (b"gzip", gzip.compress(b"abc", mtime=0) * 2),
        (b"gzip", b""),
        (b"gzip", b"nonsense"),
        (b"br", b"abc"),
        (b"gzip, zstd", b"abc"),
    ],
)
def test_what_cannot_be_decoded_whole_is_refused(coding: bytes, body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        decoded(coding, bytearray(body), BLOCK_SIZE_MAX)


@pytest.mark.parametrize("size", [BLOCK_SIZE_MAX + 1, 256 * 2**20])
def test_attack_12_a_bomb_is_never_more_than_a_block(size: int) -> None:
    for coding, bomb in ((b"gzip", gzip.compress(bytes(size), 9)), (b"zstd", zstandard.compress(bytes(size)))):
        assert len(bomb) < size // 500
        with pytest.raises(TooLargeError):
            decoded(coding, bytearray(bomb), BLOCK_SIZE_MAX)
