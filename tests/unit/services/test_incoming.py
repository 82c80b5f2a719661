"""Files that arrive without saying how long they are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer.errors import (
    IsAFolderError,
    LockedError,
    NoSpaceError,
    NotFoundError,
    RangeNotSatisfiableError,
)
from secure_file_transfer.model import Conflict, Principal, Rights, Role, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import BlobStore, FileTree
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.incoming import Incoming
from secure_file_transfer.services.uploads import Uploads
from secure_file_transfer.storage.folder import FolderTree
from secure_file_transfer.testing.contracts.tree_kit import pattern, read, write
from secure_file_transfer.testing.faults import FailingBlobStore, disk_full
from secure_file_transfer.testing.vault_world import BLOCK, VaultWorld, vault_world

FILE = RemotePath(("f",))
HOUR = 3_600_000_000
SIZES = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 7]


class World:
    """A vault drive, and somebody who sends files to it."""

    def __init__(self, vault: VaultWorld) -> None:
        self.vault = vault
        create = lambda tx: tx.accounts.create("ada", Role.USER, vault.drive.id, "x", TimeUs(0))  # noqa: E731
        self.ada = Principal(vault.catalog.write(create), None)
        self.open()

    def open(self, blobs: BlobStore | None = None) -> None:
        tree = self.vault.tree_on(blobs=blobs)
        access = Access(lambda _: tree)
        self.files = Files(access)
        self.uploads = Uploads(self.vault.catalog, access, self.files, lambda _: None, self.vault.clock, HOUR)

    def incoming(self, path: RemotePath = FILE, conflict: Conflict = Conflict.OVERWRITE) -> Incoming:
        return Incoming(self.files, self.uploads, self.ada, path, BLOCK, conflict)

    def feed(self, incoming: Incoming, data: bytes) -> Incoming:
        for at in range(0, len(data), BLOCK):
            incoming.append(data[at : at + BLOCK])
        return incoming

    @property
    def kept(self) -> int | None:
        found = self.uploads.unfinished(self.ada, FILE)
        return found.offset if found else None


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with vault_world(tmp_path) as vault:
        yield World(vault)


@pytest.mark.parametrize("size", SIZES)
def test_a_file_of_any_size_arrives(world: World, size: int) -> None:
    arrived = world.feed(world.incoming(), pattern(size)).finish()
    assert (arrived.path, arrived.size) == ("/f", size)
    assert read(world.vault.tree, "/f") == pattern(size)
    assert world.kept is None


@pytest.mark.parametrize("size", SIZES)
def test_what_is_cut_is_kept_and_gone_on_with(world: World, size: int) -> None:
    world.feed(world.incoming(), pattern(size)).cut()
    assert world.kept == (size or None)
    with pytest.raises(NotFoundError):
        read(world.vault.tree, "/f")
    world.open()  # the server was started again
    whole = pattern(size + 2 * BLOCK)
    again = world.incoming()
    again.go_on(size)
    assert world.feed(again, whole[size:]).finish().size == len(whole)
    assert read(world.vault.tree, "/f") == whole


@pytest.mark.parametrize("offset", [0, 9, 11])
def test_it_goes_on_where_it_ends_and_nowhere_else(world: World, offset: int) -> None:
    world.feed(world.incoming(), pattern(10)).cut()
    with pytest.raises(RangeNotSatisfiableError):
        world.incoming().go_on(offset)
    assert world.kept == 10


def test_one_at_a_time_goes_on_with_it(world: World) -> None:
    world.feed(world.incoming(), pattern(10)).cut()
    first = world.incoming()
    first.go_on(None)
    with pytest.raises(LockedError):
        world.incoming().go_on(None)
    first.drop()
    world.incoming().go_on(10)


def test_a_newer_file_outdates_what_was_cut(world: World) -> None:
    world.feed(world.incoming(), pattern(10)).cut()
    world.vault.clock.advance(1)
    write(world.vault.tree, "/f", b"newer")
    assert world.kept is None
    again = world.incoming()
    again.go_on(None)
    again.append(b"!")
    again.finish()
    assert read(world.vault.tree, "/f") == b"newer!"


def test_an_older_file_stays_until_the_new_one_is_whole(world: World) -> None:
    write(world.vault.tree, "/f", pattern(3 * BLOCK))
    world.vault.clock.advance(1)
    again = world.incoming()
    again.go_on(2 * BLOCK)
    world.feed(again, b"new").cut()
    assert read(world.vault.tree, "/f") == pattern(3 * BLOCK)
    assert world.kept == 2 * BLOCK + 3
    last = world.incoming()
    last.go_on(None)
    last.finish()
    assert read(world.vault.tree, "/f") == pattern(3 * BLOCK)[: 2 * BLOCK] + b"new"


def test_what_expired_is_not_gone_on_with(world: World) -> None:
    world.feed(world.incoming(), pattern(10)).cut()
    world.vault.clock.advance(3600)
    assert world.kept is None


def test_a_full_disk_publishes_nothing(world: World) -> None:
    world.open(FailingBlobStore(world.vault.disk, put_at=range(2, 10**9), error=disk_full))
    incoming = world.feed(world.incoming(), pattern(BLOCK))
    with pytest.raises(NoSpaceError):
        world.feed(incoming, pattern(9 * BLOCK)).finish()
    incoming.drop()
    with pytest.raises(NotFoundError):
        read(world.vault.tree, "/f")


def test_names_that_are_taken(world: World) -> None:
    write(world.vault.tree, "/f", b"old")
    incoming = world.incoming(conflict=Conflict.RENAME)
    incoming.append(b"new")
    assert incoming.finish().path == "/f (1)"
    world.vault.tree.make_folder(RemotePath(("d",)))
    with pytest.raises(IsAFolderError):
        world.incoming(RemotePath(("d",)))


def test_a_drive_that_keeps_no_uploads_keeps_nothing_of_what_is_cut(tmp_path: Path, world: World) -> None:
    (tmp_path / "shown").mkdir()
    tree: FileTree = FolderTree(tmp_path / "shown", world.vault.clock)
    access = Access(guest_tree=tree, guest_rights=Rights.ALL)
    files, guest = Files(access), Principal(None, None)
    uploads = Uploads(world.vault.catalog, access, files, lambda _: None, world.vault.clock, HOUR)
    for kept in (uploads, None):
        cut = Incoming(files, kept, guest, FILE, BLOCK)
        world.feed(cut, pattern(3 * BLOCK)).cut()
        assert list((tmp_path / "shown").iterdir()) == []
        assert uploads.unfinished(guest, FILE) is None
        whole = Incoming(files, kept, guest, FILE, BLOCK)
        assert world.feed(whole, pattern(3 * BLOCK)).finish().size == 3 * BLOCK
        (tmp_path / "shown" / "f").unlink()
