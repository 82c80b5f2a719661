"""The guard against guessing: one budget for each source and each account, over all doors, on by default.

Whatever can be guessed (passwords, codes) is tried inside of `Guard.attempt`. What cannot be (session tokens of 256
bits) never comes here, so whoever is signed in stays so, whatever others do to the account's budget.

A source is an IPv4 address or the /64 of an IPv6 address. There are three budgets:
- of the source, 10 wrong guesses a minute by default, whatever is guessed at;
- of the account, 30 an hour by default, from all sources together;
- of an account at a source from which it has signed in before. It stands in place of the other two, so that
  strangers, also those behind the same address, cannot lock people out from where they usually are.

All of it lives in memory. A restart forgets it, and the next guesses are counted from nothing: nobody outside can
cause one, and what is to last stands in the settings, as networks that are refused altogether.
"""

import hmac
import math
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from secure_file_transfer.errors import ForbiddenError, SecureFileTransferError, TooManyRequestsError, TotpRequiredError
from secure_file_transfer.model import Category, Principal, TimeUs
from secure_file_transfer.paths import display
from secure_file_transfer.ports import Clock

from .accounts import require_operator
from .audit import SILENT, Audit
from .bars import ACCOUNT, SOURCE, Bars
from .ledger import Budget, Ledger, Record
from .networks import Networks, source_of

_MINUTE = 60.0
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator may set. `allow` and `refuse` are networks in CIDR form."""

    source_guesses: int = 10
    """Wrong guesses a minute."""
    account_guesses: int = 30
    """Wrong guesses an hour."""
    allow: Sequence[str] = ()
    """Sources without a budget of their own, such as the one address of a whole office; accounts have theirs still."""
    refuse: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Somebody who has to wait. `kind` is source, account, pair (an account at a source that it knows), or token."""

    kind: str
    subject: str
    guesses: int
    until_us: TimeUs
    author: str = ""
    """The operator who wants it so, for `reason`; empty where it is for wrong guesses."""
    reason: str = ""


