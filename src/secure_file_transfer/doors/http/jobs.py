"""`/api/v1/jobs`: long operations that the server goes on with when nobody waits."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from ...errors import NotFoundError
from ...model import JobId, JobKind, JobState, Principal
from ...services.archive import SELECTION_MAX
from ...services.jobs import Jobs, describe
from . import schemas
from .context import Context

_PathText = Annotated[str, Field(max_length=2 * schemas.TEXT_MAX)]
_Number = Annotated[int, Path(ge=1, lt=1 << 63)]


class RelocateIn(schemas.TransferIn):
    """A copy or move. `target` is the new path itself."""

    kind: Literal["copy", "move"]


class ZipIn(schemas.TakenBody):
    """A ZIP archive of some files and folders, as a file at `target`."""

    kind: Literal["zip"]
    paths: Annotated[list[_PathText], Field(min_length=1, max_length=SELECTION_MAX)]
    target: _PathText
    conflict: schemas.Taken = "skip"


class VerifyIn(schemas.TakenBody):
    """Read everything at a path; `all`: on all drives, which only operators may."""

    kind: Literal["verify"]
    path: _PathText = "/"
    all: bool = False


JobIn = Annotated[RelocateIn | ZipIn | VerifyIn, Field(discriminator="kind")]


class JobsQuery(schemas.TakenBody):
    """Whose: one's own, or everybody's, which only operators see."""

    all: bool = False


class JobErrorOut(BaseModel):
    """Why it failed: a code of the error table, and what happened."""

    code: str
    message: str


class JobOut(BaseModel):
    """A job. Totals are null while nobody knows them; `rate` is in bytes a second, `eta` in seconds.

    `what` is what was asked for. `result` is null until it is done: `path` of what it made, with `size` and `sha256` of
    a file; of a verification `files`, `size`, `damaged_files` and, where the job is asked for alone, `damaged`.
    """

    id: int
    owner: str
    kind: JobKind
    what: dict[str, Any]
    state: JobState
    percent: Annotated[int, Field(ge=0, le=100)]
    size: int
    size_total: int | None
    items: int
    items_total: int | None
    rate: int
    eta: int | None
    message: str
    result: dict[str, Any] | None
    error: JobErrorOut | None
    created: datetime
    started: datetime | None
    ended: datetime | None


class JobsOut(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobOut]


def add_jobs(router: APIRouter, context: Context) -> None:
    """Add the routes. On a server without accounts they answer as if they were not there."""

    def jobs() -> Jobs:
        if context.services.jobs is None:
            raise NotFoundError("There is nothing at this address", hint="This server has no accounts.")
        return context.services.jobs

    @router.get("/jobs", response_model=JobsOut, summary="List jobs")
    async def list_jobs(request: Request, query: Annotated[JobsQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            return schemas.dump({"jobs": [describe(each) for each in jobs().listed(who, everybody=query.all)]})

        return _answer(await context.caller(request.scope).run(work))

    @router.post("/jobs", response_model=JobOut, status_code=202, summary="Begin a job")
    async def begin(request: Request, wanted: JobIn) -> Response:
        what = wanted.model_dump(exclude={"kind"})

        def work(who: Principal) -> bytes:
            return schemas.dump(describe(jobs().begin(who, JobKind(wanted.kind), what), whole=True))

        return _answer(await context.caller(request.scope).run(work), 202)

    @router.get("/jobs/{number}", response_model=JobOut, summary="A job")
    async def get(request: Request, number: _Number) -> Response:
        caller = context.caller(request.scope)
        return _answer(await caller.run(lambda who: schemas.dump(describe(jobs().get(who, JobId(number)), whole=True))))

    @router.post("/jobs/{number}/cancel", response_model=JobOut, summary="Cancel a job")
    async def cancel(request: Request, number: _Number) -> Response:
        caller = context.caller(request.scope)
        return _answer(
            await caller.run(lambda who: schemas.dump(describe(jobs().cancel(who, JobId(number)), whole=True)))
        )

    @router.delete("/jobs/{number}", status_code=204, summary="Forget a job that has ended")
    async def remove(request: Request, number: _Number) -> Response:
        await context.caller(request.scope).run(lambda who: jobs().remove(who, JobId(number)))
        return Response(status_code=204)


def _answer(content: bytes, status: int = 200) -> Response:
    return Response(content, status, {"cache-control": "no-store"}, media_type="application/json")
