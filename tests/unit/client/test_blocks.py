"""Files by blocks: what is sent, what is not sent again, and what becomes of damage on the way."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from secure_file_transfer.client import AsyncClient, Progress
from secure_file_transfer.client.local import SourceFile
from secure_file_transfer.errors import (
    DigestMismatchError,
    InterruptedTransferError,
    MissingBlocksError,
    NoSpaceError,
    ProtocolViolationError,
    SourceChangedError,
    StorageError,
)
from secure_file_transfer.model import KIB, MIB
from secure_file_transfer.testing.fake_blocks import FakeBlocks, problem
from secure_file_transfer.testing.fake_server import FakeServer
from secure_file_transfer.transfer.retry import Retry

SIZE = 40 * MIB
BLOCK = 12 * MIB
"""The largest block of a file of this size."""


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeServer]:
    with FakeServer(tmp_path_factory.mktemp("server")) as server:
        yield server


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


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --- up -------------------------------------------------------------------------------------------------------------


async def test_a_large_file_goes_in_blocks_and_only_once(
    client: AsyncClient, blocks: FakeBlocks, tmp_path: Path
) -> None:
    source = tmp_path / "f"
    source.write_bytes(body(SIZE))
    seen: list[Progress] = []
    await client.send_file(source, "/f", on_progress=seen.append)
    assert blocks.received == SIZE
    assert SIZE <= client.traffic.sent < SIZE + 64 * KIB
    assert seen[-1].done == SIZE
    await client.send_file(source, "/again", on_progress=seen.append)
    assert blocks.received == SIZE, "the second time nothing had to go"
    assert seen[-1].done == SIZE
    assert await client.get_bytes("/again") == body(SIZE)


async def test_a_change_in_place_sends_what_is_around_it(
    client: AsyncClient, blocks: FakeBlocks, tmp_path: Path
) -> None:
    source, data = tmp_path / "f", bytearray(body(SIZE))
    source.write_bytes(data)
    await client.send_file(source, "/f")
    before = blocks.received
    data[20 * MIB : 20 * MIB + 1000] = bytes(1000)
    source.write_bytes(data)
    assert (await client.send_file(source, "/f")).outcome == "replaced"
    assert 0 < blocks.received - before <= BLOCK
    assert await client.get_bytes("/f") == data


async def test_bytes_inserted_in_the_front_do_not_send_the_rest(
    client: AsyncClient, blocks: FakeBlocks, tmp_path: Path
) -> None:
    source = tmp_path / "f"
    source.write_bytes(body(SIZE))
    await client.send_file(source, "/f")
    before = blocks.received
    source.write_bytes(body(KIB, seed=2) + body(SIZE))
    await client.send_file(source, "/f")
    assert 0 < blocks.received - before <= SIZE // 2
    assert await client.get_bytes("/f") == source.read_bytes()


async def test_a_refused_block_is_sent_again_alone(client: AsyncClient, blocks: FakeBlocks, tmp_path: Path) -> None:
    source = tmp_path / "f"
    source.write_bytes(body(SIZE))
    blocks.corrupt = 1
    await client.send_file(source, "/f")
    assert SIZE < blocks.received <= SIZE + BLOCK
    assert await client.get_bytes("/f") == body(SIZE)


async def test_a_way_that_damages_everything_has_a_clear_end(
    client: AsyncClient, fake: FakeServer, blocks: FakeBlocks, tmp_path: Path
) -> None:
    source = tmp_path / "f"
    source.write_bytes(body(MIB))
    blocks.corrupt = 1000
    with pytest.raises(DigestMismatchError):
        await client.send_file(source, "/f")
    assert 1000 - blocks.corrupt == Retry().tries
    assert [str(path) for path in fake.tree.items] == ["/"]


async def test_a_client_that_was_stopped_goes_on_where_it_was(
    client: AsyncClient, fake: FakeServer, blocks: FakeBlocks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secure_file_transfer.client.progress._INTERVAL", 0.0)
    source = tmp_path / "f"
    source.write_bytes(body(SIZE))

    def stop(progress: Progress) -> None:
        if progress.done > SIZE // 2:
            task.cancel()

    task = asyncio.ensure_future(client.send_file(source, "/f", on_progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "/f" not in {str(path) for path in fake.tree.items}
    async with AsyncClient(fake.url, cafile=fake.files.cafile, token=fake.token) as another:
        await another.send_file(source, "/f")
        assert await another.get_bytes("/f") == body(SIZE)
    assert blocks.received <= SIZE + 4 * BLOCK, "at most one block for each connection went twice"


async def test_what_will_pass_is_waited_for_and_the_rest_is_told(
    client: AsyncClient, fake: FakeServer, tmp_path: Path
) -> None:
    source = tmp_path / "f"
    source.write_bytes(body(SIZE))
    fake.faults["PUT"] = [StorageError("tired"), StorageError("tired")]
    fake.faults["POST"] = [StorageError("tired")]
    assert (await client.send_file(source, "/f")).outcome == "created"
    fake.faults["POST"] = [NoSpaceError("The disk is full")]
    with pytest.raises(NoSpaceError):
        await client.send_file(source, "/f")


@pytest.mark.parametrize("change", ["grow", "shrink", "touch"])
async def test_a_file_that_changes_while_it_is_read_is_not_published(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    source = tmp_path / "f"
    source.write_bytes(body(SIZE))
    before, calls = SourceFile.fill, 0

    def fill(self: SourceFile, buffer: memoryview) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            if change == "touch":
                os.utime(source, ns=(1, 1))
            else:
                os.truncate(source, SIZE + 1 if change == "grow" else 20 * MIB)
        before(self, buffer)

    monkeypatch.setattr(SourceFile, "fill", fill)
    with pytest.raises(SourceChangedError):
        await client.send_file(source, "/f")
    assert [str(path) for path in fake.tree.items] == ["/"]


async def test_a_commit_that_finds_blocks_gone_gets_just_those_again(
    client: AsyncClient, blocks: FakeBlocks, tmp_path: Path
) -> None:
    source = tmp_path / "f"
    source.write_bytes(body(SIZE))
    seen: list[Progress] = []
    blocks.forget = [2, 1]
    assert (await client.send_file(source, "/f", on_progress=seen.append)).outcome == "created"
    assert SIZE < blocks.received <= SIZE + 3 * BLOCK
    assert blocks.forget == []
    assert seen[-1].done == SIZE
    assert await client.get_bytes("/f") == body(SIZE)


async def test_a_server_that_never_keeps_a_block_is_given_up(
    client: AsyncClient, fake: FakeServer, blocks: FakeBlocks, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(body(3 * MIB))
    blocks.forget = [10] * 100
    with pytest.raises(MissingBlocksError):
        await client.send_file(tmp_path / "f", "/f")
    assert 90 < len(blocks.forget) < 100
    assert [str(path) for path in fake.tree.items] == ["/"]


@pytest.mark.parametrize("honest_time", [False, True])
async def test_a_block_that_has_to_go_again_must_be_what_it_was(
    client: AsyncClient, fake: FakeServer, blocks: FakeBlocks, tmp_path: Path, honest_time: bool
) -> None:
    source = tmp_path / "f"
    source.write_bytes(body(3 * MIB))
    when = source.stat().st_mtime_ns
    blocks.forget = [10]

    def change(_: Progress) -> None:
        source.write_bytes(body(3 * MIB, seed=9))
        if not honest_time:
            os.utime(source, ns=(when, when))

    with pytest.raises(SourceChangedError):
        await client.send_file(source, "/f", on_progress=change)
    assert [str(path) for path in fake.tree.items] == ["/"]


async def test_blocks_that_are_in_no_file_are_not_asked_for(
    client: AsyncClient, fake: FakeServer, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(body(3 * MIB))

    async def commit(_: object) -> object:
        return web.json_response({"results": [{"error": problem(MissingBlocksError(blocks=["ab" * 32]))}]})

    assert fake.blocks is not None
    fake.blocks.commit = commit  # type: ignore[method-assign, assignment]
    with pytest.raises(ProtocolViolationError):
        await client.send_file(tmp_path / "f", "/f")


async def test_many_small_files_are_few_requests(client: AsyncClient, fake: FakeServer, tmp_path: Path) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    (there / "deep").mkdir(parents=True)
    for number in range(300):
        (there / ("deep" if number % 2 else "") / f"{number}").write_bytes(body(number, seed=number))
    fake.requests.clear()
    results = await client.send_tree(there, "/t")
    assert {result.outcome for result in results} == {"created"}
    results = await client.receive_tree("/t", back)
    assert {result.outcome for result in results} == {"created"}
    assert len(fake.requests) < 15, fake.requests
    assert {p.relative_to(there): p.read_bytes() for p in there.rglob("*") if p.is_file()} == {
        p.relative_to(back): p.read_bytes() for p in back.rglob("*") if p.is_file()
    }


async def test_a_lower_number_overtakes(fake: FakeServer, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("first", "urgent")]
    for path, size in zip(files, (SIZE, MIB), strict=True):
        path.write_bytes(body(size, seed=size))
    async with AsyncClient(fake.url, cafile=fake.files.cafile, token=fake.token, connections=1) as client:
        await client.block_service()
        begun, done = asyncio.Event(), []

        async def send(path: Path, priority: int) -> None:
            await client.send_file(path, f"/{path.name}", priority=priority, on_progress=lambda _: begun.set())
            done.append(path.name)

        slow = asyncio.create_task(send(files[0], 5))
        await begun.wait()
        await asyncio.gather(slow, send(files[1], 1))
    assert set(done) == {"first", "urgent"}
    paths = [path for method, path in fake.requests if method == "PUT" and "/blocks/" in path]
    order = [blocks_of(fake, files[1]).count(path.rsplit("/", 1)[-1]) for path in paths]
    assert order[-1] == 0, "the last block sent is one of the less urgent file"


def blocks_of(fake: FakeServer, path: Path) -> list[str]:
    assert fake.blocks is not None
    return [name for name, _ in fake.blocks.manifest(path.read_bytes())]


# --- down -----------------------------------------------------------------------------------------------------------


async def test_an_interrupted_download_keeps_its_blocks(client: AsyncClient, fake: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(body(SIZE))
    await client.send_file(tmp_path / "source", "/f")
    target = tmp_path / "here"
    target.mkdir()
    client._retry = Retry(tries=1)
    fake.after["GET /api/v1/files"] = (1, InterruptedTransferError("cut"))
    with pytest.raises(InterruptedTransferError):
        await client.receive_file("/f", target / "f")
    [left] = names(target)
    assert left.endswith(".sft-part")
    fake.after.clear()
    got = client.traffic.received
    await client.receive_file("/f", target / "f")
    assert (target / "f").read_bytes() == body(SIZE)
    assert client.traffic.received - got <= SIZE - 2 * MIB, "one request was answered before"
    assert names(target) == {"f"}


async def test_what_is_surely_new_does_not_wait_for_answers_but_goes_on_asking(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secure_file_transfer.client.uploading._SURELY_NEW", 2)
    (tmp_path / "new").write_bytes(body(SIZE))
    await client.send_file(tmp_path / "new", "/f")
    assert client.traffic.sent < SIZE + MIB
    (tmp_path / "longer").write_bytes(body(SIZE) + body(SIZE, seed=9))
    sent = client.traffic.sent
    await client.send_file(tmp_path / "longer", "/g")
    assert client.traffic.sent - sent < SIZE + 8 * MIB, "what is known is still found"


async def test_a_download_takes_what_the_old_file_has(client: AsyncClient, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(body(SIZE))
    await client.send_file(source, "/f")
    target.write_bytes(body(KIB, seed=3) + body(SIZE)[: 30 * MIB])
    assert (await client.receive_file("/f", target)).outcome == "replaced"
    assert target.read_bytes() == body(SIZE)
    assert client.traffic.received < SIZE * 3 // 4


async def test_a_block_that_arrives_damaged_is_fetched_again_alone(
    client: AsyncClient, fake: FakeServer, tmp_path: Path
) -> None:
    (tmp_path / "source").write_bytes(body(SIZE))
    await client.send_file(tmp_path / "source", "/f")
    fake.corrupt_downloads = 1
    await client.receive_file("/f", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == body(SIZE)
    assert SIZE < client.traffic.received <= SIZE + BLOCK + 64 * KIB


async def test_a_full_disk_here_leaves_nothing(
    client: AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.put_bytes(body(SIZE), "/f")
    target = tmp_path / "f"
    target.write_bytes(b"old")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(NoSpaceError):
        await client.receive_file("/f", target)
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == {"f"}
