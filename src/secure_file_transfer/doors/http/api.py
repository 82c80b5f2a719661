"""The JSON routes. Each makes one trip to a worker thread: who asks, what they want, and writing the answer."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from ...errors import ExistsError, ForbiddenError, NotFoundError, SignInFailedError, SignInRequiredError
from ...model import Conflict, Principal, SessionId, SortKey
from ...paths import RemotePath
from ...services.files import Files
from ...services.sessions import Sessions, SignedIn
from . import cookies, schemas, sharing
from .admin import add_admin
from .chat import add_chat
from .clients import add_clients
from .context import DOOR, Caller, Context, HttpServices, joined_fields
from .devices import add_devices
from .factors import add_factors
from .jobs import add_jobs
from .links import add_links, front_json
from .log import add_log
from .operations import add_operations
from .oversight import add_oversight
from .people import add_people
from .search import add_search
from .thumbnails import add_thumbnails
from .tokens import add_tokens
from .trash import add_trash, add_versions

PATH_KEY = "sft.path"
"""Where the application leaves the checked path of a request in the scope."""

_JSON = "application/json"
_PATH = {
    "name": "path",
    "in": "path",
    "required": True,
    "description": "Names separated by slashes, each percent-encoded once.",
    "schema": {"type": "string"},
}
_TREE: dict[str, Any] = {"parameters": [_PATH]}
_PUBLIC: dict[str, Any] = {"security": []}


def _answer(content: bytes, status: int = 200) -> Response:
    return Response(content, status, {"cache-control": "no-store"}, media_type=_JSON)


async def _path(request: Request) -> RemotePath:
    path = request.scope[PATH_KEY]
    assert isinstance(path, RemotePath)  # noqa: S101 - put there by the application
    return path


Named = Annotated[RemotePath, Depends(_path)]


def build_router(context: Context) -> APIRouter:
    """All JSON routes."""
    router = APIRouter(prefix="/api/v1")
    _add_server(router, context)
    _add_setup(router, context)
    _add_sign_in(router, context)
    _add_sessions(router, context)
    _add_guard(router, context)
    add_factors(router, context)
    add_devices(router, context)
    add_tokens(router, context)
    add_people(router, context)
    add_admin(router, context)
    _add_entries(router, context)
    _add_transfers(router, context)
    add_trash(router, context)
    add_versions(router, context, Named, _TREE)
    add_thumbnails(router, context, Named, _TREE)
    add_search(router, context)
    sharing.add_routes(router, context)
    add_links(router, context)
    add_clients(router, context)
    add_chat(router, context)
    add_log(router, context)
    add_jobs(router, context)
    add_operations(router, context)
    add_oversight(router, context)
    return router


def _add_server(router: APIRouter, context: Context) -> None:
    services, credentials = context.services, context.services.credentials

    @router.get("/server", response_model=schemas.ServerOut, openapi_extra=_PUBLIC, summary="What the server is")
    async def server() -> Response:
        def work() -> bytes:
            return schemas.dump(
                {
                    "name": "Secure File Transfer",
                    "version": services.version,
                    "api": 1,
                    "anonymous": services.anonymous,
                    "setup": services.setup is not None and services.setup.needed(),
                    "block_size": services.block_size,
                    "client_certificates": credentials.demand.value if credentials else "off",
                    "certificate_sign_in": credentials is not None and credentials.alone,
                    "registration": services.people.registration.mode.value if services.people else "off",
                    "password_length": services.people.accounts.length_min if services.people else None,
                    "trash_days": services.trash.days if services.trash else 0,
                    "share": front_json(services.front) if services.front else None,
                }
            )

        return _answer(await context.workers.run(work))


def _add_setup(router: APIRouter, context: Context) -> None:
    services = context.services

    @router.post(
        "/setup",
        response_model=schemas.SignInOut,
        status_code=201,
        openapi_extra=_PUBLIC,
        summary="Make the first administrator",
    )
    async def setup(request: Request, wanted: schemas.SetupIn) -> Response:
        caller, service = context.caller(request.scope), services.setup
        if service is None or not await context.workers.run(service.needed):
            raise NotFoundError("There is nothing at this address", hint="The server is set up; sign in.")

        if wanted.cookie:
            cookies.require_own_page(request.scope, joined_fields(request.scope["headers"]))

        def work() -> SignedIn:
            return service.complete(
                wanted.code, wanted.name, wanted.password, door=DOOR, address=caller.address, agent=caller.agent
            )

        signed = await context.sign(caller, work)
        answer = _answer(schemas.dump(schemas.sign_in_json(signed, cookie=wanted.cookie)), 201)
        if wanted.cookie:
            answer.headers["set-cookie"] = cookies.written(signed)
        return answer


def _add_sign_in(router: APIRouter, context: Context) -> None:
    services = context.services

    @router.post(
        "/sessions",
        response_model=schemas.SignInOut,
        status_code=201,
        openapi_extra=_PUBLIC,
        summary="Sign in",
    )
    async def sign_in(request: Request, wanted: schemas.SignInIn) -> Response:
        caller, service = context.caller(request.scope), services.sessions
        if service is None:
            raise SignInFailedError(hint="This server has no accounts.")
        if wanted.cookie:
            cookies.require_own_page(request.scope, joined_fields(request.scope["headers"]))

        def work() -> SignedIn:
            if services.credentials is not None:
                return services.credentials.sign_in(wanted.name, wanted.password, caller.shown(), wanted.code)
            return service.sign_in(
                wanted.name, wanted.password, wanted.code, door=DOOR, address=caller.address, agent=caller.agent
            )

        with context.arriving(caller) as arrived:
            signed = await context.sign(caller, work)
            arrived(Principal(signed.account, signed.session))
        answer = _answer(schemas.dump(schemas.sign_in_json(signed, cookie=wanted.cookie)), 201)
        if wanted.cookie:
            answer.headers["set-cookie"] = cookies.written(signed)
        return answer


def _add_sessions(router: APIRouter, context: Context) -> None:
    services = context.services

    @router.get("/sessions/current", response_model=schemas.WhoamiOut, summary="Who am I")
    async def whoami(request: Request) -> Response:
        caller = context.caller(request.scope)

        def work(who: Principal) -> bytes:
            device = services.devices.name_of(who.session) if services.devices and who.session else None
            return schemas.dump(schemas.whoami_json(who, caller.address, device))

        return _answer(await caller.run(work))

    @router.delete("/sessions/current", status_code=204, summary="Sign out")
    async def sign_out(request: Request) -> Response:
        def work(who: Principal) -> None:
            if who.token is not None:
                raise ForbiddenError("A token is not signed out", hint="Revoke it: sft token rm.")
            if services.sessions is None or who.session is None:
                raise SignInRequiredError("There is no session to end")
            services.sessions.sign_out(who)

        await context.caller(request.scope).run(work)
        return Response(status_code=204, headers={"set-cookie": cookies.CLEARED})

    _add_session_list(router, context)


def _add_session_list(router: APIRouter, context: Context) -> None:
    services = context.services

    @router.get("/sessions", response_model=schemas.SessionsOut, summary="Who is signed in")
    async def list_sessions(request: Request, query: Annotated[schemas.SessionsQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            listed = _sessions(services).listed(who, everybody=query.all)
            return schemas.dump(schemas.sessions_json(listed, who))

        return _answer(await context.caller(request.scope).run(work))

    @router.delete("/sessions/{number}", status_code=204, summary="End a session")
    async def end_session(request: Request, number: Annotated[int, Path(ge=1, lt=1 << 63)]) -> Response:
        await context.caller(request.scope).run(lambda who: _sessions(services).revoke(who, SessionId(number)))
        return Response(status_code=204)

    @router.delete("/sessions", response_model=schemas.EndedOut, summary="End all other sessions")
    async def end_sessions(request: Request, query: Annotated[schemas.EndQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            return schemas.dump({"ended": _sessions(services).revoke_all(who, query.account)})

        return _answer(await context.caller(request.scope).run(work))


def _sessions(services: HttpServices) -> Sessions:
    if services.sessions is None:
        raise SignInRequiredError("This server has no accounts")
    return services.sessions


def _add_guard(router: APIRouter, context: Context) -> None:
    guard = context.services.guard
    if guard is None:
        return

    @router.get("/admin/guard", response_model=schemas.BlocksOut, summary="Who has to wait after wrong guesses")
    async def blocks(request: Request) -> Response:
        caller = context.caller(request.scope)
        return _answer(await caller.run(lambda who: schemas.dump(schemas.blocks_json(guard.blocks(who)))))

    @router.delete("/admin/guard", response_model=schemas.UnblockedOut, summary="Let somebody guess again")
    async def unblock(request: Request, query: Annotated[schemas.UnblockQuery, Query()]) -> Response:
        caller = context.caller(request.scope)
        return _answer(await caller.run(lambda who: schemas.dump({"unblocked": guard.unblock(who, query.subject)})))


def _add_entries(router: APIRouter, context: Context) -> None:
    files: Files = context.services.files

    @router.get("/entries/{path}", response_model=schemas.EntryOut, openapi_extra=_TREE, summary="A file or folder")
    async def stat(request: Request, path: Named) -> Response:
        caller = context.caller(request.scope)
        return _answer(await caller.run(lambda who: schemas.dump(schemas.entry_json(files.stat(who, path)))))

    @router.delete(
        "/entries/{path}",
        response_model=schemas.RemovedOut,
        responses={204: {"description": "Gone for good"}},
        openapi_extra=_TREE,
        summary="Delete",
    )
    async def remove(request: Request, path: Named, query: Annotated[schemas.RemoveQuery, Query()]) -> Response:
        caller, trash = context.caller(request.scope), context.services.trash

        def work(who: Principal) -> bytes | None:
            number = files.remove(who, path, recursive=query.recursive, permanent=query.permanent)
            ends = None if number is None or trash is None else trash.ends(who, path, number)
            return None if ends is None else schemas.dump({"trash": number, "expires": schemas.write_time(ends)})

        removed = await caller.run(work)
        return Response(status_code=204) if removed is None else _answer(removed)

    @router.get("/folders/{path}", response_model=schemas.FolderOut, openapi_extra=_TREE, summary="List a folder")
    async def list_folder(request: Request, path: Named, query: Annotated[schemas.FolderQuery, Query()]) -> Response:
        caller = context.caller(request.scope)

        def work(who: Principal) -> bytes:
            page = files.list(
                who,
                path,
                sort=SortKey(query.sort),
                descending=query.order == "desc",
                cursor=query.cursor or None,
                limit=query.limit,
            )
            return schemas.dump(schemas.folder_json(page, files.rights(who, path)))

        return _answer(await caller.run(work))

    @router.put(
        "/folders/{path}",
        response_model=schemas.EntryOut,
        status_code=201,
        openapi_extra=_TREE,
        summary="Make a folder",
    )
    async def make_folder(request: Request, path: Named, query: Annotated[schemas.ParentsQuery, Query()]) -> Response:
        caller = context.caller(request.scope)

        def work(who: Principal) -> tuple[bytes, int]:
            status = 201
            try:
                entry = files.make_folder(who, path)
            except (ExistsError, NotFoundError) as error:
                if not query.parents:
                    raise
                entry = files.make_folder(who, path, parents=True)
                status = 200 if isinstance(error, ExistsError) else 201
            return schemas.dump(schemas.entry_json(entry)), status

        return _answer(*await caller.run(work))


def _add_transfers(router: APIRouter, context: Context) -> None:
    files: Files = context.services.files

    def transfer(caller: Caller, act: Callable[..., Any], wanted: schemas.TransferIn) -> Any:
        def work(who: Principal) -> bytes:
            source, target = RemotePath.parse(wanted.source), RemotePath.parse(wanted.target)
            return schemas.dump(schemas.entry_json(act(who, source, target, conflict=Conflict(wanted.conflict))))

        return caller.run(work)

    @router.post("/move", response_model=schemas.EntryOut, summary="Move or rename")
    async def move(request: Request, wanted: schemas.TransferIn) -> Response:
        return _answer(await transfer(context.caller(request.scope), files.move, wanted))

    @router.post("/copy", response_model=schemas.EntryOut, status_code=201, summary="Copy")
    async def copy(request: Request, wanted: schemas.TransferIn) -> Response:
        return _answer(await transfer(context.caller(request.scope), files.copy, wanted), 201)

    @router.get("/usage", response_model=schemas.UsageOut, summary="What is used and what is left")
    async def usage(request: Request) -> Response:
        caller = context.caller(request.scope)
        return _answer(await caller.run(lambda who: schemas.dump(schemas.usage_json(files.usage(who)))))
