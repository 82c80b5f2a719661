"""Limits that operators set while the server runs: who may, what holds, what survives, what is told."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.errors import (
    ForbiddenError,
    InvalidRequestError,
    MaintenanceError,
    ServerFullError,
    SignInRequiredError,
)
from secure_file_transfer.model import (
    MIB,
    Account,
    ApiToken,
    Category,
    LogEvent,
    Principal,
    Role,
    Scope,
    Severity,
    TimeUs,
    TokenId,
)
from secure_file_transfer.ports import Catalog, CatalogTx, Event, Topic
from secure_file_transfer.services.audit import Audit
from secure_file_transfer.services.limits import FULL_SECONDS, MAINTENANCE_SECONDS, Limits, Values
from secure_file_transfer.services.roll import LIVE_SECONDS
from secure_file_transfer.services.status import Status
from secure_file_transfer.services.stopping import WITHIN_MAX, Plan, Stopping
from secure_file_transfer.services.traffic import PAUSE_SECONDS, Direction, Traffic, Transfer
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.storage.events import LocalEventBus
from secure_file_transfer.testing.clock import FakeClock

GUEST = Principal(None, None)
HERE = "192.0.2.1"


class World:
    def __init__(self, catalog: Catalog, clock: FakeClock, configured: Values = Values()) -> None:  # noqa: B008
        self.catalog, self.clock = catalog, clock
        self.logged: list[LogEvent] = []
        self.events: list[Event] = []
        self.numbers = count()
        self.bus, self.audit = LocalEventBus(), Audit(clock, self.logged.append)
        self.bus.subscribe(self.events.append)
        self.traffic = Traffic(clock)
        self.limits = Limits(catalog, clock, self.traffic, configured, bus=self.bus, audit=self.audit)
        self.stopping = Stopping(clock, self.traffic, self.limits, bus=self.bus, audit=self.audit)
        self.stops: list[str] = []
        self.stopping.on_stop = lambda: self.stops.append("stop")

    def again(self, configured: Values = Values()) -> "World":  # noqa: B008
        """The same catalog after a restart."""
        return World(self.catalog, self.clock, configured)

    def who(self, name: str, role: Role = Role.USER) -> Principal:
        """Somebody in a new session."""

        def work(tx: CatalogTx) -> Principal:
            account = tx.accounts.by_name(name)
            if account is None:
                home = tx.drives.create(name, None, TimeUs(0))
                account = tx.accounts.create(name, role, home.id, "$argon2id$", TimeUs(0))
            session = tx.sessions.create(
                account.id, b"%032d" % next(self.numbers), "http", HERE, "", TimeUs(0), TimeUs(2**60)
            )
            return Principal(account, session)

        return self.catalog.write(work)

    def begin(self, who: Principal) -> Transfer:
        return self.traffic.begin(who, HERE, Direction.UP, lambda: None, size=MIB)

    def admitted(self, who: Principal) -> bool:
        try:
            self.limits.admit(who, HERE)
        except ServerFullError:
            return False
        return True


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = FakeClock()
    catalog = open_catalog(tmp_path / "catalog.sqlite3", clock)
    yield World(catalog, clock)
    catalog.close()


@pytest.fixture
def ada(world: World) -> Principal:
    return world.who("ada", Role.ADMIN)


def token_of(account: Account) -> Principal:
    token = ApiToken(TokenId(1), account.id, account.name, "t", frozenset(Scope), "/", TimeUs(0), None, None, "")
    return Principal(account, None, token=token)


# --- who may, and what ---------------------------------------------------------------------------------------------


def test_only_operators_in_person_change_limits(world: World, ada: Principal) -> None:
    assert ada.account
    for who, error in (
        (world.who("bob"), ForbiddenError),
        (token_of(ada.account), ForbiddenError),
        (GUEST, SignInRequiredError),
    ):
        with pytest.raises(error):
            world.limits.change(who, {"clients": 1})
        with pytest.raises(error):
            world.stopping.ask(who, after_transfers=True)
    for who in (world.who("bob"), GUEST):
        with pytest.raises((ForbiddenError, SignInRequiredError)):
            world.limits.view(who)
    assert (world.limits.values, world.stopping.plan, world.logged, world.events) == (Values(), None, [], [])
    assert world.limits.view(token_of(ada.account)).values == Values()


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"clients": -1},
        {"clients": True},
        {"clients": 1_000_001},
        {"clients": "5"},
        {"clients": 1.0},
        {"rate_up": 2**40 + 1},
        {"maintenance": 1},
        {"maintenance": "on"},
        {"text": "x" * 501},
        {"text": "two\nlines"},
        {"text": "\x1b[31m"},
        {"text": "\u202egnp"},
        {"text": 5},
        {"nothing": 1},
        {"clients": 5, "transfers": -1},
    ],
)
def test_what_is_no_limit_changes_nothing(world: World, ada: Principal, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        world.limits.change(ada, wrong)
    assert (world.limits.values, world.again().limits.values, world.logged) == (Values(), Values(), [])


def test_changes_survive_a_restart_with_who_and_when_and_count_before_the_configuration(
    world: World, ada: Principal
) -> None:
    world.clock.advance(5)
    world.limits.change(ada, {"clients": 3, "rate_up": 1000, "text": "Zurück um 18:00\u200c"})
    configured = Values(clients=9, transfers=8)
    again = world.again(configured).limits.view(ada)
    assert again.values == Values(3, 8, 1000, 0, maintenance=False, text="Zurück um 18:00\u200c")
    assert again.configured == configured
    assert {name: (each.at_us, each.by) for name, each in again.changed.items()} == dict.fromkeys(
        ("clients", "rate_up", "text"), (world.clock.now_us(), "ada")
    )
    back = world.again(configured)
    assert back.limits.change(ada, {"clients": None}).values.clients == 9
    assert "clients" not in back.limits.view(ada).changed


def test_what_cannot_be_read_in_the_catalog_counts_as_not_set(world: World) -> None:
    for name, value in (
        ("limit.clients", "x"),
        ("limit.transfers", "-1"),
        ("limit.rate_up", "007"),
        ("limit.maintenance", "2"),
        ("limit.text", "\x07"),
        ("limit.nothing", "1"),
        ("clients", "1"),
    ):
        world.catalog.write(lambda tx, name=name, value=value: tx.settings.set(name, value, "x", TimeUs(0)))  # type: ignore[misc]
    assert world.again().limits.values == Values()


def test_a_change_is_written_down_and_published_once(world: World, ada: Principal) -> None:
    world.limits.change(ada, {"clients": 3})
    world.limits.change(ada, {"clients": 3})
    (logged,) = world.logged
    assert (logged.category, logged.kind, logged.actor) == (Category.ADMINISTRATION, "limits.changed", "ada")
    assert logged.text == "Changed the limits: clients no limit → 3"
    (event,) = world.events
    assert (event.topic, event.kind, event.data["clients"], event.audience.everybody) == (
        Topic.SERVER,
        "limits",
        3,
        False,
    )
    world.limits.change(ada, {"maintenance": True, "text": "disk"})
    assert world.logged[-1].severity is Severity.WARNING
    assert (world.events[-1].kind, dict(world.events[-1].data)) == ("maintenance", {"on": True, "text": "disk"})
    assert world.events[-1].audience.everybody


# --- clients -------------------------------------------------------------------------------------------------------


def test_beyond_the_limit_the_next_client_hears_that_the_server_is_full(world: World, ada: Principal) -> None:
    world.limits.change(ada, {"clients": 2})
    bob, eve, sam = (world.who(name) for name in ("bob", "eve", "sam"))
    assert [world.admitted(each) for each in (bob, eve, sam, bob, eve)] == [True, True, False, True, True]
    with pytest.raises(ServerFullError) as refused:
        world.limits.admit(sam, HERE)
    assert (refused.value.row.status, refused.value.row.ftp, refused.value.retry_after) == (503, 421, FULL_SECONDS)
    assert world.limits.live() == 2
    assert world.admitted(ada)
    assert world.limits.live() == 3


def test_two_sessions_of_one_account_are_two_clients(world: World, ada: Principal) -> None:
    world.limits.change(ada, {"clients": 1})
    assert [world.admitted(world.who("bob")), world.admitted(world.who("bob"))] == [True, False]


def test_a_place_is_free_once_its_session_has_ended_or_rests(world: World, ada: Principal) -> None:
    world.limits.change(ada, {"clients": 1})
    bob, eve = world.who("bob"), world.who("eve")
    assert bob.session
    ended = bob.session.id
    assert [world.admitted(bob), world.admitted(eve)] == [True, False]
    world.catalog.write(lambda tx: tx.sessions.delete(ended))  # as the command line does it
    world.clock.advance(1)
    assert world.admitted(eve)
    sam = world.who("sam")
    world.clock.advance(LIVE_SECONDS - 1)
    assert not world.admitted(sam)
    world.clock.advance(1.5)
    assert world.admitted(sam)
    assert not world.admitted(eve)


def test_who_transfers_or_keeps_a_connection_is_live_however_long_they_said_nothing(
    world: World, ada: Principal
) -> None:
    world.limits.change(ada, {"clients": 2})
    bob, eve = world.who("bob"), world.who("eve")
    connected: list[Any] = []
    world.limits.roll.sources.append(lambda: connected)
    assert world.admitted(bob)
    assert world.admitted(eve)
    assert eve.session
    connected.append(eve.session.id)
    transfer = world.begin(bob)
    world.clock.advance(LIVE_SECONDS * 5)
    sam = world.who("sam")
    assert not world.admitted(sam)
    assert world.admitted(bob)
    world.traffic.leave(transfer)
    connected.clear()
    world.clock.advance(LIVE_SECONDS + 1)
    assert world.limits.live() == 0
    assert world.admitted(sam)


def test_a_limit_below_those_who_are_here_sends_nobody_away(world: World, ada: Principal) -> None:
    bob, eve, sam = (world.who(name) for name in ("bob", "eve", "sam"))
    assert [world.admitted(bob), world.admitted(eve)] == [True, True]
    world.limits.change(ada, {"clients": 1})
    assert [world.admitted(bob), world.admitted(eve), world.admitted(sam)] == [True, True, False]


# --- maintenance and the end ---------------------------------------------------------------------------------------


def test_maintenance_refuses_new_transfers_with_the_operators_words(world: World, ada: Principal) -> None:
    bob, eve = world.who("bob"), world.who("eve")
    running = world.begin(bob)
    world.limits.change(ada, {"maintenance": True, "text": "Back at 18:00"})
    with pytest.raises(MaintenanceError, match="Back at 18:00") as refused:
        world.begin(eve)
    assert (refused.value.row.status, refused.value.retry_after) == (503, MAINTENANCE_SECONDS)
    with pytest.raises(MaintenanceError):
        world.again().begin(ada)
    world.traffic.leave(running)
    world.limits.change(ada, {"maintenance": False})
    world.traffic.leave(world.begin(eve))


def test_limits_are_in_force_at_once_and_after_a_restart(world: World, ada: Principal) -> None:
    world.limits.change(ada, {"transfers": 1, "rate_down": 5})
    assert world.again().traffic.queued
    first, second = world.begin(ada), world.begin(ada)
    assert [world.traffic.wait(each) > 0 for each in (first, second)] == [False, True]
    world.limits.change(ada, {"transfers": 0, "rate_down": 0})
    assert not second.limited


def test_stop_after_transfers_waits_for_them_and_ends_once(world: World, ada: Principal) -> None:
    bob = world.who("bob")
    running = world.begin(bob)
    assert not world.stopping.look()
    assert world.stopping.ask(ada, after_transfers=True) == Plan(after_transfers=True, within_seconds=None)
    for _ in range(3):
        world.clock.advance(3600)
        assert not world.stopping.look()
    with pytest.raises(Exception, match="about to stop"):
        world.begin(ada)
    world.traffic.leave(running)
    assert not world.stopping.look()
    world.clock.advance(PAUSE_SECONDS + 0.1)
    assert world.stopping.look()
    assert not world.stopping.look()
    assert world.stops == ["stop"]
    assert [each.kind for each in world.logged] == ["server.stop"]
    assert [each.kind for each in world.events] == ["stopping"]


def test_stop_after_transfers_has_an_end_where_one_is_given(world: World, ada: Principal) -> None:
    world.begin(world.who("bob"))
    world.stopping.ask(ada, after_transfers=True, within_seconds=30)
    world.clock.advance(29)
    assert not world.stopping.look()
    world.clock.advance(1)
    assert world.stopping.look()


def test_stop_now_ends_the_waiting(world: World, ada: Principal) -> None:
    world.begin(world.who("bob"))
    world.stopping.ask(ada, after_transfers=True)
    assert not world.stopping.look()
    world.stopping.ask(ada, after_transfers=False)
    assert world.stopping.look()


def test_a_stop_stands_whatever_is_changed_meanwhile(world: World, ada: Principal) -> None:
    world.stopping.ask(ada, after_transfers=True, within_seconds=WITHIN_MAX)
    world.limits.change(ada, {"maintenance": True})
    world.limits.change(ada, {"maintenance": False})
    with pytest.raises(Exception, match="about to stop"):
        world.begin(ada)


@pytest.mark.parametrize("seconds", [-1, WITHIN_MAX + 1])
def test_a_time_to_stop_is_bounded(world: World, ada: Principal, seconds: int) -> None:
    with pytest.raises(InvalidRequestError):
        world.stopping.ask(ada, after_transfers=True, within_seconds=seconds)
    assert world.stopping.plan is None


def test_the_thread_of_a_stop_ends_with_the_server(world: World, ada: Principal) -> None:
    world.begin(ada)
    world.stopping.ask(ada, after_transfers=True)
    world.stopping.begin()
    world.stopping.begin()
    world.stopping.close()
    assert world.stops == []


# --- status --------------------------------------------------------------------------------------------------------


def test_the_status_tells_operators_all_and_everybody_what_concerns_them(world: World, ada: Principal) -> None:
    status = Status(
        world.catalog,
        world.clock,
        world.traffic,
        world.limits,
        world.stopping,
        free_bytes=lambda: 77,
        version="1.2.3",
    )
    began = world.clock.now_us()
    bob = world.who("bob")
    assert bob.account
    home = bob.account.home_id
    world.catalog.write(lambda tx: tx.drives.add_usage(home, 1000, 2))
    world.limits.change(ada, {"transfers": 1, "text": "secret for now"})
    world.limits.admit(bob, HERE)
    first, _second = world.begin(bob), world.begin(bob)
    first.count += 500
    world.clock.advance(10)
    public = status.public()
    assert (public.version, public.since_us, public.uptime_seconds) == ("1.2.3", began, 10.0)
    assert (public.maintenance, public.text, public.stopping) == (False, "", None)
    assert status.details(bob) is None
    assert status.details(GUEST) is None
    details = status.details(ada)
    assert details
    assert (details.clients, details.limits.transfers, details.free_bytes) == (1, 1, 77)
    assert (details.running[Direction.UP], details.waiting[Direction.UP], details.running[Direction.DOWN]) == (1, 1, 0)
    assert (details.bytes[Direction.UP], details.stored_bytes, details.stored_files) == (500, 1000, 2)
