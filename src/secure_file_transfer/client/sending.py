"""Files and trees on their way to the server."""

import asyncio
import os
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ..errors import (
    ForbiddenError,
    InvalidRequestError,
    NotAFolderError,
    NotFoundError,
    SecureFileTransferError,
    SignInRequiredError,
)
from ..model import MIB, Conflict, Kind
from ..paths import RemotePath, display
from ..transfer.batches import batches
from .api import UPLOAD_CONFLICTS, Api, check_stored, choice, upload_query
from .blocks import BlockService
from .local import SourceFile, file_size, walk
from .many import OnResult, Transferred, attempt, failed, settle, side_by_side
from .progress import Meter, OnProgress
from .small import BATCH_BYTES, SMALL_MAX, Wanted, send_batch
from .transport import Query
from .uploading import BlockUpload
from .wire import Written, digest_field

WHOLE_MAX = 4 * MIB
"""Up to this size a file is read whole and its digest declared before it is sent, so that a damaged upload is
refused rather than noticed afterwards. Larger files are hashed while they are sent."""


def remote_name(local: Path) -> RemotePath:
    """Under which name a local file goes to the top of the tree: its own, in normal form C.

    Raises:
        InvalidNameError: no server takes such a name.
    """
    name = Path(os.path.abspath(local)).name  # noqa: PTH100 - resolve() would follow a link to another name
    return RemotePath() / unicodedata.normalize("NFC", name)


async def destination(api: Api, local: Path, remote: str | None) -> RemotePath:
    """Where a file goes: below `remote` if that is a folder or ends with a slash, else to `remote` itself."""
    own = remote_name(local) if remote is None or remote.endswith("/") else None
    if remote is None:
        return own or RemotePath()
    target = RemotePath.parse(remote)
    if own is not None:
        return target / own.name
    try:
        found = await api.stat(remote)
    except (NotFoundError, NotAFolderError, ForbiddenError, SignInRequiredError):
        return target  # also where we may write but not look
    return target / remote_name(local).name if found.kind is Kind.FOLDER else target


def _opened(local: Path, small_max: int) -> tuple[SourceFile, bytes | None]:
    """The file, and its content if that is small; such a file is closed again."""
    source = SourceFile(local)
    if source.size > small_max:
        return source, None
    try:
        return source, source.read_all()
    finally:
        source.close()


async def send(
    api: Api,
    local: Path,
    target: RemotePath,
    conflict: Conflict,
    meter: Meter,
    *,
    size: int,
    parents: bool,
    priority: int = 0,
) -> Written:
    """Send one file to exactly `target`: by blocks if it is large and the server takes blocks, else whole."""
    service = await api.block_service() if size > SMALL_MAX else None
    small_max = WHOLE_MAX if service is None else SMALL_MAX
    source, data = await asyncio.get_running_loop().run_in_executor(api.executor, _opened, local, small_max)
    shown, went = str(local), 0

    def on_bytes(count: int) -> None:
        nonlocal went
        went += count
        meter.add(shown, count)

    try:
        if service is not None and data is None:
            upload = BlockUpload(service, source, api.executor, on_bytes)
            await upload.send(priority=priority)
            written = await upload.commit(target, conflict, parents=parents)
        else:
            query = upload_query(conflict, source.modified_us, parents=parents)
            written = await _send_whole(api, source, data, target, query, on_bytes)
        check_stored(written, source.sha256, str(target))
    except SecureFileTransferError:
        meter.add(shown, -went)
        raise
    finally:
        source.close()
    meter.file_done(shown)
    return written


async def _send_whole(
    api: Api, source: SourceFile, data: bytes | None, target: RemotePath, query: Query, on_bytes: Callable[[int], None]
) -> Written:
    if data is not None:
        headers = {"Repr-Digest": digest_field(source.sha256)}
        return await api.upload(data, str(target), length=source.size, query=query, headers=headers, on_bytes=on_bytes)

    async def piece() -> bytes:
        return await asyncio.get_running_loop().run_in_executor(api.executor, source.read)

    return await api.upload(piece, str(target), length=source.size, query=query, on_bytes=on_bytes)


