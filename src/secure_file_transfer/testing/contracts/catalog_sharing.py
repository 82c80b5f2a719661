"""What every catalog promises about groups and grants."""

import pytest

from secure_file_transfer.errors import ExistsError, NotFoundError
from secure_file_transfer.model import Account, AccountId, Drive, GroupId, Node, NodeId, Rights
from secure_file_transfer.ports import Catalog

from .catalog_kit import NOW, CatalogBase, new_account, new_file, new_folder, purge_all

READ, CREATE = Rights.READ, Rights.CREATE


class SharingContract(CatalogBase):
    @pytest.fixture
    def sara(self, catalog: Catalog) -> Account:
        return new_account(catalog)

    @pytest.fixture
    def omid(self, catalog: Catalog) -> Account:
        return new_account(catalog, "omid")

    @pytest.fixture
    def home(self, catalog: Catalog, sara: Account) -> Drive:
        drive = catalog.read(lambda tx: tx.drives.get(sara.home_id))
        assert drive
        return drive

    @pytest.fixture
    def folder(self, catalog: Catalog, home: Drive) -> Node:
        return new_folder(catalog, home, "folder")

    def test_groups_have_names_and_members(self, catalog: Catalog, sara: Account, omid: Account) -> None:
        red = catalog.write(lambda tx: tx.groups.create("Red", NOW))
        blue = catalog.write(lambda tx: tx.groups.create("blue", NOW))
        assert catalog.read(lambda tx: tx.groups.by_name("rED")) == red
        assert catalog.read(lambda tx: tx.groups.all()) == [blue, red]
        for name in ("RED", "blue"):
            with pytest.raises(ExistsError):
                catalog.write(lambda tx, name=name: tx.groups.create(name, NOW))  # type: ignore[misc]
        with pytest.raises(ExistsError):
            catalog.write(lambda tx: tx.groups.rename(red.id, "Blue"))
        catalog.write(lambda tx: tx.groups.rename(red.id, "green"))
        for each in (sara, omid, sara):
            catalog.write(lambda tx, each=each: tx.groups.add(red.id, each.id))  # type: ignore[misc]
        assert catalog.read(lambda tx: tx.groups.members(red.id)) == [omid, sara]
        assert catalog.write(lambda tx: [tx.groups.remove(red.id, sara.id) for _ in range(2)]) == [True, False]
        catalog.write(lambda tx: tx.accounts.delete(omid.id))
        assert catalog.read(lambda tx: tx.groups.members(red.id)) == []
        catalog.write(lambda tx: tx.groups.delete(red.id))
        assert catalog.read(lambda tx: tx.groups.by_name("green")) is None
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.groups.rename(red.id, "x"))
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.groups.add(red.id, sara.id))

    def test_a_grant_replaces_the_one_before(self, catalog: Catalog, home: Drive, folder: Node, omid: Account) -> None:
        catalog.write(lambda tx: tx.grants.put(folder.id, omid.id, None, Rights.ALL, NOW))
        catalog.write(lambda tx: tx.grants.put(folder.id, omid.id, None, READ, NOW))
        (grant,) = catalog.read(lambda tx: tx.grants.of_drive(home.id))
        assert (grant.node_id, grant.account_id, grant.group_id) == (folder.id, omid.id, None)
        assert (grant.to, grant.rights) == ("omid", READ)
        assert catalog.write(lambda tx: tx.grants.delete(folder.id, omid.id, None)) == 1
        assert catalog.write(lambda tx: tx.grants.delete(folder.id, omid.id, None)) == 0
        assert catalog.read(lambda tx: tx.grants.of_drive(home.id)) == []

    def test_grants_are_read_page_by_page_of_everybody_or_of_one_drive(
        self, catalog: Catalog, sara: Account, omid: Account, home: Drive, folder: Node
    ) -> None:
        other = catalog.read(lambda tx: tx.drives.get(omid.home_id))
        assert other
        theirs = new_folder(catalog, other, "theirs")
        red = catalog.write(lambda tx: tx.groups.create("red", NOW))
        catalog.write(lambda tx: tx.grants.put(folder.id, omid.id, None, READ, NOW))
        catalog.write(lambda tx: tx.grants.put(folder.id, None, red.id, CREATE, NOW))
        catalog.write(lambda tx: tx.grants.put(theirs.id, sara.id, None, READ, NOW))
        first, second = catalog.read(lambda tx: tx.grants.page(None, 0, 2))
        (third,) = catalog.read(lambda tx: tx.grants.page(None, second.number, 2))
        assert [each.grant.to for each in (first, second, third)] == ["omid", "@red", "sara"]
        assert [each.drive_id for each in (first, second, third)] == [home.id, home.id, other.id]
        assert catalog.read(lambda tx: tx.grants.page(other.id, 0, 9)) == [third]
        assert catalog.read(lambda tx: tx.grants.get(second.number)) == second
        assert catalog.read(lambda tx: tx.grants.get(999)) is None

    def test_rights_are_the_union_of_all_grants_on_the_way_up(
        self, catalog: Catalog, home: Drive, folder: Node, omid: Account
    ) -> None:
        group = catalog.write(lambda tx: tx.groups.create("red", NOW))
        file = new_file(catalog, home, "file", parent=folder)
        catalog.write(lambda tx: tx.groups.add(group.id, omid.id))
        catalog.write(lambda tx: tx.grants.put(folder.id, None, group.id, CREATE, NOW))
        catalog.write(lambda tx: tx.grants.put(file.id, omid.id, None, READ, NOW))
        assert rights(catalog, omid.id, file.id) == READ | CREATE
        assert rights(catalog, omid.id, folder.id) == CREATE
        assert rights(catalog, omid.id, home.root_id) == Rights.NONE
        received = catalog.read(lambda tx: tx.grants.received(omid.id))
        assert [(each.owner, each.node.id, each.rights) for each in received] == [
            ("sara", folder.id, CREATE),
            ("sara", file.id, READ),
        ]
        assert {each.to for each in catalog.read(lambda tx: tx.grants.of_drive(home.id))} == {"@red", "omid"}
        catalog.write(lambda tx: tx.groups.delete(group.id))
        assert rights(catalog, omid.id, file.id) == READ
        assert catalog.write(lambda tx: tx.grants.delete(file.id, None, None)) == 1
        assert catalog.read(lambda tx: tx.grants.received(omid.id)) == []

    def test_grants_end_with_their_node_account_and_owner(
        self, catalog: Catalog, home: Drive, folder: Node, sara: Account, omid: Account
    ) -> None:
        below, third = new_folder(catalog, home, "below", folder), new_account(catalog, "tara")
        for node in (folder, below):
            for account in (omid, third):
                catalog.write(lambda tx, n=node.id, a=account.id: tx.grants.put(n, a, None, READ, NOW))  # type: ignore[misc]
        assert catalog.read(lambda tx: tx.grants.received(sara.id)) == []
        catalog.write(lambda tx: tx.accounts.delete(third.id))
        assert [each.to for each in catalog.read(lambda tx: tx.grants.of_drive(home.id))] == ["omid", "omid"]
        catalog.write(lambda tx: tx.nodes.detach(folder.id))
        assert rights(catalog, omid.id, below.id) == Rights.NONE
        assert catalog.read(lambda tx: tx.grants.received(omid.id)) == []
        purge_all(catalog)
        assert catalog.read(lambda tx: tx.grants.of_drive(home.id)) == []
        other = new_folder(catalog, home, "other")
        catalog.write(lambda tx: tx.grants.put(other.id, omid.id, None, READ, NOW))
        assert rights(catalog, omid.id, other.id) == READ
        catalog.write(lambda tx: tx.drives.set_owner(home.id, None))
        assert rights(catalog, omid.id, other.id) == Rights.NONE
        assert catalog.read(lambda tx: tx.grants.received(omid.id)) == []

    def test_a_grant_of_or_to_nothing_is_refused(self, catalog: Catalog, folder: Node, omid: Account) -> None:
        for node_id, to, group in (
            (NodeId(10**6), omid.id, None),
            (folder.id, AccountId(10**6), None),
            (folder.id, None, GroupId(10**6)),
        ):
            with pytest.raises(NotFoundError):
                catalog.write(lambda tx, n=node_id, t=to, g=group: tx.grants.put(n, t, g, READ, NOW))  # type: ignore[misc]


def rights(catalog: Catalog, account_id: AccountId, node_id: NodeId) -> Rights:
    return catalog.read(lambda tx: tx.grants.rights(account_id, node_id))
