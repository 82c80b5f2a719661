"""What a start announces."""

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
