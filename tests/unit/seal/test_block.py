import hashlib
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.errors import BlockDamagedError
from secure_file_transfer.model import BLOCK_SIZE_MAX, MIB
from secure_file_transfer.seal.block import (
    FRAME_SIZE,
    HEADER,
    TAG_SIZE,
    Buffer,
    Span,
    frame_count,
    plaintext_size,
    seal,
    sealed_size,
    span,
    unseal,
    unseal_span,
)

KEY = bytes(range(32))
F, T, H = FRAME_SIZE, TAG_SIZE, len(HEADER)
BOUNDARIES = [0, 1, F - 1, F, F + 1, 2 * F - 1, 2 * F, 2 * F + 1, 3 * F]
BIG = hashlib.shake_128(b"big").digest(3 * F + 100)
SEALED = {size: seal(KEY, BIG[:size]) for size in BOUNDARIES}


@pytest.mark.parametrize(
    ("plain", "frames"),
    [(0, 1), (1, 1), (F - 1, 1), (F, 1), (F + 1, 2), (2 * F - 1, 2), (2 * F, 2), (2 * F + 1, 3), (BLOCK_SIZE_MAX, 256)],
)
def test_sizes_follow_from_each_other(plain: int, frames: int) -> None:
    assert frame_count(plain) == frames
    assert sealed_size(plain) == H + plain + frames * T
    assert plaintext_size(sealed_size(plain)) == plain


@pytest.mark.parametrize(
    "sealed",
    [
        -1,
        0,
        H - 1,
        H,
        H + T - 1,
        H + F + T + 1,
        H + F + T + T - 1,
        H + F + T + T,  # an empty last frame behind a full one
        H + 2 * (F + T) + T,
        sealed_size(BLOCK_SIZE_MAX) + 1,
        sealed_size(BLOCK_SIZE_MAX + 1),
        1 << 70,
    ],
)
def test_a_size_that_no_block_has_is_damage(sealed: int) -> None:
    with pytest.raises(BlockDamagedError):
        plaintext_size(sealed)


def test_every_small_size_is_either_the_size_of_one_plaintext_or_refused() -> None:
    possible = {sealed_size(plain): plain for plain in range(2 * F + 3)}
    for sealed in range(max(possible) + 1):
        if sealed in possible:
            assert plaintext_size(sealed) == possible[sealed]
        else:
            with pytest.raises(BlockDamagedError):
                plaintext_size(sealed)


@pytest.mark.parametrize("size", BOUNDARIES)
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_what_was_sealed_opens_again_from_any_buffer(size: int, kind: Callable[[bytes], Buffer]) -> None:
    plain = BIG[:size]
    sealed = seal(KEY, kind(plain))
    assert type(sealed) is bytes
    assert len(sealed) == sealed_size(size)
    opened = unseal(KEY, kind(sealed))
    assert type(opened) is bytes
    assert opened == plain


def test_a_wide_or_sliced_view_is_taken_as_its_bytes() -> None:
    plain = BIG[: 2 * F]
    assert seal(KEY, memoryview(plain).cast("I")) == seal(KEY, plain)
    assert seal(KEY, memoryview(BIG)[1 : F + 1]) == seal(KEY, BIG[1 : F + 1])


def test_sealing_the_same_again_gives_the_same_bytes() -> None:
    assert seal(KEY, BIG) == seal(KEY, BIG)


def test_the_largest_block_is_sealed_and_a_larger_one_refused() -> None:
    plain = bytes(BLOCK_SIZE_MAX)
    assert unseal(KEY, seal(KEY, plain)) == plain
    with pytest.raises(ValueError, match="at most"):
        seal(KEY, bytes(BLOCK_SIZE_MAX + 1))


@pytest.mark.parametrize("size", [0, 16, 24, 31, 33])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        seal(bytes(size), b"x")
    with pytest.raises(ValueError, match="32 bytes"):
        unseal(bytes(size), SEALED[1])


@pytest.mark.parametrize("size", BOUNDARIES)
def test_another_key_opens_nothing(size: int) -> None:
    with pytest.raises(BlockDamagedError):
        unseal(bytes(32), SEALED[size])


def test_any_flipped_bit_of_a_small_block_is_noticed() -> None:
    sealed = seal(KEY, b"twelve bytes")
    for at in range(len(sealed)):
        for bit in range(8):
            with pytest.raises(BlockDamagedError):
                unseal(KEY, sealed[:at] + bytes([sealed[at] ^ 1 << bit]) + sealed[at + 1 :])


def test_any_cut_of_a_small_block_is_noticed() -> None:
    sealed = seal(KEY, b"twelve bytes")
    for end in range(len(sealed)):
        with pytest.raises(BlockDamagedError):
            unseal(KEY, sealed[:end])


@pytest.mark.parametrize("size", BOUNDARIES)
def test_a_flipped_bit_anywhere_in_a_large_block_is_noticed(size: int) -> None:
    seed = random.randrange(1 << 32)  # noqa: S311 - chooses which bits to flip
    print(f"seed {seed}")
    dice, sealed = random.Random(seed), SEALED[size]  # noqa: S311 - the same
    borders = [H + k * (F + T) + d for k in range(frame_count(size) + 1) for d in (-T - 1, -T, -1, 0, 1)]
    for at in {b for b in borders if 0 <= b < len(sealed)} | {dice.randrange(len(sealed)) for _ in range(20)}:
        broken = bytearray(sealed)
        broken[at] ^= 1 << dice.randrange(8)
        with pytest.raises(BlockDamagedError):
            unseal(KEY, broken)


