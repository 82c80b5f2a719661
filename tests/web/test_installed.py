"""The app as one that is installed: what browsers ask for, and what is left of it without a network."""

import json
import urllib.request
from typing import Any

from playwright.sync_api import expect

from .conftest import Site


def test_the_manifest_names_icons_that_are_there(site: Site) -> None:
    def fetch(path: str) -> Any:
        return urllib.request.urlopen(f"{site.url}{path}", context=site.context)

    with fetch("/manifest.webmanifest") as answer:
        assert answer.headers["content-type"] == "application/manifest+json"
        manifest = json.load(answer)
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    for icon in manifest["icons"]:
        with fetch(icon["src"]) as answer:
            assert answer.headers["content-type"] == icon["type"]
            content = answer.read()
            if icon["type"] == "image/png":  # width and height stand at 16 (PNG, 11.2.1)
                size = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
                assert "x".join(map(str, size)) == icon["sizes"]


def test_without_a_network_the_app_opens_and_says_so(site: Site, visit: Any) -> None:
    site.put("/secret.txt", b"x")
    visitor = visit(worker=True)
    page = visitor.sign_in()
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    page.reload()  # what this first page has fetched before there was a worker is kept now
    expect(page.get_by_text("secret.txt")).to_be_visible()
    keys = "caches.open('app').then((all) => all.keys())"
    kept = page.evaluate(f"{keys}.then((all) => all.map((each) => new URL(each.url).pathname))")
    assert "/" in kept
    assert [path for path in kept if path != "/" and not path.startswith("/assets/")] == []
    visitor.context.set_offline(True)
    page.goto("/files/secret")
    expect(page.get_by_text("cannot be reached")).to_be_visible()
    visitor.complaints.clear()  # the browser's own, of requests without a network
