"""Who a request comes from: by the token of a session, by an API token, by a device's certificate, or by two of them.

The one place that weighs them. Doors only hand over what they were shown.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from secure_file_transfer.config import ClientCertificates
from secure_file_transfer.errors import (
    ClientCertificateError,
    NoSpaceError,
    SecureFileTransferError,
    ServerFullError,
    SessionEndedError,
    SignInFailedError,
    SignInRequiredError,
    StorageError,
)
from secure_file_transfer.model import (
    Account,
    Category,
    Device,
    DeviceId,
    Principal,
    SessionId,
    Severity,
    TimeUs,
    TokenId,
)
from secure_file_transfer.paths import display
from secure_file_transfer.ports import Catalog, Clock

from .accounts import findable, may_sign_in
from .audit import SILENT, Audit
from .bars import Bars
from .beliefs import Beliefs
from .sessions import Sessions, SignedIn
from .tokens import Tokens, is_api_token

_OPEN_MAX = 10_000
_TOUCH_US = 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Shown:
    """What came with a request. `certificate` (DER) is one whose key the peer was proven to hold."""

    token: str | None
    certificate: bytes | None
    door: str
    address: str
    agent: str


class Credentials:
    """Looks up who it is. One object serves all doors and threads of a process.

    `demand` says whether certificates count, and whether one is needed; `alone` whether one signs in by itself,
    without a password.
    """

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        sessions: Sessions,
        demand: ClientCertificates,
        *,
        alone: bool,
        tokens: Tokens | None = None,
        bars: Bars | None = None,
        audit: Audit = SILENT,
    ) -> None:
        self._bars = bars
        self._audit = audit
        self._catalog = catalog
        self._clock = clock
        self._sessions = sessions
        self._demand = demand
        self._alone = alone
        self._api_tokens = tokens
        self._lock = Lock()
        self._opening = Lock()
        self._known: Beliefs[bytes, tuple[Device, Account]] = Beliefs(clock.monotonic)
        self._tokens: OrderedDict[tuple[DeviceId, str], str] = OrderedDict()
        self.admit: Callable[[Principal, str], None] = _anybody
        """Called with whoever it turns out to be, and the address; it raises when the server has no room for them."""
        self.on_sign_in: Callable[[str, str], None] | None = None
        """Called with the door of a sign-in and what came of it: `ok`, or the code of an error."""

    @property
    def demand(self) -> ClientCertificates:
        """Whether certificates of devices count, and whether one is needed."""
        return self._demand

    @property
    def alone(self) -> bool:
        """Whether a certificate signs in without a password."""
        return self._alone and self._demand is not ClientCertificates.OFF

    def principal(self, shown: Shown) -> Principal:
        """Who it is. A certificate that is shown must be good, even beside a good token.

        Raises:
            ClientCertificateError: one is needed, or the one shown is not good; or it is not the token's.
            SignInRequiredError: no token where one is needed, or one that is not good any more.
            ServerFullError: there is no room for another client.
        """
        who = self._who(shown)
        self.admit(who, shown.address)
        return who

    def _who(self, shown: Shown) -> Principal:
        found = self._found(shown)
        if shown.token is not None:
            who = self._by_token(shown.token, shown.address)
            self._check_pair(who, found[0] if found else None)
            return who
        if found is None:
            raise SignInRequiredError(hint="Sign in with: sft login, or send Authorization: Bearer <token>.")
        if not self.alone:
            raise SignInRequiredError(
                "This server wants a password besides the certificate", hint="Sign in with: sft login."
            )
        return self._by_certificate(*found, shown)

    def _by_token(self, token: str, address: str) -> Principal:
        if self._api_tokens is not None and is_api_token(token):
            who = self._api_tokens.resolve(token, address)
            self._require_unbarred(who)
            return who
        return self._sessions.resolve(token)

    def check(self, who: Principal) -> None:
        """Return while that which somebody came with is good; for running transfers, before each block.

        Raises:
            SignInRequiredError: the session has ended, or the token.
        """
        if who.token is not None and self._api_tokens is not None:
            self._api_tokens.check(who)
            self._require_unbarred(who)
        else:
            self._sessions.check(who)

    def _require_unbarred(self, who: Principal) -> None:
        if self._bars is not None and who.token is not None:
            self._bars.require_token(who.token.id)

    def ended(
        self, sessions: Collection[SessionId], tokens: Collection[TokenId]
    ) -> tuple[Collection[SessionId], Collection[TokenId]]:
        """Which of these are good no more, for what waits for thousands. It does not count as using them.

        Raises:
            StorageError: the catalog does not answer now.
        """
        now = self._clock.now_us()
        idle = TimeUs(now - self._sessions.idle_us)
        return (
            self._catalog.read(lambda tx: tx.sessions.ended(list(sessions), now, idle)) if sessions else (),
            self._api_tokens.ended(list(tokens)) if tokens and self._api_tokens is not None else (),
        )

    def sign_in(self, name: str, password: str, shown: Shown, code: str | None = None) -> SignedIn:
        """Begin a session by name and password; with a certificate it is good together with that only.

        Raises:
            ClientCertificateError: one is needed, or the one shown is not good.
            TotpRequiredError, SignInFailedError, TooManyRequestsError: see `Sessions.sign_in`.
            ServerFullError: there is no room for another client.
        """
        try:
            signed = self._sign_in(name, password, shown, code)
        except SecureFileTransferError as error:
            if self.on_sign_in is not None:
                self.on_sign_in(shown.door, error.code)
            raise
        if self.on_sign_in is not None:
            self.on_sign_in(shown.door, "ok")
        return signed

    def _sign_in(self, name: str, password: str, shown: Shown, code: str | None) -> SignedIn:
        found = self._found(shown)
        try:
            signed = self._sessions.sign_in(
                name,
                password,
                code,
                door=shown.door,
                address=shown.address,
                agent=shown.agent,
                device=found[0] if found else None,
            )
        except SignInFailedError as error:
            self._told_failure(name, error)
            raise
        try:
            self.admit(Principal(signed.account, signed.session), shown.address)
        except ServerFullError:
            self._sessions.end(signed.session.id)
            raise
        how = (" and a code" if code else "") + (f", from the device {display(found[0].name)}" if found else "")
        self._told(signed, f"{display(signed.account.name)} signed in with a password{how}")
        return signed

    def _told(self, signed: SignedIn, text: str) -> None:
        who = Principal(signed.account, signed.session)
        self._audit.record(Category.SIGN_IN, "sign-in.ok", text, target=signed.account.name, who=who)

    def _told_failure(self, name: str, error: SignInFailedError) -> None:
        """A name that nobody has is written down nowhere: it may be a password, typed into the wrong field."""
        normal = findable(name)
        account = self._catalog.read(lambda tx: tx.accounts.by_name(normal)) if normal else None
        whom = display(account.name) if account else "an account that is not there"
        self._audit.record(
            Category.SIGN_IN,
            "sign-in.failed",
            f"Somebody failed to sign in as {whom}: {error}",
            severity=Severity.WARNING,
            target=account.name if account else "",
        )

    def device(self, shown: Shown) -> Device:
        """The device itself, whatever else is shown; for its renewal.

        Raises:
            ClientCertificateError
        """
        found = self._found(shown)
        if found is None:
            raise _needed()
        return found[0]

    def forget(self) -> None:
        """A device was revoked: ask the catalog again about all of them."""
        self._known.forget(lambda _: True)

    # --- certificates -------------------------------------------------------------------------------------------

    def _found(self, shown: Shown) -> tuple[Device, Account] | None:
        """Whose certificate it is; None where there is none, or where they do not count."""
        if self._demand is ClientCertificates.OFF:
            return None
        if shown.certificate is None:
            if self._demand is ClientCertificates.REQUIRED:
                raise _needed()
            return None
        fingerprint = hashlib.sha256(shown.certificate).digest()
        device, account = self._remembered(fingerprint) or self._looked_up(fingerprint, shown.address)
        # Checked here and not at the TLS handshake alone: a resumed session or a proxy may have skipped that.
        if device.expires_us <= self._clock.now_us():
            raise ClientCertificateError(
                "The client certificate has expired", hint="Enrol this device again: sft cert enroll."
            )
        return device, account

    def _remembered(self, fingerprint: bytes) -> tuple[Device, Account] | None:
        known = self._known.of(fingerprint)
        return known if known is not None and may_sign_in(known[1], self._clock.now_us()) else None

    def _looked_up(self, fingerprint: bytes, address: str) -> tuple[Device, Account]:
        asked = self._known.ask()
        found = self._catalog.read(lambda tx: tx.devices.by_fingerprint(fingerprint))
        if found is None or found[0].revoked_us is not None or not may_sign_in(found[1], self._clock.now_us()):
            self._known.drop(fingerprint)
            raise ClientCertificateError(
                "The client certificate is not one of a device that may sign in here",
                hint="Perhaps it was revoked. Enrol this device again: sft cert enroll.",
            )
        self._known.take(asked, fingerprint, found)
        self._touch(found[0], address, self._clock.now_us())
        return found

    def _touch(self, device: Device, address: str, now: TimeUs) -> None:
        if device.seen_us is None or now - device.seen_us >= _TOUCH_US:
            with suppress(NoSpaceError, StorageError):  # a full disk does not forbid downloads
                self._catalog.write(lambda tx: tx.devices.touch(device.id, address, now))

    # --- both ---------------------------------------------------------------------------------------------------

    def _check_pair(self, who: Principal, device: Device | None) -> None:
        bound = who.session.device_id if who.session else None
        if bound is not None and (device is None or device.id != bound):
            raise ClientCertificateError(
                "This session was begun with the certificate of a device, and is good with that one only",
                hint="Use that device's certificate, or sign in again.",
            )
        if device is not None and who.account is not None and device.account_id != who.account.id:
            raise ClientCertificateError(
                "The client certificate belongs to another account than the session", hint="Use one of them."
            )

    def _by_certificate(self, device: Device, account: Account, shown: Shown) -> Principal:
        """The session of a device that shows its certificate and nothing else: one for each door, begun when needed.

        Its token never leaves this object; the session is there to be seen, and to be ended.
        """
        place = device.id, shown.door
        with self._lock:
            token = self._tokens.get(place)
        if token is not None:
            try:
                return self._sessions.resolve(token)
            except SessionEndedError:  # told once; the next request begins anew, if it may
                with self._lock:
                    self._tokens.pop(place, None)
                raise
            except SignInRequiredError:
                pass
        with self._opening:
            with self._lock:
                other = self._tokens.get(place)
            if other is None or other == token:
                other = self._opened(device, account, shown)
        return self._sessions.resolve(other)

    def _opened(self, device: Device, account: Account, shown: Shown) -> str:
        try:
            signed = self._sessions.open_for(
                account, door=shown.door, address=shown.address, agent=shown.agent, device_id=device.id
            )
        except SignInFailedError:
            raise SignInRequiredError("The account may not sign in") from None
        with self._lock:
            self._tokens[device.id, shown.door] = signed.token
            if len(self._tokens) > _OPEN_MAX:
                self._tokens.popitem(last=False)
        self._told(signed, f"{display(account.name)} signed in with the certificate of {display(device.name)}")
        return signed.token


def _anybody(_who: Principal, _address: str) -> None:
    """There is room for everybody."""


def _needed() -> ClientCertificateError:
    return ClientCertificateError(
        "This server lets in only devices that have a client certificate of it",
        hint="Enrol this device with a code of your operator: sft cert enroll URL --code.",
    )
