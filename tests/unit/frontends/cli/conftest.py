"""A server in memory over real TLS, a signed-in profile, and the command run in this process or on a terminal."""

import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from secure_file_transfer.client import Profile, Profiles
from secure_file_transfer.frontends.cli import main
from secure_file_transfer.testing.fake_server import FakeServer

SFT = [sys.executable, "-m", "secure_file_transfer.frontends.cli"]


# Ctrl-C reaches a program only on the terminal that controls its session.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No settings of the person who runs the tests; the working directory is a fresh one."""
    for name in [name for name in os.environ if name.startswith("SFT_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("SFT_PROFILES", str(tmp_path / "profiles.json"))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TZ", "UTC")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def sft(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def run(*arguments: str) -> Ran:
        capfd.readouterr()
        code = main(arguments)
        got = capfd.readouterr()
        return Ran(code, got.out, got.err)

    return run


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeServer]:
    (tmp_path / "tls").mkdir()
    with FakeServer(tmp_path / "tls") as fake:
        yield fake


@pytest.fixture
def signed_in(server: FakeServer) -> FakeServer:
    """The server, with a profile that is signed in to it."""
    Profiles().add(Profile(server.url, server.files.cafile.read_text(), server.token, "mona"))
    return server


def process(*arguments: str, stdin: bytes | None = None, env: Mapping[str, str] | None = None) -> Ran:
    """Run the real command as a process, without a terminal."""
    done = subprocess.run(
        [*SFT, *arguments],
        input=stdin or b"",
        capture_output=True,
        env={**os.environ, **(env or {})},
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def on_terminal(
    command: Sequence[str],
    answers: Sequence[tuple[str, str | Callable[[], None]]] = (),
    *,
    size: tuple[int, int] = (80, 24),
    env: Mapping[str, str] | None = None,
) -> Ran:
    """Run a command on a terminal of its own. Each answer is typed, or called, once its question has appeared,
    after the question before.

    What it prints, on either stream, is in `out`, with the terminal's line ends made plain.
    """
    outer, inner = pty.openpty()
    termios.tcsetwinsize(inner, (size[1], size[0]))
    child = subprocess.Popen(
        [sys.executable, "-c", _TAKE_TERMINAL, *command],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        # The runner of the tests may have sizes of its own, which would win over the terminal's.
        env={name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}} | dict(env or {}),
        start_new_session=True,
    )
    os.close(inner)
    said, seen, waiting, deadline = b"", 0, list(answers), time.monotonic() + 30
    try:
        while time.monotonic() < deadline:
            if select.select([outer], [], [], 0.1)[0]:
                try:
                    piece = os.read(outer, 65536)
                except OSError:  # Linux: the other side is closed
                    break
                if not piece:
                    break
                said += piece
            if waiting and (at := said.find(waiting[0][0].encode(), seen)) >= 0:
                question, answer = waiting.pop(0)
                seen = at + len(question.encode())
                if isinstance(answer, str):
                    os.write(outer, answer.encode())
                else:
                    answer()
        code = child.wait(10)
    finally:
        child.kill()
        child.wait()
        os.close(outer)
    assert not waiting, f"never asked {waiting[0][0]!r}: {said.decode()!r}"
    return Ran(code, said.decode().replace("\r\n", "\n"), "")
