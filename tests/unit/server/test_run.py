"""What a start announces."""

import ftplib
import socket
import ssl
import threading
from pathlib import Path

import pytest

from secure_file_transfer.config import load
from secure_file_transfer.errors import ConfigurationError, DataDirectoryInUseError, ExistsError
from secure_file_transfer.model import Role
from secure_file_transfer.server import init_certificates, open_local
from secure_file_transfer.server import run as running
from secure_file_transfer.server.run import open_server

PASSWORD = "three green boats"


def test_a_first_start_announces_a_setup_link_and_a_later_one_does_not(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path / "d", host="127.0.0.1", port=0)
    with open_server(settings) as (house, listener, announcement):
        told = announcement()
        assert told.urls == [f"https://127.0.0.1:{listener.port}"]
        assert told.setup_url
        assert told.setup_url.startswith(f"{told.urls[0]}/setup#")
        assert told.data_dir == tmp_path / "d"
        house.accounts.create("root", PASSWORD, Role.ADMIN)
        assert announcement().setup_url is None
        listener.close()


@pytest.mark.parametrize(
    ("host", "known", "shown"),
    [
        ("192.0.2.7", ["a", "192.0.2.7"], ["192.0.2.7"]),
        (
            "0.0.0.0",  # noqa: S104 - shown, not bound
            ["localhost", "127.0.0.1", "box", "fd00::1", "192.0.2.7"],
            ["192.0.2.7", "box", "fd00::1", "localhost"],
        ),
        ("::", ["127.0.1.1", "box.example"], ["box.example", "localhost"]),
    ],
)
def test_addresses_are_shown_with_the_one_for_phones_first(host: str, known: list[str], shown: list[str]) -> None:
    assert list(running._shown(host, known)) == shown


def test_a_second_server_in_the_same_directory_is_refused_but_local_work_is_not(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path / "d", host="127.0.0.1", port=0)
    with open_server(settings) as (_, listener, _announce):
        with pytest.raises(DataDirectoryInUseError), open_server(settings):
            pass
        with open_local(settings) as local:
            local.accounts.create("sara", PASSWORD)
            with pytest.raises(DataDirectoryInUseError):
                local.sweep()
        listener.close()


def test_only_one_half_of_a_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        open_server(load(data_dir=tmp_path / "d", certfile=tmp_path / "c.pem")).__enter__()
    # What had been opened by then was closed again.
    with open_local(load(data_dir=tmp_path / "d")) as local:
        local.sweep()
    assert "janitor" not in {thread.name for thread in threading.enumerate()}


def test_certificates_are_never_overwritten(tmp_path: Path) -> None:
    made = init_certificates(tmp_path, ["localhost"])
    assert [path.name for path in made] == ["ca_cert.pem", "ca_key.pem", "server_cert.pem", "server_key.pem"]
    before = {path: path.read_bytes() for path in made}
    with pytest.raises(ExistsError):
        init_certificates(tmp_path, ["localhost"])
    assert {path: path.read_bytes() for path in made} == before


def test_ftps_is_announced_and_has_the_servers_certificate(tmp_path: Path) -> None:
    settings = load(
        data_dir=tmp_path / "d",
        host="127.0.0.1",
        port=0,
        ftps_enabled=True,
        ftps_port=0,
        ftps_data_port=0,
        ftps_implicit_port=0,
        ftps_passive_ports="0",
        registration="open",
    )
    with open_server(settings) as (_, listener, announcement):
        explicit, implicit = announcement().ftps_urls
        assert explicit.startswith("ftp://127.0.0.1:")
        assert implicit.startswith("ftps://127.0.0.1:")
        context = ssl.create_default_context(cafile=str(tmp_path / "d" / "tls" / "ca_cert.pem"))
        ftp = ftplib.FTP_TLS(context=context, timeout=30)  # noqa: S321 - with TLS
        ftp.connect("127.0.0.1", int(explicit.rpartition(":")[2]))
        ftp.auth()
        assert ftp.sendcmd("REGISTER ada").startswith("331")
        assert ftp.sendcmd(f"PASS {PASSWORD}").startswith("200")
        ftp.login("ada", PASSWORD)
        ftp.prot_p()
        assert ftp.nlst() == []
        ftp.close()
        listener.close()


def test_a_port_of_ftps_that_is_taken_leaves_nothing_open(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = load(data_dir=tmp_path / "d", host="127.0.0.1", port=0, ftps_enabled=True, ftps_port=port)
        with pytest.raises(ConfigurationError, match=f"FTPS cannot listen on 127.0.0.1 port {port}") as told:
            open_server(settings).__enter__()
        assert "ftps_port" in told.value.hint
    with open_server(load(data_dir=tmp_path / "d", host="127.0.0.1", port=0)) as (_, listener, announcement):
        assert announcement().ftps_urls == []
        listener.close()
