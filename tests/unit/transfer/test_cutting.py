"""Where files are cut."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secure_file_transfer.model import BLOCK_SIZE_MAX, GIB, MIB
from secure_file_transfer.transfer.cutting import Sizes, cut, sizes_for

SMALL = Sizes(smallest=256, spread=256, largest=2048)


def random_bytes(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - repeatable, not secret


def whole(data: bytes, sizes: Sizes = SMALL) -> list[bytes]:
    parts, at = [], 0
    for length in cut(memoryview(data), sizes, last=True):
        parts.append(data[at : at + length])
        at += length
    return parts


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(0, 40_000))
def test_the_blocks_are_the_file_and_have_the_sizes_that_were_said(seed: int, size: int) -> None:
    data = random_bytes(seed, size)
    parts = whole(data)
    assert b"".join(parts) == data
    assert all(SMALL.smallest <= len(part) <= SMALL.largest for part in parts[:-1])
    assert all(parts)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(0, 30_000), more=st.integers(0, 5000))
def test_windows_do_not_change_the_cuts(seed: int, size: int, more: int) -> None:
    data = random_bytes(seed, size)
    at, lengths = 0, []
    while at < size:
        window = memoryview(data)[at : at + SMALL.largest + more]
        found = list(cut(window, SMALL, last=at + len(window) == size))
        assert found, "a window that holds a largest block always has a cut"
        lengths += found
        at += sum(found)
    assert lengths == [len(part) for part in whole(data)]


def test_content_without_variety_is_cut_at_the_largest_size() -> None:
    assert [len(part) for part in whole(bytes(5000))] == [2048, 2048, 904]


@pytest.mark.parametrize("seed", range(5))
def test_bytes_inserted_in_the_front_change_only_the_first_blocks(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    data = chance.randbytes(400_000)
    before, after = whole(data), whole(chance.randbytes(77) + data)
    new = sum(len(part) for part in after if part not in set(before))
    assert new < 20 * (SMALL.smallest + SMALL.spread)


@pytest.mark.parametrize("size", [0, 1, 4 * MIB, GIB, 100 * GIB, 10_000 * GIB])
def test_sizes_stay_within_what_the_server_takes(size: int) -> None:
    sizes = sizes_for(size, least=MIB, most=BLOCK_SIZE_MAX)
    assert MIB <= sizes.smallest < sizes.largest <= BLOCK_SIZE_MAX
    assert size / (sizes.smallest + sizes.spread) < 10_000 or sizes.smallest * 4 >= BLOCK_SIZE_MAX


def test_a_file_that_grows_a_little_is_cut_as_before() -> None:
    fine, large = sizes_for(MIB, least=MIB, most=16 * MIB), sizes_for(GIB, least=MIB, most=16 * MIB)
    assert fine == sizes_for(GIB // 2, least=MIB, most=16 * MIB)
    assert large == sizes_for(4 * GIB, least=MIB, most=16 * MIB)
    assert fine.smallest * 2 == large.smallest
