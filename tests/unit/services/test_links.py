"""Links: who may make them, what they open, what they count, and that they end (attacks 24, 30, 32, 42, 49, 58)."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from secure_file_transfer.errors import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    SecureFileTransferError,
    SignInFailedError,
    SignInRequiredError,
    TooManyRequestsError,
    WeakPasswordError,
)
from secure_file_transfer.model import LEVELS, Conflict, DriveId, LinkId, LogEvent, Principal, Rights, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.services.archive import zip_stream
from secure_file_transfer.services.audit import Audit, circumstances
from secure_file_transfer.services.beliefs import BELIEVED_SECONDS
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.guard import Guard
from secure_file_transfer.services.links import LINKS_MAX, VISIT_US, Links, Placed, Terms
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.sessions import Sessions
from secure_file_transfer.services.uploads import Uploads, Wanted
from secure_file_transfer.services.vault import VaultTree
from secure_file_transfer.testing.rights_world import SharingWorld

HERE = "192.0.2.1"
DAY_US = 24 * 3_600_000_000


def at(path: str) -> RemotePath:
    return RemotePath.parse(path)


class World(SharingWorld):
    """With sessions and links besides."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        hasher = PasswordHasher(time_cost=1, memory_kib=8, lanes=1)
        self.guard = Guard(self.clock)
        self.sessions = Sessions(self.catalog, self.clock, hasher, 30 * DAY_US, guard=self.guard)
        self.files = Files(self.access, self.sessions.check)
        self.uploads = Uploads(self.catalog, self.access, self.files, self.sessions.check, self.clock, 10**12)
        self.links = Links(self.catalog, self.clock, hasher, self.sessions, self.guard, self._secret)

    def _secret(self, drive_id: DriveId, salt: bytes) -> bytes:
        tree = self.trees[drive_id]
        assert isinstance(tree, VaultTree)
        return tree.room.keys.link_secret(salt)

    def link(self, path: str, level: str = "viewer", **terms: Any) -> Placed:
        return self.links.create(self.who["ada"], at(path), Terms(LEVELS[level], **terms))

    def token(self, placed: Placed, password: str | None = None, address: str = HERE) -> str:
        assert placed.secret is not None
        return self.links.open(placed.secret, password, door="http", address=address, agent="test").token

    def visit(self, placed: Placed, **options: Any) -> Principal:
        return self.sessions.resolve(self.token(placed, **options))

    def fetch(self, who: Principal, path: str) -> bytes:
        content = self.files.open(who, at(path))
        try:
            return b"".join(content.chunks(0, content.entry.size))
        finally:
            content.close()

    def seen(self, who: Principal, path: str = "/") -> list[str]:
        return [entry.name for entry in self.files.list(who, at(path)).entries]

    def send(self, who: Principal, path: str, data: bytes, conflict: Conflict = Conflict.OVERWRITE) -> str:
        draft = self.files.draft(who, at(path))
        try:
            draft.append(data)
            return draft.commit(conflict=conflict).entry.path
        finally:
            draft.abort()

    def downloads(self, placed: Placed) -> int:
        return self.links.show(self.who["ada"], placed.link.id).link.downloads


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    for path in ("/photos", "/photos/sub", "/inbox"):
        world.folder("ada", path)
    for path, data in (("/photos/cat.jpg", b"cat"), ("/photos/dog.jpg", b"dog"), ("/secret.txt", b"secret")):
        world.put("ada", path, data)
    yield world
    world.close()


def said(act: Callable[[], Any]) -> tuple[type[BaseException], str, str]:
    with pytest.raises(SecureFileTransferError) as caught:
        act()
    return caught.type, str(caught.value), caught.value.hint


# --- making ------------------------------------------------------------------------------------------------------


def test_its_maker_is_shown_the_secret_again_and_the_catalog_does_not_hold_it(world: World, tmp_path: Path) -> None:
    made = world.link("/photos", name="Holiday", downloads_max=3, expires_us=TimeUs(world.clock.now_us() + DAY_US))
    assert made.secret is not None
    assert len(made.secret) == 43
    assert world.links.show(world.who["ada"], made.link.id) == made
    (listed,) = world.links.listed(world.who["ada"])
    assert (listed.link, listed.path, listed.secret) == (made.link, at("/photos"), None)
    assert made.secret not in repr(made)
    found = b"".join(file.read_bytes() for file in tmp_path.glob("catalog.db*"))
    assert hashlib.sha256(made.secret.encode()).digest() in found
    assert made.secret.encode() not in found
    assert world.link("/photos").secret != made.secret


