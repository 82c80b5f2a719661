"""Folder drives: who sees them, what may be done there, links to them, and that all of it ends at once."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.errors import (
    ConflictError,
    ExistsError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    SecureFileTransferError,
    SignInRequiredError,
    StorageError,
)
from secure_file_transfer.model import LEVELS, Conflict, Kind, Principal, Rights, Role, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.guard import Guard
from secure_file_transfer.services.links import Links, Placed, Terms
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.sessions import Sessions
from secure_file_transfer.testing.contracts.catalog_kit import new_account
from secure_file_transfer.testing.rights_world import SharingWorld

HOUR_US = 3_600_000_000


def at(path: str) -> RemotePath:
    return RemotePath.parse(path)


class World(SharingWorld):
    """With an operator, and a folder of the server's disk beside the data directory."""

    def __init__(self, root: Path) -> None:
        (root / "data").mkdir()
        super().__init__(root / "data")
        self.data = root / "data"
        self.disk = root / "disk"
        (self.disk / "sub").mkdir(parents=True)
        (self.disk / "cat.jpg").write_bytes(b"cat")
        (self.disk / "sub" / "f").write_bytes(b"deep")
        self.who["olga"] = Principal(new_account(self.catalog, "olga", Role.ADMIN), None)
        hasher = PasswordHasher(time_cost=1, memory_kib=8, lanes=1)
        self.sessions = Sessions(self.catalog, self.clock, hasher, 30 * 24 * HOUR_US, guard=Guard(self.clock))
        self.files = Files(self.access, self.sessions.check)
        self.links = Links(
            self.catalog,
            self.clock,
            hasher,
            self.sessions,
            Guard(self.clock),
            lambda drive, salt: hashlib.sha256(b"%d" % drive + salt).digest(),
        )

    def mount(self, name: str = "disk", path: Path | None = None, *to: str, level: str = "viewer") -> None:
        self.mounts.mount(name, str(path or self.disk), to=to, rights=LEVELS[level])

    def link(self, path: str = "/Drives/disk", level: str = "viewer", **terms: Any) -> Placed:
        return self.links.create(self.who["olga"], at(path), Terms(LEVELS[level], **terms))

    def visit(self, placed: Placed, password: str | None = None) -> Principal:
        assert placed.secret is not None
        visit = self.links.open(placed.secret, password, door="http", address="192.0.2.1", agent="test")
        return self.sessions.resolve(visit.token)

    def seen(self, who: Principal, path: str = "/") -> list[str]:
        return sorted(entry.name for entry in self.files.list(who, at(path)).entries)

    def send(self, who: Principal, path: str, data: bytes = b"new") -> str:
        draft = self.files.draft(who, at(path))
        try:
            draft.append(data)
            return draft.commit().entry.path
        finally:
            draft.abort()

    def fetch(self, who: Principal, path: str) -> bytes:
        content = self.files.open(who, at(path))
        try:
            return b"".join(content.chunks(0, content.entry.size))
        finally:
            content.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def on_disk(world: World) -> list[str]:
    return sorted(each.name for each in world.disk.iterdir())


def said(act: Callable[[], Any]) -> tuple[type[BaseException], str]:
    with pytest.raises(SecureFileTransferError) as caught:
        act()
    return caught.type, str(caught.value)


# --- mounting -----------------------------------------------------------------------------------------------------


def test_whoever_it_is_for_finds_it_below_drives(world: World) -> None:
    world.groups.create("red")
    world.groups.add("red", "cyn")
    world.mount("disk", world.disk, "bob", "@red", level="editor")
    for who in ("bob", "cyn"):
        assert world.names(who, "/") == ["Drives"]
        assert world.names(who, "/Drives") == ["disk"]
        assert world.names(who, "/Drives/disk") == ["cat.jpg", "sub"]
        assert world.read(who, "/Drives/disk/sub/f") == b"deep"
        (drive,) = world.shares.received(world.who[who])
        assert (str(drive.path), drive.owner, drive.rights) == ("/Drives/disk", "", Rights.ALL)
    entry = world.files.stat(world.who["bob"], at("/Drives/disk"))
    assert (entry.path, entry.name, entry.kind) == ("/Drives/disk", "disk", Kind.FOLDER)
    entries = world.files.list(world.who["bob"], at("/Drives/disk/sub")).entries
    assert [entry.path for entry in entries] == ["/Drives/disk/sub/f"]
    assert world.names("ada", "/") == []
    assert world.names("ada", "/Drives") == []
    (event,) = world.log
    assert (event.kind, event.target) == ("drive.mounted", "/Drives/disk")


