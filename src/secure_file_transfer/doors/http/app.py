"""The application behind the HTTPS door: which route answers what, and what happens when one fails.

Contents take a short way past the framework; JSON goes through FastAPI. Either way the path is read from the wire
by the one authority for paths, before anything is routed by it.
"""

import asyncio
from functools import cache

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ...errors import SecureFileTransferError, ShuttingDownError, TooLargeError
from ...model import Category
from ...paths import RemotePath
from ...services.audit import circumstances
from ...services.doing import Doing
from . import openapi, problems
from .addresses import apply, request_id
from .api import PATH_KEY, build_router
from .blocks import BlockRoutes
from .context import DOING_KEY, DOOR, Context, Desk, HttpServices, Live, People, joined_fields
from .downloads import get_file, get_zip
from .events import PATH as EVENTS
from .events import EventDoor
from .exchange import RESET, Exchange, Receive, Scope, Send, raw_path
from .gate import Gate
from .kinds import Observe, method_of, route_of
from .pages import Pages
from .reset_page import ResetPage
from .schemas import dump
from .tus import Tus
from .uploads import Buffers, put_file
from .visiting import PREFIX as VISITS
from .visiting import Visiting

__all__ = ["Desk", "HttpApp", "HttpServices", "Live", "People", "build_app"]

BODY_MAX = 64 * 1024
"""Of a JSON request: several hundred times what any of them needs. It also bounds how deep one can nest."""
API = b"/api/v1/"
_TREES: dict[bytes, tuple[str, ...]] = {
    b"entries": ("GET", "DELETE"),
    b"folders": ("GET", "PUT"),
    b"files": ("GET", "HEAD", "PUT"),
    b"versions": ("GET", "POST", "DELETE"),
    b"thumbnails": ("GET",),
}
"""Where a path follows, and the methods there: the framework's own `Allow` names only those of one route."""

"""What a request is for, where others are shown that."""


def build_app(services: HttpServices) -> "HttpApp":
    """The application. It takes work once its `gate` is opened, which the listener does."""
    return HttpApp(services)


