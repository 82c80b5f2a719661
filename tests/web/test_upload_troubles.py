"""Uploads that meet a full quota, a full disk or maintenance; and files that come in other ways than a drop."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from secure_file_transfer.errors import MaintenanceError, NoSpaceError, SecureFileTransferError
from secure_file_transfer.testing.proxy import Harm

from .conftest import Site
from .persons import Program, add, sign_in
from .test_uploads import MIB, behind, digest, dock, forgive_network, pick, pick_by_key, row, stored, title, written

DATED = re.compile(r"image [0-9]{4}(-[0-9]{2}){2} [0-9]{2}(\.[0-9]{2}){2}\.(png|jpg)")


def refuse(route: Route, error: SecureFileTransferError, **headers: str) -> None:
    """Answer as the server does."""
    told = {"code": error.code, "title": error.row.title, "detail": str(error), "hint": error.hint, "retryable": False}
    headers = {"Content-Type": "application/problem+json", **headers}
    route.fulfill(status=error.row.status, headers=headers, body=json.dumps(told))


def full(route: Route) -> None:
    """The disk of the server is full."""
    hint = "Free some space on the server and try again."
    refuse(route, NoSpaceError("No space left on the disk while storing", hint=hint))


def forgive_refusals(visitor: Any) -> None:
    """Browsers write down each answer of 5xx."""
    visitor.complaints[:] = [each for each in visitor.complaints if "status of 50" not in each]


def test_a_full_quota_is_said_before_anything_is_sent_and_mended_with_one_click(
    site: Site, visit: Any, tmp_path: Path
) -> None:
    """The larger goes in parts, which say nothing of where they belong."""
    add(site, "sara")
    site.ask("PATCH", "/admin/accounts/sara", {"quota": MIB})
    files = [written(tmp_path / "film.bin", 40 * MIB), written(tmp_path / "song.bin", 3 * MIB)]
    small = written(tmp_path / "note.txt", 500)
    with behind(site, Harm()) as proxy:
        visitor = visit()
        page = sign_in(visitor, "sara")
        pick(page, *files, small)
        expect(title(page, "2 uploads failed")).to_have_count(1)
        for file in files:
            expect(row(page, file.name)).to_contain_text("The quota of sara is used up")
            expect(row(page, file.name)).to_contain_text("Remove some files, or ask the operator for more.")
        assert proxy.passed["up"] < MIB
        visitor.look("uploads-quota")
        site.ask("PATCH", "/admin/accounts/sara", {"quota": 100 * MIB})
        page.get_by_role("button", name="Try all again").click()
        expect(title(page, "3 uploads finished")).to_be_visible(timeout=60_000)
        page.close()
    entries = Program(site, "sara").ask("GET", "/folders/")["entries"]
    assert {each["name"]: each["sha256"] for each in entries} == {each.name: digest(each) for each in [*files, small]}
    forgive_refusals(visitor)
    forgive_network(visitor)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_maintenance_holds_the_queue_which_goes_on_when_it_is_over(
    site: Site, visit: Any, tmp_path: Path, language: str
) -> None:
    files = [written(tmp_path / name, size) for name, size in (("film.bin", 2 * MIB), ("note.txt", 900))]
    site.ask("PATCH", "/limits", {"maintenance": True, "text": "Back at noon."})
    visitor = visit(language=language, width=390)
    page = visitor.sign_in()
    pick_by_key(page, *files)
    note = dock(page).get_by_role("alert")
    expect(note).to_contain_text("Back at noon.")
    expect(dock(page).locator(".problem")).to_have_count(0)
    visitor.look("uploads-maintenance")
    note.get_by_role("button").click()  # it is tried, and said anew
    expect(note).to_contain_text("Back at noon.")
    site.ask("PATCH", "/limits", {"maintenance": False})
    expect(dock(page).locator(".good")).to_have_count(2)
    expect(note).to_have_count(0)
    assert stored(site, "/film.bin")["sha256"] == digest(files[0])
    forgive_refusals(visitor)


def test_a_refusal_that_comes_after_the_end_of_its_reason_is_tried_again_soon(
    site: Site, visit: Any, tmp_path: Path
) -> None:
    site.ask("PATCH", "/limits", {"maintenance": True})
    visitor = visit()
    page = visitor.page
    late: list[Route] = []
    with page.expect_websocket() as socket:
        visitor.sign_in()
    visitor.context.route("**/api/v1/batch", lambda route: late.append(route), times=1)  # noqa: PLW0108 - it is marked
    with page.expect_request("**/api/v1/batch"):
        pick(page, written(tmp_path / "note.txt", 900))
    with socket.value.expect_event("framereceived", lambda payload: "maintenance" in str(payload)):
        site.ask("PATCH", "/limits", {"maintenance": False})
    (route,) = late
    refuse(route, MaintenanceError("Back at noon."), **{"Retry-After": "60"})
    expect(dock(page).locator(".good")).to_have_count(1, timeout=15_000)
    forgive_refusals(visitor)


def test_a_full_disk_holds_the_queue_until_somebody_made_room(site: Site, visit: Any, tmp_path: Path) -> None:
    files = [written(tmp_path / name, size) for name, size in (("film.bin", 9 * MIB), ("note.txt", 900))]
    site.names("/")
    visitor = visit()
    page = visitor.sign_in()
    visitor.context.route("**/api/v1/uploads/*", full)
    visitor.context.route("**/api/v1/batch", full)
    pick(page, *files)
    note = dock(page).get_by_role("alert")
    expect(note).to_contain_text("No space left on the disk while storing")
    expect(note).to_contain_text("Free some space on the server and try again.")
    visitor.look("uploads-full")
    assert site.names("/") == []
    visitor.context.unroute("**/api/v1/uploads/*")
    visitor.context.unroute("**/api/v1/batch")
    note.get_by_role("button", name="Go on").click()
    expect(title(page, "2 uploads finished")).to_be_visible()
    expect(note).to_have_count(0)
    assert stored(site, "/film.bin")["sha256"] == digest(files[0])
    forgive_refusals(visitor)


def test_a_large_file_goes_into_what_somebody_shares(site: Site, visit: Any, tmp_path: Path) -> None:
    """Parts lie in the home of whoever sends them, and nothing joins them in that of somebody else."""
    site.make_folder("/Films")
    add(site, "sara")
    site.ask("PUT", "/grants", {"path": "/Films", "to": "sara", "rights": "contributor"})
    film = written(tmp_path / "film.bin", 40 * MIB)
    visitor = visit()
    page = sign_in(visitor, "sara")
    page.goto("/files/Shared/ada/Films")
    pick(page, film)
    expect(title(page, "1 upload finished")).to_be_visible(timeout=60_000)
    assert stored(site, "/Films/film.bin")["sha256"] == digest(film)


COPY_PICTURE = """async () => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 8, height: 8});
  canvas.getContext('2d').fillRect(0, 0, 8, 4);
  const picture = await new Promise((done) => canvas.toBlob(done, 'image/png'));
  await navigator.clipboard.write([new ClipboardItem({'image/png': picture})]);
}"""


def test_a_picture_is_pasted_and_gets_a_name_of_its_own(site: Site, visit: Any) -> None:
    """Browsers call each of them image.png, and the second one would be asked about."""
    site.names("/")
    visitor = visit()
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.sign_in()
    page.locator("main footer").wait_for()  # it has to be there to hear the keys
    page.evaluate(COPY_PICTURE)
    page.keyboard.press("Control+v")
    expect(title(page, "1 upload finished")).to_be_visible()
    (name,) = site.names("/")
    assert DATED.fullmatch(name)
    page.get_by_role("button", name="New folder").first.click()
    page.keyboard.press("Control+v")  # into a field a picture is not pasted
    page.keyboard.press("Escape")
    expect(title(page, "1 upload finished")).to_be_visible()
    assert site.names("/") == [name]


def test_a_phone_takes_a_photo(site: Site, visit: Any) -> None:
    site.names("/")
    visitor = visit(width=390, touch=True)
    page = visitor.sign_in()
    page.get_by_role("button", name="More", exact=True).first.tap()
    visitor.look("uploads-phone-menu")
    expect(page.get_by_text("Upload a folder")).to_have_count(0)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Take a photo").tap()
    asked = chooser.value.element
    assert asked.get_attribute("capture") == "environment"
    assert asked.get_attribute("accept") == "image/*"
    assert not chooser.value.is_multiple()
    chooser.value.set_files({"name": "image.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff"})
    expect(title(page, "1 upload finished")).to_be_visible()
    assert DATED.fullmatch(site.names("/")[0])


DROP_HANDLE = """async ([name, size]) => {
  const folder = await navigator.storage.getDirectory();
  const handle = await folder.getFileHandle(name, {create: true});
  const writing = await handle.createWritable();
  await writing.write(new Uint8Array(size).map((_, at) => at * 7 + (at >> 10)));
  await writing.close();
  const file = await handle.getFile();
  const entry = {isFile: true, isDirectory: false, name, fullPath: '/' + name, file: (good) => good(file)};
  const item = {kind: 'file', type: '', webkitGetAsEntry: () => entry, getAsFileSystemHandle: async () => handle};
  const dropped = new Event('drop', {bubbles: true, cancelable: true});
  dropped.dataTransfer = {types: ['Files'], items: [item], files: [file]};
  document.querySelector('#content').dispatchEvent(dropped);
}"""
"""A file of the browser's own storage: its handle is like those of the disk, which no test can drop."""


def test_after_a_reload_the_browser_opens_the_file_again_by_itself(site: Site, visit: Any) -> None:
    site.names("/")
    with behind(site, Harm(rate=4 * MIB)) as proxy:
        visitor = visit()
        page = visitor.sign_in()
        page.evaluate(DROP_HANDLE, ["film.bin", 24 * MIB])
        expect(row(page, "film.bin").get_by_role("progressbar")).to_have_attribute(
            "aria-valuenow", re.compile("[3-9].")
        )
        page.once("dialog", lambda question: question.accept())
        page.reload()
        go_on = row(page, "film.bin").get_by_role("button", name="Go on with")
        expect(go_on).to_be_visible()
        visitor.look("uploads-handle")
        before, proxy.harm.rate = proxy.passed["up"], 0.0
        go_on.click()
        expect(title(page, "1 upload finished")).to_be_visible(timeout=60_000)
        assert proxy.passed["up"] - before < 20 * MIB
        page.close()
    assert stored(site, "/film.bin")["size"] == 24 * MIB
    forgive_network(visitor)
