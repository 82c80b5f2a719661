import asyncio
import base64
import hashlib
from typing import Any

import pytest

from secure_file_transfer import errors
from secure_file_transfer.doors.http.downloads import disposition
from secure_file_transfer.model import MIB

DATA = bytes(range(256)) * 5000  # a little over one block


async def test_a_whole_file_comes_with_everything_to_check_it(call: Any, house: Any) -> None:
    entry = house.put("/a.bin", DATA)
    answer = await call("GET", "/api/v1/files/a.bin")
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(DATA).digest()).decode()}:"
    assert (answer.status, answer.body, answer.whole) == (200, DATA, True)
    assert answer.headers["content-length"] == str(len(DATA))
    assert answer.headers["etag"] == f'"{entry.etag}"'
    assert answer.headers["last-modified"] == "Mon, 21 Sep 2026 14:13:20 GMT"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["repr-digest"] == answer.headers["content-digest"] == digest
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-cache"
    house.wait_until_closed()


@pytest.mark.parametrize(
    ("name", "query", "kind"),
    [
        ("a.png", "?media", "image/png"),
        ("a.JPG", "?media=", "image/jpeg"),
        ("a.svg", "?media", "image/svg+xml"),
        ("a.mp4", "?media=1", "video/mp4"),
        ("a.png", "", "application/octet-stream"),
        ("a.html", "?media", "application/octet-stream"),
        ("a.pdf", "?media", "application/octet-stream"),
        ("png", "?media", "image/png"),
        ("a.js", "?media", "application/octet-stream"),
    ],
)
async def test_attacks_36_and_37_content_has_the_type_of_its_name_only_where_nothing_can_run(
    call: Any, house: Any, name: str, query: str, kind: str
) -> None:
    house.put(f"/{name}", b"<script>alert(1)</script>")
    for method in ("GET", "HEAD"):
        answer = await call(method, f"/api/v1/files/{name}{query}")
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert (await call("GET", f"/api/v1/files/{name}?media=%ff")).status == 400


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 7])
async def test_sizes_around_the_block(call: Any, house: Any, size: int) -> None:
    data = (DATA * 3)[:size]
    house.put("/a", data)
    answer = await call("GET", "/api/v1/files/a")
    assert answer.status == 200
    assert answer.whole
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(data).digest()


async def test_a_file_whose_digest_is_not_known_goes_without(call: Any, house: Any) -> None:
    from dataclasses import replace

    entry = house.put("/a", b"x")
    (path,) = [p for p in house.tree if not p.is_root]
    house.tree[path] = replace(entry, sha256=None), b"x"
    answer = await call("GET", "/api/v1/files/a")
    assert answer.status == 200
    assert not {"repr-digest", "content-digest"} & set(answer.headers)


async def test_head_says_the_same_without_the_content(call: Any, house: Any) -> None:
    house.put("/a", DATA)
    head, get = await call("HEAD", "/api/v1/files/a"), await call("GET", "/api/v1/files/a")
    assert head.status == 200
    assert head.headers == get.headers
    assert head.body == b""
    ranged = await call("HEAD", "/api/v1/files/a", headers={"range": "bytes=0-1"})
    assert ranged.status == 200


async def test_a_range(call: Any, house: Any) -> None:
    house.put("/a", DATA)
    answer = await call("GET", "/api/v1/files/a", headers={"range": "bytes=1000000-1279999"})
    assert answer.status == 206
    assert answer.body == DATA[1_000_000:]
    assert answer.headers["content-range"] == "bytes 1000000-1279999/1280000"
    assert answer.headers["content-length"] == "280000"
    assert "repr-digest" in answer.headers
    assert "content-digest" not in answer.headers


async def test_a_range_outside_says_how_large_the_file_is(call: Any, house: Any) -> None:
    house.put("/a", b"0123456789")
    answer = await call("GET", "/api/v1/files/a", headers={"range": "bytes=10-"})
    assert (answer.status, answer.code) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == "bytes */10"
    house.wait_until_closed()


