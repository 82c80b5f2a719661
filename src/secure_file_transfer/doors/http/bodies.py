"""Whole bodies in memory, as the block protocol takes them: bounded for each, for each account, and in all."""

import asyncio
import zlib
from collections import deque
from contextlib import suppress

import zstandard

from ...errors import InterruptedTransferError, InvalidRequestError, TooLargeError, TooManyRequestsError
from ...model import MIB, AccountId
from .context import joined_fields
from .exchange import Exchange

CODINGS = ["zstd", "gzip"]
"""Content codings that are taken, the better first."""
TOTAL_MAX = 192 * MIB
"""Bytes of bodies in memory at once."""
EACH_MAX = 32 * MIB
"""The same for one account: eight connections with a block of the default size."""
SPARE_MIN = MIB
SPARE_MAX = 16 * MIB
"""Bytes of idle buffers that are kept, and the least size of one that is worth it."""
PATIENCE_SECONDS = 30.0
"""How long a request waits for its room before it is told to come again."""


class Budget:
    """Room for bodies. Used on the event loop only. Requests wait unread, so a peer that sends too much is slowed.

    First come, first served, but for those whose account has its share already.
    """

    def __init__(self, total: int = TOTAL_MAX, each: int = EACH_MAX, patience: float = PATIENCE_SECONDS) -> None:
        self._free = total
        self._each = each
        self._patience = patience
        self._held: dict[AccountId | None, int] = {}
        self._waiting: deque[tuple[AccountId | None, int, asyncio.Future[None]]] = deque()

    @property
    def free(self) -> int:
        """What is left."""
        return self._free

    async def take(self, who: AccountId | None, size: int) -> None:
        """Take room, and give it back with `give`.

        Raises:
            TooManyRequestsError: there was none for too long.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((who, size, future))
        self._serve()
        try:
            async with asyncio.timeout(self._patience):
                await future
        except TimeoutError:
            raise TooManyRequestsError("The server has no room for this now", hint="Send it again soon.") from None
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.give(who, size)
            raise

    def give(self, who: AccountId | None, size: int) -> None:
        """Give it back."""
        self._free += size
        left = self._held[who] - size
        if left:
            self._held[who] = left
        else:
            del self._held[who]
        self._serve()

    def _serve(self) -> None:
        still: deque[tuple[AccountId | None, int, asyncio.Future[None]]] = deque()
        full = False
        for who, size, future in self._waiting:
            if future.done():
                continue
            held = self._held.get(who, 0)
            if not full and held and held + size > self._each:
                still.append((who, size, future))
            elif full or size > self._free:
                full = True  # nobody behind overtakes: a large one would wait for ever
                still.append((who, size, future))
            else:
                self._free -= size
                self._held[who] = held + size
                future.set_result(None)
        self._waiting = still


def declared_length(exchange: Exchange, most: int) -> int:
    """How long the body says it is.

    Raises:
        InvalidRequestError: it does not say.
        TooLargeError
    """
    length = joined_fields(exchange.scope["headers"]).get(b"content-length")
    if length is None:
        raise InvalidRequestError("The length of the body is not known", hint="Send Content-Length.")
    if int(length) > most:
        raise TooLargeError(f"This body may have {most} bytes")
    return int(length)


class Spare:
    """Buffers of blocks to use again: fresh memory costs a page fault for every 4 KiB, 2 ms for a block of 4 MiB.

    Most blocks have one size, so only buffers of exactly the size wanted are found.
    """

    def __init__(self) -> None:
        self._idle: deque[bytearray] = deque()
        self._bytes = 0

    def take(self, size: int) -> bytearray:
        """One of `size` bytes, with anything in it."""
        for at, buffer in enumerate(self._idle):
            if len(buffer) == size:
                del self._idle[at]
                self._bytes -= size
                return buffer
        return bytearray(size)

    def give(self, buffer: bytearray) -> None:
        """Keep it for the next, in place of those that rested longest."""
        if not SPARE_MIN <= len(buffer) <= SPARE_MAX:
            return
        self._idle.append(buffer)
        self._bytes += len(buffer)
        while self._bytes > SPARE_MAX:
            self._bytes -= len(self._idle.popleft())


async def gather(exchange: Exchange, body: bytearray) -> None:
    """Fill `body` with the whole body of the request, which has as many bytes: the server underneath sees to that.

    Raises:
        InterruptedTransferError: the peer left.
    """
    length, at = len(body), 0
    while True:
        message = await exchange.receive()
        if message["type"] != "http.request":
            raise InterruptedTransferError("The upload was cut off", hint="Send it again.")
        piece = message.get("body", b"")
        end = at + len(piece)
        if end > length:
            raise InvalidRequestError("The body is longer than it says")
        body[at:end] = piece
        at = end
        if not message.get("more_body", False):
            break
    if at != length:
        raise InvalidRequestError("The body is shorter than it says")


def decoded(coding: bytes, data: bytearray, most: int) -> bytearray | bytes:
    """The body behind a content coding. Nothing larger than `most` bytes is ever made of it (attack 12).

    Raises:
        InvalidRequestError: an unknown coding, or not what it says, or more than one stream, or bytes after it.
        TooLargeError: it holds more.
    """
    coding = coding.strip().lower()
    if coding in {b"", b"identity"}:
        return data
    content: bytes | None = None
    with suppress(zlib.error, zstandard.ZstdError):
        if coding == b"gzip":
            content = _gunzip(data, most)
        elif coding == b"zstd":
            content = _unzstd(data, most)
        else:
            raise InvalidRequestError("This content coding is not taken", hint="Send zstd, gzip or identity.")
    if content is None:
        raise InvalidRequestError("The body cannot be decoded", hint="Send one whole stream, and nothing after it.")
    if len(content) > most:
        raise _too_large(most)
    return content


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(f"Decoded, this body may have {most} bytes")


def _gunzip(data: bytearray, most: int) -> bytes | None:
    stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    content = stream.decompress(data, most + 1)
    ends = stream.eof and not stream.unused_data
    return content if ends or len(content) > most else None


def _unzstd(data: bytearray, most: int) -> bytes | None:
    size = zstandard.frame_content_size(data)
    if size < 0:
        raise InvalidRequestError("The zstd frame does not say its size", hint="Compress the body in one go.")
    if size > most:
        raise _too_large(most)
    # Into a buffer of that size: a frame that holds more than it says fails.
    return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
