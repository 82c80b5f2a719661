"""Links over the wire: by command line, library, page and curl's manner; that they end, and leave no secret behind."""

import http.client
import json
import os
import re
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.errors import ForbiddenError, NotFoundError, SecureFileTransferError, SignInFailedError
from secure_file_transfer.model import MIB
from secure_file_transfer.testing.process import ServerProcess

PASSWORD = "three green boats at noon"
SIZE = 48 * MIB
LIMIT = 1.0
"""Seconds, as promised."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("links") / "data", env={"SFT_LOG_LEVEL": "debug"})
    for name in ("ada", "bob"):
        server.add_user(name, PASSWORD)
    with server:
        yield server


@pytest.fixture
def ada(server: ServerProcess) -> Iterator[SecureFileTransferClient]:
    with SecureFileTransferClient(server.url, cafile=server.cafile, username="ada", password=PASSWORD) as client:
        yield client


def visitor(server: ServerProcess) -> SecureFileTransferClient:
    return SecureFileTransferClient(server.url, cafile=server.cafile)


def asked(server: ServerProcess, path: str, cookie: str = "") -> tuple[int, str, bytes]:
    """Status, cookie and body."""
    context = ssl.create_default_context(cafile=str(server.cafile))
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=30)
    with closing(connection):
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        return answer.status, (answer.headers["set-cookie"] or "").partition(";")[0], answer.read()


def test_the_library_makes_visits_and_ends_links(
    server: ServerProcess, ada: SecureFileTransferClient, tmp_path: Path
) -> None:
    ada.make_folder("/work/sub", parents=True)
    content = os.urandom(3_000_000)
    ada.put_bytes(content, "/work/big.bin")
    made = ada.create_link(
        "/work",
        "contributor",
        password="rose water",
        expires=datetime.now(UTC) + timedelta(days=1),
        max_downloads=3,
        name="Our work",
    )
    assert made.url is not None
    assert made.url not in repr(made)
    assert ada.show_link(made.id) == made
    assert [each.url for each in ada.links()] == [None]
    with visitor(server) as guest:
        with pytest.raises(SignInFailedError):
            guest.visit(made.url)
        with pytest.raises(SignInFailedError):
            guest.visit(made.url, "wrong")
        info = guest.visit(made.url, "rose water", name="Cousin")
        assert (info.owner, info.name, info.target, info.downloads_left) == ("ada", "Our work", "work", 3)
        assert [entry.name for entry in guest.list()] == ["sub", "big.bin"]
        guest.receive_tree("/", tmp_path / "all")
        assert (tmp_path / "all" / "big.bin").read_bytes() == content
        local = tmp_path / "mine.bin"
        local.write_bytes(content)
        assert guest.send_file(local, "/").entry.path == "/mine.bin"
        assert guest.send_file(local, "/big.bin").entry.path == "/big (1).bin"
        assert guest.whoami().account is None
        with pytest.raises(ForbiddenError):
            guest.remove("/big.bin")
        assert ada.get_bytes("/work/mine.bin") == content
        assert ada.show_link(made.id).downloads == 1
        ada.remove_link(made.id)
        with pytest.raises(SecureFileTransferError):
            guest.stat("/big.bin")
    with visitor(server) as late, pytest.raises(NotFoundError):
        late.visit(made.url, "rose water")
    with SecureFileTransferClient(server.url, cafile=server.cafile, username="bob", password=PASSWORD) as bob:
        other = ada.create_link("/work")
        for act in (bob.show_link, bob.remove_link):
            with pytest.raises(NotFoundError):
                act(other.id)
        assert bob.links() == []


def test_of_many_strangers_one_gets_the_last_download(server: ServerProcess, ada: SecureFileTransferClient) -> None:
    """Attack 49, over the wire."""
    ada.put_bytes(b"the one", "/one.txt")
    made = ada.create_link("/one.txt", max_downloads=1)
    assert made.url is not None
    guests = [visitor(server) for _ in range(6)]
    for guest in guests:
        guest.visit(made.url)
    start = Barrier(len(guests))

    def race(guest: SecureFileTransferClient) -> bytes | None:
        start.wait(30)
        try:
            return guest.get_bytes("/one.txt")
        except SecureFileTransferError:
            return None

    with ThreadPoolExecutor(len(guests)) as pool:
        got = list(pool.map(race, guests))
    for guest in guests:
        guest.close()
    assert [each for each in got if each is not None] == [b"the one"]
    assert ada.show_link(made.id).downloads == 1
    assert asked(server, made.url.removeprefix(server.url))[0] == 404


@pytest.mark.parametrize("way", ["page", "api"])
def test_revoking_ends_a_download_that_hangs(server: ServerProcess, ada: SecureFileTransferClient, way: str) -> None:
    """Attack 58."""
    ada.put_bytes(os.urandom(MIB) * (SIZE // MIB), "/long.bin")
    made = ada.create_link("/long.bin")
    assert made.url is not None
    page = made.url.removeprefix(server.url)
    head = f"GET {page}/long.bin HTTP/1.1\r\nHost: localhost\r\n"
    if way == "api":
        with visitor(server) as guest:
            guest.visit(made.url)
            token = guest._portal.run(lambda client: client._token())
        head = f"GET /api/v1/files/long.bin HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    context = ssl.create_default_context(cafile=str(server.cafile))
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        plain.settimeout(30)
        plain.connect(("127.0.0.1", server.port))
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            secure.sendall(f"{head}\r\n".encode())
            assert secure.recv(4096).startswith(b"HTTP/1.1 200")
            ada.remove_link(made.id)
            begin, received = time.monotonic(), 0
            try:
                while piece := secure.recv(1 << 16):
                    received += len(piece)
            except OSError:  # cut, as it should be
                pass
            assert time.monotonic() - begin < LIMIT
            assert received < SIZE


def test_the_command_line_and_no_secret_in_the_log(
    server: ServerProcess, ada: SecureFileTransferClient, tmp_path: Path
) -> None:
    """Attack 42."""
    ada.make_folder("/inbox")
    ada.put_bytes(b"hello", "/hello.txt")
    token = ada.sign_in("ada", PASSWORD).token
    mine = {"SFT_SERVER": server.url, "SFT_CAFILE": str(server.cafile), "SFT_TOKEN": token}
    url = server.sft("link", "create", "/hello.txt", "--expire", "7d", "--max-downloads", "2", env=mine).strip()
    assert re.fullmatch(rf"{server.url}/s/[A-Za-z0-9_-]{{43}}", url)
    made = json.loads(
        server.sft("link", "create", "/inbox", "--drop", "--password-stdin", "--json", env=mine, text="rose water\n")
    )
    assert (made["level"], made["protected"]) == ("dropbox", True)
    listed = json.loads(server.sft("link", "list", "--json", env=mine))
    number = next(each["id"] for each in listed if each["path"] == "/hello.txt")
    assert url in server.sft("link", "show", str(number), env=mine)
    theirs = {
        "SFT_SERVER": url,
        "SFT_CAFILE": str(server.cafile),
        "SFT_TOKEN": token,
        "SFT_PROFILES": str(tmp_path / "profiles.json"),
    }
    assert server.sft("cat", "/hello.txt", env=theirs) == "hello"
    server.sft("get", "/hello.txt", str(tmp_path / "there.txt"), env=theirs)
    assert (tmp_path / "there.txt").read_bytes() == b"hello"
    assert ada.show_link(number).downloads == 1  # two commands, one visitor
    status, cookie, _ = asked(server, url.removeprefix(server.url))
    assert status == 200
    assert asked(server, url.removeprefix(server.url) + "/hello.txt", cookie)[2] == b"hello"
    asked(server, url.removeprefix(server.url) + "/nothing", cookie)
    asked(server, url.removeprefix(server.url).replace("/s/", "//S/"))
    server.sft("link", "rm", str(number), str(made["id"]), env=mine)
    assert asked(server, url.removeprefix(server.url))[0] == 404
    log = server.log.read_text()
    assert "/s/…" in log
    for secret in (url, made["url"]):
        assert secret.rpartition("/")[2] not in log
    for hidden in (cookie.partition("=")[2], token, "rose water"):
        assert hidden not in log


def test_the_visits_of_the_command_line_are_kept_for_nobody_else(
    server: ServerProcess, ada: SecureFileTransferClient, tmp_path: Path
) -> None:
    ada.put_bytes(b"hello", "/kept.txt")
    made = ada.create_link("/kept.txt")
    assert made.url is not None
    env = {"SFT_SERVER": made.url, "SFT_CAFILE": str(server.cafile), "SFT_PROFILES": str(tmp_path / "profiles.json")}
    server.sft("ls", env=env)
    kept = tmp_path / "visits.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert made.url.rpartition("/")[2] not in kept.read_text()
    assert not (tmp_path / "profiles.json").exists()
    ada.remove_link(made.id)
    assert ada.create_link("/kept.txt").url != made.url
    with pytest.raises(AssertionError, match="This link does not work"):
        server.sft("ls", env=env)
