"""Proof that nothing runs on for a session that has ended, whatever moves and however it ended (attacks 29 and 33).

Run by `benchmarks.proofs`. The server's own limit of rates paces the transfers, so that they are all in their middle
when somebody acts. What operators do on the server's computer is done to the catalog by another process than the
server's, as the command line does it; the rest by requests. The clock runs from the answer to the act until the
transfer has failed on the sender's or the reader's side.
"""

import http.client
import itertools
import math
import os
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from secure_file_transfer import SecureFileTransferClient
from secure_file_transfer.config import load
from secure_file_transfer.errors import NotFoundError, SecureFileTransferError
from secure_file_transfer.model import LEVELS, Principal, Role
from secure_file_transfer.paths import RemotePath
from secure_file_transfer.server.house import House
from secure_file_transfer.services.access import Access
from secure_file_transfer.services.files import Files

from .engine_proofs import random_file
from .proofs import MIB, PASSWORD, USER, Caller, say, started

LIMIT = 1.0
"""Seconds, as promised."""
NAME = "moving"
_BEGUN = 16
"""A transfer is in its middle once a part of so many has moved."""
_PATIENCE = 60.0


@dataclass(frozen=True)
class Victim:
    """Somebody whose transfer is to end, by one session of two, or by the certificate of a device."""

    name: str
    caller: Caller
    session: int
    other: Caller
    certfile: Path | None = None
    device: int = 0


class World:
    """A server, and its catalog as another process sees it."""

    def __init__(self, folder: Path, total: int, rate: int) -> None:
        """Stores what will be downloaded."""
        self.total, self.folder = total, folder
        rates = {"SFT_RATE_UP": str(rate), "SFT_RATE_DOWN": str(rate)}
        self.server = started(folder, rates)
        self.file = folder / "source"
        random_file(self.file, total)
        self.house = House(load(data_dir=self.server.data_dir, host="127.0.0.1", port=0))
        self.files = Files(Access(self.house.vaults.tree), lambda _: None)
        self.house.accounts.create("boss", PASSWORD, Role.ADMIN)
        self.owner, self.boss = Caller(self.server), Caller(self.server, "boss")
        self._numbers = itertools.count()
        with self.file.open("rb") as stream:
            pieces = iter(lambda: stream.read(MIB), b"")
            if self.owner.put(NAME, pieces, total) != http.client.CREATED:
                raise AssertionError("the file to download was refused")

    def close(self) -> None:
        """End all of it."""
        self.house.close()
        self.server.kill()

    def victim(self, *, by_certificate: bool) -> Victim:
        """A new account that may read what was stored."""
        account = self.house.accounts.create(f"victim-{next(self._numbers)}", PASSWORD)
        first, second = (
            self.house.sessions.open_for(account, door="http", address="127.0.0.1", agent="proof") for _ in range(2)
        )
        callers = [Caller(self.server, token=each.token) for each in (first, second)]
        who = Principal(self.house.accounts.get(USER), None)
        self.house.shares.grant(who, RemotePath((NAME,)), account.name, LEVELS["viewer"])
        if not by_certificate:
            return Victim(account.name, callers[0], first.session.id, callers[1])
        with self.client(callers[0].token) as client:
            made = client.enroll_device(self.folder / f"{account.name}.pem")
        callers[0].context.load_cert_chain(made.certfile)
        callers[0].token = ""
        return Victim(account.name, callers[0], 0, callers[1], made.certfile, made.device.id)

    def client(self, token: str | None, certfile: Path | None = None) -> SecureFileTransferClient:
        """Our own client."""
        server = self.server
        return SecureFileTransferClient(
            "127.0.0.1", server.port, cafile=server.cafile, token=token, certfile=certfile, timeout=_PATIENCE
        )

    def published(self, victim: Victim) -> bool:
        """Whether what was on its way has come to be a file after all."""
        try:
            who = Principal(self.house.accounts.get(victim.name), None)
        except NotFoundError:
            return False
        return any(entry.name == NAME for entry in self.files.list(who, RemotePath(())).entries)


# --- what moves -------------------------------------------------------------------------------------------------


