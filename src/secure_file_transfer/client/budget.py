"""Room in memory, shared out by priority and then in order of arrival."""

import asyncio
from collections import Counter

from ..transfer.queue import PriorityQueue
from .control import TransferControl


class Budget:
    """A number of bytes that may be in memory at once.

    What a paused transfer holds does not count while it is paused, or it would keep all others from moving; once it
    goes on, nobody gets more before there is room again.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: Counter[TransferControl] = Counter()
        self._wanted: dict[asyncio.Future[None], tuple[int, TransferControl]] = {}
        self._waiting: PriorityQueue[asyncio.Future[None]] = PriorityQueue()

    @property
    def held(self) -> int:
        """Bytes that are in use, those of paused transfers too."""
        return self._held.total()

    async def take(self, count: int, control: TransferControl) -> int:
        """Wait for room. What is larger than everything gets everything."""
        count = min(count, self._size)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        control.listen(self._again)
        self._wanted[turn] = (count, control)
        self._waiting.put(turn, control.place)
        self._serve()
        try:
            await turn
        except BaseException:
            if not self._waiting.discard(turn):
                self.give(count, control)
            raise
        finally:
            del self._wanted[turn]
        return count

    def give(self, count: int, control: TransferControl) -> None:
        """Give it back."""
        self._held[control] -= count
        if not self._held[control]:
            del self._held[control]
        self._serve()

    def _again(self) -> None:
        for turn, (_, control) in self._wanted.items():
            if not turn.done():
                self._waiting.put(turn, control.place)
        self._serve()

    def _serve(self) -> None:
        used = sum(held for control, held in self._held.items() if control.place is not None)
        while self._waiting:
            count, control = self._wanted[self._waiting.first()]
            if used + count > self._size:
                return  # nobody overtakes: who wants much would wait for ever
            turn = self._waiting.pop()
            if not turn.done():
                self._held[control] += count
                used += count
                turn.set_result(None)
