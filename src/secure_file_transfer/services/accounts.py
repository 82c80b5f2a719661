"""Accounts: who may sign in, and with which password."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol

from secure_file_transfer.errors import (
    ConflictError,
    ForbiddenError,
    InvalidNameError,
    InvalidRequestError,
    NotFoundError,
    SignInRequiredError,
)
from secure_file_transfer.model import (
    Account,
    AccountId,
    Category,
    Drive,
    DriveId,
    Principal,
    Role,
    Scope,
    SessionId,
    TimeUs,
)
from secure_file_transfer.paths import check_name, display
from secure_file_transfer.ports import Catalog, CatalogTx, Clock

from .audit import SILENT, Audit
from .passwords import LENGTH_MIN, PasswordHasher, check_password
from .roster import Listed, RosterPage, Wanted, counted, page_of
from .scopes import require_scope

NAME_MAX = 64
"""Characters. Enough for an address, short enough for every table and window."""

RATE_MAX = 2**40
"""Bytes in a second."""
QUOTA_MAX = 2**62
"""Bytes, or files."""
EXPIRES_MAX = 253_402_300_799_999_999
"""The last moment that a calendar has: the end of the year 9999."""
NOTE_MAX = 500

RESERVED_NAMES = frozenset({"guest", "anonymous"})
"""What guests without an account are called, here and by FTP clients: an account of that name would pass for one."""

# Characters that Unicode calls letters or marks and that nobody can see: they would make twins of existing names.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def check_account_name(name: str) -> str:
    """Return `name` unchanged, or refuse it as the name of an account.

    Letters of any script, digits, and `. _ - @`: it stands in commands, logs, and as one folder name in a path.

    Raises:
        InvalidNameError: with the rule that it breaks.
    """
    if fault := _fault(name):
        raise InvalidNameError(
            f"{display(name)}: an account's name {fault[1]}",
            hint="Use letters, digits, '.', '_', '-' and '@', such as 'alice' or 'alice@example.com'.",
        ).because(fault[0], name=name, most=NAME_MAX)
    return check_name(name)


def _fault(name: str) -> tuple[str, str] | None:
    if not 1 <= len(name) <= NAME_MAX:
        return "account_length", f"has 1 to {NAME_MAX} characters"
    for at, char in enumerate(name):
        category = unicodedata.category(char)
        # Marks belong to the letter before them in many scripts; alone, they would hide in what comes before.
        fits = category[0] == "L" or category == "Nd" or (category in {"Mn", "Mc"} and at) or char in "._-@"
        if not fits or _INVISIBLE.match(char):
            return "account_signs", "cannot contain spaces, signs or invisible characters"
    if not any(map(str.isalnum, name)):
        return "account_letter", "needs at least one letter or digit"
    if unicodedata.normalize("NFKC", name) != name:
        return "account_form", "must be in Unicode normal form, without look-alikes of plain letters"
    if name[0] in ".-" or name[-1] == ".":
        return "account_ends", "cannot begin with '.' or '-' or end with '.'"
    if name.casefold() in RESERVED_NAMES:
        return "account_reserved", "cannot be one that guests have"
    return None


def findable(name: str) -> str | None:
    """The form under which an account of this name would be found, or None when no account can have it.

    Whoever signs in may type 'é' as two characters, as macOS does. What is illegal in a name (NUL, half a surrogate
    pair, a megabyte) never reaches the database.
    """
    if len(name) > NAME_MAX * 4:
        return None
    name = unicodedata.normalize("NFC", name)
    return name if _fault(name) is None else None


@dataclass(frozen=True, slots=True)
class Change:
    """What to change of an account; None leaves it as it is. `expires_us` 0 is never, and other zeros are no limit."""

    role: Role | None = None
    disabled: bool | None = None
    email: str | None = None
    note: str | None = None
    expires_us: int | None = None
    quota_bytes: int | None = None
    quota_files: int | None = None
    rate_up: int | None = None
    rate_down: int | None = None

    def checked(self) -> "Change":
        """The same. Raises InvalidRequestError for what cannot be."""
        for each, most in (
            (self.rate_up, RATE_MAX),
            (self.rate_down, RATE_MAX),
            (self.quota_bytes, QUOTA_MAX),
            (self.quota_files, QUOTA_MAX),
            (self.expires_us, EXPIRES_MAX),
        ):
            if each is not None and not 0 <= each <= most:
                raise InvalidRequestError(f"A rate, quota or time is 0 to {most}", hint="0 is no limit.").because(
                    "amount", most=most
                )
        if self.email and not (_EMAIL.fullmatch(self.email) and self.email.isprintable()):
            raise InvalidRequestError(
                f"{display(self.email)} is no e-mail address", hint="Such as sara@example.com."
            ).because("email")
        # The non-joiner is the one invisible character that may be shown: Persian is not legible without it.
        if self.note and not (len(self.note) <= NOTE_MAX and self.note.replace("\u200c", "").isprintable()):
            raise InvalidRequestError(f"A note is one line of at most {NOTE_MAX} characters").because(
                "note", most=NOTE_MAX
            )
        return self

    @property
    def told(self) -> str:
        """What it changes, for the log: an e-mail address and a note are named, not repeated."""
        given = [(name, getattr(self, name)) for name in _CHANGEABLE if getattr(self, name) is not None]
        return ", ".join(name if name in {"email", "note"} else f"{name}={value}" for name, value in given) or "nothing"

    def applied(self, account: Account) -> Account:
        """The account as it is then."""
        given = {name: value for name in _CHANGEABLE if (value := getattr(self, name)) is not None}
        if self.expires_us == 0:
            given["expires_us"] = None
        return replace(account, **given)


_NOTHING = Change()
_CHANGEABLE = tuple(each.name for each in fields(Change))
# At most 254 characters: RFC 5321, 4.5.3.1.3, less the angle brackets.
_EMAIL = re.compile(r"(?=.{3,254}\Z)[^\s@\x00-\x1f\x7f<>\",;]+@[^\s@\x00-\x1f\x7f<>\",;]+")


class HomeMaker(Protocol):
    """Makes and removes the vault drive that is an account's home, within the caller's transaction."""

    def create_in(self, tx: CatalogTx, name: str, owner_id: AccountId | None) -> Drive:
        """A new, empty drive with its own key."""

    def remove_in(self, tx: CatalogTx, drive_id: DriveId) -> None:
        """Take the drive and everything in it away."""


class SessionEnder(Protocol):
    """Forgets what it believes about an account's sessions."""

    def forget(self, account_id: AccountId) -> None:
        """The catalog's rows of them are gone; the next request must ask the catalog again."""


