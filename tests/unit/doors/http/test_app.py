import asyncio
import json
from typing import Any

import pytest
import structlog

from secure_file_transfer import errors
from secure_file_transfer.doors.http import schemas
from secure_file_transfer.model import Conflict, SortKey
from secure_file_transfer.paths import RemotePath

SIGN_IN = {"name": "alice", "password": "right"}


# --- who asks -----------------------------------------------------------------------------------------------------


async def test_signing_in_and_out(call: Any, house: Any) -> None:
    answer = await call(
        "POST",
        "/api/v1/sessions",
        json_body=SIGN_IN,
        token=None,
        headers={"user-agent": "curl/8", "x-forwarded-for": "1.1.1.1"},
    )
    assert answer.status == 201
    assert answer.headers["cache-control"] == "no-store"
    schemas.SignInOut.model_validate(answer.json)
    assert ("sign_in", "alice", "http", "192.0.2.7", "curl/8") in house.calls
    token = answer.json["token"]
    who = await call("GET", "/api/v1/sessions/current", token=token)
    assert who.json["account"] == {"name": "alice", "role": "admin"}
    assert (await call("DELETE", "/api/v1/sessions/current", token=token)).status == 204
    gone = await call("GET", "/api/v1/sessions/current", token=token)
    assert (gone.status, gone.code) == (401, "sign_in_required")


async def test_a_wrong_password_is_one_401(call: Any) -> None:
    for body in ({"name": "alice", "password": "wrong"}, {"name": "nobody", "password": ""}):
        answer = await call("POST", "/api/v1/sessions", json_body=body, token=None)
        assert (answer.status, answer.code) == (401, "sign_in_failed")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("authorization", "")],
        [("authorization", "Basic YWxpY2U6cmlnaHQ=")],
        [("authorization", "Bearer")],
        [("authorization", "Bearer wrong")],
        [("authorization", "Bearer sft_" + "A" * 43), ("authorization", "Bearer sft_" + "A" * 43)],
        [("authorization", "bearer \xff\xfe")],
        [("cookie", "token=sft_" + "A" * 43)],
    ],
)
@pytest.mark.parametrize("target", ["/api/v1/files/a", "/api/v1/entries/a", "/api/v1/usage"])
async def test_without_a_good_token_it_is_401(call: Any, headers: list[tuple[str, str]], target: str) -> None:
    answer = await call("GET", target, headers=headers, token=None)
    assert (answer.status, answer.code) == (401, "sign_in_required")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_guests_where_they_are_allowed(call_anonymous: Any) -> None:
    who = await call_anonymous("GET", "/api/v1/sessions/current", token=None)
    nothing = dict.fromkeys(("account", "since", "expires", "device", "link", "guest", "token"))
    assert who.json == {**nothing, "address": "192.0.2.7"}
    assert (await call_anonymous("PUT", "/api/v1/files/a", body=b"x", token=None)).status == 201
    assert (await call_anonymous("GET", "/api/v1/server", token=None)).json["anonymous"] is True
    assert (await call_anonymous("DELETE", "/api/v1/sessions/current", token=None)).status == 401
    # A token that means nothing here never falls back to the guest.
    assert (await call_anonymous("GET", "/api/v1/usage", token="sft_x")).code == "sign_in_required"
    assert (await call_anonymous("POST", "/api/v1/sessions", json_body=SIGN_IN, token=None)).code == "sign_in_failed"
    setup = {"code": "GOOD", "name": "a", "password": "long enough"}
    assert (await call_anonymous("POST", "/api/v1/setup", json_body=setup, token=None)).status == 404


