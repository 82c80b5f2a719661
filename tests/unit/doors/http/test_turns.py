"""Fair turns for sign-ins."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from secure_file_transfer.doors.http.turns import Turns
from secure_file_transfer.doors.http.workers import Workers
from secure_file_transfer.errors import TooManyRequestsError


class Bench:
    """One thread that works when it is told to, and the order in which it worked."""

    def __init__(self, **limits: int) -> None:
        self.workers = Workers("test", 1)
        self.turns = Turns(self.workers, 1, **limits)
        self.go = threading.Semaphore(0)
        self.done: list[str] = []

    async def begin(self, source: str, name: str = "") -> "asyncio.Task[None]":
        def work() -> None:
            assert self.go.acquire(timeout=10)
            self.done.append(name or source)

        task = asyncio.create_task(self.turns.run(source, work))
        await asyncio.sleep(0)
        return task

    def release(self, count: int = 1000) -> None:
        self.go.release(count)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.workers.close()


async def test_attack_47_whoever_sends_many_waits_for_themselves(bench: Bench) -> None:
    flood = [await bench.begin("flood") for _ in range(10)]
    others = [await bench.begin("other"), await bench.begin("third")]
    bench.release()
    await asyncio.gather(*flood, *others)
    assert bench.done[:5] == ["flood", "flood", "other", "third", "flood"]


async def test_a_line_that_is_full_turns_its_own_people_away_and_nobody_else() -> None:
    bench = Bench(each_max=3)
    flood = [await bench.begin("flood") for _ in range(10)]
    other = await bench.begin("other")
    bench.release()
    ends = await asyncio.gather(*flood, other, return_exceptions=True)
    assert [isinstance(end, TooManyRequestsError) for end in ends] == [False] * 4 + [True] * 6 + [False]
    bench.workers.close()


async def test_a_newcomer_takes_the_last_place_of_the_longest_line() -> None:
    bench = Bench(waiting_max=4, each_max=4)
    flood = [await bench.begin("flood", f"flood {n}") for n in range(5)]
    first, second = await bench.begin("other"), await bench.begin("third")
    late = [await bench.begin("third") for _ in range(2)]
    bench.release()
    ends = await asyncio.gather(*flood, first, second, *late, return_exceptions=True)
    refused = [isinstance(end, TooManyRequestsError) for end in ends]
    assert refused == [False, False, False, True, True, False, False, True, True]
    bench.workers.close()


async def test_who_leaves_the_line_holds_nobody_up(bench: Bench) -> None:
    first = await bench.begin("a")
    waiting = [await bench.begin("b", "b1"), await bench.begin("b", "b2")]
    waiting[0].cancel()
    await asyncio.sleep(0)
    bench.release()
    await asyncio.gather(first, waiting[1])
    assert bench.done == ["a", "b2"]
    await asyncio.wait_for(await bench.begin("c"), 10)


async def test_a_turn_given_to_somebody_who_leaves_that_moment_goes_on_to_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await bench.begin("a")
    second, third = await bench.begin("b"), await bench.begin("c")
    give = bench.turns._next

    def give_and_leave() -> None:
        monkeypatch.undo()
        give()
        second.cancel()

    monkeypatch.setattr(bench.turns, "_next", give_and_leave)
    bench.release()
    await asyncio.wait_for(asyncio.gather(first, third), 10)
    assert bench.done == ["a", "c"]
    assert second.cancelled()


async def test_what_fails_gives_its_turn_back(bench: Bench) -> None:
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await bench.turns.run("a", lambda: 1 // 0)
    assert await bench.turns.run("a", lambda: 1) == 1
