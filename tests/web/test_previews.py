"""Files shown in the app: each kind in both languages, the way through a folder, and pictures of files in lists."""

import io
import re
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from .conftest import Site
from .samples import pdf, png, wav

LONG = "k A very long name of a plan that nobody would ever type but everybody receives by mail, version 12 (final).md"
PLAN = """# گزارش سالانه

The **plan** has three parts, see [the page](https://example.org/plan):

- [x] one `code`
- [ ] two

| what | how much |
| --- | --- |
| bolts | 12 |

> A word of somebody.

```python
print("hello")
```

![a picture](https://example.org/picture.png)
"""
CODE = '# says it\ndef greet(name: str = "world") -> int:\n    """Greet."""\n    return len(f"hello {name}") + 42\n'
TABLE = "name;amount;note\n" + "".join(f'"row {at}";{at},5;"a ""quoted"" note; گزارش"\n' for at in range(3000))


def tiff() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "#2456d6").save(out, "TIFF")
    return out.getvalue()


FILES = {
    "a picture.png": png(1600, 1000),
    "b film.webm": b"",  # made by the browser, see `film`
    "c sound.wav": wav(),
    "d plan.pdf": pdf(12),
    "e code.py": CODE.encode(),
    "f table.csv": TABLE.encode(),
    "g wide.txt": b"\xff\xfe" + "سلام، wide text\n".encode("utf-16-le"),
    "h bytes.bin": bytes(range(256)) * 5000,
    "i scan.tiff": tiff(),
    "j drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 2'><circle cx='2' cy='1' r='1'/></svg>",
    LONG: PLAN.encode(),
}
FILM = """() => new Promise((done) => {
  const canvas = document.createElement('canvas');
  canvas.width = 320; canvas.height = 180;
  const pen = canvas.getContext('2d');
  const recorder = new MediaRecorder(canvas.captureStream(20), {mimeType: 'video/webm'});
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.onstop = async () => done([...new Uint8Array(await new Blob(parts).arrayBuffer())]);
  recorder.start();
  let at = 0;
  const tick = setInterval(() => {
    pen.fillStyle = `hsl(${at * 12} 60% 50%)`;
    pen.fillRect(0, 0, 320, 180);
    if (++at === 15) { clearInterval(tick); recorder.stop(); }
  }, 40);
})"""


@pytest.fixture
def stocked(site: Site) -> Site:
    for name, content in FILES.items():
        if content:
            site.put(f"/{name}", content)
    return site


def opened(page: Page, name: str) -> Any:
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator("#preview-name")).to_have_text(name)
    return page.locator("dialog")


