import hashlib
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from secure_file_transfer.errors import NoSpaceError
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.fake_server import FakeServer

from .conftest import SFT, Run, on_terminal, process


def content(server: FakeServer, path: str) -> bytes | None:
    item = server.tree.items.get(RemotePath.parse(path))
    return None if item is None else item.content


@pytest.fixture
def work(clean_environment: Path) -> Path:
    (clean_environment / "a.txt").write_bytes(b"aaa")
    (clean_environment / "b.txt").write_bytes(b"bb")
    tree = clean_environment / "tree"
    (tree / "deep" / "empty").mkdir(parents=True)
    (tree / "deep" / "سلام 🌊 #%:'.txt").write_bytes(b"odd")
    (tree / "zero").write_bytes(b"")
    return clean_environment


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        (["a.txt"], "/a.txt"),
        (["a.txt", "/"], "/a.txt"),
        (["a.txt", "/new.txt"], "/new.txt"),
        (["a.txt", "new.txt"], "/new.txt"),
        (["a.txt", "/dir"], "/dir/a.txt"),
        (["a.txt", "/dir/"], "/dir/a.txt"),
        (["a.txt", "/dir/new.txt"], "/dir/new.txt"),
        (["-p", "a.txt", "/x/y/"], "/x/y/a.txt"),
        (["-p", "a.txt", "/x/y"], "/x/y"),
        (["./a.txt"], "/a.txt"),
    ],
)
def test_where_one_file_goes(sft: Run, signed_in: FakeServer, work: Path, arguments: list[str], target: str) -> None:
    signed_in.tree.make_folder(RemotePath.parse("/dir"), parents=False)
    ran = sft("put", *arguments)
    assert ran.code == 0, ran.err
    assert content(signed_in, target) == b"aaa"
    assert ran.out == ""
    assert ran.err.startswith("1 file, 3 B in ")
    assert ran.err.endswith(", SHA-256 verified\n")


def test_several_files_go_into_a_folder(sft: Run, signed_in: FakeServer, work: Path) -> None:
    ran = sft("put", "a.txt", "b.txt", "/dir")
    assert (ran.code, "sft mkdir /dir" in ran.err) == (4, True)
    assert content(signed_in, "/dir") is None
    assert sft("put", "-p", "a.txt", "b.txt", "/dir").code == 0
    assert content(signed_in, "/dir/b.txt") == b"bb"
    assert sft("put", "a.txt", "b.txt", "/").code == 0
    assert content(signed_in, "/b.txt") == b"bb"


@pytest.mark.parametrize(
    ("arguments", "top"),
    [
        (["tree"], "/tree"),
        (["tree", "/"], "/tree"),
        (["tree", "/other"], "/other"),
        (["tree", "/dir"], "/dir/tree"),
        (["tree", "/dir/"], "/dir/tree"),
        (["tree/", "/dir"], "/dir/tree"),
        (["../work/tree", "/dir"], "/dir/tree"),
    ],
)
def test_where_a_folder_goes(sft: Run, signed_in: FakeServer, work: Path, arguments: list[str], top: str) -> None:
    signed_in.tree.make_folder(RemotePath.parse("/dir"), parents=False)
    ran = sft("put", "-r", *arguments)
    assert ran.code == 0, ran.err
    assert content(signed_in, f"{top}/deep/سلام 🌊 #%:'.txt") == b"odd"
    assert content(signed_in, f"{top}/zero") == b""
    assert RemotePath.parse(f"{top}/deep/empty") in signed_in.tree.items
    assert ran.err.startswith("2 files, 3 B in ")


def test_the_current_folder_has_a_name_too(
    sft: Run, signed_in: FakeServer, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work / "tree")
    assert sft("put", "-r", ".").code == 0
    assert content(signed_in, "/tree/zero") == b""


