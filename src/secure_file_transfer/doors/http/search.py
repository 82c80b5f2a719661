"""`GET /api/v1/search`: finding files and folders by name."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from ...model import Principal
from ...paths import RemotePath
from ...services.search import LIMIT_MAX, Wanted, search
from . import schemas
from .context import Context

_SIZE_MAX = (1 << 63) - 1


class SearchQuery(schemas.TakenBody):
    """What is looked for below `path`; at least one of `name`, `kind`, `since` and `larger`."""

    path: Annotated[str, Field(max_length=2 * schemas.TEXT_MAX)] = "/"
    name: Annotated[str, Field(max_length=500)] = ""
    kind: Literal["file", "folder", "archive", "audio", "code", "image", "sheet", "text", "video"] | None = None
    since: Annotated[str | None, Field(max_length=40)] = None
    larger: Annotated[int | None, Field(ge=0, le=_SIZE_MAX)] = None
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = 200
    cursor: Annotated[str | None, Field(max_length=4 * schemas.TEXT_MAX)] = None


def add_search(router: APIRouter, context: Context) -> None:
    """Add the route."""
    files = context.services.files

    @router.get("/search", response_model=schemas.PageOut, summary="Find files and folders by name")
    async def find(request: Request, query: Annotated[SearchQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            since = None if query.since is None else schemas.read_time(query.since)
            wanted = Wanted(query.name, query.kind, since, query.larger)
            path = RemotePath.parse(query.path)
            page = search(files, who, path, wanted, cursor=query.cursor or None, limit=query.limit)
            return schemas.dump(schemas.page_json(page))

        content = await context.caller(request.scope).run(work)
        return Response(content, 200, {"cache-control": "no-store"}, media_type="application/json")
