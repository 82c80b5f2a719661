"""Files and trees on their way to this computer."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..errors import (
    DigestMismatchError,
    InvalidRequestError,
    IsAFolderError,
    NotAFolderError,
    ProtocolViolationError,
    RangeNotSatisfiableError,
    SecureFileTransferError,
    SourceChangedError,
)
from ..model import Conflict, Entry, Kind, TimeUs
from ..paths import RemotePath, display
from ..transfer.batches import batches
from . import local as disk
from .api import Api
from .blocks import BlockService
from .downloading import download
from .how import How
from .many import OnResult, Transferred, attempt, failed, settle, side_by_side
from .naming import Named
from .progress import Meter, OnProgress
from .small import BATCH_BYTES, SMALL_MAX, blocks_at, receive_batch
from .streams import Download, wrong_content

_Wanted = tuple[int, Entry, Path]
"""A file to receive: its place among the results, what it is, and where it goes."""

_ONE_PIECE = 256 * 1024
"""A file up to this size comes at once or not at all, so to be told to wait for it costs nothing."""
_ENTRIES_MAX = 5_000_000
"""More entries in one tree than this are taken for a hostile server's."""


@dataclass(frozen=True, slots=True)
class Received:
    """A file that arrived. `path` is where it lies; `outcome` is created, replaced or skipped."""

    path: Path
    entry: Entry
    outcome: str


def destination(remote: RemotePath, local: str | Path | None) -> Path:
    """Where a file goes: below `local` if that is a folder or ends with a separator, else to `local` itself."""
    name = disk.local_name(remote.name)
    if local is None:
        return Path(name)
    path = Path(local)
    with disk.local_errors("look at", path):
        into = isinstance(local, str) and local.endswith(("/", os.sep))
        return path / name if into or path.is_dir() else path


def _standing(target: Path, entry: Entry, conflict: Conflict) -> bool:
    """Whether what is there already stays."""
    with disk.local_errors("look at", target):
        here = disk.file_time(target)
    return here is not None and (conflict is Conflict.SKIP or here >= entry.modified_us)


async def receive(api: Api, entry: Entry, target: Path, how: How, meter: Meter) -> Received:
    """Receive one file to exactly `target`, verified, or leave nothing there."""
    loop = asyncio.get_running_loop()
    if how.conflict in {Conflict.SKIP, Conflict.NEWER} and await loop.run_in_executor(
        api.executor, _standing, target, entry, how.conflict
    ):
        meter.file_done(entry.path)
        return Received(target, entry, "skipped")
    service = await blocks_at(api, RemotePath.parse(entry.path)) if entry.size > SMALL_MAX else None
    if how.resumes and service is None and await loop.run_in_executor(api.executor, _same, target, entry):
        meter.file_done(entry.path)
        return Received(target, entry, "skipped")
    if service is not None:
        on_bytes = partial(meter.add, entry.path)
        if (got := await download(api, service, entry, target, how, on_bytes)) is not None:
            meter.file_done(entry.path)
            return Received(got[0], got[2], got[1])
    async with api.turns.turn(how.control):
        if how.resumes and entry.sha256 is not None and await loop.run_in_executor(api.executor, _begun, target, entry):
            # What is here may be the beginning of another file; then all of it comes.
            with suppress(DigestMismatchError, RangeNotSatisfiableError, SourceChangedError):
                return await _stream(api, entry, target, how, meter, begun=True)
        return await api.unless_held(lambda: _stream(api, entry, target, how, meter))


async def _stream(api: Api, entry: Entry, target: Path, how: How, meter: Meter, *, begun: bool = False) -> Received:
    """Receive a file in one stream; with `begun`, after what is at the target, if that is shorter."""
    loop, went = asyncio.get_running_loop(), 0
    part = disk.PartialFile(target)
    try:
        if begun:
            went = await loop.run_in_executor(api.executor, part.begin_with, target, entry.size)
            meter.add(entry.path, went)
        writing: asyncio.Future[None] | None = None
        named = Named(RemotePath.parse(entry.path), entry.size).headers if entry.size <= _ONE_PIECE else {}
        async with api.stream(entry.path, offset=went, headers={**how.headers, **named}) as stream:
            if went and stream.etag != entry.etag:
                raise wrong_content(entry.path)
            async for batch in stream.batches():
                if writing is not None:
                    await writing
                writing = loop.run_in_executor(api.executor, part.write, batch)
                went += (count := sum(map(len, batch)))
                meter.add(entry.path, count)
        if writing is not None:
            await writing
        if stream.sha256 is not None and part.sha256 != stream.sha256:
            raise wrong_content(entry.path)
        path, outcome = await loop.run_in_executor(api.executor, part.publish, _time(stream, entry), how.word)
    except BaseException:
        # Waits for the thread that may still write, even while we are being cancelled.
        await asyncio.shield(loop.run_in_executor(api.executor, part.discard))
        meter.add(entry.path, -went)
        raise
    meter.file_done(entry.path)
    return Received(path, entry, outcome)


