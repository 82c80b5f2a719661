"""Resumable uploads by clients that nobody here wrote: tuspy, and tus-js-client under Node."""

import hashlib
import io
import json
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.proofs import Caller, started
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

MODULES = Path(__file__).parents[2] / ".cache" / "node" / "node_modules"
SCRIPT = Path(__file__).parent / "tus-js" / "upload.mjs"
MIB = 1 << 20
DATA = random.Random(3).randbytes(9 * MIB + 5)  # noqa: S311 - data, not a secret
DIGEST = hashlib.sha256(DATA).hexdigest()

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    server = started(tmp_path_factory.mktemp("server"))
    yield Caller(server)
    server.kill()


@pytest.fixture
def tuspy(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> TusClient:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(caller.server.cafile))
    return TusClient(f"{caller.server.url}/api/v1/uploads", headers=caller.headers())


@pytest.mark.parametrize("chunk", [MIB, 2**62])
def test_tuspy_uploads_in_pieces_with_checksums(caller: Caller, tuspy: TusClient, chunk: int) -> None:
    name = f"tuspy {chunk}.bin"
    uploader = tuspy.uploader(
        file_stream=io.BytesIO(DATA), chunk_size=chunk, metadata={"filename": name}, upload_checksum=True
    )
    uploader.upload()
    assert uploader.offset == len(DATA)
    assert caller.digest(name) == DIGEST


def test_tuspy_resumes_after_the_server_was_killed(caller: Caller, tuspy: TusClient) -> None:
    first = tuspy.uploader(file_stream=io.BytesIO(DATA), chunk_size=MIB, metadata={"filename": "resumed.bin"})
    first.upload(stop_at=4 * MIB)
    caller.server.kill()
    with pytest.raises(TusCommunicationError):
        first.upload()
    caller.server.start()
    second = tuspy.uploader(file_stream=io.BytesIO(DATA), url=first.url, chunk_size=MIB)
    assert second.offset == 4 * MIB
    second.upload()
    assert caller.digest("resumed.bin") == DIGEST


def tus_js(caller: Caller, file: Path, mode: str) -> list[tuple[str, int, int | None]]:
    """Method, status and Upload-Offset of each of its requests."""
    assert (MODULES / "tus-js-client").is_dir(), "./test.sh installs it"
    file.write_bytes(DATA)
    env = {**os.environ, "TOKEN": caller.token, "NODE_EXTRA_CA_CERTS": str(caller.server.cafile)}
    command = ["node", str(SCRIPT), str(MODULES), f"{caller.server.url}/api/v1/uploads", str(file), mode]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert caller.digest(f"{mode} گزارش.bin") == DIGEST
    return [(method, status, offset) for method, status, offset in json.loads(done.stdout)]


def test_tus_js_client_uploads_in_one_piece(caller: Caller, tmp_path: Path) -> None:
    assert tus_js(caller, tmp_path / "file", "whole") == [("POST", 201, None), ("PATCH", 204, 0)]


def test_tus_js_client_uploads_in_parallel_parts(caller: Caller, tmp_path: Path) -> None:
    requests = tus_js(caller, tmp_path / "file", "parallel")
    assert sorted(requests[:-1]) == [("PATCH", 204, 0)] * 4 + [("POST", 201, None)] * 4
    assert requests[-1] == ("POST", 201, None), "the parts are joined last"


def test_tus_js_client_resumes_after_an_abort(caller: Caller, tmp_path: Path) -> None:
    requests = tus_js(caller, tmp_path / "file", "resume")
    at = requests.index(("abort", 0, None))
    sent = [offset for method, status, offset in requests[:at] if (method, status) == ("PATCH", 204)]
    after = requests[at + 1 :]
    assert after[0][:2] == ("HEAD", 200), after
    assert after[-1][:2] == ("PATCH", 204)
    assert len(sent) >= 3
    assert (after[-1][2] or 0) >= max(offset or 0 for offset in sent) + MIB, "it went on where it was"
