"""Times, digests and entries between the wire and Python."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.client import wire
from secure_file_transfer.errors import InvalidRequestError, ProtocolViolationError
from secure_file_transfer.model import TimeUs
from secure_file_transfer.testing.scripted_server import entry

YEAR_1, YEAR_9999 = -62_135_596_800_000_000, 253_402_300_799_999_999


@given(st.integers(YEAR_1, YEAR_9999))
def test_a_time_survives_the_wire_to_the_microsecond(moment: int) -> None:
    assert wire.time_us(wire.time_text(TimeUs(moment))) == moment


def test_a_time_is_written_as_the_protocol_says() -> None:
    assert wire.time_text(TimeUs(1_795_253_400_123_456)) == "2026-11-21T09:30:00.123456Z"
    assert wire.time_us("2026-11-21T10:30:00.5+01:00") == wire.time_us("2026-11-21T09:30:00.500000Z")


@pytest.mark.parametrize("moment", [YEAR_1 - 1, YEAR_9999 + 1, 1 << 80])
def test_a_time_outside_the_calendar_is_refused(moment: int) -> None:
    with pytest.raises(InvalidRequestError):
        wire.time_text(TimeUs(moment))


@given(st.binary(min_size=32, max_size=32))
def test_a_digest_survives_its_header(sha256: bytes) -> None:
    assert wire.read_digest_field(wire.digest_field(sha256)) == sha256
    assert wire.read_digest_field(f"sha-512=:AAAA:, {wire.digest_field(sha256)}") == sha256


@pytest.mark.parametrize("text", [None, "", "sha-512=:AAAA:", "xsha-256=:AAAA:"])
def test_no_sha256_is_none(text: str | None) -> None:
    assert wire.read_digest_field(text) is None


@pytest.mark.parametrize("text", ["sha-256=:AAAA:", "sha-256=:A:", "sha-256=:====:"])
def test_a_broken_sha256_is_a_violation(text: str) -> None:
    with pytest.raises(ProtocolViolationError):
        wire.read_digest_field(text)


def test_unknown_members_are_ignored() -> None:
    sha256 = hashlib.sha256(b"x").digest()
    read = wire.entry(entry("/a/b", sha256=sha256.hex(), colour="blue"))
    assert (read.path, read.name, read.size, read.sha256) == ("/a/b", "b", 5, sha256)


def test_a_guest_has_no_account_and_a_token_is_not_shown() -> None:
    assert wire.whoami({"account": None, "since": None, "expires": None, "address": "::1"}).account is None
    account = {"name": "mona", "role": "user"}
    signed = wire.sign_in({"token": "geheim", "expires": "2026-11-21T09:30:00Z", "account": account})
    assert signed.token == "geheim"
    assert "geheim" not in repr(signed)


@pytest.mark.parametrize("text", [None, "", "yesterday", "Sun, 99 Foo 2026 00:00:00 GMT"])
def test_a_senseless_http_date_is_no_date(text: str | None) -> None:
    assert wire.http_date_us(text) is None
