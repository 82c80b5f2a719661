"""`mkdir`, `mv`, `cp` and `rm`: changing the tree."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from ...errors import ExistsError, NotAFolderError, NotEmptyError, NotFoundError, SecureFileTransferError
from ...model import Conflict, Entry, Kind
from ...paths import RemotePath, display
from .connection import connected, remote, run
from .failures import SOME_FAILED, UsageError, is_hopeless, report_error
from .options import Flag, Json, Quiet, Remote, Server, Yes
from .terminal import ask, is_terminal, note
from .values import entry_value, print_json

if TYPE_CHECKING:
    from ...client import AsyncClient, JobInfo

Background = Annotated[
    bool, Flag, Parameter(help="Let the server do it by itself, and come back at once; see 'sft jobs'.")
]
Taken = Annotated[
    Literal["overwrite", "skip", "rename"] | None,
    Parameter(
        metavar="WHAT",
        help="What to do when the name is taken; an error by default. overwrite works file by file; rename keeps both.",
    ),
]


async def each(items: Sequence[str], work: Callable[[str], Awaitable[None]]) -> int:
    """Do all items, one after the other. One that fails alone is told at once and the others go on.

    Returns the exit code.

    Raises:
        SecureFileTransferError: it was the only item, or the others would fail in the same way.
    """
    bad = 0
    for item in items:
        try:
            await work(item)
        except SecureFileTransferError as error:
            if len(items) == 1 or is_hopeless(error):
                raise
            report_error(error)
            bad += 1
    return SOME_FAILED if bad else 0


def mkdir(
    *paths: Remote,
    parents: Annotated[bool, Flag, Parameter(alias="-p")] = False,
    server: Server = None,
    json: Json = False,
) -> int:
    """Make folders.

        sft mkdir /photos
        sft mkdir -p /photos/2026/november

    Args:
        paths: The new folders.
        parents: Make missing folders on the way; one that is there already is fine.
    """
    if not paths:
        raise UsageError("No folder to make", hint="Name it, such as /photos.")
    made: list[Entry] = []

    async def work() -> int:
        async with connected(server) as client:

            async def one(path: str) -> None:
                try:
                    made.append(await client.make_folder(str(remote(path)), parents=parents))
                except NotFoundError as error:
                    raise NotFoundError(str(error), hint="Add -p to make the folders on the way.") from None

            return await each(paths, one)

    code = run(work())
    if json:
        print_json([entry_value(entry) for entry in made])
    return code


def mv(
    *paths: Remote,
    conflict: Taken = None,
    background: Background = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Move or rename files and folders.

    A target that is a folder, or ends with a slash, receives the sources under their own names. However much lies
    below a folder, moving it takes one step.

        sft mv /draft.txt /report.txt
        sft mv /a.jpg /b.jpg /photos/

    Args:
        paths: What to move, and last where to.
    """
    return _relocate("move", paths, conflict, server, background=background, json=json, quiet=quiet)


