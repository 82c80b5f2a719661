"""A server with accounts in this process, and devices that openssl and curl make."""

import json
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.config import load
from secure_file_transfer.doors.http.listener import Listener
from secure_file_transfer.model import Role
from secure_file_transfer.server.house import House
from secure_file_transfer.server.run import open_server

PASSWORD = "three green boats"


@dataclass
class Answer:
    status: int
    json: Any
    said: str
    code: int


@dataclass
class Site:
    """The server and what a person would know of it."""

    house: House
    listener: Listener
    folder: Path
    cafile: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.listener.port}"

    def curl(self, path: str, *arguments: object, base: str | None = None, cert: Path | None = None) -> Answer:
        shown = ["--cert", str(cert)] if cert else []
        done = subprocess.run(
            ["curl", "-sS", "-m", "20", "--cacert", str(self.cafile), *shown, "-w", "\n%{http_code}"]
            + [str(each) for each in arguments]
            + [(base or self.url) + path],
            capture_output=True,
            check=False,
        )
        body, _, status = done.stdout.rpartition(b"\n")
        try:
            value = json.loads(body)
        except ValueError:
            value = None
        return Answer(int(status or 0), value, done.stderr.decode(), done.returncode)

    def post(self, path: str, value: object, *arguments: object, cert: Path | None = None) -> Answer:
        return self.curl(
            path, "-H", "Content-Type: application/json", "--data", json.dumps(value), *arguments, cert=cert
        )

    def token(self, name: str = "ada") -> str:
        account = self.house.accounts.get(name)
        return self.house.sessions.open_for(account, door="test", address="", agent="").token

    def enrol(self, name: str = "ada", *, subject: str = "/CN=whoever", device: str = "laptop") -> Path:
        """As a person without our client does it; the file holds key and certificate."""
        path = self.folder / f"{device} of {name}.pem"
        key, request = path.with_suffix(".key"), path.with_suffix(".csr")
        new = ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", subject]
        subprocess.run([*new, "-keyout", key, "-out", request], check=True, capture_output=True)
        made = self.post(
            "/api/v1/devices",
            {"request": request.read_text(), "name": device},
            "-H",
            f"Authorization: Bearer {self.token(name)}",
        )
        assert made.status == 201, made
        path.write_text(key.read_text() + made.json["certificate"])
        return path

    def revoke(self, cert: Path) -> None:
        (device,) = (each for each in self.house.devices.of(None) if f"{each.name} of {each.account}" == cert.stem)
        self.house.devices.revoke_any(device.id)

    def context(self, cert: Path | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.cafile))
        if cert:
            context.load_cert_chain(cert)
        return context


@contextmanager
def running(folder: Path, **settings: Any) -> Iterator[Site]:
    given = load(data_dir=folder / "data", host="127.0.0.1", port=0, **settings)
    with open_server(given) as (house, listener, _):
        house.accounts.create("ada", PASSWORD, Role.ADMIN)
        house.accounts.create("bob", PASSWORD)
        listener.start()
        try:
            yield Site(house, listener, folder, folder / "data" / "tls" / "ca_cert.pem")
        finally:
            listener.stop()


@pytest.fixture
def serve_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Start a server with these settings."""
    open_ = []

    def begin(**settings: Any) -> Site:
        manager = running(tmp_path, **settings)
        site = manager.__enter__()
        open_.append(manager)
        return site

    yield begin
    for manager in open_:
        manager.__exit__(None, None, None)


@pytest.fixture
def site(serve_site: Callable[..., Site]) -> Site:
    return serve_site()
