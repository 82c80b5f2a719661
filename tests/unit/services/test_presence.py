"""Who is here and what they do, as operators see it. No thread runs and no time passes here by itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from secure_file_transfer.errors import ForbiddenError, NotFoundError, PausedError, SignInRequiredError
from secure_file_transfer.model import (
    KIB,
    MIB,
    Account,
    AccountId,
    ApiToken,
    DriveId,
    Principal,
    Role,
    Scope,
    Session,
    SessionId,
    TimeUs,
    TokenId,
)
from secure_file_transfer.ports import Event, Topic
from secure_file_transfer.services import doing, presence
from secure_file_transfer.services.doing import Doing
from secure_file_transfer.services.presence import HERE_SECONDS, LOOK_SECONDS, TICK_SECONDS, Presence, client_json
from secure_file_transfer.services.traffic import HELD_SECONDS, About, Direction, Traffic, Transfer
from secure_file_transfer.storage.events import LocalEventBus
from secure_file_transfer.testing.clock import FakeClock

HERE = "192.0.2.7"


def person(number: int, name: str, role: Role = Role.USER, *, session: int | None = None) -> Principal:
    account = Account(AccountId(number), name, role, False, DriveId(number), TimeUs(0))
    number = number if session is None else session
    begun = Session(SessionId(number), account.id, "http", HERE, "curl/8", TimeUs(0), TimeUs(0), TimeUs(1 << 60))
    return Principal(account, begun)


ANN, BOB, BOSS = person(1, "ann"), person(2, "bob"), person(3, "boss", Role.ADMIN)


@dataclass
class World:
    clock: FakeClock = field(default_factory=FakeClock)
    bus: LocalEventBus = field(default_factory=LocalEventBus)
    events: list[Event] = field(default_factory=list)
    gone: set[SessionId] = field(default_factory=set)
    woken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bus.subscribe(self.events.append)
        self.presence = Presence(self.clock, self.bus, lambda ids: [each for each in ids if each not in self.gone])
        self.traffic = Traffic(self.clock)
        self.traffic.watcher = self.presence

    def begin(self, who: Principal, about: About | None = None, **options: Any) -> Transfer:
        options = {"direction": Direction.UP, "address": HERE, "door": "http", "wake": lambda: None, **options}
        return self.traffic.begin(who, about=about, **options)

    def pass_time(self, seconds: float, each: Callable[[], None] = lambda: None) -> None:
        for _ in range(round(seconds / TICK_SECONDS)):
            self.clock.advance(TICK_SECONDS)
            each()
            self.presence.tick()

    def told(self) -> list[tuple[str, str, str]]:
        self.presence.tick()
        told = [(each.kind, each.data["id"], each.data["state"]) for each in self.events]
        self.events.clear()
        return told

    def shown(self, client: str = "1") -> doing.Client:
        self.presence.tick()
        return self.presence.get(client)


@pytest.fixture
def world() -> World:
    return World()


def test_who_comes_is_told_and_who_ends_is_gone(world: World) -> None:
    world.presence.seen(ANN, "http", HERE, "curl/8")
    assert world.told() == [("joined", "1", "idle")]
    world.presence.seen(ANN, "http", HERE, "curl/8")
    assert world.told() == []
    world.gone.add(SessionId(1))
    assert world.told() == []
    world.presence.ended()
    assert world.told() == [("left", "1", "idle")]
    with pytest.raises(NotFoundError):
        world.presence.get("1")


def test_an_ending_elsewhere_is_noticed_and_whoever_asks_no_more_is_not_here(world: World) -> None:
    world.presence.seen(ANN, "http", HERE)
    world.presence.seen(BOB, "http", HERE)
    world.presence.tick()
    world.gone.add(SessionId(1))
    world.clock.advance(LOOK_SECONDS)
    assert ("left", "1", "idle") in world.told()
    world.clock.advance(HERE_SECONDS - LOOK_SECONDS - 1)
    assert world.told() == []
    world.clock.advance(LOOK_SECONDS)
    assert world.told() == [("left", "2", "idle")]


def test_a_connection_is_somebody_before_and_after_it_signs_in(world: World) -> None:
    connection = world.presence.open("ftps", HERE, "lftp")
    assert world.told() == [("joined", "c1", "signing in")]
    connection.signed(ANN)
    assert world.told() == [("left", "c1", "idle"), ("joined", "1", "idle")]
    world.clock.advance(2 * HERE_SECONDS)
    assert world.told() == []  # it keeps its connection
    connection.unsigned()
    assert sorted(world.told()) == [("joined", "c2", "signing in"), ("left", "1", "idle")]
    connection.close()
    connection.close()
    assert world.told() == [("left", "c2", "idle")]


def test_a_sign_in_that_is_over_before_anybody_looked_is_told_by_nobody(world: World) -> None:
    connection = world.presence.open("http", HERE)
    connection.signed(ANN)
    connection.close()
    assert world.told() == [("joined", "1", "idle")]


def test_a_listing_is_shown_for_a_moment(world: World) -> None:
    world.presence.seen(ANN, "http", HERE, doing=Doing.LISTING)
    assert world.told() == [("joined", "1", "listing")]
    world.pass_time(1.25)
    assert world.shown().state is Doing.LISTING
    world.pass_time(0.5)
    assert ("changed", "1", "idle") in world.told()


def test_many_requests_with_one_name_are_one_transfer(world: World) -> None:
    about = About("/big file", 8 * MIB, 0, "ab", patient=True)
    for number in range(8):
        transfer = world.begin(ANN, replace(about, at=number * MIB))
        transfer.count += MIB // 2
        world.pass_time(TICK_SECONDS)
        transfer.count += MIB // 2
        world.traffic.leave(transfer)
        client = world.shown()
        assert (client.state, client.path, client.size, client.files) == (Doing.UPLOADING, "/big file", 8 * MIB, 1) or (
            number == 7
        )
        world.pass_time(TICK_SECONDS)
    world.pass_time(0.5)
    assert world.shown().state is Doing.IDLE
    assert world.shown().up == 8 * MIB
    done = [each.data["bytes"] for each in world.events if each.data["state"] == "uploading"]
    assert done == sorted(done)
    assert len(world.events) <= 2 * (16 * TICK_SECONDS + 1) + 3  # a few a second, however many requests


@pytest.mark.parametrize(
    ("size", "at", "counted", "percent"),
    [(100, 0, 25, 25), (100, 50, 25, 75), (None, 0, 25, None), (0, 0, 0, 100), (100, 0, 250, 100), (1000, 0, 999, 99)],
)
def test_percent(world: World, size: int | None, at: int, counted: int, percent: int | None) -> None:
    transfer = world.begin(ANN, About("/f", size, at, "aa"))
    transfer.count += counted
    assert world.shown().percent == percent
    world.traffic.leave(transfer)


def test_what_need_not_move_counts_as_done_when_its_sender_says_so(world: World) -> None:
    first = world.begin(ANN, About("/f", 100, 0, "aa"))
    world.traffic.leave(first)
    second = world.begin(ANN, About("/f", 100, 80, "aa"))
    assert world.shown().done == 80
    world.traffic.leave(second)
    third = world.begin(ANN, About("/f", 100, 10, "aa"))  # nothing goes back
    assert world.shown().done == 80
    world.traffic.leave(third)


def test_rate_and_time_left_are_smooth(world: World) -> None:
    transfer = world.begin(ANN, About("/f", 100 * MIB), direction=Direction.DOWN)

    def move() -> None:
        transfer.count += MIB // 4

    world.pass_time(8, move)
    client = world.shown()
    assert client.state is Doing.DOWNLOADING
    assert client.rate == pytest.approx(MIB, rel=0.05)
    assert client.eta == pytest.approx(92, abs=6)
    world.pass_time(1)
    assert 0 < world.shown().rate < MIB  # a silence slows it down, and does not stop it at once
    transfer.filling = lambda: 3 * MIB  # a piece that is still coming counts too
    assert world.shown().done == 11 * MIB
    world.traffic.leave(transfer)


def test_a_file_that_is_whole_is_over_at_once_and_another_may_go_on(world: World) -> None:
    whole, part = About("/whole", 10, 0, "aa"), About("/part", 10, 0, "bb")
    for about, count in ((whole, 10), (part, 5)):
        transfer = world.begin(ANN, about)
        transfer.count += count
        world.traffic.leave(transfer)
    world.pass_time(TICK_SECONDS)
    assert (world.shown().path, world.shown().files) == ("/part", 1)
    world.pass_time(doing.LINGER_SECONDS)
    assert world.shown().state is Doing.IDLE


def test_the_same_file_once_more_begins_at_nothing(world: World) -> None:
    for _ in range(2):
        transfer = world.begin(ANN, About("/f", 10), direction=Direction.DOWN)
        assert world.shown().done == 0
        transfer.count += 10
        world.traffic.leave(transfer)


def test_names_without_end_are_bounded(world: World) -> None:
    for number in range(3 * doing.FILES_MAX):
        transfer = world.begin(ANN, About(f"/{number}", 10, 0, f"{number:x}"))
        transfer.count += 1
        world.traffic.leave(transfer)
    assert world.shown().files == doing.FILES_MAX
    world.pass_time(doing.LINGER_SECONDS + 1)
    assert (world.shown().files, world.shown().up) == (0, 3 * doing.FILES_MAX)


def test_clients_without_end_are_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "CLIENTS_MAX", 5)
    moving = world.begin(ANN, About("/f", 10))
    for number in range(10, 30):
        world.presence.seen(person(number, f"p{number}"), "http", HERE)
        world.clock.advance(1)
    assert len(world.presence.all()) == 5
    assert world.presence.get("1").files == 1  # whoever moves something stays
    world.traffic.leave(moving)


@pytest.mark.parametrize("agent", ["\x1b[2Jevil\nline", "a" * 10_000, "\u202ereversed", "\ud800"])
def test_what_peers_call_themselves_is_one_bounded_line(world: World, agent: str) -> None:
    world.presence.seen(ANN, "http", HERE, agent)
    shown = world.shown().agent
    assert shown.isprintable()
    assert len(shown) <= presence.TEXT_MAX
    assert client_json(world.shown())["agent"] == shown


def token(account: Principal, *scopes: Scope) -> Principal:
    assert account.account
    made = ApiToken(TokenId(5), account.account.id, "x", "x", frozenset(scopes), "/", TimeUs(0), None, None, "")
    return Principal(account.account, None, token=made)


@pytest.mark.parametrize(
    ("who", "ids"),
    [
        (BOSS, ["1", "2", "3", "4", "t5"]),
        (token(BOSS, Scope.ADMIN), ["1", "2", "3", "4", "t5"]),
        (ANN, ["1", "4", "t5"]),
        (BOB, ["2"]),
    ],
)
def test_everybody_sees_themselves_and_operators_all(world: World, who: Principal, ids: Sequence[str]) -> None:
    for each in (ANN, BOB, BOSS, person(1, "ann", session=4), token(ANN, Scope.FILES_READ)):
        world.presence.seen(each, "http", HERE)
    assert sorted(each.id for each in world.presence.listed(who)) == ids


def test_guests_and_small_tokens_see_nobody(world: World) -> None:
    with pytest.raises(SignInRequiredError):
        world.presence.listed(Principal(None, None))
    with pytest.raises(ForbiddenError):
        world.presence.listed(token(BOSS, Scope.FILES_READ))


def test_events_are_for_operators_and_the_session_itself(world: World) -> None:
    world.presence.seen(ANN, "http", HERE)
    world.presence.tick()
    (event,) = world.events
    assert (event.topic, event.key) == (Topic.CLIENTS, "client 1")
    assert event.audience.operators
    assert event.audience.sessions == {SessionId(1)}
    assert not event.audience.accounts
    assert not event.audience.everybody


def test_what_is_paused_is_held_and_the_patient_are_sent_away(world: World) -> None:
    plain = world.begin(ANN, About("/a", MIB), wake=lambda: world.woken.append("plain"))
    patient = world.begin(ANN, About("/b", MIB, 0, "b", patient=True))
    other = world.begin(BOB)
    assert not plain.limited
    world.presence.pause("1", paused=True)
    assert world.woken == ["plain"]
    assert (plain.limited, other.limited) == (True, False)
    assert world.shown().state is Doing.PAUSED
    later = world.begin(ANN, About("/c", KIB))
    world.clock.advance(HELD_SECONDS - 1)
    assert world.traffic.wait(plain) > 0
    assert world.traffic.wait(patient) > 0
    assert world.traffic.wait(later) > 0
    world.clock.advance(2)
    with pytest.raises(PausedError):
        world.traffic.wait(patient)
    world.clock.advance(100 * 3600)
    assert world.traffic.wait(plain) > 0  # it would fail otherwise
    world.presence.pause("1", paused=False)
    assert world.traffic.wait(plain) == 0
    assert not plain.limited
    for each in (plain, patient, other, later):
        world.traffic.leave(each)
    with pytest.raises(NotFoundError):
        world.presence.pause("4711", paused=True)