async def test_attack_47_a_flood_of_sign_ins_is_bounded_and_keeps_nobody_from_their_files(
    call: Any, house: Any
) -> None:
    house.sign_in_gate.clear()
    house.put("/a", b"x")
    flood = [asyncio.create_task(call("POST", "/api/v1/sessions", json_body=SIGN_IN, token=None)) for _ in range(60)]
    answer = await call("GET", "/api/v1/files/a")
    assert answer.body == b"x"
    house.sign_in_gate.set()
    answers = await asyncio.gather(*flood)
    assert {a.status for a in answers} == {201, 429}
    assert next(a for a in answers if a.status == 429).headers["retry-after"].isdigit()


# --- setup --------------------------------------------------------------------------------------------------------


async def test_the_first_administrator(call: Any, house: Any) -> None:
    house.needs_setup = True
    assert (await call("GET", "/api/v1/server", token=None)).json["setup"] is True
    body = {"code": "GOOD", "name": "ada", "password": "short"}
    weak = await call("POST", "/api/v1/setup", json_body=body, token=None)
    assert (weak.status, weak.code) == (422, "weak_password")
    wrong = await call("POST", "/api/v1/setup", json_body=body | {"code": "BAD"}, token=None)
    assert wrong.status == 404
    good = await call("POST", "/api/v1/setup", json_body=body | {"password": "long enough"}, token=None)
    assert good.status == 201
    schemas.SignInOut.model_validate(good.json)


async def test_the_first_administrator_stays_signed_in_the_browser(call: Any, house: Any) -> None:
    house.needs_setup = True
    body = {"code": "GOOD", "name": "ada", "password": "long enough", "cookie": True}
    elsewhere = {"host": "h:1", "origin": "https://evil.example"}
    assert (await call("POST", "/api/v1/setup", json_body=body, token=None, headers=elsewhere)).status == 403
    own = {"host": "h:1", "origin": "https://h:1"}
    good = await call("POST", "/api/v1/setup", json_body=body, token=None, headers=own)
    assert (good.status, good.json["token"]) == (201, None)
    assert good.headers["set-cookie"].startswith("__Host-sft=")


async def test_attack_25_after_setup_there_is_no_setup(call: Any) -> None:
    body = {"code": "GOOD", "name": "eve", "password": "long enough"}
    missing = await call("POST", "/api/v1/nothing", json_body=body, token=None)
    answer = await call("POST", "/api/v1/setup", json_body=body, token=None)
    assert (answer.status, answer.code) == (missing.status, missing.code) == (404, "not_found")


# --- entries ------------------------------------------------------------------------------------------------------


async def test_stat(call: Any, house: Any) -> None:
    house.put("/a b.gz", b"hello")
    answer = await call("GET", "/api/v1/entries/a%20b.gz")
    assert answer.status == 200
    schemas.EntryOut.model_validate(answer.json)
    assert answer.json["modified"] == "2026-09-21T14:13:20.123456Z"
    assert answer.json["kind"] == "file"
    assert (await call("GET", "/api/v1/entries/")).json["path"] == "/"
    assert (await call("GET", "/api/v1/entries")).json["kind"] == "folder"


async def test_listing(call: Any, house: Any) -> None:
    house.put("/a", b"")
    answer = await call("GET", "/api/v1/folders/?sort=size&order=desc&limit=2&cursor=abc")
    schemas.FolderOut.model_validate(answer.json)
    assert (answer.json["cursor"], answer.json["rights"]) == ("next", 15)
    assert ("list", RemotePath(), SortKey.SIZE, True, "abc", 2) in house.calls
    await call("GET", "/api/v1/folders?cursor=")
    assert ("list", RemotePath(), SortKey.NAME, False, None, 1000) in house.calls


@pytest.mark.parametrize(
    "query", ["sort=colour", "order=up", "limit=0", "limit=10001", "limit=x", "page=2", "cursor=" + "x" * 5000]
)
async def test_a_wrong_query_is_400_and_not_422(call: Any, query: str) -> None:
    answer = await call("GET", f"/api/v1/folders/?{query}")
    assert (answer.status, answer.code) == (400, "invalid_request")


