"""The tools that do harm do exactly the harm they are told to."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from secure_file_transfer.testing.certificates import TestAuthority
from secure_file_transfer.testing.middleman import Body, Middleman
from secure_file_transfer.testing.proxy import FaultProxy, Harm
from secure_file_transfer.testing.scripted_server import Asked, ScriptedServer, answer

DATA = bytes(range(256)) * 4096


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Takes one connection, sends back what it got once the other side has said all, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                got = b""
                while len(got) < len(DATA) and (more := connection.recv(65536)):
                    got += more
                connection.sendall(got)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server
        thread.join(10)


def there_and_back(port: int) -> tuple[bytes, float]:
    with closing(socket.create_connection(("127.0.0.1", port), 10)) as connection:
        begin = time.monotonic()
        connection.sendall(DATA)
        got = b""
        while more := connection.recv(65536):
            got += more
        return got, time.monotonic() - begin


@pytest.mark.parametrize(
    ("harm", "least"),
    [
        pytest.param(Harm(), 0.0, id="none"),
        pytest.param(Harm(latency=0.05), 0.1, id="a round trip"),
        pytest.param(Harm(latency=0.02, window=256 * 1024), 4 * 0.04, id="four windows, a round trip each"),
        pytest.param(Harm(rate=10 * len(DATA)), 0.19, id="a slow line, there and back"),
    ],
)
def test_what_a_way_costs_and_that_all_arrives(listener: socket.socket, harm: Harm, least: float) -> None:
    with FaultProxy(listener.getsockname()[1], harm) as proxy:
        got, seconds = there_and_back(proxy.port)
        assert got == DATA
        assert seconds >= least
        assert proxy.passed == {"up": len(DATA), "down": len(DATA)}


class Seen:
    """A tamper that keeps what it saw."""

    def __init__(self, direction: str, at: int, *, cut: bool) -> None:
        self.direction, self.at, self.cut = direction, at, cut
        self.bodies: list[tuple[str, str, str, int, int]] = []

    def __call__(self, body: Body, piece: memoryview) -> int | None:
        if not body.passed:
            self.bodies.append((body.direction, body.method, body.target, body.status, body.length))
        if body.direction == self.direction and body.passed <= self.at < body.passed + len(piece):
            if self.cut:
                return self.at - body.passed
            piece[self.at - body.passed] ^= 1
        return None


def ask(tmp_path: Path, seen: Seen) -> tuple[bytes, bytes]:
    """What the server got of a request, and what came back of its answer, by way of a middleman."""
    (tmp_path / "server").mkdir()
    files = TestAuthority().issue(tmp_path / "server")
    got, read = [], threading.Event()

    def script(asked: Asked) -> bytes:
        got.append(asked.read(asked.length))
        read.set()
        return answer(200, body=DATA)

    with (
        ScriptedServer(script, files.context()) as server,
        Middleman(server.port, files.cafile, tmp_path / "middle", seen) as middle,
    ):
        context = ssl.create_default_context(cafile=str(middle.files.cafile))
        connection = http.client.HTTPSConnection("127.0.0.1", middle.port, context=context, timeout=10)
        try:
            connection.request("PUT", "/x", DATA)
            came = connection.getresponse().read()
        except http.client.IncompleteRead as error:
            came = error.partial
        except (OSError, http.client.HTTPException):
            came = b""
        finally:
            connection.close()
        assert read.wait(10), "what went on before a cut arrives, perhaps after the client has given up"
    return b"".join(got), came


@pytest.mark.parametrize("at", [0, 1, 65_535, 65_536, 200_000, len(DATA) - 1])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_cut_is_where_it_is_said(tmp_path: Path, direction: str, at: int) -> None:
    got, came = ask(tmp_path, Seen(direction, at, cut=True))
    assert (got, came) == ((DATA[:at], b"") if direction == "up" else (DATA, DATA[:at]))


@pytest.mark.parametrize("direction", ["up", "down"])
def test_one_byte_changes_and_no_other(tmp_path: Path, direction: str) -> None:
    seen = Seen(direction, 70_000, cut=False)
    changed = DATA[:70_000] + bytes([DATA[70_000] ^ 1]) + DATA[70_001:]
    assert ask(tmp_path, seen) == ((changed, DATA) if direction == "up" else (DATA, changed))
    assert seen.bodies == [("up", "PUT", "/x", 0, len(DATA)), ("down", "PUT", "/x", 200, len(DATA))]
