"""Transfers that somebody steers while they run."""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from secure_file_transfer.client import AsyncClient, Progress, SecureFileTransferClient, TransferControl, TransferState
from secure_file_transfer.errors import CancelledTransferError, InvalidRequestError, SecureFileTransferError
from secure_file_transfer.model import MIB
from secure_file_transfer.testing.fake_server import FakeServer
from secure_file_transfer.testing.proxy import FaultProxy, Harm

SIZE = 40 * MIB
CONTENT = hashlib.shake_128(b"control").digest(SIZE)
BLOCK = 12 * MIB


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeServer]:
    with FakeServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
async def client(fake: FakeServer) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(fake.url, cafile=fake.files.cafile, token=fake.token, connections=2) as client:
        yield client


@pytest.fixture(autouse=True)
def every_byte_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secure_file_transfer.client.progress._INTERVAL", 0.0)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "f"
    path.write_bytes(CONTENT)
    return path


def stored(fake: FakeServer, path: str) -> bytes | None:
    return next((item.content for name, item in fake.tree.items.items() if str(name) == path), None)


def urgencies(fake: FakeServer, what: str) -> set[str]:
    return {priority for method, path, priority in fake.priorities if what in f"{method} {path}"}


def once_begun(act: Callable[[], None]) -> Callable[[Progress], None]:
    """Acts as soon as something has moved, once."""
    acts = [act]
    return lambda progress: acts.pop()() if progress.done and acts else None


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - a turn of the loop, no time
            await asyncio.sleep(0)


async def settled(client: AsyncClient) -> None:
    """Until no request runs any more."""
    await until(lambda: not client.turns.running)


# --- pause and resume -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["up", "down"])
async def test_a_pause_begins_no_block_and_what_is_done_is_kept(
    client: AsyncClient, fake: FakeServer, source: Path, tmp_path: Path, direction: str
) -> None:
    control, target, seen = TransferControl(), tmp_path / "back", [0]
    if direction == "down":
        await client.send_file(source, "/f")
    assert control.state is TransferState.READY

    def look(progress: Progress) -> None:
        if progress.done and not seen[-1]:
            control.pause()
        seen.append(progress.done)

    async def work() -> None:
        if direction == "up":
            await client.send_file(source, "/f", control=control, on_progress=look)
        else:
            await client.receive_file("/f", target, control=control, on_progress=look)

    task = asyncio.create_task(work())
    await until(lambda: control.state is TransferState.PAUSED)
    await settled(client)
    before, count = client.traffic, len(fake.requests)
    for _ in range(50):
        await asyncio.sleep(0)
    assert (client.traffic, len(fake.requests)) == (before, count), "nothing moves"
    assert 0 < seen[-1] < SIZE
    control.resume()
    await task
    assert control.state.value == "finished"
    traffic = client.traffic.sent if direction == "up" else client.traffic.received
    assert traffic < SIZE + MIB, "nothing went twice"
    assert (stored(fake, "/f") if direction == "up" else target.read_bytes()) == CONTENT


async def test_a_pause_outlives_the_connections(fake: FakeServer, source: Path) -> None:
    with FaultProxy(fake.port, Harm()) as proxy:
        async with AsyncClient("127.0.0.1", proxy.port, cafile=fake.files.cafile, token=fake.token) as client:
            control = TransferControl()
            seen = [0]

            def look(progress: Progress) -> None:
                if progress.done and not seen[-1]:
                    control.pause()
                seen.append(progress.done)

            task = asyncio.create_task(client.send_file(source, "/f", control=control, on_progress=look))
            await until(lambda: control.state is TransferState.PAUSED)
            await settled(client)
            proxy.cut_all()
            control.resume()
            await task
    assert stored(fake, "/f") == CONTENT
    assert fake.blocks is not None
    assert fake.blocks.received <= SIZE, "no block went twice"


async def test_what_is_paused_keeps_nobody_else_waiting(client: AsyncClient, fake: FakeServer, source: Path) -> None:
    control = TransferControl()
    tell = once_begun(control.pause)
    held = [
        asyncio.create_task(client.send_file(source, f"/held{n}", control=control, on_progress=tell)) for n in range(3)
    ]
    await until(lambda: control.state is TransferState.PAUSED)
    source.with_name("other").write_bytes(CONTENT[::-1])
    await client.send_file(source.with_name("other"), "/other")
    assert stored(fake, "/other") == CONTENT[::-1]
    assert not any(task.done() for task in held)
    control.resume()
    await asyncio.gather(*held)


