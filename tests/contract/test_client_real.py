"""The client against the real server, in a process of its own."""

from collections.abc import Iterator

import pytest

from secure_file_transfer.client import SecureFileTransferClient
from secure_file_transfer.testing.contracts.client import ClientContract, Reachable
from secure_file_transfer.testing.process import ServerProcess

USER, PASSWORD = "mona", "a long enough contract"


@pytest.fixture(scope="module")
def reachable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reachable]:
    folder = tmp_path_factory.mktemp("server")
    server = ServerProcess(folder / "data", env={"SFT_PROFILES": str(folder / "profiles.json")})
    server.add_user(USER, PASSWORD)
    server.start()
    try:
        with SecureFileTransferClient(server.url, cafile=server.cafile) as client:
            token = client.sign_in(USER, PASSWORD).token
        yield Reachable(server.url, server.cafile, token)
    finally:
        server.kill()


class TestAgainstTheServer(ClientContract):
    @pytest.fixture
    def server(self, reachable: Reachable) -> Reachable:
        return reachable