def _begun(target: Path, entry: Entry) -> bool:
    try:
        return 0 < disk.file_size(target) < entry.size
    except SecureFileTransferError:
        return False


def _same(target: Path, entry: Entry) -> bool:
    """Whether the file at the target is this one: by SHA-256, or by size and second where nobody knows that."""
    try:
        source = disk.SourceFile(target)
    except SecureFileTransferError:
        return False
    try:
        if source.size != entry.size:
            return False
        if entry.sha256 is None:
            return source.modified_us // 1_000_000 == entry.modified_us // 1_000_000
        while source.read():
            pass
        return source.sha256 == entry.sha256
    except SecureFileTransferError:
        return False
    finally:
        source.close()


def _time(stream: Download, entry: Entry) -> TimeUs:
    """To the microsecond if the content is the one that was listed, else to the second, as HTTP tells it."""
    if stream.etag == entry.etag or stream.modified_us is None:
        return entry.modified_us
    return stream.modified_us


async def _file(api: Api, remote: str) -> Entry:
    """The entry of a file, under the path that was asked for, whatever the server calls it."""
    path, entry = RemotePath.parse(remote), await api.stat(remote)
    if entry.kind is Kind.FOLDER:
        raise IsAFolderError(f"{display(str(path))} is a folder", hint="Receive a folder as a tree.")
    if entry.path != str(path):
        raise ProtocolViolationError(
            f"The server answers for {display(entry.path)} when asked for {display(str(path))}"
        )
    return entry


async def receive_file(
    api: Api,
    remote: str,
    local: str | Path | None,
    how: How,
    *,
    on_progress: OnProgress | None,
) -> Received:
    """See AsyncClient.receive_file."""
    entry = await _file(api, remote)
    target = await asyncio.get_running_loop().run_in_executor(
        api.executor, destination, RemotePath.parse(remote), local
    )
    return await receive(api, entry, target, how, Meter(on_progress, total=entry.size))


async def receive_files(
    api: Api,
    remotes: Sequence[str],
    local_dir: str | Path,
    how: How,
    *,
    on_progress: OnProgress | None,
    on_result: OnResult | None,
    check: bool,
) -> list[Transferred]:
    """See AsyncClient.receive_files_in_parallel."""
    folder = Path(local_dir)
    targets = [folder / disk.local_name(RemotePath.parse(remote).name) for remote in remotes]
    if len(set(targets)) < len(targets):
        raise InvalidRequestError("Two of the files have the same name", hint="Receive them into different folders.")
    await asyncio.get_running_loop().run_in_executor(api.executor, disk.make_folder, folder)
    results: dict[int, Transferred] = {}
    entries: dict[int, Entry] = {}

    async def look(at: int) -> None:
        try:
            entries[at] = await _file(api, remotes[at])
        except SecureFileTransferError as error:
            results[at] = failed(targets[at], remotes[at], error)
            if on_result is not None:
                on_result(results[at])

    await side_by_side(range(len(remotes)), look, api.connections)
    wanted = [(at, entries[at], targets[at]) for at in sorted(entries)]
    results |= await _Receiving(api, wanted, how, on_progress, on_result).run()
    return settle([results[at] for at in range(len(remotes))], check=check)


async def receive_all(
    api: Api, wanted: Sequence[_Wanted], how: How, on_progress: OnProgress | None, on_result: OnResult | None
) -> list[Transferred]:
    """Receive files to exactly their targets, whose folders are there; what became of each, in their order."""
    found = await _Receiving(api, wanted, how, on_progress, on_result).run()
    return [found[at] for at, _, _ in wanted]


