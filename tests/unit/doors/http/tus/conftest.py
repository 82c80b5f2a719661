"""A tus client in this process, before the real services on a catalog and blobs in a temporary directory."""

import asyncio
import random
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.config import load
from secure_file_transfer.doors.http.app import HttpApp, HttpServices, build_app
from secure_file_transfer.model import MIB
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files

UPLOADS = "/api/v1/uploads"
CONTENT = "application/offset+octet-stream"


class Desk:
    """The door of one data directory, which can be closed and opened again, and a client that speaks tus."""

    data = random.Random(7).randbytes(3 * MIB + 12_345)  # noqa: S311 - data, not a secret

    @staticmethod
    def meta(**pairs: str) -> str:
        return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in pairs.items())

    def held(self) -> "Held":
        return Held(self)

    def __init__(self, folder: Path, caller_type: Any) -> None:
        self.folder = folder
        self.caller_type = caller_type
        self.tokens: dict[str, str] = {}
        self.open()
        for name in ("ada", "bob"):
            account = self.house.accounts.create(name, "four plain words together")
            self.tokens[name] = self.house.sessions.open_for(account, door="http", address="", agent="").token

    def open(self) -> None:
        self.house = House(load(data_dir=self.folder, block_size=MIB))
        access = Access(self.house.vaults.tree)
        files = Files(access, self.house.sessions.check)
        self.uploads = self.house.uploads(access, files)
        services = HttpServices(files, self.house.sessions, None, b"", False, MIB, "1", self.uploads)
        self.app: HttpApp = build_app(services)
        self.app.gate.open()

    def close(self) -> None:
        self.app.close()
        self.house.close()

    def restart(self) -> None:
        self.close()
        self.open()

    async def ask(self, method: str, target: str, *, who: str = "ada", **options: Any) -> Any:
        headers = {"tus-resumable": "1.0.0", **options.pop("headers", {})}
        headers = {name: value for name, value in headers.items() if value is not None}
        answer = await self.caller_type(self.app)(
            method, target, headers=headers, token=self.tokens.get(who), **options
        )
        assert answer.headers["tus-resumable"] == "1.0.0"
        return answer

    async def create(self, length: int | None = None, name: str = "a.bin", **headers: str) -> str:
        size = {"upload-defer-length": "1"} if length is None else {"upload-length": str(length)}
        named = {"upload-metadata": self.meta(filename=name) if name else None}
        answer = await self.ask("POST", UPLOADS, headers={**size, **named, **headers})
        assert answer.status == 201, answer.body
        return str(answer.headers["location"])

    async def patch(self, target: str, offset: int, body: Any, **options: Any) -> Any:
        headers = {"content-type": CONTENT, "upload-offset": str(offset), **options.pop("headers", {})}
        return await self.ask("PATCH", target, body=body, headers=headers, **options)

    async def part(self, data: bytes) -> str:
        """A partial upload that is whole."""
        target = await self.create(len(data), "", **{"upload-concat": "partial"})
        if data:
            assert (await self.patch(target, 0, data)).status == 204
        assert (await self.ask("HEAD", target)).headers["upload-concat"] == "partial"
        return target

    async def offset(self, target: str) -> int:
        answer = await self.ask("HEAD", target)
        assert answer.status == 200
        assert answer.headers["cache-control"] == "no-store"
        return int(answer.headers["upload-offset"])

    async def read(self, path: str) -> bytes | None:
        answer = await self.caller_type(self.app)("GET", f"/api/v1/files/{path}", token=self.tokens["ada"])
        return None if answer.status == 404 else bytes(answer.body)

    def blocks(self) -> list[int]:
        """The lengths of all blocks that are referred to."""
        return self.house.catalog.read(
            lambda tx: [ref.length for row in _names(tx) for ref in tx.uploads.manifest(row)]
        )


def _names(tx: Any) -> Any:
    return tx.uploads.expired(2**62, 100)


@pytest.fixture
def desk(tmp_path: Path, call: Any) -> Iterator[Desk]:
    desk = Desk(tmp_path / "data", type(call))
    yield desk
    desk.close()


class Held:
    """The door, with bodies that wait: `began` once the first piece was asked for, and on with `go_on`."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.began, self.go_on = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def held() -> Any:
            message = await receive()
            self.began.set()
            await self.go_on.wait()
            return message

        await self.desk.app(scope, held, send)

    def patch(self, target: str, body: bytes) -> asyncio.Task[Any]:
        headers = {"tus-resumable": "1.0.0", "content-type": CONTENT, "upload-offset": "0"}
        token = self.desk.tokens["ada"]
        return asyncio.ensure_future(
            self.desk.caller_type(self)("PATCH", target, headers=headers, token=token, body=body)
        )
