"""The instruments, in a registry of their own: two servers in one process do not mix."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from ...errors import SecureFileTransferError
from ...ports import BlobStore, Catalog
from ...version import __version__
from .ports import TimedBlobs, TimedCatalog

REQUEST_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)
STORAGE_SECONDS = (0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
GROUP_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)

Samples = Iterable[tuple[Sequence[str], float]]
"""Values of labels, in order, and the number."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """A number that is asked for when somebody scrapes."""

    name: str
    documentation: str
    labels: Sequence[str]
    read: Callable[[], Samples]
    total: bool

    def family(self) -> Metric:
        kind = CounterMetricFamily if self.total else GaugeMetricFamily
        family = kind(self.name, self.documentation, labels=self.labels)
        with suppress(SecureFileTransferError):  # the catalog does not answer now; the rest of the page still does
            for values, number in self.read():
                family.add_metric(values, number)
        return family


class Metrics:
    """All numbers of one server. Its hooks may be called from any thread."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._readings: list[_Reading] = []
        registry.register(self)
        ProcessCollector(registry=registry)
        self._requests = Histogram(
            "sft_http_request_seconds",
            "From a request's first byte to the end of its answer, by kind of route.",
            ("route", "method"),
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self._answers = Counter("sft_http_answers", "Answers by status class.", ("route", "status"), registry=registry)
        self._sign_ins = Counter(
            "sft_sign_ins", "Sign-ins with a password, by what came of them.", ("door", "result"), registry=registry
        )
        self._refusals = Counter(
            "sft_guard_refusals", "Attempts that the guard refused unseen.", ("kind",), registry=registry
        )
        self._catalog = Histogram(
            "sft_catalog_seconds",
            "Transactions of the catalog; of writes with the wait for their group and the disk.",
            ("kind",),
            buckets=STORAGE_SECONDS,
            registry=registry,
        )
        self._groups = Histogram(
            "sft_catalog_group_size",
            "Writes that shared one transaction and one fsync.",
            buckets=GROUP_SIZES,
            registry=registry,
        )
        self._blobs = Histogram(
            "sft_blob_seconds", "Work of the blob store.", ("kind",), buckets=STORAGE_SECONDS, registry=registry
        )
        self._blob_bytes = Counter(
            "sft_blob_bytes", "Sealed bytes that went to and came from the blob store.", ("kind",), registry=registry
        )
        self.watch("sft_build_info", "The version that runs.", lambda: [((__version__,), 1)], labels=("version",))

    # --- hooks ----------------------------------------------------------------------------------------------------

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """An HTTP request is answered. `route` and `method` are from short lists of the door."""
        self._requests.labels(route, method).observe(seconds)
        self._answers.labels(route, f"{status // 100}xx" if status else "none").inc()

    def sign_in(self, door: str, result: str) -> None:
        """Somebody tried to sign in; `result` is `ok` or the code of an error."""
        self._sign_ins.labels(door, result).inc()

    def refused(self, kind: str) -> None:
        """The guard let somebody wait."""
        self._refusals.labels(kind).inc()

    def group(self, size: int) -> None:
        """So many writes were committed together."""
        self._groups.observe(size)

    def timed_catalog(self, catalog: Catalog) -> Catalog:
        """The same catalog, with its transactions timed."""
        reads, writes = self._catalog.labels("read"), self._catalog.labels("write")
        return TimedCatalog(catalog, reads.observe, writes.observe)

    def timed_blobs(self, blobs: BlobStore) -> BlobStore:
        """The same blob store, timed and counted."""
        kinds = ("put", "get", "delete")
        seconds = {kind: self._blobs.labels(kind).observe for kind in kinds}
        sizes = {kind: self._blob_bytes.labels(kind).inc for kind in ("put", "get")}
        return TimedBlobs(blobs, lambda kind, taken: seconds[kind](taken), lambda kind, size: sizes[kind](size))

    # --- what is read at a scrape ---------------------------------------------------------------------------------

    def watch(
        self,
        name: str,
        documentation: str,
        read: Callable[[], Samples],
        *,
        labels: Sequence[str] = (),
        total: bool = False,
    ) -> None:
        """Show what `read` says at each scrape; `total` for what only grows."""
        self._readings.append(_Reading(name, documentation, labels, read, total))

    def watch_number(self, name: str, documentation: str, read: Callable[[], float]) -> None:
        """The same for one number."""
        self.watch(name, documentation, lambda: [((), read())])

    def watch_each(self, name: str, documentation: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        """The same for some, by one label."""
        self.watch(name, documentation, lambda: [((key,), value) for key, value in read().items()], labels=(label,))

    def describe(self) -> Iterable[Metric]:
        """Nothing is known before it is asked for."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """For the registry."""
        return [each.family() for each in self._readings]