def test_what_is_not_for_one_looks_as_if_it_were_not_there(world: World) -> None:
    world.mount("disk", world.disk, "bob")
    ada = world.who["ada"]
    looks: list[Callable[[str], object]] = [
        lambda name: world.files.stat(ada, at(f"/Drives/{name}")),
        lambda name: world.files.open(ada, at(f"/Drives/{name}/cat.jpg")),
        lambda name: world.files.draft(ada, at(f"/Drives/{name}/x")),
        lambda name: world.shares.grant(ada, at(f"/Drives/{name}"), "ada", Rights.ALL),
        lambda name: world.links.create(ada, at(f"/Drives/{name}"), Terms(Rights.READ)),
    ]
    for look in looks:
        kinds = {
            (kind, text.replace(name, "NAME"))
            for name in ("disk", "none")
            for kind, text in [said(lambda name=name, look=look: look(name))]  # type: ignore[misc]
        }
        assert len(kinds) == 1


def test_a_drive_cannot_be_put_taken_or_made_in_drives(world: World) -> None:
    world.mount("disk", world.disk, "bob", level="editor")
    bob = world.who["bob"]
    for act in (
        lambda: world.files.remove(bob, at("/Drives/disk"), recursive=True),
        lambda: world.files.move(bob, at("/Drives/disk"), at("/Drives/other")),
        lambda: world.files.remove(bob, at("/Drives"), recursive=True),
        lambda: world.folder("bob", "/Drives/new"),
        lambda: world.put("bob", "/Drives/new"),
        lambda: world.put("bob", "/Drives"),
    ):
        with pytest.raises((ForbiddenError, NotFoundError)):
            act()
    with pytest.raises(NotFoundError):
        world.folder("bob", "/Drives/none/x")
    assert on_disk(world) == ["cat.jpg", "sub"]


@pytest.mark.parametrize("case", ["itself", "above", "inside", "by a link", "the root"])
def test_the_servers_own_data_is_never_mounted(world: World, tmp_path: Path, case: str) -> None:
    (world.data / "blobs").mkdir(exist_ok=True)
    (tmp_path / "alias").symlink_to(world.data)
    path = {
        "itself": world.data,
        "above": tmp_path,
        "inside": world.data / "blobs",
        "by a link": tmp_path / "alias",
        "the root": Path("/"),
    }[case]
    with pytest.raises(ForbiddenError):
        world.mount("x", path)
    with pytest.raises(ForbiddenError):
        world.mount("x", world.data / "catalog.db")
    assert world.mounts.list() == []


def test_a_folder_that_came_to_hold_the_data_is_shown_no_more(world: World, tmp_path: Path) -> None:
    world.mount("disk", world.disk, "bob")
    world.disk.rename(tmp_path / "away")
    world.disk.symlink_to(world.data)
    with pytest.raises(ForbiddenError):
        world.names("bob", "/Drives/disk")
    (listed,) = world.mounts.list()
    assert "the server's own data" in listed.fault


def test_what_became_a_link_later_is_not_followed(world: World, tmp_path: Path) -> None:
    """Attack 7, at the root: whoever may write above a drive could point it elsewhere."""
    world.mount("disk", world.disk, "bob")
    assert world.names("bob", "/Drives/disk") == ["cat.jpg", "sub"]
    world.disk.rename(tmp_path / "away")
    (tmp_path / "other").mkdir()
    world.disk.symlink_to(tmp_path / "other")
    with pytest.raises(StorageError):
        world.names("bob", "/Drives/disk")


