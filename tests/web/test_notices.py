"""News while nobody looks at the page, and links that are handed to another program."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import Site, launched
from .persons import Program, add, client_of, sign_in
from .test_sharing import share
from .test_uploads import pick, title, written

WATCH = """
const mark = (what) => { document.documentElement.dataset[what] = String(window[what].length); };
Object.defineProperty(document, 'hidden', {get: () => window.away === true});
Object.defineProperty(document, 'visibilityState', {get: () => window.away === true ? 'hidden' : 'visible'});
window.told = [];
const Real = window.Notification;
window.Notification = class extends Real {
  constructor(title, how) {
    super(title, how);
    window.last = this;
    window.told.push([title, how.body, how.tag]);
    mark('told');
  }
};
"""
"""Another page in front, as the page itself sees it; and what is told meanwhile."""


SHOWN = """async () => {
  const worker = await navigator.serviceWorker.ready;
  for (let tries = 0; tries < 600; tries += 1) {
    const [one] = await worker.getNotifications();
    if (one) return [one.title, one.tag];
    await new Promise((go) => setTimeout(go, 50));
  }
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The whole one: without a window there are no notifications."""
    with launched("chromium") as found:
        yield found


def away(page: Page, is_away: bool = True) -> None:
    page.evaluate("(away) => { window.away = away; document.dispatchEvent(new Event('visibilitychange')); }", is_away)


def count(page: Page, what: str, number: int) -> None:
    """So many were noted of it. The policy of the page forbids to ask it with a text that is evaluated."""
    expect(page.locator("html")).to_have_attribute(f"data-{what}", str(number))


def told(page: Page) -> list[list[str]]:
    found: list[list[str]] = page.evaluate("window.told")
    return found


def watched(visitor: Any, wish: str | None = "on") -> Page:
    """A visitor who has allowed notifications in the browser, and wishes them here."""
    visitor.context.grant_permissions(["notifications"])
    visitor.context.add_init_script(WATCH)
    if wish:
        visitor.context.add_init_script(f"localStorage.setItem('notices', {json.dumps(wish)})")
    page: Page = visitor.page
    return page


@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_end_of_uploads_is_told_while_nobody_looks(site: Site, visit: Any, tmp_path: Path, language: str) -> None:
    files = [written(tmp_path / name, 2 << 20) for name in ("a.bin", "b.bin")]
    site.names("/")
    visitor = visit(language=language)
    page = watched(visitor)
    visitor.sign_in()
    page.locator("main footer").wait_for()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Control+u")
    away(page)
    chooser.value.set_files([str(each) for each in files])
    expect(page.locator(".dock .good")).to_have_count(2, timeout=60_000)
    count(page, "told", 1)
    ((heading, body, tag),) = told(page)
    assert (heading, tag) == ({"en": "Uploads", "fa": "بارگذاری‌ها"}[language], "uploads")
    assert {"en": "uploads finished", "fa": "بارگذاری به پایان رسید"}[language] in body
    away(page, False)
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Control+u")
    chooser.value.set_files({"name": "c.txt", "mimeType": "", "buffer": b"c"})
    expect(page.locator(".dock .good")).to_have_count(3)
    assert len(told(page)) == 1, "who looks at the page sees it there"


def test_who_does_not_wish_for_notices_gets_none(site: Site, visit: Any, tmp_path: Path) -> None:
    site.names("/")
    visitor = visit()
    page = watched(visitor, wish=None)
    visitor.sign_in()
    away(page)
    pick(page, written(tmp_path / "a.txt", 10))
    expect(title(page, "1 upload finished")).to_be_visible()
    assert told(page) == []


def test_where_pages_may_tell_nothing_the_service_worker_does(site: Site, visit: Any, tmp_path: Path) -> None:
    """On phones the constructor throws, whatever was allowed."""
    site.names("/")
    visitor = visit(worker=True)
    page = watched(visitor)
    visitor.context.add_init_script(
        "const Base = Notification; window.Notification = new Proxy(Base, {construct() { throw new TypeError(); }});"
    )
    visitor.sign_in()
    away(page)
    pick(page, written(tmp_path / "a.txt", 10))
    expect(title(page, "1 upload finished")).to_be_visible()
    assert page.evaluate(SHOWN) == ["Uploads", "uploads"]


def say(site: Site, text: str) -> None:
    """Omid writes to Sara."""
    omid = Program(site, "omid")
    chat = omid.ask("POST", "/chats", {"to": "sara"})["id"]
    omid.ask("POST", f"/chats/{chat}/messages", {"id": str(uuid.uuid4()), "text": text})


def test_messages_and_warnings_are_told_while_nobody_looks(site: Site, visit: Any) -> None:
    add(site, "sara")
    add(site, "omid")
    visitor = visit()
    page = watched(visitor)
    sign_in(visitor, "sara")
    away(page)
    say(site, "Lunch?")
    count(page, "told", 1)
    ((heading, body, _),) = told(page)
    assert "omid" in heading
    assert body == "", "what was written is for whoever opens the page, not for a locked screen"
    site.ask("POST", f"/clients/{client_of(site, 'sara')}/warnings", {"text": "The disk is nearly full."})
    count(page, "told", 2)
    assert told(page)[1][0] == "Warning"
    expect(page.get_by_role("alertdialog")).to_contain_text("The disk is nearly full.")
    page.get_by_role("alertdialog").get_by_role("button").first.click()
    page.reload()
    expect(page.get_by_role("link", name="Chat")).to_be_visible()
    away(page)
    say(site, "Now?")
    count(page, "told", 1)
    away(page, False)
    page.evaluate("window.last.onclick()")  # whoever touches it is where it was written
    expect(page.get_by_text("Now?").last).to_be_visible()


SHEET = """
window.shared = [];
Object.defineProperty(navigator, 'share', {value: async (given) => {
  window.shared.push(given);
  document.documentElement.dataset.shared = String(window.shared.length);
  if (window.shared.length > 1) throw new DOMException('Share canceled', 'AbortError');
}});
"""


def made_link(page: Page, site: Site) -> str:
    dialog = share(page, "Photos")
    dialog.get_by_role("button", name="New link").click()
    dialog.get_by_role("button", name="Create link").click()
    address = dialog.get_by_label("Address", exact=True)
    expect(address).to_be_visible()
    found: str = address.input_value()
    assert found.startswith(f"{site.url}/s/")
    return found


def test_a_link_is_handed_to_the_sheet_of_the_phone(site: Site, visit: Any) -> None:
    site.make_folder("/Photos")
    visitor = visit(width=390)
    visitor.context.add_init_script(SHEET)
    page = visitor.sign_in()
    address = made_link(page, site)
    send = page.get_by_role("dialog").get_by_role("button", name="Send it")
    visitor.look("link-sheet")
    send.click()
    count(page, "shared", 1)
    assert page.evaluate("window.shared[0]") == {"title": "Photos", "url": address}
    send.click()  # and closed again without sending: nothing is said of it
    count(page, "shared", 2)
    expect(page.locator(".toast")).to_have_count(0)


def test_where_there_is_no_sheet_the_link_is_copied(site: Site, visit: Any) -> None:
    site.make_folder("/Photos")
    visitor = visit()
    visitor.context.add_init_script("delete Navigator.prototype.share")
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.sign_in()
    address = made_link(page, site)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Send it")).to_have_count(0)
    dialog.get_by_role("button", name="Copy address").click()
    expect(dialog.get_by_text("Copied")).to_be_attached()
    assert page.evaluate("navigator.clipboard.readText()") == address
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    expect(dialog.get_by_text("Copied")).to_have_count(0)
    dialog.get_by_role("button", name="Copy address").click()
    expect(dialog.get_by_text("The browser does not let this be copied")).to_be_visible()
