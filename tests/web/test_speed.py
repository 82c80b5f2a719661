"""How much the browser has to fetch, and how soon something is there. `benchmarks.proofs web-…` prove the whole."""

import gzip
import re
from typing import Any

from benchmarks.web_view_proofs import load_times, open_time
from playwright.sync_api import Browser, expect
from tests.web.types import WEB

from .conftest import Site

BUILT = WEB.parent / "src/secure_file_transfer/doors/http/static"
_IMPORTED = re.compile(r"""(?:import|from)\s*["']\./([^"']+\.js)["']""")


def at_once() -> set[str]:
    """The scripts that the page names, and those that they import at once."""
    waiting = re.findall(r"/(assets/[^\"]+\.js)", (BUILT / "index.html").read_text())
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [f"assets/{each}" for each in _IMPORTED.findall((BUILT / name).read_text())]
    return found


def test_what_the_first_view_needs_is_small() -> None:
    scripts = at_once()
    assert scripts
    language = max(len(gzip.compress(each.read_bytes())) for each in BUILT.glob("assets/??-*.js"))
    total = language + sum(len(gzip.compress((BUILT / name).read_bytes())) for name in scripts)
    assert total <= 120 * 1024, sorted(scripts)


def test_rows_are_there_soon(site: Site, visit: Any, browser: Browser) -> None:
    """Bounds for a busy machine; the proofs have those that are promised."""
    site.make_folder("/large")
    for number in range(1200):
        site.put(f"/large/{number:04}", b"")
    visitor = visit()
    page = visitor.sign_in()
    page.locator("[data-at]").first.wait_for()
    assert min(load_times(browser, visitor.context, site.url, 2)) < 5000
    assert open_time(page, "large") < 5000
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "1201")
    assert page.locator("[data-at]").count() < 60
    page.locator("[data-at]").first.focus()
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="1199")).to_be_visible()
