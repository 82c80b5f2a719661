"""A sync that never ends: whatever changes here is sent, through cut connections and restarts of the server."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..errors import InvalidRequestError, NotFoundError, SecureFileTransferError, SourceChangedError
from ..paths import display
from ..transfer.filters import Filter, Parts
from ..transfer.sync import Action, Do, Item
from .api import Api
from .local import is_part
from .progress import OnProgress
from .syncing import OnPlan, Sync, Synced, Wishes, ends
from .trees import LocalTree

QUIET_SECONDS = 1.5
"""A file is sent when nobody has written to it for so long."""
_QUIET_MAX = 60.0
"""After so long a file is tried even if it is never quiet, as a log is."""
_AGAIN_SECONDS = 5.0
_LOOK_SECONDS = 600.0
"""So often both ends are read anew, whether anything was seen to change or not."""
_BACKOFF_MAX = 60.0
_STEP_MS, _DEBOUNCE_MS = 200, 2000
"""Changes are gathered until there is none for a step, but no longer than that."""

_FATAL = frozenset(
    {"sign_in_required", "sign_in_failed", "certificate", "protocol_violation", "invalid_request", "configuration"}
)
_PASSES = frozenset({"no_space", "quota_exceeded", "server_full", "maintenance"})
"""Nothing that trying again mends, but somebody may."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a watch is doing, each time that changes.

    `state` is `current` (all is sent), `busy` (files that are being written will follow), `waiting` (something
    failed; the next try is in `seconds`). `synced` is what was done just before, if anything was looked at.
    """

    state: str
    synced: Synced | None = None
    seconds: float | None = None
    error: SecureFileTransferError | None = None


OnWatch = Callable[[Watched], None]


class Changes:
    """Tells when something below a folder may have changed.

    What it was does not matter, we look ourselves; so a change that the system lost is made up for by the next.
    """

    def __init__(self, root: Path, chosen: Filter) -> None:
        self._root, self._chosen = root.resolve(), chosen
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.renew()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def renew(self) -> None:
        """Begin anew: what is watched may be another folder of that name."""
        await self._end()
        self._task = asyncio.create_task(self._listen())
        await asyncio.sleep(0)  # the first step of the task arms the watch

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def wait(self, seconds: float) -> None:
        """Return when something changed since the last call, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()

    async def _listen(self) -> None:
        polling = False
        while True:
            try:
                async for _ in self._events(polling=polling):
                    self._changed.set()
            except FileNotFoundError:
                pass  # the next look tells
            except (OSError, RuntimeError):  # too many folders for the system's limit, or it lost track
                polling = True
            self._changed.set()
            await asyncio.sleep(_AGAIN_SECONDS)

    def _events(self, *, polling: bool) -> AsyncIterator[object]:
        from watchfiles import awatch

        return awatch(
            self._root,
            watch_filter=self._matters,
            step=_STEP_MS,
            debounce=_DEBOUNCE_MS,
            force_polling=polling or None,
            ignore_permission_denied=True,
        )

    def _matters(self, _: Any, path: str) -> bool:
        try:
            parts = Path(path).relative_to(self._root).parts
        except ValueError:
            return True
        if not parts:
            return True
        taken = self._chosen.takes(parts, folder=False) or self._chosen.enters(parts)
        return taken and not is_part(parts[-1])


