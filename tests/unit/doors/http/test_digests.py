import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_file_transfer.doors.http.digests import declared_sha256, field_value, parse
from secure_file_transfer.errors import InvalidRequestError

DIGEST = hashlib.sha256(b"hello").digest()
GOOD = b"sha-256=:" + base64.b64encode(DIGEST) + b":"
OTHER = b"sha-256=:" + base64.b64encode(bytes(32)) + b":"


@given(st.binary(min_size=32, max_size=32))
def test_what_is_written_is_read_back(digest: bytes) -> None:
    assert declared_sha256([(b"content-digest", field_value(digest))]) == digest


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-digest", GOOD)],
        [(b"repr-digest", GOOD)],
        [(b"repr-digest", GOOD), (b"content-digest", GOOD)],
        [(b"content-digest", b"sha-512=:AAAA:, " + GOOD)],
        [(b"content-digest", GOOD + b",\tmd5=:AAAA:")],
        [(b"content-digest", b"unixsum=:AAAA:"), (b"content-digest", GOOD)],
        [(b"content-digest", GOOD + b";a;b=1;c=token")],
    ],
)
def test_sha256_is_found(headers: list[tuple[bytes, bytes]]) -> None:
    assert declared_sha256(headers) == DIGEST


def test_no_field_declares_nothing() -> None:
    assert declared_sha256([(b"content-length", b"5"), (b"digest", b"SHA-256=x")]) is None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b",",
        b"sha-256",
        b"sha-256=",
        b"sha-256=" + base64.b64encode(DIGEST),
        b"sha-256=:" + base64.b64encode(DIGEST),
        b"SHA-256=:" + base64.b64encode(DIGEST) + b":",
        b'sha-256="' + base64.b64encode(DIGEST) + b'"',
        b"sha-256=:%%%:",
        b"sha-256=:A:",
        b"sha-256=::",
        b"sha-256=:" + base64.b64encode(DIGEST[:31]) + b":",
        b"sha-256=:" + base64.b64encode(DIGEST + b"x") + b":",
        b"sha-256=:" + base64.b64encode(DIGEST.hex().encode()) + b":",
        GOOD + b",",
        GOOD + b" " + GOOD,
        GOOD + b", " + GOOD,
        GOOD + b", " + OTHER,
        b"md5=:AAAA:",
        b"sha-512=:AAAA:",
        b"sha-256=(:AAAA:)",
        b"sha-256=1",
        b"sha-256=?1",
        GOOD + b"\x00",
    ],
)
def test_attack_50_length_and_algorithm_confusion_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        declared_sha256([(b"content-digest", value)])
    assert caught.value.hint


def test_two_fields_that_disagree_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="disagree"):
        declared_sha256([(b"content-digest", GOOD), (b"repr-digest", OTHER)])


def test_unknown_algorithms_are_named() -> None:
    with pytest.raises(InvalidRequestError, match="md5, sha-512") as caught:
        declared_sha256([(b"content-digest", b"md5=:AAAA:, sha-512=:AAAA:")])
    assert "sha-256" in caught.value.hint


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(value: bytes) -> None:
    try:
        members = parse(value)
    except InvalidRequestError:
        return
    assert members
