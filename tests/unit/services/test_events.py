"""The hub of live events: who hears what, that nothing grows, and that nothing is missed in silence."""

import json
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.errors import (
    BusyError,
    ForbiddenError,
    InvalidRequestError,
    SignInRequiredError,
    StorageError,
    TooManyRequestsError,
)
from secure_file_transfer.model import (
    LEVELS,
    ApiToken,
    Conflict,
    Link,
    Principal,
    Rights,
    Role,
    Scope,
    SessionId,
    TimeUs,
    TokenId,
)
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import OPERATORS, Audience, Event, Topic
from secure_file_transfer.services import vault_copy
from secure_file_transfer.services.commits import Small, Terms
from secure_file_transfer.services.events import VERIFY_SECONDS, Bounds, Chosen, Events, Subscription
from secure_file_transfer.services.uploads import Wanted
from secure_file_transfer.testing.rights_world import SharingWorld

SMALL = Bounds(
    subscribers=8,
    of_payer=4,
    of_source=6,
    watched=3,
    queued=4,
    queued_bytes=4096,
    remembered=6,
    remembered_bytes=64_000,
    pending=10,
    event_bytes=1000,
)
EVERYBODY = Audience(everybody=True)


def at(path: str) -> RemotePath:
    return RemotePath.parse(path)


def said(text: str, audience: Audience = EVERYBODY, topic: Topic = Topic.CHAT, key: str | None = None) -> Event:
    return Event(topic, "said", {"text": text}, audience, key)


class World(SharingWorld):
    """Three accounts, of whom ada is an operator, with sessions of their own, and the hub under test."""

    def __init__(self, root: Path, bounds: Bounds | None = None) -> None:
        super().__init__(root)
        self.gone: set[int] = set()
        self.failing = False
        self.woken: list[Subscription] = []
        for number, name in enumerate(("ada", "bob", "cyn")):
            account = self.who[name].account
            assert account is not None
            if name == "ada":
                account = replace(account, role=Role.ADMIN)
            self.who[name] = Principal(account, self.session(number, name))
        self.hub = Events(self.bus, self.access, self.ended, self.clock, bounds=bounds)

    def session(self, number: int, name: str, link: Link | None = None) -> Any:
        owner, ends = self.account_id(name), TimeUs(self.clock.now_us() + 10**12)
        return self.catalog.write(
            lambda tx: tx.sessions.create(
                owner,
                b"%d" % number,
                "http",
                "",
                "",
                self.clock.now_us(),
                ends,
                link_id=None if link is None else link.id,
            )
        )

    def visitor(self, path: str, rights: Rights = Rights.READ) -> Principal:
        """Somebody who holds a link of ada's."""
        node = self.node_id("ada", at(path))
        link = self.catalog.write(
            lambda tx: tx.links.create(node, self.account_id("ada"), (b"", b"secret"), rights, self.clock.now_us())
        )
        return Principal(None, self.session(99, "ada", link), link)

    def token(self, name: str, path: str = "/", scope: Scope = Scope.FILES_READ) -> Principal:
        token = ApiToken(
            TokenId(1), self.account_id(name), name, "t", frozenset({scope}), path, TimeUs(0), None, None, ""
        )
        return Principal(self.who[name].account, None, token=token)

    def ended(
        self, sessions: Collection[SessionId], tokens: Collection[TokenId]
    ) -> tuple[Collection[SessionId], Collection[TokenId]]:
        if self.failing:
            raise StorageError("not now")
        return [each for each in sessions if each in self.gone], [each for each in tokens if -each in self.gone]

    def join(self, who: str | Principal, source: str = "::1") -> Subscription:
        """A subscriber that has not said yet what it wants."""
        made: list[Subscription] = []
        principal = self.who[who] if isinstance(who, str) else who
        made.append(self.hub.subscribe(principal, source, lambda: self.woken.append(made[0])))
        return made[0]

    def hear(self, who: str | Principal, *watch: str, **wanted: Any) -> "Ear":
        one = self.join(who)
        return Ear(self, one, one.choose(watch=[at(path) for path in watch], **wanted))

    def publish(self, *events: Event) -> None:
        for event in events:
            self.bus.publish(event)
        self.hub.step()


