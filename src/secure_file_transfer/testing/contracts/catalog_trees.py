"""What every catalog promises about drives, files and folders."""

import pytest

from secure_file_transfer.errors import ConflictError, ExistsError, InvalidRequestError, NotFoundError
from secure_file_transfer.model import Drive, DriveId, Kind, Node, NodeId, SortKey, TimeUs, Version
from secure_file_transfer.ports import Catalog, CatalogTx, NodeCursor

from .catalog_kit import (
    HOSTILE,
    NOW,
    CatalogBase,
    block,
    cursor_of,
    detach,
    is_within,
    keep,
    list_page,
    listing,
    new_account,
    new_drive,
    new_file,
    new_folder,
    publish,
    purge_all,
)

GONE = NodeId(987_654)
ORDERS = [(sort, descending) for sort in SortKey for descending in (False, True)]


class DrivesContract(CatalogBase):
    def test_a_new_drive_has_an_empty_root(self, catalog: Catalog) -> None:
        drive = new_drive(catalog, "home of سارا")
        assert catalog.read(lambda tx: tx.drives.get(drive.id)) == drive
        root = catalog.read(lambda tx: tx.nodes.get(drive.root_id))
        assert root == Node(drive.root_id, drive.id, None, "", Kind.FOLDER, 0, NOW, NOW, None, None)
        assert (drive.bytes, drive.files, drive.wrapped_key, drive.owner_id) == (0, 0, b"", None)
        assert not catalog.read(lambda tx: tx.nodes.has_children(drive.root_id))

    def test_key_owner_and_usage_change(self, catalog: Catalog, drive: Drive) -> None:
        account = new_account(catalog)

        def work(tx: CatalogTx) -> None:
            tx.drives.set_key(drive.id, b"\x00sealed\xff")
            tx.drives.set_owner(drive.id, account.id)
            tx.drives.add_usage(drive.id, 2**40, 3)
            tx.drives.add_usage(drive.id, -1, -2)

        catalog.write(work)
        found = catalog.read(lambda tx: tx.drives.get(drive.id))
        assert found == Drive(
            drive.id, drive.name, drive.root_id, account.id, b"\x00sealed\xff", bytes=2**40 - 1, files=1
        )

    def test_all_lists_every_drive(self, catalog: Catalog) -> None:
        drives = [new_drive(catalog, name) for name in ("b", "a", "b")]
        assert catalog.read(lambda tx: tx.drives.all()) == drives

    def test_totals_are_those_of_all_drives(self, catalog: Catalog) -> None:
        assert catalog.read(lambda tx: tx.drives.totals()) == (0, 0)
        for name in ("a", "b"):
            drive = new_drive(catalog, name)
            catalog.write(lambda tx, drive=drive: tx.drives.add_usage(drive.id, 2**60, 3))  # type: ignore[misc]
        assert catalog.read(lambda tx: tx.drives.totals()) == (2**61, 6)

    def test_delete_removes_the_drive_and_its_root(self, catalog: Catalog, drive: Drive) -> None:
        other = new_drive(catalog)
        catalog.write(lambda tx: tx.drives.delete(drive.id))
        assert catalog.read(lambda tx: tx.drives.all()) == [other]
        assert catalog.read(lambda tx: tx.nodes.get(drive.root_id)) is None

    def test_a_drive_that_holds_something_is_not_deleted(self, catalog: Catalog, drive: Drive) -> None:
        folder = new_folder(catalog, drive, "f")
        with pytest.raises(ConflictError):
            catalog.write(lambda tx: tx.drives.delete(drive.id))
        catalog.write(lambda tx: tx.nodes.detach(folder.id))
        with pytest.raises(ConflictError):
            catalog.write(lambda tx: tx.drives.delete(drive.id))
        assert catalog.read(lambda tx: tx.drives.get(drive.id)) == drive
        purge_all(catalog)
        catalog.write(lambda tx: tx.drives.delete(drive.id))
        assert catalog.read(lambda tx: tx.drives.all()) == []

    def test_numbers_are_not_used_again(self, catalog: Catalog, drive: Drive) -> None:
        catalog.write(lambda tx: tx.drives.delete(drive.id))
        again = new_drive(catalog)
        assert again.id > drive.id
        assert again.root_id > drive.root_id

    def test_a_drive_that_is_not_there(self, catalog: Catalog) -> None:
        gone = DriveId(99)
        assert catalog.read(lambda tx: tx.drives.get(gone)) is None
        for work in (
            lambda tx: tx.drives.set_key(gone, b"x"),
            lambda tx: tx.drives.set_owner(gone, None),
            lambda tx: tx.drives.add_usage(gone, 1, 1),
        ):
            with pytest.raises(NotFoundError):
                catalog.write(work)


