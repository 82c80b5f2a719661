import json

import pytest

from secure_file_transfer.errors import StorageError
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.fake_server import FakeServer

from .conftest import SFT, Run, on_terminal


@pytest.fixture
def filled(signed_in: FakeServer) -> FakeServer:
    for path, content in [("/docs", None), ("/docs/a.txt", b"a"), ("/b.txt", b"b"), ("/c.txt", b"c")]:
        signed_in.tree.items[RemotePath.parse(path)] = signed_in.tree.item(content)
    return signed_in


def there(server: FakeServer) -> set[str]:
    return {str(path) for path in server.tree.items if not path.is_root}


def test_mkdir_makes_folders(sft: Run, filled: FakeServer) -> None:
    assert sft("mkdir", "/x", "y").code == 0
    assert {"/x", "/y"} <= there(filled)
    assert json.loads(sft("mkdir", "--json", "/z").out)[0]["path"] == "/z"


def test_mkdir_without_its_parent_says_how(sft: Run, filled: FakeServer) -> None:
    ran = sft("mkdir", "/p/q")
    assert (ran.code, "Add -p" in ran.err) == (3, True)
    assert sft("mkdir", "-p", "/p/q").code == 0
    assert sft("mkdir", "-p", "/p/q").code == 0
    assert "/p/q" in there(filled)


def test_mv_renames_and_moves_into_folders(sft: Run, filled: FakeServer) -> None:
    assert sft("mv", "/b.txt", "/new.txt").code == 0
    assert sft("mv", "/new.txt", "/docs").code == 0
    assert sft("mv", "/c.txt", "/docs/").code == 0
    assert there(filled) == {"/docs", "/docs/a.txt", "/docs/new.txt", "/docs/c.txt"}


def test_mv_of_several_things_needs_a_folder(sft: Run, filled: FakeServer) -> None:
    ran = sft("mv", "/b.txt", "/c.txt", "/nowhere")
    assert (ran.code, "sft mkdir /nowhere" in ran.err) == (4, True)
    assert sft("mv", "/b.txt", "/c.txt", "/docs").code == 0
    assert {"/docs/b.txt", "/docs/c.txt"} <= there(filled)


def test_a_taken_name_is_an_error_unless_told_otherwise(sft: Run, filled: FakeServer) -> None:
    ran = sft("cp", "/b.txt", "/c.txt")
    assert (ran.code, "--conflict" in ran.err) == (4, True)
    ran = sft("cp", "--conflict", "skip", "/b.txt", "/c.txt")
    assert (ran.code, ran.err) == (0, "skipped '/b.txt': '/c.txt' is there\n")
    assert filled.tree.items[RemotePath.parse("/c.txt")].content == b"c"
    ran = sft("cp", "--conflict", "rename", "--json", "/b.txt", "/c.txt")
    assert json.loads(ran.out)[0]["path"] == "/c (1).txt"
    assert ran.err == "'/b.txt' is now '/c (1).txt'\n"
    assert sft("cp", "--conflict", "overwrite", "/b.txt", "/c.txt").code == 0
    assert filled.tree.items[RemotePath.parse("/c.txt")].content == b"b"


def test_cp_copies_folders_with_or_without_the_habit(sft: Run, filled: FakeServer) -> None:
    assert sft("cp", "/docs", "/copy").code == 0
    assert sft("cp", "-r", "/docs", "/copy").code == 0
    assert {"/copy/a.txt", "/copy/docs/a.txt", "/docs/a.txt"} <= there(filled)


def test_rm_removes_and_guards_folders(sft: Run, filled: FakeServer) -> None:
    assert sft("rm", "/b.txt", "/c.txt").code == 0
    ran = sft("rm", "/docs")
    assert (ran.code, ran.err) == (4, "sft: '/docs' is not empty\n     Add -r to remove it with all that is in it.\n")
    assert sft("rm", "-r", "/docs").code == 0
    assert there(filled) == set()


def test_some_of_several_failing_is_1_and_the_others_are_done(sft: Run, filled: FakeServer) -> None:
    ran = sft("rm", "/nope", "/b.txt")
    assert (ran.code, ran.err.count("sft: ")) == (1, 1)
    assert "/b.txt" not in there(filled)


def test_what_concerns_everything_stops_at_once_with_its_own_code(sft: Run, filled: FakeServer) -> None:
    filled.faults["DELETE"] = [StorageError("the disk is gone")]
    assert sft("rm", "/b.txt", "/c.txt").code == 74
    assert {"/b.txt", "/c.txt"} <= there(filled)


def test_force_minds_nothing_that_is_missing(sft: Run, filled: FakeServer) -> None:
    assert sft("rm", "-f").code == 0
    assert sft("rm", "-f", "/nope").code == 0


@pytest.mark.parametrize(("answer", "code", "gone"), [("y\n", 0, True), ("\n", 1, False), ("no\n", 1, False)])
def test_removing_a_tree_asks_on_a_terminal(filled: FakeServer, answer: str, code: int, gone: bool) -> None:
    ran = on_terminal([*SFT, "rm", "-r", "/docs"], [("Remove '/docs' and all that is in it? [y/N]", answer)])
    assert ran.code == code
    assert ("/docs" not in there(filled)) == gone


def test_ctrl_c_at_the_question_ends_at_once(filled: FakeServer) -> None:
    ran = on_terminal([*SFT, "rm", "-r", "/docs"], [("[y/N]", "\x03")])
    assert ran.code == 130
    assert "/docs/a.txt" in there(filled)


@pytest.mark.parametrize("option", ["--yes", "-y", "-f"])
def test_yes_and_force_ask_nothing(filled: FakeServer, option: str) -> None:
    ran = on_terminal([*SFT, "rm", "-r", option, "/docs"])
    assert (ran.code, ran.out) == (0, "")
    assert "/docs" not in there(filled)
