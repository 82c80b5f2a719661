import os
import subprocess
from pathlib import Path

import pytest

from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.fake_server import FakeServer

from .conftest import SFT, Run


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which `sft` is this program."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "sft"
    command.write_text(f'#!/bin/sh\nexec {" ".join(SFT)} "$@"\n')
    command.chmod(0o755)
    return f"{tmp_path / 'bin'}:{os.environ['PATH']}"


def bash(path: str, line: str) -> list[str]:
    """What Tab offers after `line`."""
    script = f"""
source <(sft completion bash)
COMP_LINE={line!r}; COMP_POINT=${{#COMP_LINE}}
eval "COMP_WORDS=($COMP_LINE)"
[[ "$COMP_LINE" == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
$(complete -p sft | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    # This shell has no command line under way, which compopt minds.
    assert "".join(line for line in done.stderr.splitlines() if "compopt" not in line) == ""
    return sorted(word.strip() for word in done.stdout.split("\n") if word.strip())


def offered(sft: Run, *words: str) -> list[str]:
    """What the scripts are told at run time."""
    return sft("__complete", *words).out.split("\x1fbegin\n", 1)[1].splitlines()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("sft lo", {"login", "logout"}),
        ("sft user ", {"add", "list", "passwd", "disable", "enable", "delete"}),
        ("sft put --conflict ", {"overwrite", "skip", "rename", "newer"}),
        ("sft ls --so", {"--sort"}),
        ("sft completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_bash_completes(path: str, line: str, offered: set[str]) -> None:
    assert offered <= set(bash(path, line))


def test_bash_completes_local_files(path: str, clean_environment: Path) -> None:
    (clean_environment / "holiday.jpg").touch()
    assert "holiday.jpg" in bash(path, "sft put holi")


def test_bash_completes_paths_on_the_server(path: str, signed_in: FakeServer) -> None:
    for name in ("/photos 2026", "/phone.txt", "/other", "/photos 2026/سلام.txt"):
        content = b"" if name.endswith(".txt") else None
        signed_in.tree.items[RemotePath.parse(name)] = signed_in.tree.item(content)
    for command in ("ls", "get", "rm"):
        assert bash(path, f"sft {command} /ph") == ["/phone.txt", "/photos\\ 2026/"]
    assert bash(path, "sft ls oth") == ["other/"], "spelled as it was begun"


def test_completion_offers_names_here_for_the_target_of_get(
    sft: Run, signed_in: FakeServer, clean_environment: Path
) -> None:
    (clean_environment / "holiday").mkdir()
    signed_in.tree.items[RemotePath.parse("/hols.txt")] = signed_in.tree.item(b"")
    assert offered(sft, "get", "hol") == ["hols.txt"]
    assert offered(sft, "get", "/x", "hol") == ["hols.txt", "holiday/"]


def test_completion_is_silent_when_nothing_can_be_asked(sft: Run) -> None:
    for words in (["ls", "/p"], ["get", "/a/../b"]):
        ran = sft("__complete", *words)
        assert (ran.code, ran.err) == (0, "")
        assert offered(sft, *words) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_data_and_names_every_command(sft: Run, shell: str) -> None:
    ran = sft("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    for command in ("login", "put", "rotate", "completion"):
        assert command in ran.out
    assert "\x1b" not in ran.out


def test_another_shell_is_refused(sft: Run) -> None:
    ran = sft("completion", "csh")
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.peer
def test_zsh_accepts_the_script(path: str, sft: Run, tmp_path: Path) -> None:
    (tmp_path / "_sft").write_text(sft("completion", "zsh").out)
    subprocess.run(["zsh", "-n", str(tmp_path / "_sft")], check=True)
    script = f"fpath=({tmp_path} $fpath); autoload -Uz compinit && compinit -u -D; print -- $_comps[sft]"
    done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "_sft"


@pytest.mark.peer
def test_fish_completes(path: str, sft: Run, tmp_path: Path) -> None:
    (tmp_path / "sft.fish").write_text(sft("completion", "fish").out)
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source {tmp_path / 'sft.fish'}; complete -C 'sft lo'"],
        env={**os.environ, "PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["login", "logout", "logs"]
