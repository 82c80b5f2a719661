"""Transfers on a real terminal or in a real process: stopped, continued, slowed."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer.client import Profile, Profiles
from secure_file_transfer.model import KIB, MIB
from secure_file_transfer.sizes import parse_size
from secure_file_transfer.testing.fake_server import FakeServer
from secure_file_transfer.testing.proxy import FaultProxy, Harm

from .conftest import SFT, Run

SIZE = 24 * MIB


@pytest.fixture
def slow(server: FakeServer) -> Iterator[FaultProxy]:
    """A way to the server on which a transfer takes long enough to be met in the middle; a profile leads over it."""
    with FaultProxy(server.port, Harm(latency=0.02, window=64 * KIB)) as proxy:
        url = f"https://127.0.0.1:{proxy.port}"
        Profiles().add(Profile(url, server.files.cafile.read_text(), server.token, "mona"))
        yield proxy


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    path.write_bytes(os.urandom(SIZE))
    return path


def stored(server: FakeServer, path: str) -> bytes | None:
    return next((item.content for name, item in server.tree.items.items() if str(name) == path), None)


def begun(*arguments: str) -> "subprocess.Popen[str]":
    """A job of its own, as a shell starts it."""
    return subprocess.Popen(
        [*SFT, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        process_group=0,
    )  # fmt: skip


def until_half(proxy: FaultProxy, child: "subprocess.Popen[str]", direction: str = "up") -> None:
    while proxy.passed[direction] < SIZE // 4:
        assert child.poll() is None
        os.sched_yield()


def test_ctrl_z_stops_it_and_fg_goes_on_though_the_server_hung_up(
    slow: FaultProxy, server: FakeServer, source: Path
) -> None:
    child = begun("put", str(source), "/large")
    until_half(slow, child)
    os.kill(child.pid, signal.SIGTSTP)
    assert os.WIFSTOPPED(os.waitpid(child.pid, os.WUNTRACED)[1])
    slow.cut_all()
    assert stored(server, "/large") is None
    os.kill(child.pid, signal.SIGCONT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (0, ""), err
    assert stored(server, "/large") == source.read_bytes()


@pytest.mark.parametrize("direction", ["up", "down"])
def test_ctrl_c_says_how_to_go_on_and_that_is_true(
    slow: FaultProxy, server: FakeServer, source: Path, tmp_path: Path, direction: str, sft: Run
) -> None:
    back = tmp_path / "back"
    up = ("put", str(source), "/large")
    if direction == "down":
        assert sft(*up).code == 0
    words = up if direction == "up" else ("get", "/large", str(back))
    child = begun(*words)
    assert server.blocks is not None
    before = slow.passed[direction]
    while slow.passed[direction] < before + SIZE * 3 // 4 or not server.blocks.received:
        assert child.poll() is None
        os.sched_yield()
    os.killpg(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert err == (
        "sft: Interrupted\n     Run the same command again: it goes on where it was, and moves only what is left.\n"
    )
    assert stored(server, "/large") is None if direction == "up" else not back.exists()
    before = slow.passed[direction]
    assert sft(*words).code == 0
    assert slow.passed[direction] - before < SIZE, "what had moved did not move again"
    assert (stored(server, "/large") if direction == "up" else back.read_bytes()) == source.read_bytes()


def test_a_limit_is_kept(sft: Run, signed_in: FakeServer, source: Path) -> None:
    source.write_bytes(os.urandom(2 * MIB))
    begin = time.monotonic()
    assert sft("put", "--limit", "2M", str(source), "/large").code == 0
    assert time.monotonic() - begin > 0.8
    assert stored(signed_in, "/large") == source.read_bytes()


def test_priorities_reach_the_server(sft: Run, signed_in: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"small")
    assert sft("put", "--priority", "1", str(tmp_path / "small"), "/small").code == 0
    assert sft("get", "--priority", "6", "/small", str(tmp_path / "back")).code == 0
    said = {(method, priority) for method, path, priority in signed_in.priorities if path == "/api/v1/files/small"}
    assert said == {("PUT", "u=1"), ("GET", "u=6")}


@pytest.mark.parametrize(
    "words", [("--limit", "fast"), ("--limit", "1K"), ("--limit", "-5"), ("--priority", "8"), ("--priority", "high")]
)
def test_what_makes_no_sense_is_refused_before_anything_moves(
    sft: Run, signed_in: FakeServer, source: Path, words: tuple[str, ...]
) -> None:
    signed_in.requests.clear()
    ran = sft("put", *words, str(source), "/large")
    assert ran.code == 2, ran.err
    assert words[0] in ran.err
    assert signed_in.requests == []


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("4096", 4096), ("500K", 500 * KIB), ("10M", 10 * MIB), ("1.5g", 1536 * MIB), ("10 MiB", 10 * MIB)],
)
def test_sizes_are_read_as_they_are_printed(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "M", "-1", "1e3", "0x10", "10X", "1_000", "\u0661\u0660", "10M10M", "9" * 16])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="bytes"):
        parse_size(text)
