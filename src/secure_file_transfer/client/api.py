"""The requests of docs/protocol.md, one method each, and the streams that the transfers are made of."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from typing import BinaryIO

from ..errors import (
    DigestMismatchError,
    InvalidRequestError,
    ProtocolViolationError,
    RangeNotSatisfiableError,
    SecureFileTransferError,
)
from ..model import KIB, MIB, Conflict, Entry, SortKey, TimeUs, Usage
from ..paths import RemotePath, display
from . import wire
from .connected import Connected
from .how import UPLOAD_CONFLICTS, choice, priority_field
from .streams import Body, Download, Hashed, Next
from .transport import Query, read_json
from .trust import timed_out
from .wire import Written

_PAGE = 1000
_ENTRIES_MAX = 10_000_000
"""A listing that goes on after so many entries of one folder is taken for a hostile one."""
_STEPS_MAX = 1_000_000
_RATE_MIN = 8 * KIB
"""Bytes per second. An upload slower than this counts as silence."""
_WHOLE_MAX = 1 * MIB
"""Bodies up to this length go to the socket together with the headers, in one write."""
_RELOCATING_SECONDS = 600.0
"""How long a move or copy may take before the server says something: between two homes all content is sealed anew."""
_ZIP_QUERY_MAX = 32 * KIB


class Api(Connected):
    """One signed-in view of one server. Everything a program of the protocol needs, without the local disk."""

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

    async def find(
        self,
        name: str = "",
        path: str = "/",
        *,
        kind: str | None = None,
        since_us: TimeUs | None = None,
        larger: int | None = None,
    ) -> AsyncIterator[Entry]:
        """Files and folders below `path` whose names hold all words of `name`, in the order of the tree.

        Case, marks and forms of a letter make no difference. With `*` or `?` the name is a pattern for all of it.

        Args:
            name: The words; empty for any name.
            path: The folder to look below.
            kind: `file`, `folder`, `archive`, `audio`, `code`, `image`, `sheet`, `text` or `video`.
            since_us: Changed then or later, in microseconds since 1970, UTC.
            larger: Files of at least so many bytes.

        Raises:
            InvalidRequestError: nothing is looked for.
            NotFoundError, NotAFolderError
        """
        folder = RemotePath.parse(path)
        wanted = [("path", str(folder)), ("name", name), ("limit", str(_PAGE))]
        wanted += [] if kind is None else [("kind", kind)]
        wanted += [] if since_us is None else [("since", wire.time_text(since_us))]
        wanted += [] if larger is None else [("larger", str(larger))]
        cursor: str | None = None
        for _ in range(_STEPS_MAX):
            query = [*wanted, *([] if cursor is None else [("cursor", cursor)])]
            step = wire.found(await self._call("GET", "/api/v1/search", query=query), folder)
            for entry in step.entries:
                yield entry
            if step.cursor is None:
                return
            if step.cursor == cursor:
                break
            cursor = step.cursor
        raise ProtocolViolationError("The search never ends; the server repeats itself")

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
            SourceChangedError: between two homes (a path below `/Shared`), when the source changed meanwhile: it is
                still there, and so is the copy.
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
        return wire.entry(await self._call("POST", url, values, expect=(status,), silence=_RELOCATING_SECONDS))

    async def remove(self, path: str, *, recursive: bool = False, permanent: bool = False) -> int | None:
        """Remove a file, an empty folder, or with `recursive` a folder and all it holds.

        It goes into the trash, where there is one: the number that it has there comes back, for `restore`. None: it
        is gone for good, as it always is with `permanent`.

        Raises:
            NotFoundError, NotEmptyError, ConflictError (the root)
            ForbiddenError: for good, and it is another's.
        """
        query = [(name, "true") for name, wanted in (("recursive", recursive), ("permanent", permanent)) if wanted]
        answer = await self._call("DELETE", _url("entries", path), query=query, expect=(200, 204))
        number = answer.get("trash") if isinstance(answer, dict) else None
        return number if isinstance(number, int) else None

    async def usage(self) -> Usage:
        """What your drive holds, and what still fits."""
        return wire.usage(await self._call("GET", "/api/v1/usage"))

    # --- content ------------------------------------------------------------------------------------------------

    def get_stream(
        self, path: str, *, offset: int = 0, length: int | None = None, priority: int | None = None
    ) -> Download:
        """A file, or the part of it from `offset` on (at most `length` bytes), as it arrives; see `Download`.

        `priority` is for the server: of what it is asked for at once, lower numbers go first.

        Raises, once entered:
            NotFoundError, IsAFolderError, RangeNotSatisfiableError, BlockDamagedError
        """
        return self.stream(path, offset=offset, length=length, headers=priority_field(priority))

    def stream(self, path: str, *, offset: int = 0, length: int | None = None, headers: Mapping[str, str]) -> Download:
        """The same with other headers. Who names the transfer there may get PausedError."""
        if offset < 0 or (length is not None and length < 1):
            raise RangeNotSatisfiableError("A range begins at 0 or later and holds at least one byte")
        name = str(RemotePath.parse(path))
        return Download(
            self._wire(),
            self._token,
            self._renew,
            _url("files", path),
            name=name,
            offset=offset,
            length=length,
            executor=self.executor,
            flow=self.flow,
            headers=headers,
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
            self._wire(),
            self._token,
            self._renew,
            "/api/v1/zip",
            name=name,
            query=query,
            archive=True,
            executor=self.executor,
            flow=self.flow,
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
        priority: int | None = None,
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
            priority: for the server: of what it is asked to do at once, lower numbers go first.

        Raises:
            DigestMismatchError: the server stored something else than was sent.
            NotFoundError, IsAFolderError, NoSpaceError, QuotaExceededError, PreconditionFailedError, ...
        """
        headers = priority_field(priority)
        if if_match is not None:
            headers["If-Match"] = f'"{if_match}"'
        if create_only:
            headers["If-None-Match"] = "*"

        async def store(_: str | None) -> Written:
            hashed = Hashed(source, self.executor)
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

        # What is in memory can be sent a second time, should our session have ended; a stream has been read.
        return await (self._signed(store) if isinstance(source, bytes | memoryview) else store(None))

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
        loop = asyncio.get_running_loop()
        sent = {"Content-Type": "application/octet-stream", **(headers or {})}
        url = _url("files", path)

        if isinstance(read, bytes) and len(read) <= _WHOLE_MAX:
            # aiohttp's own timeout starts once the body is out; a megabyte fits into any socket's patience.
            await self.flow.passing(len(read))

            async def put(token: str | None) -> Written:
                async with wire_.request(
                    "PUT", url, query=query, headers=sent, token=token, body=read, expect=(200, 201)
                ) as response:
                    if on_bytes is not None:
                        on_bytes(len(read))
                    return wire.written(await read_json(response))

            return await self._signed(put)

        token = await self._token()
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
                body = Body(pieces, length, handed_over, self.flow)
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


def _url(room: str, path: str) -> str:
    return f"/api/v1/{room}{RemotePath.parse(path).to_url()}"


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
