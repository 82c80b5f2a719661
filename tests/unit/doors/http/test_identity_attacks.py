"""Attacks on who one is, tried at the HTTP door on the real house; the services' own tests try them one room deeper."""

import asyncio
import base64
import json
import time
from base64 import b32decode
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from secure_file_transfer.config import load
from secure_file_transfer.doors.http.app import HttpApp, HttpServices, build_app
from secure_file_transfer.model import MIB, Role
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.passwords import PasswordHasher

PASSWORD = "four plain words together"
ME = "/api/v1/sessions/current"
Ask = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    house = House(load(data_dir=tmp_path / "data"))
    for name, role in (("ada", Role.USER), ("bob", Role.USER), ("boss", Role.ADMIN)):
        house.accounts.create(name, PASSWORD, role)
    house.accounts.create("gone", PASSWORD)
    house.accounts.set_disabled("gone", disabled=True)
    yield house
    house.close()


@pytest.fixture
def door(home: House) -> Iterator[HttpApp]:
    access = Access(home.vaults.tree, home.catalog, home.clock)
    files = Files(access, home.sessions.check)
    app = build_app(
        HttpServices(
            files=files,
            uploads=home.uploads(access, files),
            sessions=home.sessions,
            credentials=home.credentials,
            setup=home.setup,
            guard=home.guard,
            factors=home.factors,
            shares=home.shares,
            links=home.links,
            ca_pem=b"",
            anonymous=False,
            block_size=MIB,
            version="1",
        )
    )
    app.gate.open()
    yield app
    app.close()


@pytest.fixture
def ask(door: HttpApp, call: Any) -> Ask:
    """A caller without a token of its own."""
    caller = type(call)(door)

    async def ask_(*arguments: Any, **options: Any) -> Any:
        return await caller(*arguments, **{"token": None, **options})

    return ask_


async def sign_in(ask: Ask, name: str, password: str = PASSWORD, **more: Any) -> Any:
    return await ask("POST", "/api/v1/sessions", json_body={"name": name, "password": password, **more})


async def token_of(ask: Ask, name: str) -> str:
    answer = await sign_in(ask, name)
    assert answer.status == 201, answer.body
    return str(answer.json["token"])


