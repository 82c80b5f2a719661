"""Transfers that go wrong leave nothing behind, and say what happened."""

import asyncio
import errno
import hashlib
import itertools
import os
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from secure_file_transfer.client import AsyncClient, Progress, local
from secure_file_transfer.client.local import PartialFile, SourceFile
from secure_file_transfer.client.streams import Download
from secure_file_transfer.errors import (
    DigestMismatchError,
    ExistsError,
    ForbiddenError,
    InterruptedTransferError,
    InvalidNameError,
    InvalidRequestError,
    IsAFolderError,
    LengthMismatchError,
    NoSpaceError,
    NotAFolderError,
    NotFoundError,
    SecureFileTransferError,
    SourceChangedError,
    TimedOutError,
)
from secure_file_transfer.model import MIB, Conflict, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.certificates import TestAuthority
from secure_file_transfer.testing.fake_server import FakeServer
from secure_file_transfer.testing.scripted_server import Asked, ScriptedServer, answer, entry

BIG = 9 * MIB
NO_BLOCKS = answer(404, {"code": "not_found"}, headers={"Content-Type": "application/problem+json"})


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeServer]:
    with FakeServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
async def client(fake: FakeServer) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(fake.url, cafile=fake.files.cafile, token=fake.token) as client:
        yield client


@pytest.fixture
def plain(fake: FakeServer) -> None:
    """A server that takes files only whole."""
    fake.blocks = None


