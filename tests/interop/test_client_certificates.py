"""Client certificates with programs that nobody here wrote: curl, openssl, Python's own TLS, and nginx in front."""

import base64
import http.client
import os
import random
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.client import SecureFileTransferClient, devices
from secure_file_transfer.errors import (
    ClientCertificateError,
    ConfigurationError,
    InterruptedTransferError,
    SecureFileTransferError,
)
from secure_file_transfer.services.authority import issue_client
from secure_file_transfer.testing.certificates import TestAuthority

pytestmark = pytest.mark.peer
MIB = 1 << 20
PASSWORD = "three green boats"
ME = "/api/v1/sessions/current"
DEPLOY = Path(__file__).parents[2] / "deploy" / "nginx.conf"


def test_attack_33_curl_enrols_uses_its_certificate_and_is_refused_once_revoked(site: Any, tmp_path: Path) -> None:
    cert = site.enrol()
    me = site.curl(ME, cert=cert)
    assert (me.status, me.json["account"]["name"], me.json["device"]) == (200, "ada", "laptop")
    (tmp_path / "x").write_bytes(b"by certificate")
    assert site.curl("/api/v1/files/x", "-T", tmp_path / "x", cert=cert).status == 201
    assert site.curl(ME).status == 401, "without it nobody is anybody"
    site.revoke(cert)
    refused = site.curl(ME, cert=cert)
    assert (refused.status, refused.json["code"]) == (403, "client_certificate")
    both = site.curl(ME, "-H", f"Authorization: Bearer {site.token()}", cert=cert)
    assert both.status == 403, "a revoked certificate is no good beside a good token either"


