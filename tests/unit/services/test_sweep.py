import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer.errors import StorageError
from secure_file_transfer.model import AccountId, DriveId, Role
from secure_file_transfer.ports import CatalogTx
from secure_file_transfer.seal.keys import DriveKeys
from secure_file_transfer.services import sweep
from secure_file_transfer.services.keeping import Keeping
from secure_file_transfer.services.sweep import Sweeper, SweepReport
from secure_file_transfer.services.vault import VaultTree
from secure_file_transfer.services.vaults import removed_drives, write_removed_drives
from secure_file_transfer.testing.contracts.tree_kit import at, fill, pattern, read, write
from secure_file_transfer.testing.faults import CountingBlobStore, WrappedBlobStore
from secure_file_transfer.testing.vault_world import BLOCK, VaultWorld, vault_world

GRACE = 600
EMPTY = {"nodes": 1, "versions": 0, "blocks": 0, "blobs": 0}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[VaultWorld]:
    with vault_world(tmp_path) as world:
        yield world


def grow(world: VaultWorld, count: int = 3) -> None:
    """A folder with files of one large and one small block each."""
    world.tree.make_folder(at("/d/e"), parents=True)
    for number in range(count):
        write(world.tree, f"/d/e/{number}", pattern(BLOCK + 100, seed=number))


def orphan(world: VaultWorld, seed: int, age: float) -> Path:
    """A blob without a row, as a crash leaves it."""
    key = bytes([seed]) * 32
    world.disk.put(key.hex(), b"sealed")
    path = next(path for path in world.blobs() if path.name == key.hex())
    stored = world.clock.now_us() / 1_000_000 - age
    os.utime(path, (stored, stored))
    return path


def test_one_run_reports_what_it_removed(world: VaultWorld) -> None:
    sweeper = world.sweeper(grace=GRACE)
    grow(world)
    world.tree.remove(at("/d"), recursive=True)
    orphan(world, 1, age=GRACE + 1)
    assert sweeper.run() == SweepReport(nodes=5, blocks=0, blobs=1)
    assert world.counts() == {**EMPTY, "blocks": 6, "blobs": 3}
    world.clock.advance(GRACE + 1)
    assert sweeper.run() == SweepReport(nodes=0, blocks=6, blobs=0)
    assert sweeper.run() == SweepReport(nodes=0, blocks=0, blobs=0)
    assert world.counts() == EMPTY


def test_what_is_in_use_stays(world: VaultWorld) -> None:
    grow(world)
    before = world.counts()
    world.sweep_all()
    assert world.counts() == before
    assert read(world.tree, "/d/e/2") == pattern(BLOCK + 100, seed=2)


def test_an_unreferenced_block_is_kept_for_the_grace_period(world: VaultWorld) -> None:
    sweeper = world.sweeper(grace=GRACE)
    grow(world, 1)
    world.tree.remove(at("/d"), recursive=True)
    sweeper.purge_removed()
    world.clock.advance(GRACE)
    assert sweeper.sweep_blocks() == 0
    write(world.tree, "/again", pattern(BLOCK + 100, seed=0))  # it comes to use again
    world.clock.advance(GRACE)
    assert sweeper.sweep_blocks() == 0
    world.tree.remove(at("/again"))
    sweeper.purge_removed()
    world.clock.advance(GRACE + 1)
    assert sweeper.sweep_blocks() == 2
    assert world.counts() == EMPTY


def test_more_than_a_batch_is_swept_past_those_that_somebody_reads(
    world: VaultWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "BATCH", 4)
    grow(world, 9)
    contents = [world.tree.open(at(f"/d/e/{number}")) for number in range(5)]
    world.tree.remove(at("/d"), recursive=True)
    world.sweep_all()
    # Their first blocks; what small ones they have was read together with the version.
    assert (world.counts()["blobs"], world.counts()["nodes"]) == (5, 1)
    for number, content in enumerate(contents):
        assert b"".join(content.chunks(0, BLOCK + 100)) == pattern(BLOCK + 100, seed=number)
        content.close()
    world.sweep_all()
    assert world.counts() == EMPTY


def test_orphans_are_removed_once_they_are_old(world: VaultWorld) -> None:
    old, young = orphan(world, 1, age=GRACE + 1), orphan(world, 2, age=GRACE - 1)
    assert world.sweeper(grace=GRACE).sweep_orphans() == 1
    assert (old.exists(), young.exists()) == (False, True)


def test_the_blob_of_a_draft_that_takes_its_time_is_no_orphan(world: VaultWorld) -> None:
    data = pattern(6 * BLOCK)
    draft = fill(world.tree.draft(at("/slow")), data, BLOCK)
    world.sweep_all()
    draft.commit()
    assert read(world.tree, "/slow") == data


def test_the_whole_store_is_looked_through_once_an_hour(world: VaultWorld) -> None:
    store = CountingBlobStore(world.disk)
    sweeper = world.sweeper(blobs=store)
    for minutes, scans in ((0, 1), (1, 1), (58, 1), (1, 2), (30, 2), (30, 3)):
        world.clock.advance(minutes * 60)
        sweeper.run()
        assert store.calls["scan"] == scans
    world.sweeper(blobs=store).run()  # whoever begins anew may come after a crash
    assert store.calls["scan"] == 4