async def test_a_small_file_waits_too(client: AsyncClient, fake: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"small")
    control = TransferControl()
    control.pause()
    task = asyncio.create_task(client.send_file(tmp_path / "small", "/small", control=control))
    await until(lambda: client.turns.waiting == 1)
    assert stored(fake, "/small") is None
    control.resume()
    await task
    assert stored(fake, "/small") == b"small"


# --- cancel ---------------------------------------------------------------------------------------------------------


async def test_cancelling_an_upload_raises_in_its_caller_and_the_next_call_goes_on(
    client: AsyncClient, fake: FakeServer, source: Path
) -> None:
    control = TransferControl()
    with pytest.raises(CancelledTransferError, match="nothing was published"):
        await client.send_file(source, "/f", control=control, on_progress=once_begun(control.cancel))
    assert control.state is TransferState.CANCELLED
    assert stored(fake, "/f") is None
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0, "our caller was not cancelled, its transfer was"
    assert fake.blocks is not None
    received = fake.blocks.received
    assert received > 0
    await client.send_file(source, "/f")
    assert fake.blocks.received <= SIZE + 2 * BLOCK
    assert stored(fake, "/f") == CONTENT
    with pytest.raises(CancelledTransferError):
        await client.send_file(source, "/g", control=control)


async def test_cancelling_a_download_keeps_what_came(client: AsyncClient, source: Path, tmp_path: Path) -> None:
    await client.send_file(source, "/f")
    here, control = tmp_path / "here", TransferControl()
    here.mkdir()
    with pytest.raises(CancelledTransferError):
        await client.receive_file("/f", here / "f", control=control, on_progress=once_begun(control.cancel))
    [part] = [path.name for path in here.iterdir()]
    assert part.endswith(".sft-part")
    before = client.traffic.received
    await client.receive_file("/f", here / "f")
    assert client.traffic.received - before < SIZE
    assert (here / "f").read_bytes() == CONTENT
    assert [path.name for path in here.iterdir()] == ["f"]


async def test_who_cancels_the_task_as_well_gets_what_asyncio_promises(client: AsyncClient, source: Path) -> None:
    control = TransferControl()
    control.pause()
    task = asyncio.create_task(client.send_file(source, "/f", control=control))
    await until(lambda: control.state is not TransferState.READY)
    control.cancel()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_many_files_end_together(client: AsyncClient, fake: FakeServer, tmp_path: Path) -> None:
    folder, control = tmp_path / "tree", TransferControl()
    folder.mkdir()
    for number in range(20):
        (folder / f"{number}").write_bytes(hashlib.shake_128(bytes([number])).digest(MIB))
    with pytest.raises(CancelledTransferError):
        await client.send_tree(
            folder, "/tree", control=control, on_progress=lambda p: control.cancel() if p.files_done > 3 else None
        )
    there = sum(str(path).startswith("/tree/") for path in fake.tree.items)
    assert 3 < there < 20
    assert len(await client.send_tree(folder, "/tree")) == 20


async def test_closing_the_client_ends_what_is_paused(fake: FakeServer, source: Path) -> None:
    control = TransferControl()
    control.pause()
    async with AsyncClient(fake.url, cafile=fake.files.cafile, token=fake.token) as client:
        task = asyncio.create_task(client.send_file(source, "/f", control=control))
        await until(lambda: ("GET", "/api/v1/transfer") in fake.requests)
        for _ in range(100):
            await asyncio.sleep(0)
    with pytest.raises(CancelledTransferError, match="closed"):
        await asyncio.wait_for(task, 5)
    control.resume()
    assert control.state is TransferState.FINISHED


# --- from another thread --------------------------------------------------------------------------------------------


@pytest.fixture
def ordinary(fake: FakeServer) -> Iterator[SecureFileTransferClient]:
    with SecureFileTransferClient(fake.url, cafile=fake.files.cafile, token=fake.token, connections=2) as client:
        yield client


