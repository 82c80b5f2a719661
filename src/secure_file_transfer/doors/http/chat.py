"""`/api/v1/chats`: conversations with the operators, and between accounts."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from ...errors import InvalidRequestError, NotFoundError
from ...model import Kind, Principal, SessionId
from ...ports.chat import ChatId
from ...services.chat import PAGE_MAX, Chats, History, Said, Talk
from ...services.chat_seats import Peer
from ...services.chat_text import TEXT_MAX
from . import schemas
from .context import Context

_Number = Annotated[int, Path(ge=1, lt=1 << 63)]
_Mark = Annotated[int, Field(ge=0, lt=1 << 63)]
_Limit = Annotated[int, Field(ge=1, le=PAGE_MAX)]
PeerKind = Literal["operators", "account", "guest"]


class OpenChatIn(schemas.TakenBody):
    """Whom to talk to: an account, whoever has a `session` (for operators), or else the operators.

    `private`: an operator speaks for itself.
    """

    to: schemas.Text | None = None
    session: Annotated[int | None, Field(ge=1, lt=1 << 63)] = None
    private: bool = False


class MessageIn(schemas.TakenBody):
    """What to say. The `id` is the sender's own: sent again, it is the same message."""

    id: UUID
    text: Annotated[str, Field(max_length=4 * TEXT_MAX)]


class ReadIn(schemas.TakenBody):
    """All up to this sequence number was read."""

    upto: _Mark


class ChatsQuery(schemas.TakenBody):
    """Where to go on."""

    before: _Mark | None = None
    limit: _Limit = 100


class HistoryQuery(schemas.TakenBody):
    """Before a sequence number, the newest first; or after one, the oldest first."""

    before: _Mark | None = None
    after: _Mark | None = None
    limit: _Limit = 50


class SearchQuery(schemas.TakenBody):
    """Words, each of which has to be there; in one conversation, or in all."""

    query: schemas.Text
    chat: Annotated[int | None, Field(ge=1, lt=1 << 63)] = None
    before: _Mark | None = None
    limit: _Limit = 50


class PeerOut(BaseModel):
    """Whom one talks to; of the operators the name is empty."""

    kind: PeerKind
    name: str


class SegmentOut(BaseModel):
    """A piece of a text; with a path it is a link to what the reader finds there."""

    text: str
    path: str | None
    kind: Literal["file", "folder"] | None


class MessageOut(BaseModel):
    """A message. `mine`: it is from the reader's side; `kind` is as what its sender wrote."""

    chat: int
    sequence: int
    id: UUID
    mine: bool
    kind: PeerKind
    sender: str
    at: datetime
    text: str
    segments: list[SegmentOut]


class ChatOut(BaseModel):
    """A conversation. Sequence numbers: the `last` message, what the reader has `read`, what reached the other side.

    `gone`: it is a guest who has left. `as_operators`: it is in the inbox that the operators share.
    """

    id: int
    peer: PeerOut
    last: int
    read: int
    unread: int
    peer_delivered: int
    peer_read: int
    gone: bool
    as_operators: bool
    latest: MessageOut | None


class ChatsOut(BaseModel):
    """Conversations, the latest first. `cursor` goes on as `before`, null at the end; `unread` counts all."""

    chats: list[ChatOut]
    cursor: int | None
    unread: int


class UnreadOut(BaseModel):
    """How many messages wait; counting stops at 1,000."""

    unread: int


class HistoryOut(BaseModel):
    """Messages, how the conversation stands, and whether there are more further on."""

    chat: ChatOut
    messages: list[MessageOut]
    more: bool


class FoundMessageOut(BaseModel):
    """A message, and the other side of its conversation."""

    peer: PeerOut
    message: MessageOut


class FoundOut(BaseModel):
    """What was found, the newest first. `cursor` goes on as `before`, null at the end."""

    found: list[FoundMessageOut]
    cursor: int | None


def add_chat(router: APIRouter, context: Context) -> None:
    """Add the routes. On a server without accounts they answer as if they were not there."""

    def chats() -> Chats:
        if context.services.chats is None:
            raise NotFoundError("There is nothing at this address", hint="This server has no accounts.")
        return context.services.chats

    _add_chats(router, context, chats)
    _add_looking(router, context, chats)
    _add_messages(router, context, chats)


