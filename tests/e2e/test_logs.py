"""The log of a real server: acts survive `kill -9`, and what the command line shows and exports."""

import json
import ssl
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from secure_file_transfer.testing.process import ServerProcess, sft_command

PASSWORD = "four plain words together"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path / "data", env={"SFT_PROFILES": str(tmp_path / "profiles.json")})
    yield server.start()
    server.kill()


def asked(server: ServerProcess, method: str, path: str, said: Any = None, token: str | None = None) -> Any:
    context = ssl.create_default_context(cafile=str(server.cafile))
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    data = None if said is None else json.dumps(said).encode()
    request = urllib.request.Request(f"{server.url}/api/v1{path}", data, headers, method=method)
    with urllib.request.urlopen(request, context=context, timeout=30) as answer:
        content = answer.read()
    return json.loads(content) if content else None


def test_what_was_acknowledged_is_written_down_also_after_kill_9(server: ServerProcess) -> None:
    told = {"code": server.setup_code, "name": "ada", "password": PASSWORD}
    token = asked(server, "POST", "/setup", told)["token"]
    for number in range(5):
        name = f"user{number}"
        asked(server, "POST", "/admin/accounts", {"name": name, "password": PASSWORD}, token)
        asked(server, "PUT", f"/folders/d{number}", token=token)
        asked(server, "PUT", "/grants", {"path": f"/d{number}", "to": name, "rights": "viewer"}, token)
        server.kill()
        server.start()
        events = asked(server, "GET", "/log?limit=20&category=sharing&category=administration", token=token)["events"]
        kinds = {(each["kind"], each["target"]) for each in events}
        assert {("account.created", name), ("share.granted", f"/d{number}")} <= kinds


def test_the_command_line_shows_filters_and_exports_it(server: ServerProcess, tmp_path: Path) -> None:
    asked(server, "POST", "/setup", {"code": server.setup_code, "name": "ada", "password": PASSWORD})

    def run(*arguments: str, text: str = "", code: int = 0) -> str:
        done = subprocess.run(
            [*sft_command(), *arguments],
            env=server._env,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr

    run("login", server.url, "--user", "ada", "--password-stdin", "--cafile", str(server.cafile), text=PASSWORD)
    run("mkdir", "/reports")
    told = run("logs", "--category", "file", "--since", "1h", "--user", "ada", "--search", "report")
    assert "folder.created" in told
    assert "'/reports' was made" in told
    (line,) = run("logs", "--json", "-n", "1", "--category", "file").splitlines()
    assert json.loads(line)["target"] == "/reports"
    assert "Nothing of that kind happened." in run("logs", "--severity", "error")
    sheet = tmp_path / "all.xlsx"
    assert str(sheet) in run("logs", "--export", str(sheet))
    rows = list(openpyxl.load_workbook(sheet)["Log"].iter_rows(values_only=True))
    assert "/reports" in {row[9] for row in rows}
    for name in ("log.txt", "log.csv", "log.jsonl"):
        run("logs", "--export", str(tmp_path / name))
        assert "folder.created" in (tmp_path / name).read_text()
    assert ".xlsx, .txt, .csv or .jsonl" in run("logs", "--export", str(tmp_path / "log.exe"), code=2)
    assert "is no time" in run("logs", "--since", "soon", code=2)
    assert {each.name for each in tmp_path.glob(".*")} == set()
