"""A server for the operator's pages, and people who do something on it at a pace that can be watched."""

import http.client
import json
import ssl
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.config import load
from secure_file_transfer.errors import ExistsError
from secure_file_transfer.model import MIB, Role
from secure_file_transfer.server import run as running
from secure_file_transfer.server.ftps import open_ftps
from secure_file_transfer.server.house import House
from secure_file_transfer.server.run import open_server
from secure_file_transfer.testing.ftps_wire import FtpsSite

from .conftest import NAME, PASSWORD

PIECE = 256 * 1024
PAUSE = 0.1


class Stage:
    """A server in this process, whose accounts need no password but where somebody types it."""

    def __init__(self, house: House, port: int, ftps_port: int) -> None:
        self.house, self.port, self._ftps_port = house, port, ftps_port
        self.url = f"https://127.0.0.1:{port}"
        self.cafile = house.directory.tls / "ca_cert.pem"
        self.blobs = house.directory.path / "blobs"
        house.accounts.create(NAME, PASSWORD, Role.ADMIN)

    def token(self, name: str, agent: str = "secure-file-transfer/1.0", address: str = "127.0.0.1") -> str:
        """A session of an account, which is made if there is none."""
        with suppress(ExistsError):
            self.house.accounts.create(name, PASSWORD)
        account = self.house.accounts.get(name)
        return self.house.sessions.open_for(account, door="http", address=address, agent=agent).token

    def ask(self, method: str, path: str, body: bytes, **headers: str) -> int:
        """One request; returns the status."""
        context = ssl.create_default_context(cafile=str(self.cafile))
        wire = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=30)
        wire.request(method, "/api/v1" + urllib.parse.quote(path), body, headers)
        status = wire.getresponse().status
        wire.close()
        return status

    def guess(self, name: str) -> int:
        """Somebody tries a wrong password; returns the status."""
        said = json.dumps({"name": name, "password": "a wild guess"}).encode()
        return self.ask("POST", "/sessions", said, **{"content-type": "application/json"})

    def put(self, path: str, content: bytes) -> None:
        """A file of the operator's."""
        assert self.ask("PUT", "/files" + path, content, authorization=f"Bearer {self.token(NAME)}") == 201

    def client(self, token: str) -> SecureFileTransferClient:
        return SecureFileTransferClient("127.0.0.1", self.port, cafile=self.cafile, token=token)

    def ftps(self, name: str) -> FtpsSite:
        self.token(name)
        return FtpsSite(self._ftps_port, name, PASSWORD, self.cafile)


@contextmanager
def stage(data: Path) -> Iterator[Stage]:
    """With FTPS on a port that the system chooses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFT_FTPS_ENABLED", "true")
        patch.setenv("SFT_FTPS_PORT", "0")
        doors: list[Any] = []

        def opened(*given: Any) -> Any:
            doors.append(open_ftps(*given))
            return doors[0]

        patch.setattr(running, "open_ftps", opened)
        with open_server(load(data_dir=data, host="127.0.0.1", port=0, block_size=MIB)) as (house, listener, _):
            listener.start()
            yield Stage(house, listener.port, doors[0].port)
            listener.stop()


class Upload:
    """An upload that takes its time, in a thread of its own, until it is told to go fast or is cut."""

    def __init__(self, stage: Stage, token: str, path: str, size: int, agent: str = "") -> None:
        context = ssl.create_default_context(cafile=str(stage.cafile))
        self._wire = http.client.HTTPSConnection("127.0.0.1", stage.port, context=context, timeout=30)
        self._wire.putrequest("PUT", "/api/v1/files" + path)
        for name, value in {
            "authorization": f"Bearer {token}",
            "content-length": str(size),
            "user-agent": agent or "secure-file-transfer/1.0",
        }.items():
            self._wire.putheader(name, value)
        self._wire.endheaders()
        self._left = size
        self._fast = threading.Event()
        self._stop = threading.Event()
        self.cut = threading.Event()
        """The server has ended it."""
        self.status: int | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def finish(self) -> int | None:
        """Send the rest at once; returns the status."""
        self._fast.set()
        self._thread.join(30)
        self._wire.close()
        return self.status

    def close(self) -> None:
        """Leave it as it is."""
        self._stop.set()
        self._thread.join(30)
        self._wire.close()

    def _run(self) -> None:
        try:
            while self._left and not self._stop.is_set():
                piece = min(PIECE, self._left)
                self._wire.send(b"x" * piece)
                self._left -= piece
                self._fast.wait(PAUSE)
            if not self._left:
                self.status = self._wire.getresponse().status
        except (OSError, http.client.HTTPException):
            self.cut.set()
