"""The event stream over its wire: another WebSocket library as a peer, hostile frames, and our own client."""

import asyncio
import base64
import json
import os
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from secure_file_transfer import AsyncClient, SecureFileTransferClient, SecureFileTransferServer
from secure_file_transfer.client import LiveEvent
from secure_file_transfer.errors import InvalidRequestError, SignInRequiredError

NAME, STRANGER, PASSWORD = "mona", "leo", "four plain words together"
PATH = "/api/v1/events"
BINARY, CLOSE, PING, PONG = 2, 8, 9, 10


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureFileTransferServer]:
    with SecureFileTransferServer(
        data_dir=tmp_path_factory.mktemp("data"), port=0, accounts={NAME: PASSWORD, STRANGER: PASSWORD}
    ) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: SecureFileTransferServer) -> Iterator[SecureFileTransferClient]:
    with SecureFileTransferClient("127.0.0.1", server.port, cafile=server.cafile) as client:
        client.sign_in(NAME, PASSWORD)
        client.make_folder("/watched")
        yield client


@pytest.fixture(scope="module")
def token(server: SecureFileTransferServer) -> str:
    with SecureFileTransferClient("127.0.0.1", server.port, cafile=server.cafile) as client:
        return str(client.sign_in(NAME, PASSWORD).token)


def context(server: SecureFileTransferServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(server.cafile))


def open_socket(server: SecureFileTransferServer, **headers: str) -> ClientConnection:
    return connect(
        f"wss://127.0.0.1:{server.port}{PATH}",
        ssl=context(server),
        additional_headers={name.replace("_", "-"): value for name, value in headers.items()},
        compression=None,
        proxy=None,
    )


def ask(ws: ClientConnection, **wanted: Any) -> dict[str, Any]:
    ws.send(json.dumps(wanted))
    return told(ws)


def told(ws: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ws.recv(timeout=20))
    return found


# --- the handshake --------------------------------------------------------------------------------------------------


def test_another_library_hears_what_happens(
    server: SecureFileTransferServer, client: SecureFileTransferClient, token: str
) -> None:
    with open_socket(server, authorization=f"Bearer {token}") as ws:
        begun = ask(ws, watch=["/watched", "/nothing"])
        assert (begun["topic"], begun["kind"], begun["data"]["watch"]) == ("server", "subscribed", ["/watched"])
        assert [each["path"] for each in begun["data"]["refused"]] == ["/nothing"]
        client.put_bytes(b"x", "/watched/x")
        change = told(ws)
        assert (change["topic"], change["kind"], change["data"]) == ("files", "changed", {"path": "/watched"})
        assert change["at"].endswith("Z")
    client.put_bytes(b"y", "/watched/x")
    with open_socket(server, authorization=f"Bearer {token}") as ws:
        assert ask(ws, watch=["/watched"], after=change["id"])["kind"] == "subscribed"
        assert told(ws)["data"] == {"path": "/watched"}
        assert ask(ws, topics=["jobs"])["data"]["topics"] == ["jobs"]


@pytest.mark.parametrize(
    ("cookie", "origin", "status"),
    [
        (True, "https://127.0.0.1:{port}", 101),
        (True, "https://evil.example", 403),
        (True, "https://127.0.0.1", 403),
        (True, "http://127.0.0.1:{port}", 403),
        (True, "null", 403),
        (True, None, 403),
        (False, None, 401),
        (False, "https://evil.example", 403),
    ],
)
def test_a_browsers_cookie_counts_on_our_own_pages_only(
    server: SecureFileTransferServer, token: str, cookie: bool, origin: str | None, status: int
) -> None:
    """Attacks 35 and 40: any page may open a WebSocket, and the browser sends the cookie with it."""
    headers = {"cookie": f"__Host-sft={token}"} if cookie else {}
    if origin is not None:
        headers["origin"] = origin.format(port=server.port)
    assert _status(server, headers) == status


