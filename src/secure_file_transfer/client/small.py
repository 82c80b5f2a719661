"""Small files in batches: one request and one transaction on the server for up to a thousand of them."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InvalidRequestError, ProtocolViolationError, SecureFileTransferError, TooLargeError
from ..model import KIB, MIB, Entry, TimeUs
from ..paths import RemotePath
from ..transfer.frames import Frame, FrameReader, frame_head
from . import wire
from .api import Api, check_stored
from .blocks import BlockService, Result
from .how import How
from .lanes import Answer
from .local import PartialFile, SourceFile
from .streams import wrong_content

SMALL_MAX = 256 * KIB
"""Files up to this size travel in batches."""
BATCH_BYTES = 4 * MIB
FILE_MAX = 1 * MIB


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to send: its place among the results, from where to where, and its bytes when it was looked at."""

    at: int
    local: Path
    target: RemotePath
    size: int


@dataclass(frozen=True, slots=True)
class _Read:
    data: bytes
    sha256: bytes
    modified_us: TimeUs


def _read(file: Wanted) -> _Read | SecureFileTransferError:
    try:
        source = SourceFile(file.local)
        try:
            data = source.read_all()
        finally:
            source.close()
    except SecureFileTransferError as error:
        return error
    return _Read(data, hashlib.sha256(data).digest(), source.modified_us)


def _packed(files: Sequence[Wanted], how: How) -> tuple[bytes, list[_Read | SecureFileTransferError]]:
    """The frames of those that can be read, in one piece, and what was read."""
    parts: list[bytes] = []
    found = [_read(file) for file in files]
    for file, read in zip(files, found, strict=True):
        if isinstance(read, _Read):
            values = {
                "path": str(file.target),
                "size": len(read.data),
                "modified": wire.time_text(read.modified_us),
                "conflict": how.conflict.value,
                "sha256": read.sha256.hex(),
                "parents": True,
            }
            parts += (frame_head(values), read.data)
    return b"".join(parts), found


async def send_batch(api: Api, service: BlockService, files: Sequence[Wanted], how: How) -> list[Result]:
    """Send them together; what became of each, in their order."""
    held = await service.budget.take(2 * BATCH_BYTES, how.control)
    try:
        body, found = await asyncio.get_running_loop().run_in_executor(api.executor, _packed, files, how)
        count = sum(isinstance(read, _Read) for read in found)
        try:
            said = await service.batch([body], count, how) if count else []
        except SecureFileTransferError as error:
            said = [error] * count
    finally:
        service.budget.give(held, how.control)
    answers = iter(said)
    return [
        _checked(next(answers), read, file) if isinstance(read, _Read) else read
        for file, read in zip(files, found, strict=True)
    ]


def _checked(result: Result, read: _Read, file: Wanted) -> Result:
    if isinstance(result, SecureFileTransferError):
        return result
    try:
        check_stored(result, read.sha256, str(file.target))
    except SecureFileTransferError as error:
        return error
    return result


# --- down -------------------------------------------------------------------------------------------------------

Arrived = tuple[Path, str] | SecureFileTransferError


async def receive_batch(service: BlockService, files: Sequence[tuple[Entry, Path]], how: How) -> list[Arrived]:
    """Fetch them together; where each lies and its outcome, or its failure, in their order.

    A batch that breaks off is asked for again; what had arrived of it is asked for no more.
    """
    found: dict[str, Arrived] = {}
    targets = {entry.path: (entry, target) for entry, target in files}

    def take(answer: Answer) -> None:
        reader = FrameReader(data_max=FILE_MAX, frames_max=len(files))
        try:
            for piece in answer.pieces():
                for frame in reader.feed(piece):
                    path = frame.header.get("path")
                    if path not in targets:
                        raise ProtocolViolationError("The server sends a file that nobody asked for")
                    found[path] = _kept(frame, *targets[path], how)
            reader.finish()
        except (InvalidRequestError, TooLargeError) as error:
            raise ProtocolViolationError(f"The server's batch is not valid: {error}") from None

    try:
        await service.read_batch([RemotePath.parse(path) for path in targets], take, how)
    except SecureFileTransferError as error:
        for path in targets:
            found.setdefault(path, error)
    unanswered = ProtocolViolationError("The server did not answer for a file")
    return [found.get(entry.path, unanswered) for entry, _ in files]


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
            return part.publish(wire.time_us(head.get("modified")), how.conflict)
        except BaseException:
            part.discard()
            raise
    except SecureFileTransferError as error:
        return error
