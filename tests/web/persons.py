"""More people than the administrator: their accounts, their sign-ins, and what they ask of the API themselves."""

import json
import ssl
import urllib.request
from typing import Any

from playwright.sync_api import Page

from .conftest import PASSWORD, Site, Visitor


def add(site: Site, name: str) -> None:
    """An account of its own, with the password of all tests."""
    site.ask("POST", "/admin/accounts", {"name": name, "password": PASSWORD})


def sign_in(visitor: Visitor, name: str, password: str = PASSWORD) -> Page:
    """In the browser, at the address that is open, or at the first."""
    page = visitor.page
    if page.url == "about:blank":
        page.goto("/")
    page.locator("input").nth(0).fill(name)
    page.locator("input").nth(1).fill(password)
    page.locator("button[type=submit]").click()
    page.locator("#content").wait_for()
    return page


class Program:
    """Somebody at the API, beside the browser: signed in by name, or with a token."""

    def __init__(self, site: Site, name: str | None = None, token: str | None = None) -> None:
        self._url = f"{site.url}/api/v1"
        self._context = ssl.create_default_context(cafile=str(site.server.cafile))
        self.token = token
        if name is not None:
            self.token = self.ask("POST", "/sessions", {"name": name, "password": PASSWORD})["token"]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request. Raises urllib.error.HTTPError."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}{path}", content, method=method)
        request.add_header("content-type", "application/json")
        if self.token is not None:
            request.add_header("authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, context=self._context) as answer:
            return json.loads(answer.read() or b"null")


def client_of(site: Site, name: str) -> str:
    """The number under which operators see somebody's browser."""
    clients = site.ask("GET", "/clients")["clients"]
    found: str = next(each["id"] for each in clients if each["name"] == name and "Mozilla" in each["agent"])
    return found
