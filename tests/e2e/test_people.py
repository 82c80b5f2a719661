"""Accounts as people and operators meet them: the API, the library, the page without scripts, the terminal."""

import http.client
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.unit.frontends.cli.conftest import SFT, on_terminal

from secure_file_transfer.client import Profile, Profiles, SecureFileTransferClient
from secure_file_transfer.config import Registration, load
from secure_file_transfer.errors import (
    ConflictError,
    ExistsError,
    ForbiddenError,
    NotFoundError,
    QuotaExceededError,
    SignInFailedError,
    SignInRequiredError,
    WeakPasswordError,
)
from secure_file_transfer.model import MIB, Role
from secure_file_transfer.server import Change
from secure_file_transfer.server.house import House
from secure_file_transfer.server.run import open_local, open_server

PASSWORD = "four plain words together"
NEWER = "five other plain words"
ACCOUNTS = "/api/v1/admin/accounts"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Site:
    house: House
    url: str
    cafile: Path

    def client(self, username: str | None = None, password: str | None = PASSWORD) -> SecureFileTransferClient:
        return SecureFileTransferClient(
            self.url, cafile=self.cafile, username=username, password=password if username else None
        )

    def token(self, name: str) -> str:
        account = self.house.accounts.get(name)
        return self.house.sessions.open_for(account, door="http", address="127.0.0.1", agent="test").token

    def ask(self, method: str, path: str, values: object = None, token: str = "", **headers: str) -> Answer:
        """One request as any program would send it; `values` as JSON, or bytes as they are."""
        body = values if isinstance(values, bytes) or values is None else json.dumps(values).encode()
        given = {"Content-Type": "application/json"} if body is not None else {}
        given |= {"Authorization": f"Bearer {token}"} if token else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPSConnection(
            self.url.removeprefix("https://"), context=ssl.create_default_context(cafile=str(self.cafile)), timeout=30
        )
        try:
            connection.request(method, path, body, given)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()


@pytest.fixture
def open_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Site]]:
    monkeypatch.setenv("SFT_PROFILES", str(tmp_path / "profiles.json"))
    monkeypatch.setenv("SFT_DATA_DIR", str(tmp_path / "data"))
    with ExitStack() as stack:

        def make(**settings: Any) -> Site:
            house, listener, _ = stack.enter_context(open_server(load(host="127.0.0.1", port=0, **settings)))
            listener.start()
            stack.callback(listener.stop)
            house.accounts.create("boss", PASSWORD, Role.ADMIN)
            house.accounts.create("mona", PASSWORD)
            return Site(house, f"https://localhost:{listener.port}", house.directory.tls / "ca_cert.pem")

        yield make


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    return open_site()


# --- operators --------------------------------------------------------------------------------------------------


def test_an_operator_manages_accounts_and_groups_from_the_library(site: Site) -> None:
    with site.client("boss") as boss:
        made = boss.create_account("omid", PASSWORD, quota=5 * MIB, note="for the scanner")
        assert (made.name, made.role, made.quota, made.note, made.bytes) == (
            "omid",
            Role.USER,
            5 * MIB,
            "for the scanner",
            0,
        )
        with pytest.raises(ExistsError):
            boss.create_account("Omid", PASSWORD)
        changed = boss.change_account("omid", role="admin", expires_us=2**51, email="omid@example.com", quota=0)
        assert (changed.role, changed.expires_us, changed.email, changed.quota) == (
            Role.ADMIN,
            2**51,
            "omid@example.com",
            None,
        )
        assert boss.change_account("omid", expires_us=None, role="user").expires_us is None
        assert [each.name for each in boss.accounts()] == ["boss", "mona", "omid"]
        with pytest.raises(ConflictError, match="last administrator"):
            boss.change_account("boss", role="user")
        with pytest.raises(ConflictError, match="last administrator"):
            boss.delete_account("boss")
        boss.create_group("کارمندان")
        boss.rename_group("کارمندان", "staff")
        boss.add_member("staff", "omid")
        boss.add_member("staff", "mona")
        boss.remove_member("staff", "mona")
        assert [(each.name, each.members) for each in boss.groups()] == [("staff", ("omid",))]
        boss.delete_account("omid")
        with pytest.raises(NotFoundError):
            boss.change_account("omid", note="x")
        boss.delete_group("staff")
        assert not boss.groups()


