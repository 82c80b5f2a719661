"""The server's settings: a TOML file, overridden by `SFT_*` environment variables, overridden by flags."""

import difflib
import os
from enum import StrEnum
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from typing import Annotated, Any

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from .errors import ConfigurationError
from .model import BLOCK_SIZE_DEFAULT, BLOCK_SIZE_MAX, BLOCK_SIZE_MIN, DEFAULT_PORT, GIB
from .sizes import parse_size

_PREFIX = "SFT_"


class ClientCertificates(StrEnum):
    """Whether devices may, or must, show a certificate of this server's own authority."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Registration(StrEnum):
    """Whether people may make accounts for themselves, and whether an operator has to approve them."""

    OFF = "off"
    APPROVAL = "approval"
    OPEN = "open"


def default_data_dir() -> Path:
    """Where a server keeps its data when nobody says otherwise."""
    return platformdirs.user_data_path("secure-file-transfer", appauthor=False)


class Settings(BaseSettings):
    """Everything an operator may set. Unknown keys are refused: a typo must not be silence."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True)

    data_dir: Path = Field(default_factory=default_data_dir)
    host: str = "0.0.0.0"  # noqa: S104 - a file server that nobody can reach is of no use; TLS and sign-in guard it
    port: int = Field(DEFAULT_PORT, ge=0, le=65535)
    public_names: Annotated[tuple[str, ...], NoDecode] = ()
    """Host names and addresses for the server certificate, besides those the machine knows of itself.

    In the environment: separated by commas.
    """
    certfile: Path | None = None
    keyfile: Path | None = None
    client_cafile: Path | None = None
    """When set, only clients that hold a certificate of this authority can connect at all."""
    tls_client_certificates: ClientCertificates = ClientCertificates.OPTIONAL
    """Whether devices that were enrolled here may sign in by their certificates, or have to show one."""
    certificate_sign_in: bool = True
    """Whether such a certificate signs in by itself; otherwise a password is needed besides."""
    device_days: int = Field(90, ge=1, le=397)
    """How long the certificate of a device lasts; it renews itself in its last third."""
    block_size: int = Field(BLOCK_SIZE_DEFAULT, ge=BLOCK_SIZE_MIN, le=BLOCK_SIZE_MAX)
    session_hours: int = Field(24 * 30, ge=1)
    """How long a sign-in lasts."""
    session_idle_hours: int = Field(24 * 14, ge=1)
    """How long it lasts unused."""
    password_length: int = Field(10, ge=8, le=64)
    """How many characters a new password has at least."""
    registration: Registration = Registration.OFF
    """Whether people may make accounts for themselves."""
    registration_quota: int = Field(GIB, ge=0)
    """Bytes that an account made so may hold, also as `500M` or `10G`. 0 is no limit."""
    guard_source_guesses: int = Field(10, ge=1, le=1000)
    """Wrong guesses a minute that one source may make."""
    guard_account_guesses: int = Field(30, ge=1, le=1000)
    """Wrong guesses an hour that strangers may make at one account."""
    guard_allow: Annotated[tuple[str, ...], NoDecode] = ()
    """Networks without a budget of their own. In the environment: separated by commas."""
    guard_block: Annotated[tuple[str, ...], NoDecode] = ()
    """Networks from which nothing is taken."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Networks of the proxies in front, whose word counts for who the client is and which certificate it showed."""
    proxy_header: str = Field("x-forwarded-for", pattern="^(x-forwarded-for|forwarded)$")
    """The header in which they say who it is."""
    ftps_enabled: bool = True
    """Whether FTP over TLS is spoken as well."""
    ftps_port: int = Field(10021, ge=0, le=65535)
    """The port of FTPS, where the client begins in plain text and goes over to TLS by `AUTH TLS`."""
    ftps_implicit_port: int | None = Field(None, ge=0, le=65535)
    """A port where TLS is spoken from the first byte, for programs that know no better; none by default."""
    ftps_data_port: int = Field(10020, ge=0, le=65535)
    """Where data connections to clients come from, for those that ask for such (`PORT`)."""
    ftps_passive_ports: str = Field("10022-10121", pattern=r"^(0|\d{1,5}-\d{1,5})$")
    """The ports that clients connect to for data (`PASV`, `EPSV`): first-last. 0: whichever the system chooses."""
    ftps_external_address: str = ""
    """The IPv4 address that clients reach this server by, where a router translates addresses; for `PASV`."""
    ftps_require_reuse: bool = False
    """Whether data connections have to resume their control connection's TLS session, or only those of clients that
    do so at all."""
    ftps_sessions_max: int = Field(1000, ge=1)
    """Control connections at the same time."""
    ftps_sessions_per_account: int = Field(100, ge=1)
    ftps_sessions_per_source: int = Field(500, ge=1)
    """The same of one account, and of one address."""
    ftps_idle_seconds: int = Field(600, ge=1)
    """How long a client may say nothing between two commands."""
    jobs_max: int = Field(2, ge=1, le=64)
    """How many long operations (copies of trees, archives, verifications) are done at once; one for each account."""
    job_days: int = Field(30, ge=1)
    """How long one that has ended stays listed."""
    upload_hours: int = Field(72, ge=1)
    """How long an unfinished upload waits for its next piece."""
    shutdown_seconds: int = Field(10, ge=0)
    """How long running requests may take to finish once the server is asked to stop."""
    idle_seconds: int = Field(60, ge=1)
    """How long a peer may stay silent in the middle of a request."""
    clients_max: int = Field(0, ge=0, le=1_000_000)
    """How many clients may be connected at once, on all doors together; operators always come in. 0 is no limit."""
    transfers_max: int = Field(0, ge=0, le=100_000)
    """How many transfers move content at once; the others wait. 0 is no limit."""
    rate_up: int = Field(0, ge=0)
    """Bytes a second that all clients together may send, also as `500K`, `10M` or `1.5G`. 0 is no limit."""
    rate_down: int = Field(0, ge=0)
    """Bytes a second that all clients together may fetch. 0 is no limit."""
    chat_rate: int = Field(60, ge=1)
    """How many messages a minute somebody may write."""
    chat_days: int = Field(365, ge=0)
    """How long messages are kept; 0 is for ever."""
    discovery: bool = False
    """Whether the server announces itself on the local network, for `sft discover`."""
    metrics_port: int | None = Field(None, ge=0, le=65535)
    """Where Prometheus may read how the server is, without TLS or sign-in; nowhere by default."""
    metrics_host: str = "127.0.0.1"
    """The address of that port. Whoever can reach it can read it."""
    trash_days: int = Field(30, ge=0, le=3650)
    """How long what was deleted can be put back. 0: it is gone at once."""
    versions_kept: int = Field(20, ge=0, le=1000)
    """How many earlier versions of a file are kept. 0 is none."""
    version_days: int = Field(30, ge=0, le=3650)
    """How long each of them is kept. 0: none are."""
    sweep_grace_minutes: int = Field(60, ge=0)
    """How old an unreferenced block must be before the sweep removes it."""
    log_level: str = Field("warning", pattern="^(debug|info|warning|error)$")
    log_format: str = Field("text", pattern="^(text|json)$")
    log_days: int = Field(90, ge=0, le=36_500)
    """How long events are kept in the log. 0 is for ever."""
    log_rows: int = Field(1_000_000, ge=0)
    """How many events are kept: the oldest give way. 0 is all."""

    @field_validator("rate_up", "rate_down", "registration_quota", mode="before")
    @classmethod
    def _size(cls, value: Any) -> Any:
        return parse_size(value) if isinstance(value, str) else value

    @field_validator("ftps_passive_ports")
    @classmethod
    def _ports(cls, value: str) -> str:
        first, _, last = value.partition("-")
        if last and not 0 < int(first) <= int(last) < 65536:
            raise ValueError("not a range of ports such as 10022-10121")
        return value

    @field_validator("ftps_external_address")
    @classmethod
    def _address(cls, value: str) -> str:
        if value:
            IPv4Address(value)
        return value

    @field_validator("public_names", "guard_allow", "guard_block", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("guard_allow", "guard_block", "trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for text in value:
                ip_network(text, strict=False)
        except ValueError:
            raise ValueError("not a list of networks such as 192.0.2.0/24 and 2001:db8::/48") from None
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then environment, then the file named by `SFT_CONFIG`."""
        config_file = os.environ.get("SFT_CONFIG")
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file)


def load(**flags: Any) -> Settings:
    """Settings from all sources; a flag that is None was not given.

    Raises:
        ConfigurationError: naming the setting that is wrong, or the file that cannot be read.
    """
    _refuse_misspelt_environment()
    config_file = os.environ.get("SFT_CONFIG")
    try:
        if config_file and not Path(config_file).is_file():
            raise FileNotFoundError("there is no such file")
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(_explain(str(e["loc"][0]) if e["loc"] else "", e["type"], e["msg"]) for e in error.errors())
        raise ConfigurationError(f"Bad settings: {faults}", hint="See docs/operations.md.") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"The configuration file {config_file} cannot be read: {error}", hint="SFT_CONFIG names it."
        ) from None


def _explain(name: str, kind: str, message: str) -> str:
    """What is wrong with one setting. The value stays out of it: it may be a secret in the wrong place."""
    if kind != "extra_forbidden":
        return f"{name or 'settings'}: {message}"
    near = _nearest(name)
    return f"{name}: there is no such setting" + (f", perhaps you mean {near}" if near else "")


def _nearest(name: str) -> str | None:
    return next(iter(difflib.get_close_matches(name, Settings.model_fields, 1, cutoff=0.75)), None)


def _refuse_misspelt_environment() -> None:
    """Variables of other programs of this suite begin alike, so only what nearly is a setting counts as a typo."""
    for variable in os.environ:
        name = variable.removeprefix(_PREFIX).lower()
        if variable.startswith(_PREFIX) and name not in Settings.model_fields and (near := _nearest(name)):
            raise ConfigurationError(
                f"{variable}: there is no such setting, perhaps you mean {_PREFIX}{near.upper()}",
                hint="See docs/operations.md.",
            )
