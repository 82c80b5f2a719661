"""The hub of live events: between the bus that carries all of them and the subscribers, of whom each may hear some.

Publishers only put an event down; one thread hands them on, in order, so that whoever publishes never waits for those
who listen. Whom an event is for stands in the event (`Audience`). Whoever watches a folder is asked for their rights
again each time it changes: what one may not read any more, one hears nothing of.

Nothing grows without bound: a subscriber that reads too slowly, or was away for too long, is told to look at everything
again (`resync`), and never silently misses something.
"""

import secrets
import threading
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from secure_file_transfer.errors import (
    BusyError,
    ForbiddenError,
    InvalidRequestError,
    NotAFolderError,
    NotFoundError,
    SecureFileTransferError,
    SignInRequiredError,
    TooManyRequestsError,
)
from secure_file_transfer.logger import get_logger
from secure_file_transfer.model import DriveId, Principal, Rights, Scope, SessionId, TokenId
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import Clock, Event, EventBus, MountedTree, Topic

from .access import Access
from .event_crowd import MOVED, Crowd, Place, Subscriber, Watch
from .event_queue import ALIVE, CHANGED, GONE, RESYNC, EventQueue, event_id, number_in, written
from .event_ring import EventRing, Past, slot_of
from .scopes import require_scope
from .vault import VaultTree
from .vault_nodes import find_folder

VERIFY_SECONDS = 0.4
"""Between two looks at whether the subscribers' sessions last. What has ended is silent within a second."""
REST = 4
"""After work that took long the thread rests for so many times as long, so that it never takes more than a fifth of a
core from those who transfer; but no longer than `REST_MAX` seconds. Meanwhile events about the same thing merge."""
REST_MAX = 0.4
_TRIES = 3

Ended = Callable[[Collection[SessionId], Collection[TokenId]], tuple[Collection[SessionId], Collection[TokenId]]]
_NOT_THERE = (NotFoundError, NotAFolderError, ForbiddenError, SignInRequiredError, InvalidRequestError)
_log = get_logger()


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of everything there may be."""

    subscribers: int = 20_000
    of_payer: int = 256
    """Of one account, or of the visitors of one link."""
    of_source: int = 1_000
    """From one address: an office may share it."""
    watched: int = 64
    """Folders of one subscriber."""
    queued: int = 256
    queued_bytes: int = 256 * 1024
    remembered: int = 8_192
    remembered_bytes: int = 8 * 1024 * 1024
    pending: int = 16_384
    """Events that wait for the thread."""
    event_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a subscriber hears of from now on.

    `refused` are folders that it cannot watch, and why. `position` is the id of the last event of all, unless
    something before it still waits to be taken.
    """

    topics: Sequence[Topic]
    watched: Sequence[str]
    refused: Sequence[tuple[str, SecureFileTransferError]]
    position: str | None


class Subscription(Subscriber):
    """One subscriber's end: `choose` at first and whenever it wants something else, `end` at last."""

    __slots__ = ("_hub",)

    def __init__(self, hub: "Events", principal: Principal, source: str, wake: Callable[[], None]) -> None:
        super().__init__(principal, source, wake)
        self._hub = hub

    def choose(
        self, topics: Iterable[Topic] | None = None, watch: Sequence[RemotePath] | None = None, after: str | None = None
    ) -> Chosen:
        """Say what to hear of; None leaves it as it is, which at first is all topics and no folder.

        The first time with the id of an event, all after that one comes that is still known, or `resync`. Not to
        miss anything, look at what is watched once this has returned. It may ask the catalog.

        Raises:
            ForbiddenError: a token is not for that.
            InvalidRequestError: too many folders.
            SignInRequiredError: it has ended.
        """
        return self._hub.choose(self, topics, watch, after)

    def take(self, most: int = 64) -> list[bytes]:
        """The next events in JSON, oldest first; [] when none waits. `wake` is called once there are some again."""
        return self._hub.take(self, most)

    def mark(self) -> None:
        """Have an event wait that only says how far everything is, so that an idle subscriber can go on from there."""
        self._hub.mark(self)

    def end(self) -> None:
        """Hear nothing more. Calling it again is fine."""
        self._hub.leave(self)


def _nobody_looks(folders: Collection[tuple[DriveId, str]]) -> None:
    pass


