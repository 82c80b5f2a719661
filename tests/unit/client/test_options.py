"""What a client is made with, and what it refuses."""

from pathlib import Path

import pytest

from secure_file_transfer.client import AsyncClient, SecureFileTransferClient
from secure_file_transfer.client.options import read_address
from secure_file_transfer.errors import CertificateError, ConfigurationError, InvalidRequestError
from secure_file_transfer.testing.certificates import TestAuthority


@pytest.mark.parametrize(
    ("host", "port", "url"),
    [
        ("nas", None, "https://nas:5000"),
        ("nas", 7, "https://nas:7"),
        ("nas:8", None, "https://nas:8"),
        ("nas:8", 8, "https://nas:8"),
        ("127.0.0.1", 12345, "https://127.0.0.1:12345"),
        ("::1", None, "https://[::1]:5000"),
        ("[::1]:9", None, "https://[::1]:9"),
        ("https://nas", None, "https://nas:443"),
        ("https://nas/", 7, "https://nas:7"),
        ("https://nas:5000", None, "https://nas:5000"),
        ("https://[::1]:5000/", None, "https://[::1]:5000"),
    ],
)
def test_every_way_to_write_an_address(host: str, port: int | None, url: str) -> None:
    assert read_address(host, port).url == url
    assert read_address(url) == read_address(host, port)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("", None),
        ("http://nas", None),
        ("ftp://nas", None),
        ("https://", None),
        ("https://nas/path", None),
        ("https://nas?x", None),
        ("https://nas#x", None),
        ("https://nas:99999", None),
        ("https://nas:0", None),
        ("nas", 0),
        ("nas", 65536),
        ("nas:1", 2),
        ("nas/../x", None),
        ("https://[::1", None),
    ],
)
def test_what_is_no_address_is_refused(host: str, port: int | None) -> None:
    with pytest.raises(ConfigurationError):
        read_address(host, port)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_address("https://mona:hunter2@nas")
    assert "hunter2" not in str(caught.value) + caught.value.hint


def test_contradictions_are_refused() -> None:
    pem = TestAuthority().pem
    for options in (
        {"ca_pem": pem, "fingerprint": "00" * 32},
        {"username": "mona"},
        {"password": "p"},
        {"token": "t", "username": "mona", "password": "p"},
        {"connections": 0},
        {"connections": 65},
        {"timeout": 0},
        {"fingerprint": "beef"},
    ):
        with pytest.raises(ConfigurationError):
            AsyncClient("nas", **options)


def test_files_that_cannot_be_used_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing\.pem"):
        SecureFileTransferClient("nas", cafile=tmp_path / "missing.pem")
    (tmp_path / "junk.pem").write_bytes(b"\xff\x00 no certificate")
    with pytest.raises(CertificateError, match="not a PEM certificate"):
        SecureFileTransferClient("nas", cafile=tmp_path / "junk.pem")
    with pytest.raises(ConfigurationError, match=r"junk\.pem"):
        SecureFileTransferClient("nas", certfile=tmp_path / "junk.pem")
    with pytest.raises(InvalidRequestError):
        SecureFileTransferClient("nas", token="")


def test_nothing_secret_is_shown() -> None:
    client = AsyncClient("nas", username="mona", password="hunter2")
    assert repr(client) == "AsyncClient('https://nas:5000')"
    assert "hunter2" not in repr(client._options)
