"""A client that is killed in the middle goes on where it was when the same command is run again."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from secure_file_transfer.client import Profile, Profiles, SecureFileTransferClient
from secure_file_transfer.model import MIB
from secure_file_transfer.testing.process import ServerProcess
from secure_file_transfer.testing.proxy import FaultProxy, Harm

SFT = [sys.executable, "-m", "secure_file_transfer.frontends.cli"]
USER, PASSWORD = "mona", "a long enough contract"
SIZE = 60 * MIB
LOST = 42 * MIB
"""What the dead client may have had under way: all that it holds in memory."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("server") / "data")
    process.add_user(USER, PASSWORD)
    process.start()
    try:
        yield process
    finally:
        process.kill()


@pytest.fixture(scope="module")
def token(server: ServerProcess) -> str:
    with SecureFileTransferClient(server.url, cafile=server.cafile) as client:
        return client.sign_in(USER, PASSWORD).token


def body(seed: int) -> bytes:
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(SIZE)


def environment(folder: Path, server: ServerProcess, port: int, token: str) -> Mapping[str, str]:
    """That of a command which reaches the server through `port`."""
    file = folder / f"profiles-{port}.json"
    Profiles(file).add(Profile(f"https://127.0.0.1:{port}", server.cafile.read_text(), token, USER))
    return {**os.environ, "SFT_PROFILES": str(file), "NO_COLOR": "1"}


def killed(folder: Path, server: ServerProcess, token: str, harm: Harm, *arguments: str) -> int:
    """Run a command until its way stalls, kill it there, and return how many bytes had passed in that direction."""
    with FaultProxy(server.port, harm) as proxy:
        env = environment(folder, server, proxy.port, token)
        child = subprocess.Popen([*SFT, *arguments], env=env, stderr=subprocess.PIPE)
        try:
            assert proxy.stalled.wait(60), "the way never stalled"
            assert child.poll() is None
        finally:
            child.send_signal(signal.SIGKILL)
            child.communicate()
        assert child.returncode == -signal.SIGKILL
        return proxy.passed[harm.direction]


def finished(folder: Path, server: ServerProcess, token: str, direction: str, *arguments: str) -> int:
    """Run it to its end; how many bytes passed in that direction."""
    with FaultProxy(server.port, Harm(direction)) as proxy:
        env = environment(folder, server, proxy.port, token)
        done = subprocess.run([*SFT, *arguments], env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return proxy.passed[direction]


def test_an_upload_that_was_killed_goes_on(server: ServerProcess, token: str, tmp_path: Path) -> None:
    data = body(1)
    source = tmp_path / "f"
    source.write_bytes(data)
    command = ("put", str(source), "/up")
    first = killed(tmp_path, server, token, Harm("up", stall_at=SIZE * 3 // 4), *command)
    assert first < SIZE
    with SecureFileTransferClient(server.url, cafile=server.cafile, token=token) as client:
        assert "up" not in [entry.name for entry in client.list("/")], "nobody sees a part of it"
        second = finished(tmp_path, server, token, "up", *command)
        assert client.get_bytes("/up") == data
    assert 0 < second <= SIZE - first + LOST
    assert second < SIZE * 3 // 4, "some of it was not sent again"


def test_a_download_that_was_killed_goes_on(server: ServerProcess, token: str, tmp_path: Path) -> None:
    data, here = body(2), tmp_path / "here"
    here.mkdir()
    with SecureFileTransferClient(server.url, cafile=server.cafile, token=token) as client:
        client.put_bytes(data, "/down")
    command = ("get", "/down", str(here / "f"))
    first = killed(tmp_path, server, token, Harm("down", stall_at=SIZE // 2), *command)
    [part] = here.iterdir()
    assert part.name.endswith(".sft-part")
    second = finished(tmp_path, server, token, "down", *command)
    assert (here / "f").read_bytes() == data
    assert [path.name for path in here.iterdir()] == ["f"]
    assert second <= SIZE - first + LOST
    assert second < SIZE * 9 // 10, "some of it was not fetched again"