def cp(
    *paths: Remote,
    conflict: Taken = None,
    recursive: Annotated[bool, Flag, Parameter(alias="-r")] = False,  # noqa: ARG001 - see its help
    background: Background = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Copy files and folders on the server.

    Nothing travels to you and back, and content is not stored twice.

        sft cp /report.txt /report-old.txt
        sft cp /photos /backup/
        sft cp --background /photos /Shared/sara/archive/

    Args:
        paths: What to copy, and last where to.
        recursive: Taken for habit's sake; folders are always copied with all that is in them.
    """
    return _relocate("copy", paths, conflict, server, background=background, json=json, quiet=quiet)


def _relocate(
    verb: Literal["move", "copy"],
    paths: Sequence[str],
    conflict: Literal["overwrite", "skip", "rename"] | None,
    server: str | None,
    *,
    background: bool,
    json: bool,
    quiet: bool,
) -> int:
    """Do it now, or have the server do it as jobs."""
    from .jobs import job_value, told

    *sources, target = _named(verb, paths)
    done: list[Entry] = []
    begun: list[JobInfo] = []

    async def work() -> int:
        async with connected(server) as client:
            into = await _receives(client, target, len(sources))
            now = client.move if verb == "move" else client.copy
            later = client.start_move if verb == "move" else client.start_copy

            async def one(source: str) -> None:
                goal = _goal(source, target, into=into)
                way, taken = (str(remote(source)), str(goal)), Conflict(conflict or "skip")
                try:
                    if background:
                        begun.append(await later(*way, conflict=taken))
                    else:
                        done.append(await now(*way, conflict=taken))
                except ExistsError as error:
                    _skipped(error, conflict, source, goal, quiet=quiet)
                    return
                if not background and done[-1].path != str(goal):
                    note(f"{display(source)} is now {display(done[-1].path)}", quiet=quiet)

            return await each(sources, one)

    code = run(work())
    if json:
        print_json([job_value(job) for job in begun] if background else [entry_value(entry) for entry in done])
    for job in begun if not json else ():
        told(job, quiet=quiet)
    return code


def _named(verb: str, paths: Sequence[str]) -> Sequence[str]:
    if len(paths) < 2:
        raise UsageError(f"Nothing to {verb}" if not paths else "Where to?", hint="Name a source and a target.")
    return paths


async def _receives(client: "AsyncClient", target: str, count: int) -> bool:
    """Whether the target is a folder that takes the sources under their own names."""
    into = await _is_folder(client, target)
    if count > 1 and not into:
        raise NotAFolderError(
            f"{display(target)} is not a folder, so it cannot receive {count} things",
            hint=f"Make it with 'sft mkdir {target}'.",
        )
    return into


def _skipped(error: ExistsError, conflict: str | None, source: str, goal: RemotePath, *, quiet: bool) -> None:
    """The name is taken: nothing to worry about where that was said."""
    if conflict != "skip":
        raise ExistsError(str(error), hint="Choose another name, or --conflict overwrite, rename or skip.") from None
    note(f"skipped {display(source)}: {display(str(goal))} is there", quiet=quiet)


async def _is_folder(client: "AsyncClient", target: str) -> bool:
    if target.endswith("/") or remote(target).is_root:
        return True
    try:
        return (await client.stat(str(remote(target)))).kind is Kind.FOLDER
    except (NotFoundError, NotAFolderError):
        return False


def _goal(source: str, target: str, *, into: bool) -> RemotePath:
    return remote(target) / remote(source).name if into else remote(target)


def rm(
    *paths: Remote,
    recursive: Annotated[bool, Flag, Parameter(alias="-r")] = False,
    force: Annotated[bool, Flag, Parameter(alias="-f")] = False,
    permanent: Annotated[bool, Flag] = False,
    yes: Yes = False,
    server: Server = None,
    quiet: Quiet = False,
) -> int:
    """Remove files and folders.

    They go into the trash, see the command trash, where the server has one and unless they lie on a folder drive.
    A folder that is not empty needs --recursive, and on a terminal an answer.

        sft rm /old.txt
        sft rm -r /photos/2019
        sft rm --permanent /secret.txt

    Args:
        paths: What to remove.
        recursive: Folders too, with all that is in them.
        force: Do not ask, and do not mind what is not there.
        permanent: For good, and not into the trash.
    """
    if not paths:
        if force:
            return 0
        raise UsageError("Nothing to remove", hint="Name a file or folder.")

    agreed = [remote(path) for path in paths]
    if recursive and not (yes or force) and is_terminal(sys.stdin):
        folders = run(_folders(server, agreed))
        agreed = [path for path in agreed if path not in folders or _agreed(path, quiet=quiet)]

    async def work() -> int:
        async with connected(server) as client:

            async def one(path: str) -> None:
                try:
                    await client.remove(path, recursive=recursive, permanent=permanent)
                except NotFoundError:
                    if not force:
                        raise
                except NotEmptyError:
                    raise NotEmptyError(
                        f"{display(path)} is not empty", hint="Add -r to remove it with all that is in it."
                    ) from None

            return await each([str(path) for path in agreed], one)

    code = run(work()) if agreed else 0
    return code or (SOME_FAILED if len(agreed) < len(paths) else 0)


async def _folders(server: str | None, paths: Sequence[RemotePath]) -> set[RemotePath]:
    """Which of them are folders. What cannot be looked at fails when it is to be removed."""
    found = set()
    async with connected(server) as client:
        for path in paths:
            with suppress(NotFoundError, NotAFolderError):
                if (await client.stat(str(path))).kind is Kind.FOLDER:
                    found.add(path)
    return found


def _agreed(path: RemotePath, *, quiet: bool) -> bool:
    if ask(f"Remove {display(str(path))} and all that is in it?"):
        return True
    note(f"kept {display(str(path))}", quiet=quiet)
    return False
