"""Raw bytes over real TLS: what reaches the parser, and what happens to those who send it badly or not at all."""

import json
import random
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer.doors.http.connection import FIELDS_MAX, HEAD_MAX
from secure_file_transfer.model import MIB, LogEvent
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.services.audit import Audit
from secure_file_transfer.testing.clock import FakeClock

TOKEN = "sft_" + "A" * 43
HEAD = f"HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
SHORT = {"handshake_seconds": 0.5, "head_seconds": 0.5, "idle_seconds": 0.5}
Connect = Callable[..., ssl.SSLSocket]


@pytest.fixture
def connect(tls_files: tuple[Path, Path]) -> Iterator[Connect]:
    opened: list[ssl.SSLSocket] = []
    context = ssl.create_default_context(cafile=str(tls_files[0]))

    def open_(listener: Any) -> ssl.SSLSocket:
        raw = socket.create_connection(("127.0.0.1", listener.port), timeout=10)
        opened.append(context.wrap_socket(raw, server_hostname="localhost"))
        return opened[-1]

    yield open_
    for connection in opened:
        connection.close()


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except (ConnectionResetError, ssl.SSLEOFError):
        pass
    return data


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def read_answer(connection: socket.socket) -> tuple[int, bytes]:
    """One answer with Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(1)
        if not piece:
            raise EOFError(data)
        data += piece
    match = re.search(rb"content-length: (\d+)", data)
    body = b""
    while match and len(body) < int(match[1]):
        body += connection.recv(int(match[1]) - len(body))
    return int(data.split()[1]), body


def the_only_answer(data: bytes) -> tuple[int, str]:
    """Status and code of the one problem in `data`, after which the connection closed."""
    head, _, body = data.partition(b"\r\n\r\n")
    assert len(re.findall(rb"HTTP/1.1 [0-9]{3} ", data)) == 1
    assert b"connection: close" in head
    problem = json.loads(body)
    assert problem["status"] == int(head.split()[1])
    return problem["status"], problem["code"]


@pytest.fixture
def server(serve: Callable[..., Any], house: Any) -> Any:
    house.put("/a", b"hello")
    return serve()


@pytest.fixture
def impatient(serve: Callable[..., Any], house: Any) -> Any:
    house.put("/a", b"hello")
    return serve(**SHORT)


def test_keep_alive_and_pipelining(server: Any, connect: Connect) -> None:
    connection = connect(server)
    connection.sendall(b"GET /api/v1/files/a " + HEAD + b"\r\n")
    assert read_answer(connection) == (200, b"hello")
    connection.sendall((b"GET /api/v1/files/a " + HEAD + b"\r\n") * 3)
    assert [read_answer(connection) for _ in range(3)] == [(200, b"hello")] * 3


def test_http_1_0(server: Any, connect: Connect) -> None:
    connection = connect(server)
    connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nok\n")


def test_server_and_date_are_stated(server: Any, connect: Connect) -> None:
    connection = connect(server)
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    head = read_all(connection).lower()
    assert b"\r\nserver: securefiletransfer\r\n" in head
    assert re.search(rb"\r\ndate: [a-z]{3}, \d\d [a-z]{3} \d{4} \d\d:\d\d:\d\d gmt\r\n", head)
    assert b"uvicorn" not in head


PUT = b"PUT /api/v1/files/x " + HEAD
SMUGGLED = b"GET /api/v1/files/a " + HEAD + b"\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        PUT + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        PUT + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED,
        PUT + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + SMUGGLED,
        PUT + b"Content-Length: 5, 6\r\n\r\nhello" + SMUGGLED,
        PUT + b"Content-Length: +5\r\n\r\nhello",
        PUT + b"Content-Length: -1\r\n\r\nhello",
        PUT + b"Content-Length: 0x5\r\n\r\nhello",
        PUT + b"Content-Length: 99999999999999999999\r\n\r\nhello",
        PUT + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        PUT + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        PUT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        PUT + b"Transfer-Encoding: identity\r\n\r\nhello",
        PUT + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        PUT + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        PUT.replace(b"/1.1", b"/1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        PUT + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello" + SMUGGLED,
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        b"GET / HTTP/0.9\r\nHost: a\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n",
        b"CONNECT evil:443 HTTP/1.1\r\nHost: evil\r\n\r\n",
        b"USER anonymous\r\nPASS x\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_attacks_20_and_46_what_can_be_read_in_two_ways_is_refused(
    server: Any, connect: Connect, house: Any, raw: bytes
) -> None:
    connection = connect(server)
    connection.sendall(raw)
    assert the_only_answer(read_all(connection)) == (400, "invalid_request")
    assert not [path for path in house.tree if path.name == "x"]


@pytest.mark.parametrize(
    "chunks", [b"5 \r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n", b"5\r\nhelloXX0\r\n\r\n", b"fffffffffffffffff\r\nh"]
)
def test_attack_46_broken_chunks_leave_no_file(server: Any, connect: Connect, house: Any, chunks: bytes) -> None:
    connection = connect(server)
    connection.sendall(PUT + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert the_only_answer(read_all(connection))[0] == 400
    server.stop()
    assert not [path for path in house.tree if path.name == "x"]
    assert house.drafts == 0


def test_trailers_do_not_become_headers(server: Any, connect: Connect, house: Any) -> None:
    connection = connect(server)
    connection.sendall(
        PUT
        + b"Transfer-Encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n0\r\nIf-None-Match: *\r\nContent-Digest: x\r\n\r\n"
    )
    assert read_answer(connection)[0] == 201


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * HEAD_MAX + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (4 * HEAD_MAX),
        b"GET /" + b"x" * (2 * HEAD_MAX) + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * (FIELDS_MAX + 1) + b"\r\n",
        PUT + b"Transfer-Encoding: chunked\r\n\r\n5;" + b"x" * (8 * HEAD_MAX),
        PUT + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * (8 * HEAD_MAX),
    ],
)
def test_attack_46_a_header_bomb_is_431(server: Any, connect: Connect, raw: bytes) -> None:
    connection = connect(server)
    connection.sendall(raw)
    connection.settimeout(10)
    status, body = read_answer(connection)
    assert status == 431
    assert json.loads(body)["code"] == "too_large"


def test_the_largest_header_that_fits_is_taken(server: Any, connect: Connect) -> None:
    connection = connect(server)
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (HEAD_MAX - 100) + b"\r\n\r\n")
    assert read_answer(connection) == (200, b"ok\n")


# --- silence --------------------------------------------------------------------------------------------------------


def test_attack_60_a_silent_connection_is_closed_while_others_go_on(impatient: Any, connect: Connect) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=10) as silent:
        other = connect(impatient)
        other.sendall(SMUGGLED)
        assert read_answer(other) == (200, b"hello")
        assert read_all(silent) == b""


def test_attack_60_plain_http_on_the_tls_port_harms_nobody(server: Any, connect: Connect) -> None:
    other = connect(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert not read_all(plain).startswith(b"HTTP")
    other.sendall(SMUGGLED)
    assert read_answer(other) == (200, b"hello")


def test_a_tls_connection_that_says_nothing_is_closed(impatient: Any, connect: Connect) -> None:
    assert read_all(connect(impatient)) == b""


@pytest.mark.parametrize("start", [b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"\r\n\r\n"])
def test_attack_46_slowloris_gets_408(impatient: Any, connect: Connect, start: bytes) -> None:
    connection = connect(impatient)
    other = connect(impatient)
    connection.sendall(start)
    other.sendall(SMUGGLED)
    assert read_answer(other) == (200, b"hello")
    assert the_only_answer(read_all(connection)) == (408, "timed_out")


def test_slowloris_by_drops_gets_no_more_time(impatient: Any, connect: Connect) -> None:
    connection = connect(impatient)
    began = time.monotonic()
    connection.settimeout(0.05)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
    received = b""
    while time.monotonic() - began < 10:
        try:
            piece = connection.recv(4096)
            if not piece:
                break
            received += piece
        except TimeoutError:
            connection.sendall(b"X: y\r\n")
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
            break
    assert b" 408 " in received.partition(b"\r\n")[0]
    assert time.monotonic() - began < 5


def test_a_body_that_stops_is_408_and_leaves_nothing(impatient: Any, connect: Connect, house: Any) -> None:
    connection = connect(impatient)
    connection.sendall(PUT + b"Content-Length: 100\r\n\r\nhello")
    assert the_only_answer(read_all(connection)) == (408, "timed_out")
    assert house.settled.wait(10)
    assert house.drafts == 0


def test_a_long_body_that_stops_is_408_and_leaves_nothing(impatient: Any, connect: Connect, house: Any) -> None:
    connection = connect(impatient)
    connection.sendall(PUT + b"Content-Length: 9000000\r\n\r\n" + bytes(3 * MIB + 5))
    assert the_only_answer(read_all(connection)) == (408, "timed_out")
    assert house.settled.wait(10)
    assert house.drafts == 0


def test_a_long_body_whose_sender_leaves_leaves_nothing(server: Any, connect: Connect, house: Any) -> None:
    connection = connect(server)
    connection.sendall(PUT + b"Content-Length: 9000000\r\n\r\n" + bytes(2 * MIB + 5))
    connection.close()
    assert house.settled.wait(10)
    assert (house.drafts, house.aborted) == (0, 1)


@pytest.mark.parametrize("chunk", [1000, 16_384, 70_000, 10**7])
@pytest.mark.parametrize("size", [65_535, MIB - 1, MIB, 2 * MIB, 3 * MIB + 7])
def test_long_bodies_come_whole_and_end_where_the_next_request_begins(
    server: Any, connect: Connect, house: Any, size: int, chunk: int
) -> None:
    body = random.Random(size).randbytes(size)  # noqa: S311 - data, not a secret
    put = PUT + b"Content-Length: %d\r\n\r\n" % size + body
    sent = put + put.replace(b"/x", b"/y", 1) + b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    connection = connect(server)
    for start in range(0, len(sent), chunk):
        connection.sendall(sent[start : start + chunk])
    assert [read_answer(connection)[0] for _ in range(3)] == [201, 201, 200]
    assert house.tree[RemotePath.parse("/x")][1] == house.tree[RemotePath.parse("/y")][1] == body


def test_a_reader_who_stops_reading_is_dropped(impatient: Any, connect: Connect, house: Any) -> None:
    house.put("/big", bytes(24 * MIB))
    connection = connect(impatient)
    connection.sendall(b"GET /api/v1/files/big " + HEAD + b"\r\n")
    until(lambda: house.open_contents == 1)
    until(lambda: not impatient.server_state.connections)
    until(lambda: house.open_contents == 0)


def test_an_idle_kept_connection_is_closed(serve: Callable[..., Any], connect: Connect, house: Any) -> None:
    connection = connect(serve(idle_seconds=1))
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    assert read_answer(connection)[0] == 200
    assert read_all(connection) == b""


# --- answers before the body ----------------------------------------------------------------------------------------


def test_a_refusal_before_the_body_closes_and_takes_no_smuggled_request(server: Any, connect: Connect) -> None:
    connection = connect(server)
    head = b"PUT /api/v1/files/x HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n"
    connection.sendall(head + SMUGGLED)
    assert read_answer(connection)[0] == 401
    connection.sendall(SMUGGLED)
    assert read_all(connection) == b""


def test_a_refusal_reaches_a_client_that_sends_on(server: Any, connect: Connect) -> None:
    connection = connect(server)
    connection.sendall(b"PUT /api/v1/files/x HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n")
    for _ in range(20):
        connection.sendall(bytes(100_000))
    assert read_answer(connection)[0] == 401


def test_expect_100_is_answered_only_when_the_body_is_wanted(server: Any, connect: Connect) -> None:
    wanted = connect(server)
    wanted.sendall(PUT + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert read_answer(wanted) == (100, b"")
    wanted.sendall(b"hello")
    assert read_answer(wanted)[0] == 201
    refused = connect(server)
    refused.sendall(b"PUT /api/v1/files/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert read_answer(refused)[0] == 401


def test_garbage_after_a_request_never_lands_inside_its_answer(server: Any, connect: Connect, house: Any) -> None:
    house.put("/big", b"z" * (3 * MIB))
    house.read_gate.clear()
    connection = connect(server)
    connection.sendall(b"GET /api/v1/files/big " + HEAD + b"\r\n" + b"\x00garbage\r\n\r\n")
    data = read_all(connection)
    house.read_gate.set()
    head, _, body = data.partition(b"\r\n\r\n")
    if b" 200 " in head.partition(b"\r\n")[0]:
        assert not body.strip(b"z")
    else:
        assert the_only_answer(data)[0] == 400


def test_a_client_that_leaves_a_pipelined_download_stops_it(server: Any, connect: Connect, house: Any) -> None:
    house.put("/big", bytes(40 * MIB))
    connection = connect(server)
    connection.sendall(b"GET /api/v1/files/big " + HEAD + b"\r\n" + SMUGGLED)
    connection.recv(1000)
    connection.close()
    until(lambda: house.open_contents == 0)


def test_a_connection_that_is_refused_before_it_made_a_request_is_written_down(
    impatient: Any, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[LogEvent] = []
    services = impatient.config.app._context.services
    audit = Audit(FakeClock(), events.append)
    object.__setattr__(services, "audit", audit)
    for said in (b"GET / HTTP/1.1\r\nX: ", b"nonsense\r\n\r\n", b"nonsense\r\n\r\n"):
        connection = connect(impatient)
        connection.sendall(said)
        assert b"HTTP/1.1 4" in read_all(connection)
    read_all(connect(impatient))  # says nothing at all, as a browser that waits with an open connection
    audit.settle(everything=True)
    assert [(event.kind, event.address, event.door) for event in events] == [
        ("connection.refused", "127.0.0.1", "http")
    ] * 3
    assert ["too long" in event.text for event in events] == [True, False, False]
    assert "once more" in events[2].text
