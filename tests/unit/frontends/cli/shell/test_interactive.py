"""The prompt on a terminal of its own."""

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from secure_file_transfer.client import Profile, Profiles
from secure_file_transfer.model import KIB, MIB
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.certificates import TestAuthority
from secure_file_transfer.testing.fake_server import FakeServer
from secure_file_transfer.testing.proxy import FaultProxy, Harm
from secure_file_transfer.testing.scripted_server import Asked, ScriptedServer, answer, entry

from ..conftest import SFT, on_terminal

READY = "\x1b[?2004h"
"""The beginning of a prompt: it asks the terminal to mark what is pasted."""
_MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def seen(text: str) -> str:
    """What was printed, without what moved the cursor."""
    return _MOVES.sub("", text).replace("\r", "")


@pytest.fixture
def filled(signed_in: FakeServer) -> FakeServer:
    for path, content in (("/docs", None), ("/docs/my file.txt", b"hello"), ("/a.txt", b"aaa")):
        signed_in.tree.items[RemotePath.parse(path)] = signed_in.tree.item(content)
    return signed_in


def test_a_session(filled: FakeServer, tmp_path: Path, clean_environment: Path) -> None:
    ran = on_terminal(
        [*SFT, "shell"],
        [
            (READY, "CWD do\t"),
            ("cs/", "\r"),
            (READY, "cat my\t"),
            ("file.txt", "\r"),
            (READY, "PASS three green boats\r"),
            (READY, "get *.txt\r"),
            (READY, "half a line\x03"),
            (READY, "pwd\r"),
            (READY, "\x04"),
        ],
        size=(120, 40),
    )
    text = seen(ran.out)
    assert ran.code == 0
    assert text.startswith(f"mona at {filled.url}. 'help' lists the commands, Ctrl-D leaves.\n")
    assert "mona@127.0.0.1:/docs> " in text
    assert "hello\n" in text, "the prompt begins on a line of its own"
    assert "1 file, 5 B in " in text
    assert "\n/docs\n" in text
    assert (clean_environment / "my file.txt").read_bytes() == b"hello"
    history = (tmp_path / "shell-history").read_text()
    assert history == "CWD docs/\ncat my\\ file.txt \nget *.txt\npwd\n"
    assert "\x1b[6n" not in ran.out, "the terminal is not asked for the cursor's place"


def test_what_was_typed_in_an_earlier_session(filled: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "shell-history").write_text("cat a.txt\nPASS secret\n")
    ran = on_terminal([*SFT, "shell", "-q"], [(READY, "#"), ("#", "\x7f\x1b[A"), ("cat a.txt", "\r"), (READY, "\x04")])
    assert (ran.code, "\naaa\n" in seen(ran.out)) == (0, True)


def test_without_colours(filled: FakeServer) -> None:
    ran = on_terminal([*SFT, "shell"], [(READY, "ls\r"), (READY, "quit\r")], env={"NO_COLOR": "1"})
    assert (ran.code, "docs/" in ran.out) == (0, True)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", ran.out)


def test_a_terminal_that_can_do_nothing(filled: FakeServer) -> None:
    ran = on_terminal([*SFT, "shell"], [("/> ", "ls\r"), ("/> ", "quit\r")], env={"TERM": "dumb"})
    assert (ran.code, "docs/" in ran.out) == (0, True)
    assert "\x1b[" not in ran.out


def test_sharing_asks_for_what_is_missing(filled: FakeServer) -> None:
    ran = on_terminal(
        [*SFT, "shell"],
        [
            (READY, "SHAR docs\r"),
            ("Share with (an account, or @ and a group): ", "\r"),
            ("nothing is shared", ""),
            (READY, "SHAR docs\r"),
            ("Share with (an account, or @ and a group): ", "sara\r"),
            ("Level (viewer, dropbox, contributor, editor, or 0 to 15): ", "99\r"),
            ("'99' is no level", ""),
            (READY, "\x04"),
        ],
    )
    assert ran.code == 0


