"""The commands that work on the server itself, against a stand-in for its package."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

import secure_file_transfer
from secure_file_transfer.config import Settings
from secure_file_transfer.errors import DataDirectoryInUseError, ExistsError
from secure_file_transfer.model import Account, AccountId, DriveId, Role, TimeUs

from .conftest import SFT, Ran, Run, on_terminal

FINGERPRINT = ":".join(f"{number:02X}" for number in range(32))
SETUP = "https://192.168.1.5:5000/setup#K7RWM-9F2QX-ABCDE-3HXPQ-ZZ2T4"


@dataclass
class Announcement:
    urls: list[str]
    fingerprint: str
    setup_url: str | None
    data_dir: Path
    warnings: list[str]
    ftps_urls: list[str] = field(default_factory=list)


@dataclass
class Accounts:
    accounts: dict[str, tuple[str, Role, bool]] = field(default_factory=dict)
    rates: dict[str, tuple[int, int]] = field(default_factory=dict)

    def create(self, name: str, password: str, role: Role = Role.USER) -> Account:
        if name in self.accounts:
            raise ExistsError(f"There is an account '{name}' already")
        self.accounts[name] = (password, role, False)
        return self.all()[-1]

    def set_password(self, name: str, password: str) -> None:
        self.accounts[name] = (password, *self.accounts[name][1:])

    def set_disabled(self, name: str, disabled: bool) -> None:
        self.accounts[name] = (*self.accounts[name][:2], disabled)

    def set_rates(self, name: str, *, up: int | None, down: int | None) -> Account:
        old = self.rates.get(name, (0, 0))
        self.rates[name] = (old[0] if up is None else up, old[1] if down is None else down)
        return next(account for account in self.all() if account.name == name)

    def delete(self, name: str) -> None:
        del self.accounts[name]

    def all(self) -> list[Account]:
        return [
            Account(
                AccountId(at),
                name,
                role,
                disabled,
                DriveId(at),
                TimeUs(1_795_253_400_000_000),
                *self.rates.get(name, (0, 0)),
            )
            for at, (name, (_, role, disabled)) in enumerate(self.accounts.items())
        ]


@dataclass
class SweepReport:
    nodes: int = 1
    blocks: int = 2
    blobs: int = 0


class Stand(ModuleType):
    """What the command line uses of the server's package."""

    def __init__(self) -> None:
        super().__init__("secure_file_transfer.server")
        self.Announcement = Announcement
        self.accounts = Accounts()
        self.settings: list[Settings] = []
        self.setup_url: str | None = SETUP
        self.warnings: list[str] = []
        self.error: Exception | None = None
        self.made: tuple[Path, list[str]] | None = None

    def serve(self, settings: Settings, *, announce: Callable[[Announcement], None]) -> None:
        self.settings.append(settings)
        if self.error is not None:
            raise self.error
        urls = ["https://192.168.1.5:5000", "https://localhost:5000"]
        announce(Announcement(urls, FINGERPRINT, self.setup_url, settings.data_dir, self.warnings))

    @contextmanager
    def open_local(self, settings: Settings) -> Iterator["Stand"]:
        self.settings.append(settings)
        yield self

    def rotate_master_key(self) -> tuple[str, str]:
        return "old1", "new2"

    def sweep(self) -> SweepReport:
        return SweepReport()

    def init_certificates(self, out_dir: Path, hosts: list[str]) -> list[Path]:
        self.made = (out_dir, hosts)
        return [out_dir / name for name in ("ca_cert.pem", "ca_key.pem", "server_cert.pem", "server_key.pem")]


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Stand:
    module = Stand()
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(secure_file_transfer, "server", module, raising=False)
    return module


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, sft: Run, tmp_path: Path) -> Callable[..., Ran]:
    """Run a command with something on standard input."""

    def run(text: str, *arguments: str) -> Ran:
        (tmp_path / "stdin").write_text(text)
        with (tmp_path / "stdin").open() as stream:
            monkeypatch.setattr(sys, "stdin", stream)
            return sft(*arguments)

    return run


# --- serve ------------------------------------------------------------------------------------------------------


def test_the_banner_says_where_what_and_what_next(sft: Run, stand: Stand, tmp_path: Path) -> None:
    ran = sft("serve", "--data-dir", str(tmp_path / "data"))
    assert (ran.code, ran.err) == (0, "Stopped.\n")
    assert "\x1b" not in ran.out
    assert "https://192.168.1.5:5000\n" in ran.out
    assert "https://localhost:5000\n" in ran.out
    first, second = FINGERPRINT[:48], FINGERPRINT[48:]
    assert f"{first}\n" in ran.out
    assert f"{second}\n" in ran.out
    assert f"\n  {SETUP}\n" in ran.out
    assert "█" not in ran.out, "no QR code where nobody looks"
    assert ran.out.rstrip().endswith("Ctrl-C stops the server.")
    assert max(len(line) for line in ran.out.splitlines() if str(tmp_path) not in line) <= 80


