"""The door before the real services, on a catalog and blobs in a temporary directory."""

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.config import load
from secure_file_transfer.doors.http.app import HttpApp, HttpServices, build_app
from secure_file_transfer.model import MIB
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files

PASSWORD = "four plain words together"
NAMES = ["a b.txt", "گزارش.pdf", "🎉.bin", "a:b'c#d%e.gz", "100%25", "empty"]


@pytest.fixture
def real(tmp_path: Path) -> Iterator[House]:
    house = House(load(data_dir=tmp_path / "data", block_size=MIB))
    yield house
    house.close()


@pytest.fixture
def real_app(real: House) -> Iterator[HttpApp]:
    services = HttpServices(
        files=Files(Access(real.vaults.tree), real.sessions.check),
        sessions=real.sessions,
        setup=real.setup,
        ca_pem=b"",
        anonymous=False,
        block_size=MIB,
        version="1",
    )
    app = build_app(services)
    app.gate.open()
    yield app
    app.close()


@pytest.fixture
async def ask(real: House, real_app: HttpApp, call: Any) -> Callable[..., Any]:
    """Calls as the administrator that was set up."""
    caller = type(call)(real_app)
    body = {"code": real.setup.begin(), "name": "ada", "password": PASSWORD}
    made = await caller("POST", "/api/v1/setup", json_body=body, token=None)
    assert made.status == 201, made.body
    token = made.json["token"]

    async def ask_(*arguments: Any, **options: Any) -> Any:
        return await caller(*arguments, **{"token": token, **options})

    return ask_


async def test_files_of_all_names_and_sizes_come_back(ask: Any) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - data, not a secret
    print("seed", seed)
    source = random.Random(seed)  # noqa: S311
    files = {
        name: source.randbytes(size) for name, size in zip(NAMES, [1, 40_000, MIB, 3 * MIB + 5, 100, 0], strict=True)
    }
    for name, data in files.items():
        target = "/api/v1/files" + RemotePath(("d", name)).to_url()
        pieces = [data[at : at + 100_000] for at in range(0, len(data), 100_000)] or [b""]
        stored = await ask("PUT", f"{target}?parents=true", body=[*pieces, b""])
        assert stored.status == 201
        assert stored.json["entry"]["sha256"] == hashlib.sha256(data).hexdigest()
        assert (await ask("GET", target)).body == data
    listed = await ask("GET", "/api/v1/folders/d?sort=size&order=desc&limit=4")
    rest = await ask("GET", f"/api/v1/folders/d?sort=size&order=desc&limit=4&cursor={listed.json['cursor']}")
    found = [*listed.json["entries"], *rest.json["entries"]]
    assert [entry["size"] for entry in found] == sorted(map(len, files.values()), reverse=True)
    assert rest.json["cursor"] is None
    archive = await ask("GET", "/api/v1/zip?path=/d")
    with zipfile.ZipFile(io.BytesIO(archive.body)) as unpacked:
        assert unpacked.testzip() is None
        assert {Path(name).name: unpacked.read(name) for name in unpacked.namelist() if not name.endswith("/")} == files


async def test_conditions_conflicts_and_folders(ask: Any) -> None:
    first = await ask("PUT", "/api/v1/files/a", body=b"one", headers={"if-none-match": "*"})
    assert first.status == 201
    assert (
        await ask("PUT", "/api/v1/files/a", body=b"two", headers={"if-none-match": "*"})
    ).code == "precondition_failed"
    etag = {"if-match": first.headers["etag"]}
    assert (await ask("PUT", "/api/v1/files/a", body=b"two", headers=etag)).json["outcome"] == "replaced"
    assert (await ask("PUT", "/api/v1/files/a", body=b"three", headers=etag)).code == "precondition_failed"
    renamed = await ask("PUT", "/api/v1/files/a?conflict=rename", body=b"three")
    assert (renamed.status, renamed.headers["location"]) == (201, "/api/v1/files/a%20%281%29")
    assert (await ask("PUT", "/api/v1/files/a?conflict=skip", body=b"four")).json["outcome"] == "skipped"
    wrong = {"content-digest": "sha-256=:" + "A" * 43 + "=:"}
    assert (await ask("PUT", "/api/v1/files/a", body=b"five", headers=wrong)).code == "digest_mismatch"
    assert (await ask("GET", "/api/v1/files/a")).body == b"two"
    assert (await ask("PUT", "/api/v1/folders/f/g?parents=true")).status == 201
    assert (await ask("PUT", "/api/v1/folders/f/g?parents=true")).status == 200
    assert (await ask("PUT", "/api/v1/folders/f/g")).code == "exists"
    assert (await ask("PUT", "/api/v1/files/f", body=b"x")).code == "is_a_folder"
    assert (await ask("PUT", "/api/v1/files/missing/x", body=b"x")).code == "not_found"
    moved = await ask("POST", "/api/v1/move", json_body={"source": "/a", "target": "/f/g/b"})
    assert moved.json["path"] == "/f/g/b"
    assert (await ask("POST", "/api/v1/move", json_body={"source": "/f", "target": "/f/g/h"})).code == "conflict"
    assert (await ask("POST", "/api/v1/copy", json_body={"source": "/f", "target": "/k"})).status == 201
    assert (await ask("GET", "/api/v1/files/k/g/b")).body == b"two"
    assert (await ask("DELETE", "/api/v1/entries/f")).code == "not_empty"
    assert (await ask("DELETE", "/api/v1/entries/f?recursive=true")).status == 204
    assert (await ask("GET", "/api/v1/entries/f")).code == "not_found"
    assert (await ask("GET", "/api/v1/usage")).json["files"] >= 1


async def test_attack_3_nul_in_a_user_name_is_the_same_failure(ask: Any) -> None:
    for name in ("ada\0", "", "nobody", "ada"):
        answer = await ask("POST", "/api/v1/sessions", json_body={"name": name, "password": "wrong"}, token=None)
        assert answer.code == "sign_in_failed"


async def test_attack_29_signing_out_ends_an_upload_that_runs(
    ask: Any, real: House, real_app: HttpApp, call: Any
) -> None:
    signed = await ask("POST", "/api/v1/sessions", json_body={"name": "ada", "password": PASSWORD}, token=None)
    token = signed.json["token"]
    assert (await ask("GET", "/api/v1/usage", token=token)).status == 200
    account = real.accounts.get("ada").id

    def sign_out_halfway(left: int) -> None:
        if left == 5:
            real.sessions.end_all(account)

    caller = type(call)(real_app)
    answer = await caller("PUT", "/api/v1/files/x", body=[bytes(MIB)] * 8, token=token, before_piece=sign_out_halfway)
    assert (answer.status, answer.code) == (401, "sign_in_required")


async def test_damage_on_the_disk_is_never_delivered(ask: Any, tmp_path: Path) -> None:
    data = bytes(range(256)) * 12_288  # three blocks
    assert (await ask("PUT", "/api/v1/files/a", body=data)).status == 201
    blobs = [file for file in (tmp_path / "data").rglob("*") if file.is_file() and file.stat().st_size > 900_000]
    blobs = [file for file in blobs if file.suffix not in {".db", ".sqlite", "-wal"} and "blob" in str(file)]
    assert blobs
    for blob in blobs:
        content = bytearray(blob.read_bytes())
        content[len(content) // 2] ^= 1
        blob.chmod(0o600)
        blob.write_bytes(content)
    answer = await ask("GET", "/api/v1/files/a")
    assert (answer.status, answer.code) == (500, "block_damaged")
    assert json.loads(answer.body)["retryable"] is False
