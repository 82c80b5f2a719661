"""Chat: conversations between two accounts, or between an account or guest and the operators, who share one inbox.

- Whoever writes gives the message an id; sent again after a lost answer, it is stored once. The order of a
  conversation is the sequence number that the server gives.
- An account can write to any account whose name it knows, as it can share with it; that one may be disabled, and then
  the message waits, so that nobody learns of it. Guests write to the operators alone.
- Events say that something happened, never what was said: the text is fetched by whoever may read it, with the links in
  it resolved for them. What was fetched counts as delivered.
- A conversation goes with either of its accounts. What an operator wrote to others stays, under the name of then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from secure_file_transfer.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    TooManyRequestsError,
)
from secure_file_transfer.model import Category, Principal, SessionId, TimeUs
from secure_file_transfer.paths import display
from secure_file_transfer.ports import Catalog, CatalogTx, Clock, Event, EventBus, Topic
from secure_file_transfer.ports.chat import Chat, ChatId, Marks, Message, Side

from .accounts import findable, is_admin, require_operator
from .audit import Audit
from .chat_places import Segment, Views
from .chat_seats import Peer, Seat, Who, audience_of, audience_of_one, kind_of, seat_of, who_asks
from .chat_text import clean, search_key, search_words
from .pacing import Pace

PAGE_MAX = 200
KEPT_MAX = 100_000
"""Messages of one conversation; the oldest give way."""
_TRIM_EVERY = 100
SCAN_MAX = 20_000
"""Messages that one search looks at."""
BURST = 20
_LINK_TIMES = 5
"""Visitors of one link together may write so many times as fast as one of them."""
_DAY_US = 86_400_000_000
_SWEPT = 10_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation as somebody in it sees it.

    `last`, `read` (by the reader), `peer_delivered` and `peer_read` are sequence numbers. `moved` is what lists go on
    by. `gone`: it is a guest who has left. `as_operators`: what the reader says there, one of the operators says.
    """

    id: ChatId
    peer: Peer
    last: int
    read: int
    unread: int
    peer_delivered: int
    peer_read: int
    moved: int
    gone: bool
    as_operators: bool
    latest: "Said | None" = None


@dataclass(frozen=True, slots=True)
class Said:
    """A message as somebody sees it. `mine`: it is from their side; `kind` is as what its sender wrote."""

    chat: ChatId
    sequence: int
    id: UUID
    mine: bool
    kind: str
    sender: str
    at_us: TimeUs
    segments: Sequence[Segment]

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(each.text for each in self.segments)


