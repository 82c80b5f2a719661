"""The end of the server, as operators ask for it: at once, or when the transfers that run are done."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from secure_file_transfer.errors import InvalidRequestError, SecureFileTransferError, ShuttingDownError
from secure_file_transfer.model import Category, Principal, Severity
from secure_file_transfer.ports import Clock, Event, EventBus, Topic

from .accounts import require_operator_in_person
from .audit import Audit
from .limits import EVERYBODY, Limits
from .traffic import Traffic

WITHIN_MAX = 7 * 86_400
LOOK_SECONDS = 0.25
RETRY_SECONDS = 30.0
"""When those who were refused may ask whether it is back."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Plan:
    """When the server stops."""

    after_transfers: bool
    within_seconds: int | None
    """It waits for transfers no longer than that; None: as long as they take."""


class Stopping:
    """One for a process."""

    def __init__(self, clock: Clock, traffic: Traffic, limits: Limits, *, bus: EventBus, audit: Audit) -> None:
        self._clock = clock
        self._traffic = traffic
        self._limits = limits
        self.on_stop: Callable[[], None] = _nothing
        """Ends the doors, and with them the process; called once, in a thread of its own."""
        self._bus, self._audit = bus, audit
        self._lock = threading.Lock()
        self._plan: Plan | None = None
        self._ends: float | None = None
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def plan(self) -> Plan | None:
        """What was asked for; None while the server is to go on."""
        return self._plan

    def ask(self, principal: Principal, *, after_transfers: bool, within_seconds: int | None = None) -> Plan:
        """Stop. No new transfers begin from now on. Asked again, the new wish counts: at once ends the waiting.

        Raises:
            SignInRequiredError, ForbiddenError: only operators do that, and not with a token.
            InvalidRequestError
        """
        require_operator_in_person(principal)
        if within_seconds is not None and not 0 <= within_seconds <= WITHIN_MAX:
            raise InvalidRequestError(f"within_seconds has to be from 0 to {WITHIN_MAX}")
        plan = Plan(after_transfers, within_seconds if after_transfers else None)
        with self._lock:
            self._plan = plan
            within = plan.within_seconds
            self._ends = None if within is None else self._clock.monotonic() + within
            self._limits.stop_transfers(_refusal)
        when = "once the transfers that run are done" if after_transfers else "now"
        bound = f", in {within} s at the latest" if within is not None else ""
        self._audit.record(
            Category.SERVER,
            "server.stop",
            f"The server was asked to stop {when}{bound}",
            severity=Severity.WARNING,
            who=principal,
        )
        data = {"after_transfers": after_transfers, "within_seconds": within}
        self._bus.publish(Event(Topic.SERVER, "stopping", data, EVERYBODY, key="stopping"))
        return plan

    def look(self) -> bool:
        """Stop the server if it is time; whether it was. Never twice."""
        with self._lock:
            plan, ends = self._plan, self._ends
            if self._over.is_set() or plan is None:
                return False
            due = not plan.after_transfers or (ends is not None and self._clock.monotonic() >= ends)
            if not due and not self._traffic.drained():
                return False
            self._over.set()
        self.on_stop()
        return True

    def begin(self) -> None:
        """Look now and then from here on, in a thread of its own, which `close` ends."""
        with self._lock:
            if self._thread is not None or self._over.is_set():
                return
            self._thread = threading.Thread(target=self._run, name="stopping", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """The server has ended, whoever asked for it."""
        with self._lock:
            self._over.set()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            try:
                self.look()
            except SecureFileTransferError as error:
                _log.warning("the end of the server was put off", error=str(error))


def _nothing() -> None:
    pass


def _refusal() -> ShuttingDownError:
    error = ShuttingDownError(
        "The server is about to stop and begins no new transfers", hint="Try again once it is back."
    )
    error.retry_after = RETRY_SECONDS
    return error
