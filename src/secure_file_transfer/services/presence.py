"""Who is here, on every door, and what they do at this moment.

Doors say that somebody came (`seen`, `open`), and `traffic` what moves. One thread looks a few times a second at what
has changed, and publishes that; so it does not matter how many requests make up a transfer, nor how many clients rest.
All of it lives in memory: what is here after a restart says so again.
"""

import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from secure_file_transfer.errors import NotFoundError, SecureFileTransferError
from secure_file_transfer.model import Principal, Scope, SessionId, TimeUs
from secure_file_transfer.ports import Audience, Catalog, Clock, Event, EventBus, Topic

from .accounts import is_admin, signed_in
from .doing import Client, Doing, Live
from .traffic import Transfer

TICK_SECONDS = 0.25
TOLD_SECONDS = 0.5
"""Between two events about what moves of one client; a new state is told with the next tick."""
HERE_SECONDS = 300.0
"""So long somebody who keeps no connection open is here after their last request."""
LOOK_SECONDS = 15.0
"""Between two looks at whose session has ended elsewhere, as by the command line."""
CLIENTS_MAX = 10_000
TEXT_MAX = 256

Alive = Callable[[Collection[SessionId]], Collection[SessionId]]


def alive_in(catalog: Catalog) -> Alive:
    """Which of these sessions there still are."""
    return lambda ids: catalog.read(lambda tx: [each for each in ids if tx.sessions.get(each) is not None])


class Connection:
    """An open connection: its client is here until `close`. Again is fine."""

    def __init__(self, presence: "Presence", live: Live, end: Callable[[str], None] | None) -> None:
        self._presence, self._live = presence, live
        self.end = end
        self.closed = False

    def signed(self, who: Principal, agent: str = "") -> None:
        """It is clear now who it is."""
        self._live = self._presence.join(self, self._live, who, agent)

    def unsigned(self) -> None:
        """Whoever it was has signed out, and the connection stays."""
        self._live = self._presence.separate(self, self._live)

    def close(self) -> None:
        """It is over."""
        if not self.closed:
            self.closed = True
            self._presence.part(self, self._live)


