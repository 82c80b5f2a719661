"""What is written down of what happens: who did what, to what, from where.

Doors say once, for each request or command, in what circumstances it happens; services record what they did. Whatever
comes from a peer is hostile text: it is bounded here and holds nothing invisible, so that no line of a log, no terminal
and no spreadsheet is moved by it (attack 44). Secrets never come here.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from secure_file_transfer.errors import (
    BlockDamagedError,
    ClientCertificateError,
    ForbiddenError,
    InterruptedTransferError,
    NoSpaceError,
    QuotaExceededError,
    SecureFileTransferError,
    SignInRequiredError,
    StorageError,
    TooManyRequestsError,
)
from secure_file_transfer.model import LEVELS, Category, LogEvent, Principal, Rights, SessionId, Severity
from secure_file_transfer.paths import escaped
from secure_file_transfer.ports import Clock

LASTING = frozenset({Category.SIGN_IN, Category.SHARING, Category.SECURITY, Category.ADMINISTRATION})
"""What must survive `kill -9` once it was acknowledged: `record` returns when it is durable.

Not in the act's own transaction: then every service would carry events through its transactions, and forget some. The
record is a commit of its own, which waits together with those of others; whoever was told that an act is done finds it
written down.
"""

TEXT_MAX = 1000
TARGET_MAX = 4200
"""A path has at most 4,096 bytes."""
_SHORT_MAX = 256
REPEAT_SECONDS = 60.0
REPEATS_MAX = 1000
"""How many different repeated things are told apart at a time."""


@dataclass(slots=True)
class Circumstances:
    """In what connection something happens. Doors say so once, for all that is done for one request or command."""

    door: str = ""
    address: str = ""
    request: str = ""
    actor: str = ""
    session: SessionId | None = None


_NOWHERE = Circumstances()
_present: ContextVar[Circumstances] = ContextVar("circumstances", default=_NOWHERE)


@contextmanager
def circumstances(**given: Any) -> Iterator[Circumstances]:
    """Within, events are written down with these; those that are not given stay as they are."""
    present = replace(_present.get(), **given)
    token = _present.set(present)
    try:
        yield present
    finally:
        _present.reset(token)


@contextmanager
def under(present: Circumstances) -> Iterator[None]:
    """The same with circumstances that were put together elsewhere, as for the threads of a command."""
    token = _present.set(present)
    try:
        yield
    finally:
        _present.reset(token)


def acting(who: Principal) -> None:
    """It has become clear who asks: for all that is done for this request, in whatever thread."""
    present = _present.get()
    if present is not _NOWHERE:
        present.actor = who.name
        present.session = who.session.id if who.session is not None else None


@dataclass(slots=True)
class _Repeat:
    event: LogEvent
    ends: float
    more: int = 0


class Audit:
    """Takes events of every service and hands them on, with time and circumstances.

    `keep` may wait until the event is durable; `later` must not. Without `later` there is only the one.
    """

    def __init__(
        self,
        clock: Clock,
        keep: Callable[[LogEvent], None],
        later: Callable[[LogEvent], None] | None = None,
    ) -> None:
        self._clock = clock
        self._keep = keep
        self._later = later or keep
        self._lock = Lock()
        self._repeats: dict[tuple[str, str], _Repeat] = {}

    def record(
        self,
        category: Category,
        kind: str,
        text: str,
        *,
        severity: Severity = Severity.INFO,
        target: str = "",
        who: Principal | None = None,
    ) -> None:
        """Write down what happened. Never inside of a transaction; what is `LASTING` is durable when this returns.

        `kind` names it for programs (`share.granted`), `text` says it in one sentence for people, `target` is what it
        was done to: a path, an account, a session. `who` counts instead of the one whom the circumstances name.
        """
        event = self._event(category, kind, text, severity, target, who)
        if category in LASTING and not _on_a_loop():
            self._keep(event)
        else:
            self._later(event)

    def repeated(
        self,
        category: Category,
        kind: str,
        text: str,
        *,
        key: str,
        severity: Severity = Severity.WARNING,
        target: str = "",
        who: Principal | None = None,
    ) -> None:
        """Write down what somebody may do ten thousand times: the first time, and after a minute how many more.

        `key` tells apart what is counted together, such as the source. From any thread, also a loop: it never waits.
        """
        event = self._event(category, kind, text, severity, target, who)
        with self._lock:
            now = self._clock.monotonic()
            place = (kind, key)
            if place not in self._repeats and len(self._repeats) >= REPEATS_MAX:
                place = (kind, "")
            repeat = self._repeats.get(place)
            if repeat is not None and repeat.ends > now:
                repeat.more += 1
                return
            self._repeats[place] = _Repeat(event, now + REPEAT_SECONDS)
        if repeat is not None and repeat.more:
            self._later(self._sum(repeat))
        self._later(event)

    def seconds(self) -> float:
        """A clock that never goes back, for how long something took."""
        return self._clock.monotonic()

    def settle(self, *, everything: bool = False) -> None:
        """Write down how often repeated things happened whose minute is over, or `everything` at the end."""
        with self._lock:
            now = self._clock.monotonic()
            over = [place for place, each in self._repeats.items() if everything or each.ends <= now]
            ended = [self._repeats.pop(place) for place in over]
        for repeat in ended:
            if repeat.more:
                self._later(self._sum(repeat))

    def refused(self, error: SecureFileTransferError, what: str, *, who: Principal | None = None) -> None:
        """Somebody was refused, or it failed: write it down where that is of interest. `what` was tried, in words."""
        found = _of_interest(error)
        if found is not None:
            category, kind, severity = found
            address = _present.get().address
            name = who.name if who is not None else _present.get().actor
            self.repeated(
                category, kind, f"{what}: {error}", severity=severity, who=who, key=f"{address} {name} {error.code}"
            )

    def _event(
        self, category: Category, kind: str, text: str, severity: Severity, target: str, who: Principal | None
    ) -> LogEvent:
        now = _present.get()
        session = who.session.id if who is not None and who.session is not None else now.session
        return LogEvent(
            self._clock.now_us(),
            category,
            severity,
            kind,
            _line(text, TEXT_MAX),
            actor=_line(now.actor if who is None else who.name, _SHORT_MAX),
            address=_line(now.address, _SHORT_MAX),
            door=now.door,
            target=_line(target, TARGET_MAX),
            session=session,
            request=now.request,
        )

    def _sum(self, repeat: _Repeat) -> LogEvent:
        times = "once more" if repeat.more == 1 else f"{repeat.more:,} more times"
        text = f"{repeat.event.text} ({times} within a minute)"
        return replace(repeat.event, at_us=self._clock.now_us(), text=text, request="")


def rights_text(rights: Rights) -> str:
    """Rights in words, with the name of the level where there is one."""
    verbs = ", ".join(
        name
        for right, name in (
            (Rights.READ, "read"),
            (Rights.WRITE, "write"),
            (Rights.CREATE, "create"),
            (Rights.DELETE, "delete"),
        )
        if right in rights
    )
    level = next((name for name, level in LEVELS.items() if level == rights), None)
    return f"{level} ({verbs})" if level else verbs or "nothing"


def _of_interest(error: SecureFileTransferError) -> tuple[Category, str, Severity] | None:
    if isinstance(error, TooManyRequestsError):
        return None  # the guard says so itself
    if isinstance(error, InterruptedTransferError):
        return Category.TRANSFER, "transfer.cut", Severity.INFO
    if isinstance(error, SignInRequiredError):
        return Category.SECURITY, "request.refused", Severity.INFO  # mostly a session that is over
    if isinstance(error, ForbiddenError | ClientCertificateError):
        return Category.SECURITY, "request.refused", Severity.WARNING
    if isinstance(error, QuotaExceededError):
        return Category.FILE, "quota.exceeded", Severity.WARNING
    if isinstance(error, NoSpaceError | StorageError | BlockDamagedError):
        damaged = isinstance(error, BlockDamagedError)
        return Category.ERROR, "storage.damaged" if damaged else "storage.failed", Severity.ERROR
    return None


def _on_a_loop() -> bool:
    """Whether this thread runs an event loop, which must never wait for a disk."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _line(text: str, most: int) -> str:
    shown = escaped(text[:most])
    return shown if len(text) <= most else shown + "…"


def _forget(_: LogEvent) -> None:
    """Where nothing is written down."""


class _Stopped:
    """No time passes: for what keeps nothing."""

    def now_us(self) -> Any:
        return 0

    def monotonic(self) -> float:
        return 0.0


SILENT = Audit(_Stopped(), _forget)
"""Keeps nothing: for services that stand alone, without a server around them."""
