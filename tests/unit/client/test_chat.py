"""Chat at the client: what it does not believe a server, and how it follows a conversation."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import pytest

from secure_file_transfer.client import chat as module
from secure_file_transfer.client.chat import ChatNews
from secure_file_transfer.client.core import AsyncClient
from secure_file_transfer.client.events import LiveEvent
from secure_file_transfer.errors import (
    ForbiddenError,
    InterruptedTransferError,
    NotFoundError,
    ProtocolViolationError,
    SecureFileTransferError,
    UnreachableError,
)
from secure_file_transfer.model import Kind
from secure_file_transfer.transfer.retry import Retry

CHAT = {
    "id": 4,
    "peer": {"kind": "account", "name": "bob"},
    "last": 2,
    "read": 1,
    "unread": 1,
    "peer_delivered": 0,
    "peer_read": 0,
    "gone": False,
    "latest": None,
}
LINKED = [
    {"text": "see ", "path": None, "kind": None},
    {"text": ":/a", "path": "/Shared/bob/a", "kind": "folder"},
]


def message(sequence: int, **values: Any) -> dict[str, Any]:
    text = values.pop("text", f"text {sequence}")
    return {
        "chat": 4,
        "sequence": sequence,
        "id": str(uuid4()),
        "mine": False,
        "kind": "account",
        "sender": "bob",
        "at": "2026-11-21T09:30:00Z",
        "text": text,
        "segments": [{"text": text, "path": None, "kind": None}],
        **values,
    }


def page(*sequences: int, more: bool = False, **chat: Any) -> dict[str, Any]:
    return {"chat": {**CHAT, **chat}, "messages": [message(each) for each in sequences], "more": more}


class Scripted(AsyncClient):
    """A client whose server gives these answers, or failures, one after the other."""

    def begin(self, *answers: Any, events: Sequence[LiveEvent] | None = None) -> None:
        self.answers, self.asked = list(answers), list[tuple[str, str, Any]]()
        self.told = events

    async def _ask(self, method: str, path: str, values: object = None, **options: Any) -> Any:
        if not self.answers:
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        self.asked.append((method, path, values if values is not None else dict(options.get("query") or ())))
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def events(self, **_: Any) -> AsyncIterator[LiveEvent]:
        if self.told is None:
            raise NotFoundError("There are no events here")
        for event in self.told:
            yield event
        await asyncio.Event().wait()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    monkeypatch.setattr(module, "_ASK_SECONDS", 0.0)
    made = Scripted("nas.example", 5000, token="t")
    made._retry = Retry(first=0.0, ceiling=0.0)
    return made


async def followed(client: Scripted, after: int, count: int) -> list[ChatNews]:
    found: list[ChatNews] = []
    async with asyncio.timeout(10), aclosing(client.follow_chat(4, after)) as news:
        async for each in news:
            found.append(each)
            if len(found) == count:
                break
    return found


def sequences(found: list[ChatNews]) -> list[list[int]]:
    return [[each.sequence for each in news.messages] for news in found]


async def test_what_comes_after_the_last_is_asked_for_again_and_again(client: Scripted) -> None:
    client.begin(page(3, 4, more=True), page(5), page(), page(6, last=6))
    assert sequences(await followed(client, 2, 3)) == [[3, 4], [5], [6]]
    assert [asked[2]["after"] for asked in client.asked] == ["2", "4", "5", "5"]


async def test_marks_are_news_and_nothing_is_none(client: Scripted) -> None:
    client.begin(page(), page(), page(peer_read=2))
    first, second = await followed(client, 2, 2)
    assert first.chat
    assert second.chat
    assert (first.chat.peer_read, second.chat.peer_read, second.messages) == (0, 2, ())


async def test_a_lost_connection_is_told_once_and_nothing_is_lost_or_doubled(client: Scripted) -> None:
    lost = [InterruptedTransferError("cut"), UnreachableError("gone")]
    client.begin(page(1), *lost, page(2), InterruptedTransferError("cut"), page())
    found = await followed(client, 0, 5)
    assert sequences(found) == [[1], [], [2], [], []]
    assert [each.trouble and each.trouble.code for each in found] == [None, "interrupted", None, "interrupted", None]


@pytest.mark.parametrize("error", [NotFoundError("gone"), ForbiddenError("no")])
async def test_what_no_waiting_mends_ends_it(client: Scripted, error: SecureFileTransferError) -> None:
    client.begin(page(1), error)
    with pytest.raises(type(error)):
        await followed(client, 0, 2)


async def test_events_say_when_to_ask(client: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of another conversation's nothing comes; and while events come, nobody asks all the time."""
    monkeypatch.setattr(module, "_LIVE_SECONDS", 1000.0)
    monkeypatch.setattr(module, "_ASK_SECONDS", 1000.0)
    client.begin(
        page(1),
        page(2),
        events=[LiveEvent("1", "chat", "message", {"chat": 5}), LiveEvent("2", "chat", "message", {"chat": 4})],
    )
    assert sequences(await followed(client, 0, 2)) == [[1], [2]]


