"""The web app's picture of the API: written from the server's own description.

Run `python -m tests.web.types` after a change of the API; a test fails as long as the file differs.
"""

import json
import ssl
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from secure_file_transfer.testing.process import ServerProcess

WEB = Path(__file__).parents[2] / "web"
WRITTEN = WEB / "src" / "api" / "schema.d.ts"


def types(folder: Path) -> str:
    """What openapi-typescript makes of the description that a server gives."""
    with ServerProcess(folder / "data") as server:
        context = ssl.create_default_context(cafile=str(server.cafile))
        with urllib.request.urlopen(f"{server.url}/api/v1/openapi.json", context=context) as answer:
            document = json.load(answer)
    document["info"]["version"] = "1"  # a release changes no type
    source = folder / "openapi.json"
    source.write_text(json.dumps(document))
    command = ["node", str(WEB / "node_modules/openapi-typescript/bin/cli.js"), str(source)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        WRITTEN.write_text(types(Path(place)))
