"""A server of docs/protocol.md in memory, over real TLS: what clients are tested against when no server is needed.

It keeps files as bytes in a dict, knows one account, and forgets everything. It is no example of how to build one.
"""

import asyncio
import hashlib
import io
import re
import secrets
import ssl
import threading
import time
import zipfile
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvloop
from aiohttp import web

from ..client.wire import digest_field, read_digest_field, time_text, time_us
from ..errors import (
    ConflictError,
    DigestMismatchError,
    ExistsError,
    InvalidRequestError,
    IsAFolderError,
    NotAFolderError,
    NotEmptyError,
    NotFoundError,
    PreconditionFailedError,
    RangeNotSatisfiableError,
    SecureFileTransferError,
    SignInFailedError,
    SignInRequiredError,
)
from ..model import TimeUs
from ..paths import RemotePath, numbered
from .certificates import ServerFiles, TestAuthority
from .fake_blocks import FakeBlocks, problem
from .fake_jobs import FakeJobs

NAME, PASSWORD = "mona", "correct horse battery staple"
PAGE_MAX = 10_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class _Item:
    content: bytes | None
    modified: TimeUs
    created: TimeUs
    number: int

    def entry(self, path: RemotePath) -> dict[str, Any]:
        return {
            "path": str(path),
            "name": path.name,
            "kind": "folder" if self.content is None else "file",
            "size": len(self.content or b""),
            "modified": time_text(self.modified),
            "created": time_text(self.created),
            "sha256": None if self.content is None else hashlib.sha256(self.content).hexdigest(),
            "etag": f"v{self.number}",
        }


