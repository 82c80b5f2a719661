"""`put`: from here to the server."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

from cyclopts import Parameter

from ...errors import IsAFolderError, NotAFolderError, NotFoundError, SecureFileTransferError
from ...model import MIB, Compression, Conflict, Kind
from ...paths import RemotePath, display
from ...transfer.queue import DEFAULT_PRIORITY
from .attending import attending
from .connection import RESUME, connected, is_folder, rate_of, remote, run
from .failures import UsageError, is_hopeless
from .options import (
    STDIO,
    Compress,
    Flag,
    Json,
    Level,
    Limit,
    Local,
    OnConflict,
    Priority,
    Quiet,
    ReadBack,
    Recursive,
    Server,
)
from .progress import Display
from .results import Tally
from .values import print_json

if TYPE_CHECKING:
    from ...client import AsyncClient

_PIECE = 1 * MIB


def put(
    *paths: Local,
    recursive: Recursive = False,
    conflict: OnConflict = Conflict.OVERWRITE,
    parents: Annotated[bool, Flag, Parameter(alias="-p")] = False,
    compress: Compress = Compression.AUTO,
    level: Level = 3,
    read_back: ReadBack = False,
    priority: Priority = DEFAULT_PRIORITY,
    limit: Limit = None,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Send files and folders to the server.

    The last argument says where to, as with cp: a folder, or a path that ends with a slash, receives them under
    their own names; anything else is the new name. With one argument it is the top folder. Nobody sees a file on
    the server before all of it is there and its SHA-256 is right. '-' is standard input.

        sft put report.pdf
        sft put report.pdf /reports/2026.pdf
        sft put *.jpg /photos/
        sft put -r photos /backup/
        sft put --limit 10M --priority 6 backup.img /
        tar -c photos | sft put - /photos.tar

    Ctrl-C stops it, and the same command goes on where it was. Ctrl-Z and 'fg' pause it.

    Args:
        paths: Files and folders here, and last the path on the server.
        parents: Make missing folders on the server.
    """
    sources, target = _split([str(path) for path in paths])
    if sources == [STDIO] and read_back:
        raise UsageError("Standard input cannot be read back", hint="Send a file, or leave out --read-back.")
    display_, tally, rate = Display(quiet=quiet), Tally(quiet=quiet), rate_of(limit)

    async def work() -> None:
        async with connected(server, limit=rate) as client, attending(client, display_):
            if sources == [STDIO]:
                await _send_stdin(client, target, conflict, display_, tally, parents=parents, priority=priority)
                return
            choices = _Choices(
                conflict=conflict, compress=compress, level=level, read_back=read_back, priority=priority
            )
            job = _Sending(client, choices, display_, tally)
            if parents:
                await job.make_parents(target, many=len(sources) > 1)
            await job.send(sources, target, recursive=recursive)

    run(work(), hint="" if sources == [STDIO] else RESUME)
    code = tally.finish()
    display_.summary(
        tally.files, tally.size, read_back=tally.all_read_back, skipped=tally.skipped, failed=len(tally.failed)
    )
    if json:
        print_json(tally.values)
    return code


def _split(paths: Sequence[str]) -> tuple[list[str], str]:
    """The sources and the target.

    Raises:
        UsageError: none, or what looks like a slip: the last of several names a file here and no path there.
    """
    if not paths:
        raise UsageError("Nothing to send", hint="Name a file, such as: sft put report.pdf /reports/")
    if len(paths) == 1:
        if paths[0] == STDIO:
            raise UsageError("Standard input has no name", hint="Say which file it becomes: sft put - /name")
        return [paths[0]], "/"
    *sources, target = paths
    if target == STDIO:
        raise UsageError("The target is a path on the server", hint="'-' comes first: sft put - /name")
    if STDIO in sources:
        if len(sources) > 1:
            raise UsageError("Standard input goes alone", hint="Send the other files in a command of their own.")
        if target.endswith("/"):
            raise UsageError("Standard input has no name", hint=f"Say which file it becomes: sft put - {target}name")
    if not target.startswith("/") and Path(target).exists():
        raise UsageError(
            f"{display(target)} is here, and the last argument says where to put things on the server",
            hint=f"Add the target: '/' for the top folder. If you mean that name on the server, write '/{target}'.",
        )
    return sources, target


class _Choices(TypedDict):
    """How everything of one `put` travels."""

    conflict: Conflict
    compress: Compression
    level: int
    read_back: bool
    priority: int


