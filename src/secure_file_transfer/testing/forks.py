"""Server processes that are there at once.

Half of what a short test of the server takes is Python reading the server's modules. A `Nursery` reads them once, in a
process of its own with a single thread, and makes each server a fork of it: a process like any other, with its own
memory and its own end, killed and started again as one that its command has started.

Passwords and new catalogs cost little there (`quick`); where that matters, start the command itself (`ServerProcess`
without a nursery).
"""

import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_MODULES = (
    "secure_file_transfer.frontends.cli.app",
    "secure_file_transfer.frontends.cli.serve",
    "secure_file_transfer.server.run",
    # What is imported only where it is used:
    "alembic.autogenerate",
    "alembic.command",
    "cryptography.hazmat.backends.openssl.backend",
    "encodings.idna",
    "mako.ext.pygmentplugin",
    "pydantic.v1",
    "segno",
    "sqlalchemy.dialects.postgresql",
    "uvicorn.lifespan.off",
    "uvicorn.loops.uvloop",
)


class Forked:
    """A process that a nursery has made; what `subprocess.Popen` offers, as far as it is used here."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self._nursery = nursery
        self.pid = pid
        self.returncode: int | None = None
        self._end = os.pidfd_open(pid)  # readable once it has ended

    def poll(self) -> int | None:
        """The exit code, if it has ended."""
        return self.returncode if self.returncode is not None else self._ended(0)

    def wait(self, timeout: float) -> int:
        """The exit code once it has ended.

        Raises:
            TimeoutError: it goes on after so many seconds.
        """
        if (code := self.poll()) is None and (code := self._ended(timeout)) is None:
            raise TimeoutError(f"process {self.pid} goes on after {timeout} s")
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Nothing happens if it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Without a goodbye."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, seconds: float) -> int | None:
        if not select.select([self._end], [], [], seconds)[0]:
            return None
        os.close(self._end)
        self.returncode = int(self._nursery.ask(reap=self.pid))
        return self.returncode


class Nursery:
    """One process that servers are forked from. Those that are left when it is closed are killed."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", __name__]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "NO_COLOR": "1"}, text=True
        )
        assert self._process.stdin
        assert self._process.stdout
        self._asked, self._answers = self._process.stdin, self._process.stdout
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def spawn(self, arguments: Sequence[str], env: Mapping[str, str], log: Path) -> Forked:
        """`sft` with these arguments, which writes what it says to `log`."""
        log.write_bytes(b"")  # before anybody looks there for what this one says
        return Forked(self, int(self.ask(arguments=list(arguments), env=dict(env), log=str(log))))

    def ask(self, **request: Any) -> Any:
        """One question to the process, and its answer."""
        self._asked.write(json.dumps(request) + "\n")
        self._asked.flush()
        return json.loads(self._answers.readline())


def _run() -> None:
    """What the process does: fork, tell how a child has ended, and take the children along when it ends."""
    _load()
    living: set[int] = set()
    for line in sys.stdin:
        request = json.loads(line)
        if "reap" in request:
            living.discard(request["reap"])
            answer = os.waitstatus_to_exitcode(os.waitpid(request["reap"], 0)[1])
        else:
            answer = os.fork()
            if answer == 0:
                _become(**request)
            living.add(answer)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    for pid in living:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _load() -> None:
    """Import what a server needs, also what it would import on its way, and make quick what takes long."""
    for name in _MODULES:
        importlib.import_module(name)
    from .quick import make_quick

    make_quick()


def _become(arguments: Sequence[str], env: Mapping[str, str], log: str) -> None:
    """Be `sft` from here on, as if somebody had just started it."""
    code = 1
    try:
        os.environ.clear()
        os.environ.update(env)
        out = os.open(log, os.O_WRONLY | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, instead in enumerate((nothing, out, out)):
            os.dup2(instead, number)
        sys.stdin = os.fdopen(0)  # the other one holds what was read ahead of its line
        from ..frontends.cli import main

        code = main(list(arguments))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)  # whatever is left of the parent's is the parent's


if __name__ == "__main__":
    _run()
