"""What every catalog promises about what was deleted and can come back, and about earlier versions."""

import pytest

from secure_file_transfer.errors import ConflictError, ExistsError
from secure_file_transfer.model import Drive, Node, Rights, TimeUs, TrashId, VersionId
from secure_file_transfer.ports import BlockRow, Catalog, CatalogTx, Weight

from .catalog_kit import EVER, NOW, CatalogBase, block, new_account, new_file, new_folder, purge_all, unreferenced


def put(catalog: Catalog, node: Node, now: int = NOW) -> TrashId:
    return catalog.write(lambda tx: tx.trash.put(node, "/f", "/Shared/x", "bob", None, TimeUs(now)))


def lying(catalog: Catalog, drive: Drive, limit: int = 10) -> list[str]:
    return [each.node.name for each in catalog.read(lambda tx: tx.trash.list(drive.id, None, limit))]


class TrashContract(CatalogBase):
    def test_what_is_deleted_has_no_place_and_keeps_all_else(self, catalog: Catalog, drive: Drive) -> None:
        folder = new_folder(catalog, drive, "f")
        node = new_file(catalog, drive, "a", [block(1)], folder)
        number = put(catalog, node)
        found = catalog.read(lambda tx: tx.trash.get(number))
        assert found
        assert (found.id, found.parent_id, found.folder, found.seen) == (number, folder.id, "/f", "/Shared/x")
        assert (found.deleted_us, found.author, found.account_id) == (NOW, "bob", None)
        assert (found.size, found.files, found.node.parent_id, found.node.sha256) == (None, None, None, node.sha256)
        assert catalog.read(lambda tx: tx.nodes.child(folder.id, "a")) is None
        assert purge_all(catalog) == [0], "nothing of it is given back"
        again = new_file(catalog, drive, "a", [], folder)

        def back(tx: CatalogTx, name: str) -> None:
            tx.trash.take(number)
            tx.nodes.relocate(node.id, folder.id, name)

        with pytest.raises(ExistsError):
            catalog.write(lambda tx: back(tx, again.name))
        catalog.write(lambda tx: back(tx, "b"))
        assert catalog.read(lambda tx: tx.trash.get(number)) is None
        assert catalog.read(lambda tx: tx.nodes.child(folder.id, "b"))

    def test_the_root_stays(self, catalog: Catalog, drive: Drive) -> None:
        root = catalog.read(lambda tx: tx.nodes.get(drive.root_id))
        assert root
        with pytest.raises(ConflictError):
            put(catalog, root)

    def test_it_is_listed_by_drive_the_last_first(self, catalog: Catalog, drive: Drive) -> None:
        numbers = [put(catalog, new_file(catalog, drive, name)) for name in "abc"]
        assert lying(catalog, drive) == ["c", "b", "a"]
        assert lying(catalog, drive, limit=1) == ["c"]
        rest = catalog.read(lambda tx: tx.trash.list(drive.id, numbers[1], 10))
        assert [each.node.name for each in rest] == ["a"]
        assert [each.id for each in catalog.read(lambda tx: tx.trash.oldest(drive.id, 2))] == numbers[:2]
        other = new_account(catalog, "other").home_id
        assert catalog.read(lambda tx: tx.trash.list(other, None, 10)) == []

    def test_what_is_dropped_is_purged(self, catalog: Catalog, drive: Drive) -> None:
        folder = new_folder(catalog, drive, "f")
        new_file(catalog, drive, "a", [block(1)], folder)
        number = put(catalog, folder)
        catalog.write(lambda tx: tx.trash.drop(number))
        assert lying(catalog, drive) == []
        assert purge_all(catalog) == [2, 0]
        assert unreferenced(catalog, EVER) == {block(1).id}
        catalog.write(lambda tx: tx.trash.drop(number))

    def test_what_gave_way_is_there_for_nobody_and_due(self, catalog: Catalog, drive: Drive) -> None:
        numbers = [put(catalog, new_file(catalog, drive, name), NOW + at) for at, name in enumerate("abc")]
        catalog.write(lambda tx: tx.trash.note(numbers[0], Weight(5, 1)))
        catalog.write(lambda tx: tx.trash.give_way(numbers[2], Weight(7, 2)))
        assert lying(catalog, drive) == ["b", "a"]
        assert catalog.read(lambda tx: tx.trash.get(numbers[2])) is None
        assert catalog.read(lambda tx: tx.trash.room(drive.id)) == (Weight(7, 2), Weight(5, 1))
        assert catalog.read(lambda tx: tx.trash.due(TimeUs(NOW + 1), 10)) == [numbers[0], numbers[2]]
        assert set(catalog.read(lambda tx: tx.trash.of_drive(drive.id, 10))) == set(numbers)

    def test_it_is_weighed_as_far_as_one_looks(self, catalog: Catalog, drive: Drive) -> None:
        folder = new_folder(catalog, drive, "f")
        for number in range(3):
            new_file(catalog, drive, str(number), [block(number, 100)], folder)
        number = put(catalog, folder)
        assert [each.id for each in catalog.read(lambda tx: tx.trash.unweighed(5))] == [number]
        assert catalog.read(lambda tx: tx.trash.weigh(folder.id, 10)) == Weight(300, 3)
        assert not catalog.read(lambda tx: tx.trash.weigh(folder.id, 2)).whole
        catalog.write(lambda tx: tx.trash.note(number, Weight(300, 3)))
        assert catalog.read(lambda tx: tx.trash.unweighed(5)) == []

    def test_links_in_it_end_and_no_others(self, catalog: Catalog) -> None:
        account = new_account(catalog, "ada")
        home = catalog.read(lambda tx: tx.drives.get(account.home_id))
        assert home
        folder = new_folder(catalog, home, "f")
        inside, beside = new_file(catalog, home, "a", [], folder), new_file(catalog, home, "b")
        for seed, node in enumerate((folder, inside, beside)):
            secret = bytes([seed]) * 32, bytes([seed]) * 16
            catalog.write(lambda tx, n=node, s=secret: tx.links.create(n.id, account.id, s, Rights.READ, NOW))  # type: ignore[misc]
        put(catalog, folder)
        assert [each.node_id for each in catalog.read(lambda tx: tx.links.of(account.id))] == [beside.id]


