import json
from pathlib import Path

import pytest

from secure_file_transfer.client import Profile, Profiles, fingerprint_of
from secure_file_transfer.testing.certificates import TestAuthority
from secure_file_transfer.testing.fake_server import NAME, PASSWORD, FakeServer

from .conftest import SFT, Run, on_terminal, process

SECRET = PASSWORD.encode() + b"\n"


def fingerprint(server: FakeServer) -> str:
    return fingerprint_of(server.files.cafile.read_text())


def login(server: FakeServer, *arguments: str, stdin: bytes = SECRET) -> tuple[int, str, str]:
    ran = process("login", server.url, "--user", NAME, "--password-stdin", *arguments, stdin=stdin)
    return ran.code, ran.out, ran.err


def test_a_script_signs_in_with_a_cafile(server: FakeServer) -> None:
    code, out, err = login(server, "--cafile", str(server.files.cafile))
    assert (code, out) == (0, "")
    assert err.startswith(f"Signed in to {server.url} as {NAME}, until ")
    profile = Profiles().current
    assert profile is not None
    assert profile.token in server.tokens
    assert profile.ca_pem == server.files.cafile.read_text()
    assert process("whoami").code == 0


def test_a_script_signs_in_with_a_fingerprint(server: FakeServer) -> None:
    assert login(server, "--fingerprint", fingerprint(server))[0] == 0
    assert login(server, "--fingerprint", fingerprint(server).lower().replace(":", ""), "--json")[0] == 0


def test_a_wrong_fingerprint_or_authority_sends_no_password(server: FakeServer, tmp_path: Path) -> None:
    code, _, err = login(server, "--fingerprint", "00" * 32)
    assert code == 8
    assert fingerprint(server) in err
    (tmp_path / "other.pem").write_text(TestAuthority("Other").pem)
    assert login(server, "--cafile", str(tmp_path / "other.pem"))[0] == 8
    assert not any(method == "POST" for method, _ in server.requests)
    assert Profiles().current is None


def test_a_script_without_trust_is_told_the_fingerprint_and_how(server: FakeServer) -> None:
    code, out, err = login(server)
    assert (code, out) == (8, "")
    assert fingerprint(server)[:47] in err
    assert "--fingerprint" in err
    assert not any(method == "POST" for method, _ in server.requests)


def test_a_person_confirms_the_fingerprint_and_types_the_password_unseen(server: FakeServer) -> None:
    ran = on_terminal(
        [*SFT, "login", server.url.removeprefix("https://")],
        [
            ("Is this the fingerprint that the server printed? [y/N] ", "y\n"),
            ("User name", f"{NAME}\n"),
            (f"Password of {NAME}: ", f"{PASSWORD}\n"),
        ],
        env={"NO_COLOR": "1"},
    )
    assert ran.code == 0, ran.out
    pairs = fingerprint(server).split(":")
    assert f"    {':'.join(pairs[:16])}\n    {':'.join(pairs[16:])}\n" in ran.out
    assert PASSWORD not in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    assert max(map(len, ran.out.splitlines())) <= 80
    assert process("ls").code == 0


def test_no_means_no(server: FakeServer) -> None:
    ran = on_terminal([*SFT, "login", server.url], [("[y/N] ", "\n")])
    assert ran.code == 1
    assert Profiles().all() == []
    assert not any(method == "POST" for method, _ in server.requests)


def test_a_known_server_asks_nothing_again_and_offers_the_name(signed_in: FakeServer) -> None:
    ran = on_terminal([*SFT, "login", signed_in.url], [(f"User name [{NAME}]: ", "\n"), ("Password", f"{PASSWORD}\n")])
    assert ran.code == 0
    assert "fingerprint" not in ran.out


def test_another_authority_than_last_time_is_a_warning(server: FakeServer) -> None:
    Profiles().add(Profile(server.url, TestAuthority("Old").pem, None, NAME))
    ran = on_terminal([*SFT, "login", server.url], [("[y/N] ", "n\n")], size=(200, 24), env={"NO_COLOR": "1"})
    assert ran.code == 1
    assert "sft: warning:" in ran.out
    assert "shows another certificate authority than when you signed in last" in ran.out


def test_a_certificate_for_another_name_is_refused_before_any_question(tmp_path: Path) -> None:
    with FakeServer(tmp_path, TestAuthority().issue(tmp_path, ["nas.example"])) as server:
        ran = on_terminal([*SFT, "login", server.url])
        assert ran.code == 8
        assert "nas.example" in ran.out
        assert "[y/N]" not in ran.out


def test_a_wrong_password_is_6_and_remembers_nothing(server: FakeServer) -> None:
    code, _, err = login(server, "--cafile", str(server.files.cafile), stdin=b"wrong password\n")
    assert (code, err.splitlines()[0]) == (6, "sft: Wrong name or password")
    assert Profiles().all() == []
    code, _, err = login(server, "--cafile", str(server.files.cafile), stdin=b"")
    assert (code, "No password arrived" in err) == (2, True)


