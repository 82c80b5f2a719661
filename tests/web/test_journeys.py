"""What people do with the web app, in a browser, against a real server."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import PASSWORD, Site

HOSTILE = "<img src=x onerror=alert(1)>.html"
PERSIAN = "گزارش سالانه.docx"


def row(page: Page, name: str) -> Any:
    return page.get_by_role("row").filter(has=page.get_by_role("button", name=name, exact=True))


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_somebody_signs_in_and_sees_their_files(site: Site, visit: Any, language: str, theme: str, width: int) -> None:
    site.make_folder("/Photos")
    for name in (HOSTILE, PERSIAN, "budget.csv"):
        site.put(f"/{name}", b"x" * 1234)
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.page
    page.goto("/")
    page.locator("form").wait_for()
    visitor.look("sign-in")
    page.locator("button[type=submit]").click()
    expect(page.locator("[aria-invalid=true]")).to_have_count(2)
    page.locator("input").nth(0).fill("ada")
    page.locator("input").nth(1).fill("not the password")
    page.locator("button[type=submit]").click()
    expect(page.get_by_role("alert")).to_be_visible()
    visitor.shoot("sign-in-refused")
    page.locator("input").nth(1).fill(PASSWORD)
    page.locator("button[type=submit]").click()
    expect(row(page, HOSTILE)).to_be_visible()
    expect(row(page, PERSIAN)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "fa" else "ltr")
    visitor.look("files")


def test_folders_are_made_renamed_opened_and_removed(site: Site, visit: Any) -> None:
    site.names("/")
    visitor = visit()
    page = visitor.sign_in()
    page.get_by_role("button", name="New folder").click()
    page.get_by_label("Name of the folder").fill("Photos")
    page.get_by_role("button", name="Create").click()
    expect(row(page, "Photos")).to_be_visible()
    row(page, "Photos").click(position={"x": 500, "y": 20})
    page.keyboard.press("F2")
    expect(page.get_by_label("New name")).to_be_focused()
    page.get_by_label("New name").fill("Pictures")
    visitor.shoot("rename")
    page.keyboard.press("Enter")
    expect(row(page, "Pictures")).to_be_visible()
    assert site.names("/") == ["Pictures"]
    page.get_by_role("button", name="Pictures", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pictures")
    assert page.url.endswith("/files/Pictures")
    visitor.shoot("empty")
    page.go_back()
    row(page, "Pictures").click(position={"x": 500, "y": 20})
    page.keyboard.press("Delete")
    expect(row(page, "Pictures")).to_have_count(0)
    expect(page.locator(".toast").last).to_contain_text("moved to the trash")
    visitor.shoot("deleted")
    assert site.names("/") == []


def test_a_name_that_is_taken_is_said_and_the_question_stays(site: Site, visit: Any) -> None:
    site.make_folder("/Photos")
    page = visit().sign_in()
    page.get_by_role("button", name="New folder").click()
    page.get_by_label("Name of the folder").fill("Photos")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Photos")
    expect(dialog).to_be_visible()


def test_an_address_leads_into_a_folder_and_a_file_is_fetched_whole(site: Site, visit: Any, tmp_path: Any) -> None:
    site.make_folder("/100% & more")
    content = bytes(range(256)) * 400
    site.put(f"/100% & more/{HOSTILE}", content)
    visitor = visit()
    visitor.sign_in()
    page = visitor.page
    page.goto("/files/100%25%20%26%20more")
    page.get_by_role("button", name=HOSTILE, exact=True).click()
    with page.expect_download() as fetched:
        page.get_by_role("dialog").get_by_role("link", name="Download").click()
    fetched.value.save_as(tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == content


def test_the_keyboard_does_it_all(site: Site, visit: Any) -> None:
    for number in range(5):
        site.put(f"/{number}.txt", b"x")
    page = visit().sign_in()
    row(page, "0.txt").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("[data-at][aria-selected=true]")).to_have_count(2)
    page.keyboard.press("Control+a")
    expect(page.locator("[data-at][aria-selected=true]")).to_have_count(5)
    page.keyboard.press("Escape")
    expect(page.locator("[data-at][aria-selected=true]")).to_have_count(0)
    page.keyboard.press("End")
    expect(row(page, "4.txt")).to_be_focused()


def test_signing_out_leaves_nothing_behind(site: Site, visit: Any) -> None:
    site.put("/secret.txt", b"x")
    page = visit().sign_in()
    page.get_by_title("Account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.go_back()
    page.goto("/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_language_and_the_theme_are_remembered(site: Site, visit: Any) -> None:
    site.names("/")
    page = visit().page
    page.goto("/")
    page.locator("select").nth(0).select_option("fa")
    page.locator("select").nth(1).select_option("dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
