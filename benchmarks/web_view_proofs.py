"""Proofs about the web app, in Debian's Chromium. Run by `benchmarks.proofs`; short versions run with the tests."""

import shutil
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from .listing_proof import put_many
from .proofs import PASSWORD, USER, Caller, say, started

_WIDE = {"width": 1200, "height": 800}
# The browser's own clock, from the begin of the navigation to the frame in which the first rows are drawn.
_WATCH = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('[data-at]')) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark('rows')));
}).observe(document, {childList: true, subtree: true});
"""
_OPEN = """
(name) => new Promise((resolve) => {
  const button = [...document.querySelectorAll('[data-open]')].find((each) => each.textContent.trim() === name);
  const begin = performance.now();
  new MutationObserver((_, observer) => {
    const first = document.querySelector('[data-at="0"] [data-open]');
    if (!first || first.textContent.trim() === name) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - begin)));
  }).observe(document, {childList: true, subtree: true, characterData: true});
  button.click();
})
"""
# Scrolls through the whole list, as far in each frame as makes 300 frames, and tells how long each frame took.
_SCROLL = """
() => new Promise((resolve) => {
  const scroller = document.querySelector('.scroller');
  const step = (scroller.scrollHeight - scroller.clientHeight) / 300;
  const took = [];
  let last = performance.now(), empty = 0;
  const frame = (now) => {
    took.push(now - last);
    last = now;
    if (!document.elementFromPoint(600, 400)?.closest('[data-at]')) empty += 1;
    if (took.length > 300) return resolve({took: took.slice(1), empty});
    scroller.scrollTop += step;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own."""
    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError("Debian's chromium is needed: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def sign_in(page: Page, name: str = USER, password: str = PASSWORD) -> None:
    """With the form."""
    page.goto("/")
    page.locator("input").nth(0).fill(name)
    page.locator("input").nth(1).fill(password)
    page.locator("button[type=submit]").click()
    page.locator("#content").wait_for()


def _context(browser: Browser, url: str, **options: Any) -> BrowserContext:
    return browser.new_context(ignore_https_errors=True, base_url=url, viewport=_WIDE, **options)


def load_times(browser: Browser, signed_in: BrowserContext, url: str, runs: int) -> list[float]:
    """Milliseconds from the begin of a navigation to the first rows, each time with nothing in the cache."""
    took = []
    for _ in range(runs):
        cold = _context(browser, url, storage_state=signed_in.storage_state())
        cold.add_init_script(_WATCH)
        page = cold.new_page()
        page.goto("/")
        page.wait_for_function("performance.getEntriesByName('rows').length > 0")
        took.append(float(page.evaluate("performance.getEntriesByName('rows')[0].startTime")))
        cold.close()
    return took


def open_time(page: Page, name: str) -> float:
    """Milliseconds from the click on a folder to its first rows."""
    return float(page.evaluate(_OPEN, name))


def prove_load(folder: Path, *, runs: int) -> str:
    """The first view on a cold load, on this machine: by the browser's own navigation timing."""
    server = started(folder, admin=True)
    try:
        caller = Caller(server)
        for number in range(30):
            caller.put(f"{number:03}.txt", b"x", 1)
        with chromium() as browser:
            context = _context(browser, server.url)
            sign_in(context.new_page())
            took = load_times(browser, context, server.url, runs)
    finally:
        server.kill()
    worst = max(took)
    if worst > 1000:
        raise AssertionError(f"{worst:.0f} ms")
    return f"{runs} cold loads: first rows after {statistics.median(took):.0f} ms (median), {worst:.0f} ms at most"


def prove_folder(folder: Path, *, files: int) -> str:
    """A folder of very many files: how soon its first rows are there, and how smoothly one scrolls through it."""
    server = started(folder, admin=True)
    try:
        caller = Caller(server)
        caller.call("PUT", "/api/v1/folders/large", None, caller.headers())
        lanes = [threading.Thread(target=put_many, args=(caller, range(lane, files, 8))) for lane in range(8)]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        say(f"{files} files are there")
        with chromium() as browser:
            page = _context(browser, server.url).new_page()
            sign_in(page)
            page.locator("[data-at]").first.wait_for()
            first = open_time(page, "large")
            page.wait_for_function(
                f"document.querySelector('[role=grid]').ariaRowCount === '{files + 1}'", timeout=120_000
            )
            whole = float(page.evaluate("performance.now()"))
            scrolled = page.evaluate(_SCROLL)
            nodes = page.locator("[data-at]").count()
    finally:
        server.kill()
    took = sorted(scrolled["took"])
    say(f"all {files} entries were there {whole / 1000:.1f} s after the page began to load; {nodes} rows are drawn")
    if first > 1000:
        raise AssertionError(f"the first rows after {first:.0f} ms")
    return (
        f"{files} files: first rows after {first:.0f} ms; 300 frames of scrolling through all of it: median "
        f"{statistics.median(took):.1f} ms, 99th percentile {took[296]:.1f} ms, {scrolled['empty']} without rows"
    )
