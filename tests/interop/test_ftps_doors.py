"""One file, two doors: begun on one and finished on the other, and told the same digest by both."""

import hashlib
import random
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from benchmarks.ftps_siege import OTHER, Siege
from benchmarks.proofs import PASSWORD, USER, Caller

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.testing.ftps_wire import FtpsWire

from .ftps_table import leave_half

MIB = 1 << 20
BODY = random.Random(9).randbytes(9 * MIB + 11)  # noqa: S311 - data, not a secret
DIGEST = hashlib.sha256(BODY).hexdigest()
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Siege]:
    siege = Siege.begin(tmp_path_factory.mktemp("server"))
    yield siege
    siege.server.kill()


@pytest.fixture
def web(siege: Siege) -> Caller:
    return siege.web()


def asked(
    web: Caller, method: str, path: str, headers: dict[str, str], body: bytes = b""
) -> tuple[int, dict[str, str]]:
    connection = web.connect()
    connection.request(method, path, body or None, {**web.headers(), **headers})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, {name.lower(): value for name, value in response.getheaders()}


def digests(wire: FtpsWire, path: str) -> set[str]:
    """By HASH and XSHA256."""
    return {wire.ask(f"HASH {path}", 213).text.split()[2], wire.ask(f"XSHA256 {path}", 250).text.strip().lower()}


def test_a_file_begun_over_ftps_is_finished_by_tus(siege: Siege, web: Caller) -> None:
    path = "/گزارش 🎉.bin"
    there = leave_half(siege.site, path, BODY)
    assert 0 < there < len(BODY)
    find = f"/api/v1/uploads?path={quote(path)}"
    status, found = asked(web, "HEAD", find, TUS)
    assert (status, found["upload-offset"], found["upload-defer-length"]) == (200, str(there), "1")
    assert asked(siege.web(OTHER), "HEAD", find, TUS)[0] == 404, "nobody else's"
    piece = {**PIECE, "Upload-Offset": str(there), "Upload-Length": str(len(BODY))}
    status, answer = asked(web, "PATCH", found["location"], piece, BODY[there:])
    assert (status, answer["upload-offset"]) == (204, str(len(BODY)))
    assert web.digest(path.lstrip("/")) == DIGEST
    with siege.wire() as wire:
        assert digests(wire, path) == {DIGEST}
        assert wire.fetch(f"RETR {path}") == BODY
    assert asked(web, "HEAD", find, TUS)[0] == 404, "it is finished"


@pytest.mark.parametrize("verb", ["STOR", "APPE"])
def test_a_file_begun_by_tus_is_finished_over_ftps(siege: Siege, web: Caller, verb: str) -> None:
    path, half = f"/by tus {verb}.bin", len(BODY) // 2
    metadata = f"path {b64encode(path.encode()).decode()}"
    begin = {**PIECE, "Upload-Length": str(len(BODY)), "Upload-Metadata": metadata}
    status, made = asked(web, "POST", "/api/v1/uploads", begin, BODY[:half])
    assert (status, made["upload-offset"]) == (201, str(half))
    with siege.wire() as wire:
        assert wire.ask(f"SIZE {path}", 213).text == str(half)
        wire.store(f"{verb} {path}", BODY[half:], rest=half if verb == "STOR" else 0)
        assert digests(wire, path) == {DIGEST}
    assert web.digest(path.lstrip("/")) == DIGEST
    assert asked(web, "HEAD", made["location"], TUS)[1]["upload-offset"] == str(len(BODY))


def test_what_was_announced_by_tus_is_not_published_short_over_ftps(siege: Siege, web: Caller) -> None:
    path = "/announced.bin"
    begin = {**PIECE, "Upload-Length": str(len(BODY)), "Upload-Metadata": f"path {b64encode(path.encode()).decode()}"}
    assert asked(web, "POST", "/api/v1/uploads", begin, BODY[:MIB])[0] == 201
    with siege.wire() as wire:
        with pytest.raises(AssertionError, match="announced"):
            wire.store(f"STOR {path}", BODY[MIB : 2 * MIB], rest=MIB)
        assert not wire.exists(path)
        there = int(wire.ask(f"SIZE {path}", 213).text)
        wire.store(f"STOR {path}", BODY[there:], rest=there)
        assert digests(wire, path) == {DIGEST}


def test_our_client_finishes_what_was_begun_over_ftps(siege: Siege, tmp_path: Path) -> None:
    path = "/overtaken.bin"
    assert leave_half(siege.site, path, BODY) > 0
    (file := tmp_path / "overtaken.bin").write_bytes(BODY)
    with SecureFileTransferClient(
        siege.server.url, cafile=siege.server.cafile, username=USER, password=PASSWORD
    ) as client:
        client.send_file(file, path)
        assert client.stat(path).sha256 == bytes.fromhex(DIGEST)
    with siege.wire() as wire:
        assert wire.ask(f"SIZE {path}", 213).text == str(len(BODY)), "the part is forgotten"
        assert digests(wire, path) == {DIGEST}
        wire.store(f"STOR {path}", BODY[::-1])
        assert digests(wire, path) == {hashlib.sha256(BODY[::-1]).hexdigest()}


def test_a_damaged_query_is_refused(siege: Siege, web: Caller) -> None:
    assert asked(web, "HEAD", "/api/v1/uploads", TUS)[0] in {400, 404}
    assert asked(web, "HEAD", "/api/v1/uploads?path=/../x", TUS)[0] == 400
    assert asked(web, "HEAD", "/api/v1/uploads?path=/x&path=/y", TUS)[0] == 400
    assert asked(web, "HEAD", "/api/v1/uploads?path=/nothing", TUS)[0] == 404
    assert asked(web, "HEAD", "/api/v1/uploads?path=/nothing", {})[0] == 412
