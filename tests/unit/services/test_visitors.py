"""The visitors of a share: who is here, what each moves, how many may come, and that they can be sent away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer.errors import (
    BusyError,
    ForbiddenError,
    NotFoundError,
    SignInFailedError,
    SignInRequiredError,
    TooManyRequestsError,
)
from secure_file_transfer.model import Principal, Rights
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.guard import Guard
from secure_file_transfer.services.links import Links, Placed, Terms
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.sessions import BELIEVED_SECONDS, Sessions
from secure_file_transfer.services.traffic import Direction
from secure_file_transfer.services.visitors import AWAY_SECONDS, HAPPENINGS_MAX, Visitor, Visitors, What
from secure_file_transfer.services.watched import WatchedTree
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

    def __init__(self, root: Path, *, most: int | None = None, **terms: object) -> None:
        super().__init__(root)
        hasher = PasswordHasher(time_cost=1, memory_kib=8, lanes=1)
        self.sessions = Sessions(self.catalog, self.clock, hasher, 30 * DAY_US)
        self.visitors = Visitors(self.catalog, self.clock, self.sessions, most)
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
        self.visitors.link_id = self.placed.link.id
        self.links.admission = self.visitors.admission

    def come(self, name: str = "", address: str = HERE, password: str | None = None) -> Principal:
        assert self.placed.secret is not None
        visit = self.links.open(self.placed.secret, password, door="http", address=address, agent="test", name=name)
        return self.sessions.resolve(visit.token)

    def one(self) -> Visitor:
        (found,) = self.visitors.listed()
        return found

    def told(self) -> list[tuple[What, str, str]]:
        self.visitors.listed()
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
    assert [each.name for each in world.visitors.listed()] == ["Guest 1", "Sara", "Guest 2", "sara (2)"]
    assert {each.address for each in world.visitors.listed()} == {HERE}


def test_a_download_is_seen_while_it_runs(world: World) -> None:
    who = world.come("Sara")
    content = world.files.open(who, at("/film.bin"))
    assert world.one().direction is None  # to look is not to fetch
    pieces = content.chunks(0, content.entry.size)
    next(pieces)
    world.clock.advance(1)
    next(pieces)
    world.clock.advance(1)
    seen = world.one()
    assert (seen.direction, seen.file, seen.done, seen.size) == (Direction.DOWN, "/film.bin", 2 * MIB, 4 * MIB)
    assert seen.rate > 0
    assert world.visitors.busy() == 1
    assert sum(map(len, pieces)) == 2 * MIB
    content.close()
    assert world.visitors.busy() == 0
    seen = world.one()
    assert (seen.direction, seen.fetched) == (None, 1)
    assert world.told() == [(What.CAME, "Sara", ""), (What.FETCHED, "Sara", "/film.bin")]


def test_pieces_of_one_file_side_by_side_are_one_file(world: World) -> None:
    who = world.come()
    content = world.files.open(who, at("/film.bin"))
    first, second = content.chunks(0, 2 * MIB), content.chunks(2 * MIB, 2 * MIB)
    next(first)
    next(second)
    assert (world.one().done, world.visitors.busy()) == (2 * MIB, 1)
    assert list(map(len, first)) == list(map(len, second)) == [MIB]
    assert world.one().fetched == 1
    assert [what for what, *_ in world.told()] == [What.CAME, What.FETCHED]


def test_an_upload_is_told_by_the_name_it_got(world: World) -> None:
    who = world.come("Sara")
    draft = world.files.draft(who, at("/film.bin"), size=3)
    draft.append(b"new")
    assert (world.one().direction, world.one().done) == (Direction.UP, 3)
    assert draft.commit().entry.path == "/film (1).bin"
    cut = world.files.draft(who, at("/cut.bin"))
    cut.append(b"a")
    cut.abort()
    assert world.told()[1:] == [(What.SENT, "Sara", "/film (1).bin"), (What.CUT, "Sara", "/cut.bin")]
    assert world.one().sent == 1
    assert (world.disk / "film.bin").stat().st_size == 4 * MIB
    assert not (world.disk / "cut.bin").exists()


def test_who_is_sent_away_is_gone_at_once_and_so_is_the_download(world: World) -> None:
    who = world.come("Sara")
    other = world.come("Sara")
    content = world.files.open(who, at("/film.bin"))
    pieces = content.chunks(0, content.entry.size)
    next(pieces)
    assert world.visitors.end(world.visitors.listed()[0].id)
    with pytest.raises(SignInRequiredError):
        next(pieces)
    content.close()
    assert [each.name for each in world.visitors.listed()] == ["Sara (2)"]
    assert world.files.stat(other, at("/film.bin")).size == 4 * MIB
    assert (What.ENDED, "Sara", "") in world.told()
    assert not world.visitors.end(who.session.id)  # type: ignore[union-attr]


def test_as_many_as_may_come_and_who_is_away_gives_way(tmp_path: Path) -> None:
    world = World(tmp_path, most=2)
    (world.disk / "a").write_bytes(b"a")
    ann, bea = world.come("Ann"), world.come("Bea")
    with pytest.raises(BusyError):
        world.come("Cid")
    assert (What.FULL, HERE, "") in world.told()
    world.clock.advance(AWAY_SECONDS - 1)
    world.files.stat(bea, at("/a"))
    with pytest.raises(BusyError):
        world.come("Cid")
    world.clock.advance(1)
    world.come("Cid")
    assert [each.name for each in world.visitors.listed()] == ["Bea", "Cid"]
    with pytest.raises(SignInRequiredError):
        world.sessions.check(ann)
    world.close()


def test_whoever_transfers_is_never_away(tmp_path: Path) -> None:
    world = World(tmp_path, most=1)
    (world.disk / "a").write_bytes(bytes(2 * MIB))
    content = world.files.open(world.come("Ann"), at("/a"))
    pieces = content.chunks(0, 2 * MIB)
    next(pieces)
    world.clock.advance(2 * AWAY_SECONDS)
    with pytest.raises(BusyError):
        world.come("Bea")
    pieces.close()  # type: ignore[attr-defined]
    content.close()
    world.close()


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
    assert world.visitors.listed() == []
    assert (What.LEFT, "Ann", "") in world.told()
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
