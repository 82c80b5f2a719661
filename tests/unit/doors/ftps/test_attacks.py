"""What strangers try at the control port, by their numbers in the list of attacks."""

import socket
from collections.abc import Callable
from contextlib import suppress

import pytest

from secure_file_transfer.model import MIB
from secure_file_transfer.paths import RemotePath

from .conftest import PASSWORD, Raw, World


@pytest.mark.parametrize("line", ["LIST", "RETR x", "SITE SHAR /a bob 15", "SITE", "SHWM", "PWD", "EPSV", "NONSENSE x"])
def test_attack_10_nothing_before_sign_in(raw: Callable[[], Raw], line: str) -> None:
    client = raw()
    client.secure()
    assert client.ask(line).startswith("530")


def test_attack_13_what_came_in_plain_text_behind_auth_is_dropped(raw: Callable[[], Raw], world: World) -> None:
    client = raw()
    assert client.reply().startswith("220")
    client.send(b"AUTH TLS\r\nUSER ada\r\nPASS " + PASSWORD.encode() + b"\r\nMKD /injected\r\n")
    assert client.reply().startswith("234")
    client.wrap()
    assert client.ask("PWD").startswith("530")  # the very first reply: nothing else was answered
    assert client.ask("PASS x").startswith("503")  # nor was the name taken


def test_attack_14_no_sign_in_and_no_data_in_plain_text(raw: Callable[[], Raw]) -> None:
    client = raw()
    assert client.reply().startswith("220")
    for line in ("USER ada", "PASS x", "PBSZ 0", "PROT P"):
        assert client.ask(line).startswith("530"), line
    assert client.ask("AUTH TLS").startswith("234")
    client.wrap()
    assert client.ask("USER ada").startswith("331")
    assert client.ask(f"PASS {PASSWORD}").startswith("230")
    assert client.ask("EPSV").startswith("522")
    assert client.ask("PROT P").startswith("503")
    assert client.ask("PBSZ 0").startswith("200")
    assert client.ask("PROT C").startswith("534")
    assert client.ask("EPSV").startswith("522")
    assert client.ask("LIST").startswith("522")
    assert client.ask("CCC").startswith("534")
    assert client.ask("AUTH TLS").startswith("503")


def test_attack_15_no_bounce(raw: Callable[[], Raw]) -> None:
    client = raw()
    client.sign_in()
    for line in (
        "PORT 10,0,0,1,40,1",
        "PORT 127,0,0,1,0,22",
        "PORT 127,0,0,1,999,1",
        "PORT 127,0,0,1",
        "EPRT |1|10.0.0.1|40000|",
        "EPRT |1|127.0.0.1|22|",
        "EPRT |1|127.0.0.1|70000|",
        "EPRT |2|::1|40000|",
        "EPRT |1|localhost|40000|",
        "EPRT |",
    ):
        assert client.ask(line).startswith("501"), line
    assert client.ask("EPRT |3|127.0.0.1|40000|").startswith("522")
    assert client.ask("PORT 127,0,0,1,200,1").startswith("200")


def test_attack_16_a_stranger_from_elsewhere_is_sent_away_and_the_owner_goes_on(
    raw: Callable[[], Raw], world: World
) -> None:
    world.write("/a", b"for ada")
    client = raw()
    client.sign_in()
    port = client.passive()
    thief = socket.create_connection(("127.0.0.1", port), 10, source_address=("127.0.0.2", 0))
    assert thief.recv(1) == b""
    thief.close()
    client.send(b"RETR a\r\n")
    data = client.data(port, session=client.sock.session)
    assert client.reply().startswith("150")
    data.do_handshake()
    assert data.session_reused
    assert data.recv(100) == b"for ada"
    assert data.recv(1) == b""
    assert client.reply().startswith("226")
    data.close()


def test_attack_16_another_tls_session_from_the_same_host_is_sent_away(raw: Callable[[], Raw], world: World) -> None:
    world.write("/a", b"for ada")
    client, other = raw(), raw()
    client.sign_in()
    other.sign_in("bob")
    port = client.passive()
    assert client.ask("RETR a").startswith("150")
    data = client.data(port, session=client.sock.session)  # so this client resumes its session
    data.do_handshake()
    assert data.recv(100) == b"for ada"
    assert client.reply().startswith("226")
    data.close()
    port = client.passive()
    assert client.ask("RETR a").startswith("150")
    for session in (None, other.sock.session):
        thief = client.data(port) if session is None else other.data(port, session=session)
        with suppress(OSError):
            thief.do_handshake()
            assert not thief.session_reused
            assert thief.recv(100) == b""
        thief.close()
    data = client.data(port, session=client.sock.session)
    data.do_handshake()
    assert data.recv(100) == b"for ada"
    assert client.reply().startswith("226")
    data.close()


