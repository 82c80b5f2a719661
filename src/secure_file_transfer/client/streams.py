"""Bytes on their way: the body of an upload, and the body of a download."""

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Executor
from contextlib import AsyncExitStack, suppress
from types import MappingProxyType, TracebackType
from typing import BinaryIO, Self

import aiohttp

from ..errors import DigestMismatchError, LengthMismatchError, ProtocolViolationError, SignInRequiredError
from ..model import KIB, MIB, TimeUs
from ..paths import display
from .flow import Flow
from .local import READ_SIZE
from .transport import Query, Transport
from .wire import http_date_us, read_digest_field

_HASH_HERE_MAX = 64 * KIB
"""Hashing less than this costs less than handing it to a thread."""
_BATCH = 4 * MIB
"""Bytes gathered before a thread hashes and writes them."""

Next = Callable[[], Awaitable[bytes]]


class Body(AsyncIterator[bytes]):
    """The body of an upload: one piece ahead of the network, never more, and as slow as the client's limit asks."""

    def __init__(self, read: Next, length: int | None, on_piece: Callable[[int], None], flow: Flow) -> None:
        """`read` gives the next piece, empty at the end; `on_piece` hears the length of each one handed over."""
        self._flow = flow
        self._rest = memoryview(b"")
        self._length = length
        self._given = 0
        self._read = read
        self._on_piece = on_piece
        self._ahead: asyncio.Future[bytes] | None = None
        self.failure: Exception | None = None
        """What `read` raised. The HTTP library wraps it beyond recognition."""

    def __aiter__(self) -> "Body":
        return self

    async def __anext__(self) -> bytes:
        if not self._flow.limited:
            piece = await self._next()
        else:
            self._rest = self._rest or memoryview(await self._next())
            piece, self._rest = bytes(self._rest[: self._flow.piece]), self._rest[self._flow.piece :]
        await self._flow.passing(len(piece))
        self._on_piece(len(piece))
        return piece

    async def _next(self) -> bytes:
        if self._ahead is None:
            self._ahead = asyncio.ensure_future(self._read())
        try:
            piece = await self._ahead
            self._given += len(piece)
            self._check(at_end=not piece)
        except Exception as error:
            self.failure = error
            raise
        if not piece:
            raise StopAsyncIteration
        self._ahead = asyncio.ensure_future(self._read())
        return piece

    def _check(self, *, at_end: bool) -> None:
        """Break off rather than let the server wait for bytes that never come, or store a part as if it were all."""
        if self._length is not None and (self._given > self._length or (at_end and self._given < self._length)):
            amount = f"{'only' if at_end else 'at least'} {self._given} bytes"
            raise LengthMismatchError(f"The source gave {amount} where {self._length} were declared")

    async def close(self) -> None:
        """Wait until nothing reads any more, so that the source can be closed."""
        if self._ahead is not None:
            self._ahead.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._ahead


class Hashed:
    """A source of unknown kind (a file object, an async iterator, bytes), cut into pieces and hashed in a thread."""

    def __init__(self, source: BinaryIO | AsyncIterable[bytes] | bytes | memoryview, pool: Executor) -> None:
        self._pool = pool
        self._sha256 = hashlib.sha256()
        self.size = 0
        self._source: BinaryIO | None = None
        self._iterator: AsyncIterator[bytes] | None = None
        self._rest = memoryview(b"")
        if isinstance(source, bytes | memoryview):
            self._rest = memoryview(source).cast("B")
        elif isinstance(source, AsyncIterable):
            self._iterator = aiter(source)
        else:
            self._source = source

    @property
    def sha256(self) -> bytes:
        """The digest of what was given so far."""
        return self._sha256.digest()

    async def next(self) -> bytes:
        """The next piece of at most READ_SIZE; empty at the end."""
        if self._source is not None:
            piece = await asyncio.get_running_loop().run_in_executor(self._pool, self._read)
        else:
            piece = await self._cut()
            if len(piece) <= _HASH_HERE_MAX:
                self._sha256.update(piece)
            else:
                await asyncio.get_running_loop().run_in_executor(self._pool, self._sha256.update, piece)
        self.size += len(piece)
        return piece

    def _read(self) -> bytes:
        assert self._source is not None  # noqa: S101 - the only caller asked
        piece = self._source.read(READ_SIZE) or b""
        self._sha256.update(piece)
        return piece

    async def _cut(self) -> bytes:
        while not self._rest and self._iterator is not None:
            try:
                self._rest = memoryview(await anext(self._iterator)).cast("B")
            except StopAsyncIteration:
                self._iterator = None
        piece, self._rest = self._rest[:READ_SIZE], self._rest[READ_SIZE:]
        return bytes(piece)