class Ear:
    """A subscriber that reads at once."""

    def __init__(self, world: World, one: Subscription, chosen: Chosen) -> None:
        self.world, self.one, self.chosen = world, one, chosen
        self.last = chosen.position

    def events(self) -> list[dict[str, Any]]:
        self.world.hub.step()
        found = [json.loads(text) for text in self.one.take(1000)]
        ids = [int(each["id"].partition(".")[2]) for each in found]
        assert ids == sorted(ids)
        self.last = found[-1]["id"] if found else self.last
        return found

    def kinds(self) -> list[str]:
        return [each["kind"] for each in self.events()]

    def texts(self) -> list[str]:
        return [each["data"].get("text", each["kind"]) for each in self.events()]

    def paths(self) -> list[tuple[str, str]]:
        return [(each["kind"], each["data"]["path"]) for each in self.events() if "path" in each["data"]]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    world.folder("ada", "/photos")
    world.folder("ada", "/photos/inbox")
    world.hub.step()
    yield world
    world.hub.close()
    world.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, SMALL)
    yield world
    world.hub.close()
    world.close()


# --- who hears ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audience", "hearers"),
    [
        (lambda w: EVERYBODY, {"ada", "bob", "cyn", "vic", "token"}),
        (lambda w: OPERATORS, {"ada"}),
        (lambda w: Audience(accounts=frozenset({w.account_id("bob")})), {"bob", "token"}),
        (lambda w: Audience(sessions=frozenset({w.who["cyn"].session.id})), {"cyn"}),
        (lambda w: Audience(sessions=frozenset({w.vic.session.id})), {"vic"}),
        (lambda w: Audience(operators=True, accounts=frozenset({w.account_id("cyn")})), {"ada", "cyn"}),
        (lambda w: Audience(), set()),
    ],
)
def test_an_event_reaches_its_audience_at_once_and_after_a_while_away(
    world: World, audience: Callable[[Any], Audience], hearers: set[str]
) -> None:
    world.vic = vic = world.visitor("/photos")  # type: ignore[attr-defined]
    people = {"ada": "ada", "bob": "bob", "cyn": "cyn", "vic": vic, "token": world.token("bob")}
    ears = {name: world.hear(who) for name, who in people.items()}  # type: ignore[arg-type]
    before = ears["ada"].last
    event = said("x", audience(world), Topic.SERVER)
    world.publish(event)
    assert {name for name, ear in ears.items() if ear.texts() == ["x"]} == hearers
    again = {name: world.hear(who, after=before) for name, who in people.items()}  # type: ignore[arg-type]
    assert {name for name, ear in again.items() if ear.texts() == ["x"]} == hearers


def test_who_watches_gets_a_path_and_who_is_named_gets_the_rest(world: World) -> None:
    place = (world.who["ada"].account.home_id, world.node_id("ada", at("/photos")))  # type: ignore[union-attr]
    ada, bob = world.hear("ada", "/photos"), world.hear("bob")
    mixed = Audience(accounts=frozenset({world.account_id("bob")}), folder=place)
    world.publish(said("for bob", mixed, Topic.FILES))
    assert ada.paths() == [("changed", "/photos")]
    assert bob.texts() == ["for bob"]
    again = world.hear("bob", after=bob.chosen.position)
    assert again.texts() == ["for bob"]


def test_only_chosen_topics_come(world: World) -> None:
    ear = world.hear("bob", topics=[Topic.JOBS])
    world.publish(said("chat"), said("job", topic=Topic.JOBS))
    assert ear.texts() == ["job"]
    ear.one.choose(topics=[Topic.CHAT])
    world.publish(said("chat"), said("job", topic=Topic.JOBS))
    assert ear.texts() == ["chat"]


def test_a_token_hears_of_files_and_jobs_only_and_is_no_operator(world: World) -> None:
    admin = world.token("ada", scope=Scope.FILES_READ)
    ear = world.hear(admin)
    assert set(ear.chosen.topics) == {"files", "jobs", "server"}
    world.publish(said("secret", OPERATORS, Topic.SERVER), said("chat"))
    assert ear.texts() == []
    with pytest.raises(ForbiddenError):
        ear.one.choose(topics=[Topic.CHAT])
    with pytest.raises(ForbiddenError):
        world.join(world.token("ada", scope=Scope.FILES_WRITE))


def test_a_guest_has_no_events(world: World) -> None:
    with pytest.raises(SignInRequiredError):
        world.join(Principal(None, None))


# --- folders --------------------------------------------------------------------------------------------------------


def shared(world: World, level: str = "viewer", path: str = "/photos", to: str = "bob") -> None:
    world.shares.grant(world.who["ada"], at(path), to, LEVELS[level])


