"""`trash` and `versions`: what was deleted, and what files were before they were replaced."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ...model import Entry, Kind
from .change import Taken
from .connection import connected, remote, run
from .failures import UsageError
from .options import Json, Quiet, Remote, Server, Yes
from .terminal import ask, count_text, is_terminal, name_for, note, print_table, safe, size_text, time_text
from .values import entry_value, print_json, time_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...client import KeptVersion, TrashedInfo

_Number = Annotated[int, Parameter(metavar="ID")]
_Version = Annotated[int, Parameter(metavar="VERSION")]


def trash_list(*, server: Server = None, json: Json = False, quiet: Quiet = False) -> int:
    """List what you deleted and can put back.

    sft trash list
    """

    async def work() -> "Sequence[TrashedInfo]":
        async with connected(server) as client:
            return await client.trash()

    found = run(work())
    if json:
        print_json([_trashed_value(each) for each in found])
        return 0
    rows = [
        [
            str(each.id),
            name_for(each.name, sys.stdout) + ("/" if each.kind is Kind.FOLDER else ""),
            name_for(each.folder, sys.stdout),
            "-" if each.size is None else size_text(each.size),
            f"{time_text(each.deleted_us)} {safe(each.by)}",
            time_text(each.expires_us),
        ]
        for each in found
    ]
    print_table(["ID", "NAME", "FROM", "SIZE", "DELETED", "UNTIL"], rows)
    if not rows:
        note("The trash is empty.", quiet=quiet)
    return 0


def trash_restore(
    *number: _Number, conflict: Taken = None, server: Server = None, json: Json = False, quiet: Quiet = False
) -> int:
    """Put things back where they were.

    A folder that is gone is made again.

        sft trash restore 3
        sft trash restore 3 4 --conflict rename

    Args:
        number: The numbers that 'sft trash list' shows.
    """
    _require(number)

    async def work() -> list[Entry]:
        async with connected(server) as client:
            return [await client.restore(each, conflict=conflict or "skip") for each in number]

    restored = run(work())
    if json:
        print_json([entry_value(each) for each in restored])
    for each in restored:
        note(f"{safe(each.path)} is back.", quiet=quiet)
    return 0


def trash_rm(*number: _Number, server: Server = None, quiet: Quiet = False) -> int:
    """Remove things from the trash for good.

        sft trash rm 3 4

    Args:
        number: The numbers that 'sft trash list' shows.
    """
    _require(number)

    async def work() -> None:
        async with connected(server) as client:
            for each in number:
                await client.remove_from_trash(each)

    run(work())
    note(f"{count_text(len(number), 'entry', 'entries')} removed for good.", quiet=quiet)
    return 0


def trash_empty(*, yes: Yes = False, server: Server = None, quiet: Quiet = False) -> int:
    """Remove all that lies in the trash for good.

    sft trash empty
    """
    if not yes and is_terminal(sys.stdin) and not ask("Remove all that lies in the trash for good?"):
        note("kept all of it", quiet=quiet)
        return 0

    async def work() -> int:
        async with connected(server) as client:
            return await client.empty_trash()

    note(f"{count_text(run(work()), 'entry', 'entries')} removed for good.", quiet=quiet)
    return 0


def versions_list(path: Remote, /, *, server: Server = None, json: Json = False) -> int:
    """List what a file was before it was replaced.

        sft versions list /report.odt

    Args:
        path: The file.
    """

    async def work() -> "Sequence[KeptVersion]":
        async with connected(server) as client:
            return await client.versions(str(remote(path)))

    found = run(work())
    if json:
        print_json([_version_value(each) for each in found])
        return 0
    rows = [
        [
            str(each.number),
            size_text(each.size),
            time_text(each.created_us),
            safe(each.by) or "-",
            "now" if each.expires_us is None else time_text(each.expires_us),
            each.sha256.hex()[:16],
        ]
        for each in found
    ]
    print_table(["VERSION", "SIZE", "WRITTEN", "BY", "UNTIL", "SHA-256"], rows)
    return 0


def versions_restore(
    path: Remote, number: _Version, /, *, server: Server = None, json: Json = False, quiet: Quiet = False
) -> int:
    """Make a version the present one.

    What is there now becomes an earlier version.

        sft versions restore /report.odt 41

    Args:
        path: The file.
        number: The version, as 'sft versions list' shows it.
    """

    async def work() -> Entry:
        async with connected(server) as client:
            return await client.restore_version(str(remote(path)), number)

    restored = run(work())
    if json:
        print_json(entry_value(restored))
        return 0
    note(f"{safe(restored.path)} is what it was in version {number}.", quiet=quiet)
    return 0


def versions_rm(path: Remote, number: _Version, /, *, server: Server = None, quiet: Quiet = False) -> int:
    """Remove an earlier version for good.

    Only of a file of yours.

        sft versions rm /report.odt 41

    Args:
        path: The file.
        number: The version, as 'sft versions list' shows it.
    """

    async def work() -> None:
        async with connected(server) as client:
            await client.remove_version(str(remote(path)), number)

    run(work())
    note(f"Version {number} removed.", quiet=quiet)
    return 0


def _require(number: tuple[int, ...]) -> None:
    if not number:
        raise UsageError("Say what", hint="Give the numbers: sft trash list.")


def _trashed_value(each: "TrashedInfo") -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name,
        "kind": "folder" if each.kind is Kind.FOLDER else "file",
        "folder": each.folder,
        "deleted": time_value(each.deleted_us),
        "by": each.by,
        "expires": time_value(each.expires_us),
        "size": each.size,
    }


def _version_value(each: "KeptVersion") -> dict[str, Any]:
    return {
        "number": each.number,
        "current": each.current,
        "size": each.size,
        "sha256": each.sha256.hex(),
        "modified": time_value(each.modified_us),
        "created": time_value(each.created_us),
        "by": each.by,
        "expires": time_value(each.expires_us),
    }