class Watch:
    """One watch. `wait` ends when something changed or the time is over; `now` gives seconds since 1970."""

    def __init__(
        self,
        sync: Sync,
        wait: Callable[[float], Awaitable[None]],
        renew: Callable[[], Awaitable[None]],
        *,
        on_plan: OnPlan | None = None,
        on_progress: OnProgress | None = None,
        on_watch: OnWatch | None = None,
        now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._sync, self._wait, self._renew = sync, wait, renew
        self._on_plan, self._on_progress, self._on_watch = on_plan, on_progress, on_watch
        self._now, self._chance = now, chance
        self._failures = 0
        self._held: dict[Parts, float] = {}
        """Files that were being written when they were first seen, and when that was."""
        self._given_up: dict[Parts, Item] = {}
        """Files that failed in a way that only a change of theirs can mend."""

    async def run(self) -> None:
        """Go on until something ends it.

        Raises:
            SignInRequiredError, CertificateError, ...: what waiting does not mend.
            Whatever fails in the first look, unless it passes.
        """
        whole, first, looked = True, True, 0.0
        while True:
            if self._now() - looked >= _LOOK_SECONDS:
                whole = True
            try:
                if whole:
                    await self._sync.look()
                    looked = self._now()
                else:
                    await self._sync.look_at_source()
                seconds, whole = await self._round()
                first = False
            except SecureFileTransferError as error:
                lasting = error.code in _FATAL or first
                if lasting and not error.retryable:
                    raise
                whole, seconds = True, self._backoff()
                self._tell(Watched("waiting", seconds=seconds, error=error))
                await self._renew()
            await self._wait(seconds)

    async def _round(self) -> tuple[float, bool]:
        """Plan and do. Returns when to look again at the latest, and whether to look at the target as well."""
        planned = await self._sync.prepare()
        due = self._unsettled(self._sync.plan.of(Do.TRANSFER))
        transfers = {action.path: action.item for action in self._sync.plan.of(Do.TRANSFER)}
        self._given_up = {path: item for path, item in self._given_up.items() if transfers.get(path) == item}
        if self._on_plan is not None:
            self._on_plan(planned)
        synced = await self._sync.carry_out(self._on_progress, hold=due.keys() | self._given_up.keys())
        passing = self._judge(synced, transfers, due)
        if passing is not None:
            seconds = self._backoff()
            self._tell(Watched("waiting", synced, seconds, passing))
            return seconds, True
        self._failures = 0
        seconds = min(due.values(), default=_LOOK_SECONDS)
        self._tell(Watched("busy" if due else "current", synced, seconds))
        return seconds, any(step.do != "skip" for step in synced.failed)

    def _unsettled(self, transfers: Sequence[Action]) -> dict[Parts, float]:
        """The files that somebody seems to be writing, and when to look again."""
        now, found = self._now(), {}
        for action in transfers:
            age = now - action.item.modified_us / 1e6
            since = self._held.get(action.path, now)
            if 0 <= age < QUIET_SECONDS and now - since < _QUIET_MAX:
                self._held[action.path] = since
                found[action.path] = QUIET_SECONDS - age
        self._held = {path: since for path, since in self._held.items() if path in found}
        return found

    def _judge(
        self, synced: Synced, transfers: dict[Parts, Item], due: dict[Parts, float]
    ) -> SecureFileTransferError | None:
        """Sort the failures: what was being written comes later, what passes is returned, the rest is given up."""
        passing = None
        for step in synced.failed:
            path = tuple(step.path.split("/"))
            if isinstance(step.error, (SourceChangedError, NotFoundError)) and step.do == "send":
                due[path] = _AGAIN_SECONDS
            elif step.error is not None and (step.error.retryable or step.error.code in _PASSES):
                passing = step.error
            elif path in transfers:
                self._given_up[path] = transfers[path]
        return passing

    def _backoff(self) -> float:
        seconds = min(_BACKOFF_MAX, 2.0**self._failures) * (0.5 + self._chance() / 2)
        self._failures = min(self._failures + 1, 10)
        return seconds

    def _tell(self, watched: Watched) -> None:
        if self._on_watch is not None:
            self._on_watch(watched)


async def watch(
    api: Api,
    source: str | Path,
    target: str | Path,
    wishes: Wishes,
    *,
    on_plan: OnPlan | None,
    on_progress: OnProgress | None,
    on_watch: OnWatch | None,
) -> None:
    """See AsyncClient.watch."""
    here, there = ends(api, source, target)
    if not isinstance(here, LocalTree):
        raise InvalidRequestError(
            f"{display(str(source))} is on the server, and only folders here can be watched",
            hint="Run the sync again from time to time instead.",
        )
    async with Changes(here.root, wishes.chosen) as changes:
        work = Sync(api, here, there, wishes)
        await Watch(
            work, changes.wait, changes.renew, on_plan=on_plan, on_progress=on_progress, on_watch=on_watch
        ).run()
