"""`ls`, `stat` and `df`: looking without touching."""

import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...model import Entry, Kind, SortKey
from ...paths import RemotePath
from .connection import addressed, connected, remote, run
from .failures import UsageError
from .options import Flag, Json, Quiet, Remote, Server
from .terminal import (
    cells,
    count_text,
    is_terminal,
    name_for,
    note,
    out,
    padded,
    size_text,
    styled,
    table,
    time_text,
    width,
)
from .values import entry_value, print_json, text_of, time_value

if TYPE_CHECKING:
    from ...client import AsyncClient

_DEPTH_MAX = 200


def ls(
    path: Remote = "/",
    /,
    *,
    long: Annotated[bool, Flag, Parameter(alias="-l")] = False,
    recursive: Annotated[bool, Flag, Parameter(alias="-R")] = False,
    sort: Annotated[SortKey, Parameter(alias="-s", metavar="KEY")] = SortKey.NAME,
    reverse: Annotated[bool, Flag] = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """List a folder.

    Folders come first and end with a slash. In a pipe there is one name per line; with --long there are three
    columns between tabs: size in bytes, time of change in UTC, name.

        sft ls
        sft ls -l --sort size --reverse /photos
        sft ls -R --json / > everything.json

    Args:
        path: The folder to list, or a file.
        long: Size, time of change and name, one line each.
        recursive: Also what lies below, with full paths.
        sort: What to order by.
        reverse: The other way round: largest or newest first.
    """
    (path,), server = addressed([path], server)

    async def work() -> int:
        async with connected(server) as client:
            entries = _entries(client, remote(path), sort, descending=reverse, recursive=recursive)
            await print_entries(entries, long=long, full=recursive, json=json, quiet=quiet)
        return 0

    return run(work())


async def print_entries(entries: AsyncIterator[Entry], *, long: bool, full: bool, json: bool, quiet: bool) -> None:
    """Print them as `ls` does, for whoever reads: a program, a person or a pipe. `full` is with whole paths."""
    if json:
        await _print_array(entries)
    elif is_terminal(sys.stdout):
        _print_for_people([entry async for entry in entries], long=long, full=full, quiet=quiet)
    else:
        await _print_lines(entries, long=long, full=full)


async def _entries(
    client: "AsyncClient", path: RemotePath, sort: SortKey, *, descending: bool, recursive: bool
) -> AsyncIterator[Entry]:
    """What there is to list. A file lists itself."""
    if not path.is_root:
        entry = await client.stat(str(path))
        if entry.kind is Kind.FILE:
            yield entry
            return
    folders = [path]
    while folders:
        folder = folders.pop()
        below = []
        async for entry in client.list(str(folder), sort=sort, descending=descending):
            yield entry
            if recursive and entry.kind is Kind.FOLDER and len(folder.parts) < _DEPTH_MAX:
                below.append(folder / entry.name)
        folders += reversed(below)


async def _print_array(entries: AsyncIterator[Entry]) -> None:
    """A JSON array, printed as it arrives: a folder of a million entries needs no memory."""
    before = "[\n"
    async for entry in entries:
        sys.stdout.write(f"{before}  {text_of(entry_value(entry))}")
        before = ",\n"
    out("[]" if before == "[\n" else "\n]")


async def _print_lines(entries: AsyncIterator[Entry], *, long: bool, full: bool) -> None:
    async for entry in entries:
        name = (entry.path if full else entry.name) + ("/" if entry.kind is Kind.FOLDER else "")
        out(f"{entry.size}\t{time_value(entry.modified_us)}\t{name}" if long else name)


def _print_for_people(entries: list[Entry], *, long: bool, full: bool, quiet: bool) -> None:
    names = [_shown(entry, full=full) for entry in entries]
    if long:
        sizes = ["-" if entry.kind is Kind.FOLDER else size_text(entry.size) for entry in entries]
        times = [time_text(entry.modified_us) for entry in entries]
        wide = max(map(len, sizes), default=0)
        for entry, name, size, time in zip(entries, names, sizes, times, strict=True):
            out(f"{size:>{wide}}  {styled(time, 'dim', sys.stdout)}  {_coloured(entry, name)}")
    elif full:
        for entry, name in zip(entries, names, strict=True):
            out(_coloured(entry, name))
    else:
        _print_columns(entries, names)
    files = [entry for entry in entries if entry.kind is Kind.FILE]
    if long and entries:
        parts = [count_text(len(entries) - len(files), "folder")] if len(files) < len(entries) else []
        if files:
            parts += [count_text(len(files), "file"), size_text(sum(entry.size for entry in files))]
        note(styled(", ".join(parts), "dim", sys.stderr), quiet=quiet)
    elif not entries:
        note(styled("(empty)", "dim", sys.stderr), quiet=quiet)


def _shown(entry: Entry, *, full: bool) -> str:
    name = name_for(entry.path if full else entry.name, sys.stdout)
    return name + "/" if entry.kind is Kind.FOLDER else name


def _coloured(entry: Entry, name: str) -> str:
    return styled(name, "folder", sys.stdout) if entry.kind is Kind.FOLDER else name


def _print_columns(entries: list[Entry], names: list[str]) -> None:
    """As many columns as fit, filled downwards, as `ls` does."""
    room, gap = width(), 2
    sizes = [cells(name) for name in names]
    best, best_widths = len(names), [0]
    for rows in range(1, len(names) + 1):
        widths = [max(sizes[at : at + rows]) for at in range(0, len(names), rows)]
        if sum(widths) + gap * (len(widths) - 1) <= room:
            best, best_widths = rows, widths
            break
        if rows * room > sum(sizes) * 64:  # one name per line, without trying every number of rows
            break
    for row in range(best):
        line = []
        for column, wide in enumerate(best_widths):
            at = column * best + row
            if at < len(names):
                last = at + best >= len(names)
                line.append(_coloured(entries[at], names[at]) + ("" if last else padded("", wide - sizes[at] + gap)))
        out("".join(line))


def stat(*paths: Remote, server: Server = None, json: Json = False) -> int:
    """Show all that is known of a file or folder.

    The SHA-256 is that of the content, the same that sha256sum prints.

        sft stat /photos/cat.jpg
        sft stat --json /a /b

    Args:
        paths: Files or folders on the server.
    """
    if not paths:
        raise UsageError("Nothing to look at", hint="Name a file or folder, such as /photos.")

    async def work() -> int:
        async with connected(server) as client:
            found = [await client.stat(str(remote(path))) for path in paths]
        if json:
            print_json([entry_value(entry) for entry in found] if len(found) > 1 else entry_value(found[0]))
            return 0
        for at, entry in enumerate(found):
            if at:
                out("")
            _print_entry(entry)
        return 0

    return run(work())


def _print_entry(entry: Entry) -> None:
    rows = [("path", name_for(entry.path, sys.stdout)), ("kind", "folder" if entry.kind is Kind.FOLDER else "file")]
    if entry.kind is Kind.FILE:
        exact = f" ({count_text(entry.size, 'byte')})" if entry.size >= 1024 else ""
        rows.append(("size", size_text(entry.size) + exact))
    rows += [("modified", time_text(entry.modified_us)), ("created", time_text(entry.created_us))]
    if entry.sha256 is not None:
        rows.append(("sha256", entry.sha256.hex()))
    for name, value in rows:
        out(f"{styled(f'{name:<8}', 'dim', sys.stdout)}  {value}")


def df(*, server: Server = None, json: Json = False) -> int:
    """Show how much space is used and free.

    Used is what your files hold; free is what the server's disk, or your quota, still takes.

        sft df
    """

    async def work() -> int:
        async with connected(server) as client:
            usage = await client.usage()
        if json:
            print_json(
                {
                    "bytes": usage.bytes,
                    "files": usage.files,
                    "free": usage.free,
                    "quota": usage.quota,
                    "quota_files": usage.quota_files,
                }
            )
            return 0
        rows = [["used", size_text(usage.bytes), f"in {count_text(usage.files, 'file')}"]]
        if usage.quota is not None:
            share = f"{usage.bytes / usage.quota:.0%} used" if usage.quota else ""
            rows.append(["quota", size_text(usage.quota), share])
        if usage.quota_files is not None:
            share = f"{usage.files / usage.quota_files:.0%} used" if usage.quota_files else ""
            rows.append(["", count_text(usage.quota_files, "file"), share])
        rows.append(["free", size_text(usage.free), ""])
        for line in table(rows, right=frozenset({1})):
            out(line)
        return 0

    return run(work())
