"""The synchronous client: the same methods, in any program, and nothing left behind."""

import asyncio
import gc
import inspect
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from secure_file_transfer.client import AsyncClient, Progress, SecureFileTransferClient
from secure_file_transfer.errors import InvalidRequestError, NotFoundError
from secure_file_transfer.model import MIB
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.testing.fake_server import FakeServer
from secure_file_transfer.testing.scripted_server import Asked, ScriptedServer, answer, entry


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeServer]:
    with FakeServer(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def client(fake: FakeServer) -> Iterator[SecureFileTransferClient]:
    with SecureFileTransferClient(fake.url, cafile=fake.files.cafile, token=fake.token) as client:
        yield client


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "sft-client"]


def test_every_asynchronous_method_has_its_twin() -> None:
    inner = {"upload", "block_service", "stream", "unless_held"}
    for name, method in inspect.getmembers(AsyncClient, callable):
        if not name.startswith("_") and name not in inner:
            twin = getattr(SecureFileTransferClient, name)
            assert list(inspect.signature(twin).parameters) == list(inspect.signature(method).parameters), name
            assert inspect.getdoc(twin), name


def test_iterators_are_ordinary_ones(fake: FakeServer, client: SecureFileTransferClient) -> None:
    for number in range(2500):
        fake.tree.make_folder(RemotePath.parse(f"/f{number:04}"), parents=False)
    listed = client.list("/")
    assert next(listed).name == "f0000"
    assert len(list(listed)) == 2499
    client.put_bytes(b"x" * 3 * MIB, "/data")
    pieces = client.get_stream("/data", offset=1)
    assert next(pieces)
    pieces.close()  # type: ignore[attr-defined]  # a generator underneath
    assert b"".join(client.get_stream("/data")) == b"x" * 3 * MIB
    assert b"".join(client.zip(["/data"])).startswith(b"PK")


def test_the_loop_begins_with_the_first_call_and_ends_with_the_client(fake: FakeServer) -> None:
    before = len(threads())
    client = SecureFileTransferClient(fake.url, cafile=fake.files.cafile, token=fake.token)
    assert len(threads()) == before
    client.stat("/")
    assert len(threads()) == before + 1
    client.close()
    assert len(threads()) == before
    client.stat("/")
    client.close()
    client.close()


def test_a_forgotten_client_takes_its_thread_along(fake: FakeServer) -> None:
    before = len(threads())
    client = SecureFileTransferClient(fake.url, cafile=fake.files.cafile, token=fake.token)
    client.stat("/")
    del client
    gc.collect()
    assert len(threads()) == before


def test_many_threads_share_one_client(client: SecureFileTransferClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: client.put_bytes(bytes([n]), f"/f{n}"), range(40)))
    assert len(list(client.list("/"))) == 40


async def test_it_works_where_a_loop_is_running(client: SecureFileTransferClient) -> None:
    assert asyncio.get_running_loop().is_running()
    assert client.stat("/").path == "/"


def test_a_callback_that_calls_the_client_is_told_so(client: SecureFileTransferClient, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x")

    def nosy(_: Progress) -> None:
        client.stat("/")

    with pytest.raises(InvalidRequestError, match="callback"):
        client.send_file(tmp_path / "f", on_progress=nosy)


def test_errors_are_those_of_the_asynchronous_client(client: SecureFileTransferClient) -> None:
    with pytest.raises(NotFoundError, match="/nothing"):
        client.get_bytes("/nothing")


def test_the_documented_lines_run_and_the_program_just_ends(fake: FakeServer, tmp_path: Path) -> None:
    for name in ("example.txt", "file1.txt", "file2.txt", "file3.txt"):
        (tmp_path / name).write_text(name)
    script = f"""
from secure_file_transfer import SecureFileTransferClient
client = SecureFileTransferClient(
    host="127.0.0.1", port={fake.port}, cafile={str(fake.files.cafile)!r}, token={fake.token!r}
)
client.send_file("example.txt")
client.send_files_in_parallel(["file1.txt", "file2.txt", "file3.txt"])
"""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {str(path) for path in fake.tree.items} >= {"/example.txt", "/file3.txt"}


def test_ctrl_c_ends_the_transfer_and_leaves_no_half_file(fake: FakeServer, tmp_path: Path) -> None:
    begun = threading.Event()

    def script(asked: Asked) -> bytes | None:
        if "/entries/" in asked.target:
            return answer(200, entry("/f", size=9 * MIB))
        asked.connection.sendall(answer(200, body=b"x" * 5 * MIB, headers={"Content-Length": str(9 * MIB)}))
        begun.set()
        asked.connection.recv(1)  # until the client leaves
        return None

    code = """
import sys
from secure_file_transfer import SecureFileTransferClient
client = SecureFileTransferClient(port=int(sys.argv[1]), host="127.0.0.1", cafile=sys.argv[2], token="t")
try:
    client.receive_file("/f", "f")
except KeyboardInterrupt:
    print("interrupted")
"""
    with ScriptedServer(script, fake.context()) as server:
        command = [sys.executable, "-X", "dev", "-W", "error", "-c", code, str(server.port), str(fake.files.cafile)]
        program = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert begun.wait(30)
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=30)
    assert (program.returncode, out, err) == (0, "interrupted\n", "")
    assert list(tmp_path.iterdir()) == []
