"""Jobs: long operations that the server goes on with, whatever becomes of the connection."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import (
    CancelledTransferError,
    InterruptedTransferError,
    SecureFileTransferError,
    ShuttingDownError,
    TimedOutError,
    UnreachableError,
    from_code,
)
from ..model import ENDED, Conflict, JobKind, JobState, TimeUs
from ..paths import RemotePath
from .api import Api
from .how import choice
from .wire_values import hex_digest, listed, members, plain, text_of, time_us, violation, whole

PATIENCE = 600.0
"""Seconds for which a server that went away is waited for: the job is still there when it is back."""
_LOOK_SECONDS = 0.25
_LOOK_SECONDS_MAX = 1.0
_AWAY = (UnreachableError, InterruptedTransferError, TimedOutError, ShuttingDownError)


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a job came to. `path` is of what it made, `size` and `sha256` are a file's.

    Of a verification: how many `files` and bytes (`size`) were read, how many are damaged, and, where the job was asked
    for alone, which of them and why. The server names at most a thousand.
    """

    path: str = ""
    size: int | None = None
    sha256: bytes | None = None
    files: int | None = None
    damaged_files: int = 0
    damaged: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A job as it is at this moment. Totals are None while nobody knows them, `rate` is in bytes a second.

    `what` is what was asked for, as the protocol says it: `sources` are the paths that it reads, `target` is where the
    result goes, empty for a verification.
    """

    number: int
    owner: str
    kind: str
    state: JobState
    what: Mapping[str, Any]
    sources: tuple[str, ...]
    target: str
    percent: int
    size: int
    size_total: int | None
    items: int
    items_total: int | None
    rate: int
    eta: int | None
    message: str
    result: JobResult | None
    code: str
    error: str
    created_us: TimeUs
    started_us: TimeUs | None
    ended_us: TimeUs | None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ENDED

    def failure(self) -> SecureFileTransferError | None:
        """Why it did not come to its end; None where it did, or may still."""
        if self.state is JobState.CANCELLED:
            return CancelledTransferError(f"Job {self.number} was cancelled")
        if self.state is JobState.INTERRUPTED:
            return InterruptedTransferError(
                f"Job {self.number} was interrupted: {self.error}", hint="Nothing half was left. Begin it again."
            )
        return from_code(self.code, self.error) if self.state is JobState.FAILED else None


OnJob = Callable[[JobInfo], None]
"""Is called in the client's event loop, so it must be quick."""


class JobRequests(Api):
    """See `AsyncClient`."""

    async def start_copy(self, source: str, target: str, *, conflict: Conflict | str = Conflict.SKIP) -> JobInfo:
        """Let the server copy a file or tree by itself; the words are those of `copy`.

        Raises:
            NotFoundError, ExistsError, ConflictError, ForbiddenError: it could only fail.
            TooManyRequestsError: too many of our jobs wait.
        """
        return await self._start(JobKind.COPY, source=_path(source), target=_path(target), conflict=_taken(conflict))

    async def start_move(self, source: str, target: str, *, conflict: Conflict | str = Conflict.SKIP) -> JobInfo:
        """The same for a move."""
        return await self._start(JobKind.MOVE, source=_path(source), target=_path(target), conflict=_taken(conflict))

    async def start_zip(
        self, paths: Sequence[str], target: str, *, conflict: Conflict | str = Conflict.SKIP
    ) -> JobInfo:
        """Let the server pack files and folders into one ZIP archive, which becomes the file `target`.

        Nobody sees the archive before it is whole. Raises as `start_copy` does.
        """
        chosen = [_path(each) for each in paths]
        return await self._start(JobKind.ZIP, paths=chosen, target=_path(target), conflict=_taken(conflict))

    async def start_verify(self, path: str = "/", *, everything: bool = False) -> JobInfo:
        """Let the server read all that is stored at a path, and say what of it is damaged.

        `everything`: on all drives, for operators. Raises as `start_copy` does.
        """
        return await self._start(JobKind.VERIFY, path=_path(path), all=everything)

    async def _start(self, kind: JobKind, **what: Any) -> JobInfo:
        return _job(await self._call("POST", "/api/v1/jobs", {"kind": kind.value, **what}, expect=(202,)))

    async def jobs(self, *, everybody: bool = False) -> Sequence[JobInfo]:
        """Our jobs, or for operators everybody's; the newest first.

        Raises:
            ForbiddenError: only operators see everybody's.
        """
        query = [("all", "true")] if everybody else []
        return [_job(each) for each in listed(await self._call("GET", "/api/v1/jobs", query=query), "jobs")]

    async def job(self, number: int) -> JobInfo:
        """One of them. Raises NotFoundError: there is none, or it is not ours."""
        return _job(await self._call("GET", f"/api/v1/jobs/{int(number)}"))

    async def cancel_job(self, number: int) -> JobInfo:
        """Let it end within a second, with nothing of it left. One that has ended stays as it is.

        Raises:
            NotFoundError
        """
        return _job(await self._call("POST", f"/api/v1/jobs/{int(number)}/cancel"))

    async def remove_job(self, number: int) -> None:
        """Forget one that has ended. Raises NotFoundError; ConflictError: it has not."""
        await self._call("DELETE", f"/api/v1/jobs/{int(number)}", expect=(204,))

    async def wait_for_job(
        self, number: int, *, on_progress: OnJob | None = None, patience: float = PATIENCE
    ) -> JobInfo:
        """Wait until it has ended, and return it. Whoever stops waiting stops nothing else.

        A server that goes away meanwhile is waited for, for so many seconds of `patience`.

        Raises:
            What ended it, if it did not come to its end: an error of the table, CancelledTransferError,
            InterruptedTransferError.
            NotFoundError
        """
        pause, away = _LOOK_SECONDS, None
        while True:
            try:
                found, away = await self.job(number), None
            except _AWAY:
                away = time.monotonic() if away is None else away
                if time.monotonic() - away >= patience:
                    raise
            else:
                if on_progress is not None:
                    on_progress(found)
                if found.ended:
                    if (failure := found.failure()) is not None:
                        raise failure
                    return found
            await asyncio.sleep(pause)
            pause = min(pause * 1.2, _LOOK_SECONDS_MAX)


