"""The log behind the door: every act leaves an event, no secret does, and who may read it."""

import io
import ssl
from base64 import b32decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
import structlog

from secure_file_transfer.client.devices import _key_and_request
from secure_file_transfer.config import load
from secure_file_transfer.doors.http.app import HttpApp
from secure_file_transfer.model import LogEvent, LogFilter
from secure_file_transfer.server.house import House
from secure_file_transfer.server.logs import configure_logs
from secure_file_transfer.server.run import open_server
from secure_file_transfer.services.networks import Networks
from secure_file_transfer.services.totp import _totp
from secure_file_transfer.transfer.frames import frame_head

PASSWORD = "SECRET1 four plain words"
OTHER = "SECRET2 other plain words"
LINK = "SECRET3-link"
WRITTEN = "SECRET4 what people say to each other"
UNKNOWN = "SECRET4-typed-as-a-name"
ADMIN = "/api/v1/admin"


class Desk:
    """A server with accounts, asked in this process; `told` are the kinds of events since it was asked last."""

    def __init__(self, house: House, app: HttpApp, call: Any) -> None:
        self.house = house
        self.app = app
        self.caller = type(call)(app)
        self.seen = 0
        self.secrets = [PASSWORD, OTHER, LINK, UNKNOWN, WRITTEN]

    async def ask(self, method: str, target: str, said: Any = None, **options: Any) -> Any:
        return await self.caller(method, target, json_body=said, **{"token": None, **options})

    def events(self) -> list[LogEvent]:
        """Those since the last time. What waits is written down first."""
        self.house.journal.flush(30)
        found = self.house.catalog.read(lambda tx: tx.log.after(LogFilter(), self.seen, 10_000))
        self.seen = self.house.catalog.read(lambda tx: tx.log.last())
        return [event for _, event in found]

    def kinds(self) -> set[str]:
        return {event.kind for event in self.events()}


@pytest.fixture
def desk(tmp_path: Path, call: Any) -> Iterator[Desk]:
    settings = load(
        data_dir=tmp_path / "data",
        host="127.0.0.1",
        port=0,
        ftps_enabled=False,
        registration="approval",
        trusted_proxies="192.0.2.7",
    )
    with open_server(settings) as (house, listener, _):
        app = listener._app
        assert isinstance(app, HttpApp)
        app.gate.open()
        try:
            yield Desk(house, app, call)
        finally:
            listener.close()


async def set_up(desk: Desk) -> str:
    code = desk.house.setup.begin()
    desk.secrets.append(code)
    made = await desk.ask("POST", "/api/v1/setup", {"code": code, "name": "ada", "password": PASSWORD})
    assert made.status == 201, made.body
    return str(made.json["token"])


NO_EVENTS = {
    ("POST", "/api/v1/blocks/missing"): "asks, and changes nothing",
    ("PUT", "/api/v1/blocks/{id}"): "a part of a transfer, whose commit is written down",
    ("POST", "/api/v1/chats"): "finds or opens a conversation; what is said in it is written down",
    ("POST", "/api/v1/chats/{number}/read"): "a mark of one's own",
    ("POST", "/api/v1/jobs/{number}/cancel"): "it may be too late; when it is not, that is written down",
    ("DELETE", "/api/v1/jobs/{number}"): "forgets what has ended; its begin and its end were written down",
    ("POST", "/api/v1/uploads"): "an announcement of a transfer, whose end is written down",
}


class Tour:
    """Uses route after route; `used` are those that left what they should."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.used: set[tuple[str, str]] = set()
        self.token = ""

    async def __call__(
        self, method: str, template: str, said: Any, kind: str, *, at: str = "", query: str = "", **options: Any
    ) -> Any:
        """`at` is what stands in the template's braces."""
        target = template
        for name in at.split():
            begin, end = target.index("{"), target.index("}") + 1
            target = target[:begin] + name + target[end:]
        assert "{" not in target
        answer = await self.desk.ask(method, "/api/v1" + target + query, said, **{"token": self.token, **options})
        assert answer.status < 300, (method, target, answer.body)
        events = self.desk.events()
        assert kind in {event.kind for event in events}, (method, template, events)
        assert {event.request for event in events if event.kind == kind} == {answer.request}
        self.used.add((method, "/api/v1" + template))
        return answer


