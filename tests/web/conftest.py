"""A browser and a server for the journeys. Screenshots are left in the folder that SFT_SCREENSHOTS names."""

import json
import os
import shutil
import ssl
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from secure_file_transfer.testing.forks import Nursery
from secure_file_transfer.testing.process import ServerProcess

expect.set_options(timeout=30_000)  # signing in hashes in idle threads: on a busy machine that takes a while
AXE = (Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js").read_text()
NAME, PASSWORD = "ada", "four plain words together"


class Site:
    """A server with one administrator, and a way to its API beside the browser."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.url = server.url
        self.context = ssl.create_default_context(cafile=str(server.cafile))
        self._token: str | None = None

    def ask(self, method: str, path: str, body: Any = None, raw: bytes | None = None) -> Any:
        """One request as the administrator, who is made with the first."""
        if self._token is None and path != "/setup":
            code = self.server.setup_code
            self._token = self.ask("POST", "/setup", {"code": code, "name": NAME, "password": PASSWORD})["token"]
        content = raw if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", content, method=method)
        request.add_header("content-type", "application/json" if raw is None else "application/octet-stream")
        if self._token is not None:
            request.add_header("authorization", f"Bearer {self._token}")
        with urllib.request.urlopen(request, context=self.context) as answer:
            return json.loads(answer.read() or b"null")

    def put(self, path: str, content: bytes) -> None:
        self.ask("PUT", "/files" + urllib.parse.quote(path), raw=content)

    def make_folder(self, path: str) -> None:
        self.ask("PUT", "/folders" + urllib.parse.quote(path), raw=b"")

    def names(self, path: str) -> list[str]:
        return [each["name"] for each in self.ask("GET", "/folders" + urllib.parse.quote(path))["entries"]]


@pytest.fixture
def site(tmp_path: Path, nursery: Nursery) -> Iterator[Site]:
    with ServerProcess(tmp_path / "data", nursery=nursery) as server:
        yield Site(server)


@contextmanager
def launched(package: str) -> Iterator[Browser]:
    """A browser of Debian's."""
    program = shutil.which(package)
    assert program, f"Debian's browser is needed: apt install {package}"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--ignore-certificate-errors"]
        )
        yield found
        found.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For a module only: while it is there a loop of Playwright's runs in this thread, which others cannot use then.

    The same engine without the window that nobody sees: less than half the work for each page.
    """
    with launched("chromium-headless-shell") as found:
        yield found


class Visitor:
    """Somebody in front of the page. Whatever the page complains of fails the test."""

    def __init__(
        self,
        browser: Browser,
        site: Site,
        *,
        language: str,
        theme: Any,
        width: int,
        folder: Path,
        worker: bool,
        touch: bool = False,
    ) -> None:
        self.complaints: list[str] = []
        self._folder = folder
        self._called = f"{language}-{theme}-{width}"
        self.context = browser.new_context(
            ignore_https_errors=True,
            viewport={"width": width, "height": 800},
            color_scheme=theme,
            locale={"en": "en-GB", "fa": "fa-IR"}[language],
            base_url=site.url,
            service_workers="allow" if worker else "block",
            has_touch=touch,
            is_mobile=touch,
        )
        self.context.set_default_timeout(30_000)
        self.page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        # Playwright catches choosers while somebody listens, and keys can overtake the beginning of that.
        self.page.on("filechooser", lambda _: None)

    def _heard(self, message: ConsoleMessage) -> None:
        # A refusal is an answer like any other, though browsers write it down: what the page makes of it is tested.
        expected = (
            "responded with a status of 4",
            "HTTP Authentication failed",  # what the socket of the events is told where others are told 401
            "Service Worker registration blocked by Playwright",
        )
        if message.type in {"error", "warning"} and not any(text in message.text for text in expected):
            self.complaints.append(message.text)

    def sign_in(self) -> Page:
        self.page.goto("/")
        self.page.locator("input").nth(0).fill(NAME)
        self.page.locator("input").nth(1).fill(PASSWORD)
        self.page.locator("button[type=submit]").click()
        self.page.locator("#content").wait_for()
        return self.page

    def look(self, name: str) -> None:
        """What holds for every page: nothing sticks out to the side, and axe finds nothing; then a screenshot."""
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
        if not self.page.evaluate("'axe' in window"):  # half a megabyte: once for each document
            self.page.evaluate(AXE)
        found = self.page.evaluate("axe.run({resultTypes: ['violations']}).then(({violations}) => violations)")
        told = [
            f"{each['id']}: {node['html'][:200]} {node['failureSummary']}" for each in found for node in each["nodes"]
        ]
        assert told == [], name
        self.shoot(name)

    def shoot(self, name: str) -> None:
        """Leave a picture."""
        if where := os.environ.get("SFT_SCREENSHOTS"):
            self.page.screenshot(path=str(Path(where) / f"{name}-{self._called}.png"))


@pytest.fixture
def visit(browser: Browser, site: Site, tmp_path: Path) -> Iterator[Any]:
    visitors: list[Visitor] = []

    def begin(*, language: str = "en", theme: Any = "light", width: int = 1200, **how: bool) -> Visitor:
        how = {"worker": False, **how}
        visitors.append(Visitor(browser, site, language=language, theme=theme, width=width, folder=tmp_path, **how))
        return visitors[-1]

    yield begin
    for visitor in visitors:
        visitor.context.close()
        assert visitor.complaints == []
