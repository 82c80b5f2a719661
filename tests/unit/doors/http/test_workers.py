import asyncio
import threading

import pytest

from secure_file_transfer.doors.http.workers import Pull, Workers, gathered


@pytest.fixture
def workers() -> Workers:
    return Workers("test", 2)


async def test_work_runs_in_another_thread(workers: Workers) -> None:
    assert await workers.run(threading.get_ident) != threading.get_ident()


async def test_what_a_cancelled_call_opened_is_undone(workers: Workers) -> None:
    started, go, undone = threading.Event(), threading.Event(), threading.Event()

    def work() -> str:
        started.set()
        go.wait(10)
        return "open"

    task = asyncio.create_task(workers.run(work, undo=lambda result: undone.set() if result == "open" else None))
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not undone.is_set()
    go.set()
    workers.close()
    assert undone.is_set()


async def test_cleaning_up_waits_for_what_runs(workers: Workers) -> None:
    go = threading.Event()
    order: list[str] = []

    def fails() -> None:
        go.wait(10)
        order.append("work")
        raise OSError("broken")

    pending = workers.submit(fails)
    cleaned = workers.finally_do(pending, lambda: order.append("clean"))
    assert order == []
    go.set()
    cleaned.result(10)
    assert order == ["work", "clean"]


async def test_pull_is_one_step_ahead_and_closes_once(workers: Workers) -> None:
    taken: list[int] = []
    closed = threading.Event()

    def steps() -> "list[int]":
        return [1, 2, 3]

    def walk() -> object:
        for step in steps():
            taken.append(step)
            yield step

    pull: Pull[int] = Pull(workers, walk(), closed.set)  # type: ignore[arg-type]
    pull.ahead()
    assert await pull.step() == 1
    assert await pull.step() == 2
    workers.submit(int).result(10)
    assert await pull.step() == 3
    assert await pull.step() is None
    assert await pull.step() is None
    assert taken == [1, 2, 3]
    pull.close()
    assert closed.wait(10)


@pytest.mark.parametrize(
    ("sizes", "expected"), [([], []), ([1], [1]), ([3, 3, 3, 3], [6, 6]), ([9, 1], [9, 1]), ([0, 0], [])]
)
def test_small_pieces_are_gathered(sizes: list[int], expected: list[int]) -> None:
    data = [bytes([at]) * size for at, size in enumerate(sizes)]
    result = list(gathered(data, 6))
    assert [len(piece) for piece in result] == expected
    assert b"".join(result) == b"".join(data)