async def test_attack_42_every_mutating_route_leaves_an_event_and_no_secret(
    desk: Desk, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    """Passwords, tokens, codes and links go through every route, and are then searched for."""
    before = structlog.get_config()
    request.addfinalizer(lambda: structlog.configure(**before))
    configure_logs("debug", "json")
    tour = Tour(desk)
    await use_identity(tour)
    await use_files(tour)
    await use_administration(tour)
    await use_live(tour)
    await use_sessions(tour)
    document = (await desk.ask("GET", "/api/v1/openapi.json")).json
    mutating = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if method in {"post", "put", "patch", "delete"}
    }
    assert mutating - tour.used == set(NO_EVENTS)
    desk.seen = 0
    told = "\n".join(str(event) for event in desk.events())
    printed = capsys.readouterr()
    assert told.count("LogEvent(") > 60
    assert "sign-in.failed" in printed.err
    assert len(desk.secrets) > 12
    for secret in desk.secrets:
        assert secret not in told
        assert secret not in printed.err
        assert secret not in printed.out


async def use_identity(tour: Tour) -> None:
    desk = tour.desk
    code = desk.house.setup.begin()
    desk.secrets.append(code)
    made = await tour(
        "POST", "/setup", {"code": code, "name": "ada", "password": PASSWORD}, "server.set-up", token=None
    )
    tour.token = made.json["token"]
    for name in (UNKNOWN, "ada"):
        assert (await desk.ask("POST", "/api/v1/sessions", {"name": name, "password": "SECRET2 wrong"})).status == 401
    desk.secrets.append("SECRET2 wrong")
    signed = await tour("POST", "/sessions", {"name": "ada", "password": PASSWORD}, "sign-in.ok", token=None)
    desk.secrets += [tour.token, signed.json["token"]]
    totp = (await tour("POST", "/totp", {"password": PASSWORD}, "totp.begun")).json
    generator, now = _totp(b32decode(totp["secret"])), int(desk.house.clock.now_us() / 1e6)
    codes = [generator.generate(now + shift).decode() for shift in (0, 30)]
    first = (await tour("POST", "/totp/confirm", {"code": codes[0]}, "totp.enabled")).json["recovery"]
    again = (await tour("POST", "/totp/recovery", {"code": codes[1]}, "totp.codes")).json["recovery"]
    await tour("POST", "/totp/disable", {"code": again[0]}, "totp.disabled")
    desk.secrets += [totp["secret"], totp["uri"], *first, *again]
    await use_devices(tour)
    wish = {"name": "backup", "scopes": ["files:read"], "password": PASSWORD}
    for _ in range(2):
        made = await tour("POST", "/tokens", wish, "token.created")
        desk.secrets.append(made.json["text"])
        await desk.ask("GET", "/api/v1/usage", token=made.json["text"])
        assert "token.used" in desk.kinds()
    await tour("DELETE", "/tokens/{number}", None, "token.revoked", at="1")
    await tour("DELETE", "/tokens", None, "token.revoked")
    changed = await tour("POST", "/account/password", {"old": PASSWORD, "new": OTHER}, "password.changed")
    tour.token = changed.json["token"]
    desk.secrets.append(tour.token)
    await tour("DELETE", "/admin/guard", None, "guard.unblocked")


async def use_devices(tour: Tour) -> None:
    _, request = _key_and_request()
    code = (await tour("POST", "/devices/codes", {}, "device.code")).json["code"]
    tour.desk.secrets.append(code)
    made = await tour("POST", "/devices", {"request": request, "name": "laptop", "code": code}, "device.enrolled")
    pem = made.json["certificate"]
    der = b64encode(ssl.PEM_cert_to_DER_cert(pem[: pem.index("-----END") + 26])).decode()
    headers = {"client-cert": f":{der}:"}
    await tour("POST", "/devices/renewal", {"request": request}, "device.renewed", headers=headers, token=None)
    assert (await tour.desk.ask("GET", "/api/v1/usage", headers=headers)).status == 200
    assert "sign-in.ok" in tour.desk.kinds()
    await tour("DELETE", "/devices/{device}", None, "device.revoked", at="1")
    assert (await tour.desk.ask("GET", "/api/v1/usage", headers=headers)).status == 403
    assert "request.refused" in tour.desk.kinds()


