"""Chat: conversations with the operators and between accounts, followed live across lost connections."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from ..errors import InvalidNameError, SecureFileTransferError
from ..model import Kind, TimeUs
from ..paths import RemotePath
from .events import Live
from .wire_values import flag, listed, members, text_of, time_us, violation, whole

_CHATS = "/api/v1/chats"
_PAGE = 200
_ASK_SECONDS = 1.0
"""How often somebody who follows a conversation asks for news, while no events tell of them."""
_LIVE_SECONDS = 10.0
"""How often they ask all the same: the way of the events may be cut while all others are whole."""
PEERS = ("operators", "account", "guest")


@dataclass(frozen=True, slots=True)
class ChatSegment:
    """A piece of a message. With a `path` it is a link to what we find there."""

    text: str
    path: str | None
    kind: Kind | None


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message. `sequence` counts within the conversation; `mine`: it is from our side.

    `kind` is as what its sender wrote: `operators`, `account` or `guest`. `id` is the sender's own.
    """

    chat: int
    sequence: int
    id: UUID
    mine: bool
    kind: str
    sender: str
    at_us: TimeUs
    text: str
    segments: tuple[ChatSegment, ...]


@dataclass(frozen=True, slots=True)
class ChatInfo:
    """A conversation with a `peer`: `operators`, who have no name, an `account` or a `guest`.

    Sequence numbers: of the `last` message, the last one that we `read`, and how far the other side is. `gone`: it is a
    guest who has left.
    """

    number: int
    peer: str
    name: str
    last: int
    read: int
    unread: int
    peer_delivered: int
    peer_read: int
    gone: bool
    latest: ChatMessage | None


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message that a search found, and the other side of its conversation, as in `ChatInfo`."""

    peer: str
    name: str
    message: ChatMessage


@dataclass(frozen=True, slots=True)
class ChatNews:
    """What is new in a conversation: messages in order, and how it stands.

    With `trouble` the server cannot be asked at the moment, and is asked again.
    """

    chat: ChatInfo | None
    messages: tuple[ChatMessage, ...] = ()
    trouble: SecureFileTransferError | None = None


class Chatting(Live):
    """The requests about chat; see `AsyncClient`."""

    async def chats(self) -> Sequence[ChatInfo]:
        """Our conversations in which something was said, the latest first; an operator's are those of all operators."""
        found: dict[int, ChatInfo] = {}
        cursor: int | None = None
        while True:
            query = [("limit", str(_PAGE)), *([] if cursor is None else [("before", str(cursor))])]
            answer = await self._call("GET", _CHATS, query=query)
            found |= {each.number: each for each in map(_chat, listed(answer, "chats")) if each.number not in found}
            following = _cursor(answer)
            if following is None:
                return list(found.values())
            if cursor is not None and following >= cursor:
                raise violation("the list of conversations never ends")
            cursor = following

    async def unread_messages(self) -> int:
        """How many messages wait for us; counting stops at 1,000."""
        return whole(members(await self._call("GET", f"{_CHATS}/unread"), "the answer"), "unread")

    async def open_chat(self, to: str | None = None, *, session: int | None = None, private: bool = False) -> ChatInfo:
        """The conversation with an account, or without a name with the operators.

        As an operator we speak as one of the operators to those who are none, unless it is `private`; and reach whoever
        has a `session`, also a guest.

        Raises:
            NotFoundError: there is no such account or session.
            TooManyRequestsError
        """
        values: dict[str, object] = {"to": to, "private": private} if session is None else {"session": session}
        return _chat(await self._call("POST", _CHATS, values))

    async def chat(self, number: int) -> ChatInfo:
        """A conversation of ours. Raises NotFoundError."""
        return _chat(await self._call("GET", f"{_CHATS}/{int(number)}"))

    async def send_message(self, number: int, text: str, *, message_id: UUID | None = None) -> ChatMessage:
        """Say something. After a lost connection it is sent again, and stored once.

        Raises:
            InvalidRequestError: it is empty, longer than 4,000 characters, or holds control characters.
            NotFoundError: there is no such conversation.
            ConflictError: the guest has left.
        """
        values = {"id": str(message_id or uuid4()), "text": text}
        tries = self._retry.begun()
        while True:
            try:
                return _message(await self._call("POST", f"{_CHATS}/{int(number)}/messages", values, expect=(200, 201)))
            except SecureFileTransferError as error:
                if (delay := tries.delay(error)) is None:
                    raise tries.ended(error) from None
                await asyncio.sleep(delay)

    async def chat_messages(
        self, number: int, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> Sequence[ChatMessage]:
        """The last messages, or those before a sequence number or after one; always the oldest first.

        Raises:
            NotFoundError: there is no such conversation.
        """
        return (await self._history(number, before, after, limit))[1]

    async def mark_read(self, number: int, upto: int) -> ChatInfo:
        """Say that everything up to a sequence number was read. Raises NotFoundError."""
        return _chat(await self._call("POST", f"{_CHATS}/{int(number)}/read", {"upto": upto}))

    async def search_messages(
        self, words: str, *, number: int | None = None, limit: int = 50
    ) -> Sequence[FoundMessage]:
        """Messages that hold all of the words, of one conversation or of all, the newest first; at most `limit`.

        Raises:
            InvalidRequestError: no words, or too many.
            NotFoundError: there is no such conversation.
        """
        found: list[FoundMessage] = []
        place = [("query", words), *([] if number is None else [("chat", str(number))])]
        cursor: int | None = None
        while len(found) < limit:
            query = [*place, ("limit", str(min(_PAGE, limit - len(found))))]
            query += [] if cursor is None else [("before", str(cursor))]
            answer = await self._call("GET", f"{_CHATS}/search", query=query)
            found += map(_found, listed(answer, "found"))
            following = _cursor(answer)
            if following is None:
                break
            if cursor is not None and following >= cursor:
                raise violation("the search never ends")
            cursor = following
        return found

    async def follow_chat(self, number: int, after: int) -> AsyncGenerator[ChatNews, None]:
        """News of a conversation as they happen, from after a sequence number on: each message once, in order.

        The first comes at once. Events say when to ask for more, and what is asked for begins after the last that came:
        so nothing is lost or doubled, whatever happens to the connections. Lost ones are waited for, and told. Leave
        the iteration by `contextlib.aclosing`, or close the client.

        Raises:
            NotFoundError: there is no such conversation any more.
            SignInRequiredError, ...: what no waiting mends.
        """
        bell = _Bell()
        listening = asyncio.create_task(self._listen(number, bell))
        try:
            async for news in self._news(number, after, bell):
                yield news
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, number: int, bell: "_Bell") -> None:
        """Ring when something happens in the conversation, as long as the server tells us."""
        try:
            async for event in self.events(topics=["chat"]):
                bell.live = True
                if event.topic == "server" or event.data.get("chat") == number:
                    bell.rung.set()
        except SecureFileTransferError:
            bell.live = False  # whatever it is, those who ask for news meet it too

    async def _news(self, number: int, after: int, bell: "_Bell") -> AsyncIterator[ChatNews]:
        known: ChatInfo | None = None
        tries = self._retry.begun()
        while True:
            bell.rung.clear()
            try:
                info, messages, more = await self._history(number, None, after, _PAGE)
            except SecureFileTransferError as error:
                if not error.retryable:
                    raise
                if tries.failed == 0:
                    yield ChatNews(known, trouble=error)
                await asyncio.sleep(tries.delay(error) or self._retry.ceiling)
                continue
            back, tries = tries.failed > 0, self._retry.begun()
            if messages or info != known or back:
                known, after = info, messages[-1].sequence if messages else after
                yield ChatNews(info, messages)
            if not more:
                with suppress(TimeoutError):
                    await asyncio.wait_for(bell.rung.wait(), _LIVE_SECONDS if bell.live else _ASK_SECONDS)

    async def _history(
        self, number: int, before: int | None, after: int | None, limit: int
    ) -> tuple[ChatInfo, tuple[ChatMessage, ...], bool]:
        """How it stands, messages (the oldest first), and whether there are more."""
        query = [("limit", str(limit))]
        query += [] if before is None else [("before", str(before))]
        query += [] if after is None else [("after", str(after))]
        answer = members(await self._call("GET", f"{_CHATS}/{int(number)}/messages", query=query), "the answer")
        found = sorted(map(_message, listed(answer, "messages")), key=lambda each: each.sequence)
        numbers = [each.sequence for each in found]
        within = (before is None or numbers[-1:] < [before]) and (after is None or numbers[:1] > [after] or not found)
        more = flag(answer, "more")
        if len(set(numbers)) != len(numbers) or not within or any(each.chat != number for each in found):
            raise violation("messages come twice, or were not asked for")
        if more and not found:
            raise violation("a page of messages is empty, and not the last")
        return _chat(answer.get("chat")), tuple(found), more


