"""Scripts: from standard input and with -c, against the server in memory."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_file_transfer.frontends.cli.shell.table import VERBS
from secure_file_transfer.model import TimeUs
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.fake_server import FakeServer

from ..conftest import Ran, Run, process

MOMENT = TimeUs(1_700_000_000_000_000)
TREE = {
    "/docs": None,
    "/docs/deep": None,
    "/docs/deep/سلام.txt": b"odd",
    "/docs/c.txt": b"ccc",
    "/docs/.hidden.txt": b"",
    "/a.txt": b"aaa",
    "/b.txt": b"bb",
    "/with space": None,
    "/with space/گزارش ۱۴۰۵.txt": b"report",
    "/star*.txt": b"*",
    "/🎉": b"party",
}

Script = Callable[..., Ran]


@pytest.fixture
def filled(signed_in: FakeServer) -> FakeServer:
    for path, content in TREE.items():
        signed_in.tree.items[RemotePath.parse(path)] = signed_in.tree.item(content, MOMENT)
    return signed_in


@pytest.fixture
def script(sft: Run, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Run a script from standard input, in this process."""

    def run(text: str | bytes, *arguments: str) -> Ran:
        raw = text.encode() if isinstance(text, str) else text
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
        before = Path.cwd()
        try:
            return sft("shell", *arguments)
        finally:
            os.chdir(before)

    return run


def there(server: FakeServer, path: str) -> bytes | None:
    return server.tree.items[RemotePath.parse(path)].content


@pytest.mark.parametrize(
    ("steps", "where"),
    [
        ("", "/"),
        ("cd docs", "/docs"),
        ("CWD /docs/deep/", "/docs/deep"),
        ("cd docs/deep\ncd ..", "/docs"),
        ("cd docs\nCDUP\ncdup", "/"),
        ("cd ../../..", "/"),
        ("cd ./docs/../with\\ space/.", "/with space"),
        ("cd docs\ncd deep\ncd", "/"),
        ("cd docs\ncd deep\ncd -", "/docs"),
        ("cd docs\ncd 'deep'\ncd -\ncd -", "/docs/deep"),
        ("cd //docs//deep", "/docs/deep"),
    ],
)
def test_where_one_stands(filled: FakeServer, script: Script, steps: str, where: str) -> None:
    ran = script(f"{steps}\nPWD\n")
    assert (ran.code, ran.out, ran.err) == (0, f"{where}\n", "")


@pytest.mark.parametrize(
    ("lines", "code", "about"),
    [
        ("ls\ncd nowhere\nls", 3, "line 2: '/nowhere' is not there"),
        ("\n# remark\ncd a.txt", 4, "line 3: '/a.txt' is a file"),
        ("bogus", 2, "line 1: There is no command 'bogus' here"),
        ("lst", 2, "Did you mean 'ls'?"),
        ("PASS secret", 2, "There is no command 'PASS' here"),
        ("ls 'x", 2, "The quote ' is not closed"),
        ("ls --server other", 2, "This shell talks to one server"),
        ("ls /a.txt /b.txt", 2, "Too many arguments"),
        ("get *.pdf", 3, "Nothing matches '*.pdf'"),
        ("put *.pdf", 3, "Nothing here matches '*.pdf'"),
        ("get", 2, "Nothing to fetch"),
        ("put", 2, "Nothing to send"),
        ("put -", 2, "Standard input is the shell's own"),
        ("SHAR docs", 2, "Say with whom to share it"),
        ("RNTO x", 2, "Say what with RNFR first"),
        ("rmdir a.txt", 4, "Use 'rm' for files"),
        ("rmdir docs", 4, "'rm -r' removes it"),
        ("rm docs", 4, "Add -r"),
        ("get docs", 4, "Add -r"),
        ("ls -R *.txt", 2, "-R goes with a folder"),
        ("help bogus", 2, "There is no command 'bogus' here"),
    ],
)
def test_the_first_failure_ends_a_script(filled: FakeServer, script: Script, lines: str, code: int, about: str) -> None:
    ran = script(f"{lines}\nPWD\n")
    assert ran.code == code
    assert about in ran.err
    assert ran.out.splitlines()[-1:] != ["/"]


