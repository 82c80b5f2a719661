"""What other programs do in a folder is told while it is watched, and nothing of what lies elsewhere."""

from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from secure_file_transfer.storage.folder import watching
from secure_file_transfer.storage.folder.watching import Watcher

SECONDS = 30.0


class News:
    """The keys that were told, in order."""

    def __init__(self) -> None:
        self.queue: Queue[object] = Queue()

    def until(self, key: object) -> list[object]:
        """All up to this one."""
        found: list[object] = []
        while not found or found[-1] != key:
            found.append(self.queue.get(timeout=SECONDS))
        return found

    def drain(self) -> None:
        try:
            while True:
                self.queue.get_nowait()
        except Empty:
            pass


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    watcher = Watcher()
    yield watcher
    watcher.watch({}, print)


@pytest.fixture
def started(watcher: Watcher, root: Path) -> Callable[..., News]:
    def start(**folders: str) -> News:
        news = News()
        watcher.watch({key: (root, place) for key, place in folders.items()}, news.queue.put)
        for _ in folders:  # each is told at first
            news.queue.get(timeout=SECONDS)
        return news

    return start


def test_a_change_is_told_with_the_folder_that_it_is_in(started: Callable[..., News], root: Path) -> None:
    (root / "sub" / "deep").mkdir(parents=True)
    news = started(top="/", sub="/sub")
    (root / "sub" / "f").write_bytes(b"x")
    assert news.until("sub") == ["sub"]
    (root / "f").write_bytes(b"x")
    assert set(news.until("top")) <= {"sub", "top"}
    news.drain()
    (root / "sub" / "deep" / "f").write_bytes(b"x")  # too deep for both
    (root / "sub" / ".sft-0123").write_bytes(b"x")  # a write in progress
    (root / "f").unlink()
    assert news.until("top") == ["top"]


def test_of_several_names_of_one_folder_all_are_told(watcher: Watcher, root: Path) -> None:
    news = News()
    watcher.watch({"one": (root, "/"), "other": (root, "/")}, news.queue.put)
    assert {news.queue.get(timeout=SECONDS) for _ in range(2)} == {"one", "other"}
    (root / "f").write_bytes(b"x")
    assert {news.queue.get(timeout=SECONDS) for _ in range(2)} == {"one", "other"}


def test_what_is_watched_longer_is_not_told_anew_and_nothing_of_it_is_missed(
    watcher: Watcher, started: Callable[..., News], root: Path
) -> None:
    (root / "sub").mkdir()
    started(top="/")
    news = News()
    watcher.watch({"top": (root, "/"), "sub": (root, "/sub")}, news.queue.put)
    assert news.until("sub") == ["sub"]
    (root / "f").write_bytes(b"x")
    assert news.until("top") == ["top"]


def test_attack_7_nothing_is_told_of_what_a_link_leads_to(
    started: Callable[..., News], watcher: Watcher, root: Path, outside: Path
) -> None:
    (root / "link").symlink_to(outside)
    news = News()
    watcher.watch({"link": (root, "/link"), "gone": (root, "/none"), "top": (root, "/")}, news.queue.put)
    assert set(news.until("top")) <= {"link", "gone", "top"}
    news.drain()
    (outside / "new").write_bytes(b"x")
    (root / "f").write_bytes(b"x")
    told = news.until("top")
    assert "gone" not in told[1:]
    news.drain()
    for number in range(3):
        (outside / f"{number}").write_bytes(b"x")
        (root / f"{number}").write_bytes(b"x")
        assert "link" not in news.until("top")


def test_only_so_many_are_watched(watcher: Watcher, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "WATCHED_MAX", 2)
    for name in "abc":
        (root / name).mkdir()
    news = News()
    watcher.watch({name: (root, f"/{name}") for name in "abc"}, news.queue.put)
    assert {news.queue.get(timeout=SECONDS) for _ in range(2)} == {"a", "b"}
    (root / "c" / "f").write_bytes(b"x")
    (root / "a" / "f").write_bytes(b"x")
    assert news.until("a") == ["a"]
