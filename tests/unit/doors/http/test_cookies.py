"""The browser's session: as a cookie, for our own pages only (attack 35)."""

from typing import Any

import pytest

SIGN_IN = {"name": "alice", "password": "right", "cookie": True}
OWN = {"host": "nas.example:5000", "origin": "https://nas.example:5000", "sec-fetch-site": "same-origin"}


async def cookie_of(call: Any) -> str:
    answer = await call("POST", "/api/v1/sessions", json_body=SIGN_IN, token=None, headers=OWN)
    assert answer.status == 201, answer.body
    assert answer.json["token"] is None
    name, _, attributes = answer.headers["set-cookie"].partition("; ")
    assert attributes == "Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=3600"
    assert name.startswith("__Host-sft=sft_")
    return str(name)


async def test_attack_42_scripts_never_see_the_token_of_a_cookie(call: Any) -> None:
    cookie = await cookie_of(call)
    answer = await call("GET", "/api/v1/sessions/current", token=None, headers={**OWN, "cookie": f"a=b; {cookie}"})
    assert answer.json["account"]["name"] == "alice"
    assert "set-cookie" not in answer.headers
    out = await call("DELETE", "/api/v1/sessions/current", token=None, headers={**OWN, "cookie": cookie})
    assert out.status == 204
    assert out.headers["set-cookie"].startswith("__Host-sft=; ")
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert (await call("GET", "/api/v1/usage", token=None, headers={**OWN, "cookie": cookie})).status == 401


HOSTILE: list[dict[str, str]] = [
    {"origin": "https://evil.example"},
    {"origin": "https://nas.example"},
    {"origin": "http://nas.example:5000"},
    {"origin": "https://nas.example:5000.evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
]


@pytest.mark.parametrize("how", [*HOSTILE, {"origin": None}])
@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("PUT", "/api/v1/files/a"),
        ("DELETE", "/api/v1/entries/a"),
        ("POST", "/api/v1/move"),
        ("DELETE", "/api/v1/sessions/current"),
        ("DELETE", "/api/v1/sessions"),
    ],
)
async def test_attack_35_another_site_changes_nothing(
    call: Any, house: Any, method: str, target: str, how: dict[str, str | None]
) -> None:
    house.put("/a", b"x")
    cookie = await cookie_of(call)
    headers = {name: value for name, value in {**OWN, **how, "cookie": cookie}.items() if value is not None}
    body = {"source": "/a", "target": "/b"} if method == "POST" else None
    answer = await call(method, target, token=None, headers=headers, json_body=body)
    assert (answer.status, answer.code) == (403, "forbidden")
    assert house.live
    assert set(map(str, house.tree)) == {"/", "/a"}
    assert not [seen for seen in house.calls if seen[0] in {"move", "remove", "draft"}]


@pytest.mark.parametrize(("site", "status"), [("same-origin", 200), ("none", 200), ("cross-site", 403), ("x", 403)])
async def test_attack_35_reading_from_another_site_is_refused(call: Any, house: Any, site: str, status: int) -> None:
    house.put("/a", b"x")
    headers = {"host": OWN["host"], "cookie": await cookie_of(call), "sec-fetch-site": site}
    assert (await call("GET", "/api/v1/files/a", token=None, headers=headers)).status == status


@pytest.mark.parametrize("how", HOSTILE)
@pytest.mark.parametrize("cookie", [True, False])
async def test_attack_35_nobody_is_signed_in_by_another_site(
    call: Any, house: Any, how: dict[str, str], cookie: bool
) -> None:
    body = {**SIGN_IN, "cookie": cookie}
    answer = await call("POST", "/api/v1/sessions", json_body=body, token=None, headers={**OWN, **how})
    assert answer.code == "forbidden"
    assert not house.calls


async def test_programs_sign_in_without_an_origin_but_get_no_cookie(call: Any) -> None:
    body = {**SIGN_IN, "cookie": False}
    answer = await call("POST", "/api/v1/sessions", json_body=body, token=None)
    assert answer.json["token"].startswith("sft_")
    assert "set-cookie" not in answer.headers
    assert (await call("POST", "/api/v1/sessions", json_body=SIGN_IN, token=None)).code == "forbidden"


async def test_two_cookies_or_a_bad_one_are_no_session(call: Any, call_anonymous: Any) -> None:
    cookie = await cookie_of(call)
    for bad in (f"{cookie}; {cookie}", f"__Host-sft=x; {cookie}", "__Host-sft=", "__Host-sft=sft_" + "B" * 43):
        answer = await call("GET", "/api/v1/usage", token=None, headers={**OWN, "cookie": bad})
        assert answer.code == "sign_in_required", bad


async def test_a_bearer_token_needs_no_origin_and_wins(call: Any) -> None:
    headers = {"cookie": "__Host-sft=sft_" + "B" * 43, "origin": "https://evil.example"}
    assert (await call("PUT", "/api/v1/folders/new", headers=headers)).status == 201
