"""The server's settings, from flags, for the commands that work on its data."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError

if TYPE_CHECKING:
    from ...config import Settings


def load_settings(data_dir: Path | None, config: Path | None, **flags: Any) -> "Settings":
    """Settings: the file, then `SFT_*` of the environment, then the flags that were given.

    Raises:
        ConfigurationError: naming what is wrong.
    """
    from ...config import load

    if config is not None:
        if not config.is_file():
            raise ConfigurationError(f"There is no configuration file '{config}'", hint="Check --config.")
        os.environ["SFT_CONFIG"] = str(config)
    return load(data_dir=data_dir, **flags)
