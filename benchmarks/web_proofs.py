"""Proofs about uploads from a browser: a large file through a network that is cut, and very many small ones.

Run by `benchmarks.proofs`.
"""

import hashlib
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import Page

from secure_file_transfer.testing.process import ServerProcess
from secure_file_transfer.testing.proxy import FaultProxy, Harm

from .browsing import chromium, context, sign_in
from .proofs import MIB, Caller, started

_SECONDS = 3600.0
_TAB_MAX = 300 * MIB
_TASK_MAX = 100.0
_DONE = ".dock h2:has-text('finished')"
_WATCH = """() => {
  window.tasks = [];
  new PerformanceObserver((list) => list.getEntries().forEach((each) => window.tasks.push(each.duration)))
    .observe({type: 'longtask', buffered: true});
}"""


@contextmanager
def _signed_in(port: int) -> Iterator[tuple[Page, Any]]:
    """Somebody signed in, and the DevTools of the whole browser."""
    with chromium() as browser:
        page = context(browser, f"https://127.0.0.1:{port}").new_page()
        sign_in(page)
        page.get_by_role("button", name="Upload files").first.wait_for()
        yield page, browser.new_browser_cdp_session()


class TabMemory:
    """What the tab's process holds that is its own (`Private_Dirty` and swap of smaps), watched once a second.

    The resident set counts the program's pages too, which all tabs share; it is told beside.
    """

    def __init__(self, tools: Any) -> None:
        processes = tools.send("SystemInfo.getProcessInfo")["processInfo"]
        self._pids = [each["id"] for each in processes if each["type"] == "renderer"]
        self.private = self.resident = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _watch(self) -> None:
        while not self._stop.wait(1.0):
            private = resident = 0
            for pid in self._pids:
                try:
                    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
                except OSError:
                    continue
                rows = dict(line.split(":", 1) for line in text.splitlines()[1:])
                kib = {name: int(value.split()[0]) for name, value in rows.items()}
                private = max(private, kib["Private_Dirty"] + kib["Swap"])
                resident = max(resident, kib["Rss"])
            self.private = max(self.private, private * 1024)
            self.resident = max(self.resident, resident * 1024)


@contextmanager
def _serving(folder: Path) -> Iterator[ServerProcess]:
    server = started(folder, admin=True)
    try:
        yield server
    finally:
        server.kill()


def _written(path: Path, total: int) -> str:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for begin in range(0, total, MIB):
            piece = os.urandom(min(MIB, total - begin))
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def prove_upload(folder: Path, *, total: int, cuts: int, seed: int) -> str:
    """A large file goes up from Chromium while the network is cut again and again."""
    film = folder / "film.bin"
    wanted = _written(film, total)
    positions = sorted(random.Random(seed).sample(range(MIB, total), cuts))  # noqa: S311 - where to cut
    with _serving(folder) as server, FaultProxy(server.port, Harm(cuts=positions)) as proxy:
        with _signed_in(proxy.port) as (page, tools):
            page.evaluate(_WATCH)
            with page.expect_file_chooser() as chooser:
                page.get_by_role("button", name="Upload files").first.click()
            begin = time.monotonic()
            with TabMemory(tools) as memory:
                chooser.value.set_files(str(film))
                page.locator(_DONE).wait_for(timeout=_SECONDS * 1000)
            seconds = time.monotonic() - begin
            shown = page.locator(".dock bdi[title]").get_attribute("title")
            tasks = page.evaluate("window.tasks")
        sent = proxy.passed["up"]
        happened = proxy.happened
        stored = Caller(server).digest("film.bin")
    if not wanted == stored == shown:
        raise AssertionError(f"SHA-256: {wanted} went up, {stored} is there, {shown} is shown")
    if happened != cuts:
        raise AssertionError(f"{happened} of {cuts} cuts were made")
    if memory.private > _TAB_MAX:
        raise AssertionError(f"the tab took {memory.private / MIB:.0f} MiB")
    return (
        f"{total / MIB:.0f} MiB from Chromium, {cuts} cuts (seed {seed}): SHA-256 equal, {seconds:.1f} s, "
        f"{total / MIB / seconds:.0f} MiB/s, {(sent - total) / MIB:.1f} MiB sent twice or around it; the tab took "
        f"{memory.private / MIB:.0f} MiB of its own ({memory.resident / MIB:.0f} MiB resident with the program); "
        f"longest task {max(tasks, default=0):.0f} ms"
    )


def prove_many(folder: Path, *, files: int) -> str:
    """Very many small files, dropped as a folder, and a page that stays alive meanwhile."""
    many = folder / "many"
    for number in range(files):
        path = many / f"{number % 100:02}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d\n" % number * (1 + number % 500))
    with _serving(folder) as server:
        with _signed_in(server.port) as (page, tools):
            page.evaluate(_WATCH)
            session = page.context.new_cdp_session(page)
            data = {"items": [], "files": [str(many)], "dragOperationsMask": 1}
            for kind in ("dragEnter", "dragOver"):
                session.send("Input.dispatchDragEvent", {"type": kind, "x": 400, "y": 400, "data": data})
            begin = time.monotonic()
            with TabMemory(tools) as memory:
                session.send("Input.dispatchDragEvent", {"type": "drop", "x": 400, "y": 400, "data": data})
                page.locator(_DONE).wait_for(timeout=_SECONDS * 1000)
            seconds = time.monotonic() - begin
            tasks = sorted(page.evaluate("window.tasks"))
        caller = Caller(server)
        sample = list(range(0, files, max(1, files // 50)))
        for number in sample:
            path = many / f"{number % 100:02}" / f"{number}.txt"
            if caller.digest(f"many/{number % 100:02}/{number}.txt") != hashlib.sha256(path.read_bytes()).hexdigest():
                raise AssertionError(f"{path.name} is not what went up")
    longest = max(tasks, default=0.0)
    said = (
        f"{files} small files dropped as a folder: {seconds:.1f} s, {files / seconds:.0f} files/s; longest task of "
        f"the page {longest:.0f} ms, {len(tasks)} over 50 ms; the tab took {memory.private / MIB:.0f} MiB of its own"
    )
    if longest > _TASK_MAX:
        raise AssertionError(said)
    return said
