"""Files and trees on their way to the server."""

import asyncio
import os
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
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
from ..model import MIB, Entry, Kind
from ..paths import RemotePath, display
from ..transfer.batches import batches
from .api import Api, check_stored, upload_query
from .blocks import BlockService
from .how import How
from .local import SourceFile, file_size, walk
from .many import OnResult, Transferred, attempt, failed, settle, side_by_side
from .naming import Named
from .progress import Meter, OnProgress
from .reading_back import BlockCheck, Expected, check_batch, check_whole
from .resuming import looks_same, same, same_unsent, standing
from .small import BATCH_BYTES, SMALL_MAX, Sent, Wanted, blocks_at, send_batch
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
    api: Api, local: Path, target: RemotePath, how: How, meter: Meter, *, size: int, there: Entry | None = None
) -> Written:
    """Send one file to exactly `target`: by blocks if it is large and the server takes blocks, else whole.

    `there` is what stands at the target, where the choice is to resume.
    """
    service = await blocks_at(api, target) if size > SMALL_MAX else None
    small_max = WHOLE_MAX if service is None else SMALL_MAX
    loop = asyncio.get_running_loop()
    source, data = await loop.run_in_executor(api.executor, _opened, local, small_max)
    shown, went = str(local), 0

    def on_bytes(count: int) -> None:
        nonlocal went
        went += count
        meter.add(shown, count)

    try:
        written = await _Single(api, source, target, how, on_bytes, there).send(service, data)
    except SecureFileTransferError:
        meter.add(shown, -went)
        raise
    finally:
        source.close()
    meter.file_done(shown)
    return written


@dataclass(frozen=True, slots=True)
class _Single:
    """One file on its way."""

    api: Api
    source: SourceFile
    target: RemotePath
    how: How
    on_bytes: Callable[[int], None]
    there: Entry | None

    async def send(self, service: BlockService | None, data: bytes | None) -> Written:
        """By blocks if there is a service, unless the content is `data` already."""
        if self.there is not None and looks_same(self.there, self.source):
            return Written(self.there, "skipped")
        upload: BlockUpload | None = None
        if service is not None and data is None:
            upload = BlockUpload(service, self.source, self.target, self.api.executor, self.how, self.on_bytes)
            written = await self._by_blocks(upload)
        else:
            async with self.api.turns.turn(self.how.control):
                written = await self._whole(data)
        check_stored(written, self.source.sha256, str(self.target))
        # Something skipped is not what we sent; but what `resume` leaves alone has to be what is here.
        if not self.how.read_back or (written.outcome == "skipped" and not self.how.resumes):
            return written
        if service is not None and upload is not None and written.outcome != "skipped":
            check = BlockCheck(service, self.api, written, self.how, self.on_bytes)
            await check.run(upload.manifest, self.source.sha256)
        else:
            await check_whole(self.api, written, written.entry.sha256, self.on_bytes)
        await asyncio.get_running_loop().run_in_executor(self.api.executor, self.source.check)
        return replace(written, read_back=True)

    async def _by_blocks(self, upload: BlockUpload) -> Written:
        await upload.send()
        if self.there is not None and same(self.there, self.source):
            return Written(self.there, "skipped")
        return await upload.commit()

    async def _whole(self, data: bytes | None) -> Written:
        source, target = self.source, str(self.target)
        if self.there is not None and await self._is_there(self.there, data):
            return Written(self.there, "skipped")
        query = upload_query(self.how.word, source.modified_us, parents=self.how.parents)
        headers = self.how.headers
        if data is not None:
            headers |= {"Repr-Digest": digest_field(source.sha256), **Named(self.target, source.size).headers}
            return await self.api.unless_held(
                lambda: self.api.upload(
                    data, target, length=source.size, query=query, headers=headers, on_bytes=self.on_bytes
                )
            )

        async def piece() -> bytes:
            return await asyncio.get_running_loop().run_in_executor(self.api.executor, source.read)

        return await self.api.upload(
            piece, target, length=source.size, query=query, headers=headers, on_bytes=self.on_bytes
        )

    async def _is_there(self, there: Entry, data: bytes | None) -> bool:
        if data is not None:
            return same(there, self.source)
        return await asyncio.get_running_loop().run_in_executor(self.api.executor, same_unsent, there, self.source)


