"""Which FTP client does what with the server: every client, every operation, in one table.

    .venv/bin/python -m tests.interop.ftps_table                   ours
    .venv/bin/python -m tests.interop.ftps_table --server sample   the same clients with pyftpdlib's sample server
    .venv/bin/python -m tests.interop.ftps_table --server vsftpd

Names have spaces, Persian and emoji everywhere, and what arrived is compared byte by byte. A cell is `ok`, or says what
there is instead (`no TLS`; `anew`: the client cannot resume and sends the whole again), or `FAILED`, with the reason
below the table.
"""

import argparse
import contextlib
import filecmp
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.ftps_peers import SERVERS
from benchmarks.peers import Certificates

from secure_file_transfer.testing.ftps_wire import FtpsSite, FtpsWire, cut

from .ftps_clients import CLIENTS, CannotError, Client, missing, walk

MIB = 1 << 20
BODY = random.Random(5).randbytes(5 * MIB + 7)  # noqa: S311 - data, not a secret
NAMES = ("with  two spaces.txt", "گزارش می‌خواهم ۱۴۰۵.pdf", "party 🎉 👨‍👩‍👧‍👦.bin", "#1 100% [x] 'q'.txt")


class Bench:
    """A place on the server and one here, for one client and one operation."""

    def __init__(self, client: Client, operation: str, folder: Path) -> None:
        self.client, self.site, self.folder = client, client.site, folder
        self.remote = f"{client.site.base}/{client.name} {operation} پوشه 🎉"
        self.wire = FtpsWire.signed_in(client.site)
        self.wire.ask(f"MKD {self.remote}", 257)

    def file(self, body: bytes = BODY) -> Path:
        path = self.folder / "local فایل.bin"
        path.write_bytes(body)
        return path

    def stored(self, path: str) -> bytes:
        """By another client than the one that is tried."""
        with FtpsWire.signed_in(self.site) as wire:
            return wire.fetch(f"RETR {path}")

    def store(self, path: str, body: bytes) -> None:
        self.wire.store(f"STOR {path}", body)


def upload(bench: Bench) -> None:
    for number, name in enumerate(NAMES):
        body = BODY if number == 0 else BODY[: number * 1000]
        bench.client.upload(bench.file(body), f"{bench.remote}/{name}")
        assert bench.stored(f"{bench.remote}/{name}") == body, f"{name} arrived different"
    bench.client.upload(bench.file(b"new"), f"{bench.remote}/{NAMES[0]}")
    assert bench.stored(f"{bench.remote}/{NAMES[0]}") == b"new", "it was not replaced"


def download(bench: Bench) -> None:
    for number, name in enumerate(NAMES):
        body = BODY if number == 0 else BODY[: number * 1000]
        bench.store(f"{bench.remote}/{name}", body)
        target = bench.folder / f"{number} {name}"
        bench.client.download(f"{bench.remote}/{name}", target)
        assert target.read_bytes() == body, f"{name} arrived different"


