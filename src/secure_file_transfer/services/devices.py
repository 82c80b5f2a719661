"""Devices: what signs in by a client certificate. Enrolling, renewing, listing and revoking them.

A device makes its own key and never shows it. What identifies it is the SHA-256 of a certificate that was issued here
and is in the catalog; no name in a certificate counts for anything (attack 34).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from secure_file_transfer.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
)
from secure_file_transfer.model import Account, AccountId, Category, Device, DeviceId, Principal, Role, Session, TimeUs
from secure_file_transfer.paths import display
from secure_file_transfer.ports import Catalog, CatalogTx, Clock

from .accounts import SessionEnder, findable, for_oneself_or_all, may_sign_in, require_operator, signed_in
from .audit import SILENT, Audit
from .authority import CRL_LIFE, Issued, issue_client, make_crl
from .certificates import Pair
from .codes import code_hash, in_groups, new_signs, typed
from .guard import Guard

NAME_MAX = 64
DEVICES_MAX = 100
"""Of one account: more than anybody has, and a bound for a stolen session that enrols."""
CODES_MAX = 20
CERTIFICATES_MAX = 8
"""Good ones of one device at a time: one in use, and those of renewals whose answer never arrived."""
CODE_MINUTES = 30
CODE_MINUTES_MAX = 24 * 60
_MINUTE_US = 60 * 1_000_000
_CODE_GROUPS = 4
"""100 random bits: nobody guesses that within a day, at any rate."""
_CRL_SECONDS = CRL_LIFE.total_seconds() / 7


@dataclass(frozen=True, slots=True)
class EnrolmentCode:
    """A new code, and whose device it enrols. This is the only moment at which it is known."""

    code: str = field(repr=False)
    account: str
    expires_us: TimeUs


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A device, and the certificate that was just issued for it."""

    device: Device
    issued: Issued