class Accounts:
    """Creates, changes and removes accounts.

    Every change that takes rights away ends the account's sessions in the same transaction: there is no moment at
    which the one holds and the other does not yet. `sessions` is told, so that this process does not go by what it
    remembers of them until that expires by itself; without it, as in the command line, other processes still see the
    change within their half second. Names are found without regard to case. `length_min` is for passwords.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        passwords: PasswordHasher,
        homes: HomeMaker,
        sessions: SessionEnder | None = None,
        *,
        length_min: int = LENGTH_MIN,
        audit: Audit = SILENT,
    ) -> None:
        self._audit = audit
        self._catalog = catalog
        self._clock = clock
        self._passwords = passwords
        self._homes = homes
        self._sessions = sessions
        self.length_min = length_min
        """How many characters a password has at least."""

    def create(self, name: str, password: str, role: Role = Role.USER, details: Change = _NOTHING) -> Account:
        """Make an account with an empty home.

        Raises:
            InvalidNameError, WeakPasswordError, TooManyRequestsError, InvalidRequestError
            ExistsError: the name is taken.
        """
        account = self._catalog.write(self.creation(name, password, role, details))
        self._told("account.created", f"The account {display(account.name)} was made, as {role}", account.name)
        return account

    def _told(self, kind: str, text: str, name: str) -> None:
        self._audit.record(Category.ADMINISTRATION, kind, text, target=name)

    def creation(
        self, name: str, password: str, role: Role, details: Change = _NOTHING, *, pending: bool = False
    ) -> Callable[[CatalogTx], Account]:
        """Check and hash, and return what is left to do within a transaction, for callers that do more in it.

        Raises:
            InvalidNameError, WeakPasswordError, TooManyRequestsError, InvalidRequestError; the work itself raises
                ExistsError.
        """
        check_account_name(name)
        details.checked()
        password_hash = self._passwords.hash(check_password(name, password, self.length_min))

        def work(tx: CatalogTx) -> Account:
            # The account names its home and the home its owner, so the home is first made without one.
            home = self._homes.create_in(tx, name, None)
            account = tx.accounts.create(name, role, home.id, password_hash, self._clock.now_us())
            tx.drives.set_owner(home.id, account.id)
            if pending:
                tx.accounts.set_pending(account.id, pending=True)
            if details != _NOTHING:
                _write(tx, account, details.applied(account))
            return replace(details.applied(account), pending=pending)

        return work

    def set_password(self, name: str, password: str) -> None:
        """Change the password and end all sessions of the account.

        Raises:
            NotFoundError, WeakPasswordError, TooManyRequestsError
        """
        account = self.get(name)
        password_hash = self._passwords.hash(check_password(account.name, password, self.length_min))

        def work(tx: CatalogTx) -> None:
            _known(tx, account.id, name)
            put_password(tx, account.id, password_hash)

        self._catalog.write(work)
        self._forget(account.id)
        self._told("account.password", f"The password of {display(name)} was set; its sessions ended", account.name)

    def change(self, name: str, change: Change) -> Account:
        """Change some of what an account is and may do, in one transaction; returns what it is then.

        Its sessions end with whatever takes rights away: another role, being disabled, an expiry that is past.
        Transfers that run notice other limits within a second.

        Raises:
            NotFoundError, InvalidRequestError
            ConflictError: it is the last administrator who can sign in for good.
        """
        change.checked()

        def work(tx: CatalogTx) -> Account:
            account = account_named(tx, name)
            after = change.applied(account)
            if not _lasts(after):
                how = "disabled" if after.disabled else "demoted" if after.role is not Role.ADMIN else "let expire"
                _refuse_last_admin(tx, account, how)
            _write(tx, account, after)
            if after.role is not account.role or not may_sign_in(after, self._clock.now_us()):
                tx.sessions.delete_of(account.id)
                tx.accounts.forget_reset(account.id)
            return after

        account = self._catalog.write(work)
        self._forget(account.id)
        self._told("account.changed", f"The account {display(account.name)} was changed: {change.told}", account.name)
        return account

    def set_disabled(self, name: str, disabled: bool) -> None:
        """Lock the account out, which ends its sessions, or let it in again. See `change`."""
        self.change(name, Change(disabled=disabled))

    def set_role(self, name: str, role: Role) -> None:
        """Make it an administrator or an ordinary account. See `change`."""
        self.change(name, Change(role=role))

    def set_rates(self, name: str, *, up: int | None = None, down: int | None = None) -> Account:
        """Limit how many bytes a second its transfers move, all together. See `change`."""
        return self.change(name, Change(rate_up=up, rate_down=down))

    def approve(self, name: str) -> None:
        """Let an account that registered itself sign in.

        Raises:
            NotFoundError: it is not there, or does not wait.
        """

        def work(tx: CatalogTx) -> Account:
            account = _waiting(tx, name)
            tx.accounts.set_pending(account.id, pending=False)
            return account

        account = self._catalog.write(work)
        self._forget(account.id)
        self._told("account.approved", f"The account {display(account.name)} was approved", account.name)

    def reject(self, name: str) -> None:
        """Remove an account that waits to be approved. Raises NotFoundError: it is not there, or does not wait."""

        def work(tx: CatalogTx) -> Account:
            account = _waiting(tx, name)
            self._delete(tx, account)
            return account

        account = self._catalog.write(work)
        self._forget(account.id)
        self._told("account.rejected", f"The account {display(account.name)} was not approved", account.name)

    def delete(self, name: str) -> None:
        """Remove the account with its sessions, its home and all that is in it.

        There is no way back; an account made later under the same name starts with nothing (attack 30).

        Raises:
            NotFoundError
            ConflictError: it is the last administrator who can sign in.
        """

        def work(tx: CatalogTx) -> Account:
            account = account_named(tx, name)
            _refuse_last_admin(tx, account, "deleted")
            self._delete(tx, account)
            return account

        account = self._catalog.write(work)
        self._forget(account.id)
        self._told("account.deleted", f"The account {display(name)} was deleted with all its files", account.name)

    def _delete(self, tx: CatalogTx, account: Account) -> None:
        tx.sessions.delete_of(account.id)
        tx.accounts.delete(account.id)
        self._homes.remove_in(tx, account.home_id)

    def _forget(self, account_id: AccountId) -> None:
        if self._sessions:
            self._sessions.forget(account_id)

    def get(self, name: str) -> Account:
        """Raises NotFoundError."""
        return self._catalog.read(lambda tx: account_named(tx, name))

    def all(self) -> Sequence[Account]:
        """Every account, by name."""
        return sorted(self._catalog.read(lambda tx: tx.accounts.all()), key=lambda account: account.name.casefold())

    def listed(self) -> Sequence[Listed]:
        """Every account with what its home holds, by name."""
        return self.page(Wanted()).accounts

    def page(self, wanted: Wanted) -> RosterPage:
        """Some of them."""
        return self._catalog.read(lambda tx: page_of(tx, wanted, self._clock.now_us()))

    def one(self, name: str) -> Listed:
        """The same for one. Raises NotFoundError."""
        return self._catalog.read(lambda tx: counted(tx, [account_named(tx, name)])[0])


def _write(tx: CatalogTx, account: Account, after: Account) -> None:
    tx.accounts.set_details(after)
    tx.accounts.set_rates(account.id, after.rate_up, after.rate_down)
    tx.accounts.set_disabled(account.id, disabled=after.disabled)
    tx.accounts.set_role(account.id, after.role)


def _waiting(tx: CatalogTx, name: str) -> Account:
    account = account_named(tx, name)
    if not account.pending:
        raise NotFoundError(
            f"{display(account.name)} does not wait to be approved", hint="See: sft user list."
        ).because("approved", name=account.name)
    return account


def account_named(tx: CatalogTx, name: str) -> Account:
    """The account of that name. Raises NotFoundError."""
    normal = findable(name)
    account = tx.accounts.by_name(normal) if normal else None
    if account is None:
        raise _unknown(name)
    return account


def _known(tx: CatalogTx, account_id: AccountId, name: str) -> None:
    if tx.accounts.get(account_id) is None:
        raise _unknown(name)


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(
        f"There is no account {display(name)}", hint="List the accounts to see their names: sft user list."
    ).because("account", name=name)


def _refuse_last_admin(tx: CatalogTx, account: Account, what: str) -> None:
    if _lasts(account) and sum(map(_lasts, tx.accounts.all())) == 1:
        raise ConflictError(
            f"{display(account.name)} is the last administrator and cannot be {what}",
            hint="Make another administrator first: sft user add --admin NAME.",
        ).because("last_administrator", name=account.name)


def put_password(tx: CatalogTx, account_id: AccountId, password_hash: str, *, but: SessionId | None = None) -> int:
    """Give an account another password, and end its sessions, except one if so asked; returns how many ended."""
    tx.accounts.set_password_hash(account_id, password_hash)
    # Perhaps somebody else knew the old one: where they came from is known no more either.
    tx.accounts.forget_sources(account_id)
    tx.accounts.forget_reset(account_id)
    return tx.sessions.delete_of(account_id, but=but)


def signed_in(principal: Principal, scope: Scope | None = None) -> Account:
    """Whose account it is. Whoever comes with a token needs the scope; with None, it is for people only.

    Raises:
        SignInRequiredError: a guest has none.
        ForbiddenError
    """
    if principal.account is None:
        raise SignInRequiredError("A guest has no account", hint="Sign in.")
    require_scope(principal, scope)
    return principal.account


def require_operator(principal: Principal) -> Account:
    """The operator's account.

    Raises:
        SignInRequiredError, ForbiddenError
    """
    account = signed_in(principal, Scope.ADMIN)
    if not is_admin(account):
        raise ForbiddenError("Only operators may do that", hint="Ask one.").because("operators")
    return account


def require_operator_in_person(principal: Principal) -> Account:
    """The same for what makes operators, or opens accounts: a token would get by it what it was not given (attack 32).

    Raises:
        SignInRequiredError, ForbiddenError
    """
    account = require_operator(principal)
    signed_in(principal)
    return account


def for_oneself_or_all(principal: Principal) -> tuple[Account, bool]:
    """Whose account it is, and whether they may do it to everybody's things. A token does it as an operator or not.

    Raises:
        SignInRequiredError, ForbiddenError
    """
    if principal.token is not None:
        return require_operator(principal), True
    account = signed_in(principal)
    return account, is_admin(account)


def is_admin(account: Account) -> bool:
    """Whether it may run the server: an administrator who is not locked out."""
    return account.role is Role.ADMIN and not account.disabled and not account.pending


def _lasts(account: Account) -> bool:
    """Whether it is an administrator who can sign in for good: there is always one such."""
    return is_admin(account) and account.expires_us is None


def may_sign_in(account: Account, now: TimeUs) -> bool:
    """Whether it may at this moment, by whatever way. Doors and sessions ask for nothing else."""
    in_time = account.expires_us is None or now < account.expires_us
    return in_time and not account.disabled and not account.pending