async def test_folders(call: Any, house: Any) -> None:
    assert (await call("PUT", "/api/v1/folders/x")).status == 201
    assert (await call("PUT", "/api/v1/folders/x")).code == "exists"
    assert (await call("PUT", "/api/v1/folders/x?parents=true")).status == 200
    assert (await call("PUT", "/api/v1/folders/p/q")).code == "not_found"
    assert (await call("PUT", "/api/v1/folders/p/q?parents=true")).status == 201


async def test_removing(call: Any, house: Any) -> None:
    house.put("/a", b"")
    answer = await call("DELETE", "/api/v1/entries/a?recursive=true")
    assert (answer.status, answer.body) == (204, b"")
    assert ("remove", RemotePath(("a",)), True) in house.calls


@pytest.mark.parametrize(("verb", "status"), [("move", 200), ("copy", 201)])
async def test_moving_and_copying(call: Any, house: Any, verb: str, status: int) -> None:
    house.put("/a", b"x")
    answer = await call("POST", f"/api/v1/{verb}", json_body={"source": "/a", "target": "/b/c"})
    assert answer.status == status
    assert answer.json["path"] == "/b/c"
    assert (verb, RemotePath(("a",)), RemotePath(("b", "c")), Conflict.SKIP) in house.calls
    renamed = await call("POST", f"/api/v1/{verb}", json_body={"source": "/a", "target": "/b", "conflict": "rename"})
    assert renamed.status == status
    newer = await call("POST", f"/api/v1/{verb}", json_body={"source": "/a", "target": "/b", "conflict": "newer"})
    assert newer.status == 400


async def test_usage(call: Any) -> None:
    assert (await call("GET", "/api/v1/usage")).json == {
        "bytes": 10,
        "files": 2,
        "free": 1000,
        "quota": None,
        "quota_files": None,
    }


# --- paths: rows 1 to 6 -------------------------------------------------------------------------------------------

BAD_PATHS = [
    b"..",
    b"../x",
    b"a/../b",
    b"a/%2e%2e/b",
    b"%2e%2e%2fetc",
    b"a%2Fb",
    b"a%2fb",
    b"a%5Cb",
    b"..%5c..%5cwindows",
    b"%252e%252e%252fetc",
    b"%252e%252e",
    b"%c0%ae%c0%ae%c0%afetc",
    b"%c0%2e",
    b"%e0%80%ae",
    b"%ef%bc%8e%ef%bc%8e",  # fullwidth dots
    b"a%ef%bc%8fb",  # fullwidth slash
    b"a//etc/passwd",
    b"/etc/passwd",
    b"%00",
    b"a%00.txt",
    b"a%0d%0aSet-Cookie:x",
    b"a%0ab",
    b"a.",
    b"a%20",
    b"a::$DATA",
    b"e%cc%81",  # NFD
    b"a%e2%80%aeb",  # right-to-left override
    b"a%e2%80%8bb",  # zero-width space
    b"%ed%a0%80",  # a lone surrogate
    b"%ff",
    b"x" * 256,
    b"/".join([b"d"] * 201),
]


@pytest.mark.parametrize("path", BAD_PATHS)
@pytest.mark.parametrize(
    ("method", "tree"), [("GET", b"files"), ("PUT", b"files"), ("GET", b"entries"), ("PUT", b"folders")]
)
async def test_attacks_1_to_6_in_the_url(call: Any, house: Any, method: str, tree: bytes, path: bytes) -> None:
    answer = await call(method, b"/api/v1/" + tree + b"/" + path, body=b"x" if tree == b"files" else b"")
    assert (answer.status, answer.code) == (400, "invalid_name")
    assert house.calls == []


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "/a/../b",
        "a\\b",
        "C:\\x",
        "a//b",
        "a\0b",
        "a\nb",
        "a.",
        "a ",
        "e\u0301",
        "a\u202eb",
        "a\u200bb",
        "\uff0e\uff0e",
        "%2e%2e",
        "a%2fb",
        "",
    ],
)
@pytest.mark.parametrize("member", ["source", "target"])
async def test_attacks_1_to_6_in_json(call: Any, house: Any, path: str, member: str) -> None:
    if path == "":
        path = "//"
    house.put("/a", b"x")
    body = {"source": "/a", "target": "/b", member: path}
    answer = await call("POST", "/api/v1/move", json_body=body)
    assert (answer.status, answer.code) == (400, "invalid_name")
    assert house.calls == []


