"""`sync`: one folder made like another."""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, Token

from ...errors import SecureFileTransferError
from ...model import Compression
from ...paths import display
from ...transfer.queue import DEFAULT_PRIORITY
from .attending import attending
from .completers import local_or_remote
from .connection import RESUME, connected, rate_of, run
from .failures import SOME_FAILED, Stopped, UsageError, is_hopeless, report_error, warn
from .options import Compress, Flag, Json, Level, Limit, Priority, Quiet, ReadBack, Server, Yes
from .progress import Display
from .terminal import count_text, duration_text, is_terminal, name_for, note, out, safe, size_text
from .values import print_json, text_of

if TYPE_CHECKING:
    from ...client import AsyncClient, Progress, Step, Synced, Watched

_TOLD_MAX = 10
"""Failures and remarks after which only their number is told."""
_DONE = {"send": "sent", "receive": "received", "copy": "copied"}

Place = Annotated[str, Parameter(completer=local_or_remote)]


def _rules(_: object, tokens: Sequence[Token]) -> list[str]:
    """Both options in the order in which they were given, in the words of the library."""
    return [f"{'+' if token.keyword == '--include' else '-'} {token.value}" for token in tokens]


Filters = Annotated[
    list[str],
    Parameter(
        name=("--include", "--exclude"),
        converter=_rules,
        negative="",
        n_tokens=1,
        metavar="PATTERN",
        show_default=False,
        help="Which files take part; may be repeated. The first pattern that matches a file decides.",
    ),
]


@dataclass(frozen=True)
class _Job:
    """What the command was asked for."""

    source: str
    target: str
    wishes: dict[str, Any]
    rate: int | None
    display: Display
    json: bool
    quiet: bool


def sync(
    source: Place,
    target: Place,
    /,
    *,
    delete: Annotated[bool, Flag] = False,
    dry_run: Annotated[bool, Flag, Parameter(alias="-n")] = False,
    filters: Filters = [],  # noqa: B006 - never changed; the parser asks for a list
    checksum: Annotated[bool, Flag, Parameter(alias="-c")] = False,
    watch: Annotated[bool, Flag] = False,
    compress: Compress = Compression.AUTO,
    level: Level = 3,
    read_back: ReadBack = False,
    priority: Priority = DEFAULT_PRIORITY,
    limit: Limit = None,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
    yes: Yes = False,
) -> int:
    """Make a folder like another, here or there.

    A path that begins with a colon is on the server. What is new or different in the source is transferred; with
    --delete the target loses what the source does not have, after all the rest is done, and what was moved or
    renamed is moved there, too, and not sent again. Doing it twice does nothing.

        sft sync photos :/photos
        sft sync :/photos ~/Pictures --delete --dry-run
        sft sync . :/project --exclude .git/ --exclude '*.tmp'
        sft sync photos :/photos --include '*.jpg'
        sft sync photos :/photos --watch

    Patterns are those of gitignore: a slash at the end means folders only, any other slash ties it to the top, **
    stands for any folders. If there are only includes, nothing else takes part. What is left out stays as it is in
    the target.

    Args:
        source: The folder to read.
        target: The folder to change; it is made if it is missing.
        delete: Remove from the target what the source does not have.
        dry_run: Only print what would be done.
        checksum: Compare files by SHA-256, not by size and time.
        watch: Go on and send what changes here, until Ctrl-C.
    """
    wishes = {
        "delete": delete,
        "checksum": checksum,
        "filters": filters,
        "allow_empty": yes,
        "compress": compress,
        "level": level,
        "read_back": read_back,
        "priority": priority,
    }
    job = _Job(source, target, wishes, rate_of(limit), Display(quiet=quiet), json, quiet)
    if watch:
        if dry_run:
            raise UsageError("--dry-run ends at once, and --watch never does", hint="Leave out one of them.")
        return _watch(job, server)
    return _once(job, server, dry_run=dry_run)


def _once(job: _Job, server: str | None, *, dry_run: bool) -> int:
    async def work() -> "Synced":
        async with connected(server, limit=job.rate) as client, attending(client, job.display):
            with closing(_Bar(job, dry_run=dry_run)) as bar:
                return await client.sync(
                    job.source,
                    job.target,
                    dry_run=dry_run,
                    on_plan=bar.plan,
                    on_progress=bar.tell,
                    check=False,
                    **job.wishes,
                )

    synced = run(work(), hint=RESUME)
    if job.json:
        print_json({"dry_run": dry_run, **_value(synced)})
    elif dry_run:
        _list(synced)
    _tell_problems(synced, quiet=job.quiet)
    note(_summary(synced, job.display.seconds, dry_run=dry_run), quiet=job.quiet)
    return _code(synced)