class HttpApp:
    """An ASGI application. `gate` says whether it takes work; `close` lets its threads go."""

    def __init__(self, services: HttpServices) -> None:
        self.gate = Gate()
        self.observe: Observe | None = None
        """Called with the kind of route, the method, the status and the seconds of each request."""
        self._context = Context(services)
        self._buffers = Buffers(services.block_size)
        self._tus = Tus(self._context, self._buffers)
        self._pages = Pages(self._context, self.gate)
        self._reset = ResetPage(self._context, self._pages)
        self._blocks = BlockRoutes(self._context)
        self._visiting = Visiting(self._context, services.links) if services.links is not None else None
        self._events = EventDoor(self._context, services.events) if services.events is not None else None
        self._json = _json_app(self._context)

    def queues(self) -> dict[str, int]:
        """How much work waits for a thread, by kind."""
        return self._context.queues()

    def show_authority(self, ca_pem: bytes) -> None:
        """Give another certificate authority to whoever asks for it."""
        self._pages.show_authority(ca_pem)

    def refused(self, address: str, error: SecureFileTransferError) -> None:
        """Write down that a connection was ended before it had made a whole request."""
        with circumstances(door=DOOR, address=address):
            text = f"A connection was refused: {error}"
            self._context.services.audit.repeated(
                Category.CONNECTION, "connection.refused", text, key=f"{address} {error.code}"
            )

    def close(self) -> None:
        """Wait for running threads. Nothing may be asked of it afterwards."""
        self._context.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        apply(self._context.services.proxies, scope)
        exchange = Exchange(scope, receive, send)
        request = request_id(scope)
        exchange.extra.append((b"x-request-id", request.encode()))
        client = scope.get("client")
        with circumstances(door=DOOR, address=str(client[0]) if client else "", request=request):
            await self._answered(exchange)

    async def _answered(self, exchange: Exchange) -> None:
        scope, path = exchange.scope, raw_path(exchange.scope)
        if path in {b"/healthz", b"/readyz"} and scope["method"] in {"GET", "HEAD"}:
            await self._pages.health(exchange, ready=path == b"/readyz")
            return
        self.gate.running += self.gate.is_open
        counted = self.gate.is_open
        task = self._context.watch.begin(exchange)
        try:
            if not counted:
                raise ShuttingDownError(hint="Try again in a moment.")
            if guard := self._context.services.guard:
                guard.admit(scope["client"][0] if scope.get("client") else "")
            await self._route(exchange, path)
        except asyncio.CancelledError:
            ended = self._context.watch.verdict(task)
            if ended is None:
                raise
            self._context.refused(scope, ended)
            if exchange.status:
                exchange.cut()
            else:
                await exchange.answer(*problems.answer(ended))
        except Exception as error:  # noqa: BLE001 - the last line: whatever happened becomes an answer
            self._context.refused(scope, error)
            # What began already cannot be taken back: it stays incomplete, and the server cuts the connection.
            if not exchange.status:
                await exchange.answer(*problems.answer(error))
        finally:
            self._context.watch.end(task)
            self.gate.running -= counted
            self._tell(exchange, path)

    def _tell(self, exchange: Exchange, path: bytes) -> None:
        exchange.log()
        if self.observe is not None:
            method = method_of(exchange.scope["method"])
            self.observe(route_of(path), method, exchange.status, exchange.seconds)

    async def _page(self, exchange: Exchange, path: bytes) -> None:
        method = exchange.scope["method"]
        if path.startswith(RESET):
            _only(method, "GET", "HEAD", "POST")
            await self._reset.serve(exchange, path)
        elif self._visiting is not None and path.startswith(VISITS):
            await self._visiting.serve(exchange)
        elif path == b"/" and (front := self._context.services.front) is not None:
            _only(method, "GET", "HEAD")
            location = VISITS + (front.secret or "").encode("ascii")
            headers = [(b"location", location), (b"content-length", b"0"), (b"cache-control", b"no-store")]
            await exchange.answer(303, headers, b"")
        else:
            _only(method, "GET", "HEAD")
            await self._pages.serve(exchange)

    async def _route(self, exchange: Exchange, path: bytes) -> None:
        scope, method = exchange.scope, exchange.scope["method"]
        if not path.startswith(API):
            await self._page(exchange, path)
            return
        if path == EVENTS and self._events is not None:
            _only(method, "GET")
            await self._events.serve(exchange)
            return
        tree, slash, names = path[len(API) :].partition(b"/")
        if tree == b"zip" and not slash:
            _only(method, "GET")
            await get_zip(self._context, exchange)
            return
        if tree == b"uploads":
            await self._tus.serve(exchange, names)
            return
        if tree in BlockRoutes.RESOURCES:
            await self._blocks.serve(exchange, tree, slash + names)
            return
        scope[DOING_KEY] = _doing(tree, names, method)
        if tree in _TREES:
            _only(method, *_TREES[tree])
            remote = RemotePath.from_url(slash + names)
            if tree == b"files":
                if method == "PUT":
                    await put_file(self._context, self._buffers, exchange, remote)
                else:
                    await get_file(self._context, exchange, remote)
                return
            # The framework routes by the decoded path, in which names cannot be told apart any more: it gets a
            # stand-in for them.
            scope[PATH_KEY] = remote
            scope["path"] = f"/api/v1/{tree.decode()}/-"
        if _declared_length(scope) > BODY_MAX:
            raise TooLargeError(f"The body may have {BODY_MAX} bytes", hint="Files go to /api/v1/files/.")
        await self._json(scope, exchange.receive, exchange.send)


def _doing(tree: bytes, names: bytes, method: str) -> Doing | None:
    """What a request shows of whoever sends it. To list conversations is not to be in one."""
    if tree == b"folders" and method == "GET":
        return Doing.LISTING
    return Doing.CHATTING if tree == b"chats" and names else None


def _only(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise HTTPException(405, headers={"Allow": ", ".join(allowed)})


def _declared_length(scope: Scope) -> int:
    return int(joined_fields(scope["headers"]).get(b"content-length", b"0"))


def _json_app(context: Context) -> FastAPI:
    app = FastAPI(
        title="Secure File Transfer",
        version=context.services.version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=BODY_MAX,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.include_router(build_router(context))

    async def problem(request: Request, error: Exception) -> Response:
        context.refused(request.scope, error)
        status, headers, content = problems.answer(error)
        response = Response(content, status)
        response.raw_headers = headers
        return response

    for kind in (SecureFileTransferError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, problem)
    _add_description(app)
    return app


def _add_description(app: FastAPI) -> None:
    @cache
    def document() -> bytes:
        return dump(openapi.describe(app))

    @app.get("/api/v1/openapi.json", include_in_schema=False)
    async def description() -> Response:
        return Response(document(), headers={"cache-control": "no-cache"}, media_type="application/json")
