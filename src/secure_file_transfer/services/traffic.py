"""The server's own limits on transfers: how many move content at once, and how fast. One place for all doors.

A *transfer* here is one request or command that moves content. A client that uses several connections for a file has
as many transfers; what keeps it from taking the whole server is the share of its account, see `transfer.turns`.

A door calls `begin`, asks `wait` until it is 0 before it moves anything, tells `moved` after each piece, and calls
`leave` in the end. Nothing here blocks; a door waits in its own manner.
"""

import re
import threading
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
SLICE_MIN = 16 * KIB
SLICE_MAX = MIB

_URGENCY = re.compile(r"u=([0-7])")


class Direction(Enum):
    """As the server's peer sees it."""

    UP = 0
    DOWN = 1


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
    door: str = ""
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
        self._server = [RateLimit(rate, clock.monotonic()) for rate in rates]
        self._read_rates = read_rates
        self._check = check
        self._lock = threading.Lock()
        self._owners: dict[Hashable, _Owner] = {}
        self._transfers: dict[Transfer, None] = {}
        self.watcher: Watcher | None = None
        self._by_turn: dict[Turn, Transfer] = {}
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
        """
        key: Hashable = address if who.payer is None else who.payer
        rates = (who.account.rate_up, who.account.rate_down) if who.account else (0, 0)
        with self._lock:
            now = self._clock.monotonic()
            owner = self._owners.get(key) or _Owner(rates, now)
            limits = owner.limits[direction.value], self._server[direction.value]
            transfer = Transfer(who, key, limits, wake, direction, address, door, about or About())
            lost = None
            if self._turns is not None and (size is None or size > TINY):
                transfer.turn, lost = self._turns.join(key, urgency, now)
                if transfer.turn is None:
                    raise _busy()
                self._by_turn[transfer.turn] = transfer
            self._owners[key] = owner
            owner.transfers += 1
            self._transfers[transfer] = None
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
        """So many bytes went by; the next `wait` is for them."""
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

    # --- what happens by itself -----------------------------------------------------------------------------------

    def tick(self) -> None:
        """Take places back whose time is up, notice ended sessions and changed rates."""
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
