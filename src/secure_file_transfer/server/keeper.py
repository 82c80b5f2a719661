"""Keeps a running server's certificates fresh: renewed in time, and taken up anew when somebody replaces a file."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import SecureFileTransferError
from ..logger import get_logger
from ..ports import Clock
from ..services.certificates import TlsFiles

_log = get_logger()

LOOK_SECONDS = 2.0
"""How soon a file that changed is noticed."""
RENEW_SECONDS = 3600.0
"""How often it is looked whether something ends soon, or the machine has other addresses."""

_State = tuple[tuple[str, int, int, int], ...]


class CertificateKeeper:
    """Looks after the certificates in a thread of its own.

    `load` makes, renews and checks what the server shall use, `use` hands it to the running server, and `tidy` is
    done along with the hourly look. `watched` are files, and folders whose files count. When something is wrong the
    server goes on with what it has, and the log says why.
    """

    def __init__(
        self,
        load: Callable[[], TlsFiles],
        use: Callable[[TlsFiles], None],
        tidy: Callable[[], object],
        *,
        watched: Sequence[Path],
        clock: Clock,
        start: bool = True,
    ) -> None:
        self._load = load
        self._use = use
        self._tidy = tidy
        self._watched = watched
        self._clock = clock
        self._used = self._failed = self._state()
        self._due = clock.now_us() + int(RENEW_SECONDS * 1_000_000)
        self._one = threading.Lock()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, name="certificates", daemon=True)
        if start:
            self._thread.start()

    def close(self) -> None:
        """Wait for the look that is under way."""
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> bool:
        """See whether there is something to do, and do it; whether the server got other certificates."""
        # The wall clock decides: a machine that slept for a month wakes with a certificate that has ended.
        now, changed = self._clock.now_us(), self._state() not in {self._used, self._failed}
        if not changed and now < self._due:
            return False
        due, self._due = now >= self._due, now + int(RENEW_SECONDS * 1_000_000)
        try:
            if due:
                self._tidy()
            return self.reload()
        except SecureFileTransferError as error:
            _log.error("the certificates could not be renewed", error=str(error), hint=error.hint)
            return False

    def reload(self) -> bool:
        """Take what is there now; whether the server got other certificates. Any thread.

        Raises:
            SecureFileTransferError: what is there cannot be used; the server goes on with what it has.
        """
        with self._one:
            try:
                tls = self._load()
                state = self._state()
                if state == self._used:
                    return False
                self._use(tls)
            except SecureFileTransferError:
                self._failed = self._state()  # tried again when it changes, and every hour
                raise
            self._used = self._failed = state
        _log.info("other certificates are in use from now on", fingerprint=tls.fingerprint)
        return True

    def _work(self) -> None:
        while not self._ends.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception:  # noqa: BLE001 - the server must not lose its keeper to a fault
                _log.exception("looking after the certificates failed")

    def _state(self) -> _State:
        """What tells that a file was replaced: its number, its size and its time."""
        found = []
        for place in self._watched:
            with suppress(OSError):
                for path in sorted(place.glob("*.pem")) if place.is_dir() else [place]:
                    about = path.stat()
                    found.append((str(path), about.st_ino, about.st_size, about.st_mtime_ns))
        return tuple(found)
