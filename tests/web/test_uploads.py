"""Uploads from the browser: folders, cut networks, names that are taken, and what people do with the queue."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from secure_file_transfer.testing.proxy import FaultProxy, Harm

from .conftest import NAME, PASSWORD, Site, Visitor

MIB = 1 << 20
HOSTILE = "<img src=x onerror=alert(1)>.html"


def dock(page: Page) -> Any:
    return page.locator(".dock")


def title(page: Page, text: str) -> Any:
    """What the panel says of all; numbers are isolated in it."""
    isolated = re.sub(r"[0-9]+", lambda number: f"\u2068?{number[0]}\u2069?", text)
    return dock(page).locator("h2").filter(has_text=re.compile(isolated))


def row(page: Page, name: str) -> Any:
    return page.locator(".dock [role=listitem]").filter(has=page.locator(".name", has_text=name))


def pick(page: Page, *files: Path, act: str = "Upload files") -> None:
    """Choose files with the button of the bar."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=act, exact=True).first.click()
    chooser.value.set_files([str(each) for each in files])


def pick_by_key(page: Page, *files: Path) -> None:
    """The same without a button; the page has to be there to hear it."""
    page.locator("main footer").wait_for()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Control+u")
    chooser.value.set_files([str(each) for each in files])


def drop(page: Page, *paths: Path) -> None:
    """Let go of files and folders over the page, as a file manager does."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(each) for each in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 150, "y": 400, "data": data})
    session.detach()


def written(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    return path


def stored(site: Site, path: str) -> dict[str, Any]:
    entry: dict[str, Any] = site.ask("GET", f"/entries{path}")
    return entry


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_dropped_folder_arrives_whole_with_what_is_empty_in_it(site: Site, visit: Any, tmp_path: Path) -> None:
    folder = tmp_path / "trip"
    big = written(folder / "film.bin", 40 * MIB)
    small = [written(folder / "notes" / f"{number}.txt", 100 + number) for number in range(120)]
    (folder / "to do" / "later").mkdir(parents=True)
    (folder / HOSTILE).write_bytes(b"<script>alert(1)</script>")
    site.names("/")
    visitor = visit()
    page = visitor.sign_in()
    drop(page, folder)
    expect(title(page, "123 uploads finished")).to_be_visible()
    visitor.look("uploads-done")
    assert site.names("/trip") == ["notes", "to do", HOSTILE, "film.bin"]
    assert site.names("/trip/to do") == ["later"]
    assert stored(site, "/trip/film.bin")["sha256"] == digest(big)
    assert len(site.names("/trip/notes")) == len(small)
    assert stored(site, "/trip/notes/7.txt")["sha256"] == digest(small[7])


@contextmanager
def behind(site: Site, harm: Harm) -> Iterator[FaultProxy]:
    """A bad network between the server and whoever visits within."""
    direct = site.url
    with FaultProxy(site.server.port, harm) as proxy:
        site.url = f"https://127.0.0.1:{proxy.port}"
        yield proxy
        site.url = direct


def forgive_network(visitor: Visitor) -> None:
    """Browsers write down each request that the network lost; that was the point."""
    visitor.complaints[:] = [each for each in visitor.complaints if "ERR_" not in each and "WebSocket" not in each]


def test_a_cut_network_costs_a_pause_and_nothing_else(site: Site, visit: Any, tmp_path: Path) -> None:
    film = written(tmp_path / "film.bin", 48 * MIB)
    site.names("/")
    with behind(site, Harm(cuts=[5 * MIB, 20 * MIB, 33 * MIB])) as proxy:
        visitor = visit()
        page = visitor.sign_in()
        pick(page, film)
        expect(title(page, "1 upload finished")).to_be_visible(timeout=60_000)
        expect(row(page, "film.bin").get_by_label("SHA-256 is the same here and there")).to_be_visible()
        assert proxy.happened == 3
        assert proxy.passed["up"] < 48 * MIB + 6 * 8 * MIB, "only what was on the way is sent again"
        page.close()
    assert stored(site, "/film.bin")["sha256"] == digest(film)
    forgive_network(visitor)


def test_after_a_reload_the_same_file_goes_on_where_it_was(site: Site, visit: Any, tmp_path: Path) -> None:
    film = written(tmp_path / "film.bin", 48 * MIB)
    site.names("/")
    with behind(site, Harm(rate=5 * MIB)) as proxy:
        visitor = visit()
        page = visitor.sign_in()
        pick(page, film)
        expect(row(page, "film.bin").get_by_role("progressbar")).to_have_attribute(
            "aria-valuenow", re.compile("[3-9].")
        )
        expect(page).to_have_title(re.compile("[0-9]+%"))
        page.once("dialog", lambda question: question.accept())  # it warns before it is left
        page.reload()
        expect(title(page, "1 upload is unfinished")).to_be_visible()
        visitor.look("uploads-lost")
        before, proxy.harm.rate = proxy.passed["up"], 0.0
        assert site.names("/") == []
        with page.expect_file_chooser() as chooser:
            row(page, "film.bin").get_by_role("button", name="Choose the file").click()
        chooser.value.set_files(str(film))
        expect(title(page, "1 upload finished")).to_be_visible(timeout=60_000)
        assert proxy.passed["up"] - before < 40 * MIB
        page.close()
    assert stored(site, "/film.bin")["sha256"] == digest(film)
    forgive_network(visitor)


def test_names_that_are_taken_are_asked_about_while_the_others_go_on(site: Site, visit: Any, tmp_path: Path) -> None:
    files = [
        written(tmp_path / name, size)
        for name, size in (("a.txt", 50), ("b.txt", 60), ("big.bin", 2 * MIB), ("d.txt", 8))
    ]
    for name in ("a.txt", "b.txt", "big.bin"):
        site.put(f"/{name}", b"old")
    visitor = visit()
    page = visitor.sign_in()
    pick(page, *files)
    question = page.get_by_role("dialog")
    expect(question.get_by_role("heading")).to_contain_text("is there already")
    expect(title(page, "3 names are there already")).to_have_count(1)
    assert "d.txt" in site.names("/")
    visitor.look("uploads-conflict")
    expect(question.get_by_role("heading")).to_contain_text("a.txt")
    question.get_by_label("Replace it").first.check()
    question.get_by_role("button", name="Go on").click()
    expect(question.get_by_role("heading")).to_contain_text("b.txt")
    question.get_by_label("Keep both").check()
    question.get_by_label("The same for the other one").check()
    question.get_by_role("button", name="Go on").click()
    expect(question).to_have_count(0)
    expect(title(page, "4 uploads finished")).to_be_visible()
    assert stored(site, "/a.txt")["sha256"] == digest(files[0])
    assert stored(site, "/b.txt")["size"] == 3
    assert stored(site, "/b%20(1).txt")["sha256"] == digest(files[1])
    assert stored(site, "/big%20(1).bin")["sha256"] == digest(files[2])


def test_an_upload_is_paused_goes_on_and_is_given_up(site: Site, visit: Any, tmp_path: Path) -> None:
    film, other = written(tmp_path / "film.bin", 20 * MIB), written(tmp_path / "other.bin", 20 * MIB)
    site.names("/")
    with behind(site, Harm(rate=MIB)) as proxy:
        visitor = visit()
        page = visitor.sign_in()
        pick(page, film, other)
        expect(row(page, "film.bin")).to_contain_text(" of ")
        page.get_by_role("button", name="Pause \u2068film.bin").click()
        expect(row(page, "film.bin")).to_contain_text("Paused")
        page.get_by_role("button", name="Cancel \u2068other.bin").click()
        expect(row(page, "other.bin")).to_have_count(0)
        expect(title(page, "1 upload paused")).to_be_visible()
        visitor.look("uploads-paused")
        proxy.harm.rate = 0.0
        page.get_by_role("button", name="Go on with all").click()
        expect(title(page, "1 upload finished")).to_be_visible(timeout=60_000)
        page.close()
    assert site.names("/") == ["film.bin"]
    assert stored(site, "/film.bin")["sha256"] == digest(film)


def test_who_has_to_sign_in_again_finds_the_upload_going_on(site: Site, visit: Any, tmp_path: Path) -> None:
    film = written(tmp_path / "film.bin", 24 * MIB)
    site.names("/")
    with behind(site, Harm(rate=2 * MIB)) as proxy:
        visitor = visit()
        page = visitor.sign_in()
        pick(page, film)
        expect(row(page, "film.bin")).to_contain_text(" of ")
        site.ask("DELETE", "/sessions")  # all but the one that asks
        expect(page.locator("input[type=password]")).to_be_visible()
        proxy.harm.rate = 0.0
        page.locator("input").nth(0).fill(NAME)
        page.locator("input").nth(1).fill(PASSWORD)
        page.locator("button[type=submit]").click()
        expect(title(page, "1 upload finished")).to_be_visible(timeout=60_000)
        page.close()
    assert stored(site, "/film.bin")["sha256"] == digest(film)
    forgive_network(visitor)


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_queue_in_every_language_theme_and_width(
    site: Site, visit: Any, tmp_path: Path, language: str, theme: str, width: int
) -> None:
    folder = tmp_path / "گزارش‌های سال"
    long = "a very long name of a file that nobody would ever want to read to its end, and yet somebody gave it.pdf"
    files = [
        written(folder / name, size) for name, size in ((long, 900), ("گزارش سالانه.docx", 70_000), ("Photos", 10))
    ]
    stuck = written(folder / "film.mp4", 2 * MIB)
    site.make_folder("/Photos")
    site.put("/گزارش سالانه.docx", b"old")
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    page.context.route("**/api/v1/uploads/*", lambda route: route.abort())
    drop(page, *files, stuck)
    question = page.get_by_role("dialog")
    expect(question.locator("dd")).to_have_count(2)
    visitor.look("upload-question")
    question.locator("[value=overwrite]").check()
    question.locator("[type=checkbox]").check()
    question.locator("[type=submit]").click()
    expect(question).to_have_count(0)
    expect(page.locator(".dock .problem")).to_have_count(1)
    visitor.look("upload-queue")
    page.locator(".dock header button[aria-expanded]").click()
    visitor.look("upload-shut")
    page.once("dialog", lambda leave: leave.accept())
    page.reload()
    expect(page.locator(".dock .wrap")).to_have_count(1)
    visitor.look("upload-unfinished")
    forgive_network(visitor)
