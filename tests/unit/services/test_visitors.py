"""What is told of the visitors of a share: who comes and goes, which files arrive, who writes."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from secure_file_transfer.errors import (
    ForbiddenError,
    NotFoundError,
    SignInFailedError,
    SignInRequiredError,
    TooManyRequestsError,
)
from secure_file_transfer.model import Principal, Rights
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import OPERATORS, Audience, Event, Topic
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.beliefs import BELIEVED_SECONDS
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.guard import Guard
from secure_file_transfer.services.links import Links, Placed, Terms
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.presence import HERE_SECONDS, Presence, alive_in
from secure_file_transfer.services.sessions import Sessions
from secure_file_transfer.services.visitors import HAPPENINGS_MAX, Visitors, What
from secure_file_transfer.services.watched import WatchedTree
from secure_file_transfer.storage.events import LocalEventBus
from secure_file_transfer.storage.folder import FolderTree
from secure_file_transfer.testing.clock import START_US
from secure_file_transfer.testing.rights_world import SharingWorld

HERE = "192.0.2.1"
DAY_US = 24 * 3_600_000_000
MIB = 1024 * 1024
LATER = START_US + 2 * 3_600_000_000


def at(path: str) -> RemotePath:
    return RemotePath.parse(path)


class World(SharingWorld):
    """One link that gives a folder of the disk."""

    def __init__(self, root: Path, **terms: object) -> None:
        super().__init__(root)
        hasher = PasswordHasher(time_cost=1, memory_kib=8, lanes=1)
        self.sessions = Sessions(self.catalog, self.clock, hasher, 30 * DAY_US)
        self.bus = LocalEventBus()
        self.presence = Presence(self.clock, self.bus, alive_in(self.catalog))
        self.visitors = Visitors(self.clock, self.presence)
        self.bus.subscribe(self.visitors.heard)
        self.disk = root / "shared"
        self.disk.mkdir()
        tree = FolderTree(self.disk, self.clock)
        self.access = Access(
            self.trees.__getitem__,
            self.catalog,
            self.clock,
            linked=lambda _, who, verify: WatchedTree(tree.seen_from(at("/"), verify), self.visitors.seen(who)),
        )
        self.files = Files(self.access, self.sessions.check)
        self.links = Links(
            self.catalog, self.clock, hasher, self.sessions, Guard(self.clock), lambda _, salt: (salt * 2)[:32]
        )
        self.folder("ada", "/given")
        rights = terms.pop("rights", Rights.READ)
        assert isinstance(rights, Rights)
        self.placed: Placed = self.links.create(self.who["ada"], at("/given"), Terms(rights, **terms))  # type: ignore[arg-type]

    def come(self, name: str = "", address: str = HERE, password: str | None = None) -> Principal:
        assert self.placed.secret is not None
        visit = self.links.open(self.placed.secret, password, door="http", address=address, agent="test", name=name)
        who = self.sessions.resolve(visit.token)
        self.presence.seen(who, "http", address)
        return who

    def told(self) -> list[tuple[What, str, str]]:
        self.presence.tick()
        return [(each.what, each.who, each.file) for each in self.visitors.happenings()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, rights=Rights.READ | Rights.CREATE)
    (world.disk / "film.bin").write_bytes(bytes(4 * MIB))
    yield world
    world.close()


def test_several_behind_one_address_stay_apart(world: World) -> None:
    for name in ("", "Sara", "", "sara"):
        world.come(name)
    assert [each.guest for each in world.visitors.listed()] == ["Guest 1", "Sara", "Guest 2", "sara (2)"]
    assert {each.address for each in world.visitors.listed()} == {HERE}


def test_pieces_of_one_file_side_by_side_are_one_file(world: World) -> None:
    who = world.come("Sara")
    content = world.files.open(who, at("/film.bin"))
    first, second = content.chunks(0, 2 * MIB), content.chunks(2 * MIB, 2 * MIB)
    for pieces in (first, second):
        assert sum(map(len, pieces)) == 2 * MIB
    content.close()
    assert world.told() == [(What.CAME, "Sara", ""), (What.FETCHED, "Sara", "/film.bin")]


def test_a_look_and_a_part_are_no_file(world: World) -> None:
    who = world.come()
    with closing(world.files.open(who, at("/film.bin"))) as content:
        pieces = content.chunks(0, content.entry.size)
        next(pieces)
        pieces.close()  # type: ignore[attr-defined]
    assert [what for what, *_ in world.told()] == [What.CAME]


def test_an_upload_is_told_by_the_name_it_got(world: World) -> None:
    who = world.come("Sara")
    draft = world.files.draft(who, at("/film.bin"), size=3)
    draft.append(b"new")
    assert draft.commit().entry.path == "/film (1).bin"
    cut = world.files.draft(who, at("/cut.bin"))
    cut.append(b"a")
    cut.abort()
    assert world.told()[1:] == [(What.SENT, "Sara", "/film (1).bin"), (What.CUT, "Sara", "/cut.bin")]
    assert (world.disk / "film.bin").stat().st_size == 4 * MIB
    assert not (world.disk / "cut.bin").exists()


def test_who_goes_and_who_is_sent_away_is_told_once(world: World) -> None:
    sara, bob = world.come("Sara"), world.come("Bob")
    assert [what for what, *_ in world.told()] == [What.CAME, What.CAME]
    assert sara.session is not None
    world.visitors.sent_away(sara.session.id)
    world.sessions.end(sara.session.id)
    world.presence.leave(str(sara.session.id))
    assert world.told() == [(What.ENDED, "Sara", "")]
    world.clock.advance(HERE_SECONDS)
    world.presence.tick()
    assert world.told() == [(What.LEFT, "Bob", "")]
    world.files.stat(bob, at("/film.bin"))  # back again
    assert world.told() == [(What.CAME, "Bob", "")]


def test_who_found_it_full_is_told_and_who_writes(world: World) -> None:
    who = world.come("Sara")
    assert who.session is not None
    world.told()
    world.bus.publish(Event(Topic.LOG, "written", {"kind": "server.full", "address": HERE}, OPERATORS))
    said = {"chat": 3, "sequence": 7, "kind": "guest"}
    to = Audience(operators=True, sessions=frozenset({who.session.id}))
    world.bus.publish(Event(Topic.CHAT, "message", said, to))
    world.bus.publish(Event(Topic.CHAT, "message", {**said, "kind": "operators"}, to))  # our own answer
    full, wrote = world.visitors.happenings()
    assert (full.what, full.address) == (What.FULL, HERE)
    assert (wrote.what, wrote.who, wrote.chat, wrote.sequence) == (What.WROTE, "Sara", 3, 7)


def test_when_the_time_is_up_everybody_is_out(tmp_path: Path) -> None:
    world = World(tmp_path, expires_us=LATER)
    (world.disk / "a").write_bytes(bytes(2 * MIB))
    who = world.come("Ann")
    pieces = world.files.open(who, at("/a")).chunks(0, 2 * MIB)
    next(pieces)
    world.clock.set(LATER)
    world.clock.advance(BELIEVED_SECONDS)
    with pytest.raises(SignInRequiredError):
        next(pieces)
    with pytest.raises(NotFoundError):
        world.come("Bea")
    world.close()


def test_wrong_passwords_have_a_budget(tmp_path: Path) -> None:
    world = World(tmp_path, password="k7mq-3xvad-9fhd")
    for _ in range(10):
        with pytest.raises(SignInFailedError):
            world.come(password="guess")
    with pytest.raises(TooManyRequestsError):
        world.come(password="k7mq-3xvad-9fhd")
    assert world.visitors.listed() == []
    assert world.come(password="k7mq-3xvad-9fhd", address="198.51.100.7").session is not None
    world.close()


def test_only_as_many_fetch_as_may(tmp_path: Path) -> None:
    world = World(tmp_path, downloads_max=1)
    (world.disk / "a").write_bytes(b"a")
    ann, bea = world.come("Ann"), world.come("Bea")
    for _ in range(2):  # as often as she likes
        content = world.files.open(ann, at("/a"))
        assert b"".join(map(bytes, content.chunks(0, 1))) == b"a"
        ann = Principal(None, world.catalog.read(lambda tx: tx.sessions.of_link(world.placed.link.id))[0], ann.link)
    with pytest.raises((NotFoundError, SignInRequiredError)):
        list(world.files.open(bea, at("/a")).chunks(0, 1))
    world.close()


def test_new_names_only_means_that(world: World) -> None:
    who = world.come()
    for act in (
        lambda: world.files.remove(who, at("/film.bin")),
        lambda: world.files.move(who, at("/film.bin"), at("/other.bin")),
    ):
        with pytest.raises(ForbiddenError):
            act()


def test_what_happens_is_forgotten_when_nobody_asks(world: World) -> None:
    for _ in range(3):
        world.come()
    assert len(world.told()) == 3
    assert world.told() == []
    assert world.visitors._happened.maxlen == HAPPENINGS_MAX
