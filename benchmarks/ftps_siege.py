"""What the attacks on the FTPS door share: a server, people on it, and somebody beside them who must notice nothing."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from secure_file_transfer.testing.ftps_wire import FtpsSite, FtpsWire, HungUpError
from secure_file_transfer.testing.process import ServerProcess

from .ftps_peers import ours, site_of
from .proofs import PASSWORD, USER, Caller

KIB = 1 << 10
OTHER, VICTIM, BESIDE = "other", "victim", "beside"
"""People besides `prover`: one to share with, one whose password is guessed, and the one who is never attacked."""
PATIENCE = 2.0
"""Seconds that one small transfer of somebody else may take while an attack runs."""


@dataclass
class Siege:
    """The server under attack."""

    server: ServerProcess
    sign_ins: int = 300
    """At once."""

    @classmethod
    def begin(cls, folder: Path, *, sign_ins: int = 300, **env: str) -> Self:
        """Start it, with everybody's account."""
        server = ours(folder, **env)
        for name in (OTHER, VICTIM, BESIDE):
            server.add_user(name, PASSWORD)
        return cls(server.start(), sign_ins)

    @property
    def site(self) -> FtpsSite:
        """For `prover`."""
        return self.site_of(USER)

    def site_of(self, user: str) -> FtpsSite:
        """For somebody else."""
        return site_of(self.server, user)

    def wire(self, user: str = USER, *, source: str = "127.0.0.1") -> FtpsWire:
        """Somebody signed in."""
        return FtpsWire.signed_in(self.site_of(user), source=source)

    def web(self, user: str = USER) -> Caller:
        """The same by the other door."""
        return Caller(self.server, user)

    def descriptors(self) -> int:
        """Files and sockets that the server holds open now (Linux)."""
        return len(list(Path(f"/proc/{self.server.pid}/fd").iterdir()))

    def comes_back_to(self, descriptors: int) -> None:
        """Nothing that an attack opened stays open."""
        self.becomes(lambda: self.descriptors() <= descriptors, "descriptors leak")

    def becomes(self, what: Callable[[], bool], otherwise: str, seconds: float = 10) -> None:
        """Soon; or it is an error."""
        ends = time.monotonic() + seconds
        while not what():
            if time.monotonic() > ends:
                raise AssertionError(otherwise)
            time.sleep(0.02)


class Bystander:
    """Somebody else's session, which moves files without pause. Leaving the block says how it went."""

    def __init__(self, siege: Siege, patience: float = PATIENCE) -> None:
        """`patience` is how long one file may take, up or down."""
        self._site, self._patience = siege.site_of(BESIDE), patience
        self._over, self._began = threading.Event(), threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work)
        self.files = 0
        self.slowest = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        self._began.wait(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if error is None and self._failure is not None:
            raise AssertionError("somebody beside was disturbed") from self._failure
        if error is None and self.slowest > self._patience:
            raise AssertionError(f"somebody beside waited {self.slowest:.1f} s for a small file")

    def _work(self) -> None:
        try:
            body = random.Random(8).randbytes(256 * KIB)  # noqa: S311 - data, not a secret
            with FtpsWire.signed_in(self._site) as wire:
                while not self._over.is_set() or not self.files:
                    for step in (lambda: wire.store("STOR beside.bin", body), lambda: wire.fetch("RETR beside.bin")):
                        begin = time.monotonic()
                        got = step()
                        self.slowest = max(self.slowest, time.monotonic() - begin)
                    if got != body:
                        raise AssertionError("what came down is not what went up")
                    self.files += 2
                    self._began.set()
        except BaseException as failure:  # noqa: BLE001 - told in `__exit__`
            self._failure = failure
        finally:
            self._began.set()


def code_of(wire: FtpsWire, line: str | bytes) -> int:
    """The code of the answer to a line; 0 when the server hangs up instead."""
    with suppress(HungUpError, ConnectionError, BrokenPipeError):
        wire.send_bytes(line if isinstance(line, bytes) else line.encode() + b"\r\n")
        return wire.reply().code
    return 0


def refused(code: int) -> bool:
    """Whether that is a no; 421 and hanging up are as good as one."""
    return code in {0, 421} or 500 <= code < 600
