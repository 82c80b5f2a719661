"""What every catalog promises about what accounts may hold, how they are described, and what gives them a password."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from secure_file_transfer.errors import NotFoundError
from secure_file_transfer.model import Account, AccountId, Conflict, Drive, Kind, NodeId, TimeUs, Upload, UploadId
from secure_file_transfer.ports import Catalog, DriveRoom

from .catalog_kit import HOSTILE, NOW, CatalogBase, block, detach, keep, new_account, new_file, purge_all

LATER = TimeUs(NOW + 10)
CODE = b"c" * 32


class LimitsContract(CatalogBase):
    @pytest.fixture
    def sara(self, catalog: Catalog) -> Account:
        account = new_account(catalog, "sara")
        catalog.write(lambda tx: tx.drives.set_owner(account.home_id, account.id))
        return account

    @pytest.fixture
    def home(self, catalog: Catalog, sara: Account) -> Drive:
        drive = catalog.read(lambda tx: tx.drives.get(sara.home_id))
        assert drive
        return drive

    @pytest.mark.parametrize("text", ["", *HOSTILE])
    def test_details_come_back_as_they_are(self, catalog: Catalog, sara: Account, text: str) -> None:
        described = replace(
            sara, quota_bytes=2**62, quota_files=7, email=text, note=text, expires_us=LATER, disabled=True, rate_up=9
        )
        catalog.write(lambda tx: tx.accounts.set_details(described))
        found = catalog.read(lambda tx: tx.accounts.get(sara.id))
        assert found == replace(described, disabled=False, rate_up=0), "what else there is has its own ways"
        catalog.write(lambda tx: tx.accounts.set_details(sara))
        assert catalog.read(lambda tx: tx.accounts.by_name("sara")) == sara

    def test_those_who_wait_are_counted(self, catalog: Catalog, sara: Account) -> None:
        omid = new_account(catalog, "omid")
        catalog.write(lambda tx: tx.accounts.set_pending(omid.id, pending=True))
        assert catalog.read(lambda tx: tx.accounts.count_pending()) == 1
        assert [each.pending for each in catalog.read(lambda tx: tx.accounts.all())] == [True, False]
        catalog.write(lambda tx: tx.accounts.set_pending(omid.id, pending=False))
        assert catalog.read(lambda tx: tx.accounts.all()) == [omid, sara]

    def test_nothing_is_set_of_an_account_that_is_not_there(self, catalog: Catalog, sara: Account) -> None:
        gone = replace(sara, id=AccountId(4711))
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.accounts.set_details(gone))
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.accounts.set_pending(gone.id, pending=True))
        with pytest.raises(NotFoundError):
            catalog.write(lambda tx: tx.accounts.set_reset(gone.id, CODE, LATER))

    def test_a_reset_is_found_until_it_ends_is_replaced_forgotten_or_its_account_goes(
        self, catalog: Catalog, sara: Account
    ) -> None:
        def whose(code: bytes = CODE, now: TimeUs = NOW) -> Account | None:
            return catalog.read(lambda tx: tx.accounts.by_reset(code, now))

        catalog.write(lambda tx: tx.accounts.set_reset(sara.id, CODE, LATER))
        assert (whose(), whose(now=LATER), whose(b"x" * 32)) == (sara, None, None)
        catalog.write(lambda tx: tx.accounts.set_reset(sara.id, b"d" * 32, LATER))
        assert (whose(), whose(b"d" * 32)) == (None, sara)
        catalog.write(lambda tx: tx.accounts.forget_reset(sara.id))
        assert whose(b"d" * 32) is None
        catalog.write(lambda tx: tx.accounts.set_reset(sara.id, CODE, LATER))
        catalog.write(lambda tx: tx.accounts.delete(sara.id))
        assert whose() is None

    def test_the_room_of_a_drive_is_its_owners(self, catalog: Catalog, sara: Account, home: Drive) -> None:
        new_file(catalog, home, "a", [block(1, 100)])
        assert catalog.read(lambda tx: tx.drives.room(home.id)) == DriveRoom(100, 1, 0, 0)
        catalog.write(lambda tx: tx.accounts.set_details(replace(sara, quota_bytes=5, quota_files=6)))
        assert catalog.read(lambda tx: tx.drives.room(home.id)) == DriveRoom(100, 1, 5, 6)
        catalog.write(lambda tx: tx.drives.set_owner(home.id, None))
        assert catalog.read(lambda tx: tx.drives.room(home.id)) == DriveRoom(0, 0, 0, 0)

    def test_what_was_removed_is_counted_until_it_is_purged(self, catalog: Catalog, home: Drive, drive: Drive) -> None:
        top = catalog.write(lambda tx: tx.nodes.create(home.id, home.root_id, "top", Kind.FOLDER, NOW))
        below = catalog.write(lambda tx: tx.nodes.create(home.id, top.id, "below", Kind.FOLDER, NOW))
        new_file(catalog, home, "kept", [block(1, 1)])
        for number, parent in enumerate((top, below, below)):
            new_file(catalog, home, f"f{number}", [block(number + 2, 10)], parent)
        lone = new_file(catalog, home, "lone", [block(9, 100)])
        other = new_file(catalog, drive, "other", [block(8, 1000)])

        def removed(limit: int = 100) -> tuple[int, int]:
            return catalog.read(lambda tx: tx.drives.removed(home.id, limit))

        assert removed() == (0, 0)
        for each in (top.id, lone.id, other.id):
            detach(catalog, NodeId(each))
        assert removed() == (130, 4)
        assert removed(1)[1] <= 1, "no more nodes are looked at than asked for"
        purge_all(catalog)
        assert removed() == (0, 0)

    def test_unfinished_uploads_of_a_drive_are_counted(
        self, catalog: Catalog, sara: Account, home: Drive, drive: Drive
    ) -> None:
        refs = [block(seed, 10) for seed in range(3)]
        catalog.write(lambda tx: keep(tx, home, refs))
        for name, drive_id in (("one", home.id), ("two", home.id), ("three", drive.id)):
            upload = Upload(UploadId(name), sara.id, drive_id, "/a", None, 0, None, Conflict.SKIP, "", "", LATER)
            catalog.write(lambda tx, upload=upload: tx.uploads.create(upload))  # type: ignore[misc]
            catalog.write(lambda tx, upload=upload: tx.uploads.extend(upload.id, 0, refs, LATER))  # type: ignore[misc]
        assert catalog.read(lambda tx: tx.uploads.unfinished(home.id)) == 60
        catalog.write(lambda tx: tx.uploads.publish(UploadId("one"), "/a", b"s" * 32))
        assert catalog.read(lambda tx: tx.uploads.unfinished(home.id)) == 30

    def test_blocks_that_only_claims_keep_are_counted(self, catalog: Catalog, sara: Account, home: Drive) -> None:
        def held(refs: Sequence[int] = (), now: TimeUs = NOW) -> int:
            for seed in refs:
                ids = [block(seed, 10).id]
                catalog.write(lambda tx, ids=ids: tx.claims.add(sara.id, ids, LATER))  # type: ignore[misc]
            return catalog.read(lambda tx: tx.claims.held(sara.id, now))

        catalog.write(lambda tx: keep(tx, home, [block(seed, 10) for seed in range(3)]))
        assert held() == 0
        assert held([0, 1]) == 20
        new_file(catalog, home, "a", [block(0, 10)])
        assert held() == 10
        assert held(now=LATER) == 0

    def test_a_session_is_found_by_its_new_token_only(self, catalog: Catalog, sara: Account) -> None:
        session = catalog.write(lambda tx: tx.sessions.create(sara.id, b"old", "http", "::1", "", NOW, LATER))
        catalog.write(lambda tx: tx.sessions.set_token(session.id, b"new"))
        assert catalog.read(lambda tx: tx.sessions.by_token(b"old")) is None
        assert catalog.read(lambda tx: tx.sessions.by_token(b"new")) == (session, sara)
