"""Events within one process."""

import threading
from collections.abc import Callable
from dataclasses import replace

import structlog

from ...ports.events import Event, Receive

_log = structlog.get_logger()


class LocalEventBus:
    """A `ports.EventBus` of one process: whoever publishes carries the event to the subscribers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._subscribers: dict[object, Receive] = {}

    @property
    def subscribers(self) -> int:
        """How many there are."""
        return len(self._subscribers)

    def publish(self, event: Event) -> None:
        """Number it and hand it to all, under one lock: so everybody sees the same order."""
        with self._lock:
            self._last += 1
            numbered = replace(event, number=self._last)
            for receive in self._subscribers.values():
                try:
                    receive(numbered)
                except Exception:  # noqa: BLE001 - one subscriber's fault is nobody else's
                    _log.exception("an event was lost", topic=event.topic, kind=event.kind)

    def subscribe(self, receive: Receive) -> Callable[[], None]:
        """From now on; returns what ends it."""
        key = object()
        with self._lock:
            self._subscribers[key] = receive

        def end() -> None:
            with self._lock:
                self._subscribers.pop(key, None)

        return end
