"""What a person with curl sees."""

import base64
import hashlib
import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.model import MIB
from secure_file_transfer.paths import RemotePath

pytestmark = pytest.mark.peer
Curl = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def big(tmp_path: Path) -> Path:
    seed = random.randrange(2**32)  # noqa: S311 - data, not a secret
    print("seed", seed)
    file = tmp_path / "big file.bin"
    file.write_bytes(random.Random(seed).randbytes(5 * MIB + 123))  # noqa: S311 - data, not a secret
    return file


def url(listener: Any, path: str) -> str:
    return f"https://localhost:{listener.port}/api/v1/files/{path}"


def test_up_down_and_resumed(serve: Callable[..., Any], curl: Curl, house: Any, big: Path, tmp_path: Path) -> None:
    listener = serve()
    sent = curl("-f", "-T", big, url(listener, ""))
    assert sent.returncode == 0
    assert json.loads(sent.stdout)["entry"]["sha256"] == hashlib.sha256(big.read_bytes()).hexdigest()
    target = url(listener, "big%20file.bin")
    copy = tmp_path / "copy"
    assert curl("-f", "-o", copy, target).returncode == 0
    assert copy.read_bytes() == big.read_bytes()
    part = tmp_path / "part"
    part.write_bytes(big.read_bytes()[: 2 * MIB + 5])
    assert curl("-f", "-C", "-", "-o", part, target).returncode == 0
    assert part.read_bytes() == big.read_bytes()
    assert curl("-f", "-r", "100-199", target).stdout == big.read_bytes()[100:200]
    assert curl("-f", "-r", "-5", target).stdout == big.read_bytes()[-5:]
    head = curl("-f", "--head", target).stdout.decode().lower()
    assert f"content-length: {big.stat().st_size}\r\n" in head
    named = tmp_path / "named"
    named.mkdir()
    assert curl("-f", "-O", "-J", "--output-dir", named, target).returncode == 0
    assert [file.name for file in named.iterdir()] == ["big file.bin"]


def test_from_standard_input(serve: Callable[..., Any], curl: Curl, house: Any, big: Path) -> None:
    # Without a length curl sends chunks.
    answer = curl("-f", "-T", big, "-H", "Transfer-Encoding: chunked", url(serve(), "x"))
    assert answer.returncode == 0
    assert house.tree[RemotePath(("x",))][1] == big.read_bytes()


def test_an_upload_cannot_be_resumed_by_put(serve: Callable[..., Any], curl: Curl, house: Any, big: Path) -> None:
    answer = curl("-C", "1000", "-T", big, "-w", "%{http_code}", url(serve(), "x"))
    assert answer.stdout.endswith(b"400")
    assert house.calls == []


@pytest.mark.parametrize("expect", ["Expect: 100-continue", "Expect:"])
def test_refusals_reach_curl_before_or_during_the_body(
    serve: Callable[..., Any], curl: Curl, house: Any, big: Path, expect: str
) -> None:
    wrong = base64.b64encode(bytes(32)).decode()
    target = url(serve(), "x")
    mismatch = curl("-T", big, "-H", expect, "-H", f"Content-Digest: sha-256=:{wrong}:", "-w", "%{http_code}", target)
    assert mismatch.stdout.endswith(b"422")
    assert b"digest_mismatch" in mismatch.stdout
    refused = curl(
        "-T", big, "-H", expect, "-H", "Authorization: Bearer x", "-w", "%{http_code} %{size_upload}", target
    )
    status, uploaded = refused.stdout.rpartition(b"}")[2].split()
    assert status == b"401"
    if expect != "Expect:":
        assert uploaded == b"0"
    assert house.drafts == 0
    assert RemotePath(("x",)) not in house.tree


def test_a_killed_upload_leaves_nothing(serve: Callable[..., Any], curl: Curl, house: Any, big: Path) -> None:
    answer = curl("-T", big, "--limit-rate", "500k", "--max-time", "1", url(serve(), "x"))
    assert answer.returncode == 28
    assert house.settled.wait(10)
    assert (house.drafts, house.aborted) == (0, 1)
    assert RemotePath(("x",)) not in house.tree


def test_damage_in_the_middle_is_seen_by_curl(serve: Callable[..., Any], curl: Curl, house: Any, big: Path) -> None:
    house.put("/x", big.read_bytes())
    house.damaged_at = 3
    answer = curl("-o", "/dev/null", url(serve(), "x"))
    assert answer.returncode == 18  # a part of the file
    assert house.open_contents == 0 or house.settled


def test_old_tls_is_refused(serve: Callable[..., Any], curl: Curl) -> None:
    answer = curl("--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", f"https://localhost:{serve().port}/healthz")
    assert answer.returncode == 35