class Download:
    """The content of a file, or of an archive, as it arrives.

    An asynchronous context manager, and an iterator over its bytes that can be used once. The length is verified,
    and the digest too when a whole file is read: the last step of the iteration raises if either is wrong, so
    trust nothing before its end.

    ```python
    async with client.get_stream("/reports/x.pdf") as stream:
        async for piece in stream:
            ...
    ```

    `name` is what is read. Once entered: `size` is the size of the whole file (None for an archive), `length` how
    many bytes come, `etag` without quotes, `sha256` of the whole file (None if the server does not say),
    `modified_us`, `headers`.
    """

    def __init__(
        self,
        transport: Transport,
        token: Callable[[], Awaitable[str | None]],
        renew: Callable[[str | None, SignInRequiredError], Awaitable[None]],
        path: str,
        *,
        name: str,
        query: Query = (),
        offset: int = 0,
        length: int | None = None,
        archive: bool = False,
        executor: Executor,
        flow: Flow,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.name = name
        self._transport, self._token, self._renew = transport, token, renew
        self._path, self._query = path, query
        self._offset, self._wanted, self._archive = offset, length, archive
        self._pool, self._flow, self._sent = executor, flow, headers
        self._stack = AsyncExitStack()
        self._response: aiohttp.ClientResponse | None = None
        self.size: int | None = None
        self.length: int | None = None
        self.etag = ""
        self.sha256: bytes | None = None
        self.modified_us: TimeUs | None = None
        self.headers: Mapping[str, str] = {}

    async def __aenter__(self) -> Self:
        headers = dict(self._sent)
        partial = self._offset > 0 or self._wanted is not None
        if partial:
            last = "" if self._wanted is None else str(self._offset + self._wanted - 1)
            headers["Range"] = f"bytes={self._offset}-{last}"
        token = await self._token()
        try:
            response = await self._begun(headers, token)
        except SignInRequiredError as error:
            await self._renew(token, error)
            response = await self._begun(headers, await self._token())
        try:
            self._response, self.headers = response, response.headers
            if not self._archive:
                self._read_head(response.headers, partial=partial)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def _begun(self, headers: Mapping[str, str], token: str | None) -> aiohttp.ClientResponse:
        expect = (206,) if "Range" in headers else (200,)
        return await self._stack.enter_async_context(
            self._transport.request("GET", self._path, query=self._query, headers=headers, token=token, expect=expect)
        )

    def _read_head(self, headers: Mapping[str, str], *, partial: bool) -> None:
        length = headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise ProtocolViolationError("The server sends a file without saying how long it is")
        self.length = int(length)
        self.size = self.length
        if partial:
            unit, _, rest = headers.get("Content-Range", "").partition(" ")
            span, _, size = rest.partition("/")
            last = self._offset + self.length - 1
            if unit != "bytes" or span != f"{self._offset}-{last}" or not (size.isascii() and size.isdigit()):
                raise ProtocolViolationError("The server sends another range than the one asked for")
            if self._wanted is not None and self.length > self._wanted:
                raise ProtocolViolationError("The server sends more than was asked for")
            self.size = int(size)
        self.etag = headers.get("ETag", "").removeprefix("W/").strip('"')
        self.sha256 = read_digest_field(headers.get("Repr-Digest"))
        self.modified_us = http_date_us(headers.get("Last-Modified"))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, trace)

    @property
    def whole(self) -> bool:
        """Whether this is the whole file, so that its digest can be compared."""
        return not self._archive and self.length == self.size

    async def batches(self) -> AsyncIterator[list[bytes]]:
        """The bytes in lists of some MiB each, with the length verified at the end, but not the digest."""
        if self._response is None:
            raise ProtocolViolationError("Enter the download (`async with`) before reading it")
        content, arrived, size = self._response.content, 0, 0
        batch: list[bytes] = []
        while part := await (content.read(self._flow.piece) if self._flow.limited else content.readany()):
            await self._flow.passing(len(part))
            batch.append(part)
            size += len(part)
            if size >= _BATCH:
                yield batch
                arrived, batch, size = arrived + size, [], 0
        if batch:
            yield batch
        if self.length is not None and arrived + size != self.length:
            raise LengthMismatchError(f"{arrived + size} bytes arrived where {self.length} were announced")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        sha256 = hashlib.sha256() if self.whole and self.sha256 else None
        loop = asyncio.get_running_loop()
        async for batch in self.batches():
            hashing = loop.run_in_executor(self._pool, _update, sha256, batch) if sha256 else None
            for part in batch:
                yield part
            if hashing is not None:
                await hashing
        if sha256 is not None and sha256.digest() != self.sha256:
            raise wrong_content(self.name)

    async def read(self) -> bytes:
        """All of it at once."""
        return b"".join([part async for part in self])


def _update(sha256: "hashlib._Hash", batch: list[bytes]) -> None:
    for part in batch:
        sha256.update(part)


def wrong_content(name: str) -> DigestMismatchError:
    """The bytes that came are not the bytes the server announced."""
    return DigestMismatchError(
        f"{display(name)} arrived damaged: its content does not match its digest", hint="Try again."
    )
