import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.doors.http.listener import Listener, serve_config
from secure_file_transfer.doors.sockets import bind, tls_context
from secure_file_transfer.errors import ConfigurationError

TOKEN = "sft_" + "A" * 43


def get(listener: Any, target: str, cafile: Path, **context_options: Any) -> tuple[int, bytes]:
    context = ssl.create_default_context(cafile=str(cafile))
    for name, value in context_options.items():
        setattr(context, name, value)
    with (
        socket.create_connection(("127.0.0.1", listener.port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as connection,
    ):
        connection.sendall(
            f"GET {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n".encode()
        )
        data = b""
        try:
            while piece := connection.recv(65536):
                data += piece
        except ssl.SSLEOFError:
            pass
        return int(data.split()[1]), data.partition(b"\r\n\r\n")[2]


def test_the_port_is_known_and_serves_after_start(serve: Callable[..., Listener], tls_files: tuple[Path, Path]) -> None:
    listener = serve()
    assert listener.port > 0
    assert get(listener, "/readyz", tls_files[0]) == (200, b"ok\n")


def test_several_addresses_share_one_port() -> None:
    sockets = bind("localhost", 0)
    try:
        assert len({sock.getsockname()[1] for sock in sockets}) == 1
    finally:
        for sock in sockets:
            sock.close()


def test_a_port_that_is_taken_is_a_clear_error(serve: Callable[..., Listener]) -> None:
    port = serve().port
    with pytest.raises(ConfigurationError, match=rf"Cannot listen on 127\.0\.0\.1 port {port}") as caught:
        bind("127.0.0.1", port)[0].listen()
    assert caught.value.hint


def test_a_foreign_address_is_a_clear_error() -> None:
    with pytest.raises(ConfigurationError, match=r"192\.0\.2\.1"):
        bind("192.0.2.1", 0)


@pytest.mark.parametrize("content", [None, "", "nonsense"])
def test_certificate_files_that_cannot_be_used(
    tls_files: tuple[Path, Path], tmp_path: Path, content: str | None
) -> None:
    bad = tmp_path / "bad.pem"
    if content is not None:
        bad.write_text(content)
    with pytest.raises(ConfigurationError, match=r"bad\.pem"):
        tls_context(bad, tls_files[1])
    with pytest.raises(ConfigurationError, match=r"bad\.pem"):
        tls_context(tls_files[0], bad)
    with pytest.raises(ConfigurationError, match=r"bad\.pem"):
        tls_context(*tls_files, bad)


def test_old_tls_and_weak_ciphers_are_refused(serve: Callable[..., Listener], tls_files: tuple[Path, Path]) -> None:
    listener = serve()
    two = {"maximum_version": ssl.TLSVersion.TLSv1_2}
    assert get(listener, "/healthz", tls_files[0], **two)[0] == 200
    for cipher in ("AES128-GCM-SHA256", "ECDHE+AES128:!AESGCM"):
        context = ssl.create_default_context(cafile=str(tls_files[0]))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(cipher)
        with (
            socket.create_connection(("127.0.0.1", listener.port), timeout=10) as raw,
            pytest.raises(ssl.SSLError),
        ):
            context.wrap_socket(raw, server_hostname="localhost")
    assert tls_context(*tls_files).minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_client_without_certificate_is_kept_out_where_one_is_asked_for(
    build: Callable[..., Any], tls_files: tuple[Path, Path]
) -> None:
    listener = serve_config(
        build(),
        host="127.0.0.1",
        port=0,
        certfile=tls_files[0],
        keyfile=tls_files[1],
        client_cafile=tls_files[0],
        shutdown_seconds=1,
        idle_seconds=5,
    )
    listener.start()
    try:
        with pytest.raises((OSError, IndexError)):
            get(listener, "/healthz", tls_files[0])
    finally:
        listener.stop()


def test_stopping_lets_running_requests_finish_and_refuses_new_ones(
    serve: Callable[..., Listener], tls_files: tuple[Path, Path], house: Any
) -> None:
    listener = serve(shutdown_seconds=10)
    house.put("/a", b"x" * 100)
    house.read_gate.clear()
    results: list[Any] = []
    reader = threading.Thread(target=lambda: results.append(get(listener, "/api/v1/files/a", tls_files[0])))
    reader.start()
    until(lambda: house.open_contents == 1)
    stopper = threading.Thread(target=listener.stop)
    stopper.start()
    until(lambda: not listener._gate.is_open)
    assert get(listener, "/readyz", tls_files[0])[0] == 503
    assert get(listener, "/healthz", tls_files[0])[0] == 200
    status, body = get(listener, "/api/v1/server", tls_files[0])
    assert status == 503
    assert b"shutting_down" in body
    house.read_gate.set()
    reader.join(10)
    stopper.join(10)
    assert results == [(200, b"x" * 100)]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", listener.port), timeout=10)


def test_stopping_cuts_what_takes_too_long_and_leaves_nothing(
    serve: Callable[..., Listener], tls_files: tuple[Path, Path], house: Any
) -> None:
    listener = serve(shutdown_seconds=0.2)
    context = ssl.create_default_context(cafile=str(tls_files[0]))
    with (
        socket.create_connection(("127.0.0.1", listener.port), timeout=10) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as connection,
    ):
        connection.sendall(
            b"PUT /api/v1/files/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
            b"Authorization: Bearer " + TOKEN.encode() + b"\r\n\r\n12"
        )
        until(lambda: house.drafts == 1)
        began = time.monotonic()
        listener.stop()
        assert time.monotonic() - began < 8
    assert (house.drafts, house.aborted) == (0, 1)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


SCRIPT = """
import sys
from pathlib import Path
from secure_file_transfer.doors.http.app import HttpServices, build_app
from secure_file_transfer.doors.http.listener import serve_config
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files

app = build_app(HttpServices(Files(Access()), None, None, b"", True, 1 << 20, "1"))
certfile, keyfile = map(Path, sys.argv[1:])
listener = serve_config(
    app, host="127.0.0.1", port=0, certfile=certfile, keyfile=keyfile, shutdown_seconds=5, idle_seconds=5
)
listener.run(lambda: print(listener.port, flush=True))
print("taken down in order", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_program_in_order_and_quietly(tls_files: tuple[Path, Path], number: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SCRIPT, *map(str, tls_files)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        port = int(program.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
            plain.recv(100)
        os.kill(program.pid, number)
        assert program.stdout.read() == "taken down in order\n"
        assert program.stderr.read() == ""
        assert program.wait(10) == 0
