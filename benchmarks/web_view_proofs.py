"""Proofs about the web app, in Debian's Chromium. Run by `benchmarks.proofs`; short versions run with the tests."""

import statistics
import threading
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from .browsing import chromium, context, sign_in
from .listing_proof import put_many
from .proofs import Caller, say, started

# The browser's own clock, from the begin of the navigation to the frame in which the first rows are drawn.
_WATCH = """
new MutationObserver((_, observer) => {
  if (!document.querySelector('[data-at]')) return;
  observer.disconnect();
  requestAnimationFrame(() =>
    requestAnimationFrame(() => { document.documentElement.dataset.rows = performance.now(); }));
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


def load_times(browser: Browser, signed_in: BrowserContext, url: str, runs: int) -> list[float]:
    """Milliseconds from the begin of a navigation to the first rows, each time with nothing in the cache."""
    took = []
    for _ in range(runs):
        cold = context(browser, url, storage_state=signed_in.storage_state())
        cold.add_init_script(_WATCH)
        page = cold.new_page()
        page.goto("/")
        page.locator("html[data-rows]").wait_for()
        took.append(float(page.locator("html").get_attribute("data-rows") or "inf"))
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
            signed_in = context(browser, server.url)
            sign_in(signed_in.new_page())
            took = load_times(browser, signed_in, server.url, runs)
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
            page = context(browser, server.url).new_page()
            sign_in(page)
            page.locator("[data-at]").first.wait_for()
            first = open_time(page, "large")
            page.locator(f'[role=grid][aria-rowcount="{files + 1}"]').wait_for(timeout=120_000)
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
