"""The requests of docs/protocol.md, one method each, and the streams that the transfers are made of."""

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any, BinaryIO, Self

from ..errors import (
    DigestMismatchError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    ProtocolViolationError,
    RangeNotSatisfiableError,
    SecureFileTransferError,
    SignInRequiredError,
)
from ..model import KIB, MIB, Conflict, Entry, SortKey, TimeUs, Usage
from ..paths import RemotePath, display
from ..transfer.retry import Retry
from . import wire
from .blocks import BlockService
from .lanes import Lanes, Traffic
from .options import Configured
from .streams import Body, Download, Hashed, Next
from .transport import Query, Transport, read_json
from .trust import timed_out
from .wire import ServerInfo, SignIn, Whoami, Written

_PAGE = 1000
_ENTRIES_MAX = 10_000_000
"""A listing that goes on after so many entries of one folder is taken for a hostile one."""
_RATE_MIN = 8 * KIB
"""Bytes per second. An upload slower than this counts as silence."""
_WHOLE_MAX = 1 * MIB
"""Bodies up to this length go to the socket together with the headers, in one write."""
_ZIP_QUERY_MAX = 32 * KIB


class Api(Configured):
    """One signed-in view of one server. Everything a program of the protocol needs, without the local disk."""

    _transport: Transport | None = None
    _session_token: str | None = None
    _signing_in: "asyncio.Lock | None" = None
    _pool: ThreadPoolExecutor | None = None
    _lanes: Lanes | None = None
    _blocks: BlockService | None = None
    _blocks_asked: asyncio.Lock | None = None
    _retry = Retry()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections. The session on the server stays; `sign_out` ends it."""
        transport, self._transport = self._transport, None
        lanes, self._lanes, self._blocks, self._blocks_asked = self._lanes, None, None, None
        pool, self._pool = self._pool, None
        if lanes is not None:
            lanes.close()
        if transport is not None:
            await transport.close()
        if pool is not None:
            pool.shutdown(wait=False)

    @property
    def executor(self) -> ThreadPoolExecutor:
        """The threads that read, hash and write files."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(min(8, self._options.connections), thread_name_prefix="sft-disk")
        return self._pool

    @property
    def connections(self) -> int:
        """How many files move at once."""
        return self._options.connections

    def _wire(self) -> Transport:
        if self._transport is None:
            options = self._options
            self._transport = Transport(
                options.address, options.trust, connections=options.connections, silence=options.timeout
            )
        return self._transport

    @property
    def traffic(self) -> Traffic:
        """Bytes of content that transfers by blocks and batches have moved, with all that had to move again."""
        return Traffic() if self._lanes is None else self._lanes.traffic

    async def block_service(self) -> BlockService | None:
        """The block protocol, or None where the server or our rights do not offer it."""
        if self._blocks_asked is None:
            self._blocks_asked = asyncio.Lock()
        async with self._blocks_asked:
            if self._lanes is None:
                self._lanes = Lanes(
                    self._options.address,
                    await self._wire().context(),
                    limit=self._options.connections,
                    silence=self._options.timeout,
                )
                with suppress(NotFoundError, ForbiddenError, SignInRequiredError):
                    terms = wire.block_terms(await self._call("GET", "/api/v1/transfer", query=[("path", "/")]))
                    self._blocks = BlockService(self._lanes, terms, self._token, self._retry)
        return self._blocks

    # --- who we are ---------------------------------------------------------------------------------------------

    async def server_info(self) -> ServerInfo:
        """What the server says of itself; needs no sign-in."""
        return wire.server_info(await self._ask("GET", "/api/v1/server", token=None))

    async def setup(self, code: str, name: str, password: str) -> SignIn:
        """Make the first administrator with the one-time code that the server printed, and sign in as them.

        Raises:
            NotFoundError: the server has an administrator already, or the code is wrong.
            WeakPasswordError
        """
        values = {"code": code, "name": name, "password": password}
        return self._keep(await self._ask("POST", "/api/v1/setup", values, token=None, expect=(201,)))

    async def sign_in(self, name: str, password: str, code: str | None = None) -> SignIn:
        """Begin a session and use it from now on; `code` is of the second factor, where the account has one.

        Raises:
            TotpRequiredError: the password is right, and a code is needed as well.
            SignInFailedError: wrong name or password, or a disabled account.
            TooManyRequestsError
        """
        values = {"name": name, "password": password} | ({} if code is None else {"code": code})
        return self._keep(await self._ask("POST", "/api/v1/sessions", values, token=None, expect=(201,)))

    def _keep(self, value: object) -> SignIn:
        signed = wire.sign_in(value)
        self._session_token = signed.token
        return signed

    async def sign_out(self) -> None:
        """End the session: its token is dead at once, here and on the server."""
        token = await self._token()
        await self._ask("DELETE", "/api/v1/sessions/current", token=token, expect=(204,))
        self._session_token = ""

    async def whoami(self) -> Whoami:
        """Who the server takes us for.

        Raises:
            SignInRequiredError: there is no session, or it has ended.
        """
        return wire.whoami(await self._call("GET", "/api/v1/sessions/current"))

    async def _token(self) -> str | None:
        """The token to send, signing in first if a name and password were given. "" marks a signed-out client."""
        options = self._options
        if self._session_token is None and options.username is not None and options.password is not None:
            if self._signing_in is None:
                self._signing_in = asyncio.Lock()
            async with self._signing_in:
                if self._session_token is None:
                    await self.sign_in(options.username, options.password)
        token = options.token if self._session_token is None else self._session_token
        return token or None

    # --- entries ------------------------------------------------------------------------------------------------

    async def stat(self, path: str) -> Entry:
        """What is at a path.

        Raises:
            NotFoundError: nothing, or nothing that is yours.
        """
        return wire.entry(await self._call("GET", _url("entries", path)))

    async def list(
        self, path: str = "/", *, sort: SortKey | str = SortKey.NAME, descending: bool = False
    ) -> AsyncIterator[Entry]:
        """All entries of a folder, page after page, folders first.

        Raises:
            NotFoundError, NotAFolderError
            ProtocolViolationError: also when the server repeats itself or never ends.
        """
        folder = RemotePath.parse(path)
        order = [("sort", SortKey(sort).value), ("order", "desc" if descending else "asc"), ("limit", str(_PAGE))]
        cursor: str | None = None
        cursors: set[int] = set()
        count = 0
        while True:
            query = [*order, *([] if cursor is None else [("cursor", cursor)])]
            page = wire.page(await self._call("GET", _url("folders", path), query=query), folder)
            for entry in page.entries:
                yield entry
            count += len(page.entries)
            cursor = page.cursor
            if cursor is None:
                return
            if hash(cursor) in cursors or count > _ENTRIES_MAX:
                raise ProtocolViolationError(f"The listing of {display(path)} never ends; the server repeats itself")
            cursors.add(hash(cursor))

    async def make_folder(self, path: str, *, parents: bool = False) -> Entry:
        """Make a folder. With `parents`, also those above it, and one that is there already is fine.

        Raises:
            ExistsError, NotFoundError (no parent), NotAFolderError, InvalidNameError
        """
        query = [("parents", "true")] if parents else []
        return wire.entry(await self._call("PUT", _url("folders", path), query=query, expect=(200, 201)))

    async def move(self, source: str, target: str, *, conflict: Conflict | str = Conflict.SKIP) -> Entry:
        """Rename or move. `target` is the new path itself, not the folder that receives it.

        `conflict`: `skip` (a taken name is an error), `overwrite` (a file by a file), or `rename` (a free name is
        found; the answer says which).

        Raises:
            NotFoundError, ExistsError, ConflictError (into itself)
        """
        return await self._relocate("/api/v1/move", source, target, conflict, 200)

    async def copy(self, source: str, target: str, *, conflict: Conflict | str = Conflict.SKIP) -> Entry:
        """Copy a file or a whole tree on the server. The words are those of `move`."""
        return await self._relocate("/api/v1/copy", source, target, conflict, 201)

    async def _relocate(self, url: str, source: str, target: str, conflict: Conflict | str, status: int) -> Entry:
        values = {
            "source": str(RemotePath.parse(source)),
            "target": str(RemotePath.parse(target)),
            "conflict": choice(conflict, (Conflict.SKIP, Conflict.OVERWRITE, Conflict.RENAME)).value,
        }
        return wire.entry(await self._call("POST", url, values, expect=(status,)))

    async def remove(self, path: str, *, recursive: bool = False) -> None:
        """Remove a file, an empty folder, or with `recursive` a folder and all it holds.

        Raises:
            NotFoundError, NotEmptyError, ConflictError (the root)
        """
        query = [("recursive", "true")] if recursive else []
        await self._call("DELETE", _url("entries", path), query=query, expect=(204,))

    async def usage(self) -> Usage:
        """What your drive holds, and what still fits."""
        return wire.usage(await self._call("GET", "/api/v1/usage"))

    # --- content ------------------------------------------------------------------------------------------------

    def get_stream(self, path: str, *, offset: int = 0, length: int | None = None) -> Download:
        """A file, or the part of it from `offset` on (at most `length` bytes), as it arrives; see `Download`.

        Raises, once entered:
            NotFoundError, IsAFolderError, RangeNotSatisfiableError, BlockDamagedError
        """
        if offset < 0 or (length is not None and length < 1):
            raise RangeNotSatisfiableError("A range begins at 0 or later and holds at least one byte")
        name = str(RemotePath.parse(path))
        return Download(
            self._wire(),
            self._token,
            _url("files", path),
            name=name,
            offset=offset,
            length=length,
            executor=self.executor,
        )

    def zip(self, paths: Sequence[str]) -> Download:
        """A ZIP archive of one folder or any selection, as it arrives. Its size is not known beforehand.

        Raises, once entered:
            NotFoundError
        """
        query = [("path", str(RemotePath.parse(path))) for path in paths]
        if not query or sum(len(text.encode()) for _, text in query) * 3 > _ZIP_QUERY_MAX:
            raise InvalidRequestError(f"{len(query)} paths are none or too many for one archive", hint="Name a folder.")
        name = f"the archive of {len(query)}" if len(query) > 1 else query[0][1]
        return Download(
            self._wire(), self._token, "/api/v1/zip", name=name, query=query, archive=True, executor=self.executor
        )

    async def get_bytes(self, path: str, *, offset: int = 0, length: int | None = None) -> bytes:
        """The same as `get_stream`, in memory at once."""
        async with self.get_stream(path, offset=offset, length=length) as stream:
            return await stream.read()

    async def put_bytes(
        self,
        data: bytes | bytearray | memoryview,
        path: str,
        *,
        conflict: Conflict | str = Conflict.OVERWRITE,
        modified_us: TimeUs | None = None,
        parents: bool = False,
        if_match: str | None = None,
        create_only: bool = False,
    ) -> Written:
        """Store bytes under a path; the words are those of `put_stream`."""
        return await self.put_stream(
            memoryview(data).cast("B"),
            path,
            length=memoryview(data).nbytes,
            conflict=conflict,
            modified_us=modified_us,
            parents=parents,
            if_match=if_match,
            create_only=create_only,
        )

    async def put_stream(
        self,
        source: BinaryIO | AsyncIterable[bytes] | bytes | memoryview,
        path: str,
        *,
        length: int | None = None,
        conflict: Conflict | str = Conflict.OVERWRITE,
        modified_us: TimeUs | None = None,
        parents: bool = False,
        if_match: str | None = None,
        create_only: bool = False,
        on_bytes: Callable[[int], None] | None = None,
    ) -> Written:
        """Store what `source` gives, hashed on the way and compared with what the server has stored.

        Args:
            source: a binary file object (read in a thread, not closed), or an asynchronous iterator of bytes.
            path: of the new file.
            length: bytes that the source will give, if it is known; fewer or more is an error.
            conflict: `overwrite`, `skip`, `rename` or `newer` (than what is there, by `modified_us`).
            modified_us: the modification time to keep; default: now.
            parents: make missing folders on the way.
            if_match: replace only the content with this etag.
            create_only: never replace, fail with PreconditionFailedError instead.
            on_bytes: hears how many bytes went out, piece by piece.

        Raises:
            DigestMismatchError: the server stored something else than was sent.
            NotFoundError, IsAFolderError, NoSpaceError, QuotaExceededError, PreconditionFailedError, ...
        """
        hashed = Hashed(source, self.executor)
        headers = {}
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        if create_only:
            headers["If-None-Match"] = "*"
        written = await self.upload(
            hashed.next,
            path,
            length=length,
            query=upload_query(conflict, modified_us, parents=parents),
            headers=headers,
            on_bytes=on_bytes,
        )
        check_stored(written, hashed.sha256, path)
        return written

    async def upload(
        self,
        read: "Next | bytes",
        path: str,
        *,
        length: int | None,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        on_bytes: Callable[[int], None] | None = None,
    ) -> Written:
        """The request behind every upload. `read` gives the next piece, empty at the end; or is the whole content.

        Nobody compares digests here; `put_stream` and `send_file` do.

        Raises:
            TimedOutError: the server took nothing for too long.
            Whatever `read` raises, as it is.
        """
        wire_, silence = self._wire(), self._options.timeout
        token = await self._token()
        loop = asyncio.get_running_loop()
        sent = {"Content-Type": "application/octet-stream", **(headers or {})}
        url = _url("files", path)

        if isinstance(read, bytes) and len(read) <= _WHOLE_MAX:
            # aiohttp's own timeout starts once the body is out; a megabyte fits into any socket's patience.
            async with wire_.request(
                "PUT", url, query=query, headers=sent, token=token, body=read, expect=(200, 201)
            ) as response:
                if on_bytes is not None:
                    on_bytes(len(read))
                return wire.written(await read_json(response))

        if length is not None:
            sent["Content-Length"] = str(length)
        try:
            async with asyncio.timeout(None) as deadline:

                def handed_over(size: int) -> None:
                    # The library asks for a piece when the one before has left; then the clock starts anew.
                    deadline.reschedule(loop.time() + silence + size / _RATE_MIN)
                    if on_bytes is not None:
                        on_bytes(size)

                pieces = Hashed(read, self.executor).next if isinstance(read, bytes) else read
                body = Body(pieces, length, handed_over)
                try:
                    async with wire_.request(
                        "PUT", url, query=query, headers=sent, token=token, body=body, expect=(200, 201)
                    ) as response:
                        return wire.written(await read_json(response))
                except SecureFileTransferError:
                    if body.failure is not None:
                        raise body.failure from None
                    raise
                finally:
                    await body.close()
        except TimeoutError:
            raise timed_out(self._options.address) from None

    # --- requests -----------------------------------------------------------------------------------------------

    async def _call(
        self, method: str, path: str, values: object = None, *, query: Query = (), expect: Sequence[int] = (200,)
    ) -> Any:
        """A request as whoever we are."""
        return await self._ask(method, path, values, token=await self._token(), query=query, expect=expect)

    async def _ask(
        self,
        method: str,
        path: str,
        values: object = None,
        *,
        token: str | None,
        query: Query = (),
        expect: Sequence[int] = (200,),
    ) -> Any:
        body = None if values is None else json.dumps(values).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        async with self._wire().request(
            method, path, query=query, headers=headers, token=token, body=body, expect=expect
        ) as response:
            return None if response.status == 204 else await read_json(response)


