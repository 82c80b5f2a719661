"""The page of files: what is done there with keys, the mouse and a finger, and what comes by itself."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from .conftest import NAME, PASSWORD, Site

PERSIAN = "سفر"


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("button", name=name, exact=True))


def pick(page: Page, name: str, *modifiers: Any) -> None:
    """Click beside the name."""
    row(page, name).locator(".modified").click(modifiers=list(modifiers))


def names(page: Page) -> list[str]:
    return page.locator("[data-at] [data-open]").all_inner_texts()


@pytest.fixture
def page(site: Site, visit: Any) -> Page:
    for folder in ("/Archive", "/Photos", "/Photos/2026"):
        site.make_folder(folder)
    for name in ("budget.csv", "letter.tar.gz", "notes.txt"):
        site.put(f"/{name}", name.encode())
    found: Page = visit().sign_in()
    expect(row(found, "notes.txt")).to_be_visible()
    return found


def test_a_name_is_changed_where_it_stands_and_its_ending_stays(site: Site, page: Page) -> None:
    pick(page, "letter.tar.gz")
    page.keyboard.press("F2")
    page.keyboard.type("memo")
    page.keyboard.press("Escape")
    expect(row(page, "letter.tar.gz")).to_be_focused()
    page.keyboard.press("F2")
    page.keyboard.type("memo")
    page.keyboard.press("Enter")
    expect(row(page, "memo.tar.gz")).to_be_visible()
    assert "memo.tar.gz" in site.names("/")
    pick(page, "memo.tar.gz")
    page.keyboard.press("F2")
    page.get_by_label("New name").fill("notes.txt")
    page.keyboard.press("Enter")
    expect(page.locator(".toast.fault")).to_be_visible()
    expect(page.get_by_label("New name")).to_be_focused()


def test_what_somebody_else_changes_is_seen_and_nothing_is_lost_by_it(site: Site, page: Page) -> None:
    pick(page, "notes.txt")
    row(page, "notes.txt").focus()
    site.put("/aaa.txt", b"x")
    expect(row(page, "aaa.txt")).to_be_visible()
    expect(row(page, "notes.txt")).to_be_focused()
    expect(page.locator("[data-at][aria-selected=true]")).to_have_count(1)
    site.ask("DELETE", "/entries/notes.txt")
    expect(row(page, "notes.txt")).to_have_count(0)
    expect(page.locator("[data-at][aria-selected=true]")).to_have_count(0)
    expect(page.locator("[data-at]:focus")).to_have_count(1)
    page.goto("/files/Photos")
    expect(row(page, "2026")).to_be_visible()
    site.ask("DELETE", "/entries/Photos?recursive=true")
    expect(page.locator(".blank")).to_contain_text("Photos")


def test_things_move_by_keys_and_go_back_by_undo(site: Site, page: Page) -> None:
    pick(page, "notes.txt")
    pick(page, "budget.csv", "Control")
    page.keyboard.press("Control+x")
    page.get_by_role("button", name="Photos", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Photos")
    page.keyboard.press("Control+v")
    expect(row(page, "notes.txt")).to_be_visible()
    assert site.names("/Photos") == ["2026", "budget.csv", "notes.txt"]
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "notes.txt")).to_have_count(0)
    assert "notes.txt" in site.names("/")
    page.keyboard.press("Backspace")
    expect(row(page, "Photos")).to_have_attribute("tabindex", "0")
    pick(page, "notes.txt")
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    expect(row(page, "notes (1).txt")).to_be_visible()


def test_a_taken_name_is_asked_about_once_for_all(site: Site, page: Page) -> None:
    for name in ("budget.csv", "notes.txt"):
        site.put(f"/Archive/{name}", b"another")
    pick(page, "budget.csv")
    pick(page, "notes.txt", "Control")
    page.keyboard.press("Control+Shift+x")
    page.get_by_role("dialog").get_by_role("button", name="Archive", exact=True).click()
    page.get_by_role("button", name=re.compile("Move to")).click()
    dialog = page.get_by_role("dialog", name=re.compile("is there already"))
    dialog.get_by_label("Keep both").check()
    dialog.get_by_label("The same for all").check()
    dialog.get_by_role("button", name="Go on").click()
    expect(row(page, "notes.txt")).to_have_count(0)
    assert site.names("/Archive") == ["budget (1).csv", "budget.csv", "notes (1).txt", "notes.txt"]


def test_things_are_dragged_into_folders(site: Site, page: Page) -> None:
    page.get_by_role("button", name="notes.txt", exact=True).drag_to(row(page, "Archive"))
    expect(row(page, "notes.txt")).to_have_count(0)
    assert site.names("/Archive") == ["notes.txt"]
    page.get_by_role("button", name="Archive", exact=True).click()
    page.get_by_role("button", name="notes.txt", exact=True).drag_to(page.get_by_role("link", name="Home"))
    expect(row(page, "notes.txt")).to_have_count(0)
    assert "notes.txt" in site.names("/")


def test_a_copy_of_a_folder_is_made_by_the_server_meanwhile(site: Site, page: Page) -> None:
    pick(page, "Photos")
    page.keyboard.press("Control+c")
    page.get_by_role("button", name="Archive", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Archive")
    page.keyboard.press("Control+v")
    expect(row(page, "Photos")).to_be_visible()
    assert site.names("/Archive/Photos") == ["2026"]


def test_the_menu_opens_by_the_right_button_and_by_keys(page: Page) -> None:
    row(page, "notes.txt").click(button="right", position={"x": 300, "y": 20})
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem", name="Rename")).to_be_visible()
    expect(row(page, "notes.txt")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    row(page, "budget.csv").focus()
    page.keyboard.press("Shift+F10")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(row(page, "budget.csv")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def test_typing_goes_to_a_name(page: Page) -> None:
    row(page, "Archive").focus()
    page.keyboard.type("no")
    expect(row(page, "notes.txt")).to_be_focused()


def test_a_band_picks_what_it_touches(page: Page) -> None:
    first, last = row(page, "budget.csv").bounding_box(), row(page, "notes.txt").bounding_box()
    assert first
    assert last
    page.mouse.move(600, last["y"] + 100)
    page.mouse.down()
    page.mouse.move(580, last["y"] + 20)
    page.mouse.move(500, first["y"] + 20)
    expect(page.locator(".band")).to_be_visible()
    page.mouse.up()
    expect(page.locator("[data-at][aria-selected=true]")).to_have_count(3)
    page.mouse.click(600, last["y"] + 100)
    expect(page.locator("[data-at][aria-selected=true]")).to_have_count(0)


def test_tiles_do_what_rows_do_and_are_remembered(page: Page) -> None:
    page.get_by_title("More").click()
    page.get_by_role("menuitem", name="Show as tiles").click()
    page.reload()
    tile = page.get_by_role("gridcell").filter(has=page.get_by_role("button", name="Archive", exact=True))
    tile.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    expect(page.locator("[data-at][aria-selected=true]")).to_have_count(0)
    page.keyboard.press(" ")
    expect(page.locator("[data-at][aria-selected=true]").get_by_role("button")).to_have_text("budget.csv")
    page.keyboard.press("End")
    expect(page.locator("[data-at]:focus")).to_contain_text("notes.txt")


def test_files_are_found_below_and_acted_upon(site: Site, page: Page) -> None:
    site.put("/Photos/2026/Notes of the summer.md", b"x" * 2_000_000)
    page.keyboard.press("/")
    field = page.get_by_role("searchbox")
    expect(field).to_be_focused()
    field.type("NOTES")
    expect(row(page, "Notes of the summer.md")).to_contain_text("/Photos/2026")
    expect(row(page, "notes.txt")).to_be_visible()
    page.get_by_label("Size").select_option("1000000")
    expect(row(page, "notes.txt")).to_have_count(0)
    pick(page, "Notes of the summer.md")
    page.keyboard.press("F2")
    page.keyboard.type("Found")
    page.keyboard.press("Enter")
    expect(page.locator("[data-at] input:not([type=checkbox])")).to_have_count(0)  # the new name has been taken
    expect(row(page, "Notes of the summer.md")).to_have_count(0)
    assert site.names("/Photos/2026") == ["Found.md"]
    page.get_by_role("button", name="End the search").click()
    expect(row(page, "notes.txt")).to_be_visible()
    page.goto("/files/Photos?find=nothing+like+that")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()


def test_details_tell_what_there_is_to_know(site: Site, page: Page) -> None:
    pick(page, "notes.txt")
    page.keyboard.press("Alt+Enter")
    details = page.get_by_role("complementary", name="Details")
    expect(details).to_contain_text(hashlib.sha256(b"notes.txt").hexdigest())
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    details.get_by_role("button", name="Copy the path").click()
    expect(details.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "/notes.txt"
    page.keyboard.press("Escape")
    details.get_by_role("button", name="Close").click()
    expect(details).to_have_count(0)


def test_the_digest_of_a_file_on_the_servers_disk_is_computed_when_it_is_asked_for(
    site: Site, visit: Any, tmp_path: Path
) -> None:
    (tmp_path / "scans").mkdir()
    content = b"scan" * 300_000
    (tmp_path / "scans" / "page.tif").write_bytes(content)
    site.server.sft("mount-folder", "scans", str(tmp_path / "scans"))
    site.ask("GET", "/usage")  # makes the administrator
    site.ask("PUT", "/grants", {"path": "/Drives/scans", "to": NAME, "rights": "viewer"})
    visitor = visit()
    page = visitor.sign_in()
    page.goto("/files/Drives/scans")
    pick(page, "page.tif")
    page.keyboard.press("Alt+Enter")
    details = page.get_by_role("complementary")
    expect(details.get_by_text("Not known yet")).to_be_visible()
    visitor.look("digest-unknown")
    details.get_by_role("button", name="Compute").click()
    expect(details.get_by_text(hashlib.sha256(content).hexdigest())).to_be_visible()
    assert site.ask("GET", "/entries/Drives/scans/page.tif")["sha256"] == hashlib.sha256(content).hexdigest()


def test_keys_that_are_pressed_alone_can_be_turned_off(page: Page) -> None:
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Search in this folder")).to_be_visible()
    dialog.get_by_label("Shortcuts with a single key").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    for key in ("?", "/"):
        page.keyboard.press(key)
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("searchbox")).not_to_be_focused()
    page.keyboard.press("Control+f")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.goto("/account/preferences")
    switch = page.get_by_label("Shortcuts with a single key")
    expect(switch).not_to_be_checked()
    switch.check()
    page.goto("/")
    expect(row(page, "notes.txt")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_the_tree_goes_by_keys(page: Page) -> None:
    tree = page.get_by_role("tree")
    tree.get_by_role("treeitem", name="Home").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(tree.get_by_role("treeitem", name="2026")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(tree.get_by_role("treeitem", name="2026")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("2026")
    page.keyboard.press("ArrowLeft")
    expect(tree.get_by_role("treeitem", name="Photos")).to_be_focused()


def test_a_finger_opens_and_picks(site: Site, browser: Browser) -> None:
    site.make_folder("/Photos")
    site.put("/notes.txt", b"x")
    context = browser.new_context(
        ignore_https_errors=True, has_touch=True, viewport={"width": 390, "height": 800}, base_url=site.url
    )
    page = context.new_page()
    page.goto("/")
    page.locator("input").nth(0).fill(NAME)
    page.locator("input").nth(1).fill(PASSWORD)
    page.locator("button[type=submit]").click()
    row(page, "notes.txt").locator("[data-icon]").tap()
    expect(page.locator("[data-at][aria-selected=true]")).to_have_count(1)
    row(page, "Photos").tap(position={"x": 200, "y": 22})
    expect(page.locator("[data-at][aria-selected=true]")).to_have_count(2)
    page.get_by_role("button", name="Clear selection").tap()
    row(page, "Photos").tap(position={"x": 200, "y": 22})
    expect(page.get_by_role("heading", level=1)).to_have_text("Photos")
    context.close()


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_state_of_the_page_can_be_looked_at(
    site: Site, visit: Any, language: str, theme: str, width: int
) -> None:
    for folder in (
        "/Photos",
        "/Photos/2026",
        f"/{PERSIAN}",
        "/Reports of a very long name that goes on and on, for years",
    ):
        site.make_folder(folder)
    for name in ("budget.csv", "گزارش سالانه.docx", "<img src=x onerror=alert(1)>.html", "a" * 120 + ".tar.gz"):
        site.put(f"/{name}", b"x" * 123_456)
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    expect(row(page, "budget.csv")).to_be_visible()
    row(page, "budget.csv").locator(".pick").click()
    row(page, "Photos").locator(".pick").click()
    visitor.look("files-picked")
    row(page, "Photos").click(button="right", position={"x": 200, "y": 22})
    visitor.look("files-menu")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Shift+x")
    expect(page.get_by_role("dialog").get_by_text(PERSIAN)).to_be_visible()
    visitor.look("files-move-to")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)  # gone, and not only closed
    expect(page.locator("[data-at]:focus")).to_have_count(1)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    visitor.look("files-keys")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page.locator("[data-at]:focus")).to_have_count(1)  # the keyboard is back in the list
    page.keyboard.press("Escape")
    expect(page.locator("[data-at][aria-selected=true]")).to_have_count(0)
    row(page, "budget.csv").locator(".pick").click()
    page.keyboard.press("F2")
    visitor.look("files-renaming")
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+Enter")
    expect(page.get_by_role("complementary")).to_contain_text("SHA-256")
    visitor.look("files-details")
    page.goto("/?find=e&kind=file")
    expect(row(page, "budget.csv")).to_be_visible()
    visitor.look("files-found")
    page.evaluate("localStorage.setItem('view', 'grid')")
    page.goto("/")
    expect(page.get_by_role("gridcell").first).to_be_visible()
    visitor.look("files-tiles")
    page.goto("/files/Photos/2026")
    expect(page.locator(".blank")).to_be_visible()
    visitor.look("files-empty")