async def test_a_message_is_sent_again_under_the_same_id(client: Scripted) -> None:
    client.begin(InterruptedTransferError("cut"), UnreachableError("gone"), message(7, mine=True))
    said = await client.send_message(4, "hello")
    assert (said.sequence, said.mine) == (7, True)
    assert len({str(asked[2]) for asked in client.asked}) == 1
    assert len(client.asked) == 3


async def test_what_is_no_message_is_not_sent_again(client: Scripted) -> None:
    client.begin(NotFoundError("no"))
    with pytest.raises(NotFoundError):
        await client.send_message(4, "hello")


async def test_lists_and_searches_go_on_to_their_end(client: Scripted) -> None:
    one = {**CHAT, "latest": message(2, text="see :/a", segments=LINKED)}
    client.begin(
        {"chats": [one], "cursor": 9, "unread": 1}, {"chats": [{**CHAT, "id": 5}], "cursor": None, "unread": 1}
    )
    first, second = await client.chats()
    assert (first.number, first.peer, first.name, second.number) == (4, "account", "bob", 5)
    assert first.latest
    assert [(each.path, each.kind) for each in first.latest.segments] == [(None, None), ("/Shared/bob/a", Kind.FOLDER)]
    peer = {"kind": "operators", "name": ""}
    client.begin({"found": [], "cursor": 9}, {"found": [{"peer": peer, "message": message(1)}], "cursor": None})
    assert [(each.peer, each.message.sequence) for each in await client.search_messages("x", number=4)] == [
        ("operators", 1)
    ]
    assert client.asked[1][2] == {"query": "x", "chat": "4", "limit": "50", "before": "9"}


@pytest.mark.parametrize(
    ("ask", "answers"),
    [
        (lambda c: c.chats(), [{"chats": [CHAT], "cursor": 3}, {"chats": [CHAT], "cursor": 3}]),
        (lambda c: c.search_messages("x"), [{"found": [], "cursor": 3}, {"found": [], "cursor": 4}]),
        (lambda c: c.chats(), [{"chats": "no"}]),
        (lambda c: c.chat(4), [{**CHAT, "peer": {"kind": "root", "name": "x"}}]),
        (lambda c: c.chat(4), [{**CHAT, "last": -1}]),
        (lambda c: c.chat(4), [{**CHAT, "gone": "no"}]),
        (lambda c: c.chat_messages(4), [page(1) | {"messages": [message(1), message(1)]}]),
        (lambda c: c.chat_messages(4, after=1), [page(1)]),
        (lambda c: c.chat_messages(4, before=1), [page(1)]),
        (lambda c: c.chat_messages(4), [page(more=True)]),
        (lambda c: c.chat_messages(5), [page(1)]),
        (lambda c: c.chat_messages(4), [page() | {"messages": [message(1, id="x")]}]),
        (lambda c: c.chat_messages(4), [page() | {"messages": [message(1, at="now")]}]),
        (lambda c: c.chat_messages(4), [page() | {"messages": [message(1, text="a", segments=LINKED)]}]),
        (
            lambda c: c.chat_messages(4),
            [page() | {"messages": [message(1, text="x", segments=[{"text": "x", "path": "/../x", "kind": "file"}])]}],
        ),
    ],
)
async def test_attack_59_a_server_that_lies_is_not_believed(
    client: Scripted, ask: Callable[[AsyncClient], Any], answers: list[Any]
) -> None:
    client.begin(*answers)
    with pytest.raises(ProtocolViolationError):
        await ask(client)