def _status(server: SecureFileTransferServer, headers: dict[str, str]) -> int:
    try:
        with open_socket(server, **headers):
            return 101
    except InvalidStatus as refused:
        return int(refused.response.status_code)


class Raw:
    """A connection that sends whatever it likes."""

    def __init__(self, server: SecureFileTransferServer, token: str, head: str = "") -> None:
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self.sock = context(server).wrap_socket(plain, server_hostname="127.0.0.1")
        self.token = token
        self.buffer = b""
        if not head:
            self.sock.sendall(self.handshake().encode())
            assert self.head().startswith(b"HTTP/1.1 101 ")

    def handshake(self, path: str = PATH, method: str = "GET", **more: str) -> str:
        fields = {
            "Host": "127.0.0.1",
            "Authorization": f"Bearer {self.token}",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        } | {name.replace("_", "-"): value for name, value in more.items()}
        lines = [f"{name}: {value}" for name, value in fields.items() if value]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""])

    def close(self) -> None:
        self.sock.close()

    def more(self) -> bytes:
        try:
            return self.sock.recv(65536)
        except (ConnectionError, ssl.SSLError):
            return b""

    def head(self) -> bytes:
        while b"\r\n\r\n" not in self.buffer:
            piece = self.more()
            assert piece, self.buffer
            self.buffer += piece
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head

    def exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            piece = self.more()
            if not piece:
                return b""
            self.buffer += piece
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def frame(self) -> tuple[int, bytes] | None:
        head = self.exactly(2)
        if not head:
            return None
        length = head[1] & 127
        if length == 126:
            (length,) = struct.unpack("!H", self.exactly(2))
        return head[0] & 15, self.exactly(length)

    def end(self) -> int | None:
        """The code that the server closes with; None when it only cuts."""
        while (found := self.frame()) is not None:
            if found[0] == CLOSE:
                return int(struct.unpack("!H", found[1][:2])[0])
        return None


def frame(data: bytes, opcode: int = 1, *, fin: bool = True, masked: bool = True, length: int | None = None) -> bytes:
    size = len(data) if length is None else length
    first, mask = (128 if fin else 0) | opcode, 128 if masked else 0
    if size < 126:
        head = bytes([first, mask | size])
    elif size < 65536:
        head = bytes([first, mask | 126]) + struct.pack("!H", size)
    else:
        head = bytes([first, mask | 127]) + struct.pack("!Q", size)
    return head + (b"\0\0\0\0" if masked else b"") + data


ASK = frame(b"{}")


@pytest.mark.parametrize(
    ("name", "sent", "code"),
    [
        ("unmasked", frame(b"{}", masked=False), 1002),
        ("reserved bits", b"\xf1" + frame(b"{}")[1:], 1002),
        ("unknown opcode", frame(b"{}", 3), 1002),
        ("a continuation of nothing", frame(b"{}", 0), 1002),
        ("a new message within another", frame(b"{", fin=False) + frame(b"}"), 1002),
        ("a long ping", frame(bytes(126), PING), 1002),
        ("a ping in pieces", frame(b"", PING, fin=False), 1002),
        ("binary", frame(b"{}", BINARY), 1003),
        ("bad UTF-8", frame(b'{"watch":["/\xff"]}'), 1007),
        ("too large", frame(b"", length=65537), 1009),
        ("said to be enormous", frame(b"", length=1 << 62), 1009),
        ("too large in pieces", frame(bytes(40_000), fin=False) + frame(bytes(40_000), 0), 1009),
        ("a flood of pings", frame(b"", PING) * 500, 1008),
        ("a flood of empty pieces", frame(b"", fin=False) + frame(b"", 0, fin=False) * 500, 1008),
        ("several messages at once", ASK * 5, 1008),
        ("no JSON", frame(b"{"), 1008),
        ("nested without end", frame(b"[" * 60_000), 1008),
        ("unknown members", frame(b'{"path":"/"}'), 1008),
        ("no list", frame(b'{"watch":"/"}'), 1008),
        ("no texts", frame(b'{"topics":[1]}'), 1008),
        ("unknown topic", frame(b'{"topics":["everything"]}'), 1008),
        ("no path", frame(b'{"watch":["../x"]}'), 1008),
        ("too many folders", frame(json.dumps({"watch": [f"/{n}" for n in range(65)]}).encode()), 1008),
        ("an id that is none", frame(b'{"after":1}'), 1008),
        ("goodbye", frame(struct.pack("!H", 1000), CLOSE), 1000),
    ],
)
def test_hostile_frames_end_the_connection_with_a_reason(
    server: SecureFileTransferServer, token: str, name: str, sent: bytes, code: int
) -> None:
    """Attack 40: what is too large is refused by its length, before it comes."""
    with closing(Raw(server, token)) as raw:
        raw.sock.sendall(sent)
        assert raw.end() == code, name


