"""What every catalog promises about uploads and the blocks that they hold."""

from dataclasses import replace

import pytest

from secure_file_transfer.errors import ExistsError, NotFoundError, StorageError
from secure_file_transfer.model import Account, BlockRef, Conflict, Drive, DriveId, TimeUs, Upload, UploadId
from secure_file_transfer.ports import Catalog
from secure_file_transfer.testing.clock import FakeClock

from .catalog_kit import HOSTILE, NOW, CatalogBase, block, keep, new_account, new_file, unreferenced

ONE = UploadId("one")
LATER = TimeUs(NOW + 10)


def new_upload(catalog: Catalog, account: Account, upload_id: UploadId = ONE, *refs: BlockRef) -> Upload:
    upload = Upload(
        upload_id, account.id, account.home_id, "/a", 10_000, 0, TimeUs(5), Conflict.NEWER, "", "filename YQ==", LATER
    )

    catalog.write(lambda tx: tx.uploads.create(upload))
    if refs:
        extend(catalog, 0, *refs, upload_id=upload_id)
    return upload


def extend(catalog: Catalog, drop: int, *refs: BlockRef, upload_id: UploadId = ONE) -> None:
    catalog.write(lambda tx: tx.uploads.extend(upload_id, drop, refs, LATER))


def manifest(catalog: Catalog, upload_id: UploadId = ONE) -> list[BlockRef]:
    return list(catalog.read(lambda tx: tx.uploads.manifest(upload_id)))


