"""The client against the real server: the suite that the server in memory passes, too."""

from collections.abc import Iterator

import pytest

from secure_file_transfer import SecureFileTransferClient, SecureFileTransferServer
from secure_file_transfer.testing.contracts.client import ClientContract, Reachable

NAME, PASSWORD = "sara", "three green boats"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reachable]:
    data = tmp_path_factory.mktemp("server") / "data"
    with SecureFileTransferServer(port=0, data_dir=data, accounts={NAME: PASSWORD}) as server:
        assert server.cafile
        with SecureFileTransferClient(server.url, cafile=server.cafile) as client:
            token = client.sign_in(NAME, PASSWORD).token
        yield Reachable(server.url, server.cafile, token)


class TestAgainstTheRealServer(ClientContract):
    @pytest.fixture
    def server(self, running: Reachable) -> Reachable:
        return running