class Running:
    """A transfer in a thread: how far it is, when it ended, and with what."""

    def __init__(self, world: World, victim: Victim, how: "Transfer") -> None:
        """Begins."""
        self.moved, self.ended, self.failure = 0, 0.0, ""
        self._world, self._victim, self._how = world, victim, how
        self._middle = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            self._how(self._world, self._victim, self.at)
        except (OSError, http.client.HTTPException, SecureFileTransferError) as error:
            self.failure = f"{type(error).__name__}: {error}"
        self.ended = time.monotonic()
        self._middle.set()

    def at(self, moved: int) -> None:
        """So much has moved."""
        self.moved = moved
        if moved >= self._world.total // _BEGUN:
            self._middle.set()

    def middle(self) -> None:
        """Wait until it is in its middle, or was over before anybody looked."""
        if not self._middle.wait(_PATIENCE) or self.failure:
            raise AssertionError(f"it never came to its middle: {self.failure or 'too slow'}")

    def seconds_after(self, act: float) -> float:
        """How long after that moment it ended; it must have failed.

        Infinite where it was over before it had to be dead: a busy machine acted too late.
        """
        self._thread.join(_PATIENCE)
        if 0 < self.ended < act + LIMIT and not self.failure:
            return math.inf
        if not self.ended or not self.failure:
            raise AssertionError(f"it went on: {self.moved} of {self._world.total} bytes")
        return max(0.0, self.ended - act)


Transfer = Callable[[World, Victim, Callable[[int], None]], None]


def _body(world: World, at: Callable[[int], None]) -> Iterator[bytes]:
    piece, sent = os.urandom(256 * 1024), 0
    while sent < world.total:
        yield piece
        sent += len(piece)
        at(sent)


def _asked(
    connection: http.client.HTTPSConnection,
    victim: Victim,
    method: str,
    address: str,
    fields: dict[str, str],
    body: Iterator[bytes] | None = None,
) -> http.client.HTTPResponse:
    mine = victim.caller.headers() if victim.caller.token else {}
    connection.request(method, address, body, {**mine, **fields})
    return connection.getresponse()


def _put(world: World, victim: Victim, at: Callable[[int], None]) -> None:
    with closing(victim.caller.connect()) as connection:
        fields = {"Content-Length": str(world.total)}
        _must(_asked(connection, victim, "PUT", f"/api/v1/files/{NAME}", fields, _body(world, at)))


def _tus(world: World, victim: Victim, at: Callable[[int], None]) -> None:
    with closing(victim.caller.connect()) as connection:
        fields = {"Tus-Resumable": "1.0.0", "Upload-Length": str(world.total)}
        named = {**fields, "Upload-Metadata": f"filename {b64encode(NAME.encode()).decode()}"}
        made = _must(_asked(connection, victim, "POST", "/api/v1/uploads", named))
        piece = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        fields |= {**piece, "Content-Length": str(world.total)}
        _must(_asked(connection, victim, "PATCH", made.headers["Location"], fields, _body(world, at)))


def _get(world: World, victim: Victim, at: Callable[[int], None]) -> None:
    with closing(victim.caller.connect()) as connection:
        answer = _asked(connection, victim, "GET", f"/api/v1/files/Shared/{USER}/{NAME}", {})
        if answer.status != http.client.OK:
            raise AssertionError(f"the download was refused: {answer.status}: {answer.read()!r}")
        got = 0
        while got < world.total:
            piece = answer.read(min(64 * 1024, world.total - got))
            if not piece:
                raise http.client.IncompleteRead(b"", world.total - got)
            at(got := got + len(piece))


def _blocks(world: World, victim: Victim, at: Callable[[int], None]) -> None:
    with world.client(victim.caller.token or None, victim.certfile) as client:
        client.send_file(world.file, f"/{NAME}", on_progress=lambda progress: at(progress.done))


def _must(response: http.client.HTTPResponse) -> http.client.HTTPResponse:
    """It was taken; a refusal ends a transfer just as a cut does."""
    said = response.read()
    if response.status in {http.client.UNAUTHORIZED, http.client.FORBIDDEN}:
        raise http.client.HTTPException(f"{response.status}")
    if response.status >= http.client.BAD_REQUEST:
        raise AssertionError(f"{response.status}: {said!r}")
    return response