async def test_a_lone_surrogate_in_json_is_refused(call: Any) -> None:
    body = b'{"source": "/\\ud800", "target": "/b"}'
    answer = await call("POST", "/api/v1/move", body=body, headers={"content-type": "application/json"})
    assert answer.status == 400


async def test_names_are_decoded_once(call: Any, house: Any) -> None:
    house.put("/100%25", b"literal")
    assert (await call("GET", "/api/v1/files/100%2525")).body == b"literal"
    assert (await call("GET", "/api/v1/entries/100%2525")).json["name"] == "100%25"
    house.put("/a?b#c", b"query")
    assert (await call("GET", "/api/v1/files/a%3Fb%23c")).body == b"query"


@pytest.mark.parametrize(
    "target", [b"/api/v1%2ffiles/a", b"/api/v1/%66iles/a", b"//api/v1/files/a", b"/api//v1/files/a", b"/API/v1/files/a"]
)
async def test_a_disguised_route_leads_nowhere(call: Any, house: Any, target: bytes) -> None:
    house.put("/a", b"x")
    assert (await call("GET", target)).code == "not_found"


# --- bodies -------------------------------------------------------------------------------------------------------

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", JSON),
        (b"{", JSON),
        (b"[]", JSON),
        (b"null", JSON),
        (b"\xff\xfe", JSON),
        (b'{"name": 1, "password": "x"}', JSON),
        (b'{"name": "a"}', JSON),
        (b'{"name": "a", "password": "b", "role": "admin"}', JSON),
        (b'{"name": "\\ud800", "password": "b"}', JSON),
        (b'{"name": "a", "password": "b"}', {"content-type": "text/plain"}),
        (b'{"name": "a", "password": "b"}', {}),
        (b"name=alice&password=right", {"content-type": "application/x-www-form-urlencoded"}),
        (
            b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--",
            {"content-type": "multipart/form-data; boundary=x"},
        ),
        (b"[" * 60_000, JSON),
        (b'{"name":' * 8000, JSON),
    ],
)
async def test_a_body_that_is_not_what_is_asked_for_is_400(
    call: Any, house: Any, body: bytes, headers: dict[str, str]
) -> None:
    answer = await call("POST", "/api/v1/sessions", body=body, headers=headers, token=None)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert house.calls == []


async def test_what_was_sent_is_not_repeated(call: Any) -> None:
    answer = await call("POST", "/api/v1/sessions", json_body={"name": "a", "password": ["hunter2"]}, token=None)
    assert answer.status == 400
    assert "hunter2" not in answer.body.decode()
    assert "password" in answer.json["detail"]


@pytest.mark.parametrize("length", [True, False])
async def test_attack_46_a_large_json_body_is_refused(call: Any, length: bool) -> None:
    pieces = [b" " * 30_000] * 4
    answer = await call("POST", "/api/v1/sessions", body=pieces, headers=JSON, token=None, length=length)
    assert (answer.status, answer.code) == (413, "too_large")
    assert answer.headers["connection"] == "close"


