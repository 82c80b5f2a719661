"""Devices and the authority on the command line, against the real server."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from secure_file_transfer.client import Profile, Profiles
from secure_file_transfer.config import load
from secure_file_transfer.model import Role
from secure_file_transfer.server.house import House
from secure_file_transfer.server.run import open_server

from .conftest import SFT, Ran, Run, on_terminal

PASSWORD = "three green boats"


@dataclass
class Site:
    house: House
    url: str
    cafile: Path
    certfile: Path


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("SFT_DATA_DIR", str(tmp_path / "data"))
    with open_server(load(host="127.0.0.1", port=0)) as (house, listener, _):
        account = house.accounts.create("ada", PASSWORD, Role.ADMIN)
        house.accounts.create("bob", PASSWORD)
        listener.start()
        made = Site(
            house,
            f"https://127.0.0.1:{listener.port}",
            tmp_path / "data" / "tls" / "ca_cert.pem",
            tmp_path / "devices" / f"127.0.0.1_{listener.port}.pem",
        )
        token = house.sessions.open_for(account, door="test", address="", agent="").token
        Profiles().add(Profile(made.url, made.cafile.read_text(), token, "ada"))
        yield made
        listener.stop()


@pytest.fixture
def piped(sft: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    def run(text: str, *arguments: str) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        return sft(*arguments)

    return run


def test_a_signed_in_computer_enrols_and_needs_its_token_no_more(sft: Run, site: Site) -> None:
    ran = sft("cert", "enroll", "--name", "desk", "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert (told["device"]["name"], told["certfile"]) == ("desk", str(site.certfile))
    assert site.certfile.stat().st_mode & 0o777 == 0o600
    profile = Profiles().get(site.url)
    assert (profile.token, profile.certfile, profile.account) == (None, str(site.certfile), "ada")
    account = site.house.accounts.get("ada").id
    assert {s.device_id for s in site.house.catalog.read(lambda tx: tx.sessions.of(account))} <= {1}, (
        "the token's ended"
    )
    assert "desk" in sft("whoami").out
    assert sft("ls").code == 0
    assert "as ada" in sft("servers").out
    assert "by its certificate" in sft("logout").err
    before = site.certfile.read_bytes()
    assert sft("cert", "renew").code == 0
    assert site.certfile.read_bytes() != before
    assert sft("ls").code == 0


def test_a_revoked_computer_is_told_so_and_comes_back_by_its_password(
    sft: Run, piped: Callable[..., Ran], site: Site
) -> None:
    assert sft("cert", "enroll").code == 0
    (device,) = json.loads(sft("cert", "list", "--json").out)
    assert device["status"] == "active"
    assert sft("cert", "revoke", str(device["id"])).code == 2, "nobody to ask"
    assert sft("cert", "revoke", str(device["id"]), "--yes").code == 0
    refused = sft("ls")
    assert (refused.code, "sft cert enroll" in refused.err) == (6, True)
    ran = piped(f"{PASSWORD}\n", "login", site.url, "--user", "ada", "--password-stdin")
    assert ran.code == 0, ran.err
    assert "of no use there any more" in ran.err
    assert sft("ls").code == 0
    assert "revoked" in sft("cert", "list").out
    assert sft("cert", "renew").code == 78


def test_a_code_enrols_a_computer_where_nobody_is_signed_in(sft: Run, piped: Callable[..., Ran], site: Site) -> None:
    ran = sft("cert", "code", "bob", "--local")
    assert (ran.code, len(ran.out)) == (0, 24), "the code alone, to be piped"
    Profiles().remove(site.url)
    enroll = ("cert", "enroll", site.url, "--code", "--cafile", str(site.cafile))
    wrong = piped("AAAAA-AAAAA-AAAAA-AAAAA\n", *enroll)
    assert (wrong.code, site.certfile.exists()) == (3, False)
    assert piped(ran.out, *enroll).code == 0
    assert json.loads(sft("whoami", "--json").out)["account"]["name"] == "bob"
    assert piped(ran.out, *enroll).code == 3, "once"
    assert sft("cert", "code", "ada").code == 3, "bob may not make one for others"
    assert sft("cert", "code").code == 0
    assert sft("cert", "list", "--all").code == 5
    everybody = json.loads(sft("cert", "list", "--local", "--json").out)
    assert [device["account"] for device in everybody] == ["bob"]
    assert sft("cert", "revoke", str(everybody[0]["id"]), "--local", "--yes").code == 0
    site.house.credentials.forget()  # it would notice by itself within half a second
    assert sft("ls").code == 6


def test_on_a_terminal_the_code_is_typed_unseen(site: Site) -> None:
    code = site.house.devices.code_for("bob").code
    ran = on_terminal([*SFT, "cert", "enroll", site.url, "--code"], [("Enrolment code: ", code + "\n")])
    assert ran.code == 0, ran.out
    assert code not in ran.out
    listed = on_terminal([*SFT, "cert", "list"])
    assert max(len(line) for line in listed.out.splitlines() if "\x1b" not in line) <= 80


def test_the_authority_is_shown_requested_and_exchanged(sft: Run, site: Site, tmp_path: Path) -> None:
    shown = json.loads(sft("ca", "show", "--json").out)
    assert shown["authority"]["subject"] == shown["server"]["issuer"]
    assert shown["authority"]["fingerprint"][:20] in sft("ca", "show").out
    assert "BEGIN CERTIFICATE REQUEST" in sft("ca", "export-csr").out
    request = tmp_path / "server.csr"
    assert sft("ca", "export-csr", "--server", "--host", "nas.example", "--out", str(request)).code == 0
    assert request.read_text().startswith("-----BEGIN CERTIFICATE REQUEST")
    assert sft("cert", "init", "--host", "nas.example", "--out", str(tmp_path / "other")).code == 0
    other = tmp_path / "other"
    assert sft("ca", "import", str(other / "server_cert.pem")).code == 78, "another key than the requested one"
    ran = sft("ca", "import", str(other / "server_cert.pem"), "--key", str(other / "server_key.pem"), "--json")
    assert (ran.code, json.loads(ran.out)["kind"]) == (0, "server")
    assert json.loads(sft("ca", "show", "--json").out)["server"]["subject"] == "CN=nas.example"
    assert sft("ca", "import", str(tmp_path / "missing.pem")).code == 78
