"""New passwords for those who have forgotten theirs: an operator makes a link, and its one-time code sets one, once."""

from dataclasses import dataclass, field

from secure_file_transfer.errors import ConflictError, InvalidRequestError, NotFoundError
from secure_file_transfer.model import Account, Category, TimeUs
from secure_file_transfer.paths import display
from secure_file_transfer.ports import Catalog, CatalogTx, Clock

from .accounts import SessionEnder, account_named, may_sign_in, put_password
from .audit import SILENT, Audit
from .codes import code_hash, in_groups, new_signs, typed
from .guard import Guard
from .passwords import LENGTH_MIN, PasswordHasher, check_password

HOURS_MAX = 7 * 24
_GROUPS = 5
"""125 random bits."""
_HOUR_US = 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Reset:
    """A new code. This is the only moment at which it is known; it must not be logged."""

    code: str = field(repr=False)
    account: str
    expires_us: TimeUs


class Resets:
    """Makes codes and takes them. Until a code is used, the old password and the sessions stay as they are."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        passwords: PasswordHasher,
        guard: Guard,
        sessions: SessionEnder,
        *,
        length_min: int = LENGTH_MIN,
        audit: Audit = SILENT,
    ) -> None:
        self._audit = audit
        self._catalog = catalog
        self._clock = clock
        self._passwords = passwords
        self._guard = guard
        self._sessions = sessions
        self._length_min = length_min

    def begin(self, name: str, hours: int = 24) -> Reset:
        """A new code for an account; the one before is dead.

        Raises:
            NotFoundError
            InvalidRequestError: not 1 to `HOURS_MAX` hours.
            ConflictError: the account may not sign in, so a password is of no use (attack 31).
        """
        if not 1 <= hours <= HOURS_MAX:
            raise InvalidRequestError(f"A link is good for 1 to {HOURS_MAX} hours, not {hours}").because(
                "hours", most=HOURS_MAX
            )
        signs = new_signs(_GROUPS)

        def work(tx: CatalogTx) -> Reset:
            account, now = account_named(tx, name), self._clock.now_us()
            if not may_sign_in(account, now):
                raise ConflictError(
                    f"{display(account.name)} may not sign in: the account is disabled, expired or not approved",
                    hint="Let it in first: sft user enable, approve, or set --expire never.",
                ).because("may_not_sign_in", name=account.name)
            expires = TimeUs(now + hours * _HOUR_US)
            tx.accounts.set_reset(account.id, code_hash(signs), expires)
            return Reset(in_groups(signs), account.name, expires)

        made = self._catalog.write(work)
        text = f"A link to reset the password of {display(made.account)} was made, good for {hours} hours"
        self._audit.record(Category.ADMINISTRATION, "password.reset-begun", text, target=made.account)
        return made

    def account(self, code: str, *, address: str) -> Account:
        """Whose code it is.

        Raises:
            NotFoundError: wrong, used or too old, or its account may not sign in: all look alike.
            TooManyRequestsError: too many wrong codes from that source, see `guard`.
        """
        sha256 = code_hash(typed(code))
        with self._guard.attempt(address):
            return self._catalog.read(lambda tx: self._whose(tx, sha256))

    def complete(self, code: str, password: str, *, address: str) -> Account:
        """Set the password, and end all sessions. A second factor stays on.

        Only success uses the code up.

        Raises:
            NotFoundError, TooManyRequestsError: see `account`.
            WeakPasswordError: the code is still good.
        """
        account = self.account(code, address=address)
        sha256 = code_hash(typed(code))
        password_hash = self._passwords.hash(check_password(account.name, password, self._length_min))

        def work(tx: CatalogTx) -> None:
            # Asked again where it is decided: of two who race with one code, the second finds it gone.
            if self._whose(tx, sha256).id != account.id:
                raise _not_found()
            put_password(tx, account.id, password_hash)

        self._catalog.write(work)
        self._sessions.forget(account.id)
        text = f"The password of {display(account.name)} was reset by a link; its sessions ended"
        self._audit.record(Category.SECURITY, "password.reset", text, target=account.name)
        return account

    def _whose(self, tx: CatalogTx, sha256: bytes) -> Account:
        now = self._clock.now_us()
        account = tx.accounts.by_reset(sha256, now)
        if account is None or not may_sign_in(account, now):
            raise _not_found()
        return account


def _not_found() -> NotFoundError:
    return NotFoundError(
        "This link is wrong, was used already, or is too old", hint="Ask the operator for a new one."
    ).because("reset")
