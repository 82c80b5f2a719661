"""The second factor: codes of six digits that change every thirty seconds (TOTP, RFC 6238), and recovery codes.

The catalog keeps a salt. The secret comes from it and from the key of the account's home, so whoever steals the
catalog without the master key makes no codes. A code is good for its own half minute and those beside it, and once:
one that was seen over a shoulder opens nothing (RFC 6238, 5.2; attack 31).
"""

import hashlib
import hmac
import re
import secrets
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from secure_file_transfer.errors import ConflictError, NotFoundError, SignInFailedError, TotpRequiredError
from secure_file_transfer.model import Account, Category, Principal
from secure_file_transfer.paths import display
from secure_file_transfer.ports import Catalog, CatalogTx, Clock

from .accounts import findable, signed_in
from .audit import SILENT, Audit
from .guard import Guard

DIGITS = 6
STEP_SECONDS = 30
"""Both as every authenticator app expects; so is SHA-1, whose weakness is collisions, which do not matter here."""
_BESIDE = 1
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
"""80 random bits: too many to guess, so a plain hash of them may be kept."""
_SALT_BYTES = 16
_ISSUER = "Secure File Transfer"
_DIGITS = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)
_TYPED_MAX = 64

SecretOf = Callable[[Account, bytes], bytes]
"""The secret of an account for a salt: 20 bytes."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs, as text to type and as an address for a QR code. Shown once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Status:
    """Whether an account needs codes, and how many recovery codes it has."""

    enabled: bool
    recovery_left: int


class SecondFactor:
    """Enrols, checks and removes second factors. Wrong codes are counted by the guard."""

    def __init__(
        self, catalog: Catalog, clock: Clock, guard: Guard, secret_of: SecretOf, audit: Audit = SILENT
    ) -> None:
        self._audit = audit
        self._catalog = catalog
        self._clock = clock
        self._guard = guard
        self._secret_of = secret_of

    # --- one's own ----------------------------------------------------------------------------------------------

    def status(self, principal: Principal) -> Status:
        """Raises SignInRequiredError for a guest."""
        account = signed_in(principal)

        def work(tx: CatalogTx) -> Status:
            factor = tx.factors.get(account.id)
            return Status(factor is not None and factor.confirmed, tx.factors.codes_left(account.id))

        return self._catalog.read(work)

    def begin(self, principal: Principal) -> Enrolment:
        """Make a secret for an app. It counts once `confirm` has seen a code of it. Check the password before.

        Raises:
            SignInRequiredError
            ConflictError: there is a second factor already.
        """
        account, salt = signed_in(principal), secrets.token_bytes(_SALT_BYTES)

        def work(tx: CatalogTx) -> None:
            factor = tx.factors.get(account.id)
            if factor is not None and factor.confirmed:
                raise ConflictError("There is a second factor already", hint="Disable it first.").because("factor")
            tx.factors.begin(account.id, salt)

        self._catalog.write(work)
        self._told("totp.begun", f"{display(account.name)} began to set up a second factor", account)
        secret = self._secret_of(account, salt)
        uri = _totp(secret).get_provisioning_uri(account.name, _ISSUER)
        return Enrolment(b32encode(secret).decode(), uri)

    def confirm(self, principal: Principal, code: str, address: str) -> list[str]:
        """The app shows the right code: from now on sign-ins need one. Returns the recovery codes, shown this once.

        Raises:
            SignInRequiredError, TooManyRequestsError
            SignInFailedError: the code is not right.
            ConflictError: nothing was begun, or it is confirmed already.
        """
        account = signed_in(principal)
        factor = self._catalog.read(lambda tx: tx.factors.get(account.id))
        if factor is None or factor.confirmed:
            raise ConflictError("There is no second factor to confirm", hint="Begin anew.").because("no_factor")
        codes = self._renewed(account, code, address)
        self._told("totp.enabled", f"{display(account.name)} has a second factor now", account)
        return codes

    def renew_recovery(self, principal: Principal, code: str, address: str) -> list[str]:
        """New recovery codes in place of all old ones.

        Raises:
            SignInRequiredError, TooManyRequestsError, SignInFailedError
            ConflictError: there is no second factor.
        """
        account = self._with_factor(principal)
        codes = self._renewed(account, code, address)
        self._told("totp.codes", f"{display(account.name)} made new recovery codes", account)
        return codes

    def _told(self, kind: str, text: str, account: Account) -> None:
        self._audit.record(Category.SECURITY, kind, text, target=account.name)

    def disable(self, principal: Principal, code: str, address: str) -> None:
        """Sign-ins need no code any more; `code` may be a recovery code.

        Raises:
            SignInRequiredError, TooManyRequestsError, SignInFailedError
            ConflictError: there is no second factor.
        """
        account = self._with_factor(principal)

        def work(tx: CatalogTx) -> None:
            use(tx)
            tx.factors.delete(account.id)

        with self._guard.attempt(address, account.name, known=True):
            use = self.proof(account, code)
            self._catalog.write(work)
        self._told("totp.disabled", f"{display(account.name)} has no second factor any more", account)

    # --- for others ---------------------------------------------------------------------------------------------

    def required(self, account: Account) -> bool:
        """Whether the account's sign-ins need a code."""
        factor = self._catalog.read(lambda tx: tx.factors.get(account.id))
        return factor is not None and factor.confirmed

    def demand(self, account: Account, code: str | None) -> Callable[[CatalogTx], None]:
        """What a sign-in has to do in its transaction: use the code up, where the account needs one.

        Raises:
            TotpRequiredError: by what is returned: a code is needed, and there is none.
            SignInFailedError: likewise, see `proof`.
        """
        use = None if code is None else self.proof(account, code)

        def work(tx: CatalogTx) -> None:
            factor = tx.factors.get(account.id)
            if factor is None or not factor.confirmed:
                return
            if use is None:
                raise TotpRequiredError(
                    "This account also needs a code", hint="Give the code of your app, or a recovery code."
                )
            use(tx)

        return work

    def proof(self, account: Account, code: str) -> Callable[[CatalogTx], None]:
        """What to do in the transaction that relies on the code: use it up. To be called inside of a guard's attempt.

        Raises:
            SignInFailedError: by what is returned: the code is wrong, old, or was used before.
        """
        typed = code[:_TYPED_MAX].replace(" ", "").replace("-", "")
        if not _DIGITS.fullmatch(typed):
            hashed = _hash(typed)

            def use_recovery(tx: CatalogTx) -> None:
                if not tx.factors.use_code(account.id, hashed):
                    raise _wrong()

            return use_recovery
        factor = self._catalog.read(lambda tx: tx.factors.get(account.id))
        step = None if factor is None else self._step_of(self._secret_of(account, factor.salt), typed)

        def use_step(tx: CatalogTx) -> None:
            if step is None or not tx.factors.use_step(account.id, step):
                raise _wrong()

        return use_step

    def reset(self, name: str) -> None:
        """Take an account's second factor away, for its owner who lost it; for the operator on the spot.

        Raises:
            NotFoundError: there is no such account, or it has none.
        """

        def work(tx: CatalogTx) -> Account:
            normal = findable(name)
            account = tx.accounts.by_name(normal) if normal else None
            if account is None or tx.factors.get(account.id) is None:
                raise NotFoundError(f"There is no second factor of an account {display(name)}", hint="Check the name.")
            tx.factors.delete(account.id)
            return account

        account = self._catalog.write(work)
        self._told("totp.reset", f"The second factor of {display(account.name)} was taken away", account)

    def _with_factor(self, principal: Principal) -> Account:
        account = signed_in(principal)
        if not self.required(account):
            raise ConflictError("There is no second factor", hint="Enable it first.").because("no_factor")
        return account

    def _renewed(self, account: Account, code: str, address: str) -> list[str]:
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        hashes = [_hash(each.replace("-", "")) for each in codes]

        def work(tx: CatalogTx) -> None:
            use(tx)
            tx.factors.set_codes(account.id, hashes)

        with self._guard.attempt(address, account.name, known=True):
            use = self.proof(account, code)
            self._catalog.write(work)
        return codes

    def _step_of(self, secret: bytes, code: str) -> int | None:
        """The step of time that the code belongs to, among those that are good now; the same work for any answer."""
        now, totp = self._clock.now_us() // 1_000_000 // STEP_SECONDS, _totp(secret)
        fitting = [
            step
            for step in range(now - _BESIDE, now + _BESIDE + 1)
            if hmac.compare_digest(totp.generate(max(0, step * STEP_SECONDS)), code.encode())
        ]
        return fitting[-1] if fitting else None


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - see DIGITS


def _recovery_code() -> str:
    signs = b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(signs[at : at + 4] for at in range(0, len(signs), 4))


def _hash(typed: str) -> bytes:
    return hashlib.sha256(typed.lower().encode("utf-8", "replace")).digest()


def _wrong() -> SignInFailedError:
    return SignInFailedError(
        "Wrong code", hint="Each code works once; check the clock of the device that makes them."
    ).because("code")
