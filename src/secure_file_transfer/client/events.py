"""Live events: what the server tells us as it happens."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import (
    InterruptedTransferError,
    ProtocolViolationError,
    SecureFileTransferError,
    SignInRequiredError,
    TimedOutError,
)
from ..model import TimeUs
from ..paths import RemotePath
from ..transfer.retry import Retry
from . import wire
from .api import Api
from .transport import Closed, Socket
from .wire_values import members, plain, text_of, time_us

PATH = "/api/v1/events"
SILENCE_SECONDS = 120.0
"""Without a sign of life; the server gives one every 45 seconds."""
LASTING_SECONDS = 10.0
"""A connection that lasted so long was a good one: the next failure is the first again."""
_RETRY = Retry(first=0.2, ceiling=30.0, tries=1 << 30)
_FAILED_MAX = 16
"""From here on the delay grows no more."""
_SESSION_ENDED, _POLICY = 4401, 1008


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something that happened.

    `topic` and `kind` say what: `files` `changed` or `gone` (of a watched folder, `data["path"]`), for the others see
    docs/protocol.md. Of topic `server` are `subscribed` (from now on we hear; what cannot be watched is in
    `data["refused"]`) and `resync` (something may have been missed: look at everything again).

    `id` is what to go on `after`; None for the few that have none. `at_us` is when, in microseconds since 1970.
    """

    id: str | None
    topic: str
    kind: str
    data: Mapping[str, Any]
    at_us: TimeUs | None = None

    @property
    def resync(self) -> bool:
        """Whether something may have been missed, so that everything is to be looked at again."""
        return (self.topic, self.kind) == ("server", "resync")


_MISSED = LiveEvent(None, "server", "resync", {})


class Live(Api):
    """See `AsyncClient`."""

    async def events(
        self, *, topics: Sequence[str] | None = None, watch: Sequence[str] = (), after: str | None = None
    ) -> AsyncIterator[LiveEvent]:
        """What happens, as it does, until you stop asking: each event at least once.

        `topics` are any of `files`, `clients`, `warnings`, `chat`, `jobs`, `log`, `server`; all that we may hear of by
        default. `watch` are folders whose changes are told. `after` is the id of the last event of an earlier call.

        A lost connection is made again, and goes on where it was; while there is none this waits. Where something was
        missed all the same, an event says so (`LiveEvent.resync`).

        Raises:
            SignInRequiredError: the session has ended, and cannot be renewed.
            ForbiddenError, InvalidRequestError, NotFoundError: the server does not tell us that.
        """
        paths = [str(RemotePath.parse(path)) for path in watch]
        wanted: dict[str, Any] = {"watch": paths} | ({} if topics is None else {"topics": list(topics)})
        last, tries, again = after, _RETRY.begun(), False
        while True:
            begun = time.monotonic()
            token = await self._token()
            try:
                async with self._wire().socket(PATH, token=token, silence=SILENCE_SECONDS) as socket:
                    await socket.send(json.dumps(wanted if last is None else {**wanted, "after": last}))
                    if again and last is None:
                        yield _MISSED
                    async for event in _heard(socket):
                        last = event.id or last
                        if event.kind != "alive":
                            yield event
            except SignInRequiredError as error:
                if token is not None:
                    await self.whoami()  # says why, where an operator has ended it: then nothing is renewed
                await self._renew(token, error)
                again = True
            except SecureFileTransferError as error:
                if time.monotonic() - begun >= LASTING_SECONDS:
                    tries = _RETRY.begun()
                delay = tries.delay(error)
                if delay is None:
                    raise
                tries.failed, again = min(tries.failed, _FAILED_MAX), True
                await asyncio.sleep(delay)


async def _heard(socket: Socket) -> AsyncIterator[LiveEvent]:
    """The events of one connection.

    Raises:
        SignInRequiredError, InterruptedTransferError, TimedOutError
        The error that the server refuses us with.
    """
    while True:
        try:
            event = _read(await socket.receive())
        except Closed as closed:
            raise _ending(closed) from None
        if (event.topic, event.kind) == ("server", "refused"):
            raise wire.problem_error(event.data)
        yield event


def _ending(closed: Closed) -> SecureFileTransferError:
    if closed.code == _SESSION_ENDED:
        return SignInRequiredError("The session has ended", hint="Sign in again.")
    if closed.code == _POLICY:
        return ProtocolViolationError(f"The server ended the events: {plain(closed.reason)}")
    if closed.code is None:
        return TimedOutError("The server of the events fell silent", hint="Try again.")
    return InterruptedTransferError("The connection for events was cut", hint="Try again.")


def _read(text: str) -> LiveEvent:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ProtocolViolationError("An event is not JSON") from None
    values = members(value, "an event")
    number, at = values.get("id"), values.get("at")
    return LiveEvent(
        number if isinstance(number, str) else None,
        text_of(values, "topic"),
        text_of(values, "kind"),
        members(values.get("data"), "what an event tells"),
        None if at is None else time_us(at),
    )