def test_names_of_drives_and_what_can_be_mounted(world: World, tmp_path: Path) -> None:
    world.mount("Disk")
    os.mkfifo(tmp_path / "pipe")
    refused: list[tuple[type[SecureFileTransferError], Callable[[], object]]] = [
        (ExistsError, lambda: world.mount("dISK")),
        (NotFoundError, lambda: world.mount("x", tmp_path / "none")),
        (InvalidRequestError, lambda: world.mount("x", tmp_path / "pipe")),
        (NotFoundError, lambda: world.mount("x", world.disk, "nobody")),
        (InvalidRequestError, lambda: world.mount("x", world.disk / "cat.jpg", "bob", level="dropbox")),
        (SecureFileTransferError, lambda: world.mount("a/b")),
        (SecureFileTransferError, lambda: world.mount("..")),
        (SecureFileTransferError, lambda: world.mount("@x")),
        (NotFoundError, lambda: world.mounts.unmount("x")),
    ]
    for kind, act in refused:
        with pytest.raises(kind):
            act()
    assert [each.mount.name for each in world.mounts.list()] == ["Disk"]
    drives = world.catalog.read(lambda tx: len(tx.drives.all()))
    assert drives == len(world.who) + 1  # none is left of those that were refused


def test_a_drive_whose_disk_is_away_says_so_and_comes_back(world: World, tmp_path: Path) -> None:
    world.mount("disk", world.disk, "bob")
    world.disk.rename(tmp_path / "away")
    with pytest.raises(StorageError, match="not there"):
        world.names("bob", "/Drives/disk")
    assert world.names("bob", "/Drives") == ["disk"]
    (tmp_path / "away").rename(world.disk)
    assert world.names("bob", "/Drives/disk") == ["cat.jpg", "sub"]


# --- rights ---------------------------------------------------------------------------------------------------------


def test_levels_mean_what_they_mean_in_a_vault(world: World) -> None:
    world.mount()
    olga, bob = world.who["olga"], world.who["bob"]
    drive = at("/Drives/disk")

    world.shares.grant(olga, drive, "bob", LEVELS["viewer"])
    for act in (
        lambda: world.put("bob", "/Drives/disk/new"),
        lambda: world.folder("bob", "/Drives/disk/new"),
        lambda: world.files.remove(bob, at("/Drives/disk/cat.jpg")),
        lambda: world.files.set_modified(bob, at("/Drives/disk/cat.jpg"), TimeUs(0)),
    ):
        with pytest.raises(ForbiddenError):
            act()

    world.shares.grant(olga, drive, "bob", LEVELS["contributor"])
    assert str(world.put("bob", "/Drives/disk/cat.jpg", b"other")) == "/Drives/disk/cat (1).jpg"
    assert (world.disk / "cat.jpg").read_bytes() == b"cat"
    with pytest.raises(ForbiddenError):
        world.files.move(bob, at("/Drives/disk/cat.jpg"), at("/Drives/disk/x"))

    world.shares.grant(olga, drive, "bob", LEVELS["dropbox"])
    assert str(world.put("bob", "/Drives/disk/cat.jpg", b"third")) == "/Drives/disk/cat (2).jpg"
    assert str(world.put("bob", "/Drives/disk/sub", b"a taken name")) == "/Drives/disk/sub (1)"
    assert said(lambda: world.names("bob", "/Drives/disk"))[0] is NotFoundError
    assert said(lambda: world.read("bob", "/Drives/disk/cat.jpg"))[0] is NotFoundError

    world.shares.grant(olga, drive, "bob", LEVELS["editor"])
    world.put("bob", "/Drives/disk/cat.jpg", b"better")
    assert (world.disk / "cat.jpg").read_bytes() == b"better"
    moved = world.files.move(bob, at("/Drives/disk/cat.jpg"), at("/Drives/disk/sub/c.jpg"))
    assert moved.path == "/Drives/disk/sub/c.jpg"
    copied = world.files.copy(bob, at("/Drives/disk/sub"), at("/Drives/disk/again"))
    assert copied.path == "/Drives/disk/again"
    world.files.remove(bob, at("/Drives/disk/again"), recursive=True)
    for source, target in (("/Drives/disk", "/Drives/disk/sub/x"), ("/Drives/disk/sub", "/Drives/disk")):
        with pytest.raises((ConflictError, ForbiddenError)):
            world.files.copy(bob, at(source), at(target))


