"""What the catalog said a moment ago of sessions, tokens and devices, so that not each block of a transfer asks it.

An answer that was asked for before an ending is not believed after it, whichever of them comes first.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

BELIEVED_SECONDS = 0.5
"""How long an answer of the catalog is believed. Another process (the command line) may end a session at any moment,
and its transfers must be dead within one second, on the slowest path too."""

_MAX = 10_000
"""Answers at once: about 10 MiB, for more clients than one node serves within `BELIEVED_SECONDS`."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Asked:
    """When the catalog was asked: on the monotonic clock, and after so many endings."""

    at: float
    endings: int


@dataclass(frozen=True, slots=True)
class _Belief(Generic[V]):
    value: V
    until: float
    secret: bytes | None


class Beliefs(Generic[K, V]):
    """Answers by their keys, for half a second each. For use by many threads; nothing here waits.

    `monotonic` tells the time in seconds.
    """

    def __init__(self, monotonic: Callable[[], float], *, most: int = _MAX) -> None:
        self._monotonic = monotonic
        self._most = most
        self._lock = Lock()
        self._held: OrderedDict[K, _Belief[V]] = OrderedDict()
        self._by_secret: dict[bytes, K] = {}
        self._endings = 0

    def __len__(self) -> int:
        return len(self._held)

    def of(self, key: K) -> V | None:
        """The answer, if there is one that is believed."""
        with self._lock:
            return self._believed(key)

    def by_secret(self, secret: bytes) -> V | None:
        """The same by the hash of a secret that leads to it."""
        with self._lock:
            key = self._by_secret.get(secret)
            return None if key is None else self._believed(key)

    def _believed(self, key: K) -> V | None:
        belief = self._held.get(key)
        return belief.value if belief is not None and self._monotonic() < belief.until else None

    def ask(self) -> Asked:
        """To be called before the catalog is asked."""
        return Asked(self._monotonic(), self._endings)

    def take(self, asked: Asked, key: K, value: V, secret: bytes | None = None) -> None:
        """Believe an answer, unless something has ended since it was asked for."""
        with self._lock:
            if asked.endings != self._endings:
                return
            old = self._held.pop(key, None)
            if secret is None and old is not None:
                secret = old.secret
            self._held[key] = _Belief(value, asked.at + BELIEVED_SECONDS, secret)
            if secret is not None:
                self._by_secret[secret] = key
            if len(self._held) > self._most:
                self._pop(next(iter(self._held)))

    def drop(self, key: K) -> None:
        """That one has ended."""
        with self._lock:
            self._endings += 1
            self._pop(key)

    def forget(self, changed: Callable[[V], bool]) -> None:
        """These have changed, or ended."""
        with self._lock:
            self._endings += 1
            for key in [key for key, belief in self._held.items() if changed(belief.value)]:
                self._pop(key)

    def _pop(self, key: K) -> None:
        belief = self._held.pop(key, None)
        if belief is not None and belief.secret is not None:
            self._by_secret.pop(belief.secret, None)
