"""The operator's list of who is here, in a browser, with people who really do something."""

import re
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from secure_file_transfer.errors import SignInRequiredError
from secure_file_transfer.model import MIB, Principal
from secure_file_transfer.services.doing import Doing
from secure_file_transfer.testing.ftps_wire import FtpsWire

from .console import Stage, Upload, stage

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
NAMES = ["sara", "مریم.رضایی", "bartholomew.fitzgerald-montgomery@accounting.example.com", "scanner-2", "علی", "joão",
         "build.robot", "نگار", "obrien", "z"]  # fmt: skip
FILES = [
    "/Quarterly report of the northern region, final version, corrected (2) — for the board.xlsx",
    "/گزارش سالانهٔ حسابداری.docx",
    "/video.mp4",
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("data") / "data") as made:
        yield made


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


def upload(site: Stage, name: str, path: str, size: int = 400 * MIB, agent: str = "") -> Upload:
    return Upload(site, site.token(name, agent), urllib.parse.quote(path), size, agent)


@pytest.fixture(scope="module")
def crowd(site: Stage) -> Iterator[list[Upload]]:
    """Thirty of them; some move something."""
    with ExitStack() as stack:
        for number in range(27):
            name = NAMES[number % len(NAMES)]
            client = stack.enter_context(site.client(site.token(name, BROWSER if number % 3 else "")))
            list(client.list("/"))
        stack.enter_context(FtpsWire.signed_in(site.ftps("scanner-2")))
        moving = [upload(site, NAMES[at], path, (80 + 300 * at) * MIB) for at, path in enumerate(FILES)]
        for each in moving:
            stack.callback(each.close)
        yield moving


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.usefixtures("crowd")
def test_thirty_clients_are_looked_at(site: Stage, visit: Any, language: str, theme: str, width: int) -> None:
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    page.goto("/admin/clients?sort=rate&order=desc")
    expect(page.get_by_role("grid")).to_contain_text("video.mp4")
    visitor.look("clients")
    for at in (0, 1):
        page.get_by_role("checkbox").nth(at).check()
    visitor.look("clients-picked")
    page.locator("[role=row][data-at='0']").press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    visitor.look("client-details")
    page.keyboard.press("Escape")
    page.locator(".acts button").last.focus()
    page.get_by_role("button", name={"en": "Disconnect", "fa": "قطع اتصال"}[language]).click()
    page.get_by_role("dialog").locator("select").select_option("60")
    visitor.look("client-kick")
    page.keyboard.press("Escape")
    page.get_by_role("searchbox").fill("nobody is called that")
    expect(page.get_by_role("row", name="video.mp4")).to_have_count(0)
    visitor.look("clients-none")


def open_clients(visit: Any, query: str = "") -> Any:
    visitor = visit()
    visitor.sign_in()
    visitor.page.goto(f"/admin/clients{query}")
    return visitor


def pick(page: Page, name: str) -> None:
    row(page, name).get_by_role("checkbox").check()


def test_an_upload_is_seen_as_it_moves_and_its_end_too(site: Stage, visit: Any) -> None:
    page = open_clients(visit, "?q=uma").page
    one = upload(site, "uma", "/disk.img", 60 * MIB)
    expect(row(page, "uma")).to_contain_text("Uploading")
    expect(row(page, "uma")).to_contain_text("disk.img")
    expect(row(page, "uma")).to_contain_text("MB/s")
    expect(row(page, "uma")).to_contain_text("62.9 MB")
    assert one.finish() == 201
    expect(row(page, "uma")).to_contain_text("Idle")


def test_the_list_is_searched_filtered_and_the_address_says_how(site: Stage, visit: Any) -> None:
    page = open_clients(visit).page
    with FtpsWire.signed_in(site.ftps("printer")), site.client(site.token("nina")) as client:
        list(client.list("/"))
        page.get_by_label("Door").select_option("ftps")
        expect(row(page, "nina")).to_have_count(0)
        expect(row(page, "printer")).to_be_visible()
        assert page.url.endswith("?door=ftps")
        page.reload()
        expect(row(page, "printer")).to_be_visible()
        expect(row(page, "nina")).to_have_count(0)
        page.get_by_label("Door").select_option("")
        page.get_by_role("searchbox").fill("NIN")
        expect(row(page, "nina")).to_be_visible()
        expect(row(page, "printer")).to_have_count(0)


