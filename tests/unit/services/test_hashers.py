import hashlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from secure_file_transfer.errors import BlockDamagedError
from secure_file_transfer.model import AccountId, BlockId, BlockRef
from secure_file_transfer.services import hashers
from secure_file_transfer.services.hashers import Hashers
from secure_file_transfer.testing.clock import FakeClock

ME = AccountId(1)
COUNT = 40
DATA = [bytes([n]) * (1000 + n) for n in range(COUNT)]
REFS = tuple(BlockRef(BlockId(hashlib.sha256(d).digest()), len(d)) for d in DATA)
WHOLE = hashlib.sha256(b"".join(DATA)).digest()


def stored(ref: BlockRef) -> bytes:
    return DATA[REFS.index(ref)]


def send(known: Hashers, index: int, token: str = "t") -> None:
    hasher = known.of(ME, token)
    hasher.offer(index, REFS[index], DATA[index], stored)
    hasher.settle(index, REFS[index])


def finished(known: Hashers, token: str = "t") -> tuple[bytes, int]:
    start = known.head_start(ME, token, REFS)
    for data in DATA[start.blocks :]:
        start.sha256.update(data)
    return start.sha256.digest(), start.blocks


def test_in_order_nothing_is_left_to_read() -> None:
    known = Hashers(FakeClock())
    for index in range(COUNT):
        send(known, index)
    assert finished(known) == (WHOLE, COUNT)
    assert len(known) == 0


def test_in_any_order_from_many_threads_with_borrowed_buffers() -> None:
    seed = random.randrange(2**32)  # noqa: S311 - data, not a secret
    print("seed", seed)
    source = random.Random(seed)  # noqa: S311
    for _ in range(30):
        known = Hashers(FakeClock())
        order = list(range(COUNT))
        source.shuffle(order)

        def lend(index: int, known: Hashers = known) -> None:
            buffer = bytearray(DATA[index])
            hasher = known.of(ME, "t")
            hasher.offer(index, REFS[index], buffer, stored)
            hasher.settle(index, REFS[index])
            buffer[:] = bytes(len(buffer))  # it is ours again

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lend, order))
        assert finished(known) == (WHOLE, COUNT)


def test_a_gap_is_read_at_the_end() -> None:
    known = Hashers(FakeClock())
    for index in (0, 1, 3, 4):
        send(known, index)
    assert finished(known) == (WHOLE, 2)


def test_what_is_not_this_file_does_not_count() -> None:
    known = Hashers(FakeClock())
    hasher = known.of(ME, "t")
    other = BlockRef(BlockId(b"o" * 32), 5)
    hasher.offer(0, other, b"other", stored)
    hasher.settle(0, other)
    send(known, 1)
    assert finished(known) == (WHOLE, 0)


def test_more_blocks_than_the_file_has_do_not_count() -> None:
    known = Hashers(FakeClock())
    for index in range(3):
        send(known, index)
    start = known.head_start(ME, "t", REFS[:2])
    assert (start.blocks, start.sha256.digest()) == (0, hashlib.sha256().digest())


def test_what_could_not_be_stored_is_taken_back() -> None:
    known = Hashers(FakeClock())
    hasher = known.of(ME, "t")
    hasher.offer(1, REFS[1], DATA[1], stored)
    hasher.withdraw(1, REFS[1])
    send(known, 0)
    assert finished(known) == (WHOLE, 1)


def test_another_block_for_a_place_that_waits_is_passed_over() -> None:
    known = Hashers(FakeClock())
    send(known, 1)
    hasher = known.of(ME, "t")
    other = BlockRef(BlockId(b"o" * 32), 5)
    hasher.offer(1, other, b"other", stored)
    hasher.settle(1, other)
    send(known, 0)
    assert finished(known) == (WHOLE, 2)


def test_a_block_that_cannot_be_read_again_ends_the_head_start() -> None:
    known = Hashers(FakeClock())

    def damaged(_: BlockRef) -> bytes:
        raise BlockDamagedError

    hasher = known.of(ME, "t")
    hasher.offer(1, REFS[1], DATA[1], damaged)
    hasher.settle(1, REFS[1])
    hasher.offer(0, REFS[0], DATA[0], damaged)
    hasher.settle(0, REFS[0])
    assert finished(known) == (WHOLE, 0)
    send(known, 2)  # nobody waits for ever


def test_far_ahead_is_not_remembered() -> None:
    known = Hashers(FakeClock())
    hasher = known.of(ME, "t")
    ref = BlockRef(BlockId(b"o" * 32), 5)
    for index in (hashers.EARLY_MAX, hashers.INDEX_MAX, 10**9):
        hasher.offer(index, ref, b"other", stored)
        hasher.settle(index, ref)
    assert not hasher._waiting


def test_whoever_is_near_waits_until_it_was_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, known, done = threading.Event(), Hashers(FakeClock()), threading.Event()

    def slowly(ref: BlockRef) -> bytes:
        assert gate.wait(10)
        return stored(ref)

    hasher = known.of(ME, "t")
    hasher.offer(1, REFS[1], DATA[1], slowly)
    hasher.settle(1, REFS[1])  # too early: it will be read
    hasher.offer(0, REFS[0], DATA[0], slowly)
    hasher.settle(0, REFS[0])
    hasher.offer(2, REFS[2], DATA[2], slowly)

    def settle() -> None:
        hasher.settle(2, REFS[2])
        done.set()

    thread = threading.Thread(target=settle)
    thread.start()
    assert not done.wait(0.05)
    gate.set()
    assert done.wait(10)
    thread.join()
    assert finished(known) == (WHOLE, 3)


def test_they_are_few_and_do_not_live_for_ever() -> None:
    clock = FakeClock()
    known = Hashers(clock)
    for number in range(hashers.HASHERS_MAX + 10):
        known.of(ME, str(number))
    assert len(known) == hashers.HASHERS_MAX
    clock.advance(hashers.IDLE_SECONDS)
    known.of(ME, "new")
    assert len(known) == 1


def test_the_same_token_of_another_account_is_another_file() -> None:
    known = Hashers(FakeClock())
    send(known, 0)
    assert known.head_start(AccountId(2), "t", REFS).blocks == 0
    assert finished(known) == (WHOLE, 1)
