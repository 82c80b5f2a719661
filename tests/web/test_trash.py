"""The trash and the versions of files, in the browser."""

from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from .conftest import PASSWORD, Site

VARIANTS = [
    (language, theme, width) for language in ("en", "fa") for theme in ("light", "dark") for width in (1200, 390)
]
LONG = "A very long name that somebody gave to the minutes of the meeting of the committee in spring, final (2).docx"


def furnish(site: Site) -> None:
    site.make_folder("/Photos")
    for number in range(3):
        site.put(f"/Photos/{number}.jpg", b"picture" * 1000)
    for content in (b"first draft", b"second draft, longer", b"third"):
        site.put("/notes.txt", content)
    site.put(f"/{LONG}", b"minutes" * 50_000)
    site.put("/گزارش سالانه.pdf", b"x" * 90_000)


def test_what_is_deleted_can_be_undone(site: Site, visit: Any) -> None:
    furnish(site)
    visitor = visit()
    page = visitor.sign_in()
    page.get_by_role("row", name="Photos").click()
    page.keyboard.press("Delete")
    expect(page.locator(".toast")).to_contain_text("moved to the trash")
    expect(page.get_by_role("row", name="Photos")).to_have_count(0)
    assert page.get_by_role("dialog").count() == 0
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("row", name="Photos")).to_be_visible()
    assert site.names("/Photos") == ["0.jpg", "1.jpg", "2.jpg"]
    page.get_by_role("row", name="notes.txt").click()
    page.keyboard.press("Shift+Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("row", name="notes.txt")).to_have_count(0)
    assert site.ask("GET", "/trash")["entries"] == []


def test_the_trash_is_emptied_with_the_keyboard(site: Site, visit: Any) -> None:
    furnish(site)
    for name in ("Photos", "notes.txt"):
        site.ask("DELETE", f"/entries/{name}?recursive=true")
    page = visit().sign_in()
    page.goto("/trash")
    boxes = page.get_by_role("checkbox")
    expect(boxes).to_have_count(2)
    boxes.first.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Put back", exact=True).click()
    expect(boxes).to_have_count(1)
    assert site.ask("GET", "/trash")["entries"][0]["name"] == "Photos"
    expect(boxes.first).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    assert "notes.txt" in site.names("/")


def test_versions_are_restored_and_removed(site: Site, visit: Any) -> None:
    furnish(site)
    page = visit().sign_in()
    page.get_by_role("row", name="notes.txt").click()
    page.get_by_role("button", name="More").first.click()
    page.get_by_role("menuitem", name="Versions").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("listitem")).to_have_count(3)
    with page.expect_download() as fetched:
        dialog.get_by_role("button", name="Download the version").nth(2).click()
    assert fetched.value.path().read_bytes() == b"first draft"
    dialog.get_by_role("button", name="Restore the version").nth(1).click()
    expect(dialog.get_by_role("listitem")).to_have_count(4)
    dialog.get_by_role("button", name="Delete the version").last.click()
    dialog.get_by_role("button", name="Delete for good").click()
    expect(dialog.get_by_role("listitem")).to_have_count(3)
    assert site.ask("GET", "/entries/notes.txt")["size"] == len(b"first draft")