def test_attack_33_an_open_connection_and_what_runs_on_it(site: Any) -> None:
    cert = site.enrol()
    data = random.Random(1).randbytes(64 * MIB)  # noqa: S311 - data, not a secret
    with SecureFileTransferClient(site.url, cafile=site.cafile, certfile=cert) as client:
        client.put_bytes(data, "/big")
    kept = http.client.HTTPSConnection("localhost", site.listener.port, context=site.context(cert), timeout=20)
    kept.request("GET", ME)
    answer = kept.getresponse()
    assert answer.status == 200
    answer.read()
    busy = http.client.HTTPSConnection("localhost", site.listener.port, context=site.context(cert), timeout=20)
    busy.request("GET", "/api/v1/files/big")
    download = busy.getresponse()
    assert len(download.read(MIB)) == MIB
    site.revoke(cert)
    begin = time.monotonic()
    with pytest.raises(http.client.IncompleteRead) as cut:
        download.read()
    assert len(cut.value.partial) < len(data) - MIB
    assert time.monotonic() - begin < 1.5, "a second, and what lay in the buffers"
    kept.request("GET", ME)
    assert kept.getresponse().status == 403
    kept.close()
    busy.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_attack_33_a_resumed_tls_session(site: Any, version: ssl.TLSVersion) -> None:
    cert = site.enrol()
    context = site.context(cert)
    context.minimum_version = context.maximum_version = version

    def ask(session: ssl.SSLSession | None) -> tuple[bytes, ssl.SSLSession | None, bool]:
        with (
            socket.create_connection(("localhost", site.listener.port)) as plain,
            context.wrap_socket(plain, server_hostname="localhost", session=session) as tls,
        ):
            tls.sendall(f"GET {ME} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            head = b""
            while piece := tls.recv(4096):
                head += piece
            return head[9:12], tls.session, bool(tls.session_reused)

    status, session, _ = ask(None)
    assert status == b"200"
    again = ask(session)
    assert (again[0], again[2]) == (b"200", True), "the session is resumed, and the certificate with it"
    site.revoke(cert)
    refused = ask(session)
    assert (refused[0], refused[2]) == (b"403", True)


def test_attack_34_certificates_that_were_not_enrolled_count_for_nothing(site: Any, tmp_path: Path) -> None:
    # Another authority's, with the right name in it.
    (tmp_path / "other").mkdir()
    files = TestAuthority().issue(tmp_path / "other", ["ada"])
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(files.keyfile.read_bytes() + files.certfile.read_bytes())
    assert site.curl(ME, cert=stranger).status == 0, "TLS itself refuses it"
    # Our own authority's, for another use: the server's.
    tls = site.cafile.parent
    server = tmp_path / "server.pem"
    server.write_bytes((tls / "server_key.pem").read_bytes() + (tls / "server_cert.pem").read_bytes())
    assert site.curl(ME, cert=server).status == 0
    # Our own authority's, for this use, with the right name, and never enrolled.
    key, request = tmp_path / "k.pem", tmp_path / "r.pem"
    new = [
        "openssl",
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=ada",
    ]
    subprocess.run([*new, "-keyout", key, "-out", request], check=True, capture_output=True)
    house = site.house
    issued = issue_client(
        house.certificates.authority(), request.read_text(), "ada", house.clock.now_us(), 3_600_000_000, None
    )
    signed = tmp_path / "signed.pem"
    signed.write_text(key.read_text() + issued.certificate)
    assert site.curl(ME, cert=signed).status == 403


def test_attack_34_the_name_in_a_request_counts_for_nothing(site: Any) -> None:
    cert = site.enrol("bob", subject="/CN=ada")
    assert site.curl(ME, cert=cert).json["account"]["name"] == "bob"
    assert site.curl("/api/v1/devices?everybody=true", cert=cert).status == 403
    assert site.curl("/api/v1/devices?account=ada", cert=cert).status == 404
    theirs = site.enrol("ada")
    (device,) = site.curl("/api/v1/devices", cert=theirs).json["devices"]
    assert site.curl(f"/api/v1/devices/{device['id']}", "-X", "DELETE", cert=cert).status == 404
    assert site.curl(ME, cert=theirs).status == 200


def header_of(cert: Path) -> str:
    pem = cert.read_text()
    der = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERT") :])
    return f"Client-Cert: :{base64.b64encode(der).decode()}:"


def test_attack_34_client_cert_counts_from_configured_proxies_only(serve_site: Callable[..., Any]) -> None:
    site = serve_site(trusted_proxies="192.0.2.0/24")
    cert = site.enrol()
    assert site.curl(ME, "-H", header_of(cert)).status == 401
    assert site.curl(ME, "-H", header_of(cert), cert=site.enrol("bob")).json["account"]["name"] == "bob"


def test_a_trusted_proxy_speaks_for_its_clients_and_never_for_itself(serve_site: Callable[..., Any]) -> None:
    site = serve_site(trusted_proxies="127.0.0.0/8,::1/128")
    cert = site.enrol()
    assert site.curl(ME, "-H", header_of(cert)).json["account"]["name"] == "ada"
    assert site.curl(ME, cert=cert).status == 401, "its own certificate is not its client's"
    for wrong in (":", "::", ":!:", header_of(cert)[13:-1]):
        assert site.curl(ME, "-H", f"Client-Cert: {wrong}").status == 400
    assert site.curl(ME, "-H", header_of(cert), "-H", header_of(cert)).status == 400
    site.revoke(cert)
    assert site.curl(ME, "-H", header_of(cert)).status == 403


@contextmanager
def nginx(site: Any, folder: Path) -> Iterator[str]:
    """The example of deploy/, with the paths and ports of this test."""
    crl = folder / "crl.pem"
    subprocess.run(
        ["openssl", "crl", "-inform", "DER", "-out", crl],
        input=site.house.devices.crl(),
        check=True,
        capture_output=True,
    )
    tls = site.cafile.parent
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = DEPLOY.read_text()
    for old, new in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/nginx/sft/server.pem": tls / "server_cert.pem",
        "/etc/nginx/sft/server.key": tls / "server_key.pem",
        "/etc/nginx/sft/ca.pem": site.cafile,
        "/etc/nginx/sft/crl.pem": crl,
        "127.0.0.1:5000": f"127.0.0.1:{site.listener.port}",
        "worker_processes auto;": f"worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;"
        + (" user root;" if os.geteuid() == 0 else ""),
        "http {\n": f"http {{\n access_log off; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;"
        f" fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;\n",
    }.items():
        assert old in text
        text = text.replace(old, str(new))
    config = folder / "nginx.conf"
    config.write_text(text)
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/sbin") or "nginx"
    process = subprocess.Popen(
        [program, "-c", config, "-p", folder, "-g", "daemon off;"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield f"https://localhost:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_enrol_use_revoke_refused_through_nginx(serve_site: Callable[..., Any], tmp_path: Path) -> None:
    site = serve_site(trusted_proxies="127.0.0.1")
    cert, other = site.enrol(), site.enrol("bob")
    (folder := tmp_path / "nginx").mkdir()
    with nginx(site, folder) as base:
        me = site.curl(ME, cert=cert, base=base)
        assert (me.status, me.json and me.json["account"]["name"]) == (200, "ada"), (folder / "error.log").read_text()
        (tmp_path / "x").write_bytes(b"x" * (3 * MIB))
        assert site.curl("/api/v1/files/x", "-T", tmp_path / "x", cert=cert, base=base).status == 201
        assert site.curl(ME, base=base).status == 401
        forged = site.curl(ME, "-H", header_of(cert), base=base)
        assert forged.status == 401, "what a client says under that name does not get through"
        forged = site.curl(ME, "-H", header_of(cert), cert=other, base=base)
        assert forged.json["account"]["name"] == "bob"
        site.revoke(cert)
        assert site.curl(ME, cert=cert, base=base).json["code"] == "client_certificate"
        assert site.curl(ME, cert=other, base=base).status == 200


def test_required_leaves_a_code_as_the_only_way_in(serve_site: Callable[..., Any], tmp_path: Path) -> None:
    site = serve_site(tls_client_certificates="required")
    for open_ in ("/healthz", "/ca.pem", "/ca.crl", "/api/v1/server"):
        assert site.curl(open_).status == 200, open_
    assert site.curl("/api/v1/server").json["client_certificates"] == "required"
    bearer = ("-H", f"Authorization: Bearer {site.token()}")
    for path in (ME, "/api/v1/files/x", "/api/v1/folders", "/api/v1/devices", "/api/v1/transfer"):
        assert site.curl(path, *bearer).json["code"] == "client_certificate", path
    sign_in = {"name": "ada", "password": PASSWORD}
    assert site.post("/api/v1/sessions", sign_in).json["code"] == "client_certificate"
    assert site.post("/api/v1/devices", {"request": "x", "name": "d"}, *bearer).json["code"] == "client_certificate"
    code = site.house.devices.code_for("ada").code
    with SecureFileTransferClient(site.url, cafile=site.cafile) as client:
        enrolled = client.enroll_device(tmp_path / "d" / "me.pem", "phone", code=code)
        with pytest.raises(SecureFileTransferError):
            client.enroll_device(tmp_path / "d" / "again.pem", "phone", code=code)
    assert enrolled.certfile.stat().st_mode & 0o777 == 0o600
    assert site.curl(ME, cert=enrolled.certfile).json["device"] == "phone"
    assert site.post("/api/v1/sessions", sign_in, cert=enrolled.certfile).status == 201
    assert site.curl(ME, *bearer, cert=enrolled.certfile).status == 200


def test_a_certificate_and_a_password_together(serve_site: Callable[..., Any]) -> None:
    site = serve_site(certificate_sign_in="false")
    cert, second, stranger = site.enrol(), site.enrol(device="tablet"), site.enrol("bob")
    assert site.curl(ME, cert=cert).status == 401
    sign_in = {"name": "ada", "password": PASSWORD}
    assert site.post("/api/v1/sessions", sign_in, cert=stranger).json["code"] == "sign_in_failed"
    token = site.post("/api/v1/sessions", sign_in, cert=cert).json["token"]
    bearer = ("-H", f"Authorization: Bearer {token}")
    assert site.curl(ME, *bearer, cert=cert).status == 200
    for other in (None, second, stranger):
        refused = site.curl(ME, *bearer, cert=other)
        assert (refused.status, refused.json["code"]) == (403, "client_certificate"), "a stolen token alone is no good"
    site.revoke(cert)
    assert site.house.sessions.remove_expired() == 0
    assert [each.device_id for each in site.house.catalog.read(lambda tx: tx.sessions.of(1))] == [None, None]


def test_a_door_for_another_authority_s_certificates_knows_no_devices(
    serve_site: Callable[..., Any], tmp_path: Path
) -> None:
    files = TestAuthority().issue(tmp_path, ["x"])
    theirs = tmp_path / "theirs.pem"
    theirs.write_bytes(files.keyfile.read_bytes() + files.certfile.read_bytes())
    with pytest.raises(ConfigurationError):
        serve_site(client_cafile=files.cafile, tls_client_certificates="required")
    site = serve_site(client_cafile=files.cafile)
    bearer = ("-H", f"Authorization: Bearer {site.token()}")
    assert site.curl(ME, *bearer).status == 0
    assert site.curl(ME, *bearer, cert=theirs).json["account"]["name"] == "ada"
    assert site.curl(ME, cert=theirs).status == 401


def test_off_asks_for_nothing(serve_site: Callable[..., Any]) -> None:
    site = serve_site(tls_client_certificates="off")
    assert site.curl(ME, cert=site.enrol()).status == 401


def test_attack_35_a_foreign_page_cannot_use_the_browser_s_certificate(site: Any, tmp_path: Path) -> None:
    cert = site.enrol()
    (tmp_path / "x").write_bytes(b"x")
    put = ("-T", tmp_path / "x")
    for header in ("Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"):
        assert site.curl("/api/v1/files/x", *put, "-H", header, cert=cert).status == 403
    assert site.curl("/api/v1/entries/x", cert=cert).status == 404
    assert site.curl("/api/v1/files/x", *put, "-H", f"Origin: {site.url}", cert=cert).status == 201


def test_our_client_needs_no_password_renews_in_time_and_is_refused_once_revoked(site: Any, tmp_path: Path) -> None:
    site.house.devices._life_us = 60 * 60 * 1_000_000  # of 25 hours, since they begin a day early, one is left
    with SecureFileTransferClient(site.url, cafile=site.cafile, token=site.token()) as client:
        enrolled = client.enroll_device(tmp_path / "me.pem")
    before = enrolled.certfile.read_bytes()
    site.house.devices._life_us = 90 * 86_400 * 1_000_000
    with SecureFileTransferClient(site.url, cafile=site.cafile, certfile=enrolled.certfile) as client:
        assert client.whoami().device == enrolled.device.name
        assert enrolled.certfile.read_bytes() != before, "renewed without being asked"
        assert enrolled.certfile.stat().st_mode & 0o777 == 0o600
        (device,) = client.devices()
        assert device.expires_us > enrolled.expires_us
        renewed = enrolled.certfile.read_bytes()
        client.put_bytes(b"x" * (20 * MIB), "/x")
        assert client.get_bytes("/x") == b"x" * (20 * MIB)
        assert enrolled.certfile.read_bytes() == renewed, "and not again"
        old = tmp_path / "old.pem"
        old.write_bytes(before)
        assert site.curl(ME, cert=old).status == 200, "another program may still use the former one"
        site.house.devices.revoke_any(device.id)
        with pytest.raises(ClientCertificateError):
            client.whoami()
        assert {site.curl(ME, cert=each).status for each in (old, enrolled.certfile)} == {403}


def test_an_expired_certificate_is_told_before_anything_is_sent(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SecureFileTransferClient(site.url, cafile=site.cafile, token=site.token()) as client:
        enrolled = client.enroll_device(tmp_path / "me.pem")
    monkeypatch.setattr(f"{devices.__name__}.time.time", lambda: enrolled.expires_us / 1_000_000)
    with SecureFileTransferClient(site.url, cafile=site.cafile, certfile=enrolled.certfile) as client:
        with pytest.raises(ClientCertificateError, match="has expired"):
            client.whoami()


def test_a_stranger_s_certificate_is_told_as_such_by_our_client(site: Any, tmp_path: Path) -> None:
    files = TestAuthority().issue(tmp_path, ["x"])
    with SecureFileTransferClient(
        site.url, cafile=site.cafile, certfile=files.certfile, keyfile=files.keyfile
    ) as client:
        with pytest.raises(InterruptedTransferError) as refused:
            client.whoami()
    assert "client certificate" in refused.value.hint


def test_openssl_verifies_the_chain_and_the_list_of_revoked_ones(site: Any, tmp_path: Path) -> None:
    good, bad = site.enrol(), site.enrol(device="lost")
    site.revoke(bad)
    crl = tmp_path / "crl.pem"
    fetched = subprocess.run(
        ["curl", "-sS", "--cacert", site.cafile, f"{site.url}/ca.crl"], check=True, capture_output=True
    ).stdout
    subprocess.run(["openssl", "crl", "-inform", "DER", "-out", crl], input=fetched, check=True, capture_output=True)
    verify = ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-crl_check", "-CAfile", site.cafile]

    def check(cert: Path) -> str:
        done = subprocess.run([*verify, "-CRLfile", crl, cert], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    assert check(good).endswith(": OK\n")
    assert "certificate revoked" in check(bad)
