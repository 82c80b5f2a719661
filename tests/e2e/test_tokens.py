"""API tokens from end to end: by the command line and the library, from the first question to the revocation."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.errors import ForbiddenError, NotFoundError, SignInRequiredError
from secure_file_transfer.testing.process import ServerProcess, sft_command

PASSWORD = "three green boats at noon"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("server") / "data")
    server.add_user("sara", PASSWORD)
    with server:
        yield server


@pytest.fixture
def home(server: ServerProcess, tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has signed in."""
    env = {"SFT_PROFILES": str(tmp_path / "profiles.json")}
    arguments = ("login", server.url, "--user", "sara", "--password-stdin", "--cafile", str(server.cafile))
    server.sft(*arguments, text=PASSWORD + "\n", env=env)
    return env


def create(server: ServerProcess, env: dict[str, str], *arguments: str) -> str:
    made = server.sft("token", "create", *arguments, "--password-stdin", text=PASSWORD + "\n", env=env)
    (line,) = made.splitlines()
    return line


def test_a_script_gets_a_token_uses_it_and_loses_it(
    server: ServerProcess, home: dict[str, str], tmp_path: Path
) -> None:
    server.sft("mkdir", "/backups", "/private", env=home)
    scopes = ("--scope", "files:read", "--scope", "files:write")
    token = create(server, home, "nightly", *scopes, "--path", "/backups", "--expire", "12h")
    tree = tmp_path / "data"
    (tree / "deep").mkdir(parents=True)
    for number in range(20):
        (tree / "deep" / f"{number}").write_bytes(b"%d" % number * 1000)
    (tree / "big").write_bytes(os.urandom(2_000_000))
    script = {"SFT_SERVER": server.url, "SFT_TOKEN": token, "SFT_CAFILE": str(server.cafile)}
    script["SFT_PROFILES"] = str(tmp_path / "none.json")
    server.sft("put", "-r", str(tree), "/backups/", env=script)
    listed = server.sft("ls", "/backups/data/deep", env=script)
    assert len(listed.splitlines()) == 20
    who = json.loads(server.sft("whoami", "--json", env=script))
    assert who["token"] == {"name": "nightly", "scopes": ["files:read", "files:write"], "path": "/backups"}
    (each,) = json.loads(server.sft("token", "list", "--json", env=home))
    assert (each["name"], each["path"], each["address"], each["status"]) == (
        "nightly",
        "/backups",
        "127.0.0.1",
        "active",
    )
    assert server.sft("token", "list", env=home).split()[:2] == [str(each["id"]), "nightly"]
    with SecureFileTransferClient(server.url, cafile=server.cafile, token=token) as client:
        assert client.get_bytes("/backups/data/deep/7") == b"7" * 1000
        for path in ("/", "/private", "/backup"):
            with pytest.raises(NotFoundError):
                client.stat(path)
        with pytest.raises(ForbiddenError, match="files:delete"):
            client.remove("/backups/data/big")
        with pytest.raises(ForbiddenError):
            client.create_token("more", PASSWORD)
        server.sft("token", "rm", str(each["id"]), env=home)
        with pytest.raises(SignInRequiredError):
            client.stat("/backups")
    assert json.loads(server.sft("token", "list", "--json", env=home)) == []


def test_a_token_is_remembered_as_a_sign_in_is(server: ServerProcess, home: dict[str, str], tmp_path: Path) -> None:
    token = create(server, home, "laptop")
    env = {"SFT_PROFILES": str(tmp_path / "other.json")}
    server.sft("login", server.url, "--token-stdin", "--cafile", str(server.cafile), text=token + "\n", env=env)
    assert "laptop" in server.sft("whoami", env=env)
    server.sft("ls", "/", env=env)
    server.sft("logout", env=env)
    assert token not in (tmp_path / "other.json").read_text()
    assert server.sft("token", "rm", "--all", "--json", env=home) == '{\n  "revoked": 1\n}\n'


def test_attack_42_no_secret_in_arguments_logs_or_errors(
    server: ServerProcess, home: dict[str, str], tmp_path: Path
) -> None:
    token = create(server, home, "quiet")
    script = {"SFT_SERVER": server.url, "SFT_TOKEN": token[:-1] + "_", "SFT_CAFILE": str(server.cafile)}
    done = subprocess.run(
        [*sft_command(), "ls", "/"],
        env={**os.environ, **script, "SFT_PROFILES": str(tmp_path / "none.json"), "SFT_DEBUG": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 6
    secret = token.removeprefix("sft_api_")[:40]
    assert secret not in done.stdout + done.stderr
    assert secret not in server.log.read_text()
    assert secret not in "".join(path.read_text() for path in tmp_path.rglob("*.json"))
