"""What every catalog promises about versions, blocks, and giving their space back."""

import pytest

from secure_file_transfer.errors import NotFoundError, StorageError
from secure_file_transfer.model import Drive, Kind, Node, NodeId, TimeUs, Version, VersionId
from secure_file_transfer.ports import BlockRow, Catalog, CatalogTx
from secure_file_transfer.testing.clock import FakeClock

from .catalog_kit import (
    EVER,
    NOW,
    CatalogBase,
    block,
    detach,
    keep,
    new_drive,
    new_file,
    new_folder,
    publish,
    purge_all,
    unreferenced,
)


class VersionsContract(CatalogBase):
    def test_an_inserted_version_comes_back(self, catalog: Catalog, drive: Drive) -> None:
        refs = [block(1, 1), block(2, 16 * 2**20), block(1, 1)]
        node = new_file(catalog, drive, "a", refs)
        assert node.version_id
        version = catalog.read(lambda tx: tx.versions.get(node.version_id or VersionId(0)))
        assert version
        assert version.manifest == tuple(refs)
        assert (version.id, version.node_id, version.size) == (node.version_id, node.id, node.size)
        assert (version.sha256, version.created_us, version.mac) == (node.sha256, NOW, b"m" * 32)

    def test_an_empty_file_has_an_empty_manifest(self, catalog: Catalog, drive: Drive) -> None:
        node = new_file(catalog, drive, "a")
        version = catalog.read(lambda tx: tx.versions.get(node.version_id or VersionId(0)))
        assert version
        assert (version.manifest, version.size) == ((), 0)

    def test_a_version_that_is_not_there(self, catalog: Catalog) -> None:
        assert catalog.read(lambda tx: tx.versions.get(VersionId(77))) is None
        catalog.write(lambda tx: tx.versions.delete(VersionId(77)))

    def test_numbers_are_never_used_again(self, catalog: Catalog, drive: Drive) -> None:
        node = new_file(catalog, drive, "a")
        assert node.version_id
        catalog.write(lambda tx: (tx.versions.next_ids(1), tx.versions.next_ids(1)))
        catalog.write(lambda tx: tx.nodes.detach(node.id))
        purge_all(catalog)
        numbers = catalog.write(lambda tx: [*tx.versions.next_ids(2), *tx.versions.next_ids(1)])
        assert node.version_id + 2 < numbers[0] < numbers[1] < numbers[2]

    def test_a_version_of_a_block_that_is_not_there_is_refused(self, catalog: Catalog, drive: Drive) -> None:
        node = new_file(catalog, drive, "a", [block(1)])
        with pytest.raises(StorageError):
            catalog.write(lambda tx: publish(tx, node, [block(1), block(2)]))
        assert catalog.read(lambda tx: tx.nodes.get(node.id)) == node
        catalog.write(lambda tx: tx.nodes.detach(node.id))
        purge_all(catalog)
        assert unreferenced(catalog) == {block(1).id}

    def test_a_version_of_a_node_that_is_not_there_is_refused(self, catalog: Catalog) -> None:
        version = Version(VersionId(1), NodeId(99), 0, b"s" * 32, NOW, (), b"m" * 32)
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.versions.insert(version))


