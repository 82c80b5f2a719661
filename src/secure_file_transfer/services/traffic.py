"""The server's own limits on transfers: how many move content at once, and how fast. One place for all doors.

A *transfer* here is one request or command that moves content. A client that uses several connections for a file has
as many transfers; what keeps it from taking the whole server is the share of its account, see `transfer.turns`.

A door calls `begin`, asks `wait` until it is 0 before it moves anything, tells `moved` after each piece, and calls
`leave` in the end. Nothing here blocks; a door waits in its own manner.
"""

import math
import re
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from secure_file_transfer.errors import BusyError, PausedError, SecureFileTransferError, SignInRequiredError
from secure_file_transfer.model import KIB, MIB, AccountId, Principal
from secure_file_transfer.ports import Catalog, Clock
from secure_file_transfer.transfer.rate import RateLimit
from secure_file_transfer.transfer.turns import URGENCY_DEFAULT, State, Turn, Turns

from .meter import Meter

WAITING_MAX = 256
"""Transfers that may wait for their first turn. At two seconds a turn and four places the last waits two minutes."""
TINY = 64 * KIB
"""Content of at most this size passes without a place: a connection has that much in its buffers before anybody
decides anything, so to hold it up would save nothing. It counts for the rates."""
LOOK_SECONDS = 0.5
"""How often those who wait look up, so that a change of limits holds for them within a second."""
TICK_SECONDS = 0.25
HELD_SECONDS = 10.0
"""So long a paused transfer is held before a peer that can wait by itself is sent away: well below what clients,
servers and proxies take for a dead connection."""
PAUSE_SECONDS = 3.0
"""A file of our client is many requests. Who is between two of them no longer than this still transfers."""
SLICE_MIN = 16 * KIB
SLICE_MAX = MIB

_URGENCY = re.compile(r"u=([0-7])")


class Direction(Enum):
    """As the server's peer sees it."""

    UP = 0
    DOWN = 1


def client_key(who: Principal, address: str) -> Hashable:
    """What tells one client from another: the session, or the token, or a guest's address."""
    if who.token is not None:
        return "token", who.token.id
    return address if who.session is None else who.session.id


Kind = tuple[str, Direction]
"""By which door, and which way."""
Rates = tuple[int, int]
"""Bytes in a second up and down; 0 is no limit."""
ReadRates = Callable[[Iterable[AccountId]], Mapping[AccountId, Rates]]


def account_rates(catalog: Catalog) -> ReadRates:
    """What the catalog says of accounts at this moment."""

    def read(ids: Iterable[AccountId]) -> Mapping[AccountId, Rates]:
        found = catalog.read(lambda tx: [tx.accounts.get(each) for each in ids])
        return {each.id: (each.rate_up, each.rate_down) for each in found if each}

    return read


def urgency(field: str) -> int:
    """`u` of a `Priority` field (RFC 9218, 4.1), which says that what cannot be understood is to be ignored."""
    found = URGENCY_DEFAULT
    for member in field.split(","):
        if match := _URGENCY.fullmatch(member.partition(";")[0].strip()):
            found = int(match[1])  # of a member given twice the last counts (RFC 8941, 3.2)
    return found


@dataclass(frozen=True, slots=True)
class About:
    """What a transfer moves, for whoever watches. Some of it is what the peer says, so nothing is decided by it.

    `path` is in the peer's own tree, `size` that of the whole file, `at` how much of it is done already. Requests of
    one client with the same `name` move the same file. A `patient` peer understands `PausedError`, and comes again.
    """

    path: str = ""
    size: int | None = None
    at: int = 0
    name: str = ""
    patient: bool = False


class Watcher(Protocol):
    """Hears of all transfers, outside of any lock. It must be quick."""

    def begun(self, transfer: "Transfer") -> None:
        """It begins."""

    def left(self, transfer: "Transfer") -> None:
        """It is over."""


class _Owner:
    """What the transfers of one account share; a guest is known by the address."""

    def __init__(self, rates: Rates, now: float) -> None:
        self.limits = [RateLimit(rate, now) for rate in rates]
        self.transfers = 0


