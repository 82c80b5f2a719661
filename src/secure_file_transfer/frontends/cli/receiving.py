"""`get` and `cat`: from the server to here."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import IsAFolderError, NotAFolderError, SecureFileTransferError
from ...model import Conflict, Kind
from ...paths import RemotePath, display
from ...transfer.queue import DEFAULT_PRIORITY
from .attending import attending
from .connection import RESUME, addressed, connected, in_session, is_folder, rate_of, remote, run
from .failures import UsageError, is_hopeless
from .options import STDIO, Json, Limit, OnConflict, Priority, Quiet, Recursive, Remote, RemoteThenLocal, Server
from .progress import Display
from .results import Tally
from .terminal import is_terminal
from .values import print_json

if TYPE_CHECKING:
    from ...client import AsyncClient

_LOOKS = 16
"""How many sources are looked at side by side: one round trip each is long for a thousand of them."""


def get(
    *paths: RemoteThenLocal,
    recursive: Recursive = False,
    conflict: OnConflict = Conflict.OVERWRITE,
    priority: Priority = DEFAULT_PRIORITY,
    limit: Limit = None,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Fetch files and folders from the server.

    The last argument says where to, as with cp: a folder receives them under their own names; anything else is the
    new name. With one argument it is the current folder. A file appears under its name only when all of it is
    there and its SHA-256 is right. '-' is standard output.

        sft get /report.pdf
        sft get /report.pdf copy.pdf
        sft get -r /photos ~/Pictures
        sft get --limit 500K /archive.zip
        sft get /photos.tar - | tar -x
        sft get https://192.168.1.5:5000/report.pdf

    Ctrl-C stops it, and the same command goes on where it was. Ctrl-Z and 'fg' pause it.

    Args:
        paths: Files and folders on the server, and last the path here.
    """
    given, target = _split(paths)
    sources, server = addressed(given, server)
    rate = rate_of(limit)
    if target == STDIO:
        return _to_stdout(sources, server, priority=priority, limit=rate)
    display_, tally = Display(quiet=quiet), Tally(quiet=quiet)

    async def work() -> None:
        async with connected(server, limit=rate) as client, attending(client, display_):
            job = _Receiving(client, conflict, display_, tally, priority)
            await job.receive(sources, target, recursive=recursive)

    run(work(), hint=RESUME)
    code = tally.finish()
    display_.summary(tally.files, tally.size, skipped=tally.skipped, failed=len(tally.failed))
    if json:
        print_json(tally.values)
    return code


def cat(*paths: Remote, server: Server = None) -> int:
    """Write a file's content to standard output.

    Every block is verified before it is written, and the SHA-256 at the end: if that fails, so does the command.

        sft cat /notes.txt | grep milk

    Args:
        paths: Files on the server.
    """
    if not paths:
        raise UsageError("Nothing to show", hint="Name a file, such as /notes.txt.")
    return _to_stdout(*addressed(paths, server))


def _split(paths: Sequence[str]) -> tuple[Sequence[str], str]:
    if not paths or (len(paths) == 1 and paths[0] == STDIO):
        raise UsageError("Nothing to fetch", hint="Name a file on the server, such as: sft get /report.pdf")
    return (paths, ".") if len(paths) == 1 else (paths[:-1], paths[-1])


def _to_stdout(
    paths: Sequence[str], server: str | None, *, priority: int | None = None, limit: int | None = None
) -> int:
    async def work() -> int:
        last = b"\n"
        async with connected(server, limit=limit) as client:
            for path in paths:
                try:
                    async with client.get_stream(str(remote(path)), priority=priority) as stream:
                        async for piece in stream:
                            sys.stdout.buffer.write(piece)
                            last = piece[-1:] or last
                except IsAFolderError as error:
                    raise IsAFolderError(str(error), hint="Use 'sft get -r' for folders.") from None
            if last != b"\n" and in_session() and is_terminal(sys.stdout):
                sys.stdout.buffer.write(b"\n")  # our prompt begins at the left
            sys.stdout.buffer.flush()
        return 0

    return run(work())


