"""Conversations, their messages, and how far each reader is."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects.sqlite import insert

from ....errors import ConflictError, NotFoundError
from ....model import AccountId, SessionId, TimeUs
from ....ports.chat import UNREAD_MAX, Chat, ChatId, Marks, Message, ReaderId, Side, Sight
from ..sql import Row, Sql, Statement
from ..tables import accounts, chat_marks, chat_messages, chats

_WORDS_MAX = 8
_NOBODY = -1
_FIRST, _SECOND = accounts.alias("first"), accounts.alias("second")
_M, _K = chat_messages.c, chat_marks.c
_CHAT = (
    sa.select(
        chats.c.id,
        chats.c.first_id,
        chats.c.session_id,
        chats.c.second_id,
        sa.func.coalesce(_FIRST.c.name, chats.c.guest),
        sa.func.coalesce(_SECOND.c.name, ""),
        chats.c.last,
        chats.c.moved,
        chats.c.created_us,
    )
    .outerjoin(_FIRST, _FIRST.c.id == chats.c.first_id)
    .outerjoin(_SECOND, _SECOND.c.id == chats.c.second_id)
)
_SEEN = sa.or_(
    chats.c.first_id == bindparam("account"),
    chats.c.second_id == bindparam("account"),
    chats.c.session_id == bindparam("session"),
    sa.and_(chats.c.second_id.is_(None), bindparam("operator", type_=sa.Integer) == 1),
)
_MESSAGE = (
    _M.chat_id,
    _M.sequence,
    _M.key,
    _M.side,
    _M.sender_id,
    _M.sender,
    _M.text,
    _M.at_us,
    _M.id,
)
_OF_CHAT = _M.chat_id == bindparam("chat")
_THIS = chats.c.id == bindparam("chat")

_GET = Statement(_CHAT.where(_THIS))
_WITH_OPERATORS = Statement(_CHAT.where(chats.c.first_id == bindparam("first"), chats.c.second_id.is_(None)))
_OF_SESSION = Statement(_CHAT.where(chats.c.session_id == bindparam("session")))
_BETWEEN = Statement(_CHAT.where(chats.c.first_id == bindparam("first"), chats.c.second_id == bindparam("second")))
_OPEN = Statement(
    sa.insert(chats)
    .values({name: bindparam(name) for name in ("first_id", "session_id", "second_id", "guest", "created_us")})
    .values(last=0, moved=0)
    .returning(chats.c.id)
)
_LIST = Statement(
    _CHAT.where(_SEEN, chats.c.moved > 0, chats.c.moved < bindparam("before"))
    .order_by(chats.c.moved.desc())
    .limit(bindparam("most"))
)
_NEXT = Statement(sa.update(chats).where(_THIS).values(last=chats.c.last + 1).returning(chats.c.last))
_INSERT = Statement(
    sa.insert(chat_messages)
    .values({each.name: bindparam(f"m_{each.name}") for each in _M if each.name != "id"})
    .returning(_M.id)
)
_MOVED = Statement(sa.update(chats).where(_THIS).values(moved=bindparam("number")))
_BY_KEY = Statement(sa.select(*_MESSAGE).where(_OF_CHAT, _M.key == bindparam("key")))
_BEFORE = Statement(
    sa.select(*_MESSAGE)
    .where(_OF_CHAT, _M.sequence < bindparam("sequence"))
    .order_by(_M.sequence.desc())
    .limit(bindparam("most"))
)
_AFTER = Statement(
    sa.select(*_MESSAGE)
    .where(_OF_CHAT, _M.sequence > bindparam("sequence"))
    .order_by(_M.sequence)
    .limit(bindparam("most"))
)
_MARKS = Statement(
    sa.select(_K.delivered, _K.read).where(_K.chat_id == bindparam("chat"), _K.reader == bindparam("reader"))
)
_MARKS_OF = Statement(
    sa.select(sa.func.coalesce(sa.func.max(_K.delivered), 0), sa.func.coalesce(sa.func.max(_K.read), 0)).where(
        _K.chat_id == bindparam("chat"), _K.side == bindparam("side")
    )
)
_put = insert(chat_marks).values({each.name: bindparam(f"k_{each.name}") for each in _K})
_MARK = Statement(
    _put.on_conflict_do_update(
        index_elements=[_K.chat_id, _K.reader],
        set_={
            "side": _put.excluded.side,
            "delivered": sa.func.max(_K.delivered, _put.excluded.delivered),
            "read": sa.func.max(_K.read, _put.excluded.read),
        },
    )
)
_UNREAD = Statement(
    sa.select(sa.func.count()).select_from(
        sa.select(_M.id)
        .where(_OF_CHAT, _M.sequence > bindparam("sequence"), _M.side != bindparam("side"))
        .limit(UNREAD_MAX)
        .subquery()
    )
)
_TRIM = Statement(sa.delete(chat_messages).where(_OF_CHAT, _M.sequence <= bindparam("sequence")))
_OLD = sa.select(_M.id).where(_M.at_us < bindparam("moment")).order_by(_M.at_us).limit(bindparam("most"))
_DELETE_OLD = Statement(sa.delete(chat_messages).where(_M.id.in_(_OLD)))
_DELETE_EMPTY = Statement(
    sa.delete(chats).where(
        chats.c.created_us < bindparam("moment"),
        ~sa.exists().where(_M.chat_id == chats.c.id).correlate(chats),
    )
)


def _unread_of() -> Statement:
    """Where the reader is the first side, what the second said is unread, and the other way round."""
    first = sa.or_(chats.c.first_id == bindparam("account"), chats.c.session_id == bindparam("session"))
    mine = sa.case((first, int(Side.FIRST)), else_=int(Side.SECOND))
    marked = sa.and_(_K.chat_id == chats.c.id, _K.reader == bindparam("reader"))
    read = sa.func.coalesce(_K.read, 0)
    found = (
        sa.select(_M.id)
        .select_from(
            chats.outerjoin(chat_marks, marked).join(
                chat_messages, sa.and_(_M.chat_id == chats.c.id, _M.sequence > read)
            )
        )
        .where(_SEEN, chats.c.last > read, _M.side != mine)
        .limit(UNREAD_MAX)
    )
    return Statement(sa.select(sa.func.count()).select_from(found.subquery()))


def _search(*, everywhere: bool) -> tuple[Statement, Statement]:
    """What finds words, and what tells where the last message that it looks at is.

    A message is looked at whole, whatever its script: `scan` is what bounds the work. The numbers come off an index;
    sorting the messages themselves took nine times as long.
    """
    place = _M.chat_id.in_(sa.select(chats.c.id).where(_SEEN)) if everywhere else _OF_CHAT
    before = sa.select(_M.id).where(place, _M.id < bindparam("before"))
    looked = before.order_by(_M.id.desc()).limit(bindparam("scan")).subquery()
    found = sa.select(*_MESSAGE).join(looked, looked.c.id == _M.id)
    for at in range(_WORDS_MAX):
        found = found.where(sa.func.instr(_M.search, bindparam(f"word_{at}")) > 0)
    last = sa.select(sa.func.min(looked.c.id), sa.func.count()).select_from(looked)
    return Statement(found.order_by(looked.c.id.desc()).limit(bindparam("most"))), Statement(last)


_UNREAD_OF = _unread_of()
_SEARCH, _SEARCH_LAST = _search(everywhere=False)
_SEARCH_ALL, _SEARCH_ALL_LAST = _search(everywhere=True)
_END = 1 << 62


class Chats:
    """See `ports.Chats`."""

    __slots__ = ("_sql",)

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def open(
        self,
        first_id: AccountId | None,
        session_id: SessionId | None,
        second_id: AccountId | None,
        guest: str,
        now: TimeUs,
    ) -> Chat:
        """Find it, or make it."""
        if first_id is not None and second_id is not None and second_id < first_id:
            first_id, second_id = second_id, first_id
        if session_id is not None:
            row = self._sql.row(_OF_SESSION, session=session_id)
        elif second_id is None:
            row = self._sql.row(_WITH_OPERATORS, first=first_id)
        else:
            row = self._sql.row(_BETWEEN, first=first_id, second=second_id)
        if row is not None:
            return Chat(*row)
        try:
            ((chat_id,),) = self._sql.rows(
                _OPEN, first_id=first_id, session_id=session_id, second_id=second_id, guest=guest, created_us=now
            )
        except ConflictError:
            raise NotFoundError("One of the accounts is not there") from None
        found = self.get(chat_id)
        assert found is not None  # noqa: S101 - it was made in this transaction
        return found

    def get(self, chat_id: ChatId) -> Chat | None:
        """A conversation."""
        row = self._sql.row(_GET, chat=chat_id)
        return Chat(*row) if row else None

    def seen(self, sight: Sight, before: int | None, limit: int) -> Sequence[Chat]:
        """Those in which something was said, the latest first."""
        rows = self._sql.rows(_LIST, **_of(sight), before=_END if before is None else before, most=limit)
        return [Chat(*row) for row in rows]

    def add(self, message: Message, search: str) -> Message:
        """Say it."""
        row = self._sql.row(_NEXT, chat=message.chat_id)
        if row is None:
            raise NotFoundError("There is no such conversation")
        said = (
            message.chat_id,
            row[0],
            message.key,
            message.side,
            message.sender_id,
            message.sender,
            message.text,
            message.at_us,
        )
        values = dict(zip([each.name for each in _MESSAGE], said, strict=False))
        ((number,),) = self._sql.rows(_INSERT, m_search=search, **{f"m_{name}": each for name, each in values.items()})
        self._sql.run(_MOVED, chat=message.chat_id, number=number)
        return _message((*said, number))

    def by_key(self, chat_id: ChatId, key: bytes) -> Message | None:
        """The message that its sender calls so."""
        row = self._sql.row(_BY_KEY, chat=chat_id, key=key)
        return _message(row) if row else None

    def before(self, chat_id: ChatId, sequence: int | None, limit: int) -> Sequence[Message]:
        """The newest first."""
        rows = self._sql.rows(_BEFORE, chat=chat_id, sequence=_END if sequence is None else sequence, most=limit)
        return [_message(row) for row in rows]

    def after(self, chat_id: ChatId, sequence: int, limit: int) -> Sequence[Message]:
        """The oldest first."""
        return [_message(row) for row in self._sql.rows(_AFTER, chat=chat_id, sequence=sequence, most=limit)]

    def search(
        self, sight: Sight, chat_id: ChatId | None, words: Sequence[str], before: int | None, limit: int, scan: int
    ) -> tuple[Sequence[Message], int | None]:
        """The newest first, and where to go on."""
        at = {"before": _END if before is None else before, "scan": scan}
        place = _of(sight) if chat_id is None else {"chat": chat_id}
        # Every text holds the empty one.
        wanted = {f"word_{number}": words[number] if number < len(words) else "" for number in range(_WORDS_MAX)}
        find, last = (_SEARCH_ALL, _SEARCH_ALL_LAST) if chat_id is None else (_SEARCH, _SEARCH_LAST)
        found = [_message(row) for row in self._sql.rows(find, **at, **place, **wanted, most=limit)]
        if len(found) == limit:
            return found, found[-1].number
        ((lowest, looked),) = self._sql.rows(last, **at, **place)
        return found, lowest if looked == scan else None

    def marks(self, chat_id: ChatId, reader: ReaderId) -> Marks:
        """How far somebody is."""
        row = self._sql.row(_MARKS, chat=chat_id, reader=reader)
        return Marks(*row) if row else Marks()

    def marks_of(self, chat_id: ChatId, side: Side) -> Marks:
        """How far whoever is furthest is."""
        ((delivered, read),) = self._sql.rows(_MARKS_OF, chat=chat_id, side=int(side))
        return Marks(delivered, read)

    def mark(self, chat_id: ChatId, side: Side, reader: ReaderId, marks: Marks) -> None:
        """Go forward."""
        self._sql.run(
            _MARK,
            k_chat_id=chat_id,
            k_reader=reader,
            k_side=int(side),
            k_delivered=max(marks.delivered, marks.read),
            k_read=marks.read,
        )

    def unread(self, chat_id: ChatId, side: Side, after: int) -> int:
        """How many there are."""
        ((count,),) = self._sql.rows(_UNREAD, chat=chat_id, sequence=after, side=int(side))
        return int(count)

    def unread_of(self, sight: Sight) -> int:
        """How many there are in all."""
        ((count,),) = self._sql.rows(_UNREAD_OF, **_of(sight), reader=sight.reader)
        return int(count)

    def trim(self, chat_id: ChatId, keep: int) -> None:
        """Forget what came before the last ones."""
        row = self._sql.row(_GET, chat=chat_id)
        if row is not None and (upto := Chat(*row).last - keep) > 0:
            self._sql.run(_TRIM, chat=chat_id, sequence=upto)

    def delete_before(self, moment: TimeUs, limit: int) -> int:
        """Forget what is old."""
        count = self._sql.run(_DELETE_OLD, moment=moment, most=limit)
        return count or self._sql.run(_DELETE_EMPTY, moment=moment)


def _of(sight: Sight) -> dict[str, int]:
    return {
        "account": _NOBODY if sight.account_id is None else sight.account_id,
        "session": _NOBODY if sight.session_id is None else sight.session_id,
        "operator": int(sight.operator),
    }


def _message(row: Row) -> Message:
    chat_id, sequence, key, side, *rest = row
    return Message(chat_id, sequence, bytes(key), Side(side), *rest)