def _url(room: str, path: str) -> str:
    return f"/api/v1/{room}{RemotePath.parse(path).to_url()}"


def choice(conflict: Conflict | str, allowed: Sequence[Conflict]) -> Conflict:
    """One of the allowed ways to treat a taken name.

    Raises:
        InvalidRequestError: naming those that exist.
    """
    if conflict not in set(allowed):
        raise InvalidRequestError(
            f"{display(str(conflict))} is no way to treat a taken name here",
            hint="Use " + ", ".join(known.value for known in allowed) + ".",
        )
    return Conflict(conflict)


UPLOAD_CONFLICTS = (Conflict.OVERWRITE, Conflict.SKIP, Conflict.RENAME, Conflict.NEWER)


def upload_query(conflict: Conflict | str, modified_us: TimeUs | None, *, parents: bool) -> list[tuple[str, str]]:
    """The query of an upload."""
    query = [("conflict", choice(conflict, UPLOAD_CONFLICTS).value)]
    if modified_us is not None:
        query.append(("modified", wire.time_text(modified_us)))
    if parents:
        query.append(("parents", "true"))
    return query


def check_stored(written: Written, sha256: bytes, path: str) -> None:
    """Compare what was read here with what the server has stored.

    Raises:
        DigestMismatchError: they differ.
        ProtocolViolationError: the server does not say what it stored.
    """
    if written.outcome == "skipped":
        return
    if written.entry.sha256 is None:
        raise ProtocolViolationError(f"The server does not say what it stored as {display(path)}")
    if written.entry.sha256 != sha256:
        raise DigestMismatchError(
            f"The server stored {display(path)} with another content than was sent",
            hint="Send it again; if this repeats, the server or the way to it is damaged.",
        )
