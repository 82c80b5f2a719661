"""How the operator's pages look: every one in every language, theme and width, against one furnished server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.web.test_admin import LONG, account, guess

from secure_file_transfer.testing.forks import Nursery
from secure_file_transfer.testing.process import ServerProcess

from .conftest import NAME, PASSWORD, Site

VARIANTS = [
    (language, theme, width) for language in ("en", "fa") for theme in ("light", "dark") for width in (1200, 390)
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("looks")
    with ServerProcess(folder / "data", nursery=nursery) as server:
        site = Site(server)
        (folder / "scans").mkdir()
        furnish(site, folder / "scans")
        yield site


def furnish(site: Site, folder: Path) -> None:
    """A server with something on every one of the pages."""
    site.names("/")
    assert guess(site, NAME, PASSWORD) == 201  # known from here, whoever guesses
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
        guess(site, "sara")
    site.server.sft("mount-folder", "scans", str(folder), "--to", "sara", "--to", "@staff")


@pytest.mark.parametrize(("language", "theme", "width"), VARIANTS)
def test_every_page_in_every_variant(site: Site, visit: Any, language: str, theme: str, width: int) -> None:
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    page.goto("/admin/accounts")
    expect(page.get_by_role("row")).to_have_count(5)
    visitor.look("admin-accounts")
    for each in (width, 1024, 700):
        page.set_viewport_size({"width": each, "height": 800})
        expect(page.locator("td:last-child button").first).to_be_in_viewport(ratio=1)  # it need not be scrolled to
    page.set_viewport_size({"width": width, "height": 800})
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
            expect(page.locator("#content h2")).to_have_count(3)
        visitor.look(f"admin-{name}")
    page.goto("/admin/guard")
    expect(page.locator("table").first.get_by_role("row").nth(1)).to_be_visible()
    visitor.look("admin-guard")