class _Bar:
    """The plan in one line, and then the bar of the transfers, if there are any."""

    def __init__(self, job: _Job, *, dry_run: bool = False) -> None:
        self._job, self._dry_run = job, dry_run
        self._stack = ExitStack()
        self._update: Callable[[Progress], None] | None = None

    def close(self) -> None:
        """Take the bar away."""
        self._stack.close()
        self._update = None

    def plan(self, planned: "Synced", *, say: bool = True) -> None:
        """Called before anything is done."""
        self.close()
        if self._dry_run or all(step.do == "skip" for step in planned.steps):
            return
        if say:
            note(_planned(planned), quiet=self._job.quiet)
        if planned.transfers:
            title = planned.transfers[0].path if len(planned.transfers) == 1 else ""
            self._update = self._stack.enter_context(self._job.display.watch(title))

    def tell(self, progress: "Progress") -> None:
        """Called while files move."""
        if self._update is not None:
            self._update(progress)


# --- words ------------------------------------------------------------------------------------------------------


def _planned(planned: "Synced") -> str:
    """Such as `To do: send 12 files (3.4 MiB), move 2, delete 3; 9,985 unchanged`."""
    parts = []
    if transfers := planned.transfers:
        size = size_text(sum(step.size for step in transfers))
        parts.append(f"{transfers[0].do} {count_text(len(transfers), 'file')} ({size})")
    elif made := planned.of("make"):
        parts.append(f"make {count_text(len(made), 'folder')}")
    parts += [f"{word} {_count(steps)}" for word in ("move", "delete") if (steps := planned.of(word))]
    return f"To do: {', '.join(parts)}; {planned.unchanged:,} unchanged"


def _count(steps: "Sequence[Step]") -> str:
    """Files, and the folders that hold none."""
    files, folders = sum(step.files for step in steps), sum(step.folder and not step.files for step in steps)
    parts = [count_text(files, "file")] if files else []
    return " and ".join(parts + ([count_text(folders, "folder")] if folders else []))


def _summary(synced: "Synced", seconds: float, *, dry_run: bool = False, brief: bool = False) -> str:
    """The line at the end; `brief` leaves out what needed nothing.

    Such as `Sent 3 files, 1.2 MiB in 4.0 s, SHA-256 verified; 1 file moved, 90 unchanged`.
    """
    if dry_run:
        todo = any(step.do != "skip" for step in synced.steps)
        words = _planned(synced) if todo else f"Nothing to do; {synced.unchanged:,} unchanged"
        return f"{words} (dry run)"
    transfers = synced.transfers
    parts = []
    if made := synced.of("make", outcome="done"):
        parts.append(f"{count_text(len(made), 'folder')} made")
    parts += [f"{_count(steps)} {word}d" for word in ("move", "delete") if (steps := synced.of(word, outcome="done"))]
    if kept := synced.of("delete", outcome="withheld"):
        parts.append(f"{_count(kept)} kept")
    if not brief:
        parts.append(f"{synced.unchanged:,} unchanged")
        if skipped := synced.of("skip", outcome="skipped"):
            parts.append(f"{len(skipped):,} skipped")
    if synced.failed:
        parts.append(f"{len(synced.failed):,} failed")
    if not transfers:
        idle = all(step.do == "skip" for step in synced.steps)
        return f"Nothing to do; {', '.join(parts)}" if idle else ", ".join(parts).capitalize()
    size = sum(step.size for step in transfers)
    files = count_text(len(transfers), "file")
    first = f"{_DONE[transfers[0].do].capitalize()} {files}, {size_text(size)} in {duration_text(seconds)}"
    if size >= 1 << 20 and seconds > 0:
        first += f", {size_text(size / seconds)}/s"
    verified = "" if transfers[0].do == "copy" else ", SHA-256 verified"
    return "; ".join([first + verified, *([", ".join(parts)] if parts else [])])


def _list(synced: "Synced") -> None:
    """What a dry run prints: one line for each thing that would be done."""
    for step in synced.steps:
        if step.do == "skip":
            continue
        slash = "/" if step.folder else ""
        path = name_for(step.path, sys.stdout) + slash
        if step.do == "move":
            path = f"{name_for(step.source, sys.stdout)}{slash} -> {path}"
        size = f"  ({_amount(step)})" if step.files and (step.folder or step.size) else ""
        out(f"{step.do:<7}  {path}{size}")


def _amount(step: "Step") -> str:
    return f"{count_text(step.files, 'file')}, {size_text(step.size)}" if step.folder else size_text(step.size)


def _tell_problems(synced: "Synced", *, quiet: bool) -> None:
    for step in synced.failed[:_TOLD_MAX]:
        if step.error is not None:
            report_error(step.error)
    if len(synced.failed) > _TOLD_MAX:
        note(f"… and {len(synced.failed) - _TOLD_MAX:,} more failed")
    skipped = synced.of("skip", outcome="skipped")
    for step in skipped[:_TOLD_MAX]:
        note(f"skipped {display(step.path)}: {step.reason}", quiet=quiet)
    if len(skipped) > _TOLD_MAX:
        note(f"… and {len(skipped) - _TOLD_MAX:,} more were skipped", quiet=quiet)
    if not synced.complete:
        warn("A part of the source could not be read, so nothing was removed or moved")
    elif synced.of("delete", outcome="withheld"):
        warn("Something failed, so nothing was removed", "Run the same command again.")