async def use_files(tour: Tour) -> None:
    desk = tour.desk
    await tour("PUT", "/folders/{path}", None, "folder.created", at="d")
    await tour("PUT", "/files/{path}", None, "file.created", at="d/a", body=b"hello")
    await tour("PUT", "/files/{path}", None, "file.replaced", at="d/a", body=b"hello again")
    await tour("POST", "/copy", {"source": "/d/a", "target": "/d/b"}, "file.copied")
    await tour("POST", "/move", {"source": "/d/b", "target": "/d/c"}, "file.moved")
    await tour("DELETE", "/entries/{path}", None, "file.removed", at="d/c", query="?permanent=true")
    version = (await desk.ask("GET", "/api/v1/versions/d/a", token=tour.token)).json["versions"][1]["number"]
    await tour("POST", "/versions/{path}", {"restore": version}, "version.restored", at="d/a")
    await tour("DELETE", "/versions/{path}", None, "version.removed", at="d/a", query=f"?version={version}")
    await tour("PUT", "/files/{path}", None, "file.created", at="t", body=b"hello")
    for number, act in ((1, "restore"), (2, "remove")):
        gone = await tour("DELETE", "/entries/{path}", None, "file.trashed", at="t")
        assert gone.json["trash"] == number
        if act == "restore":
            await tour("POST", "/trash/{number}/restore", {}, "trash.restored", at="1")
        else:
            await tour("DELETE", "/trash/{number}", None, "trash.removed", at="2")
    await tour("DELETE", "/trash", None, "trash.emptied")
    metadata = {"upload-metadata": f"filename {b64encode(b'u').decode()}", "tus-resumable": "1.0.0"}
    for kind in ("upload.removed", "file.created"):
        begun = await desk.ask("POST", "/api/v1/uploads", token=tour.token, headers={**metadata, "upload-length": "3"})
        assert begun.status == 201, begun.body
        name = begun.headers["location"].rpartition("/")[2]
        if kind == "upload.removed":
            await tour("DELETE", "/uploads/{id}", None, kind, at=name, headers={"tus-resumable": "1.0.0"})
        else:
            headers = {
                "tus-resumable": "1.0.0",
                "upload-offset": "0",
                "content-type": "application/offset+octet-stream",
            }
            await tour("PATCH", "/uploads/{id}", None, kind, at=name, body=b"abc", headers=headers)
    batch = {"content-type": "application/vnd.sft.batch"}
    framed = b"".join(frame_head({"size": 1, "path": f"/n{at}"}) + b"x" for at in range(30))
    await tour("POST", "/batch", None, "files.stored", body=framed, headers=batch)
    await tour("POST", "/batch/read", {"paths": ["/n1", "/n2"]}, "files.downloaded")
    manifest = (await desk.ask("GET", "/api/v1/manifests/n1", token=tour.token)).json
    assert "file.fetched-by-blocks" in desk.kinds()
    commit = {"path": "/n31", "size": 1, "blocks": manifest["blocks"]}
    await tour("POST", "/commits", {"files": [commit]}, "file.created")
    await desk.ask("GET", "/api/v1/files/n1", token=tour.token)
    await desk.ask("GET", "/api/v1/zip?path=/d", token=tour.token)
    assert {"file.downloaded", "zip.downloaded"} <= desk.kinds()