@dataclass(slots=True, eq=False)
class Transfer:
    """One transfer under the limits. Doors use its methods, and those of `Traffic` that take it."""

    who: Principal
    key: Hashable
    limits: tuple[RateLimit, RateLimit]
    """Of the owner, and of the server."""
    wake: Callable[[], None]
    direction: Direction
    address: str
    client: Hashable
    """See `client_key`."""
    door: str
    urgency: int
    tiny: bool
    about: About = field(default_factory=About)
    count: int = 0
    """Bytes that went by, added by the one thread that moves them."""
    filling: Callable[[], int] | None = None
    """How many came besides, of a piece that is not whole yet."""
    held_since: float | None = None
    """Since when it is paused; whoever says so calls `wake` when that changes."""
    turn: Turn | None = None
    """None where it needs no place."""
    tickets: tuple[int, ...] = ()
    refusal: SecureFileTransferError | None = None
    delayed: bool = False

    @property
    def kind(self) -> "Kind":
        """What its bytes are counted under."""
        return self.door, self.direction

    @property
    def limited(self) -> bool:
        """Whether there is anything to ask; cheap enough to be asked for every piece."""
        held = self.held_since is not None
        return held or self.turn is not None or bool(self.limits[0].rate or self.limits[1].rate)

    @property
    def moved(self) -> int:
        """Bytes so far."""
        filling = self.filling
        return self.count + (0 if filling is None else filling())

    @property
    def slice(self) -> int:
        """Pieces of at most so many bytes keep this transfer even, and fair to the others."""
        rates = [limit.rate for limit in self.limits if limit.rate]
        return min(max(min(rates) // 16, SLICE_MIN), SLICE_MAX) if rates else SLICE_MAX


class _Clients:
    """Who transfers, counted by client. Used under the lock of `Traffic`."""

    def __init__(self) -> None:
        self._running: Counter[Hashable] = Counter()
        self._left: OrderedDict[Hashable, float] = OrderedDict()

    def begin(self, client: Hashable) -> None:
        self._running[client] += 1

    def leave(self, client: Hashable, now: float) -> None:
        self._running[client] -= 1
        if not self._running[client]:
            del self._running[client]
        self._left[client] = now
        self._left.move_to_end(client)
        while now - next(iter(self._left.values())) > PAUSE_SECONDS:
            self._left.popitem(last=False)

    def running(self) -> set[Hashable]:
        return set(self._running)

    def goes_on(self, client: Hashable, now: float) -> bool:
        """Whether it transfers, or did a moment ago."""
        return client in self._running or now - self._left.get(client, -math.inf) <= PAUSE_SECONDS

    def busy(self, now: float) -> set[Hashable]:
        return {each for each in (*self._running, *self._left) if self.goes_on(each, now)}


class Traffic:
    """All transfers of a server. One object serves all doors, from any thread.

    `places` is how many transfers move content at once, `rates` how many bytes in a second go up and down; 0 is no
    limit. `read_rates` finds the accounts' own rates, `check` raises when a session has ended. Somebody calls `tick`
    every `TICK_SECONDS` while `run` is not running.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        places: int = 0,
        rates: Rates = (0, 0),
        read_rates: ReadRates | None = None,
        check: Callable[[Principal], None] | None = None,
        room: int = WAITING_MAX,
    ) -> None:
        self._clock = clock
        self._turns = Turns(places, room) if places else None
        self._room = room
        self._server = [RateLimit(rate, clock.monotonic()) for rate in rates]
        self._read_rates = read_rates
        self._check = check
        self._lock = threading.Lock()
        self._owners: dict[Hashable, _Owner] = {}
        self._transfers: dict[Transfer, None] = {}
        self.watcher: Watcher | None = None
        self._by_turn: dict[Turn, Transfer] = {}
        self._clients = _Clients()
        self._refusal: Callable[[], SecureFileTransferError] | None = None
        self._finishing: set[Hashable] = set()
        self._meter: Meter[Kind] = Meter()
        self._busy = threading.Event()
        self._closing = threading.Event()

    @property
    def queued(self) -> bool:
        """Whether transfers have to wait for their turn here."""
        return self._turns is not None

    # --- what doors call ------------------------------------------------------------------------------------------

    def begin(
        self,
        who: Principal,
        address: str,
        direction: Direction,
        wake: Callable[[], None],
        *,
        urgency: int = URGENCY_DEFAULT,
        size: int | None = None,
        door: str = "",
        about: About | None = None,
    ) -> Transfer:
        """A new transfer, of `size` bytes if that is known. `wake` is called from any thread and must not block.

        `door` and `about` are for the watcher.

        Raises:
            BusyError: too many wait already.
            MaintenanceError, ShuttingDownError: no new ones may begin, see `close_to_new`.
        """
        key: Hashable = address if who.payer is None else who.payer
        rates = (who.account.rate_up, who.account.rate_down) if who.account else (0, 0)
        with self._lock:
            now = self._clock.monotonic()
            client = client_key(who, address)
            self._require_open(client, now)
            owner = self._owners.get(key) or _Owner(rates, now)
            limits = owner.limits[direction.value], self._server[direction.value]
            tiny = size is not None and size <= TINY
            named = about or About()
            transfer = Transfer(who, key, limits, wake, direction, address, client, door, urgency, tiny, named)
            lost = None
            if self._turns is not None and not tiny:
                transfer.turn, lost = self._turns.join(key, urgency, now)
                if transfer.turn is None:
                    raise _busy()
                self._by_turn[transfer.turn] = transfer
            self._owners[key] = owner
            owner.transfers += 1
            self._transfers[transfer] = None
            self._clients.begin(client)
            turned_away = self._by_turn.get(lost) if lost is not None else None
        if turned_away is not None:
            self._refuse(turned_away, _busy())
        if not self._busy.is_set():
            self._busy.set()
        if self.watcher is not None:
            self.watcher.begun(transfer)
        return transfer

    def wait(self, transfer: Transfer) -> float:
        """0 when more may move now. Otherwise wait until `wake` is called, at most so many seconds, and ask again.

        Raises:
            BusyError: somebody with a better claim needs the room.
            PausedError: it was held long enough, and its peer can wait by itself.
            SignInRequiredError: the session has ended meanwhile.
        """
        with self._lock:
            now = self._clock.monotonic()
            if transfer.refusal is not None:
                raise transfer.refusal
            if (since := transfer.held_since) is not None:
                if transfer.about.patient and now - since >= HELD_SECONDS:
                    raise PausedError(hint="Wait until they let you go on.")
                transfer.delayed = True
                return LOOK_SECONDS
            begun: list[Turn] = []
            if transfer.turn is not None and transfer.turn.state is State.RESTING and self._turns is not None:
                begun = self._turns.again(transfer.turn, now)
            if transfer.turn is not None and transfer.turn.state is not State.MOVING:
                seconds = LOOK_SECONDS
            else:
                left = max(
                    map(lambda limit, ticket: limit.wait(ticket, now), transfer.limits, transfer.tickets), default=0
                )
                seconds = min(left, LOOK_SECONDS)
            transfer.delayed = seconds > 0
        self._wake(begun)
        return seconds

    def moved(self, transfer: Transfer, count: int) -> None:
        """So many bytes went by, which the door has added to `transfer.count`; the next `wait` is for them."""
        if count and (transfer.limits[0].rate or transfer.limits[1].rate):
            with self._lock:
                now = self._clock.monotonic()
                transfer.tickets = tuple(limit.reserve(count, now) for limit in transfer.limits)

    def leave(self, transfer: Transfer) -> None:
        """It is over, however it ended. Calling it again is fine."""
        begun: list[Turn] = []
        with self._lock:
            if transfer not in self._transfers:
                return
            del self._transfers[transfer]
            self._clients.leave(transfer.client, self._clock.monotonic())
            self._meter.add(transfer)
            owner = self._owners[transfer.key]
            owner.transfers -= 1
            if not owner.transfers:
                del self._owners[transfer.key]
            if transfer.turn is not None and self._turns is not None:
                del self._by_turn[transfer.turn]
                begun = self._turns.leave(transfer.turn, self._clock.monotonic())
        self._wake(begun)
        if self.watcher is not None:
            self.watcher.left(transfer)

    # --- what operators change ------------------------------------------------------------------------------------

    def change_places(self, places: int) -> None:
        """Another number of places from now on, for those who move already as well; 0 is no limit."""
        with self._lock:
            now = self._clock.monotonic()
            if not places:
                woken = list(self._by_turn.values())
                for transfer in woken:
                    transfer.turn = None
                self._by_turn.clear()
                self._turns = None
            else:
                if self._turns is None:
                    self._turns = Turns(places, self._room)
                    for transfer in self._transfers:
                        if not transfer.tiny:
                            transfer.turn = self._turns.adopt(transfer.key, transfer.urgency, now)
                            self._by_turn[transfer.turn] = transfer
                woken = [self._by_turn[turn] for turn in self._turns.resize(places, now)]
        for transfer in woken:
            transfer.wake()

    def change_rates(self, rates: Rates) -> None:
        """Other rates of the server, from now on and for those who wait already."""
        with self._lock:
            now = self._clock.monotonic()
            changed = [limit.rate != rate for limit, rate in zip(self._server, rates, strict=True)]
            for limit, rate in zip(self._server, rates, strict=True):
                limit.change(rate, now)
            waiting = [transfer for transfer in self._transfers if transfer.delayed] if any(changed) else []
        for transfer in waiting:
            transfer.wake()

    def close_to_new(self, refusal: Callable[[], SecureFileTransferError] | None) -> None:
        """From now on refuse new transfers with what this makes; None: they may begin again.

        Clients that transfer at this moment finish what they do: until they pause for more than `PAUSE_SECONDS`.
        """
        with self._lock:
            if self._refusal is None:
                self._finishing = self._clients.busy(self._clock.monotonic())
            self._refusal = refusal

    def drained(self) -> bool:
        """Whether all that was under way when it was closed to new ones has ended."""
        with self._lock:
            now = self._clock.monotonic()
            self._finishing = {each for each in self._finishing if self._clients.goes_on(each, now)}
            return not self._finishing and not self._transfers

    def require_open(self, who: Principal, address: str) -> None:
        """For what moves no content and still is the end of a transfer, such as naming blocks that are here already.

        Raises:
            MaintenanceError, ShuttingDownError: no new transfers may begin, and this client has none under way.
        """
        with self._lock:
            self._require_open(client_key(who, address), self._clock.monotonic())

    def _require_open(self, client: Hashable, now: float) -> None:
        if self._refusal is None or (client in self._finishing and self._clients.goes_on(client, now)):
            return
        self._finishing.discard(client)
        raise self._refusal()

    # --- what operators see ---------------------------------------------------------------------------------------

    def counts(self) -> Mapping[tuple[Direction, bool], int]:
        """How many transfers there are by direction, and by whether they wait for a place."""
        with self._lock:
            return Counter(
                (each.direction, each.turn is not None and each.turn.state is not State.MOVING)
                for each in self._transfers
            )

    def bytes_moved(self) -> Mapping[Kind, int]:
        """How many bytes went by since the server began; those that move now are in it."""
        with self._lock:
            return self._meter.totals(self._transfers)

    def speeds(self) -> Mapping[Kind, float]:
        """Bytes in a second at this moment."""
        with self._lock:
            return self._meter.speeds(self._meter.totals(self._transfers), self._clock.monotonic())

    def lately(self) -> list[Counter[Kind]]:
        """Bytes that went by in each of the last `STEPS` steps, see `meter`."""
        self.speeds()
        with self._lock:
            return self._meter.steps(self._clock.monotonic())

    def clients(self) -> set[Hashable]:
        """Whose transfers run at this moment, see `client_key`."""
        with self._lock:
            return self._clients.running()

    # --- what happens by itself -----------------------------------------------------------------------------------

    def tick(self) -> None:
        """Take places back whose time is up, notice ended sessions and changed rates, look how fast all is."""
        self.speeds()
        with self._lock:
            begun = self._turns.look(self._clock.monotonic()) if self._turns is not None else []
            accounts = [key for key in self._owners if isinstance(key, int)]
            delayed = [transfer for transfer in self._transfers if transfer.delayed]
        self._wake(begun)
        if self._check is not None:
            for transfer in delayed:
                try:
                    self._check(transfer.who)
                except SignInRequiredError as error:
                    self._refuse(transfer, error)
        if self._read_rates is not None and accounts:
            self._change(self._read_rates(map(AccountId, accounts)))

    def run(self) -> None:
        """Tick while there are transfers, until `close`; for a thread of its own."""
        while not self._closing.is_set():
            self._busy.wait()
            while self._transfers and not self._closing.wait(TICK_SECONDS):
                with suppress(SecureFileTransferError):  # a catalog that is busy now is asked again
                    self.tick()
            self.speeds()  # of what was over before the first tick
            self._busy.clear()
            if self._transfers or self._closing.is_set():
                self._busy.set()

    def close(self) -> None:
        """End `run`."""
        self._closing.set()
        self._busy.set()

    def _change(self, found: Mapping[AccountId, Rates]) -> None:
        changed = False
        with self._lock:
            now = self._clock.monotonic()
            for account, rates in found.items():
                owner = self._owners.get(account)
                for limit, rate in zip(owner.limits if owner else (), rates, strict=False):
                    if limit.rate != rate:
                        limit.change(rate, now)
                        changed = True
            waiting = [transfer for transfer in self._transfers if transfer.delayed] if changed else []
        for transfer in waiting:
            transfer.wake()

    def _refuse(self, transfer: Transfer, error: SecureFileTransferError) -> None:
        transfer.refusal = error
        transfer.wake()

    def _wake(self, turns: list[Turn]) -> None:
        for turn in turns:
            if transfer := self._by_turn.get(turn):
                transfer.wake()


def _busy() -> BusyError:
    return BusyError("The server moves as much as it may, and many wait already", hint="Try again in a few seconds.")