@pytest.mark.parametrize("size", BOUNDARIES[1:])
def test_a_shorter_block_is_not_the_beginning_of_a_longer_one(size: int) -> None:
    # The last frame says that it is the last, so no prefix passes even at a frame border.
    for cut in range(1, frame_count(size)):
        with pytest.raises(BlockDamagedError):
            unseal(KEY, SEALED[size][: H + cut * (F + T)])


def test_the_message_says_what_to_do_and_shows_no_key() -> None:
    with pytest.raises(BlockDamagedError) as caught:
        unseal(bytes(32), SEALED[F])
    assert "frame 0" in str(caught.value)
    assert caught.value.hint
    assert caught.value.__cause__ is None


# --- ranges -----------------------------------------------------------------------------------------------------


def take(sealed: bytes, wanted: Span) -> bytes:
    return sealed[wanted.offset : wanted.offset + wanted.length]


@pytest.mark.parametrize("size", BOUNDARIES)
def test_every_range_between_borders_is_exact(size: int) -> None:
    marks = sorted({m for k in range(4) for d in (-1, 0, 1) if 0 <= (m := k * F + d) <= size} | {size, size // 2})
    tried = 0
    for start in marks:
        for end in marks:
            if start <= end:
                wanted = span(size, start, end - start)
                assert unseal_span(KEY, wanted, take(SEALED[size], wanted)) == BIG[start:end]
                tried += 1
    assert tried


@given(st.data())
def test_any_range_is_exact_and_reads_no_frame_too_many(data: st.DataObject) -> None:
    size = data.draw(st.sampled_from(BOUNDARIES[1:]))
    offset = data.draw(st.integers(0, size - 1))
    length = data.draw(st.integers(1, size - offset))
    wanted = span(size, offset, length)
    assert wanted.length < length + 2 * F + 4 * T
    assert wanted.offset >= H
    assert wanted.offset + wanted.length <= sealed_size(size)
    piece = take(SEALED[size], wanted)
    assert len(piece) == wanted.length
    opened = unseal_span(KEY, wanted, piece)
    assert type(opened) is bytes
    assert opened == BIG[offset : offset + length]


@given(st.data())
def test_a_range_of_damaged_frames_gives_nothing(data: st.DataObject) -> None:
    size = data.draw(st.sampled_from(BOUNDARIES[1:]))
    offset = data.draw(st.integers(0, size - 1))
    wanted = span(size, offset, data.draw(st.integers(1, size - offset)))
    piece = bytearray(take(SEALED[size], wanted))
    piece[data.draw(st.integers(0, len(piece) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BlockDamagedError):
        unseal_span(KEY, wanted, piece)


def test_an_empty_range_needs_no_bytes() -> None:
    for offset in (0, 5, F, 2 * F):
        wanted = span(2 * F, offset, 0)
        assert wanted.length == 0
        assert unseal_span(KEY, wanted, b"") == b""
    assert unseal_span(KEY, span(0, 0, 0), b"") == b""


@pytest.mark.parametrize(
    ("size", "offset", "length"),
    [
        (10, -1, 2),
        (10, 0, -1),
        (10, 5, -3),
        (10, 0, 11),
        (10, 10, 1),
        (10, 11, 0),
        (0, 0, 1),
        (-1, 0, 0),
        (1 << 40, 0, 1),
    ],
)
def test_a_range_outside_of_the_block_is_refused(size: int, offset: int, length: int) -> None:
    with pytest.raises(ValueError, match="do not lie within"):
        span(size, offset, length)


def test_a_piece_that_is_too_short_or_long_is_damage() -> None:
    wanted = span(3 * F, F, F)
    piece = take(SEALED[3 * F], wanted)
    for wrong in (b"", piece[:-1], piece + b"\x00", SEALED[3 * F]):
        with pytest.raises(BlockDamagedError):
            unseal_span(KEY, wanted, wrong)


def test_frames_of_another_place_are_no_substitute() -> None:
    wanted = span(3 * F, F, F)
    for other in (0, 2):
        with pytest.raises(BlockDamagedError):
            unseal_span(KEY, wanted, SEALED[3 * F][H + other * (F + T) : H + (other + 1) * (F + T)])


def test_a_catalog_that_lies_about_the_size_is_found_out() -> None:
    # Told that the block ends after two frames, the reader expects the mark of the last frame there.
    wanted = span(2 * F, F, F)
    with pytest.raises(BlockDamagedError):
        unseal_span(KEY, wanted, take(SEALED[3 * F], wanted))
    longer = span(3 * F, F, F)
    with pytest.raises(BlockDamagedError):
        unseal_span(KEY, longer, take(SEALED[2 * F], longer))


def test_many_threads_seal_and_open_at_once() -> None:
    plains = [hashlib.shake_128(bytes([n])).digest(MIB + n) for n in range(8)]

    def there_and_back(plain: bytes) -> bool:
        key = hashlib.sha256(plain).digest()
        return unseal(key, seal(key, plain)) == plain

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(there_and_back, plains * 4))
