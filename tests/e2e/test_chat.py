"""`sft chat` against the real server: two who talk on a terminal, the inbox of the operators, a visitor, a pipe."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.unit.frontends.cli.conftest import SFT, on_terminal

from secure_file_transfer.client import AsyncClient, Profile, Profiles, SecureFileTransferClient, chat
from secure_file_transfer.testing.process import ServerProcess

PASSWORD = "three green boats at noon"
LEAVES = "Ctrl-D leaves"
END = "\x04"


@dataclass(frozen=True)
class Person:
    server: ServerProcess
    name: str
    profiles: Path
    client: SecureFileTransferClient

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "SFT_PROFILES": str(self.profiles), "NO_COLOR": "1", "TZ": "UTC"}

    def run(self, *arguments: str, text: str = "", env: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            [*SFT, "chat", *arguments], input=text, env={**self.env, **(env or {})}, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("server") / "data")
    for name in ("ada", "bob"):
        process.add_user(name, PASSWORD)
    process.add_user("op", PASSWORD, admin=True)
    with process:
        yield process


@pytest.fixture(scope="module")
def people(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Person]]:
    folder, found = tmp_path_factory.mktemp("profiles"), {}
    for name in ("ada", "bob", "op"):
        client = SecureFileTransferClient(server.url, cafile=server.cafile)
        token = client.sign_in(name, PASSWORD).token
        Profiles(folder / name).add(Profile(server.url, server.cafile.read_text(), token, name))
        found[name] = Person(server, name, folder / name, client)
    yield found
    for each in found.values():
        each.client.close()


def test_two_talk_and_what_comes_appears_above_the_line_that_one_types(people: dict[str, Person]) -> None:
    ada, bob = people["ada"], people["bob"]
    ada.client.make_folder("/scans")
    ada.client.grant("/scans", "bob", "viewer")

    def answer() -> None:
        number = bob.client.open_chat("ada").number
        (said,) = bob.client.chat_messages(number)
        assert [each.path for each in said.segments] == [None, "/Shared/ada/scans"]
        bob.client.mark_read(number, said.sequence)
        bob.client.send_message(number, "thanks\x09می\u200cخواهم\nsecond <line>")

    ran = on_terminal(
        [*SFT, "chat", "bob"],
        [
            (LEAVES, "the scans are in :/scans\r"),
            (", sent", answer),
            ("second <line>", "half of a line"),
            ("half of a line", "\x15/search SCANS\r"),
            ("1 message found", "/quit\r"),
        ],
        env=ada.env,
    )
    assert ran.code == 0
    assert "thanks    می\u200cخواهم" in ran.out
    assert "bob, read" in ran.out
    assert ada.client.chats()[0].unread == 0


def test_hostile_text_never_reaches_a_terminal(people: dict[str, Person]) -> None:
    """Attack 36: the server takes no control characters; what it takes can still be hostile."""
    ada, bob = people["ada"], people["bob"]
    number = bob.client.open_chat("ada").number
    bob.client.send_message(number, "a\u2066b <script>\n00:00  you  I owe bob money\nthe end of it")
    ran = on_terminal([*SFT, "chat", "bob"], [("-- bob", END)], env=ada.env)
    assert "the end of it" in ran.out
    assert "\n00:00" not in ran.out
    assert "\u2066" not in ran.out


def test_operators_choose_from_their_inbox_and_answer_by_name(people: dict[str, Person]) -> None:
    ada, op = people["ada"], people["op"]
    assert ada.run("--send", "I need more space") == ""
    assert ada.run(text="and here is\r\nmy list\n\n") == ""
    number = ada.client.open_chat().number
    ran = on_terminal(
        [*SFT, "chat"],
        [("Which one (ID)?", f"{number}\n"), ("my list", "done\r"), (", sent", END)],
        env=op.env,
        size=(120, 30),
    )
    assert ran.code == 0
    assert "I need more space" in ran.out
    (info,) = [each for each in json.loads(ada.run("--list", "--json")) if each["id"] == number]
    assert (info["peer"], info["unread"], info["peer_read"]) == ({"kind": "operators", "name": ""}, 1, 2)
    assert (info["latest"]["sender"], info["latest"]["text"]) == ("op", "done")
    last = json.loads(ada.run("--last", "2", "--json"))
    assert [each["text"] for each in last] == ["and here is\nmy list", "done"]
    assert ada.run("--last", "1").splitlines()[1].split()[1:] == ["op", "done"]
    assert "done" in op.run("ada", "--search", "DONE")
    assert json.loads(op.run("--id", str(number), "--search", "space", "--json"))[0]["peer"]["name"] == "ada"


def test_a_visitor_of_a_link_writes_to_the_operators(people: dict[str, Person], tmp_path: Path) -> None:
    ada, op = people["ada"], people["op"]
    ada.client.make_folder("/pub")
    url = ada.client.create_link("/pub").url
    assert url
    visitor = {"SFT_PROFILES": str(tmp_path / "none"), "SFT_CAFILE": str(ada.server.cafile)}
    ada.run("--server", url, "--send", "the link is slow", env=visitor)
    (info,) = [each for each in op.client.chats() if each.peer == "guest"]
    assert info.latest
    assert info.latest.text == "the link is slow"
    (session,) = [each for each in op.client.sessions(everybody=True) if each.link]
    assert op.client.open_chat(session=session.number).number == info.number
    op.client.send_message(info.number, "try again")
    assert "try again" in ada.run("--server", url, "--last", "5", env=visitor)


def test_everybody_hears_at_once_what_was_said_to_them(
    people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account, a visitor and an operator: by events alone, for nobody asks now and then here."""
    monkeypatch.setattr(chat, "_ASK_SECONDS", 1000.0)
    monkeypatch.setattr(chat, "_LIVE_SECONDS", 1000.0)
    server, ada, op = people["ada"].server, people["ada"].client, people["op"].client
    ada.make_folder("/live")
    url = ada.create_link("/live").url
    assert url

    async def answered(client: AsyncClient, word: str) -> None:
        """Say a word to the operators, and hear the operator say it back."""
        number = (await client.open_chat()).number
        said = await client.send_message(number, word)
        async with aclosing(client.follow_chat(number, said.sequence)) as following:
            first = await anext(following)
            assert first.messages == ()
            await asyncio.to_thread(op.send_message, number, f"{word}!")
            news = await anext(following)
            while not news.messages:
                news = await anext(following)
            assert [(each.sender, each.text) for each in news.messages] == [("op", f"{word}!")]

    async def work() -> None:
        token = (await asyncio.to_thread(ada.sign_in, "ada", PASSWORD)).token
        async with asyncio.timeout(30), AsyncClient(server.url, cafile=server.cafile, token=token) as account:
            await answered(account, "anybody there")
        async with asyncio.timeout(30), AsyncClient(server.url, cafile=server.cafile) as visitor:
            await visitor.visit(url)
            await answered(visitor, "where is it")

    asyncio.run(work())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nobody", "--send", "x"), 3, "There is no account 'nobody'"),
        (("--id", "4711", "--send", "x"), 3, "There is no such conversation"),
        (("bob", "--send", "x" * 4001), 64, "4,001 characters"),
        (("bob", "--send", "bell\a"), 64, "U+0007"),
        (("ada", "--send", "x"), 64, "That is you"),
        (("bob",), 2, "no message, and no terminal"),
    ],
)
def test_what_cannot_be_said_is_told(
    people: dict[str, Person], arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = subprocess.run(
        [*SFT, "chat", *arguments], input="", env=people["ada"].env, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_whoever_is_thrown_out_is_told_so(people: dict[str, Person], server: ServerProcess, tmp_path: Path) -> None:
    """The session ends while somebody talks: the terminal is given back with the reason."""
    server.add_user("cyn", PASSWORD)
    with SecureFileTransferClient(server.url, cafile=server.cafile) as client:
        token = client.sign_in("cyn", PASSWORD).token
        Profiles(tmp_path / "cyn").add(Profile(server.url, server.cafile.read_text(), token, "cyn"))
        ran = on_terminal(
            [*SFT, "chat"],
            [(LEAVES, "hello?\r"), (", sent", client.sign_out)],
            env={**people["ada"].env, "SFT_PROFILES": str(tmp_path / "cyn")},
        )
    assert ran.code == 6
    assert "Your session has ended" in ran.out
