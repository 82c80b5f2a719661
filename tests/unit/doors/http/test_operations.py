"""Limits, status and the end of the server by HTTP, and what others hear of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.config import load
from secure_file_transfer.doors.http.app import HttpApp, HttpServices, build_app
from secure_file_transfer.model import MIB, Principal, Role, Scope
from secure_file_transfer.server.house import House
from secure_file_transfer.server.operations import open_operations
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.blocks import Blocks
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.operations import Operations
from secure_file_transfer.services.tokens import Wish
from secure_file_transfer.services.traffic import Traffic

PASSWORD = "a long enough word to say"
API = "/api/v1"
NOTHING = {"clients": 0, "transfers": 0, "rate_up": 0, "rate_down": 0, "maintenance": False, "text": ""}


@pytest.fixture
def real(tmp_path: Path) -> Iterator[House]:
    house = House(load(data_dir=tmp_path / "data"))
    house.accounts.create("ada", PASSWORD, Role.ADMIN)
    for name in ("bob", "eve"):
        house.accounts.create(name, PASSWORD)
    yield house
    house.close()


@pytest.fixture
def operations(real: House) -> Iterator[Operations]:
    found = open_operations(load(data_dir=real.directory.path), real, Traffic(real.clock))
    yield found
    found.stopping.close()


@pytest.fixture
def ask(real: House, operations: Operations, call: Any) -> Iterator[Callable[..., Any]]:
    access = Access(real.vaults.tree, real.catalog, real.clock)
    files = Files(access, real.credentials.check)
    services = HttpServices(
        files=files,
        sessions=real.sessions,
        setup=real.setup,
        ca_pem=b"",
        anonymous=False,
        block_size=MIB,
        version="1",
        credentials=real.credentials,
        blocks=Blocks(access, real.credentials.check, real.clock),
        traffic=operations.limits._traffic,
        tokens=real.tokens,
        operations=operations,
    )
    app: HttpApp = build_app(services)
    app.gate.open()
    yield type(call)(app)
    app.close()


@pytest.fixture
def token(real: House) -> Callable[[str], str]:
    def of(name: str) -> str:
        return real.sessions.open_for(real.accounts.get(name), door="http", address="::1", agent="test").token

    return of


async def test_an_operator_reads_and_changes_the_limits(ask: Any, token: Any) -> None:
    ada = token("ada")
    assert (await ask("GET", f"{API}/limits", token=ada)).json == {**NOTHING, "configured": NOTHING, "changed": {}}
    answer = await ask("PATCH", f"{API}/limits", json_body={"clients": 5, "text": "x"}, token=ada)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json["clients"] == 5
    assert answer.json["changed"]["clients"]["by"] == "ada"
    answer = await ask("PATCH", f"{API}/limits", json_body={"clients": None}, token=ada)
    assert (answer.json["clients"], answer.json["text"], set(answer.json["changed"])) == (0, "x", {"text"})


@pytest.mark.parametrize(
    "body", [{"clients": "5"}, {"clients": True}, {"clients": -1}, {"other": 1}, {"maintenance": 1}, {"text": "\n"}, {}]
)
async def test_what_is_no_change_is_refused(ask: Any, token: Any, body: Any) -> None:
    answer = await ask("PATCH", f"{API}/limits", json_body=body, token=token("ada"))
    assert (answer.status, answer.code) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", "/limits", None), ("PATCH", "/limits", {"clients": 1}), ("POST", "/server/stop", {})],
)
async def test_everybody_else_is_refused(
    ask: Any, token: Any, operations: Operations, method: str, path: str, body: Any
) -> None:
    options = {} if body is None else {"json_body": body}
    assert (await ask(method, API + path, token=token("bob"), **options)).code == "forbidden"
    assert (await ask(method, API + path, token=None, **options)).code == "sign_in_required"
    assert (operations.limits.values.clients, operations.stopping.plan) == (0, None)


async def test_attack_32_tokens_read_with_the_scope_and_change_nothing(ask: Any, real: House) -> None:
    signed = real.sessions.open_for(real.accounts.get("ada"), door="http", address="::1", agent="")
    ada = Principal(signed.account, signed.session)

    def made(*scopes: Scope) -> str:
        return real.tokens.create(ada, PASSWORD, Wish("t", frozenset(scopes)), address="::1").text

    reader, operator = made(Scope.FILES_READ), made(Scope.ADMIN)
    assert (await ask("GET", f"{API}/status", token=reader)).json["details"] is None
    assert (await ask("GET", f"{API}/status", token=operator)).json["details"]["clients"] >= 1
    assert (await ask("GET", f"{API}/limits", token=reader)).code == "forbidden"
    assert (await ask("GET", f"{API}/limits", token=operator)).status == 200
    for token in (reader, operator):
        assert (await ask("PATCH", f"{API}/limits", json_body={"clients": 1}, token=token)).code == "forbidden"
        assert (await ask("POST", f"{API}/server/stop", json_body={}, token=token)).code == "forbidden"


async def test_everybody_sees_a_part_of_the_status_and_operators_the_rest(ask: Any, real: House, token: Any) -> None:
    real.certificate_view.note(real.certificates.ensure(["localhost"]).chain)
    ada, bob = token("ada"), token("bob")
    await ask("PUT", f"{API}/files/a", body=b"12345", token=bob)
    await ask("GET", f"{API}/files/a", token=bob)
    public = (await ask("GET", f"{API}/status", token=bob)).json
    assert (public["details"], public["maintenance"], public["stopping"]) == (None, False, None)
    details = (await ask("GET", f"{API}/status", token=ada)).json["details"]
    assert details["bytes"] == {"up": 5, "down": 5}
    assert (details["clients"], details["stored_bytes"], details["stored_files"]) == (2, 5, 1)
    assert details["running"] == details["waiting"] == {"up": 0, "down": 0}
    assert details["free_bytes"] > 0
    assert details["certificate"]["soon"] is False
    assert details["limits"] == NOTHING


async def test_operators_see_what_moved_lately(ask: Any, token: Any) -> None:
    ada, bob = token("ada"), token("bob")
    await ask("PUT", f"{API}/files/a", body=b"12345", token=bob)
    lately = (await ask("GET", f"{API}/status/lately", token=ada)).json
    assert (lately["step_seconds"], len(lately["up"]), len(lately["down"])) == (2.0, 300, 300)
    assert sum(lately["up"]) in {0, 5}  # a step is told once it is over
    assert (await ask("GET", f"{API}/status/lately", token=bob)).status == 403
    assert (await ask("GET", f"{API}/status/lately")).status == 401


async def test_a_full_server_says_so_to_the_next_client_and_lets_operators_in(
    ask: Any, token: Any, real: House
) -> None:
    ada, bob, eve = token("ada"), token("bob"), token("eve")
    await ask("PATCH", f"{API}/limits", json_body={"clients": 2}, token=ada)
    assert (await ask("GET", f"{API}/folders", token=bob)).status == 200
    refused = await ask("GET", f"{API}/folders", token=eve)
    assert (refused.status, refused.code, refused.headers["retry-after"]) == (503, "server_full", "30")
    before = len(real.catalog.read(lambda tx: tx.sessions.all(100)))
    signing = {"name": "eve", "password": PASSWORD}
    refused = await ask("POST", f"{API}/sessions", json_body=signing, token=None)
    assert (refused.status, refused.code) == (503, "server_full")
    assert len(real.catalog.read(lambda tx: tx.sessions.all(100))) == before
    assert (await ask("GET", f"{API}/folders", token=bob)).status == 200
    signing = {"name": "ada", "password": PASSWORD}
    assert (await ask("POST", f"{API}/sessions", json_body=signing, token=None)).status == 201
    assert (await ask("DELETE", f"{API}/sessions/current", token=bob)).status == 204


async def test_in_maintenance_transfers_are_refused_and_listings_go_on(ask: Any, token: Any) -> None:
    ada, bob = token("ada"), token("bob")
    await ask("PUT", f"{API}/files/a", body=b"x", token=bob)
    wanted = {"maintenance": True, "text": "Back at 18:00"}
    await ask("PATCH", f"{API}/limits", json_body=wanted, token=ada)
    eve, other = token("eve"), token("bob")
    for method, path in (("PUT", "b"), ("GET", "a")):
        refused = await ask(method, f"{API}/files/{path}", body=b"x" if method == "PUT" else b"", token=other)
        assert (refused.status, refused.code, refused.headers["retry-after"]) == (503, "maintenance", "60")
        assert "Back at 18:00" in refused.json["detail"]
        assert refused.json["retryable"] is False
    refused = await ask("POST", f"{API}/commits", json_body={"files": []}, token=other)
    assert (refused.status, refused.code) == (503, "maintenance")
    assert (await ask("GET", f"{API}/folders", token=eve)).status == 200
    status = (await ask("GET", f"{API}/status", token=eve)).json
    assert (status["maintenance"], status["text"]) == (True, "Back at 18:00")
    assert (await ask("GET", "/readyz", token=None)).status == 200
    await ask("PATCH", f"{API}/limits", json_body={"maintenance": None}, token=ada)
    assert (await ask("GET", f"{API}/files/a", token=bob)).body == b"x"


async def test_a_stop_is_told_and_takes_the_readiness_away(
    ask: Any, token: Any, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations.stopping, "begin", lambda: None)
    ada = token("ada")
    wanted = {"after_transfers": True, "within_seconds": 60}
    answer = await ask("POST", f"{API}/server/stop", json_body=wanted, token=ada)
    assert (answer.status, answer.json) == (202, wanted)
    assert (await ask("GET", "/readyz", token=None)).status == 503
    assert (await ask("GET", "/healthz", token=None)).status == 200
    assert (await ask("GET", f"{API}/status", token=ada)).json["stopping"] == wanted
    refused = await ask("PUT", f"{API}/files/a", body=b"x", token=ada)
    assert (refused.status, refused.code, refused.headers["retry-after"]) == (503, "shutting_down", "30")
    assert (await ask("GET", f"{API}/folders", token=ada)).status == 200
    for wrong in ({"within_seconds": -1}, {"after_transfers": "yes"}, {"at": 1}):
        assert (await ask("POST", f"{API}/server/stop", json_body=wrong, token=ada)).status == 400
