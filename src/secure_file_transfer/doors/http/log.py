"""The log: page by page, as it grows, and whole, as a file."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from ...errors import InvalidRequestError
from ...model import Category, LogFilter, Principal, Severity
from ...services.log import LIMIT_MAX, Log, LogPage
from ...services.log_export import MEDIA_TYPES, Form
from ...services.log_text import record_json
from . import schemas
from .context import Context
from .downloads import close_all
from .workers import Pull


class LogQuery(schemas.TakenBody):
    """Which events. Times are as everywhere on the wire; what is not given filters nothing."""

    since: str | None = None
    until: str | None = None
    category: list[Category] = Field([], max_length=len(Category))
    severity: Severity = Severity.DEBUG
    actor: str = Field("", max_length=256)
    address: str = Field("", max_length=256)
    door: str = Field("", max_length=32)
    session: int | None = Field(None, ge=1, lt=1 << 63)
    request: str = Field("", max_length=64)
    search: str = Field("", max_length=256)
    mine: bool = False

    def wanted(self) -> LogFilter:
        """In the words of the service. Raises InvalidRequestError for a time that is none."""
        return LogFilter(
            since_us=None if self.since is None else schemas.read_time(self.since),
            until_us=None if self.until is None else schemas.read_time(self.until),
            categories=tuple(self.category),
            severity=self.severity,
            actor=self.actor,
            address=self.address,
            door=self.door,
            session=self.session,
            request=self.request,
            search=self.search,
        )


class LogPageQuery(LogQuery):
    """Which of them now: the latest, those before a `cursor`, or those that came `after` a number."""

    cursor: str | None = Field(None, max_length=64)
    after: int | None = Field(None, ge=0, lt=1 << 63)
    limit: int = Field(100, ge=1, le=LIMIT_MAX)


class ExportQuery(LogQuery):
    """Which events, and as what kind of file."""

    format: Form


class LogEventOut(BaseModel):
    """One event. Empty is what is not known."""

    number: int
    time: str
    severity: str
    category: str
    kind: str
    actor: str
    address: str
    door: str
    text: str
    target: str
    session: int | None
    request: str


class LogOut(BaseModel):
    """Some events. `cursor` leads to older ones; `last` is the number to give as `after` for those still to come."""

    events: list[LogEventOut]
    cursor: str | None
    last: int


def add_log(router: APIRouter, context: Context) -> None:
    """The routes of the log."""
    log = context.services.log
    if log is None:
        return

    @router.get("/log", response_model=LogOut, summary="What happened; `mine` is what one did oneself")
    async def events(request: Request, query: Annotated[LogPageQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            return schemas.dump(_page(_asked(log, who, query)))

        content = await context.caller(request.scope).run(work)
        return Response(content, headers={"cache-control": "no-store"}, media_type="application/json")

    @router.get("/log/export", response_class=Response, summary="The log as a file, the oldest event first")
    async def export(request: Request, query: Annotated[ExportQuery, Query()]) -> Response:
        def begin(who: Principal) -> tuple[Iterator[bytes], bytes]:
            pieces = log.export(who, query.wanted(), query.format, mine=query.mine)
            return pieces, next(pieces, b"")  # whatever is wrong is told before the first byte leaves

        pieces, first = await context.caller(request.scope).run(begin)
        name = f'attachment; filename="log.{query.format}"'
        return StreamingResponse(
            _sent(context, pieces, first),
            headers={"cache-control": "no-store", "content-disposition": name},
            media_type=MEDIA_TYPES[query.format],
        )


def _asked(log: Log, who: Principal, query: LogPageQuery) -> LogPage:
    if query.after is None:
        return log.newest(who, query.wanted(), cursor=query.cursor, limit=query.limit, mine=query.mine)
    if query.cursor is not None:
        raise InvalidRequestError("A cursor leads to what was, and after to what comes: give one of them")
    return log.after(who, query.wanted(), query.after, limit=query.limit, mine=query.mine)


def _page(page: LogPage) -> dict[str, Any]:
    return {"events": [record_json(each) for each in page.records], "cursor": page.cursor, "last": page.last}


async def _sent(context: Context, pieces: Iterator[bytes], first: bytes) -> AsyncIterator[bytes]:
    """A step at a time in a worker thread; a reader that leaves ends it."""
    pull = Pull(context.workers, pieces, lambda: close_all(pieces))
    try:
        pull.ahead()
        piece: bytes | None = first
        while piece is not None:
            if piece:
                yield piece
            piece = await pull.step()
    finally:
        pull.close()
