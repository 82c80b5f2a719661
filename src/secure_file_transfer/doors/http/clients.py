"""`/api/v1/clients` and `/api/v1/warnings`: who is here, and what operators do to them."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ...errors import InvalidRequestError
from ...model import Principal
from ...services.control import Control, Kick, warning_json
from ...services.presence import Presence, client_json
from . import schemas
from .context import Context

Id = Annotated[str, Path(max_length=64, description="As the list of clients says it.")]
Number = Annotated[int, Path(ge=1, lt=1 << 63)]


class ClientOut(BaseModel):
    """A client; see `docs/protocol.md`."""

    id: str
    name: str
    kind: Literal["account", "visitor", "token", "guest", "unknown"]
    session: int | None
    door: str
    address: str
    agent: str
    device: int | None
    since: datetime
    state: Literal["signing in", "idle", "listing", "downloading", "uploading", "paused", "chatting"]
    path: str
    bytes: int
    size: int | None
    percent: int | None
    files: int
    rate: int
    eta: int | None
    received: int
    sent: int


class ClientsOut(BaseModel):
    """All clients that one may see."""

    clients: list[ClientOut]


class KickIn(BaseModel):
    """How to end a client."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field("", max_length=2000)
    block_minutes: int = Field(0, ge=0)
    block_address: bool = False


class WarnIn(BaseModel):
    """What to warn of."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=2000)


class WarnManyIn(WarnIn):
    """The same, and whom: an account, or with `everybody` all who are here."""

    account: str | None = None
    everybody: bool = False


class WarningOut(BaseModel):
    """A warning. With `session` it is for that session only."""

    id: int
    to: str
    session: int | None
    author: str
    text: str
    created: datetime
    acknowledged: datetime | None


class WarningsOut(BaseModel):
    """Warnings."""

    warnings: list[WarningOut]


class WarningsQuery(BaseModel):
    """Whose."""

    model_config = ConfigDict(extra="forbid")

    all: bool = False


def add_clients(router: APIRouter, context: Context) -> None:
    """The routes, on a server that has accounts."""
    live = context.services.live
    if live is None:
        return
    _add_list(router, context, live.presence)
    _add_acts(router, context, live.control)
    _add_warnings(router, context, live.control)


def _answer(content: bytes, status: int = 200) -> Response:
    return Response(content, status, {"cache-control": "no-store"}, media_type="application/json")


def _add_list(router: APIRouter, context: Context, presence: Presence) -> None:
    @router.get("/clients", response_model=ClientsOut, summary="Who is here, and what they do")
    async def clients(request: Request) -> Response:
        def work(who: Principal) -> bytes:
            return schemas.dump({"clients": [client_json(each) for each in presence.listed(who)]})

        return _answer(await context.caller(request.scope).run(work))


def _add_acts(router: APIRouter, context: Context, control: Control) -> None:
    async def act(request: Request, work: Callable[[Principal], object]) -> Response:
        await context.caller(request.scope).run(work)
        return Response(status_code=204)

    @router.post("/clients/{number}/kick", status_code=204, summary="End a client")
    async def kick(request: Request, number: Id, wanted: KickIn) -> Response:
        how = Kick(wanted.reason, wanted.block_minutes, wanted.block_address)
        return await act(request, lambda who: control.kick(who, number, how))

    @router.post("/clients/{number}/pause", status_code=204, summary="Hold what a client moves")
    async def pause(request: Request, number: Id) -> Response:
        return await act(request, lambda who: control.pause(who, number, paused=True))

    @router.post("/clients/{number}/resume", status_code=204, summary="Let it go on")
    async def resume(request: Request, number: Id) -> Response:
        return await act(request, lambda who: control.pause(who, number, paused=False))

    @router.post("/clients/{number}/warnings", response_model=WarningOut, status_code=201, summary="Warn a client")
    async def warn(request: Request, number: Id, wanted: WarnIn) -> Response:
        def work(who: Principal) -> bytes:
            return schemas.dump(warning_json(control.warn(who, number, wanted.text)))

        return _answer(await context.caller(request.scope).run(work), 201)


def _add_warnings(router: APIRouter, context: Context, control: Control) -> None:
    def listed(found: Any) -> bytes:
        return schemas.dump({"warnings": [warning_json(each) for each in found]})

    @router.get("/warnings", response_model=WarningsOut, summary="Warnings that stand; for operators, all")
    async def warnings(request: Request, query: Annotated[WarningsQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            return listed(control.sent(who) if query.all else control.warnings(who))

        return _answer(await context.caller(request.scope).run(work))

    @router.post("/warnings", response_model=WarningsOut, status_code=201, summary="Warn an account, or everybody")
    async def warn(request: Request, wanted: WarnManyIn) -> Response:
        if wanted.everybody == (wanted.account is not None):
            raise InvalidRequestError("It is not clear who is to be warned", hint="Send account, or everybody.")

        def work(who: Principal) -> bytes:
            if wanted.account is None:
                return listed(control.warn_all(who, wanted.text))
            return listed([control.warn_account(who, wanted.account, wanted.text)])

        return _answer(await context.caller(request.scope).run(work), 201)

    @router.post("/warnings/{number}/acknowledge", status_code=204, summary="Say that a warning was read")
    async def acknowledge(request: Request, number: Number) -> Response:
        await context.caller(request.scope).run(lambda who: control.acknowledge(who, number))
        return Response(status_code=204)