async def test_attack_46_many_ranges_are_refused(call: Any, house: Any) -> None:
    house.put("/a", b"0123456789")
    answer = await call("GET", "/api/v1/files/a", headers=[("range", "bytes=" + ",".join(["0-"] * 1000))])
    assert answer.status == 416
    twice = await call("GET", "/api/v1/files/a", headers=[("range", "bytes=0-1"), ("range", "bytes=2-3")])
    assert twice.status == 416


async def test_not_modified(call: Any, house: Any) -> None:
    entry = house.put("/a", b"x")
    answer = await call("GET", "/api/v1/files/a", headers={"if-none-match": f'"{entry.etag}"'})
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == f'"{entry.etag}"'
    assert "content-length" not in answer.headers
    house.wait_until_closed()


async def test_a_condition_that_fails_says_what_is_there(call: Any, house: Any) -> None:
    entry = house.put("/a", b"x")
    answer = await call("GET", "/api/v1/files/a", headers={"if-match": '"other"'})
    assert (answer.status, answer.code) == (412, "precondition_failed")
    assert answer.headers["etag"] == f'"{entry.etag}"'


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/api/v1/files/missing", 404, "not_found"),
        ("/api/v1/files/folder", 409, "is_a_folder"),
        ("/api/v1/files/", 409, "is_a_folder"),
    ],
)
async def test_what_cannot_be_read(call: Any, house: Any, target: str, status: int, code: str) -> None:
    house.put("/folder", None)
    answer = await call("GET", target)
    assert (answer.status, answer.code) == (status, code)


async def test_damage_in_the_first_block_is_a_clean_500(call: Any, house: Any) -> None:
    house.put("/a", DATA)
    house.damaged_at = 0
    answer = await call("GET", "/api/v1/files/a")
    assert (answer.status, answer.code) == (500, "block_damaged")
    assert DATA[:100] not in answer.body
    house.wait_until_closed()


async def test_damage_later_never_ends_cleanly(call: Any, house: Any) -> None:
    house.put("/a", DATA)
    house.damaged_at = 1
    answer = await call("GET", "/api/v1/files/a")
    assert answer.status == 200
    assert answer.body == DATA[:MIB]
    assert not answer.whole


async def test_a_reader_who_leaves_stops_the_reading(call: Any, house: Any) -> None:
    house.put("/a", DATA * 8)
    answer = await call("GET", "/api/v1/files/a", vanish=True)
    assert not answer.whole
    assert len(answer.body) < 8 * len(DATA)
    call.app.close()
    house.wait_until_closed()


async def test_reading_does_not_hold_up_others(call: Any, house: Any) -> None:
    house.put("/slow", DATA)
    house.read_gate.clear()
    slow = asyncio.create_task(call("GET", "/api/v1/files/slow"))
    assert (await call("GET", "/api/v1/server")).status == 200
    assert not slow.done()
    house.read_gate.set()
    assert (await slow).body == DATA


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.txt", "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt"),
        ("a b.txt", "attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt"),
        ("گزارش.pdf", "attachment; filename=\"_____.pdf\"; filename*=UTF-8''%DA%AF%D8%B2%D8%A7%D8%B1%D8%B4.pdf"),
        ('a";x="b', "attachment; filename=\"a__x__b\"; filename*=UTF-8''a%22%3Bx%3D%22b"),
        ("a\r\nSet-Cookie: b", "attachment; filename=\"a__Set-Cookie_ b\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20b"),
        ("100%'*", "attachment; filename=\"100___\"; filename*=UTF-8''100%25%27%2A"),
        ("", "attachment; filename=\"download\"; filename*=UTF-8''"),
    ],
)
def test_attack_38_no_file_name_breaks_the_header(name: str, header: str) -> None:
    assert disposition(name).decode() == header


async def test_errors_of_the_disk_keep_their_code(call: Any, house: Any) -> None:
    house.put("/a", b"x")
    house.raises = errors.StorageError("The disk failed while reading: EIO")
    answer = await call("GET", "/api/v1/files/a")
    assert (answer.status, answer.code, answer.json["retryable"]) == (500, "storage", True)
