"""The operator's pages about who may do what, in a browser, against a real server."""

import json
import ssl
import urllib.error
import urllib.request
from typing import Any

from playwright.sync_api import Page

from .conftest import PASSWORD, Site

LONG = "a-name-as-long-as-they-may-be-to-see-what-becomes-of-the-table-x"


def row(page: Page, name: str) -> Any:
    return page.get_by_role("row").filter(has_text=name)


def account(site: Site, name: str, **details: Any) -> None:
    site.ask("POST", "/admin/accounts", {"name": name, "password": PASSWORD, **details})


def act(page: Page, name: str, what: str) -> None:
    row(page, name).get_by_role("button", name="What can be done with").click()
    page.get_by_role("menuitem", name=what).click()


def refused(site: Site, path: str, body: Any) -> int:
    """The status of what the server answers to a stranger."""
    context = ssl.create_default_context(cafile=str(site.server.cafile))
    request = urllib.request.Request(f"{site.url}/api/v1{path}", json.dumps(body).encode(), method="POST")
    request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