def test_files_and_folders_together(sft: Run, signed_in: FakeServer, work: Path) -> None:
    ran = sft("put", "-r", "--json", "a.txt", "tree", "/")
    assert ran.code == 0
    values = json.loads(ran.out)
    assert sorted(value["remote"] for value in values) == ["/a.txt", "/tree/deep/سلام 🌊 #%:'.txt", "/tree/zero"]
    assert values[0] == {
        "local": "a.txt",
        "remote": "/a.txt",
        "outcome": "created",
        "size": 3,
        "sha256": hashlib.sha256(b"aaa").hexdigest(),
    }


def test_a_folder_needs_recursive(sft: Run, signed_in: FakeServer, work: Path) -> None:
    ran = sft("put", "a.txt", "tree", "/")
    assert (ran.code, "Add -r" in ran.err) == (4, True)
    assert content(signed_in, "/a.txt") is None


def test_a_forgotten_target_is_noticed_before_anything_is_sent(sft: Run, signed_in: FakeServer, work: Path) -> None:
    ran = sft("put", "a.txt", "b.txt")
    assert ran.code == 2
    assert "'b.txt' is here" in ran.err
    assert not signed_in.requests
    assert sft("put", "a.txt", "/b.txt").code == 0
    assert content(signed_in, "/b.txt") == b"aaa"


def test_what_is_missing_here_fails_alone(sft: Run, signed_in: FakeServer, work: Path) -> None:
    ran = sft("put", "a.txt", "nope", "b.txt", "/")
    assert ran.code == 1
    assert "sft: Cannot read 'nope'" in ran.err
    assert ran.err.endswith("SHA-256 verified, 1 failed\n")
    assert content(signed_in, "/b.txt") == b"bb"
    assert sft("put", "nope", "/").code == 3


def test_a_full_server_ends_with_its_own_code(sft: Run, signed_in: FakeServer, work: Path) -> None:
    for method in ("PUT", "POST"):
        signed_in.faults[method] = [NoSpaceError("the disk is full") for _ in range(9)]
    assert sft("put", "a.txt", "/").code == 11
    signed_in.faults["POST"] = [NoSpaceError("the disk is full")]  # two small files are one request
    ran = sft("put", "a.txt", "b.txt", "/")
    assert (ran.code, ran.err.count("the disk is full")) == (11, 2)


def test_many_failures_are_counted_not_poured_out(sft: Run, signed_in: FakeServer, work: Path) -> None:
    names = [f"missing-{number}" for number in range(25)]
    ran = sft("put", *names, "a.txt", "/")
    assert ran.code == 1
    assert ran.err.count("sft: Cannot read") == 10
    assert "… and 15 more failed" in ran.err


def test_links_are_told_and_not_followed(sft: Run, signed_in: FakeServer, work: Path) -> None:
    (work / "tree" / "link").symlink_to("/etc/passwd")
    ran = sft("put", "-r", "tree", "/")
    assert ran.code == 0
    assert "skipped 'tree/link': a symbolic link is not followed" in ran.err
    assert "1 skipped" in ran.err
    assert content(signed_in, "/tree/link") is None


@pytest.mark.parametrize(
    ("conflict", "kept", "said"),
    [
        ("overwrite", b"aaa", "1 file"),
        ("skip", b"old", "0 files, 1 skipped"),
        ("rename", b"old", "'a.txt' is now 'a (1).txt'"),
        ("resume", b"aaa", "1 file"),
    ],
)
def test_conflicts(sft: Run, signed_in: FakeServer, work: Path, conflict: str, kept: bytes, said: str) -> None:
    signed_in.tree.items[RemotePath.parse("/a.txt")] = signed_in.tree.item(b"old")
    ran = sft("put", "--conflict", conflict, "a.txt")
    assert ran.code == 0
    assert content(signed_in, "/a.txt") == kept
    assert said in ran.err


def test_resume_leaves_alone_what_is_the_same(sft: Run, signed_in: FakeServer, work: Path) -> None:
    assert sft("put", "-r", "a.txt", "tree", "/").code == 0
    ran = sft("put", "-r", "--conflict", "resume", "a.txt", "tree", "/")
    assert (ran.code, ran.err) == (0, "0 files, 3 skipped\n")