def test_only_operators_share_a_drive_and_only_whole(world: World) -> None:
    world.mount("disk", world.disk, "bob", level="editor")
    with pytest.raises(ForbiddenError, match="not yours"):
        world.shares.grant(world.who["bob"], at("/Drives/disk"), "ada", Rights.READ)
    with pytest.raises(ForbiddenError, match="whole"):
        world.shares.grant(world.who["olga"], at("/Drives/disk/sub"), "ada", Rights.READ)
    with pytest.raises(NotFoundError):
        world.shares.grant(world.who["olga"], at("/Drives/none"), "ada", Rights.READ)
    world.shares.grant(world.who["olga"], at("/Drives/disk"), "olga", Rights.READ)
    given = [(str(each.path), each.to) for each in world.shares.given(world.who["olga"])]
    assert given == [("/Drives/disk", "bob"), ("/Drives/disk", "olga")]
    assert world.shares.given(world.who["bob"]) == []
    assert world.shares.revoke(world.who["olga"], at("/Drives/disk"), "bob") == 1
    assert world.names("bob", "/Drives") == []


@pytest.mark.parametrize("how", ["revoke", "unmount", "fewer"])
def test_what_runs_ends_with_the_rights_and_nothing_comes_of_it(world: World, how: str) -> None:
    (world.disk / "big").write_bytes(bytes(3 << 20))
    world.mount("disk", world.disk, "bob", level="editor")
    bob = world.who["bob"]
    content = world.files.open(bob, at("/Drives/disk/big"))
    pieces = content.chunks(0, content.entry.size)
    next(pieces)
    draft = world.files.draft(bob, at("/Drives/disk/new"))
    draft.append(b"half")
    late = world.files.draft(bob, at("/Drives/disk/late"))
    late.append(b"all of it")
    if how == "unmount":
        world.mounts.unmount("disk")
    elif how == "revoke":
        world.shares.revoke(world.who["olga"], at("/Drives/disk"))
    else:
        world.shares.grant(world.who["olga"], at("/Drives/disk"), "bob", LEVELS["viewer"])
    with pytest.raises((NotFoundError, ForbiddenError)):  # before half a second has passed
        late.commit()
    world.clock.advance(1)
    with pytest.raises((NotFoundError, ForbiddenError)):
        next(pieces)
    with pytest.raises((NotFoundError, ForbiddenError)):
        draft.append(b"more")
    for each in (draft, late, content):
        (each.close if each is content else each.abort)()  # type: ignore[union-attr]
    assert on_disk(world) == ["big", "cat.jpg", "sub"]