@dataclass(frozen=True, slots=True)
class History:
    """Messages of a conversation, and how it stands. `more`: there are others further on."""

    talk: Talk
    messages: Sequence[Said]
    more: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, each with whom it was said to or by; `cursor` goes on and is None at the end."""

    messages: Sequence[tuple[Peer, Said]]
    cursor: int | None


class Chats:
    """All conversations. `per_minute` is how often one may write; messages older than `days` are forgotten, 0 never."""

    def __init__(
        self, catalog: Catalog, clock: Clock, bus: EventBus, audit: Audit, *, per_minute: int = 60, days: int = 365
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._bus = bus
        self._audit = audit
        self._days = days
        self._pace = Pace(clock, per_minute, BURST)
        self._links = Pace(clock, per_minute * _LINK_TIMES, BURST * _LINK_TIMES)

    # --- conversations ------------------------------------------------------------------------------------------

    def open(self, principal: Principal, to: str | None = None, *, private: bool = False) -> Talk:
        """The conversation with the account called `to`, or without it with the operators.

        Others see it once something is said.
        What an operator says to an account that is none, it says as one of the operators, unless it is `private`.

        Raises:
            NotFoundError: there is no such account; for a guest there is none at all.
            TooManyRequestsError, SignInRequiredError, ForbiddenError, InvalidRequestError
        """
        self._keep_pace(principal)

        def work(tx: CatalogTx) -> Talk:
            now = self._clock.now_us()
            who = who_asks(tx, principal, now)
            mine = None if who.account is None else who.account.id
            if to is None:
                return self._talk(tx, who, tx.chats.open(mine, who.session_id, None, who.name, now).id)
            normal = findable(to)
            account = tx.accounts.by_name(normal) if normal and mine is not None else None
            if account is None:
                raise NotFoundError(f"There is no account {display(to)}", hint="Check the name.").because(
                    "account", name=to
                )
            if account.id == mine:
                raise InvalidRequestError("That is you", hint="Name somebody else.").because("oneself")
            if who.operator and not private and not is_admin(account):
                return self._talk(tx, who, tx.chats.open(account.id, None, None, "", now).id)
            return self._talk(tx, who, tx.chats.open(mine, None, account.id, "", now).id)

        return self._catalog.write(work)

    def open_session(self, principal: Principal, session_id: SessionId) -> Talk:
        """The operators' conversation with whoever has this session: a guest, or an account.

        Raises:
            NotFoundError: there is no such session.
            ForbiddenError, SignInRequiredError: only operators begin it so.
        """
        require_operator(principal)

        def work(tx: CatalogTx) -> Talk:
            who, found = who_asks(tx, principal, now := self._clock.now_us()), tx.sessions.get(session_id)
            if not who.operator or found is None:
                raise NotFoundError("There is no such session", hint="See who is here.")
            session, account = found
            if session.link_id is None:
                return self._talk(tx, who, tx.chats.open(account.id, None, None, "", now).id)
            guest = Principal(None, session, tx.links.get(session.link_id)).name
            return self._talk(tx, who, tx.chats.open(None, session_id, None, guest, now).id)

        return self._catalog.write(work)

    def talks(
        self, principal: Principal, *, before: int | None = None, limit: int = 100
    ) -> tuple[Sequence[Talk], int | None]:
        """Those in which something was said, the latest first; the second value goes on as `before`, None at the end.

        Raises:
            SignInRequiredError, ForbiddenError
        """
        limit = max(1, min(limit, PAGE_MAX))

        def look(tx: CatalogTx) -> tuple[list[Talk], int | None]:
            who = who_asks(tx, principal, self._clock.now_us())
            chats = tx.chats.seen(who.sight, before, limit)
            found = [self._talk(tx, who, chat.id, latest=True) for chat in chats]
            return found, chats[-1].moved if len(chats) == limit else None

        return self._catalog.read(look)

    def talk(self, principal: Principal, chat_id: ChatId) -> Talk:
        """One of them. Raises NotFoundError."""
        return self._catalog.read(
            lambda tx: self._talk(tx, who_asks(tx, principal, self._clock.now_us()), chat_id, latest=True)
        )

    def unread(self, principal: Principal) -> int:
        """How many messages wait in all; counting stops at 1,000."""
        return self._catalog.read(lambda tx: tx.chats.unread_of(who_asks(tx, principal, self._clock.now_us()).sight))

    # --- messages -----------------------------------------------------------------------------------------------

    def send(self, principal: Principal, chat_id: ChatId, key: UUID, text: str) -> tuple[Said, bool]:
        """Say something. The same `key` again gives the same message, and the second value is then False.

        Raises:
            InvalidRequestError: what no message may be.
            NotFoundError: there is no such conversation, or it is somebody else's.
            ConflictError: the key is another message's, or the guest has left.
            TooManyRequestsError: `seconds` says when to go on.
        """
        text = clean(text)

        def known(tx: CatalogTx) -> tuple[Seat, Message | None]:
            seat = seat_of(tx, who_asks(tx, principal, self._clock.now_us()), chat_id)
            found = tx.chats.by_key(chat_id, key.bytes)
            return seat, None if found is None else _same(seat, found, text)

        def work(tx: CatalogTx) -> tuple[Seat, Message, bool]:
            seat, found = known(tx)
            if found is not None:
                return seat, found, False
            if self._gone(tx, seat.chat) and seat.side is Side.SECOND:
                raise ConflictError(f"{display(seat.peer.name)} has left", hint="Nobody would read it.").because(
                    "left", name=seat.peer.name
                )
            account = seat.who.account
            message = Message(
                chat_id,
                0,
                key.bytes,
                seat.side,
                None if account is None else account.id,
                seat.who.name,
                text,
                self._clock.now_us(),
            )
            said = tx.chats.add(message, search_key(text))
            if said.sequence % _TRIM_EVERY == 0:
                tx.chats.trim(chat_id, KEPT_MAX)
            return seat, said, True

        seat, found = self._catalog.read(known)
        new = False
        if found is None:
            self._keep_pace(principal)
            seat, found, new = self._catalog.write(work)
        if new:
            self._tell(principal, seat, found)
        message = found
        return self._catalog.read(lambda tx: _said(_views(tx, seat.who), seat, message)), new

    def history(
        self,
        principal: Principal,
        chat_id: ChatId,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> History:
        """Messages before a sequence number (the newest first), or after one (the oldest first); the last by default.

        Those that it gives are delivered.

        Raises:
            NotFoundError: there is no such conversation, or it is somebody else's.
            InvalidRequestError: both ends.
        """
        if before is not None and after is not None:
            raise InvalidRequestError("History is read before a message or after one, not both")
        limit = max(1, min(limit, PAGE_MAX))

        def look(tx: CatalogTx) -> tuple[Seat, History, bool]:
            who = who_asks(tx, principal, self._clock.now_us())
            seat, views = seat_of(tx, who, chat_id), _views(tx, who)
            found = (
                tx.chats.before(chat_id, before, limit + 1)
                if after is None
                else tx.chats.after(chat_id, after, limit + 1)
            )
            messages = [_said(views, seat, each) for each in found[:limit]]
            upto = max((each.sequence for each in messages if not each.mine), default=0)
            new = upto > tx.chats.marks(chat_id, seat.reader).delivered
            return seat, History(self._talk(tx, who, chat_id), messages, len(found) > limit), new

        seat, history, new = self._catalog.read(look)
        if new:
            upto = max(each.sequence for each in history.messages if not each.mine)
            self._mark(seat, Marks(delivered=upto))
            self._publish(seat.chat, "delivered", {"upto": upto}, side=seat.side.other, key=f"{chat_id}/{seat.side}")
        return history

    def read(self, principal: Principal, chat_id: ChatId, upto: int) -> Talk:
        """Mark as read what was said up to a sequence number; what was marked already stays so.

        Raises:
            NotFoundError: there is no such conversation, or it is somebody else's.
        """

        def work(tx: CatalogTx) -> tuple[Seat, Talk, bool]:
            seat = seat_of(tx, who_asks(tx, principal, self._clock.now_us()), chat_id)
            until = max(0, min(upto, seat.chat.last))
            new = until > tx.chats.marks(chat_id, seat.reader).read
            if new:
                tx.chats.mark(chat_id, seat.side, seat.reader, Marks(until, until))
            return seat, self._talk(tx, seat.who, chat_id), new

        seat, talk, new = self._catalog.write(work)
        if new:
            key = f"{chat_id}/{seat.side}"
            self._publish(seat.chat, "read", {"upto": talk.read}, side=seat.side.other, key=key)
            data = {"chat": chat_id, "upto": talk.read, "unread": talk.unread}
            self._bus.publish(Event(Topic.CHAT, "unread", data, audience_of_one(seat.who), f"{key}/{seat.reader}"))
        return talk

    def search(
        self,
        principal: Principal,
        query: str,
        *,
        chat_id: ChatId | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> Found:
        """Messages that hold all words of the query, of one conversation or of all, the newest first.

        A search looks at a bounded number of messages: there may be a cursor though little or nothing was found.

        Raises:
            InvalidRequestError: no words, or too many.
            NotFoundError: there is no such conversation, or it is somebody else's.
        """
        words, limit = search_words(query), max(1, min(limit, PAGE_MAX))

        def look(tx: CatalogTx) -> Found:
            who = who_asks(tx, principal, self._clock.now_us())
            if chat_id is not None:
                seat_of(tx, who, chat_id)
            found, cursor = tx.chats.search(who.sight, chat_id, words, before, limit, SCAN_MAX)
            views, seats = _views(tx, who), {each.chat_id: seat_of(tx, who, each.chat_id) for each in found}
            told = [(seats[each.chat_id].peer, _said(views, seats[each.chat_id], each)) for each in found]
            return Found(told, cursor)

        return self._catalog.read(look)

    # --- housekeeping -------------------------------------------------------------------------------------------

    def remove_expired(self) -> int:
        """Forget what is older than it is kept; how many messages and conversations."""
        if not self._days:
            return 0
        moment, total = TimeUs(self._clock.now_us() - self._days * _DAY_US), 0
        while count := self._catalog.write(lambda tx: tx.chats.delete_before(moment, _SWEPT)):
            total += count
        return total

    # --- inside -------------------------------------------------------------------------------------------------

    def _talk(self, tx: CatalogTx, who: Who, chat_id: ChatId, *, latest: bool = False) -> Talk:
        seat = seat_of(tx, who, chat_id)
        chat, mine = seat.chat, tx.chats.marks(chat_id, seat.reader)
        theirs = tx.chats.marks_of(chat_id, seat.side.other)
        last = tx.chats.before(chat_id, None, 1) if latest else []
        return Talk(
            chat.id,
            seat.peer,
            chat.last,
            mine.read,
            tx.chats.unread(chat_id, seat.side, mine.read),
            theirs.delivered,
            theirs.read,
            chat.moved,
            self._gone(tx, chat),
            seat.side is Side.SECOND and chat.second_id is None,
            _said(_views(tx, who), seat, last[0]) if last else None,
        )

    def _gone(self, tx: CatalogTx, chat: Chat) -> bool:
        """Whether it is a guest's, and nobody can read there any more."""
        if chat.session_id is None:
            return False
        found = tx.sessions.get(chat.session_id)
        return found is None or found[0].expires_us <= self._clock.now_us()

    def _keep_pace(self, principal: Principal) -> None:
        if principal.account is not None:
            wait = self._pace.take(f"account {principal.account.id}")
        elif principal.session is not None:
            # Sessions of visitors cost nothing, so the link has a budget as well; but who has spent their own may not
            # spend that of the others.
            link = principal.session.link_id
            wait = self._pace.take(f"session {principal.session.id}") or self._links.take(f"link {link}")
        else:
            return  # whoever is nobody is refused in a moment
        if wait:
            raise TooManyRequestsError(
                "You write faster than this server takes it", hint=f"Go on in {wait} seconds.", seconds=wait
            ).because("chat")

    def _mark(self, seat: Seat, marks: Marks) -> None:
        self._catalog.write(lambda tx: tx.chats.mark(seat.chat.id, seat.side, seat.reader, marks))

    def _tell(self, principal: Principal, seat: Seat, message: Message) -> None:
        chat = seat.chat
        data = {
            "sequence": message.sequence,
            "sender": message.sender,
            "kind": kind_of(chat, message),
            "id": str(UUID(bytes=message.key)),
        }
        self._publish(chat, "message", data)
        self._audit.record(
            Category.CHAT,
            "chat.sent",
            f"{seat.who.name} wrote to {seat.peer}",
            target=str(seat.peer),
            who=principal,
        )

    def _publish(
        self, chat: Chat, kind: str, data: dict[str, Any], *, side: Side | None = None, key: str | None = None
    ) -> None:
        """After the commit. It says nothing of what was said."""
        self._bus.publish(Event(Topic.CHAT, kind, {"chat": chat.id, **data}, audience_of(chat, side), key))


def _views(tx: CatalogTx, who: Who) -> Views:
    return Views(tx, who.account, who.link)


def _said(views: Views, seat: Seat, message: Message) -> Said:
    return Said(
        message.chat_id,
        message.sequence,
        UUID(bytes=message.key),
        message.side is seat.side,
        kind_of(seat.chat, message),
        message.sender,
        message.at_us,
        views.segments(seat.chat, message),
    )


def _same(seat: Seat, found: Message, text: str) -> Message:
    """The message that was sent before, if it is this one."""
    account = seat.who.account
    if (found.side, found.sender_id, found.text) != (seat.side, None if account is None else account.id, text):
        raise ConflictError("Another message has this id already", hint="Give each message an id of its own.")
    return found
