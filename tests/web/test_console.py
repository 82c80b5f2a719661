"""The operator's overview and log, in a browser."""

import io
import json
import re
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from secure_file_transfer.errors import SecureFileTransferError
from secure_file_transfer.model import MIB

from .console import Stage, Upload, stage

VARIANTS = [
    pytest.param(language, theme, width, id=f"{language}-{theme}-{width}")
    for language in ("en", "fa")
    for theme in ("light", "dark")
    for width in (1200, 390)
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("data") / "data") as made:
        yield made


@pytest.fixture(scope="module")
def past(site: Stage) -> Iterator[None]:
    """Something has happened already, and something goes on."""
    with ExitStack() as stack:
        for number, name in enumerate(
            ("sara", "مریم.رضایی", "bartholomew.fitzgerald-montgomery@accounting.example.com")
        ):
            client = stack.enter_context(site.client(site.token(name)))
            client.make_folder(f"/گزارش‌های مالی {number}")
            client.make_folder("/Quarterly reports of the northern region, final version, corrected and approved")
            with pytest.raises(SecureFileTransferError):
                list(client.list("/nothing here"))
        assert {site.guess(name) for name in ("sara", "مریم.رضایی", "nobody")} == {401}
        one = Upload(site, site.token("sara"), urllib.parse.quote("/ویدیو.mp4"), 700 * MIB)
        stack.callback(one.close)
        yield


@pytest.mark.parametrize(("language", "theme", "width"), VARIANTS)
@pytest.mark.usefixtures("past")
def test_the_overview_is_looked_at(visit: Any, language: str, theme: str, width: int) -> None:
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    page.goto("/admin")
    expect(page.locator("canvas")).to_be_visible()
    expect(page.locator("dd").first).to_have_text({"en": "1", "fa": "\u06f1"}[language])
    expect(page.locator("li time").first).to_be_visible()
    visitor.look("overview")


@pytest.mark.parametrize(("language", "theme", "width"), VARIANTS)
@pytest.mark.usefixtures("past")
def test_the_log_is_looked_at(visit: Any, language: str, theme: str, width: int) -> None:
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    page.goto("/admin/log")
    expect(page.locator("[data-at='2']")).to_be_visible()
    visitor.look("log")
    page.goto("/admin/log?category=sign-in&category=file&since=2026-01-01T00:00:00Z&address=127.0.0.1")
    expect(page.locator("[data-at='0']")).to_be_visible()
    visitor.look("log-filtered")
    page.locator("[data-at='0']").press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    visitor.look("log-details")
    page.goto("/admin/log?search=nobody+wrote+that")
    expect(page.get_by_role("heading", level=2).last).to_be_visible()
    visitor.look("log-none")


def open_log(visit: Any, query: str = "") -> Page:
    visitor = visit()
    page: Page = visitor.sign_in()
    page.goto(f"/admin/log{query}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log")
    return page


def test_the_overview_counts_what_moves_and_says_it_in_words(site: Stage, visit: Any) -> None:
    page = visit().sign_in()
    page.goto("/admin")
    one = Upload(site, site.token("mover"), "/moved.bin", 30 * MIB)
    expect(page.locator("dl")).to_contain_text("up")
    expect(page.locator("figcaption")).to_contain_text("uploads")
    expect(page.locator("figcaption")).to_contain_text(
        re.compile(r"uploads .* on average and .*MB/s.* at most, downloads")
    )
    assert one.finish() == 201


def test_what_happens_comes_into_the_log_while_one_looks(site: Stage, visit: Any) -> None:
    page = open_log(visit, "?search=brand-new")
    expect(page.get_by_text("Nothing like that was written down.")).to_be_visible()
    with site.client(site.token("neo")) as client:
        client.make_folder("/brand-new-folder")
        expect(page.get_by_role("row").filter(has_text="brand-new-folder")).to_be_visible()
        page.get_by_role("button", name="Follow").click()
        client.make_folder("/brand-new-other")
        page.get_by_role("searchbox", name="Search text").fill("brand-new-")
        expect(page.get_by_role("row").filter(has_text="brand-new-other")).to_be_visible()


def test_a_filter_is_in_the_address_and_is_taken_from_an_event(site: Stage, visit: Any) -> None:
    with site.client(site.token("olga")) as client:
        client.make_folder("/of-olga")
    page = open_log(visit)
    page.get_by_role("button", name="Files", exact=True).click()
    page.get_by_role("searchbox", name="Account").fill("olga")
    line = page.get_by_role("row").filter(has_text="of-olga")
    expect(line).to_be_visible()
    assert urllib.parse.urlsplit(page.url).query == "category=file&actor=olga"
    line.press("Enter")
    page.get_by_role("button", name=re.compile("Only this.*Request")).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "request=" in page.url
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "2")
    page.reload()
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "2")
    page.get_by_role("button", name="Show all").click()
    assert page.url.endswith("/admin/log")


def test_older_events_come_as_they_are_needed(site: Stage, visit: Any) -> None:
    with site.client(site.token("many")) as client:
        for number in range(230):
            client.make_folder(f"/folder-{number}")
    page = open_log(visit, "?actor=many&category=file")
    expect(page.get_by_role("row").filter(has_text="folder-229")).to_be_visible()
    page.locator("[data-at='0']").press("End")
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "231")
    page.locator("[data-at='99']").press("End")
    expect(page.get_by_role("row").filter(has_text="folder-0")).to_be_visible()


@pytest.mark.parametrize("form", ["xlsx", "csv", "txt", "jsonl"])
def test_what_is_filtered_is_exported(site: Stage, visit: Any, tmp_path: Path, form: str) -> None:
    with site.client(site.token("exporter")) as client:
        client.make_folder(f"/exported-{form}")
    page = open_log(visit, "?actor=exporter&category=file")
    expect(page.get_by_role("row").filter(has_text=f"exported-{form}")).to_be_visible()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as fetched:
        page.get_by_role("menuitem", name=f".{form}").click()
    assert fetched.value.suggested_filename == f"log.{form}"
    fetched.value.save_as(tmp_path / "log")
    content = (tmp_path / "log").read_bytes()
    if form == "xlsx":
        rows = list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))
        assert {row[5] for row in rows[1:]} == {"exporter"}
    elif form == "jsonl":
        assert {json.loads(line)["actor"] for line in content.splitlines()} == {"exporter"}
    else:
        assert b"exporter" in content
        assert b"ada" not in content
