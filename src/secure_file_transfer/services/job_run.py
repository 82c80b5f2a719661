"""One job that is under way: how far it is, whether it may go on, and what a restart needs to know."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from secure_file_transfer.errors import (
    CancelledTransferError,
    NoSpaceError,
    ShuttingDownError,
    SignInRequiredError,
    StorageError,
)
from secure_file_transfer.model import Account, Entry, Job, JobKind, JobState, Principal
from secure_file_transfer.ports import Catalog, CatalogTx, Clock, FileTree

from .access import Access
from .accounts import may_sign_in, require_operator
from .files import Files
from .job_kinds import Drives, published
from .job_meter import Meter, percent
from .vault import VaultTree
from .watch import Watch

TOLD_SECONDS = 0.25
"""Between two events of one job."""
KEPT_SECONDS = 1.0
"""Between two writes of how far it is, and at most so much later than asked it is cancelled."""
ASKED_SECONDS = 0.5
"""How long an answer about the account is believed, as in `sessions`."""

NOTED = frozenset({"copied", "taken", "once", "cuts"})
"""The parts of a job's place that are written down in the transactions they belong to, and not with its progress."""

AccessOf = Callable[[Callable[[FileTree], FileTree]], Access]
"""Who may do what, where every drive is seen as the given function shows it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all jobs of a server share.

    `check` raises when the token that somebody came with has ended; `tell` takes every change of a job; `on_removed`
    is called when there is space to be given back.
    """

    catalog: Catalog
    clock: Clock
    access_of: AccessOf
    check: Callable[[Principal], None]
    drives: Drives
    on_removed: Callable[[], None]
    tell: Callable[[Job], None]


class JobRun(Watch):
    """See `job_kinds.Run`. Works in one thread; `cancel`, `stop` and `job` are for others as well.

    A job outlives the session it was begun in, but neither its account's rights nor the token it was begun with: both
    are asked again, twice a second, and what was shared is asked for as in any transfer.
    """

    def __init__(self, around: Surroundings, job: Job, who: Principal) -> None:
        self._around = around
        self._job = job
        self._who = who
        self._cancelled = threading.Event()
        self._stopped = threading.Event()
        now = around.clock.monotonic()
        self._asked, self._told, self._kept = now, now, now
        self._marked: float | None = None
        self._once = False
        self._meter = Meter(around.clock, job.size, job.items)
        access = around.access_of(self._followed)
        self._files = Files(access, lambda _: self.step(), on_removed=around.on_removed)

    def _followed(self, tree: FileTree) -> FileTree:
        """Vault drives tell of what they do. Of any other nobody knows after a crash how far it had come."""
        if isinstance(tree, VaultTree):
            return tree.watched(self)
        if not self._once and self._job.kind != JobKind.VERIFY:
            self._once = True
            self._around.catalog.write(lambda tx: self.note(tx, {"once": True}))
        return tree

    @property
    def job(self) -> Job:
        """What it is at this moment."""
        return self._job

    @property
    def who(self) -> Principal:
        """Whose rights it has."""
        return self._who

    @property
    def files(self) -> Files:
        """The files service as it is for this job: it ends with the job."""
        return self._files

    @property
    def drives(self) -> Drives:
        """All drives, for operators."""
        return self._around.drives

    @property
    def stopped(self) -> bool:
        """Whether the server stops."""
        return self._stopped.is_set()

    def cancel(self) -> None:
        """Let it end, with nothing of it left."""
        self._cancelled.set()

    def stop(self) -> None:
        """The server stops: let it rest, to go on later."""
        self._stopped.set()

    # --- how far it is ----------------------------------------------------------------------------------------------

    def say(self, message: str) -> None:
        """What it does now."""
        self._job = replace(self._job, message=message)
        self._tell()

    def expect(self, size: int, items: int) -> None:
        """So much is to be done in all. Saying so again after a restart does not bring back what is done already."""
        self._job = replace(self._job, size_total=size, items_total=items)
        self._meter = Meter(self._around.clock, self._job.size, self._job.items)
        self._tell()

    def step(self, size: int = 0, items: int = 0) -> None:
        """So much more is done.

        Raises:
            CancelledTransferError, ShuttingDownError
            SignInRequiredError: its account may not sign in any more, or its token has ended.
            ForbiddenError: it was an operator's, who is none any more.
        """
        self._require_wanted()
        job = self._job
        self._job = replace(job, size=job.size + size, items=job.items + items) if size or items else job
        now = self._around.clock.monotonic()
        if now - self._asked >= ASKED_SECONDS:
            self._asked = now
            self._ask()
        if now - self._told >= TOLD_SECONDS:
            self._told = now
            self._look()
            self._tell()
        if now - self._kept >= KEPT_SECONDS:
            self._kept = now
            self._keep()

    def mark(self, place: Callable[[], Mapping[str, Any]]) -> None:
        """It could go on from here; asked for about as often as it is written down."""
        now = self._around.clock.monotonic()
        if self._marked is None or now - self._marked >= KEPT_SECONDS:
            self._marked = now
            job = self._job
            done = {"size": job.size, "items": job.items}
            self._job = replace(job, place={**(job.place or {}), **place(), "done": done})

    def _require_wanted(self) -> None:
        if self._cancelled.is_set():
            raise _cancelled()
        if self._stopped.is_set():
            raise ShuttingDownError("The server stops; the job goes on when it is back")

    def _ask(self) -> None:
        who = principal_of(self._around.catalog, self._around.clock, self._job)
        self._around.check(who)
        if self._job.what.get("all"):
            require_operator(who)

    def _look(self) -> None:
        job = self._job
        self._meter.look(job.size, job.items)
        self._job = replace(
            job,
            percent=max(job.percent, percent(job.size, job.items, job.size_total, job.items_total)),
            rate=self._meter.rate,
            eta=self._meter.eta(job.size_total, job.items_total),
        )

    def _tell(self) -> None:
        self._around.tell(self._job)

    def _keep(self) -> None:
        with suppress(NoSpaceError, StorageError):  # how far it is can wait; its end cannot
            if not self._around.catalog.write(lambda tx: _progressed(tx, self._job)):
                self.cancel()

    # --- what drives tell of it -------------------------------------------------------------------------------------

    @property
    def patient(self) -> bool:
        """It has a thread of its own."""
        return True

    @property
    def copied(self) -> str | None:
        """Where its copy is, if it is a move that was cut after that."""
        found = (self._job.place or {}).get("copied")
        return found if isinstance(found, str) else None

    def published(self, tx: CatalogTx, entry: Entry, *, last: bool = True) -> None:
        """The result is there, and the job has ended or is at its next stage: both or neither.

        Raises:
            CancelledTransferError: it was cancelled before. Whoever cancelled it will not see a result.
        """
        job = tx.jobs.get(self._job.id)
        if job is None or job.state is not JobState.RUNNING:
            raise _cancelled()
        if last:
            tx.jobs.save(done(_with_progress(job, self._job), published(entry), self._around.clock))
        else:
            tx.jobs.save(replace(job, place={**(job.place or {}), "copied": entry.path}))

    def note(self, tx: CatalogTx, place: Mapping[str, Any]) -> None:
        """Add to its place."""
        job = tx.jobs.get(self._job.id)
        if job is not None:
            tx.jobs.save(replace(job, place={**(job.place or {}), **place}))


