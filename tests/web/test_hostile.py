"""What people store never runs in the app's origin: not in its preview, nor when its address is opened by itself."""

import urllib.parse
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from .conftest import Site
from .samples import ELSEWHERE, HOSTILE

STAGE = "dialog .stage"
ACTIVE = (
    "script, iframe, object, embed, img, image, svg, math, form, input, button, base, meta[http-equiv], style, "
    "[style], [onload], [onerror], [onclick], [ontoggle], [href^='javascript:' i], [href^='data:' i]"
)
"""What has no place in a document that was cleaned."""


class Witness:
    """Notes whatever a hostile file could achieve."""

    def __init__(self, visitor: Any) -> None:
        self.page: Page = visitor.page
        self.seen: list[str] = []
        self.page.on("dialog", self._asked)
        visitor.context.on("request", self._requested)
        visitor.context.on("page", lambda page: self.seen.append(f"opened {page.url}"))

    def _asked(self, dialog: Any) -> None:
        self.seen.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _requested(self, request: Any) -> None:
        if ELSEWHERE in request.url or request.url.startswith(("http://", "data:text", "javascript:")):
            self.seen.append(f"request {request.url}")

    def nothing_ran(self) -> None:
        for frame in self.page.frames:
            if (
                frame.url.startswith(("https:", "about:srcdoc"))
                and frame.evaluate("typeof window.__pwned") != "undefined"
            ):
                self.seen.append(f"script in {frame.url}")
        assert self.seen == []


@pytest.fixture
def stored(site: Site) -> Site:
    for name, content in HOSTILE.items():
        site.put(f"/{name}", content)
    return site


@pytest.fixture
def visitor(stored: Site, visit: Any) -> Any:
    visitor = visit()
    visitor.sign_in()
    return visitor


def address(name: str) -> str:
    return f"/?view={urllib.parse.quote(name, safe='')}"


def test_attacks_36_and_37_no_preview_runs_what_it_shows(visitor: Any) -> None:
    """In each of the ways in which a file can be shown."""
    witness = Witness(visitor)
    page = visitor.page
    for name in HOSTILE:
        page.goto(address(name))
        stage = page.locator(STAGE)
        select = page.locator("dialog header select")
        expect(page.locator("#preview-name")).to_have_text(name)
        for view in select.locator("option").evaluate_all("all => all.map((each) => each.value)"):
            select.select_option(view)
            shown = stage.locator("iframe, img, canvas, audio, video, .cm-line, [role=row], .trouble").first
            expect(shown).to_be_attached()
            page.wait_for_load_state("networkidle")
        witness.nothing_ran()
        assert page.url.endswith(address(name)), name
        for frame in page.frames[1:]:
            assert frame.locator(ACTIVE).count() == 0, name
    # What is cleaned is parsed in a document without a window before: the policy reports what it forbids even there.
    assert [each for each in visitor.complaints if "Content Security Policy" not in each] == []
    visitor.complaints.clear()


def test_attacks_36_and_37_the_address_of_a_file_stores_it(stored: Site, visitor: Any) -> None:
    """Whatever it is called, with and without the query that gives images their type."""
    witness = Witness(visitor)
    page = visitor.page
    for name in HOSTILE:
        for query in ("", "?media"):
            with page.expect_download() as fetched, pytest.raises(Error, match=r"Download is starting|ERR_ABORTED"):
                page.goto(f"/api/v1/files/{urllib.parse.quote(name, safe='')}{query}")
            fetched.value.cancel()
            witness.nothing_ran()


EMBED = """([kind, address]) => new Promise((done) => {
  const made = document.createElement(kind);
  made.onload = () => done('loaded');
  made.onerror = () => done('refused');
  if (kind === 'object') made.data = address; else made[kind === 'link' ? 'href' : 'src'] = address;
  if (kind === 'link') made.rel = 'stylesheet';
  document.body.append(made);
  setTimeout(() => done('nothing'), 400);
})"""


@pytest.mark.parametrize("kind", ["script", "link", "iframe", "object", "embed"])
def test_attack_37_no_content_becomes_a_part_of_the_page(visitor: Any, kind: str) -> None:
    """Even from within the page: a script or style must have its type, and nothing lets itself be framed."""
    witness = Witness(visitor)
    for name in ("evil.js", "polyglot.gif", "evil.html", "evil.svg"):
        outcome = visitor.page.evaluate(EMBED, [kind, f"/api/v1/files/{name}?media"])
        assert outcome != "loaded" or kind in {"iframe", "object", "embed"}  # those tell nothing of what was refused
        witness.nothing_ran()
    assert all(
        "Content Security Policy" in each or "MIME type" in each or "Refused" in each for each in visitor.complaints
    )
    visitor.complaints.clear()
