import asyncio
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secure_file_transfer.frontends.cli.connection import run, session
from secure_file_transfer.frontends.cli.shell import completing
from secure_file_transfer.frontends.cli.shell.completing import Choice, Listings, choices
from secure_file_transfer.frontends.cli.shell.interactive import prompt
from secure_file_transfer.frontends.cli.shell.lexer import Line, plain, read, split
from secure_file_transfer.frontends.cli.shell.running import Shell
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.fake_server import FakeServer

TREE = [
    "/docs/", "/docs/deep/", "/docs/c.txt", "/download.txt", "/my file.txt", "/my other file.txt", "/my folder/",
    "/it's \"odd\".txt", "/گزارش ۱۴۰۵.txt", "/🎉 party/", "/.hidden", "/#1.txt",
]  # fmt: skip

Complete = Callable[..., list[Choice]]


@pytest.fixture
def shell(signed_in: FakeServer) -> Iterator[FakeServer]:
    for path in TREE:
        content = None if path.endswith("/") else b""
        signed_in.tree.items[RemotePath.parse(path)] = signed_in.tree.item(content)
    with session(None):
        yield signed_in


@pytest.fixture
def complete(shell: FakeServer) -> Complete:
    def at(text: str, cwd: str = "/") -> list[Choice]:
        return run(choices(text, RemotePath.parse(cwd), Listings()))

    return at


@pytest.mark.parametrize(
    ("text", "cwd", "whole"),
    [
        ("q", "/", "quit "),
        ("QU", "/", "QUIT "),
        ("ls; wh", "/", "ls; whoami "),
        ("help dow", "/", None),
        ("help pw", "/", "help pwd "),
        ("cd do", "/", "cd docs/"),
        ("cat dow", "/", "cat download.txt "),
        ("cat c", "/docs", "cat c.txt "),
        ("cat ../dow", "/docs", "cat ../download.txt "),
        ("cat /docs/c", "/docs/deep", "cat /docs/c.txt "),
        ("cat my\\ fi", "/", "cat my\\ file.txt "),
        ("cat 'my fi", "/", "cat 'my file.txt' "),
        ('cat "my fi', "/", 'cat "my file.txt" '),
        ('cd "my fo', "/", 'cd "my folder/'),
        ("cat it", "/", 'cat it\\\'s\\ \\"odd\\".txt '),
        ("cat \"it's", "/", 'cat "it\'s \\"odd\\".txt" '),
        ("cat 'it", "/", "cat 'it'\\''s \"odd\".txt' "),
        ("cat گز", "/", "cat گزارش\\ ۱۴۰۵.txt "),
        ("cd 🎉", "/", "cd 🎉\\ party/"),
        ("cat \\#", "/", "cat \\#1.txt "),
        ("get -r doc", "/", "get -r docs/"),
        ("cat .h", "/", "cat .hidden "),
        ("share docs sara vi", "/", "share docs sara viewer "),
        ("ls --lo", "/", "ls --long "),
        ("get --ser", "/", None),
        ("cd --sh", "/", None),
        ("rm /docs/nothing", "/", None),
        ("cat nowhere/x", "/", None),
        ("bogus x", "/", None),
        ("cat d*", "/", None),
        ("cat # d", "/", None),
        ("cat my\\", "/", None),
        ("cat \x1b", "/", None),
        ("share docs sa", "/", None),
    ],
)
def test_the_only_choice(complete: Complete, text: str, cwd: str, whole: str | None) -> None:
    found = complete(text, cwd)
    assert [f"{text}{choice.insert}" for choice in found] == ([] if whole is None else [whole])
    if whole is not None and not whole.endswith("/"):
        split(whole)  # what was completed can be read


def test_several_choices(complete: Complete) -> None:
    assert [choice.shown for choice in complete("cat my")] == ["my folder/", "my file.txt", "my other file.txt"]
    assert [choice.shown for choice in complete("cd ")] == ["docs/", "my folder/", "🎉 party/"]
    assert "QUIT" not in [choice.shown for choice in complete("")]


