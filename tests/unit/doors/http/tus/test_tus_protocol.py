"""The tus protocol and its extensions, request by request."""

import hashlib
from base64 import b64encode
from typing import Any

import pytest
from blake3 import blake3

from secure_file_transfer.model import MIB

UPLOADS = "/api/v1/uploads"
CONTENT = "application/offset+octet-stream"
UNKNOWN = f"{UPLOADS}/{'A' * 32}"


async def test_options_tell_what_is_there_and_need_no_sign_in(desk: Any, call_anonymous: Any) -> None:
    answer = await desk.ask("OPTIONS", UPLOADS, who="nobody", headers={"tus-resumable": None})
    assert answer.status == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256,blake3"
    assert set(answer.headers["tus-extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "creation-defer-length",
        "checksum",
        "expiration",
        "termination",
        "concatenation",
    }
    bare = await call_anonymous("OPTIONS", UPLOADS, token=None)
    assert bare.status == 204
    assert "tus-extension" not in bare.headers
    assert "tus-max-size" not in bare.headers
    headers = {"tus-resumable": "1.0.0", "upload-length": "1", "upload-metadata": desk.meta(filename="a")}
    assert (await call_anonymous("POST", UPLOADS, token=None, headers=headers)).code == "not_found"


async def test_another_version_is_refused_before_anything_happens(desk: Any) -> None:
    target = await desk.create(5)
    for version in (None, "0.2.2", "1.0.1", ""):
        for method, address in (("POST", UPLOADS), ("HEAD", target), ("PATCH", target), ("DELETE", target)):
            answer = await desk.ask(method, address, headers={"tus-resumable": version, "upload-length": "3"})
            assert (answer.status, answer.headers["tus-version"]) == (412, "1.0.0")
    assert await desk.offset(target) == 0


async def test_pieces_become_a_file(desk: Any) -> None:
    target = await desk.create(len(desk.data), **{"upload-metadata": desk.meta(filename="a.bin", filetype="x/y")})
    assert await desk.read("a.bin") is None
    at = 0
    for size in (1, 100_000, 2 * MIB, len(desk.data)):
        piece = desk.data[at : at + size]
        answer = await desk.patch(target, at, [piece[:70_000], piece[70_000:]])
        at += len(piece)
        assert (answer.status, int(answer.headers["upload-offset"])) == (204, at)
        assert "upload-expires" in answer.headers
        assert await desk.offset(target) == at
    assert answer.headers["content-location"] == "/api/v1/files/a.bin"
    digest = f"sha-256=:{b64encode(hashlib.sha256(desk.data).digest()).decode()}:"
    assert answer.headers["repr-digest"] == digest
    assert await desk.read("a.bin") == desk.data
    head = await desk.ask("HEAD", target)  # as a client does that did not hear the last answer
    assert head.headers["upload-offset"] == head.headers["upload-length"] == str(len(desk.data))
    assert head.headers["upload-metadata"] == desk.meta(filename="a.bin", filetype="x/y")
    assert head.headers["repr-digest"] == digest
    assert (await desk.patch(target, len(desk.data), b"")).status == 204
    assert (await desk.patch(target, len(desk.data), b"x")).status == 413


async def test_an_empty_file_is_there_at_once(desk: Any) -> None:
    answer = await desk.ask("POST", UPLOADS, headers={"upload-length": "0", "upload-metadata": desk.meta(filename="e")})
    assert (answer.status, answer.headers["content-location"]) == (201, "/api/v1/files/e")
    assert await desk.read("e") == b""


async def test_creation_with_upload(desk: Any) -> None:
    size = str(len(desk.data))
    headers = {"upload-length": size, "upload-metadata": desk.meta(filename="a"), "content-type": CONTENT}
    first = await desk.ask("POST", UPLOADS, headers=headers, body=desk.data[:MIB])
    assert (first.status, first.headers["upload-offset"]) == (201, str(MIB))
    assert (await desk.patch(first.headers["location"], MIB, desk.data[MIB:])).status == 204
    assert await desk.read("a") == desk.data
    headers["upload-metadata"] = desk.meta(filename="b")
    assert (await desk.ask("POST", UPLOADS, headers=headers, body=desk.data)).headers["upload-offset"] == size
    assert await desk.read("b") == desk.data
    headers["content-type"] = "text/plain"
    assert (await desk.ask("POST", UPLOADS, headers=headers, body=desk.data)).status == 415


async def test_the_length_may_come_later_but_only_once(desk: Any) -> None:
    target = await desk.create()
    assert (await desk.ask("HEAD", target)).headers["upload-defer-length"] == "1"
    assert (await desk.patch(target, 0, b"abc", length=False)).status == 204
    assert (await desk.patch(target, 3, b"d", headers={"upload-length": "2"})).status == 400
    assert (await desk.patch(target, 3, b"d", headers={"upload-length": "5"})).status == 204
    assert (await desk.patch(target, 4, b"e", headers={"upload-length": "6"})).status == 400
    assert (await desk.patch(target, 4, b"e", headers={"upload-length": "5"})).status == 204
    assert await desk.read("a.bin") == b"abcde"


async def test_termination(desk: Any) -> None:
    target = await desk.create(10)
    await desk.patch(target, 0, b"12345")
    assert (await desk.ask("DELETE", target)).status == 204
    for method in ("HEAD", "DELETE"):
        assert (await desk.ask(method, target)).status == 404
    assert (await desk.patch(target, 5, b"67890")).status == 404
    assert desk.blocks() == []


async def test_methods_travel_inside_a_post(desk: Any) -> None:
    target = await desk.create(3)
    headers = {"content-type": CONTENT, "upload-offset": "0", "x-http-method-override": "PATCH"}
    assert (await desk.ask("POST", target, headers=headers, body=b"abc")).status == 204
    assert await desk.read("a.bin") == b"abc"
    assert (await desk.ask("POST", target, headers={"x-http-method-override": "DELETE"})).status == 204
    for method, override in (("GET", "DELETE"), ("POST", "PUT"), ("POST", "delete")):
        answer = await desk.ask(method, target, headers={"x-http-method-override": override})
        assert answer.code == "invalid_request"
    for method in ("GET", "PUT", "POST"):
        assert (await desk.ask(method, target)).status == 405


async def test_what_has_expired_is_gone_and_its_space_comes_back(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    target = await desk.create(10)
    await desk.patch(target, 0, b"12345")
    later = desk.house.clock.now_us() + 73 * 3_600_000_000
    monkeypatch.setattr(desk.house.clock, "now_us", lambda: later)
    assert desk.uploads._clock is desk.house.clock
    assert (await desk.ask("HEAD", target)).status == 404
    desk.house.sweeper.run()
    assert desk.blocks() == []


async def test_a_taken_name_is_treated_as_the_sender_says(desk: Any) -> None:
    for conflict, stored, where in (("skip", b"old", "a"), ("rename", b"old", "a%20%281%29"), ("overwrite", b"x", "a")):
        await desk.caller_type(desk.app)("PUT", "/api/v1/files/a", body=b"old", token=desk.tokens["ada"])
        target = await desk.create(1, **{"upload-metadata": desk.meta(path="/a", conflict=conflict)})
        answer = await desk.patch(target, 0, b"x")
        assert (answer.status, answer.headers["content-location"]) == (204, f"/api/v1/files/{where}")
        assert await desk.read("a") == stored
    assert await desk.read("a%20%281%29") == b"x"


async def test_the_target_may_lie_in_folders_and_keep_its_time(desk: Any) -> None:
    metadata = desk.meta(path="/x/y", filename="گزارش.txt", parents="true", modified="2020-01-02T03:04:05Z")
    target = await desk.create(2, **{"upload-metadata": metadata})
    answer = await desk.patch(target, 0, b"ok")
    entry = await desk.caller_type(desk.app)(
        "GET", answer.headers["content-location"].replace("files", "entries"), token=desk.tokens["ada"]
    )
    assert (entry.json["path"], entry.json["modified"]) == ("/x/y/گزارش.txt", "2020-01-02T03:04:05.000000Z")
    missing = {"upload-length": "1", "upload-metadata": desk.meta(path="/no/where", filename="a")}
    assert (await desk.ask("POST", UPLOADS, headers=missing)).code == "not_found"
    folder = {"upload-length": "1", "upload-metadata": desk.meta(path="/x/y")}
    assert (await desk.ask("POST", UPLOADS, headers=folder)).code == "is_a_folder"


async def test_a_whole_upload_that_could_not_be_published_is_published_when_it_can(desk: Any) -> None:
    target = await desk.create(3, **{"upload-metadata": desk.meta(path="/f/a", parents="true")})
    caller = desk.caller_type(desk.app)
    assert (await caller("DELETE", "/api/v1/entries/f", token=desk.tokens["ada"])).status == 204
    assert (await desk.patch(target, 0, b"abc")).status == 404
    assert (await desk.ask("HEAD", target)).status == 404  # nobody may believe that it is done
    assert (await caller("PUT", "/api/v1/folders/f", token=desk.tokens["ada"])).status == 201
    assert (await desk.ask("HEAD", target)).headers["content-location"] == "/api/v1/files/f/a"
    assert await desk.read("f/a") == b"abc"


async def test_parts_are_joined_without_moving_a_byte(desk: Any) -> None:
    pieces = [desk.data[at : at + 900_000] for at in range(0, len(desk.data), 900_000)]
    parts = [await desk.part(piece) for piece in [*pieces, b""]]
    await desk.patch(parts[0], 900_000, b"")
    blobs = {path: path.stat().st_mtime_ns for path in (desk.folder / "blobs").rglob("*") if path.is_file()}
    concat = "final;" + " ".join([f"https://example.org:5000{parts[0]}", *parts[1:]])
    headers = {"upload-concat": concat, "upload-metadata": desk.meta(filename="joined")}
    answer = await desk.ask("POST", UPLOADS, headers=headers)
    assert (answer.status, answer.headers["content-location"]) == (201, "/api/v1/files/joined")
    assert answer.headers["repr-digest"] == f"sha-256=:{b64encode(hashlib.sha256(desk.data).digest()).decode()}:"
    assert await desk.read("joined") == desk.data
    assert {p: p.stat().st_mtime_ns for p in (desk.folder / "blobs").rglob("*") if p.is_file()} == blobs
    head = await desk.ask("HEAD", answer.headers["location"])
    assert (head.headers["upload-concat"], head.headers["upload-length"]) == (concat, str(len(desk.data)))
    assert (await desk.patch(answer.headers["location"], len(desk.data), b"")).status == 403
    assert (await desk.ask("HEAD", parts[0])).status == 404


async def test_what_cannot_be_joined(desk: Any) -> None:
    good, short, whole = await desk.part(b"abc"), await desk.part(b""), await desk.create(3, "w")
    short = await desk.create(5, **{"upload-concat": "partial"})
    for parts, status in (
        (f"final;{good} {short}", 409),
        (f"final;{good} {whole}", 409),
        (f"final;{good} {UNKNOWN}", 404),
        (f"final;{good} /api/v1/files/a", 400),
        (f"final;{good}  {good}", 400),
        ("final;", 400),
        ("final", 400),
        ("part", 400),
    ):
        headers = {"upload-concat": parts, "upload-metadata": desk.meta(filename="j")}
        assert (await desk.ask("POST", UPLOADS, headers=headers)).status == status
    with_length = {"upload-concat": f"final;{good}", "upload-length": "3", "upload-metadata": desk.meta(filename="j")}
    assert (await desk.ask("POST", UPLOADS, headers=with_length)).status == 400
    stolen = {"upload-concat": f"final;{good}", "upload-metadata": desk.meta(filename="j")}
    assert (await desk.ask("POST", UPLOADS, headers=stolen, who="bob")).status == 404
    assert await desk.offset(good) == 3


@pytest.mark.parametrize("name", ["sha1", "sha256", "blake3"])
async def test_checksums_guard_each_piece(desk: Any, name: str) -> None:
    algorithms: dict[str, Any] = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "blake3": blake3}
    make = algorithms[name]

    def checksum(data: bytes) -> dict[str, str]:
        return {"upload-checksum": f"{name} {b64encode(make(data).digest()).decode()}"}

    target = await desk.create(len(desk.data))
    assert (await desk.patch(target, 0, desk.data[:MIB], headers=checksum(desk.data[:MIB]))).status == 204
    bad = await desk.patch(target, MIB, desk.data[MIB:], headers=checksum(desk.data[MIB:-1]))
    assert (bad.status, bad.code) == (460, "digest_mismatch")
    assert await desk.offset(target) == MIB
    cut = await desk.patch(target, MIB, desk.data[MIB : 2 * MIB + 5], headers=checksum(desk.data[MIB:]), vanish=True)
    assert cut.code == "interrupted"
    assert await desk.offset(target) == MIB, "what could not be checked is not kept"
    good = await desk.patch(target, MIB, desk.data[MIB:], headers=checksum(desk.data[MIB:]))
    assert good.headers["repr-digest"] == f"sha-256=:{b64encode(hashlib.sha256(desk.data).digest()).decode()}:"
    assert await desk.read("a.bin") == desk.data


async def test_an_unfinished_upload_is_found_by_its_place(desk: Any) -> None:
    place = f"{UPLOADS}?path=/a.bin"
    assert (await desk.ask("HEAD", place)).status == 404
    target = await desk.create(len(desk.data))
    assert (await desk.patch(target, 0, desk.data[:1000])).status == 204
    found = await desk.ask("HEAD", place)
    assert (found.status, found.headers["location"], found.headers["upload-offset"]) == (200, target, "1000")
    assert (await desk.ask("HEAD", place, who="bob")).status == 404
    assert (await desk.ask("HEAD", place, who="nobody")).status == 401
    assert (await desk.ask("HEAD", f"{UPLOADS}?path=/../x")).status == 400
    assert (await desk.ask("HEAD", f"{UPLOADS}?where=/a.bin")).status == 400
    assert (await desk.ask("HEAD", UPLOADS)).status == 404
    assert (await desk.patch(target, 1000, desk.data[1000:])).status == 204
    assert (await desk.ask("HEAD", place)).status == 404