class Presence:
    """One for all doors and threads of a process. Somebody calls `tick` while `run` is not running."""

    def __init__(self, clock: Clock, bus: EventBus, alive: Alive | None = None) -> None:
        self._clock = clock
        self._bus = bus
        self._alive = alive
        self._lock = threading.Lock()
        self._clients: dict[str, Live] = {}
        self._changed: set[str] = set()
        self._left: list[Client] = []
        self._unknown = 0
        self._strangers: dict[str, Connection] = {}
        self._looked = clock.monotonic()
        self._wake = threading.Event()
        self._closing = threading.Event()

    # --- what doors say -------------------------------------------------------------------------------------------

    def seen(self, who: Principal, door: str, address: str, agent: str = "", doing: Doing | None = None) -> None:
        """Somebody has just asked for something; `doing` is what, where that is worth to be shown."""
        now = self._clock.monotonic()
        with self._lock:
            live = self._known(who, door, address, agent, now)
            if doing is not None:
                live.noted, live.noted_at = doing, now
                self._touch(live)

    def open(self, door: str, address: str, agent: str = "", *, end: Callable[[str], None] | None = None) -> Connection:
        """A connection of somebody who has yet to sign in. `end` closes it, for a reason; from any thread."""
        with self._lock:
            live = self._stranger(door, address, agent)
            connection = Connection(self, live, end)
            self._strangers[live.id] = connection
            return connection

    def _stranger(self, door: str, address: str, agent: str) -> Live:
        self._unknown += 1
        now = self._clock.monotonic()
        live = Live(f"c{self._unknown}", None, door, address, _line(agent), self._clock.now_us(), now, 1)
        self._make_room()
        self._clients[live.id] = live
        self._touch(live)
        return live

    def join(self, connection: Connection, before: Live, who: Principal, agent: str) -> Live:
        """For `Connection`."""
        with self._lock:
            if connection.closed:
                return before
            self._leave(before)
            live = self._known(who, before.door, before.address, agent or before.agent, self._clock.monotonic())
            live.connections += 1
            return live

    def separate(self, connection: Connection, before: Live) -> Live:
        """For `Connection`."""
        self.part(connection, before)
        with self._lock:
            live = self._stranger(before.door, before.address, before.agent)
            self._strangers[live.id] = connection
            return live

    def part(self, _: Connection, live: Live) -> None:
        """For `Connection`."""
        with self._lock:
            live.connections -= 1
            live.seen = self._clock.monotonic()
            # A door whose sessions are its connections has nobody left; elsewhere they may come again.
            if not live.connections and (live.who is None or live.door == "ftps"):
                self._leave(live)

    def ended(self) -> None:
        """Sessions have ended: look whose."""
        self._looked = float("-inf")
        self._wake.set()

    def leave(self, client_id: str) -> None:
        """This one is not here any more."""
        with self._lock:
            if live := self._clients.get(client_id):
                self._leave(live)

    # --- what moves (see `traffic.Watcher`) -------------------------------------------------------------------------

    def begun(self, transfer: Transfer) -> None:
        """A request begins to move something."""
        now = self._clock.monotonic()
        with self._lock:
            live = self._known(transfer.who, transfer.door, transfer.address, "", now)
            live.begun(transfer, now)
            transfer.held_since = now if live.paused else None
            self._touch(live)

    def left(self, transfer: Transfer) -> None:
        """It is over."""
        now = self._clock.monotonic()
        with self._lock:
            live = self._clients.get(client_id(transfer.who, transfer.address))
            if live is not None:
                live.left(transfer, now)
                live.seen = now
                self._touch(live)

    def pause(self, client_id_: str, *, paused: bool) -> None:
        """Hold what it moves, and what it will move; or let it go on.

        Raises:
            NotFoundError
        """
        with self._lock:
            live = self._clients.get(client_id_)
            if live is None:
                raise unknown()
            live.paused = paused
            now = self._clock.monotonic()
            running = live.running
            for each in running:
                each.held_since = now if paused else None
            self._touch(live)
        for each in running:
            each.wake()

    # --- being seen -------------------------------------------------------------------------------------------------

    def listed(self, principal: Principal) -> list[Client]:
        """Everybody, for operators; for others, all that are signed in as they are.

        Raises:
            SignInRequiredError: a guest is nobody.
            ForbiddenError: a token needs the scope `admin`.
        """
        visitor = principal.link is not None and principal.session is not None
        account = None if visitor else signed_in(principal, Scope.ADMIN)
        return [
            each
            for each in self.all()
            if (account is not None and (is_admin(account) or each.account_id == account.id))
            or (visitor and principal.session is not None and each.session == principal.session.id)
        ]

    def all(self) -> list[Client]:
        """Everybody, the longest first."""
        now = self._clock.monotonic()
        with self._lock:
            return [each.shown(now) for each in self._clients.values()]

    def get(self, client_id_: str) -> Client:
        """One of them. Raises NotFoundError."""
        with self._lock:
            live = self._clients.get(client_id_)
            if live is None:
                raise unknown()
            return live.shown(self._clock.monotonic())

    def connection(self, client_id_: str) -> Connection | None:
        """The connection of somebody who has yet to sign in."""
        return self._strangers.get(client_id_)

    # --- what happens by itself -------------------------------------------------------------------------------------

    def tick(self) -> bool:
        """Publish what has changed; whether something goes on changing."""
        now = self._clock.monotonic()
        self._look(now)
        with self._lock:
            events, self._left = [event("left", each) for each in self._left], []
            changed, self._changed = self._changed, set()
            for name in changed:
                if live := self._clients.get(name):
                    live.update(now)
                    events += self._told(live, now)
                    if live.changing(now):
                        self._changed.add(name)
            busy = bool(self._changed)
        for each in events:
            self._bus.publish(each)
        return busy

    def run(self) -> None:
        """Tick while there is anything to tell, until `close`; for a thread of its own."""
        while not self._closing.is_set():
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()
            if self.tick():
                self._wake.set()
            self._closing.wait(TICK_SECONDS)

    def close(self) -> None:
        """End `run`."""
        self._closing.set()
        self._wake.set()

    def _told(self, live: Live, now: float) -> list[Event]:
        told = live.told
        live.pending = bool(told and told.state is live.state(now) and now - live.told_at < TOLD_SECONDS)
        if live.pending or (shown := live.shown(now)) == told:
            return []
        live.told, live.told_at = shown, now
        return [event("changed" if told else "joined", shown)]

    def _look(self, now: float) -> None:
        """Let those go who are not here any more."""
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        with self._lock:
            for live in list(self._clients.values()):
                if not live.connections and not live.moving and now - live.seen >= HERE_SECONDS:
                    self._leave(live)
            sessions = {live.who.session.id: live for live in self._clients.values() if live.who and live.who.session}
        if self._alive is None or not sessions:
            return
        with suppress(SecureFileTransferError):  # a catalog that is busy now is asked again
            there = set(self._alive(list(sessions)))
            with self._lock:
                for each in sessions.keys() - there:
                    self._leave(sessions[each])

    # --- inside, under the lock ---------------------------------------------------------------------------------------

    def _known(self, who: Principal, door: str, address: str, agent: str, now: float) -> Live:
        name = client_id(who, address)
        live = self._clients.get(name)
        if live is None:
            agent = agent or (who.session.agent if who.session else "")
            live = Live(name, who, door, address, _line(agent), self._clock.now_us(), now)
            self._make_room()
            self._clients[name] = live
            self._touch(live)
        live.seen = now
        if live.address != address:
            live.address = address
            self._touch(live)
        return live

    def _make_room(self) -> None:
        if len(self._clients) >= CLIENTS_MAX:
            idle = [each for each in self._clients.values() if not each.moving and not each.connections]
            self._leave(min(idle or list(self._clients.values()), key=lambda each: each.seen))

    def _leave(self, live: Live) -> None:
        if self._clients.get(live.id) is not live:
            return
        del self._clients[live.id]
        self._strangers.pop(live.id, None)
        if live.told is not None:  # else nobody has heard of it
            self._left.append(replace(live.told, state=Doing.IDLE, rate=0, files=0))
            self._wake.set()

    def _touch(self, live: Live) -> None:
        self._changed.add(live.id)
        if not self._wake.is_set():
            self._wake.set()