def test_what_is_completed_names_the_file(complete: Complete) -> None:
    for path in TREE:
        for quote in ("", "'", '"'):
            beginning = path[1:2]
            if not quote and beginning == "#":
                continue
            for choice in complete(f"cat {quote}{beginning}"):
                line = f"cat {quote}{beginning}{choice.insert}"
                if quote and read(line).quote:  # a folder, or one of several: people close it themselves
                    line += quote
                assert plain(split(line)[0][1]) == choice.shown


def test_names_here(complete: Complete, clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(clean_environment))
    (clean_environment / "local folder").mkdir()
    (clean_environment / "local folder" / "سلام.txt").touch()
    (clean_environment / "bad\x1b[2J.txt").touch()
    assert [c.insert for c in complete("put lo")] == ["cal\\ folder/"]
    assert [c.insert for c in complete("put 'local folder/")] == ["سلام.txt' "]
    assert [c.insert for c in complete("lcd ~/lo")] == ["cal\\ folder/"]
    assert [c.shown for c in complete("put b")] == [], "a name that would move the cursor"
    assert [c.shown for c in complete("put x lo")] == ["local folder/"]
    assert [c.shown for c in complete("put x dow")] == ["download.txt"]
    assert [c.shown for c in complete("get x lo")] == ["local folder/"]
    assert complete("lls nowhere/") == []


def test_a_name_that_a_terminal_could_not_show_is_not_offered() -> None:
    """Attack 59: what a server calls its files moves no cursor, not even in a menu."""
    names = [completing._Name(name, folder=False) for name in ("fine", "bad\x1b[2J", "turn\u202eed", "می‌خواهم")]
    assert [choice.shown for choice in completing._offered(names, "", Line())] == ["fine", "می‌خواهم"]


def test_the_form_of_the_keyboard_does_not_matter(complete: Complete, shell: FakeServer) -> None:
    shell.tree.items[RemotePath.parse("/café.txt")] = shell.tree.item(b"")
    assert [choice.insert for choice in complete(f"cat {unicodedata.normalize('NFD', 'café')}")] == [".txt "]


def test_a_folder_is_asked_for_once_in_a_while(shell: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked = 0.0, []
    listings = Listings(lambda: now)
    fetch = listings._fetch

    async def counted(folder: RemotePath, *rest: object) -> None:
        asked.append(str(folder))
        await fetch(folder, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(listings, "_fetch", counted)

    def press(text: str) -> int:
        return len(run(choices(text, RemotePath(), listings)))

    assert (press("cat d"), press("cat do"), press("cat my"), asked) == (2, 2, 3, ["/"])
    now = 6.0
    press("cat d")
    assert asked == ["/", "/"]
    listings.forget()
    press("cat d")
    assert asked == ["/", "/", "/"]
    for name in range(completing._FOLDERS_MAX + 3):
        shell.tree.items[RemotePath.parse(f"/{name}")] = shell.tree.item(None)
        press(f"cat {name}/")
    assert len(listings._kept) == completing._FOLDERS_MAX


def test_a_huge_folder_is_neither_kept_nor_offered_whole(shell: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completing, "_NAMES_MAX", 4)
    monkeypatch.setattr(completing, "_OFFERED_MAX", 2)
    listings = Listings()
    assert len(run(listings.beginning(RemotePath(), "my"))) == 2
    assert len(run(listings.beginning(RemotePath(), "گ"))) == 1, "also what lies beyond what is kept"
    assert not listings._kept


def test_nobody_waits_for_tab(shell: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attack 59: a listing without an end."""
    monkeypatch.setattr(completing, "_SECONDS", 0.01)
    listings = Listings()

    async def endless(folder: RemotePath, beginning: str, found: list[completing._Name]) -> None:
        found.append(completing._Name("in time", folder=False))
        await asyncio.Event().wait()

    monkeypatch.setattr(listings, "_fetch", endless)
    assert [choice.shown for choice in run(choices("cat in", RemotePath(), listings))] == ["in time"]


def test_the_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    here = Shell(interactive=True)
    assert "".join(text for _, text in prompt(here, "mona@nas")) == "mona@nas:/> "
    here.go(RemotePath.parse("/a rather long name/another one/گزارش"))
    assert "".join(text for _, text in prompt(here, "mo\x1b[2Jna@nas")) == "mo\\u001b[2Jna@nas:…/گزارش> "