async def send_file(
    api: Api,
    local: str | Path,
    remote: str | None,
    *,
    conflict: Conflict | str,
    parents: bool,
    priority: int,
    on_progress: OnProgress | None,
) -> Written:
    """See AsyncClient.send_file."""
    path, how = Path(local), choice(conflict, UPLOAD_CONFLICTS)
    size = await asyncio.get_running_loop().run_in_executor(api.executor, file_size, path)
    target = await destination(api, path, remote)
    return await send(
        api, path, target, how, Meter(on_progress, total=size), size=size, parents=parents, priority=priority
    )


async def send_files(
    api: Api,
    locals_: Sequence[str | Path],
    remote_dir: str,
    *,
    conflict: Conflict | str,
    on_progress: OnProgress | None,
    on_result: OnResult | None,
    check: bool,
) -> list[Transferred]:
    """See AsyncClient.send_files_in_parallel."""
    how, folder = choice(conflict, UPLOAD_CONFLICTS), RemotePath.parse(remote_dir)
    paths = [Path(local) for local in locals_]
    results: dict[int, Transferred] = {}
    wanted: list[Wanted] = []
    taken: dict[RemotePath, Path] = {}
    for at, path in enumerate(paths):
        try:
            size = file_size(path)
            target = folder / remote_name(path).name
        except SecureFileTransferError as error:
            results[at] = failed(path, remote_dir, error)
            if on_result is not None:
                on_result(results[at])
            continue
        if target in taken:
            raise InvalidRequestError(
                f"{display(str(taken[target]))} and {display(str(path))} would both become {display(str(target))}",
                hint="Send them to different folders.",
            )
        taken[target] = path
        wanted.append(Wanted(at, path, target, size))
    found = await _Sending(api, wanted, how, on_progress, on_result).run()
    return settle([(results | found)[at] for at in range(len(paths))], check=check)


async def send_all(
    api: Api, wanted: Sequence[Wanted], on_progress: OnProgress | None, on_result: OnResult | None
) -> list[Transferred]:
    """Send files to exactly their targets, whose folders are there; what became of each, in their order."""
    found = await _Sending(api, wanted, Conflict.OVERWRITE, on_progress, on_result).run()
    return [found[file.at] for file in wanted]


class _Sending:
    """Many files on their way: the small ones in batches, the others largest first, all side by side."""

    def __init__(
        self,
        api: Api,
        wanted: Sequence[Wanted],
        conflict: Conflict,
        on_progress: OnProgress | None,
        on_result: OnResult | None,
    ) -> None:
        self._api, self._wanted, self._conflict, self._on_result = api, wanted, conflict, on_result
        total = sum(file.size for file in wanted)
        self._meter = Meter(on_progress, total=total, files_total=len(wanted))
        self._results: dict[int, Transferred] = {}

    async def run(self) -> dict[int, Transferred]:
        """Send all; the results by their places."""
        service = await self._api.block_service() if len(self._wanted) > 1 else None
        small = [file for file in self._wanted if service is not None and file.size <= SMALL_MAX]
        rest = self._wanted if service is None else [file for file in self._wanted if file.size > SMALL_MAX]
        jobs: list[Callable[[], Awaitable[None]]] = [
            partial(self._one, file) for file in sorted(rest, key=lambda file: file.size, reverse=True)
        ]
        if service is not None:
            limits = service.terms
            groups = batches(
                [(file, file.size) for file in small],
                most_items=limits.batch_files_max,
                most_bytes=min(BATCH_BYTES, limits.batch_bytes_max),
            )
            jobs += [partial(self._batch, service, group) for group in groups]
        await side_by_side(jobs, lambda job: job(), self._api.connections)
        return self._results

    async def _one(self, file: Wanted) -> None:
        async def work() -> Transferred:
            written = await send(
                self._api, file.local, file.target, self._conflict, self._meter, size=file.size, parents=False
            )
            return Transferred(file.local, written.entry.path, written.outcome, written.entry)

        result = await attempt(work, file.local, str(file.target), self._on_result)
        self._results[file.at] = result
        if result.error is not None:
            self._meter.file_done(str(file.local))

    async def _batch(self, service: BlockService, files: Sequence[Wanted]) -> None:
        said = await send_batch(self._api, service, files, self._conflict)
        for file, found in zip(files, said, strict=True):
            if isinstance(found, SecureFileTransferError):
                result = failed(file.local, str(file.target), found)
            else:
                result = Transferred(file.local, found.entry.path, found.outcome, found.entry)
                self._meter.add(str(file.local), file.size)
            self._results[file.at] = result
            self._meter.file_done(str(file.local))
            if self._on_result is not None:
                self._on_result(result)