def test_failures_that_may_be(filled: FakeServer, script: Script) -> None:
    ran = script("-cd nowhere\nPWD\n")
    assert (ran.code, ran.out) == (0, "/\n")
    assert "line 1: '/nowhere' is not there" in ran.err
    ran = script("cd nowhere\nbogus\nPWD\n", "--keep-going")
    assert (ran.code, ran.out) == (1, "/\n")
    ran = script("cd nowhere; pwd\nPWD\n", "-k")
    assert (ran.code, ran.out) == (1, "/\n")
    assert script("quit\nbogus\n").code == 0
    assert script("").code == 0


def test_lines_that_are_none(filled: FakeServer, script: Script) -> None:
    assert "line 1: The line is not UTF-8" in script(b"ls \xff\n").err
    # What is left of a line that is too long is no command of its own.
    ran = script(b"ls " + b"x" * 200_000 + b"\nPWD\n", "-k")
    assert (ran.code, ran.out) == (1, "/\n")
    assert ran.err.count("longer than 64 KiB") == 1
    assert script("\ufeffPWD\r\nPWD".encode()).out == "/\n/\n"
    for hidden in ("\u2028", "\x85", "\x0b", "\r"):
        assert script(f"cd docs{hidden}rm a.txt\n", "-k").code == 1
    assert there(filled, "/a.txt") == b"aaa"


def test_a_line_as_an_argument(filled: FakeServer, sft: Run) -> None:
    ran = sft("shell", "docs", "-c", "pwd; ls *.txt\ncat c.txt")
    assert (ran.code, ran.out) == (0, "/docs\nc.txt\nccc")
    ran = sft("shell", "-c", "ls nowhere; pwd")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("sft: '/nowhere' is not there")
    assert sft("shell", "/a.txt", "-c", "pwd").code == 4


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("*.txt", ["a.txt", "b.txt", "star*.txt"]),
        ("/docs/*", ["/docs/deep/", "/docs/c.txt"]),
        ("docs/.*", ["/docs/.hidden.txt"]),
        ("*/*.txt", ["/docs/c.txt", "/with space/گزارش ۱۴۰۵.txt"]),
        ("*/deep", ["/docs/deep/"]),
        ("?.txt", ["a.txt", "b.txt"]),
        ("[!a].txt", ["b.txt"]),
        ("star\\**", ["star*.txt"]),
        ("docs/../*🎉", ["/🎉"]),
    ],
)
def test_patterns_there(filled: FakeServer, script: Script, line: str, names: list[str]) -> None:
    ran = script(f"ls {line}\n")
    assert (ran.code, ran.out.splitlines()) == (0, names)


def test_a_quoted_star_is_a_star(filled: FakeServer, script: Script, clean_environment: Path) -> None:
    assert script("get 'star*.txt'\n").code == 0
    assert [path.name for path in clean_environment.iterdir()] == ["star*.txt"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("get *.txt", {"a.txt", "b.txt", "star*.txt"}),
        ("mget a.txt b.txt", {"a.txt", "b.txt"}),
        ("RETR a.txt new.txt", {"new.txt"}),
        ("get /docs/c.txt", {"c.txt"}),
        ("cd docs; get c.txt ../up.txt", {"../up.txt"}),
        ("get 'with space/گزارش ۱۴۰۵.txt' 'میز من.txt'", {"میز من.txt"}),
        ("get -r docs", {"docs/c.txt", "docs/.hidden.txt", "docs/deep/سلام.txt"}),
        ("get a.txt b.txt into/", {"into/a.txt", "into/b.txt"}),
    ],
)
def test_fetching(filled: FakeServer, script: Script, clean_environment: Path, line: str, expected: set[str]) -> None:
    ran = script(line)
    assert ran.code == 0, ran.err
    for name in expected:
        assert (clean_environment / name).is_file(), name
    assert "SHA-256 verified" in ran.err


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("put local.txt", "/local.txt"),
        ("STOR local.txt /remote.txt", "/remote.txt"),
        ("put local.txt /docs/", "/docs/local.txt"),
        ("put local.txt docs", "/docs/local.txt"),
        ("cd docs; put local.txt", "/docs/local.txt"),
        ("cd docs; put local.txt ..", "/local.txt"),
        ("cd docs/deep; put local.txt ../x.txt", "/docs/x.txt"),
        ("put local.txt local.txt", "/local.txt"),
        ("put loc* /docs/", "/docs/local.txt"),
        ("mput local.txt other.txt", "/other.txt"),
        ("put -r folder docs", "/docs/folder/in.txt"),
        ("lcd folder; put in.txt", "/in.txt"),
    ],
)
def test_sending(filled: FakeServer, script: Script, clean_environment: Path, line: str, expected: str) -> None:
    (clean_environment / "folder").mkdir()
    for name in ("local.txt", "other.txt", "folder/in.txt"):
        (clean_environment / name).write_text("here")
    ran = script(line)
    assert ran.code == 0, ran.err
    assert there(filled, expected) == b"here"