def client_id(who: Principal, address: str) -> str:
    """How a client is called, see `doing.Client`."""
    if who.session is not None:
        return str(who.session.id)
    return f"t{who.token.id}" if who.token is not None else f"g{address}"


def client_json(client: Client) -> dict[str, Any]:
    """A client as the wire says it."""
    return {
        "id": client.id,
        "name": client.name,
        "kind": client.kind,
        "session": client.session,
        "door": client.door,
        "address": client.address,
        "agent": client.agent,
        "device": client.device,
        "since": written_time(client.since_us),
        "state": client.state.value,
        "path": client.path,
        "bytes": client.done,
        "size": client.size,
        "percent": client.percent,
        "files": client.files,
        "rate": client.rate,
        "eta": client.eta,
        "received": client.up,
        "sent": client.down,
    }


def written_time(moment: TimeUs) -> str:
    """RFC 3339, UTC, microseconds."""
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)
    return when.isoformat(timespec="microseconds").replace("+00:00", "Z")


def event(kind: str, client: Client) -> Event:
    """What operators, and the client itself, hear of it."""
    sessions: Iterable[SessionId] = () if client.session is None else (client.session,)
    audience = Audience(operators=True, sessions=frozenset(sessions))
    return Event(Topic.CLIENTS, kind, client_json(client), audience, key=f"client {client.id}")


def unknown() -> NotFoundError:
    """There is no such client."""
    return NotFoundError("There is no such client here", hint="List them: sft clients.")


def _line(text: str) -> str:
    """What a peer says of itself: bounded, one line, nothing invisible."""
    return "".join(c if c.isprintable() else "?" for c in text[:TEXT_MAX])
