"""The server's settings: a TOML file, overridden by `SFT_*` environment variables, overridden by flags."""

import os
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from .errors import ConfigurationError
from .model import BLOCK_SIZE_DEFAULT, BLOCK_SIZE_MAX, BLOCK_SIZE_MIN, DEFAULT_PORT


def default_data_dir() -> Path:
    """Where a server keeps its data when nobody says otherwise."""
    return platformdirs.user_data_path("secure-file-transfer", appauthor=False)


class Settings(BaseSettings):
    """Everything an operator may set. Unknown keys are refused: a typo must not be silence."""

    model_config = SettingsConfigDict(env_prefix="SFT_", extra="forbid", frozen=True, hide_input_in_errors=True)

    data_dir: Path = Field(default_factory=default_data_dir)
    host: str = "0.0.0.0"  # noqa: S104 - a file server that nobody can reach is of no use; TLS and sign-in guard it
    port: int = Field(DEFAULT_PORT, ge=0, le=65535)
    public_names: tuple[str, ...] = ()
    """Host names and addresses for the server certificate, besides those the machine knows of itself."""
    certfile: Path | None = None
    keyfile: Path | None = None
    block_size: int = Field(BLOCK_SIZE_DEFAULT, ge=BLOCK_SIZE_MIN, le=BLOCK_SIZE_MAX)
    session_hours: int = Field(24 * 30, ge=1)
    """How long a sign-in lasts."""
    shutdown_seconds: int = Field(10, ge=0)
    """How long running requests may take to finish once the server is asked to stop."""
    idle_seconds: int = Field(60, ge=1)
    """How long a peer may stay silent in the middle of a request."""
    sweep_grace_minutes: int = Field(60, ge=0)
    """How old an unreferenced block must be before the sweep removes it."""
    log_level: str = Field("warning", pattern="^(debug|info|warning|error)$")
    log_format: str = Field("text", pattern="^(text|json)$")

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
        ConfigurationError: naming the setting that is wrong.
    """
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"Bad settings: {faults}", hint="See docs/operations.md.") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"The configuration file cannot be read: {error}") from None
