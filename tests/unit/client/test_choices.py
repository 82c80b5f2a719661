"""What a caller may choose for a transfer: compression on the way, and reading back what was stored."""

import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from secure_file_transfer.client import AsyncClient, Progress, TransferControl
from secure_file_transfer.client.local import SourceFile
from secure_file_transfer.client.squeezing import MEMORY
from secure_file_transfer.errors import (
    BlockDamagedError,
    DigestMismatchError,
    ForbiddenError,
    InvalidRequestError,
    PreconditionFailedError,
    SecureFileTransferError,
    SourceChangedError,
)
from secure_file_transfer.model import KIB, MIB
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.fake_blocks import FakeBlocks
from secure_file_transfer.testing.fake_server import FakeServer
from secure_file_transfer.transfer.retry import Retry
from secure_file_transfer.transfer.squeeze import Line, Yield

SIZE = 20 * MIB
WORDS = b"GET /reports/2026.pdf HTTP/1.1 200 17 ms\n"


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


@pytest.fixture
def slow_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line so slow that compressing always pays."""
    monkeypatch.setattr(Line, "pays", lambda *_: True)


@pytest.fixture
def fast_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Line, "pays", lambda *_: False)


def noise(size: int, seed: int = 1) -> bytes:
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(size)


def text(size: int) -> bytes:
    """Lines that differ, so that no block is another's copy."""
    lines = (WORDS[:-1] + b" %d\n" % number for number in range(size // len(WORDS) + 1))
    return b"".join(lines)[:size]


def made(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def content(fake: FakeServer, path: str) -> bytes | None:
    item = fake.tree.items.get(RemotePath.parse(path))
    return None if item is None else item.content


# --- compression ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
@pytest.mark.parametrize("level", [1, 9])
async def test_blocks_travel_compressed(
    client: AsyncClient, fake: FakeServer, blocks: FakeBlocks, tmp_path: Path, coding: str, level: int
) -> None:
    source = made(tmp_path / "f", text(SIZE))
    seen: list[Progress] = []
    await client.send_file(source, "/f", compress=coding, level=level, on_progress=seen.append)
    assert set(blocks.coded) == {coding}
    assert blocks.received < SIZE // 4
    assert client.traffic.sent < SIZE // 4 + 64 * KIB
    assert seen[-1].done == SIZE, "progress counts content"
    assert content(fake, "/f") == source.read_bytes()


async def test_none_is_none(client: AsyncClient, blocks: FakeBlocks, tmp_path: Path, slow_line: None) -> None:
    await client.send_file(made(tmp_path / "f", text(SIZE)), "/f", compress="none")
    assert set(blocks.coded) == {""}
    assert blocks.received == SIZE


async def test_what_does_not_shrink_goes_as_it_is(client: AsyncClient, blocks: FakeBlocks, tmp_path: Path) -> None:
    await client.send_file(made(tmp_path / "f", noise(SIZE)), "/f", compress="zstd")
    assert set(blocks.coded) == {""}
    assert blocks.received == SIZE


async def test_auto_compresses_before_a_slow_line(
    client: AsyncClient, blocks: FakeBlocks, tmp_path: Path, slow_line: None
) -> None:
    await client.send_file(made(tmp_path / "f", text(SIZE)), "/f")
    assert set(blocks.coded) == {"zstd"}


async def test_auto_does_not_before_a_fast_one(
    client: AsyncClient, blocks: FakeBlocks, tmp_path: Path, fast_line: None
) -> None:
    await client.send_file(made(tmp_path / "f", text(SIZE)), "/f")
    assert set(blocks.coded) == {""}


async def test_auto_leaves_noise_and_archives_alone(
    client: AsyncClient, blocks: FakeBlocks, tmp_path: Path, slow_line: None
) -> None:
    await client.send_file(made(tmp_path / "f", noise(SIZE)), "/f")
    await client.send_file(made(tmp_path / "g", b"PK\x03\x04" + text(SIZE)), "/g")
    assert set(blocks.coded) == {""}


async def test_the_line_is_measured(
    client: AsyncClient, blocks: FakeBlocks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []
    before = Line.pays

    def pays(self: Line, what: Yield, now: float) -> bool:
        said = before(self, what, now)
        if self._rate is not None:
            rates.append(self._rate)
        return said

    monkeypatch.setattr(Line, "pays", pays)
    for number in range(4):
        source = made(tmp_path / f"{number}", text(SIZE)[number * 41 * 1000 :] + noise(KIB, number))
        await client.send_file(source, f"/{number}")
    assert rates
    assert all(rate > 0 for rate in rates)
    line = (await client.block_service())._squeezer._line  # type: ignore[union-attr]
    assert (line._active, line._on_the_way) == (0, 0)


async def test_small_files_travel_compressed_together(
    client: AsyncClient, fake: FakeServer, blocks: FakeBlocks, tmp_path: Path
) -> None:
    for number in range(50):
        made(tmp_path / f"{number}", text(number * 400))
    await client.send_tree(tmp_path, "/t", compress="gzip")
    assert set(blocks.coded) == {"gzip"}
    assert blocks.received < sum(range(50)) * 400 // 4
    assert content(fake, "/t/49") == text(49 * 400)


async def test_a_server_that_decodes_nothing_gets_nothing_coded(
    client: AsyncClient, fake: FakeServer, blocks: FakeBlocks, tmp_path: Path
) -> None:
    blocks.codings = ()
    await client.send_file(made(tmp_path / "f", text(SIZE)), "/f", compress="zstd")
    assert set(blocks.coded) == {""}


async def test_memory_for_compressing_is_bounded_and_given_back(client: AsyncClient, tmp_path: Path) -> None:
    service = await client.block_service()
    assert service is not None
    room = service._squeezer._room
    most, before = room.held, room.take

    async def take(count: int, control: TransferControl) -> int:
        nonlocal most
        held = await before(count, control)
        most = max(most, room.held)
        return held

    room.take = take  # type: ignore[method-assign]
    await client.send_file(made(tmp_path / "f", text(SIZE)), "/f", compress="zstd", level=9)
    assert 0 < most <= MEMORY
    assert room.held == 0


@pytest.mark.parametrize("wrong", [{"compress": "br"}, {"level": 0}, {"level": 10}, {"compress": ""}])
async def test_what_is_not_offered_is_refused_before_anything_moves(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, wrong: dict[str, str]
) -> None:
    fake.requests.clear()
    with pytest.raises(InvalidRequestError):
        await client.send_file(made(tmp_path / "f", b"x"), "/f", **wrong)  # type: ignore[arg-type]
    assert fake.requests == []


# --- reading back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 300 * KIB, 9 * MIB])
@pytest.mark.parametrize("takes_blocks", [True, False])
async def test_a_file_is_read_back(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, size: int, takes_blocks: bool
) -> None:
    if not takes_blocks:
        fake.blocks = None
    seen: list[Progress] = []
    source = made(tmp_path / "f", noise(size))
    written = await client.send_file(source, "/f", read_back=True, on_progress=seen.append)
    assert (written.outcome, written.read_back) == ("created", True)
    assert (seen[-1].done, seen[-1].total) == (2 * size, 2 * size)
    assert os.listdir(tmp_path) == ["f"]  # noqa: PTH208 - pathlib's blocks no less
    assert not (await client.send_file(source, "/f")).read_back


async def test_large_files_come_back_by_their_blocks(client: AsyncClient, fake: FakeServer, tmp_path: Path) -> None:
    await client.send_file(made(tmp_path / "f", noise(SIZE)), "/f", read_back=True)
    got = [path for method, path in fake.requests if method == "GET" and path == "/api/v1/files/f"]
    assert len(got) > 1
    assert SIZE <= client.traffic.received < SIZE + 64 * KIB


async def test_small_files_come_back_together(client: AsyncClient, fake: FakeServer, tmp_path: Path) -> None:
    for number in range(100):
        made(tmp_path / f"{number}", noise(number, number))
    fake.requests.clear()
    seen: list[Progress] = []
    results = await client.send_tree(tmp_path, "/t", read_back=True, on_progress=seen.append)
    assert all(result.read_back for result in results)
    assert len(results) == 100
    assert len(fake.requests) < 8
    assert (seen[-1].done, seen[-1].total) == (2 * sum(range(100)), 2 * sum(range(100)))


def stored_wrong(fake: FakeServer, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """The server says that it has stored what was sent, and has not."""
    blocks = fake.blocks

    def damage(data: bytes) -> bytes:
        return data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]

    get, found = fake._get_files, fake._found

    def damaged(which: RemotePath) -> tuple[dict[str, object], bytes | None]:
        entry, data = found(which)
        return entry, damage(data) if data and str(which) == path else data

    async def get_files(request: object) -> object:
        answer = await get(request)  # type: ignore[arg-type]
        item = fake.tree.items[RemotePath.parse(path)]
        if item.content and answer.body:
            first = 0
            if "Content-Range" in answer.headers:
                first = int(answer.headers["Content-Range"].split()[1].split("-")[0])
            answer.body = damage(item.content)[first : first + len(answer.body)]  # type: ignore[arg-type]
        return answer

    monkeypatch.setattr(fake, "_get_files", get_files)
    monkeypatch.setattr(fake, "_found", damaged)
    fake.blocks = blocks


@pytest.mark.parametrize("size", [100, 9 * MIB])
@pytest.mark.parametrize("takes_blocks", [True, False])
async def test_what_was_stored_wrong_is_told(
    client: AsyncClient,
    fake: FakeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    takes_blocks: bool,
) -> None:
    if not takes_blocks:
        fake.blocks = None
    stored_wrong(fake, monkeypatch, "/f")
    source = made(tmp_path / "f", noise(size))
    await client.send_file(source, "/f")
    with pytest.raises(DigestMismatchError, match="was stored, but") as caught:
        await client.send_file(source, "/f", read_back=True)
    assert "Send it again" in caught.value.hint


async def test_of_many_small_files_the_wrong_one_is_told(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_wrong(fake, monkeypatch, "/t/3")
    for number in range(6):
        made(tmp_path / f"{number}", noise(number * 10 + 1, number))
    results = await client.send_tree(tmp_path, "/t", read_back=True, check=False)
    assert {result.local.name for result in results if result.error} == {"3"}
    [wrong] = [result.error for result in results if result.error]
    assert isinstance(wrong, DigestMismatchError)
    assert all(result.read_back for result in results if not result.error)


async def test_a_block_damaged_on_its_way_back_is_asked_for_again(
    client: AsyncClient, fake: FakeServer, tmp_path: Path
) -> None:
    fake.corrupt_downloads = 1
    assert (await client.send_file(made(tmp_path / "f", noise(SIZE)), "/f", read_back=True)).read_back
    assert SIZE < client.traffic.received <= SIZE + 12 * MIB + 64 * KIB


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (BlockDamagedError("the disk is bad"), BlockDamagedError),
        (ForbiddenError("no"), ForbiddenError),
        (PreconditionFailedError("another"), PreconditionFailedError),
    ],
)
async def test_why_a_file_cannot_be_read_back_is_told(
    client: AsyncClient,
    fake: FakeServer,
    tmp_path: Path,
    said: SecureFileTransferError,
    told: type[SecureFileTransferError],
) -> None:
    fake.after["GET /api/v1/files"] = (0, said)
    with pytest.raises(told, match="was stored") as caught:
        await client.send_file(made(tmp_path / "f", noise(SIZE)), "/f", read_back=True)
    assert caught.value.hint
    assert content(fake, "/f") == noise(SIZE)


async def test_what_was_skipped_was_not_sent_and_is_not_read_back(client: AsyncClient, tmp_path: Path) -> None:
    source = made(tmp_path / "f", noise(KIB))
    await client.send_file(source, "/f")
    written = await client.send_file(source, "/f", conflict="skip", read_back=True)
    assert (written.outcome, written.read_back) == ("skipped", False)
    for name in ("a", "b"):
        made(tmp_path / name, b"x")
    await client.send_files_in_parallel([tmp_path / "a", tmp_path / "b"], "/")
    results = await client.send_files_in_parallel(
        [tmp_path / "a", tmp_path / "b"], "/", conflict="skip", read_back=True
    )
    assert {(result.outcome, result.read_back) for result in results} == {("skipped", False)}


@pytest.mark.parametrize("size", [KIB, 9 * MIB])
@pytest.mark.parametrize("takes_blocks", [True, False])
async def test_a_source_that_changes_before_it_was_read_back_is_told(
    client: AsyncClient,
    fake: FakeServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    takes_blocks: bool,
) -> None:
    if not takes_blocks:
        fake.blocks = None
    source, check = made(tmp_path / "f", noise(size)), SourceFile.check

    def change(self: SourceFile) -> None:
        made(source, noise(size, seed=5))
        os.utime(source, ns=(7, 7))
        check(self)

    monkeypatch.setattr(SourceFile, "check", change)
    with pytest.raises(SourceChangedError, match="after it was read"):
        await client.send_file(source, "/f", read_back=True)
    assert content(fake, "/f") == noise(size), "one state of it"


# --- sources that change --------------------------------------------------------------------------------------------


async def test_a_small_file_that_changes_while_it_is_read_fails_alone(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        made(tmp_path / name, noise(5000))
    before = SourceFile.read

    def read(self: SourceFile) -> bytes:
        if self.path.name == "b" and self._left:
            os.truncate(self.path, 100)
        return before(self)

    monkeypatch.setattr(SourceFile, "read", read)
    results = await client.send_tree(tmp_path, "/t", check=False)
    assert {result.local.name: type(result.error) for result in results if result.error} == {"b": SourceChangedError}
    assert content(fake, "/t/b") is None
    assert content(fake, "/t/c") == noise(5000)


async def test_a_small_file_that_outgrew_its_batch_goes_by_itself(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from secure_file_transfer.client import small

    for name in ("a", "b", "c"):
        made(tmp_path / name, noise(5000))
    before = small._packed

    def packed(files: object, how: object) -> object:
        made(tmp_path / "b", noise(3 * MIB))
        return before(files, how)  # type: ignore[arg-type]

    monkeypatch.setattr(small, "_packed", packed)
    results = await client.send_tree(tmp_path, "/t", read_back=True)
    assert [(result.outcome, result.read_back) for result in results] == [("created", True)] * 3
    assert content(fake, "/t/b") == noise(3 * MIB)
