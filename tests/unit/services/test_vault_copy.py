from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from secure_file_transfer.errors import ConflictError, ExistsError, NotFoundError, StorageError
from secure_file_transfer.model import Conflict
from secure_file_transfer.ports import Catalog, CatalogTx
from secure_file_transfer.services import vault_copy
from secure_file_transfer.testing.contracts.tree_kit import OLD, at, listing, names, pattern, read, write
from secure_file_transfer.testing.vault_world import BLOCK, RetryingCatalog, VaultWorld, vault_world

T = TypeVar("T")
FILES = {f"/wood/{folder}/{number}": b"%d" % number for folder in ("a", "b", "c/d") for number in range(7)} | {
    "/wood/large": pattern(3 * BLOCK),
    "/wood/empty file": b"",
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultWorld]:
    monkeypatch.setattr(vault_copy, "BATCH", 5)  # so that this tree is a large one
    with vault_world(tmp_path) as world:
        for folder in ("/wood/a", "/wood/b", "/wood/c/d", "/wood/c/none"):
            world.tree.make_folder(at(folder), parents=True)
        for path, data in FILES.items():
            write(world.tree, path, data, modified_us=1_700_000_000_000_000 + len(path))
        yield world


class Watched:
    """A catalog that lets a test look, or fail, before each write."""

    def __init__(self, inner: Catalog, before: Callable[[int], None]) -> None:
        self.inner = inner
        self.before = before
        self.writes = 0

    def read(self, work: Callable[[CatalogTx], T]) -> T:
        return self.inner.read(work)

    def write(self, work: Callable[[CatalogTx], T]) -> T:
        self.writes += 1
        self.before(self.writes)
        return self.inner.write(work)

    def close(self) -> None:
        self.inner.close()


def same_below(world: VaultWorld, one: str, other: str) -> int:
    """That two folders look the same, all the way down; how many entries there are."""
    mine, theirs = listing(world.tree, one), listing(world.tree, other)
    kept = [[(e.name, e.kind, e.size, e.sha256, e.modified_us) for e in entries] for entries in (mine, theirs)]
    assert kept[0] == kept[1]
    return len(mine) + sum(same_below(world, m.path, t.path) for m, t in zip(mine, theirs, strict=True) if m.kind == 0)


def test_a_large_tree_appears_whole_and_only_at_the_end(world: VaultWorld) -> None:
    seen: list[list[str]] = []
    tree = world.tree_on(catalog=Watched(world.catalog, lambda _: seen.append(names(world.tree))))
    before = world.counts()
    tree.copy(at("/wood"), at("/park"))
    assert len(seen) > 5
    assert seen == [["wood"]] * len(seen)
    assert names(world.tree) == ["park", "wood"]
    assert same_below(world, "/wood", "/park") == 28
    for path, data in FILES.items():
        assert read(world.tree, path.replace("/wood", "/park")) == data
    assert world.counts()["blocks"] == before["blocks"]  # not one is stored twice


def test_a_large_tree_copied_in_transactions_that_run_twice_is_the_same(world: VaultWorld) -> None:
    world.tree_on(catalog=RetryingCatalog(world.catalog)).copy(at("/wood"), at("/park"))
    assert same_below(world, "/wood", "/park") == 28
    assert world.tree.usage().files == 2 * len(FILES)


def test_a_copy_that_fails_half_way_leaves_nothing(world: VaultWorld) -> None:
    def fail(number: int) -> None:
        if number == 5:
            raise StorageError("The catalog failed")

    before, usage = world.counts(), world.tree.usage()
    with pytest.raises(StorageError):
        world.tree_on(catalog=Watched(world.catalog, fail)).copy(at("/wood"), at("/park"))
    assert names(world.tree) == ["wood"]
    assert world.counts()["nodes"] > before["nodes"]  # out of sight, and marked as removed
    world.sweep_all()
    assert world.counts() == before
    assert world.tree.usage().bytes == usage.bytes
    assert all(read(world.tree, path) == data for path, data in FILES.items())


def test_the_sweep_does_not_take_a_tree_that_is_being_put_together(world: VaultWorld) -> None:
    write(world.tree, "/rubbish", OLD)
    swept: list[int] = []
    tree = world.tree_on(catalog=Watched(world.catalog, lambda _: swept.append(world.sweeper().purge_removed())))
    world.tree.remove(at("/rubbish"))
    tree.copy(at("/wood"), at("/park"))
    assert same_below(world, "/wood", "/park") == 28
    assert set(swept) == {0}
    assert world.sweeper().purge_removed() == 1


def test_the_source_may_go_away_meanwhile(world: VaultWorld) -> None:
    def remove(number: int) -> None:
        if number == 4:
            world.tree.remove(at("/wood"), recursive=True)

    world.tree_on(catalog=Watched(world.catalog, remove)).copy(at("/wood"), at("/park"))
    assert names(world.tree) == ["park"]
    world.sweep_all()
    for path, data in FILES.items():
        assert read(world.tree, path.replace("/wood", "/park")) == data


@pytest.mark.parametrize("conflict", [Conflict.SKIP, Conflict.OVERWRITE, Conflict.RENAME])
def test_a_name_taken_meanwhile_is_decided_at_the_end(world: VaultWorld, conflict: Conflict) -> None:
    def take(number: int) -> None:
        if number == 4:
            write(world.tree, "/park", OLD)

    tree = world.tree_on(catalog=Watched(world.catalog, take))
    if conflict is Conflict.RENAME:
        assert tree.copy(at("/wood"), at("/park"), conflict=conflict).path == "/park (1)"
        assert same_below(world, "/wood", "/park (1)") == 28
    else:
        with pytest.raises(ExistsError):
            tree.copy(at("/wood"), at("/park"), conflict=conflict)
        assert names(world.tree) == ["wood", "park"]
    assert read(world.tree, "/park") == OLD


def test_a_target_that_goes_away_meanwhile_is_not_found(world: VaultWorld) -> None:
    world.tree.make_folder(at("/to"))

    def remove(number: int) -> None:
        if number == 4:
            world.tree.remove(at("/to"))

    with pytest.raises(NotFoundError):
        world.tree_on(catalog=Watched(world.catalog, remove)).copy(at("/wood"), at("/to/park"))
    assert names(world.tree) == ["wood"]


def test_a_large_file_replaces_another(world: VaultWorld) -> None:
    large = pattern(8 * BLOCK, seed=4)
    write(world.tree, "/large", large)
    write(world.tree, "/target", OLD)
    entry = world.tree.copy(at("/large"), at("/target"), conflict=Conflict.OVERWRITE)
    assert entry == world.tree.stat(at("/target"))
    world.sweep_all()
    assert read(world.tree, "/target") == read(world.tree, "/large") == large


def test_a_large_tree_cannot_be_copied_onto_or_into_itself(world: VaultWorld) -> None:
    for target in ("/wood", "/wood/a/in"):
        with pytest.raises((ConflictError, ExistsError)):
            world.tree.copy(at("/wood"), at(target))
    assert same_below(world, "/wood", "/wood") == 28
