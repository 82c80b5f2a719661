"""Debian's Chromium in front of a server, for the proofs about the web app. They need Playwright, as its tests do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from .proofs import PASSWORD, USER

_WIDE = ViewportSize(width=1200, height=800)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own."""
    program = shutil.which("chromium") or shutil.which("chromium-headless-shell")
    if program is None:
        raise FileNotFoundError("Debian's chromium is needed: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def sign_in(page: Page, name: str = USER, password: str = PASSWORD) -> None:
    """With the form."""
    page.goto("/")
    page.locator("input").nth(0).fill(name)
    page.locator("input").nth(1).fill(password)
    page.locator("button[type=submit]").click()
    page.locator("#content").wait_for()


def context(browser: Browser, url: str, **options: Any) -> BrowserContext:
    """A profile of its own: nothing in its cache, nobody signed in."""
    return browser.new_context(ignore_https_errors=True, base_url=url, viewport=_WIDE, **options)