class NodesContract(CatalogBase):
    def test_a_file_may_be_made_with_its_version_at_once(self, catalog: Catalog, drive: Drive) -> None:
        def work(tx: CatalogTx) -> Node:
            (number,) = tx.versions.next_ids(1)
            node = tx.nodes.create_file(drive.id, drive.root_id, "a", number, 7, b"s" * 32, TimeUs(5), NOW)
            tx.versions.insert(Version(number, node.id, 7, b"s" * 32, NOW, (), b"m" * 32))
            return node

        node = catalog.write(work)
        assert node == Node(
            node.id, drive.id, drive.root_id, "a", Kind.FILE, 7, TimeUs(5), NOW, node.version_id, b"s" * 32
        )
        assert catalog.read(lambda tx: tx.nodes.get(node.id)) == node
        with pytest.raises(ExistsError):
            catalog.write(work)

    @pytest.mark.parametrize("kind", Kind)
    def test_a_created_node_is_found(self, catalog: Catalog, drive: Drive, kind: Kind) -> None:
        node = catalog.write(lambda tx: tx.nodes.create(drive.id, drive.root_id, "Name", kind, NOW))
        assert node == Node(node.id, drive.id, drive.root_id, "Name", kind, 0, NOW, NOW, None, None)
        assert catalog.read(lambda tx: tx.nodes.get(node.id)) == node
        assert catalog.read(lambda tx: tx.nodes.child(drive.root_id, "Name")) == node
        assert catalog.read(lambda tx: tx.nodes.child(drive.root_id, "name")) is None
        assert catalog.read(lambda tx: tx.nodes.child(node.id, "Name")) is None
        assert catalog.read(lambda tx: tx.nodes.has_children(drive.root_id))

    @pytest.mark.parametrize("name", HOSTILE)
    def test_any_node_name_is_only_a_name(self, catalog: Catalog, drive: Drive, name: str) -> None:
        node = new_folder(catalog, drive, name)
        catalog.write(lambda tx: tx.nodes.relocate(node.id, drive.root_id, name + "2"))
        catalog.write(lambda tx: tx.nodes.relocate(node.id, drive.root_id, name))
        assert catalog.read(lambda tx: tx.nodes.child(drive.root_id, name)) == node
        assert listing(catalog, drive.root_id, limit=1) == [node]
        assert catalog.read(lambda tx: tx.nodes.child(drive.root_id, name + "2")) is None

    def test_a_name_is_there_once(self, catalog: Catalog, drive: Drive) -> None:
        file = new_file(catalog, drive, "a")
        other = new_folder(catalog, drive, "b")
        for work in (
            lambda tx: tx.nodes.create(drive.id, drive.root_id, "a", Kind.FILE, NOW),
            lambda tx: tx.nodes.create(drive.id, drive.root_id, "a", Kind.FOLDER, NOW),
            lambda tx: tx.nodes.relocate(other.id, drive.root_id, "a"),
        ):
            with pytest.raises(ExistsError):
                catalog.write(work)
        assert listing(catalog, drive.root_id) == [other, file]

    def test_names_that_differ_in_case_are_two(self, catalog: Catalog, drive: Drive) -> None:
        nodes = [new_folder(catalog, drive, name) for name in ("README", "readme")]
        assert listing(catalog, drive.root_id) == nodes

    def test_what_is_gone_cannot_be_changed(self, catalog: Catalog, drive: Drive) -> None:
        node = new_folder(catalog, drive, "a")
        version = catalog.write(lambda tx: publish(tx, new_node(tx, drive, "v"), []))
        for work in (
            lambda tx: tx.nodes.relocate(GONE, drive.root_id, "b"),
            lambda tx: tx.nodes.relocate(node.id, GONE, "b"),
            lambda tx: tx.nodes.create(drive.id, GONE, "b", Kind.FOLDER, NOW),
            lambda tx: tx.nodes.create(DriveId(99), drive.root_id, "b", Kind.FOLDER, NOW),
            lambda tx: tx.nodes.touch(GONE, NOW),
            lambda tx: tx.nodes.detach(GONE),
            lambda tx: tx.nodes.set_version(GONE, version, NOW),
        ):
            with pytest.raises(NotFoundError):
                catalog.write(work)
        assert catalog.read(lambda tx: tx.nodes.get(GONE)) is None
        assert catalog.read(lambda tx: tx.nodes.get(node.id)) == node

    @pytest.mark.parametrize("name", ["\ud800", "a\udfff"])
    def test_what_no_database_holds_is_refused(self, catalog: Catalog, drive: Drive, name: str) -> None:
        for work in (
            lambda tx: tx.nodes.child(drive.root_id, name),
            lambda tx: tx.nodes.get(NodeId(2**63)),
            lambda tx: tx.nodes.list(
                drive.root_id,
                SortKey.SIZE,
                descending=False,
                after=NodeCursor(Kind.FILE, 2**70, "a"),
                limit=5,
            ),
        ):
            with pytest.raises(InvalidRequestError):
                catalog.read(work)

    def test_touch_and_set_version_show_in_the_node(self, catalog: Catalog, drive: Drive) -> None:
        file = new_file(catalog, drive, "a", [block(1, 70), block(2, 30)])
        assert (file.size, file.modified_us) == (100, NOW)
        assert file.version_id is not None
        assert file.sha256 is not None
        catalog.write(lambda tx: tx.nodes.touch(file.id, TimeUs(NOW + 5)))
        touched = catalog.read(lambda tx: tx.nodes.get(file.id))
        assert touched
        assert (touched.modified_us, touched.created_us, touched.version_id) == (NOW + 5, NOW, file.version_id)

    def test_a_move_takes_everything_below_along(self, catalog: Catalog, drive: Drive) -> None:
        one, two = (new_folder(catalog, drive, name) for name in ("one", "two"))
        inner = new_folder(catalog, drive, "inner", one)
        leaf = new_file(catalog, drive, "leaf", parent=inner)
        catalog.write(lambda tx: tx.nodes.relocate(inner.id, two.id, "renamed"))
        assert catalog.read(lambda tx: tx.nodes.child(one.id, "inner")) is None
        moved = catalog.read(lambda tx: tx.nodes.child(two.id, "renamed"))
        assert moved
        assert moved.id == inner.id
        assert catalog.read(lambda tx: tx.nodes.child(moved.id, "leaf")) == leaf
        assert catalog.read(lambda tx: tx.nodes.is_within(leaf.id, two.id))
        assert not catalog.read(lambda tx: tx.nodes.is_within(leaf.id, one.id))

    def test_is_within(self, catalog: Catalog, drive: Drive) -> None:
        a = new_folder(catalog, drive, "a")
        b = new_folder(catalog, drive, "b", a)
        c = new_file(catalog, drive, "c", parent=b)
        other = new_folder(catalog, drive, "other")
        stranger = new_drive(catalog)
        up = [c.id, b.id, a.id, drive.root_id]
        for at, node_id in enumerate(up):
            for ancestor in up:
                assert is_within(catalog, node_id, ancestor) == (ancestor in up[at:])
            assert not is_within(catalog, node_id, other.id)
            assert not is_within(catalog, node_id, stranger.root_id)
        assert not catalog.read(lambda tx: tx.nodes.is_within(GONE, drive.root_id))

    def test_detach_takes_a_tree_out_at_once(self, catalog: Catalog, drive: Drive) -> None:
        folder = new_folder(catalog, drive, "a")
        file = new_file(catalog, drive, "b", parent=folder)
        catalog.write(lambda tx: tx.nodes.detach(folder.id))
        catalog.write(lambda tx: tx.nodes.detach(folder.id))
        assert catalog.read(lambda tx: tx.nodes.child(drive.root_id, "a")) is None
        assert listing(catalog, drive.root_id) == []
        assert not catalog.read(lambda tx: tx.nodes.is_within(file.id, drive.root_id))
        found = catalog.read(lambda tx: tx.nodes.get(folder.id))
        assert found
        assert found.parent_id is None
        again = new_folder(catalog, drive, "a")
        assert again.id > file.id

    def test_a_root_cannot_be_detached(self, catalog: Catalog, drive: Drive) -> None:
        with pytest.raises(ConflictError):
            catalog.write(lambda tx: tx.nodes.detach(drive.root_id))
        assert purge_all(catalog) == [0]
        assert catalog.read(lambda tx: tx.nodes.get(drive.root_id))