def test_every_change_asks_for_the_rights_in_its_own_instant(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A right that was there when the request was let in, and is gone when it acts."""
    world.mount("disk", world.disk, "bob", level="editor")
    bob, olga = world.who["bob"], world.who["olga"]
    grant = world.access.grant
    acts: list[Callable[[], object]] = [
        lambda: world.files.make_folder(bob, at("/Drives/disk/new")),
        lambda: world.files.remove(bob, at("/Drives/disk/sub"), recursive=True),
        lambda: world.files.remove(bob, at("/Drives/disk/cat.jpg")),
        lambda: world.files.move(bob, at("/Drives/disk/cat.jpg"), at("/Drives/disk/dog.jpg")),
        lambda: world.files.copy(bob, at("/Drives/disk/cat.jpg"), at("/Drives/disk/dog.jpg")),
        lambda: world.files.copy(bob, at("/Drives/disk/sub"), at("/Drives/disk/sub2")),
        lambda: world.files.set_modified(bob, at("/Drives/disk/cat.jpg"), TimeUs(0)),
    ]
    for act in acts:
        world.shares.grant(olga, at("/Drives/disk"), "bob", Rights.ALL)
        asked = 0

        def late(*given: Any, **options: Any) -> Any:
            nonlocal asked
            found = grant(*given, **options)
            asked += 1
            if asked == (2 if act in acts[3:6] else 1):  # noqa: B023 - used in this round only
                world.shares.revoke(olga, at("/Drives/disk"), "bob")
            return found

        monkeypatch.setattr(world.access, "grant", late)
        with pytest.raises(NotFoundError):
            act()
        monkeypatch.undo()
    assert on_disk(world) == ["cat.jpg", "sub"]
    assert (world.disk / "cat.jpg").stat().st_mtime > 0


def test_drives_that_differ_do_not_mix(world: World, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    world.mount("disk", world.disk, "bob", level="editor")
    world.mount("other", tmp_path / "other", "bob", level="editor")
    world.put("bob", "/mine", b"mine")
    bob = world.who["bob"]
    for source, target in (
        ("/Drives/disk/cat.jpg", "/Drives/other/cat.jpg"),
        ("/Drives/disk/cat.jpg", "/cat.jpg"),
        ("/mine", "/Drives/disk/mine"),
    ):
        with pytest.raises(ConflictError, match="differ"):
            world.files.move(bob, at(source), at(target))
        with pytest.raises(ConflictError, match="differ"):
            world.files.copy(bob, at(source), at(target))


def test_a_single_file_is_alone_and_can_only_be_read(world: World) -> None:
    world.mount("one", world.disk / "cat.jpg", "bob", level="editor")
    bob = world.who["bob"]
    assert world.names("bob", "/Drives/one") == ["cat.jpg"]
    assert world.read("bob", "/Drives/one/cat.jpg") == b"cat"
    assert world.files.rights(bob, at("/Drives/one")) == Rights.READ
    for path in ("/Drives/one/sub", "/Drives/one/sub/f", "/Drives/one/cat.jpg/x"):
        with pytest.raises(NotFoundError):
            world.files.stat(bob, at(path))
    with pytest.raises(ForbiddenError):
        world.put("bob", "/Drives/one/cat.jpg", b"x")
    (world.disk / "cat.jpg").unlink()
    (world.disk / "cat.jpg").symlink_to(world.disk / "sub" / "f")
    assert world.names("bob", "/Drives/one") == []
    with pytest.raises(NotFoundError):
        world.read("bob", "/Drives/one/cat.jpg")


# --- links --------------------------------------------------------------------------------------------------------


def test_a_visitor_sees_the_drive_as_the_root(world: World) -> None:
    world.mount()
    placed = world.link("/Drives/disk", "editor", password="12345")
    assert str(placed.path) == "/Drives/disk"
    assert (placed.link.target, placed.link.kind) == ("disk", Kind.FOLDER)
    assert world.links.show(world.who["olga"], placed.link.id) == placed
    who = world.visit(placed, "12345")
    assert world.seen(who) == ["cat.jpg", "sub"]
    assert world.fetch(who, "/sub/f") == b"deep"
    assert world.send(who, "/sub/new") == "/sub/new"
    assert (world.disk / "sub" / "new").read_bytes() == b"new"
    world.files.remove(who, at("/sub/new"))
    for path in ("/Drives/disk/cat.jpg", "/Drives", "/Shared"):
        with pytest.raises(NotFoundError):
            world.files.stat(who, at(path))


def test_a_drop_box_on_a_drive_takes_files_and_tells_nothing(world: World) -> None:
    world.mount()
    who = world.visit(world.link(level="dropbox"))
    assert world.send(who, "/cat.jpg") == "/cat (1).jpg"
    assert world.send(who, "/sub") == "/sub (1)"
    for path in ("/cat.jpg", "/cat (1).jpg", "/none"):
        with pytest.raises(NotFoundError):
            world.fetch(who, path)
    with pytest.raises(NotFoundError):
        world.send(who, "/sub/x")


def test_a_link_to_one_file_shows_that_file(world: World) -> None:
    world.mount("one", world.disk / "cat.jpg")
    placed = world.link("/Drives/one", "editor")
    assert (placed.link.target, placed.link.kind, placed.link.rights) == ("cat.jpg", Kind.FILE, Rights.READ)
    who = world.visit(placed)
    assert world.seen(who) == ["cat.jpg"]
    assert world.fetch(who, "/cat.jpg") == b"cat"
    with pytest.raises((ForbiddenError, NotFoundError)):
        world.send(who, "/cat.jpg")
    with pytest.raises(InvalidRequestError):
        world.link("/Drives/one", "dropbox")


def test_a_links_uses_are_counted(world: World) -> None:
    world.mount()
    placed = world.link(downloads_max=1)
    first, second = world.visit(placed), world.visit(placed)
    assert world.fetch(first, "/cat.jpg") == b"cat"
    with pytest.raises(NotFoundError):
        world.fetch(second, "/cat.jpg")
    assert world.links.show(world.who["olga"], placed.link.id).link.downloads == 1


@pytest.mark.parametrize("how", ["revoke", "unmount", "demote", "expire"])
def test_a_link_ends_with_what_it_hangs_on(world: World, how: str) -> None:
    world.mount()
    placed = world.link(level="editor", expires_us=TimeUs(world.clock.now_us() + HOUR_US))
    who = world.visit(placed)
    draft = world.files.draft(who, at("/new"))
    draft.append(b"x")
    olga = world.account_id("olga")
    if how == "revoke":
        world.links.revoke(world.who["olga"], placed.link.id)
    elif how == "unmount":
        world.mounts.unmount("disk")
    elif how == "demote":
        world.catalog.write(lambda tx: tx.accounts.set_role(olga, Role.USER))
    else:
        world.clock.advance(3601)
    world.clock.advance(2)
    with pytest.raises((NotFoundError, SignInRequiredError)):
        draft.commit()
    draft.abort()
    with pytest.raises((NotFoundError, SignInRequiredError)):
        world.fetch(who, "/cat.jpg")
    with pytest.raises(NotFoundError):
        world.visit(placed)
    assert "new" not in on_disk(world)


def test_unmounting_leaves_no_trace_in_the_catalog_and_none_on_the_disk(world: World) -> None:
    world.mount("disk", world.disk, "bob", level="editor")
    world.link()
    world.put("bob", "/Drives/disk/new", b"new")
    world.mounts.unmount("DISK")
    assert world.names("bob", "/") == []
    assert world.links.listed(world.who["olga"]) == []
    assert on_disk(world) == ["cat.jpg", "new", "sub"]
    assert [event.kind for event in world.log] == ["drive.mounted", "drive.unmounted"]
    world.mount("disk", world.disk)
    assert world.names("bob", "/Drives") == []


def test_overwriting_takes_the_right_to_write(world: World) -> None:
    world.mount("disk", world.disk, "bob", level="contributor")
    with pytest.raises(ForbiddenError):
        world.files.copy(
            world.who["bob"],
            at("/Drives/disk/sub/f"),
            at("/Drives/disk/cat.jpg"),
            conflict=Conflict.OVERWRITE,
        )


def test_a_digest_is_computed_once_and_again_after_a_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.mount("disk", world.disk, "bob")
    bob, path = world.who["bob"], at("/Drives/disk/cat.jpg")
    assert world.files.stat(bob, path).sha256 is None
    assert world.files.digest(bob, path) == hashlib.sha256(b"cat").digest()
    assert world.files.stat(bob, path).sha256 == hashlib.sha256(b"cat").digest()
    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", lambda *_: pytest.fail("it was read once more"))
        assert world.files.digest(bob, path) == hashlib.sha256(b"cat").digest()
    (world.disk / "cat.jpg").write_bytes(b"dog")
    assert world.files.stat(bob, path).sha256 is None
    assert world.files.digest(bob, path) == hashlib.sha256(b"dog").digest()
    world.shares.revoke(world.who["olga"], at("/Drives/disk"))
    with pytest.raises(NotFoundError):
        world.files.digest(bob, path)
