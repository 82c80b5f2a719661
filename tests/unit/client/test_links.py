"""What the client takes for a link, and what it does not believe a server."""

from typing import Any

import pytest

from secure_file_transfer.client.core import AsyncClient
from secure_file_transfer.client.links import split_link
from secure_file_transfer.errors import InvalidNameError, InvalidRequestError, ProtocolViolationError
from secure_file_transfer.model import Kind, Rights

SECRET = "Ab_-" * 10 + "xyz"
LINK = {
    "id": 3,
    "path": "/a b",
    "kind": "folder",
    "rights": 10,
    "level": "contributor",
    "name": "N",
    "protected": True,
    "created": "2026-01-01T00:00:00Z",
    "expires": None,
    "downloads": 1,
    "downloads_max": 5,
    "used": None,
    "secret": SECRET,
}


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        (f"https://nas.example/s/{SECRET}", ("https://nas.example", SECRET)),
        (f"HTTPS://[::1]:5000/s/{SECRET}/", ("HTTPS://[::1]:5000", SECRET)),
        (f"http://nas.example/s/{SECRET}", None),
        (f"https://nas.example/x/s/{SECRET}", None),
        (f"https://nas.example/s/{SECRET}/cat.jpg", None),
        (f"https://nas.example/s/{SECRET}?zip", None),
        ("https://nas.example/s/short", None),
        ("https://nas.example", None),
        ("", None),
    ],
)
def test_what_is_the_url_of_a_link(url: str, parts: tuple[str, str] | None) -> None:
    assert split_link(url) == parts


class Answering(AsyncClient):
    """A client whose server says `answer` to everything."""

    answer: Any = None

    async def _ask(self, method: str, path: str, values: object = None, **options: Any) -> Any:
        return self.answer


@pytest.fixture
def client() -> Answering:
    return Answering("nas.example", 5000, token="t")


async def test_a_link_is_read_with_its_url_of_this_server(client: Answering) -> None:
    client.answer = LINK
    made = await client.create_link("/a b")
    assert (made.id, made.path, made.kind, made.rights) == (3, "/a b", Kind.FOLDER, Rights(10))
    assert made.url == f"https://nas.example:5000/s/{SECRET}"
    assert SECRET not in repr(made)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {**LINK, "secret": "../../evil"},
        {**LINK, "path": "/../x"},
        {**LINK, "rights": "x"},
        {**LINK, "kind": "?"},
    ],
)
async def test_an_answer_that_is_no_link_is_refused(client: Answering, wrong: Any) -> None:
    """Attack 59."""
    client.answer = wrong
    with pytest.raises((ProtocolViolationError, InvalidNameError)):
        await client.show_link(3)
    client.answer = {"links": [wrong]} if wrong is not None else None
    with pytest.raises((ProtocolViolationError, InvalidNameError)):
        await client.links()


async def test_a_visit_needs_the_url_of_a_link(client: Answering) -> None:
    with pytest.raises(InvalidRequestError):
        await client.visit("https://nas.example/")
