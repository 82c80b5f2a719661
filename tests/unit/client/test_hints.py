"""When to look again: by events where there are some, else now and then."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import cast

import pytest

from secure_file_transfer.client import Hints, LiveEvent
from secure_file_transfer.client.events import Live
from secure_file_transfer.errors import ForbiddenError, NotFoundError, SecureFileTransferError

FAR = 3600.0
"""Whoever waits for so long waits for an event; the test's own time ends before."""


class Told:
    """A client whose server tells what the test says."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[LiveEvent | SecureFileTransferError] = asyncio.Queue()
        self.asked: list[Sequence[str]] = []
        self.over = 0

    async def events(self, *, topics: Sequence[str]) -> AsyncIterator[LiveEvent]:
        self.asked.append(topics)
        try:
            while True:
                told = await self.queue.get()
                if isinstance(told, SecureFileTransferError):
                    raise told
                yield told
        finally:
            self.over += 1

    def tell(self, kind: str = "written") -> None:
        self.queue.put_nowait(LiveEvent(None, "log", kind, {}))

    def hints(self, topics: Sequence[str] = ("log",)) -> Hints:
        return Hints(cast("Live", self), topics)


async def test_an_event_ends_the_wait_and_many_at_once_are_one_look() -> None:
    told = Told()
    async with asyncio.timeout(30), told.hints() as hints:
        told.tell("subscribed")
        await hints.wait(FAR, slow=FAR)  # from now on we hear: what happened before is looked at
        for _ in range(50):
            told.tell()
        await hints.wait(FAR, slow=FAR)
        again = asyncio.ensure_future(hints.wait(FAR, slow=FAR))
        done, _ = await asyncio.wait([again], timeout=0.3)
        assert not done
        told.tell()
        await again
    assert (told.asked, told.over) == ([("log",)], 1)


@pytest.mark.parametrize("error", [ForbiddenError("A token hears nothing of log"), NotFoundError("No events")])
async def test_without_events_one_looks_now_and_then(error: SecureFileTransferError) -> None:
    told = Told()
    told.queue.put_nowait(error)
    async with asyncio.timeout(30), told.hints() as hints:
        for _ in range(3):
            await hints.wait(0.01, slow=FAR)
    assert (len(told.asked), told.over) == (1, 1)


async def test_when_events_end_one_looks_now_and_then_again() -> None:
    told = Told()
    async with asyncio.timeout(30), told.hints() as hints:
        told.tell("subscribed")
        await hints.wait(FAR, slow=FAR)
        told.queue.put_nowait(ForbiddenError())
        await hints.wait(FAR, slow=FAR)
        await hints.wait(0.01, slow=FAR)


async def test_what_nobody_tells_is_not_asked_for() -> None:
    told = Told()
    async with asyncio.timeout(30), told.hints(()) as hints:
        await hints.wait(0.01, slow=FAR)
    assert told.asked == []
