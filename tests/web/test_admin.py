"""The operator's pages about who may do what, in a browser, against a real server."""

import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import PASSWORD, Site

LONG = "a-name-as-long-as-they-may-be-to-see-what-becomes-of-the-table-x"
VARIANTS = [
    (language, theme, width) for language in ("en", "fa") for theme in ("light", "dark") for width in (1200, 390)
]


def row(page: Page, name: str) -> Any:
    return page.get_by_role("row").filter(has_text=name)


def account(site: Site, name: str, **details: Any) -> None:
    site.ask("POST", "/admin/accounts", {"name": name, "password": PASSWORD, **details})


def act(page: Page, name: str, what: str) -> None:
    row(page, name).get_by_role("button", name="What can be done with").click()
    page.get_by_role("menuitem", name=what).click()


def refused(site: Site, path: str, body: Any) -> int:
    """What the server answers to a stranger."""
    context = ssl.create_default_context(cafile=str(site.server.cafile))
    request = urllib.request.Request(f"{site.url}/api/v1{path}", json.dumps(body).encode(), method="POST")
    request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def furnish(site: Site, folder: Path) -> None:
    """A server with something on every one of the pages."""
    site.put("/report.pdf", b"x" * 100)
    site.make_folder("/سفر")
    account(site, "sara", email="sara@example.com", quota=200, note="press")
    account(site, LONG, role="admin", expires="2020-01-01T00:00:00Z")
    account(site, "نیلوفر", disabled=True, email="niloofar.with.a.long.address@department.example.com")
    site.ask("POST", "/admin/groups", {"name": "staff"})
    site.ask("POST", "/admin/groups", {"name": "newsroom"})
    for name in ("sara", LONG, "ada"):
        site.ask("PUT", f"/admin/groups/staff/members/{name}")
    site.ask("PUT", "/grants", {"path": "/report.pdf", "to": "sara", "rights": "viewer"})
    site.ask("PUT", "/grants", {"path": "/سفر", "to": "@staff", "rights": "editor"})
    site.ask(
        "POST", "/links", {"path": "/report.pdf", "downloads": 5, "password": "four words", "name": "For the press"}
    )
    for _ in range(11):
        refused(site, "/sessions", {"name": "sara", "password": "wrong " * 3})
    site.server.run("mount-folder", "scans", str(folder), "--to", "sara", "--to", "@staff")


@pytest.mark.parametrize(("language", "theme", "width"), VARIANTS)
def test_every_page_in_every_variant(
    site: Site, visit: Any, tmp_path: Path, language: str, theme: str, width: int
) -> None:
    site.names("/")
    (tmp_path / "scans").mkdir()
    furnish(site, tmp_path / "scans")
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    page.goto("/admin/accounts")
    expect(page.get_by_role("row")).to_have_count(5)
    visitor.look("admin-accounts")
    page.locator(".acts button").first.click()
    page.locator("details summary").click()
    visitor.look("admin-account-new")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="sara", exact=True).click()
    visitor.look("admin-account-edit")
    page.keyboard.press("Escape")
    for name, count in (("groups", 3), ("sharing", 7), ("certificates", 0), ("drives", 2)):
        page.goto(f"/admin/{name}")
        expect(page.get_by_role("row")).to_have_count(count)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if name == "certificates":
            expect(page.get_by_role("heading", level=2)).to_have_count(3)
        visitor.look(f"admin-{name}")
    page.goto("/admin/guard")
    expect(page.locator("table").first.get_by_role("row")).not_to_have_count(1)
    visitor.look("admin-guard")
