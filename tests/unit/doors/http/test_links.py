"""Links by HTTP: the API, and the pages for people without an account (attacks 24, 35 to 39, 42, 49, 58)."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.config import ClientCertificates, load
from secure_file_transfer.doors.http import visit_html
from secure_file_transfer.doors.http.app import HttpApp, HttpServices, build_app
from secure_file_transfer.doors.http.exchange import shown_path
from secure_file_transfer.model import MIB, Principal
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.traffic import Direction, Traffic, Transfer

PASSWORD = "a long enough word to say"
OWN = {"host": "files.example", "origin": "https://files.example"}
EDGE = "----edge"
Ask = Callable[..., Any]


class Counted(Traffic):
    """Limits that limit nothing, and remember who came by."""

    begun: list[tuple[Principal, Direction]]

    def begin(self, who: Principal, address: str, direction: Direction, *rest: Any, **options: Any) -> Transfer:
        self.__dict__.setdefault("begun", []).append((who, direction))
        return super().begin(who, address, direction, *rest, **options)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[House]:
    house = House(load(data_dir=tmp_path / "data"))
    for name in ("ada", "bob"):
        house.accounts.create(name, PASSWORD)
    yield house
    house.close()


@pytest.fixture
def link_app(real: House) -> Iterator[HttpApp]:
    access = Access(real.vaults.tree, real.catalog, real.clock)
    files = Files(access, real.sessions.check)
    services = HttpServices(
        files=files,
        sessions=real.sessions,
        setup=real.setup,
        ca_pem=b"",
        anonymous=False,
        block_size=MIB,
        version="1",
        uploads=real.uploads(access, files),
        shares=real.shares,
        links=real.links,
        guard=real.guard,
        credentials=real.credentials,
        traffic=Counted(real.clock),
    )
    app = build_app(services)
    app.gate.open()
    yield app
    app.close()


@pytest.fixture
async def ask(link_app: HttpApp, real: House, call: Any) -> Ask:
    caller = type(call)(link_app)
    tokens: dict[str | None, str | None] = {None: None}
    for name in ("ada", "bob"):
        tokens[name] = real.sessions.sign_in(name, PASSWORD, door="http", address="::1", agent="test").token

    async def ask_(who: str | None, *arguments: Any, **options: Any) -> Any:
        return await caller(*arguments, **{"token": tokens.get(who, who), **options})

    for name in ("photos/cat.jpg", "photos/sub/dog.jpg", "inbox/old.txt", "secret.txt"):
        assert (await ask_("ada", "PUT", f"/api/v1/files/{name}?parents=true", body=b"cat")).status == 201
    return ask_


async def link(ask: Ask, path: str, **terms: Any) -> Any:
    made = await ask("ada", "POST", "/api/v1/links", json_body={"path": path, **terms})
    assert made.status == 201, made.body
    return made.json


async def visit(ask: Ask, made: Any, **options: Any) -> Any:
    return await ask(None, "POST", "/api/v1/links/open", json_body={"secret": made["secret"], **options})


async def page(ask: Ask, made: Any, rest: str = "", method: str = "GET", cookie: str = "", **options: Any) -> Any:
    headers = {
        **(OWN if method == "POST" else {}),
        **options.pop("headers", {}),
        **({"cookie": cookie} if cookie else {}),
    }
    return await ask(None, method, f"/s/{made['secret']}{rest}", headers=headers, **options)


def cookie_of(answer: Any) -> str:
    return str(answer.headers["set-cookie"].partition(";")[0])


async def send(ask: Ask, made: Any, files: dict[str, bytes], rest: str = "", **options: Any) -> Any:
    parts = [
        f'--{EDGE}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode() + data + b"\r\n"
        for name, data in files.items()
    ]
    body = b"".join(parts) + f"--{EDGE}--\r\n".encode()
    kind = {"content-type": f"multipart/form-data; boundary={EDGE}"}
    headers = {**kind, **options.pop("headers", {})}
    return await page(ask, made, rest, "POST", body=body, headers=headers, **options)


# --- the API -----------------------------------------------------------------------------------------------------


async def test_a_link_is_made_listed_shown_and_ended(ask: Ask) -> None:
    made = await link(ask, "/photos", rights="contributor", name="Holiday", downloads=5, expires="2099-01-01T00:00:00Z")
    assert (made["level"], made["downloads_max"], made["protected"]) == ("contributor", 5, False)
    assert (await ask("ada", "GET", f"/api/v1/links/{made['id']}")).json == made
    assert (await ask("ada", "GET", "/api/v1/links")).json == {"links": [{**made, "secret": None}]}
    for method in ("GET", "DELETE"):
        answers = []
        for number in (made["id"], 99):
            answer = await ask("bob", method, f"/api/v1/links/{number}")
            answers.append((answer.status, answer.headers, answer.body))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    assert (await ask("ada", "DELETE", f"/api/v1/links/{made['id']}")).status == 204
    assert (await visit(ask, made)).code == "not_found"
    for body in ({"path": "/photos", "rights": 16}, {"path": "/photos", "downloads": 0}, {"path": "/x"}, {"nope": 1}):
        assert (await ask("ada", "POST", "/api/v1/links", json_body=body)).status in {400, 404}
    assert (await ask("bob", "POST", "/api/v1/links", json_body={"path": "/Shared/ada/photos"})).code == "forbidden"
    assert (await ask(None, "POST", "/api/v1/links", json_body={"path": "/", "password": "long"})).status == 401


async def test_a_visitor_uses_the_api_on_a_tree_of_its_own(ask: Ask) -> None:
    made = await link(ask, "/photos", rights=15)
    opened = await visit(ask, made, name="Cousin")
    assert opened.status == 201
    assert (opened.json["link"]["owner"], opened.json["link"]["target"]) == ("ada", "photos")
    token = opened.json["token"]
    who = (await ask(token, "GET", "/api/v1/sessions/current")).json
    assert (who["account"], who["link"]) == (None, made["id"])
    listed = (await ask(token, "GET", "/api/v1/folders/")).json["entries"]
    assert [entry["path"] for entry in listed] == ["/sub", "/cat.jpg"]
    ranged = await ask(token, "GET", "/api/v1/files/cat.jpg", headers={"range": "bytes=1-1"})
    assert (ranged.status, ranged.body) == (206, b"a")
    assert (await ask(token, "PUT", "/api/v1/files/new.txt", body=b"x")).status == 201
    assert (await ask(token, "GET", "/api/v1/zip?path=/")).status == 200
    for path in ("/api/v1/files/photos/cat.jpg", "/api/v1/files/secret.txt", "/api/v1/folders/Shared"):
        assert (await ask(token, "GET", path)).code == "not_found"
    for method, path in (("GET", "/api/v1/grants"), ("GET", "/api/v1/links"), ("GET", "/api/v1/sessions")):
        assert (await ask(token, method, path)).code == "sign_in_required"
    assert (await ask(token, "GET", "/api/v1/usage")).code == "forbidden"
    assert (await ask("ada", "GET", f"/api/v1/links/{made['id']}")).json["downloads"] == 1
    assert (await ask(token, "DELETE", "/api/v1/sessions/current")).status == 204
    assert (await ask(token, "GET", "/api/v1/folders/")).code == "sign_in_required"


async def test_the_cookie_of_the_api_asks_for_its_own_page(ask: Ask) -> None:
    """Attack 35."""
    made = await link(ask, "/photos")
    body = {"secret": made["secret"], "cookie": True}
    refused = await ask(None, "POST", "/api/v1/links/open", json_body=body, headers={"origin": "https://evil.example"})
    assert refused.code == "forbidden"
    good = await ask(None, "POST", "/api/v1/links/open", json_body=body, headers=OWN)
    assert (good.status, good.json["token"]) == (201, None)
    listed = await ask(None, "GET", "/api/v1/folders/", headers={**OWN, "cookie": cookie_of(good)})
    assert listed.status == 200


# --- pages -------------------------------------------------------------------------------------------------------


async def test_a_folder_is_shown_walked_and_fetched_without_a_script(ask: Ask) -> None:
    made = await link(ask, "/photos", downloads=2, expires="2099-01-02T03:04:00Z")
    first = await page(ask, made)
    assert first.status == 200
    text = first.body.decode()
    assert re.findall("<script[^>]*>", text) == ['<script src="/static/visit.js" defer>']
    assert " style=" not in text
    assert "2 January 2099, 03:04 UTC" in text
    assert "2 downloads left" in text
    assert "<form" not in text
    policy = first.headers["content-security-policy"]
    assert set(policy.split("; ")) == {
        "default-src 'none'", "style-src 'self'", "script-src 'self'", "connect-src 'self'", "img-src 'self'",
        "media-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
    }  # fmt: skip
    for name, value in {
        "referrer-policy": "no-referrer",
        "x-robots-tag": "noindex, nofollow",
        "cache-control": "no-store",
        "x-frame-options": "DENY",
    }.items():
        assert first.headers[name] == value
    attributes = {each.strip() for each in first.headers["set-cookie"].split(";")[1:]}
    assert {"Secure", "HttpOnly", "SameSite=Lax", f"Path=/s/{made['secret']}"} <= attributes
    cookie = cookie_of(first)
    hrefs = [unescape(each) for each in re.findall(r'<a [^>]*href="([^"]+)"', text)]
    base = f"/s/{made['secret']}"
    assert set(hrefs) == {f"{base}?zip", f"{base}/sub", f"{base}/cat.jpg"}
    again = await page(ask, made, cookie=cookie)
    assert "set-cookie" not in again.headers
    inner = (await page(ask, made, "/sub", cookie=cookie)).body.decode()
    assert f'href="{base}/sub/dog.jpg"' in inner
    assert f'href="{base}"' in inner
    file = await page(ask, made, "/cat.jpg", cookie=cookie)
    assert (file.status, file.body) == (200, b"cat")
    assert file.headers["content-disposition"].startswith("attachment;")
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["content-security-policy"].endswith("sandbox")
    archive = await page(ask, made, "/?zip", cookie=cookie)
    assert archive.headers["content-disposition"].startswith('attachment; filename="photos.zip"')
    assert "1 download left" in (await page(ask, made, cookie=cookie)).body.decode()


async def test_the_page_speaks_the_language_of_the_browser(ask: Ask) -> None:
    made = await link(ask, "/photos", expires="2099-01-02T03:04:00Z")
    text = (await page(ask, made, headers={"accept-language": "de, fa-IR;q=0.9, en;q=0.5"})).body.decode()
    assert '<html lang="fa" dir="rtl"' in text
    assert "۱۳ دی ۱۴۷۷، ۰۳:۰۴ UTC" in text
    assert "۳ بایت" in text
    gone = await page(ask, {"secret": "A" * 43}, headers={"accept-language": "fa"})
    assert "این پیوند کار نمی‌کند" in gone.body.decode()
    assert gone.headers["content-language"] == "fa"
    locked = await link(ask, "/photos", password="rose water")
    form = {"content-type": "application/x-www-form-urlencoded", "accept-language": "fa"}
    wrong = await page(ask, locked, "", "POST", body=b"password=wrong", headers=form)
    assert "گذرواژه نادرست است" in wrong.body.decode()


async def test_a_page_shows_what_it_can_and_no_preview_uses_up_a_link(ask: Ask) -> None:
    """Attacks 36 and 37: an image gets a type from a short list, and stays an attachment in a sandbox."""
    for name in ("note.txt", "page.html", "x.svg"):
        assert (await ask("ada", "PUT", f"/api/v1/files/photos/{name}", body=b"<svg onload=alert(1)>")).status == 201
    made = await link(ask, "/photos")
    cookie = cookie_of(await page(ask, made))
    shown = (await page(ask, made, "/cat.jpg?view", cookie=cookie)).body.decode()
    assert f'<img src="/s/{made["secret"]}/cat.jpg?media" alt="cat.jpg">' in shown
    media = await page(ask, made, "/cat.jpg?media", cookie=cookie)
    assert media.headers["content-type"] == "image/jpeg"
    assert media.headers["content-disposition"].startswith("attachment")
    assert "data-text=" in (await page(ask, made, "/note.txt?view", cookie=cookie)).body.decode()
    for name in ("/page.html?view", "/page.html?media"):
        plain = await page(ask, made, name, cookie=cookie)
        assert plain.headers["content-type"] == "application/octet-stream"
    few = await link(ask, "/photos", downloads=1)
    text = (await page(ask, few)).body.decode()
    assert "?view" not in text
    assert (await ask("ada", "GET", f"/api/v1/links/{few['id']}")).json["downloads"] == 0
    alone = await link(ask, "/photos/cat.jpg")
    assert "?media" in (await page(ask, alone)).body.decode()


async def test_the_script_sends_files_into_folders_and_hears_why_not(ask: Ask) -> None:
    """Attack 1 again: each name of the way is judged, and nothing leads out."""
    made = await link(ask, "/inbox", rights="contributor")
    cookie = cookie_of(await page(ask, made))
    json_ = {"accept": "application/json"}
    sent = await send(ask, made, {"a.txt": b"hello"}, "/?into=2026%2Fe%CC%81", cookie=cookie, headers=json_)
    assert (sent.status, sent.body) == (204, b"")
    assert (await ask("ada", "GET", "/api/v1/files/inbox/2026/%C3%A9/a.txt")).body == b"hello"
    for into in ("..%2F..", "a%2F..%2F..%2Fb", "a%00b"):
        bad = await send(ask, made, {"a.txt": b"x"}, f"/?into={into}", cookie=cookie, headers=json_)
        assert (bad.status, bad.json["code"]) == (400, "invalid_name")
        assert bad.json["told"]
    blind = await link(ask, "/inbox", rights="dropbox")
    assert (await send(ask, blind, {"a.txt": b"x"}, "/?into=2026", headers=json_)).status == 204
    listed = (await ask("ada", "GET", "/api/v1/folders/inbox")).json["entries"]
    assert [entry["name"] for entry in listed] == ["2026", "a.txt", "old.txt"]
    viewer = await link(ask, "/photos")
    refused = await send(ask, viewer, {"a.txt": b"x"}, headers={**json_, "accept-language": "fa"})
    assert (refused.status, refused.json["told"]) == (403, "اجازه ندارید. از کسی که پیوند را به شما داده بپرسید.")


async def test_names_are_escaped_set_apart_and_break_no_header(ask: Ask) -> None:
    """Attacks 36 and 38."""
    for name in ("%3Cscript%3Ealert(1)%3C%2Fx", "a%22%3E%3Cimg src=x", "%D8%B3%D9%81%D8%B1.pdf", "a%26b;c'd", "$body"):
        target = f"/api/v1/files/photos/{name.replace(' ', '%20').replace('%2F', '')}"
        assert (await ask("ada", "PUT", target, body=b"x")).status == 201
    made = await link(ask, "/photos", name='<b>"Holiday"</b> & $owner')
    text = (await page(ask, made)).body.decode()
    assert (text.count("<script"), text.count("<img")) == (1, 1)
    for tag in re.findall(r"<(/?[a-z]+)", text):
        assert tag.lstrip("/") not in {"b", "x"}
    assert "<bdi>&lt;b&gt;&quot;Holiday&quot;&lt;/b&gt; &amp; $owner</bdi>" in text
    assert "<bdi>سفر.pdf</bdi>" in text
    assert "<bdi>$body</bdi>" in text
    hrefs = [unescape(each) for each in re.findall(r'<a [^>]*href="([^"]+)"', text)]
    assert len(hrefs) == 14
    for href in hrefs:
        rest = href.removeprefix(f"/s/{made['secret']}")
        assert (await page(ask, made, rest)).status == 200


async def test_what_does_not_work_has_one_page(ask: Ask) -> None:
    """Attack 24, and 27 for links: unknown, ended, used up or over cannot be told apart."""
    ended, spent, locked = (
        await link(ask, "/photos"),
        await link(ask, "/photos", downloads=1),
        await link(ask, "/photos", password="rose water"),
    )
    removed = await link(ask, "/photos/sub")
    cookie, late = cookie_of(await page(ask, ended)), cookie_of(await page(ask, spent))
    assert (await page(ask, spent, "/cat.jpg")).status == 200
    for each in (ended, locked):
        await ask("ada", "DELETE", f"/api/v1/links/{each['id']}")
    await ask("ada", "DELETE", "/api/v1/entries/photos/sub?recursive=true")
    answers = [
        await page(ask, ended),
        await page(ask, ended, "/cat.jpg"),
        await page(ask, ended, cookie=cookie),
        await page(ask, spent, "/cat.jpg", cookie=late),
        await page(ask, spent),
        await page(ask, locked),
        await page(ask, removed),
        await page(ask, {"secret": "A" * 43}),
        await page(ask, {"secret": "x"}, "/y/z"),
        await page(ask, {"secret": ""}),
        await page(ask, {"secret": "%2e%2e"}),
    ]
    assert {(each.status, each.body, tuple(sorted(each.headers.items()))) for each in answers} == {
        (404, visit_html.gone_page(), tuple(sorted(answers[0].headers.items())))
    }


async def test_a_password_opens_the_page(ask: Ask) -> None:
    made = await link(ask, "/photos", password="rose water")
    form = {"content-type": "application/x-www-form-urlencoded"}
    for rest in ("", "/cat.jpg", "/sub?zip"):
        locked = await page(ask, made, rest)
        assert (locked.status, "set-cookie" in locked.headers) == (401, False)
        assert b'type="password"' in locked.body
        assert b"photos" not in locked.body
        assert b"ada" not in locked.body
    wrong = await page(ask, made, "", "POST", body=b"password=wrong", headers=form)
    assert wrong.status == 401
    assert b"not the link" in wrong.body
    assert b"value=" not in wrong.body
    right = await page(ask, made, "", "POST", body=b"password=rose+water", headers=form)
    assert (right.status, right.headers["location"]) == (303, f"/s/{made['secret']}")
    assert (await page(ask, made, "/cat.jpg", cookie=cookie_of(right))).body == b"cat"
    other = await link(ask, "/photos", password="rose water")
    assert (await page(ask, other, cookie=cookie_of(right))).status == 401
    many = await page(ask, made, "", "POST", body=b"&".join([b"a=b"] * 9), headers=form)
    assert many.status == 400
    huge = await page(ask, made, "", "POST", body=b"password=" + b"a" * 17_000, headers=form)
    assert huge.status == 413
    for _ in range(10):
        last = await page(ask, made, "", "POST", body=b"password=wrong", headers=form)
    assert last.status == 429
    assert b"Try again in" in last.body


async def test_files_arrive_by_the_form(ask: Ask) -> None:
    made = await link(ask, "/inbox", rights="contributor")
    first = await page(ask, made)
    assert 'enctype="multipart/form-data"' in first.body.decode()
    cookie = cookie_of(first)
    files = {"a.txt": b"hello", "old.txt": b"new", "C:\\\\folder\\\\b.bin": bytes(3 * MIB + 5), "e\u0301.txt": b""}
    sent = await send(ask, made, files, cookie=cookie)
    assert (sent.status, sent.headers["location"]) == (303, f"/s/{made['secret']}?received=4")
    shown = (await page(ask, made, "?received=4", cookie=cookie)).body.decode()
    assert "4 files have arrived" in shown
    listed = (await ask("ada", "GET", "/api/v1/folders/inbox")).json["entries"]
    assert {entry["name"]: entry["size"] for entry in listed} == {
        "a.txt": 5, "b.bin": 3 * MIB + 5, "old (1).txt": 3, "old.txt": 3, "\u00e9.txt": 0,
    }  # fmt: skip


async def test_what_visitors_move_counts_with_the_limits_of_the_owner(ask: Ask, link_app: HttpApp) -> None:
    made = await link(ask, "/inbox", rights="contributor")
    cookie = cookie_of(await page(ask, made))
    limits = link_app._context.services.traffic
    assert isinstance(limits, Counted)
    limits.begun.clear()
    assert (await send(ask, made, {"a.txt": b"hello"}, cookie=cookie)).status == 303
    assert (await page(ask, made, "/a.txt", cookie=cookie)).status == 200
    owner = (await ask("ada", "GET", "/api/v1/sessions/current")).json["account"]["name"]
    assert [(who.link.owner if who.link else None, way) for who, way in limits.begun] == [
        (owner, Direction.UP), (owner, Direction.DOWN),
    ]  # fmt: skip
    assert all(who.payer == who.link.account_id for who, _ in limits.begun if who.link)


async def test_a_drop_box_shows_nothing_but_the_form(ask: Ask) -> None:
    made = await link(ask, "/inbox", rights="dropbox", name="For Ada")
    first = await page(ask, made)
    text = first.body.decode()
    assert "<form" in text
    assert "old.txt" not in text
    cookie = cookie_of(first)
    for rest in ("/old.txt", "/nothing", "/?zip", "/old.txt?zip"):
        answer = await page(ask, made, rest, cookie=cookie)
        assert b"cat" not in answer.body
        assert answer.status == (200 if rest == "/?zip" else 404)
        assert "filename" not in str(answer.headers)
    assert (await send(ask, made, {"old.txt": b"theirs"}, cookie=cookie)).status == 303
    assert (await ask("ada", "GET", "/api/v1/files/inbox/old.txt")).body == b"cat"
    assert (await ask("ada", "GET", "/api/v1/files/inbox/old%20(1).txt")).body == b"theirs"


@pytest.mark.parametrize(
    ("files", "status"),
    [({"..": b"x"}, 400), ({"a\x00b": b"x"}, 400), ({"": b""}, 400), ({"../../escape": b"x"}, 303)],
)
async def test_names_in_a_form_are_judged_like_all_names(ask: Ask, files: dict[str, bytes], status: int) -> None:
    """Attack 1: of a path only the last name counts."""
    made = await link(ask, "/inbox", rights="dropbox")
    assert (await send(ask, made, files)).status == status
    listed = (await ask("ada", "GET", "/api/v1/folders/")).json["entries"]
    assert [entry["name"] for entry in listed] == ["inbox", "photos", "secret.txt"]


async def test_a_form_that_is_cut_off_publishes_only_what_was_whole(ask: Ask, link_app: HttpApp) -> None:
    """Attack 51."""
    made = await link(ask, "/inbox", rights="contributor")
    cookie = cookie_of(await page(ask, made))
    body = (
        f'--{EDGE}\r\nContent-Disposition: form-data; name="f"; filename="whole"\r\n\r\n1\r\n'
        f'--{EDGE}\r\nContent-Disposition: form-data; name="f"; filename="half"\r\n\r\n'
    ).encode() + bytes(MIB + 7)
    headers = {"content-type": f"multipart/form-data; boundary={EDGE}"}
    cut = await page(ask, made, "", "POST", cookie=cookie, body=body, headers=headers)
    assert cut.status == 400
    await page(ask, made, "", "POST", cookie=cookie, body=[body], headers=headers, vanish=True)
    listed = (await ask("ada", "GET", "/api/v1/folders/inbox")).json["entries"]
    assert [entry["name"] for entry in listed] == ["old.txt", "whole", "whole (1)"]


async def test_viewers_send_nothing_and_are_told_so(ask: Ask) -> None:
    """The answer comes after the form: a browser that is cut off while it sends shows nothing of it."""
    made = await link(ask, "/photos")
    left: list[int] = []
    body = f'--{EDGE}\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'.encode()
    pieces = [body, *[bytes(MIB)] * 9]
    kind = {"content-type": f"multipart/form-data; boundary={EDGE}"}
    refused = await page(ask, made, "", "POST", body=pieces, headers=kind, before_piece=left.append)
    assert left[-1] == 1
    assert "connection" not in refused.headers
    assert refused.status == 403
    assert b"Not allowed" in refused.body


@pytest.mark.parametrize(
    ("headers", "good"),
    [
        ({"origin": "https://evil.example", "host": "files.example"}, False),
        ({"origin": "null", "host": "files.example"}, False),
        ({"origin": "null", "host": "files.example", "sec-fetch-site": "cross-site"}, False),
        ({"origin": "null", "host": "files.example", "sec-fetch-site": "same-site"}, False),
        ({"origin": "null", "host": "files.example", "sec-fetch-site": "same-origin"}, True),
        ({"origin": "https://files.example", "host": "files.example"}, True),
    ],
)
async def test_forms_of_other_sites_are_refused(ask: Ask, headers: dict[str, str], good: bool) -> None:
    """Attack 35. Our own pages tell nobody their address, so browsers send `Origin: null` from them."""
    made = await link(ask, "/inbox", rights="dropbox")
    kind = {"content-type": f"multipart/form-data; boundary={EDGE}"}
    body = f'--{EDGE}\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n--{EDGE}--\r\n'.encode()
    sent = await ask(None, "POST", f"/s/{made['secret']}", headers={**kind, **headers}, body=body)
    assert sent.status == (303 if good else 403)


async def test_where_certificates_are_required_a_link_is_no_way_around(
    real: House, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await link(ask, "/photos")
    cookie = cookie_of(await page(ask, made))
    token = (await visit(ask, made)).json["token"]
    monkeypatch.setattr(real.credentials, "_demand", ClientCertificates.REQUIRED)
    for answer in (
        await page(ask, made, cookie=cookie),
        await page(ask, made),
        await page(ask, made, "/cat.jpg", cookie=cookie),
        await ask(token, "GET", "/api/v1/files/cat.jpg"),
    ):
        assert answer.status == 403
        assert b"cat.jpg" not in answer.body


async def test_other_methods_and_a_token_of_another_link(ask: Ask) -> None:
    one, other = await link(ask, "/photos"), await link(ask, "/inbox")
    assert (await page(ask, one, "", "DELETE")).status == 405
    assert (await page(ask, one, "", "HEAD")).body == b""
    cookie = cookie_of(await page(ask, one))
    mixed = await page(ask, other, cookie=cookie)
    assert "old.txt" in mixed.body.decode()
    assert cookie_of(mixed) != cookie
    ada = (await ask("ada", "GET", "/api/v1/sessions/current")).json
    assert ada["account"]["name"] == "ada"


async def test_a_long_folder_comes_in_pages(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secure_file_transfer.doors.http.visiting.PAGE_ENTRIES", 1)
    made = await link(ask, "/photos")
    seen: list[str] = []
    rest = ""
    while True:
        text = (await page(ask, made, rest)).body.decode()
        seen += re.findall(r'<span class="name"><bdi>([^<]+)', text)
        more = re.search(r'href="([^"]+\?after=[^"]+)"', text)
        if more is None:
            break
        rest = unescape(more[1]).removeprefix(f"/s/{made['secret']}")
    assert seen == ["sub", "cat.jpg"]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"/s/secret/a/b", "/s/…"),
        (b"//s//secret", "//s//…"),
        (b"/S/secret", "/S/…"),
        (b"/%2fs%2Fsecret", "/%2fs%2F…"),
        (b"/s/", "/s/…"),
        (b"/api/v1/files/s/x", "/api/v1/files/s/x"),
        (b"/setup", "/setup"),
    ],
)
def test_a_secret_is_in_no_line_of_the_log(raw: bytes, shown: str) -> None:
    """Attack 42."""
    assert shown_path({"raw_path": raw}) == shown
