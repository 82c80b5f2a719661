"""Pages from a kept order are those that reading the folder anew would give, and what is kept is bounded."""

import itertools
import os
import random
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from secure_file_transfer.model import Kind, SortKey
from secure_file_transfer.storage.folder import FolderTree, listing, snapshots
from secure_file_transfer.storage.folder.snapshots import Position, Snapshots
from secure_file_transfer.testing.contracts.tree_kit import at

ORDERS = list(itertools.product(SortKey, (False, True)))


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Snapshots:
    mine = Snapshots()
    monkeypatch.setattr(listing, "_snapshots", mine)
    monkeypatch.setattr(snapshots, "KEPT_MIN", 1)
    return mine


def pages(drive: FolderTree, sort: SortKey, limit: int, *, descending: bool) -> Iterator[list[str]]:
    cursor: str | None = None
    while True:
        page = drive.list(at("/"), sort=sort, descending=descending, cursor=cursor, limit=limit)
        yield [entry.name for entry in page.entries]
        cursor = page.cursor
        if cursor is None:
            return


def rows(count: int) -> list[tuple[Kind, Position]]:
    return [(Kind.FILE, (0, f"{number:05}", f"{number:05}")) for number in range(count)]


@pytest.mark.parametrize(("sort", "descending"), ORDERS)
def test_pages_are_the_same_with_and_without(
    drive: FolderTree, root: Path, monkeypatch: pytest.MonkeyPatch, sort: SortKey, descending: bool
) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    choose = random.Random(seed)  # noqa: S311 - to be repeated
    for number in range(60):
        name = (
            choose.choice(("a", "A", "é", "ß", "b c")) + str(number % 13) + ("x" if number % 2 else "X") * (number % 5)
        )
        if choose.random() < 0.3:
            (root / name).mkdir(exist_ok=True)
        elif not (root / name).exists():
            (root / name).write_bytes(bytes(choose.randrange(4)))
            os.utime(root / name, (choose.randrange(3), choose.randrange(3)))
    for limit in (1, 7, 1000):
        kept = list(pages(drive, sort, limit, descending=descending))
        with monkeypatch.context() as without:
            without.setattr(snapshots, "KEPT_MIN", 10**9)
            without.setattr(listing, "_snapshots", Snapshots())
            assert kept == list(pages(drive, sort, limit, descending=descending))
        assert sorted(itertools.chain(*kept)) == sorted(each.name for each in root.iterdir())


def test_the_folder_is_read_once_for_all_pages_that_follow(
    drive: FolderTree, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        (root / f"{number}").touch()
    real, reads = os.scandir, 0

    def scandir(handle: int) -> object:
        nonlocal reads
        reads += 1
        return real(handle)

    monkeypatch.setattr(os, "scandir", scandir)
    assert len(list(pages(drive, SortKey.NAME, 5, descending=False))) == 10
    assert reads == 2 + 2  # folders and files: for the first page, and for all others


def test_a_name_that_came_is_on_the_pages_that_follow(drive: FolderTree, root: Path) -> None:
    for name in "abcdef":
        (root / name).touch()
    found = pages(drive, SortKey.NAME, 2, descending=False)
    assert [next(found), next(found)] == [["a", "b"], ["c", "d"]]
    (root / "dd").touch()
    (root / "e").unlink()
    assert list(found) == [["dd", "f"]]


def test_what_is_kept_is_bounded_and_the_oldest_goes(fresh: Snapshots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "KEPT_MAX", 100)
    keys: list[snapshots.Key] = [(0, number, 0, 0, "name", False) for number in range(3)]
    assert fresh.take(keys[0], rows(101)) is None
    for key in keys:
        assert fresh.take(key, rows(40)) is not None
    assert [fresh.get(key) is not None for key in keys] == [False, True, True]
    monkeypatch.setattr(snapshots, "KEPT_MIN", 50)
    assert fresh.take(keys[0], rows(40)) is None


def test_an_old_one_is_not_used(fresh: Snapshots, monkeypatch: pytest.MonkeyPatch) -> None:
    key: snapshots.Key = (0, 0, 0, 0, "size", False)
    taken = fresh.take(key, rows(5))
    assert taken is not None
    assert fresh.get(key) is taken
    monkeypatch.setattr(snapshots.time, "monotonic", lambda: taken.taken + snapshots.SECONDS + 1)  # type: ignore[attr-defined]
    assert fresh.get(key) is None


def test_two_do_not_read_a_large_folder_at_once(fresh: Snapshots) -> None:
    """Memory is bounded by one that is being taken."""
    second: list[object] = []

    def slow() -> Iterable[tuple[Kind, Position]]:
        other = Thread(target=lambda: second.append(fresh.take((0, 1, 0, 0, "name", False), rows(5))))
        other.start()
        other.join()
        yield from rows(5)

    assert fresh.take((0, 0, 0, 0, "name", False), slow()) is not None
    assert second == [None]
