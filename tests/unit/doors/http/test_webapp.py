"""The door's part of the web app: how the built files are served. What they do is shown in tests/web."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.doors.http.webapp import HASHING, POLICY, WebApp

PAGE, SCRIPT = b"<!doctype html>" + b"x" * 1000, b"go()" * 1000


class Asked:
    def __init__(self, headers: dict[str, str]) -> None:
        self.scope = {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
        self.status, self.headers, self.content = 0, dict[bytes, bytes](), b""

    async def answer(self, status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> None:
        self.status, self.headers, self.content = status, dict(headers), content


@pytest.fixture
def app(tmp_path: Path) -> WebApp:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "assets" / "index-1a2b.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "hash.worker-Ab_-1.js").write_bytes(SCRIPT)
    (tmp_path / ".built-from").write_text("a digest")
    return WebApp(tmp_path)


async def ask(app: WebApp, path: bytes, **headers: str) -> Any:
    asked = Asked({name.replace("_", "-"): value for name, value in headers.items()})
    found = await app.serve(asked, path)  # type: ignore[arg-type] # all that it needs
    return asked if found else None


@pytest.mark.parametrize("path", [b"/", b"/files/", b"/files/a/b%2Fc", b"/jobs", b"/admin/log"])
async def test_the_page_is_there_at_every_address_of_the_app(app: WebApp, path: bytes) -> None:
    asked = await ask(app, path)
    assert (asked.status, asked.content) == (200, PAGE)
    assert asked.headers[b"content-security-policy"] == POLICY
    assert asked.headers[b"cache-control"] == b"no-cache"
    assert b"unsafe" not in POLICY


async def test_what_carries_its_hash_in_its_name_is_kept_for_good(app: WebApp) -> None:
    asked = await ask(app, b"/assets/index-1a2b.js", accept_encoding="br, gzip")
    assert b"immutable" in asked.headers[b"cache-control"]
    assert asked.headers[b"content-encoding"] == b"gzip"
    assert gzip.decompress(asked.content) == SCRIPT
    assert asked.headers[b"content-length"] == b"%d" % len(asked.content)
    plain = await ask(app, b"/assets/index-1a2b.js")
    assert plain.content == SCRIPT
    assert plain.headers[b"vary"] == b"accept-encoding"


async def test_only_the_worker_that_hashes_may_use_webassembly_and_it_may_do_nothing_else(app: WebApp) -> None:
    asked = await ask(app, b"/assets/hash.worker-Ab_-1.js")
    assert asked.headers[b"content-security-policy"] == HASHING
    assert b"connect-src" not in HASHING
    assert (await ask(app, b"/assets/index-1a2b.js")).headers[b"content-security-policy"] == POLICY


async def test_what_has_not_changed_is_not_sent_again(app: WebApp) -> None:
    first = await ask(app, b"/")
    again = await ask(app, b"/", if_none_match=first.headers[b"etag"].decode())
    assert (again.status, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", [b"/assets/none.js", b"/assets/../index.html", b"/.built-from", b"/assets", b"/filesystem"]
)
async def test_nothing_else_is_served(app: WebApp, path: bytes) -> None:
    assert await ask(app, path) is None


async def test_a_server_without_the_app_answers_as_before(tmp_path: Path) -> None:
    app = WebApp(tmp_path / "none")
    assert not app.there
    assert await ask(app, b"/") is None
