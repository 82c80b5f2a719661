"""`sft chat`: talk with the operators, or with another account."""

import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from ...model import Kind, Role
from .chat_lines import Lines, chat_rows, peer_name
from .connection import connected, run
from .failures import UsageError
from .options import Flag, Json, Quiet, Server
from .terminal import count_text, is_terminal, note, out, print_table, prompt, width
from .values import print_json, time_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...client import AsyncClient, ChatInfo, ChatMessage, FoundMessage

LAST = 20
_STDIN_MAX = 64 * 1024
_PIPE_COLUMNS = 10_000
"""Lines of a pipe are not broken."""
_HEAD = ["ID", "WITH", "UNREAD", "LAST", "MESSAGE"]


def chat(
    user: Annotated[str | None, Parameter(metavar="USER")] = None,
    /,
    *,
    send: Annotated[str | None, Parameter(metavar="TEXT")] = None,
    list_: Annotated[bool, Parameter(name="--list", alias="-l", negative="", show_default=False)] = False,
    search: Annotated[str | None, Parameter(metavar="WORDS")] = None,
    last: Annotated[int | None, Parameter(metavar="N", validator=Number(gte=1, lte=200))] = None,
    id_: Annotated[int | None, Parameter(name="--id", metavar="N", validator=Number(gte=1))] = None,
    session: Annotated[int | None, Parameter(metavar="N", validator=Number(gte=1))] = None,
    private: Annotated[bool, Flag] = False,
    server: Server = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Talk with the operators of the server, or with USER.

    Messages are kept: whoever is away finds them later. ':/path' in a message becomes a link for those who may read
    it. Operators share one inbox; without USER they see it and choose. What comes by a pipe is sent as one message.

        sft chat
        sft chat sara
        sft chat sara --send 'the scans are in :/scans'
        df -h | sft chat

    Args:
        user: Whom to talk to; the operators by default.
        send: Send this and leave.
        list_: List your conversations, and how many messages wait in each.
        search: Find messages that hold all of these words; in all conversations, or in that with USER.
        last: Print the last N messages and leave; they stay unread.
        id_: The conversation that 'sft chat --list' shows under this number, such as one with a guest.
        session: As an operator: whoever has the session of this number, also a guest.
        private: As an operator: talk to USER for yourself, not for all operators.
    """
    if sum((send is not None, list_, search is not None, last is not None)) > 1:
        raise UsageError("--send, --list, --search and --last are different things", hint="Give one of them.")
    if sum(each is not None for each in (user, id_, session)) > 1:
        raise UsageError("USER, --id and --session name a conversation each", hint="Give one of them.")
    place = _Place(user, id_, session, private=private)
    if list_:
        return _list(server, json=json)
    if search is not None:
        return _search(server, place, search, json=json)
    text = send if send is not None or last is not None else _piped()
    if text is not None:
        return _send(server, place, text, json=json, quiet=quiet)
    if last is not None or json or not is_terminal(sys.stdout):
        return _last(server, place, last or LAST, json=json)
    return _talk(server, place)


class _Place:
    """Which conversation is meant."""

    def __init__(
        self, user: str | None = None, number: int | None = None, session: int | None = None, *, private: bool = False
    ) -> None:
        self.user, self.number, self.session, self.private = user, number, session, private

    @property
    def named(self) -> bool:
        """Whether somebody said which."""
        return self.user is not None or self.number is not None or self.session is not None

    async def find(self, client: "AsyncClient") -> "ChatInfo":
        """The conversation. Raises NotFoundError."""
        if self.number is not None:
            return await client.chat(self.number)
        return await client.open_chat(self.user, session=self.session, private=self.private)


def _piped() -> str | None:
    """What comes by a pipe, without the line's end."""
    if is_terminal(sys.stdin):
        return None
    data = sys.stdin.buffer.read(_STDIN_MAX + 1)
    if len(data) > _STDIN_MAX:
        raise UsageError("That is too long for a message", hint="Send it as a file: sft put.")
    try:
        text = data.decode().replace("\r\n", "\n").strip("\n")
    except UnicodeDecodeError:
        raise UsageError("The message is not UTF-8", hint="Send it as a file: sft put.") from None
    if not text:
        raise UsageError("There is no message, and no terminal to type one", hint="Give it with --send.")
    return text


def _list(server: str | None, *, json: bool) -> int:
    found = _listed(server)
    if json:
        print_json([_chat_value(each) for each in found])
        return 0
    _print_chats(found)
    if not found:
        note("Nothing was said yet. 'sft chat' writes to the operators.", quiet=not is_terminal(sys.stderr))
    return 0


def _listed(server: str | None) -> "Sequence[ChatInfo]":
    async def work() -> "Sequence[ChatInfo]":
        async with connected(server) as client:
            return await client.chats()

    return run(work())


def _print_chats(chats: "Sequence[ChatInfo]") -> None:
    print_table(_HEAD, chat_rows(chats, width() if is_terminal(sys.stdout) else _PIPE_COLUMNS))


def _search(server: str | None, place: _Place, words: str, *, json: bool) -> int:
    async def work() -> "tuple[Sequence[FoundMessage], str | None]":
        async with connected(server) as client:
            number = (await place.find(client)).number if place.named else None
            return await client.search_messages(words, number=number), await _own_name(client)

    found, me = run(work())
    if json:
        print_json([{"peer": _peer(each.peer, each.name), "message": message_value(each.message)} for each in found])
        return 0
    with_whom, lines = "", _lines(me)
    for each in reversed(found):
        if (peer := peer_name(each.peer, each.name)) != with_whom:
            with_whom, lines = peer, _lines(me)
            out(f"With {peer}:")
        for line in lines.of([each.message]):
            out(line)
    note(f"{count_text(len(found), 'message')} found.", quiet=not is_terminal(sys.stderr))
    return 0


def _send(server: str | None, place: _Place, text: str, *, json: bool, quiet: bool) -> int:
    async def work() -> "tuple[ChatInfo, ChatMessage]":
        async with connected(server) as client:
            info = await place.find(client)
            return info, await client.send_message(info.number, text)

    info, message = run(work())
    if json:
        print_json(message_value(message))
    note(f"Sent to {peer_name(info.peer, info.name)}.", quiet=quiet)
    return 0


def _last(server: str | None, place: _Place, count: int, *, json: bool) -> int:
    async def work() -> "tuple[Sequence[ChatMessage], str | None]":
        async with connected(server) as client:
            info = await place.find(client)
            return await client.chat_messages(info.number, limit=count), await _own_name(client)

    messages, me = run(work())
    if json:
        print_json([message_value(each) for each in messages])
        return 0
    for line in _lines(me).of(messages):
        out(line)
    return 0


def _lines(me: str | None) -> Lines:
    return Lines(me, columns=None if is_terminal(sys.stdout) else _PIPE_COLUMNS)


def _talk(server: str | None, place: _Place) -> int:
    """Talk until somebody leaves; an operator who names nobody chooses first."""
    from .chat_talk import talk

    if not place.named and run(_is_operator(server)):
        found = _listed(server)
        if not found:
            note("Nobody has written to the operators. 'sft chat USER' writes to somebody.")
            return 0
        _print_chats(found)
        chosen = prompt("Which one (ID)? ").strip()
        if not chosen:
            return 0
        if chosen not in {str(each.number) for each in found}:
            raise UsageError(f"There is no conversation '{chosen}'", hint="Type a number of the first column.")
        place = _Place(number=int(chosen))

    async def work() -> int:
        async with connected(server) as client:
            return await talk(client, await place.find(client), await _own_name(client))

    return run(work())


async def _own_name(client: "AsyncClient") -> str | None:
    account = (await client.whoami()).account
    return None if account is None else account.name


def _is_operator(server: str | None) -> "Coroutine[Any, Any, bool]":
    async def work() -> bool:
        async with connected(server) as client:
            account = (await client.whoami()).account
            return account is not None and account.role is Role.ADMIN

    return work()


def _peer(kind: str, name: str) -> dict[str, str]:
    return {"kind": kind, "name": name}


def _chat_value(chat: "ChatInfo") -> dict[str, Any]:
    return {
        "id": chat.number,
        "peer": _peer(chat.peer, chat.name),
        "last": chat.last,
        "read": chat.read,
        "unread": chat.unread,
        "peer_delivered": chat.peer_delivered,
        "peer_read": chat.peer_read,
        "gone": chat.gone,
        "latest": None if chat.latest is None else message_value(chat.latest),
    }


def message_value(message: "ChatMessage") -> dict[str, Any]:
    """A Message."""
    return {
        "chat": message.chat,
        "sequence": message.sequence,
        "id": str(message.id),
        "mine": message.mine,
        "kind": message.kind,
        "sender": message.sender,
        "at": time_value(message.at_us),
        "text": message.text,
        "segments": [
            {
                "text": each.text,
                "path": each.path,
                "kind": None if each.kind is None else "folder" if each.kind is Kind.FOLDER else "file",
            }
            for each in message.segments
        ],
    }
