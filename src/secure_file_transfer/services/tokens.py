"""API tokens: what programs sign in with, so that nobody puts a password into a script.

A token is a credential of its own beside sessions: it belongs to an account, lasts until its day or until it is
revoked, and lets its holder do less than the account, see `scopes`. It stays when the password changes, as everywhere
in the field: that would stop every script for a reason that has nothing to do with it. Whoever changes it because
somebody else knew it revokes the tokens as well, with `revoke_all`. To make one takes the password, so a session that
was stolen is not turned into something that outlasts it.
"""

import base64
import binascii
import hashlib
import re
import secrets
import zlib
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from secure_file_transfer.errors import (
    ConflictError,
    InvalidRequestError,
    NoSpaceError,
    NotFoundError,
    SignInRequiredError,
    StorageError,
)
from secure_file_transfer.model import API_TOKEN_PREFIX as PREFIX
from secure_file_transfer.model import Account, ApiToken, Category, Principal, Scope, Severity, TimeUs, TokenId
from secure_file_transfer.paths import RemotePath, display
from secure_file_transfer.ports import Catalog, CatalogTx, Clock

from .accounts import findable, for_oneself_or_all, may_sign_in, require_operator, signed_in
from .audit import SILENT, Audit
from .beliefs import Beliefs
from .sessions import Sessions

SECONDS_DEFAULT = 90 * 86_400
SECONDS_MIN = 60
SECONDS_MAX = 3650 * 86_400
TOKENS_MAX = 100
"""Of an account."""
NAME_MAX = 64

_SECRET_BYTES = 32
_SUM_BYTES = 4
# 36 bytes are 48 characters of base64url, all of them used to the last bit: there is one way to write a token.
_TOKEN = re.compile(PREFIX + r"[A-Za-z0-9_-]{48}", re.ASCII)
_TOUCH_US = 60 * 1_000_000
_KEPT_US = 30 * 86_400 * 1_000_000
"""How long an expired token stays listed, so that people see why a script fails."""
_LISTED_MAX = 1000
_ROOT = RemotePath()


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made. This is the only moment at which its text is known; it must not be logged."""

    text: str = field(repr=False)
    token: ApiToken


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new token shall be. It ends after so many seconds; with None it does not end by itself."""

    name: str
    scopes: Collection[Scope]
    path: RemotePath = _ROOT
    seconds: int | None = SECONDS_DEFAULT


def is_api_token(text: str) -> bool:
    """Whether it is meant to be one, rather than the token of a session."""
    return text.startswith(PREFIX)


