import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from blake3 import blake3

from secure_file_transfer.errors import NotFoundError, QuotaExceededError, SecureFileTransferError
from secure_file_transfer.model import MIB, BlockId, BlockRef, Conflict, Principal, Rights, UploadId, Usage
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.ports import Written
from secure_file_transfer.services import vault_copy
from secure_file_transfer.services.block_leases import BlockLeases
from secure_file_transfer.services.blocks import Into
from secure_file_transfer.services.commits import Listed, Small, Terms
from secure_file_transfer.services.sweep import Sweeper
from secure_file_transfer.services.uploads import Wanted
from secure_file_transfer.services.vault import VaultTree
from secure_file_transfer.storage.blobs import LocalBlobStore
from secure_file_transfer.testing.contracts.tree_kit import pattern
from secure_file_transfer.testing.rights_world import SharingWorld

QUOTA = 100_000
HALF, BIG = pattern(QUOTA // 2), pattern(QUOTA)


def at(path: str) -> RemotePath:
    return RemotePath.parse(path)


class World(SharingWorld):
    """Ada may keep `QUOTA` bytes, unless told otherwise."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.root = root
        self.limit(QUOTA)

    def limit(self, size: int = 0, files: int = 0, name: str = "ada") -> None:
        account = self.who[name].account
        assert account
        account = replace(account, quota_bytes=size, quota_files=files)
        self.catalog.write(lambda tx: tx.accounts.set_details(account))
        self.who[name] = Principal(account, None)

    def write(self, path: str, data: bytes, *, who: str = "ada", conflict: Conflict = Conflict.OVERWRITE) -> Written:
        draft = self.files.draft(self.who[who], at(path), size=len(data))
        try:
            for begin in range(0, len(data), 64 * 1024):
                draft.append(data[begin : begin + 64 * 1024])
            return draft.commit(conflict=conflict)
        finally:
            draft.abort()

    def sent(self, upload_id: UploadId, data: bytes, at: int = 0, who: str = "ada") -> None:
        writer = self.uploads.write(self.who[who], upload_id, at, coming=len(data))
        try:
            for begin in range(0, len(data), 64 * 1024):
                writer.append(data[begin : begin + 64 * 1024])
            writer.finish()
        finally:
            writer.leave()

    def block(self, data: bytes) -> BlockRef:
        key = self.blocks.naming_key(self.who["ada"])
        ref = BlockRef(BlockId(blake3(data, key=key).digest()), len(data))
        self.blocks.put(self.who["ada"], ref.id, data)
        return ref

    def tree_of(self, name: str) -> VaultTree:
        account = self.who[name].account
        assert account
        return self.trees[account.home_id]

    def sweep(self) -> None:
        Sweeper(self.catalog, LocalBlobStore(self.root / "blobs"), BlockLeases(), self.clock, 0).purge_removed()

    def usage(self, who: str = "ada") -> Usage:
        return self.files.usage(self.who[who])

    def there(self, path: str) -> bool:
        try:
            self.files.stat(self.who["ada"], at(path))
        except NotFoundError:
            return False
        return True


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_what_fits_exactly_is_taken_and_one_byte_more_is_not(world: World) -> None:
    world.write("/a", HALF)
    with pytest.raises(QuotaExceededError) as refused:
        world.write("/b", HALF + b"x")
    assert "ada" in str(refused.value)
    assert refused.value.hint
    assert not refused.value.retryable
    world.write("/b", HALF)
    usage = world.usage()
    assert (usage.bytes, usage.files, usage.free, usage.quota, usage.quota_files) == (QUOTA, 2, 0, QUOTA, None)


def test_replacing_counts_the_difference(world: World) -> None:
    world.write("/a", BIG)
    world.write("/a", BIG[::-1])
    world.write("/a", HALF)
    with pytest.raises(QuotaExceededError):
        world.write("/a", BIG, conflict=Conflict.RENAME)
    world.write("/a", BIG)
    assert world.usage().bytes == QUOTA


def test_files_are_counted_too(world: World) -> None:
    world.limit(files=2)
    world.write("/a", b"1")
    world.write("/b", b"2")
    with pytest.raises(QuotaExceededError):
        world.write("/c", b"")
    world.write("/b", b"another")
    usage = world.usage()
    assert (usage.files, usage.quota, usage.quota_files) == (2, None, 2)
    assert usage.free > QUOTA


def test_a_quota_below_what_is_there_lets_it_shrink_only(world: World) -> None:
    world.write("/a", BIG)
    world.limit(10)
    world.write("/a", HALF)
    with pytest.raises(QuotaExceededError):
        world.write("/a", HALF + b"x")
    with pytest.raises(QuotaExceededError):
        world.write("/b", b"x")
    assert world.usage().free == 0
    world.files.move(world.who["ada"], at("/a"), at("/moved"))
    world.write("/empty", b"")


def test_what_was_removed_makes_room_at_once_whole_folders_too(world: World) -> None:
    world.files.make_folder(world.who["ada"], at("/d"))
    world.write("/d/a", HALF)
    world.write("/b", HALF)
    world.files.remove(world.who["ada"], at("/d"), recursive=True)
    assert world.usage().free == QUOTA // 2
    world.write("/c", HALF)
    with pytest.raises(QuotaExceededError):
        world.write("/e", b"x")
    world.sweep()
    with pytest.raises(QuotaExceededError):
        world.write("/e", b"x")
    assert world.usage().bytes == QUOTA


def test_the_owner_pays_for_what_others_put_into_the_folder(world: World) -> None:
    world.limit(1, name="bob")
    world.files.make_folder(world.who["ada"], at("/in"))
    world.shares.grant(world.who["ada"], at("/in"), "bob", Rights.CREATE)
    world.write("/Shared/ada/in/x", HALF, who="bob")
    assert (world.usage().bytes, world.usage("bob").bytes) == (QUOTA // 2, 0)
    with pytest.raises(QuotaExceededError, match="ada"):
        world.write("/Shared/ada/in/y", BIG, who="bob")
    # Whether the name is taken must not show: a new file takes its whole room either way.
    with pytest.raises(QuotaExceededError):
        world.write("/Shared/ada/in/x", BIG, who="bob")


def test_what_is_sent_without_a_length_stops_where_the_room_ends(world: World) -> None:
    draft = world.files.draft(world.who["ada"], at("/a"))
    draft.append(HALF)
    draft.append(HALF)
    with pytest.raises(QuotaExceededError):
        draft.append(b"x")
    draft.abort()
    assert world.usage().bytes == 0


def test_a_length_that_cannot_fit_is_refused_before_a_byte_is_sent(world: World) -> None:
    ada = world.who["ada"]
    with pytest.raises(QuotaExceededError):
        world.files.draft(ada, at("/a"), size=QUOTA + 1)
    for path in (at("/a"), None):
        with pytest.raises(QuotaExceededError):
            world.uploads.create(ada, Wanted(path, QUOTA + 1))
    with pytest.raises(QuotaExceededError):
        world.blocks.missing(ada, [], Into(at("/new/a"), QUOTA + 1, Conflict.OVERWRITE))
    world.write("/a", HALF)
    with pytest.raises(QuotaExceededError):
        world.blocks.missing(ada, [], Into(at("/b"), QUOTA, Conflict.SKIP))
    for conflict in (Conflict.OVERWRITE, Conflict.SKIP):
        assert world.blocks.missing(ada, [], Into(at("/a"), QUOTA, conflict)) == []


def race(*acts: Callable[[], object]) -> list[SecureFileTransferError | None]:
    """Do all of them at the same moment; how each ended."""
    begin = threading.Barrier(len(acts))
    ends: list[SecureFileTransferError | None] = [None] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        begin.wait(10)
        try:
            act()
        except SecureFileTransferError as error:
            ends[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return ends


def test_of_those_who_race_for_the_last_bytes_one_gets_them(world: World) -> None:
    """Attack 49: every one was let in while there was room, and they publish by four ways at once."""
    ada = world.who["ada"]
    drafts = [world.files.draft(ada, at(f"/put{n}"), size=len(BIG)) for n in range(4)]
    for each in drafts:
        each.append(BIG)
    upload = world.uploads.create(ada, Wanted(at("/tus"), QUOTA))
    ref = world.block(BIG)
    small = Small(Terms("/batch"), BIG)
    ends = race(
        *(each.commit for each in drafts),
        lambda: world.sent(upload.id, BIG),
        lambda: raising(world.commits.commit(ada, [Listed(Terms("/blocks"), len(BIG), (ref,))])),
        lambda: raising(world.commits.batch(ada, [small])),
    )
    assert sorted(type(each).__name__ for each in ends) == ["NoneType", *["QuotaExceededError"] * 6]
    assert world.usage().bytes == QUOTA
    for each in drafts:
        each.abort()


def raising(results: list[Written | SecureFileTransferError]) -> None:
    for each in results:
        if isinstance(each, SecureFileTransferError):
            raise each


def test_of_a_batch_what_fits_is_published(world: World) -> None:
    files = [Small(Terms(f"/{n}"), HALF[:-n] + b"x" * n) for n in range(1, 4)]
    results = world.commits.batch(world.who["ada"], files)
    assert [type(each).__name__ for each in results] == ["Written", "Written", "QuotaExceededError"]
    assert world.usage().bytes == QUOTA


def test_a_full_account_can_replace_a_file_by_a_resumable_upload(world: World) -> None:
    world.write("/a", BIG)
    upload = world.uploads.create(world.who["ada"], Wanted(at("/a"), QUOTA))
    world.sent(upload.id, HALF)
    world.sent(upload.id, HALF, at=len(HALF))
    assert world.files.stat(world.who["ada"], at("/a")).sha256 == hashlib.sha256(HALF + HALF).digest()


def test_what_lies_unfinished_is_bounded_by_the_quota(world: World) -> None:
    ada = world.who["ada"]
    first = world.uploads.create(ada, Wanted(None, QUOTA))
    second = world.uploads.create(ada, Wanted(None, QUOTA))
    world.sent(first.id, BIG[:-1])
    with pytest.raises(QuotaExceededError):
        world.sent(second.id, b"xx")
    writer = world.uploads.write(ada, second.id, 0)
    writer.append(b"xx")
    with pytest.raises(QuotaExceededError):
        writer.finish()
    assert world.uploads.status(ada, second.id).offset == 0
    world.sent(second.id, b"x")
    world.uploads.remove(ada, first.id)
    world.sent(second.id, HALF, at=1)


def test_blocks_of_no_file_are_bounded_by_the_quota(world: World) -> None:
    halves = [bytes([n]) + HALF[1:] for n in range(4)]
    refs = [world.block(each) for each in halves[:2]]
    with pytest.raises(QuotaExceededError):
        world.block(halves[2])
    whole = Listed(Terms("/a"), QUOTA, tuple(refs))
    assert isinstance(world.commits.commit(world.who["ada"], [whole])[0], Written)
    world.block(halves[2])  # the first ones are a file's now
    world.block(halves[3])
    with pytest.raises(QuotaExceededError):
        world.block(b"more")


@pytest.mark.parametrize("batch", [500, 1])
def test_copies_count_small_and_large(world: World, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(vault_copy, "BATCH", batch)
    ada = world.who["ada"]
    world.files.make_folder(ada, at("/d"))
    for name in ("a", "b"):
        world.write(f"/d/{name}", pattern(QUOTA // 4))
    world.files.copy(ada, at("/d"), at("/e"))
    with pytest.raises(QuotaExceededError):
        world.files.copy(ada, at("/d"), at("/f"))
    assert not world.there("/f")
    with pytest.raises(QuotaExceededError):
        world.files.copy(ada, at("/d/a"), at("/g"))
    world.files.copy(ada, at("/d/a"), at("/e/b"), conflict=Conflict.OVERWRITE)
    assert world.usage().free == 0


@pytest.mark.parametrize("moving", [False, True])
def test_what_comes_from_another_drive_counts_before_it_can_be_seen(world: World, moving: bool) -> None:
    """Attack 49: a tree grows out of sight, where what was removed would make room."""
    ada, bob = world.who["ada"], world.who["bob"]
    world.files.make_folder(ada, at("/in"))
    world.shares.grant(ada, at("/in"), "bob", Rights.ALL)
    world.files.make_folder(bob, at("/d"))
    for name in ("a", "b", "c"):
        world.write(f"/d/{name}", HALF, who="bob")
    go = world.files.move if moving else world.files.copy
    with pytest.raises(QuotaExceededError, match="ada"):
        go(bob, at("/d"), at("/Shared/ada/in/d"))
    assert not world.there("/in/d")
    assert world.usage("bob").files == 3, "nothing was moved away"
    world.sweep()
    world.files.remove(bob, at("/d/c"))
    go(bob, at("/d"), at("/Shared/ada/in/d"))
    assert world.usage().free == 0


def test_a_large_copy_and_an_upload_do_not_share_the_last_bytes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack 49: the upload comes when all of the copy is made, and before it takes its place."""
    monkeypatch.setattr(vault_copy, "BATCH", 1)
    ada = world.who["ada"]
    world.files.make_folder(ada, at("/d"))
    world.write("/d/a", HALF)
    room = world.tree_of("ada").room

    class Late:
        """A catalog that lets the upload in once all of the copy is made."""

        read = staticmethod(world.catalog.read)

        def write(self, work: Any) -> Any:
            if world.usage().bytes == QUOTA and not world.there("/upload"):
                world.write("/upload", HALF)
            return world.catalog.write(work)

    with pytest.raises(QuotaExceededError):
        vault_copy.copy(replace(room, catalog=cast("Any", Late())), at("/d"), at("/e"), Conflict.SKIP)
    assert world.there("/upload")
    assert not world.there("/e")
    world.sweep()
    assert world.usage().bytes == QUOTA


def test_without_a_quota_nothing_is_refused(world: World) -> None:
    world.limit()
    world.write("/a", pattern(3 * MIB))
    assert world.usage().quota is None
    assert world.usage().quota_files is None
