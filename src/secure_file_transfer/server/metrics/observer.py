"""Where the numbers of a running server come from."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...config import Settings
from ...doors.http.app import HttpApp
from ...services.hashers import hashing_waits
from ...services.operations import Operations
from ...services.traffic import Direction, Traffic
from ..house import House
from .instruments import Metrics, Samples
from .page import MetricsPage, is_loopback


class Observer(Metrics):
    """The instruments of a server with accounts, and the page that shows them."""

    @contextmanager
    def served(
        self, settings: Settings, house: House, traffic: Traffic, operations: Operations, app: HttpApp
    ) -> Iterator[str]:
        """Count, and let others read; gives the address.

        Raises:
            ConfigurationError: it cannot be had.
        """
        self._watch_house(house)
        self._watch_traffic(traffic, operations)
        self.watch_each(
            "sft_queue", "Work that waits for a thread.", "queue", lambda: {**app.queues(), "hashing": hashing_waits()}
        )
        app.observe = self.request
        page = MetricsPage(self.registry, settings.metrics_host, settings.metrics_port or 0)
        try:
            yield page.url
        finally:
            page.close()

    @staticmethod
    def warnings(settings: Settings) -> Sequence[str]:
        """What to tell the operator about the address."""
        if is_loopback(settings.metrics_host):
            return ()
        return [f"Metrics can be read by whoever reaches {settings.metrics_host}: there is no sign-in and no TLS."]

    def _watch_house(self, house: House) -> None:
        house.credentials.on_sign_in = self.sign_in
        house.guard.on_refusal = self.refused
        self.watch_each(
            "sft_sessions",
            "Sessions that have not expired, by door.",
            "door",
            lambda: house.catalog.read(lambda tx: tx.sessions.count(house.clock.now_us())),
        )
        self.watch_number("sft_free_bytes", "What the disk still takes.", house.blobs.free_bytes)
        self.watch("sft_stored", "What lies in all drives.", lambda: _stored(house), labels=("unit",))
        self.watch_number("sft_event_subscribers", "Who listens to events.", lambda: house.bus.subscribers)

    def _watch_traffic(self, traffic: Traffic, operations: Operations) -> None:
        self.watch(
            "sft_transfers",
            "Transfers that run, and that wait for a place.",
            lambda: _transfers(traffic),
            labels=("direction", "state"),
        )
        self.watch(
            "sft_transfer_bytes",
            "Content that moved.",
            lambda: [((door, way.name.lower()), count) for (door, way), count in traffic.bytes_moved().items()],
            labels=("door", "direction"),
            total=True,
        )
        self.watch_number("sft_clients", "Clients that are live on any door.", operations.limits.live)
        self.watch_number("sft_maintenance", "1 in maintenance.", lambda: operations.limits.values.maintenance)


def _transfers(traffic: Traffic) -> Samples:
    """All four, so that a line in a graph falls to 0 and does not end."""
    counts = traffic.counts()
    return [
        ((way.name.lower(), "waiting" if waits else "running"), counts.get((way, waits), 0))
        for way in Direction
        for waits in (False, True)
    ]


def _stored(house: House) -> Samples:
    size, files = house.catalog.read(lambda tx: tx.drives.totals())
    return [(("bytes",), size), (("files",), files)]