def test_changing(filled: FakeServer, script: Script) -> None:
    ran = script(
        "mkdir new; MKD docs/more\nRNFR a.txt\nRNTO new/z.txt\nmv b.txt new/\nRMD docs/more\nDELE star*\nls new"
    )
    assert (ran.code, ran.out) == (0, "b.txt\nz.txt\n")
    assert RemotePath.parse("/star*.txt") not in filled.tree.items


def test_here(script: Script, signed_in: FakeServer, clean_environment: Path) -> None:
    (clean_environment / "a b").mkdir()
    (clean_environment / "x.txt").write_text("x")
    ran = script("lls\nlls *.txt\nlcd 'a b'\nlpwd\nlls")
    assert (ran.code, ran.out) == (0, f"a b/\nx.txt\nx.txt\n{clean_environment / 'a b'}\n")
    assert script("lcd nowhere").code == 3


def test_every_command_explains_itself(signed_in: FakeServer, script: Script) -> None:
    ran = script("".join(f"help {verb.name}\n" for verb in VERBS))
    assert ran.code == 0, ran.err
    assert ran.out.count("Usage: ") == len(VERBS)
    assert "--server" not in ran.out
    assert "sft " not in ran.out
    overview = script("help").out
    for verb in VERBS:
        assert f"\n  {verb.name} " in f"\n{overview}"
        assert verb.ftp in overview


def test_one_sign_in_for_all_of_them(filled: FakeServer, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    from secure_file_transfer import client

    made = []
    init = client.AsyncClient.__init__

    def counted(self: client.AsyncClient, *args: object, **options: object) -> None:
        made.append(self)
        init(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(client.AsyncClient, "__init__", counted)
    assert script("ls\ncat a.txt\nget b.txt\nls docs").code == 0
    assert len(made) == 1
    assert script("get --limit 1M a.txt\nls").code == 0
    assert len(made) == 3, "a limit needs a client of its own"


def test_without_a_session_there_is_no_shell(script: Script, server: FakeServer) -> None:
    ran = script("ls")
    assert ran.code == 6, ran.err
    assert "You are not signed in" in ran.err


def test_json_and_quiet(filled: FakeServer, script: Script) -> None:
    assert '"path": "/docs/c.txt"' in script("ls --json docs").out
    assert script("get a.txt\nput a.txt x", "-q").err == ""


def test_as_a_process(filled: FakeServer) -> None:
    ran = process("shell", "docs", stdin=b"PWD\ncat c.txt\n")
    assert (ran.code, ran.out, ran.err) == (0, "/docs\nccc", "")
    assert process("shell", stdin=b"ls\ncd x\n").code == 3


def test_the_document_names_every_command() -> None:
    document = (Path(__file__).parents[5] / "docs" / "shell.md").read_text()
    rows = [line.split(" | ") for line in document.splitlines() if line.startswith("| `")]
    for verb in VERBS:
        names = [row[1] for row in rows if re.search(rf"`{verb.name}\b", row[0])]
        assert len(names) == 1, verb.name
        assert verb.ftp in names[0]


def test_a_script_needs_no_editor_of_lines(filled: FakeServer) -> None:
    code = (
        "import sys; from secure_file_transfer.frontends.cli import main; code = main(['shell', '-c', 'ls']); "
        "sys.exit(code or 'prompt_toolkit' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "a.txt" in done.stdout
