"""`/api/v1/limits`, `/api/v1/status` and `/api/v1/server/stop`: how a running server is, and how it is steered."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from ...model import Principal
from ...services.accounts import RATE_MAX
from ...services.limits import CLIENTS_MAX, TEXT_MAX, TRANSFERS_MAX, View
from ...services.operations import Operations
from ...services.status import Details, Public
from ...services.stopping import WITHIN_MAX, Plan
from ...services.traffic import Direction
from .context import Context
from .schemas import TakenBody, dump, write_time

Flag = Annotated[bool, Field(strict=True)]
Rate = Annotated[int, Field(ge=0, le=RATE_MAX, strict=True)]


class LimitsIn(TakenBody):
    """What to change; what is left out stays, and null is what the configuration says. 0 is no limit."""

    clients: Annotated[int, Field(ge=0, le=CLIENTS_MAX, strict=True)] | None = None
    transfers: Annotated[int, Field(ge=0, le=TRANSFERS_MAX, strict=True)] | None = None
    rate_up: Rate | None = None
    rate_down: Rate | None = None
    maintenance: Flag | None = None
    text: Annotated[str, Field(max_length=TEXT_MAX)] | None = None


class LimitValuesOut(BaseModel):
    """Rates are bytes in a second; 0 is no limit. `text` is what those hear who are refused in maintenance."""

    clients: int
    transfers: int
    rate_up: int
    rate_down: int
    maintenance: bool
    text: str


class ChangedOut(BaseModel):
    """When a limit was set, and by whom."""

    at: str
    by: str


class LimitsOut(LimitValuesOut):
    """What holds, what the configuration says, and which limits an operator set otherwise."""

    configured: LimitValuesOut
    changed: dict[str, ChangedOut]


class WaysOut(BaseModel):
    """Of uploads and of downloads."""

    up: float
    down: float


class CountsOut(BaseModel):
    """Of uploads and of downloads."""

    up: int
    down: int


class StopOut(BaseModel):
    """When the server stops: once the transfers that run are done, at the latest in so many seconds; or now."""

    after_transfers: bool
    within_seconds: int | None


class EndingOut(BaseModel):
    """When the server's certificate ends, and whether that is so soon that somebody should see to it."""

    expires: str
    soon: bool


class DetailsOut(BaseModel):
    """What operators see: content moved since the server began, speeds in bytes a second, space in bytes."""

    clients: int
    running: CountsOut
    waiting: CountsOut
    bytes: CountsOut
    speeds: WaysOut
    stored_bytes: int
    stored_files: int
    free_bytes: int
    certificate: EndingOut | None
    limits: LimitValuesOut


class StatusOut(BaseModel):
    """How the server is; `details` is null for those who are no operators."""

    version: str
    since: str
    uptime_seconds: float
    maintenance: bool
    text: str
    stopping: StopOut | None
    details: DetailsOut | None


class LatelyOut(BaseModel):
    """Bytes of content that moved in each step of the last ten minutes, the oldest first."""

    step_seconds: float
    up: list[int]
    down: list[int]


class StopIn(TakenBody):
    """Whether transfers that run may finish, and how long that may take."""

    after_transfers: Flag = True
    within_seconds: Annotated[int, Field(ge=0, le=WITHIN_MAX, strict=True)] | None = None


def add_operations(router: APIRouter, context: Context) -> None:
    """The routes, on a server that has accounts."""
    operations = context.services.operations
    if operations is None:
        return
    _add_limits(router, context, operations)
    _add_status(router, context, operations)


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    return Response(dump(dict(content)), status, {"cache-control": "no-store"}, media_type="application/json")


def _add_limits(router: APIRouter, context: Context, operations: Operations) -> None:
    @router.get("/limits", response_model=LimitsOut, summary="The server's limits")
    async def show_limits(request: Request) -> Response:
        return _json(_limits(await context.caller(request.scope).run(operations.limits.view)))

    @router.patch("/limits", response_model=LimitsOut, summary="Change the server's limits")
    async def change_limits(request: Request, wanted: LimitsIn) -> Response:
        given = wanted.model_dump(include=wanted.model_fields_set)
        return _json(_limits(await context.caller(request.scope).run(lambda who: operations.limits.change(who, given))))


def _add_status(router: APIRouter, context: Context, operations: Operations) -> None:
    @router.get("/status", response_model=StatusOut, summary="How the server is")
    async def show_status(request: Request) -> Response:
        def work(who: Principal) -> dict[str, Any]:
            return _status(operations.status.public(), operations.status.details(who))

        return _json(await context.caller(request.scope).run(work))

    @router.get("/status/lately", response_model=LatelyOut, summary="What moved in the last minutes")
    async def show_lately(request: Request) -> Response:
        found = await context.caller(request.scope).run(operations.status.lately)
        return _json({"step_seconds": found.step_seconds, **{w.name.lower(): n for w, n in found.moved.items()}})

    @router.post("/server/stop", response_model=StopOut, status_code=202, summary="Stop the server")
    async def stop(request: Request, wanted: StopIn) -> Response:
        def work(who: Principal) -> Plan:
            plan = operations.stopping.ask(
                who, after_transfers=wanted.after_transfers, within_seconds=wanted.within_seconds
            )
            operations.stopping.begin()
            return plan

        return _json(asdict(await context.caller(request.scope).run(work)), 202)


def _limits(view: View) -> dict[str, Any]:
    return {
        **asdict(view.values),
        "configured": asdict(view.configured),
        "changed": {name: {"at": write_time(each.at_us), "by": each.by} for name, each in view.changed.items()},
    }


def _status(public: Public, details: Details | None) -> dict[str, Any]:
    return {
        "version": public.version,
        "since": write_time(public.since_us),
        "uptime_seconds": round(public.uptime_seconds, 3),
        "maintenance": public.maintenance,
        "text": public.text,
        "stopping": None if public.stopping is None else asdict(public.stopping),
        "details": None if details is None else _details(details),
    }


def _details(details: Details) -> dict[str, Any]:
    ending = details.certificate

    def ways(values: Mapping[Direction, float]) -> dict[str, float]:
        return {way.name.lower(): round(value) for way, value in values.items()}

    return {
        "clients": details.clients,
        "running": ways(details.running),
        "waiting": ways(details.waiting),
        "bytes": ways(details.bytes),
        "speeds": ways(details.speeds),
        "stored_bytes": details.stored_bytes,
        "stored_files": details.stored_files,
        "free_bytes": details.free_bytes,
        "certificate": None if ending is None else {"expires": write_time(ending.expires_us), "soon": ending.soon},
        "limits": asdict(details.limits),
    }
