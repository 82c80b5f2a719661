"""The choice `resume`: what is the same is left alone, anything else is completed with what it lacks."""

import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.client import AsyncClient, Progress
from secure_file_transfer.errors import InvalidRequestError
from secure_file_transfer.model import KIB, MIB, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing import fake_server
from secure_file_transfer.testing.fake_blocks import FakeBlocks
from secure_file_transfer.testing.fake_server import FakeServer
from secure_file_transfer.transfer.retry import Retry

SIZE = 40 * MIB
SMALL = 3000
WHEN = TimeUs(1_600_000_000_000_000)


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeServer]:
    with FakeServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(params=[True, False], ids=["blocks", "whole"])
def either(fake: FakeServer, request: pytest.FixtureRequest) -> bool:
    """A server that takes blocks, and one that does not."""
    if not request.param:
        fake.blocks = None
    return bool(request.param)


@pytest.fixture
def no_digests(fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that shows folders of its disk: it knows no digest before it has read a file, and no blocks."""
    fake.blocks = None
    before = fake_server._Item.entry

    def entry(self: Any, path: RemotePath) -> dict[str, Any]:
        return {**before(self, path), "sha256": None}

    monkeypatch.setattr(fake_server._Item, "entry", entry)


@pytest.fixture
async def client(fake: FakeServer) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(fake.url, cafile=fake.files.cafile, token=fake.token) as client:
        client._retry = Retry(first=0.0)
        yield client


@pytest.fixture
def blocks(fake: FakeServer) -> FakeBlocks:
    assert fake.blocks is not None
    return fake.blocks


def body(size: int, seed: int = 1) -> bytes:
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(size)


def made(path: Path, data: bytes, when: int = WHEN) -> Path:
    path.write_bytes(data)
    os.utime(path, ns=(when * 1000, when * 1000))
    return path


def content(fake: FakeServer, path: str) -> bytes | None:
    item = fake.tree.items.get(RemotePath.parse(path))
    return None if item is None else item.content


def stored(fake: FakeServer, path: str, data: bytes, when: TimeUs = WHEN) -> None:
    fake.tree.items[RemotePath.parse(path)] = fake.tree.item(data, when)


def sent(fake: FakeServer) -> list[tuple[str, str]]:
    """Requests that bring content."""
    return [
        (method, path)
        for method, path in fake.requests
        if (method == "PUT" and "/folders/" not in path) or path in {"/api/v1/commits", "/api/v1/batch"}
    ]


# --- up -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, SMALL, 9 * MIB])
async def test_the_same_file_is_left_alone(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, either: bool, size: int
) -> None:
    source = made(tmp_path / "f", body(size))
    await client.send_file(source, "/f")
    fake.requests.clear()
    os.utime(source, ns=(5, 5))
    written = await client.send_file(source, "/f", conflict="resume")
    assert (written.outcome, written.entry.path, written.entry.modified_us) == ("skipped", "/f", WHEN)
    assert sent(fake) == []


@pytest.mark.parametrize("size", [1, SMALL, 9 * MIB])
@pytest.mark.parametrize("there", [0, 1, SMALL, 9 * MIB])
async def test_another_file_is_replaced(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, either: bool, size: int, there: int
) -> None:
    stored(fake, "/f", body(there, seed=2))
    written = await client.send_file(made(tmp_path / "f", body(size)), "/f", conflict="resume")
    assert written.outcome == "replaced"
    assert content(fake, "/f") == body(size)
    assert (await client.send_file(tmp_path / "f", "/new", conflict="resume")).outcome == "created"


async def test_only_what_differs_is_sent(client: AsyncClient, blocks: FakeBlocks, tmp_path: Path) -> None:
    source = made(tmp_path / "f", body(SIZE)[: 30 * MIB])
    await client.send_file(source, "/f")
    before = blocks.received
    made(source, body(SIZE))
    assert (await client.send_file(source, "/f", conflict="resume")).outcome == "replaced"
    assert 10 * MIB <= blocks.received - before <= 22 * MIB


@pytest.mark.parametrize("count", [3, 30])
async def test_of_many_files_those_that_are_there_are_not_sent(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, either: bool, count: int
) -> None:
    (tmp_path / "t").mkdir()
    for number in range(count):
        made(tmp_path / "t" / f"{number}", body(SMALL, number))
    made(tmp_path / "t" / "large", body(2 * MIB))
    await client.send_tree(tmp_path / "t", "/t")
    made(tmp_path / "t" / "1", b"another")
    made(tmp_path / "t" / "more", b"more")
    fake.requests.clear()
    results = await client.send_tree(tmp_path / "t", "/t", conflict="resume", read_back=True)
    outcomes = {result.local.name: result.outcome for result in results if result.outcome != "skipped"}
    assert outcomes == {"1": "replaced", "more": "created"}
    assert all(result.read_back for result in results), "also those that were left alone"
    assert content(fake, "/t/1") == b"another"
    assert len(sent(fake)) <= 2


async def test_where_no_digest_is_known_size_and_second_decide(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, no_digests: None
) -> None:
    stored(fake, "/same", body(SMALL))
    stored(fake, "/older", body(SMALL), TimeUs(WHEN - 5_000_000))
    stored(fake, "/longer", body(SMALL + 1))
    for name in ("same", "older", "longer"):
        made(tmp_path / name, body(SMALL))
    source = tmp_path / "same"
    assert (await client.send_file(source, "/same", conflict="resume")).outcome == "skipped"
    fake.requests.clear()
    for name in ("older", "longer"):
        with pytest.raises(Exception, match="does not say what it stored"):
            await client.send_file(tmp_path / name, f"/{name}", conflict="resume")
        assert content(fake, f"/{name}") == body(SMALL)


async def test_a_folder_there_is_told_as_ever(client: AsyncClient, fake: FakeServer, tmp_path: Path) -> None:
    await client.make_folder("/d")
    assert (await client.send_file(made(tmp_path / "f", b"x"), "/d", conflict="resume")).entry.path == "/d/f"


async def test_a_stream_cannot_resume(client: AsyncClient) -> None:
    with pytest.raises(InvalidRequestError):
        await client.put_bytes(b"x", "/f", conflict="resume")


# --- down -----------------------------------------------------------------------------------------------------------


def fetched(fake: FakeServer) -> list[tuple[str, str]]:
    return [item for item in fake.requests if item[1].startswith("/api/v1/files") or item[1].endswith("/read")]


@pytest.mark.parametrize("size", [0, 1, SMALL, 9 * MIB])
async def test_the_same_file_here_is_left_alone(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, either: bool, size: int
) -> None:
    stored(fake, "/f", body(size))
    target = made(tmp_path / "f", body(size), TimeUs(7))
    got = await client.receive_file("/f", target, conflict="resume")
    assert (got.outcome, got.path, target.stat().st_mtime_ns) == ("skipped", target, 7000)
    assert fetched(fake) == []
    assert os.listdir(tmp_path) == ["f"]  # noqa: PTH208 - pathlib's blocks no less


@pytest.mark.parametrize("begun", [1, MIB - 1, 8 * MIB, 9 * MIB - 1])
async def test_a_beginning_is_completed(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, either: bool, begun: int
) -> None:
    stored(fake, "/f", body(9 * MIB))
    target = made(tmp_path / "f", body(9 * MIB)[:begun])
    seen: list[Progress] = []
    got = await client.receive_file("/f", target, conflict="resume", on_progress=seen.append)
    assert (got.outcome, seen[-1].done) == ("replaced", 9 * MIB)
    assert target.read_bytes() == body(9 * MIB)
    if either:  # by blocks of 4 MiB
        assert client.traffic.received <= 9 * MIB - begun // (4 * MIB) * 4 * MIB + 64 * KIB
    assert len(fetched(fake)) >= 1
    assert os.listdir(tmp_path) == ["f"]  # noqa: PTH208


async def test_a_stream_goes_on_after_the_beginning(client: AsyncClient, fake: FakeServer, tmp_path: Path) -> None:
    fake.blocks = None
    stored(fake, "/f", body(9 * MIB))
    ranges: list[str | None] = []
    before = fake._get_files

    async def get_files(request: Any) -> Any:
        ranges.append(request.headers.get("Range"))
        return await before(request)

    fake._get_files = get_files  # type: ignore[method-assign]
    await client.receive_file("/f", made(tmp_path / "f", body(9 * MIB)[: 5 * MIB]), conflict="resume")
    assert ranges == [f"bytes={5 * MIB}-"]
    assert (tmp_path / "f").read_bytes() == body(9 * MIB)
    made(tmp_path / "f", body(5 * MIB, seed=2))
    await client.receive_file("/f", tmp_path / "f", conflict="resume")
    assert ranges[1:] == [f"bytes={5 * MIB}-", None], "the beginning was of another file"
    assert (tmp_path / "f").read_bytes() == body(9 * MIB)


@pytest.mark.parametrize("size", [SMALL, 9 * MIB])
@pytest.mark.parametrize("here", [0, SMALL, 9 * MIB, 11 * MIB])
async def test_another_file_here_is_replaced(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, either: bool, size: int, here: int
) -> None:
    stored(fake, "/f", body(size))
    target = made(tmp_path / "f", body(here, seed=2))
    assert (await client.receive_file("/f", target, conflict="resume")).outcome == "replaced"
    assert target.read_bytes() == body(size)
    assert os.listdir(tmp_path) == ["f"]  # noqa: PTH208


async def test_damaged_blocks_here_are_fetched_and_no_others(
    client: AsyncClient, fake: FakeServer, tmp_path: Path
) -> None:
    stored(fake, "/f", body(SIZE))
    data = bytearray(body(SIZE))
    for at in (0, 17 * MIB, SIZE - 1):
        data[at] ^= 1
    target = made(tmp_path / "f", bytes(data))
    assert (await client.receive_file("/f", target, conflict="resume")).outcome == "replaced"
    assert target.read_bytes() == body(SIZE)
    assert client.traffic.received <= 3 * 4 * MIB + 64 * KIB


async def test_what_has_moved_here_is_found_all_the_same(client: AsyncClient, fake: FakeServer, tmp_path: Path) -> None:
    await client.send_file(made(tmp_path / "source", body(SIZE)), "/f")
    target = made(tmp_path / "f", body(KIB, seed=3) + body(SIZE))
    await client.receive_file("/f", target, conflict="resume")
    assert target.read_bytes() == body(SIZE)
    assert client.traffic.received < SIZE // 2


async def test_a_tree_here_is_completed(client: AsyncClient, fake: FakeServer, tmp_path: Path, either: bool) -> None:
    await client.make_folder("/t")
    for number in range(30):
        stored(fake, f"/t/{number}", body(SMALL, number))
    stored(fake, "/t/large", body(9 * MIB))
    await client.receive_tree("/t", tmp_path / "t")
    made(tmp_path / "t" / "3", b"another")
    (tmp_path / "t" / "4").unlink()
    made(tmp_path / "t" / "large", body(9 * MIB)[: 4 * MIB])
    results = await client.receive_tree("/t", tmp_path / "t", conflict="resume")
    outcomes = {result.local.name: result.outcome for result in results if result.outcome != "skipped"}
    assert outcomes == {"3": "replaced", "4": "created", "large": "replaced"}
    assert len(results) == 31
    assert {p.name: p.read_bytes() for p in (tmp_path / "t").iterdir()} == {
        str(path).rsplit("/", 1)[-1]: item.content for path, item in fake.tree.items.items() if item.content
    }


async def test_without_a_digest_size_and_second_decide_here(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, no_digests: None
) -> None:
    stored(fake, "/f", body(SMALL))
    target = made(tmp_path / "f", body(SMALL, seed=2))
    assert (await client.receive_file("/f", target, conflict="resume")).outcome == "skipped"
    made(target, body(SMALL, seed=2), TimeUs(WHEN + 2_000_000))
    assert (await client.receive_file("/f", target, conflict="resume")).outcome == "replaced"
    made(target, body(SMALL, seed=2)[:100])
    assert (await client.receive_file("/f", target, conflict="resume")).outcome == "replaced"
    assert target.read_bytes() == body(SMALL)
