"""`./run.sh` as its user types it. The set-up itself is proven by running the tests at all, in a fresh clone."""

import os
import subprocess
from pathlib import Path

import pytest

from secure_file_transfer.testing.process import ServerProcess
from secure_file_transfer.version import __version__

RUN = Path(__file__).parents[2] / "run.sh"


def run(*arguments: str, cwd: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [RUN, *arguments], cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )


def test_it_is_the_command_sft_from_any_folder_and_prints_nothing_else(tmp_path: Path) -> None:
    done = run("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"sft {__version__}\n", "")
    assert list(tmp_path.iterdir()) == []


def test_exit_codes_pass_through(tmp_path: Path) -> None:
    assert run("no-such-command", cwd=tmp_path).returncode == 2


def test_relative_paths_are_those_of_the_caller(tmp_path: Path) -> None:
    assert run("cert", "init", "--host", "localhost", "--out", "here", cwd=tmp_path).returncode == 0
    assert (tmp_path / "here" / "ca_cert.pem").is_file()


def test_the_first_start_prints_all_that_one_needs_and_the_second_is_quick(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", command=[str(RUN)])
    with server:
        assert f"https://127.0.0.1:{server.port}" in server.banner
        assert server.setup_code
        fingerprint = subprocess.run(
            ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", server.cafile],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("=")[1]
        assert fingerprint.strip() in "".join(server.banner.split())
    server.start()
    try:
        print(f"second start: {server.ready_seconds:.2f} s")
        assert server.ready_seconds < 5  # the promise is 2 s on an idle machine; this one may be busy with other tests
    finally:
        assert server.stop() == 0


def test_a_second_server_on_the_same_data_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data") as first:
        done = run("serve", "--port", "0", "--data-dir", str(first.data_dir), cwd=tmp_path)
        assert done.returncode == 78
        assert str(first.pid) in done.stderr
        assert "Traceback" not in done.stderr
        first.add_user("sara", "a long enough secret")


@pytest.mark.peer
def test_a_wrong_master_key_is_refused_by_name(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data"):
        pass
    key = tmp_path / "data" / "keys" / "master.key"
    key.rename(tmp_path / "right.key")
    with ServerProcess(tmp_path / "other"):
        pass
    (tmp_path / "other" / "keys" / "master.key").rename(key)
    done = run("serve", "--port", "0", "--data-dir", str(tmp_path / "data"), cwd=tmp_path)
    assert done.returncode == 78
    assert "master key" in done.stderr
    assert "Traceback" not in done.stderr
    (tmp_path / "right.key").rename(key)
    with ServerProcess(tmp_path / "data"):
        pass
