"""Sharing by HTTP: grants, what they open, and that nothing else shows."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.config import load
from secure_file_transfer.doors.http.app import HttpApp, HttpServices, build_app
from secure_file_transfer.model import MIB
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.blocks import Blocks
from secure_file_transfer.services.files import Files

PASSWORD = "a long enough word to say"


@pytest.fixture
def real(tmp_path: Path) -> Iterator[House]:
    house = House(load(data_dir=tmp_path / "data"))
    for name in ("ada", "bob", "cyn"):
        house.accounts.create(name, PASSWORD)
    yield house
    house.close()


@pytest.fixture
def sharing_app(real: House) -> Iterator[HttpApp]:
    access = Access(real.vaults.tree, real.catalog, real.clock)
    services = HttpServices(
        files=Files(access, real.sessions.check),
        sessions=real.sessions,
        setup=real.setup,
        ca_pem=b"",
        anonymous=False,
        block_size=MIB,
        version="1",
        blocks=Blocks(access, real.sessions.check, real.clock),
        shares=real.shares,
    )
    app = build_app(services)
    app.gate.open()
    yield app
    app.close()


@pytest.fixture
async def ask(sharing_app: HttpApp, real: House, call: Any) -> Callable[..., Any]:
    caller = type(call)(sharing_app)
    tokens = {
        name: real.sessions.sign_in(name, PASSWORD, door="http", address="::1", agent="test").token
        for name in ("ada", "bob", "cyn")
    }

    async def ask_(who: str, *arguments: Any, **options: Any) -> Any:
        return await caller(*arguments, **{"token": tokens[who], **options})

    for name in ("photos/cat.jpg", "secret.txt"):
        assert (await ask_("ada", "PUT", f"/api/v1/files/{name}?parents=true", body=b"cat")).status == 201
    return ask_


async def grant(ask: Any, who: str, path: str, to: str, rights: int | str) -> Any:
    return await ask(who, "PUT", "/api/v1/grants", json_body={"path": path, "to": to, "rights": rights})


async def test_a_grant_opens_what_it_says_and_is_listed_on_both_sides(ask: Any) -> None:
    made = await grant(ask, "ada", "/photos", "bob", "viewer")
    assert (made.status, made.json["rights"], made.json["level"]) == (200, 8, "viewer")
    assert (await ask("ada", "GET", "/api/v1/grants")).json["given"] == [made.json]
    received = {"path": "/Shared/ada/photos", "owner": "ada", "kind": "folder", "rights": 8, "level": "viewer"}
    assert (await ask("bob", "GET", "/api/v1/grants")).json == {"given": [], "received": [received]}
    assert (await ask("bob", "GET", "/api/v1/files/Shared/ada/photos/cat.jpg")).body == b"cat"
    ranged = await ask("bob", "GET", "/api/v1/files/Shared/ada/photos/cat.jpg", headers={"range": "bytes=1-1"})
    assert (ranged.status, ranged.body) == (206, b"a")
    assert (await ask("bob", "PUT", "/api/v1/files/Shared/ada/photos/cat.jpg", body=b"x")).code == "forbidden"
    listed = await ask("bob", "GET", "/api/v1/folders/Shared/ada/photos")
    assert (listed.json["rights"], len(listed.json["entries"])) == (8, 1)
    assert (await ask("bob", "GET", "/api/v1/folders/Shared/ada")).json["rights"] == 8
    assert (await ask("bob", "GET", "/api/v1/folders/")).json["rights"] == 15
    assert (await grant(ask, "ada", "/photos", "bob", 15)).json["level"] == "editor"
    assert (await ask("bob", "GET", "/api/v1/folders/Shared/ada/photos")).json["rights"] == 15
    assert (await ask("bob", "PUT", "/api/v1/files/Shared/ada/photos/cat.jpg", body=b"x")).status == 200
    assert (await ask("bob", "PUT", "/api/v1/folders/Shared/ada/photos/new")).status == 201
    target = {"source": "/Shared/ada/photos/cat.jpg", "target": "/Shared/ada/photos/new/cat.jpg"}
    assert (await ask("bob", "POST", "/api/v1/move", json_body=target)).json["path"] == target["target"]
    assert (await ask("bob", "DELETE", "/api/v1/entries/Shared/ada/photos")).code == "forbidden"
    ended = await ask("ada", "DELETE", "/api/v1/grants?path=/photos&to=bob")
    assert ended.json == {"revoked": 1}
    assert (await ask("bob", "GET", "/api/v1/files/Shared/ada/photos/new/cat.jpg")).code == "not_found"
    assert (await ask("ada", "DELETE", "/api/v1/grants?path=/photos")).code == "not_found"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
async def test_what_is_not_mine_answers_like_what_is_not_there(ask: Any, method: str) -> None:
    """Attack 27, for files: status, headers and body."""
    await grant(ask, "ada", "/photos", "bob", "editor")
    answers = []
    for name in ("secret.txt", "nothing.xt"):
        answer = await ask("bob", method, f"/api/v1/files/Shared/ada/{name}", body=b"")
        answers.append((answer.status, answer.headers, answer.body.replace(name.encode(), b"?")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


async def test_nobody_else_shares_it_and_nothing_wider_is_taken(ask: Any) -> None:
    """Attack 32: no field beside those that are known, no rights beyond the mask, nothing that is not one's own."""
    await grant(ask, "ada", "/photos", "bob", "editor")
    assert (await grant(ask, "bob", "/Shared/ada/photos", "cyn", "viewer")).code == "forbidden"
    assert (await grant(ask, "ada", "/photos", "ada", "viewer")).code == "invalid_request"
    for rights in (0, 16, -1, "owner", "", None, [8], True):
        assert (await grant(ask, "ada", "/photos", "cyn", rights)).status in {400, 422}  # type: ignore[arg-type]
    body = {"path": "/photos", "to": "cyn", "rights": 8, "owner": "cyn"}
    assert (await ask("ada", "PUT", "/api/v1/grants", json_body=body)).code == "invalid_request"
    assert (await ask("ada", "DELETE", "/api/v1/grants?path=/photos&all=1")).code == "invalid_request"
    assert (await ask("ada", "GET", "/api/v1/grants", token=None)).code == "sign_in_required"


async def test_the_block_protocol_says_where_it_is_not(ask: Any) -> None:
    """Attack 53."""
    await grant(ask, "ada", "/photos", "bob", "editor")
    assert (await ask("bob", "GET", "/api/v1/transfer?path=/mine")).status == 200
    for target in ("transfer?path=/Shared/ada/photos", "manifests/Shared/ada/photos/cat.jpg"):
        assert (await ask("bob", "GET", f"/api/v1/{target}")).code == "not_found"
