"""What a hostile or confused client may try with resumable uploads."""

import hashlib
from base64 import b64encode
from typing import Any

import pytest
from blake3 import blake3

from secure_file_transfer.doors.http.tus import read_metadata
from secure_file_transfer.errors import InvalidRequestError
from secure_file_transfer.model import MIB

UPLOADS = "/api/v1/uploads"
CONTENT = "application/offset+octet-stream"
UNKNOWN = f"{UPLOADS}/{'A' * 32}"


@pytest.mark.parametrize(
    "pairs",
    [
        {"filename": "../x"},
        {"filename": "a/b"},
        {"filename": "a\\b"},
        {"filename": "%252e%252e%252fx"},
        {"filename": "\uff0e\uff0e"},
        {"filename": "a\0b"},
        {"filename": ""},
        {"filename": "a", "path": "/../b"},
        {"filename": "a", "path": "//b"},
        {"path": "/"},
        {"path": "a/./b"},
        {},
    ],
)
async def test_attack_1_no_name_leads_out(desk: Any, pairs: dict[str, str]) -> None:
    answer = await desk.ask("POST", UPLOADS, headers={"upload-length": "1", "upload-metadata": desk.meta(**pairs)})
    assert (answer.status, answer.code) in {(400, "invalid_name"), (400, "invalid_request")}


@pytest.mark.parametrize("name", ["..", "%2e%2e", "A" * 31, "A" * 33, "A" * 31 + "%41", "../uploads/" + "A" * 32, "é"])
async def test_attack_1_no_upload_id_leads_out(desk: Any, name: str) -> None:
    for method in ("HEAD", "DELETE"):
        assert (await desk.ask(method, f"{UPLOADS}/{name}")).status == 404


@pytest.mark.parametrize(
    "value",
    [
        b"filename",
        b"filename  YQ==",
        b"filename YQ",
        b"filename YR==",
        b"filename YQ==,",
        b",filename YQ==",
        b"filename YQ==,filename Yg==",
        b"filename YQ==;path Yg==",
        b"filename gIA=",
        b"filename Y Q==",
        b"filename Y\tQ==",
        b"f\xc3\xa9 YQ==",
    ],
)
def test_attack_1_metadata_has_one_spelling(value: bytes) -> None:
    if value == b"filename":  # a key may stand alone: it is empty then
        assert read_metadata(value) == {"filename": ""}
        return
    with pytest.raises(InvalidRequestError):
        read_metadata(value)


def test_metadata_of_the_client_s_own_is_its_own() -> None:
    assert read_metadata(b"") == {}
    assert read_metadata(b"filename YQ==,is_confidential,filetype gIA=, path L2I=") == {"filename": "a", "path": "/b"}


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("-1", 400),
        ("+1", 400),
        ("1.0", 400),
        ("0x10", 400),
        ("", 400),
        (" 1", 400),
        ("1, 1", 400),
        ("٣", 400),
        (None, 400),
        (str((1 << 44) + 1), 413),
        ("9" * 19, 413),
        ("9" * 5000, 413),
    ],
)
async def test_attack_48_lengths(desk: Any, length: str | None, status: int) -> None:
    if length == "٣":
        length = length.encode().decode("latin-1")
    headers = {"upload-length": length, "upload-metadata": desk.meta(filename="a")}
    assert (await desk.ask("POST", UPLOADS, headers=headers)).status == status
    if length:
        target = await desk.create()
        assert (await desk.patch(target, 0, b"x", headers={"upload-length": length})).status == status
        assert await desk.offset(target) == 0


async def test_attack_48_two_words_about_the_length(desk: Any) -> None:
    for deferred, length in (("1", "5"), ("0", None), ("2", None)):
        headers = {"upload-length": length, "upload-defer-length": deferred, "upload-metadata": desk.meta(filename="a")}
        assert (await desk.ask("POST", UPLOADS, headers=headers)).status == 400