def is_shown(page: Page, name: str) -> None:
    """What must be there before it is looked at."""
    stage = page.locator("dialog .stage")
    if name.endswith((".png", ".tiff", ".svg")):
        expect(stage.locator("img.ready")).to_be_visible()
    elif name.endswith(".pdf"):
        expect(stage.locator("canvas").first).to_be_visible()
        expect(stage.get_by_text("Page 1 of the plan")).to_be_attached()
    elif name.endswith(".md"):
        expect(stage.frame_locator("iframe").get_by_role("heading")).to_have_text("گزارش سالانه")
    elif name.endswith((".csv", ".bin")):
        expect(stage.get_by_role("row").nth(3)).to_be_visible()
        expect(stage.get_by_text("·· ··").first).to_have_count(0)
    elif name.endswith((".py", ".txt")):
        expect(stage.locator(".cm-line").first).to_be_visible()
    else:
        expect(stage.locator("audio, video")).to_have_js_property("readyState", 4)


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_kind_of_file_is_shown(stocked: Site, visit: Any, language: str, theme: str, width: int) -> None:
    visitor = visit(language=language, theme=theme, width=width)
    page = visitor.sign_in()
    stocked.put("/b film.webm", bytes(page.evaluate(FILM)))
    page.reload()
    expect(page.locator(".pile.shown")).to_have_count(3)
    visitor.look("previews-list")
    opened(page, "a picture.png")
    for name in FILES:
        expect(page.locator("#preview-name")).to_have_text(name)
        is_shown(page, name)
        visitor.look(f"preview-{name.rpartition('.')[2]}")
        page.locator("dialog .stage").focus()
        page.keyboard.press("ArrowLeft" if language == "fa" else "ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile("/$"))


def test_the_address_of_a_preview_can_be_shared_and_back_closes_it(stocked: Site, visit: Any) -> None:
    stocked.make_folder("/deep & down")
    stocked.put("/deep & down/50% of it.txt", b"half")
    page = visit().sign_in()
    page.goto("/files/deep%20%26%20down?view=50%25+of+it.txt")
    expect(page.locator(".cm-line").first).to_have_text("half")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile("/files/deep%20%26%20down$"))
    opened(page, "50% of it.txt")
    assert page.url.endswith("?view=50%25+of+it.txt")
    page.go_back()
    expect(page.locator("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile("/files/deep%20%26%20down$"))
    page.go_forward()
    expect(page.locator(".cm-line").first).to_have_text("half")
    page.goto("/?view=nothing.txt")
    expect(page.locator("dialog").get_by_role("alert")).to_be_visible()


def test_the_keyboard_stays_in_the_preview_and_goes_back_to_the_list(stocked: Site, visit: Any) -> None:
    visitor = visit()
    page = visitor.sign_in()
    row = page.get_by_role("row").filter(has=page.get_by_role("button", name="e code.py", exact=True))
    row.click(position={"x": 600, "y": 20})
    page.keyboard.press("Enter")
    expect(page.locator(".cm-line").first).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("!!document.activeElement?.closest('body:focus, dialog') || !document.hasFocus()")
    page.locator("dialog .stage").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#preview-name")).to_have_text("d plan.pdf")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    expect(row).to_be_focused()


def test_long_text_comes_in_pieces_and_keeps_its_characters(site: Site, visit: Any) -> None:
    line = "نیم‌فاصله — a line of a long log\n"
    site.put("/long.log", line.encode() * 60_000)
    asked: list[str] = []
    visitor = visit()
    page = visitor.sign_in()
    page.on(
        "request", lambda request: asked.append(request.headers.get("range", "")) if "long.log" in request.url else None
    )
    dialog = opened(page, "long.log")
    expect(page.locator(".cm-line").first).to_contain_text("نیم‌فاصله")
    assert asked == ["bytes=0-1048575"]
    dialog.get_by_role("button", name="Show more").click()
    dialog.get_by_role("button", name="Show more").click()
    expect(dialog.get_by_role("button", name="Show more")).to_have_count(0)
    assert len(asked) == 3
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+End")
    expect(page.locator(".cm-lineNumbers .cm-gutterElement").last).to_have_text("60001")
    assert "\ufffd" not in page.locator(".cm-content").inner_text()


def test_bytes_far_into_a_large_file_are_fetched_alone(site: Site, visit: Any) -> None:
    content = bytearray(40_000_000)
    content[-16:] = b"the very last 16"
    site.put("/large.bin", bytes(content))
    got: list[int] = []
    page = visit().sign_in()
    page.on(
        "response",
        lambda answer: got.append(int(answer.headers["content-length"])) if "large.bin" in answer.url else None,
    )
    opened(page, "large.bin")
    table = page.locator("dialog").get_by_role("table")
    expect(table.get_by_role("row").first).to_contain_text("00 00 00")
    table.focus()
    page.keyboard.press("End")
    expect(table.get_by_text("the very last 16")).to_be_visible()
    page.keyboard.press("Home")
    expect(table.get_by_text("00000000", exact=True)).to_be_visible()
    assert sum(got) < 1_000_000


def test_an_image_is_made_larger_and_smaller(stocked: Site, visit: Any) -> None:
    visitor = visit()
    page = visitor.sign_in()
    dialog = opened(page, "a picture.png")
    image = dialog.locator("img.ready")
    fitting = image.bounding_box()
    assert fitting is not None
    assert fitting["width"] <= 1200
    dialog.get_by_role("button", name="Actual size").click()
    expect(image).to_have_css("width", "1600px")
    visitor.look("preview-zoomed")
    page.keyboard.press("-")
    expect(image).to_have_css("width", "1200px")
    page.keyboard.press("0")
    expect(dialog.get_by_role("button", name="Fit")).to_have_attribute("aria-pressed", "true")


def test_a_finger_turns_to_the_next_file(stocked: Site, visit: Any) -> None:
    page = visit(width=390).sign_in()
    opened(page, "a picture.png")
    wipe = """([from, to]) => {
      const stage = document.querySelector('dialog .stage');
      const at = (x) => new Touch({identifier: 1, target: stage, clientX: x, clientY: 300});
      const tell = (kind, touches, x) =>
        stage.dispatchEvent(new TouchEvent(kind, {touches, changedTouches: [at(x)], bubbles: true}));
      tell('touchstart', [at(from)], from);
      tell('touchend', [], to);
    }"""
    page.evaluate(wipe, [300, 100])
    expect(page.locator("#preview-name")).to_have_text("c sound.wav")
    page.evaluate(wipe, [100, 300])
    expect(page.locator("#preview-name")).to_have_text("a picture.png")


def test_another_way_of_showing_is_chosen(stocked: Site, visit: Any) -> None:
    visitor = visit()
    page = visitor.sign_in()
    dialog = opened(page, "f table.csv")
    expect(dialog.get_by_role("cell", name='a "quoted" note; گزارش').first).to_be_visible()
    expect(dialog.get_by_text(re.compile("3,000.? rows"))).to_be_visible()
    dialog.get_by_label("Show as").select_option("text")
    expect(page.locator(".cm-line").first).to_have_text("name;amount;note")
    dialog.get_by_label("Show as").select_option("hex")
    expect(dialog.get_by_role("row").first).to_contain_text("6e 61 6d 65")


def test_damaged_and_empty_files_say_so(site: Site, visit: Any) -> None:
    damaged = {
        "a.png": png(400, 400)[:40],
        "b.pdf": b"%PDF-1.7 no",
        "c.mp4": b"no film",
        "d.txt": b"",
        "e.tiff": b"II*\0no",
    }
    for name, content in damaged.items():
        site.put(f"/{name}", content)
    visitor = visit()
    page = visitor.sign_in()
    for name in damaged:
        page.goto(f"/?view={name}")
        expect(page.locator("dialog .trouble")).to_be_visible()
        visitor.look(f"preview-trouble-{name[0]}")


def test_pictures_are_drawn_for_the_grid(stocked: Site, visit: Any) -> None:
    visitor = visit()
    page = visitor.sign_in()
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Show as tiles").click()
    shown = page.locator(".tile img")
    expect(shown).to_have_count(3)
    for at in range(3):
        expect(shown.nth(at)).to_have_js_property("complete", value=True)
        assert shown.nth(at).evaluate("(image) => image.naturalWidth") in range(100, 321)
    visitor.look("previews-tiles")