def _path(text: str) -> str:
    return str(RemotePath.parse(text))


def _taken(conflict: Conflict | str) -> str:
    return choice(conflict, (Conflict.SKIP, Conflict.OVERWRITE, Conflict.RENAME)).value


# --- what the server says of them -------------------------------------------------------------------------------------


def _job(value: object) -> JobInfo:
    values = members(value, "a job")
    what, error = members(values.get("what"), "what a job does"), values.get("error")
    failed = None if error is None else members(error, "the error of a job")
    try:
        state = JobState(text_of(values, "state"))
    except ValueError:
        raise violation("a job is in no state that we know") from None
    percent = whole(values, "percent")
    return JobInfo(
        number=whole(values, "id"),
        owner=text_of(values, "owner"),
        kind=text_of(values, "kind"),
        state=state,
        what=what,
        sources=_sources(what),
        target=text_of(what, "target") if "target" in what else "",
        percent=min(percent, 100),
        size=whole(values, "size"),
        size_total=_perhaps(values, "size_total"),
        items=whole(values, "items"),
        items_total=_perhaps(values, "items_total"),
        rate=whole(values, "rate"),
        eta=_perhaps(values, "eta"),
        message=plain(text_of(values, "message")),
        result=None if values.get("result") is None else _result(members(values["result"], "a job's result")),
        code="" if failed is None else text_of(failed, "code"),
        error="" if failed is None else plain(text_of(failed, "message")),
        created_us=time_us(values.get("created")),
        started_us=_moment(values, "started"),
        ended_us=_moment(values, "ended"),
    )


def _sources(what: Mapping[str, Any]) -> tuple[str, ...]:
    paths = what.get("paths")
    if paths is None:
        return () if what.get("all") else (text_of(what, "source" if "source" in what else "path"),)
    if not isinstance(paths, list) or not all(isinstance(each, str) for each in paths):
        raise violation("'paths' is not a list of texts")
    return tuple(paths)


def _result(values: Mapping[str, Any]) -> JobResult:
    damaged = listed(values, "damaged") if "damaged" in values else []
    return JobResult(
        path=text_of(values, "path") if "path" in values else "",
        size=_perhaps(values, "size"),
        sha256=None if values.get("sha256") is None else hex_digest(values["sha256"]),
        files=_perhaps(values, "files"),
        damaged_files=_perhaps(values, "damaged_files") or 0,
        damaged=tuple((text_of(each, "path"), plain(text_of(each, "error"))) for each in damaged),
    )


def _perhaps(values: Mapping[str, Any], name: str) -> int | None:
    return None if values.get(name) is None else whole(values, name)


def _moment(values: Mapping[str, Any], name: str) -> TimeUs | None:
    return None if values.get(name) is None else time_us(values[name])
