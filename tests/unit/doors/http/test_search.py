"""`GET /api/v1/search`: what is found by HTTP, and what is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.config import load
from secure_file_transfer.doors.http.app import HttpServices, build_app
from secure_file_transfer.model import MIB, Role
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files

PASSWORD = "a long enough word to say"
SEARCH = "/api/v1/search"


@pytest.fixture
def ask(tmp_path: Path, call: Any) -> Iterator[Callable[..., Any]]:
    house = House(load(data_dir=tmp_path / "data"))
    house.accounts.create("ada", PASSWORD, Role.USER)
    token = house.sessions.sign_in("ada", PASSWORD, door="http", address="::1", agent="test").token
    app = build_app(
        HttpServices(
            files=Files(Access(house.vaults.tree, house.catalog, house.clock), house.credentials.check),
            sessions=house.sessions,
            setup=house.setup,
            ca_pem=b"",
            anonymous=False,
            block_size=MIB,
            version="1",
            credentials=house.credentials,
        )
    )
    app.gate.open()
    caller = type(call)(app)
    yield lambda *given, **options: caller(*given, token=token, **options)
    app.close()
    house.close()


async def test_a_search_by_http(ask: Any) -> None:
    for path in ("/api/v1/folders/a", "/api/v1/files/a/One.txt", "/api/v1/files/two.txt"):
        assert (await ask("PUT", path, body=b"" if "folders" in path else b"x")).status in {200, 201}
    answer = await ask("GET", f"{SEARCH}?name=ONE")
    assert answer.status == 200
    assert [entry["path"] for entry in answer.json["entries"]] == ["/a/One.txt"]
    assert answer.json["cursor"] is None
    step = await ask("GET", f"{SEARCH}?kind=text&limit=1")
    assert [entry["path"] for entry in step.json["entries"]] == ["/two.txt"]
    rest = await ask("GET", f"{SEARCH}?kind=text&cursor={step.json['cursor']}")
    assert [entry["path"] for entry in rest.json["entries"]] == ["/a/One.txt"]
    assert (await ask("GET", f"{SEARCH}?name=x&path=/nowhere")).code == "not_found"


@pytest.mark.parametrize(
    "query", ["", "name=", "kind=shoe", "name=x&limit=0", "name=x&cursor=!", "name=x&since=soon", "name=x&larger=-1",
              "name=x&path=/../etc", "name=x&surprise=1"],
)  # fmt: skip
async def test_what_makes_no_search_is_refused(call: Any, query: str) -> None:
    assert (await call("GET", f"{SEARCH}?{query}")).status == 400


async def test_nobody_searches_without_signing_in(call_anonymous: Any) -> None:
    assert (await call_anonymous("GET", f"{SEARCH}?name=x", token="sft_x")).code == "sign_in_required"
