"""Sessions: who is signed in, from where, until when. They live in the catalog, so they can be ended at once."""

import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from secure_file_transfer.errors import (
    NoSpaceError,
    NotFoundError,
    SessionEndedError,
    SignInFailedError,
    StorageError,
    TooManyRequestsError,
)
from secure_file_transfer.model import (
    Account,
    AccountId,
    Category,
    Device,
    DeviceId,
    Link,
    LinkId,
    Principal,
    Session,
    SessionId,
    Severity,
    TimeUs,
)
from secure_file_transfer.ports import Catalog, CatalogTx, Clock

from . import session_rules as rules
from .accounts import findable, for_oneself_or_all, may_sign_in, require_operator, signed_in
from .audit import SILENT, Audit
from .beliefs import Asked, Beliefs
from .guard import Guard
from .guests import guest_name
from .networks import source_of
from .passwords import PasswordHasher, is_plausible
from .totp import SecondFactor

TOKEN_PREFIX = "sft_"  # noqa: S105 - a mark by which people and secret scanners know what they have found
_TOKEN_BYTES = 32
# 32 bytes are 43 characters of base64url without padding (RFC 4648, 5).
_TOKEN = re.compile(TOKEN_PREFIX + r"[A-Za-z0-9_-]{43}", re.ASCII)

_Expired = Sequence[tuple[Session, Account]]
_Work = Callable[[CatalogTx], object]

_TOUCH_US = 60 * 1_000_000
SOURCES_MAX = 16
"""From how many places people sign in: home, work, a few phones' networks."""
_LISTED_MAX = 1000
VISITORS_MAX = 1000
"""Sessions that a link has at once: the oldest that has fetched nothing gives way to the next."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. This is the only moment at which its token is known; it must not be logged."""

    token: str = field(repr=False)
    session: Session
    account: Account


@dataclass(frozen=True, slots=True)
class Visit:
    """A visitor's new session by a link. This is the only moment at which its token is known; it must not be logged."""

    token: str = field(repr=False)
    session: Session
    link: Link


@dataclass(frozen=True, slots=True)
class _Found:
    account: Account
    password_hash: str = field(repr=False)
    known: bool


