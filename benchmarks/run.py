"""Side by side with the peers, in one run: prints a table of ratios.

    .venv/bin/python -m benchmarks.run                      1 GiB and 10,000 files of 4 KiB, three rounds
    .venv/bin/python -m benchmarks.run --size 64M --files 500 --rounds 1
    .venv/bin/python -m benchmarks.run --rows far delta text

`--rows` chooses: `big` and `small` beside every peer; `far` beside one stream of curl, `delta` in bytes sent, `text`
beside itself without compression; `ftps` is one file by curl to our FTPS door, vsftpd and pyftpdlib's sample server.

The machine decides the seconds; the ratios are what to quote. In each round every peer does the same work in turn, and
what came down is compared with what went up.
"""

import argparse
import hashlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from .peers import PEERS, Certificates, CurlNginx, Peer, Sft, remove

UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
ROWS = ("big", "small", "far", "delta", "text", "ftps")
Times = dict[tuple[str, str], list[float]]


def size(text: str) -> int:
    """Bytes from `64M`."""
    return int(text[:-1]) * UNITS[text[-1]] if text[-1] in UNITS else int(text)


def workplace(need: int) -> Path:
    """A folder in memory when it has room for everything, so that the disk does not decide."""
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made inside
    base = memory if memory.is_dir() and shutil.disk_usage(memory).free > need else None
    return Path(tempfile.mkdtemp(prefix="sft-bench-", dir=base))


def digest(path: Path) -> str:
    """One SHA-256 over a file, or over all names and files of a folder."""
    total = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            total.update(file.name.encode())
            with file.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def make_input(folder: Path, big: int, files: int) -> tuple[Path, Path]:
    """One random file, and a folder of random files of 4 KiB."""
    one, tree = folder / "big.bin", folder / "tree"
    with one.open("wb") as stream:
        for start in range(0, big, 1 << 24):
            stream.write(os.urandom(min(1 << 24, big - start)))
    tree.mkdir(exist_ok=True)
    for number in range(files):
        (tree / f"file-{number:05}.bin").write_bytes(os.urandom(4096))
    return one, tree


def timed(work: Callable[[], None]) -> float:
    """Seconds of wall clock."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def measure(peer: Peer, paths: list[Path], down: Path, times: Times) -> None:
    """One round of one peer: up and down, the file and the tree; what came down is compared."""
    for path in paths:
        up, fetch = (peer.upload_tree, peer.download_tree) if path.is_dir() else (peer.upload, peer.download)
        times.setdefault((path.name, "up"), []).append(timed(partial(up, path)))
        times.setdefault((path.name, "down"), []).append(timed(partial(fetch, path.name, down)))
        if digest(down / path.name) != digest(path):
            raise RuntimeError(f"{peer.name}: {path.name} came back different")
        remove(down / path.name)
        peer.forget(path.name)


def report(results: dict[str, Times], labels: dict[str, str]) -> None:
    """The table: for each work our median seconds, and for each peer how many times as fast we are."""
    others = [name for name in results if name != "sft"]
    print(f"{'work':<26}{'sft':>9}" + "".join(f"{'vs ' + name:>16}" for name in others))
    for work in next(iter(results.values())):
        ours = statistics.median(results["sft"][work])
        row = f"{labels[work[0]] + ' ' + work[1]:<26}{ours:>8.2f}s"
        for name in others:
            theirs = statistics.median(results[name][work])
            row += f"{theirs / ours:>9.2f}x {theirs:>4.1f}s"
        print(row)


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--size", type=size, default=size("1G"), help="bytes of the big file (default 1G)")
    parser.add_argument("--files", type=int, default=10_000, help="how many files of 4 KiB (default 10000)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="*", choices=list(PEERS), help="default: all")
    parser.add_argument("--rows", nargs="*", choices=ROWS, default=list(ROWS), help="default: all")
    options = parser.parse_args()
    folder = workplace(8 * (options.size + options.files * 8192))
    print(f"{options.rounds} rounds, medians; 2.00x means that sft took half the time of the other")
    try:
        (folder / "tls").mkdir()
        certificates = Certificates.make(folder / "tls")
        if {"big", "small"} & set(options.rows):
            beside_peers(folder, certificates, options)
        if {"far", "delta", "text"} & set(options.rows):
            alone(folder, certificates, options)
        if "ftps" in options.rows:
            from .ftps_rows import beside_servers  # it uses what is here

            beside_servers(folder, certificates, options.size, options.rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def beside_peers(folder: Path, certificates: Certificates, options: argparse.Namespace) -> None:
    """The rows `big` and `small`."""
    chosen = {name: start for name, start in PEERS.items() if not options.peers or name in {"sft", *options.peers}}
    results: dict[str, Times] = {}
    (down := folder / "down").mkdir()
    with ExitStack() as stack:
        peers = [stack.enter_context(start(_home(folder, name), certificates)) for name, start in chosen.items()]
        for turn in range(options.rounds):
            one, tree = make_input(folder, options.size, options.files)  # new bytes: nobody may share old blocks
            paths = [path for path, row in ((one, "big"), (tree, "small")) if row in options.rows]
            for peer in peers:
                measure(peer, paths, down, results.setdefault(peer.name, {}))
                print(f"round {turn + 1}: {peer.name} done", file=sys.stderr)
    report(results, {"big.bin": f"{options.size / (1 << 20):.0f} MiB", "tree": f"{options.files} x 4 KiB"})


def alone(folder: Path, certificates: Certificates, options: argparse.Namespace) -> None:
    """The rows `far`, `delta` and `text`; a quarter of the size, the size, and a quarter of it."""
    from .engine_rows import Bench  # it uses what is here

    with (
        Sft.start(_home(folder, "sft-alone"), certificates) as sft,
        CurlNginx.start(_home(folder, "curl-alone"), certificates) as curl,
    ):
        bench = Bench(folder, sft, curl, options.rounds)
        for name, rows, share in (("far", bench.far, 4), ("delta", bench.delta, 1), ("text", bench.text, 4)):
            for row in rows(options.size // share) if name in options.rows else ():
                print(f"{row.work:<48}{row.ours:>12}  {row.beside}".rstrip())


def _home(folder: Path, name: str) -> Path:
    (home := folder / name).mkdir()
    return home


if __name__ == "__main__":
    sys.exit(main())
