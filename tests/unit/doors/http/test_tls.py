"""Which certificate a request is taken to show."""

import base64
import ssl
from typing import Any

import pytest

from secure_file_transfer.doors.http.addresses import Proxies, apply
from secure_file_transfer.doors.http.tls import shown_certificate, tls_extension
from secure_file_transfer.errors import InvalidRequestError
from secure_file_transfer.testing.certificates import TestAuthority

PEM = TestAuthority("CN of somebody").pem
DER = ssl.PEM_cert_to_DER_cert(PEM)
FIELD = b":" + base64.b64encode(DER) + b":"
PROXIES = Proxies(["192.0.2.0/24", "2001:db8::/32"])


def scope(client: str | None, *fields: bytes, chain: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "client": (client, 1) if client else None,
        "headers": [(b"client-cert", field) for field in fields],
        "extensions": {"tls": {"client_cert_chain": list(chain)}},
    }


def shown(scope: dict[str, Any]) -> bytes | None:
    apply(PROXIES, scope)
    return shown_certificate(scope)


def told(client: str, source: str, *fields: bytes) -> dict[str, Any]:
    made = scope(client, *fields, chain=(PEM,))
    made["headers"].append((b"x-forwarded-for", source.encode()))
    return made


def test_attack_34_nobody_becomes_a_proxy_by_saying_so() -> None:
    """What counts is who is connected, and not who is said to stand behind."""
    assert shown(told("198.51.100.7", "192.0.2.9", b"garbage")) == DER
    assert shown(told("192.0.2.9", "198.51.100.7", FIELD)) == DER
    assert shown(told("192.0.2.9", "198.51.100.7")) is None
    assert shown(told("192.0.2.9", "192.0.2.10")) is None


@pytest.mark.parametrize("client", ["198.51.100.7", "2001:db9::1", "unix", "", None])
def test_attack_34_a_header_from_anybody_else_is_not_looked_at(client: str | None) -> None:
    assert shown(scope(client, FIELD)) is None
    assert shown(scope(client, b"garbage", b"twice", chain=(PEM,))) == DER


@pytest.mark.parametrize("client", ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::9", "2001:db8::9%eth0"])
def test_a_trusted_proxy_s_header_counts_and_its_own_certificate_does_not(client: str) -> None:
    assert shown(scope(client, FIELD, chain=("not even PEM",))) == DER
    assert shown(scope(client, chain=(PEM,))) is None
    assert shown(scope(client, b" " + FIELD + b"\t")) == DER


@pytest.mark.parametrize(
    "value", [b"", b":", b"::", b":a:", b":!!!!:", FIELD[:-1], FIELD + b";a=1", FIELD + b", " + FIELD]
)
def test_a_proxy_s_header_is_one_byte_sequence(value: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        shown(scope("192.0.2.9", value))
    with pytest.raises(InvalidRequestError):
        shown(scope("192.0.2.9", FIELD, FIELD))


def test_without_the_extension_there_is_no_certificate() -> None:
    assert shown_certificate({"client": ("192.0.2.9", 1), "headers": []}) is None


class Tls:
    def __init__(self, der: bytes | None) -> None:
        self.der = der

    def getpeercert(self, *, binary_form: bool) -> bytes | None:
        assert binary_form
        return self.der

    def version(self) -> str:
        return "TLSv1.3"


class Wire:
    def __init__(self, tls: Tls | None) -> None:
        self.tls = tls

    def get_extra_info(self, name: str) -> Tls | None:
        return self.tls if name == "ssl_object" else None


def test_the_extension_of_asgi() -> None:
    assert tls_extension(Wire(None)) is None  # type: ignore[arg-type]
    with_none = tls_extension(Wire(Tls(None)))  # type: ignore[arg-type]
    assert with_none
    assert (with_none["client_cert_chain"], with_none["client_cert_name"]) == ([], None)
    shown = tls_extension(Wire(Tls(DER)))  # type: ignore[arg-type]
    assert shown
    assert ssl.PEM_cert_to_DER_cert(shown["client_cert_chain"][0]) == DER
    assert (shown["client_cert_name"], shown["tls_version"]) == ("CN=CN of somebody", 0x0304)