class BlocksContract(CatalogBase):
    @pytest.mark.parametrize("data", [None, b"", b"\x00sealed\xff" * 3000])
    def test_an_inserted_block_comes_back(self, catalog: Catalog, drive: Drive, data: bytes | None) -> None:
        catalog.write(lambda tx: keep(tx, drive, [block(1)], data))
        row = BlockRow(block(1).id, drive.id, block(1).length, data)
        assert catalog.read(lambda tx: tx.blocks.get(block(1).id)) == row
        assert catalog.read(lambda tx: tx.blocks.get(block(2).id)) is None
        assert catalog.read(lambda tx: tx.blocks.unreferenced(EVER, 5)) == [
            BlockRow(row.id, row.drive_id, row.length, None)
        ]

    def test_one_that_is_there_is_left_as_it_is(self, catalog: Catalog, drive: Drive) -> None:
        catalog.write(lambda tx: keep(tx, drive, [block(1)], b"first"))
        other = new_drive(catalog)
        again = BlockRow(block(1).id, other.id, 5, b"second")
        catalog.write(lambda tx: tx.blocks.insert(again, TimeUs(NOW + 9)))
        found = catalog.read(lambda tx: tx.blocks.get(block(1).id))
        assert found == BlockRow(block(1).id, drive.id, block(1).length, b"first")
        assert unreferenced(catalog, TimeUs(NOW + 1)) == {block(1).id}

    def test_missing_names_those_without_a_row(self, catalog: Catalog, drive: Drive) -> None:
        catalog.write(lambda tx: keep(tx, drive, [block(seed) for seed in range(0, 3000, 2)]))
        asked = [block(seed).id for seed in range(3000)]
        assert catalog.read(lambda tx: tx.blocks.missing(asked)) == set(asked[1::2])
        assert catalog.read(lambda tx: tx.blocks.missing([])) == set()

    def test_every_entry_of_a_manifest_is_a_reference(self, catalog: Catalog, drive: Drive) -> None:
        one = new_file(catalog, drive, "one", [block(1), block(2), block(1)])
        two = new_file(catalog, drive, "two", [block(1)])
        assert unreferenced(catalog) == set()
        catalog.write(lambda tx: publish(tx, one, []))
        assert unreferenced(catalog) == {block(2).id}
        catalog.write(lambda tx: publish(tx, two, []))
        assert unreferenced(catalog) == {block(1).id, block(2).id}
        again = new_file(catalog, drive, "three", [block(2), block(2)])
        assert unreferenced(catalog) == {block(1).id}
        catalog.write(lambda tx: tx.versions.delete(again.version_id or VersionId(0)))
        assert unreferenced(catalog) == {block(1).id, block(2).id}

    def test_unreferenced_counts_from_the_last_use(self, catalog: Catalog, clock: FakeClock, drive: Drive) -> None:
        node = new_file(catalog, drive, "a", [block(1)])
        end = clock.advance(100)
        catalog.write(lambda tx: publish(tx, node, []))
        assert unreferenced(catalog, end) == set()
        assert unreferenced(catalog, TimeUs(end + 1)) == {block(1).id}
        catalog.write(lambda tx: keep(tx, drive, [block(2)], now=TimeUs(end - 1)))
        assert unreferenced(catalog, end) == {block(2).id}

    def test_unreferenced_gives_at_most_the_limit(self, catalog: Catalog, drive: Drive) -> None:
        for seed in (3, 1, 2):
            record(catalog, drive, seed, TimeUs(NOW + seed))
        found = catalog.read(lambda tx: tx.blocks.unreferenced(EVER, 2))
        assert [row.id for row in found] == [block(1).id, block(2).id]

    def test_only_unreferenced_rows_are_deleted(self, catalog: Catalog, drive: Drive) -> None:
        new_file(catalog, drive, "a", [block(1)])
        catalog.write(lambda tx: keep(tx, drive, [block(2), block(3)], b"inline"))
        ids = [block(seed).id for seed in (1, 2, 4)]
        assert catalog.write(lambda tx: tx.blocks.delete_unreferenced(ids)) == {block(2).id}
        assert catalog.read(lambda tx: tx.blocks.missing(ids)) == {block(2).id, block(4).id}
        assert unreferenced(catalog) == {block(3).id}
        catalog.write(lambda tx: keep(tx, drive, [block(2)], b"anew"))
        row = catalog.read(lambda tx: tx.blocks.get(block(2).id))
        assert row
        assert row.data == b"anew"

    def test_blocks_outlive_their_drive_until_the_sweep(self, catalog: Catalog, drive: Drive) -> None:
        node = new_file(catalog, drive, "a", [block(1)])
        catalog.write(lambda tx: tx.nodes.detach(node.id))
        purge_all(catalog)
        catalog.write(lambda tx: tx.drives.delete(drive.id))
        assert unreferenced(catalog) == {block(1).id}
        assert catalog.write(lambda tx: tx.blocks.delete_unreferenced([block(1).id])) == {block(1).id}