class _Sending:
    """One `put` of things on this computer's disk."""

    def __init__(self, client: "AsyncClient", choices: _Choices, display_: Display, tally: Tally) -> None:
        self.client, self.choices, self.display, self.tally = client, choices, display_, tally

    async def make_parents(self, target: str, *, many: bool) -> None:
        """Make what is missing above the target, or the target itself where it must be a folder."""
        folder = remote(target) if many or target.endswith("/") else remote(target).parent
        if not folder.is_root:
            await self.client.make_folder(str(folder), parents=True)

    async def send(self, sources: Sequence[str], target: str, *, recursive: bool) -> None:
        """Send everything. Files go side by side, folders one after the other."""
        files = [source for source in sources if not is_folder(source)]
        folders = [source for source in sources if is_folder(source)]
        if folders and not recursive:
            raise IsAFolderError(f"{display(folders[0])} is a folder", hint="Add -r to send it with all that is in it.")
        if len(sources) == 1 and files:
            await self._one_file(files[0], target)
            return
        into = await self._into(target)
        if len(sources) > 1 and into is None:
            raise NotAFolderError(
                f"{display(target)} is not a folder on the server, so it cannot receive {len(sources)} things",
                hint=f"Make it with 'sft mkdir {target}', or add -p.",
            )
        if files:
            await self._files(files, into or RemotePath())
        for folder in folders:
            await self._folder(folder, into / _own_name(folder) if into is not None else remote(target))

    async def _into(self, target: str) -> RemotePath | None:
        """The folder that receives things, or None if the target is a name for one thing."""
        where = remote(target)
        if where.is_root:
            return where
        try:
            entry = await self.client.stat(str(where))
        except NotFoundError:
            if target.endswith("/"):
                raise
            return None
        if entry.kind is not Kind.FOLDER:
            raise NotAFolderError(
                f"{display(str(where))} is a file", hint="Choose a folder, or remove that file first."
            )
        return where

    async def _one_file(self, file: str, target: str) -> None:
        from ...client import Transferred

        with self.display.watch(Path(file).name) as tell:
            goal = f"{remote(target)}/" if target.endswith("/") and not remote(target).is_root else str(remote(target))
            written = await self.client.send_file(file, goal, **self.choices, on_progress=tell)
        self.tally.add(
            Transferred(Path(file), written.entry.path, written.outcome, written.entry, read_back=written.read_back)
        )
        wanted = remote(target).name if not target.endswith("/") else ""
        self._tell_rename(file, written.entry.name, {wanted, _own_name(file)})

    async def _files(self, files: Sequence[str], into: RemotePath) -> None:
        with self.display.watch(f"{len(files)} files") as tell:
            results = await self.client.send_files_in_parallel(
                files,
                str(into),
                **self.choices,
                on_progress=tell,
                on_result=self.tally.add,
                check=False,
            )
        for result in results:
            if result.entry is not None:
                self._tell_rename(str(result.local), result.entry.name, {_own_name(str(result.local))})

    async def _folder(self, folder: str, goal: RemotePath) -> None:
        from ...client import Transferred

        with self.display.watch(Path(folder).name or folder) as tell:
            try:
                await self.client.send_tree(
                    folder,
                    str(goal),
                    **self.choices,
                    on_progress=tell,
                    on_result=self.tally.add,
                    check=False,
                )
            except SecureFileTransferError as error:
                if is_hopeless(error):
                    raise
                self.tally.add(Transferred(Path(folder), str(goal), "failed", error=error))

    def _tell_rename(self, source: str, name: str, expected: set[str]) -> None:
        if self.choices["conflict"] is Conflict.RENAME and name not in expected:
            self.tally.renamed(source, name)


def _own_name(local: str) -> str:
    """The name under which something goes to the server; `.` and `..` have one too."""
    import unicodedata

    return unicodedata.normalize("NFC", Path(os.path.abspath(local)).name)  # noqa: PTH100 - links keep their own name


async def _send_stdin(
    client: "AsyncClient",
    target: str,
    conflict: Conflict,
    display_: Display,
    tally: Tally,
    *,
    parents: bool,
    priority: int,
) -> None:
    from ...client import Progress, Transferred

    done = 0
    with display_.watch(remote(target).name) as tell:

        def on_bytes(count: int) -> None:
            nonlocal done
            done += count
            if tell is not None:
                tell(Progress("-", done, None, 0, 1))

        written = await client.put_stream(
            _stdin_pieces(),
            str(remote(target)),
            conflict=conflict,
            parents=parents,
            on_bytes=on_bytes,
            priority=priority,
        )
    tally.add(Transferred(Path("-"), written.entry.path, written.outcome, written.entry))


async def _stdin_pieces() -> AsyncIterator[bytes]:
    """Standard input, read by a thread that never keeps the program from ending.

    A pool's thread would: one that waits for a terminal or a stuck pipe cannot be woken. For the same reason it
    reads the descriptor itself; the buffered reader's lock would be held at the end.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | OSError] = asyncio.Queue(2)

    def read() -> None:
        while True:
            piece: bytes | OSError
            try:
                piece = _read_piece(sys.stdin.fileno())
            except OSError as error:
                piece = error
            try:
                asyncio.run_coroutine_threadsafe(queue.put(piece), loop).result()
            except (RuntimeError, CancelledError):
                return  # the loop has ended
            if not piece or isinstance(piece, OSError):
                return

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while piece := await queue.get():
        if isinstance(piece, OSError):
            raise piece
        yield piece


def _read_piece(descriptor: int) -> bytes:
    """Up to a MiB: a pipe gives 64 KiB at a time, which is too small to hash and encrypt well."""
    parts, size = [], 0
    while size < _PIECE:
        part = os.read(descriptor, _PIECE - size)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)
