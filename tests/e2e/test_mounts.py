"""Folder drives over the wire: mounted while the server runs, by library, command line, FTPS and link."""

import hashlib
import http.client
import json
import os
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.errors import ForbiddenError, NotFoundError, SecureFileTransferError
from secure_file_transfer.model import MIB
from secure_file_transfer.testing.ftps_wire import FtpsSite, FtpsWire
from secure_file_transfer.testing.process import ServerProcess

PASSWORD = "three green boats at noon"
SIZE = 64 * MIB
FTPS = {
    "SFT_FTPS_ENABLED": "true",
    "SFT_FTPS_PORT": "0",
    "SFT_FTPS_DATA_PORT": "0",
    "SFT_FTPS_PASSIVE_PORTS": "0",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path_factory.mktemp("mounts") / "data", env=FTPS)
    server.add_user("olga", PASSWORD, admin=True)
    server.add_user("bob", PASSWORD)
    with server:
        yield server


@pytest.fixture
def disk(server: ServerProcess, tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    (disk / "sub").mkdir(parents=True)
    (disk / "cat.jpg").write_bytes(b"cat")
    server.sft("mount-folder", "disk", str(disk), "--to", "bob", "--rights", "editor")
    yield disk
    server.sft("unmount-folder", "disk")


def client(server: ServerProcess, name: str | None = "bob") -> SecureFileTransferClient:
    if name is None:
        return SecureFileTransferClient(server.url, cafile=server.cafile)
    return SecureFileTransferClient(server.url, cafile=server.cafile, username=name, password=PASSWORD)


def test_a_running_server_takes_up_a_mount_and_the_library_works_in_it(
    server: ServerProcess, disk: Path, tmp_path: Path
) -> None:
    with client(server) as bob:
        assert [entry.name for entry in bob.list()] == ["Drives"]
        assert [entry.path for entry in bob.list("/Drives/disk")] == ["/Drives/disk/sub", "/Drives/disk/cat.jpg"]
        assert [(each.path, each.owner) for each in bob.shared_with_me()] == [("/Drives/disk", "")]
        big = os.urandom(9 * MIB + 1)
        local = tmp_path / "big.bin"
        local.write_bytes(big)
        assert bob.send_file(local, "/Drives/disk/").entry.path == "/Drives/disk/big.bin"
        assert (disk / "big.bin").read_bytes() == big
        tree = tmp_path / "tree" / "deep"
        tree.mkdir(parents=True)
        for number in range(5):
            (tree / f"{number}").write_bytes(b"%d" % number)
        bob.send_tree(tmp_path / "tree", "/Drives/disk/tree")
        bob.receive_tree("/Drives/disk", tmp_path / "back")
        assert (tmp_path / "back" / "big.bin").read_bytes() == big
        assert (tmp_path / "back" / "tree" / "deep" / "4").read_bytes() == b"4"
        bob.move("/Drives/disk/tree", "/Drives/disk/sub/tree")
        bob.remove("/Drives/disk/sub/tree", recursive=True)
        bob.put_bytes(b"better", "/Drives/disk/cat.jpg")
    assert sorted(each.name for each in disk.rglob("*")) == ["big.bin", "cat.jpg", "sub"]
    assert (disk / "cat.jpg").read_bytes() == b"better"


def test_operators_grant_and_revoke_from_afar_but_cannot_mount_from_there(server: ServerProcess, disk: Path) -> None:
    with client(server, "olga") as olga, client(server) as bob:
        with pytest.raises(NotFoundError):
            olga.stat("/Drives/disk")
        olga.grant("/Drives/disk", "bob", "viewer")
        with pytest.raises(ForbiddenError):
            bob.put_bytes(b"x", "/Drives/disk/new")
        with pytest.raises(ForbiddenError):
            bob.grant("/Drives/disk", "olga", "viewer")
        assert [(each.path, each.to) for each in olga.grants()] == [("/Drives/disk", "bob")]
        assert olga.revoke("/Drives/disk", "bob") == 1
        with pytest.raises(NotFoundError):
            bob.get_bytes("/Drives/disk/cat.jpg")
        assert list(bob.list()) == []


def test_ftps_sees_drives_like_folders(server: ServerProcess, disk: Path) -> None:
    site = FtpsSite(server.ftps_port, "bob", PASSWORD, server.cafile)
    with FtpsWire.signed_in(site) as wire:
        assert wire.names("/") == {"Drives"}
        assert wire.names("/Drives") == {"disk"}
        assert wire.names("/Drives/disk") == {"cat.jpg", "sub"}
        assert hashlib.sha256(b"cat").hexdigest() in wire.ask("HASH /Drives/disk/cat.jpg", 213).text
        wire.ask("CWD /Drives/disk/sub", 250)
        wire.store("STOR letter", b"for everybody" * 100_000)
        assert wire.fetch("RETR letter") == b"for everybody" * 100_000
        wire.ask("RNFR letter", 350)
        wire.ask("RNTO ../mail", 250)
        wire.ask("DELE /Drives/disk/cat.jpg", 250)
        wire.ask("MKD /Drives/new", 550, 553)
        wire.ask("RMD /Drives/disk", 550)
    assert sorted(each.name for each in disk.iterdir()) == ["mail", "sub"]


def test_a_link_to_a_drive_and_to_a_single_file(server: ServerProcess, disk: Path) -> None:
    server.sft("mount-folder", "one", str(disk / "cat.jpg"))
    with client(server, "olga") as olga, client(server, None) as guest:
        made = olga.create_link("/Drives/disk", "contributor", password="rose water")
        assert made.url is not None
        info = guest.visit(made.url, "rose water")
        assert (info.owner, info.target) == ("olga", "disk")
        assert [entry.name for entry in guest.list()] == ["sub", "cat.jpg"]
        assert guest.put_bytes(b"dog", "/cat.jpg").entry.path == "/cat (1).jpg"
        server.sft("unmount-folder", "one")
        with pytest.raises(NotFoundError):
            olga.create_link("/Drives/one")
        server.sft("mount-folder", "one", str(disk / "cat.jpg"))
        single = olga.create_link("/Drives/one")
        assert single.url is not None
        assert page(server, single.url, b"cat.jpg")
        with client(server, None) as other:
            other.visit(single.url)
            assert [entry.name for entry in other.list()] == ["cat.jpg"]
            assert other.get_bytes("/cat.jpg") == b"cat"
            server.sft("unmount-folder", "one")
            with pytest.raises(SecureFileTransferError):
                other.get_bytes("/cat.jpg")
    assert (disk / "cat (1).jpg").read_bytes() == b"dog"


def connection(server: ServerProcess) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(server.cafile))
    return http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=30)


