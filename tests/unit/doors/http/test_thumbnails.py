"""Pictures of files at the door. Who gets one: tests/unit/services/test_pictures.py."""

import threading
from collections.abc import Iterable, Iterator
from typing import Any, cast

import pytest

from secure_file_transfer.doors.http import thumbnails
from secure_file_transfer.doors.http.app import HttpServices, build_app
from secure_file_transfer.errors import UnsupportedContentError
from secure_file_transfer.ports import Buffer
from secure_file_transfer.services.pictures import Pictures

PICTURE = b"RIFF....WEBP"


class FakeRenderer:
    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.orders: list[tuple[str, int]] = []
        self.raises: Exception | None = None

    def render(self, kind: str, box: int, size: int, pieces: Iterable[Buffer]) -> bytes:
        self.orders.append((kind, box))
        assert self.gate.wait(10)
        assert sum(map(len, pieces)) == size
        if self.raises is not None:
            raise self.raises
        return PICTURE

    def close(self) -> None:
        self.gate.set()


@pytest.fixture
def renderer() -> FakeRenderer:
    return FakeRenderer()


@pytest.fixture
def app(house: Any, renderer: FakeRenderer) -> Iterator[Any]:
    fake = cast("Any", house)
    services = HttpServices(
        files=fake,
        sessions=fake,
        setup=fake,
        ca_pem=b"",
        anonymous=False,
        block_size=house.block_size,
        version="1",
        pictures=Pictures(fake, renderer),
    )
    app = build_app(services)
    app.gate.open()
    yield app
    app.close()


@pytest.fixture
def ask(app: Any, call: Any) -> Any:
    return type(call)(app)


async def test_a_picture_comes_with_the_tag_of_its_version(ask: Any, house: Any, renderer: FakeRenderer) -> None:
    entry = house.put("/a b.png", b"content")
    answer = await ask("GET", "/api/v1/thumbnails/a%20b.png?size=96")
    assert (answer.status, answer.body) == (200, PICTURE)
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["etag"] == f'"{entry.etag}-96"'
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = await ask("GET", "/api/v1/thumbnails/a%20b.png?size=96", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert renderer.orders == [("image", 96)]
    await ask("GET", "/api/v1/thumbnails/a%20b.png?version=2")
    assert renderer.orders == [("image", 96), ("image", 320)]
    house.wait_until_closed()


@pytest.mark.parametrize("query", ["?size=97", "?size=0", "?size=-1", "?size=99999", "?size=", "?width=96"])
async def test_only_few_sizes_are_drawn(ask: Any, house: Any, renderer: FakeRenderer, query: str) -> None:
    house.put("/a.png", b"x")
    assert (await ask("GET", f"/api/v1/thumbnails/a.png{query}")).code == "invalid_request"
    assert renderer.orders == []


async def test_what_has_no_picture_says_so(ask: Any, house: Any, renderer: FakeRenderer) -> None:
    house.put("/a.txt", b"x")
    house.put("/a.png", b"x")
    house.put("/d", None)
    assert (await ask("GET", "/api/v1/thumbnails/a.txt")).code == "unsupported_content"
    assert (await ask("GET", "/api/v1/thumbnails/nothing.png")).status == 404
    assert (await ask("GET", "/api/v1/thumbnails/d")).code == "is_a_folder"
    assert (await ask("GET", "/api/v1/thumbnails/..%2Fa.png")).code == "invalid_name"
    assert (await ask("GET", "/api/v1/thumbnails/a.png", token=None)).status == 401
    assert (await ask("PUT", "/api/v1/thumbnails/a.png")).status == 405
    renderer.raises = UnsupportedContentError("damaged")
    for _ in range(2):
        assert (await ask("GET", "/api/v1/thumbnails/a.png")).status == 415
    assert len(renderer.orders) == 1


async def test_a_server_that_draws_nothing_has_none(call: Any, house: Any) -> None:
    house.put("/a.png", b"x")
    assert (await call("GET", "/api/v1/thumbnails/a.png")).status == 404


async def test_the_line_is_bounded(ask: Any, app: Any, house: Any, renderer: FakeRenderer) -> None:
    house.put("/a.png", b"x")
    house.put("/known.png", b"y")
    assert (await ask("GET", "/api/v1/thumbnails/known.png")).status == 200
    renderer.gate.clear()
    for _ in range(thumbnails.WAITING_MAX + 2):
        app._context.drawing.submit(renderer.gate.wait)
    refused = await ask("GET", "/api/v1/thumbnails/a.png")
    assert (refused.status, refused.code) == (503, "busy")
    assert "retry-after" in refused.headers
    assert (await ask("GET", "/api/v1/thumbnails/known.png")).status == 200  # what is at hand needs no place
    renderer.gate.set()