class UploadsContract(CatalogBase):
    @pytest.fixture
    def account(self, catalog: Catalog) -> Account:
        return new_account(catalog)

    def test_an_upload_comes_back(self, catalog: Catalog, account: Account) -> None:
        upload = new_upload(catalog, account)
        assert catalog.read(lambda tx: tx.uploads.get(ONE)) == upload
        assert catalog.read(lambda tx: tx.uploads.get(UploadId("two"))) is None
        assert catalog.read(lambda tx: tx.uploads.count(account.id)) == 1
        with pytest.raises(ExistsError):
            catalog.write(lambda tx: tx.uploads.create(upload))
        partial = replace(upload, id=UploadId("two"), path="", length=None, modified_us=None, concat="partial")
        catalog.write(lambda tx: tx.uploads.create(partial))
        assert catalog.read(lambda tx: tx.uploads.get(partial.id)) == partial
        catalog.write(lambda tx: tx.uploads.set_length(partial.id, 7))
        assert catalog.read(lambda tx: tx.uploads.get(partial.id)) == replace(partial, length=7)

    def test_the_newest_to_a_place_is_found_while_it_is_unfinished(self, catalog: Catalog, account: Account) -> None:
        def newest(path: str = "/a", of: Account = account, drive_id: DriveId = account.home_id) -> Upload | None:
            return catalog.read(lambda tx: tx.uploads.newest(of.id, drive_id, path))

        assert newest() is None
        first = new_upload(catalog, account)
        second = new_upload(catalog, account, UploadId("two"))
        assert newest() == second
        assert newest("/A") is newest("/") is newest("") is None
        assert newest(of=new_account(catalog, "other")) is None
        assert newest(drive_id=DriveId(account.home_id + 1000)) is None
        catalog.write(lambda tx: tx.uploads.publish(second.id, "/a", b"x" * 32))
        assert newest() == first
        catalog.write(lambda tx: tx.uploads.delete(first.id))
        assert newest() is None

    @pytest.mark.parametrize("text", HOSTILE)
    def test_texts_come_back_as_they_are(self, catalog: Catalog, account: Account, text: str) -> None:
        upload = replace(new_upload(catalog, account), id=UploadId(text), path=text, concat=text, metadata=text)
        catalog.write(lambda tx: tx.uploads.create(upload))
        assert catalog.read(lambda tx: tx.uploads.get(upload.id)) == upload

    def test_blocks_are_held_until_they_are_replaced_or_the_upload_goes(
        self, catalog: Catalog, drive: Drive, account: Account
    ) -> None:
        refs = [block(n, 100 + n) for n in range(6)]
        catalog.write(lambda tx: keep(tx, drive, refs))
        new_upload(catalog, account)
        extend(catalog, 0, refs[0], refs[1], refs[1])
        assert manifest(catalog) == [refs[0], refs[1], refs[1]]
        extend(catalog, 1, refs[2])
        extend(catalog, 0, refs[3])
        assert manifest(catalog) == [refs[0], refs[1], refs[2], refs[3]]
        found = catalog.read(lambda tx: tx.uploads.get(ONE))
        assert found
        assert found.offset == 100 + 101 + 102 + 103
        assert unreferenced(catalog) == {refs[4].id, refs[5].id}
        extend(catalog, 4, refs[4])
        assert manifest(catalog) == [refs[4]]
        assert unreferenced(catalog) == {ref.id for ref in refs} - {refs[4].id}
        catalog.write(lambda tx: tx.uploads.delete(ONE))
        assert unreferenced(catalog) == {ref.id for ref in refs}
        assert catalog.read(lambda tx: tx.uploads.get(ONE)) is None
        catalog.write(lambda tx: tx.uploads.delete(ONE))

    def test_the_tail_is_the_last_blocks_in_order(self, catalog: Catalog, drive: Drive, account: Account) -> None:
        refs = [block(n) for n in range(5)]
        catalog.write(lambda tx: keep(tx, drive, refs))
        new_upload(catalog, account, ONE, *refs)
        assert catalog.read(lambda tx: tx.uploads.tail(ONE, 2)) == tuple(refs[-2:])
        assert catalog.read(lambda tx: tx.uploads.tail(ONE, 9)) == tuple(refs)
        assert catalog.read(lambda tx: tx.uploads.tail(UploadId("two"), 9)) == ()

    def test_a_block_that_is_not_there_is_refused(self, catalog: Catalog, drive: Drive, account: Account) -> None:
        catalog.write(lambda tx: keep(tx, drive, [block(1)]))
        new_upload(catalog, account, ONE, block(1))
        with pytest.raises(StorageError):
            extend(catalog, 1, block(2))
        assert manifest(catalog) == [block(1)]
        with pytest.raises(NotFoundError):
            extend(catalog, 0, block(1), upload_id=UploadId("two"))

    def test_a_published_upload_is_remembered_without_its_blocks(
        self, catalog: Catalog, drive: Drive, account: Account, clock: FakeClock
    ) -> None:
        catalog.write(lambda tx: keep(tx, drive, [block(1)]))
        upload = new_upload(catalog, account, ONE, block(1))
        clock.set(clock.now_us() + 1000)
        catalog.write(lambda tx: tx.uploads.publish(ONE, "/a (1)", b"s" * 32))
        assert catalog.read(lambda tx: tx.uploads.get(ONE)) == replace(
            upload, offset=1000, published="/a (1)", sha256=b"s" * 32
        )
        assert manifest(catalog) == []
        assert unreferenced(catalog, clock.now_us()) == set(), "its last use was just now"
        assert unreferenced(catalog) == {block(1).id}

    def test_uploads_and_versions_count_their_references_apart(
        self, catalog: Catalog, drive: Drive, account: Account
    ) -> None:
        new_file(catalog, drive, "a", [block(1)])
        new_upload(catalog, account, ONE, block(1))
        catalog.write(lambda tx: tx.uploads.delete(ONE))
        assert unreferenced(catalog) == set()

    def test_what_has_expired_or_lost_its_account_is_found(self, catalog: Catalog, account: Account) -> None:
        other = new_account(catalog, "bob")
        new_upload(catalog, account)
        new_upload(catalog, other, UploadId("two"))
        assert catalog.read(lambda tx: tx.uploads.expired(NOW, 9)) == []
        assert set(catalog.read(lambda tx: tx.uploads.expired(LATER, 9))) == {"one", "two"}
        assert len(catalog.read(lambda tx: tx.uploads.expired(LATER, 1))) == 1
        catalog.write(lambda tx: tx.accounts.delete(other.id))
        assert catalog.read(lambda tx: tx.uploads.expired(NOW, 9)) == ["two"]
        found = catalog.read(lambda tx: tx.uploads.get(UploadId("two")))
        assert found
        assert found.account_id is None