def done(job: Job, result: Mapping[str, Any], clock: Clock) -> Job:
    """It ended well."""
    return replace(
        job,
        state=JobState.DONE,
        result=result,
        percent=100,
        size=job.size if job.size_total is None else job.size_total,
        items=job.items if job.items_total is None else job.items_total,
        eta=None,
        message="",
        place=None,
        ended_us=clock.now_us(),
    )


def principal_of(catalog: Catalog, clock: Clock, job: Job) -> Principal:
    """Who a job acts as, at this moment.

    Raises:
        SignInRequiredError: the account, or the token it was begun with, is not good any more.
    """

    def look(tx: CatalogTx) -> tuple[Account | None, Principal]:
        account = tx.accounts.get(job.account_id)
        if job.token_id is None:
            return account, Principal(account, None)
        found = tx.tokens.get(job.token_id)
        if found is None:
            return None, Principal(None, None)
        return account, Principal(account, None, token=found[0])

    account, who = catalog.read(look)
    if account is None or not may_sign_in(account, clock.now_us()):
        raise SignInRequiredError("The account or token that this was begun with may not sign in any more")
    token = who.token
    if token is not None and token.expires_us is not None and token.expires_us <= clock.now_us():
        raise SignInRequiredError("The token that this was begun with has expired")
    return who


def _progressed(tx: CatalogTx, now: Job) -> bool:
    job = tx.jobs.get(now.id)
    if job is None or job.state is not JobState.RUNNING:
        return False
    tx.jobs.save(_with_progress(job, now))
    return True


def _with_progress(job: Job, now: Job) -> Job:
    """What the catalog has, with how far the job is. Its state, and what drives noted, are the catalog's."""
    return replace(
        job,
        size=now.size,
        size_total=now.size_total,
        items=now.items,
        items_total=now.items_total,
        percent=now.percent,
        rate=now.rate,
        eta=now.eta,
        message=now.message,
        place=place_of(job, now),
    )


def place_of(job: Job, now: Job) -> Mapping[str, Any] | None:
    """Where it could go on: as it says `now`, with what the catalog has noted of it."""
    kept = {name: each for name, each in (job.place or {}).items() if name in NOTED}
    return {**(now.place or {}), **kept} or None


def _cancelled() -> CancelledTransferError:
    return CancelledTransferError("The job was cancelled")