class ListingContract(CatalogBase):
    @pytest.fixture
    def many(self, catalog: Catalog, drive: Drive) -> list[Node]:
        """Files and folders with many equal sizes, times and names that differ in case only."""
        names = ["a", "A", "b", "B10", "b2", "Ä", "ä", "z", "Ω", "ω", "ی", "日", "ß", "SS", "ss", "😀", "_", "~"]

        def work(tx: CatalogTx) -> list[Node]:
            made = []
            for at, name in enumerate(names):
                tx.nodes.create(drive.id, drive.root_id, f"{name}-dir", Kind.FOLDER, TimeUs(NOW + at % 3))
                node = tx.nodes.create(drive.id, drive.root_id, name, Kind.FILE, NOW)
                refs = [block(at, 1 + at % 4)]
                keep(tx, drive, refs)
                publish(tx, node, refs, TimeUs(NOW + at * 7 % 5))
                made += [name, f"{name}-dir"]
            found = [tx.nodes.child(drive.root_id, name) for name in made]
            return [node for node in found if node]

        nodes = catalog.write(work)
        assert len(nodes) == 2 * len(names)
        return nodes

    @pytest.mark.parametrize(("sort", "descending"), ORDERS)
    @pytest.mark.parametrize("limit", [1, 2, 7, 18, 35, 36, 37])
    def test_pages_of_any_length_make_the_whole_order(
        self, catalog: Catalog, drive: Drive, many: list[Node], sort: SortKey, *, descending: bool, limit: int
    ) -> None:
        assert listing(catalog, drive.root_id, sort, descending=descending, limit=limit) == in_order(
            many, sort, descending=descending
        )

    @pytest.mark.parametrize(("sort", "descending"), ORDERS)
    def test_a_cursor_outlives_its_row(
        self, catalog: Catalog, drive: Drive, many: list[Node], sort: SortKey, *, descending: bool
    ) -> None:
        expected = in_order(many, sort, descending=descending)
        gone = set()
        for at in (0, 5, 17, 18, 30, 35, 6):
            row = expected[at]
            detach(catalog, row.id)
            gone.add(row.id)
            after = cursor_of(row, sort)
            rest = list_page(catalog, drive.root_id, sort, descending=descending, after=after, limit=100)
            assert rest == [node for node in expected[at + 1 :] if node.id not in gone]

    def test_a_folder_shows_only_its_own(self, catalog: Catalog, drive: Drive, many: list[Node]) -> None:
        folder = next(node for node in many if node.kind is Kind.FOLDER)
        inside = new_file(catalog, drive, "inside", parent=folder)
        assert listing(catalog, folder.id) == [inside]
        assert listing(catalog, inside.id) == []
        assert listing(catalog, GONE) == []
        assert {node.id for node in listing(catalog, drive.root_id)} == {node.id for node in many}


def new_node(tx: CatalogTx, drive: Drive, name: str) -> Node:
    return tx.nodes.create(drive.id, drive.root_id, name, Kind.FILE, NOW)


def in_order(nodes: list[Node], sort: SortKey, *, descending: bool) -> list[Node]:
    """The order that a listing promises, made the plain way."""

    def key(node: Node) -> tuple[int | str, str, str]:
        cursor = cursor_of(node, sort)
        return (cursor.value, str(cursor_of(node, SortKey.NAME).value), node.name)

    by_kind = [sorted((n for n in nodes if n.kind is kind), key=key, reverse=descending) for kind in Kind]
    return [node for kind in by_kind for node in kind]