def test_each_watcher_hears_with_their_own_path(world: World) -> None:
    shared(world)
    vic = world.visitor("/photos")
    ears = {
        "ada": world.hear("ada", "/photos"),
        "bob": world.hear("bob", "/Shared/ada/photos"),
        "vic": world.hear(vic, "/"),
        "token": world.hear(world.token("ada", "/photos"), "/photos"),
    }
    strangers = [world.hear("cyn", "/Shared/ada/photos"), world.hear(world.token("ada", "/other"), "/photos")]
    world.put("ada", "/photos/cat.jpg", b"cat")
    assert {name: ear.paths() for name, ear in ears.items()} == {
        "ada": [("changed", "/photos")],
        "bob": [("changed", "/Shared/ada/photos")],
        "vic": [("changed", "/")],
        "token": [("changed", "/photos")],
    }
    for ear in strangers:
        assert ear.events() == []
        assert [error.code for _, error in ear.chosen.refused] == ["not_found"]


@pytest.mark.parametrize(
    ("act", "folders"),
    [
        (lambda w: w.put("ada", "/photos/b", b"x"), {"/photos"}),
        (lambda w: w.put("ada", "/photos/a", b"new"), {"/photos"}),
        (lambda w: w.folder("ada", "/photos/new"), {"/photos"}),
        (lambda w: w.files.move(w.who["ada"], at("/photos/a"), at("/photos/inbox/a")), {"/photos", "/photos/inbox"}),
        (lambda w: w.files.move(w.who["ada"], at("/photos/a"), at("/photos/b")), {"/photos"}),
        (lambda w: w.files.copy(w.who["ada"], at("/photos/a"), at("/b")), {"/"}),
        (lambda w: w.files.copy(w.who["ada"], at("/photos"), at("/b")), {"/"}),
        (lambda w: w.files.remove(w.who["ada"], at("/photos/a")), {"/photos"}),
        (lambda w: w.files.set_modified(w.who["ada"], at("/photos/a"), TimeUs(5)), {"/photos"}),
        (
            lambda w: w.files.make_folder(w.who["ada"], at("/photos/x/y"), parents=True),
            {"/photos"},
        ),
    ],
)
def test_every_change_tells_the_folders_it_is_in_and_no_others(
    world: World, act: Callable[[World], object], folders: set[str]
) -> None:
    world.put("ada", "/photos/a", b"x")
    world.hub.step()
    ear = world.hear("ada", "/", "/photos", "/photos/inbox")
    act(world)
    told = ear.paths()
    assert len(told) == len(folders)
    assert set(told) == {("changed", path) for path in folders}


