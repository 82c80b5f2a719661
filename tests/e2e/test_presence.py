"""Who is here, over the wire: shown with what they move, ended with a reason, warned, paused, shut out, on every door.

What stops within a second is measured thrice: a busy machine may be late, the server is not.
"""

import contextlib
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.client import ConnectedClient
from secure_file_transfer.config import load
from secure_file_transfer.doors.ftps.door import FtpsDoor
from secure_file_transfer.errors import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    SessionEndedError,
    TooManyRequestsError,
)
from secure_file_transfer.model import MIB, Principal, Role, Scope
from secure_file_transfer.ports import Event
from secure_file_transfer.server import run as running
from secure_file_transfer.server.ftps import open_ftps
from secure_file_transfer.server.house import House
from secure_file_transfer.server.run import open_server
from secure_file_transfer.services import traffic
from secure_file_transfer.services.tokens import Wish
from secure_file_transfer.testing.ftps_wire import FtpsSite, FtpsWire

PASSWORD = "four plain words together"
SIZE = 8 * MIB
PATIENCE = 20.0


@dataclass
class World:
    house: House
    port: int
    ftps_port: int
    boss: SecureFileTransferClient
    settings: Any
    events: list[Event] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def cafile(self) -> Path:
        return self.house.directory.tls / "ca_cert.pem"

    def account(self) -> tuple[str, str]:
        """A new account and a token of it."""
        name = f"user{next(self.numbers)}"
        return name, self.token(self.house.accounts.create(name, PASSWORD))

    def token(self, account: Any) -> str:
        return self.house.sessions.open_for(account, door="http", address="127.0.0.1", agent="test").token

    def api_token(self, name: str, *scopes: Scope) -> str:
        account = self.house.accounts.get(name)
        signed = self.house.sessions.open_for(account, door="http", address="::1", agent="test")
        wish = Wish("test", frozenset(scopes))
        return self.house.tokens.create(Principal(signed.account, signed.session), PASSWORD, wish, address="::1").text

    def client(self, token: str) -> SecureFileTransferClient:
        return SecureFileTransferClient("127.0.0.1", self.port, cafile=self.cafile, token=token)

    def of(self, name: str) -> list[ConnectedClient]:
        return [each for each in self.boss.clients() if each.name == name]

    def one(self, name: str, holds: Callable[[ConnectedClient], bool] = lambda _: True) -> ConnectedClient:
        """The client of that account, once it is so."""
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            for each in self.of(name):
                if holds(each):
                    return each
        raise AssertionError(f"never: {self.of(name)}")

    def ftps(self, name: str) -> FtpsSite:
        return FtpsSite(self.ftps_port, name, PASSWORD, self.cafile)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFT_FTPS_ENABLED", "true")
        patch.setenv("SFT_FTPS_PORT", "0")
        doors: list[FtpsDoor] = []

        def opened(*given: Any) -> FtpsDoor:
            doors.append(open_ftps(*given))
            return doors[0]

        patch.setattr(running, "open_ftps", opened)
        settings = load(data_dir=tmp_path_factory.mktemp("data"), host="127.0.0.1", port=0, block_size=MIB)
        with open_server(settings) as (house, listener, _):
            listener.start()
            boss = house.accounts.create("boss", PASSWORD, Role.ADMIN)
            made = World(house, listener.port, doors[0].port, None, settings)  # type: ignore[arg-type]
            made.boss = made.client(made.token(boss))
            house.bus.subscribe(made.events.append)
            yield made
            made.boss.close()
            listener.stop()