class Sessions:
    """Signs in and out, and tells whose token it is. One object serves all doors and threads of a process.

    `lifetime_us` is how long a sign-in lasts, `idle_us` how long it lasts unused, in microseconds. Without a `guard`
    it makes its own, with the default budgets.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        passwords: PasswordHasher,
        lifetime_us: int,
        *,
        guard: Guard | None = None,
        factors: SecondFactor | None = None,
        idle_us: int | None = None,
        audit: Audit = SILENT,
    ) -> None:
        self._audit = audit
        self._catalog = catalog
        self._clock = clock
        self._passwords = passwords
        self._lifetime_us = lifetime_us
        self.idle_us = lifetime_us if idle_us is None else idle_us
        self._guard = guard or Guard(clock)
        self._factors = factors
        self._beliefs: Beliefs[SessionId, Principal] = Beliefs(clock.monotonic)
        self.on_ended: Callable[[], None] = rules.nobody_asks
        """Is told when sessions have ended here; from any thread."""

    # --- beginning ----------------------------------------------------------------------------------------------

    def sign_in(
        self,
        name: str,
        password: str,
        code: str | None = None,
        *,
        door: str,
        address: str,
        agent: str,
        device: Device | None = None,
    ) -> SignedIn:
        """Check name and password and begin a session with a new id and token (attack 28).

        `code` is of the second factor, where the account has one. With a `device` it must be the account that the
        device belongs to, and the session is good with it alone.

        Raises:
            TotpRequiredError: the password is right, and a code is needed as well.
            SignInFailedError: for every reason there is; the same text after the same work (attacks 22, 27).
            TooManyRequestsError: too many wrong guesses, see `guard`, or too many sign-ins at this moment.
        """
        found = self._lookup(name, source_of(address))
        subject = found.account.name if found else self._guard.stranger(findable(name) or name[: rules.TEXT_MAX])
        with self._guard.attempt(address, subject, known=found is not None and found.known):
            account, password_hash = self._verified(found, password)
            if device is not None and device.account_id != account.id:
                raise rules.sign_in_failed()
            use_code = self._factors.demand(account, code) if self._factors else _nothing
            better = self._better_hash(password_hash, password)

            def still_so(tx: CatalogTx) -> None:
                # The password was checked outside the transaction; it may have been changed meanwhile.
                if tx.accounts.password_hash(account.id) != password_hash:
                    raise rules.sign_in_failed()
                use_code(tx)
                if better:
                    tx.accounts.set_password_hash(account.id, better)

            return self._begin(account.id, (door, address, agent), still_so, device.id if device else None)

    def confirm_password(self, principal: Principal, password: str, address: str) -> None:
        """Make sure that whoever has the session also knows the password, before something that outlasts it.

        Raises:
            SignInRequiredError, TooManyRequestsError
            SignInFailedError: it is not the password.
        """
        account = signed_in(principal)
        password_hash = self._catalog.read(lambda tx: tx.accounts.password_hash(account.id))
        with self._guard.attempt(address, account.name, known=True):
            self._verified(_Found(account, password_hash, known=True), password)

    def open_for(
        self, account: Account, *, door: str, address: str, agent: str, device_id: DeviceId | None = None
    ) -> SignedIn:
        """Begin a session for somebody who proved by other means to be that account, such as the set-up code.

        Raises:
            SignInFailedError: the account is disabled or gone.
        """
        return self._begin(account.id, (door, address, agent), lambda _: None, device_id)

    def _lookup(self, name: str, source: str) -> "_Found | None":
        normal = findable(name)
        if normal is None:
            return None

        def work(tx: CatalogTx) -> _Found | None:
            account = tx.accounts.by_name(normal)
            if account is None:
                return None
            return _Found(account, tx.accounts.password_hash(account.id), tx.accounts.knows(account.id, source))

        return self._catalog.read(work)

    def _verified(self, found: "_Found | None", password: str) -> tuple[Account, str]:
        """The account and its hash, if that is its password and it may sign in. Costs one hash, whatever is wrong."""
        if found is None or not is_plausible(password):
            self._passwords.verify_nobody()
            raise rules.sign_in_failed()
        if not self._passwords.verify(found.password_hash, password):
            raise rules.sign_in_failed()
        if found.account.pending and not found.account.disabled:  # the password was right, so it may be told
            raise SignInFailedError(
                "This account waits for an operator to approve it", hint="Ask one, or come later."
            ).because("waits")
        if not may_sign_in(found.account, self._clock.now_us()):
            raise rules.sign_in_failed()
        return found.account, found.password_hash

    def _better_hash(self, password_hash: str, password: str) -> str | None:
        if self._passwords.needs_rehash(password_hash):
            with suppress(TooManyRequestsError):  # the next sign-in will do
                return self._passwords.hash(password)
        return None

    def _begin(
        self, account_id: AccountId, where: tuple[str, str, str], first: _Work, device_id: DeviceId | None = None
    ) -> SignedIn:
        token, token_hash = new_token()
        door, address, agent = map(rules.printable, where)
        self._guard.require_welcome(address)

        def work(tx: CatalogTx) -> SignedIn:
            account = tx.accounts.get(account_id)
            now = self._clock.now_us()
            if account is None or not may_sign_in(account, now):
                raise rules.sign_in_failed()
            self._guard.require_welcome(address, account.name)
            first(tx)
            tx.accounts.remember(account_id, source_of(where[1]), now, SOURCES_MAX)
            ends = TimeUs(now + self._lifetime_us)
            session = tx.sessions.create(account_id, token_hash, door, address, agent, now, ends, device_id=device_id)
            return SignedIn(token, session, account)

        return self._catalog.write(work)

    def open_for_visitor(
        self, link: Link, ends: TimeUs, *, door: str, address: str, agent: str, name: str = ""
    ) -> Visit:
        """Begin a session for whoever holds the link. It gives the link's rights, and nothing of its owner's.

        `name` is what the visitor wants to be called; see `guests.guest_name` for what it is called.

        Raises:
            NotFoundError: the link has just ended.
        """
        self._guard.require_welcome(address)
        token = TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
        door, address, agent = map(rules.printable, (door, address, agent))

        def work(tx: CatalogTx) -> tuple[Visit, _Expired]:
            now = self._clock.now_us()
            over = tx.sessions.expired(now, _LISTED_MAX)
            tx.sessions.delete_expired(now)  # visits are many and short: nobody else sweeps that often
            guest = guest_name(name, tx.sessions.guests(link.id))
            session = tx.sessions.create(
                link.account_id, _hash(token), door, address, agent, now, ends, link_id=link.id, guest=guest
            )
            tx.links.use(link.id, now)
            tx.links.trim(link.id, VISITORS_MAX)
            return Visit(token, session, link), over

        visit, over = self._catalog.write(work)
        self._told_expired(over)
        return visit

    # --- lasting ------------------------------------------------------------------------------------------------

    def resolve(self, token: str) -> Principal:
        """Whose token it is. Cheap: the catalog is asked at most every `BELIEVED_SECONDS` for each session.

        Raises:
            SignInRequiredError: malformed (those never reach the catalog), unknown, ended, expired or disabled.
        """
        if not _TOKEN.fullmatch(token):
            raise rules.sign_in_required()
        token_hash = _hash(token)
        if self._lasts(believed := self._beliefs.by_secret(token_hash)):
            return believed
        asked = self._beliefs.ask()

        def look(tx: CatalogTx) -> rules.Lasting | str:
            found = rules.lasting(tx, tx.sessions.by_token(token_hash))
            return found or tx.endings.reason_of_token(token_hash)

        return self._accept(self._catalog.read(look), asked, token_hash)

    def check(self, principal: Principal) -> None:
        """Return while the principal's session lasts; for running transfers, before each block. A guest has none.

        Raises:
            SignInRequiredError: the session has ended: signed out, kicked, expired, or the account changed.
        """
        if principal.session is None:
            return
        session = principal.session
        if self._lasts(self._beliefs.of(session.id)):
            return
        asked = self._beliefs.ask()

        def look(tx: CatalogTx) -> rules.Lasting | str:
            return rules.lasting(tx, tx.sessions.get(session.id)) or tx.endings.reason(session.id)

        self._accept(self._catalog.read(look), asked, None)

    def _lasts(self, principal: Principal | None) -> TypeGuard[Principal]:
        """Whether somebody who is known without asking is still signed in, as far as the clock tells."""
        if principal is None or principal.session is None:
            return False
        now = self._clock.now_us()
        return self._ends(principal.session) > now and (
            principal.account is None or may_sign_in(principal.account, now)
        )

    def _ends(self, session: Session) -> int:
        """When it ends by itself, unless it is used before."""
        return min(session.expires_us, session.seen_us + self.idle_us)

    def _accept(self, found: rules.Lasting | str, asked: Asked, token_hash: bytes | None) -> Principal:
        now = self._clock.now_us()
        if isinstance(found, str):
            raise SessionEndedError(found, hint="Sign in again if you may, or ask the operator.")
        if found is None:
            raise rules.sign_in_required()
        (session, account), link = found
        if self._ends(session) <= now:
            self._quietly(lambda tx: tx.sessions.delete(session.id))
            self._drop(session.id)
            self._told_expired([(session, account)])
            raise rules.sign_in_required()
        if not may_sign_in(account, now):
            raise rules.sign_in_required()
        due = now - session.seen_us >= _TOUCH_US
        seen = replace(session, seen_us=now) if due else session
        principal = Principal(account, seen) if link is None else Principal(None, seen, link)
        self._beliefs.take(asked, session.id, principal, token_hash)
        if due:
            self._quietly(lambda tx: tx.sessions.touch(session.id, now))
        return principal

    def _quietly(self, work: _Work) -> None:
        """Housekeeping that must not fail the request it happens in: a full disk does not forbid downloads."""
        with suppress(NoSpaceError, StorageError):
            self._catalog.write(work)

    # --- being seen ---------------------------------------------------------------------------------------------

    def listed(self, principal: Principal, *, everybody: bool = False) -> list[tuple[Session, Account]]:
        """The principal's own sessions, or for an operator those of everybody; the one used last comes first.

        Raises:
            SignInRequiredError: a guest has none.
            ForbiddenError: only operators see everybody's.
        """
        if everybody:
            require_operator(principal)
            found = list(self._catalog.read(lambda tx: tx.sessions.all(_LISTED_MAX)))
        else:
            account = signed_in(principal)
            of_account = self._catalog.read(lambda tx: tx.sessions.of(account.id))
            found = sorted(((each, account) for each in of_account), key=lambda pair: -pair[0].seen_us)
        now = self._clock.now_us()
        return [(session, owner) for session, owner in found if self._ends(session) > now]

    # --- ending -------------------------------------------------------------------------------------------------

    def sign_out(self, principal: Principal) -> None:
        """End the principal's own session; a guest has none to end, and a token is none."""
        if principal.session is not None:
            self.end(principal.session.id)
            self._told("session.ended", f"{principal.name} signed out", principal.name, principal)

    def end(self, session_id: SessionId) -> None:
        """End one session; one that has ended already is fine."""
        self._catalog.write(lambda tx: tx.sessions.delete(session_id))
        self._drop(session_id)

    def end_for(self, session_id: SessionId, reason: str) -> bool:
        """End one session, and tell whoever comes with it why, for some hours. False: there is none."""
        now = self._clock.now_us()
        ended = self._catalog.write(lambda tx: tx.endings.end(session_id, reason, now, rules.REASONS_MAX))
        self._drop(session_id)
        return ended

    def revoke(self, principal: Principal, session_id: SessionId) -> None:
        """End one session: one's own, or for an operator anybody's.

        Raises:
            NotFoundError: it is not there, or not one's own, which looks the same.
            SignInRequiredError
        """
        account, anybodys = for_oneself_or_all(principal)
        found = self._catalog.read(lambda tx: tx.sessions.get(session_id))
        if found is None or not (anybodys or found[1].id == account.id):
            raise NotFoundError("There is no such session", hint="List the sessions to see which there are.")
        self.end(session_id)
        owner = found[1].name
        self._told("session.revoked", f"The session #{session_id} of {owner} was ended", owner, principal)

    def _told(self, kind: str, text: str, name: str, who: Principal) -> None:
        self._audit.record(Category.SIGN_IN, kind, text, target=name, who=who)

    def revoke_all(self, principal: Principal, name: str | None = None) -> int:
        """End all sessions of oneself but the present one, or for an operator all of the account called `name`.

        Raises:
            SignInRequiredError
            ForbiddenError: it is somebody else's account, and the principal is no operator.
            NotFoundError: an operator named an account that is not there.
        """
        if name is None:
            account = signed_in(principal)
            ended = self.end_all(account.id, but=principal.session.id if principal.session else None)
            self._told("session.revoked", f"{ended} other sessions were ended", account.name, principal)
            return ended
        require_operator(principal)
        normal = findable(name)
        found = self._catalog.read(lambda tx: tx.accounts.by_name(normal)) if normal else None
        if found is None:
            raise NotFoundError("There is no such account", hint="Check its name.")
        ended = self.end_all(found.id)
        self._told("session.revoked", f"All {ended} sessions of {found.name} were ended", found.name, principal)
        return ended

    def end_all(self, account_id: AccountId, *, but: SessionId | None = None) -> int:
        """End every session of an account, except one if so asked; returns how many."""
        ended = self._catalog.write(lambda tx: tx.sessions.delete_of(account_id, but=but))
        self.forget(account_id)
        return ended

    def end_of_door(self, door: str) -> int:
        """End what a killed server left of a door whose sessions last as long as a connection; returns how many."""
        left = [each.id for each, _ in self._catalog.read(lambda tx: tx.sessions.all(_LISTED_MAX)) if each.door == door]
        for each in left:
            self.end(each)
        return len(left)

    def forget(self, account_id: AccountId) -> None:
        """Ask the catalog again about every session of an account: somebody else has just changed them there."""
        self._beliefs.forget(lambda who: who.account is not None and who.account.id == account_id)
        self.on_ended()

    def forget_link(self, link_id: LinkId) -> None:
        """Ask the catalog again about every visitor of a link that has just ended."""
        self._beliefs.forget(lambda who: who.link is not None and who.link.id == link_id)
        self.on_ended()

    def remove_expired(self) -> int:
        """Clean the catalog, when the server starts and now and then; returns how many there were."""
        now = self._clock.now_us()

        def work(tx: CatalogTx) -> tuple[int, _Expired]:
            tx.endings.delete_before(TimeUs(now - rules.REASONS_US))
            over = tx.sessions.expired(now, _LISTED_MAX)
            return tx.sessions.delete_expired(now), over

        count, over = self._catalog.write(work)
        self._told_expired(over)
        return count

    def _told_expired(self, over: _Expired) -> None:
        for session, owner in over:
            whose = owner.name if session.link_id is None else f"a visitor of the link #{session.link_id}"
            text = f"The session #{session.id} of {whose} expired"
            # Nobody acted, so nobody waits until it is written down.
            self._audit.repeated(
                Category.SIGN_IN,
                "session.expired",
                text,
                key=str(session.id),
                severity=Severity.INFO,
                target=owner.name,
            )

    def _drop(self, session_id: SessionId) -> None:
        self._beliefs.drop(session_id)
        self.on_ended()


def new_token() -> tuple[str, bytes]:
    """A new session's token, and what is kept of it."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
    return token, _hash(token)


def _hash(token: str) -> bytes:
    # A plain hash will do: 256 random bits cannot be guessed, so there is nothing to slow down.
    return hashlib.sha256(token.encode()).digest()


def _nothing(_: CatalogTx) -> None:
    pass
