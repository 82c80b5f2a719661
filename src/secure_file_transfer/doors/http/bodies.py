"""Whole bodies in memory, as the block protocol takes them: bounded for each, for each account, and in all."""

import asyncio
import mmap
import zlib
from collections import deque
from contextlib import suppress
from threading import Lock

import zstandard

from ...errors import InvalidRequestError, TooLargeError, TooManyRequestsError
from ...model import MIB, AccountId
from ...ports import Buffer
from .context import joined_fields
from .exchange import Exchange, Target

CODINGS = ["zstd", "gzip"]
"""Content codings that are taken, the better first."""
TOTAL_MAX = 192 * MIB
"""Bytes of bodies in memory at once."""
EACH_MAX = 40 * MIB
"""The same for one account: 24 connections with blocks of files up to 512 MiB, and half as many beyond."""
SPARE_STEP = MIB // 2
SPARE_MIN = MIB
SPARE_MAX = 12 * MIB
"""Bytes of idle buffers that are kept, and the least size of one that is worth it."""
SLOW_SECONDS = 1.0
"""How long a body may take to arrive before it loses the room that it does not use to those who wait."""
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

    @property
    def pressed(self) -> bool:
        """Whether anybody waits."""
        return any(not future.done() for _, _, future in self._waiting)

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
        left = self._held.pop(who, 0) - size
        if left:
            self._held[who] = left
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


def fresh(size: int) -> memoryview:
    """Memory that counts once it is written to; a `bytearray` would write zeros into all of its pages at once."""
    private = {"flags": mmap.MAP_PRIVATE} if hasattr(mmap, "MAP_PRIVATE") else {}
    return memoryview(mmap.mmap(-1, size, **private))


class Spare:
    """Buffers of blocks to use again: fresh memory costs a page fault for every 4 KiB, 2 ms for a block of 4 MiB.

    Blocks that follow the content have all sizes, so a buffer serves for any that fills half of it.
    """

    def __init__(self) -> None:
        self._lock = Lock()  # they come back from any thread
        self._idle: deque[memoryview] = deque()
        self._bytes = 0

    def take(self, size: int) -> memoryview:
        """One of at least `size` bytes, with anything in it."""
        if size < SPARE_MIN:
            return memoryview(bytearray(size))
        with self._lock:
            found = min((each for each in self._idle if size <= len(each) <= 2 * size), key=len, default=None)
            if found is not None:
                self._idle.remove(found)
                self._bytes -= len(found)
                return found
        return fresh(-(-size // SPARE_STEP) * SPARE_STEP)

    def give(self, buffer: memoryview) -> None:
        """Keep it for the next, in place of those that rested longest."""
        if not SPARE_MIN <= len(buffer) <= SPARE_MAX:
            return
        with self._lock:
            self._idle.append(buffer)
            self._bytes += len(buffer)
            while self._bytes > SPARE_MAX:
                self._bytes -= len(self._idle.popleft())


class Body:
    """One body of `length` bytes on its way in, with its room.

    Room for the whole is taken at the start, so that bodies which arrive fast never wait in the middle for each other.
    One that is not whole after `SLOW_SECONDS`, while others wait for room, keeps only what has arrived, and takes
    room for the rest as it comes: a slow peer holds no more than it has sent.
    """

    def __init__(self, budget: Budget, spare: Spare, who: AccountId | None, length: int) -> None:
        self.data: Buffer = b""
        self._budget = budget
        self._spare = spare
        self._who = who
        self._length = length
        self._held = 0
        self._lent: memoryview | None = None
        self._filling: asyncio.Future[None] | None = None

    async def read(self, exchange: Exchange) -> None:
        """Fill `data` with the whole body of the request. However it ends, `release` and `leave` have to follow.

        Raises:
            InterruptedTransferError: the peer left.
            TooManyRequestsError: there was no room for too long.
        """
        await self._take(self._length)
        self._lent = self._spare.take(self._length)
        whole = self._lent[: self._length]
        at = await self._fill(exchange, Target(whole))
        if exchange.body_ended and at == self._length:
            self.data = whole
            return
        # A buffer has all of its pages, written or not, so the room is only free once the buffer is.
        data = self.data = bytearray(whole[:at])
        self.release()
        self._give(self._held - at)
        while not exchange.body_ended:
            piece = await exchange.piece()
            if len(data) + len(piece) > self._length:
                raise InvalidRequestError("The body is longer than it says")
            await self._take(len(piece))
            data += piece
        if len(data) != self._length:
            raise InvalidRequestError("The body is shorter than it says")

    async def _fill(self, exchange: Exchange, target: Target) -> int:
        """Read on while that is fast, or nobody waits; how much came."""
        if exchange.body_came:
            await exchange.fill(target)
            return target.at
        self._filling = filling = asyncio.ensure_future(exchange.fill(target))
        try:
            while not (await asyncio.wait({filling}, timeout=SLOW_SECONDS))[0]:
                self.shrink()
        finally:
            filling.cancel()
            await asyncio.wait({filling})
        if not filling.cancelled():
            filling.result()
        return target.at

    def shrink(self) -> None:
        """It takes long: keep only what has arrived, if others wait."""
        if self._filling is not None and self._budget.pressed:
            self._filling.cancel()

    def release(self) -> None:
        """Nobody needs `data` any more. For any thread."""
        lent, self._lent = self._lent, None
        if lent is not None:
            self._spare.give(lent)

    def leave(self) -> None:
        """Give back the room that is held."""
        self._give(self._held)

    async def _take(self, size: int) -> None:
        await self._budget.take(self._who, size)
        self._held += size

    def _give(self, size: int) -> None:
        self._held -= size
        self._budget.give(self._who, size)


def decoded(coding: bytes, data: Buffer, most: int) -> Buffer:
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


def _gunzip(data: Buffer, most: int) -> bytes | None:
    stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    content = stream.decompress(data, most + 1)
    ends = stream.eof and not stream.unused_data
    return content if ends or len(content) > most else None


def _unzstd(data: Buffer, most: int) -> bytes | None:
    size = zstandard.frame_content_size(data)
    if size < 0:
        raise InvalidRequestError("The zstd frame does not say its size", hint="Compress the body in one go.")
    if size > most:
        raise _too_large(most)
    # Into a buffer of that size: a frame that holds more than it says fails.
    return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
