"""Who is signed in, and how that ends."""

import base64
import ftplib
import io
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from secure_file_transfer.errors import ForbiddenError
from secure_file_transfer.model import Principal

from .conftest import PASSWORD, Raw, World, connect_ftp


def expect_cut(data: ssl.SSLSocket) -> None:
    """Reset, or an end without close_notify."""
    try:
        received = data.recv(1)
    except (ConnectionError, ssl.SSLError):
        return
    assert received == b""


def test_a_session_is_listed_with_its_door_and_program_and_ends_with_its_connection(
    raw: Callable[[], Raw], world: World
) -> None:
    client = raw()
    client.secure()
    assert client.ask("CLNT FileZilla 3").startswith("200")
    assert client.ask("USER ada").startswith("331")
    assert client.ask(f"PASS {PASSWORD}").startswith("230")
    ((session, _),) = world.house.sessions.listed(world.who())
    assert (session.door, session.address, session.agent) == ("ftps", "127.0.0.1", "FileZilla 3")
    assert client.ask("QUIT").startswith("221")
    assert client.reply() == ""
    world.door.stop()
    assert world.house.sessions.listed(world.who()) == []


@pytest.mark.parametrize("name", ["ada", "nobody", "ada\u200b"])
def test_attack_27_wrong_names_and_passwords_are_one_failure(raw: Callable[[], Raw], name: str) -> None:
    client = raw()
    client.secure()
    assert client.ask(f"USER {name}") == "331 Now the password: PASS."
    wrong = client.ask("PASS wrong")
    assert wrong.startswith("530 Wrong name or password")
    assert client.ask("PWD").startswith("530")
    assert client.ask("PASS wrong").startswith("503")


def test_guesses_on_one_connection_end_it_and_count_with_the_guard(raw: Callable[[], Raw], world: World) -> None:
    client = raw()
    client.secure()
    said = []
    for _ in range(5):
        assert client.ask("USER nobody").startswith("331")
        said.append(client.ask("PASS wrong")[:3])
    assert said == ["530"] * 5
    assert client.reply()[:3] in {"421", ""}
    assert client.reply() == ""
    other = raw()
    other.secure()
    for _ in range(5):
        assert other.ask("USER nobody").startswith("331")
        last = other.ask("PASS wrong")
    again = raw()
    again.secure()
    assert again.ask("USER nobody").startswith("331")
    assert again.ask("PASS wrong").startswith("421 Too many wrong guesses"), last


def test_a_second_factor_is_asked_for(raw: Callable[[], Raw], world: World) -> None:
    account = world.house.accounts.get("ada")
    signed = world.house.sessions.sign_in("ada", PASSWORD, door="http", address="127.0.0.1", agent="")
    who = Principal(account, signed.session)
    factors = world.house.factors
    secret = base64.b32decode(factors.begin(who).secret)
    code = TOTP(secret, 6, SHA1(), 30, enforce_key_length=False).generate(int(time.time())).decode()  # noqa: S303
    recovery = factors.confirm(who, code, "127.0.0.1")[0]  # the code itself is used up by that
    client = raw()
    client.secure()
    assert client.ask("USER ada").startswith("331")
    assert client.ask(f"PASS {PASSWORD}").startswith("332")
    assert client.ask("PWD").startswith("530")
    assert client.ask("ACCT 000000").startswith("530")
    assert client.ask("ACCT 000000").startswith("202")  # the password is not kept for another guess
    assert client.ask("USER ada").startswith("331")
    assert client.ask(f"PASS {PASSWORD}").startswith("332")
    assert client.ask(f"ACCT {recovery}").startswith("230")
    assert client.ask("PWD").startswith("257")


def test_attack_29_a_session_that_is_ended_takes_its_connection_along(raw: Callable[[], Raw], world: World) -> None:
    client = raw()
    client.sign_in()
    world.house.sessions.end_all(world.house.accounts.get("ada").id)
    assert client.reply().startswith("421")  # without a command: the door looks by itself
    assert client.reply() == ""


@pytest.mark.parametrize("how", ["end", "disable"])
def test_attack_29_a_transfer_that_stands_still_dies_with_its_session(
    raw: Callable[[], Raw], world: World, how: str
) -> None:
    client = raw()
    client.sign_in()
    port = client.passive()
    assert client.ask("STOR a").startswith("150")
    data = client.data(port, session=client.sock.session)
    data.do_handshake()
    data.sendall(b"and then nothing")
    if how == "end":
        world.house.sessions.end_all(world.house.accounts.get("ada").id)
    else:
        world.house.accounts.set_disabled("ada", disabled=True)
    expect_cut(data)
    data.close()
    assert client.reply()[:3] in {"426", "421"}


