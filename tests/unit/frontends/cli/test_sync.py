import json
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from secure_file_transfer.client import Synced, Watched
from secure_file_transfer.errors import ForbiddenError, NoSpaceError, UnreachableError
from secure_file_transfer.frontends.cli.progress import Display
from secure_file_transfer.frontends.cli.sync import _Job, _Rounds
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.fake_server import FakeServer

from .conftest import SFT, Run, on_terminal, process


@pytest.fixture
def work(clean_environment: Path) -> Path:
    for name, content in {"a.txt": "aaa", "sub/گزارش 🎉.txt": "bb", "sub/c.tmp": "c"}.items():
        path = clean_environment / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return clean_environment


def names(server: FakeServer) -> set[str]:
    return {str(path) for path, item in server.tree.items.items() if item.content is not None}


def test_up_down_and_nothing(sft: Run, signed_in: FakeServer, work: Path) -> None:
    ran = sft("sync", "tree", ":/t")
    assert (ran.code, ran.out) == (0, "")
    todo, end = ran.err.splitlines()
    assert todo == "To do: send 3 files (6 B); 0 unchanged"
    assert end.startswith("Sent 3 files, 6 B in ")
    assert end.endswith(", SHA-256 verified; 1 folder made, 0 unchanged")
    assert names(signed_in) == {"/t/a.txt", "/t/sub/گزارش 🎉.txt", "/t/sub/c.tmp"}
    assert sft("sync", "tree/", ":t/").err == "Nothing to do; 3 unchanged\n"
    ran = sft("sync", ":/t", "copy")
    assert ran.err.splitlines()[0] == "To do: receive 3 files (6 B); 0 unchanged"
    assert (work / "copy/sub/گزارش 🎉.txt").read_text() == "bb"
    assert sft("sync", ":/t", ":/u").err.splitlines()[1].startswith("Copied 3 files, 6 B in ")
    assert sft("sync", ":/t", ":/u", "-q").err == ""


def test_a_dry_run_tells_all_and_does_nothing(sft: Run, signed_in: FakeServer, work: Path) -> None:
    sft("sync", "tree", ":/t")
    before = names(signed_in)
    (work / "tree/sub").rename(work / "tree/moved")
    (work / "tree/a.txt").unlink()
    (work / "tree/new.txt").write_text("n" * 2048)
    ran = sft("sync", "tree", ":/t", "--delete", "--dry-run")
    assert ran.out.splitlines() == [
        "move     sub/ -> moved/  (2 files, 3 B)",
        "send     new.txt  (2.0 KiB)",
        "delete   a.txt  (3 B)",
    ]
    assert ran.err == "To do: send 1 file (2.0 KiB), move 2 files, delete 1 file; 0 unchanged (dry run)\n"
    assert names(signed_in) == before
    ran = sft("sync", "tree", ":/t", "--delete")
    assert ran.err.splitlines()[1].endswith("; 2 files moved, 1 file deleted, 0 unchanged")


def test_the_order_of_patterns_counts(sft: Run, signed_in: FakeServer, work: Path) -> None:
    assert sft("sync", "tree", ":/t", "--include=c.*", "--exclude", "*.tmp", "--exclude", "a*").code == 0
    assert names(signed_in) == {"/t/sub/گزارش 🎉.txt", "/t/sub/c.tmp"}
    sft("sync", "tree", ":/u", "--exclude", "*.tmp", "--include", "c.*")
    assert names(signed_in) >= {"/u/a.txt"}
    assert "/u/sub/c.tmp" not in names(signed_in)
    ran = sft("sync", "tree", ":/v", "--exclude", "[z-a]")
    assert (ran.code, "is no pattern" in ran.err) == (64, True)


def test_json(sft: Run, signed_in: FakeServer, work: Path) -> None:
    (work / "tree/link").symlink_to("a.txt")
    told = json.loads(sft("sync", "tree", ":/t", "--json").out)
    assert (told["dry_run"], told["complete"], told["unchanged"]) == (False, True, 0)
    assert told["steps"][0] == {
        "do": "skip",
        "path": "link",
        "outcome": "skipped",
        "reason": "a symbolic link is not followed",
    }
    assert {"do": "send", "path": "a.txt", "outcome": "done", "kind": "file", "files": 1, "size": 3} in told["steps"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["tree", "other"], 64, "begins with a colon"),
        (["missing", ":/t"], 3, "missing"),
        ([":/missing", "here"], 3, "missing"),
        (["empty", ":/t", "--delete"], 4, "--yes"),
        (["tree", ":/t", "--watch", "--dry-run"], 2, "--watch"),
        ([":/t", "tree", "--watch"], 64, "only folders here"),
        (["tree"], 2, "sft sync --help"),
    ],
)
def test_what_makes_no_sense(
    sft: Run, signed_in: FakeServer, work: Path, arguments: list[str], code: int, words: str
) -> None:
    (work / "empty").mkdir()
    signed_in.tree.store(RemotePath.parse("/t/x"), b"x", "skip", None, parents=True)
    ran = sft("sync", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err
    assert names(signed_in) == {"/t/x"}


def test_an_empty_source_with_yes(sft: Run, signed_in: FakeServer, work: Path) -> None:
    (work / "empty").mkdir()
    signed_in.tree.store(RemotePath.parse("/t/x"), b"x", "skip", None, parents=True)
    ran = sft("sync", "empty", ":/t", "--delete", "--yes")
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "1 file deleted, 0 unchanged")
    assert names(signed_in) == set()


