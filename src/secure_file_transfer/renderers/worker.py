"""The process that draws: a script of its own, which knows nothing of the server but one socket.

It is started once, loads the libraries, and makes a copy of itself (fork) for each picture. The copy gives up what it
could do any harm with, reads one content, writes one picture, and ends; so no content ever shares a process with
another one. It may open no file and no socket, start no process and look into none, has bounded memory and
processor time, and is killed when it takes too long. There are two walls for that: limits of the process everywhere,
and on Linux a list of the system calls that are left (seccomp).

Written to the copy: kind (0 image, 1 PDF), box, size, content. Read from it: 1 and a WebP picture, or 0.
"""

import ctypes
import io
import math
import os
import platform
import resource
import select
import signal
import socket
import struct
import sys
import time
import warnings

from PIL import AvifImagePlugin, Image, ImageOps, features
from pypdfium2 import PdfDocument

HEAD = struct.Struct("!BHQ")
INPUT_MAX = 64 * 1024 * 1024
PIXELS_MAX = 64_000_000
"""Of an image before it is made small: four bytes for each have to fit twice into the memory below."""
MEMORY = 768 * 1024 * 1024
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP", *(("AVIF",) if features.check("avif") else ()))
_NOBODY = 65_534

_CALLS: dict[str, tuple[int, tuple[int, ...]]] = {
    # read write close fstat newfstatat lseek mmap mprotect munmap brk mremap madvise rt_sigaction rt_sigprocmask
    # rt_sigreturn sched_yield getpid gettid tgkill recvfrom sendto futex clock_gettime getrandom sched_getaffinity
    # sysinfo exit exit_group
    "x86_64": (
        0xC000003E,
        (
            0,
            1,
            3,
            5,
            262,
            8,
            9,
            10,
            11,
            12,
            25,
            28,
            13,
            14,
            15,
            24,
            39,
            186,
            234,
            45,
            44,
            202,
            228,
            318,
            204,
            99,
            60,
            231,
        ),
    ),
    "aarch64": (
        0xC00000B7,
        (
            63,
            64,
            57,
            80,
            79,
            62,
            222,
            226,
            215,
            214,
            216,
            233,
            134,
            135,
            139,
            124,
            172,
            178,
            131,
            207,
            206,
            98,
            113,
            278,
            123,
            179,
            93,
            94,
        ),
    ),
}
"""By machine: how the kernel calls it, and the numbers of the system calls that are left."""


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("true", ctypes.c_uint8), ("false", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def _filter() -> _Program | None:
    """A program for the kernel: calls that are listed go on, all others fail with EPERM (`man 2 seccomp`)."""
    if sys.platform != "linux" or platform.machine() not in _CALLS:
        return None
    machine, calls = _CALLS[platform.machine()]
    load, equal, answer = 0x20, 0x15, 0x06
    allow, refuse, kill = 0x7FFF0000, 0x00050001, 0x80000000
    steps = [(load, 0, 0, 4), (equal, 1, 0, machine), (answer, 0, 0, kill), (load, 0, 0, 0)]
    steps += [(equal, len(calls) - at, 0, number) for at, number in enumerate(calls)]
    steps += [(answer, 0, 0, refuse), (answer, 0, 0, allow)]
    return _Program(len(steps), (_Instruction * len(steps))(*(_Instruction(*step) for step in steps)))


_LIBC = ctypes.CDLL(None, use_errno=True)
_FILTER = _filter()


def confine(seconds: float) -> None:
    """Give up all that is not needed to read, to count and to write, and be killed after so long."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    for limit, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, math.ceil(seconds)),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_AS, _held() + MEMORY),
    ):
        resource.setrlimit(limit, (most, most))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    if _FILTER is not None:
        _LIBC.prctl(38, 1, 0, 0, 0)  # no new privileges
        _LIBC.prctl(22, 2, ctypes.byref(_FILTER), 0, 0)  # the filter


_HELD = 0


def _held() -> int:
    """The address space in use, as it was before anything was limited."""
    return _HELD


def _measure() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - nothing more is loaded here than must be
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 1024 * 1024 * 1024


def draw(kind: int, box: int, content: bytes) -> bytes:
    """The picture. Raises whatever the libraries do."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = PIXELS_MAX
    image = _first_page(content, box) if kind else _image(content, box)
    if image.mode not in {"RGB", "RGBA"}:
        see_through = "A" in image.getbands() or "transparency" in image.info
        image = image.convert("RGBA" if see_through else "RGB")
    image.thumbnail((box, box), Image.Resampling.LANCZOS, reducing_gap=2.0)
    image.info = {}  # profiles and notes of whoever made it
    out = io.BytesIO()
    image.save(out, "WEBP", quality=80, method=2)
    return out.getvalue()


def _image(content: bytes, box: int) -> Image.Image:
    with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        if image.width * image.height > PIXELS_MAX:
            raise ValueError("too many pixels")
        image.draft("RGB", (2 * box, 2 * box))
        image.load()
        turned: Image.Image = ImageOps.exif_transpose(image)
        return turned


def _first_page(content: bytes, box: int) -> Image.Image:
    document = PdfDocument(content)
    page = document[0]
    width, height = page.get_size()
    scale = box / max(width, height, 1.0)
    picture: Image.Image = page.render(scale=scale, may_draw_forms=False).to_pil()
    return picture


def serve_one(peer: socket.socket, seconds: float) -> None:
    """Read one content and answer, confined."""
    confine(seconds)
    file = peer.makefile("rb")
    kind, box, size = HEAD.unpack(file.read(HEAD.size))
    content = file.read(min(size, INPUT_MAX))
    try:
        answer = b"\x01" + draw(kind, box, content)
    except Exception:  # noqa: BLE001 - whatever a library makes of hostile content, the answer is that there is no picture
        answer = b"\x00"
    peer.sendall(answer)


def _warm_up() -> None:
    """Draw one of each kind: what the libraries load when they first need it must be there before the walls are."""
    for name in _FORMATS:
        for mode in ("P", "RGBA") if name in {"GIF", "PNG"} else ("RGB",):
            made = io.BytesIO()
            Image.new(mode, (4, 4)).save(made, name)
            draw(0, 2, made.getvalue())
    made = io.BytesIO()
    Image.new("RGB", (4, 4)).save(made, "PDF")
    draw(1, 2, made.getvalue())


def main(control: socket.socket, seconds: float) -> None:
    """Make a copy for each socket that comes; end with the server."""
    global _HELD  # noqa: PLW0603 - measured once, before there is anything to draw
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    _warm_up()
    _HELD = _measure()
    copies: dict[int, float] = {}
    while True:
        readable, _, _ = select.select([control], [], [], 0.5 if copies else None)
        now = time.monotonic()
        for process, began in list(copies.items()):
            if os.waitpid(process, os.WNOHANG)[0]:
                del copies[process]
            elif now - began > seconds + 1:
                os.kill(process, signal.SIGKILL)
        if not readable:
            continue
        data, handles, _, _ = socket.recv_fds(control, 1, 1)
        if not data:
            break
        for handle in handles:
            process = os.fork()
            if not process:
                try:
                    control.close()
                    serve_one(socket.socket(fileno=handle), seconds)
                finally:
                    os._exit(0)
            os.close(handle)
            copies[process] = now
    for process in copies:
        os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), float(sys.argv[2]))
