import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer.errors import (
    ConflictError,
    ForbiddenError,
    IsAFolderError,
    LockedError,
    NoSpaceError,
    NotFoundError,
    SecureFileTransferError,
    StorageError,
    TooManyRequestsError,
)
from secure_file_transfer.model import Conflict, Principal, Rights, Role, TimeUs, Upload
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import BlobStore, Catalog, FileTree
from secure_file_transfer.services import upload_writer
from secure_file_transfer.services import uploads as module
from secure_file_transfer.services.access import Access, Grant
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.uploads import Uploads, Wanted
from secure_file_transfer.storage.folder import FolderTree
from secure_file_transfer.testing.contracts.tree_kit import pattern, read, write
from secure_file_transfer.testing.faults import FailingBlobStore, disk_full
from secure_file_transfer.testing.vault_world import BLOCK, RetryingCatalog, VaultWorld, vault_world

TEN = pattern(10 * BLOCK + 7)
FILE = RemotePath(("f",))
HOUR = 3_600_000_000


class World:
    """A vault drive, the uploads to it, and somebody who has all rights there unless told otherwise."""

    def __init__(self, vault: VaultWorld) -> None:
        self.vault = vault
        self.ada, self.bob = self.person("ada"), self.person("bob")
        self.uploads = self.over()

    def person(self, name: str) -> Principal:
        drive_id = self.vault.drive.id
        create = lambda tx: tx.accounts.create(name, Role.USER, drive_id, "x", TimeUs(0))  # noqa: E731
        return Principal(self.vault.catalog.write(create), None)

    def over(self, *, blobs: BlobStore | None = None, catalog: Catalog | None = None) -> Uploads:
        """Uploads of a server that was just started."""
        tree = self.vault.tree_on(blobs=blobs, catalog=catalog)
        access = Access(lambda _: tree)
        return Uploads(catalog or self.vault.catalog, access, Files(access), lambda _: None, self.vault.clock, HOUR)

    def create(self, length: int | None = len(TEN), path: RemotePath | None = FILE) -> Upload:
        return self.uploads.create(self.ada, Wanted(path, length))

    def send(self, upload: Upload, data: bytes, *, uploads: Uploads | None = None, at: int | None = None) -> Upload:
        """One piece, in appends of at most a block, as doors do it."""
        uploads = uploads or self.uploads
        offset = uploads.status(self.ada, upload.id).offset if at is None else at
        writer = uploads.write(self.ada, upload.id, offset, coming=len(data))
        try:
            for start in range(0, len(data), BLOCK):
                writer.append(data[start : start + BLOCK])
            return writer.finish()
        finally:
            writer.leave()


ROOT = RemotePath()


class Fixed(Access):
    """Everybody has these rights to this tree; the rights may change."""

    def __init__(self, tree: FileTree, rights: list[Rights]) -> None:
        super().__init__()
        self.tree, self.rights = tree, rights

    def grant(self, principal: Principal, path: RemotePath = ROOT, *, above: bool = False) -> Grant:
        return Grant(self.tree, self.rights[0])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with vault_world(tmp_path) as vault:
        yield World(vault)


def test_the_digest_is_right_with_and_without_the_hasher(world: World) -> None:
    for restarts in (False, True):
        upload = world.create(path=RemotePath((f"f{restarts}",)))
        for at in range(0, len(TEN), 3 * BLOCK + 1):
            if restarts:
                world.uploads = world.over()
            done = world.send(upload, TEN[at : at + 3 * BLOCK + 1])
        assert done.sha256 == hashlib.sha256(TEN).digest()
        assert read(world.vault.tree, f"/f{restarts}") == TEN


def test_few_hashers_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HASHERS_MAX", 2)
    uploads = [world.create(path=RemotePath((f"{n}",))) for n in range(4)]
    for upload in uploads:
        world.send(upload, TEN[:BLOCK])
    assert len(world.uploads._hashers) == 2
    for upload in uploads:
        assert world.send(upload, TEN[BLOCK:]).sha256 == hashlib.sha256(TEN).digest()