def test_failures_keep_what_was_to_go(sft: Run, signed_in: FakeServer, work: Path) -> None:
    signed_in.tree.store(RemotePath.parse("/t/old"), b"x", "skip", None, parents=True)
    (work / "tree/bad.").write_text("?")
    (work / "tree/big").write_bytes(b"b" * 300_000)
    signed_in.after["POST /api/v1/commits"] = (0, ForbiddenError("not you"))
    ran = sft("sync", "tree", ":/t", "--delete")
    assert ran.code == 1
    assert "not you" in ran.err
    assert "'bad.'" in ran.err
    assert "so nothing was removed" in ran.err
    assert ran.err.splitlines()[-1].endswith("1 folder made, 1 file kept, 0 unchanged, 2 failed")
    assert "/t/old" in names(signed_in)


def test_one_reason_for_all_is_the_exit_code(sft: Run, signed_in: FakeServer, work: Path) -> None:
    for start in ("POST /api/v1/batch", "PUT /api/v1/files"):
        signed_in.after[start] = (0, NoSpaceError("full"))
    assert sft("sync", "tree", ":/t").code == 11


def test_on_a_terminal(signed_in: FakeServer, work: Path) -> None:
    ran = on_terminal([*SFT, "sync", "tree", ":/t"])
    assert ran.code == 0
    assert "To do: send 3 files (6 B); 0 unchanged\n" in ran.out
    assert "Sent 3 files, 6 B in " in ran.out


def test_help_and_names_without_a_pattern(sft: Run) -> None:
    page = sft("sync", "--help").out
    assert "--include, --exclude PATTERN" in page
    assert "empty-" not in page


def test_a_watch_until_ctrl_c(signed_in: FakeServer, work: Path) -> None:
    child = subprocess.Popen(
        [*SFT, "sync", "tree", ":/t", "--watch"], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    # Whatever happens, the test ends.
    guard = threading.Timer(50, child.kill)
    guard.start()
    try:
        assert child.stderr is not None
        said = []

        def until(words: str) -> None:
            for line in child.stderr or ():
                said.append(line)
                if words in line:
                    return
            raise AssertionError(f"never said {words!r}: {said}")

        until("Watching 'tree'; Ctrl-C ends it")
        if not any("Sent 3 files" in line for line in said):  # they were so new that somebody might still write
            until("Sent 3 files, 6 B in ")
        (work / "tree/later").write_text("later")
        until("Sent 1 file, 5 B in ")
        child.send_signal(signal.SIGINT)
        until("Stopped. 4 files, 11 B sent; all is sent")
        assert child.wait(20) == 0
    finally:
        guard.cancel()
        child.kill()
        child.wait()
        if child.stderr is not None:
            child.stderr.close()
    assert "/t/later" in names(signed_in)


def test_a_watch_tells_trouble_once_and_in_plain_words(capfd: pytest.CaptureFixture[str]) -> None:
    """Attack 59: words of a server that would move the cursor."""
    rounds = _Rounds(_Job("tree", ":/t", {}, None, Display(quiet=False), json=False, quiet=False))
    trouble = Watched("waiting", seconds=1, error=UnreachableError("gone \x1b[2J"))
    for watched in (Watched("current", Synced((), 3)), trouble, trouble, Watched("current", Synced((), 3))):
        rounds.add(watched)
    told = [line.split("  ")[-1] for line in capfd.readouterr().err.splitlines()]
    assert told == [
        "Nothing to do; 3 unchanged",
        "Watching 'tree'; Ctrl-C ends it",
        r"gone \u001b[2J; trying again until it works",
        "It works again",
    ]
    assert rounds.good


def test_completion(signed_in: FakeServer, work: Path) -> None:
    from types import SimpleNamespace

    from secure_file_transfer.frontends.cli.completers import local_or_remote

    signed_in.tree.store(RemotePath.parse("/photos/x"), b"x", "skip", None, parents=True)

    def offered(word: str) -> list[str]:
        return local_or_remote(SimpleNamespace(incomplete=word, get=lambda _: None))

    assert offered("t") == ["tree/"]
    assert offered("tree/s") == ["tree/sub/"]
    assert offered(":/ph") == [":/photos/"]
    assert process("sync", "tree", ":/new").code == 0