async def use_administration(tour: Tour) -> None:
    desk = tour.desk
    account = {"name": "omid", "password": PASSWORD, "note": "hi", "quota": 1000}
    await tour("POST", "/admin/accounts", account, "account.created")
    await tour("PATCH", "/admin/accounts/{name}", {"rate_up": 5, "note": "ho"}, "account.changed", at="omid")
    for name, verb, kind in (("ann", "approve", "account.approved"), ("ben", "reject", "account.rejected")):
        await tour("POST", "/register", {"name": name, "password": PASSWORD}, "account.registered", token=None)
        await tour("POST", f"/admin/accounts/{{name}}/{verb}", None, kind, at=name)
    reset = (await tour("POST", "/admin/accounts/{name}/reset", {}, "password.reset-begun", at="ann")).json["code"]
    await tour("POST", "/reset", {"code": reset, "password": OTHER}, "password.reset", token=None)
    desk.secrets.append(reset)
    await tour("POST", "/admin/certificates/reload", None, "certificate.reloaded")
    await tour("POST", "/admin/groups", {"name": "staff"}, "group.created")
    await tour("PATCH", "/admin/groups/{name}", {"name": "team"}, "group.renamed", at="staff")
    await tour("PUT", "/admin/groups/{name}/members/{account}", None, "group.joined", at="team omid")
    await tour("DELETE", "/admin/groups/{name}/members/{account}", None, "group.left", at="team omid")
    await tour("PUT", "/grants", {"path": "/d", "to": "omid", "rights": "viewer"}, "share.granted")
    await tour("DELETE", "/grants", None, "share.revoked", query="?path=/d&to=omid")
    await tour("PUT", "/grants", {"path": "/d", "to": "omid", "rights": "viewer"}, "share.granted")
    (seen,) = (await desk.ask("GET", "/api/v1/admin/grants", token=tour.token)).json["grants"]
    await tour("DELETE", "/admin/grants/{number}", None, "share.revoked", at=str(seen["number"]))
    omid = desk.house.accounts.get("omid")
    desk.house.catalog.write(lambda tx: tx.factors.begin(omid.id, b"salt"))
    await tour("DELETE", "/admin/accounts/{name}/totp", None, "totp.reset", at="omid")
    await tour("DELETE", "/admin/groups/{name}", None, "group.deleted", at="team")
    link = (await tour("POST", "/links", {"path": "/d", "password": LINK}, "link.created")).json
    desk.secrets.append(link["secret"])
    assert (await desk.ask("GET", f"/s/{link['secret']}")).status in {200, 401}
    opening = {"secret": link["secret"], "password": LINK}
    assert (await desk.ask("POST", "/api/v1/links/open", {**opening, "password": "SECRET3-wrong"})).status == 401
    assert "link.refused" in desk.kinds()
    visit = (await tour("POST", "/links/open", {**opening, "name": "Cousin"}, "link.opened", token=None)).json
    desk.secrets.append(visit["token"])
    await desk.ask("GET", "/api/v1/files/a", token=visit["token"])
    (seen,) = [event for event in desk.events() if event.kind == "file.downloaded"]
    assert seen.actor == f"Cousin (link #{link['id']})"
    await tour("DELETE", "/links/{number}", None, "link.revoked", at=str(link["id"]))
    link = (await tour("POST", "/links", {"path": "/d"}, "link.created")).json
    desk.secrets.append(link["secret"])
    await tour("DELETE", "/admin/links/{number}", None, "link.revoked", at=str(link["id"]))
    await tour("DELETE", "/admin/accounts/{name}", None, "account.deleted", at="ann")


async def use_live(tour: Tour) -> None:
    desk = tour.desk
    signed = (await desk.ask("POST", "/api/v1/sessions", {"name": "omid", "password": PASSWORD})).json
    omid = signed["token"]
    desk.secrets.append(omid)
    listed = (await desk.ask("GET", "/api/v1/sessions", token=omid)).json["sessions"]
    number = str(listed[0]["id"])
    desk.events()
    chat = (await desk.ask("POST", "/api/v1/chats", {"to": "omid"}, token=tour.token)).json["id"]
    said = {"id": str(uuid4()), "text": WRITTEN}
    await tour("POST", "/chats/{number}/messages", said, "chat.sent", at=str(chat))
    await tour("POST", "/clients/{number}/pause", None, "client.paused", at=number)
    await tour("POST", "/clients/{number}/resume", None, "client.resumed", at=number)
    await tour("POST", "/warnings", {"account": "omid", "text": "Soon"}, "client.warned")
    await tour("POST", "/clients/{number}/warnings", {"text": "Now"}, "client.warned", at=number)
    warning = (await desk.ask("GET", "/api/v1/warnings", token=omid)).json["warnings"][0]["id"]
    await tour("POST", "/warnings/{number}/acknowledge", None, "warning.acknowledged", at=str(warning), token=omid)
    await tour("POST", "/clients/{number}/kick", {"reason": "Enough"}, "client.kicked", at=number)
    await tour("PATCH", "/limits", {"transfers": 8}, "limits.changed")
    await tour("POST", "/jobs", {"kind": "verify", "path": "/d"}, "job.begun")
    await tour("POST", "/server/stop", {"after_transfers": True}, "server.stop")


async def use_sessions(tour: Tour) -> None:
    desk = tour.desk
    other = {"name": "omid", "password": PASSWORD}
    signed = (await tour("POST", "/sessions", other, "sign-in.ok", token=None)).json
    assert (await desk.ask("GET", "/api/v1/admin/guard", token=signed["token"])).status == 403
    assert "request.refused" in desk.kinds()
    number = (await desk.ask("GET", "/api/v1/sessions", token=signed["token"])).json["sessions"][0]["id"]
    await tour("DELETE", "/sessions/{number}", None, "session.revoked", at=str(number))
    await tour("DELETE", "/sessions", None, "session.revoked")
    await tour("DELETE", "/sessions/current", None, "session.ended")