def test_pieces_and_pings_in_between_are_one_message(server: SecureFileTransferServer, token: str) -> None:
    with closing(Raw(server, token)) as raw:
        for piece in (frame(b'{"top', fin=False), frame(b"?", PING), frame(b'ics":[]}', 0)):
            raw.sock.sendall(piece)
        assert raw.frame() == (PONG, b"?")
        answer = raw.frame()
        assert answer is not None
        assert json.loads(answer[1])["data"]["topics"] == []


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"path": "/api/v1/server"}, b"400"),
        ({"path": "/api/v1/events/"}, b"400"),
        ({"path": "/api/v1/%65vents"}, b"400"),
        ({"method": "POST"}, b"400"),
        ({"Upgrade": "h2c"}, b"400"),
        ({"Content_Length": "5"}, b"400"),
        ({"Transfer_Encoding": "chunked"}, b"400"),
        ({"Sec_WebSocket_Version": "8"}, b"426"),
        ({"Sec_WebSocket_Key": "short"}, b"426"),
        ({"Connection": "close"}, b"426"),
        ({"Authorization": "Bearer sft_no"}, b"401"),
        ({"Authorization": ""}, b"401"),
    ],
)
def test_whatever_is_no_good_handshake_is_answered_and_never_switched(
    server: SecureFileTransferServer, token: str, given: dict[str, str], status: bytes
) -> None:
    with closing(Raw(server, token, head="later")) as raw:
        raw.sock.sendall(raw.handshake(**given).encode())
        head = raw.head().lower()
        assert head.split()[1] == status, head
        if status == b"426":
            assert b"sec-websocket-version: 13" in head
        raw.sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        rest = raw.buffer
        while piece := raw.more():
            rest += piece
        assert rest.count(b"HTTP/1.1") == 0, "no request can follow a refused handshake"