class Tokens:
    """Makes, lists and revokes API tokens, and tells whose they are. One object serves all doors and threads."""

    def __init__(self, catalog: Catalog, clock: Clock, sessions: Sessions, audit: Audit = SILENT) -> None:
        self._audit = audit
        self._catalog = catalog
        self._clock = clock
        self._sessions = sessions
        self._beliefs: Beliefs[TokenId, Principal] = Beliefs(clock.monotonic)

    # --- making and ending ----------------------------------------------------------------------------------------

    def create(self, principal: Principal, password: str, wish: Wish, *, address: str) -> NewToken:
        """Make one for whoever is signed in and knows the password.

        Raises:
            SignInRequiredError, SignInFailedError, TooManyRequestsError: see `Sessions.confirm_password`.
            ForbiddenError: tokens make no tokens; and `admin` is for operators.
            InvalidRequestError: no scope, a name nobody could read, or a time out of bounds.
            ConflictError: the account has too many.
        """
        account = signed_in(principal)
        name = _checked(wish)
        if Scope.ADMIN in wish.scopes:
            require_operator(principal)
        self._sessions.confirm_password(principal, password, address)
        text = _new_text()
        now = self._clock.now_us()
        ends = None if wish.seconds is None else TimeUs(now + wish.seconds * 1_000_000)

        def work(tx: CatalogTx) -> ApiToken:
            if len(tx.tokens.of(account.id, TOKENS_MAX)) >= TOKENS_MAX:
                raise ConflictError(f"The account has {TOKENS_MAX} tokens", hint="Revoke one: sft token rm.").because(
                    "tokens", most=TOKENS_MAX
                )
            token_id = tx.tokens.create(account.id, _hash(text), name, wish.scopes, str(wish.path), now, ends)
            return _known(tx, token_id)[0]

        token = self._catalog.write(work)
        told = f"The token {display(token.name)} was made: {', '.join(sorted(token.scopes))}, for {display(token.path)}"
        self._audit.record(Category.SECURITY, "token.created", told, target=f"token #{token.id}", who=principal)
        return NewToken(text, token)

    def listed(self, principal: Principal, *, everybody: bool = False) -> Sequence[ApiToken]:
        """One's own tokens, or for an operator those of everybody, the oldest first; expired ones for a while too.

        Raises:
            SignInRequiredError
            ForbiddenError: only operators see everybody's; and tokens do not list each other.
        """
        whose = require_operator(principal) if everybody else signed_in(principal)
        return self._catalog.read(lambda tx: tx.tokens.of(None if everybody else whose.id, _LISTED_MAX))

    def revoke(self, principal: Principal, token_id: TokenId) -> None:
        """End a token: one's own, or for an operator anybody's. What it transfers stops within a second.

        Raises:
            NotFoundError: it is not there, or not one's own, which looks the same.
            SignInRequiredError, ForbiddenError
        """
        account, anybodys = for_oneself_or_all(principal)

        def work(tx: CatalogTx) -> None:
            found = tx.tokens.get(token_id)
            if found is None or not (anybodys or found[1].id == account.id):
                raise _unknown()
            tx.tokens.delete(token_id)

        self._catalog.write(work)
        self._beliefs.drop(token_id)
        told = f"The token #{token_id} was revoked"
        self._audit.record(Category.SECURITY, "token.revoked", told, target=f"token #{token_id}", who=principal)

    def revoke_all(self, principal: Principal, name: str | None = None) -> int:
        """End all tokens of oneself, or for an operator those of the account called `name`; returns how many.

        Raises:
            SignInRequiredError, ForbiddenError
            NotFoundError: an operator named an account that is not there.
        """
        if name is None:
            return self._revoke_of(signed_in(principal))
        require_operator(principal)
        return self.revoke_of(name)

    def of(self, name: str) -> Sequence[ApiToken]:
        """The tokens of an account that are good, for the operator on the spot. Raises NotFoundError."""
        account, now = self._named(name), self._clock.now_us()
        found = self._catalog.read(lambda tx: tx.tokens.of(account.id, TOKENS_MAX))
        return [each for each in found if not _ended(each, now)]

    def revoke_of(self, name: str) -> int:
        """End all tokens of an account, by the operator on the spot; returns how many. Raises NotFoundError."""
        return self._revoke_of(self._named(name))

    def _named(self, name: str) -> Account:
        normal = findable(name)
        found = self._catalog.read(lambda tx: tx.accounts.by_name(normal)) if normal else None
        if found is None:
            raise NotFoundError("There is no such account", hint="Check its name.")
        return found

    def _revoke_of(self, account: Account) -> int:
        ended = self._catalog.write(lambda tx: tx.tokens.delete_of(account.id))
        self._beliefs.forget(lambda who: who.account is not None and who.account.id == account.id)
        told = f"All {ended} tokens of {display(account.name)} were revoked"
        self._audit.record(Category.SECURITY, "token.revoked", told, target=account.name)
        return ended

    def remove_expired(self) -> int:
        """Forget those that ended long ago; returns how many."""
        before = TimeUs(self._clock.now_us() - _KEPT_US)
        return self._catalog.write(lambda tx: tx.tokens.delete_expired(before))

    def now_us(self) -> TimeUs:
        """The time that decides what has expired."""
        return self._clock.now_us()

    # --- being used -----------------------------------------------------------------------------------------------

    def resolve(self, text: str, address: str) -> Principal:
        """Whose token it is. Cheap: the catalog is asked at most every `BELIEVED_SECONDS` for each.

        Raises:
            SignInRequiredError: malformed or mistyped (those never reach the catalog), unknown, revoked, expired, or
                its account may not sign in.
        """
        if not _is_whole(text):
            raise _refused()
        token_hash = _hash(text)
        if self._good(believed := self._beliefs.by_secret(token_hash)):
            return believed
        asked = self._beliefs.ask()
        found = self._catalog.read(lambda tx: tx.tokens.by_hash(token_hash))
        principal, token = self._accepted(found)
        now = self._clock.now_us()
        if token.address != address:
            told = f"The token {display(token.name)} of {display(token.account)} is used from here"
            self._audit.repeated(
                Category.SIGN_IN,
                "token.used",
                told,
                key=f"{token.id} {address}",
                severity=Severity.INFO,
                target=f"token #{token.id}",
                who=principal,
            )
        if token.seen_us is None or now - token.seen_us >= _TOUCH_US:
            with suppress(NoSpaceError, StorageError):  # a full disk does not forbid downloads
                self._catalog.write(lambda tx: tx.tokens.touch(token.id, address, now))
            principal = replace(principal, token=replace(token, seen_us=now, address=address))
        self._beliefs.take(asked, token.id, principal, token_hash)
        return principal

    def check(self, principal: Principal) -> None:
        """Return while the principal's token is good; for running transfers, before each block.

        Raises:
            SignInRequiredError: it was revoked or has expired, or the account may not sign in any more.
        """
        token = principal.token
        if token is None:
            return
        if not self._good(self._beliefs.of(token.id)):
            asked = self._beliefs.ask()
            found, _ = self._accepted(self._catalog.read(lambda tx: tx.tokens.get(token.id)))
            self._beliefs.take(asked, token.id, found)

    def ended(self, token_ids: Sequence[TokenId]) -> Sequence[TokenId]:
        """Those of them that are good no more, asked in one go.

        Raises:
            StorageError: the catalog does not answer now.
        """
        found = self._catalog.read(lambda tx: [(each, tx.tokens.get(each)) for each in token_ids])
        return [each for each, known in found if not self._lasts(known)]

    def _lasts(self, found: tuple[ApiToken, Account] | None) -> bool:
        now = self._clock.now_us()
        return found is not None and may_sign_in(found[1], now) and not _ended(found[0], now)

    def _accepted(self, found: tuple[ApiToken, Account] | None) -> tuple[Principal, ApiToken]:
        if found is None or not may_sign_in(found[1], self._clock.now_us()):
            raise _refused()
        token, account = found
        if _ended(token, self._clock.now_us()):
            raise SignInRequiredError("The token has expired", hint="Make a new one: sft token create.")
        return Principal(account, None, token=token), token

    def _good(self, principal: Principal | None) -> TypeGuard[Principal]:
        """Whether the token of somebody who is known without asking has not expired meanwhile."""
        token = None if principal is None else principal.token
        return token is not None and not _ended(token, self._clock.now_us())


