"""`GET /api/v1/thumbnails/{path}`: small pictures of images and of the first pages of PDFs."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator

from ...errors import BusyError, NotFoundError
from ...model import Principal
from ...services.pictures import Asked, Pictures
from .context import Context
from .schemas import TakenBody, Text

WAITING_MAX = 64
"""Pictures that wait to be drawn. More than a page shows at once; whoever comes later asks again."""
_TYPE = "image/webp"
_DRAWN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture", "content": {_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "Not modified"},
}


def _number(given: object) -> object:
    """A query is text, of which pydantic makes no literal."""
    return int(given) if isinstance(given, str) and given.isascii() and given.isdecimal() and len(given) < 6 else given


class ThumbnailQuery(TakenBody):
    """How large: the most pixels of the longer side. `version` is not read; with it, each version has an address."""

    size: Annotated[Literal[96, 320, 1600], BeforeValidator(_number)] = 320
    version: Text | None = None


def add_thumbnails(router: APIRouter, context: Context, named: Any, tree: dict[str, Any]) -> None:
    """The one route; `named` is the path that the application has read, `tree` describes it."""
    pictures = context.services.pictures

    @router.get(
        "/thumbnails/{path}",
        response_class=Response,
        responses=_DRAWN,
        openapi_extra=tree,
        summary="A small picture of a file",
    )
    async def thumbnail(
        request: Request,
        path: named,
        query: Annotated[ThumbnailQuery, Query()],
    ) -> Response:
        service = _there(pictures)

        def look(who: Principal) -> tuple[Principal, Asked]:
            return who, service.ask(who, path, query.size)

        who, asked = await context.caller(request.scope).run(look)
        headers = {"etag": f'"{asked.etag}-{asked.box}"', "cache-control": "private, no-cache"}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        picture = asked.known
        if picture is None:
            if context.drawing.waiting >= WAITING_MAX:
                raise BusyError("Too many pictures are asked for at once", hint="Try again in a moment.")
            picture = await context.drawing.run(lambda: service.draw(who, asked))
        return Response(picture, headers=headers, media_type=_TYPE)


def _there(pictures: Pictures | None) -> Pictures:
    if pictures is None:
        raise NotFoundError("This server draws no pictures")
    return pictures