def test_limits_of_sessions(open_door: Callable[..., World]) -> None:
    world = open_door(sessions_max=3, sessions_per_account=1)
    first = connect_ftp(world)
    second = Raw(world.port, world.cafile)
    second.secure()
    assert second.ask("USER ada").startswith("331")
    assert second.ask(f"PASS {PASSWORD}").startswith("421")
    assert second.reply() == ""
    bob = connect_ftp(world, "bob")
    third, fourth = Raw(world.port, world.cafile), Raw(world.port, world.cafile)
    said = {third.reply()[:3], fourth.reply()[:3]}
    assert "421" in said
    assert first.pwd() == bob.pwd() == "/"
    for each in (second, third, fourth):
        each.close()
    first.close()
    bob.close()


def test_who_says_nothing_is_sent_away(open_door: Callable[..., World]) -> None:
    world = open_door(login_seconds=1)
    silent = Raw(world.port, world.cafile)
    assert silent.reply().startswith("220")
    assert silent.reply().startswith("421")
    assert silent.reply() == ""
    silent.close()


def test_who_does_not_shake_hands_is_sent_away(open_door: Callable[..., World]) -> None:
    world = open_door(login_seconds=2)
    shaking = Raw(world.port, world.cafile)
    assert shaking.reply().startswith("220")
    assert shaking.ask("AUTH TLS").startswith("234")
    assert shaking.reply() == ""
    shaking.close()


def test_who_is_signed_in_and_idle_is_sent_away(open_door: Callable[..., World]) -> None:
    world = open_door(idle_seconds=0.2)
    client = Raw(world.port, world.cafile)
    client.sign_in()
    assert client.reply().startswith("421")
    client.close()


def test_a_peer_that_stands_still_costs_its_transfer_only(open_door: Callable[..., World]) -> None:
    world = open_door(stall_seconds=0.3, idle_seconds=600)
    client = Raw(world.port, world.cafile)
    client.sign_in()
    port = client.passive()
    assert client.ask("STOR a").startswith("150")
    data = client.data(port, session=client.sock.session)
    data.do_handshake()
    data.sendall(b"some")
    assert client.reply().startswith("426 Nothing came")
    assert client.ask("SIZE a") == "213 4"
    data.close()
    client.close()


def test_no_data_connection_comes(open_door: Callable[..., World]) -> None:
    world = open_door(data_seconds=0.2)
    client = Raw(world.port, world.cafile)
    client.sign_in()
    client.passive()
    assert client.ask("LIST").startswith("150")
    assert client.reply().startswith("425")
    assert client.ask("LIST").startswith("425")
    client.close()


def test_questions_are_answered_during_a_transfer_and_abor_ends_it(raw: Callable[[], Raw], world: World) -> None:
    client = raw()
    client.sign_in()
    port = client.passive()
    assert client.ask("STOR a").startswith("150")
    data = client.data(port, session=client.sock.session)
    data.do_handshake()
    data.sendall(b"abcd")
    assert client.ask("NOOP").startswith("200")
    assert "A transfer is running" in client.ask("STAT")
    client.send(b"MKD later\r\n")
    assert client.ask("ABOR").startswith("426")
    assert client.reply().startswith("226")
    assert client.reply().startswith("257")  # what came meanwhile is done afterwards
    data.close()
    assert client.ask("ABOR").startswith("225")
    assert client.ask("PWD").startswith("257")


def test_abor_ends_the_wait_for_a_data_connection(open_door: Callable[..., World]) -> None:
    world = open_door(data_seconds=600)
    client = Raw(world.port, world.cafile)
    client.sign_in()
    client.passive()
    assert client.ask("LIST").startswith("150")
    assert client.ask("ABOR").startswith("426")
    assert client.reply().startswith("226")
    client.passive()
    client.close()


