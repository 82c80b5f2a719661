"""The rows of `benchmarks.run` about what the engine does besides being fast: far ways, changed files, text."""

import os
import random
import shutil
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from secure_file_transfer.testing.proxy import FaultProxy, Harm

from .peers import CurlNginx, Sft
from .run import digest, timed

MIB = 1 << 20
FAR = Harm(latency=0.05, window=MIB)
"""A round trip of 100 ms, and windows of 1 MiB."""
SLOW = Harm(rate=100e6 / 8)
"""A line of 100 Mbit/s."""
_WORDS = 700
"""So many words, the n-th of them n times as rare as the first, compress 4:1 with zstd at its usual level."""


@dataclass(frozen=True)
class Row:
    """One line of the table: what was done, how long we took or how much went, and beside what."""

    work: str
    ours: str
    beside: str


@dataclass(frozen=True)
class Bench:
    """What the rows share. Each row moves new bytes in each round, and compares what came back."""

    folder: Path
    sft: Sft
    curl: CurlNginx
    rounds: int

    def far(self, size: int) -> Iterator[Row]:
        """A long way, where a connection moves a window in a round trip: ours beside one stream, curl's."""
        times: dict[tuple[str, str], list[float]] = {}
        for _ in range(self.rounds):
            file = random_file(self.folder / "far.bin", size)
            for peer in (self.sft, self.curl):
                with FaultProxy(peer.port, FAR) as proxy:
                    up, down = _there_and_back(peer.by(proxy.port), file)
                times.setdefault((peer.name, "up"), []).append(up)
                times.setdefault((peer.name, "down"), []).append(down)
                print(f"{peer.name} far done", file=sys.stderr)
        for way in ("up", "down"):
            work = f"{size / MIB:.0f} MiB over 100 ms, windows of 1 MiB, {way}"
            yield _ratio(work, times["sft", way], times[self.curl.name, way], "curl to nginx, one stream")

    def delta(self, size: int) -> Iterator[Row]:
        """A file again: how much goes up, with all that TLS and questions add."""
        shares: dict[str, list[float]] = {}
        for _ in range(self.rounds):
            file = random_file(self.folder / "delta.bin", size)
            with FaultProxy(self.sft.port, Harm()) as proxy:
                peer = self.sft.by(proxy.port)
                for what, change in (
                    ("", None),
                    ("1 % changed in place", _in_place),
                    ("1 KiB in the front", _in_front),
                ):
                    if change is not None:
                        change(file)
                    before = proxy.passed["up"]
                    peer.upload(file)
                    shares.setdefault(what, []).append((proxy.passed["up"] - before) / size)
            _back(self.sft, file)
            self.sft.forget(file.name)
        for what, found in shares.items():
            if what:
                yield Row(f"{size / MIB:.0f} MiB again, {what}", f"{statistics.median(found):.2%} sent", "")

    def text(self, size: int) -> Iterator[Row]:
        """Text over a slow line: compressed beside not."""
        work = f"{size / MIB:.0f} MiB of text over 100 Mbit/s, up"
        times: dict[str, list[float]] = {}
        for _ in range(self.rounds):
            for how in ("auto", "none"):
                file = text_file(self.folder / "text.txt", size)  # new for each: the server has what went before
                with FaultProxy(self.sft.port, SLOW) as proxy:
                    peer = self.sft.by(proxy.port)
                    times.setdefault(how, []).append(timed(partial(peer.upload, file, "--compress", how)))
                _back(self.sft, file)
                self.sft.forget(file.name)
        yield _ratio(work, times["auto"], times["none"], "not compressed")


def _ratio(work: str, ours: Sequence[float], theirs: Sequence[float], name: str) -> Row:
    mine, other = statistics.median(ours), statistics.median(theirs)
    return Row(work, f"{mine:.2f}s", f"{other / mine:.2f}x {other:.1f}s {name}")


def _there_and_back(peer: Sft | CurlNginx, file: Path) -> tuple[float, float]:
    up = timed(partial(peer.upload, file))
    down = timed(partial(_back, peer, file))
    peer.forget(file.name)
    return up, down


def _back(peer: Sft | CurlNginx, file: Path) -> None:
    """Fetch it, and compare."""
    (into := file.parent / "back").mkdir(exist_ok=True)
    peer.download(file.name, into)
    if digest(into / file.name) != digest(file):
        raise RuntimeError(f"{peer.name}: {file.name} came back different")
    (into / file.name).unlink()


def random_file(path: Path, size: int) -> Path:
    """New bytes: nobody may share old blocks."""
    with path.open("wb") as stream:
        for start in range(0, size, 16 * MIB):
            stream.write(os.urandom(min(16 * MIB, size - start)))
    return path


def text_file(path: Path, size: int) -> Path:
    """New words in every megabyte, so that no two blocks are the same."""
    chance = random.Random(os.urandom(16))  # noqa: S311 - it has to look like text, not to be secret
    rarity = [1 / number for number in range(1, _WORDS + 1)]
    words = ["".join(chance.choices("etaoinshrdlucmfwypvbgk", k=chance.randrange(2, 11))) for _ in rarity]
    with path.open("wb") as stream:
        while (left := size - stream.tell()) > 0:
            stream.write(" ".join(chance.choices(words, rarity, k=200_000)).encode()[:left])
    return path


def _in_place(file: Path) -> None:
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.seek(size // 2)
        stream.write(os.urandom(size // 100))


def _in_front(file: Path) -> None:
    longer = file.with_suffix(".longer")
    with longer.open("wb") as stream, file.open("rb") as rest:
        stream.write(os.urandom(1024))
        shutil.copyfileobj(rest, stream, MIB)
    longer.replace(file)