@pytest.mark.parametrize("behind", [ASK, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_nothing_may_come_behind_a_handshake_before_its_answer(
    server: SecureFileTransferServer, token: str, behind: bytes
) -> None:
    with closing(Raw(server, token, head="later")) as raw:
        raw.sock.sendall(raw.handshake().encode() + behind)
        assert raw.head().split()[1] == b"400"


def test_attack_12_nothing_is_compressed_so_nothing_swells(server: SecureFileTransferServer, token: str) -> None:
    with closing(Raw(server, token, head="later")) as raw:
        raw.sock.sendall(raw.handshake(Sec_WebSocket_Extensions="permessage-deflate").encode())
        head = raw.head().lower()
        assert head.split()[1] == b"101"
        assert b"extensions" not in head
        raw.sock.sendall(b"\xc1" + ASK[1:])  # RSV1: compressed
        assert raw.end() == 1002


def test_attack_41_a_stranger_hears_nothing_of_what_is_not_theirs(
    server: SecureFileTransferServer, client: SecureFileTransferClient, token: str
) -> None:
    with SecureFileTransferClient("127.0.0.1", server.port, cafile=server.cafile) as other:
        theirs = other.sign_in(STRANGER, PASSWORD).token
        with (
            open_socket(server, authorization=f"Bearer {theirs}") as stranger,
            open_socket(server, authorization=f"Bearer {token}") as owner,
        ):
            ask(owner, watch=["/watched"])
            begun = ask(stranger, watch=["/", "/watched", f"/Shared/{NAME}/watched", "/Shared/nobody/nothing"])
            assert begun["data"]["watch"] == ["/"]
            codes = [(each["code"], each["detail"].replace(each["path"], "?")) for each in begun["data"]["refused"]]
            assert len(set(codes)) == 1, "what is not theirs looks like what is not there"
            client.put_bytes(b"secret", "/watched/secret-name")
            assert told(owner)["kind"] == "changed"
            other.make_folder("/own")
            assert told(stranger)["data"] == {"path": "/"}, "their own change is the first thing that they hear"


# --- the end --------------------------------------------------------------------------------------------------------


def all_told(ws: ClientConnection) -> None:
    """Until it is closed; before that it may be told that its session goes."""
    while True:
        told(ws)


def test_the_stream_ends_within_a_second_of_its_session(server: SecureFileTransferServer) -> None:
    """Attack 29."""
    with SecureFileTransferClient("127.0.0.1", server.port, cafile=server.cafile) as other:
        signed = other.sign_in(NAME, PASSWORD)
        with open_socket(server, authorization=f"Bearer {signed.token}") as ws:
            ask(ws)
            other.sign_out()
            ended = time.monotonic()
            with pytest.raises(ConnectionClosed) as closed:
                all_told(ws)
            assert time.monotonic() - ended < 1.5, "one second, and some for a busy machine"
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4401, "sign_in_required")


# --- our client, and a server that stops ----------------------------------------------------------------------------


def test_the_synchronous_client_hears_too(server: SecureFileTransferServer, client: SecureFileTransferClient) -> None:
    with SecureFileTransferClient("127.0.0.1", server.port, cafile=server.cafile) as ear:
        ear.sign_in(NAME, PASSWORD)
        heard = ear.events(topics=["files"], watch=["/watched"])
        assert next(heard).kind == "subscribed"
        client.put_bytes(b"1", "/watched/sync")
        event = next(heard)
        assert (event.topic, event.kind, event.data) == ("files", "changed", {"path": "/watched"})


async def test_what_the_server_refuses_is_a_typed_error(server: SecureFileTransferServer, token: str) -> None:
    async with AsyncClient("127.0.0.1", server.port, cafile=server.cafile, token=token) as client:
        with pytest.raises(InvalidRequestError, match="topics"):
            await anext(client.events(topics=["nonsense"]))
    async with AsyncClient("127.0.0.1", server.port, cafile=server.cafile, token="sft_" + "A" * 43) as client:
        with pytest.raises(SignInRequiredError):
            await anext(client.events())


async def test_the_client_goes_on_after_a_restart_and_says_that_something_may_be_missing(tmp_path: Any) -> None:
    first = SecureFileTransferServer(data_dir=tmp_path, port=0, accounts={NAME: PASSWORD})
    await asyncio.to_thread(first.start, block=False)
    port, cafile = first.port, first.cafile
    async with AsyncClient("127.0.0.1", port, cafile=cafile, username=NAME, password=PASSWORD) as client:
        heard = client.events(topics=["files"], watch=["/"])
        assert (await anext(heard)).kind == "subscribed"
        waiting = asyncio.ensure_future(anext(heard))
        begin = time.monotonic()
        await asyncio.to_thread(first.stop)
        assert time.monotonic() - begin < 5, "an idle stream keeps no server from stopping"
        second = SecureFileTransferServer(data_dir=tmp_path, port=port)
        await asyncio.to_thread(second.start, block=False)
        try:
            kinds = {(await waiting).kind, (await anext(heard)).kind}
            assert kinds == {"subscribed", "resync"}
            await client.make_folder("/again")
            event: LiveEvent = await anext(heard)
            assert (event.kind, event.data) == ("changed", {"path": "/"})
        finally:
            await heard.aclose()  # type: ignore[attr-defined]
            await asyncio.to_thread(second.stop)