def _code(synced: "Synced") -> int:
    errors = [step.error for step in synced.failed if step.error is not None]
    if not errors:
        return 0
    same = len({error.code for error in errors}) == 1
    return errors[0].row.exit if same and is_hopeless(errors[0]) and not synced.transfers else SOME_FAILED


def _value(synced: "Synced") -> dict[str, Any]:
    return {
        "complete": synced.complete,
        "unchanged": synced.unchanged,
        "steps": [_step_value(step) for step in synced.steps],
    }


def _step_value(step: "Step") -> dict[str, Any]:
    value: dict[str, Any] = {"do": step.do, "path": step.path, "outcome": step.outcome}
    if step.source:
        value["from"] = step.source
    if step.do != "skip":
        value |= {"kind": "folder" if step.folder else "file", "files": step.files, "size": step.size}
    if step.reason:
        value["reason"] = step.reason
    if step.error is not None:
        value["error"] = {"code": step.error.code, "message": str(step.error), "hint": step.error.hint}
    return value


# --- watching ---------------------------------------------------------------------------------------------------


def _watch(job: _Job, server: str | None) -> int:
    told = _Rounds(job)

    async def work() -> None:
        async with connected(server, limit=job.rate) as client, attending(client, job.display):
            with closing(told.bar):
                await _go_on(client, job, told)

    try:
        run(work())
    except (KeyboardInterrupt, Stopped) as stop:
        if is_terminal(sys.stderr):
            note("", quiet=job.quiet)  # the terminal shows ^C
        note(f"Stopped. {told.totals()}", quiet=job.quiet)
        if isinstance(stop, Stopped):
            raise
    return 0 if told.good else SOME_FAILED


async def _go_on(client: "AsyncClient", job: _Job, told: "_Rounds") -> None:
    await client.watch(
        job.source, job.target, on_plan=told.plan, on_progress=told.bar.tell, on_watch=told.add, **job.wishes
    )


@dataclass
class _Rounds:
    """What a watch did, round by round."""

    job: _Job
    bar: _Bar = field(init=False)
    files: int = 0
    size: int = 0
    good: bool = False
    """Whether all is sent."""
    _trouble: str = ""
    _failed: set[str] = field(default_factory=set)
    _begun: bool = False
    _seconds: float = 0.0

    def __post_init__(self) -> None:
        self.bar = _Bar(self.job)

    def plan(self, planned: "Synced") -> None:
        """A round begins."""
        self.bar.plan(planned, say=not self._begun)

    def add(self, watched: "Watched") -> None:
        """A round has ended."""
        self.bar.close()
        self.good = watched.state == "current" and not (watched.synced and watched.synced.failed)
        if watched.synced is not None:
            self._round(watched.synced)
        if self.job.json:
            out(text_of(_watched_value(watched)))
            sys.stdout.flush()
        if watched.state == "waiting":
            trouble = f"{safe(str(watched.error))}; trying again until it works"
            if trouble != self._trouble:
                self._say(trouble)
            self._trouble = trouble
        elif not self._begun:
            self._say(f"Watching {display(self.job.source)}; Ctrl-C ends it")
            self._begun = True
        elif self._trouble:
            self._say("It works again")
        if watched.state != "waiting":
            self._trouble = ""

    def _round(self, synced: "Synced") -> None:
        done = [step for step in synced.steps if step.outcome == "done"]
        self.files += len(synced.transfers)
        self.size += sum(step.size for step in synced.transfers)
        failures = {str(step.error): step.error for step in synced.failed}
        for message, error in failures.items():
            if message not in self._failed and isinstance(error, SecureFileTransferError) and not error.retryable:
                report_error(error)
        self._failed = set(failures)
        if done or not self._begun:
            self._say(_summary(synced, self.job.display.seconds - self._seconds, brief=self._begun))
        self._seconds = self.job.display.seconds

    def _say(self, text: str) -> None:
        clock = f"{time.strftime('%H:%M:%S')}  " if self._begun else ""
        note(f"{clock}{text}", quiet=self.job.quiet)

    def totals(self) -> str:
        """All rounds together."""
        end = "all is sent" if self.good else "not all was sent"
        return f"{count_text(self.files, 'file')}, {size_text(self.size)} sent; {end}"


def _watched_value(watched: "Watched") -> dict[str, Any]:
    value: dict[str, Any] = {"state": watched.state}
    if watched.error is not None:
        value["error"] = {"code": watched.error.code, "message": str(watched.error), "hint": watched.error.hint}
    return value | (_value(watched.synced) if watched.synced is not None else {})
