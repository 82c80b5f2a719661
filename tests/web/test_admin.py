"""What operators do about who may do what, in a browser, against a real server."""

import json
import re
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from .conftest import NAME, PASSWORD, Site

LONG = "a-name-as-long-as-they-may-be-to-see-what-becomes-of-the-table-x"


def said(text: str) -> re.Pattern[str]:
    """The text with or without the marks that isolate what was put into it."""
    return re.compile("[\u2068\u2069]*".join(map(re.escape, text)))


def row(page: Page, name: str) -> Any:
    return page.get_by_role("row").filter(has_text=name)


def account(site: Site, name: str, **details: Any) -> None:
    site.ask("POST", "/admin/accounts", {"name": name, "password": PASSWORD, **details})


def act(page: Page, name: str, what: str) -> None:
    row(page, name).get_by_role("button", name="What can be done with").click()
    page.get_by_role("menuitem", name=what).click()


def agree(page: Page, what: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=what).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def at(visitor: Any, name: str) -> Page:
    """Sign in, and go to a page of the operators'."""
    page: Page = visitor.sign_in()
    page.goto(f"/admin/{name}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


def answered(site: Site, method: str, path: str, body: Any = None) -> int:
    """The status of what the server answers to a stranger."""
    context = ssl.create_default_context(cafile=str(site.server.cafile))
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(site.url + path, content, method=method)
    request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def guess(site: Site, name: str, password: str = "not the password") -> int:
    return answered(site, "POST", "/api/v1/sessions", {"name": name, "password": password})


def test_the_life_of_an_account(site: Site, visit: Any) -> None:
    site.names("/")
    operator = visit()
    page = at(operator, "accounts")
    page.get_by_role("button", name="New account").click()
    page.get_by_label("Name", exact=True).fill("sara")
    page.get_by_label("Make up a password").check()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Password of")).to_be_visible()
    password = page.get_by_role("dialog").locator("code").inner_text()
    operator.look("admin-handed-password")
    agree(page, "Close")
    expect(page.get_by_role("button", name="New account")).to_be_focused()
    expect(row(page, "sara")).to_contain_text("Never")

    sara = visit()
    sara.page.goto("/")
    sara.page.locator("input").nth(0).fill("sara")
    sara.page.locator("input").nth(1).fill(password)
    sara.page.locator("button[type=submit]").click()
    expect(sara.page.locator("#content")).to_be_visible()
    sara.page.goto("/admin/accounts")
    expect(sara.page.get_by_role("heading", name="There is no such page here")).to_be_visible()
    sara.page.goto("/")
    expect(sara.page.locator("#content")).to_be_visible()

    page.get_by_role("button", name="sara", exact=True).click()
    page.get_by_label("Storage at most", exact=True).fill("ten")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Write a number")).to_be_visible()
    page.get_by_label("Storage at most", exact=True).fill("1.5")
    page.get_by_label("Last day").fill("2099-12-31")
    page.get_by_label("Note", exact=True).fill("press")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "sara")).to_contain_text(said("of 1.5 GB"))
    page.get_by_role("button", name="sara", exact=True).click()
    expect(page.get_by_label("Last day")).to_have_value("2099-12-31")
    page.get_by_label("Locked out").check()
    page.get_by_role("button", name="Save").click()
    expect(row(page, "sara")).to_contain_text("Disabled")
    expect(sara.page.get_by_role("button", name="Sign in")).to_be_visible(timeout=5_000)

    act(page, "sara", "Delete account")
    expect(page.get_by_role("dialog")).to_contain_text(said("0 files (0 bytes) are deleted with it"))
    agree(page, "Delete account")
    expect(row(page, "sara")).to_have_count(0)
    assert [each["name"] for each in site.ask("GET", "/admin/accounts")["accounts"]] == [NAME]


def test_an_invitation_by_link_and_a_taken_name(site: Site, visit: Any) -> None:
    account(site, "omid")
    operator = visit(width=390)
    page = at(operator, "accounts")
    page.get_by_role("button", name="New account").click()
    page.get_by_label("Name", exact=True).fill("omid")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("dialog").get_by_role("alert").filter(has_text="omid")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("sara")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Link for")).to_be_visible()
    address = page.get_by_role("dialog").locator("code").inner_text()
    operator.look("admin-handed-link")
    assert address.startswith(f"{site.url}/reset/")
    invited = visit().page
    invited.goto(address)
    for field in (0, 1):
        invited.locator("input[type=password]").nth(field).fill("a password of her own")
    invited.locator("button[type=submit]").click()
    expect(invited.get_by_role("heading", name="Your password is set")).to_be_visible()
    assert guess(site, "sara", "a password of her own") == 201


