"""Who sits where in a conversation: the one place that decides who may see it, and what they are called there."""

from dataclasses import dataclass

from secure_file_transfer.errors import NotFoundError, SignInRequiredError
from secure_file_transfer.model import Account, Link, Principal, SessionId, TimeUs
from secure_file_transfer.ports import Audience, CatalogTx
from secure_file_transfer.ports.chat import Chat, ChatId, Message, ReaderId, Side, Sight

from .accounts import is_admin, may_sign_in, signed_in

OPERATORS, ACCOUNT, GUEST = "operators", "account", "guest"
"""What is on the other side."""
_NAME_MAX = 64


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom one talks to; of the operators there is no name, for they answer together."""

    kind: str
    name: str

    def __str__(self) -> str:
        return self.kind if self.kind == OPERATORS else self.name


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever asks, as the catalog knows them at this moment: an operator who was demoted is none."""

    account: Account | None
    session_id: SessionId | None
    link: Link | None
    name: str

    @property
    def sight(self) -> Sight:
        """What they see."""
        if self.account is None:
            return Sight(session_id=self.session_id)
        return Sight(self.account.id, operator=self.operator)

    @property
    def operator(self) -> bool:
        """Whether the inbox of the operators is theirs."""
        return self.account is not None and is_admin(self.account)


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody in a conversation."""

    who: Who
    chat: Chat
    side: Side

    @property
    def reader(self) -> ReaderId:
        """Whose marks are theirs."""
        return self.who.sight.reader

    @property
    def peer(self) -> Peer:
        """Whom they talk to."""
        return peer_of(self.chat, self.side.other)


def who_asks(tx: CatalogTx, principal: Principal, now: TimeUs) -> Who:
    """Raises SignInRequiredError for a guest without a session, ForbiddenError for a token: programs do not chat."""
    if principal.account is None:
        if principal.session is None:
            raise SignInRequiredError("To talk to somebody you need a session", hint="Sign in, or open a link.")
        if tx.sessions.get(principal.session.id) is None:
            raise SignInRequiredError("The session has ended or never was", hint="Open the link again.")
        return Who(None, principal.session.id, principal.link, _shown(principal.name))
    account = tx.accounts.get(signed_in(principal).id)
    if account is None or not may_sign_in(account, now):
        raise SignInRequiredError("The session has ended or never was", hint="Sign in again.")
    return Who(account, None, None, account.name)


def seat_of(tx: CatalogTx, who: Who, chat_id: ChatId) -> Seat:
    """Where they sit. Raises NotFoundError: nowhere, whether there is such a conversation or not."""
    chat = tx.chats.get(chat_id)
    side = None if chat is None else _side(who, chat)
    if chat is None or side is None:
        raise NotFoundError("There is no such conversation", hint="See which there are: sft chat --list.")
    return Seat(who, chat, side)


def _side(who: Who, chat: Chat) -> Side | None:
    if who.account is None:
        return Side.FIRST if who.session_id is not None and chat.session_id == who.session_id else None
    if chat.first_id == who.account.id:
        return Side.FIRST
    if chat.second_id == who.account.id or (chat.second_id is None and who.operator):
        return Side.SECOND
    return None


def peer_of(chat: Chat, side: Side) -> Peer:
    """Who sits on a side."""
    if side is Side.SECOND:
        return Peer(OPERATORS, "") if chat.second_id is None else Peer(ACCOUNT, chat.second)
    return Peer(GUEST, _shown(chat.first)) if chat.first_id is None else Peer(ACCOUNT, chat.first)


def kind_of(chat: Chat, message: Message) -> str:
    """As what somebody wrote a message."""
    return peer_of(chat, message.side).kind


def audience_of(chat: Chat, side: Side | None = None) -> Audience:
    """Who hears of what happens in it, on one side or on both."""
    first, second = side is not Side.SECOND, side is not Side.FIRST
    accounts = {chat.first_id if first else None, chat.second_id if second else None} - {None}
    sessions = {chat.session_id} if first and chat.session_id is not None else set()
    return Audience(
        operators=second and chat.second_id is None,
        accounts=frozenset(each for each in accounts if each is not None),
        sessions=frozenset(sessions),
    )


def audience_of_one(who: Who) -> Audience:
    """Themselves, wherever they are signed in."""
    if who.account is not None:
        return Audience(accounts=frozenset({who.account.id}))
    return Audience(sessions=frozenset() if who.session_id is None else frozenset({who.session_id}))


def _shown(name: str) -> str:
    """A name that a guest chose, fit for one line."""
    return "".join(c if c.isprintable() or c == "\u200c" else "?" for c in name[:_NAME_MAX])
