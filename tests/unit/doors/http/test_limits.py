"""The server's limits on transfers, as peers of the HTTPS door meet them."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.model import MIB, Principal
from secure_file_transfer.services.traffic import Direction, Traffic, Transfer
from secure_file_transfer.testing.clock import FakeClock

from .conftest import ALICE, SESSION, TOKEN

HEAD = f"HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
DATA = bytes(range(256)) * 4096  # 1 MiB
OTHER = Principal(None, None)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def occupy(traffic: Traffic) -> Transfer:
    """Somebody else has the place."""
    return traffic.begin(OTHER, "192.0.2.99", Direction.UP, lambda: None)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for happens on this loop and in threads
            await asyncio.sleep(0)


@pytest.fixture
def limited(build: Any, call: Any, clock: FakeClock) -> Callable[..., tuple[Any, Traffic]]:
    """A caller of a server with such limits."""

    def make(**options: Any) -> tuple[Any, Traffic]:
        traffic = Traffic(clock, **options)
        app = build(traffic=traffic)
        app.gate.open()
        return type(call)(app), traffic

    return make


def waiting(traffic: Traffic) -> int:
    assert traffic._turns is not None
    return traffic._turns.waiting


async def test_an_upload_waits_unread_and_goes_on(limited: Any, house: Any) -> None:
    ask, traffic = limited(places=1)
    other = occupy(traffic)
    read: list[int] = []
    task = asyncio.create_task(ask("PUT", "/api/v1/files/a", body=[DATA], before_piece=read.append))
    await until(lambda: waiting(traffic) == 1)
    assert read == []
    traffic.leave(other)
    assert (await task).status == 201
    assert (await ask("GET", "/api/v1/files/a")).body == DATA
    assert traffic._transfers == {}


async def test_a_download_waits_and_holds_nothing(limited: Any, house: Any) -> None:
    ask, traffic = limited(places=1)
    house.put("/a", DATA)
    other = occupy(traffic)
    task = asyncio.create_task(ask("GET", "/api/v1/files/a"))
    await until(lambda: waiting(traffic) == 1)
    assert house.open_contents == 0
    assert (await ask("HEAD", "/api/v1/files/a")).status == 200
    assert (await ask("GET", "/api/v1/files/none")).status == 404
    assert (await ask("GET", "/api/v1/files/a", token=None)).status == 401
    traffic.leave(other)
    assert (await task).body == DATA


async def test_tiny_files_pass(limited: Any, house: Any) -> None:
    ask, traffic = limited(places=1)
    occupy(traffic)
    assert (await ask("PUT", "/api/v1/files/a", body=DATA[: 64 * 1024])).status == 201
    assert (await ask("GET", "/api/v1/files/a")).body == DATA[: 64 * 1024]
    assert waiting(traffic) == 0


async def test_priority_is_heard(limited: Any, house: Any) -> None:
    ask, traffic = limited(places=1)
    other, read = occupy(traffic), []

    async def put(urgency: int) -> None:
        answer = await ask(
            "PUT",
            f"/api/v1/files/{urgency}",
            body=DATA,
            headers={"priority": f"u={urgency}, i"},
            before_piece=lambda _: read.append(urgency),
        )
        assert answer.status == 201

    tasks = []
    for count, urgency in enumerate((7, 0, 3), 1):
        tasks.append(asyncio.create_task(put(urgency)))
        await until(partial(lambda count: waiting(traffic) == count, count))
    traffic.leave(other)
    await asyncio.gather(*tasks)
    assert read == [0, 3, 7]


async def test_beyond_the_line_it_is_503_with_retry_after(limited: Any, house: Any) -> None:
    ask, traffic = limited(places=1, room=1)
    other = occupy(traffic)
    first = asyncio.create_task(ask("PUT", "/api/v1/files/a", body=DATA))
    await until(lambda: waiting(traffic) == 1)
    answer = await ask("PUT", "/api/v1/files/b", body=[DATA, b""])
    assert (answer.status, answer.code, answer.json["retryable"]) == (503, "busy", True)
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["connection"] == "close"
    traffic.leave(other)
    assert (await first).status == 201
    assert (house.drafts, house.aborted) == (0, 1)


async def test_29_a_session_that_ends_ends_the_waiting(build: Any, call: Any, house: Any, clock: FakeClock) -> None:
    traffic = Traffic(clock, places=1, check=lambda _: house.resolve(TOKEN))
    app = build(traffic=traffic)
    app.gate.open()
    occupy(traffic)
    task = asyncio.create_task(type(call)(app)("PUT", "/api/v1/files/a", body=DATA))
    await until(lambda: any(each.delayed for each in traffic._transfers))
    house.live = False
    traffic.tick()
    assert (await task).status == 401
    assert (house.drafts, waiting(traffic)) == (0, 0)


async def hurried(clock: FakeClock, traffic: Traffic, work: Any) -> tuple[Any, float]:
    """The answer, and how long it took by a clock that runs whenever somebody waits."""
    task, began = asyncio.create_task(work), clock.monotonic()
    async with asyncio.timeout(30):
        while not task.done():
            if any(each.delayed for each in traffic._transfers):
                clock.advance(0.01)
                for transfer in list(traffic._transfers):
                    transfer.wake()
            await asyncio.sleep(0)
    return await task, clock.monotonic() - began


@pytest.mark.parametrize("piece", [64 * 1024, 300_000])
async def test_an_upload_keeps_to_the_rate(limited: Any, house: Any, clock: FakeClock, piece: int) -> None:
    ask, traffic = limited(rates=(100_000, 0))
    pieces = [DATA[at : at + piece] for at in range(0, MIB, piece)]
    answer, took = await hurried(clock, traffic, ask("PUT", "/api/v1/files/a", body=pieces))
    assert answer.status == 201
    # The last piece is not waited for.
    assert (MIB - len(pieces[-1]) - 25_000) / 100_000 - 0.1 <= took <= MIB / 100_000


async def test_a_download_keeps_to_the_rate_in_small_pieces(limited: Any, house: Any, clock: FakeClock) -> None:
    ask, traffic = limited(rates=(0, 100_000))
    house.put("/a", DATA * 2)
    answer, took = await hurried(clock, traffic, ask("GET", "/api/v1/files/a"))
    assert answer.body == DATA * 2
    assert answer.whole
    assert (2 * MIB - 25_000) / 100_000 - 0.1 <= took <= 2 * MIB / 100_000 + 0.1


async def test_an_upload_does_not_count_as_a_download(limited: Any, house: Any, clock: FakeClock) -> None:
    ask, traffic = limited(rates=(0, 1))
    assert (await ask("PUT", "/api/v1/files/a", body=[DATA])).status == 201
    _, took = await hurried(clock, traffic, ask("GET", "/api/v1/files/a", headers={"range": "bytes=0-9"}))
    assert 9.0 <= took <= 10.0


# --- over real connections --------------------------------------------------------------------------------------


@pytest.fixture
def connect(tls_files: tuple[Path, Path]) -> Iterator[Callable[[Any], ssl.SSLSocket]]:
    opened: list[ssl.SSLSocket] = []
    context = ssl.create_default_context(cafile=str(tls_files[0]))

    def open_(listener: Any) -> ssl.SSLSocket:
        raw = socket.create_connection(("127.0.0.1", listener.port), timeout=20)
        opened.append(context.wrap_socket(raw, server_hostname="localhost"))
        return opened[-1]

    yield open_
    for connection in opened:
        connection.close()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def send_what_fits(connection: ssl.SSLSocket, data: bytes) -> int:
    """Send until the server takes no more; how much that was."""
    connection.settimeout(0.3)
    sent = 0
    try:
        while sent < len(data):
            sent += connection.send(data[sent : sent + 16384])
    except TimeoutError:
        pass
    connection.settimeout(20)
    return sent


UPLOAD = 64 * MIB


def test_a_waiting_upload_is_slowed_and_not_taken_for_silent(serve: Any, connect: Any, house: Any) -> None:
    traffic = Traffic(FakeClock(), places=1)
    other = occupy(traffic)
    connection = connect(serve(traffic=traffic, idle_seconds=0.5, head_seconds=0.5))
    connection.sendall(b"PUT /api/v1/files/a " + HEAD + b"Content-Length: %d\r\n\r\n" % UPLOAD)
    data = bytes(UPLOAD)
    sent = send_what_fits(connection, data)
    assert sent < UPLOAD // 2
    waits_since = time.monotonic()
    wait_for(lambda: time.monotonic() > waits_since + 1.2)
    traffic.leave(other)
    connection.sendall(data[sent:])
    assert connection.recv(12) == b"HTTP/1.1 201"


@pytest.mark.parametrize("request_", [b"GET", b"PUT"])
def test_who_goes_away_leaves_the_line(serve: Any, connect: Any, house: Any, request_: bytes) -> None:
    traffic = Traffic(FakeClock(), places=1)
    occupy(traffic)
    house.put("/a", DATA)
    connection = connect(serve(traffic=traffic))
    length = b"Content-Length: %d\r\n" % UPLOAD if request_ == b"PUT" else b""
    connection.sendall(request_ + b" /api/v1/files/a " + HEAD + length + b"\r\n")
    if request_ == b"PUT":
        send_what_fits(connection, bytes(UPLOAD))
    wait_for(lambda: waiting(traffic) == 1)
    connection.close()
    wait_for(lambda: waiting(traffic) == 0)
    wait_for(lambda: house.drafts == 0)


def test_a_download_gives_its_place_up_to_who_waits(serve: Any, connect: Any, house: Any) -> None:
    clock = FakeClock()
    traffic = Traffic(clock, places=1)
    house.put("/large", bytes(UPLOAD))
    house.put("/a", DATA)
    server = serve(traffic=traffic)
    slow, fast = connect(server), connect(server)
    slow.sendall(b"GET /api/v1/files/large " + HEAD + b"\r\n")
    assert slow.recv(12) == b"HTTP/1.1 200"
    fast.sendall(b"GET /api/v1/files/a " + HEAD + b"\r\n")
    wait_for(lambda: waiting(traffic) == 1)
    clock.advance(2.0)
    traffic.tick()
    assert fast.recv(12) == b"HTTP/1.1 200"
    left = UPLOAD
    while left > 0:
        piece = slow.recv(MIB)
        assert piece
        left -= len(piece)


def test_the_principal_of_the_door_is_the_one_that_is_limited(serve: Any, connect: Any, house: Any) -> None:
    traffic = Traffic(FakeClock(), places=1)
    own = traffic.begin(Principal(ALICE, SESSION), "", Direction.UP, lambda: None)
    house.put("/a", DATA)
    connection = connect(serve(traffic=traffic))
    connection.sendall(b"GET /api/v1/files/a " + HEAD + b"\r\n")
    wait_for(lambda: waiting(traffic) == 1)
    assert {transfer.key for transfer in traffic._transfers} == {ALICE.id}
    traffic.leave(own)
    assert connection.recv(12) == b"HTTP/1.1 200"
