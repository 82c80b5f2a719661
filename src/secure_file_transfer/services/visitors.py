"""Who visits the one link of a share, what each moves at this moment, and how many may at once.

All of it lives in memory, beside the sessions in the catalog: it ends with the server, as the share does.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock

from secure_file_transfer.errors import BusyError
from secure_file_transfer.model import Entry, Link, LinkId, Principal, Session, SessionId, TimeUs
from secure_file_transfer.ports import Catalog, Clock, Event, Topic

from .sessions import Sessions
from .traffic import Direction

AWAY_SECONDS = 300.0
"""A visitor who has asked for nothing as long as this is away, and makes room for others. Nobody says goodbye in a
browser."""
HAPPENINGS_MAX = 1000
"""What nobody has fetched is forgotten, the oldest first."""
_PIECES_MAX = 64
_RATE_SECONDS = 1.0
"""A rate is that of the last whole second or more."""
_SMOOTH = 0.6


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


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened. `who` is the visitor's name, or an address where there is none yet."""

    at_us: TimeUs
    what: What
    who: str
    address: str
    file: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor as the one who shares sees it.

    While something moves, `file` is its path, `done` of `size` bytes went by, at `rate` bytes a second; `size` is None
    where nobody said. `away_seconds` is how long nothing was asked for.
    """

    id: SessionId
    name: str
    address: str
    door: str
    agent: str
    since_us: TimeUs
    away_seconds: float
    fetched: int
    sent: int
    direction: Direction | None = None
    file: str = ""
    size: int | None = None
    done: int = 0
    rate: float = 0.0

    @property
    def away(self) -> bool:
        """Whether it seems to have gone."""
        return self.direction is None and self.away_seconds >= AWAY_SECONDS


@dataclass(slots=True)
class _Moving:
    """A file on its way, perhaps in pieces side by side."""

    size: int | None
    done: int = 0
    open: int = 0


@dataclass(slots=True)
class _Activity:
    """What is known of one visitor beyond its session."""

    session: Session
    seen: float
    moving: dict[tuple[Direction, str], _Moving] = field(default_factory=dict)
    total: int = 0
    fetched: int = 0
    sent: int = 0
    sample: tuple[float, int] | None = None
    """When so many bytes had moved, for the rate."""
    rate: float = 0.0

    @property
    def busy(self) -> bool:
        return any(each.open for each in self.moving.values())


class Visitors:
    """The visitors of one link. One object serves all doors and threads.

    `most` is how many may be here at once; None is no limit.
    """

    def __init__(self, catalog: Catalog, clock: Clock, sessions: Sessions, most: int | None = None) -> None:
        self.most = most
        self.link_id: LinkId | None = None
        """Set once the link is made."""
        self._catalog = catalog
        self._clock = clock
        self._sessions = sessions
        self._lock = Lock()
        self._door = Lock()
        self._known: dict[SessionId, _Activity] = {}
        self._happened: deque[Happening] = deque(maxlen=HAPPENINGS_MAX)

    # --- coming and going -----------------------------------------------------------------------------------------

    @contextmanager
    def admission(self, link: Link, address: str) -> Iterator[None]:
        """Within it a new visitor may come in; one after the other, so that no two take the last place.

        Raises:
            BusyError: all places are taken by others who do something.
        """
        if self.most is None or link.id != self.link_id:
            yield
            return
        with self._door:
            here = self.listed()
            if len(here) >= self.most:
                away = [each for each in here if each.away]
                if not away:
                    self._tell(What.FULL, address, address)
                    raise BusyError(
                        f"As many guests as may be are here already: {self.most}", hint="Try again in a few minutes."
                    )
                self.end(max(away, key=lambda each: each.away_seconds).id)
            yield

    def seen(self, principal: Principal) -> "Mover":
        """A visitor asks for something. Returns what tells of its transfers."""
        session = principal.session
        assert session is not None  # noqa: S101 - visitors have one
        now = self._clock.monotonic()
        with self._lock:
            activity = self._known.get(session.id)
            if activity is None:
                activity = self._known[session.id] = _Activity(session, now)
                self._note(What.CAME, activity)
            activity.seen = now
        return Mover(self, activity)

    def listed(self) -> Sequence[Visitor]:
        """Who is here, the oldest first."""
        link_id = self.link_id
        if link_id is None:
            return []
        now_us, now = self._clock.now_us(), self._clock.monotonic()
        sessions = [
            each for each in self._catalog.read(lambda tx: tx.sessions.of_link(link_id)) if each.expires_us > now_us
        ]
        with self._lock:
            alive = {each.id for each in sessions}
            for each in sessions:
                if each.id not in self._known:
                    self._known[each.id] = _Activity(each, now)
                    self._note(What.CAME, self._known[each.id])
            for number in [number for number in self._known if number not in alive]:
                activity = self._known[number]
                if not activity.busy:
                    del self._known[number]
                    self._note(What.LEFT, activity)
            return [self._visitor(self._known[each.id], now) for each in sessions]

    def end(self, session_id: SessionId) -> bool:
        """End a visitor's session, and what it transfers, within a second. Whether it was there."""
        with self._lock:
            activity = self._known.pop(session_id, None)
            if activity is not None:
                self._note(What.ENDED, activity)
        self._sessions.end(session_id)
        return activity is not None

    def heard(self, event: Event) -> None:
        """Take note of warnings, for those who have subscribed to the bus with it."""
        if event.topic is not Topic.WARNINGS:
            return
        what = {"sent": What.WARNED, "acknowledged": What.READ}.get(event.kind)
        with self._lock:
            activity = self._known.get(event.data["session"] or SessionId(0))
            if what is not None and activity is not None:
                self._note(what, activity)

    def busy(self) -> int:
        """How many visitors transfer at this moment."""
        with self._lock:
            return sum(each.busy for each in self._known.values())

    def happenings(self) -> Sequence[Happening]:
        """What happened since this was asked last."""
        found = []
        with self._lock:
            while self._happened:
                found.append(self._happened.popleft())
        return found

    # --- behind it ------------------------------------------------------------------------------------------------

    def _visitor(self, activity: _Activity, now: float) -> Visitor:
        session = activity.session
        self._measure(activity, now)
        moving = next(((key, each) for key, each in reversed(activity.moving.items()) if each.open), None)
        about = {}
        if moving is not None:
            (direction, file), each = moving
            done = each.done if each.size is None else min(each.done, each.size)
            about = {"direction": direction, "file": file, "size": each.size, "done": done, "rate": activity.rate}
        return Visitor(
            session.id,
            session.guest,
            session.address,
            session.door,
            session.agent,
            session.created_us,
            0.0 if moving else now - activity.seen,
            activity.fetched,
            activity.sent,
            **about,  # type: ignore[arg-type]
        )

    @staticmethod
    def _measure(activity: _Activity, now: float) -> None:
        if activity.sample is None:
            activity.sample = now, activity.total
            return
        then, total = activity.sample
        if now - then >= _RATE_SECONDS:
            fresh = (activity.total - total) / (now - then)
            activity.rate = fresh if not activity.rate else _SMOOTH * fresh + (1 - _SMOOTH) * activity.rate
            activity.sample = now, activity.total

    def _note(self, what: What, activity: _Activity, file: str = "", size: int = 0) -> None:
        session = activity.session
        self._happened.append(Happening(self._clock.now_us(), what, session.guest, session.address, file, size))

    def _tell(self, what: What, who: str, address: str) -> None:
        with self._lock:
            self._happened.append(Happening(self._clock.now_us(), what, who, address))

    # --- what `Mover` does ----------------------------------------------------------------------------------------

    def begin(self, activity: _Activity, key: tuple[Direction, str], size: int | None) -> None:
        """Something of a file begins to move."""
        now = self._clock.monotonic()
        with self._lock:
            each = activity.moving.get(key)
            if each is None or (not each.open and each.size is not None and each.done >= each.size):
                each = _Moving(size)
            activity.moving.pop(key, None)
            activity.moving[key] = each
            if len(activity.moving) > _PIECES_MAX:  # of files that were begun and left
                idle = next((old for old, one in activity.moving.items() if not one.open and old != key), None)
                if idle is not None:
                    del activity.moving[idle]
            was_busy = activity.busy
            each.open += 1
            if activity.sample is None or (now - activity.sample[0] > 2 * _RATE_SECONDS and not was_busy):
                activity.sample, activity.rate = (now, activity.total), 0.0

    def moved(self, activity: _Activity, key: tuple[Direction, str], count: int) -> None:
        """So many bytes of it went by."""
        with self._lock:
            activity.total += count
            activity.seen = self._clock.monotonic()
            if each := activity.moving.get(key):
                each.done += count

    def ended(self, activity: _Activity, key: tuple[Direction, str], arrived: Entry | None = None) -> None:
        """It is over; `arrived` is what was sent and published."""
        with self._lock:
            each = activity.moving.get(key)
            if each is None:
                return
            each.open -= 1
            if each.open:
                return
            direction, file = key
            if direction is Direction.DOWN and each.size is not None and each.done >= each.size:
                activity.fetched += 1
                self._note(What.FETCHED, activity, file, each.size)
            elif direction is Direction.UP and arrived is not None:
                activity.sent += 1
                self._note(What.SENT, activity, file.rpartition("/")[0] + f"/{arrived.name}", arrived.size)
            elif direction is Direction.UP:
                self._note(What.CUT, activity, file, each.done)
            else:
                return  # a piece of it; others may follow
            del activity.moving[key]


class Mover:
    """Tells of one visitor's transfers."""

    __slots__ = ("_activity", "_visitors")

    def __init__(self, visitors: Visitors, activity: _Activity) -> None:
        self._visitors = visitors
        self._activity = activity

    def begin(self, direction: Direction, file: str, size: int | None) -> "Move":
        """A file, or a piece of it, begins to move."""
        self._visitors.begin(self._activity, (direction, file), size)
        return Move(self._visitors, self._activity, (direction, file))


class Move:
    """One file, or piece of one, on its way."""

    __slots__ = ("_activity", "_key", "_over", "_visitors")

    def __init__(self, visitors: Visitors, activity: _Activity, key: tuple[Direction, str]) -> None:
        self._visitors, self._activity, self._key, self._over = visitors, activity, key, False

    def moved(self, count: int) -> None:
        """So many bytes went by."""
        self._visitors.moved(self._activity, self._key, count)

    def end(self, arrived: Entry | None = None) -> None:
        """It is over. Calling it again is fine."""
        if not self._over:
            self._over = True
            self._visitors.ended(self._activity, self._key, arrived)
