"""The page of files under a finger; and what the pointer drags."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Site
from .test_files import row
from .test_uploads import title, written

SELECTED = "[data-at][aria-selected=true]"


class Finger:
    """Touches as the screen reports them: down, along, up."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)

    def _say(self, kind: str, *points: tuple[float, float]) -> None:
        touched = [{"x": x, "y": y} for x, y in points]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})

    def down(self, on: Locator) -> tuple[float, float]:
        box = on.bounding_box()
        assert box
        at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self._say("touchStart", at)
        return at

    def along(self, to: tuple[float, float]) -> None:
        self._say("touchMove", to)

    def up(self) -> None:
        self._say("touchEnd")


def picked(page: Page, *names: str) -> None:
    """These are picked, and nothing else."""
    expect(page.locator(SELECTED)).to_have_count(len(names))
    for name in names:
        expect(row(page, name)).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_finger_that_stays_picks_and_a_tap_opens(site: Site, visit: Any, language: str) -> None:
    site.make_folder("/Photos")
    for name in ("a.txt", "b.txt", "c.txt"):
        site.put(f"/{name}", b"some words")
    visitor = visit(width=390, touch=True, language=language)
    page = visitor.sign_in()
    finger = Finger(page)
    finger.down(row(page, "a.txt"))
    picked(page, "a.txt")  # already while it stays
    finger.up()
    picked(page, "a.txt")
    visitor.look("touch-picked")
    row(page, "b.txt").tap()
    picked(page, "a.txt", "b.txt")
    row(page, "a.txt").tap()
    picked(page, "b.txt")
    finger.down(row(page, "b.txt"))
    picked(page)
    finger.up()
    picked(page)
    row(page, "c.txt").tap()
    expect(page.locator("#preview-name")).to_have_text("c.txt")
    page.go_back()
    row(page, "Photos").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Photos")


def test_a_finger_that_moves_scrolls_and_picks_nothing(site: Site, visit: Any) -> None:
    for number in range(40):
        site.put(f"/{number:02}.txt", b"")
    page = visit(width=390, touch=True).sign_in()
    finger = Finger(page)
    x, y = finger.down(row(page, "08.txt"))
    for step in range(1, 12):
        finger.along((x, y - 20 * step))
    finger.up()
    expect(row(page, "25.txt")).to_be_visible()
    picked(page)


def test_a_file_is_dragged_onto_a_folder_of_the_tree_and_taken_back(site: Site, visit: Any, tmp_path: Any) -> None:
    for folder in ("/Photos", "/Photos/2026"):
        site.make_folder(folder)
    for name in ("a.txt", "b.txt", "c.txt"):
        site.put(f"/{name}", name.encode())
    visitor = visit()
    page = visitor.sign_in()
    tree = page.get_by_role("tree")
    folder = tree.get_by_role("treeitem", name="Photos")
    row(page, "a.txt").locator(".pick").click()
    row(page, "b.txt").locator(".pick").click()
    row(page, "a.txt").locator("[data-grip]").hover()
    page.mouse.down()
    folder.hover()
    folder.hover()  # the second move is the one over it
    expect(folder).to_have_class(re.compile(r"\bover\b"))
    visitor.shoot("touch-dragged")
    page.mouse.up()
    expect(row(page, "a.txt")).to_have_count(0)
    expect(row(page, "c.txt")).to_be_visible()
    assert site.names("/Photos") == ["2026", "a.txt", "b.txt"]
    page.get_by_role("button", name="Undo").click()
    expect(row(page, "a.txt")).to_be_visible()
    assert site.names("/Photos") == ["2026"]

    box = folder.bounding_box()
    assert box
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(written(tmp_path / "note.txt", 70))], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        at = {"x": box["x"] + 60, "y": box["y"] + 10}
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **at})
    expect(title(page, "1 upload finished")).to_be_visible()
    assert site.names("/Photos") == ["2026", "note.txt"]