@pytest.fixture
def context(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    files = TestAuthority().issue(tmp_path_factory.mktemp("tls"))
    return files.context(), files.cafile


def make(path: Path, size: int) -> Path:
    path.write_bytes(hashlib.shake_128(path.name.encode()).digest(size))
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def stored(fake: FakeServer) -> set[str]:
    return {str(path) for path in fake.tree.items} - {"/"}


# --- sending --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("change", ["grow", "shrink", "touch"])
async def test_a_file_that_changes_while_it_is_read_is_not_published(
    client: AsyncClient, fake: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    source = make(tmp_path / "source", BIG)
    before, reads = SourceFile.read, itertools.count()

    def read(self: SourceFile) -> bytes:
        if next(reads) == 1:
            if change == "touch":
                os.utime(source, ns=(1, 1))
            else:
                os.truncate(source, BIG + 1 if change == "grow" else 3 * MIB)
        return before(self)

    monkeypatch.setattr(SourceFile, "read", read)
    with pytest.raises(SourceChangedError, match="source"):
        await client.send_file(source)
    assert stored(fake) == set()


async def test_small_files_declare_their_digest_beforehand(
    client: AsyncClient, tmp_path: Path, context: tuple[ssl.SSLContext, Path]
) -> None:
    declared: dict[str, str | None] = {}

    def script(asked: Asked) -> bytes:
        if "/transfer" in asked.target:
            return NO_BLOCKS
        body = asked.read(asked.length)
        declared[asked.target.split("?")[0]] = asked.headers.get("repr-digest")
        stored_as = entry("/x", sha256=hashlib.sha256(body).hexdigest(), size=len(body))
        return answer(201, {"entry": stored_as, "outcome": "created"})

    with ScriptedServer(script, context[0]) as server:
        async with AsyncClient("127.0.0.1", server.port, cafile=context[1], token="t") as other:
            await other.send_file(make(tmp_path / "small", 4 * MIB))
            await other.send_file(make(tmp_path / "large", 4 * MIB + 1))
    assert (declared["/api/v1/files/small"] or "").startswith("sha-256=:")
    assert declared["/api/v1/files/large"] is None


@pytest.mark.parametrize(
    ("make_it", "error"),
    [
        (lambda path: path, NotFoundError),
        (lambda path: path.mkdir(), IsAFolderError),
        (os.mkfifo, InvalidRequestError),
        (lambda path: path.symlink_to(path), InvalidNameError),
    ],
)
async def test_what_is_no_regular_file_is_refused(
    client: AsyncClient, tmp_path: Path, make_it: object, error: type[Exception]
) -> None:
    path = tmp_path / "thing"
    assert callable(make_it)
    make_it(path)
    with pytest.raises(error, match="thing"):
        await client.send_file(path)


async def test_a_name_that_no_server_takes_is_a_failure_of_that_item(client: AsyncClient, tmp_path: Path) -> None:
    make(tmp_path / "good", 10)
    make(tmp_path / "bad\n", 10)
    (tmp_path / os.fsdecode(b"not-utf8-\xff")).mkdir()
    make(tmp_path / os.fsdecode(b"not-utf8-\xff") / "lost", 10)
    results = await client.send_tree(tmp_path, "/t", check=False)
    assert sorted(r.outcome for r in results) == ["created", "failed", "failed"]
    assert {type(r.error) for r in results} == {type(None), InvalidNameError}


async def test_names_go_up_in_normal_form_c(client: AsyncClient, fake: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "e\u0301").mkdir()
    make(tmp_path / "e\u0301" / "o\u0308", 10)
    await client.send_tree(tmp_path, "/")
    assert stored(fake) == {"/\u00e9", "/\u00e9/\u00f6"}


async def test_two_files_of_one_name_are_refused_before_either_is_sent(
    client: AsyncClient, fake: FakeServer, tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        make(tmp_path / folder / "same", 10)
    with pytest.raises(InvalidRequestError, match="same"):
        await client.send_files_in_parallel([tmp_path / "a" / "same", tmp_path / "b" / "same"])
    assert stored(fake) == set()


async def test_a_full_server_says_so(client: AsyncClient, fake: FakeServer, tmp_path: Path) -> None:
    fake.faults["PUT"] = [NoSpaceError("The disk of the server is full", hint="Call the operator.")]
    with pytest.raises(NoSpaceError, match="disk of the server") as caught:
        await client.send_file(make(tmp_path / "f", BIG))
    assert caught.value.hint == "Call the operator."
    assert (await client.send_file(tmp_path / "f")).outcome == "created"


async def test_a_connection_cut_in_the_middle_of_an_upload_is_told(
    tmp_path: Path, context: tuple[ssl.SSLContext, Path]
) -> None:
    def script(asked: Asked) -> bytes | None:
        if "/transfer" in asked.target:
            return NO_BLOCKS
        asked.read(MIB)
        return None

    with ScriptedServer(script, context[0]) as server:
        async with AsyncClient("127.0.0.1", server.port, cafile=context[1], token="t") as client:
            with pytest.raises(InterruptedTransferError):
                await client.send_file(make(tmp_path / "f", BIG))
    assert len(server.asked) == 2


async def test_a_server_that_takes_nothing_more_times_out(
    tmp_path: Path, context: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = asyncio.Event()
    monkeypatch.setattr("secure_file_transfer.client.api._RATE_MIN", 1 << 40)

    def script(asked: Asked) -> bytes | None:
        if "/transfer" in asked.target:
            return NO_BLOCKS
        asked.read(MIB)
        asyncio.run_coroutine_threadsafe(done.wait(), loop).result(10)
        return None

    loop = asyncio.get_running_loop()
    with ScriptedServer(script, context[0]) as server:
        async with AsyncClient("127.0.0.1", server.port, cafile=context[1], token="t", timeout=0.3) as client:
            with pytest.raises(TimedOutError):
                await client.send_file(make(tmp_path / "f", 64 * MIB))
            done.set()


async def test_what_a_source_raises_comes_out_as_it_is(client: AsyncClient, fake: FakeServer) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"x" * MIB
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await client.put_stream(source(), "/f")
    assert stored(fake) == set()


async def test_a_source_shorter_than_declared_is_not_published(client: AsyncClient, fake: FakeServer) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"x" * 10

    with pytest.raises(LengthMismatchError):
        await client.put_stream(source(), "/f", length=11)
    with pytest.raises(LengthMismatchError):
        await client.put_stream(source(), "/f", length=9)
    assert stored(fake) == set()


async def test_a_refused_connection_is_tried_again_only_for_reading(
    tmp_path: Path, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with AsyncClient("127.0.0.1", 1, token="t") as client:
        monkeypatch.setattr("secure_file_transfer.client.transport.asyncio.sleep", sleep)
        with pytest.raises(SecureFileTransferError):
            await client.stat("/")
        assert len(waits) == 2
        with pytest.raises(SecureFileTransferError):
            await client.remove("/x")
        assert len(waits) == 2
        monkeypatch.undo()


# --- receiving ------------------------------------------------------------------------------------------------------


async def test_a_taken_name_here_is_treated_as_told(client: AsyncClient, tmp_path: Path) -> None:
    await client.put_bytes(b"remote", "/f.txt", modified_us=TimeUs(10**15))
    here = tmp_path / "f.txt"
    here.write_bytes(b"local")
    assert (await client.receive_file("/f.txt", here, conflict="skip")).outcome == "skipped"
    assert (await client.receive_file("/f.txt", here, conflict="newer")).outcome == "skipped"
    assert here.read_bytes() == b"local"
    beside = await client.receive_file("/f.txt", here, conflict="rename")
    assert (beside.path, beside.outcome) == (tmp_path / "f (1).txt", "created")
    os.utime(here, (1, 1))
    assert (await client.receive_file("/f.txt", here, conflict="newer")).outcome == "replaced"
    assert here.read_bytes() == b"remote"
    assert (await client.receive_file("/f.txt", here)).outcome == "replaced"
    assert names(tmp_path) == {"f.txt", "f (1).txt"}
    assert (await client.receive_file("/f.txt", here, conflict="resume")).outcome == "skipped"
    with pytest.raises(InvalidRequestError, match="perhaps") as caught:
        await client.receive_file("/f.txt", here, conflict="perhaps")
    assert caught.value.hint == "Use overwrite, skip, rename, newer, resume."


async def test_skip_never_replaces_what_appears_meanwhile(tmp_path: Path) -> None:
    part = PartialFile(tmp_path / "f")
    part.write([b"mine"])
    (tmp_path / "f").write_bytes(b"theirs")
    with pytest.raises(ExistsError):
        part.publish(None, Conflict.SKIP)
    part.discard()
    assert (tmp_path / "f").read_bytes() == b"theirs"
    assert names(tmp_path) == {"f"}


@pytest.mark.usefixtures("plain")
async def test_a_full_disk_here_leaves_nothing(
    client: AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.put_bytes(b"x" * BIG, "/f")
    (tmp_path / "f").write_bytes(b"old")
    calls = itertools.count()

    def full(fd: int, parts: Sequence[bytes]) -> int:
        if next(calls) == 0:
            return os.write(fd, b"".join(parts))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "writev", full)
    with pytest.raises(NoSpaceError, match=r"'.*/f'") as caught:
        await client.receive_file("/f", tmp_path / "f")
    assert "this computer" in caught.value.hint
    assert (tmp_path / "f").read_bytes() == b"old"
    assert names(tmp_path) == {"f"}


async def test_a_cut_download_leaves_the_old_file(tmp_path: Path, context: tuple[ssl.SSLContext, Path]) -> None:
    def script(asked: Asked) -> bytes | None:
        if "/entries/" in asked.target:
            return answer(200, entry("/f", size=BIG))
        if "/transfer" in asked.target:
            return NO_BLOCKS
        asked.connection.sendall(answer(200, body=b"x" * MIB, headers={"Content-Length": str(BIG)}))
        return None

    (tmp_path / "f").write_bytes(b"old")
    with ScriptedServer(script, context[0]) as server:
        async with AsyncClient("127.0.0.1", server.port, cafile=context[1], token="t") as client:
            with pytest.raises(InterruptedTransferError):
                await client.receive_file("/f", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == b"old"
    assert names(tmp_path) == {"f"}


async def test_a_cancelled_download_leaves_nothing_at_whatever_step(client: AsyncClient, tmp_path: Path) -> None:
    await client.put_bytes(b"x" * BIG, "/f")
    for steps in range(0, 60, 3):
        task = asyncio.ensure_future(client.receive_file("/f", tmp_path / "f"))
        for _ in range(steps):
            await asyncio.sleep(0)
        finished = task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        left = names(tmp_path)
        assert left == ({"f"} if finished or (tmp_path / "f").is_file() else set())
        assert not left or (tmp_path / "f").stat().st_size == BIG
        (tmp_path / "f").unlink(missing_ok=True)


async def test_a_damaged_download_is_never_whole(client: AsyncClient, fake: FakeServer) -> None:
    await client.put_bytes(b"x" * BIG, "/f")
    got = 0

    async def read() -> None:
        nonlocal got
        async with client.get_stream("/f") as stream:
            stream.sha256 = bytes(32)
            async for piece in stream:
                got += len(piece)

    with pytest.raises(DigestMismatchError):
        await read()
    assert got == BIG


async def test_a_download_left_early_disturbs_nobody(client: AsyncClient) -> None:
    await client.put_bytes(b"x" * BIG, "/f")
    for _ in range(20):
        async with client.get_stream("/f") as stream:
            async for _piece in stream:
                break
    assert len(await client.get_bytes("/f")) == BIG


async def test_downloads_use_a_connection_again(client: AsyncClient, fake: FakeServer) -> None:
    await client.put_bytes(b"x", "/f")
    for _ in range(10):
        await client.get_bytes("/f")
    session = client._wire()._session
    assert session is not None
    assert session.connector is not None
    # The connection of an upload may come back one turn of the loop after its answer.
    assert sum(len(found) for found in session.connector._conns.values()) <= 2


async def test_folders_and_files_are_not_mixed_up(client: AsyncClient, tmp_path: Path) -> None:
    await client.make_folder("/folder")
    await client.put_bytes(b"x", "/file")
    with pytest.raises(IsAFolderError, match="/folder"):
        await client.receive_file("/folder", tmp_path / "f")
    with pytest.raises(NotAFolderError, match="/file"):
        await client.receive_tree("/file", tmp_path / "t")
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "file").mkdir()
    with pytest.raises(IsAFolderError, match="file/file"):
        await client.receive_file("/file", tmp_path / "file")
    assert names(tmp_path / "file") == {"file"}


async def test_a_missing_or_forbidden_place_is_told(client: AsyncClient, tmp_path: Path) -> None:
    await client.put_bytes(b"x", "/f")
    with pytest.raises(NotFoundError, match="nowhere"):
        await client.receive_file("/f", tmp_path / "nowhere" / "f")
    assert names(tmp_path) == set()


def test_what_the_system_forbids_is_forbidden() -> None:
    with pytest.raises(ForbiddenError, match="Permission"), local.local_errors("write", Path("x")):
        raise PermissionError(errno.EACCES, "Permission denied")


async def test_progress_counts_all_files_of_a_call(client: AsyncClient, tmp_path: Path) -> None:
    for number in range(5):
        make(tmp_path / f"f{number}", 1000)
    seen: list[Progress] = []
    await client.send_tree(tmp_path, "/t", on_progress=seen.append)
    last = seen[-1]
    assert (last.done, last.total, last.files_done, last.files_total) == (5000, 5000, 5, 5)
    await client.receive_tree("/t", tmp_path / "back", on_progress=seen.append)
    last = seen[-1]
    assert (last.done, last.total, last.files_done, last.files_total) == (5000, 5000, 5, 5)


async def test_each_item_is_told_once(client: AsyncClient, tmp_path: Path) -> None:
    make(tmp_path / "f", 10)
    (tmp_path / "l").symlink_to("f")
    told: list[str] = []
    await client.send_tree(tmp_path, "/t", on_result=lambda result: told.append(result.local.name))
    assert sorted(told) == ["f", "l"]


async def test_signing_in_happens_once_and_only_when_needed(fake: FakeServer) -> None:
    from secure_file_transfer.testing.fake_server import NAME, PASSWORD

    async with AsyncClient(fake.url, cafile=fake.files.cafile, username=NAME, password=PASSWORD) as client:
        await client.server_info()
        assert ("POST", "/api/v1/sessions") not in fake.requests
        await asyncio.gather(*(client.stat("/") for _ in range(10)))
        assert fake.requests.count(("POST", "/api/v1/sessions")) == 1
        await client.sign_out()
        with pytest.raises(SecureFileTransferError, match="Sign in first"):
            await client.stat("/")


async def test_setup_makes_the_first_administrator(fake: FakeServer) -> None:
    fake.setup_code = "the-code"
    async with AsyncClient(fake.url, cafile=fake.files.cafile) as client:
        assert (await client.server_info()).setup
        with pytest.raises(NotFoundError):
            await client.setup("guess", "mona", "long enough password")
        await client.setup("the-code", "mona", "long enough password")
        assert (await client.whoami()).account is not None


def test_an_unentered_download_says_how_to_use_it() -> None:
    client = AsyncClient("127.0.0.1", 5000)
    assert isinstance(client.get_stream("/f"), Download)
    assert str(RemotePath.parse("/f")) == client.get_stream("/f").name
