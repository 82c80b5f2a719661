"""What people store never runs in the app's origin: not in its preview, nor when its address is opened by itself."""

import urllib.parse
import uuid
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from .conftest import Site
from .persons import Program, add
from .samples import ELSEWHERE, HOSTILE

STAGE = "dialog .stage"
ACTIVE = (
    "script, iframe, object, embed, img, image, svg, math, form, input, button, base, meta[http-equiv], style, "
    "[style], [onload], [onerror], [onclick], [ontoggle], [href^='javascript:' i], [href^='data:' i]"
)
"""What has no place in a document that was cleaned."""


class Witness:
    """Notes whatever a hostile file could achieve."""

    def __init__(self, visitor: Any) -> None:
        self.page: Page = visitor.page
        self.seen: list[str] = []
        self.page.on("dialog", self._asked)
        visitor.context.on("request", self._requested)
        visitor.context.on("page", lambda page: self.seen.append(f"opened {page.url}"))

    def _asked(self, dialog: Any) -> None:
        self.seen.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _requested(self, request: Any) -> None:
        if ELSEWHERE in request.url or request.url.startswith(("http://", "data:text", "javascript:")):
            self.seen.append(f"request {request.url}")

    def nothing_ran(self) -> None:
        for frame in self.page.frames:
            if (
                frame.url.startswith(("https:", "about:srcdoc"))
                and frame.evaluate("typeof window.__pwned") != "undefined"
            ):
                self.seen.append(f"script in {frame.url}")
        assert self.seen == []


@pytest.fixture
def stored(site: Site) -> Site:
    for name, content in HOSTILE.items():
        site.put(f"/{name}", content)
    return site


@pytest.fixture
def visitor(stored: Site, visit: Any) -> Any:
    visitor = visit()
    visitor.sign_in()
    return visitor


def address(name: str) -> str:
    return f"/?view={urllib.parse.quote(name, safe='')}"


def test_attacks_36_and_37_no_preview_runs_what_it_shows(visitor: Any) -> None:
    """In each of the ways in which a file can be shown."""
    witness = Witness(visitor)
    page = visitor.page
    for name in HOSTILE:
        page.goto(address(name))
        stage = page.locator(STAGE)
        select = page.locator("dialog header select")
        expect(page.locator("#preview-name")).to_have_text(name)
        for view in select.locator("option").evaluate_all("all => all.map((each) => each.value)"):
            select.select_option(view)
            shown = stage.locator("iframe, img, canvas, audio, video, .cm-line, [role=row], .trouble").first
            expect(shown).to_be_attached()
            page.wait_for_load_state("networkidle")
        witness.nothing_ran()
        assert page.url.endswith(address(name)), name
        for frame in page.frames[1:]:
            assert frame.locator(ACTIVE).count() == 0, name
    # What is cleaned is parsed in a document without a window before: the policy reports what it forbids even there.
    assert [each for each in visitor.complaints if "Content Security Policy" not in each] == []
    visitor.complaints.clear()


def test_attacks_36_and_37_the_address_of_a_file_stores_it(stored: Site, visitor: Any) -> None:
    """Whatever it is called, with and without the query that gives images their type."""
    witness = Witness(visitor)
    page = visitor.page
    for name in HOSTILE:
        for query in ("", "?media"):
            with page.expect_download() as fetched, pytest.raises(Error, match=r"Download is starting|ERR_ABORTED"):
                page.goto(f"/api/v1/files/{urllib.parse.quote(name, safe='')}{query}")
            fetched.value.cancel()
            witness.nothing_ran()


EMBED = """([kind, address]) => new Promise((done) => {
  const made = document.createElement(kind);
  made.onload = () => done('loaded');
  made.onerror = () => done('refused');
  if (kind === 'object') made.data = address; else made[kind === 'link' ? 'href' : 'src'] = address;
  if (kind === 'link') made.rel = 'stylesheet';
  document.body.append(made);
  setTimeout(() => done('nothing'), 400);
})"""


@pytest.mark.parametrize("kind", ["script", "link", "iframe", "object", "embed"])
def test_attack_37_no_content_becomes_a_part_of_the_page(visitor: Any, kind: str) -> None:
    """Even from within the page: a script or style must have its type, and nothing lets itself be framed."""
    witness = Witness(visitor)
    for name in ("evil.js", "polyglot.gif", "evil.html", "evil.svg"):
        outcome = visitor.page.evaluate(EMBED, [kind, f"/api/v1/files/{name}?media"])
        assert outcome != "loaded" or kind in {"iframe", "object", "embed"}  # those tell nothing of what was refused
        witness.nothing_ran()
    assert all(
        "Content Security Policy" in each or "MIME type" in each or "Refused" in each for each in visitor.complaints
    )
    visitor.complaints.clear()


HOSTILE_NAME = "<img src=x onerror=window.__pwned=1>"
"""Short enough for every name that there is."""