async def send_tree(
    api: Api,
    local_dir: str | Path,
    remote_dir: str | None,
    *,
    conflict: Conflict | str,
    on_progress: OnProgress | None,
    on_result: OnResult | None,
    check: bool,
) -> list[Transferred]:
    """See AsyncClient.send_tree."""
    how, root = choice(conflict, UPLOAD_CONFLICTS), Path(local_dir)
    top = remote_name(root) if remote_dir is None else RemotePath.parse(remote_dir)
    if remote_dir is not None and remote_dir.endswith("/") and remote_dir != "/":
        top /= remote_name(root).name
    plan = await asyncio.get_running_loop().run_in_executor(api.executor, _plan, root, top)
    for result in plan.left_out:
        if on_result is not None:
            on_result(result)
    await _make_folders(api, [top, *plan.folders])
    wanted = [Wanted(at, *file) for at, file in enumerate(plan.files)]
    sent = await _Sending(api, wanted, how, on_progress, on_result).run()
    return settle([*plan.left_out, *(sent[at] for at in range(len(plan.files)))], check=check)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which folders to make, which files to send (with their sizes), and what cannot go."""

    folders: list[RemotePath] = field(default_factory=list)
    files: list[tuple[Path, RemotePath, int]] = field(default_factory=list)
    left_out: list[Transferred] = field(default_factory=list)


def _plan(root: Path, top: RemotePath) -> _Plan:
    plan = _Plan()
    remotes: dict[Path, RemotePath] = {root: top}
    for path, kind, size in walk(root):
        if isinstance(size, SecureFileTransferError):
            plan.left_out.append(failed(path, str(remotes.get(path.parent, top)), size))
            continue
        parent = remotes.get(path.parent)
        if parent is None:
            continue  # the folder above has a name that no server takes, and was reported
        try:
            target = parent / unicodedata.normalize("NFC", path.name)
        except SecureFileTransferError as error:
            plan.left_out.append(failed(path, str(parent), error))
            continue
        if kind == "folder":
            remotes[path] = target
            plan.folders.append(target)
        elif kind == "file":
            plan.files.append((path, target, size))
        else:
            reason = "a symbolic link is not followed" if kind == "link" else "not a regular file"
            plan.left_out.append(Transferred(path, str(target), "skipped", reason=reason))
    return plan


async def _make_folders(api: Api, folders: Sequence[RemotePath]) -> None:
    """Make all folders, those of one depth side by side."""
    by_depth: dict[int, list[RemotePath]] = {}
    for folder in folders:
        if not folder.is_root:
            by_depth.setdefault(len(folder.parts), []).append(folder)

    async def make(folder: RemotePath) -> None:
        await api.make_folder(str(folder), parents=True)

    for depth in sorted(by_depth):
        await side_by_side(by_depth[depth], make, api.connections)
