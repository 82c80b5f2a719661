"""The operator's settings: limits in the units that people type, maintenance, and the end of the server."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from secure_file_transfer.model import MIB

from .conftest import NAME
from .console import Stage, Upload, stage


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("data") / "data") as made:
        yield made


def limits(site: Stage) -> Any:
    with site.client(site.token(NAME)) as ada:
        return ada.limits().values


def open_settings(visit: Any) -> Page:
    page: Page = visit().sign_in()
    page.goto("/admin/settings")
    return page


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_settings_are_looked_at(visit: Any, language: str, theme: str, width: int) -> None:
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    page.goto("/admin/settings")
    fields = page.locator("form").locator("input")
    fields.nth(2).fill({"en": "50 MB/s", "fa": "\u06f5\u06f0 مگابایت بر ثانیه"}[language])
    page.locator("form button[type=submit]").click()
    expect(page.locator(".state button")).to_have_count(1)
    fields.nth(0).fill("many")
    page.locator("form button[type=submit]").click()
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    visitor.look("settings")
    page.locator("section[aria-labelledby=stop] button").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    visitor.look("settings-stop")
    page.keyboard.press("Escape")
    fields.nth(0).fill("")
    page.locator(".state button").click()
    expect(page.locator(".state button")).to_have_count(0)


def test_a_limit_holds_at_once_and_goes_back_to_the_configuration(site: Stage, visit: Any) -> None:
    page = open_settings(visit)
    page.get_by_label("Upload speed").fill("2 MB/s")
    page.get_by_label("Transfers at once").fill("12")
    page.get_by_role("button", name="Save limits").click()
    expect(page.locator(".toast")).to_contain_text("Saved")
    assert limits(site).rate_up == 2_000_000
    assert limits(site).transfers == 12
    expect(page.get_by_text("Set by")).to_have_count(2)
    page.reload()
    expect(page.get_by_label("Upload speed")).to_have_value("2 MB/s")
    page.get_by_role("button", name="Back to the configuration").first.click()
    page.get_by_role("button", name="Back to the configuration").first.click()
    expect(page.get_by_text("As configured")).to_have_count(4)
    expect(page.get_by_label("Upload speed")).to_have_value("")
    assert limits(site).rate_up == 0


def test_what_is_no_speed_is_said_and_nothing_is_sent(site: Stage, visit: Any) -> None:
    page = open_settings(visit)
    page.get_by_label("Download speed").fill("quite fast")
    page.get_by_role("button", name="Save limits").click()
    expect(page.get_by_text("That is no speed.")).to_be_visible()
    assert limits(site).rate_down == 0


def test_maintenance_is_begun_and_ended_while_something_runs(site: Stage, visit: Any) -> None:
    page = open_settings(visit)
    one = Upload(site, site.token("sara"), "/runs.bin", 60 * MIB)
    page.get_by_label("Message").fill("New disks, back at noon")
    expect(page.locator(".now").nth(1)).to_contain_text("1")
    page.get_by_role("button", name="Begin maintenance").click()
    expect(page.get_by_text("still run")).to_be_visible()
    refused = Upload(site, site.token("bob"), "/new.bin", 4 * MIB)
    assert refused.finish() == 503
    assert one.finish() == 201
    expect(page.get_by_text("No transfer runs any more.")).to_be_visible()
    page.goto("/admin")
    expect(page.get_by_role("status").filter(has_text="New disks, back at noon")).to_be_visible()
    page.goto("/admin/settings")
    page.get_by_role("button", name="End maintenance").click()
    expect(page.get_by_text("Transfers may begin as usual.")).to_be_visible()
    assert not limits(site).maintenance