class _Bell:
    """Rung when it is time to ask for news. `live`: events ring it."""

    def __init__(self) -> None:
        self.rung = asyncio.Event()
        self.live = False


def _chat(value: object) -> ChatInfo:
    values = members(value, "a conversation")
    peer, latest = members(values.get("peer"), "the peer"), values.get("latest")
    return ChatInfo(
        number=whole(values, "id"),
        peer=_kind_of(peer),
        name=text_of(peer, "name"),
        last=whole(values, "last"),
        read=whole(values, "read"),
        unread=whole(values, "unread"),
        peer_delivered=whole(values, "peer_delivered"),
        peer_read=whole(values, "peer_read"),
        gone=flag(values, "gone"),
        latest=None if latest is None else _message(latest),
    )


def _message(value: object) -> ChatMessage:
    values = members(value, "a message")
    text, segments = text_of(values, "text"), tuple(map(_segment, listed(values, "segments")))
    if "".join(each.text for each in segments) != text:
        raise violation("the pieces of a message are not its text")
    return ChatMessage(
        chat=whole(values, "chat"),
        sequence=whole(values, "sequence"),
        id=_uuid(text_of(values, "id")),
        mine=flag(values, "mine"),
        kind=_kind_of(values),
        sender=text_of(values, "sender"),
        at_us=time_us(values.get("at")),
        text=text,
        segments=segments,
    )


def _found(values: Mapping[str, Any]) -> FoundMessage:
    peer = members(values.get("peer"), "the peer")
    return FoundMessage(_kind_of(peer), text_of(peer, "name"), _message(values.get("message")))


def _segment(values: Mapping[str, Any]) -> ChatSegment:
    path, kind = values.get("path"), values.get("kind")
    if path is None:
        return ChatSegment(text_of(values, "text"), None, None)
    try:
        where = str(RemotePath.parse(text_of(values, "path")))
    except InvalidNameError:
        raise violation("a link leads nowhere") from None
    return ChatSegment(text_of(values, "text"), where, Kind.FOLDER if kind == "folder" else Kind.FILE)


def _kind_of(values: Mapping[str, Any]) -> str:
    kind = text_of(values, "kind")
    if kind not in PEERS:
        raise violation("somebody is neither operators, account nor guest")
    return kind


def _uuid(text: str) -> UUID:
    with suppress(ValueError):
        return UUID(text)
    raise violation("the id of a message is no UUID")


def _cursor(answer: object) -> int | None:
    values = members(answer, "the answer")
    return None if values.get("cursor") is None else whole(values, "cursor")