def _now() -> TimeUs:
    return TimeUs(time.time_ns() // 1000)


class _Tree:
    """The files. Everything raises the error of the table."""

    def __init__(self) -> None:
        self._count = 0
        self.items: dict[RemotePath, _Item] = {RemotePath(): self.item(None)}

    def item(self, content: bytes | None, modified: TimeUs | None = None) -> _Item:
        self._count += 1
        return _Item(content, _now() if modified is None else modified, _now(), self._count)

    def get(self, path: RemotePath) -> _Item:
        if path not in self.items:
            raise NotFoundError(f"'{path}' is not there", hint="List the folder.")
        return self.items[path]

    def folder(self, path: RemotePath) -> None:
        if self.get(path).content is not None:
            raise NotAFolderError(f"'{path}' is a file")

    def below(self, path: RemotePath) -> list[RemotePath]:
        return [other for other in self.items if other.is_within(path) and other != path]

    def make_folder(self, path: RemotePath, *, parents: bool) -> bool:
        if path in self.items:
            self.folder(path)
            if not parents:
                raise ExistsError(f"'{path}' is there")
            return False
        if parents and path.parent not in self.items:
            self.make_folder(path.parent, parents=True)
        self.folder(path.parent)
        self.items[path] = self.item(None)
        return True

    def free(self, path: RemotePath) -> RemotePath:
        return next(p for n in range(1, 1000) if (p := path.parent / numbered(path.name, n)) not in self.items)

    def store(
        self, path: RemotePath, content: bytes, conflict: str, modified: TimeUs | None, *, parents: bool
    ) -> tuple[RemotePath, str]:
        if parents:
            self.make_folder(path.parent, parents=True)
        self.folder(path.parent)
        old = self.items.get(path)
        if old is not None and old.content is None:
            raise IsAFolderError(f"'{path}' is a folder")
        outcome = "replaced" if old else "created"
        if old is not None:
            older = modified is not None and old.modified < modified
            if conflict == "skip" or (conflict == "newer" and not older):
                return path, "skipped"
            if conflict == "rename":
                path, outcome = self.free(path), "created"
        self.items[path] = self.item(content, modified)
        return path, outcome

    def relocate(self, source: RemotePath, target: RemotePath, conflict: str, *, keep: bool) -> RemotePath:
        self.get(source)
        self.folder(target.parent)
        if source.is_root or target.is_within(source):
            raise ConflictError("into itself")
        if target in self.items:
            if conflict == "rename":
                target = self.free(target)
            elif conflict == "skip" or self.items[target].content is None:
                raise ExistsError(f"'{target}' is there")
        for path in [source, *self.below(source)]:
            item = self.items[path] if keep else self.items.pop(path)
            self.items[RemotePath(target.parts + path.parts[len(source.parts) :])] = item
        return target


def _told(handler: Handler) -> Handler:
    """The same, with failures as the server tells them.

    It is no middleware, for aiohttp remembers the last thousand handlers that have one, and with them all that was ever
    sent to as many servers: gigabytes, in a long run of tests.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except SecureFileTransferError as error:
            wait = "" if error.retry_after is None else str(int(error.retry_after))
            return web.json_response(
                problem(error),
                status=error.row.status,
                content_type="application/problem+json",
                headers={"Retry-After": wait} if wait else {},
            )

    return answer


def _path(request: web.Request) -> RemotePath:
    raw = request.rel_url.raw_path.split("/", 4)
    return RemotePath.from_url((raw[4] if len(raw) > 4 else "").encode())


class FakeServer:
    """Runs in a thread of its own, on a port that the system chooses, as a context manager.

    `requests` counts by method and path; `faults` holds errors that the next requests of a method raise instead of
    being answered.
    """

    def __init__(self, folder: Path, files: ServerFiles | None = None) -> None:
        self.files = files or TestAuthority().issue(folder)
        self.tree = _Tree()
        self.blocks: FakeBlocks | None = FakeBlocks(self._stored)
        """None: a server that knows no blocks."""
        self.jobs = FakeJobs()
        self._get_jobs = self._post_jobs = self._delete_jobs = self.jobs.answer
        self.tokens: set[str] = set()
        self.requests: list[tuple[str, str]] = []
        self.priorities: list[tuple[str, str, str]] = []
        """The same, with what each said of its priority."""
        self.faults: dict[str, list[SecureFileTransferError]] = {}
        self.after: dict[str, tuple[int, SecureFileTransferError]] = {}
        """After so many requests of a method and the beginning of a path, every further one gets this error."""
        self.corrupt_downloads = 0
        """So many of the next ranges arrive damaged."""
        self.setup_code: str | None = None
        self.port = 0
        # As the real server does; the TLS of asyncio in Python 3.11.2 forgets connections that peers leave early.
        self._loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        return str(self._session()["token"])

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Any) -> None:
        done: Future[None] = asyncio.run_coroutine_threadsafe(work, self._loop)
        done.result(10)

    def context(self) -> ssl.SSLContext:
        return self.files.context()

    async def _start(self) -> None:
        app = web.Application(client_max_size=1 << 40)
        add = app.router.add_route
        add("GET", "/ca.pem", _told(self._ca))
        add("*", "/api/v1/setup", _told(self._setup))
        add("POST", "/api/v1/sessions", _told(self._sign_in))
        add("GET", "/api/v1/server", _told(self._server))
        add("*", "/api/v1/{room}{path:(/.*)?}", _told(self._room))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, auto_decompress=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.context())
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        transports: list[asyncio.Transport] = []
        if self._runner:
            server = self._runner.server
            assert server is not None
            transports = [each.transport for each in server.connections if each.transport is not None]
            await self._runner.cleanup()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # What was closed may wait for ever to send the rest to a peer that has stopped reading.
        for transport in transports:
            transport.abort()
        for _ in range(5):  # the loop lets go of them in the turns that follow
            await asyncio.sleep(0)

    # --- sign-in ------------------------------------------------------------------------------------------------

    async def _ca(self, _: web.Request) -> web.Response:
        return web.Response(text=self.files.cafile.read_text())

    async def _server(self, request: web.Request) -> web.Response:
        self.requests.append(("GET", request.path))
        return web.json_response(
            {
                "name": "Secure File Transfer",
                "version": "0",
                "api": 1,
                "anonymous": False,
                "setup": self.setup_code is not None,
                "block_size": 4 << 20,
            }
        )

    def _session(self) -> dict[str, Any]:
        token = secrets.token_urlsafe(32)
        self.tokens.add(token)
        expires = time_text(TimeUs(_now() + 3_600_000_000))
        return {"token": token, "expires": expires, "account": {"name": NAME, "role": "admin"}}

    async def _setup(self, request: web.Request) -> web.Response:
        if self.setup_code is None or (await request.json())["code"] != self.setup_code:
            raise NotFoundError
        self.setup_code = None
        return web.json_response(self._session(), status=201)

    async def _sign_in(self, request: web.Request) -> web.Response:
        self.requests.append(("POST", request.path))
        if await request.json() != {"name": NAME, "password": PASSWORD}:
            raise SignInFailedError
        return web.json_response(self._session(), status=201)

    async def _room(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        self.priorities.append((request.method, request.path, request.headers.get("Priority", "")))
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise SignInRequiredError
        if waiting := self.faults.get(request.method):
            raise waiting.pop(0)
        for start, (left, fault) in self.after.items():
            if f"{request.method} {request.path}".startswith(start):
                if not left:
                    raise fault
                self.after[start] = (left - 1, fault)
        handler = getattr(self, f"_{request.method.lower()}_{request.match_info['room']}", None)
        if handler is None:
            raise NotFoundError
        answer = await handler(request)
        assert isinstance(answer, web.StreamResponse)
        return answer

    async def _get_sessions(self, _: web.Request) -> web.Response:
        now = time_text(_now())
        account = {"name": NAME, "role": "admin"}
        return web.json_response({"account": account, "since": now, "expires": now, "address": "127.0.0.1"})

    async def _delete_sessions(self, request: web.Request) -> web.Response:
        self.tokens.discard(request.headers["Authorization"].removeprefix("Bearer "))
        return web.Response(status=204)

    # --- entries ------------------------------------------------------------------------------------------------

    async def _get_entries(self, request: web.Request) -> web.Response:
        path = _path(request)
        return web.json_response(self.tree.get(path).entry(path))

    async def _delete_entries(self, request: web.Request) -> web.Response:
        path = _path(request)
        self.tree.get(path)
        if path.is_root:
            raise ConflictError("the root")
        below = self.tree.below(path)
        if below and request.query.get("recursive") != "true":
            raise NotEmptyError
        for gone in [path, *below]:
            del self.tree.items[gone]
        return web.Response(status=204)

    async def _get_folders(self, request: web.Request) -> web.Response:
        folder, query = _path(request), request.query
        self.tree.folder(folder)
        entries = [item.entry(p) for p, item in self.tree.items.items() if p.parent == folder and not p.is_root]
        entries.sort(key=lambda e: (e[query.get("sort", "name")], e["name"]), reverse=query.get("order") == "desc")
        entries.sort(key=lambda e: e["kind"] == "file")
        limit, start = int(query.get("limit", "1000")), int(query.get("cursor") or "0")
        if not 1 <= limit <= PAGE_MAX:
            raise InvalidRequestError("limit")
        more = start + limit < len(entries)
        return web.json_response(
            {"entries": entries[start : start + limit], "cursor": str(start + limit) if more else None}
        )

    async def _get_search(self, request: web.Request) -> web.Response:
        """One entry a step, so that whoever asks has to go on."""
        folder, query = RemotePath.parse(request.query["path"]), request.query
        self.tree.folder(folder)
        start = int(query.get("cursor") or "0")
        paths = self.tree.below(folder)
        found = [self.tree.get(path).entry(path) for path in paths[start : start + 1]]
        fits = [each for each in found if query["name"].lower() in each["name"].lower()]
        return web.json_response({"entries": fits, "cursor": str(start + 1) if start + 1 < len(paths) else None})

    async def _put_folders(self, request: web.Request) -> web.Response:
        path = _path(request)
        made = self.tree.make_folder(path, parents=request.query.get("parents") == "true")
        return web.json_response(self.tree.get(path).entry(path), status=201 if made else 200)

    async def _post_move(self, request: web.Request) -> web.Response:
        return await self._relocated(request, keep=False)

    async def _post_copy(self, request: web.Request) -> web.Response:
        return await self._relocated(request, keep=True)

    async def _relocated(self, request: web.Request, *, keep: bool) -> web.Response:
        said = await request.json()
        source, target = RemotePath.parse(said["source"]), RemotePath.parse(said["target"])
        target = self.tree.relocate(source, target, said["conflict"], keep=keep)
        return web.json_response(self.tree.get(target).entry(target), status=201 if keep else 200)

    async def _get_usage(self, _: web.Request) -> web.Response:
        files = [item.content for item in self.tree.items.values() if item.content is not None]
        size = sum(map(len, files))
        return web.json_response({"bytes": size, "files": len(files), "free": 1 << 40, "quota": None})

    async def _get_zip(self, request: web.Request) -> web.StreamResponse:
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for text in request.query.getall("path"):
                top = RemotePath.parse(text)
                self.tree.get(top)
                for path in [top, *self.tree.below(top)]:
                    if (content := self.tree.get(path).content) is not None:
                        archive.writestr("/".join(path.parts[len(top.parent.parts) :]), content)
        response = web.StreamResponse(headers={"Content-Type": "application/zip"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(data.getvalue())
        await response.write_eof()
        return response

    # --- blocks -------------------------------------------------------------------------------------------------

    def _stored(
        self, path: RemotePath, content: bytes, conflict: str, modified: TimeUs | None, parents: bool
    ) -> tuple[dict[str, Any], str]:
        path, outcome = self.tree.store(path, content, conflict, modified, parents=parents)
        return self.tree.get(path).entry(path), outcome

    def _blocks(self) -> FakeBlocks:
        if self.blocks is None:
            raise NotFoundError
        return self.blocks

    async def _get_transfer(self, _: web.Request) -> web.Response:
        return web.json_response(self._blocks().terms())

    async def _post_blocks(self, request: web.Request) -> web.Response:
        return await self._blocks().missing(request)

    async def _put_blocks(self, request: web.Request) -> web.Response:
        return await self._blocks().put(request, bytes.fromhex(request.path.rsplit("/", 1)[-1]))

    async def _post_commits(self, request: web.Request) -> web.Response:
        return await self._blocks().commit(request)

    async def _post_batch(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/read"):
            return await self._blocks().read_batch(request, self._found)
        return await self._blocks().batch(request)

    def _found(self, path: RemotePath) -> tuple[dict[str, Any], bytes | None]:
        item = self.tree.get(path)
        return item.entry(path), item.content

    async def _get_manifests(self, request: web.Request) -> web.Response:
        path, blocks = _path(request), self._blocks()
        entry, content = self._found(path)
        if content is None:
            raise IsAFolderError(f"'{path}' is a folder")
        manifest = blocks.manifest(content)
        return web.json_response({"entry": entry, "naming_key": blocks.key.hex(), "blocks": manifest})

    # --- content ------------------------------------------------------------------------------------------------

    async def _get_files(self, request: web.Request) -> web.Response:
        path = _path(request)
        item = self.tree.get(path)
        content = item.content
        if content is None:
            raise IsAFolderError(f"'{path}' is a folder")
        headers = {
            "ETag": f'"v{item.number}"',
            "Repr-Digest": digest_field(hashlib.sha256(content).digest()),
            "Last-Modified": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(item.modified // 10**6)),
        }
        if "Range" not in request.headers:
            return web.Response(body=content, headers=headers)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers["Range"])
        if not wanted or int(wanted[1]) >= len(content):
            raise RangeNotSatisfiableError
        first, last = int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        part = content[first : last + 1]
        if self.corrupt_downloads:
            self.corrupt_downloads -= 1
            part = bytes([part[0] ^ 1]) + part[1:]
        return web.Response(status=206, body=part, headers=headers)

    async def _put_files(self, request: web.Request) -> web.Response:
        path, query, headers = _path(request), request.query, request.headers
        content = await request.read()
        declared = read_digest_field(headers.get("Repr-Digest") or headers.get("Content-Digest"))
        if declared is not None and declared != hashlib.sha256(content).digest():
            raise DigestMismatchError("not what was declared")
        old = self.tree.items.get(path)
        match = headers.get("If-Match")
        if (match and (old is None or match != f'"v{old.number}"')) or (headers.get("If-None-Match") == "*" and old):
            raise PreconditionFailedError
        modified = time_us(query["modified"]) if "modified" in query else None
        parents = query.get("parents") == "true"
        path, outcome = self.tree.store(path, content, query.get("conflict", "overwrite"), modified, parents=parents)
        item = self.tree.get(path)
        return web.json_response(
            {"entry": item.entry(path), "outcome": outcome},
            status=201 if outcome == "created" else 200,
            headers={
                "ETag": f'"v{item.number}"',
                "Repr-Digest": digest_field(hashlib.sha256(item.content or b"").digest()),
            },
        )
