import hashlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

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


def nothing() -> None:
    """For bytes that nobody wants back."""


def send(known: Hashers, index: int, token: str = "t") -> None:
    hasher = known.of(ME, token)
    hasher.offer(index, REFS[index], DATA[index], stored, nothing)
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
    for kept_each in (0, 2000, 10**6) * 10:
        known = Hashers(FakeClock(), kept_each=kept_each)
        back: list[int] = []
        order = list(range(COUNT))
        source.shuffle(order)

        def lend(index: int, known: Hashers = known, back: list[int] = back) -> None:
            buffer = bytearray(DATA[index])

            def returned(back: list[int] = back) -> None:
                buffer[:] = bytes(len(buffer))  # it is ours again
                back.append(index)

            hasher = known.of(ME, "t")
            assert hasher.offer(index, REFS[index], buffer, stored, returned)
            hasher.settle(index, REFS[index])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lend, order))
        assert finished(known) == (WHOLE, COUNT)
        assert sorted(back) == list(range(COUNT))
        assert known.kept == 0


def test_a_gap_is_read_at_the_end() -> None:
    known = Hashers(FakeClock())
    for index in (0, 1, 3, 4):
        send(known, index)
    assert finished(known) == (WHOLE, 2)


def test_what_is_not_this_file_does_not_count() -> None:
    known = Hashers(FakeClock())
    hasher = known.of(ME, "t")
    other = BlockRef(BlockId(b"o" * 32), 5)
    hasher.offer(0, other, b"other", stored, nothing)
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
    hasher.offer(1, REFS[1], DATA[1], stored, nothing)
    hasher.withdraw(1, REFS[1])
    send(known, 0)
    assert finished(known) == (WHOLE, 1)


def test_another_block_for_a_place_that_waits_is_passed_over() -> None:
    known = Hashers(FakeClock())
    send(known, 1)
    hasher = known.of(ME, "t")
    other = BlockRef(BlockId(b"o" * 32), 5)
    hasher.offer(1, other, b"other", stored, nothing)
    hasher.settle(1, other)
    send(known, 0)
    assert finished(known) == (WHOLE, 2)


def test_a_block_that_cannot_be_read_again_ends_the_head_start() -> None:
    known = Hashers(FakeClock(), kept_each=0)

    def damaged(_: BlockRef) -> bytes:
        raise BlockDamagedError

    hasher = known.of(ME, "t")
    hasher.offer(1, REFS[1], DATA[1], damaged, nothing)
    hasher.settle(1, REFS[1])
    hasher.offer(0, REFS[0], DATA[0], damaged, nothing)
    hasher.settle(0, REFS[0])
    assert finished(known) == (WHOLE, 0)
    send(known, 2)  # nobody waits for ever


def test_far_ahead_is_not_remembered() -> None:
    known = Hashers(FakeClock())
    hasher = known.of(ME, "t")
    ref = BlockRef(BlockId(b"o" * 32), 5)
    for index in (hashers.EARLY_MAX, hashers.INDEX_MAX, 10**9):
        hasher.offer(index, ref, b"other", stored, nothing)
        hasher.settle(index, ref)
    assert not hasher._waiting


def test_whoever_is_near_waits_when_nothing_more_can_be_kept() -> None:
    gate, known, done = threading.Event(), Hashers(FakeClock(), kept_each=0), threading.Event()

    def slowly(ref: BlockRef) -> bytes:
        assert gate.wait(10)
        return stored(ref)

    hasher = known.of(ME, "t")
    hasher.offer(1, REFS[1], DATA[1], slowly, nothing)
    hasher.settle(1, REFS[1])  # too early: it will be read
    hasher.offer(0, REFS[0], DATA[0], slowly, nothing)
    hasher.settle(0, REFS[0])
    hasher.offer(2, REFS[2], DATA[2], slowly, nothing)

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


def keep(known: Hashers, token: str, index: int, back: list[tuple[str, int]]) -> None:
    """Send a block that comes too early."""
    hasher = known.of(ME, token)
    assert hasher.offer(index, REFS[index], DATA[index], stored, lambda: back.append((token, index)))
    hasher.settle(index, REFS[index])


def test_what_comes_early_is_kept_and_not_read_again() -> None:
    known, back, read = Hashers(FakeClock()), list[tuple[str, int]](), list[BlockRef]()

    def reading(ref: BlockRef) -> bytes:
        read.append(ref)
        return stored(ref)

    hasher = known.of(ME, "t")
    for index in (2, 1, 0):
        hasher.offer(index, REFS[index], DATA[index], reading, partial(back.append, ("t", index)))
        hasher.settle(index, REFS[index])
    assert known.head_start(ME, "t", REFS[:3]).blocks == 3
    assert read == []
    assert back == [("t", 0), ("t", 1), ("t", 2)]


def test_one_file_keeps_so_much_and_no_more() -> None:
    known, back = Hashers(FakeClock(), kept_each=2100), list[tuple[str, int]]()
    for index in (1, 2, 3):
        keep(known, "t", index, back)
    assert back == [("t", 3)]
    assert known.kept == len(DATA[1]) + len(DATA[2])


def test_who_rested_longest_gives_way_when_too_much_is_kept() -> None:
    known, back = Hashers(FakeClock(), kept_max=3300), list[tuple[str, int]]()
    for token in "abc":
        keep(known, token, 1, back)
    keep(known, "a", 2, back)  # b rests longest now
    assert back == [("b", 1)]
    send(known, 0, "b")
    assert finished(known, "b") == (WHOLE, 2), "what was given back is read from the store"


def test_what_is_kept_goes_back_when_the_file_is_over() -> None:
    clock = FakeClock()
    known, back = Hashers(clock), list[tuple[str, int]]()
    late = known.of(ME, "t")
    keep(known, "t", 1, back)
    assert late.offer(2, REFS[2], DATA[2], stored, lambda: back.append(("t", 2)))
    known.head_start(ME, "t", REFS)
    assert back == [("t", 1)]
    late.settle(2, REFS[2])
    assert back == [("t", 1), ("t", 2)], "a file that is over keeps nothing more"
    keep(known, "idle", 1, back)
    clock.advance(hashers.IDLE_SECONDS)
    known.of(ME, "new")
    assert back[-1] == ("idle", 1)
    assert known.kept == 0