def test_attack_36_no_name_or_text_runs_wherever_it_is_shown(site: Site, visit: Any) -> None:
    """Names of files, folders, links, accounts' notes and visitors, and what is written in a conversation."""
    text = f'{HOSTILE_NAME} [x](javascript:window.__pwned=1) https://x/"onmouseover=window.__pwned=1'
    site.make_folder(f"/{HOSTILE_NAME}")
    site.put(f"/{HOSTILE_NAME}/{HOSTILE_NAME}.txt", text.encode())
    site.put(f"/{HOSTILE_NAME}.txt", b"a")
    add(site, "sara")
    site.ask("PATCH", "/admin/accounts/sara", {"note": HOSTILE_NAME})
    site.ask("PUT", "/grants", {"path": f"/{HOSTILE_NAME}", "to": "sara", "rights": "editor"})
    link = site.ask("POST", "/links", {"path": f"/{HOSTILE_NAME}", "rights": "contributor", "name": HOSTILE_NAME})
    guest = Program(site).ask("POST", "/links/open", {"secret": link["secret"], "name": HOSTILE_NAME})
    chat = Program(site, token=guest["token"]).ask("POST", "/chats", {"to": None})["id"]
    said = {"id": str(uuid.uuid4()), "text": text}
    Program(site, token=guest["token"]).ask("POST", f"/chats/{chat}/messages", said)
    visitor = visit()
    witness = Witness(visitor)
    page = visitor.sign_in()
    folder = urllib.parse.quote(HOSTILE_NAME)
    places = [
        "",
        "files/" + folder,
        f"?view={folder}.txt",
        "?find=img",
        f"sharing?q={folder}",
        "trash",
        "account/sessions",
    ]
    places += [f"admin/{each}" for each in ("", "clients", "accounts", "sharing", "log", f"log?find={folder}")]
    for place in places:
        page.goto(f"/{place}")
        expect(page.locator("#content")).to_be_visible()
        page.wait_for_load_state("networkidle")
        witness.nothing_ran()
        assert page.locator("[onerror], [onmouseover]").count() == 0, place
    page.goto(f"/chat?id={chat}")
    expect(page.locator("li[data-sequence]")).to_contain_text(HOSTILE_NAME)
    witness.nothing_ran()
    assert page.locator("[href^='javascript:' i], [onmouseover], [onerror]").count() == 0
    for place in ("", f"/{folder}.txt?view"):
        page.goto(f"/s/{link['secret']}{place}")
        expect(page.get_by_text(HOSTILE_NAME).first).to_be_visible()
        page.wait_for_load_state("networkidle")
        witness.nothing_ran()
    site.ask("DELETE", f"/entries/{folder}.txt")
    page.goto("/trash")
    expect(page.get_by_text(f"{HOSTILE_NAME}.txt")).to_be_visible()
    witness.nothing_ran()


ELSEWHERE_PAGE = """<!doctype html><title>Elsewhere</title>
<form id=form method=post enctype=text/plain action="{url}/api/v1/sessions">
  <input name='{{"name":"sara","password":"four plain words together","x":"' value='"}}'></form>
<iframe src="{url}/" id=frame></iframe>
<script>
  window.outcomes = {{}};
  const tries = {{
    post: ['/api/v1/folders/evil', {{method: 'PUT', mode: 'no-cors'}}],
    text: ['/api/v1/links', {{method: 'POST', mode: 'no-cors', body: '{{"path":"/"}}'}}],
    read: ['/api/v1/folders/', {{mode: 'cors'}}],
    gone: ['/api/v1/sessions', {{method: 'DELETE', mode: 'cors'}}],
  }};
  window.over = Promise.all(Object.entries(tries).map(async ([name, [path, how]]) => {{
    try {{
      const answer = await fetch('{url}' + path, {{...how, credentials: 'include'}});
      window.outcomes[name] = answer.type + ' ' + (await answer.text());
    }} catch (error) {{ window.outcomes[name] = 'refused'; }}
  }}));
</script>"""


def test_attacks_35_and_39_a_page_of_another_site_does_and_reads_nothing(site: Site, visit: Any) -> None:
    """Forms, requests with the cookie, and our page in its frame; whoever is signed in stays who they are."""
    site.put("/mine.txt", b"mine")
    add(site, "sara")
    visitor = visit()
    page = visitor.sign_in()
    other = visitor.context.new_page()
    visitor.context.route(
        f"{ELSEWHERE}/**",
        lambda route: route.fulfill(content_type="text/html", body=ELSEWHERE_PAGE.format(url=site.url)),
    )
    other.goto(f"{ELSEWHERE}/")
    other.evaluate("window.over")
    outcomes = other.evaluate("window.outcomes")
    assert outcomes.pop("read") == "refused"
    assert outcomes.pop("gone") == "refused"
    assert not any("mine" in each for each in outcomes.values())
    assert [each.url for each in other.frames[1:]] == ["chrome-error://chromewebdata/"], "ours is in no frame"
    other.evaluate("document.querySelector('#form').submit()")
    other.wait_for_url(f"{site.url}/**")
    assert "sara" not in (other.text_content("body") or "")
    assert site.names("/") == ["mine.txt"]
    assert site.ask("GET", "/links")["links"] == []
    page.reload()
    expect(page.get_by_title("Account")).to_have_text("ada")


@pytest.mark.parametrize(
    "address",
    ["//elsewhere.invalid/", "/%2F%2Felsewhere.invalid", "/%5Celsewhere.invalid", "/files//elsewhere.invalid/x"],
)
def test_attack_38_no_address_of_ours_leads_elsewhere(site: Site, visit: Any, address: str) -> None:
    site.names("/")
    visitor = visit()
    page = visitor.page
    page.goto(site.url + address)
    assert page.url.startswith(site.url + "/")
    visitor.complaints.clear()
