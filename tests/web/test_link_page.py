"""The page of a link, as a stranger with a browser sees it: with a script and without."""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from .conftest import Site
from .test_sharing import HOSTILE, share

SECRET = "rose water"


def png(width: int = 320, height: int = 200) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(
        b"\0" + b"".join(bytes((80 + x * 120 // width, 110 + y * 90 // height, 190)) for x in range(width))
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def link(site: Site, path: str, **terms: Any) -> str:
    return "/s/" + str(site.ask("POST", "/links", {"path": path, **terms})["secret"])


@pytest.fixture
def plain(browser: Browser, site: Site) -> Iterator[Page]:
    """A stranger whose browser runs no script."""
    context = browser.new_context(
        ignore_https_errors=True, java_script_enabled=False, base_url=site.url, locale="en-GB", accept_downloads=True
    )
    yield context.new_page()
    context.close()


def test_a_stranger_without_a_script_looks_fetches_and_sends(site: Site, plain: Page, tmp_path: Path) -> None:
    site.make_folder("/Photos")
    site.put("/Photos/cat.txt", b"meow" * 1000)
    site.put(f"/Photos/{HOSTILE}", b"x")
    plain.goto(link(site, "/Photos", rights="contributor", name="Our <b>holiday</b>"))
    expect(plain.get_by_role("heading", level=1)).to_have_text("Our <b>holiday</b>")
    expect(plain.get_by_role("link", name=HOSTILE, exact=False).first).to_be_visible()
    with plain.expect_download() as fetched:
        plain.get_by_role("link", name="Download cat.txt").click()
    assert fetched.value.suggested_filename == "cat.txt"
    assert Path(fetched.value.path()).read_bytes() == b"meow" * 1000
    with plain.expect_download() as fetched:
        plain.get_by_role("link", name="Download all as ZIP").click()
    assert fetched.value.suggested_filename.endswith(".zip")
    for name in ("one.bin", "two.bin"):
        (tmp_path / name).write_bytes(name.encode() * 100)
    plain.locator("input[type=file]").set_input_files([tmp_path / "one.bin", tmp_path / "two.bin"])
    plain.get_by_role("button", name="Send").click()
    expect(plain.get_by_role("status")).to_have_text("2 files have arrived. Thank you.")
    assert site.names("/Photos") == [HOSTILE, "cat.txt", "one.bin", "two.bin"]


def test_a_password_an_expiry_and_a_limit_hold_for_strangers(site: Site, visit: Any) -> None:
    site.put("/report.txt", b"figures")
    address = link(site, "/report.txt", password=SECRET, downloads=1, expires="2099-01-02T03:04:00Z")
    first = visit().page
    first.goto(address)
    assert "report" not in first.content()
    first.get_by_label("Password").fill("tulip water")
    first.get_by_role("button", name="Open").click()
    expect(first.get_by_role("alert")).to_contain_text("not the link")
    first.get_by_label("Password").fill(SECRET)
    first.get_by_label("Your name").fill("Mona")
    first.get_by_role("button", name="Open").click()
    expect(first.get_by_text("You are here as Mona.")).to_be_visible()
    expect(first.get_by_text("1 download left")).to_be_visible()
    expect(first.locator(".preview")).to_have_count(0)
    second = visit().page
    second.goto(address)
    second.get_by_label("Password").fill(SECRET)
    second.get_by_role("button", name="Open").click()
    expect(second.get_by_text("1 download left")).to_be_visible()
    with first.expect_download() as fetched:
        first.get_by_role("link", name="Download", exact=True).click()
    assert Path(fetched.value.path()).read_bytes() == b"figures"
    assert second.context.request.get(f"{address}/report.txt").status == 404
    third = visit().page
    third.goto(address)
    expect(third.get_by_role("heading", name="This link does not work")).to_be_visible()
    first.reload()
    expect(first.get_by_role("link", name="Download", exact=True)).to_be_visible()


def test_files_and_folders_are_sent_with_their_progress(site: Site, visit: Any, tmp_path: Path) -> None:
    site.make_folder("/Inbox")
    site.put("/Inbox/one.bin", b"mine")
    page = visit().page
    page.goto(link(site, "/Inbox", rights="contributor"))
    below = tmp_path / "Trip" / "day 1"
    below.mkdir(parents=True)
    (below / "a.txt").write_bytes(b"a")
    (tmp_path / "Trip" / "b.txt").write_bytes(b"b")
    (tmp_path / "one.bin").write_bytes(bytes(3_000_000))
    (tmp_path / "two.bin").write_bytes(b"two")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([tmp_path / "one.bin", tmp_path / "two.bin"])
    expect(page.locator(".sending li.sent")).to_have_count(2)
    expect(page.locator(".told")).to_have_text("Everything has arrived. Thank you.")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(tmp_path / "Trip")
    expect(page.locator(".sending li.sent")).to_have_count(4)
    assert site.names("/Inbox") == ["Trip", "one (1).bin", "one.bin", "two.bin"]
    assert site.names("/Inbox/Trip") == ["day 1", "b.txt"]
    assert site.names("/Inbox/Trip/day 1") == ["a.txt"]


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_drop_box_says_that_folders_do_not_stay_whole(site: Site, visit: Any, tmp_path: Path, language: str) -> None:
    """And tells of none that is there: not of one with the name of a folder that is sent."""
    site.make_folder("/Inbox")
    site.make_folder("/Inbox/Trip")
    visitor = visit(width=390, language=language)
    page = visitor.page
    page.goto(link(site, "/Inbox", rights="dropbox"))
    for day in ("day 1", "day 2"):
        (tmp_path / "Trip" / day).mkdir(parents=True)
        (tmp_path / "Trip" / day / "a.txt").write_text(day)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=re.compile("Choose a folder|انتخاب پوشه")).click()
    chooser.value.set_files(tmp_path / "Trip")
    expect(page.locator(".sending li.sent")).to_have_count(2)
    expect(page.locator("#send > .hint")).to_contain_text("ZIP")
    visitor.look("link-drop-folder")
    assert site.names("/Inbox") == ["Trip", "a (1).txt", "a.txt"]
    assert site.names("/Inbox/Trip") == []


def test_what_cannot_be_sent_says_why_and_is_tried_again(site: Site, visit: Any) -> None:
    site.make_folder("/Inbox")
    visitor = visit()
    page = visitor.page
    page.goto(link(site, "/Inbox", rights="dropbox"))
    page.route("**/s/**", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.locator("#files").set_input_files({"name": "a.txt", "mimeType": "", "buffer": b"a"})
    expect(page.locator(".sending li.failed")).to_contain_text("The connection was cut.")
    expect(page.locator(".told")).to_have_text("Not everything has arrived.")
    page.unroute("**/s/**")
    assert [each for each in visitor.complaints if "ERR_FAILED" not in each] == []
    visitor.complaints.clear()
    page.get_by_role("button", name="Try again a.txt").click()
    expect(page.locator(".sending li.sent")).to_have_count(1)
    assert site.names("/Inbox") == ["a.txt"]
    link_id = site.ask("GET", "/links")["links"][0]["id"]
    site.ask("DELETE", f"/links/{link_id}")
    page.locator("#files").set_input_files({"name": "b.txt", "mimeType": "", "buffer": b"b"})
    expect(page.locator(".sending li.failed")).to_be_visible()
    assert site.names("/Inbox") == ["a.txt"]


def test_what_is_dropped_is_sent(site: Site, visit: Any) -> None:
    site.make_folder("/Inbox")
    page = visit().page
    page.goto(link(site, "/Inbox", rights="dropbox"))
    given = page.evaluate_handle(
        "() => { const given = new DataTransfer(); given.items.add(new File(['x'], '<b>x.txt')); return given; }"
    )
    page.dispatch_event(".drop", "dragenter", {"dataTransfer": given})
    expect(page.locator(".drop")).to_have_class(re.compile("over"))
    page.dispatch_event(".drop", "drop", {"dataTransfer": given})
    expect(page.locator(".sending li.sent bdi")).to_have_text("<b>x.txt")
    assert site.names("/Inbox") == ["<b>x.txt"]


def test_a_text_is_shown_as_text_and_runs_nothing(site: Site, visit: Any) -> None:
    """Attack 36: what people store is text on our page, whatever it looks like."""
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    site.make_folder("/Docs")
    site.put("/Docs/evil.txt", evil.encode())
    site.put("/Docs/bytes.txt", b"\xff\xfe\x00\x01")
    site.put(
        "/Docs/evil.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(3)"><script>alert(4)</script></svg>'
    )
    page = visit().page
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.goto(link(site, "/Docs"))
    page.get_by_role("link", name="evil.txt").first.click()
    expect(page.locator("pre")).to_have_text(evil)
    page.get_by_role("link", name="Docs").click()
    page.get_by_role("link", name="bytes.txt").first.click()
    expect(page.get_by_role("link", name="Download", exact=True)).to_be_visible()
    expect(page.locator("pre")).to_be_hidden()
    page.goto(page.url.replace("bytes.txt", "evil.svg"))
    expect(page.locator(".preview img")).to_be_visible()


def test_an_operator_and_a_stranger_talk_and_a_warning_is_read(site: Site, visit: Any) -> None:
    site.put("/report.txt", b"figures")
    visitor = visit()
    page = visitor.page
    page.goto(link(site, "/report.txt"))
    expect(page.get_by_text("You are here as Guest 1.")).to_be_visible()
    (guest,) = [each for each in site.ask("GET", "/clients")["clients"] if each["kind"] == "visitor"]
    talk = site.ask("POST", "/chats", {"session": guest["session"]})["id"]
    site.ask("POST", f"/chats/{talk}/messages", {"id": str(uuid4()), "text": "<b>May I help?</b>"})
    expect(page.get_by_role("log")).to_contain_text("<b>May I help?</b>")
    page.get_by_label("Your message").fill("سلام")
    page.get_by_role("button", name="Say it").click()
    expect(page.get_by_role("log")).to_contain_text("سلام")
    expect(page.get_by_label("Your message")).to_be_focused()
    assert site.ask("GET", f"/chats/{talk}/messages")["messages"][0]["text"] == "سلام"
    visitor.look("link-chat")
    site.ask("POST", f"/clients/{guest['id']}/warnings", {"text": "We close at six."})
    expect(page.get_by_role("alert")).to_contain_text("We close at six.")
    visitor.look("link-warning")
    page.get_by_role("button", name="I have read it").click()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_qr_code_holds_the_address(site: Site, visit: Any) -> None:
    site.put("/report.txt", b"figures")
    link(site, "/report.txt")
    page = visit().sign_in()
    dialog = share(page, "report.txt")
    dialog.get_by_role("button", name="Show address").click()
    drawn = dialog.locator("svg[role=img][shape-rendering] path").get_attribute("d") or ""
    url = dialog.get_by_label("Address", exact=True).input_value()
    dark = {(int(x) - BORDER, int(y) - BORDER) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", drawn)}
    assert max(dark) <= (SIDE - 1, SIDE - 1)
    assert read(dark) == url


BORDER, SIDE = 3, 37
"""A QR code of version 5 (ISO/IEC 18004): 37 modules on a side, which is where addresses of links end up."""
_MASKS: tuple[Callable[[int, int], int], ...] = (
    lambda x, y: (x + y) % 2, lambda x, y: y % 2, lambda x, y: x % 3, lambda x, y: (x + y) % 3,
    lambda x, y: (y // 2 + x // 3) % 2, lambda x, y: x * y % 2 + x * y % 3, lambda x, y: (x * y % 2 + x * y % 3) % 2,
    lambda x, y: ((x + y) % 2 + x * y % 3) % 2,
)  # fmt: skip


def read(dark: set[tuple[int, int]]) -> str:
    """The text of a code of version 5 and level M, read as a camera's program does, but for errors to mend."""

    def fixed(x: int, y: int) -> bool:
        corner = (x < 9 and y < 9) or (x >= SIDE - 8 and y < 9) or (x < 9 and y >= SIDE - 8)
        return corner or x == 6 or y == 6 or (28 <= x <= 32 and 28 <= y <= 32)

    assert ((0, 8) in dark, (1, 8) in dark) == (True, False), "level M: 00, masked with 10"
    mask = _MASKS[sum(((x, 8) in dark) << (4 - x) for x in (2, 3, 4)) ^ 0b101]
    bits = []
    for step, right in enumerate((*range(SIDE - 1, 7, -2), 5, 3, 1)):
        for y in range(SIDE) if step % 2 else reversed(range(SIDE)):
            for x in (right, right - 1):
                if not fixed(x, y):
                    bits += [((x, y) in dark) ^ (mask(x, y) == 0)]
    words = [sum(bit << (7 - at) for at, bit in enumerate(bits[n : n + 8])) for n in range(0, 86 * 8, 8)]
    data = "".join(f"{word:08b}" for word in words[::2] + words[1::2])  # two blocks, one word of each in turn
    assert data[:4] == "0100", "bytes"
    length = int(data[4:12], 2)
    return bytes(int(data[at : at + 8], 2) for at in range(12, 12 + 8 * length, 8)).decode()


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_page_of_a_link_looks_right(site: Site, visit: Any, language: str, theme: str, width: int) -> None:
    site.make_folder("/عکس‌های سفر")
    site.make_folder("/عکس‌های سفر/Summer by the sea")
    for name, content in ((HOSTILE, b"x"), ("cat.png", png()), ("notes.txt", b"Line one\nLine two\n" * 40)):
        site.put(f"/عکس‌های سفر/{name}", content)
    site.put(f"/عکس‌های سفر/{'a-very-long-name-' * 9}.pdf", bytes(123_456))
    expires = "2099-12-24T18:00:00Z"
    folder = link(site, "/عکس‌های سفر", rights="contributor", name="Our holiday", expires=expires)
    drop = link(site, "/عکس‌های سفر", rights="dropbox")
    locked = link(site, "/عکس‌های سفر", password=SECRET)
    image = link(site, "/عکس‌های سفر/cat.png", downloads=5)
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.page
    page.goto(folder)
    page.locator(".drop").wait_for()
    visitor.look("link-folder")
    page.locator("#files").set_input_files({"name": "sent.txt", "mimeType": "", "buffer": b"a"})
    expect(page.locator(".sending li.sent")).to_have_count(1)
    page.locator(".told").scroll_into_view_if_needed()
    visitor.look("link-sent")
    page.goto(f"{folder}/cat.png?view")
    expect(page.locator(".preview img")).to_be_visible()
    visitor.look("link-image")
    page.goto(f"{folder}/notes.txt?view")
    expect(page.locator(".preview pre")).to_be_visible()
    visitor.look("link-text")
    page.goto(image)
    visitor.look("link-single")
    page.goto(drop)
    page.locator(".drop").wait_for()
    visitor.look("link-drop")
    page.goto(locked)
    page.locator("#password").fill("wrong")
    page.locator("button[type=submit]").click()
    expect(page.get_by_role("alert")).to_be_visible()
    visitor.look("link-password")
    page.goto("/s/" + "A" * 43)
    visitor.look("link-gone")
