"""The process that draws pictures, against its contract and against contents that are made to harm it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.samples import pdf, png

from secure_file_transfer.errors import UnsupportedContentError
from secure_file_transfer.ports import Renderer
from secure_file_transfer.renderers import process
from secure_file_transfer.renderers.process import ProcessRenderer
from secure_file_transfer.testing.contracts.pictures import RendererContract, drawn, encoded

WORKER = Path(process.__file__).with_name("worker.py")
SECONDS = 4.0


@pytest.fixture
def renderer() -> Iterator[ProcessRenderer]:
    made = ProcessRenderer(seconds=SECONDS)
    yield made
    made.close()


class TestProcessRenderer(RendererContract):
    @pytest.fixture
    def renderer(self) -> Iterator[Renderer]:
        made = ProcessRenderer()
        yield made
        made.close()


def laughs() -> bytes:
    """A drawing that is made of ten of another one, which is made of ten of a third, thirty deep."""
    forms = " ".join(f"/X{at} {100 + at} 0 R" for at in range(30))
    bodies = [
        "1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj",
        "2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj",
        "3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 600 600] /Contents 4 0 R /Resources 5 0 R >> endobj",
        f"5 0 obj << /XObject << {forms} >> >> endobj",
        "4 0 obj << /Length 6 >> stream\n/X0 Do\nendstream endobj",
    ]
    for at in range(30):
        text = f"/X{at + 1} Do " * 10 if at < 29 else "0 0 600 600 re f " * 1000
        bodies.append(
            f"{100 + at} 0 obj << /Type /XObject /Subtype /Form /BBox [0 0 600 600]"
            f" /Resources << /XObject << {forms} >> >> /Length {len(text)} >> stream\n{text}\nendstream endobj"
        )
    return ("%PDF-1.7\n" + "\n".join(bodies) + "\ntrailer << /Root 1 0 R >>\n%%EOF").encode()


ROUND = (
    b"%PDF-1.7\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n"
    b"2 0 obj << /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000 >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF"
)
HOSTILE: dict[str, tuple[str, bytes]] = {
    "a square of 60,000 pixels": ("image", png(60_000, 60_000, bits=1)),
    "a line of two thousand million": ("image", png(2_000_000_000, 1, bits=1)[:200_000]),
    "a tiff that claims to be huge": ("image", encoded("TIFF").replace(b"\x90\x01", b"\xff\xff")),
    "pages that hold themselves": ("pdf", ROUND),
    "a page without an area": ("pdf", pdf(1).replace(b"[0 0 595 842]", b"[0 0 0 0]    ")),
    "a script in place of an image": ("image", b"#!/bin/sh\ntouch /tmp/pwned\n"),
    "postscript": ("image", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_attack_12_a_hostile_content_has_no_picture_and_the_next_one_has(renderer: ProcessRenderer, name: str) -> None:
    kind, content = HOSTILE[name]
    began = time.monotonic()
    try:
        picture = renderer.render(kind, 96, len(content), [content])
        assert len(picture) < 100_000  # what a library makes of it is fine as long as it is small
    except UnsupportedContentError:
        pass
    assert time.monotonic() - began < SECONDS + 2
    assert drawn(renderer, encoded("PNG")).size == (96, 48)


def test_attack_12_what_takes_too_long_is_killed() -> None:
    began = time.monotonic()
    renderer = ProcessRenderer(seconds=1.5)
    try:
        with pytest.raises(UnsupportedContentError):
            renderer.render("pdf", 1600, len(laughs()), [laughs()])
        assert time.monotonic() - began < 4
        assert drawn(renderer, encoded("PNG")).size == (96, 48)
    finally:
        renderer.close()


def test_a_process_that_died_is_started_again(renderer: ProcessRenderer) -> None:
    assert drawn(renderer, encoded("PNG")).size == (96, 48)
    assert renderer._process is not None
    renderer._process.kill()
    renderer._process.wait()
    assert drawn(renderer, encoded("PNG")).size == (96, 48)


def test_the_process_ends_with_the_renderer(renderer: ProcessRenderer) -> None:
    assert drawn(renderer, encoded("PNG")).size == (96, 48)
    assert renderer._process is not None
    number = renderer._process.pid
    assert f"{WORKER}".encode() in Path(f"/proc/{number}/cmdline").read_bytes()
    assert not Path(f"/proc/{number}/environ").read_bytes().strip(b"\0")
    renderer.close()
    assert not Path(f"/proc/{number}").exists()


ATTEMPTS = {
    "open a file": "open('/etc/hostname')",
    "make a file": "os.open('/tmp/pwned', os.O_CREAT | os.O_WRONLY)",
    "reach the network": "socket.socket()",
    "start a program": "os.execv('/bin/true', ['true'])",
    "make a process": "os.fork()",
    "signal the server": "os.kill(os.getppid(), 0)",
    "look into the server": "check(libc.ptrace(16, os.getppid(), 0, 0))",
    "read the server's memory": "check(libc.process_vm_readv(os.getppid(), None, 0, None, 0, 0))",
    "list a folder": "os.listdir('/')",
    "take all memory": "bytearray(2 * 1024**3)",
    "lift a limit": "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
}
TRY = """
import ctypes, importlib.util, os, resource, socket, sys
spec = importlib.util.spec_from_file_location('worker', sys.argv[1])
worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worker)
libc = ctypes.CDLL(None, use_errno=True)
def check(answer):
    if answer < 0:
        raise OSError(ctypes.get_errno(), 'refused')
worker._HELD = worker._measure()
worker.confine(20)
try:
    {attempt}
except (OSError, MemoryError, ValueError) as error:
    os.write(1, b'refused')
else:
    os.write(1, b'done')
os._exit(0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the list of system calls is the kernel's")
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_whoever_took_over_the_process_could_do_nothing_with_it(attempt: str) -> None:
    script = TRY.format(attempt=ATTEMPTS[attempt])
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, str(WORKER)], capture_output=True, timeout=30, check=False
    )
    assert done.stdout == b"refused", done.stderr
    assert not os.path.exists("/tmp/pwned")  # noqa: S108, PTH110 - what it would have made