def test_accounts_are_searched_filtered_and_shown_page_by_page(site: Site, visit: Any) -> None:
    site.names("/")
    many = "\n".join(f"user-{number:03}" for number in range(3))
    for name in many.split():
        account(site, name, note="temporary")
    account(site, "zoe", role="admin")
    page = at(visit(), "accounts")
    expect(page.get_by_role("status").filter(has_text=said("5 accounts"))).to_be_visible()
    page.get_by_role("searchbox").fill("TEMPOR")
    expect(page.get_by_role("status").filter(has_text=said("3 accounts"))).to_be_visible()
    page.get_by_role("searchbox").fill("nobody at all")
    expect(page.get_by_text("No account fits this search")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    page.get_by_label("Role").select_option("admin")
    expect(page.get_by_role("row")).to_have_count(3)
    page.get_by_label("Role").select_option("")
    page.get_by_label("State").select_option("disabled")
    expect(page.get_by_text("No account fits this search")).to_be_visible()


def test_whoever_registered_is_approved_or_rejected(tmp_path: Path, browser: Any, nursery: Any) -> None:
    from secure_file_transfer.testing.process import ServerProcess

    from .conftest import Visitor

    with ServerProcess(tmp_path / "data", env={"SFT_REGISTRATION": "approval"}, nursery=nursery) as server:
        site = Site(server)
        site.names("/")
        for name in ("neda", "spam"):
            assert answered(site, "POST", "/api/v1/register", {"name": name, "password": PASSWORD}) == 201
        visitor = Visitor(browser, site, language="en", theme="light", width=1200, folder=tmp_path, worker=False)
        page = at(visitor, "accounts")
        expect(page.get_by_role("heading", name=said("2 people wait for approval"))).to_be_visible()
        visitor.look("admin-waiting")
        page.get_by_role("button", name=said("Approve neda")).click()
        expect(page.get_by_role("heading", name=said("1 person waits for approval"))).to_be_visible()
        page.get_by_role("button", name=said("Reject spam")).click()
        expect(page.get_by_role("heading", name="for approval")).to_have_count(0)
        assert guess(site, "neda", PASSWORD) == 201
        names = [each["name"] for each in site.ask("GET", "/admin/accounts")["accounts"]]
        visitor.context.close()
    assert names == [NAME, "neda"]
    assert visitor.complaints == []


def test_a_group_is_made_filled_renamed_and_deleted(site: Site, visit: Any) -> None:
    for name in ("sara", "omid"):
        account(site, name)
    visitor = visit()
    page = at(visitor, "groups")
    page.get_by_role("button", name="New group").click()
    page.get_by_label("Name", exact=True).fill("staff")
    page.get_by_role("button", name="Create").click()
    for name in ("sara", "omid"):
        page.get_by_label("Find or add somebody").fill(name)
        page.get_by_role("dialog").get_by_role("button", name="Add").click()
        expect(page.get_by_role("button", name=said(f"Take {name} out"))).to_be_visible()
    visitor.look("admin-members")
    page.get_by_role("button", name=said("Take sara out")).click()
    expect(page.get_by_role("listitem").filter(has_text="sara")).to_have_count(0)
    page.get_by_role("dialog").get_by_role("button", name="Done").click()
    expect(row(page, "staff")).to_contain_text(said("1 member"))
    act(page, "staff", "Rename")
    page.get_by_label("Name", exact=True).fill("newsroom")
    agree(page, "Rename")
    assert site.ask("GET", "/admin/groups")["groups"][0]["members"] == ["omid"]
    act(page, "newsroom", "Delete group")
    agree(page, "Delete group")
    expect(page.get_by_text("There are no groups yet")).to_be_visible()


def test_attack_58_an_operator_ends_a_link_and_a_share_of_somebody(site: Site, visit: Any) -> None:
    account(site, "sara")
    site.make_folder("/photos")
    site.ask("PUT", "/grants", {"path": "/photos", "to": "sara", "rights": "viewer"})
    secret = site.ask("POST", "/links", {"path": "/photos"})["secret"]
    assert answered(site, "GET", f"/s/{secret}") == 200
    page = at(visit(), "sharing?account=sara")
    expect(page.get_by_text("There are no links")).to_be_visible()
    page.get_by_role("button", name="Everybody").click()
    expect(page.get_by_text(secret)).to_have_count(0)
    links, grants = page.get_by_role("table", name="Links"), page.get_by_role("table", name="Shares")
    links.get_by_role("button", name="End the sharing of").click()
    agree(page, "End")
    expect(links).to_have_count(0)
    assert answered(site, "GET", f"/s/{secret}") == 404
    grants.get_by_role("button", name="End the sharing of").click()
    agree(page, "End")
    expect(grants).to_have_count(0)
    assert site.ask("GET", "/grants")["given"] == []


def test_whoever_has_to_wait_is_unblocked(site: Site, visit: Any) -> None:
    account(site, "sara")
    assert guess(site, NAME, PASSWORD) == 201  # known from here, whoever guesses
    page = at(visit(), "guard")
    expect(page.get_by_text("Nobody is blocked")).to_be_visible()
    for _ in range(10):
        assert guess(site, "sara") == 401
    assert guess(site, "sara", PASSWORD) == 429
    page.reload()
    page.get_by_role("button", name="Unblock").click()
    expect(page.get_by_text("Nobody is blocked")).to_be_visible()
    assert guess(site, "sara", PASSWORD) == 201
    expect(page.get_by_role("table", name="Refused lately")).to_contain_text("Too many wrong guesses")


def test_a_folder_drive_is_shared(site: Site, visit: Any, tmp_path: Path) -> None:
    account(site, "sara")
    (tmp_path / "scans").mkdir()
    site.server.sft("mount-folder", "scans", str(tmp_path / "scans"))
    page = at(visit(), "drives")
    expect(row(page, "scans")).to_contain_text("Nobody yet")
    page.get_by_role("button", name="Share the drive").click()
    page.get_by_label("With").fill("sara")
    page.get_by_label("May").select_option("editor")
    agree(page, "Share")
    expect(row(page, "scans")).to_contain_text("Everything")
    page.get_by_role("button", name=said("Stop sharing scans with sara")).click()
    expect(row(page, "scans")).to_contain_text("Nobody yet")
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "scans")).to_contain_text("Everything")