def test_the_trash_follows_what_happens_elsewhere(site: Site, visit: Any) -> None:
    furnish(site)
    for name in ("Photos", "notes.txt"):
        site.ask("DELETE", f"/entries/{name}?recursive=true")
    page = visit().sign_in()
    page.goto("/trash")
    boxes = page.get_by_role("checkbox")
    expect(boxes).to_have_count(2)
    page.get_by_role("checkbox", name="Photos").check()
    site.ask("DELETE", f"/entries/{quote(LONG)}")
    expect(boxes).to_have_count(3)
    expect(page.get_by_role("checkbox", name="Photos")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Photos")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="items in the trash")).to_contain_text("3")
    (photos,) = [each for each in site.ask("GET", "/trash")["entries"] if each["name"] == "Photos"]
    page.keyboard.press("Delete")
    expect(page.get_by_role("dialog")).to_be_visible()
    site.ask("POST", f"/trash/{photos['id']}/restore", {"conflict": "skip"})
    # What was asked about is not there any more, and the keyboard goes on at the next.
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(boxes).to_have_count(2)
    site.ask("DELETE", "/trash")
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()


def test_a_version_is_looked_at_without_being_fetched(site: Site, visit: Any) -> None:
    furnish(site)
    visitor = visit()
    page = visitor.sign_in()
    page.get_by_role("row", name="notes.txt").click()
    page.get_by_role("button", name="More").first.click()
    page.get_by_role("menuitem", name="Versions").click()
    versions = page.get_by_role("dialog", name="Versions")
    look = versions.get_by_role("button", name="Look at the version")
    look.nth(2).click()
    viewer = page.get_by_role("dialog", name="notes.txt", exact=True)
    expect(viewer.get_by_text("first draft")).to_be_visible()
    expect(viewer.get_by_text("As it was on")).to_be_visible()
    expect(viewer.get_by_role("button", name="Next file")).to_have_count(0)
    visitor.look("version-preview")
    with page.expect_download() as fetched:
        viewer.get_by_role("link", name="Download").click()
    assert fetched.value.path().read_bytes() == b"first draft"
    viewer.get_by_label("Show as").select_option("hex")
    expect(viewer.get_by_text("66 69 72 73 74")).to_be_visible()
    address = page.url
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(look.nth(2)).to_be_focused()
    look.nth(0).click()
    expect(viewer.get_by_text("third")).to_be_visible()
    page.goto(address)
    expect(viewer.get_by_text("first draft")).to_be_visible()
    number = address.rpartition("=")[2]
    site.ask("DELETE", f"/versions/notes.txt?version={number}")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("This version is not kept any more")


def test_the_details_tell_what_happened_to_a_file(site: Site, visit: Any) -> None:
    furnish(site)
    site.ask("POST", "/admin/accounts", {"name": "bob", "password": PASSWORD})
    site.ask("PUT", "/grants", {"path": "/notes.txt", "to": "bob", "rights": "viewer"})
    site.ask("POST", "/links", {"path": "/notes.txt", "rights": 8, "name": "press"})
    page = visit().sign_in()
    page.get_by_role("row", name="notes.txt").click()
    page.keyboard.press("Alt+Enter")
    past = page.get_by_role("complementary").locator("section").filter(has_text="History")
    expect(past.get_by_role("listitem")).to_have_count(5)
    expect(past.get_by_role("listitem").last).to_contain_text("Made by \u2068ada\u2069")
    expect(past.get_by_role("listitem").first).to_contain_text("Link \u2068press\u2069 made")
    expect(past.get_by_role("listitem").nth(1)).to_contain_text("Shared with \u2068bob\u2069")
    site.put("/notes.txt", b"fourth")
    expect(past.get_by_role("listitem").first).to_contain_text("New version by \u2068ada\u2069")
    past.get_by_role("button", name="Look at the version").last.click()
    viewer = page.get_by_role("dialog", name="notes.txt", exact=True)
    expect(viewer.get_by_text("first draft")).to_be_visible()
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    past.get_by_role("button", name="All versions").click()
    expect(page.get_by_role("dialog", name="Versions").get_by_role("listitem")).to_have_count(4)


@pytest.mark.parametrize(("language", "theme", "width"), VARIANTS)
def test_every_state_looks_right(site: Site, visit: Any, language: str, theme: str, width: int) -> None:
    furnish(site)
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    page.goto("/trash")
    expect(page.locator(".blank h2")).to_be_visible()
    visitor.look("trash-empty")
    page.goto("/")
    page.get_by_role("row", name="notes.txt").locator("input").click()
    page.get_by_role("button", name={"en": "More", "fa": "بیشتر"}[language]).first.click()
    page.get_by_role("menuitem", name={"en": "Versions", "fa": "نسخه\u200cها"}[language]).click()
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_count(3)
    visitor.look("versions")
    page.get_by_role("dialog").locator("li").last.get_by_role("button").first.click()
    expect(page.locator("dialog .place")).to_be_visible()
    visitor.look("version")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    page.keyboard.press("Alt+Enter")
    expect(page.get_by_role("complementary").locator("ol li")).to_have_count(3)
    page.get_by_role("complementary").locator("ol + button").scroll_into_view_if_needed()
    visitor.look("past")
    page.keyboard.press("Alt+Enter")
    expect(page.locator("dialog")).to_have_count(0)
    page.keyboard.press("Delete")
    expect(page.locator(".toast")).to_be_visible()
    visitor.look("trashed")
    for name in ("Photos", LONG, "گزارش سالانه.pdf"):
        site.ask("DELETE", f"/entries/{quote(name)}?recursive=true")
    page.goto("/trash")
    expect(page.get_by_role("checkbox")).to_have_count(4)
    visitor.look("trash")
    page.get_by_role("checkbox").nth(1).click()
    visitor.look("trash-picked")
    page.keyboard.press("Delete")
    expect(page.get_by_role("dialog")).to_be_visible()
    visitor.look("trash-sure")
