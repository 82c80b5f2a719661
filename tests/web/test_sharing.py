"""Sharing by name and by link, as the one who shares and the one who is shared with see it."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import PASSWORD, Site

HOSTILE = '<img src=x onerror=alert(1)>"&.html'
BOB = "bob"


def with_bob(site: Site) -> None:
    site.ask("POST", "/admin/accounts", {"name": BOB, "password": PASSWORD})


def sign_in(visitor: Any, name: str) -> Page:
    page: Page = visitor.page
    page.goto("/")
    page.locator("input").nth(0).fill(name)
    page.locator("input").nth(1).fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.locator("#content").wait_for()
    return page


def share(page: Page, name: str) -> Locator:
    """Pick an entry of the list and open the dialog."""
    page.get_by_role("row").filter(has_text=name).get_by_role("checkbox").check()
    page.get_by_role("button", name=re.compile("^(Share|هم‌رسانی)$")).click()
    return page.get_by_role("dialog")


def test_somebody_is_given_a_folder_sees_it_at_once_and_loses_it_at_once(site: Site, visit: Any) -> None:
    site.make_folder("/Photos")
    site.put("/Photos/cat.txt", b"meow")
    with_bob(site)
    bob = sign_in(visit(), BOB)
    bob.get_by_role("link", name="Shared with me").click()
    expect(bob.get_by_text("Nobody shares anything with you yet")).to_be_visible()

    ada = visit().sign_in()
    dialog = share(ada, "Photos")
    who = dialog.get_by_label("Name, or @ and a group")
    expect(who).to_be_focused()
    expect(dialog.locator("datalist option[value=bob]")).to_have_count(1)
    who.fill("nobody")
    who.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("nobody")
    who.fill("bob")
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_label("What \u2068bob\u2069 may do")).to_have_value("8")
    expect(who).to_be_focused()

    expect(bob.get_by_role("link", name="Photos")).to_be_visible()
    expect(bob.get_by_role("row").last).to_contain_text("Viewer")
    dialog.get_by_label("What \u2068bob\u2069 may do").select_option("15")
    expect(bob.get_by_role("row").last).to_contain_text("Editor")
    assert site.ask("GET", "/grants")["given"][0]["level"] == "editor"
    bob.get_by_role("link", name="Photos").click()
    expect(bob.get_by_text("cat.txt")).to_be_visible()
    assert bob.url.endswith("/files/Shared/ada/Photos")
    bob.get_by_label("Folders on the way").get_by_role("link", name="Shared with me").click()
    bob.get_by_role("link", name="Photos").click()
    expect(bob.get_by_text("cat.txt")).to_be_visible()

    dialog.get_by_role("button", name="Take access back from \u2068bob\u2069").click()
    expect(dialog.get_by_label("What \u2068bob\u2069 may do")).to_have_count(0)
    expect(who).to_be_focused()
    expect(bob.get_by_text("cat.txt")).to_have_count(0)
    bob.get_by_role("navigation", name="Menu").get_by_role("link", name="Shared with me").click()
    expect(bob.get_by_text("Nobody shares anything with you yet")).to_be_visible()


def test_what_comes_from_a_folder_above_says_so(site: Site, visit: Any) -> None:
    site.make_folder("/Work")
    site.make_folder("/Work/Plans")
    with_bob(site)
    site.ask("PUT", "/grants", {"path": "/Work", "to": BOB, "rights": "contributor"})
    page = visit().sign_in()
    page.goto("/files/Work")
    dialog = share(page, "Plans")
    expect(dialog.get_by_text("from \u2068Work\u2069")).to_be_visible()
    expect(dialog.get_by_role("button", name="Take access back")).to_have_count(0)
    dialog.get_by_role("link", name="from \u2068Work\u2069").click()
    expect(dialog).to_have_count(0)
    assert page.url.endswith("/files/Work")


def test_what_is_not_ones_own_cannot_be_shared(site: Site, visit: Any) -> None:
    site.make_folder("/Work")
    with_bob(site)
    site.ask("PUT", "/grants", {"path": "/Work", "to": BOB, "rights": "editor"})
    page = sign_in(visit(), BOB)
    page.goto("/files/Shared/ada")
    page.get_by_role("row").filter(has_text="Work").get_by_role("checkbox").check()
    expect(page.get_by_role("button", name="Download")).to_be_visible()
    for act in ("Rename", "Delete", "Share"):  # the name is its owner's
        expect(page.get_by_role("button", name=act, exact=True)).to_have_count(0)


def test_a_link_is_made_shown_again_and_ended(site: Site, visit: Any) -> None:
    site.put("/report.txt", b"figures")
    visitor = visit()
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.sign_in()
    dialog = share(page, "report.txt")
    dialog.get_by_role("button", name="New link").click()
    dialog.get_by_label("Works for").select_option("24")
    dialog.get_by_label("Protect it with a password").check()
    password = dialog.get_by_label("Password", exact=True)
    expect(password).to_have_value(re.compile(r"^\w{4}-\w{4}-\w{4}$"))
    password.fill("abc")
    dialog.get_by_role("button", name="Create link").click()
    expect(dialog.get_by_role("alert")).to_contain_text("4")
    dialog.get_by_role("button", name="Make another").click()
    secret = password.input_value()
    dialog.get_by_label("Limit of downloads").fill("۳")
    dialog.get_by_label("Title").fill("The figures")
    dialog.get_by_role("button", name="Create link").click()

    address = dialog.get_by_label("Address", exact=True)
    expect(address).to_have_value(re.compile("^https://.*/s/[A-Za-z0-9_-]{43}$"))
    expect(dialog.get_by_label("Password", exact=True)).to_have_value(secret)
    dialog.get_by_role("button", name="Copy address").click()
    expect(dialog.get_by_text("Copied")).to_be_visible()
    url = address.input_value()
    assert page.evaluate("navigator.clipboard.readText()") == url
    made = site.ask("GET", "/links")["links"][0]
    assert (made["downloads_max"], made["protected"], made["name"]) == (3, True, "The figures")

    page.reload()
    dialog = share(page, "report.txt")
    dialog.get_by_role("button", name="Show address").click()
    expect(dialog.get_by_label("Address", exact=True)).to_have_value(url)
    expect(dialog.get_by_text("Nobody can look it up")).to_be_visible()
    assert secret not in dialog.inner_text()

    dialog.get_by_role("button", name="End link").click()
    expect(dialog.get_by_role("alert")).to_contain_text("never works again")
    dialog.get_by_role("button", name="End link").click()
    expect(dialog.get_by_text("The figures")).to_have_count(0)
    assert site.ask("GET", "/links")["links"] == []


def test_everything_that_is_shared_is_found_and_taken_back(site: Site, visit: Any) -> None:
    with_bob(site)
    site.ask("POST", "/admin/groups", {"name": "team"})
    for name in ("One", "Two", "Three"):
        site.make_folder(f"/{name}")
        site.ask("PUT", "/grants", {"path": f"/{name}", "to": BOB, "rights": "viewer"})
    site.ask("PUT", "/grants", {"path": "/One", "to": "@team", "rights": "editor"})
    site.ask("POST", "/links", {"path": "/Two", "rights": "dropbox", "name": "Send it here"})
    page = visit().sign_in()
    page.get_by_role("link", name="Shared by me").click()
    rows = page.get_by_role("table").locator("tbody tr")
    expect(rows).to_have_count(5)
    page.get_by_role("button", name="Groups").click()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Ended").click()
    expect(page.get_by_text("Nothing like that is shared.")).to_be_visible()
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_label("Search in names").fill("two")
    expect(rows).to_have_count(2)
    page.get_by_label("Choose all").check()
    page.get_by_role("button", name="Take \u20682\u2069 back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(page.locator(".toast").filter(has_text="taken back")).to_be_visible()
    page.get_by_label("Search in names").fill("")
    expect(rows).to_have_count(3)
    assert {each["path"] for each in site.ask("GET", "/grants")["given"]} == {"/One", "/Three"}
    assert site.ask("GET", "/links")["links"] == []
    rows.filter(has_text="Three").get_by_role("button", name="Manage access").click()
    expect(page.get_by_role("dialog").get_by_label("What \u2068bob\u2069 may do")).to_be_visible()


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_sharing_looks_right(site: Site, visit: Any, language: str, theme: str, width: int) -> None:
    with_bob(site)
    site.ask("POST", "/admin/groups", {"name": "a-group-with-a-name-that-is-longer-than-any-column"})
    site.make_folder("/عکس‌های سفر")
    site.make_folder("/عکس‌های سفر/Summer")
    site.put(f"/عکس‌های سفر/{HOSTILE}", b"x")
    path = "/عکس‌های سفر/Summer"
    site.ask("PUT", "/grants", {"path": "/عکس‌های سفر", "to": BOB, "rights": "contributor"})
    site.ask("PUT", "/grants", {"path": path, "to": BOB, "rights": 9})
    site.ask("PUT", "/grants", {"path": path, "to": "@a-group-with-a-name-that-is-longer-than-any-column", "rights": 8})
    site.ask("PUT", "/grants", {"path": f"/عکس‌های سفر/{HOSTILE}", "to": BOB, "rights": 12})
    terms = {"password": "1234 5678", "downloads": 20, "expires": "2099-12-24T18:00:00Z", "name": "Our holiday"}
    site.ask("POST", "/links", {"path": path, **terms})
    site.ask("POST", "/links", {"path": path, "rights": "dropbox"})
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    page.goto("/files/عکس‌های سفر")
    dialog = share(page, "Summer")
    expect(dialog.locator("section")).to_have_count(2)
    visitor.look("share")
    dialog.locator("section").nth(1).get_by_role("button").first.click()
    dialog.get_by_role("checkbox").check()
    dialog.locator("form button[type=submit]").last.scroll_into_view_if_needed()
    visitor.look("share-new-link")
    dialog.locator("form button[type=submit]").last.click()
    expect(dialog.locator("svg[role=img][shape-rendering]")).to_be_visible()
    dialog.locator("svg[role=img][shape-rendering]").scroll_into_view_if_needed()
    visitor.look("share-link-made")
    page.goto("/sharing")
    expect(page.get_by_role("table").locator("tbody tr")).to_have_count(7)
    visitor.look("sharing")
    page.get_by_role("checkbox").first.check()
    page.locator(".tools button").last.click()
    visitor.look("sharing-revoke")
    page.goto("/shared")
    page.locator(".empty").wait_for()
    visitor.look("shared-none")


def test_what_others_share_looks_right(site: Site, visit: Any) -> None:
    with_bob(site)
    site.make_folder("/Summer")
    site.make_folder("/صندوق")
    site.put(f"/{HOSTILE}", b"x")
    for path, rights in (("/Summer", "editor"), ("/صندوق", "dropbox"), (f"/{HOSTILE}", 12)):
        site.ask("PUT", "/grants", {"path": path, "to": BOB, "rights": rights})
    for language, theme, width in [(a, b, c) for a in ("en", "fa") for b in ("light", "dark") for c in (1200, 390)]:
        visitor = visit(language=language, theme=theme, width=width)
        page = sign_in(visitor, BOB)
        page.goto("/shared")
        expect(page.get_by_role("table").locator("tbody tr")).to_have_count(3)
        visitor.look("shared")
