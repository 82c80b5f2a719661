"""Ending things that have numbers: some of them by their numbers, or all."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from .connection import connected, run
from .failures import UsageError

if TYPE_CHECKING:
    from ...client import AsyncClient


def end(
    numbers: Sequence[int],
    what: str,
    one: "Callable[[AsyncClient, int], Awaitable[object]]",
    every: "Callable[[AsyncClient, str | None], Awaitable[int]]",
    *,
    all_: bool,
    user: str | None,
    server: str | None,
) -> int:
    """End these, or `every` one, of `user` if that is given. Returns how many ended.

    Raises:
        UsageError: it is neither numbers nor all, or both; a name goes with all.
    """
    if bool(numbers) == all_:
        raise UsageError(f"Say which {what}", hint="Give their numbers, or --all.")
    if user is not None and not all_:
        raise UsageError("--user goes with --all", hint="A number needs no name.")

    async def work() -> int:
        async with connected(server) as client:
            if all_:
                return await every(client, user)
            for number in numbers:
                await one(client, number)
            return len(numbers)

    return run(work())
