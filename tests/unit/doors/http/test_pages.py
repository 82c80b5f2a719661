import re
import ssl
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import structlog

from secure_file_transfer.doors.http.pages import fingerprint


def test_the_fingerprint_is_that_of_the_der_form(ca_pem: bytes) -> None:
    der = ssl.PEM_cert_to_DER_cert(ca_pem.decode())
    assert fingerprint(ca_pem).replace(":", "").lower() == sha256(der).hexdigest()
    assert fingerprint(b"text before\n" + ca_pem + ca_pem) == fingerprint(ca_pem)
    assert fingerprint(b"") == ""


async def test_the_start_page_shows_the_fingerprint_and_how_to_connect(call: Any, ca_pem: bytes) -> None:
    answer = await call("GET", "/connect", token=None, headers={"host": "files.example:5000"})
    page = answer.body.decode()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert fingerprint(ca_pem) in re.sub("<[^>]*>", "", page)
    assert "sft login https://files.example:5000<" in page
    assert '<p class="note" hidden>' in page


@pytest.mark.parametrize("host", ['"><script>', "a b", "a/b", "x" * 300, "a:b", "evil.example@x", ""])
async def test_a_strange_host_is_not_repeated(call: Any, host: str) -> None:
    page = (await call("GET", "/connect", token=None, headers={"host": host})).body.decode()
    assert "sft login https://your-server:5000<" in page


async def test_pages_are_self_contained_and_allowed_by_their_own_policy(call: Any, house: Any) -> None:
    house.needs_setup = True
    answer = await call("GET", "/connect", token=None, headers={"host": "h:1"})
    page = answer.body.decode()
    assert answer.headers["content-security-policy"].startswith(
        "default-src 'none'; style-src 'self'; script-src 'self'"
    )
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", page)
    assert not re.search(r"<script(?![^>]*src=\"/static/)", page)
    for link in re.findall(r'(?:src|href)="([^"]*)"', page):
        assert (await call("GET", link, token=None)).status == 200, link
    assert "$" not in page


async def test_the_setup_page_says_without_scripts_what_to_do(call: Any, house: Any) -> None:
    house.needs_setup = True
    page = (await call("GET", "/setup", token=None)).body.decode()
    assert "sft user add --admin NAME" in page


async def test_attack_25_the_setup_page_is_gone_after_setup(call: Any, house: Any) -> None:
    house.needs_setup = True
    assert (await call("GET", "/setup", token=None)).status == 200
    house.needs_setup = False
    answer = await call("GET", "/setup", token=None)
    assert (answer.status, answer.code) == (404, "not_found")


async def test_the_ca_certificate(call: Any, ca_pem: bytes) -> None:
    answer = await call("GET", "/ca.pem", token=None)
    assert answer.body == ca_pem


async def test_static_files_are_revalidated(call: Any) -> None:
    first = await call("GET", "/static/style.css", token=None)
    assert first.headers["content-type"] == "text/css; charset=utf-8"
    again = await call("GET", "/static/style.css", token=None, headers={"if-none-match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "target",
    ["/static/", "/static/../app.py", "/static/..%2fapp.py", "/static/home.html", "/static/none", "/favicon.ico"],
)
async def test_nothing_else_is_served_from_the_package(call: Any, target: str) -> None:
    assert (await call("GET", target, token=None)).code == "not_found"


def test_every_shipped_asset_is_known(call: Any) -> None:
    import secure_file_transfer.doors.http as package

    folder = Path(package.__file__).parent / "assets"
    served = {path.decode().rpartition("/")[2] for path in call.app._pages._static}
    pages = {"home.html", "reset.html", "visit.html", "visit.en.ftl", "visit.fa.ftl"}
    assert {file.name for file in folder.iterdir()} == served | pages


async def test_attack_42_a_one_time_code_is_in_no_log(call: Any) -> None:
    structlog.configure()
    try:
        with structlog.testing.capture_logs() as logs:
            await call("GET", "/reset/K7RWM-9F2QX", token=None)
            await call("POST", "/reset/K7RWM-9F2QX", token=None)
    finally:
        structlog.reset_defaults()
    assert [each["path"] for each in logs if each["event"] == "request"] == ["/reset/…"] * 2
    assert "K7RWM" not in str(logs)
