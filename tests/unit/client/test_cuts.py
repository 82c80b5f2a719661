"""Connections that are cut anywhere: transfers go on, arrive whole, and send little twice."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer.client import AsyncClient
from secure_file_transfer.errors import TimedOutError
from secure_file_transfer.model import MIB
from secure_file_transfer.testing.fake_server import FakeServer
from secure_file_transfer.testing.proxy import FaultProxy, Harm
from secure_file_transfer.transfer.retry import Retry

SIZE = 24 * MIB
BLOCK = 12 * MIB
SEED = 20261121


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeServer]:
    with FakeServer(tmp_path_factory.mktemp("server")) as server:
        yield server


def positions(count: int) -> list[int]:
    chance = random.Random(SEED)  # noqa: S311 - repeatable, not secret
    print("seed", SEED)
    return sorted(chance.sample(range(20_000, SIZE), count))


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def client_of(fake: FakeServer, proxy: FaultProxy, *, tries: int = 40, timeout: float = 60) -> AsyncClient:
    client = AsyncClient("127.0.0.1", proxy.port, cafile=fake.files.cafile, token=fake.token, timeout=timeout)
    client._retry = Retry(first=0.0, tries=tries)
    return client


@pytest.mark.parametrize("cuts", [[at] for at in positions(6)] + [positions(8)], ids=str)
async def test_uploads_that_are_cut(fake: FakeServer, tmp_path: Path, cuts: list[int]) -> None:
    source = tmp_path / "f"
    source.write_bytes(hashlib.shake_128(b"up").digest(SIZE))
    with FaultProxy(fake.port, Harm("up", cuts)) as proxy:
        async with client_of(fake, proxy) as client:
            await client.send_file(source, "/f")
            sent = client.traffic.sent
        assert proxy.happened == len(cuts)
        assert proxy.passed["up"] <= SIZE * 1.01 + len(cuts) * BLOCK
    assert sent > SIZE
    assert fake.blocks is not None
    assert fake.blocks.received <= SIZE, "no block arrived twice"
    content = next(item.content for path, item in fake.tree.items.items() if str(path) == "/f")
    assert content == source.read_bytes()


@pytest.mark.parametrize("cuts", [[at] for at in positions(6)] + [positions(8)], ids=str)
async def test_downloads_that_are_cut(fake: FakeServer, tmp_path: Path, cuts: list[int]) -> None:
    data = hashlib.shake_128(b"down").digest(SIZE)
    with FaultProxy(fake.port, Harm("down", cuts)) as proxy:
        async with client_of(fake, proxy) as client:
            await client.put_bytes(data, "/f")
            await client.receive_file("/f", tmp_path / "f")
        assert proxy.happened == len(cuts)
        # The fake cuts what was stored whole every 4 MiB; what stood in buffers on the way comes on top.
        assert proxy.passed["down"] <= SIZE * 1.01 + len(cuts) * 2 * 4 * MIB
    assert (tmp_path / "f").read_bytes() == data
    assert names(tmp_path) == ["f"]


async def test_a_connection_that_stalls_is_given_up_and_the_block_goes_another_way(
    fake: FakeServer, tmp_path: Path
) -> None:
    source = tmp_path / "f"
    source.write_bytes(hashlib.shake_128(b"stall").digest(SIZE))
    with FaultProxy(fake.port, Harm("up", stall_at=SIZE // 2)) as proxy:
        async with client_of(fake, proxy, timeout=1) as client:
            await client.send_file(source, "/f")
    assert proxy.harm.stall_at is None


async def test_an_end_that_never_works_is_told(fake: FakeServer, tmp_path: Path) -> None:
    source = tmp_path / "f"
    source.write_bytes(hashlib.shake_128(b"end").digest(SIZE))
    with FaultProxy(fake.port, Harm("up", stall_at=SIZE // 2)) as proxy:
        async with client_of(fake, proxy, tries=1, timeout=0.5) as client:
            with pytest.raises(TimedOutError):
                await client.send_file(source, "/f")


async def test_a_long_way_with_a_small_window_changes_nothing_but_time(fake: FakeServer, tmp_path: Path) -> None:
    source = tmp_path / "f"
    source.write_bytes(hashlib.shake_128(b"far").digest(3 * MIB))
    with FaultProxy(fake.port, Harm(latency=0.001, window=256 * 1024)) as proxy:
        async with client_of(fake, proxy) as client:
            await client.send_file(source, "/f")
            assert await client.get_bytes("/f") == source.read_bytes()