class KeptContract(CatalogBase):
    def write(self, catalog: Catalog, node: Node, seed: int, now: int) -> None:
        """Another version, and the one before it stays."""

        def work(tx: CatalogTx) -> None:
            before = tx.nodes.get(node.id)
            assert before
            assert before.version_id
            old = tx.versions.get(before.version_id)
            assert old
            number = next(tx.versions.next_ids(1))
            new = type(old)(
                number, node.id, 1000, bytes([seed]) * 32, TimeUs(now), (block(seed),), b"m" * 32, "bob", NOW
            )
            tx.blocks.insert(BlockRow(block(seed).id, node.drive_id, 1000, None), NOW)
            tx.versions.insert(new)
            tx.nodes.set_version(node.id, new, NOW)
            tx.versions.keep(old.id, node.drive_id, TimeUs(now))
            tx.drives.add_usage(node.drive_id, 1000, 0)

        catalog.write(work)

    def test_what_gave_way_keeps_its_blocks(self, catalog: Catalog, drive: Drive) -> None:
        node = new_file(catalog, drive, "a", [block(1)])
        self.write(catalog, node, 2, NOW + 5)
        self.write(catalog, node, 3, NOW + 9)
        found = catalog.read(lambda tx: tx.versions.of(node.id))
        assert [(each.kept_us, each.author) for each in found] == [(None, "bob"), (NOW + 9, "bob"), (NOW + 5, "")]
        assert unreferenced(catalog) == set()
        assert catalog.read(lambda tx: tx.versions.kept_size(drive.id)) == 2000
        kept = catalog.read(lambda tx: tx.versions.kept(drive.id, 1))
        assert [(each.id, each.drive_id, each.size) for each in kept] == [(found[2].id, drive.id, 1000)]
        assert [each.id for each in catalog.read(lambda tx: tx.versions.kept_before(TimeUs(NOW + 6), 9))] == [
            found[2].id
        ]
        assert catalog.read(lambda tx: tx.versions.crowded(1, 9)) == [node.id]
        assert catalog.read(lambda tx: tx.versions.crowded(2, 9)) == []
        catalog.write(lambda tx: tx.versions.delete(VersionId(found[2].id)))
        assert unreferenced(catalog) == {block(1).id}

    def test_a_purge_counts_them_too(self, catalog: Catalog, drive: Drive) -> None:
        node = new_file(catalog, drive, "a", [block(1)])
        self.write(catalog, node, 2, NOW + 5)
        catalog.write(lambda tx: tx.nodes.detach(node.id))
        purge_all(catalog)
        found = catalog.read(lambda tx: tx.drives.get(drive.id))
        assert found
        assert (found.bytes, found.files) == (0, 0)
        assert unreferenced(catalog) == {block(1).id, block(2).id}