def page(server: ServerProcess, url: str, wanted: bytes) -> bool:
    with closing(connection(server)) as wire:
        wire.request("GET", url.removeprefix(server.url))
        answer = wire.getresponse()
        return answer.status == http.client.OK and wanted in answer.read()


def token(server: ServerProcess) -> str:
    body = json.dumps({"name": "bob", "password": PASSWORD})
    with closing(connection(server)) as wire:
        wire.request("POST", "/api/v1/sessions", body, {"Content-Type": "application/json"})
        return str(json.loads(wire.getresponse().read())["token"])


def test_a_download_of_a_file_that_changes_ends_short_of_its_length(server: ServerProcess, disk: Path) -> None:
    (disk / "log").write_bytes(bytes(SIZE))
    with closing(connection(server)) as wire:
        wire.request("GET", "/api/v1/files/Drives/disk/log", headers={"Authorization": f"Bearer {token(server)}"})
        answer = wire.getresponse()
        before = answer.headers["etag"]
        assert answer.read(1000) == bytes(1000)
        with (disk / "log").open("r+b") as file:
            file.write(b"changed")
        with pytest.raises((http.client.IncompleteRead, ConnectionError, ssl.SSLError)):
            answer.read()
    with client(server) as bob:
        assert f'"{bob.stat("/Drives/disk/log").etag}"' != before
        assert bob.get_bytes("/Drives/disk/log")[:7] == b"changed"


def test_ftps_does_not_acknowledge_a_file_that_changed_on_its_way(server: ServerProcess, disk: Path) -> None:
    (disk / "log").write_bytes(bytes(SIZE))
    site = FtpsSite(server.ftps_port, "bob", PASSWORD, server.cafile)
    with FtpsWire.signed_in(site) as wire:
        with wire.transfer("RETR /Drives/disk/log") as data:
            data.recv(1000)
            with (disk / "log").open("r+b") as file:
                file.write(b"changed")
            with suppress(ConnectionError, ssl.SSLError):
                while data.recv(MIB):
                    pass
        assert wire.reply().code in {426, 451, 550}


def test_whoever_watches_a_drive_hears_of_what_others_do_on_the_disk(server: ServerProcess, disk: Path) -> None:
    with client(server) as bob:
        heard = bob.events(topics=["files"], watch=["/Drives/disk"])
        assert next(heard).kind == "subscribed"
        first = next(heard)  # looked at from now on
        assert (first.kind, first.data) == ("changed", {"path": "/Drives/disk"})
        (disk / "new").write_bytes(b"x")
        assert (next(heard).kind) == "changed"