def test_nobody_else_may(site: Site) -> None:
    """Attack 32: also not somebody who was an operator a moment ago."""
    asks = [
        ("GET", ACCOUNTS, None), ("POST", ACCOUNTS, {"name": "x", "password": PASSWORD}),
        ("GET", f"{ACCOUNTS}/mona", None),
        ("PATCH", f"{ACCOUNTS}/mona", {"role": "admin"}), ("DELETE", f"{ACCOUNTS}/boss", None),
        ("POST", f"{ACCOUNTS}/mona/approve", None), ("POST", f"{ACCOUNTS}/mona/reject", None),
        ("POST", f"{ACCOUNTS}/boss/reset", {}), ("GET", "/api/v1/admin/groups", None),
        ("POST", "/api/v1/admin/groups", {"name": "x"}), ("PATCH", "/api/v1/admin/groups/x", {"name": "y"}),
        ("DELETE", "/api/v1/admin/groups/x", None), ("PUT", "/api/v1/admin/groups/x/members/mona", None),
        ("DELETE", "/api/v1/admin/groups/x/members/mona", None),
    ]  # fmt: skip
    mona = site.token("mona")
    for method, path, values in asks:
        assert site.ask(method, path, values, mona).status == 403, path
        assert site.ask(method, path, values).status == 401, path
    with site.client("boss") as boss:
        boss.create_account("second", PASSWORD, role="admin")
        second = site.token("second")
        assert site.ask("GET", ACCOUNTS, token=second).status == 200
        boss.change_account("second", role="user")
    for method, path, values in asks:
        assert site.ask(method, path, values, second).status == 401, path
    assert site.ask("GET", ACCOUNTS, token=site.token("second")).status == 403


NOT_MEMBERS: list[dict[str, object]] = [
    {"id": 1}, {"home_id": 1}, {"password_hash": "x"}, {"pending": False}, {"created": "2020-01-01T00:00:00Z"},
    {"bytes": 0}, {"disabled": "yes"}, {"quota": "5"}, {"quota": -1}, {"quota": True}, {"role": "root"},
    {"expires": "tomorrow"}, {"email": 5},
]  # fmt: skip


def test_what_is_no_member_of_an_account_is_refused(site: Site) -> None:
    """Attack 32: mass assignment."""
    boss, before = site.token("boss"), site.house.accounts.get("mona")
    for more in NOT_MEMBERS:
        changed = site.ask("PATCH", f"{ACCOUNTS}/mona", {"note": "x", **more}, boss)
        made = site.ask("POST", ACCOUNTS, {"name": "omid", "password": PASSWORD, **more}, boss)
        assert (changed.status, made.status) == (400, 400), more
    assert site.house.accounts.get("mona") == before
    assert len(site.house.accounts.all()) == 2


def test_nobody_registers_as_more_than_they_are(open_site: Callable[..., Site]) -> None:
    """Attack 32."""
    site = open_site(registration=Registration.OPEN)
    values, mona = {"name": "omid", "password": PASSWORD}, site.token("mona")
    for more in ({"role": "admin"}, {"quota": 0}, {"pending": False}, {"disabled": False}):
        assert site.ask("POST", "/api/v1/register", {**values, **more}).status == 400
        old_new = {"old": PASSWORD, "new": NEWER, **more}
        assert site.ask("POST", "/api/v1/account/password", old_new, mona).status == 400
    assert site.ask("POST", "/api/v1/register", values).json == {"name": "omid", "status": "ready"}
    assert site.house.accounts.get("omid").role is Role.USER


# --- quota ------------------------------------------------------------------------------------------------------


