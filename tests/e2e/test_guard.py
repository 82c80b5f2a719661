"""The guard and the sessions over the wire, and the commands for them.

This machine counts as a proxy, so that a test can come from anywhere.
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from secure_file_transfer.client import Profile, Profiles
from secure_file_transfer.config import load
from secure_file_transfer.frontends.cli import main
from secure_file_transfer.model import Role
from secure_file_transfer.server.house import House
from secure_file_transfer.server.run import open_server

PASSWORD = "four plain words together"


@dataclass
class World:
    house: House
    url: str
    cafile: Path

    def token(self, name: str) -> str:
        account = self.house.accounts.get(name)
        return self.house.sessions.open_for(account, door="http", address="127.0.0.1", agent="a\x1bgent").token

    def use(self, name: str) -> None:
        """The command line is this account from now on."""
        Profiles().add(Profile(self.url, self.cafile.read_text(), self.token(name), name))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("SFT_PROFILES", str(tmp_path / "profiles.json"))
    monkeypatch.setenv("SFT_DATA_DIR", str(tmp_path / "data"))
    settings = load(host="127.0.0.1", port=0, trusted_proxies=("127.0.0.1",), guard_block=("203.0.113.0/24",))
    with open_server(settings) as (house, listener, _):
        listener.start()
        for name, role in (("alice", Role.USER), ("boss", Role.ADMIN)):
            house.accounts.create(name, PASSWORD, role)
        yield World(house, f"https://localhost:{listener.port}", house.directory.tls / "ca_cert.pem")
        listener.stop()


Sft = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sft(capfd: pytest.CaptureFixture[str]) -> Sft:
    def run(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(arguments)
        said = capfd.readouterr()
        return code, said.out, said.err

    return run


async def sign_ins(world: World, tries: list[tuple[str, str, str]]) -> list[tuple[int, str]]:
    """Status and Retry-After of many sign-ins at once: name, password and where it comes from."""
    context = ssl.create_default_context(cafile=world.cafile)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context, limit=100)) as session:

        async def one(name: str, password: str, source: str) -> tuple[int, str]:
            values = {"name": name, "password": password}
            headers = {"X-Forwarded-For": source}
            async with session.post(f"{world.url}/api/v1/sessions", json=values, headers=headers) as answer:
                return answer.status, answer.headers.get("Retry-After", "")

        return await asyncio.gather(*(one(*each) for each in tries))


async def test_attack_26_the_budget_of_a_source_holds_over_the_wire(world: World) -> None:
    tries = [(f"user{n}", "wrong", f"2001:db8::{n + 1:x}") for n in range(30)]
    seen = await sign_ins(world, tries)
    # Those turned away for the length of their line have guessed nothing.
    assert [status for status, _ in seen].count(401) <= 10
    assert {status for status, _ in seen} == {401, 429}
    seen = [(await sign_ins(world, [each]))[0] for each in tries[:12]]
    assert seen[-1][0] == 429
    assert 1 <= int(seen[-1][1]) <= 60


async def test_attack_47_a_flood_from_one_source_keeps_nobody_else_from_signing_in(world: World) -> None:
    flood = [(f"nobody{n}", "wrong", "192.0.2.66") for n in range(200)]
    others = [("alice", PASSWORD, f"198.51.100.{n + 1}") for n in range(5)]
    seen = await sign_ins(world, [*flood, *others])
    assert [status for status, _ in seen[200:]] == [201] * 5
    assert [status for status, _ in seen[:200]].count(401) <= 10
    assert [status for status, _ in seen[:200]].count(201) == 0


async def test_a_blocked_network_gets_nothing_not_even_with_a_token(world: World) -> None:
    context = ssl.create_default_context(cafile=world.cafile)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        for target in ("/", "/api/v1/server", "/api/v1/usage"):
            headers = {"X-Forwarded-For": "203.0.113.5", "Authorization": f"Bearer {world.token('alice')}"}
            async with session.get(world.url + target, headers=headers) as answer:
                assert (answer.status, (await answer.json(content_type=None))["code"]) == (403, "forbidden")
            async with session.get(world.url + target, headers={**headers, "X-Forwarded-For": "192.0.2.5"}) as answer:
                assert answer.status == 200


def test_the_commands_about_sessions(world: World, sft: Sft) -> None:
    world.token("boss")
    other = world.token("alice")
    world.use("alice")
    code, out, _ = sft("sessions", "list", "--json")
    mine = json.loads(out)
    assert code == 0
    assert [each["current"] for each in mine].count(True) == 1
    assert {each["account"]["name"] for each in mine} == {"alice"}
    assert len(mine) == 2
    code, out, _ = sft("sessions", "list")
    assert "\x1b" not in out
    assert len([line for line in out.splitlines() if line.startswith("* ")]) == 1
    assert sft("sessions", "list", "--everybody")[0] == 5
    assert sft("sessions", "end", "--all", "--user", "boss")[0] == 5
    boss = world.house.sessions.resolve(world.token("boss")).session
    assert boss
    assert sft("sessions", "end", str(boss.id))[0] == 3
    assert sft("sessions", "end", "--all")[2] == "1 session ended.\n"
    with pytest.raises(Exception, match="ended"):
        world.house.sessions.resolve(other)
    world.use("boss")
    _, out, _ = sft("sessions", "list", "--everybody", "--json")
    names = [each["account"]["name"] for each in json.loads(out)]
    assert sorted(names) == ["alice", "boss", "boss", "boss"]
    assert sft("sessions", "end", "--all", "--user", "alice")[2] == "1 session ended.\n"
    for wrong in (["sessions", "end"], ["sessions", "end", "1", "--all"], ["sessions", "end", "1", "--user", "x"]):
        assert sft(*wrong)[0] == 2


def test_the_commands_about_the_guard(world: World, sft: Sft) -> None:
    world.use("boss")
    assert sft("guard", "list") == (0, "", "Nobody has to wait.\n")
    asyncio.run(guess_on(world, "192.0.2.9"))
    code, out, _ = sft("guard", "list")
    assert code == 0
    assert out.split()[:3] == ["source", "192.0.2.9", "10"]
    (block,) = json.loads(sft("guard", "list", "--json")[1])
    assert (block["kind"], block["subject"], block["guesses"]) == ("source", "192.0.2.9", 10)
    assert sft("guard", "unblock", "192.0.2.9")[2] == "1 block lifted.\n"
    assert json.loads(sft("guard", "list", "--json")[1]) == []
    assert sft("guard", "unblock")[0] == 2
    assert sft("guard", "unblock", "--all")[2] == "0 blocks lifted.\n"
    world.use("alice")
    assert sft("guard", "list")[0] == 5
    assert sft("guard", "unblock", "--all")[0] == 5


async def guess_on(world: World, source: str) -> None:
    while (await sign_ins(world, [("nobody", "wrong", source)]))[0][0] == 401:
        pass


def test_a_role_changes_on_the_spot(world: World, sft: Sft) -> None:
    token = world.token("alice")
    assert sft("user", "role", "alice", "admin")[2] == "alice is an administrator now.\n"
    assert world.house.accounts.get("alice").role is Role.ADMIN
    assert not world.house.catalog.read(lambda tx: tx.sessions.of(world.house.accounts.get("alice").id)), token
    assert sft("user", "role", "boss", "user")[0] == 0
    assert sft("user", "role", "alice", "user")[0] == 4
    assert sft("user", "role", "alice", "king")[0] == 2
