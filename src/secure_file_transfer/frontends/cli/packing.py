"""`zip` and `verify`: what the server does with files where they lie, without their going to and fro."""

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...errors import BlockDamagedError, ExistsError
from ...model import Conflict
from ...paths import display
from .change import Taken
from .connection import remote
from .failures import UsageError, report
from .following import follow
from .jobs import job_value, told
from .options import Json, Quiet, Remote, Server
from .progress import Display
from .terminal import count_text, duration_text, name_for, note, out, size_text
from .values import print_json

if TYPE_CHECKING:
    from ...client import AsyncClient, JobInfo

Wait = Annotated[
    bool,
    Parameter(
        negative="--no-wait",
        show_default=False,
        help="Look on until it is done, or let the server do it alone. By default you look on.",
    ),
]
_ENDING = ".zip"


def zip_(
    *paths: Remote,
    conflict: Taken = None,
    wait: Wait = True,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Pack files and folders into an archive on the server.

    Nobody sees the archive before it is whole. The server goes on with it if you leave: Ctrl-C or a lost connection
    end only the looking on.

        sft zip /photos /photos.zip
        sft zip --no-wait /photos /report.pdf /backup/november.zip

    Args:
        paths: What to pack, and last the archive.
    """
    if len(paths) < 2:
        raise UsageError("Nothing to pack" if not paths else "Where to?", hint="As in: sft zip /photos /photos.zip")
    *sources, target = paths
    if not target.lower().endswith(_ENDING) or target == _ENDING:
        raise UsageError(f"{display(target)} is not the name of an archive", hint="The last argument ends with .zip.")
    chosen, goal = [str(remote(each)) for each in sources], str(remote(target))
    shown = Display(quiet=quiet)

    async def begin(client: "AsyncClient") -> "JobInfo":
        try:
            return await client.start_zip(chosen, goal, conflict=Conflict(conflict or "skip"))
        except ExistsError as error:
            hint = "Choose another name, or --conflict overwrite or rename."
            raise ExistsError(str(error), hint=hint) from None

    job = follow(begin, wait=wait, server=server, quiet=quiet, display=shown)
    if json:
        print_json(job_value(job))
    elif not job.ended:
        told(job, quiet=quiet)
    elif (made := job.result) is not None:
        size = size_text(made.size or 0)
        note(f"{display(made.path)}, {size} in {duration_text(shown.seconds)}", quiet=quiet)
    return 0


def verify(
    path: Remote = "/",
    /,
    *,
    all_: Annotated[bool, Parameter(name="--all", negative="", show_default=False)] = False,
    wait: Wait = True,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Read all that is stored on the server; name what is damaged.

    Every block is read and its seal opened, and every file compared with its SHA-256. The exit code is 9 if something
    is damaged; the files are then listed on standard output. Replace them, or restore a backup.

        sft verify
        sft verify /photos
        sft verify --all --no-wait

    Args:
        path: A file or folder; all that is yours by default.
        all_: The drives of all accounts, for operators. Nobody sees what is in the files.
    """
    goal, shown = str(remote(path)), Display(quiet=quiet)
    if all_ and goal != "/":
        raise UsageError("--all is everything", hint="Leave out the path.")

    async def begin(client: "AsyncClient") -> "JobInfo":
        return await client.start_verify(goal, everything=all_)

    job = follow(begin, wait=wait, server=server, quiet=quiet, display=shown)
    if json:
        print_json(job_value(job))
    if not job.ended:
        if not json:
            told(job, quiet=quiet)
        return 0
    found = job.result
    if found is None:
        return 0
    read = f"{count_text(found.files or 0, 'file')}, {size_text(found.size or 0)} in {duration_text(shown.seconds)}"
    if not found.damaged_files:
        note(f"{read}: everything is whole", quiet=quiet)
        return 0
    for name, _ in found.damaged if not json else ():
        out(name_for(name, sys.stdout))
    if (more := found.damaged_files - len(found.damaged)) > 0:
        note(f"… and {more:,} more")
    report(
        f"{count_text(found.damaged_files, 'file')} of {found.files or 0:,} cannot be read as stored",
        "Replace them, or restore a backup; and check the server's disk.",
    )
    return BlockDamagedError.row.exit