def _add_chats(router: APIRouter, context: Context, chats: Callable[[], Chats]) -> None:
    @router.get("/chats", response_model=ChatsOut, summary="My conversations")
    async def listed(request: Request, query: Annotated[ChatsQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            found, cursor = chats().talks(who, before=query.before, limit=query.limit)
            return schemas.dump(
                {"chats": [chat_json(each) for each in found], "cursor": cursor, "unread": chats().unread(who)}
            )

        return _answer(await context.caller(request.scope).run(work))

    @router.post("/chats", response_model=ChatOut, summary="The conversation with somebody")
    async def begin(request: Request, wanted: OpenChatIn) -> Response:
        if wanted.session is not None and wanted.to is not None:
            raise InvalidRequestError("A name and a session are two", hint="Give one of them.")

        def work(who: Principal) -> bytes:
            if wanted.session is not None:
                return schemas.dump(chat_json(chats().open_session(who, SessionId(wanted.session))))
            return schemas.dump(chat_json(chats().open(who, wanted.to, private=wanted.private)))

        return _answer(await context.caller(request.scope).run(work))


def _add_looking(router: APIRouter, context: Context, chats: Callable[[], Chats]) -> None:
    @router.get("/chats/unread", response_model=UnreadOut, summary="How many messages wait for me")
    async def unread(request: Request) -> Response:
        return _answer(
            await context.caller(request.scope).run(lambda who: schemas.dump({"unread": chats().unread(who)}))
        )

    @router.get("/chats/search", response_model=FoundOut, summary="Search my conversations")
    async def search(request: Request, query: Annotated[SearchQuery, Query()]) -> Response:
        chat = None if query.chat is None else ChatId(query.chat)

        def work(who: Principal) -> bytes:
            found = chats().search(who, query.query, chat_id=chat, before=query.before, limit=query.limit)
            told = [{"peer": _peer_json(peer), "message": message_json(said)} for peer, said in found.messages]
            return schemas.dump({"found": told, "cursor": found.cursor})

        return _answer(await context.caller(request.scope).run(work))

    @router.get("/chats/{number}", response_model=ChatOut, summary="A conversation of mine")
    async def show(request: Request, number: _Number) -> Response:
        return _answer(
            await context.caller(request.scope).run(
                lambda who: schemas.dump(chat_json(chats().talk(who, ChatId(number))))
            )
        )


def _add_messages(router: APIRouter, context: Context, chats: Callable[[], Chats]) -> None:
    @router.get("/chats/{number}/messages", response_model=HistoryOut, summary="What was said")
    async def history(request: Request, number: _Number, query: Annotated[HistoryQuery, Query()]) -> Response:
        def work(who: Principal) -> bytes:
            found = chats().history(who, ChatId(number), before=query.before, after=query.after, limit=query.limit)
            return schemas.dump(_history_json(found))

        return _answer(await context.caller(request.scope).run(work))

    @router.post(
        "/chats/{number}/messages",
        response_model=MessageOut,
        status_code=201,
        responses={200: {"model": MessageOut, "description": "It was sent before."}},
        summary="Say something",
    )
    async def send(request: Request, number: _Number, wanted: MessageIn) -> Response:
        def work(who: Principal) -> tuple[bytes, bool]:
            said, new = chats().send(who, ChatId(number), wanted.id, wanted.text)
            return schemas.dump(message_json(said)), new

        content, new = await context.caller(request.scope).run(work)
        return _answer(content, 201 if new else 200)

    @router.post("/chats/{number}/read", response_model=ChatOut, summary="Mark as read")
    async def read(request: Request, number: _Number, wanted: ReadIn) -> Response:
        return _answer(
            await context.caller(request.scope).run(
                lambda who: schemas.dump(chat_json(chats().read(who, ChatId(number), wanted.upto)))
            )
        )


def chat_json(talk: Talk) -> dict[str, Any]:
    """A Chat."""
    return {
        "id": talk.id,
        "peer": _peer_json(talk.peer),
        "last": talk.last,
        "read": talk.read,
        "unread": talk.unread,
        "peer_delivered": talk.peer_delivered,
        "peer_read": talk.peer_read,
        "gone": talk.gone,
        "as_operators": talk.as_operators,
        "latest": None if talk.latest is None else message_json(talk.latest),
    }


def message_json(said: Said) -> dict[str, Any]:
    """A Message."""
    return {
        "chat": said.chat,
        "sequence": said.sequence,
        "id": str(said.id),
        "mine": said.mine,
        "kind": said.kind,
        "sender": said.sender,
        "at": schemas.write_time(said.at_us),
        "text": said.text,
        "segments": [{"text": each.text, "path": each.path, "kind": _kind(each.kind)} for each in said.segments],
    }


def _history_json(history: History) -> dict[str, Any]:
    return {
        "chat": chat_json(history.talk),
        "messages": [message_json(each) for each in history.messages],
        "more": history.more,
    }


def _peer_json(peer: Peer) -> dict[str, str]:
    return {"kind": peer.kind, "name": peer.name}


def _kind(kind: Kind | None) -> str | None:
    return None if kind is None else "folder" if kind is Kind.FOLDER else "file"


def _answer(content: bytes, status: int = 200) -> Response:
    return Response(content, status, {"cache-control": "no-store"}, media_type="application/json")