async def test_attack_48_offsets(desk: Any) -> None:
    target = await desk.create(10)
    await desk.patch(target, 0, b"12345")
    for offset, status in (("0", 409), ("4", 409), ("6", 409), ("-5", 400), ("", 400), ("9" * 30, 413), (None, 400)):
        answer = await desk.patch(target, 0, b"x", headers={"upload-offset": offset})
        assert (offset, answer.status) == (offset, status)
    assert (await desk.patch(target, 5, b"678901")).status == 413
    assert await desk.offset(target) == 5
    assert (await desk.patch(target, 5, [b"67890", b"1"], length=False)).status == 413
    assert await desk.offset(target) in {5, 10}
    assert (await desk.patch(target, 5, b"x", headers={"content-type": "application/octet-stream"})).status == 415


async def test_attack_48_a_foreign_id_looks_like_none(desk: Any) -> None:
    target = await desk.create(10)
    foreign, unknown = [
        [
            await desk.ask("HEAD", address, who="bob"),
            await desk.ask("DELETE", address, who="bob"),
            await desk.patch(address, 0, b"x", who="bob"),
        ]
        for address in (target, UNKNOWN)
    ]
    assert [(a.status, a.body, a.headers) for a in foreign] == [(a.status, a.body, a.headers) for a in unknown]
    assert {a.status for a in foreign} == {404}
    assert (await desk.ask("HEAD", target, who="nobody")).status == 401
    assert await desk.offset(target) == 0


async def test_attack_48_a_second_writer_is_kept_out(desk: Any) -> None:
    target, held = await desk.create(2 * MIB), desk.held()
    first = held.patch(target, bytes(2 * MIB))
    await held.began.wait()
    assert (await desk.patch(target, 0, b"x")).code == "locked"
    assert (await desk.ask("DELETE", target)).status == 423
    assert (await desk.patch(target, 0, b"x", who="bob")).status == 404, "to others it is not even busy"
    assert await desk.offset(target) == 0
    held.go_on.set()
    assert (await first).status == 204
    assert (await desk.ask("DELETE", target)).status == 204


async def test_attack_50_confusing_checksums_leave_the_offset(desk: Any) -> None:
    target = await desk.create(10)
    right = b64encode(hashlib.sha256(b"12345").digest()).decode()
    for value in (
        f"sha1 {right}",
        f"blake3 {right[:-4]}",
        f"SHA256 {right}",
        f"sha-256 {right}",
        f"md5 {right}",
        "sha256",
        "sha256 ",
        f"sha256  {right}",
        f"sha256 {right} ",
        f"sha256 {hashlib.sha256(b'12345').hexdigest()}",
        f"sha256 {right}, sha256 {right}",
        "",
    ):
        answer = await desk.patch(target, 0, b"12345", headers={"upload-checksum": value})
        assert (value, answer.status) == (value, 400)
    wrong = b64encode(blake3(b"12345").digest()).decode()
    for value in (f"sha256 {wrong}", f"blake3 {right}"):
        assert (await desk.patch(target, 0, b"12345", headers={"upload-checksum": value})).status == 460
    assert await desk.offset(target) == 0
    assert desk.blocks() == []


async def test_attack_51_nobody_sees_a_part_of_a_file(desk: Any) -> None:
    target = await desk.create(len(desk.data), "a.bin")
    await desk.patch(target, 0, desk.data[:-1])
    for address in ("files/a.bin", "entries/a.bin", "folders/", "zip?path=/"):
        answer = await desk.caller_type(desk.app)("GET", f"/api/v1/{address}", token=desk.tokens["ada"])
        asked = (b"'/a.bin' is not there", b'"values": {"path": "/a.bin"}')  # what was asked for, and no more
        assert b"a.bin" not in answer.body.replace(asked[0], b"").replace(asked[1], b"")
        assert desk.data[:1000] not in answer.body
    assert (await desk.caller_type(desk.app)("GET", target, token=desk.tokens["ada"])).status == 412
    await desk.patch(target, len(desk.data) - 1, desk.data[-1:])
    assert await desk.read("a.bin") == desk.data
