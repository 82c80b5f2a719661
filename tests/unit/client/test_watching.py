"""Continuous sync: what changes is sent; what is being written, cut off or refused comes when it can."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from secure_file_transfer.client import AsyncClient, Watched
from secure_file_transfer.client.syncing import Sync, Wishes, ends
from secure_file_transfer.client.watching import QUIET_SECONDS, Changes, Watch
from secure_file_transfer.errors import (
    ForbiddenError,
    InvalidRequestError,
    NoSpaceError,
    NotFoundError,
    ShuttingDownError,
    SignInRequiredError,
    SourceChangedError,
)
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.fake_server import FakeServer
from secure_file_transfer.transfer.filters import Filter, Pattern

OLD = 1_700_000_000.0
NOW = OLD + 1_000_000


class Over(Exception):  # noqa: N818 - the end of a script, no error
    """The script has ended."""


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeServer]:
    with FakeServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
async def client(fake: FakeServer) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(fake.url, cafile=fake.files.cafile, token=fake.token) as client:
        yield client


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def write(path: Path, content: str, at: float = OLD) -> None:
    path.write_text(content)
    os.utime(path, (at, at))


def there(fake: FakeServer) -> dict[str, str]:
    return {
        path.name: item.content.decode() for path, item in fake.tree.items.items() if item.content is not None
    }  # fmt: skip


class World:
    """A watch whose waiting is a script: each step happens while it waits, and the watch ends with the last one."""

    def __init__(self, client: AsyncClient, here: Path, *, delete: bool = True) -> None:
        self.now = NOW
        self.waits: list[float] = []
        self.heard: list[Watched] = []
        self.renewed = 0
        self._script: list[Callable[[], object]] = []
        self.watch = Watch(
            Sync(client, *ends(client, here, ":/t"), Wishes(delete=delete)),
            self._wait,
            self._renew,
            on_watch=self.heard.append,
            now=lambda: self.now,
            chance=lambda: 1.0,
        )

    async def play(self, *script: Callable[[], object]) -> None:
        self._script = list(script)
        with pytest.raises(Over):
            await self.watch.run()

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if not self._script:
            raise Over
        self._script.pop(0)()

    async def _renew(self) -> None:
        self.renewed += 1

    def pass_by(self, seconds: float) -> Callable[[], object]:
        def step() -> None:
            self.now += seconds

        return step

    @property
    def states(self) -> list[str]:
        return [one.state for one in self.heard]


def done(watched: Watched) -> list[str]:
    assert watched.synced is not None
    return [f"{step.do} {step.path}" for step in watched.synced.steps if step.outcome == "done"]


async def test_changes_are_sent_and_the_target_is_read_once(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    write(here / "a", "1" * 100)
    world = World(client, here)
    await world.play(
        lambda: write(here / "b", "2"),
        lambda: (here / "a").rename(here / "c"),
        (here / "b").unlink,
        lambda: None,
    )
    assert [done(one) for one in world.heard] == [["send a"], ["send b"], ["move c"], ["delete b"], []]
    assert set(world.states) == {"current"}
    assert there(fake) == {"c": "1" * 100}
    assert fake.requests.count(("GET", "/api/v1/folders/t")) <= 1


async def test_a_file_that_is_being_written_waits_until_it_is_quiet(
    client: AsyncClient, fake: FakeServer, here: Path
) -> None:
    write(here / "gone", "x")
    world = World(client, here)

    def grow() -> None:
        (here / "gone").unlink()
        write(here / "log", "half", NOW - 0.5)

    await world.play(grow, world.pass_by(0.5), world.pass_by(0.6))
    assert world.states == ["current", "busy", "busy", "current"]
    assert world.waits[1:3] == pytest.approx([QUIET_SECONDS - 0.5, QUIET_SECONDS - 1])
    assert [done(one) for one in world.heard[1:]] == [[], [], ["send log", "delete gone"]]


async def test_a_file_that_is_never_quiet_is_sent_at_last(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    world = World(client, here)

    def append() -> None:
        world.now += 30
        write(here / "log", "more " * len(world.waits), world.now)

    await world.play(append, append, append)
    assert world.states == ["current", "busy", "busy", "current"]
    assert "log" in there(fake)


async def test_a_file_that_changed_meanwhile_is_no_failure(
    client: AsyncClient, fake: FakeServer, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(here / "a", "1")
    fake.after["POST /api/v1/batch"] = (0, SourceChangedError("it changed"))
    fake.after["PUT /api/v1/files"] = (0, SourceChangedError("it changed"))
    world = World(client, here)
    monkeypatch.setattr(type(client), "_retry", _few())
    await world.play(fake.after.clear)
    assert world.states == ["busy", "current"]
    assert there(fake) == {"a": "1"}


def _few() -> object:
    from secure_file_transfer.transfer.retry import Retry

    return Retry(tries=1)


async def test_a_cut_is_waited_for_with_growing_pauses(
    client: AsyncClient, fake: FakeServer, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(client), "_retry", _few())
    write(here / "a", "1")
    fake.after["GET /api/v1/entries"] = (0, ShuttingDownError("restarting"))
    world = World(client, here)
    await world.play(lambda: None, lambda: None, fake.after.clear, lambda: write(here / "b", "2"))
    assert world.states == ["waiting", "waiting", "waiting", "current", "current"]
    assert world.waits[:3] == [1, 2, 4]
    assert world.renewed == 3
    assert there(fake) == {"a": "1", "b": "2"}


async def test_a_full_server_is_tried_again(
    client: AsyncClient, fake: FakeServer, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(here / "a", "1")
    fake.after["PUT /api/v1/files"] = (0, NoSpaceError("full"))
    world = World(client, here)
    await world.play(fake.after.clear)
    assert world.states == ["waiting", "current"]
    assert str(world.heard[0].error) == "full"


async def test_what_is_refused_is_not_tried_until_it_changes(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    write(here / "a", "1")
    write(here / "old", "x")
    world = World(client, here)

    def refuse() -> None:
        write(here / "a", "22")
        (here / "old").unlink()
        fake.after["PUT /api/v1/files"] = (0, ForbiddenError("not you"))

    def allow() -> None:
        fake.after.clear()
        write(here / "a", "333")

    def puts() -> int:
        return sum(method == "PUT" and "files" in path for method, path in fake.requests)

    counts: list[int] = []
    await world.play(
        refuse,
        lambda: counts.append(puts()),
        lambda: counts.append(puts()),
        allow,
    )
    assert counts[0] == counts[1]
    assert there(fake) == {"a": "333"}  # and only now `old` has gone
    assert done(world.heard[-1]) == ["send a", "delete old"]


async def test_a_source_that_vanishes_is_waited_for(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    write(here / "a", "1")
    world = World(client, here)
    away = here.with_name("away")

    def unplug() -> None:
        here.rename(away)
        here.mkdir()

    def plug() -> None:
        here.rmdir()
        away.rename(here)

    await world.play(unplug, here.rmdir, here.mkdir, plug)
    assert world.states == ["current", "waiting", "waiting", "waiting", "current"]
    assert there(fake) == {"a": "1"}


async def test_both_ends_are_read_anew_from_time_to_time(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    write(here / "a", "1")
    world = World(client, here)

    def interfere() -> None:
        del fake.tree.items[RemotePath.parse("/t/a")]

    await world.play(interfere, world.pass_by(601))
    assert [done(one) for one in world.heard] == [["send a"], [], ["send a"]]


async def test_what_waiting_does_not_mend(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    world = World(client, here)

    def sign_out() -> None:
        write(here / "a", "1")
        fake.faults["PUT"] = [SignInRequiredError("ended")] * 5
        fake.faults["GET"] = [SignInRequiredError("ended")] * 5

    world._script = [sign_out, lambda: None]
    with pytest.raises(SignInRequiredError):
        await world.watch.run()
    with pytest.raises(NotFoundError):
        await World(client, here / "missing").watch.run()
    with pytest.raises(InvalidRequestError, match="only folders here"):
        await client.watch(":/t", ":/u")


async def test_the_system_tells_of_changes(here: Path) -> None:
    """The one test with real events."""
    async with Changes(here, Filter([Pattern(False, "*.tmp")])) as changes:
        for name in ("a", "sub/b"):
            (here / name).parent.mkdir(exist_ok=True)
            (here / name).write_text("x")
            begin = time.monotonic()
            await changes.wait(30)
            assert time.monotonic() - begin < 25
        (here / "c.tmp").write_text("x")
        assert not changes._matters(None, str(here / "c.tmp"))
        assert not changes._matters(None, str(here / ".x.1234.sft-part"))
        assert changes._matters(None, str(here))


async def test_a_watch_from_end_to_end(client: AsyncClient, fake: FakeServer, here: Path) -> None:
    heard: asyncio.Queue[Watched] = asyncio.Queue()
    write(here / "a", "1")
    task = asyncio.create_task(client.watch(here, ":/t", on_watch=heard.put_nowait))
    try:
        async with asyncio.timeout(30):
            assert done(await heard.get()) == ["send a"]
            write(here / "b", "2")
            while "send b" not in done(await heard.get()):
                pass
        assert there(fake) == {"a": "1", "b": "2"}
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