async def send_file(
    api: Api,
    local: str | Path,
    remote: str | None,
    how: How,
    *,
    on_progress: OnProgress | None,
) -> Written:
    """See AsyncClient.send_file."""
    path = Path(local)
    size = await asyncio.get_running_loop().run_in_executor(api.executor, file_size, path)
    target = await destination(api, path, remote)
    there = (await standing(api, [target])).get(target) if how.resumes else None
    return await send(api, path, target, how, Meter(on_progress, total=size * how.passes), size=size, there=there)


async def send_files(
    api: Api,
    locals_: Sequence[str | Path],
    remote_dir: str,
    how: How,
    *,
    on_progress: OnProgress | None,
    on_result: OnResult | None,
    check: bool,
) -> list[Transferred]:
    """See AsyncClient.send_files_in_parallel."""
    folder = RemotePath.parse(remote_dir)
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
    api: Api, wanted: Sequence[Wanted], how: How, on_progress: OnProgress | None, on_result: OnResult | None
) -> list[Transferred]:
    """Send files to exactly their targets, whose folders are there; what became of each, in their order."""
    found = await _Sending(api, wanted, how, on_progress, on_result).run()
    return [found[file.at] for file in wanted]


class _Sending:
    """Many files on their way: the small ones in batches, the others largest first, all side by side."""

    def __init__(
        self,
        api: Api,
        wanted: Sequence[Wanted],
        how: How,
        on_progress: OnProgress | None,
        on_result: OnResult | None,
    ) -> None:
        self._api, self._wanted, self._how, self._on_result = api, wanted, how, on_result
        total = sum(file.size for file in wanted) * how.passes
        self._meter = Meter(on_progress, total=total, files_total=len(wanted))
        self._results: dict[int, Transferred] = {}

    async def run(self) -> dict[int, Transferred]:
        """Send all; the results by their places."""
        if self._how.resumes:
            there = await standing(self._api, [file.target for file in self._wanted])
            self._wanted = [replace(file, there=there.get(file.target)) for file in self._wanted]
        service = await blocks_at(self._api, *(file.target for file in self._wanted)) if len(self._wanted) > 1 else None
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
                self._api, file.local, file.target, self._how, self._meter, size=file.size, there=file.there
            )
            return _transferred(file, written)

        result = await attempt(work, file.local, str(file.target), self._on_result)
        self._results[file.at] = result
        if result.error is not None:
            self._meter.file_done(str(file.local))

    async def _batch(self, service: BlockService, files: Sequence[Wanted]) -> None:
        said = await send_batch(self._api, service, files, self._how)
        if self._how.read_back:
            said = await self._read_back(service, said)
        for file, sent in zip(files, said, strict=True):
            if sent is None:
                await self._one(file)
                continue
            if isinstance(sent.result, SecureFileTransferError):
                result = failed(file.local, str(file.target), sent.result)
            else:
                result = _transferred(file, sent.result)
                if result.outcome != "skipped":
                    self._meter.add(str(file.local), file.size * self._how.passes)
            self._results[file.at] = result
            self._meter.file_done(str(file.local))
            if self._on_result is not None:
                self._on_result(result)

    async def _read_back(self, service: BlockService, said: Sequence[Sent | None]) -> list[Sent | None]:
        """Those of a batch that were stored, compared; the others as they are."""
        checked = list(said)
        places, wanted = list[int](), list[Expected]()
        for at, sent in enumerate(said):
            if sent is None or sent.source is None or isinstance(sent.result, SecureFileTransferError):
                continue
            if sent.result.outcome != "skipped" or (self._how.resumes and sent.result.entry.sha256 is not None):
                places.append(at)
                wanted.append(Expected(sent.result, sent.source))
        wrong = await check_batch(service, wanted, self._how)
        for at, file, error in zip(places, wanted, wrong, strict=True):
            checked[at] = Sent(replace(file.written, read_back=True) if error is None else error, file.source)
        return checked


def _transferred(file: Wanted, written: Written) -> Transferred:
    return Transferred(file.local, written.entry.path, written.outcome, written.entry, read_back=written.read_back)


async def send_tree(
    api: Api,
    local_dir: str | Path,
    remote_dir: str | None,
    how: How,
    *,
    on_progress: OnProgress | None,
    on_result: OnResult | None,
    check: bool,
) -> list[Transferred]:
    """See AsyncClient.send_tree."""
    root = Path(local_dir)
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
