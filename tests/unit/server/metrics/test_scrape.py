"""A whole server, scraped as Prometheus does; and the dashboard that is drawn from it."""

import ftplib
import json
import re
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.config import load
from secure_file_transfer.errors import ConfigurationError, SignInFailedError, TooManyRequestsError
from secure_file_transfer.model import MIB, Role
from secure_file_transfer.server.house import House
from secure_file_transfer.server.run import Announcement, open_server

PASSWORD = "four plain words together"
DASHBOARD = Path(__file__).parents[4] / "deploy" / "grafana-dashboard.json"
_NAME = re.compile(r"\b(?:sft|process)_[a-z_]+")


@dataclass
class World:
    house: House
    said: Announcement
    client: SecureFileTransferClient
    secret: str

    def scrape(self) -> str:
        assert self.said.metrics_url
        with urllib.request.urlopen(self.said.metrics_url, timeout=10) as answer:
            page: bytes = answer.read()
        return page.decode()

    def families(self) -> dict[str, Metric]:
        return {each.name: each for each in text_string_to_metric_families(self.scrape())}


def samples(family: Metric) -> dict[tuple[str, ...], float]:
    return {
        tuple(value for _, value in sorted(each.labels.items())): each.value
        for each in family.samples
        if not each.name.endswith("_created")
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server on which a file was sent and fetched on both doors, and somebody guessed."""
    path = tmp_path_factory.mktemp("scrape")
    settings = load(
        data_dir=path / "data",
        host="127.0.0.1",
        port=0,
        ftps_enabled=True,
        ftps_port=0,
        ftps_data_port=0,
        ftps_passive_ports="0",
        metrics_port=0,
        guard_source_guesses=2,
    )
    with open_server(settings) as (house, listener, announcement):
        house.accounts.create("ada", PASSWORD, Role.ADMIN)
        house.accounts.create("bob", PASSWORD)
        listener.start()
        said = announcement()
        cafile = str(house.directory.tls / "ca_cert.pem")
        with SecureFileTransferClient(said.urls[0], cafile=cafile, username="ada", password=PASSWORD) as client:
            client.put_bytes(b"x" * MIB, "/secret-name.bin")
            assert len(client.get_bytes("/secret-name.bin")) == MIB
            context = ssl.create_default_context(cafile=cafile)
            door = ftplib.FTP_TLS(context=context, timeout=10)  # noqa: S321 - it speaks TLS
            door.connect("127.0.0.1", int(said.ftps_urls[0].rpartition(":")[2].strip("/")))
            door.login("ada", PASSWORD)
            door.prot_p()
            door.retrbinary("RETR secret-name.bin", bytearray().extend)
            with SecureFileTransferClient(said.urls[0], cafile=cafile) as stranger:
                for expected in (SignInFailedError, SignInFailedError, TooManyRequestsError):
                    with pytest.raises(expected):
                        stranger.sign_in("bob", "wrong")
            yield World(house, said, client, "secret-name")
            door.close()
        listener.stop()


def test_what_happened_is_counted(world: World) -> None:
    found = world.families()
    moved = samples(found["sft_transfer_bytes"])
    assert moved["down", "ftps"] == MIB
    assert moved["up", "http"] >= 1000  # blocks may be compressed on their way
    assert moved["down", "http"] >= MIB
    assert samples(found["sft_transfers"]) == dict.fromkeys(
        [(way, state) for way in ("up", "down") for state in ("running", "waiting")], 0
    )
    signed = samples(found["sft_sign_ins"])
    assert signed["http", "ok"] >= 1
    assert signed["ftps", "ok"] == 1
    assert (signed["http", "sign_in_failed"], signed["http", "too_many_requests"]) == (2, 1)
    assert sum(samples(found["sft_guard_refusals"]).values()) == 1
    assert samples(found["sft_sessions"])["ftps",] == 1
    assert samples(found["sft_clients"])[()] >= 2
    assert samples(found["sft_stored"])["bytes",] == MIB
    assert samples(found["sft_free_bytes"])[()] > 0
    assert samples(found["sft_maintenance"])[()] == 0
    assert {key for (key,) in samples(found["sft_queue"])} == {"requests", "storing", "sign-in", "hashing"}
    for name in ("sft_http_request_seconds", "sft_catalog_seconds", "sft_catalog_group_size", "sft_blob_seconds"):
        assert any(each.name.endswith("_count") and each.value for each in found[name].samples), name
    assert sum(samples(found["sft_blob_bytes"]).values()) > 0


def test_no_label_is_what_a_peer_says(world: World) -> None:
    for path in ("/x" * 50, "/api/v1/nothing", "/api/v1/files/%00", "/s/abc"):
        request = urllib.request.Request(world.said.urls[0] + path, method="PROPFIND")
        context = ssl.create_default_context(cafile=str(world.house.directory.tls / "ca_cert.pem"))
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10, context=context)
        refused.value.close()
    page = world.scrape()
    for hostile in (world.secret, "PROPFIND", "nothing", "bob", "127.0.0.1"):
        assert hostile not in page
    requests = world.families()["sft_http_request_seconds"]
    assert {"other"} < {each.labels["method"] for each in requests.samples}


def test_the_dashboard_asks_for_what_is_there(world: World) -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    asked = {name for panel in dashboard["panels"] for each in panel["targets"] for name in _NAME.findall(each["expr"])}
    assert len(asked) > 15
    there = {each.name for family in world.families().values() for each in family.samples}
    assert asked - there == set()
    own = {each for each in world.families() if each.startswith("sft_") and not each.endswith("_created")}
    unused = {name for name in own if not any(each.startswith(name) for each in asked)}
    assert unused <= {"sft_build_info"}
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)


def test_without_a_port_nothing_is_counted(tmp_path: Path) -> None:
    settings = load(data_dir=tmp_path / "data", host="127.0.0.1", port=0, ftps_enabled=False)
    with open_server(settings) as (house, listener, announcement):
        assert announcement().metrics_url is None
        assert house.credentials.on_sign_in is None
        assert listener._app.observe is None  # type: ignore[attr-defined]
        assert type(house.blobs).__name__ == "LocalBlobStore"
        listener.close()


def test_a_port_that_is_taken_keeps_the_server_from_starting_and_holds_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        settings = load(data_dir=tmp_path / "data", host="127.0.0.1", port=0, ftps_enabled=False, metrics_port=number)
        with pytest.raises(ConfigurationError, match="Metrics cannot be served"):
            open_server(settings).__enter__()


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("0.0.0.0", True)])  # noqa: S104 - the point
def test_who_can_reach_it_is_told(tmp_path: Path, host: str, warned: bool) -> None:
    from secure_file_transfer.server.metrics import Observer

    given: Any = load(data_dir=tmp_path, metrics_host=host, metrics_port=0)
    assert bool(Observer.warnings(given)) is warned
