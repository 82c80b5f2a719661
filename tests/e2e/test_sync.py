"""`sync` against the real server: both ways, odd names, moves that send nothing, restarts in the middle of a watch."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer import AsyncClient, SecureFileTransferClient
from secure_file_transfer.client import Watched
from secure_file_transfer.testing.process import ServerProcess

USER, PASSWORD = "mona", "a long enough mirror"
FILES = {
    "with spaces.txt": 10,
    "گزارش می‌خواهم/۱۴۰۵.pdf": 5000,
    "party 🎉/👨‍👩‍👧‍👦.jpg": 300_000,
    "party 🎉/large.bin": 9_000_000,
    "empty": 0,
    "deep/er/and/deeper/file": 1,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("server")
    process = ServerProcess(folder / "data", env={"SFT_PROFILES": str(folder / "profiles.json")})
    process.add_user(USER, PASSWORD)
    process.start()
    try:
        yield process
    finally:
        process.kill()


def filled(folder: Path) -> Path:
    for name, size in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    (folder / "hollow").mkdir()
    return folder


def tree(folder: Path) -> dict[str, tuple[bytes, int] | None]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns // 1000) if path.is_file() else None
        for path in folder.rglob("*")
    }


def test_there_and_back(server: ServerProcess, tmp_path: Path) -> None:
    here, back = filled(tmp_path / "here"), tmp_path / "back"
    with SecureFileTransferClient(server.url, cafile=server.cafile, username=USER, password=PASSWORD) as client:
        assert len(client.sync(here, ":/mirror", delete=True).transfers) == len(FILES)
        assert client.sync(here, ":/mirror", delete=True).steps == ()
        assert client.sync(here, ":/mirror", delete=True, checksum=True).steps == ()
        client.sync(":/mirror", back, delete=True)
        assert tree(back) == tree(here)
        assert client.sync(":/mirror", back, delete=True).steps == ()

        # A moved folder, two files that changed places, a folder that became a file, something gone, something new.
        (here / "party 🎉").rename(here / "جشن")
        one, other = here / "with spaces.txt", here / "جشن/large.bin"
        one.rename(here / "x")
        other.rename(one)
        (here / "x").rename(other)
        (here / "deep/er/and/deeper/file").unlink()
        for folder in ("deep/er/and/deeper", "deep/er/and", "deep/er"):
            (here / folder).rmdir()
        (here / "deep/er").write_bytes(b"now a file")
        (here / "empty").unlink()
        for source, target in ((here, ":/mirror"), (":/mirror", back), (":/mirror", ":/copy")):
            planned = client.sync(source, target, delete=True, dry_run=True)
            done = client.sync(source, target, delete=True)
            assert [(s.do, s.path, s.source) for s in done.steps] == [(s.do, s.path, s.source) for s in planned.steps]
            if target != ":/copy":
                assert [step.path for step in done.transfers] == ["deep/er"]
            assert client.sync(source, target, delete=True).steps == ()
        assert tree(back) == tree(here)


async def test_a_watch_outlives_the_server(server: ServerProcess, tmp_path: Path) -> None:
    here = filled(tmp_path / "here")
    heard: asyncio.Queue[Watched] = asyncio.Queue()

    async def until(state: str, path: str = "") -> None:
        while True:
            watched = await heard.get()
            paths = {step.path for step in watched.synced.transfers} if watched.synced else set()
            if watched.state == state and (not path or path in paths):
                return

    async with AsyncClient(server.url, cafile=server.cafile, username=USER, password=PASSWORD) as client:
        task = asyncio.create_task(client.watch(here, ":/watched", delete=True, on_watch=heard.put_nowait))
        try:
            async with asyncio.timeout(90):
                await until("current", "empty")
                await asyncio.to_thread(server.kill)
                (here / "while it was away").write_bytes(b"x" * 1000)
                os.utime(here / "while it was away", (1_700_000_000, 1_700_000_000))
                await until("waiting")
                await asyncio.to_thread(server.start)
                await until("current", "while it was away")
            assert await client.get_bytes("/watched/while it was away") == b"x" * 1000
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