def test_a_server_with_an_administrator_shows_no_link(sft: Run, stand: Stand) -> None:
    stand.setup_url, stand.warnings = None, ["The certificate ends in 5 days."]
    ran = sft("serve")
    assert "setup" not in ran.out
    assert "sft login https://192.168.1.5:5000" in ran.out
    assert "warning: The certificate ends in 5 days." in ran.out


def test_serve_for_programs_is_one_line_of_json(sft: Run, stand: Stand) -> None:
    ran = sft("serve", "--json", "--port", "0")
    assert len(ran.out.splitlines()) == 1
    said = json.loads(ran.out)
    assert (said["setup_url"], said["fingerprint"]) == (SETUP, FINGERPRINT)


def test_flags_win_over_environment_and_file(
    sft: Run, stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sft.toml").write_text('port = 1111\nhost = "10.0.0.1"\nlog_level = "error"\n')
    monkeypatch.setenv("SFT_PORT", "2222")
    monkeypatch.setenv("SFT_CONFIG", "/replaced/by/the/flag")
    sft(
        "serve",
        "--config",
        str(tmp_path / "sft.toml"),
        "--host",
        "127.0.0.1",
        "--public-name",
        "a",
        "--public-name",
        "b",
    )
    settings = stand.settings[0]
    assert (settings.port, settings.host, settings.log_level) == (2222, "127.0.0.1", "error")
    assert settings.public_names == ("a", "b")
    sft("serve", "-p", "3333")
    assert stand.settings[1].port == 3333
    sft("serve", "--ftps-port", "4444", "--ftps")
    assert (stand.settings[2].ftps_enabled, stand.settings[2].ftps_port) == (True, 4444)
    sft("serve", "--no-ftps")
    assert stand.settings[3].ftps_enabled is False


def test_bad_settings_are_told_without_a_traceback(sft: Run, stand: Stand) -> None:
    ran = sft("serve", "--port", "99999")
    assert (ran.code, "port" in ran.err) == (78, True)
    assert sft("serve", "--port", "many").code == 2
    assert sft("serve", "--config", "missing.toml").code == 78
    stand.error = DataDirectoryInUseError("Another server works on '/data'")
    assert sft("serve").code == 78


SHOW = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[4])!r})
from pathlib import Path
from secure_file_transfer.frontends.cli.banner import print_banner
class Said:
    urls, fingerprint, setup_url = ["https://192.168.1.5:5000"], {FINGERPRINT!r}, {SETUP!r}
    data_dir, warnings, ftps_urls = Path("/d"), [], []
