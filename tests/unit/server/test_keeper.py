"""A server that runs for long: its certificates are renewed, and taken up when somebody replaces them."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from secure_file_transfer.config import load
from secure_file_transfer.doors.http.listener import Listener
from secure_file_transfer.doors.sockets import tls_context
from secure_file_transfer.errors import ConfigurationError
from secure_file_transfer.server import keeper
from secure_file_transfer.server.keeper import CertificateKeeper
from secure_file_transfer.server.run import open_server
from secure_file_transfer.services.certificates import Certificates, TlsFiles
from secure_file_transfer.storage.durable import write_file
from secure_file_transfer.testing.certificates import TestAuthority
from secure_file_transfer.testing.clock import FakeClock

DAY = 86_400


class Gate:
    is_open, running = True, 0

    def open(self) -> None: ...
    def close(self) -> None: ...


class App:
    gate: Any = Gate()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    def refused(self, address: str, error: Exception) -> None:
        pass

    def close(self) -> None: ...


class World:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.kept = Certificates(folder / "tls", self.clock, write_file)
        files = self.kept.ensure(["localhost"])
        self.listener = Listener(App(), host="127.0.0.1", port=0, certfile=files.chain, keyfile=files.key)
        self.tidied = self.loads = 0
        self.keeper = CertificateKeeper(
            self.load, self.use, self.tidy, watched=[folder / "tls"], clock=self.clock, start=False
        )
        self.listener.start()

    def load(self) -> TlsFiles:
        self.loads += 1
        return self.kept.ensure(["localhost"])

    def use(self, files: TlsFiles) -> None:
        self.listener.use(files.chain, files.key)

    def tidy(self) -> None:
        self.tidied += 1

    def connect(self) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the times are a fake clock's
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.listener.port), timeout=20))

    def serial(self) -> int:
        with self.connect() as connection:
            return serial(connection)


def serial(connection: ssl.SSLSocket) -> int:
    der = connection.getpeercert(binary_form=True)
    assert der
    return x509.load_der_x509_certificate(der).serial_number


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.listener.stop()


def test_a_server_that_runs_for_years_renews_its_certificate_and_keeps_open_connections(world: World) -> None:
    first = world.serial()
    with closing(world.connect()) as kept:
        seen = set()
        for day in range(3 * 365):
            world.clock.advance(DAY)
            if world.keeper.look():
                seen.add(world.serial())
                print("renewed on day", day)
        assert len(seen) == 2, "every year, a month before the end"
        assert first not in seen
        kept.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.recv(100).startswith(b"HTTP/1.1 200")
        assert serial(kept) == first
    assert world.tidied == 3 * 365


def test_it_looks_seldom_and_acts_when_a_file_was_replaced(world: World) -> None:
    assert not world.keeper.look()
    assert world.loads == 0
    first = world.serial()
    (world.kept.directory / "server_cert.pem").unlink()
    assert world.keeper.look()
    assert world.serial() != first
    assert not world.keeper.look()
    assert world.loads == 1


def test_what_is_broken_is_told_once_and_the_server_goes_on(world: World) -> None:
    first, place = world.serial(), world.kept.directory / "ca_cert.pem"
    good = place.read_bytes()
    write_file(place, b"garbage")
    assert not world.keeper.look()
    assert not world.keeper.look()
    assert world.loads == 1, "not every two seconds"
    assert world.serial() == first
    write_file(place, good)
    assert world.keeper.look()
    write_file(place, b"garbage")
    world.keeper.look()
    world.clock.advance(3600)
    world.keeper.look()
    assert world.loads == 4, "but every hour"


def test_asked_to_it_looks_at_once_and_says_what_is_wrong(world: World) -> None:
    first, place = world.serial(), world.kept.directory / "server_cert.pem"
    assert not world.keeper.reload()
    place.unlink()
    assert world.keeper.reload()
    second = world.serial()
    assert second != first
    write_file(world.kept.directory / "ca_cert.pem", b"garbage")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"ca_cert\.pem"):
            world.keeper.reload()
    assert world.serial() == second
    loads = world.loads
    assert not world.keeper.look()
    assert world.loads == loads, "what was told is not tried every two seconds"


def test_certificates_that_do_not_fit_leave_the_present_ones(world: World, tmp_path: Path) -> None:
    first = world.serial()
    (tmp_path / "other").mkdir()
    files = TestAuthority().issue(tmp_path / "other")
    with pytest.raises(ConfigurationError):
        world.listener.use(files.certfile, world.kept.directory / "server_key.pem")
    assert world.serial() == first
    world.listener.use(files.certfile, files.keyfile)
    assert world.serial() != first


def test_a_running_server_takes_up_the_operator_s_new_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.01)
    used = threading.Event()
    use = Listener.use

    def told(listener: Listener, *arguments: Any) -> None:
        use(listener, *arguments)
        used.set()

    monkeypatch.setattr(Listener, "use", told)
    files = TestAuthority().issue(tmp_path)
    settings = load(data_dir=tmp_path / "d", host="127.0.0.1", port=0, certfile=files.certfile, keyfile=files.keyfile)
    with open_server(settings) as (_, listener, _announce):
        listener.start()
        try:
            renewed = TestAuthority().issue(tmp_path)
            assert used.wait(20)
            context = ssl.create_default_context(cafile=str(renewed.cafile))
            with (
                socket.create_connection(("localhost", listener.port), timeout=20) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as tls,
            ):
                assert serial(tls)
        finally:
            listener.stop()


def test_certificates_of_clients_are_asked_for_only_where_they_count(tmp_path: Path) -> None:
    files = TestAuthority().issue(tmp_path)
    context = tls_context(files.certfile, files.keyfile, None, files.cafile.read_text())
    assert context.verify_mode is ssl.CERT_OPTIONAL
    assert tls_context(files.certfile, files.keyfile).verify_mode is ssl.CERT_NONE
    assert tls_context(files.certfile, files.keyfile, files.cafile).verify_mode is ssl.CERT_REQUIRED
