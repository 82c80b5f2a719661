"""The world of the rights machine through its door: every act is a request, every refusal the answer to it.

The real application is called in this process; only the network is left out. So what one account can tell from status,
headers and body is all here, to the letter.
"""

import asyncio
import io
import json
import zipfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from secure_file_transfer.client.blocks import block_id
from secure_file_transfer.doors.http.app import HttpServices, build_app
from secure_file_transfer.doors.http.schemas import write_time
from secure_file_transfer.model import DriveId, Kind, Rights, TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.services.guard import Guard
from secure_file_transfer.services.keeping import NOTHING, Keeping
from secure_file_transfer.services.links import Links
from secure_file_transfer.services.passwords import PasswordHasher
from secure_file_transfer.services.sessions import TOKEN_PREFIX, Sessions
from secure_file_transfer.transfer.frames import MEDIA_TYPE, frame_head

from .rights_world import PEOPLE, SharingWorld

_MONTH_US = 30 * 86_400_000_000
_API = "/api/v1/"
_TUS = {"tus-resumable": "1.0.0"}
_PIECE = {**_TUS, "content-type": "application/offset+octet-stream"}
NO_TOKEN = TOKEN_PREFIX + "x" * 43
"""Of the right form, and nobody's."""


@dataclass
class Answer:
    """An answer as it came."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    def __str__(self) -> str:
        """All that whoever asked can see, but for the name that every request gets by chance."""
        headers = {name: value for name, value in self.headers.items() if name != "x-request-id"}
        return "\n".join([str(self.status), *map(str, sorted(headers.items())), self.body.decode("utf-8")])


class RefusedError(Exception):
    """The answer was no."""

    def __init__(self, answer: Answer, code: str) -> None:
        super().__init__(str(answer))
        self.answer, self.code = answer, code


class HttpWorld(SharingWorld):
    """Three accounts that are signed in, and visitors, before the application."""

    def __init__(self, root: Path, keeping: Keeping = NOTHING) -> None:
        super().__init__(root, keeping)
        guard, hasher = Guard(self.clock), PasswordHasher(time_cost=1, memory_kib=8, lanes=1)
        self.sessions = Sessions(self.catalog, self.clock, hasher, _MONTH_US, guard=guard)
        self.app = build_app(
            HttpServices(
                files=self.files,
                sessions=self.sessions,
                setup=None,
                ca_pem=b"",
                anonymous=False,
                block_size=64 * 1024,
                version="1",
                uploads=self.uploads,
                blocks=self.blocks,
                shares=self.shares,
                trash=self.trash,
                versions=self.versions,
                links=Links(self.catalog, self.clock, hasher, self.sessions, guard, self._link_secret),
            )
        )
        self.app.gate.open()
        self._loop = asyncio.new_event_loop()
        self.tokens: dict[str, str] = {}
        for name in PEOPLE:
            self.sign_in(name)

    def _link_secret(self, drive_id: DriveId, salt: bytes) -> bytes:
        return self.trees[drive_id].room.keys.link_secret(salt)

    def sign_in(self, name: str) -> None:
        """Give an account another session, beside those it has."""
        account = self.who[name].account
        assert account is not None
        self.tokens[name] = self.sessions.open_for(account, door="http", address="192.0.2.7", agent="test").token

    def close(self) -> None:
        """Let go of everything."""
        self._loop.run_until_complete(_cancel_all())
        self._loop.close()
        self.app.close()
        super().close()

    # --- asking -------------------------------------------------------------------------------------------------

    def ask(
        self,
        who: str,
        method: str,
        target: str,
        value: Any = None,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request by somebody, or with an empty name by nobody; `value` is sent as JSON.

        Raises:
            RefusedError
        """
        fields = {**({"authorization": f"Bearer {self.tokens.get(who, NO_TOKEN)}"} if who else {}), **(headers or {})}
        if value is not None:
            body, fields["content-type"] = json.dumps(value).encode(), "application/json"
        if body:
            fields["content-length"] = str(len(body))
        answer = self._loop.run_until_complete(self._answer(method, _API + target, body, fields))
        if answer.status >= 400:
            raise RefusedError(answer, answer.json["code"] if answer.body else "")
        return answer

    async def _answer(self, method: str, target: str, body: bytes, fields: Mapping[str, str]) -> Answer:
        path, _, query = target.encode().partition(b"?")
        answer, over, sent = Answer(), asyncio.Event(), False

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                await over.wait()
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
            else:
                answer.body += bytes(message.get("body", b""))

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path.decode(),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in fields.items()],
            "client": ("192.0.2.7", 50000),
            "server": ("127.0.0.1", 5000),
            "state": {},
        }
        await self.app(scope, receive, send)
        over.set()
        return answer

    # --- reading ------------------------------------------------------------------------------------------------

    def stat(self, who: str, path: RemotePath) -> Kind:
        """What kind of thing it is."""
        return Kind[self.ask(who, "GET", f"entries{path.to_url()}").json["kind"].upper()]

    def fetch(self, who: str, path: RemotePath) -> bytes:
        """A whole file."""
        return self.ask(who, "GET", f"files{path.to_url()}").body

    def part(self, who: str, path: RemotePath) -> bytes:
        """A file but for its first byte, if it has two."""
        answer = self.ask(who, "GET", f"files{path.to_url()}", headers={"range": "bytes=1-"})
        assert answer.status == 206
        return answer.body

    def head(self, who: str, path: RemotePath) -> int:
        """How long a file is."""
        answer = self.ask(who, "HEAD", f"files{path.to_url()}")
        assert not answer.body
        return int(answer.headers["content-length"])

    def zipped(self, who: str, path: RemotePath) -> dict[str, bytes]:
        """All files at and below a path, by their names in the archive."""
        body = self.ask(who, "GET", f"zip?path={quote(str(path))}").body
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}

    def names_in(self, who: str, path: RemotePath) -> list[str]:
        """What is in a folder."""
        return sorted(each["name"] for each in self.ask(who, "GET", f"folders{path.to_url()}").json["entries"])

    # --- writing ------------------------------------------------------------------------------------------------

    def send(self, who: str, path: RemotePath, data: bytes, by: str) -> RemotePath:
        """Write a file, one of `WAYS`; where it went."""
        written: RemotePath = getattr(self, f"_by_{by}")(who, path, data)
        return written

    def _by_put(self, who: str, path: RemotePath, data: bytes) -> RemotePath:
        return RemotePath.parse(self.ask(who, "PUT", f"files{path.to_url()}", body=data).json["entry"]["path"])

    def begin_upload(self, who: str, path: RemotePath, length: int) -> str:
        """An upload that waits for its bytes: its address."""
        fields = {**_TUS, "upload-length": str(length), "upload-metadata": _metadata(path)}
        return self.ask(who, "POST", "uploads", headers=fields).headers["location"].removeprefix(_API)

    def finish_upload(self, who: str, address: str, data: bytes) -> RemotePath:
        """Send its bytes; where it went."""
        answer = self.ask(who, "PATCH", address, body=data, headers={**_PIECE, "upload-offset": "0"})
        return _published(answer)

    def about_upload(self, who: str, address: str, method: str) -> Answer:
        """HEAD or DELETE."""
        return self.ask(who, method, address, headers=_TUS)

    def _by_pieces(self, who: str, path: RemotePath, data: bytes) -> RemotePath:
        address = self.begin_upload(who, path, len(data))
        assert self.about_upload(who, address, "HEAD").headers["upload-offset"] == "0"
        return self.finish_upload(who, address, data)

    def _by_tus(self, who: str, path: RemotePath, data: bytes) -> RemotePath:
        fields = {**_PIECE, "upload-length": str(len(data)), "upload-metadata": _metadata(path)}
        answer = self.ask(who, "POST", "uploads", body=data, headers=fields)
        self.about_upload(who, answer.headers["location"].removeprefix(_API), "DELETE")
        return _published(answer)

    def _by_batch(self, who: str, path: RemotePath, data: bytes) -> RemotePath:
        frame = frame_head({"path": str(path), "size": len(data)}) + data
        return _result(self.ask(who, "POST", "batch", body=frame, headers={"content-type": MEDIA_TYPE}))

    def _by_blocks(self, who: str, path: RemotePath, data: bytes) -> RemotePath:
        name = block_id(data, self.naming_key(who)).hex()
        for missing in self.missing(who, name):
            self.ask(who, "PUT", f"blocks/{missing}", body=data)
        return self.commit(who, path, name, len(data))

    def naming_key(self, who: str, path: RemotePath | None = None) -> bytes:
        """What names blocks."""
        query = "" if path is None else f"?path={quote(str(path))}"
        return bytes.fromhex(self.ask(who, "GET", f"transfer{query}").json["naming_key"])

    def missing(self, who: str, name: str) -> list[str]:
        """Whether a block has to be sent."""
        found: list[str] = self.ask(who, "POST", "blocks/missing", {"ids": [name]}).json["missing"]
        return found

    def commit(self, who: str, path: RemotePath, name: str, length: int) -> RemotePath:
        """Publish a file of one block."""
        file = {"path": str(path), "size": length, "blocks": [[name, length]]}
        return _result(self.ask(who, "POST", "commits", {"files": [file]}))

    def manifest(self, who: str, path: RemotePath) -> list[list[Any]]:
        """The blocks of a file."""
        blocks: list[list[Any]] = self.ask(who, "GET", f"manifests{path.to_url()}").json["blocks"]
        return blocks

    # --- changing -----------------------------------------------------------------------------------------------

    def make_folder(self, who: str, path: RemotePath) -> None:
        """One folder."""
        self.ask(who, "PUT", f"folders{path.to_url()}")

    def remove(self, who: str, path: RemotePath) -> None:
        """With all that is in it."""
        self.ask(who, "DELETE", f"entries{path.to_url()}?recursive=true")

    def journey(self, who: str, source: RemotePath, target: RemotePath, *, moving: bool) -> None:
        """Move or copy."""
        self.ask(who, "POST", "move" if moving else "copy", {"source": str(source), "target": str(target)})

    # --- sharing ------------------------------------------------------------------------------------------------

    def grant(self, who: str, path: RemotePath, to: str, mask: Rights) -> None:
        """Share."""
        self.ask(who, "PUT", "grants", {"path": str(path), "to": to, "rights": int(mask)})

    def revoke(self, who: str, path: RemotePath, to: str | None) -> int:
        """Share no more; with how many."""
        query = f"path={quote(str(path))}" + ("" if to is None else f"&to={quote(to)}")
        revoked: int = self.ask(who, "DELETE", f"grants?{query}").json["revoked"]
        return revoked

    def grants(self, who: str) -> Any:
        """What is shared."""
        return self.ask(who, "GET", "grants").json

    def make_link(self, who: str, path: RemotePath, mask: Rights, downloads: int | None, ends: int | None) -> Any:
        """A link; `ends` in microseconds."""
        value: dict[str, Any] = {"path": str(path), "rights": int(mask), "downloads": downloads}
        if ends is not None:
            value["expires"] = write_time(TimeUs(ends))
        return self.ask(who, "POST", "links", value).json

    def open_link(self, visitor: str, secret: str) -> None:
        """The visitor is in by this link from now on."""
        self.tokens[visitor] = self.ask("", "POST", "links/open", {"secret": secret}).json["token"]

    def links(self, who: str) -> dict[int, int]:
        """How often each of one's links was used."""
        return {each["id"]: each["downloads"] for each in self.ask(who, "GET", "links").json["links"]}

    def sessions_of(self, who: str) -> list[int]:
        """The numbers of one's sessions."""
        return sorted(each["id"] for each in self.ask(who, "GET", "sessions").json["sessions"])


async def _cancel_all() -> None:
    waiting = asyncio.all_tasks() - {asyncio.current_task()}
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


def _metadata(path: RemotePath) -> str:
    return f"path {b64encode(str(path).encode()).decode()}"


def _published(answer: Answer) -> RemotePath:
    return RemotePath.from_url(answer.headers["content-location"].removeprefix(_API + "files").encode())


def _result(answer: Answer) -> RemotePath:
    (result,) = answer.json["results"]
    if "error" in result:
        raise RefusedError(answer, result["error"]["code"])
    return RemotePath.parse(result["entry"]["path"])
