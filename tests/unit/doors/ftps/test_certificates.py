"""Devices that sign in by their certificates."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from secure_file_transfer.doors.ftps.tls import Identity
from secure_file_transfer.model import DeviceId

from .conftest import PASSWORD, Raw, World


@pytest.fixture
def world(open_door: Callable[..., World], house: Any, _certificates: list[Path]) -> World:
    _, _, cert, key = _certificates
    cas = house.certificates.client_authorities().decode("ascii")
    return open_door(identity=Identity(cert, key, cas))


def device(world: World, folder: Path, name: str = "ada") -> tuple[Path, DeviceId]:
    """A key and its certificate in one file, and the device."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    code = world.house.devices.code_for(name).code
    text = request.public_bytes(Encoding.PEM).decode()
    enrolled = world.house.devices.enrol_by_code(code, text, "scanner", address="127.0.0.1")
    path = folder / f"{name}.pem"
    path.touch(mode=0o600)
    key_text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    path.write_text(key_text + enrolled.issued.certificate)
    return path, enrolled.device.id


def connected(world: World, certificate: Path | None) -> Raw:
    client = Raw(world.port, world.cafile)
    if certificate is not None:
        client.context.load_cert_chain(certificate)
    client.secure()
    return client


def test_a_device_signs_in_by_its_certificate_and_moves_data(world: World, tmp_path: Path) -> None:
    world.write("/a", b"for the scanner")
    certificate, _ = device(world, tmp_path)
    client = connected(world, certificate)
    assert client.ask("USER ada").startswith("232")
    assert client.ask("PBSZ 0").startswith("200")
    assert client.ask("PROT P").startswith("200")
    for session in (None, client.sock.session):  # anew, with the certificate again, and resumed
        port = client.passive()
        assert client.ask("RETR a").startswith("150")
        data = client.data(port, session=session)
        data.do_handshake()
        assert data.recv(100) == b"for the scanner"
        assert client.reply().startswith("226")
        data.close()
    client.close()


def test_a_data_connection_without_the_certificate_is_not_the_same_peer(world: World, tmp_path: Path) -> None:
    world.write("/a", b"for the scanner")
    certificate, _ = device(world, tmp_path)
    client = connected(world, certificate)
    assert client.ask("USER ada").startswith("232")
    assert client.ask("PBSZ 0").startswith("200")
    assert client.ask("PROT P").startswith("200")
    port = client.passive()
    assert client.ask("RETR a").startswith("150")
    client.context = ssl.create_default_context(cafile=str(world.cafile))
    data = client.data(port)
    data.do_handshake()
    assert client.reply().startswith("522")
    data.close()
    client.close()


def test_it_opens_its_own_account_only(world: World, tmp_path: Path) -> None:
    certificate, _ = device(world, tmp_path)
    client = connected(world, certificate)
    assert client.ask("USER bob").startswith("331")
    assert client.ask(f"PASS {PASSWORD}").startswith("530")  # bob's password from ada's device
    assert client.ask("USER ada").startswith("232")
    client.close()
    other = connected(world, None)
    assert other.ask("USER ada").startswith("331")
    other.close()


def test_attack_29_a_device_that_is_revoked_is_out(world: World, tmp_path: Path) -> None:
    certificate, device_id = device(world, tmp_path)
    client = connected(world, certificate)
    assert client.ask("USER ada").startswith("232")
    world.house.devices.revoke_any(device_id)
    assert client.reply().startswith("421")
    client.close()
    again = connected(world, certificate)
    assert again.ask("USER ada").startswith("331")
    assert again.ask(f"PASS {PASSWORD}").startswith("530")
    again.close()


def test_the_end_of_one_connection_of_a_device_leaves_its_others(world: World, tmp_path: Path) -> None:
    certificate, _ = device(world, tmp_path)
    one, other = connected(world, certificate), connected(world, certificate)
    assert one.ask("USER ada").startswith("232")
    assert other.ask("USER ada").startswith("232")
    assert one.ask("QUIT").startswith("221")
    assert one.reply() == ""
    assert other.ask("CWD /").startswith("250")
    one.close()
    other.close()
