"""Data connections, and what is said of files."""

import ftplib
import io
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

import pytest

from secure_file_transfer.services.traffic import Traffic
from secure_file_transfer.storage.clock import SystemClock

from .conftest import PASSWORD, Raw, World, connect_ftp


def test_active_connections_come_from_the_port_that_was_set(open_door: Callable[..., World]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        source = probe.getsockname()[1]
    world = open_door(data_port=source)
    world.write("/a", b"hello")
    client = Raw(world.port, world.cafile)
    client.sign_in()
    for verb in ("PORT", "EPRT"):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(10)
            port = server.getsockname()[1]
            where = f"127,0,0,1,{port >> 8},{port & 255}" if verb == "PORT" else f"|1|127.0.0.1|{port}|"
            assert client.ask(f"{verb} {where}").startswith("200")
            client.send(b"RETR a\r\n")
            sock, address = server.accept()
        if verb == "PORT":
            assert address == ("127.0.0.1", source)
        data = client.context.wrap_socket(sock, server_hostname="127.0.0.1", session=client.sock.session)
        assert data.recv(10) == b"hello"
        assert data.recv(1) == b""
        data.close()
        assert client.reply().startswith("150")
        assert client.reply().startswith("226")
    client.close()


def test_pasv_tells_the_external_address(open_door: Callable[..., World]) -> None:
    world = open_door(external_address="192.0.2.7")
    client = Raw(world.port, world.cafile)
    client.sign_in()
    assert "(192,0,2,7," in client.ask("PASV")
    assert client.ask("EPSV 2").startswith("522")
    assert client.ask("EPSV 1").startswith("229")
    assert client.ask("EPSV ALL").startswith("200")
    for line in ("PASV", "PORT 127,0,0,1,200,1", "EPRT |1|127.0.0.1|50000|"):
        assert client.ask(line).startswith("503"), line
    assert client.ask("EPSV").startswith("229")
    client.close()


class PlainReuse(ftplib.FTP_TLS):
    """Python's client as it is: it resumes nothing."""


def test_who_does_not_resume_may_be_let_in_or_not(open_door: Callable[..., World]) -> None:
    for required in (False, True):
        world = open_door(require_reuse=required)
        context = ssl.create_default_context(cafile=str(world.cafile))
        ftp = PlainReuse(context=context, timeout=10)
        ftp.connect("127.0.0.1", world.port)
        ftp.login("ada", PASSWORD)
        ftp.prot_p()
        if required:
            with pytest.raises((ftplib.error_perm, OSError)):
                ftp.storbinary("STOR a", io.BytesIO(b"x"))
        else:
            ftp.storbinary("STOR a", io.BytesIO(b"x"))
            assert ftp.nlst() == ["a"]
        ftp.close()


def test_the_port_that_is_taken_is_told_with_its_setting(open_door: Callable[..., World]) -> None:
    from secure_file_transfer.errors import ConfigurationError

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port}") as told:
            open_door(port=port)
        assert "ftps_port" in told.value.hint
        with pytest.raises(ConfigurationError) as told:
            open_door(implicit_port=port)
        assert "ftps_implicit_port" in told.value.hint


def test_facts_and_columns(world: World, ftp: Any) -> None:
    world.write("/folder/file one", b"12345")
    assert ftp.sendcmd("MFMT 20200102030405 folder/file one").startswith("213 Modify=20200102030405;")
    assert ftp.sendcmd("MDTM folder/file one") == "213 20200102030405"
    ((name, facts),) = ftp.mlsd("folder")
    assert (name, facts) == ("file one", {"type": "file", "size": "5", "modify": "20200102030405", "perm": "adfrw"})
    assert [facts["perm"] for _, facts in ftp.mlsd("/")] == ["cdeflmp"]
    assert " type=file;size=5;modify=20200102030405;perm=adfrw; /folder/file one" in ftp.sendcmd("MLST folder/file one")
    assert ftp.sendcmd("OPTS MLST size;nonsense;").startswith("200 MLST OPTS size;")
    assert [facts for _, facts in ftp.mlsd("folder")] == [{"size": "5"}]
    lines: list[str] = []
    ftp.retrlines("LIST -la folder", lines.append)
    assert [line.split(maxsplit=5)[-1] for line in lines] == ["Jan  2  2020 file one"]
    assert "file one" in ftp.sendcmd("STAT folder")
    assert ftp.nlst("folder") == ["file one"]
    assert ftp.nlst("folder/*.txt") == []
    assert ftp.nlst("folder/f*") == ["folder/file one"]
    with pytest.raises(ftplib.error_perm, match="501"):
        list(ftp.mlsd("folder/file one"))