def _new_text() -> str:
    secret = secrets.token_bytes(_SECRET_BYTES)
    return PREFIX + base64.urlsafe_b64encode(secret + _sum(secret)).decode()


def _is_whole(text: str) -> bool:
    """Whether it has the form of a token and its checksum: one that was cut or mistyped is known without asking."""
    if not _TOKEN.fullmatch(text):
        return False
    try:
        value = base64.urlsafe_b64decode(text[len(PREFIX) :])
    except binascii.Error:
        return False
    return value[_SECRET_BYTES:] == _sum(value[:_SECRET_BYTES])


def _sum(secret: bytes) -> bytes:
    return zlib.crc32(secret).to_bytes(_SUM_BYTES, "big")


def _hash(text: str) -> bytes:
    # A plain hash will do: 256 random bits cannot be guessed, so there is nothing to slow down.
    return hashlib.sha256(text.encode()).digest()


def _ended(token: ApiToken, now: TimeUs) -> bool:
    return token.expires_us is not None and token.expires_us <= now


def _checked(wish: Wish) -> str:
    name = wish.name.strip()
    if not 1 <= len(name) <= NAME_MAX or not name.isprintable():
        raise InvalidRequestError(
            f"A token's name has 1 to {NAME_MAX} visible characters", hint="Such as: backup."
        ).because("token_name", most=NAME_MAX)
    if not wish.scopes:
        raise InvalidRequestError("A token needs a scope", hint=f"Choose from {', '.join(Scope)}.").because(
            "token_scope"
        )
    if wish.seconds is not None and not SECONDS_MIN <= wish.seconds <= SECONDS_MAX:
        raise InvalidRequestError("A token lasts from a minute to ten years", hint="Or never expires.").because(
            "token_time"
        )
    return name


def _known(tx: CatalogTx, token_id: TokenId) -> tuple[ApiToken, Account]:
    found = tx.tokens.get(token_id)
    if found is None:
        raise _unknown()
    return found


def _unknown() -> NotFoundError:
    return NotFoundError("There is no such token", hint="List them: sft token list.")


def _refused() -> SignInRequiredError:
    return SignInRequiredError("The token is not good, or not any more", hint="Make a new one: sft token create.")
