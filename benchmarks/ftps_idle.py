"""Proof about hundreds of idle FTPS sessions beside one that works. Run by `benchmarks.proofs ftps-idle`."""

import random
import statistics
import threading
import time
from pathlib import Path

from secure_file_transfer.testing.ftps_wire import FtpsWire

from .ftps_siege import BESIDE, Siege
from .proofs import USER, say

TARGET = 0.25
FILES = 50
PATIENT = 300.0


def prove_idle(folder: Path, *, sessions: int, listings: int) -> str:
    """Sessions that say nothing, and how long LIST takes on another one, by the wall clock."""
    siege = Siege.begin(folder, SFT_FTPS_SESSIONS_PER_ACCOUNT=str(sessions), SFT_FTPS_SESSIONS_MAX=str(sessions + 10))
    idle: list[FtpsWire] = []
    try:
        with siege.wire(BESIDE) as wire:
            for number in range(FILES):
                wire.store(f"STOR {number}.txt", b"x")
            alone = _listings(wire, listings)
            idle = _sign_in(siege, sessions)
            memory = siege.server.memory()
            beside = _listings(wire, listings)
        alive = sum(each.ask("NOOP").code == 200 for each in random.sample(idle, min(20, sessions)))
    finally:
        for each in idle:
            each.close()
        siege.server.kill()
    if alive != min(20, sessions):
        raise AssertionError("idle sessions were closed")
    p99 = _p99(beside)
    told = f"{sessions} idle sessions: LIST of {FILES} files takes {statistics.median(beside) * 1000:.0f} ms, p99 "
    told += f"{p99 * 1000:.0f} ms (alone {statistics.median(alone) * 1000:.0f} ms, p99 {_p99(alone) * 1000:.0f} ms); "
    told += f"the server has {memory / (1 << 20):.0f} MiB"
    if p99 > TARGET:
        raise AssertionError(told)
    return told


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[max(0, len(seconds) * 99 // 100 - 1)]


def _listings(wire: FtpsWire, count: int) -> list[float]:
    """Seconds of each, with its data connection."""
    seconds = []
    for _ in range(count):
        begin = time.perf_counter()
        lines = wire.fetch("LIST").splitlines()
        seconds.append(time.perf_counter() - begin)
        if len(lines) != FILES:
            raise AssertionError(f"{len(lines)} lines")
    return seconds


def _sign_in(siege: Siege, sessions: int) -> list[FtpsWire]:
    """From a few addresses, some at a time."""
    made: list[FtpsWire] = []
    site, lock = siege.site_of(USER), threading.Lock()

    def some(lane: int) -> None:
        for _ in range(lane, sessions, 8):
            wire = FtpsWire(site, source=f"127.0.4.{lane + 1}", seconds=PATIENT)
            wire.secure()
            wire.sign_in()
            with lock:
                made.append(wire)

    lanes = [threading.Thread(target=some, args=(lane,)) for lane in range(8)]
    begin = time.monotonic()
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    say(f"{len(made)} sessions signed in after {time.monotonic() - begin:.0f} s")
    if len(made) != sessions:
        raise AssertionError(f"only {len(made)} signed in")
    return made
