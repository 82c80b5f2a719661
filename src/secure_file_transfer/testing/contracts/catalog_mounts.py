"""What every catalog promises about folder drives."""

import pytest

from secure_file_transfer.errors import ExistsError
from secure_file_transfer.model import DriveId, Kind, Mount, Rights, Role
from secure_file_transfer.ports import Catalog, CatalogTx

from .catalog_kit import NOW, CatalogBase, new_account


def new_mount(catalog: Catalog, name: str, kind: Kind = Kind.FOLDER) -> Mount:
    def work(tx: CatalogTx) -> DriveId:
        drive = tx.drives.create(name, None, NOW)
        tx.mounts.create(drive.id, name, f"/srv/{name}", f"{name} itself", kind, NOW)
        return drive.id

    drive_id = catalog.write(work)
    mount = catalog.read(lambda tx: tx.mounts.get(drive_id))
    assert mount is not None
    return mount


class MountsContract(CatalogBase):
    def test_a_mount_says_what_a_drive_shows(self, catalog: Catalog) -> None:
        new, old = new_mount(catalog, "New"), new_mount(catalog, "an old one", Kind.FILE)
        assert (new.name, new.path, new.kind, new.created_us) == ("New", "/srv/New", Kind.FOLDER, NOW)
        assert catalog.read(lambda tx: tx.mounts.all()) == [old, new]
        assert catalog.read(lambda tx: tx.mounts.by_name("nEW")) == new
        assert catalog.read(lambda tx: tx.mounts.by_name("ne")) is None
        root = catalog.read(lambda tx: tx.nodes.get(old.root_id))
        assert root is not None
        assert (root.name, root.kind, root.parent_id) == ("an old one itself", Kind.FILE, None)
        home = new_account(catalog).home_id
        assert catalog.read(lambda tx: tx.mounts.get(home)) is None

    def test_a_name_is_taken_once_whatever_its_case(self, catalog: Catalog) -> None:
        new_mount(catalog, "Photos")
        with pytest.raises(ExistsError, match="pHOTOS"):
            new_mount(catalog, "pHOTOS")
        assert len(catalog.read(lambda tx: tx.drives.all())) == 1

    def test_grants_on_its_root_count_though_nobody_owns_it(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog), new_account(catalog, "omid")
        red = catalog.write(lambda tx: tx.groups.create("red", NOW))
        catalog.write(lambda tx: tx.groups.add(red.id, sara.id))
        mount, other = new_mount(catalog, "photos"), new_mount(catalog, "other")
        catalog.write(lambda tx: tx.grants.put(mount.root_id, sara.id, None, Rights.READ, NOW))
        catalog.write(lambda tx: tx.grants.put(mount.root_id, None, red.id, Rights.CREATE, NOW))
        both = Rights.READ | Rights.CREATE
        assert catalog.read(lambda tx: tx.grants.rights(sara.id, mount.root_id)) == both
        assert catalog.read(lambda tx: tx.mounts.received(sara.id)) == [(mount, both)]
        assert catalog.read(lambda tx: tx.grants.rights(sara.id, other.root_id)) == Rights.NONE
        assert catalog.read(lambda tx: tx.mounts.received(omid.id)) == []
        assert catalog.read(lambda tx: tx.grants.received(sara.id)) == []

    def test_all_of_it_goes_with_its_drive(self, catalog: Catalog) -> None:
        sara = new_account(catalog, role=Role.ADMIN)
        mount = new_mount(catalog, "photos")
        catalog.write(lambda tx: tx.grants.put(mount.root_id, sara.id, None, Rights.READ, NOW))
        link = catalog.write(lambda tx: tx.links.create(mount.root_id, sara.id, (b"s", b"h"), Rights.READ, NOW))
        catalog.write(lambda tx: tx.drives.delete(mount.drive_id))
        assert catalog.read(lambda tx: tx.mounts.get(mount.drive_id)) is None
        assert catalog.read(lambda tx: tx.mounts.received(sara.id)) == []
        assert catalog.read(lambda tx: tx.links.of(sara.id)) == []
        assert catalog.read(lambda tx: tx.links.get(link.id)) is None
        assert catalog.read(lambda tx: tx.nodes.get(mount.root_id)) is None
        new_mount(catalog, "photos")

    def test_a_link_to_it_lives_while_its_maker_is_an_operator(self, catalog: Catalog) -> None:
        sara = new_account(catalog, role=Role.ADMIN)
        mount = new_mount(catalog, "photos")
        link = catalog.write(lambda tx: tx.links.create(mount.root_id, sara.id, (b"s", b"h"), Rights.READ, NOW))
        assert (link.drive_id, link.target, link.kind) == (mount.drive_id, "photos itself", Kind.FOLDER)
        assert catalog.read(lambda tx: tx.links.by_secret(b"h")) == link
        catalog.write(lambda tx: tx.accounts.set_role(sara.id, Role.USER))
        assert catalog.read(lambda tx: tx.links.get(link.id)) is None
        assert catalog.read(lambda tx: tx.links.by_secret(b"h")) is None