def test_a_file_for_which_there_is_no_room_is_not_sent(site: Site, tmp_path: Path) -> None:
    with site.client("boss") as boss:
        boss.change_account("mona", quota=4 * MIB, quota_files=100)
    token = site.token("mona")
    # Each is answered although not a byte of the body ever comes.
    head = {"Content_Length": str(5 * 2**30), "Expect": "100-continue"}
    refused = site.ask("PUT", "/api/v1/files/large", None, token, **head)
    assert (refused.status, refused.json["code"], refused.json["retryable"]) == (507, "quota_exceeded", False)
    tus = {"Tus_Resumable": "1.0.0", "Upload_Length": str(5 * 2**30), "Upload_Metadata": "filename bGFyZ2U="}
    assert site.ask("POST", "/api/v1/uploads", None, token, **tus).status == 507
    large = tmp_path / "large"
    large.write_bytes(b"\0" * (4 * MIB) + b"x")
    with site.client("mona") as mona:
        with pytest.raises(QuotaExceededError):
            mona.send_file(str(large), "/large")
        large.write_bytes(b"\0" * 4 * MIB)  # what came of the first try before it was refused is not sent again
        mona.send_file(str(large), "/large")
        usage = mona.usage()
        assert (usage.bytes, usage.free, usage.quota, usage.quota_files) == (4 * MIB, 0, 4 * MIB, 100)
        large.write_bytes(b"\2" * 4 * MIB)
        mona.send_file(str(large), "/large", conflict="overwrite")
    Profiles().add(Profile(site.url, site.cafile.read_text(), token, "mona"))
    small = tmp_path / "small"
    small.write_bytes(b"x")
    ran = on_terminal([*SFT, "put", str(small), "/small"])
    assert ran.code == 11, ran.out
    shown = on_terminal([*SFT, "df"]).out
    assert "4.0 MiB" in shown
    assert "100% used" in shown
    assert "1% used" in shown


# --- one's own password -----------------------------------------------------------------------------------------


def test_changing_the_password_by_api_library_and_cookie(site: Site) -> None:
    """Attack 29."""
    other = site.token("mona")
    with site.client("mona") as mona:
        mona.whoami()
        with pytest.raises(SignInFailedError):
            mona.change_password("wrong", NEWER)
        with pytest.raises(WeakPasswordError):
            mona.change_password(PASSWORD, "mona")
        ended, token = mona.change_password(PASSWORD, NEWER)
        assert ended == 1
        assert mona.whoami().account
    assert site.ask("GET", "/api/v1/sessions/current", token=other).status == 401
    assert token
    assert site.ask("GET", "/api/v1/sessions/current", token=token).status == 200
    own = {"Origin": site.url, "Sec_Fetch_Site": "same-origin"}
    signed = site.ask("POST", "/api/v1/sessions", {"name": "mona", "password": NEWER, "cookie": True}, **own)
    cookie = signed.headers["set-cookie"].partition(";")[0]
    values = {"old": NEWER, "new": PASSWORD}
    from_elsewhere = {"Origin": "https://evil.example", "Cookie": cookie}
    assert site.ask("POST", "/api/v1/account/password", values, **from_elsewhere).status == 403
    changed = site.ask("POST", "/api/v1/account/password", values, Cookie=cookie, **own)
    assert (changed.status, changed.json) == (200, {"ended": 1, "token": None})
    assert "HttpOnly" in changed.headers["set-cookie"]
    renewed = changed.headers["set-cookie"].partition(";")[0]
    assert renewed != cookie
    assert site.ask("GET", "/api/v1/sessions/current", Cookie=cookie).status == 401
    assert site.ask("GET", "/api/v1/sessions/current", Cookie=renewed).status == 200


def test_sft_passwd_on_a_terminal_and_from_a_pipe(site: Site) -> None:
    with site.client("mona") as mona:
        mona.whoami()
        Profiles().add(Profile(site.url, site.cafile.read_text(), mona.sign_in("mona", PASSWORD).token, "mona"))
        asked = [
            ("Old password: ", f"{PASSWORD}\n"),
            ("New password for mona: ", f"{NEWER}\n"),
            ("again: ", f"{NEWER}\n"),
        ]
        ran = on_terminal([*SFT, "passwd"], asked)
        assert (ran.code, "1 other session ended" in ran.out) == (0, True), ran.out
        assert not {PASSWORD, NEWER} & set(ran.out.splitlines())
        assert "mona" in on_terminal([*SFT, "whoami"]).out
        with pytest.raises(SignInFailedError):
            mona.sign_in("mona", PASSWORD)


# --- resets -----------------------------------------------------------------------------------------------------


