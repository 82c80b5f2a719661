"""Servers forked from a process that has loaded everything are servers like any other."""

import ssl
import urllib.request
from pathlib import Path

import pytest

from secure_file_transfer.testing.forks import Nursery
from secure_file_transfer.testing.process import ServerProcess

pytestmark = pytest.mark.skipif("sys.platform != 'linux'", reason="pidfd is Linux's")


def reached(server: ServerProcess) -> bool:
    context = ssl.create_default_context(cafile=str(server.cafile))
    with urllib.request.urlopen(f"{server.url}/api/v1/openapi.json", context=context) as answer:
        return bool(answer.status == 200)


def test_a_forked_server_is_killed_started_again_and_stopped(nursery: Nursery, tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", nursery=nursery).start()
    port, pid = server.port, server.pid
    assert reached(server)
    server.kill()
    assert not Path(f"/proc/{pid}").exists()
    server.start()
    assert server.port == port
    assert server.pid != pid
    assert reached(server)
    assert server.stop() == 0


def test_two_at_a_time_have_nothing_in_common(nursery: Nursery, tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path / "a", nursery=nursery) as first,
        ServerProcess(tmp_path / "b", nursery=nursery, env={"SFT_LOG_LEVEL": "debug"}) as second,
    ):
        assert first.setup_code != second.setup_code
        assert first.cafile.read_bytes() != second.cafile.read_bytes()
        assert reached(first)
        assert reached(second)


def test_one_that_does_not_start_says_why(nursery: Nursery, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no-such-option"):
        ServerProcess(tmp_path / "data", "--no-such-option", nursery=nursery).start()


def test_those_that_are_left_end_with_the_nursery(tmp_path: Path) -> None:
    with Nursery() as brief:
        server = ServerProcess(tmp_path / "data", nursery=brief).start()
    assert not Path(f"/proc/{server.pid}").exists()