# --- errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", errors.TABLE.values(), ids=errors.TABLE)
@pytest.mark.parametrize("target", ["/api/v1/entries/a", "/api/v1/files/a"])
async def test_every_row_of_the_table_becomes_its_problem(call: Any, house: Any, kind: Any, target: str) -> None:
    house.raises = kind("What happened", hint="What to do")
    answer = await call("GET", target)
    assert answer.status == kind.row.status
    assert answer.json == {
        "type": "about:blank",
        "title": kind.row.title,
        "status": kind.row.status,
        "detail": "What happened",
        "code": kind.row.code,
        "hint": "What to do",
        "retryable": kind.row.retryable,
    }
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("target", ["/api/v1/entries/a", "/api/v1/files/a"])
async def test_what_nobody_expected_is_logged_and_not_shown(call: Any, house: Any, target: str) -> None:
    house.raises = RuntimeError("secret inside")
    with structlog.testing.capture_logs() as logs:
        answer = await call("GET", target)
    assert (answer.status, answer.code) == (500, "internal")
    assert "secret" not in answer.body.decode()
    failures = [line for line in logs if line["event"] == "request failed"]
    assert [line["exception"].splitlines()[-1] for line in failures] == ["RuntimeError: secret inside"]


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("POST", "/api/v1/files/a", {"GET", "HEAD", "PUT"}),
        ("DELETE", "/api/v1/files/a", {"GET", "HEAD", "PUT"}),
        ("PUT", "/api/v1/entries/a", {"GET", "DELETE"}),
        ("POST", "/api/v1/zip", {"GET"}),
        ("POST", "/", {"GET", "HEAD"}),
        ("OPTIONS", "/api/v1/files/a", {"GET", "HEAD", "PUT"}),
        ("TRACE", "/api/v1/server", {"GET"}),
    ],
)
async def test_other_methods_are_405(call: Any, method: str, target: str, allow: set[str]) -> None:
    answer = await call(method, target)
    assert (answer.status, answer.code) == (405, "invalid_request")
    assert allow <= set(answer.headers["allow"].replace(" ", "").split(","))


