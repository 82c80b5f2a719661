"""A real house behind the door, and clients for it: Python's own, and bare sockets."""

import ftplib
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.config import load
from secure_file_transfer.doors.ftps.door import FtpsDoor
from secure_file_transfer.doors.ftps.session import FtpsOptions, FtpsServices
from secure_file_transfer.doors.ftps.tls import Identity
from secure_file_transfer.model import MIB
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files
from secure_file_transfer.services.traffic import Traffic
from secure_file_transfer.services.uploads import Uploads

PASSWORD = "four plain words together"
SECONDS = 10.0
"""Nothing here takes so long unless it is broken."""


@dataclass
class World:
    """A house with the accounts ada and bob, and its door."""

    house: House
    files: Files
    uploads: Uploads
    identity: Identity
    cafile: Path
    door: FtpsDoor

    @property
    def port(self) -> int:
        return self.door.port

    def who(self, name: str = "ada") -> Any:
        """A principal of that name, on another door."""
        from secure_file_transfer.model import Principal

        return Principal(self.house.accounts.get(name), None)

    def read(self, path: str, name: str = "ada") -> bytes:
        content = self.files.open(self.who(name), RemotePath.parse(path))
        try:
            return b"".join(map(bytes, content.chunks(0, content.entry.size)))
        finally:
            content.close()

    def write(self, path: str, data: bytes, name: str = "ada") -> None:
        draft = self.files.draft(self.who(name), RemotePath.parse(path), parents=True)
        if data:
            draft.append(data)
        draft.commit()


class ResumingFtp(ftplib.FTP_TLS):
    """Python's client, told to resume the TLS session of its control connection, as others do by themselves."""

    def ntransfercmd(self, cmd: str, rest: Any = None) -> Any:
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 - TLS follows
        if self._prot_p:  # type: ignore[attr-defined]
            session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
            conn = self.context.wrap_socket(conn, server_hostname=self.host, session=session)
        return conn, size


class Raw:
    """A bare socket that reads replies, for what no client does."""

    def __init__(self, port: int, cafile: Path) -> None:
        self.context = ssl.create_default_context(cafile=str(cafile))
        self.sock: Any = socket.create_connection(("127.0.0.1", port), SECONDS)
        self._rest = b""

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reply(self) -> str:
        """The next reply, whole; empty when the server closed."""
        lines: list[str] = []
        while True:
            while b"\r\n" not in self._rest:
                try:
                    data = self.sock.recv(65536)
                except (ConnectionError, ssl.SSLError):
                    data = b""
                if not data:
                    assert not self._rest
                    return ""
                self._rest += data
            line, _, self._rest = self._rest.partition(b"\r\n")
            lines.append(line.decode())
            if len(lines[0]) > 3 and lines[0][3] == "-" and not lines[-1].startswith(lines[0][:3] + " "):
                continue
            return "\n".join(lines)

    def ask(self, line: str) -> str:
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def secure(self) -> None:
        assert self.reply().startswith("220")
        assert self.ask("AUTH TLS").startswith("234")
        self.wrap()

    def wrap(self) -> None:
        self.sock = self.context.wrap_socket(self.sock, server_hostname="127.0.0.1")

    def sign_in(self, name: str = "ada") -> None:
        self.secure()
        assert self.ask(f"USER {name}").startswith("331")
        assert self.ask(f"PASS {PASSWORD}").startswith("230")
        assert self.ask("PBSZ 0").startswith("200")
        assert self.ask("PROT P").startswith("200")

    def passive(self) -> int:
        said = self.ask("EPSV")
        assert said.startswith("229"), said
        return int(said.split("|")[3])

    def data(self, port: int, *, session: Any = None) -> ssl.SSLSocket:
        sock = socket.create_connection(("127.0.0.1", port), SECONDS)
        return self.context.wrap_socket(
            sock, server_hostname="127.0.0.1", session=session, do_handshake_on_connect=False
        )

    def close(self) -> None:
        self.sock.close()


@pytest.fixture(scope="session")
def _certificates(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from secure_file_transfer.server.run import init_certificates

    return init_certificates(tmp_path_factory.mktemp("certificates"), ["127.0.0.1", "localhost"])


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with both accounts: hashing their passwords once is enough."""
    path = tmp_path_factory.mktemp("template") / "data"
    made = House(load(data_dir=path, block_size=MIB))
    made.accounts.create("ada", PASSWORD)
    made.accounts.create("bob", PASSWORD)
    made.close()
    return path


@pytest.fixture
def house(tmp_path: Path, _template: Path) -> Iterator[House]:
    shutil.copytree(_template, tmp_path / "data")
    made = House(load(data_dir=tmp_path / "data", block_size=MIB))
    yield made
    made.close()


@pytest.fixture
def open_door(house: House, _certificates: list[Path]) -> Iterator[Callable[..., World]]:
    doors: list[FtpsDoor] = []
    ca, _, cert, key = _certificates
    access = Access(house.vaults.tree, house.catalog, house.clock)
    files = Files(access, house.sessions.check, audit=house.audit)
    uploads = house.uploads(access, files)
    identity = Identity(cert, key)

    def open_(
        *, traffic: Traffic | None = None, registration: Any = None, identity: Identity = identity, **options: Any
    ) -> World:
        services = FtpsServices(
            files, house.sessions, house.credentials, uploads, house.shares, traffic, registration, house.audit
        )
        wanted = replace(FtpsOptions(block_size=MIB, stall_seconds=5, data_seconds=3, shutdown_seconds=2), **options)
        door = FtpsDoor(services, wanted, identity)
        doors.append(door)
        door.start()
        return World(house, files, uploads, identity, ca, door)

    yield open_
    for door in doors:
        door.stop()


@pytest.fixture
def world(open_door: Callable[..., World]) -> World:
    return open_door()


@pytest.fixture
def raw(world: World) -> Iterator[Callable[[], Raw]]:
    opened: list[Raw] = []

    def connect() -> Raw:
        opened.append(Raw(world.port, world.cafile))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


def connect_ftp(world: World, name: str = "ada", *, port: int | None = None) -> ResumingFtp:
    ftp = ResumingFtp(context=ssl.create_default_context(cafile=str(world.cafile)), timeout=SECONDS, encoding="utf-8")
    ftp.connect("127.0.0.1", port or world.port)
    ftp.login(name, PASSWORD)
    ftp.prot_p()
    return ftp


@pytest.fixture
def ftp(world: World) -> Iterator[ResumingFtp]:
    client = connect_ftp(world)
    yield client
    with suppress(OSError, ftplib.Error, EOFError):
        client.quit()
    client.close()
