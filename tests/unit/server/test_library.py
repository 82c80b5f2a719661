"""The server as a library: what goes together, who gets in, and how it ends."""

import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from secure_file_transfer import SecureFileTransferClient, SecureFileTransferServer, errors
from secure_file_transfer.server import init_certificates

NAME, PASSWORD = "sara", "three green boats"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    init_certificates(folder, ["127.0.0.1"])
    return folder


def drop_off(certificates: Path, received: Path, **more: object) -> SecureFileTransferServer:
    return SecureFileTransferServer(
        port=0,
        certfile=certificates / "server_cert.pem",
        keyfile=certificates / "server_key.pem",
        received_dir=received,
        **more,  # type: ignore[arg-type] # the test's own words
    )


def client_of(server: SecureFileTransferServer, certificates: Path, **more: str) -> SecureFileTransferClient:
    return SecureFileTransferClient(host="127.0.0.1", port=server.port, cafile=certificates / "ca_cert.pem", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "certificate"),
        ({"host": "0.0.0.0", "certfile": "c", "keyfile": "k"}, "allow_anonymous"),  # noqa: S104
        ({"host": "192.0.2.1", "certfile": "c", "keyfile": "k"}, "allow_anonymous"),
        ({"accounts": {NAME: PASSWORD}}, "data_dir"),
        ({"data_dir": "d", "allow_anonymous": True}, "allow_anonymous"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        SecureFileTransferServer(**arguments)  # type: ignore[arg-type]
    assert says in f"{caught.value} {caught.value.hint}"


def test_a_drop_off_server_takes_new_files_and_nothing_else(certificates: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("first")
    with drop_off(certificates, tmp_path / "in") as server, client_of(server, certificates) as client:
        assert client.send_file(tmp_path / "a.txt").entry.path == "/a.txt"
        (tmp_path / "a.txt").write_text("second")
        assert client.send_file(tmp_path / "a.txt").entry.path == "/a (1).txt"
        for refused in (
            lambda: list(client.list("/")),
            lambda: client.stat("/a.txt"),
            lambda: client.get_bytes("/a.txt"),
            lambda: client.remove("/a.txt"),
            lambda: client.move("/a.txt", "/b.txt"),
            lambda: client.make_folder("/new"),
            lambda: client.put_bytes(b"x", "/sub/x"),
            lambda: client.put_bytes(b"x", "/a.txt", if_match="anything"),
        ):
            with pytest.raises((errors.NotFoundError, errors.PreconditionFailedError)):
                refused()
    assert {p.name: p.read_text() for p in (tmp_path / "in").iterdir()} == {"a.txt": "first", "a (1).txt": "second"}


def test_accounts_are_made_once_and_get_the_password_given(tmp_path: Path) -> None:
    for password in (PASSWORD, "four green boats"):
        with SecureFileTransferServer(port=0, data_dir=tmp_path / "d", accounts={NAME: password}) as server:
            assert server.cafile
            with SecureFileTransferClient(server.url, cafile=server.cafile, username=NAME, password=password) as client:
                client.put_bytes(b"kept", "/kept")
                assert [entry.name for entry in client.list("/")] == ["kept"]
    with SecureFileTransferServer(port=0, data_dir=tmp_path / "d") as server:
        assert server.cafile
        with SecureFileTransferClient(server.url, cafile=server.cafile) as client:
            with pytest.raises(errors.SignInFailedError):
                client.sign_in(NAME, PASSWORD)


def test_only_clients_with_a_certificate_of_the_given_authority_get_in(certificates: Path, tmp_path: Path) -> None:
    server = drop_off(certificates, tmp_path / "in", client_cafile=certificates / "ca_cert.pem")
    with server:
        with client_of(server, certificates) as client, pytest.raises(errors.SecureFileTransferError):
            client.put_bytes(b"x", "/x")
        with client_of(
            server,
            certificates,
            certfile=str(certificates / "server_cert.pem"),
            keyfile=str(certificates / "server_key.pem"),
        ) as client:
            # A server's certificate is not meant for clients, and is refused as well.
            with pytest.raises(errors.SecureFileTransferError):
                client.put_bytes(b"x", "/x")
        key, cert = make_client_certificate(certificates, tmp_path)
        with client_of(server, certificates, certfile=str(cert), keyfile=str(key)) as client:
            client.put_bytes(b"x", "/x")
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["x"]


def make_client_certificate(certificates: Path, folder: Path) -> tuple[Path, Path]:
    """With the plain tool that people use."""
    key, request, cert = folder / "c.key", folder / "c.csr", folder / "c.pem"
    (folder / "ext").write_text("extendedKeyUsage=clientAuth\n")
    subprocess.run(
        ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=laptop"],
        check=True,
        capture_output=True,
    )
    authority = ["-CA", f"{certificates}/ca_cert.pem", "-CAkey", f"{certificates}/ca_key.pem", "-CAcreateserial"]
    subprocess.run(
        [
            "openssl",
            "x509",
            "-req",
            "-in",
            request,
            *authority,
            "-extfile",
            str(folder / "ext"),
            "-out",
            cert,
            "-days",
            "2",
        ],
        check=True,
        capture_output=True,
    )
    return key, cert


@pytest.mark.peer
def test_certificates_without_san_by_the_plain_openssl_recipe_get_a_message_that_names_the_fix(tmp_path: Path) -> None:
    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca_cert.pem", "-subj", "/CN=CA"
    )
    openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server_key.pem", "-out", "s.csr", "-subj", "/CN=127.0.0.1"
    )
    openssl(
        "x509", "-req", "-in", "s.csr", "-CA", "ca_cert.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
        "server_cert.pem",
    )  # fmt: skip
    with drop_off(tmp_path, tmp_path / "in") as server, client_of(server, tmp_path) as client:
        with pytest.raises(errors.CertificateError) as caught:
            client.put_bytes(b"x", "/x")
    assert "subjectAltName" in str(caught.value)
    assert "sft cert init --host 127.0.0.1" in caught.value.hint


