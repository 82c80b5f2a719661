"""Who moves content now, and who is next, where only so many may at once.

- Those who wait are ordered by urgency (RFC 9218: 0 to 7, lower is sooner) and then by arrival. Waiting makes
  urgent: every `AGE_SECONDS` count as one step, so nobody waits for ever behind those who are more urgent.
- Urgency orders only within what an owner may have. While others wait, an owner's share is its part of the places;
  whoever has less than that comes before whoever has it already, and equals take turns.
- A place is lent, not given. Whoever held it for `SLICE_SECONDS` while somebody waits who is no less entitled must
  ask again before it moves more. A peer that sends or takes nothing thus keeps no place from others, nor does a
  large file, and a wait ends within a slice or so for each round of those who wait.
"""

from collections import Counter, OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum

SLICE_SECONDS = 2.0
AGE_SECONDS = 5.0
URGENCY_DEFAULT = 3
REMEMBERED_MAX = 1024
"""Owners of whom it is known when they had their last turn."""


class State(Enum):
    """Where somebody stands."""

    WAITING = 1
    MOVING = 2
    RESTING = 3
    """The place was taken back; nothing may move before it is asked for again."""


@dataclass(slots=True, eq=False)
class Turn:
    """One transfer. `since` is when it began to be what it is now."""

    owner: Hashable
    urgency: int
    since: float
    number: int
    state: State = State.WAITING
    begun: bool = False


class Turns:
    """`places` for those who move, `room` for those who wait for their first turn; at least one of each.

    Methods return the turns that came to be moving by them, for their owners to be told.
    """

    def __init__(self, places: int, room: int) -> None:
        self._places = places
        self._room = room
        self._arrivals = 0
        self._moving: dict[Turn, None] = {}
        self._waiting: dict[Turn, None] = {}
        self._held: Counter[Hashable] = Counter()
        self._served: OrderedDict[Hashable, int] = OrderedDict()

    @property
    def moving(self) -> int:
        """How many places are taken."""
        return len(self._moving)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def resize(self, places: int, now: float) -> list[Turn]:
        """Another number of places from now on. Those who moved longest rest until there are no more than that."""
        self._places = places
        for turn in sorted(self._moving, key=lambda turn: turn.since)[: max(0, len(self._moving) - places)]:
            self._rest(turn, now)
        return self._fill(now)

    def adopt(self, owner: Hashable, urgency: int, now: float) -> Turn:
        """The turn of a transfer that moves already, whether there is a place or not; `resize` afterwards."""
        turn = Turn(owner, urgency, now, self._next())
        self._begin(turn, now)
        return turn

    def join(self, owner: Hashable, urgency: int, now: float) -> tuple[Turn | None, Turn | None]:
        """A new transfer's turn, moving or waiting, and who has to go away for it.

        Without room, the owner with the most waiting loses its last; the turn is None if that is the newcomer.
        """
        turn = Turn(owner, urgency, now, self._next())
        self._served.setdefault(owner, turn.number)  # newcomers get in line behind those who had no turn for longer
        if len(self._moving) < self._places and not self._waiting:
            self._begin(turn, now)
            return turn, None
        fresh = [each for each in self._waiting if not each.begun]
        lost = None
        if len(fresh) >= self._room:
            crowd = Counter(each.owner for each in [*fresh, turn])
            lost = max([*fresh, turn], key=lambda each: (crowd[each.owner], each.urgency, each.number))
            if lost is turn:
                return None, None
            del self._waiting[lost]
        self._waiting[turn] = None
        return turn, lost

    def again(self, turn: Turn, now: float) -> list[Turn]:
        """A resting turn wants to move on."""
        turn.state, turn.since, turn.number = State.WAITING, now, self._next()
        self._waiting[turn] = None
        return self._fill(now)

    def leave(self, turn: Turn, now: float) -> list[Turn]:
        """It is over, wherever it stood."""
        self._waiting.pop(turn, None)
        self._stop(turn)
        return self._fill(now)

    def look(self, now: float) -> list[Turn]:
        """Take places back from those whose time is up, if somebody waits who should have them."""
        begun: list[Turn] = []
        for _ in range(min(len(self._waiting), self._places)):
            first = self._first(now)
            ripe = [turn for turn in self._moving if now - turn.since >= SLICE_SECONDS]
            if first is None or not ripe:
                break
            victim = max(ripe, key=lambda turn: (*self._claim(turn), -turn.since))
            share, aged = self._share(), self._ranked(first, now, 0)[1]
            held = self._held[first.owner] - (first.owner == victim.owner)  # as it would be then
            if (held >= share, aged) > self._claim(victim):
                break
            self._rest(victim, now)
            begun += self._fill(now)
        return begun

    def _next(self) -> int:
        self._arrivals += 1
        return self._arrivals

    def _share(self) -> int:
        owners = len(self._held.keys() | {turn.owner for turn in self._waiting})
        return max(1, self._places // max(1, owners))

    def _claim(self, turn: Turn) -> tuple[bool, int]:
        """What speaks against a moving turn, as if it had to ask now."""
        return self._held[turn.owner] - 1 >= self._share(), turn.urgency

    def _ranked(self, turn: Turn, now: float, share: int) -> tuple[bool, int, int, int, int]:
        """The least is the next: share, urgency, places held, last turn, arrival."""
        held = self._held.get(turn.owner, 0)
        urgency = max(0, turn.urgency - int((now - turn.since) / AGE_SECONDS))
        return held >= share, urgency, held, self._served.get(turn.owner, 0), turn.number

    def _first(self, now: float) -> Turn | None:
        share = self._share()
        return min(self._waiting, key=lambda turn: self._ranked(turn, now, share), default=None)

    def _fill(self, now: float) -> list[Turn]:
        begun = []
        while len(self._moving) < self._places and (turn := self._first(now)) is not None:
            del self._waiting[turn]
            self._begin(turn, now)
            begun.append(turn)
        return begun

    def _begin(self, turn: Turn, now: float) -> None:
        turn.state, turn.since, turn.begun = State.MOVING, now, True
        self._moving[turn] = None
        self._held[turn.owner] += 1
        self._serve(turn.owner)

    def _serve(self, owner: Hashable) -> None:
        self._served[owner] = self._next()
        self._served.move_to_end(owner)
        if len(self._served) > REMEMBERED_MAX:
            self._served.popitem(last=False)

    def _rest(self, turn: Turn, now: float) -> None:
        self._stop(turn)
        turn.state, turn.since = State.RESTING, now

    def _stop(self, turn: Turn) -> None:
        if turn not in self._moving:
            return
        del self._moving[turn]
        self._serve(turn.owner)
        self._held[turn.owner] -= 1
        if not self._held[turn.owner]:
            del self._held[turn.owner]
