"""The log on its way into the catalog: nothing waits for it, nothing is lost in silence."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.errors import NoSpaceError
from secure_file_transfer.model import Category, LogEvent, LogFilter, Severity, TimeUs
from secure_file_transfer.ports import Event
from secure_file_transfer.services import journal as module
from secure_file_transfer.services.journal import Journal
from secure_file_transfer.storage.catalog import SqliteCatalog, open_catalog
from secure_file_transfer.storage.events import LocalEventBus
from secure_file_transfer.testing.clock import START_US, FakeClock

DAY_US = 86_400_000_000


def event(text: str = "It", severity: Severity = Severity.INFO, at: int = START_US) -> LogEvent:
    return LogEvent(TimeUs(at), Category.FILE, severity, "file.x", text)


class World:
    def __init__(self, catalog: SqliteCatalog, clock: FakeClock, **settings: int) -> None:
        self.catalog = catalog
        self.clock = clock
        self.mirrored: list[LogEvent] = []
        self.published: list[Event] = []
        bus = LocalEventBus()
        bus.subscribe(self.published.append)
        self.journal = Journal(catalog, clock, bus, self.mirrored.append, **settings)

    def texts(self) -> list[str]:
        return [each.text for _, each in self.catalog.read(lambda tx: tx.log.after(LogFilter(), 0, 100_000))]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., World]]:
    clock = FakeClock()
    catalog = open_catalog(tmp_path / "catalog.sqlite3", clock)
    worlds: list[World] = []

    def make(**settings: int) -> World:
        worlds.append(World(catalog, clock, **settings))
        return worlds[-1]

    yield make
    for world in worlds:
        world.journal.close()
    catalog.close()


@pytest.fixture
def world(make: Callable[..., World]) -> World:
    return make()


@pytest.fixture
def stuck(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The catalog takes nothing before this is set; the thread that writes waits in it, with one event."""
    go, waits = threading.Event(), threading.Event()
    write = world.catalog.write

    def slow(work: Callable[[Any], Any]) -> Any:
        waits.set()
        assert go.wait(30)
        return write(work)

    monkeypatch.setattr(world.catalog, "write", slow)
    world.journal.later(event("first"))
    assert waits.wait(30)
    yield go
    go.set()


def test_what_is_kept_is_there_at_once(world: World) -> None:
    world.journal.keep(event("a"))
    assert world.texts() == ["a"]
    assert [each.text for each in world.mirrored] == ["a"]
    (told,) = world.published
    assert (told.topic, told.kind, told.audience.operators, told.data["text"]) == ("log", "written", True, "a")


def test_what_may_wait_is_there_when_it_is_closed_in_order(world: World) -> None:
    for number in range(1500):
        world.journal.later(event(str(number)))
    world.journal.close()
    assert world.texts() == [str(number) for number in range(1500)]


def test_nobody_waits_for_a_disk_that_stands_still(world: World, stuck: threading.Event) -> None:
    """If `later` waited this would never end: the disk goes on only afterwards."""
    for number in range(100):
        world.journal.later(event(str(number)))
    assert world.texts() == []
    stuck.set()
    world.journal.close()
    assert len(world.texts()) == 101


def test_a_full_queue_drops_what_matters_least_and_says_how_much(
    world: World, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUEUE_MAX", 5)
    monkeypatch.setattr(module, "URGENT_MAX", 8)
    for _ in range(9):
        world.journal.later(event("info"))
    for _ in range(9):
        world.journal.later(event("warning", Severity.WARNING))
    stuck.set()
    world.journal.close()
    texts = world.texts()
    assert (texts.count("info"), texts.count("warning")) == (4, 3)
    assert [each for each in texts if "were not written down" in each] == [
        "11 events were not written down, for there were too many at once"
    ]


def test_a_disk_that_is_full_loses_nothing_that_fits_into_the_queue(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, tried = world.catalog.write, threading.Semaphore(0)

    def full(_: object) -> None:
        tried.release()
        raise NoSpaceError("full")

    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(world.catalog, "write", full)
    world.journal.keep(event("act"))
    world.journal.later(event("other"))
    for _ in range(4):
        assert tried.acquire(timeout=30)
    assert [each.text for each in world.mirrored] == ["act", "other"]
    monkeypatch.setattr(world.catalog, "write", write)
    world.journal.close()
    assert world.texts() == ["act", "other"]


def test_it_ends_on_a_disk_that_stays_full(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise NoSpaceError("full")

    with monkeypatch.context() as patch:
        patch.setattr(world.catalog, "write", full)
        world.journal.later(event("lost"))
        world.journal.close()
    assert world.texts() == []


def test_repeated_things_are_summed_up_before_it_ends(world: World) -> None:
    world.journal.settle = lambda: world.journal.later(event("sum"))
    world.journal.close()
    assert world.texts() == ["sum"]


def test_the_old_and_the_many_are_forgotten_in_batches(
    make: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SWEPT_MAX", 3)
    world = make(days=2, rows=5)
    for day in range(4):
        for number in range(4):
            world.journal.keep(event(f"{day}.{number}", at=START_US + day * DAY_US))
    world.clock.advance(us=3 * DAY_US)
    assert world.journal.sweep() == 11
    assert world.texts() == ["2.3", "3.0", "3.1", "3.2", "3.3"]
    assert world.journal.sweep() == 0


def test_without_limits_nothing_is_forgotten(world: World) -> None:
    world.journal.keep(event(at=0))
    assert world.journal.sweep() == 0
    assert world.texts() == ["It"]
