"""The block protocol's requests, over many connections at once, each tried again as long as that can help."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from blake3 import blake3

from ..errors import (
    BusyError,
    PausedError,
    SecureFileTransferError,
    ShuttingDownError,
    SignInRequiredError,
    TooManyRequestsError,
    UnreachableError,
)
from ..paths import RemotePath
from ..transfer.frames import MEDIA_TYPE
from ..transfer.retry import Retry
from ..transfer.squeeze import Habit
from . import wire
from .budget import Budget
from .how import How
from .lanes import Answer, Buffer, Lanes, nothing
from .naming import Named, together
from .squeezing import Squeezer
from .wire import BlockTerms, FileBlocks, Written

T = TypeVar("T")
Result = Written | SecureFileTransferError

_NEVER_BEGUN = (UnreachableError, TooManyRequestsError, ShuttingDownError, BusyError, PausedError)
"""After these the server has done nothing, so even what must not be done twice may be tried again."""

MEMORY = 42 * 1024 * 1024
"""Bytes of content that one client holds at once, whatever it moves."""


def block_id(data: Buffer, key: bytes) -> bytes:
    """The id of a block."""
    return blake3(data, key=key).digest()


@dataclass(frozen=True, slots=True)
class Piece:
    """A block of a file on the server: its number and name, where it begins and how long it is."""

    number: int
    name: bytes
    offset: int
    length: int


class BlockService:
    """What a server of blocks does for one account."""

    def __init__(
        self,
        lanes: Lanes,
        terms: BlockTerms,
        token: Callable[[], Awaitable[str | None]],
        renew: Callable[[str | None, SignInRequiredError], Awaitable[None]],
        retry: Retry,
    ) -> None:
        """`renew` signs in again where that can be, and else raises the error."""
        self.lanes, self.terms = lanes, terms
        self.budget = Budget(MEMORY)
        self._token, self._renew, self.retry = token, renew, retry
        self._squeezer = Squeezer(terms.codings)
        # What a batch costs the server says little of the line, so each kind is measured by itself.
        self._batches, self._batch_habit = self._squeezer.another(), Habit()

    def close(self) -> None:
        """End the threads that compress. The lanes are their owner's."""
        self._squeezer.close()

    async def _ask(
        self,
        method: str,
        path: str,
        take: Callable[[Answer], T],
        *,
        body: Sequence[Buffer] = (),
        headers: Mapping[str, str] | Callable[[], Mapping[str, str]] = MappingProxyType({}),
        expect: Sequence[int] = (200,),
        how: How,
        once: bool = False,
    ) -> T:
        """One request, again and again while that can help; `once` says that to do it twice does harm."""
        tries, renewed = self.retry.begun(), False
        while True:
            sent = {**how.headers, **(headers() if callable(headers) else headers)}
            if (token := await self._token()) is not None:
                sent["Authorization"] = f"Bearer {token}"
            try:
                return await self.lanes.exchange(
                    method, path, take, headers=sent, body=body, expect=expect, control=how.control
                )
            except SignInRequiredError as error:
                if renewed:
                    raise
                await self._renew(token, error)
                renewed = True
            except SecureFileTransferError as error:
                delay = tries.delay(error)
                if isinstance(error, PausedError):
                    self.lanes.flow.hold(delay or 0.0)
                if delay is None or (once and not isinstance(error, _NEVER_BEGUN)):
                    raise tries.ended(error) from None
                await asyncio.sleep(delay)

    async def _json(self, path: str, values: object, how: How, *, once: bool = False) -> object:
        body = [json.dumps(values, separators=(",", ":")).encode()]
        headers = {"Content-Type": "application/json"}
        return await self._ask("POST", path, Answer.json, body=body, headers=headers, how=how, once=once)

    # --- up -----------------------------------------------------------------------------------------------------

    async def missing(self, ids: Sequence[bytes], how: How, into: Mapping[str, Any] | None = None) -> set[bytes]:
        """Which blocks have to be sent. Told what file they shall go `into`, the server refuses one that cannot fit."""
        wanted = {} if into is None else {"into": into}
        found: set[bytes] = set()
        for at in range(0, len(ids), self.terms.missing_max):
            part = ids[at : at + self.terms.missing_max]
            asked = {"ids": [i.hex() for i in part], **wanted}
            found |= wire.missing(await self._json("/api/v1/blocks/missing", asked, how), part)
        return found

    async def put(self, name: bytes, data: Buffer, hint: str, how: How, habit: Habit, named: Named) -> None:
        """Send one block; a refused one again, and only that one. `habit` and `named` are those of its file."""
        async with self._squeezer.packed(data, how, habit) as packed:
            await self._ask(
                "PUT",
                f"/api/v1/blocks/{name.hex()}",
                nothing,
                body=packed.body,
                headers={
                    "Content-Type": "application/octet-stream",
                    "Upload-Hint": hint,
                    **named.headers,
                    **packed.headers,
                },
                expect=(200, 201, 204),
                how=how,
            )

    async def commit(self, files: Sequence[Mapping[str, Any]], how: How) -> list[Result]:
        """Publish files whose blocks are there. Each succeeds or fails alone."""
        return wire.results(await self._json("/api/v1/commits", {"files": files}, how, once=how.once), len(files))

    async def batch(self, body: Buffer, count: int, how: How, named: Named) -> list[Result]:
        """Send and publish many small files; `body` is their frames."""
        async with self._batches.packed(body, how, self._batch_habit) as packed:
            answer = await self._ask(
                "POST",
                "/api/v1/batch",
                Answer.json,
                body=packed.body,
                headers={"Content-Type": MEDIA_TYPE, **named.headers, **packed.headers},
                how=how,
                once=how.once,
            )
        return wire.results(answer, count)

    # --- down ---------------------------------------------------------------------------------------------------

    async def manifest(self, path: RemotePath, how: How) -> FileBlocks:
        """What a file is made of."""
        return wire.file_blocks(await self._ask("GET", f"/api/v1/manifests{path.to_url()}", Answer.json, how=how))

    async def fetch(
        self,
        path: RemotePath,
        etag: str,
        run: Sequence[Piece],
        take: Callable[[Answer, Piece], None],
        how: How,
        named: Named,
    ) -> None:
        """Fetch pieces of a file that lie side by side, in one request; `take` reads each, in the connection's thread.

        What `take` has read is asked for no more, whatever becomes of the rest.

        Raises:
            PreconditionFailedError: the file was replaced.
        """
        url, left = f"/api/v1/files{path.to_url()}", list(run)

        def read(answer: Answer) -> None:
            while left:
                take(answer, left[0])
                del left[0]
            nothing(answer)

        def headers() -> Mapping[str, str]:
            whole = f"bytes={left[0].offset}-{left[-1].offset + left[-1].length - 1}"
            return {"Range": whole, "If-Match": f'"{etag}"', **named.headers}

        await self._ask("GET", url, read, headers=headers, expect=(206,), how=how)

    async def read_batch(self, paths: Sequence[RemotePath], take: Callable[[Answer], T], how: How, size: int) -> T:
        """Fetch many small files, which have `size` bytes together; `take` reads their frames."""
        body = [json.dumps({"paths": [str(path) for path in paths]}, separators=(",", ":")).encode()]
        headers = {"Content-Type": "application/json", **Named(together(list(paths)), size).headers}
        return await self._ask("POST", "/api/v1/batch/read", take, body=body, headers=headers, how=how)
