"""A server that announces itself, and those who look for it, over multicast on loopback."""

import json
import sys
import time
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import pytest

from secure_file_transfer.client import discovering
from secure_file_transfer.client.discovering import ADDRESSES_MAX, FOUND_MAX, FoundServer, discover, read
from secure_file_transfer.config import load
from secure_file_transfer.errors import ConfigurationError
from secure_file_transfer.frontends.cli import main
from secure_file_transfer.server.discovery import announce
from secure_file_transfer.server.run import open_server
from secure_file_transfer.transfer.announcing import SERVICE

HERE = ["127.0.0.1"]
PRINT = ":".join(["AB", "0F"] * 16)


def info(**given: Any) -> Any:
    """What the library says of an announcement."""
    addresses = given.pop("addresses", HERE)
    values = {"name": f"nas.{SERVICE}", "port": 5000, "properties": {}, **given}
    return SimpleNamespace(parsed_addresses=lambda: addresses, **values)


def test_who_announces_itself_is_found_and_says_goodbye() -> None:
    with announce("nas.home", 5000, PRINT, ["nas.home", "192.0.2.7", "127.0.0.1"], interfaces=HERE, kind="share"):
        (found,) = discover(20, interfaces=HERE, enough=1)
    assert found == FoundServer("nas-home", "https://192.0.2.7:5000", ("192.0.2.7",), 5000, PRINT, 1, "share")
    assert discover(0.7, interfaces=HERE) == []


def test_two_of_one_name_are_both_found() -> None:
    with (
        announce("twin", 5001, PRINT, HERE, interfaces=HERE),
        announce("twin", 5002, PRINT, HERE, interfaces=HERE),
    ):
        found = discover(20, interfaces=HERE, enough=2)
    assert {each.port for each in found} == {5001, 5002}
    assert len({each.name for each in found}) == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"addresses": []}, None),
        ({"port": 0}, None),
        ({"port": None}, None),
        ({"addresses": ["fe80::1", "2001:db8::1"]}, "https://[2001:db8::1]:5000"),
        ({"addresses": ["2001:db8::1", "192.0.2.1"]}, "https://192.0.2.1:5000"),
        ({"addresses": ["169.254.1.1", "10.0.0.1"]}, "https://10.0.0.1:5000"),
    ],
)
def test_where_an_announcement_leads(given: dict[str, Any], expected: str | None) -> None:
    found = read(info(**given))
    assert (found.url if found else None) == expected


def test_a_hostile_announcement_is_bounded_and_harmless() -> None:
    found = read(
        info(
            name="\x1b]0;x\x07\u202e" + "n" * 5000 + "." + SERVICE,
            addresses=[f"10.0.{at // 250}.{at % 250}" for at in range(1000)],
            properties={b"fp": b"\x1b[31m" * 50, b"kind": b"\n" * 200, b"api": b"9" * 200, b"x" * 200: b"y" * 9000},
        )
    )
    assert found
    assert (len(found.name) < 64, found.name.isprintable(), len(found.addresses)) == (True, True, ADDRESSES_MAX)
    assert (found.fingerprint, found.kind, found.api) == ("", "server", 0)


def test_a_flood_of_announcements_is_cut() -> None:
    asked: list[str] = []

    class Flooded:
        def get_service_info(self, kind: str, name: str, timeout: int) -> Any:
            asked.append(name)
            return info(name=name)

    names: SimpleQueue[str] = SimpleQueue()
    for number in range(FOUND_MAX * 3):
        names.put(f"n{number}.{SERVICE}")
    found = discovering._gathered(Flooded(), names, time.monotonic() + 60, FOUND_MAX)  # type: ignore[arg-type]
    assert len(found) == len(asked) == FOUND_MAX


def test_without_the_extra_both_sides_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    with pytest.raises(ConfigurationError, match="extra 'discovery'") as refused:
        discover(0.1)
    assert "pip install" in refused.value.hint
    with pytest.raises(ConfigurationError, match="extra 'discovery'"), announce("x", 1, "", HERE):
        pass


def test_a_server_announces_itself_where_it_listens_if_it_is_told_to(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path / "data", host="127.0.0.1", port=0, ftps_enabled=False, discovery=True)
    with open_server(settings) as (_, listener, announcement):
        (found,) = discover(20, interfaces=HERE, enough=1)
        assert (found.port, found.fingerprint) == (listener.port, announcement().fingerprint)
        listener.close()


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[FoundServer]:
    found: list[FoundServer] = []
    monkeypatch.setattr(discovering, "discover", lambda seconds: found)
    return found


def test_the_command_lists_what_it_found(network: list[FoundServer], capsys: pytest.CaptureFixture[str]) -> None:
    network.append(FoundServer("nas", "https://192.0.2.7:5000", ("192.0.2.7",), 5000, PRINT, 1, "server"))
    assert main(["discover"]) == 0
    told = capsys.readouterr()
    assert told.out.split() == ["nas", "https://192.0.2.7:5000", "server", PRINT]
    assert "hint" in told.err
    assert main(["discover", "--json"]) == 0
    (value,) = json.loads(capsys.readouterr().out)
    assert (value["name"], value["fingerprint"], value["addresses"]) == ("nas", PRINT, ["192.0.2.7"])


def test_the_command_says_when_nobody_is_there(network: list[FoundServer], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["discover"]) == 1
    assert "No server announced itself" in capsys.readouterr().err
    assert main(["discover", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == []
