"""What is tried again, for how long, and as whom."""

import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from secure_file_transfer.client import AsyncClient
from secure_file_transfer.client.flow import Flow
from secure_file_transfer.client.transport import problem_of, retry_after
from secure_file_transfer.client.trust import Address
from secure_file_transfer.errors import (
    ConfigurationError,
    InterruptedTransferError,
    NoSpaceError,
    ProtocolViolationError,
    SecureFileTransferError,
    SignInRequiredError,
    StorageError,
    TimedOutError,
    TooManyRequestsError,
    UnreachableError,
)
from secure_file_transfer.model import KIB, MIB
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.fake_server import NAME, PASSWORD, FakeServer
from secure_file_transfer.testing.proxy import FaultProxy, Harm
from secure_file_transfer.transfer.limit import RateLimit
from secure_file_transfer.transfer.retry import Retry

SIZE = 24 * MIB
CONTENT = hashlib.shake_128(b"again").digest(SIZE)


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeServer]:
    with FakeServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
async def client(fake: FakeServer) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(fake.url, cafile=fake.files.cafile, username=NAME, password=PASSWORD) as client:
        client._retry = Retry(first=0.0)
        yield client


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "f"
    path.write_bytes(CONTENT)
    return path


def sign_ins(fake: FakeServer) -> int:
    return fake.requests.count(("POST", "/api/v1/sessions"))


# --- a clear end ----------------------------------------------------------------------------------------------------


async def test_the_end_says_how_often_it_was_tried(client: AsyncClient, fake: FakeServer, source: Path) -> None:
    client._retry = Retry(first=0.0, tries=3)
    fake.faults["PUT"] = [StorageError("tired")] * 300  # more than all blocks can use up together
    with pytest.raises(StorageError, match=r"tired \(3 tries, 0 s of waiting in between\)"):
        await client.send_file(source, "/f")


async def test_what_will_not_pass_is_tried_once(client: AsyncClient, fake: FakeServer, source: Path) -> None:
    fake.faults["POST"] = [NoSpaceError("The disk is full")]
    await client.whoami()
    with pytest.raises(NoSpaceError, match=r"The disk is full$"):
        await client.send_file(source, "/f")


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("5", 5.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("", None),
        (None, None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("9" * 10, None),
        ("Sat, 21 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_seconds(field: str | None, seconds: float | None) -> None:
    assert retry_after(field) == seconds


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, TooManyRequestsError),
        (502, InterruptedTransferError),
        (503, UnreachableError),
        (504, TimedOutError),
        (500, ProtocolViolationError),
        (404, ProtocolViolationError),
    ],
)
def test_a_proxy_in_front_that_is_busy_is_weather(status: int, kind: type[SecureFileTransferError]) -> None:
    error = problem_of(Address("nas", 5000), status, b"<html>busy</html>", 7.0)
    assert type(error) is kind
    assert error.retry_after == 7.0


