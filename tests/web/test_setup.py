"""The first run: from the link that a server prints to a first file, with nothing read."""

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.web.test_uploads import drop

from .conftest import NAME, PASSWORD, Site

VARIANTS = [
    (language, theme, width) for language in ("en", "fa") for theme in ("light", "dark") for width in (1200, 390)
]


def link(site: Site) -> str:
    return f"{site.url}/setup#{site.server.setup_code}"


def test_a_newcomer_has_a_first_file_within_a_minute(site: Site, visit: Any, tmp_path: Path) -> None:
    visitor, begun = visit(), time.monotonic()
    page = visitor.page
    page.goto(link(site))
    expect(page.get_by_label("Your name")).to_be_focused()
    assert site.server.setup_code not in page.url
    page.keyboard.type(NAME)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Is this really your server?")).to_be_focused()
    shown = page.locator("code").inner_text().replace("\n", "")
    assert shown in site.server.banner.replace("\n", "").replace(" ", "")
    page.get_by_role("button", name="Open my files").click()
    expect(page.locator("#content")).to_be_visible()
    expect(page.get_by_title("Account")).to_contain_text(NAME)
    expect(page.get_by_text("Drop your first file here")).to_be_visible()
    visitor.look("setup-first")
    (tmp_path / "first.txt").write_text("hello")
    drop(page, tmp_path / "first.txt")
    expect(page.get_by_role("button", name="first.txt", exact=True)).to_be_visible()
    assert time.monotonic() - begun < 60
    visitor.shoot("setup-first-file")
    page.reload()
    expect(page.get_by_role("button", name="first.txt", exact=True)).to_be_visible()  # still signed in
    answer = page.request.get("/setup")
    assert answer.status == 404


@pytest.mark.parametrize(("language", "theme", "width"), VARIANTS)
def test_what_is_wrong_is_said_where_it_is(site: Site, visit: Any, language: str, theme: str, width: int) -> None:
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.page
    page.goto(f"{site.url}/setup#WRONG")
    page.locator("form").wait_for()
    visitor.look("setup")
    name, password = page.locator("input[autocomplete=username]"), page.locator("input[autocomplete=new-password]")
    page.locator("button[type=submit]").click()
    expect(page.locator("[aria-invalid=true]")).to_have_count(2)
    name.fill(NAME)
    password.fill(PASSWORD)
    page.locator("button[type=submit]").click()
    code = page.locator("input[autocapitalize=characters]")
    expect(code).to_have_attribute("aria-invalid", "true")
    code.fill(site.server.setup_code)
    password.fill("short")
    page.locator("button[type=submit]").click()
    expect(password).to_have_attribute("aria-invalid", "true")
    name.fill("no spaces allowed")
    password.fill(PASSWORD)
    page.locator("button[type=submit]").click()
    expect(name).to_have_attribute("aria-invalid", "true")
    visitor.look("setup-refused")
    name.fill(NAME)
    page.locator("button[type=submit]").click()
    page.locator("#trust").wait_for()
    visitor.look("setup-ready")
    page.locator("select").first.select_option("10000000")
    page.locator("button[type=submit]").click()
    page.locator("#content").wait_for()
    limits = page.evaluate("fetch('/api/v1/limits').then((answer) => answer.json())")
    assert (limits["rate_up"], limits["rate_down"]) == (10_000_000, 10_000_000)


def test_without_scripts_the_page_says_what_to_do(site: Site, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, ignore_https_errors=True)
    page = context.new_page()
    page.goto(link(site))
    command = page.locator("code").first
    expect(command).to_be_visible()
    assert command.inner_text() == "sft user add --admin NAME"
    context.close()
