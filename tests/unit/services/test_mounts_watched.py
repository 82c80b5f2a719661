"""Whoever watches a folder of a folder drive hears of its changes: those made here, and those of other programs."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event as Signal

import pytest

from secure_file_transfer.errors import NotFoundError
from secure_file_transfer.model import DriveId, Principal, Rights, Role, Session, SessionId, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import Event
from secure_file_transfer.services.events import Events
from secure_file_transfer.testing.contracts.catalog_kit import new_account
from secure_file_transfer.testing.rights_world import SharingWorld


def at(path: str) -> RemotePath:
    return RemotePath.parse(path)


class World(SharingWorld):
    """With the hub, and what it wants to be looked at."""

    def __init__(self, root: Path) -> None:
        (root / "data").mkdir()
        super().__init__(root / "data")
        self.disk = root / "disk"
        (self.disk / "sub" / "deep").mkdir(parents=True)
        self.looked: list[list[tuple[DriveId, str]]] = []
        self.told: list[Event] = []
        self.bus.subscribe(self.told.append)
        self.hub = Events(
            self.bus,
            self.access,
            lambda *_: ((), ()),
            self.clock,
            watching=lambda folders: self.looked.append(sorted(folders)),
        )
        self.drive = self.mounts.mount("disk", str(self.disk), to=["bob"], rights=Rights.ALL).drive_id
        bob = self.who["bob"].account
        assert bob is not None
        now = self.clock.now_us()
        session = Session(SessionId(1), bob.id, "http", "192.0.2.1", "test", now, now, TimeUs(now * 2))
        self.bob = Principal(bob, session)
        self.olga = Principal(new_account(self.catalog, "olga", Role.ADMIN), None)

    def told_of(self) -> list[tuple[str, object]]:
        found: list[tuple[str, object]] = [(each.kind, (each.audience.folder or (0, None))[1]) for each in self.told]
        self.told.clear()
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.mounts.watch(())
    world.hub.close()
    world.close()


def test_every_change_is_told_with_the_folder_that_it_is_in(world: World) -> None:
    files, bob = world.files, world.bob
    files.make_folder(bob, at("/Drives/disk/new/a"), parents=True)
    assert world.told_of() == [("changed", "/"), ("changed", "/new")]
    world.put("bob", "/Drives/disk/sub/f", b"x")
    assert world.told_of() == [("changed", "/sub")]
    files.move(bob, at("/Drives/disk/sub/f"), at("/Drives/disk/new/f"))
    assert world.told_of() == [("changed", "/sub"), ("changed", "/new")]
    files.set_modified(bob, at("/Drives/disk/new/f"), TimeUs(1))
    files.copy(bob, at("/Drives/disk/new"), at("/Drives/disk/again"))
    files.copy(bob, at("/Drives/disk/new/f"), at("/Drives/disk/sub/f"))
    assert world.told_of() == [("changed", "/new"), ("changed", "/"), ("changed", "/sub")]
    files.move(bob, at("/Drives/disk/sub"), at("/Drives/disk/new/sub"))
    assert world.told_of() == [("changed", "/"), ("changed", "/new"), ("moved", "/sub")]
    files.remove(bob, at("/Drives/disk/new/f"))
    files.remove(bob, at("/Drives/disk/new"), recursive=True)
    assert world.told_of() == [("changed", "/new"), ("changed", "/"), ("moved", "/new")]


def test_a_watcher_hears_what_it_may_and_the_disk_is_looked_at_only_meanwhile(world: World) -> None:
    one = world.hub.subscribe(world.bob, "192.0.2.1", lambda: None)
    chosen = one.choose(watch=[at("/Drives/disk/sub"), at("/Drives/other")])
    assert list(chosen.watched) == ["/Drives/disk/sub"]
    assert [path for path, _ in chosen.refused] == ["/Drives/other"]
    world.hub.step()
    world.hub.step()
    assert world.looked == [[(world.drive, "/sub")]]
    world.put("bob", "/Drives/disk/sub/f", b"x")
    world.put("bob", "/Drives/disk/f", b"x")
    world.hub.step()
    (event,) = one.take()
    assert b'"changed"' in event
    assert b'"/Drives/disk/sub"' in event
    world.shares.revoke(world.olga, at("/Drives/disk"))
    (world.disk / "sub" / "g").write_bytes(b"x")
    world.mounts._changed(world.drive, "/sub", False)
    world.hub.step()
    (event,) = one.take()
    assert b'"gone"' in event
    world.hub.step()
    assert world.looked[-1] == []


def test_what_another_program_does_is_told(world: World) -> None:
    (world.disk / "sub" / "one").touch()
    heard: list[Event] = []
    world.bus.subscribe(heard.append)
    one = world.mounts.mount("one", str(world.disk / "sub" / "one")).drive_id
    folders = [(world.drive, "/sub"), (DriveId(999), "/"), (one, "/")]
    world.mounts.watch(folders)
    told = Signal()
    world.bus.subscribe(lambda _: told.set())
    assert told.wait(30)
    told.clear()
    (world.disk / "sub" / "f").write_bytes(b"x")
    assert told.wait(30)
    assert {each.audience.folder for each in heard} == {(world.drive, "/sub")}


def test_a_visitors_root_is_the_drives(world: World) -> None:
    tree = world.mounts.tree_of(world.drive)
    view = tree.seen_from(at("/a/b"), lambda: None)
    assert (tree.place(at("/sub/deep")), view.place(at("/a/b/sub")), view.place(at("/a/b"))) == (
        "/sub/deep",
        "/sub",
        "/",
    )
    for path in ("/", "/sub", "/a/b/none"):
        with pytest.raises(NotFoundError):
            view.place(at(path))
