"""What happens at a share, for whoever looks on: who comes and goes, what arrives, who writes.

Who is here and what moves at this moment is `presence`, as on every server. Kept here is what that cannot know: that
the pieces of a file were fetched to the last, and under which name one was stored in the end.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from secure_file_transfer.errors import NotFoundError
from secure_file_transfer.model import Principal, Session, SessionId, TimeUs
from secure_file_transfer.ports import Clock, Event, Topic
from secure_file_transfer.ports.chat import ChatId

from .chat_seats import GUEST
from .doing import Client
from .presence import Presence

HAPPENINGS_MAX = 1000
"""What nobody has fetched is forgotten, the oldest first."""
PIECES_MAX = 10_000
"""Files of which only pieces were fetched so far, of all visitors."""
_VISITOR = "visitor"


class What(StrEnum):
    """What can happen to a share."""

    CAME = "came"
    LEFT = "left"
    ENDED = "ended"
    FETCHED = "fetched"
    SENT = "sent"
    CUT = "cut"
    FULL = "full"
    WARNED = "warned"
    READ = "read"
    WROTE = "wrote"


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened. `who` is the visitor's name, or an address where there is none yet.

    Of a file `file` is the path. Of a message `chat` and `sequence` say which, and `text` what it is, once looked up.
    """

    at_us: TimeUs
    what: What
    who: str
    address: str
    file: str = ""
    size: int = 0
    chat: ChatId | None = None
    sequence: int = 0
    text: str = ""


class Visitors:
    """The visitors of a server that is there for one link. One object serves all doors and threads."""

    def __init__(self, clock: Clock, presence: Presence) -> None:
        self._clock = clock
        self._presence = presence
        self._lock = Lock()
        self._here: dict[SessionId, tuple[str, str]] = {}
        """The names and addresses of those who came and have not left."""
        self._pieces: OrderedDict[tuple[SessionId, str], int] = OrderedDict()
        self._happened: deque[Happening] = deque(maxlen=HAPPENINGS_MAX)

    # --- who and what ---------------------------------------------------------------------------------------------

    def listed(self) -> Sequence[Client]:
        """Who is here, the longest first."""
        return [each for each in self._presence.all() if each.kind == _VISITOR]

    def busy(self) -> int:
        """How many transfer at this moment."""
        return sum(each.files > 0 for each in self.listed())

    def happenings(self) -> Sequence[Happening]:
        """What happened since this was asked last."""
        found = []
        with self._lock:
            while self._happened:
                found.append(self._happened.popleft())
        return found

    # --- what others say ------------------------------------------------------------------------------------------

    def seen(self, who: Principal) -> "Teller":
        """A visitor asks for files. Returns what tells of them."""
        session = who.session
        assert session is not None  # noqa: S101 - visitors have one
        with self._lock:
            self._came(session.id, session.guest, session.address)
        return Teller(self, session)

    def heard(self, event: Event) -> None:
        """Take note of what concerns visitors, for those who have subscribed to the bus with it."""
        data = event.data
        match event.topic, event.kind:
            case Topic.CLIENTS, "joined" if data["kind"] == _VISITOR:
                with suppress(NotFoundError):
                    client = self._presence.get(data["id"])
                    with self._lock:
                        self._came(SessionId(data["session"]), client.guest, client.address)
            case Topic.CLIENTS, "left" if data["kind"] == _VISITOR:
                self._went(SessionId(data["session"]), What.LEFT)
            case Topic.WARNINGS, "sent" | "acknowledged":
                what = What.WARNED if event.kind == "sent" else What.READ
                self._note_of(SessionId(data["session"] or 0), what)
            case Topic.CHAT, "message" if data["kind"] == GUEST:
                for session_id in event.audience.sessions:
                    self._note_of(session_id, What.WROTE, chat=data["chat"], sequence=data["sequence"])
            case Topic.LOG, _ if data["kind"] == "server.full":
                self._note(What.FULL, data["address"], data["address"])

    def sent_away(self, session_id: SessionId) -> None:
        """Whoever shares has ended this one's session."""
        self._went(session_id, What.ENDED)

    # --- what `Teller` says ---------------------------------------------------------------------------------------

    def read(self, session: Session, file: str, count: int, size: int) -> None:
        """So many bytes of a file were fetched; it is there once the pieces make up the whole."""
        key = session.id, file
        with self._lock:
            got = self._pieces.pop(key, 0) + count
            if got < size:
                self._pieces[key] = got
                if len(self._pieces) > PIECES_MAX:
                    self._pieces.popitem(last=False)
                return
        self.told(session, What.FETCHED, file, size)

    def told(self, session: Session, what: What, file: str, size: int) -> None:
        """That came of a file."""
        self._note(what, session.guest, session.address, file=file, size=size)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _came(self, session_id: SessionId, name: str, address: str) -> None:
        if session_id not in self._here:
            self._here[session_id] = name, address
            self._happened.append(Happening(self._clock.now_us(), What.CAME, name, address))

    def _went(self, session_id: SessionId, what: What) -> None:
        with self._lock:
            who = self._here.pop(session_id, None)
        if who is not None:
            self._note(what, *who)

    def _note_of(self, session_id: SessionId, what: What, *, chat: ChatId | None = None, sequence: int = 0) -> None:
        with self._lock:
            who = self._here.get(session_id)
        if who is not None:
            self._note(what, *who, chat=chat, sequence=sequence)

    def _note(
        self,
        what: What,
        who: str,
        address: str,
        *,
        file: str = "",
        size: int = 0,
        chat: ChatId | None = None,
        sequence: int = 0,
    ) -> None:
        with self._lock:
            self._happened.append(Happening(self._clock.now_us(), what, who, address, file, size, chat, sequence))


class Teller:
    """Tells what comes of one visitor's files."""

    __slots__ = ("_session", "_visitors")

    def __init__(self, visitors: Visitors, session: Session) -> None:
        self._visitors, self._session = visitors, session

    def read(self, file: str, count: int, size: int) -> None:
        """So many bytes of it were handed out, in one piece."""
        self._visitors.read(self._session, file, count, size)

    def stored(self, file: str, size: int) -> None:
        """It is there, under that name."""
        self._visitors.told(self._session, What.SENT, file, size)

    def cut(self, file: str, size: int) -> None:
        """It was given up after so many bytes."""
        self._visitors.told(self._session, What.CUT, file, size)
