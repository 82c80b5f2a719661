"""`sft stop --after-transfers` against a real server with a transfer that runs, and maintenance as a client sees it."""

import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.errors import ForbiddenError, MaintenanceError
from secure_file_transfer.model import MIB
from secure_file_transfer.testing.process import ServerProcess, sft_command

PASSWORD = "three green boats at noon"
SECONDS = 30.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path / "data")
    server.add_user("ada", PASSWORD, admin=True)
    server.add_user("bob", PASSWORD)
    with server:
        yield server


@pytest.fixture
def env(server: ServerProcess, tmp_path: Path) -> dict[str, str]:
    """The environment of an operator who has signed in."""
    env = {"SFT_PROFILES": str(tmp_path / "profiles.json")}
    arguments = ("login", server.url, "--user", "ada", "--password-stdin", "--cafile", str(server.cafile))
    server.sft(*arguments, text=PASSWORD + "\n", env=env)
    return env


class Slow:
    """An upload that sends its second half when it is told to."""

    def __init__(self, server: ServerProcess, token: str, path: str, body: bytes) -> None:
        context = ssl.create_default_context(cafile=str(server.cafile))
        plain = socket.create_connection(("127.0.0.1", server.port), SECONDS)
        self.sock = context.wrap_socket(plain, server_hostname="127.0.0.1")
        half = len(body) // 2
        head = f"PUT /api/v1/files/{path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
        self.sock.sendall(head.encode() + f"content-length: {len(body)}\r\n\r\n".encode() + body[:half])
        self._rest = body[half:]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def finish(self) -> bytes:
        """The answer's first line."""
        self.sock.sendall(self._rest)
        with self.sock.makefile("rb") as answer:
            return answer.readline()


def until(true: object, *, what: str) -> None:
    deadline = time.monotonic() + SECONDS
    assert callable(true)
    while not true():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.05)


def status(server: ServerProcess, env: dict[str, str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(server.sft("status", "--json", env=env))
    return found


def test_stop_after_transfers_lets_what_runs_finish_and_ends_with_0(server: ServerProcess, env: dict[str, str]) -> None:
    body = os.urandom(4 * MIB)
    with ExitStack() as stack:
        bob = stack.enter_context(
            SecureFileTransferClient(server.url, cafile=str(server.cafile), username="bob", password=PASSWORD)
        )
        slow = stack.enter_context(Slow(server, bob.sign_in("bob", PASSWORD).token, "slow.bin", body))
        until(lambda: status(server, env)["details"]["running"]["up"] == 1, what="the upload runs")  # type: ignore[index]
        with pytest.raises(ForbiddenError):
            bob.stop_server()
        said = json.loads(server.sft("stop", "--after-transfers", "--yes", "--json", env=env))
        assert said == {"after_transfers": True, "within_seconds": None}
        told = server.sft("status", env=env)
        assert "once its transfers are done" in told
        assert bob.stat("/").name == ""
        # A client that comes anew is refused; its own patience would be the server's Retry-After.
        refused = stack.enter_context(Slow(server, bob.sign_in("bob", PASSWORD).token, "late.bin", b"x" * 10))
        assert b"503" in refused.finish()
        assert b"201" in slow.finish()
    process = server._process
    assert process
    assert process.wait(SECONDS) == 0
    server.start()
    with SecureFileTransferClient(server.url, cafile=str(server.cafile), username="bob", password=PASSWORD) as bob:
        assert bob.get_bytes("/slow.bin") == body
        assert [each.name for each in bob.list("/")] == ["slow.bin"]


def test_maintenance_is_said_plainly_and_survives_a_restart(
    server: ServerProcess, env: dict[str, str], tmp_path: Path
) -> None:
    server.sft("limits", "--maintenance", "on", "--text", "Back at 18:00", "--clients", "7", env=env)
    server.stop()
    server.start()
    (tmp_path / "f").write_bytes(b"x" * 1000)
    put = [*sft_command(), "put", str(tmp_path / "f")]
    tried = subprocess.run(put, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    assert tried.returncode == 75
    assert "in maintenance" in tried.stderr
    assert "Back at 18:00" in tried.stderr
    with (
        SecureFileTransferClient(server.url, cafile=str(server.cafile), username="bob", password=PASSWORD) as bob,
        pytest.raises(MaintenanceError, match="Back at 18:00"),
    ):
        bob.put_bytes(b"x", "/f")
    assert "set by ada" in server.sft("limits", env=env)
    assert json.loads(server.sft("limits", "--reset", "--json", env=env))["maintenance"] is False
    server.sft("put", str(tmp_path / "f"), env=env)