def test_what_was_read_back_is_said_so(sft: Run, signed_in: FakeServer, work: Path) -> None:
    for arguments in (["a.txt"], ["a.txt", "b.txt", "/"], ["-r", "tree", "/"]):
        ran = sft("put", "--read-back", "--json", *arguments)
        assert ran.code == 0, ran.err
        assert ran.err.endswith(", verified by reading back\n")
        values = json.loads(ran.out)
        assert values
        assert all(value["read_back"] is True for value in values)
    assert sft("put", "-q", "--read-back", "a.txt").err == ""


def test_standard_input_cannot_be_read_back(sft: Run, signed_in: FakeServer) -> None:
    ran = sft("put", "--read-back", "-", "/x")
    assert (ran.code, "leave out --read-back" in ran.err) == (2, True)
    assert not signed_in.requests


def test_compression_is_chosen(sft: Run, signed_in: FakeServer, work: Path) -> None:
    (work / "words").write_bytes(b"".join(b"line %d of many\n" % number for number in range(40_000)))
    assert signed_in.blocks
    for how, coding in (("zstd", "zstd"), ("gzip", "gzip"), ("none", "")):
        signed_in.blocks.coded.clear()
        signed_in.blocks.blocks.clear()
        assert sft("put", "--compress", how, "--level", "2", "words").code == 0
        assert set(signed_in.blocks.coded) == {coding}
    assert sft("put", "--compress", "lzma", "words").code == 2
    assert sft("put", "--level", "10", "words").code == 2


def test_quiet_says_nothing_but_errors(sft: Run, signed_in: FakeServer, work: Path) -> None:
    assert sft("put", "-q", "a.txt").err == ""
    assert "nope" in sft("put", "-q", "nope").err


def test_standard_input(signed_in: FakeServer) -> None:
    data = os.urandom(3_000_001)
    ran = process("put", "-", "/in.bin", stdin=data)
    assert (ran.code, ran.out) == (0, "")
    assert content(signed_in, "/in.bin") == data
    assert process("put", "-", "/empty").code == 0
    assert content(signed_in, "/empty") == b""


def test_standard_input_is_no_file_on_the_way_to_a_folder(signed_in: FakeServer) -> None:
    signed_in.tree.make_folder(RemotePath.parse("/dir"), parents=False)
    assert process("put", "-", "/dir", stdin=b"x").code == 4


def test_a_file_named_hyphen_can_be_sent(sft: Run, signed_in: FakeServer, work: Path) -> None:
    (work / "-").write_bytes(b"hyphen")
    assert sft("put", "./-").code == 0
    assert content(signed_in, "/-") == b"hyphen"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_an_upload_and_nothing_is_published(signed_in: FakeServer, number: int, code: int) -> None:
    child = subprocess.Popen(
        [*SFT, "put", "-", "/half"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdin
    child.stdin.write(os.urandom(3 << 20))
    child.stdin.flush()
    while ("PUT", "/api/v1/files/half") not in signed_in.requests:
        assert child.poll() is None
    child.send_signal(number)
    assert child.wait(10) == code
    child.stdin.close()
    assert child.stdout
    assert child.stderr
    assert child.stdout.read() == b""
    assert b"Traceback" not in child.stderr.read()
    child.stdout.close()
    child.stderr.close()
    assert content(signed_in, "/half") is None


def test_a_terminal_sees_a_summary_and_no_leftovers_of_the_bar(signed_in: FakeServer, work: Path) -> None:
    ran = on_terminal([*SFT, "put", "-r", "tree", "/"])
    assert ran.code == 0
    assert "files" in ran.out
    assert ran.out.splitlines()[-1].endswith("SHA-256 verified")
    assert "\x1b[?25h" in ran.out, "the cursor is shown again"
