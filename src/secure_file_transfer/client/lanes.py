"""Blocking connections in threads of their own, for the bulk of the bytes.

One thread with one socket encrypts and hashes without the interpreter's lock, straight from and into whole buffers.
"""

import asyncio
import functools
import http.client
import json
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from ..errors import (
    CertificateError,
    InterruptedTransferError,
    ProtocolViolationError,
    SecureFileTransferError,
    TooLargeError,
)
from ..version import __version__
from . import trust as trusting
from .control import TransferControl
from .flow import Flow
from .transport import JSON_MAX, PROBLEM_MAX, PROBLEM_TYPE, problem_of, retry_after
from .trust import Address
from .turns import Turns

T = TypeVar("T")
Buffer = bytes | bytearray | memoryview

_CONNECT_SECONDS = 30.0
_NUMBER_DIGITS = 19
_SMALL = 16 * 1024
"""Bytes. How long so small a request and its answer take says how far away the server is."""


class Answer:
    """A response whose status was expected, while its body is still in the connection. Used by one thread."""

    def __init__(self, response: http.client.HTTPResponse, address: Address, flow: Flow, stop: threading.Event) -> None:
        self._response, self._address = response, address
        self._flow, self._stop = flow, stop
        self.status = response.status
        self.received = 0

    def header(self, name: str) -> str:
        """The value of a header, or nothing."""
        return self._response.headers.get(name, "")

    def fill(self, buffer: memoryview) -> None:
        """Read exactly as many bytes as the buffer holds.

        Raises:
            InterruptedTransferError: fewer came.
        """
        got = 0
        while got < len(buffer):
            count = self._response.readinto(buffer[got : got + self._flow.piece])
            if not count:
                raise cut_short(self._address)
            got += count
            self._came(count)

    def _came(self, count: int) -> None:
        self.received += count
        self._flow.passes(count, self._stop)

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes.

        Raises:
            InterruptedTransferError: it ended early.
        """
        while data := self._response.read1(self._flow.piece):
            self._came(len(data))
            yield data
        if self._response.length:
            raise cut_short(self._address)

    def read(self, limit: int) -> bytes:
        """The rest of the body.

        Raises:
            TooLargeError: it is longer than `limit`.
            InterruptedTransferError: it ended early.
        """
        data = self._response.read(limit + 1)
        self._came(len(data))
        if len(data) > limit:
            raise TooLargeError("The server's answer is longer than any honest one")
        if self._response.length:
            raise cut_short(self._address)
        return data

    def json(self) -> object:
        """The body, as JSON.

        Raises:
            ProtocolViolationError: it is none.
        """
        try:
            return json.loads(self.read(JSON_MAX))
        except (ValueError, RecursionError):
            raise ProtocolViolationError(f"{self._address} sent something that is not JSON") from None


def nothing(answer: Answer) -> None:
    """For answers without content."""
    answer.read(0)


def cut_short(address: Address) -> InterruptedTransferError:
    """The connection ended in the middle of an answer."""
    return InterruptedTransferError(
        f"The connection to {address} was cut in the middle of the answer", hint="Try again."
    )


class Lane:
    """One connection, kept open between requests. One thread at a time."""

    def __init__(self, address: Address, context: ssl.SSLContext, silence: float, flow: Flow) -> None:
        self._address, self._context, self._silence, self._flow = address, context, silence, flow
        self._connection: http.client.HTTPSConnection | None = None
        self._response: http.client.HTTPResponse | None = None
        self._stop = threading.Event()
        self.trip: float | None = None
        """Seconds that the last small exchange took, if it was one."""

    @property
    def aborted(self) -> bool:
        """Whether it was ended."""
        return self._stop.is_set()

    def abort(self) -> None:
        """End whatever runs in it, from another thread."""
        self._stop.set()
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it; the next request opens it anew."""
        connection, self._connection = self._connection, None
        response, self._response = self._response, None
        if response is not None:
            response.close()
        if connection is not None:
            connection.close()

    def exchange(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Sequence[Buffer],
        expect: Sequence[int],
        take: Callable[[Answer], T],
    ) -> T:
        """Send one request, and give its answer to `take`.

        Raises:
            SecureFileTransferError: the typed error of everything that can happen.
        """
        try:
            answer = self._sent(method, path, headers, body)
            if answer.status not in expect:
                told = answer.header("Content-Type").partition(";")[0].strip() == PROBLEM_TYPE
                wait = retry_after(answer.header("Retry-After"))
                raise problem_of(self._address, answer.status, answer.read(PROBLEM_MAX) if told else b"", wait)
            result = take(answer)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._translated(error) from None
        except BaseException:
            self.close()  # what is left of the answer would be taken for the next one
            raise
        return result

    def _sent(self, method: str, path: str, headers: Mapping[str, str], body: Sequence[Buffer]) -> Answer:
        connection = self._opened()
        length = sum(len(part) for part in body)
        begin = time.monotonic()
        sent = {"User-Agent": f"secure-file-transfer/{__version__}", "Accept-Encoding": "identity", **headers}
        if body:
            sent["Content-Length"] = str(length)
        try:
            content = self._pieces(body) if body else None
            connection.request(method, path, body=content, headers=sent, encode_chunked=False)
        except ssl.SSLError:
            raise
        except OSError:
            pass  # it may have answered before it stopped reading
        self._response = connection.getresponse()
        self.trip = time.monotonic() - begin if length <= _SMALL else None
        told = self._response.headers.get("Operator-Warning", "")
        if told.isascii() and told.isdecimal() and len(told) < _NUMBER_DIGITS:
            self._flow.warned = max(self._flow.warned, int(told))
        return Answer(self._response, self._address, self._flow, self._stop)

    def _pieces(self, body: Sequence[Buffer]) -> Iterator[memoryview]:
        for part in body:
            view = memoryview(part)
            for at in range(0, len(view), self._flow.piece):
                piece = view[at : at + self._flow.piece]
                self._flow.passes(len(piece), self._stop)
                if self.aborted:
                    raise ConnectionAbortedError
                yield piece

    def _opened(self) -> http.client.HTTPSConnection:
        if self.aborted:
            raise ConnectionAbortedError
        if self._connection is not None and self._connection.sock is not None and _was_left(self._connection.sock):
            self.close()
        if self._connection is None or self._connection.sock is None:
            address = self._address
            self._connection = http.client.HTTPSConnection(
                address.host, address.port, timeout=min(self._silence, _CONNECT_SECONDS), context=self._context
            )
            self._connection.connect()
            self._connection.sock.settimeout(self._silence)
            if self.aborted:  # meanwhile
                raise ConnectionAbortedError
        return self._connection

    def _translated(self, error: OSError | http.client.HTTPException) -> SecureFileTransferError:
        address = self._address
        if isinstance(error, TimeoutError):
            return trusting.timed_out(address)
        if isinstance(error, ssl.SSLCertVerificationError):
            return CertificateError(f"{address} shows another certificate than before")
        if isinstance(error, ConnectionRefusedError | socket.gaierror):
            return trusting.unreachable(address, error)
        if isinstance(error, http.client.HTTPException) and not isinstance(
            error, http.client.RemoteDisconnected | http.client.IncompleteRead
        ):
            return ProtocolViolationError(f"{address} did not answer in the form of HTTP")
        return InterruptedTransferError(f"The connection to {address} was cut", hint="Try again.")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes of content on the wire, also those that had to go again."""

    sent: int = 0
    received: int = 0


class Lanes:
    """The connections of one client, opened when it is somebody's turn and none is idle."""

    def __init__(
        self, address: Address, context: ssl.SSLContext, turns: Turns, flow: Flow, *, limit: int, silence: float
    ) -> None:
        self._make = functools.partial(Lane, address, context, silence, flow)
        self._pool = ThreadPoolExecutor(limit, thread_name_prefix="sft-lane")
        self._turns = turns
        self.flow = flow
        self._idle: list[Lane] = []
        self._busy: set[Lane] = set()
        self._closed = False
        self.traffic = Traffic()

    def close(self) -> None:
        """End everything."""
        self._closed = True
        for lane in self._busy:
            lane.abort()
        for lane in self._idle:
            lane.close()
        self._idle.clear()
        self._pool.shutdown(wait=False)

    async def exchange(
        self,
        method: str,
        path: str,
        take: Callable[[Answer], T],
        *,
        headers: Mapping[str, str],
        body: Sequence[Buffer] = (),
        expect: Sequence[int] = (200,),
        control: TransferControl,
    ) -> T:
        """One request on the next free connection; `take` reads the answer, in the connection's thread.

        Raises:
            SecureFileTransferError: the typed error of everything that can happen; and whatever `take` raises.
        """
        async with self._turns.turn(control):
            lane = self._idle.pop() if self._idle else self._make()
            self._busy.add(lane)
            size, came = sum(len(part) for part in body), 0

            def counted(answer: Answer) -> T:
                nonlocal came
                try:
                    return take(answer)
                finally:
                    came = answer.received

            work = asyncio.get_running_loop().run_in_executor(
                self._pool, lane.exchange, method, path, headers, body, expect, counted
            )
            work.add_done_callback(_heard)
            try:
                result = await asyncio.shield(work)
            except asyncio.CancelledError:
                lane.abort()  # the thread may be using buffers that our caller is about to let go of
                with suppress(Exception):
                    await asyncio.shield(work)
                raise
            finally:
                self._busy.discard(lane)
                if lane.aborted or self._closed:
                    lane.close()
                else:
                    self._idle.append(lane)
                self.traffic = Traffic(self.traffic.sent + size, self.traffic.received + came)
            if lane.trip is not None and came <= _SMALL:
                self._turns.round_trip(lane.trip)
            return result


def _heard(work: "asyncio.Future[Any]") -> None:
    """Whoever is cancelled twice while it waits for the thread does not hear how that ended, and need not."""
    if not work.cancelled():
        work.exception()


def _was_left(sock: socket.socket) -> bool:
    """Whether the other side has closed an idle connection, or talks out of turn."""
    if hasattr(select, "poll"):  # select itself knows no descriptors above 1023
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])
