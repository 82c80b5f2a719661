"""What every catalog promises about jobs."""

from dataclasses import replace

import pytest

from secure_file_transfer.errors import NotFoundError
from secure_file_transfer.model import AccountId, Job, JobId, JobState, TimeUs, TokenId
from secure_file_transfer.ports import Catalog

from .catalog_kit import HOSTILE, NOW, CatalogBase, new_account

NOTHING = JobId(4711)


def begun(catalog: Catalog, account_id: AccountId, token: int | None = None) -> JobId:
    token_id = None if token is None else TokenId(token)
    return catalog.write(lambda tx: tx.jobs.create(account_id, token_id, "zip", {"paths": list(HOSTILE)}, NOW))


def got(catalog: Catalog, job_id: JobId) -> Job:
    found = catalog.read(lambda tx: tx.jobs.get(job_id))
    assert found is not None
    return found


def end(catalog: Catalog, job_id: JobId, when: int) -> None:
    catalog.write(
        lambda tx: tx.jobs.save(replace(got(catalog, job_id), state=JobState.DONE, ended_us=TimeUs(NOW + when)))
    )


class JobsContract(CatalogBase):
    def test_a_new_job_waits(self, catalog: Catalog) -> None:
        account = new_account(catalog, "sara")
        job_id = begun(catalog, account.id, token=7)
        assert got(catalog, job_id) == Job(
            job_id, account.id, "sara", TokenId(7), "zip", {"paths": list(HOSTILE)}, JobState.WAITING, NOW
        )
        assert catalog.read(lambda tx: tx.jobs.get(NOTHING)) is None

    def test_it_belongs_to_an_account(self, catalog: Catalog) -> None:
        with pytest.raises(NotFoundError):
            begun(catalog, AccountId(4711))
        account = new_account(catalog)
        job_id = begun(catalog, account.id)
        catalog.write(lambda tx: tx.accounts.delete(account.id))
        assert catalog.read(lambda tx: tx.jobs.get(job_id)) is None

    def test_all_that_changes_is_kept(self, catalog: Catalog) -> None:
        job_id = begun(catalog, new_account(catalog).id)
        changed = replace(
            got(catalog, job_id),
            state=JobState.FAILED,
            size=1 << 50,
            size_total=1 << 51,
            items=3,
            items_total=4,
            percent=50,
            rate=1 << 30,
            eta=7,
            message=HOSTILE[0],
            place={"at": [["/a", None]]},
            result={"damaged": [HOSTILE[1]]},
            code="no_space",
            error=HOSTILE[2],
            started_us=TimeUs(NOW + 1),
            ended_us=TimeUs(NOW + 2),
        )
        catalog.write(lambda tx: tx.jobs.save(changed))
        assert got(catalog, job_id) == changed
        catalog.write(lambda tx: tx.jobs.save(replace(changed, eta=None, place=None, result=None)))
        assert got(catalog, job_id) == replace(changed, eta=None, place=None, result=None)

    def test_what_was_asked_for_stays(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")
        job_id = begun(catalog, sara.id)
        before = got(catalog, job_id)
        other = replace(
            before, account_id=omid.id, token_id=TokenId(1), kind="copy", what={}, created_us=TimeUs(1), items=1
        )
        catalog.write(lambda tx: tx.jobs.save(other))
        assert got(catalog, job_id) == replace(before, items=1)
        catalog.write(lambda tx: tx.jobs.save(replace(before, id=NOTHING)))
        assert catalog.read(lambda tx: tx.jobs.get(NOTHING)) is None

    def test_jobs_are_listed_by_account_and_by_token(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")
        first, second, third = begun(catalog, sara.id), begun(catalog, omid.id, 5), begun(catalog, sara.id, 5)

        def numbers(account_id: AccountId | None, limit: int = 10) -> list[JobId]:
            return [each.id for each in catalog.read(lambda tx: tx.jobs.of(account_id, limit))]

        assert numbers(sara.id) == [third, first]
        assert numbers(None) == [third, second, first]
        assert numbers(None, 2) == [third, second]
        assert numbers(AccountId(4711)) == []
        assert [each.id for each in catalog.read(lambda tx: tx.jobs.of_token(TokenId(5), 10))] == [third, second]
        assert [each.id for each in catalog.read(lambda tx: tx.jobs.of_token(TokenId(5), 1))] == [third]

    def test_those_that_have_not_ended_are_known(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")
        first, second, third = begun(catalog, sara.id), begun(catalog, omid.id), begun(catalog, sara.id)
        end(catalog, first, 1)
        assert [each.id for each in catalog.read(lambda tx: tx.jobs.unended())] == [second, third]
        assert catalog.read(lambda tx: tx.jobs.count_unended(sara.id)) == 1
        assert catalog.read(lambda tx: tx.jobs.count_unended(AccountId(4711))) == 0

    def test_old_ones_are_forgotten_but_never_one_that_lasts(self, catalog: Catalog) -> None:
        account = new_account(catalog)
        ids = [begun(catalog, account.id) for _ in range(5)]
        for when, job_id in enumerate(ids[:4]):
            end(catalog, job_id, when)
        assert catalog.write(lambda tx: tx.jobs.delete_ended(TimeUs(NOW + 2), 2)) == 2
        assert catalog.write(lambda tx: tx.jobs.delete_ended(TimeUs(NOW + 2), 2)) == 1
        assert catalog.write(lambda tx: tx.jobs.delete_ended(TimeUs(NOW + 2), 2)) == 0
        assert [each.id for each in catalog.read(lambda tx: tx.jobs.of(None, 9))] == [ids[4], ids[3]]
        catalog.write(lambda tx: tx.jobs.delete(ids[3]))
        catalog.write(lambda tx: tx.jobs.delete(NOTHING))
        assert [each.id for each in catalog.read(lambda tx: tx.jobs.of(None, 9))] == [ids[4]]

    def test_an_account_keeps_so_many(self, catalog: Catalog) -> None:
        sara, omid = new_account(catalog, "sara"), new_account(catalog, "omid")
        ids = [begun(catalog, sara.id) for _ in range(5)]
        other = begun(catalog, omid.id)
        for job_id in (*ids[1:], other):
            end(catalog, job_id, 1)
        assert catalog.write(lambda tx: tx.jobs.trim(sara.id, 2)) == 2
        left = [each.id for each in catalog.read(lambda tx: tx.jobs.of(None, 9))]
        assert left == [other, ids[4], ids[3], ids[0]]  # the first one lasts, however old it is
