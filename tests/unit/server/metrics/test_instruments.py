"""What is counted, and that counting changes nothing."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from secure_file_transfer.errors import BlockDamagedError, ConfigurationError, NotFoundError, StorageError
from secure_file_transfer.ports import BlobStore, Catalog
from secure_file_transfer.server.metrics.instruments import Metrics
from secure_file_transfer.server.metrics.page import MetricsPage, is_loopback
from secure_file_transfer.storage.blobs.local import LocalBlobStore
from secure_file_transfer.storage.catalog import open_catalog
from secure_file_transfer.testing.clock import FakeClock
from secure_file_transfer.testing.contracts.blobs import BlobStoreContract

KEY = "ab" * 32


class TestTimedBlobs(BlobStoreContract):
    """The wrapper is a blob store like any other."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> BlobStore:
        return Metrics().timed_blobs(LocalBlobStore(tmp_path / "blobs"))


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_blobs_are_timed_and_counted_also_those_that_fail(tmp_path: Path) -> None:
    metrics = Metrics()
    blobs = metrics.timed_blobs(LocalBlobStore(tmp_path / "blobs"))
    blobs.put(KEY, memoryview(b"12345"))
    assert blobs.get(KEY, 1, 2) == b"23"
    with pytest.raises(BlockDamagedError):
        blobs.get("cd" * 32)
    assert value(metrics, "sft_blob_seconds_count", kind="put") == 1
    assert value(metrics, "sft_blob_seconds_count", kind="get") == 2
    assert value(metrics, "sft_blob_bytes_total", kind="put") == 5
    assert value(metrics, "sft_blob_bytes_total", kind="get") == 2


@pytest.fixture
def timed(tmp_path: Path) -> Iterator[tuple[Metrics, Catalog]]:
    metrics = Metrics()
    catalog = open_catalog(tmp_path / "catalog.sqlite3", FakeClock())
    catalog.tell_groups(metrics.group)
    timed = metrics.timed_catalog(catalog)
    yield metrics, timed
    timed.close()


def test_transactions_are_timed_with_the_size_of_their_groups(timed: tuple[Metrics, Catalog]) -> None:
    metrics, catalog = timed
    catalog.write(lambda tx: tx.facts.set("a", "1"))
    assert catalog.read(lambda tx: tx.facts.get("a")) == "1"

    def fail(_: object) -> None:
        raise NotFoundError

    with pytest.raises(NotFoundError):
        catalog.write(fail)
    catalog.close()
    assert value(metrics, "sft_catalog_seconds_count", kind="write") == 2
    assert value(metrics, "sft_catalog_seconds_count", kind="read") == 1
    assert value(metrics, "sft_catalog_group_size_sum") == 2


def test_two_servers_in_one_process_do_not_mix() -> None:
    one, other = Metrics(), Metrics()
    one.sign_in("http", "ok")
    assert value(one, "sft_sign_ins_total", door="http", result="ok") == 1
    assert value(other, "sft_sign_ins_total", door="http", result="ok") is None


def test_a_source_that_fails_leaves_the_rest_of_the_page() -> None:
    metrics = Metrics()

    def broken() -> float:
        raise StorageError

    metrics.watch_number("sft_broken", "x", broken)
    metrics.watch_number("sft_whole", "x", lambda: 5)
    assert (value(metrics, "sft_broken"), value(metrics, "sft_whole")) == (None, 5)


@pytest.fixture
def page() -> Iterator[MetricsPage]:
    metrics = Metrics()
    metrics.request("files", "GET", 206, 0.3)
    metrics.request("json", "other", 0, 0.3)
    page = MetricsPage(metrics.registry, "127.0.0.1", 0)
    yield page
    page.close()


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        data: bytes = answer.read()
        return data


def test_the_page_is_what_prometheus_reads(page: MetricsPage) -> None:
    families = {each.name: each for each in text_string_to_metric_families(fetch(page.url).decode())}
    (counted,) = [each for each in families["sft_http_answers"].samples if each.labels["route"] == "files"]
    assert (counted.labels, counted.value) == ({"route": "files", "status": "2xx"}, 1)
    assert families["process_cpu_seconds"].samples[0].value > 0
    assert families["process_resident_memory_bytes"].samples[0].value > 0


@pytest.mark.parametrize("path", ["/", "/metrics/", "/favicon.ico", "/../metrics2"])
def test_nothing_else_is_there(page: MetricsPage, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        fetch(page.url.removesuffix("/metrics") + path)
    refused.value.close()


def test_an_address_that_is_taken_or_nobodys_is_told(page: MetricsPage) -> None:
    port = int(page.url.rpartition(":")[2].removesuffix("/metrics"))
    for host, number in (("127.0.0.1", port), ("192.0.2.1", 0), ("no such host", 0)):
        with pytest.raises(ConfigurationError, match="Metrics cannot be served"):
            MetricsPage(Metrics().registry, host, number)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("127.9.9.9", True),
        ("0.0.0.0", False),  # noqa: S104 - compared
        ("::", False),
        ("example.org", False),
    ],
)
def test_which_addresses_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