def test_nobody_makes_a_link_to_what_is_not_theirs(world: World) -> None:
    """Attack 32: rights passed on that one was lent."""
    world.shares.grant(world.who["ada"], at("/photos"), "bob", Rights.ALL)
    visitor = world.visit(world.link("/photos", "editor"))
    for path in ("/Shared/ada/photos", "/Shared/ada/nothing", "/Shared"):
        with pytest.raises(ForbiddenError):
            world.links.create(world.who["bob"], at(path), Terms(Rights.READ))
    with pytest.raises(ForbiddenError):
        world.links.create(world.who["ada"], at("/"), Terms(Rights.READ))
    with pytest.raises(NotFoundError):
        world.links.create(world.who["bob"], at("/photos"), Terms(Rights.READ))
    for nobody in (Principal(None, None), visitor):
        with pytest.raises(SignInRequiredError):
            world.links.create(nobody, at("/photos"), Terms(Rights.READ))
        with pytest.raises(SignInRequiredError):
            world.links.listed(nobody)


def test_not_mine_looks_like_not_there(world: World) -> None:
    made = world.link("/photos")
    for act in (world.links.show, world.links.revoke):
        answers = {said(lambda n=n, act=act: act(world.who["bob"], LinkId(n))) for n in (made.link.id, 99)}  # type: ignore[misc]
        assert len(answers) == 1
        assert answers.pop()[0] is NotFoundError
    assert world.links.listed(world.who["bob"]) == []
    assert world.links.show(world.who["ada"], made.link.id).link == made.link