TRANSFERS: dict[str, Transfer] = {"tus": _tus, "blocks": _blocks, "PUT": _put, "GET": _get}


# --- what ends it -----------------------------------------------------------------------------------------------


def _request(caller: Caller, address: str) -> None:
    """A DELETE that has to succeed."""
    status, answer = caller.call("DELETE", f"/api/v1/{address}", None, caller.headers())
    if status >= http.client.BAD_REQUEST:
        raise AssertionError(f"DELETE {address}: {status}: {answer!r}")


ACTS: dict[str, Callable[[World, Victim], object]] = {
    "session revoked": lambda _, victim: _request(victim.other, f"sessions/{victim.session}"),
    "account disabled": lambda world, victim: world.house.accounts.set_disabled(victim.name, disabled=True),
    "account deleted": lambda world, victim: world.house.accounts.delete(victim.name),
    "kicked": lambda world, victim: _request(world.boss, f"sessions?account={victim.name}"),
    "password changed": lambda world, victim: world.house.accounts.set_password(victim.name, PASSWORD + "!"),
    "device revoked": lambda world, victim: _request(world.boss, f"devices/{victim.device}"),
}
CELLS = list(itertools.product(ACTS, TRANSFERS))


# --- the proof --------------------------------------------------------------------------------------------------


def prove_revocation(
    folder: Path, *, total: int, rate: int, cells: Sequence[tuple[str, str]] = CELLS, tries: int = 1
) -> str:
    """Each transfer with each end of it; `rate` in bytes a second paces them. The table in milliseconds.

    A machine that does much else may be late where the server is not: only a cell that is late so often counts.
    """
    world = World(folder, total, rate)
    took: dict[tuple[str, str], float] = {}
    victims = []
    try:
        for act, transfer in cells:
            for _ in range(tries):
                seconds, victim = _one(world, act, transfer)
                if seconds < math.inf:
                    victims.append(victim)
                took[act, transfer] = min(seconds, took.get((act, transfer), seconds))
                if seconds < LIMIT:
                    break
            say(f"{act}, {transfer}: {took[act, transfer] * 1000:.0f} ms")
        if late := [victim.name for victim in victims if world.published(victim)]:
            raise AssertionError(f"published after all: {late}")
    finally:
        world.close()
    if slow := {cell: seconds for cell, seconds in took.items() if seconds >= LIMIT}:
        raise AssertionError(f"alive for longer than {LIMIT} s: {slow}")
    return f"{_table(took)}\n{total / MIB:.0f} MiB at {rate / MIB:.0f} MiB/s; nothing was published"


def _one(world: World, act: str, transfer: str) -> tuple[float, Victim]:
    victim = world.victim(by_certificate=act == "device revoked")
    running = Running(world, victim, TRANSFERS[transfer])
    running.middle()
    ACTS[act](world, victim)
    acted = time.monotonic()
    seconds = running.seconds_after(acted)
    if seconds == math.inf:
        return seconds, victim
    if world.published(victim):
        raise AssertionError(f"{act}, {transfer}: it was published: {running.failure}")
    # The server believes the catalog for half a second, and a transfer may have ended sooner by other means.
    while not _shut_out(victim):
        if time.monotonic() - acted > LIMIT:
            raise AssertionError(f"{act}, {transfer}: new requests are taken still")
    return seconds, victim


def _shut_out(victim: Victim) -> bool:
    with closing(victim.caller.connect()) as connection:
        status = _asked(connection, victim, "GET", "/api/v1/usage", {}).status
        return status in {http.client.UNAUTHORIZED, http.client.FORBIDDEN}


def _table(took: dict[tuple[str, str], float]) -> str:
    """Milliseconds from the answer until nothing moves."""
    lines = [f"{'ms until it is dead':<22}" + "".join(f"{name:>8}" for name in TRANSFERS)]
    for act in ACTS:
        cells = [took.get((act, name)) for name in TRANSFERS]
        shown = "".join(f"{'-' if each is None else f'{each * 1000:.0f}':>8}" for each in cells)
        lines.append(f"{act:<22}{shown}")
    return "\n".join(lines)
