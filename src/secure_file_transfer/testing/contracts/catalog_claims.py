"""What every catalog promises about claims on blocks."""

import pytest

from secure_file_transfer.errors import ConflictError
from secure_file_transfer.model import Account, AccountId, BlockId, Drive, DriveId, TimeUs
from secure_file_transfer.ports import Catalog, CatalogTx

from .catalog_kit import EVER, NOW, CatalogBase, block, keep, new_account, new_drive, new_file, purge_all, unreferenced

LATER = TimeUs(NOW + 1000)
ONE, TWO, THREE = (block(seed).id for seed in (1, 2, 3))


class ClaimsContract(CatalogBase):
    @pytest.fixture
    def sara(self, catalog: Catalog) -> Account:
        return new_account(catalog)

    def test_what_nobody_claims_and_no_version_names_is_nobodys(self, catalog: Catalog, sara: Account) -> None:
        store(catalog, sara.home_id, 1)
        assert claimable(catalog, sara, ONE) == {}

    def test_a_claim_lets_one_account_name_a_block_until_it_ends(self, catalog: Catalog, sara: Account) -> None:
        omid = new_account(catalog, "omid")
        store(catalog, sara.home_id, 1, 2)
        claim(catalog, sara, ONE)
        assert claimable(catalog, sara, ONE, TWO) == {ONE: 1000}
        assert claimable(catalog, sara, ONE, now=LATER) == {}
        assert catalog.read(lambda tx: tx.claims.claimable(omid.id, sara.home_id, [ONE], NOW)) == {}

    def test_a_block_that_a_version_of_the_drive_names_is_claimable_there_and_nowhere_else(
        self, catalog: Catalog, sara: Account
    ) -> None:
        home = catalog.read(lambda tx: tx.drives.get(sara.home_id))
        assert home
        new_file(catalog, home, "a", [block(1, 7)])
        assert claimable(catalog, sara, ONE, now=EVER) == {ONE: 7}
        other = new_drive(catalog)
        assert catalog.read(lambda tx: tx.claims.claimable(sara.id, other.id, [ONE], NOW)) == {}

    def test_a_claim_in_one_drive_is_none_in_another(self, catalog: Catalog, sara: Account, drive: Drive) -> None:
        store(catalog, drive.id, 1)
        claim(catalog, sara, ONE)
        assert claimable(catalog, sara, ONE) == {}

    def test_a_second_claim_prolongs_and_never_shortens(self, catalog: Catalog, sara: Account) -> None:
        store(catalog, sara.home_id, 1)
        claim(catalog, sara, ONE, until=LATER)
        claim(catalog, sara, ONE, until=TimeUs(LATER + 5))
        claim(catalog, sara, ONE, until=TimeUs(NOW + 1))
        assert claimable(catalog, sara, ONE, now=TimeUs(LATER + 4)) == {ONE: 1000}
        assert claimable(catalog, sara, ONE, now=TimeUs(LATER + 5)) == {}

    def test_a_claim_on_a_block_that_is_not_there_is_none(self, catalog: Catalog, sara: Account) -> None:
        claim(catalog, sara, ONE)
        store(catalog, sara.home_id, 1)
        assert claimable(catalog, sara, ONE) == {}

    def test_a_claim_of_nobody_is_refused(self, catalog: Catalog, drive: Drive) -> None:
        store(catalog, drive.id, 1)
        with pytest.raises(ConflictError):
            catalog.write(lambda tx: tx.claims.add(AccountId(77), [ONE], LATER))

    def test_a_claimed_block_is_not_swept_and_a_free_one_is(self, catalog: Catalog, sara: Account) -> None:
        store(catalog, sara.home_id, 1, 2, 3)
        claim(catalog, sara, ONE, TWO)
        assert unreferenced(catalog) == {THREE}
        assert catalog.write(lambda tx: tx.blocks.delete_unreferenced([ONE, THREE])) == {THREE}

    def test_a_claim_can_be_shortened_and_not_prolonged_so(self, catalog: Catalog, sara: Account) -> None:
        store(catalog, sara.home_id, 1, 2, 3)
        claim(catalog, sara, ONE, TWO)
        soon = TimeUs(NOW + 5)
        catalog.write(lambda tx: tx.claims.shorten(sara.id, [TWO, THREE], soon))
        catalog.write(lambda tx: tx.claims.shorten(sara.id, [ONE], EVER))
        assert claimable(catalog, sara, ONE, TWO, THREE, now=TimeUs(soon - 1)) == {ONE: 1000, TWO: 1000}
        assert claimable(catalog, sara, ONE, TWO, THREE, now=soon) == {ONE: 1000}
        assert claimable(catalog, sara, ONE, now=LATER) == {}

    def test_each_account_has_its_own_claim(self, catalog: Catalog, sara: Account) -> None:
        omid = new_account(catalog, "omid")
        store(catalog, sara.home_id, 1)
        claim(catalog, sara, ONE)
        claim(catalog, omid, ONE)
        catalog.write(lambda tx: tx.claims.shorten(sara.id, [ONE], NOW))
        assert catalog.write(lambda tx: tx.claims.delete_expired(NOW, 10)) == 1
        assert unreferenced(catalog) == set()
        catalog.write(lambda tx: tx.claims.shorten(omid.id, [ONE], NOW))
        assert catalog.write(lambda tx: tx.claims.delete_expired(NOW, 10)) == 1
        assert unreferenced(catalog) == {ONE}

    def test_ended_claims_are_forgotten_in_batches(self, catalog: Catalog, sara: Account) -> None:
        store(catalog, sara.home_id, 1, 2, 3)
        claim(catalog, sara, ONE, TWO)
        claim(catalog, sara, THREE, until=TimeUs(LATER + 1))
        assert catalog.write(lambda tx: tx.claims.delete_expired(TimeUs(LATER - 1), 10)) == 0
        done = [catalog.write(lambda tx: tx.claims.delete_expired(LATER, 1)) for _ in range(3)]
        assert done == [1, 1, 0]
        assert unreferenced(catalog) == {ONE, TWO}

    def test_claims_go_with_their_account(self, catalog: Catalog, sara: Account) -> None:
        store(catalog, sara.home_id, 1)
        claim(catalog, sara, ONE)
        catalog.write(lambda tx: tx.accounts.delete(sara.id))
        assert unreferenced(catalog) == {ONE}

    def test_a_claim_stands_when_the_versions_of_the_block_go(self, catalog: Catalog, sara: Account) -> None:
        home = catalog.read(lambda tx: tx.drives.get(sara.home_id))
        assert home
        node = new_file(catalog, home, "a", [block(1)])
        claim(catalog, sara, ONE)
        catalog.write(lambda tx: tx.nodes.detach(node.id))
        purge_all(catalog)
        assert claimable(catalog, sara, ONE) == {ONE: 1000}, "the claim still stands"
        assert claimable(catalog, sara, ONE, now=LATER) == {}


def store(catalog: Catalog, drive_id: DriveId, *seeds: int) -> None:
    def work(tx: CatalogTx) -> None:
        drive = tx.drives.get(drive_id)
        assert drive
        keep(tx, drive, [block(seed) for seed in seeds], b"inline")

    catalog.write(work)


def claim(catalog: Catalog, account: Account, *ids: BlockId, until: TimeUs = LATER) -> None:
    catalog.write(lambda tx: tx.claims.add(account.id, ids, until))


def claimable(catalog: Catalog, account: Account, *ids: BlockId, now: TimeUs = NOW) -> dict[BlockId, int]:
    return catalog.read(lambda tx: tx.claims.claimable(account.id, account.home_id, ids, now))