def test_a_wrong_authority_is_a_typed_error(certificates: Path, tmp_path: Path) -> None:
    init_certificates(tmp_path, ["127.0.0.1"])
    with drop_off(certificates, tmp_path / "in") as server, client_of(server, tmp_path) as client:
        with pytest.raises(errors.CertificateError):
            client.put_bytes(b"x", "/x")


def test_stop_lets_a_running_upload_finish(certificates: Path, tmp_path: Path) -> None:
    server = drop_off(certificates, tmp_path / "in")
    server.start(block=False)
    context = ssl.create_default_context(cafile=str(certificates / "ca_cert.pem"))
    raw = socket.create_connection(("127.0.0.1", server.port))
    with context.wrap_socket(raw, server_hostname="127.0.0.1") as peer:
        peer.sendall(b"PUT /api/v1/files/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert peer.recv(100).startswith(b"HTTP/1.1 100")  # from here on it runs
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        peer.sendall(b"done")
        assert peer.recv(4096).startswith(b"HTTP/1.1 201")
        stopping.join()
    assert (tmp_path / "in" / "slow").read_text() == "done"


def test_it_can_start_again_after_a_stop_but_not_twice_at_once(certificates: Path, tmp_path: Path) -> None:
    server = drop_off(certificates, tmp_path / "in")
    server.start(block=False)
    with pytest.raises(errors.ConfigurationError):
        server.start(block=False)
    server.stop()
    server.stop()
    with server, client_of(server, certificates) as client:
        client.put_bytes(b"x", "/x")


def test_a_port_that_is_taken_is_said_so(certificates: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = SecureFileTransferServer(
            port=taken.getsockname()[1],
            certfile=certificates / "server_cert.pem",
            keyfile=certificates / "server_key.pem",
            received_dir=tmp_path / "in",
        )
        with pytest.raises(errors.ConfigurationError, match="port"):
            server.start(block=False)
