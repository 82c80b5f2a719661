"""The commands that work on the server itself, against a stand-in for its package."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

import pytest

import secure_file_transfer
from secure_file_transfer.config import Settings
from secure_file_transfer.errors import DataDirectoryInUseError, ExistsError
from secure_file_transfer.model import (
    Account,
    AccountId,
    DriveId,
    Kind,
    Mount,
    NodeId,
    Rights,
    Role,
    ShareGrant,
    TimeUs,
)
from secure_file_transfer.services.accounts import Change
from secure_file_transfer.services.mounts import Mounted
from secure_file_transfer.services.resets import Reset
from secure_file_transfer.services.roster import Listed

from .conftest import SFT, Ran, Run, on_terminal

FINGERPRINT = ":".join(f"{number:02X}" for number in range(32))
NOW = TimeUs(1_795_253_400_000_000)
SETUP = "https://192.168.1.5:5000/setup#K7RWM-9F2QX-ABCDE-3HXPQ-ZZ2T4"


@dataclass
class Announcement:
    urls: list[str]
    fingerprint: str
    setup_url: str | None
    data_dir: Path
    warnings: list[str]
    ftps_urls: list[str] = field(default_factory=list)
    metrics_url: str | None = None


@dataclass
class Accounts:
    accounts: dict[str, tuple[str, Role, bool]] = field(default_factory=dict)
    changes: dict[str, list[Change]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    used: int = 0

    def create(self, name: str, password: str, role: Role = Role.USER) -> Account:
        if name in self.accounts:
            raise ExistsError(f"There is an account '{name}' already")
        self.accounts[name] = (password, role, False)
        return self.all()[-1]

    def set_password(self, name: str, password: str) -> None:
        self.accounts[name] = (password, *self.accounts[name][1:])

    def set_disabled(self, name: str, disabled: bool) -> None:
        self.accounts[name] = (*self.accounts[name][:2], disabled)

    def change(self, name: str, change: Change) -> Account:
        self.changes.setdefault(name, []).append(change.checked())
        return next(account for account in self.all() if account.name == name)

    def approve(self, name: str) -> None:
        self.waiting.remove(name)

    def reject(self, name: str) -> None:
        self.approve(name)
        self.delete(name)

    def listed(self) -> list[Listed]:
        return [Listed(each, self.used, 3) for each in self.all()]

    def delete(self, name: str) -> None:
        del self.accounts[name]

    def all(self) -> list[Account]:
        found = []
        for at, (name, (_, role, disabled)) in enumerate(self.accounts.items()):
            account = Account(AccountId(at), name, role, disabled, DriveId(at), NOW, pending=name in self.waiting)
            for change in self.changes.get(name, ()):
                account = change.applied(account)
            found.append(account)
        return found


class Resets:
    def begin(self, name: str, hours: int) -> Reset:
        return Reset(f"K7RWM-{hours}", name, TimeUs(NOW + hours * 3_600_000_000))


@dataclass
class Tokens:
    """Numbers of API tokens by account."""

    numbers: dict[str, list[int]] = field(default_factory=dict)

    def of(self, name: str) -> list[int]:
        return self.numbers.get(name, [])

    def revoke_of(self, name: str) -> int:
        return len(self.numbers.pop(name, []))


class Mounts:
    """Folder drives without a disk."""

    def __init__(self) -> None:
        self.found: list[Mounted] = []
        self.fault = ""

    def mount(self, name: str, path: str, *, to: Sequence[str], rights: Rights) -> Mount:
        mount = Mount(DriveId(1), NodeId(1), name, path, Kind.FOLDER, NOW)
        grants = [ShareGrant(NodeId(1), None, None, each, rights, NOW) for each in to]
        self.found.append(Mounted(mount, grants))
        return mount

    def unmount(self, name: str) -> Mount:
        (gone,) = (each for each in self.found if each.mount.name == name)
        self.found.remove(gone)
        return gone.mount

    def list(self) -> list[Mounted]:
        return [replace(each, fault=self.fault) for each in self.found]


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
        self.Change = Change
        self.accounts = Accounts()
        self.resets = Resets()
        self.tokens = Tokens()
        self.mounts = Mounts()
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

    def now_us(self) -> int:
        return NOW

    def url(self) -> str:
        return "https://nas:5000"

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
    data_dir, warnings, ftps_urls, metrics_url = Path("/d"), [], [], None
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
    assert sft("user", "list").out == (
        "ali   admin  0 B  2026-11-21 09:30\nsara  user   0 B  2026-11-21 09:30  disabled\n"
    )
    assert json.loads(sft("user", "list", "--json").out)[1] == {
        "name": "sara",
        "role": "user",
        "disabled": True,
        "pending": False,
        "email": "",
        "note": "",
        "created": "2026-11-21T09:30:00.000000Z",
        "expires": None,
        "bytes": 0,
        "files": 3,
        "quota": None,
        "quota_files": None,
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


def test_a_new_password_leaves_tokens_unless_told_otherwise(typed: Callable[..., Ran], stand: Stand) -> None:
    typed("a good password\n", "user", "add", "ali", "--password-stdin")
    passwd = ("user", "passwd", "ali", "--password-stdin")
    signed_out = "ali has a new password, and is signed out everywhere.\n"
    assert typed("newer\n", *passwd).err == signed_out
    stand.tokens.numbers["ali"] = [3, 4]
    assert typed("newer\n", *passwd).err == (
        f"{signed_out}2 tokens still there. If the old password leaked: --revoke-tokens.\n"
    )
    assert typed("newer\n", *passwd, "--revoke-tokens").err == f"{signed_out}2 tokens revoked.\n"
    assert stand.tokens.numbers == {}


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
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == ("sara: holds as much as there is room for, up 10.0 MiB/s, down 1.5 MiB/s, good for ever.\n")
    stand.accounts.used = 5 * 2**30
    ran = sft("user", "set", "sara", "--rate-up", "0", "--quota", "10G", "--quota-files", "1", "--note", "a b")
    assert ran.err == "sara: holds 10.0 GiB and 1 file, down 1.5 MiB/s, good for ever.\n"
    assert sft("user", "list").out == (
        "sara  user  5.0 GiB of 10.0 GiB  2026-11-21 09:30  3 of 1 file, down 1.5 MiB/s, a b\n"
    )
    sft("user", "set", "sara", "--rate-down", "0", "--quota", "0", "--quota-files", "0", "--note", "", "--email", "a@b")
    assert sft("user", "list").out == "sara  user  5.0 GiB  2026-11-21 09:30  a@b\n"


@pytest.mark.parametrize(
    ("text", "expires", "shown"),
    [
        ("2027-01-01", 1_798_761_600_000_000, "until 2027-01-01 00:00"),
        ("30d", NOW + 30 * 86_400_000_000, "until 2026-12-21 09:30"),
        ("0d", NOW, "expired 2026-11-21 09:30"),
        ("never", 0, ""),
    ],
)
def test_an_account_expires(
    stand: Stand, sft: Run, typed: Callable[..., Ran], text: str, expires: int, shown: str
) -> None:
    typed("four plain words\n", "user", "add", "sara", "--password-stdin")
    assert sft("user", "set", "sara", "--expire", text).code == 0
    assert stand.accounts.changes["sara"] == [Change(expires_us=expires)]
    assert sft("user", "list").out == f"sara  user  0 B  2026-11-21 09:30  {shown}".rstrip() + "\n"


def test_who_registered_is_approved_or_rejected(stand: Stand, sft: Run, typed: Callable[..., Ran]) -> None:
    for name in ("sara", "omid"):
        typed("four plain words\n", "user", "add", name, "--password-stdin")
        stand.accounts.waiting.add(name)
    assert sft("user", "list").out.count("waits for approval") == 2
    assert sft("user", "approve", "sara").err == "sara can sign in now.\n"
    assert sft("user", "reject", "omid").err == "omid is removed.\n"
    assert sft("user", "list").out == "sara  user  0 B  2026-11-21 09:30\n"


def test_a_reset_link_is_printed_alone(sft: Run, stand: Stand) -> None:
    ran = sft("user", "reset", "sara", "--hours", "2")
    assert ran.out == "https://nas:5000/reset/K7RWM-2\n"
    assert ran.err == "Give it to sara only. It works once, until 2026-11-21 11:30.\n"
    assert json.loads(sft("user", "reset", "sara", "--json").out) == {
        "account": "sara",
        "link": "https://nas:5000/reset/K7RWM-24",
        "expires": "2026-11-22T09:30:00.000000Z",
    }


@pytest.mark.parametrize(
    "options",
    [
        (), ("--rate-up", "fast"), ("--rate-up=-1",), ("--rate-down", "10X"), ("--quota", "much"),
        ("--quota-files", "1.5"), ("--quota-files", "1K"), ("--expire", "soon"), ("--expire", "2027-13-01"),
        ("--expire", "-1d"), ("--expire", "01.02.2027"),
    ],
)  # fmt: skip
def test_limits_that_make_no_sense_are_refused(stand: Stand, sft: Run, options: tuple[str, ...]) -> None:
    ran = sft("user", "set", "sara", *options)
    assert (ran.code, ran.out) == (2, "")
    assert stand.accounts.changes == {}


# --- mounts ------------------------------------------------------------------------------------------------------


def test_folders_are_mounted_listed_and_unmounted(sft: Run, stand: Stand, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    ran = sft("mount-folder", "photos", str(tmp_path / "photos"), "--to", "sara", "--to", "@team", "--rights", "editor")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"{tmp_path}/photos is /Drives/photos now, for sara, @team: editor.\n"
    ran = sft("mount-folder", "scans", str(tmp_path / "photos"))
    assert "for nobody yet. Next: sft grant /Drives/scans USER LEVEL" in ran.err
    stand.mounts.fault = "The folder of this drive is not there"
    ran = sft("mounts")
    assert ran.out.splitlines() == [
        f"photos  {tmp_path}/photos  sara: editor, @team: editor",
        f"scans   {tmp_path}/photos  nobody",
    ]
    assert "scans: The folder of this drive is not there\n" in ran.err
    first, second = json.loads(sft("mounts", "--json").out)
    assert (first["name"], first["path"], first["kind"]) == ("photos", f"{tmp_path}/photos", "folder")
    assert first["grants"][1] == {"to": "@team", "rights": 15, "level": "editor"}
    assert (second["grants"], second["fault"]) == ([], "The folder of this drive is not there")
    ran = sft("unmount-folder", "photos")
    assert ran.err == f"/Drives/photos is gone. {tmp_path}/photos stays as it is.\n"
    sft("unmount-folder", "scans")
    assert "sft mount-folder NAME PATH" in sft("mounts").err


def test_a_mount_with_a_level_that_is_none_touches_nothing(sft: Run, stand: Stand, tmp_path: Path) -> None:
    ran = sft("mount-folder", "x", str(tmp_path), "--to", "sara", "--rights", "owner")
    assert (ran.code != 0, "is no level" in ran.err) == (True, True)
    assert stand.mounts.list() == []


def test_names_from_the_disk_never_reach_the_terminal_as_they_are(sft: Run, stand: Stand, tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31mb").mkdir()
    ran = sft("mount-folder", "red", str(tmp_path / "a\x1b[31mb"))
    listed = sft("mounts")
    assert "\x1b" not in ran.err + listed.out + listed.err