async def test_a_server_that_is_busy_says_when_to_come_again(
    client: AsyncClient, fake: FakeServer, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    await client.block_service()
    monkeypatch.setattr("secure_file_transfer.client.blocks.asyncio.sleep", sleep)
    busy = TooManyRequestsError("busy")
    busy.retry_after = 5.0
    fake.faults["PUT"] = [busy]
    await client.send_file(source, "/f")
    assert [seconds for seconds in slept if seconds >= 5]
    assert max(slept) <= 5.5


# --- as whom --------------------------------------------------------------------------------------------------------


async def test_a_session_that_ends_in_the_middle_is_begun_again_once(
    client: AsyncClient, fake: FakeServer, source: Path
) -> None:
    ended = threading.Event()

    def end(progress: object) -> None:
        if not ended.is_set():
            fake.tokens.clear()
            ended.set()

    await client.send_file(source, "/f", on_progress=end)
    assert ended.is_set()
    assert sign_ins(fake) == 2
    assert await client.get_bytes("/f") == CONTENT


@pytest.mark.parametrize("what", ["stat", "get_bytes", "put_bytes"])
async def test_so_is_it_for_other_requests(client: AsyncClient, fake: FakeServer, what: str) -> None:
    await client.put_bytes(b"here", "/small")
    fake.tokens.clear()
    if what == "stat":
        assert (await client.stat("/small")).size == 4
    elif what == "get_bytes":
        assert await client.get_bytes("/small") == b"here"
    else:
        assert (await client.put_bytes(b"there", "/small")).outcome == "replaced"
    assert sign_ins(fake) == 2


async def test_who_is_sent_away_again_at_once_stays_away(client: AsyncClient, fake: FakeServer) -> None:
    await client.whoami()
    fake.tokens.clear()
    await client.whoami()
    fake.tokens.clear()
    with pytest.raises(SignInRequiredError):
        await client.whoami()
    assert sign_ins(fake) == 2


async def test_with_a_token_nobody_can_sign_in_again(fake: FakeServer, source: Path) -> None:
    async with AsyncClient(fake.url, cafile=fake.files.cafile, token=fake.token) as client:

        def end(_: object) -> None:
            fake.tokens.clear()

        with pytest.raises(SignInRequiredError) as caught:
            await client.send_file(source, "/f", on_progress=end)
        assert "not moved again" in caught.value.hint
        assert sign_ins(fake) == 0


async def test_who_is_signed_out_already_is_signed_out(client: AsyncClient, fake: FakeServer) -> None:
    """The answer may be cut off with the connections of the session: the second try is told that it has ended."""
    await client.whoami()
    fake.tokens.clear()
    await client.sign_out()


async def test_who_signed_out_is_not_signed_in_again(client: AsyncClient, fake: FakeServer) -> None:
    await client.whoami()
    await client.sign_out()
    with pytest.raises(SignInRequiredError):
        await client.whoami()
    assert sign_ins(fake) == 1


# --- a connection that says nothing ---------------------------------------------------------------------------------


async def test_a_download_whose_connection_stalls_goes_another_way(
    fake: FakeServer, source: Path, tmp_path: Path
) -> None:
    async with AsyncClient(fake.url, cafile=fake.files.cafile, token=fake.token) as client:
        await client.send_file(source, "/f")
    with FaultProxy(fake.port, Harm("down", stall_at=SIZE // 2)) as proxy:
        async with AsyncClient(
            "127.0.0.1", proxy.port, cafile=fake.files.cafile, token=fake.token, timeout=1
        ) as client:
            await client.receive_file("/f", tmp_path / "back")
    assert proxy.harm.stall_at is None, "it did stall"
    assert (tmp_path / "back").read_bytes() == CONTENT


# --- how fast -------------------------------------------------------------------------------------------------------


class Slow:
    """A flow whose time passes only by its waiting."""

    def __init__(self, rate: float) -> None:
        self.clock = FakeClock()
        self.flow = Flow(RateLimit(rate), clock=self.clock.monotonic, wait=self._wait, sleep=self._sleep)

    def _wait(self, _: threading.Event, seconds: float) -> None:
        # Several threads wait at the same time: the last of them ends the latest.
        self.clock.advance(max(0.0, seconds))

    async def _sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)


@pytest.mark.parametrize("whole", [False, True], ids=["blocks", "whole"])
@pytest.mark.parametrize("direction", ["up", "down"])
async def test_a_limit_holds_within_five_percent(
    fake: FakeServer, source: Path, tmp_path: Path, direction: str, *, whole: bool
) -> None:
    async with AsyncClient(fake.url, cafile=fake.files.cafile, token=fake.token, connections=1) as client:
        await client.send_file(source, "/f")
    if whole:
        fake.blocks = None
    slow = Slow(4 * MIB)
    async with AsyncClient(
        fake.url, cafile=fake.files.cafile, token=fake.token, connections=1, limit=4 * MIB
    ) as client:
        client._flow = slow.flow
        if direction == "up":
            source.write_bytes(CONTENT[::-1])  # noqa: ASYNC240 - a test
            await client.send_file(source, "/g")
        else:
            await client.receive_file("/f", tmp_path / "back")
    assert slow.clock.monotonic() == pytest.approx(SIZE / (4 * MIB), rel=0.05)


@pytest.mark.parametrize("limit", [0, -1, 8 * KIB - 1, float("inf"), float("nan")])
def test_a_limit_that_is_none_is_refused(limit: float) -> None:
    with pytest.raises(ConfigurationError, match="limit"):
        AsyncClient("nas", limit=limit)
