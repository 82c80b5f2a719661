"""Room in memory, shared out fairly."""

import asyncio


class Budget:
    """A number of bytes that may be in memory at once; whoever wants more waits, in order of arrival."""

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._changed = asyncio.Condition()

    async def take(self, count: int) -> int:
        """Wait for room. What is larger than everything gets everything."""
        count = min(count, self._size)
        async with self._changed:
            await self._changed.wait_for(lambda: self._free >= count)
            self._free -= count
        return count

    async def give(self, count: int) -> None:
        """Give it back."""
        async with self._changed:
            self._free += count
            self._changed.notify_all()