def leave_half(site: FtpsSite, path: str, body: bytes) -> int:
    """An upload that ends in the middle, without TLS saying so; how much of it SIZE tells its uploader."""
    with FtpsWire.signed_in(site) as wire, wire.transfer(f"STOR {path}") as data:
        data.sendall(body[: len(body) // 2])
        cut(data)
        wire.sock.settimeout(3)
        with contextlib.suppress(TimeoutError):  # pyftpdlib itself waits on, and has it all
            wire.reply()
    with FtpsWire.signed_in(site) as again:
        return int(again.ask(f"SIZE {path}", 213).text)


def resume_up(bench: Bench) -> str | None:
    path = f"{bench.remote}/{NAMES[2]}"
    there = leave_half(bench.site, path, BODY)
    assert 0 < there <= len(BODY) // 2, f"{there} bytes were kept"
    how = bench.client.resume_up(bench.file(), path)
    assert bench.stored(path) == BODY, "the whole is not what was sent"
    return how


def resume_down(bench: Bench) -> None:
    path, target = f"{bench.remote}/{NAMES[1]}", bench.folder / NAMES[1]
    bench.store(path, BODY)
    target.write_bytes(BODY[: len(BODY) // 2])
    bench.client.resume_down(path, target)
    assert target.read_bytes() == BODY, "the whole is not what was sent"


def listing(bench: Bench) -> None:
    for name in NAMES:
        bench.store(f"{bench.remote}/{name}", b"x")
    bench.wire.ask(f"MKD {bench.remote}/پوشه", 257)
    found = bench.client.names(bench.remote)
    assert found == {*NAMES, "پوشه"}, found


def rename(bench: Bench) -> None:
    old, new = f"{bench.remote}/{NAMES[0]}", f"{bench.remote}/پوشه/{NAMES[2]}"
    bench.wire.ask(f"MKD {bench.remote}/پوشه", 257)
    bench.store(old, b"the same bytes")
    bench.client.rename(old, new)
    assert bench.stored(new) == b"the same bytes"
    bench.wire.ask(f"SIZE {old}", 550)
    folder, moved = f"{bench.remote}/پوشه", f"{bench.remote}/folder 🎉"
    bench.client.rename(folder, moved)
    assert bench.stored(f"{moved}/{NAMES[2]}") == b"the same bytes"


def make_tree(folder: Path) -> Path:
    """A few folders, one in another, and files of odd sizes and names."""
    chance = random.Random(6)  # noqa: S311 - data, not a secret
    root = folder / "tree درخت"
    for below in (root, root / "پوشه یک", root / "پوشه یک" / "deeper 🎉", root / "b c"):
        below.mkdir()
        for number, name in enumerate(NAMES):
            (below / name).write_bytes(chance.randbytes((0, 1, 40_000, MIB + 1)[number]))
    return root


def same(one: Path, other: Path) -> None:
    """Two trees hold the same files with the same bytes."""
    assert list(walk(one)) == list(walk(other)), "names differ"
    files = [str(path) for path in walk(one) if (one / path).is_file()]
    _, different, wrong = filecmp.cmpfiles(one, other, files, shallow=False)
    assert not different + wrong, f"different: {different + wrong}"


def tree(bench: Bench) -> None:
    root, back = make_tree(bench.folder), bench.folder / "back"
    remote = f"{bench.remote}/tree درخت"
    bench.client.upload_tree(root, remote)
    back.mkdir()
    bench.client.download_tree(remote, back)
    same(root, back)


def remove(bench: Bench) -> None:
    for path in ("", "/پوشه یک", "/پوشه یک/deeper 🎉"):
        bench.wire.ask(f"MKD {bench.remote}/tree{path}", 257)
        for name in NAMES:
            bench.store(f"{bench.remote}/tree{path}/{name}", b"x")
    bench.client.remove_tree(f"{bench.remote}/tree")
    bench.wire.ask(f"CWD {bench.remote}/tree", 550)
    bench.wire.ask(f"CWD {bench.remote}", 250)


OPERATIONS: dict[str, Callable[[Bench], str | None]] = {
    "upload": upload,
    "download": download,
    "resume up": resume_up,
    "resume down": resume_down,
    "list": listing,
    "rename": rename,
    "tree": tree,
    "remove": remove,
}


def attempt(site: FtpsSite, client: str, operation: str, folder: Path) -> str:
    """One cell: `ok`, or what the client has instead. Raises what went wrong."""
    (here := folder / f"{client} {operation}").mkdir()
    try:
        bench = Bench(CLIENTS[client](site, here), operation, here)
        with bench.wire:
            return OPERATIONS[operation](bench) or "ok"
    except CannotError as why:
        return str(why)
    finally:
        shutil.rmtree(here)


def print_table(site: FtpsSite, clients: Iterable[str], operations: Iterable[str], folder: Path) -> int:
    """Fill it in and print it; how many cells failed."""
    operations, failures = list(operations), []
    print(f"{'':<14}" + "".join(f"{name:<13}" for name in operations))
    for client in clients:
        row = f"{client:<14}"
        for operation in operations:
            try:
                cell = attempt(site, client, operation, folder)
            except Exception as error:  # noqa: BLE001 - the table goes on
                cell = "FAILED"
                failures.append(f"{client}, {operation}: {str(error)[-600:] or error!r}\n")
            row += f"{cell:<13}"
        print(row.rstrip(), flush=True)
    print("".join(f"\n{failure}" for failure in failures), end="")
    return len(failures)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--server", choices=list(SERVERS), default="sft")
    parser.add_argument("--clients", nargs="*", choices=list(CLIENTS), default=list(CLIENTS))
    parser.add_argument("--operations", nargs="*", choices=list(OPERATIONS), default=list(OPERATIONS))
    options = parser.parse_args()
    if absent := missing():
        print(f"not installed: {' '.join(absent)}; ./test.sh installs them", file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="sft-ftps-"))
    try:
        for name in ("tls", "server", "work"):
            (folder / name).mkdir()
        start: AbstractContextManager[FtpsSite] = SERVERS[options.server](
            folder / "server", Certificates.make(folder / "tls")
        )
        with start as site:
            return min(print_table(site, options.clients, options.operations, folder / "work"), 1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
