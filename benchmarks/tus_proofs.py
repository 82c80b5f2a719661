"""Proofs about resumable uploads: cut connections and killed servers. Run by `benchmarks.proofs`."""

import hashlib
import http.client
import random
import threading
import time
from base64 import b64encode
from contextlib import closing
from pathlib import Path

from .proofs import MIB, Caller, say, started

UPLOADS = "/api/v1/uploads"
PATIENCE_SECONDS = 20.0
PIECE = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


class Sender:
    """A bare tus client: one upload of `data` under `name`."""

    def __init__(self, caller: Caller, name: str, data: bytes) -> None:
        """Creates the upload."""
        self.caller, self.name, self.data = caller, name, data
        self.acknowledged = 0
        metadata = f"filename {b64encode(name.encode()).decode()}"
        headers = {"Upload-Length": str(len(data)), "Upload-Metadata": metadata, "Tus-Resumable": "1.0.0"}
        with closing(caller.connect()) as connection:
            response = self._ask(connection, "POST", UPLOADS, headers)
        self.address = response.headers["Location"]

    def _ask(
        self,
        connection: http.client.HTTPSConnection,
        method: str,
        address: str,
        headers: dict[str, str],
        body: bytes | None = None,
    ) -> http.client.HTTPResponse:
        connection.request(method, address, body, {**self.caller.headers(), **headers})
        response = connection.getresponse()
        response.read()
        return response

    def offset(self, connection: http.client.HTTPSConnection) -> int:
        """What the server says it has."""
        response = self._ask(connection, "HEAD", self.address, {"Tus-Resumable": "1.0.0"})
        if response.status != http.client.OK:
            raise AssertionError(f"HEAD {self.name}: {response.status}")
        return int(response.headers["Upload-Offset"])

    def send(self, connection: http.client.HTTPSConnection, offset: int, size: int) -> int:
        """One whole piece; returns the status."""
        body = self.data[offset : offset + size]
        response = self._ask(connection, "PATCH", self.address, {**PIECE, "Upload-Offset": str(offset)}, body)
        if response.status == http.client.NO_CONTENT:
            self.acknowledged = int(response.headers["Upload-Offset"])
        return response.status

    def send_and_cut(self, connection: http.client.HTTPSConnection, offset: int, until: int) -> None:
        """Declare all that is left, send it up to the byte `until`, and hang up."""
        connection.putrequest("PATCH", self.address)
        declared = {"Content-Length": str(len(self.data) - offset), "Upload-Offset": str(offset)}
        for name, value in {**self.caller.headers(), **PIECE, **declared}.items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(self.data[offset:until])
        connection.close()

    def settled_offset(self, least: int = 0) -> int:
        """The offset once nobody writes any more: only then is an empty piece taken there.

        A busy server may not have come to what was sent before: below `least` it has some seconds for that.
        """
        late = time.monotonic() + PATIENCE_SECONDS
        with closing(self.caller.connect()) as connection:
            while True:
                offset = self.offset(connection)
                taken = self.send(connection, offset, 0) == http.client.NO_CONTENT
                if taken and (offset >= least or time.monotonic() > late):
                    return offset

    def finish(self) -> None:
        """Send what is missing, and compare what the server then has."""
        offset = self.settled_offset()
        with closing(self.caller.connect()) as connection:
            if offset < len(self.data) and self.send(connection, offset, len(self.data)) != http.client.NO_CONTENT:
                raise AssertionError(f"{self.name} was not finished from {offset}")
        if self.caller.digest(self.name) != hashlib.sha256(self.data).hexdigest():
            raise AssertionError(f"{self.name} is not what was sent")


def prove_cuts(folder: Path, *, cuts: int, seed: int) -> str:
    """Cut the connection at many byte positions: each upload resumes, and sends at most one block again."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    data = chance.randbytes(3 * MIB + 7)
    edges = [at + step for at in (0, MIB, 2 * MIB, 3 * MIB, len(data)) for step in (-1, 0, 1)]
    positions = [at for at in edges if 0 <= at < len(data)][:cuts]
    positions += [chance.randrange(len(data)) for _ in range(cuts - len(positions))]
    again = 0
    server = started(folder, {"SFT_BLOCK_SIZE": str(MIB)})
    try:
        caller = Caller(server)
        for number, position in enumerate(positions):
            sender = Sender(caller, f"cut-{number}", data)
            with closing(caller.connect()) as connection:
                sender.offset(connection)  # what TLS sends first is read by that, so the cut is a clean one
                sender.send_and_cut(connection, 0, position)
            kept = sender.settled_offset(position - MIB)
            if not position - MIB <= kept <= position:
                raise AssertionError(f"cut at {position}: {kept} bytes were kept")
            again = max(again, position - kept)
            sender.finish()
    finally:
        server.kill()
    return f"{len(positions)} cuts, seed {seed}: all resumed and equal, at most {again} bytes sent again"


def prove_kills(folder: Path, *, rounds: int, seed: int) -> str:
    """Kill -9 in the middle of pieces: no acknowledged offset is lost, and every upload goes on to its end."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    server = started(folder)
    try:
        caller = Caller(server)
        senders = [Sender(caller, f"kill-{n}", chance.randbytes(48 * MIB + n)) for n in range(4)]
        for turn in range(rounds):
            begun = threading.Semaphore(0)
            lanes = [(each, random.Random(chance.random()), begun) for each in senders]  # noqa: S311
            threads = [threading.Thread(target=_send_until_killed, args=lane) for lane in lanes]
            for thread in threads:
                thread.start()
            for _ in range(chance.randrange(4, 16)):
                begun.acquire()
            server.kill()
            for thread in threads:
                thread.join()
            server.start()
            for sender in senders:
                before, offset = sender.acknowledged, sender.settled_offset()
                if offset < before:
                    raise AssertionError(f"{before} bytes were acknowledged, {offset} are there")
            say(f"kill {turn + 1}: at {[each.acknowledged for each in senders]}")
        if not any(each.acknowledged for each in senders):
            raise AssertionError("nothing was acknowledged: this proved nothing")
        for sender in senders:
            sender.finish()
    finally:
        server.kill()
    return f"{rounds} kills, seed {seed}: {len(senders)} uploads lost nothing that was acknowledged, and finished"


def _send_until_killed(sender: Sender, sizes: random.Random, begun: threading.Semaphore) -> None:
    """Piece after piece; `begun` counts them, and lets nobody wait once this ends."""
    try:
        with closing(sender.caller.connect()) as connection:
            offset = sender.offset(connection)
            while offset < len(sender.data):
                begun.release()
                if (
                    sender.send(connection, offset, sizes.choice((1000, 50_000, MIB, 9 * MIB)))
                    != http.client.NO_CONTENT
                ):
                    raise AssertionError(f"{sender.name} was refused at {offset}")
                offset = sender.acknowledged
    except (OSError, http.client.HTTPException):
        return  # the server is gone
    finally:
        begun.release(100)
