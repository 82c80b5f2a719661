"""What was acknowledged survives `kill -9`: a block stays, and stays its sender's to name."""

import http.client
import json
import os
import ssl
from pathlib import Path
from typing import Any

from blake3 import blake3

from secure_file_transfer.testing.process import ServerProcess

PASSWORD = "four plain words together"


class Client:
    """A connection that a killed server does not survive; the session does."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.token = ""
        self.connect()

    def connect(self) -> None:
        context = ssl.create_default_context(cafile=str(self.server.cafile))
        self.connection = http.client.HTTPSConnection("127.0.0.1", self.server.port, context=context, timeout=30)

    def kill_and_restart(self) -> None:
        self.connection.close()
        self.server.kill()
        self.server.start()
        self.connect()

    def ask(self, method: str, target: str, body: bytes | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        self.connection.request(method, target, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status < 300, content
        return json.loads(content) if content else None

    def post(self, target: str, document: Any) -> Any:
        return self.ask("POST", target, json.dumps(document).encode())


def test_a_block_is_there_and_claimable_after_kill_9(tmp_path: Path) -> None:
    contents = [os.urandom(1_500_000), os.urandom(1000)]
    with ServerProcess(tmp_path / "data") as server:
        server.add_user("ada", PASSWORD)
        client = Client(server)
        client.token = client.post("/api/v1/sessions", {"name": "ada", "password": PASSWORD})["token"]
        key = bytes.fromhex(client.ask("GET", "/api/v1/transfer")["naming_key"])
        ids = [blake3(data, key=key).hexdigest() for data in contents]
        for block, data in zip(ids, contents, strict=True):
            client.ask("PUT", f"/api/v1/blocks/{block}", data)
            client.kill_and_restart()
        absent = blake3(b"absent", key=key).hexdigest()
        assert client.post("/api/v1/blocks/missing", {"ids": [*ids, absent]}) == {"missing": [absent]}
        blocks = [[block, len(data)] for block, data in zip(ids, contents, strict=True)]
        file = {"path": "/a", "size": sum(map(len, contents)), "blocks": blocks}
        (result,) = client.post("/api/v1/commits", {"files": [file]})["results"]
        assert result["outcome"] == "created"
        client.kill_and_restart()
        assert client.ask("GET", "/api/v1/manifests/a")["blocks"] == blocks
        client.connection.close()
