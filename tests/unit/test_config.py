"""Settings: who overrides whom, and that nothing wrong is passed over in silence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from secure_file_transfer import config
from secure_file_transfer.errors import ConfigurationError
from secure_file_transfer.model import BLOCK_SIZE_DEFAULT, MIB

WriteToml = Callable[[str], Path]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*config.Settings.model_fields, "config"]:
        monkeypatch.delenv(f"SFT_{name.upper()}", raising=False)


@pytest.fixture
def toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteToml:
    def write(text: str) -> Path:
        path = tmp_path / "server.toml"
        path.write_text(text)
        monkeypatch.setenv("SFT_CONFIG", str(path))
        return path

    return write


def test_the_defaults_need_no_configuration() -> None:
    settings = config.load()
    assert (settings.port, settings.block_size, settings.certfile) == (5000, BLOCK_SIZE_DEFAULT, None)
    assert settings.data_dir == config.default_data_dir()


@pytest.mark.parametrize("name", ["guard_allow", "guard_block", "trusted_proxies"])
def test_networks_are_read_or_refused_by_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"SFT_{name.upper()}", "192.0.2.7/24, 2001:db8::1")
    assert getattr(config.load(), name) == ("192.0.2.7/24", "2001:db8::1")
    monkeypatch.setenv(f"SFT_{name.upper()}", "192.0.2.0/24,secret")
    with pytest.raises(ConfigurationError, match=f"{name}: .*not a list of networks") as refused:
        config.load()
    assert "secret" not in str(refused.value)


def test_a_flag_beats_the_environment_beats_the_file(toml: WriteToml, monkeypatch: pytest.MonkeyPatch) -> None:
    toml("port = 7001\nidle_seconds = 7\nsession_hours = 1\n")
    monkeypatch.setenv("SFT_PORT", "7002")
    monkeypatch.setenv("SFT_IDLE_SECONDS", "8")
    settings = config.load(port=7003)
    assert (settings.port, settings.idle_seconds, settings.session_hours) == (7003, 8, 1)


def test_a_flag_that_was_not_given_overrides_nothing(toml: WriteToml) -> None:
    toml("port = 7001\n")
    assert config.load(port=None).port == 7001


def test_public_names_are_a_list_in_the_file_and_commas_in_the_environment(
    toml: WriteToml, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml('public_names = ["a.example", "10.0.0.1"]\n')
    assert config.load().public_names == ("a.example", "10.0.0.1")
    monkeypatch.setenv("SFT_PUBLIC_NAMES", "b.example, ::1,")
    assert config.load().public_names == ("b.example", "::1")


@pytest.mark.parametrize("text", ["prot = 1\n", "[server]\nport = 1\n", "certificate = 'x'\n"])
def test_a_setting_that_does_not_exist_is_refused_by_name(toml: WriteToml, text: str) -> None:
    toml(text)
    name = text.split("=", maxsplit=1)[0].strip(" []\n").split("]")[0]
    with pytest.raises(ConfigurationError, match=rf"{name}: there is no such setting"):
        config.load()


def test_a_typo_is_told_what_was_meant(toml: WriteToml, monkeypatch: pytest.MonkeyPatch) -> None:
    toml("blocksize = 1\n")
    with pytest.raises(ConfigurationError, match="perhaps you mean block_size"):
        config.load()
    monkeypatch.delenv("SFT_CONFIG")
    monkeypatch.setenv("SFT_PRTO", "1")
    with pytest.raises(ConfigurationError, match=r"SFT_PRTO.*perhaps you mean SFT_PORT"):
        config.load()


@pytest.mark.parametrize("name", ["CAFILE", "DEBUG", "MASTER_KEY", "PROFILES", "PYTHON", "SERVER", "TOKEN"])
def test_variables_of_the_client_are_no_typos(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"SFT_{name}", "x")
    assert config.load().port == 5000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "-1"),
        ("port", "65536"),
        ("port", "http"),
        ("block_size", str(MIB - 1)),
        ("block_size", str(16 * MIB + 1)),
        ("session_hours", "0"),
        ("idle_seconds", "0"),
        ("shutdown_seconds", "-1"),
        ("log_level", "loud"),
        ("log_format", "xml"),
    ],
)
def test_a_bad_value_names_its_setting_and_keeps_the_value_to_itself(
    name: str, value: str, toml: WriteToml, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SFT_{name.upper()}", value)
    with pytest.raises(ConfigurationError, match=f"{name}:"):
        config.load()
    monkeypatch.delenv(f"SFT_{name.upper()}")
    toml(f'{name} = "{value}"\n')
    with pytest.raises(ConfigurationError, match=f"{name}:") as caught:
        config.load()
    assert caught.value.hint
    if name != "log_level":  # its message lists what is allowed
        assert f"'{value}'" not in str(caught.value)


@pytest.mark.parametrize("text", ["port=", "= 1", "port = 1\nport = 2\n", "\x00"])
def test_a_file_that_is_not_toml_is_refused_by_name(toml: WriteToml, text: str) -> None:
    path = toml(text)
    with pytest.raises(ConfigurationError, match=path.name):
        config.load()


def test_a_file_that_is_not_there_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFT_CONFIG", str(tmp_path / "missing.toml"))
    with pytest.raises(ConfigurationError, match=r"missing\.toml.*no such file"):
        config.load()


def test_settings_do_not_change_once_loaded() -> None:
    settings = config.load()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("4096", 4096), ("500K", 512_000), ("10M", 10 * MIB), ("1.5G", 3 * 2**29), ("10 MiB", 10 * MIB)],
)
def test_rates_may_be_written_with_units(text: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFT_RATE_UP", text)
    assert config.load(rate_down=text).rate_up == expected
    assert config.load(rate_down=text).rate_down == expected


@pytest.mark.parametrize("text", ["", "M", "-1", "1e6", "10X", "1.2.3", "0x10", "٣M", "9" * 30, "1\n"])
def test_rates_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="rate_up"):
        config.load(rate_up=text)


def test_nobody_registers_unless_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.load().registration is config.Registration.OFF
    monkeypatch.setenv("SFT_REGISTRATION", "approval")
    monkeypatch.setenv("SFT_REGISTRATION_QUOTA", "10G")
    loaded = config.load()
    assert (loaded.registration, loaded.registration_quota) == (config.Registration.APPROVAL, 10 * 2**30)
    with pytest.raises(ConfigurationError, match="registration"):
        config.load(registration="sometimes")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ftps_passive_ports", "10022"),
        ("ftps_passive_ports", "20000-10000"),
        ("ftps_passive_ports", "0-10"),
        ("ftps_passive_ports", "60000-70000"),
        ("ftps_external_address", "example.org"),
        ("ftps_external_address", "::1"),
        ("ftps_port", 70_000),
    ],
)
def test_settings_of_ftps_that_cannot_be(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=name):
        config.load(**{name: value})


def test_settings_of_ftps_that_can_be() -> None:
    for ports in ("0", "10022-10022", "1-65535"):
        assert config.load(ftps_passive_ports=ports).ftps_passive_ports == ports
    assert config.load(ftps_external_address="192.0.2.7").ftps_external_address == "192.0.2.7"
