"""Live events: what the server tells us as it happens."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from ..errors import (
    InterruptedTransferError,
    ProtocolViolationError,
    SecureFileTransferError,
    SessionEndedError,
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
_BY_OPERATOR = f"{SessionEndedError.row.code}: "


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


SLOW_SECONDS = 5.0
"""Between two looks where events say when to look: should one be lost all the same, nobody waits for long."""
_GATHER_SECONDS = 0.1
"""Events that come at once are reason for one look."""

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
            SessionEndedError: an operator has ended the session, for the reason that it gives.
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
                await self._require_not_sent_away(token, error)
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

    async def _require_not_sent_away(self, token: str | None, error: SignInRequiredError) -> None:
        """Whom an operator has sent away, with all that was said, does not come again by itself."""
        if token is not None:
            await self.whoami()
        if isinstance(error, SessionEndedError):
            raise error


class Hints:
    """Says when to look again: as soon as something happens of which there are events, else now and then.

    For whoever asks the server for what there is, so that an event that came twice, late or never changes nothing of
    it. A server without these events, or one that does not tell them to us, as to tokens, is asked as it was before.
    """

    def __init__(self, client: Live, topics: Sequence[str]) -> None:
        self._client, self._topics = client, topics
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._live = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def wait(self, every: float, *, slow: float = SLOW_SECONDS) -> None:
        """Return when it is time for another look: after `every` seconds where there are no events.

        Something may have happened between the last look and the first event: therefore one is due once they begin.
        """
        if self._task is None and self._topics:
            self._task = asyncio.get_running_loop().create_task(self._listen())
        begun = time.monotonic()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), slow if self._live else every)
        self._changed.clear()
        await asyncio.sleep(max(0.0, begun + min(_GATHER_SECONDS, every) - time.monotonic()))

    async def _listen(self) -> None:
        try:
            async for _ in self._client.events(topics=self._topics):
                self._live = True
                self._changed.set()
        except SecureFileTransferError:
            pass  # what is wrong with the session, the next look says
        finally:
            self._live = False
            self._changed.set()


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
    if closed.code == _SESSION_ENDED and closed.reason.startswith(_BY_OPERATOR):
        reason = plain(closed.reason.removeprefix(_BY_OPERATOR))
        return SessionEndedError(reason, hint="Sign in again if you may, or ask the operator.")
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