# --- reading ----------------------------------------------------------------------------------------------------


async def test_operators_read_filter_follow_and_export_it(desk: Desk) -> None:
    """Attack 44: a name that is a formula elsewhere is a text in the sheet."""
    token = await set_up(desk)
    for name in ("=a", "b"):
        await desk.ask("PUT", f"/api/v1/folders/{name}", token=token)
    await desk.ask("POST", "/api/v1/sessions", {"name": "ada", "password": "wrong"})
    desk.events()

    async def kinds(query: str) -> list[str]:
        answer = await desk.ask("GET", f"/api/v1/log?{query}", token=token)
        assert answer.status == 200, answer.body
        return [event["kind"] for event in answer.json["events"]]

    assert await kinds("severity=warning") == ["sign-in.failed"]
    assert await kinds("category=file&limit=1&category=sharing") == ["folder.created"]
    assert await kinds("actor=ada&search=/b") == ["folder.created"]
    assert await kinds("since=2099-01-01T00:00:00Z") == []
    page = (await desk.ask("GET", "/api/v1/log?limit=2", token=token)).json
    older = (await desk.ask("GET", f"/api/v1/log?limit=2&cursor={page['cursor']}", token=token)).json
    assert {each["number"] for each in page["events"]}.isdisjoint(each["number"] for each in older["events"])
    request = page["events"][0]["request"]
    assert len(await kinds(f"request={request}")) == 1
    assert await kinds(f"after={page['last']}") == []
    await desk.ask("PUT", "/api/v1/folders/c", token=token)
    desk.events()
    assert await kinds(f"after={page['last']}") == ["folder.created"]
    sheet = await desk.ask("GET", "/api/v1/log/export?format=xlsx&category=file", token=token)
    cells = openpyxl.load_workbook(io.BytesIO(sheet.body))["Log"]
    assert {cell.data_type for row in cells.iter_rows() for cell in row if cell.value is not None} == {"s", "n", "d"}
    rows = list(cells.iter_rows(values_only=True))
    assert [row[9] for row in rows] == ["target", "/=a", "/b", "/c"]
    assert 'filename="log.xlsx"' in sheet.headers["content-disposition"]
    for bad in ("severity=loud", "category=x", "after=1&cursor=1-1", "nope=1", "limit=0", "since=soon", "cursor=x"):
        assert (await desk.ask("GET", f"/api/v1/log?{bad}", token=token)).status in {400, 422}, bad
    assert (await desk.ask("GET", "/api/v1/log/export?format=exe", token=token)).status in {400, 422}


async def test_others_read_their_own_and_tokens_nobodys(desk: Desk) -> None:
    token = await set_up(desk)
    await desk.ask("POST", f"{ADMIN}/accounts", {"name": "omid", "password": PASSWORD}, token=token)
    omid = (await desk.ask("POST", "/api/v1/sessions", {"name": "omid", "password": PASSWORD})).json["token"]
    await desk.ask("PUT", "/api/v1/folders/mine", token=omid)
    desk.events()
    own = (await desk.ask("GET", "/api/v1/log?mine=true", token=omid)).json["events"]
    assert {each["actor"] for each in own} == {"omid"}
    assert {"folder.created", "sign-in.ok"} <= {each["kind"] for each in own}
    wish = {"name": "t", "scopes": ["admin"], "password": PASSWORD}
    made = (await desk.ask("POST", "/api/v1/tokens", wish, token=token)).json["text"]
    for who, status in ((omid, 403), (made, 403), (None, 401)):
        for path in ("/api/v1/log", "/api/v1/log?after=0", "/api/v1/log/export?format=csv"):
            assert (await desk.ask("GET", path, token=who)).status == status


async def test_requests_have_names_that_strangers_do_not_choose(desk: Desk) -> None:
    for told, kept in (("a-good.name_1", True), ("x", False), ("a b c d e f g", False), ("y" * 65, False)):
        answer = await desk.ask("GET", "/api/v1/server", headers={"x-request-id": told})
        assert (answer.request == told) == kept
    desk.app._context.services.proxies._trusted = Networks(())
    answer = await desk.ask("GET", "/api/v1/server", headers={"x-request-id": "a-good.name_1"})
    assert len(answer.request) == 16
    assert answer.request != (await desk.ask("GET", "/api/v1/server")).request
