"""`/api/v1/grants`: what one shares, and what others share with one."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ...errors import NotFoundError
from ...model import LEVELS, Kind, Principal, Rights
from ...paths import RemotePath
from ...services.shares import Given, Shares, Taken
from . import schemas
from .context import Context

_PATH = Annotated[str, Field(max_length=2 * schemas.TEXT_MAX)]
_TO = Annotated[str, Field(min_length=1, max_length=schemas.TEXT_MAX, description="An account, or @ and a group.")]
_MASK = Annotated[int, Field(ge=1, le=15, strict=True, description="read 8, write 4, create 2, delete 1; added up")]
Level = Literal["viewer", "dropbox", "contributor", "editor"]


class GrantIn(BaseModel):
    """What to share with whom; `rights` is a level or a mask."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    path: _PATH
    to: _TO
    rights: Level | _MASK


class RevokeQuery(BaseModel):
    """What not to share any more; without `to`, with nobody."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    path: _PATH
    to: _TO | None = None


class GivenOut(BaseModel):
    """What one shares. `level` is null for a mask that has no name."""

    path: str
    kind: Literal["file", "folder"]
    to: str
    rights: int
    level: Level | None
    since: datetime


class ReceivedOut(BaseModel):
    """What somebody shares with one, and where it is found."""

    path: str
    owner: str
    kind: Literal["file", "folder"]
    rights: int
    level: Level | None


class GrantsOut(BaseModel):
    """Both."""

    given: list[GivenOut]
    received: list[ReceivedOut]


class RevokedOut(BaseModel):
    """How many grants ended."""

    revoked: int


def add_routes(router: APIRouter, context: Context) -> None:
    """The routes of grants."""

    def shares() -> Shares:
        if context.services.shares is None:
            raise NotFoundError("Nothing is shared here", hint="Sharing needs a server with accounts.")
        return context.services.shares

    @router.get("/grants", response_model=GrantsOut, summary="What I share, and what is shared with me")
    async def grants(request: Request) -> Response:
        def work(who: Principal) -> bytes:
            given, received = shares().given(who), shares().received(who)
            return schemas.dump(
                {"given": [_given(each) for each in given], "received": [_received(each) for each in received]}
            )

        return _answer(await context.caller(request.scope).run(work))

    @router.put("/grants", response_model=GivenOut, summary="Share, or share otherwise")
    async def grant(request: Request, wanted: GrantIn) -> Response:
        rights = LEVELS[wanted.rights] if isinstance(wanted.rights, str) else Rights(wanted.rights)

        def work(who: Principal) -> bytes:
            return schemas.dump(_given(shares().grant(who, RemotePath.parse(wanted.path), wanted.to, rights)))

        return _answer(await context.caller(request.scope).run(work))

    @router.delete("/grants", response_model=RevokedOut, summary="Share no more")
    async def revoke(request: Request, query: Annotated[RevokeQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            return schemas.dump({"revoked": shares().revoke(who, RemotePath.parse(query.path), query.to)})

        return _answer(await context.caller(request.scope).run(work))


def _answer(content: bytes) -> Response:
    return Response(content, 200, {"cache-control": "no-store"}, media_type="application/json")


def level_json(rights: Rights) -> dict[str, Any]:
    """A mask, and its name where it has one."""
    return {"rights": int(rights), "level": next((name for name, mask in LEVELS.items() if mask == rights), None)}


def _kind(kind: Kind) -> str:
    return "folder" if kind is Kind.FOLDER else "file"


def _given(each: Given) -> dict[str, Any]:
    who = {"path": str(each.path), "kind": _kind(each.kind), "to": each.to}
    return {**who, **level_json(each.rights), "since": schemas.write_time(each.since_us)}


def _received(each: Taken) -> dict[str, Any]:
    return {"path": str(each.path), "owner": each.owner, "kind": _kind(each.kind), **level_json(each.rights)}