print_banner(Said)
"""


def modules(lines: list[str]) -> list[list[bool]]:
    """Read half blocks back: True where a module is drawn."""
    upper, lower = {"▀", "█"}, {"▄", "█"}
    rows = []
    for line in lines:
        rows += [[char in upper for char in line], [char in lower for char in line]]
    return rows


def drawn(out: str) -> list[str]:
    return [line[2:] for line in out.splitlines() if set(line) & set("▀▄█")]


def test_the_code_on_a_terminal_is_the_link(stand: Stand) -> None:
    import segno

    ran = on_terminal([sys.executable, "-c", SHOW], size=(80, 50))
    reset = "\x1b[0m"
    lines = [line.removeprefix("  \x1b[38;5;16;48;5;231m").removesuffix(reset) for line in ran.out.splitlines()]
    code = modules([line for line in lines if set(line) & set("▀▄█")])
    wanted = [[bool(cell) for cell in row] for row in segno.make(SETUP, error="l", boost_error=False).matrix]
    size = len(wanted)
    assert [row[2 : 2 + size] for row in code if any(row)][:size] == wanted
    assert all(not row[0] and not row[1] and not row[-1] for row in code), "the quiet zone is light"
    assert SETUP in ran.out


def test_without_colours_the_light_modules_are_drawn(stand: Stand) -> None:
    plain = drawn(on_terminal([sys.executable, "-c", SHOW], size=(80, 50), env={"NO_COLOR": "1"}).out)
    assert set(plain[0]) == {"█"}, "the quiet zone is drawn"
    assert len({len(line) for line in plain}) == 1


def test_the_code_stays_away_where_it_does_not_fit(stand: Stand) -> None:
    narrow = on_terminal([sys.executable, "-c", SHOW], size=(38, 50)).out
    assert not drawn(narrow)
    low = on_terminal([sys.executable, "-c", SHOW], size=(80, 24), env={"NO_COLOR": "1"}).out
    assert "Scroll up" in low
    assert low.index("█") < low.index("Secure File Transfer"), "the words stay in view"
    assert not drawn(on_terminal([sys.executable, "-c", SHOW], env={"TERM": "dumb"}).out)


# --- accounts ---------------------------------------------------------------------------------------------------


def test_accounts_are_made_listed_changed_and_deleted(typed: Callable[..., Ran], sft: Run, stand: Stand) -> None:
    ran = typed("a good password\nsecond line\n", "user", "add", "ali", "--admin", "--password-stdin")
    assert (ran.code, ran.out, ran.err) == (0, "", "ali can sign in now.\n")
    typed("another one\r\n", "user", "add", "--password-stdin", "sara")
    assert stand.accounts.accounts == {
        "ali": ("a good password", Role.ADMIN, False),
        "sara": ("another one", Role.USER, False),
    }
    assert sft("user", "disable", "sara").code == 0
    assert sft("user", "list").out == "ali   admin  2026-11-21 09:30\nsara  user   2026-11-21 09:30  disabled\n"
    assert json.loads(sft("user", "list", "--json").out)[1] == {
        "name": "sara",
        "role": "user",
        "disabled": True,
        "created": "2026-11-21T09:30:00.000000Z",
        "rate_up": 0,
        "rate_down": 0,
    }
    sft("user", "enable", "sara")
    typed("newer\n", "user", "passwd", "sara", "--password-stdin")
    assert stand.accounts.accounts["sara"] == ("newer", Role.USER, False)
    assert typed("newer\n", "user", "add", "ali", "--password-stdin").code == 4
    ran = typed("", "user", "delete", "sara")
    assert (ran.code, "--yes" in ran.err) == (2, True)
    assert sft("user", "delete", "sara", "--yes").code == 0
    assert list(stand.accounts.accounts) == ["ali"]


@pytest.mark.parametrize("text", ["", "\n", "x" * 5000])
def test_a_password_that_did_not_arrive_makes_nothing(typed: Callable[..., Ran], stand: Stand, text: str) -> None:
    assert typed(text, "user", "add", "ali", "--password-stdin").code == 2
    assert not stand.accounts.accounts


def test_no_terminal_and_no_stdin_option_is_told(typed: Callable[..., Ran], stand: Stand) -> None:
    ran = typed("secret\n", "user", "add", "ali")
    assert (ran.code, "--password-stdin" in ran.err) == (2, True)


def test_a_password_is_no_argument() -> None:
    for command in (["user", "add", "ali", "secret"], ["user", "add", "ali", "--password", "secret"]):
        ran = on_terminal([*SFT, *command])
        assert ran.code == 2


def test_the_other_commands(sft: Run, stand: Stand, tmp_path: Path) -> None:
    assert json.loads(sft("key", "rotate", "--json").out) == {"old": "old1", "new": "new2"}
    assert "new2" in sft("key", "rotate").err
    assert sft("sweep").err == "Swept 1 entry, 2 blocks and 0 stored objects.\n"
    assert json.loads(sft("sweep", "--json", "-q").out) == {"nodes": 1, "blocks": 2, "blobs": 0}
    ran = sft("cert", "init", "--host", "nas", "--host", "10.0.0.1", "--out", str(tmp_path))
    assert stand.made == (tmp_path, ["nas", "10.0.0.1"])
    assert ran.out.splitlines()[0] == str(tmp_path / "ca_cert.pem")
    assert sft("-q", "user", "list", "--data-dir", str(tmp_path)).code == 0
    assert stand.settings[-1].data_dir == tmp_path


def test_an_account_is_limited(stand: Stand, sft: Run, typed: Callable[..., Ran]) -> None:
    typed("four plain words\n", "user", "add", "sara", "--password-stdin")
    ran = sft("user", "set", "sara", "--rate-up", "10M", "--rate-down", "1.5 MiB")
    assert (ran.code, ran.out, ran.err) == (0, "", "sara: up 10.0 MiB/s, down 1.5 MiB/s.\n")
    assert stand.accounts.rates["sara"] == (10 * 2**20, 3 * 2**19)
    assert sft("user", "list").out == "sara  user  2026-11-21 09:30  up 10.0 MiB/s, down 1.5 MiB/s\n"
    assert sft("user", "set", "sara", "--rate-up", "0").err == "sara: up no limit, down 1.5 MiB/s.\n"


@pytest.mark.parametrize("options", [(), ("--rate-up", "fast"), ("--rate-up=-1",), ("--rate-down", "10X")])
def test_limits_that_make_no_sense_are_refused(stand: Stand, sft: Run, options: tuple[str, ...]) -> None:
    ran = sft("user", "set", "sara", *options)
    assert (ran.code, ran.out) == (2, "")
    assert stand.accounts.rates == {}