def test_every_step_may_run_again_after_a_commit_that_failed(world: World) -> None:
    world.uploads = world.over(catalog=RetryingCatalog(world.vault.catalog))
    upload = world.create()
    for at in range(0, len(TEN), 50_000):
        world.send(upload, TEN[at : at + 50_000])
    assert read(world.vault.tree, "/f") == TEN
    parts = [world.create(3, None) for _ in range(2)]
    for part in parts:
        world.send(part, b"abc")
    world.uploads.join(world.ada, Wanted(RemotePath(("g",)), None, concat="final;"), [part.id for part in parts])
    assert read(world.vault.tree, "/g") == b"abcabc"


def test_a_long_piece_is_recorded_on_its_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_writer, "SAVE_BYTES", 3 * BLOCK)
    upload = world.create()
    writer = world.uploads.write(world.ada, upload.id, 0)
    seen = []
    for at in range(0, len(TEN), BLOCK // 2):
        writer.append(TEN[at : at + BLOCK // 2])
        seen.append(world.uploads.status(world.ada, upload.id).offset)
    assert sorted(set(seen)) == [0, 3 * BLOCK, 6 * BLOCK, 9 * BLOCK]
    assert writer.finish().published == "/f"
    assert read(world.vault.tree, "/f") == TEN


def test_a_slow_piece_is_recorded_by_time(world: World) -> None:
    upload = world.create()
    writer = world.uploads.write(world.ada, upload.id, 0)
    writer.append(TEN[:BLOCK])
    assert world.uploads.status(world.ada, upload.id).offset == 0
    world.vault.clock.advance(upload_writer.SAVE_SECONDS)
    writer.append(TEN[BLOCK : 2 * BLOCK])
    assert world.uploads.status(world.ada, upload.id).offset == 2 * BLOCK
    writer.leave()


def test_a_full_disk_loses_nothing_that_was_acknowledged(world: World) -> None:
    upload = world.create()
    world.send(upload, TEN[: 3 * BLOCK + 5])
    full = world.over(blobs=FailingBlobStore(world.vault.disk, put_at=range(3, 10**9), error=disk_full))
    with pytest.raises(NoSpaceError):
        world.send(upload, TEN[3 * BLOCK + 5 :], uploads=full)
    assert world.uploads.status(world.ada, upload.id).offset == 3 * BLOCK + 5
    assert world.send(upload, TEN[3 * BLOCK + 5 :]).published == "/f"
    assert read(world.vault.tree, "/f") == TEN


def test_the_sweep_leaves_what_is_on_its_way_and_takes_what_has_expired(world: World) -> None:
    upload = world.create()
    world.send(upload, TEN[: 5 * BLOCK + 99])
    world.vault.clock.advance(3000)
    for _ in range(2):
        world.vault.sweeper().run()
    assert world.send(upload, TEN[5 * BLOCK + 99 :]).published == "/f"
    other = world.create(path=RemotePath(("g",)))
    world.send(other, pattern(4 * BLOCK, seed=9))
    world.vault.clock.advance(4000)
    with pytest.raises(NotFoundError):
        world.uploads.status(world.ada, other.id)
    world.vault.sweep_all()
    assert world.vault.counts()["blobs"] == 10, "the last seven bytes lie in the catalog"
    assert world.vault.sql("SELECT count(*) FROM uploads") == [(0,)]
    assert read(world.vault.tree, "/f") == TEN


def test_the_blocks_of_a_lost_account_are_swept(world: World) -> None:
    account = world.ada.account
    assert account
    world.send(world.create(), TEN[: 4 * BLOCK])
    world.vault.catalog.write(lambda tx: tx.accounts.delete(account.id))
    world.vault.sweep_all()
    assert world.vault.counts()["blobs"] == 0


def test_an_upload_that_was_removed_under_its_writer_keeps_nothing(world: World) -> None:
    upload = world.create()
    writer = world.uploads.write(world.ada, upload.id, 0)
    writer.append(TEN[:BLOCK])
    world.vault.catalog.write(lambda tx: tx.uploads.delete(upload.id))
    with pytest.raises(NotFoundError):
        writer.finish()
    writer.leave()
    world.vault.sweep_all()
    assert world.vault.counts()["blobs"] == 0


def test_attack_48_of_many_writers_at_once_one_writes(world: World) -> None:
    upload = world.create()
    start, failures = threading.Barrier(8), []

    def work() -> None:
        start.wait()
        try:
            world.send(upload, TEN, at=0)
        except (LockedError, ConflictError) as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 7
    assert read(world.vault.tree, "/f") == TEN
    assert len(world.uploads._busy) == 0


@pytest.mark.parametrize("rights", [Rights.NONE, Rights.READ, Rights.READ | Rights.DELETE])
def test_who_may_not_write_cannot_begin(world: World, rights: Rights) -> None:
    tree = world.vault.tree

    access = Fixed(tree, [rights])
    uploads = Uploads(world.vault.catalog, access, Files(access), lambda _: None, world.vault.clock, HOUR)
    for path in (FILE, None):
        with pytest.raises((ForbiddenError, NotFoundError)):
            uploads.create(world.ada, Wanted(path, 3))
    with pytest.raises((ForbiddenError, NotFoundError)):
        uploads.join(world.ada, Wanted(FILE, None), [])
    assert world.vault.sql("SELECT count(*) FROM uploads") == [(0,)]


def test_rights_are_asked_again_when_it_is_published(world: World) -> None:
    write(world.vault.tree, "/f", b"old")
    upload = world.create(3)
    tree, rights = world.vault.tree, [Rights.READ | Rights.CREATE]

    access = Fixed(tree, rights)
    uploads = Uploads(world.vault.catalog, access, Files(access), lambda _: None, world.vault.clock, HOUR)
    assert world.send(upload, b"new", uploads=uploads).published == "/f (1)", "who may not replace never replaces"
    assert read(tree, "/f") == b"old"


def test_a_folder_drive_keeps_no_unfinished_uploads(world: World, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    folder = FolderTree(tmp_path / "folder", world.vault.clock)
    for access, who in (
        (Access(lambda _: folder), world.ada),
        (Access(guest_tree=folder, guest_rights=Rights.ALL), Principal(None, None)),
        (Access(guest_tree=world.vault.tree, guest_rights=Rights.ALL), Principal(None, None)),
    ):
        uploads = Uploads(world.vault.catalog, access, Files(access), lambda _: None, world.vault.clock, HOUR)
        with pytest.raises(ForbiddenError):
            uploads.create(who, Wanted(FILE, 3))


def test_an_account_has_only_so_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UPLOADS_MAX", 2)
    first = world.create()
    world.create()
    with pytest.raises(TooManyRequestsError):
        world.create()
    world.uploads.create(world.bob, Wanted(FILE, 3))
    world.uploads.remove(world.ada, first.id)
    world.create()


def test_parts_stay_when_they_cannot_be_joined(world: World) -> None:
    part = world.create(3, None)
    world.send(part, b"abc")
    world.vault.tree.make_folder(FILE)
    with pytest.raises(IsAFolderError):
        world.uploads.join(world.ada, Wanted(FILE, None), [part.id])
    world.uploads.join(world.ada, Wanted(RemotePath(("g",)), None, Conflict.RENAME), [part.id, part.id])
    assert read(world.vault.tree, "/g") == b"abcabc"


def test_a_block_that_is_damaged_is_not_published(world: World) -> None:
    upload = world.create()
    world.send(upload, TEN[: 4 * BLOCK])
    for blob in world.vault.blobs():
        blob.chmod(0o600)
        blob.write_bytes(bytes(len(blob.read_bytes())))
    world.uploads = world.over()
    with pytest.raises(SecureFileTransferError) as caught:
        world.send(upload, TEN[4 * BLOCK :])
    assert caught.value.code == "block_damaged"
    with pytest.raises(NotFoundError):
        world.vault.tree.stat(FILE)


def test_a_catalog_that_fails_leaves_the_offset(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = world.create()
    world.send(upload, TEN[: 2 * BLOCK + 1])
    real = world.vault.catalog.write

    def fail(work: object) -> None:
        raise StorageError("The catalog failed")

    writer = world.uploads.write(world.ada, upload.id, 2 * BLOCK + 1)
    writer.append(TEN[2 * BLOCK + 1 : 3 * BLOCK])
    monkeypatch.setattr(world.vault.catalog, "write", fail)
    with pytest.raises(StorageError):
        writer.finish()
    monkeypatch.setattr(world.vault.catalog, "write", real)
    writer.leave()
    assert world.uploads.status(world.ada, upload.id).offset == 2 * BLOCK + 1
    assert world.send(upload, TEN[2 * BLOCK + 1 :]).sha256 == hashlib.sha256(TEN).digest()