# --- every answer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/setup",
        "/static/style.css",
        "/ca.pem",
        "/healthz",
        "/nowhere",
        "/api/v1/server",
        "/api/v1/files/a",
        "/api/v1/files/none",
        "/api/v1/openapi.json",
    ],
)
async def test_every_answer_is_guarded_and_none_is_shared_with_other_origins(
    call: Any, house: Any, target: str
) -> None:
    house.put("/a", b"x")
    house.needs_setup = True
    answer = await call("GET", target, headers={"origin": "https://evil.example"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "cache-control" in answer.headers
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_attack_39_no_preflight_is_granted(call: Any) -> None:
    headers = {"origin": "null", "access-control-request-method": "PUT"}
    answer = await call("OPTIONS", "/api/v1/server", headers=headers)
    assert answer.status == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_attack_42_the_log_holds_no_query_and_no_token(call: Any, house: Any) -> None:
    house.put("/a", b"x")
    structlog.configure()
    try:
        with structlog.testing.capture_logs() as logs:
            await call("GET", "/api/v1/folders/?cursor=sft_secret")
            await call("GET", "/api/v1/files/a")
    finally:
        structlog.reset_defaults()
    assert [(line["path"], line["status"]) for line in logs] == [("/api/v1/folders/", 200), ("/api/v1/files/a", 200)]
    assert "sft_" not in str(logs)


async def test_a_closed_gate_refuses_work_but_tells_its_health(call: Any, house: Any) -> None:
    house.put("/a", b"x")
    assert (await call("GET", "/readyz", token=None)).status == 200
    call.app.gate.close()
    for target in ("/api/v1/files/a", "/api/v1/server", "/"):
        answer = await call("GET", target)
        assert (answer.status, answer.code) == (503, "shutting_down")
        assert answer.headers["retry-after"].isdigit()
    assert (await call("GET", "/readyz", token=None)).status == 503
    assert (await call("HEAD", "/healthz", token=None)).status == 200
    assert call.app.gate.running == 0


async def test_openapi_describes_every_route(call: Any) -> None:
    answer = await call("GET", "/api/v1/openapi.json", token=None)
    document = answer.json
    described = {(path, method) for path, operations in document["paths"].items() for method in operations}
    assert described == {
        ("/api/v1/thumbnails/{path}", "get"),
        ("/api/v1/trash", "get"),
        ("/api/v1/trash", "delete"),
        ("/api/v1/trash/{number}", "delete"),
        ("/api/v1/trash/{number}/restore", "post"),
        ("/api/v1/versions/{path}", "get"),
        ("/api/v1/versions/{path}", "post"),
        ("/api/v1/versions/{path}", "delete"),
        ("/api/v1/server", "get"),
        ("/api/v1/setup", "post"),
        ("/api/v1/sessions", "post"),
        ("/api/v1/sessions", "get"),
        ("/api/v1/sessions", "delete"),
        ("/api/v1/sessions/{number}", "delete"),
        ("/api/v1/sessions/current", "get"),
        ("/api/v1/sessions/current", "delete"),
        ("/api/v1/entries/{path}", "get"),
        ("/api/v1/entries/{path}", "delete"),
        ("/api/v1/folders/{path}", "get"),
        ("/api/v1/folders/{path}", "put"),
        ("/api/v1/move", "post"),
        ("/api/v1/grants", "get"),
        ("/api/v1/grants", "put"),
        ("/api/v1/grants", "delete"),
        ("/api/v1/links", "get"),
        ("/api/v1/links", "post"),
        ("/api/v1/links/{number}", "get"),
        ("/api/v1/links/{number}", "delete"),
        ("/api/v1/links/open", "post"),
        ("/api/v1/copy", "post"),
        ("/api/v1/chats", "get"),
        ("/api/v1/chats", "post"),
        ("/api/v1/chats/unread", "get"),
        ("/api/v1/chats/search", "get"),
        ("/api/v1/chats/{number}", "get"),
        ("/api/v1/chats/{number}/messages", "get"),
        ("/api/v1/chats/{number}/messages", "post"),
        ("/api/v1/chats/{number}/read", "post"),
        ("/api/v1/jobs", "get"),
        ("/api/v1/jobs", "post"),
        ("/api/v1/jobs/{number}", "get"),
        ("/api/v1/jobs/{number}", "delete"),
        ("/api/v1/jobs/{number}/cancel", "post"),
        ("/api/v1/search", "get"),
        ("/api/v1/usage", "get"),
        ("/api/v1/zip", "get"),
        ("/api/v1/devices", "get"),
        ("/api/v1/devices", "post"),
        ("/api/v1/devices/codes", "post"),
        ("/api/v1/devices/renewal", "post"),
        ("/api/v1/devices/{device}", "delete"),
        ("/api/v1/tokens", "get"),
        ("/api/v1/tokens", "post"),
        ("/api/v1/tokens", "delete"),
        ("/api/v1/tokens/{number}", "delete"),
        ("/api/v1/files/{path}", "get"),
        ("/api/v1/files/{path}", "head"),
        ("/api/v1/files/{path}", "put"),
        ("/api/v1/uploads", "options"),
        ("/api/v1/uploads", "head"),
        ("/api/v1/uploads", "post"),
        ("/api/v1/uploads/{id}", "head"),
        ("/api/v1/uploads/{id}", "patch"),
        ("/api/v1/uploads/{id}", "delete"),
        ("/api/v1/transfer", "get"),
        ("/api/v1/blocks/missing", "post"),
        ("/api/v1/blocks/{id}", "put"),
        ("/api/v1/commits", "post"),
        ("/api/v1/batch", "post"),
        ("/api/v1/batch/read", "post"),
        ("/api/v1/manifests/{path}", "get"),
    }
    references = set(_references(document))
    assert references
    for reference in references:
        name = reference.removeprefix("#/components/schemas/")
        assert name in document["components"]["schemas"]
    assert "HTTPValidationError" not in json.dumps(document)


def _references(node: Any) -> Any:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


async def test_a_door_that_closes_ends_what_goes_on_by_itself(build: Any, house: Any) -> None:
    app = build()
    assert not house.stopped
    app.close()
    assert house.stopped