def test_attack_17_an_end_without_close_notify_is_no_end(raw: Callable[[], Raw], world: World) -> None:
    client = raw()
    client.sign_in()
    for sent in (b"", b"half of it", bytes(MIB + 100_000)):
        port = client.passive()
        client.send(b"STOR cut\r\n")
        data = client.data(port, session=client.sock.session)
        assert client.reply().startswith("150")
        data.do_handshake()
        data.sendall(sent)
        socket.socket.shutdown(data, socket.SHUT_WR)  # a FIN, as anybody on the way can send
        assert client.reply().startswith("426")
        data.close()
        assert client.ask("MLST cut").startswith("550")
        if sent:
            assert client.ask("SIZE cut") == f"213 {len(sent)}"
        else:
            assert client.ask("SIZE cut").startswith("550")


def test_attack_18_ports_are_given_back(open_door: Callable[..., World]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        first = probe.getsockname()[1]
    world = open_door(passive_ports=range(first, first + 1))
    client, other = Raw(world.port, world.cafile), Raw(world.port, world.cafile)
    client.sign_in()
    other.sign_in("bob")
    for _ in range(50):
        assert client.passive() == first
    assert other.ask("EPSV").startswith("450")  # a session has one port at a time, and that is all there are
    client.send(b"QUIT\r\n")
    assert client.reply().startswith("221")
    assert client.reply() == ""
    assert other.passive() == first
    client.close()
    other.close()


def test_attack_18_quit_during_a_transfer_lets_it_finish(raw: Callable[[], Raw], world: World) -> None:
    client = raw()
    client.sign_in()
    port = client.passive()
    client.send(b"STOR a\r\n")
    data = client.data(port, session=client.sock.session)
    assert client.reply().startswith("150")
    data.do_handshake()
    data.sendall(b"all of it")
    client.send(b"QUIT\r\n")
    data.unwrap().close()
    assert client.reply().startswith("226")
    assert client.reply().startswith("221")
    assert client.reply() == ""
    assert world.read("/a") == b"all of it"


@pytest.mark.parametrize(
    "line", [b"MKD " + b"x" * 10_000, b"MKD a\nMKD b\r\n", b"MKD a\0b\r\n", b"MKD a\rb\r\n", b"x" * 100_000]
)
def test_attack_19_lines_that_are_none_end_the_connection(raw: Callable[[], Raw], world: World, line: bytes) -> None:
    client = raw()
    client.sign_in()
    with suppress(OSError):  # it may be closed before all of the line is away
        client.send(line)
    assert client.reply()[:3] in {"421", ""}
    assert client.reply() == ""
    assert list(world.files.list(world.who(), RemotePath()).entries) == []


@pytest.mark.parametrize(
    "hello",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: USER ada\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nUSER ada\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
def test_attack_20_another_protocol_is_closed_at_once(raw: Callable[[], Raw], hello: bytes) -> None:
    client = raw()
    assert client.reply().startswith("220")
    client.send(hello)
    assert client.reply() == ""


def test_attack_20_http_over_implicit_tls(open_door: Callable[..., World]) -> None:
    world = open_door(implicit_port=0)
    assert world.door.implicit_port
    client = Raw(world.door.implicit_port, world.cafile)
    client.wrap()
    client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.reply().startswith("220")
    assert client.reply() == ""
    client.close()


def test_attack_21_offsets_past_the_end_are_refused(raw: Callable[[], Raw], world: World) -> None:
    world.write("/a", b"0123456789")
    client = raw()
    client.sign_in()
    for offset, verb, wanted in (
        (11, "RETR a", "554"),
        (10, "RETR a", "150"),
        (11, "STOR a", "554"),
        (1, "STOR new", "554"),
    ):
        port = client.passive()
        assert client.ask(f"REST {offset}").startswith("350")
        data = client.data(port, session=client.sock.session)
        said = client.ask(verb)
        assert said.startswith(wanted), (verb, said)
        if wanted == "150":
            data.do_handshake()
            assert data.recv(10) == b""
            assert client.reply().startswith("226")
        data.close()
    for line in ("REST -1", "REST x", "REST 1e3", "REST ٣"):
        assert client.ask(line).startswith("501"), line
    assert world.read("/a") == b"0123456789"


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/../etc/passwd", "%2e%2e/x", "..\\x", "\uff0e\uff0e/x", "a\u2215b", "a\u202eb"]
)
def test_attack_1_paths_that_lead_out_or_hide(raw: Callable[[], Raw], world: World, path: str) -> None:
    client = raw()
    client.sign_in()
    for verb in ("CWD", "MKD", "SIZE", "RNFR", "DELE"):
        assert client.ask(f"{verb} {path}")[:3] in {"553", "550"}, verb
    assert client.ask("PWD").startswith('257 "/"')


def test_attack_1_overlong_utf_8(raw: Callable[[], Raw]) -> None:
    client = raw()
    client.sign_in()
    client.send(b"MKD \xc0\xae\xc0\xae/x\r\n")
    assert client.reply().startswith("501")