@pytest.mark.parametrize(
    ("path", "level", "terms", "error"),
    [
        ("/secret.txt", "dropbox", {}, InvalidRequestError),
        ("/photos", "viewer", {"downloads_max": 0}, InvalidRequestError),
        ("/photos", "viewer", {"expires_us": TimeUs(1)}, InvalidRequestError),
        ("/photos", "viewer", {"name": "a\nb"}, InvalidRequestError),
        ("/photos", "viewer", {"name": "a" * 201}, InvalidRequestError),
        ("/photos", "viewer", {"password": "abc"}, WeakPasswordError),
        ("/photos", "viewer", {"password": ""}, WeakPasswordError),
        ("/photos", "viewer", {"password": "a" * 1025}, WeakPasswordError),
    ],
)
def test_terms_that_make_no_link(world: World, path: str, level: str, terms: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        world.link(path, level, **terms)
    assert world.links.listed(world.who["ada"]) == []


def test_the_number_of_links_is_bounded(world: World) -> None:
    account, node = world.account_id("ada"), world.link("/photos").link.node_id

    def fill(tx: Any) -> None:
        for number in range(LINKS_MAX - 1):
            tx.links.create(node, account, (b"", b"%d" % number), Rights.READ, TimeUs(0))

    world.catalog.write(fill)
    with pytest.raises(InvalidRequestError):
        world.link("/photos")


# --- what it opens -----------------------------------------------------------------------------------------------


def test_a_visitor_sees_the_folder_as_the_root_and_nothing_else(world: World) -> None:
    who = world.visit(world.link("/photos"))
    assert (who.account, who.name) == (None, "Guest 1 (link #1)")
    assert world.seen(who) == ["sub", "cat.jpg", "dog.jpg"]
    assert world.fetch(who, "/cat.jpg") == b"cat"
    assert b"".join(zip_stream(world.files, who, [at("/")]))
    for path in ("/photos/cat.jpg", "/secret.txt", "/Shared", "/Shared/ada/photos"):
        with pytest.raises(NotFoundError):
            world.files.stat(who, at(path))
    for act in (
        lambda: world.send(who, "/new", b""),
        lambda: world.files.remove(who, at("/cat.jpg")),
        lambda: world.files.make_folder(who, at("/new")),
        lambda: world.files.move(who, at("/cat.jpg"), at("/new")),
        lambda: world.files.copy(who, at("/cat.jpg"), at("/new")),
        lambda: world.files.usage(who),
    ):
        with pytest.raises(ForbiddenError):
            act()
    with pytest.raises(NotFoundError):
        world.blocks.naming_key(who)
    for act_ in (world.shares.given, world.shares.received, world.sessions.listed):
        with pytest.raises(SignInRequiredError):
            act_(who)


def test_an_editor_changes_what_is_inside_and_never_the_top(world: World) -> None:
    """Attack 9: a move is no way out."""
    who = world.visit(world.link("/photos", "editor"))
    assert world.send(who, "/cat.jpg", b"tiger") == "/cat.jpg"
    world.files.move(who, at("/cat.jpg"), at("/sub/tiger.jpg"))
    world.files.remove(who, at("/dog.jpg"))
    assert world.names("ada", "/photos/sub") == ["tiger.jpg"]
    for act in (
        lambda: world.files.remove(who, at("/"), recursive=True),
        lambda: world.files.move(who, at("/"), at("/x")),
    ):
        with pytest.raises((ConflictError, ForbiddenError, InvalidRequestError)):
            act()
    assert world.names("ada", "/") == ["inbox", "photos", "secret.txt"]


def test_a_shared_file_is_alone_in_its_root(world: World) -> None:
    who = world.visit(world.link("/photos/cat.jpg", "editor"))
    assert who.link is not None
    assert who.link.rights == Rights.READ | Rights.WRITE
    assert world.seen(who) == ["cat.jpg"]
    assert world.files.stat(who, at("/")).path == "/"
    assert world.fetch(who, "/cat.jpg") == b"cat"
    assert world.send(who, "/cat.jpg", b"tiger") == "/cat.jpg"
    for act in (
        lambda: world.files.stat(who, at("/dog.jpg")),
        lambda: world.send(who, "/new", b""),
        lambda: world.files.remove(who, at("/cat.jpg")),
        lambda: world.files.move(who, at("/cat.jpg"), at("/new")),
        lambda: world.files.make_folder(who, at("/new")),
    ):
        with pytest.raises((NotFoundError, ForbiddenError)):
            act()
    assert world.fetch(world.who["ada"], "/photos/cat.jpg") == b"tiger"


def test_a_drop_box_takes_files_and_tells_nothing(world: World) -> None:
    world.put("ada", "/inbox/taken.txt", b"mine")
    who = world.visit(world.link("/inbox", "dropbox"))
    assert world.send(who, "/taken.txt", b"theirs") == "/taken (1).txt"
    for act in (
        lambda: world.files.list(who, at("/")),
        lambda: world.files.stat(who, at("/taken.txt")),
        lambda: world.fetch(who, "/taken.txt"),
        lambda: world.send(who, "/sub/x", b""),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert world.fetch(world.who["ada"], "/inbox/taken.txt") == b"mine"


def test_uploads_of_a_visitor_are_the_visitors_and_count_against_the_owner(world: World) -> None:
    """Attack 48: a foreign id is not there, for other visitors and for the owner."""
    one, other = world.visit(world.link("/inbox", "dropbox")), world.visit(world.link("/inbox", "dropbox"))
    upload = world.uploads.create(one, Wanted(at("/big.bin"), 5))
    assert upload.account_id == world.account_id("ada") == one.payer
    for stranger in (other, world.who["ada"], world.who["bob"]):
        with pytest.raises(NotFoundError):
            world.uploads.status(stranger, upload.id)
    for who in (one, other, world.who["ada"]):
        assert world.uploads.unfinished(who, at("/big.bin")) is None, "nor does its place tell of it"
    own = world.uploads.create(world.who["ada"], Wanted(at("/big.bin"), 7))
    assert world.uploads.unfinished(world.who["ada"], at("/big.bin")) == own
    assert world.uploads.unfinished(one, at("/big.bin")) is None, "a path means another place to a visitor"
    writer = world.uploads.write(one, upload.id, 0)
    writer.append(b"12345")
    writer.finish()
    assert world.fetch(world.who["ada"], "/inbox/big.bin") == b"12345"


# --- secrets and passwords ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["", "a", "A" * 43, "A" * 44, "\x00" * 43, "é" * 43, "../" * 14 + "x"])
def test_what_is_no_secret_opens_nothing(world: World, secret: str) -> None:
    """Attack 24."""
    world.link("/photos")
    with pytest.raises(NotFoundError):
        world.links.open(secret, None, door="http", address=HERE, agent="")


def test_every_link_that_opens_nothing_says_the_same(world: World) -> None:
    soon = TimeUs(world.clock.now_us() + DAY_US)
    gone, over, spent, removed, locked = (
        world.link("/photos", "viewer", **terms)
        for terms in ({}, {"expires_us": soon}, {"downloads_max": 1}, {}, {"expires_us": soon, "password": "sesame"})
    )
    removed = world.link("/photos/sub")
    world.fetch(world.visit(spent), "/cat.jpg")
    world.links.revoke(world.who["ada"], gone.link.id)
    world.files.remove(world.who["ada"], at("/photos/sub"))
    world.clock.advance(86_400)
    answers = {said(lambda made=made: world.token(made)) for made in (gone, over, spent, removed, locked)}  # type: ignore[misc]
    answers.add(said(lambda: world.links.open("A" * 43, "x", door="http", address=HERE, agent="")))
    assert len(answers) == 1
    assert answers.pop()[0] is NotFoundError


def test_a_password_is_asked_for_and_guesses_at_it_are_counted(world: World) -> None:
    """Attack 26: from one source, and at one link from many sources."""
    made = world.link("/photos", password="open sesame")
    with pytest.raises(SignInFailedError):
        world.token(made)
    assert world.visit(made, password="open sesame").link
    for _ in range(10):
        with pytest.raises(SignInFailedError):
            world.token(made, password="wrong")
    with pytest.raises(TooManyRequestsError):
        world.token(made, password="open sesame")
    kinds = [said(lambda n=n: world.token(made, password="wrong", address=f"198.51.100.{n}"))[0] for n in range(60)]  # type: ignore[misc]
    assert kinds.count(SignInFailedError) == 20  # with the ten from here: thirty an hour
    assert kinds[-1] is TooManyRequestsError
    assert world.visit(world.link("/photos"), address=HERE).link  # without a password there is nothing to guess
    world.clock.advance(3600)
    assert world.visit(made, password="open sesame").link


# --- downloads ---------------------------------------------------------------------------------------------------


def test_one_visitor_is_one_download_however_it_fetches(world: World) -> None:
    """Attack 49: ranges, in parallel or resumed, and several files."""
    made = world.link("/photos", downloads_max=2)
    who = world.visit(made)
    assert world.downloads(made) == 0
    world.files.stat(who, at("/cat.jpg"))
    content = world.files.open(who, at("/cat.jpg"))
    content.close()
    assert world.downloads(made) == 0  # looking is no download

    def part(offset: int) -> bytes:
        content = world.files.open(who, at("/cat.jpg"))
        try:
            return b"".join(content.chunks(offset % 3, 1))
        finally:
            content.close()

    with ThreadPoolExecutor(8) as pool:
        assert b"".join(pool.map(part, range(24))) == b"cat" * 8
    world.fetch(who, "/dog.jpg")
    assert world.downloads(made) == 1
    world.fetch(world.visit(made), "/dog.jpg")
    assert world.downloads(made) == 2
    assert world.fetch(who, "/cat.jpg") == b"cat"  # whoever has begun may finish
    with pytest.raises(NotFoundError):
        world.visit(made)


def test_of_many_strangers_at_the_last_download_exactly_one_gets_it(world: World) -> None:
    """Attack 49."""
    made = world.link("/photos/cat.jpg", downloads_max=1)
    visitors = [world.visit(made) for _ in range(8)]
    start = Barrier(len(visitors))

    def race(who: Principal) -> bytes | None:
        start.wait(10)
        with suppress(NotFoundError):
            return world.fetch(who, "/cat.jpg")
        return None

    with ThreadPoolExecutor(len(visitors)) as pool:
        got = list(pool.map(race, visitors))
    assert sorted(filter(None, got)) == [b"cat"]
    assert world.downloads(made) == 1
    world.clock.advance(BELIEVED_SECONDS)
    alive = 0
    for who in visitors:
        with suppress(SignInRequiredError):
            world.sessions.check(who)
            alive += 1
    assert alive == 1


def test_a_refused_download_leaves_the_count_as_it_is(world: World) -> None:
    made = world.link("/photos", downloads_max=1)
    late, first = world.visit(made), world.visit(made)
    world.fetch(first, "/cat.jpg")
    for _ in range(3):
        with pytest.raises(NotFoundError):
            world.fetch(late, "/cat.jpg")
    assert world.downloads(made) == 1


# --- ending ------------------------------------------------------------------------------------------------------


def revoke(world: World, made: Placed) -> None:
    world.links.revoke(world.who["ada"], made.link.id)


def remove_it(world: World, made: Placed) -> None:
    world.files.remove(world.who["ada"], at("/photos"), recursive=True)


def disable(world: World, made: Placed) -> None:
    world.catalog.write(lambda tx: tx.accounts.set_disabled(world.account_id("ada"), disabled=True))


def delete_account(world: World, made: Placed) -> None:
    world.catalog.write(lambda tx: tx.accounts.delete(world.account_id("ada")))


def let_it_pass(world: World, made: Placed) -> None:
    world.clock.advance(86_400)


@pytest.mark.parametrize("end", [revoke, remove_it, disable, delete_account, let_it_pass])
@pytest.mark.parametrize("doing", ["down", "up", "tus"])
def test_what_runs_ends_with_the_link(world: World, doing: str, end: Callable[[World, Placed], None]) -> None:
    """Attack 58: within the time for which a session is believed, and far below a second."""
    assert BELIEVED_SECONDS < 0.8
    world.put("ada", "/photos/long", bytes(400_000))
    made = world.link("/photos", "editor", expires_us=TimeUs(world.clock.now_us() + DAY_US))
    who = world.visit(made)
    step: Callable[[], object]
    if doing == "down":
        pieces = world.files.open(who, at("/long")).chunks(0, 400_000)
        step = lambda: next(pieces)  # noqa: E731
    elif doing == "up":
        draft = world.files.draft(who, at("/new"))
        step = lambda: draft.append(b"x")  # noqa: E731
    else:
        writer = world.uploads.write(who, world.uploads.create(who, Wanted(at("/new"), 1000)).id, 0)
        step = lambda: writer.append(b"x")  # noqa: E731
    step()
    end(world, made)
    world.clock.advance(BELIEVED_SECONDS)
    with pytest.raises((SignInRequiredError, NotFoundError, ForbiddenError)):
        step()
    with pytest.raises(SignInRequiredError):
        world.sessions.check(who)
    for act in (lambda: world.fetch(who, "/cat.jpg"), lambda: world.send(who, "/later", b"x")):
        with pytest.raises((SignInRequiredError, NotFoundError)):
            act()
    with pytest.raises(NotFoundError):
        world.token(made)


def test_a_link_follows_its_node_and_not_its_name(world: World) -> None:
    """Attacks 30 and 58: what is put in the old place was never given."""
    who = world.visit(made := world.link("/photos"))
    world.files.move(world.who["ada"], at("/photos"), at("/inbox/moved"))
    world.folder("ada", "/photos")
    world.put("ada", "/photos/private", b"")
    assert world.seen(who) == ["sub", "cat.jpg", "dog.jpg"]
    assert world.links.show(world.who["ada"], made.link.id).path == at("/inbox/moved")
    world.files.move(world.who["ada"], at("/inbox/moved/cat.jpg"), at("/cat.jpg"))
    with pytest.raises(NotFoundError):
        world.fetch(who, "/cat.jpg")
    world.files.remove(world.who["ada"], at("/inbox/moved"), recursive=True)
    world.clock.advance(1)
    with pytest.raises((SignInRequiredError, NotFoundError)):
        world.seen(who)
    assert world.links.listed(world.who["ada"]) == []


def test_a_visit_ends_with_its_time_and_the_owners_sessions_are_another_matter(world: World) -> None:
    made = world.link("/photos")
    token = world.token(made)
    world.sessions.end_all(world.account_id("ada"))
    who = world.sessions.resolve(token)
    assert world.sessions.listed(Principal(world.who["ada"].account, None)) == []
    world.clock.advance(VISIT_US / 1_000_000 - 1)
    assert world.sessions.resolve(token).link
    world.clock.advance(1)
    with pytest.raises(SignInRequiredError):
        world.sessions.check(who)


def test_the_sessions_of_one_link_are_bounded_and_those_that_fetched_stay(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secure_file_transfer.services.sessions.VISITORS_MAX", 3)
    made = world.link("/photos")
    tokens = [world.token(made)]
    world.fetch(world.sessions.resolve(tokens[0]), "/cat.jpg")
    tokens += [world.token(made) for _ in range(4)]
    world.clock.advance(1)
    alive = []
    for number, token in enumerate(tokens):
        with suppress(SignInRequiredError):
            alive.append((number, world.sessions.resolve(token))[0])
    assert alive == [0, 3, 4]


def test_who_comes_with_an_address_that_opens_nothing_is_written_down_without_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack 42 as well: the secret, also one that was good, is in no event."""
    events: list[LogEvent] = []
    audit = Audit(world.clock, events.append)
    monkeypatch.setattr(world.links, "_audit", audit)
    made = world.link("/photos")
    world.links.revoke(world.who["ada"], made.link.id)
    del events[:]
    assert made.secret
    wrong = "A" * len(made.secret)
    for secret in (made.secret, *[wrong] * 50, "nonsense"):
        with circumstances(address="192.0.2.9"), pytest.raises(NotFoundError):
            world.links.find(secret)
    audit.settle(everything=True)
    assert [(event.kind, event.address) for event in events] == [("link.refused", "192.0.2.9")] * 2
    assert "(51 more times within a minute)" in events[1].text
    assert made.secret not in str(events)
    assert wrong not in str(events)
