import os
import stat
from pathlib import Path

import pytest

from secure_file_transfer.frontends.cli.shell.history import KEPT_MAX, PrivateHistory, worth_keeping


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("ls -l", True),
        ("LIST; -rm x", True),
        ("cat 'سلام 🎉'", True),
        ("PASS three green boats", False),
        ("USER mona", False),
        ("three green boats at noon", False),
        ("ls; PASS three", False),
        (" ls", False),
        ("", False),
        ("ls 'x", False),
        ("ls\nPASS x", False),
        ("ls " + "x" * 5000, False),
    ],
)
def test_what_is_kept(tmp_path: Path, line: str, kept: bool) -> None:
    assert worth_keeping(line) is kept
    history = PrivateHistory(tmp_path / "history")
    history.append_string(line)
    assert history.get_strings() == ([line] if kept else [])
    assert (tmp_path / "history").exists() is kept


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "history"
    old = os.umask(0)
    try:
        PrivateHistory(path).append_string("ls")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    PrivateHistory(path).append_string("pwd")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == "ls\npwd\n"


def test_it_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "history"
    path.write_text("".join(f"ls {number}\n" for number in range(3 * KEPT_MAX)) + "PASS x\n")
    found = list(PrivateHistory(path).load_history_strings())
    assert (found[0], len(found)) == (f"ls {3 * KEPT_MAX - 1}", KEPT_MAX - 1)
    assert len(path.read_text().splitlines()) == KEPT_MAX


def test_a_file_that_cannot_be_written_disturbs_nobody(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "history").symlink_to(tmp_path / "target")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "history", tmp_path / "folder"):
        PrivateHistory(path).append_string("ls")
    assert (tmp_path / "target").read_bytes() == b""
