import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer.errors import ConflictError, NoSpaceError, PreconditionFailedError, StorageError
from secure_file_transfer.model import INLINE_BLOCK_MAX, KIB, Conflict
from secure_file_transfer.ports import Buffer, Expectation
from secure_file_transfer.services import vault_blocks
from secure_file_transfer.storage.blobs import LocalBlobStore
from secure_file_transfer.testing.contracts.tree_kit import NEW, OLD, at, fill, names, pattern, read, write
from secure_file_transfer.testing.faults import (
    CountingBlobStore,
    FailingBlobStore,
    RefusingBlobStore,
    WrappedBlobStore,
    disk_full,
)
from secure_file_transfer.testing.vault_world import BLOCK, VaultWorld, vault_world

TEN = pattern(10 * BLOCK)
FOREVER = 10**9


@pytest.fixture
def world(tmp_path: Path) -> Iterator[VaultWorld]:
    with vault_world(tmp_path) as world:
        yield world


# --- what is stored ---------------------------------------------------------------------------------------------


def test_equal_blocks_are_stored_once_within_a_file_and_across_files(world: VaultWorld) -> None:
    store = CountingBlobStore(world.disk)
    tree = world.tree_on(blobs=store)
    write(tree, "/a", pattern(BLOCK) * 5 + b"tail")
    assert store.calls["put"] == 1
    write(tree, "/b", pattern(BLOCK, seed=2) + pattern(BLOCK))
    write(tree, "/c", pattern(BLOCK) * 5 + b"tail")
    assert store.calls["put"] == 2
    assert world.counts()["blocks"] == 3
    assert read(tree, "/c") == pattern(BLOCK) * 5 + b"tail"


def test_a_small_file_never_touches_the_blob_store(world: VaultWorld) -> None:
    tree = world.tree_on(blobs=RefusingBlobStore())
    for number, size in enumerate((0, 1, INLINE_BLOCK_MAX)):
        write(tree, f"/{number}", pattern(size))
        assert read(tree, f"/{number}") == pattern(size)
        if size:
            assert read(tree, f"/{number}", size - 1, 1) == pattern(size)[-1:]
    assert world.counts() == {"nodes": 4, "versions": 3, "blocks": 2, "blobs": 0}
    write(world.tree, "/large", pattern(INLINE_BLOCK_MAX + 1))
    assert world.counts()["blobs"] == 1