def test_the_question_before_a_folder_is_removed(filled: FakeServer) -> None:
    ran = on_terminal(
        [*SFT, "shell"],
        [
            (READY, "rm -r docs\r"),
            ("[y/N] ", "n\r"),
            ("kept", ""),
            (READY, "rm -r docs\r"),
            ("[y/N] ", "y\r"),
            (READY, "\x04"),
        ],
    )
    assert ran.code == 0
    assert [str(path) for path in filled.tree.items] == ["/", "/a.txt"]


def test_ctrl_c_ends_the_transfer_and_not_the_shell(server: FakeServer, clean_environment: Path) -> None:
    (clean_environment / "large").write_bytes(os.urandom(24 * MIB))
    with FaultProxy(server.port, Harm(latency=0.02, window=64 * KIB)) as proxy:
        url = f"https://127.0.0.1:{proxy.port}"
        Profiles().add(Profile(url, server.files.cafile.read_text(), server.token, "mona"))
        ran = on_terminal(
            [*SFT, "shell"],
            [
                (READY, "put large\r"),
                (" MiB of 24.0 MiB", "\x03"),
                ("Interrupted", ""),
                (READY, "ls\r"),
                (READY, "\x04"),
            ],
        )
    assert ran.code == 0
    assert "it goes on where it was" in seen(ran.out)
    assert [str(path) for path in server.tree.items] == ["/"], "half a file is none"


def test_a_signal_at_the_prompt_gives_the_terminal_back(filled: FakeServer, clean_environment: Path) -> None:
    """With the exit code that shells expect, and the modes of before: others go on reading from this terminal."""
    pid = clean_environment / "pid"
    ran = on_terminal(
        [
            "sh",
            "-c",
            f"""before=$(stty -g)
            sh -c 'echo $$ > {pid}; exec {" ".join(SFT)} shell -q'
            echo code $?
            [ "$(stty -g)" = "$before" ] && echo restored
            {sys.executable} -c 'import os; print(os.get_blocking(0))'""",
        ],
        [(READY, lambda: os.kill(int(pid.read_text()), signal.SIGTERM))],
    )
    assert "code 143" in ran.out
    assert "restored" in ran.out
    assert ran.out.endswith("True\n")


def test_what_a_hostile_server_says_moves_no_cursor(tmp_path: Path) -> None:
    """Attack 59: in the greeting, in the prompt, in messages, and in what Tab offers."""
    evil = "\x1b]0;owned\x07\u202e"

    def script(asked: Asked) -> bytes:
        if asked.target.startswith("/api/v1/sessions/current"):
            account = {"name": f"mona{evil}", "role": "user"}
            return answer(200, {"account": account, "since": None, "expires": None, "address": evil, "device": evil})
        if "/folders/" in asked.target:
            return answer(200, {"entries": [entry("/fine"), entry(f"/{evil}")], "cursor": None})
        problem = {"code": "not_found", "title": "x", "detail": f"no {evil}", "hint": evil, "status": 404}
        return answer(404, problem, headers={"Content-Type": "application/problem+json"})

    files = TestAuthority().issue(tmp_path)
    with ScriptedServer(script, files.context()) as server:
        Profiles().add(Profile(f"https://127.0.0.1:{server.port}", files.cafile.read_text(), "token", "mona"))
        ran = on_terminal(
            [*SFT, "shell"],
            [(READY, "cat f\t\x15cd x\r"), (READY, "ls\r"), (READY, "whoami; shared\r"), (READY, "\x04")],
        )
    assert ran.code == 0
    assert "mona\\u001b]0;owned\\u0007\\u202e at https://127" in ran.out
    assert "no \\u001b]0;owned" in ran.out
    for raw in ("\x1b]", "\x07", "\u202e"):
        assert raw not in ran.out
