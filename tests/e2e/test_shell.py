"""`sft shell` against the real server: two people share, odd names go there and back, and what happens meanwhile."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.unit.frontends.cli.conftest import SFT, on_terminal

from secure_file_transfer.client import Profile, Profiles, SecureFileTransferClient
from secure_file_transfer.testing.process import ServerProcess

PASSWORD = "three green boats at noon"
READY = "\x1b[?2004h"
TREE = {
    "with spaces.txt": 10,
    "گزارش می‌خواهم/۱۴۰۵.pdf": 5000,
    "party 🎉/👨‍👩‍👧‍👦.jpg": 300_000,
    "party 🎉/large.bin": 9_000_000,
    "empty": 0,
}


@dataclass(frozen=True)
class Person:
    server: ServerProcess
    name: str
    profiles: Path

    def sign_in(self) -> str:
        with SecureFileTransferClient(self.server.url, cafile=self.server.cafile) as client:
            token = client.sign_in(self.name, PASSWORD).token
        Profiles(self.profiles).add(Profile(self.server.url, self.server.cafile.read_text(), token, self.name))
        return token

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "SFT_PROFILES": str(self.profiles)}

    def shell(self, script: str, cwd: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*SFT, "shell", *arguments], input=script, env=self.env, cwd=cwd, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path / "data")
    for name in ("ada", "bob"):
        process.add_user(name, PASSWORD)
    with process:
        yield process


@pytest.fixture
def ada(server: ServerProcess, tmp_path: Path) -> Person:
    person = Person(server, "ada", tmp_path / "ada.json")
    person.sign_in()
    return person


@pytest.fixture
def bob(server: ServerProcess, tmp_path: Path) -> Person:
    person = Person(server, "bob", tmp_path / "bob.json")
    person.sign_in()
    return person


def filled(folder: Path) -> Path:
    for name, size in TREE.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_there_and_back_with_odd_names(ada: Person, tmp_path: Path) -> None:
    here, back = filled(tmp_path / "here"), tmp_path / "back"
    back.mkdir()
    ran = ada.shell("mkdir 'my album'\ncd 'my album'\nput -r *\nput 'with spaces.txt' /top.txt\nls -R\n", here)
    assert ran.returncode == 0, ran.stderr
    assert "/my album/گزارش می‌خواهم/۱۴۰۵.pdf" in ran.stdout.splitlines()
    ran = ada.shell('get -r "my album/*"\nget -r my\\ album/*\nget /top.txt ../top.txt', back)
    assert ran.returncode == 3, "a quoted star is a star"
    ran = ada.shell("get -r my\\ album/*\nget /top.txt ../top.txt", back)
    assert ran.returncode == 0, ran.stderr
    assert contents(back) == contents(here)
    assert (tmp_path / "top.txt").read_bytes() == (here / "with spaces.txt").read_bytes()


def test_two_people_share(ada: Person, bob: Person, tmp_path: Path) -> None:
    (tmp_path / "plan.txt").write_text("plan")
    given = ada.shell("MKD work\nput plan.txt work/\nSHAR work bob viewer\nSHAR work/plan.txt bob 12\nSHBM\n", tmp_path)
    assert given.returncode == 0, given.stderr
    assert "/work           bob  viewer" in given.stdout
    assert "/work/plan.txt  bob  read, write" in given.stdout
    got = bob.shell("SHWM\ncd /Shared/ada/work\nls\ncat plan.txt\n-put plan.txt new.txt\n", tmp_path)
    assert got.returncode == 0, got.stderr
    assert "/Shared/ada/work/  " in got.stdout
    assert got.stdout.endswith("plan.txt\nplan")
    assert "line 5: " in got.stderr, "a viewer adds nothing"
    assert bob.shell("share /Shared/ada/work ada viewer", tmp_path).returncode != 0
    assert ada.shell("UNSH work bob\nshare work/plan.txt bob 0\n", tmp_path).returncode == 0
    gone, never = (bob.shell(f"cat {path}", tmp_path) for path in ("/Shared/ada/work/plan.txt", "/Shared/eve/x"))
    assert (gone.returncode, never.returncode) == (3, 3)
    assert ada.shell("shares", tmp_path, "-q").stdout == ""


def test_sharing_by_answering(ada: Person, bob: Person, tmp_path: Path) -> None:
    ada.shell("mkdir 'برای bob'", tmp_path)
    ran = on_terminal(
        [*SFT, "shell"],
        [
            (READY, "SHAR بر\t"),
            ("bob", "\r"),
            ("an account, or @ and a group): ", "bob\r"),
            ("or 0 to 15): ", "15\r"),
            (READY, "\x04"),
        ],
        env={"SFT_PROFILES": str(ada.profiles)},
    )
    assert ran.code == 0
    assert "Shared /برای bob with bob: editor." in ran.out
    (tmp_path / "from bob.txt").write_text("hi")
    assert bob.shell('put "from bob.txt" "/Shared/ada/برای bob/"', tmp_path).returncode == 0
    assert ada.shell("cat برای\\ bob/from\\ bob.txt", tmp_path).stdout == "hi"


class Dialogue:
    """A shell that is fed line by line."""

    def __init__(self, person: Person, cwd: Path) -> None:
        self.process = subprocess.Popen(
            [*SFT, "shell", "--keep-going"], env=person.env, cwd=cwd, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def say(self, line: str) -> list[str]:
        """What a line prints, up to the mark after it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\nlpwd\n")
        self.process.stdin.flush()
        found: list[str] = []
        for text in self.process.stdout:
            if text.startswith("/") and Path(text.strip()).is_dir():
                return found
            found.append(text.strip())
        raise AssertionError(f"it has ended: {self.process.communicate()[1]}")

    def end(self) -> tuple[int, str]:
        error = self.process.communicate(timeout=60)[1]
        return self.process.returncode, error


def test_the_server_starts_anew_meanwhile(ada: Person, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("x")
    talk = Dialogue(ada, tmp_path)
    assert talk.say("put x.txt; ls") == ["x.txt"]
    ada.server.kill()
    ada.server.start()
    assert talk.say("ls") == ["x.txt"]
    assert talk.say("put x.txt y.txt; ls") == ["x.txt", "y.txt"]
    assert talk.end()[0] == 0


def test_signed_in_anew_in_another_window(ada: Person, tmp_path: Path) -> None:
    talk = Dialogue(ada, tmp_path)
    assert talk.say("cd /; whoami")[0].split() == ["name", "ada"]
    with SecureFileTransferClient(
        ada.server.url, cafile=ada.server.cafile, token=Profiles(ada.profiles).all()[0].token
    ) as other:
        other.sign_out()
    assert talk.say("whoami") == []
    ada.sign_in()
    assert talk.say("whoami")[0].split() == ["name", "ada"]
    code, error = talk.end()
    assert code == 1
    assert "line 3: Your session has ended" in error
    assert "Sign in with 'sft login" in error
