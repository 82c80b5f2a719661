"""Changing one's own password."""

from dataclasses import dataclass

from secure_file_transfer.errors import SignInRequiredError, WeakPasswordError
from secure_file_transfer.model import Category, Principal
from secure_file_transfer.paths import display
from secure_file_transfer.ports import Catalog, CatalogTx, Clock

from .accounts import put_password, signed_in
from .audit import SILENT, Audit
from .networks import source_of
from .passwords import LENGTH_MIN, PasswordHasher, check_password
from .sessions import SOURCES_MAX, Sessions, SignedIn, new_token


@dataclass(frozen=True, slots=True)
class Changed:
    """How many other sessions ended, and the present one with its new token, if it got one."""

    ended: int
    signed: SignedIn | None


class OwnPassword:
    """Changes it for whoever knows the old one; the guard counts wrong ones as it does at sign-in."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        passwords: PasswordHasher,
        sessions: Sessions,
        *,
        length_min: int = LENGTH_MIN,
        audit: Audit = SILENT,
    ) -> None:
        self._audit = audit
        self._catalog = catalog
        self._clock = clock
        self._passwords = passwords
        self._sessions = sessions
        self._length_min = length_min

    def change(self, principal: Principal, old: str, new: str, *, address: str, renew: bool) -> Changed:
        """Set a new password and end all other sessions: whoever had the old one is out.

        The present session goes on, and so do its transfers. With `renew` it gets a new token and the old one is dead,
        for that may be known too (OWASP, session management: renew the session id when the password changes). A
        session that has no token of its own, but a device's certificate, needs none.

        Raises:
            SignInRequiredError
            SignInFailedError, TooManyRequestsError: the old password is wrong, see `Sessions.confirm_password`.
            WeakPasswordError
        """
        account, session = signed_in(principal), principal.session
        if session is None:
            raise SignInRequiredError("A password is changed by whoever signed in with it", hint="Sign in: sft login.")
        self._sessions.confirm_password(principal, old, address)
        if new == old:
            raise WeakPasswordError("The new password is the old one", hint="Choose another.").because("same")
        password_hash = self._passwords.hash(check_password(account.name, new, self._length_min))
        token, token_hash = new_token()

        def work(tx: CatalogTx) -> int:
            # Looked at again: an operator may have changed the password meanwhile, which ended this session.
            if tx.sessions.get(session.id) is None:
                raise SignInRequiredError("The session has ended", hint="Sign in again.")
            ended = put_password(tx, account.id, password_hash, but=session.id)
            tx.accounts.remember(account.id, source_of(address), self._clock.now_us(), SOURCES_MAX)
            if renew:
                tx.sessions.set_token(session.id, token_hash)
            return ended

        ended = self._catalog.write(work)
        self._sessions.forget(account.id)
        text = f"{display(account.name)} changed their password; {ended} other sessions ended"
        self._audit.record(Category.SECURITY, "password.changed", text, target=account.name, who=principal)
        return Changed(ended, SignedIn(token, session, account) if renew else None)
