"""What every catalog promises about transactions: whole or not at all, durable, alone, and many at once."""

import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest

from secure_file_transfer.errors import NoSpaceError, SecureFileTransferError, ShuttingDownError, StorageError
from secure_file_transfer.model import Drive, Kind, Node
from secure_file_transfer.ports import Catalog, CatalogTx

from .catalog_kit import NOW, CatalogBase, in_one_group, listing, new_folder

THREADS = 32


class Oops(Exception):  # noqa: N818 - it is what somebody else's bug looks like
    pass


def fail(tx: CatalogTx) -> None:
    tx.facts.set("undone", "yes")
    raise Oops("this line is in the traceback")


def make(drive: Drive, name: str, tx: CatalogTx) -> Node:
    return tx.nodes.create(drive.id, drive.root_id, name, Kind.FOLDER, NOW)


def set_new(name: str, tx: CatalogTx) -> None:
    tx.facts.set(name, "new")


class TransactionsContract(CatalogBase):
    @pytest.fixture
    def commits(self) -> Callable[[], int]:
        raise NotImplementedError("name a function that counts the commits so far in a fixture called 'commits'")

    @pytest.fixture
    def break_commits(self) -> Callable[[type[SecureFileTransferError] | None], None]:
        raise NotImplementedError(
            "name a function that makes commits fail, as NoSpaceError or StorageError, until it is called with None,"
            " in a fixture called 'break_commits'"
        )

    def test_the_result_comes_back_and_reads_see_it(self, catalog: Catalog) -> None:
        def work(tx: CatalogTx) -> str | None:
            tx.facts.set("a", "1")
            return tx.facts.get("a")

        assert catalog.write(work) == "1"
        assert catalog.read(lambda tx: tx.facts.get("a")) == "1"

    def test_afterwards_comes_once_and_only_if_something_came_of_it(self, catalog: Catalog) -> None:
        told: list[str] = []

        def work(tx: CatalogTx) -> None:
            tx.afterwards(lambda: told.append(catalog.read(lambda tx: tx.facts.get("a")) or "not there yet"))
            tx.facts.set("a", "1")

        def in_vain(tx: CatalogTx) -> None:
            tx.afterwards(lambda: told.append("undone"))
            fail(tx)

        with pytest.raises(Oops):
            catalog.write(in_vain)
        catalog.read(lambda tx: tx.afterwards(lambda: told.append("read")))
        assert told == []
        catalog.write(work)
        assert told == ["1"], "it is durable by then"

    def test_nothing_comes_afterwards_when_the_commit_fails(
        self, catalog: Catalog, break_commits: Callable[[type[SecureFileTransferError] | None], None]
    ) -> None:
        told: list[str] = []
        break_commits(NoSpaceError)
        with pytest.raises(NoSpaceError):
            catalog.write(lambda tx: tx.afterwards(lambda: told.append("x")))
        break_commits(None)
        assert told == []

    def test_work_that_raises_is_undone(self, catalog: Catalog) -> None:
        with pytest.raises(Oops) as caught:
            catalog.write(fail)
        assert "fail" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert catalog.read(lambda tx: tx.facts.get("undone")) is None
        catalog.write(lambda tx: tx.facts.set("a", "1"))

    def test_in_a_group_work_that_raises_is_undone_alone(self, catalog: Catalog) -> None:
        before, failed, after = in_one_group(
            catalog, lambda tx: tx.facts.set("before", "1"), fail, lambda tx: tx.facts.set("after", "1")
        )
        assert isinstance(failed.exception(), Oops)
        assert (before.exception(), after.exception()) == (None, None)
        names = ("before", "undone", "after")
        assert catalog.read(lambda tx: [tx.facts.get(name) for name in names]) == ["1", None, "1"]

    def test_a_swallowed_error_leaves_the_rest_of_the_work(self, catalog: Catalog, drive: Drive) -> None:
        new_folder(catalog, drive, "taken")

        def work(tx: CatalogTx) -> None:
            with pytest.raises(SecureFileTransferError):
                tx.nodes.create(drive.id, drive.root_id, "taken", Kind.FOLDER, NOW)
            tx.nodes.create(drive.id, drive.root_id, "other", Kind.FOLDER, NOW)

        catalog.write(work)
        assert [node.name for node in listing(catalog, drive.root_id)] == ["other", "taken"]

    def test_many_threads_write_and_share_commits(
        self, catalog: Catalog, drive: Drive, commits: Callable[[], int]
    ) -> None:
        before = commits()
        works = [partial(make, drive, f"{number:02}") for number in range(THREADS)]
        made = {future.result() for future in in_one_group(catalog, *works)}
        assert len(made) == THREADS
        assert set(listing(catalog, drive.root_id)) == made
        assert commits() - before < THREADS / 2

    def test_many_threads_read_and_write_without_pause(self, catalog: Catalog, drive: Drive) -> None:
        each = 10
        gate = threading.Barrier(THREADS)

        def worker(number: int) -> None:
            gate.wait(timeout=30)
            for at in range(each):
                name = f"{number}-{at}"
                node = catalog.write(partial(make, drive, name))
                assert node in listing(catalog, drive.root_id)
                catalog.write(lambda tx: tx.drives.add_usage(drive.id, 1, 1))

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(worker, range(THREADS)))
        assert len(listing(catalog, drive.root_id)) == THREADS * each
        found = catalog.read(lambda tx: tx.drives.get(drive.id))
        assert found
        assert (found.bytes, found.files) == (THREADS * each, THREADS * each)

    def test_a_read_sees_one_moment(self, catalog: Catalog) -> None:
        catalog.write(lambda tx: tx.facts.set("a", "old"))

        def work(tx: CatalogTx) -> tuple[str | None, str | None]:
            first = tx.facts.get("a")
            catalog.write(lambda other: other.facts.set("a", "new"))
            return first, tx.facts.get("a")

        assert catalog.read(work) == ("old", "old")
        assert catalog.read(lambda tx: tx.facts.get("a")) == "new"

    def test_nobody_sees_what_is_not_committed(self, catalog: Catalog) -> None:
        def work(tx: CatalogTx) -> str | None:
            tx.facts.set("a", "1")
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(lambda: catalog.read(lambda other: other.facts.get("a"))).result()

        assert catalog.write(work) is None

    def test_a_read_cannot_write(self, catalog: Catalog) -> None:
        with pytest.raises(StorageError):
            catalog.read(lambda tx: tx.facts.set("a", "1"))
        assert catalog.read(lambda tx: tx.facts.get("a")) is None

    def test_a_read_that_raises_harms_nobody(self, catalog: Catalog) -> None:
        for _ in range(50):
            with pytest.raises(ZeroDivisionError):
                catalog.read(lambda tx: (tx.facts.get("a"), 1 // 0))
        catalog.write(lambda tx: tx.facts.set("a", "1"))
        assert catalog.read(lambda tx: tx.facts.get("a")) == "1"

    @pytest.mark.parametrize("kind", [NoSpaceError, StorageError])
    def test_a_commit_that_fails_undoes_the_group_and_the_next_works(
        self,
        catalog: Catalog,
        break_commits: Callable[[type[SecureFileTransferError] | None], None],
        kind: type[SecureFileTransferError],
    ) -> None:
        catalog.write(lambda tx: tx.facts.set("a", "old"))
        break_commits(kind)
        futures = in_one_group(catalog, *(partial(set_new, name) for name in "abc"), fail)
        break_commits(None)
        errors = [future.exception() for future in futures]
        assert [type(error) for error in errors] == [kind, kind, kind, Oops]
        assert len({id(error) for error in errors}) == len(errors), "a traceback belongs to one thread"
        assert catalog.read(lambda tx: [tx.facts.get(n) for n in ("a", "b", "c")]) == ["old", None, None]
        catalog.write(lambda tx: tx.facts.set("a", "newer"))
        assert catalog.read(lambda tx: tx.facts.get("a")) == "newer"

    def test_after_close_every_call_says_so(self, catalog: Catalog) -> None:
        catalog.write(lambda tx: tx.facts.set("a", "1"))
        catalog.read(lambda tx: tx.facts.get("a"))
        catalog.close()
        catalog.close()
        for call in (catalog.read, catalog.write):
            with pytest.raises(ShuttingDownError):
                call(lambda tx: tx.facts.get("a"))

    def test_close_finishes_what_waits(self, catalog: Catalog) -> None:
        closer = threading.Thread(target=catalog.close)

        def close_in_the_middle() -> None:
            closer.start()
            with suppress(ShuttingDownError):
                while True:
                    catalog.read(lambda tx: tx.facts.get("a"))

        works = [lambda tx: next(tx.versions.next_ids(1)) for _ in range(8)]
        futures = in_one_group(catalog, *works, meanwhile=close_in_the_middle)
        closer.join(timeout=30)
        assert not closer.is_alive()
        refused = [future for future in futures if isinstance(future.exception(), ShuttingDownError)]
        numbers = {future.result() for future in futures if future not in refused}
        assert len(numbers) + len(refused) == len(works), "every write has an answer"
        assert numbers