@pytest.mark.parametrize("size", [100, 3 * BLOCK + 100])
def test_no_plaintext_reaches_the_disk(world: VaultWorld, size: int) -> None:
    marker = b"The quick brown fox, whom nobody may read."
    name = "a name is not secret"
    write(world.tree, f"/{name}", (marker * (size // len(marker) + 1))[:size])
    found = [path for path in world.root.rglob("*") if path.is_file()]
    assert any(path.name.endswith("-wal") for path in found)
    stored = {path: path.read_bytes() for path in found}
    assert sum(name.encode() in data for data in stored.values()) >= 1  # so that the search can find something
    for data in stored.values():
        for piece in (marker, marker[:14], marker[14:28], marker[28:]):
            assert piece not in data


def test_block_ids_do_not_confirm_a_guess(world: VaultWorld) -> None:
    from blake3 import blake3

    data = pattern(BLOCK)
    write(world.tree, "/f", data)
    for digest in (blake3(data).digest(), hashlib.sha256(data).digest(), hashlib.blake2b(data).digest()):
        assert all(path.name != digest.hex() for path in world.blobs())


def test_pieces_of_any_size_are_cut_into_whole_blocks(world: VaultWorld) -> None:
    for number, piece in enumerate((1000, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 10 * BLOCK)):
        write(world.tree, f"/{number}", TEN[: 9 * BLOCK + 5], piece=piece)
    assert world.counts()["blocks"] == 10  # cut alike, so stored once
    assert all(read(world.tree, f"/{number}") == TEN[: 9 * BLOCK + 5] for number in range(6))


# --- a full disk ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost_answer", [False, True])
@pytest.mark.parametrize("number", [1, 2, 5, 9, 10])
def test_a_full_disk_refuses_the_file_keeps_the_old_one_and_gives_back_the_space(
    world: VaultWorld, number: int, lost_answer: bool
) -> None:
    write(world.tree, "/f", pattern(2 * BLOCK, seed=9))
    before, usage = world.counts(), world.tree.usage()
    full = FailingBlobStore(world.disk, put_at=range(number, FOREVER), error=disk_full, lost_answer=lost_answer)
    draft = world.tree_on(blobs=full).draft(at("/f"))
    with pytest.raises(NoSpaceError):
        fill(draft, TEN, BLOCK).commit()
    draft.abort()
    assert world.counts() == before
    assert world.tree.usage().bytes == usage.bytes
    assert read(world.tree, "/f") == pattern(2 * BLOCK, seed=9)


def test_an_upload_after_the_disk_has_room_again_succeeds(world: VaultWorld) -> None:
    store = FailingBlobStore(world.disk, put_at=3, error=disk_full)
    tree = world.tree_on(blobs=store)
    draft = tree.draft(at("/f"))
    with pytest.raises(NoSpaceError):
        fill(draft, TEN, BLOCK).commit()
    draft.abort()
    write(tree, "/f", TEN)
    assert read(tree, "/f") == TEN


def test_a_draft_that_failed_takes_no_more_and_cannot_be_published(world: VaultWorld) -> None:
    draft = world.tree_on(blobs=FailingBlobStore(world.disk, put_at=1)).draft(at("/f"))
    with pytest.raises(StorageError):
        fill(draft, TEN, BLOCK)
    for attempt in (lambda: draft.append(b"more"), draft.commit):
        with pytest.raises(ConflictError):
            attempt()
    draft.abort()
    assert names(world.tree) == []


def test_space_is_given_back_even_if_the_store_refuses_to_delete_at_first(world: VaultWorld) -> None:
    class Stubborn(WrappedBlobStore):
        def delete(self, key: str) -> None:
            raise StorageError("The disk failed while removing a block")

    draft = fill(world.tree_on(blobs=Stubborn(world.disk)).draft(at("/f")), TEN, BLOCK)
    draft.abort()  # must not raise: whoever gives up can do nothing about it
    assert world.counts()["blobs"] > 0
    world.sweep_all()
    assert world.counts()["blobs"] == 0


# --- giving up --------------------------------------------------------------------------------------------------


def test_a_skipped_or_refused_upload_leaves_nothing_behind(world: VaultWorld) -> None:
    write(world.tree, "/f", OLD)
    before = world.counts()
    assert write(world.tree, "/f", TEN, conflict=Conflict.SKIP).outcome == "skipped"
    with pytest.raises(PreconditionFailedError):
        write(world.tree, "/f", TEN, expect=Expectation(none_match=("*",)))
    assert world.counts() == before


def test_giving_up_spares_the_blocks_of_others(world: VaultWorld) -> None:
    """One who gives up wrote a block first; a second relies on it, and a third has published it already."""
    first, second = world.tree.draft(at("/1")), world.tree.draft(at("/2"))
    fill(first, TEN, BLOCK)
    fill(second, TEN, BLOCK)
    first.abort()
    second.commit()
    assert read(world.tree, "/2") == TEN
    third = fill(world.tree.draft(at("/3")), TEN, BLOCK)
    third.abort()
    assert read(world.tree, "/2") == TEN


def test_a_block_that_is_no_longer_referenced_stays_for_the_draft_that_found_it(world: VaultWorld) -> None:
    write(world.tree, "/old", TEN)
    draft = fill(world.tree.draft(at("/new")), TEN, BLOCK)
    world.tree.remove(at("/old"))
    world.sweep_all()
    assert draft.commit().outcome == "created"
    assert read(world.tree, "/new") == TEN


# --- the pipeline -----------------------------------------------------------------------------------------------


class GatedStore(WrappedBlobStore):
    """Keeps every `put` waiting until told otherwise, and counts how many wait."""

    def __init__(self, inner: LocalBlobStore) -> None:
        super().__init__(inner)
        self.changed = threading.Condition()
        self.waiting = self.most = 0
        self.open = False

    def put(self, key: str, data: Buffer) -> None:
        with self.changed:
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: self.open, timeout=30)
            self.waiting -= 1
        self.inner.put(key, data)


def test_a_few_blocks_wait_for_the_disk_together_and_no_more(world: VaultWorld) -> None:
    store = GatedStore(world.disk)
    draft = world.tree_on(blobs=store).draft(at("/f"))
    for number in range(vault_blocks.PUTS_MAX):  # these return although not one block is stored
        draft.append(TEN[number * BLOCK :][:BLOCK])
    rest = threading.Thread(target=lambda: draft.append(TEN[vault_blocks.PUTS_MAX * BLOCK :]))
    rest.start()
    with store.changed:
        assert store.changed.wait_for(lambda: store.waiting == vault_blocks.PUTS_MAX, timeout=30)
        assert rest.is_alive()
        store.open = True
        store.changed.notify_all()
    rest.join(timeout=30)
    draft.commit()
    assert store.most == vault_blocks.PUTS_MAX
    assert read(world.tree, "/f") == TEN


def test_large_blocks_wait_in_smaller_numbers(tmp_path: Path) -> None:
    with vault_world(tmp_path, block_size=16 * 1024 * KIB) as world:
        draft = world.tree.draft(at("/f"))
        assert draft._blocks._puts_max * world.block_size <= vault_blocks.PUTS_BYTES_MAX
        draft.abort()


def test_an_error_of_a_block_on_its_way_shows_at_the_commit_at_the_latest(world: VaultWorld) -> None:
    draft = world.tree_on(blobs=FailingBlobStore(world.disk, put_at=1, error=disk_full)).draft(at("/f"))
    draft.append(TEN[:BLOCK])
    with pytest.raises(NoSpaceError):
        draft.commit()
    draft.abort()
    assert world.counts()["blobs"] == 0


def test_a_commit_that_was_refused_may_be_tried_with_another_choice(world: VaultWorld) -> None:
    write(world.tree, "/f", OLD)
    draft = fill(world.tree.draft(at("/f")), NEW)
    with pytest.raises(PreconditionFailedError):
        draft.commit(expect=Expectation(none_match=("*",)))
    assert draft.commit(conflict=Conflict.RENAME).entry.path == "/f (1)"
    assert read(world.tree, "/f (1)") == NEW


def test_nothing_is_published_when_the_catalog_fails(world: VaultWorld) -> None:
    write(world.tree, "/f", OLD)
    before = world.counts()
    draft = fill(world.tree.draft(at("/f")), TEN, BLOCK)
    world.sql("CREATE TRIGGER broken BEFORE INSERT ON versions BEGIN SELECT RAISE(ABORT, 'broken'); END")
    with pytest.raises(StorageError):
        draft.commit()
    draft.abort()
    world.sql("DROP TRIGGER broken")
    assert world.counts() == before
    assert read(world.tree, "/f") == OLD