def test_the_door_stops_after_the_transfers_that_run(open_door: Callable[..., World]) -> None:
    world = open_door(shutdown_seconds=10)
    client, idle = Raw(world.port, world.cafile), Raw(world.port, world.cafile)
    client.sign_in()
    idle.sign_in("bob")
    port = client.passive()
    assert client.ask("STOR a").startswith("150")
    data = client.data(port, session=client.sock.session)
    data.do_handshake()
    data.sendall(b"all ")
    port = world.port
    world.door.begin_stop()
    assert idle.reply().startswith("421")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 10)
    data.sendall(b"of it")
    data.unwrap().close()
    assert client.reply().startswith("226")
    assert client.reply().startswith("221")
    world.door.stop()
    assert world.read("/a") == b"all of it"
    client.close()
    idle.close()


def test_implicit_tls(open_door: Callable[..., World]) -> None:
    world = open_door(implicit_port=0)
    assert world.door.implicit_port
    client = Raw(world.door.implicit_port, world.cafile)
    client.wrap()
    assert client.reply().startswith("220")
    assert client.ask("USER ada").startswith("331")
    assert client.ask(f"PASS {PASSWORD}").startswith("230")
    client.passive()  # data is private without a word
    client.close()


def test_rein_begins_anew(raw: Callable[[], Raw]) -> None:
    client = raw()
    client.sign_in()
    assert client.ask("USER bob").startswith("503")
    assert client.ask("REIN").startswith("220")
    assert client.ask("PWD").startswith("530")
    assert client.ask("USER bob").startswith("331")
    assert client.ask(f"PASS {PASSWORD}").startswith("230")


def test_a_plain_client_gets_nowhere(world: World) -> None:
    plain = ftplib.FTP(timeout=10)  # noqa: S321 - that is the point
    plain.connect("127.0.0.1", world.port)
    with pytest.raises(ftplib.error_perm, match="530"):
        plain.login("ada", PASSWORD)
    plain.close()


def test_what_came_before_the_control_connection_was_lost_is_gone_on_with(raw: Callable[[], Raw], world: World) -> None:
    content = bytes(range(256)) * 400
    client = raw()
    client.sign_in()
    port = client.passive()
    assert client.ask("STOR a").startswith("150")
    data = client.data(port, session=client.sock.session)
    data.do_handshake()
    data.sendall(content[:70_000])
    while "65536 bytes so far" not in client.ask("STAT"):
        pass
    client.close()
    expect_cut(data)
    data.close()
    again = connect_ftp(world)
    at = 0
    while not at:  # what came is being stored
        with suppress(ftplib.error_perm):
            at = again.size("a") or 0
    assert 65_536 <= at <= 70_000
    with pytest.raises(ftplib.error_perm, match="554"):
        again.storbinary("STOR a", io.BytesIO(b"x"), rest=at + 1)
    again.storbinary("STOR a", io.BytesIO(content[at:]), rest=at)
    assert world.read("/a") == content
    assert again.size("a") == len(content)
    again.close()


class Registrar:
    """Makes accounts, and says what it was asked for."""

    def __init__(self, world_house: Any, *, at_once: bool) -> None:
        self.house, self.at_once = world_house, at_once
        self.asked: list[tuple[str, str]] = []

    def register(self, name: str, password: str, *, email: str = "", source: str) -> bool:
        self.asked.append((name, source))
        if name == "eve":
            raise ForbiddenError("Not you")
        self.house.accounts.create(name, password)
        return self.at_once


@pytest.mark.parametrize("at_once", [True, False])
def test_registering_where_it_is_allowed(open_door: Callable[..., World], house: Any, at_once: bool) -> None:
    registrar = Registrar(house, at_once=at_once)
    world = open_door(registration=registrar)
    client = Raw(world.port, world.cafile)
    assert client.reply().startswith("220")
    assert client.ask("REGISTER carol").startswith("530")  # not in plain text
    assert client.ask("AUTH TLS").startswith("234")
    client.wrap()
    assert client.ask("REGISTER eve").startswith("331")
    assert client.ask("PASS whatever").startswith("550")
    assert client.ask("REGISTER carol").startswith("331")
    said = client.ask(f"PASS {PASSWORD}")
    assert said.startswith("200")
    assert ("approved" in said) is not at_once
    assert client.ask("PWD").startswith("530")
    assert client.ask("USER carol").startswith("331")
    assert client.ask(f"PASS {PASSWORD}").startswith("230")
    assert registrar.asked == [("eve", "127.0.0.1"), ("carol", "127.0.0.1")]
    client.close()
