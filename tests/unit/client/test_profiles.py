"""The file of profiles holds tokens: only its owner reads it, and it is never half written."""

import json
import os
import stat
from pathlib import Path

import pytest

from secure_file_transfer.client import Profile, Profiles
from secure_file_transfer.errors import ConfigurationError, NoSpaceError, NotFoundError

ONE = Profile("https://one:5000", ca_pem="PEM", token="secret-1", account="mona", expires="2026-11-21T09:30:00Z")
TWO = Profile("https://two:5000", token="secret-2", account="omid")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "profiles.json"


def test_without_a_file_there_is_nothing(path: Path) -> None:
    assert Profiles(path).current is None
    assert Profiles(path).all() == []
    with pytest.raises(NotFoundError, match="one:5000"):
        Profiles(path).get(ONE.url)


def test_profiles_come_back_as_they_were(path: Path) -> None:
    Profiles(path).add(ONE)
    Profiles(path).add(TWO, current=False)
    assert Profiles(path).all() == [ONE, TWO]
    assert Profiles(path).current == ONE
    Profiles(path).set_current(TWO.url)
    assert Profiles(path).current == TWO
    with pytest.raises(NotFoundError):
        Profiles(path).set_current("https://three:5000")


def test_a_removed_profile_is_gone_and_no_longer_current(path: Path) -> None:
    Profiles(path).add(ONE)
    Profiles(path).remove(ONE.url)
    Profiles(path).remove(ONE.url)
    assert Profiles(path).current is None
    assert "secret-1" not in path.read_text()


def test_only_the_owner_can_read_it_from_the_first_byte(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    before = os.open

    def opened(name: Path, flags: int, mode: int = 0o777) -> int:
        modes.append(mode)
        return before(name, flags, mode)

    monkeypatch.setattr(os, "open", opened)
    old = os.umask(0)
    try:
        Profiles(path).add(ONE)
    finally:
        os.umask(old)
    assert modes == [0o600]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_others_can_read_is_refused(path: Path) -> None:
    Profiles(path).add(ONE)
    path.chmod(0o640)
    with pytest.raises(ConfigurationError) as caught:
        _ = Profiles(path).current
    assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"servers": []}', '{"servers": {"u": {"token": 1}}}', "\x00"])
def test_a_damaged_file_is_named(path: Path, text: str) -> None:
    path.parent.mkdir()
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="damaged"):
        Profiles(path).all()


def test_members_of_a_newer_version_are_ignored(path: Path) -> None:
    path.parent.mkdir()
    path.touch(mode=0o600)
    path.write_text(json.dumps({"current": "u", "servers": {"u": {"token": "t", "colour": "blue"}}, "more": 1}))
    assert Profiles(path).current == Profile("u", token="t")


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Profiles(path).add(ONE)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NoSpaceError):
        Profiles(path).add(TWO)
    monkeypatch.undo()
    assert Profiles(path).all() == [ONE]
    assert [found.name for found in path.parent.iterdir()] == ["profiles.json"]


def test_the_environment_may_name_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFT_PROFILES", str(tmp_path / "mine.json"))
    Profiles().add(ONE)
    assert (tmp_path / "mine.json").exists()


def test_a_profile_does_not_show_its_token() -> None:
    assert "secret-1" not in repr(ONE)
