"""The page without live events, and while the server is started anew: it works, says how things stand, and recovers."""

from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import Site, Visitor
from .test_files import row
from .test_uploads import forgive_network, pick, title, written


def forgive_line(visitor: Visitor) -> None:
    """Browsers write down each connection that failed, and what a server that stops refuses."""
    forgive_network(visitor)
    stopping = ("WebSocket", "a status of 503")
    visitor.complaints[:] = [each for each in visitor.complaints if not any(text in each for text in stopping)]


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_without_events_the_page_works_and_looks_again_by_itself(
    site: Site, visit: Any, tmp_path: Any, language: str, theme: str, width: int
) -> None:
    """A proxy in between lets no WebSocket through."""
    site.put("/first.txt", b"1")
    visitor = visit(language=language, theme=theme, width=width)
    visitor.context.route_web_socket("**/api/v1/events", lambda socket: socket.close(code=1011))
    page = visitor.sign_in()
    expect(row(page, "first.txt")).to_be_visible()
    said = page.locator(".line")
    expect(said).to_contain_text({"en": "every 20 seconds", "fa": "هر ۲۰ ثانیه"}[language])
    visitor.look("line-slow")
    if (language, theme) != ("en", "light"):
        return
    site.put("/second.txt", b"2")
    expect(row(page, "second.txt")).to_be_visible(timeout=45_000)
    pick(page, written(tmp_path / "third.txt", 3))
    expect(title(page, "1 upload finished")).to_be_visible()
    expect(row(page, "third.txt")).to_be_visible(timeout=45_000)
    visitor.context.unroute_all()
    forgive_line(visitor)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_server_that_is_started_anew_is_found_again(site: Site, visit: Any, language: str) -> None:
    site.put("/first.txt", b"1")
    visitor = visit(language=language)
    page = visitor.sign_in()
    expect(row(page, "first.txt")).to_be_visible()
    site.server.stop()
    said = page.locator(".line")
    expect(said).to_contain_text({"en": "cannot be reached", "fa": "در دسترس نیست"}[language])
    expect(row(page, "first.txt")).to_be_visible()  # what was there stays to be read
    visitor.look("line-cut")
    site.server.start()
    expect(said).to_have_count(0)
    site.put("/second.txt", b"2")
    expect(row(page, "second.txt")).to_be_visible()
    forgive_line(visitor)


def test_a_page_that_was_opened_too_early_begins_by_itself(site: Site, visit: Any) -> None:
    site.put("/first.txt", b"1")
    visitor = visit(worker=True)
    page = visitor.sign_in()
    expect(row(page, "first.txt")).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    page.reload()  # so that the worker has the page
    expect(row(page, "first.txt")).to_be_visible()
    site.server.stop()
    page.reload()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    visitor.look("line-early")
    site.server.start()
    expect(row(page, "first.txt")).to_be_visible()
    forgive_line(visitor)
