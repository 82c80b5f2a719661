"""`/api/v1/links`: rights on one's own files for whoever holds a URL, and the session of a visitor."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ...errors import NotFoundError
from ...model import LEVELS, Kind, Link, LinkId, Principal, Rights, TimeUs
from ...paths import RemotePath
from ...services.links import Links, Placed, Terms
from ...services.sessions import Visit
from . import cookies, schemas
from .context import DOOR, Context, joined_fields
from .sharing import Level

_MASK = Annotated[int, Field(ge=1, le=15, strict=True, description="read 8, write 4, create 2, delete 1; added up")]
_SECRET = Annotated[str, Field(max_length=schemas.TEXT_MAX, repr=False)]
_PASSWORD = Annotated[str | None, Field(max_length=schemas.TEXT_MAX, repr=False)]
_NUMBER = Annotated[int, Path(ge=1, lt=1 << 63)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class LinkIn(_Body):
    """What to give to whoever holds the URL; `rights` is a level or a mask."""

    path: Annotated[str, Field(max_length=2 * schemas.TEXT_MAX)]
    rights: Level | _MASK = "viewer"
    password: _PASSWORD = None
    expires: schemas.Text | None = None
    downloads: Annotated[int | None, Field(ge=1, strict=True)] = None
    name: schemas.Text = ""


class OpenIn(_Body):
    """A link's secret, and its password where it has one. `name` is what the visitor wants to be called."""

    secret: _SECRET
    password: _PASSWORD = None
    name: schemas.Text = ""
    cookie: bool = False
    """For pages in a browser, as with signing in."""


class LinkOut(BaseModel):
    """A link, for whoever made it. `secret` follows `/s/` in its URL; it is null in lists."""

    id: int
    path: str
    kind: Literal["file", "folder"]
    rights: int
    level: Level | None
    name: str
    protected: bool
    created: datetime
    expires: datetime | None
    downloads: int
    downloads_max: int | None
    used: datetime | None
    secret: str | None


class LinksOut(BaseModel):
    """Links, the oldest first."""

    links: list[LinkOut]


class VisitedOut(BaseModel):
    """A link as its visitor sees it. `target` is the name of the file or folder, `downloads_left` null for no limit."""

    owner: str
    name: str
    target: str
    kind: Literal["file", "folder"]
    rights: int
    level: Level | None
    expires: datetime | None
    downloads_left: int | None


class OpenOut(BaseModel):
    """A visitor's session. The token is shown this once; with a cookie it is null here. `guest` is its name."""

    token: str | None
    expires: datetime
    guest: str
    link: VisitedOut


def add_links(router: APIRouter, context: Context) -> None:
    """The routes of links."""

    def links() -> Links:
        if context.services.links is None:
            raise NotFoundError("There are no links here", hint="Links need a server with accounts.")
        return context.services.links

    _add_making(router, context, links)
    _add_own(router, context, links)
    _add_visits(router, context, links)


def _add_own(router: APIRouter, context: Context, links: Callable[[], Links]) -> None:
    @router.get("/links", response_model=LinksOut, summary="My links")
    async def listed(request: Request) -> Response:
        def work(who: Principal) -> bytes:
            return schemas.dump({"links": [link_json(each) for each in links().listed(who)]})

        return _answer(await context.caller(request.scope).run(work))

    @router.get("/links/{number}", response_model=LinkOut, summary="A link of mine, with its secret")
    async def show(request: Request, number: _NUMBER) -> Response:
        def work(who: Principal) -> bytes:
            return schemas.dump(link_json(links().show(who, LinkId(number))))

        return _answer(await context.caller(request.scope).run(work))

    @router.delete("/links/{number}", status_code=204, summary="End a link")
    async def revoke(request: Request, number: _NUMBER) -> Response:
        await context.caller(request.scope).run(lambda who: links().revoke(who, LinkId(number)))
        return Response(status_code=204)


def _add_making(router: APIRouter, context: Context, links: Callable[[], Links]) -> None:
    @router.post("/links", response_model=LinkOut, status_code=201, summary="Make a link")
    async def create(request: Request, wanted: LinkIn) -> Response:
        caller = context.caller(request.scope)
        terms = Terms(
            LEVELS[wanted.rights] if isinstance(wanted.rights, str) else Rights(wanted.rights),
            wanted.password,
            None if wanted.expires is None else schemas.read_time(wanted.expires),
            wanted.downloads,
            wanted.name,
        )

        def work() -> bytes:
            return schemas.dump(link_json(links().create(caller.principal(), RemotePath.parse(wanted.path), terms)))

        if wanted.password is None:
            return _answer(await context.workers.run(work), 201)
        await caller.run(lambda who: who)  # whoever is not signed in does not get to hash anything
        return _answer(await context.sign(caller, work), 201)


def _add_visits(router: APIRouter, context: Context, links: Callable[[], Links]) -> None:
    @router.post(
        "/links/open",
        response_model=OpenOut,
        status_code=201,
        openapi_extra={"security": []},
        summary="Visit a link",
    )
    async def open_link(request: Request, wanted: OpenIn) -> Response:
        caller, service = context.caller(request.scope), links()
        fields = joined_fields(request.scope["headers"])
        cookies.require_own_page(request.scope, fields, strictly=wanted.cookie)

        def work() -> Visit:
            return service.open(
                wanted.secret,
                wanted.password,
                door=DOOR,
                address=caller.address,
                agent=caller.agent,
                name=wanted.name,
            )

        asked = context.workers.run(work) if wanted.password is None else context.sign(caller, work)
        visit = await asked
        answer = _answer(schemas.dump(_visit_json(visit, cookie=wanted.cookie)), 201)
        if wanted.cookie:
            answer.headers["set-cookie"] = cookies.written(visit)
        return answer


def _answer(content: bytes, status: int = 200) -> Response:
    return Response(content, status, {"cache-control": "no-store"}, media_type="application/json")


def _when(time: TimeUs | None) -> str | None:
    return None if time is None else schemas.write_time(time)


def _given(link: Link) -> dict[str, Any]:
    level = next((name for name, mask in LEVELS.items() if mask == link.rights), None)
    return {
        "name": link.name,
        "kind": "folder" if link.kind is Kind.FOLDER else "file",
        "rights": int(link.rights),
        "level": level,
        "expires": _when(link.expires_us),
    }


def front_json(placed: Placed) -> dict[str, Any]:
    """The link that the whole server is there for."""
    link = placed.link
    return {
        "secret": placed.secret,
        "target": link.target,
        "protected": link.protected,
        **{key: value for key, value in _given(link).items() if key != "level"},
    }


def link_json(placed: Placed) -> dict[str, Any]:
    """A link, for its maker."""
    link = placed.link
    return {
        "id": link.id,
        "path": str(placed.path),
        **_given(link),
        "protected": link.protected,
        "created": schemas.write_time(link.created_us),
        "downloads": link.downloads,
        "downloads_max": link.downloads_max,
        "used": _when(link.used_us),
        "secret": placed.secret,
    }


def _visit_json(visit: Visit, *, cookie: bool) -> dict[str, Any]:
    link = visit.link
    return {
        "token": None if cookie else visit.token,
        "expires": schemas.write_time(visit.session.expires_us),
        "guest": visit.session.guest,
        "link": {**_given(link), "owner": link.owner, "target": link.target, "downloads_left": link.left},
    }
