"""The letters of a PDF: picked, copied, looked for, in either direction, without keeping a thousand pages in memory."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from .conftest import Site
from .samples import ATTACK, pdf

REPORT = """<body style="font: 20px 'DejaVu Sans'"><h1>Report of the year</h1>
<p>The plan has three parts, and each part has a price.</p>
<p dir="rtl" style="font-size: 26px">گزارش‌های ماهانه برای مدیر فرستاده شد.</p>
<p dir="rtl">شمارهٔ ۱۴۰۳ در کتاب است.</p><p style="break-before: page">The last part.</p></body>"""
DRAWN = "<body><svg width='400' height='200'><rect width='400' height='200' fill='#2456d6'/></svg></body>"
NO_TEXT = {
    "en": "There is no text in it, only pictures of pages.",
    "fa": "متنی در آن نیست و صفحه‌ها فقط تصویرند.",
}
PLACE = """() => {
  const {x, y, width, height} = [...CSS.highlights.get('pdf-hit-current')][0].getBoundingClientRect();
  return {x, y, width, height};
}"""
MARKED = "[...CSS.highlights.get('pdf-hit{}')].map((each) => each.toString())"
HELD = """[...document.querySelectorAll('.leaf canvas')].reduce((sum, each) => sum + each.width * each.height, 0)"""


def printed(browser: Browser, html: str) -> bytes:
    """A PDF as a browser makes it, with letters of other scripts in fonts of its own."""
    page = browser.new_page()
    page.set_content(html)
    made = page.pdf(format="A5")
    page.close()
    return made


@pytest.fixture
def stored(site: Site, browser: Browser) -> Site:
    site.put("/report.pdf", printed(browser, REPORT))
    site.put("/drawn.pdf", printed(browser, DRAWN))
    site.put("/long.pdf", pdf(1000))
    site.put("/evil.pdf", pdf(2, say=f"<img src=x onerror={ATTACK}>".replace("(", "\\(").replace(")", "\\)")))
    site.put("/turned.pdf", pdf(1, page="/Rotate 90"))
    return site


def opened(page: Page, name: str) -> Locator:
    page.goto(f"/?view={name}")
    dialog = page.locator("dialog")
    expect(dialog.locator(".letters span").first).to_be_attached()
    return dialog


def found(dialog: Locator, text: str) -> None:
    """What the box says, whichever invisible signs keep its numbers in order."""
    said = "".join(rf"[\u2068\u2069]*{re.escape(letter)}" for letter in text)
    expect(dialog.get_by_role("search").get_by_role("status")).to_have_text(re.compile(f"^{said}[\u2068\u2069]*$"))


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_words_are_found_in_either_direction(stored: Site, visit: Any, language: str, theme: str, width: int) -> None:
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    dialog = opened(page, "report.pdf")
    page.keyboard.press("Control+f")
    box = dialog.get_by_role("searchbox")
    expect(box).to_be_focused()
    box.fill("PART")
    found(dialog, {"en": "1 of 3", "fa": "۱ از ۳"}[language])
    assert page.evaluate(MARKED.format("-current")) == ["part"]
    visitor.look("pdf-found")
    box.fill("گزارشهای")
    found(dialog, {"en": "1 of 1", "fa": "۱ از ۱"}[language])
    assert page.evaluate(MARKED.format("-current")) == ["گزارشهای"]  # a font has no sign that is not seen
    visitor.look("pdf-found-persian")
    box.fill("nowhere")
    found(dialog, {"en": "No matches", "fa": "چیزی پیدا نشد"}[language])
    visitor.look("pdf-not-found")
    page.goto("/?view=drawn.pdf")
    expect(dialog.locator("canvas")).to_be_visible()
    page.keyboard.press("Control+f")
    box.fill("plan")
    found(dialog, NO_TEXT[language])
    visitor.look("pdf-no-text")


def test_the_box_is_used_by_keyboard_alone(stored: Site, visit: Any) -> None:
    page = visit().sign_in()
    dialog = opened(page, "report.pdf")
    page.keyboard.press("Control+f")
    page.keyboard.type("part")
    found(dialog, "1 of 3")
    for key, said in (("Enter", "2 of 3"), ("Enter", "3 of 3"), ("F3", "1 of 3"), ("Shift+Enter", "3 of 3")):
        page.keyboard.press(key)
        found(dialog, said)
    expect(dialog.get_by_text(re.compile("Page .2. of .2."))).to_be_visible()
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Previous match")).to_be_focused()
    page.keyboard.press("Enter")
    found(dialog, "2 of 3")
    page.keyboard.press("Escape")
    expect(dialog.get_by_role("search")).to_have_count(0)
    expect(dialog).to_be_visible()
    assert page.evaluate(MARKED.format("")) == page.evaluate(MARKED.format("-current")) == []
    expect(dialog.get_by_role("region", name="report.pdf")).to_be_focused()
    page.keyboard.press("Control+f")
    expect(dialog.get_by_role("searchbox")).to_have_value("part")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    assert page.evaluate(MARKED.format("")) == []


def test_letters_are_picked_with_the_mouse_and_copied(stored: Site, visit: Any) -> None:
    visitor = visit()
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.sign_in()
    dialog = opened(page, "report.pdf")
    first = dialog.locator(".letters span", has_text="Report").bounding_box()
    last = dialog.locator(".letters span", has_text="price").bounding_box()
    assert first is not None
    assert last is not None
    page.mouse.move(first["x"] + 1, first["y"] + first["height"] / 2)
    page.mouse.down()
    page.mouse.move(first["x"] + 40, first["y"] + first["height"] / 2)
    page.mouse.move(last["x"] + last["width"] - 1, last["y"] + last["height"] / 2, steps=5)
    page.mouse.move(last["x"] + last["width"] + 30, last["y"] + last["height"] + 6, steps=3)  # past the end of the line
    visitor.shoot("pdf-picked")
    page.keyboard.press("Control+c")
    page.mouse.up()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert " ".join(copied.split()) == "Report of the year The plan has three parts, and each part has a price."
    drawn, over = dialog.locator("canvas").first.bounding_box(), dialog.locator(".letters").first.bounding_box()
    assert drawn == pytest.approx(over, abs=1)


def test_letters_stand_where_they_are_drawn_on_a_turned_page(stored: Site, visit: Any) -> None:
    visitor = visit()
    page = visitor.sign_in()
    dialog = opened(page, "turned.pdf")
    page.keyboard.press("Control+f")
    page.keyboard.type("plan")
    found(dialog, "1 of 1")
    canvas, hit = dialog.locator("canvas").bounding_box(), page.evaluate(PLACE)
    assert canvas is not None
    scale = canvas["width"] / 842
    assert hit["height"] > hit["width"], "it runs downwards"
    assert (hit["x"] - canvas["x"]) / scale == pytest.approx(700, abs=12)
    visitor.shoot("pdf-turned")


def test_a_thousand_pages_are_searched_and_only_those_near_are_held(stored: Site, visit: Any) -> None:
    page = visit().sign_in()
    dialog = opened(page, "long.pdf")
    page.keyboard.press("Control+f")
    page.keyboard.type("of the plan")
    found(dialog, "1 of 1,000")
    assert len(page.evaluate(MARKED.format(""))) < 10
    dialog.get_by_role("searchbox").fill("Page 777 ")
    found(dialog, "1 of 1")
    expect(dialog.get_by_text(re.compile("Page .777. of .1,000."))).to_be_visible()
    expect(dialog.locator(".letters", has_text="Page 777 of the plan")).to_be_in_viewport()
    room = dialog.get_by_role("region", name="long.pdf")
    for at in range(0, 1000, 90):
        room.evaluate("(room, at) => (room.scrollTop = room.querySelectorAll('.leaf')[at].offsetTop)", at)
        expect(dialog.locator(".letters", has_text=f"Page {at + 1} of")).to_be_attached()
    assert dialog.locator("canvas").count() < 8
    assert page.evaluate(HELD) < 8 * 8_000_000


def test_attack_36_text_in_a_pdf_stays_text(stored: Site, visit: Any) -> None:
    page = visit().sign_in()
    dialog = opened(page, "evil.pdf")
    page.keyboard.press("Control+f")
    page.keyboard.type("<img src=x")
    found(dialog, "1 of 2")
    assert dialog.locator(".letters :is(img, a, script, input, iframe)").count() == 0
    assert page.evaluate("typeof window.__pwned") == "undefined"
