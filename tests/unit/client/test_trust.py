"""Whom the client trusts, and what it says when it does not."""

import asyncio
import hashlib
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from secure_file_transfer.client import AsyncClient, fetch_ca, fingerprint_of
from secure_file_transfer.client.trust import check_fingerprint
from secure_file_transfer.errors import (
    CertificateError,
    ConfigurationError,
    ProtocolViolationError,
    SecureFileTransferError,
    TimedOutError,
    UnreachableError,
)
from secure_file_transfer.testing.certificates import ServerFiles, TestAuthority
from secure_file_transfer.testing.fake_server import FakeServer
from secure_file_transfer.testing.scripted_server import Asked, ScriptedServer, answer


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeServer]:
    with FakeServer(tmp_path) as server:
        yield server


async def failure(port: int, host: str = "127.0.0.1", **how: object) -> SecureFileTransferError:
    """What the client says of a server that it cannot use."""
    async with AsyncClient(host, port, **how) as client:  # type: ignore[arg-type]  # whatever the test gives
        with pytest.raises(SecureFileTransferError) as caught:
            await client.server_info()
    return caught.value


def test_a_fingerprint_is_the_sha256_of_the_der_form() -> None:
    pem = TestAuthority().pem
    expected = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    assert fingerprint_of(pem).replace(":", "").lower() == expected


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "00" * 20, "00" * 33])
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        check_fingerprint(text)


async def test_fetch_ca_gives_the_authority_and_its_fingerprint(fake: FakeServer) -> None:
    pem, fingerprint = await fetch_ca("127.0.0.1", fake.port)
    assert pem == fake.files.cafile.read_text()
    assert fingerprint == fingerprint_of(pem)


@pytest.mark.parametrize("write", [str, str.lower, lambda f: "SHA256:" + f.replace(":", " ")])
async def test_a_pinned_fingerprint_is_enough(fake: FakeServer, write: object) -> None:
    assert callable(write)
    fingerprint = write(fingerprint_of(fake.files.cafile.read_text()))
    async with AsyncClient("127.0.0.1", fake.port, fingerprint=fingerprint, token=fake.token) as client:
        assert (await client.stat("/")).path == "/"


async def test_another_fingerprint_is_refused_before_anything_secret_is_sent(fake: FakeServer) -> None:
    async with AsyncClient("127.0.0.1", fake.port, fingerprint="00" * 32, username="u", password="p") as client:
        with pytest.raises(CertificateError, match="00:00:00"):
            await client.whoami()
    assert fake.requests == []


async def test_a_second_authority_cannot_ride_along_with_the_pinned_one(tmp_path: Path) -> None:
    honest, hostile = TestAuthority("honest"), TestAuthority("hostile")
    files = hostile.issue(tmp_path)

    def script(asked: Asked) -> bytes:
        return answer(200, body=(honest.pem + hostile.pem).encode())

    with ScriptedServer(script, files.context()) as server:
        error = await failure(server.port, fingerprint=fingerprint_of(honest.pem))
    assert isinstance(error, ProtocolViolationError)