class Events:
    """See the module. `run` it in a thread of its own until `close`, or `step` it."""

    def __init__(
        self,
        bus: EventBus,
        access: Access,
        ended: Ended,
        clock: Clock,
        *,
        bounds: Bounds | None = None,
        watching: Callable[[Collection[tuple[DriveId, str]]], None] = _nobody_looks,
    ) -> None:
        """`ended` tells which sessions and tokens are good no more, of thousands in one go.

        `watching` is told which folders of folder drives somebody watches, whenever these are others.
        """
        self._watching, self._turns = watching, 0
        self._access, self._ended, self._clock = access, ended, clock
        self.check: Callable[[Principal], None] = lambda _: None
        """Raises what whoever has ended hears."""
        self._bounds = bounds or Bounds()
        self._epoch = secrets.token_hex(8)
        self._came = threading.Condition()
        self._closed = threading.Event()
        self._pending: dict[Hashable, Event] = {}
        self._overrun = False
        self._closing = False
        self._stirred = False
        self._verified = clock.monotonic()
        self._lock = threading.Lock()
        self._crowd = Crowd()
        self._ring = EventRing(self._bounds.remembered, self._bounds.remembered_bytes)
        self._received = 0
        self._at = 0  # the number of the last event that began to be handed on
        self._done = 0  # and of the last that everybody has in their queue
        self._moves = 0
        self._unsubscribe = bus.subscribe(self._receive)

    # --- the thread -------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Hand events on until `close`."""
        rest = 0.0
        while True:
            if rest > 0:
                self._closed.wait(rest)
            with self._came:
                self._came.wait_for(lambda: self._closing or self._stirred or bool(self._pending), self._patience())
                self._stirred = False
                if self._closing:
                    return
            begin = self._clock.monotonic()
            try:
                self.step()
            except Exception:  # noqa: BLE001 - a fault with one event must not silence all others for good
                _log.exception("events were lost")
                self._overrun = True
            rest = min(REST_MAX, REST * (self._clock.monotonic() - begin))

    def _patience(self) -> float | None:
        return VERIFY_SECONDS if self._crowd.everybody else None

    def step(self) -> None:
        """End what has ended, and hand on all that waits."""
        if self._clock.monotonic() - self._verified >= VERIFY_SECONDS:
            self._verify()
            self._verified = self._clock.monotonic()
        self._look_out()
        with self._came:
            batch, self._pending = list(self._pending.values()), {}
            overrun, self._overrun = self._overrun, False
        woken: set[Subscriber] = set()
        if overrun:
            woken |= self._lose_all(max((event.number for event in batch), default=self._at))
        for event in batch:
            woken |= self._hand_on(event)
            self._done = self._at
        for each in woken:
            each.wake()

    def _look_out(self) -> None:
        """Other folders are to be looked at for what other programs do there, or none."""
        with self._lock:
            if self._turns == self._crowd.turns:
                return
            turns, folders = self._crowd.turns, self._crowd.folders()
        with suppress(SecureFileTransferError):  # the catalog does not answer now; the next step tries again
            self._watching(folders)
            self._turns = turns

    def close(self) -> None:
        """End `run`. Nothing more is handed on."""
        self._watching(())
        self._unsubscribe()
        with self._came:
            self._closing = True
            self._came.notify_all()
        self._closed.set()

    def _receive(self, event: Event) -> None:
        """What the bus calls: quick, whatever the event is."""
        with self._came:
            slot, first = slot_of(event), not self._pending
            self._received = event.number
            self._pending.pop(slot, None)
            self._pending[slot] = event
            if len(self._pending) > self._bounds.pending:
                self._pending = {slot: event}
                self._overrun = True
            if first:  # else the thread knows already
                self._came.notify()

    # --- subscribing ------------------------------------------------------------------------------------------------

    def subscribe(self, principal: Principal, source: str, wake: Callable[[], None]) -> Subscription:
        """A place for one more, from an address. `wake` is called when something waits, on any thread.

        Raises:
            SignInRequiredError: a guest without a session.
            ForbiddenError: a token that may not read.
            TooManyRequestsError: too many of that account, or from that source.
            BusyError: too many altogether.
        """
        if principal.session is None and principal.token is None:
            raise SignInRequiredError("Events need a session", hint="Sign in.")
        require_scope(principal, Scope.FILES_READ)
        one, crowd, bounds = Subscription(self, principal, source, wake), self._crowd, self._bounds
        with self._lock:
            if len(crowd.everybody) >= bounds.subscribers:
                raise BusyError("The server has as many event connections as it can", hint="Try again in a while.")
            if crowd.of_payer[one.payer] >= bounds.of_payer or crowd.of_source[source] >= bounds.of_source:
                raise TooManyRequestsError("Too many event connections of yours are open", hint="Close some of them.")
            crowd.enter(one)
            first = len(crowd.everybody) == 1
        if first:
            with self._came:
                self._stirred = True  # the thread waits without end while there is nobody
                self._came.notify()
        return one

    def leave(self, one: Subscriber) -> None:
        """See `Subscription.end`."""
        with self._lock:
            self._leave(one, None)

    def _leave(self, one: Subscriber, why: SecureFileTransferError | None) -> None:
        if one in self._crowd.everybody:
            self._crowd.leave(one)
            one.ended, one.queue = why, EventQueue()

    def choose(
        self, one: Subscriber, topics: Iterable[Topic] | None, watch: Sequence[RemotePath] | None, after: str | None
    ) -> Chosen:
        """See `Subscription.choose`."""
        wanted = one.topics_for(topics)
        if watch is not None and len(watch) > self._bounds.watched:
            raise InvalidRequestError(f"At most {self._bounds.watched} folders can be watched at once")
        for left in reversed(range(_TRIES)):
            moves = self._moves
            found, refused = self._look(one, watch or (), away=after is not None)
            with self._lock:
                if one not in self._crowd.everybody:
                    raise one.ended or SignInRequiredError("The session has ended", hint="Sign in again.")
                if watch and left and moves != self._moves:
                    continue  # what was just found may be elsewhere by now
                one.topics = wanted
                if watch is not None:
                    self._crowd.watch(one, found)
                if not one.begun:
                    one.begun = True
                    self._go_on(one, after)
                position = None if one.queue else event_id(self._epoch, self._done)
                return Chosen(sorted(wanted), [str(path) for path in one.watches], refused, position)
        raise AssertionError  # the last try ends it

    def _look(
        self, one: Subscriber, paths: Sequence[RemotePath], *, away: bool
    ) -> tuple[dict[RemotePath, Watch], list[tuple[str, SecureFileTransferError]]]:
        refused: list[tuple[str, SecureFileTransferError]] = []
        found: dict[RemotePath, Watch] = {}
        for path in paths:
            try:
                found[path] = Watch(one, path, self._place(one.principal, path), self._received if away else 0)
            except SecureFileTransferError as error:
                refused.append((str(path), error))
        return found, refused

    def _place(self, principal: Principal, path: RemotePath) -> Place:
        """The folder at a path that the principal may read at this moment.

        Raises:
            NotFoundError, ForbiddenError, NotAFolderError, SignInRequiredError
            InvalidRequestError: it is there, but tells nothing of its changes.
        """
        grant = self._access.grant(principal, path)
        grant.require(Rights.READ, path)
        tree = grant.tree
        if grant.mounted is not None and not isinstance(tree, VaultTree):
            return grant.mounted, cast("MountedTree", tree).place(path)
        if not isinstance(tree, VaultTree):
            raise InvalidRequestError("This folder cannot be watched", hint="List it now and then.")
        room = tree.room
        return room.drive.id, room.catalog.read(lambda tx: find_folder(tx, room, path)).id

    def _go_on(self, one: Subscriber, after: str | None) -> None:
        """Queue what came after an event, of what is for the subscriber now."""
        if after is None:
            return
        number = number_in(self._epoch, after)
        known = None
        if number is not None and number <= self._at:
            known = self._ring.since(number, one.concerned)
        if known is None:
            one.queue.lose(self._at)
            return
        for past in known:
            if one.addressed(past.event):
                self._put(one, slot_of(past.event), past.text, past.event.number)
            for watch in one.watches.values():
                if watch.concerned(past.event):
                    self._tell(watch, CHANGED, past.event.number)

    # --- handing on -------------------------------------------------------------------------------------------------

    def _hand_on(self, event: Event) -> set[Subscriber]:
        """Give an event to whom it is for; who has something to read now."""
        text = self._written(event.number, event.topic, event.kind, event.data)
        with self._lock:
            self._at = max(self._at, event.number)
            self._moves += event.kind == MOVED
            if len(text) > self._bounds.event_bytes:
                _log.error("an event is too large", topic=event.topic, kind=event.kind, bytes=len(text))
                self._ring.forget(event.number)
                return self._resync(self._crowd.hearers(event))
            slot = slot_of(event)
            self._ring.add(slot, Past(event, text))
            woken = {each for each in self._crowd.hearers(event) if self._put(each, slot, text, event.number)}
            watches = self._crowd.watchers(event)
        return woken | {each.subscriber for each in watches if self._look_again(each, event)}

    def _look_again(self, watch: Watch, event: Event) -> bool:
        """Tell a watcher of a change, if the path is still the same folder to it, or else that it is not."""
        one = watch.subscriber
        try:
            place: Place | None = self._place(one.principal, watch.path)
        except _NOT_THERE:
            place = None
        except SecureFileTransferError:
            with self._lock:  # the catalog does not answer now: nothing may be told, and nothing lost
                return bool(self._resync([one]))
        with self._lock:
            if one.watches.get(watch.path) is not watch:
                return False
            if place == watch.place:
                told = event.kind != MOVED or event.number <= watch.since
                return told and self._tell(watch, CHANGED, event.number)
            self._crowd.lead(watch, place)
            return self._tell(watch, GONE if place is None else CHANGED, event.number)

    def _tell(self, watch: Watch, kind: str, number: int) -> bool:
        path = str(watch.path)
        text = self._written(number, Topic.FILES, kind, {"path": path})
        return self._put(watch.subscriber, (Topic.FILES, path), text, number)

    def _put(self, one: Subscriber, slot: Hashable, text: bytes, number: int) -> bool:
        """Queue it; whether the subscriber is to be woken."""
        if one not in self._crowd.everybody or not one.begun:
            return False
        waited = bool(one.queue)
        one.queue.put(slot, text, number, count_max=self._bounds.queued, bytes_max=self._bounds.queued_bytes)
        return not waited

    def _resync(self, some: Iterable[Subscriber]) -> set[Subscriber]:
        woken = {each for each in some if each.begun and each in self._crowd.everybody}
        for each in woken:
            each.queue.lose(self._at)
        return woken

    def _lose_all(self, number: int) -> set[Subscriber]:
        with self._lock:
            self._at = max(self._at, number)
            self._moves += 1
            self._ring.forget(self._at)
            return self._resync(self._crowd.everybody)

    def _written(self, number: int, topic: str, kind: str, data: Mapping[str, Any]) -> bytes:
        return written(self._epoch, number, topic, kind, data, self._clock.now_us())

    # --- the subscriber's end ---------------------------------------------------------------------------------------

    def take(self, one: Subscriber, most: int) -> list[bytes]:
        """See `Subscription.take`."""
        with self._lock:
            if not one.queue.lost:
                return one.queue.take(most)
            one.queue.lost = False
            # What was queued since then has a greater number than whatever was lost.
            resync = self._written(one.queue.lost_at, Topic.SERVER, RESYNC, {})
            return [resync, *one.queue.take(most - 1)]

    def mark(self, one: Subscriber) -> None:
        """See `Subscription.mark`."""
        with self._lock:
            if not one.queue and one.marked != self._done:
                one.marked = self._done
                self._put(one, ALIVE, self._written(self._done, Topic.SERVER, ALIVE, {}), self._done)

    # --- sessions ---------------------------------------------------------------------------------------------------

    def _why(self, one: Subscriber) -> SecureFileTransferError:
        """What its requests would hear from now on, such as what an operator said."""
        try:
            self.check(one.principal)
        except SignInRequiredError as error:
            return error
        except SecureFileTransferError:  # the catalog does not answer now
            pass
        return SignInRequiredError("The session has ended", hint="Sign in again.")

    def _verify(self) -> None:
        """End the subscriptions whose session or token has ended."""
        with self._lock:
            sessions, tokens = self._crowd.credentials()
        if not sessions and not tokens:
            return
        try:
            gone = self._ended(sessions, tokens)
        except SecureFileTransferError:
            return  # the catalog does not answer now; the next look will tell
        with self._lock:
            over = self._crowd.who_came_with(*gone)
        reasons = [self._why(each) for each in over]
        with self._lock:
            for each, why in zip(over, reasons, strict=True):
                self._leave(each, why)
        for each in over:
            each.wake()
