import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from secure_file_transfer.client import Profile, Profiles
from secure_file_transfer.errors import BlockDamagedError
from secure_file_transfer.model import TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.fake_server import FakeServer

from .conftest import SFT, Run, process

MOMENT = TimeUs(1_700_000_000_000_000)


@pytest.fixture
def filled(signed_in: FakeServer) -> FakeServer:
    for path, content in [
        ("/docs", None),
        ("/docs/deep", None),
        ("/docs/deep/سلام.txt", b"odd"),
        ("/docs/zero", b""),
        ("/a.txt", b"aaa"),
        ("/b.txt", b"bb"),
    ]:
        signed_in.tree.items[RemotePath.parse(path)] = signed_in.tree.item(content, MOMENT)
    return signed_in


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        (["/a.txt"], "a.txt"),
        (["a.txt"], "a.txt"),
        (["/a.txt", "new.txt"], "new.txt"),
        (["/a.txt", "dir"], "dir/a.txt"),
        (["/a.txt", "dir/"], "dir/a.txt"),
        (["-r", "/a.txt", "new.txt"], "new.txt"),
    ],
)
def test_where_one_file_goes(
    sft: Run, filled: FakeServer, clean_environment: Path, arguments: list[str], target: str
) -> None:
    (clean_environment / "dir").mkdir()
    ran = sft("get", *arguments)
    assert ran.code == 0, ran.err
    assert (clean_environment / target).read_bytes() == b"aaa"
    assert (clean_environment / target).stat().st_mtime == 1_700_000_000
    assert ran.out == ""
    assert ran.err.startswith("1 file, 3 B in ")


def test_several_files_need_a_folder_or_a_slash(sft: Run, filled: FakeServer, clean_environment: Path) -> None:
    ran = sft("get", "/a.txt", "/b.txt", "dir")
    assert (ran.code, "end it with a slash" in ran.err) == (4, True)
    assert not (clean_environment / "dir").exists()
    assert sft("get", "/a.txt", "/b.txt", "dir/").code == 0
    assert (clean_environment / "dir" / "b.txt").read_bytes() == b"bb"


@pytest.mark.parametrize(
    ("arguments", "top"),
    [
        (["/docs"], "docs"),
        (["/docs", "new"], "new"),
        (["/docs", "dir"], "dir/docs"),
        (["/docs", "dir/"], "dir/docs"),
        (["/docs", "other/"], "other/docs"),
        (["/"], "docs"),
        (["/", "all"], "all/docs"),
    ],
)
def test_where_a_folder_goes(
    sft: Run, filled: FakeServer, clean_environment: Path, arguments: list[str], top: str
) -> None:
    (clean_environment / "dir").mkdir()
    ran = sft("get", "-r", *arguments)
    assert ran.code == 0, ran.err
    assert (clean_environment / top / "deep" / "سلام.txt").read_bytes() == b"odd"
    assert (clean_environment / top / "zero").read_bytes() == b""


def test_a_folder_needs_recursive(sft: Run, filled: FakeServer, clean_environment: Path) -> None:
    ran = sft("get", "/docs")
    assert (ran.code, ran.err) == (4, "sft: '/docs' is a folder\n     Add -r to fetch it with all that is in it.\n")
    assert sft("get", "/docs", "/a.txt", "dir/").code == 1
    assert (clean_environment / "dir" / "a.txt").read_bytes() == b"aaa"
    assert "-r" in sft("cat", "/docs").err


def test_what_is_missing_fails_alone(sft: Run, filled: FakeServer, clean_environment: Path) -> None:
    ran = sft("get", "--json", "/nope", "/a.txt", "dir/")
    assert ran.code == 1
    values = {value["remote"]: value for value in json.loads(ran.out)}
    assert values["/nope"]["error"]["code"] == "not_found"
    assert values["/a.txt"]["sha256"] == hashlib.sha256(b"aaa").hexdigest()
    assert sft("get", "/nope").code == 3
    assert sorted(path.name for path in clean_environment.iterdir()) == ["dir"]


@pytest.mark.parametrize(
    ("conflict", "kept", "said"),
    [
        ("overwrite", b"aaa", "1 file"),
        ("skip", b"old", "0 files, 1 skipped"),
        ("newer", b"old", "0 files, 1 skipped"),
        ("rename", b"old", "'/a.txt' is now "),
    ],
)
def test_conflicts(
    sft: Run, filled: FakeServer, clean_environment: Path, conflict: str, kept: bytes, said: str
) -> None:
    (clean_environment / "a.txt").write_bytes(b"old")
    ran = sft("get", "--conflict", conflict, "/a.txt")
    assert ran.code == 0
    assert (clean_environment / "a.txt").read_bytes() == kept
    assert said in ran.err


@pytest.mark.parametrize("arguments", [["cat", "/big"], ["get", "/big", "-"]])
def test_standard_output_gets_the_bytes_and_nothing_else(signed_in: FakeServer, arguments: list[str]) -> None:
    data = os.urandom(2_500_001)
    signed_in.tree.items[RemotePath.parse("/big")] = signed_in.tree.item(data)
    done = subprocess.run([*SFT, *arguments], capture_output=True, check=True, env=dict(os.environ))
    assert done.stdout == data
    assert done.stderr == b""


def test_cat_joins_files(filled: FakeServer) -> None:
    assert process("cat", "/a.txt", "/b.txt").out == "aaabb"


def test_damaged_data_is_an_error_and_no_file(sft: Run, filled: FakeServer, clean_environment: Path) -> None:
    filled.after["GET /api/v1/files"] = (0, BlockDamagedError("'/a.txt' is damaged on the server's disk"))
    ran = sft("get", "/a.txt")
    assert ran.code == 9
    assert not list(clean_environment.iterdir())


def test_an_impossible_place_here_is_told(sft: Run, filled: FakeServer, clean_environment: Path) -> None:
    ran = sft("get", "/a.txt", "no/such/folder/x")
    assert ran.code == 3
    assert "no/such/folder" in ran.err


def test_a_reader_that_goes_away_is_no_accident(signed_in: FakeServer) -> None:
    signed_in.tree.items[RemotePath.parse("/big")] = signed_in.tree.item(os.urandom(8_000_000))
    child = subprocess.Popen([*SFT, "cat", "/big"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout
    assert child.stderr
    assert len(child.stdout.read(1)) == 1
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait(30) == 141


def test_many_sources_fail_each_for_itself_and_in_order(sft: Run, filled: FakeServer, clean_environment: Path) -> None:
    ran = sft("get", *(f"/{number}" for number in range(5)), "/a.txt", "/docs", "into/")
    assert ran.code == 1
    told = [line for line in ran.err.splitlines() if line.startswith("sft: ")]
    assert told == [*(f"sft: '/{number}' is not there" for number in range(5)), "sft: '/docs' is a folder"]
    assert (clean_environment / "into" / "a.txt").read_bytes() == b"aaa"


def test_what_would_fail_for_all_of_them_is_told_once(sft: Run, filled: FakeServer, clean_environment: Path) -> None:
    Profiles().add(Profile(filled.url, filled.files.cafile.read_text(), "ended", "mona"))
    ran = sft("get", *(f"/{number}" for number in range(50)), "into/")
    assert ran.code == 6
    assert ran.err.count("Your session has ended") == 1
    assert len(ran.err.splitlines()) == 2