class _Receiving:
    """Many files on their way: the small ones in batches, the others largest first, all side by side."""

    def __init__(
        self,
        api: Api,
        wanted: Sequence[_Wanted],
        how: How,
        on_progress: OnProgress | None,
        on_result: OnResult | None,
    ) -> None:
        self._api, self._wanted, self._how, self._on_result = api, wanted, how, on_result
        total = sum(entry.size for _, entry, _ in wanted)
        self._meter = Meter(on_progress, total=total, files_total=len(wanted))
        self._results: dict[int, Transferred] = {}

    async def run(self) -> dict[int, Transferred]:
        """Receive all; the results by their places."""
        plain = self._how.conflict in {Conflict.OVERWRITE, Conflict.RENAME, Conflict.RESUME}
        paths = [RemotePath.parse(entry.path) for _, entry, _ in self._wanted]
        service = await blocks_at(self._api, *paths) if len(paths) > 1 and plain else None
        rest = self._wanted if service is None else [file for file in self._wanted if file[1].size > SMALL_MAX]
        jobs: list[Callable[[], Awaitable[None]]] = [
            partial(self._one, file) for file in sorted(rest, key=lambda file: file[1].size, reverse=True)
        ]
        if service is not None:
            groups = batches(
                [(file, file[1].size) for file in self._wanted if file[1].size <= SMALL_MAX],
                most_items=service.terms.batch_files_max,
                most_bytes=min(BATCH_BYTES, service.terms.batch_bytes_max),
            )
            jobs += [partial(self._batch, service, group) for group in groups]
        await side_by_side(jobs, lambda job: job(), self._api.connections)
        return self._results

    async def _one(self, file: _Wanted) -> None:
        at, entry, target = file

        async def work() -> Transferred:
            received = await receive(self._api, entry, target, self._how, self._meter)
            return Transferred(received.path, entry.path, received.outcome, entry)

        result = await attempt(work, target, entry.path, self._on_result)
        self._results[at] = result
        if result.error is not None:
            self._meter.file_done(entry.path)

    async def _batch(self, service: BlockService, files: Sequence[_Wanted]) -> None:
        if self._how.resumes:
            files = await self._lacking(files)
        if not files:
            return
        got = await receive_batch(service, [(entry, target) for _, entry, target in files], self._how)
        for (at, entry, target), found in zip(files, got, strict=True):
            if isinstance(found, SecureFileTransferError):
                result = failed(target, entry.path, found)
            else:
                result = Transferred(found[0], entry.path, found[1], entry)
                self._meter.add(entry.path, entry.size)
            self._done(at, result)

    async def _lacking(self, files: Sequence[_Wanted]) -> list[_Wanted]:
        """Those that are not here already; the others are done."""
        loop, lacking = asyncio.get_running_loop(), []
        for at, entry, target in files:
            if await loop.run_in_executor(self._api.executor, _same, target, entry):
                self._done(at, Transferred(target, entry.path, "skipped", entry))
            else:
                lacking.append((at, entry, target))
        return lacking

    def _done(self, at: int, result: Transferred) -> None:
        self._results[at] = result
        self._meter.file_done(result.remote)
        if self._on_result is not None:
            self._on_result(result)


async def receive_tree(
    api: Api,
    remote_dir: str,
    local_dir: str | Path | None,
    how: How,
    *,
    on_progress: OnProgress | None,
    on_result: OnResult | None,
    check: bool,
) -> list[Transferred]:
    """See AsyncClient.receive_tree."""
    top = RemotePath.parse(remote_dir)
    entry = await api.stat(remote_dir)
    if entry.kind is not Kind.FOLDER:
        raise NotAFolderError(f"{display(str(top))} is a file", hint="Receive it as a file.")
    root = _counterpart(top, local_dir)
    await asyncio.get_running_loop().run_in_executor(api.executor, disk.make_folder, root)
    survey = _Survey(api, on_result)
    await survey.read(top, root)
    wanted = [(at, *file) for at, file in enumerate(survey.files)]
    got = await _Receiving(api, wanted, how, on_progress, on_result).run()
    return settle([*survey.problems, *(got[at] for at, *_ in wanted)], check=check)


def _counterpart(top: RemotePath, local_dir: str | Path | None) -> Path:
    """Where a tree goes: to `local_dir` itself, unless that ends with a separator."""
    own = disk.local_name(top.name)
    if local_dir is None:
        return Path(own)
    into = isinstance(local_dir, str) and local_dir.endswith(("/", os.sep))
    return Path(local_dir) / own if into else Path(local_dir)


class _Survey:
    """What a remote tree holds, and the local folders for it, made on the way, level by level."""

    def __init__(self, api: Api, on_result: OnResult | None) -> None:
        self._api = api
        self._on_result = on_result
        self._count = 0
        self._below: list[tuple[RemotePath, Path]] = []
        self.files: list[tuple[Entry, Path]] = []
        self.problems: list[Transferred] = []

    async def read(self, top: RemotePath, root: Path) -> None:
        """Read all of it.

        Raises:
            ProtocolViolationError: from a server that cannot be trusted with anything more.
        """
        level = [(top, root)]
        while level:
            await side_by_side(level, self._folder, self._api.connections)
            level, self._below = self._below, []

    async def _folder(self, item: tuple[RemotePath, Path]) -> None:
        remote, here = item
        try:
            await asyncio.get_running_loop().run_in_executor(self._api.executor, disk.make_folder, here)
            await self._entries(remote, here)
        except ProtocolViolationError:
            raise
        except SecureFileTransferError as error:
            self.problems.append(failed(here, str(remote), error))
            if self._on_result is not None:
                self._on_result(self.problems[-1])

    async def _entries(self, remote: RemotePath, here: Path) -> None:
        async for found in self._api.list(str(remote)):
            self._count += 1
            if self._count > _ENTRIES_MAX:
                raise ProtocolViolationError("The server lists more entries than anybody would have")
            place = here / disk.local_name(found.name)
            if found.kind is Kind.FOLDER:
                self._below.append((remote / found.name, place))
            else:
                self.files.append((found, place))
