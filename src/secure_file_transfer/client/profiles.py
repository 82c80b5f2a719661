"""Which servers this person has signed in to: a small file that only they can read."""

import json
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from ..errors import ConfigurationError, NotFoundError
from ..paths import display
from .local import local_errors

_SIZE_MAX = 4 * 1024 * 1024


def default_path() -> Path:
    """Where the profiles are: `SFT_PROFILES`, or `profiles.json` in the person's configuration folder."""
    given = os.environ.get("SFT_PROFILES")
    if given:
        return Path(given)
    return platformdirs.user_config_path("secure-file-transfer", appauthor=False) / "profiles.json"


@dataclass(frozen=True, slots=True)
class Profile:
    """One server as it was signed in to. `ca_pem` None: the system's roots; `token` None: signed out.

    `expires` is the time of the protocol (RFC 3339) at which the token dies. `certfile` holds the key and
    certificate of this computer, where it was enrolled as a device.
    """

    url: str
    ca_pem: str | None = None
    token: str | None = field(default=None, repr=False)
    account: str | None = None
    expires: str | None = None
    certfile: str | None = None


class Profiles:
    """The profiles in one file. Every change is written at once and whole; the file is 0600 from its first byte."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()

    @property
    def current(self) -> Profile | None:
        """The profile that commands use when none is named."""
        url, servers = self._load()
        return servers.get(url) if url is not None else None

    def all(self) -> list[Profile]:
        """All profiles, by URL."""
        return [profile for _, profile in sorted(self._load()[1].items())]

    def get(self, url: str) -> Profile:
        """The profile of one server.

        Raises:
            NotFoundError
        """
        profile = self._load()[1].get(url)
        if profile is None:
            raise NotFoundError(f"You have not signed in to {display(url)}", hint="Use `sft login` first.")
        return profile

    def add(self, profile: Profile, *, current: bool = True) -> None:
        """Add a profile or replace the one of the same URL, and by default make it the current one."""
        url, servers = self._load()
        servers[profile.url] = profile
        self._save(profile.url if current else url, servers)

    def remove(self, url: str) -> None:
        """Forget a server. One that is not there is fine."""
        current, servers = self._load()
        if servers.pop(url, None) is not None:
            self._save(None if current == url else current, servers)

    def set_current(self, url: str) -> None:
        """Make a known server the current one.

        Raises:
            NotFoundError
        """
        self.get(url)
        self._save(url, self._load()[1])

    def _load(self) -> tuple[str | None, dict[str, Profile]]:
        try:
            with self.path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                data = file.read(_SIZE_MAX + 1)
        except FileNotFoundError:
            return None, {}
        except OSError as error:
            raise ConfigurationError(f"{self._name} cannot be read: {error.strerror}") from None
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise ConfigurationError(
                f"{self._name} holds secrets and others can read it",
                hint=f"Run `chmod 600 {self.path}`, and sign in again if somebody may have read it.",
            )
        try:
            value = json.loads(data)
            servers = {url: Profile(url=url, **_texts(item)) for url, item in value["servers"].items()}
            return value.get("current"), servers
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ConfigurationError(
                f"{self._name} is damaged", hint="Remove it and sign in again with `sft login`."
            ) from None

    @property
    def _name(self) -> str:
        return f"The file of profiles {display(str(self.path))}"

    def _save(self, current: str | None, servers: dict[str, Profile]) -> None:
        items = {url: {k: v for k, v in asdict(profile).items() if k != "url"} for url, profile in servers.items()}
        data = json.dumps({"current": current, "servers": items}, indent=1).encode()
        with local_errors("write", self.path):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(fd, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(self.path)
            except BaseException:
                with suppress(OSError):
                    temporary.unlink()
                raise


def _texts(item: dict[str, Any]) -> dict[str, str | None]:
    """The members we know, each a text or nothing; a newer version may have added others."""
    known = {name: item.get(name) for name in ("ca_pem", "token", "account", "expires", "certfile")}
    if not all(value is None or isinstance(value, str) for value in known.values()):
        raise TypeError
    return known