def test_the_page_of_a_reset_link_works_without_scripts(site: Site) -> None:
    with site.client("boss") as boss:
        link = boss.reset_link("mona")
    path = link.removeprefix(site.url)
    page = site.ask("GET", path)
    assert page.status == 200
    assert b"<script" not in page.body
    assert b"mona" in page.body
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"

    def send(password: str, again: str, **headers: str) -> Answer:
        form = urlencode({"password": password, "again": again}).encode()
        return site.ask("POST", path, form, Content_Type="application/x-www-form-urlencoded", **headers)

    own = {"Origin": site.url, "Sec_Fetch_Site": "same-origin"}
    assert send(NEWER, NEWER, Origin="https://evil.example").status == 403
    different = send(NEWER, "something else", **own)
    assert (different.status, b"different" in different.body, b"<form" in different.body) == (400, True, True)
    weak = send("<mona>", "<mona>", **own)
    assert (weak.status, b"too short" in weak.body, b"<mona>" in weak.body) == (422, True, False)
    token = site.token("mona")
    done = send(NEWER, NEWER, **own)
    assert (done.status, b"Your password is set" in done.body) == (200, True)
    assert site.ask("GET", "/api/v1/sessions/current", token=token).status == 401
    for gone in (site.ask("GET", path), send(PASSWORD, PASSWORD, **own), site.ask("GET", "/reset/")):
        assert gone.status == 404
        assert b'method="post" action="" hidden' in gone.body
    with site.client("mona", NEWER) as mona:
        mona.whoami()


def test_a_reset_by_the_command_line_and_the_library(site: Site) -> None:
    """Attack 31."""
    ran = on_terminal([*SFT, "user", "reset", "mona"], size=(120, 40))
    code = ran.out.split("/reset/")[1].split()[0]
    with site.client() as anybody:
        with pytest.raises(WeakPasswordError):
            anybody.reset_password(code, "mona")
        assert anybody.reset_password(code, NEWER) == "mona"
        with pytest.raises(NotFoundError):
            anybody.reset_password(code, PASSWORD)
        anybody.sign_in("mona", NEWER)
    site.house.accounts.set_disabled("mona", disabled=True)
    with site.client("boss") as boss, pytest.raises(ConflictError):
        boss.reset_link("mona")


# --- registration -----------------------------------------------------------------------------------------------


def test_nobody_registers_by_default(site: Site) -> None:
    with site.client() as anybody:
        assert anybody.server_info().registration == "off"
        with pytest.raises(ForbiddenError):
            anybody.register("omid", PASSWORD)


def test_who_registers_waits_for_an_operator(open_site: Callable[..., Site]) -> None:
    site = open_site(registration=Registration.APPROVAL, registration_quota=MIB)
    asked = [("New password for omid: ", f"{PASSWORD}\n"), ("again: ", f"{PASSWORD}\n")]
    command = [*SFT, "register", site.url, "--user", "omid", "--cafile", str(site.cafile)]
    ran = on_terminal([*command, "--email", "omid@example.com"], asked)
    assert (ran.code, "waits for an operator" in ran.out) == (0, True), ran.out
    assert on_terminal(command, asked).code == 4
    with site.client() as omid:
        with pytest.raises(SignInFailedError, match="approve"):
            omid.sign_in("omid", PASSWORD)
        listed = on_terminal([*SFT, "user", "list"], size=(120, 40)).out
        assert "waits for approval, omid@example.com" in listed
        with site.client("boss") as boss:
            assert [each.name for each in boss.accounts() if each.pending] == ["omid"]
            omid.register("zara", PASSWORD)
            boss.approve_account("omid")
            boss.reject_account("zara")
            with pytest.raises(NotFoundError):
                boss.approve_account("zara")
        omid.sign_in("omid", PASSWORD)
        assert omid.usage().quota == MIB


# --- expiry -----------------------------------------------------------------------------------------------------


def test_an_account_that_another_process_lets_expire_is_out(site: Site) -> None:
    """Attack 29: the command line says so, and the running server sees it."""
    token = site.token("mona")
    assert site.ask("GET", "/api/v1/sessions/current", token=token).status == 200
    with open_local(load()) as local:
        local.accounts.change("mona", Change(expires_us=local.now_us()))
    site.house.sessions.forget(site.house.accounts.get("mona").id)  # what half a second does
    assert site.ask("GET", "/api/v1/sessions/current", token=token).status == 401
    with site.client() as mona, pytest.raises(SignInFailedError):
        mona.sign_in("mona", PASSWORD)
    with pytest.raises(SignInRequiredError):
        site.house.sessions.resolve(token)
