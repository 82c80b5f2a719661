"""Whether to compress: what shrinks, and where that is faster. Times are those of the tables below."""

import os
import random

import pytest

from secure_file_transfer.model import KIB, MIB
from secure_file_transfer.transfer.squeeze import Habit, Line, Yield, is_packed, sample

TEXT = Yield(0.25, 300e6)
"""A quarter is left, at 300 MB/s: of use up to 112 MB/s."""
NOISE = Yield(1.0, 1e9)


@pytest.mark.parametrize(
    "start",
    [
        b"PK\x03\x04rest",
        b"\x1f\x8b\x08",
        b"\x89PNG\r\n",
        b"\xff\xd8\xff\xe0",
        b"\x00\x00\x00\x18ftypmp42",
        b"RIFF\x10\x00\x00\x00WEBP",
        memoryview(b"7z\xbc\xaf\x27\x1c\x00\x04"),
    ],
)
def test_compressed_files_are_known_by_their_beginning(start: bytes) -> None:
    assert is_packed(start)


@pytest.mark.parametrize("start", [b"", b"P", b"hello world, hello", b"RIFF\x10\x00\x00\x00WAVE", b"{}"])
def test_others_are_not(start: bytes) -> None:
    assert not is_packed(start)


@pytest.mark.parametrize("size", [1, 200 * KIB, 256 * KIB, 256 * KIB + 1, 3 * MIB, 16 * MIB])
def test_a_sample_is_small_and_from_everywhere(size: int) -> None:
    data = os.urandom(size)
    taken = sample(memoryview(data))
    assert len(taken) <= 256 * KIB
    assert taken[:100] == data[:100]
    assert taken[-100:] == data[-100:]


def test_a_habit_of_not_shrinking_is_not_tried_again_soon() -> None:
    habit, tried = Habit(), []
    for number in range(300):
        if habit.tried:
            tried.append(number)
            habit.learned(NOISE)
    assert tried == [0, 2, 5, 10, 19, 36, 69, 134, 199, 264]


def test_what_shrinks_again_is_noticed_and_tried_at_once() -> None:
    habit = Habit()
    for _ in range(3):
        habit.learned(NOISE)
    while not habit.tried:
        pass
    habit.learned(TEXT)
    assert all(habit.tried for _ in range(100))


def test_an_archive_is_tried_late() -> None:
    habit = Habit()
    habit.begins(b"PK\x03\x04")
    assert [habit.tried for _ in range(65)] == [False] * 64 + [True]


def test_a_sample_holds_for_some_blocks() -> None:
    habit = Habit()
    assert habit.known is None
    habit.learned(TEXT)
    known = [habit.known for _ in range(16)]
    assert known[:15] == [TEXT] * 15
    assert known[15] is None


class World:
    """A line of a given rate, blocks of one size, so many at once; time passes only on the line."""

    def __init__(self, rate: float, what: Yield = TEXT, size: int = 3 * MIB, width: int = 4) -> None:
        self.line, self.what, self.size, self.width, self.rate = Line(), what, size, width, rate
        self.now = 100.0
        self.under_way: list[tuple[float, int]] = []
        self.free_at = 0.0
        self.squeezed: list[bool] = []

    def send(self) -> None:
        while len(self.under_way) >= self.width:
            self._arrive()
        wait = self.line.patience(self.what, self.now)
        while wait > 0 and self.under_way and self.under_way[0][0] <= self.now + wait:
            self._arrive()
            wait = self.line.patience(self.what, self.now)
        self.now += wait
        pays = self.line.pays(self.what, self.now)
        self.squeezed.append(pays)
        size = int(self.size * self.what.ratio) if pays else self.size
        self.now += size / self.what.speed if pays else 0.0
        self.line.begin(size, self.now)
        self.free_at = max(self.free_at, self.now) + size / self.rate
        self.under_way.append((self.free_at, size))

    def _arrive(self) -> None:
        at, size = self.under_way.pop(0)
        self.now = max(self.now, at)
        self.line.end(size, self.now)


@pytest.mark.parametrize("rate", [1e5, 1e6, 12.5e6, 60e6, 100e6])
def test_before_a_slow_line_nearly_all_is_compressed(rate: float) -> None:
    world = World(rate)
    for _ in range(200):
        world.send()
    assert not any(world.squeezed[:2]), "the first tell how fast the line is"
    assert world.squeezed.count(False) <= 8


@pytest.mark.parametrize("rate", [200e6, 400e6, 1e9, 5e9])
def test_before_a_fast_line_nothing_is(rate: float) -> None:
    world = World(rate)
    for _ in range(500):
        world.send()
    assert not any(world.squeezed)


def test_a_slow_line_is_known_before_the_first_block_has_arrived() -> None:
    world = World(12.5e6)
    for _ in range(3):
        world.send()
    assert world.squeezed == [False, False, True]
    assert world.now - 100.0 < 0.1, "two blocks take half a second there"


@pytest.mark.parametrize(("before", "after", "squeezed"), [(1e9, 10e6, True), (10e6, 1e9, False)])
def test_a_line_that_changes_is_noticed(before: float, after: float, squeezed: bool) -> None:
    world = World(before)
    for _ in range(600):
        world.send()
    world.rate = after
    for _ in range(1500):
        world.send()
    assert world.squeezed[-100:].count(squeezed) > 90


def test_failures_do_not_make_anybody_wait_for_ever() -> None:
    line = Line()
    for _ in range(2):
        assert not line.pays(TEXT, 0.0)
        line.begin(MIB, 0.0)
    line.end(MIB, 1.0, arrived=False)
    line.end(MIB, 1.0, arrived=False)
    assert line.patience(TEXT, 1.0) == 0.0
    assert isinstance(line.pays(TEXT, 1.0), bool)


def test_waiting_is_always_short() -> None:
    chance = random.Random(20261121)  # noqa: S311 - repeatable, not secret
    print("seed 20261121")
    for _ in range(200):
        world = World(10 ** chance.uniform(4, 10), Yield(chance.uniform(0.01, 0.9), 10 ** chance.uniform(6, 9)))
        for _ in range(10):
            assert world.line.patience(world.what, world.now) <= 8 * world.size / world.what.limit
            world.send()
