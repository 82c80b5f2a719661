"""Who is here: the clients that are live on any door, as far as it is needed to say that the server is full."""

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from threading import Lock

from secure_file_transfer.ports import Clock

LIVE_SECONDS = 60.0
"""Who asked for something no longer ago than this is live. A session that rests takes no place from others."""

Source = Callable[[], Iterable[Hashable]]


class Roll:
    """Clients by their keys, see `traffic.client_key`. One object serves all doors, from any thread.

    Whoever one of the `sources` names is live too, however long ago they asked: those who transfer, those with a
    control connection.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._seen: OrderedDict[Hashable, float] = OrderedDict()
        self.sources: list[Source] = []

    def seen(self, client: Hashable, most: float = math.inf) -> bool:
        """A client asks for something. False: it was not here, and `most` are already; it is not counted then."""
        now = self._clock.monotonic()
        with self._lock:
            last = self._seen.get(client)
            known = last is not None and now - last <= LIVE_SECONDS
            if known or most == math.inf:
                self._note(client, now)
                return True
        # Rare: somebody comes anew. Sources have locks of their own, so they are not asked under this one.
        named = self._named()
        with self._lock:
            if client in named or self._count(named, now) < most:
                self._note(client, now)
                return True
        return False

    def count(self) -> int:
        """How many there are."""
        named = self._named()
        with self._lock:
            return self._count(named, self._clock.monotonic())

    def lately(self) -> list[Hashable]:
        """Those who asked for something lately."""
        with self._lock:
            return list(self._seen)

    def forget(self, gone: Iterable[Hashable]) -> None:
        """They are not here any more."""
        with self._lock:
            for each in gone:
                self._seen.pop(each, None)

    def _note(self, client: Hashable, now: float) -> None:
        self._seen[client] = now
        self._seen.move_to_end(client)
        while now - next(iter(self._seen.values())) > LIVE_SECONDS:
            self._seen.popitem(last=False)

    def _named(self) -> set[Hashable]:
        return {client for source in self.sources for client in source()}

    def _count(self, named: set[Hashable], now: float) -> int:
        while self._seen and now - next(iter(self._seen.values())) > LIVE_SECONDS:
            self._seen.popitem(last=False)
        return len(named | self._seen.keys())