def test_a_warning_is_sent_and_its_acknowledgement_is_seen(site: Stage, visit: Any) -> None:
    with site.client(site.token("vera")) as vera:
        list(vera.list("/"))
        visitor = open_clients(visit, "?q=vera")
        page = visitor.page
        pick(page, "vera")
        page.get_by_role("button", name="Warn", exact=True).click()
        page.get_by_role("button", name="Send warning").click()
        expect(page.get_by_text("Say what the warning is about.")).to_be_visible()
        page.get_by_label("Warning").fill("Please stop before noon")
        visitor.look("client-warn")
        page.get_by_role("button", name="Send warning").click()
        expect(page.locator(".toast")).to_contain_text(re.compile("vera.* was warned"))
        row(page, "vera").press("Enter")
        expect(page.get_by_role("dialog")).to_contain_text("not acknowledged yet")
        page.goto("/admin/warnings")
        line = page.get_by_role("row").filter(has_text="Please stop before noon")
        expect(line).to_contain_text("Not yet")
        (warning,) = vera.warnings()
        vera.acknowledge(warning.id)
        expect(line).not_to_contain_text("Not yet")
        visitor.look("warnings")
        page.goto("/admin/clients?q=vera")
        row(page, "vera").press("Enter")
        expect(page.get_by_role("dialog")).to_contain_text("Please stop before noon")
        expect(page.get_by_role("dialog")).to_contain_text("Acknowledged")
        visitor.look("client-warned")


def test_who_is_disconnected_is_gone_and_hears_why(site: Stage, visit: Any) -> None:
    token = site.token("kim")
    one = Upload(site, token, "/too-much.bin", 400 * MIB)
    page = open_clients(visit, "?q=kim").page
    pick(page, "kim")
    page.get_by_role("button", name="Disconnect").click()
    page.get_by_label("Reason").fill("not today")
    page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    expect(row(page, "kim")).to_have_count(0)
    assert one.cut.wait(20) or one.status == 401
    one.close()
    with site.client(token) as kim, pytest.raises(SignInRequiredError, match="not today"):
        list(kim.list("/"))


def test_transfers_are_held_and_go_on(site: Stage, visit: Any) -> None:
    one = upload(site, "pat", "/held.bin", 40 * MIB)
    page = open_clients(visit, "?q=pat").page
    pick(page, "pat")
    page.get_by_role("button", name="Pause").click()
    expect(row(page, "pat")).to_contain_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(row(page, "pat")).to_contain_text("Uploading")
    assert one.finish() == 201


def test_one_does_not_end_oneself(site: Stage, visit: Any) -> None:
    page = open_clients(visit, "?q=ada").page
    row(page, "you").first.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Session")
    expect(dialog.get_by_role("button", name="Disconnect")).to_have_count(0)


FRAMES = """async () => {
  const gaps = [];
  let last = await new Promise(requestAnimationFrame);
  while (gaps.length < 180) {
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - last);
    last = now;
  }
  return gaps.sort((a, b) => a - b);
}"""


def test_a_thousand_clients_stay_smooth(site: Stage, visit: Any, record_property: Any) -> None:
    """All of them begin and end to do something again and again, while somebody looks at the list."""
    over = threading.Event()

    def bustle() -> None:
        while not over.is_set():
            for number in range(1000):
                address = f"198.51.{number // 250}.{number % 250}"
                site.house.presence.seen(Principal(None, None), "http", address, "many/1.0", Doing.LISTING)
            over.wait(2)

    thread = threading.Thread(target=bustle, daemon=True)
    thread.start()
    try:
        page = open_clients(visit, "?q=many").page
        expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "1001")
        gaps = page.evaluate(FRAMES)
        record_property(
            "frames", f"median {gaps[len(gaps) // 2]:.0f} ms, 95 % {gaps[171]:.0f} ms, worst {gaps[-1]:.0f} ms"
        )
        assert gaps[171] < 100
    finally:
        over.set()
        thread.join()
