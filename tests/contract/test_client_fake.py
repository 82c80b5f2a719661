"""The client against the server in memory; the same suite runs against the real one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_file_transfer.testing.contracts.client import ClientContract, Reachable
from secure_file_transfer.testing.fake_server import FakeServer


class TestAgainstTheFake(ClientContract):
    @pytest.fixture
    def server(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reachable]:
        folder: Path = tmp_path_factory.mktemp("server")
        with FakeServer(folder) as fake:
            yield Reachable(fake.url, fake.files.cafile, fake.token)
