"""Jobs: long operations that the server does by itself, and keeps at whatever becomes of the connection they came by.

They are rows of the catalog, so every device of an account sees them, and a restart finds them: whatever was under way
goes on from the place it had noted, or begins anew. That is safe since a result appears in the same transaction as the
job's end, so no job is done twice or by half. A job that was cut too often, as one may be that brings the server down,
is left alone: it ended as interrupted.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from secure_file_transfer.errors import (
    CancelledTransferError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    SecureFileTransferError,
    ShuttingDownError,
    SignInRequiredError,
    TooManyRequestsError,
)
from secure_file_transfer.logger import get_logger
from secure_file_transfer.model import Account, Category, Job, JobId, JobKind, JobState, Principal, Severity, TimeUs
from secure_file_transfer.ports import Audience, Catalog, CatalogTx, Clock, Event, EventBus, Topic

from .accounts import is_admin, require_operator
from .audit import Audit, circumstances
from .files import Files
from .job_kinds import Drives, checked, perform
from .job_line import JobLine
from .job_run import AccessOf, JobRun, Surroundings, done, place_of, principal_of
from .vault_across import put_back

WAITING_MAX = 100
"""Jobs of one account that have not ended."""
KEPT_MAX = 1000
"""Jobs of one account that are remembered at all."""
CUTS_MAX = 5
"""How often a restart may find the same job under way before it is given up."""
EACH_MAX = 1
"""Jobs of one account under way at once."""
_LISTED_MAX = 1000
_PATHS_SHOWN = 10
_BATCH = 500
_DAY_US = 86_400_000_000
_RETRY_SECONDS = 1.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = get_logger()


class Jobs:
    """Begins, shows, cancels and does them. One object serves all doors and threads.

    Args:
        access_of: see `job_run.AccessOf`.
        check: raises when the token that somebody came with has ended.
        drives: all of them, for operators who verify everything.
        on_removed: called after something was removed, so that its space can be given back soon.
        threads: how many are done at once; none begins before `start`.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        bus: EventBus,
        audit: Audit,
        access_of: AccessOf,
        check: Callable[[Principal], None],
        drives: Drives,
        *,
        on_removed: Callable[[], None] = lambda: None,
        threads: int = 2,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._bus = bus
        self._audit = audit
        self._files = Files(access_of(lambda tree: tree))
        self._around = Surroundings(catalog, clock, access_of, check, drives, on_removed, self._tell)
        self._line = JobLine(EACH_MAX)
        self._lock = threading.Lock()
        self._runs: dict[JobId, JobRun] = {}
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"job-{number}", daemon=True) for number in range(threads)
        ]

    # --- for people -------------------------------------------------------------------------------------------------

    def begin(self, who: Principal, kind: JobKind, what: Mapping[str, Any]) -> Job:
        """Take a job. What it needs is looked at now, and asked for again as it is done.

        Raises:
            SignInRequiredError, ForbiddenError: guests and visitors of links have none.
            TooManyRequestsError: the account has as many that wait as it may.
            InvalidRequestError, InvalidNameError, NotFoundError, ExistsError, ConflictError: it could only fail.
        """
        account = _account(who)
        asked = checked(self._files, who, kind, what)
        token_id = who.token.id if who.token is not None else None

        def work(tx: CatalogTx) -> Job:
            if tx.jobs.count_unended(account.id) >= WAITING_MAX:
                raise TooManyRequestsError(
                    f"{WAITING_MAX} of your jobs have not ended", hint="Wait for them, or cancel some: sft jobs list."
                ).because("jobs", most=WAITING_MAX)
            tx.jobs.trim(account.id, KEPT_MAX - 1)
            return _there(tx, tx.jobs.create(account.id, token_id, kind, asked, self._clock.now_us()))

        job = self._catalog.write(work)
        self._line.put(account.id, job.id)
        self._record("job.begun", job, f"Began to {kind} ({_words(job)})", who)
        self._tell(job)
        return job

    def listed(self, who: Principal, *, everybody: bool = False) -> Sequence[Job]:
        """One's own, or for operators everybody's, the newest first. A token sees those that were begun with it.

        Raises:
            SignInRequiredError, ForbiddenError
        """
        account, token = _account(who), who.token
        if everybody:
            require_operator(who)
            found = self._catalog.read(lambda tx: tx.jobs.of(None, _LISTED_MAX))
        elif token is not None:
            found = self._catalog.read(lambda tx: tx.jobs.of_token(token.id, _LISTED_MAX))
        else:
            found = self._catalog.read(lambda tx: tx.jobs.of(account.id, _LISTED_MAX))
        return [self._live(job) for job in found]

    def get(self, who: Principal, job_id: JobId) -> Job:
        """One of them. Raises NotFoundError: it is not there, or not one's own, which looks the same."""
        return self._live(self._catalog.read(lambda tx: _own(tx, who, job_id)))

    def cancel(self, who: Principal, job_id: JobId) -> Job:
        """Let it end, with nothing of it left. One that has ended stays as it is.

        Raises:
            NotFoundError
        """

        def work(tx: CatalogTx) -> tuple[Job, bool]:
            job = _own(tx, who, job_id)
            if job.state is JobState.WAITING:
                job = _cancelled(job, self._clock.now_us())
            elif job.state is JobState.RUNNING:
                job = replace(job, state=JobState.CANCELLING)
            else:
                return job, False
            tx.jobs.save(job)
            return job, True

        job, changed = self._catalog.write(work)
        with self._lock:
            run = self._runs.get(job_id)
        if run is not None and job.state is JobState.CANCELLING:
            run.cancel()
        if changed:
            self._record("job.cancelled", job, f"Cancelled a job of {job.owner} ({_words(job)})", who)
            self._tell(job)
        return self._live(job)

    def remove(self, who: Principal, job_id: JobId) -> None:
        """Forget one that has ended. Raises NotFoundError; ConflictError: it lasts."""

        def work(tx: CatalogTx) -> Job:
            job = _own(tx, who, job_id)
            if not job.ended:
                raise ConflictError(
                    f"Job {job_id} has not ended", hint=f"Cancel it first: sft jobs cancel {job_id}."
                ).because("job")
            tx.jobs.delete(job_id)
            return job

        job = self._catalog.write(work)
        self._bus.publish(Event(Topic.JOBS, "removed", {"id": job.id}, _audience(job)))

    # --- the work ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take up what is waiting, and do it. `recover` must have been called."""
        for job in self._catalog.read(lambda tx: tx.jobs.unended()):
            self._line.put(job.account_id, job.id)
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Let everything rest where it is, and wait for that."""
        self._stopping.set()
        self._line.close()
        with self._lock:
            for run in self._runs.values():
                run.stop()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _work(self) -> None:
        while (taken := self._line.take()) is not None:
            account_id, job_id = taken
            try:
                self._do(job_id)
            except Exception:  # noqa: BLE001 - one job's fault must not end the thread of all
                _log.exception("a job was lost", job=job_id)
            finally:
                self._line.done(account_id)

    def _do(self, job_id: JobId) -> None:
        """One job, from its begin to its end."""
        job = self._catalog.write(lambda tx: _begun(tx, job_id, self._clock.now_us()))
        if job is None:
            return
        self._tell(job)
        with circumstances(door="job", actor=job.owner):
            ended = self._done(job)
        self._tell(ended)
        if ended.ended:
            self._told_end(ended)

    def _done(self, job: Job) -> Job:
        run: JobRun | None = None
        error: SecureFileTransferError | None = None
        result: Mapping[str, Any] = {}
        try:
            run = JobRun(self._around, job, principal_of(self._catalog, self._clock, job))
            with self._lock:
                self._runs[job.id] = run
                if self._stopping.is_set():
                    run.stop()
            run.step()
            result = perform(run)
        except SecureFileTransferError as failed:
            error = failed
        except Exception:  # noqa: BLE001 - a fault of ours ends this job, and is told as such
            _log.exception("a job failed", job=job.id, kind=job.kind)
            error = SecureFileTransferError()
        try:
            return self._settled(job if run is None else run.job, result, error)
        finally:
            with self._lock:
                self._runs.pop(job.id, None)

    def _settled(self, now: Job, result: Mapping[str, Any], error: SecureFileTransferError | None) -> Job:
        """Write down its end; on a full disk, once there is room for that."""

        def work(tx: CatalogTx) -> Job | None:
            job = tx.jobs.get(now.id)
            if job is None or job.ended:
                return job
            reached = replace(job, size=now.size, items=now.items, size_total=now.size_total, rate=now.rate)
            ended = self._ending(replace(reached, items_total=now.items_total, percent=now.percent), now, result, error)
            tx.jobs.save(ended)
            return ended

        while True:
            try:
                return self._catalog.write(work) or replace(now, state=JobState.CANCELLED)
            except SecureFileTransferError as failed:
                _log.warning("the end of a job could not be written down", job=now.id, error=str(failed))
                if self._stopping.wait(_RETRY_SECONDS):
                    return now

    def _ending(self, job: Job, now: Job, result: Mapping[str, Any], error: SecureFileTransferError | None) -> Job:
        moment = self._clock.now_us()
        if error is None:
            return done(job, result, self._clock)
        if isinstance(error, ShuttingDownError) and job.state is JobState.RUNNING:
            return rested(replace(job, place=place_of(job, now)))
        if isinstance(error, CancelledTransferError) or job.state is JobState.CANCELLING:
            return _cancelled(job, moment)
        return replace(
            job,
            state=JobState.FAILED,
            code=error.code,
            error=str(error),
            eta=None,
            message="",
            place=None,
            result=_left(job),
            ended_us=moment,
        )

    def _told_end(self, job: Job) -> None:
        bad = job.state is JobState.FAILED or bool((job.result or {}).get("damaged_files"))
        text = f"A job ended: {job.kind} {job.state} ({_words(job)})" + (f": {job.error}" if job.error else "")
        with circumstances(door="job", actor=job.owner):
            self._audit.record(
                Category.FILE,
                f"job.{job.state}",
                text,
                severity=Severity.WARNING if bad else Severity.INFO,
                target=f"job {job.id}",
            )

    # --- who hears of it --------------------------------------------------------------------------------------------

    def _live(self, job: Job) -> Job:
        """With how far it is at this moment, rather than a second ago."""
        with self._lock:
            run = self._runs.get(job.id)
        if run is None or job.ended:
            return job
        return replace(run.job, state=job.state)

    def _record(self, kind: str, job: Job, text: str, who: Principal) -> None:
        self._audit.record(Category.FILE, kind, text, target=f"job {job.id}", who=who)

    def _tell(self, job: Job) -> None:
        self._bus.publish(Event(Topic.JOBS, "changed", describe(job), _audience(job), key=str(job.id)))


def recover(catalog: Catalog, clock: Clock) -> int:
    """After a server ended without a word, and before anything is purged: have its jobs wait again; returns how many.

    What a move had taken out of sight to compare it is seen again.
    """

    def work(tx: CatalogTx) -> int:
        found = [job for job in tx.jobs.unended() if job.state is not JobState.WAITING]
        for job in found:
            if taken := (job.place or {}).get("taken"):
                put_back(tx, *taken)
            tx.jobs.save(_found_again(job, clock.now_us()))
        return len(found)

    return catalog.write(work)


def forget_old(catalog: Catalog, clock: Clock, days: int) -> None:
    """Forget jobs that ended so many days ago."""
    before = TimeUs(clock.now_us() - days * _DAY_US)
    while catalog.write(lambda tx: tx.jobs.delete_ended(before, _BATCH)):
        pass


def describe(job: Job, *, whole: bool = False) -> dict[str, Any]:
    """A job as the protocol says it; only with `whole` also what may be long: damaged files, and all paths."""
    result, what = job.result, dict(job.what)
    if result is not None and not whole:
        result = {name: each for name, each in result.items() if name != "damaged"}
    if len(paths := what.get("paths", ())) > _PATHS_SHOWN and not whole:
        what.update(paths=paths[:_PATHS_SHOWN], more=len(paths) - _PATHS_SHOWN)
    return {
        "id": job.id,
        "owner": job.owner,
        "kind": job.kind,
        "what": what,
        "state": job.state.value,
        "percent": job.percent,
        "size": job.size,
        "size_total": job.size_total,
        "items": job.items,
        "items_total": job.items_total,
        "rate": job.rate,
        "eta": job.eta,
        "message": job.message,
        "result": result,
        "error": {"code": job.code, "message": job.error} if job.code else None,
        "created": _time(job.created_us),
        "started": _time(job.started_us),
        "ended": _time(job.ended_us),
    }


def _time(moment: TimeUs | None) -> str | None:
    if moment is None:
        return None
    return (_EPOCH + timedelta(microseconds=moment)).isoformat(timespec="microseconds").replace("+00:00", "Z")


# --- states -----------------------------------------------------------------------------------------------------------


def rested(job: Job) -> Job:
    """It waits again. What it notes as done is done; without a place it begins anew."""
    reached = (job.place or {}).get("done") or {"size": 0, "items": 0}
    again = "goes on after a restart" if (job.place or {}).get("at") else "begins again after a restart"
    return replace(
        job,
        state=JobState.WAITING,
        size=reached["size"],
        items=reached["items"],
        percent=job.percent if reached["items"] else 0,
        rate=0,
        eta=None,
        message=again,
    )


def _found_again(job: Job, now: TimeUs) -> Job:
    """What a restart makes of a job that was under way."""
    place = job.place or {}
    cuts = place.get("cuts", 0) + 1
    if job.state is JobState.CANCELLING:
        return _cancelled(job, now)
    if cuts > CUTS_MAX or place.get("once"):
        return _interrupted(job, now)
    return rested(replace(job, place={**place, "taken": None, "cuts": cuts}))


def _begun(tx: CatalogTx, job_id: JobId, now: TimeUs) -> Job | None:
    job = tx.jobs.get(job_id)
    if job is None or job.state is not JobState.WAITING:
        return None
    job = replace(job, state=JobState.RUNNING, started_us=job.started_us or now, message="")
    tx.jobs.save(job)
    return job


def _cancelled(job: Job, now: TimeUs) -> Job:
    return replace(job, state=JobState.CANCELLED, eta=None, message="", result=_left(job), place=None, ended_us=now)


def _left(job: Job) -> Mapping[str, Any] | None:
    """What is there of a job that did not come to its end: of a move between drives, the copy if it was whole."""
    copied = (job.place or {}).get("copied")
    return {"path": copied} if copied else None


def _interrupted(job: Job, now: TimeUs) -> Job:
    return replace(
        job,
        state=JobState.INTERRUPTED,
        code="interrupted",
        error="The server ended in the middle of it",
        result=_left(job),
        eta=None,
        message="",
        place=None,
        ended_us=now,
    )


# --- whose ------------------------------------------------------------------------------------------------------------


def _account(who: Principal) -> Account:
    if who.link is not None:
        raise ForbiddenError("Jobs are for accounts", hint="Sign in.")
    if who.account is None:
        raise SignInRequiredError("Jobs are for accounts", hint="Sign in.")
    return who.account


def _own(tx: CatalogTx, who: Principal, job_id: JobId) -> Job:
    """A job that somebody may see: an operator all of them, a token those that were begun with it."""
    account, job = _account(who), tx.jobs.get(job_id)
    if job is not None:
        if who.token is None:
            mine = job.account_id == account.id or is_admin(account)
        else:
            mine = job.token_id == who.token.id
            with suppress(ForbiddenError):
                mine = bool(require_operator(who))
        if mine:
            return job
    raise NotFoundError(f"There is no job {job_id}", hint="List them: sft jobs list.")


def _there(tx: CatalogTx, job_id: JobId) -> Job:
    job = tx.jobs.get(job_id)
    if job is None:
        raise NotFoundError(f"There is no job {job_id}")
    return job


def _words(job: Job) -> str:
    """What it is about, for the log."""
    what = job.what
    if job.kind == JobKind.VERIFY:
        return "all drives" if what["all"] else str(what["path"])
    source = what["source"] if "source" in what else f"{len(what['paths'])} paths"
    return f"{source} to {what['target']}"


def _audience(job: Job) -> Audience:
    return Audience(operators=True, accounts=frozenset({job.account_id}))