def test_a_large_folder_is_listed_whole(world: World, ftp: Any) -> None:
    for number in range(1203):
        world.files.make_folder(world.who(), _path(f"/many/{number:04}"), parents=True)
    assert ftp.nlst("many") == [f"{number:04}" for number in range(1203)]
    assert ftp.sendcmd("STAT many").endswith("End")


def _path(text: str) -> Any:
    from secure_file_transfer.paths import RemotePath

    return RemotePath.parse(text)


def test_names_made_by_the_server(world: World, ftp: Any) -> None:
    said = []
    for argument in ("", " report.txt"):
        ftp.voidcmd("TYPE I")
        conn = ftp.transfercmd(f"STOU{argument}")
        conn.sendall(b"x")
        conn.unwrap().close()
        said.append(ftp.voidresp())
    names = ftp.nlst()
    assert len(names) == 2
    assert names[0].startswith("report.txt-")
    assert names[1].startswith("upload-")


def test_renaming_replaces_a_file_and_no_folder(world: World, ftp: Any) -> None:
    world.write("/a", b"new")
    world.write("/b", b"old")
    world.write("/folder/x", b"")
    ftp.rename("a", "b")
    assert world.read("/b") == b"new"
    with pytest.raises(ftplib.error_perm, match="553"):
        ftp.rename("b", "folder")
    with pytest.raises(ftplib.error_perm, match="550"):
        ftp.sendcmd("RNFR nothing")
    with pytest.raises(ftplib.error_perm, match="503"):
        ftp.sendcmd("RNTO x")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("TYPE I", "200"),
        ("TYPE A", "200"),
        ("TYPE E", "504"),
        ("MODE S", "200"),
        ("MODE Z", "504"),
        ("STRU F", "200"),
        ("STRU R", "504"),
        ("OPTS UTF8 ON", "200"),
        ("OPTS UTF8 OFF", "504"),
        ("OPTS HASH SHA-256", "200"),
        ("OPTS HASH MD5", "504"),
        ("OPTS NOTHING", "501"),
        ("ALLO 1000", "200"),
        ("ALLO 100000000000000000", "552"),
        ("ALLO x", "501"),
        ("SYST", "215"),
        ("NOOP", "200"),
        ("HELP", "214"),
        ("HELP STOR", "214"),
        ("SITE HELP", "214"),
        ("SITE CHMOD 600 x", "504"),
        ("XPWD", "257"),
        ("XMKD folder", "257"),
        ("CDUP", "250"),
        ("CWD ..", "250"),
        ("CWD", "501"),
        ("PWD x", "501"),
        ("RMD nothing", "550"),
        ("MFMT 2020 x", "501"),
        ("MFMT 20201302030405 x", "501"),
        ("XSHA256 nothing", "550"),
        ("REGISTER eve", "503"),
        ("NONSENSE", "500"),
        ("MKD Shared", "550"),
    ],
)
def test_small_verbs(raw: Callable[[], Raw], line: str, code: str) -> None:
    client = raw()
    client.sign_in()
    assert client.ask(line)[:3] == code
    assert client.ask("PWD").startswith("257")


def test_features_tell_what_is_there(raw: Callable[[], Raw]) -> None:
    client = raw()
    client.secure()
    lines = client.ask("FEAT").splitlines()
    assert lines[0].startswith("211-")
    assert lines[-1] == "211 End"
    assert all(line.startswith(" ") for line in lines[1:-1])
    assert {" UTF8", " MLST type*;size*;modify*;perm*;", " REST STREAM", " HASH SHA-256*", " AUTH TLS"} <= set(lines)


def test_the_servers_limits_hold_here_too(open_door: Callable[..., World]) -> None:
    clock = SystemClock()
    world = open_door(traffic=Traffic(clock, rates=(400_000, 400_000)))
    ftp = connect_ftp(world)
    for verb in ("STOR", "RETR"):
        begun = time.monotonic()
        if verb == "STOR":
            ftp.storbinary("STOR a", io.BytesIO(bytes(600_000)))
        else:
            ftp.retrbinary("RETR a", lambda _: None)
        assert time.monotonic() - begun > 0.4, verb  # the first moment is free, the rest is not
    ftp.close()


def test_damage_is_never_delivered_as_the_whole(world: World, ftp: Any, tmp_path: Any) -> None:
    data = bytes(range(256)) * 16_384
    world.write("/a", data)
    blobs = [each for each in (tmp_path / "data").rglob("*") if each.is_file() and each.stat().st_size > 900_000]
    for blob in [each for each in blobs if "blob" in str(each)]:
        content = bytearray(blob.read_bytes())
        content[len(content) // 2] ^= 1
        blob.chmod(0o600)
        blob.write_bytes(content)
    got = bytearray()
    with pytest.raises((ftplib.error_temp, OSError)):
        ftp.retrbinary("RETR a", got.extend)
    assert len(got) < len(data)
