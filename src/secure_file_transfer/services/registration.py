"""Accounts that people make for themselves, where the operator allows it."""

import math
from threading import Lock

from secure_file_transfer.config import Registration as Mode
from secure_file_transfer.errors import ExistsError, ForbiddenError, TooManyRequestsError
from secure_file_transfer.model import Account, Category, Role
from secure_file_transfer.paths import display
from secure_file_transfer.ports import Catalog, CatalogTx, Clock

from .accounts import Accounts, Change, check_account_name, findable
from .audit import SILENT, Audit
from .guard import Guard
from .ledger import Budget, Ledger, Record
from .networks import source_of
from .passwords import LENGTH_MIN, check_password

WAITING_MAX = 1000
"""Accounts that wait for approval: nobody reads through more, and each has a home already."""
MADE = Budget(5, 3600.0)
"""Accounts that one source may make in an hour."""


class Registration:
    """Makes ordinary accounts, by the rules that hold for all. One object serves all doors of a process.

    A taken name has to be refused, so who has an account here can be found out; but each refusal costs as much as a
    wrong password, and from one source few accounts are made in an hour, so it is slow. `quota_bytes` is what a new
    account may hold; 0 is no limit.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        accounts: Accounts,
        guard: Guard,
        mode: Mode,
        *,
        quota_bytes: int = 0,
        length_min: int = LENGTH_MIN,
        audit: Audit = SILENT,
    ) -> None:
        self._audit = audit
        self._catalog = catalog
        self._clock = clock
        self._accounts = accounts
        self._guard = guard
        self._mode = mode
        self._quota_bytes = quota_bytes
        self._length_min = length_min
        self._lock = Lock()
        self._made = Ledger(MADE)

    @property
    def mode(self) -> Mode:
        """Whether people may register, and whether they then wait."""
        return self._mode

    def register(self, name: str, password: str, *, email: str = "", source: str) -> bool:
        """Make an account. True: it may sign in now. False: it waits for an operator to approve it.

        Args:
            name: to sign in with.
            password: of the account.
            email: how to reach its owner.
            source: the peer's address.

        Raises:
            ForbiddenError: nobody registers here.
            InvalidNameError, WeakPasswordError, InvalidRequestError
            ExistsError: the name is taken.
            TooManyRequestsError: from that source too many names were tried, or too many accounts made.
        """
        if self._mode is Mode.OFF:
            raise ForbiddenError(
                "People do not register here by themselves", hint="Ask the operator for an account."
            ).because("registration")
        waits = self._mode is Mode.APPROVAL
        check_account_name(name)
        check_password(name, password, self._length_min)
        details = Change(email=email, quota_bytes=self._quota_bytes).checked()
        with self._guard.attempt(source):
            self._catalog.read(lambda tx: _require_free(tx, name))
        record = self._reserve(source_of(source))
        made = False
        try:
            create = self._accounts.creation(name, password, Role.USER, details, pending=waits)

            def work(tx: CatalogTx) -> Account:
                if waits and tx.accounts.count_pending() >= WAITING_MAX:
                    raise TooManyRequestsError("Too many accounts wait for approval", hint="Try again in a few days.")
                return create(tx)

            self._catalog.write(work)
            made = True
        finally:
            with self._lock:
                self._made.settle(record, self._clock.monotonic(), wrong=made)
        text = f"{display(name)} registered" + ("; the account waits for approval" if waits else "")
        self._audit.record(Category.ADMINISTRATION, "account.registered", text, target=name)
        return not waits

    def _reserve(self, key: str) -> Record:
        with self._lock:
            now = self._clock.monotonic()
            record = self._made.record(key, now)
            if (wait := self._made.wait(record, now)) > 0:
                seconds = math.ceil(wait)
                raise TooManyRequestsError(
                    "Too many accounts were made from your network",
                    hint=f"Try again in {math.ceil(seconds / 60)} minutes.",
                    seconds=seconds,
                ).because("registration")
            self._made.reserve(record)
            return record


def _require_free(tx: CatalogTx, name: str) -> None:
    normal = findable(name)
    if normal and tx.accounts.by_name(normal):
        raise ExistsError(f"There is already an account {display(name)}", hint="Choose another name.").because(
            "account", name=name
        )
