import hashlib
import json

from secure_file_transfer.model import TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.fake_server import FakeServer

from .conftest import SFT, Run, on_terminal

MOMENT = TimeUs(1_795_253_400_123_456)  # 2026-11-21T09:30:00.123456Z


def fill(server: FakeServer) -> None:
    for path, content in [
        ("/docs", None),
        ("/docs/deep", None),
        ("/docs/deep/سلام دنیا.txt", b"12345"),
        ("/docs/a.txt", b"x"),
        ("/big.bin", b"y" * 2048),
        ("/small.bin", b"z"),
    ]:
        server.tree.items[RemotePath.parse(path)] = server.tree.item(content, MOMENT)


def test_a_pipe_gets_one_name_per_line_folders_first(sft: Run, signed_in: FakeServer) -> None:
    fill(signed_in)
    assert sft("ls").out == "docs/\nbig.bin\nsmall.bin\n"
    assert sft("ls", "/docs").out == "deep/\na.txt\n"
    assert sft("ls", "docs/").out == "deep/\na.txt\n"


def test_long_in_a_pipe_is_exact_and_easy_to_cut(sft: Run, signed_in: FakeServer) -> None:
    fill(signed_in)
    assert sft("ls", "-l").out.splitlines()[1] == "2048\t2026-11-21T09:30:00.123456Z\tbig.bin"


def test_order_and_its_reverse(sft: Run, signed_in: FakeServer) -> None:
    fill(signed_in)
    assert sft("ls", "--sort", "size").out.splitlines()[1:] == ["small.bin", "big.bin"]
    assert sft("ls", "-s", "size", "--reverse").out.splitlines()[1:] == ["big.bin", "small.bin"]


def test_recursive_gives_full_paths_of_everything(sft: Run, signed_in: FakeServer) -> None:
    fill(signed_in)
    assert sft("ls", "-R").out.splitlines() == [
        "/docs/", "/big.bin", "/small.bin", "/docs/deep/", "/docs/a.txt", "/docs/deep/سلام دنیا.txt",
    ]  # fmt: skip


def test_a_file_lists_itself(sft: Run, signed_in: FakeServer) -> None:
    fill(signed_in)
    assert sft("ls", "/docs/a.txt").out == "a.txt\n"


def test_json_has_the_members_of_the_protocol(sft: Run, signed_in: FakeServer) -> None:
    fill(signed_in)
    listed = json.loads(sft("ls", "-R", "--json").out)
    assert len(listed) == 6
    assert listed[1] == {
        "path": "/big.bin",
        "name": "big.bin",
        "kind": "file",
        "size": 2048,
        "modified": "2026-11-21T09:30:00.123456Z",
        "created": listed[1]["created"],
        "sha256": hashlib.sha256(b"y" * 2048).hexdigest(),
        "etag": listed[1]["etag"],
    }
    assert json.loads(sft("ls", "--json", "/docs/deep").out)[0]["name"] == "سلام دنیا.txt"


def test_an_empty_folder_is_an_empty_list(sft: Run, signed_in: FakeServer) -> None:
    assert json.loads(sft("ls", "--json").out) == []
    assert sft("ls").out == ""


def test_a_terminal_gets_columns_colours_and_local_time(signed_in: FakeServer) -> None:
    fill(signed_in)
    assert on_terminal([*SFT, "ls"]).out == "\x1b[1;34mdocs/\x1b[0m  big.bin  small.bin\n"
    shown = on_terminal([*SFT, "ls", "-l"], env={"NO_COLOR": "1", "TZ": "Asia/Tehran"}).out.splitlines()
    assert shown == [
        "      -  2026-11-21 13:00  docs/",
        "2.0 KiB  2026-11-21 13:00  big.bin",
        "    1 B  2026-11-21 13:00  small.bin",
        "1 folder, 2 files, 2.0 KiB",
    ]
    assert on_terminal([*SFT, "ls", "-lq"], env={"NO_COLOR": "1"}).out.splitlines()[-1].endswith("small.bin")


def test_columns_use_the_width_there_is(signed_in: FakeServer) -> None:
    for number in range(30):
        path = RemotePath.parse(f"/file-{number:02}")
        signed_in.tree.items[path] = signed_in.tree.item(b"", MOMENT)
    lines = on_terminal([*SFT, "ls"], size=(40, 24)).out.splitlines()
    assert len(lines) == 8
    assert lines[0].split() == ["file-00", "file-08", "file-16", "file-24"]
    assert max(map(len, lines)) <= 40
    assert len(on_terminal([*SFT, "ls"], size=(9, 24)).out.splitlines()) >= 15


def test_stat_tells_all(sft: Run, signed_in: FakeServer) -> None:
    fill(signed_in)
    shown = dict(line.split(maxsplit=1) for line in sft("stat", "/big.bin").out.splitlines())
    assert shown["path"] == "/big.bin"
    assert shown["size"] == "2.0 KiB (2,048 bytes)"
    assert len(shown["sha256"]) == 64
    assert "sha256" not in sft("stat", "/docs").out
    assert json.loads(sft("stat", "--json", "/big.bin").out)["size"] == 2048
    assert [entry["name"] for entry in json.loads(sft("stat", "--json", "/big.bin", "/docs").out)] == [
        "big.bin",
        "docs",
    ]


def test_df(sft: Run, signed_in: FakeServer) -> None:
    fill(signed_in)
    assert sft("df").out.splitlines() == ["used  2.0 KiB  in 4 files", "free  1.0 TiB"]
    assert json.loads(sft("df", "--json").out) == {
        "bytes": 2055,
        "files": 4,
        "free": 1 << 40,
        "quota": None,
        "quota_files": None,
    }


def test_what_is_not_there_exits_3(sft: Run, signed_in: FakeServer) -> None:
    for command in ("ls", "stat", "cat"):
        ran = sft(command, "/nope")
        assert (ran.code, ran.out) == (3, "")
        assert ran.err.startswith("sft: '/nope' is not there\n     ")


def test_a_forbidden_path_never_reaches_the_server(sft: Run, signed_in: FakeServer) -> None:
    ran = sft("ls", "/a/../b")
    assert ran.code == 65
    assert "'.' and '..' are not names" in ran.err
    assert not signed_in.requests


def test_a_typed_name_in_another_unicode_form_is_found(sft: Run, signed_in: FakeServer) -> None:
    signed_in.tree.items[RemotePath.parse("/café")] = signed_in.tree.item(b"", MOMENT)
    assert sft("stat", "/cafe\u0301").code == 0


def test_find_prints_whole_paths_step_after_step(sft: Run, signed_in: FakeServer) -> None:
    fill(signed_in)
    assert sft("find", "a").out.splitlines() == ["/docs/a.txt", "/small.bin"]
    assert sft("find", ".txt", "/docs/deep").out == "/docs/deep/سلام دنیا.txt\n"
    assert json.loads(sft("find", "--json", "big").out)[0]["path"] == "/big.bin"
    assert sft("find", "x", "--kind", "shoe").code == 2
    assert sft("find", "x", "--larger", "much").code == 2
    assert sft("find", "x", "--newer", "soon").code == 2
