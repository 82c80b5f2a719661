"""What other programs change in a few folders, told while somebody watches them (inotify and its kin, or by polling).

On Linux a folder is watched by its handle, reached without following a link, so nothing is told of what lies outside.
"""

import os
import sys
from collections.abc import Callable, Hashable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Event, Lock, Thread

import structlog

from ...errors import SecureFileTransferError
from ...paths import RemotePath
from . import disk

DEBOUNCE_MS, STEP_MS = 400, 50
"""How long changes are gathered: a copy into a folder is not thousands of news."""
_WAIT_MS = 200
WATCHED_MAX = 1000
"""Folders at once; each takes a handle, and a watch of the system's."""
_BY_HANDLE = sys.platform == "linux"
_log = structlog.get_logger()


class Watcher:
    """One thread for all that is watched; none while nothing is."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._watched: frozenset[Hashable] = frozenset()
        self._stop = Event()

    def watch(self, folders: Mapping[Hashable, tuple[Path, str]], changed: Callable[[Hashable], None]) -> None:
        """These and no others from now on: each by the root of its drive, and its place there.

        Those that are new are told as changed at first: something may have happened before all was in place. The
        thread before ends only then, so that of the others nothing is missed.
        """
        with self._lock:
            before, self._stop = self._stop, Event()
            chosen = dict(islice(folders.items(), WATCHED_MAX))
            fresh = chosen.keys() - self._watched
            self._watched = frozenset(chosen)
            if len(folders) > WATCHED_MAX:
                _log.warning("too many folders of drives are watched", watched=WATCHED_MAX, wanted=len(folders))
            if not chosen:
                before.set()
                return
            work = _Work(chosen, frozenset(fresh), changed, before, self._stop)
            Thread(target=work.run, name="folder watcher", daemon=True).start()


@dataclass(frozen=True, slots=True)
class _Work:
    """What one thread does, from `watch` to the next."""

    folders: Mapping[Hashable, tuple[Path, str]]
    fresh: frozenset[Hashable]
    changed: Callable[[Hashable], None]
    before: Event
    stop: Event

    def run(self) -> None:
        with ExitStack() as stack:
            keys: dict[str, list[Hashable]] = {}
            paths: dict[tuple[int, int], str] = {}  # the system knows a folder once, whatever it is called
            for key, (root, place) in self.folders.items():
                with suppress(SecureFileTransferError):  # gone meanwhile; whoever watches it will see
                    handle = disk.open_folder(root, RemotePath.parse(place), RemotePath())
                    stack.callback(os.close, handle)
                    path = f"/proc/self/fd/{handle}" if _BY_HANDLE else str(root / place.removeprefix("/"))
                    status = os.fstat(handle)
                    keys.setdefault(paths.setdefault((status.st_dev, status.st_ino), path), []).append(key)
            try:
                self._tell(keys)
            except (OSError, RuntimeError) as error:  # too many watches for the system, say
                _log.warning("folders cannot be watched", error=str(error))
            finally:
                self.before.set()

    def _tell(self, keys: dict[str, list[Hashable]]) -> None:
        if not keys:
            return
        from watchfiles import watch

        news = watch(
            *keys,
            watch_filter=None,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            rust_timeout=_WAIT_MS,
            yield_on_timeout=True,
            stop_event=self.stop,
            raise_interrupt=False,
            recursive=False,
            ignore_permission_denied=True,
        )
        for changes in news:
            found = {key for _, path in changes for key in _of(keys, path)}
            if not self.before.is_set():  # from here on nothing is missed
                self.before.set()
                found |= self.fresh
            for key in found:
                self.changed(key)


def _of(keys: dict[str, list[Hashable]], path: str) -> list[Hashable]:
    """Whose folder a change was in; that of a write in progress is nobody's concern."""
    above, _, name = path.rpartition("/")
    return [] if disk.is_hidden(name) else keys.get(above) or keys.get(path) or []