async def test_attacks_22_and_27_every_failed_sign_in_is_the_same_answer(ask: Ask) -> None:
    seen = set()
    for name, password in (
        ("ada", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("", PASSWORD), ("ada", ""), ("", ""), ("a\1", "x"),
    ):  # fmt: skip
        answer = await sign_in(ask, name, password)
        seen.add((answer.status, tuple(sorted(answer.headers.items())), answer.body))
    assert len(seen) == 1
    assert seen.pop()[0] == 401


@pytest.mark.parametrize("name", ["ada\0", "\0", "a\0da"])
async def test_attack_3_a_nul_in_a_name_is_nobody(ask: Ask, home: House, name: str) -> None:
    assert (await sign_in(ask, name)).status == 401
    token = await token_of(ask, "ada")
    answer = await ask("PUT", "/api/v1/grants", json_body={"path": "/x\0", "to": "bob", "rights": 8}, token=token)
    assert answer.status == 400
    assert (await ask("PUT", "/api/v1/files/x%00", body=b"x", token=token)).status == 400
    assert not home.shares.given(home.sessions.resolve(token))


async def test_attack_23_before_the_sign_in_is_done_there_is_no_session(
    ask: Ask, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing, go = Event(), Event()
    verify = PasswordHasher.verify

    def slow(self: PasswordHasher, password_hash: str, password: str) -> bool:
        hashing.set()
        assert go.wait(30)
        return verify(self, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", slow)
    coming = asyncio.create_task(sign_in(ask, "ada"))
    assert await asyncio.to_thread(hashing.wait, 30)
    ada = home.accounts.get("ada").id
    for method, target in (("GET", "/api/v1/folders/"), ("PUT", "/api/v1/files/x"), ("DELETE", "/api/v1/entries/x")):
        assert (await ask(method, target, body=b"x" if method == "PUT" else b"")).status == 401
    assert not home.catalog.read(lambda tx: tx.sessions.of(ada))
    home.accounts.set_disabled("ada", disabled=True)
    go.set()
    assert (await coming).status == 401
    assert not home.catalog.read(lambda tx: tx.sessions.of(ada))


def _unsigned(name: str) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, {"sub": name, "exp": 2**40})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


@pytest.mark.parametrize("token", ["", " ", "sft_", "sft_" + "A" * 43, "null", _unsigned("boss")])
async def test_attack_24_a_token_that_nobody_gave_out_is_refused(ask: Ask, token: str) -> None:
    for target in ("/api/v1/folders/", "/api/v1/sessions?all=true", "/api/v1/files/x", ME):
        answer = await ask("GET", target, headers=[("authorization", f"Bearer {token}")])
        assert (answer.status, answer.code) == (401, "sign_in_required")
    for secret in ("", "A" * 43, token):
        answer = await ask("POST", "/api/v1/links/open", json_body={"secret": secret})
        assert (answer.status, answer.code) == (404, "not_found")


async def test_attack_28_a_sign_in_never_takes_up_a_session_that_is_there(ask: Ask) -> None:
    planted = await token_of(ask, "bob")
    own = [("origin", "https://127.0.0.1:5000"), ("host", "127.0.0.1:5000"), ("cookie", f"__Host-sft={planted}")]
    body = {"name": "ada", "password": PASSWORD}
    made = await ask("POST", "/api/v1/sessions", json_body=body, token=planted)
    again = await ask("POST", "/api/v1/sessions", json_body={**body, "cookie": True}, headers=own)
    assert (made.status, again.status) == (201, 201)
    given = again.headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert len({planted, made.json["token"], given}) == 3
    names = [
        (await ask("GET", ME, token=each)).json["account"]["name"] for each in (planted, made.json["token"], given)
    ]
    assert names == ["bob", "ada", "ada"], "what was planted stays what it was"


async def test_attack_30_an_account_made_again_inherits_nothing(ask: Ask, home: House) -> None:
    old, bob = await token_of(ask, "ada"), await token_of(ask, "bob")
    await ask("PUT", "/api/v1/files/secret", body=b"x", token=old)
    await ask("PUT", "/api/v1/files/shared", body=b"x", token=bob)
    await ask("PUT", "/api/v1/grants", json_body={"path": "/shared", "to": "ada", "rights": 8}, token=bob)
    link = (await ask("POST", "/api/v1/links", json_body={"path": "/secret"}, token=old)).json
    visitor = (await ask("POST", "/api/v1/links/open", json_body={"secret": link["secret"]})).json["token"]
    home.accounts.delete("ada")
    home.accounts.create("ada", PASSWORD)
    for dead in (old, visitor):
        assert (await ask("GET", "/api/v1/folders/", token=dead)).status == 401
    new = await token_of(ask, "ada")
    assert (await ask("GET", "/api/v1/folders/", token=new)).json["entries"] == []
    assert (await ask("GET", "/api/v1/grants", token=new)).json == {"given": [], "received": []}
    assert (await ask("GET", "/api/v1/links", token=new)).json == {"links": []}
    assert (await ask("GET", "/api/v1/files/Shared/bob/shared", token=new)).status == 404
    assert (await ask("POST", "/api/v1/links/open", json_body={"secret": link["secret"]})).status == 404


async def test_attack_31_a_code_is_good_once(ask: Ask) -> None:
    token = await token_of(ask, "ada")
    begun = await ask("POST", "/api/v1/totp", json_body={"password": PASSWORD}, token=token)
    secret = b32decode(begun.json["secret"])
    totp, now = TOTP(secret, 6, SHA1(), 30), int(time.time())  # noqa: S303 - RFC 6238
    confirmed = await ask("POST", "/api/v1/totp/confirm", json_body={"code": totp.generate(now).decode()}, token=token)
    recovery = confirmed.json["recovery"][0]
    assert (await sign_in(ask, "ada")).code == "totp_required"
    assert (await sign_in(ask, "ada", code=totp.generate(now).decode())).status == 401, "it was used to confirm"
    assert (await sign_in(ask, "ada", code=recovery)).status == 201
    assert (await sign_in(ask, "ada", code=recovery)).status == 401


async def test_attack_32_no_member_of_a_request_widens_what_one_may(ask: Ask, home: House) -> None:
    token = await token_of(ask, "ada")
    wider = {"role": "admin", "account": "boss", "rights": 15, "account_id": 1, "owner": "boss"}
    for target, body in (
        ("/api/v1/sessions", {"name": "ada", "password": PASSWORD}),
        ("/api/v1/links", {"path": "/x"}),
        ("/api/v1/links/open", {"secret": "A" * 43}),
        ("/api/v1/move", {"source": "/x", "target": "/y"}),
    ):
        for name, value in wider.items():
            if name not in body and not (target.endswith("links") and name == "rights"):
                answer = await ask("POST", target, json_body={**body, name: value}, token=token)
                assert (answer.status, answer.code) == (400, "invalid_request"), (target, name)
    assert home.accounts.get("ada").role is Role.USER
    for target in ("sessions?all=true", "admin/guard"):
        assert (await ask("GET", f"/api/v1/{target}", token=token)).status == 403
    boss = await token_of(ask, "boss")
    assert (await ask("GET", "/api/v1/sessions?all=true", token=boss)).status == 200
    home.accounts.set_role("ada", Role.ADMIN)
    home.accounts.set_role("boss", Role.USER)
    assert (await ask("GET", "/api/v1/sessions?all=true", token=boss)).status == 401, "a demotion ends what it began"


HOSTILE = [
    "' OR '1'='1",
    "x'; DROP TABLE accounts; --",
    "${7*7}",
    "{{7*7}}",
    "%(name)s",
    '__import__("os")',
    "!!python/x",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_attack_43_text_is_only_ever_text(ask: Ask, text: str) -> None:
    assert (await sign_in(ask, text)).status == 401
    assert (await sign_in(ask, "ada", text)).status == 401
    token = await token_of(ask, "ada")
    stored = await ask(
        "PUT", f"/api/v1/files/{''.join(f'%{byte:02x}' for byte in text.encode())}", body=b"x", token=token
    )
    allowed = stored.status == 201  # names that some systems cannot hold are refused
    assert allowed or stored.code == "invalid_name"
    names = [each["name"] for each in (await ask("GET", "/api/v1/folders/", token=token)).json["entries"]]
    assert names == [text] * allowed
    for query in (f"sort={text}", f"cursor={text}", f"order={text}"):
        answer = await ask("GET", "/api/v1/folders/?" + query.replace(" ", "%20"), token=token)
        assert answer.status == 400
    granted = await ask("PUT", "/api/v1/grants", json_body={"path": "/x", "to": text, "rights": 8}, token=token)
    assert granted.status == 404
    assert (await sign_in(ask, "bob")).status == 201


async def test_attack_49_ranges_and_many_at_once_do_not_stretch_a_link(ask: Ask) -> None:
    token = await token_of(ask, "ada")
    await ask("PUT", "/api/v1/files/one", body=b"0123456789", token=token)
    made = (await ask("POST", "/api/v1/links", json_body={"path": "/one", "downloads": 2}, token=token)).json

    async def visitor() -> str:
        opened = await ask("POST", "/api/v1/links/open", json_body={"secret": made["secret"]})
        return str(opened.json["token"])

    async def piece(who: str, at: int) -> int:
        answer = await ask("GET", "/api/v1/files/one", headers={"range": f"bytes={at}-{at}"}, token=who)
        return int(answer.status)

    visitors = [await visitor() for _ in range(5)]
    statuses = await asyncio.gather(*(piece(who, at) for at in range(10) for who in visitors))
    by_visitor = [set(statuses[number::5]) for number in range(5)]
    got = [each for each in by_visitor if 206 in each]
    assert len(got) == 2
    assert all(each == {206} for each in got), "one download is all of its pieces"
    shown = (await ask("GET", f"/api/v1/links/{made['id']}", token=token)).json
    assert shown["downloads"] == 2
    assert (await ask("POST", "/api/v1/links/open", json_body={"secret": made["secret"]})).status == 404


async def test_attack_58_what_was_taken_back_opens_nothing_by_any_way(ask: Ask) -> None:
    ada, bob = await token_of(ask, "ada"), await token_of(ask, "bob")
    await ask("PUT", "/api/v1/folders/d", token=ada)
    await ask("PUT", "/api/v1/files/d/f", body=b"x", token=ada)
    await ask("PUT", "/api/v1/grants", json_body={"path": "/d", "to": "bob", "rights": 15}, token=ada)
    link = (await ask("POST", "/api/v1/links", json_body={"path": "/d", "rights": "editor"}, token=ada)).json
    visitor = (await ask("POST", "/api/v1/links/open", json_body={"secret": link["secret"]})).json["token"]
    ways = (
        ("GET", "files{}/f"), ("HEAD", "files{}/f"), ("GET", "entries{}/f"), ("GET", "folders{}"), ("PUT", "files{}/g"),
        ("PUT", "folders{}/e"), ("DELETE", "entries{}/f"), ("GET", "zip?path={}"),
    )  # fmt: skip
    assert (await ask("GET", "/api/v1/files/Shared/bob/d/f", token=ada)).status == 404
    for who, top in ((bob, "/Shared/ada/d"), (visitor, "")):
        assert (await ask("GET", f"/api/v1/files{top}/f", token=who)).status == 200
    # Removed and made again with the same name: it is another folder, and was given to nobody.
    await ask("DELETE", "/api/v1/entries/d?recursive=true", token=ada)
    await ask("PUT", "/api/v1/folders/d", token=ada)
    await ask("PUT", "/api/v1/files/d/f", body=b"new", token=ada)
    for who, top, refusals in (
        (bob, "/Shared/ada/d", {403, 404}),
        (visitor, "", {401, 404}),
    ):  # believed for half a second
        for method, way in ways:
            target = "/api/v1/" + way.format(top or ("/" if way.endswith("{}") else ""))
            answer = await ask(method, target, token=who, body=b"x" if target.endswith("/g") else b"")
            assert answer.status in refusals, (method, target)
    assert (await ask("GET", "/api/v1/files/d/f", token=ada)).body == b"new"
