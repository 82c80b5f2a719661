"""What operators do to somebody at the page: warnings that have to be read, and sessions that end with a word."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from .conftest import PASSWORD, Site
from .persons import Program, add, client_of, sign_in

HOSTILE = "<img src=x onerror=alert(1)>\nپیش از عصر تمام کنید."


def acknowledged(site: Site) -> list[bool]:
    """Of all warnings, the oldest first: what the operator sees."""
    found = site.ask("GET", "/warnings?all=true")["warnings"]
    return [each["acknowledged"] is not None for each in sorted(found, key=lambda each: each["id"])]


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_warning_and_a_last_word_look_right(site: Site, visit: Any, language: str, theme: str, width: int) -> None:
    add(site, "sara")
    visitor = visit(language=language, theme=theme, width=width)
    page = sign_in(visitor, "sara")
    site.ask("POST", "/warnings", {"account": "sara", "text": HOSTILE})
    site.ask("POST", "/warnings", {"account": "sara", "text": "Another " * 60})
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("<img src=x")
    expect(dialog.locator(".count")).to_be_visible()
    visitor.look("warning")
    site.ask("POST", f"/clients/{client_of(site, 'sara')}/kick", {"reason": "Disk work until noon, sorry."})
    expect(page.locator("blockquote")).to_have_text("Disk work until noon, sorry.")
    visitor.look("kicked")


def test_warnings_are_read_one_after_the_other_and_the_operator_sees_it(site: Site, visit: Any) -> None:
    add(site, "sara")
    page = sign_in(visit(), "sara")
    page.get_by_role("button", name="New folder").click()
    page.get_by_label("Name of the folder").fill("half written")
    for text in ("the first", "the second"):
        site.ask("POST", "/warnings", {"account": "sara", "text": text})
    dialog = page.get_by_role("alertdialog")
    read = dialog.get_by_role("button", name="I have read it")
    expect(dialog).to_contain_text("the first")
    expect(dialog).to_contain_text(re.compile("From .?ada"))
    expect(dialog).to_contain_text("one more follows")
    expect(read).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    assert acknowledged(site) == [False, False]
    page.reload()
    expect(dialog).to_contain_text("the first")
    expect(read).to_be_focused()
    read.click()
    expect(dialog).to_contain_text("the second")
    expect(read).to_be_focused()
    assert acknowledged(site) == [True, False]
    read.click()
    expect(dialog).to_have_count(0)
    assert acknowledged(site) == [True, True]


def test_a_warning_read_on_one_device_goes_from_the_other_and_leaves_the_work_as_it_was(site: Site, visit: Any) -> None:
    add(site, "sara")
    page = sign_in(visit(), "sara")
    page.get_by_role("button", name="New folder").click()
    page.get_by_label("Name of the folder").fill("half written")
    number = site.ask("POST", "/warnings", {"account": "sara", "text": "soon"})["warnings"][0]["id"]
    expect(page.get_by_role("alertdialog")).to_contain_text("soon")
    Program(site, "sara").ask("POST", f"/warnings/{number}/acknowledge")
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    expect(page.get_by_label("Name of the folder")).to_have_value("half written")
    expect(page.get_by_label("Name of the folder")).to_be_focused()


def test_each_way_out_is_told_and_leads_back_to_the_same_page(site: Site, visit: Any) -> None:
    add(site, "sara")
    visitor = visit()
    page = sign_in(visitor, "sara")
    told = page.locator(".told")
    Program(site, "sara").ask("DELETE", "/sessions")
    expect(told).to_contain_text("ended from another place")
    sign_in(visitor, "sara")
    Program(site, "sara").ask("POST", "/account/password", {"old": PASSWORD, "new": PASSWORD + " more"})
    expect(told).to_contain_text("the password was changed")
    sign_in(visitor, "sara", PASSWORD + " more")
    site.ask("POST", f"/clients/{client_of(site, 'sara')}/kick", {})
    expect(told).to_have_text("An operator has ended your session.")
    sign_in(visitor, "sara", PASSWORD + " more")
    expect(told).to_have_count(0)
    number = client_of(site, "sara")
    page.goto("about:blank")
    site.ask("POST", f"/clients/{number}/kick", {"reason": "while you were away"})
    page.goto("/")
    expect(told).to_contain_text("while you were away")
    sign_in(visitor, "sara", PASSWORD + " more")
    page.get_by_title("Account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(told).to_have_count(0)


def test_a_session_that_ends_while_the_network_is_away_is_told_once_it_is_back(site: Site, visit: Any) -> None:
    """The handshake of the events is refused then, which tells a page nothing: it has to ask."""
    add(site, "sara")
    visitor = visit()
    page = sign_in(visitor, "sara")
    number = client_of(site, "sara")
    site.server.stop()
    site.server.start()
    site.ask("POST", f"/clients/{number}/kick", {"reason": "over"})
    expect(page.locator("blockquote")).to_have_text("over")
    visitor.complaints.clear()  # connections that were refused
