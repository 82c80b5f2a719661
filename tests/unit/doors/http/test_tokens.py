"""API tokens by HTTP: made, listed and revoked; and which scopes every single request takes."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.config import load
from secure_file_transfer.doors.http.app import Desk, HttpApp, HttpServices, Live, People, build_app
from secure_file_transfer.model import MIB, Role, Scope
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.blocks import Blocks
from secure_file_transfer.services.certificate_view import CertificateView
from secure_file_transfer.services.files import Files
from secure_file_transfer.transfer.frames import MEDIA_TYPE

PASSWORD = "a long enough word to say"
API = "/api/v1"
EVERY = frozenset(Scope)
READ, WRITE, DELETE, SHARES, ADMIN = (frozenset({scope}) for scope in Scope)
NOBODY = None
"""No token at all, whatever its scopes."""
TUS = {"tus-resumable": "1.0.0"}


@pytest.fixture
def real(tmp_path: Path) -> Iterator[House]:
    house = House(load(data_dir=tmp_path / "data"))
    house.accounts.create("ada", PASSWORD, Role.ADMIN)
    house.accounts.create("bob", PASSWORD)
    house.certificates.ensure(["localhost"])
    yield house
    house.close()


@pytest.fixture
def token_app(real: House) -> Iterator[HttpApp]:
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
        uploads=real.uploads(access, files),
        blocks=Blocks(access, real.credentials.check, real.clock),
        shares=real.shares,
        guard=real.guard,
        factors=real.factors,
        credentials=real.credentials,
        devices=real.devices,
        tokens=real.tokens,
        links=real.links,
        chats=real.chats,
        jobs=real.jobs(lambda _: access, lambda: None),
        people=People(real.accounts, real.groups, real.resets, real.registration, real.own_password),
        live=Live(real.presence, real.control),
        desk=Desk(real.oversight, CertificateView(real.certificates, real.adoption, None), real.mounts),
    )
    app = build_app(services)
    app.gate.open()
    yield app
    app.close()


@pytest.fixture
def sessions(real: House) -> dict[str, str]:
    return {
        name: real.sessions.sign_in(name, PASSWORD, door="http", address="::1", agent="test").token
        for name in ("ada", "bob")
    }


@pytest.fixture
def ask(token_app: HttpApp, call: Any) -> Callable[..., Any]:
    caller: Callable[..., Any] = type(call)(token_app)
    return caller


async def made(ask: Any, token: str, scopes: frozenset[Scope] = EVERY, **wish: Any) -> Any:
    body = {"name": "t", "scopes": sorted(scopes), "password": PASSWORD, **wish}
    return await ask("POST", f"{API}/tokens", json_body=body, token=token)


async def test_a_token_is_made_used_listed_and_revoked(ask: Any, sessions: dict[str, str]) -> None:
    bob = sessions["bob"]
    answer = await made(ask, bob, READ | WRITE, path="/in", seconds=3600)
    assert (answer.status, answer.headers["cache-control"]) == (201, "no-store")
    text, token = answer.json["text"], answer.json["token"]
    assert (token["scopes"], token["path"], token["status"], token["seen"]) == (
        ["files:read", "files:write"],
        "/in",
        "active",
        None,
    )
    assert (await ask("PUT", f"{API}/folders/in", token=bob)).status == 201
    assert (await ask("PUT", f"{API}/files/in/a", body=b"x", token=text)).status == 201
    who = (await ask("GET", f"{API}/sessions/current", token=text)).json
    assert who["account"] == {"name": "bob", "role": "user"}
    assert who["token"] == {"name": "t", "scopes": ["files:read", "files:write"], "path": "/in"}
    assert who["expires"] == token["expires"]
    (listed,) = (await ask("GET", f"{API}/tokens", token=bob)).json["tokens"]
    assert {**listed, "seen": None, "address": ""} == token
    assert listed["seen"]
    assert listed["address"] == "192.0.2.7"
    assert (await ask("DELETE", f"{API}/tokens/{token['id']}", token=bob)).status == 204
    assert (await ask("GET", f"{API}/files/in/a", token=text)).code == "sign_in_required"
    assert (await ask("DELETE", f"{API}/tokens/{token['id']}", token=bob)).code == "not_found"


async def test_operators_see_and_end_those_of_everybody(ask: Any, sessions: dict[str, str]) -> None:
    bobs = (await made(ask, sessions["bob"], READ)).json
    listed = (await ask("GET", f"{API}/tokens?all=true", token=sessions["ada"])).json["tokens"]
    assert [(each["account"], each["id"]) for each in listed] == [("bob", bobs["token"]["id"])]
    assert "text" not in json.dumps(listed)
    assert (await ask("GET", f"{API}/tokens?all=true", token=sessions["bob"])).code == "forbidden"
    assert (await ask("DELETE", f"{API}/tokens?account=bob", token=sessions["ada"])).json == {"revoked": 1}
    assert (await ask("GET", f"{API}/sessions/current", token=bobs["text"])).status == 401


@pytest.mark.parametrize(
    "wish",
    [
        {"scopes": []},
        {"scopes": ["everything"]},
        {"path": "/../x"},
        {"seconds": 0},
        {"seconds": "60"},
        {"account": "ada"},
        {"id": 1},
        {"name": "x" * 65},
    ],
)
async def test_attack_32_nothing_else_can_be_asked_for(ask: Any, sessions: dict[str, str], wish: Any) -> None:
    assert (await made(ask, sessions["bob"], **{"scopes": ["files:read"], **wish})).status in {400, 422}


async def test_to_make_one_takes_the_password_and_a_wrong_one_is_a_guess(ask: Any, sessions: dict[str, str]) -> None:
    for _ in range(10):
        assert (await made(ask, sessions["bob"], READ, password="wrong")).code == "sign_in_failed"
    assert (await made(ask, sessions["bob"], READ)).code == "too_many_requests"


@pytest.mark.parametrize("scopes", [EVERY - ADMIN, EVERY])
async def test_admin_is_for_operators(ask: Any, sessions: dict[str, str], scopes: frozenset[Scope]) -> None:
    assert (await made(ask, sessions["bob"], scopes)).status == (403 if scopes >= ADMIN else 201)


@dataclass(frozen=True)
class Row:
    """A request, and the scopes that it takes."""

    route: str
    scopes: frozenset[Scope] | None
    target: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    missing: int = 403
    """Where there are no blocks, they are not there."""

    @property
    def method(self) -> str:
        return self.route.partition(" ")[0]

    @property
    def url(self) -> str:
        return API + (self.target or self.route.partition(" ")[2])


def sent(**values: Any) -> dict[str, Any]:
    return {"json_body": values}


ROWS = [
    Row("GET /server", frozenset()),
    Row("GET /sessions/current", frozenset()),
    Row("DELETE /sessions/current", NOBODY),
    Row("GET /sessions", NOBODY),
    Row("GET /sessions", ADMIN, "/sessions?all=true"),
    Row("DELETE /sessions", NOBODY),
    Row("DELETE /sessions", ADMIN, "/sessions?account=bob"),
    Row("DELETE /sessions/{number}", ADMIN, "/sessions/4711"),
    Row("GET /tokens", NOBODY),
    Row("GET /tokens", ADMIN, "/tokens?all=true"),
    Row("POST /tokens", NOBODY, options=sent(name="x", scopes=["files:read"], password=PASSWORD)),
    Row("DELETE /tokens", NOBODY),
    Row("DELETE /tokens", ADMIN, "/tokens?account=bob"),
    Row("DELETE /tokens/{number}", ADMIN, "/tokens/4711"),
    Row("GET /admin/guard", ADMIN),
    Row("DELETE /admin/guard", ADMIN),
    Row("GET /totp", NOBODY),
    Row("POST /totp", NOBODY, options=sent(password=PASSWORD)),
    Row("POST /totp/confirm", NOBODY, options=sent(code="123456")),
    Row("POST /totp/recovery", NOBODY, options=sent(code="123456")),
    Row("POST /totp/disable", NOBODY, options=sent(code="123456")),
    Row("GET /devices", NOBODY),
    Row("GET /devices", ADMIN, "/devices?everybody=true"),
    Row("POST /devices", NOBODY, options=sent(request="x", name="x")),
    Row("POST /devices/codes", NOBODY, options=sent()),
    Row("DELETE /devices/{device}", ADMIN, "/devices/4711"),
    Row("GET /grants", SHARES),
    Row("PUT /grants", SHARES | READ, options=sent(path="/d", to="bob", rights="viewer")),
    Row("DELETE /grants", SHARES, "/grants?path=/d"),
    Row("GET /links", SHARES),
    Row("POST /links", SHARES | READ, options=sent(path="/d", rights="viewer")),
    Row("GET /links/{number}", SHARES, "/links/4711"),
    Row("DELETE /links/{number}", SHARES, "/links/4711"),
    Row("GET /chats", NOBODY),
    Row("POST /chats", NOBODY, options=sent(to="bob")),
    Row("GET /chats/unread", NOBODY),
    Row("GET /chats/search", NOBODY, "/chats/search?query=x"),
    Row("GET /chats/{number}", NOBODY, "/chats/4711"),
    Row("GET /chats/{number}/messages", NOBODY, "/chats/4711/messages"),
    Row(
        "POST /chats/{number}/messages",
        NOBODY,
        "/chats/4711/messages",
        sent(id="5f0c0b3e-7a53-4c1e-8a8e-0f6b5b1c2d3e", text="x"),
    ),
    Row("POST /chats/{number}/read", NOBODY, "/chats/4711/read", sent(upto=1)),
    Row("POST /account/password", NOBODY, options=sent(old=PASSWORD, new="another long enough word")),
    Row("GET /admin/accounts", ADMIN),
    Row("POST /admin/accounts", ADMIN, options=sent(name="cy", password="a long word that is new")),
    Row("POST /admin/accounts", NOBODY, options=sent(name="di", password="a long word that is new", role="admin")),
    Row("GET /admin/accounts/{name}", ADMIN, "/admin/accounts/bob"),
    Row("PATCH /admin/accounts/{name}", ADMIN, "/admin/accounts/bob", sent(note="x")),
    Row("PATCH /admin/accounts/{name}", NOBODY, "/admin/accounts/bob", sent(role="admin")),
    Row("DELETE /admin/accounts/{name}", ADMIN, "/admin/accounts/nobody"),
    Row("POST /admin/accounts/{name}/approve", ADMIN, "/admin/accounts/nobody/approve"),
    Row("POST /admin/accounts/{name}/reject", ADMIN, "/admin/accounts/nobody/reject"),
    Row("POST /admin/accounts/{name}/reset", NOBODY, "/admin/accounts/bob/reset", sent(hours=1)),
    Row("DELETE /admin/accounts/{name}/totp", NOBODY, "/admin/accounts/bob/totp"),
    Row("GET /admin/grants", ADMIN),
    Row("DELETE /admin/grants/{number}", ADMIN, "/admin/grants/4711"),
    Row("GET /admin/links", ADMIN),
    Row("DELETE /admin/links/{number}", ADMIN, "/admin/links/4711"),
    Row("GET /admin/certificates", ADMIN),
    Row("GET /admin/certificates/request", ADMIN),
    Row("POST /admin/certificates/reload", ADMIN),
    Row("GET /admin/drives", ADMIN),
    Row("GET /admin/groups", ADMIN),
    Row("POST /admin/groups", ADMIN, options=sent(name="team")),
    Row("PATCH /admin/groups/{name}", ADMIN, "/admin/groups/nothing", sent(name="other")),
    Row("DELETE /admin/groups/{name}", ADMIN, "/admin/groups/nothing"),
    Row("PUT /admin/groups/{name}/members/{account}", ADMIN, "/admin/groups/nothing/members/bob"),
    Row("DELETE /admin/groups/{name}/members/{account}", ADMIN, "/admin/groups/nothing/members/bob"),
    Row("GET /clients", ADMIN),
    Row("POST /clients/{number}/kick", NOBODY, "/clients/4711/kick", sent(reason="x")),
    Row("POST /clients/{number}/pause", NOBODY, "/clients/4711/pause"),
    Row("POST /clients/{number}/resume", NOBODY, "/clients/4711/resume"),
    Row("POST /clients/{number}/warnings", NOBODY, "/clients/4711/warnings", sent(text="x")),
    Row("GET /warnings", NOBODY),
    Row("GET /warnings", NOBODY, "/warnings?all=true"),
    Row("POST /warnings", NOBODY, options=sent(everybody=True, text="x")),
    Row("POST /warnings/{number}/acknowledge", NOBODY, "/warnings/4711/acknowledge"),
    Row("GET /entries/{path}", READ, "/entries/d/f"),
    Row("GET /folders/{path}", READ, "/folders/d"),
    Row("PUT /folders/{path}", READ | WRITE, "/folders/new"),
    Row("GET /files/{path}", READ, "/files/d/f"),
    Row("HEAD /files/{path}", READ, "/files/d/f"),
    Row("PUT /files/{path}", WRITE, "/files/g", {"body": b"x"}),
    Row("GET /zip", READ, "/zip?path=/d"),
    Row("GET /usage", READ),
    Row("POST /copy", READ | WRITE, options=sent(source="/d/f", target="/copy")),
    Row("POST /move", READ | WRITE | DELETE, options=sent(source="/d/f", target="/moved")),
    Row("GET /jobs", frozenset()),
    Row("GET /jobs", ADMIN, "/jobs?all=true"),
    Row("POST /jobs", READ, options=sent(kind="verify", path="/d")),
    Row("POST /jobs", ADMIN, options=sent(kind="verify", all=True)),
    Row("POST /jobs", READ | WRITE, options=sent(kind="copy", source="/d/f", target="/job copy")),
    Row("POST /jobs", READ | WRITE | DELETE, options=sent(kind="move", source="/d/f", target="/job moved")),
    Row("POST /jobs", READ | WRITE, options=sent(kind="zip", paths=["/d"], target="/d/f.zip")),
    Row("DELETE /entries/{path}", READ | DELETE, "/entries/d/g"),
    Row("HEAD /uploads", WRITE, "/uploads?path=/d/u", {"headers": TUS}, missing=404),
    Row("POST /uploads", WRITE, options={"headers": {**TUS, "upload-length": "3", "upload-metadata": "filename dQ=="}}),
    Row("GET /transfer", READ, missing=404),
    Row("POST /blocks/missing", READ, options=sent(blocks=[]), missing=404),
    Row("GET /manifests/{path}", READ, "/manifests/d/f", missing=404),
    Row("POST /batch/read", READ, options=sent(paths=["/d/f"]), missing=404),
    Row("POST /batch", READ | WRITE, options={"headers": {"content-type": MEDIA_TYPE}, "body": b"x"}, missing=404),
]
EXEMPT = {
    "POST /setup": "without a sign-in",
    "POST /sessions": "without a sign-in",
    "POST /links/open": "without a sign-in",
    "POST /register": "without a sign-in",
    "POST /reset": "without a sign-in",
    "POST /devices/renewal": "by the device itself",
    "OPTIONS /uploads": "without a sign-in",
    "HEAD /uploads/{id}": "see tests of the service",
    "PATCH /uploads/{id}": "see tests of the service",
    "DELETE /uploads/{id}": "see tests of the service",
    "GET /jobs/{number}": "a token's own, see tests of the service",
    "DELETE /jobs/{number}": "a token's own, see tests of the service",
    "POST /jobs/{number}/cancel": "a token's own, see tests of the service",
    "PUT /blocks/{id}": "see tests of the service",
    "POST /commits": "see tests of the service",
}


@pytest.fixture
async def tokens(ask: Any, sessions: dict[str, str]) -> Callable[[frozenset[Scope]], Any]:
    """Tokens of an operator with something in her home, by their scopes."""
    known: dict[frozenset[Scope], str] = {}
    for path in ("f", "g"):
        assert (await ask("PUT", f"{API}/files/d/{path}?parents=true", body=b"x", token=sessions["ada"])).status == 201
    grant = {"path": "/d", "to": "bob", "rights": 8}
    assert (await ask("PUT", f"{API}/grants", json_body=grant, token=sessions["ada"])).status == 200

    async def of(scopes: frozenset[Scope]) -> str:
        if scopes not in known:
            known[scopes] = (await made(ask, sessions["ada"], scopes)).json["text"]
        return known[scopes]

    return of


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.route} {row.target}".strip())
async def test_attack_32_every_request_takes_its_scopes(ask: Any, tokens: Any, row: Row) -> None:
    if row.scopes is None:
        refused = await ask(row.method, row.url, token=await tokens(EVERY), **row.options)
        assert (refused.status, refused.code) == (403, "forbidden"), refused.body
        return
    for scope in sorted(row.scopes):
        refused = await ask(row.method, row.url, token=await tokens(EVERY - {scope}), **row.options)
        assert refused.status in {403, row.missing}, refused.body
    if not row.scopes:
        assert (await ask(row.method, row.url, token=await tokens(READ), **row.options)).status == 200
        return
    allowed = await ask(row.method, row.url, token=await tokens(row.scopes), **row.options)
    assert allowed.status < 300 or allowed.code in {"not_found", "invalid_request"}, allowed.body
    assert allowed.status not in {401, 403}


async def test_attack_32_what_is_not_in_the_table_is_not_for_tokens(ask: Any, tokens: Any) -> None:
    """A new route is refused to tokens, or has its row above."""
    document = (await ask("GET", f"{API}/openapi.json", token=None)).json
    routes = {
        f"{method.upper()} {path.removeprefix(API)}" for path, each in document["paths"].items() for method in each
    }
    listed = {row.route for row in ROWS} | set(EXEMPT)
    assert len(routes) > 40
    assert routes >= {row.route for row in ROWS if "totp" not in row.route}
    for route in sorted(routes - listed):
        method, _, path = route.partition(" ")
        answer = await ask(method, API + path.replace("{", "").replace("}", ""), token=await tokens(EVERY - ADMIN))
        assert answer.status >= 400, f"{route} answers tokens: which scope does it take?"


async def test_attack_4_a_path_holds_for_every_protocol(ask: Any, sessions: dict[str, str], tokens: Any) -> None:
    await tokens(READ)
    text = (await made(ask, sessions["ada"], EVERY, path="/d")).json["text"]
    for path in ("d2", "x", "d/../x"):
        await ask("PUT", f"{API}/files/{path}", body=b"secret", token=sessions["ada"])
    hidden = [
        ("GET", "/files/d2", {}),
        ("GET", "/folders", {}),
        ("GET", "/folders/", {}),
        ("GET", "/entries/d2", {}),
        ("PUT", "/files/d2", {"body": b"mine"}),
        ("DELETE", "/entries/d2", {}),
        ("GET", "/zip?path=/d2", {}),
        ("GET", "/zip?path=/", {}),
        ("POST", "/move", sent(source="/d/f", target="/d3")),
        ("POST", "/copy", sent(source="/d2", target="/d/h")),
        ("POST", "/uploads", {"headers": {**TUS, "upload-length": "3", "upload-metadata": "path L2Qy"}}),
        ("GET", "/transfer?path=/d", {}),
        ("GET", "/manifests/d/f", {}),
        ("POST", "/batch/read", sent(paths=["/d2"])),
        ("POST", "/jobs", sent(kind="verify", path="/d2")),
        ("POST", "/jobs", sent(kind="verify")),
        ("POST", "/jobs", sent(kind="zip", paths=["/d2"], target="/d/z.zip")),
        ("POST", "/jobs", sent(kind="copy", source="/d2", target="/d/h")),
        ("POST", "/jobs", sent(kind="move", source="/d/f", target="/d3")),
        ("PUT", "/grants", sent(path="/d2", to="bob", rights="viewer")),
    ]
    for method, target, options in hidden:
        answer = await ask(method, API + target, token=text, **options)
        assert answer.status in {400, 404}, (method, target, answer.status, answer.body)
        assert b"secret" not in answer.body
    assert (await ask("GET", f"{API}/files/d2", token=sessions["ada"])).body == b"secret"
    assert (await ask("GET", f"{API}/files/d/f", token=text)).body == b"x"
    assert (await ask("GET", f"{API}/zip?path=/d", token=text)).status == 200
    created = await ask(
        "POST",
        f"{API}/uploads",
        token=text,
        headers={**TUS, "upload-length": "3", "upload-metadata": "filename dQ==,path L2Q="},
    )
    assert created.status == 201, created.body


async def test_a_token_is_no_cookie_for_a_page(ask: Any, sessions: dict[str, str]) -> None:
    """Whoever can set a cookie in a browser does not sign it in as somebody else with a token of theirs."""
    text = (await made(ask, sessions["bob"], READ)).json["text"]
    answer = await ask("GET", f"{API}/sessions/current", token=None, headers={"cookie": f"__Host-sft={text}"})
    assert answer.status == 401
