"""The block protocol over the real services, as a client of another make would speak it."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard
from blake3 import blake3

from secure_file_transfer.config import load
from secure_file_transfer.doors.http.app import HttpApp, HttpServices, build_app
from secure_file_transfer.model import BLOCK_SIZE_MAX, MIB
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.blocks import Blocks
from secure_file_transfer.services.files import Files
from secure_file_transfer.transfer.frames import FrameReader, frame_head

PASSWORD = "four plain words together"
BATCH = {"content-type": "application/vnd.sft.batch"}
LARGE, SMALL = bytes(range(256)) * 4096, b"small"


@pytest.fixture
def real(tmp_path: Path) -> Iterator[House]:
    house = House(load(data_dir=tmp_path / "data", block_size=MIB))
    yield house
    house.close()


@pytest.fixture
def real_app(real: House) -> Iterator[HttpApp]:
    access = Access(real.vaults.tree)
    app = build_app(
        HttpServices(
            files=Files(access, real.sessions.check),
            sessions=real.sessions,
            setup=real.setup,
            ca_pem=b"",
            anonymous=False,
            block_size=MIB,
            version="1",
            blocks=Blocks(access, real.sessions.check, real.clock),
        )
    )
    app.gate.open()
    yield app
    app.close()


@pytest.fixture
async def sign_in(real: House, real_app: HttpApp, call: Any) -> Callable[[str], Any]:
    """Calls as somebody; the account is made."""
    caller = type(call)(real_app)

    async def as_(name: str) -> Any:
        real.accounts.create(name, PASSWORD)
        made = await caller("POST", "/api/v1/sessions", json_body={"name": name, "password": PASSWORD}, token=None)
        token = made.json["token"]

        async def ask(*arguments: Any, **options: Any) -> Any:
            return await caller(*arguments, **{"token": token, **options})

        return ask

    return as_


@pytest.fixture
async def ask(sign_in: Any) -> Any:
    return await sign_in("ada")


async def naming(ask: Any) -> Callable[[bytes], str]:
    answer = await ask("GET", "/api/v1/transfer?path=/")
    assert answer.status == 200, answer.body
    key = bytes.fromhex(answer.json["naming_key"])
    return lambda data: blake3(data, key=key).hexdigest()


def framed(*files: tuple[dict[str, Any], bytes]) -> bytes:
    return b"".join(frame_head({"size": len(data), **header}) + data for header, data in files)


async def test_the_server_says_what_it_takes(ask: Any) -> None:
    answer = await ask("GET", "/api/v1/transfer")
    told = answer.json
    assert len(told.pop("naming_key")) == 64
    assert told == {
        "block_min": MIB,
        "block_default": MIB,
        "block_max": 16 * MIB,
        "missing_max": 10_000,
        "batch_bytes_max": 8 * MIB,
        "batch_file_max": MIB,
        "batch_files_max": 1000,
        "connections": 16,
        "codings": ["zstd", "gzip"],
    }
    assert (await ask("GET", "/api/v1/transfer?path=/a/../b")).code == "invalid_name"
    assert (await ask("GET", "/api/v1/transfer?pth=/")).code == "invalid_request"


async def test_a_file_goes_up_in_blocks_and_its_manifest_says_which(ask: Any) -> None:
    name = await naming(ask)
    ids = [name(LARGE), name(SMALL)]
    assert (await ask("POST", "/api/v1/blocks/missing", json_body={"ids": ids})).json == {"missing": ids}
    for number, (block, data) in enumerate(zip(ids, (LARGE, SMALL), strict=True)):
        hint = {"upload-hint": f"{'a1' * 16}; index={number}; count=2"}
        answer = await ask("PUT", f"/api/v1/blocks/{block}", body=[data[:100], data[100:]], headers=hint)
        assert (answer.status, answer.body) == (204, b"")
    assert (await ask("POST", "/api/v1/blocks/missing", json_body={"ids": ids})).json == {"missing": []}
    blocks = [[ids[0], len(LARGE)], [ids[1], len(SMALL)]]
    digest = hashlib.sha256(LARGE + SMALL).hexdigest()
    file = {
        "path": "/d/a",
        "size": len(LARGE + SMALL),
        "sha256": digest,
        "modified": "2020-01-01T00:00:00Z",
        "parents": True,
        "if_none_match": "*",
        "hint": "a1" * 16,
        "blocks": blocks,
    }
    done = (await ask("POST", "/api/v1/commits", json_body={"files": [file, file]})).json["results"]
    assert done[0]["outcome"] == "created"
    assert (done[0]["entry"]["sha256"], done[0]["entry"]["modified"]) == (digest, "2020-01-01T00:00:00.000000Z")
    assert done[1]["error"]["code"] == "precondition_failed"
    assert (await ask("GET", "/api/v1/files/d/a")).body == LARGE + SMALL
    manifest = (await ask("GET", "/api/v1/manifests/d/a")).json
    assert (manifest["blocks"], manifest["entry"]) == (blocks, done[0]["entry"])
    assert blake3(LARGE, key=bytes.fromhex(manifest["naming_key"])).hexdigest() == ids[0]
    etag = {"if-match": f'"{manifest["entry"]["etag"]}"', "range": f"bytes={len(LARGE)}-"}
    assert (await ask("GET", "/api/v1/files/d/a", headers=etag)).body == SMALL
    guarded = {**file, "if_none_match": None, "if_match": [manifest["entry"]["etag"]]}
    assert (await ask("POST", "/api/v1/commits", json_body={"files": [guarded]})).json["results"][0]["outcome"]


async def test_what_is_missing_is_named_and_may_be_sent(ask: Any) -> None:
    name = await naming(ask)
    file = {"path": "/a", "size": len(SMALL), "blocks": [[name(SMALL), len(SMALL)]]}
    (result,) = (await ask("POST", "/api/v1/commits", json_body={"files": [file]})).json["results"]
    assert (result["error"]["code"], result["error"]["status"]) == ("missing_blocks", 409)
    assert (result["error"]["missing"], result["error"]["retryable"]) == ([name(SMALL)], True)
    assert (await ask("PUT", f"/api/v1/blocks/{name(SMALL)}", body=SMALL)).status == 204
    (result,) = (await ask("POST", "/api/v1/commits", json_body={"files": [file]})).json["results"]
    assert result["outcome"] == "created"


async def test_bad_bytes_are_refused_and_the_good_ones_taken_afterwards(ask: Any) -> None:
    name = await naming(ask)
    target = f"/api/v1/blocks/{name(LARGE)}"
    answer = await ask("PUT", target, body=LARGE[:-1] + b"x")
    assert (answer.status, answer.code, answer.json["retryable"]) == (422, "digest_mismatch", True)
    for coding, body in (("zstd", zstandard.compress(LARGE)), ("gzip", gzip.compress(LARGE)), ("identity", LARGE)):
        assert (await ask("PUT", target, body=body, headers={"content-encoding": coding})).status == 204


async def test_attack_12_a_bomb_in_a_block_is_refused(ask: Any) -> None:
    name = await naming(ask)
    for coding, bomb in (("zstd", zstandard.compress(bytes(100 * MIB))), ("gzip", gzip.compress(bytes(100 * MIB)))):
        answer = await ask("PUT", f"/api/v1/blocks/{name(b'')}", body=bomb, headers={"content-encoding": coding})
        assert (answer.status, answer.code) == (413, "too_large")


@pytest.mark.parametrize("coding", ["zstd", "gzip"])
async def test_a_batch_may_be_compressed(ask: Any, coding: str) -> None:
    body = framed(*(({"path": f"/{n}"}, b"word " * n) for n in range(100)))
    packed = zstandard.compress(body) if coding == "zstd" else gzip.compress(body)
    headers = {**BATCH, "content-encoding": coding}
    results = (await ask("POST", "/api/v1/batch", body=packed, headers=headers)).json["results"]
    assert [result.get("outcome") for result in results] == ["created"] * 100
    assert (await ask("GET", "/api/v1/files/99")).body == b"word " * 99
    answer = await ask("POST", "/api/v1/batch", body=packed[:-1], headers=headers)
    assert (answer.status, answer.code) == (400, "invalid_request")
    answer = await ask("POST", "/api/v1/batch", body=body, headers={**BATCH, "content-encoding": "br"})
    assert (answer.status, answer.code) == (400, "invalid_request")


async def test_attack_12_a_bomb_in_a_batch_is_refused(ask: Any) -> None:
    size = 8 * MIB + 1
    for coding, bomb in (("zstd", zstandard.compress(bytes(size))), ("gzip", gzip.compress(bytes(size)))):
        answer = await ask("POST", "/api/v1/batch", body=bomb, headers={**BATCH, "content-encoding": coding})
        assert (answer.status, answer.code) == (413, "too_large")


async def test_attack_53_one_account_cannot_claim_or_probe_the_blocks_of_another(sign_in: Any) -> None:
    ada, eve = await sign_in("ada"), await sign_in("eve")
    name = await naming(ada)
    assert (await ada("PUT", "/api/v1/files/secret", body=LARGE)).status == 201
    assert (await ada("PUT", f"/api/v1/blocks/{name(SMALL)}", body=SMALL)).status == 204
    ids = [name(LARGE), name(SMALL), "0" * 64]
    assert (await ada("POST", "/api/v1/blocks/missing", json_body={"ids": ids})).json == {"missing": ids[2:]}
    assert (await eve("POST", "/api/v1/blocks/missing", json_body={"ids": ids})).json == {"missing": ids}
    file = {"path": "/mine", "size": len(LARGE), "blocks": [[name(LARGE), len(LARGE)]]}
    absent = {"path": "/mine", "size": len(LARGE), "blocks": [["0" * 64, len(LARGE)]]}
    answer = await eve("POST", "/api/v1/commits", json_body={"files": [file, absent]})
    real, none = (result["error"] for result in answer.json["results"])
    assert {**real, "missing": 0} == {**none, "missing": 0}
    assert (await eve("GET", "/api/v1/files/mine")).code == "not_found"
    assert (await eve("GET", "/api/v1/manifests/secret")).code == "not_found"
    assert (await naming(eve))(LARGE) != name(LARGE)


async def test_a_batch_goes_up_and_comes_down(ask: Any) -> None:
    files = [({"path": f"/d/{n}", "parents": True}, bytes([n]) * (n * 1000)) for n in range(60)]
    bad = ({"path": "/none/x"}, b"x")
    body = framed(*files, bad)
    pieces = [body[at : at + 65536] for at in range(0, len(body), 65536)]
    results = (await ask("POST", "/api/v1/batch", body=pieces, headers=BATCH)).json["results"]
    assert [result.get("outcome") for result in results] == ["created"] * 60 + [None]
    assert results[-1]["error"]["code"] == "not_found"
    paths = [header["path"] for header, _ in files]
    answer = await ask("POST", "/api/v1/batch/read", json_body={"paths": [*paths, "/none", "/d"]})
    assert answer.headers["content-type"] == "application/vnd.sft.batch"
    reader = FrameReader(data_max=MIB, frames_max=1000)
    frames = list(reader.feed(answer.body))
    reader.finish()
    assert [(frame.header["path"], bytes(frame.data)) for frame in frames[:60]] == [(h["path"], d) for h, d in files]
    for frame, result in zip(frames, results[:60], strict=False):
        assert {key: frame.header[key] for key in ("sha256", "modified", "etag")} == {
            key: result["entry"][key] for key in ("sha256", "modified", "etag")
        }
    assert [frame.header["error"]["code"] for frame in frames[60:]] == ["not_found", "is_a_folder"]
    assert (await ask("POST", "/api/v1/batch/read", json_body={"paths": []})).body == b""


@pytest.mark.parametrize(
    "body",
    [
        b"\0",
        framed(({"path": "/a"}, b"x"))[:-1],
        framed(({"path": "/a"}, b"x")) + b"\0\0",
        framed(({"path": "/a", "size": True}, b"")),
        framed(({"path": "/a", "unknown": 1}, b"x")),
        framed(({"path": "/a", "modified": "yesterday"}, b"x")),
        framed(({"path": "/a", "conflict": "resume"}, b"x")),
        framed(({}, b"x")),
    ],
)
async def test_a_malformed_batch_stores_nothing(ask: Any, body: bytes) -> None:
    answer = await ask("POST", "/api/v1/batch", body=framed(({"path": "/good"}, b"x")) + body, headers=BATCH)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert (await ask("GET", "/api/v1/folders/")).json["entries"] == []


async def test_limits_and_forms(ask: Any) -> None:
    name = await naming(ask)
    block = f"/api/v1/blocks/{name(SMALL)}"
    entry = {"path": "/a", "size": 5, "blocks": [[name(SMALL), 5]]}
    cases: list[tuple[str, str, str, dict[str, Any]]] = [
        ("invalid_request", "PUT", block, {"body": [SMALL], "length": False}),
        ("too_large", "PUT", block, {"headers": {"content-length": str(BLOCK_SIZE_MAX + 1)}}),
        ("invalid_request", "PUT", block, {"body": SMALL, "headers": {"upload-hint": "x; index=0; count=1"}}),
        ("invalid_request", "PUT", block, {"body": SMALL, "headers": {"upload-hint": f"{'a' * 32}; index=1; count=1"}}),
        ("invalid_request", "PUT", block, {"body": SMALL, "headers": {"content-encoding": "br"}}),
        ("interrupted", "PUT", block, {"body": [SMALL, SMALL], "vanish": True}),
        ("not_found", "PUT", block.upper().replace("/API/V1/BLOCKS", "/api/v1/blocks"), {"body": SMALL}),
        ("not_found", "PUT", block + "0", {"body": SMALL}),
        ("not_found", "GET", "/api/v1/blocks", {}),
        ("not_found", "GET", "/api/v1/batch/", {}),
        ("not_found", "GET", "/api/v1/transfer/", {}),
        ("invalid_request", "GET", block, {}),
        ("invalid_request", "DELETE", "/api/v1/commits", {}),
        ("invalid_request", "POST", "/api/v1/manifests/a", {}),
        ("invalid_request", "POST", "/api/v1/batch", {"body": b"\0"}),
        ("too_large", "POST", "/api/v1/batch", {"headers": {**BATCH, "content-length": str(8 * MIB + 1)}}),
        ("too_large", "POST", "/api/v1/commits", {"headers": {"content-length": str(4 * MIB + 1)}}),
        ("invalid_request", "POST", "/api/v1/commits", {"body": b"["}),
        ("invalid_request", "POST", "/api/v1/commits", {"body": b"[" * 100_000}),
        ("invalid_request", "POST", "/api/v1/commits", {"json_body": {"files": [{**entry, "size": -1}]}}),
        ("invalid_request", "POST", "/api/v1/commits", {"json_body": {"files": [{**entry, "size": "5"}]}}),
        ("invalid_request", "POST", "/api/v1/commits", {"json_body": {"files": [{**entry, "hint": "x"}]}}),
        ("invalid_request", "POST", "/api/v1/commits", {"json_body": {"files": [{**entry, "blocks": [["0", 5]]}]}}),
        ("invalid_request", "POST", "/api/v1/commits", {"json_body": {"files": [{**entry, "more": 1}]}}),
        ("invalid_request", "POST", "/api/v1/commits", {"json_body": {"files": [entry] * 1001}}),
        ("invalid_request", "POST", "/api/v1/blocks/missing", {"json_body": {"ids": ["A" * 64]}}),
        ("invalid_request", "POST", "/api/v1/blocks/missing", {"json_body": {"ids": ["a" * 64 + "\n"]}}),
        ("invalid_request", "POST", "/api/v1/blocks/missing", {"json_body": {"ids": ["a" * 64] * 10_001}}),
        ("invalid_request", "POST", "/api/v1/batch/read", {"json_body": {"paths": ["/a"] * 1001}}),
    ]
    for wanted, method, target, options in cases:
        answer = await ask(method, target, **options)
        assert answer.code == wanted, (method, target, options.keys(), answer.body)
    assert (await ask("GET", block)).status == 405
    assert (await ask("POST", "/api/v1/blocks/missing", json_body={"ids": [name(SMALL)]})).json["missing"]


async def test_nobody_uses_blocks_without_signing_in(ask: Any) -> None:
    for method, target in (
        ("GET", "/api/v1/transfer"),
        ("POST", "/api/v1/blocks/missing"),
        ("PUT", f"/api/v1/blocks/{'0' * 64}"),
        ("POST", "/api/v1/commits"),
        ("POST", "/api/v1/batch/read"),
        ("GET", "/api/v1/manifests/a"),
    ):
        answer = await ask(method, target, token=None, headers={"content-length": "5"})
        assert (answer.status, answer.code) == (401, "sign_in_required"), target


async def test_a_server_without_blocks_says_so(ask: Any, real_app: HttpApp, call: Any) -> None:
    services = replace(real_app._context.services, blocks=None)
    app = build_app(services)
    app.gate.open()
    for method, target in (("GET", "/api/v1/transfer"), ("POST", "/api/v1/commits"), ("POST", "/api/v1/batch/read")):
        answer = await type(call)(app)(method, target, headers={"content-length": "2"})
        assert answer.code == "not_found"
    app.close()


async def test_room_is_given_back_however_a_request_ends(ask: Any, real_app: HttpApp) -> None:
    budget = real_app._blocks._budget
    free = budget.free
    name = await naming(ask)
    await ask("PUT", f"/api/v1/blocks/{name(SMALL)}", body=SMALL)
    await ask("PUT", f"/api/v1/blocks/{name(SMALL)}", body=LARGE)
    await ask("PUT", f"/api/v1/blocks/{name(SMALL)}", body=[SMALL, LARGE], vanish=True)
    await ask("POST", "/api/v1/commits", body=b"nonsense")
    await ask("POST", "/api/v1/batch", body=framed(({"path": "/a"}, LARGE)), headers=BATCH)
    assert budget.free == free
    assert json.loads((await ask("GET", "/api/v1/entries/a")).body)["size"] == len(LARGE)
