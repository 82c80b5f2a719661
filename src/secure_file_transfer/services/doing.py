"""What one client does at this moment: the numbers behind a row of the list of clients. No locks and no clock here."""

import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum

from secure_file_transfer.model import AccountId, Principal, SessionId, TimeUs

from .traffic import Direction, Transfer

LINGER_SECONDS = 2.0
"""A file that is not whole counts as moving for so long after its last request: the next one may be on its way."""
NOTED_SECONDS = 1.5
"""So long a listing or a word in a chat is what somebody does."""
SMOOTH_SECONDS = 2.0
"""Of a rate's past that counts."""
FILES_MAX = 64
"""Files of one client that are told apart at once."""


class Doing(StrEnum):
    """What a client does."""

    SIGNING_IN = "signing in"
    IDLE = "idle"
    LISTING = "listing"
    DOWNLOADING = "downloading"
    UPLOADING = "uploading"
    PAUSED = "paused"
    CHATTING = "chatting"


@dataclass(frozen=True, slots=True)
class Client:
    """A client as it is shown. `id` is the number of its session, or has a letter before it: `t` of an API token.

    `c` stands for a connection that has not signed in. `done` and `size` are those of the file at `path`, which moved
    last; `files` is how many move. `rate` is in bytes a second, and `eta` in seconds, for all of them together.
    """

    id: str
    name: str
    kind: str
    account_id: AccountId | None
    session: SessionId | None
    door: str
    address: str
    agent: str
    device: int | None
    since_us: TimeUs
    state: Doing
    path: str = ""
    done: int = 0
    size: int | None = None
    files: int = 0
    rate: int = 0
    eta: int | None = None
    up: int = 0
    down: int = 0

    @property
    def percent(self) -> int | None:
        """Of the file, as far as its size is known; 100 only when all has moved."""
        return None if self.size is None else (100 * self.done // self.size if self.size else 100)


@dataclass(slots=True, eq=False)
class File:
    """A file on its way, in however many requests."""

    path: str
    direction: Direction
    size: int | None
    base: int
    """How much of it was done when it was first named."""
    last: float
    gone: int = 0
    """Bytes of the requests that are over."""
    told: int = 0
    """The most that its sender said of it."""
    done: int = 0
    running: set[Transfer] = field(default_factory=set)

    def update(self, now: float) -> None:
        """Count again."""
        moved = self.gone + sum(each.moved for each in self.running)
        done = max(self.base + moved, self.told, self.done)
        done = done if self.size is None else min(done, self.size)
        if done != self.done or self.running:
            self.last = now if done != self.done else self.last
            self.done = done

    def over(self, now: float) -> bool:
        """Whether nothing more is to be expected."""
        whole = self.size is None or self.done >= self.size
        return not self.running and (whole or now - self.last >= LINGER_SECONDS)


@dataclass(slots=True, eq=False)
class Live:
    """One client, as it changes."""

    id: str
    who: Principal | None
    door: str
    address: str
    agent: str
    since_us: TimeUs
    seen: float
    connections: int = 0
    """Open ones that say by themselves that it is here."""
    paused: bool = False
    noted: Doing = Doing.IDLE
    noted_at: float = -math.inf
    files: dict[Hashable, File] = field(default_factory=dict)
    gone: list[int] = field(default_factory=lambda: [0, 0])
    """Bytes of the requests that are over, by direction."""
    total: list[int] = field(default_factory=lambda: [0, 0])
    rate: float = 0.0
    counted: int = 0
    counted_at: float = 0.0
    told: Client | None = None
    told_at: float = -math.inf
    pending: bool = False
    """Whether something is known that was told to nobody yet."""

    # --- transfers ------------------------------------------------------------------------------------------------

    def begun(self, transfer: Transfer, now: float) -> None:
        """A request moves something."""
        about, key = transfer.about, _key(transfer)
        file = self.files.get(key)
        if file is not None and not file.running:
            file.update(now)
            if file.over(now):  # the same once more
                del self.files[key]
                file = None
        if file is None:
            if len(self.files) >= FILES_MAX:
                self._make_room()
            file = self.files[key] = File(about.path, transfer.direction, about.size, about.at, now)
        elif about.size is not None:
            file.size = about.size
        if about.name:
            file.told = max(file.told, about.at)
        file.last = now
        file.running.add(transfer)
        if self.counted_at == 0.0:
            self.counted_at = now

    def _make_room(self) -> None:
        """Of a peer that names ever new ones, those that rest longest are not told apart any more."""
        quiet = min(self.files, key=lambda key: (bool(self.files[key].running), self.files[key].last))
        self._settle(self.files.pop(quiet))

    def _settle(self, file: File) -> None:
        for each in file.running:
            self.gone[each.direction.value] += each.moved

    def left(self, transfer: Transfer, now: float) -> None:
        """That request is over."""
        file = self.files.get(_key(transfer))
        if file is None or transfer not in file.running:
            return
        file.running.discard(transfer)
        file.gone += transfer.moved
        file.last = now
        self.gone[transfer.direction.value] += transfer.moved

    @property
    def moving(self) -> bool:
        """Whether there is something to count."""
        return bool(self.files)

    @property
    def running(self) -> list[Transfer]:
        """Its requests that move something."""
        return [each for file in self.files.values() for each in file.running]

    def update(self, now: float) -> None:
        """Count what moved since the last time."""
        for key, file in list(self.files.items()):
            file.update(now)
            if file.over(now):
                del self.files[key]
        self.total = list(self.gone)
        for each in self.running:
            self.total[each.direction.value] += each.moved
        self._measure(sum(self.total), now)

    def _measure(self, moved: int, now: float) -> None:
        seconds = now - self.counted_at
        if not self.files:
            self.rate, self.counted, self.counted_at = 0.0, moved, 0.0
        elif seconds > 0:
            present = max(0, moved - self.counted) / seconds
            weight = 1 - math.exp(-seconds / SMOOTH_SECONDS)
            self.rate = present if self.rate == 0.0 else self.rate + weight * (present - self.rate)
            self.counted, self.counted_at = moved, now

    # --- what is shown --------------------------------------------------------------------------------------------

    def state(self, now: float) -> Doing:
        """What it does."""
        if self.who is None:
            return Doing.SIGNING_IN
        if self.paused:
            return Doing.PAUSED
        if (file := self._current()) is not None:
            return Doing.UPLOADING if file.direction is Direction.UP else Doing.DOWNLOADING
        return self.noted if now - self.noted_at < NOTED_SECONDS else Doing.IDLE

    def changing(self, now: float) -> bool:
        """Whether it may be another soon, by itself."""
        return self.moving or self.pending or now - self.noted_at < 2 * NOTED_SECONDS

    def _current(self) -> File | None:
        return max(self.files.values(), key=lambda each: (bool(each.running), each.last), default=None)

    def shown(self, now: float) -> Client:
        """As others see it."""
        who, file = self.who, self._current()
        rate = 0 if self.paused else round(self.rate)
        left = [each.size - each.done for each in self.files.values() if each.size is not None]
        return Client(
            self.id,
            who.name if who else "",
            kind_of(who),
            who.account.id if who and who.account else None,
            who.session.id if who and who.session else None,
            self.door,
            self.address,
            self.agent,
            who.session.device_id if who and who.session else None,
            self.since_us,
            self.state(now),
            file.path if file else "",
            file.done if file else 0,
            file.size if file else None,
            len(self.files),
            rate,
            -(-sum(left) // rate) if rate and left and len(left) == len(self.files) else None,
            self.total[0],
            self.total[1],
        )


def kind_of(who: Principal | None) -> str:
    """What somebody came with."""
    if who is None:
        return "unknown"
    if who.link is not None:
        return "visitor"
    return "token" if who.token is not None else "account" if who.account is not None else "guest"


def _key(transfer: Transfer) -> Hashable:
    about = transfer.about
    if about.name:
        return about.name, transfer.direction
    return (about.path, transfer.direction) if about.path and about.size is not None else transfer
