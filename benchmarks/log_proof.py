"""Proofs about the log: what an export costs, and an act to be written down. Run by `benchmarks.proofs`."""

import http.client
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from secure_file_transfer.config import load
from secure_file_transfer.model import Category, LogEvent, Rights, Role, SessionId, Severity, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.audit import SILENT
from secure_file_transfer.services.credentials import Shown
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.log_export import Form

from .proofs import PASSWORD, USER, Caller, say, started

MIB = 1 << 20
_BATCH = 5000
_GROWTH_MAX = 32 * MIB


def prove_export(folder: Path, *, rows: int) -> str:
    """So many events, exported over HTTPS in each format: seconds, and what the server's memory grew by."""
    server = started(folder)
    server.stop()
    _fill(server.data_dir, rows)
    server.start()
    try:
        caller = Caller(server)
        told = []
        for form in Form:
            with _memory(server.pid) as grown:
                seconds, size = _export(caller, form)
            told.append(f".{form} {seconds:.1f} s")
            say(f".{form}: {seconds:.1f} s, {size / MIB:.1f} MiB, memory grew by {max(grown) / MIB:.1f} MiB")
            if max(grown) > _GROWTH_MAX:
                raise AssertionError(f".{form} took {max(grown)} bytes of memory")
    finally:
        server.kill()
    return f"{rows:,} events exported: {', '.join(told)}"


def prove_cost(folder: Path, *, times: int) -> str:
    """What a grant, a small file and a sign-in take with the log and without, in turns."""
    house = House(load(data_dir=folder / "data"))
    try:
        for name in ("ada", "omid"):
            house.accounts.create(name, PASSWORD)
        shown = Shown(None, None, "proof", "127.0.0.1", "")
        signed = house.credentials.sign_in("ada", PASSWORD, shown)
        who = house.sessions.resolve(signed.token)
        files = Files(Access(house.vaults.tree, house.catalog, house.clock))
        files.make_folder(who, RemotePath.parse("/d"))
        costs: dict[str, list[float]] = {}
        for number in range(times):
            for logged in (True, False):
                audit = house.audit if logged else SILENT
                for service in (house.shares, house.credentials):
                    setattr(service, "_audit", audit)  # noqa: B010 - a proof may
                key = "with the log" if logged else "without"
                begin = time.perf_counter()
                house.shares.grant(who, RemotePath.parse("/d"), "omid", Rights.READ)
                costs.setdefault(f"a grant {key}", []).append(time.perf_counter() - begin)
                files.audit = audit
                begin = time.perf_counter()
                draft = files.draft(who, RemotePath.parse(f"/d/{number}-{logged}"))
                draft.append(b"small")
                draft.commit()
                costs.setdefault(f"a small file {key}", []).append(time.perf_counter() - begin)
                if number % 5 == 0:
                    begin = time.perf_counter()
                    house.credentials.sign_in("ada", PASSWORD, shown)
                    costs.setdefault(f"a sign-in {key}", []).append(time.perf_counter() - begin)
    finally:
        house.close()
    return ", ".join(f"{what} {statistics.median(seconds) * 1000:.1f} ms" for what, seconds in costs.items())


def _fill(data_dir: Path, rows: int) -> None:
    house = House(load(data_dir=data_dir))
    try:
        house.accounts.set_role(USER, Role.ADMIN)
        for start in range(0, rows, _BATCH):
            batch = [_event(number) for number in range(start, min(rows, start + _BATCH))]
            house.catalog.write(lambda tx, batch=batch: tx.log.add(batch))  # type: ignore[misc]
    finally:
        house.close()


def _event(number: int) -> LogEvent:
    path = f"/Projects/2026/report-{number:06}.pdf"
    return LogEvent(
        TimeUs(1_790_000_000_000_000 + number * 1_000_000),
        Category.TRANSFER,
        Severity.INFO,
        "file.created",
        f"'{path}' was stored: 1,234,567 bytes in 0.3 s",
        actor=USER,
        address="192.0.2.7",
        door="http",
        target=path,
        session=SessionId(number // 100 + 1),
        request=f"{number:016x}",
    )


def _export(caller: Caller, form: Form) -> tuple[float, int]:
    connection = caller.connect()
    size, begin = 0, time.perf_counter()
    connection.request("GET", f"/api/v1/log/export?format={form}", None, caller.headers())
    response = connection.getresponse()
    if response.status != http.client.OK:
        raise AssertionError(f"{form}: {response.status}: {response.read()!r}")
    while piece := response.read(MIB):
        size += len(piece)
    seconds = time.perf_counter() - begin
    connection.close()
    return seconds, size


@contextmanager
def _memory(pid: int) -> Iterator[list[int]]:
    """How much more the process holds than now, looked at again and again."""
    before, over = _resident(pid), threading.Event()
    grown = [0]

    def look() -> None:
        while not over.wait(0.02):
            grown.append(_resident(pid) - before)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield grown
    finally:
        over.set()
        thread.join()


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
