"""Every FTP client, every operation, over TLS: the table of `ftps_table`, a test for each cell."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.ftps_peers import ours, site_of

from secure_file_transfer.testing.ftps_wire import FtpsSite

from .ftps_clients import CLIENTS, missing
from .ftps_table import OPERATIONS, attempt

pytestmark = pytest.mark.peer

OTHERWISE = {("rclone", "resume up"): "anew", **{("ncftp", operation): "no TLS" for operation in OPERATIONS}}
"""What is not `ok`, and lies with the client."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FtpsSite]:
    assert not missing(), "./test.sh installs them"
    with ours(tmp_path_factory.mktemp("server")) as server:
        yield site_of(server)


@pytest.mark.parametrize("operation", list(OPERATIONS))
@pytest.mark.parametrize("client", list(CLIENTS))
def test_client(site: FtpsSite, client: str, operation: str, tmp_path: Path) -> None:
    assert attempt(site, client, operation, tmp_path) == OTHERWISE.get((client, operation), "ok")