async def test_a_wrong_authority_is_told_with_what_was_expected(fake: FakeServer, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_text(TestAuthority("Somebody else").pem)
    error = await failure(fake.port, cafile=other)
    assert isinstance(error, CertificateError)
    assert "Test CA" in str(error)
    assert "Somebody else" in str(error)
    assert f"127.0.0.1:{fake.port}" in str(error)


async def test_without_an_authority_the_hint_names_the_ways_to_trust(fake: FakeServer) -> None:
    error = await failure(fake.port)
    assert isinstance(error, CertificateError)
    assert "fingerprint" in error.hint


async def _certificate_failure(tmp_path: Path, files: ServerFiles, host: str = "127.0.0.1") -> str:
    with FakeServer(tmp_path, files) as server:
        error = await failure(server.port, host, cafile=files.cafile)
    assert isinstance(error, CertificateError)
    return f"{error} {error.hint}"


async def test_a_certificate_for_another_name_lists_the_names_it_has(tmp_path: Path) -> None:
    told = await _certificate_failure(tmp_path, TestAuthority().issue(tmp_path, ["nas.example", "10.9.8.7"]))
    assert "nas.example" in told
    assert "10.9.8.7" in told


async def test_an_expired_certificate_says_since_when(tmp_path: Path) -> None:
    files = TestAuthority().issue(tmp_path, starts=timedelta(days=-9), lasts=timedelta(days=2))
    assert "expired on 20" in await _certificate_failure(tmp_path, files)


async def test_a_certificate_of_tomorrow_says_from_when(tmp_path: Path) -> None:
    files = TestAuthority().issue(tmp_path, starts=timedelta(days=1))
    assert "valid only from 20" in await _certificate_failure(tmp_path, files)


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.peer
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("recipe", ["signed", "self-signed"])
async def test_the_plain_openssl_recipe_is_told_what_it_lacks(tmp_path: Path, recipe: str, host: str) -> None:
    key = ["-newkey", "rsa:2048", "-nodes"]
    if recipe == "signed":
        _openssl(tmp_path, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=My CA")
        _openssl(tmp_path, "req", *key, "-keyout", "s.key", "-out", "s.csr", "-subj", "/CN=localhost")
        signing = ["x509", "-req", "-in", "s.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        _openssl(tmp_path, *signing, "-out", "s.pem", "-days", "9")
    else:
        _openssl(tmp_path, "req", "-x509", *key, "-keyout", "s.key", "-out", "s.pem", "-subj", "/CN=localhost")
        shutil.copy(tmp_path / "s.pem", tmp_path / "ca.pem")
    files = ServerFiles(tmp_path / "ca.pem", tmp_path / "s.pem", tmp_path / "s.key")
    told = await _certificate_failure(tmp_path, files, host)
    assert "no subjectAltName" in told
    assert f"sft cert init --host {host}" in told
    assert f"subjectAltName={'DNS' if host == 'localhost' else 'IP'}:{host}" in told
    assert "-extfile" in told


@pytest.mark.peer
async def test_the_openssl_recipe_with_a_subject_alternative_name_works(tmp_path: Path) -> None:
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout"]
    (tmp_path / "ext").write_text("subjectAltName=IP:127.0.0.1")
    _openssl(tmp_path, "req", "-x509", *key, "ca.key", "-out", "ca.pem", "-subj", "/CN=My CA")
    _openssl(tmp_path, "req", *key, "s.key", "-out", "s.csr", "-subj", "/CN=x")
    signing = ["x509", "-req", "-in", "s.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
    _openssl(tmp_path, *signing, "-out", "s.pem", "-extfile", "ext")
    files = ServerFiles(tmp_path / "ca.pem", tmp_path / "s.pem", tmp_path / "s.key")
    with FakeServer(tmp_path, files) as server:
        async with AsyncClient("127.0.0.1", server.port, cafile=files.cafile) as client:
            assert (await client.server_info()).api == 1


async def test_nobody_there_names_host_and_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = await failure(port)
    assert isinstance(error, UnreachableError)
    assert str(error) == f"No server answers at 127.0.0.1:{port}: Connection refused"
    assert "server runs" in error.hint
    with pytest.raises(UnreachableError):
        await fetch_ca("127.0.0.1", port)


async def test_an_unknown_host_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    error = await failure(5000, "no-such-host.example")
    assert isinstance(error, UnreachableError)
    assert "no-such-host.example" in str(error)


async def test_plain_http_on_the_port_is_told() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    answering = asyncio.get_running_loop().run_in_executor(None, _answer_plain, listener)
    error = await failure(listener.getsockname()[1])
    await answering
    assert isinstance(error, ProtocolViolationError)
    assert "does not speak TLS" in str(error)


def _answer_plain(listener: socket.socket) -> None:
    with listener:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            connection.recv(1000)


async def test_a_server_that_wants_a_client_certificate_is_told(tmp_path: Path) -> None:
    files = TestAuthority().issue(tmp_path)
    context = files.context()
    context.load_verify_locations(files.cafile)
    context.verify_mode = ssl.CERT_REQUIRED
    # TLS 1.3 says so only after the handshake, in an alert that a reset may overtake.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with ScriptedServer(lambda asked: answer(200, {}), context) as server:
        error = await failure(server.port, cafile=files.cafile)
    assert isinstance(error, CertificateError)
    assert "certfile" in error.hint


async def test_a_server_that_never_speaks_times_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert isinstance(await failure(port, timeout=0.2), TimedOutError)
        with pytest.raises(TimedOutError):
            await fetch_ca("127.0.0.1", port, timeout=0.2)
    files = TestAuthority().issue(tmp_path)

    def silence(asked: Asked) -> None:
        asked.connection.recv(1)  # until the client leaves

    with ScriptedServer(silence, files.context()) as server:
        assert isinstance(await failure(server.port, cafile=files.cafile, timeout=0.2), TimedOutError)