def test_every_way_in_is_heard(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = world.who["ada"]
    ear = world.hear("ada", "/", "/photos", "/photos/inbox")
    files = [Small(Terms(path), b"x") for path in ("/1", "/photos/1", "/photos/2")]
    world.commits.batch(ada, files)
    assert sorted(ear.paths()) == [("changed", "/"), ("changed", "/photos")]
    upload = world.uploads.create(ada, Wanted(at("/photos/inbox/u"), 1))
    writer = world.uploads.write(ada, upload.id, 0)
    writer.append(b"x")
    assert ear.paths() == [], "not before it is published"
    writer.finish()
    assert ear.paths() == [("changed", "/photos/inbox")]
    monkeypatch.setattr(vault_copy, "BATCH", 2)  # so that it grows out of sight, in many transactions
    world.files.copy(ada, at("/photos"), at("/copy"))
    assert ear.paths() == [("changed", "/")]


def test_from_one_drive_to_another_both_hear(world: World) -> None:
    shared(world, "editor")
    world.put("bob", "/mine", b"x")
    bob, ada = world.hear("bob", "/"), world.hear("ada", "/photos")
    world.files.move(world.who["bob"], at("/mine"), at("/Shared/ada/photos/mine"))
    assert (bob.paths(), ada.paths()) == ([("changed", "/")], [("changed", "/photos")])
    world.files.copy(world.who["bob"], at("/Shared/ada/photos/mine"), at("/back"), conflict=Conflict.RENAME)
    assert (bob.paths(), ada.paths()) == ([("changed", "/")], [])


def test_what_fails_is_not_told(world: World) -> None:
    ear = world.hear("ada", "/", "/photos")
    with pytest.raises(Exception, match="is there already"):
        world.folder("ada", "/photos/inbox")
    assert ear.events() == []


def test_rights_that_are_lost_are_heard_of_no_more(world: World) -> None:
    shared(world)
    vic = world.visitor("/photos")
    bob, visitor = world.hear("bob", "/Shared/ada/photos"), world.hear(vic, "/")
    world.shares.revoke(world.who["ada"], at("/photos"), "bob")
    link = vic.link
    assert link is not None
    world.catalog.write(lambda tx: tx.links.delete(link.id))
    world.put("ada", "/photos/secret", b"x")
    assert bob.paths() == [("gone", "/Shared/ada/photos")]
    assert visitor.paths() == [("gone", "/")]
    world.put("ada", "/photos/secret2", b"x")
    assert bob.events() == visitor.events() == []


def test_what_is_shared_or_not_any_more_is_told_at_once_to_whom_it_was(world: World) -> None:
    world.groups.create("readers")
    world.groups.add("readers", "cyn")
    ears = [world.hear(name) for name in ("ada", "bob", "cyn")]
    shared(world)
    assert [ear.kinds() for ear in ears] == [[], ["shared"], []]
    shared(world, to="@readers")
    assert [ear.kinds() for ear in ears] == [[], [], ["shared"]]
    watching = world.hear("bob", "/Shared/ada/photos")
    shared(world, "editor")
    assert watching.kinds() == ["shared"]
    shared(world, "dropbox")
    assert set(watching.kinds()) == {"shared", "gone"}
    assert ears[1].kinds() == ["shared"]
    world.shares.revoke(world.who["ada"], at("/photos"))
    assert [ear.kinds() for ear in ears] == [[], ["shared"], ["shared"]]


@pytest.mark.parametrize("level", ["dropbox"])
def test_who_may_not_read_may_not_watch(world: World, level: str) -> None:
    shared(world, level)
    ear = world.hear("bob", "/Shared/ada/photos")
    assert [error.code for _, error in ear.chosen.refused] == ["not_found"]
    world.put("ada", "/photos/x", b"x")
    assert ear.events() == []


def test_a_folder_that_goes_is_told_to_all_below_it(world: World) -> None:
    ear = world.hear("ada", "/photos/inbox", "/photos")
    world.files.move(world.who["ada"], at("/photos"), at("/pictures"))
    assert sorted(ear.paths()) == [("gone", "/photos"), ("gone", "/photos/inbox")]
    world.folder("ada", "/pictures/inbox/x")
    assert ear.events() == []


def test_another_folder_in_the_same_place_is_a_change(world: World) -> None:
    world.folder("ada", "/new")
    ear = world.hear("ada", "/photos")
    world.files.move(world.who["ada"], at("/photos"), at("/old"))
    world.files.move(world.who["ada"], at("/new"), at("/photos"))
    assert ear.paths() == [("changed", "/photos")]
    world.folder("ada", "/photos/x")
    assert ear.paths() == [("changed", "/photos")]
    world.folder("ada", "/old/x")
    assert ear.paths() == []


def test_only_so_many_folders_and_only_vault_folders(small: World) -> None:
    one = small.join("ada")
    with pytest.raises(InvalidRequestError):
        one.choose(watch=[at(f"/{number}") for number in range(4)])
    chosen = one.choose(watch=[at("/"), at("/Shared"), at("/nothing")])
    assert chosen.watched == ["/"]
    assert [path for path, _ in chosen.refused] == ["/Shared", "/nothing"]


# --- nothing grows --------------------------------------------------------------------------------------------------


def test_many_changes_of_one_folder_are_one_event(world: World) -> None:
    ear = world.hear("ada", "/photos")
    for number in range(500):
        world.bus.publish(said("percent", key="job-1"))
        if number % 100 == 0:
            world.put("ada", f"/photos/{number}", b"x")
    assert sorted(ear.kinds()) == ["changed", "said"]


@pytest.mark.parametrize("text", ["x", "x" * 800], ids=["count", "bytes"])
def test_a_slow_reader_is_told_to_look_again_and_takes_no_more_room(small: World, text: str) -> None:
    ear, quick = small.hear("bob"), small.hear("cyn")
    for number in range(50):
        small.publish(said(text))
        assert quick.kinds() == ["said"]
        assert len(ear.one.queue._waiting or ()) <= SMALL.queued, number
        assert ear.one.queue._bytes <= SMALL.queued_bytes
    found = ear.events()
    assert found[0]["kind"] == "resync"
    small.publish(said("after"))
    assert ear.texts() == ["after"]


def test_a_reader_is_woken_once(world: World) -> None:
    ear = world.hear("bob")
    world.publish(said("a"), said("b"))
    world.publish(said("c"))
    assert world.woken == [ear.one]
    assert ear.texts() == ["a", "b", "c"]
    world.publish(said("d"))
    assert world.woken == [ear.one] * 2


def test_an_event_too_large_for_anybody_is_a_resync_for_whom_it_was(small: World) -> None:
    bob, cyn = small.hear("bob"), small.hear("cyn")
    small.publish(said("x" * 2000, Audience(accounts=frozenset({small.account_id("bob")}))))
    assert (bob.kinds(), cyn.kinds()) == (["resync"], [])


def test_too_many_at_once_for_the_hub_are_a_resync_for_all(small: World) -> None:
    ears = [small.hear("bob"), small.hear("cyn")]
    small.publish(*(said("x") for _ in range(11)))
    assert [ear.kinds()[0] for ear in ears] == ["resync", "resync"]


def test_subscribers_are_counted_by_account_by_source_and_altogether(small: World) -> None:
    ones = [small.join("ada") for _ in range(4)]
    with pytest.raises(TooManyRequestsError):
        small.join("ada", "elsewhere")
    ones += [small.join("bob") for _ in range(2)]
    with pytest.raises(TooManyRequestsError):
        small.join("bob")
    ones += [small.join("bob", "elsewhere") for _ in range(2)]
    with pytest.raises(BusyError):
        small.join("cyn", "third")
    for one in ones:
        one.end()
        one.end()
    assert [small.join("ada") for _ in range(4)]
    crowd = small.hub._crowd
    assert len(crowd.everybody) == 4


def test_nothing_is_left_of_those_who_went(world: World) -> None:
    shared(world)
    ears = [world.hear("bob", "/", "/Shared/ada/photos"), world.hear("ada", "/"), world.hear(world.token("cyn"), "/")]
    for ear in ears:
        ear.one.end()
    crowd = world.hub._crowd
    assert not any(getattr(crowd, name) for name in vars(crowd))
    world.publish(said("x"))
    assert [ear.events() for ear in ears] == [[], [], []]


# --- nothing is missed in silence -----------------------------------------------------------------------------------


def test_who_was_away_goes_on(world: World) -> None:
    ear = world.hear("bob", "/")
    world.publish(said("before"))
    ear.events()
    ear.one.end()
    world.put("bob", "/x", b"x")
    world.publish(said("while away"), said("not for him", OPERATORS))
    back = world.hear("bob", "/", after=ear.last)
    assert back.chosen.position is None, "it must not be taken for the last while older ones wait"
    assert [(each["kind"], each["data"].get("path")) for each in back.events()] == [("changed", "/"), ("said", None)]
    assert world.hear("bob", after=back.last).events() == []


def test_a_folder_that_moved_while_away_is_to_be_looked_at(world: World) -> None:
    ear = world.hear("ada", "/photos/inbox")
    world.publish(said("x"))
    ear.events()
    ear.one.end()
    world.files.move(world.who["ada"], at("/photos"), at("/p"))
    world.files.make_folder(world.who["ada"], at("/photos/inbox"), parents=True)
    back = world.hear("ada", "/photos/inbox", after=ear.last)
    assert ("changed", "/photos/inbox") in back.paths()


def after_too_many(world: World, ear: Ear) -> str:
    for number in range(7):
        world.publish(said(str(number)))
    return str(ear.last)


def of_another_run(world: World, ear: Ear) -> str:
    return "0123456789abcdef.1"


@pytest.mark.parametrize(
    "away",
    [
        after_too_many,
        of_another_run,
        lambda world, ear: str(ear.last).partition(".")[0] + ".999999",
        lambda world, ear: "",
        lambda world, ear: "nonsense",
        lambda world, ear: str(ear.last) + "٣",
        lambda world, ear: str(ear.last).partition(".")[0] + "." + "9" * 5000,
    ],
)
def test_an_id_that_nothing_is_known_of_means_to_look_again(small: World, away: Callable[[World, Ear], str]) -> None:
    ear = small.hear("bob")
    small.publish(said("first"))
    ear.events()
    back = small.hear("bob", after=away(small, ear))
    assert back.kinds() == ["resync"]
    small.publish(said("on"))
    assert back.texts() == ["on"]


def test_a_restart_means_to_look_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    last = world.hear("bob").last
    world.hub.close()
    world.hub = Events(world.bus, world.access, world.ended, world.clock)
    assert world.hear("bob", after=last).kinds() == ["resync"]
    world.hub.close()
    world.close()


def test_an_idle_reader_is_told_where_everybody_is(small: World) -> None:
    ear = small.hear("bob", topics=[Topic.CHAT])
    for _ in range(5):
        small.publish(said("x", topic=Topic.LOG))
    ear.one.mark()
    assert ear.kinds() == ["alive"]
    ear.one.mark()
    assert ear.kinds() == []
    for _ in range(3):
        small.publish(said("x", topic=Topic.LOG))
    assert small.hear("bob", topics=[Topic.CHAT], after=ear.last).kinds() == []


def test_nothing_is_told_and_nothing_lost_while_the_catalog_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = world.hear("ada", "/photos")
    world.put("ada", "/photos/x", b"x")
    monkeypatch.setattr(world.access, "grant", _fails)
    assert ear.kinds() == ["resync"]


def _fails(*_: object, **__: object) -> None:
    raise StorageError("not now")


# --- sessions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["session", "token"])
def test_what_has_ended_hears_nothing_more_within_a_second(world: World, kind: str) -> None:
    who = world.who["bob"] if kind == "session" else world.token("bob")
    ended, other = world.hear(who), world.hear("cyn")
    world.publish(said("before", topic=Topic.SERVER))
    assert ended.texts() == ["before"]
    world.gone.add(who.session.id if who.session else -1)
    world.clock.advance(VERIFY_SECONDS)
    world.publish(said("after", topic=Topic.SERVER))
    assert VERIFY_SECONDS < 0.5
    assert ended.one.take() == []
    assert isinstance(ended.one.ended, SignInRequiredError)
    assert world.woken[-1] is other.one or ended.one in world.woken[-2:]
    assert other.texts() == ["before", "after"]
    with pytest.raises(SignInRequiredError):
        ended.one.choose()


def test_a_catalog_that_fails_ends_nobody(world: World) -> None:
    ear = world.hear("bob")
    world.gone.add(int(ear.one.principal.session.id))  # type: ignore[union-attr]
    world.failing = True
    world.clock.advance(VERIFY_SECONDS)
    world.publish(said("x"))
    assert ear.texts() == ["x"]
    world.failing = False
    world.clock.advance(VERIFY_SECONDS)
    world.hub.step()
    assert ear.one.ended is not None


def test_the_thread_hands_on_and_ends(tmp_path: Path) -> None:
    world = World(tmp_path)
    came = threading.Event()
    thread = threading.Thread(target=world.hub.run)
    thread.start()
    one = world.hub.subscribe(world.who["bob"], "::1", came.set)
    one.choose()
    world.bus.publish(said("x"))
    assert came.wait(10)
    assert len(one.take()) == 1
    world.hub.close()
    thread.join(10)
    assert not thread.is_alive()
    world.close()


def test_the_thread_ends_what_has_ended_while_nothing_else_happens(tmp_path: Path) -> None:
    world = World(tmp_path)
    came, waits = threading.Event(), threading.Event()
    patience = world.hub._patience

    def watched() -> float | None:
        waits.set()
        return patience()

    world.hub._patience = watched  # type: ignore[method-assign]
    thread = threading.Thread(target=world.hub.run)
    thread.start()
    assert waits.wait(10), "it waits while there is nobody"
    one = world.hub.subscribe(world.who["bob"], "::1", came.set)
    one.choose()
    world.gone.add(int(one.principal.session.id))  # type: ignore[union-attr]
    world.clock.advance(VERIFY_SECONDS)
    assert came.wait(10)
    assert isinstance(one.ended, SignInRequiredError)
    world.hub.close()
    thread.join(10)
    world.close()


def test_a_fault_with_one_event_does_not_silence_the_rest(tmp_path: Path) -> None:
    world = World(tmp_path)
    came = threading.Semaphore(0)
    thread = threading.Thread(target=world.hub.run)
    thread.start()
    one = world.hub.subscribe(world.who["bob"], "::1", came.release)
    one.choose()
    world.bus.publish(Event(Topic.CHAT, "said", {"text": object()}, EVERYBODY))
    world.bus.publish(said("x"))
    kinds: list[str] = []
    while "resync" not in kinds:
        assert came.acquire(timeout=10)
        kinds += [json.loads(text)["kind"] for text in one.take()]
    world.hub.close()
    thread.join(10)
    world.close()
