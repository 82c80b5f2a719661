"""The page of files where one may not do all: what cannot be done is not offered, and what can be is said."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Site
from .persons import add, sign_in

BOB = "bob"
VARIANTS = [
    (language, theme, width) for language in ("en", "fa") for theme in ("light", "dark") for width in (1200, 390)
]
CHANGING = ("New folder", "Rename", "Delete", "Cut", "Move to …", "Upload files", "Upload a folder", "Paste")


def furnish(site: Site, rights: str | int, folder: str = "/Work") -> None:
    add(site, BOB)
    site.make_folder(folder)
    site.make_folder(f"{folder}/Plans")
    for content in (b"first", b"second"):
        site.put(f"{folder}/notes.txt", content)
    give(site, rights, folder)


def give(site: Site, rights: str | int, folder: str = "/Work") -> None:
    site.ask("PUT", "/grants", {"path": folder, "to": BOB, "rights": rights})


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("button", name=name, exact=True))


def offered(page: Page) -> set[str]:
    """All that the bar's menu has."""
    page.get_by_role("button", name="More").first.click()
    page.get_by_role("menuitem").first.wait_for()
    found = set(page.locator("[role=menuitem]:visible .text").all_inner_texts())
    page.keyboard.press("Escape")
    expect(page.get_by_role("menuitem")).to_have_count(0)  # as long as it is open, the button closes it
    return found


def drop(page: Page, name: str) -> None:
    """A file of the computer."""
    given = page.evaluate_handle(
        "name => { const given = new DataTransfer(); given.items.add(new File(['x'], name)); return given; }", name
    )
    page.dispatch_event("#content", "dragenter", {"dataTransfer": given})
    page.dispatch_event("#content", "drop", {"dataTransfer": given})


def test_who_may_only_look_is_offered_nothing_else(site: Site, visit: Any) -> None:
    furnish(site, "viewer")
    page = sign_in(visit(), BOB)
    page.goto("/files/Shared/ada/Work")
    expect(page.get_by_text("You may open and download what is here.")).to_be_visible()
    assert not offered(page) & set(CHANGING)
    row(page, "notes.txt").get_by_role("checkbox").check()
    assert not offered(page) & set(CHANGING)
    assert {"Download", "Copy", "Copy to …", "Versions"} <= offered(page)
    for keys in ("Delete", "F2", "Control+x", "Control+Shift+x"):
        page.keyboard.press(keys)
    expect(page.get_by_label("New name")).to_have_count(0)
    page.get_by_role("button", name="More").first.click()
    page.get_by_role("menuitem", name="Versions").click()
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_role("button", name="Restore the version")).to_have_count(0)
    page.keyboard.press("Escape")
    drop(page, "mine.txt")
    expect(page.locator(".toast")).to_contain_text("You may not put anything into this folder")
    assert site.names("/Work") == ["Plans", "notes.txt"]
    # What is given meanwhile shows at once.
    give(site, "editor")
    expect(page.get_by_role("button", name="Rename")).to_be_visible()
    expect(page.get_by_text("You may open and download")).to_have_count(0)
    give(site, "viewer")
    expect(page.get_by_role("button", name="Rename")).to_have_count(0)


def test_who_may_add_adds_and_takes_nothing_away(site: Site, visit: Any) -> None:
    furnish(site, "contributor")
    page = sign_in(visit(), BOB)
    page.goto("/files/Shared/ada/Work")
    expect(page.get_by_role("button", name="Upload files")).to_be_visible()
    assert {"New folder", "Upload files"} <= offered(page)
    drop(page, "mine.txt")
    expect(row(page, "mine.txt")).to_be_visible()
    row(page, "mine.txt").get_by_role("checkbox").check()
    assert not offered(page) & {"Rename", "Delete", "Cut", "Move to …"}
    # What may not leave is copied by a drag, and only to where one may put something.
    page.get_by_role("button", name="mine.txt", exact=True).drag_to(row(page, "Plans"))
    expect(page.locator(".toast")).to_contain_text("\u2068mine.txt\u2069 copied")
    assert site.names("/Work/Plans") == ["mine.txt"]
    assert "mine.txt" in site.names("/Work")


def test_things_are_not_copied_to_where_one_may_put_nothing(site: Site, visit: Any) -> None:
    furnish(site, "viewer")
    page = sign_in(visit(), BOB)
    page.goto("/files/Shared/ada/Work")
    row(page, "notes.txt").get_by_role("checkbox").check()
    page.keyboard.press("Control+Shift+c")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Copy to \u2068Home\u2069")).to_be_enabled()
    dialog.get_by_role("button", name="Shared with me", exact=True).click()
    expect(dialog.get_by_role("button", name="Copy to \u2068Shared with me\u2069")).to_be_disabled()
    expect(dialog.get_by_role("status")).to_contain_text("You may not put anything into this folder")


def test_folders_of_the_server_itself_are_not_renamed_or_deleted(site: Site, visit: Any) -> None:
    furnish(site, "editor")
    page = sign_in(visit(), BOB)
    page.locator("[data-at]").filter(has_text="Shared").get_by_role("checkbox").check()
    assert not offered(page) & {*CHANGING, "Delete for good", "Copy"}
    page.goto("/files/Shared/ada/Work")
    row(page, "notes.txt").get_by_role("checkbox").check()
    assert {"Rename", "Delete", "Cut", "Move to …"} <= offered(page)


def test_an_inbox_takes_files_and_shows_nothing(site: Site, visit: Any) -> None:
    furnish(site, "dropbox", "/Applications")
    page = sign_in(visit(), BOB)
    page.goto("/shared")
    page.get_by_role("link", name="Applications").click()
    expect(page.get_by_role("heading", name="Put files into \u2068Applications\u2069")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_count(0)
    assert not offered(page) & {"New folder", "Upload a folder", "Show as tiles"}
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload files").last.click()
    chooser.value.set_files({"name": "letter.txt", "mimeType": "", "buffer": b"dear ada"})
    expect(page.get_by_role("heading", name="\u20681\u2069 upload finished")).to_be_visible()
    drop(page, "notes.txt")
    expect(page.get_by_role("heading", name="\u20682\u2069 uploads finished")).to_be_visible()
    assert site.names("/Applications") == ["Plans", "letter.txt", "notes (1).txt", "notes.txt"]
    expect(page.get_by_role("heading", name="Put files into \u2068Applications\u2069")).to_be_visible()


@pytest.mark.parametrize(("language", "theme", "width"), VARIANTS)
def test_every_level_looks_right(site: Site, visit: Any, language: str, theme: str, width: int) -> None:
    furnish(site, "viewer")
    visitor = visit(language=language, theme=theme, width=width)
    page = sign_in(visitor, BOB)
    page.goto("/files/Shared/ada/Work")
    expect(row(page, "notes.txt")).to_be_visible()
    visitor.look("rights-viewer")
    page.goto("/files/Shared/ada/Work/Plans")
    expect(page.locator(".blank")).to_be_visible()
    visitor.look("rights-viewer-empty")
    give(site, 14)
    page.goto("/files/Shared/ada/Work")
    row(page, "notes.txt").locator(".pick").click()
    visitor.look("rights-other")
    give(site, "dropbox")
    page.goto("/files/Shared/ada/Work")
    expect(page.locator(".inbox")).to_be_visible()
    visitor.look("rights-inbox")
