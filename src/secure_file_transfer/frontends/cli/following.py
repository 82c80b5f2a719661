"""Beginning a job, and looking on while the server does it. Whoever stops looking stops nothing."""

from typing import TYPE_CHECKING

from .connection import connected, run
from .failures import Stopped
from .progress import Display

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ...client import AsyncClient, JobInfo, Progress

_SIGNALS = 128


def follow(
    begin: "Callable[[AsyncClient], Awaitable[JobInfo]]",
    *,
    wait: bool,
    server: str | None,
    quiet: bool,
    display: Display | None = None,
) -> "JobInfo":
    """Begin a job, and with `wait` show it until it has ended.

    Raises:
        What ended it, if it did not come to its end.
        KeyboardInterrupt, Stopped: somebody ended the waiting. The job goes on, and they are told how to look after it.
    """
    begun: list[JobInfo] = []
    shown = Display(quiet=quiet) if display is None else display

    async def work() -> "JobInfo":
        async with connected(server) as client:
            job = await begin(client)
            begun.append(job)
            if not wait:
                return job
            with shown.watch(job.kind) as update:
                return await client.wait_for_job(job.number, on_progress=_told(update))

    try:
        return run(work())
    except KeyboardInterrupt:
        raise KeyboardInterrupt(goes_on(begun[0]) if begun else "") from None
    except Stopped as stopped:
        raise Stopped(stopped.exit - _SIGNALS, goes_on(begun[0]) if begun else "") from None


def goes_on(job: "JobInfo") -> str:
    """How one looks after a job that goes on by itself."""
    return f"Job {job.number} goes on at the server: 'sft jobs wait {job.number}', 'sft jobs cancel {job.number}'."


def _told(update: "Callable[[Progress], None] | None") -> "Callable[[JobInfo], None] | None":
    if update is None:
        return None

    def tell(job: "JobInfo") -> None:
        from ...client import Progress

        update(Progress(job.message or job.kind, job.size, job.size_total, job.items, job.items_total or 1))

    return tell
