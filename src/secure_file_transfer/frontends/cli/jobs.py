"""`jobs`: what the server does by itself for you, seen from any device."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ...errors import BlockDamagedError
from ...model import JobState
from .change import each
from .connection import connected, run
from .failures import UsageError
from .following import follow, goes_on
from .options import Flag, Json, Quiet, Server
from .terminal import (
    cells,
    count_text,
    duration_text,
    is_terminal,
    name_for,
    note,
    out,
    print_table,
    safe,
    size_text,
    styled,
    time_text,
    width,
)
from .values import print_json, time_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...client import AsyncClient, JobInfo, JobResult

_Number = Annotated[int, Parameter(metavar="ID")]
_WHAT_MIN = 20
_STYLES = {JobState.DONE: "green", JobState.FAILED: "red", JobState.INTERRUPTED: "red", JobState.RUNNING: "cyan"}


def jobs_list(*, everybody: Annotated[bool, Flag] = False, server: Server = None, json: Json = False) -> int:
    """List your jobs.

    The newest comes first.

        sft jobs list
        sft jobs list --everybody

    Args:
        everybody: Those of all accounts; for operators.
    """

    async def work() -> "Sequence[JobInfo]":
        async with connected(server) as client:
            return await client.jobs(everybody=everybody)

    found = run(work())
    if json:
        print_json([job_value(job) for job in found])
        return 0
    head = ["ID", *(["ACCOUNT"] if everybody else []), "STATE", "DONE", "LEFT", "WHAT"]
    rows = [
        [
            str(job.number),
            *([safe(job.owner)] if everybody else []),
            job.state.value,
            f"{job.percent} %",
            "" if job.eta is None or job.ended else duration_text(job.eta),
            safe(words(job) + _came_to(job)),
        ]
        for job in found
    ]
    if is_terminal(sys.stdout):
        _fit([head, *rows])
    print_table(head, rows)
    if not rows:
        note("There are no jobs.", quiet=not is_terminal(sys.stderr))
    return 0


def jobs_show(number: _Number, /, *, server: Server = None, json: Json = False) -> int:
    """Show how far a job is, or what came of it.

        sft jobs show 7

    Args:
        number: The number that 'sft jobs list' shows.
    """

    async def work() -> "JobInfo":
        async with connected(server) as client:
            return await client.job(number)

    job = run(work())
    if json:
        print_json(job_value(job))
    else:
        for name, text in _facts(job):
            out(f"{styled(f'{name:<8}', 'dim', sys.stdout)}  {text}")
    return 0


def jobs_wait(number: _Number, /, *, server: Server = None, json: Json = False, quiet: Quiet = False) -> int:
    """Wait for a job.

    As if you had begun it here. Its exit code tells whether it came to its end, and whether what was verified is whole.

        sft jobs wait 7

    Args:
        number: The number that 'sft jobs list' shows.
    """

    async def found(client: "AsyncClient") -> "JobInfo":
        return await client.job(number)

    job = follow(found, wait=True, server=server, quiet=quiet)
    if json:
        print_json(job_value(job))
    else:
        note(f"Job {job.number} is done: {safe(words(job))}", quiet=quiet)
    return BlockDamagedError.row.exit if job.result is not None and job.result.damaged_files else 0


def jobs_cancel(*number: _Number, server: Server = None, quiet: Quiet = False) -> int:
    """End jobs; nothing half is left of them.

        sft jobs cancel 7

    Args:
        number: The number that 'sft jobs list' shows.
    """
    if not number:
        raise UsageError("Say which jobs", hint="Give their numbers; 'sft jobs list' shows them.")

    async def work() -> int:
        async with connected(server) as client:

            async def one(text: str) -> None:
                job = await client.cancel_job(int(text))
                ended = "has ended already" if job.ended and job.state is not JobState.CANCELLED else "is cancelled"
                note(f"Job {job.number} {ended}.", quiet=quiet)

            return await each([str(each_) for each_ in number], one)

    return run(work())


def jobs_rm(
    *number: _Number,
    all_: Annotated[bool, Parameter(name="--all", negative="", show_default=False)] = False,
    server: Server = None,
    quiet: Quiet = False,
) -> int:
    """Forget jobs that have ended. What they made stays.

        sft jobs rm 7
        sft jobs rm --all

    Args:
        number: The number that 'sft jobs list' shows.
        all_: All of yours that have ended.
    """
    if bool(number) == all_:
        raise UsageError("Say which jobs", hint="Give their numbers, or --all.")
    gone: list[int] = []

    async def work() -> int:
        async with connected(server) as client:

            async def one(text: str) -> None:
                await client.remove_job(int(text))
                gone.append(int(text))

            ended = [job.number for job in await client.jobs() if job.ended] if all_ else number
            return await each([str(each_) for each_ in ended], one)

    code = run(work())
    note(f"{count_text(len(gone), 'job')} forgotten.", quiet=quiet)
    return code


def words(job: "JobInfo") -> str:
    """What it is about, as one would say it."""
    paths = list(job.sources[:3])
    more = job.what.get("more")  # a list names the first ones only
    count = len(job.sources) + (more if isinstance(more, int) else 0)
    if count > len(paths):
        paths[2:] = [f"and {count - 2:,} more"]
    what = " ".join([job.kind, *(paths or ["all drives"])])
    return f"{what} to {job.target}" if job.target else what


def _came_to(job: "JobInfo") -> str:
    """What one wants to know of it at a glance."""
    if job.result is not None and job.result.damaged_files:
        return f": {count_text(job.result.damaged_files, 'file')} damaged"
    return f": {job.error}" if job.error else ""


def told(job: "JobInfo", *, quiet: bool) -> None:
    """It goes on by itself: for people how to look after it, for programs its number."""
    if not is_terminal(sys.stdout):
        out(str(job.number))
    note(goes_on(job), quiet=quiet)


def job_value(job: "JobInfo") -> dict[str, Any]:
    """A Job, for `--json`."""
    return {
        "id": job.number,
        "owner": job.owner,
        "kind": job.kind,
        "what": dict(job.what),
        "state": job.state.value,
        "percent": job.percent,
        "size": job.size,
        "size_total": job.size_total,
        "items": job.items,
        "items_total": job.items_total,
        "rate": job.rate,
        "eta": job.eta,
        "message": job.message,
        "result": None if job.result is None else _result_value(job.result),
        "error": {"code": job.code, "message": job.error} if job.code else None,
        "created": time_value(job.created_us),
        "started": time_value(job.started_us),
        "ended": time_value(job.ended_us),
    }


def _result_value(result: "JobResult") -> dict[str, Any]:
    if result.files is not None:
        damaged = [{"path": path, "error": error} for path, error in result.damaged]
        found = {"files": result.files, "size": result.size, "damaged_files": result.damaged_files}
        return {**found, "damaged": damaged}
    about = {"size": result.size, "sha256": result.sha256.hex() if result.sha256 else None}
    return {"path": result.path} if result.size is None else {"path": result.path, **about}


def _facts(job: "JobInfo") -> "list[tuple[str, str]]":
    """What there is to say of a job, line by line. Server's words go to a terminal harmless."""
    state = styled(job.state.value, _STYLES.get(job.state, "bold"), sys.stdout)
    facts = [
        ("job", f"{job.number}, {safe(words(job))}"),
        ("state", state + (f", {safe(job.message)}" * bool(job.message))),
    ]
    of_size = "" if job.size_total is None else f" of {size_text(job.size_total)}"
    of_items = "" if job.items_total is None else f" of {job.items_total:,}"
    facts.append(
        ("done", f"{job.percent} %, {size_text(job.size)}{of_size}, {job.items:,}{of_items} files and folders")
    )
    if job.eta is not None and not job.ended:
        facts.append(("left", f"{duration_text(job.eta)} at {size_text(job.rate)}/s"))
    facts.append(("begun", f"{time_text(job.created_us)} by {safe(job.owner)}"))
    if job.ended_us is not None:
        facts.append(("ended", time_text(job.ended_us)))
    if job.error:
        facts.append(("error", safe(job.error)))
    if (result := job.result) is not None:
        if result.path:
            size = "" if result.size is None else f", {size_text(result.size)}"
            facts.append(("result", name_for(result.path, sys.stdout) + size))
        if result.sha256 is not None:
            facts.append(("SHA-256", result.sha256.hex()))
        if result.files is not None:
            facts.append(("result", f"{count_text(result.files, 'file')} read, {result.damaged_files:,} damaged"))
        facts += [("damaged", name_for(path, sys.stdout)) for path, _ in result.damaged]
    return facts


def _fit(rows: list[list[str]]) -> None:
    """Cut the last column to what the terminal has left."""
    before = sum(max(cells(row[at]) for row in rows) + 2 for at in range(len(rows[0]) - 1))
    room = max(_WHAT_MIN, width() - before)
    for row in rows[1:]:
        if cells(row[-1]) > room:
            while cells(row[-1]) > room - 1:
                row[-1] = row[-1][:-1]
            row[-1] += "…"
