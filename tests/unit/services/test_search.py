"""Searches: what is found, what is not, and that each step is bounded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.errors import InvalidRequestError, NotFoundError
from secure_file_transfer.model import LEVELS, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.services import search as searching
from secure_file_transfer.services.families import FAMILIES, family
from secure_file_transfer.services.search import Wanted, search
from secure_file_transfer.testing.rights_world import SharingWorld


def at(path: str) -> RemotePath:
    return RemotePath.parse(path)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SharingWorld]:
    world = SharingWorld(tmp_path)
    for folder in ("/a", "/a/deep", "/a/deep/er", "/b", "/b/Reports"):
        world.folder("ada", folder)
    for name in ("/report.txt", "/a/Annual Report 2026.PDF", "/a/deep/cat.jpg", "/a/deep/er/گزارش ساليانه.docx"):
        world.put("ada", name, name.encode())
    world.put("ada", "/b/résumé.txt", b"x" * 5000)
    yield world
    world.close()


def found(world: SharingWorld, wanted: Wanted, path: str = "/", who: str = "ada", limit: int = 1000) -> list[str]:
    paths: list[str] = []
    cursor = None
    for _ in range(1000):
        page = search(world.files, world.who[who], at(path), wanted, cursor=cursor, limit=limit)
        assert len(page.entries) <= limit
        paths += [entry.path for entry in page.entries]
        cursor = page.cursor
        if cursor is None:
            return paths
    raise AssertionError("it never ends")


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("report", ["/report.txt", "/a/Annual Report 2026.PDF", "/b/Reports"]),
        ("REPORT 2026", ["/a/Annual Report 2026.PDF"]),
        ("2026 annual", ["/a/Annual Report 2026.PDF"]),
        ("resume", ["/b/résumé.txt"]),
        ("re\u0301sume\u0301", ["/b/résumé.txt"]),
        ("گزارش سالیانه", ["/a/deep/er/گزارش ساليانه.docx"]),
        ("*.jpg", ["/a/deep/cat.jpg"]),
        ("?at.*", ["/a/deep/cat.jpg"]),
        ("[a-z]*", []),
        ("cat.jp?", ["/a/deep/cat.jpg"]),
        ("nothing of that", []),
    ],
)
def test_names_are_found_in_whatever_form_they_are_written(world: SharingWorld, name: str, paths: list[str]) -> None:
    assert found(world, Wanted(name)) == paths


def test_filters(world: SharingWorld) -> None:
    assert found(world, Wanted(kind="image")) == ["/a/deep/cat.jpg"]
    assert found(world, Wanted("re", kind="folder")) == ["/b/Reports"]
    assert found(world, Wanted("re", kind="file"), "/b") == ["/b/résumé.txt"]
    assert found(world, Wanted(larger=5000)) == ["/b/résumé.txt"]
    world.files.set_modified(world.who["ada"], at("/report.txt"), TimeUs(1))
    assert "/report.txt" not in found(world, Wanted("report", since_us=TimeUs(2)))
    assert "/report.txt" in found(world, Wanted("report", since_us=TimeUs(1)))


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_steps_of_any_length_find_the_same(world: SharingWorld, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = found(world, Wanted("*"))
    assert len(whole) == 10
    assert sorted(found(world, Wanted("*"), limit=limit)) == sorted(whole)
    monkeypatch.setattr(searching, "LISTS_MAX", 1)
    assert found(world, Wanted("*"), limit=limit) == whole


def test_a_step_looks_at_a_bounded_number_of_entries(world: SharingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "SCAN_MAX", 1)
    page = search(world.files, world.who["ada"], at("/"), Wanted("cat"))
    assert (page.entries, page.cursor is None) == ([], False)
    assert found(world, Wanted("cat")) == ["/a/deep/cat.jpg"]


def test_others_find_what_is_shared_with_them_and_nothing_else(world: SharingWorld) -> None:
    assert found(world, Wanted("*"), who="bob") == []
    world.shares.grant(world.who["ada"], at("/b"), "bob", LEVELS["viewer"])
    world.shares.grant(world.who["ada"], at("/a/deep"), "bob", LEVELS["dropbox"])
    assert found(world, Wanted("re"), who="bob") == ["/Shared", "/Shared/ada/b/Reports", "/Shared/ada/b/résumé.txt"]
    assert found(world, Wanted("cat"), who="bob") == []
    with pytest.raises(NotFoundError):
        search(world.files, world.who["bob"], at("/a"), Wanted("x"))


def test_what_goes_while_it_is_looked_for_ends_nothing(world: SharingWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "LISTS_MAX", 2)
    first = search(world.files, world.who["ada"], at("/"), Wanted("x"))
    assert first.cursor is not None
    world.files.remove(world.who["ada"], at("/a"), recursive=True)
    paths: list[str] = []
    cursor: str | None = first.cursor
    while cursor is not None:
        page = search(world.files, world.who["ada"], at("/"), Wanted("x"), cursor=cursor)
        paths += [entry.path for entry in page.entries]
        cursor = page.cursor
    assert paths == ["/b/résumé.txt"]


@pytest.mark.parametrize(
    "wanted", [Wanted(), Wanted("   "), Wanted("x", kind="shoe"), Wanted("a " * 40), Wanted("x" * 5000)]
)
def test_what_makes_no_search_is_refused(world: SharingWorld, wanted: Wanted) -> None:
    with pytest.raises(InvalidRequestError):
        search(world.files, world.who["ada"], at("/"), wanted)


@pytest.mark.parametrize(
    "change",
    [
        {"limit": 0},
        {"limit": 1001},
        {"cursor": "!"},
        {"cursor": "W10"},
        {"cursor": "WyIvIiwxXQ"},  # ["/",1]
        {"cursor": "WyIvYi8uLi8uLiIsbnVsbF0"},  # ["/b/../..",null]
        {"cursor": "WyIvYSIsbnVsbF0"},  # ["/a",null], which is not below /b
        {"cursor": "x" * 20_000},
    ],
)
def test_a_bad_cursor_or_limit_is_refused(world: SharingWorld, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        search(world.files, world.who["ada"], at("/b"), Wanted("x"), **change)


def test_families_have_no_ending_twice() -> None:
    endings = " ".join(FAMILIES.values()).split()
    assert len(endings) > 40
    assert len(endings) == len(set(endings))
    assert (family("a.JPG"), family(".jpg"), family("jpg"), family("a.tar.gz")) == ("image", None, None, "archive")