class Devices:
    """Makes, lists and ends devices. `authority` gives what signs; `life_us` is how long a certificate lasts.

    `crl_url` is where the list of revoked certificates is served, once the server knows that; it goes into new ones.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        sessions: SessionEnder,
        authority: Callable[[], Pair],
        life_us: int,
        guard: Guard | None = None,
        audit: Audit = SILENT,
    ) -> None:
        self._audit = audit
        self._catalog = catalog
        self._clock = clock
        self._sessions = sessions
        self._authority = authority
        self._life_us = life_us
        self._guard = guard or Guard(clock)
        self._lock = Lock()
        self._crl: tuple[Sequence[tuple[int, TimeUs]], bytes, float] | None = None
        self.crl_url: str | None = None
        self.on_revoked: Callable[[], None] = lambda: None

    # --- enrolling ----------------------------------------------------------------------------------------------

    def new_code(self, who: Principal, account: str | None = None, minutes: int = CODE_MINUTES) -> EnrolmentCode:
        """A code that enrols one device, once; for oneself, or by an operator for anybody.

        Raises:
            SignInRequiredError
            NotFoundError: there is no such account, or it is not yours to do.
            ConflictError: too many codes wait to be used.
        """
        return self.code_for(self._whose(who, account).name, minutes)

    def code_for(self, account: str, minutes: int = CODE_MINUTES) -> EnrolmentCode:
        """The same by the operator on the spot.

        Raises:
            NotFoundError, ConflictError
        """
        if not 1 <= minutes <= CODE_MINUTES_MAX:
            raise InvalidRequestError(f"A code is good for 1 to {CODE_MINUTES_MAX} minutes")
        signs, now = new_signs(_CODE_GROUPS), self._clock.now_us()
        ends = TimeUs(now + minutes * _MINUTE_US)

        def work(tx: CatalogTx) -> EnrolmentCode:
            owner = _account(tx, account)
            if tx.devices.count_codes(owner.id, now) >= CODES_MAX:
                raise ConflictError(
                    f"{CODES_MAX} codes of this account wait to be used", hint="Use one, or wait until they expire."
                ).because("codes", most=CODES_MAX)
            tx.devices.add_code(owner.id, code_hash(signs), ends)
            return EnrolmentCode(in_groups(signs), owner.name, ends)

        made = self._catalog.write(work)
        text = f"A code that enrols a device of {display(made.account)} was made, good for {minutes} minutes"
        self._audit.record(Category.ADMINISTRATION, "device.code", text, target=made.account)
        return made

    def enrol(self, who: Principal, request: str, name: str, *, address: str) -> Enrolment:
        """A certificate for a new device of whoever is signed in. `request` is PKCS #10 in PEM form.

        Raises:
            SignInRequiredError, InvalidRequestError, ConflictError
        """
        return self._enrol(signed_in(who), request, name, address, lambda _: None)

    def enrol_by_code(self, code: str, request: str, name: str, *, address: str) -> Enrolment:
        """The same for the account that a code was made for. Only success uses the code up.

        Raises:
            NotFoundError: the code is wrong, used or too old, or its account is disabled: all look alike.
            TooManyRequestsError: too many wrong codes from that source, see `guard`.
            InvalidRequestError, ConflictError: the code is still good.
        """
        sha256 = code_hash(typed(code))

        def owner(tx: CatalogTx) -> Account | None:
            account_id = tx.devices.by_code(sha256, self._clock.now_us())
            return tx.accounts.get(account_id) if account_id is not None else None

        with self._guard.attempt(address):
            account = self._catalog.read(owner)
            if account is None or not may_sign_in(account, self._clock.now_us()):
                raise _bad_code()

        def take(tx: CatalogTx) -> None:
            # Asked again where it is decided: of two who race with one code, the second finds it gone.
            if tx.devices.take_code(sha256, self._clock.now_us()) != account.id:
                raise _bad_code()

        return self._enrol(account, request, name, address, take)

    def _enrol(
        self, account: Account, request: str, name: str, address: str, first: Callable[[CatalogTx], None]
    ) -> Enrolment:
        name = _checked_name(name)
        issued = self._issue(request, account)

        def work(tx: CatalogTx) -> Device:
            first(tx)
            now = self._clock.now_us()
            if sum(device.revoked_us is None for device in tx.devices.of(account.id)) >= DEVICES_MAX:
                raise ConflictError(
                    f"The account has {DEVICES_MAX} devices", hint="Revoke one that is not used: sft cert revoke."
                ).because("devices", most=DEVICES_MAX)
            device_id = tx.devices.create(account.id, name, address, now)
            tx.devices.add_certificate(device_id, issued.fingerprint, issued.serial, now, issued.expires_us)
            return _known(tx, device_id)

        device = self._catalog.write(work)
        text = f"The device {display(device.name)} of {display(account.name)} was enrolled"
        self._audit.record(Category.SECURITY, "device.enrolled", text, target=f"device #{device.id}")
        return Enrolment(device, issued)

    def renew(self, device: Device, request: str) -> Enrolment:
        """One more certificate for a device that has just shown one; the present one stays good until it ends.

        So an answer that is lost on the way costs nothing, and neither does another program on the device that
        still uses the present one.

        Raises:
            InvalidRequestError, ConflictError
        """
        account = self._catalog.read(lambda tx: tx.accounts.get(device.account_id))
        if account is None:
            raise _unknown()
        issued = self._issue(request, account)

        def work(tx: CatalogTx) -> Device:
            now = self._clock.now_us()
            if tx.devices.count_certificates(device.id, now) >= CERTIFICATES_MAX:
                raise ConflictError(
                    "This device has been renewed too often", hint="Use its newest certificate, or enrol it anew."
                )
            tx.devices.add_certificate(device.id, issued.fingerprint, issued.serial, now, issued.expires_us)
            return _known(tx, device.id)

        known = self._catalog.write(work)
        text = f"The certificate of the device {display(known.name)} of {display(account.name)} was renewed"
        self._audit.record(Category.SECURITY, "device.renewed", text, target=f"device #{known.id}")
        return Enrolment(known, issued)

    def _issue(self, request: str, account: Account) -> Issued:
        return issue_client(self._authority(), request, account.name, self._clock.now_us(), self._life_us, self.crl_url)

    # --- looking after them -------------------------------------------------------------------------------------

    def list(self, who: Principal, account: str | None = None, *, everybody: bool = False) -> Sequence[Device]:
        """One's own devices; for an operator also those of another account, or all.

        Raises:
            SignInRequiredError
            NotFoundError: there is no such account, or it is not yours to see.
            ForbiddenError: `everybody` is for operators.
        """
        if everybody:
            require_operator(who)
            return self.of(None)
        owner = self._whose(who, account).id
        return self._catalog.read(lambda tx: tx.devices.of(owner))

    def of(self, account: str | None) -> Sequence[Device]:
        """The devices of an account, or all, for the operator on the spot. Raises NotFoundError."""
        return self._catalog.read(lambda tx: tx.devices.of(None if account is None else _account(tx, account).id))

    def name_of(self, session: Session) -> str | None:
        """The name of the device that a session was begun with, if it was."""
        device_id = session.device_id
        if device_id is None:
            return None
        device = self._catalog.read(lambda tx: tx.devices.get(device_id))
        return device.name if device else None

    def revoke(self, who: Principal, device_id: DeviceId) -> Device:
        """End a device: its certificates, its sessions and their transfers (attack 33).

        Raises:
            SignInRequiredError
            NotFoundError: there is no such device, or it is not yours.
        """
        account, anybodys = for_oneself_or_all(who)
        return self._revoke(device_id, None if anybodys else account.id)

    def revoke_any(self, device_id: DeviceId) -> Device:
        """The same by the operator on the spot. Raises NotFoundError."""
        return self._revoke(device_id, None)

    def _revoke(self, device_id: DeviceId, owner: AccountId | None) -> Device:
        def work(tx: CatalogTx) -> Device:
            device = tx.devices.get(device_id)
            if device is None or owner not in {None, device.account_id}:
                raise _unknown()
            tx.devices.revoke(device_id, self._clock.now_us())
            return _known(tx, device_id)

        device = self._catalog.write(work)
        self._sessions.forget(device.account_id)
        self.on_revoked()
        text = f"The device {display(device.name)} was revoked, and its sessions ended"
        self._audit.record(Category.SECURITY, "device.revoked", text, target=f"device #{device.id}")
        return device

    def crl(self) -> bytes:
        """The list of revoked certificates, DER; made anew when it changes, and every day.

        Raises:
            ConfigurationError: the authority's key is not here.
        """
        now = self._clock.now_us()
        revoked = self._catalog.read(lambda tx: tx.devices.revoked(now))
        with self._lock:
            if self._crl is None or self._crl[0] != revoked or self._crl[2] <= self._clock.monotonic():
                made = make_crl(self._authority(), revoked, now)
                self._crl = revoked, made, self._clock.monotonic() + _CRL_SECONDS
            return self._crl[1]

    def now_us(self) -> TimeUs:
        """The time that decides what has expired."""
        return self._clock.now_us()

    def remove_expired(self) -> int:
        """Forget certificates and codes that have ended, now and then; returns how many."""
        now = self._clock.now_us()
        return self._catalog.write(lambda tx: tx.devices.delete_expired(now))

    def _whose(self, who: Principal, account: str | None) -> Account:
        me = signed_in(who)
        if account is None:
            return me
        found = self._catalog.read(lambda tx: _account(tx, account))
        if me.role is not Role.ADMIN and found.id != me.id:
            raise _no_account()
        return found


def _account(tx: CatalogTx, name: str) -> Account:
    normal = findable(name)
    account = tx.accounts.by_name(normal) if normal else None
    if account is None:
        raise _no_account()
    return account


def _known(tx: CatalogTx, device_id: DeviceId) -> Device:
    device = tx.devices.get(device_id)
    if device is None:
        raise _unknown()
    return device


def _checked_name(name: str) -> str:
    if not 1 <= len(name.strip()) <= NAME_MAX or not name.isprintable():
        raise InvalidRequestError(
            f"A device's name has 1 to {NAME_MAX} visible characters", hint="Such as: laptop."
        ).because("device_name", most=NAME_MAX)
    return name.strip()


def _unknown() -> NotFoundError:
    return NotFoundError("There is no such device", hint="List them: sft cert list.")


def _no_account() -> NotFoundError:
    return NotFoundError("There is no such account", hint="Check the name.")


def _bad_code() -> NotFoundError:
    return NotFoundError(
        "That enrolment code is not good, or not any more", hint="Ask for a new one: sft cert code NAME makes it."
    )
