"""The second factor on a terminal, as a person meets it."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.frontends.cli.conftest import SFT, on_terminal
from tests.unit.services.test_totp import code_at

from secure_file_transfer.client import Profile, Profiles, SecureFileTransferClient
from secure_file_transfer.config import load
from secure_file_transfer.errors import ConflictError, SignInFailedError, TotpRequiredError
from secure_file_transfer.model import Role
from secure_file_transfer.server.house import House
from secure_file_transfer.server.run import open_server

PASSWORD = "four plain words together"


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[House, str, Path]]:
    monkeypatch.setenv("SFT_PROFILES", str(tmp_path / "profiles.json"))
    monkeypatch.setenv("SFT_DATA_DIR", str(tmp_path / "data"))
    with open_server(load(host="127.0.0.1", port=0)) as (house, listener, _):
        listener.start()
        house.accounts.create("boss", PASSWORD, Role.ADMIN)
        house.accounts.create("mona", PASSWORD)
        yield house, f"https://localhost:{listener.port}", house.directory.tls / "ca_cert.pem"
        listener.stop()


Client = Callable[..., SecureFileTransferClient]


@pytest.fixture
def client(served: tuple[House, str, Path]) -> Client:
    _, url, cafile = served

    def make(username: str | None = None, password: str | None = None) -> SecureFileTransferClient:
        return SecureFileTransferClient(url, cafile=cafile, username=username, password=password)

    return make


def test_from_the_library(served: tuple[House, str, Path], client: Client) -> None:
    house = served[0]
    with client(username="mona", password=PASSWORD) as mona:
        with pytest.raises(SignInFailedError):
            mona.begin_totp("wrong")
        secret, uri = mona.begin_totp(PASSWORD)
        assert secret in uri
        assert mona.totp() == (False, 0)
        now = house.clock.now_us() // 1_000_000
        codes = mona.confirm_totp(code_at(secret, now))
        assert mona.totp() == (True, 10)
        with pytest.raises(ConflictError):
            mona.begin_totp(PASSWORD)
        with client() as other:
            with pytest.raises(TotpRequiredError):
                other.sign_in("mona", PASSWORD)
            with pytest.raises(SignInFailedError):
                other.sign_in("mona", PASSWORD, code_at(secret, now))
            other.sign_in("mona", PASSWORD, codes[0])
            assert len(other.renew_recovery(codes[1])) == 10
        mona.disable_totp(code_at(secret, now + 30))
        assert mona.totp() == (False, 0)


def test_on_a_terminal(served: tuple[House, str, Path], client: Client) -> None:
    house, url, cafile = served
    token = client().sign_in("mona", PASSWORD).token
    Profiles().add(Profile(url, cafile.read_text(), token, "mona"))
    account = house.accounts.get("mona")
    wrong = [("shows now: ", "000000\n")] * 3
    ran = on_terminal([*SFT, "totp", "enable"], [("Your password: ", PASSWORD + "\n"), *wrong], size=(80, 50))
    shown = re.search(r"\n    ((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})\n", ran.out)
    assert shown, ran.out
    assert ran.out.count("That is not the code") == 2
    assert ran.code == 6
    assert house.factors.required(account) is False

    who = house.sessions.resolve(token)
    secret = house.factors.begin(who).secret
    now = house.clock.now_us() // 1_000_000
    codes = house.factors.confirm(who, code_at(secret, now), "127.0.0.1")
    login = [*SFT, "login", url, "--user", "mona"]
    ran = on_terminal(login, [("Password of mona: ", PASSWORD + "\n"), ("Code: ", codes[0] + "\n")])
    assert ran.code == 0, ran.out
    assert "Signed in" in ran.out
    ran = on_terminal([*SFT, "totp", "recovery"], [("Code, or a recovery code: ", codes[1] + "\n")])
    new = re.findall(r"\n    ([a-z2-7]{4}(?:-[a-z2-7]{4}){3})", ran.out)
    assert len(new) == 10
    assert "10 recovery codes left" in on_terminal([*SFT, "totp", "status"]).out
    assert on_terminal([*SFT, "totp", "disable"], [("recovery code: ", new[0] + "\n")]).code == 0
    assert "Off." in on_terminal([*SFT, "totp", "status"]).out


def test_the_operator_takes_it_away_on_the_spot(served: tuple[House, str, Path], client: Client) -> None:
    house = served[0]
    who = house.sessions.resolve(client().sign_in("mona", PASSWORD).token)
    secret = house.factors.begin(who).secret
    house.factors.confirm(who, code_at(secret, house.clock.now_us() // 1_000_000), "127.0.0.1")
    assert on_terminal([*SFT, "user", "reset-totp", "mona"]).out == "mona signs in without a code now.\n"
    client().sign_in("mona", PASSWORD)
    assert on_terminal([*SFT, "user", "reset-totp", "mona"]).code == 3
    assert sys.executable == SFT[0]
