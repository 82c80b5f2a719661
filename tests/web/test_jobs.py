"""Long operations in a browser: begun, seen as they go on, cancelled, and what came of them."""

import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from secure_file_transfer.services.job_verify import verify_file

from .conftest import NAME
from .console import Stage, stage

LONG = "Quarterly report of the northern region, final version, corrected and approved by everybody.pdf"
PERSIAN = "گزارش سالانهٔ حسابداری"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("data") / "data") as made:
        made.put(f"/{LONG}", b"x" * 300_000)
        with made.client(made.token(NAME)) as ada:
            ada.make_folder(f"/{PERSIAN}")
        made.put(f"/{PERSIAN}/a.txt", b"y" * 200_000)
        yield made


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Verifying takes until the event is set."""
    over = threading.Event()

    def verify(open_: Any, entry: Any, name: str, found: Any, step: Any) -> None:
        while not over.wait(0.05):
            step(1000, 0)
        verify_file(open_, entry, name, found, step)

    monkeypatch.setattr("secure_file_transfer.services.job_kinds.verify_file", verify)
    yield over
    over.set()


def rows(page: Page, text: str) -> Locator:
    return page.get_by_role("listitem").filter(has_text=text)


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_jobs_are_looked_at(
    site: Stage, visit: Any, slow: threading.Event, language: str, theme: str, width: int
) -> None:
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    page.goto("/jobs")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    with site.client(site.token(NAME)) as ada:
        target = f"/{language}-{theme}-{width}.zip"
        ada.wait_for_job(ada.start_zip([f"/{LONG}", f"/{PERSIAN}"], target).number)
        going = ada.start_verify(f"/{PERSIAN}")
        expect(page.get_by_role("progressbar")).to_be_visible()
        visitor.look("jobs")
        ada.cancel_job(going.number)
        expect(page.get_by_role("progressbar")).to_have_count(0)
        page.locator(".acts button").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        visitor.look("jobs-verify")
        page.keyboard.press("Escape")
        rows(page, target).get_by_role("button").nth(1).click()
        expect(page.get_by_role("dialog")).to_contain_text("SHA-256")
        visitor.look("jobs-details")


def test_a_check_is_begun_seen_and_cancelled(site: Stage, visit: Any, slow: threading.Event) -> None:
    page = visit().sign_in()
    page.goto("/jobs")
    page.get_by_role("button", name="Check files").click()
    page.get_by_label("Folder or file").fill(f"/{PERSIAN}")
    page.get_by_role("button", name="Begin").click()
    line = rows(page, PERSIAN).filter(has=page.get_by_role("progressbar"))
    expect(line).to_contain_text("Running")
    expect(page.get_by_role("link", name="Jobs")).to_contain_text("1")
    line.get_by_role("button", name="Cancel").click()
    expect(rows(page, "Cancelled").first).to_contain_text(PERSIAN)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_role("link", name="Jobs")).not_to_contain_text("1")


def test_a_check_that_finds_all_sound_says_so_on_the_page_that_is_open(site: Stage, visit: Any) -> None:
    page = visit().sign_in()
    page.goto("/jobs?all=1")
    with site.client(site.token("quinn")) as quinn:
        quinn.make_folder("/empty")
        quinn.start_verify("/empty")
        expect(rows(page, "/empty")).to_contain_text("There was nothing to check")
        expect(rows(page, "/empty")).to_contain_text("quinn")
    page.get_by_role("link", name="Mine").click()
    expect(page.get_by_role("link", name="Mine")).to_have_attribute("aria-current", "true")
    expect(rows(page, "/empty")).to_have_count(0)


def test_an_archive_is_fetched_from_the_list(site: Stage, visit: Any, tmp_path: Path) -> None:
    page = visit().sign_in()
    page.goto("/jobs")
    with site.client(site.token(NAME)) as ada:
        ada.start_zip([f"/{PERSIAN}"], "/fetched.zip")
    with page.expect_download() as fetched:
        rows(page, "fetched.zip").get_by_role("button", name="Download").click()
    fetched.value.save_as(tmp_path / "fetched.zip")
    with zipfile.ZipFile(tmp_path / "fetched.zip") as archive:
        assert archive.testzip() is None
        assert any(name.endswith("a.txt") for name in archive.namelist())
    rows(page, "fetched.zip").get_by_role("button", name="Remove from the list").click()
    expect(rows(page, "fetched.zip")).to_have_count(0)


def test_what_is_damaged_is_listed(site: Stage, visit: Any) -> None:
    site.put("/torn.bin", bytes(range(256)) * 8000)
    newest = max((path for path in site.blobs.rglob("*") if path.is_file()), key=lambda path: path.stat().st_mtime_ns)
    content = bytearray(newest.read_bytes())
    content[100] ^= 1
    newest.chmod(0o600)
    newest.write_bytes(content)
    visitor = visit()
    page = visitor.sign_in()
    page.goto("/jobs")
    with site.client(site.token(NAME)) as ada:
        ada.start_verify("/torn.bin")
    line = rows(page, "/torn.bin")
    expect(line).to_contain_text("file is damaged")
    line.get_by_role("button", name="Details").click()
    expect(page.get_by_role("dialog").get_by_role("listitem")).to_contain_text("/torn.bin")
    visitor.look("jobs-damaged")