class Guard:
    """One for all doors and threads of a process. `bars` are whom operators have shut out by hand."""

    def __init__(
        self, clock: Clock, rules: Rules | None = None, bars: Bars | None = None, audit: Audit = SILENT
    ) -> None:
        rules = rules or Rules()
        self._bars = bars
        self._audit = audit
        self._clock = clock
        self._lock = Lock()
        self._allow, self._refuse = Networks(rules.allow), Networks(rules.refuse)
        self._sources = Ledger(Budget(rules.source_guesses, _MINUTE))
        self._accounts = Ledger(Budget(rules.account_guesses, _HOUR))
        self._pairs = Ledger(Budget(rules.source_guesses, _HOUR))
        self._kinds = {"source": self._sources, "account": self._accounts, "pair": self._pairs}
        self._secret = secrets.token_bytes(32)
        self.on_refusal: Callable[[str], None] = _nothing
        """Called with the kind of each refusal: source, account, pair, or network."""

    def admit(self, address: str) -> None:
        """Raises ForbiddenError: the operator lets nobody in from there."""
        if address in self._refuse:
            self.on_refusal("network")
            raise ForbiddenError("This server takes nothing from your network", hint="Ask its operator.").because(
                "network"
            )

    def require_welcome(self, address: str, account: str | None = None) -> None:
        """For a new sign-in from there, of that account once it is clear that it is theirs.

        Raises:
            TooManyRequestsError: an operator has shut one of them out.
        """
        if self._bars is not None:
            self._bars.require(SOURCE, address)
            if account is not None:
                self._bars.require(ACCOUNT, account)

    def stranger(self, name: str) -> str:
        """The subject for a name that no account has: budgets hold for it alike, and in any case of its letters.

        The name itself, which may be a password typed into the wrong field, is kept nowhere.
        """
        return "?" + hmac.digest(self._secret, name.casefold().encode("utf-8", "surrogatepass"), "sha256").hex()[:32]

    @contextmanager
    def attempt(self, address: str, subject: str | None = None, *, known: bool = False) -> Iterator[None]:
        """Try inside of this whatever can be guessed; leaving it with an error is a wrong guess.

        Weather is none: an error that the table calls retryable says nothing of what was guessed, and costs nothing.

        Args:
            address: the peer's.
            subject: whose secret it is, such as an account's name; None where it is too long for guessing to matter.
            known: whether `subject` has signed in from this source before.

        Raises:
            TooManyRequestsError: a budget is spent, or an operator shut the source out; `seconds` says when to come
                again. Nothing was tried.
        """
        self.require_welcome(address)
        with self._lock:
            now = self._clock.monotonic()
            gates, noted = self._records(address, subject, now, known=known)
            waits = [(ledger.wait(record, now), ledger) for ledger, record in gates]
            wait = max((each for each, _ in waits), default=0.0)
            if wait > 0:
                self.on_refusal(next(self._kind(ledger) for each, ledger in waits if each == wait))
                for ledger, record in noted:
                    ledger.let_go(record)
                refusal = _refusal(wait)
                self._audit.repeated(
                    Category.SECURITY,
                    "guard.refused",
                    "A guess was refused: there were too many wrong ones",
                    key=source_of(address),
                    target="" if subject is None else _shown(subject),
                )
                raise refusal
            for ledger, record in noted:
                ledger.reserve(record)
        wrong = True
        try:
            yield
            wrong = False
        except SecureFileTransferError as error:
            # Asking for the code says that the password was right.
            wrong = not (error.retryable or error.row.status >= 500 or isinstance(error, TotpRequiredError))
            raise
        finally:
            self._settle(noted, wrong=wrong)

    def _records(
        self, address: str, subject: str | None, now: float, *, known: bool
    ) -> tuple[list[tuple[Ledger, Record]], list[tuple[Ledger, Record]]]:
        """What has to be free for an attempt, and what it counts against."""
        source, allowed = source_of(address), address in self._allow
        at_source = [] if allowed else [(self._sources, self._sources.record(source, now))]
        if subject is None:
            return at_source, at_source
        if known or allowed:
            pair = [(self._pairs, self._pairs.record(f"{subject} {source}", now))]
            return pair, pair + at_source
        both = [*at_source, (self._accounts, self._accounts.record(subject, now))]
        return both, both

    def _settle(self, noted: Sequence[tuple[Ledger, Record]], *, wrong: bool) -> None:
        with self._lock:
            now = self._clock.monotonic()
            blocks = [(ledger, record.key, ledger.settle(record, now, wrong=wrong)) for ledger, record in noted]
        for ledger, key, seconds in blocks:
            if seconds:
                kind = self._kind(ledger)
                text = f"Too many wrong guesses: the {kind} {_shown(key)} waits {math.ceil(seconds)} seconds"
                self._audit.repeated(Category.SECURITY, "guard.blocked", text, key=f"{kind} {key}", target=_shown(key))

    def _kind(self, ledger: Ledger) -> str:
        return next(kind for kind, each in self._kinds.items() if each is ledger)

    def blocks(self, principal: Principal) -> list[Block]:
        """Everybody who has to wait at this moment, for operators.

        Raises:
            SignInRequiredError, ForbiddenError
        """
        require_operator(principal)
        with self._lock:
            now, wall = self._clock.monotonic(), self._clock.now_us()
            waiting = [
                Block(kind, _shown(record.key), len(record.wrong), TimeUs(wall + round(seconds * 1_000_000)))
                for kind, ledger in self._kinds.items()
                for record, seconds in ledger.blocked(now)
            ]
        barred = self._bars.all() if self._bars is not None else ()
        return waiting + [Block(each.kind, each.subject, 0, each.until_us, each.author, each.reason) for each in barred]

    def unblock(self, principal: Principal, subject: str | None) -> int:
        """Forgive a source (any address of it), an account at all sources, or with None everybody; returns how many.

        Raises:
            SignInRequiredError, ForbiddenError: only operators do that.
        """
        require_operator(principal)
        wanted = None if subject is None else {subject.casefold(), source_of(subject).casefold()}
        forgiven = 0
        with self._lock:
            for ledger in self._kinds.values():
                for record, _ in list(ledger.blocked(self._clock.monotonic())):
                    if wanted is None or wanted & {record.key.casefold(), *record.key.casefold().split()}:
                        ledger.forgive(record)
                        forgiven += 1
        for bar in self._bars.all() if self._bars is not None else ():
            if wanted is None or bar.subject in wanted:
                self._bars.lift(bar)  # type: ignore[union-attr] # there are some
                forgiven += 1
        whom = "everybody" if subject is None else display(subject)
        text = f"Wrong guesses were forgiven to {whom}: {forgiven} may guess again"
        self._audit.record(Category.SECURITY, "guard.unblocked", text, target=subject or "", who=principal)
        return forgiven


def _nothing(_: str) -> None:
    pass


def _shown(key: str) -> str:
    """A key as logs and lists may hold it."""
    if key.startswith("?"):
        return "(no such account)"
    return display(key)[1:-1]


def _refusal(seconds: float) -> TooManyRequestsError:
    whole = math.ceil(seconds)
    after = f"{whole} seconds" if whole < 120 else f"{math.ceil(whole / 60)} minutes"
    return TooManyRequestsError("Too many wrong guesses", hint=f"Try again in {after}.", seconds=whole).because(
        "guesses"
    )
