"""The real server as a process of its own: started by its command, killed at will, started again.

For tests and proofs that need the truth: signals, `kill -9`, memory, files on disk.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .forks import Forked, Nursery

READY_SECONDS = 30.0


class ServerProcess:
    """`sft serve` on a port that the system chooses, with its data in `data_dir`."""

    def __init__(
        self,
        data_dir: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        port: int = 0,
        command: Sequence[str] = (),
        nursery: Nursery | None = None,
    ) -> None:
        """With a nursery it is there several times sooner, and hashes passwords quickly."""
        self.data_dir = data_dir
        self.log = data_dir.with_name(f"{data_dir.name}.log")
        self._command = command or sft_command()
        self.port = port
        self.ready_seconds = 0.0
        self.banner = ""
        self._arguments = arguments
        # Without FTPS, whose ports are fixed, unless somebody asks for it.
        self._env = {
            "SFT_FTPS_ENABLED": "false",
            **os.environ,
            "SFT_DATA_DIR": str(data_dir),
            "NO_COLOR": "1",
            **(env or {}),
        }
        self._nursery = nursery
        self._process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def url(self) -> str:
        """The address on loopback."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def ftps_port(self) -> int:
        """Where it speaks FTPS, if it was told to (`SFT_FTPS_ENABLED`)."""
        found = re.search(r"ftp://[^\s/]+:(\d+)", self.banner)
        assert found, f"no FTPS address in {self.banner!r}"
        return int(found[1])

    @property
    def cafile(self) -> Path:
        """The server's own certificate authority."""
        return self.data_dir / "tls" / "ca_cert.pem"

    @property
    def setup_code(self) -> str:
        """The one-time code from the banner."""
        found = re.search(r"/setup#([A-Za-z0-9-]+)", self.banner)
        assert found, f"no setup link in {self.banner!r}"
        return found[1]

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process
        return self._process.pid

    def start(self) -> Self:
        """Start it and wait until it says that it is ready; a restart takes the same port again."""
        begin = time.monotonic()
        self._process = self._spawned(["serve", "--host", "127.0.0.1", "--port", str(self.port), *self._arguments])
        self.banner = self._wait_until_ready(self._process)
        self.ready_seconds = time.monotonic() - begin
        found = re.search(r"https://[^\s/]+:(\d+)", self.banner)
        assert found, f"no address in {self.banner!r}"
        self.port = int(found[1])
        return self

    def _spawned(self, arguments: Sequence[str]) -> "subprocess.Popen[bytes] | Forked":
        if self._nursery is not None:
            return self._nursery.spawn(arguments, self._env, self.log)
        # A file and not a pipe: a server that nobody listens to must not come to a halt.
        with self.log.open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own command
                [*self._command, *arguments], env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _wait_until_ready(self, process: "subprocess.Popen[bytes] | Forked") -> str:
        deadline = time.monotonic() + READY_SECONDS
        said = ""
        while time.monotonic() < deadline and process.poll() is None:
            said = self.log.read_text()
            if "Ctrl-C" in said:  # the last line of the banner
                return said
            time.sleep(0.01)
        process.kill()
        raise AssertionError(f"the server did not start: {self.log.read_text()!r}")

    def kill(self) -> None:
        """Kill -9: no goodbye."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to stop, wait, and return its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        return process.wait(READY_SECONDS)

    def memory(self) -> int:
        """Resident bytes now (Linux)."""
        return _status(self.pid, "VmRSS")

    def forget_peak(self) -> None:
        """Let `peak_memory` begin anew; hashing a password at sign-in alone takes 64 MiB for a moment (Linux)."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def peak_memory(self) -> int:
        """Most resident bytes since the start, or since `forget_peak` (Linux)."""
        return _status(self.pid, "VmHWM")

    def sft(self, *arguments: str, text: str | None = None, env: Mapping[str, str] | None = None) -> str:
        """Run another command of sft in the same environment; returns its standard output."""
        done = subprocess.run(  # noqa: S603 - our own command
            [*self._command, *arguments],
            env={**self._env, **(env or {})},
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"sft {' '.join(arguments)}: {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def add_user(self, name: str, password: str, *, admin: bool = False) -> None:
        """An account, made by the local command."""
        self.sft("user", "add", name, "--password-stdin", *(["--admin"] if admin else []), text=password + "\n")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


def sft_command() -> Sequence[str]:
    """The command of the environment that runs this."""
    return (sys.executable, "-m", "secure_file_transfer.frontends.cli")


def wait_for_port(port: int, process: "subprocess.Popen[bytes]", seconds: float = READY_SECONDS) -> None:
    """Wait until something accepts connections there; fail early when the process ends instead."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"{process.args!r} does not listen on {port}")


def _status(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no {field} for {pid}")