def test_a_new_server_takes_its_one_time_code(server: FakeServer) -> None:
    server.setup_code = "K7RWM-9F2QX"
    ran = on_terminal(
        [*SFT, "login", f"{server.url}/setup#K7RWM-9F2QX"],
        [
            ("[y/N] ", "y\n"),
            ("Set-up code: ", "K7RWM-9F2QX\n"),
            ("User name", f"{NAME}\n"),
            ("New password", "one thing\n"),
            ("The same again", "another thing\n"),
            ("New password", f"{PASSWORD}\n"),
            ("The same again", f"{PASSWORD}\n"),
        ],
    )
    assert ran.code == 0, ran.out
    assert "not taken from the command line" in ran.out
    assert len(server.tokens) == 1, "the code was used, and gave a session"
    assert PASSWORD not in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_logout_ends_the_session_and_keeps_the_trust(sft: Run, signed_in: FakeServer) -> None:
    profile = Profiles().current
    assert profile is not None
    ran = sft("logout")
    assert (ran.code, ran.err) == (0, f"Signed out of {signed_in.url}.\n")
    assert profile.token not in signed_in.tokens
    kept = Profiles().current
    assert kept is not None
    assert (kept.token, kept.ca_pem) == (None, profile.ca_pem)
    assert sft("logout").code == 0
    ran = sft("ls")
    assert (ran.code, ran.err.splitlines()[0]) == (6, f"sft: You are not signed in to {signed_in.url}")


def test_a_session_that_ended_elsewhere_says_so(sft: Run, signed_in: FakeServer) -> None:
    signed_in.tokens.clear()
    ran = sft("ls")
    assert (ran.code, ran.err) == (
        6,
        f"sft: Your session has ended at {signed_in.url}\n     Sign in with 'sft login {signed_in.url}'.\n",
    )
    assert sft("logout").code == 0
    kept = Profiles().current
    assert kept is not None
    assert kept.token is None


def test_whoami(sft: Run, signed_in: FakeServer) -> None:
    shown = dict(line.split(maxsplit=1) for line in sft("whoami").out.splitlines())
    assert (shown["name"], shown["role"], shown["server"]) == (NAME, "admin", signed_in.url)
    assert json.loads(sft("whoami", "--json").out)["account"] == {"name": NAME, "role": "admin"}


def test_servers_lists_chooses_and_forgets(sft: Run, signed_in: FakeServer) -> None:
    Profiles().add(Profile("https://other.example:5000", None, "secret-token", "ali"))
    ran = sft("servers")
    assert ran.out == f"  {signed_in.url}  as mona\n* https://other.example:5000  as ali\n"
    ran = sft("servers", "--use", signed_in.url, "--json")
    assert [(one["url"], one["current"]) for one in json.loads(ran.out)] == [
        (signed_in.url, True),
        ("https://other.example:5000", False),
    ]
    assert "secret-token" not in ran.out
    sft("servers", "--forget", "other.example")
    assert [profile.url for profile in Profiles().all()] == [signed_in.url]
    assert sft("servers", "--use", "unknown.example").code == 3


def test_nobody_signed_in_is_told_how_to(sft: Run) -> None:
    ran = sft("ls")
    assert (ran.code, "sft login HOST" in ran.err) == (6, True)
    assert "sft login HOST" in sft("servers").err


def test_scripts_bring_a_token_for_a_named_server_only(
    sft: Run, server: FakeServer, signed_in: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Profiles().remove(server.url)
    monkeypatch.setenv("SFT_TOKEN", server.token)
    ran = sft("ls")
    assert (ran.code, "SFT_SERVER" in ran.err) == (2, True)
    monkeypatch.setenv("SFT_SERVER", server.url)
    assert sft("ls").code == 8, "not trusted yet"
    monkeypatch.setenv("SFT_CAFILE", str(server.files.cafile))
    assert sft("ls").code == 0
    assert Profiles().all() == [], "nothing is remembered"


def test_a_server_that_is_not_trusted_says_how_to(sft: Run, server: FakeServer) -> None:
    ran = sft("ls", "--server", server.url)
    assert (ran.code, f"sft login {server.url}" in ran.err) == (8, True)


def test_nobody_there_is_7(sft: Run) -> None:
    ran = sft("ls", "--server", "127.0.0.1:1")
    assert ran.code == 7
    assert sft("ls", "--server", "https://user:pw@host").code == 78


def test_an_open_profile_file_is_refused(sft: Run, signed_in: FakeServer, tmp_path: Path) -> None:
    (tmp_path / "profiles.json").chmod(0o644)
    ran = sft("ls")
    assert (ran.code, "others can read it" in ran.err) == (78, True)
    assert not signed_in.requests
