"""The examples run exactly as their users would run them: in an empty folder, on port 12345."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from secure_file_transfer.server import init_certificates
from secure_file_transfer.testing.process import wait_for_port

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("example.txt", "file1.txt", "file2.txt", "file3.txt")


@pytest.mark.xdist_group("port-12345")
def test_the_examples_hand_over_four_files(tmp_path: Path) -> None:
    at_server, at_client = tmp_path / "server", tmp_path / "client"
    at_server.mkdir()
    at_client.mkdir()
    init_certificates(at_server, ["127.0.0.1"])
    (at_client / "ca_cert.pem").write_bytes((at_server / "ca_cert.pem").read_bytes())
    for name in NAMES:
        (at_client / name).write_bytes(os.urandom(5000))
    server = subprocess.Popen([sys.executable, EXAMPLES / "server.py"], cwd=at_server, stderr=subprocess.PIPE)
    try:
        wait_for_port(12345, server)
        client = subprocess.run(
            [sys.executable, EXAMPLES / "client.py"], cwd=at_client, capture_output=True, check=False
        )
        assert (client.returncode, client.stderr) == (0, b"")
    finally:
        server.send_signal(signal.SIGINT)
        _, said = server.communicate(timeout=20)
    assert b"Traceback" not in said
    assert server.returncode == 0
    for name in NAMES:
        assert (at_server / "received" / name).read_bytes() == (at_client / name).read_bytes()


def test_without_a_server_the_client_example_ends_with_a_typed_error(tmp_path: Path) -> None:
    init_certificates(tmp_path, ["127.0.0.1"])
    (tmp_path / "example.txt").write_text("hello")
    script = (EXAMPLES / "client.py").read_text().replace("12345", "1")
    client = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert client.returncode == 1
    assert "UnreachableError" in client.stderr
    assert "127.0.0.1:1" in client.stderr