def test_a_sweep_cut_off_between_row_and_blob_is_completed_by_the_next(world: VaultWorld) -> None:
    class Dying(WrappedBlobStore):
        def delete(self, key: str) -> None:
            raise StorageError("The disk failed while removing a block")

    grow(world)
    world.tree.remove(at("/d"), recursive=True)
    world.sweeper().purge_removed()
    world.clock.advance(1)
    with pytest.raises(StorageError):
        world.sweeper(blobs=Dying(world.disk)).sweep_blocks()
    assert (world.counts()["blocks"], world.counts()["blobs"]) == (0, 3)
    world.sweep_all()
    assert world.counts() == EMPTY


def test_a_stopped_sweeper_does_no_more(world: VaultWorld) -> None:
    grow(world)
    world.tree.remove(at("/d"), recursive=True)
    before = world.counts()
    sweeper = world.sweeper()
    sweeper.stop()
    assert sweeper.run() == SweepReport(0, 0, 0)
    assert world.counts() == before


# --- removed drives ---------------------------------------------------------------------------------------------


def second_drive(world: VaultWorld) -> tuple[DriveId, VaultTree]:
    drive = world.catalog.write(lambda tx: tx.drives.create("other", None, world.clock.now_us()))
    keys = DriveKeys.generate()
    tree = VaultTree(drive, keys, world.catalog, world.disk, world.clock, world.leases, world.block_size)
    return drive.id, tree


def test_a_removed_drive_is_emptied_in_batches_and_deleted(world: VaultWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "BATCH", 4)
    grow(world)
    before = world.counts()
    drive_id, tree = second_drive(world)
    for number in range(11):
        write(tree, f"/{number}", pattern(BLOCK, seed=number))
    tree.make_folder(at("/x/y/z"), parents=True)
    world.catalog.write(lambda tx: write_removed_drives(tx, [drive_id]))
    world.sweep_all()
    assert world.counts() == before
    assert world.catalog.read(lambda tx: (tx.drives.get(drive_id), removed_drives(tx))) == (None, [])
    assert read(world.tree, "/d/e/1") == pattern(BLOCK + 100, seed=1)


def test_a_drive_that_cannot_go_does_not_keep_the_space_of_others(world: VaultWorld) -> None:
    drive_id, _ = second_drive(world)

    def work(tx: CatalogTx) -> AccountId:
        write_removed_drives(tx, [drive_id])
        return tx.accounts.create("ali", Role.USER, drive_id, "hash", world.clock.now_us()).id

    account_id = world.catalog.write(work)
    grow(world)
    world.tree.remove(at("/d"), recursive=True)
    world.sweep_all()
    assert world.counts() == {**EMPTY, "nodes": 2}
    world.catalog.write(lambda tx: tx.accounts.delete(account_id))
    world.sweep_all()
    assert world.counts() == EMPTY


def test_the_default_grace_is_an_hour(world: VaultWorld) -> None:
    sweeper = Sweeper(world.catalog, world.disk, world.leases, world.clock)
    young, old = orphan(world, 1, age=3599), orphan(world, 2, age=3601)
    sweeper.run()
    assert (young.exists(), old.exists()) == (True, False)


def test_a_removed_drive_goes_with_its_trash(world: VaultWorld) -> None:
    keeping = Keeping(trash_days=30, versions=5, version_days=30)
    tree = VaultTree(
        world.drive, world.keys, world.catalog, world.disk, world.clock, world.leases, BLOCK, keeping=keeping
    )
    for seed in range(2):
        write(tree, "/a", pattern(BLOCK, seed=seed))
    write(tree, "/b", pattern(BLOCK, seed=2))
    assert tree.remove(at("/a")) is not None
    world.catalog.write(lambda tx: write_removed_drives(tx, [world.drive.id]))
    Sweeper(world.catalog, world.disk, world.leases, world.clock, 0, keeping).run()
    assert world.catalog.read(lambda tx: tx.drives.get(world.drive.id)) is None
    assert (world.counts()["nodes"], world.counts()["versions"]) == (0, 0)


def test_lower_limits_hold_for_what_was_kept_before(world: VaultWorld) -> None:
    keeping = Keeping(trash_days=30, versions=5, version_days=30)
    tree = VaultTree(
        world.drive, world.keys, world.catalog, world.disk, world.clock, world.leases, BLOCK, keeping=keeping
    )
    for seed in range(5):
        write(tree, "/a", pattern(BLOCK, seed=seed))
    Sweeper(world.catalog, world.disk, world.leases, world.clock, 0, Keeping(30, 2, 30)).run()
    assert (world.counts()["versions"], tree.usage().bytes) == (3, 3 * BLOCK)
    Sweeper(world.catalog, world.disk, world.leases, world.clock, 0).run()
    assert (world.counts()["versions"], tree.usage().bytes) == (1, BLOCK)
    assert read(tree, "/a") == pattern(BLOCK, seed=4)
