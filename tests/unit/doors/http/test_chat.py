"""Chat by HTTP: what goes over the wire, and what a stranger cannot do there."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from secure_file_transfer.config import load
from secure_file_transfer.doors.http.app import HttpApp, HttpServices, build_app
from secure_file_transfer.model import MIB, Role
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.pacing import Pace
from secure_file_transfer.testing.clock import FakeClock

PASSWORD = "a long enough word to say"
API = "/api/v1/chats"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("house")
    house = House(load(data_dir=folder / "data", chat_rate=6000))
    house.accounts.create("op", PASSWORD, Role.ADMIN)
    for name in ("ada", "bob", "cyn"):
        house.accounts.create(name, PASSWORD)
    yield house
    house.close()


@pytest.fixture(scope="module")
def tokens(real: House) -> dict[str, str]:
    return {
        account.name: real.sessions.open_for(account, door="http", address="::1", agent="test").token
        for account in real.accounts.all()
    }


@pytest.fixture
def app(real: House) -> Iterator[HttpApp]:
    files = Files(Access(real.vaults.tree, real.catalog, real.clock), real.credentials.check)
    services = HttpServices(
        files=files,
        sessions=real.sessions,
        setup=None,
        ca_pem=b"",
        anonymous=False,
        block_size=MIB,
        version="1",
        links=real.links,
        shares=real.shares,
        credentials=real.credentials,
        chats=real.chats,
    )
    built = build_app(services)
    built.gate.open()
    yield built
    built.close()


@pytest.fixture
def ask(app: HttpApp, call: Any) -> Callable[..., Any]:
    caller: Callable[..., Any] = type(call)(app)
    return caller


async def opened(ask: Any, token: str, to: str | None) -> int:
    answer = await ask("POST", API, json_body={"to": to}, token=token)
    assert answer.status == 200
    return int(answer.json["id"])


async def said(ask: Any, token: str, chat: int, text: str, key: str = "") -> Any:
    body = {"id": key or str(uuid4()), "text": text}
    return await ask("POST", f"{API}/{chat}/messages", json_body=body, token=token)


async def test_two_people_talk(ask: Any, tokens: dict[str, str]) -> None:
    chat, key = await opened(ask, tokens["ada"], "bob"), str(uuid4())
    first = await said(ask, tokens["ada"], chat, "see :/photos", key)
    assert (first.status, first.headers["cache-control"]) == (201, "no-store")
    again = await said(ask, tokens["ada"], chat, "see :/photos", key)
    assert (again.status, again.json) == (200, first.json)
    assert (first.json["id"], first.json["mine"], first.json["sequence"]) == (key, True, 1)
    taken = await said(ask, tokens["ada"], chat, "other", key)
    assert (taken.status, taken.json["code"]) == (409, "conflict")

    listed = (await ask("GET", API, token=tokens["bob"])).json
    assert (listed["unread"], listed["cursor"]) == (1, None)
    assert [(each["id"], each["peer"], each["unread"]) for each in listed["chats"]] == [
        (chat, {"kind": "account", "name": "ada"}, 1)
    ]
    assert listed["chats"][0]["latest"]["text"] == "see :/photos"
    history = (await ask("GET", f"{API}/{chat}/messages?after=0", token=tokens["bob"])).json
    assert (history["more"], history["chat"]["last"], len(history["messages"])) == (False, 1, 1)
    assert (history["messages"][0]["mine"], history["messages"][0]["sender"]) == (False, "ada")
    read = (await ask("POST", f"{API}/{chat}/read", json_body={"upto": 1}, token=tokens["bob"])).json
    assert (read["unread"], read["read"]) == (0, 1)
    state = (await ask("GET", f"{API}/{chat}", token=tokens["ada"])).json
    assert (state["peer_delivered"], state["peer_read"]) == (1, 1)
    assert (await ask("GET", f"{API}/unread", token=tokens["bob"])).json == {"unread": 0}
    found = (await ask("GET", f"{API}/search?query=PHOTOS&chat={chat}", token=tokens["bob"])).json
    assert [(each["peer"]["name"], each["message"]["sequence"]) for each in found["found"]] == [("ada", 1)]


async def test_attack_36_a_text_goes_and_comes_as_text(ask: Any, tokens: dict[str, str]) -> None:
    chat = await opened(ask, tokens["ada"], None)
    for text in ("<img src=x onerror=alert(1)>", "=HYPERLINK(1)", "{{7*7}}", "'; DROP TABLE chats; --", "\u200f<b>"):
        assert (await said(ask, tokens["ada"], chat, text)).status == 201
        answer = await ask("GET", f"{API}/{chat}/messages?limit=1", token=tokens["op"])
        assert answer.headers["content-type"] == "application/json"
        assert answer.json["messages"][0]["text"] == text
    for text in ("\x1b[2Jgone", "bell\a", "a\0b", "\u202egpj.exe", "x" * 4001, ""):
        refused = await said(ask, tokens["ada"], chat, text)
        assert (refused.status, refused.json["code"]) == (400, "invalid_request")


async def test_attack_32_a_sender_is_whoever_asks(ask: Any, tokens: dict[str, str]) -> None:
    """Nothing in a body says who writes, as what, when, or in which order."""
    chat = await opened(ask, tokens["ada"], "bob")
    for more in (
        {"sender": "op"},
        {"kind": "operators"},
        {"sequence": 1},
        {"mine": False},
        {"at": "2020-01-01T00:00:00Z"},
    ):
        body = {"id": str(uuid4()), "text": "trust me", **more}
        refused = await ask("POST", f"{API}/{chat}/messages", json_body=body, token=tokens["ada"])
        assert refused.status == 400
    answer = (await said(ask, tokens["ada"], chat, "me")).json
    assert (answer["sender"], answer["kind"]) == ("ada", "account")


async def test_attack_58_somebody_elses_conversation_is_not_there(ask: Any, tokens: dict[str, str]) -> None:
    chat = await opened(ask, tokens["ada"], "bob")
    await said(ask, tokens["ada"], chat, "psst")

    async def told(who: str, number: int) -> list[tuple[int, bytes]]:
        requests = [
            ("GET", f"{API}/{number}", None),
            ("GET", f"{API}/{number}/messages", None),
            ("POST", f"{API}/{number}/messages", {"id": str(uuid4()), "text": "x"}),
            ("POST", f"{API}/{number}/read", {"upto": 1}),
            ("GET", f"{API}/search?query=psst&chat={number}", None),
        ]
        answers = [await ask(method, at, json_body=body, token=tokens[who]) for method, at, body in requests]
        return [(answer.status, answer.body) for answer in answers]

    for who in ("cyn", "op"):
        answers = await told(who, chat)
        assert {status for status, _ in answers} == {404}
        assert answers == await told(who, 4711)
        assert (await ask("GET", f"{API}/search?query=psst", token=tokens[who])).json["found"] == []


async def test_visitors_of_a_link_are_apart_and_know_no_names(ask: Any, tokens: dict[str, str], real: House) -> None:
    assert (await ask("PUT", "/api/v1/folders/pub", token=tokens["ada"])).status == 201
    secret = (await ask("POST", "/api/v1/links", json_body={"path": "/pub"}, token=tokens["ada"])).json["secret"]
    vic, viv = [
        (await ask("POST", "/api/v1/links/open", json_body={"secret": secret}, token=None)).json["token"] for _ in "ab"
    ]
    one, other = await opened(ask, vic, None), await opened(ask, viv, None)
    assert one != other
    assert (await said(ask, vic, one, "hello from vic")).status == 201
    assert (await ask("GET", f"{API}/{one}/messages", token=viv)).status == 404
    assert (await ask("GET", API, token=viv)).json == {"chats": [], "cursor": None, "unread": 0}
    names = [await ask("POST", API, json_body={"to": name}, token=vic) for name in ("ada", "op", "nobody")]
    assert {(answer.status, answer.json["detail"].partition("'")[0]) for answer in names} == {
        (404, "There is no account ")
    }
    # Nor is the owner of the link a part of it.
    assert (await ask("GET", f"{API}/{one}/messages", token=tokens["ada"])).status == 404
    seen = (await ask("GET", f"{API}/{one}/messages", token=tokens["op"])).json
    assert (seen["messages"][0]["text"], seen["chat"]["peer"]["kind"]) == ("hello from vic", "guest")


async def test_attack_32_whoever_is_no_operator_any_more_has_no_inbox(
    ask: Any, tokens: dict[str, str], real: House
) -> None:
    account = real.accounts.create("late", PASSWORD, Role.ADMIN)
    token = real.sessions.open_for(account, door="http", address="::1", agent="test").token
    chat = await opened(ask, tokens["bob"], None)
    await said(ask, tokens["bob"], chat, "for operators")
    assert (await ask("GET", f"{API}/{chat}/messages", token=token)).status == 200
    # Beside the service, as another process does it: the session's belief of half a second must not help.
    real.catalog.write(lambda tx: tx.accounts.set_role(account.id, Role.USER))
    assert (await ask("GET", f"{API}/{chat}/messages", token=token)).status == 404
    assert (await ask("GET", API, token=token)).json["chats"] == []


async def test_a_flood_is_answered_with_when_to_come_again(
    ask: Any, tokens: dict[str, str], real: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = await opened(ask, tokens["cyn"], None)
    monkeypatch.setattr(real.chats, "_pace", Pace(FakeClock(), 30, 3))
    answers = [await said(ask, tokens["cyn"], chat, "x") for _ in range(4)]
    assert [answer.status for answer in answers] == [201, 201, 201, 429]
    assert (answers[-1].json["code"], answers[-1].headers["retry-after"]) == ("too_many_requests", "2")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"to": 3}),
        ("POST", "", {"session": 0}),
        ("POST", "", {"session": 3, "to": "bob"}),
        ("POST", "", {"to": "bob", "as": "op"}),
        ("POST", "/1/messages", {"id": "not a uuid", "text": "x"}),
        ("POST", "/1/messages", {"text": "x"}),
        ("POST", "/1/read", {"upto": -1}),
        ("POST", "/1/read", {"upto": 1 << 70}),
        ("GET", "/0", None),
        ("GET", f"/{1 << 63}", None),
        ("GET", "?limit=0", None),
        ("GET", "?limit=1000", None),
        ("GET", "/1/messages?before=x", None),
        ("GET", "/search", None),
        ("GET", "/search?query=+", None),
    ],
)
async def test_what_is_no_request(ask: Any, tokens: dict[str, str], method: str, path: str, body: Any) -> None:
    assert (await ask(method, API + path, json_body=body, token=tokens["ada"])).status == 400


async def test_nobody_talks_without_a_session(ask: Any) -> None:
    assert (await ask("GET", API, token=None)).status == 401


async def test_a_path_leads_where_the_reader_finds_it(ask: Any, tokens: dict[str, str]) -> None:
    assert (await ask("PUT", "/api/v1/folders/trip", token=tokens["ada"])).status == 201
    grant = {"path": "/trip", "to": "bob", "rights": "viewer"}
    assert (await ask("PUT", "/api/v1/grants", json_body=grant, token=tokens["ada"])).status == 200
    chat = await opened(ask, tokens["ada"], "bob")
    await said(ask, tokens["ada"], chat, "see :/trip")
    for who, path in (("ada", "/trip"), ("bob", str(RemotePath(("Shared", "ada", "trip"))))):
        (message,) = (await ask("GET", f"{API}/{chat}/messages?limit=1", token=tokens[who])).json["messages"]
        assert message["segments"] == [
            {"text": "see ", "path": None, "kind": None},
            {"text": ":/trip", "path": path, "kind": "folder"},
        ]