class Call(threading.Thread):
    """A call in a thread of its own, as a program with windows makes it."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self.work = work
        self.error: SecureFileTransferError | None = None
        self.start()

    def run(self) -> None:
        try:
            self.work()
        except SecureFileTransferError as error:
            self.error = error


def test_any_thread_may_steer(ordinary: SecureFileTransferClient, fake: FakeServer, source: Path) -> None:
    control, begun = TransferControl(), threading.Event()

    def tell(progress: Progress) -> None:
        if progress.done and not begun.is_set():
            control.pause()
            begun.set()

    call = Call(lambda: ordinary.send_file(source, "/f", control=control, on_progress=tell))
    assert begun.wait(20)
    assert control.state is TransferState.PAUSED
    assert call.is_alive()
    control.resume()
    call.join(20)
    assert call.error is None
    assert stored(fake, "/f") == CONTENT


def test_any_thread_may_cancel(ordinary: SecureFileTransferClient, fake: FakeServer, source: Path) -> None:
    control, begun = TransferControl(), threading.Event()
    control.pause()
    call = Call(lambda: ordinary.send_file(source, "/f", control=control, on_progress=lambda _: begun.set()))
    control.cancel()
    call.join(20)
    assert isinstance(call.error, CancelledTransferError)
    assert stored(fake, "/f") is None


def test_closing_while_paused_ends_cleanly(fake: FakeServer, source: Path) -> None:
    control = TransferControl()
    control.pause()
    client = SecureFileTransferClient(fake.url, cafile=fake.files.cafile, token=fake.token)
    call = Call(lambda: client.send_file(source, "/f", control=control))
    while not any("transfer" in path for _, path in fake.requests):
        assert call.is_alive()
    client.close()
    call.join(20)
    assert isinstance(call.error, InvalidRequestError | CancelledTransferError)


# --- priority -------------------------------------------------------------------------------------------------------


async def test_every_request_of_a_transfer_says_how_urgent_it_is(
    client: AsyncClient, fake: FakeServer, source: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(3):
        (tree / f"{number}").write_bytes(b"small")
    await client.send_file(source, "/f", priority=5)
    assert urgencies(fake, "PUT /api/v1/blocks/") == {"u=5"}
    assert urgencies(fake, "POST /api/v1/commits") == {"u=5"}
    await client.send_tree(tree, "/tree", priority=99)
    assert urgencies(fake, "POST /api/v1/batch") == {"u=7"}
    await client.receive_tree("/tree", tmp_path / "back", priority=1)
    assert urgencies(fake, "POST /api/v1/batch/read") == {"u=1"}
    await client.receive_file("/f", tmp_path / "f2", priority=-1)
    assert urgencies(fake, "GET /api/v1/files/f") == {"u=0"}
    await client.send_file(tree / "0", "/small", priority=6)
    assert urgencies(fake, "PUT /api/v1/files/small") == {"u=6"}
    await client.receive_file("/small", tmp_path / "small")
    assert urgencies(fake, "GET /api/v1/files/small") == {"u=3"}
    await client.put_stream(b"bytes", "/bytes", priority=2)
    assert urgencies(fake, "PUT /api/v1/files/bytes") == {"u=2"}


async def test_what_waits_goes_by_priority_and_then_by_arrival_and_can_change_its_place(
    fake: FakeServer, tmp_path: Path
) -> None:
    priorities = {"a": 5, "b": 1, "c": 5, "d": 0, "e": 1}
    for name in priorities:
        (tmp_path / name).write_bytes(b"small")
    async with AsyncClient(fake.url, cafile=fake.files.cafile, token=fake.token, connections=1) as client:
        controls = {name: TransferControl(priority) for name, priority in priorities.items()}
        blocker = TransferControl()
        async with client.turns.turn(blocker):  # the only connection is taken while they line up
            tasks = []
            for name, control in controls.items():
                tasks.append(asyncio.create_task(client.send_file(tmp_path / name, f"/{name}", control=control)))
                await until(lambda: client.turns.waiting == len(tasks))
            controls["e"].priority = 6
            assert controls["e"].priority == 6
            controls["b"].pause()
        await until(lambda: ("PUT", "/api/v1/files/e") in fake.requests)
        controls["b"].resume()
        await asyncio.gather(*tasks)
    went = [path[-1] for method, path in fake.requests if method == "PUT"]
    assert went == ["d", "a", "c", "e", "b"]
