"""Small files in batches: one request and one transaction on the server for up to a thousand of them."""

import asyncio
import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InvalidRequestError, ProtocolViolationError, SecureFileTransferError, TooLargeError
from ..model import DRIVES_FOLDER, KIB, MIB, SHARED_FOLDER, Entry
from ..paths import RemotePath
from ..transfer.frames import Frame, FrameReader, frame_head
from . import wire
from .api import Api, check_stored
from .blocks import BlockService, Result
from .how import How
from .lanes import Answer
from .local import PartialFile, SourceFile
from .naming import Named, together
from .resuming import looks_same, same
from .streams import wrong_content
from .wire import Written

SMALL_MAX = 256 * KIB
"""Files up to this size travel in batches."""
BATCH_BYTES = 4 * MIB
FILE_MAX = 1 * MIB


async def blocks_at(api: Api, *paths: RemotePath) -> BlockService | None:
    """The block protocol, or None where the server does not offer it for one of these places."""
    if any(path.parts[:1] in {(SHARED_FOLDER,), (DRIVES_FOLDER,)} for path in paths):
        return None
    return await api.block_service()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to send: its place among the results, from where to where, and its bytes when it was looked at."""

    at: int
    local: Path
    target: RemotePath
    size: int
    there: Entry | None = None
    """With `resume`: what stands there now."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a file, and what was read of it."""

    result: Result
    source: SourceFile | None = None


def _read(file: Wanted) -> tuple[SourceFile, bytes] | Sent | None:
    """Its content; or what became of it without sending it; or None, when it has outgrown a batch."""
    try:
        source = SourceFile(file.local)
        try:
            if source.size > max(file.size, SMALL_MAX):
                return None
            data = source.read_all()
        finally:
            source.close()
    except SecureFileTransferError as error:
        return Sent(error)
    if file.there is not None and (same(file.there, source) or looks_same(file.there, source)):
        return Sent(Written(file.there, "skipped"), source)
    return source, data


def _packed(files: Sequence[Wanted], how: How) -> tuple[bytes, list[SourceFile | Sent | None]]:
    """The frames of those that are to be sent, in one piece, and what each file is."""
    parts: list[bytes] = []
    found: list[SourceFile | Sent | None] = []
    room = sum(file.size for file in files) + SMALL_MAX
    for file in files:
        read = _read(file)
        if isinstance(read, tuple) and len(read[1]) > room:
            read = None
        if not isinstance(read, tuple):
            found.append(read)
            continue
        source, data = read
        values = {
            "path": str(file.target),
            "size": len(data),
            "modified": wire.time_text(source.modified_us),
            "conflict": how.word.value,
            "sha256": source.sha256.hex(),
            "parents": True,
        }
        parts += (frame_head(values), data)
        room -= len(data)
        found.append(source)
    return b"".join(parts), found


async def send_batch(api: Api, service: BlockService, files: Sequence[Wanted], how: How) -> list[Sent | None]:
    """Send them together; what became of each, in their order. None: it grew meanwhile, and has to go by itself."""
    held = await service.budget.take(2 * BATCH_BYTES, how.control)
    try:
        body, found = await asyncio.get_running_loop().run_in_executor(api.executor, _packed, files, how)
        count = sum(isinstance(each, SourceFile) for each in found)
        try:
            named = Named(together([file.target for file in files]), len(body))
            said = await service.batch(body, count, how, named) if count else []
        except SecureFileTransferError as error:
            said = [error] * count
    finally:
        service.budget.give(held, how.control)
    answers = iter(said)
    return [
        _checked(next(answers), each, file) if isinstance(each, SourceFile) else each
        for file, each in zip(files, found, strict=True)
    ]


def _checked(result: Result, source: SourceFile, file: Wanted) -> Sent:
    if isinstance(result, Written):
        try:
            check_stored(result, source.sha256, str(file.target))
        except SecureFileTransferError as error:
            result = error
    return Sent(result, source)


# --- down -------------------------------------------------------------------------------------------------------

Arrived = tuple[Path, str] | SecureFileTransferError


async def receive_batch(service: BlockService, files: Sequence[tuple[Entry, Path]], how: How) -> list[Arrived]:
    """Fetch them together; where each lies and its outcome, or its failure, in their order.

    A batch that breaks off is asked for again; what had arrived of it is not written again.
    """
    found: dict[str, Arrived] = {}
    targets = {entry.path: (entry, target) for entry, target in files}

    def take(answer: Answer) -> None:
        for path, frame in arriving(answer, targets):
            if not isinstance(found.get(path), tuple):  # else it lies here, from a try that broke off later
                found[path] = _kept(frame, *targets[path], how)

    try:
        size = sum(entry.size for entry, _ in files)
        await service.read_batch([RemotePath.parse(path) for path in targets], take, how, size)
    except SecureFileTransferError as error:
        for path in targets:
            found.setdefault(path, error)
    unanswered = ProtocolViolationError("The server did not answer for a file")
    return [found.get(entry.path, unanswered) for entry, _ in files]


def arriving(answer: Answer, wanted: Collection[str]) -> Iterator[tuple[str, Frame]]:
    """The files of a batch as they come, with their paths.

    Raises:
        ProtocolViolationError: it is none, or has files that nobody asked for.
    """
    reader = FrameReader(data_max=FILE_MAX, frames_max=len(wanted))
    try:
        for piece in answer.pieces():
            for frame in reader.feed(piece):
                path = frame.header.get("path")
                if not isinstance(path, str) or path not in wanted:
                    raise ProtocolViolationError("The server sends a file that nobody asked for")
                yield path, frame
        reader.finish()
    except (InvalidRequestError, TooLargeError) as error:
        raise ProtocolViolationError(f"The server's batch is not valid: {error}") from None


def _kept(frame: Frame, entry: Entry, target: Path, how: How) -> Arrived:
    """Verify one file and give it its name."""
    head = frame.header
    try:
        if "error" in head:
            return wire.problem(head["error"])
        if hashlib.sha256(frame.data).hexdigest() != head.get("sha256"):
            return wrong_content(entry.path)
        part = PartialFile(target)
        try:
            part.write([frame.data])
            return part.publish(wire.time_us(head.get("modified")), how.word)
        except BaseException:
            part.discard()
            raise
    except SecureFileTransferError as error:
        return error
