"""The block protocol of the server in memory. See `fake_server`."""

import gzip
import hashlib
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import zstandard
from aiohttp import web
from blake3 import blake3

from ..client.wire import time_us
from ..errors import (
    DigestMismatchError,
    InvalidRequestError,
    IsAFolderError,
    LengthMismatchError,
    MissingBlocksError,
    SecureFileTransferError,
    TooLargeError,
)
from ..model import MIB, TimeUs
from ..paths import RemotePath
from ..transfer.frames import FrameReader, frame_head

BLOCK_MAX = 16 * MIB
BATCH_BYTES_MAX = 8 * MIB
BATCH_FILES_MAX = 1000
BATCH_FILE_MAX = 1 * MIB

Store = Callable[[RemotePath, bytes, str, TimeUs | None, bool], tuple[dict[str, Any], str]]


def problem(error: SecureFileTransferError) -> dict[str, Any]:
    """The members of a problem."""
    row = error.row
    more = {"missing": list(error.blocks)} if isinstance(error, MissingBlocksError) else {}
    return {
        **more,
        "type": "about:blank",
        "title": row.title,
        "status": row.status,
        "detail": str(error),
        "code": row.code,
        "hint": error.hint,
        "retryable": row.retryable,
    }


class FakeBlocks:
    """Blocks by their ids, and what is made of them. `store` puts a file into the tree.

    `corrupt` holds how many of the next blocks arrive damaged, and `forget` how many of those that are there each of
    the next commits finds gone; `cuts` tells how each stored content was cut.
    """

    def __init__(self, store: Store) -> None:
        self.key = secrets.token_bytes(32)
        self.blocks: dict[bytes, bytes] = {}
        self.cuts: dict[bytes, list[int]] = {}
        self.corrupt = 0
        self.codings: Sequence[str] = ("zstd", "gzip")
        self.coded = Counter[str]()
        """Bodies by their content coding."""
        self.forget: list[int] = []
        self.received = 0
        self._store = store

    def name(self, data: bytes) -> bytes:
        return blake3(data, key=self.key).digest()

    def terms(self) -> dict[str, Any]:
        return {
            "naming_key": self.key.hex(),
            "block_min": 1 * MIB,
            "block_default": 4 * MIB,
            "block_max": BLOCK_MAX,
            "missing_max": 10_000,
            "batch_bytes_max": BATCH_BYTES_MAX,
            "batch_files_max": BATCH_FILES_MAX,
            "connections": 8,
            "codings": list(self.codings),
        }

    async def missing(self, request: web.Request) -> web.Response:
        ids = (await request.json())["ids"]
        return web.json_response({"missing": [name for name in ids if bytes.fromhex(name) not in self.blocks]})

    async def put(self, request: web.Request, name: bytes) -> web.Response:
        data = await self._body(request, BLOCK_MAX)
        if self.corrupt:
            self.corrupt -= 1
            data = bytes([data[0] ^ 1]) + data[1:]
        if self.name(data) != name:
            raise DigestMismatchError("the block is not the one that was named")
        self.blocks[name] = data
        return web.Response(status=204)

    async def _body(self, request: web.Request, most: int) -> bytes:
        data = await request.read()
        self.received += len(data)
        coding = request.headers.get("Content-Encoding", "")
        self.coded[coding] += 1
        if coding and coding not in self.codings:
            raise InvalidRequestError("this content coding is not taken")
        if coding == "zstd":
            data = zstandard.ZstdDecompressor().decompress(data)
        elif coding == "gzip":
            data = gzip.decompress(data)
        if len(data) > most:
            raise TooLargeError
        return data

    async def commit(self, request: web.Request) -> web.Response:
        files = (await request.json())["files"]
        for name in list(self.blocks)[: self.forget.pop(0) if self.forget else 0]:
            del self.blocks[name]
        return web.json_response({"results": [self._tried(partial(self._commit, file)) for file in files]})

    def _tried(self, work: Callable[[], tuple[dict[str, Any], str]]) -> dict[str, Any]:
        try:
            entry, outcome = work()
        except SecureFileTransferError as error:
            return {"error": problem(error)}
        return {"entry": entry, "outcome": outcome}

    def _commit(self, file: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        parts = []
        if missing := [name for name, _ in file["blocks"] if bytes.fromhex(name) not in self.blocks]:
            raise MissingBlocksError("some blocks have to be sent first", blocks=missing)
        for name, length in file["blocks"]:
            data = self.blocks[bytes.fromhex(name)]
            if len(data) != length:
                raise LengthMismatchError
            parts.append(data)
        content = b"".join(parts)
        self.cuts[hashlib.sha256(content).digest()] = [len(part) for part in parts]
        return self._publish(file, content)

    def _publish(self, file: Mapping[str, Any], content: bytes) -> tuple[dict[str, Any], str]:
        if file.get("sha256", hashlib.sha256(content).hexdigest()) != hashlib.sha256(content).hexdigest():
            raise DigestMismatchError("not what was declared")
        if len(content) != file["size"]:
            raise LengthMismatchError
        modified = time_us(file["modified"]) if "modified" in file else None
        path = RemotePath.parse(file["path"])
        return self._store(path, content, file.get("conflict", "overwrite"), modified, bool(file.get("parents")))

    async def batch(self, request: web.Request) -> web.Response:
        body = await self._body(request, BATCH_BYTES_MAX)
        reader = FrameReader(data_max=BATCH_FILE_MAX, frames_max=BATCH_FILES_MAX)
        frames = list(reader.feed(body))
        reader.finish()
        results = [self._tried(partial(self._publish, frame.header, bytes(frame.data))) for frame in frames]
        return web.json_response({"results": results})

    def manifest(self, content: bytes) -> list[list[Any]]:
        cuts = self.cuts.get(hashlib.sha256(content).digest(), [4 * MIB] * (len(content) // (4 * MIB) + 1))
        blocks, at = [], 0
        for length in cuts:
            if data := content[at : at + length]:
                blocks.append([self.name(data).hex(), len(data)])
            at += length
        return blocks

    async def read_batch(
        self, request: web.Request, find: Callable[[RemotePath], tuple[dict[str, Any], bytes | None]]
    ) -> web.StreamResponse:
        paths = (await request.json())["paths"]
        response = web.StreamResponse(headers={"Content-Type": "application/vnd.sft.batch"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        for path in paths:
            try:
                entry, content = find(RemotePath.parse(path))
                if content is None:
                    raise IsAFolderError
                if len(content) > BATCH_FILE_MAX:
                    raise TooLargeError
            except SecureFileTransferError as error:
                await response.write(frame_head({"path": path, "size": 0, "error": problem(error)}))
                continue
            head = {"path": path, "size": len(content), **{key: entry[key] for key in ("sha256", "modified", "etag")}}
            await response.write(frame_head(head) + content)
        await response.write_eof()
        return response