@contextlib.contextmanager
def sending(world: World, token: str, target: str, size: int, **fields: str) -> Iterator[http.client.HTTPSConnection]:
    """An upload of which half is on its way, and no more."""
    context = ssl.create_default_context(cafile=str(world.cafile))
    connection = http.client.HTTPSConnection("127.0.0.1", world.port, context=context, timeout=PATIENCE)
    connection.putrequest("PUT", target)
    for name, value in {"Authorization": f"Bearer {token}", "Content-Length": str(size), **fields}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    connection.send(bytes(size // 2))
    try:
        yield connection
    finally:
        connection.close()


def problem(connection: http.client.HTTPSConnection) -> dict[str, Any]:
    answer = connection.getresponse()
    told: dict[str, Any] = json.loads(answer.read())
    return {**told, "retry-after": answer.headers.get("Retry-After")}


def seconds_until(done: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < PATIENCE, "it never came"
        time.sleep(0.005)
    return time.monotonic() - began


def told_of(world: World, name: str) -> list[str]:
    """What was published of an account's clients."""
    return [each.kind for each in list(world.events) if each.topic == "clients" and each.data["name"] == name]


def test_an_upload_is_shown_and_told_within_a_second(world: World) -> None:
    took = []
    for _ in range(3):
        name, token = world.account()
        with sending(world, token, "/api/v1/files/a%20b", SIZE):
            took.append(
                seconds_until(
                    lambda name=name: any(  # type: ignore[misc]
                        each.data["name"] == name and each.data["state"] == "uploading" for each in list(world.events)
                    )
                )
            )
            shown = world.one(name, lambda each: each.done == SIZE // 2)
        assert (shown.path, shown.size, shown.percent, shown.state) == ("/a b", SIZE, 50, "uploading")
        assert (shown.door, shown.address, shown.kind) == ("http", "127.0.0.1", "account")
        world.one(name, lambda each: each.state == "idle")
    assert min(took) < 1.0, took


def test_the_blocks_of_a_file_are_one_transfer(world: World) -> None:
    name, token = world.account()
    field = f'ab12; size={10 * MIB}; done={5 * MIB}; path="/dir/caf%C3%A9"'
    with sending(world, token, f"/api/v1/blocks/{'0' * 64}", MIB, Transfer_Name=field):
        shown = world.one(name, lambda each: each.done >= 5 * MIB + MIB // 2)
    assert (shown.path, shown.size, shown.percent, shown.files) == ("/dir/café", 10 * MIB, 55, 1)


def test_a_kick_ends_an_upload_within_a_second_and_says_why(world: World) -> None:
    took = []
    for _ in range(3):
        name, token = world.account()
        with sending(world, token, "/api/v1/files/x", SIZE) as connection:
            client = world.one(name, lambda each: each.files == 1)
            seconds_until(lambda name=name: bool(told_of(world, name)))  # type: ignore[misc]
            world.boss.kick(client.id, reason="Enough \x1b[31mfor\n today")
            began = time.monotonic()
            told = problem(connection)
            took.append(time.monotonic() - began)
        assert (told["code"], told["status"]) == ("session_ended", 401)
        assert told["detail"] == "An operator has ended your session: Enough [31mfor today"
        with world.client(token) as later, pytest.raises(SessionEndedError, match="for today"):
            later.stat("/")
        assert not world.of(name)
        seconds_until(lambda name=name: told_of(world, name)[-1] == "left")  # type: ignore[misc]
        if took[-1] < 1.0:
            break
    assert min(took) < 1.0, took


def test_what_was_said_survives_a_restart(world: World) -> None:
    name, token = world.account()
    with world.client(token) as client:
        client.stat("/")
        world.boss.kick(world.one(name).id, reason="for good", block_minutes=10)
    world.boss.warn_account("boss", "to myself")
    other = House(world.settings)  # as after a restart
    try:
        with pytest.raises(SessionEndedError, match="for good"):
            other.sessions.resolve(token)
        with pytest.raises(TooManyRequestsError, match="for good"):
            other.sessions.open_for(other.accounts.get(name), door="http", address="::1", agent="")
        me = Principal(other.accounts.get("boss"), None)
        assert [each.text for each in other.control.warnings(me)] == []  # without a session nobody is there to see it
    finally:
        other.close()
    with pytest.raises(TooManyRequestsError, match="for good"):
        world.token(world.house.accounts.get(name))
    (block,) = [each for each in world.boss.guard_blocks() if each.subject == name]
    assert (block.kind, block.author, block.reason) == ("account", "boss", "for good")
    assert world.boss.guard_unblock(name) == 1
    assert world.token(world.house.accounts.get(name))
    for each in world.boss.warnings():
        world.boss.acknowledge(each.id)


def test_only_operators_in_person_and_never_oneself(world: World) -> None:
    name, token = world.account()
    with world.client(token) as client, world.client(world.api_token("boss", *Scope)) as program:
        (own,) = client.clients()
        assert own.name == name
        acts: list[Callable[[SecureFileTransferClient], object]] = [
            lambda each: each.kick(own.id),
            lambda each: each.pause_client(own.id),
            lambda each: each.warn(own.id, "x"),
            lambda each: each.warn_everybody("x"),
            lambda each: each.warnings(everybody=True),
        ]
        for each in (client, program):
            for act in acts:
                with pytest.raises(ForbiddenError):
                    act(each)
        assert len(program.clients()) > 1
        (tool,) = [each for each in world.boss.clients() if each.kind == "token"]
        with pytest.raises(InvalidRequestError):
            world.boss.kick(tool.id)
    me = next(each for each in world.boss.clients() if each.name == "boss" and each.kind == "account")
    with pytest.raises(ConflictError):
        world.boss.kick(me.id)
    for nobody in ("4711", "c99", "t99", "x/../1", "٣"):
        with pytest.raises(NotFoundError):
            world.boss.kick(nobody)


def test_an_api_token_is_ended_by_a_block(world: World) -> None:
    name, _ = world.account()
    with world.client(world.api_token(name, Scope.FILES_READ)) as program:
        program.stat("/")
        (tool,) = [each for each in world.of(name) if each.kind == "token"]
        world.boss.kick(tool.id, reason="too fast", block_minutes=1)
        with pytest.raises(SessionEndedError, match="too fast"):
            program.stat("/")
        assert world.boss.guard_unblock(tool.id[1:]) == 1
        program.stat("/")


def test_a_warning_stands_until_it_is_acknowledged(world: World) -> None:
    name, token = world.account()
    with world.client(token) as client, world.client(world.token(world.house.accounts.get(name))) as second:
        client.stat("/")
        sent = world.boss.warn(world.one(name).id, "Stop\x07 soon")
        assert [each.text for each in client.warnings()] == ["Stop soon"]
        assert second.warnings() == []
        with pytest.raises(NotFoundError):
            second.acknowledge(sent.id)
        every = world.boss.warn_account(name, "all of you")
        assert [each.id for each in second.warnings()] == [every.id]
        second.acknowledge(every.id)
        second.acknowledge(every.id)
        assert [each.id for each in client.warnings()] == [sent.id]
        client.acknowledge(sent.id)
        assert client.warnings() == []
        seen = {each.id: each for each in world.boss.warnings(everybody=True)}
        assert seen[sent.id].acknowledged_us
        assert seen[every.id].to == name
        assert [each.to for each in world.boss.warn_everybody("noon")].count(name) == 1
        for number in range(19):
            world.boss.warn_account(name, f"{number}")
        with pytest.raises(ConflictError):
            world.boss.warn_account(name, "one too many")
    told = [each.kind for each in world.events if each.topic == "warnings" and each.data["to"] == name]
    assert told[:4] == ["sent", "sent", "acknowledged", "acknowledged"]


def test_what_is_paused_waits_and_goes_on(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "HELD_SECONDS", 0.1)
    name, token = world.account()
    data = bytes(range(256)) * 4096 * 5
    (tmp_path / "file").write_bytes(data)
    with world.client(token) as client:
        client.stat("/")
        number = world.one(name).id
        world.boss.pause_client(number)
        written: list[Any] = []
        thread = threading.Thread(target=lambda: written.append(client.send_file(tmp_path / "file", "/file")))
        thread.start()
        assert world.one(name, lambda each: each.files > 0).state == "paused"
        field = 'ab; size=1; done=0; path="/other"'
        with sending(world, token, f"/api/v1/blocks/{'0' * 64}", MIB, Transfer_Name=field) as connection:
            told = problem(connection)
        assert (told["code"], told["status"], told["retryable"]) == ("paused", 503, True)
        assert told["retry-after"] == "2"
        assert not written
        world.boss.resume_client(number)
        thread.join(PATIENCE)
        assert written[0].entry.size == len(data)
        assert client.get_bytes("/file") == data


def test_ftps_clients_are_shown_warned_and_ended(world: World) -> None:
    name, _ = world.account()
    with FtpsWire.signed_in(world.ftps(name)) as wire:
        client = world.one(name)
        assert (client.door, client.state) == ("ftps", "idle")
        sent = world.boss.warn(client.id, "Stop soon")
        reply = wire.ask("NOOP", 200)
        assert f"WARNING {sent.id} of boss: Stop soon" in reply.text
        assert "WARNING" not in wire.ask("PWD", 257).text  # programs read that one
        wire.ask("SITE ACK 4711", 550)
        assert "WARNING" in wire.ask("NOOP", 200).text
        wire.ask("SITE ACK", 200)
        assert "WARNING" not in wire.ask("NOOP", 200).text
        wire.ask("SITE ACK", 550)
        with wire.transfer("STOR up") as data:
            data.sendall(bytes(MIB))
            shown = world.one(name, lambda each: each.done == MIB)
            assert (shown.state, shown.path, shown.size) == ("uploading", "/up", None)
            world.boss.kick(shown.id, reason="Enough", block_minutes=10)
            began = time.monotonic()
            told = wire.reply()
            assert time.monotonic() - began < 5
        assert told.code in {421, 426}
        assert "An operator has ended your session: Enough" in told.text
    with FtpsWire(world.ftps(name)) as wire:
        wire.secure()
        wire.ask(f"USER {name}", 331)
        assert "Enough" in wire.ask(f"PASS {PASSWORD}", 421).text
    assert not world.of(name)
    world.boss.guard_unblock(name)


def test_whoever_has_not_signed_in_is_shown_and_can_be_ended(world: World) -> None:
    with FtpsWire(world.ftps("nobody")) as wire:
        ends = time.monotonic() + PATIENCE
        while not (found := [each for each in world.boss.clients() if each.state == "signing in"]):
            assert time.monotonic() < ends
        assert (found[0].id[0], found[0].name, found[0].door) == ("c", "", "ftps")
        world.boss.kick(found[0].id, reason="Not now")
        assert "Not now" in wire.reply().text
