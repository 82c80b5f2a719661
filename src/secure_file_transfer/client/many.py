"""Many transfers at once: what became of each, and what to raise when some failed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..errors import SecureFileTransferError
from ..model import Entry

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Transferred:
    """What became of one item. `error` is None when all is well.

    `outcome` is created, replaced, skipped, or failed. Things that are not transferred at all (symbolic links,
    devices) are skipped, and `reason` says why. `entry` describes the remote file, where there is one. `read_back`:
    the server gave the stored content back, and it was compared with what was sent.
    """

    local: Path
    remote: str
    outcome: str
    entry: Entry | None = None
    error: SecureFileTransferError | None = None
    reason: str = ""
    read_back: bool = False


OnResult = Callable[[Transferred], None]


async def side_by_side(items: Iterable[T], work: Callable[[T], Awaitable[None]], width: int) -> None:
    """Run `work` for every item, `width` at a time, in their order. The first exception ends all of it."""
    queue = iter(items)

    async def worker() -> None:
        for item in queue:
            await work(item)

    tasks = [asyncio.create_task(worker()) for _ in range(width)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def attempt(
    work: Callable[[], Awaitable[Transferred]], local: Path, remote: str, on_result: OnResult | None
) -> Transferred:
    """Do one item; a failure becomes its result, so that the others go on."""
    try:
        result = await work()
    except SecureFileTransferError as error:
        result = failed(local, remote, error)
    if on_result is not None:
        on_result(result)
    return result


def failed(local: Path, remote: str, error: SecureFileTransferError) -> Transferred:
    """The result of an item that failed."""
    return Transferred(local, remote, "failed", error=error)


def settle(results: Sequence[Transferred], *, check: bool) -> list[Transferred]:
    """Give back all results; with `check`, raise if any failed.

    The error has the type, code and hint of the first failure, says how many failed, and has that first failure
    as its cause.
    """
    errors = [result.error for result in results if result.error is not None]
    if check and errors:
        first = errors[0]
        if len(results) == 1:
            raise first
        raise type(first)(f"{len(errors)} of {len(results)} failed; the first: {first}", hint=first.hint) from first
    return list(results)
