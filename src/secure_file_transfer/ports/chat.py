"""What the catalog keeps of conversations: who talks with whom, what was said, and how far each has read."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NewType, Protocol

from ..model import AccountId, SessionId, TimeUs

ChatId = NewType("ChatId", int)
ReaderId = NewType("ReaderId", int)
"""Whose marks: the number of an account, or `GUEST`."""
GUEST = ReaderId(0)
UNREAD_MAX = 1000
"""Counting stops there."""


class Side(IntEnum):
    """On which side of a conversation somebody is."""

    FIRST = 0
    SECOND = 1

    @property
    def other(self) -> "Side":
        """The one across."""
        return Side.FIRST if self is Side.SECOND else Side.SECOND


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation.

    On its first side is an account, or a guest by the number of its session (which is never given again); on the second
    another account, or (`second_id` is None) the operators, all of them together. `first` and `second` are their names;
    `last` is the sequence number of the last message, 0 when there is none. `moved` grows with every message of the
    catalog: what conversations are listed by.
    """

    id: ChatId
    first_id: AccountId | None
    session_id: SessionId | None
    second_id: AccountId | None
    first: str
    second: str
    last: int
    moved: int
    created_us: TimeUs


@dataclass(frozen=True, slots=True)
class Message:
    """What was said. `key` is the sender's own name for it, 16 bytes; `sequence` counts from 1 in each conversation.

    `sender_id` is the account that wrote it, None for a guest; `sender` is what it was called then.
    """

    chat_id: ChatId
    sequence: int
    key: bytes
    side: Side
    sender_id: AccountId | None
    sender: str
    text: str
    at_us: TimeUs
    number: int = 0
    """Given by the catalog: later messages of any conversation have greater ones."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Up to which sequence number messages reached somebody, and were read."""

    delivered: int = 0
    read: int = 0


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose conversations one sees: those of an account, of a guest's session, and for operators all with operators."""

    account_id: AccountId | None = None
    session_id: SessionId | None = None
    operator: bool = False

    @property
    def reader(self) -> ReaderId:
        """Whose marks count."""
        return GUEST if self.account_id is None else ReaderId(self.account_id)


class Chats(Protocol):
    """Conversations and their messages. They go with either of their accounts."""

    def open(
        self,
        first_id: AccountId | None,
        session_id: SessionId | None,
        second_id: AccountId | None,
        guest: str,
        now: TimeUs,
    ) -> Chat:
        """The conversation of an account, or of a guest's session, with another account or (None) the operators.

        It is made when there is none. A guest is called `guest`; of two accounts the one made first comes first.

        Raises:
            NotFoundError: one of the accounts is not there.
        """

    def get(self, chat_id: ChatId) -> Chat | None: ...
    def seen(self, sight: Sight, before: int | None, limit: int) -> Sequence[Chat]:
        """Those in which something was said, by `moved`, the latest first, from before that of `before` on."""

    def add(self, message: Message, search: str) -> Message:
        """Say it: `sequence` and `number` are given here. `search` is what `search` looks at.

        Raises:
            ExistsError: the conversation has a message of this key.
        """

    def by_key(self, chat_id: ChatId, key: bytes) -> Message | None: ...
    def before(self, chat_id: ChatId, sequence: int | None, limit: int) -> Sequence[Message]:
        """The last ones before that number, the newest first."""

    def after(self, chat_id: ChatId, sequence: int, limit: int) -> Sequence[Message]:
        """The first ones after that number, the oldest first."""

    def search(
        self, sight: Sight, chat_id: ChatId | None, words: Sequence[str], before: int | None, limit: int, scan: int
    ) -> tuple[Sequence[Message], int | None]:
        """Messages that hold all of up to eight words, of one conversation or all that are seen, the newest first.

        It looks at `scan` messages at most, and before the `number` that is `before`. The second value is where to go
        on, None at the end.
        """

    def marks(self, chat_id: ChatId, reader: ReaderId) -> Marks: ...
    def marks_of(self, chat_id: ChatId, side: Side) -> Marks:
        """The furthest of all on a side."""

    def mark(self, chat_id: ChatId, side: Side, reader: ReaderId, marks: Marks) -> None:
        """How far somebody is. It never goes back."""

    def unread(self, chat_id: ChatId, side: Side, after: int) -> int:
        """How many messages to a side there are after that number; counting stops at `UNREAD_MAX`."""

    def unread_of(self, sight: Sight) -> int:
        """The same over all conversations that are seen."""

    def trim(self, chat_id: ChatId, keep: int) -> None:
        """Forget all messages but the last ones."""

    def delete_before(self, moment: TimeUs, limit: int) -> int:
        """Forget up to `limit` messages older than that, and conversations as old with nothing in them; how many."""
