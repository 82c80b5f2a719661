"""What the documents tell people to type is typed here.

Blocks marked `sh` run in one shell per document, on a pseudo-terminal, beside a server on another port; `python`
blocks of the library's document run in one program; JSON blocks must be JSON. Blocks marked `text` are not run.
"""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from benchmarks.proofs import PASSWORD, USER, Caller

from secure_file_transfer.testing.process import ServerProcess

ROOT = Path(__file__).parents[2]
DOCS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
ANSWERS = {  # what a person types when asked, by the end of the question
    rb"\[y/N\] ?$": "y",
    rb"(?i)(user|account|name)[^\n]*: ?$": USER,
    rb"(?i)password[^\n]*: ?$": PASSWORD,
}


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)


def type_into_a_terminal(command: list[str], env: dict[str, str], cwd: Path, seconds: float = 60) -> tuple[int, str]:
    """Run it on a pseudo-terminal and answer what it asks; returns the exit code and all that was shown."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        command, env=env, cwd=cwd, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    )
    os.close(terminal)
    shown, answered = b"", 0
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            if not select.select([controller], [], [], 0.1)[0]:
                if process.poll() is not None:
                    break
                continue
            try:
                piece = os.read(controller, 65536)
            except OSError:  # the other end is closed
                break
            shown += piece
            for question, answer in ANSWERS.items():
                if re.search(question, shown[answered:]):
                    os.write(controller, f"{answer}\n".encode())
                    answered = len(shown)
                    break
        return process.wait(max(0.1, deadline - time.monotonic())), shown.decode(errors="replace")
    finally:
        process.kill()
        os.close(controller)


def test_there_are_documents_with_something_to_type() -> None:
    assert len(DOCS) >= 7
    assert len(blocks(ROOT / "README.md", "sh")) >= 5
    assert len(blocks(ROOT / "docs" / "library.md", "python")) >= 5


@pytest.mark.peer
@pytest.mark.parametrize("document", [path for path in DOCS if blocks(path, "sh")], ids=lambda path: path.name)
def test_the_commands_of_a_document_do_what_it_says(document: Path, tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    server.add_user(USER, PASSWORD, admin=True)
    with server:
        work = tmp_path / "work"
        (work / "photos").mkdir(parents=True)
        (work / "holiday.jpg").write_bytes(os.urandom(200_000))
        (work / "photos" / "note.txt").write_text("sea and sand")
        (work / "ca.pem").write_bytes(server.cafile.read_bytes())
        script = "\n".join(blocks(document, "sh")).replace("https://localhost:5000", server.url)
        env = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TERM": "xterm",
            "SFT_DATA_DIR": str(server.data_dir),
            "SFT_PROFILES": str(tmp_path / "profiles.json"),
            "TOKEN": Caller(server).token,
        }
        code, shown = type_into_a_terminal(["bash", "-euo", "pipefail", "-c", script], env, work)
        assert code == 0, f"{document.name} ended with {code}:\n{shown}"
        if document.name == "README.md":
            assert (work / "copy.jpg").read_bytes() == (work / "holiday.jpg").read_bytes()
            assert (work / "first.bytes").read_bytes() == (work / "holiday.jpg").read_bytes()[:100]
            assert "sea and sand" in shown


def test_the_library_document_is_one_working_program(tmp_path: Path) -> None:
    program = "\n".join(blocks(ROOT / "docs" / "library.md", "python"))
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "sea.jpg 4000" in done.stdout


def test_the_readme_shows_the_examples_as_they_are() -> None:
    readme = (ROOT / "README.md").read_text()
    for example in ("server.py", "client.py"):
        lines = (ROOT / "examples" / example).read_text().split('"""\n')[-1].strip().splitlines()
        assert "\n".join(line for line in lines if line) in readme


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_json_blocks_are_json(path: Path) -> None:
    for block in blocks(path, "json"):
        json.loads(block)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