class PurgeContract(CatalogBase):
    def test_a_tree_is_purged_in_batches(self, catalog: Catalog, drive: Drive) -> None:
        top = tree(catalog, drive)
        kept = new_file(catalog, drive, "kept", [block(0, 7)])
        assert usage(catalog, drive) == (27 * 10 + 7, 28)
        catalog.write(lambda tx: tx.nodes.detach(top.id))
        assert usage(catalog, drive) == (27 * 10 + 7, 28), "detaching is one row; the purge gives the space back"
        batches = purge_all(catalog, limit=5)
        assert sum(batches) == 1 + 3 + 9 + 27
        assert set(batches[:-2]) == {5}
        assert usage(catalog, drive) == (7, 1)
        assert unreferenced(catalog) == {block(seed).id for seed in range(100, 127)}
        assert catalog.read(lambda tx: tx.nodes.get(kept.id)) == kept
        assert catalog.read(lambda tx: tx.nodes.get(top.id)) is None

    def test_counters_follow_every_batch(self, catalog: Catalog, drive: Drive) -> None:
        top = tree(catalog, drive)
        catalog.write(lambda tx: tx.nodes.detach(top.id))
        left = 27
        while catalog.write(lambda tx: tx.nodes.purge_batch(1)):
            size, files = usage(catalog, drive)
            assert size == files * 10
            assert files in {left, left - 1}, "one node at a time"
            left = files
            freed = unreferenced(catalog)
            assert len(freed) == 27 - left
        assert left == 0

    def test_a_chain_as_deep_as_paths_may_be(self, catalog: Catalog, drive: Drive) -> None:
        def work(tx: CatalogTx) -> Node:
            node = top = tx.nodes.create(drive.id, drive.root_id, "d", Kind.FOLDER, NOW)
            for _ in range(300):
                node = tx.nodes.create(drive.id, node.id, "d", Kind.FOLDER, NOW)
            return top

        top = catalog.write(work)
        catalog.write(lambda tx: tx.nodes.detach(top.id))
        assert purge_all(catalog, limit=200) == [200, 101, 0]

    def test_several_detached_trees_of_several_drives(self, catalog: Catalog, drive: Drive) -> None:
        other = new_drive(catalog)
        nodes = [new_file(catalog, one, name, [block(1, 3)]) for one in (drive, other) for name in "ab"]
        for node in nodes[:3]:
            detach(catalog, node.id)
        assert purge_all(catalog, limit=2) == [2, 1, 0]
        assert (usage(catalog, drive), usage(catalog, other)) == ((0, 0), (3, 1))
        assert unreferenced(catalog) == set()

    def test_every_version_of_a_file_goes(self, catalog: Catalog, drive: Drive) -> None:
        node = new_file(catalog, drive, "a", [block(1)])

        def keep_both(tx: CatalogTx) -> None:
            keep(tx, drive, [block(2)])
            later = Version(next(tx.versions.next_ids(1)), node.id, 1000, b"s" * 32, NOW, (block(2),), b"m" * 32)
            tx.versions.insert(later)
            tx.nodes.set_version(node.id, later, NOW)
            tx.nodes.detach(node.id)

        catalog.write(keep_both)
        assert purge_all(catalog) == [1, 0]
        assert unreferenced(catalog) == {block(1).id, block(2).id}
        assert catalog.read(lambda tx: tx.versions.get(node.version_id or VersionId(0))) is None

    def test_a_file_that_never_had_a_version(self, catalog: Catalog, drive: Drive) -> None:
        catalog.write(lambda tx: tx.nodes.detach(tx.nodes.create(drive.id, drive.root_id, "a", Kind.FILE, NOW).id))
        assert purge_all(catalog) == [1, 0]
        assert usage(catalog, drive) == (0, 0)


def record(catalog: Catalog, drive: Drive, seed: int, now: TimeUs) -> None:
    catalog.write(lambda tx: keep(tx, drive, [block(seed)], now=now))


def tree(catalog: Catalog, drive: Drive) -> Node:
    """Three folders in each of three folders in one, three files of 10 bytes in each of the nine."""
    top = new_folder(catalog, drive, "top")

    def work(tx: CatalogTx) -> None:
        seed = 100
        for outer in range(3):
            one = tx.nodes.create(drive.id, top.id, f"{outer}", Kind.FOLDER, NOW)
            for inner in range(3):
                two = tx.nodes.create(drive.id, one.id, f"{inner}", Kind.FOLDER, NOW)
                for leaf in range(3):
                    node = tx.nodes.create(drive.id, two.id, f"{leaf}", Kind.FILE, NOW)
                    keep(tx, drive, [block(seed, 10)])
                    publish(tx, node, [block(seed, 10)])
                    seed += 1

    catalog.write(work)
    return top


def usage(catalog: Catalog, drive: Drive) -> tuple[int, int]:
    found = catalog.read(lambda tx: tx.drives.get(drive.id))
    assert found
    return found.bytes, found.files
