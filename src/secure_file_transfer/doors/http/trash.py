"""`/api/v1/trash` and `/api/v1/versions`: what was deleted, and what files were before they were replaced."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from ...errors import NotFoundError
from ...model import Conflict, Kind, Principal, TrashId, VersionId
from ...services.trash import Discarded, Trash
from ...services.versions import Listed, Versions
from .context import Context
from .schemas import EntryOut, Taken, TakenBody, dump, entry_json, write_time

NUMBER_MAX = (1 << 63) - 1
_NUMBER = Annotated[int, Path(ge=1, le=NUMBER_MAX)]


class TrashQuery(TakenBody):
    """Which page of the trash."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 1000
    cursor: Annotated[int | None, Field(ge=1, le=NUMBER_MAX)] = None


class RestoreIn(TakenBody):
    """What happens where the name is taken, as with a move."""

    conflict: Taken = "skip"


class TrashedOut(BaseModel):
    """Something in the trash.

    `folder` is where it lay, `by` who deleted it, and `expires` when it goes for good. `size` and `files` are of all
    that is in it, and null until a large folder was counted.
    """

    id: int
    name: str
    kind: Literal["file", "folder"]
    folder: str
    deleted: datetime
    by: str
    expires: datetime
    size: int | None
    files: int | None


class TrashOut(BaseModel):
    """What was deleted, the last first; `cursor` continues it."""

    entries: list[TrashedOut]
    cursor: int | None


class EmptiedOut(BaseModel):
    """How many entries went."""

    removed: int


class VersionIn(TakenBody):
    """The version that shall be the present one."""

    restore: Annotated[int, Field(ge=1, le=NUMBER_MAX, strict=True)]


class VersionQuery(TakenBody):
    """Which version."""

    version: Annotated[int, Field(ge=1, le=NUMBER_MAX)]


class VersionOut(BaseModel):
    """A version of a file: who wrote it and when, and since when it is only kept, until when.

    `modified` is when its content changed, as its writer said. `by` is empty where nobody remembers.
    """

    number: int
    current: bool
    size: int
    sha256: str
    modified: datetime
    created: datetime
    by: str
    replaced: datetime | None
    expires: datetime | None


class VersionsOut(BaseModel):
    """All versions of a file, the present one first."""

    versions: list[VersionOut]


def add_trash(router: APIRouter, context: Context) -> None:
    """The routes of the trash."""

    def trash() -> Trash:
        if context.services.trash is None:
            raise NotFoundError("There is no trash here", hint="It needs a server with accounts.")
        return context.services.trash

    @router.get("/trash", response_model=TrashOut, summary="What was deleted")
    async def listed(request: Request, query: Annotated[TrashQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            before = None if query.cursor is None else TrashId(query.cursor)
            found, cursor = trash().list(who, before=before, limit=query.limit)
            return dump({"entries": list(map(_trashed_json, found)), "cursor": cursor})

        return _answer(await context.caller(request.scope).run(work))

    @router.post("/trash/{number}/restore", response_model=EntryOut, summary="Put something back")
    async def restore(request: Request, number: _NUMBER, wanted: RestoreIn) -> Response:
        def work(who: Principal) -> bytes:
            return dump(entry_json(trash().restore(who, TrashId(number), Conflict(wanted.conflict))))

        return _answer(await context.caller(request.scope).run(work))

    @router.delete("/trash/{number}", status_code=204, summary="Remove something for good")
    async def remove(request: Request, number: _NUMBER) -> Response:
        await context.caller(request.scope).run(lambda who: trash().remove(who, TrashId(number)))
        return Response(status_code=204)

    @router.delete("/trash", response_model=EmptiedOut, summary="Empty the trash")
    async def empty(request: Request) -> Response:
        return _answer(await context.caller(request.scope).run(lambda who: dump({"removed": trash().empty(who)})))


def add_versions(router: APIRouter, context: Context, named: Any, tree: dict[str, Any]) -> None:
    """The routes of versions. `named` takes the path of a request, and `tree` describes it."""

    def versions() -> Versions:
        if context.services.versions is None:
            raise NotFoundError("There are no versions here", hint="They need a server with accounts.")
        return context.services.versions

    @router.get("/versions/{path}", response_model=VersionsOut, openapi_extra=tree, summary="Versions of a file")
    async def listed(request: Request, path: named) -> Response:
        def work(who: Principal) -> bytes:
            return dump({"versions": list(map(_version_json, versions().list(who, path)))})

        return _answer(await context.caller(request.scope).run(work))

    @router.post("/versions/{path}", response_model=EntryOut, openapi_extra=tree, summary="Restore a version")
    async def restore(request: Request, path: named, wanted: VersionIn) -> Response:
        def work(who: Principal) -> bytes:
            return dump(entry_json(versions().restore(who, path, VersionId(wanted.restore))))

        return _answer(await context.caller(request.scope).run(work))

    @router.delete("/versions/{path}", status_code=204, openapi_extra=tree, summary="Remove a version")
    async def remove(request: Request, path: named, query: Annotated[VersionQuery, Query()]) -> Response:
        await context.caller(request.scope).run(lambda who: versions().remove(who, path, VersionId(query.version)))
        return Response(status_code=204)


def _answer(content: bytes) -> Response:
    return Response(content, 200, {"cache-control": "no-store"}, media_type="application/json")


def _trashed_json(found: Discarded) -> dict[str, Any]:
    trashed = found.trashed
    return {
        "id": trashed.id,
        "name": trashed.node.name,
        "kind": "folder" if trashed.node.kind is Kind.FOLDER else "file",
        "folder": trashed.folder,
        "deleted": write_time(trashed.deleted_us),
        "by": trashed.author,
        "expires": write_time(found.ends_us),
        "size": trashed.size,
        "files": trashed.files,
    }


def _version_json(listed: Listed) -> dict[str, Any]:
    info = listed.info
    return {
        "number": info.id,
        "current": info.kept_us is None,
        "size": info.size,
        "sha256": info.sha256.hex(),
        "modified": write_time(info.modified_us),
        "created": write_time(info.created_us),
        "by": info.author,
        "replaced": None if info.kept_us is None else write_time(info.kept_us),
        "expires": None if listed.ends_us is None else write_time(listed.ends_us),
    }