class _Receiving:
    """One `get` to this computer's disk."""

    def __init__(
        self, client: "AsyncClient", conflict: Conflict, display_: Display, tally: Tally, priority: int
    ) -> None:
        self.client, self.conflict, self.display, self.tally = client, conflict, display_, tally
        self.priority = priority

    async def receive(self, sources: Sequence[str], target: str, *, recursive: bool) -> None:
        """Receive everything. Files come side by side, folders one after the other."""
        into = is_folder(target)
        if not into and len(sources) > 1 and not target.endswith(("/", os.sep)):
            raise NotAFolderError(
                f"{display(target)} is not a folder here, so it cannot receive {len(sources)} things",
                hint="Make it first, or end it with a slash to have it made.",
            )
        if len(sources) == 1 and not recursive:
            await self._one_file(remote(sources[0]), target)
            return
        files, folders = await self._sorted(sources, target, recursive=recursive)
        if len(sources) == 1 and files:
            await self._one_file(files[0], target)
        elif files:
            await self._files(files, target)
        for folder in folders:
            await self._folder(folder, target, into=into or len(sources) > 1)

    async def _sorted(
        self, sources: Sequence[str], target: str, *, recursive: bool
    ) -> tuple[list[RemotePath], list[RemotePath]]:
        """The files and the folders among the sources. What is neither fails alone."""
        from ...client import Transferred

        gate = asyncio.Semaphore(_LOOKS)
        try:
            async with asyncio.TaskGroup() as group:
                looks = [
                    group.create_task(self._look(source, gate, recursive=recursive, alone=len(sources) == 1))
                    for source in sources
                ]
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        files: list[RemotePath] = []
        folders: list[RemotePath] = []
        for source, found in zip(sources, (look.result() for look in looks), strict=True):
            if isinstance(found, SecureFileTransferError):
                self.tally.add(Transferred(Path(target), source, "failed", error=found))
            else:
                path, kind = found
                (folders if kind is Kind.FOLDER else files).append(path)
        return files, folders

    async def _look(
        self, source: str, gate: asyncio.Semaphore, *, recursive: bool, alone: bool
    ) -> tuple[RemotePath, Kind] | SecureFileTransferError:
        """What a source is, or why it fails alone."""
        async with gate:
            try:
                # The path is ours, whatever the server's answer calls it.
                path = remote(source)
                kind = (await self.client.stat(str(path))).kind
                if kind is Kind.FOLDER and not recursive:
                    raise _needs_recursive(path)
            except SecureFileTransferError as error:
                if alone or is_hopeless(error):
                    raise
                return error
            return path, kind

    async def _one_file(self, path: RemotePath, target: str) -> None:
        from ...client import Transferred

        with self.display.watch(path.name) as tell:
            try:
                got = await self.client.receive_file(
                    str(path), target, conflict=self.conflict, priority=self.priority, on_progress=tell
                )
            except IsAFolderError:
                raise _needs_recursive(path) from None
        self.tally.add(Transferred(got.path, str(path), got.outcome, got.entry))
        if self.conflict is Conflict.RENAME and got.path.name not in {Path(target).name, path.name}:
            self.tally.renamed(str(path), str(got.path))

    async def _files(self, files: Sequence[RemotePath], target: str) -> None:
        with self.display.watch(f"{len(files)} files") as tell:
            await self.client.receive_files_in_parallel(
                [str(path) for path in files],
                target,
                conflict=self.conflict,
                priority=self.priority,
                on_progress=tell,
                on_result=self.tally.add,
                check=False,
            )

    async def _folder(self, folder: RemotePath, target: str, *, into: bool) -> None:
        from ...client import Transferred

        if folder.name:
            goal = f"{target.rstrip('/') or '/'}/" if into or target.endswith("/") else target
        else:  # the top folder has no name of its own: what it holds goes into the target
            goal = target.rstrip("/") or "/"
        with self.display.watch(folder.name or "/") as tell:
            try:
                await self.client.receive_tree(
                    str(folder),
                    goal,
                    conflict=self.conflict,
                    priority=self.priority,
                    on_progress=tell,
                    on_result=self.tally.add,
                    check=False,
                )
            except SecureFileTransferError as error:
                if is_hopeless(error):
                    raise
                self.tally.add(Transferred(Path(goal), str(folder), "failed", error=error))


def _needs_recursive(path: RemotePath) -> IsAFolderError:
    return IsAFolderError(f"{display(str(path))} is a folder", hint="Add -r to fetch it with all that is in it.")
