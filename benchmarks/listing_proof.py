"""Proof about a large folder. Run by `benchmarks.proofs`."""

import http.client
import json
import statistics
import threading
import time
from pathlib import Path

from .proofs import Caller, say, started


def prove_listing(folder: Path, *, files: int) -> str:
    """A large folder: its first page and the next one in every order, and its renaming, by wall clock over HTTPS."""
    server = started(folder)
    try:
        caller = Caller(server)
        caller.call("PUT", "/api/v1/folders/large", None, caller.headers())
        lanes = [threading.Thread(target=put_many, args=(caller, range(lane, files, 8))) for lane in range(8)]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        times = {}
        connection = caller.connect()
        for sort in ("name", "size", "modified"):
            for order in ("asc", "desc"):
                cursor = ""
                for page in ("first", "second"):
                    path = f"/api/v1/folders/large?sort={sort}&order={order}&limit=100{cursor}"
                    seconds, answer = _asked(connection, "GET", path, None, caller.headers())
                    times[f"{page} page by {sort} {order}"] = seconds
                    cursor = f"&cursor={json.loads(answer)['cursor']}"
        body = json.dumps({"source": "/large", "target": "/renamed"})
        headers = {**caller.headers(), "Content-Type": "application/json"}
        times["renaming"], _ = _asked(connection, "POST", "/api/v1/move", body, headers)
        connection.close()
    finally:
        server.kill()
    for what, seconds in times.items():
        say(f"{what}: {seconds * 1000:.1f} ms")
    return f"{files} files: at most {max(times.values()) * 1000:.1f} ms for any first or second page, or for renaming"


def put_many(caller: Caller, numbers: range) -> None:
    """Small files into the folder `/large`, one after the other."""
    connection = caller.connect()
    for number in numbers:
        connection.request("PUT", f"/api/v1/files/large/{number:06}", bytes(number % 100), caller.headers())
        response = connection.getresponse()
        response.read()
        if response.status != http.client.CREATED:
            raise AssertionError(f"{number}: {response.status}")


def _asked(
    connection: http.client.HTTPSConnection, method: str, path: str, body: str | None, headers: dict[str, str]
) -> tuple[float, bytes]:
    """The median of five: seconds, and the last answer. A rename is asked for once."""
    seconds = []
    for _ in range(5 if method == "GET" else 1):
        begin = time.perf_counter()
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answer = response.read()
        seconds.append(time.perf_counter() - begin)
        if response.status != http.client.OK:
            raise AssertionError(f"{path}: {response.status}: {answer!r}")
    return statistics.median(seconds), answer
